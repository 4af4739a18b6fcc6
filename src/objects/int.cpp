// int: representation, conversions and arithmetic. Methods and the type: int_methods.cpp.
#include "objects/int.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>

#include "objects/big.h"
#include "objects/int_limbs.h"
#include "objects/protocol/protocol.h"

namespace typhon {

Relaxed<i64> g_int_max_str_digits = 4300;

bool is_int_slow(Value v) { return v.object()->shape_id() == kShape_int_ || is_native_instance(v, types::int_); }

Ref int_from_mpz(Thread& t, mpz_srcptr n) {
  size_t limbs = mpz_size(n);
  if (limbs <= 1) {
    u64 magnitude = limbs == 0 ? 0 : mpz_getlimbn(n, 0);
    if (magnitude <= u64(Value::kMaxSmallInt)) return Ref::adopt(Value::small_int(mpz_sgn(n) < 0 ? -i64(magnitude) : i64(magnitude)));
    if (mpz_sgn(n) < 0 && magnitude == u64(1) << 62) return Ref::adopt(Value::small_int(Value::kMinSmallInt));
  }
  Object* object = heap::try_allocate(t, kShape_int_, offsetof(Int, limbs) + limbs * 8, false);
  if (object == nullptr) return Raised{};
  auto* big = static_cast<Int*>(object);
  big->size = mpz_sgn(n) < 0 ? -i64(limbs) : i64(limbs);
  memcpy(big->limbs, mpz_limbs_read(n), limbs * 8);
  return Ref::adopt(Value(big));
}

Ref int_from_big(Thread& t, i128 n) {
  bool negative = n < 0;
  u128 magnitude = negative ? u128(-n) : u128(n);
  mp_limb_t limbs[2] = {u64(magnitude), u64(magnitude >> 64)};
  mpz_t view;
  mp_size_t size = limbs[1] != 0 ? 2 : limbs[0] != 0 ? 1 : 0;
  return int_from_mpz(t, mpz_roinit_n(view, limbs, negative ? -size : size));
}

Ref int_from_u64(Thread& t, u64 n) {
  if (n <= u64(Value::kMaxSmallInt)) return Ref::adopt(Value::small_int(i64(n)));
  return int_from_big(t, i128(n));
}

Ref int_from_double(Thread& t, double d) {
  if (std::isnan(d)) return raise(t, exc::ValueError, "cannot convert float NaN to integer");
  if (std::isinf(d)) return raise(t, exc::OverflowError, "cannot convert float infinity to integer");
  if (std::fabs(d) < 4e18) return int_from(t, i64(d));
  Big big;
  mpz_set_d(big, d);
  return int_from_mpz(t, big);
}

Ref int_from_digits(Thread& t, const char* digits, size_t n, int base, bool negative) {
  if (n <= 11 || (base <= 10 && n <= 18)) {
    i64 value = 0;
    for (size_t i = 0; i < n; i++) {
      int c = digits[i] | 32;
      value = value * base + (c <= '9' ? (digits[i] - '0') : c - 'a' + 10);
    }
    return int_from(t, negative ? -value : value);
  }
  if (base == 10 && n <= kMaxShortDigits) return limbs_from_decimal(t, digits, n, negative);
  RefTo<Bytes> text = TRY(bytes_allocate(t, n));  // NUL-terminated for GMP
  memcpy(text->data, digits, n);
  text->data[n] = 0;
  Big big;
  CHECK(mpz_set_str(big, reinterpret_cast<const char*>(text->data), base) == 0);
  if (negative) mpz_neg(big, big);
  return int_from_mpz(t, big);
}

Ref int_from_bytes(Thread& t, const u8* bytes, size_t n, bool little_endian, bool is_signed) {
  if (n < 8) {
    u64 word = 0;
    for (size_t i = 0; i < n; i++) word = word << 8 | bytes[little_endian ? n - 1 - i : i];
    if (is_signed && n > 0) return int_from(t, i64(word << (64 - 8 * n)) >> (64 - 8 * n));
    return int_from(t, i64(word));
  }
  Big big;
  mpz_import(big, n, little_endian ? -1 : 1, 1, 0, 0, bytes);
  bool negative = is_signed && n > 0 && (bytes[little_endian ? n - 1 : 0] & 0x80);
  if (negative) {
    Big modulus;
    mpz_setbit(modulus, n * 8);
    mpz_sub(big, big, modulus);
  }
  return int_from_mpz(t, big);
}

bool int_fits_i64(Value v, i64* out) {
  if (v.is_small_int()) {
    *out = v.as_small_int();
    return true;
  }
  if (v.is_bool()) {
    *out = v.is_true();
    return true;
  }
  const Int* n = v.as<Int>();
  if (u64(n->size) + 1 > 2) return false;
  u64 magnitude = n->size == 0 ? 0 : n->limbs[0];
  if (magnitude > u64(INT64_MAX) + (n->size < 0)) return false;
  *out = i64(n->size < 0 ? u64(0) - magnitude : magnitude);
  return true;
}

bool int_fits_u64(Value v, u64* out) {
  if (v.is_small_int()) {
    *out = u64(v.as_small_int());
    return v.as_small_int() >= 0;
  }
  BigView big(v);
  if (!mpz_fits_ulong_p(big)) return false;
  *out = mpz_get_ui(big);
  return true;
}

int int_sign(Value v) {
  i64 n = v.is_small_int() ? v.as_small_int() : v.is_bool() ? i64(v.is_true()) : v.as<Int>()->size;
  return (n > 0) - (n < 0);
}

bool big_to_double(mpz_srcptr a, double* out) {
  size_t bits = mpz_sgn(a) == 0 ? 0 : mpz_sizeinbase(a, 2);
  if (bits <= 64) {
    u64 magnitude = mpz_size(a) ? mpz_getlimbn(a, 0) : 0;
    *out = mpz_sgn(a) < 0 ? -double(magnitude) : double(magnitude);
    return true;
  }
  if (bits > 1024) return false;
  // The top 64 bits, with everything below folded into a sticky bit: converting that rounds correctly.
  Big top;
  mpz_tdiv_q_2exp(top, a, bits - 64);
  u64 head = mpz_getlimbn(top.get(), 0);
  if (mpz_scan1(a, 0) < bits - 64) head |= 1;
  double d = std::ldexp(double(head), int(bits - 64));
  if (std::isinf(d)) return false;
  *out = mpz_sgn(a) < 0 ? -d : d;
  return true;
}

bool big_divide(mpz_srcptr a, mpz_srcptr b, double* out) {
  if (mpz_sgn(a) == 0) {
    *out = mpz_sgn(b) < 0 ? -0.0 : 0.0;
    return true;
  }
  bool negative = (mpz_sgn(a) < 0) != (mpz_sgn(b) < 0);
  i64 shift = 66 - (i64(mpz_sizeinbase(a, 2)) - i64(mpz_sizeinbase(b, 2)));
  Big numerator, denominator, quotient, remainder;
  mpz_abs(numerator, a);
  mpz_abs(denominator, b);
  if (shift > 0)
    mpz_mul_2exp(numerator, numerator, u64(shift));
  else
    mpz_mul_2exp(denominator, denominator, u64(-shift));
  mpz_tdiv_qr(quotient, remainder, numerator, denominator);  // 66 or 67 bits
  i64 bits = i64(mpz_sizeinbase(quotient, 2));
  i64 exponent = bits - shift;  // value in [2^(exponent-1), 2^exponent)
  if (exponent > 1024) return false;
  // How many bits the double has room for: fewer in the subnormal range.
  i64 precision = exponent < -1021 ? 53 - (-1021 - exponent) : 53;
  if (precision < 0) {
    *out = negative ? -0.0 : 0.0;
    return true;
  }
  i64 drop = bits - precision;
  bool sticky = mpz_sgn(remainder.get()) != 0;
  bool half = mpz_tstbit(quotient, u64(drop - 1));
  if (!sticky && mpz_scan1(quotient, 0) < u64(drop - 1)) sticky = true;
  mpz_tdiv_q_2exp(quotient, quotient, u64(drop));
  if (half && (sticky || mpz_odd_p(quotient.get()))) mpz_add_ui(quotient, quotient, 1);
  double d = std::ldexp(double(mpz_get_ui(quotient)), int(drop - shift));
  if (std::isinf(d)) return false;
  *out = negative ? -d : d;
  return true;
}

Result<double> int_to_double(Thread& t, Value v) {
  if (v.is_small_int()) return double(v.as_small_int());
  BigView big(v);
  double d;
  if (!big_to_double(big, &d)) return raise(t, exc::OverflowError, "int too large to convert to float");
  return d;
}

i64 int_hash(Value v) {
  constexpr u64 kModulus = (u64(1) << 61) - 1;
  i64 hash;
  if (v.is_small_int()) {
    i64 n = v.as_small_int();
    u64 magnitude = n < 0 ? u64(-n) : u64(n);
    hash = i64(magnitude % kModulus);
    if (n < 0) hash = -hash;
  } else {
    const Int* one = v.is_object() ? v.as<Int>() : nullptr;
    if (one != nullptr && u64(one->size) + 1 <= 2) {  // as most instances of subclasses are
      u64 limb = one->size == 0 ? 0 : one->limbs[0];
      if (limb >= kModulus) [[unlikely]] limb %= kModulus;
      hash = i64(limb) * one->size;
    } else {
      BigView big(v);
      hash = i64(mpz_tdiv_ui(big, kModulus));
      if (mpz_sgn(static_cast<mpz_srcptr>(big)) < 0) hash = -hash;
    }
  }
  return hash == -1 ? -2 : hash;
}

u64 int_bit_length(Value v) {
  if (!v.is_object()) {
    i64 n = v.is_bool() ? i64(v.is_true()) : v.as_small_int();
    return 64 - u64(std::countl_zero(n < 0 ? u64(0) - u64(n) : u64(n)));
  }
  auto* big = v.as<Int>();
  u64 limbs = u64(big->size < 0 ? -big->size : big->size);
  return limbs == 0 ? 0 : limbs * 64 - u64(std::countl_zero(big->limbs[limbs - 1]));
}

u64 int_low_u64(Value v) {
  if (v.is_small_int()) return u64(v.as_small_int());
  BigView big(v);
  u64 low = mpz_size(big) ? mpz_getlimbn(big, 0) : 0;
  return mpz_sgn(static_cast<mpz_srcptr>(big)) < 0 ? u64(0) - low : low;
}

Status int_to_bytes(Thread& t, Value v, u8* out, size_t n, bool little_endian, bool is_signed) {
  if (v.is_small_int() && v.as_small_int() >= 0 && n > 0 && n <= 8 &&
      (u64(v.as_small_int()) >> (8 * n - 1) >> (is_signed ? 0 : 1)) == 0) {
    u64 word = u64(v.as_small_int());
    for (size_t i = 0; i < n; i++, word >>= 8) out[little_endian ? i : n - 1 - i] = u8(word);
    return ok();
  }
  BigView big(v);
  int sign = mpz_sgn(static_cast<mpz_srcptr>(big));
  if (sign < 0 && !is_signed) return raise(t, exc::OverflowError, "can't convert negative int to unsigned");
  size_t bits = sign == 0 ? 0 : mpz_sizeinbase(big, 2);
  bool fits = bits <= n * 8;
  if (is_signed && fits && bits == n * 8 && bits != 0)
    fits = sign < 0 && mpz_scan1(big, 0) == bits - 1;  // only -2^(8n-1)
  if (!fits) return raise(t, exc::OverflowError, "int too big to convert");
  memset(out, 0, n);
  size_t written = 0;
  if (sign < 0) {
    Big twos;
    mpz_setbit(twos, n * 8);
    mpz_add(twos, twos, big);
    mpz_export(out, &written, -1, 1, 0, 0, twos);
  } else {
    mpz_export(out, &written, -1, 1, 0, 0, big);
  }
  if (!little_endian)
    for (size_t i = 0; i < n / 2; i++) std::swap(out[i], out[n - 1 - i]);
  return ok();
}

char* write_decimal(char* end, u64 n) {
  static constexpr auto kPairs = [] {
    std::array<char, 200> pairs{};
    for (int i = 0; i < 100; i++) {
      pairs[size_t(2 * i)] = char('0' + i / 10);
      pairs[size_t(2 * i + 1)] = char('0' + i % 10);
    }
    return pairs;
  }();
  while (n >= 100) {
    end -= 2;
    memcpy(end, &kPairs[n % 100 * 2], 2);
    n /= 100;
  }
  if (n < 10) {
    *--end = char('0' + n);
    return end;
  }
  end -= 2;
  memcpy(end, &kPairs[n * 2], 2);
  return end;
}

RefTo<Str> int_to_str(Thread& t, Value v, int base, bool prefix) {
  char small[80];
  char* end = small + sizeof small;
  char* p = end;
  if (v.is_small_int()) {
    i64 n = v.as_small_int();
    u64 magnitude = n < 0 ? u64(-n) : u64(n);
    if (base == 10) {
      p = write_decimal(p, magnitude);
    } else {
      do {
        *--p = "0123456789abcdefghijklmnopqrstuvwxyz"[magnitude % unsigned(base)];
        magnitude /= unsigned(base);
      } while (magnitude != 0);
    }
    if (prefix) {
      *--p = base == 16 ? 'x' : base == 8 ? 'o' : 'b';
      *--p = '0';
    }
    if (n < 0) *--p = '-';
    return str_from_ascii(t, {p, size_t(end - p)});
  }
  BigView big(v);
  size_t digits = mpz_sizeinbase(big, base);
  i64 most = g_int_max_str_digits;
  if (base == 10 && most > 0 && digits > u64(most)) {
    // The estimate may be one too high; only an exact count decides at the border.
    bool over = digits > u64(most) + 1;
    if (!over) {
      Big limit;
      mpz_ui_pow_ui(limit, 10, u64(most));
      over = mpz_cmpabs(big, limit) >= 0;
    }
    if (over)
      return raise(t, exc::ValueError,
                   "Exceeds the limit (%zd digits) for integer string conversion; use sys.set_int_max_str_digits() to "
                   "increase the limit",
                   most);
  }
  if (base == 10 && !prefix && v.is_object() && v.as<Int>()->size != 0) {
    RefTo<Str> text = limbs_to_decimal(t, v.as<Int>());
    if (!text.is_empty()) return text;
  }
  RefTo<Bytes> text = TRY(bytes_allocate(t, digits + 4));
  char* out = reinterpret_cast<char*>(text->data);
  mpz_get_str(out + 2, base, big);
  if (prefix) {
    bool negative = out[2] == '-';
    char* start = negative ? out + 1 : out;
    if (negative) out[0] = '-';
    start[0] = '0';
    start[1] = base == 16 ? 'x' : base == 8 ? 'o' : 'b';
    return str_from_ascii(t, out);
  }
  return str_from_ascii(t, out + 2);
}

Ref to_index(Thread& t, Value v) {
  if (v.is_small_int()) return Ref::adopt(v);
  if (is_int(v)) {
    if (is_exact_int(v)) return Ref::copy(v);
    BigView big(v);
    return int_from_mpz(t, big);
  }
  UnaryFn fn = type_of(v)->slots.index;
  if (fn == nullptr) return raise(t, exc::TypeError, "'%T' object cannot be interpreted as an integer", v);
  Ref result = TRY(fn(t, v));
  if (is_exact_int(result)) return result;
  if (!is_int(result)) return raise(t, exc::TypeError, "__index__ returned non-int (type %T)", result.get());
  TRY(warn(t, exc::DeprecationWarning, 1,
           "__index__ returned non-int (type %T).  The ability to return an instance of a strict subclass of int is "
           "deprecated, and may not be supported in a future version of Python.",
           result.get()));
  BigView big(result);
  return int_from_mpz(t, big);
}

Result<i64> to_i64(Thread& t, Value v, const char* overflow_message) {
  if (v.is_small_int()) return v.as_small_int();
  Ref index = TRY(to_index(t, v));
  i64 n;
  if (!int_fits_i64(index, &n)) return raise(t, exc::OverflowError, "%s", overflow_message);
  return n;
}

Result<i64> to_clamped_i64(Thread& t, Value v) {
  if (v.is_small_int()) return v.as_small_int();
  Ref index = TRY(to_index(t, v));
  i64 n;
  if (int_fits_i64(index, &n)) return n;
  return int_sign(index) < 0 ? INT64_MIN : INT64_MAX;
}

Ref to_int(Thread& t, Value v) {
  if (is_exact_int(v)) return Ref::copy(v);
  const Slots& slots = type_of(v)->slots;
  if (slots.int_ != nullptr) {
    Ref result = TRY(slots.int_(t, v));
    if (is_exact_int(result)) return result;
    if (!is_int(result)) return raise(t, exc::TypeError, "__int__ returned non-int (type %T)", result.get());
    TRY(warn(t, exc::DeprecationWarning, 1,
             "__int__ returned non-int (type %T).  The ability to return an instance of a strict subclass of int is "
             "deprecated, and may not be supported in a future version of Python.",
             result.get()));
    BigView big(result);
    return int_from_mpz(t, big);
  }
  if (slots.index != nullptr || is_int(v)) return to_index(t, v);
  return raise(t, exc::TypeError, "int() argument must be a string, a bytes-like object or a real number, not '%T'", v);
}

namespace {

Ref shift_left(Thread& t, Value a, Value b) {
  if (int_sign(b) < 0) return raise(t, exc::ValueError, "negative shift count");
  if (int_sign(a) == 0) return Ref::adopt(Value::small_int(0));
  u64 n;
  constexpr u64 kMaxDigits = u64(INT64_MAX - 1) / 30;  // of CPython's ints
  if (!int_fits_u64(b, &n) || n > u64(INT64_MAX) || (int_bit_length(a) + 29) / 30 + n / 30 + (n % 30 != 0) > kMaxDigits)
    return raise(t, exc::OverflowError, "too many digits in integer");
  if (a.is_small_int() && n < 62) {
    i64 x = a.as_small_int();
    i64 shifted = i64(u64(x) << n);
    if ((shifted >> n) == x) return int_from(t, shifted);
  }
  if (n > (u64(1) << 34)) return raise_no_memory(t);
  return limbs_shift_left(t, a, n);
}

Ref shift_right(Thread& t, Value a, Value b) {
  if (int_sign(b) < 0) return raise(t, exc::ValueError, "negative shift count");
  u64 n;
  if (!int_fits_u64(b, &n)) return Ref::adopt(Value::small_int(int_sign(a) < 0 ? -1 : 0));
  if (a.is_small_int()) return Ref::adopt(Value::small_int(a.as_small_int() >> (n > 63 ? 63 : n)));
  if (int_sign(a) >= 0) return limbs_shift_right(t, a, n);
  BigView x(a);
  Big out;
  mpz_fdiv_q_2exp(out, x, n);
  return int_from_mpz(t, out);
}

}  // namespace

Ref int_binary(Thread& t, IntOp op, Value a, Value b) {
  if (a.is_small_int() && b.is_small_int()) {
    i64 x = a.as_small_int(), y = b.as_small_int();
    switch (op) {
      case IntOp::kAdd: return int_from(t, x + y);
      case IntOp::kSub: return int_from(t, x - y);
      case IntOp::kMul: return int_from_big(t, i128(x) * y);
      case IntOp::kAnd: return int_from(t, x & y);
      case IntOp::kOr: return int_from(t, x | y);
      case IntOp::kXor: return int_from(t, x ^ y);
      case IntOp::kFloorDiv:
        if (y == 0) break;
        return int_from(t, x / y - ((x % y != 0) && ((x < 0) != (y < 0))));
      case IntOp::kMod: {
        if (y == 0) break;
        i64 r = x % y;
        return int_from(t, r != 0 && ((r < 0) != (y < 0)) ? r + y : r);
      }
      case IntOp::kDivmod: {
        if (y == 0) break;
        i64 r = x % y;
        bool rounded = r != 0 && ((r < 0) != (y < 0));
        Ref quotient = int_from(t, x / y - rounded), remainder = int_from(t, rounded ? r + y : r);
        return tuple_of(t, quotient, remainder);
      }
      default: break;
    }
  }
  if (op == IntOp::kMul || op == IntOp::kFloorDiv || op == IntOp::kMod || op == IntOp::kDivmod)
    TRY(check_big_room(t, int_bit_length(a) + int_bit_length(b)));
  if (op <= IntOp::kMul || (op >= IntOp::kAnd && op <= IntOp::kXor)) {
    Ref result = limbs_binary(t, op, a, b);
    if (!result.is_empty()) return result;
  }
  if (op == IntOp::kLshift) return shift_left(t, a, b);
  if (op == IntOp::kRshift) return shift_right(t, a, b);
  BigView x(a), y(b);
  bool zero_divisor = mpz_sgn(static_cast<mpz_srcptr>(y)) == 0;
  Big out;
  switch (op) {
    case IntOp::kAdd:
    case IntOp::kSub:
    case IntOp::kMul:
    case IntOp::kLshift:
    case IntOp::kRshift: CHECK(false);  // done above
    case IntOp::kAnd: mpz_and(out, x, y); break;
    case IntOp::kOr: mpz_ior(out, x, y); break;
    case IntOp::kXor: mpz_xor(out, x, y); break;
    case IntOp::kFloorDiv:
      if (zero_divisor) return raise(t, exc::ZeroDivisionError, "division by zero");
      mpz_fdiv_q(out, x, y);
      break;
    case IntOp::kMod:
      if (zero_divisor) return raise(t, exc::ZeroDivisionError, "division by zero");
      mpz_fdiv_r(out, x, y);
      break;
    case IntOp::kPow: return integer_power(t, a, b);
    case IntOp::kTrueDiv: {
      if (zero_divisor) return raise(t, exc::ZeroDivisionError, "division by zero");
      double d;
      if (!big_divide(x, y, &d)) return raise(t, exc::OverflowError, "integer division result too large for a float");
      return float_from(t, d);
    }
    case IntOp::kDivmod: {
      if (zero_divisor) return raise(t, exc::ZeroDivisionError, "division by zero");
      Big remainder;
      mpz_fdiv_qr(out, remainder, x, y);
      Ref q = TRY(int_from_mpz(t, out)), r = TRY(int_from_mpz(t, remainder));
      return tuple_of(t, q, r);
    }
  }
  return int_from_mpz(t, out);
}

int int_compare(Value a, Value b) {
  i64 m, n;
  bool small_a = int_fits_i64(a, &m), small_b = int_fits_i64(b, &n);
  if (small_a && small_b) return (m > n) - (m < n);
  if (small_a) return -int_sign(b);
  if (small_b) return int_sign(a);
  BigView x(a), y(b);
  int c = mpz_cmp(x, y);
  return (c > 0) - (c < 0);
}

Ref int_gcd(Thread& t, Value a, Value b) {
  BigView x(a), y(b);
  Big out;
  mpz_gcd(out, x, y);
  return int_from_mpz(t, out);
}

Ref int_isqrt(Thread& t, Value v) {
  if (int_sign(v) < 0) return raise(t, exc::ValueError, "isqrt() argument must be nonnegative");
  BigView x(v);
  Big out;
  mpz_sqrt(out, x);
  return int_from_mpz(t, out);
}

Ref int_negate(Thread& t, Value v) {
  if (v.is_small_int()) return int_from(t, -v.as_small_int());
  BigView x(v);
  Big out;
  mpz_neg(out, x);
  return int_from_mpz(t, out);
}

}  // namespace typhon
