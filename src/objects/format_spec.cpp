#include "objects/format_spec.h"

#include <climits>
#include <clocale>
#include <cmath>
#include <cwchar>

#include "objects/format_double.h"
#include "objects/protocol/protocol.h"
#include "objects/unicode.h"

namespace typhon {
namespace {

// What [[fill]align][sign][z][#][0][width][grouping][.precision[grouping]][type] says.
struct Spec {
  u32 fill = ' ';
  u32 align;
  bool alternate = false;
  bool no_negative_zero = false;
  u32 sign = 0;
  i64 width = -1;
  u32 grouping = 0;           // ',' or '_'
  u32 fraction_grouping = 0;
  i64 precision = -1;
  u32 type;
};

bool is_align(u32 c) { return c == '<' || c == '>' || c == '=' || c == '^'; }

// Reads decimal digits at *at; -1 when there are none.
Result<i64> parse_number(Thread& t, Str* spec, size_t* at) {
  i64 number = -1;
  for (; *at < spec->length(); (*at)++) {
    int digit = unicode::decimal_value(spec->at(*at));
    if (digit < 0) break;
    if (number < 0) number = 0;
    if (number > (INT64_MAX - digit) / 10)
      return raise(t, exc::ValueError, "Too many decimal digits in format string");
    number = number * 10 + digit;
  }
  return number;
}

Raised bad_grouping_type(Thread& t, u32 separator, u32 type) {
  if (type > 32 && type < 128)
    return raise(t, exc::ValueError, "Cannot specify '%c' with '%c'.", int(separator), int(type));
  return raise(t, exc::ValueError, "Cannot specify '%c' with '\\x%x'.", int(separator), u64(type));
}

Raised unknown_code(Thread& t, u32 type, Value v) {
  if (type > 32 && type < 128)
    return raise(t, exc::ValueError, "Unknown format code '%c' for object of type '%T'", int(type), v);
  return raise(t, exc::ValueError, "Unknown format code '\\x%x' for object of type '%T'", u64(type), v);
}

bool one_of(u32 c, const char* set) { return c != 0 && c < 128 && std::strchr(set, int(c)) != nullptr; }

Status parse_spec(Thread& t, Str* text, Value v, u32 default_type, u32 default_align, Spec* spec) {
  size_t n = text->length(), i = 0;
  auto peek = [&](size_t at) { return at < n ? text->at(at) : 0; };
  spec->type = default_type;
  spec->align = default_align;
  bool align_given = false, fill_given = false;
  if (n >= 2 && is_align(peek(1))) {
    spec->fill = peek(0);
    spec->align = peek(1);
    align_given = fill_given = true;
    i = 2;
  } else if (is_align(peek(0))) {
    spec->align = peek(0);
    align_given = true;
    i = 1;
  }
  if (one_of(peek(i), " +-")) spec->sign = text->at(i++);
  if (peek(i) == 'z') {
    spec->no_negative_zero = true;
    i++;
  }
  if (peek(i) == '#') {
    spec->alternate = true;
    i++;
  }
  if (!fill_given && peek(i) == '0') {
    spec->fill = '0';
    if (!align_given && default_align == '>') spec->align = '=';
    i++;
  }
  spec->width = TRY(parse_number(t, text, &i));
  auto parse_grouping = [&](u32* grouping) -> Status {
    if (peek(i) == ',') {
      *grouping = ',';
      i++;
    }
    if (peek(i) == '_') {
      if (*grouping != 0) return raise(t, exc::ValueError, "Cannot specify both ',' and '_'.");
      *grouping = '_';
      i++;
    }
    if (peek(i) == ',' && *grouping == '_') return raise(t, exc::ValueError, "Cannot specify both ',' and '_'.");
    return ok();
  };
  TRY(parse_grouping(&spec->grouping));
  if (peek(i) == '.') {
    i++;
    spec->precision = TRY(parse_number(t, text, &i));
    TRY(parse_grouping(&spec->fraction_grouping));
    if (spec->precision < 0 && spec->fraction_grouping == 0)
      return raise(t, exc::ValueError, "Format specifier missing precision");
  }
  if (n - i > 1) {
    return raise(t, exc::ValueError, "Invalid format specifier '%U' for object of type '%T'", text, v);
  }
  if (n - i == 1) spec->type = text->at(i);
  if (spec->grouping != 0 && spec->type != 0 && !one_of(spec->type, "defgEG%F")) {
    if (!(spec->grouping == '_' && one_of(spec->type, "boxX")))
      return bad_grouping_type(t, spec->grouping, spec->type);
  }
  if (spec->fraction_grouping != 0 && spec->type == 'n')
    return bad_grouping_type(t, spec->fraction_grouping, spec->type);
  return ok();
}

// How digits are grouped: sizes from the right as localeconv gives them, and the characters between.
struct Grouping {
  const char* sizes = "";
  u32 separator = 0;
  u32 fraction_separator = 0;
  u32 point = '.';
};

u32 locale_character(const char* text, u32 fallback) {
  if (text == nullptr || *text == 0) return fallback;
  wchar_t wide[4] = {};
  std::mbstate_t mb{};
  const char* p = text;
  size_t n = std::mbsrtowcs(wide, &p, 3, &mb);
  return n == size_t(-1) || n == 0 ? u32(u8(*text)) : u32(wide[0]);
}

Grouping grouping_for(const Spec& spec) {
  Grouping g;
  if (spec.type == 'n') {
    lconv* locale = localeconv();
    g.sizes = locale->grouping != nullptr ? locale->grouping : "";
    g.separator = locale_character(locale->thousands_sep, 0);
    if (g.separator == 0) g.sizes = "";
    g.point = locale_character(locale->decimal_point, '.');
  } else if (spec.grouping != 0) {
    g.sizes = one_of(spec.type, "boxX") ? "\4" : "\3";
    g.separator = spec.grouping;
  }
  g.fraction_separator = spec.fraction_grouping;
  return g;
}

// Groups digits from the right, zero-padding to min_width characters. Into `out` in reverse order, 0 for a separator.
void group_reversed(ByteBuilder& out, std::string_view digits, i64 min_width, const char* sizes) {
  i64 left = i64(digits.size());
  size_t taken = 0;
  auto emit = [&](i64 size) {
    for (i64 k = 0; k < size; k++) {
      if (left > 0) {
        out.append(u8(digits[digits.size() - 1 - taken]));
        taken++;
        left--;
      } else {
        out.append('0');
      }
    }
  };
  bool first = true;
  u8 size = 0;
  while (true) {
    if (*sizes != 0) size = u8(*sizes++);
    bool last_group = size == 0 || size == CHAR_MAX;
    i64 rest = left > min_width ? left : min_width;
    if (rest < 1) rest = 1;
    i64 now = last_group || rest < i64(size) ? rest : i64(size);
    if (!first) out.append(u8(0));
    first = false;
    emit(now);
    min_width -= now;
    if (last_group || (left <= 0 && min_width <= 0)) return;
    min_width -= 1;  // the separator
  }
}

// A number taken apart: sign, prefix (0x), integer digits, fraction digits, and what follows (exponent, %).
struct NumberParts {
  u32 sign = 0;
  std::string_view prefix, whole, fraction, rest;
  bool has_point = false;
};

void append_padded(StrBuilder& out, const Spec& spec, const NumberParts& parts, const Grouping& grouping) {
  size_t fraction_separators =
      grouping.fraction_separator != 0 && !parts.fraction.empty() ? (parts.fraction.size() - 1) / 3 : 0;
  size_t others = (parts.sign != 0) + parts.prefix.size() + parts.has_point + parts.fraction.size() +
                  fraction_separators + parts.rest.size();
  i64 min_width = spec.fill == '0' && spec.align == '=' ? spec.width - i64(others) : 0;
  ByteBuilder reversed;
  size_t whole_width = parts.whole.size();
  if (whole_width != 0 && grouping.separator == 0) {
    // Without separators nothing but zeros is added.
    if (min_width > i64(whole_width)) whole_width = size_t(min_width);
  } else if (whole_width != 0) {
    group_reversed(reversed, parts.whole, min_width, grouping.sizes);
    whole_width = reversed.length();
  }
  i64 padding = spec.width - i64(others + whole_width);
  if (padding < 0) padding = 0;
  size_t left = spec.align == '>' ? size_t(padding) : spec.align == '^' ? size_t(padding) / 2 : 0;
  size_t inner = spec.align == '=' ? size_t(padding) : 0;
  out.append_repeated(spec.fill, left);
  if (parts.sign != 0) out.append(parts.sign);
  out.append_ascii(parts.prefix);
  out.append_repeated(spec.fill, inner);
  if (grouping.separator == 0) {
    out.append_repeated('0', whole_width - parts.whole.size());
    out.append_ascii(parts.whole);
  } else {
    for (size_t i = reversed.length(); i-- > 0;) {
      u8 c = reversed.data()[i];
      out.append(c == 0 ? grouping.separator : u32(c));
    }
  }
  if (parts.has_point) out.append(grouping.point);
  if (fraction_separators == 0) {
    out.append_ascii(parts.fraction);
  } else {
    for (size_t i = 0; i < parts.fraction.size(); i++) {
      if (i != 0 && i % 3 == 0) out.append(grouping.fraction_separator);
      out.append(u32(u8(parts.fraction[i])));
    }
  }
  out.append_ascii(parts.rest);
  out.append_repeated(spec.fill, size_t(padding) - left - inner);
}

u32 sign_for(bool negative, u32 wanted) {
  if (negative) return '-';
  return wanted == '+' || wanted == ' ' ? wanted : 0;
}

// Takes apart what format_double wrote (its sign included).
NumberParts split_number(std::string_view text, u32 wanted_sign) {
  NumberParts parts;
  bool negative = !text.empty() && text[0] == '-';
  if (negative) text.remove_prefix(1);
  parts.sign = sign_for(negative, wanted_sign);
  auto digits_at = [&](size_t i) {
    size_t start = i;
    while (i < text.size() && text[i] >= '0' && text[i] <= '9') i++;
    return i - start;
  };
  size_t whole = digits_at(0);
  parts.whole = text.substr(0, whole);
  text.remove_prefix(whole);
  if (!text.empty() && text[0] == '.') {
    parts.has_point = true;
    text.remove_prefix(1);
    size_t fraction = digits_at(0);
    parts.fraction = text.substr(0, fraction);
    text.remove_prefix(fraction);
  }
  parts.rest = text;
  return parts;
}

Result<int> checked_precision(Thread& t, i64 precision, int fallback) {
  if (precision < 0) return fallback;
  if (precision > INT_MAX - 3) return raise(t, exc::ValueError, "precision too big");
  return int(precision);
}

u32 double_flags(const Spec& spec) {
  return (spec.alternate ? double_flag::kAlternate : 0) |
         (spec.no_negative_zero ? double_flag::kNoNegativeZero : 0);
}

Ref format_double_spec(Thread& t, double d, const Spec& spec) {
  u32 flags = double_flags(spec);
  char code = char(spec.type);
  int fallback = 6;
  bool percent = false;
  if (spec.type == 0) {
    flags |= double_flag::kAddDotZero;
    code = spec.precision < 0 ? 'r' : 'g';
    fallback = 0;
  } else if (spec.type == 'n') {
    code = 'g';
  } else if (spec.type == '%') {
    percent = true;
    d *= 100;
    code = 'f';
  }
  int precision = TRY(checked_precision(t, spec.precision, fallback));
  ByteBuilder text;
  format_double(text, d, code, precision, flags);
  if (percent) text.append('%');
  if (text.failed()) return raise_no_memory(t);
  NumberParts parts = split_number(text.text(), spec.sign);
  Spec laid_out = spec;
  StrBuilder out;
  append_padded(out, laid_out, parts, grouping_for(spec));
  return out.finish(t);
}

}  // namespace

Ref format_str(Thread& t, Value v, Str* spec_text) {
  if (spec_text->length() == 0) return object_str(t, v);
  Spec spec;
  TRY(parse_spec(t, spec_text, v, 's', '<', &spec));
  if (spec.type != 's') return unknown_code(t, spec.type, v);
  if (spec.sign != 0)
    return raise(t, exc::ValueError, spec.sign == ' ' ? "Space not allowed in string format specifier"
                                                      : "Sign not allowed in string format specifier");
  if (spec.no_negative_zero)
    return raise(t, exc::ValueError, "Negative zero coercion (z) not allowed in string format specifier");
  if (spec.alternate) return raise(t, exc::ValueError, "Alternate form (#) not allowed in string format specifier");
  if (spec.align == '=') return raise(t, exc::ValueError, "'=' alignment not allowed in string format specifier");
  Str* s = v.as<Str>();
  size_t n = s->length();
  if (spec.precision >= 0 && u64(spec.precision) < n) n = size_t(spec.precision);
  if (spec.width <= i64(n)) return n == s->length() && n != 0 ? Ref::copy(v) : Ref(TRY(str_substring(t, s, 0, n)));
  size_t padding = size_t(spec.width) - n;
  size_t left = spec.align == '>' ? padding : spec.align == '^' ? padding / 2 : 0;
  StrBuilder out;
  out.append_repeated(spec.fill, left);
  out.append(s, 0, n);
  out.append_repeated(spec.fill, padding - left);
  return out.finish(t);
}

Ref format_int(Thread& t, Value v, Str* spec_text) {
  if (spec_text->length() == 0) return object_str(t, v);
  Spec spec;
  TRY(parse_spec(t, spec_text, v, 'd', '>', &spec));
  if (one_of(spec.type, "eEfFgG%")) {
    double d = TRY(int_to_double(t, v));
    return format_double_spec(t, d, spec);
  }
  if (!one_of(spec.type, "bcdoxXn")) return unknown_code(t, spec.type, v);
  if (spec.precision >= 0) return raise(t, exc::ValueError, "Precision not allowed in integer format specifier");
  if (spec.no_negative_zero)
    return raise(t, exc::ValueError, "Negative zero coercion (z) not allowed in integer format specifier");
  StrBuilder out;
  if (spec.type == 'c') {
    if (spec.sign != 0) return raise(t, exc::ValueError, "Sign not allowed with integer format specifier 'c'");
    if (spec.alternate)
      return raise(t, exc::ValueError, "Alternate form (#) not allowed with integer format specifier 'c'");
    i64 c = TRY(to_i64(t, v));
    if (c < 0 || c > 0x10FFFF)
      return raise(t, exc::OverflowError, "%%c arg not in range(0x110000)");
    size_t padding = spec.width > 1 ? size_t(spec.width - 1) : 0;
    size_t left = spec.align == '<' ? 0 : spec.align == '^' ? padding / 2 : padding;
    out.append_repeated(spec.fill, left);
    out.append(u32(c));
    out.append_repeated(spec.fill, padding - left);
    return out.finish(t);
  }
  int base = spec.type == 'b' ? 2 : spec.type == 'o' ? 8 : spec.type == 'x' || spec.type == 'X' ? 16 : 10;
  RefTo<Str> digits = TRY(int_to_str(t, v, base));
  ByteBuilder upper;
  NumberParts parts;
  std::string_view text = digits->ascii();
  bool negative = !text.empty() && text[0] == '-';
  if (negative) text.remove_prefix(1);
  if (spec.type == 'X') {
    for (char c : text) upper.append(u8(c >= 'a' ? c - 32 : c));
    text = upper.text();
  }
  parts.sign = sign_for(negative, spec.sign);
  parts.whole = text;
  if (spec.alternate) {
    switch (spec.type) {
      case 'b': parts.prefix = "0b"; break;
      case 'o': parts.prefix = "0o"; break;
      case 'x': parts.prefix = "0x"; break;
      case 'X': parts.prefix = "0X"; break;
      default: break;
    }
  }
  append_padded(out, spec, parts, grouping_for(spec));
  return out.finish(t);
}

Ref format_float(Thread& t, Value v, Str* spec_text) {
  if (spec_text->length() == 0) return object_str(t, v);
  Spec spec;
  TRY(parse_spec(t, spec_text, v, 0, '>', &spec));
  if (spec.type != 0 && !one_of(spec.type, "eEfFgGn%")) return unknown_code(t, spec.type, v);
  return format_double_spec(t, float_value(v), spec);
}

Ref format_complex(Thread& t, Value v, Str* spec_text) {
  if (spec_text->length() == 0) return object_str(t, v);
  Spec spec;
  TRY(parse_spec(t, spec_text, v, 0, '>', &spec));
  if (spec.type != 0 && !one_of(spec.type, "eEfFgGn")) return unknown_code(t, spec.type, v);
  if (spec.fill == '0') return raise(t, exc::ValueError, "Zero padding is not allowed in complex format specifier");
  if (spec.align == '=')
    return raise(t, exc::ValueError, "'=' alignment flag is not allowed in complex format specifier");
  double real = v.as<Complex>()->real, imaginary = v.as<Complex>()->imag;
  char code = char(spec.type);
  bool skip_real = false, parentheses = false;
  if (spec.type == 0) {
    skip_real = real == 0 && !std::signbit(real);
    parentheses = !skip_real;
    code = spec.precision < 0 ? 'r' : 'g';
  } else if (spec.type == 'n') {
    code = 'g';
  }
  int precision = TRY(checked_precision(t, spec.precision, spec.type == 0 ? 0 : 6));
  u32 flags = double_flags(spec);
  Grouping grouping = grouping_for(spec);
  Spec bare = spec;  // the parts themselves are not padded
  bare.width = -1;
  StrBuilder number;
  if (parentheses) number.append('(');
  if (!skip_real) {
    ByteBuilder text;
    format_double(text, real, code, precision, flags);
    if (text.failed()) return raise_no_memory(t);
    append_padded(number, bare, split_number(text.text(), spec.sign), grouping);
  }
  ByteBuilder text;
  format_double(text, imaginary, code, precision, flags);
  if (text.failed()) return raise_no_memory(t);
  append_padded(number, bare, split_number(text.text(), skip_real ? spec.sign : '+'), grouping);
  number.append('j');
  if (parentheses) number.append(')');
  RefTo<Str> plain = TRY(number.finish(t));
  i64 n = i64(plain->length());
  if (spec.width <= n) return plain;
  size_t padding = size_t(spec.width - n);
  size_t left = spec.align == '>' ? padding : spec.align == '^' ? padding / 2 : 0;
  StrBuilder out;
  out.append_repeated(spec.fill, left);
  out.append(plain.get());
  out.append_repeated(spec.fill, padding - left);
  return out.finish(t);
}

}  // namespace typhon
