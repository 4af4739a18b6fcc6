// float: construction, operators, methods.
#include "objects/codecs.h"
#include "objects/float.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "objects/big.h"
#include "objects/protocol/protocol.h"
#include "objects/unicode.h"

namespace typhon {

Ref format_float(Thread& t, Value v, Str* spec);  // format_spec.cpp

Ref float_from_slow(Thread& t, double d) {
  auto* object = heap::allocate_as<Float>(t, kShape_float_, sizeof(Float), false);
  object->value = d;
  return Ref::adopt(Value(object));
}

i64 float_hash(double d, const void* identity) {
  if (!std::isfinite(d)) {
    if (std::isinf(d)) return d > 0 ? 314159 : -314159;
    i64 h = i64(u64(identity) >> 4);
    return h == -1 ? -2 : h;
  }
  int exponent;
  double m = std::frexp(d, &exponent);
  i64 sign = 1;
  if (m < 0) {
    sign = -1;
    m = -m;
  }
  constexpr u64 kModulus = (u64(1) << 61) - 1;
  u64 x = 0;
  while (m != 0) {
    x = ((x << 28) & kModulus) | x >> (61 - 28);
    m *= 268435456.0;
    exponent -= 28;
    u64 y = u64(m);
    m -= double(y);
    x += y;
    if (x >= kModulus) x -= kModulus;
  }
  exponent = exponent >= 0 ? exponent % 61 : 61 - 1 - ((-1 - exponent) % 61);
  x = ((x << exponent) & kModulus) | x >> (61 - exponent);
  i64 h = i64(x) * sign;
  return h == -1 ? -2 : h;
}

namespace {

// A float or int operand as a double; false when it is neither (NotImplemented), or pending OverflowError (*failed).
bool operand(Thread& t, Value v, double* out, bool* failed) {
  if (is_float(v)) {
    *out = float_value(v);
    return true;
  }
  if (!is_int(v)) return false;
  Result<double> d = int_to_double(t, v);
  *failed = d.failed();
  *out = d.get();
  return true;
}

enum class FloatOp { kAdd, kSub, kMul, kDiv, kFloorDiv, kMod };

double floor_mod(double a, double b) {
  double m = std::fmod(a, b);
  if (m != 0) return (b < 0) != (m < 0) ? m + b : m;
  return std::copysign(0.0, b);
}
double floor_div(double a, double b) {
  double m = std::fmod(a, b);
  double q = (a - m) / b;
  if (m != 0 && (b < 0) != (m < 0)) q -= 1.0;
  if (q == 0) return std::copysign(0.0, a / b);
  double f = std::floor(q);
  return q - f > 0.5 ? f + 1.0 : f;
}

template <FloatOp op>
Ref arithmetic(Thread& t, Value a, Value b) {
  double x, y;
  bool failed = false;
  if (!operand(t, a, &x, &failed)) return Ref::not_implemented();
  if (failed) return Raised{};
  if (!operand(t, b, &y, &failed)) return Ref::not_implemented();
  if (failed) return Raised{};
  switch (op) {
    case FloatOp::kAdd: return float_from(t, x + y);
    case FloatOp::kSub: return float_from(t, x - y);
    case FloatOp::kMul: return float_from(t, x * y);
    case FloatOp::kDiv:
      if (y == 0) return raise(t, exc::ZeroDivisionError, "division by zero");
      return float_from(t, x / y);
    case FloatOp::kFloorDiv:
      if (y == 0) return raise(t, exc::ZeroDivisionError, "division by zero");
      return float_from(t, floor_div(x, y));
    case FloatOp::kMod:
      if (y == 0) return raise(t, exc::ZeroDivisionError, "division by zero");
      return float_from(t, floor_mod(x, y));
  }
  return Ref::error();
}

Ref divmod_slot(Thread& t, Value a, Value b) {
  Ref q = TRY(arithmetic<FloatOp::kFloorDiv>(t, a, b));
  if (q.get().bits == NotImplemented.bits) return q;
  Ref r = TRY(arithmetic<FloatOp::kMod>(t, a, b));
  return tuple_of(t, q, r);
}

Ref power_slot(Thread& t, Value a, Value b, Value modulus) {
  if (!modulus.is_none())
    return raise(t, exc::TypeError, "pow() 3rd argument not allowed unless all arguments are integers");
  double x, y;
  bool failed = false;
  if (!operand(t, a, &x, &failed)) return Ref::not_implemented();
  if (failed) return Raised{};
  if (!operand(t, b, &y, &failed)) return Ref::not_implemented();
  if (failed) return Raised{};
  if (x == 0 && y < 0 && std::isfinite(y)) return raise(t, exc::ZeroDivisionError, "zero to a negative power");
  if (x < 0 && std::isfinite(x) && std::isfinite(y) && y != std::floor(y)) {
    Ref z = TRY(complex_from(t, x, 0));
    return power(t, z, b, None);
  }
  double r = std::pow(x, y);
  if (std::isinf(r) && std::isfinite(x) && std::isfinite(y)) {
    RefTo<Str> text = TRY(str_from_ascii(t, "Numerical result out of range"));
    RefTo<Tuple> args = TRY(tuple_of(t, Value::small_int(34), text));
    Ref error = TRY(call_tuple_dict(t, exc::OverflowError, args, EMPTY));
    return raise_exception(t, std::move(error));
  }
  return float_from(t, r);
}

Ref compare_floats(Thread& t, Value a, Value b, CompareOp op) {
  if (!is_float(a)) return Ref::not_implemented();
  double x = float_value(a);
  int c;  // -1, 0, 1, 2 = unordered
  if (is_float(b)) {
    double y = float_value(b);
    c = x < y ? -1 : x > y ? 1 : x == y ? 0 : 2;
  } else if (is_int(b)) {
    if (std::isnan(x)) {
      c = 2;
    } else if (std::isinf(x)) {
      c = x < 0 ? -1 : 1;
    } else {
      BigView big(b);
      int r = mpz_cmp_d(big, x);
      c = r > 0 ? -1 : r < 0 ? 1 : 0;
    }
  } else {
    return Ref::not_implemented();
  }
  (void)t;
  switch (op) {
    case CompareOp::kLt: return Ref::boolean(c == -1);
    case CompareOp::kLe: return Ref::boolean(c == -1 || c == 0);
    case CompareOp::kEq: return Ref::boolean(c == 0);
    case CompareOp::kNe: return Ref::boolean(c != 0);
    case CompareOp::kGt: return Ref::boolean(c == 1);
    case CompareOp::kGe: return Ref::boolean(c == 1 || c == 0);
  }
  return Ref::not_implemented();
}

Ref exact(Thread& t, Value v) { return float_from(t, float_value(v)); }
Ref negative(Thread& t, Value v) { return float_from(t, -float_value(v)); }
Ref absolute(Thread& t, Value v) { return float_from(t, std::fabs(float_value(v))); }
Ref truncate(Thread& t, Value v) { return int_from_double(t, float_value(v)); }
Result<bool> nonzero(Thread&, Value v) { return float_value(v) != 0; }
Result<i64> hash(Thread&, Value v) { return float_hash(float_value(v), v.is_object() ? v.object() : nullptr); }
Ref repr(Thread& t, Value v) {
  char text[40];
  size_t n = format_double_repr(float_value(v), text, true);
  return str_from_ascii(t, {text, n});
}

bool equals_ignoring_case(const char* text, size_t n, const char* word) {
  if (strlen(word) != n) return false;
  for (size_t i = 0; i < n; i++)
    if ((text[i] | 32) != word[i]) return false;
  return true;
}

}  // namespace

// ASCII text, stripped; true and *out when the whole of it is a float literal as float() takes them.
bool parse_double(const char* text, size_t n, double* out) {
  size_t i = 0;
  bool negative = false;
  if (i < n && (text[i] == '+' || text[i] == '-')) negative = text[i++] == '-';
  const char* body = text + i;
  size_t rest = n - i;
  double d;
  if (equals_ignoring_case(body, rest, "inf") || equals_ignoring_case(body, rest, "infinity")) {
    d = HUGE_VAL;
  } else if (equals_ignoring_case(body, rest, "nan")) {
    d = std::nan("");
  } else {
    // Underscores only between digits; then the rest must be digits[.digits][e[sign]digits].
    char small[128];
    char* buffer = rest < sizeof small ? small : static_cast<char*>(malloc(rest + 1));
    if (buffer == nullptr) return false;
    size_t m = 0;
    bool fine = rest > 0, digits = false;
    char previous = 0;
    for (size_t k = 0; k < rest && fine; k++) {
      char c = body[k];
      if (c == '_') {
        fine = previous >= '0' && previous <= '9' && k + 1 < rest && body[k + 1] >= '0' && body[k + 1] <= '9';
      } else {
        fine = (c >= '0' && c <= '9') || c == '.' || c == 'e' || c == 'E' || ((c == '+' || c == '-') && (previous | 32) == 'e');
        if (c >= '0' && c <= '9') digits = true;
        buffer[m++] = c;
      }
      previous = c;
    }
    d = 0;
    if (fine && digits) {
      auto [end, error] = std::from_chars(buffer, buffer + m, d);
      if (end != buffer + m) {
        fine = false;
      } else if (error == std::errc::result_out_of_range) {
        buffer[m < sizeof small ? m : m] = 0;
        d = strtod(buffer, nullptr);  // underflow to 0 or overflow to inf, as C rounds it
      }
    } else {
      fine = false;
    }
    if (buffer != small) free(buffer);
    if (!fine) return false;
  }
  *out = negative ? -d : d;
  return true;
}

Ref float_from_string(Thread& t, const char* text, size_t n, Value original) {
  size_t start = 0, end = n;
  auto is_space = [](char c) { return c == ' ' || (c >= 9 && c <= 13); };
  while (start < end && is_space(text[start])) start++;
  while (end > start && is_space(text[end - 1])) end--;
  double d;
  if (!parse_double(text + start, end - start, &d))
    return raise(t, exc::ValueError, "could not convert string to float: %R", original);
  return float_from(t, d);
}

// As to_double, but asks __float__ of subclasses of float too.
static Result<double> converted_double(Thread& t, Value v) {
  const Slots& slots = type_of(v)->slots;
  if (slots.float_ != nullptr) {
    Ref result = TRY(slots.float_(t, v));
    if (!is_float(result)) return raise(t, exc::TypeError, "%T.__float__ returned non-float (type %T)", v, result.get());
    if (!is_exact_float(result))
      TRY(warn(t, exc::DeprecationWarning, 1,
               "%T.__float__ returned non-float (type %T).  The ability to return an instance of a strict subclass of "
               "float is deprecated, and may not be supported in a future version of Python.",
               v, result.get()));
    return float_value(result);
  }
  if (slots.index != nullptr) {
    Ref n = TRY(to_index(t, v));
    return int_to_double(t, n);
  }
  return raise(t, exc::TypeError, "must be real number, not %T", v);
}

Result<double> to_double(Thread& t, Value v) {
  if (is_float(v)) return float_value(v);
  if (v.is_small_int()) return double(v.as_small_int());
  return converted_double(t, v);
}

RefTo<Bytes> number_text(Thread& t, Str* s) {
  size_t n = s->length();
  RefTo<Bytes> text = TRY(bytes_allocate(t, n));
  for (size_t i = 0; i < n; i++) {
    u32 c = s->at(i);
    if (c >= 128) {
      u32 d = u32(unicode::decimal_value(c));
      c = d <= 9 ? '0' + d : unicode::is_space(c) ? ' ' : '?';
    }
    text->data[i] = u8(c);
  }
  return text;
}

namespace {

Ref as_subclass(Thread& t, Type* cls, double d) {
  if (cls == types::float_) return float_from(t, d);
  Ref self = TRY(allocate_instance(t, cls));
  self.as<Float>()->value = d;
  return self;
}

Ref from_str(Thread& t, Str* s) {
  size_t n = s->length();
  if (s->is_ascii()) return float_from_string(t, s->data<char>(), n, s);
  RefTo<Bytes> text = TRY(number_text(t, s));
  return float_from_string(t, reinterpret_cast<char*>(text->data), n, s);
}

Ref float_new(Thread& t, Type* cls, Args args) {
  if (args.keyword_count != 0 && (cls == types::float_ || cls->slots.init == types::float_->slots.init))
    return raise(t, exc::TypeError, "float() takes no keyword arguments");
  if (args.count > 1) return raise(t, exc::TypeError, "float expected at most 1 argument, got %d", int(args.count));
  if (args.count == 0) return as_subclass(t, cls, 0.0);
  Value x = args[0];
  if (is_exact_float(x)) return as_subclass(t, cls, float_value(x));
  Ref value;
  if (type_of(x)->slots.float_ != nullptr || type_of(x)->slots.index != nullptr) {
    return as_subclass(t, cls, TRY(converted_double(t, x)));
  } else if (is_str(x)) {
    value = TRY(from_str(t, x.as<Str>()));
  } else if (has_buffer(x)) {
    ByteView view(t);
    if (view.get(x).failed()) {
      clear_exception(t);
      return raise(t, exc::TypeError, "float() argument must be a string or a real number, not '%T'", x);
    }
    value = TRY(float_from_string(t, reinterpret_cast<char*>(view.data()), view.size(), x));
  } else {
    return raise(t, exc::TypeError, "float() argument must be a string or a real number, not '%T'", x);
  }
  return as_subclass(t, cls, float_value(value));
}

// --- methods
Ref m_is_integer(Thread&, Value self, const Value*) {
  double d = float_value(self);
  return Ref::boolean(std::isfinite(d) && std::floor(d) == d);
}
Ref m_trunc(Thread& t, Value self, const Value*) { return truncate(t, self); }
Ref m_floor(Thread& t, Value self, const Value*) { return int_from_double(t, std::floor(float_value(self))); }
Ref m_ceil(Thread& t, Value self, const Value*) { return int_from_double(t, std::ceil(float_value(self))); }

Ref m_round(Thread& t, Value self, const Value* a) {
  double d = float_value(self);
  if (a[0].is_empty() || a[0].is_none()) {
    double r = std::round(d);
    if (std::fabs(d - r) == 0.5) r = 2.0 * std::round(d / 2.0);
    return int_from_double(t, r);
  }
  i64 digits = TRY(to_clamped_i64(t, a[0]));
  if (!std::isfinite(d) || digits > 323) return float_from(t, d);
  if (digits < -308) return float_from(t, std::copysign(0.0, d));
  // Exactly rounded through decimal: half to even on the true value of the double.
  char text[800];
  if (digits >= 0) {
    int n = std::snprintf(text, sizeof text, "%.*f", int(digits), d);
    double r;
    std::from_chars(text, text + n, r);
    return float_from(t, r);
  }
  // Before the point: so many significant digits that the last one stands for 10^-digits.
  std::snprintf(text, sizeof text, "%.25e", d);
  i64 significant = std::strtol(std::strchr(text, 'e') + 1, nullptr, 10) + digits + 1;
  double r = 0;
  if (significant > 0) {
    int n = std::snprintf(text, sizeof text, "%.*e", int(significant - 1), d);
    if (std::from_chars(text, text + n, r).ec == std::errc::result_out_of_range) r = HUGE_VAL;
  } else if (significant == 0) {
    double unit = std::pow(10.0, double(-digits));
    r = std::fabs(d) > unit / 2 ? unit : 0;
  }
  r = std::copysign(r, d);
  if (std::isinf(r)) return raise(t, exc::OverflowError, "rounded value too large to represent");
  return float_from(t, r);
}

Ref m_as_integer_ratio(Thread& t, Value self, const Value*) {
  double d = float_value(self);
  if (std::isinf(d)) return raise(t, exc::OverflowError, "cannot convert Infinity to integer ratio");
  if (std::isnan(d)) return raise(t, exc::ValueError, "cannot convert NaN to integer ratio");
  int exponent;
  double m = std::frexp(d, &exponent);
  for (int i = 0; i < 300 && m != std::floor(m); i++) {
    m *= 2;
    exponent--;
  }
  Big numerator, denominator;
  mpz_set_d(numerator, m);
  mpz_set_ui(denominator, 1);
  if (exponent > 0)
    mpz_mul_2exp(numerator, numerator, u64(exponent));
  else
    mpz_mul_2exp(denominator, denominator, u64(-exponent));
  Ref n = TRY(int_from_mpz(t, numerator)), k = TRY(int_from_mpz(t, denominator));
  return tuple_of(t, n, k);
}

Ref m_hex(Thread& t, Value self, const Value*) {
  double d = float_value(self);
  if (!std::isfinite(d)) return repr(t, self);
  if (d == 0) return str_from_ascii(t, std::signbit(d) ? "-0x0.0p+0" : "0x0.0p+0");
  u64 bits = std::bit_cast<u64>(d);
  int exponent = int(bits >> 52 & 0x7FF);
  u64 mantissa = bits & ((u64(1) << 52) - 1);
  char text[64];
  std::snprintf(text, sizeof text, "%s0x%d.%013llxp%+d", std::signbit(d) ? "-" : "", exponent != 0,
                (unsigned long long)mantissa, exponent != 0 ? exponent - 1023 : -1022);
  return str_from_ascii(t, text);
}

Ref m_fromhex(Thread& t, Value cls, const Value* a) {
  if (!is_str(a[0])) return raise(t, exc::TypeError, "bad argument type for built-in operation");
  if (!a[0].as<Str>()->is_ascii()) TRY(encode_utf8(t, a[0].as<Str>(), nullptr));
  Utf8Buffer buffer;
  std::string_view text = str_utf8(a[0].as<Str>(), buffer);
  while (!text.empty() && unicode::is_space(u8(text.front()))) text.remove_prefix(1);
  while (!text.empty() && unicode::is_space(u8(text.back()))) text.remove_suffix(1);
  auto bad = [&] { return raise(t, exc::ValueError, "invalid hexadecimal floating-point string"); };
  double d = 0;
  std::string_view body = text;
  bool negative = false;
  if (!body.empty() && (body[0] == '+' || body[0] == '-')) {
    negative = body[0] == '-';
    body.remove_prefix(1);
  }
  if (equals_ignoring_case(body.data(), body.size(), "inf") || equals_ignoring_case(body.data(), body.size(), "infinity")) {
    d = HUGE_VAL;
  } else if (equals_ignoring_case(body.data(), body.size(), "nan")) {
    d = std::nan("");
  } else {
    if (body.size() > 1 && body[0] == '0' && (body[1] | 32) == 'x') body.remove_prefix(2);
    bool digit = false;
    size_t mark = body.find_first_of("pP");
    if (mark != std::string_view::npos) {
      std::string_view exponent = body.substr(mark + 1);
      if (!exponent.empty() && (exponent[0] == '+' || exponent[0] == '-')) exponent.remove_prefix(1);
      if (exponent.empty() || exponent.find_first_not_of("0123456789") != std::string_view::npos) return bad();
    }
    for (char c : body.substr(0, mark)) {
      if (!((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f') || c == '.')) return bad();
      digit = digit || c != '.';
    }
    if (body.empty() || !digit || body.size() > 100000) return bad();
    auto [end, error] = std::from_chars(body.data(), body.data() + body.size(), d, std::chars_format::hex);
    if (end != body.data() + body.size()) return bad();
    if (error == std::errc::result_out_of_range) {
      // Either end: glibc knows which.
      RefTo<Str> full = TRY(str_format(t, "0x%s", std::string(body).c_str()));
      d = strtod(full->data<char>(), nullptr);
      if (std::isinf(d)) return raise(t, exc::OverflowError, "hexadecimal value too large to represent as a float");
    }
  }
  Ref value = float_from(t, negative ? -d : d);
  if (cls.same_word(types::float_)) return value;
  return call_with(t, cls, value);
}

Ref m_from_number(Thread& t, Value cls, const Value* a) {
  if (cls.same_word(types::float_) && is_exact_float(a[0])) return Ref::copy(a[0]);
  Ref value = float_from(t, TRY(to_double(t, a[0])));
  if (cls.same_word(types::float_)) return value;
  return call_with(t, cls, value);
}
Ref m_conjugate(Thread& t, Value self, const Value*) { return exact(t, self); }
Ref m_getnewargs(Thread& t, Value self, const Value*) {
  Ref d = exact(t, self);
  return tuple_of(t, d);
}
Ref m_format(Thread& t, Value self, const Value* a) {
  if (!is_str(a[0])) return raise(t, exc::TypeError, "__format__() argument must be str, not %Q", a[0]);
  return format_float(t, self, a[0].as<Str>());
}
Ref m_getformat(Thread& t, Value, const Value* a) {
  if (is_str(a[0]) && (a[0].as<Str>()->equals_ascii("double") || a[0].as<Str>()->equals_ascii("float")))
    return str_from_ascii(t, "IEEE, little-endian");
  if (!is_str(a[0])) return raise(t, exc::TypeError, "__getformat__() argument must be str, not %Q", a[0]);
  TRY(check_codec_name(t, a[0]));
  return raise(t, exc::ValueError, "__getformat__() argument 1 must be 'double' or 'float'");
}
Ref get_real(Thread& t, Value self) { return exact(t, self); }
Ref get_imag(Thread& t, Value) { return float_from(t, 0.0); }

constexpr Method kMethods[] = {
    method("is_integer", m_is_integer, "($self, /)", "Return True if the float is an integer."),
    method("as_integer_ratio", m_as_integer_ratio, "($self, /)", "Return a pair of integers, whose ratio is exactly equal to the original float."),
    method("hex", m_hex, "($self, /)", "Return a hexadecimal representation of a floating-point number."),
    class_method("fromhex", m_fromhex, "($type, string, /)", "Create a floating-point number from a hexadecimal string."),
    class_method("from_number", m_from_number, "($type, number, /)", "Convert real number to a floating-point number."),
    class_method("__getformat__", m_getformat, "($type, typestr, /)"),
    method("conjugate", m_conjugate, "($self, /)", "Return self, the complex conjugate of any float."),
    method("__trunc__", m_trunc, "($self, /)", "Return the Integral closest to x between 0 and x."),
    method("__floor__", m_floor, "($self, /)", "Return the floor as an Integral."),
    method("__ceil__", m_ceil, "($self, /)", "Return the ceiling as an Integral."),
    method("__round__", m_round, "($self, ndigits=None, /)", "Return the Integral closest to x, rounding half toward even."),
    method("__getnewargs__", m_getnewargs, "($self, /)"),
    method("__format__", m_format, "($self, format_spec, /)", "Formats the float according to format_spec."),
    {},
};
constexpr GetSet kGetSets[] = {{"real", get_real, nullptr, "the real part of a complex number"},
                               {"imag", get_imag, nullptr, "the imaginary part of a complex number"},
                               {}};

}  // namespace

extern const TypeSpec spec_float_;
const TypeSpec spec_float_ = {
    .name = "float",
    .doc = "Convert a string or number to a floating-point number, if possible.",
    .layout = {"float", sizeof(Float), 0, nullptr, nullptr, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kImmutable | type_flag::kUntracked | type_flag::kMatchSelf,
    .slots = {.repr = repr,
              .hash = hash,
              .compare = compare_floats,
              .new_ = float_new,
              .add = arithmetic<FloatOp::kAdd>,
              .subtract = arithmetic<FloatOp::kSub>,
              .multiply = arithmetic<FloatOp::kMul>,
              .remainder = arithmetic<FloatOp::kMod>,
              .divmod = divmod_slot,
              .floor_divide = arithmetic<FloatOp::kFloorDiv>,
              .true_divide = arithmetic<FloatOp::kDiv>,
              .power = power_slot,
              .negative = negative,
              .positive = exact,
              .absolute = absolute,
              .int_ = truncate,
              .float_ = exact,
              .bool_ = nonzero},
    .methods = kMethods,
    .getsets = kGetSets,
    .text_signature = "(x=0, /)",
};

}  // namespace typhon
