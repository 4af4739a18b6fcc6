// Source text to syntax tree for Python 3.14. Independent of the object system: everything the caller gets lives in
// the Arena it passes. Safe to call from any thread, with one Arena per call in progress.
//
// How it works: tokenizer.cpp turns the text into one array of tokens; a recursive-descent parser (parser*.cpp) builds
// the tree in one pass. It only ever notices *that* a program is wrong. To say *what* is wrong as Python says it,
// diagnose.cpp then runs a small grammar interpreter over the failing statement; valid programs never pay for that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "parser/ast.h"

namespace typhon::parser {

enum class Mode : uint8_t {
  kExec,          // ast::Module
  kEval,          // ast::Expression
  kSingle,        // ast::Interactive
  kFunctionType,  // ast::FunctionType
};

struct SyntaxErrorInfo {
  enum class Kind : uint8_t {
    kSyntax,       // SyntaxError
    kIndentation,  // IndentationError
    kTab,          // TabError
    kIncomplete,   // _IncompleteInputError; only with allow_incomplete_input
    kTooComplex,   // MemoryError
    kEncoding,     // SyntaxError; the source names an encoding this parser does not know: decode it and parse again
    kNullByte,     // SyntaxError without a position
  };

  Kind kind = Kind::kSyntax;
  std::string_view message;
  int32_t lineno = 0;
  int32_t col = 0;  // from 1, in characters; 0 where Python has no column
  int32_t end_lineno = 0;
  int32_t end_col = 0;  // may be 0 or -1 where Python has no end
  bool has_position = true;
  bool has_text = false;
  std::string_view text;      // the line, with its newline where Python keeps it
  int32_t compound_line = 0;  // where the last complete compound statement begins (0: none), as `_metadata` has it
  int32_t compound_col = 0;
  std::string_view encoding;  // for kEncoding: the normalised name in the cookie
};

// A SyntaxWarning for the caller to issue (and, if filters turn it into an error, to raise as SyntaxError at col..).
struct Warning {
  std::string_view message;        // as a warning
  std::string_view error_message;  // as an error
  int32_t lineno = 0;
  int32_t col = 0;  // from 1, in characters
  int32_t end_lineno = 0;
  int32_t end_col = 0;
  bool by_tokenizer = false;       // not of an escape in a literal
};

// Resolves the NAME of \N{NAME} to one code point. kNoDatabase: there is nothing to look it up in.
enum class NameLookup : uint8_t { kFound, kUnknown, kNoDatabase };
using UnicodeNameLookup = NameLookup (*)(void* context, std::string_view name, uint32_t* code_point);

struct ParseOptions {
  std::string_view filename = "<unknown>";
  Mode mode = Mode::kExec;
  bool is_bytes_source = false;  // honour a byte order mark and the PEP 263 cookie; otherwise the source is UTF-8
  bool is_file = false;          // read from `filename`: messages about its encoding name it
  bool allow_incomplete_input = false;
  bool dont_imply_dedent = false;
  bool type_comments = false;  // read "# type:" comments; misplaced ones are errors
  int feature_version = 14;    // syntax that Python 3.N does not have yet is an error
  int64_t int_max_digits = 0;  // of a decimal literal, sys.get_int_max_str_digits(); 0: no limit
  // Bytes of C stack the parser may use before it reports kTooComplex; finding the words for an error may use twice that
  // (and falls back to "invalid syntax" beyond: with the default, at some 100 nested brackets).
  size_t stack_budget = 768 * 1024;
  UnicodeNameLookup unicode_name_lookup = nullptr;
  void* unicode_name_context = nullptr;
};

struct ParseResult {
  ast::Mod* module = nullptr;
  bool ok = false;
  SyntaxErrorInfo error;
  ast::Seq<Warning> warnings;
  std::string_view text;  // what was read, in UTF-8 (in the arena); empty when it could not be decoded
};

// The tree may point into an arena copy of `source`, never into `source` itself.
ParseResult parse(Arena& arena, std::string_view source, const ParseOptions& options);

// PEP 263: the encoding a byte source declares: "utf-8" when it says nothing, "utf-8-sig" after a byte order mark.
// Names are normalised to lower case with hyphens; *has_cookie tells whether there was a declaration.
std::string_view detect_encoding(Arena& arena, std::string_view source, bool* has_cookie);

}  // namespace typhon::parser
