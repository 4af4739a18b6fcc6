// unicodedata: the Unicode character database, 16.0.0 and (for IDNA) 3.2.0.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "objects/module.h"

namespace typhon {
namespace {

struct Properties {
  u8 category, bidirectional, combining, mirrored, width;
};
struct Decomposition {
  u32 c;
  const char* text;  // as decomposition() shows it
};
struct Composition {
  u32 first, second, composed;
};
struct Number {
  u32 c;
  i8 decimal, digit;
  double numeric;
};
struct NameRange {
  u32 from, to;
  const char* prefix;
};
struct Name {
  u32 c;
  const char* text;
};
struct Sequence {
  const char *text, *characters;
};
#include "modules/unicodedata/aliases.inc"
#include "modules/unicodedata/tables.inc"

constexpr u32 kBlock = 128;
constexpr u32 kHangulBase = 0xAC00, kHangulCount = 11172, kLBase = 0x1100, kVBase = 0x1161, kTBase = 0x11A7, kLCount = 19, kVCount = 21,
              kTCount = 28;

// The object ucd_3_2_0; the module's functions have the module as self.
struct Database : Object {};
Type* g_database_type;
bool is_old(Value self) { return self.is_object() && type_of(self) == g_database_type; }

const Properties& properties(u32 c, bool old) {
  if (old) return kPropertiesOld[kSecondOld[kFirstOld[c / kBlock] * kBlock + c % kBlock]];
  return kProperties[kSecond[kFirst[c / kBlock] * kBlock + c % kBlock]];
}
bool is_unassigned(u32 c, bool old) { return strcmp(kCategories[properties(c, old).category], "Cn") == 0; }

template <class Row, size_t n>
const Row* find(const Row (&rows)[n], u32 c) {
  const Row* at = std::lower_bound(rows, rows + n, c, [](const Row& row, u32 wanted) { return row.c < wanted; });
  return at != rows + n && at->c == c ? at : nullptr;
}
// "" when there is none. Hangul syllables are decomposed by rule, not here.
const char* decomposition_text(u32 c, bool old) {
  if (old && is_unassigned(c, true)) return "";
  const Decomposition* d = find(kDecompositions, c);
  return d != nullptr ? d->text : "";
}

Result<u32> char_argument(Thread& t, Value v, const char* function, bool only) {
  if (!is_str(v)) return raise(t, exc::TypeError, "%s() argument%s must be a unicode character, not %T", function, only ? "" : " 1", v);
  if (v.as<Str>()->length() != 1)
    return raise(t, exc::TypeError, "%s(): argument%s must be a unicode character, not a string of length %zd", function, only ? "" : " 1", i64(v.as<Str>()->length()));
  return v.as<Str>()->at(0);
}

Ref f_category(Thread& t, Value self, const Value* a) { return str_from_ascii(t, kCategories[properties(TRY(char_argument(t, a[0], "category", true)), is_old(self)).category]); }
Ref f_bidirectional(Thread& t, Value self, const Value* a) { return str_from_ascii(t, kBidirectional[properties(TRY(char_argument(t, a[0], "bidirectional", true)), is_old(self)).bidirectional]); }
Ref f_combining(Thread& t, Value self, const Value* a) { return int_from(t, properties(TRY(char_argument(t, a[0], "combining", true)), is_old(self)).combining); }
Ref f_mirrored(Thread& t, Value self, const Value* a) { return int_from(t, properties(TRY(char_argument(t, a[0], "mirrored", true)), is_old(self)).mirrored); }
Ref f_width(Thread& t, Value self, const Value* a) { return str_from_ascii(t, kWidths[properties(TRY(char_argument(t, a[0], "east_asian_width", true)), is_old(self)).width]); }
Ref f_decomposition(Thread& t, Value self, const Value* a) {
  u32 c = TRY(char_argument(t, a[0], "decomposition", true));
  if (c - kHangulBase < kHangulCount) {
    u32 s = c - kHangulBase;
    char text[32];
    int n = snprintf(text, sizeof text, "%04X %04X", kLBase + s / (kVCount * kTCount), kVBase + s / kTCount % kVCount);
    if (s % kTCount != 0) n += snprintf(text + n, sizeof text - size_t(n), " %04X", kTBase + s % kTCount);
    return str_from_ascii(t, {text, size_t(n)});
  }
  return str_from_ascii(t, decomposition_text(c, is_old(self)));
}

// --- numbers
const Number* find_number(u32 c, bool old) {
  if (old) {
    if (is_unassigned(c, true)) return nullptr;
    if (const Number* n = find(kOldNumbers, c)) return n;
  }
  return find(kNumbers, c);
}
Ref fallback(Thread& t, Value v, const char* message) {
  if (v.is_empty()) return raise(t, exc::ValueError, "%s", message);
  return Ref::copy(v);
}
Ref f_decimal(Thread& t, Value self, const Value* a) {
  const Number* n = find_number(TRY(char_argument(t, a[0], "decimal", false)), is_old(self));
  if (n == nullptr || n->decimal < 0) return fallback(t, a[1], "not a decimal");
  return int_from(t, n->decimal);
}
Ref f_digit(Thread& t, Value self, const Value* a) {
  // The one property that the old database does not keep apart.
  const Number* n = find_number(TRY(char_argument(t, a[0], "digit", false)), false);
  if (n == nullptr || n->digit < 0) return fallback(t, a[1], "not a digit");
  return int_from(t, n->digit);
}
Ref f_numeric(Thread& t, Value self, const Value* a) {
  u32 c = TRY(char_argument(t, a[0], "numeric", false));
  const Number* n = find_number(c, is_old(self));
  // -1 means "none" in the table of differences; U+0F33, the one negative number, is -1/2.
  if (n == nullptr || n->numeric == -1) return fallback(t, a[1], "not a numeric character");
  return float_from(t, n->numeric);
}

// --- names
constexpr const char* kHangulL[] = {"G", "GG", "N", "D", "DD", "R", "M", "B", "BB", "S", "SS", "", "J", "JJ", "C", "K", "T", "P", "H"};
constexpr const char* kHangulV[] = {"A", "AE", "YA", "YAE", "EO", "E", "YEO", "YE", "O", "WA", "WAE", "OE", "YO", "U", "WEO", "WE", "WI", "YU", "EU", "YI", "I"};
constexpr const char* kHangulT[] = {"", "G", "GG", "GS", "N", "NJ", "NH", "D", "L", "LG", "LM", "LB", "LS", "LT", "LP", "LH", "M", "B", "BS", "S", "SS", "NG", "J", "C", "K", "T", "P", "H"};

// False when the character has no name. `out` holds up to 128 characters.
bool name_of(u32 c, char* out) {
  if (c - kHangulBase < kHangulCount) {
    u32 s = c - kHangulBase;
    snprintf(out, 128, "HANGUL SYLLABLE %s%s%s", kHangulL[s / (kVCount * kTCount)], kHangulV[s / kTCount % kVCount], kHangulT[s % kTCount]);
    return true;
  }
  for (const NameRange& r : kNameRanges) {
    if (c < r.from || c > r.to) continue;
    snprintf(out, 128, "%s%X", r.prefix, c);
    return true;
  }
  const Name* n = find(kNames, c);
  if (n == nullptr) return false;
  snprintf(out, 128, "%s", n->text);
  return true;
}
Ref f_name(Thread& t, Value self, const Value* a) {
  u32 c = TRY(char_argument(t, a[0], "name", false));
  char text[128];
  if ((is_old(self) && is_unassigned(c, true)) || !name_of(c, text)) return fallback(t, a[1], "no such name");
  return str_from_ascii(t, text);
}

// Indices into kNames, sorted by name; made at the first look-up and kept.
Mutex g_index_mutex;
u32* g_index;
constexpr size_t kNameCount = sizeof kNames / sizeof kNames[0];
// The row of a table that is sorted by name, or null.
template <class Row, size_t n>
const Row* find_name(const Row (&rows)[n], const char* name) {
  const Row* at = std::lower_bound(rows, rows + n, name, [](const Row& row, const char* wanted) { return strcmp(row.text, wanted) < 0; });
  return at != rows + n && strcmp(at->text, name) == 0 ? at : nullptr;
}
// Found by these names, though name() does not give them.
constexpr NameRange kNamelessRanges[] = {{0x17000, 0x187F7, "TANGUT IDEOGRAPH-"}, {0x18D00, 0x18D08, "TANGUT IDEOGRAPH-"}};
// The code point of a name made by rule, or -1.
template <size_t count>
i64 code_in_ranges(const NameRange (&ranges)[count], const char* name) {
  for (const NameRange& r : ranges) {
    size_t n = strlen(r.prefix);
    if (strncmp(name, r.prefix, n) != 0) continue;
    unsigned long c = strtoul(name + n, nullptr, 16);
    char digits[32];
    snprintf(digits, sizeof digits, "%lX", c);
    if (c >= r.from && c <= r.to && strcmp(digits, name + n) == 0) return i64(c);
  }
  return -1;
}
i64 code_of(Thread& t, const char* name) {
  if (__atomic_load_n(&g_index, __ATOMIC_ACQUIRE) == nullptr) {
    MutexGuard guard(t, g_index_mutex);
    if (g_index == nullptr) {
      u32* index = static_cast<u32*>(malloc(kNameCount * sizeof(u32)));
      CHECK(index != nullptr);
      for (size_t i = 0; i < kNameCount; i++) index[i] = u32(i);
      std::sort(index, index + kNameCount, [](u32 x, u32 y) { return strcmp(kNames[x].text, kNames[y].text) < 0; });
      __atomic_store_n(&g_index, index, __ATOMIC_RELEASE);
    }
  }
  u32* at = std::lower_bound(g_index, g_index + kNameCount, name, [](u32 x, const char* wanted) { return strcmp(kNames[x].text, wanted) < 0; });
  if (at != g_index + kNameCount && strcmp(kNames[*at].text, name) == 0) return kNames[*at].c;
  if (i64 c = code_in_ranges(kNameRanges, name); c >= 0) return c;
  if (i64 c = code_in_ranges(kNamelessRanges, name); c >= 0) return c;
  if (strncmp(name, "HANGUL SYLLABLE ", 16) == 0) {
    char text[128];
    for (u32 c = kHangulBase; c < kHangulBase + kHangulCount; c++)
      if (name_of(c, text) && strcmp(text, name) == 0) return c;
  }
  return -1;
}
// Aliases and named sequences are younger than the database 3.2.0.
Ref f_lookup(Thread& t, Value self, const Value* a) {
  Utf8Argument name;
  TRY(name.get(t, a[0], "lookup() argument"));
  char upper[257];
  if (name.text.size() >= sizeof upper) {
    RefTo<Str> message = TRY(str_from_ascii(t, "name too long"));
    return raise_key_error(t, message);
  }
  if (name.text.find('\0') == std::string_view::npos) {
    size_t n = 0;
    for (char ch : name.text) upper[n++] = ch >= 'a' && ch <= 'z' ? char(ch - 32) : ch;
    upper[n] = 0;
    i64 c = code_of(t, upper);
    if (c >= 0 && !(is_old(self) && is_unassigned(u32(c), true))) return str_from_char(t, u32(c));
    if (c < 0 && !is_old(self)) {
      if (const Name* alias = find_name(kAliases, upper)) return str_from_char(t, alias->c);
      if (const Sequence* sequence = find_name(kSequences, upper)) return str_from_utf8(t, sequence->characters);
    }
  }
  // The message ends where a C string does.
  RefTo<Str> shown = TRY(str_from_utf8(t, name.text.substr(0, name.text.find('\0'))));
  RefTo<Str> message = TRY(str_format(t, "undefined character name '%U'", shown.get()));
  return raise_key_error(t, message);
}

// --- normalisation
void decompose(std::vector<u32>& out, u32 c, bool compatibility, bool old) {
  if (c < 0x80) {
    out.push_back(c);
    return;
  }
  if (c - kHangulBase < kHangulCount) {
    u32 s = c - kHangulBase;
    out.push_back(kLBase + s / (kVCount * kTCount));
    out.push_back(kVBase + s / kTCount % kVCount);
    if (s % kTCount != 0) out.push_back(kTBase + s % kTCount);
    return;
  }
  const char* text = decomposition_text(c, old);
  if (old) {
    if (const Decomposition* d = find(kOldDecompositions, c)) text = d->text;
  }
  if (*text == 0 || (*text == '<' && !compatibility)) {
    out.push_back(c);
    return;
  }
  if (*text == '<') text = strchr(text, ' ') + 1;
  while (true) {
    char* end;
    decompose(out, u32(strtoul(text, &end, 16)), compatibility, old);
    if (*end == 0) return;
    text = end + 1;
  }
}
// Ordering and composition go by the new database, for the old one too (as CPython).
void order(std::vector<u32>& s) {
  for (size_t i = 0; i < s.size();) {
    if (properties(s[i], false).combining == 0) {
      i++;
      continue;
    }
    // Sorted by class, and stable: class, position and character make one number.
    std::vector<u64> keys;
    size_t end = i;
    for (; end < s.size(); end++) {
      u64 combining = properties(s[end], false).combining;
      if (combining == 0) break;
      keys.push_back(combining << 56 | u64(end - i) << 21 | s[end]);
    }
    std::sort(keys.begin(), keys.end());
    for (size_t k = 0; k < keys.size(); k++) s[i + k] = u32(keys[k] & 0x1FFFFF);
    i = end;
  }
}
// 0 when the two do not compose.
u32 compose_pair(u32 a, u32 b) {
  if (a - kLBase < kLCount && b - kVBase < kVCount) return kHangulBase + ((a - kLBase) * kVCount + (b - kVBase)) * kTCount;
  if (a - kHangulBase < kHangulCount && (a - kHangulBase) % kTCount == 0 && b > kTBase && b - kTBase < kTCount) return a + (b - kTBase);
  const Composition* end = std::end(kCompositions);
  const Composition* at = std::lower_bound(std::begin(kCompositions), end, Composition{a, b, 0}, [](const Composition& x, const Composition& y) {
    return x.first != y.first ? x.first < y.first : x.second < y.second;
  });
  return at != end && at->first == a && at->second == b ? at->composed : 0;
}
void compose(std::vector<u32>& s) {
  size_t out = 0;
  i64 starter = -1;
  u32 last_class = 0;
  for (size_t i = 0; i < s.size(); i++) {
    u32 c = s[i];
    u32 combining = properties(c, false).combining;
    if (starter >= 0) {
      bool blocked = i64(out) - 1 != starter && last_class >= combining;
      u32 composed = blocked ? 0 : compose_pair(s[size_t(starter)], c);
      if (composed != 0) {
        s[size_t(starter)] = composed;
        continue;
      }
    }
    if (combining == 0) {
      starter = i64(out);
      last_class = 0;
    } else {
      last_class = combining;
    }
    s[out++] = c;
  }
  s.resize(out);
}

struct Form {
  bool composed, compatibility;
};
Result<Form> form_argument(Thread& t, Value v, const char* function) {
  if (!is_str(v)) return raise(t, exc::TypeError, "%s() argument 1 must be str, not %T", function, v);
  Str* s = v.as<Str>();
  if (s->equals_ascii("NFC")) return Form{true, false};
  if (s->equals_ascii("NFKC")) return Form{true, true};
  if (s->equals_ascii("NFD")) return Form{false, false};
  if (s->equals_ascii("NFKD")) return Form{false, true};
  return raise(t, exc::ValueError, "invalid normalization form");
}
RefTo<Str> normalized(Thread& t, Str* s, Form form, bool old) {
  if (s->is_ascii()) return str_exact(t, s);
  std::vector<u32> points;
  points.reserve(s->length());
  for (size_t i = 0; i < s->length(); i++) decompose(points, s->at(i), form.compatibility, old);
  order(points);
  if (form.composed) compose(points);
  return str_from_points(t, points.data(), 4, points.size());
}
Ref f_normalize(Thread& t, Value self, const Value* a) {
  Form form = TRY(form_argument(t, a[0], "normalize"));
  if (!is_str(a[1])) return raise(t, exc::TypeError, "normalize() argument 2 must be str, not %T", a[1]);
  return normalized(t, a[1].as<Str>(), form, is_old(self));
}
Ref f_is_normalized(Thread& t, Value self, const Value* a) {
  if (!is_str(a[1])) return raise(t, exc::TypeError, "is_normalized() argument 2 must be str, not %T", a[1]);
  Form form = TRY(form_argument(t, a[0], "is_normalized"));
  RefTo<Str> result = TRY(normalized(t, a[1].as<Str>(), form, is_old(self)));
  return Ref::boolean(str_equal(result.get(), a[1].as<Str>()));
}
Ref old_version(Thread& t, Value) { return str_from_ascii(t, "3.2.0"); }

const Method kFunctions[] = {
    method("decimal", f_decimal, "($self, chr, default=<unrepresentable>, /)", "Converts a Unicode character into its equivalent decimal value."),
    method("digit", f_digit, "($self, chr, default=<unrepresentable>, /)", "Converts a Unicode character into its equivalent digit value."),
    method("numeric", f_numeric, "($self, chr, default=<unrepresentable>, /)", "Converts a Unicode character into its equivalent numeric value."),
    method("category", f_category, "($self, chr, /)", "Returns the general category assigned to the character chr as string."),
    method("bidirectional", f_bidirectional, "($self, chr, /)", "Returns the bidirectional class assigned to the character chr as string."),
    method("combining", f_combining, "($self, chr, /)", "Returns the canonical combining class assigned to the character chr as integer."),
    method("mirrored", f_mirrored, "($self, chr, /)", "Returns the mirrored property assigned to the character chr as integer."),
    method("east_asian_width", f_width, "($self, chr, /)", "Returns the east asian width assigned to the character chr as string."),
    method("decomposition", f_decomposition, "($self, chr, /)", "Returns the character decomposition mapping assigned to the character chr as string."),
    method("name", f_name, "($self, chr, default=<unrepresentable>, /)", "Returns the name assigned to the character chr as a string."),
    method("lookup", f_lookup, "($self, name, /)", "Look up character by name."),
    method("normalize", f_normalize, "($self, form, unistr, /)", "Return the normal form 'form' for the Unicode string unistr."),
    method("is_normalized", f_is_normalized, "($self, form, unistr, /)", "Return whether the Unicode string unistr is in the normal form 'form'."),
    {},
};
const GetSet kDatabaseGetSets[] = {{"unidata_version", old_version}, {}};
const TypeSpec kDatabaseSpec = {
    .name = "unicodedata.UCD",
    .layout = {"UCD", sizeof(Database), 0, nullptr, nullptr, nullptr, nullptr},
    .flags = type_flag::kDisallowInstantiation | type_flag::kImmutable,
    .methods = kFunctions,
    .getsets = kDatabaseGetSets,
};
Status initialise(Thread& t, Module* module) {
  TRY(module_add_type(t, module, kDatabaseSpec, &g_database_type));
  TRY(module_add_str(t, module, "unidata_version", "16.0.0"));
  return module_add(t, module, "ucd_3_2_0", TRY(allocate_instance(t, g_database_type)));
}

}  // namespace

extern const ModuleDef module_unicodedata;
const ModuleDef module_unicodedata = {"unicodedata", "This module provides access to the Unicode Character Database which\ndefines character properties for all Unicode characters. The data in\nthis database is based on the UnicodeData.txt file version\n16.0.0 which is publicly available from the Unicode Consortium at\nhttps://www.unicode.org/.", kFunctions, initialise};

}  // namespace typhon
