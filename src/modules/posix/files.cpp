// posix: files, directories, links, descriptors.
#include <climits>
#include <cstdio>
#include <cmath>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "modules/posix/posix.h"

namespace typhon {
namespace {

Ref done(Thread& t, i64 result, Value filename = EMPTY, Value filename2 = EMPTY) {
  if (result == -1) return raise_errno(t, errno, filename, filename2);
  return Ref::none();
}

// --- opening and descriptors
Ref f_open(Thread& t, Value, const Value* a) {
  PathArgument path;
  TRY(path.get(t, a[0], "open", "path"));
  int flags = TRY(int_argument(t, a[1])), mode = a[2].is_empty() ? 0777 : TRY(int_argument(t, a[2]));
  i64 directory = TRY(dir_fd_argument(t, a[3]));
  i64 fd = TRY(system_call(t, [&] { return openat(int(directory), path.path, flags | O_CLOEXEC, mode); }));
  if (fd < 0) return raise_errno(t, errno, a[0]);
  return int_from(t, fd);
}
Ref f_close(Thread& t, Value, const Value* a) {
  i64 fd = TRY(fd_argument(t, a[0]));
  int result;
  {
    Detached detached(t);
    result = close(int(fd));
  }
  // After EINTR Linux has closed it all the same.
  if (result != 0 && errno != EINTR) return raise_errno(t, errno);
  return Ref::none();
}
Ref f_closerange(Thread& t, Value, const Value* a) {
  int low = TRY(int_argument(t, a[0])), high = TRY(int_argument(t, a[1]));
  Detached detached(t);
  if (high > low) close_range(unsigned(low < 0 ? 0 : low), unsigned(high - 1), 0);
  return Ref::none();
}
Ref f_dup(Thread& t, Value, const Value* a) {
  int fd = fcntl(TRY(int_argument(t, a[0])), F_DUPFD_CLOEXEC, 0);
  if (fd < 0) return raise_errno(t, errno);
  return int_from(t, fd);
}
Ref f_dup2(Thread& t, Value, const Value* a) {
  int from = TRY(int_argument(t, a[0])), to = TRY(int_argument(t, a[1]));
  bool inheritable = a[2].is_empty() || TRY(truth(t, a[2]));
  i64 fd = TRY(system_call(t, [&] { return inheritable || from == to ? dup2(from, to) : dup3(from, to, O_CLOEXEC); }));
  if (fd < 0) return raise_errno(t, errno);
  return int_from(t, fd);
}
Ref f_read(Thread& t, Value, const Value* a) {
  int fd = TRY(int_argument(t, a[0]));
  i64 size = TRY(to_i64(t, a[1], "Python int too large to convert to C ssize_t"));
  if (size < 0) return raise_errno(t, EINVAL);
  if (size > 0x7ffff000) size = 0x7ffff000;
  RefTo<Bytes> out = TRY(bytes_allocate(t, size_t(size)));
  i64 n = TRY(system_call(t, [&] { return read(fd, out->data, size_t(size)); }));
  if (n < 0) return raise_errno(t, errno);
  if (n == size) return out;
  return bytes_from(t, out->data, size_t(n));
}
Ref f_readinto(Thread& t, Value, const Value* a) {
  int fd = TRY(int_argument(t, a[0]));
  ByteView view(t);
  if (view.get(a[1], true).failed()) {
    if (!pending_matches(t, exc::BufferError) && !pending_matches(t, exc::TypeError)) return Raised{};
    clear_exception(t);
    return raise(t, exc::TypeError, "readinto() argument 2 must be read-write bytes-like object, not %T", a[1]);
  }
  i64 n = TRY(system_call(t, [&] { return read(fd, view.data(), view.size()); }));
  if (n < 0) return raise_errno(t, errno);
  return int_from(t, n);
}
Ref f_write(Thread& t, Value, const Value* a) {
  int fd = TRY(int_argument(t, a[0]));
  ByteView view(t);
  TRY(view.get(a[1]));
  i64 n = TRY(system_call(t, [&] { return write(fd, view.data(), view.size()); }));
  if (n < 0) return raise_errno(t, errno);
  return int_from(t, n);
}
Ref f_lseek(Thread& t, Value, const Value* a) {
  int fd = TRY(int_argument(t, a[0])), whence = TRY(int_argument(t, a[2]));
  i64 offset = TRY(to_i64(t, a[1]));
  i64 result = TRY(system_call(t, [&] { return lseek(fd, offset, whence); }));
  if (result < 0) return raise_errno(t, errno);
  return int_from(t, result);
}
Ref f_isatty(Thread& t, Value, const Value* a) { return Ref::boolean(isatty(TRY(int_argument(t, a[0])))); }
Ref f_pipe(Thread& t, Value, const Value*) {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) return raise_errno(t, errno);
  return tuple_of(t, Value::small_int(fds[0]), Value::small_int(fds[1]));
}
Ref f_pipe2(Thread& t, Value, const Value* a) {
  int fds[2];
  if (pipe2(fds, TRY(int_argument(t, a[0]))) != 0) return raise_errno(t, errno);
  return tuple_of(t, Value::small_int(fds[0]), Value::small_int(fds[1]));
}
Ref f_get_inheritable(Thread& t, Value, const Value* a) {
  int flags = fcntl(TRY(int_argument(t, a[0])), F_GETFD);
  if (flags < 0) return raise_errno(t, errno);
  return Ref::boolean(!(flags & FD_CLOEXEC));
}
Ref f_set_inheritable(Thread& t, Value, const Value* a) {
  int fd = TRY(int_argument(t, a[0]));
  bool on = TRY(truth(t, a[1]));
  int flags = fcntl(fd, F_GETFD);
  if (flags < 0) return raise_errno(t, errno);
  return done(t, fcntl(fd, F_SETFD, on ? flags & ~FD_CLOEXEC : flags | FD_CLOEXEC));
}
Ref f_get_blocking(Thread& t, Value, const Value* a) {
  int flags = fcntl(TRY(int_argument(t, a[0])), F_GETFL);
  if (flags < 0) return raise_errno(t, errno);
  return Ref::boolean(!(flags & O_NONBLOCK));
}
Ref f_set_blocking(Thread& t, Value, const Value* a) {
  int fd = TRY(int_argument(t, a[0]));
  bool on = TRY(truth(t, a[1]));
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0) return raise_errno(t, errno);
  return done(t, fcntl(fd, F_SETFL, on ? flags & ~O_NONBLOCK : flags | O_NONBLOCK));
}
Ref f_fsync(Thread& t, Value, const Value* a) {
  i64 fd = TRY(fd_argument(t, a[0]));
  return done(t, TRY(system_call(t, [&] { return fsync(int(fd)); })));
}
Ref f_fdatasync(Thread& t, Value, const Value* a) {
  i64 fd = TRY(fd_argument(t, a[0]));
  return done(t, TRY(system_call(t, [&] { return fdatasync(int(fd)); })));
}
Ref f_ftruncate(Thread& t, Value, const Value* a) {
  int fd = TRY(int_argument(t, a[0]));
  i64 length = TRY(to_i64(t, a[1]));
  return done(t, TRY(system_call(t, [&] { return ftruncate(fd, length); })));
}
Ref f_truncate(Thread& t, Value, const Value* a) {
  PathOrFd path;
  TRY(path.get(t, a[0], "truncate", true));
  i64 length = TRY(to_i64(t, a[1]));
  return done(t, TRY(system_call(t, [&] { return path.c_path() ? truncate(path.c_path(), length) : ftruncate(int(path.fd), length); })), path.given);
}
Ref f_lockf(Thread& t, Value, const Value* a) {
  int fd = TRY(int_argument(t, a[0])), command = TRY(int_argument(t, a[1]));
  i64 length = TRY(to_i64(t, a[2]));
  return done(t, TRY(system_call(t, [&] { return lockf(fd, command, length); })));
}

// --- names
Ref f_access(Thread& t, Value, const Value* a) {
  PathArgument path;
  TRY(path.get(t, a[0], "access", "path"));
  int mode = TRY(int_argument(t, a[1]));
  i64 directory = TRY(dir_fd_argument(t, a[2]));
  bool effective = !a[3].is_empty() && TRY(truth(t, a[3])), follow = a[4].is_empty() || TRY(truth(t, a[4]));
  int flags = (effective ? AT_EACCESS : 0) | (follow ? 0 : AT_SYMLINK_NOFOLLOW);
  int result;
  {
    Detached detached(t);
    result = faccessat(int(directory), path.path, mode, flags);
  }
  return Ref::boolean(result == 0);
}
Ref f_getcwd(Thread& t, Value, const Value*) {
  char path[PATH_MAX];
  if (getcwd(path, sizeof path) == nullptr) return raise_errno(t, errno);
  return decode_fs(t, path, strlen(path));
}
Ref f_getcwdb(Thread& t, Value, const Value*) {
  char path[PATH_MAX];
  if (getcwd(path, sizeof path) == nullptr) return raise_errno(t, errno);
  return bytes_from(t, path, strlen(path));
}
Ref f_chdir(Thread& t, Value, const Value* a) {
  PathOrFd path;
  TRY(path.get(t, a[0], "chdir", true));
  return done(t, TRY(system_call(t, [&] { return path.c_path() ? chdir(path.c_path()) : fchdir(int(path.fd)); })), path.given);
}
Ref f_fchdir(Thread& t, Value, const Value* a) {
  i64 fd = TRY(fd_argument(t, a[0]));
  return done(t, TRY(system_call(t, [&] { return fchdir(int(fd)); })));
}
Ref f_mkdir(Thread& t, Value, const Value* a) {
  PathArgument path;
  TRY(path.get(t, a[0], "mkdir", "path"));
  int mode = a[1].is_empty() ? 0777 : TRY(int_argument(t, a[1]));
  i64 directory = TRY(dir_fd_argument(t, a[2]));
  return done(t, TRY(system_call(t, [&] { return mkdirat(int(directory), path.path, mode_t(mode)); })), a[0]);
}
Ref unlink_at(Thread& t, Value name, Value dir_fd, int flags, const char* function) {
  PathArgument path;
  TRY(path.get(t, name, function, "path"));
  i64 directory = TRY(dir_fd_argument(t, dir_fd));
  return done(t, TRY(system_call(t, [&] { return unlinkat(int(directory), path.path, flags); })), name);
}
Ref f_unlink(Thread& t, Value, const Value* a) { return unlink_at(t, a[0], a[1], 0, "unlink"); }
Ref f_rmdir(Thread& t, Value, const Value* a) { return unlink_at(t, a[0], a[1], AT_REMOVEDIR, "rmdir"); }
Ref f_rename(Thread& t, Value, const Value* a) {
  PathArgument from, to;
  TRY(from.get(t, a[0], "rename", "src"));
  TRY(to.get(t, a[1], "rename", "dst"));
  i64 from_fd = TRY(dir_fd_argument(t, a[2])), to_fd = TRY(dir_fd_argument(t, a[3]));
  return done(t, TRY(system_call(t, [&] { return renameat(int(from_fd), from.path, int(to_fd), to.path); })), a[0], a[1]);
}
Ref f_link(Thread& t, Value, const Value* a) {
  PathArgument from, to;
  TRY(from.get(t, a[0], "link", "src"));
  TRY(to.get(t, a[1], "link", "dst"));
  i64 from_fd = TRY(dir_fd_argument(t, a[2])), to_fd = TRY(dir_fd_argument(t, a[3]));
  bool follow = a[4].is_empty() || TRY(truth(t, a[4]));
  return done(t, TRY(system_call(t, [&] { return linkat(int(from_fd), from.path, int(to_fd), to.path, follow ? AT_SYMLINK_FOLLOW : 0); })), a[0], a[1]);
}
Ref f_symlink(Thread& t, Value, const Value* a) {
  PathArgument from, to;
  TRY(from.get(t, a[0], "symlink", "src"));
  TRY(to.get(t, a[1], "symlink", "dst"));
  i64 directory = TRY(dir_fd_argument(t, a[3]));
  return done(t, TRY(system_call(t, [&] { return symlinkat(from.path, int(directory), to.path); })), a[0], a[1]);
}
Ref f_readlink(Thread& t, Value, const Value* a) {
  PathArgument path;
  TRY(path.get(t, a[0], "readlink", "path"));
  i64 directory = TRY(dir_fd_argument(t, a[1]));
  char target[PATH_MAX + 1];
  i64 n = TRY(system_call(t, [&] { return readlinkat(int(directory), path.path, target, PATH_MAX); }));
  if (n < 0) return raise_errno(t, errno, a[0]);
  if (path.was_bytes) return bytes_from(t, target, size_t(n));
  return decode_fs(t, target, size_t(n));
}
Ref f_chmod(Thread& t, Value, const Value* a) {
  PathOrFd path;
  TRY(path.get(t, a[0], "chmod", true));
  int mode = TRY(int_argument(t, a[1]));
  i64 directory = TRY(dir_fd_argument(t, a[2]));
  bool follow = a[3].is_empty() || TRY(truth(t, a[3]));
  return done(t, TRY(system_call(t, [&] {
    return path.c_path() ? fchmodat(int(directory), path.c_path(), mode_t(mode), follow ? 0 : AT_SYMLINK_NOFOLLOW) : fchmod(int(path.fd), mode_t(mode));
  })), path.given);
}
Ref f_fchmod(Thread& t, Value, const Value* a) {
  int fd = TRY(int_argument(t, a[0])), mode = TRY(int_argument(t, a[1]));
  return done(t, TRY(system_call(t, [&] { return fchmod(fd, mode_t(mode)); })));
}
Ref f_chown(Thread& t, Value, const Value* a) {
  PathOrFd path;
  TRY(path.get(t, a[0], "chown", true));
  u32 uid = TRY(id_argument(t, a[1], "uid")), gid = TRY(id_argument(t, a[2], "gid"));
  i64 directory = TRY(dir_fd_argument(t, a[3]));
  bool follow = a[4].is_empty() || TRY(truth(t, a[4]));
  return done(t, TRY(system_call(t, [&] {
    return path.c_path() ? fchownat(int(directory), path.c_path(), uid, gid, follow ? 0 : AT_SYMLINK_NOFOLLOW) : fchown(int(path.fd), uid, gid);
  })), path.given);
}
Ref f_fchown(Thread& t, Value, const Value* a) {
  int fd = TRY(int_argument(t, a[0]));
  u32 uid = TRY(id_argument(t, a[1], "uid")), gid = TRY(id_argument(t, a[2], "gid"));
  return done(t, TRY(system_call(t, [&] { return fchown(fd, uid, gid); })));
}
Ref f_lchown(Thread& t, Value, const Value* a) {
  PathArgument path;
  TRY(path.get(t, a[0], "lchown", "path"));
  u32 uid = TRY(id_argument(t, a[1], "uid")), gid = TRY(id_argument(t, a[2], "gid"));
  return done(t, TRY(system_call(t, [&] { return lchown(path.path, uid, gid); })), a[0]);
}
Ref f_chroot(Thread& t, Value, const Value* a) {
  PathArgument path;
  TRY(path.get(t, a[0], "chroot", "path"));
  return done(t, TRY(system_call(t, [&] { return chroot(path.path); })), a[0]);
}
Ref f_mknod(Thread& t, Value, const Value* a) {
  PathArgument path;
  TRY(path.get(t, a[0], "mknod", "path"));
  int mode = a[1].is_empty() ? 0600 : TRY(int_argument(t, a[1]));
  u64 device = 0;
  if (!a[2].is_empty()) {
    Ref number = TRY(to_index(t, a[2]));
    if (!int_fits_u64(number, &device)) return raise(t, exc::OverflowError, "Python int too large to convert to C unsigned long long");
  }
  i64 directory = TRY(dir_fd_argument(t, a[3]));
  return done(t, TRY(system_call(t, [&] { return mknodat(int(directory), path.path, mode_t(mode), dev_t(device)); })), a[0]);
}
Ref f_mkfifo(Thread& t, Value, const Value* a) {
  PathArgument path;
  TRY(path.get(t, a[0], "mkfifo", "path"));
  int mode = a[1].is_empty() ? 0666 : TRY(int_argument(t, a[1]));
  i64 directory = TRY(dir_fd_argument(t, a[2]));
  return done(t, TRY(system_call(t, [&] { return mkfifoat(int(directory), path.path, mode_t(mode)); })), a[0]);
}
Ref f_umask(Thread& t, Value, const Value* a) { return int_from(t, umask(mode_t(TRY(int_argument(t, a[0]))))); }

// utime(path, times=None, *, ns, dir_fd, follow_symlinks)
Status fill_time(Thread& t, Value v, bool nanoseconds, timespec* out) {
  i64 ns;
  if (nanoseconds) {
    Ref quotient_remainder = TRY(int_binary(t, IntOp::kDivmod, v, Value::small_int(1000000000)));
    out->tv_sec = TRY(to_i64(t, quotient_remainder.as<Tuple>()->items[0].peek()));
    out->tv_nsec = TRY(to_i64(t, quotient_remainder.as<Tuple>()->items[1].peek()));
    return ok();
  }
  if (is_float(v)) {
    double d = float_value(v), whole = std::floor(d);
    if (!std::isfinite(d)) return raise(t, exc::ValueError, "Invalid value NaN (not a number)");
    out->tv_sec = time_t(whole);
    out->tv_nsec = long((d - whole) * 1e9);
    return ok();
  }
  ns = TRY(to_i64(t, v));
  *out = {ns, 0};
  return ok();
}
Ref f_utime(Thread& t, Value, const Value* a) {
  PathOrFd path;
  TRY(path.get(t, a[0], "utime", true));
  bool times = !a[1].is_empty() && !a[1].is_none(), ns = !a[2].is_empty();
  if (times && ns) return raise(t, exc::ValueError, "utime: you may specify either 'times' or 'ns' but not both");
  timespec spec[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
  if (times || ns) {
    Value pair = times ? a[1] : a[2];
    if (!is_tuple(pair) || pair.as<Tuple>()->size != 2)
      return raise(t, exc::TypeError, times ? "utime: 'times' must be either a tuple of two ints or None" : "utime: 'ns' must be a tuple of two ints");
    for (int i = 0; i < 2; i++) TRY(fill_time(t, pair.as<Tuple>()->items[i].peek(), ns, &spec[i]));
  }
  i64 directory = TRY(dir_fd_argument(t, a[3]));
  bool follow = a[4].is_empty() || TRY(truth(t, a[4]));
  return done(t, TRY(system_call(t, [&] {
    return path.c_path() ? utimensat(int(directory), path.c_path(), spec, follow ? 0 : AT_SYMLINK_NOFOLLOW) : futimens(int(path.fd), spec);
  })), path.given);
}

// --- random bytes
Ref random_bytes(Thread& t, i64 n, unsigned flags) {
  if (n < 0) return raise(t, exc::ValueError, "negative argument not allowed");
  RefTo<Bytes> out = TRY(bytes_allocate(t, size_t(n)));
  size_t at = 0;
  while (at < size_t(n)) {
    i64 got = TRY(system_call(t, [&] { return getrandom(out->data + at, size_t(n) - at, flags); }));
    if (got < 0) return raise_errno(t, errno);
    at += size_t(got);
  }
  return out;
}
Ref f_urandom(Thread& t, Value, const Value* a) { return random_bytes(t, TRY(to_i64(t, a[0])), 0); }
Ref f_getrandom(Thread& t, Value, const Value* a) { return random_bytes(t, TRY(to_i64(t, a[0])), a[1].is_empty() ? 0 : unsigned(TRY(to_i64(t, a[1])))); }

}  // namespace

const Method kFileFunctions[] = {
    method("open", f_open, "(path, flags, mode=0o777, *, dir_fd=None)", "Open a file for low level IO.  Returns a file descriptor (integer)."),
    method("close", f_close, "(fd)", "Close a file descriptor."),
    method("closerange", f_closerange, "(fd_low, fd_high, /)"),
    method("dup", f_dup, "(fd, /)", "Return a duplicate of a file descriptor."),
    method("dup2", f_dup2, "(fd, fd2, inheritable=True)", "Duplicate file descriptor."),
    method("read", f_read, "(fd, length, /)", "Read from a file descriptor.  Returns a bytes object."),
    method("readinto", f_readinto, "(fd, buffer, /)"),
    method("write", f_write, "(fd, data, /)", "Write a bytes object to a file descriptor."),
    method("lseek", f_lseek, "(fd, position, whence, /)", "Set the position of a file descriptor.  Return the new position."),
    method("isatty", f_isatty, "(fd, /)", "Return True if the fd is connected to a terminal."),
    method("pipe", f_pipe, "()", "Create a pipe."),
    method("pipe2", f_pipe2, "(flags, /)"),
    method("get_inheritable", f_get_inheritable, "(fd, /)"),
    method("set_inheritable", f_set_inheritable, "(fd, inheritable, /)"),
    method("get_blocking", f_get_blocking, "(fd, /)"),
    method("set_blocking", f_set_blocking, "(fd, blocking, /)"),
    method("fsync", f_fsync, "(fd)", "Force write of fd to disk."),
    method("fdatasync", f_fdatasync, "(fd)"),
    method("ftruncate", f_ftruncate, "(fd, length, /)"),
    method("truncate", f_truncate, "(path, length)"),
    method("lockf", f_lockf, "(fd, command, length, /)"),
    method("access", f_access, "(path, mode, *, dir_fd=None, effective_ids=False, follow_symlinks=True)", "Use the real uid/gid to test for access to a path."),
    method("getcwd", f_getcwd, "()", "Return a unicode string representing the current working directory."),
    method("getcwdb", f_getcwdb, "()", "Return a bytes string representing the current working directory."),
    method("chdir", f_chdir, "(path)", "Change the current working directory to the specified path."),
    method("fchdir", f_fchdir, "(fd)"),
    method("mkdir", f_mkdir, "(path, mode=0o777, *, dir_fd=None)", "Create a directory."),
    method("unlink", f_unlink, "(path, *, dir_fd=None)", "Remove a file (same as remove())."),
    method("remove", f_unlink, "(path, *, dir_fd=None)", "Remove a file (same as unlink())."),
    method("rmdir", f_rmdir, "(path, *, dir_fd=None)", "Remove a directory."),
    method("rename", f_rename, "(src, dst, *, src_dir_fd=None, dst_dir_fd=None)", "Rename a file or directory."),
    method("replace", f_rename, "(src, dst, *, src_dir_fd=None, dst_dir_fd=None)", "Rename a file or directory, overwriting the destination."),
    method("link", f_link, "(src, dst, *, src_dir_fd=None, dst_dir_fd=None, follow_symlinks=True)", "Create a hard link to a file."),
    method("symlink", f_symlink, "(src, dst, target_is_directory=False, *, dir_fd=None)", "Create a symbolic link pointing to src named dst."),
    method("readlink", f_readlink, "(path, *, dir_fd=None)", "Return a string representing the path to which the symbolic link points."),
    method("chmod", f_chmod, "(path, mode, *, dir_fd=None, follow_symlinks=True)", "Change the access permissions of a file."),
    method("fchmod", f_fchmod, "(fd, mode)"),
    method("chown", f_chown, "(path, uid, gid, *, dir_fd=None, follow_symlinks=True)"),
    method("fchown", f_fchown, "(fd, uid, gid)", "Change the owner and group id of the file specified by file descriptor."),
    method("lchown", f_lchown, "(path, uid, gid)", "Change the owner and group id of path to the numeric uid and gid."),
    method("chroot", f_chroot, "(path)", "Change root directory to path."),
    method("mknod", f_mknod, "(path, mode=0o600, device=0, *, dir_fd=None)", "Create a node in the file system."),
    method("mkfifo", f_mkfifo, "(path, mode=0o666, *, dir_fd=None)"),
    method("umask", f_umask, "(mask, /)", "Set the current numeric umask and return the previous umask."),
    method("utime", f_utime, "(path, times=None, *, ns=<unrepresentable>, dir_fd=None, follow_symlinks=True)", "Set the access and modified time of path."),
    method("urandom", f_urandom, "(size, /)", "Return a bytes object containing random bytes suitable for cryptographic use."),
    method("getrandom", f_getrandom, "(size, flags=0)"),
    {},
};

}  // namespace typhon
