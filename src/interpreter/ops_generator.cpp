// Generators and coroutines: making, yielding, delegating, awaiting.
#include "interpreter/dispatch.h"
#include "interpreter/enter.h"
#include "interpreter/tracing.h"
#include "interpreter/unwind.h"
#include "objects/generator.h"

namespace typhon {
namespace {

struct Continuation {
  Instr* next;  // in t.frame; null: leave the loop with `result`
  u64 result;
};

// Moves the running frame into a generator object and returns that to the caller.
TYPHON_NOINLINE Continuation make_generator_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Code* code = frame::code(r);
  RefTo<Generator> made = generator_new(t, frame::function(r), code);
  if (made.failed()) return {nullptr, 0};
  Generator* g = made.get();
  Value* to = g->registers();
  for (i32 i = -kFrameHeader; i < 0; i++) to[i] = r[i];
  // Only variables hold anything yet, or the namespace of module code (push_frame); the rest of a fresh generator is EMPTY.
  u32 used = code->local_count + 1u;
  if (used > code->register_count) used = code->register_count;
  for (u32 i = 0; i < used; i++) {
    to[i] = to_heap_word(r[i]);
    r[i] = EMPTY;
  }
  check_clean(r, used, code->register_count);
  FrameInfo info = frame::info(r);
  Value* caller = frame::caller(r);
  if (!frame::frame_object(to).is_empty()) {
    FrameObject* f = frame::frame_object(to).as<FrameObject>();
    f->registers = to;
    f->is_generator = 1;
  }
  for (int i = 1; i <= kFrameHeader; i++) r[-i] = EMPTY;
  frame::info(to) = {frame_flag::kGenerator, 0, 0};
  frame::caller(to) = nullptr;
  frame::function_word(to) = to_heap_word(frame::function_word(to));
  frame::frame_object(to) = to_heap_word(frame::frame_object(to));
  t.frame = caller;
  t.recursion_depth--;
  if (info.flags & frame_flag::kConstructor) [[unlikely]] {
    clear_register_word(r[-kFrameHeader - 1]);
    (void)raise(t, exc::TypeError, "__init__() should return None, not '%T'", made.get());
    if (info.flags & frame_flag::kEntry) return {nullptr, ERROR.bits};
    return {unwind_step(t, true), ERROR.bits};
  }
  if (info.flags & frame_flag::kEntry) return {nullptr, made.take().bits};
  set_register_word(caller[info.destination], made.take());
  return {frame::pc(caller) + resume_units(info), 0};
}

// Hands `value` to whoever resumed the generator frame `r`, through generators that delegate to it.
TYPHON_NOINLINE Continuation yield_step(Thread& t, Value* r, Value value) {
  FrameInfo entered;
  if (suspend_chain(t, r, &entered)) [[likely]] {
    if (entered.flags & frame_flag::kEntry) return {nullptr, value.bits};
    Instr* loop = frame::pc(t.frame);
    set_register(t.frame, loop->a, value);
    return {loop + 2, 0};
  }
  ChainMaker chain;
  for (;;) {
    if (is_traced(t) && Op(frame::pc(r)->op) == Op::YIELD_FROM && trace_delegated_yield(t, r, value).failed()) [[unlikely]] {
      release(value);
      return {nullptr, 0};
    }
    FrameInfo info = chain.suspend(t, r);
    Value* caller = t.frame;
    if (info.flags & frame_flag::kEntry) return {nullptr, value.bits};
    Instr* pc = frame::pc(caller);
    if (Op(pc->op) != Op::YIELD_FROM) {  // FOR_ITER
      set_register(caller, pc->a, value);
      return {pc + 2, 0};
    }
    // What was sent has arrived; the next value comes with the next resumption.
    r = caller;
  }
}

TYPHON_NOINLINE Continuation yield_value_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Value value = take_operand(r, pc, kConsumeB, pc->b);
  if (pc->x & kInPlace) {
    Ref wrapped = wrap_async_value(t, Ref::adopt(value));
    if (wrapped.failed()) return {nullptr, 0};
    value = wrapped.take();
  }
  return yield_step(t, r, value);
}

// Sends r[c] on. {null, 0}: raised in t.frame.
TYPHON_NOINLINE Continuation delegate_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Value iterator = r[pc->b];
  if (is_exact(iterator, kShape_generator) || is_exact(iterator, kShape_coroutine)) {
    Generator* g = iterator.as<Generator>();
    bool fresh = g->seen_state() == u8(GeneratorState::kCreated);
    if (!(fresh && !r[pc->c].is_none())) {
      bool entered = g->seen_state() == u8(GeneratorState::kHead) && enter_chain(t, g, r, resume_after(1), pc->a) != nullptr;
      switch (entered ? Resumed::kEntered : begin_resume(t, g, r, resume_after(1), pc->a)) {
        case Resumed::kFailed: return {nullptr, 0};
        case Resumed::kEntered: {
          Value sent = r[pc->c];
          r[pc->c] = None;
          return {deliver_sent(t, t.frame, sent), 0};
        }
        case Resumed::kFinished:
          if (iterator.object()->shape_id() == kShape_coroutine) {
            (void)raise(t, exc::RuntimeError, "cannot reuse already awaited coroutine");
            return {nullptr, 0};
          }
          clear_register(r, pc->b);
          clear_register(r, pc->c);
          set_register(r, pc->a, None);
          return {pc + 1, 0};
      }
    }
  }
  Ref result;
  Ref value = iter_send(t, iterator, r[pc->c], &result);
  if (value.failed()) return {nullptr, 0};
  if (is_traced(t) && value.is_empty()) [[unlikely]] {
    // Its end was a StopIteration, unless it is one of the built-in iterators that just stop.
    bool raised = !result.get().is_none() || !(type_of(iterator)->flags & type_flag::kImmutable);
    if (raised && trace_stop_iteration(t, r, result, true).failed()) return {nullptr, 0};
  }
  set_register(r, pc->c, None);
  if (!value.is_empty()) return yield_step(t, r, value.take());
  clear_register(r, pc->b);
  clear_register(r, pc->c);
  set_register(r, pc->a, std::move(result));
  return {pc + 1, 0};
}

TYPHON_NOINLINE bool unary_protocol(Thread& t, Value* r, Instr* pc, Ref (*f)(Thread&, Value)) {
  save_pc(r, pc);
  return finish_ds(r, pc, f(t, r[pc->b]));
}
Ref yield_from_iter(Thread& t, Value v) {
  if (is_exact(v, kShape_generator)) return Ref::copy(v);
  if (is_exact(v, kShape_coroutine)) return Ref::copy(v);
  return get_iter(t, v);
}
TYPHON_NOINLINE bool yield_from_iter_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Value v = r[pc->b];
  if (is_exact(v, kShape_coroutine) &&
      !(frame::code(r)->flags & (code_flag::kCoroutine | code_flag::kIterableCoroutine))) {
    (void)raise(t, exc::TypeError, "cannot 'yield from' a coroutine object in a non-coroutine generator");
    return false;
  }
  return finish_ds(r, pc, yield_from_iter(t, v));
}
TYPHON_NOINLINE bool awaitable_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Ref iterator = get_awaitable(t, r[pc->b], pc->immediate());
  if (iterator.failed()) return false;
  if (is_exact(iterator.get(), kShape_coroutine) && !generator_delegate(iterator.as<Generator>()).is_empty()) {
    (void)raise(t, exc::RuntimeError, "coroutine is being awaited already");
    return false;
  }
  return finish_ds(r, pc, std::move(iterator));
}

}  // namespace

#define CONTINUE(outcome, leaves)                   \
  do {                                              \
    Continuation next_ = (outcome);                 \
    if (next_.next == nullptr) [[unlikely]] {       \
      if (leaves(next_.result)) return next_.result; \
      TAIL(op_raise);                               \
    }                                               \
    r = t->frame;                                   \
    pc = next_.next;                                \
    NEXT(0);                                        \
  } while (0)
// A yielded or returned word is never zero (EMPTY).
#define HAS_RESULT(bits) ((bits) != 0)

namespace {
COLD_HANDLER(generator_cold) { CONTINUE(make_generator_step(*t, r, pc), HAS_RESULT); }
// A generator was stored in a register of the running frame, which waits in the call of its function: drops what was there.
COLD_HANDLER(generator_stored) {
  release(Value(carried));
  r = t->frame;
  pc = frame::pc(r);
  NEXT_RELOAD(op_units(Op(pc->op)));
}
}  // namespace

// As make_generator_step does it.
HANDLER(RETURN_GENERATOR) {
  FrameInfo info = frame::info(r);
  Code* code = frame::code(r);
  if ((info.flags & frame_flag::kSpecial) || !settle_window(r, code->local_count)) [[unlikely]] TAIL(generator_cold);
  Generator* g = quick_generator(t, frame::function(r), code, pc);
  if (g == nullptr) [[unlikely]] TAIL(generator_cold);
  move_window(g->registers(), r, code->local_count);
  check_clean(r, code->local_count, code->register_count);
  Value* caller = frame::caller(r);
  for (int k = 2; k <= kFrameHeader; k++) r[-k] = EMPTY;
  t->frame = caller;
  t->recursion_depth--;
  // The register may be one of the header.
  Value* to = &caller[info.destination];
  Value replaced = *to;
  *to = Value(g);
  r = caller;
  if (needs_drop(replaced)) [[unlikely]] TAIL_CARRYING(generator_stored, replaced.bits);
  pc = frame::pc(r);
  NEXT(resume_units(info));
}

namespace {
COLD_HANDLER(yield_cold) { CONTINUE(yield_value_step(*t, r, pc), HAS_RESULT); }
// The first value that passes through generators which delegate to each other.
COLD_HANDLER(yield_linking) {
  Value value = r[pc->b];
  if (pc->x & kConsumeB) {
    r[pc->b] = EMPTY;
  } else if (!quick_acquire(value, &value)) [[unlikely]] {
    TAIL(yield_cold);
  }
  save_pc(r, pc);
  FrameInfo entered;
  if (!suspend_chain(*t, r, &entered)) [[unlikely]] CONTINUE(yield_step(*t, r, value), HAS_RESULT);
  if (entered.flags & frame_flag::kEntry) return value.bits;
  r = t->frame;
  pc = frame::pc(r);
  SET_AND_NEXT(&r[pc->a], value, 2);
}
// A generator that delegates to the one that yields waits for it: the usual case is a chain in a for loop, or resumed by a native
// function. All that op_YIELD looks at in the tail is as it wants it.
COLD_HANDLER(yield_chain) {
  Generator *tail = generator_of(r), *head = tail->chain;
  if (head == nullptr) TAIL(yield_linking);
  if (!head->is_local() || is_traced(*t)) [[unlikely]] TAIL(yield_cold);
  Value* top = head->registers();
  Value* caller = frame::caller(top);
  bool entry = frame::info(top).flags & frame_flag::kEntry;
  if (!entry && Op(frame::pc(caller)->op) != Op::FOR_ITER) [[unlikely]] TAIL(yield_cold);
  Value value = r[pc->b];
  if (pc->x & kConsumeB) {
    r[pc->b] = EMPTY;
  } else if (!quick_acquire(value, &value)) [[unlikely]] {
    TAIL(yield_cold);
  }
  save_pc(r, pc);
  leave_chain(t, head, tail);
  if (entry) return value.bits;
  r = caller;
  pc = frame::pc(r);
  SET_AND_NEXT(&r[pc->a], value, 2);
}
// Of what a frame holds, that register and all behind it are not to be kept while it waits in a YIELD. Temporaries are a stack: behind
// one that is yielded nothing is alive, nor behind one that what is sent goes to only to be dropped.
TYPHON_INLINE u32 held_registers(Value* r, const Instr* pc) {
  u32 n = frame::code(r)->register_count, used = n;
  if (pc->x & kConsumeB)
    used = pc->b;
  else if (pc->x & kDropsSent)
    used = pc->a;
  check_clean(r, used + ((pc->x & kConsumeB) ? 1 : 0), n);
  return used;
}

// Suspends a local generator that waits for nothing and is in a for loop, or was resumed by a native function. Its words are settled.
[[clang::preserve_none, gnu::always_inline]] inline u64 yield_plainly(HANDLER_PARAMETERS) {
  Value value = r[pc->b];
  Value* caller = frame::caller(r);
  bool entry = frame::info(r).flags & frame_flag::kEntry;
  if (!entry) {
    Instr* loop = frame::pc(caller);
    if (Op(loop->op) != Op::FOR_ITER) [[unlikely]] TAIL(yield_chain);
  }
  if (pc->x & kConsumeB) {
    r[pc->b] = EMPTY;  // it leaves with whatever mark it has
  } else if (!quick_acquire(value, &value)) [[unlikely]] {
    TAIL(yield_cold);
  }
  save_pc(r, pc);
  leave_generator(t, generator_of(r), r);
  if (entry) return value.bits;
  r = caller;
  pc = frame::pc(r);
  SET_AND_CARRY(&r[pc->a], value, 2);
}
// While several threads run, a local generator counts what it holds. Mostly that is counted already, or never.
COLD_HANDLER(yield_settling) {
  Generator* g = generator_of(r);
  if (!g->is_local() || !settle(g->exception.exception) || !settle(frame::function_word(r)) || !settle(frame::frame_object(r)))
    TAIL(yield_cold);
  for (Value *at = r, *end = r + held_registers(r, pc); at != end; at++)
    if (!settle(*at)) TAIL(yield_cold);
  TAIL(yield_plainly);
}
}  // namespace

HANDLER(YIELD) {
  if (pc->x & kInPlace) [[unlikely]] TAIL(yield_cold);
  if (!generator_of(r)->is_local() || g_multi_threaded) [[unlikely]] TAIL(yield_settling);
  TAIL(yield_plainly);
}
namespace {
COLD_HANDLER(delegate_cold) { CONTINUE(delegate_step(*t, r, pc), HAS_RESULT); }
// The end of an iterator that is no generator, with nothing or an exception pending.
TYPHON_NOINLINE Continuation delegate_ended(Thread& t, Value* r, Instr* pc, Value value) {
  Ref result = Ref::none();
  if (value.is_error()) {
    if (!pending_matches(t, exc::StopIteration)) return {nullptr, 0};
    Ref stop = take_exception(t);
    result = stop.as<StopIterationObject>()->value.load();
    if (result.is_empty()) result = Ref::none();
  }
  clear_register(r, pc->b);
  r[pc->c] = EMPTY;
  set_register(r, pc->a, std::move(result));
  return {pc + 1, 0};
}
// An iterator that is no generator and gets nothing sent: as delegate_step does it, which does the rest.
COLD_HANDLER(delegate_native) {
  Value iterator = r[pc->b];
  if (!r[pc->c].is_none() || is_traced(*t)) [[unlikely]] TAIL(delegate_cold);
  Type* type = type_of(iterator);
  NextFn next = type->slots.next;
  if (next == nullptr || type == g_result_iterators.type) [[unlikely]] TAIL(delegate_cold);
  save_pc(r, pc);
  Value value = next(*t, iterator).take();
  if (value.is_empty() || value.is_error()) [[unlikely]] CONTINUE(delegate_ended(*t, r, pc, value), HAS_RESULT);
  Generator* g = generator_of(r);
  Value* caller = frame::caller(r);
  bool entry = frame::info(r).flags & frame_flag::kEntry;
  if (!g->is_local() || g->chain != nullptr || g_multi_threaded || is_traced(*t) ||
      (!entry && Op(frame::pc(caller)->op) != Op::FOR_ITER)) [[unlikely]]
    CONTINUE(yield_step(*t, r, value), HAS_RESULT);
  leave_generator(t, g, r);
  if (entry) return value.bits;
  r = caller;
  pc = frame::pc(r);
  SET_AND_NEXT(&r[pc->a], value, 2);
}
}  // namespace
// A generator or coroutine that waits for a word: as begin_resume and deliver_sent do it. What is on the stack below is the same for
// both generators.
namespace {
TYPHON_INLINE void enter_delegate(Thread* t, Generator* g, Value* r, Instr* pc) {
  Value* inner = g->registers();
  save_pc(r, pc);
  g->state = u8(GeneratorState::kRunning);
  t->recursion_depth++;
  frame::caller(inner) = r;
  frame::info(inner) = {u16(resume_after(1) | frame_flag::kGenerator), pc->a, frame::info(r).stack_offset};
  g->exception.previous = t->exception_top;
  t->exception_top = &g->exception;
  t->frame = inner;
}
COLD_HANDLER(delegate_waiting) {
  Generator* g = r[pc->b].as<Generator>();
  if (g->state != u8(GeneratorState::kSuspended) || t->recursion_depth >= t->recursion_limit) [[unlikely]] TAIL(delegate_cold);
  Value* inner = g->registers();
  Instr* resumed = frame::pc(inner);
  Value* to;
  Instr* next = resumed;
  if (Op(resumed->op) == Op::YIELD) {
    to = &inner[resumed->a];
    next++;
  } else {
    if (Op(resumed->op) != Op::YIELD_FROM) TAIL(delegate_cold);
    to = &inner[resumed->c];
  }
  if (needs_drop(*to)) [[unlikely]] TAIL(delegate_cold);
  *to = r[pc->c];
  r[pc->c] = None;
  enter_delegate(t, g, r, pc);
  r = inner;
  pc = next;
  NEXT(0);
}
}  // namespace
// The usual case: a local generator or coroutine that begins.
HANDLER(YIELD_FROM) {
  if (!points(r[pc->b])) [[unlikely]] TAIL(delegate_native);
  Object* object = r[pc->b].object();
  static_assert(kShape_coroutine == kShape_generator + 1 && kShape_generator % 2 == 0);
  if ((quick_shape(object) | 1) != kShape_coroutine) TAIL(delegate_native);
  Generator* g = static_cast<Generator*>(object);
  if (!g->is_local()) [[unlikely]] TAIL(delegate_cold);
  if (g->state != u8(GeneratorState::kCreated)) TAIL(delegate_waiting);
  if (!r[pc->c].is_none() || t->recursion_depth >= t->recursion_limit) [[unlikely]] TAIL(delegate_cold);
  enter_delegate(t, g, r, pc);
  r = g->registers();
  pc = frame::pc(r);
  NEXT(1);
}
namespace {
COLD_HANDLER(yield_from_iter_cold) { STEP(yield_from_iter_step(*t, r, pc), 1); }
COLD_HANDLER(yield_from_iter_native) {
  Value v = r[pc->b];
  if (!points_to(v, kShape_generator) || !(pc->x & kConsumeB)) TAIL(yield_from_iter_cold);
  r[pc->b] = EMPTY;
  SET_AND_NEXT(&r[pc->a], v, 1);
}
COLD_HANDLER(yield_from_iter_entering) {
  Value method = generating_iter(r[pc->b]);
  if (enters_special(t, r, method, 1)) ENTER_ITER(method);
  TAIL(yield_from_iter_cold);
}
}  // namespace
HANDLER(GET_YIELD_FROM_ITER) {
  Value method = generating_iter(r[pc->b]);
  if (method.is_empty()) TAIL(yield_from_iter_native);
  Generator* g = quick_iterator(t, r, pc, table, method);
  if (g == nullptr) TAIL(yield_from_iter_entering);
  if (!(pc->x & kDelegates) || needs_drop(r[pc->a])) [[unlikely]] SET_AND_NEXT(&r[pc->a], Value(g), 1);
  r[pc->a] = Value(g);
  r[pc[1].a] = None;
  enter_delegate(t, g, r, pc + 2);
  r = g->registers();
  pc = frame::pc(r);
  NEXT(1);
}
namespace {
COLD_HANDLER(awaitable_cold) { STEP(awaitable_step(*t, r, pc), 1); }
// What a function of types.coroutine() made.
COLD_HANDLER(awaitable_generator) {
  Value v = r[pc->b];
  if (!is_exact(v, kShape_generator) || !(v.as<Generator>()->code.as<Code>()->flags & code_flag::kIterableCoroutine)) TAIL(awaitable_cold);
  r[pc->b] = EMPTY;
  SET_AND_NEXT(&r[pc->a], v, 1);
}
}  // namespace
// A coroutine that was not begun is its own iterator, and nobody awaits it.
HANDLER(GET_AWAITABLE) {
  Value v = r[pc->b];
  if (!points(v) || !(pc->x & kConsumeB)) TAIL(awaitable_cold);
  Object* object = v.object();
  if (quick_shape(object) != kShape_coroutine) TAIL(awaitable_generator);
  Generator* g = static_cast<Generator*>(object);
  if (!g->is_local() || g->state != u8(GeneratorState::kCreated)) TAIL(awaitable_cold);
  r[pc->b] = EMPTY;
  SET_AND_NEXT(&r[pc->a], v, 1);
}
HANDLER(GET_AITER) { STEP(unary_protocol(*t, r, pc, get_aiter), 1); }
HANDLER(GET_ANEXT) { STEP(unary_protocol(*t, r, pc, get_anext), 1); }

}  // namespace typhon
