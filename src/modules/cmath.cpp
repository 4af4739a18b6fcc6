// cmath: functions of complex numbers. The special values follow Annex G of C11, as the C library's own functions do; domain and range
// errors are found from arguments and results.
#include <cmath>
#include <complex>

#include "objects/module.h"

namespace typhon {
namespace {

using Z = std::complex<double>;

bool is_finite(Z z) { return std::isfinite(z.real()) && std::isfinite(z.imag()); }
bool is_nan(Z z) { return std::isnan(z.real()) || std::isnan(z.imag()); }
bool is_inf(Z z) { return std::isinf(z.real()) || std::isinf(z.imag()); }

// __complex__, then __float__ and __index__.
Result<Z> to_complex(Thread& t, Value v) {
  if (is_complex_(v)) return Z(v.as<Complex>()->real, v.as<Complex>()->imag);
  Ref method = TRY(lookup_special(t, v, names::complex_dunder));
  if (!method.is_empty()) {
    Ref result = TRY(call(t, method));
    if (!is_complex_(result)) return raise(t, exc::TypeError, "__complex__ returned non-complex (type %T)", result.get());
    if (!is_exact_complex_(result))
      TRY(warn(t, exc::DeprecationWarning, 1,
               "__complex__ returned non-complex (type %T).  The ability to return an instance of a strict subclass of complex is "
               "deprecated, and may be removed in a future version of Python.",
               result.get()));
    return Z(result.as<Complex>()->real, result.as<Complex>()->imag);
  }
  return Z(TRY(to_double(t, v)), 0.0);
}
Ref from(Thread& t, Z z) { return complex_from(t, z.real(), z.imag()); }
Raised domain(Thread& t) { return raise(t, exc::ValueError, "math domain error"); }
Raised range(Thread& t) { return raise(t, exc::OverflowError, "math range error"); }

// Runs f; `pole` tells arguments without a value. A finite argument without a finite result is out of range.
template <class F, class P>
Ref apply(Thread& t, Value v, F f, P pole) {
  Z z = TRY(to_complex(t, v));
  if (pole(z)) return domain(t);
  Z w = f(z);
  if (is_finite(z) && !is_finite(w)) return is_nan(w) && !is_inf(w) ? domain(t) : range(t);
  return from(t, w);
}
bool nowhere(Z) { return false; }

// --- the C library's functions are used where they are exact about special values
extern "C" {
double _Complex csqrt(double _Complex), cexp(double _Complex), clog(double _Complex), csinh(double _Complex), ccosh(double _Complex),
    ctanh(double _Complex), casinh(double _Complex), cacosh(double _Complex), catanh(double _Complex), cacos(double _Complex);
}
template <double _Complex (*f)(double _Complex)>
Z lib(Z z) {
  double _Complex argument = __builtin_complex(z.real(), z.imag());
  double _Complex result = f(argument);
  return {__real__ result, __imag__ result};
}
// f(iz) / i and the like
Z times_i(Z z) { return {-z.imag(), z.real()}; }
Z over_i(Z z) { return {z.imag(), -z.real()}; }

Ref f_sqrt(Thread& t, Value, const Value* a) { return apply(t, a[0], lib<csqrt>, nowhere); }
// Where an infinity meets an angle that is none, there is no value.
bool bad_angle(Z z) { return std::isinf(z.imag()) && (std::isfinite(z.real()) || z.real() > 0); }
Ref f_exp(Thread& t, Value, const Value* a) {
  return apply(t, a[0], [](Z z) {
    // Large real parts: the factors overflow before the product does.
    if (std::isfinite(z.real()) && z.real() > 708 && std::isfinite(z.imag())) {
      double l = std::exp(z.real() - 1);
      return Z(l * std::cos(z.imag()) * M_E, l * std::sin(z.imag()) * M_E);
    }
    return lib<cexp>(z);
  }, bad_angle);
}
bool bad_hyperbolic(Z z) { return std::isinf(z.imag()) && !std::isnan(z.real()); }
Z scaled_cosh(Z z) {
  if (std::isfinite(z.real()) && std::fabs(z.real()) > 708 && std::isfinite(z.imag())) {
    double x = z.real() - std::copysign(1.0, z.real());
    return {std::cos(z.imag()) * std::cosh(x) * M_E, std::sin(z.imag()) * std::sinh(x) * M_E};
  }
  return lib<ccosh>(z);
}
Z scaled_sinh(Z z) {
  if (std::isfinite(z.real()) && std::fabs(z.real()) > 708 && std::isfinite(z.imag())) {
    double x = z.real() - std::copysign(1.0, z.real());
    return {std::cos(z.imag()) * std::sinh(x) * M_E, std::sin(z.imag()) * std::cosh(x) * M_E};
  }
  return lib<csinh>(z);
}
bool bad_tanh(Z z) { return std::isinf(z.imag()) && std::isfinite(z.real()); }
Ref f_cosh(Thread& t, Value, const Value* a) { return apply(t, a[0], scaled_cosh, bad_hyperbolic); }
Ref f_sinh(Thread& t, Value, const Value* a) { return apply(t, a[0], scaled_sinh, bad_hyperbolic); }
Ref f_tanh(Thread& t, Value, const Value* a) { return apply(t, a[0], lib<ctanh>, bad_tanh); }
Ref f_cos(Thread& t, Value, const Value* a) {
  return apply(t, a[0], [](Z z) { return scaled_cosh(times_i(z)); }, [](Z z) { return bad_hyperbolic(times_i(z)); });
}
Ref f_sin(Thread& t, Value, const Value* a) {
  return apply(t, a[0], [](Z z) { return over_i(scaled_sinh(times_i(z))); }, [](Z z) { return bad_hyperbolic(times_i(z)); });
}
Ref f_tan(Thread& t, Value, const Value* a) {
  return apply(t, a[0], [](Z z) { return over_i(lib<ctanh>(times_i(z))); }, [](Z z) { return bad_tanh(times_i(z)); });
}
Ref f_acos(Thread& t, Value, const Value* a) { return apply(t, a[0], lib<cacos>, nowhere); }
Ref f_acosh(Thread& t, Value, const Value* a) { return apply(t, a[0], lib<cacosh>, nowhere); }
Ref f_asinh(Thread& t, Value, const Value* a) { return apply(t, a[0], lib<casinh>, nowhere); }
Ref f_asin(Thread& t, Value, const Value* a) {
  return apply(t, a[0], [](Z z) { return over_i(lib<casinh>(times_i(z))); }, nowhere);
}
bool at_one(Z z) { return z.imag() == 0 && std::fabs(z.real()) == 1; }
Ref f_atanh(Thread& t, Value, const Value* a) { return apply(t, a[0], lib<catanh>, at_one); }
Ref f_atan(Thread& t, Value, const Value* a) {
  return apply(t, a[0], [](Z z) { return over_i(lib<catanh>(times_i(z))); }, [](Z z) { return at_one(times_i(z)); });
}

bool at_zero(Z z) { return z.real() == 0 && z.imag() == 0; }
Ref f_log(Thread& t, Value, const Value* a) {
  Z z = TRY(to_complex(t, a[0]));
  if (at_zero(z)) return domain(t);
  Z w = lib<clog>(z);
  if (a[1].is_empty()) return from(t, w);
  Z base = TRY(to_complex(t, a[1]));
  if (at_zero(base)) return domain(t);
  Ref numerator = TRY(from(t, w)), denominator = TRY(from(t, lib<clog>(base)));
  Ref result = binary_op(t, BinaryOp::kTrueDiv, numerator, denominator);
  if (result.failed() && clear_if(t, exc::ZeroDivisionError)) return domain(t);
  return result;
}
Ref f_log10(Thread& t, Value, const Value* a) {
  return apply(t, a[0], [](Z z) {
    Z w = lib<clog>(z);
    return Z(w.real() / M_LN10, w.imag() / M_LN10);
  }, at_zero);
}

// --- polar coordinates
Ref f_phase(Thread& t, Value, const Value* a) {
  Z z = TRY(to_complex(t, a[0]));
  return float_from(t, std::atan2(z.imag(), z.real()));
}
Ref f_polar(Thread& t, Value, const Value* a) {
  Z z = TRY(to_complex(t, a[0]));
  double r = std::hypot(z.real(), z.imag());
  if (is_finite(z) && std::isinf(r)) return range(t);
  Ref radius = TRY(float_from(t, r)), angle = TRY(float_from(t, std::atan2(z.imag(), z.real())));
  return tuple_of(t, radius, angle);
}
Ref f_rect(Thread& t, Value, const Value* a) {
  double r = TRY(to_double(t, a[0])), phi = TRY(to_double(t, a[1]));
  if (std::isinf(phi) && r != 0 && !std::isnan(r)) return domain(t);
  if (r == 0 && !std::isfinite(phi)) return complex_from(t, 0.0, 0.0);
  if (phi == 0) return complex_from(t, r, std::isnan(r) ? 0.0 : std::isinf(r) ? (r > 0 ? phi : -phi) : r * phi);
  if (std::isinf(r) && std::isfinite(phi)) return complex_from(t, std::copysign(r, r * std::cos(phi)), std::copysign(r, r * std::sin(phi)));
  if (std::isinf(r) && std::isnan(phi)) return complex_from(t, INFINITY, NAN);
  return complex_from(t, r * std::cos(phi), r * std::sin(phi));
}

// --- tests
Ref f_isfinite(Thread& t, Value, const Value* a) { return Ref::boolean(is_finite(TRY(to_complex(t, a[0])))); }
Ref f_isnan(Thread& t, Value, const Value* a) { return Ref::boolean(is_nan(TRY(to_complex(t, a[0])))); }
Ref f_isinf(Thread& t, Value, const Value* a) { return Ref::boolean(is_inf(TRY(to_complex(t, a[0])))); }
Ref f_isclose(Thread& t, Value, const Value* a) {
  Z x = TRY(to_complex(t, a[0])), y = TRY(to_complex(t, a[1]));
  double relative = a[2].is_empty() ? 1e-9 : TRY(to_double(t, a[2])), absolute = a[3].is_empty() ? 0.0 : TRY(to_double(t, a[3]));
  if (relative < 0 || absolute < 0) return raise(t, exc::ValueError, "tolerances must be non-negative");
  if (x == y) return Ref::boolean(true);
  if (is_inf(x) || is_inf(y)) return Ref::boolean(false);
  double difference = std::abs(x - y);
  return Ref::boolean(difference <= relative * std::abs(y) || difference <= relative * std::abs(x) || difference <= absolute);
}

const Method kFunctions[] = {
    method("acos", f_acos, "($module, z, /)", "Return the arc cosine of z."),
    method("acosh", f_acosh, "($module, z, /)", "Return the inverse hyperbolic cosine of z."),
    method("asin", f_asin, "($module, z, /)", "Return the arc sine of z."),
    method("asinh", f_asinh, "($module, z, /)", "Return the inverse hyperbolic sine of z."),
    method("atan", f_atan, "($module, z, /)", "Return the arc tangent of z."),
    method("atanh", f_atanh, "($module, z, /)", "Return the inverse hyperbolic tangent of z."),
    method("cos", f_cos, "($module, z, /)", "Return the cosine of z."),
    method("cosh", f_cosh, "($module, z, /)", "Return the hyperbolic cosine of z."),
    method("exp", f_exp, "($module, z, /)", "Return the exponential value e**z."),
    method("isclose", f_isclose, "($module, /, a, b, *, rel_tol=1e-09, abs_tol=0.0)",
           "Determine whether two complex numbers are close in value.\n\nReturn True if a is close in value to b, and False otherwise."),
    method("isfinite", f_isfinite, "($module, z, /)", "Return True if both the real and imaginary parts of z are finite, else False."),
    method("isinf", f_isinf, "($module, z, /)", "Checks if the real or imaginary part of z is infinite."),
    method("isnan", f_isnan, "($module, z, /)", "Checks if the real or imaginary part of z not a number (NaN)."),
    method("log", f_log, "(z, base=<unrepresentable>, /)",
           "log(z[, base]) -> the logarithm of z to the given base.\n\nIf the base is not specified, returns the natural logarithm (base e) of z."),
    method("log10", f_log10, "($module, z, /)", "Return the base-10 logarithm of z."),
    method("phase", f_phase, "($module, z, /)", "Return argument, also known as the phase angle, of a complex."),
    method("polar", f_polar, "($module, z, /)", "Convert a complex from rectangular coordinates to polar coordinates.\n\nr is the distance from 0 and phi the phase angle."),
    method("rect", f_rect, "($module, r, phi, /)", "Convert from polar coordinates to rectangular coordinates."),
    method("sin", f_sin, "($module, z, /)", "Return the sine of z."),
    method("sinh", f_sinh, "($module, z, /)", "Return the hyperbolic sine of z."),
    method("sqrt", f_sqrt, "($module, z, /)", "Return the square root of z."),
    method("tan", f_tan, "($module, z, /)", "Return the tangent of z."),
    method("tanh", f_tanh, "($module, z, /)", "Return the hyperbolic tangent of z."),
    {},
};
Status initialise(Thread& t, Module* module) {
  TRY(module_add(t, module, "pi", TRY(float_from(t, M_PI))));
  TRY(module_add(t, module, "e", TRY(float_from(t, M_E))));
  TRY(module_add(t, module, "tau", TRY(float_from(t, 2 * M_PI))));
  TRY(module_add(t, module, "inf", TRY(float_from(t, INFINITY))));
  TRY(module_add(t, module, "infj", TRY(complex_from(t, 0.0, INFINITY))));
  TRY(module_add(t, module, "nan", TRY(float_from(t, NAN))));
  return module_add(t, module, "nanj", TRY(complex_from(t, 0.0, NAN)));
}

}  // namespace

extern const ModuleDef module_cmath;
const ModuleDef module_cmath = {"cmath", "This module provides access to mathematical functions for complex\nnumbers.", kFunctions, initialise};

}  // namespace typhon
