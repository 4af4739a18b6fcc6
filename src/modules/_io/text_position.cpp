// TextIOWrapper: tell() and seek().
//
// A position in text is a cookie: a byte position where the decoder's state is known, that state's flags, and what to do
// from there: how many bytes to feed, how many characters of the outcome to skip. Where nothing but the byte position is
// needed, the cookie is that position.
#include "modules/_io/textio.h"

namespace typhon::io {
namespace {

struct Cookie {
  i64 start = 0;
  i32 flags = 0;
  i32 bytes_to_feed = 0;
  i32 chars_to_skip = 0;
  bool need_eof = false;
};

// Little-endian: start 8 bytes, flags 4, bytes_to_feed 4, chars_to_skip 4, need_eof 1.
constexpr size_t kCookieSize = 21;

Ref pack(Thread& t, const Cookie& c) {
  u8 bytes[kCookieSize];
  memcpy(bytes, &c.start, 8);
  memcpy(bytes + 8, &c.flags, 4);
  memcpy(bytes + 12, &c.bytes_to_feed, 4);
  memcpy(bytes + 16, &c.chars_to_skip, 4);
  bytes[20] = c.need_eof;
  return int_from_bytes(t, bytes, kCookieSize, true, false);
}

Status unpack(Thread& t, Value v, Cookie* c) {
  Ref number = TRY(to_index(t, v));
  u8 bytes[kCookieSize];
  TRY(int_to_bytes(t, number, bytes, kCookieSize, true, false));
  memcpy(&c->start, bytes, 8);
  memcpy(&c->flags, bytes + 8, 4);
  memcpy(&c->bytes_to_feed, bytes + 12, 4);
  memcpy(&c->chars_to_skip, bytes + 16, 4);
  c->need_eof = bytes[20] != 0;
  return ok();
}

Status restore_decoder(Thread& t, TextIO* x, const Cookie& c) {
  if (!x->can_read) return ok();
  // The state at the beginning is the one after reset(), whatever the decoder calls it.
  if (c.start == 0 && c.flags == 0) return reset_decoder(t, x);
  return set_decoder_state(t, x, Value(empty_bytes()), c.flags);
}

Result<i64> decoded_length(Thread& t, TextIO* x, const u8* data, i64 n, bool final = false) {
  Ref text = TRY(decode_input(t, x, data, size_t(n), final));
  return i64(text.as<Str>()->length());
}

// Finds the last point before the position where the decoder holds no bytes back: *c is moved there. Leaves the decoder
// in any state.
Status find_safe_point(Thread& t, TextIO* x, const Bytes* input, Cookie* c) {
  i64 skip = c->chars_to_skip;
  Cookie at = *c;
  i64 size = i64(input->size);

  // A guess from the average width of characters, moved back until it is not too far.
  i64 guess = i64(x->bytes_per_char * double(skip));
  if (guess > size) guess = size;
  i64 back = 1;
  while (guess > 0) {
    TRY(restore_decoder(t, x, *c));
    i64 n = TRY(decoded_length(t, x, input->data, guess));
    if (n <= skip) {
      Ref held;
      i64 flags;
      TRY(get_decoder_state(t, x, &held, &flags));
      i64 held_size = i64(held.as<Bytes>()->size);
      if (held_size == 0) {
        at.flags = i32(flags);
        skip -= n;
        break;
      }
      guess -= held_size;
      back = 1;
    } else {
      guess -= back;
      back *= 2;
    }
  }
  if (guess <= 0) {
    guess = 0;
    TRY(restore_decoder(t, x, *c));
  }
  at.start = c->start + guess;
  at.chars_to_skip = i32(skip);
  if (skip == 0) {
    *c = at;
    return ok();
  }

  // The rest byte by byte, remembering the last safe point.
  i64 chars = 0;
  i64 i = guess;
  while (i < size) {
    i64 n = TRY(decoded_length(t, x, input->data + i, 1));
    i++;
    at.bytes_to_feed++;
    chars += n;
    Ref held;
    i64 flags;
    TRY(get_decoder_state(t, x, &held, &flags));
    if (held.as<Bytes>()->size == 0 && chars <= skip) {
      at.start += at.bytes_to_feed;
      skip -= chars;
      at.flags = i32(flags);
      at.bytes_to_feed = 0;
      chars = 0;
    }
    if (chars >= skip) break;
  }
  if (i == size && chars < skip) {
    // The decoder may have more to give at the end of the input.
    chars += TRY(decoded_length(t, x, nullptr, 0, true));
    at.need_eof = true;
    if (chars < skip) return raise(t, exc::OSError, "can't reconstruct logical file position");
  }
  at.chars_to_skip = i32(skip);
  *c = at;
  return ok();
}

}  // namespace

Ref text_tell(Thread& t, Value self, const Value*) {
  TextIO* x = text_of(self);
  TRY(check_attached(t, x));
  TRY(check_text_open(t, self));
  TextLock lock(t, x->read_lock);
  if (!x->is_seekable) return raise_unsupported(t, "underlying stream is not seekable");
  if (!x->telling) return raise(t, exc::OSError, "telling position disabled by next() call");
  TRY(write_pending(t, x));
  TRY(flush_text(t, self));
  Ref position = TRY(call_buffer(t, x, name::tell));
  Ref snapshot = x->snapshot.load();
  if (!x->can_read || snapshot.is_empty()) return position;

  Cookie cookie;
  cookie.start = TRY(to_i64(t, position));
  auto* input = snapshot.as<Bytes>();
  cookie.start -= i64(input->size);
  cookie.flags = i32(x->snapshot_flags);
  if (x->decoded_used == 0) return pack(t, cookie);
  cookie.chars_to_skip = i32(x->decoded_used);

  // Decoding again from the snapshot tells where the position lies; the decoder's state is put back afterwards.
  Ref saved_bytes;
  i64 saved_flags;
  TRY(get_decoder_state(t, x, &saved_bytes, &saved_flags));
  Status found = find_safe_point(t, x, input, &cookie);
  Ref exception = found.failed() ? take_exception(t) : Ref();
  Status restored = set_decoder_state(t, x, saved_bytes, saved_flags);
  if (!exception.is_empty()) {
    if (restored.failed()) clear_exception(t);
    restore_exception(t, std::move(exception));
    return Ref::error();
  }
  TRY(std::move(restored));
  return pack(t, cookie);
}

namespace {

Ref seek_to_end(Thread& t, Value self, TextIO* x) {
  TRY(flush_text(t, self));
  set_decoded(x, Ref());
  forget_snapshot(x);
  if (x->can_read) TRY(reset_decoder(t, x));
  Ref buffer = TRY(buffer_of(t, x));
  Ref position = TRY(call_method_with(t, buffer, name::seek, Value::small_int(0), Value::small_int(2)));
  if (x->can_write) TRY(reset_encoder(t, x, is_same(position, Value::small_int(0))));
  return position;
}

// Seeks to what a cookie says and brings the decoder to its state.
Status seek_to_cookie(Thread& t, Value self, TextIO* x, Value cookie_value) {
  TRY(flush_text(t, self));
  Cookie cookie;
  TRY(unpack(t, cookie_value, &cookie));
  Ref buffer = TRY(buffer_of(t, x));
  Ref start = TRY(int_from(t, cookie.start));
  TRY(call_method_with(t, buffer, name::seek, start));
  set_decoded(x, Ref());
  forget_snapshot(x);
  TRY(restore_decoder(t, x, cookie));
  if (cookie.chars_to_skip != 0) {
    Ref input = TRY(call_method_with(t, buffer, names::read, Value::small_int(cookie.bytes_to_feed)));
    if (!is_bytes(input))
      return raise(t, exc::TypeError, "underlying read() should have returned a bytes object, not '%T'", input.get());
    x->snapshot_flags = cookie.flags;
    x->snapshot.store(x, input.get());
    Ref text = TRY(decode_input(t, x, input, cookie.need_eof));
    i64 n = i64(text.as<Str>()->length());
    set_decoded(x, std::move(text));
    if (n < cookie.chars_to_skip) return raise(t, exc::OSError, "can't restore logical file position");
    x->decoded_used = cookie.chars_to_skip;
  } else {
    x->snapshot_flags = cookie.flags;
    x->snapshot.store(x, Value(empty_bytes()));
  }
  if (x->can_write) TRY(reset_encoder(t, x, cookie.start == 0 && cookie.flags == 0));
  return ok();
}

}  // namespace

Ref text_seek(Thread& t, Value self, const Value* a) {
  TextIO* x = text_of(self);
  i64 whence = a[1].is_empty() ? 0 : TRY(to_i64(t, a[1], "Python int too large to convert to C int"));
  TRY(check_attached(t, x));
  TRY(check_text_open(t, self));
  TextLock lock(t, x->read_lock);
  if (!x->is_seekable) return raise_unsupported(t, "underlying stream is not seekable");
  Ref cookie = Ref::copy(a[0]);
  if (whence == 1) {
    if (!TRY(equal(t, cookie, Value::small_int(0)))) return raise_unsupported(t, "can't do nonzero cur-relative seeks");
    // Staying where it is: synchronises with the raw stream.
    cookie = TRY(call_method(t, self, name::tell, nullptr, 0));
  } else if (whence == 2) {
    if (!TRY(equal(t, cookie, Value::small_int(0)))) return raise_unsupported(t, "can't do nonzero end-relative seeks");
    return seek_to_end(t, self, x);
  } else if (whence != 0) {
    return raise(t, exc::ValueError, "invalid whence (%zd, should be 0, 1 or 2)", whence);
  }
  if (TRY(compare_bool(t, CompareOp::kLt, cookie, Value::small_int(0))))
    return raise(t, exc::ValueError, "negative seek position %R", cookie.get());
  TRY(seek_to_cookie(t, self, x, cookie));
  return cookie;
}

}  // namespace typhon::io
