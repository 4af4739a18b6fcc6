// The calling convention of instruction handlers, shared by the ops_*.cpp files (docs/interpreter.md).
//
// A handler has exactly six arguments and leaves by a tail call: to the next handler, to a cold handler that redoes the
// instruction the general way, or to `op_raise` when an exception is pending. A handler keeps no state anywhere else. Hot
// handlers contain tail calls only, so that they need no stack frame; everything that may call out sits in cold handlers and
// in noinline C++ functions ("steps"), which store pc into the frame before anything can look at it.
#pragma once
#include "interpreter/frame.h"
#include "objects/protocol/protocol.h"

namespace typhon {

struct HandlerEntry;
typedef u64 (*HandlerFn)(Thread*, const HandlerEntry*, Instr*, Value*, u64, double) __attribute__((preserve_none));
struct HandlerEntry {
  HandlerFn run;
};
// By opcode; from kCarrying on what NEXT_CARRYING goes to, from kCarryingFloat on what NEXT_CARRYING_FLOAT goes to.
inline constexpr u32 kCarrying = 256, kCarryingFloat = 512, kHandlers = 768;
extern const HandlerEntry g_handlers[kHandlers];

// The last two arguments carry a result to the next handler, or a word to drop_and_next, and nothing otherwise: whatever is in their
// registers. Operands are read where they are used, out of the instruction at pc: one load each, which waits for nothing but pc.
TYPHON_INLINE u64 any_word() {
  u64 word;
  asm("" : "=r"(word));
  return word;
}
TYPHON_INLINE double any_double() {
  double number;
#if defined(__x86_64__)
  asm("" : "=x"(number));
#else
  asm("" : "=w"(number));
#endif
  return number;
}
// The order puts pc and r into the registers (r14 and r15 on x86-64) that addresses need no byte more for.
#define HANDLER_PARAMETERS \
  Thread *t, const HandlerEntry *table, Instr *pc, Value *r, [[maybe_unused]] u64 carried, [[maybe_unused]] double carried_float
#define HANDLER(name) [[clang::preserve_none]] u64 op_##name(HANDLER_PARAMETERS)
#define COLD_HANDLER(name) [[clang::preserve_none, gnu::noinline]] static u64 name(HANDLER_PARAMETERS)
#define TAIL_CARRYING(handler, word) [[clang::musttail]] return handler(t, table, pc, r, word, any_double())
#define TAIL(handler) TAIL_CARRYING(handler, any_word())
// Goes on `n` units after this instruction.
#define NEXT(n)                                                        \
  do {                                                                 \
    pc += (n);                                                         \
    TAIL(table[opcode_at(pc)].run);                                      \
  } while (0)
// The same after something that may have run Python code: the handler table may have been exchanged (tracing).
#define NEXT_RELOAD(n)                                             \
  do {                                                             \
    table = static_cast<const HandlerEntry*>(t->dispatch_table);   \
    NEXT(n);                                                       \
  } while (0)
// Before a handler calls out. The one register that C++ functions save and handlers use freely holds whatever some handler left in
// it, and a conservative scan would take that for a reference for as long as the call lasts.
#if defined(__x86_64__)
#define FORGET_REGISTERS() asm volatile("xorl %%ebx, %%ebx" ::: "rbx", "cc")
#else
#define FORGET_REGISTERS() ((void)0)
#endif
// Runs a step (bool: false when it raised), then goes on.
#define STEP(call, n)                    \
  do {                                   \
    FORGET_REGISTERS();                  \
    if (!(call)) [[unlikely]] TAIL(op_raise); \
    NEXT(n);                             \
  } while (0)

// Goes on `n` units after this instruction, the last of which has just put `word` into its register a. Handlers of the instructions below
// take that out of `carried`, where they are marked for it (kLastIsB, kLastIsC), and else do as ever: a chain of operations need not wait
// for each result to come back from memory.
#define NEXT_CARRYING(n, word)                                            \
  do {                                                                    \
    pc += (n);                                                            \
    TAIL_CARRYING(table[kCarrying + opcode_at(pc)].run, (word).bits);     \
  } while (0)
#define CARRY_HANDLER(name) [[clang::preserve_none]] u64 carry_##name(HANDLER_PARAMETERS)
// The same with a float, whose word is `word`: arithmetic takes the number itself, which need not be packed into a word and unpacked.
#define NEXT_CARRYING_FLOAT(n, word, number)                                                                        \
  do {                                                                                                              \
    pc += (n);                                                                                                      \
    [[clang::musttail]] return table[kCarryingFloat + opcode_at(pc)].run(t, table, pc, r, (word).bits, (number));   \
  } while (0)
#define FLOAT_CARRY_HANDLER(name) [[clang::preserve_none]] u64 carry_float_##name(HANDLER_PARAMETERS)
#define CARRY_PAIRS(X, first) \
  X(first##_ADD) X(first##_SUB) X(first##_MUL) X(first##_THEN_ADD) X(first##_THEN_SUB) X(first##_THEN_MUL)
#define FLOAT_CARRY_OPS(X) \
  X(ADD) X(SUB) X(MUL) X(TRUE_DIV) X(POW) CARRY_PAIRS(X, ADD) CARRY_PAIRS(X, SUB) CARRY_PAIRS(X, MUL)
#define CARRY_OPS(X) \
  FLOAT_CARRY_OPS(X) X(ADD_INT) X(SUB_INT) X(LOAD_POWER_FLOOR_DIV) X(LOAD_POWER_MOD) X(RETURN) X(MOVE_METHOD_BORROWED) X(MOVE_METHOD_CALL)
#define DECLARE_CARRY(name) CARRY_HANDLER(name);
CARRY_OPS(DECLARE_CARRY)
#undef DECLARE_CARRY
#define DECLARE_CARRY(name) FLOAT_CARRY_HANDLER(name);
FLOAT_CARRY_OPS(DECLARE_CARRY)
#undef DECLARE_CARRY

#define OP(name, units, operands, effect) HANDLER(name);
#include "bytecode/ops.def"
#undef OP
HANDLER(raise);         // exception pending: adds a traceback row for this frame, then unwinds
HANDLER(unwind);        // the same without the row (re-raising)
HANDLER(enter);         // continues with the frame t->frame at its saved pc
HANDLER(step_failed);   // leaves the loop with ERROR

// Whether an operand, which is never EMPTY, is an object.
TYPHON_INLINE bool points(Value v) {
  DCHECK(!v.is_empty());
  return (v.bits & 7) == 0;
}
// Where an operand comes from that is an object: words of registers may have the deferred mark, those of heap slots have none.
enum class From { kRegister, kSlot };
template <From kFrom>
TYPHON_INLINE Object* object_of(Value v) {
  DCHECK(points(v) && (kFrom == From::kRegister || !v.is_deferred()));
  return kFrom == From::kSlot ? reinterpret_cast<Object*>(v.bits) : v.object();
}
// The same for an exact type; `v` no EMPTY word.
TYPHON_INLINE bool points_to(Value v, u32 shape) { return points(v) && quick_shape(v.object()) == shape; }

// An owned word whose drop may do something: its low four bits are zero and it is not EMPTY. Either shows in the top bits here, in
// one test.
TYPHON_INLINE bool needs_drop(Value v) { return std::rotr(v.bits, 4) - 1 < (u64(1) << 60) - 1; }
static_assert(std::rotr(Value::small_int(0).bits, 4) - 1 >= (u64(1) << 60) - 1, "int 0 holds no reference");

// The first half of that test, for where the word is an immediate mostly: EMPTY passes too, and is asked for in a branch of its own.
TYPHON_INLINE bool may_need_drop(Value v) {
  if (v.bits & 15) [[likely]] return false;
  asm volatile("");  // two branches, not a combined condition
  return true;
}

// Takes one count of an object away, if it is counted, when that is not the last; false: not done.
TYPHON_INLINE bool quick_uncount(Object* object) {
  u8 ownership = object->ownership();
  if (!(ownership & g_counted_states)) [[unlikely]] return ownership & (state::kDeferred | state::kImmortal);
  i32 n = object->count - count::kOne;
  if (n < count::kOne) return false;
  object->count = n;
  return true;
}
// Drops an owned word when nothing dies by that; false: not done.
TYPHON_INLINE bool quick_drop(Value v) { return !needs_drop(v) || quick_uncount(reinterpret_cast<Object*>(v.bits)); }
// Whether quick_drop would do it.
TYPHON_INLINE bool drops_quickly(Value v) {
  if (!needs_drop(v)) return true;
  Object* object = reinterpret_cast<Object*>(v.bits);
  u8 ownership = object->ownership();
  if (!(ownership & g_counted_states)) return ownership & (state::kDeferred | state::kImmortal);
  return object->count >= 2 * count::kOne;
}
// Counts one reference more to an object in g_counted_states. Past the sticky limit there is room for as many again: only when that is
// used up (false, not counted) an object that was never counted otherwise has to go the general way, which saturates it.
TYPHON_INLINE bool quick_count(Object* object) {
  object->count = i32(u32(object->count) + count::kOne);
  if (object->count >= 0) [[likely]] return true;
  asm volatile("" ::: "memory");  // or the old count would be kept for this
  object->count = i32(u32(object->count) - count::kOne);
  return false;
}
// Makes an owned word of a borrowed one without a call; false: EMPTY, or a count at its limit.
TYPHON_INLINE bool quick_acquire(Value v, Value* out) {
  if (v.bits & 7) {
    *out = v;
    return true;
  }
  Object* object = v.object();
  if (object == nullptr) return false;
  if (!(object->ownership() & g_counted_states)) {
    *out = Value(u64(object) | Value::kDeferredBit);
    return true;
  }
  if (!quick_count(object)) [[unlikely]] return false;
  *out = Value(object);
  return true;
}
// The same for a word out of a heap slot, which has no deferred mark.
TYPHON_INLINE bool quick_acquire_slot(Value v, Value* out) {
  if (v.bits & 7) {
    *out = v;
    return true;
  }
  if (v.is_empty()) [[unlikely]] return false;
  Object* object = reinterpret_cast<Object*>(v.bits);
  if (!(object->ownership() & g_counted_states)) {
    *out = Value(v.bits | Value::kDeferredBit);
    return true;
  }
  if (!quick_count(object)) [[unlikely]] return false;
  *out = v;
  return true;
}

// Stores a word of a heap slot, counted, into a register when nothing dies by that; false: not done.
TYPHON_INLINE bool quick_replace(Value* to, Value word) {
  if (!quick_acquire_slot(word, &word)) [[unlikely]] return false;
  Value old = *to;
  if (may_need_drop(old) && !old.is_empty() && !quick_uncount(reinterpret_cast<Object*>(old.bits))) [[unlikely]] {
    (void)quick_drop(word);
    return false;
  }
  *to = word;
  return true;
}
// The word of an argument that the caller's frame holds as long as the call lasts: without a count.
TYPHON_INLINE Value borrowed(Value v) { return points(v) ? Value(v.bits | Value::kDeferredBit) : v; }

// The word that a slot of `owner`, an object nobody else writes to, gets for an operand: moved or counted. False: that takes a call.
TYPHON_INLINE bool quick_heap_word(Value v, bool moved, const Object* owner, Value* out) {
  if (v.bits & 7) {
    *out = v;
    return true;
  }
  Object* object = v.object();
  u8 ownership = object->ownership();
  *out = Value(object);
  if (ownership & (state::kDeferred | state::kImmortal)) return true;
  if (!(ownership & g_counted_states)) return false;
  if ((ownership & state::kLocal) && !owner->is_local()) return false;  // to be published first
  return (moved && !v.is_deferred()) || quick_count(object);
}

// The last thing an instruction of kUnits units does when the word it replaced has to be dropped: that word comes in `carried`.
template <int kUnits>
[[clang::preserve_none, gnu::noinline]] u64 drop_and_next(HANDLER_PARAMETERS) {
  Object* object = reinterpret_cast<Object*>(carried);
  if ((object->ownership() & g_counted_states) && object->count >= 2 * count::kOne) [[likely]] {
    object->count -= count::kOne;
    NEXT(kUnits);
  }
  frame::pc(r) = pc;
  release(Value(carried));
  NEXT_RELOAD(kUnits);
}
#define DROP_AND_NEXT(word, n) TAIL_CARRYING(drop_and_next<n>, (word).bits)
// Stores an owned word into a register (a pointer to it), drops what it held, goes on after n units, by `go` if there was nothing to drop.
#define SET_AND(to, owned, n, go)                             \
  do {                                                        \
    Value replaced_ = *(to);                                  \
    *(to) = (owned);                                          \
    if (may_need_drop(replaced_)) [[unlikely]] {              \
      if (!replaced_.is_empty()) DROP_AND_NEXT(replaced_, n); \
    }                                                         \
    go;                                                       \
  } while (0)
#define SET_AND_NEXT(to, owned, n) SET_AND(to, owned, n, NEXT(n))
// The same, of register a of the last of the n units.
#define SET_AND_CARRY(to, owned, n) SET_AND(to, owned, n, NEXT_CARRYING(n, owned))

// The same for a temporary of the frame: it holds nothing to drop.
#define SET_TEMP_AND(to, owned, go) \
  do {                              \
    DCHECK(!needs_drop(*(to)));     \
    *(to) = (owned);                \
    go;                             \
  } while (0)
#define SET_TEMP_AND_NEXT(to, owned, n) SET_TEMP_AND(to, owned, NEXT(n))
#define SET_TEMP_AND_CARRY(to, owned, n) SET_TEMP_AND(to, owned, NEXT_CARRYING(n, owned))

// Stores what was found (an owned word) in the container r[b] and goes on after two units; drops the container when it is consumed.
// With two things to drop, the handler `general` does it all again.
#define FINISH_LOAD(found, general)                                       \
  do {                                                                    \
    Value* to_ = &r[pc->a];                                              \
    if (!(pc->x & kConsumeB)) [[likely]] SET_AND_NEXT(to_, found, 2);    \
    Value* from_ = &r[pc->b];                                            \
    if (to_ != from_ && needs_drop(*to_)) [[unlikely]] {                  \
      (void)quick_drop(found);                                            \
      TAIL(general);                                                      \
    }                                                                     \
    Value container_ = *from_;                                            \
    *from_ = EMPTY;                                                       \
    *to_ = (found);                                                       \
    if (needs_drop(container_)) [[likely]] DROP_AND_NEXT(container_, 2);  \
    NEXT(2);                                                              \
  } while (0)

// --- register access of steps. Each drops what it replaces, and so may run Python code.
TYPHON_INLINE void save_pc(Value* r, Instr* pc) { frame::pc(r) = pc; }
TYPHON_INLINE void set_register(Value* r, u32 i, Value owned) {
  Value old = r[i];
  r[i] = owned;
  release(old);
}
TYPHON_INLINE void set_register(Value* r, u32 i, Ref&& owned) { set_register(r, i, owned.take()); }
TYPHON_INLINE void clear_register(Value* r, u32 i) {
  Value old = r[i];
  r[i] = EMPTY;
  release(old);
}
TYPHON_INLINE void consume(Value* r, const Instr* pc, u8 bit, u32 i) {
  if (pc->x & bit) clear_register(r, i);
}
// The operand as an owned word: moved when the instruction consumes it, else a new reference.
TYPHON_INLINE Value take_operand(Value* r, const Instr* pc, u8 bit, u32 i) {
  if (!(pc->x & bit)) return acquire(r[i]);
  Value v = r[i];
  r[i] = EMPTY;
  return v;
}
// End of the usual instructions: consumes operands, stores the result.
TYPHON_INLINE bool finish_ds(Value* r, const Instr* pc, Ref&& result) {
  if (result.failed()) [[unlikely]] return false;
  consume(r, pc, kConsumeB, pc->b);
  set_register(r, pc->a, std::move(result));
  return true;
}
TYPHON_INLINE bool finish_dss(Value* r, const Instr* pc, Ref&& result) {
  if (result.failed()) [[unlikely]] return false;
  consume(r, pc, kConsumeB, pc->b);
  consume(r, pc, kConsumeC, pc->c);
  set_register(r, pc->a, std::move(result));
  return true;
}
TYPHON_INLINE Str* name_operand(Value* r, const Instr* pc) { return frame::code(r)->names[pc->name()]; }

}  // namespace typhon
