// Decoding JSON: one class template over the width of the document's characters.
#include <charconv>

#include "modules/_json/json.h"
#include "objects/protocol/services.h"

namespace typhon {

bool parse_double(const char* text, size_t n, double* out);  // objects/float.cpp
Ref int_from_str(Thread& t, Str* s, int base);               // objects/int_methods.cpp

namespace json {

Type* g_scanner_type;

namespace {

struct Scanner : Object {
  Field object_hook, object_pairs_hook, parse_float, parse_int, parse_constant;
  bool strict;
};
void visit_scanner(Object* self, Visitor& v) { v.fields(&static_cast<Scanner*>(self)->object_hook, 5); }

TYPHON_COLD Raised raise_decode_error(Thread& t, const char* message, Str* text, i64 position) {
  Ref module = TRY(import_module(t, "json.decoder"));
  Ref type = TRY(get_attribute_utf8(t, module, "JSONDecodeError"));
  RefTo<Str> shown = TRY(str_from_ascii(t, message));
  Ref where = TRY(int_from(t, position));
  return raise_exception(t, TRY(call_with(t, type, shown, Value(text), where)));
}
// What the caller in Python turns into "Expecting value".
TYPHON_COLD Raised raise_no_value(Thread& t, i64 position) {
  Ref where = TRY(int_from(t, position));
  return raise_stop_iteration(t, where);
}

// The keys of one document, so that equal keys are one object: a small table indexed by a cheap hash of the text, and
// behind it a dict. Made when the first key comes.
class KeyMemo {
 public:
  explicit KeyMemo(Thread& t) : thread_(t) {}
  ~KeyMemo() {
    if (all_.is_empty()) return;
    for (Value known : recent_) release(known);
  }
  KeyMemo(const KeyMemo&) = delete;

  // The key that the n Latin-1 characters at p make.
  TYPHON_INLINE RefTo<Str> latin1(const u8* p, size_t n, bool ascii) {
    size_t slot = slot_of(p, n);
    Value known = recent_[slot];
    if (!known.is_empty()) {
      auto* s = known.as<Str>();
      if (s->length() == n && s->kind() == 0 && std::memcmp(s->data<u8>(), p, n) == 0) return RefTo<Str>::copy(s);
    }
    RefTo<Str> made = TRY(ascii ? str_from_ascii(thread_, {reinterpret_cast<const char*>(p), n}) : str_from_points(thread_, p, 1, n));
    made = TRY(unique(std::move(made)));
    recent_[slot] = acquire(made.value());
    release(known);
    return made;
  }
  RefTo<Str> unique(RefTo<Str>&& key) {
    if (all_.is_empty()) all_ = TRY(dict_new(thread_));
    Ref known = dict_get_str(thread_, all_.get(), key.get());
    if (!known.is_empty()) return RefTo<Str>::from(std::move(known));
    TRY(dict_set_str(thread_, all_.get(), key.get(), key));
    return std::move(key);
  }

 private:
  static constexpr size_t kRecent = 128;
  static size_t slot_of(const u8* p, size_t n) {
    u64 h;
    if (n >= 8) {
      h = load_eight(p) ^ std::rotl(load_eight(p + n - 8), 21);
    } else {
      h = 0;
      for (size_t i = 0; i < n; i++) h = h << 8 | p[i];
    }
    return ((h ^ n) * 0x9E3779B97F4A7C15) >> 57;
  }
  Thread& thread_;
  Value recent_[kRecent] = {};  // owned; decoders lie on the native stack, which the scanners read
  RefTo<Dict> all_;
};

template <class C>
class Decoder {
 public:
  Decoder(Thread& t, Scanner* scanner, Str* text, bool strict)
      : thread_(t), scanner_(scanner), text_(text), p_(text->data<C>()), end_(i64(text->length())), strict_(strict), keys_(t), parts_(t) {}

  Ref value(i64 at, i64* next) {
    if (at >= end_) return raise_no_value(thread_, at);
    switch (p_[at]) {
      case '"': return string(at + 1, next, false);
      case '{': return object(at + 1, next);
      case '[': return array(at + 1, next);
      case 'n':
        if (word(at, "null", next)) return Ref::none();
        break;
      case 't':
        if (word(at, "true", next)) return Ref::boolean(true);
        break;
      case 'f':
        if (word(at, "false", next)) return Ref::boolean(false);
        break;
      case 'N':
        if (word(at, "NaN", next)) return constant("NaN");
        break;
      case 'I':
        if (word(at, "Infinity", next)) return constant("Infinity");
        break;
      case '-':
        if (word(at, "-Infinity", next)) return constant("-Infinity");
        break;
    }
    return number(at, next);
  }

  // The string whose text begins at `begin`; *next is behind the closing quote. Keys go through the memo.
  Ref string(i64 begin, i64* next, bool key) {
    i64 at = skip_plain(begin);
    if (at < end_ && p_[at] == '"') [[likely]] {
      *next = at + 1;
      return plain_string(begin, at, key);
    }
    RefTo<Str> s = TRY(escaped_string(begin, at, next));
    if (key) return keys_.unique(std::move(s));
    return s;
  }

 private:
  TYPHON_INLINE i64 skip_space(i64 at) const {
    while (at < end_ && (p_[at] == ' ' || p_[at] == '\n' || p_[at] == '\t' || p_[at] == '\r')) at++;
    return at;
  }
  bool word(i64 at, std::string_view text, i64* next) const {
    if (end_ - at < i64(text.size())) return false;
    for (size_t i = 0; i < text.size(); i++)
      if (p_[size_t(at) + i] != C(text[i])) return false;
    *next = at + i64(text.size());
    return true;
  }
  Ref constant(const char* name) {
    RefTo<Str> text = TRY(str_from_ascii(thread_, name));
    Ref parse = scanner_->parse_constant.load();
    return call_with(thread_, parse, text);
  }

  // The next quote, backslash or control character.
  TYPHON_INLINE i64 skip_plain(i64 at) const {
    if constexpr (sizeof(C) == 1) {
      for (; at + 8 <= end_; at += 8)
        if (u64 found = special_bytes(load_eight(p_ + at)) & kHighBits) return at + (std::countr_zero(found) >> 3);
    }
    while (at < end_ && p_[at] != '"' && p_[at] != '\\' && p_[at] >= 0x20) at++;
    return at;
  }
  TYPHON_INLINE Ref plain_string(i64 begin, i64 end, bool key) {
    size_t n = size_t(end - begin);
    if constexpr (sizeof(C) == 1) {
      if (key) return keys_.latin1(p_ + begin, n, text_->is_ascii());
      if (text_->is_ascii()) return str_from_ascii(thread_, {reinterpret_cast<const char*>(p_ + begin), n});
    }
    RefTo<Str> s = TRY(str_from_points(thread_, p_ + begin, sizeof(C), n));
    if (key) return keys_.unique(std::move(s));
    return s;
  }
  RefTo<Str> escaped_string(i64 begin, i64 at, i64* next) {
    StrBuilder out;
    i64 start = begin;
    while (true) {
      if (at >= end_) return raise_decode_error(thread_, "Unterminated string starting at", text_, begin - 1);
      C c = p_[at];
      if (c == '"') break;
      if (c != '\\') {
        if (strict_) return raise_decode_error(thread_, "Invalid control character at", text_, at);
        at = skip_plain(at + 1);
        continue;
      }
      if (at > start) out.append(text_, size_t(start), size_t(at));
      at++;
      if (at >= end_) return raise_decode_error(thread_, "Unterminated string starting at", text_, begin - 1);
      out.append(TRY(escape(&at)));
      start = at;
      at = skip_plain(at);
    }
    if (at > start) out.append(text_, size_t(start), size_t(at));
    *next = at + 1;
    return out.finish(thread_);
  }
  // The character of the escape whose letter is at *at, which moves behind it.
  Result<u32> escape(i64* at) {
    i64 letter = (*at)++;
    switch (p_[letter]) {
      case '"': return u32('"');
      case '\\': return u32('\\');
      case '/': return u32('/');
      case 'b': return u32('\b');
      case 'f': return u32('\f');
      case 'n': return u32('\n');
      case 'r': return u32('\r');
      case 't': return u32('\t');
      case 'u': break;
      default: return raise_decode_error(thread_, "Invalid \\escape", text_, letter - 1);
    }
    i64 high = four_digits(letter + 1);
    if (high < 0) return raise_decode_error(thread_, "Invalid \\uXXXX escape", text_, letter);
    *at = letter + 5;
    if (high >= 0xD800 && high <= 0xDBFF && *at + 6 <= end_ && p_[*at] == '\\' && p_[*at + 1] == 'u') {
      i64 low = four_digits(*at + 2);
      if (low < 0) return raise_decode_error(thread_, "Invalid \\uXXXX escape", text_, *at + 1);
      if (low >= 0xDC00 && low <= 0xDFFF) {
        *at += 6;
        return u32(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00));
      }
    }
    return u32(high);
  }
  i64 four_digits(i64 at) const {
    if (at + 4 > end_) return -1;
    i64 n = 0;
    for (i64 i = at; i < at + 4; i++) {
      u32 c = p_[i];
      u32 lower = c | 32;
      if (c >= '0' && c <= '9')
        n = n * 16 + (c - '0');
      else if (lower >= 'a' && lower <= 'f' && c < 128)
        n = n * 16 + (lower - 'a' + 10);
      else
        return -1;
    }
    return n;
  }

  bool digit(i64 at) const { return at < end_ && p_[at] >= '0' && p_[at] <= '9'; }
  Ref number(i64 start, i64* next) {
    i64 at = start;
    bool negative = p_[at] == '-';
    if (negative) at++;
    if (!digit(at)) return raise_no_value(thread_, start);
    i64 first = at;
    u64 n = 0;
    if (p_[at] == '0') {
      at++;
    } else {
      for (; digit(at); at++) n = n * 10 + (p_[at] - '0');
    }
    i64 digits = at - first;
    bool is_float = false;
    if (at < end_ && p_[at] == '.' && digit(at + 1)) {
      is_float = true;
      at += 2;
      while (digit(at)) at++;
    }
    if (at < end_ && (p_[at] | 32) == 'e' && p_[at] < 128) {
      i64 exponent = at + 1;
      if (exponent < end_ && (p_[exponent] == '+' || p_[exponent] == '-')) exponent++;
      if (digit(exponent)) {
        is_float = true;
        at = exponent;
        while (digit(at)) at++;
      }
    }
    *next = at;
    Value parse = (is_float ? scanner_->parse_float : scanner_->parse_int).peek();
    bool standard = parse.same_word(Value(is_float ? types::float_ : types::int_));
    if (standard && !is_float && digits <= 18) return int_from(thread_, negative ? -i64(n) : i64(n));
    return long_number(start, at, is_float, standard);
  }
  Ref long_number(i64 start, i64 end, bool is_float, bool standard) {
    size_t n = size_t(end - start);
    if (standard && is_float && n < 64) {
      char digits[64];
      for (size_t i = 0; i < n; i++) digits[i] = char(p_[size_t(start) + i]);
      double d;
      if (std::from_chars(digits, digits + n, d).ec == std::errc() || parse_double(digits, n, &d)) return float_from(thread_, d);
    }
    RefTo<Str> digits = TRY(str_from_points(thread_, p_ + start, sizeof(C), n));
    if (!standard) {
      Ref parse = (is_float ? scanner_->parse_float : scanner_->parse_int).load();
      return call_with(thread_, parse, digits);
    }
    if (is_float) return float_from_string(thread_, digits->data<char>(), n, digits);
    return int_from_str(thread_, digits.get(), 10);
  }

  // Items gather on one stack for the whole document, so that lists and dicts get their final size at once.
  Ref array(i64 at, i64* next) {
    TRY(enter_container(thread_, ++depth_, " while decoding a JSON array from a unicode string"));
    size_t base = parts_.size();
    at = skip_space(at);
    if (at >= end_ || p_[at] != ']') {
      while (true) {
        if (poll_wanted(thread_)) [[unlikely]] safepoint_scan_only(thread_);
        parts_.push(TRY(value(at, &at)));
        at = skip_space(at);
        if (at < end_ && p_[at] == ']') break;
        if (at >= end_ || p_[at] != ',') return raise_decode_error(thread_, "Expecting ',' delimiter", text_, at);
        i64 comma = at;
        at = skip_space(at + 1);
        if (at < end_ && p_[at] == ']')
          return raise_decode_error(thread_, "Illegal trailing comma before end of array", text_, comma);
      }
    }
    *next = at + 1;
    size_t n = parts_.size() - base;
    RefTo<List> list = list_take(thread_, parts_.words() + base, n);
    parts_.truncate(base);
    depth_--;
    return list;
  }
  Ref object(i64 at, i64* next) {
    TRY(enter_container(thread_, ++depth_, " while decoding a JSON object from a unicode string"));
    size_t base = parts_.size();
    at = skip_space(at);
    if (at >= end_ || p_[at] != '}') {
      while (true) {
        if (at >= end_ || p_[at] != '"')
          return raise_decode_error(thread_, "Expecting property name enclosed in double quotes", text_, at);
        parts_.push(TRY(string(at + 1, &at, true)));
        at = skip_space(at);
        if (at >= end_ || p_[at] != ':') return raise_decode_error(thread_, "Expecting ':' delimiter", text_, at);
        at = skip_space(at + 1);
        if (poll_wanted(thread_)) [[unlikely]] safepoint_scan_only(thread_);
        parts_.push(TRY(value(at, &at)));
        at = skip_space(at);
        if (at < end_ && p_[at] == '}') break;
        if (at >= end_ || p_[at] != ',') return raise_decode_error(thread_, "Expecting ',' delimiter", text_, at);
        i64 comma = at;
        at = skip_space(at + 1);
        if (at < end_ && p_[at] == '}')
          return raise_decode_error(thread_, "Illegal trailing comma before end of object", text_, comma);
      }
    }
    *next = at + 1;
    Ref made = make_object(base);
    parts_.truncate(base);
    depth_--;
    return made;
  }
  Ref make_object(size_t base) {
    size_t n = (parts_.size() - base) / 2;
    if (!scanner_->object_pairs_hook.peek().is_none()) {
      RefTo<List> pairs = TRY(list_new(thread_, n));
      for (size_t i = base; i < parts_.size(); i += 2)
        TRY(list_append(thread_, pairs.get(), TRY(tuple_from(thread_, parts_.data() + i, 2)).release_ref()));
      Ref hook = scanner_->object_pairs_hook.load();
      return call_with(thread_, hook, pairs);
    }
    RefTo<Dict> dict = TRY(dict_new(thread_, n));
    for (size_t i = base; i < parts_.size(); i += 2)
      TRY(dict_set_str(thread_, dict.get(), parts_[i].as<Str>(), parts_[i + 1]));
    if (scanner_->object_hook.peek().is_none()) return dict;
    Ref hook = scanner_->object_hook.load();
    return call_with(thread_, hook, dict);
  }

  Thread& thread_;
  Scanner* scanner_;
  Str* text_;
  const C* p_;
  i64 end_;
  bool strict_;
  u32 depth_ = 0;  // open containers; not kept after an error
  KeyMemo keys_;
  RootedVector parts_;
};

template <class C>
Ref scan(Thread& t, Scanner* scanner, Str* text, i64 at) {
  Decoder<C> decoder(t, scanner, text, scanner->strict);
  i64 next = 0;
  Ref value = TRY(decoder.value(at, &next));
  Ref end = TRY(int_from(t, next));
  return tuple_of(t, value, end);
}

Ref scanner_call(Thread& t, Value self, Args args) {
  static const Signature& signature = parse_signature("(string, idx)");
  Value a[2];
  Ref unused;
  TRY(bind_arguments(t, signature, "scan_once", args, a, &unused));
  i64 at = TRY(to_i64(t, a[1], "Python int too large to convert to C ssize_t"));
  if (!is_str(a[0])) return raise(t, exc::TypeError, "first argument must be a string, not %T", a[0]);
  if (at < 0) return raise(t, exc::ValueError, "idx cannot be negative");
  Ref keep = Ref::copy(self), text = Ref::copy(a[0]);
  auto* scanner = self.as<Scanner>();
  switch (text.as<Str>()->kind()) {
    case 0: return scan<u8>(t, scanner, text.as<Str>(), at);
    case 1: return scan<u16>(t, scanner, text.as<Str>(), at);
    default: return scan<u32>(t, scanner, text.as<Str>(), at);
  }
}

Ref scanner_new(Thread& t, Type* cls, Args args) {
  static const Signature& signature = parse_signature("(context)");
  Value a[1];
  Ref unused;
  TRY(bind_arguments(t, signature, "make_scanner", args, a, &unused));
  Ref self = TRY(allocate_instance(t, cls));
  auto* s = self.as<Scanner>();
  Ref strict = TRY(get_attribute_utf8(t, a[0], "strict"));
  s->strict = TRY(truth(t, strict));
  constexpr const char* kNames[] = {"object_hook", "object_pairs_hook", "parse_float", "parse_int", "parse_constant"};
  Field* fields = &s->object_hook;
  for (int i = 0; i < 5; i++) fields[i].init(s, TRY(get_attribute_utf8(t, a[0], kNames[i])));
  return self;
}
Ref scanner_strict(Thread&, Value self) { return Ref::boolean(self.as<Scanner>()->strict); }

const GetSet kScannerGetSets[] = {{"strict", scanner_strict, nullptr, "strict"}, {}};
const Member kScannerMembers[] = {{"object_hook", offsetof(Scanner, object_hook)},
                                  {"object_pairs_hook", offsetof(Scanner, object_pairs_hook)},
                                  {"parse_float", offsetof(Scanner, parse_float)},
                                  {"parse_int", offsetof(Scanner, parse_int)},
                                  {"parse_constant", offsetof(Scanner, parse_constant)},
                                  {}};

template <class C>
Ref scan_one_string(Thread& t, Str* text, i64 begin, bool strict) {
  Decoder<C> decoder(t, nullptr, text, strict);
  i64 next = 0;
  Ref s = TRY(decoder.string(begin, &next, false));
  Ref end = TRY(int_from(t, next));
  return tuple_of(t, s, end);
}

}  // namespace

Ref scan_string(Thread& t, Value, const Value* a) {
  i64 begin = TRY(to_i64(t, a[1], "Python int too large to convert to C ssize_t"));
  bool strict = a[2].is_empty() || TRY(truth(t, a[2]));
  if (!is_str(a[0])) return raise(t, exc::TypeError, "first argument must be a string, not %T", a[0]);
  Ref text = Ref::copy(a[0]);
  auto* s = text.as<Str>();
  if (begin < 0 || begin > i64(s->length())) return raise(t, exc::ValueError, "end is out of bounds");
  switch (s->kind()) {
    case 0: return scan_one_string<u8>(t, s, begin, strict);
    case 1: return scan_one_string<u16>(t, s, begin, strict);
    default: return scan_one_string<u32>(t, s, begin, strict);
  }
}

const TypeSpec kScannerSpec = {
    .name = "_json.Scanner",
    .doc = "JSON scanner object",
    .layout = {"Scanner", sizeof(Scanner), 0, visit_scanner, nullptr, nullptr, nullptr},
    .slots = {.call = scanner_call, .new_ = scanner_new},
    .getsets = kScannerGetSets,
    .members = kScannerMembers,
};

}  // namespace json
}  // namespace typhon
