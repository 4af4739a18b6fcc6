// Iterators over dicts (forwards and backwards) and the views dict_keys, dict_values, dict_items.
#include "objects/dict/table.h"
#include "objects/itertypes.h"

namespace typhon {

using namespace dict_table;

namespace types {
Type *dict_keys, *dict_values, *dict_items;
Type *dict_reversekeyiterator, *dict_reversevalueiterator, *dict_reverseitemiterator;
}  // namespace types

namespace {

// --- iterators. `position` is an entry number (backwards: one more than that of the next candidate).

constexpr u64 kPoisoned = ~u64(0);  // expected_used after the error was reported: it is reported again for ever

enum class Outcome : u8 { kItem, kEnd, kResized, kKeysChanged };

// One step under the iterator's lock (which needs none while it is LOCAL): no Python code, no dropped references.
template <bool kBackwards>
TYPHON_INLINE Outcome advance(DictIterator* it, DictPart part, Value* key, Value* value) {
  Value held = it->dict.peek();
  if (held.is_empty()) return Outcome::kEnd;
  Dict* d = held.as<Dict>();
  if (it->expected_used != used_of(d)) {
    it->expected_used = kPoisoned;
    return Outcome::kResized;
  }
  DictTable* table = table_of(d);
  DictEntry* entries = table->entries();
  u64 n = entry_count(table);
  u64 i = it->position;
  if (kBackwards && i > n) return Outcome::kEnd;  // another table, with fewer entries
  while (kBackwards ? i > 0 : i < n) {
    DictEntry& entry = entries[kBackwards ? i - 1 : i];
    Value v = entry.value.peek(), k = entry.key.peek();
    if (v.is_empty() || k.is_empty()) {
      kBackwards ? i-- : i++;
      continue;
    }
    if (it->remaining == 0) return Outcome::kKeysChanged;
    it->remaining--;
    it->position = kBackwards ? i - 1 : i + 1;
    *key = part == DictPart::kValues ? EMPTY : acquire(k);
    *value = part == DictPart::kKeys ? EMPTY : acquire(v);
    return Outcome::kItem;
  }
  return Outcome::kEnd;
}

// Key and value of the next entry, owned, as far as `part` has them; false: the end, or raised.
template <bool kBackwards>
Result<bool> next_entry(Thread& t, DictIterator* it, DictPart part, Value* pair) {
  Value finished = EMPTY;
  Outcome outcome;
  {
    ObjectLock lock(t, it);
    outcome = advance<kBackwards>(it, part, &pair[0], &pair[1]);
    if (outcome == Outcome::kEnd || outcome == Outcome::kKeysChanged) finished = it->dict.take_word(it);
  }
  if (outcome == Outcome::kItem) [[likely]] return true;
  Field::release_heap(finished);
  if (outcome == Outcome::kResized) return raise(t, exc::RuntimeError, "dictionary changed size during iteration");
  if (outcome == Outcome::kKeysChanged) return raise(t, exc::RuntimeError, "dictionary keys changed during iteration");
  return false;
}

template <DictPart kPart, bool kBackwards>
Ref dict_iterator_next(Thread& t, Value self) {
  Value pair[2] = {EMPTY, EMPTY};
  if (!TRY(next_entry<kBackwards>(t, self.as<DictIterator>(), kPart, pair))) return Ref();
  if (kPart == DictPart::kKeys) return Ref::adopt(pair[0]);
  if (kPart == DictPart::kValues) return Ref::adopt(pair[1]);
  return tuple_take(t, pair, 2);
}

void dict_iterator_visit(Object* self, Visitor& visitor) { visitor.field(static_cast<DictIterator*>(self)->dict); }

Ref dict_iterator_length_hint(Thread& t, Value self, const Value*) {
  DictIterator* it = self.as<DictIterator>();
  Ref held = it->dict.load();
  if (held.is_empty() || it->expected_used != used_of(held.as<Dict>())) return int_from(t, 0);
  return int_from(t, i64(it->remaining));
}

// (iter, ([what is left],)), without moving the iterator.
template <DictPart kPart, bool kBackwards>
Ref dict_iterator_reduce(Thread& t, Value self, const Value*) {
  DictIterator* it = self.as<DictIterator>();
  RefTo<List> left = TRY(list_new(t));
  Ref held = it->dict.load();
  if (!held.is_empty()) {
    Ref copy = TRY(dict_iterator_new(t, held.as<Dict>(), kPart, kBackwards));
    DictIterator* clone = copy.as<DictIterator>();
    clone->position = it->position;
    clone->expected_used = it->expected_used;
    clone->remaining = it->remaining;
    for (;;) {
      Ref item = TRY((dict_iterator_next<kPart, kBackwards>(t, copy)));
      if (item.is_empty()) break;
      TRY(list_append(t, left.get(), std::move(item)));
    }
  }
  return reduce_to_builtin(t, "iter", left.value());
}

template <DictPart kPart, bool kBackwards>
constexpr Method kIteratorMethods[] = {
    method("__length_hint__", dict_iterator_length_hint, "($self, /)",
           "Private method returning an estimate of len(list(it))."),
    method("__reduce__", dict_iterator_reduce<kPart, kBackwards>, "($self, /)",
           "Return state information for pickling."),
    {},
};

template <DictPart kPart, bool kBackwards>
constexpr TypeSpec iterator_spec(const char* name) {
  return {.name = name,
          .layout = {.name = name,
                     .basic_size = sizeof(DictIterator),
                     .item_size = 0,
                     .visit = dict_iterator_visit,
                     .release = nullptr,
                     .native_size = nullptr,
                     .finalise = nullptr,
                     .dispose = dispose_fields<offsetof(DictIterator, dict), 1>},
          .flags = type_flag::kImmutable | type_flag::kDisallowInstantiation,
          .slots = {.iter = iter_self, .next = dict_iterator_next<kPart, kBackwards>},
          .methods = kIteratorMethods<kPart, kBackwards>};
}

// --- views

Dict* dict_of(Value view) { return view.as<DictView>()->dict.as<Dict>(); }

void view_visit(Object* self, Visitor& visitor) { visitor.field(static_cast<DictView*>(self)->dict); }

bool is_set_view(Value v) {
  return v.is_object() && (is_native_instance(v, types::dict_keys) || is_native_instance(v, types::dict_items));
}

Result<i64> view_length(Thread& t, Value self) { return i64(used_of(dict_of(self))); }

template <DictPart kPart>
Ref view_iter(Thread& t, Value self) {
  return dict_iterator_new(t, dict_of(self), kPart, false);
}
template <DictPart kPart>
Ref view_reversed(Thread& t, Value self, const Value*) {
  return dict_iterator_new(t, dict_of(self), kPart, true);
}

Ref view_mapping(Thread& t, Value self) { return mappingproxy_new(t, Value(dict_of(self))); }

Ref view_repr(Thread& t, Value self) {
  bool entered = TRY(repr_enter(t, self));
  if (!entered) return str_from_ascii(t, "...");
  RefTo<List> items = to_list(t, self);
  RefTo<Str> text;
  bool failed = items.failed();
  if (!failed) {
    text = str_format(t, "%s(%R)", type_name(self), items.value());
    failed = text.failed();
  }
  repr_leave(t, self);
  if (failed) return Raised{};
  return text;
}

Result<bool> keys_contains(Thread& t, Value self, Value item) { return dict_contains_py(t, dict_of(self), item); }

Result<bool> items_contains(Thread& t, Value self, Value item) {
  if (!is_tuple(item) || item.as<Tuple>()->size != 2) return false;
  Tuple* pair = item.as<Tuple>();
  Ref found = TRY(dict_get_py(t, dict_of(self), pair->items[0].peek()));
  if (found.is_empty()) return false;
  return values_equal(t, found, pair->items[1].peek());
}

Result<bool> all_contained(Thread& t, Value small, Value large) {
  Ref iterator = TRY(get_iter(t, small));
  for (;;) {
    Ref item = TRY(iter_next(t, iterator));
    if (item.is_empty()) return true;
    bool there = TRY(contains(t, large, item));
    if (!there) return false;
  }
}

Ref view_compare(Thread& t, Value self, Value other, CompareOp op) {
  if (!is_set(other) && !is_frozenset(other) && !is_set_view(other)) return Ref::not_implemented();
  i64 mine = i64(used_of(dict_of(self)));
  i64 theirs = TRY(length(t, other));
  bool holds = false;
  switch (op) {
    case CompareOp::kEq:
    case CompareOp::kNe:
      holds = mine == theirs;
      if (holds) holds = TRY(all_contained(t, self, other));
      if (op == CompareOp::kNe) holds = !holds;
      break;
    case CompareOp::kLt:
      if (mine < theirs) holds = TRY(all_contained(t, self, other));
      break;
    case CompareOp::kLe:
      if (mine <= theirs) holds = TRY(all_contained(t, self, other));
      break;
    case CompareOp::kGt:
      if (mine > theirs) holds = TRY(all_contained(t, other, self));
      break;
    case CompareOp::kGe:
      if (mine >= theirs) holds = TRY(all_contained(t, other, self));
      break;
  }
  return Ref::boolean(holds);
}

Ref view_subtract(Thread& t, Value a, Value b) {
  RefTo<Set> result = TRY(set_from_py(t, a, false));
  TRY(set_difference_update_py(t, result.get(), b));
  return result;
}

Ref view_or(Thread& t, Value a, Value b) {
  RefTo<Set> result = TRY(set_from_py(t, a, false));
  TRY(set_update_py(t, result.get(), b));
  return result;
}

// Of two items views: pairs that are in both are never hashed.
Ref items_xor(Thread& t, Value a, Value b) {
  RefTo<Dict> rest = TRY(dict_copy(t, dict_of(a)));
  RefTo<Set> result = TRY(set_new(t));
  Ref iterator = TRY(get_iter(t, b));
  for (;;) {
    Ref item = TRY(iter_next(t, iterator));
    if (item.is_empty()) break;
    Value key = item.as<Tuple>()->items[0].peek();
    Ref found = TRY(dict_get_py(t, rest.get(), key));
    bool in_both = !found.is_empty() && TRY(values_equal(t, found, item.as<Tuple>()->items[1].peek()));
    if (in_both)
      TRY(dict_delete_py(t, rest.get(), key));
    else
      TRY(set_add_py(t, result.get(), item));
  }
  for (size_t position = 0;;) {
    Ref key, value;
    if (!dict_next(t, rest.get(), &position, &key, &value)) return result;
    RefTo<Tuple> pair = TRY(tuple_of(t, key, value));
    TRY(set_add_py(t, result.get(), pair));
  }
}

Ref view_xor(Thread& t, Value a, Value b) {
  if (is_native_instance(a, types::dict_items) && b.is_object() && is_native_instance(b, types::dict_items)) return items_xor(t, a, b);
  RefTo<Set> result = TRY(set_from_py(t, a, false));
  TRY(set_symmetric_update_py(t, result.get(), b));
  return result;
}

Ref view_and(Thread& t, Value a, Value b) {
  // Walk the operand that is no view, or the shorter view.
  if (!is_set_view(a)) std::swap(a, b);
  // A set that is no smaller has its own way to do it, which hashes pairs of which no key is there.
  if (is_exact_set(b) && used_of(dict_of(a)) <= TRY(length(t, b))) {
    Ref method = TRY(get_attribute_utf8(t, b, "intersection"));
    return call_with(t, method, a);
  }
  if (is_set_view(b) && used_of(dict_of(b)) > used_of(dict_of(a))) std::swap(a, b);
  RefTo<Set> result = TRY(set_new(t));
  Ref iterator = TRY(get_iter(t, b));
  for (;;) {
    Ref item = TRY(iter_next(t, iterator));
    if (item.is_empty()) return result;
    bool there = TRY(contains(t, a, item));
    if (there) TRY(set_add_py(t, result.get(), item));
  }
}

Ref view_isdisjoint(Thread& t, Value self, const Value* a) {
  Value other = a[0];
  if (self.same_word(other)) return Ref::boolean(used_of(dict_of(self)) == 0);
  if (is_set(other) || is_frozenset(other) || is_set_view(other)) {
    i64 size_self = TRY(length(t, self));
    i64 size_other = TRY(length(t, other));
    if (size_other > size_self) std::swap(self, other);
  }
  Ref iterator = TRY(get_iter(t, other));
  for (;;) {
    Ref item = TRY(iter_next(t, iterator));
    if (item.is_empty()) return Ref::boolean(true);
    bool there = TRY(contains(t, self, item));
    if (there) return Ref::boolean(false);
  }
}

const GetSet kViewGetSets[] = {
    {"mapping", view_mapping, nullptr, "Dictionary that this view refers to."},
    {},
};

template <DictPart kPart>
constexpr Method kSetViewMethods[] = {
    method("isdisjoint", view_isdisjoint, "($self, other, /)",
           "Return True if the view and the given iterable have a null intersection."),
    method("__reversed__", view_reversed<kPart>, "($self, /)", "Return a reverse iterator over the dict's contents."),
    {},
};
const Method kValuesMethods[] = {
    method("__reversed__", view_reversed<DictPart::kValues>, "($self, /)",
           "Return a reverse iterator over the dict values."),
    {},
};

template <DictPart kPart>
constexpr TypeSpec set_view_spec(const char* name, ContainsFn contains_fn) {
  return {.name = name,
          .layout = {.name = name,
                     .basic_size = sizeof(DictView),
                     .item_size = 0,
                     .visit = view_visit,
                     .release = nullptr,
                     .native_size = nullptr,
                     .finalise = nullptr,
                     .dispose = dispose_fields<offsetof(DictView, dict), 1>},
          .flags = type_flag::kImmutable | type_flag::kDisallowInstantiation,
          .slots = {.repr = view_repr,
                    .compare = view_compare,
                    .iter = view_iter<kPart>,
                    .subtract = view_subtract,
                    .and_ = view_and,
                    .xor_ = view_xor,
                    .or_ = view_or,
                    .length = view_length,
                    .contains = contains_fn},
          .methods = kSetViewMethods<kPart>,
          .getsets = kViewGetSets};
}

const TypeSpec kKeysSpec = set_view_spec<DictPart::kKeys>("dict_keys", keys_contains);
const TypeSpec kItemsSpec = set_view_spec<DictPart::kItems>("dict_items", items_contains);
const TypeSpec kValuesSpec = {
    .name = "dict_values",
    .layout = {.name = "dict_values",
               .basic_size = sizeof(DictView),
               .item_size = 0,
               .visit = view_visit,
               .release = nullptr,
               .native_size = nullptr,
               .finalise = nullptr,
               .dispose = dispose_fields<offsetof(DictView, dict), 1>},
    .flags = type_flag::kImmutable | type_flag::kDisallowInstantiation,
    .slots = {.repr = view_repr, .iter = view_iter<DictPart::kValues>, .length = view_length},
    .methods = kValuesMethods,
    .getsets = kViewGetSets,
};
const TypeSpec kReverseKeySpec = iterator_spec<DictPart::kKeys, true>("dict_reversekeyiterator");
const TypeSpec kReverseValueSpec = iterator_spec<DictPart::kValues, true>("dict_reversevalueiterator");
const TypeSpec kReverseItemSpec = iterator_spec<DictPart::kItems, true>("dict_reverseitemiterator");

}  // namespace

Ref dict_iterator_new(Thread& t, Dict* d, DictPart part, bool backwards) {
  u32 shape;
  if (backwards) {
    Type* type = part == DictPart::kKeys     ? types::dict_reversekeyiterator
                 : part == DictPart::kValues ? types::dict_reversevalueiterator
                                             : types::dict_reverseitemiterator;
    shape = type->root_shape;
  } else {
    shape = part == DictPart::kKeys     ? kShape_dict_keyiterator
            : part == DictPart::kValues ? kShape_dict_valueiterator
                                        : kShape_dict_itemiterator;
  }
  DictIterator* it = heap::allocate_as<DictIterator>(t, shape);
  it->dict.init(it, Value(d));
  it->expected_used = it->remaining = used_of(d);
  if (backwards) it->position = entry_count(table_of(d));
  return Ref::adopt(Value(it));
}

Ref dict_view_new(Thread& t, Dict* d, DictPart part) {
  Type* type = part == DictPart::kKeys     ? types::dict_keys
               : part == DictPart::kValues ? types::dict_values
                                           : types::dict_items;
  DictView* view = allocate_native<DictView>(t, type);
  view->dict.init(view, Value(d));
  return Ref::adopt(Value(view));
}

extern const TypeSpec spec_dict_keyiterator, spec_dict_valueiterator, spec_dict_itemiterator;
const TypeSpec spec_dict_keyiterator = iterator_spec<DictPart::kKeys, false>("dict_keyiterator");
const TypeSpec spec_dict_valueiterator = iterator_spec<DictPart::kValues, false>("dict_valueiterator");
const TypeSpec spec_dict_itemiterator = iterator_spec<DictPart::kItems, false>("dict_itemiterator");

RowOutcome dict_next_row(Thread& t, DictIterator* iterator, Value* out) {
  Result<bool> there = next_entry<false>(t, iterator, DictPart::kItems, out);
  if (there.failed()) return RowOutcome::kRaised;
  return there.get() ? RowOutcome::kItems : RowOutcome::kEnd;
}

Status initialise_dict_types(Thread& t) {
  TRY(make_static_type(t, kKeysSpec, &types::dict_keys));
  TRY(make_static_type(t, kValuesSpec, &types::dict_values));
  TRY(make_static_type(t, kItemsSpec, &types::dict_items));
  TRY(make_static_type(t, kReverseKeySpec, &types::dict_reversekeyiterator));
  TRY(make_static_type(t, kReverseValueSpec, &types::dict_reversevalueiterator));
  TRY(make_static_type(t, kReverseItemSpec, &types::dict_reverseitemiterator));
  return ok();
}

}  // namespace typhon
