// Between Decimals and the other types: ints, floats, strings, tuples. Digits of big ints pass between GMP and libmpdec as decimal text,
// which GMP makes and reads faster than libmpdec changes the base.
#include <bit>
#include <cmath>

#include "modules/_decimal/decimal.h"
#include "objects/big.h"
#include "objects/unicode.h"

namespace typhon::decimal {

GlobalRoot g_tuple_type;

namespace {

// Text that may be long, on the C++ stack when it is not.
class Text {
 public:
  Text() = default;
  ~Text() { free(heap_); }
  Text(const Text&) = delete;
  Text& operator=(const Text&) = delete;
  char* reserve(size_t n) {  // null: no memory
    if (n <= sizeof local_) return local_;
    return heap_ = static_cast<char*>(malloc(n));
  }

 private:
  char* heap_ = nullptr;
  char local_[256];
};

constexpr u64 kWordDigits = MPD_RDIGITS;
constexpr i64 kMostIntDigits = 2'000'000'000;  // ints longer than that find no memory

void set_from_digits(mpd_t* m, const char* digits, size_t n, u32* status) {
  mpd_ssize_t words = mpd_ssize_t((n + kWordDigits - 1) / kWordDigits);
  if (!mpd_qresize(m, words, status)) return;
  for (mpd_ssize_t i = 0; i < words; i++) {
    size_t end = n - size_t(i) * kWordDigits, begin = end > kWordDigits ? end - kWordDigits : 0;
    mpd_uint_t word = 0;
    for (size_t k = begin; k < end; k++) word = word * 10 + mpd_uint_t(digits[k] - '0');
    m->data[i] = word;
  }
  m->len = words;
  mpd_setdigits(m);
}
void set_from_mpz(mpd_t* m, mpz_srcptr n, bool negative, u32* status) {
  Text text;
  char* digits = text.reserve(mpz_sizeinbase(n, 10) + 2);
  if (digits == nullptr) return mpd_seterror(m, MPD_Malloc_error, status);
  mpz_get_str(digits, 10, n);
  if (*digits == '-') digits++;
  mpd_set_flags(m, negative ? MPD_NEG : MPD_POS);
  m->exp = 0;
  set_from_digits(m, digits, strlen(digits), status);
}

// The coefficient as text; `out` has room for m->digits characters.
void write_coefficient(const mpd_t* m, char* out) {
  char* at = out + m->digits;
  for (mpd_ssize_t i = 0; i < m->len; i++) {
    mpd_uint_t word = m->data[i];
    for (u64 k = 0; k < kWordDigits && at > out; k++) {
      *--at = char('0' + word % 10);
      word /= 10;
    }
  }
}
// The coefficient times 10**exp, without its sign.
Status to_mpz(Thread& t, const mpd_t* m, i64 exp, mpz_ptr out) {
  if (mpd_iszerocoeff(m)) return ok();
  if (exp > kMostIntDigits || m->digits + exp > kMostIntDigits) return raise_no_memory(t);
  Text text;
  char* digits = text.reserve(size_t(m->digits) + 1);
  if (digits == nullptr) return raise_no_memory(t);
  write_coefficient(m, digits);
  digits[m->digits] = 0;
  mpz_set_str(out, digits, 10);
  if (exp > 0) {
    Big scale;
    mpz_ui_pow_ui(scale, 10, u64(exp));
    mpz_mul(out, out, scale);
  }
  return ok();
}
Ref whole_to_int(Thread& t, const mpd_t* m) {  // exp >= 0
  bool negative = mpd_sign(m);
  if (m->exp == 0 && m->len <= 2) {
    i128 n = m->len == 1 ? i128(m->data[0]) : i128(m->data[1]) * i128(MPD_RADIX) + m->data[0];
    if (negative) n = -n;
    if (n == i64(n)) return int_from(t, i64(n));
    return int_from_big(t, n);
  }
  Big n;
  TRY(to_mpz(t, m, m->exp, n));
  if (negative) mpz_neg(n, n);
  return int_from_mpz(t, n);
}

// --- from text
enum class Exactness : u8 { kExact, kRounded };

void set_from_text(mpd_t* m, const char* text, Context* c, Exactness exactness, u32* status) {
  if (exactness == Exactness::kRounded) {
    mpd_context_t settings = settings_of(c);
    return mpd_qset_string(m, text, &settings, status);
  }
  mpd_context_t widest;
  mpd_maxcontext(&widest);
  mpd_qset_string(m, text, &widest, status);
  if (*status & (MPD_Inexact | MPD_Rounded | MPD_Clamped)) mpd_seterror(m, MPD_Invalid_operation, status);  // has no exact form
  *status &= MPD_Errors;
}
Ref from_text(Thread& t, Type* cls, const char* text, Context* c, Exactness exactness) {
  Ref made = TRY(decimal_new(t, cls));
  u32 status = 0;
  set_from_text(number_of(made), text, c, exactness, &status);
  TRY(report(t, c, status));
  return made;
}
bool is_plain_text(const Str* s) {
  if (!s->is_ascii() || s->length() == 0) return false;
  for (char c : s->ascii())
    if (c <= ' ' || c == '_') return false;
  return true;
}
// ASCII for text in any script; an empty text for what cannot be a number. `lenient`: without the space around and underscores.
void write_ascii(const Str* s, bool lenient, char* out) {
  size_t begin = 0, end = s->length();
  if (lenient) {
    while (begin < end && unicode::is_space(s->at(begin))) begin++;
    while (end > begin && unicode::is_space(s->at(end - 1))) end--;
  }
  char* at = out;
  for (size_t i = begin; i < end; i++) {
    u32 c = s->at(i);
    if (lenient && c == '_') continue;
    if (c > 0 && c <= 127) {
      *at++ = char(c);
    } else if (unicode::is_space(c)) {
      *at++ = ' ';
    } else if (int digit = unicode::decimal_value(c); digit >= 0) {
      *at++ = char('0' + digit);
    } else {
      *out = 0;
      return;
    }
  }
  *at = 0;
}
Ref from_str(Thread& t, Type* cls, const Str* s, Context* c, Exactness exactness) {
  if (is_plain_text(s)) return from_text(t, cls, s->data<char>(), c, exactness);
  Text text;
  char* ascii = text.reserve(s->length() + 1);
  if (ascii == nullptr) return raise_no_memory(t);
  write_ascii(s, exactness == Exactness::kExact, ascii);
  return from_text(t, cls, ascii, c, exactness);
}

// --- from (sign, digits, exponent)
struct Triple {
  bool negative = false;
  const char* special = "";  // "Infinity", "NaN", "sNaN"
  i64 exponent = 0;
};
Status read_triple(Thread& t, const Tuple* v, Triple* out) {
  Ref sign = v->items[0].load(), exponent = v->items[2].load();
  i64 n;
  if (!is_int(sign) || !int_fits_i64(sign, &n) || (n != 0 && n != 1))
    return raise(t, exc::ValueError, "sign must be an integer with the value 0 or 1");
  out->negative = n == 1;
  if (is_str(exponent)) {
    auto* s = exponent.as<Str>();
    if (s->equals_ascii("F")) out->special = "Infinity";
    else if (s->equals_ascii("n")) out->special = "NaN";
    else if (s->equals_ascii("N")) out->special = "sNaN";
    else return raise(t, exc::ValueError, "string argument in the third position must be 'F', 'n' or 'N'");
    return ok();
  }
  if (!is_int(exponent)) return raise(t, exc::ValueError, "exponent must be an integer");
  if (!int_fits_i64(exponent, &out->exponent)) return raise(t, exc::OverflowError, "Python int too large to convert to C ssize_t");
  return ok();
}
Ref as_tuple_of(Thread& t, Value v) {  // a tuple or list as a tuple; EMPTY for others
  if (is_tuple(v)) return Ref::copy(v);
  if (is_list(v)) return list_to_tuple(t, v.as<List>());
  return Ref();
}
Ref from_tuple(Thread& t, Type* cls, Value v, Context* c, Exactness exactness) {
  Ref parts = TRY(as_tuple_of(t, v));
  if (parts.as<Tuple>()->size != 3) return raise(t, exc::ValueError, "argument must be a sequence of length 3");
  Triple triple;
  TRY(read_triple(t, parts.as<Tuple>(), &triple));
  Ref digits_given = parts.as<Tuple>()->items[1].load();
  Ref digits = TRY(as_tuple_of(t, digits_given));
  if (digits.is_empty()) return raise(t, exc::ValueError, "coefficient must be a tuple of digits");
  auto* items = digits.as<Tuple>();
  bool finite = *triple.special == 0, infinite = *triple.special == 'I';

  Text text;
  char* start = text.reserve(items->size + 64);
  if (start == nullptr) return raise_no_memory(t);
  char* at = start;
  if (triple.negative) *at++ = '-';
  at = stpcpy(at, triple.special);
  if (finite && items->size == 0) *at++ = '0';
  for (size_t i = 0; i < items->size; i++) {
    Value digit = items->items[i].peek();
    i64 n;
    if (!is_int(digit) || !int_fits_i64(digit, &n) || n < 0 || n > 9) return raise(t, exc::ValueError, "coefficient must be a tuple of digits");
    if (!infinite) *at++ = char('0' + n);  // the digits of an infinity are checked and forgotten
  }
  *at = 0;
  if (finite) snprintf(at, 32, "E%lld", static_cast<long long>(triple.exponent));
  return from_text(t, cls, start, c, exactness);
}

Raised raise_unsupported(Thread& t, Value v) { return raise(t, exc::TypeError, "conversion from %T to Decimal is not supported", v); }

Ref from_number(Thread& t, Type* cls, Value v) {  // int or float, exactly
  Ref made = TRY(decimal_new(t, cls));
  u32 status = 0;
  if (is_int(v))
    set_from_int(number_of(made), v, &status);
  else
    set_from_double(number_of(made), float_value(v), &status);
  if (status & MPD_Malloc_error) return raise_no_memory(t);
  return made;
}
Ref exact_copy(Thread& t, Type* cls, Value v) {
  if (cls == g_decimal_type && type_of(v) == g_decimal_type) return Ref::copy(v);
  Ref made = TRY(decimal_new(t, cls));
  u32 status = 0;
  mpd_qcopy(number_of(made), number_of(v), &status);
  if (status & MPD_Malloc_error) return raise_no_memory(t);
  return made;
}
// The number, which is exact, rounded to the context.
Ref rounded(Thread& t, Ref&& exact, Context* c) {
  mpd_context_t settings = settings_of(c);
  u32 status = 0;
  mpd_qfinalize(number_of(exact), &settings, &status);
  TRY(report(t, c, status));
  return std::move(exact);
}

}  // namespace

void set_from_int(mpd_t* m, Value v, u32* status) {
  i64 n;
  if (!int_fits_i64(v, &n)) return set_from_mpz(m, BigView(v), int_sign(v) < 0, status);
  mpd_set_flags(m, n < 0 ? MPD_NEG : MPD_POS);
  m->exp = 0;
  m->len = 1;
  m->data[0] = n < 0 ? 0 - u64(n) : u64(n);
  mpd_setdigits(m);
}

void set_from_double(mpd_t* m, double d, u32* status) {
  if (std::isnan(d)) return mpd_setspecial(m, MPD_POS, MPD_NAN);
  bool negative = std::signbit(d);
  if (std::isinf(d)) return mpd_setspecial(m, negative, MPD_INF);
  int exponent;
  u64 mantissa = u64(std::ldexp(std::frexp(std::fabs(d), &exponent), 53));
  exponent -= 53;
  if (mantissa == 0) exponent = 0;
  if (mantissa != 0) {
    int zeros = std::countr_zero(mantissa);
    mantissa >>= zeros;
    exponent += zeros;
  }
  Big n;
  mpz_set_ui(n, mantissa);
  if (exponent >= 0) {
    mpz_mul_2exp(n, n, u64(exponent));
  } else {
    // mantissa / 2**k is mantissa * 5**k / 10**k.
    Big power;
    mpz_ui_pow_ui(power, 5, u64(-exponent));
    mpz_mul(n, n, power);
  }
  set_from_mpz(m, n, negative, status);
  if (exponent < 0) m->exp = exponent;
}

Result<bool> Operand::get_int(Thread& t, Value v) {
  if (!is_int(v)) return false;
  u32 status = 0;
  set_from_int(fresh(), v, &status);
  if (status & MPD_Malloc_error) return raise_no_memory(t);
  return true;
}
Status Operand::need(Thread& t, Value v) {
  if (!TRY(get(t, v))) return raise_unsupported(t, v);
  return ok();
}
mpd_t* Operand::fresh() {
  if (used_) mpd_del(&own_);
  used_ = true;
  start_number(&own_, words_);
  number_ = &own_;
  return &own_;
}

Ref decimal_exact(Thread& t, Type* cls, Value v, Context* c) {
  if (is_decimal(v)) return exact_copy(t, cls, v);
  if (is_str(v)) return from_str(t, cls, v.as<Str>(), c, Exactness::kExact);
  if (is_int(v)) return from_number(t, cls, v);
  if (is_tuple(v) || is_list(v)) return from_tuple(t, cls, v, c, Exactness::kExact);
  if (!is_float(v)) return raise_unsupported(t, v);
  TRY(report(t, c, kFloatOperation));
  return from_number(t, cls, v);
}

Ref decimal_from_float(Thread& t, Value v, Context* c, bool exact) {
  if (!is_int(v) && !is_float(v)) return raise(t, exc::TypeError, "argument must be int or float");
  Ref made = TRY(from_number(t, g_decimal_type, v));
  if (exact) return made;
  return rounded(t, std::move(made), c);
}

Ref decimal_rounded(Thread& t, Value v, Context* c) {
  if (is_str(v)) return from_str(t, g_decimal_type, v.as<Str>(), c, Exactness::kRounded);
  if (is_tuple(v) || is_list(v)) return from_tuple(t, g_decimal_type, v, c, Exactness::kRounded);
  if (is_decimal(v)) {
    if (mpd_isnan(number_of(v)) && number_of(v)->digits > c->prec - c->clamp) {
      TRY(report(t, c, MPD_Conversion_syntax));
      Number nan;
      mpd_setspecial(nan.get(), MPD_POS, MPD_NAN);
      return nan.finish(t);
    }
    return operate(t, c, op_apply, number_of(v));
  }
  if (is_float(v)) {
    TRY(report(t, c, kFloatOperation));
  } else if (!is_int(v)) {
    return raise_unsupported(t, v);
  }
  Ref made = TRY(from_number(t, g_decimal_type, v));
  return rounded(t, std::move(made), c);
}

Ref decimal_to_int(Thread& t, const mpd_t* m, Context* c, int round) {
  if (mpd_isspecial(m)) {
    if (mpd_isnan(m)) return raise(t, exc::ValueError, "cannot convert NaN to integer");
    return raise(t, exc::OverflowError, "cannot convert Infinity to integer");
  }
  if (m->exp >= 0) return whole_to_int(t, m);
  mpd_context_t settings = settings_of(c);
  settings.round = round;
  Number whole;
  u32 status = 0;
  mpd_qround_to_int(whole.get(), m, &settings, &status);
  TRY(report(t, c, status));
  return whole_to_int(t, whole.get());
}

Result<double> decimal_to_double(Thread& t, const mpd_t* m) {
  if (mpd_issnan(m)) return raise(t, exc::ValueError, "cannot convert signaling NaN to float");
  if (mpd_isnan(m)) return mpd_isnegative(m) ? -std::nan("") : std::nan("");
  char* text;
  mpd_ssize_t n = mpd_to_sci_size(&text, m, 0);
  if (n < 0) return raise_no_memory(t);
  Ref f = float_from_string(t, text, size_t(n), EMPTY);
  mpd_free(text);
  if (f.failed()) return Raised{};
  return float_value(f);
}

Ref decimal_ratio(Thread& t, const mpd_t* m) {
  if (mpd_isspecial(m)) {
    if (mpd_isnan(m)) return raise(t, exc::ValueError, "cannot convert NaN to integer ratio");
    return raise(t, exc::OverflowError, "cannot convert Infinity to integer ratio");
  }
  Big n, d;
  TRY(to_mpz(t, m, m->exp > 0 ? m->exp : 0, n));
  mpz_set_ui(d, 1);
  if (m->exp < 0 && mpz_sgn(n.get()) != 0) {
    if (m->exp < -kMostIntDigits) return raise_no_memory(t);
    mpz_ui_pow_ui(d, 10, u64(-m->exp));
    Big common;
    mpz_gcd(common, n, d);
    mpz_divexact(n, n, common);
    mpz_divexact(d, d, common);
  }
  if (mpd_sign(m)) mpz_neg(n, n);
  Ref numerator = TRY(int_from_mpz(t, n)), denominator = TRY(int_from_mpz(t, d));
  return tuple_of(t, numerator, denominator);
}

Ref decimal_tuple(Thread& t, const mpd_t* m) {
  Ref exponent, digits;
  bool infinite = mpd_isinfinite(m);
  if (mpd_isspecial(m)) {
    exponent = TRY(str_from_ascii(t, infinite ? "F" : mpd_issnan(m) ? "N" : "n"));
  } else {
    exponent = TRY(int_from(t, m->exp));
  }
  if (infinite) {
    digits = TRY(tuple_of(t, Value::small_int(0)));
  } else if (m->len == 0) {
    digits = tuple_of(t);
  } else {
    Text text;
    char* at = text.reserve(size_t(m->digits));
    if (at == nullptr) return raise_no_memory(t);
    write_coefficient(m, at);
    RefTo<Tuple> tuple = TRY(tuple_allocate(t, size_t(m->digits)));
    for (mpd_ssize_t i = 0; i < m->digits; i++) tuple->items[i].init(tuple.get(), Value::small_int(at[i] - '0'));
    digits = std::move(tuple);
  }
  return call_with(t, g_tuple_type.get(), Value::small_int(mpd_sign(m)), digits, exponent);
}

i64 decimal_hash(const mpd_t* m) {
  constexpr u64 kModulus = u64(kHashModulus), kInverseOfTen = 2075258708292324556;
  auto times = [](u64 a, u64 b) { return u64(u128(a) * b % kModulus); };
  i64 result = 314159;
  if (!mpd_isinfinite(m)) {
    u64 hash = 0, power = m->exp < 0 ? kInverseOfTen : 10;
    for (mpd_ssize_t i = m->len; i-- > 0;) hash = u64((u128(hash) * MPD_RADIX + m->data[i]) % kModulus);
    for (u64 e = m->exp < 0 ? u64(-m->exp) : u64(m->exp); e != 0; e >>= 1) {
      if (e & 1) hash = times(hash, power);
      power = times(power, power);
    }
    result = i64(hash);
  }
  if (mpd_isnegative(m)) result = -result;
  return result == -1 ? -2 : result;
}

}  // namespace typhon::decimal
