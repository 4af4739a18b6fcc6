// Calls: binding arguments to parameters and pushing frames (docs/interpreter.md).
#pragma once
#include "interpreter/frame.h"

namespace typhon {

// Binds the arguments of `function` = callee[-1] and pushes its frame. callee[0..n) are the arguments, owned; the last ones,
// as many as `names` has, are named. On failure (exception pending) all of them and callee[-1] are dropped.
bool bind_and_push(Thread& t, Value* callee, u32 n, Tuple* names, Value* caller, u16 flags, u16 destination);

enum class Called { kRaised, kDone, kPushed };
// Calls r[f] with the n arguments behind it (named ones last), all consumed. kDone: the result is in r[destination]. kPushed:
// a frame was pushed whose result goes there. `flags`: resume_after the calling instruction.
Called call_window(Thread& t, Value* r, u32 f, u32 n, Tuple* names, u16 flags, u16 destination);
// r[f](*r[f + 1], **r[f + 2]).
Called call_window_ex(Thread& t, Value* r, u32 f, u16 flags, u16 destination);

// The most similar of the names, if any is similar enough to be suggested; borrowed, or null.
Str* closest_name(Str* wrong, const Value* names, size_t n);

}  // namespace typhon
