// mmap: memory-mapped files and anonymous memory.
//
// Memory that another thread may unmap or move at any time is only touched under the object's lock, or while an export pins it:
// close() and resize() are refused as long as there are exports. Conversions to and from Python values happen outside the lock.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "modules/posix/posix.h"
#include "objects/bytes_util.h"
#include "objects/itertypes.h"

namespace typhon {
namespace {

enum Access { kDefault = 0, kRead = 1, kWrite = 2, kCopy = 3 };

Type* g_mmap_type;
Type* g_iterator_type;

struct Mmap : Object {
  u8* data;  // null: closed
  i64 size;
  Relaxed<i64> position;  // changed under the lock
  i64 offset;  // in the file
  u32 exports;
  i32 fd;  // own duplicate; -1: none
  i32 flags;
  u8 access;
  bool track_fd;
};
Mmap* self_of(Value v) { return v.as<Mmap>(); }

void release_mmap(Thread&, Object* object) {
  auto* self = static_cast<Mmap*>(object);
  if (self->fd >= 0) close(self->fd);
  if (self->data != nullptr) munmap(self->data, size_t(self->size));
}

// --- access under the lock
enum class Outcome : u8 { kOk, kClosed, kReadOnly, kRange, kExported };
Raised raise_closed(Thread& t) { return raise(t, exc::ValueError, "mmap closed or invalid"); }
Raised raise_read_only(Thread& t) { return raise(t, exc::TypeError, "mmap can't modify a readonly memory map."); }
Raised raise_outcome(Thread& t, Outcome o, Type* range_error, const char* range_message) {
  if (o == Outcome::kClosed) return raise_closed(t);
  if (o == Outcome::kReadOnly) return raise_read_only(t);
  return raise(t, range_error, "%s", range_message);
}
bool writable(const Mmap* self) { return self->access != kRead; }
// What is mapped at this moment: -1 when closed.
i64 mapped_size(Thread& t, Mmap* self) {
  ObjectLock lock(t, self);
  return self->data == nullptr ? -1 : self->size;
}
Result<i64> open_size(Thread& t, Value v) {
  i64 size = mapped_size(t, self_of(v));
  if (size < 0) return raise_closed(t);
  return size;
}
Status check_writable(Thread& t, Value v) {
  if (!writable(self_of(v))) return raise_read_only(t);
  return ok();
}

// Keeps the mapping where it is while this object lives.
class Pin {
 public:
  Pin(Thread& t, Mmap* self) : self_(self) {
    ObjectLock lock(t, self);
    if (self->data == nullptr) return;
    __atomic_fetch_add(&self->exports, 1, __ATOMIC_RELAXED);
    data = self->data;
    size = self->size;
  }
  ~Pin() {
    if (data != nullptr) __atomic_fetch_sub(&self_->exports, 1, __ATOMIC_RELEASE);
  }
  Pin(const Pin&) = delete;
  u8* data = nullptr;
  i64 size = 0;

 private:
  Mmap* self_;
};

// --- making
struct Request {
  i64 length = 0, offset = 0;
  int fd = -1, flags = MAP_SHARED, protection = PROT_READ | PROT_WRITE, access = kDefault;
  bool track_fd = true;
};
Status parse_request(Thread& t, Args args, Request* r) {
  static const Signature& signature = parse_signature(
      "(fileno, length, flags=1, prot=3, access=0, offset=0, *, trackfd=True)");
  Value a[7] = {};
  Ref keep;
  TRY(bind_arguments(t, signature, "mmap", args, a, &keep));
  r->fd = TRY(int_argument(t, a[0]));
  r->length = TRY(to_i64(t, a[1], "Python int too large to convert to C ssize_t"));
  if (!a[2].is_empty()) r->flags = TRY(int_argument(t, a[2]));
  if (!a[3].is_empty()) r->protection = TRY(int_argument(t, a[3]));
  if (!a[4].is_empty()) r->access = TRY(int_argument(t, a[4]));
  if (!a[5].is_empty()) r->offset = TRY(to_i64(t, a[5], "Python int too large to convert to C long"));
  if (!a[6].is_empty()) r->track_fd = TRY(truth(t, a[6]));
  if (r->length < 0) return raise(t, exc::OverflowError, "memory mapped length must be positive");
  if (r->offset < 0) return raise(t, exc::OverflowError, "memory mapped offset must be positive");
  if (r->access != kDefault && (r->flags != MAP_SHARED || r->protection != (PROT_READ | PROT_WRITE)))
    return raise(t, exc::ValueError, "mmap can't specify both access and flags, prot.");
  switch (r->access) {
    case kRead:
      r->protection = PROT_READ;
      break;
    case kWrite:
      break;
    case kCopy:
      r->flags = MAP_PRIVATE;
      break;
    case kDefault:
      if ((r->protection & PROT_READ) && (r->protection & PROT_WRITE)) break;
      r->access = r->protection & PROT_WRITE ? kWrite : kRead;
      break;
    default:
      return raise(t, exc::ValueError, "mmap invalid access parameter.");
  }
  return ok();
}
// The length of a map of a regular file, when it was not given; checks it when it was.
Status fit_to_file(Thread& t, Request* r) {
  struct stat s;
  if (r->fd == -1 || fstat(r->fd, &s) != 0 || !S_ISREG(s.st_mode)) return ok();
  if (r->length == 0) {
    if (s.st_size == 0) return raise(t, exc::ValueError, "cannot mmap an empty file");
    if (r->offset >= s.st_size) return raise(t, exc::ValueError, "mmap offset is greater than file size");
    r->length = s.st_size - r->offset;
  } else if (r->offset > s.st_size || s.st_size - r->offset < r->length) {
    return raise(t, exc::ValueError, "mmap length is greater than file size");
  }
  return ok();
}

Ref mmap_new(Thread& t, Type* cls, Args args) {
  Request r;
  TRY(parse_request(t, args, &r));
  TRY(fit_to_file(t, &r));
  Ref made = TRY(allocate_instance(t, cls));
  auto* self = self_of(made);
  self->fd = -1;
  self->flags = r.flags;
  self->access = u8(r.access);
  self->track_fd = r.track_fd;
  self->offset = r.offset;
  if (r.fd == -1) {
    r.flags |= MAP_ANONYMOUS;
  } else if (r.track_fd) {
    self->fd = fcntl(r.fd, F_DUPFD_CLOEXEC, 0);
    if (self->fd < 0) return raise_errno(t, errno);
  }
  void* data = mmap(nullptr, size_t(r.length), r.protection, r.flags, r.fd, r.offset);
  if (data == MAP_FAILED) return raise_errno(t, errno);
  self->data = static_cast<u8*>(data);
  self->size = r.length;
  return made;
}

// --- closing and resizing
Status close_map(Thread& t, Value v) {
  auto* self = self_of(v);
  u8* data;
  i64 size;
  int fd;
  {
    ObjectLock lock(t, self);
    if (__atomic_load_n(&self->exports, __ATOMIC_ACQUIRE) != 0) {
      data = nullptr, size = -1, fd = -1;
    } else {
      data = self->data, size = self->size, fd = self->fd;
      self->data = nullptr;
      self->size = 0;
      self->fd = -1;
    }
  }
  if (size < 0) return raise(t, exc::BufferError, "cannot close exported pointers exist");
  Detached detached(t);
  if (fd >= 0) close(fd);
  if (data != nullptr) munmap(data, size_t(size));
  return ok();
}
Ref m_close(Thread& t, Value v, const Value*) {
  TRY(close_map(t, v));
  return Ref::none();
}
Ref m_exit(Thread& t, Value v, const Value*) { return m_close(t, v, nullptr); }
Ref m_enter(Thread& t, Value v, const Value*) {
  TRY(open_size(t, v));
  return Ref::copy(v);
}

// The file first, then the mapping; 0 or the errno. Exclusive: nobody may look at the mapping meanwhile.
int resize_locked(Mmap* self, i64 size) {
  if (self->fd != -1 && ftruncate(self->fd, self->offset + size) != 0) return errno;
  void* moved = mremap(self->data, size_t(self->size), size_t(size), MREMAP_MAYMOVE);
  if (moved == MAP_FAILED) return errno;
  self->data = static_cast<u8*>(moved);
  self->size = size;
  return 0;
}
Ref m_resize(Thread& t, Value v, const Value* a) {
  auto* self = self_of(v);
  TRY(open_size(t, v));
  i64 size = TRY(to_i64(t, a[0], "Python int too large to convert to C ssize_t"));
  Outcome outcome = Outcome::kOk;
  bool expands = false;
  int error = 0;
  {
    ObjectLock lock(t, self);
    if (self->data == nullptr)
      outcome = Outcome::kClosed;
    else if (__atomic_load_n(&self->exports, __ATOMIC_ACQUIRE) != 0)
      outcome = Outcome::kExported;
    else if (!self->track_fd || self->access == kRead || self->access == kCopy)
      outcome = Outcome::kReadOnly;
    else if (size < 0 || INT64_MAX - size < self->offset)
      outcome = Outcome::kRange;
    else if (self->fd == -1 && !(self->flags & MAP_PRIVATE) && size > self->size)
      expands = true;
    else
      error = resize_locked(self, size);
  }
  switch (outcome) {
    case Outcome::kClosed: return raise_closed(t);
    case Outcome::kExported: return raise(t, exc::BufferError, "mmap can't resize with extant buffers exported.");
    case Outcome::kReadOnly:
      if (!self->track_fd) return raise(t, exc::ValueError, "mmap can't resize with trackfd=False.");
      return raise(t, exc::TypeError, "mmap can't resize a readonly or copy-on-write memory map.");
    case Outcome::kRange: return raise(t, exc::ValueError, "new size out of range");
    default: break;
  }
  if (expands) return raise(t, exc::ValueError, "mmap: can't expand a shared anonymous mapping");
  if (error != 0) return raise_errno(t, error);
  return Ref::none();
}

// --- the file interface
// Takes the next bytes of the map: `choose` says how many of those that are left, under the lock.
template <class F>
Ref take_bytes(Thread& t, Mmap* self, F choose) {
  i64 wanted;
  {
    ObjectLock lock(t, self);
    if (self->data == nullptr) wanted = -1;
    else wanted = choose(self->data + std::min(self->position.load(), self->size), std::max(self->size - self->position, i64(0)));
  }
  if (wanted < 0) return raise_closed(t);
  RefTo<Bytes> out = TRY(bytes_allocate(t, size_t(wanted)));
  bool closed;
  i64 n = 0;
  {
    ObjectLock lock(t, self);
    closed = self->data == nullptr;
    if (!closed) {
      n = std::min(wanted, std::max(self->size - self->position, i64(0)));
      copy_shared_bytes(out->data, self->data + std::min(self->position.load(), self->size), size_t(n));
      self->position = self->position + n;
    }
  }
  if (closed) return raise_closed(t);
  if (n == wanted) return out;
  return bytes_from(t, out->data, size_t(n));
}
Ref m_read(Thread& t, Value v, const Value* a) {
  TRY(open_size(t, v));
  i64 limit = INT64_MAX;
  if (!a[0].is_empty() && !a[0].is_none()) {
    if (!is_indexable(a[0])) return raise(t, exc::TypeError, "argument should be integer or None, not '%T'", a[0]);
    limit = TRY(to_i64(t, a[0], "cannot fit 'int' into an index-sized integer"));
  }
  return take_bytes(t, self_of(v), [&](const u8*, i64 left) { return limit < 0 || limit > left ? left : limit; });
}
Ref m_readline(Thread& t, Value v, const Value*) {
  return take_bytes(t, self_of(v), [](const u8* data, i64 left) {
    auto* end = static_cast<const u8*>(memchr(data, '\n', size_t(left)));
    return end == nullptr ? left : end - data + 1;
  });
}
Ref m_read_byte(Thread& t, Value v, const Value*) {
  auto* self = self_of(v);
  Outcome outcome = Outcome::kOk;
  u8 byte = 0;
  {
    ObjectLock lock(t, self);
    if (self->data == nullptr) outcome = Outcome::kClosed;
    else if (self->position >= self->size) outcome = Outcome::kRange;
    else byte = self->data[self->position], self->position = self->position + 1;
  }
  if (outcome != Outcome::kOk) return raise_outcome(t, outcome, exc::ValueError, "read byte out of range");
  return Ref::adopt(Value::small_int(byte));
}
Ref put_bytes(Thread& t, Mmap* self, const u8* data, i64 n, const char* range_message) {
  Outcome outcome = Outcome::kOk;
  {
    ObjectLock lock(t, self);
    if (self->data == nullptr) outcome = Outcome::kClosed;
    else if (self->position > self->size || self->size - self->position < n) outcome = Outcome::kRange;
    else {
      copy_shared_bytes(self->data + self->position, data, size_t(n));
      self->position = self->position + n;
    }
  }
  if (outcome != Outcome::kOk) return raise_outcome(t, outcome, exc::ValueError, range_message);
  return Ref::none();
}
Ref m_write(Thread& t, Value v, const Value* a) {
  ByteView view(t);
  TRY(view.get(a[0]));
  TRY(open_size(t, v));
  TRY(check_writable(t, v));
  TRY(put_bytes(t, self_of(v), view.data(), i64(view.size()), "data out of range"));
  return int_from(t, i64(view.size()));
}
Ref m_write_byte(Thread& t, Value v, const Value* a) {
  i64 n = TRY(to_i64(t, a[0]));
  if (n < 0) return raise(t, exc::OverflowError, "unsigned byte integer is less than minimum");
  if (n > 255) return raise(t, exc::OverflowError, "unsigned byte integer is greater than maximum");
  u8 byte = u8(n);
  TRY(open_size(t, v));
  TRY(check_writable(t, v));
  return put_bytes(t, self_of(v), &byte, 1, "write byte out of range");
}
Ref m_seek(Thread& t, Value v, const Value* a) {
  auto* self = self_of(v);
  i64 distance = TRY(to_i64(t, a[0], "Python int too large to convert to C ssize_t"));
  int whence = a[1].is_empty() ? 0 : TRY(int_argument(t, a[1]));
  Outcome outcome = Outcome::kOk;
  i64 where = 0;
  {
    ObjectLock lock(t, self);
    i64 base = whence == 0 ? 0 : whence == 1 ? self->position.load() : self->size;
    if (self->data == nullptr) outcome = Outcome::kClosed;
    else if (whence < 0 || whence > 2) outcome = Outcome::kReadOnly;
    else if (__builtin_add_overflow(base, distance, &where) || where < 0 || where > self->size) outcome = Outcome::kRange;
    else self->position = where;
  }
  if (outcome == Outcome::kReadOnly) return raise(t, exc::ValueError, "unknown seek type");
  if (outcome != Outcome::kOk) return raise_outcome(t, outcome, exc::ValueError, "seek out of range");
  return int_from(t, where);
}
Ref m_seekable(Thread&, Value, const Value*) { return Ref::boolean(true); }
Ref m_tell(Thread& t, Value v, const Value*) {
  TRY(open_size(t, v));
  return int_from(t, self_of(v)->position);
}
Ref m_size(Thread& t, Value v, const Value*) {
  auto* self = self_of(v);
  TRY(open_size(t, v));
  struct stat s;
  if (fstat(self->fd, &s) != 0) return raise_errno(t, errno);
  return int_from(t, s.st_size);
}
Ref m_flush(Thread& t, Value v, const Value* a) {
  auto* self = self_of(v);
  i64 size = TRY(open_size(t, v));
  i64 offset = a[0].is_empty() ? 0 : TRY(to_i64(t, a[0], "Python int too large to convert to C ssize_t"));
  bool has_length = !a[1].is_empty() && !a[1].is_none();
  i64 length = size - offset;
  if (has_length) length = TRY(to_i64(t, a[1], "Python int too large to convert to C ssize_t"));
  if (offset < 0 || length < 0 || (!has_length && offset != 0) || size - offset < length)
    return raise(t, exc::ValueError, "flush values out of range");
  if (self->access == kRead || self->access == kCopy) return Ref::none();
  Pin pin(t, self);
  if (pin.data == nullptr) return raise_closed(t);
  if (pin.size < size) return raise(t, exc::ValueError, "flush values out of range");
  i64 result = TRY(system_call(t, [&] { return msync(pin.data + offset, size_t(length), MS_SYNC); }));
  if (result < 0) return raise_errno(t, errno);
  return Ref::none();
}
Ref m_madvise(Thread& t, Value v, const Value* a) {
  i64 size = TRY(open_size(t, v));
  int option = TRY(int_argument(t, a[0]));
  i64 start = a[1].is_empty() ? 0 : TRY(to_i64(t, a[1], "Python int too large to convert to C ssize_t"));
  i64 length = size;
  if (!a[2].is_empty() && !a[2].is_none()) length = TRY(to_i64(t, a[2], "Python int too large to convert to C ssize_t"));
  if (start < 0 || start >= size) return raise(t, exc::ValueError, "madvise start out of bounds");
  if (length < 0) return raise(t, exc::ValueError, "madvise length invalid");
  if (INT64_MAX - start < length) return raise(t, exc::OverflowError, "madvise length too large");
  Pin pin(t, self_of(v));
  if (pin.data == nullptr) return raise_closed(t);
  if (start >= pin.size) return raise(t, exc::ValueError, "madvise start out of bounds");
  if (start + length > pin.size) length = pin.size - start;
  if (madvise(pin.data + start, size_t(length), option) != 0) return raise_errno(t, errno);
  return Ref::none();
}
Ref m_move(Thread& t, Value v, const Value* a) {
  auto* self = self_of(v);
  i64 n[3];
  for (int i = 0; i < 3; i++) n[i] = TRY(to_i64(t, a[i], "Python int too large to convert to C ssize_t"));
  i64 to = n[0], from = n[1], count = n[2];
  TRY(open_size(t, v));
  TRY(check_writable(t, v));
  Outcome outcome = Outcome::kOk;
  {
    ObjectLock lock(t, self);
    if (self->data == nullptr) outcome = Outcome::kClosed;
    else if (to < 0 || from < 0 || count < 0 || self->size - to < count || self->size - from < count) outcome = Outcome::kRange;
    else memmove(self->data + to, self->data + from, size_t(count));
  }
  if (outcome != Outcome::kOk) return raise_outcome(t, outcome, exc::ValueError, "source, destination, or count out of range");
  return Ref::none();
}

// --- searching
i64 find_bytes(const u8* data, i64 n, const u8* what, i64 m, bool backwards) {
  if (m > n) return -1;
  if (m == 0) return backwards ? n : 0;
  if (!backwards) {
    auto* found = static_cast<const u8*>(memmem(data, size_t(n), what, size_t(m)));
    return found == nullptr ? -1 : found - data;
  }
  for (i64 i = n - m; i >= 0; i--) {
    auto* last = static_cast<const u8*>(memrchr(data, what[0], size_t(i + 1)));
    if (last == nullptr) return -1;
    i = last - data;
    if (memcmp(last, what, size_t(m)) == 0) return i;
  }
  return -1;
}
Ref search(Thread& t, Value v, const Value* a, bool backwards) {
  ByteView view(t);
  TRY(view.get(a[0]));
  TRY(open_size(t, v));
  bool has_start = !a[1].is_empty() && !a[1].is_none(), has_end = !a[2].is_empty() && !a[2].is_none();
  i64 start = has_start ? TRY(to_clamped_i64(t, a[1])) : 0, end = has_end ? TRY(to_clamped_i64(t, a[2])) : 0;
  // Pinned, not locked: the map may be large.
  Pin pin(t, self_of(v));
  if (pin.data == nullptr) return raise_closed(t);
  if (!has_start) start = self_of(v)->position;
  if (!has_end) end = pin.size;
  for (i64* bound : {&start, &end}) {
    if (*bound < 0) *bound = std::max(*bound + pin.size, i64(0));
    if (*bound > pin.size) *bound = pin.size;
  }
  if (end < start) return Ref::adopt(Value::small_int(-1));
  i64 found = find_bytes(pin.data + start, end - start, view.data(), i64(view.size()), backwards);
  return int_from(t, found < 0 ? -1 : found + start);
}
Ref m_find(Thread& t, Value v, const Value* a) { return search(t, v, a, false); }
Ref m_rfind(Thread& t, Value v, const Value* a) { return search(t, v, a, true); }

// --- the sequence interface
Result<i64> mmap_length(Thread& t, Value v) { return open_size(t, v); }

// The byte at an index that counts from the front; EMPTY behind the end.
Ref byte_at(Thread& t, Value v, i64 index, bool as_bytes) {
  auto* self = self_of(v);
  Outcome outcome = Outcome::kOk;
  u8 byte = 0;
  {
    ObjectLock lock(t, self);
    if (self->data == nullptr) outcome = Outcome::kClosed;
    else if (index < 0 || index >= self->size) outcome = Outcome::kRange;
    else byte = self->data[index];
  }
  if (outcome == Outcome::kClosed) return raise_closed(t);
  if (outcome == Outcome::kRange) return Ref();
  if (as_bytes) return bytes_from(t, &byte, 1);
  return Ref::adopt(Value::small_int(byte));
}
Ref mmap_get_item(Thread& t, Value v, Value key) {
  auto* self = self_of(v);
  i64 size = TRY(open_size(t, v));
  if (is_indexable(key)) {
    i64 index = TRY(subscript_index(t, key));
    Ref found = TRY(byte_at(t, v, index < 0 ? index + size : index, false));
    if (found.is_empty()) return raise(t, exc::IndexError, "mmap index out of range");
    return found;
  }
  if (!is_slice(key)) return raise(t, exc::TypeError, "mmap indices must be integers");
  SliceIndices s;
  TRY(slice_unpack_py(t, key.as<Slice>(), &s));
  slice_adjust(&s, TRY(open_size(t, v)));
  RefTo<Bytes> out = TRY(bytes_allocate(t, size_t(s.count)));
  Outcome outcome = Outcome::kOk;
  {
    ObjectLock lock(t, self);
    // It may have shrunk since.
    i64 last = s.start + (s.count - 1) * s.step;
    if (self->data == nullptr) outcome = Outcome::kClosed;
    else if (s.count > 0 && (s.start >= self->size || last >= self->size)) outcome = Outcome::kRange;
    else if (s.step == 1) memcpy(out->data, self->data + s.start, size_t(s.count));
    else
      for (i64 i = 0; i < s.count; i++) out->data[i] = self->data[s.start + i * s.step];
  }
  if (outcome != Outcome::kOk) return raise_outcome(t, outcome, exc::IndexError, "mmap index out of range");
  return out;
}
Status set_slice(Thread& t, Value v, Value key, Value value) {
  auto* self = self_of(v);
  SliceIndices s;
  TRY(slice_unpack_py(t, key.as<Slice>(), &s));
  if (value.is_empty()) return raise(t, exc::TypeError, "mmap object doesn't support slice deletion");
  ByteView view(t);
  TRY(view.get(value));
  slice_adjust(&s, TRY(open_size(t, v)));
  if (i64(view.size()) != s.count) return raise(t, exc::IndexError, "mmap slice assignment is wrong size");
  Outcome outcome = Outcome::kOk;
  {
    ObjectLock lock(t, self);
    i64 last = s.start + (s.count - 1) * s.step;
    if (self->data == nullptr) outcome = Outcome::kClosed;
    else if (s.count > 0 && (s.start >= self->size || last >= self->size)) outcome = Outcome::kRange;
    else if (s.step == 1) copy_shared_bytes(self->data + s.start, view.data(), size_t(s.count));
    else
      for (i64 i = 0; i < s.count; i++) self->data[s.start + i * s.step] = view.data()[i];
  }
  if (outcome != Outcome::kOk) return raise_outcome(t, outcome, exc::IndexError, "mmap index out of range");
  return ok();
}
Status mmap_set_item(Thread& t, Value v, Value key, Value value) {
  auto* self = self_of(v);
  i64 size = TRY(open_size(t, v));
  TRY(check_writable(t, v));
  if (is_slice(key)) return set_slice(t, v, key, value);
  if (!is_indexable(key)) return raise(t, exc::TypeError, "mmap indices must be integer");
  i64 index = TRY(subscript_index(t, key));
  if (index < 0) index += size;
  if (index < 0 || index >= size) return raise(t, exc::IndexError, "mmap index out of range");
  if (value.is_empty()) return raise(t, exc::TypeError, "mmap doesn't support item deletion");
  if (!is_indexable(value)) return raise(t, exc::TypeError, "mmap item value must be an int");
  i64 byte = TRY(to_clamped_i64(t, value));
  if (byte < 0 || byte > 255) return raise(t, exc::ValueError, "mmap item value must be in range(0, 256)");
  Outcome outcome = Outcome::kOk;
  {
    ObjectLock lock(t, self);
    if (self->data == nullptr) outcome = Outcome::kClosed;
    else if (index >= self->size) outcome = Outcome::kRange;
    else self->data[index] = u8(byte);
  }
  if (outcome != Outcome::kOk) return raise_outcome(t, outcome, exc::IndexError, "mmap index out of range");
  return ok();
}

// Iteration gives bytes of length one, indexing gives ints.
struct MmapIterator : Object {
  Field map;
  i64 index;
};
void visit_iterator(Object* self, Visitor& visitor) { visitor.field(static_cast<MmapIterator*>(self)->map); }
Ref mmap_iter(Thread& t, Value v) {
  auto* made = allocate_native<MmapIterator>(t, g_iterator_type);
  if (made == nullptr) return raise_no_memory(t);
  Ref owned = Ref::adopt(Value(made));
  made->map.init(made, v);
  return owned;
}
Ref iterator_next(Thread& t, Value v) {
  auto* self = v.as<MmapIterator>();
  Ref map = self->map.load();
  return byte_at(t, map, __atomic_fetch_add(&self->index, 1, __ATOMIC_RELAXED), true);
}
Result<bool> mmap_contains(Thread& t, Value v, Value item) {
  TRY(open_size(t, v));
  if (!is_bytes(item) || item.as<Bytes>()->size != 1) return false;
  Pin pin(t, self_of(v));
  if (pin.data == nullptr) return raise_closed(t);
  return memchr(pin.data, item.as<Bytes>()->data[0], size_t(pin.size)) != nullptr;
}

// --- buffers, attributes
Status mmap_get_buffer(Thread& t, Value v, Buffer* buffer, int flags) {
  auto* self = self_of(v);
  u8* data;
  i64 size;
  {
    ObjectLock lock(t, self);
    data = self->data;
    size = self->size;
    if (data != nullptr) __atomic_fetch_add(&self->exports, 1, __ATOMIC_RELAXED);
  }
  if (data == nullptr) return raise_closed(t);
  Status filled = fill_byte_buffer(t, buffer, data, size, self->access == kRead, flags);
  if (filled.failed()) __atomic_fetch_sub(&self->exports, 1, __ATOMIC_RELEASE);
  return filled;
}
void mmap_release_buffer(Thread&, Value v, Buffer*) { __atomic_fetch_sub(&self_of(v)->exports, 1, __ATOMIC_RELEASE); }

Ref mmap_repr(Thread& t, Value v) {
  static const char* const kNames[] = {"ACCESS_DEFAULT", "ACCESS_READ", "ACCESS_WRITE", "ACCESS_COPY"};
  auto* self = self_of(v);
  i64 size = mapped_size(t, self);
  if (size < 0) return str_format(t, "<%T closed=True>", v);
  return str_format(t, "<%T closed=False, access=%s, length=%zd, pos=%zd, offset=%zd>", v, kNames[self->access], size, self->position.load(),
                    self->offset);
}
Ref get_closed(Thread& t, Value v) { return Ref::boolean(mapped_size(t, self_of(v)) < 0); }

const Method kMethods[] = {
    method("close", m_close, "($self, /)"),
    method("find", m_find, "($self, view, start=None, end=None, /)"),
    method("rfind", m_rfind, "($self, view, start=None, end=None, /)"),
    method("flush", m_flush, "($self, offset=0, size=None, /)"),
    method("madvise", m_madvise, "($self, option, start=0, length=None, /)"),
    method("move", m_move, "($self, dest, src, count, /)"),
    method("read", m_read, "($self, n=None, /)"),
    method("read_byte", m_read_byte, "($self, /)"),
    method("readline", m_readline, "($self, /)"),
    method("resize", m_resize, "($self, newsize, /)"),
    method("seek", m_seek, "($self, pos, whence=0, /)"),
    method("seekable", m_seekable, "($self, /)"),
    method("size", m_size, "($self, /)"),
    method("tell", m_tell, "($self, /)"),
    method("write", m_write, "($self, bytes, /)"),
    method("write_byte", m_write_byte, "($self, byte, /)"),
    method("__enter__", m_enter, "($self, /)"),
    method("__exit__", m_exit, "($self, exc_type, exc_value, traceback, /)"),
    {},
};
const GetSet kGetSets[] = {{"closed", get_closed, nullptr, nullptr}, {}};
const TypeSpec kSpec = {
    .name = "mmap.mmap",
    .doc = "mmap(fileno, length[, flags[, prot[, access[, offset[, trackfd]]]]])\n\nMaps length bytes from the file specified by "
           "the file descriptor fileno,\nand returns a mmap object.  If length is 0, the map has the size that\nthe file has at that "
           "moment.  A fileno of -1 maps anonymous memory.\n\nflags says what becomes of changes: with MAP_PRIVATE they are this "
           "process's\nown, with MAP_SHARED (the default) they are seen by all processes that\nmap the same part of the file.",
    .layout = {"mmap", sizeof(Mmap), 0, nullptr, release_mmap, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kImmutable | type_flag::kHasWeakref,
    .slots = {.repr = mmap_repr,
              .iter = mmap_iter,
              .new_ = mmap_new,
              .length = mmap_length,
              .get_item = mmap_get_item,
              .set_item = mmap_set_item,
              .contains = mmap_contains,
              .get_buffer = mmap_get_buffer,
              .release_buffer = mmap_release_buffer},
    .methods = kMethods,
    .getsets = kGetSets,
};
const TypeSpec kIteratorSpec = {
    .name = "mmap.mmap_iterator",
    .layout = {"mmap_iterator", sizeof(MmapIterator), 0, visit_iterator, nullptr, nullptr, nullptr},
    .flags = type_flag::kDisallowInstantiation | type_flag::kImmutable,
    .slots = {.iter = iter_self, .next = iterator_next},
};

constexpr struct {
  const char* name;
  i64 value;
} kConstants[] = {
    {"PROT_EXEC", PROT_EXEC}, {"PROT_READ", PROT_READ}, {"PROT_WRITE", PROT_WRITE}, {"MAP_SHARED", MAP_SHARED},
    {"MAP_PRIVATE", MAP_PRIVATE}, {"MAP_DENYWRITE", MAP_DENYWRITE}, {"MAP_EXECUTABLE", MAP_EXECUTABLE}, {"MAP_ANON", MAP_ANON},
    {"MAP_ANONYMOUS", MAP_ANONYMOUS}, {"MAP_POPULATE", MAP_POPULATE}, {"MAP_STACK", MAP_STACK}, {"MAP_NORESERVE", MAP_NORESERVE},
#ifdef MAP_32BIT
    {"MAP_32BIT", MAP_32BIT},
#endif
    {"ACCESS_DEFAULT", kDefault}, {"ACCESS_READ", kRead}, {"ACCESS_WRITE", kWrite}, {"ACCESS_COPY", kCopy},
    {"MADV_NORMAL", MADV_NORMAL}, {"MADV_RANDOM", MADV_RANDOM}, {"MADV_SEQUENTIAL", MADV_SEQUENTIAL}, {"MADV_WILLNEED", MADV_WILLNEED},
    {"MADV_DONTNEED", MADV_DONTNEED}, {"MADV_REMOVE", MADV_REMOVE}, {"MADV_DONTFORK", MADV_DONTFORK}, {"MADV_DOFORK", MADV_DOFORK},
    {"MADV_HWPOISON", MADV_HWPOISON}, {"MADV_MERGEABLE", MADV_MERGEABLE}, {"MADV_UNMERGEABLE", MADV_UNMERGEABLE},
    {"MADV_HUGEPAGE", MADV_HUGEPAGE}, {"MADV_NOHUGEPAGE", MADV_NOHUGEPAGE}, {"MADV_DONTDUMP", MADV_DONTDUMP},
    {"MADV_DODUMP", MADV_DODUMP}, {"MADV_FREE", MADV_FREE},
};
Status initialise(Thread& t, Module* module) {
  if (g_iterator_type == nullptr) TRY(make_static_type(t, kIteratorSpec, &g_iterator_type));
  TRY(module_add_type(t, module, kSpec, &g_mmap_type));
  TRY(module_add(t, module, "error", Value(exc::OSError)));
  for (const auto& row : kConstants) TRY(module_add_int(t, module, row.name, row.value));
  for (const char* name : {"PAGESIZE", "ALLOCATIONGRANULARITY"}) TRY(module_add_int(t, module, name, sysconf(_SC_PAGESIZE)));
  return ok();
}

}  // namespace

extern const ModuleDef module_mmap;
const ModuleDef module_mmap = {"mmap", nullptr, nullptr, initialise};

}  // namespace typhon
