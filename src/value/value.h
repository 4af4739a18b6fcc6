// Value: one 64-bit word that is any Python value (docs/values.md).
//
//     ...0000  heap object (16-byte aligned); all zero is EMPTY: "no value here", never seen by Python code
//     ...1000  heap object, deferred reference: holds no count. In registers and Refs only, never in a heap slot
//     ...xx1   int, 63 bits signed
//     ...x10   float, self-tagged: t = rol(bits + 2^60, 3), immediate when (t & 3) == 2
//     ...100   specials: None False True Ellipsis NotImplemented UNBOUND ERROR +0.0 -0.0
//
// A Value by itself owns nothing: it is a borrowed word. Ref (value/ref.h) owns; Field (heap/field.h) is a slot of a
// heap object.
#pragma once
#include <bit>

#include "base/common.h"

namespace typhon {

struct Object;

struct Value {
  u64 bits;

  static constexpr u64 kDeferredBit = 8;
  static constexpr i64 kMaxSmallInt = (i64(1) << 62) - 1;
  static constexpr i64 kMinSmallInt = -(i64(1) << 62);
  static constexpr u64 kFloatBias = u64(1) << 60;

  constexpr Value() : bits(0) {}
  constexpr explicit Value(u64 word) : bits(word) {}
  // Takes no count: a borrowed word.
  Value(const Object* object) : bits(reinterpret_cast<u64>(object)) {}

  // --- construction of immediates
  static constexpr bool fits_small_int(i64 n) { return n >= kMinSmallInt && n <= kMaxSmallInt; }
  // n must satisfy fits_small_int; int_from (objects/int.h) makes an int of any size.
  static constexpr Value small_int(i64 n) { return Value((u64(n) << 1) | 1); }
  static constexpr Value boolean(bool b) { return Value(0x0C | (u64(b) << 4)); }
  // True and *out set when the double has an immediate form (all but inf, NaN, subnormals and the far ends).
  static constexpr bool encode_float(double d, Value* out) {
    u64 raw = std::bit_cast<u64>(d);
    u64 t = std::rotl(raw + kFloatBias, 3);
    if ((t & 3) == 2) [[likely]] {
      out->bits = t;
      return true;
    }
    if ((raw << 1) == 0) {
      out->bits = raw ? 0x3C : 0x2C;
      return true;
    }
    return false;
  }

  // --- tests
  constexpr bool is_empty() const { return bits == 0; }
  constexpr bool is_error() const { return bits == 0x24; }
  constexpr bool is_unbound() const { return bits == 0x14; }
  constexpr bool is_small_int() const { return bits & 1; }
  // True for the tagged form only; +0.0/-0.0 are specials and extreme values are heap objects (see is_float in float.h).
  constexpr bool is_tagged_float() const { return (bits & 3) == 2; }
  constexpr bool is_float_zero() const { return (bits & ~u64(0x10)) == 0x2C; }
  constexpr bool is_immediate_float() const { return is_tagged_float() || is_float_zero(); }
  constexpr bool is_none() const { return bits == 0x04; }
  constexpr bool is_bool() const { return (bits & ~u64(0x10)) == 0x0C; }
  constexpr bool is_true() const { return bits == 0x1C; }
  constexpr bool is_false() const { return bits == 0x0C; }
  // A heap object, counted or deferred; not EMPTY.
  constexpr bool is_object() const { return (bits & 7) == 0 && bits != 0; }
  constexpr bool is_deferred() const { return (bits & 15) == kDeferredBit; }
  // An owned register word with this property carries one count. EMPTY tests true as well: callers check for null late.
  constexpr bool maybe_counted() const { return (bits & 15) == 0; }

  // --- access
  constexpr i64 as_small_int() const { return i64(bits) >> 1; }
  constexpr double as_tagged_float() const { return std::bit_cast<double>(std::rotr(bits, 3) - kFloatBias); }
  constexpr double as_immediate_float() const {
    if (is_tagged_float()) [[likely]] return as_tagged_float();
    return bits == 0x2C ? 0.0 : -0.0;
  }
  Object* object() const { return reinterpret_cast<Object*>(bits & ~kDeferredBit); }
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(object());
  }
  // The word as heap slots hold it: without the deferred mark.
  constexpr Value untagged() const { return (bits & 7) == 0 ? Value(bits & ~kDeferredBit) : *this; }

  // Identity (`is`): the deferred mark does not count. Ints and floats compare by value, as their id() does. Heap
  // ints and heap floats are handled by is_same (objects/protocol/object.h).
  constexpr bool same_word(Value other) const { return untagged().bits == other.untagged().bits; }
};

inline constexpr Value EMPTY{u64(0)};
inline constexpr Value None{u64(0x04)};
inline constexpr Value False{u64(0x0C)};
inline constexpr Value True{u64(0x1C)};
inline constexpr Value UNBOUND{u64(0x14)};
inline constexpr Value ERROR{u64(0x24)};
inline constexpr Value Ellipsis{u64(0x34)};
inline constexpr Value NotImplemented{u64(0x44)};

static_assert(sizeof(Value) == 8);

}  // namespace typhon
