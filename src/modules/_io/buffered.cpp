// BufferedReader, BufferedWriter, BufferedRandom, BufferedRWPair.
//
// The three buffered streams are one structure. Its buffer is at any time either reading (data[start, end) has been read
// ahead, data[0, start) was given out and can be sought back to) or writing (data[start, end) waits to be written). A
// BufferedRandom changes from one to the other by seeking the raw stream back over what was read ahead, or by writing.
#include <unistd.h>
#include <cstdlib>

#include "modules/_io/io.h"
#include "objects/byte_builder.h"

namespace typhon::io {
namespace {

Buffered* buffered_of(Value v) { return v.as<Buffered>(); }

Status check_usable(Thread& t, Buffered* b) {
  if (b->ok) [[likely]]
    return ok();
  return raise(t, exc::ValueError,
               b->detached ? "raw stream has been detached" : "I/O operation on uninitialized object");
}

// The raw stream. Another thread may be detaching it, unless the caller holds the lock.
Ref raw_of(Thread& t, Buffered* b) {
  TRY(check_usable(t, b));
  Ref raw = b->raw.load();
  if (raw.is_empty()) [[unlikely]]
    return raise(t, exc::ValueError, "raw stream has been detached");
  return raw;
}

// Holds the stream's lock; enter() fails where this thread has it already, or the stream is not usable.
class Entered {
 public:
  Entered(Thread& t, Buffered* b) : thread_(t), stream_(b) {}
  ~Entered() {
    if (inside_) stream_->lock.release(thread_);
  }
  Entered(const Entered&) = delete;
  Status enter() {
    TRY(enter_any());
    return check_usable(thread_, stream_);
  }
  Status enter_any() {
    inside_ = stream_->lock.acquire(thread_, false);
    if (!inside_) return raise(thread_, exc::RuntimeError, "reentrant call inside %R", Value(stream_));
    return ok();
  }

 private:
  Thread& thread_;
  Buffered* stream_;
  bool inside_ = false;
};

i64 available(const Buffered* b) { return b->writing ? 0 : b->end - b->start; }
i64 unwritten(const Buffered* b) { return b->writing ? b->end - b->start : 0; }
void drop_read_ahead(Buffered* b) {
  if (!b->writing) b->start = b->end = 0;
}

Result<bool> raw_closed(Thread& t, Buffered* b) {
  Ref raw = TRY(raw_of(t, b));
  if (is_exact_file(raw)) return file_closed(raw.as<FileIO>());
  Ref closed = TRY(get_attribute(t, raw, name::closed));
  return truth(t, closed);
}

Status check_open(Thread& t, Buffered* b, const char* message) {
  TRY(check_usable(t, b));
  bool closed = b->dropped || TRY(raw_closed(t, b));
  if (closed && available(b) == 0) return raise(t, exc::ValueError, "%s", message);
  return ok();
}

Status ensure_data(Thread& t, Buffered* b) {
  if (b->data != nullptr) [[likely]]
    return ok();
  b->data = static_cast<u8*>(std::malloc(size_t(b->capacity)));
  if (b->data == nullptr) return raise_no_memory(t);
  return ok();
}

// --- the raw stream
Result<i64> position_from(Thread& t, Buffered* b, Value v) {
  i64 n = TRY(to_i64(t, v));
  if (n < 0) return raise(t, exc::OSError, "Raw stream returned invalid position %zd", n);
  b->raw_position = n;
  return n;
}

Result<i64> raw_tell(Thread& t, Buffered* b) {
  Ref raw = b->raw.load();
  if (is_exact_file(raw)) {
    b->raw_position = -1;
    return b->raw_position = TRY(file_seek(t, raw.as<FileIO>(), 0, SEEK_CUR));
  }
  b->raw_position = -1;
  Ref result = TRY(call_method(t, raw, name::tell, nullptr, 0));
  return position_from(t, b, result);
}

Result<i64> raw_seek(Thread& t, Buffered* b, i64 target, int whence) {
  Ref raw = b->raw.load();
  b->raw_position = -1;
  if (is_exact_file(raw)) return b->raw_position = TRY(file_seek(t, raw.as<FileIO>(), target, whence));
  Ref position = TRY(int_from(t, target));
  Ref result = TRY(call_method_with(t, raw, name::seek, position, Value::small_int(whence)));
  return position_from(t, b, result);
}

// raw.readinto() of a stream that is not a plain FileIO. It gets memory of its own: it may keep the view.
Result<i64> read_through_method(Thread& t, Value raw, u8* to, i64 n) {
  Ref array = TRY(call_with(t, types::bytearray, Value::small_int(n)));
  Ref view = TRY(memoryview_new(t, array, buffer_flag::kFull));
  Value word = view;
  Ref result = TRY(call_uninterrupted(t, raw, name::readinto, &word, 1));
  if (result.get().is_none()) return kWouldBlock;
  Result<i64> count = is_indexable(result) ? to_i64(t, result) : Result<i64>(Raised{});
  if (count.failed()) {
    // The reason becomes the cause.
    if (!exception_pending(t))
      raise(t, exc::TypeError, "'%T' object cannot be interpreted as an integer", result.get());
    Ref cause = take_exception(t);
    RefTo<Str> text = TRY(str_from_ascii(t, "raw readinto() failed"));
    Ref error = TRY(make_exception(t, exc::OSError, text));
    auto* e = error.as<BaseException>();
    e->context.store(e, cause.get());
    e->cause.store(e, std::move(cause));
    e->suppress_context = true;
    restore_exception(t, std::move(error));
    return Raised{};
  }
  i64 got = count.get();
  if (got < 0 || got > n)
    return raise(t, exc::OSError, "raw readinto() returned invalid length %zd (should have been between 0 and %zd)",
                 got, n);
  ByteView bytes(t);
  TRY(bytes.get(array));
  if (got > i64(bytes.size())) got = i64(bytes.size());
  memcpy(to, bytes.data(), size_t(got));
  return got;
}

Result<i64> write_through_method(Thread& t, Value raw, const u8* from, i64 n) {
  RefTo<Bytes> bytes = TRY(bytes_from(t, from, size_t(n)));
  Ref view = TRY(memoryview_new(t, bytes, buffer_flag::kFullRo));
  Value word = view;
  Ref result = TRY(call_uninterrupted(t, raw, names::write, &word, 1));
  if (result.get().is_none()) return kWouldBlock;
  Result<i64> count = to_i64(t, result);
  if (count.failed()) clear_exception(t);  // shown as -1
  i64 put = count.failed() ? -1 : count.get();
  if (put < 0 || put > n)
    return raise(t, exc::OSError, "raw write() returned invalid length %zd (should have been between 0 and %zd)", put,
                 n);
  return put;
}

Result<i64> raw_read(Thread& t, Buffered* b, u8* to, i64 n) {
  Ref raw = b->raw.load();
  i64 got = is_exact_file(raw) ? TRY(file_read(t, raw.as<FileIO>(), to, size_t(n))) : TRY(read_through_method(t, raw, to, n));
  if (got > 0 && b->raw_position >= 0) b->raw_position += got;
  return got;
}

Result<i64> raw_write(Thread& t, Buffered* b, const u8* from, i64 n) {
  Ref raw = b->raw.load();
  i64 put = is_exact_file(raw) ? TRY(file_write(t, raw.as<FileIO>(), from, size_t(n))) : TRY(write_through_method(t, raw, from, n));
  if (put > 0 && b->raw_position >= 0) b->raw_position += put;
  return put;
}

// --- changing between reading and writing
constexpr const char* kWouldBlockText = "write could not complete without blocking";

// Writes everything out. BlockingIOError when the raw stream takes no more: the rest stays.
Status write_out(Thread& t, Buffered* b) {
  if (!b->writing) return ok();
  while (b->start < b->end) {
    i64 n = TRY(raw_write(t, b, b->data + b->start, b->end - b->start));
    if (n == kWouldBlock) return raise_blocking(t, kWouldBlockText, 0);
    b->start += n;
    // Partial writes come from interruptions too: let signal handlers run.
    if (b->start < b->end) TRY(safepoint(t));
  }
  b->start = b->end = 0;
  b->writing = false;
  return ok();
}

// The raw stream goes back to where the program thinks it is.
Status rewind(Thread& t, Buffered* b) {
  i64 ahead = available(b);
  if (ahead > 0) TRY(raw_seek(t, b, -ahead, SEEK_CUR));
  drop_read_ahead(b);
  return ok();
}

Status flush_and_rewind(Thread& t, Buffered* b) {
  TRY(write_out(t, b));
  if (b->is_readable) TRY(rewind(t, b));
  return ok();
}

Status begin_writing(Thread& t, Buffered* b) {
  if (b->writing) return ok();
  TRY(rewind(t, b));
  b->start = b->end = 0;
  b->writing = true;
  return ensure_data(t, b);
}

// Reads ahead into the empty buffer.
Result<i64> fill(Thread& t, Buffered* b) {
  TRY(ensure_data(t, b));
  b->start = b->end = 0;
  i64 n = TRY(raw_read(t, b, b->data, b->capacity));
  if (n > 0) b->end = n;
  return n;
}

Ref take_bytes(Thread& t, Buffered* b, i64 n) {
  RefTo<Bytes> bytes = TRY(bytes_from(t, b->data + b->start, size_t(n)));
  b->start += n;
  return bytes;
}

// --- reading
// Fills to[0, n) from the buffer and the raw stream: how much there was; kWouldBlock when nothing yet. `once`: at most one
// call of the raw stream.
Result<i64> read_into(Thread& t, Buffered* b, u8* to, i64 n, bool once) {
  i64 done = 0;
  while (done < n) {
    i64 have = available(b);
    if (have > 0) {
      i64 part = have < n - done ? have : n - done;
      memcpy(to + done, b->data + b->start, size_t(part));
      b->start += part;
      done += part;
      if (once) break;
      continue;
    }
    TRY(write_out(t, b));
    i64 got;
    // Whole buffers go to their destination directly.
    if (once || n - done >= b->capacity) {
      drop_read_ahead(b);
      i64 whole = once ? n - done : (n - done) / b->capacity * b->capacity;
      got = TRY(raw_read(t, b, to + done, whole));
      if (got > 0) done += got;
    } else {
      got = TRY(fill(t, b));
    }
    if (got == kWouldBlock && done == 0) return kWouldBlock;
    if (got <= 0 || (once && done > 0)) break;
  }
  return done;
}

// All the rest.
Ref read_all(Thread& t, Buffered* b) {
  Ref ahead = Ref::copy(Value(empty_bytes()));
  if (available(b) > 0) ahead = TRY(take_bytes(t, b, available(b)));
  TRY(flush_and_rewind(t, b));
  drop_read_ahead(b);
  auto* head = ahead.as<Bytes>();
  Ref raw = b->raw.load();
  Ref readall;
  if (!is_exact_file(raw)) readall = TRY(get_attribute_or_empty(t, raw, name::readall));
  if (is_exact_file(raw) || !readall.is_empty()) {
    b->raw_position = -1;
    Ref rest = is_exact_file(raw) ? TRY(file_read_all(t, raw.as<FileIO>())) : TRY(call(t, readall));
    if (!rest.get().is_none() && !is_bytes(rest)) return raise(t, exc::TypeError, "readall() should return bytes");
    if (head->size == 0) return rest;
    if (rest.get().is_none() || rest.as<Bytes>()->size == 0) return ahead;
    RefTo<Bytes> both = TRY(bytes_allocate(t, head->size + rest.as<Bytes>()->size));
    memcpy(both->data, head->data, head->size);
    memcpy(both->data + head->size, rest.as<Bytes>()->data, rest.as<Bytes>()->size);
    return both;
  }
  ByteBuilder all;
  all.append(head->data, head->size);
  while (true) {
    Ref chunk = TRY(call_method(t, raw, names::read, nullptr, 0));
    if (!chunk.get().is_none() && !is_bytes(chunk)) return raise(t, exc::TypeError, "read() should return bytes");
    if (chunk.get().is_none() || chunk.as<Bytes>()->size == 0) {
      if (all.length() == 0) return chunk;
      return all.finish(t);
    }
    auto* bytes = chunk.as<Bytes>();
    all.append(bytes->data, bytes->size);
    if (b->raw_position >= 0) b->raw_position += i64(bytes->size);
  }
}

// With the lock held.
Ref read_bytes(Thread& t, Buffered* b, i64 n) {
  if (n <= available(b) && n > 0) return take_bytes(t, b, n);
  if (n == 0) return RefTo<Bytes>::copy(empty_bytes());
  RefTo<Bytes> bytes = TRY(bytes_allocate(t, size_t(n)));
  i64 got = TRY(read_into(t, b, bytes->data, n, false));
  if (got == kWouldBlock) return Ref::none();
  return shrink_bytes(t, std::move(bytes), size_t(got));
}

Ref read_line(Thread& t, Buffered* b, i64 limit) {
  auto newline_within = [&](i64 n) -> i64 {
    if (n == 0) return -1;
    auto* found = static_cast<const u8*>(memchr(b->data + b->start, '\n', size_t(n)));
    return found == nullptr ? -1 : found - (b->data + b->start) + 1;
  };
  i64 n = available(b);
  if (limit >= 0 && n > limit) n = limit;
  i64 line = newline_within(n);
  if (line >= 0) return take_bytes(t, b, line);
  if (n == limit) return take_bytes(t, b, n);
  ByteBuilder parts;
  while (true) {
    if (n > 0) parts.append(b->data + b->start, size_t(n));
    b->start += n;
    if (limit >= 0) limit -= n;
    if (line >= 0 || limit == 0) break;
    TRY(write_out(t, b));
    if (TRY(fill(t, b)) <= 0) break;
    n = b->end;
    if (limit >= 0 && n > limit) n = limit;
    line = newline_within(n);
    if (line >= 0) n = line;
  }
  return parts.finish(t);
}

// --- writing, with the lock held
Result<i64> write_bytes(Thread& t, Buffered* b, const u8* from, i64 n) {
  if (n == 0) return i64(0);
  TRY(begin_writing(t, b));
  if (n <= b->capacity - b->end) {
    memcpy(b->data + b->end, from, size_t(n));
    b->end += n;
    return n;
  }
  if (write_out(t, b).failed()) {
    if (!pending_matches(t, exc::BlockingIOError)) return Raised{};
    // The raw stream takes nothing now: keep what fits.
    memmove(b->data, b->data + b->start, size_t(b->end - b->start));
    b->end -= b->start;
    b->start = 0;
    i64 room = b->capacity - b->end;
    i64 part = n < room ? n : room;
    memcpy(b->data + b->end, from, size_t(part));
    b->end += part;
    clear_exception(t);
    if (part == n) return n;
    return raise_blocking(t, kWouldBlockText, part);
  }
  i64 done = 0;
  bool blocked = false;
  while (n - done > b->capacity && !blocked) {
    i64 put = TRY(raw_write(t, b, from + done, n - done));
    blocked = put == kWouldBlock;
    if (blocked) break;
    done += put;
    if (n - done > b->capacity) TRY(safepoint(t));
  }
  i64 rest = n - done < b->capacity ? n - done : b->capacity;
  if (rest > 0) {
    TRY(ensure_data(t, b));
    memcpy(b->data, from + done, size_t(rest));
    b->start = 0;
    b->end = rest;
    b->writing = true;
  }
  done += rest;
  if (done < n) return raise_blocking(t, kWouldBlockText, done);
  return n;
}

// What position the program sees.
Result<i64> logical_position(Thread& t, Buffered* b) {
  i64 raw = TRY(raw_tell(t, b));
  i64 position = raw - available(b) + unwritten(b);
  return position < 0 ? 0 : position;
}

}  // namespace

// --- for TextIOWrapper
Result<i64> buffered_write(Thread& t, Buffered* b, const u8* data, i64 n) {
  TRY(check_usable(t, b));
  Entered lock(t, b);
  TRY(lock.enter());
  if (b->dropped || TRY(raw_closed(t, b))) return raise(t, exc::ValueError, "write to closed file");
  return write_bytes(t, b, data, n);
}

Status buffered_flush(Thread& t, Buffered* b) {
  TRY(check_open(t, b, "flush of closed file"));
  Entered lock(t, b);
  TRY(lock.enter());
  return flush_and_rewind(t, b);
}

Ref buffered_read1(Thread& t, Buffered* b, i64 n) {
  TRY(check_usable(t, b));
  if (n < 0) n = b->capacity;
  Entered lock(t, b);
  TRY(lock.enter());
  TRY(check_open(t, b, "read of closed file"));
  if (n == 0) return RefTo<Bytes>::copy(empty_bytes());
  i64 have = available(b);
  if (have > 0) return take_bytes(t, b, have < n ? have : n);
  RefTo<Bytes> bytes = TRY(bytes_allocate(t, size_t(n)));
  TRY(write_out(t, b));
  drop_read_ahead(b);
  i64 got = TRY(raw_read(t, b, bytes->data, n));
  return shrink_bytes(t, std::move(bytes), got < 0 ? 0 : size_t(got));
}

Ref buffered_read(Thread& t, Buffered* b, i64 n) {
  if (n < -1) return raise(t, exc::ValueError, "read length must be non-negative or -1");
  TRY(check_usable(t, b));
  Entered lock(t, b);
  TRY(lock.enter());
  TRY(check_open(t, b, "read of closed file"));
  return n < 0 ? read_all(t, b) : read_bytes(t, b, n);
}

Status buffered_init(Thread& t, Buffered* b, Value raw, i64 size, bool readable, bool writable) {
  b->ok = false;
  b->detached = false;
  if (readable && writable) TRY(check_seekable(t, raw));
  if (readable) TRY(check_readable(t, raw));
  if (writable) TRY(check_writable(t, raw));
  if (size <= 0) return raise(t, exc::ValueError, "buffer size must be strictly positive");
  Entered lock(t, b);
  TRY(lock.enter_any());
  b->raw.store(b, raw);
  std::free(b->data);
  b->data = nullptr;
  b->capacity = size;
  b->start = b->end = 0;
  b->raw_position = -1;
  b->is_readable = readable;
  b->is_writable = writable;
  b->writing = b->dropped = false;
  // Other streams are asked now, as they may count on; a FileIO's position is asked for when it is needed.
  if (!is_exact_file(raw) && raw_tell(t, b).failed()) clear_exception(t);
  b->ok = true;
  return ok();
}

namespace {

// --- construction
template <bool readable, bool writable>
Status b_init(Thread& t, Value self, Args args) {
  static const Signature& signature = parse_signature("(raw, buffer_size=DEFAULT_BUFFER_SIZE)");
  Value a[2];
  Ref keep[1];
  constexpr const char* kName = readable && writable ? "BufferedRandom"
                                : readable           ? "BufferedReader"
                                                     : "BufferedWriter";
  TRY(bind_arguments(t, signature, kName, args, a, keep));
  i64 size = TRY(plain_size(t, a[1], kDefaultBufferSize));
  return buffered_init(t, buffered_of(self), a[0], size, readable, writable);
}

void visit_buffered(Object* self, Visitor& v) { v.field(static_cast<Buffered*>(self)->raw); }
void release_buffered(Thread&, Object* self) {
  std::free(static_cast<Buffered*>(self)->data);
  static_cast<Buffered*>(self)->data = nullptr;
}

// --- what the raw stream answers
template <Str** method_name>
Ref b_forward(Thread& t, Value self, const Value*) {
  Ref raw = TRY(raw_of(t, buffered_of(self)));
  return call_method(t, raw, *method_name, nullptr, 0);
}
template <Str** attribute>
Ref b_attribute(Thread& t, Value self) {
  Ref raw = TRY(raw_of(t, buffered_of(self)));
  return get_attribute(t, raw, *attribute);
}
Ref b_get_raw(Thread&, Value self) {
  Ref raw = buffered_of(self)->raw.load();
  return raw.is_empty() ? Ref::none() : std::move(raw);
}
Ref b_get_finalizing(Thread&, Value self) { return Ref::boolean(buffered_of(self)->finalizing); }
Status b_set_finalizing(Thread& t, Value self, Value value) {
  if (value.is_empty()) return raise(t, exc::TypeError, "can't delete numeric/char attribute");
  if (!value.is_bool()) return raise(t, exc::TypeError, "attribute value type must be bool");
  buffered_of(self)->finalizing = value.is_true();
  return ok();
}

// --- methods
Ref b_read(Thread& t, Value self, const Value* a) {
  return buffered_read(t, buffered_of(self), TRY(optional_size(t, a[0])));
}
Ref b_read1(Thread& t, Value self, const Value* a) {
  return buffered_read1(t, buffered_of(self), TRY(plain_size(t, a[0])));
}

Ref b_peek(Thread& t, Value self, const Value*) {
  Buffered* b = buffered_of(self);
  TRY(check_usable(t, b));
  Entered lock(t, b);
  TRY(lock.enter());
  TRY(check_open(t, b, "peek of closed file"));
  if (b->is_writable) TRY(write_out(t, b));
  if (available(b) == 0 && TRY(fill(t, b)) <= 0) return RefTo<Bytes>::copy(empty_bytes());
  return bytes_from(t, b->data + b->start, size_t(available(b)));
}

Ref readinto_generic(Thread& t, Value self, Value buffer, bool once) {
  Buffered* b = buffered_of(self);
  TRY(check_usable(t, b));
  ByteView view(t);
  TRY(get_writable(t, view, buffer, once ? "readinto1" : "readinto"));
  Entered lock(t, b);
  TRY(lock.enter());
  TRY(check_open(t, b, "readinto of closed file"));
  i64 got = TRY(read_into(t, b, view.data(), i64(view.size()), once));
  if (got == kWouldBlock) return Ref::none();
  return Ref::adopt(Value::small_int(got));
}
Ref b_readinto(Thread& t, Value self, const Value* a) { return readinto_generic(t, self, a[0], false); }
Ref b_readinto1(Thread& t, Value self, const Value* a) { return readinto_generic(t, self, a[0], true); }

Ref line_of(Thread& t, Buffered* b, i64 limit) {
  TRY(check_usable(t, b));
  Entered lock(t, b);
  TRY(lock.enter());
  TRY(check_open(t, b, "readline of closed file"));
  return read_line(t, b, limit);
}
Ref b_readline(Thread& t, Value self, const Value* a) {
  return line_of(t, buffered_of(self), TRY(optional_size(t, a[0])));
}
Ref b_next(Thread& t, Value self) {
  Ref line;
  if (is_exact_buffered(self)) {
    line = TRY(line_of(t, buffered_of(self), -1));
  } else {
    line = TRY(call_method(t, self, names::readline, nullptr, 0));
    if (!is_bytes(line))
      return raise(t, exc::OSError, "readline() should have returned a bytes object, not '%T'", line.get());
  }
  if (line.as<Bytes>()->size == 0) return Ref();
  return line;
}

Ref b_write(Thread& t, Value self, const Value* a) {
  TRY(check_usable(t, buffered_of(self)));
  ByteView view(t);
  TRY(view.get(a[0]));
  return Ref::adopt(Value::small_int(TRY(buffered_write(t, buffered_of(self), view.data(), i64(view.size())))));
}
Ref b_flush(Thread& t, Value self, const Value*) {
  TRY(buffered_flush(t, buffered_of(self)));
  return Ref::none();
}

Ref b_tell(Thread& t, Value self, const Value*) {
  Buffered* b = buffered_of(self);
  TRY(check_usable(t, b));
  Entered lock(t, b);
  TRY(lock.enter());
  return int_from(t, TRY(logical_position(t, b)));
}

Ref b_seek(Thread& t, Value self, const Value* a) {
  Buffered* b = buffered_of(self);
  TRY(check_usable(t, b));
  i64 whence = a[1].is_empty() ? 0 : TRY(to_i64(t, a[1], "Python int too large to convert to C int"));
  if (whence < 0 || whence > 4) return raise(t, exc::ValueError, "whence value %zd unsupported", whence);
  TRY(check_open(t, b, "seek of closed file"));
  {
    Ref raw = TRY(raw_of(t, b));
    TRY(check_seekable(t, raw));
  }
  i64 target = TRY(to_i64(t, a[0]));
  Entered lock(t, b);
  TRY(lock.enter());
  i64 ahead = available(b);
  if (whence <= 1 && ahead > 0) {
    // Within what was read ahead no system call is needed.
    i64 raw = b->raw_position >= 0 ? b->raw_position : TRY(raw_tell(t, b));
    i64 current = raw - ahead;
    i64 offset;
    if (!__builtin_sub_overflow(target, whence == 0 ? current : 0, &offset) && offset >= -b->start && offset <= ahead) {
      b->start += offset;
      return int_from(t, current + offset);
    }
  }
  TRY(write_out(t, b));
  if (whence == 1) target -= ahead;
  i64 position = TRY(raw_seek(t, b, target, int(whence)));
  drop_read_ahead(b);
  return int_from(t, position);
}

Ref b_truncate(Thread& t, Value self, const Value* a) {
  Buffered* b = buffered_of(self);
  TRY(check_open(t, b, "truncate of closed file"));
  if (!b->is_writable) return raise_unsupported(t, "truncate");
  Entered lock(t, b);
  TRY(lock.enter());
  TRY(flush_and_rewind(t, b));
  Ref raw = b->raw.load();
  Value size = a[0].is_empty() ? None : a[0];
  Ref result = TRY(call_method_with(t, raw, name::truncate, size));
  if (raw_tell(t, b).failed()) clear_exception(t);
  return result;
}

Ref b_detach(Thread& t, Value self, const Value*) {
  Buffered* b = buffered_of(self);
  TRY(check_usable(t, b));
  TRY(call_method(t, self, names::flush, nullptr, 0));
  Entered lock(t, b);
  TRY(lock.enter());
  TRY(check_usable(t, b));
  b->detached = true;
  b->ok = false;
  return b->raw.take(b);
}

Ref b_get_closed(Thread& t, Value self) { return Ref::boolean(TRY(raw_closed(t, buffered_of(self)))); }

Ref b_dealloc_warn(Thread& t, Value self, const Value* a) {
  Buffered* b = buffered_of(self);
  Ref raw = b->raw.load();
  if (!b->ok || raw.is_empty()) return Ref::none();
  Ref done = call_method_with(t, raw, name::_dealloc_warn, a[0]);
  if (done.failed()) clear_exception(t);
  return Ref::none();
}

Ref b_close(Thread& t, Value self, const Value*) {
  Buffered* b = buffered_of(self);
  TRY(check_usable(t, b));
  {
    Entered lock(t, b);
    TRY(lock.enter());
    if (TRY(raw_closed(t, b))) return Ref::none();
    if (b->finalizing) {
      Value words[] = {self};
      Ref done = b_dealloc_warn(t, self, words);
    }
  }
  Ref flushed = type_of(self) == g_reader && is_exact_file(b->raw.peek()) ? Ref::none()  // nothing to do
                : is_exact_buffered(self) && b->is_writable               ? b_flush(t, self, nullptr)
                                                            : call_method(t, self, names::flush, nullptr, 0);
  Ref earlier = flushed.failed() ? take_exception(t) : Ref();
  Entered lock(t, b);
  if (lock.enter_any().failed()) return chain_failures(t, std::move(earlier), Ref::error());
  Ref raw = b->raw.load();
  if (raw.is_empty()) return chain_failures(t, std::move(earlier), Ref::none());  // detached by flush()
  Ref result = call_method(t, raw, names::close, nullptr, 0);
  std::free(b->data);
  b->data = nullptr;
  b->start = b->end = 0;
  b->writing = false;
  b->dropped = true;
  return chain_failures(t, std::move(earlier), std::move(result));
}

Ref b_repr(Thread& t, Value self) {
  const char* type = full_type_name(self);
  Ref name = TRY(name_for_repr(t, self));
  if (name.is_empty()) return str_format(t, "<%s>", type);
  if (!TRY(repr_enter(t, self))) return raise(t, exc::RuntimeError, "reentrant call inside %s.__repr__", type);
  Ref text = str_format(t, "<%s name=%R>", type, name.get());
  repr_leave(t, self);
  return text;
}

Ref b_sizeof(Thread& t, Value self, const Value*) {
  Buffered* b = buffered_of(self);
  return int_from(t, i64(type_of(self)->instance_size) + (b->data != nullptr ? b->capacity : 0));
}

constexpr Method kCommonRows[] = {
    method("detach", b_detach, "($self, /)"),
    method("close", b_close, "($self, /)"),
    method("seekable", b_forward<&name::seekable>, "($self, /)"),
    method("fileno", b_forward<&names::fileno>, "($self, /)"),
    method("isatty", b_forward<&name::isatty>, "($self, /)"),
    method("_dealloc_warn", b_dealloc_warn, "($self, source, /)"),
    method("seek", b_seek, "($self, target, whence=0, /)"),
    method("tell", b_tell, "($self, /)"),
    method("truncate", b_truncate, "($self, pos=None, /)"),
    method("__getstate__", no_state, "($self, /)"),
    method("__sizeof__", b_sizeof, "($self, /)"),
};
constexpr Method kReadingRows[] = {
    method("readable", b_forward<&name::readable>, "($self, /)"),
    method("read", b_read, "($self, size=-1, /)"),
    method("peek", b_peek, "($self, size=0, /)"),
    method("read1", b_read1, "($self, size=-1, /)"),
    method("readinto", b_readinto, "($self, buffer, /)"),
    method("readinto1", b_readinto1, "($self, buffer, /)"),
    method("readline", b_readline, "($self, size=-1, /)"),
};
constexpr Method kWritingRows[] = {
    method("writable", b_forward<&name::writable>, "($self, /)"),
    method("write", b_write, "($self, buffer, /)"),
    method("flush", b_flush, "($self, /)"),
};
constexpr Method kRawFlushRow[] = {method("flush", b_forward<&names::flush>, "($self, /)")};

// The rows of several tables, and the empty one that ends a table.
template <size_t... n>
constexpr auto join_rows(const Method (&... tables)[n]) {
  struct {
    Method rows[(n + ...) + 1] = {};
  } joined;
  size_t at = 0;
  auto add = [&](const Method* rows, size_t count) {
    for (size_t i = 0; i < count; i++) joined.rows[at++] = rows[i];
  };
  (add(tables, n), ...);
  return joined;
}
constexpr auto kReaderMethods = join_rows(kCommonRows, kReadingRows, kRawFlushRow);
constexpr auto kWriterMethods = join_rows(kCommonRows, kWritingRows);
constexpr auto kRandomMethods = join_rows(kCommonRows, kReadingRows, kWritingRows);

const GetSet kGetSets[] = {
    {"raw", b_get_raw},
    {"closed", b_get_closed},
    {"name", b_attribute<&names::name>},
    {"mode", b_attribute<&names::mode>},
    {"_finalizing", b_get_finalizing, b_set_finalizing},
    {},
};
constexpr Layout kLayout = {nullptr, sizeof(Buffered), 0, visit_buffered, release_buffered, nullptr, nullptr};

// --- BufferedRWPair: two streams that are used as one
struct Pair : Object {
  Field reader, writer;
};
Pair* pair_of(Value v) { return v.as<Pair>(); }
void visit_pair(Object* self, Visitor& v) { v.fields(&static_cast<Pair*>(self)->reader, 2); }

Status p_init(Thread& t, Value self, Args args) {
  static const Signature& signature = parse_signature("(reader, writer, buffer_size=DEFAULT_BUFFER_SIZE, /)");
  Value a[3];
  Ref keep[1];
  TRY(bind_arguments(t, signature, "BufferedRWPair", args, a, keep));
  i64 size = TRY(plain_size(t, a[2], kDefaultBufferSize));
  TRY(check_readable(t, a[0]));
  TRY(check_writable(t, a[1]));
  Ref size_value = TRY(int_from(t, size));
  Ref reader = TRY(call_with(t, g_reader, a[0], size_value));
  Ref writer = TRY(call_with(t, g_writer, a[1], size_value));
  pair_of(self)->reader.store(pair_of(self), std::move(reader));
  pair_of(self)->writer.store(pair_of(self), std::move(writer));
  return ok();
}

Ref half(Thread& t, Value self, bool reading) {
  Ref stream = reading ? pair_of(self)->reader.load() : pair_of(self)->writer.load();
  if (stream.is_empty()) return raise(t, exc::ValueError, "I/O operation on uninitialized object");
  return stream;
}
template <bool reading, Str** method_name>
Ref p_forward(Thread& t, Value self, Args args) {
  Ref stream = TRY(half(t, self, reading));
  return call_method(t, stream, *method_name, args.values, args.count);
}
Ref p_close(Thread& t, Value self, const Value*) {
  Ref writer = half(t, self, false);
  Ref result = writer.failed() ? Ref::error() : call_method(t, writer, names::close, nullptr, 0);
  Ref earlier = result.failed() ? take_exception(t) : Ref();
  Ref reader = half(t, self, true);
  result = reader.failed() ? Ref::error() : call_method(t, reader, names::close, nullptr, 0);
  return chain_failures(t, std::move(earlier), std::move(result));
}
Ref p_isatty(Thread& t, Value self, const Value*) {
  Ref writer = TRY(half(t, self, false));
  Ref answer = TRY(call_method(t, writer, name::isatty, nullptr, 0));
  if (!answer.get().is_false()) return answer;
  Ref reader = TRY(half(t, self, true));
  return call_method(t, reader, name::isatty, nullptr, 0);
}
Ref p_get_closed(Thread& t, Value self) {
  if (pair_of(self)->writer.is_empty())
    return raise(t, exc::RuntimeError, "the BufferedRWPair object is being garbage-collected");
  Ref writer = pair_of(self)->writer.load();
  return get_attribute(t, writer, name::closed);
}

const Method kPairMethods[] = {
    raw_method("read", p_forward<true, &names::read>),
    raw_method("peek", p_forward<true, &name::peek>),
    raw_method("read1", p_forward<true, &name::read1>),
    raw_method("readinto", p_forward<true, &name::readinto>),
    raw_method("readinto1", p_forward<true, &name::readinto1>),
    raw_method("write", p_forward<false, &names::write>),
    raw_method("flush", p_forward<false, &names::flush>, "($self, /)"),
    raw_method("readable", p_forward<true, &name::readable>, "($self, /)"),
    raw_method("writable", p_forward<false, &name::writable>, "($self, /)"),
    method("close", p_close, "($self, /)"),
    method("isatty", p_isatty, "($self, /)"),
    {},
};
const GetSet kPairGetSets[] = {{"closed", p_get_closed}, {}};

}  // namespace

const TypeSpec kBufferedReaderSpec = {
    .name = "_io.BufferedReader",
    .doc = "Create a new buffered reader using the given readable raw IO object.",
    .base = &g_buffered_base,
    .layout = kLayout,
    .flags = type_flag::kBaseType,
    .slots = {.repr = b_repr, .next = b_next, .init = b_init<true, false>},
    .methods = kReaderMethods.rows,
    .getsets = kGetSets,
    .text_signature = "(raw, buffer_size=DEFAULT_BUFFER_SIZE)",
};
const TypeSpec kBufferedWriterSpec = {
    .name = "_io.BufferedWriter",
    .doc =
        "A buffer for a writeable sequential RawIO object.\n\nThe constructor creates a BufferedWriter for the given "
        "writeable raw\nstream. If the buffer_size is not given, it defaults to\nDEFAULT_BUFFER_SIZE.",
    .base = &g_buffered_base,
    .layout = kLayout,
    .flags = type_flag::kBaseType,
    .slots = {.repr = b_repr, .init = b_init<false, true>},
    .methods = kWriterMethods.rows,
    .getsets = kGetSets,
    .text_signature = "(raw, buffer_size=DEFAULT_BUFFER_SIZE)",
};
const TypeSpec kBufferedRandomSpec = {
    .name = "_io.BufferedRandom",
    .doc =
        "A buffered interface to random access streams.\n\nThe constructor creates a reader and writer for a seekable "
        "stream,\nraw, given in the first argument. If the buffer_size is omitted it\ndefaults to DEFAULT_BUFFER_SIZE.",
    .base = &g_buffered_base,
    .layout = kLayout,
    .flags = type_flag::kBaseType,
    .slots = {.repr = b_repr, .next = b_next, .init = b_init<true, true>},
    .methods = kRandomMethods.rows,
    .getsets = kGetSets,
    .text_signature = "(raw, buffer_size=DEFAULT_BUFFER_SIZE)",
};
const TypeSpec kBufferedRWPairSpec = {
    .name = "_io.BufferedRWPair",
    .doc =
        "A buffered reader and writer object together.\n\nA buffered reader object and buffered writer object put "
        "together to\nform a sequential IO object that can read and write. This is typically\nused with a socket or "
        "two-way pipe.\n\nreader and writer are RawIOBase objects that are readable and\nwriteable respectively. If "
        "the "
        "buffer_size is omitted it defaults to\nDEFAULT_BUFFER_SIZE.",
    .base = &g_buffered_base,
    .layout = {"BufferedRWPair", sizeof(Pair), 0, visit_pair, nullptr, nullptr, nullptr},
    .flags = type_flag::kBaseType,
    .slots = {.init = p_init},
    .methods = kPairMethods,
    .getsets = kPairGetSets,
    .text_signature = "(reader, writer, buffer_size=DEFAULT_BUFFER_SIZE, /)",
};

}  // namespace typhon::io
