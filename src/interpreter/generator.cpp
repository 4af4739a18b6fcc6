#include "interpreter/generator.h"

#include "heap/checking.h"
#include "interpreter/interpreter.h"
#include "interpreter/tracing.h"
#include "interpreter/unwind.h"
#include "objects/generator.h"
#include "objects/protocol/protocol.h"

namespace typhon {

namespace {

const char* kind_name(const Generator* g) {
  if (is_coroutine(Value(g))) return "coroutine";
  return is_async_generator(Value(g)) ? "async generator" : "generator";
}

bool claim(Generator* g, u8* old_state) {
  u8 seen = __atomic_load_n(&g->state, __ATOMIC_ACQUIRE);
  for (;;) {
    *old_state = seen;
    if (seen == u8(GeneratorState::kRunning) || seen == u8(GeneratorState::kFinished)) return false;
    if (g->is_local() || !g_multi_threaded || checking::broken(23)) {
      if (checking::broken(23)) checking::yield_point();
      g->state = u8(GeneratorState::kRunning);
      return true;
    }
    if (__atomic_compare_exchange_n(&g->state, &seen, u8(GeneratorState::kRunning), false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
      return true;
  }
}

// The shared generator whose frame has just returned to native code. Its state would not tell: another thread may have
// resumed and ended it since this one yielded.
thread_local Generator* tls_returned = nullptr;

bool has_returned(Generator* g) {
  if (g->is_local()) return g->state == u8(GeneratorState::kFinished);
  if (tls_returned != g) return false;
  tls_returned = nullptr;
  return true;
}

void set_state(Generator* g, GeneratorState state) { __atomic_store_n(&g->state, u8(state), __ATOMIC_RELEASE); }

// From a register word to what a heap slot of the generator may hold.
TYPHON_INLINE void to_heap(Generator* g, Value& word, bool shared) {
  if (shared) publish_for(g, word);
  if (word.is_deferred()) word = to_heap_word(word);
}

}  // namespace

Resumed begin_resume(Thread& t, Generator* g, Value* caller, u16 flags, u16 destination) {
  u8 old_state;
  settle_chain(g);
  if (!claim(g, &old_state)) {
    if (old_state == u8(GeneratorState::kFinished)) return Resumed::kFinished;
    (void)raise(t, exc::ValueError, "%s already executing", kind_name(g));
    return Resumed::kFailed;
  }
  Value* end = caller ? frame_stack_end(t, caller) : t.stack_base;
  if (end + kStackSlack > t.stack_limit || t.recursion_depth >= t.recursion_limit) [[unlikely]] {
    set_state(g, GeneratorState(old_state));
    raise_recursion(t);
    return Resumed::kFailed;
  }
  t.recursion_depth++;
  Value* r = g->registers();
  frame::caller(r) = caller;
  frame::info(r) = {u16(flags | frame_flag::kGenerator), destination, u32(end - t.stack_base)};
  g->exception.previous = t.exception_top;
  t.exception_top = &g->exception;
  t.frame = r;
  return Resumed::kEntered;
}

Instr* deliver_sent(Thread& t, Value* r, Value owned) {
  Instr* pc = frame::pc(r);
  switch (Op(pc->op)) {
    case Op::YIELD: set_register_word(r[pc->a], owned); return pc + 1;
    case Op::YIELD_FROM: set_register_word(r[pc->c], owned); return pc;
    default: release(owned); return pc + 1;  // RETURN_GENERATOR
  }
}

namespace {
// Registers that may hold something while a frame waits at `pc`: temporaries are a stack, so behind the operands of a YIELD_FROM
// none is alive.
u32 live_registers(Value* r, const Instr* pc) {
  const Code* code = frame::code(r);
  if (Op(pc->op) != Op::YIELD_FROM) return code->register_count;
  u32 n = u32(pc->b > pc->c ? pc->b : pc->c) + 1;
  if (n < code->local_count) n = code->local_count;
  check_clean(r, n, code->register_count);
  return n;
}
}  // namespace

namespace {
// Makes what a generator holds heap words. As long as one thread runs, only what is never counted has a mark: those of a local
// generator may stay until somebody looks (generator_visit).
TYPHON_INLINE void settle_words(Generator* g, Value* r) {
  bool shared = !g->is_local();
  if (!shared && !g_multi_threaded) return;
  u32 n = live_registers(r, frame::pc(r));
  for (u32 i = 0; i < n; i++) to_heap(g, r[i], shared);
  to_heap(g, frame::function_word(r), shared);
  to_heap(g, frame::frame_object(r), shared);
  to_heap(g, g->exception.exception, shared);
}
}  // namespace

void suspend_frame(Thread& t, Value* r) {
  Generator* g = generator_of(r);
  settle_words(g, r);
  t.exception_top = g->exception.previous;
  g->exception.previous = nullptr;
  t.frame = frame::caller(r);
  frame::caller(r) = nullptr;
  t.recursion_depth--;
  set_state(g, GeneratorState::kSuspended);
}

void unlink_chain(Generator* g) {
  Generator* head = g;
  while (head->chain == nullptr) head = generator_of(frame::caller(head->registers()));
  if (head->chain_length == 0) head = head->chain;
  Generator* tail = head->chain;
  bool running = head->state == u8(GeneratorState::kRunning);
  u32 stack_offset = frame::info(tail->registers()).stack_offset;
  for (Generator* x = tail; x != head;) {
    Value* r = x->registers();
    x->state = u8(running ? GeneratorState::kRunning : GeneratorState::kSuspended);
    x->chain = nullptr;
    x = generator_of(frame::caller(r));
    if (running) {
      frame::info(r).stack_offset = stack_offset;
    } else {
      generator_of(r)->exception.previous = nullptr;
      frame::caller(r) = nullptr;
    }
  }
  if (!running) head->state = u8(GeneratorState::kSuspended);
  head->chain = nullptr;
  head->chain_length = 0;
}

Value* enter_chain(Thread& t, Generator* head, Value* caller, u16 flags, u16 destination) {
  Value* end = caller ? frame_stack_end(t, caller) : t.stack_base;
  if (is_traced(t) || end + kStackSlack > t.stack_limit || t.recursion_depth + head->chain_length > t.recursion_limit) [[unlikely]] {
    unlink_chain(head);
    return nullptr;
  }
  resume_chain(&t, head, caller, flags, destination, end);
  return t.frame;
}

namespace {
// Whether a generator that was just suspended, or is about to be, may be part of a chain, unless somebody traces.
TYPHON_INLINE bool fits_chain(Generator* g) {
  return g->is_local() && (g->shape == kShape_generator || g->shape == kShape_coroutine) &&
         frame::frame_object(g->registers()).is_empty();
}
bool links(const Thread& t, Generator* g) { return fits_chain(g) && !is_traced(t); }

// The generator that delegates to the running generator `r`, or null.
TYPHON_INLINE Generator* delegator_of(Value* r) {
  if (frame::info(r).flags & frame_flag::kEntry) return nullptr;
  Value* caller = frame::caller(r);
  return Op(frame::pc(caller)->op) == Op::YIELD_FROM ? generator_of(caller) : nullptr;
}
}  // namespace

bool suspend_chain(Thread& t, Value* r, FrameInfo* entered) {
  if (g_multi_threaded || is_traced(t)) return false;
  // What runs are generators by themselves and chains, whose tail waits for what is below and whose head for nothing inside.
  Generator *tail = generator_of(r), *head = tail;
  u64 n = 0;
  for (Generator* next = tail; next != nullptr; next = delegator_of(head->registers())) {
    head = next->chain != nullptr ? next->chain : next;
    if (!fits_chain(head)) return false;
    n += head != next ? head->chain_length : 1;
  }
  Value* top = head->registers();
  *entered = frame::info(top);
  if (head == tail) {
    leave_generator(&t, tail, r);
    return true;
  }
  for (Generator* g = tail;;) {
    Generator* part = g->chain != nullptr ? g->chain : g;
    g->chain = nullptr;
    g->state = u8(GeneratorState::kLinked);
    if (part == head) break;
    part->chain = nullptr;
    part->chain_length = 0;
    part->state = u8(GeneratorState::kLinked);
    g = generator_of(frame::caller(part->registers()));
  }
  head->chain = tail;
  head->chain_length = n;
  tail->chain = head;
  leave_chain(&t, head, tail);
  return true;
}

FrameInfo ChainMaker::suspend(Thread& t, Value* r) {
  FrameInfo info;
  Generator *g = generator_of(r), *top = g;
  u64 n = 1;
  if (g->chain != nullptr) {
    if (links(t, g) && g->chain->is_local()) {
      top = g->chain;
      n = top->chain_length;
    } else {
      unlink_chain(g);
    }
  }
  if (top == g) {
    info = frame::info(r);
    suspend_frame(t, r);
  } else {
    settle_words(g, r);
    leave_chain(&t, top, g);
    info = frame::info(top->registers());
  }
  if (!links(t, top)) {
    head_ = nullptr;
    return info;
  }
  if (head_ == nullptr) {
    tail_ = g;
    length_ = n;
  } else {
    if (g != top) g->chain = nullptr;
    frame::caller(head_->registers()) = r;
    head_->exception.previous = &g->exception;
    head_->state = u8(GeneratorState::kLinked);
    head_->chain = nullptr;
    head_->chain_length = 0;
    // A whole chain after every step: the next one may publish what is below it.
    top->chain = tail_;
    top->chain_length = length_ += n;
    top->state = u8(GeneratorState::kHead);
    tail_->chain = top;
    tail_->state = u8(GeneratorState::kLinked);
  }
  head_ = top;
  return info;
}

void finish_generator(Thread& t, Value* r) {
  Generator* g = generator_of(r);
  if (g->chain != nullptr) shorten_chain(g);
  t.exception_top = g->exception.previous;
  g->exception.previous = nullptr;
  Value handled = g->exception.exception;
  g->exception.exception = None;
  set_state(g, GeneratorState::kFinished);
  release(handled);
}

void note_returned(Generator* g) {
  if (!g->is_local()) tls_returned = g;
}

namespace {
// With the generator claimed.
Value delegate_of_claimed(Generator* g) {
  Value* r = g->registers();
  Instr* pc = frame::pc(r);
  return Op(pc->op) == Op::YIELD_FROM ? r[pc->b] : EMPTY;
}
}  // namespace

Ref generator_delegate(Generator* g) {
  u8 old_state;
  settle_chain(g);
  if (__atomic_load_n(&g->state, __ATOMIC_ACQUIRE) != u8(GeneratorState::kSuspended) || !claim(g, &old_state)) return Ref();
  Ref delegate = Ref::copy(delegate_of_claimed(g));
  set_state(g, GeneratorState(old_state));
  return delegate;
}

namespace {

// What running the frame of `g` came to. The generator is kept by the caller.
Ref outcome(Thread& t, Generator* g, Ref&& value, Ref* result) {
  if (value.failed()) return std::move(value);
  if (!has_returned(g)) return std::move(value);
  *result = std::move(value);
  return Ref();
}

Ref send_value(Thread& t, Generator* g, Value value, Ref* result) {
  *result = Ref::none();
  TRY(enter_native(t));
  if (g->seen_state() == u8(GeneratorState::kCreated) && !value.is_empty() && !value.is_none())
    return raise(t, exc::TypeError, "can't send non-None value to a just-started %s", kind_name(g));
  bool entered = g->seen_state() == u8(GeneratorState::kHead) && enter_chain(t, g, t.frame, frame_flag::kEntry, 0) != nullptr;
  switch (entered ? Resumed::kEntered : begin_resume(t, g, t.frame, frame_flag::kEntry, 0)) {
    case Resumed::kFailed: return Ref::error();
    case Resumed::kFinished:
      if (is_coroutine(Value(g))) return raise(t, exc::RuntimeError, "cannot reuse already awaited coroutine");
      return Ref();
    default: break;
  }
  Instr* pc = deliver_sent(t, t.frame, value.is_empty() ? None : acquire(value));
  return outcome(t, g, run_frame_at(t, pc), result);
}

// Ends a generator that never ran: its frame goes without being entered. The claim was made.
void discard_frame(Thread& t, Generator* g) {
  Value* r = g->registers();
  finish_generator(t, r);
  pop_frame(t, r);
}

// What the generator handles where it waits becomes the context of the pending exception, which is about to be raised there; what the
// caller handles is not looked at.
void link_handled(Thread& t, Generator* g) {
  Value handled = g->exception.exception;
  if (handled.is_none() || handled.is_empty()) return;
  Ref pending = take_exception(t);
  (void)raise_exception(t, std::move(pending));
}

// The same for a generator that is the running frame already.
Ref throw_entered(Thread& t, Generator* g, Ref* result) {
  Value* r = t.frame;
  if (Op(frame::pc(r)->op) == Op::RETURN_GENERATOR) {
    add_traceback(t, r);
    discard_frame(t, g);
    return Ref::error();
  }
  return outcome(t, g, run_frame_throwing(t), result);
}

Status close_iterator(Thread& t, Value iterator) {
  if (is_exact(iterator, kShape_generator) || is_exact(iterator, kShape_coroutine)) {
    Ref closed = generator_close(t, iterator.as<Generator>());
    return closed.failed() ? Status(Raised{}) : ok();
  }
  Ref close = get_attribute_or_empty(t, iterator, names::close);
  if (close.failed()) {
    write_unraisable(t, "while closing generator", iterator);
    return ok();
  }
  if (close.is_empty()) return ok();
  Ref closed = call(t, close.get());
  return closed.failed() ? Status(Raised{}) : ok();
}

// The running frame waits in YIELD_FROM for something that has ended with `value` (owned): it goes on behind it.
Ref continue_after_delegate(Thread& t, Generator* g, Ref&& value, Ref* result) {
  Value* r = t.frame;
  Instr* pc = frame::pc(r);
  clear_register_word(r[pc->b]);
  clear_register_word(r[pc->c]);
  set_register_word(r[pc->a], value.take());
  return outcome(t, g, run_frame_at(t, pc + 1), result);
}

// The value that the pending StopIteration carries.
Ref stop_iteration_value(Thread& t) {
  Ref exception = take_exception(t);
  Value value = exception.as<StopIterationObject>()->value.peek();
  return value.is_empty() ? Ref::none() : Ref::copy(value);
}

// Throws into what a generator delegates to. EMPTY: it has ended, with *inner. *handed_over false: it takes no exceptions.
Ref throw_into(Thread& t, Value delegate, Value exception, Ref* inner, bool* handed_over) {
  if (is_exact(delegate, kShape_generator) || is_exact(delegate, kShape_coroutine))
    return generator_throw(t, delegate.as<Generator>(), exception, inner);
  Ref method = TRY(get_attribute_or_empty(t, delegate, names::throw_));
  if (method.is_empty()) {
    *handed_over = false;
    return Ref();
  }
  Ref value = call_with(t, method.get(), exception);
  if (value.failed() && pending_matches(t, exc::StopIteration)) {
    *inner = stop_iteration_value(t);
    return Ref();
  }
  return value;
}

}  // namespace

void generator_discard(Thread& t, Generator* g) {
  if (begin_resume(t, g, t.frame, frame_flag::kEntry, 0) == Resumed::kEntered) {
    discard_frame(t, g);
  } else {
    clear_exception(t);
  }
}

namespace {
// What generator_next gives for what running a local generator came to.
TYPHON_NOINLINE Ref ended(Thread& t, Ref&& value) {
  if (value.get().is_none()) return Ref();
  return raise_stop_iteration(t, value.get());
}
TYPHON_NOINLINE Ref next_general(Thread& t, Value self) {
  Generator* g = self.as<Generator>();
  if (g->is_local() && !is_traced(t)) {
    Value item = delegated_item(g);
    if (!item.is_empty()) return Ref::adopt(item);
  }
  Ref result;
  Ref value = send_value(t, g, EMPTY, &result);
  if (value.is_empty() && !result.get().is_none()) return raise_stop_iteration(t, result.get());
  return value;
}
}  // namespace

// The usual case, as send_value does it, goes to the loop directly: a local generator that waits in a yield, or begins.
Ref generator_next(Thread& t, Value self) {
  Generator* g = self.as<Generator>();
  if (!g->is_local() || g->state > u8(GeneratorState::kSuspended) || t.frame == nullptr) [[unlikely]] return next_general(t, self);
  Value *r = g->registers(), *caller = t.frame, *end = frame_stack_end(t, caller);
  Instr* pc = frame::pc(r);
  bool begins = Op(pc->op) == Op::RETURN_GENERATOR && !is_traced(t);
  if ((Op(pc->op) != Op::YIELD && !begins) || end + kStackSlack > t.stack_limit || t.recursion_depth >= t.recursion_limit || native_stack_low(t))
    [[unlikely]] return next_general(t, self);
  if (begins) {
    pc++;
  } else if ((pc->x & kDropsSent) && !is_traced(t)) {
    pc += 2;
  } else {
    if (needs_drop(r[pc->a])) [[unlikely]] return next_general(t, self);
    r[pc->a] = None;
    pc++;
  }
  g->state = u8(GeneratorState::kRunning);
  t.recursion_depth++;
  frame::caller(r) = caller;
  frame::info(r) = {frame_flag::kEntry | frame_flag::kGenerator, 0, u32(end - t.stack_base)};
  g->exception.previous = t.exception_top;
  t.exception_top = &g->exception;
  t.frame = r;
  Ref value = run_frame_at(t, pc);
  if (value.failed() || !has_returned(g)) [[likely]] return value;
  return ended(t, std::move(value));
}

Ref generator_send(Thread& t, Generator* g, Value value, Ref* result) { return send_value(t, g, value, result); }

Ref generator_throw(Thread& t, Generator* g, Value exception, Ref* result) {
  *result = Ref::none();
  TRY(enter_native(t));
  switch (begin_resume(t, g, t.frame, frame_flag::kEntry, 0)) {
    case Resumed::kFailed: return Ref::error();
    case Resumed::kFinished:
      if (is_coroutine(Value(g))) return raise(t, exc::RuntimeError, "cannot reuse already awaited coroutine");
      return raise_exception(t, Ref::copy(exception));
    default: break;
  }
  // While it delegates it counts as running, for itself (gi_running) and for anyone who would resume it.
  Ref delegate = Ref::copy(delegate_of_claimed(g));
  if (!delegate.is_empty() && is_instance_of(exception, exc::GeneratorExit)) {
    // An error while closing takes the place of GeneratorExit.
    if (close_iterator(t, delegate.get()).failed()) return throw_entered(t, g, result);
  } else if (!delegate.is_empty()) {
    Ref inner;
    bool handed_over = true;
    Ref value = throw_into(t, delegate.get(), exception, &inner, &handed_over);
    if (value.failed()) {
      link_handled(t, g);
      return throw_entered(t, g, result);
    }
    if (!value.is_empty()) {
      if (is_traced(t) && trace_delegated_yield(t, t.frame, value).failed()) return throw_entered(t, g, result);
      suspend_frame(t, t.frame);
      return value;
    }
    if (handed_over) return continue_after_delegate(t, g, std::move(inner), result);
  }
  restore_exception(t, Ref::copy(exception));
  link_handled(t, g);
  return throw_entered(t, g, result);
}

Ref generator_close(Thread& t, Generator* g) {
  settle_chain(g);
  u8 state = __atomic_load_n(&g->state, __ATOMIC_ACQUIRE);
  if (state == u8(GeneratorState::kFinished)) return Ref::none();
  if (state == u8(GeneratorState::kCreated)) {
    switch (begin_resume(t, g, t.frame, frame_flag::kEntry, 0)) {
      case Resumed::kFailed: return Ref::error();
      case Resumed::kFinished: return Ref::none();
      default: break;
    }
    Value* r = g->registers();
    if (Op(frame::pc(r)->op) == Op::RETURN_GENERATOR) {
      discard_frame(t, g);
      return Ref::none();
    }
    suspend_frame(t, r);  // another thread has started it meanwhile
  }
  Ref exit = make_exception(t, exc::GeneratorExit, EMPTY);
  if (exit.failed()) return Ref::error();
  Ref result;
  Ref value = generator_throw(t, g, exit.get(), &result);
  if (value.failed()) {
    if (clear_if(t, exc::GeneratorExit) || clear_if(t, exc::StopIteration)) return Ref::none();
    return Ref::error();
  }
  if (!value.is_empty()) return raise(t, exc::RuntimeError, "%s ignored GeneratorExit", kind_name(g));
  return result;
}

}  // namespace typhon
