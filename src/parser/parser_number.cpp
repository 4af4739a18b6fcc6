// The values of numeric literals the tokenizer has already found well-formed.
#include <charconv>
#include <cmath>

#include "parser/parser_internal.h"

namespace typhon::parser {

using ast::ConstantValue;

namespace {

// Out of from_chars' range: infinity or zero, by the decimal exponent of the first digit that counts.
double out_of_range(std::string_view digits) {
  long exponent = 0;
  size_t e = digits.find_first_of("eE");
  if (e != std::string_view::npos) {
    bool negative = digits[e + 1] == '-';
    for (size_t i = e + 1 + (negative || digits[e + 1] == '+'); i < digits.size(); i++) {
      if (exponent < 100'000'000) exponent = exponent * 10 + (digits[i] - '0');
    }
    if (negative) exponent = -exponent;
  }
  std::string_view mantissa = digits.substr(0, e);
  size_t first = mantissa.find_first_of("123456789");
  if (first == std::string_view::npos) return 0.0;
  size_t point = mantissa.find('.');
  if (point == std::string_view::npos) point = mantissa.size();
  long magnitude = exponent + long(point) - long(first);
  return magnitude > 0 ? HUGE_VAL : 0.0;
}

double parse_double(std::string_view digits) {
  double value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return error == std::errc::result_out_of_range ? out_of_range(digits) : value;
}

ConstantValue parse_integer(Arena& arena, std::string_view digits, int base) {
  ConstantValue result;
  size_t first = digits.find_first_not_of('0');
  digits = first == std::string_view::npos ? "0" : digits.substr(first);
  int64_t value;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error == std::errc()) {
    result.type = ConstantValue::Type::kInt;
    result.int_value = value;
    return result;
  }
  std::string_view copy = arena.copy(digits);
  char* p = const_cast<char*>(copy.data());
  for (size_t i = 0; i < copy.size(); i++) p[i] = p[i] >= 'A' && p[i] <= 'F' ? char(p[i] | 0x20) : p[i];
  result.type = ConstantValue::Type::kBigInt;
  result.base = uint8_t(base);
  result.text = copy;
  return result;
}

}  // namespace

ConstantValue parse_number(Arena& arena, std::string_view text) {
  if (text.find('_') != std::string_view::npos) {
    char* out = arena.make_array<char>(text.size());
    size_t n = 0;
    for (char c : text) {
      if (c != '_') out[n++] = c;
    }
    text = {out, n};
  }
  if (text.size() > 1 && text[0] == '0') {
    switch (text[1] | 0x20) {
      case 'x': return parse_integer(arena, text.substr(2), 16);
      case 'o': return parse_integer(arena, text.substr(2), 8);
      case 'b': return parse_integer(arena, text.substr(2), 2);
      default: break;
    }
  }
  if (text.find_first_not_of("0123456789") == std::string_view::npos) return parse_integer(arena, text, 10);
  ConstantValue result;
  bool imaginary = (text.back() | 0x20) == 'j';
  if (imaginary) text.remove_suffix(1);
  result.type = imaginary ? ConstantValue::Type::kComplex : ConstantValue::Type::kFloat;
  result.float_value = parse_double(text);
  return result;
}

}  // namespace typhon::parser
