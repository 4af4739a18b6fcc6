#include "objects/str_search.h"

#include <cstdlib>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace typhon {
namespace search {
namespace {

// The two-way algorithm of Crochemore and Perrin: linear time, constant space.
template <class C>
size_t maximal_suffix(const C* p, size_t m, bool reversed, size_t* period) {
  size_t start = size_t(-1), j = 0, k = 1, length = 1;
  while (j + k < m) {
    C a = p[j + k], b = p[start + k];
    if (reversed ? b < a : a < b) {
      j += k;
      k = 1;
      length = j - start;
    } else if (a == b) {
      if (k != length) {
        k++;
      } else {
        j += length;
        k = 1;
      }
    } else {
      start = j++;
      k = length = 1;
    }
  }
  *period = length;
  return start + 1;
}

template <class C>
size_t two_way(const C* s, size_t n, const C* p, size_t m) {
  size_t period, other_period;
  size_t split = maximal_suffix(p, m, false, &period);
  size_t other = maximal_suffix(p, m, true, &other_period);
  if (other > split) {
    split = other;
    period = other_period;
  }
  if (split + period <= m && std::memcmp(p, p + period, split * sizeof(C)) == 0) {
    size_t memory = 0;
    for (size_t j = 0; j <= n - m;) {
      size_t i = split > memory ? split : memory;
      while (i < m && p[i] == s[i + j]) i++;
      if (i < m) {
        j += i - split + 1;
        memory = 0;
        continue;
      }
      i = split;
      while (i > memory && p[i - 1] == s[i - 1 + j]) i--;
      if (i <= memory) return j;
      j += period;
      memory = m - period;
    }
    return kNotFound;
  }
  period = (split > m - split ? split : m - split) + 1;
  for (size_t j = 0; j <= n - m;) {
    size_t i = split;
    while (i < m && p[i] == s[i + j]) i++;
    if (i < m) {
      j += i - split + 1;
      continue;
    }
    i = split;
    while (i > 0 && p[i - 1] == s[i - 1 + j]) i--;
    if (i == 0) return j;
    j += period;
  }
  return kNotFound;
}

// Sixteen bytes of text at a time: the mask of the characters that equal `c`, one bit per byte.
#ifdef __SSE2__
template <class C>
struct Block {
  static constexpr size_t kCount = 16 / sizeof(C);
  explicit Block(C c) {
    if constexpr (sizeof(C) == 1)
      wanted = _mm_set1_epi8(char(c));
    else if constexpr (sizeof(C) == 2)
      wanted = _mm_set1_epi16(short(c));
    else
      wanted = _mm_set1_epi32(int(c));
  }
  u32 matches(const C* text) const {
    __m128i found = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text));
    if constexpr (sizeof(C) == 1)
      found = _mm_cmpeq_epi8(found, wanted);
    else if constexpr (sizeof(C) == 2)
      found = _mm_cmpeq_epi16(found, wanted);
    else
      found = _mm_cmpeq_epi32(found, wanted);
    return u32(_mm_movemask_epi8(found));
  }
  __m128i wanted;
};
#else
template <class C>
struct Block {
  static constexpr size_t kCount = 16 / sizeof(C);
  explicit Block(C c) : wanted(c) {}
  u32 matches(const C* text) const {
    u32 mask = 0;
    for (size_t i = 0; i < kCount; i++)
      if (text[i] == wanted) mask |= ((1u << sizeof(C)) - 1) << (i * sizeof(C));
    return mask;
  }
  C wanted;
};
#endif
template <class C>
size_t first_of(u32 mask) {
  return size_t(__builtin_ctz(mask)) / sizeof(C);
}
template <class C>
size_t last_of(u32 mask) {
  return size_t(31 - __builtin_clz(mask)) / sizeof(C);
}
template <class C>
u32 without(u32 mask, size_t i) {
  return mask & ~(((1u << sizeof(C)) - 1) << (i * sizeof(C)));
}

// Whether text[0..m) is the needle, of which the first and the last character are known to match.
template <class C>
TYPHON_INLINE bool inner_equal(const C* text, const C* needle, size_t m) {
  if (m <= 2) return true;
  if (text[1] != needle[1]) return false;
  if (m > 8) return std::memcmp(text + 1, needle + 1, (m - 2) * sizeof(C)) == 0;
  for (size_t i = 2; i + 1 < m; i++)
    if (text[i] != needle[i]) return false;
  return true;
}

}  // namespace

template <class C>
size_t find_char(const C* text, size_t n, C c) {
  if constexpr (sizeof(C) == 1) {
    const void* at = std::memchr(text, c, n);
    return at == nullptr ? kNotFound : size_t(static_cast<const C*>(at) - text);
  } else {
    Block<C> block(c);
    size_t i = 0;
    for (; i + block.kCount <= n; i += block.kCount)
      if (u32 mask = block.matches(text + i)) return i + first_of<C>(mask);
    for (; i < n; i++)
      if (text[i] == c) return i;
    return kNotFound;
  }
}

template <class C>
size_t rfind_char(const C* text, size_t n, C c) {
  Block<C> block(c);
  size_t i = n;
  for (; i >= block.kCount; i -= block.kCount)
    if (u32 mask = block.matches(text + i - block.kCount)) return i - block.kCount + last_of<C>(mask);
  while (i-- > 0)
    if (text[i] == c) return i;
  return kNotFound;
}

template <class C>
size_t find_chars(const C* text, size_t n, C c, size_t* at, size_t most) {
  Block<C> block(c);
  size_t i = 0, found = 0;
  for (; i + block.kCount <= n; i += block.kCount) {
    for (u32 mask = block.matches(text + i); mask != 0;) {
      if (found == most) return found;
      size_t k = first_of<C>(mask);
      at[found++] = i + k;
      mask = without<C>(mask, k);
    }
  }
  for (; i < n && found < most; i++)
    if (text[i] == c) at[found++] = i;
  return found;
}

template <class C>
size_t find(const C* text, size_t n, const C* needle, size_t m) {
  if (m > n) return kNotFound;
  if (m == 1) return find_char(text, n, needle[0]);
  // Places where the first and the last character match are looked at. Are these many, as in periodic texts, then the
  // algorithm that is linear in all cases takes over.
  C first = needle[0], last = needle[m - 1];
  Block<C> firsts(first), lasts(last);
  size_t places = n - m + 1, i = 0, work = 0;
  for (; i + firsts.kCount <= places; i += firsts.kCount) {
    u32 mask = firsts.matches(text + i);
    if (mask == 0) continue;
    mask &= lasts.matches(text + i + m - 1);
    while (mask != 0) {
      size_t k = first_of<C>(mask);
      if (inner_equal(text + i + k, needle, m)) return i + k;
      mask = without<C>(mask, k);
      work += m;
    }
    if (work > 1024 + 8 * i) {
      i += firsts.kCount;
      if (n - i < m) return kNotFound;
      size_t found = two_way(text + i, n - i, needle, m);
      return found == kNotFound ? found : i + found;
    }
  }
  for (; i < places; i++)
    if (text[i] == first && text[i + m - 1] == last && inner_equal(text + i, needle, m)) return i;
  return kNotFound;
}

template <class C>
size_t rfind(const C* text, size_t n, const C* needle, size_t m) {
  if (m > n) return kNotFound;
  if (m == 1) return rfind_char(text, n, needle[0]);
  C first = needle[0], last = needle[m - 1];
  Block<C> firsts(first), lasts(last);
  size_t i = n - m + 1;
  for (; i >= firsts.kCount; i -= firsts.kCount) {
    const C* at = text + i - firsts.kCount;
    u32 mask = firsts.matches(at);
    if (mask != 0) mask &= lasts.matches(at + m - 1);
    while (mask != 0) {
      size_t k = last_of<C>(mask);
      if (inner_equal(at + k, needle, m)) return i - firsts.kCount + k;
      mask = without<C>(mask, k);
    }
  }
  while (i-- > 0)
    if (text[i] == first && text[i + m - 1] == last && inner_equal(text + i, needle, m)) return i;
  return kNotFound;
}

template <class C>
size_t count(const C* text, size_t n, const C* needle, size_t m, size_t max) {
  size_t found = 0;
  if (m == 1 && max >= n) {
    for (size_t i = 0; i < n; i++) found += text[i] == needle[0];
    return found;
  }
  for (size_t at = 0; found < max;) {
    size_t step = find(text + at, n - at, needle, m);
    if (step == kNotFound) break;
    found++;
    at += step + m;
  }
  return found;
}

template size_t find(const u8*, size_t, const u8*, size_t);
template size_t find(const u16*, size_t, const u16*, size_t);
template size_t find(const u32*, size_t, const u32*, size_t);
template size_t rfind(const u8*, size_t, const u8*, size_t);
template size_t rfind(const u16*, size_t, const u16*, size_t);
template size_t rfind(const u32*, size_t, const u32*, size_t);
template size_t find_char(const u8*, size_t, u8);
template size_t find_char(const u16*, size_t, u16);
template size_t find_char(const u32*, size_t, u32);
template size_t rfind_char(const u8*, size_t, u8);
template size_t rfind_char(const u16*, size_t, u16);
template size_t rfind_char(const u32*, size_t, u32);
template size_t find_chars(const u8*, size_t, u8, size_t*, size_t);
template size_t find_chars(const u16*, size_t, u16, size_t*, size_t);
template size_t find_chars(const u32*, size_t, u32, size_t*, size_t);
template size_t count(const u8*, size_t, const u8*, size_t, size_t);
template size_t count(const u16*, size_t, const u16*, size_t, size_t);
template size_t count(const u32*, size_t, const u32*, size_t, size_t);

}  // namespace search

WidenedNeedle::WidenedNeedle(const Str* needle, u32 kind) : data_(needle->raw()) {
  if (needle->kind() == kind) return;
  size_t n = needle->length();
  void* out = local_;
  if (n << kind > sizeof local_) out = heap_ = std::malloc(n << kind);
  data_ = out;
  if (out == nullptr) return;
  with_characters(needle, [&](const auto* from) {
    for (size_t i = 0; i < n; i++) {
      if (kind == 1)
        static_cast<u16*>(out)[i] = u16(from[i]);
      else
        static_cast<u32*>(out)[i] = u32(from[i]);
    }
  });
}

WidenedNeedle::~WidenedNeedle() { std::free(heap_); }

i64 str_find(const Str* s, const Str* needle, size_t start, size_t end) {
  size_t m = needle->length();
  if (start > end || end - start < m) return -1;
  if (m == 0) return i64(start);
  if (needle->kind() > s->kind()) return -1;
  WidenedNeedle wide(needle, s->kind());
  if (wide.failed()) return -1;
  size_t at = with_characters(s, [&]<class C>(const C* text) {
    return search::find(text + start, end - start, wide.as<C>(), m);
  });
  return at == search::kNotFound ? -1 : i64(at + start);
}

i64 str_rfind(const Str* s, const Str* needle, size_t start, size_t end) {
  size_t m = needle->length();
  if (start > end || end - start < m) return -1;
  if (m == 0) return i64(end);
  if (needle->kind() > s->kind()) return -1;
  WidenedNeedle wide(needle, s->kind());
  if (wide.failed()) return -1;
  size_t at = with_characters(s, [&]<class C>(const C* text) {
    return search::rfind(text + start, end - start, wide.as<C>(), m);
  });
  return at == search::kNotFound ? -1 : i64(at + start);
}

size_t str_count(const Str* s, const Str* needle, size_t start, size_t end) {
  size_t m = needle->length();
  if (start > end) return 0;
  if (m == 0) return end - start + 1;
  if (end - start < m || needle->kind() > s->kind()) return 0;
  WidenedNeedle wide(needle, s->kind());
  if (wide.failed()) return 0;
  return with_characters(s, [&]<class C>(const C* text) {
    return search::count(text + start, end - start, wide.as<C>(), m, ~size_t(0));
  });
}

// memcmp for what is mostly a few bytes: looked at in two words that overlap.
TYPHON_INLINE static bool same_bytes(const u8* a, const u8* b, size_t n) {
  auto both_ends = [&]<class Word>(Word first) {
    Word last, other_first, other_last;
    std::memcpy(&first, a, sizeof(Word));
    std::memcpy(&last, a + n - sizeof(Word), sizeof(Word));
    std::memcpy(&other_first, b, sizeof(Word));
    std::memcpy(&other_last, b + n - sizeof(Word), sizeof(Word));
    return first == other_first && last == other_last;
  };
  if (n > 16) return std::memcmp(a, b, n) == 0;
  if (n >= 8) return both_ends(u64(0));
  if (n >= 4) return both_ends(u32(0));
  for (size_t i = 0; i < n; i++)
    if (a[i] != b[i]) return false;
  return true;
}

bool str_matches_at(const Str* s, const Str* part, size_t at) {
  size_t m = part->length();
  if (at > s->length() || s->length() - at < m) return false;
  if (part->kind() > s->kind()) return m == 0;
  if (part->kind() == s->kind()) {
    u32 shift = s->kind();
    return same_bytes(s->data<u8>() + (at << shift), part->data<u8>(), m << shift);
  }
  for (size_t i = 0; i < m; i++)
    if (s->at(at + i) != part->at(i)) return false;
  return true;
}

}  // namespace typhon
