// TextIOWrapper: encoding and decoding.
#include <cstdlib>

#include "base/utf8.h"
#include "modules/_io/textio.h"
#include "objects/byte_builder.h"

namespace typhon::io {
namespace {

TextCodec native_codec(const Str* encoding) {
  if (!encoding->is_ascii() || encoding->length() > 12) return TextCodec::kOther;
  char name[16];
  size_t n = 0;
  for (char c : encoding->ascii()) name[n++] = c >= 'A' && c <= 'Z' ? char(c + 32) : c == '_' ? '-' : c;
  std::string_view s(name, n);
  if (s == "utf-8" || s == "utf8") return TextCodec::kUtf8;
  if (s == "ascii" || s == "us-ascii") return TextCodec::kAscii;
  if (s == "latin-1" || s == "latin1" || s == "iso-8859-1" || s == "iso8859-1") return TextCodec::kLatin1;
  return TextCodec::kOther;
}

// The errors argument as the codecs want it. Keeps the string alive.
struct ErrorsText {
  explicit ErrorsText(TextIO* x) : keep(x->errors.load()) {
    text = keep.is_empty() ? "strict" : str_utf8(keep.as<Str>(), buffer).data();
  }
  Ref keep;
  Utf8Buffer buffer;
  const char* text;
};

Ref make_coder(Thread& t, Value info, Str* attribute, Value errors) {
  Ref factory = TRY(get_attribute(t, info, attribute));
  return call_with(t, factory, errors);
}

Status append_pending(Thread& t, TextIO* x, const void* bytes, i64 n) {
  if (x->pending_size + n > x->pending_capacity) {
    i64 capacity = x->pending_capacity * 2;
    if (capacity < 512) capacity = 512;
    if (capacity < x->pending_size + n) capacity = x->pending_size + n;
    auto* data = static_cast<u8*>(std::realloc(x->pending, size_t(capacity)));
    if (data == nullptr) return raise_no_memory(t);
    x->pending = data;
    x->pending_capacity = capacity;
  }
  if (n != 0) memcpy(x->pending + x->pending_size, bytes, size_t(n));
  x->pending_size += n;
  return ok();
}

// UTF-8 of a string without lone surrogates, straight into `pending`; false (nothing appended) when there is one.
Result<bool> append_utf8(Thread& t, TextIO* x, const Str* s) {
  i64 before = x->pending_size;
  char chunk[512];
  size_t used = 0, n = s->length();
  for (size_t i = 0; i < n; i++) {
    u32 c = s->at(i);
    if (c >= 0xD800 && c <= 0xDFFF) {
      x->pending_size = before;
      return false;
    }
    used += utf8::encode(c, chunk + used);
    if (used > sizeof chunk - 4) {
      TRY(append_pending(t, x, chunk, i64(used)));
      used = 0;
    }
  }
  TRY(append_pending(t, x, chunk, i64(used)));
  return true;
}

}  // namespace

Status set_codec(Thread& t, TextIO* x, Str* encoding, Value errors, bool readable, bool writable) {
  TextCodec codec = native_codec(encoding);
  Ref encoder, decoder;
  if (codec == TextCodec::kOther) {
    Ref info = TRY(codec_lookup(t, encoding));
    Ref is_text = TRY(get_attribute_or_empty(t, info, name::_is_text_encoding));
    if (!is_text.is_empty() && !TRY(truth(t, is_text)))
      return raise(t, exc::LookupError, "'%U' is not a text encoding", encoding);
    if (readable) decoder = TRY(make_coder(t, info, name::incrementaldecoder, errors));
    if (writable) encoder = TRY(make_coder(t, info, name::incrementalencoder, errors));
  }
  x->codec = codec;
  x->can_read = readable;
  x->can_write = writable;
  x->partial_size = 0;
  x->newlines = {x->read_translate, false, 0};
  x->encoding.store(x, Value(encoding));
  x->errors.store(x, errors);
  x->decoder.store(x, std::move(decoder));
  x->encoder.store(x, std::move(encoder));
  return ok();
}

Status encode_pending(Thread& t, TextIO* x, Str* text) {
  if (x->codec != TextCodec::kOther && text->is_ascii()) return append_pending(t, x, text->raw(), i64(text->length()));
  Ref bytes;
  switch (x->codec) {
    case TextCodec::kUtf8: {
      if (TRY(append_utf8(t, x, text))) return ok();
      ErrorsText errors(x);
      bytes = TRY(encode_utf8(t, text, errors.text));
      break;
    }
    case TextCodec::kLatin1: {
      if (text->kind() == 0) return append_pending(t, x, text->raw(), i64(text->length()));
      ErrorsText errors(x);
      bytes = TRY(encode_latin1(t, text, errors.text));
      break;
    }
    case TextCodec::kAscii: {
      ErrorsText errors(x);
      bytes = TRY(encode_ascii(t, text, errors.text));
      break;
    }
    case TextCodec::kOther: {
      Ref encoder = x->encoder.load();
      if (encoder.is_empty()) return raise_unsupported(t, "not writable");
      bytes = TRY(call_method_with(t, encoder, names::encode, Value(text)));
      if (!is_bytes(bytes))
        return raise(t, exc::TypeError, "encoder should return a bytes object, not '%T'", bytes.get());
      break;
    }
  }
  return append_pending(t, x, bytes.as<Bytes>()->data, i64(bytes.as<Bytes>()->size));
}

Status reset_encoder(Thread& t, TextIO* x, bool at_start) {
  Ref encoder = x->encoder.load();
  if (encoder.is_empty()) return ok();
  Ref done = at_start ? TRY(call_method(t, encoder, name::reset, nullptr, 0))
                      : TRY(call_method_with(t, encoder, name::setstate, Value::small_int(0)));
                      return ok();
}

// --- decoding
namespace {

Ref decode_partial_utf8(Thread& t, TextIO* x, const u8* data, size_t n, bool final) {
  ErrorsText errors(x);
  if (final) {
    Ref text = TRY(decode_utf8(t, data, n, errors.text));
    x->partial_size = 0;
    return text;
  }
  size_t consumed = 0;
  Ref text = TRY(decode_utf8_stateful(t, data, n, errors.text, &consumed));
  size_t rest = n - consumed;
  if (rest > sizeof x->partial) rest = sizeof x->partial;  // three bytes at most, in fact
  memcpy(x->partial, data + n - rest, rest);
  x->partial_size = u8(rest);
  return text;
}

Ref decode_native(Thread& t, TextIO* x, const u8* data, size_t n, bool final) {
  switch (x->codec) {
    case TextCodec::kUtf8: {
      if (x->partial_size == 0) return decode_partial_utf8(t, x, data, n, final);
      ByteBuilder joined;
      joined.append(x->partial, x->partial_size);
      joined.append(data, n);
      if (joined.failed()) return raise_no_memory(t);
      return decode_partial_utf8(t, x, joined.data(), joined.length(), final);
    }
    case TextCodec::kAscii: {
      ErrorsText errors(x);
      return decode_ascii(t, data, n, errors.text);
    }
    default: return decode_latin1(t, data, n);
  }
}

Ref decode_other(Thread& t, TextIO* x, Value bytes, bool final) {
  Ref decoder = x->decoder.load();
  if (decoder.is_empty()) return raise_unsupported(t, "not readable");
  Ref text = TRY(call_method_with(t, decoder, names::decode, bytes, Value::boolean(final)));
  if (!is_str(text)) return raise(t, exc::TypeError, "decoder should return a string result, not '%T'", text.get());
  return text;
}

Ref finish_decoding(Thread& t, TextIO* x, Ref text, bool final) {
  if (!x->read_universal) return text;
  return decode_newlines(t, &x->newlines, text.as<Str>(), final);
}

}  // namespace

Ref decode_input(Thread& t, TextIO* x, Value bytes, bool final) {
  if (x->codec == TextCodec::kOther) {
    Ref text = TRY(decode_other(t, x, bytes, final));
    return finish_decoding(t, x, std::move(text), final);
  }
  ByteView view(t);
  TRY(view.get(bytes));
  Ref text = TRY(decode_native(t, x, view.data(), view.size(), final));
  return finish_decoding(t, x, std::move(text), final);
}

Ref decode_input(Thread& t, TextIO* x, const u8* data, size_t n, bool final) {
  Ref text;
  if (x->codec == TextCodec::kOther) {
    RefTo<Bytes> bytes = TRY(bytes_from(t, data, n));
    text = TRY(decode_other(t, x, bytes, final));
  } else {
    text = TRY(decode_native(t, x, data, n, final));
  }
  return finish_decoding(t, x, std::move(text), final);
}

Status get_decoder_state(Thread& t, TextIO* x, Ref* bytes, i64* flags) {
  *flags = 0;
  if (x->codec == TextCodec::kOther) {
    Ref decoder = x->decoder.load();
    if (decoder.is_empty()) return raise_unsupported(t, "not readable");
    Ref state = TRY(call_method(t, decoder, name::getstate, nullptr, 0));
    if (!is_tuple(state) || state.as<Tuple>()->size != 2) return raise(t, exc::TypeError, "illegal decoder state");
    *bytes = state.as<Tuple>()->items[0].load();
    Ref number = state.as<Tuple>()->items[1].load();
    if (!is_bytes(*bytes))
      return raise(t, exc::TypeError, "illegal decoder state: the first item should be a bytes object, not '%T'",
                   bytes->get());
    if (!is_int(number)) return raise(t, exc::TypeError, "illegal decoder state");
    *flags = TRY(to_i64(t, number));
  } else {
    *bytes = TRY(bytes_from(t, x->partial, x->partial_size));
  }
  if (x->read_universal) *flags = i64(u64(*flags) << 1) | x->newlines.pending_cr;
  return ok();
}

Status set_decoder_state(Thread& t, TextIO* x, Value bytes, i64 flags) {
  if (x->read_universal) {
    x->newlines.pending_cr = flags & 1;
    flags >>= 1;
  }
  if (x->codec != TextCodec::kOther) {
    auto* b = bytes.as<Bytes>();
    x->partial_size = u8(b->size < sizeof x->partial ? b->size : sizeof x->partial);
    memcpy(x->partial, b->data, x->partial_size);
    return ok();
  }
  Ref decoder = x->decoder.load();
  if (decoder.is_empty()) return raise_unsupported(t, "not readable");
  Ref number = TRY(int_from(t, flags));
  RefTo<Tuple> state = TRY(tuple_of(t, bytes, number));
  Ref done = TRY(call_method_with(t, decoder, name::setstate, state));
  return ok();
}

Status reset_decoder(Thread& t, TextIO* x) {
  x->partial_size = 0;
  x->newlines.pending_cr = false;
  x->newlines.seen = 0;
  Ref decoder = x->decoder.load();
  if (decoder.is_empty()) return ok();
  Ref done = TRY(call_method(t, decoder, name::reset, nullptr, 0));
  return ok();
}

}  // namespace typhon::io
