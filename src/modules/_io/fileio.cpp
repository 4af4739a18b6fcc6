// FileIO: a stream over a file descriptor, without buffering.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <climits>
#include <cstdio>

#include "modules/_io/io.h"

namespace typhon::io {
namespace {

constexpr i64 kSmallChunk = 8192;
// Larger files are read after asking how much of them is left.
constexpr i64 kAskPositionAbove = 65536;
constexpr size_t kMostPerCall = 0x7ffff000;  // what Linux transfers at most

FileIO* file_of(Value v) { return v.as<FileIO>(); }

Raised raise_closed(Thread& t) { return raise(t, exc::ValueError, "I/O operation on closed file"); }
Status check_open(Thread& t, FileIO* file) {
  if (file_closed(file)) return raise_closed(t);
  return ok();
}

Status close_descriptor(Thread& t, FileIO* file) {
  int fd = __atomic_exchange_n(&file->fd, -1, __ATOMIC_RELAXED);
  if (fd < 0) return ok();
  int result, error;
  {
    Detached detached(t);
    result = close(fd);
    error = errno;
  }
  // After EINTR the descriptor is closed all the same.
  if (result < 0 && error != EINTR) return raise_errno(t, error);
  return ok();
}

// --- opening
struct Mode {
  int flags = 0;
  bool created = false, readable = false, writable = false, appending = false;
};

Status parse_mode(Thread& t, const char* text, Mode* mode) {
  constexpr const char* kOneOf = "Must have exactly one of create/read/write/append mode and at most one plus";
  bool kind = false, plus = false;
  for (const char* s = text; *s != 0; s++) {
    switch (*s) {
      case 'x':
      case 'r':
      case 'w':
      case 'a':
        if (kind) return raise(t, exc::ValueError, kOneOf);
        kind = true;
        mode->readable = *s == 'r';
        mode->writable = *s != 'r';
        mode->created = *s == 'x';
        mode->appending = *s == 'a';
        if (*s == 'x') mode->flags |= O_EXCL | O_CREAT;
        if (*s == 'w') mode->flags |= O_CREAT | O_TRUNC;
        if (*s == 'a') mode->flags |= O_APPEND | O_CREAT;
        break;
      case 'b': break;
      case '+':
        if (plus) return raise(t, exc::ValueError, kOneOf);
        plus = true;
        break;
      default: return raise(t, exc::ValueError, "invalid mode: %s", text);
    }
  }
  if (!kind) return raise(t, exc::ValueError, kOneOf);
  if (plus) mode->readable = mode->writable = true;
  mode->flags |= mode->readable && mode->writable ? O_RDWR : mode->readable ? O_RDONLY : O_WRONLY;
  mode->flags |= O_CLOEXEC;
  return ok();
}

// An int that fits a descriptor, or -1: then the argument is a path.
Result<i64> descriptor_argument(Thread& t, Value name) {
  if (is_str(name) || is_bytes(name) || !is_indexable(name)) return i64(-1);
  if (name.is_bool()) TRY(warn(t, exc::RuntimeWarning, 1, "bool is used as a file descriptor"));
  Ref index = TRY(to_index(t, name));
  i64 n;
  if (!int_fits_i64(index, &n) || n > INT_MAX || n < INT_MIN) return i64(-1);
  if (n < 0) return raise(t, exc::ValueError, "negative file descriptor");
  return n;
}

Ref path_bytes(Thread& t, Value name) {
  Ref path = TRY(fs_path_py(t, name));
  if (is_str(path)) path = TRY(encode_utf8(t, path.as<Str>(), "surrogateescape"));
  auto* bytes = path.as<Bytes>();
  if (memchr(bytes->data, 0, bytes->size) != nullptr) return raise(t, exc::ValueError, "embedded null byte");
  return path;
}

Result<i64> open_path(Thread& t, Value name, int flags) {
  Ref path = TRY(path_bytes(t, name));
  const char* text = reinterpret_cast<const char*>(path.as<Bytes>()->data);
  i64 fd = TRY(system_call(t, [&] { return open(text, flags, 0666); }));
  if (fd < 0) return raise_errno(t, errno, name);
  return fd;
}

Result<i64> open_with(Thread& t, Value opener, Value name, int flags) {
  Ref result = TRY(call_with(t, opener, name, Value::small_int(flags)));
  if (!is_int(result)) return raise(t, exc::TypeError, "expected integer from opener");
  i64 fd = TRY(to_i64(t, result, "Python int too large to convert to C int"));
  if (fd > INT_MAX) return raise(t, exc::OverflowError, "Python int too large to convert to C int");
  if (fd < 0) return raise(t, exc::ValueError, "opener returned %zd", fd);
  int old = fcntl(int(fd), F_GETFD);
  if (old < 0 || (!(old & FD_CLOEXEC) && fcntl(int(fd), F_SETFD, old | FD_CLOEXEC) < 0)) return raise_errno(t, errno);
  return fd;
}

// Looks at what was opened: no directories; sizes for buffers.
Status examine(Thread& t, FileIO* file, Value name) {
  struct stat s;
  int result, error;
  {
    Detached detached(t);
    result = fstat(file->fd, &s);
    error = errno;
  }
  file->block_size = kDefaultBufferSize;
  file->has_stat = result == 0;
  if (result < 0) {
    if (error == EBADF) return raise_errno(t, error);
    return ok();
  }
  if (S_ISDIR(s.st_mode)) return raise_errno(t, EISDIR, name);
  if (s.st_blksize > 1) file->block_size = s.st_blksize;
  file->is_character_device = S_ISCHR(s.st_mode);
  if (S_ISREG(s.st_mode)) file->is_seekable = 1;
  file->size_when_opened = s.st_size;
  return ok();
}

}  // namespace

Status file_open(Thread& t, FileIO* file, Value name, const char* mode_text, bool close_fd, Value opener) {
  if (!file_closed(file)) {
    if (file->close_fd)
      TRY(close_descriptor(t, file));
    else
      file->fd = -1;
  }
  i64 fd = TRY(descriptor_argument(t, name));
  Mode mode;
  if (fd < 0) {
    Ref path = TRY(path_bytes(t, name));  // its errors come before those of the mode
  }
  TRY(parse_mode(t, mode_text, &mode));
  file->is_seekable = -1;
  file->created = mode.created;
  file->is_readable = mode.readable;
  file->is_writable = mode.writable;
  file->appending = mode.appending;
  bool own = fd < 0;
  if (own) {
    file->close_fd = true;
    if (!close_fd) return raise(t, exc::ValueError, "Cannot use closefd=False with file name");
    bool native = opener.is_empty() || opener.is_none();
    fd = native ? TRY(open_path(t, name, mode.flags)) : TRY(open_with(t, opener, name, mode.flags));
  }
  file->close_fd = close_fd;
  __atomic_store_n(&file->fd, int(fd), __ATOMIC_RELAXED);
  Status status = examine(t, file, name);
  if (!status.failed()) status = set_attribute(t, file, names::name, name);
  if (!status.failed() && mode.appending) {
    Result<i64> end = file_seek(t, file, 0, SEEK_END);
    // A pipe has no end to go to.
    if (end.failed() && errno == ESPIPE)
      clear_exception(t);
    else if (end.failed())
      status = Raised{};
  }
  if (!status.failed()) return ok();
  if (!own) {
    file->fd = -1;
    return Raised{};
  }
  Ref exception = take_exception(t);
  if (close_descriptor(t, file).failed()) clear_exception(t);
  restore_exception(t, std::move(exception));
  return Raised{};
}

Ref file_new(Thread& t, Type* cls, Args) {
  Ref self = TRY(allocate_instance(t, cls));
  auto* file = file_of(self);
  file->fd = -1;
  file->is_seekable = -1;
  file->close_fd = true;
  file->block_size = kDefaultBufferSize;
  return self;
}

// --- transfers
Result<i64> file_read(Thread& t, FileIO* file, void* to, size_t n) {
  TRY(check_open(t, file));
  if (!file->is_readable) return raise_unsupported(t, "File not open for reading");
  if (n > kMostPerCall) n = kMostPerCall;
  i64 got = TRY(system_call(t, [&] { return read(file->fd, to, n); }));
  if (got >= 0) return got;
  if (errno == EAGAIN) return kWouldBlock;
  return raise_errno(t, errno);
}

Result<i64> file_write(Thread& t, FileIO* file, const void* from, size_t n) {
  TRY(check_open(t, file));
  if (!file->is_writable) return raise_unsupported(t, "File not open for writing");
  if (n > kMostPerCall) n = kMostPerCall;
  i64 put = TRY(system_call(t, [&] { return write(file->fd, from, n); }));
  if (put >= 0) return put;
  if (errno == EAGAIN) return kWouldBlock;
  return raise_errno(t, errno);
}

Result<i64> file_seek(Thread& t, FileIO* file, i64 position, int whence) {
  TRY(check_open(t, file));
  i64 result;
  int error;
  {
    Detached detached(t);
    result = lseek(file->fd, position, whence);
    error = errno;
  }
  if (file->is_seekable < 0) file->is_seekable = result >= 0;
  if (result < 0) return raise_errno(t, error);
  return result;
}

namespace {

// How many bytes are likely left, and one more, so that the end shows.
i64 bytes_left(FileIO* file) {
  if (!file->has_stat || file->size_when_opened <= 0) return kSmallChunk;
  i64 left = file->size_when_opened;
  if (left > kAskPositionAbove) {
    i64 position = lseek(file->fd, 0, SEEK_CUR);
    if (position >= 0 && position <= left) left -= position;
    if (left < kSmallChunk) left = kSmallChunk;
  }
  return left + 1;
}

i64 grown(i64 size) {
  if (size > kAskPositionAbove) return size + size / 8 + 256 * 1024;
  return size * 2 + 256;
}

}  // namespace

Ref file_read_all(Thread& t, FileIO* file) {
  TRY(check_open(t, file));
  if (!file->is_readable) return raise_errno(t, EBADF);
  RefTo<Bytes> bytes = TRY(bytes_allocate(t, size_t(bytes_left(file))));
  i64 have = 0;
  while (true) {
    if (have == i64(bytes->size)) {
      RefTo<Bytes> larger = TRY(bytes_allocate(t, size_t(grown(have))));
      memcpy(larger->data, bytes->data, size_t(have));
      bytes = std::move(larger);
    }
    i64 got = TRY(file_read(t, file, bytes->data + have, bytes->size - size_t(have)));
    if (got == kWouldBlock && have == 0) return Ref::none();
    if (got <= 0) break;
    have += got;
  }
  return shrink_bytes(t, std::move(bytes), size_t(have));
}

namespace {

// --- methods
Status f_init(Thread& t, Value self, Args args) {
  static const Signature& signature = parse_signature("(file, mode='r', closefd=True, opener=None)");
  Value a[4];
  Ref keep[1];
  TRY(bind_arguments(t, signature, "FileIO", args, a, keep));
  const char* mode = "r";
  if (!a[1].is_empty()) {
    if (!is_str(a[1])) return raise(t, exc::TypeError, "FileIO() argument 'mode' must be str, not %T", a[1]);
    Str* s = a[1].as<Str>();
    if (!s->is_ascii()) return raise(t, exc::ValueError, "invalid mode: %U", s);
    if (strlen(s->data<char>()) != s->length()) return raise(t, exc::ValueError, "embedded null character");
    mode = s->data<char>();
  }
  bool close_fd = a[2].is_empty() || TRY(truth(t, a[2]));
  return file_open(t, file_of(self), a[0], mode, close_fd, a[3]);
}

Ref f_read(Thread& t, Value self, const Value* a) {
  FileIO* file = file_of(self);
  i64 n = TRY(optional_size(t, a[0]));
  TRY(check_open(t, file));
  if (!file->is_readable) return raise_unsupported(t, "File not open for reading");
  if (n < 0) return type_of(self) == g_file ? file_read_all(t, file) : call_method(t, self, name::readall, nullptr, 0);
  if (u64(n) > kMostPerCall) n = kMostPerCall;
  RefTo<Bytes> bytes = TRY(bytes_allocate(t, size_t(n)));
  i64 got = TRY(file_read(t, file, bytes->data, size_t(n)));
  if (got == kWouldBlock) return Ref::none();
  return shrink_bytes(t, std::move(bytes), size_t(got));
}
Ref f_readall(Thread& t, Value self, const Value*) { return file_read_all(t, file_of(self)); }

Ref f_readinto(Thread& t, Value self, const Value* a) {
  ByteView view(t);
  TRY(get_writable(t, view, a[0], "readinto"));
  i64 got = TRY(file_read(t, file_of(self), view.data(), view.size()));
  if (got == kWouldBlock) return Ref::none();
  return Ref::adopt(Value::small_int(got));
}

Ref f_write(Thread& t, Value self, const Value* a) {
  ByteView view(t);
  TRY(view.get(a[0]));
  i64 put = TRY(file_write(t, file_of(self), view.data(), view.size()));
  if (put == kWouldBlock) return Ref::none();
  return Ref::adopt(Value::small_int(put));
}

Ref f_seek(Thread& t, Value self, const Value* a) {
  TRY(check_open(t, file_of(self)));
  i64 position = TRY(to_i64(t, a[0]));
  i64 whence = a[1].is_empty() ? 0 : TRY(to_i64(t, a[1], "Python int too large to convert to C int"));
  return int_from(t, TRY(file_seek(t, file_of(self), position, int(whence))));
}
Ref f_tell(Thread& t, Value self, const Value*) { return int_from(t, TRY(file_seek(t, file_of(self), 0, SEEK_CUR))); }

Ref f_truncate(Thread& t, Value self, const Value* a) {
  FileIO* file = file_of(self);
  TRY(check_open(t, file));
  if (!file->is_writable) return raise_unsupported(t, "File not open for writing");
  Ref size;
  if (a[0].is_empty() || a[0].is_none())
    size = TRY(int_from(t, TRY(file_seek(t, file, 0, SEEK_CUR))));
  else
    size = Ref::copy(a[0]);
  i64 n = TRY(to_i64(t, size));
  file->has_stat = false;
  i64 result = TRY(system_call(t, [&] { return ftruncate(file->fd, n); }));
  if (result < 0) return raise_errno(t, errno);
  return size;
}

Ref f_fileno(Thread& t, Value self, const Value*) {
  TRY(check_open(t, file_of(self)));
  return Ref::adopt(Value::small_int(file_of(self)->fd));
}

Ref f_isatty(Thread& t, Value self, const Value*) {
  TRY(check_open(t, file_of(self)));
  bool result;
  {
    Detached detached(t);
    result = isatty(file_of(self)->fd);
  }
  return Ref::boolean(result);
}
Ref f_isatty_open_only(Thread& t, Value self, const Value*) {
  FileIO* file = file_of(self);
  if (file->has_stat && !file->is_character_device) return Ref::boolean(false);
  return f_isatty(t, self, nullptr);
}

Ref f_readable(Thread& t, Value self, const Value*) {
  TRY(check_open(t, file_of(self)));
  return Ref::boolean(file_of(self)->is_readable);
}
Ref f_writable(Thread& t, Value self, const Value*) {
  TRY(check_open(t, file_of(self)));
  return Ref::boolean(file_of(self)->is_writable);
}
Ref f_seekable(Thread& t, Value self, const Value*) {
  FileIO* file = file_of(self);
  TRY(check_open(t, file));
  if (file->is_seekable < 0 && file_seek(t, file, 0, SEEK_CUR).failed()) clear_exception(t);
  return Ref::boolean(file->is_seekable == 1);
}

void warn_unclosed(Thread& t, FileIO* file, Value source) {
  if (file_closed(file) || !file->close_fd) return;
  ExceptionSaver saver(t);
  if (!warn(t, exc::ResourceWarning, 1, "unclosed file %R", source).failed()) return;
  // Spurious errors can appear at shutdown.
  if (pending_matches(t, exc::Warning))
    write_unraisable(t, "while finalizing file", source);
  else
    clear_exception(t);
}
Ref f_dealloc_warn(Thread& t, Value self, const Value* a) {
  warn_unclosed(t, file_of(self), a[0]);
  return Ref::none();
}

Ref f_close(Thread& t, Value self, const Value*) {
  FileIO* file = file_of(self);
  Ref result = base_close(t, self);
  if (!file->close_fd) {
    file->fd = -1;
    return result;
  }
  Ref exception = result.failed() ? take_exception(t) : Ref();
  if (file->finalizing) warn_unclosed(t, file, self);
  Status closed = close_descriptor(t, file);
  if (exception.is_empty()) return closed.failed() ? Ref::error() : std::move(result);
  if (closed.failed()) clear_exception(t);
  restore_exception(t, std::move(exception));
  return Ref::error();
}

const char* mode_text(const FileIO* file) {
  if (file->created) return file->is_readable ? "xb+" : "xb";
  if (file->appending) return file->is_readable ? "ab+" : "ab";
  if (!file->is_readable) return "wb";
  return file->is_writable ? "rb+" : "rb";
}

Ref f_repr(Thread& t, Value self) {
  FileIO* file = file_of(self);
  const char* type = full_type_name(self);
  if (file_closed(file)) return str_format(t, "<%s [closed]>", type);
  Ref name = TRY(get_attribute_or_empty(t, self, names::name));
  const char* close_fd = file->close_fd ? "True" : "False";
  if (name.is_empty())
    return str_format(t, "<%s fd=%d mode='%s' closefd=%s>", type, file->fd, mode_text(file), close_fd);
  if (!TRY(repr_enter(t, self))) return raise(t, exc::RuntimeError, "reentrant call inside %s.__repr__", type);
  Ref text = str_format(t, "<%s name=%R mode='%s' closefd=%s>", type, name.get(), mode_text(file), close_fd);
  repr_leave(t, self);
  return text;
}

Ref get_closed(Thread&, Value self) { return Ref::boolean(file_closed(file_of(self))); }
Ref get_closefd(Thread&, Value self) { return Ref::boolean(file_of(self)->close_fd); }
Ref get_mode(Thread& t, Value self) { return str_from_ascii(t, mode_text(file_of(self))); }
Ref get_block_size(Thread& t, Value self) { return int_from(t, file_of(self)->block_size); }
Ref get_finalizing(Thread&, Value self) { return Ref::boolean(file_of(self)->finalizing); }
Status set_finalizing(Thread& t, Value self, Value value) {
  if (value.is_empty()) return raise(t, exc::TypeError, "can't delete numeric/char attribute");
  if (!value.is_bool()) return raise(t, exc::TypeError, "attribute value type must be bool");
  file_of(self)->finalizing = value.is_true();
  return ok();
}

const Method kMethods[] = {
    method("read", f_read, "($self, size=-1, /)", "Read at most size bytes, returned as bytes."),
    method("readall", f_readall, "($self, /)", "Read all data from the file, returned as bytes."),
    method("readinto", f_readinto, "($self, buffer, /)", "Same as RawIOBase.readinto()."),
    method("write", f_write, "($self, b, /)", "Write buffer b to file, return number of bytes written."),
    method("seek", f_seek, "($self, pos, whence=0, /)", "Move to new file position and return the file position."),
    method("tell", f_tell, "($self, /)", "Current file position."),
    method("truncate", f_truncate, "($self, size=None, /)",
           "Truncate the file to at most size bytes and return the truncated size."),
    method("close", f_close, "($self, /)", "Close the file."),
    method("seekable", f_seekable, "($self, /)", "True if file supports random-access."),
    method("readable", f_readable, "($self, /)", "True if file was opened in a read mode."),
    method("writable", f_writable, "($self, /)", "True if file was opened in a write mode."),
    method("fileno", f_fileno, "($self, /)", "Return the underlying file descriptor (an integer)."),
    method("isatty", f_isatty, "($self, /)", "True if the file is connected to a TTY device."),
    method("_isatty_open_only", f_isatty_open_only, "($self, /)"),
    method("_dealloc_warn", f_dealloc_warn, "($self, source, /)"),
    method("__getstate__", no_state, "($self, /)"),
    {},
};
const GetSet kGetSets[] = {
    {"closed", get_closed, nullptr, "True if the file is closed"},
    {"closefd", get_closefd, nullptr, "True if the file descriptor will be closed by close()."},
    {"mode", get_mode, nullptr, "String giving the file mode"},
    {"_blksize", get_block_size, nullptr, "Stat st_blksize if available"},
    {"_finalizing", get_finalizing, set_finalizing},
    {},
};

}  // namespace

const TypeSpec kFileIOSpec = {
    .name = "_io.FileIO",
    .doc =
        "Open a file.\n\nThe mode can be 'r' (default), 'w', 'x' or 'a' for reading,\nwriting, exclusive creation or "
        "appending.  The file will be created\nif it doesn't exist when opened for writing or appending; it will "
        "be\ntruncated when opened for writing.  A FileExistsError will be raised\nif it already exists when opened "
        "for "
        "creating.  Opening a file for\ncreating implies writing so this mode behaves in a similar way to\n'w'.  Add a "
        "'+' to the mode to allow simultaneous reading and writing.\nA custom opener can be used by passing a callable "
        "as *opener*.",
    .base = &g_raw_base,
    .layout = {"FileIO", sizeof(FileIO), 0, nullptr, nullptr, nullptr, nullptr},
    .flags = type_flag::kBaseType,
    .slots = {.repr = f_repr, .new_ = file_new, .init = f_init},
    .methods = kMethods,
    .getsets = kGetSets,
    .text_signature = "(file, mode='r', closefd=True, opener=None)",
};

}  // namespace typhon::io
