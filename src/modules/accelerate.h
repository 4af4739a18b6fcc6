// Native parts for modules of the library that have none of their own in CPython.
#pragma once
#include "objects/protocol/protocol.h"

namespace typhon {

// Called when the code of a module has been executed in its namespace: when that was the library's own file of one of the modules
// that have a native part, that takes the place of what the Python code has just defined. Once for each: when a program imports one
// of them a second time, afresh, that one stays as it is.
Status accelerate_module(Thread& t, Code* code, Dict* globals);

// --- what the native parts share
// The instance's own attribute; EMPTY when it has none. `cache`: shape and slot of the last one asked.
Ref own_attribute(Thread& t, Object* object, Str* name, u64* cache);
// The class that the module has just defined under that name; EMPTY when there is none.
Ref class_in(Thread& t, Dict* globals, const char* name);
// Puts native methods in the place of the class's own, which it remembers in `originals`, in the order of the methods.
Status replace_methods(Thread& t, Value cls, const Method* methods, GlobalRoot* originals);
// Calls one of those instead, with self.
Ref call_original(Thread& t, const GlobalRoot& original, Value self, Args args);

}  // namespace typhon
