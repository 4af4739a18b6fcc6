// StrBuilder: strings made piece by piece (str.h).
#include <cstdlib>

#include "base/utf8.h"
#include "objects/exceptions.h"
#include "objects/str.h"
#include "objects/str_search.h"

namespace typhon {
namespace {

u32 width_for(u32 max_char) { return max_char < 0x100 ? 1 : max_char < 0x10000 ? 2 : 4; }

template <class To, class From>
void copy_units(To* to, const From* from, size_t n) {
  for (size_t i = 0; i < n; i++) to[i] = To(from[i]);
}

// Copies n code units between widths; the target is at least as wide.
void copy_widened(void* to, u32 to_width, const void* from, u32 from_width, size_t n) {
  if (to_width == from_width) {
    std::memcpy(to, from, n * to_width);
  } else if (from_width == 1) {
    if (to_width == 2)
      copy_units(static_cast<u16*>(to), static_cast<const u8*>(from), n);
    else
      copy_units(static_cast<u32*>(to), static_cast<const u8*>(from), n);
  } else {
    copy_units(static_cast<u32*>(to), static_cast<const u16*>(from), n);
  }
}

}  // namespace

StrBuilder::~StrBuilder() {
  if (data_ != local_) std::free(data_);
}

// Makes room for `more` characters up to max_char. After a failure there is no room: callers test failed_.
void StrBuilder::grow(size_t more, u32 max_char) {
  if (failed_) return;
  u32 width = width_for(max_char);
  if (width < width_) width = width_;
  size_t wanted = length_ + more;
  if (width == width_ && wanted <= capacity_) return;
  if (wanted < length_ || wanted > size_t(1) << 48) {
    failed_ = true;
    return;
  }
  if (length_ == 0 && data_ == local_ && wanted * width <= sizeof local_) {
    width_ = width;
    capacity_ = sizeof local_ / width;
    return;
  }
  size_t capacity = wanted <= capacity_ ? capacity_ : wanted + wanted / 2 + 64;
  if (width == width_ && data_ != local_) {
    void* bigger = std::realloc(data_, capacity * width);
    if (bigger == nullptr) {
      failed_ = true;
      return;
    }
    data_ = bigger;
  } else {
    void* bigger = std::malloc(capacity * width);
    if (bigger == nullptr) {
      failed_ = true;
      return;
    }
    if (length_ != 0) copy_widened(bigger, width, data_, width_, length_);
    if (data_ != local_) std::free(data_);
    data_ = bigger;
    width_ = width;
  }
  capacity_ = capacity;
}

void StrBuilder::append(u32 c) {
  max_char_ |= c;
  if (length_ >= capacity_ || width_for(c) > width_) {
    grow(1, c);
    if (failed_) return;
  }
  switch (width_) {
    case 1: static_cast<u8*>(data_)[length_++] = u8(c); break;
    case 2: static_cast<u16*>(data_)[length_++] = u16(c); break;
    default: static_cast<u32*>(data_)[length_++] = c;
  }
}

void StrBuilder::append(const Str* s) { append(s, 0, s->length()); }

void StrBuilder::append(const Str* s, size_t start, size_t end) {
  if (start >= end) return;
  size_t n = end - start;
  if (width_ == 1 && s->kind() == 0 && length_ + n <= capacity_) [[likely]] {
    max_char_ |= s->is_ascii() ? 0x7F : 0xFF;
    copy_short(static_cast<u8*>(data_) + length_, s->data<u8>() + start, n);
    length_ += n;
    return;
  }
  u32 bound = s->is_ascii() ? 0x7F : s->kind() == 0 ? 0xFF : s->kind() == 1 ? 0xFFFF : 0x1FFFFF;
  if (length_ + n > capacity_ || s->width() > width_) {
    grow(n, bound);
    if (failed_) return;
  }
  max_char_ |= bound;
  copy_widened(static_cast<u8*>(data_) + length_ * width_, width_, s->data<u8>() + start * s->width(), s->width(), n);
  length_ += n;
}

void StrBuilder::append_ascii(std::string_view text) {
  if (text.empty()) return;
  if (length_ + text.size() > capacity_) {
    grow(text.size(), 0);
    if (failed_) return;
  }
  copy_widened(static_cast<u8*>(data_) + length_ * width_, width_, text.data(), 1, text.size());
  length_ += text.size();
}

void StrBuilder::append_utf8(std::string_view text) {
  const char* p = text.data();
  const char* end = p + text.size();
  while (p < end) {
    const char* start = p;
    p += utf8::ascii_prefix({p, size_t(end - p)});
    append_ascii({start, size_t(p - start)});
    if (p >= end) return;
    // Message texts may come from foreign strings: a broken sequence becomes U+FFFD.
    utf8::Decoded d = utf8::decode(p, end);
    if (d.length != 0) {
      append(d.code_point);
      p += d.length;
    } else if (end - p >= 3 && u8(*p) == 0xED && (u8(p[1]) & 0xC0) == 0x80 && (u8(p[2]) & 0xC0) == 0x80) {
      append(utf8::decode_lenient(p));
    } else {
      append(0xFFFD);
      p++;
    }
  }
}

void StrBuilder::append_repeated(u32 c, size_t n) {
  if (n == 0) return;
  max_char_ |= c;
  if (length_ + n > capacity_ || width_for(c) > width_) {
    grow(n, c);
    if (failed_) return;
  }
  switch (width_) {
    case 1: std::memset(static_cast<u8*>(data_) + length_, int(c), n); break;
    case 2:
      for (size_t i = 0; i < n; i++) static_cast<u16*>(data_)[length_ + i] = u16(c);
      break;
    default:
      for (size_t i = 0; i < n; i++) static_cast<u32*>(data_)[length_ + i] = c;
  }
  length_ += n;
}

RefTo<Str> StrBuilder::finish(Thread& t) {
  if (failed_) return raise_no_memory(t);
  if (length_ == 0) return RefTo<Str>::copy(empty_str());
  if (max_char_ < 0x80) {
    const char* text = static_cast<const char*>(data_);
    if (length_ == 1) return str_from_char(t, u8(text[0]));
    RefTo<Str> s = TRY(str_allocate(t, length_, 0x7F));
    std::memcpy(s->raw_mutable(), text, length_);
    return s;
  }
  return str_from_points(t, data_, width_, length_);
}

}  // namespace typhon
