// The methods that bytes and bytearray share. Arguments are converted (which may run Python code) before self is looked
// at.
#include <array>

#include "objects/bytes_util.h"
#include "objects/codecs.h"

namespace typhon {
namespace {

// The argument of find, count and the like: a bytes-like object or one byte.
class Needle {
 public:
  explicit Needle(Thread& t) : t_(t), view_(t) {}
  Status get(Value v) {
    if (has_buffer(v)) {
      TRY(view_.get(v));
      data = view_.data();
      size = view_.size();
      return ok();
    }
    if (!is_int(v) && type_of(v)->slots.index == nullptr)
      return raise(t_, exc::TypeError, "argument should be integer or bytes-like object, not '%T'", v);
    byte_ = TRY(to_byte(t_, v));
    data = &byte_;
    size = 1;
    return ok();
  }
  const u8* data = nullptr;
  size_t size = 0;

 private:
  Thread& t_;
  ByteView view_;
  u8 byte_ = 0;
};

// Start and end before the size is known.
struct RawBounds {
  i64 start = 0, end = INT64_MAX;
};
Result<RawBounds> raw_bounds(Thread& t, Value start, Value end) {
  RawBounds raw;
  for (int k = 0; k < 2; k++) {
    Value v = k == 0 ? start : end;
    if (v.is_empty() || v.is_none()) continue;
    if (!is_int(v) && type_of(v)->slots.index == nullptr)
      return raise(t, exc::TypeError, "slice indices must be integers or None or have an __index__ method");
    (k == 0 ? raw.start : raw.end) = TRY(to_clamped_i64(t, v));
  }
  return raw;
}
Bounds clamp_bounds(RawBounds raw, size_t size) {
  i64 n = i64(size);
  if (raw.end > n) raw.end = n;
  if (raw.end < 0) raw.end = raw.end + n < 0 ? 0 : raw.end + n;
  if (raw.start < 0) raw.start = raw.start + n < 0 ? 0 : raw.start + n;
  return {size_t(raw.start), size_t(raw.end), raw.start <= raw.end};
}

// --- find and relatives
Result<i64> find_in(Thread& t, Value self, const Value* a, bool from_right) {
  ReentryGuard guard(self, a, 3);
  Needle needle(t);
  RawBounds raw = TRY(raw_bounds(t, a[1], a[2]));
  TRY(needle.get(a[0]));
  TYPHON_SELF_BYTES(s, t, self);
  Bounds b = clamp_bounds(raw, s.size);
  if (!b.valid || b.end - b.start < needle.size) return i64(-1);
  if (needle.size == 0) return i64(from_right ? b.end : b.start);
  const u8* from = s.data + b.start;
  size_t n = b.end - b.start;
  size_t at = from_right ? search::rfind(from, n, needle.data, needle.size)
                         : search::find(from, n, needle.data, needle.size);
  return at == search::kNotFound ? i64(-1) : i64(at + b.start);
}
Ref m_find(Thread& t, Value self, const Value* a) { return int_from(t, TRY(find_in(t, self, a, false))); }
Ref m_rfind(Thread& t, Value self, const Value* a) { return int_from(t, TRY(find_in(t, self, a, true))); }
Ref m_index(Thread& t, Value self, const Value* a) {
  i64 at = TRY(find_in(t, self, a, false));
  if (at < 0) return raise(t, exc::ValueError, "subsection not found");
  return int_from(t, at);
}
Ref m_rindex(Thread& t, Value self, const Value* a) {
  i64 at = TRY(find_in(t, self, a, true));
  if (at < 0) return raise(t, exc::ValueError, "subsection not found");
  return int_from(t, at);
}
Ref m_count(Thread& t, Value self, const Value* a) {
  ReentryGuard guard(self, a, 3);
  Needle needle(t);
  RawBounds raw = TRY(raw_bounds(t, a[1], a[2]));
  TRY(needle.get(a[0]));
  TYPHON_SELF_BYTES(s, t, self);
  Bounds b = clamp_bounds(raw, s.size);
  if (!b.valid) return int_from(t, 0);
  size_t n = b.end - b.start;
  if (needle.size == 0) return int_from(t, i64(n + 1));
  return int_from(t, i64(search::count(s.data + b.start, n, needle.data, needle.size, ~size_t(0))));
}

Ref starts_or_ends(Thread& t, Value self, const Value* a, bool at_end) {
  ReentryGuard guard(self, a, 3);
  RawBounds raw = TRY(raw_bounds(t, a[1], a[2]));
  auto matches = [&](Value part) -> Result<bool> {
    ByteView view(t);
    TRY(view.get(part));
    TYPHON_SELF_BYTES(s, t, self);
    Bounds b = clamp_bounds(raw, s.size);
    size_t m = view.size();
    if (!b.valid || b.end - b.start < m) return false;
    return m == 0 || std::memcmp(s.data + (at_end ? b.end - m : b.start), view.data(), m) == 0;
  };
  if (is_tuple(a[0])) {
    Tuple* parts = a[0].as<Tuple>();
    for (u64 i = 0; i < parts->size; i++)
      if (TRY(matches(parts->items[i].peek()))) return Ref::boolean(true);
    return Ref::boolean(false);
  }
  if (!has_buffer(a[0]))
    return raise(t, exc::TypeError, "%s first arg must be bytes or a tuple of bytes, not %T",
                 at_end ? "endswith" : "startswith", a[0]);
  return Ref::boolean(TRY(matches(a[0])));
}
Ref m_startswith(Thread& t, Value self, const Value* a) { return starts_or_ends(t, self, a, false); }
Ref m_endswith(Thread& t, Value self, const Value* a) { return starts_or_ends(t, self, a, true); }

Ref m_removeprefix(Thread& t, Value self, const Value* a) {
  ByteView view(t);
  TRY(view.get(a[0]));
  TYPHON_SELF_BYTES(s, t, self);
  size_t m = view.size();
  if (m != 0 && m <= s.size && std::memcmp(s.data, view.data(), m) == 0)
    return make_bytes_like(t, self, s.data + m, s.size - m);
  return same_bytes(t, self, s);
}
Ref m_removesuffix(Thread& t, Value self, const Value* a) {
  ByteView view(t);
  TRY(view.get(a[0]));
  TYPHON_SELF_BYTES(s, t, self);
  size_t m = view.size();
  if (m != 0 && m <= s.size && std::memcmp(s.data + s.size - m, view.data(), m) == 0)
    return make_bytes_like(t, self, s.data, s.size - m);
  return same_bytes(t, self, s);
}

// --- stripping
constexpr bool is_space(u8 c) { return c == ' ' || (c >= 9 && c <= 13); }

Ref strip(Thread& t, Value self, Value chars, bool left, bool right) {
  bool in_set[256] = {};
  if (chars.is_empty() || chars.is_none()) {
    for (int c = 0; c < 256; c++) in_set[c] = is_space(u8(c));
  } else {
    ByteView view(t);
    TRY(view.get(chars));
    for (size_t i = 0; i < view.size(); i++) in_set[view.data()[i]] = true;
  }
  TYPHON_SELF_BYTES(s, t, self);
  size_t start = 0, end = s.size;
  if (left)
    while (start < end && in_set[s.data[start]]) start++;
  if (right)
    while (end > start && in_set[s.data[end - 1]]) end--;
  if (start == 0 && end == s.size) return same_bytes(t, self, s);
  return make_bytes_like(t, self, s.data + start, end - start);
}
Ref m_strip(Thread& t, Value self, const Value* a) { return strip(t, self, a[0], true, true); }
Ref m_lstrip(Thread& t, Value self, const Value* a) { return strip(t, self, a[0], true, false); }
Ref m_rstrip(Thread& t, Value self, const Value* a) { return strip(t, self, a[0], false, true); }

// --- splitting
Result<size_t> split_limit(Thread& t, Value v) {
  if (v.is_empty()) return ~size_t(0);
  i64 limit = TRY(to_i64(t, v, "Python int too large to convert to C ssize_t"));
  return limit < 0 ? ~size_t(0) : size_t(limit);
}

class Splitter {
 public:
  Splitter(Thread& t, Value self, const SelfBytes& s, List* out) : t_(t), self_(self), s_(s), out_(out) {}

  Status add(size_t start, size_t end) {
    return list_append(t_, out_, TRY(make_bytes_like(t_, self_, s_.data + start, end - start)));
  }

  Status spaces(size_t max) {
    size_t i = 0, n = s_.size;
    while (max-- > 0) {
      while (i < n && is_space(s_.data[i])) i++;
      if (i == n) return ok();
      size_t start = i++;
      while (i < n && !is_space(s_.data[i])) i++;
      TRY(add(start, i));
    }
    while (i < n && is_space(s_.data[i])) i++;
    return i == n ? ok() : add(i, n);
  }
  Status spaces_from_right(size_t max) {
    size_t i = s_.size;
    while (max-- > 0) {
      while (i > 0 && is_space(s_.data[i - 1])) i--;
      if (i == 0) return ok();
      size_t end = i--;
      while (i > 0 && !is_space(s_.data[i - 1])) i--;
      TRY(add(i, end));
    }
    while (i > 0 && is_space(s_.data[i - 1])) i--;
    return i == 0 ? ok() : add(0, i);
  }
  Status separator(const u8* needle, size_t m, size_t max) {
    size_t start = 0;
    while (max-- > 0) {
      size_t at = search::find(s_.data + start, s_.size - start, needle, m);
      if (at == search::kNotFound) break;
      TRY(add(start, start + at));
      start += at + m;
    }
    return add(start, s_.size);
  }
  Status separator_from_right(const u8* needle, size_t m, size_t max) {
    size_t end = s_.size;
    while (max-- > 0) {
      size_t at = search::rfind(s_.data, end, needle, m);
      if (at == search::kNotFound) break;
      TRY(add(at + m, end));
      end = at;
    }
    return add(0, end);
  }

 private:
  Thread& t_;
  Value self_;
  const SelfBytes& s_;
  List* out_;
};

Ref split_method(Thread& t, Value self, const Value* a, bool from_right) {
  ReentryGuard guard(self, a, 2);
  size_t max = TRY(split_limit(t, a[1]));
  RefTo<List> list = TRY(list_new(t));
  ByteView view(t);
  bool spaces = a[0].is_empty() || a[0].is_none();
  if (!spaces) {
    TRY(view.get(a[0]));
    if (view.size() == 0) return raise(t, exc::ValueError, "empty separator");
  }
  TYPHON_SELF_BYTES(s, t, self);
  Splitter splitter(t, self, s, list.get());
  if (spaces)
    TRY(from_right ? splitter.spaces_from_right(max) : splitter.spaces(max));
  else
    TRY(from_right ? splitter.separator_from_right(view.data(), view.size(), max)
                   : splitter.separator(view.data(), view.size(), max));
  if (from_right && list->size > 1) {
    Value* words = list->body->items[0].address();
    for (size_t i = 0, j = list->size; j > i + 1; i++) std::swap(words[i], words[--j]);
  }
  return list;
}
Ref m_split(Thread& t, Value self, const Value* a) { return split_method(t, self, a, false); }
Ref m_rsplit(Thread& t, Value self, const Value* a) { return split_method(t, self, a, true); }

Ref m_splitlines(Thread& t, Value self, const Value* a) {
  bool keep_ends = !a[0].is_empty() && TRY(truth(t, a[0]));
  RefTo<List> list = TRY(list_new(t));
  TYPHON_SELF_BYTES(s, t, self);
  Splitter splitter(t, self, s, list.get());
  for (size_t i = 0; i < s.size;) {
    size_t start = i;
    while (i < s.size && s.data[i] != '\n' && s.data[i] != '\r') i++;
    size_t end = i;
    if (i < s.size) {
      i += s.data[i] == '\r' && i + 1 < s.size && s.data[i + 1] == '\n' ? 2 : 1;
      if (keep_ends) end = i;
    }
    TRY(splitter.add(start, end));
  }
  return list;
}

Ref partition(Thread& t, Value self, Value separator, bool from_right) {
  ByteView view(t);
  RefTo<Bytes> flat;
  if (is_bytearray(self) && !is_bytes(separator) && !is_bytearray(separator)) {  // a buffer of any layout will do
    ByteBuilder out;
    if (!has_buffer(separator)) return raise(t, exc::TypeError, "a bytes-like object is required, not '%T'", separator);
    TRY(append_bytes_of(t, out, separator, "bytearray", ""));
    flat = TRY(out.finish(t));
    separator = flat.value();
  }
  TRY(view.get(separator));
  if (view.size() == 0) return raise(t, exc::ValueError, "empty separator");
  TYPHON_SELF_BYTES(s, t, self);
  const u8* needle = view.data();
  size_t at = from_right ? search::rfind(s.data, s.size, needle, view.size())
                         : search::find(s.data, s.size, needle, view.size());
  Ref parts[3];
  if (at == search::kNotFound) {
    parts[from_right ? 2 : 0] = is_bytes(self) ? Ref::copy(self) : TRY(make_bytes_like(t, self, s.data, s.size));
    parts[from_right ? 0 : 2] = TRY(make_bytes_like(t, self, nullptr, 0));
    parts[1] = TRY(make_bytes_like(t, self, nullptr, 0));
  } else {
    size_t tail = at + view.size();
    parts[0] = TRY(make_bytes_like(t, self, s.data, at));
    parts[1] = is_bytes(self) ? Ref::copy(separator)
                                                           : TRY(make_bytes_like(t, self, needle, view.size()));
    parts[2] = TRY(make_bytes_like(t, self, s.data + tail, s.size - tail));
  }
  return tuple_of(t, parts[0], parts[1], parts[2]);
}
Ref m_partition(Thread& t, Value self, const Value* a) { return partition(t, self, a[0], false); }
Ref m_rpartition(Thread& t, Value self, const Value* a) { return partition(t, self, a[0], true); }

Ref m_join(Thread& t, Value self, const Value* a) {
  ReentryGuard guard(self, a, 1);
  RefTo<Tuple> items = TRY(items_of(t, a[0], "can only join an iterable"));
  Tuple* tuple = items.get();
  if (tuple->size == 1 && is_exact_bytes(tuple->items[0].peek()) && is_bytes(self)) return tuple->items[0].load();
  if (is_exact_bytes(self)) {
    // Bytes only, as nearly always: measured first, then copied.
    size_t separator = self.as<Bytes>()->size, total = tuple->size == 0 ? 0 : separator * (tuple->size - 1);
    bool plain = true;
    for (u64 i = 0; i < tuple->size && plain; i++) {
      Value item = tuple->items[i].peek();
      plain = is_exact_bytes(item) && !__builtin_add_overflow(total, item.as<Bytes>()->size, &total);
    }
    if (plain) {
      RefTo<Bytes> result = TRY(bytes_allocate(t, total));
      u8* to = result->data;
      for (u64 i = 0; i < tuple->size; i++) {
        if (i != 0 && separator != 0) to = static_cast<u8*>(std::memcpy(to, self.as<Bytes>()->data, separator)) + separator;
        const auto* item = tuple->items[i].as<Bytes>();
        if (item->size != 0) to = static_cast<u8*>(std::memcpy(to, item->data, item->size)) + item->size;
      }
      return result;
    }
  }
  ByteBuilder out;
  for (u64 i = 0; i < tuple->size; i++) {
    Value item = tuple->items[i].peek();
    if (!has_buffer(item))
      return raise(t, exc::TypeError, "sequence item %zd: expected a bytes-like object, %T found", i64(i), item);
    if (i != 0) {
      TYPHON_SELF_BYTES(s, t, self);
      out.append(s.data, s.size);
    }
    ByteView view(t);
    if (view.get(item).failed()) {
      clear_exception(t);
      return raise(t, exc::TypeError, "sequence item %zd: expected a bytes-like object, %T found", i64(i), item);
    }
    if (is_list(a[0]) && list_size(a[0].as<List>()) != tuple->size)
      return raise(t, exc::RuntimeError, "sequence changed size during iteration");
    out.append(view.data(), view.size());
  }
  return make_bytes_like(t, self, out);
}

// --- padding
struct Padding {
  size_t width;
  u8 fill;
};
Result<Padding> padding(Thread& t, const char* name, const Value* a) {
  i64 width = TRY(to_i64(t, a[0], "Python int too large to convert to C ssize_t"));
  u8 fill = ' ';
  if (!a[1].is_empty()) {
    if (!is_bytes(a[1]) && !is_bytearray(a[1]))
      return raise(t, exc::TypeError, "%s() argument 2 must be a byte string of length 1, not %Q", name, a[1]);
    TYPHON_SELF_BYTES(s, t, a[1]);
    if (s.size != 1)
      return raise(t, exc::TypeError,
                   "%s(): argument 2 must be a byte string of length 1, not a %s object of length %zd", name,
                   is_bytes(a[1]) ? "bytes" : "bytearray", i64(s.size));
    fill = s.data[0];
  }
  return Padding{width < 0 ? 0 : size_t(width), fill};
}
enum class Side { kLeft, kRight, kBoth };
Ref pad(Thread& t, Value self, const Value* a, const char* name, Side side) {
  Padding p = TRY(padding(t, name, a));
  TYPHON_SELF_BYTES(s, t, self);
  if (p.width <= s.size) return same_bytes(t, self, s);
  if (p.width > kLargestBytes && is_bytes(self)) return raise(t, exc::OverflowError, "byte string is too large");
  size_t total = p.width - s.size;
  size_t left = side == Side::kLeft ? total : side == Side::kRight ? 0 : total / 2 + (total & p.width & 1);
  ByteBuilder out;
  out.append_repeated(p.fill, left);
  out.append(s.data, s.size);
  out.append_repeated(p.fill, total - left);
  return make_bytes_like(t, self, out);
}
Ref m_center(Thread& t, Value self, const Value* a) { return pad(t, self, a, "center", Side::kBoth); }
Ref m_ljust(Thread& t, Value self, const Value* a) { return pad(t, self, a, "ljust", Side::kRight); }
Ref m_rjust(Thread& t, Value self, const Value* a) { return pad(t, self, a, "rjust", Side::kLeft); }

Ref m_zfill(Thread& t, Value self, const Value* a) {
  i64 width = TRY(to_i64(t, a[0], "Python int too large to convert to C ssize_t"));
  TYPHON_SELF_BYTES(s, t, self);
  if (width <= i64(s.size)) return same_bytes(t, self, s);
  if (size_t(width) > kLargestBytes && is_bytes(self)) return raise(t, exc::OverflowError, "byte string is too large");
  ByteBuilder out;
  size_t sign = s.size != 0 && (s.data[0] == '+' || s.data[0] == '-') ? 1 : 0;
  out.append(s.data, sign);
  out.append_repeated('0', size_t(width) - s.size);
  out.append(s.data + sign, s.size - sign);
  return make_bytes_like(t, self, out);
}

Ref m_expandtabs(Thread& t, Value self, const Value* a) {
  i64 size = a[0].is_empty() ? 8 : TRY(to_i64(t, a[0], "Python int too large to convert to C int"));
  if (size > INT32_MAX || size < INT32_MIN)
    return raise(t, exc::OverflowError, "Python int too large to convert to C int");
  TYPHON_SELF_BYTES(s, t, self);
  ByteBuilder out;
  i64 column = 0;
  for (size_t i = 0; i < s.size; i++) {
    u8 c = s.data[i];
    if (c == '\t') {
      if (size > 0) {
        i64 spaces = size - column % size;
        column += spaces;
        if (out.length() + u64(spaces) > u64(1) << 40) return raise(t, exc::OverflowError, "result too long");
        out.append_repeated(' ', size_t(spaces));
      }
      continue;
    }
    column = c == '\n' || c == '\r' ? 0 : column + 1;
    out.append(c);
  }
  return make_bytes_like(t, self, out);
}

// --- replace, translate
Ref m_replace(Thread& t, Value self, const Value* a) {
  ByteView from(t), to(t);
  TRY(from.get(a[0]));
  TRY(to.get(a[1]));
  size_t max = TRY(split_limit(t, a[2]));
  TYPHON_SELF_BYTES(s, t, self);
  size_t m = from.size();
  if (max == 0 || m > s.size) return same_bytes(t, self, s);
  ByteBuilder out;
  if (m == 0) {
    size_t i = 0;
    for (; i < s.size && max > 0; i++, max--) {
      out.append(to.data(), to.size());
      out.append(s.data[i]);
    }
    if (max > 0)
      out.append(to.data(), to.size());
    else
      out.append(s.data + i, s.size - i);
    return make_bytes_like(t, self, out);
  }
  size_t at = 0;
  for (; max > 0; max--) {
    size_t step = search::find(s.data + at, s.size - at, static_cast<const u8*>(from.data()), m);
    if (step == search::kNotFound) break;
    out.append(s.data + at, step);
    out.append(to.data(), to.size());
    at += step + m;
  }
  if (at == 0) return same_bytes(t, self, s);
  out.append(s.data + at, s.size - at);
  return make_bytes_like(t, self, out);
}

Ref m_translate(Thread& t, Value self, const Value* a) {
  u8 table[256];
  bool identity = a[0].is_none();
  if (identity) {
    for (int c = 0; c < 256; c++) table[c] = u8(c);
  } else {
    ByteView view(t);
    TRY(view.get(a[0]));
    if (view.size() != 256) return raise(t, exc::ValueError, "translation table must be 256 characters long");
    std::memcpy(table, view.data(), 256);
  }
  ByteBuilder out;
  if (a[1].is_empty()) {
    TYPHON_SELF_BYTES(s, t, self);
    out.append(s.data, s.size);
    if (out.failed()) return raise_no_memory(t);
    u8 difference = 0;
    for (u8 *at = out.data(), *end = at + s.size; at != end; at++) {
      u8 to = table[*at];
      difference |= to ^ *at;
      *at = to;
    }
    return difference != 0 ? make_bytes_like(t, self, out) : same_bytes(t, self, s);
  }
  bool deleted[256] = {};
  {
    ByteView view(t);
    TRY(view.get(a[1]));
    for (size_t i = 0; i < view.size(); i++) deleted[view.data()[i]] = true;
  }
  TYPHON_SELF_BYTES(s, t, self);
  out.reserve(s.size);
  bool changed = false;
  for (size_t i = 0; i < s.size; i++) {
    u8 c = s.data[i];
    changed |= deleted[c] || table[c] != c;
    if (!deleted[c]) out.append(table[c]);
  }
  if (!changed) return same_bytes(t, self, s);
  return make_bytes_like(t, self, out);
}

Ref m_maketrans(Thread& t, Value, const Value* a) {
  ByteView from(t), to(t);
  TRY(from.get(a[0]));
  TRY(to.get(a[1]));
  if (from.size() != to.size()) return raise(t, exc::ValueError, "maketrans arguments must have same length");
  RefTo<Bytes> table = TRY(bytes_allocate(t, 256));
  for (int c = 0; c < 256; c++) table->data[c] = u8(c);
  for (size_t i = 0; i < from.size(); i++) table->data[from.data()[i]] = to.data()[i];
  return table;
}

// --- case and classes of ASCII characters
constexpr bool is_upper(u8 c) { return u8(c - 'A') < 26; }
constexpr bool is_lower(u8 c) { return u8(c - 'a') < 26; }
constexpr bool is_alpha(u8 c) { return is_upper(c) || is_lower(c); }
constexpr bool is_digit(u8 c) { return u8(c - '0') < 10; }
constexpr bool is_alnum(u8 c) { return is_alpha(c) || is_digit(c); }
constexpr u8 to_lower(u8 c) { return is_upper(c) ? u8(c + 32) : c; }
constexpr u8 to_upper(u8 c) { return is_lower(c) ? u8(c - 32) : c; }

template <class F>
Ref map_bytes(Thread& t, Value self, F f) {
  TYPHON_SELF_BYTES(s, t, self);
  ByteBuilder out;
  out.reserve(s.size);
  for (size_t i = 0; i < s.size; i++) out.append(f(s.data[i], i));
  return make_bytes_like(t, self, out);
}
Ref m_lower(Thread& t, Value self, const Value*) {
  return map_bytes(t, self, [](u8 c, size_t) { return to_lower(c); });
}
Ref m_upper(Thread& t, Value self, const Value*) {
  return map_bytes(t, self, [](u8 c, size_t) { return to_upper(c); });
}
Ref m_swapcase(Thread& t, Value self, const Value*) {
  return map_bytes(t, self, [](u8 c, size_t) { return is_upper(c) ? to_lower(c) : to_upper(c); });
}
Ref m_capitalize(Thread& t, Value self, const Value*) {
  return map_bytes(t, self, [](u8 c, size_t i) { return i == 0 ? to_upper(c) : to_lower(c); });
}
Ref m_title(Thread& t, Value self, const Value*) {
  bool after_letter = false;
  return map_bytes(t, self, [&](u8 c, size_t) {
    u8 result = after_letter ? to_lower(c) : to_upper(c);
    after_letter = is_alpha(c);
    return result;
  });
}

template <bool (*test)(u8)>
Ref all_are(Thread& t, Value self, const Value*) {
  TYPHON_SELF_BYTES(s, t, self);
  for (size_t i = 0; i < s.size; i++)
    if (!test(s.data[i])) return Ref::boolean(false);
  return Ref::boolean(s.size != 0);
}
Ref m_isascii(Thread& t, Value self, const Value*) {
  TYPHON_SELF_BYTES(s, t, self);
  for (size_t i = 0; i < s.size; i++)
    if (s.data[i] >= 0x80) return Ref::boolean(false);
  return Ref::boolean(true);
}
template <bool (*wanted)(u8), bool (*excluded)(u8)>
Ref one_case(Thread& t, Value self, const Value*) {
  TYPHON_SELF_BYTES(s, t, self);
  bool found = false;
  for (size_t i = 0; i < s.size; i++) {
    if (excluded(s.data[i])) return Ref::boolean(false);
    found |= wanted(s.data[i]);
  }
  return Ref::boolean(found);
}
Ref m_istitle(Thread& t, Value self, const Value*) {
  TYPHON_SELF_BYTES(s, t, self);
  bool cased = false, after_cased = false;
  for (size_t i = 0; i < s.size; i++) {
    u8 c = s.data[i];
    if (is_upper(c) ? after_cased : is_lower(c) && !after_cased) return Ref::boolean(false);
    after_cased = is_alpha(c);
    cased |= after_cased;
  }
  return Ref::boolean(cased);
}

// --- hex, decode
int hex_digit(u32 c) {
  if (c - '0' < 10) return int(c - '0');
  c |= 0x20;
  return c - 'a' < 6 ? int(c - 'a' + 10) : -1;
}

Ref m_fromhex(Thread& t, Value cls, const Value* a) {
  ByteBuilder out;
  ByteView view(t);
  Str* text = is_str(a[0]) ? a[0].as<Str>() : nullptr;
  if (text == nullptr) {
    if (!has_buffer(a[0]))
      return raise(t, exc::TypeError, "fromhex() argument must be str or bytes-like, not %T", a[0]);
    TRY(view.get(a[0]));
  }
  size_t n = text != nullptr ? text->length() : view.size();
  for (size_t i = 0; text != nullptr && !text->is_ascii() && i < n; i++)
    if (text->at(i) >= 128)
      return raise(t, exc::ValueError, "non-hexadecimal number found in fromhex() arg at position %zd", i64(i));
  auto at = [&](size_t i) -> u32 { return text != nullptr ? text->at(i) : view.data()[i]; };
  for (size_t i = 0; i < n;) {
    if (at(i) < 128 && is_space(u8(at(i)))) {
      i++;
      continue;
    }
    int high = hex_digit(at(i));
    if (high < 0)
      return raise(t, exc::ValueError, "non-hexadecimal number found in fromhex() arg at position %zd", i64(i));
    if (++i == n)
      return raise(t, exc::ValueError, "fromhex() arg must contain an even number of hexadecimal digits");
    int low = hex_digit(at(i));
    if (low < 0)
      return raise(t, exc::ValueError, "non-hexadecimal number found in fromhex() arg at position %zd", i64(i));
    out.append(u8(high << 4 | low));
    i++;
  }
  Type* type = cls.as<Type>();
  if (type == types::bytes) return out.finish(t);
  if (type == types::bytearray) return bytearray_from(t, out.data(), out.length());
  RefTo<Bytes> bytes = TRY(out.finish(t));
  return call_with(t, cls, bytes);
}

Ref m_hex(Thread& t, Value self, const Value* a) {
  ReentryGuard guard(self, a, 2);
  RefTo<Bytes> copy;  // bytes_hex runs Python code when it looks at the separator
  {
    TYPHON_SELF_BYTES(s, t, self);
    copy = TRY(bytes_from(t, s.data, s.size));
  }
  return bytes_hex(t, copy->data, copy->size, a[0], a[1]);
}

Ref m_decode(Thread& t, Value self, const Value* a) {
  for (int i = 0; i < 2; i++) {
    if (!a[i].is_empty() && !is_str(a[i]))
      return raise(t, exc::TypeError, "decode() argument '%s' must be str, not %Q", i == 0 ? "encoding" : "errors",
                   a[i]);
    TRY(check_codec_name(t, a[i]));
  }
  return decode_object(t, self, a[0], a[1]);
}

constexpr const char* kRange = "($self, sub[, start[, end]], /)";

}  // namespace

Ref bytes_maketrans(Thread& t, Value self, const Value* a) { return m_maketrans(t, self, a); }

Ref bytes_hex(Thread& t, const u8* data, size_t n, Value separator, Value group_size) {
  static constexpr const char* kDigits = "0123456789abcdef";
  u8 sep = 0;
  i64 group = group_size.is_empty() ? 1 : TRY(to_i64(t, group_size, "Python int too large to convert to C int"));
  if (group != i32(group)) return raise(t, exc::OverflowError, "Python int too large to convert to C int");
  if (!separator.is_empty()) {
    i64 size = TRY(length(t, separator));
    // A subclass may say that it has one, and have none.
    bool empty = is_str(separator) ? separator.as<Str>()->length() == 0 : is_bytes(separator) && separator.as<Bytes>()->size == 0;
    if (size != 1 || empty) return raise(t, exc::ValueError, "sep must be length 1.");
    if (is_str(separator)) {
      if (!separator.as<Str>()->is_ascii()) return raise(t, exc::ValueError, "sep must be ASCII.");
      sep = u8(separator.as<Str>()->at(0));
    } else if (is_bytes(separator)) {
      sep = separator.as<Bytes>()->data[0];
      if (sep >= 128) return raise(t, exc::ValueError, "sep must be ASCII.");
    } else {
      return raise(t, exc::TypeError, "sep must be str or bytes.");
    }
  } else {
    group = 0;
  }
  if (group == 0) {
    if (n == 0) return Ref::copy(empty_str());
    RefTo<Str> text = TRY(str_allocate(t, 2 * n, 0x7F));
    u8* to = static_cast<u8*>(text->raw_mutable());
    static constexpr auto kPairs = [] {
      std::array<u16, 256> pairs{};
      for (u32 i = 0; i < 256; i++) pairs[i] = u16(u8(kDigits[i >> 4]) | u8(kDigits[i & 15]) << 8);
      return pairs;
    }();
    for (size_t i = 0; i < n; i++) std::memcpy(to + 2 * i, &kPairs[data[i]], 2);
    return text;
  }
  ByteBuilder out;
  out.reserve(n * 2);
  u64 step = group < 0 ? u64(-group) : u64(group);
  for (size_t i = 0; i < n; i++) {
    // Groups are counted from the right, or from the left when the size is negative.
    if (step != 0 && i != 0 && (group > 0 ? (n - i) % step == 0 : i % step == 0)) out.append(sep);
    out.append(u8(kDigits[data[i] >> 4]));
    out.append(u8(kDigits[data[i] & 15]));
  }
  if (out.failed()) return raise_no_memory(t);
  return str_from_ascii(t, out.text());
}

constexpr Method kRows[] = {
    method("capitalize", m_capitalize, "($self, /)",
           "Return a copy of B with only its first character capitalized (ASCII)\nand the rest lower-cased."),
    method("center", m_center, "($self, width, fillchar=b' ', /)",
           "Return a centered string of length width.\n\nPadding is done using the specified fill character."),
    method("count", m_count, kRange,
           "Return the number of non-overlapping occurrences of subsection 'sub' in bytes B[start:end]."),
    method("decode", m_decode, "($self, /, encoding='utf-8', errors='strict')",
           "Decode the bytes using the codec registered for encoding."),
    method("endswith", m_endswith, "($self, suffix[, start[, end]], /)",
           "Return True if the bytes ends with the specified suffix, False otherwise."),
    method("expandtabs", m_expandtabs, "($self, /, tabsize=8)",
           "Return a copy where all tab characters are expanded using spaces."),
    method("find", m_find, kRange,
           "Return the lowest index in B where subsection 'sub' is found, such that 'sub' is contained within "
           "B[start,end]."),
    class_method("fromhex", m_fromhex, "($type, string, /)",
                 "Create a bytes object from a string of hexadecimal numbers."),
    method("hex", m_hex, "($self, /, sep=<unrepresentable>, bytes_per_sep=1)",
           "Create a string of hexadecimal numbers from a bytes object."),
    method("index", m_index, kRange,
           "Return the lowest index in B where subsection 'sub' is found, such that 'sub' is contained within "
           "B[start,end]."),
    method("isalnum", all_are<is_alnum>, "($self, /)"),
    method("isalpha", all_are<is_alpha>, "($self, /)"),
    method("isascii", m_isascii, "($self, /)"),
    method("isdigit", all_are<is_digit>, "($self, /)"),
    method("islower", one_case<is_lower, is_upper>, "($self, /)"),
    method("isspace", all_are<is_space>, "($self, /)"),
    method("istitle", m_istitle, "($self, /)"),
    method("isupper", one_case<is_upper, is_lower>, "($self, /)"),
    method("join", m_join, "($self, iterable_of_bytes, /)", "Concatenate any number of bytes objects."),
    method("ljust", m_ljust, "($self, width, fillchar=b' ', /)", "Return a left-justified string of length width."),
    method("lower", m_lower, "($self, /)"),
    method("lstrip", m_lstrip, "($self, bytes=None, /)", "Strip leading bytes contained in the argument."),
    static_method("maketrans", m_maketrans, "(frm, to, /)",
                  "Return a translation table usable for the bytes or bytearray translate method."),
    method("partition", m_partition, "($self, sep, /)",
           "Partition the bytes into three parts using the given separator."),
    method("removeprefix", m_removeprefix, "($self, prefix, /)",
           "Return a bytes object with the given prefix string removed if present."),
    method("removesuffix", m_removesuffix, "($self, suffix, /)",
           "Return a bytes object with the given suffix string removed if present."),
    method("replace", m_replace, "($self, old, new, count=-1, /)",
           "Return a copy with all occurrences of substring old replaced by new."),
    method("rfind", m_rfind, kRange,
           "Return the highest index in B where subsection 'sub' is found, such that 'sub' is contained within "
           "B[start,end]."),
    method("rindex", m_rindex, kRange,
           "Return the highest index in B where subsection 'sub' is found, such that 'sub' is contained within "
           "B[start,end]."),
    method("rjust", m_rjust, "($self, width, fillchar=b' ', /)", "Return a right-justified string of length width."),
    method("rpartition", m_rpartition, "($self, sep, /)",
           "Partition the bytes into three parts using the given separator."),
    method("rsplit", m_rsplit, "($self, /, sep=None, maxsplit=-1)",
           "Return a list of the sections in the bytes, using sep as the delimiter."),
    method("rstrip", m_rstrip, "($self, bytes=None, /)", "Strip trailing bytes contained in the argument."),
    method("split", m_split, "($self, /, sep=None, maxsplit=-1)",
           "Return a list of the sections in the bytes, using sep as the delimiter."),
    method("splitlines", m_splitlines, "($self, /, keepends=False)",
           "Return a list of the lines in the bytes, breaking at line boundaries."),
    method("startswith", m_startswith, "($self, prefix[, start[, end]], /)",
           "Return True if the bytes starts with the specified prefix, False otherwise."),
    method("strip", m_strip, "($self, bytes=None, /)", "Strip leading and trailing bytes contained in the argument."),
    method("swapcase", m_swapcase, "($self, /)"),
    method("title", m_title, "($self, /)"),
    method("translate", m_translate, "($self, table, /, delete=b'')",
           "Return a copy with each character mapped by the given translation table."),
    method("upper", m_upper, "($self, /)"),
    method("zfill", m_zfill, "($self, width, /)",
           "Pad a numeric string with zeros on the left, to fill a field of the given width."),
};
static_assert(std::size(kRows) == kSharedByteMethodCount);

const Method* shared_byte_methods() { return kRows; }

}  // namespace typhon
