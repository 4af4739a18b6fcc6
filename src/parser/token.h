// Token kinds, numbered as Python's `token` module numbers them; keywords have kinds of their own above those
// (a consumer that speaks to Python shows them as NAME).
#pragma once

#include <cstdint>

namespace typhon::parser {

enum class Tok : uint8_t {
  kEndMarker = 0,
  kName = 1,
  kNumber = 2,
  kString = 3,
  kNewline = 4,
  kIndent = 5,
  kDedent = 6,
  kLPar = 7,
  kRPar = 8,
  kLSqb = 9,
  kRSqb = 10,
  kColon = 11,
  kComma = 12,
  kSemi = 13,
  kPlus = 14,
  kMinus = 15,
  kStar = 16,
  kSlash = 17,
  kVBar = 18,
  kAmper = 19,
  kLess = 20,
  kGreater = 21,
  kEqual = 22,
  kDot = 23,
  kPercent = 24,
  kLBrace = 25,
  kRBrace = 26,
  kEqEqual = 27,
  kNotEqual = 28,
  kLessEqual = 29,
  kGreaterEqual = 30,
  kTilde = 31,
  kCircumflex = 32,
  kLeftShift = 33,
  kRightShift = 34,
  kDoubleStar = 35,
  kPlusEqual = 36,
  kMinEqual = 37,
  kStarEqual = 38,
  kSlashEqual = 39,
  kPercentEqual = 40,
  kAmperEqual = 41,
  kVBarEqual = 42,
  kCircumflexEqual = 43,
  kLeftShiftEqual = 44,
  kRightShiftEqual = 45,
  kDoubleStarEqual = 46,
  kDoubleSlash = 47,
  kDoubleSlashEqual = 48,
  kAt = 49,
  kAtEqual = 50,
  kRArrow = 51,
  kEllipsis = 52,
  kColonEqual = 53,
  kExclamation = 54,
  kOp = 55,  // a character that starts no operator: never part of a program
  kTypeIgnore = 56,   // the tag behind "# type: ignore"; only with TokenizerOptions::type_comments
  kTypeComment = 57,  // the text behind "# type: "; likewise
  kFStringStart = 59,
  kFStringMiddle = 60,
  kFStringEnd = 61,
  kTStringStart = 62,
  kTStringMiddle = 63,
  kTStringEnd = 64,
  kComment = 65,  // only with TokenizerOptions::extra_tokens
  kNl = 66,       // likewise
  kError = 67,

  kFirstKeyword = 100,
  kFalse = kFirstKeyword,
  kNone,
  kTrue,
  kAnd,
  kAs,
  kAssert,
  kAsync,
  kAwait,
  kBreak,
  kClass,
  kContinue,
  kDef,
  kDel,
  kElif,
  kElse,
  kExcept,
  kFinally,
  kFor,
  kFrom,
  kGlobal,
  kIf,
  kImport,
  kIn,
  kIs,
  kLambda,
  kNonlocal,
  kNot,
  kOr,
  kPass,
  kRaise,
  kReturn,
  kTry,
  kWhile,
  kWith,
  kYield,
  kKeywordEnd,
};

struct Token {
  Tok kind = Tok::kEndMarker;
  bool after_eof = false;  // found only by looking past the end of the source
  uint16_t level = 0;      // open brackets after this token
  uint32_t start = 0;      // byte offsets into the tokenizer's text()
  uint32_t end = 0;
  int32_t line = 1;
  int32_t col = 0;  // in bytes; -1 for tokens without a place (INDENT, DEDENT)
  int32_t end_line = 1;
  int32_t end_col = 0;
};

}  // namespace typhon::parser
