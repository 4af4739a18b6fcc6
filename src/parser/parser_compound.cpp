// Compound statements other than match (which is in parser_pattern.cpp).
#include "parser/parser_internal.h"

namespace typhon::parser {

using namespace ast;  // NOLINT: this file is about nothing else

// Sets `out` when the current token begins a compound statement; leaves it null for simple ones. False on failure.
bool Parser::compound_statement(Stmt*& out) {
  const Token* start = t_;
  switch (t_->kind) {
    case Tok::kIf: out = if_statement(); break;
    case Tok::kWhile: out = while_statement(); break;
    case Tok::kFor: out = for_statement(start, false); break;
    case Tok::kWith: out = with_statement(start, false); break;
    case Tok::kTry: out = try_statement(); break;
    case Tok::kDef: out = function_definition(start, false, {}); break;
    case Tok::kClass: out = class_definition({}); break;
    case Tok::kAt: out = decorated(); break;
    case Tok::kAsync:
      t_++;
      if (at(Tok::kDef)) {
        out = function_definition(start, true, {});
      } else if (at(Tok::kFor)) {
        out = for_statement(start, true);
      } else if (at(Tok::kWith)) {
        out = with_statement(start, true);
      }
      break;
    case Tok::kName:
      if (at_name("match")) {
        out = try_match_statement();
        return out != nullptr || !failed_hard_;
      }
      return true;
    default: return true;
  }
  return out != nullptr;
}

// Behind the colon: a block, or statements on the same line.
bool Parser::block(Seq<Stmt*>& out) {
  if (!stack_ok()) return false;
  List body(*this);
  if (accept(Tok::kNewline)) {
    if (!accept(Tok::kIndent) || !statements(body, Tok::kDedent)) return false;
    t_++;
  } else if (!simple_statements(body)) {
    return false;
  }
  out = body.take<Stmt>();
  return true;
}

bool Parser::else_block(Seq<Stmt*>& out) {
  if (!accept(Tok::kElse)) return true;
  return accept(Tok::kColon) && block(out);
}

// An elif chain is a list here and becomes nested If nodes from its end, so that its length costs no stack.
Stmt* Parser::if_statement() {
  List clauses(*this);
  Seq<Stmt*> orelse;
  do {
    const Token* start = t_++;
    Expr* test = named_expression();
    if (test == nullptr || !accept(Tok::kColon)) return nullptr;
    If* clause = node<If>(start);
    clause->test = test;
    if (!block(clause->body)) return nullptr;
    clauses.push(clause);
  } while (at(Tok::kElif));
  if (!else_block(orelse)) return nullptr;
  If* end = block_node<If>(t_ - 1);
  for (size_t i = clauses.size(); i-- > 0;) {
    If* clause = static_cast<If*>(clauses[i]);
    clause->orelse = orelse;
    clause->end_lineno = end->end_lineno;
    clause->end_col_offset = end->end_col_offset;
    orelse = {arena_.make_array<Stmt*>(1), 1};
    orelse[0] = clause;
  }
  return orelse[0];
}

Stmt* Parser::while_statement() {
  const Token* start = t_++;
  Expr* test = named_expression();
  if (test == nullptr || !accept(Tok::kColon)) return nullptr;
  Seq<Stmt*> body, orelse;
  if (!block(body) || !else_block(orelse)) return nullptr;
  While* stmt = block_node<While>(start);
  stmt->test = test;
  stmt->body = body;
  stmt->orelse = orelse;
  return stmt;
}

Stmt* Parser::for_statement(const Token* start, bool is_async) {
  t_++;
  Expr* target = star_targets();
  if (target == nullptr || !accept(Tok::kIn)) return nullptr;
  Expr* iter = star_expressions();
  if (iter == nullptr || !accept(Tok::kColon)) return nullptr;
  std::string_view comment = type_comment();
  Seq<Stmt*> body, orelse;
  if (!block(body) || !else_block(orelse)) return nullptr;
  auto fill = [&](auto* stmt) -> Stmt* {
    stmt->target = target;
    stmt->iter = iter;
    stmt->type_comment = comment;
    stmt->body = body;
    stmt->orelse = orelse;
    return stmt;
  };
  if (is_async && !since(5, "Async for loops are")) return nullptr;
  return is_async ? fill(block_node<AsyncFor>(start)) : fill(block_node<For>(start));
}

// ---- with ----

WithItem* Parser::with_item(bool in_parens) {
  const Token* start = t_;
  Expr* value = expression();
  if (value == nullptr) return nullptr;
  Expr* target = nullptr;
  if (accept(Tok::kAs)) {
    target = star_target();
    if (target == nullptr) return nullptr;
    bool ends = at(Tok::kComma) || at(Tok::kColon) || (in_parens && at(Tok::kRPar));
    if (!ends) return nullptr;
  }
  WithItem* item = node<WithItem>(start);
  item->context_expr = value;
  item->optional_vars = target;
  return item;
}

// Tries "( item, item ):" and leaves the position alone when the brackets turn out to belong to an expression. Only
// brackets directly followed by a colon qualify, which one scan over the tokens tells, so nothing is parsed twice in
// vain except values that only an expression can hold.
bool Parser::with_items_in_parens(Seq<WithItem*>& items) {
  const Token* open = t_;
  const Token* close = open;
  uint16_t outside = uint16_t(open->level - 1);
  while (close->level > outside && close->kind != Tok::kError && close->kind != Tok::kEndMarker) close++;
  if (close->kind != Tok::kRPar || close[1].kind != Tok::kColon) return false;
  t_++;
  List list(*this);
  do {
    if (list.size() != 0 && at(Tok::kRPar)) break;
    WithItem* item = with_item(true);
    if (item == nullptr) {
      t_ = open;
      return false;
    }
    list.push(item);
  } while (accept(Tok::kComma));
  if (t_ != close) {
    t_ = open;
    return false;
  }
  t_++;
  items = list.take<WithItem>();
  return true;
}

Stmt* Parser::with_statement(const Token* start, bool is_async) {
  t_++;
  Seq<WithItem*> items;
  if (!at(Tok::kLPar) || !with_items_in_parens(items)) {
    if (failed_hard_) return nullptr;
    List list(*this);
    do {
      WithItem* item = with_item(false);
      if (item == nullptr) return nullptr;
      list.push(item);
    } while (accept(Tok::kComma));
    items = list.take<WithItem>();
  }
  if (!accept(Tok::kColon)) return nullptr;
  std::string_view comment = type_comment();
  Seq<Stmt*> body;
  if (!block(body)) return nullptr;
  if (is_async && !since(5, "Async with statements are")) return nullptr;
  auto fill = [&](auto* stmt) -> Stmt* {
    stmt->items = items;
    stmt->type_comment = comment;
    stmt->body = body;
    return stmt;
  };
  return is_async ? fill(block_node<AsyncWith>(start)) : fill(block_node<With>(start));
}

// ---- try ----

ExceptHandler* Parser::except_handler(bool& is_star) {
  const Token* start = t_++;
  is_star = accept(Tok::kStar);
  Expr* type = nullptr;
  std::string_view name;
  if (!at(Tok::kColon)) {
    const Token* type_start = t_;
    type = expression();
    if (type == nullptr) return nullptr;
    bool bare_tuple = at(Tok::kComma);
    if (bare_tuple) {
      List items(*this);
      items.push(type);
      type = tuple_rest(type_start, items, false);
      if (type == nullptr || !since(14, is_star ? "except* expressions without parentheses are" : "except expressions without parentheses are")) return nullptr;
    }
    if (at(Tok::kAs)) {
      if (bare_tuple) return nullptr;  // several types need parentheses when the exception gets a name
      t_++;
      if (!at(Tok::kName)) return nullptr;
      name = name_of(*t_++);
    }
  } else if (is_star) {
    return nullptr;
  }
  if (!accept(Tok::kColon)) return nullptr;
  Seq<Stmt*> body;
  if (!block(body)) return nullptr;
  ExceptHandler* handler = block_node<ExceptHandler>(start);
  handler->type = type;
  handler->name = name;
  handler->body = body;
  return handler;
}

Stmt* Parser::try_statement() {
  const Token* start = t_++;
  Seq<Stmt*> body, orelse, finalbody;
  if (!accept(Tok::kColon) || !block(body)) return nullptr;
  List handlers(*this);
  bool star = false;
  while (at(Tok::kExcept)) {
    bool this_star = false;
    ExceptHandler* handler = except_handler(this_star);
    if (handler == nullptr || (handlers.size() != 0 && this_star != star)) return nullptr;
    star = this_star;
    handlers.push(handler);
  }
  if (handlers.size() != 0 && !else_block(orelse)) return nullptr;
  if (at(Tok::kFinally)) {
    t_++;
    if (!accept(Tok::kColon) || !block(finalbody)) return nullptr;
  } else if (handlers.size() == 0) {
    return nullptr;
  }
  auto fill = [&](auto* stmt) -> Stmt* {
    stmt->body = body;
    stmt->handlers = handlers.take<ExceptHandler>();
    stmt->orelse = orelse;
    stmt->finalbody = finalbody;
    return stmt;
  };
  if (star && !since(11, "Exception groups are")) return nullptr;
  return star ? fill(block_node<TryStar>(start)) : fill(block_node<Try>(start));
}

// ---- Definitions ----

Stmt* Parser::decorated() {
  List decorators(*this);
  while (accept(Tok::kAt)) {
    Expr* decorator = named_expression();
    if (decorator == nullptr || !accept(Tok::kNewline)) return nullptr;
    decorators.push(decorator);
  }
  const Token* start = t_;
  Seq<Expr*> list = decorators.take<Expr>();
  if (at(Tok::kClass)) return class_definition(list);
  bool is_async = accept(Tok::kAsync);
  return at(Tok::kDef) ? function_definition(start, is_async, list) : nullptr;
}

// A function's comment stands behind its colon, or alone on the line between that and the body.
bool Parser::function_type_comment(std::string_view& out) {
  auto ends_header = [](const Token* p) { return p[0].kind == Tok::kNewline && p[1].kind == Tok::kIndent; };
  bool on_own_line = at(Tok::kNewline) && t_[1].kind == Tok::kTypeComment;
  const Token* second = on_own_line ? nullptr : t_ + 2;
  if (second != nullptr && at(Tok::kTypeComment) && second[-1].kind == Tok::kNewline && second->kind == Tok::kTypeComment &&
      ends_header(second + 1)) {
    t_ = second + 2;
    fail_hard(SyntaxErrorInfo::Kind::kSyntax, *t_, *t_, "Cannot have two type comments on def");
    return false;
  }
  if (on_own_line && ends_header(t_ + 2)) t_++;
  out = type_comment();
  return true;
}

Stmt* Parser::function_definition(const Token* start, bool is_async, Seq<Expr*> decorators) {
  t_++;
  if (!at(Tok::kName)) return nullptr;
  std::string_view name = name_of(*t_++);
  Seq<TypeParam*> type_params;
  if (at(Tok::kLSqb) && !type_parameters(type_params)) return nullptr;
  if (!accept(Tok::kLPar)) return nullptr;
  Arguments* args = parameters(Tok::kRPar, false);
  if (args == nullptr || !accept(Tok::kRPar)) return nullptr;
  Expr* returns = nullptr;
  if (accept(Tok::kRArrow) && (returns = expression()) == nullptr) return nullptr;
  if (!accept(Tok::kColon)) return nullptr;
  std::string_view comment;
  if (!function_type_comment(comment)) return nullptr;
  Seq<Stmt*> body;
  if (!block(body)) return nullptr;
  auto fill = [&](auto* stmt) -> Stmt* {
    stmt->name = name;
    stmt->args = args;
    stmt->body = body;
    stmt->type_comment = comment;
    stmt->decorator_list = decorators;
    stmt->returns = returns;
    stmt->type_params = type_params;
    return stmt;
  };
  if (is_async && !since(5, "Async functions are")) return nullptr;
  return is_async ? fill(block_node<AsyncFunctionDef>(start)) : fill(block_node<FunctionDef>(start));
}

Stmt* Parser::class_definition(Seq<Expr*> decorators) {
  const Token* start = t_++;
  if (!at(Tok::kName)) return nullptr;
  std::string_view name = name_of(*t_++);
  Seq<TypeParam*> type_params;
  if (at(Tok::kLSqb) && !type_parameters(type_params)) return nullptr;
  Seq<Expr*> bases;
  Seq<Keyword*> keywords;
  if (at(Tok::kLPar) && !arguments(bases, keywords, false)) return nullptr;
  if (!accept(Tok::kColon)) return nullptr;
  Seq<Stmt*> body;
  if (!block(body)) return nullptr;
  ClassDef* stmt = block_node<ClassDef>(start);
  stmt->name = name;
  stmt->bases = bases;
  stmt->keywords = keywords;
  stmt->body = body;
  stmt->decorator_list = decorators;
  stmt->type_params = type_params;
  return stmt;
}

}  // namespace typhon::parser
