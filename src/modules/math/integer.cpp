// math: functions of ints of any size.
#include <cmath>

#include "modules/math/math.h"
#include "objects/big.h"

namespace typhon {

namespace {

// Results of fewer bits come from GMP's own function before anybody notices; others from products of products, with a safepoint
// between them.
constexpr i128 kShortBits = i128(1) << 20;

// The product of first, first + step, ... (`count` > 0 of them). Halves first, so that the factors of each multiplication are of about
// the same size.
Status product(Thread& t, mpz_ptr out, mpz_srcptr first, i64 step, u64 count) {
  if (count <= 8) {
    mpz_set(out, first);
    Big factor;
    mpz_set(factor, first);
    for (u64 i = 1; i < count; i++) {
      if (step < 0)
        mpz_sub_ui(factor, factor, u64(-step));
      else
        mpz_add_ui(factor, factor, u64(step));
      mpz_mul(out, out, factor);
    }
    return ok();
  }
  TRY(safepoint(t));
  u64 half = count / 2;
  Big right, middle;
  mpz_set_ui(middle, half);
  mpz_mul_si(middle, middle, step);
  mpz_add(middle, middle, first);
  TRY(product(t, out, first, step, half));
  TRY(product(t, right, middle, step, count - half));
  TRY(safepoint(t));
  mpz_mul(out, out, right);
  return ok();
}

// n!, as powers of two and, for each i, the product of the odd numbers up to n >> i.
Status factorial(Thread& t, mpz_ptr out, u64 n) {
  double bits = n < 2 ? 0 : std::lgamma(double(n) + 1) / M_LN2;
  TRY(check_result_bits(t, bits < 1e18 ? i128(bits) : kMostBits + 1));
  if (bits < double(kShortBits)) {
    mpz_fac_ui(out, n);
    return ok();
  }
  mpz_set_ui(out, 1);
  Big odd, some, first;
  mpz_set_ui(odd, 1);
  for (int i = 63 - __builtin_clzll(n); i >= 0; i--) {
    u64 below = (n >> i) / 2, above = n >> i;  // the odd numbers in (below, above] are new
    u64 from = below + 1 + (below & 1);
    if (from <= above) {
      mpz_set_ui(first, from);
      TRY(product(t, some, first, 2, (above - from) / 2 + 1));
      mpz_mul(odd, odd, some);
    }
    TRY(safepoint(t));
    mpz_mul(out, out, odd);
  }
  mpz_mul_2exp(out, out, n - u64(__builtin_popcountll(n)));
  return ok();
}

}  // namespace

Ref math_factorial(Thread& t, Value, const Value* a) {
  Ref n = TRY(to_index(t, a[0]));
  if (int_sign(n) < 0) return raise(t, exc::ValueError, "factorial() not defined for negative values");
  i64 value;
  if (!int_fits_i64(n, &value)) return raise(t, exc::OverflowError, "factorial() argument should not exceed %zd", i64(INT64_MAX));
  Big result;
  TRY(factorial(t, result, u64(value)));
  return int_from_mpz(t, result);
}

Ref math_isqrt(Thread& t, Value, const Value* a) {
  Ref n = TRY(to_index(t, a[0]));
  if (int_sign(n) < 0) return raise(t, exc::ValueError, "isqrt() argument must be nonnegative");
  return int_isqrt(t, n);
}

Ref math_gcd(Thread& t, Value, const Value* a) {
  auto* all = a[0].as<Tuple>();
  Ref result = Ref::adopt(Value::small_int(0));
  for (u64 i = 0; i < all->size; i++) {
    Ref n = TRY(to_index(t, all->items[i].peek()));
    result = TRY(int_gcd(t, result, n));
  }
  return result;
}

Ref math_lcm(Thread& t, Value, const Value* a) {
  auto* all = a[0].as<Tuple>();
  Ref result = Ref::adopt(Value::small_int(1));
  for (u64 i = 0; i < all->size; i++) {
    Ref n = TRY(to_index(t, all->items[i].peek()));
    if (int_sign(n) == 0) {
      for (u64 rest = i + 1; rest < all->size; rest++) TRY(to_index(t, all->items[rest].peek()));
      return Ref::adopt(Value::small_int(0));
    }
    TRY(check_big_room(t, int_bit_length(result) + int_bit_length(n)));
    Big multiple;
    mpz_lcm(multiple, BigView(result), BigView(n));
    result = TRY(int_from_mpz(t, multiple));
  }
  return result;
}

Ref math_perm(Thread& t, Value, const Value* a) {
  if (a[1].is_empty() || a[1].is_none()) return math_factorial(t, EMPTY, a);
  Ref n = TRY(to_index(t, a[0]));
  Ref k = TRY(to_index(t, a[1]));
  if (int_sign(n) < 0) return raise(t, exc::ValueError, "n must be a non-negative integer");
  if (int_sign(k) < 0) return raise(t, exc::ValueError, "k must be a non-negative integer");
  if (int_compare(n, k) < 0) return Ref::adopt(Value::small_int(0));
  i64 count;
  if (!int_fits_i64(k, &count)) return raise(t, exc::OverflowError, "k must not exceed %zd", i64(INT64_MAX));
  if (count == 0) return Ref::adopt(Value::small_int(1));
  Big result;
  TRY(check_result_bits(t, i128(int_bit_length(n)) * count));
  TRY(product(t, result, BigView(n), -1, u64(count)));
  return int_from_mpz(t, result);
}

Ref math_comb(Thread& t, Value, const Value* a) {
  Ref n = TRY(to_index(t, a[0]));
  Ref k = TRY(to_index(t, a[1]));
  if (int_sign(n) < 0) return raise(t, exc::ValueError, "n must be a non-negative integer");
  if (int_sign(k) < 0) return raise(t, exc::ValueError, "k must be a non-negative integer");
  Ref other = TRY(int_binary(t, IntOp::kSub, n, k));
  if (int_sign(other) < 0) return Ref::adopt(Value::small_int(0));
  if (int_compare(other, k) < 0) k = std::move(other);
  i64 count;
  if (!int_fits_i64(k, &count)) return raise(t, exc::OverflowError, "min(n - k, k) must not exceed %zd", i64(INT64_MAX));
  i128 bits = i128(int_bit_length(n)) * count;
  TRY(check_result_bits(t, bits));
  Big result;
  if (bits < kShortBits) {
    mpz_bin_ui(result, BigView(n), u64(count));
    return int_from_mpz(t, result);
  }
  Big divisor;
  TRY(product(t, result, BigView(n), -1, u64(count)));
  TRY(factorial(t, divisor, u64(count)));
  TRY(safepoint(t));
  mpz_divexact(result, result, divisor);
  return int_from_mpz(t, result);
}

}  // namespace typhon
