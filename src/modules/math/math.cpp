// math: functions of floats. Those of ints, and sums, are in integer.cpp and sums.cpp.
#include <cfloat>
#include <cmath>

#include "modules/math/math.h"
#include "objects/big.h"

namespace typhon {
namespace {

using MathFn = double (*)(double);

Raised range_error(Thread& t) { return raise(t, exc::OverflowError, "math range error"); }
Raised domain_error(Thread& t) { return raise(t, exc::ValueError, "math domain error"); }
// `format` has one %U in it: the repr of x. Null: the plain text.
Raised domain_error(Thread& t, const char* format, double x) {
  if (format == nullptr) return domain_error(t);
  char text[32];
  RefTo<Str> repr = str_from_ascii(t, {text, format_double_repr(x, text, true)});
  if (repr.failed()) return Raised{};
  return raise(t, exc::ValueError, format, repr.get());
}

// The common case: an invalid result from a valid argument is a domain error, an infinite one from a finite argument either.
Ref apply(Thread& t, Value v, MathFn f, bool can_overflow, const char* message) {
  double x = TRY(to_double(t, v));
  double r = f(x);
  if (std::isnan(r) && !std::isnan(x)) return domain_error(t, message, x);
  if (std::isinf(r) && std::isfinite(x)) {
    if (can_overflow) return range_error(t);
    return domain_error(t, message, x);
  }
  return float_from(t, r);
}

constexpr char kFinite[] = "expected a finite input, got %U";
constexpr char kUnit[] = "expected a number in range from -1 up to 1, got %U";

Ref f_acos(Thread& t, Value, const Value* a) { return apply(t, a[0], acos, false, kUnit); }
Ref f_acosh(Thread& t, Value, const Value* a) { return apply(t, a[0], acosh, false, "expected argument value not less than 1, got %U"); }
Ref f_asin(Thread& t, Value, const Value* a) { return apply(t, a[0], asin, false, kUnit); }
Ref f_asinh(Thread& t, Value, const Value* a) { return apply(t, a[0], asinh, false, nullptr); }
Ref f_atan(Thread& t, Value, const Value* a) { return apply(t, a[0], atan, false, nullptr); }
Ref f_atanh(Thread& t, Value, const Value* a) { return apply(t, a[0], atanh, false, "expected a number between -1 and 1, got %U"); }
Ref f_cbrt(Thread& t, Value, const Value* a) { return apply(t, a[0], cbrt, false, nullptr); }
Ref f_cos(Thread& t, Value, const Value* a) { return apply(t, a[0], cos, false, kFinite); }
Ref f_cosh(Thread& t, Value, const Value* a) { return apply(t, a[0], cosh, true, nullptr); }
Ref f_erf(Thread& t, Value, const Value* a) { return apply(t, a[0], erf, false, nullptr); }
Ref f_erfc(Thread& t, Value, const Value* a) { return apply(t, a[0], erfc, false, nullptr); }
Ref f_exp(Thread& t, Value, const Value* a) { return apply(t, a[0], exp, true, nullptr); }
Ref f_exp2(Thread& t, Value, const Value* a) { return apply(t, a[0], exp2, true, nullptr); }
Ref f_expm1(Thread& t, Value, const Value* a) { return apply(t, a[0], expm1, true, nullptr); }
Ref f_fabs(Thread& t, Value, const Value* a) { return apply(t, a[0], fabs, false, nullptr); }
Ref f_log1p(Thread& t, Value, const Value* a) { return apply(t, a[0], log1p, false, "expected argument value > -1, got %U"); }
Ref f_sin(Thread& t, Value, const Value* a) { return apply(t, a[0], sin, false, kFinite); }
Ref f_sinh(Thread& t, Value, const Value* a) { return apply(t, a[0], sinh, true, nullptr); }
Ref f_sqrt(Thread& t, Value, const Value* a) { return apply(t, a[0], sqrt, false, "expected a nonnegative input, got %U"); }
Ref f_tan(Thread& t, Value, const Value* a) { return apply(t, a[0], tan, false, kFinite); }
Ref f_tanh(Thread& t, Value, const Value* a) { return apply(t, a[0], tanh, false, nullptr); }
Ref f_degrees(Thread& t, Value, const Value* a) { return float_from(t, TRY(to_double(t, a[0])) * (180.0 / M_PI)); }
Ref f_radians(Thread& t, Value, const Value* a) { return float_from(t, TRY(to_double(t, a[0])) * (M_PI / 180.0)); }
Ref f_isfinite(Thread& t, Value, const Value* a) { return Ref::boolean(std::isfinite(TRY(to_double(t, a[0])))); }
Ref f_isinf(Thread& t, Value, const Value* a) { return Ref::boolean(std::isinf(TRY(to_double(t, a[0])))); }
Ref f_isnan(Thread& t, Value, const Value* a) { return Ref::boolean(std::isnan(TRY(to_double(t, a[0])))); }

constexpr char kGammaDomain[] = "expected a noninteger or positive integer, got %U";
bool is_pole(double x) { return x <= 0 && (std::isinf(x) || x == std::floor(x)); }

Ref f_gamma(Thread& t, Value, const Value* a) {
  double x = TRY(to_double(t, a[0]));
  if (std::isnan(x) || x == INFINITY) return float_from(t, x);
  if (is_pole(x)) return domain_error(t, kGammaDomain, x);
  if (x == std::floor(x) && x <= 23) {  // exact
    double r = 1;
    for (int k = 2; k < int(x); k++) r *= k;
    return float_from(t, r);
  }
  double r = tgamma(x);
  if (std::isinf(r)) return range_error(t);
  return float_from(t, r);
}
Ref f_lgamma(Thread& t, Value, const Value* a) {
  double x = TRY(to_double(t, a[0]));
  if (std::isnan(x)) return float_from(t, x);
  if (std::isinf(x)) return float_from(t, INFINITY);
  if (is_pole(x)) return domain_error(t, kGammaDomain, x);
  int sign;
  double r = lgamma_r(x, &sign);
  if (std::isinf(r)) return range_error(t);
  return float_from(t, r);
}

// Logarithms, of ints of any size too.
Ref logarithm(Thread& t, Value v, MathFn f) {
  if (is_int(v)) {
    if (int_sign(v) <= 0) return raise(t, exc::ValueError, "expected a positive input");
    BigView big(v);
    double x;
    if (big_to_double(big, &x)) return float_from(t, f(x));
    long exponent;
    x = mpz_get_d_2exp(&exponent, big);
    return float_from(t, f(x) + f(2.0) * double(exponent));
  }
  double x = TRY(to_double(t, v));
  if (std::isnan(x) || x == INFINITY) return float_from(t, x);
  if (!(x > 0)) return domain_error(t, "expected a positive input, got %U", x);
  return float_from(t, f(x));
}
Ref f_log(Thread& t, Value, Args args) {
  if (args.keyword_count != 0) return raise(t, exc::TypeError, "math.log() takes no keyword arguments");
  if (args.count == 0) return raise(t, exc::TypeError, "log expected at least 1 argument, got 0");
  if (args.count > 2) return raise(t, exc::TypeError, "log expected at most 2 arguments, got %d", int(args.count));
  Ref x = TRY(logarithm(t, args[0], log));
  if (args.count == 1) return x;
  Ref base = TRY(logarithm(t, args[1], log));
  return binary_op(t, BinaryOp::kTrueDiv, x, base);
}
Ref f_log2(Thread& t, Value, const Value* a) { return logarithm(t, a[0], log2); }
Ref f_log10(Thread& t, Value, const Value* a) { return logarithm(t, a[0], log10); }

Ref f_atan2(Thread& t, Value, const Value* a) {
  double y = TRY(to_double(t, a[0]));
  return float_from(t, atan2(y, TRY(to_double(t, a[1]))));
}
Ref f_copysign(Thread& t, Value, const Value* a) {
  double x = TRY(to_double(t, a[0]));
  return float_from(t, copysign(x, TRY(to_double(t, a[1]))));
}
Ref f_fmod(Thread& t, Value, const Value* a) {
  double x = TRY(to_double(t, a[0]));
  double y = TRY(to_double(t, a[1]));
  if (std::isinf(y) && std::isfinite(x)) return float_from(t, x);
  double r = fmod(x, y);
  if (std::isnan(r) && !std::isnan(x) && !std::isnan(y)) return domain_error(t);
  return float_from(t, r);
}
Ref f_remainder(Thread& t, Value, const Value* a) {
  double x = TRY(to_double(t, a[0]));
  double y = TRY(to_double(t, a[1]));
  double r = remainder(x, y);
  if (std::isnan(r) && !std::isnan(x) && !std::isnan(y)) return domain_error(t);
  return float_from(t, r);
}
Ref f_pow(Thread& t, Value, const Value* a) {
  double x = TRY(to_double(t, a[0]));
  double y = TRY(to_double(t, a[1]));
  double r = pow(x, y);
  if (std::isfinite(x) && std::isfinite(y)) {
    if (std::isnan(r)) return domain_error(t);
    if (std::isinf(r)) return x == 0 ? domain_error(t) : range_error(t);
  }
  return float_from(t, r);
}
Ref f_fma(Thread& t, Value, const Value* a) {
  double x = TRY(to_double(t, a[0]));
  double y = TRY(to_double(t, a[1]));
  double z = TRY(to_double(t, a[2]));
  double r = fma(x, y, z);
  if (std::isnan(r) && !std::isnan(x) && !std::isnan(y) && !std::isnan(z))
    return raise(t, exc::ValueError, "invalid operation in fma");
  if (std::isinf(r) && std::isfinite(x) && std::isfinite(y) && std::isfinite(z))
    return raise(t, exc::OverflowError, "overflow in fma");
  return float_from(t, r);
}

Ref f_frexp(Thread& t, Value, const Value* a) {
  double x = TRY(to_double(t, a[0]));
  int exponent = 0;
  if (std::isfinite(x)) x = frexp(x, &exponent);
  Ref mantissa = TRY(float_from(t, x));
  return tuple_of(t, mantissa, Value::small_int(exponent));
}
Ref f_ldexp(Thread& t, Value, const Value* a) {
  double x = TRY(to_double(t, a[0]));
  if (!is_int(a[1])) return raise(t, exc::TypeError, "Expected an int as second argument to ldexp.");
  if (x == 0 || !std::isfinite(x)) return float_from(t, x);
  i64 exponent;
  if (!int_fits_i64(a[1], &exponent)) exponent = int_sign(a[1]) < 0 ? INT64_MIN : INT64_MAX;
  if (exponent > INT32_MAX) return range_error(t);
  if (exponent < INT32_MIN) return float_from(t, copysign(0.0, x));
  double r = ldexp(x, int(exponent));
  if (std::isinf(r)) return range_error(t);
  return float_from(t, r);
}
Ref f_modf(Thread& t, Value, const Value* a) {
  double x = TRY(to_double(t, a[0]));
  double whole;
  double part = modf(x, &whole);
  Ref first = TRY(float_from(t, part));
  Ref second = TRY(float_from(t, whole));
  return tuple_of(t, first, second);
}

// Doubles of one sign are ordered as their bits are.
double step_towards(double x, double y, u64 steps) {
  if (steps == 0 || std::isnan(x)) return x;
  if (std::isnan(y)) return y;
  u64 a = std::bit_cast<u64>(x), b = std::bit_cast<u64>(y);
  constexpr u64 kSign = u64(1) << 63;
  if (a == b) return x;
  if ((a ^ b) & kSign) {
    u64 to_zero = a & ~kSign;
    u64 distance = to_zero + (b & ~kSign);
    if (distance <= steps) return y;
    if (to_zero > steps) return std::bit_cast<double>((a & kSign) | (to_zero - steps));
    return std::bit_cast<double>((b & kSign) | (steps - to_zero));
  }
  if (a > b) return a - b >= steps ? std::bit_cast<double>(a - steps) : y;
  return b - a >= steps ? std::bit_cast<double>(a + steps) : y;
}
Ref f_nextafter(Thread& t, Value, const Value* a) {
  double x = TRY(to_double(t, a[0]));
  double y = TRY(to_double(t, a[1]));
  if (a[2].is_empty() || a[2].is_none()) return float_from(t, nextafter(x, y));
  Ref steps = TRY(to_index(t, a[2]));
  if (int_sign(steps) < 0) return raise(t, exc::ValueError, "steps must be a non-negative integer");
  u64 n;
  if (!int_fits_u64(steps, &n)) n = ~u64(0);
  return float_from(t, step_towards(x, y, n));
}
Ref f_ulp(Thread& t, Value, const Value* a) {
  double x = fabs(TRY(to_double(t, a[0])));
  if (!std::isfinite(x)) return float_from(t, x);
  double next = nextafter(x, INFINITY);
  return float_from(t, std::isinf(next) ? x - nextafter(x, -INFINITY) : next - x);
}
Ref f_isclose(Thread& t, Value, const Value* a) {
  double x = TRY(to_double(t, a[0]));
  double y = TRY(to_double(t, a[1]));
  double relative = a[2].is_empty() ? 1e-9 : TRY(to_double(t, a[2]));
  double absolute = a[3].is_empty() ? 0.0 : TRY(to_double(t, a[3]));
  if (relative < 0 || absolute < 0) return raise(t, exc::ValueError, "tolerances must be non-negative");
  if (x == y) return Ref::boolean(true);
  if (std::isinf(x) || std::isinf(y)) return Ref::boolean(false);
  double d = fabs(y - x);
  return Ref::boolean(d <= fabs(relative * y) || d <= fabs(relative * x) || d <= absolute);
}

// --- floor, ceil, trunc
Ref rounded(Thread& t, Value v, Str* special, MathFn f) {
  if (!is_exact_float(v)) {
    Ref r = lookup_special(t, v, special);
    if (r.failed()) return r;
    if (!r.is_empty()) return call(t, r);
  }
  return int_from_double(t, f(TRY(to_double(t, v))));
}
Ref f_floor(Thread& t, Value, const Value* a) { return rounded(t, a[0], names::__floor__, floor); }
Ref f_ceil(Thread& t, Value, const Value* a) { return rounded(t, a[0], names::__ceil__, ceil); }
Ref f_trunc(Thread& t, Value, const Value* a) {
  if (is_exact_float(a[0])) return int_from_double(t, float_value(a[0]));
  Ref method = TRY(lookup_special(t, a[0], names::__trunc__));
  if (method.is_empty()) return raise(t, exc::TypeError, "type %T doesn't define __trunc__ method", a[0]);
  return call(t, method);
}

const Method kFunctions[] = {
    method("acos", f_acos, "($module, x, /)", "Return the arc cosine (measured in radians) of x.\n\nThe result is between 0 and pi."),
    method("acosh", f_acosh, "($module, x, /)", "Return the inverse hyperbolic cosine of x."),
    method("asin", f_asin, "($module, x, /)", "Return the arc sine (measured in radians) of x.\n\nThe result is between -pi/2 and pi/2."),
    method("asinh", f_asinh, "($module, x, /)", "Return the inverse hyperbolic sine of x."),
    method("atan", f_atan, "($module, x, /)", "Return the arc tangent (measured in radians) of x.\n\nThe result is between -pi/2 and pi/2."),
    method("atan2", f_atan2, "($module, y, x, /)", "Return the arc tangent (measured in radians) of y/x.\n\nUnlike atan(y/x), the signs of both x and y are considered."),
    method("atanh", f_atanh, "($module, x, /)", "Return the inverse hyperbolic tangent of x."),
    method("cbrt", f_cbrt, "($module, x, /)", "Return the cube root of x."),
    method("ceil", f_ceil, "($module, x, /)", "Return the ceiling of x as an Integral.\n\nThis is the smallest integer >= x."),
    method("copysign", f_copysign, "($module, x, y, /)", "Return a float with the magnitude (absolute value) of x but the sign of y."),
    method("cos", f_cos, "($module, x, /)", "Return the cosine of x (measured in radians)."),
    method("cosh", f_cosh, "($module, x, /)", "Return the hyperbolic cosine of x."),
    method("degrees", f_degrees, "($module, x, /)", "Convert angle x from radians to degrees."),
    method("erf", f_erf, "($module, x, /)", "Error function at x."),
    method("erfc", f_erfc, "($module, x, /)", "Complementary error function at x."),
    method("exp", f_exp, "($module, x, /)", "Return e raised to the power of x."),
    method("exp2", f_exp2, "($module, x, /)", "Return 2 raised to the power of x."),
    method("expm1", f_expm1, "($module, x, /)", "Return exp(x)-1."),
    method("fabs", f_fabs, "($module, x, /)", "Return the absolute value of the float x."),
    method("floor", f_floor, "($module, x, /)", "Return the floor of x as an Integral.\n\nThis is the largest integer <= x."),
    method("fma", f_fma, "($module, x, y, z, /)", "Fused multiply-add operation.\n\nCompute (x * y) + z with a single round."),
    method("fmod", f_fmod, "($module, x, y, /)", "Return fmod(x, y), according to platform C.\n\nx % y may differ."),
    method("frexp", f_frexp, "($module, x, /)", "Return the mantissa and exponent of x, as pair (m, e)."),
    method("gamma", f_gamma, "($module, x, /)", "Gamma function at x."),
    method("isclose", f_isclose, "($module, /, a, b, *, rel_tol=1e-09, abs_tol=0.0)", "Determine whether two floating-point numbers are close in value."),
    method("isfinite", f_isfinite, "($module, x, /)", "Return True if x is neither an infinity nor a NaN, and False otherwise."),
    method("isinf", f_isinf, "($module, x, /)", "Return True if x is a positive or negative infinity, and False otherwise."),
    method("isnan", f_isnan, "($module, x, /)", "Return True if x is a NaN (not a number), and False otherwise."),
    method("ldexp", f_ldexp, "($module, x, i, /)", "Return x * (2**i).\n\nThis is essentially the inverse of frexp()."),
    method("lgamma", f_lgamma, "($module, x, /)", "Natural logarithm of absolute value of Gamma function at x."),
    raw_method("log", f_log, nullptr, "log(x, [base=math.e])\nReturn the logarithm of x to the given base.\n\nIf the base is not specified, returns the natural logarithm (base e) of x."),
    method("log10", f_log10, "($module, x, /)", "Return the base 10 logarithm of x."),
    method("log1p", f_log1p, "($module, x, /)", "Return the natural logarithm of 1+x (base e).\n\nThe result is computed in a way which is accurate for x near zero."),
    method("log2", f_log2, "($module, x, /)", "Return the base 2 logarithm of x."),
    method("modf", f_modf, "($module, x, /)", "Return the fractional and integer parts of x.\n\nBoth results carry the sign of x and are floats."),
    method("nextafter", f_nextafter, "($module, x, y, /, *, steps=None)", "Return the floating-point value the given number of steps after x towards y."),
    method("pow", f_pow, "($module, x, y, /)", "Return x**y (x to the power of y)."),
    method("radians", f_radians, "($module, x, /)", "Convert angle x from degrees to radians."),
    method("remainder", f_remainder, "($module, x, y, /)", "Difference between x and the closest integer multiple of y."),
    method("sin", f_sin, "($module, x, /)", "Return the sine of x (measured in radians)."),
    method("sinh", f_sinh, "($module, x, /)", "Return the hyperbolic sine of x."),
    method("sqrt", f_sqrt, "($module, x, /)", "Return the square root of x."),
    method("tan", f_tan, "($module, x, /)", "Return the tangent of x (measured in radians)."),
    method("tanh", f_tanh, "($module, x, /)", "Return the hyperbolic tangent of x."),
    method("trunc", f_trunc, "($module, x, /)", "Truncates the Real x to the nearest Integral toward 0.\n\nUses the __trunc__ magic method."),
    method("ulp", f_ulp, "($module, x, /)", "Return the value of the least significant bit of the float x."),
    method("comb", math_comb, "($module, n, k, /)", "Number of ways to choose k items from n items without repetition and without order."),
    method("factorial", math_factorial, "($module, n, /)", "Find n!."),
    method("gcd", math_gcd, "($module, /, *integers)", "Greatest Common Divisor."),
    method("isqrt", math_isqrt, "($module, n, /)", "Return the integer part of the square root of the input."),
    method("lcm", math_lcm, "($module, /, *integers)", "Least Common Multiple."),
    method("perm", math_perm, "($module, n, k=None, /)", "Number of ways to choose k items from n items without repetition and with order."),
    method("dist", math_dist, "($module, p, q, /)", "Return the Euclidean distance between two points p and q."),
    method("fsum", math_fsum, "($module, seq, /)", "Return an accurate floating-point sum of values in the iterable seq.\n\nAssumes IEEE-754 floating-point arithmetic."),
    method("hypot", math_hypot, "($module, /, *coordinates)", "Multidimensional Euclidean distance from the origin to a point."),
    method("prod", math_prod, "($module, iterable, /, *, start=1)", "Calculate the product of all the elements in the input iterable."),
    method("sumprod", math_sumprod, "($module, p, q, /)", "Return the sum of products of values from two iterables p and q."),
    {},
};

Status initialise(Thread& t, Module* module) {
  static constexpr struct {
    const char* name;
    double value;
  } kConstants[] = {{"pi", M_PI}, {"e", M_E}, {"tau", 2 * M_PI}, {"inf", INFINITY}, {"nan", NAN}};
  for (const auto& row : kConstants) TRY(module_add(t, module, row.name, TRY(float_from(t, row.value))));
  return ok();
}

}  // namespace

extern const ModuleDef module_math;
const ModuleDef module_math = {"math", "This module provides access to the mathematical functions\ndefined by the C standard.", kFunctions, initialise};

}  // namespace typhon
