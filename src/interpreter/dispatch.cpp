// The handler table, entry into the dispatch loop, returning and unwinding.
#include "interpreter/dispatch.h"

#include "interpreter/blocks.h"
#include "interpreter/generator.h"
#include "interpreter/interpreter.h"
#include "interpreter/tracing.h"
#include "interpreter/unwind.h"
#include "objects/frame_object.h"
#include "objects/generator.h"
#include "objects/itertypes.h"
#include "threads/hooks.h"

namespace typhon {

Result<i64> returned_length(Thread& t, Value result);  // objects/type_slots.cpp

namespace {
template <Op kOp>
constexpr HandlerFn kCarryHandler = nullptr;
#define CARRY_ENTRY(name) \
  template <>             \
  constexpr HandlerFn kCarryHandler<Op::name> = carry_##name;
CARRY_OPS(CARRY_ENTRY)
#undef CARRY_ENTRY
template <Op kOp>
constexpr HandlerFn kFloatCarryHandler = kCarryHandler<kOp>;
#define CARRY_ENTRY(name) \
  template <>             \
  constexpr HandlerFn kFloatCarryHandler<Op::name> = carry_float_##name;
FLOAT_CARRY_OPS(CARRY_ENTRY)
#undef CARRY_ENTRY
}  // namespace
#define OP(name, units, operands, effect) [u32(Op::name)] = {op_##name},
const HandlerEntry g_handlers[kHandlers] = {
#include "bytecode/ops.def"
#undef OP
#define OP(name, units, operands, effect) [kCarrying + u32(Op::name)] = {kCarryHandler<Op::name> ? kCarryHandler<Op::name> : op_##name},
#include "bytecode/ops.def"
#undef OP
#define OP(name, units, operands, effect) \
  [kCarryingFloat + u32(Op::name)] = {kFloatCarryHandler<Op::name> ? kFloatCarryHandler<Op::name> : op_##name},
#include "bytecode/ops.def"
};
#undef OP
static_assert(u32(Op::kCount) <= kCarrying);

Status initialise_interpreter(Thread& t) {
  attach_interpreter(t);
  g_python_stack_end = python_stack_end;
  g_for_each_active_frame_range = for_each_active_frame_range;
  if (g_thread_started == nullptr) g_thread_started = attach_interpreter;
  TRY(initialise_generator_types(t));
  return initialise_frame_types(t);
}

void attach_interpreter(Thread& t) { choose_handlers(t); }

namespace {
TYPHON_INLINE Ref enter_loop(Thread& t, Value* r, Instr* pc) {
  if (t.dispatch_table == nullptr) [[unlikely]] attach_interpreter(t);
  const HandlerEntry* table = static_cast<const HandlerEntry*>(t.dispatch_table);
  return Ref::adopt(Value(table[pc->op].run(&t, table, pc, r, 0, 0)));
}
}  // namespace

Ref run_frame(Thread& t) { return enter_loop(t, t.frame, frame::pc(t.frame)); }

Ref run_frame_throwing(Thread& t) {
  if (is_traced(t)) [[unlikely]] trace_thrown(t, t.frame);
  Instr* pc = unwind_step(t, true);
  if (pc == nullptr) return Ref::error();
  return enter_loop(t, t.frame, pc);
}

Ref run_frame_at(Thread& t, Instr* pc) { return enter_loop(t, t.frame, pc); }

// The frame is where the exception was raised, or raised again by the program, not where a cleanup passed it on (RERAISE with x bit 3).
static void note_raise(Value* r) {
  FrameObject* f = frame::frame_object(r).as<FrameObject>();
  const Instr* pc = frame::pc(r);
  bool passes_on = (Op(pc->op) == Op::RERAISE && (pc->x & kInPlace)) || Op(pc->op) == Op::STOPITERATION_ERROR;
  if (!passes_on) {
    f->last_unit = frame::unit_index(r);
  } else if (find_handler(frame::code(r), frame::unit_index(r)) == nullptr) {
    frame::pc(r) = frame::code(r)->instructions + f->last_unit;
  }
}

// The loop that t.frame is at, over an object with __getitem__, has ended. Where it goes on.
static Instr* finish_sequence(Thread& t) {
  Value* r = t.frame;
  Instr* pc = frame::pc(r);
  sequence_iterator_finish(r[pc->b].as<ListIterator>());
  clear_register(r, pc->b);
  return pc + i32(u32(unit(pc + 1)));
}
// The frame has ended with the pending exception. Where the loop that t.frame is at goes on, when that called __getitem__ for an item
// and the exception says that there is none; null otherwise.
static Instr* end_of_sequence(Thread& t) {
  if (Op(frame::pc(t.frame)->op) != Op::FOR_ITER || (!clear_if(t, exc::IndexError) && !clear_if(t, exc::StopIteration))) return nullptr;
  return finish_sequence(t);
}
// Whether an exception of the instruction that the frame `r` is at goes to the loop that calls the frame for an item, and nobody else
// gets to see it.
static bool raises_for_loop(Thread& t, Value* r) {
  return (frame::info(r).flags & frame_flag::kAll) == frame_flag::kOperator && Op(frame::pc(frame::caller(r))->op) == Op::FOR_ITER &&
         !is_traced(t) && frame::frame_object(r).is_empty() && find_handler(frame::code(r), frame::unit_index(r)) == nullptr;
}
// The end of the loop before anything is known of the frame, whose pc is saved: an exception that nobody else has needs no traceback.
static Instr* end_sequence_quickly(Thread& t) {
  Value* r = t.frame;
  if ((frame::info(r).flags & frame_flag::kAll) != frame_flag::kOperator || !is_sole_owner(t.pending) ||
      (!pending_matches(t, exc::IndexError) && !pending_matches(t, exc::StopIteration)) || !raises_for_loop(t, r))
    return nullptr;
  pop_frame(t, r);
  return end_of_sequence(t);
}
Instr* end_sequence_early(Thread& t) {
  Value* r = t.frame;
  if (!raises_for_loop(t, r)) return nullptr;
  pop_frame(t, r);
  return finish_sequence(t);
}

Instr* unwind_step(Thread& t, bool add_row) {
  if (add_row) {
    if (Instr* next = end_sequence_quickly(t)) return next;
  }
  for (;;) {
    Value* r = t.frame;
    Code* code = frame::code(r);
    if (add_row) add_traceback(t, r);
    if (is_traced(t)) [[unlikely]] trace_exception(t, r, !add_row);
    add_row = true;
    if (const ExceptionRow* row = find_handler(code, frame::unit_index(r))) {
      if (!frame::frame_object(r).is_empty()) note_raise(r);
      if (is_traced(t)) [[unlikely]] trace_handled(t, r);
      drop_registers(r, row->clear_from, code->register_count);
      Value exception = t.pending;
      t.pending = EMPTY;
      set_register(r, row->exc_reg, exception);
      return code->instructions + row->handler;
    }
    if (!frame::frame_object(r).is_empty()) note_raise(r);
    if (is_traced(t)) [[unlikely]] trace_unwound(t, r);
    u16 flags = frame::info(r).flags;
    Value instance = EMPTY;
    if (flags & frame_flag::kConstructor) {
      instance = r[-kFrameHeader - 1];
      r[-kFrameHeader - 1] = EMPTY;
    }
    if (flags & frame_flag::kGenerator) finish_generator(t, r);
    pop_frame(t, r);
    release(instance);
    if (flags & frame_flag::kEntry) return nullptr;
    if (flags & frame_flag::kOperator) {
      if (Instr* next = end_of_sequence(t)) return next;
    }
  }
}

HANDLER(raise) {
  save_pc(r, pc);
  pc = unwind_step(*t, true);
  if (pc == nullptr) return ERROR.bits;
  r = t->frame;
  NEXT_RELOAD(0);
}
HANDLER(unwind) {
  save_pc(r, pc);
  pc = unwind_step(*t, false);
  if (pc == nullptr) return ERROR.bits;
  r = t->frame;
  NEXT_RELOAD(0);
}
HANDLER(enter) {
  r = t->frame;
  pc = frame::pc(r);
  NEXT(0);
}

// --- returning
namespace {
// What a handler does when a frame has ended or was suspended: go on at `next` in t->frame, or leave the loop with `result`.
struct Continuation {
  Instr* next;
  u64 result;
};

// What is left to do for a frame, whose pc is saved, after its result was taken out: as pop_frame does it, for one whose
// temporaries are clean. May run Python code.
TYPHON_INLINE void drop_frame(Thread* t, Value* r) {
  drop_registers(r, 0, frame::code(r)->local_count);
  if (!frame::frame_object(r).is_empty()) [[unlikely]] detach_frame_object(*t, r);  // a finaliser asked for it
  Value function = frame::function_word(r);
  t->frame = frame::caller(r);
  t->recursion_depth--;
  for (int k = 1; k <= kFrameHeader; k++) r[-k] = EMPTY;
  release(function);
}

static_assert(int(Op::MATMUL) - int(Op::ADD) == int(BinaryOp::kMatmul) && int(Op::OR) - int(Op::ADD) == int(BinaryOp::kOr) &&
              int(Op::POW) - int(Op::ADD) == int(BinaryOp::kPow));
// Ends the instruction that the running frame `r` is at, whose operand's special method has returned `result` (owned): the next item
// of a loop, len(), or a binary operator.
TYPHON_NOINLINE bool finish_operator(Thread& t, Value* r, Value result) {
  const Instr* pc = frame::pc(r);
  Ref value = Ref::adopt(result);
  Op op = base_op(Op(pc->op));
  if (op == Op::FOR_ITER) {
    sequence_iterator_advance(r[pc->b].as<ListIterator>());
    set_register(r, pc->a, std::move(value));
    return true;
  }
  if (op == Op::CALL) {
    Result<i64> n = returned_length(t, value);
    if (n.failed()) return false;
    Ref length = int_from(t, n.get());
    drop_registers(r, pc->b, pc->b + 2);
    set_register(r, pc->a, std::move(length));
    return true;
  }
  if (result.same_word(NotImplemented)) [[unlikely]]
    value = binary_op_after_left(t, BinaryOp(int(op) - int(Op::ADD)), r[pc->b], r[pc->c]);
  return finish_dss(r, pc, std::move(value));
}

// Returning from frames that are special in some way.
TYPHON_NOINLINE Continuation return_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Value result = r[pc->a];
  if (pc->a < frame::code(r)->local_count && !frame::frame_object(r).is_empty())
    result = acquire(result);  // the frame object shows the variable
  else
    r[pc->a] = EMPTY;
  FrameInfo info = frame::info(r);
  Value* caller = frame::caller(r);
  if (info.flags & frame_flag::kGenerator) {
    Generator* g = generator_of(r);
    finish_generator(t, r);
    if (!frame::frame_object(r).is_empty()) detach_frame_object(t, r);
    drop_frame(&t, r);
    if (info.flags & frame_flag::kEntry) {
      note_returned(g);
      return {nullptr, result.bits};
    }
    Instr* call = frame::pc(caller);
    if (Op(call->op) == Op::FOR_ITER) {
      Ref returned = Ref::adopt(result);
      if (is_traced(t)) [[unlikely]] {
        if (trace_stop_iteration(t, caller, returned).failed()) return {unwind_step(t, true), ERROR.bits};
      }
      clear_register(caller, call->b);
      return {call + i32(u32(unit(call + 1))), 0};
    }
    if (is_traced(t)) [[unlikely]] {
      Ref returned = Ref::adopt(result);
      if (trace_stop_iteration(t, caller, returned).failed()) return {unwind_step(t, true), ERROR.bits};
      result = returned.take();
    }
    clear_register(caller, call->b);  // YIELD_FROM
    clear_register(caller, call->c);
    set_register(caller, call->a, result);
    return {call + 1, 0};
  }
  Value instance = EMPTY;
  if (info.flags & frame_flag::kConstructor) {
    instance = r[-kFrameHeader - 1];
    r[-kFrameHeader - 1] = EMPTY;
  }
  if (!frame::frame_object(r).is_empty()) detach_frame_object(t, r);
  drop_frame(&t, r);
  if (info.flags & frame_flag::kConstructor) {
    if (!result.is_none()) [[unlikely]] {
      (void)raise(t, exc::TypeError, "__init__() should return None, not '%T'", result);
      release(result);
      release(instance);
      if (info.flags & frame_flag::kEntry) return {nullptr, ERROR.bits};
      return {unwind_step(t, true), ERROR.bits};
    }
    result = instance;
  }
  if (info.flags & frame_flag::kEntry) return {nullptr, result.bits};
  if (info.flags & frame_flag::kOperator) {
    if (!finish_operator(t, caller, result)) return {unwind_step(t, true), ERROR.bits};
  } else {
    set_register(caller, info.destination, result);
  }
  return {frame::pc(caller) + resume_units(info), 0};
}

COLD_HANDLER(return_cold) {
  Continuation next = return_step(*t, r, pc);
  if (next.next == nullptr) return next.result;
  r = t->frame;
  pc = next.next;
  NEXT_RELOAD(0);
}

// After a return: the word that the result replaced lies in the window's function register.
COLD_HANDLER(drop_replaced) {
  Value old = r[-1];
  r[-1] = EMPTY;
  release(old);
  r = t->frame;
  pc = frame::pc(r);
  NEXT_RELOAD(op_units(Op(pc->op)));
}

// A plain frame with something that dies.
COLD_HANDLER(return_dropping) {
  save_pc(r, pc);
  Value result = r[pc->a];
  r[pc->a] = EMPTY;
  FrameInfo info = frame::info(r);
  Value* caller = frame::caller(r);
  drop_frame(t, r);
  r = caller;
  set_register(r, info.destination, result);
  pc = frame::pc(r);
  NEXT_RELOAD(resume_units(info));
}
// Ends a plain frame whose variables are dropped.
#define END_FRAME()                                       \
  do {                                                    \
    t->frame = frame::caller(r);                          \
    for (int k = 1; k <= kFrameHeader; k++) r[-k] = EMPTY; \
    t->recursion_depth--;                                 \
  } while (0)
// Ends a plain frame whose variables are dropped, with a result. The destination may be one of the words of the header: that is cleared first.
#define RETURN_RESULT(info, result)                       \
  do {                                                    \
    Value* caller_ = frame::caller(r);                    \
    END_FRAME();                                          \
    Value* to_ = &caller_[(info).destination];            \
    Value old_ = *to_;                                    \
    *to_ = (result);                                      \
    if (may_need_drop(old_)) [[unlikely]] {               \
      if (!old_.is_empty()) {                             \
        r[-1] = old_;                                     \
        TAIL(drop_replaced);                              \
      }                                                   \
    }                                                     \
    r = caller_;                                          \
    pc = frame::pc(r) + resume_units(info);   \
  } while (0)

// Drops the variables of a frame that returns, and its function, as long as nothing dies by that; false: something would (what was
// dropped is EMPTY). Temporaries are clean by now (check_clean).
TYPHON_INLINE bool drop_variables_quickly(Value* r) {
  u64 n = frame::code(r)->local_count;
  check_clean(r, u32(n), frame::code(r)->register_count);
  for (u64 i = n; i-- > 0;) {
    Value v = r[i];
    if (may_need_drop(v)) {
      if (v.is_empty()) continue;
      if (!quick_uncount(reinterpret_cast<Object*>(v.bits))) [[unlikely]] return false;
    }
    r[i] = EMPTY;
  }
  Value function = frame::function_word(r);
  return (function.bits & 15) != 0 || quick_uncount(reinterpret_cast<Object*>(function.bits));
}
// Whether a local generator that has ended can be freed as it is, when this owned word, the only one, goes: nothing is to be dropped
// with it (its code is not counted).
TYPHON_INLINE bool frees_nothing_else(const Generator* g, Value word) {
  return !word.is_deferred() && (g->Object::state & (state::kLocal | state::kHasSideTable)) == state::kLocal &&
         g->count < 2 * count::kOne &&
         (g->name.peek().bits | g->qualname.peek().bits | g->origin_or_finalizer.peek().bits) == EMPTY.bits;
}
// The end of an __init__: an argument dies.
COLD_HANDLER(return_constructor_dropping) {
  save_pc(r, pc);
  FrameInfo info = frame::info(r);
  Value* caller = frame::caller(r);
  Value instance = r[-kFrameHeader - 1];
  r[-kFrameHeader - 1] = EMPTY;
  drop_frame(t, r);
  r = caller;
  set_register(r, info.destination, instance);
  pc = frame::pc(r);
  NEXT_RELOAD(resume_units(info));
}
// Usually. What it returns is in the register that the RETURN at pc names.
COLD_HANDLER(return_constructor) {
  FrameInfo info = frame::info(r);
  if ((info.flags & frame_flag::kSpecial) != frame_flag::kConstructor || !r[pc->a].is_none()) [[unlikely]] TAIL(return_cold);
  if (!drop_variables_quickly(r)) TAIL(return_constructor_dropping);
  Value instance = r[-kFrameHeader - 1];
  r[-kFrameHeader - 1] = EMPTY;
  RETURN_RESULT(info, instance);
  NEXT_CARRYING(0, instance);
}
// The end of a local generator or coroutine that another one or a for loop waits for.
COLD_HANDLER(return_delegate) {
  Generator* g = generator_of(r);
  Value* caller = frame::caller(r);
  if (((frame::info(r).flags & frame_flag::kEntry) | frame::frame_object(r).bits) || !g->is_local() || is_traced(*t) ||
      !g->exception.exception.is_none()) [[unlikely]]
    TAIL(return_cold);
  Instr* waiting = frame::pc(caller);
  bool loops = Op(waiting->op) == Op::FOR_ITER;
  if (!loops && Op(waiting->op) != Op::YIELD_FROM) [[unlikely]] TAIL(return_cold);
  save_pc(r, pc);
  Value result = r[pc->a];
  r[pc->a] = EMPTY;
  if (g->chain != nullptr) shorten_chain(g);
  t->exception_top = g->exception.previous;
  bool dropped = drop_variables_quickly(r);
  pc = waiting;
  Value* operand = &caller[pc->b];
  Value delegate = *operand;
  if (dropped && frees_nothing_else(g, delegate)) [[likely]] {
    t->frame = caller;
    t->recursion_depth--;
    r = caller;
    *operand = EMPTY;
    heap::free_block(*t, g);
  } else {
    g->exception.previous = nullptr;
    g->state = u8(GeneratorState::kFinished);
    if (dropped) {
      t->frame = caller;
      t->recursion_depth--;
      for (int k = 1; k <= kFrameHeader; k++) r[-k] = EMPTY;
    } else {
      drop_frame(t, r);
    }
    r = caller;
    clear_register(r, pc->b);
    table = static_cast<const HandlerEntry*>(t->dispatch_table);
  }
  if (loops) {
    release(result);
    NEXT_RELOAD(i32(u32(unit(pc + 1))));
  }
  DCHECK(!needs_drop(r[pc->c]));  // what was sent has arrived
  SET_AND_NEXT(&r[pc->a], result, 1);
}
// The end of a special method.
COLD_HANDLER(return_operator_general) {
  if (frame::frame_object(r).bits || (frame::info(r).flags & frame_flag::kEntry)) [[unlikely]] TAIL(return_cold);
  save_pc(r, pc);
  Value result = r[pc->a];
  r[pc->a] = EMPTY;
  FrameInfo info = frame::info(r);
  Value* caller = frame::caller(r);
  drop_frame(t, r);
  r = caller;
  pc = frame::pc(r);
  if (!finish_operator(*t, r, result)) [[unlikely]] TAIL(op_raise);
  NEXT_RELOAD(resume_units(info));
}
// After that of a binary operator: an operand dies.
COLD_HANDLER(drop_operands) {
  (void)finish_dss(r, pc, Ref::adopt(Value(carried)));
  NEXT_RELOAD(1);
}
// Usually, of a binary operator.
COLD_HANDLER(return_operator) {
  FrameInfo info = frame::info(r);
  Value result = r[pc->a];
  if ((info.flags & frame_flag::kSpecial) != (frame_flag::kOperator | frame_flag::kArithmetic) || result.bits == NotImplemented.bits) [[unlikely]]
    TAIL(return_operator_general);
  r[pc->a] = EMPTY;
  if (!drop_variables_quickly(r)) [[unlikely]] {
    r[pc->a] = result;
    TAIL(return_operator_general);
  }
  Value* caller = frame::caller(r);
  END_FRAME();
  r = caller;
  pc = frame::pc(r);
  u32 x = pc->x;
  Value a = r[pc->b], b = r[pc->c];
  bool both = (x & (kConsumeB | kConsumeC)) == (kConsumeB | kConsumeC) && a.bits == b.bits;
  if (((x & kConsumeB) && !drops_quickly(a)) || ((x & kConsumeC) && !drops_quickly(b)) || both) TAIL_CARRYING(drop_operands, result.bits);
  if (x & kConsumeB) {
    (void)quick_drop(a);
    r[pc->b] = EMPTY;
  }
  if (x & kConsumeC) {
    (void)quick_drop(b);
    r[pc->c] = EMPTY;
  }
  SET_AND_CARRY(&r[pc->a], result, 1);
}
// The end of a plain frame that native code called.
COLD_HANDLER(return_entry) {
  if (frame::frame_object(r).bits) [[unlikely]] TAIL(return_cold);
  save_pc(r, pc);
  Value result = r[pc->a];
  r[pc->a] = EMPTY;
  drop_frame(t, r);
  return result.bits;
}
}  // namespace

namespace {
// What an argument refers to is held by the caller as long as the call lasts (MOVE_BORROWED), a result longer.
COLD_HANDLER(return_borrowed) {
  r[pc->a] = acquire(r[pc->a]);
  TAIL(op_RETURN);
}
}  // namespace
namespace {
// A plain frame whose object nobody else has: that goes first.
COLD_HANDLER(return_unseen) {
  const Object* object = frame::frame_object(r).object();
  if (!(object->ownership() & g_counted_states) || object->count >= 2 * count::kOne) TAIL(return_cold);
  save_pc(r, pc);
  detach_frame_object(*t, r);
  table = static_cast<const HandlerEntry*>(t->dispatch_table);
  TAIL(op_RETURN);
}
}  // namespace
namespace {
// RETURN of `result`, the word of its register.
[[clang::preserve_none]] TYPHON_INLINE u64 return_word(HANDLER_PARAMETERS) {
  Value result(carried);
  if (result.is_deferred() && (result.object()->ownership() & g_counted_states)) [[unlikely]] TAIL(return_borrowed);
  FrameInfo info = frame::info(r);
  if (info.flags & frame_flag::kSpecial) [[unlikely]] {
    if ((info.flags & frame_flag::kSpecial) == frame_flag::kEntry) TAIL(return_entry);
    if (info.flags & frame_flag::kConstructor) TAIL(return_constructor);
    if (info.flags & frame_flag::kGenerator) TAIL(return_delegate);
    if (info.flags & frame_flag::kOperator) TAIL(return_operator);
    if ((info.flags & frame_flag::kSpecial) == frame_flag::kObserved) TAIL(return_unseen);
    TAIL(return_cold);
  }
  r[pc->a] = EMPTY;
  if (!drop_variables_quickly(r)) [[unlikely]] {
    r[pc->a] = result;
    TAIL(return_dropping);
  }
  RETURN_RESULT(info, result);
  NEXT_CARRYING(0, result);
}
}  // namespace
HANDLER(RETURN) { TAIL_CARRYING(return_word, r[pc->a].bits); }
CARRY_HANDLER(RETURN) {
  if (pc->x & kLastIsB) TAIL_CARRYING(return_word, carried);
  TAIL(op_RETURN);
}
namespace {
// RETURN of `result`, an immediate that the instruction at pc has at hand, which a RETURN follows.
#define RETURN_AT_HAND(result)                                                                       \
  do {                                                                                               \
    FrameInfo info = frame::info(r);                                                                 \
    if ((info.flags & frame_flag::kSpecial) || !drop_variables_quickly(r)) [[unlikely]] {            \
      r[pc->a] = (result);                                                                           \
      pc++;                                                                                          \
      if (info.flags & frame_flag::kConstructor) TAIL(return_constructor);                           \
      if ((info.flags & frame_flag::kSpecial) == frame_flag::kGenerator) TAIL(return_delegate);      \
      TAIL(op_RETURN);                                                                               \
    }                                                                                                \
    if (info.flags & frame_flag::kDiscard) { /* of a call that is a statement there is nothing to drop */ \
      Value* caller = frame::caller(r);                                                              \
      END_FRAME();                                                                                   \
      r = caller;                                                                                    \
      pc = frame::pc(r);                                                                             \
      NEXT(resume_units(info) + 1);                                                                  \
    }                                                                                                \
    RETURN_RESULT(info, result);                                                                     \
    NEXT(0);                                                                                         \
  } while (0)
}  // namespace
HANDLER(RETURN_NONE) { RETURN_AT_HAND(None); }
HANDLER(RETURN_IMMEDIATE) {
  Value result = frame::code(r)->constants[pc->constant()];
  RETURN_AT_HAND(result);
}

}  // namespace typhon
