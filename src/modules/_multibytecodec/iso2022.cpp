// ISO 2022: character sets designated by escape sequences. The sets are read out of the tables of the EUC codecs, whose bytes are
// those of the sets with the high bit set.
#include "modules/_multibytecodec/codec.h"

namespace typhon::mbc {
namespace {

enum SetId : u8 {
  kEnd, kSetKsx1001, kSetJisx0208, kSetJisx0208Old, kSetJisx0212, kSetGb2312, kSetRoman, kSetKana, kSetJisx0213Plane1,
  kSetJisx0213OldPlane1, kSetJisx0213Plane2, kSetJisx0213OldPlane2, kSetLatin1, kSetGreek
};
constexpr u32 kNoShift = 1, kHasG2 = 2, kOldJisEscape = 4;
constexpr u8 kWide = 0x80;  // in a mark: two bytes
constexpr u8 kAscii = 'B';

struct Set {
  u8 mark;      // final byte of its escape sequence, with kWide
  u8 plane;     // G0, G1, G2
  TableId table;
  u32 prefix;   // what its sequences have in the EUC table before the two bytes
};
constexpr Set kSets[] = {
    {},
    {'C' | kWide, 0, kEucKr, 0},
    {'B' | kWide, 0, kEucJp, 0},
    {'@' | kWide, 0, kEucJp, 0},
    {'D' | kWide, 0, kEucJp, 0x8F0000},
    {'A' | kWide, 0, kGb2312, 0},
    {'J', 0, kEucJp, 0},
    {'I', 0, kEucJp, 0},
    {'Q' | kWide, 0, kEucJis2004, 0},
    {'O' | kWide, 0, kEucJisx0213, 0},
    {'P' | kWide, 0, kEucJis2004, 0x8F0000},
    {'P' | kWide, 0, kEucJisx0213, 0x8F0000},
    {'A', 2, kEucJp, 0},
    {'F', 2, kEucJp, 0},
};

void set_flag(State& state, u8 flag, bool on) { state.flags = u8(on ? state.flags | flag : state.flags & ~flag); }

u8 plane_of(const Codec& codec, u8 set) { return codec.flags & kNoShift ? kSets[set].plane : 1; }

bool is_plane1(u8 id) { return id == kSetJisx0213Plane1 || id == kSetJisx0213OldPlane1; }
// The rows that plane 2 of JIS X 0213 leaves free hold JIS X 0212 in the EUC codecs.
bool outside_plane2(u8 id, u32 bytes) {
  if (id != kSetJisx0213Plane2 && id != kSetJisx0213OldPlane2) return false;
  u32 row = (bytes >> 8 & 0x7F) - 0x20;
  return !(row == 1 || (row >= 3 && row <= 5) || row == 8 || (row >= 12 && row <= 15) || row >= 78);
}

// A character of the set, by its 7-bit bytes.
u32 decode_in(u8 id, const u8* in) {
  if (id == kSetRoman) return in[0] == 0x5C ? 0xA5 : in[0] == 0x7E ? 0x203E : in[0] < 0x80 ? in[0] : kNothing;
  if (id == kSetKana) return in[0] >= 0x21 && in[0] <= 0x5F ? 0xFF40 + in[0] : kNothing;
  if (in[0] < 0x21 || in[0] > 0x7E || in[1] < 0x21 || in[1] > 0x7E) return kNothing;
  const Set& set = kSets[id];
  u32 bytes = u32(in[0] << 8 | in[1]) | 0x8080;
  // The row of the backslash: the EUC codec reads the plain one for it, the set the wide one.
  if (set.table == kEucJp && set.prefix == 0 && bytes == 0xA1C0) return 0xFF3C;
  if (id == kSetKsx1001 && bytes == 0xA4D4) return 0x3164;
  // Where EUC has a wide tilde, to tell it from ASCII's.
  if (is_plane1(id) && bytes == 0xA2B2) return '~';
  if (outside_plane2(id, bytes)) return kNothing;
  // Reading, iso2022_jp_3 takes the plane 2 of 2004.
  return table(id == kSetJisx0213OldPlane2 ? kEucJis2004 : set.table)->decode(set.prefix | bytes);
}

u32 encode_in(u8 id, u32 c) {
  if (id == kSetRoman) return c == 0xA5 ? 0x5C : c == 0x203E ? 0x7E : kNothing;
  if (id == kSetKana) return c >= 0xFF61 && c <= 0xFF9F ? c - 0xFF40 : kNothing;
  if (id == kSetLatin1 || id == kSetGreek || c < 0x80) return kNothing;
  const Set& set = kSets[id];
  if (id == kSetJisx0208 && c == 0xFF3C) return 0x2140;
  if (is_plane1(id) && c == 0xFF5E) return kNothing;
  u32 sequence = table(set.table)->encode(c);
  if (outside_plane2(id, sequence)) return kNothing;
  if (sequence == kNothing || (sequence & ~0xFFFFu) != set.prefix || (sequence & 0x8080) != 0x8080) return kNothing;
  sequence &= 0x7F7F;
  // Half-width kana are two bytes with a lead byte of 0x8E in EUC, and belong to no set of two bytes.
  return (sequence >> 8) < 0x21 ? kNothing : sequence;
}

u8 set_with_mark(const Codec& codec, u8 mark, u8 plane) {
  for (const u8* id = codec.sets; *id != kEnd; id++)
    if (kSets[*id].mark == mark && (kSets[*id].plane == 2) == (plane == 2)) return *id;
  return kEnd;
}

bool is_final(u8 c) { return (c >= 'A' && c <= 'Z') || c == '@'; }

int designate(const Codec& codec, State& state, const u8* in, size_t n) {
  size_t length = 0;
  for (size_t i = 1; i < 16; i++) {
    if (i >= n) return kIncomplete;
    if (is_final(in[i])) {
      length = i + 1;
      break;
    }
    if ((codec.flags & kOldJisEscape) && i + 1 < n && in[i] == '&' && in[i + 1] == '@') i += 2;
  }
  u8 mark, plane;
  if (length == 3) {
    bool wide = in[1] == '$';
    mark = u8(in[2] | (wide ? kWide : 0));
    if (wide || in[1] == '(')
      plane = 0;
    else if (in[1] == ')')
      plane = 1;
    else if ((codec.flags & kHasG2) && in[1] == '.')
      plane = 2;
    else
      return -3;
  } else if (length == 4 && in[1] == '$' && (in[2] == '(' || in[2] == ')')) {
    mark = in[3] | kWide;
    plane = in[2] == ')';
  } else if (length == 6 && (codec.flags & kOldJisEscape) && in[1] == '&' && in[2] == '@' && in[3] == 0x1B && in[4] == '$' && in[5] == 'B') {
    mark = 'B' | kWide;
    plane = 0;
  } else {
    return length == 0 ? -1 : -int(length);
  }
  if (mark == kAscii)
    state.g[plane] = kAscii;
  else if (set_with_mark(codec, mark, plane) == kEnd)
    return -int(length);
  else
    state.g[plane] = mark;
  return int(length);
}

int decode_g2(const State& state, const u8* in, size_t n, StrBuilder& out) {
  if (n < 3) return kIncomplete;
  if (state.g[2] != 'F' && in[2] >= 0x80) return -3;
  if (state.g[2] == kAscii) {
    out.append(in[2]);
    return 3;
  }
  if (state.g[2] == 'A') {
    out.append(in[2] | 0x80u);
    return 3;
  }
  if (state.g[2] != 'F') return -3;
  // ISO 8859-7, upper half.
  u8 c = in[2] ^ 0x80;
  u32 character = kNothing;
  if (c == 0xA1 || c == 0xA2)
    character = c == 0xA1 ? 0x2018 : 0x2019;
  else if (c == 0xAF)
    character = 0x2015;
  else if (c <= 0xA0 || c == 0xA3 || (c >= 0xA6 && c <= 0xA9) || (c >= 0xAB && c <= 0xAD) || (c >= 0xB0 && c <= 0xB3) || c == 0xB7 ||
           c == 0xBB || c == 0xBD)
    character = c;
  else if ((c >= 0xB4 && c <= 0xFE) && c != 0xD2)
    character = c + 0x2D0u;
  if (character == kNothing) return -3;
  out.append(character);
  return 3;
}

int iso_decode(const Codec& codec, State& state, const u8* in, size_t n, StrBuilder& out) {
  u8 c = in[0];
  if (state.flags & kThrough) {
    out.append(c);
    if (is_final(c)) set_flag(state, kThrough, false);
    return 1;
  }
  if (c == 0x1B) {
    if (n < 2) return kIncomplete;
    u8 kind = in[1];
    if (kind == '(' || kind == ')' || kind == '$' || kind == '.' || kind == '&') return designate(codec, state, in, n);
    if ((codec.flags & kHasG2) && kind == 'N') return decode_g2(state, in, n, out);
    out.append(c);
    set_flag(state, kThrough, true);
    return 1;
  }
  bool shifts = !(codec.flags & kNoShift);
  if (shifts && (c == 0x0E || c == 0x0F)) {
    set_flag(state, kShifted, c == 0x0E);
    return 1;
  }
  if (c == '\n') set_flag(state, kShifted, false);
  u8 mark = state.g[state.flags & kShifted ? 1 : 0];
  if (c < 0x20 || (c < 0x80 && mark == kAscii)) {
    out.append(c);
    return 1;
  }
  if (c >= 0x80) return -1;
  u8 id = set_with_mark(codec, mark, 0);
  if (id == kEnd) return -1;
  size_t width = mark & kWide ? 2 : 1;
  if (n < width) return kIncomplete;
  u32 found = decode_in(id, in);
  if (found == kNothing || found == kTwoBytesBad) return -int(width);
  if (found & kPairFlag) {
    const Table::Pair& pair = table(kSets[id].table)->pairs[found & ~kPairFlag];
    out.append(pair.first);
    out.append(pair.second);
  } else {
    out.append(found);
  }
  return int(width);
}

void leave_shift(State& state, ByteBuilder& out) {
  if (state.flags & kShifted) out.append(u8(0x0F));
  set_flag(state, kShifted, false);
}

void to_ascii(State& state, ByteBuilder& out) {
  if (state.g[0] != kAscii) out.append("\x1b(B");
  state.g[0] = kAscii;
}

void select(const Codec& codec, State& state, u8 id, ByteBuilder& out) {
  const Set& set = kSets[id];
  u8 plane = plane_of(codec, id);
  if (plane == 0) leave_shift(state, out);
  if (state.g[plane] != set.mark) {
    out.append(u8(0x1B));
    if (set.mark & kWide) out.append('$');
    // Sets of two bytes that are older than the intermediate byte are designated without it.
    if (plane == 1)
      out.append(')');
    else if (!(set.mark & kWide) || id == kSetKsx1001 || (id != kSetJisx0208 && id != kSetJisx0208Old))
      out.append('(');
    out.append(u8(set.mark & 0x7F));
    state.g[plane] = set.mark;
  }
  if (plane == 1 && !(state.flags & kShifted)) {
    out.append(u8(0x0E));
    set_flag(state, kShifted, true);
  }
}

int iso_encode(const Codec& codec, State& state, const Str* s, size_t at, bool last, ByteBuilder& out) {
  u32 c = s->at(at);
  if (c < 0x80) {
    to_ascii(state, out);
    leave_shift(state, out);
    out.append(u8(c));
    return 1;
  }
  bool has_next = at + 1 < s->length();
  u8 chosen = kEnd;
  u32 bytes = kNothing;
  int used = 1;
  for (const u8* id = codec.sets; *id != kEnd; id++) {
    if (!is_plane1(*id)) continue;
    u32 pair = table(kSets[*id].table)->encode_pair(c, has_next ? s->at(at + 1) : 0);
    if (pair == kNothing) break;
    if (!has_next && !last) return kIncomplete;
    if (pair == 0) break;
    chosen = *id;
    bytes = pair & 0x7F7F;
    used = 2;
  }
  for (const u8* id = codec.sets; *id != kEnd && chosen == kEnd; id++) {
    bytes = encode_in(*id, c);
    if (bytes != kNothing) chosen = *id;
  }
  if (chosen == kEnd) return kUnencodable;
  select(codec, state, chosen, out);
  if (kSets[chosen].mark & kWide) out.append(u8(bytes >> 8));
  out.append(u8(bytes));
  return used;
}

void iso_finish(const Codec&, State& state, ByteBuilder& out) {
  leave_shift(state, out);
  to_ascii(state, out);
}

void iso_reset(State& state) {
  state.g[0] = kAscii;
  set_flag(state, kShifted, false);
}

constexpr u8 kKr[] = {kSetKsx1001, kEnd};
constexpr u8 kJp[] = {kSetJisx0208, kSetRoman, kSetJisx0208Old, kEnd};
constexpr u8 kJp1[] = {kSetJisx0208, kSetJisx0212, kSetRoman, kSetJisx0208Old, kEnd};
constexpr u8 kJp2[] = {kSetJisx0208, kSetJisx0212, kSetKsx1001, kSetGb2312, kSetRoman, kSetJisx0208Old, kSetLatin1, kSetGreek, kEnd};
constexpr u8 kJp2004[] = {kSetJisx0208, kSetJisx0213Plane1, kSetJisx0213Plane2, kEnd};
constexpr u8 kJp3[] = {kSetJisx0208, kSetJisx0213OldPlane1, kSetJisx0213OldPlane2, kEnd};
constexpr u8 kJpExt[] = {kSetJisx0208, kSetJisx0212, kSetRoman, kSetKana, kSetJisx0208Old, kEnd};

constexpr Codec codec(const char* name, const u8* sets, u32 flags) {
  return {name, kEucJp, iso_decode, iso_encode, iso_finish, iso_reset, {{kAscii, kAscii}}, {{kAscii, kAscii, kAscii}}, sets, flags};
}

}  // namespace

const Codec kIso2022Codecs[7] = {
    codec("iso2022_kr", kKr, 0),
    codec("iso2022_jp", kJp, kNoShift | kOldJisEscape),
    codec("iso2022_jp_1", kJp1, kNoShift | kOldJisEscape),
    codec("iso2022_jp_2", kJp2, kNoShift | kOldJisEscape | kHasG2),
    codec("iso2022_jp_2004", kJp2004, kNoShift | kOldJisEscape),
    codec("iso2022_jp_3", kJp3, kNoShift | kOldJisEscape),
    codec("iso2022_jp_ext", kJpExt, kNoShift | kOldJisEscape),
};

bool prepare_iso2022(const Codec& codec) {
  for (const u8* id = codec.sets; *id != kEnd; id++)
    if (!make_table(kSets[*id].table) || (*id == kSetJisx0213OldPlane2 && !make_table(kEucJis2004))) return false;
  return true;
}

}  // namespace typhon::mbc
