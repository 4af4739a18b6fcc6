// The methods of Decimal.
#include "modules/_decimal/decimal.h"

namespace typhon::decimal {

namespace {

template <Op1 f>
Ref unary(Thread& t, Value self, const Value* a) {
  Ref c = TRY(context_argument(t, a[0]));
  return operate(t, context_of(c), f, number_of(self));
}
template <Op2 f>
Ref binary(Thread& t, Value self, const Value* a) {
  Ref c = TRY(context_argument(t, a[1]));
  Operand other;
  TRY(other.need(t, a[0]));
  return operate(t, context_of(c), f, number_of(self), other.number());
}
Ref fma(Thread& t, Value self, const Value* a) {
  Ref c = TRY(context_argument(t, a[2]));
  Operand other, third;
  TRY(other.need(t, a[0]));
  TRY(third.need(t, a[1]));
  return operate(t, context_of(c), mpd_qfma, number_of(self), other.number(), third.number());
}
// The rounding argument, or the context's own.
Result<int> rounding_argument(Thread& t, Value v, Context* c) {
  if (v.is_empty() || v.is_none()) return int(c->round);
  return rounding_mode(t, v);
}
template <Op1 f>
Ref to_integral(Thread& t, Value self, const Value* a) {
  Ref c = TRY(context_argument(t, a[1]));
  int round = TRY(rounding_argument(t, a[0], context_of(c)));
  return operate_rounded(t, context_of(c), round, f, number_of(self));
}
Ref quantize(Thread& t, Value self, const Value* a) {
  Ref context = TRY(context_argument(t, a[2]));
  auto* c = context_of(context);
  int round = TRY(rounding_argument(t, a[1], c));
  Operand exp;
  TRY(exp.need(t, a[0]));
  mpd_context_t settings = settings_of(c);
  settings.round = round;
  Ref result = TRY(decimal_new(t));
  u32 status = 0;
  mpd_qquantize(number_of(result), number_of(self), exp.number(), &settings, &status);
  TRY(report(t, c, status));
  return result;
}

template <int (*f)(const mpd_t*)>
Ref test(Thread&, Value self, const Value*) {
  return Ref::boolean(f(number_of(self)) != 0);
}
template <int (*f)(const mpd_t*, const mpd_context_t*)>
Ref test_in(Thread& t, Value self, const Value* a) {
  Ref c = TRY(context_argument(t, a[0]));
  mpd_context_t settings = settings_of(context_of(c));
  return Ref::boolean(f(number_of(self), &settings) != 0);
}
Ref same_quantum(Thread& t, Value self, const Value* a) {
  Ref c = TRY(context_argument(t, a[1]));
  Operand other;
  TRY(other.need(t, a[0]));
  return Ref::boolean(mpd_same_quantum(number_of(self), other.number()) != 0);
}

Ref itself(Thread&, Value self, const Value*) { return Ref::copy(self); }
Ref adjusted(Thread& t, Value self, const Value*) {
  const mpd_t* m = number_of(self);
  return int_from(t, mpd_isspecial(m) ? 0 : mpd_adjexp(m));
}
Ref radix(Thread& t, Value, const Value*) { return decimal_from_i64(t, 10); }
template <Op1 f>
Ref copy_changed(Thread& t, Value self, const Value*) {
  Ref result = TRY(decimal_new(t));
  u32 status = 0;
  f(number_of(result), number_of(self), nullptr, &status);
  if (status & MPD_Malloc_error) return raise_no_memory(t);
  return result;
}
Ref number_class(Thread& t, Value self, const Value* a) {
  Ref c = TRY(context_argument(t, a[0]));
  mpd_context_t settings = settings_of(context_of(c));
  return str_from_ascii(t, mpd_class(number_of(self), &settings));
}
Ref to_eng_string(Thread& t, Value self, const Value* a) {
  Ref c = TRY(context_argument(t, a[0]));
  return decimal_str(t, number_of(self), context_of(c)->capitals, true);
}

// What a class method made, as an instance of the class it was called on.
Ref of_class(Thread& t, Value cls, Ref&& made) {
  if (made.failed() || cls.same_word(Value(g_decimal_type))) return std::move(made);
  return call_with(t, cls, made);
}
Ref from_float(Thread& t, Value cls, const Value* a) {
  Ref c = TRY(current_decimal_context(t));
  return of_class(t, cls, decimal_from_float(t, a[0], context_of(c), true));
}
Ref from_number(Thread& t, Value cls, const Value* a) {
  if (!is_int(a[0]) && !is_float(a[0]) && !is_decimal(a[0])) return raise(t, exc::TypeError, "conversion from %T to Decimal is not supported", a[0]);
  Ref c = TRY(current_decimal_context(t));
  return of_class(t, cls, decimal_exact(t, g_decimal_type, a[0], context_of(c)));
}
Ref as_tuple(Thread& t, Value self, const Value*) { return decimal_tuple(t, number_of(self)); }
Ref as_integer_ratio(Thread& t, Value self, const Value*) { return decimal_ratio(t, number_of(self)); }
Ref reduce(Thread& t, Value self, const Value*) {
  RefTo<Str> text = TRY(object_str(t, self));
  RefTo<Tuple> arguments = TRY(tuple_of(t, text));
  return tuple_of(t, Value(type_of(self)), arguments);
}
Ref round(Thread& t, Value self, const Value* a) {
  Ref context = TRY(current_decimal_context(t));
  auto* c = context_of(context);
  if (a[0].is_empty()) return decimal_to_int(t, number_of(self), c, MPD_ROUND_HALF_EVEN);
  i64 digits;
  if (!is_int(a[0])) return raise(t, exc::TypeError, "optional arg must be an integer");
  if (!int_fits_i64(a[0], &digits)) return raise(t, exc::OverflowError, "Python int too large to convert to C ssize_t");
  Operand pattern;
  u32 status = 0;
  mpd_t* one = pattern.fresh();
  set_from_int(one, Value::small_int(1), &status);
  one->exp = digits == INT64_MIN ? INT64_MAX : -digits;
  return operate(t, c, mpd_qquantize, number_of(self), pattern.number());
}
template <int mode>
Ref to_int(Thread& t, Value self, const Value*) {
  Ref c = TRY(current_decimal_context(t));
  return decimal_to_int(t, number_of(self), context_of(c), mode);
}
Ref to_complex(Thread& t, Value self, const Value*) { return complex_from(t, TRY(decimal_to_double(t, number_of(self))), 0); }
Ref size_of(Thread& t, Value self, const Value*) {
  const mpd_t* m = number_of(self);
  u64 size = type_of(self)->instance_size;
  if (mpd_isdynamic_data(m)) size += u64(m->alloc) * sizeof(mpd_uint_t);
  return int_from_u64(t, size);
}

constexpr const char *kNone = "($self, /)", *kContext = "($self, /, context=None)", *kOther = "($self, /, other, context=None)",
                     *kRounding = "($self, /, rounding=None, context=None)";

}  // namespace

const Method kDecimalMethods[] = {
    method("exp", unary<mpd_qexp>, kContext),
    method("ln", unary<mpd_qln>, kContext),
    method("log10", unary<mpd_qlog10>, kContext),
    method("next_minus", unary<mpd_qnext_minus>, kContext),
    method("next_plus", unary<mpd_qnext_plus>, kContext),
    method("normalize", unary<mpd_qreduce>, kContext),
    method("to_integral", to_integral<mpd_qround_to_int>, kRounding),
    method("to_integral_exact", to_integral<mpd_qround_to_intx>, kRounding),
    method("to_integral_value", to_integral<mpd_qround_to_int>, kRounding),
    method("sqrt", unary<mpd_qsqrt>, kContext),
    method("compare", binary<op_compare>, kOther),
    method("compare_signal", binary<op_compare_signal>, kOther),
    method("max", binary<mpd_qmax>, kOther),
    method("max_mag", binary<mpd_qmax_mag>, kOther),
    method("min", binary<mpd_qmin>, kOther),
    method("min_mag", binary<mpd_qmin_mag>, kOther),
    method("next_toward", binary<mpd_qnext_toward>, kOther),
    method("quantize", quantize, "($self, /, exp, rounding=None, context=None)"),
    method("remainder_near", binary<mpd_qrem_near>, kOther),
    method("fma", fma, "($self, /, other, third, context=None)"),
    method("is_canonical", test<mpd_iscanonical>, kNone),
    method("is_finite", test<mpd_isfinite>, kNone),
    method("is_infinite", test<mpd_isinfinite>, kNone),
    method("is_nan", test<mpd_isnan>, kNone),
    method("is_qnan", test<mpd_isqnan>, kNone),
    method("is_snan", test<mpd_issnan>, kNone),
    method("is_signed", test<mpd_issigned>, kNone),
    method("is_zero", test<mpd_iszero>, kNone),
    method("is_normal", test_in<mpd_isnormal>, kContext),
    method("is_subnormal", test_in<mpd_issubnormal>, kContext),
    method("adjusted", adjusted, kNone, "The exponent of the most significant digit."),
    method("canonical", itself, kNone),
    method("conjugate", itself, kNone),
    method("radix", radix, kNone),
    method("copy_abs", copy_changed<op_copy_abs>, kNone),
    method("copy_negate", copy_changed<op_copy_negate>, kNone),
    method("logb", unary<mpd_qlogb>, kContext),
    method("logical_invert", unary<mpd_qinvert>, kContext),
    method("number_class", number_class, kContext),
    method("to_eng_string", to_eng_string, kContext),
    method("compare_total", binary<op_compare_total>, kOther),
    method("compare_total_mag", binary<op_compare_total_mag>, kOther),
    method("copy_sign", binary<op_copy_sign>, kOther),
    method("same_quantum", same_quantum, kOther),
    method("logical_and", binary<mpd_qand>, kOther),
    method("logical_or", binary<mpd_qor>, kOther),
    method("logical_xor", binary<mpd_qxor>, kOther),
    method("rotate", binary<mpd_qrotate>, kOther),
    method("scaleb", binary<mpd_qscaleb>, kOther),
    method("shift", binary<mpd_qshift>, kOther),
    class_method("from_float", from_float, "($type, f, /)", "The exact value of an int or float."),
    class_method("from_number", from_number, "($type, number, /)", "The exact value of an int, float or Decimal."),
    method("as_tuple", as_tuple, kNone, "Sign, digits and exponent as a named tuple."),
    method("as_integer_ratio", as_integer_ratio, kNone, "The value as a fraction in lowest terms, with a positive denominator."),
    method("__copy__", itself, kNone),
    method("__deepcopy__", itself, "($self, object, /)"),
    method("__format__", decimal_format, "($self, format_spec, override=<unrepresentable>, /)"),
    method("__reduce__", reduce, kNone),
    method("__round__", round, "($self, ndigits=<unrepresentable>, /)"),
    method("__ceil__", to_int<MPD_ROUND_CEILING>, kNone),
    method("__floor__", to_int<MPD_ROUND_FLOOR>, kNone),
    method("__trunc__", to_int<MPD_ROUND_DOWN>, kNone),
    method("__complex__", to_complex, kNone),
    method("__sizeof__", size_of, kNone),
    {},
};

}  // namespace typhon::decimal
