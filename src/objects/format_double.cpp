#include "objects/format_double.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace typhon {
namespace {

// Decimal digits d1 d2 ... of a value 0.d1d2... * 10^point.
struct Digits {
  const char* text;
  size_t count;
  int point;
};

// Splits "d.ddde-XX" in place into digits and point.
Digits split_scientific(char* text, char* end) {
  char* e = end;
  while (*--e != 'e') {
  }
  int exponent = 0;
  std::from_chars(e[1] == '+' ? e + 2 : e + 1, end, exponent);
  size_t count = size_t(e - text);
  if (count > 1) {  // close the gap that the point leaves
    std::memmove(text + 1, text + 2, count - 2);
    count--;
  }
  return {text, count, exponent + 1};
}

void append_exponent(ByteBuilder& out, char e, int exponent) {
  char text[16];
  int n = std::snprintf(text, sizeof text, "%c%c%02d", e, exponent < 0 ? '-' : '+', std::abs(exponent));
  out.append(text, size_t(n));
}

// Writes digits in positional notation, or with an exponent; `pad_to` digits in all.
void lay_out(ByteBuilder& out, const Digits& d, size_t pad_to, bool with_exponent, char e, u32 flags) {
  size_t total = d.count < pad_to ? pad_to : d.count;
  auto digits = [&](size_t from, size_t to) {
    size_t have = to < d.count ? to : d.count;
    if (from < have) out.append(d.text + from, have - from);
    size_t start = from > have ? from : have;
    if (to > start) out.append_repeated('0', to - start);
  };
  if (with_exponent) {
    digits(0, 1);
    if (total > 1 || (flags & double_flag::kAlternate)) out.append('.');
    digits(1, total);
    append_exponent(out, e, d.point - 1);
    return;
  }
  if (d.point <= 0) {
    out.append("0.");
    out.append_repeated('0', size_t(-d.point));
    digits(0, total);
    return;
  }
  size_t whole = size_t(d.point);
  digits(0, whole);
  if (total > whole) {
    out.append('.');
    digits(whole, total);
  } else if (flags & double_flag::kAddDotZero) {
    out.append(".0");
  } else if (flags & double_flag::kAlternate) {
    out.append('.');
  }
}

bool all_zero(const u8* text, size_t n) {
  for (size_t i = 0; i < n && text[i] != 'e' && text[i] != 'E'; i++)
    if (text[i] != '0' && text[i] != '.') return false;
  return true;
}

// A scratch buffer that is large enough for `precision` digits, on the stack when that is small.
struct Scratch {
  explicit Scratch(size_t n) : size(n), data(n <= sizeof local ? local : static_cast<char*>(std::malloc(n))) {}
  ~Scratch() {
    if (data != local) std::free(data);
  }
  size_t size;
  char local[512];
  char* data;
};

void format_finite(ByteBuilder& out, double d, char code, int precision, u32 flags) {
  char lower = char(code | 0x20), e = char(code & 0x20 ? 'e' : 'E');
  if (lower == 'r') {
    char text[40];
    auto end = std::to_chars(text, text + sizeof text, d, std::chars_format::scientific).ptr;
    Digits digits = d == 0 ? Digits{"0", 1, 1} : split_scientific(text, end);
    lay_out(out, digits, 0, digits.point <= -4 || digits.point > 16, e, flags);
    return;
  }
  if (lower == 'f') {
    Scratch scratch(size_t(precision) + 330);
    if (scratch.data == nullptr) {
      out.append_repeated('0', size_t(1) << 60);  // reports the failure through the builder
      return;
    }
    auto end = std::to_chars(scratch.data, scratch.data + scratch.size, d, std::chars_format::fixed, precision).ptr;
    out.append(scratch.data, size_t(end - scratch.data));
    if (precision == 0 && (flags & double_flag::kAddDotZero))
      out.append(".0");
    else if (precision == 0 && (flags & double_flag::kAlternate))
      out.append('.');
    return;
  }
  if (lower == 'g' && precision == 0) precision = 1;
  size_t wanted = lower == 'e' ? size_t(precision) + 1 : size_t(precision);
  // Beyond 800 digits a double has only zeros.
  size_t made = wanted < 800 ? wanted : 800;
  Scratch scratch(made + 32);
  auto end = std::to_chars(scratch.data, scratch.data + scratch.size, d, std::chars_format::scientific, int(made - 1)).ptr;
  Digits digits = split_scientific(scratch.data, end);
  if (lower == 'e') {
    lay_out(out, digits, wanted, true, e, flags);
    return;
  }
  bool keep_zeros = flags & double_flag::kAlternate;
  if (!keep_zeros)
    while (digits.count > 1 && digits.text[digits.count - 1] == '0') digits.count--;
  i64 limit = i64(precision) - (flags & double_flag::kAddDotZero ? 1 : 0);
  lay_out(out, digits, keep_zeros ? wanted : 0, digits.point <= -4 || i64(digits.point) > limit, e, flags);
}

}  // namespace

void format_double(ByteBuilder& out, double d, char code, int precision, u32 flags) {
  bool negative = std::signbit(d);
  bool upper = !(code & 0x20);
  if (std::isnan(d)) {
    if (flags & double_flag::kAlwaysSign) out.append('+');
    out.append(upper ? "NAN" : "nan");
    return;
  }
  if (negative)
    out.append('-');
  else if (flags & double_flag::kAlwaysSign)
    out.append('+');
  if (std::isinf(d)) {
    out.append(upper ? "INF" : "inf");
    return;
  }
  size_t start = out.length();
  format_finite(out, std::fabs(d), code, precision, flags);
  if (!negative || !(flags & double_flag::kNoNegativeZero) || out.failed()) return;
  if (!all_zero(out.data() + start, out.length() - start)) return;
  if (flags & double_flag::kAlwaysSign)
    out.data()[start - 1] = '+';
  else
    out.remove(start - 1, 1);
}

size_t format_double_repr(double d, char* out, bool add_dot_zero) {
  ByteBuilder text;
  format_double(text, d, 'r', 0, add_dot_zero ? double_flag::kAddDotZero : 0);
  std::memcpy(out, text.data(), text.length());
  return text.length();
}

}  // namespace typhon
