// Keys of dicts and sets, and members of other containers, as handlers look for them: without a call, as far as hashes that are at
// hand, identity and short texts tell.
#pragma once
#include "interpreter/dispatch.h"
#include "objects/dict/table.h"
#include "objects/set_table.h"

namespace typhon {

// The key_hash of a small int, an exact str that was hashed before, or a class without a metaclass of its own; the word that a heap slot
// has for it. False for other keys.
TYPHON_INLINE bool quick_key_hash(Value key, u64* hash, Value* word) {
  if (key.is_small_int()) {
    i64 n = key.as_small_int();
    *word = key;
    if (u64(n) < u64(kHashModulus)) [[likely]] {
      *hash = key_of_hash(n);
      return true;
    }
    *hash = key_of_hash(n - (n == -1));
    return n < 0 && n > -kHashModulus;
  }
  if (!points(key)) return false;
  Object* object = key.object();
  *word = Value(object);
  u32 shape = quick_shape(object);
  if (shape == kShape_str) [[likely]] {
    *hash = __atomic_load_n(&object->aux2, __ATOMIC_RELAXED);
    return *hash != 0;
  }
  if (shape != kShape_type) return false;
  u64 id = reinterpret_cast<u64>(object);
  *hash = key_of_hash(i64((id >> 4) | (id << 60)));  // object_hash_identity
  return true;
}

// Whether two exact strings are equal: 1, 0, or -1 when that takes a longer look.
TYPHON_INLINE int quick_same_text(const Str* a, const Str* b) {
  if (a == b) return 1;
  u64 x = __atomic_load_n(&a->length_kind, __ATOMIC_RELAXED), y = __atomic_load_n(&b->length_kind, __ATOMIC_RELAXED);
  if (x & y & Str::kInterned) return 0;
  if ((x ^ y) & ~Str::kInterned) return 0;
  u64 n = x >> 8;
  if ((x & Str::kKindMask) != 0 || n > 16) return -1;
  // Blocks are multiples of 16 bytes and the characters begin at 24: eight bytes from there are inside.
  auto word = [](const Str* s, u64 at) {
    u64 w;
    std::memcpy(&w, s->data<u8>() + at, 8);
    return w;
  };
  if (n >= 8) return word(a, 0) == word(b, 0) && word(a, n - 8) == word(b, n - 8);
  return (word(a, 0) ^ word(b, 0)) << 8 << (56 - 8 * n) == 0;
}

// Whether `k` out of a container is `key` (untagged) or equal to it: 1, 0, or -1 when that may take Python code or a call.
TYPHON_INLINE int quick_same_key(Value k, Value key) {
  if (k.bits == key.bits) return 1;
  if (k.bits & key.bits & 1) return 0;
  bool text = is_exact_str(k), key_is_text = is_exact_str(key);
  if (text && key_is_text) return quick_same_text(k.as<Str>(), key.as<Str>());
  return (text && !key.is_object()) || (key_is_text && !k.is_object()) ? 0 : -1;
}

// A key that is looked for: its hash, and what the search found out.
struct QuickSearch {
  static constexpr u64 kUnknown = ~u64(0);
  u64 hash;
  u64 slot;  // the free one of the index that ended an unsuccessful search; kUnknown: that takes Python code or a call
  TYPHON_INLINE bool is_absent() const { return slot != kUnknown; }
};
template <class W>
TYPHON_INLINE DictEntry* quick_find_as(DictTable* table, Value key, QuickSearch* search) {
  const W* index = reinterpret_cast<const W*>(table + 1);
  u64 mask = table->index_mask, hash = search->hash, position = hash & mask, perturb = hash;
  // The entry of slot number 0 would lie before the first.
  DictEntry* before = table->entries() - 1;
  for (;;) {
    W number = __atomic_load_n(index + position, __ATOMIC_ACQUIRE);
    if (number == 0) {
      search->slot = position;
      return nullptr;
    }
    if (number != dict_table::Index<W>::kDeleted) {
      DictEntry* entry = before + number;
      Value k = entry->key.peek();
      if (k.bits == key.bits) return entry;
      if (entry->hash == hash) {
        Value asked = key;
        asm("" : "+r"(asked.bits));  // nothing of this is worked out before the loop
        int same = quick_same_key(k, asked);
        if (same > 0) return entry;
        if (same < 0) break;
      }
    }
    perturb >>= 5;  // as dict_table::Index
    position = (position * 5 + perturb + 1) & mask;
  }
  search->slot = QuickSearch::kUnknown;
  return nullptr;
}
// The key's entry in the table; null when there is none, or it is not known.
TYPHON_INLINE DictEntry* quick_find(DictTable* table, Value key, QuickSearch* search) {
  Value word;
  search->slot = QuickSearch::kUnknown;
  if (!quick_key_hash(key, &search->hash, &word)) return nullptr;
  if (table->index_width == 1) [[likely]] return quick_find_as<u8>(table, word, search);
  return table->index_width == 2 ? quick_find_as<u16>(table, word, search) : nullptr;
}
// What a dict has under the key, borrowed; EMPTY when it is not there. False: not known.
TYPHON_INLINE bool quick_dict_value(const Dict* dict, Value key, Value* value) {
  QuickSearch search;
  DictEntry* entry = quick_find(dict_table::table_of(dict), key, &search);
  *value = EMPTY;
  if (entry == nullptr) return search.is_absent();
  *value = entry->value.peek();
  return true;
}

// The words of a new key and value that a container nobody else looks at gets. False: that takes a call, and nothing was counted.
TYPHON_INLINE bool quick_heap_words(Value key, bool key_moved, Value value, bool value_moved, const Object* owner, Value* key_word,
                                    Value* value_word) {
  if (!quick_heap_word(key, key_moved, owner, key_word)) return false;
  if (quick_heap_word(value, value_moved, owner, value_word)) [[likely]] return true;
  if (!key_moved || key.is_deferred()) (void)quick_drop(*key_word);
  return false;
}
// Appends an entry, which the dict has not, where the search for it ended. False: that takes a call, and nothing was done. A word that is
// moved is the dict's then.
TYPHON_INLINE bool quick_append_entry(Dict* dict, const QuickSearch& search, Value key, bool key_moved, Value value, bool value_moved) {
  DictTable* table = dict->table;
  Value key_word, value_word;
  if (table->entry_count == table->entry_capacity || !quick_heap_words(key, key_moved, value, value_moved, dict, &key_word, &value_word))
    return false;
  dict_table::append_words(table, search.slot, search.hash, key_word, value_word);
  dict_table::change_used(dict, 1);
  return true;
}

// Where the key, a heap slot's word, is in the table, or would be.
TYPHON_INLINE set_table::Probe quick_set_probe(const SetTable* table, Value key, u64 hash) {
  for (set_table::Sequence at(table, hash);; at.advance()) {
    const SetEntry& entry = table->entries[at.position];
    Value k = entry.key.peek();
    if (k.is_empty()) return {set_table::kAbsent, at.position};
    if (k.bits == key.bits) return {i64(at.position), at.position};
    if (entry.hash != hash) continue;
    Value asked = key;
    asm("" : "+r"(asked.bits));  // as in quick_find_as
    int same = quick_same_key(k, asked);
    if (same > 0) return {i64(at.position), at.position};
    if (same < 0) return {set_table::kUnknown, 0};
  }
}
// Adds a key to an exact set that nobody else looks at. 1: it is the set's now (its word, if it is moved); 0: the set had it; -1: that
// takes a call.
TYPHON_INLINE int quick_set_add(Set* set, Value key, bool moved) {
  u64 hash;
  Value word;
  if (!quick_key_hash(key, &hash, &word)) return -1;
  SetTable* table = set->table;
  set_table::Probe probe = quick_set_probe(table, word, hash);
  if (probe.index >= 0) return 0;
  // The entry that crowds the table has to make it larger.
  if (probe.index != set_table::kAbsent || (table->fill + 1) * 5 >= table->mask * 3 || !quick_heap_word(key, moved, set, &word)) return -1;
  SetEntry& entry = table->entries[probe.slot];
  entry.hash = hash;
  *entry.key.address() = word;
  table->fill++;
  set->used++;
  return 1;
}

// Membership: 1, 0, or -1 for not known.
TYPHON_INLINE int quick_in_set(const Set* set, Value key) {
  u64 hash;
  Value word;
  if (!quick_key_hash(key, &hash, &word)) return -1;
  i64 found = quick_set_probe(set_table::table_of(set), word, hash).index;
  return found == set_table::kUnknown ? -1 : found >= 0;
}
TYPHON_INLINE int quick_in_tuple(const Tuple* tuple, Value item) {
  item = item.untagged();
  for (u64 i = 0; i < tuple->size; i++)
    if (int same = quick_same_key(tuple->items[i].peek(), item)) return same;
  return 0;
}
TYPHON_INLINE int quick_in_text(const Str* text, Value item) {
  if (!item.is_object() || quick_shape(item.object()) != kShape_str) return -1;
  Str* one = item.as<Str>();
  if (one->length() != 1 || (one->kind() | text->kind()) != 0 || text->length() > 64) return -1;
  u8 c = one->data<u8>()[0];
  const u8* data = text->data<u8>();
  for (u64 i = 0, n = text->length(); i < n; i++)
    if (data[i] == c) return 1;
  return 0;
}
TYPHON_INLINE int quick_contains(Value container, Value item) {
  if (!points(container)) return -1;
  switch (quick_shape(container.object())) {
    case kShape_set:
    case kShape_frozenset: return quick_in_set(container.as<Set>(), item);
    case kShape_dict: {
      Value value;
      if (!quick_dict_value(container.as<Dict>(), item, &value)) return -1;
      return !value.is_empty();
    }
    case kShape_tuple: return quick_in_tuple(container.as<Tuple>(), item);
    case kShape_str: return quick_in_text(container.as<Str>(), item);
    default: return -1;
  }
}

// Whether the operands b and c, as far as the instruction consumes them, may be dropped and nothing dies by that; and doing it.
TYPHON_INLINE bool sources_drop_quickly(const Value* r, const Instr* pc) {
  Value b = r[pc->b], c = r[pc->c];
  bool consumes_b = pc->x & kConsumeB;
  if (consumes_b && !drops_quickly(b)) return false;
  return !(pc->x & kConsumeC) || (!(consumes_b && b.same_word(c)) && drops_quickly(c));
}
TYPHON_INLINE void drop_sources(Value* r, const Instr* pc) {
  if (pc->x & kConsumeB) {
    (void)quick_drop(r[pc->b]);
    r[pc->b] = EMPTY;
  }
  if (pc->x & kConsumeC) {
    (void)quick_drop(r[pc->c]);
    r[pc->c] = EMPTY;
  }
}
TYPHON_INLINE bool drop_sources_quickly(Value* r, const Instr* pc) {
  if (!sources_drop_quickly(r, pc)) return false;
  drop_sources(r, pc);
  return true;
}

}  // namespace typhon
