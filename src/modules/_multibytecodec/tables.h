// The mappings of the multibyte codecs, unpacked from tables.inc (tools/cjk_tables.py) when a codec is first used.
#pragma once
#include <memory>
#include <vector>

#include "base/common.h"

namespace typhon::mbc {

enum TableId : u8 {
  kGb2312, kGbk, kGb18030, kBig5Hkscs, kShiftJis, kCp932, kEucJp, kShiftJis2004, kEucJis2004, kEucJisx0213, kShiftJisx0213,
  kEucKr, kCp949, kJohab, kBig5, kCp950, kTableCount
};

constexpr u32 kNothing = 0xFFFFFFFF;   // no such sequence, or a character without one
constexpr u32 kTwoBytesBad = 0xFFFFFFFE;  // a pair that is wrong as a whole
constexpr u32 kPairFlag = 0x80000000;  // decode: the rest is an index of `pairs`

// A byte sequence is the number that its bytes make, first byte highest. Immutable once made.
struct Table {
  struct Pair {
    u32 first, second, sequence;
  };
  struct Range {
    u32 number, character, length;
  };
  u32 one[256];
  bool lead[256] = {};
  std::vector<u32> two = std::vector<u32>(65536, kNothing);
  std::vector<u32> three;  // after 0x8F; empty when there are none
  std::vector<Pair> pairs;  // two characters that are one sequence
  std::vector<Range> ranges;
  std::unique_ptr<u32[]> encode_pages[0x300];

  u32 decode(u32 sequence) const {
    if (sequence < 0x100) return one[sequence];
    if (sequence < 0x10000) return two[sequence];
    return three.empty() ? kNothing : three[sequence & 0xFFFF];
  }
  u32 encode(u32 c) const {
    if (c >= 0x30000 || encode_pages[c >> 8] == nullptr) return kNothing;
    return encode_pages[c >> 8][c & 255];
  }
  // kNothing: no character of `pairs` begins with c. Otherwise the sequence of c and next, or 0 when those are no pair.
  u32 encode_pair(u32 c, u32 next) const;
};

// Makes the table, once; false when that failed. Thread-safe. They stay.
bool make_table(TableId id);
extern const Table* g_tables[kTableCount];
// Of a codec that find_codec() gave out: its table is there.
inline const Table* table(TableId id) { return g_tables[id]; }

}  // namespace typhon::mbc
