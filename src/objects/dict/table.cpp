#include "objects/dict/table.h"

#include "objects/global_cells.h"

namespace typhon::dict_table {

namespace {

// Slots are zero: every probe ends at once. Its capacity of 0 sends the first insertion to `grow`.
struct alignas(16) EmptyTable {
  DictTable table;
  u8 index[8];
};
EmptyTable g_empty_storage = {{{kShapeBody, 0, nullptr}, 0, 2, 1, 1, 0, 0, 0, 0, 3, (sizeof(DictTable) + 8) / 8}, {}};

constexpr u64 usable(u32 log2_size) { return (u64(1) << log2_size) * 2 / 3; }
constexpr u64 kMaxEntries = u64(1) << 31;

// --- table ids: handed to threads in blocks, so that giving one is rarely an atomic on a shared line
constexpr u32 kIdBlock = 1024;
u32 g_next_id_block = 1;
thread_local u32 tls_next_id = 0, tls_id_end = 0;

u32 new_id() {
  if (tls_next_id == tls_id_end) {
    u32 block = __atomic_load_n(&g_next_id_block, __ATOMIC_RELAXED);
    do {
      if (block >= ~u32(0) / kIdBlock) return 0;
    } while (
        !__atomic_compare_exchange_n(&g_next_id_block, &block, block + 1, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    tls_next_id = block * kIdBlock;
    tls_id_end = tls_next_id + kIdBlock;
  }
  return tls_next_id++;
}

template <class W>
u64 free_slot_as(const DictTable* table, u64 hash) {
  Index<W> at(table, hash);
  while (at.slot() != 0) at.advance();
  return at.position;
}
// Moves the words of the live entries of `full` to `fresh`, which nobody else sees and which has room for them.
template <class W>
void move_entries_as(DictTable* fresh, const DictTable* full) {
  const DictEntry* from = full->entries();
  DictEntry* to = fresh->entries();
  W* index = reinterpret_cast<W*>(fresh + 1);
  u64 mask = fresh->index_mask;
  u32 moved = 0;
  bool all_str = true;
  for (const DictEntry* end = from + full->entry_count; from < end; from++) {
    Value key = from->key.peek(), value = from->value.peek();
    if (value.is_empty()) continue;
    u64 hash = from->hash, position = hash & mask, perturb = hash;  // as Index
    while (index[position] != 0) {
      perturb >>= 5;
      position = (position * 5 + perturb + 1) & mask;
    }
    index[position] = W(++moved);
    to->hash = hash;
    *to->key.address() = key;
    *to->value.address() = value;
    to++;
    if (all_str && !is_exact_str(key)) all_str = false;
  }
  fresh->all_str = all_str;
  fresh->entry_count = moved;
}
void move_entries(DictTable* fresh, const DictTable* full) {
  if (fresh->index_width == 1) return move_entries_as<u8>(fresh, full);
  if (fresh->index_width == 2) return move_entries_as<u16>(fresh, full);
  move_entries_as<u32>(fresh, full);
}

template <class W>
u64 locate_slot_as(const DictTable* table, u64 hash, i64 index) {
  W wanted = index == kAbsent ? W(0) : W(index + 1);
  Index<W> at(table, hash);
  while (at.slot() != wanted) at.advance();
  return at.position;
}

// As probe_quick, but asks `equal` where that does not know. kUnknown: the dict got another table meanwhile.
template <class W>
Status search_once_py(Thread& t, Dict* d, Value key, u64 hash, Search* search) {
  search->probe = {kUnknown, 0};
  Index<W> at(search->table, hash);
  for (;; at.advance()) {
    W slot = at.slot();
    if (slot == 0) {
      search->probe = {kAbsent, at.position};
      return ok();
    }
    if (slot == Index<W>::kDeleted) continue;
    const DictEntry& entry = at.entries[slot - 1];
    Value k = entry.key.peek();
    bool same = k.bits == key.bits;
    if (!same) {
      if (entry.hash != hash || k.is_empty()) continue;
      Quick q = quick_equal(k, key);
      if (q == Quick::kUnknown) {
        Ref keep = Ref::copy(k);
        same = TRY(equal(t, keep, key));
        keep.clear();
        if (!same_table(d, *search)) return ok();
      } else {
        same = q == Quick::kYes;
      }
    }
    // An entry that was deleted meanwhile does not count; its key may have come back further on.
    if (!same || entry.value.is_empty()) continue;
    search->probe = {i64(slot - 1), at.position};
    return ok();
  }
}

template <class W>
bool slot_is_free(const DictTable* table, u64 position) {
  return __atomic_load_n(reinterpret_cast<const W*>(table + 1) + position, __ATOMIC_ACQUIRE) == 0;
}

}  // namespace

DictTable* const g_empty = &g_empty_storage.table;

u32 ensure_id(DictTable* table) {
  u32 id = __atomic_load_n(&table->id, __ATOMIC_RELAXED);
  if (id != 0 || table == g_empty) return id;
  u32 fresh = new_id();
  if (fresh == 0) return 0;
  if (__atomic_compare_exchange_n(&table->id, &id, fresh, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) return fresh;
  return id;
}

bool same_table(const Dict* d, const Search& search) {
  DictTable* table = table_of(d);
  return table == search.table && table->flags == search.stamp;
}

bool still_holds(const Dict* d, const Search& search) {
  if (!same_table(d, search)) return false;
  const DictTable* table = search.table;
  if (search.probe.index >= 0) return !table->entries()[search.probe.index].value.is_empty();
  if (table->index_width == 1) return slot_is_free<u8>(table, search.probe.slot);
  if (table->index_width == 2) return slot_is_free<u16>(table, search.probe.slot);
  return slot_is_free<u32>(table, search.probe.slot);
}

Status search_py(Thread& t, Dict* d, Value key, u64 hash, Search* out) {
  do {
    out->table = table_of(d);
    out->stamp = out->table->flags;
    if (out->table->index_width == 1)
      TRY(search_once_py<u8>(t, d, key, hash, out));
    else if (out->table->index_width == 2)
      TRY(search_once_py<u16>(t, d, key, hash, out));
    else
      TRY(search_once_py<u32>(t, d, key, hash, out));
  } while (out->probe.index == kUnknown);
  return ok();
}

u64 locate_slot(const DictTable* table, u64 hash, i64 index) {
  if (table->index_width == 1) return locate_slot_as<u8>(table, hash, index);
  if (table->index_width == 2) return locate_slot_as<u16>(table, hash, index);
  return locate_slot_as<u32>(table, hash, index);
}

DictTable* allocate_table(Thread& t, Dict* owner, u64 capacity) {
  if (capacity >= kMaxEntries) {
    (void)raise_no_memory(t);
    return nullptr;
  }
  u32 log2_size = 2;
  while ((log2_size == 2 ? 3 : usable(log2_size)) < capacity) log2_size++;
  // Entry numbers + 1 must stay below the deleted mark.
  u32 width = log2_size <= 8 ? 1 : log2_size <= 16 ? 2 : 4;
  u64 index_bytes = align_up(u64(width) << log2_size, 8);
  // The entries are written before anybody looks at them (entry_count, slots of the index).
  size_t head = sizeof(DictTable) + index_bytes;
  heap::Body* body = heap::allocate_body(t, owner, head + capacity * sizeof(DictEntry), head);
  if (body == nullptr) return nullptr;
  DictTable* table = static_cast<DictTable*>(body);
  // Never twice the same number within reach: tells a table from a later one at the same address.
  static thread_local u32 stamps = 0;
  table->flags = (u32(t.id) << 24) + ++stamps;
  table->log2_size = u8(log2_size);
  table->index_mask = u32((u64(1) << log2_size) - 1);
  table->entries_at = u32(head / sizeof(u64));
  table->index_width = u8(width);
  table->all_str = 1;
  table->entry_capacity = u32(capacity);
  return table;
}

// Small tables are made to measure (a one-item dict is 128 bytes in all); larger ones double.
u64 capacity_for_growth(u64 used) {
  if (used == 0) return 1;
  if (used < 3) return 3;
  if (used < 5) return 5;
  u32 log2_size = 3;
  while (usable(log2_size) < used + used / 2 + 1) log2_size++;
  return usable(log2_size);
}

void mark_deleted(DictTable* table, u64 slot) {
  store_slot(table, slot, ~u64(0));
}

void before_new_name(Value key) {
  if (!is_exact_str(key) || probe_str(table_of(g_builtins_dict), key.as<Str>(), str_key_hash(key.as<Str>())).index != kAbsent)
    global_cells::forget();
}

Status grow(Thread& t, Dict* d, DictTable* full, u64 extra) {
  u64 used = used_of(d);
  u64 capacity = extra > 1 ? used + extra : capacity_for_growth(used);
  if (capacity < used + extra) capacity = used + extra;
  DictTable* fresh = allocate_table(t, d, capacity);
  if (fresh == nullptr) return Raised{};
  bool installed = false, all_moved = true;
  {
    ObjectLock lock(t, d);
    if (d->table == full && d->used < capacity) {
      move_entries(fresh, full);
      all_moved = fresh->entry_count == full->entry_count;
      global_cells::forget_table(full);
      __atomic_store_n(&d->table, fresh, __ATOMIC_RELEASE);
      installed = true;
    }
  }
  if (!installed) {
    heap::free_block(t, fresh);
    return ok();
  }
  if (full == g_empty) return ok();
  // The keys of deleted entries (exact strings: dropping them runs no Python code) were not moved.
  if (!all_moved) {
    DictEntry* entries = full->entries();
    for (u32 i = 0; i < full->entry_count; i++)
      if (entries[i].value.is_empty()) Field::release_heap(entries[i].key.peek());
  }
  heap::retire_body(t, d, full);
  return ok();
}

void drop_table(Thread& t, Dict* d, DictTable* table) {
  if (table == g_empty) return;
  DictEntry* entries = table->entries();
  for (u32 i = 0; i < table->entry_count; i++) {
    Value key = entries[i].key.peek(), value = entries[i].value.peek();
    Field::release_heap(key);
    Field::release_heap(value);
  }
  heap::retire_body(t, d, table);
}

bool next_entry(Dict* d, const DictTable* table, u64* position, Ref* key, Ref* value, u64* hash) {
  u64 n = entry_count(table);
  const DictEntry* entries = table->entries();
  for (u64 i = *position; i < n; i++) {
    Value v = entries[i].value.peek();
    if (v.is_empty()) continue;
    Value k = entries[i].key.peek();
    if (k.is_empty()) continue;
    Ref new_key = Ref::copy(k), new_value = Ref::copy(v);
    if (hash != nullptr) *hash = entries[i].hash;
    *position = i + 1;
    *key = std::move(new_key);
    *value = std::move(new_value);
    return true;
  }
  *position = n;
  return false;
}

}  // namespace typhon::dict_table
