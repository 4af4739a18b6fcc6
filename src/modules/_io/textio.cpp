// TextIOWrapper: text over a buffered stream.
#include <cstdlib>

#include "modules/_io/textio.h"

namespace typhon::io {

namespace {

constexpr i64 kChunkSize = 8192;

}  // namespace

// --- checks
Status check_attached(Thread& t, TextIO* x) {
  if (x->ok) [[likely]]
    return ok();
  return raise(t, exc::ValueError,
               x->detached ? "underlying buffer has been detached" : "I/O operation on uninitialized object");
}

Ref buffer_of(Thread& t, TextIO* x) {
  TRY(check_attached(t, x));
  Ref buffer = x->buffer.load();
  if (buffer.is_empty()) [[unlikely]]
    return raise(t, exc::ValueError, "underlying buffer has been detached");
  return buffer;
}

namespace {

// A buffered stream over a descriptor, where all is known without asking. EMPTY for any other.
Buffered* plain_buffered(Value buffer) {
  if (!is_exact_buffered(buffer)) return nullptr;
  auto* b = buffer.as<Buffered>();
  return b->ok && is_exact_file(b->raw.peek()) ? b : nullptr;
}

Result<bool> text_closed(Thread& t, TextIO* x) {
  Ref buffer = TRY(buffer_of(t, x));
  if (Buffered* b = plain_buffered(buffer)) {
    Ref raw = b->raw.load();
    if (is_exact_file(raw)) return b->dropped || file_closed(raw.as<FileIO>());
  }
  Ref closed = TRY(get_attribute(t, buffer, name::closed));
  return truth(t, closed);
}

}  // namespace

Status check_text_open(Thread& t, Value self) {
  if (type_of(self) != g_text) return check_closed(t, self);
  if (TRY(text_closed(t, text_of(self)))) return raise(t, exc::ValueError, "I/O operation on closed file.");
  return ok();
}

Ref call_buffer(Thread& t, TextIO* x, Str* method_name) {
  Ref buffer = TRY(buffer_of(t, x));
  return call_method(t, buffer, method_name, nullptr, 0);
}

// --- writing
namespace {

Status write_to_buffer(Thread& t, TextIO* x, const u8* data, i64 n) {
  Ref buffer = TRY(buffer_of(t, x));
  Type* type = type_of(buffer);
  if (type == g_writer || type == g_random) {
    TRY(buffered_write(t, buffer.as<Buffered>(), data, n));
    return ok();
  }
  RefTo<Bytes> bytes = TRY(bytes_from(t, data, size_t(n)));
  Value word = bytes;
  TRY(call_uninterrupted(t, buffer, names::write, &word, 1));
  return ok();
}

Status flush_buffer(Thread& t, TextIO* x) {
  Ref buffer = TRY(buffer_of(t, x));
  Type* type = type_of(buffer);
  if (type == g_writer || type == g_random) return buffered_flush(t, buffer.as<Buffered>());
  TRY(call_method(t, buffer, names::flush, nullptr, 0));
  return ok();
}

// With write_lock held. What is written is taken out of the stream first: a signal handler may write to it meanwhile. It is
// lost when the buffer does not take it.
Status write_pending_locked(Thread& t, TextIO* x) {
  if (x->pending_size == 0) return ok();
  u8* data = x->pending;
  i64 n = x->pending_size, capacity = x->pending_capacity;
  x->pending = nullptr;
  x->pending_size = x->pending_capacity = 0;
  Status status = write_to_buffer(t, x, data, n);
  if (x->pending == nullptr) {
    x->pending = data;
    x->pending_capacity = capacity;
  } else {
    std::free(data);
  }
  return status;
}

}  // namespace

Status write_pending(Thread& t, TextIO* x) {
  if (!x->can_write) return ok();
  TextLock lock(t, x->write_lock);
  return write_pending_locked(t, x);
}

namespace {

Status flush_here(Thread& t, Value self) {
  TextIO* x = text_of(self);
  TRY(check_attached(t, x));
  TRY(check_text_open(t, self));
  x->telling = x->is_seekable;
  TRY(write_pending(t, x));
  return flush_buffer(t, x);
}

Ref t_flush(Thread& t, Value self, const Value*) {
  TRY(flush_here(t, self));
  return Ref::none();
}

}  // namespace

Status flush_text(Thread& t, Value self) {
  if (type_of(self) == g_text) return flush_here(t, self);
  TRY(call_method(t, self, names::flush, nullptr, 0));
  return ok();
}

void set_decoded(TextIO* x, Ref&& text) {
  x->decoded_used = 0;
  x->decoded.store(x, std::move(text));
}
void forget_snapshot(TextIO* x) { x->snapshot.clear(x); }

namespace {

Ref t_write(Thread& t, Value self, const Value* a) {
  TextIO* x = text_of(self);
  TRY(check_attached(t, x));
  if (!is_str(a[0])) return raise(t, exc::TypeError, "write() argument must be str, not %T", a[0]);
  TRY(check_text_open(t, self));
  if (!x->can_write) return raise_unsupported(t, "not writable");
  Str* text = a[0].as<Str>();
  i64 length = i64(text->length());
  Ref translated;
  bool wants_newline = x->line_buffering || (x->write_translate && x->write_newline[0] != 0);
  bool newline = wants_newline && has_char(text, '\n');
  if (newline && x->write_translate && x->write_newline[0] != 0) {
    translated = TRY(replace_line_feeds(t, text, x->write_newline));
    text = translated.as<Str>();
  }
  bool flush = x->line_buffering && (newline || has_char(text, '\r'));
  {
    TextLock lock(t, x->write_lock);
    // Never gathers more than a chunk, unless one text is longer than that.
    if (x->pending_size > 0 && x->pending_size + length > x->chunk_size) TRY(write_pending_locked(t, x));
    TRY(encode_pending(t, x, text));
    if (x->pending_size >= x->chunk_size || flush || x->write_through) TRY(write_pending_locked(t, x));
  }
  if (flush) TRY(flush_buffer(t, x));
  // What was read ahead is no longer what follows. A thread that is reading just now (a socket) keeps its state.
  if (x->can_read && x->read_lock.try_acquire(t)) {
    if (!x->snapshot.is_empty()) {
      set_decoded(x, Ref());
      forget_snapshot(x);
    }
    Status reset = reset_decoder(t, x);
    x->read_lock.release(t);
    TRY(std::move(reset));
  }
  return Ref::adopt(Value::small_int(length));
}

// --- reading, with read_lock held
i64 decoded_left(const TextIO* x) {
  Value decoded = x->decoded.peek();
  return decoded.is_empty() ? 0 : i64(decoded.as<Str>()->length()) - x->decoded_used;
}

Ref fetch_chunk(Thread& t, TextIO* x, i64 size) {
  Ref buffer = TRY(buffer_of(t, x));
  Type* type = type_of(buffer);
  if (type == g_reader || type == g_random) return buffered_read1(t, buffer.as<Buffered>(), size);
  Str* method_name = x->has_read1 ? name::read1 : names::read;
  Ref chunk = TRY(call_method_with(t, buffer, method_name, Value::small_int(size)));
  if (!has_buffer(chunk))
    return raise(t, exc::TypeError, "underlying %s() should have returned a bytes-like object, not '%T'",
                 x->has_read1 ? "read1" : "read", chunk.get());
  return chunk;
}

// Decodes one more chunk; false at the end of the stream. size_hint: characters wanted, 0 unknown.
Result<bool> read_chunk(Thread& t, TextIO* x, i64 size_hint) {
  if (!x->can_read) return raise_unsupported(t, "not readable");
  Ref held;
  i64 flags = 0;
  bool telling = x->telling;
  if (telling) TRY(get_decoder_state(t, x, &held, &flags));
  double width = x->bytes_per_char > 1 ? x->bytes_per_char : 1;
  i64 size = size_hint > 0 ? i64(width * double(size_hint)) : 0;
  if (size < x->chunk_size) size = x->chunk_size;
  Ref chunk = TRY(fetch_chunk(t, x, size));
  i64 bytes = is_bytes(chunk) ? i64(chunk.as<Bytes>()->size) : TRY(length(t, chunk));
  bool end = bytes == 0;
  Ref text = TRY(decode_input(t, x, chunk, end));
  i64 chars = i64(text.as<Str>()->length());
  set_decoded(x, std::move(text));
  x->bytes_per_char = chars > 0 ? double(bytes) / double(chars) : 0;
  if (telling) {
    // From here the decoder's work can be repeated: held, then chunk.
    auto* head = held.as<Bytes>();
    Ref input;
    if (head->size == 0 && is_exact_bytes(chunk)) {
      input = std::move(chunk);
    } else {
      ByteView view(t);
      TRY(view.get(chunk));
      RefTo<Bytes> joined = TRY(bytes_allocate(t, head->size + view.size()));
      memcpy(joined->data, head->data, head->size);
      memcpy(joined->data + head->size, view.data(), view.size());
      input = std::move(joined);
    }
    x->snapshot_flags = flags;
    x->snapshot.store(x, std::move(input));
  }
  return !end || chars > 0;
}

// Up to n characters of what is decoded; all of it when n is negative.
RefTo<Str> take_decoded(Thread& t, TextIO* x, i64 n) {
  Ref decoded = x->decoded.load();
  i64 left = decoded_left(x);
  if (left <= 0) return RefTo<Str>::copy(empty_str());
  if (n < 0 || n > left) n = left;
  i64 start = x->decoded_used;
  x->decoded_used += n;
  return str_substring(t, decoded.as<Str>(), size_t(start), size_t(start + n));
}

Ref read_all(Thread& t, TextIO* x) {
  Ref buffer = TRY(buffer_of(t, x));
  Type* type = type_of(buffer);
  Ref bytes = type == g_reader || type == g_random ? TRY(buffered_read(t, buffer.as<Buffered>(), -1))
                                                   : TRY(call_method(t, buffer, names::read, nullptr, 0));
                                                   if (bytes.get().is_none())
                                                     return raise(t, exc::BlockingIOError, "Read returned None.");
                                                   Ref text = TRY(decode_input(t, x, bytes, true));
                                                   Ref result =
                                                       decoded_left(x) > 0 ? Ref(TRY(take_decoded(t, x, -1))) : Ref();
                                                   result =
                                                       result.is_empty()
                                                           ? std::move(text)
                                                           : Ref(TRY(str_concat(t, result.as<Str>(), text.as<Str>())));
                                                   if (!x->snapshot.is_empty()) {
                                                     set_decoded(x, Ref());
                                                     forget_snapshot(x);
                                                   }
                                                   return result;
}

Ref t_read(Thread& t, Value self, const Value* a) {
  TextIO* x = text_of(self);
  i64 n = TRY(optional_size(t, a[0]));
  TRY(check_attached(t, x));
  TRY(check_text_open(t, self));
  if (!x->can_read) return raise_unsupported(t, "not readable");
  TextLock lock(t, x->read_lock);
  TRY(write_pending(t, x));
  if (n < 0) return read_all(t, x);
  RefTo<Str> first = TRY(take_decoded(t, x, n));
  i64 left = n - i64(first->length());
  if (left == 0) return first;
  StrBuilder parts;
  parts.append(first.get());
  while (left > 0) {
    if (!TRY(read_chunk(t, x, left))) break;
    RefTo<Str> part = TRY(take_decoded(t, x, left));
    parts.append(part.get());
    left -= i64(part->length());
  }
  return parts.finish(t);
}

// One line, at most `limit` characters of it (negative: all).
Ref read_line(Thread& t, TextIO* x, i64 limit) {
  StrBuilder parts;
  i64 gathered = 0;
  Ref carry;  // a '\r' at the end of a chunk, when lines end with "\r\n"
  while (true) {
    while (decoded_left(x) <= 0) {
      if (TRY(read_chunk(t, x, 0))) continue;
      set_decoded(x, Ref());
      forget_snapshot(x);
      if (!carry.is_empty()) parts.append(carry.as<Str>());
      if (parts.length() == 0) return RefTo<Str>::copy(empty_str());
      return parts.finish(t);
    }
    Ref line = x->decoded.load();
    i64 start = x->decoded_used, shift = 0;  // shift: index in `line` + shift = index in x->decoded
    if (!carry.is_empty()) {
      i64 before = i64(carry.as<Str>()->length());
      RefTo<Str> rest = TRY(str_substring(t, line.as<Str>(), size_t(start), line.as<Str>()->length()));
      line = TRY(str_concat(t, carry.as<Str>(), rest.get()));
      shift = start - before;
      start = 0;
      carry.clear();
    }
    i64 resume;
    i64 end = find_line_end(line.as<Str>(), start, x->line_end, &resume);
    bool complete = end >= 0;
    if (!complete) end = resume;
    if (limit >= 0 && gathered + (end - start) >= limit) {
      end = start + (limit - gathered);
      complete = true;
    }
    if (complete) {
      x->decoded_used = end + shift;
      if (parts.length() == 0) return str_substring(t, line.as<Str>(), size_t(start), size_t(end));
      parts.append(line.as<Str>(), size_t(start), size_t(end));
      return parts.finish(t);
    }
    parts.append(line.as<Str>(), size_t(start), size_t(end));
    gathered += end - start;
    i64 size = i64(line.as<Str>()->length());
    if (end < size) carry = TRY(str_substring(t, line.as<Str>(), size_t(end), size_t(size)));
    set_decoded(x, Ref());
  }
}

Ref line_of(Thread& t, Value self, i64 limit) {
  TextIO* x = text_of(self);
  TRY(check_attached(t, x));
  TRY(check_text_open(t, self));
  TextLock lock(t, x->read_lock);
  TRY(write_pending(t, x));
  return read_line(t, x, limit);
}
Ref t_readline(Thread& t, Value self, const Value* a) { return line_of(t, self, TRY(plain_size(t, a[0]))); }

Ref t_next(Thread& t, Value self) {
  TextIO* x = text_of(self);
  TRY(check_attached(t, x));
  x->telling = false;
  Ref line;
  if (type_of(self) == g_text) {
    line = TRY(line_of(t, self, -1));
  } else {
    line = TRY(call_method(t, self, names::readline, nullptr, 0));
    if (!is_str(line))
      return raise(t, exc::OSError, "readline() should have returned a str object, not '%T'", line.get());
  }
  if (line.as<Str>()->length() != 0) return line;
  forget_snapshot(x);
  x->telling = x->is_seekable;
  return Ref();
}

// --- construction
bool given(Value v) { return !v.is_empty() && !v.is_none(); }

Status check_newline(Thread& t, Value newline) {
  if (!given(newline) || valid_newline(newline.as<Str>())) return ok();
  return raise(t, exc::ValueError, "illegal newline value: %U", newline.as<Str>());
}

void set_newline(TextIO* x, Value newline) {
  Str* s = given(newline) ? newline.as<Str>() : nullptr;
  bool empty = s != nullptr && s->length() == 0;
  x->read_universal = s == nullptr || empty;
  x->read_translate = s == nullptr;
  x->write_translate = !empty;
  memset(x->write_newline, 0, sizeof x->write_newline);
  memset(&x->line_end, 0, sizeof x->line_end);
  x->line_end.translated = x->read_translate;
  x->line_end.universal = x->read_universal;
  if (s != nullptr && !empty) {
    memcpy(x->line_end.text, s->data<char>(), s->length());
    if (s->at(0) == '\r') memcpy(x->write_newline, s->data<char>(), s->length());
  }
}

Status check_no_nul(Thread& t, Value v) {
  if (given(v) && has_char(v.as<Str>(), 0)) return raise(t, exc::ValueError, "embedded null character");
  return ok();
}

Result<bool> ask_buffer(Thread& t, Value buffer, Str* question) {
  Ref answer = TRY(call_method(t, buffer, question, nullptr, 0));
  return truth(t, answer);
}

// Codecs with a byte order mark write it at the start of a stream only.
Status fix_encoder_state(Thread& t, TextIO* x) {
  if (!x->is_seekable || x->encoder.is_empty()) return ok();
  Ref position = TRY(call_buffer(t, x, name::tell));
  if (TRY(equal(t, position, Value::small_int(0)))) return ok();
  return reset_encoder(t, x, false);
}

}  // namespace

Status text_init(Thread& t, Value self, const TextOptions& o) {
  TextIO* x = text_of(self);
  x->ok = x->detached = false;
  if (!given(o.encoding)) TRY(warn_default_encoding(t, 1));
  TRY(check_no_nul(t, o.encoding));
  TRY(check_no_nul(t, o.errors));
  TRY(check_newline(t, o.newline));
  Ref encoding;
  if (!given(o.encoding) || o.encoding.as<Str>()->equals_ascii("locale"))
    encoding = TRY(locale_encoding(t));
  else
    encoding = Ref::copy(o.encoding);
  Value errors = given(o.errors) ? o.errors : Value(names::strict);

  TextLock read_lock(t, x->read_lock);
  TextLock write_lock(t, x->write_lock);
  Ref buffer = Ref::copy(o.buffer);
  Buffered* plain = plain_buffered(buffer);
  bool readable = plain != nullptr ? plain->is_readable.load() : TRY(ask_buffer(t, buffer, name::readable));
  bool writable = plain != nullptr ? plain->is_writable.load() : TRY(ask_buffer(t, buffer, name::writable));
  std::free(x->pending);
  x->pending = nullptr;
  x->pending_size = x->pending_capacity = 0;
  x->chunk_size = kChunkSize;
  x->bytes_per_char = 0;
  x->line_buffering = o.line_buffering;
  x->write_through = o.write_through;
  set_newline(x, o.newline);
  set_decoded(x, Ref());
  forget_snapshot(x);
  TRY(set_codec(t, x, encoding.as<Str>(), errors, readable, writable));
  x->buffer.store(x, buffer.get());
  Ref raw = plain != nullptr ? plain->raw.load() : Ref();
  if (is_exact_file(raw) && raw.as<FileIO>()->is_seekable == 1 && !file_closed(raw.as<FileIO>()))
    x->is_seekable = true;
  else
    x->is_seekable = TRY(ask_buffer(t, buffer, name::seekable));
  x->telling = x->is_seekable;
  if (plain != nullptr) {
    x->has_read1 = true;
  } else {
    Ref read1 = TRY(get_attribute_or_empty(t, buffer, name::read1));
    x->has_read1 = !read1.is_empty();
  }
  x->ok = true;
  if (fix_encoder_state(t, x).failed()) {
    x->ok = false;
    return Raised{};
  }
  return ok();
}

namespace {

Status check_str_or_none(Thread& t, Value v, const char* function, const char* what) {
  if (!given(v) || is_str(v)) return ok();
  return raise(t, exc::TypeError, "%s() argument '%s' must be str or None, not %T", function, what, v);
}

Status t_init(Thread& t, Value self, Args args) {
  static const Signature& signature =
      parse_signature("(buffer, encoding=None, errors=None, newline=None, line_buffering=False, write_through=False)");
  Value a[6];
  Ref keep[1];
  TRY(bind_arguments(t, signature, "TextIOWrapper", args, a, keep));
  constexpr const char* kNames[] = {"encoding", "errors", "newline"};
  for (int i : {0, 2, 1}) TRY(check_str_or_none(t, a[i + 1], "TextIOWrapper", kNames[i]));
  TextOptions options;
  options.buffer = a[0];
  options.encoding = a[1];
  options.errors = a[2];
  options.newline = a[3];
  options.line_buffering = !a[4].is_empty() && TRY(truth(t, a[4]));
  options.write_through = !a[5].is_empty() && TRY(truth(t, a[5]));
  return text_init(t, self, options);
}

// None leaves it as it is.
Result<bool> bool_option(Thread& t, Value v, bool present) {
  if (!given(v)) return present;
  return TRY(to_i64(t, v, "Python int too large to convert to C int"))
  != 0;
}

Ref t_reconfigure(Thread& t, Value self, const Value* a) {
  TextIO* x = text_of(self);
  TRY(check_attached(t, x));
  TRY(check_str_or_none(t, a[0], "reconfigure", "encoding"));
  TRY(check_str_or_none(t, a[1], "reconfigure", "errors"));
  TRY(check_str_or_none(t, a[2], "reconfigure", "newline"));
  bool newline_given = !a[2].is_empty();
  bool recode = given(a[0]) || given(a[1]) || newline_given;
  TextLock read_lock(t, x->read_lock);
  if (!x->decoded.is_empty() && recode)
    return raise_unsupported(t, "It is not possible to set the encoding or newline of stream after the first read");
  TRY(check_newline(t, a[2]));
  bool line_buffering = TRY(bool_option(t, a[3], x->line_buffering));
  bool write_through = TRY(bool_option(t, a[4], x->write_through));
  TRY(flush_text(t, self));
  TextLock write_lock(t, x->write_lock);
  x->bytes_per_char = 0;
  if (newline_given) set_newline(x, a[2]);
  if (recode) {
    TRY(check_no_nul(t, a[0]));
    TRY(check_no_nul(t, a[1]));
    Ref encoding, errors;
    if (!given(a[0])) {
      encoding = x->encoding.load();
      errors = given(a[1]) ? Ref::copy(a[1]) : x->errors.load();
    } else {
      encoding = a[0].as<Str>()->equals_ascii("locale") ? Ref(TRY(locale_encoding(t))) : Ref::copy(a[0]);
      errors = given(a[1]) ? Ref::copy(a[1]) : Ref::copy(Value(names::strict));
    }
    TRY(set_codec(t, x, encoding.as<Str>(), errors, x->can_read, x->can_write));
    TRY(fix_encoder_state(t, x));
  }
  x->line_buffering = line_buffering;
  x->write_through = write_through;
  return Ref::none();
}

Ref t_detach(Thread& t, Value self, const Value*) {
  TextIO* x = text_of(self);
  TRY(check_attached(t, x));
  TRY(flush_text(t, self));
  TRY(check_attached(t, x));
  x->detached = true;
  x->ok = false;
  Ref buffer = x->buffer.take(x);
  if (buffer.is_empty()) return raise(t, exc::ValueError, "underlying buffer has been detached");
  return buffer;
}

Ref t_close(Thread& t, Value self, const Value*) {
  TextIO* x = text_of(self);
  TRY(check_attached(t, x));
  if (type_of(self) == g_text) {
    if (TRY(text_closed(t, x))) return Ref::none();
  } else {
    Ref closed = TRY(get_attribute(t, self, name::closed));
    if (TRY(truth(t, closed))) return Ref::none();
  }
  if (x->finalizing) {
    Ref buffer = TRY(buffer_of(t, x));
    Ref done = call_method_with(t, buffer, name::_dealloc_warn, self);
    if (done.failed()) clear_exception(t);
  }
  Ref earlier;
  if (flush_text(t, self).failed()) earlier = take_exception(t);
  return chain_failures(t, std::move(earlier), call_buffer(t, x, names::close));
}

Ref t_truncate(Thread& t, Value self, const Value* a) {
  TextIO* x = text_of(self);
  TRY(check_attached(t, x));
  TRY(flush_text(t, self));
  Ref buffer = TRY(buffer_of(t, x));
  return call_method_with(t, buffer, name::truncate, a[0].is_empty() ? None : a[0]);
}

template <Str** method_name>
Ref t_forward(Thread& t, Value self, const Value*) {
  return call_buffer(t, text_of(self), *method_name);
}

Ref t_repr(Thread& t, Value self) {
  TextIO* x = text_of(self);
  if (!x->ok && !x->detached) TRY(check_attached(t, x));
  const char* type = full_type_name(self);
  if (!TRY(repr_enter(t, self))) return raise(t, exc::RuntimeError, "reentrant call inside %s.__repr__", type);
  auto build = [&]() -> Ref {
    StrBuilder out;
    out.append(u32('<'));
    out.append_utf8(type);
    Ref name = TRY(name_for_repr(t, self));
    if (!name.is_empty()) {
      RefTo<Str> text = TRY(object_repr(t, name));
      out.append_ascii(" name=");
      out.append(text.get());
    }
    Ref mode = TRY(get_attribute_or_empty(t, self, names::mode));
    if (!mode.is_empty()) {
      RefTo<Str> text = TRY(object_repr(t, mode));
      out.append_ascii(" mode=");
      out.append(text.get());
    }
    Ref encoding = x->encoding.load();
    RefTo<Str> text = TRY(object_repr(t, encoding.is_empty() ? None : encoding.get()));
    out.append_ascii(" encoding=");
    out.append(text.get());
    out.append(u32('>'));
    return out.finish(t);
  };
  Ref text = build();
  repr_leave(t, self);
  return text;
}

// --- attributes
Ref get_name(Thread& t, Value self) {
  Ref buffer = TRY(buffer_of(t, text_of(self)));
  return get_attribute(t, buffer, names::name);
}
Ref get_closed(Thread& t, Value self) {
  if (!text_of(self)->ok && !text_of(self)->detached) return Ref::boolean(true);
  return Ref::boolean(TRY(text_closed(t, text_of(self))));
}
Ref get_newlines(Thread& t, Value self) {
  TextIO* x = text_of(self);
  TRY(check_attached(t, x));
  if (x->read_universal && x->can_read) return newlines_seen(t, x->newlines.seen);
  Ref decoder = x->decoder.load();
  if (decoder.is_empty()) return Ref::none();
  Ref newlines = TRY(get_attribute_or_empty(t, decoder, name::newlines));
  return newlines.is_empty() ? Ref::none() : std::move(newlines);
}
Ref get_errors(Thread& t, Value self) {
  TextIO* x = text_of(self);
  if (!x->ok && !x->detached) TRY(check_attached(t, x));
  return x->errors.load();
}
Ref get_encoding(Thread&, Value self) {
  Ref encoding = text_of(self)->encoding.load();
  return encoding.is_empty() ? Ref::none() : std::move(encoding);
}
Ref get_buffer_attribute(Thread& t, Value self) { return buffer_of(t, text_of(self)); }
Ref get_line_buffering(Thread&, Value self) { return Ref::boolean(text_of(self)->line_buffering); }
Ref get_write_through(Thread&, Value self) { return Ref::boolean(text_of(self)->write_through); }
Ref get_chunk_size(Thread& t, Value self) {
  TRY(check_attached(t, text_of(self)));
  return int_from(t, text_of(self)->chunk_size);
}
Status set_chunk_size(Thread& t, Value self, Value value) {
  TRY(check_attached(t, text_of(self)));
  if (value.is_empty())
    return raise(t, exc::AttributeError, "attribute '_CHUNK_SIZE' of '%s' objects cannot be deleted",
                 full_type_name(self));
  Ref index = TRY(to_index(t, value));
  i64 n;
  if (!int_fits_i64(index, &n)) return raise(t, exc::ValueError, "cannot fit '%T' into an index-sized integer", value);
  if (n <= 0) return raise(t, exc::ValueError, "a strictly positive integer is required");
  text_of(self)->chunk_size = n;
  return ok();
}
Ref get_finalizing(Thread&, Value self) { return Ref::boolean(text_of(self)->finalizing); }
Status set_finalizing(Thread& t, Value self, Value value) {
  if (value.is_empty()) return raise(t, exc::TypeError, "can't delete numeric/char attribute");
  if (!value.is_bool()) return raise(t, exc::TypeError, "attribute value type must be bool");
  text_of(self)->finalizing = value.is_true();
  return ok();
}

void visit_text(Object* self, Visitor& v) { v.fields(&static_cast<TextIO*>(self)->buffer, 7); }
void release_text(Thread&, Object* self) {
  std::free(static_cast<TextIO*>(self)->pending);
  static_cast<TextIO*>(self)->pending = nullptr;
}

const Method kMethods[] = {
    method("write", t_write, "($self, text, /)"),
    method("read", t_read, "($self, size=-1, /)"),
    method("readline", t_readline, "($self, size=-1, /)"),
    method("flush", t_flush, "($self, /)"),
    method("close", t_close, "($self, /)"),
    method("detach", t_detach, "($self, /)"),
    method("reconfigure", t_reconfigure,
           "($self, /, *, encoding=None, errors=None, newline=None, line_buffering=None, write_through=None)",
           "Reconfigure the text stream with new parameters.\n\nThis also does an implicit stream flush."),
    method("fileno", t_forward<&names::fileno>, "($self, /)"),
    method("seekable", t_forward<&name::seekable>, "($self, /)"),
    method("readable", t_forward<&name::readable>, "($self, /)"),
    method("writable", t_forward<&name::writable>, "($self, /)"),
    method("isatty", t_forward<&name::isatty>, "($self, /)"),
    method("seek", text_seek, "($self, cookie, whence=os.SEEK_SET, /)",
           "Set the stream position, and return the new stream position."),
    method("tell", text_tell, "($self, /)", "Return the stream position as an opaque number."),
    method("truncate", t_truncate, "($self, pos=None, /)"),
    method("__getstate__", no_state, "($self, /)"),
    {},
};
const GetSet kGetSets[] = {
    {"name", get_name},
    {"closed", get_closed},
    {"newlines", get_newlines},
    {"errors", get_errors},
    {"encoding", get_encoding},
    {"buffer", get_buffer_attribute},
    {"line_buffering", get_line_buffering},
    {"write_through", get_write_through},
    {"_CHUNK_SIZE", get_chunk_size, set_chunk_size},
    {"_finalizing", get_finalizing, set_finalizing},
    {},
};

}  // namespace

const TypeSpec kTextIOWrapperSpec = {
    .name = "_io.TextIOWrapper",
    .doc =
        "Character and line based layer over a BufferedIOBase object, buffer.\n\nencoding gives the name of the "
        "encoding "
        "that the stream will be\ndecoded or encoded with. It defaults to locale.getencoding().\n\nerrors determines "
        "the "
        "strictness of encoding and decoding (see\nhelp(codecs.Codec) or the documentation for codecs.register) "
        "and\ndefaults to \"strict\".\n\nnewline controls how line endings are handled. It can be None, '',\n'\\n', "
        "'\\r', and '\\r\\n'.\n\nIf line_buffering is True, a call to flush is implied when a call to\nwrite contains "
        "a "
        "newline character.",
    .base = &g_text_base,
    .layout = {"TextIOWrapper", sizeof(TextIO), 0, visit_text, release_text, nullptr, nullptr},
    .flags = type_flag::kBaseType,
    .slots = {.repr = t_repr, .next = t_next, .init = t_init},
    .methods = kMethods,
    .getsets = kGetSets,
    .text_signature = "(buffer, encoding=None, errors=None, newline=None, line_buffering=False, write_through=False)",
};

}  // namespace typhon::io
