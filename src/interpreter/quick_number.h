// Whether operands are numbers that are immediates, and what they are.
#pragma once
#include "interpreter/dispatch.h"

namespace typhon {

// The end of an instruction whose operands and result are immediates.
#define STORE_IMMEDIATE(value) SET_AND_NEXT(&r[pc->a], value, 1)

TYPHON_INLINE bool both_ints(Value a, Value b) { return a.bits & b.bits & 1; }
// Behind a test for ints, which has the conjunction at hand: floats are what has bit 1 and not bit 0.
TYPHON_INLINE bool are_tagged_floats(u64 conjunction, u64 disjunction) {
  static_assert(Value(u64(2)).is_tagged_float() && !Value(u64(1)).is_tagged_float() && !Value(u64(3)).is_tagged_float());
  if (!(conjunction & 2)) [[unlikely]] return false;
  asm volatile("");  // two tests and branches, which are an instruction each
  return !(disjunction & 1);
}
TYPHON_INLINE bool both_tagged_floats(Value a, Value b) { return are_tagged_floats(a.bits & b.bits, a.bits | b.bits); }

// An immediate number as a double; false for anything else. Bools are left to the general way.
TYPHON_INLINE bool as_double(Value v, double* out) {
  if (v.is_immediate_float()) {
    *out = v.as_immediate_float();
    return true;
  }
  if (v.is_small_int()) {
    i64 n = v.as_small_int();
    *out = double(n);
    return n >= -(i64(1) << 53) && n <= (i64(1) << 53);
  }
  return false;
}

TYPHON_INLINE bool is_whole(Value v) { return v.is_small_int() || is_exact(v, kShape_int_); }

}  // namespace typhon
