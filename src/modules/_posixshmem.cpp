// _posixshmem: named POSIX shared memory (multiprocessing.shared_memory).
#include <fcntl.h>
#include <sys/mman.h>

#include <cerrno>
#include <string>

#include "modules/posix/posix.h"

namespace typhon {
namespace {

Status name_argument(Thread& t, Value v, const char* function, std::string* out) {
  if (!is_str(v)) return raise(t, exc::TypeError, "%s() argument 'path' must be str, not %T", function, v);
  Utf8Argument name;
  TRY(name.get(t, v, "path"));
  *out = name.text;
  if (out->find('\0') != std::string::npos) return raise(t, exc::ValueError, "%s: embedded null character in path", function);
  return ok();
}

Ref f_shm_open(Thread& t, Value, const Value* a) {
  std::string name;
  TRY(name_argument(t, a[0], "shm_open", &name));
  int flags = TRY(int_argument(t, a[1])), mode = a[2].is_empty() ? 0777 : TRY(int_argument(t, a[2]));
  i64 fd = TRY(system_call(t, [&] { return shm_open(name.c_str(), flags, mode_t(mode)); }));
  if (fd < 0) return raise_errno(t, errno, a[0]);
  return int_from(t, fd);
}
Ref f_shm_unlink(Thread& t, Value, const Value* a) {
  std::string name;
  TRY(name_argument(t, a[0], "shm_unlink", &name));
  if (TRY(system_call(t, [&] { return shm_unlink(name.c_str()); })) < 0) return raise_errno(t, errno, a[0]);
  return Ref::none();
}

const Method kFunctions[] = {
    method("shm_open", f_shm_open, "($module, /, path, flags, mode=511)",
           "Open a shared memory object.  Returns a file descriptor (integer)."),
    method("shm_unlink", f_shm_unlink, "($module, path, /)",
           "Remove a shared memory object (similar to unlink()).\n\nRemove a shared memory object name, and, once all processes "
           "have\nunmapped the object, de-allocates and destroys the contents of the\nassociated memory region."),
    {},
};

}  // namespace

extern const ModuleDef module__posixshmem;
const ModuleDef module__posixshmem = {"_posixshmem", "POSIX shared memory module", kFunctions, nullptr};

}  // namespace typhon
