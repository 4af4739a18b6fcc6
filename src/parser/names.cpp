// Keywords, token spellings, and which characters make identifiers.
#include <utf8proc.h>

#include <cstdlib>
#include <cstring>

#include "base/utf8.h"
#include "parser/tokenizer.h"

namespace typhon::parser {

namespace {

struct Keyword {
  const char* name;
  Tok kind;
};

// In the order of Tok.
constexpr Keyword kKeywords[] = {
    {"False", Tok::kFalse},
    {"None", Tok::kNone},
    {"True", Tok::kTrue},
    {"and", Tok::kAnd},
    {"as", Tok::kAs},
    {"assert", Tok::kAssert},
    {"async", Tok::kAsync},
    {"await", Tok::kAwait},
    {"break", Tok::kBreak},
    {"class", Tok::kClass},
    {"continue", Tok::kContinue},
    {"def", Tok::kDef},
    {"del", Tok::kDel},
    {"elif", Tok::kElif},
    {"else", Tok::kElse},
    {"except", Tok::kExcept},
    {"finally", Tok::kFinally},
    {"for", Tok::kFor},
    {"from", Tok::kFrom},
    {"global", Tok::kGlobal},
    {"if", Tok::kIf},
    {"import", Tok::kImport},
    {"in", Tok::kIn},
    {"is", Tok::kIs},
    {"lambda", Tok::kLambda},
    {"nonlocal", Tok::kNonlocal},
    {"not", Tok::kNot},
    {"or", Tok::kOr},
    {"pass", Tok::kPass},
    {"raise", Tok::kRaise},
    {"return", Tok::kReturn},
    {"try", Tok::kTry},
    {"while", Tok::kWhile},
    {"with", Tok::kWith},
    {"yield", Tok::kYield},
};

constexpr uint32_t keyword_hash(const char* name, size_t length) {
  return (uint8_t(name[0]) * 3u + uint8_t(name[length - 1]) * 11u + uint8_t(name[length / 2]) * 7u + uint32_t(length)) &
         255;
}

// Open addressing, built at compile time: index + 1 into kKeywords.
struct KeywordTable {
  uint8_t slots[256] = {};
  constexpr KeywordTable() {
    for (uint8_t i = 0; i < sizeof(kKeywords) / sizeof(Keyword); i++) {
      uint32_t h = keyword_hash(kKeywords[i].name, std::string_view(kKeywords[i].name).size());
      while (slots[h] != 0) h = (h + 1) & 255;
      slots[h] = uint8_t(i + 1);
    }
  }
};
constexpr KeywordTable kKeywordTable;

constexpr const char* kSpellings[] = {
    nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, "(",  ")",  "[",  "]",   ":",  ",",  ";",
    "+",     "-",     "*",     "/",     "|",     "&",     "<",     ">",  "=",  ".",  "%",   "{",  "}",  "==",
    "!=",    "<=",    ">=",    "~",     "^",     "<<",    ">>",    "**", "+=", "-=", "*=",  "/=", "%=", "&=",
    "|=",    "^=",    "<<=",   ">>=",   "**=",   "//",    "//=",   "@",  "@=", "->", "...", ":=", "!",
};

struct Range {
  uint32_t first;
  uint32_t last;
};

template <size_t N>
bool in_ranges(const Range (&ranges)[N], uint32_t cp) {
  for (const Range& r : ranges) {
    if (cp >= r.first && cp <= r.last) return true;
  }
  return false;
}

// Unicode's Other_ID_Start without the characters whose normal form is no identifier.
constexpr Range kExtraStart[] = {{0x1885, 0x1886}, {0x2118, 0x2118}, {0x212E, 0x212E}};
// Letters that XID_Start leaves out because of their compatibility decompositions.
constexpr Range kNotStart[] = {
    {0x037A, 0x037A}, {0x0E33, 0x0E33}, {0x0EB3, 0x0EB3}, {0x309B, 0x309C}, {0x2E2F, 0x2E2F}, {0xFC5E, 0xFC63},
    {0xFDFA, 0xFDFB}, {0xFE70, 0xFE70}, {0xFE72, 0xFE72}, {0xFE74, 0xFE74}, {0xFE76, 0xFE76}, {0xFE78, 0xFE78},
    {0xFE7A, 0xFE7A}, {0xFE7C, 0xFE7C}, {0xFE7E, 0xFE7E}, {0xFF9E, 0xFF9F},
};
constexpr Range kExtraContinue[] = {{0x00B7, 0x00B7}, {0x0387, 0x0387}, {0x0E33, 0x0E33}, {0x0EB3, 0x0EB3},
                                    {0x1369, 0x1371}, {0x19DA, 0x19DA}, {0x200C, 0x200D}, {0x30FB, 0x30FB},
                                    {0xFF65, 0xFF65}, {0xFF9E, 0xFF9F}};

}  // namespace

Tok keyword_kind(std::string_view name) {
  if (name.size() < 2 || name.size() > 8) return Tok::kName;
  uint32_t h = keyword_hash(name.data(), name.size());
  while (kKeywordTable.slots[h] != 0) {
    const Keyword& keyword = kKeywords[kKeywordTable.slots[h] - 1];
    if (name == keyword.name) return keyword.kind;
    h = (h + 1) & 255;
  }
  return Tok::kName;
}

const char* token_spelling(Tok kind) {
  if (kind >= Tok::kFirstKeyword && kind < Tok::kKeywordEnd) return kKeywords[int(kind) - int(Tok::kFirstKeyword)].name;
  if (size_t(kind) < sizeof(kSpellings) / sizeof(char*)) return kSpellings[int(kind)];
  return nullptr;
}

bool is_identifier_start(uint32_t cp) {
  if (cp < 128) return (cp >= 'a' && cp <= 'z') || (cp >= 'A' && cp <= 'Z') || cp == '_';
  switch (utf8proc_category(utf8proc_int32_t(cp))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_NL: return !in_ranges(kNotStart, cp);
    default: return in_ranges(kExtraStart, cp);
  }
}

bool is_identifier_continue(uint32_t cp) {
  if (cp < 128) return is_identifier_start(cp) || (cp >= '0' && cp <= '9');
  switch (utf8proc_category(utf8proc_int32_t(cp))) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_PC: return true;
    default: return is_identifier_start(cp) || in_ranges(kExtraContinue, cp);
  }
}

bool is_printable(uint32_t cp) {
  if (cp < 128) return cp >= 32 && cp < 127;
  switch (utf8proc_category(utf8proc_int32_t(cp))) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP: return false;
    default: return true;
  }
}

std::string_view normalize_identifier(Arena& arena, std::string_view name) {
  bool ascii = true;
  for (char c : name) ascii = ascii && uint8_t(c) < 128;
  if (ascii) return name;
  utf8proc_uint8_t* normal = nullptr;
  utf8proc_ssize_t length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(name.data()), utf8proc_ssize_t(name.size()), &normal,
                   utf8proc_option_t(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT));
  if (length < 0) return name;
  std::string_view result = arena.copy({reinterpret_cast<char*>(normal), size_t(length)});
  free(normal);
  return result;
}

}  // namespace typhon::parser
