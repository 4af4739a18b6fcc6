// posix: the module itself, argument conversions, environment.
#include "modules/posix/posix.h"

#include <climits>
#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

extern char** environ;

namespace typhon {

Result<int> int_argument(Thread& t, Value v) {
  i64 n = TRY(to_i64(t, v, "Python int too large to convert to C int"));
  if (n > INT_MAX || n < INT_MIN) return raise(t, exc::OverflowError, "signed integer is greater than maximum");
  return int(n);
}

Result<i64> fd_argument(Thread& t, Value v) {
  if (is_int(v)) {
    if (v.is_bool()) TRY(warn(t, exc::RuntimeWarning, 1, "bool is used as a file descriptor"));
    i64 fd = TRY(to_i64(t, v, "Python int too large to convert to C int"));
    if (fd > INT_MAX) return raise(t, exc::OverflowError, "Python int too large to convert to C int");
    if (fd < INT_MIN) return raise(t, exc::OverflowError, "Python int too large to convert to C int");
    return fd;
  }
  Ref hook = TRY(get_attribute_or_empty(t, v, names::fileno));
  if (hook.is_empty()) return raise(t, exc::TypeError, "argument must be an int, or have a fileno() method.");
  Ref fd = TRY(call(t, hook));
  if (!is_int(fd)) return raise(t, exc::TypeError, "fileno() returned a non-integer");
  i64 n = TRY(to_i64(t, fd));
  if (n < 0) return raise(t, exc::ValueError, "file descriptor cannot be a negative integer (%zd)", n);
  return n;
}

Result<i64> dir_fd_argument(Thread& t, Value v) {
  if (v.is_empty() || v.is_none()) return i64(AT_FDCWD);
  if (!is_int(v) && type_of(v)->slots.index == nullptr) return raise(t, exc::TypeError, "argument should be integer or None, not %T", v);
  if (v.is_bool()) TRY(warn(t, exc::RuntimeWarning, 1, "bool is used as a file descriptor"));
  i64 fd = TRY(to_i64(t, v, "Python int too large to convert to C int"));
  if (fd > INT_MAX) return raise(t, exc::OverflowError, "fd is greater than maximum");
  if (fd < INT_MIN) return raise(t, exc::OverflowError, "fd is less than minimum");
  return fd;
}

Status PathOrFd::get(Thread& t, Value v, const char* function, bool allow_fd, bool allow_none) {
  given = v;
  if (allow_none && (v.is_empty() || v.is_none())) {
    path.path = ".";
    path.size = 1;
    given = EMPTY;
    return ok();
  }
  if (allow_fd && (is_int(v) || (!is_str(v) && !is_bytes(v) && type_of(v)->slots.index != nullptr))) {
    if (v.is_bool()) TRY(warn(t, exc::RuntimeWarning, 1, "bool is used as a file descriptor"));
    fd = TRY(to_i64(t, v));
    if (fd > INT_MAX) return raise(t, exc::OverflowError, "fd is greater than maximum");
    if (fd < INT_MIN) return raise(t, exc::OverflowError, "fd is less than minimum");
    return ok();
  }
  if (!is_str(v) && !is_bytes(v) && type_lookup(type_of(v), names::__fspath__).is_empty())
    return raise(t, exc::TypeError, "%s: path should be string, bytes%s%s, not %T", function, allow_fd && !allow_none ? ", os.PathLike or integer" : allow_fd ? ", os.PathLike, integer or None" : allow_none ? ", os.PathLike or None" : " or os.PathLike", "", v);
  return path.get(t, v, function, "path");
}

Status add_functions(Thread& t, Module* module, const char* module_name, const Method* rows) {
  RefTo<Str> name = TRY(str_from_ascii(t, module_name));
  name = TRY(str_intern(t, name));
  for (; rows->name != nullptr; rows++) {
    Ref function = TRY(native_function_new(t, rows, module, name));
    TRY(module_add(t, module, rows->name, function.get()));
  }
  return ok();
}

Raised raise_path_errno(Thread& t, int error, const PathOrFd& path) { return raise_errno(t, error, path.given); }

namespace {

Ref environment(Thread& t) {
  RefTo<Dict> d = TRY(dict_new(t));
  for (char** entry = environ; *entry != nullptr; entry++) {
    const char* equals = strchr(*entry, '=');
    if (equals == nullptr) continue;
    RefTo<Bytes> key = TRY(bytes_from(t, *entry, size_t(equals - *entry)));
    RefTo<Bytes> value = TRY(bytes_from(t, equals + 1, strlen(equals + 1)));
    Ref there = TRY(dict_setdefault_py(t, d.get(), key, value));
  }
  return d;
}

Status env_text(Thread& t, Value v, PathArgument* out, const char* function) {
  return out->get(t, v, function, "key");
}
Ref f_putenv(Thread& t, Value, const Value* a) {
  PathArgument key, value;
  TRY(env_text(t, a[0], &key, "putenv"));
  TRY(env_text(t, a[1], &value, "putenv"));
  if (key.size == 0 || strchr(key.path, '=') != nullptr) return raise(t, exc::ValueError, "illegal environment variable name");
  if (setenv(key.path, value.path, 1) != 0) return raise_errno(t, errno);
  return Ref::none();
}
Ref f_unsetenv(Thread& t, Value, const Value* a) {
  PathArgument key;
  TRY(env_text(t, a[0], &key, "unsetenv"));
  if (unsetenv(key.path) != 0) return raise_errno(t, errno);
  return Ref::none();
}
Ref f_create_environ(Thread& t, Value, const Value*) { return environment(t); }

Ref f_fspath(Thread& t, Value, const Value* a) { return fs_path_py(t, a[0]); }
Ref f_strerror(Thread& t, Value, const Value* a) {
  char text[256];
  return str_from_utf8(t, strerror_r(int(TRY(to_i64(t, a[0]))), text, sizeof text));
}

// posixpath.normpath; and splitroot: (drive, root, tail).
Ref f_path_normpath(Thread& t, Value, const Value* a) {
  Ref given = TRY(fs_path_py(t, a[0]));
  PathArgument keep;
  bool was_bytes = is_bytes(given);
  Utf8Buffer buffer;
  std::string_view path;
  if (was_bytes)
    path = {reinterpret_cast<char*>(given.as<Bytes>()->data), given.as<Bytes>()->size};
  else
    path = str_utf8(given.as<Str>(), buffer);
  auto result = [&](std::string_view text) -> Ref {
    if (was_bytes) return bytes_from(t, text.data(), text.size());
    return str_from_utf8(t, text);
  };
  if (path.empty()) return result(".");
  size_t slashes = 0;
  if (path[0] == '/') slashes = path.size() > 1 && path[1] == '/' && !(path.size() > 2 && path[2] == '/') ? 2 : 1;
  RefTo<Bytes> out = TRY(bytes_allocate(t, path.size() + 2));
  char* p = reinterpret_cast<char*>(out->data);
  size_t n = 0;
  for (size_t i = 0; i < slashes; i++) p[n++] = '/';
  size_t i = 0;
  while (i < path.size()) {
    size_t end = path.find('/', i);
    if (end == std::string_view::npos) end = path.size();
    std::string_view part = path.substr(i, end - i);
    i = end + 1;
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      // Removes the part before it, unless that is ".." or there is none; above the root there is nothing.
      size_t start = n;
      while (start > slashes && p[start - 1] != '/') start--;
      std::string_view previous(p + start, n - start);
      if (n > slashes && previous != "..") {
        n = start > slashes ? start - 1 : start;
        continue;
      }
      if (slashes != 0) continue;
    }
    if (n > slashes) p[n++] = '/';
    memcpy(p + n, part.data(), part.size());
    n += part.size();
  }
  if (n == 0) return result(".");
  return result({p, n});
}
Ref f_path_splitroot(Thread& t, Value, const Value* a) {
  Ref given = TRY(fs_path_py(t, a[0]));
  if (is_bytes(given)) {
    auto* b = given.as<Bytes>();
    size_t n = 0;
    if (b->size > 0 && b->data[0] == '/') n = b->size > 1 && b->data[1] == '/' && !(b->size > 2 && b->data[2] == '/') ? 2 : 1;
    RefTo<Bytes> drive = TRY(bytes_from(t, "", 0)), root = TRY(bytes_from(t, b->data, n)), tail = TRY(bytes_from(t, b->data + n, b->size - n));
    return tuple_of(t, drive, root, tail);
  }
  Str* s = given.as<Str>();
  size_t n = 0;
  if (s->length() > 0 && s->at(0) == '/') n = s->length() > 1 && s->at(1) == '/' && !(s->length() > 2 && s->at(2) == '/') ? 2 : 1;
  RefTo<Str> drive = TRY(str_from_ascii(t, "")), root = TRY(str_substring(t, s, 0, n)), tail = TRY(str_substring(t, s, n, s->length()));
  return tuple_of(t, drive, root, tail);
}
Ref f_false(Thread&, Value, const Value*) { return Ref::boolean(false); }

Ref f_device_encoding(Thread& t, Value, const Value* a) {
  i64 fd = TRY(to_i64(t, a[0]));
  if (!isatty(int(fd))) return Ref::none();
  return Ref::copy(names::utf_8);
}

const Method kOwnFunctions[] = {
    method("putenv", f_putenv, "(name, value, /)", "Change or add an environment variable."),
    method("unsetenv", f_unsetenv, "(name, /)", "Delete an environment variable."),
    method("_create_environ", f_create_environ, "()"),
    method("fspath", f_fspath, "(path)", "Return the file system path representation of the object."),
    method("strerror", f_strerror, "(code, /)", "Translate an error code to a message string."),
    method("_path_normpath", f_path_normpath, "(path)"),
    method("_path_splitroot_ex", f_path_splitroot, "(path, /)"),
    method("_inputhook", f_false, "()"),
    method("_is_inputhook_installed", f_false, "()"),
    method("device_encoding", f_device_encoding, "(fd)", "Return a string describing the encoding of a terminal's file descriptor."),
    {},
};

Status initialise(Thread& t, Module* module) {
  for (const Method* rows : {kFileFunctions, kTransferFunctions, kAttributeFunctions, kProcessFunctions, kExecFunctions, kForkFunctions, kSchedulingFunctions,
                             kIdentityFunctions, kConfigurationFunctions, kTerminalFunctions, kTimerFunctions, kDirectoryFunctions,
                             kStatFunctions}) TRY(add_functions(t, module, "posix", rows));
  TRY(add_directory_types(t, module));
  TRY(add_stat_types(t, module));
  TRY(add_scheduling_types(t, module));
  TRY(add_configuration(t, module));
  TRY(add_terminal_types(t, module));
  TRY(add_process_types(t, module));
  TRY(add_fork_types(t, module));
  TRY(add_constants(t, module));
  TRY(module_add(t, module, "error", Value(exc::OSError)));
  return module_add(t, module, "environ", environment(t));
}

}  // namespace

extern const ModuleDef module_posix;
const ModuleDef module_posix = {"posix", "This module provides access to operating system functionality that is\nstandardized by the C Standard and the POSIX standard (a thinly\ndisguised Unix interface).", kOwnFunctions, initialise};

}  // namespace typhon
