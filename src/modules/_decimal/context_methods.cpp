// The methods of Context: operations under that context, whose operands may be Decimals and ints.
#include "modules/_decimal/decimal.h"

namespace typhon::decimal {

namespace {

template <Op1 f>
Ref unary(Thread& t, Value self, const Value* a) {
  Operand x;
  TRY(x.need(t, a[0]));
  return operate(t, context_of(self), f, x.number());
}
template <Op2 f>
Ref binary(Thread& t, Value self, const Value* a) {
  Operand x, y;
  TRY(x.need(t, a[0]));
  TRY(y.need(t, a[1]));
  return operate(t, context_of(self), f, x.number(), y.number());
}
Ref divmod(Thread& t, Value self, const Value* a) {
  Operand x, y;
  TRY(x.need(t, a[0]));
  TRY(y.need(t, a[1]));
  return operate_divmod(t, context_of(self), x.number(), y.number());
}
Ref power(Thread& t, Value self, const Value* a) {
  Operand x, y, modulus;
  TRY(x.need(t, a[0]));
  TRY(y.need(t, a[1]));
  if (a[2].is_empty() || a[2].is_none()) return operate(t, context_of(self), mpd_qpow, x.number(), y.number());
  TRY(modulus.need(t, a[2]));
  return operate(t, context_of(self), mpd_qpowmod, x.number(), y.number(), modulus.number());
}
Ref fma(Thread& t, Value self, const Value* a) {
  Operand x, y, z;
  TRY(x.need(t, a[0]));
  TRY(y.need(t, a[1]));
  TRY(z.need(t, a[2]));
  return operate(t, context_of(self), mpd_qfma, x.number(), y.number(), z.number());
}

template <int (*f)(const mpd_t*)>
Ref test(Thread& t, Value, const Value* a) {
  Operand x;
  TRY(x.need(t, a[0]));
  return Ref::boolean(f(x.number()) != 0);
}
template <int (*f)(const mpd_t*, const mpd_context_t*)>
Ref test_in(Thread& t, Value self, const Value* a) {
  Operand x;
  TRY(x.need(t, a[0]));
  mpd_context_t settings = settings_of(context_of(self));
  return Ref::boolean(f(x.number(), &settings) != 0);
}
Ref same_quantum(Thread& t, Value, const Value* a) {
  Operand x, y;
  TRY(x.need(t, a[0]));
  TRY(y.need(t, a[1]));
  return Ref::boolean(mpd_same_quantum(x.number(), y.number()) != 0);
}

Ref etiny(Thread& t, Value self, const Value*) {
  mpd_context_t settings = settings_of(context_of(self));
  return int_from(t, mpd_etiny(&settings));
}
Ref etop(Thread& t, Value self, const Value*) {
  mpd_context_t settings = settings_of(context_of(self));
  return int_from(t, mpd_etop(&settings));
}
Ref radix(Thread& t, Value, const Value*) { return decimal_from_i64(t, 10); }

Status need_decimal(Thread& t, Value v) {
  if (!is_decimal(v)) return raise(t, exc::TypeError, "argument must be a Decimal");
  return ok();
}
Ref canonical(Thread& t, Value, const Value* a) {
  TRY(need_decimal(t, a[0]));
  return Ref::copy(a[0]);
}
Ref is_canonical(Thread& t, Value, const Value* a) {
  TRY(need_decimal(t, a[0]));
  return Ref::boolean(mpd_iscanonical(number_of(a[0])) != 0);
}
Ref copy_decimal(Thread& t, Value self, const Value* a) {
  if (is_decimal(a[0])) return Ref::copy(a[0]);
  Operand x;
  TRY(x.need(t, a[0]));
  return decimal_exact(t, g_decimal_type, a[0], context_of(self));
}
Ref number_class(Thread& t, Value self, const Value* a) {
  Operand x;
  TRY(x.need(t, a[0]));
  mpd_context_t settings = settings_of(context_of(self));
  return str_from_ascii(t, mpd_class(x.number(), &settings));
}
template <bool engineering>
Ref to_string(Thread& t, Value self, const Value* a) {
  Operand x;
  TRY(x.need(t, a[0]));
  return decimal_str(t, x.number(), context_of(self)->capitals, engineering);
}
Ref clear_flags(Thread&, Value self, const Value*) {
  store_flags(context_of(self)->flags, 0);
  return Ref::none();
}
Ref clear_traps(Thread&, Value self, const Value*) {
  store_flags(context_of(self)->traps, 0);
  return Ref::none();
}
Ref copy(Thread& t, Value self, const Value*) { return context_copy(t, context_of(self)); }
Ref reduce(Thread& t, Value self, const Value*) {
  auto* c = context_of(self);
  RootedVector state(t);
  for (const char* name : {"prec", "rounding", "Emin", "Emax", "capitals", "clamp"}) state.push(TRY(get_attribute_utf8(t, self, name)));
  state.push(TRY(signals_list(t, load_flags(c->flags))));
  state.push(TRY(signals_list(t, load_flags(c->traps))));
  RefTo<Tuple> arguments = TRY(tuple_from(t, state.data(), state.size()));
  return tuple_of(t, Value(type_of(self)), arguments);
}
Ref create_decimal(Thread& t, Value self, const Value* a) {
  if (a[0].is_empty()) return decimal_from_i64(t, 0);
  return decimal_rounded(t, a[0], context_of(self));
}
Ref create_decimal_from_float(Thread& t, Value self, const Value* a) { return decimal_from_float(t, a[0], context_of(self), false); }

constexpr const char *kNone = "($self, /)", *kOne = "($self, x, /)", *kTwo = "($self, x, y, /)";

}  // namespace

const Method kContextMethods[] = {
    method("abs", unary<mpd_qabs>, kOne),
    method("exp", unary<mpd_qexp>, kOne),
    method("ln", unary<mpd_qln>, kOne),
    method("log10", unary<mpd_qlog10>, kOne),
    method("minus", unary<mpd_qminus>, kOne),
    method("next_minus", unary<mpd_qnext_minus>, kOne),
    method("next_plus", unary<mpd_qnext_plus>, kOne),
    method("normalize", unary<mpd_qreduce>, kOne),
    method("plus", unary<mpd_qplus>, kOne),
    method("to_integral", unary<mpd_qround_to_int>, kOne),
    method("to_integral_exact", unary<mpd_qround_to_intx>, kOne),
    method("to_integral_value", unary<mpd_qround_to_int>, kOne),
    method("sqrt", unary<mpd_qsqrt>, kOne),
    method("add", binary<mpd_qadd>, kTwo),
    method("compare", binary<op_compare>, kTwo),
    method("compare_signal", binary<op_compare_signal>, kTwo),
    method("divide", binary<mpd_qdiv>, kTwo),
    method("divide_int", binary<mpd_qdivint>, kTwo),
    method("divmod", divmod, kTwo),
    method("max", binary<mpd_qmax>, kTwo),
    method("max_mag", binary<mpd_qmax_mag>, kTwo),
    method("min", binary<mpd_qmin>, kTwo),
    method("min_mag", binary<mpd_qmin_mag>, kTwo),
    method("multiply", binary<mpd_qmul>, kTwo),
    method("next_toward", binary<mpd_qnext_toward>, kTwo),
    method("quantize", binary<mpd_qquantize>, kTwo),
    method("remainder", binary<mpd_qrem>, kTwo),
    method("remainder_near", binary<mpd_qrem_near>, kTwo),
    method("subtract", binary<mpd_qsub>, kTwo),
    method("power", power, "($self, /, a, b, modulo=None)"),
    method("fma", fma, "($self, x, y, z, /)"),
    method("Etiny", etiny, kNone),
    method("Etop", etop, kNone),
    method("radix", radix, kNone),
    method("is_canonical", is_canonical, kOne),
    method("is_finite", test<mpd_isfinite>, kOne),
    method("is_infinite", test<mpd_isinfinite>, kOne),
    method("is_nan", test<mpd_isnan>, kOne),
    method("is_normal", test_in<mpd_isnormal>, kOne),
    method("is_qnan", test<mpd_isqnan>, kOne),
    method("is_signed", test<mpd_issigned>, kOne),
    method("is_snan", test<mpd_issnan>, kOne),
    method("is_subnormal", test_in<mpd_issubnormal>, kOne),
    method("is_zero", test<mpd_iszero>, kOne),
    method("_apply", unary<op_apply>, "($self, object, /)"),
    method("canonical", canonical, kOne),
    method("copy_abs", unary<op_copy_abs>, kOne),
    method("copy_decimal", copy_decimal, kOne),
    method("copy_negate", unary<op_copy_negate>, kOne),
    method("logb", unary<mpd_qlogb>, kOne),
    method("logical_invert", unary<mpd_qinvert>, kOne),
    method("number_class", number_class, kOne),
    method("to_sci_string", to_string<false>, kOne),
    method("to_eng_string", to_string<true>, kOne),
    method("compare_total", binary<op_compare_total>, kTwo),
    method("compare_total_mag", binary<op_compare_total_mag>, kTwo),
    method("copy_sign", binary<op_copy_sign>, kTwo),
    method("logical_and", binary<mpd_qand>, kTwo),
    method("logical_or", binary<mpd_qor>, kTwo),
    method("logical_xor", binary<mpd_qxor>, kTwo),
    method("rotate", binary<mpd_qrotate>, kTwo),
    method("same_quantum", same_quantum, kTwo),
    method("scaleb", binary<mpd_qscaleb>, kTwo),
    method("shift", binary<mpd_qshift>, kTwo),
    method("clear_flags", clear_flags, kNone, "Sets all flags to False."),
    method("clear_traps", clear_traps, kNone, "Sets all traps to False."),
    method("__copy__", copy, kNone),
    method("__reduce__", reduce, kNone),
    method("copy", copy, kNone, "A context of its own with the same settings, traps and flags."),
    method("create_decimal", create_decimal, "($self, num=\"0\", /)", "A Decimal of that value, rounded to the context."),
    method("create_decimal_from_float", create_decimal_from_float, "($self, f, /)", "A Decimal of that int or float, rounded to the context."),
    {},
};

}  // namespace typhon::decimal
