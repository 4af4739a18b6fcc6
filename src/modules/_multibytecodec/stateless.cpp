// The codecs whose sequences stand for themselves, and HZ.
#include "modules/_multibytecodec/codec.h"

namespace typhon::mbc {
namespace {

void append_sequence(ByteBuilder& out, u32 sequence) {
  if (sequence > 0xFFFF) out.append(u8(sequence >> 16));
  if (sequence > 0xFF) out.append(u8(sequence >> 8));
  out.append(u8(sequence));
}

int append_character(const Table& t, u32 value, int size, StrBuilder& out) {
  if (value & kPairFlag) {
    const Table::Pair& pair = t.pairs[value & ~kPairFlag];
    out.append(pair.first);
    out.append(pair.second);
  } else {
    out.append(value);
  }
  return size;
}

int plain_decode(const Codec& codec, State&, const u8* in, size_t n, StrBuilder& out) {
  const Table& t = *table(codec.table);
  u32 value = t.one[in[0]];
  if (value != kNothing) return append_character(t, value, 1, out);
  if (!t.lead[in[0]]) return -1;
  if (n < 2) return kIncomplete;
  int size = 2;
  if (in[0] == 0x8F && !t.three.empty()) {
    if (n < 3) return kIncomplete;
    value = t.three[in[1] << 8 | in[2]];
    size = 3;
  } else {
    value = t.two[in[0] << 8 | in[1]];
  }
  if (value == kTwoBytesBad) return -2;
  if (value == kNothing) return -1;
  return append_character(t, value, size, out);
}

int plain_encode(const Codec& codec, State&, const Str* s, size_t at, bool last, ByteBuilder& out) {
  const Table& t = *table(codec.table);
  u32 c = s->at(at);
  if (c < 0x80 && t.encode(c) == kNothing) return kUnencodable;
  bool has_next = at + 1 < s->length();
  if (!t.pairs.empty()) {
    u32 pair = t.encode_pair(c, has_next ? s->at(at + 1) : 0);
    if (pair != kNothing && !has_next && !last) return kIncomplete;
    if (pair != kNothing && pair != 0) {
      append_sequence(out, pair);
      return 2;
    }
  }
  u32 sequence = t.encode(c);
  if (sequence == kNothing) return kUnencodable;
  append_sequence(out, sequence);
  return 1;
}

// --- EUC-KR writes Hangul syllables that KS X 1001 lacks with eight bytes: a filler, and the parts as compatibility letters.
constexpr u8 kInitial[] = {0xA1, 0xA2, 0xA4, 0xA7, 0xA8, 0xA9, 0xB1, 0xB2, 0xB3, 0xB5,
                           0xB6, 0xB7, 0xB8, 0xB9, 0xBA, 0xBB, 0xBC, 0xBD, 0xBE};
constexpr u8 kFinal[] = {0xD4, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA9, 0xAA, 0xAB, 0xAC, 0xAD, 0xAE,
                         0xAF, 0xB0, 0xB1, 0xB2, 0xB4, 0xB5, 0xB6, 0xB7, 0xB8, 0xBA, 0xBB, 0xBC, 0xBD, 0xBE};

template <size_t n>
int index_of(const u8 (&letters)[n], u8 byte) {
  for (size_t i = 0; i < n; i++)
    if (letters[i] == byte) return int(i);
  return -1;
}

int euc_kr_decode(const Codec& codec, State& state, const u8* in, size_t n, StrBuilder& out) {
  if (n < 2 || in[0] != 0xA4 || in[1] != 0xD4) return plain_decode(codec, state, in, n, out);
  if (n < 8) return kIncomplete;
  if (in[2] != 0xA4 || in[4] != 0xA4 || in[6] != 0xA4) return -1;
  int initial = index_of(kInitial, in[3]), vowel = int(in[5]) - 0xBF, last = index_of(kFinal, in[7]);
  if (initial < 0 || vowel < 0 || vowel > 20 || last < 0) return -1;
  out.append(u32(0xAC00 + (initial * 21 + vowel) * 28 + last));
  return 8;
}

int euc_kr_encode(const Codec& codec, State& state, const Str* s, size_t at, bool last, ByteBuilder& out) {
  u32 c = s->at(at);
  if (c < 0xAC00 || c > 0xD7A3 || table(kEucKr)->encode(c) != kNothing) return plain_encode(codec, state, s, at, last, out);
  u32 n = c - 0xAC00;
  u8 bytes[] = {0xA4, 0xD4, 0xA4, kInitial[n / 588], 0xA4, u8(0xBF + n / 28 % 21), 0xA4, kFinal[n % 28]};
  out.append(bytes, sizeof bytes);
  return 1;
}

// --- GB 18030: what two bytes cannot say is numbered through and written with four
bool is_digit_byte(u8 b) { return b >= 0x30 && b <= 0x39; }
constexpr u32 kSupplementary = 189000;  // number of U+10000

int gb18030_decode(const Codec& codec, State& state, const u8* in, size_t n, StrBuilder& out) {
  if (n < 2 || in[0] < 0x81 || in[0] == 0xFF || !is_digit_byte(in[1])) return plain_decode(codec, state, in, n, out);
  if (n < 4) return kIncomplete;
  if (in[2] < 0x81 || in[2] == 0xFF || !is_digit_byte(in[3])) return -1;
  u32 number = (u32(in[0] - 0x81) * 10 + (in[1] - 0x30)) * 1260 + u32(in[2] - 0x81) * 10 + (in[3] - 0x30);
  if (number >= kSupplementary) {
    if (number - kSupplementary > 0xFFFFF) return -1;
    out.append(number - kSupplementary + 0x10000);
    return 4;
  }
  for (const Table::Range& range : table(kGb18030)->ranges) {
    if (number - range.number >= range.length) continue;
    out.append(range.character + (number - range.number));
    return 4;
  }
  return -1;
}

int gb18030_encode(const Codec& codec, State& state, const Str* s, size_t at, bool last, ByteBuilder& out) {
  const Table& t = *table(kGb18030);
  u32 c = s->at(at);
  if (t.encode(c) != kNothing) return plain_encode(codec, state, s, at, last, out);
  u32 number = kNothing;
  if (c >= 0x10000) {
    number = c - 0x10000 + kSupplementary;
  } else {
    for (const Table::Range& range : t.ranges)
      if (c - range.character < range.length) number = range.number + (c - range.character);
  }
  if (number == kNothing) return kUnencodable;
  u8 bytes[] = {u8(0x81 + number / 12600), u8(0x30 + number / 1260 % 10), u8(0x81 + number / 10 % 126), u8(0x30 + number % 10)};
  out.append(bytes, 4);
  return 1;
}

// --- HZ: GB 2312 with seven bits between ~{ and ~}
int hz_decode(const Codec&, State& state, const u8* in, size_t n, StrBuilder& out) {
  if (in[0] == '~') {
    if (n < 2) return kIncomplete;
    bool inside = state.g[0];
    if (in[1] == '~' && !inside)
      out.append('~');
    else if (in[1] == '{' && !inside)
      state.g[0] = 1;
    else if (in[1] == '}' && inside)
      state.g[0] = 0;
    else if (in[1] != '\n' || inside)
      return -1;
    return 2;
  }
  if (in[0] & 0x80) return -1;
  if (state.g[0] == 0) {
    out.append(in[0]);
    return 1;
  }
  if (n < 2) return kIncomplete;
  u32 c = in[1] & 0x80 ? kNothing : table(kGb2312)->two[(in[0] << 8 | in[1]) | 0x8080];
  if (c == kNothing) return -1;
  out.append(c);
  return 2;
}

int hz_encode(const Codec&, State& state, const Str* s, size_t at, bool, ByteBuilder& out) {
  u32 c = s->at(at);
  if (c < 0x80) {
    if (state.g[0]) out.append("~}");
    state.g[0] = 0;
    if (c == '~') out.append('~');
    out.append(u8(c));
    return 1;
  }
  u32 sequence = table(kGb2312)->encode(c);
  if (sequence == kNothing) return kUnencodable;
  if (!state.g[0]) out.append("~{");
  state.g[0] = 1;
  append_sequence(out, sequence & 0x7F7F);
  return 1;
}

void hz_finish(const Codec&, State& state, ByteBuilder& out) {
  if (state.g[0]) out.append("~}");
  state.g[0] = 0;
}

void hz_reset(State& state) { state.g[0] = 0; }

constexpr Codec plain(const char* name, TableId id) { return {name, id, plain_decode, plain_encode, nullptr}; }

const Codec kCodecs[] = {
    plain("gb2312", kGb2312),
    plain("gbk", kGbk),
    {"gb18030", kGb18030, gb18030_decode, gb18030_encode, nullptr},
    {"hz", kGb2312, hz_decode, hz_encode, hz_finish, hz_reset},
    plain("big5hkscs", kBig5Hkscs),
    plain("shift_jis", kShiftJis),
    plain("cp932", kCp932),
    plain("euc_jp", kEucJp),
    plain("shift_jis_2004", kShiftJis2004),
    plain("euc_jis_2004", kEucJis2004),
    plain("euc_jisx0213", kEucJisx0213),
    plain("shift_jisx0213", kShiftJisx0213),
    {"euc_kr", kEucKr, euc_kr_decode, euc_kr_encode, nullptr},
    plain("cp949", kCp949),
    plain("johab", kJohab),
    plain("big5", kBig5),
    plain("cp950", kCp950),
};

}  // namespace

const Codec* find_codec(std::string_view name) {
  for (const Codec& codec : kCodecs)
    if (name == codec.name) return make_table(codec.table) ? &codec : nullptr;
  for (const Codec& codec : kIso2022Codecs)
    if (name == codec.name) return prepare_iso2022(codec) ? &codec : nullptr;
  return nullptr;
}

}  // namespace typhon::mbc
