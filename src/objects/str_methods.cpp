// Methods of str: searching, splitting, stripping, padding, replacing.
#include <cstring>

#include "objects/codecs.h"
#include "objects/container_util.h"
#include "objects/format_spec.h"
#include "objects/str_util.h"
#include "objects/unicode.h"

namespace typhon {

Result<Bounds> resolve_bounds(Thread& t, Value start, Value end, size_t length) {
  i64 n = i64(length), limits[2] = {0, n};
  Value given[2] = {start, end};
  for (int k = 0; k < 2; k++) {
    Value v = given[k];
    if (v.is_empty() || v.is_none()) continue;
    if (v.is_small_int()) {
      limits[k] = v.as_small_int();
      continue;
    }
    if (!is_int(v) && type_of(v)->slots.index == nullptr)
      return raise(t, exc::TypeError, "slice indices must be integers or None or have an __index__ method");
    limits[k] = TRY(to_clamped_i64(t, v));
  }
  if (limits[1] > n) limits[1] = n;
  if (limits[1] < 0) limits[1] = limits[1] + n < 0 ? 0 : limits[1] + n;
  if (limits[0] < 0) limits[0] = limits[0] + n < 0 ? 0 : limits[0] + n;
  bool valid = limits[0] <= limits[1];
  return Bounds{size_t(limits[0]), size_t(limits[1]), valid};
}

namespace {

Str* str_of(Value v) { return v.as<Str>(); }

Raised bad_argument(Thread& t, const char* method, const char* which, Value v) {
  return raise(t, exc::TypeError, "%s() %s must be str, not %Q", method, which, v);
}

// --- find and relatives
template <i64 (*search)(const Str*, const Str*, size_t, size_t)>
Result<i64> find_in(Thread& t, Value self, const Value* a, const char* name) {
  if (!is_str(a[0])) return bad_argument(t, name, "argument 1", a[0]);
  Str* s = str_of(self);
  Bounds b = TRY(resolve_bounds(t, a[1], a[2], s->length()));
  if (!b.valid) return i64(-1);
  return search(s, str_of(a[0]), b.start, b.end);
}

Ref str_find_method(Thread& t, Value self, const Value* a) {
  return int_from(t, TRY(find_in<str_find>(t, self, a, "find")));
}
Ref str_rfind_method(Thread& t, Value self, const Value* a) {
  return int_from(t, TRY(find_in<str_rfind>(t, self, a, "rfind")));
}
Ref str_index(Thread& t, Value self, const Value* a) {
  i64 at = TRY(find_in<str_find>(t, self, a, "index"));
  if (at < 0) return raise(t, exc::ValueError, "substring not found");
  return int_from(t, at);
}
Ref str_rindex(Thread& t, Value self, const Value* a) {
  i64 at = TRY(find_in<str_rfind>(t, self, a, "rindex"));
  if (at < 0) return raise(t, exc::ValueError, "substring not found");
  return int_from(t, at);
}
Ref str_count_method(Thread& t, Value self, const Value* a) {
  if (!is_str(a[0])) return bad_argument(t, "count", "argument 1", a[0]);
  Str* s = str_of(self);
  Bounds b = TRY(resolve_bounds(t, a[1], a[2], s->length()));
  return int_from(t, b.valid ? i64(str_count(s, str_of(a[0]), b.start, b.end)) : 0);
}

bool part_matches(const Str* s, const Str* part, const Bounds& b, bool at_end) {
  if (!b.valid || b.start > s->length() || b.end - b.start < part->length()) return false;
  return str_matches_at(s, part, at_end ? b.end - part->length() : b.start);
}

Ref starts_or_ends(Thread& t, Value self, const Value* a, bool at_end) {
  const char* name = at_end ? "endswith" : "startswith";
  Str* s = str_of(self);
  Bounds b = TRY(resolve_bounds(t, a[1], a[2], s->length()));
  if (is_tuple(a[0])) {
    Tuple* parts = a[0].as<Tuple>();
    for (u64 i = 0; i < parts->size; i++) {
      Value part = parts->items[i].peek();
      if (!is_str(part))
        return raise(t, exc::TypeError, "tuple for %s must only contain str, not %T", name, part);
      if (part_matches(s, str_of(part), b, at_end)) return Ref::boolean(true);
    }
    return Ref::boolean(false);
  }
  if (!is_str(a[0]))
    return raise(t, exc::TypeError, "%s first arg must be str or a tuple of str, not %T", name, a[0]);
  return Ref::boolean(part_matches(s, str_of(a[0]), b, at_end));
}
Ref str_startswith(Thread& t, Value self, const Value* a) { return starts_or_ends(t, self, a, false); }
Ref str_endswith(Thread& t, Value self, const Value* a) { return starts_or_ends(t, self, a, true); }

Ref str_removeprefix(Thread& t, Value self, const Value* a) {
  if (!is_str(a[0])) return bad_argument(t, "removeprefix", "argument", a[0]);
  Str* s = str_of(self);
  if (str_matches_at(s, str_of(a[0]), 0)) return str_substring(t, s, str_of(a[0])->length(), s->length());
  return str_exact(t, s);
}
Ref str_removesuffix(Thread& t, Value self, const Value* a) {
  if (!is_str(a[0])) return bad_argument(t, "removesuffix", "argument", a[0]);
  Str* s = str_of(self);
  size_t n = s->length(), m = str_of(a[0])->length();
  if (m <= n && str_matches_at(s, str_of(a[0]), n - m)) return str_substring(t, s, 0, n - m);
  return str_exact(t, s);
}

// --- stripping
enum Sides { kLeft = 1, kRight = 2 };

Ref strip(Thread& t, Value self, Value chars, int sides, const char* name) {
  Str* s = str_of(self);
  size_t start = 0, end = s->length();
  if (chars.is_empty() || chars.is_none()) {
    if (sides & kLeft)
      while (start < end && unicode::is_space(s->at(start))) start++;
    if (sides & kRight)
      while (end > start && unicode::is_space(s->at(end - 1))) end--;
    return str_substring(t, s, start, end);
  }
  if (!is_str(chars)) return raise(t, exc::TypeError, "%s arg must be None or str", name);
  Str* set = str_of(chars);
  u64 low[4] = {};  // the Latin-1 characters of the set; others are looked for one by one
  bool wide = set->kind() != 0;
  for (size_t i = 0; i < set->length(); i++)
    if (u32 c = set->at(i); c < 256) low[c >> 6] |= u64(1) << (c & 63);
  auto in_set = [&](u32 c) {
    if (c < 256) return (low[c >> 6] >> (c & 63) & 1) != 0;
    if (!wide) return false;
    for (size_t i = 0; i < set->length(); i++)
      if (set->at(i) == c) return true;
    return false;
  };
  if (sides & kLeft)
    while (start < end && in_set(s->at(start))) start++;
  if (sides & kRight)
    while (end > start && in_set(s->at(end - 1))) end--;
  return str_substring(t, s, start, end);
}
Ref str_strip(Thread& t, Value self, const Value* a) { return strip(t, self, a[0], kLeft | kRight, "strip"); }
Ref str_lstrip(Thread& t, Value self, const Value* a) { return strip(t, self, a[0], kLeft, "lstrip"); }
Ref str_rstrip(Thread& t, Value self, const Value* a) { return strip(t, self, a[0], kRight, "rstrip"); }

// --- splitting
Status add_piece(Thread& t, List* list, Str* s, size_t start, size_t end) {
  if (poll_wanted(t)) [[unlikely]] safepoint_scan_only(t);
  size_t length = end - start;
  bool plain = s->is_ascii() && length > 1 && length < s->length();
  Ref piece = TRY(plain ? str_from_ascii(t, s->ascii().substr(start, length)) : str_substring(t, s, start, end)).release_ref();
  u64 n = list->size;
  if (list->body != nullptr && n < list->body->capacity) [[likely]] {  // nobody else has the list yet
    list->body->items[n].init(list, std::move(piece));
    list->size = n + 1;
    return ok();
  }
  return list_append(t, list, std::move(piece));
}

template <class C>
TYPHON_INLINE bool is_gap(C c) {
  return u32(c) - 0x21u >= 0x5Fu && unicode::is_space(c);  // one comparison for printable ASCII
}

template <class C>
Status split_spaces(Thread& t, List* list, Str* s, const C* p, size_t n, size_t max) {
  size_t i = 0;
  while (max-- > 0) {
    while (i < n && is_gap(p[i])) i++;
    if (i == n) return ok();
    size_t start = i++;
    while (i < n && !is_gap(p[i])) i++;
    TRY(add_piece(t, list, s, start, i));
  }
  while (i < n && unicode::is_space(p[i])) i++;
  if (i == n) return ok();
  // The rest keeps its trailing spaces as well: only the front is stripped.
  return add_piece(t, list, s, i, n);
}

template <class C>
Status rsplit_spaces(Thread& t, List* list, Str* s, const C* p, size_t n, size_t max) {
  size_t i = n;
  while (max-- > 0) {
    while (i > 0 && unicode::is_space(p[i - 1])) i--;
    if (i == 0) return ok();
    size_t end = i--;
    while (i > 0 && !unicode::is_space(p[i - 1])) i--;
    TRY(add_piece(t, list, s, i, end));
  }
  while (i > 0 && unicode::is_space(p[i - 1])) i--;
  return i == 0 ? ok() : add_piece(t, list, s, 0, i);
}

template <class C>
Status split_at_char(Thread& t, List* list, Str* s, const C* p, size_t n, C separator, size_t max) {
  constexpr size_t kBatch = 32;
  size_t at[kBatch], start = 0;
  for (size_t base = 0; max > 0; base = start) {
    size_t wanted = max < kBatch ? max : kBatch;
    size_t found = search::find_chars(p + base, n - base, separator, at, wanted);
    for (size_t i = 0; i < found; i++) {
      TRY(add_piece(t, list, s, start, base + at[i]));
      start = base + at[i] + 1;
    }
    if (found < wanted) break;
    max -= found;
  }
  return add_piece(t, list, s, start, n);
}

void reverse_items(List* list) {
  Value* words = list->size == 0 ? nullptr : list->body->items[0].address();
  for (size_t i = 0, j = list->size; j > i + 1; i++) std::swap(words[i], words[--j]);
}

Ref split_method(Thread& t, Value self, const Value* a, bool from_right) {
  Str* s = str_of(self);
  size_t n = s->length(), max = ~size_t(0);
  if (!a[1].is_empty()) {
    i64 limit = TRY(to_i64(t, a[1], "Python int too large to convert to C ssize_t"));
    if (limit >= 0) max = size_t(limit);
  }
  RefTo<List> list = TRY(list_new(t, 6));
  List* pieces = list.get();
  if (a[0].is_empty() || a[0].is_none()) {
    TRY(with_characters(s, [&](const auto* p) {
      return from_right ? rsplit_spaces(t, pieces, s, p, n, max) : split_spaces(t, pieces, s, p, n, max);
    }));
  } else {
    if (!is_str(a[0])) return raise(t, exc::TypeError, "must be str or None, not %T", a[0]);
    Str* separator = str_of(a[0]);
    size_t m = separator->length();
    if (m == 0) return raise(t, exc::ValueError, "empty separator");
    if (separator->kind() > s->kind() || m > n) {
      TRY(list_append(t, pieces, self));  // an instance of a subclass as well, as in CPython
      return list;
    }
    WidenedNeedle wide(separator, s->kind());
    if (wide.failed()) return raise_no_memory(t);
    TRY(with_characters(s, [&]<class C>(const C* p) -> Status {
      const C* needle = wide.as<C>();
      if (m == 1 && !from_right) return split_at_char(t, pieces, s, p, n, needle[0], max);
      size_t start = 0, end = n;
      while (max-- > 0) {
        size_t at = from_right ? search::rfind(p, end, needle, m)
                    : m == 1   ? search::find_char(p + start, n - start, needle[0])
                               : search::find(p + start, n - start, needle, m);
        if (at == search::kNotFound) break;
        if (from_right) {
          TRY(add_piece(t, pieces, s, at + m, end));
          end = at;
        } else {
          TRY(add_piece(t, pieces, s, start, start + at));
          start += at + m;
        }
      }
      return add_piece(t, pieces, s, start, end);
    }));
  }
  if (from_right) reverse_items(pieces);
  return list;
}
Ref str_split(Thread& t, Value self, const Value* a) { return split_method(t, self, a, false); }
Ref str_rsplit(Thread& t, Value self, const Value* a) { return split_method(t, self, a, true); }

Ref str_splitlines(Thread& t, Value self, const Value* a) {
  bool keep_ends = !a[0].is_empty() && TRY(truth(t, a[0]));
  Str* s = str_of(self);
  size_t n = s->length();
  RefTo<List> list = TRY(list_new(t));
  for (size_t i = 0; i < n;) {
    size_t start = i;
    with_characters(s, [&](const auto* p) {
      // Most characters are none by their range.
      while (i < n && !((p[i] < 0x1F || p[i] == 0x85 || p[i] > 0x2000) && unicode::is_line_break(p[i]))) i++;
    });
    size_t end = i;
    if (i < n) {
      i += s->at(i) == '\r' && i + 1 < n && s->at(i + 1) == '\n' ? 2 : 1;
      if (keep_ends) end = i;
    }
    TRY(add_piece(t, list.get(), s, start, end));
  }
  return list;
}

Ref partition(Thread& t, Value self, Value separator, bool from_right) {
  if (!is_str(separator)) return raise(t, exc::TypeError, "must be str, not %T", separator);
  Str *s = str_of(self), *sep = str_of(separator);
  size_t n = s->length(), m = sep->length();
  if (m == 0) return raise(t, exc::ValueError, "empty separator");
  i64 at;
  if (m == 1 && n != 0 && s->kind() == 0 && sep->kind() == 0) {
    const u8* text = s->data<u8>();
    const void* found = from_right ? memrchr(text, sep->data<u8>()[0], n) : std::memchr(text, sep->data<u8>()[0], n);
    at = found == nullptr ? -1 : static_cast<const u8*>(found) - text;
  } else {
    at = from_right ? str_rfind(s, sep, 0, n) : str_find(s, sep, 0, n);
  }
  if (at < 0) {
    Value empty = empty_str();
    return from_right ? tuple_of(t, empty, empty, self) : tuple_of(t, self, empty, empty);
  }
  RefTo<Str> head = TRY(str_substring(t, s, 0, size_t(at)));
  RefTo<Str> tail = TRY(str_substring(t, s, size_t(at) + m, n));
  Value parts[] = {head.take(), Ref::copy(separator).take(), tail.take()};
  return tuple_take(t, parts, 3);
}
Ref str_partition(Thread& t, Value self, const Value* a) { return partition(t, self, a[0], false); }
Ref str_rpartition(Thread& t, Value self, const Value* a) { return partition(t, self, a[0], true); }

Ref str_join_method(Thread& t, Value self, const Value* a) {
  Str* separator = str_of(self);
  if (is_exact_list(a[0])) {
    List* list = a[0].as<List>();
    if (list->is_local())  // nobody can change it meanwhile
      return str_join(t, separator, list->size == 0 ? nullptr : list->body->items[0].address(), list->size);
  }
  RefTo<Tuple> tuple = TRY(items_of(t, a[0], "can only join an iterable"));
  return str_join(t, separator, tuple->size == 0 ? nullptr : tuple->items[0].address(), tuple->size);
}

// --- padding
Ref pad(Thread& t, Str* s, size_t left, size_t right, u32 fill) {
  if (left + right == 0) return str_exact(t, s);
  size_t total;
  if (s->is_ascii() && fill < 0x80 && s->length() != 0 && !__builtin_add_overflow(left + right, s->length(), &total)) {
    RefTo<Str> result = TRY(str_allocate(t, total, 0x7F));
    u8* to = static_cast<u8*>(result->raw_mutable());
    std::memset(to, int(fill), left);
    std::memcpy(to + left, s->raw(), s->length());
    std::memset(to + left + s->length(), int(fill), right);
    return result;
  }
  StrBuilder out;
  out.append_repeated(fill, left);
  out.append(s);
  out.append_repeated(fill, right);
  return out.finish(t);
}

struct Padding {
  size_t total;
  u32 fill;
};
Result<Padding> padding(Thread& t, Value self, const Value* a) {
  i64 width = TRY(to_i64(t, a[0], "Python int too large to convert to C ssize_t"));
  u32 fill = ' ';
  if (!a[1].is_empty()) {
    if (!is_str(a[1]))
      return raise(t, exc::TypeError, "The fill character must be a unicode character, not %T", a[1]);
    if (str_of(a[1])->length() != 1)
      return raise(t, exc::TypeError, "The fill character must be exactly one character long");
    fill = str_of(a[1])->at(0);
  }
  i64 n = i64(str_of(self)->length());
  return Padding{width > n ? size_t(width - n) : 0, fill};
}
Ref str_center(Thread& t, Value self, const Value* a) {
  Padding p = TRY(padding(t, self, a));
  size_t width = p.total + str_of(self)->length();
  size_t left = p.total / 2 + (p.total & width & 1);
  return pad(t, str_of(self), left, p.total - left, p.fill);
}
Ref str_ljust(Thread& t, Value self, const Value* a) {
  Padding p = TRY(padding(t, self, a));
  return pad(t, str_of(self), 0, p.total, p.fill);
}
Ref str_rjust(Thread& t, Value self, const Value* a) {
  Padding p = TRY(padding(t, self, a));
  return pad(t, str_of(self), p.total, 0, p.fill);
}
Ref str_zfill(Thread& t, Value self, const Value* a) {
  i64 width = TRY(to_i64(t, a[0], "Python int too large to convert to C ssize_t"));
  Str* s = str_of(self);
  size_t n = s->length();
  if (width <= i64(n)) return str_exact(t, s);
  StrBuilder out;
  size_t sign = n > 0 && (s->at(0) == '+' || s->at(0) == '-') ? 1 : 0;
  out.append(s, 0, sign);
  out.append_repeated('0', size_t(width) - n);
  out.append(s, sign, n);
  return out.finish(t);
}

Ref str_expandtabs(Thread& t, Value self, const Value* a) {
  i64 size = a[0].is_empty() ? 8 : TRY(to_i64(t, a[0], "Python int too large to convert to C int"));
  if (size > INT32_MAX || size < INT32_MIN)
    return raise(t, exc::OverflowError, "Python int too large to convert to C int");
  Str* s = str_of(self);
  StrBuilder out;
  i64 column = 0;
  u64 total = 0;
  for (size_t i = 0; i < s->length(); i++) {
    u32 c = s->at(i);
    if (c == '\t') {
      if (size > 0) {
        i64 spaces = size - column % size;
        column += spaces;
        total += u64(spaces);
        if (total > u64(1) << 40) return raise(t, exc::OverflowError, "new string is too long");
        out.append_repeated(' ', size_t(spaces));
      }
      continue;
    }
    column = c == '\n' || c == '\r' ? 0 : column + 1;
    out.append(c);
  }
  return out.finish(t);
}

// --- replace and translate

// All of them ASCII, `old_part` not empty: counted first, so that the result is made at its size.
Ref replace_ascii(Thread& t, Str* s, const Str* old_part, const Str* new_part, size_t max) {
  const u8 *p = s->data<u8>(), *needle = old_part->data<u8>(), *with = new_part->data<u8>();
  size_t n = s->length(), m = old_part->length(), k = new_part->length();
  size_t first = search::find(p, n, needle, m);
  if (first == search::kNotFound) return str_exact(t, s);
  if (m == 1 && k == 1 && max >= n) {
    RefTo<Str> result = TRY(str_allocate(t, n, 0x7F));
    u8 *out = static_cast<u8*>(result->raw_mutable()), from = needle[0], to = with[0];
    for (size_t i = 0; i < n; i++) out[i] = p[i] == from ? to : p[i];
    return n == 1 ? Ref(str_from_char(t, out[0])) : Ref(std::move(result));
  }
  // The first places are remembered, so that they are not looked for again.
  constexpr size_t kRemembered = 64;
  size_t places[kRemembered], times = 0, total, after = first + m;
  for (size_t at = first; at != search::kNotFound;) {
    if (times < kRemembered) places[times] = at;
    after = at + m;
    if (++times == max) break;
    if (times >= kRemembered) {
      times += search::count(p + after, n - after, needle, m, max - times);
      break;
    }
    size_t step = search::find(p + after, n - after, needle, m);
    at = step == search::kNotFound ? step : after + step;
  }
  if (__builtin_mul_overflow(times, k, &total) || __builtin_add_overflow(total, n - times * m, &total))
    return raise(t, exc::OverflowError, "replace string is too long");
  RefTo<Str> result = TRY(str_allocate(t, total < 2 ? 2 : total, 0x7F));
  u8* out = static_cast<u8*>(result->raw_mutable());
  size_t from = 0;
  for (size_t i = 0; i < times; i++) {
    size_t at = i < kRemembered ? places[i] : from + search::find(p + from, n - from, needle, m);
    std::memcpy(out, p + from, at - from);
    out += at - from;
    std::memcpy(out, with, k);
    out += k;
    from = at + m;
  }
  std::memcpy(out, p + from, n - from);
  if (total == 0) return Ref::copy(empty_str());
  if (total == 1) return str_from_char(t, result->data<u8>()[0]);
  return result;
}

Ref str_replace(Thread& t, Value self, const Value* a) {
  if (!is_str(a[0])) return bad_argument(t, "replace", "argument 1", a[0]);
  if (!is_str(a[1])) return bad_argument(t, "replace", "argument 2", a[1]);
  size_t max = ~size_t(0);
  if (!a[2].is_empty()) {
    i64 limit = TRY(to_i64(t, a[2], "Python int too large to convert to C ssize_t"));
    if (limit >= 0) max = size_t(limit);
  }
  Str *s = str_of(self), *old_part = str_of(a[0]), *new_part = str_of(a[1]);
  size_t n = s->length(), m = old_part->length();
  if (max == 0 || m > n || str_equal(old_part, new_part)) return str_exact(t, s);
  if (m != 0 && s->is_ascii() && old_part->is_ascii() && new_part->is_ascii())
    return replace_ascii(t, s, old_part, new_part, max);
  StrBuilder out;
  if (m == 0) {  // between all characters
    for (size_t i = 0; i < n && max > 0; i++, max--) {
      out.append(new_part);
      out.append(s->at(i));
      if (max == 1) {
        out.append(s, i + 1, n);
        return out.finish(t);
      }
    }
    if (max > 0) out.append(new_part);
    return out.finish(t);
  }
  if (old_part->kind() > s->kind()) return str_exact(t, s);
  WidenedNeedle wide(old_part, s->kind());
  if (wide.failed()) return raise_no_memory(t);
  bool changed = with_characters(s, [&]<class C>(const C* p) {
    const C* needle = wide.as<C>();
    size_t from = 0;
    for (; max > 0; max--) {
      size_t at = search::find(p + from, n - from, needle, m);
      if (at == search::kNotFound) break;
      out.append(s, from, from + at);
      out.append(new_part);
      from += at + m;
    }
    if (from == 0) return false;
    out.append(s, from, n);
    return true;
  });
  if (!changed) return str_exact(t, s);
  return out.finish(t);
}

// What one character becomes: EMPTY deletes, else a str or a small int (code point).
Ref translate_char(Thread& t, Value table, u32 c) {
  Ref found;
  if (is_exact_dict(table)) {
    found = TRY(dict_get_py(t, table.as<Dict>(), Value::small_int(c)));
    if (found.is_empty()) return Ref::adopt(Value::small_int(c));
  } else {
    found = get_item(t, table, Value::small_int(c));
  }
  if (found.failed()) {
    if (clear_if(t, exc::LookupError)) return Ref::adopt(Value::small_int(c));
    return found;
  }
  if (found.get().is_none()) return Ref();
  if (is_str(found)) return found;
  if (!is_int(found)) return raise(t, exc::TypeError, "character mapping must return integer, None or str");
  i64 point;
  if (!int_fits_i64(found, &point) || point < 0 || point > 0x10FFFF)
    return raise(t, exc::ValueError, "character mapping must be in range(0x110000)");
  return Ref::adopt(Value::small_int(point));
}

Ref str_translate(Thread& t, Value self, const Value* a) {
  Str* s = str_of(self);
  // For dicts, which answer the same every time, single-character results for ASCII are remembered.
  constexpr i16 kUnknown = -2, kDeleted = -1;
  i16 known[128];
  for (i16& k : known) k = kUnknown;
  bool remember = is_exact_dict(a[0]);
  StrBuilder out;
  for (size_t i = 0; i < s->length(); i++) {
    if (s->is_ascii()) {
      // A run of characters that are known to become ASCII.
      const u8* p = s->data<u8>();
      char run[256];
      size_t k = 0;
      for (; k < sizeof run && i < s->length() && u16(known[p[i]]) < 128; i++) run[k++] = char(known[p[i]]);
      out.append_ascii({run, k});
      if (i == s->length()) break;
    }
    u32 c = s->at(i);
    if (c < 128 && known[c] != kUnknown) {
      if (known[c] != kDeleted) out.append(u32(known[c]));
      continue;
    }
    Ref to = TRY(translate_char(t, a[0], c));
    bool deleted = to.is_empty();
    if (!deleted) {
      if (to.get().is_small_int())
        out.append(u32(to.get().as_small_int()));
      else
        out.append(to.as<Str>());
    }
    if (c >= 128 || !remember) continue;
    if (deleted)
      known[c] = kDeleted;
    else if (to.get().is_small_int() && to.get().as_small_int() < 0x8000)
      known[c] = i16(to.get().as_small_int());
  }
  return out.finish(t);
}

Ref str_maketrans(Thread& t, Value, const Value* a) {
  RefTo<Dict> table = TRY(dict_new(t));
  auto put = [&](u32 c, Value v) { return dict_set_py(t, table.get(), Value::small_int(c), v); };
  if (!a[1].is_empty()) {
    if (!is_str(a[1])) return bad_argument(t, "maketrans", "argument 2", a[1]);
    if (!a[2].is_empty() && !is_str(a[2])) return bad_argument(t, "maketrans", "argument 3", a[2]);
    if (!is_str(a[0]))
      return raise(t, exc::TypeError, "first maketrans argument must be a string if there is a second argument");
    Str *from = str_of(a[0]), *to = str_of(a[1]);
    if (from->length() != to->length())
      return raise(t, exc::ValueError, "the first two maketrans arguments must have equal length");
    for (size_t i = 0; i < from->length(); i++) TRY(put(from->at(i), Value::small_int(to->at(i))));
    if (!a[2].is_empty())
      for (size_t i = 0; i < str_of(a[2])->length(); i++) TRY(put(str_of(a[2])->at(i), None));
    return table;
  }
  if (!is_exact_dict(a[0]))
    return raise(t, exc::TypeError, "if you give only one argument to maketrans it must be a dict");
  size_t position = 0;
  Ref key, value;
  while (dict_next(t, a[0].as<Dict>(), &position, &key, &value)) {
    if (is_str(key)) {
      if (key.as<Str>()->length() != 1)
        return raise(t, exc::ValueError, "string keys in translatetable must be of length 1");
      TRY(put(key.as<Str>()->at(0), value));
    } else if (is_int(key)) {
      TRY(dict_set_py(t, table.get(), key, value));
    } else {
      return raise(t, exc::TypeError, "keys in translate table mustbe strings or integers");
    }
  }
  return table;
}

// --- the rest
Ref str_encode(Thread& t, Value self, const Value* a) {
  for (int i = 0; i < 2; i++) {
    if (!a[i].is_empty() && !is_str(a[i]))
      return raise(t, exc::TypeError, "encode() argument '%s' must be str, not %Q", i == 0 ? "encoding" : "errors",
                   a[i]);
    TRY(check_codec_name(t, a[i]));
  }
  return encode_object(t, str_of(self), a[0], a[1]);
}

Ref str_dunder_format(Thread& t, Value self, const Value* a) {
  if (!is_str(a[0])) return raise(t, exc::TypeError, "__format__() argument must be str, not %Q", a[0]);
  if (str_of(a[0])->length() == 0) return object_str(t, self);
  return format_str(t, self, str_of(a[0]));
}

Ref str_getnewargs(Thread& t, Value self, const Value*) {
  Str* s = str_of(self);
  RefTo<Str> copy = TRY(str_from_points(t, s->raw(), s->width(), s->length()));
  return tuple_of(t, copy);
}

Ref str_sizeof(Thread& t, Value self, const Value*) {
  Str* s = str_of(self);
  return int_from(t, i64(sizeof(Str) + ((s->length() + 1) << s->kind())));
}

}  // namespace

constexpr const char* kRange = "($self, sub[, start[, end]], /)";

extern const Method kStrMethods[];
const Method kStrMethods[] = {
    method("encode", str_encode, "($self, /, encoding='utf-8', errors='strict')",
           "Encode the string using the codec registered for encoding."),
    method("replace", str_replace, "($self, old, new, /, count=-1)",
           "Return a copy with all occurrences of substring old replaced by new."),
    method("split", str_split, "($self, /, sep=None, maxsplit=-1)",
           "Return a list of the substrings in the string, using sep as the separator string."),
    method("rsplit", str_rsplit, "($self, /, sep=None, maxsplit=-1)",
           "Return a list of the substrings in the string, using sep as the separator string."),
    method("join", str_join_method, "($self, iterable, /)", "Concatenate any number of strings."),
    method("capitalize", str_capitalize, "($self, /)", "Return a capitalized version of the string."),
    method("casefold", str_casefold, "($self, /)", "Return a version of the string suitable for caseless comparisons."),
    method("title", str_title, "($self, /)", "Return a version of the string where each word is titlecased."),
    method("center", str_center, "($self, width, fillchar=' ', /)", "Return a centered string of length width."),
    method("count", str_count_method, kRange,
           "Return the number of non-overlapping occurrences of substring sub in string S[start:end]."),
    method("expandtabs", str_expandtabs, "($self, /, tabsize=8)",
           "Return a copy where all tab characters are expanded using spaces."),
    method("find", str_find_method, kRange,
           "Return the lowest index in S where substring sub is found, such that sub is contained within "
           "S[start:end].\n\nOptional arguments start and end are interpreted as in slice notation.\nReturn -1 on "
           "failure."),
    method("partition", str_partition, "($self, sep, /)",
           "Partition the string into three parts using the given separator."),
    method("index", str_index, kRange,
           "Return the lowest index in S where substring sub is found, such that sub is contained within "
           "S[start:end].\n\nOptional arguments start and end are interpreted as in slice notation.\nRaises "
           "ValueError when the substring is not found."),
    method("ljust", str_ljust, "($self, width, fillchar=' ', /)", "Return a left-justified string of length width."),
    method("lower", str_lower, "($self, /)", "Return a copy of the string converted to lowercase."),
    method("lstrip", str_lstrip, "($self, chars=None, /)",
           "Return a copy of the string with leading whitespace removed."),
    method("rfind", str_rfind_method, kRange,
           "Return the highest index in S where substring sub is found, such that sub is contained within "
           "S[start:end].\n\nOptional arguments start and end are interpreted as in slice notation.\nReturn -1 on "
           "failure."),
    method("rindex", str_rindex, kRange,
           "Return the highest index in S where substring sub is found, such that sub is contained within "
           "S[start:end].\n\nOptional arguments start and end are interpreted as in slice notation.\nRaises "
           "ValueError when the substring is not found."),
    method("rjust", str_rjust, "($self, width, fillchar=' ', /)", "Return a right-justified string of length width."),
    method("rstrip", str_rstrip, "($self, chars=None, /)",
           "Return a copy of the string with trailing whitespace removed."),
    method("rpartition", str_rpartition, "($self, sep, /)",
           "Partition the string into three parts using the given separator."),
    method("splitlines", str_splitlines, "($self, /, keepends=False)",
           "Return a list of the lines in the string, breaking at line boundaries."),
    method("strip", str_strip, "($self, chars=None, /)",
           "Return a copy of the string with leading and trailing whitespace removed."),
    method("swapcase", str_swapcase, "($self, /)",
           "Convert uppercase characters to lowercase and lowercase characters to uppercase."),
    method("translate", str_translate, "($self, table, /)",
           "Replace each character in the string using the given translation table."),
    method("upper", str_upper, "($self, /)", "Return a copy of the string converted to uppercase."),
    method("startswith", str_startswith, "($self, prefix[, start[, end]], /)",
           "Return True if the string starts with the specified prefix, False otherwise."),
    method("endswith", str_endswith, "($self, suffix[, start[, end]], /)",
           "Return True if the string ends with the specified suffix, False otherwise."),
    method("removeprefix", str_removeprefix, "($self, prefix, /)",
           "Return a str with the given prefix string removed if present."),
    method("removesuffix", str_removesuffix, "($self, suffix, /)",
           "Return a str with the given suffix string removed if present."),
    method("isascii", str_isascii, "($self, /)",
           "Return True if all characters in the string are ASCII, False otherwise."),
    method("islower", str_islower, "($self, /)", "Return True if the string is a lowercase string, False otherwise."),
    method("isupper", str_isupper, "($self, /)", "Return True if the string is an uppercase string, False otherwise."),
    method("istitle", str_istitle, "($self, /)", "Return True if the string is a title-cased string, False otherwise."),
    method("isspace", str_isspace, "($self, /)", "Return True if the string is a whitespace string, False otherwise."),
    method("isdecimal", str_isdecimal, "($self, /)", "Return True if the string is a decimal string, False otherwise."),
    method("isdigit", str_isdigit, "($self, /)", "Return True if the string is a digit string, False otherwise."),
    method("isnumeric", str_isnumeric, "($self, /)", "Return True if the string is a numeric string, False otherwise."),
    method("isalpha", str_isalpha, "($self, /)", "Return True if the string is an alphabetic string, False otherwise."),
    method("isalnum", str_isalnum, "($self, /)",
           "Return True if the string is an alpha-numeric string, False otherwise."),
    method("isidentifier", str_isidentifier, "($self, /)",
           "Return True if the string is a valid Python identifier, False otherwise."),
    method("isprintable", str_isprintable, "($self, /)",
           "Return True if all characters in the string are printable, False otherwise."),
    method("zfill", str_zfill, "($self, width, /)",
           "Pad a numeric string with zeros on the left, to fill a field of the given width."),
    raw_method("format", str_format_method, "($self, /, *args, **kwargs)",
               "Return a formatted version of the string, using substitutions from args and kwargs."),
    method("format_map", str_format_map, "($self, mapping, /)",
           "Return a formatted version of the string, using substitutions from mapping."),
    method("__format__", str_dunder_format, "($self, format_spec, /)",
           "Return a formatted version of the string as described by format_spec."),
    static_method("maketrans", str_maketrans, "(x, y=<unrepresentable>, z=<unrepresentable>, /)",
                  "Return a translation table usable for str.translate()."),
    method("__sizeof__", str_sizeof, "($self, /)", "Return the size of the string in memory, in bytes."),
    method("__getnewargs__", str_getnewargs, "($self, /)"),
    {},
};

}  // namespace typhon
