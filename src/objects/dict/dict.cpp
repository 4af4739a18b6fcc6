// dict: the C++ API of containers.h and the type itself. Views and iterators are in views.cpp.
#include "heap/checking.h"
#include "objects/dict/table.h"
#include "objects/dict/template.h"
#include "objects/exception_types.h"
#include "objects/global_cells.h"
#include "objects/set_table.h"

namespace typhon {

Ref dict_get_method(Thread& t, Value self, const Value* a);

using namespace dict_table;

namespace {

// Stores under the lock; *old gets the replaced heap word. False: no room.
TYPHON_INLINE bool put(Dict* d, DictTable* table, Probe probe, u64 hash, Value key, Value value, Value* old) {
  if (probe.index >= 0) {
    *old = table->entries()[probe.index].value.exchange(d, value);
    return true;
  }
  if (table->entry_count == table->entry_capacity) return false;
  append_words(table, probe.slot, hash, heap_copy(key), heap_copy(value));
  change_used(d, 1);
  return true;
}

// Removes an entry under the lock. The value's heap word and, unless it is an exact str (those stay: inline caches
// trust the keys of a table), the key's come back for dropping.
TYPHON_INLINE void take_entry(Dict* d, DictTable* table, Probe probe, Value* key_word, Value* value_word) {
  DictEntry& entry = table->entries()[probe.index];
  *value_word = entry.value.take_word(d);
  if (!is_exact_str(entry.key.peek())) *key_word = entry.key.take_word(d);
  mark_deleted(table, probe.slot);
  change_used(d, -1);
}

// As with_entry_py for exact str keys: never runs Python code.
template <class Action>
TYPHON_INLINE Status with_entry_str(Thread& t, Dict* d, Str* key, u64 hash, Value value, Action&& action) {
  publish_for(d, Value(key));
  if (!checking::broken(12)) publish_for(d, value);
  for (;;) {
    DictTable* full;
    {
      ObjectLock lock(t, d);
      full = d->table;
      Probe probe = probe_str(full, key, hash);
      if (!value.is_empty() && probe.index >= 0) lock.note_element();
      if (action(full, probe)) return ok();
    }
    TRY(grow(t, d, full));
  }
}

// A table with copies of all live entries of `source` (a snapshot), owned by `owner`, which must be LOCAL.
DictTable* clone_table(Thread& t, Dict* source, Dict* owner, u64* used) {
  for (;;) {
    DictTable* seen = table_of(source);
    u64 n = used_of(source);
    bool dense = entry_count(seen) == n;
    if (n == 0) {
      *used = 0;
      return g_empty;
    }
    DictTable* fresh = allocate_table(t, owner, dense ? seen->entry_capacity : n);
    if (fresh == nullptr) return nullptr;
    bool done = false;
    {
      ObjectLock lock(t, source);
      DictTable* table = source->table;
      if (table == seen && source->used == n && (table->entry_count == n) == dense) {
        DictEntry* from = table->entries();
        if (dense) {
          std::memcpy(fresh + 1, table + 1, align_up(u64(table->index_width) << table->log2_size, 8));
          DictEntry* to = fresh->entries();
          for (u64 i = 0; i < n; i++) {
            to[i].hash = from[i].hash;
            *to[i].key.address() = heap_copy(from[i].key.peek());
            *to[i].value.address() = heap_copy(from[i].value.peek());
          }
          fresh->entry_count = u32(n);
          fresh->all_str = table->all_str;
        } else {
          for (u32 i = 0; i < table->entry_count; i++) {
            Value value = from[i].value.peek();
            if (value.is_empty()) continue;
            append_words(fresh, locate_slot(fresh, from[i].hash, kAbsent), from[i].hash, heap_copy(from[i].key.peek()),
                         heap_copy(value));
          }
        }
        done = true;
      }
    }
    if (done) {
      *used = n;
      return fresh;
    }
    heap::free_block(t, fresh);
  }
}

// Gives an empty LOCAL dict the entries of `source`.
Status fill_from(Thread& t, Dict* d, Dict* source) {
  u64 used;
  DictTable* fresh = clone_table(t, source, d, &used);
  if (fresh == nullptr) return Raised{};
  DictTable* old = d->table;
  global_cells::forget_table(old);
  d->table = fresh;
  d->used = used;
  drop_table(t, d, old);
  return ok();
}

Ref get_str_value(const DictTable* table, const Str* key, u64 hash) {
  Probe probe = probe_str(table, key, hash);
  if (probe.index < 0) return Ref();
  return table->entries()[probe.index].value.load();
}

// Where an iteration over a table that was replaced goes on: behind the key it gave last, if that is still there.
u64 relocate(const DictTable* table, u64 index, Value last_key) {
  u64 n = entry_count(table);
  u64 limit = index < n ? index : n;
  if (last_key.is_object() || last_key.bits != 0) {
    for (u64 i = limit; i-- > 0;)
      if (table->entries()[i].key.peek().same_word(last_key)) return i + 1;
  }
  return limit;
}

// The value of a key that a settled dict has is replaced without the lock; *old gets the heap word. False: there is no such key, or
// the dict is not settled.
template <class Find>
TYPHON_INLINE bool replace_settled(Dict* d, Value value, Value* old, Find&& find) {
  if (!is_settled(d)) [[likely]] return false;
  publish_for(d, value);
  // No safepoint from here: the table stays what it is, and no entry goes.
  if (!is_settled(d)) return false;
  DictTable* table = table_of(d);
  Probe probe = find(table);
  if (probe.index < 0) return false;
  *old = table->entries()[probe.index].value.exchange(d, value);
  return true;
}

}  // namespace

namespace dict_table {

Status set_hashed_py(Thread& t, Dict* d, Value key, u64 hash, Value value) {
  key = key.untagged();
  Value old = EMPTY;
  if (!is_contended(d)) {
    // The usual case of what follows.
    DictTable* table = d->table;
    Probe probe = probe_quick(table, key, hash);
    if (probe.index != kUnknown) {
      if (probe.index == kAbsent && table->entry_count == table->entry_capacity) {
        TRY(grow(t, d, table));
        table = d->table;
        probe.slot = locate_slot(table, hash, kAbsent);
      }
      publish_for(d, key);
      publish_for(d, value);
      if (put(d, table, probe, hash, key, value, &old)) {
        Field::release_heap(old);
        return ok();
      }
    }
  } else if (replace_settled(d, value, &old, [&](DictTable* table) { return probe_quick(table, key, hash); })) {
    Field::release_heap(old);
    return ok();
  }
  TRY(with_entry_py(t, d, key, hash, value,
                    [&](DictTable* table, Probe probe) { return put(d, table, probe, hash, key, value, &old); }));
  Field::release_heap(old);
  return ok();
}

Ref get_hashed_py(Thread& t, Dict* d, Value key, u64 hash) {
  key = key.untagged();
  DictTable* table = table_of(d);
  Probe probe = probe_quick(table, key, hash);
  if (probe.index >= 0) return table->entries()[probe.index].value.load();
  if (probe.index == kAbsent) return Ref();
  Search search;
  TRY(search_py(t, d, key, hash, &search));
  if (search.probe.index < 0) return Ref();
  return search.table->entries()[search.probe.index].value.load();
}

}  // namespace dict_table

// --- C++ API

RefTo<Dict> dict_new(Thread& t, size_t expected) {
  Dict* d = heap::allocate_as<Dict>(t, kShape_dict);
  d->table = g_empty;
  RefTo<Dict> result = RefTo<Dict>::adopt(d);
  if (expected != 0) {
    DictTable* table = allocate_table(t, d, expected);
    if (table == nullptr) return Raised{};
    d->table = table;
  }
  return result;
}

size_t dict_size(const Dict* d) { return used_of(d); }

Ref dict_get_str(Thread& t, Dict* d, Str* key) { return get_str_value(table_of(d), key, str_key_hash(key)); }

Value dict_peek_str(Dict* d, Str* key) {
  DictTable* table = table_of(d);
  Probe probe = probe_str(table, key, str_key_hash(key));
  return probe.index < 0 ? EMPTY : table->entries()[probe.index].value.peek();
}

Status dict_set_str(Thread& t, Dict* d, Str* key, Value value) {
  u64 hash = str_key_hash(key);
  Value old = EMPTY;
  if (is_contended(d) && replace_settled(d, value, &old, [&](DictTable* table) { return probe_str(table, key, hash); })) {
    Field::release_heap(old);
    return ok();
  }
  TRY(with_entry_str(t, d, key, hash, value, [&](DictTable* table, Probe probe) {
    return put(d, table, probe, hash, Value(key), value, &old);
  }));
  Field::release_heap(old);
  return ok();
}

Status dict_add_str(Thread& t, Dict* d, Str* key, Value value) {
  DictTable* table = d->table;
  if (!d->is_local() || table->entry_count == table->entry_capacity) return dict_set_str(t, d, key, value);
  u64 hash = str_key_hash(key);
  append_words(table, locate_slot(table, hash, kAbsent), hash, heap_copy(Value(key)), heap_copy(value));
  change_used(d, 1);
  return ok();
}

DictTemplate* dict_template_new(const Dict* d) {
  const DictTable* table = d->table;
  u32 n = table->entry_count;
  if (n == 0 || n != d->used || n != table->entry_capacity || table->index_width != 1) return nullptr;
  size_t index_size = align_up(u64(1) << table->log2_size, 8), size = index_size + n * sizeof(DictEntry);
  auto* made = static_cast<DictTemplate*>(std::malloc(offsetof(DictTemplate, words) + size));
  if (made == nullptr) return nullptr;
  made->count = n;
  made->index_size = u32(index_size);
  std::memcpy(static_cast<void*>(made->words), table + 1, size);
  return made;
}

RefTo<Dict> dict_from_template(Thread& t, const DictTemplate* from, Value* values, bool moved) {
  u32 n = from->count;
  RefTo<Dict> dict = TRY(dict_new(t, n));
  DictTable* table = dict->table;
  std::memcpy(static_cast<void*>(table + 1), from->words, from->index_size + n * sizeof(DictEntry));
  DictEntry* entries = table->entries();
  for (u32 i = 0; i < n; i++) *entries[i].value.address() = moved ? std::exchange(values[i], EMPTY) : heap_copy(values[i]);
  table->entry_count = n;
  dict->used = n;
  return dict;
}

Result<bool> dict_delete_str(Thread& t, Dict* d, Str* key) {
  u64 hash = str_key_hash(key);
  Value key_word = EMPTY, value_word = EMPTY;
  TRY(with_entry_str(t, d, key, hash, EMPTY, [&](DictTable* table, Probe probe) {
    if (probe.index >= 0) take_entry(d, table, probe, &key_word, &value_word);
    return true;
  }));
  bool found = !value_word.is_empty();
  Field::release_heap(value_word);
  return found;
}

i64 dict_find_entry(const DictTable* table, Str* interned_key) {
  if (table == g_empty) return kAbsent;
  ensure_id(const_cast<DictTable*>(table));
  return probe_str(table, interned_key, str_key_hash(interned_key)).index;
}

Ref dict_get_py(Thread& t, Dict* d, Value key) {
  if (is_exact_str(key)) {
    DictTable* table = table_of(d);
    if (table->all_str) [[likely]]
      return get_str_value(table, key.as<Str>(), str_key_hash(key.as<Str>()));
  }
  u64 hash = TRY(hash_of_key(t, key));
  return get_hashed_py(t, d, key, hash);
}

Status dict_set_py(Thread& t, Dict* d, Value key, Value value) {
  u64 hash = TRY(hash_of_key(t, key));
  return set_hashed_py(t, d, key, hash, value);
}

Ref dict_pop_py(Thread& t, Dict* d, Value key) {
  u64 hash = TRY(hash_of_key(t, key));
  key = key.untagged();
  Value key_word = EMPTY, value_word = EMPTY;
  TRY(with_entry_py(t, d, key, hash, EMPTY, [&](DictTable* table, Probe probe) {
    if (probe.index >= 0) take_entry(d, table, probe, &key_word, &value_word);
    return true;
  }));
  Ref value = Field::adopt_heap(value_word);
  Field::release_heap(key_word);
  return value;
}

Result<bool> dict_delete_py(Thread& t, Dict* d, Value key) {
  Ref value = TRY(dict_pop_py(t, d, key));
  return !value.is_empty();
}

Result<bool> dict_contains_py(Thread& t, Dict* d, Value key) {
  u64 hash = TRY(hash_of_key(t, key));
  key = key.untagged();
  DictTable* table = table_of(d);
  Probe probe = probe_quick(table, key, hash);
  if (probe.index == kUnknown) {
    Search search;
    TRY(search_py(t, d, key, hash, &search));
    probe = search.probe;
    table = search.table;
  }
  return probe.index >= 0 && !table->entries()[probe.index].value.is_empty();
}

Ref dict_setdefault_py(Thread& t, Dict* d, Value key, Value value) {
  u64 hash = TRY(hash_of_key(t, key));
  key = key.untagged();
  Ref result;
  if (is_contended(d)) {  // what is there needs no lock
    result = TRY(get_hashed_py(t, d, key, hash));
    if (!result.is_empty()) return result;
  }
  TRY(with_entry_py(t, d, key, hash, value, [&](DictTable* table, Probe probe) {
    if (probe.index >= 0) {
      result = table->entries()[probe.index].value.load();
      return true;
    }
    Value old = EMPTY;
    if (!put(d, table, probe, hash, key, value, &old)) return false;
    result = Ref::copy(value);
    return true;
  }));
  return result;
}

RefTo<Dict> dict_copy(Thread& t, Dict* d) {
  RefTo<Dict> copy = TRY(dict_new(t));
  TRY(fill_from(t, copy.get(), d));
  return copy;
}

void dict_clear(Thread& t, Dict* d) {
  DictTable* old;
  {
    ObjectLock lock(t, d);
    old = d->table;
    if (old == g_empty) return;
    global_cells::forget_table(old);
    __atomic_store_n(&d->table, g_empty, __ATOMIC_RELEASE);
    change_used(d, -i64(d->used));
  }
  drop_table(t, d, old);
}

// *position: a stamp of the table (32 bits of its address) above, the entry number below.
bool dict_next(Thread& t, Dict* d, size_t* position, Ref* key, Ref* value) {
  DictTable* table = table_of(d);
  u64 stamp = (reinterpret_cast<u64>(table) >> 4) << 32;
  u64 index = u32(*position);
  if (*position != 0 && (*position >> 32 << 32) != stamp) index = relocate(table, index, key->get());
  bool more = next_entry(d, table, &index, key, value, nullptr);
  *position = stamp | index;
  return more;
}

namespace {

// A tuple of two. Only one of tracked things can be part of a cycle.
TYPHON_INLINE Tuple* new_pair(Thread& t, Value key, Value value) {
  auto tracked = [](Value v) { return v.is_object() && (v.object()->ownership() & state::kTracked) != 0; };
  auto* pair = static_cast<Tuple*>(heap::allocate(t, kShape_tuple, offsetof(Tuple, items) + 2 * sizeof(Field), tracked(key) || tracked(value)));
  pair->size = 2;
  *pair->items[0].address() = heap_copy(key);
  *pair->items[1].address() = heap_copy(value);
  return pair;
}

RefTo<List> dict_list(Thread& t, Dict* d, DictPart part) {
  RefTo<Dict> snapshot;
  if (is_contended(d)) {
    snapshot = TRY(dict_copy(t, d));
    d = snapshot.get();
  }
  RefTo<List> result = TRY(list_new(t, used_of(d)));
  if (part != DictPart::kItems) {
    // Nothing is allocated and no Python code runs on the way.
    DictTable* table = d->table;
    const DictEntry* entries = table->entries();
    u64 n = 0;
    for (u32 i = 0; i < table->entry_count && n < used_of(d); i++) {
      if (entries[i].value.is_empty()) continue;
      const Field& field = part == DictPart::kKeys ? entries[i].key : entries[i].value;
      *result->body->items[n++].address() = heap_copy(field.peek());
    }
    result->size = n;
    return result;
  }
  // Nor does any run when pairs are made.
  DictTable* table = d->table;
  for (u32 i = 0; i < table->entry_count && result->size < used_of(d); i++) {
    const DictEntry& entry = table->entries()[i];
    if (entry.value.is_empty()) continue;
    *result->body->items[result->size].address() = Value(new_pair(t, entry.key.peek(), entry.value.peek()));
    result->size++;
  }
  return result;
}

}  // namespace

RefTo<List> dict_keys_list(Thread& t, Dict* d) { return dict_list(t, d, DictPart::kKeys); }
RefTo<List> dict_values_list(Thread& t, Dict* d) { return dict_list(t, d, DictPart::kValues); }
RefTo<List> dict_items_list(Thread& t, Dict* d) { return dict_list(t, d, DictPart::kItems); }

// --- update

namespace {

Ref dict_iter(Thread& t, Value self) { return dict_iterator_new(t, self.as<Dict>(), DictPart::kKeys, false); }

Status insert_if_absent(Thread& t, Dict* d, Value key, u64 hash, Value value) {
  key = key.untagged();
  return with_entry_py(t, d, key, hash, value, [&](DictTable* table, Probe probe) {
    Value old = EMPTY;
    return probe.index >= 0 || put(d, table, probe, hash, key, value, &old);
  });
}

Status merge_dict(Thread& t, Dict* d, Dict* other, bool override_existing) {
  if (d == other || used_of(other) == 0) return ok();
  if (d->is_local() && d->used == 0) return fill_from(t, d, other);
  RefTo<Dict> snapshot;
  if (is_contended(other)) {
    snapshot = TRY(dict_copy(t, other));
    other = snapshot.get();
  }
  TRY(reserve(t, d, used_of(other)));
  u64 position = 0, hash = 0, used = used_of(other);
  Ref key, value;
  for (;;) {
    DictTable* source = table_of(other);
    if (!next_entry(other, source, &position, &key, &value, &hash)) return ok();
    if (override_existing)
      TRY(set_hashed_py(t, d, key, hash, value));
    else
      TRY(insert_if_absent(t, d, key, hash, value));
    if (table_of(other) != source || used_of(other) != used)
      return raise(t, exc::RuntimeError, "dict mutated during update");
  }
}

Status put_item(Thread& t, Dict* d, Value key, Value value, bool override_existing) {
  if (override_existing) return dict_set_py(t, d, key, value);
  u64 hash = TRY(hash_of_key(t, key));
  return insert_if_absent(t, d, key, hash, value);
}

Status merge_mapping(Thread& t, Dict* d, Value other, bool override_existing) {
  Ref keys = TRY(call_method_with(t, other, names::keys));
  Ref iterator = TRY(get_iter(t, keys));
  keys.clear();
  for (;;) {
    Ref key = TRY(iter_next(t, iterator));
    if (key.is_empty()) return ok();
    if (!override_existing) {
      bool there = TRY(dict_contains_py(t, d, key));
      if (there) continue;
    }
    Ref value = TRY(get_item(t, other, key));
    TRY(put_item(t, d, key, value, override_existing));
  }
}

// Tells with the pending exception, if it is a TypeError, which item of an update it was.
Raised note_bad_pair(Thread& t, i64 i) {
  if (!pending_matches(t, exc::TypeError)) return {};
  Ref error = take_exception(t);
  RefTo<Str> note = str_format(t, "Cannot convert dictionary update sequence element #%zd to a sequence", i);
  if (!note.failed() && !add_exception_note(t, error, note).failed()) restore_exception(t, std::move(error));
  return {};
}

Status merge_pairs(Thread& t, Dict* d, Value pairs, bool override_existing) {
  Ref iterator = TRY(get_iter(t, pairs));
  for (i64 i = 0;; i++) {
    Ref item = TRY(iter_next(t, iterator));
    if (item.is_empty()) return ok();
    RefTo<Tuple> pair;
    if (is_exact_tuple(item)) {
      pair = RefTo<Tuple>::from(std::move(item));
    } else {
      Ref inner = get_iter(t, item);
      if (inner.failed()) {
        if (!pending_matches(t, exc::TypeError)) return Raised{};
        clear_exception(t);
        (void)raise(t, exc::TypeError, "object is not iterable");
        return note_bad_pair(t, i);
      }
      RefTo<List> items = to_list(t, inner);
      if (items.failed()) return note_bad_pair(t, i);
      pair = TRY(list_to_tuple(t, items.get()));
    }
    if (pair->size != 2)
      return raise(t, exc::ValueError, "dictionary update sequence element #%zd has length %zd; 2 is required", i,
                   i64(pair->size));
    Ref key = pair->items[0].load(), value = pair->items[1].load();
    TRY(put_item(t, d, key, value, override_existing));
  }
}

}  // namespace

Status dict_update_py(Thread& t, Dict* d, Value other, bool override_existing) {
  if (is_dict(other) && (is_exact_dict(other) || type_of(other)->slots.iter == dict_iter))
    return merge_dict(t, d, other.as<Dict>(), override_existing);
  if (is_dict(other)) return merge_mapping(t, d, other, override_existing);
  Ref keys = TRY(get_attribute_or_empty(t, other, names::keys));
  if (keys.is_empty()) return merge_pairs(t, d, other, override_existing);
  keys.clear();
  return merge_mapping(t, d, other, override_existing);
}

// --- the type

namespace {

void dict_visit(Object* self, Visitor& visitor) {
  DictTable* table = table_of(static_cast<Dict*>(self));
  if (table == nullptr) return;
  DictEntry* entries = table->entries();
  for (u32 i = 0; i < entry_count(table); i++) {
    visitor.field(entries[i].key);
    visitor.field(entries[i].value);
  }
}

void dict_release(Thread& t, Object* self) {
  DictTable* table = static_cast<Dict*>(self)->table;
  if (table == nullptr || table == g_empty) return;
  global_cells::forget_table(table);
  heap::free_block(t, table);
}

bool dict_dispose(Thread& t, Object* self) {
  DictTable* table = static_cast<Dict*>(self)->table;
  if (table == nullptr || table == g_empty) return true;
  global_cells::forget_table(table);
  DictEntry* entries = table->entries();
  for (u32 i = 0; i < table->entry_count; i++) {
    drop_field(entries[i].key);
    drop_field(entries[i].value);
  }
  heap::free_block(t, table);
  return true;
}

Ref dict_new_slot(Thread& t, Type* cls, Args args) {
  if (cls == types::dict) return dict_new(t);
  Ref self = TRY(allocate_instance(t, cls));
  self.as<Dict>()->table = g_empty;
  return self;
}

Status update_from_args(Thread& t, Dict* d, const char* name, const Args& args) {
  TRY(check_arity(t, name, args, 0, 1));
  if (args.count == 1) TRY(dict_update_py(t, d, args[0]));
  for (u32 i = 0; i < args.keyword_count; i++) {
    Value key = args.names->items[i].peek();
    if (is_exact_str(key))
      TRY(dict_set_py(t, d, key, args.keyword(i)));
    else
      return raise(t, exc::TypeError, "keywords must be strings");
  }
  return ok();
}

Status dict_init(Thread& t, Value self, Args args) { return update_from_args(t, self.as<Dict>(), "dict", args); }

Ref dict_update(Thread& t, Value self, Args args) {
  TRY(update_from_args(t, self.as<Dict>(), "update", args));
  return Ref::none();
}

Ref dict_repr(Thread& t, Value self) {
  Dict* d = self.as<Dict>();
  if (used_of(d) == 0) return str_from_ascii(t, "{}");
  bool entered = TRY(repr_enter(t, self));
  if (!entered) return str_from_ascii(t, "{...}");
  struct Leave {
    Thread& t;
    Value v;
    ~Leave() { repr_leave(t, v); }
  } leave{t, self};
  StrBuilder out;
  out.append('{');
  size_t position = 0;
  Ref key, value;
  bool first = true;
  while (dict_next(t, d, &position, &key, &value)) {
    if (!first) out.append_ascii(", ");
    first = false;
    TRY(append_repr(t, out, key));
    out.append_ascii(": ");
    TRY(append_repr(t, out, value));
  }
  out.append('}');
  return out.finish(t);
}

Result<bool> dict_equal(Thread& t, Dict* a, Dict* b) {
  if (a == b) return true;
  if (used_of(a) != used_of(b)) return false;
  RefTo<Dict> snapshot;
  if (is_contended(a)) {
    snapshot = TRY(dict_copy(t, a));
    a = snapshot.get();
  }
  u64 position = 0, hash = 0;
  Ref key, value;
  while (next_entry(a, table_of(a), &position, &key, &value, &hash)) {
    Ref other = TRY(get_hashed_py(t, b, key, hash));
    if (other.is_empty()) return false;
    bool same = TRY(values_equal(t, value, other));
    if (!same) return false;
  }
  return true;
}

Ref dict_compare(Thread& t, Value self, Value other, CompareOp op) {
  if ((op != CompareOp::kEq && op != CompareOp::kNe) || !is_dict(other)) return Ref::not_implemented();
  bool same = TRY(dict_equal(t, self.as<Dict>(), other.as<Dict>()));
  return Ref::boolean(same == (op == CompareOp::kEq));
}

Result<i64> dict_length(Thread& t, Value self) { return i64(used_of(self.as<Dict>())); }

Ref dict_get_item(Thread& t, Value self, Value key) {
  Ref found = TRY(dict_get_py(t, self.as<Dict>(), key));
  if (!found.is_empty()) return found;
  if (!is_exact_dict(self)) {
    Ref missing = TRY(lookup_special(t, self, names::__missing__));
    if (!missing.is_empty()) return call_with(t, missing, key);
  }
  return raise_key_error(t, key);
}

Status dict_set_item(Thread& t, Value self, Value key, Value value) {
  if (!value.is_empty()) return dict_set_py(t, self.as<Dict>(), key, value);
  bool found = TRY(dict_delete_py(t, self.as<Dict>(), key));
  if (!found) return raise_key_error(t, key);
  return ok();
}

Result<bool> dict_contains(Thread& t, Value self, Value key) { return dict_contains_py(t, self.as<Dict>(), key); }

// A copy of what a class shows that has an __iter__ of its own.
RefTo<Dict> copy_as_seen(Thread& t, Value d) {
  if (is_exact_dict(d) || used_of(d.as<Dict>()) == 0 || type_of(d)->slots.iter == dict_iter) return dict_copy(t, d.as<Dict>());
  RefTo<Dict> result = TRY(dict_new(t));
  TRY(dict_update_py(t, result.get(), d));
  return result;
}

Ref dict_or(Thread& t, Value a, Value b) {
  if (!is_dict(a) || !is_dict(b)) return Ref::not_implemented();
  RefTo<Dict> result = TRY(copy_as_seen(t, a));
  TRY(dict_update_py(t, result.get(), b));
  return result;
}

Ref dict_inplace_or(Thread& t, Value self, Value other) {
  TRY(dict_update_py(t, self.as<Dict>(), other));
  return Ref::copy(self);
}

}  // namespace

// dict.get; the interpreter does the usual case itself.
Ref dict_get_method(Thread& t, Value self, const Value* a) {
  Ref found = TRY(dict_get_py(t, self.as<Dict>(), a[0]));
  if (!found.is_empty()) return found;
  return a[1].is_empty() ? Ref::none() : Ref::copy(a[1]);
}

namespace {

Ref dict_setdefault(Thread& t, Value self, const Value* a) {
  return dict_setdefault_py(t, self.as<Dict>(), a[0], a[1].is_empty() ? None : a[1]);
}

Ref dict_pop(Thread& t, Value self, const Value* a) {
  Dict* d = self.as<Dict>();
  // An empty dict answers without hashing the key.
  if (used_of(d) != 0) {
    Ref value = TRY(dict_pop_py(t, d, a[0]));
    if (!value.is_empty()) return value;
  }
  if (!a[1].is_empty()) return Ref::copy(a[1]);
  return raise_key_error(t, a[0]);
}

// reserved2 remembers where the last search from the end stopped: entries from there to entry_count (valid while that
// is unchanged, upper half) are dead. Without it emptying a dict by popitem() would be quadratic.
u32 tail_of(const DictTable* table) {
  u32 n = table->entry_count;
  return u32(table->reserved2 >> 32) == n ? u32(table->reserved2) : n;
}

Ref dict_popitem(Thread& t, Value self, const Value*) {
  Dict* d = self.as<Dict>();
  Ref key, value;
  {
    ObjectLock lock(t, d);
    DictTable* table = d->table;
    if (d->used != 0) {
      DictEntry* entries = table->entries();
      u32 i = tail_of(table);
      while (i > 0 && entries[i - 1].value.is_empty()) i--;
      i--;
      Probe probe{i64(i), locate_slot(table, entries[i].hash, i64(i))};
      Value key_word = EMPTY, value_word = EMPTY;
      take_entry(d, table, probe, &key_word, &value_word);
      key = key_word.is_empty() ? entries[i].key.load() : Field::adopt_heap(key_word);
      value = Field::adopt_heap(value_word);
      table->reserved2 = u64(table->entry_count) << 32 | i;
    }
  }
  if (value.is_empty()) return raise_key_error(t, TRY(str_from_ascii(t, "popitem(): dictionary is empty")).value());
  Value pair[] = {key.take(), value.take()};
  return tuple_take(t, pair, 2);
}

Ref dict_clear_method(Thread& t, Value self, const Value*) {
  dict_clear(t, self.as<Dict>());
  return Ref::none();
}

Ref dict_copy_method(Thread& t, Value self, const Value*) { return copy_as_seen(t, self); }
Ref dict_keys(Thread& t, Value self, const Value*) { return dict_view_new(t, self.as<Dict>(), DictPart::kKeys); }
Ref dict_values(Thread& t, Value self, const Value*) { return dict_view_new(t, self.as<Dict>(), DictPart::kValues); }
Ref dict_items(Thread& t, Value self, const Value*) { return dict_view_new(t, self.as<Dict>(), DictPart::kItems); }
Ref dict_reversed(Thread& t, Value self, const Value*) {
  return dict_iterator_new(t, self.as<Dict>(), DictPart::kKeys, true);
}

Ref dict_fromkeys(Thread& t, Value cls, const Value* a) {
  Value value = a[1].is_empty() ? None : a[1];
  Ref result = TRY(call(t, cls));
  bool plain = is_exact_dict(result);
  if (plain && (is_exact_set(a[0]) || is_exact_frozenset(a[0])) && !is_contended(a[0].object())) {  // with the hashes that they know
    u64 position = 0, hash = 0;
    Ref key;
    while (set_table::next_key(a[0].as<Set>(), &position, &key, &hash))
      TRY(set_hashed_py(t, result.as<Dict>(), key, hash, value));
    return result;
  }
  Ref iterator = TRY(get_iter(t, a[0]));
  for (;;) {
    Ref key = TRY(iter_next(t, iterator));
    if (key.is_empty()) return result;
    if (plain)
      TRY(dict_set_py(t, result.as<Dict>(), key, value));
    else
      TRY(set_item(t, result, key, value));
  }
}

Ref dict_sizeof(Thread& t, Value self, const Value*) {
  Dict* d = self.as<Dict>();
  DictTable* table = table_of(d);
  u64 size = type_of(self)->instance_size > sizeof(Dict) ? type_of(self)->instance_size : sizeof(Dict);
  if (table != g_empty) size += heap::block_size(table);
  return int_from(t, i64(size));
}

Ref dict_get_item_method(Thread& t, Value self, const Value* a) { return dict_get_item(t, self, a[0]); }
Ref dict_contains_method(Thread& t, Value self, const Value* a) { return Ref::boolean(TRY(dict_contains(t, self, a[0]))); }

const Method kDictMethods[] = {
    method("__contains__", dict_contains_method, "($self, key, /)", "True if the dictionary has the specified key, else False."),
    method("__getitem__", dict_get_item_method, "($self, key, /)", "Return self[key]."),
    method("__reversed__", dict_reversed, "($self, /)", "Return a reverse iterator over the dict keys."),
    method("__sizeof__", dict_sizeof, "($self, /)", "Return the size of the dict in memory."),
    class_method("__class_getitem__", class_getitem, "($type, object, /)", "See PEP 585"),
    method("get", dict_get_method, "($self, key, default=None, /)",
           "Return the value for key if key is in the dictionary, else default."),
    method(
        "setdefault", dict_setdefault, "($self, key, default=None, /)",
        "Insert key with a value of default if key is not in the dictionary.\n\nReturn the value for key if key is in "
        "the dictionary, else default."),
    method("pop", dict_pop, "($self, key, default=<unrepresentable>, /)",
           "D.pop(k[,d]) -> v, remove specified key and return the corresponding value.\n\nIf the key is not found, "
           "return the default if given; otherwise,\nraise a KeyError."),
    method("popitem", dict_popitem, "($self, /)",
           "Remove and return a (key, value) pair as a 2-tuple.\n\nPairs are returned in LIFO (last-in, first-out) "
           "order.\nRaises KeyError if the dict is empty."),
    method("keys", dict_keys, "($self, /)", "Return a set-like object providing a view on the dict's keys."),
    method("items", dict_items, "($self, /)", "Return a set-like object providing a view on the dict's items."),
    method("values", dict_values, "($self, /)", "Return an object providing a view on the dict's values."),
    raw_method(
        "update", dict_update, nullptr,
        "D.update([E, ]**F) -> None.  Update D from mapping/iterable E and F.\nIf E is present and has a .keys() "
        "method, then does:  for k in E.keys(): D[k] = E[k]\nIf E is present and lacks a .keys() method, then "
        "does:  for k, v in E: D[k] = v\nIn either case, this is followed by: for k in F:  D[k] = F[k]"),
    class_method("fromkeys", dict_fromkeys, "($type, iterable, value=None, /)",
                 "Create a new dictionary with keys from iterable and values set to value."),
    method("clear", dict_clear_method, "($self, /)", "Remove all items from the dict."),
    method("copy", dict_copy_method, "($self, /)", "Return a shallow copy of the dict."),
    {},
};

}  // namespace

extern const TypeSpec spec_dict;
const TypeSpec spec_dict = {
    .name = "dict",
    .doc =
        "dict() -> new empty dictionary\n"
        "dict(mapping) -> new dictionary initialized from a mapping object's\n"
        "    (key, value) pairs\n"
        "dict(iterable) -> new dictionary initialized as if via:\n"
        "    d = {}\n"
        "    for k, v in iterable:\n"
        "        d[k] = v\n"
        "dict(**kwargs) -> new dictionary initialized with the name=value pairs\n"
        "    in the keyword argument list.  For example:  dict(one=1, two=2)",
    .layout = {.name = "dict",
               .basic_size = sizeof(Dict),
               .item_size = 0,
               .visit = dict_visit,
               .release = dict_release,
               .native_size = nullptr,
               .finalise = nullptr,
               .dispose = dict_dispose},
    .flags = type_flag::kBaseType | type_flag::kMapping | type_flag::kMatchSelf | type_flag::kImmutable,
    .slots = {.repr = dict_repr,
              .compare = dict_compare,
              .iter = dict_iter,
              .new_ = dict_new_slot,
              .init = dict_init,
              .or_ = dict_or,
              .inplace_or = dict_inplace_or,
              .length = dict_length,
              .get_item = dict_get_item,
              .set_item = dict_set_item,
              .contains = dict_contains},
    .methods = kDictMethods,
};

}  // namespace typhon
