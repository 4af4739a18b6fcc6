// Source text to code: decoding, parsing, errors and warnings as Python reports them, compiling.
#include <algorithm>
#include <string>
#include <unistd.h>

#include "compiler/compile.h"
#include "objects/codecs.h"
#include "objects/int.h"
#include "objects/protocol/protocol.h"
#include "runtime/parse_source.h"
#include "runtime/runtime.h"

namespace typhon {

Ref ast_result(Thread& t, const ast::Mod* module);  // modules/_ast: the tree as Python objects

namespace {

// warnings.warn_explicit(message, SyntaxWarning, filename, line). Nothing while the module cannot be imported yet.
Status issue_warning(Thread& t, std::string_view message, Value filename, i32 line) {
  Ref module = import_module(t, "_warnings");
  if (module.failed()) {
    clear_exception(t);
    return ok();
  }
  Ref function = get_attribute_or_empty(t, module, names::warn_explicit);
  if (function.failed() || function.is_empty()) {
    if (function.failed()) clear_exception(t);
    return ok();
  }
  RefTo<Str> text = TRY(str_from_utf8(t, message));
  Ref result = call_with(t, function, text, Value(exc::SyntaxWarning), filename, Value::small_int(line));
  if (!result.failed()) return ok();
  // While the library is not there yet (start-up) nothing can show a warning.
  if (!pending_matches(t, exc::ImportError)) return Raised{};
  clear_exception(t);
  return ok();
}

struct InstallWarnings {
  InstallWarnings() { g_syntax_warning = issue_warning; }
} install_warnings;

// \N{NAME} in string literals.
parser::NameLookup lookup_unicode_name(void* context, std::string_view name, uint32_t* code_point) {
  Thread& t = *static_cast<Thread*>(context);
  Result<u32> point = named_character(t, name);
  if (point.failed()) {
    bool no_database = pending_matches(t, exc::UnicodeError);
    clear_exception(t);
    return no_database ? parser::NameLookup::kNoDatabase : parser::NameLookup::kUnknown;
  }
  if (point.get() == kNoCharacter) return parser::NameLookup::kUnknown;
  *code_point = point.get();
  return parser::NameLookup::kFound;
}

// `_metadata` of the pending exception, by which the module traceback looks for misspelt keywords. `source`: empty when
// it is to read the file.
void set_metadata(Thread& t, const parser::SyntaxErrorInfo& e, std::string_view source) {
  if (!is_instance_of(t.pending, exc::SyntaxError)) return;
  Ref exception = take_exception(t);
  Ref text = source.empty() ? Ref::none() : Ref(str_from_utf8(t, source).release_ref());
  RefTo<Tuple> metadata;
  if (!text.failed())
    metadata = tuple_of(t, Value::small_int(e.compound_line), Value::small_int(e.compound_col), text.get());
  if (text.failed() || metadata.failed()) {
    clear_exception(t);
  } else {
    auto* error = exception.as<SyntaxErrorObject>();
    error->metadata.store(error, metadata.value());
  }
  restore_exception(t, std::move(exception));
}

Raised raise_parse_error(Thread& t, const parser::SyntaxErrorInfo& e, Value filename) {
  using Kind = parser::SyntaxErrorInfo::Kind;
  Type* type = exc::SyntaxError;
  switch (e.kind) {
    case Kind::kIndentation: type = exc::IndentationError; break;
    case Kind::kTab: type = exc::TabError; break;
    case Kind::kIncomplete: type = exc::_IncompleteInputError; break;
    case Kind::kTooComplex: return raise(t, exc::MemoryError, "Parser stack overflowed - Python source too complex to parse");
    default: break;
  }
  if (!e.has_position) {
    RefTo<Str> message = str_from_utf8(t, e.message);
    if (message.failed()) return Raised{};
    return raise_value(t, type, message);
  }
  Ref text;
  if (e.has_text) {
    text = str_from_utf8(t, e.text);
    if (text.failed()) return Raised{};
  }
  return raise_syntax_error(t, type, e.message, filename, e.lineno, e.col, text, e.end_lineno, e.end_col);
}

// Decodes a byte source whose cookie names an encoding that the parser leaves to the codecs.
Ref decode_source(Thread& t, std::string_view source, std::string_view encoding, Value filename) {
  RefTo<Bytes> bytes = TRY(bytes_from(t, source.data(), source.size()));
  RefTo<Str> name = TRY(str_from_utf8(t, encoding));
  Ref text = call_method_with(t, bytes, names::decode, name);
  if (!text.failed() && is_str(text)) {
    Ref encoded = encode_utf8(t, text.as<Str>());
    if (!encoded.failed()) return text;
    text = std::move(encoded);
  }
  if (!text.failed()) return raise(t, exc::SyntaxError, "encoding problem: %U", name.get());
  if (pending_matches(t, exc::LookupError) || pending_matches(t, exc::ValueError)) {
    Ref error = take_exception(t);
    RefTo<Str> message = TRY(object_str(t, error));
    Utf8Buffer buffer;
    return raise_syntax_error(t, exc::SyntaxError, str_utf8(message.get(), buffer), filename, 0, -1, EMPTY, 0, 0);
  }
  return Ref::error();
}

// The parser's warnings, where there is an error those for what was read before it. One that is turned into an error is a SyntaxError.
Status issue_warnings(Thread& t, const parser::ParseResult& result, Value filename) {
  for (const parser::Warning& w : result.warnings) {
    const parser::SyntaxErrorInfo& end = result.error;
    if (!result.ok && w.by_tokenizer && (w.lineno > end.lineno || (w.lineno == end.lineno && w.col >= end.col))) continue;
    if (!issue_warning(t, w.message, filename, w.lineno).failed()) continue;
    if (!pending_matches(t, exc::SyntaxWarning)) return Raised{};
    clear_exception(t);
    parser::SyntaxErrorInfo error;
    error.message = w.error_message;
    error.lineno = w.lineno;
    error.col = w.col;
    error.end_lineno = w.end_lineno;
    error.end_col = w.end_col;
    (void)raise_parse_error(t, error, filename);
    return Raised{};
  }
  return ok();
}

}  // namespace

Status ParsedSource::parse(Thread& t, std::string_view source, parser::ParseOptions options, Value filename) {
  TRY(enter_native(t, " during compilation"));
  // Finding the words for an error may take twice the budget.
  options.stack_budget = std::min(options.stack_budget, size_t(static_cast<char*>(__builtin_frame_address(0)) - t.native_limit) / 2);
  options.unicode_name_lookup = lookup_unicode_name;
  options.unicode_name_context = &t;
  options.int_max_digits = g_int_max_str_digits;
  result_ = parser::parse(arena_, source, options);
  if (!result_.ok && result_.error.kind == parser::SyntaxErrorInfo::Kind::kEncoding) {
    decoded_ = TRY(decode_source(t, source, result_.error.encoding, filename));
    source = str_utf8(decoded_.as<Str>(), buffer_);
    options.is_bytes_source = false;
    result_ = parser::parse(arena_, source, options);
  }
  // The bytes of a source with a cookie need not be UTF-8.
  text_ = options.is_bytes_source ? result_.text : source;
  return ok();
}

Ref compile_source(Thread& t, std::string_view source, Value filename, const char* mode, int flags, bool dont_inherit,
                   int optimize, bool is_bytes, bool is_file, int feature_version) {
  if (optimize < 0) optimize = g_config.optimize;
  if (!dont_inherit && t.frame != nullptr) flags |= int(frame::code(t.frame)->flags & u32(compile_flag::kFutures));
  TRY(enter_native(t, " during compilation"));
  parser::ParseOptions options;
  Utf8Buffer filename_buffer;
  if (is_str(filename)) options.filename = str_utf8(filename.as<Str>(), filename_buffer);
  std::string_view m = mode;
  options.mode = m == "eval"        ? parser::Mode::kEval
                 : m == "single"    ? parser::Mode::kSingle
                 : m == "func_type" ? parser::Mode::kFunctionType
                                    : parser::Mode::kExec;
  options.is_bytes_source = is_bytes;
  options.is_file = is_file;
  options.allow_incomplete_input = flags & compile_flag::kAllowIncomplete;
  options.type_comments = flags & compile_flag::kTypeComments;
  if (feature_version >= 0) options.feature_version = feature_version;
  options.dont_imply_dedent = flags & compile_flag::kDontImplyDedent;
  ParsedSource parsed;
  TRY(parsed.parse(t, source, options, filename));
  const parser::ParseResult& result = parsed.result();
  source = parsed.text();
  if (!result.ok) {
    TRY(issue_warnings(t, result, filename));
    (void)raise_parse_error(t, result.error, filename);
    set_metadata(t, result.error, is_file ? std::string_view() : source);
    return Ref::error();
  }
  TRY(issue_warnings(t, result, filename));
  if (flags & compile_flag::kOnlyAst) return ast_result(t, result.module);
  // What the compiler finds wrong is shown with its line when that can be read from a file, as CPython does it; a program on the
  // command line shows it too.
  constexpr std::string_view kBom = "\xEF\xBB\xBF";
  if (source.starts_with(kBom)) source.remove_prefix(kBom.size());
  bool readable = is_file || t.frame == nullptr || (!options.filename.empty() && access(std::string(options.filename).c_str(), R_OK) == 0);
  return compile_ast(t, result.module, filename, mode, flags, optimize, readable ? source : std::string_view());
}

}  // namespace typhon
