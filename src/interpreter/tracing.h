// sys.settrace and sys.setprofile: while one is set, the thread runs with a handler table whose entries all look for events first.
#pragma once
#include "interpreter/frame.h"

namespace typhon {

// None or EMPTY switches off.
void set_trace_function(Thread& t, Value function);
void set_profile_function(Thread& t, Value function);
// The exception pending in the frame; and the end of a frame by an exception. May replace the exception.
void trace_exception(Thread& t, Value* r);
void trace_unwound(Thread& t, Value* r);

}  // namespace typhon
