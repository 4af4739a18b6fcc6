// GMP views of ints, for int.cpp, int_methods.cpp, float.cpp and math. Not a public interface.
#pragma once
#include <gmp.h>

#include "objects/int.h"

namespace typhon {

// A read-only mpz of an int Value (is_int holds); valid while the Value is.
class BigView {
 public:
  explicit BigView(Value v) {
    if (v.is_small_int()) {
      i64 n = v.as_small_int();
      limb_ = n < 0 ? u64(-n) : u64(n);
      mpz_roinit_n(value_, &limb_, n == 0 ? 0 : n < 0 ? -1 : 1);
    } else if (v.is_bool()) {
      limb_ = v.is_true();
      mpz_roinit_n(value_, &limb_, v.is_true());
    } else {
      auto* big = v.as<Int>();
      mpz_roinit_n(value_, reinterpret_cast<const mp_limb_t*>(big->limbs), mp_size_t(big->size));
    }
  }
  BigView(const BigView&) = delete;
  operator mpz_srcptr() const { return value_; }

 private:
  mp_limb_t limb_ = 0;
  mpz_t value_;
};

// A scratch number.
class Big {
 public:
  Big() { mpz_init(value_); }
  ~Big() { mpz_clear(value_); }
  Big(const Big&) = delete;
  operator mpz_ptr() { return value_; }
  mpz_ptr get() { return value_; }

 private:
  mpz_t value_;
};

// MemoryError when there is no room for working with numbers of so many bits: GMP itself ends the process when memory is refused.
Status check_big_room(Thread& t, u64 bits);
// MemoryError for results that nobody can wait for, and check_big_room.
inline constexpr i128 kMostBits = i128(1) << 36;
Status check_result_bits(Thread& t, i128 bits);
// a ** b, a float when b is below zero.
Ref integer_power(Thread& t, Value a, Value b);
// Decimal digits in front of `end`, two at a time; where they begin.
char* write_decimal(char* end, u64 n);
// The int Value for a number: immediate when it fits.
Ref int_from_mpz(Thread& t, mpz_srcptr n);
// a / b correctly rounded; false on overflow. b != 0.
bool big_divide(mpz_srcptr a, mpz_srcptr b, double* out);
// Correctly rounded; false on overflow.
bool big_to_double(mpz_srcptr a, double* out);

}  // namespace typhon
