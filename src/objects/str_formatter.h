// Parsing of str.format's replacement fields; shared by str.format and the _string module.
#pragma once
#include "objects/str.h"

namespace typhon {

// One literal text and the field after it, as ranges of the format string.
struct MarkupPiece {
  size_t literal_start, literal_end;
  bool has_field = false;
  size_t name_start = 0, name_end = 0;
  u32 conversion = 0;
  size_t spec_start = 0, spec_end = 0;
  bool nested = false;  // the format spec has fields of its own
};

class MarkupParser {
 public:
  MarkupParser(Str* s, size_t start, size_t end) : s_(s), at_(start), end_(end) {}
  // False at the end of the string.
  Result<bool> next(Thread& t, MarkupPiece* piece);
  bool at_end() const { return at_ >= end_; }

 private:
  Status parse_field(Thread& t, MarkupPiece* piece);
  Str* s_;
  size_t at_, end_;
};

// "first.attr[index]": the first part, then one step at a time.
class FieldNameParser {
 public:
  struct Part {
    size_t start, end;
    i64 index;  // -1 when the text is no number
    bool is_attribute;
  };
  FieldNameParser(Str* s, size_t start, size_t end) : s_(s), at_(start), end_(end) {}
  Result<Part> first(Thread& t);
  // False at the end.
  Result<bool> next(Thread& t, Part* part);

 private:
  Result<i64> number(Thread& t, size_t start, size_t end) const;
  Str* s_;
  size_t at_, end_;
};

}  // namespace typhon
