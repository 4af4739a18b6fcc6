// %-formatting: one engine for str and bytes.
#include <climits>

#include "heap/collector.h"
#include "objects/big.h"
#include "objects/bytes_util.h"
#include "objects/codecs.h"
#include "objects/exception_types.h"
#include "objects/format_double.h"
#include "objects/percent.h"
#include "objects/str_util.h"

namespace typhon {
namespace {

struct Directive {
  bool left = false, plus = false, space = false, alternate = false, zero = false;
  i64 width = -1;
  i64 precision = -1;
  u32 type = 0;
};

// A number as text: sign, prefix and digits apart, so that padding can go between.
struct NumberText {
  ByteBuilder digits;
  bool negative = false;
  char prefix = 0;  // of 0x, 0X, 0o
};

struct StrTraits {
  using Builder = StrBuilder;
  static constexpr const char* kLeftOver = "not all arguments converted during string formatting";
  static constexpr const char* kPrecision = "precision too big";
  Str* format;
  size_t length = format->length();
  const u8* bytes = format->kind() == 0 ? format->data<u8>() : nullptr;
  size_t size() const { return length; }
  u32 at(size_t i) const { return bytes != nullptr ? bytes[i] : format->at(i); }
  void copy(Builder& out, size_t start, size_t end) const { out.append(format, start, end); }
  Ref slice(Thread& t, size_t start, size_t end) const { return str_substring(t, format, start, end); }
  static bool is_text(Value v) { return is_str(v); }
};

struct BytesTraits {
  using Builder = ByteBuilder;
  static constexpr const char* kLeftOver = "not all arguments converted during bytes formatting";
  static constexpr const char* kPrecision = "precision too big";
  const u8* bytes;
  size_t length;
  size_t size() const { return length; }
  u32 at(size_t i) const { return bytes[i]; }
  void copy(Builder& out, size_t start, size_t end) const { out.append(bytes + start, end - start); }
  Ref slice(Thread& t, size_t start, size_t end) const { return bytes_from(t, bytes + start, end - start); }
  static bool is_text(Value v) { return is_bytes(v) || is_bytearray(v) || is_str(v); }
};

// Where the next `a` or `b` is from `at` on, or the end.
template <class Traits>
size_t find_either(const Traits& traits, size_t at, u8 a, u8 b) {
  size_t n = traits.size();
  if (const u8* bytes = traits.bytes) {
    while (at < n && bytes[at] != a && bytes[at] != b) at++;
  } else {
    while (at < n && traits.at(at) != a && traits.at(at) != b) at++;
  }
  return at;
}

// Names that formats give, found by their text without making a string. Whoever fills a place first has it for good, so these strings
// are few, interned and immortal.
constexpr u32 kKnownNames = 64;
constexpr size_t kLongestKnownName = 32;
Str* g_known_names[kKnownNames];

Ref known_name(Thread& t, Str* format, const u8* text, size_t start, size_t n) {
  Str** place = &g_known_names[(text[0] * 7 + text[n / 2] * 3 + text[n - 1] + n) % kKnownNames];
  Str* known = __atomic_load_n(place, __ATOMIC_ACQUIRE);
  if (known != nullptr && known->length() == n && std::memcmp(known->data<u8>(), text, n) == 0) return Ref::copy(known);
  RefTo<Str> name = TRY(str_substring(t, format, start, start + n));
  if (known != nullptr) return name;
  name = TRY(str_intern(t, Value(name.get())));
  collector::make_immortal(name.get());
  __atomic_compare_exchange_n(place, &known, name.get(), false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
  return name;
}

template <class Traits>
class PercentFormatter {
  using Builder = typename Traits::Builder;
  static constexpr bool kIsStr = std::is_same_v<Traits, StrTraits>;

 public:
  PercentFormatter(Thread& t, Traits traits, Value arguments)
      : t_(t), traits_(traits), arguments_(Ref::copy(arguments)) {
    if (is_tuple(arguments))
      count_ = i64(arguments.as<Tuple>()->size);
    else if (is_mapping(arguments) && !Traits::is_text(arguments))
      mapping_ = Ref::copy(arguments);
  }

  Status run(Builder& out) {
    size_t n = traits_.size();
    while (at_ < n) {
      size_t start = at_;
      at_ = find_either(traits_, at_, '%', '%');
      if (at_ != start) traits_.copy(out, start, at_);
      only_text_ = start == 0 && at_ == n;
      if (at_ == n) break;
      at_++;
      TRY(directive(out));
    }
    bool all_used = count_ < 0 ? single_used_ : next_ >= count_;
    if (!all_used && mapping_.is_empty()) return raise(t_, exc::TypeError, Traits::kLeftOver);
    return ok();
  }

  bool only_text() const { return only_text_; }

 private:
  Raised incomplete() { return raise(t_, exc::ValueError, "incomplete format"); }

  Ref next_argument() {
    if (count_ < 0 && !single_used_) {
      single_used_ = true;
      return arguments_.dup();
    }
    if (count_ >= 0 && next_ < count_) return arguments_.as<Tuple>()->items[next_++].load();
    return raise(t_, exc::TypeError, "not enough arguments for format string");
  }

  // %(name): its value becomes the argument.
  Status key() {
    if (mapping_.is_empty()) return raise(t_, exc::TypeError, "format requires a mapping");
    size_t start = ++at_, n = traits_.size();
    int depth = 1;
    while (depth > 0 && (at_ = find_either(traits_, at_, '(', ')')) < n) depth += traits_.at(at_++) == '(' ? 1 : -1;
    if (depth > 0) return raise(t_, exc::ValueError, "incomplete format key");
    Ref name = TRY(name_at(start, at_ - 1 - start));
    arguments_ = TRY(get_item(t_, mapping_, name));
    count_ = -1;
    single_used_ = false;
    return ok();
  }

  Ref name_at(size_t start, size_t n) {
    if constexpr (kIsStr) {
      if (traits_.bytes != nullptr && n != 0 && n <= kLongestKnownName)
        return known_name(t_, traits_.format, traits_.bytes + start, start, n);
    }
    return traits_.slice(t_, start, start + n);
  }

  // A number, or * for the next argument; leaves *value alone when there is neither.
  Status number(i64* value, const char* too_big, bool* left) {
    size_t n = traits_.size();
    if (at_ < n && traits_.at(at_) == '*') {
      at_++;
      Ref v = TRY(next_argument());
      if (!is_int(v)) return raise(t_, exc::TypeError, "* wants int");
      i64 given;
      // A width is an ssize_t, a precision an int.
      if (!int_fits_i64(v, &given) || (left == nullptr && (given > INT_MAX || given < INT_MIN)))
        return raise(t_, exc::OverflowError, "Python int too large to convert to C %s", left ? "ssize_t" : "int");
      if (given == INT64_MIN) return raise(t_, exc::OverflowError, "%s", too_big);
      if (given < 0) {
        if (left != nullptr) {
          *left = true;
          given = -given;
        } else {
          given = 0;
        }
      }
      *value = given;
      return ok();
    }
    while (at_ < n) {
      u32 c = traits_.at(at_);
      if (c < '0' || c > '9') break;
      at_++;
      if (*value < 0) *value = 0;
      i64 limit = left != nullptr ? INT64_MAX : INT_MAX;
      if (*value > (limit - i64(c - '0')) / 10) return raise(t_, exc::ValueError, too_big);
      *value = *value * 10 + (c - '0');
    }
    return ok();
  }

  Status directive(Builder& out) {
    size_t n = traits_.size();
    if (at_ >= n) return incomplete();
    if (traits_.at(at_) == '%') {  // only right after the first one: "%5%" is an error
      at_++;
      out.append('%');
      return ok();
    }
    Directive d;
    if (traits_.at(at_) == '(') TRY(key());
    if (at_ < n && (traits_.at(at_) == 's' || traits_.at(at_) == 'd')) {  // most are no more than that
      d.type = traits_.at(at_++);
      Ref v = TRY(next_argument());
      if (kIsStr && d.type == 's' && is_exact_str(v)) {
        append_text(out, v.as<Str>());
        return ok();
      }
      return convert(out, d, v);
    }
    for (bool more = true; more && at_ < n;) {
      switch (traits_.at(at_)) {
        case '-': d.left = true; break;
        case '+': d.plus = true; break;
        case ' ': d.space = true; break;
        case '#': d.alternate = true; break;
        case '0': d.zero = true; break;
        default: more = false;
      }
      if (more) at_++;
    }
    TRY(number(&d.width, "width too big", &d.left));
    if (at_ < n && traits_.at(at_) == '.') {
      at_++;
      d.precision = 0;
      TRY(number(&d.precision, Traits::kPrecision, nullptr));
    }
    if (at_ < n && (traits_.at(at_) == 'h' || traits_.at(at_) == 'l' || traits_.at(at_) == 'L')) at_++;
    if (at_ >= n) return incomplete();
    d.type = traits_.at(at_++);
    Ref v = TRY(next_argument());
    return convert(out, d, v);
  }

  static void append_text(StrBuilder& out, const Str* s) { out.append(s); }
  static void append_text(ByteBuilder&, const Str*) {}

  Status convert(Builder& out, const Directive& d, Value v) {
    switch (d.type) {
      case 'd': case 'i': case 'u': case 'o': case 'x': case 'X': return integer(out, d, v);
      case 'e': case 'E': case 'f': case 'F': case 'g': case 'G': return real(out, d, v);
      case 'c': return character(out, d, v);
      case 's': case 'r': case 'a': return text(out, d, v);
      case 'b':
        if (!kIsStr) return text(out, d, v);
        break;
      default: break;
    }
    return raise(t_, exc::ValueError, "unsupported format character '%c' (0x%x) at index %zd",
                 d.type >= 32 && d.type < 127 ? int(d.type) : '?', u64(d.type), i64(at_ - 1));
  }

  static size_t padding(const Directive& d, size_t used) {
    return d.width > i64(used) ? size_t(d.width) - used : 0;
  }

  Status text(Builder& out, const Directive& d, Value v) {
    if constexpr (kIsStr) {
      Ref s = d.type == 's' ? object_str(t_, v) : d.type == 'r' ? object_repr(t_, v) : object_ascii(t_, v);
      if (s.failed()) return Raised{};
      Str* str = s.template as<Str>();
      size_t n = str->length();
      if (d.precision >= 0 && u64(d.precision) < n) n = size_t(d.precision);
      size_t pad = padding(d, n);
      if (!d.left) out.append_repeated(' ', pad);
      out.append(str, 0, n);
      if (d.left) out.append_repeated(' ', pad);
      return ok();
    } else {
      if (d.type == 'a' || d.type == 'r') {
        RefTo<Str> s = TRY(object_ascii(t_, v));
        put_bytes(out, d, s->data<u8>(), s->length());
        return ok();
      }
      Ref hook;
      if (!is_bytes(v) && !is_bytearray(v)) hook = TRY(lookup_special(t_, v, names::__bytes__));
      if (!hook.is_empty() || !has_buffer(v)) {
        if (hook.is_empty())
          return raise(t_, exc::TypeError,
                       "%%b requires a bytes-like object, or an object that implements __bytes__, not '%T'", v);
        Ref made = TRY(call(t_, hook));
        if (!is_bytes(made))
          return raise(t_, exc::TypeError, "__bytes__ returned non-bytes (type %T)", made.get());
        put_bytes(out, d, made.template as<Bytes>()->data, made.template as<Bytes>()->size);
        return ok();
      }
      ByteBuilder flat;
      TRY(append_bytes_of(t_, flat, v, "bytes", ""));
      put_bytes(out, d, flat.data(), flat.length());
      return ok();
    }
  }

  static void put_bytes(ByteBuilder& out, const Directive& d, const u8* data, size_t n) {
    if (d.precision >= 0 && u64(d.precision) < n) n = size_t(d.precision);
    size_t pad = padding(d, n);
    if (!d.left) out.append_repeated(' ', pad);
    out.append(data, n);
    if (d.left) out.append_repeated(' ', pad);
  }

  Status character(Builder& out, const Directive& d, Value v) {
    u32 c = 0;
    if constexpr (kIsStr) {
      if (is_str(v)) {
        if (v.as<Str>()->length() != 1)
          return raise(t_, exc::TypeError, "%%c requires an int or a unicode character, not a string of length %zd",
                       i64(v.as<Str>()->length()));
        c = v.as<Str>()->at(0);
      } else {
        Ref index = to_index(t_, v);
        if (index.failed()) {
          if (!clear_if(t_, exc::TypeError)) return Raised{};
          RefTo<Str> name = TRY(full_type_name(t_, v));
          return raise(t_, exc::TypeError, "%%c requires an int or a unicode character, not %U", name.get());
        }
        i64 point;
        if (!int_fits_i64(index, &point) || point < 0 || point > 0x10FFFF)
          return raise(t_, exc::OverflowError, "%%c arg not in range(0x110000)");
        c = u32(point);
      }
    } else {
      if (is_bytes(v) || is_bytearray(v)) {
        ByteView view(t_);
        TRY(view.get(v));
        if (view.size() != 1)
          return raise(t_, exc::TypeError,
                       "%%c requires an integer in range(256) or a single byte, not a %s object of length %zd",
                       is_bytes(v) ? "bytes" : "bytearray", i64(view.size()));
        c = view.data()[0];
      } else {
        if (!is_int(v) && type_of(v)->slots.index == nullptr) {
          RefTo<Str> name = TRY(full_type_name(t_, v));
          return raise(t_, exc::TypeError, "%%c requires an integer in range(256) or a single byte, not %U", name.get());
        }
        Ref index = TRY(to_index(t_, v));
        i64 point;
        if (!int_fits_i64(index, &point) || point < 0 || point > 255)
          return raise(t_, exc::OverflowError, "%%c arg not in range(256)");
        c = u32(point);
      }
    }
    size_t pad = padding(d, 1);
    if (!d.left) out.append_repeated(' ', pad);
    if constexpr (kIsStr)
      out.append(c);
    else
      out.append(u8(c));
    if (d.left) out.append_repeated(' ', pad);
    return ok();
  }

  Status put_number(Builder& out, const Directive& d, NumberText& number) {
    if (number.digits.failed()) return raise_no_memory(t_);
    char sign = number.negative ? '-' : d.plus ? '+' : d.space ? ' ' : 0;
    size_t used = number.digits.length() + (sign != 0) + (number.prefix != 0 ? 2 : 0);
    size_t pad = padding(d, used);
    bool zeros = d.zero && !d.left;
    if (!d.left && !zeros) out.append_repeated(' ', pad);
    if (sign != 0) out.append(sign);
    if (number.prefix != 0) {
      out.append('0');
      out.append(number.prefix);
    }
    if (zeros) out.append_repeated('0', pad);
    out.append_ascii(number.digits.text());
    if (d.left) out.append_repeated(' ', pad);
    return ok();
  }

  // The int that %d or %x prints.
  Ref to_integer(Value v, bool index_only) {
    if (is_int(v)) return Ref::copy(v);
    if (is_str(v)) return Ref();
    Ref converted = index_only ? to_index(t_, v) : to_int(t_, v);
    if (converted.failed() && clear_if(t_, exc::TypeError)) return Ref();
    return converted;
  }

  Status integer(Builder& out, const Directive& d, Value v) {
    bool index_only = d.type == 'x' || d.type == 'X' || d.type == 'o';
    bool plain = d.width < 0 && d.precision < 0 && d.type != 'X' && !d.plus && !d.space && !d.alternate;
    if (plain && !index_only && v.is_small_int()) {
      char digits[24];
      i64 n = v.as_small_int();
      char *end = digits + sizeof digits, *p = write_decimal(end, n < 0 ? u64(-n) : u64(n));
      if (n < 0) *--p = '-';
      out.append_ascii({p, size_t(end - p)});
      return ok();
    }
    Ref n = TRY(to_integer(v, index_only));
    if (n.is_empty())
      return raise(t_, exc::TypeError, index_only ? "%%%c format: an integer is required, not %T"
                                                  : "%%%c format: a real number is required, not %T",
                   int(d.type), v);
    RefTo<Str> digits = TRY(int_to_str(t_, n, d.type == 'o' ? 8 : index_only ? 16 : 10));
    NumberText number;
    std::string_view text = digits->ascii();
    if (plain) {
      out.append_ascii(text);
      return ok();
    }
    if (text[0] == '-') {
      number.negative = true;
      text.remove_prefix(1);
    }
    if (d.precision > i64(text.size())) number.digits.append_repeated('0', size_t(d.precision) - text.size());
    for (char c : text) number.digits.append(u8(d.type == 'X' && c >= 'a' ? c - 32 : c));
    if (d.alternate && index_only) number.prefix = char(d.type);
    return put_number(out, d, number);
  }

  Status real(Builder& out, const Directive& d, Value v) {
    double value;
    if (is_float(v)) {
      value = float_value(v);
    } else {
      Result<double> converted = to_double(t_, v);
      if (converted.failed()) {
        if constexpr (!kIsStr) clear_exception(t_);
        if (!kIsStr)
          return raise(t_, exc::TypeError, "float argument required, not %T", v);
        return Raised{};
      }
      value = converted.get();
    }
    if (d.precision > INT_MAX - 3) return raise(t_, exc::ValueError, "precision too big");
    NumberText number;
    format_double(number.digits, value, char(d.type), d.precision < 0 ? 6 : int(d.precision),
                  d.alternate ? double_flag::kAlternate : 0);
    if (number.digits.length() != 0 && number.digits.data()[0] == '-') {
      number.negative = true;
      number.digits.remove(0, 1);
    }
    return put_number(out, d, number);
  }

  Thread& t_;
  Traits traits_;
  Ref arguments_;   // the tuple, or the single argument (count_ < 0)
  Ref mapping_;
  i64 count_ = -1, next_ = 0;
  bool single_used_ = false, only_text_ = false;
  size_t at_ = 0;
};

}  // namespace

Ref str_remainder(Thread& t, Value format, Value argument) {
  if (!is_str(format)) return Ref::not_implemented();
  StrBuilder out;
  PercentFormatter<StrTraits> formatter(t, {format.as<Str>()}, argument);
  TRY(formatter.run(out));
  if (formatter.only_text()) return Ref::copy(format);  // as it is, an instance of a subclass too
  return out.finish(t);
}

RefTo<Bytes> percent_format_bytes(Thread& t, const u8* format, size_t n, Value arguments) {
  ByteBuilder out;
  TRY(PercentFormatter<BytesTraits>(t, {format, n}, arguments).run(out));
  return out.finish(t);
}

}  // namespace typhon
