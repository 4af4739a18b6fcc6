// Character properties and full case mappings (Unicode 16.0.0), from tables that tools/unicode_tables.py generates.
#pragma once
#include "base/common.h"

namespace typhon::unicode {

namespace flag {
inline constexpr u32 kAlpha = 1 << 0, kDecimal = 1 << 1, kDigit = 1 << 2, kNumeric = 1 << 3, kSpace = 1 << 4,
                     kPrintable = 1 << 5, kLower = 1 << 6, kUpper = 1 << 7, kTitle = 1 << 8, kIdStart = 1 << 9,
                     kIdContinue = 1 << 10, kCaseIgnorable = 1 << 11, kCased = 1 << 12, kLineBreak = 1 << 13,
                     kSpecialUpper = 1 << 14, kSpecialLower = 1 << 15, kSpecialTitle = 1 << 16,
                     kSpecialFold = 1 << 17;
}  // namespace flag

// A case mapping is a delta, or (flagged) offset * 4 + count into the table of expanding mappings.
struct CharRecord {
  i32 upper, lower, title, fold;
  u32 flags;
  u32 digit;
};

const CharRecord& record(u32 code_point);
inline u32 flags(u32 c) { return record(c).flags; }
inline bool is_space(u32 c) {
  if (c < 128) return c == ' ' || (c >= 9 && c <= 13) || (c >= 0x1C && c <= 0x1F);
  return flags(c) & flag::kSpace;
}
inline bool is_line_break(u32 c) {
  if (c < 128) return (c >= 10 && c <= 13) || (c >= 0x1C && c <= 0x1E);
  return flags(c) & flag::kLineBreak;
}
inline bool is_printable(u32 c) {
  if (c < 127) return c >= 32;
  return flags(c) & flag::kPrintable;
}
inline bool is_alnum(u32 c) {
  return flags(c) & (flag::kAlpha | flag::kDecimal | flag::kDigit | flag::kNumeric);
}
// The value of a decimal digit of any script, or -1.
inline int decimal_value(u32 c) {
  if (c < 128) return c >= '0' && c <= '9' ? int(c - '0') : -1;
  const CharRecord& r = record(c);
  return r.flags & flag::kDecimal ? int(r.digit) : -1;
}

// Write one to three code points and return how many.
u32 to_upper(u32 c, u32 out[3]);
u32 to_lower(u32 c, u32 out[3]);
u32 to_title(u32 c, u32 out[3]);
u32 to_folded(u32 c, u32 out[3]);

}  // namespace typhon::unicode
