// unicode_escape, raw_unicode_escape, the escapes of bytes literals, and UTF-7.
#include "objects/codecs.h"
#include "objects/protocol/protocol.h"

namespace typhon {

Ref import_module(Thread& t, const char* name);  // runtime

Result<u32> named_character(Thread& t, std::string_view name) {
  Ref module = import_module(t, "unicodedata");
  if (module.failed()) {
    clear_exception(t);
    return raise(t, exc::UnicodeError, "\\N escapes not supported (can't load unicodedata module)");
  }
  Ref lookup = TRY(get_attribute_utf8(t, module, "lookup"));
  Ref text = TRY(decode_latin1(t, reinterpret_cast<const u8*>(name.data()), name.size()));
  Ref found = call_with(t, lookup, text);
  if (found.failed()) {
    if (clear_if(t, exc::KeyError)) return kNoCharacter;
    return Raised{};
  }
  if (!is_str(found) || found.as<Str>()->length() != 1) return kNoCharacter;  // a named sequence
  return found.as<Str>()->at(0);
}

namespace {

int hex_value(u8 c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr char kLowerHex[] = "0123456789abcdef";

void append_escape(ByteBuilder& out, char kind, u32 c, int width) {
  out.append('\\');
  out.append(u8(kind));
  for (int d = width - 1; d >= 0; d--) out.append(u8(kLowerHex[(c >> (4 * d)) & 15]));
}

// `prefix`: how a literal of that kind begins, "b" or nothing.
Status warn_invalid_escape(Thread& t, const char* prefix, u32 c, bool octal, const u8* digits) {
  if (octal)
    return warn(t, exc::DeprecationWarning, 1,
                "%s\"\\%c%c%c\" is an invalid octal escape sequence. Such sequences will not work in the future. ",
                prefix, int(digits[0]), int(digits[1]), int(digits[2]));
  return warn(t, exc::DeprecationWarning, 1,
              "%s\"\\%c\" is an invalid escape sequence. Such sequences will not work in the future. ", prefix, int(c));
}

}  // namespace

Ref decode_unicode_escape(Thread& t, const u8* data, size_t n, const char* errors, size_t* consumed) {
  StrBuilder out;
  DecodeErrorState exception;
  bool warned = false;
  size_t i = 0;
  while (i < n) {
    if (data[i] != '\\') {
      size_t start = i;
      while (i < n && data[i] != '\\' && data[i] < 0x80) i++;
      out.append_ascii({reinterpret_cast<const char*>(data + start), i - start});
      if (i < n && data[i] >= 0x80) out.append(u32(data[i++]));
      continue;
    }
    size_t start = i++;
    const char* reason = nullptr;
    bool incomplete = false;
    int digits = 0;
    if (i >= n) {
      reason = "\\ at end of string";
      incomplete = true;
    } else {
      u8 c = data[i++];
      switch (c) {
        case '\n': continue;
        case '\\': out.append('\\'); continue;
        case '\'': out.append('\''); continue;
        case '"': out.append('"'); continue;
        case 'b': out.append('\b'); continue;
        case 'f': out.append('\f'); continue;
        case 't': out.append('\t'); continue;
        case 'n': out.append('\n'); continue;
        case 'r': out.append('\r'); continue;
        case 'v': out.append('\v'); continue;
        case 'a': out.append('\a'); continue;
        case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': {
          u32 value = c - '0';
          for (int k = 0; k < 2 && i < n && data[i] >= '0' && data[i] <= '7'; k++) value = value * 8 + (data[i++] - '0');
          if (value > 0xFF && !warned) {
            warned = true;
            TRY(warn_invalid_escape(t, "", c, true, data + i - 3));
          }
          out.append(value);
          continue;
        }
        case 'x': digits = 2; reason = "truncated \\xXX escape"; break;
        case 'u': digits = 4; reason = "truncated \\uXXXX escape"; break;
        case 'U': digits = 8; reason = "truncated \\UXXXXXXXX escape"; break;
        case 'N': {
          reason = "malformed \\N character escape";
          if (i >= n) {
            incomplete = true;
            break;
          }
          if (data[i] != '{') break;
          size_t close = i + 1;
          while (close < n && data[close] != '}') close++;
          if (close >= n) {
            incomplete = true;
            i = n;
            break;
          }
          if (close == i + 1) break;
          u32 point = TRY(named_character(t, {reinterpret_cast<const char*>(data) + i + 1, close - i - 1}));
          i = close + 1;
          if (point != kNoCharacter) {
            out.append(point);
            continue;
          }
          reason = "unknown Unicode character name";
          break;
        }
        default:
          if (!warned) {
            warned = true;
            TRY(warn_invalid_escape(t, "", c, false, nullptr));
          }
          out.append('\\');
          out.append(u32(c));
          continue;
      }
    }
    if (digits != 0) {
      u32 value = 0;
      int got = 0;
      while (got < digits && i < n && hex_value(data[i]) >= 0) {
        value = value << 4 | u32(hex_value(data[i++]));
        got++;
      }
      if (got == digits) {
        if (value <= 0x10FFFF) {
          out.append(value);
          continue;
        }
        reason = "illegal Unicode character";
      } else {
        incomplete = i >= n;
      }
    }
    if (incomplete && consumed != nullptr) {
      i = start;
      break;
    }
    ErrorAction action;
    TRY(decode_error(t, errors, "unicodeescape", reason, data, n, start, i, exception, &action));
    out.append(action.replacement.as<Str>());
    i = action.position;
  }
  if (consumed != nullptr) *consumed = i;
  return out.finish(t);
}

Ref encode_unicode_escape(Thread& t, Str* s) {
  ByteBuilder out;
  for (size_t i = 0; i < s->length(); i++) {
    u32 c = s->at(i);
    if (c >= ' ' && c < 0x7F && c != '\\')
      out.append(u8(c));
    else if (c == '\\')
      out.append("\\\\");
    else if (c == '\t')
      out.append("\\t");
    else if (c == '\n')
      out.append("\\n");
    else if (c == '\r')
      out.append("\\r");
    else if (c < 0x100)
      append_escape(out, 'x', c, 2);
    else if (c < 0x10000)
      append_escape(out, 'u', c, 4);
    else
      append_escape(out, 'U', c, 8);
  }
  return out.finish(t);
}

Ref decode_raw_unicode_escape(Thread& t, const u8* data, size_t n, const char* errors, size_t* consumed) {
  StrBuilder out;
  DecodeErrorState exception;
  size_t i = 0;
  while (i < n) {
    u8 c = data[i];
    if (c != '\\') {
      out.append(u32(c));
      i++;
      continue;
    }
    if (i + 1 >= n) {
      if (consumed != nullptr) break;
      out.append('\\');
      i++;
      continue;
    }
    u8 kind = data[i + 1];
    if (kind != 'u' && kind != 'U') {
      out.append('\\');
      out.append(u32(kind));
      i += 2;
      continue;
    }
    size_t start = i;
    i += 2;
    int digits = kind == 'u' ? 4 : 8, got = 0;
    u32 value = 0;
    while (got < digits && i < n && hex_value(data[i]) >= 0) {
      value = value << 4 | u32(hex_value(data[i++]));
      got++;
    }
    const char* reason = kind == 'u' ? "truncated \\uXXXX escape" : "truncated \\UXXXXXXXX escape";
    if (got == digits) {
      if (value <= 0x10FFFF) {
        out.append(value);
        continue;
      }
      reason = "\\Uxxxxxxxx out of range";
    } else if (i >= n && consumed != nullptr) {
      i = start;
      break;
    }
    ErrorAction action;
    TRY(decode_error(t, errors, "rawunicodeescape", reason, data, n, start, i, exception, &action));
    out.append(action.replacement.as<Str>());
    i = action.position;
  }
  if (consumed != nullptr) *consumed = i;
  return out.finish(t);
}

Ref encode_raw_unicode_escape(Thread& t, Str* s) {
  ByteBuilder out;
  for (size_t i = 0; i < s->length(); i++) {
    u32 c = s->at(i);
    if (c < 0x100)
      out.append(u8(c));
    else if (c < 0x10000)
      append_escape(out, 'u', c, 4);
    else
      append_escape(out, 'U', c, 8);
  }
  return out.finish(t);
}

Ref decode_bytes_escape(Thread& t, const u8* data, size_t n, const char* errors) {
  ByteBuilder out;
  bool warned = false;
  for (size_t i = 0; i < n;) {
    u8 c = data[i++];
    if (c != '\\') {
      out.append(c);
      continue;
    }
    if (i >= n) return raise(t, exc::ValueError, "Trailing \\ in string");
    c = data[i++];
    switch (c) {
      case '\n': break;
      case '\\': case '\'': case '"': out.append(c); break;
      case 'b': out.append('\b'); break;
      case 'f': out.append('\f'); break;
      case 't': out.append('\t'); break;
      case 'n': out.append('\n'); break;
      case 'r': out.append('\r'); break;
      case 'v': out.append('\v'); break;
      case 'a': out.append('\a'); break;
      case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': {
        u32 value = c - '0';
        for (int k = 0; k < 2 && i < n && data[i] >= '0' && data[i] <= '7'; k++) value = value * 8 + (data[i++] - '0');
        if (value > 0xFF && !warned) {
          warned = true;
          TRY(warn_invalid_escape(t, "b", c, true, data + i - 3));
        }
        out.append(u8(value));
        break;
      }
      case 'x': {
        if (n - i >= 2 && hex_value(data[i]) >= 0 && hex_value(data[i + 1]) >= 0) {
          out.append(u8(hex_value(data[i]) << 4 | hex_value(data[i + 1])));
          i += 2;
          break;
        }
        if (i < n && hex_value(data[i]) >= 0) i++;  // a single digit goes with it
        ErrorMode mode = parse_error_mode(errors);
        if (mode == ErrorMode::kStrict) {
          size_t at = i - 2;
          while (data[at] != '\\') at--;
          return raise(t, exc::ValueError, "invalid \\x escape at position %zd", i64(at));
        }
        if (mode == ErrorMode::kReplace)
          out.append('?');
        else if (mode != ErrorMode::kIgnore)
          return raise(t, exc::ValueError, "decoding error; unknown error handling code: %s", errors);
        break;
      }
      default:
        if (!warned) {
          warned = true;
          TRY(warn_invalid_escape(t, "b", c, false, nullptr));
        }
        out.append('\\');
        out.append(c);
    }
  }
  return out.finish(t);
}

// --- UTF-7 (RFC 2152)
namespace {

bool is_base64(u8 c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/'; }
u32 from_base64(u8 c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : 63;
}
constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Set D, set O, and white space are written directly.
bool is_direct(u32 c) {
  if (c >= 0x80 || c == 0 || c == '+' || c == '\\' || c == '~') return false;
  return c >= ' ' ? c != 0x7F : c == '\t' || c == '\n' || c == '\r';
}

}  // namespace

Ref decode_utf7(Thread& t, const u8* data, size_t n, const char* errors, size_t* consumed) {
  StrBuilder out;
  DecodeErrorState exception;
  bool shifted = false;
  size_t i = 0, shift_start = 0;
  size_t shift_length = 0;  // of the output when the shift sequence began
  u32 buffer = 0, bits = 0, high = 0;
more:
  while (i < n) {
    u8 c = data[i];
    const char* reason = nullptr;
    size_t start = i;
    if (shifted) {
      if (is_base64(c)) {
        buffer = buffer << 6 | from_base64(c);
        bits += 6;
        i++;
        if (bits < 16) continue;
        u32 unit = (buffer >> (bits - 16)) & 0xFFFF;
        bits -= 16;
        buffer &= (u32(1) << bits) - 1;
        if (high != 0) {
          u32 first = high;
          high = 0;
          if (unit >= 0xDC00 && unit <= 0xDFFF) {
            out.append(0x10000 + ((first - 0xD800) << 10) + (unit - 0xDC00));
            continue;
          }
          out.append(first);
        }
        if (unit >= 0xD800 && unit <= 0xDBFF)
          high = unit;
        else
          out.append(unit);
        continue;
      }
      // The end of the sequence; left-over bits must be padding.
      shifted = false;
      start = shift_start;
      if (bits >= 6)
        reason = "partial character in shift sequence";
      else if (bits > 0 && buffer != 0)
        reason = "non-zero padding bits in shift sequence";
      if (reason == nullptr) {
        if (high != 0 && c < 0x80) out.append(high);
        high = 0;
        if (c == '-') {
          i++;
          continue;
        }
        if (c >= 0x80) {
          reason = "unexpected special character";
          start = i;
        } else {
          out.append(u32(c));
          i++;
          continue;
        }
      }
      i++;
    } else if (c == '+') {
      shift_start = i++;
      if (i < n && data[i] == '-') {
        out.append('+');
        i++;
        continue;
      }
      if (i < n && !is_base64(data[i])) {
        i++;
        reason = "ill-formed sequence";
      } else {
        shifted = true;
        high = 0;
        bits = buffer = 0;
        shift_length = out.length();
        continue;
      }
    } else if (c < 0x80) {
      out.append(u32(c));
      i++;
      continue;
    } else {
      i++;
      reason = "unexpected special character";
    }
    high = 0;
    ErrorAction action;
    TRY(decode_error(t, errors, "utf7", reason, data, n, start, i, exception, &action));
    out.append(action.replacement.as<Str>());
    i = action.position;
  }
  if (shifted) {
    if (consumed != nullptr) {
      out.truncate(shift_length);
      i = shift_start;
    } else if (high != 0 || bits >= 6 || (bits > 0 && buffer != 0)) {
      shifted = false;
      high = 0;
      ErrorAction action;
      TRY(decode_error(t, errors, "utf7", "unterminated shift sequence", data, n, shift_start, n, exception, &action));
      out.append(action.replacement.as<Str>());
      i = action.position;
      if (i < n) goto more;
    }
  }
  if (consumed != nullptr) *consumed = i;
  return out.finish(t);
}

Ref encode_utf7(Thread& t, Str* s, const char*) {
  ByteBuilder out;
  bool shifted = false;
  u32 buffer = 0, bits = 0;
  auto unit = [&](u32 u) {
    buffer = buffer << 16 | u;
    bits += 16;
    while (bits >= 6) {
      out.append(u8(kBase64[(buffer >> (bits - 6)) & 63]));
      bits -= 6;
    }
    buffer &= (u32(1) << bits) - 1;
  };
  auto flush = [&] {
    if (bits > 0) out.append(u8(kBase64[(buffer << (6 - bits)) & 63]));
    buffer = bits = 0;
  };
  for (size_t i = 0; i < s->length(); i++) {
    u32 c = s->at(i);
    if (shifted && is_direct(c)) {
      flush();
      shifted = false;
      if ((c < 0x80 && is_base64(u8(c))) || c == '-') out.append('-');
      out.append(u8(c));
      continue;
    }
    if (!shifted) {
      if (c == '+') {
        out.append("+-");
        continue;
      }
      if (is_direct(c)) {
        out.append(u8(c));
        continue;
      }
      out.append('+');
      shifted = true;
    }
    if (c >= 0x10000) {
      unit(0xD800 + ((c - 0x10000) >> 10));
      unit(0xDC00 + ((c - 0x10000) & 0x3FF));
    } else {
      unit(c);
    }
  }
  if (shifted) {
    flush();
    out.append('-');
  }
  return out.finish(t);
}

}  // namespace typhon
