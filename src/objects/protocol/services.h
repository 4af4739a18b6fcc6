// What the interpreter and the objects ask of the layers above them (runtime/): import, the namespaces of sys and builtins,
// running code. Declared here because those layers lie above; implemented in runtime/ (run_code: interpreter/).
#pragma once
#include "objects/module.h"

namespace typhon {

Dict* sys_modules(Thread& t);
Dict* sys_dict();
Dict* builtins_dict();
Ref sys_get(Thread& t, Str* name);                // sys.name or EMPTY
Ref import_module(Thread& t, const char* name);   // import a.b.c, returns a.b.c
// __import__ as the IMPORT_NAME instruction needs it.
Ref import_name(Thread& t, Str* name, Value globals, Value locals, Value fromlist, Value level);
Ref import_from(Thread& t, Value module, Str* name);
Status import_star(Thread& t, Value module, Value namespace_);
// Runs module or eval code in the given namespaces (exec / eval).
Ref run_code(Thread& t, Code* code, Value globals, Value locals, Value closure = EMPTY);

}  // namespace typhon
