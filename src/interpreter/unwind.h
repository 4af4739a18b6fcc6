// Between dispatch.cpp and the native entry points: unwinding and entering the loop at a given instruction.
#pragma once
#include "interpreter/frame.h"

namespace typhon {

// Finds the handler of the pending exception, beginning with t.frame (its pc is saved), popping frames on the way: the pc to
// continue at in t.frame; null when an entry frame was popped. `add_row`: whether the first frame gets a traceback row.
Instr* unwind_step(Thread& t, bool add_row);
Ref run_frame_at(Thread& t, Instr* pc);

}  // namespace typhon
