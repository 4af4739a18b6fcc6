// posix: stat and its relatives.
#include <climits>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include "modules/posix/posix.h"

namespace typhon {
namespace {

Type* g_stat_result;
Type* g_statvfs_result;

constexpr StructSequenceField kStatFields[] = {
    {"st_mode"}, {"st_ino"}, {"st_dev"}, {"st_nlink"}, {"st_uid"}, {"st_gid"}, {"st_size"}, {"unnamed_atime"}, {"unnamed_mtime"},
    {"unnamed_ctime"}, {"st_atime"}, {"st_mtime"}, {"st_ctime"}, {"st_atime_ns"}, {"st_mtime_ns"}, {"st_ctime_ns"},
    {"st_blksize"}, {"st_blocks"}, {"st_rdev"}, {}};
constexpr StructSequenceField kStatvfsFields[] = {{"f_bsize"}, {"f_frsize"}, {"f_blocks"}, {"f_bfree"}, {"f_bavail"}, {"f_files"},
                                                  {"f_ffree"}, {"f_favail"}, {"f_flag"}, {"f_namemax"}, {"f_fsid"}, {}};

Ref do_stat(Thread& t, Value v, const char* function, bool allow_fd, Value dir_fd, bool follow) {
  PathOrFd path;
  TRY(path.get(t, v, function, allow_fd));
  i64 directory = TRY(dir_fd_argument(t, dir_fd));
  struct stat s;
  if (path.fd >= 0 && !follow) return raise(t, exc::ValueError, "%s: cannot use fd and follow_symlinks together", function);
  i64 result = TRY(system_call(t, [&] {
    if (path.c_path() == nullptr) return fstat(int(path.fd), &s);
    return fstatat(int(directory), path.c_path(), &s, follow ? 0 : AT_SYMLINK_NOFOLLOW);
  }));
  if (result != 0) return raise_path_errno(t, errno, path);
  return make_stat_result(t, s);
}

Ref f_stat(Thread& t, Value, const Value* a) {
  bool follow = a[2].is_empty() || TRY(truth(t, a[2]));
  return do_stat(t, a[0], "stat", true, a[1], follow);
}
Ref f_lstat(Thread& t, Value, const Value* a) { return do_stat(t, a[0], "lstat", false, a[1], false); }
Ref f_fstat(Thread& t, Value, const Value* a) {
  i64 fd = TRY(fd_argument(t, a[0]));
  struct stat s;
  if (TRY(system_call(t, [&] { return fstat(int(fd), &s); })) != 0) return raise_errno(t, errno);
  return make_stat_result(t, s);
}

Ref make_statvfs(Thread& t, const struct statvfs& s) {
  RootedVector v(t);
  for (u64 n : {u64(s.f_bsize), u64(s.f_frsize), u64(s.f_blocks), u64(s.f_bfree), u64(s.f_bavail), u64(s.f_files), u64(s.f_ffree),
                u64(s.f_favail), u64(s.f_flag), u64(s.f_namemax), u64(s.f_fsid)})
    v.push(TRY(int_from_u64(t, n)));
  return struct_sequence_new(t, g_statvfs_result, v.data(), v.size());
}
Ref f_statvfs(Thread& t, Value, const Value* a) {
  PathOrFd path;
  TRY(path.get(t, a[0], "statvfs", true));
  struct statvfs s;
  if (TRY(system_call(t, [&] { return path.c_path() ? statvfs(path.c_path(), &s) : fstatvfs(int(path.fd), &s); })) != 0) return raise_path_errno(t, errno, path);
  return make_statvfs(t, s);
}
// Device numbers; -1 is "no device", as a whole and in its parts.
Result<u64> device_argument(Thread& t, Value v, u64 largest, const char* overflow_message) {
  Ref number = TRY(to_index(t, v));
  i64 n;
  if (int_fits_i64(number, &n) && n == -1) return largest;
  if (int_sign(number) < 0) return raise(t, exc::OverflowError, "can't convert negative int to unsigned");
  u64 device;
  if (!int_fits_u64(number, &device) || device > largest) return raise(t, exc::OverflowError, overflow_message);
  return device;
}
Ref device_part(Thread& t, u64 device, unsigned part) {
  if (device == ~u64(0)) return Ref::adopt(Value::small_int(-1));
  return int_from(t, part);
}
Ref f_major(Thread& t, Value, const Value* a) {
  u64 device = TRY(device_argument(t, a[0], ~u64(0), "int too big to convert"));
  return device_part(t, device, major(dev_t(device)));
}
Ref f_minor(Thread& t, Value, const Value* a) {
  u64 device = TRY(device_argument(t, a[0], ~u64(0), "int too big to convert"));
  return device_part(t, device, minor(dev_t(device)));
}
Ref f_makedev(Thread& t, Value, const Value* a) {
  u64 parts[2];
  for (int i = 0; i < 2; i++) parts[i] = TRY(device_argument(t, a[i], UINT_MAX, "Python int too large to convert to C unsigned int"));
  u64 device = makedev(unsigned(parts[0]), unsigned(parts[1]));
  if (device == ~u64(0)) return Ref::adopt(Value::small_int(-1));
  return int_from_u64(t, device);
}

}  // namespace

Ref make_stat_result(Thread& t, const struct stat& s) {
  RootedVector v(t);
  auto integer = [&](u64 n) -> Status {
    v.push(TRY(int_from_u64(t, n)));
    return ok();
  };
  for (u64 n : {u64(s.st_mode), u64(s.st_ino), u64(s.st_dev), u64(s.st_nlink), u64(s.st_uid), u64(s.st_gid)}) TRY(integer(n));
  v.push(TRY(int_from(t, s.st_size)));
  const timespec* times[] = {&s.st_atim, &s.st_mtim, &s.st_ctim};
  for (const timespec* time : times) v.push(TRY(int_from(t, time->tv_sec)));
  for (const timespec* time : times) v.push(float_from(t, double(time->tv_sec) + 1e-9 * double(time->tv_nsec)));
  for (const timespec* time : times) v.push(TRY(int_from_big(t, i128(time->tv_sec) * 1000000000 + time->tv_nsec)));
  for (u64 n : {u64(s.st_blksize), u64(s.st_blocks), u64(s.st_rdev)}) TRY(integer(n));
  return struct_sequence_new(t, g_stat_result, v.data(), v.size());
}

Status add_stat_types(Thread& t, Module* module) {
  g_stat_result = TRY(struct_sequence_type(t, "os.stat_result", "stat_result: Result from stat, fstat, or lstat.", kStatFields, 10)).get();
  TRY(module_add(t, module, "stat_result", Value(g_stat_result)));
  g_statvfs_result = TRY(struct_sequence_type(t, "os.statvfs_result", nullptr, kStatvfsFields, 10)).get();
  return module_add(t, module, "statvfs_result", Value(g_statvfs_result));
}

const Method kStatFunctions[] = {
    method("stat", f_stat, "(path, *, dir_fd=None, follow_symlinks=True)", "Perform a stat system call on the given path."),
    method("lstat", f_lstat, "(path, *, dir_fd=None)", "Perform a stat system call on the given path, without following symbolic links."),
    method("fstat", f_fstat, "(fd)", "Perform a stat system call on the given file descriptor."),
    method("statvfs", f_statvfs, "(path)", "Perform a statvfs system call on the given path."),
    method("fstatvfs", f_statvfs, "(fd, /)", "Perform an fstatvfs system call on the given fd."),
    method("major", f_major, "(device, /)", "Extracts a device major number from a raw device number."),
    method("minor", f_minor, "(device, /)", "Extracts a device minor number from a raw device number."),
    method("makedev", f_makedev, "(major, minor, /)", "Composes a raw device number from the major and minor device numbers."),
    {},
};

}  // namespace typhon
