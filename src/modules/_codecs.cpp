// _codecs: the native codecs and the codec registry, as the codecs module and the encodings package use them.
#include "objects/codecs.h"
#include "objects/module.h"

namespace typhon {
namespace {

// An optional str argument as a C string; EMPTY and None give null.
struct OptionalText {
  Utf8Buffer buffer;
  const char* text = nullptr;
  Status get(Thread& t, const char* function, int position, Value v) {
    if (v.is_empty() || v.is_none()) return ok();
    if (!is_str(v))
      return raise(t, exc::TypeError, "%s() argument %d must be str or None, not %Q", function, position, v);
    TRY(check_codec_name(t, v));
    text = str_utf8(v.as<Str>(), buffer).data();
    return ok();
  }
};

Status need_str(Thread& t, const char* function, Value v) {
  if (!is_str(v)) return raise(t, exc::TypeError, "%s() argument 1 must be str, not %Q", function, v);
  return ok();
}

Result<bool> optional_truth(Thread& t, Value v, bool fallback) {
  if (v.is_empty()) return fallback;
  return truth(t, v);
}

Ref with_size(Thread& t, Ref&& result, size_t size) {
  if (result.failed()) return std::move(result);
  return tuple_of(t, result, Value::small_int(i64(size)));
}

// --- encoders: (str, errors) -> (bytes, characters)
using EncodeFn = Ref (*)(Thread&, Str*, const char*);
template <EncodeFn encode>
Ref run_encoder(Thread& t, const char* function, const Value* a) {
  TRY(need_str(t, function, a[0]));
  OptionalText errors;
  TRY(errors.get(t, function, 2, a[1]));
  return with_size(t, encode(t, a[0].as<Str>(), errors.text), a[0].as<Str>()->length());
}

Ref utf_8_encode(Thread& t, Value, const Value* a) { return run_encoder<encode_utf8>(t, "utf_8_encode", a); }
Ref utf_7_encode(Thread& t, Value, const Value* a) { return run_encoder<encode_utf7>(t, "utf_7_encode", a); }
Ref ascii_encode(Thread& t, Value, const Value* a) { return run_encoder<encode_ascii>(t, "ascii_encode", a); }
Ref latin_1_encode(Thread& t, Value, const Value* a) { return run_encoder<encode_latin1>(t, "latin_1_encode", a); }
Ref unicode_escape_encode(Thread& t, Value, const Value* a) {
  return run_encoder<[](Thread& t, Str* s, const char*) { return encode_unicode_escape(t, s); }>(
      t, "unicode_escape_encode", a);
}
Ref raw_unicode_escape_encode(Thread& t, Value, const Value* a) {
  return run_encoder<[](Thread& t, Str* s, const char*) { return encode_raw_unicode_escape(t, s); }>(
      t, "raw_unicode_escape_encode", a);
}
template <Ref (*encode)(Thread&, Str*, const char*, int), int order>
Ref encode_ordered(Thread& t, Str* s, const char* errors) {
  return encode(t, s, errors, order);
}
Ref utf_16_le_encode(Thread& t, Value, const Value* a) {
  return run_encoder<encode_ordered<encode_utf16, -1>>(t, "utf_16_le_encode", a);
}
Ref utf_16_be_encode(Thread& t, Value, const Value* a) {
  return run_encoder<encode_ordered<encode_utf16, 1>>(t, "utf_16_be_encode", a);
}
Ref utf_32_le_encode(Thread& t, Value, const Value* a) {
  return run_encoder<encode_ordered<encode_utf32, -1>>(t, "utf_32_le_encode", a);
}
Ref utf_32_be_encode(Thread& t, Value, const Value* a) {
  return run_encoder<encode_ordered<encode_utf32, 1>>(t, "utf_32_be_encode", a);
}

int clamp_order(i64 order) { return order < 0 ? -1 : order > 0; }

Ref encode_with_order(Thread& t, const char* function, const Value* a, Ref (*encode)(Thread&, Str*, const char*, int)) {
  TRY(need_str(t, function, a[0]));
  OptionalText errors;
  TRY(errors.get(t, function, 2, a[1]));
  i64 order = a[2].is_empty() ? 0 : TRY(to_i64(t, a[2]));
  return with_size(t, encode(t, a[0].as<Str>(), errors.text, clamp_order(order)), a[0].as<Str>()->length());
}
Ref utf_16_encode(Thread& t, Value, const Value* a) { return encode_with_order(t, "utf_16_encode", a, encode_utf16); }
Ref utf_32_encode(Thread& t, Value, const Value* a) { return encode_with_order(t, "utf_32_encode", a, encode_utf32); }

// --- decoders: (buffer, errors, final) -> (str, bytes consumed)
using StatefulFn = Ref (*)(Thread&, const u8*, size_t, const char*, size_t*);

Ref run_stateful(Thread& t, const char* function, const Value* a, StatefulFn decode, bool final_default) {
  ByteView view(t);
  TRY(view.get(a[0]));
  OptionalText errors;
  TRY(errors.get(t, function, 2, a[1]));
  bool final = TRY(optional_truth(t, a[2], final_default));
  size_t consumed = view.size();
  Ref text = TRY(decode(t, view.data(), view.size(), errors.text, final ? nullptr : &consumed));
  return tuple_of(t, text, Value::small_int(i64(consumed)));
}
Ref utf_8_decode(Thread& t, Value, const Value* a) {
  return run_stateful(t, "utf_8_decode", a, decode_utf8_stateful, false);
}
Ref utf_7_decode(Thread& t, Value, const Value* a) { return run_stateful(t, "utf_7_decode", a, decode_utf7, false); }

// The escape decoders take str as well: its UTF-8.
Ref run_escape(Thread& t, const char* function, const Value* a, StatefulFn decode) {
  if (!is_str(a[0])) return run_stateful(t, function, a, decode, true);
  Ref bytes = TRY(encode_utf8(t, a[0].as<Str>()));
  Value words[3] = {bytes, a[1], a[2]};
  return run_stateful(t, function, words, decode, true);
}
Ref unicode_escape_decode(Thread& t, Value, const Value* a) {
  return run_escape(t, "unicode_escape_decode", a, decode_unicode_escape);
}
Ref raw_unicode_escape_decode(Thread& t, Value, const Value* a) {
  return run_escape(t, "raw_unicode_escape_decode", a, decode_raw_unicode_escape);
}

Ref ascii_decode(Thread& t, Value, const Value* a) {
  ByteView view(t);
  TRY(view.get(a[0]));
  OptionalText errors;
  TRY(errors.get(t, "ascii_decode", 2, a[1]));
  return with_size(t, decode_ascii(t, view.data(), view.size(), errors.text), view.size());
}
Ref latin_1_decode(Thread& t, Value, const Value* a) {
  ByteView view(t);
  TRY(view.get(a[0]));
  OptionalText errors;
  TRY(errors.get(t, "latin_1_decode", 2, a[1]));
  return with_size(t, decode_latin1(t, view.data(), view.size()), view.size());
}

using OrderedFn = Ref (*)(Thread&, const u8*, size_t, const char*, int*, size_t*);
template <OrderedFn decode, int order>
Ref decode_ordered(Thread& t, const u8* data, size_t n, const char* errors, size_t* consumed) {
  int found = order;
  return decode(t, data, n, errors, &found, consumed);
}
Ref utf_16_decode(Thread& t, Value, const Value* a) {
  return run_stateful(t, "utf_16_decode", a, decode_ordered<decode_utf16, 0>, false);
}
Ref utf_16_le_decode(Thread& t, Value, const Value* a) {
  return run_stateful(t, "utf_16_le_decode", a, decode_ordered<decode_utf16, -1>, false);
}
Ref utf_16_be_decode(Thread& t, Value, const Value* a) {
  return run_stateful(t, "utf_16_be_decode", a, decode_ordered<decode_utf16, 1>, false);
}
Ref utf_32_decode(Thread& t, Value, const Value* a) {
  return run_stateful(t, "utf_32_decode", a, decode_ordered<decode_utf32, 0>, false);
}
Ref utf_32_le_decode(Thread& t, Value, const Value* a) {
  return run_stateful(t, "utf_32_le_decode", a, decode_ordered<decode_utf32, -1>, false);
}
Ref utf_32_be_decode(Thread& t, Value, const Value* a) {
  return run_stateful(t, "utf_32_be_decode", a, decode_ordered<decode_utf32, 1>, false);
}

// (data, errors, byteorder, final) -> (str, consumed, byteorder found)
Ref decode_ex(Thread& t, const char* function, const Value* a, OrderedFn decode) {
  ByteView view(t);
  TRY(view.get(a[0]));
  OptionalText errors;
  TRY(errors.get(t, function, 2, a[1]));
  int order = a[2].is_empty() ? 0 : clamp_order(TRY(to_i64(t, a[2])));
  bool final = TRY(optional_truth(t, a[3], false));
  size_t consumed = view.size();
  Ref text = TRY(decode(t, view.data(), view.size(), errors.text, &order, final ? nullptr : &consumed));
  return tuple_of(t, text, Value::small_int(i64(consumed)), Value::small_int(order));
}
Ref utf_16_ex_decode(Thread& t, Value, const Value* a) { return decode_ex(t, "utf_16_ex_decode", a, decode_utf16); }
Ref utf_32_ex_decode(Thread& t, Value, const Value* a) { return decode_ex(t, "utf_32_ex_decode", a, decode_utf32); }

// --- charmap, escapes, buffers
Ref charmap_decode(Thread& t, Value, const Value* a) {
  ByteView view(t);
  TRY(view.get(a[0]));
  OptionalText errors;
  TRY(errors.get(t, "charmap_decode", 2, a[1]));
  return with_size(t, decode_charmap(t, view.data(), view.size(), errors.text, a[2]), view.size());
}
Ref charmap_encode(Thread& t, Value, const Value* a) {
  TRY(need_str(t, "charmap_encode", a[0]));
  OptionalText errors;
  TRY(errors.get(t, "charmap_encode", 2, a[1]));
  return with_size(t, encode_charmap(t, a[0].as<Str>(), errors.text, a[2]), a[0].as<Str>()->length());
}
Ref charmap_build(Thread& t, Value, const Value* a) {
  if (!is_str(a[0])) return raise(t, exc::TypeError, "charmap_build() argument must be str, not %Q", a[0]);
  return build_charmap(t, a[0].as<Str>());
}
Ref escape_decode(Thread& t, Value, const Value* a) {
  Ref bytes = is_str(a[0]) ? encode_utf8(t, a[0].as<Str>()) : Ref::copy(a[0]);
  if (bytes.failed()) return bytes;
  ByteView view(t);
  TRY(view.get(bytes));
  OptionalText errors;
  TRY(errors.get(t, "escape_decode", 2, a[1]));
  return with_size(t, decode_bytes_escape(t, view.data(), view.size(), errors.text), view.size());
}
Ref escape_encode(Thread& t, Value, const Value* a) {
  if (!is_bytes(a[0]))
    return raise(t, exc::TypeError, "escape_encode() argument 1 must be bytes, not %T", a[0]);
  Bytes* bytes = a[0].as<Bytes>();
  ByteBuilder out;
  for (size_t i = 0; i < bytes->size; i++) {
    u8 c = bytes->data[i];
    switch (c) {
      case '\\': out.append("\\\\"); break;
      case '\'': out.append("\\'"); break;
      case '\t': out.append("\\t"); break;
      case '\n': out.append("\\n"); break;
      case '\r': out.append("\\r"); break;
      default:
        if (c >= ' ' && c < 0x7F) {
          out.append(c);
        } else {
          out.append("\\x");
          out.append(u8("0123456789abcdef"[c >> 4]));
          out.append(u8("0123456789abcdef"[c & 15]));
        }
    }
  }
  return with_size(t, out.finish(t), bytes->size);
}
Ref readbuffer_encode(Thread& t, Value, const Value* a) {
  Ref bytes = is_str(a[0]) ? encode_utf8(t, a[0].as<Str>()) : Ref::copy(a[0]);
  if (bytes.failed()) return bytes;
  ByteView view(t);
  TRY(view.get(bytes));
  return with_size(t, bytes_from(t, view.data(), view.size()), view.size());
}

// --- registry
Ref encode(Thread& t, Value, const Value* a) {
  Str* encoding = a[1].is_empty() ? names::utf_8 : nullptr;
  if (encoding == nullptr) {
    if (!is_str(a[1])) return raise(t, exc::TypeError, "encode() argument 'encoding' must be str, not %Q", a[1]);
    encoding = a[1].as<Str>();
  }
  TRY(check_codec_name(t, encoding));
  if (!a[2].is_empty() && !is_str(a[2]))
    return raise(t, exc::TypeError, "encode() argument 'errors' must be str, not %Q", a[2]);
  TRY(check_codec_name(t, a[2]));
  return codec_encode(t, a[0], encoding, a[2]);
}
Ref decode(Thread& t, Value, const Value* a) {
  Str* encoding = a[1].is_empty() ? names::utf_8 : nullptr;
  if (encoding == nullptr) {
    if (!is_str(a[1])) return raise(t, exc::TypeError, "decode() argument 'encoding' must be str, not %Q", a[1]);
    encoding = a[1].as<Str>();
  }
  TRY(check_codec_name(t, encoding));
  if (!a[2].is_empty() && !is_str(a[2]))
    return raise(t, exc::TypeError, "decode() argument 'errors' must be str, not %Q", a[2]);
  TRY(check_codec_name(t, a[2]));
  return codec_decode(t, a[0], encoding, a[2]);
}
Ref lookup(Thread& t, Value, const Value* a) {
  if (!is_str(a[0])) return raise(t, exc::TypeError, "lookup() argument must be str, not %Q", a[0]);
  return codec_lookup(t, a[0].as<Str>());
}
Ref register_search(Thread& t, Value, const Value* a) {
  TRY(codec_register(t, a[0]));
  return Ref::none();
}
Ref unregister_search(Thread& t, Value, const Value* a) {
  TRY(codec_unregister(t, a[0]));
  return Ref::none();
}
Ref register_error(Thread& t, Value, const Value* a) {
  TRY(need_str(t, "register_error", a[0]));
  TRY(codec_register_error(t, a[0].as<Str>(), a[1]));
  return Ref::none();
}
Ref unregister_error(Thread& t, Value, const Value* a) {
  if (!is_str(a[0])) return raise(t, exc::TypeError, "_unregister_error() argument must be str, not %Q", a[0]);
  return Ref::boolean(TRY(codec_unregister_error(t, a[0].as<Str>())));
}
Ref lookup_error(Thread& t, Value, const Value* a) {
  if (!is_str(a[0])) return raise(t, exc::TypeError, "lookup_error() argument must be str, not %Q", a[0]);
  TRY(check_codec_name(t, a[0]));
  return codec_lookup_error(t, a[0].as<Str>());
}

constexpr const char* kEncodeSignature = "($module, str, errors=None, /)";
constexpr const char* kDecodeSignature = "($module, data, errors=None, /)";
constexpr const char* kStatefulSignature = "($module, data, errors=None, final=False, /)";

constexpr Method kFunctions[] = {
    method("register", register_search, "($module, search_function, /)",
           "Register a codec search function.\n\nSearch functions are expected to take one argument, the encoding name "
           "in\nall lower case letters, and either return None, or a tuple of functions\n(encoder, decoder, "
           "stream_reader, stream_writer) (or a CodecInfo object)."),
    method("unregister", unregister_search, "($module, search_function, /)",
           "Unregister a codec search function and clear the registry's cache."),
    method("lookup", lookup, "($module, encoding, /)",
           "Looks up a codec tuple in the Python codec registry and returns a CodecInfo object."),
    method("encode", encode, "($module, /, obj, encoding='utf-8', errors='strict')",
           "Encodes obj using the codec registered for encoding."),
    method("decode", decode, "($module, /, obj, encoding='utf-8', errors='strict')",
           "Decodes obj using the codec registered for encoding."),
    method("escape_encode", escape_encode, kDecodeSignature),
    method("escape_decode", escape_decode, kDecodeSignature),
    method("utf_8_encode", utf_8_encode, kEncodeSignature),
    method("utf_8_decode", utf_8_decode, kStatefulSignature),
    method("utf_7_encode", utf_7_encode, kEncodeSignature),
    method("utf_7_decode", utf_7_decode, kStatefulSignature),
    method("utf_16_encode", utf_16_encode, "($module, str, errors=None, byteorder=0, /)"),
    method("utf_16_le_encode", utf_16_le_encode, kEncodeSignature),
    method("utf_16_be_encode", utf_16_be_encode, kEncodeSignature),
    method("utf_16_decode", utf_16_decode, kStatefulSignature),
    method("utf_16_le_decode", utf_16_le_decode, kStatefulSignature),
    method("utf_16_be_decode", utf_16_be_decode, kStatefulSignature),
    method("utf_16_ex_decode", utf_16_ex_decode, "($module, data, errors=None, byteorder=0, final=False, /)"),
    method("utf_32_encode", utf_32_encode, "($module, str, errors=None, byteorder=0, /)"),
    method("utf_32_le_encode", utf_32_le_encode, kEncodeSignature),
    method("utf_32_be_encode", utf_32_be_encode, kEncodeSignature),
    method("utf_32_decode", utf_32_decode, kStatefulSignature),
    method("utf_32_le_decode", utf_32_le_decode, kStatefulSignature),
    method("utf_32_be_decode", utf_32_be_decode, kStatefulSignature),
    method("utf_32_ex_decode", utf_32_ex_decode, "($module, data, errors=None, byteorder=0, final=False, /)"),
    method("unicode_escape_encode", unicode_escape_encode, kEncodeSignature),
    method("unicode_escape_decode", unicode_escape_decode, "($module, data, errors=None, final=True, /)"),
    method("raw_unicode_escape_encode", raw_unicode_escape_encode, kEncodeSignature),
    method("raw_unicode_escape_decode", raw_unicode_escape_decode, "($module, data, errors=None, final=True, /)"),
    method("latin_1_encode", latin_1_encode, kEncodeSignature),
    method("latin_1_decode", latin_1_decode, kDecodeSignature),
    method("ascii_encode", ascii_encode, kEncodeSignature),
    method("ascii_decode", ascii_decode, kDecodeSignature),
    method("charmap_encode", charmap_encode, "($module, str, errors=None, mapping=None, /)"),
    method("charmap_decode", charmap_decode, "($module, data, errors=None, mapping=None, /)"),
    method("charmap_build", charmap_build, "($module, map, /)"),
    method("readbuffer_encode", readbuffer_encode, kDecodeSignature),
    method("register_error", register_error, "($module, errors, handler, /)",
           "Register the specified error handler under the name errors.\n\nhandler must be a callable object, that will "
           "be called with an exception\ninstance containing information about the location of the "
           "encoding/decoding\nerror and must return a (replacement, new position) tuple."),
    method("_unregister_error", unregister_error, "($module, errors, /)",
           "Un-register the specified error handler for the error handling `errors'."),
    method("lookup_error", lookup_error, "($module, name, /)",
           "lookup_error(errors) -> handler\n\nReturn the error handler for the specified error handling name or raise "
           "a\nLookupError, if no handler exists under this name."),
    {},
};

}  // namespace

extern const ModuleDef module__codecs;
const ModuleDef module__codecs = {"_codecs", nullptr, kFunctions, nullptr};

}  // namespace typhon
