// Operators: arithmetic, negation, truth. Ints and floats are done in the handler, everything else by protocol/number.cpp.
#include <cmath>

#include "interpreter/attribute_cache.h"
#include "interpreter/dispatch.h"
#include "interpreter/enter.h"
#include "interpreter/quick_key.h"
#include "interpreter/quick_number.h"
#include "interpreter/quick_test.h"
#include "interpreter/sequence_item.h"

namespace typhon {
namespace {

// STORE_IMMEDIATE of what goes to the next handler as well.
#define CARRY_IMMEDIATE(value) SET_AND_CARRY(&r[pc->a], value, 1)

// The same of a float, which goes to register `to` behind n units; falls through when it fits no word.
#define CARRY_FLOAT(to, n, number)                                                         \
  do {                                                                                     \
    double number_ = (number);                                                             \
    Value packed_;                                                                         \
    if (Value::encode_float(number_, &packed_)) [[likely]]                                 \
      SET_AND(&r[to], packed_, n, NEXT_CARRYING_FLOAT(n, packed_, number_));               \
  } while (0)

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
  if (both_tagged_floats(a, b)) CARRY_FLOAT(pc->a, 1, P::floats((a).as_tagged_float(), (b).as_tagged_float()));
#define DIVISION(P, a, b)                                                                                             \
  if (both_tagged_floats(a, b)) [[likely]]                                                                            \
    CARRY_FLOAT(pc->a, 1, (a).as_tagged_float() / (b).as_tagged_float());                                             \
  else if ((a).is_tagged_float() && (b).is_small_int() && (b).as_small_int() != 0) /* rounded as by float() */        \
    CARRY_FLOAT(pc->a, 1, (a).as_tagged_float() / double((b).as_small_int()));

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
// ... and those that take a float. OPERATION: what the two numbers make, where they make a float.
#define FLOAT_ARITHMETIC(name, P, OPERATION)         \
  FLOAT_CARRY_HANDLER(name) {                        \
    if (pc->x & kLastIsB) {                          \
      Value b = r[pc->c];                            \
      if (b.is_tagged_float()) [[likely]]            \
        OPERATION(P, carried_float, b.as_tagged_float()); \
      TAIL(op_##name);                               \
    }                                                \
    asm volatile("");                                \
    if (pc->x & kLastIsC) {                          \
      Value a = r[pc->b];                            \
      if (a.is_tagged_float()) [[likely]]            \
        OPERATION(P, a.as_tagged_float(), carried_float); \
    }                                                \
    TAIL(op_##name);                                 \
  }
#define FLOAT_RESULT(P, x, y) CARRY_FLOAT(pc->a, 1, P::floats(x, y))
#define FLOAT_QUOTIENT(P, x, y)                              \
  do {                                                     \
    if ((y) != 0) CARRY_FLOAT(pc->a, 1, (x) / (y));        \
  } while (0)
#define FLOAT_POWER(P, x, y)                                \
  do {                                                     \
    if ((x) > 0) CARRY_FLOAT(pc->a, 1, std::pow(x, y));    \
  } while (0)
NUMBER_ARITHMETIC(ADD, Add, NUMBER_OPERATION, binary_cold<Add>)
NUMBER_ARITHMETIC(SUB, Sub, NUMBER_OPERATION, binary_cold<Sub>)
NUMBER_ARITHMETIC(MUL, Mul, NUMBER_OPERATION, binary_cold<Mul>)
FLOAT_ARITHMETIC(ADD, Add, FLOAT_RESULT)
FLOAT_ARITHMETIC(SUB, Sub, FLOAT_RESULT)
FLOAT_ARITHMETIC(MUL, Mul, FLOAT_RESULT)
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
      CARRY_FLOAT(pc[kUnits].a, (kUnits) + 1, kRight ? Operator::floats(y, x) : Operator::floats(x, y));                    \
    }                                                                                                                       \
  } while (0)
#define FLOAT_PAIR(First, Second, kRight, x, y, z) \
  CARRY_FLOAT(pc[1].a, 2, kRight ? Second::floats(z, First::floats(x, y)) : Second::floats(First::floats(x, y), z))
#define PAIR_OPERATION(base, First, Second, kRight, a, b, other)                                                             \
  do {                                                                                                                      \
    Value result;                                                                                                           \
    if (both_ints(a, b)) {                                                                                                  \
      if (other.is_small_int() && First::ints(a.bits, b.bits, &result)) FINISH_PAIR(Second, kRight, 1, result, other);      \
    } else if (are_tagged_floats(a.bits & b.bits & other.bits, a.bits | b.bits | other.bits)) {                             \
      FLOAT_PAIR(First, Second, kRight, a.as_tagged_float(), b.as_tagged_float(), other.as_tagged_float());                 \
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
  }                                                                         \
  FLOAT_CARRY_HANDLER(name) {                                               \
    if (pc->x & kLastIsOther) {                                             \
      Value a = r[pc->b], b = r[pc->c];                                     \
      if (both_tagged_floats(a, b)) [[likely]]                              \
        FLOAT_PAIR(First, Second, kRight, a.as_tagged_float(), b.as_tagged_float(), carried_float); \
      TAIL(op_##name);                                                      \
    }                                                                       \
    asm volatile("");                                                       \
    if (pc->x & kLastIsB) {                                                 \
      Value b = r[pc->c], other = OTHER_OPERAND(kRight, 1);                 \
      if (both_tagged_floats(b, other)) [[likely]]                          \
        FLOAT_PAIR(First, Second, kRight, carried_float, b.as_tagged_float(), other.as_tagged_float()); \
      TAIL(op_##name);                                                      \
    }                                                                       \
    asm volatile("");                                                       \
    if (pc->x & kLastIsC) {                                                 \
      Value a = r[pc->b], other = OTHER_OPERAND(kRight, 1);                 \
      if (both_tagged_floats(a, other)) [[likely]]                          \
        FLOAT_PAIR(First, Second, kRight, a.as_tagged_float(), carried_float, other.as_tagged_float()); \
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
FLOAT_ARITHMETIC(TRUE_DIV, TrueDiv, FLOAT_QUOTIENT)
#define POWER(P, a, b)                                                                   \
  double x, y;                                                                           \
  if (both_tagged_floats(a, b)) [[likely]] {                                             \
    FLOAT_POWER(P, (a).as_tagged_float(), (b).as_tagged_float());                         \
  } else if (!both_ints(a, b) && as_double(a, &x) && as_double(b, &y)) {                 \
    FLOAT_POWER(P, x, y);                                                                \
  }
NUMBER_ARITHMETIC(POW, Pow, POWER, binary_cold<Pow>)
FLOAT_ARITHMETIC(POW, Pow, FLOAT_POWER)
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

}  // namespace typhon
