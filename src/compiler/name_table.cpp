// NameTable: the identifiers of one compilation.
#include "compiler/symtable.h"

namespace typhon::compiler {
namespace {

u32 hash_text(std::string_view text) {
  u64 h = 0x9E3779B97F4A7C15u ^ text.size();
  const char* p = text.data();
  size_t n = text.size();
  for (; n >= 8; n -= 8, p += 8) {
    u64 word;
    memcpy(&word, p, 8);
    h = (h ^ word) * 0xFF51AFD7ED558CCDu;
    h ^= h >> 32;
  }
  u64 word = 0;
  memcpy(&word, p, n);
  h = (h ^ word) * 0xFF51AFD7ED558CCDu;
  return u32(h ^ h >> 32);
}

}  // namespace

NameTable::NameTable(Thread& t) : thread_(t), values_(t) {
  slots_.resize(512);
#define X(id, text) intern(text);
  TYPHON_COMPILER_NAMES(X)
#undef X
  DCHECK(entries_.size() == name::kPredefined);
}

NameId NameTable::intern(std::string_view text) {
  u32 hash = hash_text(text);
  u32 mask = slots_.size() - 1;
  for (u32 i = hash & mask;; i = (i + 1) & mask) {
    u32 slot = slots_[i];
    if (slot == 0) {
      NameId id = entries_.size();
      slots_[i] = id + 1;
      entries_.push({text, hash, 0});
      if (entries_.size() * 2 > slots_.size()) grow();
      return id;
    }
    const Entry& e = entries_[slot - 1];
    if (e.hash == hash && e.text == text) return slot - 1;
  }
}

void NameTable::grow() {
  u32 size = slots_.size() * 2;
  slots_.clear();
  slots_.resize(size);
  for (u32 id = 0; id < entries_.size(); id++) {
    u32 i = entries_[id].hash & (size - 1);
    while (slots_[i] != 0) i = (i + 1) & (size - 1);
    slots_[i] = id + 1;
  }
}

Value NameTable::value(NameId id) {
  Entry& e = entries_[id];
  if (e.value_index == 0) {
    RefTo<Str> text = str_from_utf8(thread_, e.text);
    CHECK(!text.failed());
    RefTo<Str> interned = str_intern(thread_, text);
    CHECK(!interned.failed());
    values_.push(std::move(interned).release_ref());
    e.value_index = u32(values_.size());
  }
  return values_[e.value_index - 1];
}

}  // namespace typhon::compiler
