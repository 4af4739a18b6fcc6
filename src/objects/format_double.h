// Floats to text: exact rounding to any precision, and the shortest form. Independent of the locale.
#pragma once
#include "objects/byte_builder.h"
#include "objects/float.h"

namespace typhon {

namespace double_flag {
inline constexpr u32 kAlternate = 1;    // keep the point and trailing zeros
inline constexpr u32 kAddDotZero = 2;   // ".0" after what would look like an int
inline constexpr u32 kAlwaysSign = 4;   // "+" for what is not negative
inline constexpr u32 kNoNegativeZero = 8;  // no "-" when the rounded result is zero
}  // namespace double_flag

// code: e E f F g G as in printf, r for the shortest form that reads back (precision is ignored then).
void format_double(ByteBuilder& out, double d, char code, int precision, u32 flags);

}  // namespace typhon
