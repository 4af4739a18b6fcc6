// The lexical analyser. One Tokenizer reads one prepared text (see prepare_source) from front to back.
//
// With extra_tokens it also yields COMMENT and NL, as `tokenize` wants, and accepts what only the parser rejects.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "parser/parser.h"
#include "parser/token.h"

namespace typhon::parser {

// Text the tokenizer can read: decoded to UTF-8, newlines translated to "\n", followed by a NUL. In Mode::kExec it ends
// in a newline, which is added if need be; the other modes take the end of the text as the end of the line.
struct SourceText {
  std::string_view text;
  bool newline_was_added = false;
  bool ok = true;
  SyntaxErrorInfo error;
};

SourceText prepare_source(Arena& arena, std::string_view source, const ParseOptions& options);

struct TokenizerOptions {
  bool extra_tokens = false;
  bool newline_was_added = false;
  bool type_comments = false;
};

class Tokenizer {
 public:
  // `text` must be what prepare_source returned: a NUL follows its last byte.
  Tokenizer(Arena& arena, std::string_view text, const TokenizerOptions& options);
  ~Tokenizer();
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  // False when the token is kError; error() then says why, and every later call fails too. After kEndMarker more calls
  // return kEndMarker again.
  bool next(Token& token);

  // Forgets the open blocks at the end of the source and says how many there were: the text of an interactive statement
  // may end inside a line, where no DEDENT would come.
  int close_blocks();

  std::string_view text() const { return text_; }
  std::string_view text_of(const Token& token) const { return text_.substr(token.start, token.end - token.start); }
  const SyntaxErrorInfo& error() const { return error_; }
  // After an error: whether Python lets it replace an error that the parser finds earlier in the source.
  bool error_takes_precedence() const { return error_takes_precedence_ && !in_formatted_string(); }
  bool in_formatted_string() const { return !modes_.empty(); }
  // Says that the innermost open bracket was never closed; false when there is none.
  bool unclosed_bracket(SyntaxErrorInfo& error) const;
  // The error was noticed by reaching the end of the source (so that more input might mend it).
  bool error_at_eof() const { return error_at_eof_; }
  std::vector<Warning>& warnings() { return warnings_; }

 private:
  static constexpr int kMaxLevel = 200;
  static constexpr int kMaxIndent = 100;
  static constexpr int kMaxStringLevel = 150;
  static constexpr int kMaxExpressionNesting = 3;

  // One f- or t-string being read. Depths count from -1 ("outside any replacement field") as fields open.
  struct StringMode {
    char quote;
    uint8_t quote_size;
    char prefix;  // 'f' or 't'
    bool raw;
    bool in_text;  // reading literal text or a format spec rather than an expression
    bool in_format_spec;
    int bracket_depth;     // brackets opened inside this string and still open
    int expression_depth;  // replacement fields open, minus one
    const char* start;
    const char* line_start;
    int line;
  };

  struct OpenBracket {
    char c;
    int line;
    int col;
  };

  bool emit(Token& token, Tok kind, const char* start, const char* end);
  bool next_in_expression(Token& token);
  bool next_in_text(Token& token);
  bool text_token(Token& token, const char* end);
  bool doubled_brace(Token& token);
  bool unterminated_text(bool in_format_spec);
  bool read_indentation(bool& blank_line);
  bool emit_pending_indent(Token& token);
  bool end_of_input(Token& token);
  bool read_comment(Token& token, bool& emitted);
  bool read_type_comment(Token& token, const char* start, bool& blank_line);
  bool read_newline(Token& token, bool blank_line, bool& emitted);
  bool read_continuation();
  bool read_name_or_string(Token& token);
  bool read_number(Token& token, char first);
  bool read_radix_number(Token& token, int base, const char* name);
  bool read_decimal_tail();
  bool read_fraction_or_exponent(Token& token, bool fraction_started);
  bool end_of_number(const char* kind);
  bool read_string(Token& token, char quote);
  bool start_formatted_string(Token& token, char prefix, bool raw, char quote);
  bool read_operator(Token& token, char c);
  bool open_bracket(char c);
  bool close_bracket(char c);
  bool check_prefixes(bool b, bool r, bool u, bool f, bool t);
  bool verify_identifier(const char* start, const char* end);
  bool check_invalid_escape_in_text(char c);

  bool fail(const char* format, ...) __attribute__((format(printf, 2, 3)));
  bool fail_range(int col, int end_col, const char* message);
  bool fail_at(SyntaxErrorInfo::Kind kind, int line, int col, int end_col, std::string_view message, bool newline);
  std::string_view line_text(const char* line_start, bool with_newline) const;
  bool inside_field() const { return !modes_.empty() && modes_.back().expression_depth >= 0; }

  Arena& arena_;
  std::string_view text_;
  TokenizerOptions options_;
  const char* cur_;
  const char* end_;
  const char* line_start_;
  const char* token_start_ = nullptr;
  int line_ = 1;
  int token_line_ = 1;
  const char* token_line_start_ = nullptr;
  bool at_line_start_ = true;
  bool after_eof_ = false;
  bool comment_line_is_blank_ = false;
  int pending_indents_ = 0;
  std::vector<int> indents_;
  std::vector<int> alt_indents_;
  std::vector<OpenBracket> brackets_;
  std::vector<StringMode> modes_;
  std::vector<Warning> warnings_;
  bool failed_ = false;
  bool error_takes_precedence_ = false;
  bool error_at_eof_ = false;
  SyntaxErrorInfo error_;
};

// The kind of the keyword, or kName.
Tok keyword_kind(std::string_view name);
// The keyword's or operator's spelling, or null for kinds without a fixed one.
const char* token_spelling(Tok kind);

// Identifiers: XID_Start / XID_Continue as Python uses them, and NFKC normalisation.
bool is_identifier_start(uint32_t code_point);
bool is_identifier_continue(uint32_t code_point);
bool is_printable(uint32_t code_point);
std::string_view normalize_identifier(Arena& arena, std::string_view name);

std::string_view format_text(Arena& arena, const char* format, ...) __attribute__((format(printf, 2, 3)));

}  // namespace typhon::parser
