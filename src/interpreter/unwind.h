// Between dispatch.cpp and the native entry points: unwinding and entering the loop at a given instruction.
#pragma once
#include "interpreter/frame.h"

namespace typhon {

// Finds the handler of the pending exception, beginning with t.frame (its pc is saved), popping frames on the way: the pc to
// continue at in t.frame; null when an entry frame was popped. `add_row`: whether the first frame gets a traceback row.
Instr* unwind_step(Thread& t, bool add_row);
// Where t.frame, whose pc is saved, would raise IndexError: when a loop that called the frame for its next item would be all that sees it,
// ends the frame and the loop. The pc to continue at in t.frame; null when it has to be raised.
Instr* end_sequence_early(Thread& t);
Ref run_frame_at(Thread& t, Instr* pc);

}  // namespace typhon
