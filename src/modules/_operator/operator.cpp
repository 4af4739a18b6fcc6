// _operator: the operators as functions.
#include "modules/_operator/operator.h"

namespace typhon {
namespace {

template <BinaryOp op>
Ref binary(Thread& t, Value, const Value* a) {
  return binary_op(t, op, a[0], a[1]);
}
template <BinaryOp op>
Ref in_place(Thread& t, Value, const Value* a) {
  return inplace_op(t, op, a[0], a[1]);
}
template <UnaryOp op>
Ref unary(Thread& t, Value, const Value* a) {
  return unary_op(t, op, a[0]);
}
template <CompareOp op>
Ref comparison(Thread& t, Value, const Value* a) {
  return compare(t, op, a[0], a[1]);
}

Ref f_not(Thread& t, Value, const Value* a) { return Ref::boolean(!TRY(truth(t, a[0]))); }
Ref f_truth(Thread& t, Value, const Value* a) { return Ref::boolean(TRY(truth(t, a[0]))); }
Ref f_is(Thread&, Value, const Value* a) { return Ref::boolean(is_same(a[0], a[1])); }
Ref f_is_not(Thread&, Value, const Value* a) { return Ref::boolean(!is_same(a[0], a[1])); }
Ref f_is_none(Thread&, Value, const Value* a) { return Ref::boolean(a[0].is_none()); }
Ref f_is_not_none(Thread&, Value, const Value* a) { return Ref::boolean(!a[0].is_none()); }
Ref f_index(Thread& t, Value, const Value* a) { return to_index(t, a[0]); }
Ref f_pow(Thread& t, Value, const Value* a) { return power(t, a[0], a[1], None); }

Ref f_getitem(Thread& t, Value, const Value* a) { return get_item(t, a[0], a[1]); }
Ref f_setitem(Thread& t, Value, const Value* a) {
  TRY(set_item(t, a[0], a[1], a[2]));
  return Ref::none();
}
Ref f_delitem(Thread& t, Value, const Value* a) {
  TRY(delete_item(t, a[0], a[1]));
  return Ref::none();
}
Ref f_contains(Thread& t, Value, const Value* a) { return Ref::boolean(TRY(contains(t, a[0], a[1]))); }

// Concatenation proper; sequences of Python classes have __add__ only.
Ref f_concat(Thread& t, Value, const Value* a) {
  if (BinaryFn fn = type_of(a[0])->slots.concat) return fn(t, a[0], a[1]);
  if (is_sequence(a[0]) && is_sequence(a[1]) && (type_of(a[0])->slots.add != nullptr || type_of(a[1])->slots.add != nullptr))
    return binary_op(t, BinaryOp::kAdd, a[0], a[1]);
  return raise(t, exc::TypeError, "'%T' object can't be concatenated", a[0]);
}
Ref f_iconcat(Thread& t, Value module, const Value* a) {
  if (BinaryFn fn = type_of(a[0])->slots.inplace_concat) return fn(t, a[0], a[1]);
  if (type_of(a[0])->slots.concat == nullptr && is_sequence(a[0]) && is_sequence(a[1]))
    return inplace_op(t, BinaryOp::kAdd, a[0], a[1]);
  return f_concat(t, module, a);
}

// Calls visit(index) for every item of `a` that is or equals `b`, until it returns false.
template <class Visit>
Status search(Thread& t, Value a, Value b, Visit&& visit) {
  Ref iterator = get_iter(t, a);
  if (iterator.failed()) {
    if (!clear_if(t, exc::TypeError)) return Raised{};
    return raise(t, exc::TypeError, "argument of type '%T' is not iterable", a);
  }
  for (i64 i = 0;; i++) {
    Ref item = TRY(iter_next(t, iterator));
    if (item.is_empty()) return ok();
    if (TRY(values_equal(t, item, b)) && !visit(i)) return ok();
  }
}
Ref f_count_of(Thread& t, Value, const Value* a) {
  i64 count = 0;
  TRY(search(t, a[0], a[1], [&](i64) {
    count++;
    return true;
  }));
  return int_from(t, count);
}
Ref f_index_of(Thread& t, Value, const Value* a) {
  i64 found = -1;
  TRY(search(t, a[0], a[1], [&](i64 i) {
    found = i;
    return false;
  }));
  if (found < 0) return raise(t, exc::ValueError, "sequence.index(x): x not in sequence");
  return int_from(t, found);
}

Ref f_length_hint(Thread& t, Value, const Value* a) {
  i64 fallback = 0;
  if (!a[1].is_empty()) {
    Ref index = TRY(to_index(t, a[1]));
    fallback = TRY(to_i64(t, index, "Python int too large to convert to C ssize_t"));
  }
  return int_from(t, TRY(length_hint(t, a[0], fallback)));
}

Ref f_call(Thread& t, Value, Args args) {
  if (args.count < 1) return raise(t, exc::TypeError, "call expected at least 1 argument, got 0");
  return call(t, args[0], args.without_first());
}

// The time it takes depends on the length of `b` alone.
bool same_bytes(const u8* a, size_t a_size, const u8* b, size_t b_size) {
  const volatile u8* left = a_size == b_size ? a : b;
  const volatile u8* right = b;
  volatile u8 difference = a_size == b_size ? 0 : 1;
  for (size_t i = 0; i < b_size; i++) difference = difference | (left[i] ^ right[i]);
  return difference == 0;
}

Ref f_compare_digest(Thread& t, Value, const Value* a) {
  if (is_str(a[0]) && is_str(a[1])) {
    auto *x = a[0].as<Str>(), *y = a[1].as<Str>();
    if (!x->is_ascii() || !y->is_ascii())
      return raise(t, exc::TypeError, "comparing strings with non-ASCII characters is not supported");
    return Ref::boolean(same_bytes(x->data<u8>(), x->length(), y->data<u8>(), y->length()));
  }
  if (!has_buffer(a[0]) && !has_buffer(a[1]))
    return raise(t, exc::TypeError, "unsupported operand types(s) or combination of types: '%T' and '%T'", a[0], a[1]);
  ByteView x(t), y(t);
  TRY(x.get(a[0]));
  TRY(y.get(a[1]));
  return Ref::boolean(same_bytes(x.data(), x.size(), y.data(), y.size()));
}

constexpr const char* kOne = "($module, a, /)";
constexpr const char* kTwo = "($module, a, b, /)";

const Method kFunctions[] = {
    method("truth", f_truth, kOne, "Return True if a is true, False otherwise."),
    method("contains", f_contains, kTwo, "Same as b in a (note reversed operands)."),
    method("indexOf", f_index_of, kTwo, "Return the first index of b in a."),
    method("countOf", f_count_of, kTwo, "Return the number of items in a which are, or which equal, b."),
    method("is_", f_is, kTwo, "Same as a is b."),
    method("is_not", f_is_not, kTwo, "Same as a is not b."),
    method("is_none", f_is_none, kOne, "Same as a is None."),
    method("is_not_none", f_is_not_none, kOne, "Same as a is not None."),
    method("add", binary<BinaryOp::kAdd>, kTwo, "Same as a + b."),
    method("sub", binary<BinaryOp::kSub>, kTwo, "Same as a - b."),
    method("mul", binary<BinaryOp::kMul>, kTwo, "Same as a * b."),
    method("matmul", binary<BinaryOp::kMatmul>, kTwo, "Same as a @ b."),
    method("floordiv", binary<BinaryOp::kFloorDiv>, kTwo, "Same as a // b."),
    method("truediv", binary<BinaryOp::kTrueDiv>, kTwo, "Same as a / b."),
    method("mod", binary<BinaryOp::kMod>, kTwo, "Same as a % b."),
    method("neg", unary<UnaryOp::kNegative>, kOne, "Same as -a."),
    method("pos", unary<UnaryOp::kPositive>, kOne, "Same as +a."),
    method("abs", unary<UnaryOp::kAbsolute>, kOne, "Same as abs(a)."),
    method("inv", unary<UnaryOp::kInvert>, kOne, "Same as ~a."),
    method("invert", unary<UnaryOp::kInvert>, kOne, "Same as ~a."),
    method("lshift", binary<BinaryOp::kLshift>, kTwo, "Same as a << b."),
    method("rshift", binary<BinaryOp::kRshift>, kTwo, "Same as a >> b."),
    method("not_", f_not, kOne, "Same as not a."),
    method("and_", binary<BinaryOp::kAnd>, kTwo, "Same as a & b."),
    method("xor", binary<BinaryOp::kXor>, kTwo, "Same as a ^ b."),
    method("or_", binary<BinaryOp::kOr>, kTwo, "Same as a | b."),
    method("iadd", in_place<BinaryOp::kAdd>, kTwo, "Same as a += b."),
    method("isub", in_place<BinaryOp::kSub>, kTwo, "Same as a -= b."),
    method("imul", in_place<BinaryOp::kMul>, kTwo, "Same as a *= b."),
    method("imatmul", in_place<BinaryOp::kMatmul>, kTwo, "Same as a @= b."),
    method("ifloordiv", in_place<BinaryOp::kFloorDiv>, kTwo, "Same as a //= b."),
    method("itruediv", in_place<BinaryOp::kTrueDiv>, kTwo, "Same as a /= b."),
    method("imod", in_place<BinaryOp::kMod>, kTwo, "Same as a %= b."),
    method("ilshift", in_place<BinaryOp::kLshift>, kTwo, "Same as a <<= b."),
    method("irshift", in_place<BinaryOp::kRshift>, kTwo, "Same as a >>= b."),
    method("iand", in_place<BinaryOp::kAnd>, kTwo, "Same as a &= b."),
    method("ixor", in_place<BinaryOp::kXor>, kTwo, "Same as a ^= b."),
    method("ior", in_place<BinaryOp::kOr>, kTwo, "Same as a |= b."),
    method("ipow", in_place<BinaryOp::kPow>, kTwo, "Same as a **= b."),
    method("concat", f_concat, kTwo, "Same as a + b, for a and b sequences."),
    method("iconcat", f_iconcat, kTwo, "Same as a += b, for a and b sequences."),
    method("getitem", f_getitem, kTwo, "Same as a[b]."),
    method("setitem", f_setitem, "($module, a, b, c, /)", "Same as a[b] = c."),
    method("delitem", f_delitem, kTwo, "Same as del a[b]."),
    method("pow", f_pow, kTwo, "Same as a ** b."),
    method("index", f_index, kOne, "Same as a.__index__()"),
    method("lt", comparison<CompareOp::kLt>, kTwo, "Same as a < b."),
    method("le", comparison<CompareOp::kLe>, kTwo, "Same as a <= b."),
    method("eq", comparison<CompareOp::kEq>, kTwo, "Same as a == b."),
    method("ne", comparison<CompareOp::kNe>, kTwo, "Same as a != b."),
    method("gt", comparison<CompareOp::kGt>, kTwo, "Same as a > b."),
    method("ge", comparison<CompareOp::kGe>, kTwo, "Same as a >= b."),
    method("length_hint", f_length_hint, "($module, obj, default=0, /)",
           "Return an estimate of the number of items in obj.\n\nThis is useful for presizing containers when building "
           "from an iterable.\n\nIf the object supports len(), the result will be exact.\nOtherwise, it may over- or "
           "under-estimate by an arbitrary amount.\nThe result will be an integer >= 0."),
    method("_compare_digest", f_compare_digest, kTwo,
           "Return 'a == b'.\n\nThis function uses an approach designed to prevent\ntiming analysis, making it "
           "appropriate "
           "for cryptography.\n\na and b must both be of the same type: either str (ASCII only),\nor any bytes-like "
           "object.\n\nNote: If a and b are of different lengths, or if an error occurs,\na timing attack could "
           "theoretically reveal information about the\ntypes and lengths of a and b--but not their values."),
    raw_method("call", f_call, "($module, obj, /, *args, **kwargs)", "Same as obj(*args, **kwargs)."),
    {},
};

Status initialise(Thread& t, Module* module) {
  TRY(module_add_type(t, module, spec_itemgetter, &g_itemgetter_type));
  TRY(module_add_type(t, module, spec_attrgetter, &g_attrgetter_type));
  return module_add_type(t, module, spec_methodcaller, &g_methodcaller_type);
}

}  // namespace

extern const ModuleDef module__operator;
const ModuleDef module__operator = {
    "_operator",
    "Operator interface.\n\nThis module exports a set of functions implemented in C corresponding\nto the intrinsic "
    "operators "
    "of Python.  For example, operator.add(x, y)\nis equivalent to the expression x+y.  The function names are "
    "those\nused "
    "for special methods; variants without leading and trailing\n'__' are also provided for convenience.",
    kFunctions, initialise};

}  // namespace typhon
