// str: PEP 393 storage (1, 2 or 4 bytes per code point), cached hash, interning. Immutable, holds no references.
#pragma once
#include <string_view>

#include "objects/types.h"

namespace typhon {

struct Str : Object {  // aux2: key_of_hash of the hash (0 = not computed yet; racing writers store the same value)
  u64 length_kind;     // length << 8 | flags
  // code points follow, NUL-terminated

  static constexpr u64 kKindMask = 3;   // 0: Latin-1 (1 byte), 1: UCS-2, 2: UCS-4
  static constexpr u64 kAscii = 4;      // all code points < 128
  static constexpr u64 kInterned = 8;   // in the intern table (set under its lock)

  // Another thread may intern the string meanwhile.
  size_t length() const { return load_relaxed(&length_kind) >> 8; }
  u32 kind() const { return u32(load_relaxed(&length_kind) & kKindMask); }
  u32 width() const { return 1u << kind(); }
  bool is_ascii() const { return load_relaxed(&length_kind) & kAscii; }
  bool is_interned() const { return __atomic_load_n(&length_kind, __ATOMIC_RELAXED) & kInterned; }
  template <class C>
  const C* data() const {
    return reinterpret_cast<const C*>(this + 1);
  }
  const void* raw() const { return this + 1; }
  void* raw_mutable() { return this + 1; }
  u32 at(size_t i) const {
    switch (kind()) {
      case 0: return data<u8>()[i];
      case 1: return data<u16>()[i];
      default: return data<u32>()[i];
    }
  }
  // The text of an ASCII string.
  std::string_view ascii() const { return {data<char>(), length()}; }
  bool equals_ascii(std::string_view text) const { return is_ascii() && ascii() == text; }
};

// --- making
// UTF-8 text (WTF-8 surrogates accepted). Invalid bytes are a bug of the caller: use decode_utf8 for foreign data.
RefTo<Str> str_from_utf8(Thread& t, std::string_view text);
RefTo<Str> str_from_ascii(Thread& t, std::string_view text);
RefTo<Str> str_from_char(Thread& t, u32 code_point);  // Latin-1 singletons
extern Str* g_latin1[256];
// The same as an owned word: what is immortal is not counted.
TYPHON_INLINE Value str_of_latin1(u8 c) { return Value(reinterpret_cast<u64>(g_latin1[c]) | Value::kDeferredBit); }
// From code points of the given width (1, 2, 4); narrows to the smallest kind.
RefTo<Str> str_from_points(Thread& t, const void* points, u32 width, size_t n);
// Uninitialised characters of the kind that max_char needs; fill raw_mutable() before anyone sees it (the maximum must be reached).
RefTo<Str> str_allocate(Thread& t, size_t length, u32 max_char);
RefTo<Str> str_format(Thread& t, const char* format, ...);  // see raise() for the directives
Str* empty_str();
// The interned string equal to `s` (s itself when first). Intern table entries do not keep strings alive.
RefTo<Str> str_intern(Thread& t, Value s);
// For names known at compile time: interned and immortal. Use through NAME() / names.def below.
Str* str_immortal(Thread& t, std::string_view ascii);

// --- reading
// UTF-8 (surrogates as WTF-8). For ASCII strings a view of the data; otherwise `buffer` must outlive the view.
struct Utf8Buffer {
  char* heap = nullptr;
  ~Utf8Buffer();
};
std::string_view str_utf8(const Str* s, Utf8Buffer& buffer);
// Without NULs inside, for paths and C APIs: ValueError "embedded null character"; surrogateescape'd bytes come back as bytes.
u32 str_hash32(const Str* s);  // key_of_hash(str_hash(s)), cached
i64 str_hash(const Str* s);    // hash(s), computed each time: the header has no room for it
bool str_equal(const Str* a, const Str* b);
int str_compare(const Str* a, const Str* b);
i64 str_find(const Str* s, const Str* needle, size_t start, size_t end);  // -1 when absent
RefTo<Str> str_concat(Thread& t, Str* a, Str* b);
RefTo<Str> str_substring(Thread& t, Str* s, size_t start, size_t end);
RefTo<Str> str_join(Thread& t, Str* separator, const Value* items, size_t n);
// str(v), repr(v), ascii(v), format(v, spec): see protocol/object.h.

// memcpy for what is mostly a few bytes: in two moves that overlap.
TYPHON_INLINE void copy_short(u8* to, const u8* from, size_t n) {
  auto both_ends = [&]<class Word>(Word first) {
    Word last;
    std::memcpy(&first, from, sizeof(Word));
    std::memcpy(&last, from + n - sizeof(Word), sizeof(Word));
    std::memcpy(to, &first, sizeof(Word));
    std::memcpy(to + n - sizeof(Word), &last, sizeof(Word));
  };
  if (n > 32) {
    std::memcpy(to, from, n);
  } else if (n > 16) {
    using Block = u64 __attribute__((vector_size(16)));
    both_ends(Block{});
  } else if (n >= 8) {
    both_ends(u64(0));
  } else if (n >= 4) {
    both_ends(u32(0));
  } else {
    for (size_t i = 0; i < n; i++) to[i] = from[i];
  }
}

// Builds a string piece by piece; widens as needed. On a C++ stack; malloc'ed storage, no references.
class StrBuilder {
 public:
  StrBuilder() = default;
  ~StrBuilder();
  StrBuilder(const StrBuilder&) = delete;
  void append(u32 code_point);
  void append(const Str* s);
  void append(const Str* s, size_t start, size_t end);
  void append_ascii(std::string_view text);
  void append_utf8(std::string_view text);
  void append_repeated(u32 code_point, size_t n);
  size_t length() const { return length_; }
  void truncate(size_t n) { length_ = n; }
  RefTo<Str> finish(Thread& t);  // MemoryError when growth failed anywhere

 private:
  void grow(size_t more, u32 max_char);
  void* data_ = local_;
  size_t length_ = 0, capacity_ = sizeof local_;
  u32 width_ = 1;
  u32 max_char_ = 0;  // bits that occurred in any character: tells the kind, not the maximum
  bool failed_ = false;
  alignas(8) u8 local_[192];  // short strings need no malloc; not initialised
};

// Key of the string hash, from PYTHONHASHSEED or the system's randomness. Before the first string is made.
void set_hash_secret(u64 k0, u64 k1);
// hash() of bytes (and of the characters of strings) under that key: SipHash-1-3; 0 for no bytes.
i64 hash_bytes(const void* data, size_t n);
// What dicts, sets and the intern table keep of a hash(): 32 bits, those of small numbers unchanged.
TYPHON_INLINE u32 key_of_hash(i64 hash) {
  u32 high = u32(u64(hash) >> 32) ^ u32(hash >> 63);
  return u32(hash) ^ high * 0x9E3779B1u;
}
// `s` itself when it is exactly a str, else an exact copy.
RefTo<Str> str_exact(Thread& t, Str* s);

// Interned names the VM uses, from objects/names.def: names::__init__ etc.
namespace names {
#define NAME(id) extern Str* id;
#define NAME_AS(id, text) extern Str* id;
#include "objects/names.def"
#undef NAME
#undef NAME_AS
}  // namespace names
Status initialise_names(Thread& t);

}  // namespace typhon
