// Line ends: finding and translating them; IncrementalNewlineDecoder.
#include "modules/_io/io.h"

namespace typhon::io {

bool has_char(const Str* s, char c) {
  size_t n = s->length();
  if (s->kind() == 0) return n != 0 && memchr(s->data<u8>(), c, n) != nullptr;
  if (s->kind() == 1) {
    const u16* p = s->data<u16>();
    for (size_t i = 0; i < n; i++)
      if (p[i] == u16(c)) return true;
    return false;
  }
  const u32* p = s->data<u32>();
  for (size_t i = 0; i < n; i++)
    if (p[i] == u32(c)) return true;
  return false;
}

namespace {

i64 find_char(const Str* s, i64 start, char c) {
  i64 n = i64(s->length());
  if (start >= n) return -1;
  if (s->kind() == 0) {
    const u8* p = s->data<u8>();
    auto* found = static_cast<const u8*>(memchr(p + start, c, size_t(n - start)));
    return found == nullptr ? -1 : found - p;
  }
  for (i64 i = start; i < n; i++)
    if (s->at(size_t(i)) == u32(c)) return i;
  return -1;
}

// Behind the first of "\n", "\r", "\r\n" (a '\r' at the very end counts).
template <class C>
i64 find_universal(const C* p, i64 start, i64 n) {
  for (i64 i = start; i < n; i++) {
    if (p[i] > '\r') continue;
    if (p[i] == '\n') return i + 1;
    if (p[i] == '\r') return i + 1 < n && p[i + 1] == '\n' ? i + 2 : i + 1;
  }
  return -1;
}

}  // namespace

i64 find_line_end(const Str* s, i64 start, const LineEnd& end, i64* resume) {
  i64 n = i64(s->length());
  *resume = n;
  if (end.translated || (!end.universal && end.text[0] == '\n')) {
    i64 at = find_char(s, start, '\n');
    return at < 0 ? -1 : at + 1;
  }
  if (end.universal) {
    switch (s->kind()) {
      case 0: return find_universal(s->data<u8>(), start, n);
      case 1: return find_universal(s->data<u16>(), start, n);
      default: return find_universal(s->data<u32>(), start, n);
    }
  }
  i64 length = end.text[1] != 0 ? 2 : 1;
  for (i64 at = start; (at = find_char(s, at, end.text[0])) >= 0; at++) {
    if (length == 1) return at + 1;
    if (at + 1 >= n) {
      *resume = at;  // the second character may come
      return -1;
    }
    if (s->at(size_t(at) + 1) == u32(end.text[1])) return at + 2;
  }
  return -1;
}

bool valid_newline(Str* s) {
  return s->equals_ascii("") || s->equals_ascii("\n") || s->equals_ascii("\r") || s->equals_ascii("\r\n");
}

RefTo<Str> replace_line_feeds(Thread& t, Str* text, const char* with) {
  StrBuilder out;
  i64 start = 0, n = i64(text->length());
  while (true) {
    i64 at = find_char(text, start, '\n');
    if (at < 0) break;
    out.append(text, size_t(start), size_t(at));
    out.append_ascii(with);
    start = at + 1;
  }
  out.append(text, size_t(start), size_t(n));
  return out.finish(t);
}

namespace {

u8 line_ends_in(const Str* s) {
  u8 seen = 0;
  i64 n = i64(s->length());
  i64 at = 0;
  while (true) {
    i64 cr = find_char(s, at, '\r');
    if (!(seen & newline_seen::kLf)) {
      // A '\n' before this '\r' stands alone.
      i64 lf = find_char(s, at, '\n');
      if (lf >= 0 && (cr < 0 || lf < cr)) seen |= newline_seen::kLf;
    }
    if (cr < 0) return seen;
    bool pair = cr + 1 < n && s->at(size_t(cr) + 1) == '\n';
    seen |= pair ? newline_seen::kCrLf : newline_seen::kCr;
    if (seen == (newline_seen::kCr | newline_seen::kLf | newline_seen::kCrLf)) return seen;
    at = cr + (pair ? 2 : 1);
  }
}

// "\r\n" and "\r" become "\n".
RefTo<Str> translate(Thread& t, Str* s) {
  StrBuilder out;
  i64 start = 0, n = i64(s->length());
  while (true) {
    i64 at = find_char(s, start, '\r');
    if (at < 0) break;
    out.append(s, size_t(start), size_t(at));
    out.append(u32('\n'));
    start = at + 1 < n && s->at(size_t(at) + 1) == '\n' ? at + 2 : at + 1;
  }
  out.append(s, size_t(start), size_t(n));
  return out.finish(t);
}

}  // namespace

Ref decode_newlines(Thread& t, NewlineState* state, Str* text, bool final) {
  Ref result = Ref::copy(Value(text));
  if (state->pending_cr && (final || text->length() > 0)) {
    RefTo<Str> cr = TRY(str_from_char(t, '\r'));
    result = TRY(str_concat(t, cr.get(), text));
    state->pending_cr = false;
  }
  Str* s = result.as<Str>();
  if (!final && s->length() > 0 && s->at(s->length() - 1) == '\r') {
    result = TRY(str_substring(t, s, 0, s->length() - 1));
    state->pending_cr = true;
    s = result.as<Str>();
  }
  if (s->length() == 0) return result;
  if (!has_char(s, '\r')) {
    if (!(state->seen & newline_seen::kLf) && has_char(s, '\n')) state->seen |= newline_seen::kLf;
    return result;
  }
  state->seen |= line_ends_in(s);
  if (!state->translate) return result;
  return translate(t, s);
}

Ref newlines_seen(Thread& t, u8 seen) {
  if (seen == 0) return Ref::none();
  constexpr const char* kTexts[] = {"\r", "\n", "\r\n"};
  RootedVector found(t);
  for (int i = 0; i < 3; i++)
    if (seen & (1 << i)) found.push(TRY(str_from_ascii(t, kTexts[i])).release_ref());
  if (found.size() == 1) return found.pop();
  return tuple_from(t, found.data(), found.size());
}

// --- the type
namespace {

struct NewlineDecoder : Object {
  Field decoder;  // None: input is text
  Field errors;
  NewlineState state;
  bool ok;
};
NewlineDecoder* decoder_of(Value v) { return v.as<NewlineDecoder>(); }
void visit_decoder(Object* self, Visitor& v) { v.fields(&static_cast<NewlineDecoder*>(self)->decoder, 2); }

Ref inner(Thread& t, Value self) {
  if (!decoder_of(self)->ok) return raise(t, exc::ValueError, "IncrementalNewlineDecoder.__init__() not called");
  return decoder_of(self)->decoder.load();
}

Status d_init(Thread& t, Value self, Args args) {
  static const Signature& signature = parse_signature("(decoder, translate, errors='strict')");
  Value a[3];
  Ref keep[1];
  TRY(bind_arguments(t, signature, "IncrementalNewlineDecoder", args, a, keep));
  auto* d = decoder_of(self);
  bool translate = TRY(truth(t, a[1]));
  d->decoder.store(d, a[0]);
  if (a[2].is_empty())
    d->errors.store(d, Value(names::strict));
  else
    d->errors.store(d, a[2]);
  d->state = {translate, false, 0};
  d->ok = true;
  return ok();
}

Ref d_decode(Thread& t, Value self, const Value* a) {
  Ref decoder = TRY(inner(t, self));
  bool final = !a[1].is_empty() && TRY(truth(t, a[1]));
  Ref text = decoder.get().is_none() ? Ref::copy(a[0])
                                     : TRY(call_method_with(t, decoder, names::decode, a[0], Value::boolean(final)));
  if (!is_str(text)) return raise(t, exc::TypeError, "decoder should return a string result, not '%T'", text.get());
  return decode_newlines(t, &decoder_of(self)->state, text.as<Str>(), final);
}

Ref d_getstate(Thread& t, Value self, const Value*) {
  Ref decoder = TRY(inner(t, self));
  Ref buffer = Ref::copy(Value(empty_bytes()));
  Ref flag = Ref::adopt(Value::small_int(0));
  if (!decoder.get().is_none()) {
    Ref state = TRY(call_method(t, decoder, name::getstate, nullptr, 0));
    if (!is_tuple(state)) return raise(t, exc::TypeError, "illegal decoder state");
    auto* tuple = state.as<Tuple>();
    if (tuple->size != 2 || !is_int(tuple->items[1].peek())) return raise(t, exc::TypeError, "illegal decoder state");
    buffer = tuple->items[0].load();
    flag = tuple->items[1].load();
  }
  flag = TRY(int_binary(t, IntOp::kLshift, flag, Value::small_int(1)));
  if (decoder_of(self)->state.pending_cr) flag = TRY(int_binary(t, IntOp::kOr, flag, Value::small_int(1)));
  return tuple_of(t, buffer, flag);
}

Ref d_setstate(Thread& t, Value self, const Value* a) {
  Ref decoder = TRY(inner(t, self));
  if (!is_tuple(a[0])) return raise(t, exc::TypeError, "state argument must be a tuple");
  auto* tuple = a[0].as<Tuple>();
  if (tuple->size != 2 || !is_int(tuple->items[1].peek()))
    return raise(t, exc::TypeError, "setstate(): illegal state argument");
  Ref flag = tuple->items[1].load();
  decoder_of(self)->state.pending_cr = int_low_u64(flag) & 1;
  if (decoder.get().is_none()) return Ref::none();
  Ref rest = TRY(int_binary(t, IntOp::kRshift, flag, Value::small_int(1)));
  RefTo<Tuple> state = TRY(tuple_of(t, tuple->items[0].peek(), rest));
  return call_method_with(t, decoder, name::setstate, state);
}

Ref d_reset(Thread& t, Value self, const Value*) {
  Ref decoder = TRY(inner(t, self));
  decoder_of(self)->state.seen = 0;
  decoder_of(self)->state.pending_cr = false;
  if (decoder.get().is_none()) return Ref::none();
  return call_method(t, decoder, name::reset, nullptr, 0);
}

Ref d_newlines(Thread& t, Value self) {
  TRY(inner(t, self));
  return newlines_seen(t, decoder_of(self)->state.seen);
}

const Method kMethods[] = {
    method("decode", d_decode, "($self, /, input, final=False)"),
    method("getstate", d_getstate, "($self, /)"),
    method("setstate", d_setstate, "($self, state, /)"),
    method("reset", d_reset, "($self, /)"),
    {},
};
const GetSet kGetSets[] = {{"newlines", d_newlines}, {}};

}  // namespace

const TypeSpec kNewlineDecoderSpec = {
    .name = "_io.IncrementalNewlineDecoder",
    .doc =
        "Codec used when reading a file in universal newlines mode.\n\nIt wraps another incremental decoder, "
        "translating "
        "\\r\\n and \\r into \\n.\nIt also records the types of newlines encountered.  When used "
        "with\ntranslate=False, it "
        "ensures that the newline sequence is returned in\none piece. When used with decoder=None, it expects unicode "
        "strings as\ndecode input and translates newlines without first invoking an external\ndecoder.",
    .layout = {"IncrementalNewlineDecoder", sizeof(NewlineDecoder), 0, visit_decoder, nullptr, nullptr, nullptr},
    .flags = type_flag::kBaseType,
    .slots = {.init = d_init},  // slots.new_ is object's: set where the type is made
    .methods = kMethods,
    .getsets = kGetSets,
    .text_signature = "(decoder, translate, errors='strict')",
};

}  // namespace typhon::io
