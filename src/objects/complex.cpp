// complex: construction, operators, methods.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "objects/protocol/protocol.h"

namespace typhon {

Ref format_complex(Thread& t, Value v, Str* spec);                 // format_spec.cpp
bool parse_double(const char* text, size_t n, double* out);        // float.cpp
RefTo<Bytes> number_text(Thread& t, Str* s);                       // float.cpp: digits and spaces of Unicode as ASCII, else '?'

Ref complex_from(Thread& t, double real, double imag) {
  auto* object = heap::allocate_as<Complex>(t, kShape_complex_, sizeof(Complex), false);
  object->real = real;
  object->imag = imag;
  return Ref::adopt(Value(object));
}

namespace {

struct Z {
  double re, im;
};
Z value_of(Value v) { return {v.as<Complex>()->real, v.as<Complex>()->imag}; }
Ref make(Thread& t, Z z) { return complex_from(t, z.re, z.im); }

// A complex, float or int operand; *real: it was no complex (mixed-mode arithmetic keeps signs of zero, C99 Annex G).
enum class Kind { kNo, kReal, kComplex, kFailed };
Kind operand(Thread& t, Value v, Z* out) {
  if (is_complex_(v)) {
    *out = value_of(v);
    return Kind::kComplex;
  }
  if (is_float(v)) {
    *out = {float_value(v), 0};
    return Kind::kReal;
  }
  if (!is_int(v)) return Kind::kNo;
  Result<double> d = int_to_double(t, v);
  *out = {d.get(), 0};
  return d.failed() ? Kind::kFailed : Kind::kReal;
}

Z multiply(Z a, Z b) {
  double ac = a.re * b.re, bd = a.im * b.im, ad = a.re * b.im, bc = a.im * b.re;
  Z r = {ac - bd, ad + bc};
  if (!std::isnan(r.re) || !std::isnan(r.im)) return r;
  // Infinities recovered as C99 Annex G.5.1 describes.
  bool recalculate = false;
  auto box = [](double x) { return std::copysign(std::isinf(x) ? 1.0 : 0.0, x); };
  auto zero_nan = [](double& x) { if (std::isnan(x)) x = std::copysign(0.0, x); };
  if (std::isinf(a.re) || std::isinf(a.im)) {
    a = {box(a.re), box(a.im)};
    zero_nan(b.re), zero_nan(b.im);
    recalculate = true;
  }
  if (std::isinf(b.re) || std::isinf(b.im)) {
    b = {box(b.re), box(b.im)};
    zero_nan(a.re), zero_nan(a.im);
    recalculate = true;
  }
  if (!recalculate && (std::isinf(ac) || std::isinf(bd) || std::isinf(ad) || std::isinf(bc))) {
    zero_nan(a.re), zero_nan(a.im), zero_nan(b.re), zero_nan(b.im);
    recalculate = true;
  }
  if (recalculate) r = {HUGE_VAL * (a.re * b.re - a.im * b.im), HUGE_VAL * (a.re * b.im + a.im * b.re)};
  return r;
}

// False: division by zero.
bool divide(Z a, Z b, Z* out) {
  double abs_re = std::fabs(b.re), abs_im = std::fabs(b.im);
  if (abs_re >= abs_im) {
    if (abs_re == 0) return false;
    double ratio = b.im / b.re, denominator = b.re + b.im * ratio;
    *out = {(a.re + a.im * ratio) / denominator, (a.im - a.re * ratio) / denominator};
  } else if (abs_im >= abs_re) {
    double ratio = b.re / b.im, denominator = b.re * ratio + b.im;
    *out = {(a.re * ratio + a.im) / denominator, (a.im * ratio - a.re) / denominator};
  } else {
    *out = {NAN, NAN};
  }
  if (std::isnan(out->re) && std::isnan(out->im)) {
    if ((std::isinf(a.re) || std::isinf(a.im)) && std::isfinite(b.re) && std::isfinite(b.im)) {
      double x = std::copysign(std::isinf(a.re) ? 1.0 : 0.0, a.re), y = std::copysign(std::isinf(a.im) ? 1.0 : 0.0, a.im);
      *out = {HUGE_VAL * (x * b.re + y * b.im), HUGE_VAL * (y * b.re - x * b.im)};
    } else if ((std::isinf(abs_re) || std::isinf(abs_im)) && std::isfinite(a.re) && std::isfinite(a.im)) {
      double x = std::copysign(std::isinf(b.re) ? 1.0 : 0.0, b.re), y = std::copysign(std::isinf(b.im) ? 1.0 : 0.0, b.im);
      *out = {0.0 * (a.re * x + a.im * y), 0.0 * (a.im * x - a.re * y)};
    }
  }
  return true;
}

// The same for a real dividend, whose imaginary part is no zero but absent: signs of zeros differ.
bool divide_real(double a, Z b, Z* out) {
  double abs_re = std::fabs(b.re), abs_im = std::fabs(b.im);
  if (abs_re >= abs_im) {
    if (abs_re == 0) return false;
    double ratio = b.im / b.re, denominator = b.re + b.im * ratio;
    *out = {a / denominator, -a * ratio / denominator};
  } else if (abs_im >= abs_re) {
    double ratio = b.re / b.im, denominator = b.re * ratio + b.im;
    *out = {a * ratio / denominator, -a / denominator};
  } else {
    *out = {NAN, NAN};
  }
  if (std::isnan(out->re) && std::isnan(out->im)) {
    if (std::isinf(a) && std::isfinite(b.re) && std::isfinite(b.im)) {
      double x = std::copysign(1.0, a);
      *out = {HUGE_VAL * (x * b.re), HUGE_VAL * (-x * b.im)};
    } else if ((std::isinf(abs_re) || std::isinf(abs_im)) && std::isfinite(a)) {
      double x = std::copysign(std::isinf(b.re) ? 1.0 : 0.0, b.re), y = std::copysign(std::isinf(b.im) ? 1.0 : 0.0, b.im);
      *out = {0.0 * (a * x), 0.0 * (-a * y)};
    }
  }
  return true;
}

enum class ZOp { kAdd, kSub, kMul, kDiv };

template <ZOp op>
Ref arithmetic(Thread& t, Value left, Value right) {
  Z a, b;
  Kind ka = operand(t, left, &a);
  if (ka == Kind::kNo) return Ref::not_implemented();
  Kind kb = ka == Kind::kFailed ? ka : operand(t, right, &b);
  if (kb == Kind::kNo) return Ref::not_implemented();
  if (kb == Kind::kFailed) return Raised{};
  switch (op) {
    case ZOp::kAdd:
      if (ka == Kind::kReal) return complex_from(t, a.re + b.re, b.im);
      if (kb == Kind::kReal) return complex_from(t, a.re + b.re, a.im);
      return complex_from(t, a.re + b.re, a.im + b.im);
    case ZOp::kSub:
      if (ka == Kind::kReal) return complex_from(t, a.re - b.re, -b.im);
      if (kb == Kind::kReal) return complex_from(t, a.re - b.re, a.im);
      return complex_from(t, a.re - b.re, a.im - b.im);
    case ZOp::kMul:
      if (ka == Kind::kReal) return complex_from(t, a.re * b.re, a.re * b.im);
      if (kb == Kind::kReal) return complex_from(t, a.re * b.re, a.im * b.re);
      return make(t, multiply(a, b));
    case ZOp::kDiv: {
      if (kb == Kind::kReal && ka == Kind::kComplex) {
        if (b.re == 0) return raise(t, exc::ZeroDivisionError, "division by zero");
        return complex_from(t, a.re / b.re, a.im / b.re);
      }
      Z r;
      if (!(ka == Kind::kReal ? divide_real(a.re, b, &r) : divide(a, b, &r))) return raise(t, exc::ZeroDivisionError, "division by zero");
      return make(t, r);
    }
  }
  return Ref::error();
}

// False: division by zero, to which a small base may have come.
bool integer_power(Z base, i64 n, Z* out) {
  Z r = {1, 0};
  u64 k = n < 0 ? u64(-n) : u64(n);
  Z p = base;
  while (k != 0) {
    if (k & 1) r = multiply(r, p);
    k >>= 1;
    if (k != 0) p = multiply(p, p);
  }
  *out = r;
  return n >= 0 || divide({1, 0}, r, out);
}

Ref power_slot(Thread& t, Value left, Value right, Value modulus) {
  Z a, b;
  Kind ka = operand(t, left, &a);
  if (ka == Kind::kNo) return Ref::not_implemented();
  Kind kb = ka == Kind::kFailed ? ka : operand(t, right, &b);
  if (kb == Kind::kNo) return Ref::not_implemented();
  if (kb == Kind::kFailed) return Raised{};
  if (!modulus.is_none()) return raise(t, exc::ValueError, "complex modulo");
  Z r;
  if (b.re == 0 && b.im == 0) {
    r = {1, 0};
  } else if (a.re == 0 && a.im == 0 && !(b.im == 0 && b.re > 0 && b.re <= 100 && b.re == std::floor(b.re))) {
    if (b.im != 0 || b.re < 0) return raise(t, exc::ZeroDivisionError, "zero to a negative or complex power");
    r = {0, 0};
  } else if (b.im == 0 && b.re == std::floor(b.re) && std::fabs(b.re) <= 100) {
    if (!integer_power(a, i64(b.re), &r)) return raise(t, exc::ZeroDivisionError, "zero to a negative or complex power");
  } else {
    double modulus_of_a = std::hypot(a.re, a.im);
    double length = std::pow(modulus_of_a, b.re), angle = std::atan2(a.im, a.re);
    double phase = angle * b.re;
    if (b.im != 0) {
      length *= std::exp(-angle * b.im);
      phase += b.im * std::log(modulus_of_a);
    }
    // CPython goes by errno, which the sine of an infinity sets.
    if (std::isinf(phase)) return raise(t, exc::ZeroDivisionError, "zero to a negative or complex power");
    r = {length * std::cos(phase), length * std::sin(phase)};
  }
  if (std::isinf(r.re) || std::isinf(r.im))
    return raise(t, exc::OverflowError, "complex exponentiation");
  return make(t, r);
}

Ref negative(Thread& t, Value v) { return complex_from(t, -value_of(v).re, -value_of(v).im); }
Ref exact(Thread& t, Value v) { return is_exact(v, kShape_complex_) ? Ref::copy(v) : make(t, value_of(v)); }
Ref absolute(Thread& t, Value v) {
  Z z = value_of(v);
  double r = std::hypot(z.re, z.im);
  if (std::isinf(r) && std::isfinite(z.re) && std::isfinite(z.im)) return raise(t, exc::OverflowError, "absolute value too large");
  return float_from(t, r);
}
Result<bool> nonzero(Thread&, Value v) { return value_of(v).re != 0 || value_of(v).im != 0; }

Result<i64> hash(Thread&, Value v) {
  Z z = value_of(v);
  u64 h = u64(float_hash(z.re, v.object())) + 1000003u * u64(float_hash(z.im, v.object()));
  return i64(h) == -1 ? -2 : i64(h);
}

Ref repr(Thread& t, Value v) {
  Z z = value_of(v);
  char re[40], im[40];
  size_t n = format_double_repr(z.re, re, false), m = format_double_repr(z.im, im, false);
  std::string out;
  if (z.re == 0 && !std::signbit(z.re)) {
    out.assign(im, m);
    out += 'j';
  } else {
    out = '(' + std::string(re, n);
    if (im[0] != '-') out += '+';
    out.append(im, m);
    out += "j)";
  }
  return str_from_ascii(t, out);
}

Ref compare(Thread& t, Value a, Value b, CompareOp op) {
  if (op != CompareOp::kEq && op != CompareOp::kNe) return Ref::not_implemented();
  if (!is_complex_(a)) return Ref::not_implemented();
  Z x = value_of(a);
  bool same;
  if (is_complex_(b)) {
    Z y = value_of(b);
    same = x.re == y.re && x.im == y.im;
  } else if (is_float(b) || is_int(b)) {
    if (x.im != 0) {
      same = false;
    } else {
      Ref real = float_from(t, x.re);
      same = TRY(compare_bool(t, CompareOp::kEq, real, b));
    }
  } else {
    return Ref::not_implemented();
  }
  return Ref::boolean(same == (op == CompareOp::kEq));
}

// "1+2j", "(3j)", "-4": the whole text must be used.
bool parse(std::string_view s, Z* out) {
  auto strip = [&] {
    while (!s.empty() && (s.front() == ' ' || (s.front() >= 9 && s.front() <= 13))) s.remove_prefix(1);
    while (!s.empty() && (s.back() == ' ' || (s.back() >= 9 && s.back() <= 13))) s.remove_suffix(1);
  };
  strip();
  if (s.size() >= 2 && s.front() == '(' && s.back() == ')') {
    s = s.substr(1, s.size() - 2);
    strip();
  }
  if (s.empty()) return false;
  bool imaginary = s.back() == 'j' || s.back() == 'J';
  if (!imaginary) {
    out->im = 0;
    return parse_double(s.data(), s.size(), &out->re);
  }
  s.remove_suffix(1);
  // The sign that begins the imaginary part: the last one not behind an exponent mark.
  size_t split = 0;
  for (size_t i = s.size(); i-- > 1;) {
    bool exponent = (s[i - 1] | 32) == 'e' && i >= 2 && ((s[i - 2] >= '0' && s[i - 2] <= '9') || s[i - 2] == '.');
    if ((s[i] == '+' || s[i] == '-') && !exponent) {
      split = i;
      break;
    }
  }
  std::string_view real = s.substr(0, split), imag = s.substr(split);
  out->re = 0;
  if (split != 0 && !parse_double(real.data(), real.size(), &out->re)) return false;
  if (imag.empty() || imag == "+")
    out->im = 1;
  else if (imag == "-")
    out->im = -1;
  else
    return parse_double(imag.data(), imag.size(), &out->im);
  return true;
}

// Whether an underscore is not between two digits.
bool misplaced_underscore(std::string_view s) {
  auto digit = [&](size_t i) { return i < s.size() && s[i] >= '0' && s[i] <= '9'; };
  for (size_t i = 0; i < s.size(); i++)
    if (s[i] == '_' && (i == 0 || !digit(i - 1) || !digit(i + 1))) return true;
  return false;
}

Ref as_subclass(Thread& t, Type* cls, Z z) {
  if (cls == types::complex_) return make(t, z);
  Ref self = TRY(allocate_instance(t, cls));
  self.as<Complex>()->real = z.re;
  self.as<Complex>()->imag = z.im;
  return self;
}

// The complex value of a number argument, trying __complex__, __float__, __index__.
Status number_argument(Thread& t, Value v, Z* out, bool* was_complex) {
  *was_complex = true;
  if (is_exact(v, kShape_complex_)) {
    *out = value_of(v);
    return ok();
  }
  if (!is_float(v) && !is_int(v)) {
    Ref hook = TRY(lookup_special(t, v, names::complex_dunder));
    if (!hook.is_empty()) {
      Ref z = TRY(call(t, hook));
      if (!is_complex_(z)) return raise(t, exc::TypeError, "__complex__ returned non-complex (type %T)", z.get());
      if (!is_exact(z, kShape_complex_))
        TRY(warn(t, exc::DeprecationWarning, 1,
                 "__complex__ returned non-complex (type %T).  The ability to return an instance of a strict subclass of complex is "
                 "deprecated, and may be removed in a future version of Python.",
                 z.get()));
      *out = value_of(z);
      return ok();
    }
  }
  if (is_complex_(v)) {
    *out = value_of(v);
    return ok();
  }
  *was_complex = false;
  *out = {TRY(to_double(t, v)), 0};
  return ok();
}

bool numeric(Value v) {
  const Slots& s = type_of(v)->slots;
  return is_complex_(v) || s.float_ != nullptr || s.index != nullptr || !type_lookup(type_of(v), names::complex_dunder).is_empty();
}

Ref complex_new(Thread& t, Type* cls, Args args) {
  static const Signature& signature = parse_signature("(real=0, imag=0)");
  Value a[2];
  Ref keep[1];
  TRY(bind_arguments(t, signature, "complex", args, a, keep));
  bool single = args.count == 1 && args.keyword_count == 0;
  if (!a[0].is_empty() && is_str(a[0])) {
    if (!single) return raise(t, exc::TypeError, "complex() argument 'real' must be a real number, not %T", a[0]);
    RefTo<Bytes> text = TRY(number_text(t, a[0].as<Str>()));
    Z z;
    std::string_view characters{reinterpret_cast<char*>(text->data), text->size};
    if (!parse(characters, &z)) {
      // A character that is no digit has become '?', and CPython reads no further.
      size_t end = characters.find_first_of(std::string_view(a[0].as<Str>()->is_ascii() ? "\0" : "\0?", a[0].as<Str>()->is_ascii() ? 1 : 2));
      std::string_view read = characters.substr(0, end);
      bool cut = end < characters.size() && characters[end] == 0 && read.contains('_');
      if (cut || misplaced_underscore(read))
        return raise(t, exc::ValueError, "could not convert string to complex: %R", a[0]);
      return raise(t, exc::ValueError, "complex() arg is a malformed string");
    }
    return as_subclass(t, cls, z);
  }
  if (!a[0].is_empty() && !numeric(a[0])) {
    if (single) return raise(t, exc::TypeError, "complex() argument must be a string or a number, not %T", a[0]);
    return raise(t, exc::TypeError, "complex() argument 'real' must be a real number, not %T", a[0]);
  }
  Z re = {0, 0}, im = {0, 0};
  bool re_complex = false;
  // A __complex__ of the real part is asked before the other part is looked at.
  bool asked = !a[0].is_empty() && !is_complex_(a[0]) && !type_lookup(type_of(a[0]), names::complex_dunder).is_empty();
  if (asked) TRY(number_argument(t, a[0], &re, &re_complex));
  bool im_complex = !a[1].is_empty() && is_complex_(a[1]);
  if (!a[1].is_empty() && !im_complex && type_of(a[1])->slots.float_ == nullptr && type_of(a[1])->slots.index == nullptr)
    return raise(t, exc::TypeError, "complex() argument 'imag' must be a real number, not %T", a[1]);
  if (single && cls == types::complex_ && is_exact(a[0], kShape_complex_)) return Ref::copy(a[0]);
  if (!asked && !a[0].is_empty()) TRY(number_argument(t, a[0], &re, &re_complex));
  if (re_complex && !single)
    TRY(warn(t, exc::DeprecationWarning, 1, "complex() argument 'real' must be a real number, not %T", a[0]));
  if (im_complex) {
    TRY(warn(t, exc::DeprecationWarning, 1, "complex() argument 'imag' must be a real number, not %T", a[1]));
    im = value_of(a[1]);
  } else if (!a[1].is_empty()) {
    im.re = TRY(to_double(t, a[1]));
  }
  if (a[1].is_empty()) return as_subclass(t, cls, re);
  Z z = {re.re, im.re};
  if (im_complex) z.re -= im.im;
  if (re_complex) z.im += re.im;
  return as_subclass(t, cls, z);
}

Ref m_conjugate(Thread& t, Value self, const Value*) { return complex_from(t, value_of(self).re, -value_of(self).im); }
Ref m_complex(Thread& t, Value self, const Value*) { return exact(t, self); }
Ref m_getnewargs(Thread& t, Value self, const Value*) {
  Ref re = float_from(t, value_of(self).re), im = float_from(t, value_of(self).im);
  return tuple_of(t, re, im);
}
Ref m_format(Thread& t, Value self, const Value* a) {
  if (!is_str(a[0])) return raise(t, exc::TypeError, "__format__() argument must be str, not %Q", a[0]);
  return format_complex(t, self, a[0].as<Str>());
}
Ref m_from_number(Thread& t, Value cls, const Value* a) {
  if (cls.same_word(types::complex_) && is_exact(a[0], kShape_complex_)) return Ref::copy(a[0]);
  Z z;
  bool was_complex;
  TRY(number_argument(t, a[0], &z, &was_complex));
  return as_subclass(t, cls.as<Type>(), z);
}
Ref get_real(Thread& t, Value self) { return float_from(t, value_of(self).re); }
Ref get_imag(Thread& t, Value self) { return float_from(t, value_of(self).im); }

constexpr Method kMethods[] = {
    method("conjugate", m_conjugate, "($self, /)", "Return the complex conjugate of its argument. (3-4j).conjugate() == 3+4j."),
    method("__complex__", m_complex, "($self, /)", "Convert this value to exact type complex."),
    method("__getnewargs__", m_getnewargs, "($self, /)"),
    method("__format__", m_format, "($self, format_spec, /)", "Convert to a string according to format_spec."),
    class_method("from_number", m_from_number, "($type, number, /)", "Convert number to a complex floating-point number."),
    {},
};
constexpr GetSet kGetSets[] = {
    {"real", get_real, nullptr, "the real part of a complex number", offsetof(Complex, real)},
    {"imag", get_imag, nullptr, "the imaginary part of a complex number", offsetof(Complex, imag)},
                               {}};

}  // namespace

extern const TypeSpec spec_complex_;
const TypeSpec spec_complex_ = {
    .name = "complex",
    .doc = "Create a complex number from a string or numbers.",
    .layout = {"complex", sizeof(Complex), 0, nullptr, nullptr, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kImmutable | type_flag::kUntracked,
    .slots = {.repr = repr,
              .hash = hash,
              .compare = compare,
              .new_ = complex_new,
              .add = arithmetic<ZOp::kAdd>,
              .subtract = arithmetic<ZOp::kSub>,
              .multiply = arithmetic<ZOp::kMul>,
              .true_divide = arithmetic<ZOp::kDiv>,
              .power = power_slot,
              .negative = negative,
              .positive = exact,
              .absolute = absolute,
              .bool_ = nonzero},
    .methods = kMethods,
    .getsets = kGetSets,
    .text_signature = "(real=0, imag=0)",
};

}  // namespace typhon
