#include "parser/tokenizer.h"

#include <cctype>
#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "base/utf8.h"

namespace typhon::parser {

namespace {

enum CharClass : uint8_t { kDigit = 1, kIdentStart = 2, kIdentPart = 4, kHex = 8 };

struct CharTable {
  uint8_t flags[256] = {};
  constexpr CharTable() {
    for (int c = 0; c < 256; c++) {
      bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 128;
      bool digit = c >= '0' && c <= '9';
      if (letter) flags[c] |= kIdentStart | kIdentPart;
      if (digit) flags[c] |= kDigit | kIdentPart | kHex;
      if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) flags[c] |= kHex;
    }
  }
};
constexpr CharTable kChars;

inline bool has_class(char c, uint8_t classes) { return (kChars.flags[uint8_t(c)] & classes) != 0; }
inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

Tokenizer::Tokenizer(Arena& arena, std::string_view text, const TokenizerOptions& options)
    : arena_(arena), text_(text), options_(options) {
  cur_ = line_start_ = text.data();
  end_ = cur_ + text.size();
  indents_.push_back(0);
  alt_indents_.push_back(0);
}

Tokenizer::~Tokenizer() = default;

std::string_view format_text(Arena& arena, const char* format, ...) {
  va_list args;
  va_start(args, format);
  char buffer[512];
  int n = vsnprintf(buffer, sizeof buffer, format, args);
  va_end(args);
  return arena.copy({buffer, size_t(n) < sizeof buffer ? size_t(n) : sizeof buffer - 1});
}

std::string_view Tokenizer::line_text(const char* line_start, bool with_newline) const {
  const char* p = line_start;
  while (p < end_ && *p != '\n') p++;
  if (with_newline && p < end_) p++;
  return {line_start, size_t(p - line_start)};
}

bool Tokenizer::fail_at(SyntaxErrorInfo::Kind kind, int line, int col, int end_col, std::string_view message,
                        bool newline) {
  failed_ = true;
  error_.kind = kind;
  error_.message = message;
  error_.lineno = error_.end_lineno = line;
  error_.col = col;
  error_.end_col = end_col;
  error_.has_text = true;
  error_.text = line_text(line_start_, newline);
  return false;
}

// An error at the last character read.
bool Tokenizer::fail(const char* format, ...) {
  va_list args;
  va_start(args, format);
  char buffer[256];
  vsnprintf(buffer, sizeof buffer, format, args);
  va_end(args);
  int col = int(utf8::count({line_start_, size_t(cur_ - line_start_)}));
  error_takes_precedence_ = true;
  return fail_at(SyntaxErrorInfo::Kind::kSyntax, line_, col, col, arena_.copy(buffer), false);
}

// Columns count from 1, in bytes of the current line (callers only pass ASCII-only ranges' offsets).
bool Tokenizer::fail_range(int col, int end_col, const char* message) {
  int before = int(utf8::count({line_start_, size_t(col - 1)}));
  int width = int(utf8::count({line_start_ + col - 1, size_t(end_col - col + 1)}));
  error_takes_precedence_ = true;
  return fail_at(SyntaxErrorInfo::Kind::kSyntax, line_, before + 1, before + width, arena_.copy(message), false);
}

inline bool Tokenizer::emit(Token& token, Tok kind, const char* start, const char* end) {
  token.kind = kind;
  // Names, numbers and operators end where the next character does not fit: at the end of the text, that is the end.
  token.after_eof = after_eof_ || (cur_ == end_ && kind != Tok::kString && kind != Tok::kNewline);
  token.level = uint16_t(brackets_.size());
  token.start = uint32_t(start - text_.data());
  token.end = uint32_t(end - text_.data());
  token.line = token_line_;
  token.col = int32_t(start - token_line_start_);
  token.end_line = line_;
  token.end_col = int32_t(end - line_start_);
  return true;
}

int Tokenizer::close_blocks() {
  int count = int(indents_.size()) - 1;
  indents_.resize(1);
  alt_indents_.resize(1);
  return count;
}

bool Tokenizer::next(Token& token) {
  if (failed_) [[unlikely]] {
    token.kind = Tok::kError;
    return false;
  }
  bool ok = !modes_.empty() && modes_.back().in_text ? next_in_text(token) : next_in_expression(token);
  if (!ok) [[unlikely]] {
    emit(token, Tok::kError, cur_, cur_);
    token.after_eof = error_at_eof_;
    token.line = token.end_line = error_.lineno;
  }
  return ok;
}

// ---- Layout: indentation, newlines, comments ----

// Called at the start of a line outside brackets.
bool Tokenizer::read_indentation(bool& blank_line) {
  int col = 0;
  int alt_col = 0;
  int continued_col = 0;
  for (;; cur_++) {
    char c = *cur_;
    if (c == ' ') {
      col++;
      alt_col++;
    } else if (c == '\t') {
      col = (col / 8 + 1) * 8;
      alt_col++;
    } else if (c == '\f') {
      col = alt_col = 0;
    } else if (c == '\\') {
      // Indentation cannot be split over physical lines: the first part counts.
      if (continued_col == 0) continued_col = col;
      cur_++;
      if (!read_continuation()) return false;
      cur_--;
    } else {
      break;
    }
  }
  if (*cur_ == '#' || *cur_ == '\n') {
    blank_line = true;
    return true;
  }
  if (!brackets_.empty()) return true;
  if (continued_col != 0) col = alt_col = continued_col;
  auto tab_error = [&] {
    return fail_at(SyntaxErrorInfo::Kind::kTab, line_, 1, 0, "inconsistent use of tabs and spaces in indentation",
                   true);
  };
  if (col == indents_.back()) return alt_col == alt_indents_.back() || tab_error();
  if (col > indents_.back()) {
    if (int(indents_.size()) >= kMaxIndent) {
      return fail_at(SyntaxErrorInfo::Kind::kIndentation, line_, 1, 0, "too many levels of indentation", true);
    }
    if (alt_col <= alt_indents_.back()) return tab_error();
    pending_indents_++;
    indents_.push_back(col);
    alt_indents_.push_back(alt_col);
    return true;
  }
  while (indents_.size() > 1 && col < indents_.back()) {
    pending_indents_--;
    indents_.pop_back();
    alt_indents_.pop_back();
  }
  if (col != indents_.back()) {
    std::string_view text = line_text(line_start_, true);
    return fail_at(SyntaxErrorInfo::Kind::kIndentation, line_, int(utf8::count(text)), -1,
                   "unindent does not match any outer indentation level", true);
  }
  return alt_col == alt_indents_.back() || tab_error();
}

// INDENT and DEDENT have no place of their own; end_col remembers how far the line had been read.
bool Tokenizer::emit_pending_indent(Token& token) {
  Tok kind = pending_indents_ > 0 ? Tok::kIndent : Tok::kDedent;
  pending_indents_ += pending_indents_ > 0 ? -1 : 1;
  token_line_ = line_;
  token_line_start_ = line_start_;
  if (options_.extra_tokens) {
    return emit(token, kind, kind == Tok::kIndent ? line_start_ : cur_, cur_);
  }
  emit(token, kind, cur_, cur_);
  token.col = -1;
  if (after_eof_ && line_start_ == end_ && line_ > 1) {
    // Nothing follows the last newline, so Python has not begun another line.
    const char* start = end_ - 1;
    while (start > text_.data() && start[-1] != '\n') start--;
    token.line = token.end_line = line_ - 1;
    token.end_col = int32_t(end_ - start);
  }
  return true;
}

bool Tokenizer::unclosed_bracket(SyntaxErrorInfo& error) const {
  if (brackets_.empty()) return false;
  const OpenBracket& open = brackets_.back();
  const char* start = text_.data();
  for (int line = 1; line < open.line; line++) {
    start = static_cast<const char*>(memchr(start, '\n', size_t(end_ - start))) + 1;
  }
  error = {};
  error.message = format_text(arena_, "'%c' was never closed", open.c);
  error.lineno = error.end_lineno = open.line;
  error.col = int(utf8::count({start, size_t(open.col)})) + 1;
  error.has_text = true;
  // Python still holds the last line with its newline, earlier ones without.
  error.text = line_text(start, open.line >= line_ - 1);
  return true;
}

bool Tokenizer::end_of_input(Token& token) {
  after_eof_ = true;
  if (unclosed_bracket(error_)) {
    error_at_eof_ = failed_ = true;
    return false;
  }
  token_line_ = line_;
  token_line_start_ = line_start_;
  emit(token, Tok::kEndMarker, cur_, cur_);
  if (!options_.extra_tokens && line_start_ == end_ && line_ > 1) {
    const char* start = end_ - 1;
    while (start > text_.data() && start[-1] != '\n') start--;
    token.line = token.end_line = line_ - 1;
    token.col = -1;
    token.end_col = int32_t(end_ - start);
  } else if (!options_.extra_tokens) {
    token.col = -1;
  }
  return true;
}

// After a backslash: swallows the newline behind it.
bool Tokenizer::read_continuation() {
  if (*cur_ != '\n') {
    int col = int(utf8::count({line_start_, size_t(cur_ - line_start_)}));
    if (cur_ < end_) col++;
    return fail_at(SyntaxErrorInfo::Kind::kSyntax, line_, col, 0,
                   "unexpected character after line continuation character", true);
  }
  const char* this_line = line_start_;
  int this_line_number = line_;
  cur_++;
  line_++;
  line_start_ = cur_;
  if (cur_ == end_) {
    if (!brackets_.empty()) {
      Token unused;
      return end_of_input(unused);
    }
    error_at_eof_ = true;
    line_start_ = this_line;
    int col = int(utf8::count({this_line, size_t(cur_ - this_line)}));
    return fail_at(SyntaxErrorInfo::Kind::kSyntax, this_line_number, col, -1, "unexpected EOF while parsing", true);
  }
  return true;
}

bool Tokenizer::read_comment(Token& token, bool& emitted) {
  const char* start = cur_;
  const void* newline = memchr(cur_, '\n', size_t(end_ - cur_));
  cur_ = newline != nullptr ? static_cast<const char*>(newline) : end_;
  emitted = options_.extra_tokens;
  if (emitted) emit(token, Tok::kComment, start, cur_);
  return true;
}

// A type comment is a token of its own, from `start` ("#") to cur_; false: it is an ordinary comment.
bool Tokenizer::read_type_comment(Token& token, const char* start, bool& blank_line) {
  const char* p = start + 1;
  auto skip_blanks = [&] {
    while (p < cur_ && (*p == ' ' || *p == '\t')) p++;
  };
  skip_blanks();
  constexpr std::string_view kPrefix = "type:", kIgnore = "ignore";
  if (!std::string_view(p, size_t(cur_ - p)).starts_with(kPrefix)) return false;
  p += kPrefix.size();
  skip_blanks();
  bool ignore = std::string_view(p, size_t(cur_ - p)).starts_with(kIgnore);
  if (ignore && p + kIgnore.size() < cur_) {
    unsigned char next = static_cast<unsigned char>(p[kIgnore.size()]);
    ignore = next < 128 && !isalnum(next);
  }
  if (!ignore) {
    // Even alone on its line it ends with a NEWLINE: the grammar says where that may stand.
    return emit(token, Tok::kTypeComment, p, cur_);
  }
  emit(token, Tok::kTypeIgnore, p + kIgnore.size(), cur_);
  comment_line_is_blank_ = blank_line;
  return true;
}

// At a "\n". Emits NEWLINE, or NL in extra_tokens mode when the line holds no statement's end.
bool Tokenizer::read_newline(Token& token, bool blank_line, bool& emitted) {
  bool significant = !blank_line && brackets_.empty();
  at_line_start_ = true;
  emitted = significant || options_.extra_tokens;
  if (emitted) {
    bool invisible = options_.newline_was_added && cur_ + 1 == end_;
    emit(token, significant ? Tok::kNewline : Tok::kNl, cur_, cur_ + (options_.extra_tokens && !invisible ? 1 : 0));
  }
  cur_++;
  line_++;
  line_start_ = cur_;
  return true;
}

bool Tokenizer::next_in_expression(Token& token) {
  bool blank_line = false;
  const char* comment = nullptr;  // a NEWLINE begins where the comment before it does
  for (;;) {
    if (at_line_start_) {
      at_line_start_ = false;
      blank_line = false;
      if (cur_ == end_) after_eof_ = true;
      if (!read_indentation(blank_line)) return false;
    }
    if (pending_indents_ != 0) return emit_pending_indent(token);
    while (*cur_ == ' ' || *cur_ == '\t' || *cur_ == '\f') cur_++;
    token_start_ = cur_;
    token_line_ = line_;
    token_line_start_ = line_start_;
    char c = *cur_;
    if (c == '#') {
      bool emitted = false;
      comment = cur_;
      read_comment(token, emitted);
      if (options_.type_comments && read_type_comment(token, comment, blank_line)) return true;
      if (emitted) {
        // Whether the newline behind belongs to a statement must survive until the next call.
        at_line_start_ = false;
        comment_line_is_blank_ = blank_line;
        return true;
      }
      continue;
    }
    if (has_class(c, kIdentStart)) return read_name_or_string(token);
    if (c == '\n') {
      bool emitted = false;
      read_newline(token, blank_line || comment_line_is_blank_, emitted);
      if (comment != nullptr && emitted) token.col -= int32_t(token.start - uint32_t(comment - text_.data()));
      comment = nullptr;
      comment_line_is_blank_ = false;
      if (emitted) return true;
      continue;
    }
    cur_++;
    if (c >= '0' && c <= '9') return read_number(token, c);
    if (c == '"' || c == '\'') return read_string(token, c);
    if (c == '\\') {
      if (!read_continuation()) return false;
      continue;
    }
    if (c == '.' && is_digit(*cur_)) return read_fraction_or_exponent(token, true);
    if (cur_ > end_) {
      cur_ = end_;
      return end_of_input(token);
    }
    return read_operator(token, c);
  }
}

// ---- Names ----

bool Tokenizer::check_prefixes(bool b, bool r, bool u, bool f, bool t) {
  struct Pair {
    bool both;
    const char* message;
  };
  const Pair kPairs[] = {
      {u && b, "'u' and 'b' prefixes are incompatible"}, {u && r, "'u' and 'r' prefixes are incompatible"},
      {u && f, "'u' and 'f' prefixes are incompatible"}, {u && t, "'u' and 't' prefixes are incompatible"},
      {b && f, "'b' and 'f' prefixes are incompatible"}, {b && t, "'b' and 't' prefixes are incompatible"},
      {f && t, "'f' and 't' prefixes are incompatible"},
  };
  for (const Pair& pair : kPairs) {
    if (pair.both) {
      return fail_range(int(token_start_ + 1 - line_start_), int(cur_ + 1 - line_start_), pair.message);
    }
  }
  return true;
}

bool Tokenizer::verify_identifier(const char* start, const char* end) {
  const char* p = start;
  while (p < end) {
    const char* here = p;
    uint32_t cp = utf8::decode_lenient(p);
    bool good = here == start ? is_identifier_start(cp) : is_identifier_continue(cp);
    if (good) continue;
    cur_ = p;
    if (is_printable(cp)) {
      return fail("invalid character '%.*s' (U+%04X)", int(p - here), here, cp);
    }
    return fail("invalid non-printable character U+%04X", cp);
  }
  return true;
}

bool Tokenizer::read_name_or_string(Token& token) {
  const char* start = cur_;
  const char* p = cur_;
  uint8_t seen = 0;
  while (has_class(*p, kIdentPart)) seen |= uint8_t(*p++);
  if ((*p == '"' || *p == '\'') && p - start <= 5) [[unlikely]] {
    bool b = false, r = false, u = false, f = false, t = false;
    const char* q = start;
    for (; q < p; q++) {
      char lower = char(*q | 0x20);
      bool* flag = lower == 'b'   ? &b
                   : lower == 'r' ? &r
                   : lower == 'u' ? &u
                   : lower == 'f' ? &f
                   : lower == 't' ? &t
                                  : nullptr;
      if (flag == nullptr || *flag) break;
      *flag = true;
    }
    if (q == p) {
      cur_ = p;
      if (!check_prefixes(b, r, u, f, t)) return false;
      cur_ = p + 1;
      if (f || t) return start_formatted_string(token, f ? 'f' : 't', r, *p);
      return read_string(token, *p);
    }
  }
  cur_ = p;
  if ((seen & 0x80) && !options_.extra_tokens && !verify_identifier(start, p)) return false;
  Tok kind = keyword_kind({start, size_t(p - start)});
  return emit(token, kind, start, p);
}

// ---- Numbers ----

// A number may touch a keyword ("1if x") but no other name; `kind` is for messages. cur_ is behind the number.
bool Tokenizer::end_of_number(const char* kind) {
  char c = *cur_;
  if (!has_class(c, kIdentPart) || options_.extra_tokens) return true;
  static constexpr const char* kMayFollow[] = {"and", "else", "for", "if", "in", "is", "or", "not"};
  for (const char* word : kMayFollow) {
    if (strncmp(cur_, word, strlen(word)) != 0) continue;
    int col = int(utf8::count({line_start_, size_t(cur_ - line_start_)}));
    std::string_view message = format_text(arena_, "invalid %s literal", kind);
    warnings_.push_back({message, message, line_, col, line_, col});
    return true;
  }
  if (uint8_t(c) >= 128) {
    // A non-ASCII name directly behind is left to the identifier check.
    return true;
  }
  return fail("invalid %s literal", kind);
}

// Digits with single underscores between them, the first already known to be a digit.
bool Tokenizer::read_decimal_tail() {
  for (;;) {
    while (is_digit(*cur_)) cur_++;
    if (*cur_ != '_') return true;
    cur_++;
    if (!is_digit(*cur_)) return fail("invalid decimal literal");
  }
}

bool Tokenizer::read_radix_number(Token& token, int base, const char* name) {
  auto is_radix_digit = [base](char c) { return base == 16 ? has_class(c, kHex) : c >= '0' && c < '0' + base; };
  cur_++;
  for (;;) {
    if (*cur_ == '_') cur_++;
    if (!is_radix_digit(*cur_)) {
      if (is_digit(*cur_)) {
        char digit = *cur_++;
        return fail("invalid digit '%c' in %s literal", digit, name);
      }
      return fail("invalid %s literal", name);
    }
    while (is_radix_digit(*cur_)) cur_++;
    if (*cur_ != '_') break;
  }
  if (is_digit(*cur_)) {
    char digit = *cur_++;
    return fail("invalid digit '%c' in %s literal", digit, name);
  }
  if (!end_of_number(name)) return false;
  return emit(token, Tok::kNumber, token_start_, cur_);
}

// At the first digit behind a point, or (fraction_started false) at whatever follows the integer part.
bool Tokenizer::read_fraction_or_exponent(Token& token, bool fraction_started) {
  if (!fraction_started && *cur_ == '.') {
    cur_++;
    fraction_started = true;
  }
  if (fraction_started && is_digit(*cur_) && !read_decimal_tail()) return false;
  if (*cur_ == 'e' || *cur_ == 'E') {
    const char* exponent = cur_++;
    if (*cur_ == '+' || *cur_ == '-') {
      cur_++;
      if (!is_digit(*cur_)) return fail("invalid decimal literal");
    } else if (!is_digit(*cur_)) {
      cur_ = exponent;
      if (!end_of_number("decimal")) return false;
      return emit(token, Tok::kNumber, token_start_, cur_);
    }
    if (!read_decimal_tail()) return false;
  }
  if (*cur_ == 'j' || *cur_ == 'J') {
    cur_++;
    if (!end_of_number("imaginary")) return false;
  } else if (!end_of_number("decimal")) {
    return false;
  }
  return emit(token, Tok::kNumber, token_start_, cur_);
}

bool Tokenizer::read_number(Token& token, char first) {
  if (first != '0') {
    cur_--;
    if (!read_decimal_tail()) return false;
    return read_fraction_or_exponent(token, false);
  }
  switch (*cur_) {
    case 'x':
    case 'X': return read_radix_number(token, 16, "hexadecimal");
    case 'o':
    case 'O': return read_radix_number(token, 8, "octal");
    case 'b':
    case 'B': return read_radix_number(token, 2, "binary");
    default: break;
  }
  for (;;) {
    if (*cur_ == '_') {
      cur_++;
      if (!is_digit(*cur_)) return fail("invalid decimal literal");
    }
    if (*cur_ != '0') break;
    cur_++;
  }
  const char* zeros_end = cur_;
  bool nonzero = is_digit(*cur_);
  if (nonzero && !read_decimal_tail()) return false;
  char c = *cur_;
  bool is_float = c == '.' || c == 'e' || c == 'E' || c == 'j' || c == 'J';
  if (nonzero && !is_float && !options_.extra_tokens) {
    return fail_range(int(token_start_ + 1 - line_start_), int(zeros_end + 1 - line_start_),
                      "leading zeros in decimal integer literals are not permitted; "
                      "use an 0o prefix for octal integers");
  }
  return read_fraction_or_exponent(token, false);
}

// ---- Plain strings ----

// Behind the opening quote character; token_start_ is at the prefix.
bool Tokenizer::read_string(Token& token, char quote) {
  int quote_size = 1;
  int closing = 0;
  if (*cur_ == quote) {
    cur_++;
    if (*cur_ == quote) {
      cur_++;
      quote_size = 3;
    } else {
      closing = 1;
    }
  }
  bool has_escaped_quote = false;
  while (closing != quote_size) {
    char c = *cur_;
    if (cur_ == end_ || (quote_size == 1 && c == '\n')) {
      int detected = line_ - (cur_ == end_ && line_start_ == end_ && line_ > 1 ? 1 : 0);
      error_at_eof_ = cur_ == end_;
      cur_ = token_start_ + 1;
      line_start_ = token_line_start_;
      line_ = token_line_;
      if (!modes_.empty() && modes_.back().quote == quote && modes_.back().quote_size == quote_size) {
        return fail("%c-string: expecting '}'", modes_.back().prefix);
      }
      if (quote_size == 3) return fail("unterminated triple-quoted string literal (detected at line %d)", detected);
      if (has_escaped_quote) {
        return fail("unterminated string literal (detected at line %d); perhaps you escaped the end quote?", detected);
      }
      return fail("unterminated string literal (detected at line %d)", detected);
    }
    cur_++;
    if (c == quote) {
      closing++;
      continue;
    }
    closing = 0;
    if (c == '\\') {
      if (*cur_ == quote) has_escaped_quote = true;
      if (cur_ == end_) continue;
      c = *cur_++;
    }
    if (c == '\n') {
      line_++;
      line_start_ = cur_;
    }
  }
  return emit(token, Tok::kString, token_start_, cur_);
}

// ---- f- and t-strings ----

bool Tokenizer::start_formatted_string(Token& token, char prefix, bool raw, char quote) {
  int quote_size = 1;
  if (cur_[0] == quote && cur_[1] == quote) {
    quote_size = 3;
    cur_ += 2;
  }
  if (int(modes_.size()) + 1 >= kMaxStringLevel) return fail("too many nested f-strings or t-strings");
  modes_.push_back({quote, uint8_t(quote_size), prefix, raw, true, false, 0, -1, token_start_, line_start_, line_});
  return emit(token, prefix == 'f' ? Tok::kFStringStart : Tok::kTStringStart, token_start_, cur_);
}

bool Tokenizer::check_invalid_escape_in_text(char c) {
  int col = int(utf8::count({line_start_, size_t(cur_ - line_start_)}));
  warnings_.push_back(
      {format_text(arena_,
                   "\"\\%c\" is an invalid escape sequence. Such sequences will not work in the future. "
                   "Did you mean \"\\\\%c\"? A raw string is also an option.",
                   c, c),
       format_text(arena_,
                   "\"\\%c\" is an invalid escape sequence. Did you mean \"\\\\%c\"? A raw string is "
                   "also an option.",
                   c, c),
       line_, col, line_, col});
  return true;
}

bool Tokenizer::text_token(Token& token, const char* end) {
  return emit(token, modes_.back().prefix == 'f' ? Tok::kFStringMiddle : Tok::kTStringMiddle, token_start_, end);
}

// A doubled brace stands for one: the text ends behind the first, but the token's place includes the second.
bool Tokenizer::doubled_brace(Token& token) {
  text_token(token, cur_++);
  token.end_col++;
  return true;
}

// The end of the line or of the source inside a formatted string.
bool Tokenizer::unterminated_text(bool in_format_spec) {
  const StringMode& mode = modes_.back();
  if (in_format_spec && cur_ < end_) {
    cur_++;
    return fail("%c-string: newlines are not allowed in format specifiers for single quoted %c-strings", mode.prefix,
                mode.prefix);
  }
  int detected = line_ - (cur_ == end_ && line_start_ == end_ && line_ > 1 ? 1 : 0);
  error_at_eof_ = cur_ == end_;
  cur_ = mode.start + 1;
  line_start_ = mode.line_start;
  line_ = mode.line;
  return fail(mode.quote_size == 3 ? "unterminated triple-quoted %c-string literal (detected at line %d)"
                                   : "unterminated %c-string literal (detected at line %d)",
              mode.prefix, detected);
}

bool Tokenizer::next_in_text(Token& token) {
  StringMode* mode = &modes_.back();
  token_start_ = cur_;
  token_line_ = line_;
  token_line_start_ = line_start_;
  auto enter_field = [&]() -> bool {
    mode->expression_depth++;
    if (mode->expression_depth >= kMaxExpressionNesting) {
      return fail("%c-string: expressions nested too deeply", mode->prefix);
    }
    mode->in_text = false;
    return true;
  };
  if (cur_[0] == '{' && cur_[1] != '{') {
    // The bracket itself is counted when the expression reader sees it.
    if (!enter_field()) return false;
    return next_in_expression(token);
  }
  bool closes = true;
  for (int i = 0; i < mode->quote_size && closes; i++) closes = cur_[i] == mode->quote;
  if (closes) {
    cur_ += mode->quote_size;
    Tok kind = mode->prefix == 'f' ? Tok::kFStringEnd : Tok::kTStringEnd;
    modes_.pop_back();
    return emit(token, kind, token_start_, cur_);
  }
  int closing = 0;
  bool named_escape = false;
  while (closing != mode->quote_size) {
    char c = *cur_;
    bool in_format_spec = mode->in_format_spec && mode->expression_depth >= 0;
    if (cur_ == end_ || (mode->quote_size == 1 && c == '\n')) {
      return unterminated_text(in_format_spec);
    }
    cur_++;
    if (c == mode->quote) {
      closing++;
      continue;
    }
    closing = 0;
    if (c == '\n') {
      line_++;
      line_start_ = cur_;
    } else if (c == '{') {
      if (*cur_ != '{' || in_format_spec) {
        cur_--;
        if (!enter_field()) return false;
        return text_token(token, cur_);
      }
      return doubled_brace(token);
    } else if (c == '}') {
      if (named_escape) return text_token(token, cur_);
      if (*cur_ == '}' && !in_format_spec && mode->bracket_depth == 0) {
        return doubled_brace(token);
      }
      cur_--;
      mode->in_text = false;
      return text_token(token, cur_);
    } else if (c == '\\') {
      char escaped = *cur_;
      if (escaped == '{' || escaped == '}') {
        cur_++;
        if (!mode->raw && !check_invalid_escape_in_text(escaped)) return false;
        cur_--;
        continue;
      }
      if (cur_ == end_) continue;
      cur_++;
      if (escaped == '\n') {
        line_++;
        line_start_ = cur_;
      }
      if (!mode->raw && escaped == 'N' && *cur_ == '{') {
        cur_++;
        named_escape = true;
      }
    }
  }
  cur_ -= mode->quote_size;
  return text_token(token, cur_);
}

// ---- Operators ----

bool Tokenizer::open_bracket(char c) {
  if (brackets_.size() >= kMaxLevel) return fail("too many nested parentheses");
  brackets_.push_back({c, line_, int(token_start_ - line_start_)});
  if (!modes_.empty()) modes_.back().bracket_depth++;
  return true;
}

bool Tokenizer::close_bracket(char c) {
  StringMode* mode = modes_.empty() ? nullptr : &modes_.back();
  if (mode != nullptr && mode->bracket_depth == 0 && c == '}') {
    return fail("%c-string: single '}' is not allowed", mode->prefix);
  }
  if (brackets_.empty()) return options_.extra_tokens || fail("unmatched '%c'", c);
  OpenBracket open = brackets_.back();
  brackets_.pop_back();
  bool matches = (open.c == '(' && c == ')') || (open.c == '[' && c == ']') || (open.c == '{' && c == '}');
  if (!options_.extra_tokens && !matches) {
    if (mode != nullptr && open.c == '{' && mode->bracket_depth - 1 == mode->expression_depth) {
      return fail("%c-string: unmatched '%c'", mode->prefix, c);
    }
    if (open.line != line_) {
      return fail("closing parenthesis '%c' does not match opening parenthesis '%c' on line %d", c, open.c, open.line);
    }
    return fail("closing parenthesis '%c' does not match opening parenthesis '%c'", c, open.c);
  }
  if (mode != nullptr && mode->bracket_depth > 0) {
    mode->bracket_depth--;
    if (c == '}' && mode->bracket_depth == mode->expression_depth) {
      mode->expression_depth--;
      mode->in_text = true;
      mode->in_format_spec = false;
    }
  }
  return true;
}

namespace {

// The longest operator at `p`; its length goes to *length. kOp when there is none.
Tok operator_at(const char* p, int* length) {
  auto take = [&](Tok kind, int n) {
    *length = n;
    return kind;
  };
  char second = p[1];
  auto with_equal = [&](Tok plain, Tok assigning) { return second == '=' ? take(assigning, 2) : take(plain, 1); };
  auto doubled = [&](Tok plain, Tok assigning, Tok twice, Tok twice_assigning) {
    if (second == p[0]) return p[2] == '=' ? take(twice_assigning, 3) : take(twice, 2);
    return with_equal(plain, assigning);
  };
  switch (p[0]) {
    case '(': return take(Tok::kLPar, 1);
    case ')': return take(Tok::kRPar, 1);
    case '[': return take(Tok::kLSqb, 1);
    case ']': return take(Tok::kRSqb, 1);
    case '{': return take(Tok::kLBrace, 1);
    case '}': return take(Tok::kRBrace, 1);
    case ',': return take(Tok::kComma, 1);
    case ';': return take(Tok::kSemi, 1);
    case '~': return take(Tok::kTilde, 1);
    case '.': return second == '.' && p[2] == '.' ? take(Tok::kEllipsis, 3) : take(Tok::kDot, 1);
    case ':': return with_equal(Tok::kColon, Tok::kColonEqual);
    case '=': return with_equal(Tok::kEqual, Tok::kEqEqual);
    case '!': return with_equal(Tok::kExclamation, Tok::kNotEqual);
    case '+': return with_equal(Tok::kPlus, Tok::kPlusEqual);
    case '-': return second == '>' ? take(Tok::kRArrow, 2) : with_equal(Tok::kMinus, Tok::kMinEqual);
    case '%': return with_equal(Tok::kPercent, Tok::kPercentEqual);
    case '&': return with_equal(Tok::kAmper, Tok::kAmperEqual);
    case '|': return with_equal(Tok::kVBar, Tok::kVBarEqual);
    case '^': return with_equal(Tok::kCircumflex, Tok::kCircumflexEqual);
    case '@': return with_equal(Tok::kAt, Tok::kAtEqual);
    case '*': return doubled(Tok::kStar, Tok::kStarEqual, Tok::kDoubleStar, Tok::kDoubleStarEqual);
    case '/': return doubled(Tok::kSlash, Tok::kSlashEqual, Tok::kDoubleSlash, Tok::kDoubleSlashEqual);
    case '<':
      if (second == '>') return take(Tok::kNotEqual, 2);
      return doubled(Tok::kLess, Tok::kLessEqual, Tok::kLeftShift, Tok::kLeftShiftEqual);
    case '>': return doubled(Tok::kGreater, Tok::kGreaterEqual, Tok::kRightShift, Tok::kRightShiftEqual);
    default: return take(Tok::kOp, 1);
  }
}

}  // namespace

// cur_ is behind `c`.
bool Tokenizer::read_operator(Token& token, char c) {
  if (inside_field() && c == ':') {
    StringMode& mode = modes_.back();
    if (mode.bracket_depth - 1 == mode.expression_depth) {
      mode.in_text = true;
      mode.in_format_spec = true;
      return emit(token, Tok::kColon, token_start_, cur_);
    }
  }
  int length;
  Tok kind = operator_at(token_start_, &length);
  if (options_.extra_tokens && c == '<' && token_start_[1] == '>') {
    kind = Tok::kLess;  // only the parser knows when `<>` is an operator
    length = 1;
  }
  cur_ = token_start_ + length;
  if (kind == Tok::kLPar || kind == Tok::kLSqb || kind == Tok::kLBrace) {
    if (!open_bracket(c)) return false;
  } else if (kind == Tok::kRPar || kind == Tok::kRSqb || kind == Tok::kRBrace) {
    if (!close_bracket(c)) return false;
  } else if (kind == Tok::kOp && uint8_t(c) < 0x20) {
    return fail("invalid non-printable character U+%04X", unsigned(uint8_t(c)));
  } else if (kind == Tok::kOp && c == 0x7F) {
    return fail("invalid non-printable character U+007F");
  }
  return emit(token, kind, token_start_, cur_);
}

}  // namespace typhon::parser
