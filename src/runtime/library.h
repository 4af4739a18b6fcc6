// Between runtime/, modules/sys and modules/_imp: files of the library that start-up needs, identity of the cache.
#pragma once
#include "runtime/runtime.h"

namespace typhon {

inline constexpr const char* kCacheTag = "typhon-314";
// Changes with every change of the instruction set or the marshal format of code.
inline constexpr u32 kBytecodeMagic = 0x0A0D540A;

// Code of a library file by its path inside the library folder; `filename` becomes co_filename.
Ref load_library_code(Thread& t, const char* relative, const char* filename);
// Runs such code as a new module `name` in sys.modules; `original`: what it is the code of. Runs Python code.
Ref run_library_module(Thread& t, const char* name, Value code, const char* original);
RefTo<Tuple> native_module_names(Thread& t);
Status start_core_modules(Thread& t);
Status start_importlib(Thread& t);
// What builtins.__import__ does, given an absolute or relative name.
Ref import_module_level(Thread& t, Str* name, Value globals, Value fromlist, i64 level);
Value sys_module();
Value builtins_module();
void set_sys_modules(Thread& t, Value modules);
// modules/sys: attributes that depend on the configuration and the paths found.
Status sys_set_paths(Thread& t);
Status sys_set_argv(Thread& t);
Status sys_set_streams(Thread& t);

}  // namespace typhon
