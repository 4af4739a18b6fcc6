// Binary and unary operators: int and float fast paths, then the slots of both operands in the order the language
// reference gives (the right one first when its type is a subclass of the left one's).
#include "objects/protocol/protocol.h"

#include <cmath>

namespace typhon {
namespace {

struct OperatorRow {
  Relaxed<BinaryFn> Slots::*slot;
  Relaxed<BinaryFn> Slots::*inplace;
  const char* symbol;
  const char* inplace_symbol;
};

constexpr OperatorRow kOperators[] = {
    {&Slots::add, &Slots::inplace_add, "+", "+="},
    {&Slots::subtract, &Slots::inplace_subtract, "-", "-="},
    {&Slots::multiply, &Slots::inplace_multiply, "*", "*="},
    {&Slots::true_divide, &Slots::inplace_true_divide, "/", "/="},
    {&Slots::floor_divide, &Slots::inplace_floor_divide, "//", "//="},
    {&Slots::remainder, &Slots::inplace_remainder, "%", "%="},
    {nullptr, &Slots::inplace_power, "** or pow()", "**="},
    {&Slots::lshift, &Slots::inplace_lshift, "<<", "<<="},
    {&Slots::rshift, &Slots::inplace_rshift, ">>", ">>="},
    {&Slots::and_, &Slots::inplace_and, "&", "&="},
    {&Slots::or_, &Slots::inplace_or, "|", "|="},
    {&Slots::xor_, &Slots::inplace_xor, "^", "^="},
    {&Slots::matrix_multiply, &Slots::inplace_matrix_multiply, "@", "@="},
    {&Slots::divmod, nullptr, "divmod()", "divmod()"},
};

Raised unsupported(Thread& t, const char* symbol, Value a, Value b) {
  return raise(t, exc::TypeError, "unsupported operand type(s) for %s: '%T' and '%T'", symbol, a, b);
}

// Tries the slots of both operands; NotImplemented when neither can.
Ref try_slots(Thread& t, Relaxed<BinaryFn> Slots::*slot, Value a, Value b) {
  Type* left = type_of(a);
  Type* right = type_of(b);
  BinaryFn left_fn = left->slots.*slot;
  BinaryFn right_fn = right == left ? nullptr : right->slots.*slot;
  if (right_fn == left_fn) right_fn = nullptr;
  if (left_fn != nullptr) {
    if (right_fn != nullptr && is_subtype(right, left)) {
      Ref result = TRY(right_fn(t, a, b));
      if (result.get().bits != NotImplemented.bits) return result;
      right_fn = nullptr;
    }
    Ref result = TRY(left_fn(t, a, b));
    if (result.get().bits != NotImplemented.bits) return result;
  }
  if (right_fn != nullptr) return right_fn(t, a, b);
  return Ref::not_implemented();
}

Ref try_power_slots(Thread& t, Value a, Value b, Value modulus) {
  Type* left = type_of(a);
  Type* right = type_of(b);
  TernaryFn left_fn = left->slots.power;
  TernaryFn right_fn = right == left ? nullptr : right->slots.power;
  if (right_fn == left_fn) right_fn = nullptr;
  if (left_fn != nullptr) {
    if (right_fn != nullptr && is_subtype(right, left)) {
      Ref result = TRY(right_fn(t, a, b, modulus));
      if (result.get().bits != NotImplemented.bits) return result;
      right_fn = nullptr;
    }
    Ref result = TRY(left_fn(t, a, b, modulus));
    if (result.get().bits != NotImplemented.bits) return result;
  }
  if (right_fn != nullptr) {
    Ref result = TRY(right_fn(t, a, b, modulus));
    if (result.get().bits != NotImplemented.bits) return result;
  }
  if (!modulus.is_none()) {
    TernaryFn third = type_of(modulus)->slots.power;
    if (third != nullptr && third != left_fn && third != right_fn) return third(t, a, b, modulus);
  }
  return Ref::not_implemented();
}

bool is_plain_int(Value v) { return v.is_small_int() || v.is_bool() || is_exact(v, kShape_int_); }

// bool with int, and ints beyond the immediates.
Ref plain_ints(Thread& t, BinaryOp op, Value a, Value b) {
  static constexpr IntOp kOps[] = {IntOp::kAdd,    IntOp::kSub,    IntOp::kMul, IntOp::kTrueDiv, IntOp::kFloorDiv,
                                   IntOp::kMod,    IntOp::kPow,    IntOp::kLshift, IntOp::kRshift, IntOp::kAnd,
                                   IntOp::kOr,     IntOp::kXor};
  if (a.is_bool() && b.is_bool()) return Ref();  // the bit operations of these give bools
  if (size_t(op) >= std::size(kOps) || op == BinaryOp::kPow) return Ref();
  if (a.is_bool()) a = Value::small_int(a.is_true());
  if (b.is_bool()) b = Value::small_int(b.is_true());
  return int_binary(t, kOps[size_t(op)], a, b);
}

// Both operands tagged floats or ints: the arithmetic without any dispatch. EMPTY when it does not apply.
Ref fast_arithmetic(Thread& t, BinaryOp op, Value a, Value b) {
  if (a.is_small_int() && b.is_small_int()) {
    i64 x = a.as_small_int(), y = b.as_small_int(), z;
    switch (op) {
      case BinaryOp::kAdd: return int_from(t, x + y);
      case BinaryOp::kSub: return int_from(t, x - y);
      case BinaryOp::kMul:
        if (!__builtin_mul_overflow(x, y, &z)) return int_from(t, z);
        return Ref();
      case BinaryOp::kAnd: return Ref::adopt(Value::small_int(x & y));
      case BinaryOp::kOr: return Ref::adopt(Value::small_int(x | y));
      case BinaryOp::kXor: return Ref::adopt(Value::small_int(x ^ y));
      default: return Ref();
    }
  }
  if (is_plain_int(a) && is_plain_int(b)) return plain_ints(t, op, a, b);
  if ((a.is_immediate_float() || a.is_small_int()) && (b.is_immediate_float() || b.is_small_int())) {
    constexpr i64 kExact = i64(1) << 53;
    auto number = [](Value v, double* out) {
      if (!v.is_small_int()) {
        *out = v.as_immediate_float();
        return true;
      }
      i64 n = v.as_small_int();
      *out = double(n);
      return n >= -kExact && n <= kExact;
    };
    double x, y;
    if (!number(a, &x) || !number(b, &y)) return Ref();
    switch (op) {
      case BinaryOp::kAdd: return float_from(t, x + y);
      case BinaryOp::kSub: return float_from(t, x - y);
      case BinaryOp::kMul: return float_from(t, x * y);
      case BinaryOp::kTrueDiv:
        if (y != 0) return float_from(t, x / y);
        return Ref();
      default: return Ref();
    }
  }
  return Ref();
}

// Whether CPython's type has the sequence protocol, used or not: in place, such an object takes no part in the repetition of another.
bool is_positional(Type* type) {
  return (type->flags & type_flag::kHeapType) || type->slots.length != nullptr || type->slots.contains != nullptr;
}

// Sequence concatenation and repetition, tried after the number slots. NotImplemented when they do not apply.
Ref try_sequence(Thread& t, BinaryOp op, Value a, Value b, bool in_place) {
  const Slots& left = type_of(a)->slots;
  if (op == BinaryOp::kAdd) {
    if (in_place && left.inplace_concat != nullptr) return left.inplace_concat(t, a, b);
    if (left.concat != nullptr) return left.concat(t, a, b);
    return Ref::not_implemented();
  }
  if (op != BinaryOp::kMul) return Ref::not_implemented();
  const Slots& right = type_of(b)->slots;
  bool from_left = left.repeat != nullptr || (in_place && left.inplace_repeat != nullptr);
  if (!from_left && (right.repeat == nullptr || (in_place && is_positional(type_of(a))))) return Ref::not_implemented();
  Value sequence = from_left ? a : b, count = from_left ? b : a;
  if (!is_int(count) && type_of(count)->slots.index == nullptr)
    return raise(t, exc::TypeError, "can't multiply sequence by non-int of type '%T'", count);
  if (from_left && in_place && left.inplace_repeat != nullptr) return left.inplace_repeat(t, a, b);
  return from_left ? left.repeat(t, sequence, count) : right.repeat(t, sequence, count);
}

}  // namespace

Ref binary_op(Thread& t, BinaryOp op, Value a, Value b) {
  Ref fast = fast_arithmetic(t, op, a, b);
  if (!fast.is_empty()) return fast;
  if (op == BinaryOp::kPow) return power(t, a, b, None);
  const OperatorRow& row = kOperators[int(op)];
  Ref result = TRY(try_slots(t, row.slot, a, b));
  if (result.get().bits != NotImplemented.bits) return result;
  result = TRY(try_sequence(t, op, a, b, false));
  if (result.get().bits != NotImplemented.bits) return result;
  return unsupported(t, row.symbol, a, b);
}

namespace {
constexpr Str** kRightNames[] = {&names::__radd__, &names::__rsub__,    &names::__rmul__,    &names::__rtruediv__, &names::__rfloordiv__, &names::__rmod__,
                                 &names::__rpow__, &names::__rlshift__, &names::__rrshift__, &names::__rand__,     &names::__ror__,       &names::__rxor__,
                                 &names::__rmatmul__};
}  // namespace

Ref binary_op_after_left(Thread& t, BinaryOp op, Value a, Value b) {
  const OperatorRow& row = kOperators[int(op)];
  Type *left = type_of(a), *right = type_of(b);
  if (right != left) {
    BinaryFn left_fn = left->slots.*row.slot, right_fn = right->slots.*row.slot;
    Ref result = Ref::not_implemented();
    if (right_fn != left_fn && right_fn != nullptr) {
      result = right_fn(t, a, b);
    } else if (right_fn != nullptr) {
      Ref method = TRY(lookup_special(t, b, *kRightNames[int(op)]));
      if (!method.is_empty()) result = call_with(t, method.get(), a);
    }
    if (result.failed() || result.get().bits != NotImplemented.bits) return result;
  }
  Ref result = TRY(try_sequence(t, op, a, b, false));
  if (result.get().bits != NotImplemented.bits) return result;
  return unsupported(t, row.symbol, a, b);
}

Ref inplace_op(Thread& t, BinaryOp op, Value a, Value b) {
  Ref fast = fast_arithmetic(t, op, a, b);
  if (!fast.is_empty()) return fast;
  const OperatorRow& row = kOperators[int(op)];
  if (row.inplace != nullptr) {
    if (BinaryFn inplace = type_of(a)->slots.*row.inplace) {
      Ref result = TRY(inplace(t, a, b));
      if (result.get().bits != NotImplemented.bits) return result;
    }
  }
  Ref result = op == BinaryOp::kPow ? try_power_slots(t, a, b, None) : try_slots(t, row.slot, a, b);
  if (result.failed() || result.get().bits != NotImplemented.bits) return result;
  result = TRY(try_sequence(t, op, a, b, true));
  if (result.get().bits != NotImplemented.bits) return result;
  return unsupported(t, row.inplace_symbol, a, b);
}

Ref power(Thread& t, Value a, Value b, Value modulus) {
  Ref result = TRY(try_power_slots(t, a, b, modulus));
  if (result.get().bits != NotImplemented.bits) return result;
  if (modulus.is_none()) return unsupported(t, "** or pow()", a, b);
  return raise(t, exc::TypeError, "unsupported operand type(s) for ** or pow(): '%T', '%T', '%T'", a, b, modulus);
}

Ref unary_op(Thread& t, UnaryOp op, Value v) {
  if (v.is_small_int()) {
    i64 n = v.as_small_int();
    switch (op) {
      case UnaryOp::kNegative: return int_from(t, -n);
      case UnaryOp::kPositive: return Ref::adopt(v);
      case UnaryOp::kInvert: return Ref::adopt(Value::small_int(~n));
      case UnaryOp::kAbsolute: return int_from(t, n < 0 ? -n : n);
    }
  }
  const Slots& slots = type_of(v)->slots;
  switch (op) {
    case UnaryOp::kNegative:
      if (slots.negative != nullptr) return slots.negative(t, v);
      return raise(t, exc::TypeError, "bad operand type for unary -: '%T'", v);
    case UnaryOp::kPositive:
      if (slots.positive != nullptr) return slots.positive(t, v);
      return raise(t, exc::TypeError, "bad operand type for unary +: '%T'", v);
    case UnaryOp::kInvert:
      if (slots.invert != nullptr) return slots.invert(t, v);
      return raise(t, exc::TypeError, "bad operand type for unary ~: '%T'", v);
    case UnaryOp::kAbsolute:
      if (slots.absolute != nullptr) return slots.absolute(t, v);
      return raise(t, exc::TypeError, "bad operand type for abs(): '%T'", v);
  }
  return Ref::error();
}

}  // namespace typhon
