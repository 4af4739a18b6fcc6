// posix: reading and writing at positions and with several buffers, copies inside the kernel, and advice about both.
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

#include "modules/posix/posix.h"
#include "objects/bytes_util.h"

namespace typhon {
namespace {

Ref f_pread(Thread& t, Value, const Value* a) {
  int fd = TRY(int_argument(t, a[0]));
  i64 size = TRY(to_i64(t, a[1])), offset = TRY(to_i64(t, a[2]));
  if (size < 0) return raise_errno(t, EINVAL);
  RefTo<Bytes> out = TRY(bytes_allocate(t, size_t(size)));
  i64 n = TRY(system_call(t, [&] { return pread(fd, out->data, size_t(size), offset); }));
  if (n < 0) return raise_errno(t, errno);
  return bytes_from(t, out->data, size_t(n));
}
Ref f_pwrite(Thread& t, Value, const Value* a) {
  int fd = TRY(int_argument(t, a[0]));
  ByteView view(t);
  TRY(view.get(a[1]));
  i64 offset = TRY(to_i64(t, a[2]));
  i64 n = TRY(system_call(t, [&] { return pwrite(fd, view.data(), view.size(), offset); }));
  if (n < 0) return raise_errno(t, errno);
  return int_from(t, n);
}
Ref f_sendfile(Thread& t, Value, const Value* a) {
  int out = TRY(int_argument(t, a[0])), in = TRY(int_argument(t, a[1]));
  i64 count = TRY(to_i64(t, a[3]));
  off_t offset = 0;
  bool has_offset = !a[2].is_none();
  if (has_offset) offset = TRY(to_i64(t, a[2]));
  i64 n = TRY(system_call(t, [&] { return sendfile(out, in, has_offset ? &offset : nullptr, size_t(count)); }));
  if (n < 0) return raise_errno(t, errno);
  return int_from(t, n);
}
Ref f_copy_file_range(Thread& t, Value, const Value* a) {
  int from = TRY(int_argument(t, a[0])), to = TRY(int_argument(t, a[1]));
  i64 count = TRY(to_i64(t, a[2]));
  if (count < 0) return raise(t, exc::ValueError, "negative value for 'count' not allowed");
  off64_t offset_from = 0, offset_to = 0;
  bool has_from = !a[3].is_empty() && !a[3].is_none(), has_to = !a[4].is_empty() && !a[4].is_none();
  if (has_from) offset_from = TRY(to_i64(t, a[3]));
  if (has_to) offset_to = TRY(to_i64(t, a[4]));
  i64 n = TRY(system_call(t, [&] { return copy_file_range(from, has_from ? &offset_from : nullptr, to, has_to ? &offset_to : nullptr, size_t(count), 0); }));
  if (n < 0) return raise_errno(t, errno);
  return int_from(t, n);
}
Ref f_splice(Thread& t, Value, const Value* a) {
  int from = TRY(int_argument(t, a[0])), to = TRY(int_argument(t, a[1]));
  i64 count = TRY(to_i64(t, a[2], "Python int too large to convert to C ssize_t"));
  if (count < 0) return raise(t, exc::ValueError, "negative value for 'count' not allowed");
  off64_t offset_from = 0, offset_to = 0;
  bool has_from = !a[3].is_empty() && !a[3].is_none(), has_to = !a[4].is_empty() && !a[4].is_none();
  if (has_from) offset_from = TRY(to_i64(t, a[3]));
  if (has_to) offset_to = TRY(to_i64(t, a[4]));
  i64 flags = a[5].is_empty() ? 0 : TRY(to_i64(t, a[5]));
  i64 n = TRY(system_call(t, [&] {
    return splice(from, has_from ? &offset_from : nullptr, to, has_to ? &offset_to : nullptr, size_t(count), unsigned(flags));
  }));
  if (n < 0) return raise_errno(t, errno);
  return int_from(t, n);
}

// --- several buffers
// The memory of a sequence of bytes-like objects, pinned by memoryviews that live with this object.
class BufferVector {
 public:
  explicit BufferVector(Thread& t) : thread_(t), views_(t) {}
  Status get(Value sequence, bool writable, const char* function) {
    if (!is_sequence(sequence)) return raise(thread_, exc::TypeError, "%s() arg 2 must be a sequence", function);
    RefTo<Tuple> items = TRY(to_tuple(thread_, sequence));
    for (u64 i = 0; i < items->size; i++) {
      ByteView memory(thread_);
      TRY(memory.get(items->items[i].peek(), writable));
      views_.push(TRY(memoryview_new(thread_, items->items[i].peek(), buffer_flag::kFullRo)));
      parts_.push_back({memory.data(), memory.size()});
    }
    return ok();
  }
  const iovec* data() const { return parts_.data(); }
  int count() const { return int(parts_.size()); }

 private:
  Thread& thread_;
  RootedVector views_;
  std::vector<iovec> parts_;
};

Ref f_readv(Thread& t, Value, const Value* a) {
  int fd = TRY(int_argument(t, a[0]));
  BufferVector parts(t);
  TRY(parts.get(a[1], true, "readv"));
  i64 n = TRY(system_call(t, [&] { return readv(fd, parts.data(), parts.count()); }));
  if (n < 0) return raise_errno(t, errno);
  return int_from(t, n);
}
Ref f_writev(Thread& t, Value, const Value* a) {
  int fd = TRY(int_argument(t, a[0]));
  BufferVector parts(t);
  TRY(parts.get(a[1], false, "writev"));
  i64 n = TRY(system_call(t, [&] { return writev(fd, parts.data(), parts.count()); }));
  if (n < 0) return raise_errno(t, errno);
  return int_from(t, n);
}
Ref f_preadv(Thread& t, Value, const Value* a) {
  int fd = TRY(int_argument(t, a[0]));
  i64 offset = TRY(to_i64(t, a[2]));
  int flags = a[3].is_empty() ? 0 : TRY(int_argument(t, a[3]));
  BufferVector parts(t);
  TRY(parts.get(a[1], true, "preadv"));
  i64 n = TRY(system_call(t, [&] { return preadv2(fd, parts.data(), parts.count(), offset, flags); }));
  if (n < 0) return raise_errno(t, errno);
  return int_from(t, n);
}
Ref f_pwritev(Thread& t, Value, const Value* a) {
  int fd = TRY(int_argument(t, a[0]));
  i64 offset = TRY(to_i64(t, a[2]));
  int flags = a[3].is_empty() ? 0 : TRY(int_argument(t, a[3]));
  BufferVector parts(t);
  TRY(parts.get(a[1], false, "pwritev"));
  i64 n = TRY(system_call(t, [&] { return pwritev2(fd, parts.data(), parts.count(), offset, flags); }));
  if (n < 0) return raise_errno(t, errno);
  return int_from(t, n);
}

// --- advice; these two return the error instead of setting errno
Ref f_posix_fallocate(Thread& t, Value, const Value* a) {
  int fd = TRY(int_argument(t, a[0]));
  i64 offset = TRY(to_i64(t, a[1])), length = TRY(to_i64(t, a[2]));
  i64 error = TRY(system_call(t, [&] {
    int result = posix_fallocate(fd, offset, length);
    errno = result;
    return result == EINTR ? -1 : result;
  }));
  if (error != 0) return raise_errno(t, int(error));
  return Ref::none();
}
Ref f_posix_fadvise(Thread& t, Value, const Value* a) {
  int fd = TRY(int_argument(t, a[0])), advice = TRY(int_argument(t, a[3]));
  i64 offset = TRY(to_i64(t, a[1])), length = TRY(to_i64(t, a[2]));
  i64 error = TRY(system_call(t, [&] { return posix_fadvise(fd, offset, length, advice); }));
  if (error != 0) return raise_errno(t, int(error));
  return Ref::none();
}
Ref f_sync(Thread& t, Value, const Value*) {
  Detached detached(t);
  sync();
  return Ref::none();
}

}  // namespace

const Method kTransferFunctions[] = {
    method("pread", f_pread, "(fd, length, offset, /)", "Read a number of bytes from a file descriptor starting at a particular offset."),
    method("pwrite", f_pwrite, "(fd, buffer, offset, /)", "Write bytes to a file descriptor starting at a particular offset."),
    method("sendfile", f_sendfile, "(out_fd, in_fd, offset, count)", "Copy count bytes from file descriptor in_fd to file descriptor out_fd."),
    method("copy_file_range", f_copy_file_range, "(src, dst, count, offset_src=None, offset_dst=None)",
           "Copy count bytes from one file descriptor to another."),
    method("splice", f_splice, "(src, dst, count, offset_src=None, offset_dst=None, flags=0)",
           "Transfer count bytes from one pipe to a descriptor or vice versa."),
    method("readv", f_readv, "(fd, buffers, /)", "Read from a file descriptor fd into an iterable of buffers."),
    method("writev", f_writev, "(fd, buffers, /)", "Iterate over buffers, and write the contents of each to a file descriptor."),
    method("preadv", f_preadv, "(fd, buffers, offset, flags=0, /)", "Reads from a file descriptor into a number of mutable bytes-like objects."),
    method("pwritev", f_pwritev, "(fd, buffers, offset, flags=0, /)",
           "Writes the contents of bytes-like objects to a file descriptor at a given offset."),
    method("posix_fallocate", f_posix_fallocate, "(fd, offset, length, /)",
           "Ensure a file has allocated at least a particular number of bytes on disk."),
    method("posix_fadvise", f_posix_fadvise, "(fd, offset, length, advice, /)",
           "Announce an intention to access data in a specific pattern."),
    method("sync", f_sync, "()", "Force write of everything to disk."),
    {},
};

}  // namespace typhon
