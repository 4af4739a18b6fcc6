// fcntl: fcntl, ioctl, flock and lockf.
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>

#include "modules/posix/posix.h"

namespace typhon {
namespace {

constexpr size_t kBufferSize = 1024;

Result<int> descriptor(Thread& t, Value v) {
  i64 fd = TRY(fd_argument(t, v));
  if (fd < 0) return raise(t, exc::ValueError, "file descriptor cannot be a negative integer (%zd)", fd);
  return int(fd);
}
Result<u64> word_argument(Thread& t, Value v) {
  Ref number = TRY(to_index(t, v));
  return int_low_u64(number);
}
bool is_number(Value v) { return is_int(v) || (v.is_object() && !type_lookup(type_of(v), names::__index__).is_empty()); }

Ref f_fcntl(Thread& t, Value, const Value* a) {
  int fd = TRY(descriptor(t, a[0]));
  int command = int(TRY(to_i64(t, a[1], "Python int too large to convert to C int")));
  if (a[2].is_empty() || is_number(a[2])) {
    u64 argument = a[2].is_empty() ? 0 : TRY(word_argument(t, a[2]));
    i64 result = TRY(system_call(t, [&] { return fcntl(fd, command, long(int(argument))); }));
    if (result < 0) return raise_errno(t, errno);
    return int_from(t, result);
  }
  char buffer[kBufferSize + 1];
  size_t size;
  if (is_str(a[2])) {
    Utf8Buffer utf8;
    std::string_view text = str_utf8(a[2].as<Str>(), utf8);
    if (text.size() > kBufferSize) return raise(t, exc::ValueError, "fcntl argument 3 is too long");
    memcpy(buffer, text.data(), size = text.size());
  } else {
    ByteView view(t);
    TRY(view.get(a[2]));
    if (view.size() > kBufferSize) return raise(t, exc::ValueError, "fcntl argument 3 is too long");
    memcpy(buffer, view.data(), size = view.size());
  }
  buffer[size] = 0;
  i64 result = TRY(system_call(t, [&] { return fcntl(fd, command, buffer); }));
  if (result < 0) return raise_errno(t, errno);
  return bytes_from(t, buffer, size);
}

Ref f_ioctl(Thread& t, Value, const Value* a) {
  int fd = TRY(descriptor(t, a[0]));
  u64 request = TRY(word_argument(t, a[1]));
  if (a[2].is_empty() || is_number(a[2])) {
    u64 argument = a[2].is_empty() ? 0 : TRY(word_argument(t, a[2]));
    i64 result = TRY(system_call(t, [&] { return ioctl(fd, request, int(argument)); }));
    if (result < 0) return raise_errno(t, errno);
    return int_from(t, result);
  }
  bool mutate = a[3].is_empty() ? true : TRY(truth(t, a[3]));
  char buffer[kBufferSize + 1];
  if (mutate && !is_str(a[2]) && !is_bytes(a[2])) {
    ByteView view(t);
    if (view.get(a[2], true).failed()) {
      clear_exception(t);  // not writable: works on a copy below
    } else {
      bool small = view.size() <= kBufferSize;
      char* data = reinterpret_cast<char*>(view.data());
      if (small) {
        memcpy(buffer, data, view.size());
        buffer[view.size()] = 0;
      }
      char* used = small ? buffer : data;
      i64 result = TRY(system_call(t, [&] { return ioctl(fd, request, used); }));
      int error = errno;
      if (small) memcpy(data, buffer, view.size());
      if (result < 0) return raise_errno(t, error);
      return int_from(t, result);
    }
  }
  size_t size;
  if (is_str(a[2])) {
    Utf8Buffer utf8;
    std::string_view text = str_utf8(a[2].as<Str>(), utf8);
    if (text.size() > kBufferSize) return raise(t, exc::ValueError, "ioctl argument 3 is too long");
    memcpy(buffer, text.data(), size = text.size());
  } else {
    ByteView view(t);
    TRY(view.get(a[2]));
    if (view.size() > kBufferSize) return raise(t, exc::ValueError, "ioctl argument 3 is too long");
    memcpy(buffer, view.data(), size = view.size());
  }
  buffer[size] = 0;
  i64 result = TRY(system_call(t, [&] { return ioctl(fd, request, buffer); }));
  if (result < 0) return raise_errno(t, errno);
  return bytes_from(t, buffer, size);
}

Ref f_flock(Thread& t, Value, const Value* a) {
  int fd = TRY(descriptor(t, a[0]));
  int operation = int(TRY(to_i64(t, a[1], "Python int too large to convert to C int")));
  i64 result = TRY(system_call(t, [&] { return flock(fd, operation); }));
  if (result < 0) return raise_errno(t, errno);
  return Ref::none();
}

Ref f_lockf(Thread& t, Value, const Value* a) {
  int fd = TRY(descriptor(t, a[0]));
  int operation = int(TRY(to_i64(t, a[1], "Python int too large to convert to C int")));
  struct flock lock = {};
  if (operation == LOCK_UN)
    lock.l_type = F_UNLCK;
  else if (operation & LOCK_SH)
    lock.l_type = F_RDLCK;
  else if (operation & LOCK_EX)
    lock.l_type = F_WRLCK;
  else
    return raise(t, exc::ValueError, "unrecognized lockf argument");
  if (!a[2].is_empty()) lock.l_len = TRY(to_i64(t, a[2]));
  if (!a[3].is_empty()) lock.l_start = TRY(to_i64(t, a[3]));
  lock.l_whence = a[4].is_empty() ? SEEK_SET : short(TRY(to_i64(t, a[4])));
  i64 result = TRY(system_call(t, [&] { return fcntl(fd, operation & LOCK_NB ? F_SETLK : F_SETLKW, &lock); }));
  if (result < 0) return raise_errno(t, errno);
  return Ref::none();
}

const Method kFunctions[] = {
    method("fcntl", f_fcntl, "($module, fd, cmd, arg=0, /)", "Perform the operation `cmd` on file descriptor fd."),
    method("ioctl", f_ioctl, "($module, fd, request, arg=0, mutate_flag=True, /)", "Perform the operation request on file descriptor fd."),
    method("flock", f_flock, "($module, fd, operation, /)", "Perform the lock operation `operation` on file descriptor `fd`."),
    method("lockf", f_lockf, "($module, fd, cmd, len=0, start=0, whence=0, /)", "A wrapper around the fcntl() locking calls."),
    {},
};
constexpr struct {
  const char* name;
  i64 value;
} kConstants[] = {
    {"LOCK_SH", LOCK_SH}, {"LOCK_EX", LOCK_EX}, {"LOCK_NB", LOCK_NB}, {"LOCK_UN", LOCK_UN}, {"LOCK_MAND", 32}, {"LOCK_READ", 64},
    {"LOCK_WRITE", 128}, {"LOCK_RW", 192}, {"F_DUPFD", F_DUPFD}, {"F_DUPFD_CLOEXEC", F_DUPFD_CLOEXEC}, {"F_GETFD", F_GETFD},
    {"F_SETFD", F_SETFD}, {"F_GETFL", F_GETFL}, {"F_SETFL", F_SETFL}, {"F_GETLK", F_GETLK}, {"F_SETLK", F_SETLK},
    {"F_SETLKW", F_SETLKW}, {"F_OFD_GETLK", 36}, {"F_OFD_SETLK", 37}, {"F_OFD_SETLKW", 38}, {"F_GETOWN", 9}, {"F_SETOWN", 8},
    {"F_GETSIG", 11}, {"F_SETSIG", 10}, {"F_RDLCK", F_RDLCK}, {"F_WRLCK", F_WRLCK}, {"F_UNLCK", F_UNLCK}, {"F_GETLK64", 5},
    {"F_SETLK64", 6}, {"F_SETLKW64", 7}, {"FASYNC", 0x2000}, {"F_SETLEASE", 1024}, {"F_GETLEASE", 1025}, {"F_NOTIFY", 1026},
    {"F_DUPFD_QUERY", 1027}, {"F_EXLCK", 4}, {"F_SHLCK", 8}, {"F_SETPIPE_SZ", 1031}, {"F_GETPIPE_SZ", 1032}, {"FICLONE", FICLONE},
    {"FICLONERANGE", FICLONERANGE}, {"F_GETOWN_EX", 16}, {"F_SETOWN_EX", 15}, {"F_OWNER_TID", 0}, {"F_OWNER_PID", 1},
    {"F_OWNER_PGRP", 2}, {"F_GET_RW_HINT", 1035}, {"F_SET_RW_HINT", 1036}, {"F_GET_FILE_RW_HINT", 1037},
    {"F_SET_FILE_RW_HINT", 1038}, {"RWH_WRITE_LIFE_NOT_SET", 0}, {"RWH_WRITE_LIFE_NONE", 1}, {"RWH_WRITE_LIFE_SHORT", 2},
    {"RWH_WRITE_LIFE_MEDIUM", 3}, {"RWH_WRITE_LIFE_LONG", 4}, {"RWH_WRITE_LIFE_EXTREME", 5}, {"FD_CLOEXEC", FD_CLOEXEC},
    {"DN_ACCESS", 1}, {"DN_MODIFY", 2}, {"DN_CREATE", 4}, {"DN_DELETE", 8}, {"DN_RENAME", 16}, {"DN_ATTRIB", 32},
    {"DN_MULTISHOT", 0x80000000}, {"F_ADD_SEALS", 1033}, {"F_GET_SEALS", 1034}, {"F_SEAL_SEAL", 1}, {"F_SEAL_SHRINK", 2},
    {"F_SEAL_GROW", 4}, {"F_SEAL_WRITE", 8}, {"F_SEAL_FUTURE_WRITE", 16},
};
Status initialise(Thread& t, Module* module) {
  for (const auto& row : kConstants) TRY(module_add_int(t, module, row.name, row.value));
  return ok();
}

}  // namespace

extern const ModuleDef module_fcntl;
const ModuleDef module_fcntl = {"fcntl", "This module performs file control and I/O control on file\ndescriptors.  It is an interface to the fcntl() and ioctl() Unix\nroutines.  File descriptors can be obtained with the fileno() method of\na file or socket object.", kFunctions, initialise};

}  // namespace typhon
