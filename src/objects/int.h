// int: 63-bit immediates, and heap ints of any size (GMP limbs) beyond; bool. (docs/values.md)
#pragma once
#include "base/relaxed.h"
#include "objects/types.h"

namespace typhon {

// A heap int: magnitude outside the immediate range for exact ints; any value for subclass instances. aux2 = hash cache unused.
struct Int : Object {
  i64 size;        // sign * number of limbs
  u64 limbs[1];    // least significant first
};

// int, bool, or an instance of a subclass.
bool is_int_slow(Value v);
TYPHON_INLINE bool is_int(Value v) { return v.is_small_int() || v.is_bool() || (v.is_object() && is_int_slow(v)); }
// Exactly int (not bool).
TYPHON_INLINE bool is_exact_int(Value v) { return v.is_small_int() || is_exact(v, kShape_int_); }

Ref int_from_big(Thread& t, i128 n);
TYPHON_INLINE Ref int_from(Thread& t, i64 n) {
  if (Value::fits_small_int(n)) [[likely]] return Ref::adopt(Value::small_int(n));
  return int_from_big(t, n);
}
Ref int_from_u64(Thread& t, u64 n);
Ref int_from_double(Thread& t, double d);  // truncates; OverflowError/ValueError for inf/nan with CPython's text
// Digits of any base 2..36 (ASCII, underscores checked by the caller removed); no limit check.
Ref int_from_digits(Thread& t, const char* digits, size_t n, int base, bool negative);
Ref int_from_bytes(Thread& t, const u8* bytes, size_t n, bool little_endian, bool is_signed);

// --- conversions of an int (is_int holds)
// False when it does not fit.
bool int_fits_i64(Value v, i64* out);
bool int_fits_u64(Value v, u64* out);
int int_sign(Value v);
Result<double> int_to_double(Thread& t, Value v);  // OverflowError("int too large to convert to float")
i64 int_hash(Value v);
u64 int_bit_length(Value v);
u64 int_low_u64(Value v);  // modulo 2^64
// Two's complement of exactly n bytes; OverflowError when it does not fit.
Status int_to_bytes(Thread& t, Value v, u8* out, size_t n, bool little_endian, bool is_signed);
RefTo<Str> int_to_str(Thread& t, Value v, int base = 10, bool prefix = false);  // honours int_max_str_digits for base 10

// --- conversions of any object
// __index__: an exact int. TypeError "'X' object cannot be interpreted as an integer".
Ref to_index(Thread& t, Value v);
// to_index, then i64; OverflowError "Python int too large to convert to C ssize_t" (or `overflow` null: clamps).
Result<i64> to_i64(Thread& t, Value v, const char* overflow_message = "Python int too large to convert to C long");
// For slices and positions: clamps instead of raising.
Result<i64> to_clamped_i64(Thread& t, Value v);
// int(v): __int__, __index__, __trunc__ are tried; strings and bytes parsed by int_new only.
Ref to_int(Thread& t, Value v);

// --- arithmetic on ints (is_int holds for both), shared by operators, math, and the interpreter's slow paths
enum class IntOp : u8 { kAdd, kSub, kMul, kFloorDiv, kMod, kAnd, kOr, kXor, kLshift, kRshift, kPow, kTrueDiv, kDivmod };
Ref int_binary(Thread& t, IntOp op, Value a, Value b);
int int_compare(Value a, Value b);  // -1, 0, 1
Ref int_pow_mod(Thread& t, Value base, Value exponent, Value modulus);
Ref int_gcd(Thread& t, Value a, Value b);
Ref int_isqrt(Thread& t, Value v);
Ref int_negate(Thread& t, Value v);
extern Relaxed<i64> g_int_max_str_digits;

}  // namespace typhon
