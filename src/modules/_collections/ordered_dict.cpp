// collections.OrderedDict: a dict that can also move entries to either end and take them from the front.
//
// Every dict keeps its entries in the order of insertion, so that order serves here too: an entry that moves to the end is
// written once more behind the others, one that moves to the front has the table written anew. `front` remembers how many
// entries at the table's beginning are known to be dead, or taking entries from the front one by one would be quadratic.
#include "modules/_collections/collections.h"
#include "objects/dict/table.h"
#include "objects/itertypes.h"

namespace typhon {

using namespace dict_table;

Type* g_ordered_dict_type;

namespace {

struct OrderedDict : Dict {
  const DictTable* front_table;  // the table that `front` is about
  u64 front;
};

Type *g_iterator_type, *g_keys_type, *g_values_type, *g_items_type;

OrderedDict* self_of(Value v) { return v.as<OrderedDict>(); }
bool is_ordered(Value v) { return v.is_object() && is_native_instance(v, g_ordered_dict_type); }
bool is_exact_ordered(Value v) { return v.is_object() && type_of(v) == g_ordered_dict_type; }

void visit(Object* self, Visitor& visitor) { types::dict->layout->visit(self, visitor); }
void release(Thread& t, Object* self) { types::dict->layout->release(t, self); }

// What changes whenever an entry is added, removed or moved.
struct Stamp {
  const DictTable* table;
  u32 entries;
  u64 used;
  bool operator==(const Stamp&) const = default;
};
Stamp stamp_of(const Dict* d) {
  const DictTable* table = table_of(d);
  return {table, entry_count(table), used_of(d)};
}

// The first entry in use; entry_count when there is none. Under the lock.
u64 first_entry(OrderedDict* d) {
  DictTable* table = d->table;
  u64 i = d->front_table == table ? d->front : 0;
  while (i < table->entry_count && table->entries()[i].value.is_empty()) i++;
  d->front_table = table;
  d->front = i;
  return i;
}
u64 last_entry(const DictTable* table) {
  u64 i = table->entry_count;
  while (i > 0 && table->entries()[i - 1].value.is_empty()) i--;
  return i - 1;
}

// Takes an entry's words out of the table. Keys that are plain strings stay (inline caches trust them): a copy comes back.
struct Words {
  Value key = EMPTY, value = EMPTY;
};
Words take_entry(Dict* d, DictTable* table, u64 index) {
  DictEntry& entry = table->entries()[index];
  Words words;
  words.value = entry.value.take_word(d);
  words.key = is_exact_str(entry.key.peek()) ? heap_copy(entry.key.peek()) : entry.key.take_word(d);
  return words;
}

// --- moving
Status move_to_end(Thread& t, OrderedDict* d, Value key, u64 hash, bool* found) {
  key = key.untagged();
  return with_entry_py(t, d, key, hash, EMPTY, [&](DictTable* table, Probe probe) {
    *found = probe.index >= 0;
    if (!*found || u64(probe.index) == last_entry(table)) return true;
    if (table->entry_count == table->entry_capacity) return false;
    Words words = take_entry(d, table, u64(probe.index));
    mark_deleted(table, probe.slot);
    append_words(table, locate_slot(table, hash, kAbsent), hash, words.key, words.value);
    note_change(d, 0);
    return true;
  });
}

// Writes a new table with that entry before the others.
Status move_to_front(Thread& t, OrderedDict* d, Value key, u64 hash, bool* found) {
  key = key.untagged();
  for (;;) {
    u64 capacity = capacity_for_growth(used_of(d) + 1);
    DictTable* fresh = allocate_table(t, d, capacity);
    if (fresh == nullptr) return Raised{};
    DictTable* old = nullptr;
    bool retry = false;
    Status done = with_entry_py(t, d, key, hash, EMPTY, [&](DictTable* table, Probe probe) {
      *found = probe.index >= 0;
      if (!*found || u64(probe.index) == first_entry(d)) return true;
      if (d->used > fresh->entry_capacity) {
        retry = true;
        return true;
      }
      DictEntry* entries = table->entries();
      auto add = [&](DictEntry& entry) {
        append_words(fresh, locate_slot(fresh, entry.hash, kAbsent), entry.hash, entry.key.peek(), entry.value.peek());
      };
      add(entries[probe.index]);
      for (u64 i = 0; i < table->entry_count; i++)
        if (i != u64(probe.index) && !entries[i].value.is_empty()) add(entries[i]);
      // The words of the live entries have moved: the old table keeps those of the dead keys only.
      old = table;
      __atomic_store_n(&d->table, fresh, __ATOMIC_RELEASE);
      note_change(d, 0);
      return true;
    });
    if (old == nullptr) {
      heap::free_block(t, fresh);
      if (!done.failed() && retry) continue;
      return done;
    }
    drop_moved_table(t, d, old);
    return ok();
  }
}

Ref m_move_to_end(Thread& t, Value self, const Value* a) {
  bool last = a[1].is_empty() || TRY(truth(t, a[1]));
  u64 hash = TRY(hash_of_key(t, a[0]));
  bool found = false;
  TRY(last ? move_to_end(t, self_of(self), a[0], hash, &found) : move_to_front(t, self_of(self), a[0], hash, &found));
  if (!found) return raise_key_error(t, a[0]);
  return Ref::none();
}

Ref m_popitem(Thread& t, Value self, const Value* a) {
  bool last = a[0].is_empty() || TRY(truth(t, a[0]));
  OrderedDict* d = self_of(self);
  Words words;
  {
    ObjectLock lock(t, d);
    DictTable* table = d->table;
    if (d->used != 0) {
      u64 index = last ? last_entry(table) : first_entry(d);
      u64 hash = table->entries()[index].hash;
      u64 slot = locate_slot(table, hash, i64(index));
      words = take_entry(d, table, index);
      mark_deleted(table, slot);
      note_change(d, -1);
    }
  }
  if (words.value.is_empty())
    return raise_key_error(t, TRY(str_from_ascii(t, "dictionary is empty")).value());
  Ref key = Field::adopt_heap(words.key), value = Field::adopt_heap(words.value);
  return tuple_of(t, key, value);
}

}  // namespace
}  // namespace typhon
