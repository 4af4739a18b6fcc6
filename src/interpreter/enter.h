// Entering Python functions from handlers: the frame is pushed and the loop goes on in it (docs/interpreter.md).
#pragma once
#include "interpreter/dispatch.h"
#include "interpreter/generator.h"

namespace typhon {

// Whether a frame of `code` at `callee` may be pushed by enter_code: there is room, and nothing to poll or to trace.
TYPHON_INLINE bool may_enter(const Thread* t, const Value* callee, const Code* code) {
  return callee + code->register_count <= load_relaxed(&t->entry_limit) && t->recursion_depth < t->recursion_limit;
}

// The first half of a FrameInfo: flags (with resume_after) and the destination.
TYPHON_INLINE u32 call_info(u32 flags, u16 destination) { return flags | u32(destination) << 16; }
// ... of a call of two units, as it is: its operand a is the destination, its x has kDiscards where the flag kDiscard goes.
TYPHON_INLINE u32 call_info(const Instr* call) {
  static_assert(offsetof(Instr, x) == 1 && offsetof(Instr, a) == 2 && frame_flag::kDiscard == kDiscards << 8);
  u32 head = __atomic_load_n(reinterpret_cast<const u32*>(call), __ATOMIC_RELAXED);
  return (head & (0xFFFF0000 | frame_flag::kDiscard)) | resume_after(2);
}

// Pushes the frame of `code`, which may_enter, at `callee`, where function and parameters (n) are in place. `info`: call_info.
TYPHON_INLINE Instr* enter_code(Thread* t, Value* r, Instr* pc, Value* callee, Code* code, u32 n, u32 info) {
  Instr* first = __atomic_load_n(&code->entry, __ATOMIC_ACQUIRE);
  [[assume(first != nullptr)]];
  u32 locals = code->local_count;
  t->recursion_depth++;
  frame::pc(r) = pc;
  frame::pc(callee) = first;
  frame::caller(callee) = r;
  frame::info(callee) = std::bit_cast<FrameInfo>(u64(info));
  frame::frame_object(callee) = EMPTY;
  frame::code(callee) = code;
  empty_registers(callee, n, locals);
  check_clean(callee, n, code->register_count);
  t->frame = callee;
  return first;
}

// The frame of a Python function that takes exactly the arguments given, pushed without leaving the handler; the running frame is no
// generator's. The window's function register is callee[-1]. Null: not that simple.
TYPHON_INLINE Instr* enter_plain(Thread* t, Value* r, Instr* pc, Value* callee, u32 n, u32 info) {
  Code* code = callee[-1].as<Function>()->code.as<Code>();
  if (!takes_exactly(code, n) || !may_enter(t, callee, code)) [[unlikely]] return nullptr;
  DCHECK(!(frame::info(r).flags & frame_flag::kGenerator));
  return enter_code(t, r, pc, callee, code, n, info);
}

// Goes on in the callee.
#define ENTER(callee, first) \
  do {                       \
    r = (callee);            \
    pc = (first);            \
    NEXT(0);                 \
  } while (0)

// Whether a special method found in a class is a Python function that takes exactly n arguments and whose frame, behind the running
// one, may be pushed by enter_code.
TYPHON_INLINE bool enters_special(Thread* t, Value* r, Value function, u32 n) {
  if (!is_exact_function(function)) return false;
  Code* code = function.as<Function>()->code.as<Code>();
  return takes_exactly(code, n) && may_enter(t, frame_stack_end(*t, r) + kFrameHeader + 1, code);
}

// The special method `name` of the class of `v` for a frame whose end is no plain return (frame_flag::kOperator): a Python function
// that enters_special, with n parameters; EMPTY otherwise.
TYPHON_INLINE Value look_up_special(Type* type, Str* name) { return type_lookup(type, name); }
TYPHON_INLINE Value look_up_special(Type* type, Special which) { return type_special(type, which); }
template <class Name>
TYPHON_INLINE Value operator_special(Thread* t, Value* r, Value v, Name name, u32 n) {
  if (!v.is_object() || quick_shape(v.object()) < kFirstDynamicShape) return EMPTY;
  Value method = look_up_special(type_of_object(v.object()), name);
  if (!enters_special(t, r, method, n)) return EMPTY;
  return method.as<Function>()->code.as<Code>()->flags & code_flag::kAnyGenerator ? EMPTY : method;
}

// The __iter__ of a class, as long as that is a generator function: its result needs no look.
TYPHON_INLINE Value generating_iter(Value v) {
  if (!v.is_object() || v.object()->shape_id() < kFirstDynamicShape) return EMPTY;
  Value method = type_special(type_of_object(v.object()), Special::kIter);
  return is_exact_function(method) && (method.as<Function>()->code.as<Code>()->flags & code_flag::kGenerator) ? method : EMPTY;
}
// What that method makes of operand b, without its frame being pushed; null: not that simple.
TYPHON_INLINE Generator* quick_iterator(Thread* t, Value* r, const Instr* pc, const HandlerEntry* table, Value method) {
  Function* function = method.as<Function>();
  Code* code = function->code.as<Code>();
  Instr* first = first_instruction(code);
  if (Op(first->op) != Op::RETURN_GENERATOR || !takes_exactly(code, 1) || table != g_handlers || g_multi_threaded ||
      t->recursion_depth >= t->recursion_limit)
    return nullptr;
  Generator* g = quick_generator(t, function, code, first);
  if (g == nullptr) [[unlikely]] return nullptr;
  g->registers()[-1] = acquire(method);
  g->registers()[0] = take_operand(r, pc, kConsumeB, pc->b);
  return g;
}
// The same by a frame: goes on in the method, whose result goes to r[a].
#define ENTER_ITER(method)                                                                                    \
  do {                                                                                                        \
    Value* callee_ = frame_stack_end(*t, r) + kFrameHeader + 1;                                               \
    callee_[-1] = acquire(method);                                                                            \
    callee_[0] = take_operand(r, pc, kConsumeB, pc->b);                                                       \
    Code* code_ = callee_[-1].as<Function>()->code.as<Code>();                                                \
    Instr* first_ = enter_code(t, r, pc, callee_, code_, 1, call_info(resume_after(1), pc->a));            \
    ENTER(callee_, first_);                                                                                   \
  } while (0)

}  // namespace typhon
