// UTF-8, UTF-16, UTF-32, ASCII and Latin-1.
#include "base/utf8.h"
#include "objects/codecs.h"
#include "objects/exceptions.h"
#include "objects/str_search.h"

namespace typhon {
namespace {

std::string_view as_text(const u8* data, size_t n) { return {reinterpret_cast<const char*>(data), n}; }
size_t ascii_prefix(const u8* data, size_t n) { return utf8::ascii_prefix(as_text(data, n)); }

void append_replacement(StrBuilder& out, const ErrorAction& action) { out.append(action.replacement.as<Str>()); }

// --- UTF-8
constexpr const char* kUnexpectedEnd = "unexpected end of data";
constexpr const char* kBadStart = "invalid start byte";
constexpr const char* kBadContinuation = "invalid continuation byte";

// Why the bytes at p are no character; the length of the part to replace. Data that only ends too early: kUnexpectedEnd.
const char* diagnose_utf8(const u8* p, size_t left, size_t* bad) {
  u8 first = p[0];
  *bad = 1;
  if (first < 0xC2 || first > 0xF4) return kBadStart;
  size_t need = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  for (size_t i = 1; i < need; i++) {
    if (i == left) {
      *bad = left;
      return kUnexpectedEnd;
    }
    u8 low = 0x80, high = 0xBF;
    if (i == 1) {  // overlong forms, surrogates and what is above U+10FFFF show in the second byte
      if (first == 0xE0) low = 0xA0;
      if (first == 0xED) high = 0x9F;
      if (first == 0xF0) low = 0x90;
      if (first == 0xF4) high = 0x8F;
    }
    if (p[i] < low || p[i] > high) {
      *bad = i;
      return kBadContinuation;
    }
  }
  return nullptr;
}

Ref decode_utf8_slow(Thread& t, const u8* data, size_t n, const char* errors, size_t* consumed) {
  StrBuilder out;
  DecodeErrorState exception;
  size_t i = 0;
  while (i < n) {
    size_t plain = ascii_prefix(data + i, n - i);
    out.append_ascii(as_text(data + i, plain));
    i += plain;
    if (i >= n) break;
    const char* p = reinterpret_cast<const char*>(data + i);
    utf8::Decoded d = utf8::decode(p, reinterpret_cast<const char*>(data + n));
    if (d.length != 0) {
      out.append(d.code_point);
      i += d.length;
      continue;
    }
    size_t bad;
    const char* reason = diagnose_utf8(data + i, n - i, &bad);
    if (reason == kUnexpectedEnd && consumed != nullptr) break;
    // Two bytes of a surrogate: an error handler may want the third as well.
    if (consumed != nullptr && data[i] == 0xED && n - i == 2 && (data[i + 1] & 0xE0) == 0xA0) break;
    ErrorAction action;
    TRY(decode_error(t, errors, "utf-8", reason, data, n, i, i + bad, exception, &action));
    append_replacement(out, action);
    i = action.position;
  }
  if (consumed != nullptr) *consumed = i;
  return out.finish(t);
}

// Bytes of a string in UTF-8.
constexpr size_t kHasSurrogates = ~size_t(0);
size_t encoded_size(const Str* s) {
  return with_characters(s, [&]<class C>(const C* p) {
    size_t n = s->length(), size = n;
    bool surrogates = false;
    size_t i = 0;
    while (i < n) {
      for (; i + 16 <= n; i += 16) {
        u32 all = 0;
        for (size_t k = 0; k < 16; k++) all |= p[i + k];
        if (all >= 0x80) break;
      }
      for (size_t stop = i + 16 < n ? i + 16 : n; i < stop; i++) {
        u32 c = p[i];
        size += c >= 0x80;
        if constexpr (sizeof(C) > 1) {
          size += (c >= 0x800) + (c >= 0x10000);
          surrogates |= (c & ~0x7FFu) == 0xD800;
        }
      }
    }
    return surrogates ? kHasSurrogates : size;
  });
}

// A code unit of an encoder's replacement text must be encodable itself: here, ASCII.
bool replacement_is_ascii(const ErrorAction& action) { return action.replacement.as<Str>()->is_ascii(); }

}  // namespace

Ref decode_utf8_stateful(Thread& t, const u8* data, size_t n, const char* errors, size_t* consumed) {
  size_t plain = ascii_prefix(data, n);
  if (plain == n) {
    if (consumed != nullptr) *consumed = n;
    return str_from_ascii(t, as_text(data, n));
  }
  if (utf8::find_invalid(as_text(data + plain, n - plain)) == std::string_view::npos) {
    if (consumed != nullptr) *consumed = n;
    return str_from_utf8(t, as_text(data, n));
  }
  return decode_utf8_slow(t, data, n, errors, consumed);
}

Ref decode_utf8(Thread& t, const u8* data, size_t n, const char* errors) {
  return decode_utf8_stateful(t, data, n, errors, nullptr);
}

Ref encode_utf8(Thread& t, Str* s, const char* errors) {
  if (s->is_ascii()) return bytes_from(t, s->raw(), s->length());
  size_t n = s->length();
  size_t size = encoded_size(s);
  if (size != kHasSurrogates) {
    RefTo<Bytes> bytes = TRY(bytes_allocate(t, size));
    char* to = reinterpret_cast<char*>(bytes->data);
    with_characters(s, [&](const auto* p) {
      size_t i = 0;
      while (i < n) {
        // Sixteen ASCII characters at a time, as far as there are any.
        for (; i + 16 <= n; i += 16, to += 16) {
          u32 all = 0;
          for (size_t k = 0; k < 16; k++) all |= p[i + k];
          if (all >= 0x80) break;
          for (size_t k = 0; k < 16; k++) to[k] = char(p[i + k]);
        }
        for (size_t stop = i + 16 < n ? i + 16 : n; i < stop; i++) {
          if (p[i] < 0x80)
            *to++ = char(p[i]);
          else
            to += utf8::encode(p[i], to);
        }
      }
    });
    return bytes;
  }
  ByteBuilder out;
  out.reserve(n + n / 2);
  Ref exception;
  char text[4];
  for (size_t i = 0; i < n;) {
    u32 c = s->at(i);
    if (c < 0x80) {
      out.append(u8(c));
      i++;
      continue;
    }
    if (c < 0xD800 || c > 0xDFFF) {
      out.append(text, utf8::encode(c, text));
      i++;
      continue;
    }
    size_t end = i + 1;
    while (end < n && s->at(end) >= 0xD800 && s->at(end) <= 0xDFFF) end++;
    ErrorAction action;
    TRY(encode_error(t, errors, "utf-8", "surrogates not allowed", s, i, end, exception, &action));
    if (is_bytes(action.replacement)) {
      out.append(action.replacement.as<Bytes>()->data, action.replacement.as<Bytes>()->size);
    } else {
      if (!replacement_is_ascii(action)) return raise_encode_error(t, "utf-8", "surrogates not allowed", s, i, end);
      out.append(action.replacement.as<Str>()->ascii());
    }
    i = action.position;
  }
  return out.finish(t);
}

// --- ASCII and Latin-1
Ref decode_latin1(Thread& t, const u8* data, size_t n) { return str_from_points(t, data, 1, n); }

Ref decode_ascii(Thread& t, const u8* data, size_t n, const char* errors) {
  if (ascii_prefix(data, n) == n) return str_from_ascii(t, as_text(data, n));
  StrBuilder out;
  DecodeErrorState exception;
  for (size_t i = 0; i < n;) {
    size_t plain = ascii_prefix(data + i, n - i);
    out.append_ascii(as_text(data + i, plain));
    i += plain;
    if (i >= n) break;
    ErrorAction action;
    TRY(decode_error(t, errors, "ascii", "ordinal not in range(128)", data, n, i, i + 1, exception, &action));
    append_replacement(out, action);
    i = action.position;
  }
  return out.finish(t);
}

namespace {

Ref encode_single_byte(Thread& t, Str* s, const char* errors, u32 limit, const char* name, const char* reason) {
  size_t n = s->length();
  ByteBuilder out;
  out.reserve(n);
  Ref exception;
  for (size_t i = 0; i < n;) {
    u32 c = s->at(i);
    if (c < limit) {
      out.append(u8(c));
      i++;
      continue;
    }
    size_t end = i + 1;
    while (end < n && s->at(end) >= limit) end++;
    ErrorAction action;
    TRY(encode_error(t, errors, name, reason, s, i, end, exception, &action));
    if (is_bytes(action.replacement)) {
      out.append(action.replacement.as<Bytes>()->data, action.replacement.as<Bytes>()->size);
    } else {
      Str* text = action.replacement.as<Str>();
      for (size_t k = 0; k < text->length(); k++) {
        if (text->at(k) >= limit) return raise_encode_error(t, name, reason, s, i, end);
        out.append(u8(text->at(k)));
      }
    }
    i = action.position;
  }
  return out.finish(t);
}

}  // namespace

Ref encode_ascii(Thread& t, Str* s, const char* errors) {
  if (s->is_ascii()) return bytes_from(t, s->raw(), s->length());
  return encode_single_byte(t, s, errors, 128, "ascii", "ordinal not in range(128)");
}

Ref encode_latin1(Thread& t, Str* s, const char* errors) {
  if (s->kind() == 0) return bytes_from(t, s->raw(), s->length());
  return encode_single_byte(t, s, errors, 256, "latin-1", "ordinal not in range(256)");
}

// --- UTF-16 and UTF-32
namespace {

u32 read16(const u8* p, bool big) { return big ? u32(p[0]) << 8 | p[1] : u32(p[1]) << 8 | p[0]; }
u32 read32(const u8* p, bool big) {
  return big ? read16(p, true) << 16 | read16(p + 2, true) : read16(p + 2, false) << 16 | read16(p, false);
}
void write16(ByteBuilder& out, u32 unit, bool big) {
  out.append(u8(big ? unit >> 8 : unit));
  out.append(u8(big ? unit : unit >> 8));
}
void write32(ByteBuilder& out, u32 c, bool big) {
  write16(out, big ? c >> 16 : c & 0xFFFF, big);
  write16(out, big ? c & 0xFFFF : c >> 16, big);
}

template <int width>
Ref encode_wide(Thread& t, Str* s, const char* errors, int byte_order) {
  constexpr const char* kNames[] = {width == 2 ? "utf-16-le" : "utf-32-le", width == 2 ? "utf-16" : "utf-32",
                                    width == 2 ? "utf-16-be" : "utf-32-be"};
  const char* name = kNames[byte_order + 1];
  bool big = byte_order > 0;
  auto write = [big](ByteBuilder& out, u32 c) {
    if (width == 4) {
      write32(out, c, big);
    } else if (c < 0x10000) {
      write16(out, c, big);
    } else {
      write16(out, 0xD800 + ((c - 0x10000) >> 10), big);
      write16(out, 0xDC00 + ((c - 0x10000) & 0x3FF), big);
    }
  };
  size_t n = s->length();
  ByteBuilder out;
  out.reserve(n * width + width);
  if (byte_order == 0) write(out, 0xFEFF);
  Ref exception;
  for (size_t i = 0; i < n;) {
    u32 c = s->at(i);
    if (c < 0xD800 || c > 0xDFFF) {
      write(out, c);
      i++;
      continue;
    }
    size_t end = i + 1;  // one by one, unlike UTF-8
    constexpr const char* kReason = "surrogates not allowed";
    ErrorAction action;
    TRY(encode_error(t, errors, name, kReason, s, i, end, exception, &action));
    if (is_bytes(action.replacement)) {
      Bytes* bytes = action.replacement.as<Bytes>();
      if (bytes->size % width != 0) return raise_encode_error(t, name, kReason, s, i, end);
      out.append(bytes->data, bytes->size);
    } else {
      if (!replacement_is_ascii(action)) return raise_encode_error(t, name, kReason, s, i, end);
      for (char unit : action.replacement.as<Str>()->ascii()) write(out, u8(unit));
    }
    i = action.position;
  }
  return out.finish(t);
}

}  // namespace

Ref encode_utf16(Thread& t, Str* s, const char* errors, int byte_order) {
  return encode_wide<2>(t, s, errors, byte_order);
}
Ref encode_utf32(Thread& t, Str* s, const char* errors, int byte_order) {
  return encode_wide<4>(t, s, errors, byte_order);
}

Ref decode_utf16(Thread& t, const u8* data, size_t n, const char* errors, int* byte_order, size_t* consumed) {
  size_t i = 0;
  if (*byte_order == 0 && n >= 2) {
    u32 mark = read16(data, false);
    if (mark == 0xFEFF || mark == 0xFFFE) {
      *byte_order = mark == 0xFEFF ? -1 : 1;
      i = 2;
    }
  }
  bool big = *byte_order > 0;
  const char* name = big ? "utf-16-be" : "utf-16-le";
  StrBuilder out;
  DecodeErrorState exception;
  while (i < n) {
    const char* reason;
    size_t end = i + 2;
    if (n - i < 2) {
      if (consumed != nullptr) break;
      reason = "truncated data";
      end = n;
    } else {
      u32 unit = read16(data + i, big);
      if (unit < 0xD800 || unit > 0xDFFF) {
        out.append(unit);
        i += 2;
        continue;
      }
      if (unit >= 0xDC00) {
        reason = "illegal encoding";
      } else if (n - i < 4) {
        if (consumed != nullptr) break;
        reason = kUnexpectedEnd;
        end = n;
      } else {
        u32 low = read16(data + i + 2, big);
        if (low >= 0xDC00 && low <= 0xDFFF) {
          out.append(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00));
          i += 4;
          continue;
        }
        reason = "illegal UTF-16 surrogate";
      }
    }
    ErrorAction action;
    TRY(decode_error(t, errors, name, reason, data, n, i, end, exception, &action));
    append_replacement(out, action);
    i = action.position;
  }
  if (consumed != nullptr) *consumed = i;
  return out.finish(t);
}

Ref decode_utf32(Thread& t, const u8* data, size_t n, const char* errors, int* byte_order, size_t* consumed) {
  size_t i = 0;
  if (*byte_order == 0 && n >= 4) {
    u32 mark = read32(data, false);
    if (mark == 0xFEFF || mark == 0xFFFE0000) {
      *byte_order = mark == 0xFEFF ? -1 : 1;
      i = 4;
    }
  }
  bool big = *byte_order > 0;
  const char* name = big ? "utf-32-be" : "utf-32-le";
  StrBuilder out;
  DecodeErrorState exception;
  while (i < n) {
    const char* reason;
    size_t end = i + 4;
    if (n - i < 4) {
      if (consumed != nullptr) break;
      reason = "truncated data";
      end = n;
    } else {
      u32 c = read32(data + i, big);
      if (c < 0xD800 || (c > 0xDFFF && c <= 0x10FFFF)) {
        out.append(c);
        i += 4;
        continue;
      }
      reason = c > 0x10FFFF ? "code point not in range(0x110000)"
                            : "code point in surrogate code point range(0xd800, 0xe000)";
    }
    ErrorAction action;
    TRY(decode_error(t, errors, name, reason, data, n, i, end, exception, &action));
    append_replacement(out, action);
    i = action.position;
  }
  if (consumed != nullptr) *consumed = i;
  return out.finish(t);
}

}  // namespace typhon
