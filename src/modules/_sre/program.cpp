// _sre: checking a code list and preparing it for the matcher; character classes.
#include "modules/_sre/program.h"

#include <algorithm>
#include <cctype>
#include <mutex>

namespace typhon::sre {

u32 locale_lower(u32 c) { return c < 256 ? u32(tolower(int(c))) : c; }
u32 locale_upper(u32 c) { return c < 256 ? u32(toupper(int(c))) : c; }
bool locale_word(u32 c) { return c < 256 && (isalnum(int(c)) || c == '_'); }

bool in_category(u32 category, u32 c) {
  switch (category) {
    case kDigit: return c - '0' < 10;
    case kNotDigit: return c - '0' >= 10;
    case kSpace: return c == ' ' || c - 9 < 5;
    case kNotSpace: return !(c == ' ' || c - 9 < 5);
    case kWord: return is_word(c);
    case kNotWord: return !is_word(c);
    case kLinebreak: return c == '\n';
    case kNotLinebreak: return c != '\n';
    case kLocWord: return locale_word(c);
    case kLocNotWord: return !locale_word(c);
    case kUniDigit: return unicode::decimal_value(c) >= 0;
    case kUniNotDigit: return unicode::decimal_value(c) < 0;
    case kUniSpace: return unicode::is_space(c);
    case kUniNotSpace: return !unicode::is_space(c);
    case kUniWord: return is_unicode_word(c);
    case kUniNotWord: return !is_unicode_word(c);
    case kUniLinebreak: return unicode::is_line_break(c);
    case kUniNotLinebreak: return !unicode::is_line_break(c);
  }
  return false;
}

bool in_charset(const u32* set, u32 c) {
  bool found = true;
  while (true) {
    switch (*set++) {
      case kFailure: return !found;
      case kLiteral:
        if (c == *set++) return found;
        break;
      case kCategory:
        if (in_category(*set++, c)) return found;
        break;
      case kCharset:
        if (c < 256 && set[c >> 5] >> (c & 31) & 1) return found;
        set += 8;
        break;
      case kRange:
        if (set[0] <= c && c <= set[1]) return found;
        set += 2;
        break;
      case kRangeUniIgnore: {
        if (set[0] <= c && c <= set[1]) return found;
        u32 upper = unicode_upper(c);
        if (set[0] <= upper && upper <= set[1]) return found;
        set += 2;
        break;
      }
      case kNegate: found = !found; break;
      case kBigCharset: {
        u32 blocks = *set++;
        if (c < 0x10000) {
          const u32* block = set + 64 + u32(reinterpret_cast<const u8*>(set)[c >> 8]) * 8;
          if (block[(c & 255) >> 5] >> (c & 31) & 1) return found;
        }
        set += 64 + size_t(blocks) * 8;
        break;
      }
      default: return false;
    }
  }
}

bool in_set(u32 op, const u32* set, u32 c) {
  switch (op) {
    case kIn: return in_charset(set, c);
    case kInIgnore: return in_charset(set, ascii_lower(c));
    case kInUniIgnore: return in_charset(set, unicode_lower(c));
    default: {
      u32 lower = locale_lower(c);
      if (in_charset(set, lower)) return true;
      u32 upper = locale_upper(c);
      return upper != lower && in_charset(set, upper);
    }
  }
}

namespace {

// The answers of in_category for c < 256, of a category that does not depend on the locale.
const Bitmap& category_bitmap(u32 category) {
  static Bitmap bitmaps[kCategoryCount];
  static std::once_flag made[kCategoryCount];
  std::call_once(made[category], [&] {
    for (u32 c = 0; c < 256; c++)
      if (in_category(category, c)) bitmaps[category].set(c);
  });
  return bitmaps[category];
}

// The answers of in_charset for c < 256, of a set that does not depend on the locale.
Bitmap charset_bitmap(const u32* set) {
  Bitmap result;
  u32 open[8];  // characters that no item has decided about
  for (u32& word : open) word = ~u32(0);
  bool found = true;
  auto decide = [&](u32 i, u32 matching) {
    matching &= open[i];
    open[i] &= ~matching;
    if (found) result.words[i] |= matching;
  };
  auto decide_range = [&](u32 first, u32 last) {
    if (last > 255) last = 255;
    for (u32 c = first; c <= last; c++) decide(c >> 5, u32(1) << (c & 31));
  };
  auto decide_if = [&](auto&& matches) {
    for (u32 c = 0; c < 256; c++)
      if (matches(c)) decide(c >> 5, u32(1) << (c & 31));
  };
  auto decide_words = [&](const u32* words) {
    for (u32 i = 0; i < 8; i++) decide(i, words[i]);
  };
  while (true) {
    switch (*set++) {
      case kFailure:
        found = !found;
        for (u32 i = 0; i < 8; i++) decide(i, ~u32(0));
        return result;
      case kLiteral:
        decide_range(*set, *set);
        set++;
        break;
      case kCategory:
        decide_words(category_bitmap(*set++).words);
        break;
      case kCharset:
        decide_words(set);
        set += 8;
        break;
      case kRange:
        decide_range(set[0], set[1]);
        set += 2;
        break;
      case kRangeUniIgnore:
        decide_range(set[0], set[1]);
        decide_if([&](u32 c) { return set[0] <= unicode_upper(c) && unicode_upper(c) <= set[1]; });
        set += 2;
        break;
      case kNegate: found = !found; break;
      case kBigCharset: {
        u32 blocks = *set++;
        decide_words(set + 64 + u32(reinterpret_cast<const u8*>(set)[0]) * 8);
        set += 64 + size_t(blocks) * 8;
        break;
      }
      default: return result;  // not after charset()
    }
  }
}

bool is_unit(u32 op) {
  switch (op) {
    case kAny: case kAnyAll: case kFailure: case kLiteral: case kNotLiteral: case kLiteralIgnore: case kNotLiteralIgnore:
    case kLiteralLocIgnore: case kNotLiteralLocIgnore: case kLiteralUniIgnore: case kNotLiteralUniIgnore: case kIn:
    case kInIgnore: case kInLocIgnore: case kInUniIgnore:
      return true;
  }
  return false;
}

class Checker {
 public:
  explicit Checker(Program& program) : p_(program), code_(program.code), size_(program.code.size()) {}

  bool run() {
    if (size_ == 0 || size_ >= 0x7FFFFFFF || code_.back() != kSuccess) return false;
    p_.side.assign(size_, kNoBitmap);
    p_.bitmaps.reserve(size_t(std::count(code_.begin(), code_.end(), u32(kIn))));  // roughly
    size_t start = 0;
    if (code_[0] == kInfo && !check_info(&start)) return false;
    p_.body = u32(start);
    size_t end = size_ - 1;
    size_t stop;
    if (!block(start, end, &stop) || stop != end) return false;
    if (start + 1 < size_ && code_[start] == kAt)
      p_.anchored = code_[start + 1] == kBeginning || code_[start + 1] == kBeginningString;
    return true;
  }

 private:
  static constexpr u32 kMaxDepth = 20000;

  // Where the skip word at `at` leads; false when that is outside (at, end].
  bool target(size_t at, size_t end, size_t* to) const {
    if (at >= end) return false;
    u32 skip = code_[at];
    if (skip == 0 || skip > end - at) return false;
    *to = at + skip;
    return true;
  }

  bool charset(size_t at, size_t end) const {
    // [at, end) must be one set: items, then FAILURE as its last word.
    while (at < end) {
      u32 op = code_[at++];
      switch (op) {
        case kFailure: return at == end;
        case kNegate: break;
        case kLiteral: at += 1; break;
        case kRange:
        case kRangeUniIgnore: at += 2; break;
        case kCharset: at += 8; break;
        case kCategory:
          if (at >= end || code_[at] >= kCategoryCount) return false;
          at++;
          break;
        case kBigCharset: {
          if (at >= end) return false;
          u32 blocks = code_[at++];
          if (blocks == 0 || blocks > 256 || end - at < 64) return false;
          for (size_t i = 0; i < 64; i++)
            for (u32 shift = 0; shift < 32; shift += 8)
              if ((code_[at + i] >> shift & 255) >= blocks) return false;
          at += 64 + size_t(blocks) * 8;
          break;
        }
        default: return false;
      }
    }
    return false;
  }

  u32 make_bitmap(u32 op, size_t set) {
    Bitmap bitmap;
    if (op == kIn) {  // no category of the locale is in it
      bitmap = charset_bitmap(&code_[set]);
    } else {
      for (u32 c = 0; c < 256; c++)
        if (in_set(op, &code_[set], c)) bitmap.set(c);
    }
    p_.bitmaps.push_back(bitmap);
    return u32(p_.bitmaps.size() - 1);
  }
  bool depends_on_locale(size_t at, size_t end) const {
    for (; at + 1 < end; at++)
      if (code_[at] == kCategory && (code_[at + 1] == kLocWord || code_[at + 1] == kLocNotWord)) return true;
    return false;
  }

  bool check_info(size_t* next) {
    size_t end;
    if (!target(1, size_ - 1, &end) || end < 5) return false;
    u32 flags = code_[2];
    p_.min_width = code_[3];
    if (flags & ~u32(7)) return false;
    if ((flags & info::kPrefix) && (flags & info::kCharset)) return false;
    if ((flags & info::kWholeLiteral) && !(flags & info::kPrefix)) return false;
    size_t at = 5;
    if (flags & info::kPrefix) {
      if (end - at < 2) return false;
      u32 length = code_[at];
      u32 skip = code_[at + 1];
      at += 2;
      if (length == 0 || skip > length || (end - at) / 2 < length) return false;
      p_.prefix = u32(at);
      p_.prefix_length = length;
      p_.whole_literal = flags & info::kWholeLiteral;
      at += length;
      for (u32 i = 0; i < length; i++)
        if (code_[at + i] >= length) return false;
      at += length;
    }
    if (flags & info::kCharset) {
      if (!charset(at, end)) return false;
      p_.charset = u32(at);
      if (!depends_on_locale(at, end)) p_.charset_bitmap = make_bitmap(kIn, at);
      at = end;
    }
    *next = end;
    return at == end;
  }

  // Instructions from `at` on; stops at `end`, or at a JUMP that belongs to the enclosing construct.
  bool block(size_t at, size_t end, size_t* stop) {
    if (depth_ >= kMaxDepth) return false;
    depth_++;
    bool good = instructions(at, end, stop);
    depth_--;
    return good;
  }
  bool whole_block(size_t at, size_t end) {
    size_t stop;
    return at <= end && block(at, end, &stop) && stop == end;
  }

  bool instructions(size_t at, size_t end, size_t* stop) {
    while (at < end) {
      size_t start = at;
      u32 op = code_[at++];
      switch (op) {
        case kSuccess: case kFailure: case kAny: case kAnyAll: break;
        case kLiteral: case kNotLiteral: case kLiteralIgnore: case kNotLiteralIgnore: case kLiteralLocIgnore:
        case kNotLiteralLocIgnore: case kLiteralUniIgnore: case kNotLiteralUniIgnore:
          if (at++ >= end) return false;
          break;
        case kAt:
          if (at >= end || code_[at] >= kAtCount) return false;
          at++;
          break;
        case kCategory:
          if (at >= end || code_[at] >= kCategoryCount) return false;
          at++;
          break;
        case kMark:
          if (at >= end || code_[at] >= u64(p_.groups) * 2) return false;
          at++;
          break;
        case kGroupRef: case kGroupRefIgnore: case kGroupRefLocIgnore: case kGroupRefUniIgnore:
          if (at >= end || code_[at] >= p_.groups) return false;
          at++;
          break;
        case kIn: case kInIgnore: case kInLocIgnore: case kInUniIgnore: {
          size_t to;
          if (!target(at, end, &to) || !charset(at + 1, to)) return false;
          if (op != kInLocIgnore && !depends_on_locale(at + 1, to)) p_.side[start] = make_bitmap(op, at + 1);
          at = to;
          break;
        }
        case kInfo: {
          size_t to;
          if (!target(at, end, &to)) return false;
          at = to;
          break;
        }
        case kJump: *stop = start; return true;
        case kBranch: {
          size_t common = 0;
          while (true) {
            if (at >= end) return false;
            if (code_[at] == 0) {
              at++;
              break;
            }
            size_t next, jump;
            if (!target(at, end, &next) || next - at < 3) return false;
            if (!block(at + 1, next - 1, &jump) || jump != next - 2) return false;
            size_t to;
            if (!target(next - 1, end, &to)) return false;
            if (common != 0 && to != common) return false;
            common = to;
            at = next;
          }
          if (common != at) return false;
          break;
        }
        case kRepeatOne: case kMinRepeatOne: case kPossessiveRepeatOne: {
          size_t to;
          if (!target(at, end, &to) || to - at < 5 || code_[at + 1] > code_[at + 2]) return false;
          if (!is_unit(code_[at + 3]) || code_[to - 1] != kSuccess || !whole_block(at + 3, to - 1)) return false;
          if (!single(at + 3, to - 1)) return false;
          at = to;
          break;
        }
        case kRepeat: case kPossessiveRepeat: {
          size_t to;
          if (!target(at, end, &to) || to - at < 3 || to >= end || code_[at + 1] > code_[at + 2]) return false;
          u32 closer = code_[to];
          if (op == kRepeat ? closer != kMaxUntil && closer != kMinUntil : closer != kSuccess) return false;
          p_.side[start] = p_.repeats++;
          p_.side[to] = u32(start);
          if (!whole_block(at + 3, to)) return false;
          at = to + 1;
          break;
        }
        case kAtomicGroup: {
          size_t to;
          if (!target(at, end, &to) || to - at < 2 || code_[to - 1] != kSuccess || !whole_block(at + 1, to - 1))
            return false;
          at = to;
          break;
        }
        case kAssert: case kAssertNot: {
          size_t to;
          if (!target(at, end, &to) || to - at < 3 || (code_[at + 1] & 0x80000000)) return false;
          if (code_[to - 1] != kSuccess || !whole_block(at + 2, to - 1)) return false;
          at = to;
          break;
        }
        case kGroupRefExists: {
          if (end - at < 2 || code_[at] >= p_.groups) return false;
          size_t no = at + code_[at + 1];  // counted from the group number
          if (code_[at + 1] < 2 || no > end) return false;
          size_t jump;
          if (!block(at + 2, no, &jump)) return false;
          if (jump == no) {
            at = no;
            break;
          }
          size_t to;
          if (jump + 2 != no || !target(no - 1, end, &to) || !whole_block(no, to)) return false;
          at = to;
          break;
        }
        default: return false;
      }
    }
    *stop = at;
    return at == end;
  }

  // [at, end) holds exactly one instruction (it has been checked as a block).
  bool single(size_t at, size_t end) const {
    switch (code_[at]) {
      case kAny: case kAnyAll: case kFailure: return end - at == 1;
      case kIn: case kInIgnore: case kInLocIgnore: case kInUniIgnore: return at + 1 + code_[at + 1] == end;
      default: return end - at == 2;
    }
  }

  Program& p_;
  const std::vector<u32>& code_;
  size_t size_;
  u32 depth_ = 0;
};

}  // namespace

bool prepare(Program& program) { return Checker(program).run(); }

}  // namespace typhon::sre
