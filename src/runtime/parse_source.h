// A source as compile() reads it: decoded by its encoding, which may be one of the codecs', and parsed.
#pragma once
#include "objects/str.h"
#include "parser/parser.h"

namespace typhon {

class ParsedSource {
 public:
  // Fills options.stack_budget and unicode_name_*; what `source` refers to must outlive this object. Raises when decoding fails or the
  // native stack is exhausted, not for what is wrong with the program: result() tells.
  Status parse(Thread& t, std::string_view source, parser::ParseOptions options, Value filename);
  const parser::ParseResult& result() const { return result_; }
  // In UTF-8.
  std::string_view text() const { return text_; }
  Arena& arena() { return arena_; }

 private:
  Arena arena_;
  parser::ParseResult result_;
  std::string_view text_;
  Ref decoded_;
  Utf8Buffer buffer_;
};

}  // namespace typhon
