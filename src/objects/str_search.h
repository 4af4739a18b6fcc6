// Finding substrings: over arrays of one code unit width, and over strings of any kind.
#pragma once
#include "objects/str.h"

namespace typhon {
namespace search {

inline constexpr size_t kNotFound = ~size_t(0);

// The first / last occurrence of needle[0..m) in text[0..n); m > 0. Instantiated for u8, u16 and u32.
template <class C>
size_t find(const C* text, size_t n, const C* needle, size_t m);
template <class C>
size_t rfind(const C* text, size_t n, const C* needle, size_t m);
template <class C>
size_t find_char(const C* text, size_t n, C c);
template <class C>
size_t rfind_char(const C* text, size_t n, C c);
// The offsets of the first occurrences of c, at most `most` of them, into at[]; returns how many. Fewer than `most`: all there are.
template <class C>
size_t find_chars(const C* text, size_t n, C c, size_t* at, size_t most);
// Non-overlapping occurrences, at most `max`.
template <class C>
size_t count(const C* text, size_t n, const C* needle, size_t m, size_t max);

}  // namespace search

// Calls f(const C*) with the characters at their width.
template <class F>
TYPHON_INLINE decltype(auto) with_characters(const Str* s, F&& f) {
  switch (s->kind()) {
    case 0: return f(s->data<u8>());
    case 1: return f(s->data<u16>());
    default: return f(s->data<u32>());
  }
}

// The characters of a string as code units of another string's width (which must not be narrower).
class WidenedNeedle {
 public:
  WidenedNeedle(const Str* needle, u32 kind);
  ~WidenedNeedle();
  WidenedNeedle(const WidenedNeedle&) = delete;
  template <class C>
  const C* as() const {
    return static_cast<const C*>(data_);
  }
  bool failed() const { return data_ == nullptr; }

 private:
  const void* data_;
  void* heap_ = nullptr;
  u32 local_[16];
};

i64 str_rfind(const Str* s, const Str* needle, size_t start, size_t end);
// Non-overlapping occurrences in s[start:end].
size_t str_count(const Str* s, const Str* needle, size_t start, size_t end);
bool str_matches_at(const Str* s, const Str* part, size_t at);

}  // namespace typhon
