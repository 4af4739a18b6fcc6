// Operators: arithmetic, comparison, identity, truth. Ints and floats are done in the handler, everything else by
// protocol/number.cpp and protocol/compare.cpp.
#include <cmath>

#include "interpreter/attribute_cache.h"
#include "interpreter/dispatch.h"
#include "interpreter/enter.h"
#include "interpreter/inlined.h"
#include "interpreter/quick_key.h"
#include "interpreter/quick_test.h"
#include "interpreter/sequence_item.h"

namespace typhon {
namespace {

// The end of an instruction whose operands and result are immediates.
#define STORE_IMMEDIATE(value) SET_AND_NEXT(&r[pc->a], value, 1)
#define CARRY_IMMEDIATE(value) SET_AND_CARRY(&r[pc->a], value, 1)

TYPHON_INLINE bool both_ints(Value a, Value b) { return a.bits & b.bits & 1; }
TYPHON_INLINE bool both_tagged_floats(Value a, Value b) { return (((a.bits - 2) | (b.bits - 2)) & 3) == 0; }

// An immediate number as a double; false for anything else. Bools are left to the general way.
TYPHON_INLINE bool as_double(Value v, double* out) {
  if (v.is_immediate_float()) {
    *out = v.as_immediate_float();
    return true;
  }
  if (v.is_small_int()) {
    i64 n = v.as_small_int();
    *out = double(n);
    return n >= -(i64(1) << 53) && n <= (i64(1) << 53);
  }
  return false;
}

TYPHON_INLINE bool is_whole(Value v) { return v.is_small_int() || is_exact(v, kShape_int_); }

// --- what each operator does with immediates. ints(): both words are tagged ints; floats(): decoded.
struct Add {
  static constexpr BinaryOp kOp = BinaryOp::kAdd;
  static constexpr IntOp kIntOp = IntOp::kAdd;
  static constexpr bool kHasFloat = true;
  static bool ints(u64 a, u64 b, Value* out) {
    i64 n;
    if (__builtin_add_overflow(i64(a - 1), i64(b), &n)) return false;
    *out = Value(u64(n));
    return true;
  }
  static double floats(double a, double b) { return a + b; }
  static auto complex_slot(const Slots& slots) { return slots.add; }
};
struct Sub {
  static constexpr BinaryOp kOp = BinaryOp::kSub;
  static constexpr IntOp kIntOp = IntOp::kSub;
  static constexpr bool kHasFloat = true;
  static bool ints(u64 a, u64 b, Value* out) {
    i64 n;
    if (__builtin_sub_overflow(i64(a), i64(b - 1), &n)) return false;
    *out = Value(u64(n));
    return true;
  }
  static double floats(double a, double b) { return a - b; }
  static auto complex_slot(const Slots& slots) { return slots.subtract; }
};
struct Mul {
  static constexpr BinaryOp kOp = BinaryOp::kMul;
  static constexpr IntOp kIntOp = IntOp::kMul;
  static constexpr bool kHasFloat = true;
  static bool ints(u64 a, u64 b, Value* out) {
    i64 n;
    if (__builtin_mul_overflow(i64(a) >> 1, i64(b - 1), &n)) return false;
    *out = Value(u64(n) + 1);
    return true;
  }
  static double floats(double a, double b) { return a * b; }
  static auto complex_slot(const Slots& slots) { return slots.multiply; }
};
struct And {
  static constexpr BinaryOp kOp = BinaryOp::kAnd;
  static constexpr IntOp kIntOp = IntOp::kAnd;
  static constexpr bool kHasFloat = false;
  static bool ints(u64 a, u64 b, Value* out) { return *out = Value(a & b), true; }
};
struct Or {
  static constexpr BinaryOp kOp = BinaryOp::kOr;
  static constexpr IntOp kIntOp = IntOp::kOr;
  static constexpr bool kHasFloat = false;
  static bool ints(u64 a, u64 b, Value* out) { return *out = Value(a | b), true; }
};
struct Xor {
  static constexpr BinaryOp kOp = BinaryOp::kXor;
  static constexpr IntOp kIntOp = IntOp::kXor;
  static constexpr bool kHasFloat = false;
  static bool ints(u64 a, u64 b, Value* out) { return *out = Value((a ^ b) | 1), true; }
};
struct FloorDiv {
  static constexpr BinaryOp kOp = BinaryOp::kFloorDiv;
  static constexpr IntOp kIntOp = IntOp::kFloorDiv;
  static constexpr bool kHasFloat = false;
  static bool ints(u64 a, u64 b, Value* out) {
    i64 x = i64(a) >> 1, y = i64(b) >> 1;
    if (y == 0) return false;
    i64 q;
    // 32-bit division is several times faster than 64-bit division on most machines.
    if (((u64(x) | u64(y)) >> 31) == 0) {
      q = u32(x) / u32(y);
    } else {
      q = x / y;  // 63-bit operands: min / -1 does not trap
      if (q * y != x && ((x < 0) != (y < 0))) q--;
    }
    if (!Value::fits_small_int(q)) return false;
    *out = Value::small_int(q);
    return true;
  }
};
struct Mod {
  static constexpr BinaryOp kOp = BinaryOp::kMod;
  static constexpr IntOp kIntOp = IntOp::kMod;
  static constexpr bool kHasFloat = false;
  static bool ints(u64 a, u64 b, Value* out) {
    i64 x = i64(a) >> 1, y = i64(b) >> 1;
    if (y == 0) return false;
    i64 m;
    if (((u64(x) | u64(y)) >> 31) == 0) {
      m = u32(x) % u32(y);
    } else {
      m = x % y;
      if (m != 0 && ((m < 0) != (y < 0))) m += y;
    }
    *out = Value::small_int(m);
    return true;
  }
};
struct Lshift {
  static constexpr BinaryOp kOp = BinaryOp::kLshift;
  static constexpr IntOp kIntOp = IntOp::kLshift;
  static constexpr bool kHasFloat = false;
  static bool ints(u64 a, u64 b, Value* out) {
    u64 n = b >> 1;
    if (n > 62) return false;  // negative counts too
    i64 x = i64(a - 1);
    i64 shifted = i64(u64(x) << n);
    if ((shifted >> n) != x) return false;
    *out = Value(u64(shifted) + 1);
    return true;
  }
};
struct Rshift {
  static constexpr BinaryOp kOp = BinaryOp::kRshift;
  static constexpr IntOp kIntOp = IntOp::kRshift;
  static constexpr bool kHasFloat = false;
  static bool ints(u64 a, u64 b, Value* out) {
    i64 n = i64(b) >> 1;
    if (n < 0) return false;
    if (n > 63) n = 63;
    *out = Value(u64((i64(a) >> n) | 1));
    return true;
  }
};
struct TrueDiv {
  static constexpr BinaryOp kOp = BinaryOp::kTrueDiv;
  static constexpr bool kHasFloat = false;  // op_TRUE_DIV does numbers itself, and knows of zero
  static bool ints(u64, u64, Value*) { return false; }
  static auto complex_slot(const Slots& slots) { return slots.true_divide; }
};
struct Pow {
  static constexpr BinaryOp kOp = BinaryOp::kPow;
  static constexpr bool kHasFloat = false;
};
struct Matmul {
  static constexpr BinaryOp kOp = BinaryOp::kMatmul;
  static constexpr bool kHasFloat = false;
};

TYPHON_NOINLINE bool general_step(Thread& t, Value* r, Instr* pc, BinaryOp op) {
  save_pc(r, pc);
  Value a = r[pc->b], b = r[pc->c];
  return finish_dss(r, pc, (pc->x & kInPlace) ? inplace_op(t, op, a, b) : binary_op(t, op, a, b));
}

// Numbers of mixed kinds, and what the handler declined; then the protocol.
// s += x without copying s each time: the last reference to a local string (R3) takes the characters of `b` in when its block
// has room, and moves to a block with room to spare otherwise. Not done (false) for other strings.
TYPHON_NOINLINE bool append_moved(Thread& t, Value* r, const Instr* pc, Str* a, Str* b, bool* failed) {
  if (r[pc->b].is_deferred() || !a->is_local() || a->count != count::kOne || a->kind() != b->kind() || a->is_interned()) return false;
  size_t na = a->length(), nb = b->length();
  if (na == 0 || nb == 0) return false;
  u32 kind = a->kind();
  bool ascii = a->is_ascii() && b->is_ascii();
  Str* to = a;
  RefTo<Str> grown;
  if (sizeof(Str) + ((na + nb + 1) << kind) > heap::block_size(a)) {
    // Small blocks are rounded up anyway.
    size_t room = na + nb < 256 ? na + nb : na + nb + (na + nb) / 8;
    grown = str_allocate(t, room, kind == 2 ? 0x10FFFF : kind == 1 ? 0xFFFF : ascii ? 0x7F : 0xFF);
    if (grown.failed()) return *failed = true;
    to = grown.get();
    std::memcpy(to->raw_mutable(), a->raw(), na << kind);
  }
  u8* end = static_cast<u8*>(to->raw_mutable()) + (na << kind);
  std::memcpy(end, b->raw(), nb << kind);
  std::memset(end + (nb << kind), 0, size_t(1) << kind);
  to->length_kind = u64(na + nb) << 8 | kind | (ascii ? Str::kAscii : 0);
  to->aux2 = 0;  // the hash
  if (to != a) set_register(r, pc->b, grown.take());
  if (pc->a != pc->b) {
    Value moved = r[pc->b];
    r[pc->b] = EMPTY;
    consume(r, pc, kConsumeC, pc->c);
    set_register(r, pc->a, moved);
  } else {
    consume(r, pc, kConsumeC, pc->c);
  }
  return true;
}

template <class P>
TYPHON_NOINLINE bool binary_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Value a = r[pc->b], b = r[pc->c], result;
  if constexpr (requires { P::ints(0, 0, &result); }) {
    if (both_ints(a, b)) {
      if (P::ints(a.bits, b.bits, &result)) return set_register(r, pc->a, result), true;
    } else if constexpr (P::kHasFloat) {
      double x, y;
      if (as_double(a, &x) && as_double(b, &y) && Value::encode_float(P::floats(x, y), &result))
        return set_register(r, pc->a, result), true;
    }
  }
  if constexpr (P::kOp == BinaryOp::kAdd) {
    if (is_exact_str(a) && is_exact_str(b)) {
      // The left operand is moved in when the result replaces it, or it is a temporary.
      if (pc->a == pc->b || (pc->x & kConsumeB)) {
        bool failed = false;
        if (append_moved(t, r, pc, a.as<Str>(), b.as<Str>(), &failed)) return !failed;
      }
      return finish_dss(r, pc, str_concat(t, a.as<Str>(), b.as<Str>()));
    }
    if (is_exact_tuple(a) && is_exact_tuple(b)) return finish_dss(r, pc, types::tuple->slots.concat(t, a, b));
    if (is_exact_bytes(a) && is_exact_bytes(b)) return finish_dss(r, pc, types::bytes->slots.concat(t, a, b));
    if (is_exact_list(a) && (is_exact_list(b) || ((pc->x & kInPlace) && is_exact_tuple(b)))) {
      const Slots& slots = types::list->slots;
      return finish_dss(r, pc, (pc->x & kInPlace) ? slots.inplace_concat(t, a, b) : slots.concat(t, a, b));
    }
    if ((pc->x & kInPlace) && is_exact(a, kShape_bytearray) && (is_exact_bytes(b) || is_exact(b, kShape_bytearray)))
      return finish_dss(r, pc, types::bytearray->slots.inplace_concat(t, a, b));
  }
  if constexpr (P::kOp == BinaryOp::kMod) {  // a format: only a subclass of str would be asked first
    if (is_exact_str(a) && (is_exact_str(b) || !is_str(b))) return finish_dss(r, pc, types::str->slots.remainder(t, a, b));
  }
  if constexpr (requires { P::kIntOp; }) {
    if (is_whole(a) && is_whole(b)) return finish_dss(r, pc, int_binary(t, P::kIntOp, a, b));
    // Truth values are counted, mostly. The bit operations of two of them give truth values.
    constexpr bool kSums = P::kOp == BinaryOp::kAdd || P::kOp == BinaryOp::kSub || P::kOp == BinaryOp::kMul;
    if (kSums ? (a.is_bool() || a.is_small_int()) && (b.is_bool() || b.is_small_int())
              : a.is_bool() != b.is_bool() && (a.is_small_int() || b.is_small_int())) {
      Value x = a.is_bool() ? Value::small_int(a.is_true()) : a, y = b.is_bool() ? Value::small_int(b.is_true()) : b;
      if (P::ints(x.bits, y.bits, &result)) return set_register(r, pc->a, result), true;
    }
  }
  if constexpr (requires { P::complex_slot(types::complex_->slots); }) {
    if (is_exact(a, kShape_complex_) && is_exact(b, kShape_complex_))
      return finish_dss(r, pc, P::complex_slot(types::complex_->slots)(t, a, b));
  }
  return general_step(t, r, pc, P::kOp);
}

// Tuples with items.
TYPHON_NOINLINE bool join_tuples_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Ref joined = tuple_join(t, r + pc->b, pc->x & kConsumeB, r + pc->c, pc->x & kConsumeC);
  if (joined.failed()) [[unlikely]] return false;
  set_register(r, pc->a, std::move(joined));
  return true;
}
COLD_HANDLER(join_tuples) { STEP(join_tuples_step(*t, r, pc), 1); }
// One of them, as the other has none.
COLD_HANDLER(join_nothing) {
  bool left = r[pc->c].as<Tuple>()->size == 0;
  u8 kept_bit = left ? kConsumeB : kConsumeC, other_bit = left ? kConsumeC : kConsumeB;
  Value &kept = r[left ? pc->b : pc->c], &other = r[left ? pc->c : pc->b], sum = kept;
  if (((pc->x & other_bit) && !drops_quickly(other)) || (!(pc->x & kept_bit) && !quick_acquire(sum, &sum))) [[unlikely]] TAIL(join_tuples);
  if (pc->x & other_bit) {
    (void)quick_drop(other);
    other = EMPTY;
  }
  if (pc->x & kept_bit) kept = EMPTY;
  SET_AND_NEXT(&r[pc->a], sum, 1);
}

// A Python method of the left operand's class: goes on in it. Its end is return_operator's business (dispatch.cpp), and the operands
// stay where they are until then.
template <class P>
COLD_HANDLER(binary_general) {
  STEP(binary_step<P>(*t, r, pc), 1);
}
// Whether the right operand's class is no subclass of the left one's: then that one's method goes first.
TYPHON_INLINE bool left_goes_first(Value a, Value b) {
  if (!points(b)) return true;
  if (quick_shape(a.object()) == quick_shape(b.object())) return true;
  Type *left = type_of_object(a.object()), *right = type_of_object(b.object());
  return left == right || !is_subtype(right, left);
}
template <class P>
COLD_HANDLER(binary_method) {
  Value a = r[pc->b], b = r[pc->c];
  Value method = operator_special(t, r, a, Special(P::kOp), 2);
  if (method.is_empty() || (pc->x & kInPlace) || !left_goes_first(a, b) || !quick_acquire_slot(method, &method)) [[unlikely]]
    TAIL(binary_general<P>);
  Value* callee = frame_stack_end(*t, r) + kFrameHeader + 1;
  callee[-1] = method;
  callee[0] = borrowed(a);
  callee[1] = borrowed(b);
  Code* code = method.as<Function>()->code.as<Code>();
  Instr* first = enter_code(t, r, pc, callee, code, 2, call_info(resume_after(1) | frame_flag::kOperator | frame_flag::kArithmetic, pc->a));
  ENTER(callee, first);
}
static_assert(int(Special::kAdd) == int(BinaryOp::kAdd) && int(Special::kMatmul) == int(BinaryOp::kMatmul));
template <class P>
COLD_HANDLER(binary_cold) {
  if (Value left = r[pc->b]; P::kOp != BinaryOp::kPow && points(left) && quick_shape(left.object()) >= kFirstDynamicShape)
    TAIL(binary_method<P>);
  if constexpr (P::kHasFloat) {
    double x, y;
    Value a = r[pc->b], b = r[pc->c], result;
    if (as_double(a, &x) && as_double(b, &y) && !both_ints(a, b) && Value::encode_float(P::floats(x, y), &result))
      STORE_IMMEDIATE(result);
  }
  if constexpr (P::kOp == BinaryOp::kAdd) {
    if (is_exact_tuple(r[pc->b]) && is_exact_tuple(r[pc->c])) {
      if (r[pc->b].as<Tuple>()->size == 0 || r[pc->c].as<Tuple>()->size == 0) TAIL(join_nothing);
      TAIL(join_tuples);
    }
  }
  TAIL(binary_general<P>);
}

}  // namespace

// What the handlers do with immediates, and with nothing else.
#define INT_OPERATION(P, a, b)                                                    \
  if (both_ints(a, b)) [[likely]] {                                               \
    Value result;                                                                 \
    if (P::ints((a).bits, (b).bits, &result)) [[likely]] CARRY_IMMEDIATE(result); \
    TAIL(binary_cold<P>);                                                         \
  }
#define NUMBER_OPERATION(P, a, b)                                                                        \
  INT_OPERATION(P, a, b)                                                                                 \
  if (both_tagged_floats(a, b)) {                                                                        \
    Value result;                                                                                        \
    if (Value::encode_float(P::floats((a).as_tagged_float(), (b).as_tagged_float()), &result)) [[likely]] \
      CARRY_IMMEDIATE(result);                                                                           \
  }
#define DIVISION(P, a, b)                                                                                             \
  Value result;                                                                                                       \
  if (both_tagged_floats(a, b)) [[likely]] {                                                                          \
    if (Value::encode_float((a).as_tagged_float() / (b).as_tagged_float(), &result)) [[likely]]                       \
      CARRY_IMMEDIATE(result);                                                                                        \
  } else if ((a).is_tagged_float() && (b).is_small_int() && (b).as_small_int() != 0) { /* rounded as by float() */    \
    if (Value::encode_float((a).as_tagged_float() / double((b).as_small_int()), &result)) [[likely]]                  \
      CARRY_IMMEDIATE(result);                                                                                        \
  }

#define INT_ARITHMETIC(name, P)           \
  HANDLER(name) {                         \
    Value a = r[pc->b], b = r[pc->c];     \
    INT_OPERATION(P, a, b)                \
    TAIL(binary_cold<P>);                 \
  }
// The ones that loops of numbers spend their time in take what is carried. The operand that is not is read in a branch of its own: chosen
// from two words, the operation would wait for both.
#define NUMBER_ARITHMETIC(name, P, OPERATION, other)  \
  HANDLER(name) {                                     \
    Value a = r[pc->b], b = r[pc->c];                 \
    OPERATION(P, a, b)                                \
    TAIL(other);                                      \
  }                                                   \
  CARRY_HANDLER(name) {                               \
    if (pc->x & kLastIsB) {                           \
      Value a(carried), b = r[pc->c];                 \
      OPERATION(P, a, b)                              \
      TAIL(other);                                    \
    }                                                 \
    asm volatile("");                                 \
    if (pc->x & kLastIsC) {                           \
      Value a = r[pc->b], b(carried);                 \
      OPERATION(P, a, b)                              \
      TAIL(other);                                    \
    }                                                 \
    TAIL(op_##name);                                  \
  }
NUMBER_ARITHMETIC(ADD, Add, NUMBER_OPERATION, binary_cold<Add>)
NUMBER_ARITHMETIC(SUB, Sub, NUMBER_OPERATION, binary_cold<Sub>)
NUMBER_ARITHMETIC(MUL, Mul, NUMBER_OPERATION, binary_cold<Mul>)
INT_ARITHMETIC(FLOOR_DIV, FloorDiv)
INT_ARITHMETIC(MOD, Mod)
INT_ARITHMETIC(LSHIFT, Lshift)
INT_ARITHMETIC(RSHIFT, Rshift)
INT_ARITHMETIC(AND, And)
INT_ARITHMETIC(OR, Or)
INT_ARITHMETIC(XOR, Xor)

// --- an operator together with the instruction before it, of kUnits units, which makes its left or (kRight) right operand. What is
// not ints only or floats only is done one by one.
#define OTHER_OPERAND(kRight, kUnits) r[kRight ? pc[kUnits].b : pc[kUnits].c]
#define FINISH_PAIR(Operator, kRight, kUnits, item, other)                                                                  \
  do {                                                                                                                      \
    Value result;                                                                                                           \
    if (both_ints(item, other)) {                                                                                           \
      if (kRight ? Operator::ints((other).bits, (item).bits, &result) : Operator::ints((item).bits, (other).bits, &result)) \
        SET_AND_CARRY(&r[pc[kUnits].a], result, (kUnits) + 1);                                                               \
    } else if (both_tagged_floats(item, other)) {                                                                           \
      double x = (item).as_tagged_float(), y = (other).as_tagged_float();                                                   \
      if (Value::encode_float(kRight ? Operator::floats(y, x) : Operator::floats(x, y), &result))                           \
        SET_AND_CARRY(&r[pc[kUnits].a], result, (kUnits) + 1);                                                               \
    }                                                                                                                       \
  } while (0)
#define PAIR_OPERATION(base, First, Second, kRight, a, b, other)                                                             \
  do {                                                                                                                      \
    Value result;                                                                                                           \
    if (both_ints(a, b)) {                                                                                                  \
      if (other.is_small_int() && First::ints(a.bits, b.bits, &result)) FINISH_PAIR(Second, kRight, 1, result, other);      \
    } else if (both_tagged_floats(a, b) && other.is_tagged_float()) {                                                         \
      double x = First::floats(a.as_tagged_float(), b.as_tagged_float()), y = other.as_tagged_float();                      \
      if (Value::encode_float(kRight ? Second::floats(y, x) : Second::floats(x, y), &result))                               \
        SET_AND_CARRY(&r[pc[1].a], result, 2);                                                                              \
    }                                                                                                                       \
    TAIL(op_##base);                                                                                                        \
  } while (0)
#define OPERATOR_PAIR(name, base, First, Second, kRight)                    \
  HANDLER(name) {                                                          \
    Value a = r[pc->b], b = r[pc->c], other = OTHER_OPERAND(kRight, 1);     \
    PAIR_OPERATION(base, First, Second, kRight, a, b, other);               \
  }                                                                         \
  CARRY_HANDLER(name) {                                                     \
    if (pc->x & kLastIsOther) {                                             \
      Value a = r[pc->b], b = r[pc->c], other(carried);                     \
      PAIR_OPERATION(base, First, Second, kRight, a, b, other);             \
    }                                                                       \
    asm volatile("");                                                       \
    if (pc->x & kLastIsB) {                                                 \
      Value a(carried), b = r[pc->c], other = OTHER_OPERAND(kRight, 1);     \
      PAIR_OPERATION(base, First, Second, kRight, a, b, other);             \
    }                                                                       \
    asm volatile("");                                                       \
    if (pc->x & kLastIsC) {                                                 \
      Value a = r[pc->b], b(carried), other = OTHER_OPERAND(kRight, 1);     \
      PAIR_OPERATION(base, First, Second, kRight, a, b, other);             \
    }                                                                       \
    TAIL(op_##name);                                                        \
  }
#define ITEM_PAIR(name, base, First, Second, kRight)           \
  HANDLER(name) {                                             \
    Value other = OTHER_OPERAND(kRight, 2);                   \
    Value item = sequence_item(r[pc->b], r[pc->c]);           \
    FINISH_PAIR(Second, kRight, 2, item, other);              \
    TAIL(op_##base);                                          \
  }
#define PAIRS(KIND, base, First)                     \
  KIND(base##_ADD, base, First, Add, false)          \
  KIND(base##_SUB, base, First, Sub, false)          \
  KIND(base##_MUL, base, First, Mul, false)          \
  KIND(base##_THEN_ADD, base, First, Add, true)      \
  KIND(base##_THEN_SUB, base, First, Sub, true)      \
  KIND(base##_THEN_MUL, base, First, Mul, true)
PAIRS(OPERATOR_PAIR, ADD, Add)
PAIRS(OPERATOR_PAIR, SUB, Sub)
PAIRS(OPERATOR_PAIR, MUL, Mul)
PAIRS(ITEM_PAIR, GET_ITEM, void)

// Floor division and remainder by a constant power of two, also of negative ints.
#define POWER_OPERATION(a_word, expression)                                   \
  do {                                                                        \
    Value a = (a_word);                                                       \
    u64 power = frame::code(r)->constants[pc->constant()].bits; /* doubled, and 1 */ \
    if (!a.is_small_int()) [[unlikely]] TAIL(op_LOAD_IMMEDIATE);              \
    Value result(expression);                                                 \
    SET_AND_CARRY(&r[pc[1].a], result, 2);                                    \
  } while (0)
#define POWER_ARITHMETIC(name, expression)                                    \
  HANDLER(name) { POWER_OPERATION(r[pc[1].b], expression); }                  \
  CARRY_HANDLER(name) {                                                       \
    if (pc->x & kLastIsB) POWER_OPERATION(Value(carried), expression);        \
    TAIL(op_##name);                                                          \
  }
POWER_ARITHMETIC(LOAD_POWER_FLOOR_DIV, u64(i64(a.bits) >> std::countr_zero(power >> 1)) | 1)
POWER_ARITHMETIC(LOAD_POWER_MOD, a.bits & (power - 2))

namespace {
COLD_HANDLER(true_div_numbers) {
  Value a = r[pc->b], b = r[pc->c], result;
  double x, y;
  if (as_double(a, &x) && as_double(b, &y) && y != 0 && Value::encode_float(x / y, &result)) STORE_IMMEDIATE(result);
  TAIL(binary_cold<TrueDiv>);
}
}  // namespace
NUMBER_ARITHMETIC(TRUE_DIV, TrueDiv, DIVISION, true_div_numbers)
#define FLOAT_POWER(P, a, b)                                                                                                        \
  double x, y;                                                                                                                      \
  Value result;                                                                                                                     \
  if (!both_ints(a, b) && as_double(a, &x) && as_double(b, &y) && x > 0 && Value::encode_float(std::pow(x, y), &result)) [[likely]] \
    CARRY_IMMEDIATE(result);
NUMBER_ARITHMETIC(POW, Pow, FLOAT_POWER, binary_cold<Pow>)
HANDLER(MATMUL) { TAIL(binary_cold<Matmul>); }

namespace {
template <class P>
TYPHON_NOINLINE bool immediate_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Value a = r[pc->b], b = Value::small_int(pc->immediate()), result;
  double x;
  if (a.is_small_int()) {
    if (P::ints(a.bits, b.bits, &result)) return set_register(r, pc->a, result), true;
  } else if (as_double(a, &x) && Value::encode_float(P::floats(x, pc->immediate()), &result)) {
    return set_register(r, pc->a, result), true;
  }
  return finish_ds(r, pc, (pc->x & kInPlace) ? inplace_op(t, P::kOp, a, b) : binary_op(t, P::kOp, a, b));
}
template <class P>
COLD_HANDLER(immediate_cold) {
  STEP(immediate_step<P>(*t, r, pc), 1);
}
}  // namespace

#define IMMEDIATE_OPERATION(P, a)                                                                             \
  do {                                                                                                        \
    Value result;                                                                                             \
    if ((a).is_small_int() && P::ints((a).bits, Value::small_int(pc->immediate()).bits, &result)) [[likely]]  \
      CARRY_IMMEDIATE(result);                                                                                \
    TAIL(immediate_cold<P>);                                                                                  \
  } while (0)
#define IMMEDIATE_ARITHMETIC(name, P)                                \
  HANDLER(name) { IMMEDIATE_OPERATION(P, r[pc->b]); }                \
  CARRY_HANDLER(name) {                                              \
    if (pc->x & kLastIsB) IMMEDIATE_OPERATION(P, Value(carried));    \
    TAIL(op_##name);                                                 \
  }
IMMEDIATE_ARITHMETIC(ADD_INT, Add)
IMMEDIATE_ARITHMETIC(SUB_INT, Sub)

// --- unary
namespace {
TYPHON_NOINLINE bool unary_step(Thread& t, Value* r, Instr* pc, UnaryOp op) {
  save_pc(r, pc);
  Value v = r[pc->b], result;
  if (v.is_small_int() && Value::fits_small_int(-v.as_small_int())) {
    i64 n = v.as_small_int();
    n = op == UnaryOp::kNegative ? -n : op == UnaryOp::kInvert ? ~n : n;
    return set_register(r, pc->a, Value::small_int(n)), true;
  }
  if (v.is_immediate_float() && op == UnaryOp::kNegative && Value::encode_float(-v.as_immediate_float(), &result))
    return set_register(r, pc->a, result), true;
  return finish_ds(r, pc, unary_op(t, op, v));
}
TYPHON_NOINLINE bool truth_step(Thread& t, Value* r, Instr* pc, bool wanted) {
  save_pc(r, pc);
  Result<bool> b = is_true(t, r[pc->b]);
  if (b.failed()) return false;
  return finish_ds(r, pc, Ref::boolean(b.get() == wanted));
}
COLD_HANDLER(not_cold) { STEP(truth_step(*t, r, pc, false), 1); }
COLD_HANDLER(to_bool_cold) { STEP(truth_step(*t, r, pc, true), 1); }
}  // namespace

HANDLER(NEGATIVE) { STEP(unary_step(*t, r, pc, UnaryOp::kNegative), 1); }
HANDLER(POSITIVE) { STEP(unary_step(*t, r, pc, UnaryOp::kPositive), 1); }
HANDLER(INVERT) { STEP(unary_step(*t, r, pc, UnaryOp::kInvert), 1); }
HANDLER(NOT) {
  Value v = r[pc->b];
  if (v.is_bool()) [[likely]] STORE_IMMEDIATE(Value(v.bits ^ True.bits ^ False.bits));
  int truth = quick_truth(v);
  if (truth < 0) [[unlikely]] TAIL(not_cold);
  STORE_IMMEDIATE(Value::boolean(!truth));
}
HANDLER(TO_BOOL) {
  int truth = quick_truth(r[pc->b]);
  if (truth < 0) [[unlikely]] TAIL(to_bool_cold);
  STORE_IMMEDIATE(Value::boolean(truth));
}

// --- comparisons
namespace {
template <CompareOp kOp, class T>
TYPHON_INLINE bool ordered(T a, T b) {
  switch (kOp) {
    case CompareOp::kLt: return a < b;
    case CompareOp::kLe: return a <= b;
    case CompareOp::kEq: return a == b;
    case CompareOp::kNe: return a != b;
    case CompareOp::kGt: return a > b;
    default: return a >= b;
  }
}

// Comparisons that need no protocol: exact strings, mixed immediates. 1, 0, or -1.
template <CompareOp kOp>
TYPHON_INLINE int quick_compare(Value a, Value b) {
  if (both_ints(a, b)) return ordered<kOp>(i64(a.bits), i64(b.bits));
  double x, y;
  if (as_double(a, &x) && as_double(b, &y)) return ordered<kOp>(x, y);
  if constexpr (kOp == CompareOp::kEq || kOp == CompareOp::kNe) {
    if (is_exact_str(a) && is_exact_str(b)) {
      Str *s = a.as<Str>(), *o = b.as<Str>();
      bool same = s == o;
      // Two different interned strings differ.
      if (!same && !(s->is_interned() && o->is_interned())) same = str_equal(s, o);
      return same == (kOp == CompareOp::kEq);
    }
    if (a.is_none() && b.is_none()) return kOp == CompareOp::kEq;
  }
  return -1;
}

// The same for two immediates that are numbers: 0.0, which is not tagged, and an int with a float.
template <CompareOp kOp>
TYPHON_INLINE int compare_immediates(Value a, Value b) {
  double x, y;
  if (!(a.bits & 7) || !(b.bits & 7) || !as_double(a, &x) || !as_double(b, &y)) return -1;
  return ordered<kOp>(x, y);
}
// Whether one is a text and the other an immediate: such are never equal.
TYPHON_INLINE bool text_and_immediate(Value a, Value b) {
  return (is_exact_str(a) && (b.bits & 7)) || (is_exact_str(b) && (a.bits & 7));
}

template <CompareOp kOp>
TYPHON_NOINLINE bool compare_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Value a = r[pc->b], b = r[pc->c];
  int quick = quick_compare<kOp>(a, b);
  if (quick >= 0) return finish_dss(r, pc, Ref::boolean(quick));
  return finish_dss(r, pc, compare(t, kOp, a, b));
}
template <CompareOp kOp>
COLD_HANDLER(compare_cold) {
  Value a = r[pc->b], b = r[pc->c];
  int quick = compare_immediates<kOp>(a, b);
  if (quick >= 0) STORE_IMMEDIATE(Value::boolean(quick));
  if constexpr (kOp == CompareOp::kEq || kOp == CompareOp::kNe) {
    if (points_to(a, kShape_str) && points_to(b, kShape_str)) {
      int same = quick_same_text(a.as<Str>(), b.as<Str>());
      if (same >= 0 && drop_sources_quickly(r, pc)) STORE_IMMEDIATE(Value::boolean(bool(same) == (kOp == CompareOp::kEq)));
    }
  }
  STEP(compare_step<kOp>(*t, r, pc), 1);
}

// Whether two exact strings are equal, when that takes no call and nothing dies by dropping what the fused comparison at pc consumes of
// them, which is dropped then: 1, 0; or -1.
TYPHON_INLINE int compare_texts(Value* r, const Instr* pc, Value a, Value b) {
  int same = quick_same_text(a.as<Str>(), b.as<Str>());
  if (same < 0) return -1;
  // Constants are not counted: two tests tell, mostly.
  bool drops_a = (pc->x & kConsumeA) && !a.is_deferred(), drops_b = (pc->x & kConsumeB) && !b.is_deferred();
  // The count of one object would have to suffice for two drops.
  if (drops_a && (!drops_quickly(a) || (drops_b && a.same_word(b)))) return -1;
  if (drops_b && !quick_drop(b)) return -1;
  if (drops_a) (void)quick_drop(a);
  if (pc->x & kConsumeA) r[pc->a] = EMPTY;
  if (pc->x & kConsumeB) r[pc->b] = EMPTY;
  return same;
}

// The fused forms: 1 true, 0 false, -1 raised.
template <CompareOp kOp>
TYPHON_NOINLINE int fused_compare_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Value a = r[pc->a], b = r[pc->b];
  int result = quick_compare<kOp>(a, b);
  if (result < 0) {
    Result<bool> outcome = compare_bool(t, kOp, a, b);
    if (outcome.failed()) return -1;
    result = outcome.get();
  }
  consume(r, pc, kConsumeA, pc->a);
  consume(r, pc, kConsumeB, pc->b);
  return result;
}
template <CompareOp kOp, bool kWanted>
COLD_HANDLER(fused_cold) {
  Value a = r[pc->a], b = r[pc->b];
  constexpr bool kEquality = kOp == CompareOp::kEq || kOp == CompareOp::kNe;
  if (kEquality && points_to(a, kShape_str) && points_to(b, kShape_str)) [[likely]] {
    // Strings that need no call: most texts that programs compare with constants.
    if (int same = compare_texts(r, pc, a, b); same >= 0) {
      if ((bool(same) == (kOp == CompareOp::kEq)) == kWanted) NEXT(pc->immediate());
      NEXT(1);
    }
  } else if (!points(a) || !points(b)) {
    int quick = compare_immediates<kOp>(a, b);
    if (kEquality && quick < 0 && text_and_immediate(a, b) && (!(pc->x & kConsumeA) || drops_quickly(a)) &&
        (!(pc->x & kConsumeB) || drops_quickly(b))) {
      quick = kOp == CompareOp::kNe;
      if (pc->x & kConsumeA) {
        (void)quick_drop(a);
        r[pc->a] = EMPTY;
      }
      if (pc->x & kConsumeB) {
        (void)quick_drop(b);
        r[pc->b] = EMPTY;
      }
    }
    if (quick >= 0) {
      if (bool(quick) == kWanted) NEXT(pc->immediate());
      NEXT(1);
    }
  }
  int result = fused_compare_step<kOp>(*t, r, pc);
  if (result < 0) [[unlikely]] TAIL(op_raise);
  if (bool(result) == kWanted) NEXT(pc->immediate());
  NEXT(1);
}
}  // namespace

#define COMPARISON(name, op)                                                              \
  HANDLER(name) {                                                                         \
    Value a = r[pc->b], b = r[pc->c];                                                   \
    if (both_ints(a, b)) [[likely]]                                                       \
      STORE_IMMEDIATE(Value::boolean(ordered<op>(i64(a.bits), i64(b.bits)))); \
    if (both_tagged_floats(a, b))                                                         \
      STORE_IMMEDIATE(Value::boolean(ordered<op>(a.as_tagged_float(), b.as_tagged_float()))); \
    TAIL(compare_cold<op>);                                                               \
  }
COMPARISON(LT, CompareOp::kLt)
COMPARISON(LE, CompareOp::kLe)
COMPARISON(EQ, CompareOp::kEq)
COMPARISON(NE, CompareOp::kNe)
COMPARISON(GT, CompareOp::kGt)
COMPARISON(GE, CompareOp::kGe)

#define FUSED_COMPARISON(name, op, wanted)                                   \
  HANDLER(name) {                                                            \
    Value a = r[pc->a], b = r[pc->b];                                      \
    if (both_ints(a, b)) [[likely]] {                                        \
      if (ordered<op>(i64(a.bits), i64(b.bits)) == (wanted)) NEXT(pc->immediate()); \
      NEXT(1);                                                               \
    }                                                                        \
    if (both_tagged_floats(a, b)) {                                          \
      if (ordered<op>(a.as_tagged_float(), b.as_tagged_float()) == (wanted)) NEXT(pc->immediate()); \
      NEXT(1);                                                               \
    }                                                                        \
    TAIL((fused_cold<op, wanted>));                                          \
  }
FUSED_COMPARISON(JUMP_IF_LT, CompareOp::kLt, true)
FUSED_COMPARISON(JUMP_IF_LE, CompareOp::kLe, true)
FUSED_COMPARISON(JUMP_IF_EQ, CompareOp::kEq, true)
FUSED_COMPARISON(JUMP_IF_NE, CompareOp::kNe, true)
FUSED_COMPARISON(JUMP_IF_GT, CompareOp::kGt, true)
FUSED_COMPARISON(JUMP_IF_GE, CompareOp::kGe, true)
FUSED_COMPARISON(JUMP_UNLESS_LT, CompareOp::kLt, false)
FUSED_COMPARISON(JUMP_UNLESS_LE, CompareOp::kLe, false)
FUSED_COMPARISON(JUMP_UNLESS_EQ, CompareOp::kEq, false)
FUSED_COMPARISON(JUMP_UNLESS_NE, CompareOp::kNe, false)
FUSED_COMPARISON(JUMP_UNLESS_GT, CompareOp::kGt, false)
FUSED_COMPARISON(JUMP_UNLESS_GE, CompareOp::kGe, false)

// --- identity and membership
namespace {
TYPHON_NOINLINE bool is_step(Value* r, Instr* pc, bool wanted) {
  save_pc(r, pc);
  return finish_dss(r, pc, Ref::boolean(is_same(r[pc->b], r[pc->c]) == wanted));
}
// Whether a set has an instance of a subclass of int that hashes as an int does (enumerations, named constants): 1, 0, or -1 when that
// takes a comparison.
TYPHON_NOINLINE int set_has_number(const Set* set, Value item) {
  if (!points(item) || type_of_object(item.object())->slots.hash != types::int_->slots.hash) return -1;
  u64 hash = key_of_hash(int_hash(item));
  item = item.untagged();
  const SetTable* table = set_table::table_of(set);
  for (set_table::Sequence at(table, hash);; at.advance()) {
    const SetEntry& entry = table->entries[at.position];
    Value k = entry.key.peek();
    if (k.is_empty()) return 0;
    if (k.bits == item.bits) return 1;
    if (entry.hash == hash) return -1;
  }
}
TYPHON_NOINLINE bool contains_step(Thread& t, Value* r, Instr* pc, bool wanted) {
  save_pc(r, pc);
  Value container = r[pc->c];
  Result<bool> found = is_exact_set(container) || is_exact_frozenset(container)
                           ? set_contains_py(t, container.as<Set>(), r[pc->b])
                       : is_exact_dict(container) ? dict_contains_py(t, container.as<Dict>(), r[pc->b])
                                                  : contains(t, container, r[pc->b]);
  if (found.failed()) return false;
  return finish_dss(r, pc, Ref::boolean(found.get() == wanted));
}
COLD_HANDLER(is_cold) { STEP(is_step(r, pc, true), 1); }
COLD_HANDLER(is_not_cold) { STEP(is_step(r, pc, false), 1); }
template <bool kWanted>
COLD_HANDLER(contains_cold) {
  Value container = r[pc->c];
  if (is_exact_set(container) || is_exact_frozenset(container)) {
    int found = set_has_number(container.as<Set>(), r[pc->b]);
    if (found >= 0 && drop_sources_quickly(r, pc)) STORE_IMMEDIATE(Value::boolean(bool(found) == kWanted));
  }
  STEP(contains_step(*t, r, pc, kWanted), 1);
}
}  // namespace

namespace {
// Objects on both sides.
template <bool kWanted>
COLD_HANDLER(is_object) {
  Value a = r[pc->b], b = r[pc->c];
  int same = quick_is(a, b);
  if (same < 0 || !drop_sources_quickly(r, pc)) [[unlikely]] {
    if constexpr (kWanted) TAIL(is_cold);
    TAIL(is_not_cold);
  }
  STORE_IMMEDIATE(Value::boolean(bool(same) == kWanted));
}
}  // namespace

// One operand a singleton (None, True...): the words tell, and only the other operand may need a drop.
HANDLER(IS) {
  Value a = r[pc->b], b = r[pc->c];
  if ((b.bits & 7) == 4 && !b.is_float_zero() && !(a.is_object() && (pc->x & kConsumeB))) [[likely]]
    STORE_IMMEDIATE(Value::boolean(a.bits == b.bits));
  TAIL(is_object<true>);
}
HANDLER(IS_NOT) {
  Value a = r[pc->b], b = r[pc->c];
  if ((b.bits & 7) == 4 && !b.is_float_zero() && !(a.is_object() && (pc->x & kConsumeB))) [[likely]]
    STORE_IMMEDIATE(Value::boolean(a.bits != b.bits));
  TAIL(is_object<false>);
}
HANDLER(IS_JUMP) {
  int same = quick_is(r[pc->b], r[pc->c]);
  if (same < 0 || !drop_sources_quickly(r, pc)) [[unlikely]] TAIL(is_cold);
  JUMP_ON(bool(same));
}
HANDLER(IS_NOT_JUMP) {
  int same = quick_is(r[pc->b], r[pc->c]);
  if (same < 0 || !drop_sources_quickly(r, pc)) [[unlikely]] TAIL(is_not_cold);
  JUMP_ON(!same);
}
HANDLER(IN) {
  int found = quick_contains(r[pc->c], r[pc->b]);
  if (found < 0 || !drop_sources_quickly(r, pc)) [[unlikely]] TAIL(contains_cold<true>);
  STORE_IMMEDIATE(Value::boolean(bool(found)));
}
HANDLER(NOT_IN) {
  int found = quick_contains(r[pc->c], r[pc->b]);
  if (found < 0 || !drop_sources_quickly(r, pc)) [[unlikely]] TAIL(contains_cold<false>);
  STORE_IMMEDIATE(Value::boolean(!found));
}
namespace {
template <bool kWanted>
COLD_HANDLER(contains_jump) {
  Value container = r[pc->c];
  if (points(container) && (quick_shape(container.object()) == kShape_set || quick_shape(container.object()) == kShape_frozenset)) {
    int found = set_has_number(container.as<Set>(), r[pc->b]);
    if (found >= 0 && drop_sources_quickly(r, pc)) JUMP_ON(bool(found) == kWanted);
  }
  TAIL(contains_cold<kWanted>);
}
}  // namespace
HANDLER(IN_JUMP) {
  int found = quick_contains(r[pc->c], r[pc->b]);
  if (found < 0 || !drop_sources_quickly(r, pc)) [[unlikely]] TAIL(contains_jump<true>);
  JUMP_ON(bool(found));
}
HANDLER(NOT_IN_JUMP) {
  int found = quick_contains(r[pc->c], r[pc->b]);
  if (found < 0 || !drop_sources_quickly(r, pc)) [[unlikely]] TAIL(contains_jump<false>);
  JUMP_ON(!found);
}

// --- truth jumps
namespace {
TYPHON_NOINLINE int truth_jump_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Result<bool> b = is_true(t, r[pc->a]);
  if (b.failed()) return -1;
  consume(r, pc, kConsumeA, pc->a);
  return b.get();
}
template <bool kWanted>
COLD_HANDLER(truth_jump_general) {
  int result = truth_jump_step(*t, r, pc);
  if (result < 0) [[unlikely]] TAIL(op_raise);
  if (bool(result) == kWanted) NEXT(pc->jump());
  NEXT(1);
}
template <bool kWanted>
COLD_HANDLER(truth_jump_cold) {
  Value v = r[pc->a];
  int result = object_truth(v);
  if (result < 0) TAIL(truth_jump_general<kWanted>);
  if (pc->x & kConsumeA) {
    if (!quick_drop(v)) TAIL(truth_jump_general<kWanted>);
    r[pc->a] = EMPTY;
  }
  if (bool(result) == kWanted) NEXT(pc->jump());
  NEXT(1);
}
TYPHON_NOINLINE void consume_a_step(Value* r, Instr* pc) {
  save_pc(r, pc);
  consume(r, pc, kConsumeA, pc->a);
}
template <bool kWanted>
COLD_HANDLER(none_jump_cold) {
  bool none = r[pc->a].is_none();
  consume_a_step(r, pc);
  if (none == kWanted) NEXT(pc->jump());
  NEXT(1);
}
}  // namespace

#define TRUTH_JUMP(name, wanted)                          \
  HANDLER(name) {                                         \
    int truth = quick_truth(r[pc->a]);                   \
    if (truth < 0) [[unlikely]] TAIL(truth_jump_cold<wanted>); \
    if (bool(truth) == (wanted)) NEXT(pc->jump());         \
    NEXT(1);                                              \
  }
TRUTH_JUMP(JUMP_IF_TRUE, true)
TRUTH_JUMP(JUMP_IF_FALSE, false)

#define NONE_JUMP(name, wanted)                                                         \
  HANDLER(name) {                                                                       \
    Value v = r[pc->a];                                                                \
    if ((pc->x & kConsumeA) && needs_drop(v)) [[unlikely]] TAIL(none_jump_cold<wanted>); \
    if (pc->x & kConsumeA) r[pc->a] = EMPTY;                                          \
    if (v.is_none() == (wanted)) NEXT(pc->jump());                                       \
    NEXT(1);                                                                            \
  }
NONE_JUMP(JUMP_IF_NONE, true)
NONE_JUMP(JUMP_IF_NOT_NONE, false)
HANDLER(JUMP_UNLESS_QUANTIFIER) {
  Value callable = r[pc->a];
  BoundFn wanted = pc->x & kInPlace ? g_inlined_builtins.any : g_inlined_builtins.all;
  if (!points_to(callable, kShape_builtin_function) || callable.as<NativeFunction>()->definition->bound != wanted) [[unlikely]]
    NEXT(pc->jump());
  NEXT(1);
}

}  // namespace typhon
