// The table of a dict: layout, probing, growth, and the locked update protocol that dict.cpp and views.cpp build on.
//
// A table is one body: header, index (2^log2_size slots of index_width bytes), entries in insertion order. An index
// slot holds 0 (never used), entry number + 1, or all ones (deleted). Within one table entries and index slots are
// only ever added; every entry uses up one slot, so with entry_capacity below the number of slots every probe ends.
//
// Readers take no lock: they load the table pointer once and never keep it over a callout. Writers hold the dict's
// lock. Whoever writes an entry's value must hold the lock and have seen d->table under it: a rebuild moves the words
// (and their counts) to the new table, and what is then stored into the old one would be lost. Whoever gives an exact dict another
// table, or frees it, calls global_cells::forget_table before, under that lock.
#pragma once
#include "objects/container_util.h"

namespace typhon::dict_table {

inline constexpr i64 kAbsent = -1;
inline constexpr i64 kUnknown = -2;  // some key has the same hash and only Python code can tell

// The immortal table of every dict that holds nothing.
extern DictTable* const g_empty;

TYPHON_INLINE DictTable* table_of(const Dict* d) { return __atomic_load_n(&d->table, __ATOMIC_ACQUIRE); }
TYPHON_INLINE u32 entry_count(const DictTable* table) { return __atomic_load_n(&table->entry_count, __ATOMIC_ACQUIRE); }
TYPHON_INLINE u64 used_of(const Dict* d) { return __atomic_load_n(&d->used, __ATOMIC_RELAXED); }
// Under the lock.
TYPHON_INLINE void change_used(Dict* d, i64 delta) { __atomic_store_n(&d->used, d->used + u64(delta), __ATOMIC_RELAXED); }

struct Probe {
  i64 index;  // entry number, kAbsent or kUnknown
  u64 slot;   // of the index: where the entry was found, or the free slot that ended the probe
};

template <class W>
struct Index {
  static constexpr W kDeleted = W(~W(0));
  const DictTable* table;
  const DictEntry* entries;
  u64 mask, position, perturb;

  TYPHON_INLINE Index(const DictTable* table, u64 hash)
      : table(table),
        entries(table->entries()),
        mask(table->index_mask),
        position(hash & mask),
        perturb(hash) {}
  TYPHON_INLINE W slot() const {
    return __atomic_load_n(reinterpret_cast<const W*>(table + 1) + position, __ATOMIC_ACQUIRE);
  }
  TYPHON_INLINE void advance() {
    perturb >>= 5;
    position = (position * 5 + perturb + 1) & mask;
  }
};

// Exact str key: compares with exact str keys only, so needs no Python code and knows every answer.
template <class W>
TYPHON_INLINE Probe probe_str_as(const DictTable* table, const Str* key, u64 hash) {
  Index<W> at(table, hash);
  for (;; at.advance()) {
    W slot = at.slot();
    if (slot == 0) return {kAbsent, at.position};
    if (slot == Index<W>::kDeleted) continue;
    const DictEntry& entry = at.entries[slot - 1];
    Value k = entry.key.peek();
    if (k.bits == reinterpret_cast<u64>(key)) return {i64(slot - 1), at.position};
    if (entry.hash == hash && is_exact_str(k) && quick_equal_slow(k, Value(key)) == Quick::kYes)
      return {i64(slot - 1), at.position};
  }
}
TYPHON_INLINE Probe probe_str(const DictTable* table, const Str* key, u64 hash) {
  if (table->index_width == 1) [[likely]]
    return probe_str_as<u8>(table, key, hash);
  if (table->index_width == 2) return probe_str_as<u16>(table, key, hash);
  return probe_str_as<u32>(table, key, hash);
}

// Any key; kUnknown as soon as Python code would have to compare.
template <class W>
TYPHON_INLINE Probe probe_quick_as(const DictTable* table, Value key, u64 hash) {
  Index<W> at(table, hash);
  for (;; at.advance()) {
    W slot = at.slot();
    if (slot == 0) return {kAbsent, at.position};
    if (slot == Index<W>::kDeleted) continue;
    const DictEntry& entry = at.entries[slot - 1];
    Value k = entry.key.peek();
    if (k.bits == key.bits) return {i64(slot - 1), at.position};
    if (entry.hash != hash || k.is_empty()) continue;
    Quick q = quick_equal(k, key);
    if (q == Quick::kYes) return {i64(slot - 1), at.position};
    if (q == Quick::kUnknown) return {kUnknown, at.position};
  }
}
// `key` must be untagged.
TYPHON_INLINE Probe probe_quick(const DictTable* table, Value key, u64 hash) {
  if (table->index_width == 1) [[likely]]
    return probe_quick_as<u8>(table, key, hash);
  if (table->index_width == 2) return probe_quick_as<u16>(table, key, hash);
  return probe_quick_as<u32>(table, key, hash);
}

// A search that may run __eq__. Its answer holds as long as the dict has the same table and, under the lock, the entry
// found still has a value, or the index slot found free is still free: an equal key would have gone into just that one.
struct Search {
  DictTable* table;
  u32 stamp;  // of the table: an address may be used again during a callout
  Probe probe;
};
// May run Python code. The answer held at the end.
Status search_py(Thread& t, Dict* d, Value key, u64 hash, Search* out);
bool same_table(const Dict* d, const Search& search);
bool still_holds(const Dict* d, const Search& search);
// The index slot that refers to entry `index`, or the free slot for kAbsent. Under the lock.
u64 locate_slot(const DictTable* table, u64 hash, i64 index);

// A table with room for `capacity` entries (exactly); null with MemoryError pending.
DictTable* allocate_table(Thread& t, Dict* owner, u64 capacity);
u64 capacity_for_growth(u64 used);
TYPHON_INLINE void store_slot(DictTable* table, u64 slot, u64 value) {
  if (table->index_width == 1) [[likely]]
    __atomic_store_n(reinterpret_cast<u8*>(table + 1) + slot, u8(value), __ATOMIC_RELEASE);
  else if (table->index_width == 2)
    __atomic_store_n(reinterpret_cast<u16*>(table + 1) + slot, u16(value), __ATOMIC_RELEASE);
  else
    __atomic_store_n(reinterpret_cast<u32*>(table + 1) + slot, u32(value), __ATOMIC_RELEASE);
}
// Before a key comes into a table that has cells: it may hide one of the builtins. Under the dict's lock.
void before_new_name(Value key);
// Writes a new entry: the key and value words are heap words (counted) of which the table becomes the owner. There
// must be room.
TYPHON_INLINE void append_words(DictTable* table, u64 slot, u64 hash, Value key_word, Value value_word) {
  u32 n = table->entry_count;
  DictEntry& entry = table->entries()[n];
  entry.hash = hash;
  *entry.key.address() = key_word;
  *entry.value.address() = value_word;
  if (table->has_cells) [[unlikely]] before_new_name(key_word);
  if (table->all_str && !is_exact_str(key_word)) table->all_str = 0;
  __atomic_store_n(&table->entry_count, n + 1, __ATOMIC_RELEASE);
  store_slot(table, slot, n + 1);
}
// Replaces a full table by one with room for `extra` more entries, unless somebody else did. Takes the lock.
Status grow(Thread& t, Dict* d, DictTable* full, u64 extra = 1);
// Sees to room for `more` entries. A hint: other threads may take it.
inline Status reserve(Thread& t, Dict* d, u64 more) {
  DictTable* table = table_of(d);
  return table->entry_capacity - entry_count(table) < more ? grow(t, d, table, more) : ok();
}
// Drops every reference of a table that has been replaced by another and frees it. Runs Python code.
void drop_table(Thread& t, Dict* d, DictTable* table);
// Marks an index slot deleted. Under the lock.
void mark_deleted(DictTable* table, u64 slot);
// The table's id, given now when it has none yet.
u32 ensure_id(DictTable* table);

// Runs action(table, probe) under the dict's lock, in a state where `probe` is the truth about the key. The action
// returns false when it needs room for one more entry; then the table is grown and everything starts again. `key`
// must be untagged; `value` (or EMPTY) is what the action is going to store: both are published first if the dict is
// shared.
template <class Action>
TYPHON_INLINE Status with_entry_py(Thread& t, Dict* d, Value key, u64 hash, Value value, Action&& action) {
  bool ask_python = false;
  for (;;) {
    Search search;
    if (ask_python) {
      // Room first: a table that grows afterwards would have to be searched again.
      DictTable* table = table_of(d);
      if (!value.is_empty() && entry_count(table) == table->entry_capacity) TRY(grow(t, d, table));
      TRY(search_py(t, d, key, hash, &search));
    }
    publish_for(d, key);
    publish_for(d, value);
    DictTable* full = nullptr;
    {
      ObjectLock lock(t, d);
      DictTable* table = d->table;
      Probe probe;
      if (!ask_python) {
        probe = probe_quick(table, key, hash);
        if (probe.index == kUnknown) {
          ask_python = true;
          continue;
        }
      } else {
        if (!still_holds(d, search)) continue;
        probe = search.probe;
      }
      if (!value.is_empty() && probe.index >= 0) lock.note_element();
      if (action(table, probe)) return ok();
      full = table;
    }
    TRY(grow(t, d, full));
  }
}

// One live entry at or after *position (an entry number), as owned references; false at the end. Runs no Python code.
bool next_entry(Dict* d, const DictTable* table, u64* position, Ref* key, Ref* value, u64* hash);

// --- shared between dict.cpp and views.cpp
Status set_hashed_py(Thread& t, Dict* d, Value key, u64 hash, Value value);
Ref get_hashed_py(Thread& t, Dict* d, Value key, u64 hash);
TYPHON_INLINE Result<u64> hash_of_key(Thread& t, Value key) {
  // Ints that are their own hash: identities, mostly.
  if (key.is_small_int() && u64(key.as_small_int()) < u64(kHashModulus)) return u64(key_of_hash(key.as_small_int()));
  return key_hash(t, key, "dict key");
}

}  // namespace typhon::dict_table

namespace typhon {

struct DictView : Object {
  Field dict;
};
// dict_iterators of the three kinds, forwards and backwards; views.cpp.
enum class DictPart : u8 { kKeys, kValues, kItems };
Ref dict_iterator_new(Thread& t, Dict* d, DictPart part, bool backwards);
Ref dict_view_new(Thread& t, Dict* d, DictPart part);
Status initialise_dict_types(Thread& t);

}  // namespace typhon
