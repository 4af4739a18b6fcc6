// The table of a set: open addressing in one body. A slot's key is EMPTY (never used), a value, or UNBOUND (deleted);
// slots are never used twice within a table, so that a racing reader pairs each key with its own hash.
//
// Readers take no lock and keep no table pointer over a callout; writers hold the set's lock. `aux2` of a set counts
// the tables it has had. The answer of a search that ran Python code holds, under the lock, if the table is the same and the
// entry found is live, or the one found free is still free: an equal key would have gone into just that one.
#pragma once
#include "objects/container_util.h"

namespace typhon::set_table {

inline constexpr i64 kAbsent = -1;
inline constexpr i64 kUnknown = -2;  // only Python code can tell

extern SetTable* const g_empty;

TYPHON_INLINE SetTable* table_of(const Set* s) { return __atomic_load_n(&s->table, __ATOMIC_ACQUIRE); }
TYPHON_INLINE u64 used_of(const Set* s) { return __atomic_load_n(&s->used, __ATOMIC_RELAXED); }
TYPHON_INLINE u64 fill_of(const SetTable* table) { return __atomic_load_n(&table->fill, __ATOMIC_ACQUIRE); }
TYPHON_INLINE u32 generation_of(const Set* s) { return __atomic_load_n(&s->aux2, __ATOMIC_RELAXED); }
TYPHON_INLINE void set_used(Set* s, u64 n) { __atomic_store_n(&s->used, n, __ATOMIC_RELAXED); }
TYPHON_INLINE bool is_live(Value key) { return !key.is_empty() && !key.is_unbound(); }

struct Probe {
  i64 index;  // of the entry, kAbsent or kUnknown
  u64 slot;   // the free entry that ended an unsuccessful probe
};

// The order in which entries are tried: a short linear run, then a jump.
struct Sequence {
  static constexpr u64 kRun = 9;
  u64 mask, base, perturb, position, left;
  TYPHON_INLINE Sequence(const SetTable* table, u64 hash) : mask(table->mask), base(hash & mask), perturb(hash) {
    begin();
  }
  TYPHON_INLINE void begin() {
    position = base;
    left = base + kRun <= mask ? kRun : 0;
  }
  TYPHON_INLINE void advance() {
    if (left != 0) {
      left--;
      position++;
      return;
    }
    perturb >>= 5;
    base = (base * 5 + 1 + perturb) & mask;
    begin();
  }
};

TYPHON_INLINE Probe probe_quick(const SetTable* table, Value key, u64 hash) {
  for (Sequence at(table, hash);; at.advance()) {
    const SetEntry& entry = table->entries[at.position];
    Value k = entry.key.peek();
    if (k.is_empty()) return {kAbsent, at.position};
    if (k.bits == key.bits) return {i64(at.position), at.position};
    if (entry.hash != hash || k.is_unbound()) continue;
    Quick q = quick_equal(k, key);
    if (q == Quick::kYes) return {i64(at.position), at.position};
    if (q == Quick::kUnknown) return {kUnknown, at.position};
  }
}

struct Search {
  SetTable* table;
  u32 generation;
  Probe probe;
};
// May run Python code; the answer held at the end.
Status search_py(Thread& t, Set* s, Value key, u64 hash, Search* out);
bool same_table(const Set* s, const Search& search);
bool still_holds(const Set* s, const Search& search);

inline constexpr u64 kMinSize = 8;
inline constexpr size_t kFirstBytes = sizeof(SetTable) + (kMinSize - 1) * sizeof(SetEntry);
TYPHON_INLINE void install(Set* s, SetTable* table) {
  __atomic_store_n(&s->table, table, __ATOMIC_RELEASE);
  __atomic_store_n(&s->aux2, s->aux2 + 1, __ATOMIC_RELAXED);
}
SetTable* allocate_table(Thread& t, Set* owner, u64 size);  // size: a power of two; null with MemoryError
// Gives an empty set that nobody else looks at its first table; null with MemoryError.
SetTable* first_table(Thread& t, Set* s);
// Gives the set a table for at least `wanted` items if it still has the one given. Takes the lock.
Status resize(Thread& t, Set* s, SetTable* seen, u64 wanted);
// The growth that an insertion calls for.
Status grow(Thread& t, Set* s, SetTable* full);
TYPHON_INLINE bool is_crowded(const SetTable* table) { return fill_of(table) * 5 >= table->mask * 3; }
// Drops all references of a table that is no longer anybody's and frees it. Runs Python code.
void drop_table(Thread& t, Set* s, SetTable* table);
// A snapshot of all keys in a table of its own, for a LOCAL set.
Status fill_from(Thread& t, Set* s, Set* source);
// Makes `from`'s table the table of `s`; `from` (LOCAL, the caller's own) is empty afterwards.
void move_table(Thread& t, Set* s, Set* from);
void clear(Thread& t, Set* s);

TYPHON_INLINE bool next_key(const Set* s, u64* position, Ref* key, u64* hash) {
  const SetTable* table = table_of(s);
  for (u64 i = *position; i <= table->mask; i++) {
    Value k = table->entries[i].key.peek();
    if (!is_live(k)) continue;
    if (hash != nullptr) *hash = table->entries[i].hash;
    *position = i + 1;
    *key = Ref::copy(k);
    return true;
  }
  *position = table->mask + 1;
  return false;
}
// One entry at least stays EMPTY, or probes would not end.
TYPHON_INLINE bool has_room(const SetTable* table) { return table->fill < table->mask; }

// Runs action(table, probe) under the lock, with the truth about the key. False: it needs a (larger) table.
template <class Action>
TYPHON_INLINE Status with_slot_py(Thread& t, Set* s, Value key, u64 hash, Action&& action) {
  bool ask_python = false;
  for (;;) {
    Search search;
    if (ask_python) TRY(search_py(t, s, key, hash, &search));
    publish_for(s, key);
    SetTable* full;
    {
      ObjectLock lock(t, s);
      SetTable* table = s->table;
      Probe probe;
      if (!ask_python) {
        probe = probe_quick(table, key, hash);
        if (probe.index == kUnknown) {
          ask_python = true;
          continue;
        }
      } else {
        if (!still_holds(s, search)) continue;
        probe = search.probe;
      }
      if (action(table, probe)) return ok();
      full = table;
    }
    TRY(grow(t, s, full));
  }
}

Result<bool> add_slow_py(Thread& t, Set* s, Value key, u64 hash);
Result<bool> contains_slow_py(Thread& t, Set* s, Value key, u64 hash);
Result<bool> discard_slow_py(Thread& t, Set* s, Value key, u64 hash);

// Fills a free entry of a set that nobody else looks at.
TYPHON_INLINE Status fill_entry(Thread& t, Set* s, SetTable* table, u64 slot, Value key, u64 hash) {
  publish_for(s, key);
  SetEntry& entry = table->entries[slot];
  entry.hash = hash;
  *entry.key.address() = heap_copy(key);
  table->fill++;
  s->used++;
  if (is_crowded(table)) [[unlikely]] return grow(t, s, table);
  return ok();
}

// The usual cases here: nobody else looks at the set, and no Python code is needed to compare.
TYPHON_INLINE Result<bool> add_hashed_py(Thread& t, Set* s, Value key, u64 hash) {
  key = key.untagged();
  if (!is_contended(s)) {
    SetTable* table = s->table;
    Probe probe = probe_quick(table, key, hash);
    if (probe.index >= 0) return false;
    if (probe.index == kAbsent) [[likely]] {
      if (table == g_empty) [[unlikely]] {
        table = first_table(t, s);
        if (table == nullptr) return Raised{};
        probe.slot = hash & table->mask;
      } else if (!has_room(table)) [[unlikely]] {
        return add_slow_py(t, s, key, hash);
      }
      TRY(fill_entry(t, s, table, probe.slot, key, hash));
      return true;
    }
  }
  return add_slow_py(t, s, key, hash);
}
// A key that is known to be in no entry, into a set that is the caller's own.
TYPHON_INLINE Status add_distinct(Thread& t, Set* s, Value key, u64 hash) {
  key = key.untagged();
  if (!has_room(s->table)) TRY(grow(t, s, s->table));
  Sequence at(s->table, hash);
  while (!s->table->entries[at.position].key.is_empty()) at.advance();
  return fill_entry(t, s, s->table, at.position, key, hash);
}
TYPHON_INLINE Result<bool> contains_hashed_py(Thread& t, Set* s, Value key, u64 hash) {
  key = key.untagged();
  Probe probe = probe_quick(table_of(s), key, hash);
  if (probe.index != kUnknown) [[likely]] return probe.index >= 0;
  return contains_slow_py(t, s, key, hash);
}
// The key's own reference comes from a deleted entry's word: dropped by the caller.
TYPHON_INLINE Value delete_entry(Set* s, SetTable* table, u64 index) {
  Field& key = table->entries[index].key;
  Value word = key.peek();
  put_word(key, UNBOUND);
  set_used(s, s->used - 1);
  return word;
}
TYPHON_INLINE Result<bool> discard_hashed_py(Thread& t, Set* s, Value key, u64 hash) {
  key = key.untagged();
  if (!is_contended(s)) {
    Probe probe = probe_quick(s->table, key, hash);
    if (probe.index == kAbsent) return false;
    if (probe.index >= 0) {
      Field::release_heap(delete_entry(s, s->table, u64(probe.index)));
      return true;
    }
  }
  return discard_slow_py(t, s, key, hash);
}
inline Result<u64> hash_of_key(Thread& t, Value key) { return key_hash(t, key, "set element"); }

}  // namespace typhon::set_table
