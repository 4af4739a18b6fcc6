// _multibytecodec and the modules that hand out codecs: _codecs_cn, _codecs_hk, _codecs_jp, _codecs_kr, _codecs_tw, _codecs_iso2022.
#include <cstring>

#include "modules/_multibytecodec/codec.h"
#include "objects/codecs.h"
#include "objects/module.h"
#include "objects/protocol/services.h"

namespace typhon {
namespace {

using mbc::Codec;
using mbc::State;

constexpr const char* kIllegal = "illegal multibyte sequence";
constexpr const char* kTooShort = "incomplete multibyte sequence";
constexpr size_t kMaxPending = 8;

constexpr char kIncrementalEncoderName[] = "IncrementalEncoder", kIncrementalDecoderName[] = "IncrementalDecoder",
               kStreamReaderName[] = "StreamReader", kStreamWriterName[] = "StreamWriter";

Type *g_codec_type, *g_encoder_type, *g_decoder_type, *g_reader_type, *g_writer_type;

struct CodecObject : Object {
  const Codec* codec;
};

// Incremental coders and streams. Their numbers are read and written as wholes, so that threads that share one get wrong text at worst.
struct Coder : Object {
  Field errors;        // str
  Field stream;        // readers and writers
  Field pending_text;  // encoders: str, or EMPTY
  const Codec* codec;
  u64 state;           // State
  u64 pending;         // decoders: bytes, first byte lowest
  u64 pending_size;
};
void visit(Object* self, Visitor& v) { v.fields(&static_cast<Coder*>(self)->errors, 3); }

Coder* coder_of(Value v) { return v.as<Coder>(); }
u64 load(const u64& v) { return __atomic_load_n(&v, __ATOMIC_RELAXED); }
void store(u64& where, u64 v) { __atomic_store_n(&where, v, __ATOMIC_RELAXED); }
State load_state(const Coder* c) {
  u64 word = load(c->state);
  State s;
  std::memcpy(&s, &word, 8);
  return s;
}
u64 state_word(const State& s) {
  u64 word;
  std::memcpy(&word, &s, 8);
  return word;
}

const char* errors_text(Value errors, Utf8Buffer& buffer) {
  return errors.is_empty() || errors.is_none() ? "strict" : str_utf8(errors.as<Str>(), buffer).data();
}

// --- encoding
Status encode_replacement(Thread& t, const Codec& codec, State& state, Str* s, ByteBuilder& out) {
  for (size_t at = 0; at < s->length();) {
    int used = codec.encode(codec, state, s, at, true, out);
    if (used < 0) return raise_encode_error(t, codec.name, kIllegal, s, at, at + 1);
    at += size_t(used);
  }
  return ok();
}

// Encodes s; *rest: where a character that waits for the next one begins (the length when there is none).
Status encode_text(Thread& t, const Codec& codec, State& state, Str* s, const char* errors, bool last, ByteBuilder& out, size_t* rest) {
  Ref exception;
  size_t n = s->length(), at = 0;
  bool replace = parse_error_mode(errors) == ErrorMode::kReplace;
  while (at < n) {
    int used = codec.encode(codec, state, s, at, last, out);
    if (used > 0) {
      at += size_t(used);
      continue;
    }
    if (used == mbc::kIncomplete) break;
    ErrorAction action;
    TRY(encode_error(t, errors, codec.name, kIllegal, s, at, at + 1, exception, &action, true));
    if (is_bytes(action.replacement)) {
      out.append(action.replacement.as<Bytes>()->data, action.replacement.as<Bytes>()->size);
    } else {
      Status encoded = encode_replacement(t, codec, state, action.replacement.as<Str>(), out);
      if (encoded.failed()) {
        if (!replace) return Raised{};
        clear_if(t, exc::UnicodeEncodeError);
        out.append('?');
      }
    }
    at = action.position;
  }
  *rest = at;
  if (last && codec.finish != nullptr) codec.finish(codec, state, out);
  return ok();
}

// --- decoding
// *rest: where an unfinished sequence begins, when it is not the end of the data (`last` false).
Status decode_data(Thread& t, const Codec& codec, State& state, const u8* data, size_t n, const char* errors, bool last, StrBuilder& out,
                   size_t* rest) {
  DecodeErrorState exception;
  size_t at = 0;
  while (at < n) {
    int used = codec.decode(codec, state, data + at, n - at, out);
    if (used > 0) {
      at += size_t(used);
      continue;
    }
    bool incomplete = used == mbc::kIncomplete;
    if (incomplete && !last) break;
    size_t end = incomplete ? n : at + size_t(-used);
    ErrorAction action;
    TRY(decode_error(t, errors, codec.name, incomplete ? kTooShort : kIllegal, data, n, at, end, exception, &action, true));
    out.append(action.replacement.as<Str>());
    at = action.position;
  }
  *rest = at;
  return ok();
}

// --- MultibyteCodec
Ref codec_encode(Thread& t, Value self, const Value* a) {
  Ref text = is_str(a[0]) ? Ref::copy(a[0]) : Ref();
  if (text.is_empty()) return raise(t, exc::TypeError, "couldn't convert the object to unicode.");
  if (!a[1].is_empty() && !a[1].is_none() && !is_str(a[1]))
    return raise(t, exc::TypeError, "encode() argument 'errors' must be str or None, not %T", a[1]);
  if (!a[1].is_none()) TRY(check_codec_name(t, a[1]));
  const Codec& codec = *self.as<CodecObject>()->codec;
  Utf8Buffer buffer;
  State state = codec.encoder_start;
  ByteBuilder out;
  size_t rest;
  TRY(encode_text(t, codec, state, text.as<Str>(), errors_text(a[1], buffer), true, out, &rest));
  RefTo<Bytes> bytes = TRY(out.finish(t));
  return tuple_of(t, bytes, Value::small_int(i64(text.as<Str>()->length())));
}

Ref codec_decode(Thread& t, Value self, const Value* a) {
  ByteView view(t);
  TRY(view.get(a[0]));
  if (!a[1].is_empty() && !a[1].is_none() && !is_str(a[1]))
    return raise(t, exc::TypeError, "decode() argument 'errors' must be str or None, not %T", a[1]);
  if (!a[1].is_none()) TRY(check_codec_name(t, a[1]));
  Utf8Buffer buffer;
  const Codec& codec = *self.as<CodecObject>()->codec;
  State state = codec.decoder_start;
  StrBuilder out;
  size_t rest;
  TRY(decode_data(t, codec, state, view.data(), view.size(), errors_text(a[1], buffer), true, out, &rest));
  RefTo<Str> text = TRY(out.finish(t));
  return tuple_of(t, text, Value::small_int(i64(view.size())));
}

const Method kCodecMethods[] = {
    method("encode", codec_encode, "($self, /, input, errors=None)", "Encode a str; gives the bytes and how many characters were read."),
    method("decode", codec_decode, "($self, /, input, errors=None)", "Decode bytes; gives the str and how many bytes were read."),
    {},
};
const TypeSpec kCodecSpec = {
    .name = "_multibytecodec.MultibyteCodec",
    .layout = {"MultibyteCodec", sizeof(CodecObject), 0, nullptr, nullptr, nullptr, nullptr},
    .flags = type_flag::kImmutable | type_flag::kDisallowInstantiation,
    .methods = kCodecMethods,
};

// --- what the coders have in common
Ref coder_new(Thread& t, Type* cls, const char* name, Value errors, Value stream, State Codec::*start) {
  if (!errors.is_empty() && !is_str(errors))
    return raise(t, exc::TypeError, "%s() argument %d must be str, not %Q", name, stream.is_empty() ? 1 : 2, errors);
  TRY(check_codec_name(t, errors));
  Ref codec = TRY(get_attribute_utf8(t, Value(cls), "codec"));
  if (!codec.get().is_object() || type_of(codec) != g_codec_type) return raise(t, exc::TypeError, "codec is unexpected type");
  Ref self = TRY(allocate_instance(t, cls));
  Coder* c = coder_of(self);
  c->codec = codec.as<CodecObject>()->codec;
  c->state = state_word(c->codec->*start);
  if (errors.is_empty()) {
    RefTo<Str> strict = TRY(str_from_ascii(t, "strict"));
    c->errors.init(c, strict);
  } else {
    c->errors.init(c, errors);
  }
  if (!stream.is_empty()) c->stream.init(c, stream);
  return self;
}

template <const char* name, State Codec::*start>
Ref incremental_new(Thread& t, Type* cls, Args args) {
  static const Signature& signature = parse_signature("(errors='strict')");
  Value a[1];
  Ref keep;
  TRY(bind_arguments(t, signature, name, args, a, &keep));
  return coder_new(t, cls, name, a[0], EMPTY, start);
}

template <const char* name, State Codec::*start>
Ref stream_new(Thread& t, Type* cls, Args args) {
  static const Signature& signature = parse_signature("(stream, errors='strict')");
  Value a[2];
  Ref keep;
  TRY(bind_arguments(t, signature, name, args, a, &keep));
  return coder_new(t, cls, name, a[1], a[0], start);
}

Ref get_errors(Thread&, Value self) { return coder_of(self)->errors.load(); }
Status set_errors(Thread& t, Value self, Value v) {
  if (v.is_empty()) return raise(t, exc::AttributeError, "cannot delete attribute");
  if (!is_str(v)) return raise(t, exc::TypeError, "errors must be a string");
  coder_of(self)->errors.store(self.object(), v);
  return ok();
}
constexpr GetSet kErrors[] = {{"errors", get_errors, set_errors, "how to treat errors"}, {}};

// Encodes with the coder's state and what it kept; its own bytes.
Ref encode_more(Thread& t, Coder* c, Value input, bool last) {
  if (!is_str(input)) return raise(t, exc::TypeError, "couldn't convert the object to unicode.");
  Ref text = Ref::copy(input), kept = c->pending_text.load();
  if (!kept.is_empty()) text = TRY(str_concat(t, kept.as<Str>(), input.as<Str>()));
  Ref errors = c->errors.load();
  Utf8Buffer buffer;
  State state = load_state(c);
  ByteBuilder out;
  size_t rest;
  TRY(encode_text(t, *c->codec, state, text.as<Str>(), errors_text(errors, buffer), last, out, &rest));
  size_t length = text.as<Str>()->length();
  if (rest < length) {
    RefTo<Str> tail = TRY(str_substring(t, text.as<Str>(), rest, length));
    c->pending_text.store(c, tail);
  } else {
    c->pending_text.clear(c);
  }
  store(c->state, state_word(state));
  return TRY(out.finish(t)).release_ref();
}

Ref encoder_encode(Thread& t, Value self, const Value* a) {
  Ref keep = Ref::copy(self);
  bool last = !a[1].is_empty() && TRY(truth(t, a[1]));
  return encode_more(t, coder_of(self), a[0], last);
}

Ref encoder_reset(Thread&, Value self, const Value*) {
  Coder* c = coder_of(self);
  c->pending_text.clear(c);
  if (c->codec->finish != nullptr) {
    State state = load_state(c);
    ByteBuilder unused;
    c->codec->finish(*c->codec, state, unused);
    store(c->state, state_word(state));
  }
  return Ref::none();
}

// The state as one number: the count of pending bytes (UTF-8), those bytes, and the eight bytes of the codec's state.
Ref encoder_getstate(Thread& t, Value self, const Value*) {
  Coder* c = coder_of(self);
  u8 bytes[1 + kMaxPending + 8] = {};
  Ref kept = c->pending_text.load();
  size_t n = 0;
  if (!kept.is_empty()) {
    Utf8Buffer buffer;
    std::string_view text = str_utf8(kept.as<Str>(), buffer);
    if (text.size() > kMaxPending) return raise(t, exc::UnicodeError, "pending buffer too large");
    n = text.size();
    std::memcpy(bytes + 1, text.data(), n);
  }
  bytes[0] = u8(n);
  u64 state = load(c->state);
  std::memcpy(bytes + 1 + n, &state, 8);
  return int_from_bytes(t, bytes, 1 + n + 8, true, false);
}

Ref encoder_setstate(Thread& t, Value self, const Value* a) {
  if (!is_int(a[0])) return raise(t, exc::TypeError, "setstate() argument must be int, not %T", a[0]);
  u8 bytes[1 + kMaxPending + 8];
  TRY(int_to_bytes(t, a[0], bytes, sizeof bytes, true, false));
  if (bytes[0] > kMaxPending) return raise(t, exc::UnicodeError, "pending buffer too large");
  RefTo<Str> kept;
  if (bytes[0] != 0) kept = TRY(RefTo<Str>::from(decode_utf8(t, bytes + 1, bytes[0], "strict")));
  Coder* c = coder_of(self);
  if (kept.is_empty())
    c->pending_text.clear(c);
  else
    c->pending_text.store(c, kept);
  u64 state;
  std::memcpy(&state, bytes + 1 + bytes[0], 8);
  store(c->state, state);
  return Ref::none();
}

const Method kEncoderMethods[] = {
    method("encode", encoder_encode, "($self, /, input, final=False)", "Encode the next part of the text."),
    method("getstate", encoder_getstate, "($self, /)", "The state as an int."),
    method("setstate", encoder_setstate, "($self, state, /)", "Go back to a state that getstate() gave."),
    method("reset", encoder_reset, "($self, /)", "Forget the state."),
    {},
};
const TypeSpec kEncoderSpec = {
    .name = "_multibytecodec.MultibyteIncrementalEncoder",
    .layout = {"MultibyteIncrementalEncoder", sizeof(Coder), 0, visit, nullptr, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kImmutable,
    .slots = {.new_ = incremental_new<kIncrementalEncoderName, &Codec::encoder_start>},
    .methods = kEncoderMethods,
    .getsets = kErrors,
};

// Decodes data behind what the coder kept, and keeps what is unfinished.
Ref decode_more(Thread& t, Coder* c, const u8* data, size_t n, bool last) {
  u64 kept = load(c->pending), kept_size = load(c->pending_size) % (kMaxPending + 1);
  ByteBuilder joined;
  joined.append(&kept, kept_size);
  joined.append(data, n);
  if (joined.failed()) return raise_no_memory(t);
  Ref errors = c->errors.load();
  Utf8Buffer buffer;
  State state = load_state(c);
  StrBuilder out;
  size_t rest;
  TRY(decode_data(t, *c->codec, state, joined.data(), joined.length(), errors_text(errors, buffer), last, out, &rest));
  size_t left = joined.length() - rest;
  if (left > kMaxPending) return raise(t, exc::UnicodeError, "pending buffer overflow");
  u64 pending = 0;
  std::memcpy(&pending, joined.data() + rest, left);
  store(c->pending, pending);
  store(c->pending_size, left);
  store(c->state, state_word(state));
  return TRY(out.finish(t)).release_ref();
}

Ref decoder_decode(Thread& t, Value self, const Value* a) {
  Ref keep = Ref::copy(self);
  ByteView view(t);
  TRY(view.get(a[0]));
  bool last = !a[1].is_empty() && TRY(truth(t, a[1]));
  return decode_more(t, coder_of(self), view.data(), view.size(), last);
}

Ref decoder_reset(Thread&, Value self, const Value*) {
  Coder* c = coder_of(self);
  store(c->pending_size, 0);
  if (c->codec->reset != nullptr) {
    State state = load_state(c);
    c->codec->reset(state);
    store(c->state, state_word(state));
  }
  return Ref::none();
}

Ref decoder_getstate(Thread& t, Value self, const Value*) {
  Coder* c = coder_of(self);
  u64 pending = load(c->pending), n = load(c->pending_size), state = load(c->state);
  RefTo<Bytes> bytes = TRY(bytes_from(t, &pending, n % (kMaxPending + 1)));
  Ref number = TRY(int_from_bytes(t, reinterpret_cast<u8*>(&state), 8, true, false));
  return tuple_of(t, bytes, number);
}

Ref decoder_setstate(Thread& t, Value self, const Value* a) {
  if (!is_tuple(a[0])) return raise(t, exc::TypeError, "setstate() argument must be tuple, not %T", a[0]);
  auto* pair = a[0].as<Tuple>();
  if (pair->size != 2 || !is_bytes(pair->items[0].peek()) || !is_int(pair->items[1].peek()))
    return raise(t, exc::TypeError, "setstate(): illegal state argument");
  u64 state = 0, pending = 0;
  TRY(int_to_bytes(t, pair->items[1].peek(), reinterpret_cast<u8*>(&state), 8, true, false));
  auto* bytes = pair->items[0].as<Bytes>();
  Coder* c = coder_of(self);
  if (bytes->size > kMaxPending)
    return raise_decode_error(t, c->codec->name, "pending buffer too large", bytes->data, bytes->size, 0, bytes->size);
  std::memcpy(&pending, bytes->data, bytes->size);
  store(c->pending, pending);
  store(c->pending_size, bytes->size);
  store(c->state, state);
  return Ref::none();
}

const Method kDecoderMethods[] = {
    method("decode", decoder_decode, "($self, /, input, final=False)", "Decode the next part of the data."),
    method("getstate", decoder_getstate, "($self, /)", "The state as a tuple (bytes, int)."),
    method("setstate", decoder_setstate, "($self, state, /)", "Go back to a state that getstate() gave."),
    method("reset", decoder_reset, "($self, /)", "Forget the state."),
    {},
};
const TypeSpec kDecoderSpec = {
    .name = "_multibytecodec.MultibyteIncrementalDecoder",
    .layout = {"MultibyteIncrementalDecoder", sizeof(Coder), 0, visit, nullptr, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kImmutable,
    .slots = {.new_ = incremental_new<kIncrementalDecoderName, &Codec::decoder_start>},
    .methods = kDecoderMethods,
    .getsets = kErrors,
};

// --- streams
// Reads with stream.NAME(size) until there is a character, or the stream ends.
Ref read_with(Thread& t, Value self, const char* name, Value size) {
  Ref keep = Ref::copy(self);
  Coder* c = coder_of(self);
  i64 limit = -1;
  if (!size.is_empty() && !size.is_none()) {
    if (!is_int(size)) return raise(t, exc::TypeError, "arg 1 must be an integer");
    limit = TRY(to_i64(t, size, "Python int too large to convert to C ssize_t"));
  }
  if (limit == 0) return Ref::copy(Value(empty_str()));
  Ref stream = c->stream.load();
  for (;;) {
    Ref read = TRY(get_attribute_utf8(t, stream, name));
    Ref data = limit < 0 ? TRY(call(t, read)) : TRY(call_with(t, read, Value::small_int(limit)));
    if (!is_bytes(data)) return raise(t, exc::TypeError, "stream function returned a non-bytes object (%T)", data.get());
    size_t n = data.as<Bytes>()->size;
    bool last = limit < 0 || n == 0;
    Ref text = TRY(decode_more(t, c, data.as<Bytes>()->data, n, last));
    if (last || text.as<Str>()->length() != 0) return text;
    limit = 1;
  }
}

Ref reader_read(Thread& t, Value self, const Value* a) { return read_with(t, self, "read", a[0]); }
Ref reader_readline(Thread& t, Value self, const Value* a) { return read_with(t, self, "readline", a[0]); }
Ref reader_readlines(Thread& t, Value self, const Value* a) {
  Ref text = TRY(read_with(t, self, "read", a[0]));
  RefTo<Str> name = TRY(str_from_ascii(t, "splitlines"));
  return call_method_with(t, text, name.get(), Value::boolean(true));
}
Ref get_stream(Thread&, Value self) { return coder_of(self)->stream.load(); }
Status set_stream(Thread& t, Value self, Value v) {
  if (v.is_empty()) return raise(t, exc::TypeError, "can't delete attribute");
  coder_of(self)->stream.store(self.object(), v);
  return ok();
}
constexpr GetSet kStreamGetSets[] = {{"errors", get_errors, set_errors, "how to treat errors"}, {"stream", get_stream, set_stream, "the stream"}, {}};

const Method kReaderMethods[] = {
    method("read", reader_read, "($self, sizeobj=None, /)", "Read and decode about so many bytes, or all."),
    method("readline", reader_readline, "($self, sizeobj=None, /)", "Read and decode a line of bytes."),
    method("readlines", reader_readlines, "($self, sizehintobj=None, /)", "Read, decode and split into lines."),
    method("reset", decoder_reset, "($self, /)", "Forget the state."),
    {},
};
const TypeSpec kReaderSpec = {
    .name = "_multibytecodec.MultibyteStreamReader",
    .layout = {"MultibyteStreamReader", sizeof(Coder), 0, visit, nullptr, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kImmutable,
    .slots = {.new_ = stream_new<kStreamReaderName, &Codec::decoder_start>},
    .methods = kReaderMethods,
    .getsets = kStreamGetSets,
};

Status write_to_stream(Thread& t, Coder* c, Value bytes) {
  RefTo<Str> name = TRY(str_from_ascii(t, "write"));
  Ref stream = c->stream.load();
  TRY(call_method_with(t, stream, name.get(), bytes));
  return ok();
}

Ref writer_write(Thread& t, Value self, const Value* a) {
  Ref keep = Ref::copy(self);
  Ref bytes = TRY(encode_more(t, coder_of(self), a[0], false));
  TRY(write_to_stream(t, coder_of(self), bytes));
  return Ref::none();
}

Ref writer_writelines(Thread& t, Value self, const Value* a) {
  Ref keep = Ref::copy(self);
  i64 n = TRY(length(t, a[0]));
  for (i64 i = 0; i < n; i++) {
    Ref line = TRY(get_item(t, a[0], Value::small_int(i)));
    TRY(writer_write(t, self, &static_cast<const Value&>(line.get())));
    n = TRY(length(t, a[0]));
  }
  return Ref::none();
}

Ref writer_reset(Thread& t, Value self, const Value*) {
  Ref keep = Ref::copy(self);
  Coder* c = coder_of(self);
  if (c->pending_text.is_empty() && load(c->state) == state_word(c->codec->encoder_start)) return Ref::none();
  Ref bytes = TRY(encode_more(t, c, Value(empty_str()), true));
  if (bytes.as<Bytes>()->size > 0) TRY(write_to_stream(t, c, bytes));
  return Ref::none();
}

const Method kWriterMethods[] = {
    method("write", writer_write, "($self, strobj, /)", "Encode a str and write it."),
    method("writelines", writer_writelines, "($self, lines, /)", "Encode and write each str of a sequence."),
    method("reset", writer_reset, "($self, /)", "Write what is pending, and return to the initial state."),
    {},
};
const TypeSpec kWriterSpec = {
    .name = "_multibytecodec.MultibyteStreamWriter",
    .layout = {"MultibyteStreamWriter", sizeof(Coder), 0, visit, nullptr, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kImmutable,
    .slots = {.new_ = stream_new<kStreamWriterName, &Codec::encoder_start>},
    .methods = kWriterMethods,
    .getsets = kStreamGetSets,
};

Ref create_codec(Thread& t, Value, const Value*) {
  return raise(t, exc::ValueError, "argument type invalid");
}
const Method kFunctions[] = {
    method("__create_codec", create_codec, "($module, arg, /)", "Codecs come from the _codecs_* modules."),
    {},
};

Status initialise(Thread& t, Module* module) {
  if (g_codec_type == nullptr) TRY(make_static_type(t, kCodecSpec, &g_codec_type));
  TRY(module_add_type(t, module, kEncoderSpec, &g_encoder_type));
  TRY(module_add_type(t, module, kDecoderSpec, &g_decoder_type));
  TRY(module_add_type(t, module, kReaderSpec, &g_reader_type));
  return module_add_type(t, module, kWriterSpec, &g_writer_type);
}

// The others need the type of codecs, which is made once, with _multibytecodec.
Status import_types(Thread& t, Module*) {
  TRY(import_module(t, "_multibytecodec"));
  return ok();
}

// getcodec() of a module that has the codecs of `names`.
template <const char* const* names>
Ref getcodec(Thread& t, Value, const Value* a) {
  if (!is_str(a[0])) return raise(t, exc::TypeError, "encoding name must be a string.");
  for (const char* const* name = names; *name != nullptr; name++) {
    if (!a[0].as<Str>()->equals_ascii(*name)) continue;
    const Codec* codec = mbc::find_codec(*name);
    if (codec == nullptr) return raise_no_memory(t);
    Ref object = TRY(allocate_instance(t, g_codec_type));
    object.as<CodecObject>()->codec = codec;
    return object;
  }
  return raise(t, exc::LookupError, "no such codec is supported.");
}

template <const char* const* names>
constexpr Method kGetcodec[] = {method("getcodec", getcodec<names>, "($module, name, /)", "Return the codec of that name."), {}};

constexpr const char* kCn[] = {"gb2312", "gbk", "gb18030", "hz", nullptr};
constexpr const char* kHk[] = {"big5hkscs", nullptr};
constexpr const char* kJp[] = {"shift_jis", "cp932", "euc_jp", "shift_jis_2004", "euc_jis_2004", "euc_jisx0213", "shift_jisx0213", nullptr};
constexpr const char* kKr[] = {"euc_kr", "cp949", "johab", nullptr};
constexpr const char* kTw[] = {"big5", "cp950", nullptr};
constexpr const char* kIso[] = {"iso2022_kr", "iso2022_jp", "iso2022_jp_1", "iso2022_jp_2", "iso2022_jp_2004", "iso2022_jp_3",
                                "iso2022_jp_ext", nullptr};

}  // namespace

extern const ModuleDef module__multibytecodec, module__codecs_cn, module__codecs_hk, module__codecs_jp, module__codecs_kr, module__codecs_tw,
    module__codecs_iso2022;
const ModuleDef module__multibytecodec = {"_multibytecodec", "Coders of multibyte encodings.", kFunctions, initialise};
const ModuleDef module__codecs_cn = {"_codecs_cn", "Codecs of China.", kGetcodec<kCn>, import_types};
const ModuleDef module__codecs_hk = {"_codecs_hk", "Codecs of Hong Kong.", kGetcodec<kHk>, import_types};
const ModuleDef module__codecs_jp = {"_codecs_jp", "Codecs of Japan.", kGetcodec<kJp>, import_types};
const ModuleDef module__codecs_kr = {"_codecs_kr", "Codecs of Korea.", kGetcodec<kKr>, import_types};
const ModuleDef module__codecs_tw = {"_codecs_tw", "Codecs of Taiwan.", kGetcodec<kTw>, import_types};
const ModuleDef module__codecs_iso2022 = {"_codecs_iso2022", "Codecs of ISO 2022.", kGetcodec<kIso>, import_types};

}  // namespace typhon
