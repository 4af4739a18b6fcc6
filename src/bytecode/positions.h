// Reading and writing the packed position table of a code object.
#pragma once
#include "bytecode/code.h"

namespace typhon {

// Whether code made from now on knows columns and last lines: not with -X no_debug_ranges.
bool debug_ranges();
void set_debug_ranges(bool wanted);

// malloc'ed; *size bytes.
u8* pack_positions(const PositionRow* rows, u32 n, u32* size);

// The rows in order. A damaged table (code.replace) ends early; it never reads past its end.
class PositionReader {
 public:
  explicit PositionReader(const Code* code) : at_(code->positions), end_(code->positions + code->position_bytes) {}
  bool next(PositionRow* row);

 private:
  u64 number();
  const u8* at_;
  const u8* end_;
  u32 unit_ = 0;
  i32 line_ = 0;
};

}  // namespace typhon
