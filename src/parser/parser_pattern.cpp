// The match statement and its patterns.
#include "parser/parser_internal.h"

namespace typhon::parser {

using namespace ast;  // NOLINT: this file is about nothing else

// "match" is an ordinary name too. Returns null with the position unchanged when this is no match statement; whether
// it is one shows at "subject : NEWLINE INDENT case".
Stmt* Parser::try_match_statement() {
  const Token* start = t_;
  switch (t_[1].kind) {
    case Tok::kEqual:
    case Tok::kDot:
    case Tok::kNewline:
    case Tok::kComma:
    case Tok::kColon:
    case Tok::kSemi:
    case Tok::kRPar:
    case Tok::kError:
    case Tok::kEndMarker: return nullptr;
    default: break;
  }
  t_++;
  const Token* subject_start = t_;
  Expr* subject = starts_expression() ? star_named_expression() : nullptr;
  if (subject != nullptr && at(Tok::kComma)) {
    List items(*this);
    items.push(subject);
    while (subject != nullptr && accept(Tok::kComma) && starts_expression()) {
      subject = star_named_expression();
      items.push(subject);
    }
    if (subject != nullptr) {
      Tuple* tuple = node<Tuple>(subject_start);
      tuple->elts = items.take<Expr>();
      subject = tuple;
    }
  } else if (is<Starred>(subject)) {
    subject = nullptr;
  }
  if (failed_hard_) return nullptr;
  if (subject == nullptr || !at(Tok::kColon) || t_[1].kind != Tok::kNewline || t_[2].kind != Tok::kIndent ||
      t_[3].kind != Tok::kName || text_of(t_[3]) != "case") {
    t_ = start;
    return nullptr;
  }
  t_ += 3;
  List cases(*this);
  while (!at(Tok::kDedent)) {
    MatchCase* one = match_case();
    if (one == nullptr) {
      // From here on it can be nothing but a broken match statement.
      t_ = start;
      return nullptr;
    }
    cases.push(one);
  }
  t_++;
  if (!since(10, "Pattern matching is")) return nullptr;
  Match* stmt = block_node<Match>(start);
  stmt->subject = subject;
  stmt->cases = cases.take<MatchCase>();
  return stmt;
}

MatchCase* Parser::match_case() {
  if (!at_name("case")) return nullptr;
  const Token* start = t_++;
  Pattern* pattern = patterns();
  if (pattern == nullptr) return nullptr;
  Expr* guard = nullptr;
  if (accept(Tok::kIf) && (guard = named_expression()) == nullptr) return nullptr;
  if (!accept(Tok::kColon)) return nullptr;
  Seq<Stmt*> body;
  if (!block(body)) return nullptr;
  MatchCase* result = node<MatchCase>(start);
  result->pattern = pattern;
  result->guard = guard;
  result->body = body;
  return result;
}

// At the top of a case, a sequence needs no brackets.
Pattern* Parser::patterns() {
  const Token* start = t_;
  Pattern* first = maybe_star_pattern();
  if (first == nullptr) return nullptr;
  if (!at(Tok::kComma)) return is<MatchStar>(first) ? nullptr : first;
  List items(*this);
  items.push(first);
  while (accept(Tok::kComma) && !at(Tok::kColon) && !at(Tok::kIf)) {
    Pattern* next = maybe_star_pattern();
    if (next == nullptr) return nullptr;
    items.push(next);
  }
  MatchSequence* sequence = node<MatchSequence>(start);
  sequence->patterns = items.take<Pattern>();
  return sequence;
}

Pattern* Parser::maybe_star_pattern() {
  if (!at(Tok::kStar)) return pattern();
  const Token* start = t_++;
  if (!at(Tok::kName)) return nullptr;
  const Token* name = t_++;
  MatchStar* star = node<MatchStar>(start);
  if (text_of(*name) != "_") star->name = name_of(*name);
  return star;
}

Pattern* Parser::pattern() {
  if (!stack_ok()) return nullptr;
  const Token* start = t_;
  Pattern* inner = or_pattern();
  if (inner == nullptr || !accept(Tok::kAs)) return inner;
  if (!at(Tok::kName) || at_name("_")) return nullptr;
  const Token* name = t_++;
  if (at(Tok::kDot) || at(Tok::kLPar) || at(Tok::kEqual)) return nullptr;
  MatchAs* result = node<MatchAs>(start);
  result->pattern = inner;
  result->name = name_of(*name);
  return result;
}

Pattern* Parser::or_pattern() {
  const Token* start = t_;
  Pattern* first = closed_pattern();
  if (first == nullptr || !at(Tok::kVBar)) return first;
  List items(*this);
  items.push(first);
  while (accept(Tok::kVBar)) {
    Pattern* next = closed_pattern();
    if (next == nullptr) return nullptr;
    items.push(next);
  }
  MatchOr* result = node<MatchOr>(start);
  result->patterns = items.take<Pattern>();
  return result;
}

Pattern* Parser::closed_pattern() {
  const Token* start = t_;
  switch (t_->kind) {
    case Tok::kNone:
    case Tok::kTrue:
    case Tok::kFalse: {
      t_++;
      MatchSingleton* singleton = node<MatchSingleton>(start);
      singleton->value.type = start->kind == Tok::kNone   ? ConstantValue::Type::kNone
                              : start->kind == Tok::kTrue ? ConstantValue::Type::kTrue
                                                          : ConstantValue::Type::kFalse;
      return singleton;
    }
    case Tok::kNumber:
    case Tok::kMinus:
    case Tok::kString:
    case Tok::kFStringStart:
    case Tok::kTStringStart: {
      Expr* value = literal_expression();
      if (value == nullptr) return nullptr;
      MatchValue* result = node<MatchValue>(start);
      result->value = value;
      return result;
    }
    case Tok::kLPar:
    case Tok::kLSqb: return bracketed_pattern();
    case Tok::kLBrace: return mapping_pattern();
    case Tok::kName: break;
    default: return nullptr;
  }
  Tok next = t_[1].kind;
  if (next != Tok::kDot && next != Tok::kLPar && next != Tok::kEqual) {
    t_++;
    MatchAs* capture = node<MatchAs>(start);
    if (text_of(*start) != "_") capture->name = name_of(*start);
    return capture;
  }
  Expr* value = name_or_attribute();
  if (value == nullptr) return nullptr;
  if (at(Tok::kLPar)) return class_pattern(start, value);
  if (is<Name>(value) || at(Tok::kEqual)) return nullptr;
  MatchValue* result = node<MatchValue>(start);
  result->value = value;
  return result;
}

// "(p)" is p; "(p,)", "()", and everything in "[]" are sequences.
Pattern* Parser::bracketed_pattern() {
  const Token* start = t_;
  bool square = at(Tok::kLSqb);
  Tok closer = square ? Tok::kRSqb : Tok::kRPar;
  t_++;
  List items(*this);
  while (!at(closer)) {
    Pattern* item = maybe_star_pattern();
    if (item == nullptr) return nullptr;
    items.push(item);
    if (accept(Tok::kComma)) continue;
    if (!accept(closer)) return nullptr;
    if (!square && items.size() == 1) return is<MatchStar>(item) ? nullptr : item;
    t_--;
  }
  t_++;
  MatchSequence* sequence = node<MatchSequence>(start);
  sequence->patterns = items.take<Pattern>();
  return sequence;
}

Pattern* Parser::mapping_pattern() {
  const Token* start = t_++;
  List keys(*this);
  std::vector<Pattern*> values;
  std::string_view rest;
  while (!at(Tok::kRBrace)) {
    if (accept(Tok::kDoubleStar)) {
      if (!at(Tok::kName) || at_name("_")) return nullptr;
      rest = name_of(*t_++);
      if (at(Tok::kDot) || at(Tok::kLPar) || at(Tok::kEqual)) return nullptr;
      accept(Tok::kComma);
      if (!at(Tok::kRBrace)) return nullptr;
      break;
    }
    Expr* key = at(Tok::kName) ? name_or_attribute() : literal_expression();
    if (key == nullptr || is<Name>(key) || !accept(Tok::kColon)) return nullptr;
    Pattern* value = pattern();
    if (value == nullptr) return nullptr;
    keys.push(key);
    values.push_back(value);
    if (!accept(Tok::kComma)) break;
  }
  if (!accept(Tok::kRBrace)) return nullptr;
  MatchMapping* mapping = node<MatchMapping>(start);
  mapping->keys = keys.take<Expr>();
  for (Pattern* value : values) keys.push(value);
  mapping->patterns = keys.take<Pattern>();
  mapping->rest = rest;
  return mapping;
}

Pattern* Parser::class_pattern(const Token* start, Expr* cls) {
  t_++;
  List positional(*this);
  std::vector<Pattern*> keyword_patterns;
  std::vector<std::string_view> names;
  while (!at(Tok::kRPar)) {
    if (at(Tok::kName) && t_[1].kind == Tok::kEqual) {
      names.push_back(name_of(*t_));
      t_ += 2;
    } else if (!names.empty()) {
      return nullptr;
    }
    Pattern* item = pattern();
    if (item == nullptr) return nullptr;
    if (names.empty()) {
      positional.push(item);
    } else {
      keyword_patterns.push_back(item);
    }
    if (!accept(Tok::kComma)) break;
  }
  if (!accept(Tok::kRPar)) return nullptr;
  MatchClass* result = node<MatchClass>(start);
  result->cls = cls;
  result->patterns = positional.take<Pattern>();
  for (Pattern* p : keyword_patterns) positional.push(p);
  result->kwd_patterns = positional.take<Pattern>();
  result->kwd_attrs = {arena_.make_array<std::string_view>(names.size()), uint32_t(names.size())};
  for (size_t i = 0; i < names.size(); i++) result->kwd_attrs[i] = names[i];
  return result;
}

Expr* Parser::name_or_attribute() {
  const Token* start = t_++;
  Name* name = node<Name>(start);
  name->id = name_of(*start);
  Expr* value = name;
  while (at(Tok::kDot)) {
    if (t_[1].kind != Tok::kName) return nullptr;
    t_ += 2;
    Attribute* attribute = node<Attribute>(start);
    attribute->value = value;
    attribute->attr = name_of(t_[-1]);
    value = attribute;
  }
  return value;
}

Expr* Parser::signed_number() {
  const Token* start = t_;
  bool negative = accept(Tok::kMinus);
  if (!at(Tok::kNumber)) return nullptr;
  Expr* value = number();
  if (!negative) return value;
  UnaryOp* result = node<UnaryOp>(start);
  result->op = UnaryOperator::kUSub;
  result->operand = value;
  return result;
}

// A literal as a pattern or mapping key: also "-1" and "1 + 2j".
Expr* Parser::literal_expression() {
  const Token* start = t_;
  switch (t_->kind) {
    case Tok::kString:
    case Tok::kFStringStart:
    case Tok::kTStringStart: return strings();
    case Tok::kNone: return constant(start, ConstantValue::Type::kNone);
    case Tok::kTrue: return constant(start, ConstantValue::Type::kTrue);
    case Tok::kFalse: return constant(start, ConstantValue::Type::kFalse);
    default: break;
  }
  Expr* real = signed_number();
  if (real == nullptr || !(at(Tok::kPlus) || at(Tok::kMinus))) return real;
  bool is_plus = at(Tok::kPlus);
  if (t_[1].kind != Tok::kNumber) return nullptr;
  const Node* real_literal = is<UnaryOp>(real) ? as<UnaryOp>(real)->operand : real;
  if (as<Constant>(real_literal)->value.type == ConstantValue::Type::kComplex) {
    return fail_at(real_literal, "real number required in complex literal");
  }
  t_++;
  Expr* imaginary = number();
  if (as<Constant>(imaginary)->value.type != ConstantValue::Type::kComplex) {
    return fail_at(imaginary, "imaginary number required in complex literal");
  }
  BinOp* result = node<BinOp>(start);
  result->left = real;
  result->op = is_plus ? Operator::kAdd : Operator::kSub;
  result->right = imaginary;
  return result;
}

}  // namespace typhon::parser
