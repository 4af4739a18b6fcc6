// What the interpreter offers to the layers below it (start-up, built-in functions, sys).
#pragma once
#include "interpreter/frame.h"

namespace typhon {

// Installs the handler table and the hooks of the heap. Before any code runs; once for each thread: attach_interpreter.
Status initialise_interpreter(Thread& t);
void attach_interpreter(Thread& t);

// Runs a frame that was pushed (t.frame, flagged kEntry) until it returns; ERROR when it raised.
Ref run_frame(Thread& t);
// The same with the pending exception thrown in at the frame's saved pc.
Ref run_frame_throwing(Thread& t);

}  // namespace typhon
