// _tokenize: the tokenizer as an iterator of 5-tuples, for Lib/tokenize.py.
//
// The source is read to its end by the first step; the tokens are made one by one, so that an error comes after the tokens
// in front of it. The parser's tokenizer sees a copy with "\n" line ends; texts and lines are cut from the original.
#include <string>
#include <vector>

#include "base/utf8.h"
#include "objects/codecs.h"
#include "objects/module.h"
#include "parser/tokenizer.h"

namespace typhon {
namespace {

using parser::Tok;
using parser::Token;

// The text being read. Malloc'ed: holds no references.
struct Scan {
  Arena arena;
  std::string raw;                  // UTF-8, as readline gave it
  std::vector<size_t> line_starts;  // offsets into `raw`, with one more for the end
  size_t null_line = 0;             // the line (from 1) in which a NUL ended the text; 0: none
  std::string null_text;            // that line, up to the NUL
  bool newline_was_added = false;
  parser::Tokenizer* tokenizer = nullptr;

  ~Scan() { delete tokenizer; }
  size_t line_count() const { return line_starts.size() - 1; }
  // Lines first..last (from 1), newlines included; empty past the end.
  std::string_view lines(size_t first, size_t last) const {
    if (first > line_count()) return {};
    size_t end = line_starts[last < line_count() ? last : line_count()];
    return std::string_view(raw).substr(line_starts[first - 1], end - line_starts[first - 1]);
  }
};

struct TokenizerIter : Object {
  Field readline;
  Field encoding;   // str or EMPTY: readline gives str
  Field last_line;  // (key, str): tokens of one line share its text
  Scan* scan;       // null until the first step
  bool extra_tokens;
  bool done;
};
Type* g_tokenizer_iter_type;

void visit_iter(Object* self, Visitor& v) { v.fields(&static_cast<TokenizerIter*>(self)->readline, 3); }
void release_iter(Thread&, Object* self) { delete static_cast<TokenizerIter*>(self)->scan; }

Ref iter_new(Thread& t, Type* cls, Args args) {
  if (args.count != 1)
    return raise(t, exc::TypeError, "tokenizeriter() takes exactly 1 positional argument (%d given)", int(args.count));
  Value encoding = EMPTY, extra_tokens = EMPTY;
  for (u32 i = 0; i < args.keyword_count; i++) {
    auto* name = args.names->items[i].as<Str>();
    if (name->equals_ascii("extra_tokens"))
      extra_tokens = args.keyword(i);
    else if (name->equals_ascii("encoding"))
      encoding = args.keyword(i);
    else
      return raise(t, exc::TypeError, "tokenizeriter() got an unexpected keyword argument '%U'", name);
  }
  if (extra_tokens.is_empty()) return raise(t, exc::TypeError, "tokenizeriter() missing required argument 'extra_tokens' (pos 2)");
  if (!encoding.is_empty() && !is_str(encoding))
    return raise(t, exc::TypeError, "tokenizeriter() argument 'encoding' must be str, not %T", encoding);
  bool extra = TRY(truth(t, extra_tokens));
  Ref self = TRY(allocate_instance(t, cls));
  auto* it = self.as<TokenizerIter>();
  it->readline.init(it, args[0]);
  if (!encoding.is_empty()) it->encoding.init(it, encoding);
  it->extra_tokens = extra;
  return self;
}

// Calls readline until it has nothing more; appends the UTF-8 of each line.
Status read_lines(Thread& t, TokenizerIter* it, std::string& out) {
  Ref readline = it->readline.load(), encoding = it->encoding.load();
  RefTo<Str> replace = TRY(str_from_ascii(t, "replace"));
  while (true) {
    Ref line = call(t, readline);
    if (line.failed()) {
      if (clear_if(t, exc::StopIteration)) return ok();
      return Raised{};
    }
    if (!encoding.is_empty()) {
      if (!is_bytes(line)) return raise(t, exc::TypeError, "readline() returned a non-bytes object");
      if (line.as<Bytes>()->size == 0) return ok();
      line = TRY(call_method_with(t, line, names::decode, encoding, replace));
    }
    if (!is_str(line)) return raise(t, exc::TypeError, "readline() returned a non-string object");
    if (line.as<Str>()->length() == 0) return ok();
    if (!line.as<Str>()->is_ascii()) TRY(encode_utf8(t, line.as<Str>()));  // raises for what UTF-8 has no bytes for
    Utf8Buffer buffer;
    out += str_utf8(line.as<Str>(), buffer);
  }
}

Scan* make_scan(std::string&& raw, bool extra_tokens) {
  auto* scan = new Scan;
  scan->raw = std::move(raw);
  size_t null = scan->raw.find('\0');
  bool has_null = null != std::string::npos;
  if (has_null) {
    size_t newline = scan->raw.rfind('\n', null);
    size_t start = newline == std::string::npos ? 0 : newline + 1;
    scan->null_text = scan->raw.substr(start, null - start);
    scan->raw.resize(start);
  }
  std::string text;
  text.reserve(scan->raw.size() + 1);
  scan->line_starts.push_back(0);
  for (size_t i = 0; i < scan->raw.size(); i++) {
    char c = scan->raw[i];
    if (c == '\r' && i + 1 < scan->raw.size() && scan->raw[i + 1] == '\n') continue;
    text.push_back(c);
    if (c == '\n') scan->line_starts.push_back(i + 1);
  }
  if (scan->line_starts.back() != scan->raw.size()) scan->line_starts.push_back(scan->raw.size());
  if (has_null) scan->null_line = scan->line_starts.size();
  scan->newline_was_added = !text.empty() && text.back() != '\n';
  if (scan->newline_was_added) text.push_back('\n');
  parser::TokenizerOptions options;
  options.extra_tokens = extra_tokens;
  options.newline_was_added = scan->newline_was_added;
  scan->tokenizer = new parser::Tokenizer(scan->arena, scan->arena.copy(text), options);
  return scan;
}

// --- errors
Raised raise_located(Thread& t, Type* type, std::string_view message, Value line, Value column, std::string_view text, Value end_line,
                     Value end_column) {
  RefTo<Str> words = TRY(str_from_utf8(t, message));
  RefTo<Str> file = TRY(str_from_ascii(t, "<string>"));
  RefTo<Str> shown = TRY(str_from_utf8(t, text));
  RefTo<Tuple> place = TRY(tuple_of(t, file, line, column, shown, end_line, end_column));
  Ref error = TRY(call_with(t, Value(type), words, place));
  return raise_exception(t, std::move(error));
}

// More input was expected: an error without a location in its arguments, but with line and column.
Raised raise_unexpected_end(Thread& t, const Scan& scan, bool after_backslash) {
  RefTo<Str> words = TRY(str_from_ascii(t, "unexpected EOF in multi-line statement"));
  Ref error = TRY(call_with(t, Value(exc::SyntaxError), words));
  size_t line = scan.line_count() == 0 ? 1 : scan.line_count();
  std::string_view text = scan.lines(line, line);
  RefTo<Str> file = TRY(str_from_ascii(t, "<string>"));
  TRY(set_attribute(t, error, names::filename, file));
  TRY(set_attribute(t, error, names::lineno, Value::small_int(i64(line))));
  TRY(set_attribute(t, error, names::offset, Value::small_int(after_backslash ? i64(utf8::count(text)) : 0)));
  return raise_exception(t, std::move(error));
}

std::string_view without_newline(std::string_view line) {
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  return line;
}

Raised raise_scan_error(Thread& t, const Scan& scan) {
  using Kind = parser::SyntaxErrorInfo::Kind;
  const parser::SyntaxErrorInfo& e = scan.tokenizer->error();
  bool after_backslash = e.message == "unexpected EOF while parsing";
  if (after_backslash || e.message.ends_with("was never closed"))
    return raise_unexpected_end(t, scan, after_backslash || scan.tokenizer->in_formatted_string());
  size_t number = e.lineno > 0 ? size_t(e.lineno) : 1;
  std::string_view line = without_newline(scan.lines(number, number));
  Value place = Value::small_int(i64(number));
  bool whole_line = e.kind == Kind::kIndentation || e.kind == Kind::kTab ||
                    e.message == "unexpected character after line continuation character";
  if (whole_line) {
    Type* type = e.kind == Kind::kIndentation ? exc::IndentationError : e.kind == Kind::kTab ? exc::TabError : exc::SyntaxError;
    // Python places these behind the line's newline.
    Value column = Value::small_int(i64(utf8::count(line)) + 1);
    return raise_located(t, type, e.message, place, column, line, None, None);
  }
  return raise_located(t, exc::SyntaxError, e.message, place, Value::small_int(e.col), line, Value::small_int(e.end_lineno),
                       Value::small_int(e.end_col));
}

Raised raise_null_byte(Thread& t, const Scan& scan) {
  Value line = Value::small_int(i64(scan.null_line));
  return raise_located(t, exc::SyntaxError, "source code cannot contain null bytes", line, Value::small_int(0), scan.null_text, line,
                       Value::small_int(0));
}

// --- tokens
Ref line_of(Thread& t, TokenizerIter* it, const Scan& scan, size_t first, size_t last) {
  Value key = Value::small_int(i64(first << 31 | last));
  Ref cached = it->last_line.load();
  if (!cached.is_empty() && cached.as<Tuple>()->items[0].peek().same_word(key)) return cached.as<Tuple>()->items[1].load();
  RefTo<Str> text = TRY(str_from_utf8(t, scan.lines(first, last)));
  RefTo<Tuple> pair = TRY(tuple_of(t, key, text));
  it->last_line.store(it, pair.value());
  return text;
}

// The column of a byte offset in a line; offsets past the line's text count as themselves (the newline that was added).
i64 column_in(std::string_view line, i32 offset) {
  if (offset < 0) return -1;
  size_t n = size_t(offset);
  size_t inside = n < line.size() ? n : line.size();
  return i64(utf8::count(line.substr(0, inside))) + i64(n - inside);
}

Ref make_token(Thread& t, TokenizerIter* it, const Scan& scan, const Token& token) {
  bool extra = it->extra_tokens;
  size_t first = size_t(token.line), last = size_t(token.end_line);
  i32 col = token.col, end_col = token.end_col;
  int kind = int(token.kind);
  if (kind >= int(Tok::kFirstKeyword)) kind = int(Tok::kName);
  if (extra && kind >= int(Tok::kLPar) && kind <= int(Tok::kExclamation)) kind = int(Tok::kOp);
  std::string_view first_line = scan.lines(first, first), last_line = last == first ? first_line : scan.lines(last, last);

  std::string_view text;
  bool no_place = kind == int(Tok::kEndMarker) || kind == int(Tok::kDedent) || (kind == int(Tok::kIndent) && !extra);
  if (no_place) {
    if (!extra) col = end_col = -1;
  } else if (first <= scan.line_count() && last <= scan.line_count()) {
    bool is_newline = kind == int(Tok::kNewline) || kind == int(Tok::kNl);
    if (is_newline) {
      bool has_cr = first_line.ends_with("\r\n");
      if (has_cr) end_col++;
      bool invisible = scan.newline_was_added && first == scan.line_count();
      if (invisible && extra) end_col = col + 1;
    }
    if (kind == int(Tok::kFStringMiddle) || kind == int(Tok::kTStringMiddle)) {
      // A doubled brace stands for one: the parser's token has the place of both, this one only that of the first.
      std::string_view before = scan.tokenizer->text().substr(0, token.end);
      end_col = i32(before.size() - (before.rfind('\n') + 1));
    }
    size_t from = scan.line_starts[first - 1] + size_t(col), to = scan.line_starts[last - 1] + size_t(end_col);
    if (to > scan.raw.size()) to = scan.raw.size();
    if (from < to) text = std::string_view(scan.raw).substr(from, to - from);
  }

  RefTo<Str> text_object = TRY(str_from_utf8(t, text));
  Ref line = TRY(line_of(t, it, scan, first, last));
  RefTo<Tuple> start = TRY(tuple_of(t, Value::small_int(i64(first)), Value::small_int(column_in(first_line, col))));
  RefTo<Tuple> end = TRY(tuple_of(t, Value::small_int(i64(last)), Value::small_int(column_in(last_line, end_col))));
  return tuple_of(t, Value::small_int(kind), text_object, start, end, line);
}

Ref iter_next_token(Thread& t, Value self) {
  auto* it = self.as<TokenizerIter>();
  if (__atomic_load_n(&it->scan, __ATOMIC_ACQUIRE) == nullptr) {
    std::string raw;
    TRY(read_lines(t, it, raw));
    Scan* made = make_scan(std::move(raw), it->extra_tokens);
    Scan* none = nullptr;
    // Another thread may have been quicker.
    if (!__atomic_compare_exchange_n(&it->scan, &none, made, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) delete made;
  }
  Scan* scan = it->scan;
  Token token;
  bool good, done;
  {
    ObjectLock lock(t, it);
    done = it->done;
    good = !done && scan->tokenizer->next(token);
    // Without extra tokens an empty source has no tokens at all.
    if (good && !it->extra_tokens && token.kind == Tok::kEndMarker && scan->raw.empty() && scan->null_line == 0) done = true;
    if (!good || token.kind == Tok::kEndMarker) it->done = true;
  }
  bool at_null = scan->null_line != 0 && !done;
  if (at_null && good) at_null = token.kind == Tok::kEndMarker;
  if (at_null && !good) at_null = scan->tokenizer->error_at_eof();
  if (at_null) return raise_null_byte(t, *scan);
  if (done) return Ref();
  if (!good) return raise_scan_error(t, *scan);
  return make_token(t, it, *scan, token);
}

Ref iter_self(Thread&, Value self) { return Ref::copy(self); }

const TypeSpec kTokenizerIterSpec = {
    .name = "_tokenize.TokenizerIter",
    .layout = {"TokenizerIter", sizeof(TokenizerIter), 0, visit_iter, release_iter, nullptr, nullptr},
    .slots = {.iter = iter_self, .next = iter_next_token, .new_ = iter_new},
};

Status initialise(Thread& t, Module* module) { return module_add_type(t, module, kTokenizerIterSpec, &g_tokenizer_iter_type); }

}  // namespace

extern const ModuleDef module__tokenize;
const ModuleDef module__tokenize = {"_tokenize", nullptr, nullptr, initialise};

}  // namespace typhon
