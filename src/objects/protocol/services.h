// What the interpreter and the objects ask of the layers above them (runtime/): import, the namespaces of sys and builtins,
// running code. Declared here because those layers lie above; implemented in runtime/ (run_code: interpreter/).
#pragma once
#include "objects/module.h"

namespace typhon {

Dict* sys_modules(Thread& t);
Dict* sys_dict();
Dict* builtins_dict();
Ref current_builtins(Thread& t);           // the running Python frame's; builtins_dict() when none runs
Ref frame_builtin(Thread& t, Str* name);   // one of them, EMPTY when absent (protocol/attribute.cpp)
Ref sys_get(Thread& t, Str* name);                // sys.name or EMPTY
Ref import_module(Thread& t, const char* name);   // import a.b.c, returns a.b.c
// __import__ as the IMPORT_NAME instruction needs it.
Ref import_name(Thread& t, Str* name, Value globals, Value locals, Value fromlist, Value level);
Ref import_from(Thread& t, Value module, Str* name);
Status import_star(Thread& t, Value module, Value namespace_);
// What an error about a name that the module lacks can tell beside (runtime/module_hints.cpp).
struct ModuleHints {
  Ref origin;                   // the module's file, a str; EMPTY when not known
  bool initialising = false;    // its import is not over
  bool shadowing = false;       // it lies where the program's own files lie: it may hide another module
  bool shadows_stdlib = false;  // and it has the name of one of the standard library's
};
// From __spec__ (EMPTY and None tell nothing) and __name__; what these raise passes through.
Status module_hints(Thread& t, Value spec, Value name, ModuleHints* out);
// " (consider renaming ...)", for a module that is `shadowing`.
RefTo<Str> shadowing_advice(Thread& t, const ModuleHints& hints, Value name);
// Whether `name` is a submodule whose import is under way, according to its package's __spec__.
Result<bool> is_unfinished_submodule(Thread& t, Value spec, Str* name);
// Runs module or eval code in the given namespaces (exec / eval).
Ref run_code(Thread& t, Code* code, Value globals, Value locals, Value closure = EMPTY);

}  // namespace typhon
