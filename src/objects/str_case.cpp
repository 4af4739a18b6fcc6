// Case conversion and character tests of str.
#include <array>

#include "objects/str_util.h"
#include "objects/unicode.h"

namespace typhon {
namespace {

namespace flag = unicode::flag;

// What 'Σ' at `i` becomes in lower case: final after a cased letter and not before one, case-ignorable ones skipped.
u32 lower_sigma(const Str* s, size_t i) {
  size_t n = s->length(), j = i;
  while (j > 0 && (unicode::flags(s->at(j - 1)) & flag::kCaseIgnorable)) j--;
  if (j == 0 || !(unicode::flags(s->at(j - 1)) & flag::kCased)) return 0x3C3;
  j = i + 1;
  while (j < n && (unicode::flags(s->at(j)) & flag::kCaseIgnorable)) j++;
  return j == n || !(unicode::flags(s->at(j)) & flag::kCased) ? 0x3C2 : 0x3C3;
}

u32 lower_at(const Str* s, size_t i, u32 c, u32 out[3]) {
  if (c == 0x3A3) {
    out[0] = lower_sigma(s, i);
    return 1;
  }
  return unicode::to_lower(c, out);
}

// An ASCII string through a function of one character.
template <class F>
Ref map_ascii(Thread& t, Str* s, F f) {
  size_t n = s->length();
  if (n == 0) return RefTo<Str>::copy(empty_str());
  if (n == 1) return str_from_char(t, f(u8(s->at(0)), size_t(0)));
  RefTo<Str> result = TRY(str_allocate(t, n, 0x7F));
  const u8* from = s->data<u8>();
  u8* to = static_cast<u8*>(result->raw_mutable());
  for (size_t i = 0; i < n; i++) to[i] = u8(f(from[i], i));
  return result;
}

constexpr bool ascii_upper(u8 c) { return u8(c - 'A') < 26; }
constexpr bool ascii_lower(u8 c) { return u8(c - 'a') < 26; }
constexpr u8 to_ascii_lower(u8 c) { return u8(c | (ascii_upper(c) ? 0x20 : 0)); }
constexpr u8 to_ascii_upper(u8 c) { return u8(c & (ascii_lower(c) ? 0xDF : 0xFF)); }

// f(i, c, out) writes up to three code points.
template <class F>
Ref map_points(Thread& t, Str* s, F f) {
  StrBuilder out;
  size_t n = s->length();
  u32 points[3];
  for (size_t i = 0; i < n; i++) {
    u32 count = f(i, s->at(i), points);
    for (u32 k = 0; k < count; k++) out.append(points[k]);
  }
  return out.finish(t);
}

// Every character has one of the flags, and there is one.
Ref all_have(Value self, u32 flags) {
  Str* s = self.as<Str>();
  size_t n = s->length();
  if (n == 0) return Ref::boolean(false);
  static const auto ascii = [] {
    std::array<u32, 128> all;
    for (u32 c = 0; c < 128; c++) all[c] = unicode::flags(c);
    return all;
  }();
  if (s->is_ascii()) {
    for (size_t i = 0; i < n; i++)
      if (!(ascii[s->data<u8>()[i]] & flags)) return Ref::boolean(false);
    return Ref::boolean(true);
  }
  for (size_t i = 0; i < n; i++)
    if (!(unicode::flags(s->at(i)) & flags)) return Ref::boolean(false);
  return Ref::boolean(true);
}

}  // namespace

Ref str_lower(Thread& t, Value self, const Value*) {
  Str* s = self.as<Str>();
  if (s->is_ascii()) return map_ascii(t, s, [](u8 c, size_t) { return to_ascii_lower(c); });
  return map_points(t, s, [s](size_t i, u32 c, u32* out) { return lower_at(s, i, c, out); });
}

Ref str_upper(Thread& t, Value self, const Value*) {
  Str* s = self.as<Str>();
  if (s->is_ascii()) return map_ascii(t, s, [](u8 c, size_t) { return to_ascii_upper(c); });
  return map_points(t, s, [](size_t, u32 c, u32* out) { return unicode::to_upper(c, out); });
}

Ref str_casefold(Thread& t, Value self, const Value*) {
  Str* s = self.as<Str>();
  if (s->is_ascii()) return map_ascii(t, s, [](u8 c, size_t) { return to_ascii_lower(c); });
  return map_points(t, s, [](size_t, u32 c, u32* out) { return unicode::to_folded(c, out); });
}

Ref str_swapcase(Thread& t, Value self, const Value*) {
  Str* s = self.as<Str>();
  if (s->is_ascii())
    return map_ascii(t, s, [](u8 c, size_t) { return ascii_upper(c) ? to_ascii_lower(c) : to_ascii_upper(c); });
  return map_points(t, s, [s](size_t i, u32 c, u32* out) -> u32 {
    u32 flags = unicode::flags(c);
    if (flags & flag::kUpper) return lower_at(s, i, c, out);
    if (flags & flag::kLower) return unicode::to_upper(c, out);
    out[0] = c;
    return 1;
  });
}

Ref str_capitalize(Thread& t, Value self, const Value*) {
  Str* s = self.as<Str>();
  if (s->is_ascii())
    return map_ascii(t, s, [](u8 c, size_t i) { return i == 0 ? to_ascii_upper(c) : to_ascii_lower(c); });
  return map_points(t, s, [s](size_t i, u32 c, u32* out) {
    return i == 0 ? unicode::to_title(c, out) : lower_at(s, i, c, out);
  });
}

Ref str_title(Thread& t, Value self, const Value*) {
  Str* s = self.as<Str>();
  bool after_cased = false;
  if (s->is_ascii()) {
    return map_ascii(t, s, [&](u8 c, size_t) {
      u8 result = after_cased ? to_ascii_lower(c) : to_ascii_upper(c);
      after_cased = ascii_lower(c) || ascii_upper(c);
      return result;
    });
  }
  return map_points(t, s, [&](size_t i, u32 c, u32* out) {
    u32 n = after_cased ? lower_at(s, i, c, out) : unicode::to_title(c, out);
    after_cased = unicode::flags(c) & flag::kCased;
    return n;
  });
}

Ref str_isalnum(Thread&, Value self, const Value*) {
  return all_have(self, flag::kAlpha | flag::kDecimal | flag::kDigit | flag::kNumeric);
}
Ref str_isalpha(Thread&, Value self, const Value*) { return all_have(self, flag::kAlpha); }
Ref str_isascii(Thread&, Value self, const Value*) { return Ref::boolean(self.as<Str>()->is_ascii()); }
Ref str_isdecimal(Thread&, Value self, const Value*) { return all_have(self, flag::kDecimal); }
Ref str_isdigit(Thread&, Value self, const Value*) { return all_have(self, flag::kDigit); }
Ref str_isnumeric(Thread&, Value self, const Value*) { return all_have(self, flag::kNumeric); }
Ref str_isspace(Thread&, Value self, const Value*) { return all_have(self, flag::kSpace); }
Ref str_isprintable(Thread&, Value self, const Value*) {
  Str* s = self.as<Str>();
  for (size_t i = 0; i < s->length(); i++)
    if (!unicode::is_printable(s->at(i))) return Ref::boolean(false);
  return Ref::boolean(true);
}

bool str_is_identifier(const Str* s) {
  size_t n = s->length();
  if (n == 0 || !(unicode::flags(s->at(0)) & flag::kIdStart)) return false;
  for (size_t i = 1; i < n; i++)
    if (!(unicode::flags(s->at(i)) & flag::kIdContinue)) return false;
  return true;
}
Ref str_isidentifier(Thread&, Value self, const Value*) { return Ref::boolean(str_is_identifier(self.as<Str>())); }

namespace {

// At least one character with `wanted`, none with `excluded`.
Ref case_test(Value self, u32 wanted, u32 excluded) {
  Str* s = self.as<Str>();
  bool found = false;
  for (size_t i = 0; i < s->length(); i++) {
    u32 flags = unicode::flags(s->at(i));
    if (flags & excluded) return Ref::boolean(false);
    found |= (flags & wanted) != 0;
  }
  return Ref::boolean(found);
}

}  // namespace

Ref str_islower(Thread&, Value self, const Value*) {
  return case_test(self, flag::kLower, flag::kUpper | flag::kTitle);
}
Ref str_isupper(Thread&, Value self, const Value*) {
  return case_test(self, flag::kUpper, flag::kLower | flag::kTitle);
}

Ref str_istitle(Thread&, Value self, const Value*) {
  Str* s = self.as<Str>();
  bool cased = false, after_cased = false;
  for (size_t i = 0; i < s->length(); i++) {
    u32 flags = unicode::flags(s->at(i));
    if (flags & (flag::kUpper | flag::kTitle)) {
      if (after_cased) return Ref::boolean(false);
      after_cased = cased = true;
    } else if (flags & flag::kLower) {
      if (!after_cased) return Ref::boolean(false);
      cased = true;
    } else {
      after_cased = false;
    }
  }
  return Ref::boolean(cased);
}

}  // namespace typhon
