// Which parts of the extra units of instructions belong to the program (wide operands) and which are caches.
#include "bytecode/code.h"

namespace typhon {

u64 persistent_unit(Op op, u32 k, u64 value) {
  switch (op) {
    case Op::FOR_ITER:
    case Op::UNPACK_EX:
    case Op::MATCH_CLASS:
    case Op::INTRINSIC_2: return k == 1 ? u32(value) : 0;
    case Op::CALL_KW:
    case Op::CALL_METHOD_KW: return k == 2 ? u32(value) : 0;
    default: return 0;
  }
}

}  // namespace typhon
