// collections.OrderedDict: a dict that can also move entries to either end and take them from the front.
//
// Every dict keeps its entries in the order of insertion, so that order serves here too: an entry that moves to the end
// is written once more behind the others, one that moves to the front has the table written anew. `front` remembers how
// many entries at the table's beginning are known to be dead, or taking entries from the front one by one would be
// quadratic.
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
  u32 number, entries;  // `number` tells the table from another one at the same address
  u64 used;
  bool operator==(const Stamp&) const = default;
};
Stamp stamp_of(const Dict* d) {
  const DictTable* table = table_of(d);
  return {table, table->flags, entry_count(table), used_of(d)};
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
// The last one, if there is any; dict's popitem() leaves a note of where the dead entries at the end begin.
u64 last_entry(const DictTable* table) {
  u64 i = u32(table->reserved2 >> 32) == table->entry_count ? u32(table->reserved2) : table->entry_count;
  while (i > 0 && table->entries()[i - 1].value.is_empty()) i--;
  return i - 1;
}

// Takes an entry's words out of the table. Keys that are plain strings stay (inline caches trust them): a copy comes
// back.
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
      return true;
    });
    if (old == nullptr) {
      heap::free_block(t, fresh);
      if (!done.failed() && retry) continue;
      return done;
    }
    for (u64 i = 0; i < old->entry_count; i++)
      if (old->entries()[i].value.is_empty()) Field::release_heap(old->entries()[i].key.peek());
    heap::retire_body(t, d, old);
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
      change_used(d, -1);
      if (last) table->reserved2 = u64(table->entry_count) << 32 | index;
    }
  }
  if (words.value.is_empty()) return raise_key_error(t, TRY(str_from_ascii(t, "dictionary is empty")).value());
  Ref key = Field::adopt_heap(words.key), value = Field::adopt_heap(words.value);
  return tuple_of(t, key, value);
}

// --- iteration
enum class Part : u8 { kKeys, kValues, kItems };

struct OrderedIterator : Object {
  Field dict;    // EMPTY when exhausted
  Stamp stamp;   // of the dict when the iteration began
  u64 position;  // of the next entry; backwards one more
  Part part;
  bool backwards;
};

void iterator_visit(Object* self, Visitor& visitor) { visitor.field(static_cast<OrderedIterator*>(self)->dict); }

Ref iterator_new(Thread& t, OrderedDict* d, Part part, bool backwards) {
  auto* it = allocate_native<OrderedIterator>(t, g_iterator_type);
  Ref self = Ref::adopt(Value(it));
  it->dict.init(it, Value(d));
  it->part = part;
  it->backwards = backwards;
  ObjectLock lock(t, d);
  it->stamp = stamp_of(d);
  it->position = backwards ? last_entry(d->table) + 1 : first_entry(d);
  return self;
}

// The next key and value as owned words. Under the iterator's lock. False at the end.
bool advance(OrderedIterator* it, const DictTable* table, Value* key, Value* value) {
  const DictEntry* entries = table->entries();
  u64 n = entry_count(table);
  while (it->backwards ? it->position > 0 : it->position < n) {
    const DictEntry& entry = entries[it->backwards ? --it->position : it->position++];
    Value k = entry.key.peek(), v = entry.value.peek();
    if (k.is_empty() || v.is_empty()) continue;
    *key = acquire(k);
    *value = acquire(v);
    return true;
  }
  return false;
}

Ref iterator_next(Thread& t, Value self) {
  auto* it = self.as<OrderedIterator>();
  Ref held = it->dict.load();
  if (held.is_empty()) return Ref();
  auto* d = held.as<OrderedDict>();
  Value key_word = EMPTY, value_word = EMPTY;
  bool changed, found = false;
  {
    ObjectLock lock(t, it);
    changed = stamp_of(d) != it->stamp;
    if (!changed) found = advance(it, it->stamp.table, &key_word, &value_word);
  }
  if (!found) {
    it->dict.clear(it);
    if (changed) return raise(t, exc::RuntimeError, "OrderedDict mutated during iteration");
    return Ref();
  }
  Ref key = Ref::adopt(key_word), value = Ref::adopt(value_word);
  if (it->part == Part::kKeys) return key;
  // A class may have its own idea of what belongs to a key.
  if (!is_exact_ordered(held)) value = TRY(get_item(t, held, key));
  if (it->part == Part::kValues) return value;
  Value pair[] = {key.take(), value.take()};
  return tuple_take(t, pair, 2);
}

Ref iterator_reduce(Thread& t, Value self, const Value*) {
  auto* it = self.as<OrderedIterator>();
  RefTo<List> left = TRY(list_new(t));
  Ref held = it->dict.load();
  if (!held.is_empty()) {
    Ref copy = TRY(iterator_new(t, held.as<OrderedDict>(), it->part, it->backwards));
    copy.as<OrderedIterator>()->position = it->position;
    copy.as<OrderedIterator>()->stamp = it->stamp;
    TRY(list_extend_py(t, left.get(), copy));
  }
  return reduce_to_builtin(t, "iter", left.value());
}

Ref ordered_iter(Thread& t, Value self) { return iterator_new(t, self_of(self), Part::kKeys, false); }
Ref m_reversed(Thread& t, Value self, const Value*) { return iterator_new(t, self_of(self), Part::kKeys, true); }

// --- views
template <Part kPart>
Ref view_iter(Thread& t, Value self) {
  Ref dict = self.as<DictView>()->dict.load();
  return iterator_new(t, dict.as<OrderedDict>(), kPart, false);
}
template <Part kPart>
Ref view_reversed(Thread& t, Value self, const Value*) {
  Ref dict = self.as<DictView>()->dict.load();
  return iterator_new(t, dict.as<OrderedDict>(), kPart, true);
}
Ref view_new(Thread& t, Type* type, Value dict) {
  auto* view = allocate_native<DictView>(t, type);
  Ref self = Ref::adopt(Value(view));
  view->dict.init(view, dict);
  return self;
}
Ref m_keys(Thread& t, Value self, const Value*) { return view_new(t, g_keys_type, self); }
Ref m_values(Thread& t, Value self, const Value*) { return view_new(t, g_values_type, self); }
Ref m_items(Thread& t, Value self, const Value*) { return view_new(t, g_items_type, self); }

// --- filling: through the class's __setitem__
Status put(Thread& t, Value self, Value key, Value value) {
  if (stores_like_dict(type_of(self))) return dict_set_py(t, self.as<Dict>(), key, value);
  return set_item(t, self, key, value);
}

Status put_pairs(Thread& t, Value self, Value pairs) {
  Ref iterator = TRY(get_iter(t, pairs));
  for (;;) {
    Ref pair = TRY(iter_next(t, iterator));
    if (pair.is_empty()) return ok();
    Ref parts = TRY(get_iter(t, pair));
    Ref key = TRY(iter_next(t, parts));
    if (key.is_empty()) return raise(t, exc::ValueError, "need more than 0 values to unpack");
    Ref value = TRY(iter_next(t, parts));
    if (value.is_empty()) return raise(t, exc::ValueError, "need more than 1 value to unpack");
    Ref more = TRY(iter_next(t, parts));
    if (!more.is_empty()) return raise(t, exc::ValueError, "too many values to unpack (expected 2)");
    TRY(put(t, self, key, value));
  }
}

Status put_all(Thread& t, Value self, Value other) {
  if (is_exact_dict(other)) {
    RefTo<List> items = TRY(dict_items_list(t, other.as<Dict>()));
    return put_pairs(t, self, items);
  }
  Ref keys = TRY(get_attribute_or_empty(t, other, names::keys));
  if (!keys.is_empty()) {
    Ref given = TRY(call(t, keys));
    Ref iterator = TRY(get_iter(t, given));
    for (;;) {
      Ref key = TRY(iter_next(t, iterator));
      if (key.is_empty()) return ok();
      Ref value = TRY(get_item(t, other, key));
      TRY(put(t, self, key, value));
    }
  }
  Ref items = TRY(get_attribute_or_empty(t, other, names::items));
  if (items.is_empty()) return put_pairs(t, self, other);
  Ref pairs = TRY(call(t, items));
  return put_pairs(t, self, pairs);
}

Status put_arguments(Thread& t, Value self, Args args) {
  if (args.count > 0) TRY(put_all(t, self, args[0]));
  for (u32 k = 0; k < args.keyword_count; k++) TRY(put(t, self, args.names->items[k].peek(), args.keyword(k)));
  return ok();
}

Status init(Thread& t, Value self, Args args) {
  if (args.count > 1) return raise(t, exc::TypeError, "expected at most 1 argument, got %d", int(args.count));
  return put_arguments(t, self, args);
}
Ref m_update(Thread& t, Value self, Args args) {
  if (args.count > 1)
    return raise(t, exc::TypeError, "update() takes at most 1 positional argument (%d given)", int(args.count));
  TRY(put_arguments(t, self, args));
  return Ref::none();
}

Ref m_fromkeys(Thread& t, Value cls, const Value* a) {
  Ref result = TRY(call(t, cls));
  Ref iterator = TRY(get_iter(t, a[0]));
  for (;;) {
    Ref key = TRY(iter_next(t, iterator));
    if (key.is_empty()) return result;
    TRY(set_item(t, result, key, a[1].is_empty() ? None : a[1]));
  }
}

// --- other methods
Ref m_setdefault(Thread& t, Value self, const Value* a) {
  Value fallback = a[1].is_empty() ? None : a[1];
  if (is_exact_ordered(self)) return dict_setdefault_py(t, self.as<Dict>(), a[0], fallback);
  if (TRY(contains(t, self, a[0]))) return get_item(t, self, a[0]);
  TRY(set_item(t, self, a[0], fallback));
  return Ref::copy(fallback);
}

Ref m_pop(Thread& t, Value self, const Value* a) {
  Ref value = TRY(dict_pop_py(t, self.as<Dict>(), a[0]));
  if (!value.is_empty()) return value;
  if (!a[1].is_empty()) return Ref::copy(a[1]);
  return raise_key_error(t, a[0]);
}

Ref m_clear(Thread& t, Value self, const Value*) {
  dict_clear(t, self.as<Dict>());
  return Ref::none();
}

Ref m_copy(Thread& t, Value self, const Value*) {
  Ref result = TRY(call(t, Value(type_of(self))));
  Ref iterator = TRY(iterator_new(t, self_of(self), Part::kItems, false));
  for (;;) {
    Ref item = TRY(iter_next(t, iterator));
    if (item.is_empty()) return result;
    auto* pair = item.as<Tuple>();
    TRY(set_item(t, result, pair->items[0].peek(), pair->items[1].peek()));
  }
}

Ref m_reduce(Thread& t, Value self, const Value*) {
  Ref state = TRY(pickle_state(t, self));
  Ref items = TRY(call_method_with(t, self, names::items));
  Ref iterator = TRY(get_iter(t, items));
  return tuple_of(t, Value(type_of(self)), Value(empty_tuple()), state, None, iterator);
}

Ref repr_of(Thread& t, Value self) {
  Ref shown;
  if (is_exact_ordered(self)) {
    shown = TRY(dict_copy(t, self.as<Dict>()));
  } else {
    Ref items = TRY(call_method_with(t, self, names::items));
    shown = TRY(call_with(t, Value(types::dict), items));
  }
  return str_format(t, "%U(%R)", type_of(self)->name.as<Str>(), shown.get());
}
Ref repr(Thread& t, Value self) {
  if (dict_size(self.as<Dict>()) == 0) return str_format(t, "%U()", type_of(self)->name.as<Str>());
  bool entered = TRY(repr_enter(t, self));
  if (!entered) return str_from_ascii(t, "...");
  Ref text = repr_of(t, self);
  repr_leave(t, self);
  return text;
}

Result<bool> same_order(Thread& t, OrderedDict* a, OrderedDict* b) {
  Ref left = TRY(iterator_new(t, a, Part::kKeys, false))
  , right = TRY(iterator_new(t, b, Part::kKeys, false));
  for (;;) {
    Ref x = TRY(iter_next(t, left))
    , y = TRY(iter_next(t, right));
    if (x.is_empty() || y.is_empty()) return x.is_empty() && y.is_empty();
    if (!TRY(values_equal(t, x, y))) return false;
  }
}

Ref compare_slot(Thread& t, Value self, Value other, CompareOp op) {
  if ((op != CompareOp::kEq && op != CompareOp::kNe) || !is_dict(other)) return Ref::not_implemented();
  Ref verdict = TRY(types::dict->slots.compare(t, self, other, CompareOp::kEq));
  bool same = verdict.get().is_true();
  if (same && is_ordered(other)) same = TRY(same_order(t, self_of(self), self_of(other)));
  return Ref::boolean(same == (op == CompareOp::kEq));
}

Ref or_slot(Thread& t, Value a, Value b) {
  if (!is_dict(a) || !is_dict(b)) return Ref::not_implemented();
  Type* type = type_of(is_ordered(a) ? a : b);
  Ref result = TRY(call_with(t, Value(type), a));
  TRY(put_all(t, result, b));
  return result;
}
Ref inplace_or(Thread& t, Value self, Value other) {
  TRY(put_all(t, self, other));
  return Ref::copy(self);
}

const Method kMethods[] = {
    class_method("fromkeys", m_fromkeys, "($type, /, iterable, value=None)",
                 "Create a new ordered dictionary with keys from iterable and values set to value."),
    method("__reduce__", m_reduce, "($self, /)", "Return state information for pickling"),
    method(
        "setdefault", m_setdefault, "($self, /, key, default=None)",
        "Insert key with a value of default if key is not in the dictionary.\n\nReturn the value for key if key is in "
        "the dictionary, else default."),
    method("pop", m_pop, "($self, /, key, default=<unrepresentable>)",
           "od.pop(key[,default]) -> v, remove specified key and return the corresponding value.\n\nIf the key is not "
           "found, return the default if given; otherwise,\nraise a KeyError."),
    method("popitem", m_popitem, "($self, /, last=True)",
           "Remove and return a (key, value) pair from the dictionary.\n\nPairs are returned in LIFO order if last is "
           "true "
           "or FIFO order if\nfalse."),
    method("keys", m_keys, "($self, /)"),
    method("values", m_values, "($self, /)"),
    method("items", m_items, "($self, /)"),
    raw_method("update", m_update),
    method("clear", m_clear, "($self, /)", "Remove all items from ordered dict."),
    method("copy", m_copy, "($self, /)", "A shallow copy of ordered dict."),
    method("__reversed__", m_reversed, "($self, /)", "od.__reversed__() <==> reversed(od)"),
    method("move_to_end", m_move_to_end, "($self, /, key, last=True)",
           "Move an existing element to the end (or beginning if last is false).\n\nRaise KeyError if the element does "
           "not "
           "exist."),
    {},
};

const Method kIteratorMethods[] = {
    method("__reduce__", iterator_reduce, "($self, /)", "Return state information for pickling"),
    {},
};

template <Part kPart>
constexpr Method kViewMethods[] = {method("__reversed__", view_reversed<kPart>, "($self, /)"), {}};

const TypeSpec kIteratorSpec = {
    .name = "odict_iterator",
    .layout = {"odict_iterator", sizeof(OrderedIterator), 0, iterator_visit, nullptr, nullptr, nullptr},
    .flags = type_flag::kImmutable | type_flag::kDisallowInstantiation,
    .slots = {.iter = iter_self, .next = iterator_next},
    .methods = kIteratorMethods,
};

template <Part kPart>
constexpr TypeSpec view_spec(const char* name, Type* const* base) {
  return {.name = name,
          .base = base,
          .flags = type_flag::kImmutable | type_flag::kDisallowInstantiation,
          .slots = {.iter = view_iter<kPart>},
          .methods = kViewMethods<kPart>};
}
const TypeSpec kKeysSpec = view_spec<Part::kKeys>("odict_keys", &types::dict_keys);
const TypeSpec kValuesSpec = view_spec<Part::kValues>("odict_values", &types::dict_values);
const TypeSpec kItemsSpec = view_spec<Part::kItems>("odict_items", &types::dict_items);

}  // namespace

const TypeSpec spec_ordered_dict = {
    .name = "collections.OrderedDict",
    .doc = "Dictionary that remembers insertion order",
    .base = &types::dict,
    .layout = {"OrderedDict", sizeof(OrderedDict), 0, visit, release, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kImmutable | type_flag::kHasDict | type_flag::kHasWeakref,
    .slots = {.repr = repr,
              .compare = compare_slot,
              .iter = ordered_iter,
              .init = init,
              .or_ = or_slot,
              .inplace_or = inplace_or},
    .methods = kMethods,
};

Status initialise_ordered_dict(Thread& t, Module* module) {
  if (g_iterator_type == nullptr) {
    TRY(make_static_type(t, kIteratorSpec, &g_iterator_type));
    TRY(make_static_type(t, kKeysSpec, &g_keys_type));
    TRY(make_static_type(t, kValuesSpec, &g_values_type));
    TRY(make_static_type(t, kItemsSpec, &g_items_type));
  }
  return module_add_type(t, module, spec_ordered_dict, &g_ordered_dict_type);
}

}  // namespace typhon
