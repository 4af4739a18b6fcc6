// _sre: the matching engine. A backtracking machine without recursion: choices and undo records lie on one malloc'ed
// stack that holds numbers only. Positions are offsets into the string.
#pragma once
#include "modules/_sre/program.h"

namespace typhon::sre {

class Matcher {
 public:
  // `text` must stay where it is while the matcher lives: `width` bytes per character, `length` of them; pos and endpos as
  // the program gave them.
  Matcher(Thread& t, const Program& program, const void* text, u32 width, i64 length, i64 pos, i64 endpos);
  ~Matcher();
  Matcher(const Matcher&) = delete;

  // At `start` exactly; with `whole`, all up to the end.
  Result<bool> match(bool whole);
  // At the first place from `start` on.
  Result<bool> search();
  // To the next place behind a match, for iteration: an empty match may not be found twice.
  void advance() {
    must_advance_ = position_ == start_;
    start_ = position_;
  }

  i64 start() const { return start_; }        // of the match found
  i64 position() const { return position_; }  // its end
  i64 pos() const { return first_; }
  i64 end() const { return end_; }
  i64 last_index() const { return last_index_; }
  bool must_advance() const { return must_advance_; }
  void resume(i64 start, bool must_advance) {
    start_ = start;
    must_advance_ = must_advance;
  }
  // -1 for a group that took no part.
  i64 group_start(u32 group) const { return group == 0 ? start_ : marks_[2 * (group - 1) + 1] < 0 ? -1 : marks_[2 * (group - 1)]; }
  i64 group_end(u32 group) const { return group == 0 ? position_ : marks_[2 * (group - 1)] < 0 ? -1 : marks_[2 * (group - 1) + 1]; }
  u32 groups() const { return program_.groups; }

 private:
  struct Entry {
    u32 kind, pc;
    i64 a, b;
  };
  struct Repeat {
    i64 count, last;
  };

  template <class C>
  Result<bool> run();
  template <class C>
  Result<bool> search_in();
  template <class C>
  bool unit_matches(u32 pc, u32 c) const;
  template <class C>
  i64 count_units(u32 pc, i64 from, u64 most) const;
  template <class C>
  bool at_position(u32 where, i64 p) const;
  bool grow();
  void cut(size_t barrier);
  void reset_marks();

  Thread& thread_;
  const Program& program_;
  const void* text_;
  u32 width_;
  i64 first_, start_, end_, position_ = 0;
  bool whole_ = false, must_advance_ = false;
  bool failed_ = false;  // MemoryError in the constructor
  i64 last_index_ = -1;
  i64* marks_;
  Repeat* repeats_;
  Entry* stack_;
  size_t top_ = 0, capacity_ = kLocalEntries;
  static constexpr u32 kLocalEntries = 64, kLocalMarks = 32, kLocalRepeats = 8;
  static constexpr u32 kPollInterval = 1 << 14;
  u32 budget_ = kPollInterval;
  i64 local_marks_[kLocalMarks];
  Repeat local_repeats_[kLocalRepeats];
  Entry local_stack_[kLocalEntries];
};

}  // namespace typhon::sre
