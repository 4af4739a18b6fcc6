// Expressions: one method per level of the grammar, operators by precedence climbing.
#include "parser/parser_internal.h"

namespace typhon::parser {

using namespace ast;  // NOLINT: this file is about nothing else

namespace {

struct BinaryRow {
  uint8_t precedence = 0;
  Operator op = Operator::kAdd;
};

struct BinaryTable {
  BinaryRow rows[256] = {};
  constexpr void set(Tok kind, uint8_t precedence, Operator op) { rows[int(kind)] = {precedence, op}; }
  constexpr BinaryTable() {
    set(Tok::kVBar, 1, Operator::kBitOr);
    set(Tok::kCircumflex, 2, Operator::kBitXor);
    set(Tok::kAmper, 3, Operator::kBitAnd);
    set(Tok::kLeftShift, 4, Operator::kLShift);
    set(Tok::kRightShift, 4, Operator::kRShift);
    set(Tok::kPlus, 5, Operator::kAdd);
    set(Tok::kMinus, 5, Operator::kSub);
    set(Tok::kStar, 6, Operator::kMult);
    set(Tok::kSlash, 6, Operator::kDiv);
    set(Tok::kDoubleSlash, 6, Operator::kFloorDiv);
    set(Tok::kPercent, 6, Operator::kMod);
    set(Tok::kAt, 6, Operator::kMatMult);
  }
};
constexpr BinaryTable kBinary;

}  // namespace

// Whether the current token can begin an expression (or a starred one): tells trailing commas from separators.
bool Parser::starts_expression() const {
  switch (t_->kind) {
    case Tok::kName:
    case Tok::kNumber:
    case Tok::kString:
    case Tok::kFStringStart:
    case Tok::kTStringStart:
    case Tok::kLPar:
    case Tok::kLSqb:
    case Tok::kLBrace:
    case Tok::kMinus:
    case Tok::kPlus:
    case Tok::kTilde:
    case Tok::kEllipsis:
    case Tok::kStar:
    case Tok::kNot:
    case Tok::kLambda:
    case Tok::kAwait:
    case Tok::kNone:
    case Tok::kTrue:
    case Tok::kFalse: return true;
    default: return false;
  }
}

// Behind the first item, with a comma next: reads the rest of a tuple without brackets.
Expr* Parser::tuple_rest(const Token* start, List& items, bool starred) {
  while (accept(Tok::kComma) && starts_expression()) {
    Expr* item = starred ? star_expression() : expression();
    if (item == nullptr) return nullptr;
    items.push(item);
  }
  Tuple* tuple = node<Tuple>(start);
  tuple->elts = items.take<Expr>();
  return tuple;
}

Expr* Parser::star_expressions() {
  const Token* start = t_;
  Expr* first = star_expression();
  if (first == nullptr || !at(Tok::kComma)) return first;
  List items(*this);
  items.push(first);
  return tuple_rest(start, items, true);
}

Expr* Parser::expressions() {
  const Token* start = t_;
  Expr* first = expression();
  if (first == nullptr || !at(Tok::kComma)) return first;
  List items(*this);
  items.push(first);
  return tuple_rest(start, items, false);
}

Expr* Parser::star_expression() {
  if (!at(Tok::kStar)) return expression();
  const Token* start = t_++;
  Expr* value = binary(1);
  if (value == nullptr) return nullptr;
  Starred* starred = node<Starred>(start);
  starred->value = value;
  return starred;
}

Expr* Parser::star_named_expression() { return at(Tok::kStar) ? star_expression() : named_expression(); }

Expr* Parser::named_expression() {
  if (!at(Tok::kName) || t_[1].kind != Tok::kColonEqual) return expression();
  const Token* start = t_;
  t_++;
  Name* name = node<Name>(start);
  name->id = name_of(*start);
  name->ctx = ExprContext::kStore;
  t_++;
  Expr* value = expression();
  if (value == nullptr || !since(8, "Assignment expressions are")) return nullptr;
  NamedExpr* named = node<NamedExpr>(start);
  named->target = name;
  named->value = value;
  return named;
}

Expr* Parser::yield_expression() {
  const Token* start = t_++;
  if (accept(Tok::kFrom)) {
    Expr* value = expression();
    if (value == nullptr) return nullptr;
    YieldFrom* yield = node<YieldFrom>(start);
    yield->value = value;
    return yield;
  }
  Expr* value = nullptr;
  if (starts_expression() && (value = star_expressions()) == nullptr) return nullptr;
  Yield* yield = node<Yield>(start);
  yield->value = value;
  return yield;
}

Expr* Parser::expression() {
  if (!stack_ok()) return nullptr;
  if (at(Tok::kLambda)) return lambda();
  const Token* start = t_;
  Expr* body = disjunction();
  if (body == nullptr || !at(Tok::kIf)) return body;
  t_++;
  Expr* test = disjunction();
  if (test == nullptr || !accept(Tok::kElse)) return nullptr;
  Expr* orelse = expression();
  if (orelse == nullptr) return nullptr;
  IfExp* conditional = node<IfExp>(start);
  conditional->test = test;
  conditional->body = body;
  conditional->orelse = orelse;
  return conditional;
}

Expr* Parser::disjunction() {
  const Token* start = t_;
  Expr* first = conjunction();
  if (first == nullptr || !at(Tok::kOr)) return first;
  List values(*this);
  values.push(first);
  while (accept(Tok::kOr)) {
    Expr* next = conjunction();
    if (next == nullptr) return nullptr;
    values.push(next);
  }
  BoolOp* result = node<BoolOp>(start);
  result->op = BoolOperator::kOr;
  result->values = values.take<Expr>();
  return result;
}

Expr* Parser::conjunction() {
  const Token* start = t_;
  Expr* first = inversion();
  if (first == nullptr || !at(Tok::kAnd)) return first;
  List values(*this);
  values.push(first);
  while (accept(Tok::kAnd)) {
    Expr* next = inversion();
    if (next == nullptr) return nullptr;
    values.push(next);
  }
  BoolOp* result = node<BoolOp>(start);
  result->op = BoolOperator::kAnd;
  result->values = values.take<Expr>();
  return result;
}

Expr* Parser::inversion() {
  if (!at(Tok::kNot)) return comparison();
  if (!stack_ok()) return nullptr;
  const Token* start = t_++;
  Expr* operand = inversion();
  if (operand == nullptr) return nullptr;
  UnaryOp* result = node<UnaryOp>(start);
  result->op = UnaryOperator::kNot;
  result->operand = operand;
  return result;
}

// "<>" is the same token as "!="; which of the two is an operator depends on PEP 401.
bool Parser::is_not_equal(const Token& token) {
  bool old_spelling = context_.text[token.start] == '<';
  if (!old_spelling && context_.barry_as_flufl) {
    fail_hard(SyntaxErrorInfo::Kind::kSyntax, token, token, "with Barry as BDFL, use '<>' instead of '!='");
  }
  return old_spelling == context_.barry_as_flufl;
}

Expr* Parser::comparison() {
  const Token* start = t_;
  Expr* left = binary(1);
  if (left == nullptr) return nullptr;
  List comparators(*this);
  std::vector<CompareOperator> ops;
  for (;;) {
    CompareOperator op;
    switch (t_->kind) {
      case Tok::kEqEqual: op = CompareOperator::kEq; break;
      case Tok::kNotEqual:
        if (!is_not_equal(*t_)) return nullptr;
        op = CompareOperator::kNotEq;
        break;
      case Tok::kLess: op = CompareOperator::kLt; break;
      case Tok::kLessEqual: op = CompareOperator::kLtE; break;
      case Tok::kGreater: op = CompareOperator::kGt; break;
      case Tok::kGreaterEqual: op = CompareOperator::kGtE; break;
      case Tok::kIn: op = CompareOperator::kIn; break;
      case Tok::kIs:
        op = CompareOperator::kIs;
        if (t_[1].kind == Tok::kNot) {
          op = CompareOperator::kIsNot;
          t_++;
        }
        break;
      case Tok::kNot:
        if (t_[1].kind != Tok::kIn) goto done;
        op = CompareOperator::kNotIn;
        t_++;
        break;
      default: goto done;
    }
    t_++;
    Expr* right = binary(1);
    if (right == nullptr) return nullptr;
    ops.push_back(op);
    comparators.push(right);
  }
done:
  if (ops.empty()) return left;
  Compare* compare = node<Compare>(start);
  compare->left = left;
  compare->ops.size = uint32_t(ops.size());
  compare->ops.data = arena_.make_array<CompareOperator>(ops.size());
  memcpy(compare->ops.data, ops.data(), ops.size() * sizeof(CompareOperator));
  compare->comparators = comparators.take<Expr>();
  return compare;
}

Expr* Parser::binary(int min_precedence) {
  const Token* start = t_;
  Expr* left = factor();
  if (left == nullptr) return nullptr;
  for (;;) {
    BinaryRow row = kBinary.rows[int(t_->kind)];
    if (row.precedence < min_precedence) return left;
    t_++;
    Expr* right = row.precedence == 6 ? factor() : binary(row.precedence + 1);
    if (right == nullptr) return nullptr;
    if (row.op == Operator::kMatMult && !since(5, "The '@' operator is")) return nullptr;
    BinOp* result = node<BinOp>(start);
    result->left = left;
    result->op = row.op;
    result->right = right;
    left = result;
  }
}

Expr* Parser::factor() {
  UnaryOperator op;
  switch (t_->kind) {
    case Tok::kMinus: op = UnaryOperator::kUSub; break;
    case Tok::kPlus: op = UnaryOperator::kUAdd; break;
    case Tok::kTilde: op = UnaryOperator::kInvert; break;
    default: return power();
  }
  if (!stack_ok()) return nullptr;
  const Token* start = t_++;
  Expr* operand = factor();
  if (operand == nullptr) return nullptr;
  UnaryOp* result = node<UnaryOp>(start);
  result->op = op;
  result->operand = operand;
  return result;
}

Expr* Parser::power() {
  const Token* start = t_;
  Expr* base;
  if (at(Tok::kAwait)) {
    t_++;
    Expr* value = primary();
    if (value == nullptr || !since(5, "Await expressions are")) return nullptr;
    Await* await = node<Await>(start);
    await->value = value;
    base = await;
  } else {
    base = primary();
  }
  if (base == nullptr || !at(Tok::kDoubleStar)) return base;
  if (!stack_ok()) return nullptr;
  t_++;
  Expr* exponent = factor();
  if (exponent == nullptr) return nullptr;
  BinOp* result = node<BinOp>(start);
  result->left = base;
  result->op = Operator::kPow;
  result->right = exponent;
  return result;
}

Expr* Parser::primary() {
  const Token* start = t_;
  Expr* value = atom();
  if (value == nullptr) return nullptr;
  return primary_of(value, start);
}

Expr* Parser::primary_of(Expr* value, const Token* start) {
  for (;;) {
    switch (t_->kind) {
      case Tok::kDot: {
        if (t_[1].kind != Tok::kName) return nullptr;
        const Token* name = t_ + 1;
        t_ += 2;
        Attribute* attribute = node<Attribute>(start);
        attribute->value = value;
        attribute->attr = name_of(*name);
        value = attribute;
        break;
      }
      case Tok::kLPar:
        value = call(value, start);
        if (value == nullptr) return nullptr;
        break;
      case Tok::kLSqb: {
        t_++;
        Expr* index = slices();
        if (index == nullptr || !accept(Tok::kRSqb)) return nullptr;
        Subscript* subscript = node<Subscript>(start);
        subscript->value = value;
        subscript->slice = index;
        value = subscript;
        break;
      }
      default: return value;
    }
  }
}

Expr* Parser::constant(const Token* start, ConstantValue::Type type) {
  t_++;
  Constant* result = node<Constant>(start);
  result->value.type = type;
  return result;
}

Expr* Parser::number() {
  const Token* start = t_++;
  bool underscores = text_of(*start).find('_') != std::string_view::npos;
  if (underscores && !since(6, "Underscores in numeric literals are")) return nullptr;
  Constant* result = node<Constant>(start);
  result->value = parse_number(arena_, text_of(*start));
  int64_t limit = context_.options.int_max_digits;
  const ConstantValue& value = result->value;
  if (limit > 0 && value.type == ConstantValue::Type::kBigInt && value.base == 10 && int64_t(value.text.size()) > limit) [[unlikely]] {
    Constant place = *result;
    place.col_offset = place.end_col_offset = -1;  // Python says the line alone
    fail_at(&place, format_text(arena_,
                                "Exceeds the limit (%lld digits) for integer string conversion: value has %zu digits; use "
                                "sys.set_int_max_str_digits() to increase the limit - Consider hexadecimal for huge integer literals to "
                                "avoid decimal conversion limits.",
                                static_cast<long long>(limit), value.text.size()));
    return nullptr;
  }
  return result;
}

Expr* Parser::atom() {
  const Token* start = t_;
  switch (t_->kind) {
    case Tok::kName: {
      t_++;
      Name* name = node<Name>(start);
      name->id = name_of(*start);
      return name;
    }
    case Tok::kNumber: return number();
    case Tok::kString:
    case Tok::kFStringStart:
    case Tok::kTStringStart: return strings();
    case Tok::kTrue: return constant(start, ConstantValue::Type::kTrue);
    case Tok::kFalse: return constant(start, ConstantValue::Type::kFalse);
    case Tok::kNone: return constant(start, ConstantValue::Type::kNone);
    case Tok::kEllipsis: return constant(start, ConstantValue::Type::kEllipsis);
    case Tok::kLPar: return parenthesized();
    case Tok::kLSqb: return list_display();
    case Tok::kLBrace: return brace_display();
    default: return nullptr;
  }
}

// A group, a tuple or a generator expression.
Expr* Parser::parenthesized() {
  const Token* start = t_++;
  List items(*this);
  if (at(Tok::kYield)) {
    Expr* yield = yield_expression();
    return yield != nullptr && accept(Tok::kRPar) ? yield : nullptr;
  }
  if (!at(Tok::kRPar)) {
    Expr* first = star_named_expression();
    if (first == nullptr) return nullptr;
    if (at(Tok::kRPar) && !is<Starred>(first)) {
      t_++;
      return first;
    }
    if (is_comprehension_start()) {
      Seq<Comprehension*> generators;
      if (is<Starred>(first) || !comprehensions(generators) || !accept(Tok::kRPar)) return nullptr;
      GeneratorExp* generator = node<GeneratorExp>(start);
      generator->elt = first;
      generator->generators = generators;
      return generator;
    }
    items.push(first);
    if (!at(Tok::kComma)) return nullptr;
    while (accept(Tok::kComma) && !at(Tok::kRPar)) {
      Expr* item = star_named_expression();
      if (item == nullptr) return nullptr;
      items.push(item);
    }
  }
  if (!accept(Tok::kRPar)) return nullptr;
  Tuple* tuple = node<Tuple>(start);
  tuple->elts = items.take<Expr>();
  return tuple;
}

Expr* Parser::list_display() {
  const Token* start = t_++;
  List items(*this);
  if (!at(Tok::kRSqb)) {
    Expr* first = star_named_expression();
    if (first == nullptr) return nullptr;
    if (is_comprehension_start()) {
      Seq<Comprehension*> generators;
      if (is<Starred>(first) || !comprehensions(generators) || !accept(Tok::kRSqb)) return nullptr;
      ListComp* comprehension = node<ListComp>(start);
      comprehension->elt = first;
      comprehension->generators = generators;
      return comprehension;
    }
    items.push(first);
    while (accept(Tok::kComma) && !at(Tok::kRSqb)) {
      Expr* item = star_named_expression();
      if (item == nullptr) return nullptr;
      items.push(item);
    }
  }
  if (!accept(Tok::kRSqb)) return nullptr;
  ast::List* list = node<ast::List>(start);
  list->elts = items.take<Expr>();
  return list;
}

Expr* Parser::brace_display() {
  const Token* start = t_++;
  if (accept(Tok::kRBrace)) return node<Dict>(start);
  if (at(Tok::kDoubleStar)) return dict_display(start);
  if (at(Tok::kStar) || (at(Tok::kName) && t_[1].kind == Tok::kColonEqual)) return set_display(start);
  // Whether this is a dictionary shows only behind the first expression, which is then read again: keep that cheap for
  // nested displays by carrying it over instead.
  Expr* first = expression();
  if (first == nullptr) return nullptr;
  List keys(*this);
  if (!at(Tok::kColon)) {
    if (is_comprehension_start()) {
      Seq<Comprehension*> generators;
      if (!comprehensions(generators) || !accept(Tok::kRBrace)) return nullptr;
      SetComp* comprehension = node<SetComp>(start);
      comprehension->elt = first;
      comprehension->generators = generators;
      return comprehension;
    }
    keys.push(first);
    while (accept(Tok::kComma) && !at(Tok::kRBrace)) {
      Expr* item = star_named_expression();
      if (item == nullptr) return nullptr;
      keys.push(item);
    }
    if (!accept(Tok::kRBrace)) return nullptr;
    Set* set = node<Set>(start);
    set->elts = keys.take<Expr>();
    return set;
  }
  t_++;
  Expr* value = expression();
  if (value == nullptr) return nullptr;
  if (is_comprehension_start()) {
    Seq<Comprehension*> generators;
    if (!comprehensions(generators) || !accept(Tok::kRBrace)) return nullptr;
    DictComp* comprehension = node<DictComp>(start);
    comprehension->key = first;
    comprehension->value = value;
    comprehension->generators = generators;
    return comprehension;
  }
  if (accept(Tok::kRBrace)) {
    keys.push(first);
    Dict* dict = node<Dict>(start);
    dict->keys = keys.take<Expr>();
    keys.push(value);
    dict->values = keys.take<Expr>();
    return dict;
  }
  if (!accept(Tok::kComma)) return nullptr;
  Dict* dict = as<Dict>(dict_display(start));
  if (dict == nullptr) return nullptr;
  // Put the first pair in front.
  auto prepend = [&](Seq<Expr*> rest, Expr* item) {
    keys.push(item);
    for (Expr* e : rest) keys.push(e);
    return keys.take<Expr>();
  };
  dict->keys = prepend(dict->keys, first);
  dict->values = prepend(dict->values, value);
  return dict;
}

// The remaining "key: value" and "**mapping" items up to the closing brace.
Expr* Parser::dict_display(const Token* start) {
  List items(*this);  // key, value, key, value...
  while (!at(Tok::kRBrace)) {
    if (accept(Tok::kDoubleStar)) {
      Expr* mapping = binary(1);
      if (mapping == nullptr) return nullptr;
      items.push(nullptr);
      items.push(mapping);
    } else {
      Expr* key = expression();
      if (key == nullptr || !accept(Tok::kColon)) return nullptr;
      Expr* value = expression();
      if (value == nullptr) return nullptr;
      items.push(key);
      items.push(value);
    }
    if (!accept(Tok::kComma)) break;
  }
  if (!accept(Tok::kRBrace)) return nullptr;
  Dict* dict = node<Dict>(start);
  uint32_t n = uint32_t(items.size() / 2);
  dict->keys = {arena_.make_array<Expr*>(n), n};
  dict->values = {arena_.make_array<Expr*>(n), n};
  for (uint32_t i = 0; i < n; i++) {
    dict->keys[i] = static_cast<Expr*>(items[2 * i]);
    dict->values[i] = static_cast<Expr*>(items[2 * i + 1]);
  }
  return dict;
}

// A set that begins with a starred or named expression.
Expr* Parser::set_display(const Token* start) {
  List items(*this);
  do {
    if (at(Tok::kRBrace)) break;
    Expr* item = star_named_expression();
    if (item == nullptr) return nullptr;
    items.push(item);
    if (items.size() == 1 && is_comprehension_start()) {
      Seq<Comprehension*> generators;
      if (is<Starred>(item) || !comprehensions(generators) || !accept(Tok::kRBrace)) return nullptr;
      SetComp* comprehension = node<SetComp>(start);
      comprehension->elt = item;
      comprehension->generators = generators;
      return comprehension;
    }
  } while (accept(Tok::kComma));
  if (!accept(Tok::kRBrace)) return nullptr;
  Set* set = node<Set>(start);
  set->elts = items.take<Expr>();
  return set;
}

bool Parser::comprehensions(Seq<Comprehension*>& generators) {
  List items(*this);
  while (is_comprehension_start()) {
    const Token* start = t_;
    bool is_async = accept(Tok::kAsync);
    t_++;
    Expr* target = star_targets();
    if (target == nullptr || !accept(Tok::kIn)) return false;
    Expr* iter = disjunction();
    if (iter == nullptr) return false;
    List ifs(*this);
    while (accept(Tok::kIf)) {
      Expr* condition = disjunction();
      if (condition == nullptr) return false;
      ifs.push(condition);
    }
    if (is_async && !since(6, "Async comprehensions are")) return false;
    Comprehension* comprehension = node<Comprehension>(start);
    comprehension->target = target;
    comprehension->iter = iter;
    comprehension->ifs = ifs.take<Expr>();
    comprehension->is_async = is_async;
    items.push(comprehension);
  }
  generators = items.take<Comprehension>();
  return true;
}

Expr* Parser::lambda() {
  const Token* start = t_++;
  Arguments* args = parameters(Tok::kColon, true);
  if (args == nullptr || !accept(Tok::kColon)) return nullptr;
  Expr* body = expression();
  if (body == nullptr) return nullptr;
  Lambda* result = node<Lambda>(start);
  result->args = args;
  result->body = body;
  return result;
}

Expr* Parser::slices() {
  const Token* start = t_;
  Expr* first = at(Tok::kStar) ? star_expression() : slice();
  if (first == nullptr) return nullptr;
  if (!at(Tok::kComma) && !is<Starred>(first)) return first;
  List items(*this);
  items.push(first);
  while (accept(Tok::kComma) && !at(Tok::kRSqb)) {
    Expr* item = at(Tok::kStar) ? star_expression() : slice();
    if (item == nullptr) return nullptr;
    items.push(item);
  }
  Tuple* tuple = node<Tuple>(start);
  tuple->elts = items.take<Expr>();
  return tuple;
}

Expr* Parser::slice() {
  const Token* start = t_;
  Expr* lower = nullptr;
  if (!at(Tok::kColon)) {
    bool named = at(Tok::kName) && t_[1].kind == Tok::kColonEqual;
    lower = named_expression();
    if (lower == nullptr || named || !at(Tok::kColon)) return lower;
  }
  t_++;
  auto at_end = [&] { return at(Tok::kColon) || at(Tok::kComma) || at(Tok::kRSqb); };
  Expr* upper = nullptr;
  Expr* step = nullptr;
  if (!at_end() && (upper = expression()) == nullptr) return nullptr;
  if (accept(Tok::kColon) && !at_end() && (step = expression()) == nullptr) return nullptr;
  Slice* result = node<Slice>(start);
  result->lower = lower;
  result->upper = upper;
  result->step = step;
  return result;
}

Expr* Parser::call(Expr* function, const Token* start) {
  Seq<Expr*> args;
  Seq<Keyword*> keywords;
  if (!arguments(args, keywords, true)) return nullptr;
  Call* result = node<Call>(start);
  result->func = function;
  result->args = args;
  result->keywords = keywords;
  return result;
}

Keyword* Parser::keyword_argument() {
  const Token* start = t_;
  std::string_view name;
  if (!accept(Tok::kDoubleStar)) {
    name = name_of(*t_);
    t_ += 2;
  }
  Expr* value = expression();
  if (value == nullptr) return nullptr;
  Keyword* keyword = node<Keyword>(start);
  keyword->arg = name;
  keyword->value = value;
  return keyword;
}

// From "(" to behind ")".
bool Parser::arguments(Seq<Expr*>& args, Seq<Keyword*>& keywords, bool allow_generator) {
  const Token* open = t_++;
  if (accept(Tok::kRPar)) return true;
  List items(*this);  // both kinds in order; told apart by their kind below
  size_t keyword_count = 0;
  bool seen_mapping = false;
  while (!at(Tok::kRPar)) {
    Node* item;
    if (at(Tok::kDoubleStar) || (at(Tok::kName) && t_[1].kind == Tok::kEqual)) {
      seen_mapping = seen_mapping || at(Tok::kDoubleStar);
      item = keyword_argument();
      keyword_count++;
    } else if (at(Tok::kStar)) {
      if (seen_mapping) return false;
      const Token* start = t_++;
      Expr* value = expression();
      if (value == nullptr) return false;
      Starred* starred = node<Starred>(start);
      starred->value = value;
      item = starred;
    } else {
      if (keyword_count != 0) return false;
      item = named_expression();
      if (item != nullptr && is_comprehension_start() && allow_generator && items.size() == 0) {
        GeneratorExp* generator = arena_.make<GeneratorExp>();
        generator->elt = static_cast<Expr*>(item);
        if (!comprehensions(generator->generators) || !accept(Tok::kRPar)) return false;
        GeneratorExp* placed = node<GeneratorExp>(open);
        placed->elt = generator->elt;
        placed->generators = generator->generators;
        args = {arena_.make_array<Expr*>(1), 1};
        args[0] = placed;
        return true;
      }
    }
    if (item == nullptr) return false;
    items.push(item);
    if (!accept(Tok::kComma)) break;
  }
  if (!accept(Tok::kRPar)) return false;
  uint32_t total = uint32_t(items.size());
  args = {arena_.make_array<Expr*>(total - keyword_count), 0};
  keywords = {arena_.make_array<Keyword*>(keyword_count), 0};
  for (uint32_t i = 0; i < total; i++) {
    Node* item = static_cast<Node*>(items[i]);
    if (is<Keyword>(item)) {
      keywords.data[keywords.size++] = as<Keyword>(item);
    } else {
      args.data[args.size++] = static_cast<Expr*>(item);
    }
  }
  return true;
}

// ---- Parameters ----

Arg* Parser::parameter(bool is_lambda, bool star_annotation) {
  if (!at(Tok::kName)) return nullptr;
  const Token* start = t_++;
  Expr* annotation = nullptr;
  if (!is_lambda && accept(Tok::kColon)) {
    annotation = star_annotation ? star_expression() : expression();
    if (annotation == nullptr) return nullptr;
  }
  Arg* arg = node<Arg>(start);
  arg->arg = name_of(*start);
  arg->annotation = annotation;
  return arg;
}

// Behind a parameter (and its default): a comma, or the end, and the type comment that follows either. `more`: another parameter
// may come.
bool Parser::parameter_end(Arg* arg, Tok closer, bool& more) {
  more = accept(Tok::kComma);
  if (at(Tok::kTypeComment) && closer == Tok::kRPar) {
    std::string_view comment = type_comment();
    if (arg == nullptr) {
      fail_hard(SyntaxErrorInfo::Kind::kSyntax, t_[-1], t_[-1], "bare * has associated type comment");
      return false;
    }
    arg->type_comment = comment;
    arg->end_lineno = t_[-1].end_line;
    arg->end_col_offset = t_[-1].end_col;
    if (!more) return at(closer);
  }
  return true;
}

// Up to, not including, `closer`.
Arguments* Parser::parameters(Tok closer, bool is_lambda) {
  Arguments* result = arena_.make<Arguments>();
  List positional(*this);
  bool in_keyword_only = false;
  bool needs_keyword_only = false;  // behind a bare "*"
  bool seen_slash = false;
  std::vector<Expr*> defaults;
  std::vector<Arg*> keyword_only;
  std::vector<Expr*> keyword_defaults;
  while (!at(closer)) {
    bool more = false;
    if (accept(Tok::kSlash)) {
      if (seen_slash || in_keyword_only || positional.size() == 0 || !since(8, "Positional-only parameters are")) return nullptr;
      seen_slash = true;
      result->posonlyargs = positional.take<Arg>();
      more = accept(Tok::kComma);
    } else if (accept(Tok::kStar)) {
      if (in_keyword_only) return nullptr;
      in_keyword_only = true;
      if (at(Tok::kComma)) {
        needs_keyword_only = true;
      } else if ((result->vararg = parameter(is_lambda, true)) == nullptr) {
        return nullptr;
      }
      if (!parameter_end(result->vararg, closer, more)) return nullptr;
    } else if (accept(Tok::kDoubleStar)) {
      if (needs_keyword_only) return nullptr;
      if ((result->kwarg = parameter(is_lambda, false)) == nullptr) return nullptr;
      if (!parameter_end(result->kwarg, closer, more) || !at(closer)) return nullptr;
      break;
    } else {
      Arg* arg = parameter(is_lambda, false);
      if (arg == nullptr) return nullptr;
      Expr* value = nullptr;
      if (accept(Tok::kEqual) && (value = expression()) == nullptr) return nullptr;
      if (in_keyword_only) {
        needs_keyword_only = false;
        keyword_only.push_back(arg);
        keyword_defaults.push_back(value);
      } else {
        if (value == nullptr && !defaults.empty()) return nullptr;
        if (value != nullptr) defaults.push_back(value);
        positional.push(arg);
      }
      if (!parameter_end(arg, closer, more)) return nullptr;
    }
    if (!more) break;
  }
  if (needs_keyword_only || !at(closer)) return nullptr;
  result->args = positional.take<Arg>();
  auto copy = [&]<typename T>(const std::vector<T*>& items) {
    Seq<T*> seq;
    seq.size = uint32_t(items.size());
    if (!items.empty()) {
      seq.data = arena_.make_array<T*>(items.size());
      memcpy(static_cast<void*>(seq.data), items.data(), items.size() * sizeof(T*));
    }
    return seq;
  };
  result->defaults = copy(defaults);
  result->kwonlyargs = copy(keyword_only);
  result->kw_defaults = copy(keyword_defaults);
  return result;
}

// ---- Targets ----

// Turns an expression that was read as a value into a target. Starred is allowed inside tuples and lists (and, with
// allow_star, at the top), never in deletions.
bool Parser::make_target(Expr* expr, ExprContext context, bool allow_star) {
  switch (expr->kind) {
    case Kind::kName: as<Name>(expr)->ctx = context; return true;
    case Kind::kAttribute: as<Attribute>(expr)->ctx = context; return true;
    case Kind::kSubscript: as<Subscript>(expr)->ctx = context; return true;
    case Kind::kStarred:
      if (!allow_star || context == ExprContext::kDel) return false;
      as<Starred>(expr)->ctx = context;
      return make_target(as<Starred>(expr)->value, context, false);
    case Kind::kTuple:
    case Kind::kList: {
      Seq<Expr*> elts = is<Tuple>(expr) ? as<Tuple>(expr)->elts : as<ast::List>(expr)->elts;
      for (Expr* e : elts) {
        if (!make_target(e, context, true)) return false;
      }
      (is<Tuple>(expr) ? as<Tuple>(expr)->ctx : as<ast::List>(expr)->ctx) = context;
      return true;
    }
    default: return false;
  }
}

Expr* Parser::star_target() {
  if (!at(Tok::kStar)) {
    Expr* target = primary();
    return target != nullptr && make_target(target, ExprContext::kStore, false) ? target : nullptr;
  }
  const Token* start = t_++;
  Expr* value = primary();
  if (value == nullptr) return nullptr;
  Starred* starred = node<Starred>(start);
  starred->value = value;
  return make_target(starred, ExprContext::kStore, true) ? starred : nullptr;
}

Expr* Parser::star_targets() {
  const Token* start = t_;
  Expr* first = star_target();
  if (first == nullptr || !at(Tok::kComma)) return first;
  List items(*this);
  items.push(first);
  while (accept(Tok::kComma) && starts_expression()) {
    Expr* item = star_target();
    if (item == nullptr) return nullptr;
    items.push(item);
  }
  Tuple* tuple = node<Tuple>(start);
  tuple->elts = items.take<Expr>();
  tuple->ctx = ExprContext::kStore;
  return tuple;
}

}  // namespace typhon::parser
