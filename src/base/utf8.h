// UTF-8 helpers without any dependency on the object system. "Lenient" functions trust their input to be valid.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace typhon::utf8 {

struct Decoded {
  uint32_t code_point;
  uint32_t length;  // bytes consumed; 0 when the bytes are not valid UTF-8
};

// The length of the longest prefix of ASCII characters.
inline size_t ascii_prefix(std::string_view text) {
  const char* p = text.data();
  size_t n = text.size(), i = 0;
  for (; i + 8 <= n; i += 8) {
    uint64_t word;
    std::memcpy(&word, p + i, 8);
    if (uint64_t high = word & 0x8080808080808080) return i + (size_t(__builtin_ctzll(high)) >> 3);
  }
  while (i < n && uint8_t(p[i]) < 0x80) i++;
  return i;
}

// Strict: rejects overlong forms, surrogates and values above U+10FFFF.
inline Decoded decode(const char* p, const char* end) {
  auto byte = [&](int i) { return uint8_t(p[i]); };
  size_t left = size_t(end - p);
  if (left == 0) return {0, 0};
  uint8_t first = byte(0);
  if (first < 0x80) return {first, 1};
  if (first < 0xC2) return {0, 0};
  auto continues = [&](int i) { return (byte(i) & 0xC0) == 0x80; };
  if (first < 0xE0) {
    if (left < 2 || !continues(1)) return {0, 0};
    return {uint32_t(first & 0x1F) << 6 | uint32_t(byte(1) & 0x3F), 2};
  }
  if (first < 0xF0) {
    if (left < 3 || !continues(1) || !continues(2)) return {0, 0};
    uint32_t cp = uint32_t(first & 0x0F) << 12 | uint32_t(byte(1) & 0x3F) << 6 | uint32_t(byte(2) & 0x3F);
    if (cp < 0x800 || (cp >= 0xD800 && cp <= 0xDFFF)) return {0, 0};
    return {cp, 3};
  }
  if (first > 0xF4 || left < 4 || !continues(1) || !continues(2) || !continues(3)) return {0, 0};
  uint32_t cp = uint32_t(first & 0x07) << 18 | uint32_t(byte(1) & 0x3F) << 12 | uint32_t(byte(2) & 0x3F) << 6 |
                uint32_t(byte(3) & 0x3F);
  if (cp < 0x10000 || cp > 0x10FFFF) return {0, 0};
  return {cp, 4};
}

// Lenient: also reads three-byte surrogates; `p` must point at the first byte of a complete sequence.
inline uint32_t decode_lenient(const char*& p) {
  uint8_t first = uint8_t(*p++);
  if (first < 0x80) return first;
  auto next = [&] { return uint32_t(uint8_t(*p++) & 0x3F); };
  if (first < 0xE0) return uint32_t(first & 0x1F) << 6 | next();
  if (first < 0xF0) {
    uint32_t cp = uint32_t(first & 0x0F) << 12;
    cp |= next() << 6;
    return cp | next();
  }
  uint32_t cp = uint32_t(first & 0x07) << 18;
  cp |= next() << 12;
  cp |= next() << 6;
  return cp | next();
}

// Writes 1 to 4 bytes (surrogates as three) and returns how many.
inline size_t encode(uint32_t cp, char* out) {
  if (cp < 0x80) {
    out[0] = char(cp);
    return 1;
  }
  if (cp < 0x800) {
    out[0] = char(0xC0 | cp >> 6);
    out[1] = char(0x80 | (cp & 0x3F));
    return 2;
  }
  if (cp < 0x10000) {
    out[0] = char(0xE0 | cp >> 12);
    out[1] = char(0x80 | ((cp >> 6) & 0x3F));
    out[2] = char(0x80 | (cp & 0x3F));
    return 3;
  }
  out[0] = char(0xF0 | cp >> 18);
  out[1] = char(0x80 | ((cp >> 12) & 0x3F));
  out[2] = char(0x80 | ((cp >> 6) & 0x3F));
  out[3] = char(0x80 | (cp & 0x3F));
  return 4;
}

// Characters in valid UTF-8: every byte but the continuation bytes.
inline size_t count(std::string_view text) {
  size_t n = 0;
  for (char c : text) n += (uint8_t(c) & 0xC0) != 0x80;
  return n;
}

// The offset of the first invalid byte, or npos.
inline size_t find_invalid(std::string_view text) {
  const char* p = text.data();
  const char* end = p + text.size();
  for (;;) {
    p += ascii_prefix({p, size_t(end - p)});
    if (p == end) break;
    Decoded d = decode(p, end);
    if (d.length == 0) return size_t(p - text.data());
    p += d.length;
  }
  return std::string_view::npos;
}

}  // namespace typhon::utf8
