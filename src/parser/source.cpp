// Source bytes to the UTF-8 text the tokenizer reads: encodings, newlines, validity.
#include <cstring>

#include "base/utf8.h"
#include "parser/tokenizer.h"

namespace typhon::parser {

namespace {

constexpr std::string_view kBom = "\xEF\xBB\xBF";

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

// PEP 263: "coding" followed by ":" or "=", optional blanks, and a name, in a line that holds only a comment.
std::string_view cookie_in_line(std::string_view line, bool* only_comment) {
  size_t i = line.find_first_not_of(" \t\f");
  *only_comment = i == std::string_view::npos || line[i] == '#';
  if (i == std::string_view::npos || line[i] != '#') return {};
  for (size_t at = line.find("coding", i); at != std::string_view::npos; at = line.find("coding", at + 1)) {
    size_t p = at + 6;
    if (p >= line.size() || (line[p] != ':' && line[p] != '=')) continue;
    p++;
    while (p < line.size() && (line[p] == ' ' || line[p] == '\t')) p++;
    size_t begin = p;
    while (p < line.size() && is_name_char(line[p])) p++;
    if (p > begin) return line.substr(begin, p - begin);
  }
  return {};
}

std::string_view normalize_encoding(Arena& arena, std::string_view name) {
  std::string_view copy = arena.copy(name);
  char* p = const_cast<char*>(copy.data());
  for (size_t i = 0; i < copy.size(); i++) {
    if (p[i] == '_') p[i] = '-';
    if (p[i] >= 'A' && p[i] <= 'Z') p[i] = char(p[i] | 0x20);
  }
  return copy;
}

bool is_variant(std::string_view name, std::string_view base) {
  return name == base || (name.starts_with(base) && name[base.size()] == '-');
}

SourceText source_error(SyntaxErrorInfo::Kind kind, std::string_view message) {
  SourceText result;
  result.ok = false;
  result.error.kind = kind;
  result.error.message = message;
  result.error.has_position = kind != SyntaxErrorInfo::Kind::kNullByte;
  return result;
}

// The bytes at the start of `text`, which is no character there, that one U+FFFD stands for: as many as a character may begin with.
size_t damaged_length(std::string_view text) {
  uint8_t first = uint8_t(text[0]);
  size_t wanted = first < 0xC2 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 1;
  size_t n = 1;
  for (; n < wanted && n < text.size(); n++) {
    uint8_t low = 0x80, high = 0xBF;
    if (n == 1) {
      if (first == 0xE0) low = 0xA0;
      if (first == 0xED) high = 0x9F;
      if (first == 0xF0) low = 0x90;
      if (first == 0xF4) high = 0x8F;
    }
    if (uint8_t(text[n]) < low || uint8_t(text[n]) > high) break;
  }
  return n;
}

// With U+FFFD for what cannot be read.
std::string_view readable_line(Arena& arena, std::string_view line) {
  char* out = arena.make_array<char>(line.size() * 3);
  size_t n = 0;
  for (size_t i = 0; i < line.size();) {
    utf8::Decoded d = utf8::decode(line.data() + i, line.data() + line.size());
    n += utf8::encode(d.length != 0 ? d.code_point : 0xFFFD, out + n);
    i += d.length != 0 ? d.length : damaged_length(line.substr(i));
  }
  return {out, n};
}

SourceText invalid_utf8(Arena& arena, std::string_view source, size_t at, const ParseOptions& options) {
  bool is_bytes = options.is_bytes_source;
  int line = 1;
  size_t line_start = 0;
  for (size_t i = 0; i < at; i++) {
    if (source[i] == '\n') {
      line++;
      line_start = i + 1;
    }
  }
  unsigned byte = uint8_t(source[at]);
  SourceText result = source_error(
      SyntaxErrorInfo::Kind::kSyntax,
      is_bytes
          ? format_text(arena,
                        "Non-UTF-8 code starting with '\\x%.2x'%s%.*s on line %d, but no encoding declared; see "
                        "https://peps.python.org/pep-0263/ for details",
                        byte, options.is_file ? " in file " : "", options.is_file ? int(options.filename.size()) : 0,
                        options.filename.data(), line)
          : format_text(arena, "(unicode error) 'utf-8' codec can't decode byte 0x%x in position %zu: invalid %s byte",
                        byte, at - line_start, byte >= 0xC2 && byte < 0xF5 ? "continuation" : "start"));
  result.error.lineno = result.error.end_lineno = line;
  int32_t characters = 0;
  for (size_t i = line_start; i < at; i++) characters += (uint8_t(source[i]) & 0xC0) != 0x80;
  result.error.col = characters + 1;
  result.error.end_col = result.error.col;
  if (is_bytes) {
    result.error.has_text = true;
    result.error.text = readable_line(arena, source.substr(line_start, source.find('\n', line_start) - line_start));
  }
  return result;
}

}  // namespace

namespace {

struct Cookie {
  std::string_view name;  // as written; empty when there is none
  std::string_view line;
  int line_number = 0;
};

Cookie find_cookie(std::string_view source) {
  for (int i = 0; i < 2 && !source.empty(); i++) {
    size_t length = source.find_first_of("\r\n");
    std::string_view line = source.substr(0, length);
    bool only_comment;
    std::string_view name = cookie_in_line(line, &only_comment);
    if (!name.empty()) return {name, line, i + 1};
    if (!only_comment || length == std::string_view::npos) break;
    bool crlf = source[length] == '\r' && length + 1 < source.size() && source[length + 1] == '\n';
    source.remove_prefix(length + (crlf ? 2 : 1));
  }
  return {};
}

}  // namespace

std::string_view detect_encoding(Arena& arena, std::string_view source, bool* has_cookie) {
  bool bom = source.starts_with(kBom);
  if (bom) source.remove_prefix(kBom.size());
  Cookie cookie = find_cookie(source);
  *has_cookie = !cookie.name.empty();
  if (!*has_cookie) return bom ? "utf-8-sig" : "utf-8";
  std::string_view name = normalize_encoding(arena, cookie.name);
  if (is_variant(name, "utf-8") || name == "utf8") return bom ? "utf-8-sig" : "utf-8";
  if (is_variant(name, "latin-1") || is_variant(name, "iso-8859-1") || is_variant(name, "iso-latin-1") ||
      name == "latin1" || name == "l1") {
    return "iso-8859-1";
  }
  return name == "us-ascii" ? "ascii" : name;
}

namespace {

std::string_view latin1_to_utf8(Arena& arena, std::string_view source) {
  char* out = arena.make_array<char>(source.size() * 2);
  size_t n = 0;
  for (char c : source) n += utf8::encode(uint8_t(c), out + n);
  return {out, n};
}

// Copies with "\r\n" and "\r" turned into "\n", and appends a NUL (and, with add_newline, a missing newline).
std::string_view copy_lines(Arena& arena, std::string_view source, bool add_newline, bool* newline_was_added) {
  char* out = arena.make_array<char>(source.size() + 2);
  char* p = out;
  if (source.find('\r') == std::string_view::npos) {
    if (!source.empty()) memcpy(out, source.data(), source.size());
    p += source.size();
  } else {
    for (size_t i = 0; i < source.size(); i++) {
      if (source[i] != '\r') {
        *p++ = source[i];
        continue;
      }
      *p++ = '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') i++;
    }
  }
  *newline_was_added = add_newline && p > out && p[-1] != '\n';
  if (*newline_was_added) *p++ = '\n';
  *p = '\0';
  return {out, size_t(p - out)};
}

// Whether the text can be taken as it is; for the rest there are codecs, which also have the words for what is wrong.
bool can_read(std::string_view body, std::string_view encoding, bool utf8_by_codec) {
  if (encoding == "ascii") return utf8::ascii_prefix(body) == body.size();
  if (encoding != "utf-8" && encoding != "utf-8-sig") return false;
  return !utf8_by_codec || utf8::find_invalid(body) == std::string_view::npos;
}

}  // namespace

SourceText prepare_source(Arena& arena, std::string_view source, const ParseOptions& options) {
  if (source.size() > 0xFFFFFFF0u) return source_error(SyntaxErrorInfo::Kind::kTooComplex, "source is too large");
  if (memchr(source.data(), 0, source.size()) != nullptr && !source.empty()) {
    return source_error(SyntaxErrorInfo::Kind::kNullByte, options.is_file ? "source code cannot contain null bytes"
                                                                          : "source code string cannot contain null bytes");
  }
  std::string_view body = source;
  if (options.is_bytes_source) {
    bool has_cookie;
    std::string_view encoding = detect_encoding(arena, source, &has_cookie);
    bool bom = source.starts_with(kBom);
    if (bom) body.remove_prefix(kBom.size());
    Cookie cookie = has_cookie ? find_cookie(body) : Cookie{};
    // Python reads UTF-8 by itself only when it is spelled with the hyphen.
    bool utf8_by_codec = has_cookie && !is_variant(normalize_encoding(arena, cookie.name), "utf-8");
    if (bom && utf8_by_codec) {
      std::string_view named = encoding == "iso-8859-1" ? encoding : cookie.name;
      SourceText result = source_error(
          SyntaxErrorInfo::Kind::kSyntax,
          format_text(arena, "encoding problem: %.*s with BOM", int(named.size()), named.data()));
      result.error.lineno = result.error.end_lineno = cookie.line_number;
      result.error.end_col = int(cookie.line.size()) + cookie.line_number - 1;
      result.error.has_text = true;
      result.error.text = readable_line(arena, cookie.line);
      return result;
    }
    if (encoding == "iso-8859-1") {
      body = latin1_to_utf8(arena, body);
    } else if (!can_read(body, encoding, utf8_by_codec)) {
      SourceText result =
          source_error(SyntaxErrorInfo::Kind::kEncoding,
                       format_text(arena, "unknown encoding: %.*s", int(encoding.size()), encoding.data()));
      result.error.encoding = encoding == "utf-8-sig" ? "utf-8" : encoding;
      result.error.col = -1;  // and None for the end, in Python
      return result;
    }
  }
  size_t invalid = utf8::find_invalid(body);
  if (invalid != std::string_view::npos) return invalid_utf8(arena, body, invalid, options);
  SourceText result;
  result.text = copy_lines(arena, body, options.mode == Mode::kExec, &result.newline_was_added);
  return result;
}

}  // namespace typhon::parser
