// Calls with positional arguments only, from native code that calls often: no Args on the way to a Python function.
#pragma once
#include "objects/function.h"
#include "objects/protocol/protocol.h"

namespace typhon {

// Calls the function with the n borrowed words. Defined by the interpreter.
Ref call_function(Thread& t, Function* function, const Value* words, u32 n);

// Calls anything with the borrowed words given.
template <class... V>
TYPHON_INLINE Ref call_words(Thread& t, Value callable, const V&... v) {
  Value words[] = {Value(v)...};
  if (is_exact_function(callable)) [[likely]] return call_function(t, callable.as<Function>(), words, sizeof...(V));
  return call(t, callable, Args{words, sizeof...(V)});
}

}  // namespace typhon
