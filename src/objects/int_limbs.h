// Arithmetic of heap ints on their limbs: results are made in place, without a scratch number. Not a public interface.
#pragma once
#include <gmp.h>

#include "objects/int.h"

namespace typhon {

// a op b for kAdd, kSub, kMul, kAnd, kOr, kXor of ints; EMPTY where this file has no way (operands below zero of bit
// operations, other operators).
Ref limbs_binary(Thread& t, IntOp op, Value a, Value b);
// `v` shifted by `n` bits, to the left or (v >= 0) to the right.
Ref limbs_shift_left(Thread& t, Value v, u64 n);
Ref limbs_shift_right(Thread& t, Value v, u64 n);
// Decimal digits of a heap int of at most kMaxShortLimbs limbs; EMPTY text for others.
inline constexpr size_t kMaxShortLimbs = 24;
RefTo<Str> limbs_to_decimal(Thread& t, const Int* v);
// 19 to kMaxShortDigits decimal digits.
inline constexpr size_t kMaxShortDigits = kMaxShortLimbs * 19;
Ref limbs_from_decimal(Thread& t, const char* digits, size_t n, bool negative);

}  // namespace typhon
