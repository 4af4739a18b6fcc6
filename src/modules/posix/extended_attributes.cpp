// posix: extended attributes of files.
#include <string>
#include <sys/xattr.h>

#include "modules/posix/posix.h"

namespace typhon {
namespace {

// path, and whether links are followed: not with a descriptor.
Status target(Thread& t, PathOrFd* path, Value given, Value follow_argument, const char* function, bool allow_none, bool* follow) {
  TRY(path->get(t, given, function, true, allow_none));
  *follow = follow_argument.is_empty() || TRY(truth(t, follow_argument));
  if (path->c_path() == nullptr && !*follow)
    return raise(t, exc::ValueError, "%s: cannot use fd and follow_symlinks together", function);
  return ok();
}

Ref f_getxattr(Thread& t, Value, const Value* a) {
  PathOrFd path;
  bool follow;
  TRY(target(t, &path, a[0], a[2], "getxattr", false, &follow));
  PathArgument name;
  TRY(name.get(t, a[1], "getxattr", "attribute"));
  std::string buffer(128, 0);
  while (true) {
    i64 n = TRY(system_call(t, [&] {
      if (path.c_path() == nullptr) return fgetxattr(int(path.fd), name.path, buffer.data(), buffer.size());
      return follow ? getxattr(path.c_path(), name.path, buffer.data(), buffer.size())
                    : lgetxattr(path.c_path(), name.path, buffer.data(), buffer.size());
    }));
    if (n >= 0) return bytes_from(t, buffer.data(), size_t(n));
    if (errno != ERANGE || buffer.size() > 65536) return raise_path_errno(t, errno, path);
    buffer.resize(buffer.size() < 65536 ? 65536 : 1 << 20);
  }
}
Ref f_setxattr(Thread& t, Value, const Value* a) {
  PathOrFd path;
  bool follow;
  TRY(target(t, &path, a[0], a[4], "setxattr", false, &follow));
  PathArgument name;
  TRY(name.get(t, a[1], "setxattr", "attribute"));
  ByteView value(t);
  TRY(value.get(a[2]));
  int flags = a[3].is_empty() ? 0 : TRY(int_argument(t, a[3]));
  i64 result = TRY(system_call(t, [&] {
    if (path.c_path() == nullptr) return fsetxattr(int(path.fd), name.path, value.data(), value.size(), flags);
    return follow ? setxattr(path.c_path(), name.path, value.data(), value.size(), flags)
                  : lsetxattr(path.c_path(), name.path, value.data(), value.size(), flags);
  }));
  if (result < 0) return raise_path_errno(t, errno, path);
  return Ref::none();
}
Ref f_removexattr(Thread& t, Value, const Value* a) {
  PathOrFd path;
  bool follow;
  TRY(target(t, &path, a[0], a[2], "removexattr", false, &follow));
  PathArgument name;
  TRY(name.get(t, a[1], "removexattr", "attribute"));
  i64 result = TRY(system_call(t, [&] {
    if (path.c_path() == nullptr) return fremovexattr(int(path.fd), name.path);
    return follow ? removexattr(path.c_path(), name.path) : lremovexattr(path.c_path(), name.path);
  }));
  if (result < 0) return raise_path_errno(t, errno, path);
  return Ref::none();
}
Ref f_listxattr(Thread& t, Value, const Value* a) {
  PathOrFd path;
  bool follow;
  TRY(target(t, &path, a[0], a[1], "listxattr", true, &follow));
  std::string buffer(256, 0);
  i64 n;
  while (true) {
    n = TRY(system_call(t, [&] {
      if (path.c_path() == nullptr) return flistxattr(int(path.fd), buffer.data(), buffer.size());
      return follow ? listxattr(path.c_path(), buffer.data(), buffer.size()) : llistxattr(path.c_path(), buffer.data(), buffer.size());
    }));
    if (n >= 0) break;
    if (errno != ERANGE || buffer.size() > 65536) return raise_path_errno(t, errno, path);
    buffer.resize(buffer.size() < 65536 ? 65536 : 1 << 20);
  }
  RefTo<List> found = TRY(list_new(t));
  for (i64 i = 0; i < n; i += i64(strlen(buffer.data() + i)) + 1) {
    Ref name = TRY(decode_fs(t, buffer.data() + i, strlen(buffer.data() + i)));
    TRY(list_append(t, found.get(), std::move(name)));
  }
  return found;
}

}  // namespace

const Method kAttributeFunctions[] = {
    method("getxattr", f_getxattr, "(path, attribute, *, follow_symlinks=True)", "Return the value of extended attribute attribute on path."),
    method("setxattr", f_setxattr, "(path, attribute, value, flags=0, *, follow_symlinks=True)",
           "Set extended attribute attribute on path to value."),
    method("removexattr", f_removexattr, "(path, attribute, *, follow_symlinks=True)", "Remove extended attribute attribute on path."),
    method("listxattr", f_listxattr, "(path=None, *, follow_symlinks=True)", "Return a list of extended attributes on path."),
    {},
};

}  // namespace typhon
