// _sre: compiled patterns. A Program is the code list of re._compiler, checked once, with side tables that let the matcher
// run without looking anything up: repeat slots, and bitmaps that answer character sets for the first 256 characters.
#pragma once
#include <vector>

#include "objects/module.h"
#include "objects/unicode.h"

namespace typhon::sre {

inline constexpr u32 kMagic = 20230612;
inline constexpr u32 kMaxRepeat = 0xFFFFFFFF;
inline constexpr u32 kMaxGroups = 0xFFFFFFFF / 4;

// The numbering of re/_constants.py.
enum Op : u32 {
  kFailure, kSuccess, kAny, kAnyAll, kAssert, kAssertNot, kAt, kBranch, kCategory, kCharset, kBigCharset, kGroupRef,
  kGroupRefExists, kIn, kInfo, kJump, kLiteral, kMark, kMaxUntil, kMinUntil, kNotLiteral, kNegate, kRange, kRepeat,
  kRepeatOne, kSubpattern, kMinRepeatOne, kAtomicGroup, kPossessiveRepeat, kPossessiveRepeatOne, kGroupRefIgnore,
  kInIgnore, kLiteralIgnore, kNotLiteralIgnore, kGroupRefLocIgnore, kInLocIgnore, kLiteralLocIgnore,
  kNotLiteralLocIgnore, kGroupRefUniIgnore, kInUniIgnore, kLiteralUniIgnore, kNotLiteralUniIgnore, kRangeUniIgnore,
  kOpCount
};
enum At : u32 {
  kBeginning, kBeginningLine, kBeginningString, kBoundary, kNonBoundary, kEnd, kEndLine, kEndString, kLocBoundary,
  kLocNonBoundary, kUniBoundary, kUniNonBoundary, kAtCount
};
enum Category : u32 {
  kDigit, kNotDigit, kSpace, kNotSpace, kWord, kNotWord, kLinebreak, kNotLinebreak, kLocWord, kLocNotWord, kUniDigit,
  kUniNotDigit, kUniSpace, kUniNotSpace, kUniWord, kUniNotWord, kUniLinebreak, kUniNotLinebreak, kCategoryCount
};
namespace info {
inline constexpr u32 kPrefix = 1, kWholeLiteral = 2, kCharset = 4;
}
inline constexpr u32 kFlagIgnoreCase = 2, kFlagLocale = 4, kFlagMultiline = 8, kFlagDotAll = 16, kFlagUnicode = 32,
                     kFlagVerbose = 64, kFlagDebug = 128, kFlagAscii = 256;

// 256 answers.
struct Bitmap {
  u32 words[8] = {};
  bool test(u32 c) const { return words[c >> 5] >> (c & 31) & 1; }
  void set(u32 c) { words[c >> 5] |= u32(1) << (c & 31); }
};
inline constexpr u32 kNoBitmap = 0xFFFFFFFF;

struct Program {
  std::vector<u32> code;
  // Parallel to `code`. At a repeat: its slot; at an UNTIL: where its REPEAT is; at an IN: the index of its bitmap.
  std::vector<u32> side;
  std::vector<Bitmap> bitmaps;
  u32 groups = 0;
  u32 repeats = 0;
  u32 flags = 0;
  // From the INFO block.
  u32 body = 0;  // the first instruction behind it
  u32 min_width = 0;
  u32 prefix = 0, prefix_length = 0;  // position in code
  bool whole_literal = false;
  u32 charset = 0;  // position in code, 0: none
  u32 charset_bitmap = kNoBitmap;
  bool anchored = false;  // can match at the beginning of the string only
};

// Checks the code and fills the side tables in. False when the code makes no sense.
bool prepare(Program& program);

// --- characters
inline u32 ascii_lower(u32 c) { return c - 'A' < 26 ? c + 32 : c; }
u32 locale_lower(u32 c);
u32 locale_upper(u32 c);
bool locale_word(u32 c);
inline u32 unicode_lower(u32 c) {
  if (c < 128) return ascii_lower(c);
  u32 out[3];
  unicode::to_lower(c, out);
  return out[0];
}
inline u32 unicode_upper(u32 c) {
  if (c < 128) return c - 'a' < 26 ? c - 32 : c;
  u32 out[3];
  unicode::to_upper(c, out);
  return out[0];
}
inline bool is_word(u32 c) { return c < 128 && (c - '0' < 10 || (c | 32) - 'a' < 26 || c == '_'); }
inline bool is_unicode_word(u32 c) { return c < 128 ? is_word(c) : unicode::is_alnum(c); }
bool in_category(u32 category, u32 c);
// Whether c is in the set whose code begins at `set`.
bool in_charset(const u32* set, u32 c);
// The same for any of the IN opcodes, with its way of ignoring case.
bool in_set(u32 op, const u32* set, u32 c);

}  // namespace typhon::sre
