#include "modules/_struct/format.h"

#include <cmath>
#include <new>

#include "objects/int.h"

namespace typhon::structs {

Type* g_error;

namespace {

struct CodeInfo {
  char code;
  u8 native, standard;  // sizes; standard 0: native only
  bool is_signed;
};
constexpr CodeInfo kCodes[] = {
    {'x', 1, 1, false}, {'c', 1, 1, false}, {'s', 1, 1, false}, {'p', 1, 1, false}, {'b', 1, 1, true},   {'B', 1, 1, false},
    {'?', 1, 1, false}, {'h', 2, 2, true},  {'H', 2, 2, false}, {'i', 4, 4, true},  {'I', 4, 4, false},  {'l', 8, 4, true},
    {'L', 8, 4, false}, {'q', 8, 8, true},  {'Q', 8, 8, false}, {'n', 8, 0, true},  {'N', 8, 0, false},  {'P', 8, 0, false},
    {'e', 2, 2, false}, {'f', 4, 4, false}, {'d', 8, 8, false}, {'F', 8, 8, false}, {'D', 16, 16, false},
};

u64 load(const u8* in, u32 size, bool big) {
  u64 v = 0;
  for (u32 i = 0; i < size; i++) v |= u64(in[big ? size - 1 - i : i]) << (8 * i);
  return v;
}
void store(u8* out, u32 size, bool big, u64 v) {
  for (u32 i = 0; i < size; i++) out[big ? size - 1 - i : i] = u8(v >> (8 * i));
}

double half_to_double(u16 bits) {
  int exponent = bits >> 10 & 31;
  u32 fraction = bits & 1023;
  double v;
  if (exponent == 31) {
    u64 raw = (u64(0x7FF) << 52) | (u64(fraction) << 42);
    v = std::bit_cast<double>(raw);
  } else {
    v = exponent == 0 ? ldexp(fraction, -24) : ldexp(1024 + fraction, exponent - 25);
  }
  return bits & 0x8000 ? -v : v;
}
// False when the number is too large.
bool double_to_half(double x, u16* out) {
  u16 sign = std::signbit(x) ? 0x8000 : 0;
  double v = fabs(x);
  u32 bits;
  if (std::isnan(v)) {
    bits = 0x7C00 | u32(std::bit_cast<u64>(v) >> 42 & 1023);
    if ((bits & 1023) == 0) bits |= 1;
  } else if (std::isinf(v)) {
    bits = 0x7C00;
  } else if (v < 0x1p-14) {
    bits = u32(nearbyint(ldexp(v, 24)));
  } else {
    int exponent;
    double fraction = frexp(v, &exponent);
    if (exponent > 17) return false;
    bits = u32((exponent + 14) << 10) + u32(nearbyint(ldexp(fraction, 11))) - 1024;  // a carry runs into the exponent
    if (bits >= 0x7C00) return false;
  }
  *out = u16(bits | sign);
  return true;
}

Result<bool> complex_value(Thread& t, Value v, double* real, double* imag) {
  *imag = 0;
  Ref held = Ref::copy(v);
  if (!is_complex_(v)) {
    Ref method = lookup_special(t, v, names::complex_dunder);
    if (method.failed()) return Raised{};
    if (!method.is_empty()) {
      held = call(t, method);
      if (held.failed()) return Raised{};
    }
  }
  if (is_complex_(held)) {
    *real = held.as<Complex>()->real;
    *imag = held.as<Complex>()->imag;
    return true;
  }
  *real = TRY(to_double(t, held));
  return true;
}

void store_float(u8* out, u32 size, bool big, double x) {
  if (size == 4)
    store(out, 4, big, std::bit_cast<u32>(float(x)));
  else
    store(out, 8, big, std::bit_cast<u64>(x));
}
double load_float(const u8* in, u32 size, bool big) {
  if (size == 4) return double(std::bit_cast<float>(u32(load(in, 4, big))));
  return std::bit_cast<double>(load(in, 8, big));
}

Status pack_int(Thread& t, const Item& item, u8* out, Value v) {
  Ref number = Ref::copy(v);
  if (!is_int(v)) {
    if (type_lookup(type_of(v), names::__index__).is_empty()) return raise(t, g_error, "required argument is not an integer");
    number = TRY(to_index(t, v));
  }
  if (item.code == 'P') {
    i64 value;
    u64 bits;
    if (int_fits_i64(number, &value))
      bits = u64(value);
    else if (!int_fits_u64(number, &bits))
      return raise(t, g_error, "int too large to convert");
    store(out, 8, item.big, bits);
    return ok();
  }
  u32 width = item.size * 8u;
  if (item.is_signed) {
    i64 value;
    i64 most = width == 64 ? INT64_MAX : (i64(1) << (width - 1)) - 1;
    if (!int_fits_i64(number, &value) || value > most || value < -most - 1)
      return raise(t, g_error, "'%c' format requires %zd <= number <= %zd", int(item.code), -most - 1, most);
    store(out, item.size, item.big, u64(value));
    return ok();
  }
  u64 value;
  u64 most = width == 64 ? ~u64(0) : (u64(1) << width) - 1;
  if (int_sign(number) < 0 || !int_fits_u64(number, &value) || value > most)
    return raise(t, g_error, "'%c' format requires 0 <= number <= %zu", int(item.code), most);
  store(out, item.size, item.big, value);
  return ok();
}

Status pack_float(Thread& t, const Item& item, u8* out, Value v) {
  Result<double> converted = to_double(t, v);
  if (converted.failed()) {
    if (!clear_if(t, exc::TypeError)) return Raised{};
    return raise(t, g_error, "required argument is not a float");
  }
  double x = converted.get();
  if (item.code == 'e') {
    u16 bits;
    if (!double_to_half(x, &bits)) return raise(t, exc::OverflowError, "float too large to pack with e format");
    store(out, 2, item.big, bits);
    return ok();
  }
  if (item.code == 'f' && std::isfinite(x) && !std::isfinite(float(x)))
    return raise(t, exc::OverflowError, "float too large to pack with f format");
  store_float(out, item.size, item.big, x);
  return ok();
}

}  // namespace

Format* parse_format(Thread& t, std::string_view text) {
  auto fail = [&](const char* message) -> Format* {
    (void)raise(t, g_error, "%s", message);
    return nullptr;
  };
  if (text.find('\0') != std::string_view::npos) return fail("embedded null character");
  bool native = true, big = false;
  size_t at = 0;
  if (!text.empty()) {
    switch (text[0]) {
      case '@': at = 1; break;
      case '=':
      case '<': native = false, at = 1; break;
      case '>':
      case '!': native = false, big = true, at = 1; break;
    }
  }
  auto* format = new (std::nothrow) Format;
  if (format == nullptr) {
    (void)raise_no_memory(t);
    return nullptr;
  }
  const char* problem = nullptr;
  while (at < text.size() && problem == nullptr) {
    char c = text[at++];
    if (c == ' ' || (c >= 9 && c <= 13)) continue;
    i64 count = 1;
    if (c >= '0' && c <= '9') {
      count = c - '0';
      while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
        if (__builtin_mul_overflow(count, i64(10), &count) || __builtin_add_overflow(count, i64(text[at] - '0'), &count)) {
          problem = "total struct size too long";
          break;
        }
        at++;
      }
      if (problem != nullptr) break;
      if (at == text.size()) {
        problem = "repeat count given without format specifier";
        break;
      }
      c = text[at++];
    }
    const CodeInfo* info = nullptr;
    for (const CodeInfo& row : kCodes)
      if (row.code == c && (native || row.standard != 0)) info = &row;
    if (info == nullptr) {
      problem = "bad char in struct format";
      break;
    }
    u32 size = native ? info->native : info->standard;
    if (native) {
      u32 alignment = c == 'F' ? 4 : c == 'D' ? 8 : size;
      if (format->size > INT64_MAX - 16) {
        problem = "total struct size too long";
        break;
      }
      format->size = i64(align_up(u64(format->size), alignment));
    }
    i64 bytes;
    if (__builtin_mul_overflow(count, i64(size), &bytes) || __builtin_add_overflow(bytes, format->size, &bytes)) {
      problem = "total struct size too long";
      break;
    }
    if (c == 's' || c == 'p')
      format->values++;
    else if (c != 'x')
      format->values += count;
    if (c == 's' || c == 'p' || (c != 'x' && count > 0))
      format->items.push_back({c, u8(size), big, info->is_signed, 0, format->size, count});
    format->size = bytes;
  }
  if (problem == nullptr) return format;
  delete format;
  return fail(problem);
}

Status pack_item(Thread& t, const Item& item, u8* out, Value v) {
  switch (item.code) {
    case 'c':
      if (!is_bytes(v) || v.as<Bytes>()->size != 1) return raise(t, g_error, "char format requires a bytes object of length 1");
      *out = v.as<Bytes>()->data[0];
      return ok();
    case '?': *out = TRY(truth(t, v)); return ok();
    case 's':
    case 'p': {
      if (!is_bytes(v) && !is_bytearray(v)) return raise(t, g_error, "argument for '%c' must be a bytes object", int(item.code));
      ByteView view(t);
      TRY(view.get(v));
      size_t room = size_t(item.count);
      if (item.code == 'p') {
        if (room == 0) return ok();
        size_t n = view.size() < room - 1 ? view.size() : room - 1;
        memcpy(out + 1, view.data(), n);
        *out = u8(n > 255 ? 255 : n);
      } else {
        memcpy(out, view.data(), view.size() < room ? view.size() : room);
      }
      return ok();
    }
    case 'e': case 'f': case 'd': return pack_float(t, item, out, v);
    case 'F': case 'D': {
      double real, imag;
      if (complex_value(t, v, &real, &imag).failed()) {
        if (!clear_if(t, exc::TypeError)) return Raised{};
        return raise(t, g_error, "required argument is not a complex");
      }
      store_float(out, item.size / 2u, item.big, real);
      store_float(out + item.size / 2, item.size / 2u, item.big, imag);
      return ok();
    }
    default: return pack_int(t, item, out, v);
  }
}

Ref unpack_item(Thread& t, const Item& item, const u8* in) {
  switch (item.code) {
    case 'c': return bytes_from(t, in, 1);
    case '?': return Ref::boolean(*in != 0);
    case 's': return bytes_from(t, in, size_t(item.count));
    case 'p': {
      if (item.count == 0) return bytes_from(t, in, 0);
      i64 n = *in < item.count - 1 ? *in : item.count - 1;
      return bytes_from(t, in + 1, size_t(n));
    }
    case 'e': return float_from(t, half_to_double(u16(load(in, 2, item.big))));
    case 'f': case 'd': return float_from(t, load_float(in, item.size, item.big));
    case 'F': case 'D': {
      u32 half = item.size / 2u;
      return complex_from(t, load_float(in, half, item.big), load_float(in + half, half, item.big));
    }
  }
  u64 bits = load(in, item.size, item.big);
  if (!item.is_signed) return int_from_u64(t, bits);
  u32 shift = 64 - item.size * 8u;
  return int_from(t, i64(bits << shift) >> shift);
}

}  // namespace typhon::structs
