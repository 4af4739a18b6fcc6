// Rich comparison: fast paths for numbers and identical strings, then the slots of both operands.
#include "objects/protocol/protocol.h"

namespace typhon {
namespace {

constexpr const char* kSymbols[] = {"<", "<=", "==", "!=", ">", ">="};

CompareOp swapped(CompareOp op) {
  switch (op) {
    case CompareOp::kLt: return CompareOp::kGt;
    case CompareOp::kLe: return CompareOp::kGe;
    case CompareOp::kGt: return CompareOp::kLt;
    case CompareOp::kGe: return CompareOp::kLe;
    default: return op;
  }
}

template <class N>
bool holds(CompareOp op, N a, N b) {
  switch (op) {
    case CompareOp::kLt: return a < b;
    case CompareOp::kLe: return a <= b;
    case CompareOp::kEq: return a == b;
    case CompareOp::kNe: return a != b;
    case CompareOp::kGt: return a > b;
    case CompareOp::kGe: return a >= b;
  }
  return false;
}

// An int, or an instance of a subclass of int that compares as ints do.
bool compares_as_int(Value v) {
  return v.is_small_int() || (v.is_object() && type_of_object(v.object())->slots.compare == types::int_->slots.compare);
}

// True when the fast paths decided; the answer is in *out.
bool fast_compare(CompareOp op, Value a, Value b, bool* out) {
  if (a.is_small_int() && b.is_small_int()) {
    *out = holds(op, a.as_small_int(), b.as_small_int());
    return true;
  }
  if (a.is_immediate_float() && b.is_immediate_float()) {
    *out = holds(op, a.as_immediate_float(), b.as_immediate_float());
    return true;
  }
  if ((op == CompareOp::kEq || op == CompareOp::kNe) && is_exact_str(a) && is_exact_str(b)) {
    *out = str_equal(a.as<Str>(), b.as<Str>()) == (op == CompareOp::kEq);
    return true;
  }
  if (compares_as_int(a) && compares_as_int(b)) {
    *out = holds(op, int_compare(a, b), 0);
    return true;
  }
  return false;
}

}  // namespace

Ref compare(Thread& t, CompareOp op, Value a, Value b) {
  bool fast;
  if (fast_compare(op, a, b, &fast)) return Ref::boolean(fast);
  // Comparison recurses through containers: bounded here.
  TRY(enter_native(t, " in comparison"));
  Type* left = type_of(a);
  Type* right = type_of(b);
  bool tried_right = false;
  if (left != right && right->slots.compare != nullptr && is_subtype(right, left)) {
    tried_right = true;
    Ref result = TRY(right->slots.compare(t, b, a, swapped(op)));
    if (result.get().bits != NotImplemented.bits) return result;
  }
  if (left->slots.compare != nullptr) {
    Ref result = TRY(left->slots.compare(t, a, b, op));
    if (result.get().bits != NotImplemented.bits) return result;
  }
  if (!tried_right && right->slots.compare != nullptr) {
    Ref result = TRY(right->slots.compare(t, b, a, swapped(op)));
    if (result.get().bits != NotImplemented.bits) return result;
  }
  if (op == CompareOp::kEq) return Ref::boolean(is_same(a, b));
  if (op == CompareOp::kNe) return Ref::boolean(!is_same(a, b));
  return raise(t, exc::TypeError, "'%s' not supported between instances of '%T' and '%T'", kSymbols[int(op)], a, b);
}

Result<bool> compare_bool(Thread& t, CompareOp op, Value a, Value b) {
  bool fast;
  if (fast_compare(op, a, b, &fast)) return fast;
  Ref result = TRY(compare(t, op, a, b));
  return truth(t, result);
}

Result<bool> equal(Thread& t, Value a, Value b) {
  if (is_same(a, b)) return true;
  return compare_bool(t, CompareOp::kEq, a, b);
}

}  // namespace typhon
