#include "parser/dump.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <string_view>
#include <vector>

#include "base/utf8.h"
#include "parser/tokenizer.h"

namespace typhon::ast {

namespace {

void append_float(std::string& out, double value, bool with_point) {
  if (std::isinf(value)) {
    out += value < 0 ? "-inf" : "inf";
    return;
  }
  if (std::isnan(value)) {
    out += "nan";
    return;
  }
  char buffer[64];
  auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  std::string_view text(buffer, size_t(end - buffer));
  if (text[0] == '-') {
    out += '-';
    text.remove_prefix(1);
  }
  size_t e = text.find('e');
  int exponent = 0;
  std::from_chars(text.data() + e + (text[e + 1] == '+' ? 2 : 1), text.data() + text.size(), exponent);
  std::string digits(1, text[0]);
  if (e > 2) digits += text.substr(2, e - 2);
  if (exponent < -4 || exponent >= 16) {
    out += digits[0];
    if (digits.size() > 1) (out += '.') += digits.substr(1);
    snprintf(buffer, sizeof buffer, "e%c%02d", exponent < 0 ? '-' : '+', exponent < 0 ? -exponent : exponent);
    out += buffer;
    return;
  }
  if (exponent < 0) {
    out += "0." + std::string(size_t(-exponent - 1), '0') + digits;
    return;
  }
  size_t whole = size_t(exponent) + 1;
  if (digits.size() <= whole) {
    out += digits + std::string(whole - digits.size(), '0');
    if (with_point) out += ".0";
    return;
  }
  out += digits.substr(0, whole) + "." + digits.substr(whole);
}

// Schoolbook base conversion: only tests print such numbers.
void append_big_int(std::string& out, std::string_view digits, int base) {
  if (base == 10) {
    out += digits;
    return;
  }
  std::vector<uint32_t> limbs{0};  // base 10**9, little end first
  for (char c : digits) {
    uint64_t carry = uint64_t(c <= '9' ? c - '0' : c - 'a' + 10);
    for (uint32_t& limb : limbs) {
      uint64_t v = uint64_t(limb) * uint64_t(base) + carry;
      limb = uint32_t(v % 1000000000);
      carry = v / 1000000000;
    }
    if (carry != 0) limbs.push_back(uint32_t(carry));
  }
  char buffer[16];
  for (size_t i = limbs.size(); i-- > 0;) {
    snprintf(buffer, sizeof buffer, i + 1 == limbs.size() ? "%u" : "%09u", limbs[i]);
    out += buffer;
  }
}

char choose_quote(std::string_view text) {
  bool single = text.find('\'') != std::string_view::npos;
  bool twice = text.find('"') != std::string_view::npos;
  return single && !twice ? '"' : '\'';
}

void append_string(std::string& out, std::string_view text, bool is_bytes) {
  char quote = choose_quote(text);
  if (is_bytes) out += 'b';
  out += quote;
  const char* p = text.data();
  const char* end = p + text.size();
  char buffer[16];
  while (p < end) {
    const char* start = p;
    uint32_t cp = is_bytes ? uint8_t(*p++) : utf8::decode_lenient(p);
    if (cp == uint32_t(quote) || cp == '\\') {
      (out += '\\') += char(cp);
    } else if (cp == '\n') {
      out += "\\n";
    } else if (cp == '\r') {
      out += "\\r";
    } else if (cp == '\t') {
      out += "\\t";
    } else if (cp < 128 ? cp >= 32 && cp < 127 : !is_bytes && parser::is_printable(cp)) {
      out.append(start, size_t(p - start));
    } else {
      snprintf(buffer, sizeof buffer, cp < 0x100 ? "\\x%02x" : cp < 0x10000 ? "\\u%04x" : "\\U%08x", cp);
      out += buffer;
    }
  }
  out += quote;
}

class Dumper {
 public:
  explicit Dumper(const DumpOptions& options) : options_(options) {}

  void node(const Node* n) {
    const KindInfo& info = kind_info(n->kind);
    out_ += info.name;
    out_ += '(';
    bool first = true;
    auto label = [&](const char* name) {
      if (!first) out_ += ", ";
      first = false;
      (out_ += name) += '=';
    };
    for (int i = 0; i < info.field_count; i++) field(n, info.fields[i], label);
    if (options_.include_attributes && info.has_positions) {
      label("lineno");
      number(n->lineno);
      label("col_offset");
      number(n->col_offset);
      label("end_lineno");
      number(n->end_lineno);
      label("end_col_offset");
      number(n->end_col_offset);
    }
    out_ += ')';
  }

  std::string take() { return std::move(out_); }
  void constant(const ConstantValue& value);

 private:
  void number(int64_t value) { out_ += std::to_string(value); }

  template <typename Label>
  void field(const Node* n, const FieldInfo& f, Label&& label) {
    bool many = f.quantity == Quantity::kMany || f.quantity == Quantity::kManyOpt;
    switch (f.type) {
      case FieldType::identifier:
      case FieldType::string:
        if (many) {
          const auto& names = field_ref<Seq<std::string_view>>(n, f);
          if (names.empty()) return;
          label(f.name);
          list(names, [&](std::string_view name) { append_string(out_, name, false); });
          return;
        }
        if (field_ref<std::string_view>(n, f).data() == nullptr) return;
        label(f.name);
        append_string(out_, field_ref<std::string_view>(n, f), false);
        return;
      case FieldType::int_:
        label(f.name);
        number(field_ref<int32_t>(n, f));
        return;
      case FieldType::constant:
        label(f.name);
        constant(field_ref<ConstantValue>(n, f));
        return;
      case FieldType::expr_context:
      case FieldType::boolop:
      case FieldType::operator_:
      case FieldType::unaryop:
      case FieldType::cmpop: {
        const EnumInfo& items = *enum_info(f.type);
        label(f.name);
        if (!many) {
          (out_ += items.items[field_ref<uint8_t>(n, f)]) += "()";
          return;
        }
        list(field_ref<Seq<uint8_t>>(n, f), [&](uint8_t item) { (out_ += items.items[item]) += "()"; });
        return;
      }
      default: break;
    }
    if (many) {
      const auto& nodes = field_ref<Seq<Node*>>(n, f);
      if (nodes.empty()) return;
      label(f.name);
      list(nodes, [&](Node* item) {
        if (item == nullptr) {
          out_ += "None";
        } else {
          node(item);
        }
      });
      return;
    }
    if (field_ref<Node*>(n, f) == nullptr) return;
    label(f.name);
    node(field_ref<Node*>(n, f));
  }

  template <typename T, typename Each>
  void list(const Seq<T>& items, Each&& each) {
    out_ += '[';
    for (uint32_t i = 0; i < items.size; i++) {
      if (i != 0) out_ += ", ";
      each(items[i]);
    }
    out_ += ']';
  }

  const DumpOptions& options_;
  std::string out_;
};

void Dumper::constant(const ConstantValue& value) {
  switch (value.type) {
    case ConstantValue::Type::kNone: out_ += "None"; break;
    case ConstantValue::Type::kTrue: out_ += "True"; break;
    case ConstantValue::Type::kFalse: out_ += "False"; break;
    case ConstantValue::Type::kEllipsis: out_ += "Ellipsis"; break;
    case ConstantValue::Type::kInt: number(value.int_value); break;
    case ConstantValue::Type::kBigInt: append_big_int(out_, value.text, value.base); break;
    case ConstantValue::Type::kFloat: append_float(out_, value.float_value, true); break;
    case ConstantValue::Type::kComplex:
      append_float(out_, value.float_value, false);
      out_ += 'j';
      break;
    case ConstantValue::Type::kStr: append_string(out_, value.text, false); break;
    case ConstantValue::Type::kBytes: append_string(out_, value.text, true); break;
    case ConstantValue::Type::kTuple:
    case ConstantValue::Type::kFrozenSet: {
      bool is_tuple = value.type == ConstantValue::Type::kTuple;
      out_ += is_tuple ? "(" : "frozenset({";
      for (uint32_t i = 0; i < value.items.size; i++) {
        if (i != 0) out_ += ", ";
        constant(value.items[i]);
      }
      if (is_tuple && value.items.size == 1) out_ += ',';
      out_ += is_tuple ? ")" : "})";
      break;
    }
  }
}

}  // namespace

std::string dump(const Node* tree, const DumpOptions& options) {
  Dumper dumper(options);
  dumper.node(tree);
  return dumper.take();
}

std::string constant_repr(const ConstantValue& value) {
  DumpOptions options;
  Dumper dumper(options);
  dumper.constant(value);
  return dumper.take();
}

}  // namespace typhon::ast
