// Native parts for modules of the library that have none of their own in CPython.
#pragma once
#include "objects/protocol/protocol.h"

namespace typhon {

// Called when the code of a module has been executed in its namespace: when that was the library's own file of one of the modules
// that have a native part, that takes the place of what the Python code has just defined. Once for each: when a program imports one
// of them a second time, afresh, that one stays as it is.
Status accelerate_module(Thread& t, Code* code, Dict* globals);

}  // namespace typhon
