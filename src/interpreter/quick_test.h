// Tests of two words, and the jumps behind tests.
#pragma once
#include "interpreter/dispatch.h"

namespace typhon {

TYPHON_INLINE bool is_heap_number(const Object* object) {
  u32 shape = object->shape_id();
  return shape == kShape_int_ || shape == kShape_float_;
}
// Two words: 1 the same, 0 not, -1 when both are numbers of the heap.
TYPHON_INLINE int quick_is(Value a, Value b) {
  if (a.same_word(b)) return 1;
  if (((a.bits | b.bits) & 7) != 0) return 0;
  return is_heap_number(a.object()) ? -1 : 0;
}
// The truth of an immediate: 1 true, 0 false, -1 needs a look.
TYPHON_INLINE int quick_truth(Value v) {
  if (v.is_bool()) return v.is_true();
  if (v.is_small_int()) return v.bits != 1;
  if (v.is_none()) return 0;
  return -1;
}
// Of the exact built-in containers and strings, and of what has no truth of its own: 1, 0, or -1 for anything else.
TYPHON_INLINE int object_truth(Value v) {
  if (!v.is_object()) return v.is_tagged_float() ? 1 : v.is_float_zero() ? 0 : -1;
  switch (quick_shape(v.object())) {
    case kShape_list: return __atomic_load_n(&v.as<List>()->size, __ATOMIC_RELAXED) != 0;
    case kShape_tuple: return v.as<Tuple>()->size != 0;
    case kShape_str: return v.as<Str>()->length() != 0;
    case kShape_dict: return __atomic_load_n(&v.as<Dict>()->used, __ATOMIC_RELAXED) != 0;
    case kShape_bytes: return v.as<Bytes>()->size != 0;
    case kShape_set:
    case kShape_frozenset: return __atomic_load_n(&v.as<Set>()->used, __ATOMIC_RELAXED) != 0;
    default: break;
  }
  const Slots& slots = type_of_object(v.object())->slots;
  return slots.bool_ == nullptr && slots.length == nullptr ? 1 : -1;
}
// The end of a test whose result the truth jump behind it consumes.
#define JUMP_ON(result)                                                            \
  do {                                                                             \
    pc++;                                                                          \
    if ((result) == (Op(pc->op) == Op::JUMP_IF_TRUE)) NEXT(pc->jump());            \
    NEXT(1);                                                                       \
  } while (0)

}  // namespace typhon
