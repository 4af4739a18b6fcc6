// float and complex. Floats are immediates but for inf, NaN, subnormals and very large or small ones (docs/values.md).
#pragma once
#include "objects/types.h"

namespace typhon {

struct Float : Object {
  double value;
};
struct Complex : Object {
  double real, imag;
};

TYPHON_INLINE bool is_exact_float(Value v) { return v.is_immediate_float() || is_exact(v, kShape_float_); }
TYPHON_INLINE bool is_float(Value v) {
  return v.is_immediate_float() || (v.is_object() && (v.object()->shape_id() == kShape_float_ || is_native_instance(v, types::float_)));
}
// is_float must hold.
TYPHON_INLINE double float_value(Value v) {
  return v.is_immediate_float() ? v.as_immediate_float() : v.as<Float>()->value;
}
Ref float_from_slow(Thread& t, double d);
TYPHON_INLINE Ref float_from(Thread& t, double d) {
  Value v;
  if (Value::encode_float(d, &v)) [[likely]] return Ref::adopt(v);
  return float_from_slow(t, d);
}
Ref complex_from(Thread& t, double real, double imag);
// float(v) without strings: __float__, __index__. TypeError "must be real number, not X".
Result<double> to_double(Thread& t, Value v);
Ref float_from_string(Thread& t, const char* text, size_t n, Value original);  // ValueError "could not convert string to float: ..."
i64 float_hash(double d, const void* identity);
// Shortest repr; with ".0" added when `add_dot_zero`. Writes to out (>= 32 bytes), returns the length.
size_t format_double_repr(double d, char* out, bool add_dot_zero);

}  // namespace typhon
