// String, bytes, f-string and t-string literals: escapes, implicit concatenation, replacement fields.
#include "base/utf8.h"
#include "parser/parser_internal.h"

namespace typhon::parser {

using namespace ast;  // NOLINT: this file is about nothing else

namespace {

// Where the text between the quotes begins and ends, and what the prefix says.
struct LiteralShape {
  std::string_view body;
  bool is_bytes = false;
  bool is_raw = false;
  bool has_u = false;
};

LiteralShape literal_shape(std::string_view literal) {
  LiteralShape shape;
  size_t i = 0;
  for (; literal[i] != '"' && literal[i] != '\''; i++) {
    char c = char(literal[i] | 0x20);
    shape.is_bytes |= c == 'b';
    shape.is_raw |= c == 'r';
    shape.has_u |= literal[i] == 'u';
  }
  size_t quotes = literal.size() - i >= 6 && literal[i + 1] == literal[i] && literal[i + 2] == literal[i] ? 3 : 1;
  shape.body = literal.substr(i + quotes, literal.size() - i - 2 * quotes);
  return shape;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = char(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Whether a token opens a raw f- or t-string.
bool is_raw_start(std::string_view text) {
  return (text[0] | 0x20) == 'r' || (text.size() > 1 && (text[1] | 0x20) == 'r');
}

}  // namespace

// Python reports positions in a buffer in which each non-ASCII character has become ten ("\UXXXXXXXX").
bool Parser::fail_decode(const Token& token, size_t from, size_t to, const char* reason) {
  std::string_view body = token.kind == Tok::kString ? literal_shape(text_of(token)).body : text_of(token);
  auto position = [&](size_t at) {
    size_t n = 0;
    for (size_t i = 0; i < at; i++) n += uint8_t(body[i]) < 128 ? 1 : (uint8_t(body[i]) & 0xC0) != 0x80 ? 10 : 0;
    return n;
  };
  size_t first = position(from);
  size_t last = position(to) - 1;
  std::string_view message =
      first == last
          ? format_text(arena_, "(unicode error) 'unicodeescape' codec can't decode byte 0x5c in position %zu: %s",
                        first, reason)
          : format_text(arena_, "(unicode error) 'unicodeescape' codec can't decode bytes in position %zu-%zu: %s",
                        first, last, reason);
  fail_hard(SyntaxErrorInfo::Kind::kSyntax, token, token, message);
  return false;
}

void Parser::warn_escape(const Token& token, const char* at, std::string_view escape, bool octal) {
  int line = token.line;
  const char* begin = context_.text.data() + token.start;
  const char* line_start = begin - token.col;
  for (const char* p = begin; p < at; p++) {
    if (*p == '\n') {
      line++;
      line_start = p + 1;
    }
  }
  int n = int(escape.size());
  const char* kind = octal ? "octal escape" : "escape";
  Warning warning;
  warning.message = format_text(arena_,
                                "\"\\%.*s\" is an invalid %s sequence. Such sequences will not work in the future. Did "
                                "you mean \"\\\\%.*s\"? A raw string is also an option.",
                                n, escape.data(), kind, n, escape.data());
  warning.error_message = format_text(
      arena_, "\"\\%.*s\" is an invalid %s sequence. Did you mean \"\\\\%.*s\"? A raw string is also an option.", n,
      escape.data(), kind, n, escape.data());
  warning.lineno = warning.end_lineno = line;
  warning.col = int(utf8::count({line_start, size_t(at - line_start)})) + 1;
  warning.end_col = warning.col + 2;
  // A literal may be read more than once (see with_items_in_parens); it warns once.
  for (const Warning& old : context_.warnings) {
    if (old.lineno == warning.lineno && old.col == warning.col) return;
  }
  context_.warnings.push_back(warning);
}

// Behind "\x", "\u" or "\U": reads the digits.
bool Parser::hex_escape(const Token& token, std::string_view body, bool is_bytes, const char*& p, uint32_t& value) {
  const char* begin = body.data();
  const char* end = begin + body.size();
  const char* backslash = p - 2;
  char c = p[-1];
  int digits = c == 'x' ? 2 : c == 'u' ? 4 : 8;
  int i = 0;
  for (; i < digits && p < end && hex_digit(*p) >= 0; i++) value = value << 4 | uint32_t(hex_digit(*p++));
  if (i == digits && value <= 0x10FFFF) return true;
  size_t from = size_t(backslash - begin);
  if (is_bytes) {
    fail_hard(SyntaxErrorInfo::Kind::kSyntax, token, token,
              format_text(arena_, "(value error) invalid \\x escape at position %zu", from));
    return false;
  }
  return fail_decode(token, from, size_t(p - begin),
                     i == digits ? "illegal Unicode character"
                     : c == 'x'  ? "truncated \\xXX escape"
                     : c == 'u'  ? "truncated \\uXXXX escape"
                                 : "truncated \\UXXXXXXXX escape");
}

// Behind "\N": reads "{NAME}".
bool Parser::named_escape(const Token& token, std::string_view body, const char*& p, uint32_t& value) {
  const char* begin = body.data();
  const char* end = begin + body.size();
  const char* backslash = p - 2;
  const char* reason = "malformed \\N character escape";
  if (p < end && *p == '{') {
    const char* name = ++p;
    while (p < end && *p != '}') p++;
    if (p < end && p > name) {
      const ParseOptions& options = context_.options;
      NameLookup found = options.unicode_name_lookup == nullptr
                             ? NameLookup::kUnknown
                             : options.unicode_name_lookup(options.unicode_name_context, {name, size_t(p - name)}, &value);
      p++;
      if (found == NameLookup::kFound) return true;
      if (found == NameLookup::kNoDatabase) {
        fail_hard(SyntaxErrorInfo::Kind::kSyntax, token, token,
                  "(unicode error) \\N escapes not supported (can't load unicodedata module)");
        return false;
      }
      reason = "unknown Unicode character name";
    }
  }
  return fail_decode(token, size_t(backslash - begin), size_t(p - begin), reason);
}

// Only the first invalid escape of a literal warns. A backslash before a non-ASCII character or at the very end (where
// a replacement field follows) stands for itself.
bool Parser::decode_escapes(const Token& token, std::string_view body, bool is_bytes, std::string_view& out) {
  char* buffer = arena_.make_array<char>(body.size() + 1);
  char* o = buffer;
  const char* begin = body.data();
  const char* p = begin;
  const char* end = p + body.size();
  bool warned = false;
  auto emit = [&](uint32_t cp) {
    if (is_bytes) {
      *o++ = char(cp);
    } else {
      o += utf8::encode(cp, o);
    }
  };
  while (p < end) {
    const void* found = memchr(p, '\\', size_t(end - p));
    const char* backslash = found != nullptr ? static_cast<const char*>(found) : end;
    memcpy(o, p, size_t(backslash - p));
    o += backslash - p;
    if (backslash == end) break;
    p = backslash + 1;
    if (p == end || uint8_t(*p) >= 128) {
      *o++ = '\\';
      continue;
    }
    char c = *p++;
    switch (c) {
      case '\n': continue;
      case '\\':
      case '\'':
      case '"': *o++ = c; continue;
      case 'b': *o++ = '\b'; continue;
      case 'f': *o++ = '\f'; continue;
      case 't': *o++ = '\t'; continue;
      case 'n': *o++ = '\n'; continue;
      case 'r': *o++ = '\r'; continue;
      case 'v': *o++ = '\v'; continue;
      case 'a': *o++ = '\a'; continue;
      case '0':
      case '1':
      case '2':
      case '3':
      case '4':
      case '5':
      case '6':
      case '7': {
        uint32_t value = uint32_t(c - '0');
        for (int i = 0; i < 2 && p < end && *p >= '0' && *p <= '7'; i++) value = value * 8 + uint32_t(*p++ - '0');
        if (value > 0377 && !warned) {
          warned = true;
          warn_escape(token, backslash, {backslash + 1, size_t(p - backslash - 1)}, true);
        }
        emit(value);
        continue;
      }
      case 'x':
      case 'u':
      case 'U':
      case 'N': {
        if (is_bytes && c != 'x') break;
        uint32_t value = 0;
        bool ok = c == 'N' ? named_escape(token, body, p, value) : hex_escape(token, body, is_bytes, p, value);
        if (!ok) return false;
        emit(value);
        continue;
      }
      default: break;
    }
    *o++ = '\\';
    *o++ = c;
    // The tokenizer has already warned about braces.
    bool brace_in_text = token.kind != Tok::kString && (c == '{' || c == '}');
    if (!warned && !brace_in_text) {
      warned = true;
      warn_escape(token, backslash, {backslash + 1, 1}, false);
    }
  }
  out = {buffer, size_t(o - buffer)};
  return true;
}

bool Parser::decode_string(const Token& token, std::string_view& out, bool& is_bytes, bool& has_u) {
  LiteralShape shape = literal_shape(text_of(token));
  is_bytes = shape.is_bytes;
  has_u = shape.has_u;
  if (is_bytes) {
    for (char c : shape.body) {
      if (uint8_t(c) < 128) continue;
      fail_hard(SyntaxErrorInfo::Kind::kSyntax, token, token, "bytes can only contain ASCII literal characters");
      return false;
    }
  }
  if (shape.is_raw || memchr(shape.body.data(), '\\', shape.body.size()) == nullptr) {
    out = shape.body;
    return true;
  }
  return decode_escapes(token, shape.body, is_bytes, out);
}

// One or more adjacent literals.
Expr* Parser::strings() {
  const Token* start = t_;
  List parts(*this);
  bool any_bytes = false, any_text = false, any_formatted = false, any_template = false;
  for (;;) {
    const Token* token = t_;
    if (at(Tok::kString)) {
      std::string_view text;
      bool is_bytes, has_u;
      if (!decode_string(*token, text, is_bytes, has_u)) return nullptr;
      t_++;
      Constant* constant = node<Constant>(token);
      constant->value.type = is_bytes ? ConstantValue::Type::kBytes : ConstantValue::Type::kStr;
      constant->value.text = text;
      if (has_u) constant->kind = "u";
      parts.push(constant);
      (is_bytes ? any_bytes : any_text) = true;
    } else if (at(Tok::kFStringStart) || at(Tok::kTStringStart)) {
      (at(Tok::kFStringStart) ? any_formatted : any_template) = true;
      if (formatted_string(parts) == nullptr) return nullptr;
    } else {
      break;
    }
  }
  if (any_template && (any_bytes || any_text || any_formatted)) {
    return fail_hard(SyntaxErrorInfo::Kind::kSyntax, *start, t_[-1],
                     "cannot mix t-string literals with string or bytes literals");
  }
  if (any_bytes && (any_text || any_formatted)) {
    return fail_hard(SyntaxErrorInfo::Kind::kSyntax, *t_, *t_, "cannot mix bytes and nonbytes literals");
  }
  if (any_formatted || any_template) return concatenated(start, parts, any_template);
  Constant* first = static_cast<Constant*>(parts[0]);
  if (parts.size() == 1) return first;
  size_t total = 0;
  for (size_t i = 0; i < parts.size(); i++) total += static_cast<Constant*>(parts[i])->value.text.size();
  char* out = arena_.make_array<char>(total + 1);
  size_t n = 0;
  for (size_t i = 0; i < parts.size(); i++) {
    std::string_view text = static_cast<Constant*>(parts[i])->value.text;
    memcpy(out + n, text.data(), text.size());
    n += text.size();
  }
  Constant* result = node<Constant>(start);
  result->kind = first->kind;
  result->value.type = first->value.type;
  result->value.text = {out, n};
  return result;
}

// Joins neighbouring constants, drops empty ones, and wraps the rest in a JoinedStr or TemplateStr.
Expr* Parser::concatenated(const Token* start, List& parts, bool is_template) {
  size_t kept = 0;
  for (size_t i = 0; i < parts.size();) {
    Expr* first = static_cast<Expr*>(parts[i]);
    if (!is<Constant>(first)) {
      parts[kept++] = first;
      i++;
      continue;
    }
    size_t total = 0;
    size_t end = i;
    for (; end < parts.size() && is<Constant>(static_cast<Expr*>(parts[end])); end++) {
      total += static_cast<Constant*>(parts[end])->value.text.size();
    }
    Constant* merged = static_cast<Constant*>(first);
    if (end > i + 1) {
      char* out = arena_.make_array<char>(total + 1);
      size_t n = 0;
      for (size_t j = i; j < end; j++) {
        std::string_view text = static_cast<Constant*>(parts[j])->value.text;
        memcpy(out + n, text.data(), text.size());
        n += text.size();
      }
      merged->value.text = {out, n};
      Expr* last = static_cast<Expr*>(parts[end - 1]);
      merged->end_lineno = last->end_lineno;
      merged->end_col_offset = last->end_col_offset;
    }
    if (total != 0) parts[kept++] = merged;
    i = end;
  }
  Seq<Expr*> values{arena_.make_array<Expr*>(kept), uint32_t(kept)};
  for (size_t i = 0; i < kept; i++) values[i] = static_cast<Expr*>(parts[i]);
  if (is_template) {
    TemplateStr* result = node<TemplateStr>(start);
    result->values = values;
    return result;
  }
  JoinedStr* result = node<JoinedStr>(start);
  result->values = values;
  return result;
}

// A token of literal text inside an f- or t-string. Empty results are dropped.
bool Parser::text_part(const Token& token, bool raw, List& values) {
  std::string_view text = text_of(token);
  if (!raw && memchr(text.data(), '\\', text.size()) != nullptr && !decode_escapes(token, text, false, text)) {
    return false;
  }
  if (text.empty()) return true;
  Constant* constant = node<Constant>(&token);
  constant->value.type = ConstantValue::Type::kStr;
  constant->value.text = text;
  values.push(constant);
  return true;
}

// From START to behind END; appends the parts to `values`. The result only says whether it worked.
Expr* Parser::formatted_string(List& values) {
  const Token* start = t_++;
  bool is_template = start->kind == Tok::kTStringStart;
  bool raw = is_raw_start(text_of(*start));
  for (;;) {
    switch (t_->kind) {
      case Tok::kFStringMiddle:
      case Tok::kTStringMiddle: {
        const Token& token = *t_++;
        if (!text_part(token, raw, values)) return nullptr;
        break;
      }
      case Tok::kLBrace:
        if (!replacement_field(values, is_template)) return nullptr;
        break;
      case Tok::kFStringEnd:
      case Tok::kTStringEnd: t_++; return node<JoinedStr>(start);
      default: return nullptr;
    }
  }
}

namespace {

// The source of an expression without its comments (which may stand between the lines of a field).
std::string_view without_comments(Arena& arena, std::string_view text) {
  if (text.find('#') == std::string_view::npos) return text;
  char* out = arena.make_array<char>(text.size());
  size_t n = 0;
  char quote = 0;
  for (size_t i = 0; i < text.size(); i++) {
    char c = text[i];
    if (quote != 0) {
      if (c == '\\' && i + 1 < text.size())
        out[n++] = text[i++], c = text[i];
      else if (c == quote)
        quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '#') {
      while (i < text.size() && text[i] != '\n') i++;
      if (i == text.size()) break;
      c = '\n';
    }
    out[n++] = c;
  }
  return {out, n};
}

}  // namespace

bool Parser::replacement_field(List& values, bool is_template) {
  if (!stack_ok()) return false;
  const Token* open = t_++;
  Expr* value = annotated_rhs();
  if (value == nullptr) return false;
  const Token* after_value = t_;
  bool debug = accept(Tok::kEqual);
  const Token* after = t_;
  std::string_view source = without_comments(arena_, context_.text.substr(open->end, after->start - open->end));
  int conversion = -1;
  if (at(Tok::kExclamation)) {
    const Token* mark = t_++;
    char kind = is_template ? 't' : 'f';
    if (!at(Tok::kName)) return false;
    const Token* name = t_++;
    if (name->line != mark->line || name->col != mark->end_col) {
      fail_hard(SyntaxErrorInfo::Kind::kSyntax, *mark, *name,
                format_text(arena_, "%c-string: conversion type must come right after the exclamation mark", kind));
      return false;
    }
    std::string_view text = text_of(*name);
    if (text != "s" && text != "r" && text != "a") {
      fail_hard(SyntaxErrorInfo::Kind::kSyntax, *name, *name,
                format_text(arena_, "%c-string: invalid conversion character '%.*s': expected 's', 'r', or 'a'", kind,
                            int(text.size()), text.data()));
      return false;
    }
    conversion = text[0];
  }
  Expr* spec = nullptr;
  if (at(Tok::kColon)) {
    const Token* colon = t_++;
    // Rawness of the enclosing literal: found by walking back to its START token.
    const Token* start = open;
    for (int nesting = 0;; start--) {
      if (start->kind == Tok::kFStringEnd || start->kind == Tok::kTStringEnd) nesting++;
      if ((start->kind == Tok::kFStringStart || start->kind == Tok::kTStringStart) && nesting-- == 0) break;
    }
    spec = format_spec(colon, is_raw_start(text_of(*start)));
    if (spec == nullptr) return false;
  }
  if (!accept(Tok::kRBrace)) return false;
  if (debug && conversion < 0 && spec == nullptr) conversion = 'r';
  if (debug) {
    Constant* label = node<Constant>(open);
    label->col_offset = open->end_col;
    label->end_lineno = after->line;
    label->end_col_offset = after->col;
    label->value.type = ConstantValue::Type::kStr;
    label->value.text = source;
    values.push(label);
  }
  if (is_template) {
    Interpolation* field = node<Interpolation>(open);
    field->value = value;
    field->str.type = ConstantValue::Type::kStr;
    field->str.text = without_comments(arena_, context_.text.substr(open->end, after_value->start - open->end));
    field->conversion = conversion;
    field->format_spec = spec;
    values.push(field);
  } else {
    FormattedValue* field = node<FormattedValue>(open);
    field->value = value;
    field->conversion = conversion;
    field->format_spec = spec;
    values.push(field);
  }
  return true;
}

Expr* Parser::format_spec(const Token* colon, bool raw) {
  List parts(*this);
  for (;;) {
    if (at(Tok::kFStringMiddle) || at(Tok::kTStringMiddle)) {
      const Token& token = *t_++;
      if (!text_part(token, raw, parts)) return nullptr;
    } else if (at(Tok::kLBrace)) {
      // Fields of a specification are formatted at once, in t-strings too.
      if (!replacement_field(parts, false)) return nullptr;
    } else {
      break;
    }
  }
  return concatenated(colon, parts, false);
}

}  // namespace typhon::parser
