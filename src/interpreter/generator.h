// Resuming and suspending generator frames, in the dispatch loop and from native code.
#pragma once
#include "interpreter/blocks.h"
#include "interpreter/dispatch.h"
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
// Suspends `g`, whose words are settled, as suspend_frame does it; its caller's registers.
TYPHON_INLINE Value* leave_generator(Thread* t, Generator* g, Value* r) {
  Value* caller = frame::caller(r);
  t->exception_top = g->exception.previous;
  g->exception.previous = nullptr;
  t->frame = caller;
  frame::caller(r) = nullptr;
  t->recursion_depth--;
  g->state = u8(GeneratorState::kSuspended);
  return caller;
}
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
// The same for a chain that may be entered, when `end` is where its frames go.
TYPHON_INLINE void resume_chain(Thread* t, Generator* head, Value* caller, u16 flags, u16 destination, Value* end) {
  Generator* tail = head->chain;
  Value *top = head->registers(), *r = tail->registers();
  u32 offset = u32(end - t->stack_base);
  frame::caller(top) = caller;
  frame::info(top) = {u16(flags | frame_flag::kGenerator), destination, offset};
  frame::info(r).stack_offset = offset;
  head->exception.previous = t->exception_top;
  t->exception_top = &tail->exception;
  head->state = tail->state = u8(GeneratorState::kRunning);
  t->recursion_depth += u32(head->chain_length);
  t->frame = r;
}
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
// The tail of a running chain has ended: the one that waited for it is the tail now, or, without others, a plain running generator.
TYPHON_INLINE void shorten_chain(Generator* tail) {
  Generator* head = tail->chain;
  Value* r = tail->registers();
  Generator* next = generator_of(frame::caller(r));
  tail->chain = nullptr;
  frame::info(next->registers()).stack_offset = frame::info(r).stack_offset;
  if (next == head) {
    head->chain = nullptr;
    head->chain_length = 0;
    return;
  }
  next->state = u8(GeneratorState::kRunning);
  next->chain = head;
  head->chain = next;
  head->chain_length--;
}
// Suspends the running generator `r` and those that wait for it as a chain, when all of them are fit for one as they are (as ChainMaker
// makes one); how the outermost was entered. False: nothing has changed.
bool suspend_chain(Thread& t, Value* r, FrameInfo* entered);
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

// Moves the function and n arguments of a call to where a frame is to be.
TYPHON_INLINE void move_window(Value* to, Value* from, u32 n) {
  to--, from--;
  for (u64 i = 0, words = n + 1u; i != words; i++) {
    to[i] = from[i];
    from[i] = EMPTY;
    asm("" : "+r"(i));  // keeps the loop a loop
  }
}
// A word that may stay in a suspended local generator, after at most losing its mark, or being counted. False: that takes more.
TYPHON_INLINE bool settle(Value& word) {
  if (!word.is_deferred()) return true;
  Object* object = word.object();
  u8 ownership = object->ownership();
  if (!(ownership & (state::kDeferred | state::kImmortal)) && !((ownership & g_counted_states) && quick_count(object))) return false;
  word = Value(object);
  return true;
}
// The same for a function and n arguments that go into a fresh one, which outlives the caller's hold on them (MOVE_BORROWED).
TYPHON_INLINE bool settle_window(Value* arguments, u32 n) {
  for (Value *at = arguments - 1, *end = arguments + n; at != end; at++)
    if (!settle(*at)) return false;
  return true;
}

// Makes a generator or coroutine of `code`, which a call of `function` has to wait in: in a block that was freed lately, with EMPTY
// registers, and without the function word. Null: that takes generator_new.
TYPHON_INLINE Generator* quick_generator(Thread* t, const Function* function, Code* code, Instr* pc) {
  u32 flags = code->flags, registers = code->register_count;
  u32 size_class = u32(offsetof(Generator, words) + (kFrameHeader + registers) * sizeof(Value) - 1) / 16;
  if ((flags & (code_flag::kAsyncGenerator | code_flag::kModule | code_flag::kClassBody)) || size_class >= kQuickClasses ||
      has_own_names(function, code)) [[unlikely]]
    return nullptr;
  u32 shape = kShape_generator;
  if (flags & code_flag::kCoroutine) {
    if (t->coroutine_origin_depth > 0) [[unlikely]] return nullptr;
    shape = kShape_coroutine;
  }
  Generator* g = static_cast<Generator*>(free_object(t, size_class));
  if (g == nullptr) [[unlikely]] return nullptr;
  *g->name.address() = *g->qualname.address() = *g->origin_or_finalizer.address() = EMPTY;
  *g->code.address() = Value(code);  // never counted
  g->exception = {None, nullptr};
  g->chain = nullptr;
  g->chain_length = 0;
  Value *r = g->registers(), *end = r + registers;
  // One word, then pairs, to the end of the block (which may be a word behind the last).
  using Pair = u64 __attribute__((vector_size(16)));
  *r = EMPTY;
  for (Value* at = r + 1; at < end; at += 2) {
    *reinterpret_cast<Pair*>(at) = Pair{};
    asm("" : "+r"(at));  // no memset
  }
  static_assert((offsetof(Generator, words) + kFrameHeader * sizeof(Value)) % 16 == 8);
  frame::pc(r) = pc;
  frame::caller(r) = nullptr;
  frame::info(r) = {frame_flag::kGenerator, 0, 0};
  frame::frame_object(r) = EMPTY;
  frame::code(r) = code;
  g->word_count = kFrameHeader + registers;
  g->hooks_inited = g->ag_running = g->ag_closed = 0;
  g->state = u8(GeneratorState::kCreated);
  take_object(t, size_class, g, shape, true);
  return g;
}

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
