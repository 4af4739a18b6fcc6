// Error handlers of codecs: the built-in ones, as native code that makes no exception object and as functions that
// Python code can call; and calls of registered ones.
#include "objects/codecs.h"
#include "objects/protocol/protocol.h"

namespace typhon {

Ref import_module(Thread& t, const char* name);  // runtime

ErrorMode parse_error_mode(const char* errors) {
  if (errors == nullptr) return ErrorMode::kStrict;
  static constexpr struct {
    const char* name;
    ErrorMode mode;
  } kModes[] = {
      {"strict", ErrorMode::kStrict},
      {"ignore", ErrorMode::kIgnore},
      {"replace", ErrorMode::kReplace},
      {"surrogateescape", ErrorMode::kSurrogateEscape},
      {"surrogatepass", ErrorMode::kSurrogatePass},
      {"backslashreplace", ErrorMode::kBackslash},
      {"xmlcharrefreplace", ErrorMode::kXmlCharRef},
      {"namereplace", ErrorMode::kNameReplace},
  };
  for (const auto& row : kModes)
    if (std::strcmp(row.name, errors) == 0) return row.mode;
  return ErrorMode::kOther;
}

namespace {

Ref make_unicode_error(Thread& t, Type* type, const char* encoding, Value object, size_t start, size_t end,
                       const char* reason) {
  RefTo<Str> encoding_text = TRY(str_from_utf8(t, encoding));
  RefTo<Str> reason_text = TRY(str_from_utf8(t, reason));
  return call_with(t, type, encoding_text, object, Value::small_int(i64(start)), Value::small_int(i64(end)),
                   reason_text);
}

void append_hex(StrBuilder& out, char kind, u32 value, int width) {
  out.append('\\');
  out.append(u32(kind));
  for (int d = width - 1; d >= 0; d--) out.append(u32("0123456789abcdef"[(value >> (4 * d)) & 15]));
}

void append_backslashed(StrBuilder& out, u32 c) {
  if (c < 0x100)
    append_hex(out, 'x', c, 2);
  else if (c < 0x10000)
    append_hex(out, 'u', c, 4);
  else
    append_hex(out, 'U', c, 8);
}

void append_char_reference(StrBuilder& out, u32 c) {
  char digits[16];
  int n = 0;
  do digits[n++] = char('0' + c % 10);
  while ((c /= 10) != 0);
  out.append_ascii("&#");
  while (n > 0) out.append(u32(digits[--n]));
  out.append(';');
}

Status append_named(Thread& t, StrBuilder& out, u32 c) {
  Ref module = TRY(import_module(t, "unicodedata"));
  Ref name_function = TRY(get_attribute_utf8(t, module, "name"));
  RefTo<Str> character = TRY(str_from_char(t, c));
  Ref name = TRY(call_with(t, name_function, character, None));
  if (!is_str(name)) {
    append_backslashed(out, c);
    return ok();
  }
  out.append_ascii("\\N{");
  out.append(name.as<Str>());
  out.append('}');
  return ok();
}

// What surrogatepass knows: the width and order of a UTF by its normalised name.
struct Utf {
  int width = 0;  // 1, 2, 4; 0 unknown
  bool big = false;
};
Utf utf_by_name(std::string_view name) {
  char plain[16];
  size_t n = 0;
  for (char c : name) {
    if (c == '-' || c == '_' || c == ' ') continue;
    if (n == sizeof plain) return {};
    plain[n++] = c >= 'A' && c <= 'Z' ? char(c + 32) : c;
  }
  if (name.empty() || name.back() == '-' || name.back() == '_' || name.back() == ' ') return {};
  std::string_view key(plain, n);
  if (key == "utf8" || key == "cp65001") return {1, false};
  if (key == "utf16" || key == "utf16le") return {2, false};
  if (key == "utf16be") return {2, true};
  if (key == "utf32" || key == "utf32le") return {4, false};
  if (key == "utf32be") return {4, true};
  return {};
}

// The surrogate whose encoding begins at data[start], or 0.
u32 read_surrogate(Utf utf, const u8* data, size_t n, size_t start) {
  const u8* p = data + start;
  size_t left = n - start;
  u32 c = 0;
  if (utf.width == 1) {
    if (left < 3 || (p[0] & 0xF0) != 0xE0 || (p[1] & 0xC0) != 0x80 || (p[2] & 0xC0) != 0x80) return 0;
    c = u32(p[0] & 0x0F) << 12 | u32(p[1] & 0x3F) << 6 | u32(p[2] & 0x3F);
  } else if (utf.width == 2) {
    if (left < 2) return 0;
    c = utf.big ? u32(p[0]) << 8 | p[1] : u32(p[1]) << 8 | p[0];
  } else if (utf.width == 4) {
    if (left < 4) return 0;
    c = utf.big ? u32(p[0]) << 24 | u32(p[1]) << 16 | u32(p[2]) << 8 | p[3]
                : u32(p[3]) << 24 | u32(p[2]) << 16 | u32(p[1]) << 8 | p[0];
  }
  return c >= 0xD800 && c <= 0xDFFF ? c : 0;
}

void write_surrogate(Utf utf, ByteBuilder& out, u32 c) {
  if (utf.width == 1) {
    out.append(u8(0xE0 | c >> 12));
    out.append(u8(0x80 | ((c >> 6) & 0x3F)));
    out.append(u8(0x80 | (c & 0x3F)));
    return;
  }
  if (utf.big) {
    if (utf.width == 4) out.append_repeated(0, 2);
    out.append(u8(c >> 8));
    out.append(u8(c));
  } else {
    out.append(u8(c));
    out.append(u8(c >> 8));
    if (utf.width == 4) out.append_repeated(0, 2);
  }
}

Raised cannot_handle(Thread& t, const char* type) {
  return raise(t, exc::TypeError, "don't know how to handle %s in error callback", type);
}

// The native handlers. False when this mode cannot repair the error (the caller raises it).
Result<bool> repair_decoding(Thread& t, ErrorMode mode, const char* encoding, const u8* data, size_t n, size_t start,
                             size_t end, ErrorAction* action) {
  StrBuilder out;
  action->position = end;
  switch (mode) {
    case ErrorMode::kIgnore: break;
    case ErrorMode::kReplace: out.append(0xFFFD); break;
    case ErrorMode::kBackslash:
      for (size_t i = start; i < end; i++) append_hex(out, 'x', data[i], 2);
      break;
    case ErrorMode::kSurrogateEscape: {
      size_t i = start;
      while (i < end && i - start < 4 && data[i] >= 0x80) out.append(0xDC00u + data[i++]);
      if (i == start) return false;
      action->position = i;
      break;
    }
    case ErrorMode::kSurrogatePass: {
      Utf utf = utf_by_name(encoding);
      u32 c = utf.width == 0 ? 0 : read_surrogate(utf, data, n, start);
      if (c == 0) return false;
      out.append(c);
      action->position = start + size_t(utf.width == 1 ? 3 : utf.width);
      break;
    }
    case ErrorMode::kXmlCharRef:
    case ErrorMode::kNameReplace: return cannot_handle(t, "UnicodeDecodeError");
    default: return false;
  }
  action->replacement = TRY(out.finish(t)).release_ref();
  return true;
}

// Whether a codec repairs what it can by itself, where others ask a handler, which repairs all or nothing.
bool repairs_itself(const char* encoding) {
  for (const char* name : {"utf-8", "ascii", "latin-1"})
    if (std::strcmp(encoding, name) == 0) return true;
  return false;
}

// For UnicodeEncodeError; with `encoding` null for UnicodeTranslateError.
Result<bool> repair_encoding(Thread& t, ErrorMode mode, const char* encoding, Str* s, size_t start, size_t end,
                             ErrorAction* action) {
  StrBuilder out;
  action->position = end;
  switch (mode) {
    case ErrorMode::kIgnore: break;
    case ErrorMode::kReplace: out.append_repeated(encoding == nullptr ? 0xFFFD : '?', end - start); break;
    case ErrorMode::kBackslash:
      for (size_t i = start; i < end; i++) append_backslashed(out, s->at(i));
      break;
    case ErrorMode::kXmlCharRef:
      for (size_t i = start; i < end; i++) append_char_reference(out, s->at(i));
      break;
    case ErrorMode::kNameReplace:
      for (size_t i = start; i < end; i++) TRY(append_named(t, out, s->at(i)));
      break;
    case ErrorMode::kSurrogateEscape: {
      ByteBuilder bytes;
      size_t i = start;
      for (; i < end && s->at(i) >= 0xDC80 && s->at(i) <= 0xDCFF; i++) bytes.append(u8(s->at(i) - 0xDC00));
      if (i == start || (i < end && !repairs_itself(encoding))) return false;
      action->position = i;
      action->replacement = TRY(bytes.finish(t)).release_ref();
      return true;
    }
    case ErrorMode::kSurrogatePass: {
      Utf utf = encoding == nullptr ? Utf{} : utf_by_name(encoding);
      if (utf.width == 0) return false;
      ByteBuilder bytes;
      for (size_t i = start; i < end; i++) {
        u32 c = s->at(i);
        if (c < 0xD800 || c > 0xDFFF) return false;
        write_surrogate(utf, bytes, c);
      }
      action->replacement = TRY(bytes.finish(t)).release_ref();
      return true;
    }
    default: return false;
  }
  action->replacement = TRY(out.finish(t)).release_ref();
  return true;
}

// Calls a registered handler; a tuple of a replacement and what should be a position.
Ref call_handler(Thread& t, const char* errors, Value exception, bool encoding, bool multibyte) {
  RefTo<Str> name = TRY(str_from_utf8(t, errors));
  Ref handler = TRY(codec_lookup_error(t, name.get()));
  Ref result = TRY(call_with(t, handler, exception));
  bool well_formed = is_tuple(result) && result.as<Tuple>()->size == 2;
  if (well_formed) {
    Value replacement = result.as<Tuple>()->items[0].peek();
    well_formed = is_str(replacement) || (encoding && is_bytes(replacement));
    if (multibyte) well_formed = well_formed && is_int(result.as<Tuple>()->items[1].peek());
  }
  if (well_formed) return result;
  return raise(t, exc::TypeError,
               multibyte && encoding ? "encoding error handler must return (str, int) tuple"
               : encoding            ? "encoding error handler must return (str/bytes, int) tuple"
                                     : "decoding error handler must return (str, int) tuple");
}

// Reads what call_handler gave, for an input of `length` units.
Status read_result(Thread& t, Tuple* result, size_t length, bool multibyte, ErrorAction* action) {
  Ref replacement = result->items[0].load(), position = result->items[1].load();
  // A position that is too large is -1 to the multibyte codecs, and out of bounds as well.
  auto number = to_i64(t, position, "Python int too large to convert to C ssize_t");
  bool overflow = number.failed();
  if (overflow) {
    if (!multibyte) return Raised{};
    clear_if(t, exc::OverflowError);
  }
  i64 wanted = overflow ? -1 : number.get(), at = wanted;
  if (at < 0) at += i64(length);
  if (overflow || at < 0 || at > i64(length))
    return raise(t, exc::IndexError, "position %zd from error handler out of bounds", wanted);
  action->replacement = std::move(replacement);
  action->position = size_t(at);
  return ok();
}

// The object of the exception, when the handler has put another one there.
Status take_new_input(Thread& t, DecodeErrorState& state, const u8*& data, size_t& n) {
  Ref object = state.exception.as<UnicodeErrorObject>()->object.load();
  if (object.is_empty()) return raise(t, exc::TypeError, "UnicodeError 'object' attribute is not set");
  if (!is_bytes(object)) return raise(t, exc::TypeError, "UnicodeError 'object' attribute must be a bytes");
  if (is_same(object, state.input)) return ok();
  data = object.as<Bytes>()->data;
  n = object.as<Bytes>()->size;
  state.input = std::move(object);
  return ok();
}

}  // namespace

Raised raise_decode_error(Thread& t, const char* encoding, const char* reason, const u8* data, size_t n, size_t start,
                          size_t end) {
  RefTo<Bytes> bytes = bytes_from(t, data, n);
  if (bytes.failed()) return {};
  Ref exception = make_unicode_error(t, exc::UnicodeDecodeError, encoding, bytes, start, end, reason);
  if (exception.failed()) return {};
  return raise_exception(t, std::move(exception));
}

Raised raise_encode_error(Thread& t, const char* encoding, const char* reason, Str* s, size_t start, size_t end) {
  Ref exception = make_unicode_error(t, exc::UnicodeEncodeError, encoding, s, start, end, reason);
  if (exception.failed()) return {};
  return raise_exception(t, std::move(exception));
}

namespace {

// A codec makes one exception, on the first error, and changes it for later ones; its args stay as they were. So where a later error
// may be beyond the handler, it is made although this one is repaired.
bool may_fail_later(ErrorMode mode, const char* encoding) {
  return (mode == ErrorMode::kSurrogateEscape || mode == ErrorMode::kSurrogatePass) && !repairs_itself(encoding);
}

Status change(Thread& t, UnicodeErrorObject* e, const char* reason, size_t start, size_t end) {
  e->start.store(e, Value::small_int(i64(start)));
  e->end.store(e, Value::small_int(i64(end)));
  e->reason.store(e, TRY(str_from_utf8(t, reason)));
  return ok();
}
Status tell(Thread& t, DecodeErrorState& state, const char* encoding, const char* reason, const u8* data, size_t n, size_t start,
            size_t end) {
  if (!state.exception.is_empty()) return change(t, state.exception.as<UnicodeErrorObject>(), reason, start, end);
  RefTo<Bytes> bytes = TRY(bytes_from(t, data, n));
  state.exception = TRY(make_unicode_error(t, exc::UnicodeDecodeError, encoding, bytes, start, end, reason));
  state.input = std::move(bytes).release_ref();
  return ok();
}
Status tell(Thread& t, Ref& exception, const char* encoding, const char* reason, Str* s, size_t start, size_t end) {
  if (!exception.is_empty()) return change(t, exception.as<UnicodeErrorObject>(), reason, start, end);
  exception = TRY(make_unicode_error(t, exc::UnicodeEncodeError, encoding, s, start, end, reason));
  return ok();
}

}  // namespace

Status decode_error(Thread& t, const char* errors, const char* encoding, const char* reason, const u8*& data, size_t& n,
                    size_t start, size_t end, DecodeErrorState& state, ErrorAction* action, bool multibyte) {
  ErrorMode mode = parse_error_mode(errors);
  if (mode != ErrorMode::kOther) {
    bool repaired = TRY(repair_decoding(t, mode, encoding, data, n, start, end, action));
    if (repaired && !may_fail_later(mode, encoding)) return ok();
    TRY(tell(t, state, encoding, reason, data, n, start, end));
    if (repaired) return ok();
    return raise_exception(t, state.exception.dup());
  }
  TRY(tell(t, state, encoding, reason, data, n, start, end));
  Ref result = TRY(call_handler(t, errors, state.exception, false, multibyte));
  if (!multibyte) TRY(take_new_input(t, state, data, n));
  return read_result(t, result.as<Tuple>(), n, multibyte, action);
}

Status encode_error(Thread& t, const char* errors, const char* encoding, const char* reason, Str* s, size_t start,
                    size_t end, Ref& exception, ErrorAction* action, bool multibyte) {
  ErrorMode mode = parse_error_mode(errors);
  if (mode != ErrorMode::kOther) {
    bool repaired = TRY(repair_encoding(t, mode, encoding, s, start, end, action));
    if (repaired && !may_fail_later(mode, encoding)) return ok();
    TRY(tell(t, exception, encoding, reason, s, start, end));
    if (repaired) return ok();
    return raise_exception(t, exception.dup());
  }
  TRY(tell(t, exception, encoding, reason, s, start, end));
  Ref result = TRY(call_handler(t, errors, exception, true, multibyte));
  return read_result(t, result.as<Tuple>(), s->length(), multibyte, action);
}

// --- the handlers as functions of an exception
namespace {

// start and end of a UnicodeError, clamped to its object as CPython does.
struct Range {
  size_t start, end;
};
Result<Range> error_range(Thread& t, UnicodeErrorObject* e, size_t length) {
  Ref start_value = e->start.load(), end_value = e->end.load();
  i64 start = start_value.is_empty() ? 0 : TRY(to_clamped_i64(t, start_value));
  i64 end = end_value.is_empty() ? 0 : TRY(to_clamped_i64(t, end_value));
  i64 n = i64(length);
  if (start < 0) start = 0;
  if (start >= n) start = n > 0 ? n - 1 : 0;
  if (end < 1) end = 1;
  if (end > n) end = n;
  if (end < start) end = start;
  return Range{size_t(start), size_t(end)};
}

Raised raise_again(Thread& t, Value exception) { return raise_exception(t, Ref::copy(exception)); }

Ref handle(Thread& t, Value exception, ErrorMode mode) {
  bool encoding = is_instance_of(exception, exc::UnicodeEncodeError);
  bool decoding = is_instance_of(exception, exc::UnicodeDecodeError);
  bool translating = is_instance_of(exception, exc::UnicodeTranslateError);
  if (mode == ErrorMode::kStrict) {
    if (is_BaseException(exception)) return raise_again(t, exception);
    return raise(t, exc::TypeError, "codec must pass exception instance");
  }
  bool only_encoding = mode == ErrorMode::kXmlCharRef || mode == ErrorMode::kNameReplace;
  bool surrogates = mode == ErrorMode::kSurrogateEscape || mode == ErrorMode::kSurrogatePass;
  if (!(encoding || (decoding && !only_encoding) || (translating && !only_encoding && !surrogates)))
    return cannot_handle(t, type_name(exception));
  auto* e = exception.as<UnicodeErrorObject>();
  Ref object = e->object.load(), name = e->encoding.load();
  Utf8Buffer buffer;
  std::string_view encoding_name = is_str(name) ? str_utf8(name.as<Str>(), buffer) : "";
  ErrorAction action;
  bool repaired;
  if (decoding) {
    if (!is_bytes(object)) return raise(t, exc::TypeError, "UnicodeError 'object' attribute must be a bytes");
    Bytes* bytes = object.as<Bytes>();
    Range r = TRY(error_range(t, e, bytes->size));
    repaired = TRY(repair_decoding(t, mode, encoding_name.data(), bytes->data, bytes->size, r.start, r.end, &action));
  } else {
    if (!is_str(object)) return raise(t, exc::TypeError, "UnicodeError 'object' attribute must be a string");
    Range r = TRY(error_range(t, e, object.as<Str>()->length()));
    const char* codec = translating ? nullptr : encoding_name.data();
    repaired = TRY(repair_encoding(t, mode, codec, object.as<Str>(), r.start, r.end, &action)) && action.position == r.end;
  }
  if (!repaired) return raise_again(t, exception);
  return tuple_of(t, action.replacement, Value::small_int(i64(action.position)));
}

template <ErrorMode mode>
Ref handler_function(Thread& t, Value, const Value* a) {
  return handle(t, a[0], mode);
}

constexpr Method kHandlers[] = {
    method("strict_errors", handler_function<ErrorMode::kStrict>, "(exception, /)",
           "Implements the 'strict' error handling, which raises a UnicodeError on coding errors."),
    method("ignore_errors", handler_function<ErrorMode::kIgnore>, "(exception, /)",
           "Implements the 'ignore' error handling, which ignores malformed data and continues."),
    method("replace_errors", handler_function<ErrorMode::kReplace>, "(exception, /)",
           "Implements the 'replace' error handling, which replaces malformed data with a replacement marker."),
    method("xmlcharrefreplace_errors", handler_function<ErrorMode::kXmlCharRef>, "(exception, /)",
           "Implements the 'xmlcharrefreplace' error handling, which replaces an unencodable character with the "
           "appropriate XML character reference."),
    method("backslashreplace_errors", handler_function<ErrorMode::kBackslash>, "(exception, /)",
           "Implements the 'backslashreplace' error handling, which replaces malformed data with a backslashed "
           "escape sequence."),
    method("namereplace_errors", handler_function<ErrorMode::kNameReplace>, "(exception, /)",
           "Implements the 'namereplace' error handling, which replaces an unencodable character with a \\N{...} "
           "escape sequence."),
    method("surrogatepass", handler_function<ErrorMode::kSurrogatePass>, "(exception, /)"),
    method("surrogateescape", handler_function<ErrorMode::kSurrogateEscape>, "(exception, /)"),
};
constexpr const char* kHandlerNames[] = {"strict",           "ignore",      "replace",       "xmlcharrefreplace",
                                         "backslashreplace", "namereplace", "surrogatepass", "surrogateescape"};

}  // namespace

Ref builtin_error_handlers(Thread& t) {
  RefTo<Dict> handlers = TRY(dict_new(t, 16));
  for (size_t i = 0; i < std::size(kHandlers); i++) {
    Ref function = TRY(native_function_new(t, &kHandlers[i], EMPTY, EMPTY));
    RefTo<Str> key = TRY(str_from_ascii(t, kHandlerNames[i]));
    key = TRY(str_intern(t, key));
    TRY(dict_set_str(t, handlers.get(), key.get(), function));
  }
  return handlers;
}

}  // namespace typhon
