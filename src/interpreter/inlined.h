// Built-in functions whose usual cases run inside the handler that calls them, or (all, any) as a loop that the compiler made.
#pragma once
#include "objects/native.h"

namespace typhon {

// Set by the module builtins.
struct InlinedBuiltins {
  BoundFn len = nullptr, isinstance = nullptr, all = nullptr, any = nullptr;
};
extern InlinedBuiltins g_inlined_builtins;

}  // namespace typhon
