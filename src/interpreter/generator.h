// Resuming and suspending generator frames, in the dispatch loop and from native code.
#pragma once
#include "interpreter/frame.h"
#include "objects/generator.h"
#include "objects/itertypes.h"

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
// --- chains
// Generators that wait for each other (yield from, await) become a chain when a value has passed through them: from then on a
// resumption of the outermost, the head, goes straight to the innermost, the tail, and what that yields goes straight to whoever
// resumed the head. All of them are LOCAL generators or coroutines without frame objects.
// What lies below the head stays as it is all that time: registers that are heap words, links to the caller and to its exception
// item, state kLinked. The head is kHead while suspended; head and tail are kRunning while the tail runs. Only the stack offsets
// between them are out of date then; what ends the tail puts the next one right (finish_generator).
// unlink_chain (objects/generator.h) makes them plain suspended or running generators again.
// Resumes a chain that is suspended: the tail's registers, or null (its head is a plain suspended generator then).
Value* enter_chain(Thread& t, Generator* head, Value* caller, u16 flags, u16 destination);
// Suspends a running chain whose tail's registers are heap words.
TYPHON_INLINE void leave_chain(Thread* t, Generator* head, Generator* tail) {
  Value* top = head->registers();
  t->exception_top = head->exception.previous;
  head->exception.previous = nullptr;
  t->frame = frame::caller(top);
  frame::caller(top) = nullptr;
  t->recursion_depth -= u32(head->chain_length);
  tail->state = u8(GeneratorState::kLinked);
  head->state = u8(GeneratorState::kHead);
}
// What yields a value makes of the generators it suspends, from the inside out.
class ChainMaker {
 public:
  // Suspends the running generator `r`, and those that it is the running tail of; how the outermost was entered. (Read before it is
  // suspended: from then on another thread may resume it, and write there.)
  FrameInfo suspend(Thread& t, Value* r);

 private:
  Generator *head_ = nullptr, *tail_ = nullptr;
  u64 length_ = 0;
};

// The next item, owned, of the list, tuple or range iterator that a suspended local generator, or the tail of the chain it heads, delegates
// to. Resuming it would hand it up and change nothing else, unless someone traces. EMPTY: it has to be resumed.
TYPHON_INLINE Value delegated_item(Generator* g) {
  bool heads = g->state == u8(GeneratorState::kHead);
  if (!heads && g->state != u8(GeneratorState::kSuspended)) return EMPTY;
  Value* r = (heads ? g->chain : g)->registers();
  const Instr* pc = frame::pc(r);
  if (Op(pc->op) != Op::YIELD_FROM || !r[pc->c].is_none()) return EMPTY;
  return quick_next(r[pc->b]);
}

// Its frame has been popped and returns a value to native code (not: yields one).
void note_returned(Generator* g);

}  // namespace typhon
