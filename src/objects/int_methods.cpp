// The types int and bool: construction, operators, methods.
#include <bit>
#include <cmath>

#include "objects/big.h"
#include "objects/bytes_util.h"
#include "objects/protocol/protocol.h"
#include "objects/unicode.h"

namespace typhon {

Ref format_int(Thread& t, Value v, Str* spec);  // format_spec.cpp

namespace {

// The plain int of an int, bool or subclass instance.
Ref exact(Thread& t, Value v) {
  if (is_exact_int(v)) return Ref::copy(v);
  BigView big(v);
  return int_from_mpz(t, big);
}

template <IntOp op>
Ref arithmetic(Thread& t, Value a, Value b) {
  if (!is_int(a) || !is_int(b)) return Ref::not_implemented();
  return int_binary(t, op, a, b);
}

Ref power_slot(Thread& t, Value a, Value b, Value modulus) {
  if (!is_int(a) || !is_int(b)) return Ref::not_implemented();
  if (modulus.is_none()) return int_binary(t, IntOp::kPow, a, b);
  if (!is_int(modulus)) return Ref::not_implemented();
  return int_pow_mod(t, a, b, modulus);
}

Ref negative(Thread& t, Value v) { return int_negate(t, v); }
Ref absolute(Thread& t, Value v) { return int_sign(v) < 0 ? int_negate(t, v) : exact(t, v); }
Ref invert(Thread& t, Value v) {
  BigView x(v);
  Big out;
  mpz_com(out, x);
  return int_from_mpz(t, out);
}
Result<bool> nonzero(Thread&, Value v) { return int_sign(v) != 0; }
Ref as_float(Thread& t, Value v) { return float_from(t, TRY(int_to_double(t, v))); }
Result<i64> hash(Thread&, Value v) { return int_hash(v); }
Ref repr(Thread& t, Value v) { return int_to_str(t, v); }

Ref compare_ints(Thread&, Value a, Value b, CompareOp op) {
  if (!is_int(a) || !is_int(b)) return Ref::not_implemented();
  int c = int_compare(a, b);
  switch (op) {
    case CompareOp::kLt: return Ref::boolean(c < 0);
    case CompareOp::kLe: return Ref::boolean(c <= 0);
    case CompareOp::kEq: return Ref::boolean(c == 0);
    case CompareOp::kNe: return Ref::boolean(c != 0);
    case CompareOp::kGt: return Ref::boolean(c > 0);
    case CompareOp::kGe: return Ref::boolean(c >= 0);
  }
  return Ref::not_implemented();
}

Raised bad_literal(Thread& t, int base, Value original) {
  RefTo<Str> shown = TRY(object_repr(t, original));
  if (shown->length() > 200) shown = TRY(str_substring(t, shown.get(), 0, 200));
  return raise(t, exc::ValueError, "invalid literal for int() with base %d: %U", base, shown.get());
}

struct DigitValues {
  u8 of[256];
  constexpr DigitValues() : of() {
    for (int c = 0; c < 256; c++)
      of[c] = u8(c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'z' ? c - 'a' + 10 : c >= 'A' && c <= 'Z' ? c - 'A' + 10 : 99);
  }
};
constexpr DigitValues kDigitValues;
int digit_value(char c) { return kDigitValues.of[u8(c)]; }

// text: ASCII digits, white space already stripped.
Ref parse(Thread& t, const char* text, size_t n, int base, Value original) {
  int shown_base = base;
  size_t i = 0;
  bool negative = false;
  if (i < n && (text[i] == '+' || text[i] == '-')) negative = text[i++] == '-';
  bool prefixed = false;
  if (i + 1 < n && text[i] == '0') {
    char p = char(text[i + 1] | 32);
    int prefix_base = p == 'x' ? 16 : p == 'o' ? 8 : p == 'b' ? 2 : 0;
    if (prefix_base != 0 && (base == 0 || base == prefix_base)) {
      base = prefix_base;
      i += 2;
      prefixed = true;
      if (i < n && text[i] == '_') i++;
    }
  }
  bool zero_only = false;
  if (base == 0) {
    base = 10;
    zero_only = i < n && text[i] == '0';  // "010" is no int literal, "000" is
  }
  // What exceeds the limit is refused before anything is done that takes long.
  bool power_of_two = (base & (base - 1)) == 0;
  i64 most = g_int_max_str_digits;
  if (!power_of_two && most > 0 && i64(n - i) > most) {
    i64 digits = 0;
    size_t k = i;
    for (; k < n && (digit_value(text[k]) < base || (text[k] == '_' && k > i && text[k - 1] != '_')); k++) digits += text[k] != '_';
    bool complete = k == i || text[k - 1] != '_';
    if (complete && !zero_only && digits > most)
      return raise(t, exc::ValueError,
                   "Exceeds the limit (%zd digits) for integer string conversion: value has %zd digits; use "
                   "sys.set_int_max_str_digits() to increase the limit",
                   most, digits);
  }
  if (!zero_only && i < n) {
    // Nothing but digits, as nearly always.
    if ((n - i) * size_t(std::bit_width(u32(base - 1))) <= 62) {
      i64 value = 0;
      size_t k = i;
      for (; k < n; k++) {
        int d = digit_value(text[k]);
        if (d >= base) break;
        value = value * base + d;
      }
      if (k == n) return int_from(t, negative ? -value : value);
    } else if (base == 10) {
      bool plain = true;
      for (size_t k = i; k < n; k++) plain &= u8(text[k] - '0') < 10;
      if (plain) return int_from_digits(t, text + i, n - i, base, negative);
    }
  }
  RefTo<Bytes> buffer = TRY(bytes_allocate(t, n + 1));
  char* digits = reinterpret_cast<char*>(buffer->data);
  size_t count = 0;
  bool last_underscore = true;
  for (; i < n; i++) {
    if (text[i] == '_') {
      if (last_underscore) return bad_literal(t, shown_base, original);
      last_underscore = true;
      continue;
    }
    int d = digit_value(text[i]);
    if (d >= base || (zero_only && d != 0)) return bad_literal(t, shown_base, original);
    digits[count++] = text[i];
    last_underscore = false;
  }
  (void)prefixed;
  if (count == 0 || last_underscore) return bad_literal(t, shown_base, original);
  return int_from_digits(t, digits, count, base, negative);
}

}  // namespace


// int(str, base)
Ref int_from_str(Thread& t, Str* s, int base) {
  size_t start = 0, end = s->length();
  while (start < end && unicode::is_space(s->at(start))) start++;
  while (end > start && unicode::is_space(s->at(end - 1))) end--;
  if (s->is_ascii()) return parse(t, s->data<char>() + start, end - start, base, s);
  RefTo<Bytes> text = TRY(bytes_allocate(t, end - start + 1));
  for (size_t i = start; i < end; i++) {
    u32 c = s->at(i);
    if (c >= 128) {
      u32 d = u32(unicode::decimal_value(c));
      if (d > 9) return bad_literal(t, base, s);
      c = '0' + d;
    }
    text->data[i - start] = u8(c);
  }
  return parse(t, reinterpret_cast<char*>(text->data), end - start, base, s);
}

namespace {

Ref from_text(Thread& t, Value x, int base) {
  if (is_str(x)) return int_from_str(t, x.as<Str>(), base);
  ByteView view(t);
  if (view.get(x).failed()) {
    clear_exception(t);
    return raise(t, exc::TypeError, "int() argument must be a string, a bytes-like object or a real number, not '%T'", x);
  }
  const char* text = reinterpret_cast<const char*>(view.data());
  size_t start = 0, end = view.size();
  while (start < end && unicode::is_space(u8(text[start]))) start++;
  while (end > start && unicode::is_space(u8(text[end - 1]))) end--;
  if (is_exact_bytes(x)) return parse(t, text + start, end - start, base, x);
  RefTo<Bytes> shown = TRY(bytes_from(t, view.data(), view.size()));
  return parse(t, text + start, end - start, base, shown);
}

Ref as_subclass(Thread& t, Type* cls, Ref&& value) {
  if (cls == types::int_) return std::move(value);
  BigView big(value);
  size_t limbs = mpz_size(static_cast<mpz_srcptr>(big));
  Ref self = TRY(allocate_instance(t, cls, limbs));
  auto* instance = self.as<Int>();
  instance->size = mpz_sgn(static_cast<mpz_srcptr>(big)) < 0 ? -i64(limbs) : i64(limbs);
  if (limbs != 0) memcpy(instance->limbs, mpz_limbs_read(big), limbs * 8);
  return self;
}

Ref int_new(Thread& t, Type* cls, Args args) {
  Value x = args.count > 0 ? args[0] : EMPTY, base = args.count > 1 ? args[1] : EMPTY;
  if (args.keyword_count != 0 && args.count + args.keyword_count > 2)
    return raise(t, exc::TypeError, "int() takes at most 2 arguments (%d given)", int(args.count + args.keyword_count));
  if (args.count > 2)
    return raise(t, exc::TypeError, "int expected at most 2 arguments, got %d", int(args.count + args.keyword_count));
  for (u32 k = 0; k < args.keyword_count; k++) {
    Str* name = args.names->items[k].as<Str>();
    if (!name->equals_ascii("base")) return raise(t, exc::TypeError, "int() got an unexpected keyword argument '%U'", name);
    if (!base.is_empty()) return raise(t, exc::TypeError, "argument for int() given by name ('base') and position (2)");
    base = args.keyword(k);
  }
  if (x.is_empty()) {
    if (!base.is_empty()) return raise(t, exc::TypeError, "int() missing string argument");
    return as_subclass(t, cls, Ref::adopt(Value::small_int(0)));
  }
  if (base.is_empty()) {
    if (is_exact_int(x)) return as_subclass(t, cls, Ref::copy(x));
    if (type_of(x)->slots.int_ != nullptr || type_of(x)->slots.index != nullptr || is_int(x)) return as_subclass(t, cls, TRY(to_int(t, x)));
    if (is_str(x) || is_bytes(x) || is_bytearray(x) || has_buffer(x)) return as_subclass(t, cls, TRY(from_text(t, x, 10)));
    return to_int(t, x);  // raises
  }
  i64 b = TRY(to_clamped_i64(t, base));
  if (b != 0 && (b < 2 || b > 36)) return raise(t, exc::ValueError, "int() base must be >= 2 and <= 36, or 0");
  if (!is_str(x) && !is_bytes(x) && !is_bytearray(x))
    return raise(t, exc::TypeError, "int() can't convert non-string with explicit base");
  return as_subclass(t, cls, TRY(from_text(t, x, int(b))));
}

// --- methods
Ref m_self(Thread& t, Value self, const Value*) { return exact(t, self); }
Ref m_bit_length(Thread& t, Value self, const Value*) { return int_from_u64(t, int_bit_length(self)); }
Ref m_bit_count(Thread& t, Value self, const Value*) {
  BigView x(self);
  Big magnitude;
  mpz_abs(magnitude, x);
  return int_from_u64(t, mpz_popcount(magnitude));
}
Ref m_is_integer(Thread&, Value, const Value*) { return Ref::boolean(true); }
Ref m_as_integer_ratio(Thread& t, Value self, const Value*) {
  Ref n = TRY(exact(t, self));
  return tuple_of(t, n, Value::small_int(1));
}

Status check_byte_order(Thread& t, const char* function, Value order) {
  if (order.is_empty() || is_str(order)) return ok();
  return raise(t, exc::TypeError, "%s() argument 'byteorder' must be str, not %Q", function, order);
}

Result<bool> little_endian(Thread& t, Value order) {
  if (order.is_empty()) return false;
  if (order.as<Str>()->equals_ascii("little")) return true;
  if (order.as<Str>()->equals_ascii("big")) return false;
  return raise(t, exc::ValueError, "byteorder must be either 'little' or 'big'");
}

Ref m_to_bytes(Thread& t, Value self, const Value* a) {
  i64 n = a[0].is_empty() ? 1 : TRY(to_i64(t, a[0], "Python int too large to convert to C ssize_t"));
  TRY(check_byte_order(t, "to_bytes", a[1]));
  bool is_signed = a[2].is_empty() ? false : TRY(truth(t, a[2]));
  bool little = TRY(little_endian(t, a[1]));
  if (n < 0) return raise(t, exc::ValueError, "length argument must be non-negative");
  RefTo<Bytes> out = TRY(bytes_allocate(t, size_t(n)));
  TRY(int_to_bytes(t, self, out->data, size_t(n), little, is_signed));
  return out;
}

Ref m_from_bytes(Thread& t, Value cls, const Value* a) {
  TRY(check_byte_order(t, "from_bytes", a[1]));
  bool is_signed = a[2].is_empty() ? false : TRY(truth(t, a[2]));
  bool little = TRY(little_endian(t, a[1]));
  Ref value;
  if (is_exact_bytes(a[0])) {
    value = TRY(int_from_bytes(t, a[0].as<Bytes>()->data, a[0].as<Bytes>()->size, little, is_signed));
  } else if (type_lookup(type_of(a[0]), names::__bytes__).is_empty()) {
    ByteBuilder bytes;
    TRY(append_bytes_of(t, bytes, a[0], "bytes", "bytes must be in range(0, 256)"));
    if (bytes.failed()) return raise_no_memory(t);
    value = TRY(int_from_bytes(t, bytes.data(), bytes.length(), little, is_signed));
  } else {
    Ref bytes = TRY(call_with(t, types::bytes, a[0]));
    value = TRY(int_from_bytes(t, bytes.as<Bytes>()->data, bytes.as<Bytes>()->size, little, is_signed));
  }
  if (cls.same_word(types::int_)) return value;
  return call_with(t, cls, value);
}

Ref m_round(Thread& t, Value self, const Value* a) {
  if (a[0].is_empty() || a[0].is_none()) return exact(t, self);
  Ref digits = TRY(to_index(t, a[0]));
  if (int_sign(digits) >= 0) return exact(t, self);
  i64 n;
  if (!int_fits_i64(digits, &n) || n < -100000000) return Ref::adopt(Value::small_int(0));
  // Round half to even at 10^-n.
  BigView x(self);
  if (u64(-n) > mpz_sizeinbase(x, 10) + 1) return Ref::adopt(Value::small_int(0));
  Big unit, quotient, remainder, twice;
  mpz_ui_pow_ui(unit, 10, u64(-n));
  mpz_fdiv_qr(quotient, remainder, x, unit);
  mpz_mul_2exp(twice, remainder, 1);
  int c = mpz_cmp(twice, unit);
  if (c > 0 || (c == 0 && mpz_odd_p(quotient.get()))) mpz_add_ui(quotient, quotient, 1);
  mpz_mul(quotient, quotient, unit);
  return int_from_mpz(t, quotient);
}

Ref m_format(Thread& t, Value self, const Value* a) {
  if (!is_str(a[0])) return raise(t, exc::TypeError, "__format__() argument must be str, not %Q", a[0]);
  return format_int(t, self, a[0].as<Str>());
}
Ref m_getnewargs(Thread& t, Value self, const Value*) {
  Ref n = TRY(exact(t, self));
  return tuple_of(t, n);
}
Ref m_sizeof(Thread& t, Value self, const Value*) {
  return int_from_u64(t, self.is_object() ? heap::block_size(self.object()) : 8);
}
Ref get_self(Thread& t, Value self) { return exact(t, self); }
Ref get_zero(Thread&, Value) { return Ref::adopt(Value::small_int(0)); }
Ref get_one(Thread&, Value) { return Ref::adopt(Value::small_int(1)); }

constexpr Method kMethods[] = {
    method("conjugate", m_self, "($self, /)", "Returns self, the complex conjugate of any int."),
    method("bit_length", m_bit_length, "($self, /)", "Number of bits necessary to represent self in binary."),
    method("bit_count", m_bit_count, "($self, /)", "Number of ones in the binary representation of the absolute value of self."),
    method("to_bytes", m_to_bytes, "($self, /, length=1, byteorder='big', *, signed=False)",
           "Return an array of bytes representing an integer."),
    class_method("from_bytes", m_from_bytes, "($type, /, bytes, byteorder='big', *, signed=False)",
                 "Return the integer represented by the given array of bytes."),
    method("as_integer_ratio", m_as_integer_ratio, "($self, /)", "Return a pair of integers, whose ratio is equal to the original int."),
    method("is_integer", m_is_integer, "($self, /)", "Returns True. Exists for duck type compatibility with float.is_integer."),
    method("__trunc__", m_self, "($self, /)", "Truncating an Integral returns itself."),
    method("__floor__", m_self, "($self, /)", "Flooring an Integral returns itself."),
    method("__ceil__", m_self, "($self, /)", "Ceiling of an Integral returns itself."),
    method("__round__", m_round, "($self, ndigits=None, /)", "Rounding an Integral returns itself."),
    method("__getnewargs__", m_getnewargs, "($self, /)"),
    method("__format__", m_format, "($self, format_spec, /)", "Convert to a string according to format_spec."),
    method("__sizeof__", m_sizeof, "($self, /)", "Returns size in memory, in bytes."),
    {},
};
constexpr GetSet kGetSets[] = {
    {"real", get_self, nullptr, "the real part of a complex number"},
    {"imag", get_zero, nullptr, "the imaginary part of a complex number"},
    {"numerator", get_self, nullptr, "the numerator of a rational number in lowest terms"},
    {"denominator", get_one, nullptr, "the denominator of a rational number in lowest terms"},
    {},
};

size_t native_size(const Object* self) {
  i64 size = static_cast<const Int*>(self)->size;
  return sizeof(Int) - 8 + size_t(size < 0 ? -size : size) * 8;
}

constexpr Layout kLayout = {"int", sizeof(Int) - 8, 8, nullptr, nullptr, native_size, nullptr};

// --- bool
Ref bool_new(Thread& t, Type*, Args args) {
  if (args.keyword_count != 0) return raise(t, exc::TypeError, "bool() takes no keyword arguments");
  if (args.count > 1) return raise(t, exc::TypeError, "bool expected at most 1 argument, got %d", int(args.count));
  return Ref::boolean(args.count == 1 && TRY(truth(t, args[0])));
}
Ref bool_repr(Thread& t, Value v) { return str_from_ascii(t, v.is_true() ? "True" : "False"); }
template <IntOp op>
Ref bool_logic(Thread& t, Value a, Value b) {
  if (a.is_bool() && b.is_bool()) {
    bool x = a.is_true(), y = b.is_true();
    return Ref::boolean(op == IntOp::kAnd ? x && y : op == IntOp::kOr ? x || y : x != y);
  }
  return arithmetic<op>(t, a, b);
}
Ref bool_invert(Thread& t, Value v) {
  TRY(warn(t, exc::DeprecationWarning, 1,
           "Bitwise inversion '~' on bool is deprecated and will be removed in Python 3.16. This returns the bitwise "
           "inversion of the underlying int object and is usually not what you expect from negating a bool. Use "
           "the 'not' "
           "operator for boolean negation or ~int(x) if you really want the bitwise inversion of the underlying int."));
  return invert(t, v);
}

}  // namespace

extern const TypeSpec spec_int_;
const TypeSpec spec_int_ = {
    .name = "int",
    .doc = "int([x]) -> integer\nint(x, base=10) -> integer\n\nConvert a number or string to an integer, or return 0 if no "
           "arguments are given.",
    .layout = kLayout,
    .flags = type_flag::kBaseType | type_flag::kImmutable | type_flag::kUntracked | type_flag::kMatchSelf,
    .slots = {.repr = repr,
              .hash = hash,
              .compare = compare_ints,
              .new_ = int_new,
              .add = arithmetic<IntOp::kAdd>,
              .subtract = arithmetic<IntOp::kSub>,
              .multiply = arithmetic<IntOp::kMul>,
              .remainder = arithmetic<IntOp::kMod>,
              .divmod = arithmetic<IntOp::kDivmod>,
              .lshift = arithmetic<IntOp::kLshift>,
              .rshift = arithmetic<IntOp::kRshift>,
              .and_ = arithmetic<IntOp::kAnd>,
              .xor_ = arithmetic<IntOp::kXor>,
              .or_ = arithmetic<IntOp::kOr>,
              .floor_divide = arithmetic<IntOp::kFloorDiv>,
              .true_divide = arithmetic<IntOp::kTrueDiv>,
              .power = power_slot,
              .negative = negative,
              .positive = exact,
              .absolute = absolute,
              .invert = invert,
              .int_ = exact,
              .float_ = as_float,
              .index = exact,
              .bool_ = nonzero},
    .methods = kMethods,
    .getsets = kGetSets,
};

extern const TypeSpec spec_bool_;
const TypeSpec spec_bool_ = {
    .name = "bool",
    .doc = "Returns True when the argument is true, False otherwise.\nThe builtins True and False are the only two "
           "instances of the class bool.\nThe class bool is a subclass of the class int, and cannot be subclassed.",
    .base = &types::int_,
    .layout = kLayout,
    .flags = type_flag::kImmutable | type_flag::kUntracked | type_flag::kMatchSelf,
    .slots = {.repr = bool_repr,
              .new_ = bool_new,
              .and_ = bool_logic<IntOp::kAnd>,
              .xor_ = bool_logic<IntOp::kXor>,
              .or_ = bool_logic<IntOp::kOr>,
              .invert = bool_invert},
};

}  // namespace typhon
