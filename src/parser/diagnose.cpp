// Says what is wrong with a program, in Python's words and at Python's place.
//
// The messages of Python's parser follow from the order in which it tries its rules: after a failed first pass it
// parses again with extra rules that match typical mistakes, and the first of those to match wins; when none does, the
// error is at the last token the first pass looked at. To agree with that in all cases, this file interprets the same
// kind of grammar (diagnose_grammar.cpp) over the tokens, twice, from the top-level statement that failed.
//
// Notation: rule: alternative | alternative ;   with items
//   'x' an operator or keyword   "x" a soft keyword   NAME a token kind   rule   (group)   [optional]
//   x*   x+   s.x+ (x separated by s)   &x !x (lookahead)   &&'x' (must be there, or it is an error)   ~ (no more
//   alternatives)   a=x (captured for the action)   {action a b `message`}
// Rules named invalid_* take part in the second pass only. An action either reports an error, which ends everything,
// or makes its whole rule fail.
#include <algorithm>
#include <cstdio>
#include <cstring>

#include "parser/diagnose_grammar.h"
#include "parser/parser_internal.h"

namespace typhon::parser {

namespace {

enum class Op : uint8_t {
  kToken,        // tok
  kSoftKeyword,  // text
  kAnySoftKeyword,
  kNotEqual,
  kStringsCheck,  // the literals since the start of the alternative are sound
  kConversionCheck,
  kRule,          // first: index of the rule
  kAlternatives,  // children
  kSequence,      // children, action
  kOptional,
  kStar,
  kPlus,
  kGather,
  kAnd,
  kNot,     // first: operand (kGather: second is the separator)
  kForced,  // tok
  kCut,
};

enum class Act : uint8_t {
  kNone,
  kRange,
  kAt,
  kAtParam,
  kSpan,
  kFrom,
  kAfter,
  kLast,
  kLastIndent,
  kNext,
  kIndent,
  kName,
  kTargetStar,
  kTargetDel,
  kTargetFor,
  kComma,
  kLegacy,
  kAssignConstant,
  kConstraint,
  kUngroupedGenerator,
  kPositionalAfter,
};

struct ActionName {
  const char* name;
  Act act;
};

constexpr ActionName kActions[] = {
    {"range", Act::kRange},
    {"at", Act::kAt},
    {"at_param", Act::kAtParam},
    {"span", Act::kSpan},
    {"from", Act::kFrom},
    {"after", Act::kAfter},
    {"last", Act::kLast},
    {"last_indent", Act::kLastIndent},
    {"next", Act::kNext},
    {"next_open", Act::kNext},
    {"indent", Act::kIndent},
    {"name", Act::kName},
    {"target_star", Act::kTargetStar},
    {"target_del", Act::kTargetDel},
    {"target_for", Act::kTargetFor},
    {"comma", Act::kComma},
    {"legacy", Act::kLegacy},
    {"assign_constant", Act::kAssignConstant},
    {"constraint", Act::kConstraint},
    {"ungrouped_generator", Act::kUngroupedGenerator},
    {"positional_after", Act::kPositionalAfter},
};

struct Item {
  Op op;
  Tok tok = Tok::kEndMarker;
  char label = 0;
  Act act = Act::kNone;
  uint16_t first = 0;
  uint16_t second = 0;
  std::string_view text{};  // of a soft keyword, or an action's message
};

struct Rule {
  std::string_view name;
  uint16_t body = 0;
  bool is_invalid_only = false;
  bool suspends_invalid = false;  // inside, the invalid_* rules do not take part
  bool shares_memo = false;       // results count whether or not they do
};

// These Python remembers per position alone, so that a result found without the extra rules hides theirs.
constexpr std::string_view kSharedMemo[] = {
    "block",
    "star_expression",
    "expression",
    "disjunction",
    "conjunction",
    "inversion",
    "bitwise_or",
    "bitwise_xor",
    "bitwise_and",
    "shift_expr",
    "sum",
    "term",
    "factor",
    "await_primary",
    "primary",
    "strings",
    "arguments",
    "star_target",
    "target_with_star_atom",
    "t_primary",
    "del_target",
    "simple_stmt",
    "dotted_name",
};

// The compiled notation. Children of alternatives and sequences are ranges of `children`.
struct Grammar {
  std::vector<Item> items;
  std::vector<uint16_t> children;
  std::vector<Rule> rules;

  uint16_t rule(std::string_view name) {
    for (size_t i = 0; i < rules.size(); i++) {
      if (rules[i].name == name) return uint16_t(i);
    }
    Rule rule{name, 0, name.starts_with("invalid_"), name == "expression_without_invalid"};
    for (std::string_view shared : kSharedMemo) rule.shares_memo = rule.shares_memo || name == shared;
    rules.push_back(rule);
    return uint16_t(rules.size() - 1);
  }
};

class GrammarReader {
 public:
  GrammarReader(const char* text, Grammar& grammar) : p_(text), g_(grammar) {}

  void read() {
    skip();
    while (*p_ != '\0') {
      uint16_t index = g_.rule(word());
      expect(':');
      uint16_t body = alternatives();
      g_.rules[index].body = body;
      expect(';');
    }
  }

 private:
  void skip() {
    while (*p_ == ' ' || *p_ == '\n') p_++;
  }
  void expect(char c) {
    skip();
    if (*p_ != c) __builtin_trap();  // the grammar above is wrong
    p_++;
    skip();
  }
  static bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
  std::string_view word() {
    const char* start = p_;
    while (is_word(*p_)) p_++;
    std::string_view result{start, size_t(p_ - start)};
    skip();
    return result;
  }
  std::string_view quoted() {
    char quote = *p_++;
    const char* start = p_;
    while (*p_ != quote) p_++;
    std::string_view result{start, size_t(p_ - start)};
    p_++;
    skip();
    return result;
  }
  uint16_t add(Item item) {
    g_.items.push_back(item);
    return uint16_t(g_.items.size() - 1);
  }
  uint16_t add_list(Op op, const std::vector<uint16_t>& list) {
    Item item{op};
    item.first = uint16_t(g_.children.size());
    item.second = uint16_t(list.size());
    g_.children.insert(g_.children.end(), list.begin(), list.end());
    return add(item);
  }

  uint16_t alternatives() {
    std::vector<uint16_t> list{sequence()};
    while (*p_ == '|') {
      p_++;
      skip();
      list.push_back(sequence());
    }
    return add_list(Op::kAlternatives, list);
  }

  uint16_t sequence() {
    std::vector<uint16_t> list;
    while (*p_ != '|' && *p_ != ';' && *p_ != ')' && *p_ != ']' && *p_ != '{') list.push_back(element());
    uint16_t index = add_list(Op::kSequence, list);
    if (*p_ == '{') read_action(g_.items[index]);
    return index;
  }

  void read_action(Item& item) {
    p_++;
    std::string_view name = word();
    for (const ActionName& action : kActions) {
      if (name == action.name) item.act = action.act;
    }
    if (item.act == Act::kNone) __builtin_trap();
    while (is_word(*p_)) word();  // the labels are fixed by the action
    if (*p_ == '`') item.text = quoted();
    expect('}');
  }

  uint16_t element() {
    char label = 0;
    if (is_word(p_[0]) && p_[1] == '=') {
      label = p_[0];
      p_ += 2;
    }
    uint16_t index = prefixed();
    if (label != 0) g_.items[index].label = label;
    return index;
  }

  uint16_t prefixed() {
    if (*p_ == '~') {
      p_++;
      skip();
      return add({Op::kCut});
    }
    if (*p_ == '&' && p_[1] == '&') {
      p_ += 2;
      Item item{Op::kForced};
      item.text = quoted();
      item.tok = spelled(item.text);
      return add(item);
    }
    if (*p_ == '&' || *p_ == '!') {
      Op op = *p_ == '&' ? Op::kAnd : Op::kNot;
      p_++;
      Item item{op};
      item.first = atom();
      return add(item);
    }
    uint16_t operand = atom();
    if (*p_ == '*' || *p_ == '+') {
      Item item{*p_ == '*' ? Op::kStar : Op::kPlus};
      item.first = operand;
      p_++;
      skip();
      return add(item);
    }
    if (*p_ == '.') {
      p_++;
      Item item{Op::kGather};
      item.second = operand;
      item.first = atom();
      expect('+');
      return add(item);
    }
    return operand;
  }

  static Tok spelled(std::string_view text) {
    Tok keyword = keyword_kind(text);
    if (keyword != Tok::kName) return keyword;
    for (int kind = int(Tok::kLPar); kind <= int(Tok::kExclamation); kind++) {
      const char* spelling = token_spelling(Tok(kind));
      if (spelling != nullptr && text == spelling) return Tok(kind);
    }
    __builtin_trap();
  }

  uint16_t atom() {
    if (*p_ == '(' || *p_ == '[') {
      bool optional = *p_++ == '[';
      skip();
      uint16_t inner = alternatives();
      expect(optional ? ']' : ')');
      if (!optional) return inner;
      Item item{Op::kOptional};
      item.first = inner;
      return add(item);
    }
    if (*p_ == '\'') {
      Item item{Op::kToken};
      item.tok = spelled(quoted());
      return add(item);
    }
    if (*p_ == '"') {
      Item item{Op::kSoftKeyword};
      item.text = quoted();
      return add(item);
    }
    std::string_view name = word();
    if (name.empty()) __builtin_trap();
    if (name[0] >= 'A' && name[0] <= 'Z') return add(token_item(name));
    Item item{Op::kRule};
    item.first = g_.rule(name);
    return add(item);
  }

  static Item token_item(std::string_view name) {
    struct Row {
      const char* name;
      Tok tok;
    };
    static constexpr Row kRows[] = {
        {"NAME", Tok::kName},
        {"NUMBER", Tok::kNumber},
        {"STRING", Tok::kString},
        {"NEWLINE", Tok::kNewline},
        {"INDENT", Tok::kIndent},
        {"DEDENT", Tok::kDedent},
        {"ENDMARKER", Tok::kEndMarker},
        {"FSTRING_START", Tok::kFStringStart},
        {"FSTRING_MIDDLE", Tok::kFStringMiddle},
        {"FSTRING_END", Tok::kFStringEnd},
        {"TSTRING_START", Tok::kTStringStart},
        {"TSTRING_MIDDLE", Tok::kTStringMiddle},
        {"TSTRING_END", Tok::kTStringEnd},
    };
    Item item{Op::kToken};
    if (name == "SOFT_KEYWORD") {
      item.op = Op::kAnySoftKeyword;
    } else if (name == "NOT_EQUAL") {
      item.op = Op::kNotEqual;
    } else if (name == "STRINGS_CHECK") {
      item.op = Op::kStringsCheck;
    } else if (name == "CONVERSION_CHECK") {
      item.op = Op::kConversionCheck;
    } else {
      bool found = false;
      for (const Row& row : kRows) {
        if (name != row.name) continue;
        item.tok = row.tok;
        found = true;
      }
      if (!found) __builtin_trap();
    }
    return item;
  }

  const char* p_;
  Grammar& g_;
};

// Compiled at the first syntax error of the process and kept: immutable from then on, shared by all threads.
const Grammar& grammar() {
  static const Grammar& instance = *[] {
    auto* g = new Grammar;
    GrammarReader(kDiagnosisGrammar, *g).read();
    return g;
  }();
  return instance;
}

// What Python calls an expression that cannot be assigned to.
const char* expression_name(const ast::Expr* e) {
  using ast::Kind;
  switch (e->kind) {
    case Kind::kAttribute: return "attribute";
    case Kind::kSubscript: return "subscript";
    case Kind::kStarred: return "starred";
    case Kind::kName: return "name";
    case Kind::kList: return "list";
    case Kind::kTuple: return "tuple";
    case Kind::kLambda: return "lambda";
    case Kind::kCall: return "function call";
    case Kind::kBoolOp:
    case Kind::kBinOp:
    case Kind::kUnaryOp: return "expression";
    case Kind::kGeneratorExp: return "generator expression";
    case Kind::kYield:
    case Kind::kYieldFrom: return "yield expression";
    case Kind::kAwait: return "await expression";
    case Kind::kListComp: return "list comprehension";
    case Kind::kSetComp: return "set comprehension";
    case Kind::kDictComp: return "dict comprehension";
    case Kind::kDict: return "dict literal";
    case Kind::kSet: return "set display";
    case Kind::kJoinedStr:
    case Kind::kFormattedValue: return "f-string expression";
    case Kind::kTemplateStr:
    case Kind::kInterpolation: return "t-string expression";
    case Kind::kCompare: return "comparison";
    case Kind::kIfExp: return "conditional expression";
    case Kind::kNamedExpr: return "named expression";
    case Kind::kConstant:
      switch (ast::as<ast::Constant>(e)->value.type) {
        case ast::ConstantValue::Type::kNone: return "None";
        case ast::ConstantValue::Type::kTrue: return "True";
        case ast::ConstantValue::Type::kFalse: return "False";
        case ast::ConstantValue::Type::kEllipsis: return "ellipsis";
        default: return "literal";
      }
    default: return "expression";
  }
}

// The part of `e` that keeps it from being a target, or null.
ast::Expr* invalid_target(ast::Expr* e, Act kind) {
  switch (e->kind) {
    case ast::Kind::kName:
    case ast::Kind::kAttribute:
    case ast::Kind::kSubscript: return nullptr;
    case ast::Kind::kTuple:
    case ast::Kind::kList: {
      auto elts = e->kind == ast::Kind::kTuple ? ast::as<ast::Tuple>(e)->elts : ast::as<ast::List>(e)->elts;
      for (ast::Expr* item : elts) {
        if (ast::Expr* bad = invalid_target(item, kind)) return bad;
      }
      return nullptr;
    }
    case ast::Kind::kStarred:
      return kind == Act::kTargetDel ? e : invalid_target(ast::as<ast::Starred>(e)->value, kind);
    case ast::Kind::kCompare:
      // "for a in b" has been read as a comparison.
      if (kind != Act::kTargetFor) return e;
      if (ast::as<ast::Compare>(e)->ops[0] != ast::CompareOperator::kIn) return nullptr;
      return invalid_target(ast::as<ast::Compare>(e)->left, kind);
    default: return e;
  }
}

class Diagnoser {
 public:
  Diagnoser(ParseContext& context, uint32_t start)
      : context_(context), g_(grammar()), start_(int32_t(start)), fill_(int32_t(start)) {}

  SyntaxErrorInfo run(uint32_t failed_at);

 private:
  static constexpr int32_t kFail = -1;
  static constexpr int32_t kFailRule = -2;

  struct Capture {
    char label;
    uint16_t item;
    int32_t start;
    int32_t end;
  };
  struct Frame {
    int32_t start;
    int count = 0;
    bool cut = false;
    Capture captures[4];
  };

  const Token& fetch(int32_t pos) {
    const Token& token = context_.tokens[size_t(pos)];
    if (pos >= fill_) fill_ = pos + 1;
    if (token.kind == Tok::kError) raise_info(context_.token_error);
    return token;
  }
  std::string_view text_of(const Token& token) const {
    return context_.text.substr(token.start, token.end - token.start);
  }

  void pass(bool with_invalid_rules);
  int32_t rule(uint16_t index, int32_t pos);
  int32_t alternatives(const Item& item, int32_t pos);
  int32_t sequence(const Item& item, int32_t pos);
  int32_t match(uint16_t index, int32_t pos, Frame& frame);
  int32_t repeat(const Item& item, int32_t pos, Frame& frame);
  int32_t check_strings(int32_t pos, Frame& frame);
  int32_t check_conversion(int32_t pos);

  // ---- Reporting ----
  struct Place {
    int line, col, end_line, end_col;
  };
  const Capture* find(const Frame& frame, char label) const {
    for (int i = 0; i < frame.count; i++) {
      if (frame.captures[i].label == label) return &frame.captures[i];
    }
    return nullptr;
  }
  ast::Expr* expression_of(const Capture& capture);
  Place place_of(const Capture& capture);
  Place tokens_place(int32_t start, int32_t end) const {
    const Token& a = context_.tokens[size_t(start)];
    const Token& b = context_.tokens[size_t(end - 1)];
    return {a.line, a.col, b.end_line, b.col < 0 ? -1 : cursor_after(b)};
  }
  // The column behind a token; behind a NEWLINE the tokenizer has passed the character itself too.
  static int cursor_after(const Token& token) {
    return token.end_col + (token.kind == Tok::kNewline && !token.after_eof);
  }
  void raise_info(const SyntaxErrorInfo& error) {
    if (raised_) return;
    raised_ = true;
    error_ = error;
  }
  void raise(Place place, std::string_view message, SyntaxErrorInfo::Kind kind = SyntaxErrorInfo::Kind::kSyntax) {
    if (raised_) return;
    const Token& last = context_.tokens[size_t(fill_ > 0 ? fill_ - 1 : 0)];
    raise_info(
        make_error(context_, kind, message, place.line, place.col, place.end_line, place.end_col, last.end_line));
  }
  void raise_at_token(int32_t pos, std::string_view message, SyntaxErrorInfo::Kind kind);
  void raise_incomplete(int32_t last);
  void perform(const Item& item, const Frame& frame, int32_t pos);
  void perform_special(const Item& item, const Frame& frame, int32_t pos);
  void consider_later_token_errors();
  void forget_warnings();
  SyntaxErrorInfo explain(uint32_t failed_at);
  SyntaxErrorInfo too_deep(uint32_t failed_at);

  // ---- Memo: (rule, position) -> result, in a hash table with open addressing ----
  struct Memo {
    uint64_t key = 0;
    int32_t result = 0;
  };
  Memo& memo(uint64_t key);

  ParseContext& context_;
  const Grammar& g_;
  int32_t start_;
  int32_t fill_;
  bool last_cut_ = false;  // whether the alternative that just failed had passed a "~"
  bool invalid_pass_ = false;
  bool raised_ = false;
  bool too_deep_ = false;
  const char* stack_base_ = static_cast<const char*>(__builtin_frame_address(0));
  SyntaxErrorInfo error_;
  std::vector<Memo> memo_;
  size_t memo_used_ = 0;
};

Diagnoser::Memo& Diagnoser::memo(uint64_t key) {
  if (memo_used_ * 2 >= memo_.size()) {
    std::vector<Memo> old(memo_.empty() ? 1024 : memo_.size() * 2);
    old.swap(memo_);
    memo_used_ = 0;
    for (const Memo& m : old) {
      if (m.key != 0) memo(m.key) = m;
    }
  }
  size_t mask = memo_.size() - 1;
  size_t at = size_t((key * 0x9E3779B97F4A7C15u) >> 32) & mask;
  while (memo_[at].key != 0 && memo_[at].key != key) at = (at + 1) & mask;
  if (memo_[at].key == 0) memo_used_++;
  return memo_[at];
}

int32_t Diagnoser::rule(uint16_t index, int32_t pos) {
  const Rule& r = g_.rules[index];
  if (r.is_invalid_only && !invalid_pass_) return kFail;
  uint64_t variant = invalid_pass_ && !r.shares_memo ? 1 : 0;
  uint64_t key = (uint64_t(pos) << 16 | variant << 15 | index) + 1;
  Memo& known = memo(key);
  if (known.key == key) return known.result;
  if (size_t(stack_base_ - static_cast<const char*>(__builtin_frame_address(0))) > 2 * context_.options.stack_budget) {
    too_deep_ = raised_ = true;
    return kFail;
  }
  bool was_invalid_pass = invalid_pass_;
  if (r.suspends_invalid) invalid_pass_ = false;
  int32_t result = alternatives(g_.items[r.body], pos);
  invalid_pass_ = was_invalid_pass;
  if (raised_) return kFail;
  Memo& slot = memo(key);
  slot.key = key;
  slot.result = result;
  return result;
}

int32_t Diagnoser::alternatives(const Item& item, int32_t pos) {
  for (uint16_t i = 0; i < item.second; i++) {
    const Item& alternative = g_.items[g_.children[item.first + i]];
    int32_t result = sequence(alternative, pos);
    if (raised_ || result == kFailRule) return kFail;
    if (result != kFail) return result;
    if (last_cut_) {
      last_cut_ = false;
      return kFail;
    }
  }
  return kFail;
}

int32_t Diagnoser::sequence(const Item& item, int32_t pos) {
  Frame frame{pos, 0, false, {}};
  last_cut_ = false;
  for (uint16_t i = 0; i < item.second; i++) {
    uint16_t child = g_.children[item.first + i];
    int32_t before = pos;
    pos = match(child, pos, frame);
    if (raised_) return kFail;
    if (pos == kFail) {
      last_cut_ = frame.cut;
      return kFail;
    }
    if (char label = g_.items[child].label; label != 0 && frame.count < 4) {
      frame.captures[frame.count++] = {label, child, before, pos};
    }
  }
  last_cut_ = false;
  if (item.act == Act::kNone) return pos;
  perform(item, frame, pos);
  return kFailRule;
}

int32_t Diagnoser::repeat(const Item& item, int32_t pos, Frame& frame) {
  int32_t end = match(item.first, pos, frame);
  if (raised_) return kFail;
  if (end == kFail) return item.op == Op::kStar ? pos : kFail;
  for (;;) {
    int32_t next = end;
    if (item.op == Op::kGather) {
      next = match(item.second, next, frame);
      if (raised_) return kFail;
      if (next == kFail) return end;
    }
    next = match(item.first, next, frame);
    if (raised_) return kFail;
    if (next == kFail) return end;
    end = next;
  }
}

int32_t Diagnoser::match(uint16_t index, int32_t pos, Frame& frame) {
  const Item& item = g_.items[index];
  switch (item.op) {
    case Op::kToken: return fetch(pos).kind == item.tok && !raised_ ? pos + 1 : kFail;
    case Op::kSoftKeyword: {
      const Token& token = fetch(pos);
      return token.kind == Tok::kName && text_of(token) == item.text ? pos + 1 : kFail;
    }
    case Op::kAnySoftKeyword: {
      const Token& token = fetch(pos);
      if (token.kind != Tok::kName) return kFail;
      std::string_view text = text_of(token);
      return text == "match" || text == "case" || text == "_" || text == "type" ? pos + 1 : kFail;
    }
    case Op::kNotEqual: {
      const Token& token = fetch(pos);
      if (token.kind != Tok::kNotEqual) return kFail;
      bool old_spelling = context_.text[token.start] == '<';
      if (old_spelling && !context_.barry_as_flufl) {
        if (invalid_pass_) {
          raise(tokens_place(pos, pos + 1), "invalid syntax.  Maybe you meant '!=' instead of '<>'?");
        }
        return kFail;
      }
      if (!old_spelling && context_.barry_as_flufl) {
        raise(tokens_place(pos, pos + 1), "with Barry as BDFL, use '<>' instead of '!='");
      }
      return pos + 1;
    }
    case Op::kStringsCheck: return check_strings(pos, frame);
    case Op::kConversionCheck: return check_conversion(pos);
    case Op::kRule: return rule(item.first, pos);
    case Op::kAlternatives: return alternatives(item, pos);
    case Op::kSequence: return sequence(item, pos);
    case Op::kOptional: {
      int32_t end = match(item.first, pos, frame);
      return end == kFail && !raised_ ? pos : end;
    }
    case Op::kStar:
    case Op::kPlus:
    case Op::kGather: return repeat(item, pos, frame);
    case Op::kAnd: return match(item.first, pos, frame) == kFail ? kFail : pos;
    case Op::kNot: return match(item.first, pos, frame) == kFail && !raised_ ? pos : kFail;
    case Op::kForced:
      if (fetch(pos).kind == item.tok) return pos + 1;
      if (!raised_) {
        raise(tokens_place(pos, pos + 1),
              format_text(context_.arena, "expected '%.*s'", int(item.text.size()), item.text.data()));
      }
      return kFail;
    case Op::kCut: frame.cut = true; return pos;
  }
  return kFail;
}

// Python evaluates literals as soon as it has read them, so their errors come before later ones.
int32_t Diagnoser::check_strings(int32_t pos, Frame& frame) {
  Parser parser(context_, uint32_t(frame.start));
  if (parser.strings() == nullptr && parser.failed_hard()) raise_info(parser.error());
  return raised_ ? kFail : pos;
}

int32_t Diagnoser::check_conversion(int32_t pos) {
  const Token& mark = context_.tokens[size_t(pos - 2)];
  const Token& name = context_.tokens[size_t(pos - 1)];
  if (mark.end_line == name.line && mark.end_col == name.col) return pos;
  raise(tokens_place(pos - 2, pos), "f-string: conversion type must come right after the exclamation mark");
  return kFail;
}

// ---- Reporting ----

ast::Expr* Diagnoser::expression_of(const Capture& capture) {
  const Item& item = g_.items[capture.item];
  if (item.op != Op::kRule) return nullptr;
  std::string_view name = g_.rules[item.first].name;
  Parser parser(context_, uint32_t(capture.start));
  if (name == "expression" || name == "expression_without_invalid") return parser.expression();
  if (name == "star_expressions") return parser.star_expressions();
  if (name == "disjunction") return parser.disjunction();
  if (name == "bitwise_or") return parser.binary(1);
  if (name == "star_named_expression") return parser.star_named_expression();
  if (name == "yield_expr") return parser.yield_expression();
  if (name == "invalid_ann_assign_target") return parser.call_or_atom();
  return nullptr;
}

Diagnoser::Place Diagnoser::place_of(const Capture& capture) {
  if (ast::Expr* e = expression_of(capture)) return {e->lineno, e->col_offset, e->end_lineno, e->end_col_offset};
  return tokens_place(capture.start, capture.end);
}

void Diagnoser::raise_at_token(int32_t pos, std::string_view message, SyntaxErrorInfo::Kind kind) {
  const Token& token = context_.tokens[size_t(pos)];
  if (token.col >= 0) return raise(tokens_place(pos, pos + 1), message, kind);
  // A token without a place: where the tokenizer stood.
  bool was_raised = raised_;
  raise({token.line, token.end_col - 1, token.line, -1}, message, kind);
  if (!was_raised) error_.end_col = -1;
}

// Where the tokenizer gave up: at the start of an endless string, at the end of the text otherwise.
void Diagnoser::raise_incomplete(int32_t last) {
  const Token& token = context_.tokens[size_t(last)];
  constexpr auto kind = SyntaxErrorInfo::Kind::kIncomplete;
  if (token.kind != Tok::kError) return raise_at_token(last, "incomplete input", kind);
  const SyntaxErrorInfo& why = context_.token_error;
  if (why.message.starts_with("unterminated")) {
    raise_at_token(last, "incomplete input", kind);
    error_.lineno = error_.end_lineno = why.lineno;
    error_.col = why.col;
  } else {
    std::string_view text = context_.text;
    size_t before = text.size() > 1 ? text.rfind('\n', text.size() - 2) : std::string_view::npos;
    size_t start = before == std::string_view::npos ? 0 : before + 1;
    int32_t line = 1 + int32_t(std::count(text.begin(), text.begin() + ptrdiff_t(start), '\n'));
    raise({line, int32_t(text.size() - start) - 1, line, -1}, "incomplete input", kind);
  }
  error_.end_col = -1;
}

void Diagnoser::perform(const Item& item, const Frame& frame, int32_t pos) {
  const Capture* a = find(frame, 'a');
  const Capture* b = find(frame, 'b');
  Arena& arena = context_.arena;
  switch (item.act) {
    case Act::kRange: {
      Place start = place_of(*a);
      Place end = place_of(*b);
      return raise({start.line, start.col, end.end_line, end.end_col}, item.text);
    }
    case Act::kAt: return raise(place_of(*a), item.text);
    case Act::kSpan: return raise(tokens_place(a->start, a->end), item.text);
    case Act::kAtParam: {
      bool comma = context_.tokens[size_t(a->end - 1)].kind == Tok::kComma;
      return raise(tokens_place(a->start, a->end - comma), item.text);
    }
    case Act::kFrom: {
      Place start = place_of(*a);
      const Token& last = context_.tokens[size_t(fill_ - 1)];
      return raise({start.line, start.col, last.end_line, cursor_after(last) - 1}, item.text);
    }
    case Act::kAfter: {
      Place place = place_of(*a);
      return raise({place.line, place.end_col - 1, place.end_line, -1}, item.text);
    }
    case Act::kLast: return raise_at_token(fill_ - 1, item.text, SyntaxErrorInfo::Kind::kSyntax);
    case Act::kLastIndent: return raise_at_token(fill_ - 1, item.text, SyntaxErrorInfo::Kind::kIndentation);
    case Act::kNext: fetch(pos); return raise_at_token(pos, item.text, SyntaxErrorInfo::Kind::kSyntax);
    case Act::kIndent:
      return raise_at_token(
          fill_ - 1,
          format_text(arena, "expected an indented block after %.*s on line %d", int(item.text.size()),
                      item.text.data(), context_.tokens[size_t(a->start)].line),
          SyntaxErrorInfo::Kind::kIndentation);
    case Act::kName: {
      ast::Expr* e = expression_of(*a);
      if (e == nullptr) return;
      char format[128];
      snprintf(format, sizeof format, "%.*s", int(item.text.size()), item.text.data());
      const char* hole = strstr(format, "%s");
      return raise({e->lineno, e->col_offset, e->end_lineno, e->end_col_offset},
                   format_text(arena, "%.*s%s%s", int(hole - format), format, expression_name(e), hole + 2));
    }
    default: return perform_special(item, frame, pos);
  }
}

void Diagnoser::perform_special(const Item& item, const Frame& frame, int32_t pos) {
  const Capture* a = find(frame, 'a');
  const Capture* b = find(frame, 'b');
  Arena& arena = context_.arena;
  const std::vector<Token>& tokens = context_.tokens;
  auto range = [&](std::string_view message) {
    Place start = place_of(*a);
    Place end = place_of(*b);
    raise({start.line, start.col, end.end_line, end.end_col}, message);
  };
  auto is_legacy = [&](const Capture& capture) {
    std::string_view text = text_of(tokens[size_t(capture.start)]);
    return capture.end == capture.start + 1 && tokens[size_t(capture.start)].kind == Tok::kName &&
           (text == "print" || text == "exec");
  };
  switch (item.act) {
    case Act::kTargetStar:
    case Act::kTargetDel:
    case Act::kTargetFor: {
      ast::Expr* e = expression_of(*a);
      ast::Expr* bad = e != nullptr ? invalid_target(e, item.act) : nullptr;
      if (bad == nullptr) return;
      const char* verb = item.act == Act::kTargetDel ? "delete" : "assign to";
      return raise({bad->lineno, bad->col_offset, bad->end_lineno, bad->end_col_offset},
                   format_text(arena, "cannot %s %s", verb, expression_name(bad)));
    }
    case Act::kComma:
      if (is_legacy(*a) || tokens[size_t(pos - 1)].level == 0) return;
      return range(item.text.empty() ? "invalid syntax. Perhaps you forgot a comma?" : item.text);
    case Act::kLegacy: {
      if (!is_legacy(*a)) return;
      std::string_view name = text_of(tokens[size_t(a->start)]);
      return range(format_text(arena, "Missing parentheses in call to '%.*s'. Did you mean %.*s(...)?",
                               int(name.size()), name.data(), int(name.size()), name.data()));
    }
    case Act::kAssignConstant: {
      std::string_view name = text_of(tokens[size_t(a->start)]);
      return range(format_text(arena, "cannot assign to %.*s", int(name.size()), name.data()));
    }
    case Act::kConstraint: {
      const char* kind = tokens[size_t(a->start - 1)].kind == Tok::kStar ? "TypeVarTuple" : "ParamSpec";
      ast::Expr* e = expression_of(*find(frame, 'c'));
      const Token& last = tokens[size_t(fill_ - 1)];
      Place start = place_of(*b);
      return raise({start.line, start.col, last.end_line, cursor_after(last) - 1},
                   format_text(arena, "cannot use %s with %s", ast::is<ast::Tuple>(e) ? "constraints" : "bound", kind));
    }
    case Act::kUngroupedGenerator: {
      uint16_t level = tokens[size_t(a->start - 1)].level;
      int32_t last = a->start;
      for (int32_t i = a->start; i < a->end; i++) {
        if (tokens[size_t(i)].kind == Tok::kComma && tokens[size_t(i)].level == level) last = i + 1;
      }
      if (last == a->start || last == a->end) return;
      Place start = tokens_place(last, a->end);
      Place end = place_of(*b);
      return raise({start.line, start.col, end.end_line, end.end_col}, "Generator expression must be parenthesized");
    }
    case Act::kPositionalAfter: {
      uint16_t level = tokens[size_t(a->start - 1)].level;
      bool unpacking = false;
      for (int32_t i = a->start; i < a->end; i++) {
        Tok before = tokens[size_t(i - 1)].kind;
        bool begins = i == a->start || (before == Tok::kComma && tokens[size_t(i - 1)].level == level);
        unpacking = unpacking || (begins && tokens[size_t(i)].kind == Tok::kDoubleStar);
      }
      return raise_at_token(fill_ - 1,
                            unpacking ? "positional argument follows keyword argument unpacking"
                                      : "positional argument follows keyword argument",
                            SyntaxErrorInfo::Kind::kSyntax);
    }
    default: return;
  }
}

// ---- The two passes ----

void Diagnoser::pass(bool with_invalid_rules) {
  invalid_pass_ = with_invalid_rules;
  memo_.clear();
  memo_used_ = 0;
  const char* name = "file";
  switch (context_.options.mode) {
    case Mode::kExec: break;
    case Mode::kEval: name = "eval"; break;
    case Mode::kSingle: name = "interactive"; break;
    case Mode::kFunctionType: name = "func_type"; break;
  }
  for (size_t i = 0; i < g_.rules.size(); i++) {
    if (g_.rules[i].name == name) {
      rule(uint16_t(i), start_);
      return;
    }
  }
}

// Python reads the rest of the file before it reports: an error of the tokenizer there is more important.
void Diagnoser::consider_later_token_errors() {
  if (context_.tokens.back().kind != Tok::kError) return;
  const Token& last = context_.tokens[size_t(fill_ - 1)];
  if (last.kind == Tok::kError) return;
  if (context_.token_error_takes_precedence) {
    error_ = context_.token_error;
  } else if (context_.unclosed_bracket.lineno != 0 && last.line > context_.unclosed_bracket.lineno) {
    error_ = context_.unclosed_bracket;
  }
}

// The C stack is too small to say more than where the parser stopped.
SyntaxErrorInfo Diagnoser::too_deep(uint32_t failed_at) {
  if (context_.tokens[failed_at].kind == Tok::kError) return context_.token_error;
  too_deep_ = raised_ = false;
  raise_at_token(int32_t(failed_at), "invalid syntax", SyntaxErrorInfo::Kind::kSyntax);
  return error_;
}

// The first pass warns of the escapes in the literals that it reads, and only of those.
void Diagnoser::forget_warnings() {
  const Token& first = context_.tokens[size_t(start_)];
  std::erase_if(context_.warnings, [&](const Warning& w) {
    return !w.by_tokenizer && (w.lineno > int(first.line) || (w.lineno == int(first.line) && w.col > int(first.col)));
  });
}

SyntaxErrorInfo Diagnoser::run(uint32_t failed_at) {
  forget_warnings();
  pass(false);
  size_t warnings = context_.warnings.size();
  SyntaxErrorInfo error = explain(failed_at);
  context_.warnings.resize(warnings);
  return error;
}

// After the first pass.
SyntaxErrorInfo Diagnoser::explain(uint32_t failed_at) {
  int32_t last = fill_ > start_ ? fill_ - 1 : start_;
  const Token& last_token = context_.tokens[size_t(last)];
  if (context_.options.allow_incomplete_input && last_token.after_eof) {
    raised_ = false;
    raise_incomplete(last);
    return error_;
  }
  if (too_deep_) return too_deep(failed_at);
  // An error of the tokenizer is final; one of the first pass itself (a missing token) only if the second finds none.
  if (last_token.kind != Tok::kError) {
    SyntaxErrorInfo first_error = error_;
    bool raised_first = raised_;
    raised_ = false;
    pass(true);
    if (too_deep_) return too_deep(failed_at);
    if (!raised_ && raised_first) raise_info(first_error);
  }
  if (raised_) {
    if (last_token.kind != Tok::kError) consider_later_token_errors();
    return error_;
  }
  const Token& token = context_.tokens[size_t(last)];
  if (token.kind == Tok::kIndent || token.kind == Tok::kDedent) {
    raise_at_token(fill_ - 1, token.kind == Tok::kIndent ? "unexpected indent" : "unexpected unindent",
                   SyntaxErrorInfo::Kind::kIndentation);
    return error_;
  }
  raise(tokens_place(last, last + 1), "invalid syntax");
  if (context_.text.empty()) error_.lineno = error_.end_lineno = 0;
  consider_later_token_errors();
  return error_;
}

}  // namespace

SyntaxErrorInfo diagnose(ParseContext& context, uint32_t statement, uint32_t failed_at) {
  Diagnoser diagnoser(context, statement);
  return diagnoser.run(failed_at);
}

}  // namespace typhon::parser
