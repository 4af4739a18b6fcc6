// Powers of ints. GMP knows no signals: what takes long is put together from steps here, with a safepoint between them.
#include <cmath>
#include <cstdlib>

#include "objects/big.h"
#include "objects/exceptions.h"
#include "objects/float.h"
#include "threads/thread.h"

namespace typhon {

Status check_big_room(Thread& t, u64 bits) {
  if (bits < u64(1) << 27) return ok();
  void* volatile probe = std::malloc(size_t(bits - bits / 4));  // six times the number; volatile, or it is optimised away
  if (probe == nullptr) return raise_no_memory(t);
  std::free(probe);
  return ok();
}

Status check_result_bits(Thread& t, i128 bits) {
  if (bits > kMostBits) return raise_no_memory(t);
  return check_big_room(t, u64(bits));
}

namespace {

// Below this many bits of a result, or limb products of a modular power, GMP is done before anybody notices.
constexpr i128 kShortBits = i128(1) << 22;
constexpr i128 kShortWork = i128(1) << 28;

// base ** exponent, exponent > 0, base odd or small.
Status power_in_steps(Thread& t, mpz_ptr out, mpz_srcptr base, u64 exponent) {
  mpz_set(out, base);
  for (int bit = 62 - __builtin_clzll(exponent); bit >= 0; bit--) {
    TRY(safepoint(t));
    mpz_mul(out, out, out);
    if (exponent >> bit & 1) mpz_mul(out, out, base);
  }
  return ok();
}

// base ** exponent % modulus for exponent >= 0, modulus > 0: windows of some bits, and the powers of the base for each.
Status modular_power(Thread& t, mpz_ptr out, mpz_srcptr base, mpz_srcptr exponent, mpz_srcptr modulus) {
  size_t bits = mpz_sizeinbase(exponent, 2);
  i128 limbs = i128(mpz_size(modulus));
  if (i128(bits) * limbs * limbs < kShortWork) {
    mpz_powm(out, base, exponent, modulus);
    return ok();
  }
  const u32 width = bits >= 4096 ? 8 : bits >= 256 ? 4 : 1;
  Big powers[256];
  mpz_set_ui(powers[0], 1);
  mpz_mod(powers[1], base, modulus);
  for (u32 i = 2; i < 1u << width; i++) {
    TRY(safepoint(t));
    mpz_mul(powers[i], powers[i - 1], powers[1]);
    mpz_mod(powers[i], powers[i], modulus);
  }
  mpz_set_ui(out, 1);
  for (size_t window = (bits + width - 1) / width; window-- > 0;) {
    TRY(safepoint(t));
    mpz_powm_ui(out, out, 1ul << width, modulus);
    u32 digit = 0;
    for (u32 i = width; i-- > 0;) digit = digit * 2 + u32(mpz_tstbit(exponent, window * width + i));
    if (digit == 0) continue;
    mpz_mul(out, out, powers[digit]);
    mpz_mod(out, out, modulus);
  }
  return ok();
}

}  // namespace

Ref integer_power(Thread& t, Value a, Value b) {
  if (int_sign(b) < 0) {
    double x = TRY(int_to_double(t, a)), y = TRY(int_to_double(t, b));
    if (x == 0) return raise(t, exc::ZeroDivisionError, "zero to a negative power");
    return float_from(t, std::pow(x, y));
  }
  i64 base_small;
  bool unit = int_fits_i64(a, &base_small) && base_small >= -1 && base_small <= 1;
  u64 exponent;
  if (!int_fits_u64(b, &exponent)) {
    if (!unit) return raise_no_memory(t);
    BigView e(b);
    exponent = mpz_odd_p(static_cast<mpz_srcptr>(e)) ? 1 : 2;
  }
  if (unit) exponent = exponent & 1 ? 1 : exponent ? 2 : 0;
  i128 bits = i128(int_bit_length(a)) * exponent;
  TRY(check_result_bits(t, bits));
  BigView x(a);
  Big out;
  if (bits < kShortBits) {
    mpz_pow_ui(out, x, exponent);
    return int_from_mpz(t, out);
  }
  // The twos of the base are a shift.
  u64 twos = mpz_scan1(x, 0);
  Big odd;
  mpz_tdiv_q_2exp(odd, x, twos);
  TRY(power_in_steps(t, out, odd, exponent));
  mpz_mul_2exp(out, out, twos * exponent);
  return int_from_mpz(t, out);
}

// The same for small ints, 0 <= exponent, 0 < modulus.
static u64 small_modular_power(i64 base, u64 exponent, u64 modulus) {
  i64 rest = base % i64(modulus);
  u64 power = rest < 0 ? u64(rest) + modulus : u64(rest), result = modulus == 1 ? 0 : 1;
  // Products of two remainders need 128 bits only where the modulus has more than 32.
  if (modulus >> 32 == 0) {
    for (; exponent != 0; exponent >>= 1, power = power * power % modulus)
      if (exponent & 1) result = result * power % modulus;
    return result;
  }
  for (; exponent != 0; exponent >>= 1, power = u64(u128(power) * power % modulus))
    if (exponent & 1) result = u64(u128(result) * power % modulus);
  return result;
}

Ref int_pow_mod(Thread& t, Value base, Value exponent, Value modulus) {
  if (base.is_small_int() && exponent.is_small_int() && modulus.is_small_int() && exponent.as_small_int() >= 0 &&
      modulus.as_small_int() > 0)
    return Ref::adopt(Value::small_int(
        i64(small_modular_power(base.as_small_int(), u64(exponent.as_small_int()), u64(modulus.as_small_int())))));
  if (int_sign(modulus) == 0) return raise(t, exc::ValueError, "pow() 3rd argument cannot be 0");
  TRY(check_big_room(t, int_bit_length(modulus) * 2));
  BigView b(base), e(exponent), m(modulus);
  Big out, magnitude, inverse;
  mpz_abs(magnitude, m);
  if (int_sign(exponent) < 0) {
    if (mpz_invert(inverse, b, magnitude) == 0 && mpz_cmp_ui(magnitude.get(), 1) != 0)
      return raise(t, exc::ValueError, "base is not invertible for the given modulus");
    Big positive;
    mpz_neg(positive, e);
    TRY(modular_power(t, out, inverse, positive, magnitude));
  } else {
    TRY(modular_power(t, out, b, e, magnitude));
  }
  if (int_sign(modulus) < 0 && mpz_sgn(out.get()) != 0) mpz_add(out, out, m);
  return int_from_mpz(t, out);
}

}  // namespace typhon
