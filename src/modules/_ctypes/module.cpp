// The module _ctypes.
#include <dlfcn.h>

#include <ctime>

#include "modules/_ctypes/ctypes.h"

namespace typhon {
namespace {

Status add_functions(Thread& t, Module* module, const Method* rows) {
  RefTo<Str> name = TRY(str_from_ascii(t, "_ctypes"));
  for (; rows->name != nullptr; rows++) TRY(module_add(t, module, rows->name, TRY(native_function_new(t, rows, Value(module), name))));
  return ok();
}

Status initialise(Thread& t, Module* module) {
  using namespace ctypes;
  TRY(n::initialise(t));
  TRY(initialise_metatypes(t));
  TRY(initialise_data(t, module));
  TRY(initialise_arguments(t));
  TRY(initialise_callbacks(t));
  TRY(initialise_structs(t, module));
  TRY(initialise_arrays(t, module));
  TRY(initialise_pointers(t, module));
  TRY(initialise_simple(t, module));
  TRY(initialise_functions(t, module));
  TRY(initialise_memory(t, module));
  TRY(initialise_python_api(t));
  if (g_argument_error == nullptr) TRY(module_add_exception(t, module, "ctypes.ArgumentError", exc::Exception, &g_argument_error));
  TRY(module_add(t, module, "ArgumentError", Value(g_argument_error)));
  for (const Method* rows : {kDataFunctions, kMemoryFunctions, kLibraryFunctions}) TRY(add_functions(t, module, rows));
  const struct {
    const char* name;
    i64 value;
  } kConstants[] = {
      {"FUNCFLAG_CDECL", kFlagCdecl}, {"FUNCFLAG_PYTHONAPI", kFlagPythonApi}, {"FUNCFLAG_USE_ERRNO", kFlagErrno},
      {"FUNCFLAG_USE_LASTERROR", kFlagLastError}, {"RTLD_LOCAL", RTLD_LOCAL}, {"RTLD_GLOBAL", RTLD_GLOBAL},
      {"CTYPES_MAX_ARGCOUNT", kMaxArguments}, {"SIZEOF_TIME_T", sizeof(time_t)},
  };
  for (const auto& row : kConstants) TRY(module_add_int(t, module, row.name, row.value));
  return module_add_str(t, module, "__version__", "1.1.0");
}

}  // namespace

extern const ModuleDef module__ctypes;
const ModuleDef module__ctypes = {"_ctypes", "Create and manipulate C compatible data types in Python.", nullptr, initialise};

}  // namespace typhon
