#include "objects/unicode.h"

namespace typhon::unicode {
namespace {

#include "objects/unicode_tables.inc"

u32 apply(u32 c, i32 mapping, bool special, u32* out) {
  if (!special) {
    out[0] = c + u32(mapping);
    return 1;
  }
  u32 n = u32(mapping) & 3;
  const u32* points = kSpecials + (mapping >> 2);
  for (u32 i = 0; i < n; i++) out[i] = points[i];
  return n;
}

}  // namespace

const CharRecord& record(u32 c) {
  if (c > 0x10FFFF) return kRecords[0];
  u32 group = kIndex0[c >> 12];
  u32 block = kIndex1[group * 64 + ((c >> 6) & 63)];
  return kRecords[kIndex2[block * 64 + (c & 63)]];
}

u32 to_upper(u32 c, u32 out[3]) {
  const CharRecord& r = record(c);
  return apply(c, r.upper, r.flags & flag::kSpecialUpper, out);
}
u32 to_lower(u32 c, u32 out[3]) {
  const CharRecord& r = record(c);
  return apply(c, r.lower, r.flags & flag::kSpecialLower, out);
}
u32 to_title(u32 c, u32 out[3]) {
  const CharRecord& r = record(c);
  return apply(c, r.title, r.flags & flag::kSpecialTitle, out);
}
u32 to_folded(u32 c, u32 out[3]) {
  const CharRecord& r = record(c);
  return apply(c, r.fold, r.flags & flag::kSpecialFold, out);
}

}  // namespace typhon::unicode
