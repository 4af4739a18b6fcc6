// Simple statements, and the lists of statements around them.
#include "parser/parser_internal.h"

namespace typhon::parser {

using namespace ast;  // NOLINT: this file is about nothing else

namespace {

// The operator of an augmented assignment; false for other tokens.
bool augmented_operator(Tok kind, Operator& op) {
  switch (kind) {
    case Tok::kPlusEqual: op = Operator::kAdd; return true;
    case Tok::kMinEqual: op = Operator::kSub; return true;
    case Tok::kStarEqual: op = Operator::kMult; return true;
    case Tok::kSlashEqual: op = Operator::kDiv; return true;
    case Tok::kPercentEqual: op = Operator::kMod; return true;
    case Tok::kAmperEqual: op = Operator::kBitAnd; return true;
    case Tok::kVBarEqual: op = Operator::kBitOr; return true;
    case Tok::kCircumflexEqual: op = Operator::kBitXor; return true;
    case Tok::kLeftShiftEqual: op = Operator::kLShift; return true;
    case Tok::kRightShiftEqual: op = Operator::kRShift; return true;
    case Tok::kDoubleStarEqual: op = Operator::kPow; return true;
    case Tok::kDoubleSlashEqual: op = Operator::kFloorDiv; return true;
    case Tok::kAtEqual: op = Operator::kMatMult; return true;
    default: return false;
  }
}

}  // namespace

bool Parser::statements(List& out, Tok terminator) {
  while (!at(terminator)) {
    if (terminator == Tok::kEndMarker) {
      previous_statement_ = statement_;
      statement_ = t_;
      if (at(Tok::kError)) return false;
    }
    if (!statement(out)) return false;
  }
  return true;
}

bool Parser::statement(List& out) {
  Stmt* compound = nullptr;
  if (!compound_statement(compound)) return false;
  if (compound == nullptr) return simple_statements(out);
  out.push(compound);
  last_compound_ = compound;
  return true;
}

// One line: "a; b; c" and its NEWLINE.
bool Parser::simple_statements(List& out) {
  do {
    if (at(Tok::kNewline) && out.size() != 0 && t_[-1].kind == Tok::kSemi) break;
    Stmt* stmt = simple_statement();
    if (stmt == nullptr) return false;
    out.push(stmt);
  } while (accept(Tok::kSemi));
  return accept(Tok::kNewline);
}

Stmt* Parser::simple_statement() {
  const Token* start = t_;
  switch (t_->kind) {
    case Tok::kPass: t_++; return node<Pass>(start);
    case Tok::kBreak: t_++; return node<Break>(start);
    case Tok::kContinue: t_++; return node<Continue>(start);
    case Tok::kReturn: return return_statement();
    case Tok::kRaise: return raise_statement();
    case Tok::kAssert: return assert_statement();
    case Tok::kDel: return delete_statement();
    case Tok::kGlobal: return scope_statement<Global>();
    case Tok::kNonlocal: return scope_statement<Nonlocal>();
    case Tok::kImport: return import_statement();
    case Tok::kFrom: return import_from_statement();
    case Tok::kName:
      if (t_[1].kind == Tok::kName && at_name("type")) return type_alias();
      [[fallthrough]];
    default: return expression_statement();
  }
}

Expr* Parser::annotated_rhs() { return at(Tok::kYield) ? yield_expression() : star_expressions(); }

Stmt* Parser::expression_statement() {
  const Token* start = t_;
  Expr* first = annotated_rhs();
  if (first == nullptr) return nullptr;
  Operator op;
  if (at(Tok::kEqual)) return assignment(start, first);
  if (at(Tok::kColon)) return annotated_assignment(start, first);
  if (augmented_operator(t_->kind, op)) return augmented_assignment(start, first, op);
  ExprStmt* stmt = node<ExprStmt>(start);
  stmt->value = first;
  return stmt;
}

Stmt* Parser::assignment(const Token* start, Expr* first) {
  List targets(*this);
  Expr* value = first;
  while (at(Tok::kEqual)) {
    // A yield can only be the last value; in parentheses it fails here as it should.
    if (!make_target(value, ExprContext::kStore, true)) return nullptr;
    targets.push(value);
    t_++;
    value = annotated_rhs();
    if (value == nullptr) return nullptr;
  }
  std::string_view comment = type_comment();
  Assign* stmt = node<Assign>(start);
  stmt->type_comment = comment;
  stmt->targets = targets.take<Expr>();
  stmt->value = value;
  return stmt;
}

Stmt* Parser::annotated_assignment(const Token* start, Expr* target) {
  bool simple = start->kind == Tok::kName && t_ == start + 1;
  bool single = is<Name>(target) || is<Attribute>(target) || is<Subscript>(target);
  if (!single || !make_target(target, ExprContext::kStore, false)) return nullptr;
  t_++;
  Expr* annotation = expression();
  if (annotation == nullptr) return nullptr;
  Expr* value = nullptr;
  if (accept(Tok::kEqual) && (value = annotated_rhs()) == nullptr) return nullptr;
  if (!since(6, simple ? "Variable annotation syntax is" : "Variable annotations syntax is")) return nullptr;
  AnnAssign* stmt = node<AnnAssign>(start);
  stmt->target = target;
  stmt->annotation = annotation;
  stmt->value = value;
  stmt->simple = simple;
  return stmt;
}

Stmt* Parser::augmented_assignment(const Token* start, Expr* target, Operator op) {
  bool single = is<Name>(target) || is<Attribute>(target) || is<Subscript>(target);
  if (!single || !make_target(target, ExprContext::kStore, false)) return nullptr;
  t_++;
  Expr* value = annotated_rhs();
  if (value == nullptr) return nullptr;
  if (op == Operator::kMatMult && !since(5, "The '@' operator is")) return nullptr;
  AugAssign* stmt = node<AugAssign>(start);
  stmt->target = target;
  stmt->op = op;
  stmt->value = value;
  return stmt;
}

Stmt* Parser::return_statement() {
  const Token* start = t_++;
  Expr* value = nullptr;
  if (starts_expression() && (value = star_expressions()) == nullptr) return nullptr;
  Return* stmt = node<Return>(start);
  stmt->value = value;
  return stmt;
}

Stmt* Parser::raise_statement() {
  const Token* start = t_++;
  Expr* exception = nullptr;
  Expr* cause = nullptr;
  if (starts_expression()) {
    if ((exception = expression()) == nullptr) return nullptr;
    if (accept(Tok::kFrom) && (cause = expression()) == nullptr) return nullptr;
  }
  Raise* stmt = node<Raise>(start);
  stmt->exc = exception;
  stmt->cause = cause;
  return stmt;
}

Stmt* Parser::assert_statement() {
  const Token* start = t_++;
  Expr* test = expression();
  if (test == nullptr) return nullptr;
  Expr* message = nullptr;
  if (accept(Tok::kComma) && (message = expression()) == nullptr) return nullptr;
  Assert* stmt = node<Assert>(start);
  stmt->test = test;
  stmt->msg = message;
  return stmt;
}

Stmt* Parser::delete_statement() {
  const Token* start = t_++;
  List targets(*this);
  do {
    if (targets.size() != 0 && (at(Tok::kNewline) || at(Tok::kSemi))) break;
    Expr* target = primary();
    if (target == nullptr || !make_target(target, ExprContext::kDel, false)) return nullptr;
    targets.push(target);
  } while (accept(Tok::kComma));
  if (!at(Tok::kNewline) && !at(Tok::kSemi)) return nullptr;
  Delete* stmt = node<Delete>(start);
  stmt->targets = targets.take<Expr>();
  return stmt;
}

template <typename T>
Stmt* Parser::scope_statement() {
  const Token* start = t_++;
  std::vector<std::string_view> names;
  do {
    if (!at(Tok::kName)) return nullptr;
    names.push_back(name_of(*t_++));
  } while (accept(Tok::kComma));
  T* stmt = node<T>(start);
  stmt->names = {arena_.make_array<std::string_view>(names.size()), uint32_t(names.size())};
  for (size_t i = 0; i < names.size(); i++) stmt->names[i] = names[i];
  return stmt;
}

// ---- Imports ----

bool Parser::dotted_name(std::string_view& name) {
  if (!at(Tok::kName)) return false;
  const Token* first = t_++;
  while (at(Tok::kDot)) {
    if (t_[1].kind != Tok::kName) return false;
    t_ += 2;
  }
  const Token* last = t_ - 1;
  if (first == last) {
    name = name_of(*first);
    return true;
  }
  // Blanks may stand around the dots, and each part is normalised by itself.
  size_t capacity = last->end - first->start;
  for (const Token* p = first; p <= last; p += 2) capacity += name_of(*p).size();
  char* out = arena_.make_array<char>(capacity);
  size_t n = 0;
  for (const Token* p = first; p <= last; p += 2) {
    if (p != first) out[n++] = '.';
    std::string_view part = name_of(*p);
    memcpy(out + n, part.data(), part.size());
    n += part.size();
  }
  name = {out, n};
  return true;
}

Alias* Parser::import_name(bool dotted) {
  const Token* start = t_;
  std::string_view name;
  if (dotted) {
    if (!dotted_name(name)) return nullptr;
  } else {
    if (!at(Tok::kName)) return nullptr;
    name = name_of(*t_++);
  }
  std::string_view as_name;
  if (accept(Tok::kAs)) {
    if (!at(Tok::kName)) return nullptr;
    as_name = name_of(*t_++);
  }
  Alias* alias = node<Alias>(start);
  alias->name = name;
  alias->asname = as_name;
  return alias;
}

Stmt* Parser::import_statement() {
  const Token* start = t_++;
  List names(*this);
  do {
    Alias* alias = import_name(true);
    if (alias == nullptr) return nullptr;
    names.push(alias);
  } while (accept(Tok::kComma));
  Import* stmt = node<Import>(start);
  stmt->names = names.take<Alias>();
  return stmt;
}

Stmt* Parser::import_from_statement() {
  const Token* start = t_++;
  int level = 0;
  while (at(Tok::kDot) || at(Tok::kEllipsis)) {
    level += at(Tok::kDot) ? 1 : 3;
    t_++;
  }
  std::string_view module;
  if (!(level > 0 && at(Tok::kImport)) && !dotted_name(module)) return nullptr;
  if (!accept(Tok::kImport)) return nullptr;
  List names(*this);
  if (at(Tok::kStar)) {
    const Token* star = t_++;
    Alias* alias = node<Alias>(star);
    alias->name = "*";
    names.push(alias);
  } else {
    bool in_parens = accept(Tok::kLPar);
    do {
      if (in_parens && names.size() != 0 && at(Tok::kRPar)) break;
      Alias* alias = import_name(false);
      if (alias == nullptr) return nullptr;
      names.push(alias);
    } while (accept(Tok::kComma));
    if (in_parens && !accept(Tok::kRPar)) return nullptr;
  }
  ImportFrom* stmt = node<ImportFrom>(start);
  stmt->module = module;
  if (level == 0 && module == "__future__") {
    for (size_t i = 0; i < names.size(); i++) {
      if (static_cast<Alias*>(names[i])->name == "barry_as_FLUFL") context_.barry_as_flufl = true;
    }
  }
  stmt->names = names.take<Alias>();
  stmt->level = level;
  return stmt;
}

// ---- Type parameters and aliases ----

Stmt* Parser::type_alias() {
  const Token* start = t_++;
  const Token* name_token = t_++;
  Name* name = node<Name>(name_token);
  name->id = name_of(*name_token);
  name->ctx = ExprContext::kStore;
  Seq<TypeParam*> type_params;
  if (at(Tok::kLSqb) && !type_parameters(type_params)) return nullptr;
  if (!accept(Tok::kEqual)) return nullptr;
  Expr* value = expression();
  if (value == nullptr) return nullptr;
  if (!since(12, "Type statement is")) return nullptr;
  TypeAlias* stmt = node<TypeAlias>(start);
  stmt->name = name;
  stmt->type_params = type_params;
  stmt->value = value;
  return stmt;
}

bool Parser::type_parameters(Seq<TypeParam*>& out) {
  t_++;
  List params(*this);
  do {
    if (params.size() != 0 && at(Tok::kRSqb)) break;
    TypeParam* param = type_parameter();
    if (param == nullptr) return false;
    params.push(param);
  } while (accept(Tok::kComma));
  out = params.take<TypeParam>();
  return accept(Tok::kRSqb) && since(12, "Type parameter lists are");
}

TypeParam* Parser::type_parameter() {
  const Token* start = t_;
  Tok kind = t_->kind;
  if (kind == Tok::kStar || kind == Tok::kDoubleStar) t_++;
  if (!at(Tok::kName)) return nullptr;
  std::string_view name = name_of(*t_++);
  Expr* bound = nullptr;
  Expr* default_value = nullptr;
  if (kind == Tok::kName && accept(Tok::kColon) && (bound = expression()) == nullptr) return nullptr;
  if (accept(Tok::kEqual)) {
    default_value = kind == Tok::kStar ? star_expression() : expression();
    if (default_value == nullptr || !since(13, "Type parameter defaults are")) return nullptr;
  }
  if (kind == Tok::kStar) {
    TypeVarTuple* param = node<TypeVarTuple>(start);
    param->name = name;
    param->default_value = default_value;
    return param;
  }
  if (kind == Tok::kDoubleStar) {
    ParamSpec* param = node<ParamSpec>(start);
    param->name = name;
    param->default_value = default_value;
    return param;
  }
  TypeVar* param = node<TypeVar>(start);
  param->name = name;
  param->bound = bound;
  param->default_value = default_value;
  return param;
}

// "(int, *str, **Any) -> int": what ast.parse(mode="func_type") reads.
FunctionType* Parser::function_type() {
  if (!accept(Tok::kLPar)) return nullptr;
  List args(*this);
  // Plain types, then at most one "*", then at most one "**", which is the last.
  int last_kind = 0;
  while (!at(Tok::kRPar) || args.size() != 0) {
    int kind = accept(Tok::kStar) ? 1 : accept(Tok::kDoubleStar) ? 2 : 0;
    if (kind < last_kind || (kind != 0 && kind == last_kind)) return nullptr;
    last_kind = kind;
    Expr* arg = expression();
    if (arg == nullptr) return nullptr;
    args.push(arg);
    if (!accept(Tok::kComma)) break;
  }
  if (!accept(Tok::kRPar) || !accept(Tok::kRArrow)) return nullptr;
  Expr* returns = expression();
  if (returns == nullptr) return nullptr;
  FunctionType* result = arena_.make<FunctionType>();
  result->argtypes = args.take<Expr>();
  result->returns = returns;
  return result;
}

}  // namespace typhon::parser
