// math: what integer.cpp and sums.cpp define for the module's table.
#pragma once
#include "objects/module.h"

namespace typhon {

Ref math_comb(Thread& t, Value, const Value* a);
Ref math_factorial(Thread& t, Value, const Value* a);
Ref math_gcd(Thread& t, Value, const Value* a);
Ref math_isqrt(Thread& t, Value, const Value* a);
Ref math_lcm(Thread& t, Value, const Value* a);
Ref math_perm(Thread& t, Value, const Value* a);
Ref math_dist(Thread& t, Value, const Value* a);
Ref math_fsum(Thread& t, Value, const Value* a);
Ref math_hypot(Thread& t, Value, const Value* a);
Ref math_prod(Thread& t, Value, const Value* a);
Ref math_sumprod(Thread& t, Value, const Value* a);

}  // namespace typhon
