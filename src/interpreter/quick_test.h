// Tests of two words, and the jumps behind tests.
#pragma once
#include "interpreter/dispatch.h"

namespace typhon {

// Two words: 1 the same, 0 not, -1 when both are numbers of the heap.
TYPHON_INLINE int quick_is(Value a, Value b) {
  if (a.same_word(b)) return 1;
  if (((a.bits | b.bits) & 7) != 0) return 0;
  u32 shape = a.object()->shape_id();
  return shape == kShape_int_ || shape == kShape_float_ ? -1 : 0;
}
// The end of a test whose result the truth jump behind it consumes.
#define JUMP_ON(result)                                                            \
  do {                                                                             \
    pc++;                                                                          \
    if ((result) == (Op(pc->op) == Op::JUMP_IF_TRUE)) NEXT(pc->jump());            \
    NEXT(1);                                                                       \
  } while (0)

}  // namespace typhon
