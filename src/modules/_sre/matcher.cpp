#include "modules/_sre/matcher.h"

#include <cstdlib>

namespace typhon::sre {
namespace {

// What lies on the stack. Choices: when everything behind them failed, go on from there another way. Barriers: the frame of a
// group that runs as a whole; `a` is the barrier outside it. Undo records: what a register held before.
enum EntryKind : u32 {
  kChoiceBranch,      // pc: the skip word of the next alternative, a: position
  kChoiceTail,        // pc: where to go on, a: position
  kChoiceRepeatOne,   // pc: the instruction, a: position behind the last item taken, b: behind the last one that must stay
  kChoiceMinOne,      // pc: the instruction, a: position, b: items taken
  kChoiceMinUntil,    // pc: the UNTIL, a: position
  kBarrierAssert,     // pc: behind the assertion, b: position
  kBarrierAssertNot,  // the same
  kBarrierAtomic,     // pc: behind the group
  kBarrierPossessive,  // pc: the POSSESSIVE_REPEAT, b: position before this item
  kUndoMark,          // pc: mark, a: its value, b: last_index
  kUndoRepeat,        // pc: repeat slot, a: count, b: last position
};

template <class C>
const C* find_char(const C* from, const C* to, u32 c) {
  if constexpr (sizeof(C) == 1) {
    if (c > 255 || from >= to) return nullptr;
    return static_cast<const C*>(memchr(from, int(c), size_t(to - from)));
  } else {
    for (; from < to; from++)
      if (*from == c) return from;
    return nullptr;
  }
}

}  // namespace

Matcher::Matcher(Thread& t, const Program& program, const void* text, u32 width, i64 length, i64 pos, i64 endpos)
    : thread_(t), program_(program), text_(text), width_(width) {
  first_ = pos < 0 ? 0 : pos > length ? length : pos;
  end_ = endpos < 0 ? 0 : endpos > length ? length : endpos;
  start_ = first_;
  marks_ = local_marks_;
  repeats_ = local_repeats_;
  stack_ = local_stack_;
  if (u64(program.groups) * 2 > kLocalMarks) {
    marks_ = static_cast<i64*>(malloc(u64(program.groups) * 2 * sizeof(i64)));
    failed_ |= marks_ == nullptr;
  }
  if (program.repeats > kLocalRepeats) {
    repeats_ = static_cast<Repeat*>(malloc(u64(program.repeats) * sizeof(Repeat)));
    failed_ |= repeats_ == nullptr;
  }
  if (!failed_) {
    reset_marks();
    for (u32 i = 0; i < program.repeats; i++) repeats_[i] = {0, -1};
  }
}

Matcher::~Matcher() {
  if (marks_ != local_marks_) free(marks_);
  if (repeats_ != local_repeats_) free(repeats_);
  if (stack_ != local_stack_) free(stack_);
}

void Matcher::reset_marks() {
  for (u64 i = 0; i < u64(program_.groups) * 2; i++) marks_[i] = -1;
  last_index_ = -1;
}

bool Matcher::grow() {
  size_t bytes = capacity_ * 2 * sizeof(Entry);
  Entry* bigger = static_cast<Entry*>(stack_ == local_stack_ ? malloc(bytes) : realloc(stack_, bytes));
  if (bigger == nullptr) return false;
  if (stack_ == local_stack_) memcpy(bigger, local_stack_, sizeof local_stack_);
  stack_ = bigger;
  capacity_ *= 2;
  return true;
}

// Forgets the choices from `barrier` on, itself included; the undo records stay for those who backtrack further.
void Matcher::cut(size_t barrier) {
  size_t to = barrier;
  for (size_t from = barrier + 1; from < top_; from++)
    if (stack_[from].kind >= kUndoMark) stack_[to++] = stack_[from];
  top_ = to;
}

template <class C>
bool Matcher::at_position(u32 where, i64 p) const {
  const C* s = static_cast<const C*>(text_);
  auto boundary = [&](auto word) { return (p > 0 && word(u32(s[p - 1]))) != (p < end_ && word(u32(s[p]))); };
  switch (where) {
    case kBeginning:
    case kBeginningString: return p == 0;
    case kBeginningLine: return p == 0 || s[p - 1] == '\n';
    case kEnd: return p == end_ || (p + 1 == end_ && s[p] == '\n');
    case kEndLine: return p == end_ || s[p] == '\n';
    case kEndString: return p == end_;
    case kBoundary: return boundary(is_word);
    case kNonBoundary: return !boundary(is_word);
    case kLocBoundary: return boundary(locale_word);
    case kLocNonBoundary: return !boundary(locale_word);
    case kUniBoundary: return boundary(is_unicode_word);
    case kUniNonBoundary: return !boundary(is_unicode_word);
  }
  return false;
}

// Whether the one-character instruction at pc takes c.
template <class C>
TYPHON_INLINE bool Matcher::unit_matches(u32 pc, u32 c) const {
  const u32* code = program_.code.data();
  switch (code[pc]) {
    case kAny: return c != '\n';
    case kAnyAll: return true;
    case kLiteral: return c == code[pc + 1];
    case kNotLiteral: return c != code[pc + 1];
    case kLiteralIgnore: return ascii_lower(c) == code[pc + 1];
    case kNotLiteralIgnore: return ascii_lower(c) != code[pc + 1];
    case kLiteralUniIgnore: return unicode_lower(c) == code[pc + 1];
    case kNotLiteralUniIgnore: return unicode_lower(c) != code[pc + 1];
    case kLiteralLocIgnore:
    case kNotLiteralLocIgnore: {
      u32 wanted = code[pc + 1];
      bool same = c == wanted || locale_lower(c) == wanted || locale_upper(c) == wanted;
      return same == (code[pc] == kLiteralLocIgnore);
    }
    case kIn: case kInIgnore: case kInLocIgnore: case kInUniIgnore: {
      u32 bitmap = program_.side[pc];
      if (c < 256 && bitmap != kNoBitmap) [[likely]] return program_.bitmaps[bitmap].test(c);
      return in_set(code[pc], &code[pc + 2], c);
    }
    case kCategory: return in_category(code[pc + 1], c);
  }
  return false;
}

// How many characters from `from` on the instruction takes in a row, `most` at most.
template <class C>
i64 Matcher::count_units(u32 pc, i64 from, u64 most) const {
  const C* s = static_cast<const C*>(text_);
  i64 stop = most < u64(end_ - from) ? from + i64(most) : end_;
  const u32* code = program_.code.data();
  i64 p = from;
  switch (code[pc]) {
    case kAnyAll: return stop - from;
    case kAny: {
      const C* found = find_char(s + from, s + stop, '\n');
      return found == nullptr ? stop - from : found - (s + from);
    }
    case kLiteral: {
      u32 c = code[pc + 1];
      while (p < stop && s[p] == c) p++;
      return p - from;
    }
    case kNotLiteral: {
      const C* found = find_char(s + from, s + stop, code[pc + 1]);
      return found == nullptr ? stop - from : found - (s + from);
    }
    case kIn: {
      u32 index = program_.side[pc];
      if (index == kNoBitmap) break;
      const Bitmap& bitmap = program_.bitmaps[index];
      if constexpr (sizeof(C) == 1) {
        while (p < stop && bitmap.test(s[p])) p++;
      } else {
        while (p < stop && (s[p] < 256 ? bitmap.test(u32(s[p])) : in_charset(&code[pc + 2], s[p]))) p++;
      }
      return p - from;
    }
  }
  while (p < stop && unit_matches<C>(pc, s[p])) p++;
  return p - from;
}

// Tries to match at start_; sets position_, the marks and last_index_.
template <class C>
Result<bool> Matcher::run() {
  const C* s = static_cast<const C*>(text_);
  const u32* code = program_.code.data();
  const u32* side = program_.side.data();
  const i64 end = end_;
  constexpr size_t kNone = ~size_t(0);
  size_t barrier = kNone;
  i64 p = start_;
  u32 pc = program_.body;
  top_ = 0;

#define PUSH(KIND, PC, A, B)                                                       \
  do {                                                                             \
    if (top_ == capacity_ && !grow()) [[unlikely]] return raise_no_memory(thread_); \
    stack_[top_++] = Entry{KIND, u32(PC), i64(A), i64(B)};                         \
  } while (0)
#define COUNT_STEP()                         \
  do {                                       \
    if (--budget_ == 0) [[unlikely]] {       \
      budget_ = kPollInterval;               \
      Status polled = safepoint(thread_);    \
      if (polled.failed()) return Raised{};  \
    }                                        \
  } while (0)

  while (true) {
    switch (code[pc]) {
      case kSuccess: {
        if (barrier == kNone) {
          if (whole_ && p != end) goto fail;
          if (must_advance_ && p == start_) goto fail;
          position_ = p;
          return true;
        }
        Entry frame = stack_[barrier];
        size_t index = barrier;
        barrier = size_t(frame.a);
        switch (frame.kind) {
          case kBarrierAssert:
            cut(index);
            p = frame.b;
            pc = frame.pc;
            continue;
          case kBarrierAtomic:
            cut(index);
            pc = frame.pc;
            continue;
          case kBarrierAssertNot:
            // What is inside matched: take everything back, then fail.
            while (top_ > index) {
              const Entry& e = stack_[--top_];
              if (e.kind == kUndoMark) {
                marks_[e.pc] = e.a;
                last_index_ = e.b;
              } else if (e.kind == kUndoRepeat) {
                repeats_[e.pc] = {e.a, e.b};
              }
            }
            goto fail;
          default: {
            cut(index);
            pc = frame.pc;
            u32 slot = side[pc];
            PUSH(kUndoRepeat, slot, repeats_[slot].count, repeats_[slot].last);
            repeats_[slot].count++;
            goto possessive;
          }
        }
      }

      case kFailure: goto fail;

      case kAny:
        if (p >= end || s[p] == '\n') goto fail;
        p++, pc++;
        continue;
      case kAnyAll:
        if (p >= end) goto fail;
        p++, pc++;
        continue;
      case kLiteral:
        if (p >= end || s[p] != code[pc + 1]) goto fail;
        p++, pc += 2;
        continue;
      case kNotLiteral:
        if (p >= end || s[p] == code[pc + 1]) goto fail;
        p++, pc += 2;
        continue;
      case kLiteralIgnore: case kNotLiteralIgnore: case kLiteralUniIgnore: case kNotLiteralUniIgnore:
      case kLiteralLocIgnore: case kNotLiteralLocIgnore: case kCategory:
        if (p >= end || !unit_matches<C>(pc, s[p])) goto fail;
        p++, pc += 2;
        continue;
      case kIn: case kInIgnore: case kInLocIgnore: case kInUniIgnore:
        if (p >= end || !unit_matches<C>(pc, s[p])) goto fail;
        p++, pc += 1 + code[pc + 1];
        continue;
      case kAt:
        if (!at_position<C>(code[pc + 1], p)) goto fail;
        pc += 2;
        continue;
      case kInfo:
      case kJump:
        pc += 1 + code[pc + 1];
        continue;

      case kMark: {
        u32 mark = code[pc + 1];
        PUSH(kUndoMark, mark, marks_[mark], last_index_);
        marks_[mark] = p;
        if (mark & 1) last_index_ = mark / 2 + 1;
        pc += 2;
        continue;
      }

      case kBranch:
        pc++;
      branch:
        // pc is at a skip word. Alternatives that cannot begin here are passed over at once.
        while (true) {
          u32 skip = code[pc];
          if (skip == 0) goto fail;
          u32 op = code[pc + 1];
          if ((op == kLiteral || op == kIn) && (p >= end || !unit_matches<C>(pc + 1, s[p]))) {
            pc += skip;
            continue;
          }
          if (code[pc + skip] != 0) PUSH(kChoiceBranch, pc + skip, p, 0);
          pc++;
          break;
        }
        continue;

      case kRepeatOne: {
        u32 at = pc + 1;
        u64 most = code[at + 2] == kMaxRepeat ? ~u64(0) : code[at + 2];
        i64 least = code[at + 1];
        if (end - p < least) goto fail;
        i64 taken = count_units<C>(at + 3, p, most);
        if (taken < least) goto fail;
        u32 next = at + code[at];
        i64 floor = p + least;
        p += taken;
        if (p > floor) {
          PUSH(kChoiceRepeatOne, pc, p + 1, floor);
          goto retry_repeat_one;
        }
        pc = next;
        continue;
      }
      case kPossessiveRepeatOne: {
        u32 at = pc + 1;
        u64 most = code[at + 2] == kMaxRepeat ? ~u64(0) : code[at + 2];
        i64 least = code[at + 1];
        if (end - p < least) goto fail;
        i64 taken = count_units<C>(at + 3, p, most);
        if (taken < least) goto fail;
        p += taken;
        pc = at + code[at];
        continue;
      }
      case kMinRepeatOne: {
        u32 at = pc + 1;
        i64 least = code[at + 1];
        if (end - p < least) goto fail;
        if (least > 0) {
          if (count_units<C>(at + 3, p, u64(least)) < least) goto fail;
          p += least;
        }
        PUSH(kChoiceMinOne, pc, p, least);
        pc = at + code[at];
        continue;
      }

      case kRepeat: {
        u32 slot = side[pc];
        PUSH(kUndoRepeat, slot, repeats_[slot].count, repeats_[slot].last);
        repeats_[slot] = {-1, -1};
        pc = pc + 1 + code[pc + 1];
        continue;
      }
      case kMaxUntil: {
        COUNT_STEP();
        u32 repeat = side[pc];
        u32 slot = side[repeat];
        Repeat now = repeats_[slot];
        i64 count = now.count + 1;
        u32 most = code[repeat + 3];
        if (count < i64(code[repeat + 2])) {
          PUSH(kUndoRepeat, slot, now.count, now.last);
          repeats_[slot].count = count;
          pc = repeat + 4;
          continue;
        }
        if ((most == kMaxRepeat || count < i64(most)) && p != now.last) {
          PUSH(kChoiceTail, pc + 1, p, 0);
          PUSH(kUndoRepeat, slot, now.count, now.last);
          repeats_[slot] = {count, p};
          pc = repeat + 4;
          continue;
        }
        pc++;
        continue;
      }
      case kMinUntil: {
        COUNT_STEP();
        u32 repeat = side[pc];
        u32 slot = side[repeat];
        Repeat now = repeats_[slot];
        if (now.count + 1 < i64(code[repeat + 2])) {
          PUSH(kUndoRepeat, slot, now.count, now.last);
          repeats_[slot].count = now.count + 1;
          pc = repeat + 4;
          continue;
        }
        PUSH(kChoiceMinUntil, pc, p, 0);
        pc++;
        continue;
      }

      case kPossessiveRepeat: {
        u32 slot = side[pc];
        PUSH(kUndoRepeat, slot, repeats_[slot].count, repeats_[slot].last);
        repeats_[slot] = {0, -1};
      }
      possessive: {
        // pc is at the POSSESSIVE_REPEAT; each item runs as a group of its own.
        COUNT_STEP();
        u32 slot = side[pc];
        Repeat now = repeats_[slot];
        u32 most = code[pc + 3];
        bool needed = now.count < i64(code[pc + 2]);
        if (!needed && !((most == kMaxRepeat || now.count < i64(most)) && p != now.last)) {
          pc = pc + 1 + code[pc + 1] + 1;
          continue;
        }
        if (!needed) {
          PUSH(kUndoRepeat, slot, now.count, now.last);
          repeats_[slot].last = p;
        }
        PUSH(kBarrierPossessive, pc, barrier, p);
        barrier = top_ - 1;
        pc += 4;
        continue;
      }

      case kAtomicGroup:
        PUSH(kBarrierAtomic, pc + 1 + code[pc + 1], barrier, 0);
        barrier = top_ - 1;
        pc += 2;
        continue;
      case kAssert:
        if (p < i64(code[pc + 2])) goto fail;
        PUSH(kBarrierAssert, pc + 1 + code[pc + 1], barrier, p);
        barrier = top_ - 1;
        p -= code[pc + 2];
        pc += 3;
        continue;
      case kAssertNot:
        if (p < i64(code[pc + 2])) {
          pc = pc + 1 + code[pc + 1];
          continue;
        }
        PUSH(kBarrierAssertNot, pc + 1 + code[pc + 1], barrier, p);
        barrier = top_ - 1;
        p -= code[pc + 2];
        pc += 3;
        continue;

      case kGroupRef: case kGroupRefIgnore: case kGroupRefLocIgnore: case kGroupRefUniIgnore: {
        u32 op = code[pc];
        u32 group = code[pc + 1];
        i64 from = marks_[2 * group], to = marks_[2 * group + 1];
        if (from < 0 || to < from) goto fail;
        if (to - from > end - p) goto fail;
        for (; from < to; from++, p++) {
          u32 a = s[from], b = s[p];
          if (a == b) continue;
          if (op == kGroupRefIgnore ? ascii_lower(a) != ascii_lower(b)
              : op == kGroupRefUniIgnore ? unicode_lower(a) != unicode_lower(b)
              : op == kGroupRefLocIgnore ? locale_lower(a) != locale_lower(b)
                                         : true)
            goto fail;
        }
        pc += 2;
        continue;
      }
      case kGroupRefExists: {
        u32 group = code[pc + 1];
        i64 from = marks_[2 * group], to = marks_[2 * group + 1];
        pc = from < 0 || to < from ? pc + 1 + code[pc + 2] : pc + 3;
        continue;
      }
      default: check_failed(__FILE__, __LINE__, "unknown instruction in a checked pattern");
    }

  retry_repeat_one: {
    // The choice on top has one item less to take; jump over places where the literal that follows is not.
    Entry& e = stack_[top_ - 1];
    u32 at = e.pc + 1;
    u32 next = at + code[at];
    p = e.a - 1;
    if (code[next] == kLiteral) {
      u32 c = code[next + 1];
      while (p >= e.b && (p >= end || s[p] != c)) p--;
      if (p < e.b) {
        top_--;
        goto fail;
      }
    }
    if (p <= e.b)
      top_--;
    else
      e.a = p;
    pc = next;
    continue;
  }

  fail:
    COUNT_STEP();
    while (true) {
      if (top_ == 0) return false;
      Entry& e = stack_[top_ - 1];
      switch (e.kind) {
        case kUndoMark:
          marks_[e.pc] = e.a;
          last_index_ = e.b;
          top_--;
          continue;
        case kUndoRepeat:
          repeats_[e.pc] = {e.a, e.b};
          top_--;
          continue;
        case kChoiceBranch:
          pc = e.pc;
          p = e.a;
          top_--;
          goto branch;
        case kChoiceTail:
          pc = e.pc;
          p = e.a;
          top_--;
          break;
        case kChoiceRepeatOne: goto retry_repeat_one;
        case kChoiceMinOne: {
          u32 at = e.pc + 1;
          u32 most = code[at + 2];
          u32 next = at + code[at];
          bool literal_follows = code[next] == kLiteral;
          bool found = false;
          p = e.a;
          i64 taken = e.b;
          while ((most == kMaxRepeat || taken < i64(most)) && p < end && unit_matches<C>(at + 3, s[p])) {
            p++, taken++;
            if (literal_follows && (p >= end || s[p] != code[next + 1])) continue;
            found = true;
            break;
          }
          if (!found) {
            top_--;
            continue;
          }
          e.a = p;
          e.b = taken;
          pc = next;
          break;
        }
        case kChoiceMinUntil: {
          pc = e.pc;
          p = e.a;
          top_--;
          u32 repeat = side[pc];
          u32 slot = side[repeat];
          Repeat now = repeats_[slot];
          u32 most = code[repeat + 3];
          if ((most != kMaxRepeat && now.count + 1 >= i64(most)) || p == now.last) continue;
          PUSH(kUndoRepeat, slot, now.count, now.last);
          repeats_[slot] = {now.count + 1, p};
          pc = repeat + 4;
          break;
        }
        case kBarrierAssert:
        case kBarrierAtomic:
          barrier = size_t(e.a);
          top_--;
          continue;
        case kBarrierAssertNot:
          barrier = size_t(e.a);
          p = e.b;
          pc = e.pc;
          top_--;
          break;
        case kBarrierPossessive: {
          barrier = size_t(e.a);
          p = e.b;
          pc = e.pc;
          top_--;
          if (repeats_[side[pc]].count < i64(code[pc + 2])) continue;
          pc = pc + 1 + code[pc + 1] + 1;
          break;
        }
      }
      break;
    }
  }
#undef PUSH
#undef COUNT_STEP
}

Result<bool> Matcher::match(bool whole) {
  if (failed_) return raise_no_memory(thread_);
  if (start_ > end_) return false;
  whole_ = whole;
  reset_marks();
  switch (width_) {
    case 1: return run<u8>();
    case 2: return run<u16>();
    default: return run<u32>();
  }
}

Result<bool> Matcher::search() {
  if (failed_) return raise_no_memory(thread_);
  if (start_ > end_) return false;
  whole_ = false;
  reset_marks();
  switch (width_) {
    case 1: return search_in<u8>();
    case 2: return search_in<u16>();
    default: return search_in<u32>();
  }
}

template <class C>
Result<bool> Matcher::search_in() {
  const C* s = static_cast<const C*>(text_);
  const u32* code = program_.code.data();
  if (i64(program_.min_width) > end_ - start_) return false;
  const i64 last = end_ - i64(program_.min_width);  // the last place where a match may begin

  if (program_.prefix_length > 0) {
    const u32* prefix = code + program_.prefix;
    i64 length = program_.prefix_length;
    for (i64 p = start_;; p++) {
      const C* found = p > end_ - length ? nullptr : find_char(s + p, s + (end_ - length) + 1, prefix[0]);
      if (found == nullptr) return false;
      p = found - s;
      i64 same = 1;
      while (same < length && s[p + same] == prefix[same]) same++;
      if (same < length) continue;
      start_ = p;
      if (program_.whole_literal) {
        position_ = p + length;
        must_advance_ = false;
        return true;
      }
      if (TRY(run<C>())) return true;
      must_advance_ = false;
    }
  }

  if (program_.charset != 0) {
    const u32* set = code + program_.charset;
    const Bitmap* bitmap = program_.charset_bitmap == kNoBitmap ? nullptr : &program_.bitmaps[program_.charset_bitmap];
    for (i64 p = start_;; p++) {
      while (p <= last && p < end_ && !(s[p] < 256 && bitmap != nullptr ? bitmap->test(u32(s[p])) : in_charset(set, s[p]))) p++;
      if (p > last || p >= end_) return false;
      start_ = p;
      if (TRY(run<C>())) return true;
      must_advance_ = false;
    }
  }

  for (i64 p = start_; p <= last; p++) {
    start_ = p;
    if (TRY(run<C>())) return true;
    must_advance_ = false;
    if (program_.anchored) return false;
  }
  return false;
}

}  // namespace typhon::sre
