// _IOBase, _RawIOBase, _BufferedIOBase, _TextIOBase: what all streams have in common, open to subclasses in Python.
#include <unistd.h>

#include "modules/_io/io.h"
#include "objects/byte_builder.h"

namespace typhon {
// At exit: what a frozen thread holds it never releases.
void io_forget_other_threads();
}  // namespace typhon

namespace typhon::io {

// --- locks
namespace {

u32 g_fork_generation;  // counts forks, and the end
Mutex g_fork_mutex;

}  // namespace

void register_fork_hook() {
  static bool registered = false;
  if (registered) return;
  registered = true;
  at_fork_child([](Thread&) {
    g_fork_generation++;
    g_fork_mutex.reset_after_fork();
  });
}

void IoLock::forget_dead_holder(Thread& t) {
  MutexGuard guard(t, g_fork_mutex);
  if (generation_ == g_fork_generation) return;
  if (__atomic_load_n(&owner_, __ATOMIC_RELAXED) != t.ident) {
    lock_.reset_after_fork();
    plain_ = false;
    __atomic_store_n(&owner_, 0, __ATOMIC_RELAXED);
  }
  __atomic_store_n(&generation_, g_fork_generation, __ATOMIC_RELEASE);
}

void IoLock::wait_for_plain_holder(Thread& t) {
  while (__atomic_load_n(&plain_, __ATOMIC_ACQUIRE)) {
    Detached detached(t);
    usleep(200);
  }
}

bool IoLock::acquire_slow(Thread& t, bool reentrant) {
  if (__atomic_load_n(&owner_, __ATOMIC_RELAXED) == t.ident) {
    if (!reentrant) return false;
    depth_++;
    return true;
  }
  if (__atomic_load_n(&generation_, __ATOMIC_ACQUIRE) != g_fork_generation) [[unlikely]]
    forget_dead_holder(t);
  while (!lock_.acquire(t, parking_lot::kForever, false, nullptr)) {}
  wait_for_plain_holder(t);
  __atomic_store_n(&owner_, t.ident, __ATOMIC_RELAXED);
  depth_ = 1;
  return true;
}

bool IoLock::try_acquire(Thread& t) {
  bool alone = !g_multi_threaded && !g_gil_mode;
  if (alone || __atomic_load_n(&owner_, __ATOMIC_RELAXED) == t.ident) return acquire(t, true);
  if (__atomic_load_n(&generation_, __ATOMIC_ACQUIRE) != g_fork_generation) [[unlikely]]
    forget_dead_holder(t);
  if (!lock_.try_acquire()) return false;
  if (__atomic_load_n(&plain_, __ATOMIC_ACQUIRE)) {
    lock_.release();
    return false;
  }
  __atomic_store_n(&owner_, t.ident, __ATOMIC_RELAXED);
  depth_ = 1;
  return true;
}

// --- raising and arguments
Raised raise_unsupported(Thread& t, const char* message) { return raise(t, g_unsupported, "%s", message); }

Raised raise_blocking(Thread& t, const char* message, i64 written) {
  RefTo<Str> text = str_from_ascii(t, message);
  if (text.failed()) return {};
  Value words[] = {Value::small_int(EAGAIN), text, Value::small_int(written)};
  Ref exception = call(t, exc::BlockingIOError, Args{words, 3});
  if (exception.failed()) return {};
  return raise_exception(t, std::move(exception));
}

Result<bool> trap_eintr(Thread& t) {
  if (!pending_matches(t, exc::OSError)) return false;
  Value number = t.pending.as<OSErrorObject>()->errno_.peek();
  if (!number.is_small_int() || number.as_small_int() != EINTR) return false;
  clear_exception(t);
  TRY(safepoint(t));
  return true;
}

Ref call_uninterrupted(Thread& t, Value self, Str* method, const Value* words, u32 n) {
  while (true) {
    Ref result = call_method(t, self, method, words, n);
    if (!result.failed() || !TRY(trap_eintr(t))) return result;
  }
}

Result<i64> optional_size(Thread& t, Value v, i64 fallback) {
  if (v.is_empty() || v.is_none()) return fallback;
  if (!is_indexable(v)) return raise(t, exc::TypeError, "argument should be integer or None, not '%T'", v);
  Ref index = TRY(to_index(t, v));
  i64 n;
  if (!int_fits_i64(index, &n)) return raise(t, exc::OverflowError, "cannot fit '%T' into an index-sized integer", v);
  return n;
}

Result<i64> plain_size(Thread& t, Value v, i64 fallback) {
  if (v.is_empty()) return fallback;
  return to_i64(t, v, "Python int too large to convert to C ssize_t");
}

Status get_writable(Thread& t, ByteView& view, Value v, const char* method) {
  if (!view.get(v, true).failed()) return ok();
  if (!pending_matches(t, exc::TypeError) && !pending_matches(t, exc::BufferError)) return Raised{};
  clear_exception(t);
  return raise(t, exc::TypeError, "%s() argument must be read-write bytes-like object, not %T", method, v);
}

Ref shrink_bytes(Thread& t, RefTo<Bytes>&& bytes, size_t n) {
  if (n == bytes->size) return std::move(bytes);
  if (n == 0) return RefTo<Bytes>::copy(empty_bytes());
  // A little slack stays in the block; much of it is worth a copy.
  if (bytes->size - n > 512 && n < bytes->size / 4 * 3) return bytes_from(t, bytes->data, n);
  bytes->size = n;
  bytes->data[n] = 0;
  return std::move(bytes);
}

const char* full_type_name(Value v) {
  Type* type = type_of(v);
  if (!(type->flags & type_flag::kHeapType) && type->spec != nullptr) return type->spec->name;
  return type->name_utf8();
}

Ref no_state(Thread& t, Value self, const Value*) {
  return raise(t, exc::TypeError, "cannot pickle '%s' instances", type_of(self)->name_utf8());
}

Ref chain_failures(Thread& t, Ref&& earlier, Ref&& result) {
  if (earlier.is_empty()) return std::move(result);
  if (result.failed()) {
    // As if the second had been raised while the first was handled.
    Ref later = take_exception(t);
    auto* e = later.as<BaseException>();
    if (e->context.is_empty() && !later.get().same_word(earlier)) e->context.store(e, std::move(earlier));
    restore_exception(t, std::move(later));
    return Ref::error();
  }
  restore_exception(t, std::move(earlier));
  return Ref::error();
}

Ref name_for_repr(Thread& t, Value self) {
  Ref name = get_attribute_or_empty(t, self, names::name);
  if (!name.failed()) return name;
  if (!clear_if(t, exc::ValueError)) return Ref::error();
  return Ref();
}

// --- state checks, as methods and for C++
Status check_closed(Thread& t, Value self) {
  if (is_exact_file(self)) {
    if (!file_closed(self.as<FileIO>())) return ok();
  } else {
    Ref closed = TRY(get_attribute_or_empty(t, self, name::closed));
    if (closed.is_empty() || !TRY(truth(t, closed))) return ok();
  }
  return raise(t, exc::ValueError, "I/O operation on closed file.");
}

namespace {

Status check_ability(Thread& t, Value self, Str* method, const char* message) {
  Ref answer = TRY(call_method(t, self, method, nullptr, 0));
  if (!answer.get().is_true()) return raise_unsupported(t, message);
  return ok();
}

}  // namespace

Status check_readable(Thread& t, Value self) {
  if (is_exact_file(self) && !file_closed(self.as<FileIO>()) && self.as<FileIO>()->is_readable) return ok();
  return check_ability(t, self, name::readable, "File or stream is not readable.");
}
Status check_writable(Thread& t, Value self) {
  if (is_exact_file(self) && !file_closed(self.as<FileIO>()) && self.as<FileIO>()->is_writable) return ok();
  return check_ability(t, self, name::writable, "File or stream is not writable.");
}
Status check_seekable(Thread& t, Value self) {
  if (is_exact_file(self) && !file_closed(self.as<FileIO>()) && self.as<FileIO>()->is_seekable == 1) return ok();
  return check_ability(t, self, name::seekable, "File or stream is not seekable.");
}

namespace {

Result<bool> marked_closed(Thread& t, Value self) {
  Ref mark = TRY(get_attribute_or_empty(t, self, name::__IOBase_closed));
  return !mark.is_empty();
}

Ref none_after(Status status) {
  if (status.failed()) return Ref::error();
  return Ref::none();
}

// --- _IOBase
Ref b_check_closed(Thread& t, Value self, const Value*) { return none_after(check_closed(t, self)); }
Ref b_check_readable(Thread& t, Value self, const Value*) {
  TRY(check_readable(t, self));
  return Ref::boolean(true);
}
Ref b_check_writable(Thread& t, Value self, const Value*) {
  TRY(check_writable(t, self));
  return Ref::boolean(true);
}
Ref b_check_seekable(Thread& t, Value self, const Value*) {
  TRY(check_seekable(t, self));
  return Ref::boolean(true);
}
Ref b_get_closed(Thread& t, Value self) { return Ref::boolean(TRY(marked_closed(t, self))); }
Ref b_close(Thread& t, Value self, const Value*) { return base_close(t, self); }
Ref b_flush(Thread& t, Value self, const Value*) {
  if (TRY(marked_closed(t, self))) return raise(t, exc::ValueError, "I/O operation on closed file.");
  return Ref::none();
}
Ref b_seek(Thread& t, Value, Args args) {
  if (args.count < 1) return raise(t, exc::TypeError, "seek() takes at least 1 positional argument (0 given)");
  return raise_unsupported(t, "seek");
}
Ref b_truncate(Thread& t, Value, const Value*) { return raise_unsupported(t, "truncate"); }
Ref b_fileno(Thread& t, Value, const Value*) { return raise_unsupported(t, "fileno"); }
Ref b_tell(Thread& t, Value self, const Value*) {
  return call_method_with(t, self, name::seek, Value::small_int(0), Value::small_int(1));
}
Ref b_isatty(Thread& t, Value self, const Value*) {
  TRY(check_closed(t, self));
  return Ref::boolean(false);
}
Ref b_false(Thread&, Value, const Value*) { return Ref::boolean(false); }
Ref b_enter(Thread& t, Value self, const Value*) {
  TRY(check_closed(t, self));
  return Ref::copy(self);
}
Ref b_exit(Thread& t, Value self, const Value*) { return call_method(t, self, names::close, nullptr, 0); }
Ref b_iter(Thread& t, Value self) {
  TRY(check_closed(t, self));
  return Ref::copy(self);
}
Ref b_next(Thread& t, Value self) {
  Ref line = TRY(call_method(t, self, names::readline, nullptr, 0));
  if (TRY(length(t, line)) <= 0) return Ref();
  return line;
}

// Bytes that may be taken in one go without running past a line end: found by peeking, where the stream can.
Result<i64> bytes_up_to_newline(Thread& t, Value peek, i64 room) {
  if (peek.is_empty()) return i64(1);
  Ref ahead;
  while (true) {
    ahead = call_with(t, peek, Value::small_int(1));
    if (!ahead.failed()) break;
    if (!TRY(trap_eintr(t))) return Raised{};
  }
  if (!is_bytes(ahead))
    return raise(t, exc::OSError, "peek() should have returned a bytes object, not '%T'", ahead.get());
  auto* bytes = ahead.as<Bytes>();
  i64 n = i64(bytes->size);
  if (room >= 0 && n > room) n = room;
  if (n == 0) return i64(1);
  auto* found = static_cast<const u8*>(memchr(bytes->data, '\n', size_t(n)));
  return found != nullptr ? found - bytes->data + 1 : n;
}

Ref b_readline(Thread& t, Value self, const Value* a) {
  i64 limit = TRY(optional_size(t, a[0]));
  Ref peek = TRY(get_attribute_or_empty(t, self, name::peek));
  ByteBuilder line;
  while (limit < 0 || i64(line.length()) < limit) {
    i64 n = TRY(bytes_up_to_newline(t, peek, limit < 0 ? -1 : limit - i64(line.length())));
    Value word = Value::small_int(n);
    Ref chunk = TRY(call_uninterrupted(t, self, names::read, &word, 1));
    if (!is_bytes(chunk))
      return raise(t, exc::OSError, "read() should have returned a bytes object, not '%T'", chunk.get());
    auto* bytes = chunk.as<Bytes>();
    if (bytes->size == 0) break;
    line.append(bytes->data, bytes->size);
    if (bytes->data[bytes->size - 1] == '\n') break;
  }
  return line.finish(t);
}

Ref b_readlines(Thread& t, Value self, const Value* a) {
  i64 hint = TRY(optional_size(t, a[0]));
  RefTo<List> lines = TRY(list_new(t));
  Ref iterator = TRY(get_iter(t, self));
  i64 total = 0;
  while (true) {
    Ref line = TRY(iter_next(t, iterator));
    if (line.is_empty()) return lines;
    TRY(list_append(t, lines.get(), line));
    if (hint <= 0) continue;
    i64 n = TRY(length(t, line));
    if (n > hint - total) return lines;
    total += n;
  }
}

Ref b_writelines(Thread& t, Value self, const Value* a) {
  TRY(check_closed(t, self));
  Ref iterator = TRY(get_iter(t, a[0]));
  while (true) {
    Ref line = TRY(iter_next(t, iterator));
    if (line.is_empty()) return Ref::none();
    Value word = line;
    TRY(call_uninterrupted(t, self, names::write, &word, 1));
  }
}

// A stream that is still open when it dies is closed; what close() raises is reported, not lost.
void finalise(Thread& t, Value self) {
  Type* type = type_of(self);
  if (type == g_bytes_io || type == g_string_io) return;
  if (type == g_file && file_closed(self.as<FileIO>())) return;
  Ref closed = get_attribute_or_empty(t, self, name::closed);
  if (closed.failed()) return clear_exception(t);  // not usable at all
  if (!closed.is_empty()) {
    Result<bool> yes = truth(t, closed);
    if (yes.failed()) return clear_exception(t);
    if (yes.get()) return;
  }
  if (set_attribute(t, self, name::_finalizing, True).failed()) clear_exception(t);
  Ref done = call_method(t, self, names::close, nullptr, 0);
  if (!done.failed()) return;
  Ref exception = take_exception(t);
  RefTo<Str> where = str_format(t, "while finalizing file %R", self);
  Utf8Buffer buffer;
  const char* text = "while finalizing file";
  if (where.failed())
    clear_exception(t);
  else
    text = str_utf8(where.get(), buffer).data();
  restore_exception(t, std::move(exception));
  write_unraisable(t, text, EMPTY);
}
Ref b_del(Thread& t, Value self, const Value*) {
  finalise(t, self);
  return Ref::none();
}

const Method kBaseMethods[] = {
    raw_method("seek", b_seek, "($self, offset, whence=os.SEEK_SET, /)",
               "Change the stream position to the given byte offset."),
    method("tell", b_tell, "($self, /)", "Return current stream position."),
    method("truncate", b_truncate, "($self, size=None, /)", "Truncate file to size bytes."),
    method("flush", b_flush, "($self, /)", "Flush write buffers, if applicable."),
    method("close", b_close, "($self, /)", "Flush and close the IO object."),
    method("seekable", b_false, "($self, /)", "Return whether object supports random access."),
    method("readable", b_false, "($self, /)", "Return whether object was opened for reading."),
    method("writable", b_false, "($self, /)", "Return whether object was opened for writing."),
    method("_checkClosed", b_check_closed, "($self, /, *args)"),
    method("_checkSeekable", b_check_seekable, "($self, /, *args)"),
    method("_checkReadable", b_check_readable, "($self, /, *args)"),
    method("_checkWritable", b_check_writable, "($self, /, *args)"),
    method("fileno", b_fileno, "($self, /)", "Return underlying file descriptor if one exists."),
    method("isatty", b_isatty, "($self, /)", "Return whether this is an 'interactive' stream."),
    method("__enter__", b_enter, "($self, /)"),
    method("__exit__", b_exit, "($self, /, *args)"),
    method("readline", b_readline, "($self, size=-1, /)", "Read and return a line from the stream."),
    method("readlines", b_readlines, "($self, hint=-1, /)", "Return a list of lines from the stream."),
    method("writelines", b_writelines, "($self, lines, /)", "Write a list of lines to stream."),
    method("__del__", b_del, "($self, /)", "Called when the instance is about to be destroyed."),
    {},
};
const GetSet kBaseGetSets[] = {{"closed", b_get_closed}, {}};

}  // namespace

Ref base_close(Thread& t, Value self) {
  if (TRY(marked_closed(t, self))) return Ref::none();
  Ref flushed = is_exact_file(self) ? Ref::none() : call_method(t, self, names::flush, nullptr, 0);
  Ref exception = flushed.failed() ? take_exception(t) : Ref();
  Status marked = set_attribute(t, self, name::__IOBase_closed, True);
  if (marked.failed()) {
    if (exception.is_empty()) return Ref::error();
    clear_exception(t);
  }
  if (!exception.is_empty()) {
    restore_exception(t, std::move(exception));
    return Ref::error();
  }
  return Ref::none();
}

// --- _RawIOBase
namespace {

Ref r_read(Thread& t, Value self, const Value* a) {
  i64 n = TRY(plain_size(t, a[0].is_none() ? EMPTY : a[0]));
  if (n < 0) return call_method(t, self, name::readall, nullptr, 0);
  RefTo<ByteArray> array = TRY(bytearray_from(t, nullptr, 0));
  if (n > 0) {
    // bytearray(n), made by the type so that it is filled with zeros.
    Ref made = TRY(call_with(t, types::bytearray, Value::small_int(n)));
    array = RefTo<ByteArray>::from(std::move(made));
  }
  Ref result = TRY(call_method_with(t, self, name::readinto, array));
  if (result.get().is_none()) return result;
  Ref index = TRY(to_index(t, result));
  i64 filled;
  if (!int_fits_i64(index, &filled))
    return raise(t, exc::ValueError, "cannot fit '%T' into an index-sized integer", result.get());
  if (filled < 0 || filled > n)
    return raise(t, exc::ValueError, "readinto returned %zd outside buffer size %zd", filled, n);
  ByteView view(t);
  TRY(view.get(array));
  return bytes_from(t, view.data(), filled <= i64(view.size()) ? size_t(filled) : view.size());
}

Ref r_readall(Thread& t, Value self, const Value*) {
  ByteBuilder all;
  bool any = false;
  while (true) {
    Value size = Value::small_int(kDefaultBufferSize);
    Ref chunk = TRY(call_uninterrupted(t, self, names::read, &size, 1));
    if (chunk.get().is_none()) {
      if (!any) return chunk;
      break;
    }
    if (!is_bytes(chunk)) return raise(t, exc::TypeError, "read() should return bytes");
    auto* bytes = chunk.as<Bytes>();
    if (bytes->size == 0) break;
    any = true;
    all.append(bytes->data, bytes->size);
  }
  return all.finish(t);
}
Ref r_not_implemented(Thread& t, Value, const Value*) { return raise_none(t, exc::NotImplementedError); }

const Method kRawMethods[] = {
    method("read", r_read, "($self, size=-1, /)"),
    method("readall", r_readall, "($self, /)", "Read until EOF, using multiple read() call."),
    method("readinto", r_not_implemented, "($self, /, *args)"),
    method("write", r_not_implemented, "($self, /, *args)"),
    {},
};

// --- _BufferedIOBase
Ref read_into(Thread& t, Value self, Value buffer, Str* reader, const char* method_name) {
  ByteView view(t);
  TRY(get_writable(t, view, buffer, method_name));
  Ref data = TRY(call_method_with(t, self, reader, Value::small_int(i64(view.size()))));
  if (!is_bytes(data)) return raise(t, exc::TypeError, "read() should return bytes");
  auto* bytes = data.as<Bytes>();
  if (bytes->size > view.size())
    return raise(t, exc::ValueError, "read() returned too much data: %zd bytes requested, %zd returned",
                 i64(view.size()), i64(bytes->size));
  memcpy(view.data(), bytes->data, bytes->size);
  return Ref::adopt(Value::small_int(i64(bytes->size)));
}
Ref f_readinto(Thread& t, Value self, const Value* a) { return read_into(t, self, a[0], names::read, "readinto"); }
Ref f_readinto1(Thread& t, Value self, const Value* a) { return read_into(t, self, a[0], name::read1, "readinto1"); }
Ref f_detach(Thread& t, Value, const Value*) { return raise_unsupported(t, "detach"); }
Ref f_read(Thread& t, Value, const Value*) { return raise_unsupported(t, "read"); }
Ref f_read1(Thread& t, Value, const Value*) { return raise_unsupported(t, "read1"); }
Ref f_write(Thread& t, Value, const Value*) { return raise_unsupported(t, "write"); }

const Method kBufferedBaseMethods[] = {
    method("detach", f_detach, "($self, /)", "Disconnect this buffer from its underlying raw stream and return it."),
    method("read", f_read, "($self, size=-1, /)", "Read and return up to n bytes."),
    method("read1", f_read1, "($self, size=-1, /)",
           "Read and return up to size bytes, with at most one read() call to the underlying raw stream."),
    method("readinto", f_readinto, "($self, buffer, /)"),
    method("readinto1", f_readinto1, "($self, buffer, /)"),
    method("write", f_write, "($self, b, /)", "Write buffer b to the IO stream."),
    {},
};

// --- _TextIOBase
Ref x_readline(Thread& t, Value, const Value*) { return raise_unsupported(t, "readline"); }
Ref x_write(Thread& t, Value, const Value* a) {
  if (!is_str(a[0])) return raise(t, exc::TypeError, "write() argument 1 must be str, not %T", a[0]);
  return raise_unsupported(t, "write");
}
Ref x_none(Thread&, Value) { return Ref::none(); }

const Method kTextBaseMethods[] = {
    method("detach", f_detach, "($self, /)", "Separate the underlying buffer from the TextIOBase and return it."),
    method("read", f_read, "($self, size=-1, /)", "Read at most size characters from stream."),
    method("readline", x_readline, "($self, size=-1, /)", "Read until newline or EOF."),
    method("write", x_write, "($self, s, /)", "Write string s to stream."),
    {},
};
const GetSet kTextBaseGetSets[] = {{"encoding", x_none, nullptr, "Encoding of the text stream."},
                                   {"newlines", x_none, nullptr, "Line endings translated so far."},
                                   {"errors", x_none, nullptr, "The error setting of the decoder or encoder."},
                                   {}};

}  // namespace

// slots.new_ is object's: set where the type is made.
const TypeSpec kIOBaseSpec = {
    .name = "_io._IOBase",
    .doc =
        "The abstract base class for all I/O classes.\n\nThis class provides dummy implementations for many methods "
        "that\n"
        "derived classes can override selectively; the default implementations\nrepresent a file that cannot be read, "
        "written or seeked.",
    .layout = {"_IOBase", sizeof(Object), 0, nullptr, nullptr, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kHasDict | type_flag::kHasWeakref,
    .slots = {.iter = b_iter, .next = b_next, .finaliser = finalise},
    .methods = kBaseMethods,
    .getsets = kBaseGetSets,
};
const TypeSpec kRawIOBaseSpec = {
    .name = "_io._RawIOBase",
    .doc = "Base class for raw binary I/O.",
    .base = &g_iobase,
    .flags = type_flag::kBaseType,
    .methods = kRawMethods,
};
const TypeSpec kBufferedIOBaseSpec = {
    .name = "_io._BufferedIOBase",
    .doc = "Base class for buffered IO objects.",
    .base = &g_iobase,
    .flags = type_flag::kBaseType,
    .methods = kBufferedBaseMethods,
};
const TypeSpec kTextIOBaseSpec = {
    .name = "_io._TextIOBase",
    .doc =
        "Base class for text I/O.\n\nThis class provides a character and line based interface to stream\nI/O. There is "
        "no "
        "readinto method because Python's character strings\nare immutable.\n",
    .base = &g_iobase,
    .flags = type_flag::kBaseType,
    .methods = kTextBaseMethods,
    .getsets = kTextBaseGetSets,
};

}  // namespace typhon::io

void typhon::io_forget_other_threads() { typhon::io::g_fork_generation++; }
