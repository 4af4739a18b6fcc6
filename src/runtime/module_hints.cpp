// What errors about a name that a module lacks tell of the module: a half-done import, a file that hides another module.
#include <limits.h>
#include <unistd.h>

#include <string>

#include "objects/protocol/protocol.h"
#include "objects/protocol/services.h"
#include "runtime/runtime.h"

namespace typhon {

namespace {

// The directory that start-up put first on sys.path ("" is the current one). Written before other threads run.
std::string g_first_directory;
bool g_has_first_directory = false;

// spec.origin, for a module that lies in a file; EMPTY otherwise.
Ref file_origin(Thread& t, Value spec) {
  Ref has_location = TRY(get_attribute_or_empty(t, spec, str_immortal(t, "has_location")));
  if (has_location.is_empty() || !TRY(truth(t, has_location))) return Ref();
  Ref origin = TRY(get_attribute_or_empty(t, spec, str_immortal(t, "origin")));
  return is_str(origin) ? std::move(origin) : Ref();
}

// Whether a file (or a package's __init__.py) lies directly in the first directory of sys.path.
Result<bool> lies_first(Thread& t, Str* origin) {
  if (!g_has_first_directory) return false;
  Utf8Buffer buffer;
  std::string_view path = str_utf8(origin, buffer);
  auto parent = [](std::string_view p) {
    size_t slash = p.rfind('/');
    return slash == std::string_view::npos ? std::string_view() : p.substr(0, slash);
  };
  std::string_view directory = parent(path);
  if (path.substr(path.rfind('/') + 1) == "__init__.py") directory = parent(directory);
  if (directory.empty()) return false;
  char cwd[PATH_MAX];
  std::string_view first = g_first_directory;
  if (first.empty()) {
    if (getcwd(cwd, sizeof cwd) == nullptr) return false;
    first = cwd;
  }
  Ref text = TRY(decode_fs(t, first.data(), first.size()));
  Utf8Buffer first_buffer;
  return str_utf8(text.as<Str>(), first_buffer) == directory;
}

}  // namespace

void remember_first_directory(std::string_view directory) {
  g_first_directory = directory;
  g_has_first_directory = true;
}

Status module_hints(Thread& t, Value spec, Value name, ModuleHints* out) {
  if (spec.is_empty() || spec.is_none()) return ok();
  out->origin = TRY(file_origin(t, spec));
  if (!out->origin.is_empty()) out->shadowing = TRY(lies_first(t, out->origin.as<Str>()));
  if (out->shadowing && is_str(name)) {
    Ref known = sys_get(t, str_immortal(t, "stdlib_module_names"));
    if (is_set(known) || is_frozenset(known)) out->shadows_stdlib = TRY(set_contains_py(t, known.as<Set>(), name));
  }
  Ref flag = TRY(get_attribute_or_empty(t, spec, names::_initializing));
  out->initialising = !flag.is_empty() && TRY(truth(t, flag));
  return ok();
}

Result<bool> is_unfinished_submodule(Thread& t, Value spec, Str* name) {
  if (spec.is_empty() || spec.is_none()) return false;
  Ref unfinished = TRY(get_attribute_or_empty(t, spec, str_immortal(t, "_uninitialized_submodules")));
  if (unfinished.is_empty()) return false;
  return contains(t, unfinished, Value(name));
}

RefTo<Str> shadowing_advice(Thread& t, const ModuleHints& hints, Value name) {
  if (hints.shadows_stdlib)
    return str_format(t,
                      " (consider renaming %R since it has the same name as the standard library module named %R and prevents "
                      "importing that standard library module)",
                      hints.origin.get(), name);
  return str_format(t, " (consider renaming %R if it has the same name as a library you intended to import)", hints.origin.get());
}

}  // namespace typhon
