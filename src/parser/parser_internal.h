// The recursive-descent parser's class, shared by parser*.cpp, string_literal.cpp and diagnose.cpp only.
//
// Every method returns null (or false) after a failure and leaves the position undefined. A failure is either generic
// (something does not fit the grammar: diagnose.cpp finds the words) or hard: error() is already Python's message.
#pragma once

#include <cstring>
#include <vector>

#include "base/arena.h"
#include "parser/ast.h"
#include "parser/parser.h"
#include "parser/token.h"
#include "parser/tokenizer.h"

namespace typhon::parser {

// What all phases of one parse share. The token array ends with kEndMarker or kError.
struct ParseContext {
  Arena& arena;
  const ParseOptions& options;
  std::string_view text;
  std::vector<Token> tokens;
  std::vector<Warning> warnings;
  SyntaxErrorInfo token_error;  // meaningful when the last token is kError
  bool token_error_takes_precedence = false;
  SyntaxErrorInfo unclosed_bracket;  // lineno 0: none
  std::vector<Token> type_ignores;
  bool barry_as_flufl = false;       // PEP 401: "<>" has replaced "!="
  const char* stack_base = nullptr;
};

class Parser {
 public:
  Parser(ParseContext& context, uint32_t position) : context_(context), arena_(context.arena) {
    first_ = context.tokens.data();
    t_ = first_ + position;
  }

  ast::Mod* module(Mode mode);

  // Also the entry points for diagnose.cpp, which rebuilds the expression at a position.
  ast::Expr* star_expressions();
  ast::Expr* star_expression();
  ast::Expr* star_named_expression();
  ast::Expr* named_expression();
  ast::Expr* expressions();
  ast::Expr* expression();
  ast::Expr* disjunction();
  ast::Expr* binary(int min_precedence);
  ast::Expr* yield_expression();
  ast::Expr* strings();
  ast::Expr* call_or_atom() { return primary(); }

  bool failed_hard() const { return failed_hard_; }
  const SyntaxErrorInfo& error() const { return error_; }
  uint32_t position() const { return uint32_t(t_ - first_); }
  // Where the top-level statement begins that precedes the one being parsed last (errors may involve both: "elif").
  const ast::Stmt* last_compound() const { return last_compound_; }
  uint32_t statement_position() const { return uint32_t(previous_statement_ - first_); }

 private:
  // A growing list on the shared scratch stack, copied to the arena when complete.
  class List {
   public:
    explicit List(Parser& parser) : scratch_(parser.scratch_), arena_(parser.arena_), mark_(scratch_.size()) {}
    ~List() {
      if (holds_items_) scratch_.resize(mark_);
    }
    List(const List&) = delete;
    List& operator=(const List&) = delete;
    // Only the innermost list that holds items may grow.
    void push(void* item) {
      holds_items_ = true;
      scratch_.push_back(item);
    }
    size_t size() const { return scratch_.size() - mark_; }
    void* back() const { return scratch_.back(); }
    void*& operator[](size_t i) { return scratch_[mark_ + i]; }
    template <typename T>
    ast::Seq<T*> take() {
      ast::Seq<T*> seq;
      seq.size = uint32_t(size());
      if (seq.size != 0) {
        seq.data = arena_.make_array<T*>(seq.size);
        memcpy(static_cast<void*>(seq.data), scratch_.data() + mark_, seq.size * sizeof(void*));
      }
      scratch_.resize(mark_);
      holds_items_ = false;
      return seq;
    }

   private:
    std::vector<void*>& scratch_;
    Arena& arena_;
    size_t mark_;
    bool holds_items_ = false;
  };

  // ---- tokens ----
  bool at(Tok kind) const { return t_->kind == kind; }
  bool accept(Tok kind) {
    if (t_->kind != kind) return false;
    t_++;
    return true;
  }
  bool at_name(const char* text) const { return at(Tok::kName) && text_of(*t_) == text; }
  std::string_view text_of(const Token& token) const {
    return context_.text.substr(token.start, token.end - token.start);
  }
  std::string_view name_of(const Token& token) { return normalize_identifier(arena_, text_of(token)); }

  // ---- failures ----
  std::nullptr_t fail_hard(SyntaxErrorInfo::Kind kind, const Token& start, const Token& end, std::string_view message);
  std::nullptr_t fail_at(const ast::Node* node, std::string_view message);
  bool stack_ok();
  // Fails hard when the program is to be one of a Python before 3.`minor`; `what` is a clause like "Async functions are".
  bool since(int minor, const char* what);

  // ---- type comments ----
  std::string_view type_comment() {
    return at(Tok::kTypeComment) ? text_of(*t_++) : std::string_view();
  }
  bool function_type_comment(std::string_view& out);
  bool parameter_end(ast::Arg* arg, Tok closer, bool& more);

  // ---- nodes ----
  template <typename T>
  T* node(const Token* start) {
    T* n = arena_.make<T>();
    n->lineno = start->line;
    n->col_offset = start->col;
    const Token* last = t_ - 1;
    n->end_lineno = last->end_line;
    n->end_col_offset = last->end_col;
    return n;
  }
  // For statements that may end in a block: the end is the last token that is not layout.
  template <typename T>
  T* block_node(const Token* start) {
    T* n = node<T>(start);
    const Token* last = t_ - 1;
    while (last->kind == Tok::kNewline || last->kind == Tok::kIndent || last->kind == Tok::kDedent) last--;
    n->end_lineno = last->end_line;
    n->end_col_offset = last->end_col;
    return n;
  }

  // ---- expressions (parser_expr.cpp) ----
  ast::Expr* conjunction();
  ast::Expr* inversion();
  ast::Expr* comparison();
  ast::Expr* factor();
  ast::Expr* power();
  ast::Expr* primary();
  ast::Expr* primary_of(ast::Expr* value, const Token* start);
  ast::Expr* atom();
  ast::Expr* number();
  ast::Expr* parenthesized();
  ast::Expr* list_display();
  ast::Expr* brace_display();
  ast::Expr* dict_display(const Token* start);
  ast::Expr* set_display(const Token* start);
  ast::Expr* lambda();
  ast::Expr* slices();
  ast::Expr* slice();
  ast::Expr* call(ast::Expr* function, const Token* start);
  ast::Expr* constant(const Token* start, ast::ConstantValue::Type type);
  bool arguments(ast::Seq<ast::Expr*>& args, ast::Seq<ast::Keyword*>& keywords, bool allow_generator);
  ast::Keyword* keyword_argument();
  bool comprehensions(ast::Seq<ast::Comprehension*>& generators);
  ast::Expr* tuple_rest(const Token* start, List& items, bool starred);
  bool is_not_equal(const Token& token);
  bool is_comprehension_start() const { return at(Tok::kFor) || (at(Tok::kAsync) && t_[1].kind == Tok::kFor); }
  bool starts_expression() const;
  ast::Arguments* parameters(Tok closer, bool is_lambda);
  ast::Arg* parameter(bool is_lambda, bool star_annotation);

  // ---- targets ----
  bool make_target(ast::Expr* expr, ast::ExprContext context, bool allow_star);
  ast::Expr* star_target();
  ast::Expr* star_targets();

  // ---- string literals (string_literal.cpp) ----
  ast::Expr* concatenated(const Token* start, List& parts, bool is_template);
  ast::Expr* formatted_string(List& values);
  bool replacement_field(List& values, bool is_template);
  ast::Expr* format_spec(const Token* colon, bool raw);
  bool decode_string(const Token& token, std::string_view& out, bool& is_bytes, bool& has_u);
  bool decode_escapes(const Token& token, std::string_view body, bool is_bytes, std::string_view& out);
  bool hex_escape(const Token& token, std::string_view body, bool is_bytes, const char*& p, uint32_t& value);
  bool named_escape(const Token& token, std::string_view body, const char*& p, uint32_t& value);
  bool text_part(const Token& token, bool raw, List& values);
  void warn_escape(const Token& token, const char* at, std::string_view escape, bool octal);
  bool fail_decode(const Token& token, size_t from, size_t to, const char* reason);

  // ---- statements (parser_stmt.cpp) ----
  bool statements(List& out, Tok terminator);
  bool statement(List& out);
  bool simple_statements(List& out);
  ast::Stmt* simple_statement();
  ast::Stmt* expression_statement();
  ast::Stmt* annotated_assignment(const Token* start, ast::Expr* target);
  ast::Stmt* assignment(const Token* start, ast::Expr* first);
  ast::Stmt* augmented_assignment(const Token* start, ast::Expr* target, ast::Operator op);
  ast::Expr* annotated_rhs();
  ast::Stmt* return_statement();
  ast::Stmt* raise_statement();
  ast::Stmt* assert_statement();
  ast::Stmt* delete_statement();
  template <typename T>
  ast::Stmt* scope_statement();
  ast::Stmt* import_statement();
  ast::Stmt* import_from_statement();
  ast::Alias* import_name(bool dotted);
  bool dotted_name(std::string_view& name);
  ast::Stmt* type_alias();
  bool compound_statement(ast::Stmt*& out);
  bool block(ast::Seq<ast::Stmt*>& out);
  ast::Stmt* if_statement();
  bool else_block(ast::Seq<ast::Stmt*>& out);
  ast::Stmt* while_statement();
  ast::Stmt* for_statement(const Token* start, bool is_async);
  ast::Stmt* with_statement(const Token* start, bool is_async);
  bool with_items_in_parens(ast::Seq<ast::WithItem*>& items);
  ast::WithItem* with_item(bool in_parens);
  ast::Stmt* try_statement();
  ast::ExceptHandler* except_handler(bool& is_star);
  ast::Stmt* decorated();
  ast::Stmt* function_definition(const Token* start, bool is_async, ast::Seq<ast::Expr*> decorators);
  ast::Stmt* class_definition(ast::Seq<ast::Expr*> decorators);
  bool type_parameters(ast::Seq<ast::TypeParam*>& out);
  ast::TypeParam* type_parameter();
  ast::FunctionType* function_type();

  // ---- patterns (parser_pattern.cpp) ----
  ast::Stmt* try_match_statement();
  ast::MatchCase* match_case();
  ast::Pattern* patterns();
  ast::Pattern* pattern();
  ast::Pattern* maybe_star_pattern();
  ast::Pattern* or_pattern();
  ast::Pattern* closed_pattern();
  ast::Pattern* bracketed_pattern();
  ast::Pattern* mapping_pattern();
  ast::Pattern* class_pattern(const Token* start, ast::Expr* cls);
  ast::Expr* literal_expression();
  ast::Expr* signed_number();
  ast::Expr* name_or_attribute();

  ParseContext& context_;
  Arena& arena_;
  const Token* first_;
  const Token* t_;
  const Token* statement_ = nullptr;
  const Token* previous_statement_ = nullptr;
  const ast::Stmt* last_compound_ = nullptr;
  std::vector<void*> scratch_;
  bool failed_hard_ = false;
  SyntaxErrorInfo error_;
};

// Fills in the character columns and the line's text from byte positions. Columns count from 0 in bytes; -1 (no
// column) becomes 0. `read_line` is the line the tokenizer would have reached: Python still holds that one with its
// newline, earlier ones without.
SyntaxErrorInfo make_error(ParseContext& context, SyntaxErrorInfo::Kind kind, std::string_view message, int line,
                           int col, int end_line, int end_col, int read_line);

// parser_number.cpp
ast::ConstantValue parse_number(Arena& arena, std::string_view text);

// diagnose.cpp: what Python says about a program the parser rejected. `statement` is the position of the first token
// of the top-level statement that failed.
SyntaxErrorInfo diagnose(ParseContext& context, uint32_t statement, uint32_t failed_at);

}  // namespace typhon::parser
