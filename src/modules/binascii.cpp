// binascii: hexadecimal, base64, uuencode, quoted-printable, and two CRCs.
#include <zlib.h>

#include "objects/byte_builder.h"
#include "objects/module.h"

namespace typhon {
namespace {

Type* g_error;
Type* g_incomplete;

// Bytes, any buffer, or an ASCII string.
class AsciiView {
 public:
  explicit AsciiView(Thread& t) : thread_(t), view_(t) {}
  Status get(Value v) {
    if (is_str(v)) {
      auto* s = v.as<Str>();
      if (!s->is_ascii()) return raise(thread_, exc::ValueError, "string argument should contain only ASCII characters");
      data_ = s->data<u8>();
      size_ = s->length();
      return ok();
    }
    if (!has_buffer(v)) return raise_type(v);
    if (view_.get(v).failed()) {
      clear_exception(thread_);  // whatever the buffer objects to
      return raise_type(v);
    }
    data_ = view_.data();
    size_ = view_.size();
    return ok();
  }
  const u8* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  Raised raise_type(Value v) {
    return raise(thread_, exc::TypeError, "argument should be bytes, buffer or ASCII string, not '%T'", v);
  }

  Thread& thread_;
  ByteView view_;
  const u8* data_ = nullptr;
  size_t size_ = 0;
};

Result<bool> flag(Thread& t, Value v, bool fallback) { return v.is_empty() ? Result<bool>(fallback) : truth(t, v); }

int hex_value(u8 c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 32;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}
u8 hex_digit(u32 n, bool upper = false) { return u8((upper ? "0123456789ABCDEF" : "0123456789abcdef")[n & 15]); }

// --- hexadecimal
Ref f_a2b_hex(Thread& t, Value, const Value* a) {
  AsciiView in(t);
  TRY(in.get(a[0]));
  if (in.size() % 2 != 0) return raise(t, g_error, "Odd-length string");
  RefTo<Bytes> out = TRY(bytes_allocate(t, in.size() / 2));
  for (size_t i = 0; i < in.size(); i += 2) {
    int high = hex_value(in.data()[i]), low = hex_value(in.data()[i + 1]);
    if (high < 0 || low < 0) return raise(t, g_error, "Non-hexadecimal digit found");
    out->data[i / 2] = u8(high << 4 | low);
  }
  return out;
}
Ref f_b2a_hex(Thread& t, Value, const Value* a) {
  ByteView in(t);
  TRY(in.get(a[0]));
  i64 group = a[2].is_empty() ? 1 : TRY(to_i64(t, a[2], "Python int too large to convert to C int"));
  u8 separator = 0;
  bool separated = false;
  if (!a[1].is_empty()) {
    i64 n = TRY(length(t, a[1]));
    if (n != 1) return raise(t, exc::ValueError, "sep must be length 1.");
    if (is_str(a[1])) {
      u32 c = a[1].as<Str>()->at(0);
      if (c > 255) return raise(t, exc::ValueError, "sep must be ASCII.");
      separator = u8(c);
    } else if (is_bytes(a[1])) {
      separator = a[1].as<Bytes>()->data[0];
    } else {
      return raise(t, exc::TypeError, "sep must be str or bytes.");
    }
    separated = group != 0;
  }
  ByteBuilder out;
  u64 width = group < 0 ? 0 - u64(group) : u64(group);
  size_t n = in.size();
  for (size_t i = 0; i < n; i++) {
    // Groups count from the right, or from the left when the width is negative.
    if (separated && i > 0 && (group > 0 ? (n - i) % width == 0 : i % width == 0)) out.append(separator);
    out.append(hex_digit(in.data()[i] >> 4));
    out.append(hex_digit(in.data()[i]));
  }
  return out.finish(t);
}

// --- base64
constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
int base64_value(u8 c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}
Ref f_a2b_base64(Thread& t, Value, const Value* a) {
  AsciiView in(t);
  TRY(in.get(a[0]));
  bool strict = TRY(flag(t, a[1], false));
  ByteBuilder out;
  out.reserve(in.size() / 4 * 3 + 3);
  u32 bits = 0;
  int filled = 0, pads = 0;  // characters of the present group; '=' seen since the last character
  const u8* data = in.data();
  if (strict && in.size() > 0 && data[0] == '=') return raise(t, g_error, "Leading padding not allowed");
  for (size_t i = 0; i < in.size(); i++) {
    u8 c = data[i];
    if (c == '=') {
      if (strict && filled == 0) return raise(t, g_error, "Excess padding not allowed");
      if (strict && filled == 1) break;
      if (filled >= 2) pads++;
      if (strict && filled + pads == 4 && i + 1 < in.size()) {
        if (data[i + 1] == '=') return raise(t, g_error, "Excess padding not allowed");
        return raise(t, g_error, "Excess data after padding");
      }
      continue;
    }
    int value = base64_value(c);
    if (value < 0) {
      if (strict) return raise(t, g_error, "Only base64 data is allowed");
      continue;
    }
    if (strict && pads > 0) return raise(t, g_error, "Discontinuous padding not allowed");
    pads = 0;
    bits = bits << 6 | u32(value);
    if (++filled > 1) out.append(u8(bits >> (8 - 2 * filled)));
    if (filled == 4) filled = 0, bits = 0;
  }
  if (filled == 1)
    return raise(t, g_error, "Invalid base64-encoded string: number of data characters (%zd) cannot be 1 more than a multiple of 4",
                 i64(out.length() / 3 * 4 + 1));
  if (filled != 0 && filled + pads < 4) return raise(t, g_error, "Incorrect padding");
  return out.finish(t);
}
Ref f_b2a_base64(Thread& t, Value, const Value* a) {
  ByteView in(t);
  TRY(in.get(a[0]));
  bool newline = TRY(flag(t, a[1], true));
  size_t n = in.size();
  RefTo<Bytes> result = TRY(bytes_allocate(t, (n + 2) / 3 * 4 + newline));
  u8* out = result->data;
  const u8* p = in.data();
  for (size_t i = 0; i < n; i += 3) {
    u32 bits = u32(p[i]) << 16 | (i + 1 < n ? u32(p[i + 1]) << 8 : 0) | (i + 2 < n ? p[i + 2] : 0);
    *out++ = u8(kBase64[bits >> 18]);
    *out++ = u8(kBase64[bits >> 12 & 63]);
    *out++ = i + 1 < n ? u8(kBase64[bits >> 6 & 63]) : u8('=');
    *out++ = i + 2 < n ? u8(kBase64[bits & 63]) : u8('=');
  }
  if (newline) *out = '\n';
  return result;
}

// --- uuencode
Ref f_a2b_uu(Thread& t, Value, const Value* a) {
  AsciiView in(t);
  TRY(in.get(a[0]));
  const u8* p = in.data();
  const u8* end = p + in.size();
  if (p == end) return raise(t, g_error, "Missing length byte");
  size_t wanted = (*p++ - ' ') & 63;
  RefTo<Bytes> out = TRY(bytes_allocate(t, wanted));
  u32 bits = 0, filled = 0;
  for (size_t n = 0; n < wanted;) {
    u32 value = 0;
    u8 c = p < end ? *p++ : 0;
    if (c == '\n' || c == '\r' || c == 0) {
      p -= c != 0;  // a short line: zeros follow
    } else {
      if (c < ' ' || c > ' ' + 64) return raise(t, g_error, "Illegal char");
      value = u32(c - ' ') & 63;
    }
    bits = bits << 6 | value;
    filled += 6;
    if (filled >= 8) {
      filled -= 8;
      out->data[n++] = u8(bits >> filled);
      bits &= (1u << filled) - 1;
    }
  }
  for (; p < end; p++)
    if (*p != ' ' && *p != ' ' + 64 && *p != '\n' && *p != '\r') return raise(t, g_error, "Trailing garbage");
  return out;
}
Ref f_b2a_uu(Thread& t, Value, const Value* a) {
  ByteView in(t);
  TRY(in.get(a[0]));
  bool backtick = TRY(flag(t, a[1], false));
  if (in.size() > 45) return raise(t, g_error, "At most 45 bytes at once");
  ByteBuilder out;
  auto put = [&](u32 v) { out.append(backtick && v == 0 ? u8('`') : u8(' ' + v)); };
  put(u32(in.size()));
  for (size_t i = 0; i < in.size(); i += 3) {
    u32 bits = 0;
    for (size_t k = i; k < i + 3; k++) bits = bits << 8 | (k < in.size() ? in.data()[k] : 0);
    for (int shift = 18; shift >= 0; shift -= 6) put(bits >> shift & 63);
  }
  out.append('\n');
  return out.finish(t);
}

// --- quoted-printable
Ref f_a2b_qp(Thread& t, Value, const Value* a) {
  AsciiView in(t);
  TRY(in.get(a[0]));
  bool header = TRY(flag(t, a[1], false));
  ByteBuilder out;
  const u8* p = in.data();
  size_t n = in.size();
  for (size_t i = 0; i < n;) {
    u8 c = p[i++];
    if (c == '_' && header) {
      out.append(' ');
    } else if (c != '=') {
      out.append(c);
    } else if (i >= n) {
      break;
    } else if (p[i] == '\n' || p[i] == '\r') {  // a soft line break
      while (i < n && p[i] != '\n') i++;
      if (i < n) i++;
    } else if (p[i] == '=') {
      out.append('=');
      i++;
    } else if (i + 1 < n && hex_value(p[i]) >= 0 && hex_value(p[i + 1]) >= 0) {
      out.append(u8(hex_value(p[i]) << 4 | hex_value(p[i + 1])));
      i += 2;
    } else {
      out.append('=');
    }
  }
  return out.finish(t);
}
Ref f_b2a_qp(Thread& t, Value, const Value* a) {
  ByteView in(t);
  TRY(in.get(a[0]));
  bool quote_tabs = TRY(flag(t, a[1], false)), text = TRY(flag(t, a[2], true)), header = TRY(flag(t, a[3], false));
  constexpr size_t kMaxLine = 76;
  const u8* p = in.data();
  size_t n = in.size();
  // Line ends come out as the first one in the data is written.
  const u8* first = n > 0 ? static_cast<const u8*>(memchr(p, '\n', n)) : nullptr;
  bool crlf = first != nullptr && first > p && first[-1] == '\r';
  ByteBuilder out;
  size_t column = 0;
  auto newline = [&] {
    if (crlf) out.append('\r');
    out.append('\n');
    column = 0;
  };
  for (size_t i = 0; i < n;) {
    u8 c = p[i];
    bool line_end = c == '\n' || (c == '\r' && i + 1 < n && p[i + 1] == '\n');
    bool last = i + 1 == n;
    bool quote = c > 126 || c == '=' || (header && c == '_') ||
                 (c == '.' && column == 0 && (last || p[i + 1] == '\n' || p[i + 1] == '\r' || p[i + 1] == 0)) ||
                 (!text && (c == '\r' || c == '\n')) || ((c == '\t' || c == ' ') && last) ||
                 (c < 33 && c != '\r' && c != '\n' && c != '\t' && c != ' ') ||
                 (c < 33 && c != '\r' && c != '\n' && (quote_tabs || (!header && c != '\t' && c != ' ')));
    if (quote) {
      if (column + 3 >= kMaxLine) {
        out.append('=');
        newline();
      }
      out.append('=');
      out.append(hex_digit(c >> 4, true));
      out.append(hex_digit(c, true));
      i++;
      column += 3;
      continue;
    }
    if (text && line_end) {
      // White space before a line end would be lost.
      if (out.length() > 0) {
        u8 before = out.data()[out.length() - 1];
        if (before == ' ' || before == '\t') {
          out.truncate(out.length() - 1);
          out.append('=');
          out.append(hex_digit(before >> 4, true));
          out.append(hex_digit(before, true));
        }
      }
      newline();
      i += c == '\r' ? 2 : 1;
      continue;
    }
    if (!last && p[i + 1] != '\n' && column + 1 >= kMaxLine) {
      out.append('=');
      newline();
    }
    out.append(header && c == ' ' ? u8('_') : c);
    column++;
    i++;
  }
  return out.finish(t);
}

// --- CRCs
Ref f_crc32(Thread& t, Value, const Value* a) {
  ByteView in(t);
  TRY(in.get(a[0]));
  u32 crc = 0;
  if (!a[1].is_empty()) {
    Ref start = TRY(to_index(t, a[1]));
    crc = u32(int_low_u64(start));
  }
  return int_from(t, i64(crc32_z(crc, in.data(), in.size())));
}
Ref f_crc_hqx(Thread& t, Value, const Value* a) {
  ByteView in(t);
  TRY(in.get(a[0]));
  Ref start = TRY(to_index(t, a[1]));
  u32 crc = u32(int_low_u64(start)) & 0xFFFF;
  for (size_t i = 0; i < in.size(); i++) {
    crc ^= u32(in.data()[i]) << 8;
    for (int bit = 0; bit < 8; bit++) crc = (crc << 1 ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xFFFF;
  }
  return int_from(t, crc);
}

const Method kFunctions[] = {
    method("a2b_base64", f_a2b_base64, "($module, data, /, *, strict_mode=False)", "Decode a line of base64 data.\n\n  strict_mode\n    When set to True, bytes that are not in the base64 standard are not allowed.\n    The same applies to excess data after padding (= / ==)."),
    method("a2b_hex", f_a2b_hex, "($module, hexstr, /)", "Binary data of hexadecimal representation.\n\nhexstr must contain an even number of hex digits (upper or lower case).\nThis function is also available as \"unhexlify()\"."),
    method("a2b_qp", f_a2b_qp, "($module, /, data, header=False)", "Decode a string of qp-encoded data."),
    method("a2b_uu", f_a2b_uu, "($module, data, /)", "Decode a line of uuencoded data."),
    method("b2a_base64", f_b2a_base64, "($module, data, /, *, newline=True)", "Base64-code line of data."),
    method("b2a_hex", f_b2a_hex, "($module, /, data, sep=<unrepresentable>, bytes_per_sep=1)", "Hexadecimal representation of binary data."),
    method("b2a_qp", f_b2a_qp, "($module, /, data, quotetabs=False, istext=True, header=False)", "Encode a string using quoted-printable encoding.\n\nOn encoding, when istext is set, newlines are not encoded, and white\nspace at end of lines is.  When istext is not set, \\r and \\n (CR/LF)\nare both encoded.  When quotetabs is set, space and tabs are encoded."),
    method("b2a_uu", f_b2a_uu, "($module, data, /, *, backtick=False)", "Uuencode line of data."),
    method("crc32", f_crc32, "($module, data, crc=0, /)", "Compute CRC-32 incrementally."),
    method("crc_hqx", f_crc_hqx, "($module, data, crc, /)", "Compute CRC-CCITT incrementally."),
    method("hexlify", f_b2a_hex, "($module, /, data, sep=<unrepresentable>, bytes_per_sep=1)", "Hexadecimal representation of binary data."),
    method("unhexlify", f_a2b_hex, "($module, hexstr, /)", "Binary data of hexadecimal representation.\n\nhexstr must contain an even number of hex digits (upper or lower case)."),
    {},
};

Status initialise(Thread& t, Module* module) {
  TRY(module_add_exception(t, module, "binascii.Error", exc::ValueError, &g_error));
  return module_add_exception(t, module, "binascii.Incomplete", exc::Exception, &g_incomplete);
}

}  // namespace

extern const ModuleDef module_binascii;
const ModuleDef module_binascii = {"binascii", "Conversion between binary data and ASCII", kFunctions, initialise};

}  // namespace typhon
