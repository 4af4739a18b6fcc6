// math: functions of ints of any size.
#include "modules/math/math.h"
#include "objects/big.h"

namespace typhon {

Ref math_factorial(Thread& t, Value, const Value* a) {
  Ref n = TRY(to_index(t, a[0]));
  if (int_sign(n) < 0) return raise(t, exc::ValueError, "factorial() not defined for negative values");
  i64 value;
  if (!int_fits_i64(n, &value)) return raise(t, exc::OverflowError, "factorial() argument should not exceed %zd", i64(INT64_MAX));
  // GMP cannot say that memory ran out.
  if (value > (i64(1) << 32)) return raise_no_memory(t);
  Big result;
  mpz_fac_ui(result, u64(value));
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
    Big product;
    mpz_lcm(product, BigView(result), BigView(n));
    result = TRY(int_from_mpz(t, product));
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
  // Products of halves, so that the factors of each multiplication are of about the same size.
  struct Product {
    static void of(mpz_ptr out, mpz_srcptr top, u64 from, u64 to) {
      if (to - from <= 8) {
        mpz_sub_ui(out, top, from);
        Big factor;
        for (u64 i = from + 1; i < to; i++) {
          mpz_sub_ui(factor, top, i);
          mpz_mul(out, out, factor);
        }
        return;
      }
      u64 middle = from + (to - from) / 2;
      Big right;
      of(out, top, from, middle);
      of(right, top, middle, to);
      mpz_mul(out, out, right);
    }
  };
  if (count == 0) return Ref::adopt(Value::small_int(1));
  Big result;
  Product::of(result, BigView(n), 0, u64(count));
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
  Big result;
  mpz_bin_ui(result, BigView(n), u64(count));
  return int_from_mpz(t, result);
}

}  // namespace typhon
