// The codec registry, and encoding and decoding by name.
#include "objects/codecs.h"

#include "objects/protocol/protocol.h"

namespace typhon {

Ref import_module(Thread& t, const char* name);              // runtime
Ref builtin_error_handlers(Thread& t);                        // codec_errors.cpp: name -> function

namespace {

GlobalRoot g_search_path;     // list of search functions
GlobalRoot g_search_cache;    // normalised name -> CodecInfo
GlobalRoot g_error_registry;  // name -> handler
Mutex g_start_lock;
u32 g_started;  // 0 no, 1 tables made, 2 the encodings package is imported (or being imported)

Status make_tables(Thread& t) {
  if (__atomic_load_n(&g_started, __ATOMIC_ACQUIRE) != 0) return ok();
  Ref path = TRY(list_new(t));
  Ref cache = TRY(dict_new(t));
  Ref handlers = TRY(builtin_error_handlers(t));
  MutexGuard guard(t, g_start_lock);
  if (g_started != 0) return ok();
  g_search_path.set(t, std::move(path));
  g_search_cache.set(t, std::move(cache));
  g_error_registry.set(t, std::move(handlers));
  __atomic_store_n(&g_started, 1, __ATOMIC_RELEASE);
  return ok();
}

// The encodings package registers its search function when it is imported.
Status start_registry(Thread& t) {
  TRY(make_tables(t));
  u32 expected = 1;
  if (!__atomic_compare_exchange_n(&g_started, &expected, 2, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) return ok();
  Ref package = import_module(t, "encodings");
  if (package.failed()) {
    __atomic_store_n(&g_started, 1, __ATOMIC_RELEASE);
    return Raised{};
  }
  return ok();
}

bool ascii_alnum(u32 c) { return (c - '0' < 10) || ((c | 0x20) - 'a' < 26); }

// Lower case; runs of anything but letters, digits and dots become one underscore.
void normalise_name(std::string_view name, ByteBuilder& out) {
  bool gap = false;
  for (char c : name) {
    if (!ascii_alnum(u8(c)) && c != '.') {
      gap = true;
      continue;
    }
    if (gap && out.length() != 0) out.append('_');
    gap = false;
    out.append(u8(c >= 'A' && c <= 'Z' ? c + 32 : c));
  }
}

}  // namespace

Status check_codec_name(Thread& t, Value v) {
  if (v.is_empty()) return ok();
  auto* text = v.as<Str>();
  if (text->is_ascii()) {
    if (std::memchr(text->data<u8>(), 0, text->length()) != nullptr) return raise(t, exc::ValueError, "embedded null character");
    return ok();
  }
  TRY(encode_utf8(t, text, nullptr));
  for (size_t i = 0; i < text->length(); i++)
    if (text->at(i) == 0) return raise(t, exc::ValueError, "embedded null character");
  return ok();
}

namespace {

enum class Native : u8 { kNone, kUtf8, kAscii, kLatin1, kUtf16, kUtf16Le, kUtf16Be, kUtf32, kUtf32Le, kUtf32Be };

Native native_codec(const char* encoding) {
  if (encoding == nullptr || std::strcmp(encoding, "utf-8") == 0) return Native::kUtf8;
  // Letters in lower case, '-' for '_'; anything longer is none of these.
  char name[16];
  size_t n = 0;
  for (const char* p = encoding; *p != 0; p++) {
    if (n == sizeof name - 1) return Native::kNone;
    char c = *p;
    name[n++] = c == '_' ? '-' : c >= 'A' && c <= 'Z' ? char(c + 32) : c;
  }
  name[n] = 0;
  static constexpr struct {
    const char* name;
    Native codec;
  } kNames[] = {
      {"utf-8", Native::kUtf8},        {"utf8", Native::kUtf8},          {"ascii", Native::kAscii},
      {"us-ascii", Native::kAscii},    {"latin-1", Native::kLatin1},     {"latin1", Native::kLatin1},
      {"iso-8859-1", Native::kLatin1}, {"iso8859-1", Native::kLatin1},   {"utf-16", Native::kUtf16},
      {"utf16", Native::kUtf16},       {"utf-16-le", Native::kUtf16Le},  {"utf-16-be", Native::kUtf16Be},
      {"utf-32", Native::kUtf32},      {"utf32", Native::kUtf32},        {"utf-32-le", Native::kUtf32Le},
      {"utf-32-be", Native::kUtf32Be},
  };
  for (const auto& row : kNames)
    if (std::strcmp(row.name, name) == 0) return row.codec;
  return Native::kNone;
}

// The same for the names that are used most, as they are written; kNone for all others.
TYPHON_INLINE Native usual_codec(Value encoding) {
  if (encoding.is_empty()) return Native::kUtf8;
  const Str* name = encoding.as<Str>();
  if (!name->is_ascii()) return Native::kNone;
  std::string_view text = name->ascii();
  if (text == "utf-8" || text == "utf8") return Native::kUtf8;
  if (text == "ascii") return Native::kAscii;
  if (text == "latin-1") return Native::kLatin1;
  return Native::kNone;
}

Ref decode_native(Thread& t, Native codec, const u8* data, size_t n, const char* errors) {
  int order = codec == Native::kUtf16Le || codec == Native::kUtf32Le   ? -1
              : codec == Native::kUtf16Be || codec == Native::kUtf32Be ? 1
                                                                       : 0;
  switch (codec) {
    case Native::kUtf8: return decode_utf8(t, data, n, errors);
    case Native::kAscii: return decode_ascii(t, data, n, errors);
    case Native::kLatin1: return decode_latin1(t, data, n);
    case Native::kUtf16:
    case Native::kUtf16Le:
    case Native::kUtf16Be: return decode_utf16(t, data, n, errors, &order, nullptr);
    default: return decode_utf32(t, data, n, errors, &order, nullptr);
  }
}

Ref encode_native(Thread& t, Native codec, Str* s, const char* errors) {
  switch (codec) {
    case Native::kUtf8: return encode_utf8(t, s, errors);
    case Native::kAscii: return encode_ascii(t, s, errors);
    case Native::kLatin1: return encode_latin1(t, s, errors);
    case Native::kUtf16: return encode_utf16(t, s, errors, 0);
    case Native::kUtf16Le: return encode_utf16(t, s, errors, -1);
    case Native::kUtf16Be: return encode_utf16(t, s, errors, 1);
    case Native::kUtf32: return encode_utf32(t, s, errors, 0);
    case Native::kUtf32Le: return encode_utf32(t, s, errors, -1);
    default: return encode_utf32(t, s, errors, 1);
  }
}

// Adds "encoding with 'x' codec failed" to the pending exception.
void add_failure_note(Thread& t, const char* what, Str* encoding) {
  Ref exception = take_exception(t);
  if (exception.is_empty()) return;
  RefTo<Str> note = str_format(t, "%s with '%U' codec failed", what, encoding);
  if (!note.failed()) {
    Ref method = get_attribute_utf8(t, exception, "add_note");
    if (!method.failed()) {
      Ref done = call_with(t, method, note);
      if (done.failed()) clear_exception(t);
    }
  }
  clear_exception(t);
  restore_exception(t, std::move(exception));
}

// Calls encoder (part 0) or decoder (part 1) of a CodecInfo; the first item of what it returns.
Ref run_codec(Thread& t, Value info, int part, Value object, Str* encoding, Value errors) {
  Ref function = info.as<Tuple>()->items[part].load();
  Ref result = errors.is_empty() ? call_with(t, function, object) : call_with(t, function, object, errors);
  if (!result.failed() && (!is_tuple(result) || result.as<Tuple>()->size != 2))
    result = raise(t, exc::TypeError, part == 0 ? "encoder must return a tuple (object, integer)"
                                                : "decoder must return a tuple (object,integer)");
  if (result.failed()) {
    add_failure_note(t, part == 0 ? "encoding" : "decoding", encoding);
    return Raised{};
  }
  return result.as<Tuple>()->items[0].load();
}

// The CodecInfo of a text encoding.
Ref lookup_text(Thread& t, Str* encoding, const char* alternative) {
  Ref info = TRY(codec_lookup(t, encoding));
  if (is_exact_tuple(info)) return info;
  Ref flag = get_attribute_utf8(t, info, "_is_text_encoding");
  if (flag.failed()) {
    if (clear_if(t, exc::AttributeError)) return info;
    return flag;
  }
  if (!TRY(truth(t, flag)))
    return raise(t, exc::LookupError, "'%U' is not a text encoding; use %s to handle arbitrary codecs", encoding,
                 alternative);
  return info;
}

Ref decode_registered(Thread& t, Value object, Str* encoding, Value errors) {
  Ref info = TRY(lookup_text(t, encoding, "codecs.decode()"));
  Ref text = TRY(run_codec(t, info, 1, object, encoding, errors));
  if (!is_str(text))
    return raise(t, exc::TypeError,
                 "'%U' decoder returned '%T' instead of 'str'; use codecs.decode() to decode to arbitrary types",
                 encoding, text.get());
  return text;
}

Ref encode_registered(Thread& t, Str* s, Str* encoding, Value errors) {
  Ref info = TRY(lookup_text(t, encoding, "codecs.encode()"));
  Ref data = TRY(run_codec(t, info, 0, s, encoding, errors));
  if (is_bytes(data)) return data;
  if (is_bytearray(data)) {
    TRY(warn(t, exc::RuntimeWarning, 1,
             "encoder %U returned bytearray instead of bytes; use codecs.encode() to encode to arbitrary types",
             encoding));
    ByteView view(t);
    TRY(view.get(data));
    return bytes_from(t, view.data(), view.size());
  }
  return raise(t, exc::TypeError,
               "'%U' encoder returned '%T' instead of 'bytes'; use codecs.encode() to encode to arbitrary types",
               encoding, data.get());
}

Ref optional_str(Thread& t, const char* text) {
  if (text == nullptr) return Ref();
  return str_from_utf8(t, text);
}

bool has_byte_order(Native codec) {
  return codec == Native::kUtf16Le || codec == Native::kUtf16Be || codec == Native::kUtf32Le || codec == Native::kUtf32Be;
}

// A C string of an encoding or errors argument; null for EMPTY.
struct NameArgument {
  Utf8Buffer buffer;
  const char* text = nullptr;
  Status get(Thread& t, Value v) {
    if (v.is_empty()) return ok();
    TRY(check_codec_name(t, v));
    text = str_utf8(v.as<Str>(), buffer).data();
    return ok();
  }
};

}  // namespace

Ref decode_bytes(Thread& t, const u8* data, size_t n, const char* encoding, const char* errors) {
  Native codec = native_codec(encoding);
  if (codec != Native::kNone) return decode_native(t, codec, data, n, errors);
  RefTo<Str> name = TRY(str_from_utf8(t, encoding));
  Ref handler = TRY(optional_str(t, errors));
  RefTo<Bytes> bytes = TRY(bytes_from(t, data, n));
  return decode_registered(t, bytes, name.get(), handler);
}

Ref encode_str(Thread& t, Str* s, const char* encoding, const char* errors) {
  Native codec = native_codec(encoding);
  if (codec != Native::kNone) return encode_native(t, codec, s, errors);
  RefTo<Str> name = TRY(str_from_utf8(t, encoding));
  Ref handler = TRY(optional_str(t, errors));
  return encode_registered(t, s, name.get(), handler);
}

bool g_check_codec_names = false;

static Status check_names(Thread& t, Native codec, Value encoding, Value errors) {
  if (!g_check_codec_names) return ok();
  if (codec == Native::kNone) TRY(codec_lookup(t, encoding.as<Str>()));
  if (!errors.is_empty()) TRY(codec_lookup_error(t, errors.as<Str>()));
  return ok();
}

Ref decode_object(Thread& t, Value object, Value encoding, Value errors) {
  if (errors.is_empty() && is_exact_bytes(object))
    if (Native usual = usual_codec(encoding); usual != Native::kNone)
      return decode_native(t, usual, object.as<Bytes>()->data, object.as<Bytes>()->size, nullptr);
  NameArgument name, handler;
  TRY(name.get(t, encoding));
  TRY(handler.get(t, errors));
  Native codec = native_codec(name.text);
  TRY(check_names(t, codec, encoding, errors));
  if (codec == Native::kNone) {
    ByteView view(t);
    TRY(view.get(object));
    if (view.size() == 0) return Ref::copy(Value(empty_str()));
    RefTo<Bytes> bytes = TRY(bytes_from(t, view.data(), view.size()));
    return decode_registered(t, bytes, encoding.as<Str>(), errors);
  }
  ByteView view(t);
  TRY(view.get(object));
  Ref text = decode_native(t, codec, view.data(), view.size(), handler.text);
  if (text.failed() && has_byte_order(codec)) add_failure_note(t, "decoding", encoding.as<Str>());
  return text;
}

Ref encode_object(Thread& t, Str* s, Value encoding, Value errors) {
  if (errors.is_empty())
    if (Native usual = usual_codec(encoding); usual != Native::kNone) return encode_native(t, usual, s, nullptr);
  NameArgument name, handler;
  TRY(name.get(t, encoding));
  TRY(handler.get(t, errors));
  Native codec = native_codec(name.text);
  TRY(check_names(t, codec, encoding, errors));
  if (codec != Native::kNone) {
    Ref data = encode_native(t, codec, s, handler.text);
    if (data.failed() && has_byte_order(codec)) add_failure_note(t, "encoding", encoding.as<Str>());
    return data;
  }
  return encode_registered(t, s, encoding.as<Str>(), errors);
}

// --- registry
Status codec_register(Thread& t, Value search_function) {
  TRY(make_tables(t));
  if (!is_callable(search_function)) return raise(t, exc::TypeError, "argument must be callable");
  return list_append(t, g_search_path.as<List>(), search_function);
}

Status codec_unregister(Thread& t, Value search_function) {
  TRY(make_tables(t));
  List* path = g_search_path.as<List>();
  RefTo<List> rest = TRY(list_new(t));
  bool found = false;
  for (size_t i = 0; i < list_size(path); i++) {
    Ref entry = list_get(t, path, i);
    if (entry.is_empty()) break;
    if (!found && entry.get().same_word(search_function)) {
      found = true;
      continue;
    }
    TRY(list_append(t, rest.get(), std::move(entry)));
  }
  if (!found) return ok();
  dict_clear(t, g_search_cache.as<Dict>());
  g_search_path.set(t, std::move(rest));
  return ok();
}

Ref codec_lookup(Thread& t, Str* encoding) {
  TRY(start_registry(t));
  TRY(check_codec_name(t, encoding));
  Utf8Buffer buffer;
  std::string_view text = str_utf8(encoding, buffer);
  ByteBuilder normal;
  normalise_name(text, normal);
  RefTo<Str> key = TRY(str_from_ascii(t, normal.text()));
  key = TRY(str_intern(t, key));
  Ref cached = TRY(dict_get_str(t, g_search_cache.as<Dict>(), key.get()));
  if (!cached.is_empty()) return cached;
  Ref path = Ref::copy(g_search_path.get());
  List* functions = path.as<List>();
  if (list_size(functions) == 0)
    return raise(t, exc::LookupError, "no codec search functions registered: can't find encoding");
  for (size_t i = 0; i < list_size(functions); i++) {
    Ref function = list_get(t, functions, i);
    if (function.is_empty()) break;
    Ref info = TRY(call_with(t, function, key));
    if (info.get().is_none()) continue;
    if (!is_tuple(info) || info.as<Tuple>()->size != 4)
      return raise(t, exc::TypeError, "codec search functions must return 4-tuples");
    TRY(dict_set_str(t, g_search_cache.as<Dict>(), key.get(), info));
    return info;
  }
  return raise(t, exc::LookupError, "unknown encoding: %U", encoding);
}

Ref codec_encode(Thread& t, Value object, Str* encoding, Value errors) {
  Ref info = TRY(codec_lookup(t, encoding));
  return run_codec(t, info, 0, object, encoding, errors);
}

Ref codec_decode(Thread& t, Value object, Str* encoding, Value errors) {
  Ref info = TRY(codec_lookup(t, encoding));
  return run_codec(t, info, 1, object, encoding, errors);
}

Status codec_register_error(Thread& t, Str* name, Value handler) {
  TRY(make_tables(t));
  if (!is_callable(handler)) return raise(t, exc::TypeError, "handler must be callable");
  RefTo<Str> key = TRY(str_intern(t, name));
  return dict_set_str(t, g_error_registry.as<Dict>(), key.get(), handler);
}

Result<bool> codec_unregister_error(Thread& t, Str* name) {
  TRY(make_tables(t));
  for (const char* builtin : {"strict", "ignore", "replace", "xmlcharrefreplace", "backslashreplace", "namereplace",
                              "surrogatepass", "surrogateescape"})
    if (name->equals_ascii(builtin))
      return raise(t, exc::ValueError, "cannot un-register built-in error handler '%U'", name);
  RefTo<Str> key = TRY(str_intern(t, name));
  return dict_delete_str(t, g_error_registry.as<Dict>(), key.get());
}

Ref codec_lookup_error(Thread& t, Str* name) {
  TRY(make_tables(t));
  RefTo<Str> key = TRY(str_intern(t, name));
  Ref handler = TRY(dict_get_str(t, g_error_registry.as<Dict>(), key.get()));
  if (handler.is_empty()) {
    RefTo<Str> shown = TRY(str_substring(t, name, 0, 400));
    return raise(t, exc::LookupError, "unknown error handler name '%U'", shown.get());
  }
  return handler;
}

}  // namespace typhon
