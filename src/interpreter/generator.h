// Resuming and suspending generator frames, in the dispatch loop and from native code.
#pragma once
#include "interpreter/frame.h"

namespace typhon {

enum class Resumed { kFailed, kEntered, kFinished };
// Makes a suspended generator the running frame (its caller: `caller`), without running it. kFinished: it has ended already.
// kFailed: it is running ("generator already executing"), or the recursion limit is reached.
Resumed begin_resume(Thread& t, Generator* g, Value* caller, u16 flags, u16 destination);
// Stores what is sent in (owned) where the frame waits for it; the pc to continue at, or null when it raised (the frame is
// still the running one, its saved pc valid).
Instr* deliver_sent(Thread& t, Value* r, Value owned);
// Puts a running generator frame back to sleep; its caller becomes the running frame.
void suspend_frame(Thread& t, Value* r);
// A generator frame is about to be popped for good.
void finish_generator(Thread& t, Value* r);
// Its frame has been popped and returns a value to native code (not: yields one).
void note_returned(Generator* g);

}  // namespace typhon
