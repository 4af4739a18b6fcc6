#include "objects/set_table.h"

namespace typhon::set_table {

namespace {

SetTable g_empty_storage;  // mask 0 and one EMPTY entry: every probe ends at once

// A key that is not there yet; `fill` is the caller's to set.
TYPHON_INLINE void insert_word(SetTable* table, u64 hash, Value key_word) {
  SetEntry* entries = table->entries;
  Sequence at(table, hash);
  while (!entries[at.position].key.address()->is_empty()) at.advance();
  entries[at.position].hash = hash;
  *entries[at.position].key.address() = key_word;
}

}  // namespace

SetTable* const g_empty = &g_empty_storage;

bool same_table(const Set* s, const Search& search) {
  return generation_of(s) == search.generation && table_of(s) == search.table;
}

bool still_holds(const Set* s, const Search& search) {
  if (!same_table(s, search)) return false;
  Value key = search.table->entries[search.probe.slot].key.peek();
  return search.probe.index >= 0 ? is_live(key) : key.is_empty();
}

Status search_py(Thread& t, Set* s, Value key, u64 hash, Search* out) {
  for (;;) {
    out->generation = generation_of(s);
    out->table = table_of(s);
    bool restart = false;
    for (Sequence at(out->table, hash); !restart; at.advance()) {
      const SetEntry& entry = out->table->entries[at.position];
      Value k = entry.key.peek();
      if (k.is_empty()) {
        out->probe = {kAbsent, at.position};
        return ok();
      }
      bool same = k.bits == key.bits;
      if (!same) {
        if (entry.hash != hash || k.is_unbound()) continue;
        Quick q = quick_equal(k, key);
        if (q == Quick::kUnknown) {
          Ref keep = Ref::copy(k);
          same = TRY(equal(t, keep, key));
          keep.clear();
          restart = !same_table(s, *out);
          if (restart) break;
        } else {
          same = q == Quick::kYes;
        }
      }
      // One that was deleted meanwhile does not count; an equal key may have come back further on.
      if (!same || !is_live(entry.key.peek())) continue;
      out->probe = {i64(at.position), at.position};
      return ok();
    }
  }
}

SetTable* allocate_table(Thread& t, Set* owner, u64 size) {
  if (size > kMaxItems / 2) {
    (void)raise_no_memory(t);
    return nullptr;
  }
  size_t bytes = sizeof(SetTable) + (size - 1) * sizeof(SetEntry);
  SetTable* table = static_cast<SetTable*>(heap::allocate_body(t, owner, bytes));
  if (table == nullptr) return nullptr;
  table->mask = size - 1;
  return table;
}

SetTable* first_table(Thread& t, Set* s) {
  SetTable* table = allocate_table(t, s, kMinSize);
  if (table != nullptr) install(s, table);
  return table;
}

Status resize(Thread& t, Set* s, SetTable* seen, u64 wanted) {
  u64 size = kMinSize;
  while (size <= wanted) size *= 2;
  SetTable* fresh = allocate_table(t, s, size);
  if (fresh == nullptr) return Raised{};
  bool installed = false;
  {
    ObjectLock lock(t, s);
    if (s->table == seen && s->used * 5 < fresh->mask * 3) {
      for (u64 i = 0; i <= seen->mask; i++) {
        Value key = seen->entries[i].key.peek();
        if (is_live(key)) insert_word(fresh, seen->entries[i].hash, key);
      }
      fresh->fill = s->used;
      install(s, fresh);
      installed = true;
    }
  }
  if (!installed)
    heap::free_block(t, fresh);
  else if (seen != g_empty)
    heap::retire_body(t, s, seen);
  return ok();
}

Status grow(Thread& t, Set* s, SetTable* full) {
  u64 used = used_of(s);
  return resize(t, s, full, used > 50000 ? used * 2 : used * 4);
}

void drop_table(Thread& t, Set* s, SetTable* table) {
  if (table == g_empty) return;
  for (u64 i = 0; i <= table->mask; i++) {
    Value key = table->entries[i].key.peek();
    if (is_live(key)) Field::release_heap(key);
  }
  heap::retire_body(t, s, table);
}

Status fill_from(Thread& t, Set* s, Set* source) {
  for (;;) {
    SetTable* seen = table_of(source);
    u64 used = used_of(source);
    if (used == 0) return ok();
    // As large as CPython makes it, so that the elements have the same order.
    u64 size = kMinSize;
    if (used * 5 >= (kMinSize - 1) * 3)
      while (size <= used * 2) size *= 2;
    bool dense = fill_of(seen) == used && size == seen->mask + 1;
    SetTable* fresh = allocate_table(t, s, size);
    if (fresh == nullptr) return Raised{};
    bool done = false;
    {
      ObjectLock lock(t, source);
      SetTable* table = source->table;
      if (table == seen && source->used == used && (!dense || table->fill == used)) {
        for (u64 i = 0; i <= table->mask; i++) {
          Value key = table->entries[i].key.peek();
          if (!is_live(key)) continue;
          if (dense) {
            fresh->entries[i].hash = table->entries[i].hash;
            *fresh->entries[i].key.address() = heap_copy(key);
          } else {
            insert_word(fresh, table->entries[i].hash, heap_copy(key));
          }
        }
        fresh->fill = used;
        done = true;
      }
    }
    if (!done) {
      heap::free_block(t, fresh);
      continue;
    }
    SetTable* old = s->table;
    install(s, fresh);
    s->used = used;
    drop_table(t, s, old);
    return ok();
  }
}

void move_table(Thread& t, Set* s, Set* from) {
  SetTable *fresh = from->table, *old;
  for (u64 i = 0; i <= fresh->mask; i++) {
    Value key = fresh->entries[i].key.peek();
    if (is_live(key)) publish_for(s, key);
  }
  if (fresh != g_empty) fresh->owner = s;
  {
    ObjectLock lock(t, s);
    old = s->table;
    install(s, fresh);
    set_used(s, from->used);
  }
  from->table = g_empty;
  from->used = 0;
  drop_table(t, s, old);
}

void clear(Thread& t, Set* s) {
  SetTable* old;
  {
    ObjectLock lock(t, s);
    old = s->table;
    if (old == g_empty) return;
    install(s, g_empty);
    set_used(s, 0);
  }
  drop_table(t, s, old);
}

Result<bool> add_slow_py(Thread& t, Set* s, Value key, u64 hash) {
  bool added = false;
  SetTable* crowded = nullptr;
  TRY(with_slot_py(t, s, key, hash, [&](SetTable* table, Probe probe) {
    if (probe.index >= 0) return true;
    if (!has_room(table)) return false;
    SetEntry& entry = table->entries[probe.slot];
    entry.hash = hash;
    put_word(entry.key, heap_copy(key));
    __atomic_store_n(&table->fill, table->fill + 1, __ATOMIC_RELEASE);
    set_used(s, s->used + 1);
    added = true;
    if (is_crowded(table)) crowded = table;
    return true;
  }));
  if (crowded != nullptr) TRY(grow(t, s, crowded));
  return added;
}

Result<bool> contains_slow_py(Thread& t, Set* s, Value key, u64 hash) {
  Search search;
  TRY(search_py(t, s, key, hash, &search));
  return search.probe.index >= 0;
}

Result<bool> discard_slow_py(Thread& t, Set* s, Value key, u64 hash) {
  Value word = EMPTY;
  TRY(with_slot_py(t, s, key, hash, [&](SetTable* table, Probe probe) {
    if (probe.index >= 0) word = delete_entry(s, table, u64(probe.index));
    return true;
  }));
  bool found = !word.is_empty();
  Field::release_heap(word);
  return found;
}

}  // namespace typhon::set_table
