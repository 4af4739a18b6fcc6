// Multibyte codecs, one character at a time. No Python objects but the text that is read and the builder that is written.
#pragma once
#include "modules/_multibytecodec/tables.h"
#include "objects/byte_builder.h"
#include "objects/str.h"

namespace typhon::mbc {

// What a stateful encoding remembers. Eight bytes that Python code sees as a number (getstate).
struct State {
  u8 g[4] = {};  // ISO 2022: final bytes of what G0, G1, G2 designate, with 0x80 for sets of two bytes. HZ: g[0] is 1 inside ~{ ~}
  u8 flags = 0;  // kShifted: G1 is in use. kThrough: inside an escape sequence that is passed on
  u8 unused[3] = {};
};
static_assert(sizeof(State) == 8);
constexpr u8 kShifted = 1, kThrough = 2;

constexpr int kIncomplete = 0;
constexpr int kUnencodable = -1;

struct Codec {
  const char* name;
  TableId table;
  // One character (or pair) from in[0..n): the number of bytes used; kIncomplete; or minus the number of bytes that are wrong.
  int (*decode)(const Codec&, State&, const u8* in, size_t n, StrBuilder& out);
  // One character (or pair) of s from `at`: the number of characters used; kIncomplete when the next one must be known (never when
  // `last`); kUnencodable.
  int (*encode)(const Codec&, State&, const Str* s, size_t at, bool last, ByteBuilder& out);
  // Ends the text: back to the initial state. Null: no state.
  void (*finish)(const Codec&, State&, ByteBuilder& out);
  // What a decoder's reset() does. Null: nothing.
  void (*reset)(State&) = nullptr;
  State encoder_start = {}, decoder_start = {};
  const u8* sets = nullptr;  // ISO 2022: the sets it may designate (SetId), in the order of preference, 0 at the end
  u32 flags = 0;
};

// Null: no such codec. The tables of one that is found are there.
const Codec* find_codec(std::string_view name);
// Of iso2022.cpp.
extern const Codec kIso2022Codecs[7];
// Makes sure of the tables of an ISO 2022 codec.
bool prepare_iso2022(const Codec& codec);

}  // namespace typhon::mbc
