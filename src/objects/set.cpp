// set and frozenset: the C++ API of containers.h, the algebra, the types and their iterator.
#include "objects/dict/table.h"
#include "objects/itertypes.h"
#include "objects/list_body.h"
#include "objects/set_table.h"

namespace typhon {

using namespace set_table;

namespace types {
Type* set_iterator;
}

namespace {

bool is_any_set(Value v) { return is_set(v) || is_frozenset(v); }

// A set whose contents no other thread changes: itself, or a copy.
RefTo<Set> stable(Thread& t, Set* s) {
  if (!is_contended(s) || !is_set(Value(s))) return RefTo<Set>::copy(s);
  RefTo<Set> copy = TRY(set_new(t));
  TRY(fill_from(t, copy.get(), s));
  return copy;
}

// A new set or frozenset, as the left operand is one, with the same items.
RefTo<Set> copy_of(Thread& t, Value v) {
  RefTo<Set> copy = TRY(set_new(t, is_frozenset(v)));
  TRY(fill_from(t, copy.get(), v.as<Set>()));
  return copy;
}

// The hash of an item to look up. A set stands for the frozenset of its items.
Result<u64> lookup_hash(Thread& t, Value item, Ref* replacement) {
  Result<u64> hash = hash_of_key(t, item);
  if (!hash.failed() || !is_set(item) || !pending_matches(t, exc::TypeError)) return hash;
  clear_exception(t);
  RefTo<Set> frozen = TRY(set_new(t, true));
  TRY(fill_from(t, frozen.get(), item.as<Set>()));
  *replacement = Ref::copy(frozen.value());
  return hash_of_key(t, *replacement);
}

}  // namespace

// --- C++ API

RefTo<Set> set_new(Thread& t, bool frozen) {
  Set* s = heap::allocate_as<Set>(t, frozen ? kShape_frozenset : kShape_set);
  s->table = g_empty;
  return RefTo<Set>::adopt(s);
}

RefTo<Set> set_from_py(Thread& t, Value iterable, bool frozen) {
  RefTo<Set> result = TRY(set_new(t, frozen));
  TRY(set_update_py(t, result.get(), iterable));
  return result;
}

size_t set_size(const Set* s) { return used_of(s); }

Result<bool> set_add_py(Thread& t, Set* s, Value key) {
  u64 hash = TRY(hash_of_key(t, key));
  return add_hashed_py(t, s, key, hash);
}

Result<bool> set_contains_py(Thread& t, Set* s, Value key) {
  Ref replacement;
  u64 hash = TRY(lookup_hash(t, key, &replacement));
  return contains_hashed_py(t, s, replacement.is_empty() ? key : replacement.get(), hash);
}

Result<bool> set_discard_py(Thread& t, Set* s, Value key) {
  Ref replacement;
  u64 hash = TRY(lookup_hash(t, key, &replacement));
  return discard_hashed_py(t, s, replacement.is_empty() ? key : replacement.get(), hash);
}

bool set_next(Thread& t, Set* s, size_t* position, Ref* key) { return next_key(s, position, key, nullptr); }

// --- algebra. A walk over a set that changes under it (an __eq__ did that) is safe, and sees what it sees.

namespace {

// An element's hash where the message for an unhashable one does not speak of sets.
Result<u64> plain_hash(Thread& t, Value key) { return key_hash(t, key, nullptr); }

// Calls action(key, hash) -> Status for the items of any iterable.
template <Result<u64> (*kHash)(Thread&, Value) = hash_of_key, class Action>
Status for_each_item_py(Thread& t, Value iterable, Action&& action) {
  if (is_any_set(iterable)) {
    RefTo<Set> source = TRY(stable(t, iterable.as<Set>()));
    u64 position = 0, hash = 0;
    Ref key;
    while (next_key(source.get(), &position, &key, &hash)) {
      if (poll_wanted(t)) [[unlikely]] safepoint_scan_only(t);
      TRY(action(key.get(), hash));
    }
    return ok();
  }
  if (is_exact_dict(iterable)) {
    // A copy: with the hashes that the dict knows.
    RefTo<Dict> source = TRY(dict_copy(t, iterable.as<Dict>()));
    u64 position = 0, hash = 0;
    Ref key, value;
    while (dict_table::next_entry(source.get(), dict_table::table_of(source.get()), &position, &key, &value, &hash)) {
      if (poll_wanted(t)) [[unlikely]] safepoint_scan_only(t);
      TRY(action(key.get(), hash));
    }
    return ok();
  }
  if (is_exact_list(iterable)) {
    for (u64 i = 0;; i++) {
      Ref item = list_body::item_at(iterable.as<List>(), i);
      if (item.is_empty()) return ok();
      if (poll_wanted(t)) [[unlikely]] safepoint_scan_only(t);
      u64 hash = TRY(kHash(t, item));
      TRY(action(item.get(), hash));
    }
  }
  Ref keys;
  RefTo<List> shared = TRY(shared_items(t, iterable));
  if (!shared.is_empty()) iterable = keys = std::move(shared).release_ref();
  Ref iterator = TRY(get_iter(t, iterable));
  for (;;) {
    Ref item = TRY(iter_next(t, iterator));
    if (item.is_empty()) return ok();
    u64 hash = TRY(kHash(t, item));
    TRY(action(item.get(), hash));
  }
}

Status add_status(Thread& t, Set* s, Value key, u64 hash) {
  (void)TRY(add_hashed_py(t, s, key, hash));
  return ok();
}

}  // namespace

// Adds the elements of `from`. False, and some may be missing: that takes Python code, or other threads may be at the sets.
static Result<bool> add_quickly(Thread& t, Set* s, Set* from) {
  if (is_contended(s) || is_contended(from)) return false;
  SetTable* table = from->table;
  for (u64 i = 0; i <= table->mask; i++) {
    const SetEntry& entry = table->entries[i];
    Value key = entry.key.peek();
    if (!is_live(key)) continue;
    Probe probe = probe_quick(s->table, key, entry.hash);
    if (probe.index >= 0) continue;
    if (probe.index == kUnknown || !has_room(s->table)) return false;
    TRY(fill_entry(t, s, s->table, probe.slot, key, entry.hash));
  }
  return true;
}

Status set_update_py(Thread& t, Set* s, Value iterable) {
  if (iterable.same_word(Value(s))) return ok();
  if (is_any_set(iterable)) {
    Set* other = iterable.as<Set>();
    if (s->is_local() && s->used == 0) return fill_from(t, s, other);
    u64 more = used_of(other);
    SetTable* table = table_of(s);
    if ((fill_of(table) + more) * 5 >= table->mask * 3) TRY(resize(t, s, table, (used_of(s) + more) * 2));
    if (TRY(add_quickly(t, s, other))) return ok();
  }
  return for_each_item_py(t, iterable, [&](Value key, u64 hash) { return add_status(t, s, key, hash); });
}

Status set_difference_update_py(Thread& t, Set* s, Value other) {
  if (other.same_word(Value(s))) {
    clear(t, s);
    return ok();
  }
  return for_each_item_py(t, other, [&](Value key, u64 hash) -> Status {
    (void)TRY(discard_hashed_py(t, s, key, hash));
    return ok();
  });
}

Status set_symmetric_update_py(Thread& t, Set* s, Value other) {
  if (other.same_word(Value(s))) {
    clear(t, s);
    return ok();
  }
  RefTo<Set> distinct;
  if (!is_any_set(other) && !is_exact_dict(other)) {
    distinct = TRY(set_from_py(t, other, false));
    other = distinct.value();
  }
  return for_each_item_py(t, other, [&](Value key, u64 hash) -> Status {
    bool there = TRY(discard_hashed_py(t, s, key, hash));
    return there ? ok() : add_status(t, s, key, hash);
  });
}

namespace {

// Whether a walk that began now meets every key once: the thing walked over is a set, and nothing was added to it since.
class Walk {
 public:
  explicit Walk(Value over) : set_(is_any_set(over) ? over.as<Set>() : nullptr) {
    if (set_ == nullptr) return;
    generation_ = generation_of(set_);
    fill_ = fill_of(table_of(set_));
  }
  bool distinct() const { return set_ != nullptr && generation_of(set_) == generation_ && fill_of(table_of(set_)) == fill_; }

 private:
  Set* set_;
  u32 generation_ = 0;
  u64 fill_ = 0;
};

// Adds to `result` what of an iterable's items is in `within`, until all of that has been found.
Status intersect_items(Thread& t, Set* within, Value iterable, Set* result) {
  Ref iterator = TRY(get_iter(t, iterable));
  for (;;) {
    Ref item = TRY(iter_next(t, iterator));
    if (item.is_empty()) return ok();
    u64 hash = TRY(plain_hash(t, item));
    bool there = TRY(contains_hashed_py(t, within, item, hash));
    if (!there) continue;
    TRY(add_status(t, result, item, hash));
    if (used_of(result) >= used_of(within)) return ok();
  }
}

// Adds to `result`, which is empty, the elements of `from` that are in `within` (wanted), or those that are not. False, and nothing
// was done: that takes Python code, or other threads may be at the sets.
Result<bool> pick(Thread& t, Set* from, Set* within, bool wanted, Set* result) {
  if (is_contended(from) || is_contended(within)) return false;
  SetTable *table = from->table, *other = within->table;
  for (u64 i = 0; i <= table->mask; i++) {
    const SetEntry& entry = table->entries[i];
    Value key = entry.key.peek();
    if (!is_live(key)) continue;
    Probe probe = probe_quick(other, key, entry.hash);
    if (probe.index == kUnknown) {
      clear(t, result);
      return false;
    }
    if ((probe.index >= 0) == wanted) TRY(add_distinct(t, result, key, entry.hash));
  }
  return true;
}

RefTo<Set> intersection(Thread& t, Value self, Value other) {
  bool frozen = is_frozenset(self);
  if (self.same_word(other)) return copy_of(t, self);
  RefTo<Set> result = TRY(set_new(t, frozen));
  // Walk the smaller one.
  if (is_any_set(other) && used_of(other.as<Set>()) > used_of(self.as<Set>())) std::swap(self, other);
  Set* within = self.as<Set>();
  if (!is_any_set(other)) {
    TRY(intersect_items(t, within, other, result.get()));
    return result;
  }
  if (TRY(pick(t, other.as<Set>(), within, true, result.get()))) return result;
  Walk walk(other);
  TRY(for_each_item_py<plain_hash>(t, other, [&](Value key, u64 hash) -> Status {
    bool there = TRY(contains_hashed_py(t, within, key, hash));
    if (!there) return ok();
    return walk.distinct() ? add_distinct(t, result.get(), key, hash) : add_status(t, result.get(), key, hash);
  }));
  return result;
}

RefTo<Set> difference(Thread& t, Value self, Value other) {
  Set* s = self.as<Set>();
  bool cheap_lookup = is_any_set(other) || is_exact_dict(other);
  i64 other_size = 0;
  if (cheap_lookup) other_size = TRY(length(t, other));
  if (!cheap_lookup || i64(used_of(s) >> 2) > other_size) {
    RefTo<Set> result = TRY(copy_of(t, self));
    TRY(set_difference_update_py(t, result.get(), other));
    return result;
  }
  RefTo<Set> result = TRY(set_new(t, is_frozenset(self)));
  if (is_any_set(other) && TRY(pick(t, s, other.as<Set>(), false, result.get()))) return result;
  Walk walk(self);
  TRY(for_each_item_py(t, self, [&](Value key, u64 hash) -> Status {
    bool there;
    if (is_exact_dict(other)) {
      Ref found = TRY(dict_table::get_hashed_py(t, other.as<Dict>(), key, hash));
      there = !found.is_empty();
    } else {
      there = TRY(contains_hashed_py(t, other.as<Set>(), key, hash));
    }
    if (there) return ok();
    return walk.distinct() ? add_distinct(t, result.get(), key, hash) : add_status(t, result.get(), key, hash);
  }));
  return result;
}

RefTo<Set> symmetric_difference(Thread& t, Value self, Value other) {
  RefTo<Set> result = TRY(set_from_py(t, other, is_frozenset(self)));
  TRY(set_symmetric_update_py(t, result.get(), self));
  return result;
}

Result<bool> is_subset(Thread& t, Value self, Value other) {
  if (!is_any_set(other)) {
    RefTo<Set> common = TRY(intersection(t, self, other));
    return used_of(common.get()) == used_of(self.as<Set>());
  }
  if (used_of(self.as<Set>()) > used_of(other.as<Set>())) return false;
  RefTo<Set> small = TRY(stable(t, self.as<Set>()));
  u64 position = 0, hash = 0;
  Ref key;
  while (next_key(small.get(), &position, &key, &hash)) {
    if (poll_wanted(t)) [[unlikely]] safepoint_scan_only(t);
    bool there = TRY(contains_hashed_py(t, other.as<Set>(), key, hash));
    if (!there) return false;
  }
  return true;
}

Result<bool> is_superset(Thread& t, Value self, Value other) {
  if (is_any_set(other)) return is_subset(t, other, self);
  Ref iterator = TRY(get_iter(t, other));
  for (;;) {
    Ref item = TRY(iter_next(t, iterator));
    if (item.is_empty()) return true;
    u64 hash = TRY(hash_of_key(t, item));
    bool there = TRY(contains_hashed_py(t, self.as<Set>(), item, hash));
    if (!there) return false;
  }
}

Result<bool> is_disjoint(Thread& t, Value self, Value other) {
  if (self.same_word(other)) return used_of(self.as<Set>()) == 0;
  if (is_any_set(other)) {
    if (used_of(other.as<Set>()) > used_of(self.as<Set>())) std::swap(self, other);
    RefTo<Set> small = TRY(stable(t, other.as<Set>()));
    u64 position = 0, hash = 0;
    Ref key;
    while (next_key(small.get(), &position, &key, &hash)) {
      if (poll_wanted(t)) [[unlikely]] safepoint_scan_only(t);
      bool there = TRY(contains_hashed_py(t, self.as<Set>(), key, hash));
      if (there) return false;
    }
    return true;
  }
  Ref iterator = TRY(get_iter(t, other));
  for (;;) {
    Ref item = TRY(iter_next(t, iterator));
    if (item.is_empty()) return true;
    u64 hash = TRY(hash_of_key(t, item));
    bool there = TRY(contains_hashed_py(t, self.as<Set>(), item, hash));
    if (there) return false;
  }
}

// --- operators: both operands must be sets

Ref slot_or(Thread& t, Value a, Value b) {
  if (!is_any_set(a) || !is_any_set(b)) return Ref::not_implemented();
  RefTo<Set> result = TRY(copy_of(t, a));
  TRY(set_update_py(t, result.get(), b));
  return result;
}
Ref slot_and(Thread& t, Value a, Value b) {
  if (!is_any_set(a) || !is_any_set(b)) return Ref::not_implemented();
  return intersection(t, a, b);
}
Ref slot_sub(Thread& t, Value a, Value b) {
  if (!is_any_set(a) || !is_any_set(b)) return Ref::not_implemented();
  return difference(t, a, b);
}
Ref slot_xor(Thread& t, Value a, Value b) {
  if (!is_any_set(a) || !is_any_set(b)) return Ref::not_implemented();
  return symmetric_difference(t, a, b);
}
Ref slot_ior(Thread& t, Value self, Value other) {
  if (!is_any_set(other)) return Ref::not_implemented();
  TRY(set_update_py(t, self.as<Set>(), other));
  return Ref::copy(self);
}
Ref slot_iand(Thread& t, Value self, Value other) {
  if (!is_any_set(other)) return Ref::not_implemented();
  RefTo<Set> result = TRY(intersection(t, self, other));
  move_table(t, self.as<Set>(), result.get());
  return Ref::copy(self);
}
Ref slot_isub(Thread& t, Value self, Value other) {
  if (!is_any_set(other)) return Ref::not_implemented();
  TRY(set_difference_update_py(t, self.as<Set>(), other));
  return Ref::copy(self);
}
Ref slot_ixor(Thread& t, Value self, Value other) {
  if (!is_any_set(other)) return Ref::not_implemented();
  TRY(set_symmetric_update_py(t, self.as<Set>(), other));
  return Ref::copy(self);
}

// --- other slots

void set_visit(Object* self, Visitor& visitor) {
  SetTable* table = table_of(static_cast<Set*>(self));
  if (table == nullptr || table == g_empty) return;
  for (u64 i = 0; i <= table->mask; i++) visitor.field(table->entries[i].key);
}

void set_release(Thread& t, Object* self) {
  SetTable* table = static_cast<Set*>(self)->table;
  if (table != nullptr && table != g_empty) heap::free_block(t, table);
}

bool set_dispose(Thread& t, Object* self) {
  Set* s = static_cast<Set*>(self);
  SetTable* table = s->table;
  if (table == nullptr || table == g_empty) return true;
  // The collector may have emptied some of the entries in use.
  SetEntry *entry = table->entries, *end = entry + table->mask + 1;
  for (u64 left = s->used; left != 0 && entry != end; entry++) {
    if (!is_live(entry->key.peek())) continue;
    left--;
    drop_field(entry->key);
  }
  heap::free_block(t, table);
  return true;
}

Ref set_new_slot(Thread& t, Type* cls, Args) {
  if (cls == types::set) return set_new(t);
  Ref self = TRY(allocate_instance(t, cls));
  self.as<Set>()->table = g_empty;
  return self;
}

Status set_init(Thread& t, Value self, Args args) {
  TRY(check_no_keywords(t, "set", args));
  TRY(check_arity(t, type_of(self)->name_utf8(), args, 0, 1));
  clear(t, self.as<Set>());
  if (args.count == 1) TRY(set_update_py(t, self.as<Set>(), args[0]));
  return ok();
}

Ref frozenset_new(Thread& t, Type* cls, Args args) {
  if (args.keyword_count != 0 && (cls == types::frozenset || cls->slots.init == types::frozenset->slots.init))
    TRY(check_no_keywords(t, "frozenset", args));
  TRY(check_arity(t, "frozenset", args, 0, 1));
  if (cls == types::frozenset) {
    if (args.count == 1 && is_exact_frozenset(args[0])) return Ref::copy(args[0]);
    if (args.count == 0) return set_new(t, true);
    return set_from_py(t, args[0], true);
  }
  Ref self = TRY(allocate_instance(t, cls));
  self.as<Set>()->table = g_empty;
  if (args.count == 1) TRY(set_update_py(t, self.as<Set>(), args[0]));
  return self;
}

}  // namespace

RefTo<List> set_items_list(Thread& t, Set* s) {
  RefTo<Set> source = TRY(stable(t, s));
  RefTo<List> list = TRY(list_new(t, used_of(source.get())));
  u64 position = 0;
  Ref key;
  while (next_key(source.get(), &position, &key, nullptr)) TRY(list_append(t, list.get(), std::move(key)));
  return list;
}

namespace {

Ref set_repr(Thread& t, Value self) {
  Set* s = self.as<Set>();
  const char* name = type_name(self);
  if (used_of(s) == 0) return str_format(t, "%s()", name);
  bool entered = TRY(repr_enter(t, self));
  if (!entered) return str_format(t, "%s(...)", name);
  Ref result;
  RefTo<List> items = set_items_list(t, s);
  if (items.failed()) {
    result = Ref::error();
  } else if (list_size(items.get()) == 0) {  // another thread has cleared it meanwhile
    result = str_format(t, "%s()", name);
  } else {
    RefTo<Str> text = object_repr(t, items.value());
    if (text.failed()) {
      result = Ref::error();
    } else {
      // The list's brackets become braces.
      StrBuilder out;
      bool plain = is_exact_set(self);
      if (!plain) {
        out.append_utf8(name);
        out.append('(');
      }
      out.append('{');
      out.append(text.get(), 1, text->length() - 1);
      out.append('}');
      if (!plain) out.append(')');
      result = out.finish(t);
    }
  }
  repr_leave(t, self);
  return result;
}

// The function that collections.abc.Set._hash computes as well, of the items' hash(): the table keeps 32 bits of each only, so they
// are asked again, once in the set's life.
Result<i64> frozenset_hash(Thread& t, Value self) {
  Set* s = self.as<Set>();
  u64 cached = __atomic_load_n(&s->hash_cache, __ATOMIC_RELAXED);
  if (cached != 0) return i64(cached);
  TRY(enter_native(t, " while hashing a frozenset"));
  u64 hash = (used_of(s) + 1) * 1927868237u, position = 0;
  Ref item;
  while (next_key(s, &position, &item, nullptr)) {
    u64 h = u64(TRY(object_hash(t, item)));
    hash ^= (h ^ (h << 16) ^ 89869747u) * 3644798167u;
  }
  hash ^= (hash >> 11) ^ (hash >> 25);
  hash = hash * 69069u + 907133923u;
  if (hash == ~u64(0)) hash = 590923713u;
  __atomic_store_n(&s->hash_cache, hash, __ATOMIC_RELAXED);
  return i64(hash);
}

Ref set_compare(Thread& t, Value self, Value other, CompareOp op) {
  if (!is_any_set(other)) return Ref::not_implemented();
  u64 mine = used_of(self.as<Set>()), theirs = used_of(other.as<Set>());
  bool holds = false;
  switch (op) {
    case CompareOp::kEq:
    case CompareOp::kNe: {
      holds = mine == theirs;
      if (holds && is_frozenset(self) && is_frozenset(other)) {
        u64 hash = __atomic_load_n(&self.as<Set>()->hash_cache, __ATOMIC_RELAXED);
        u64 other_hash = __atomic_load_n(&other.as<Set>()->hash_cache, __ATOMIC_RELAXED);
        if (hash != 0 && other_hash != 0) holds = hash == other_hash;
      }
      if (holds) holds = TRY(is_subset(t, self, other));
      if (op == CompareOp::kNe) holds = !holds;
      break;
    }
    case CompareOp::kLe: holds = TRY(is_subset(t, self, other)); break;
    case CompareOp::kGe: holds = TRY(is_subset(t, other, self)); break;
    case CompareOp::kLt:
      if (mine < theirs) holds = TRY(is_subset(t, self, other));
      break;
    case CompareOp::kGt:
      if (mine > theirs) holds = TRY(is_subset(t, other, self));
      break;
  }
  return Ref::boolean(holds);
}

Result<i64> set_length(Thread& t, Value self) { return i64(used_of(self.as<Set>())); }
Result<bool> set_contains(Thread& t, Value self, Value item) { return set_contains_py(t, self.as<Set>(), item); }
Ref set_iter(Thread& t, Value self) { return set_iterator_new(t, self.as<Set>()); }

// --- methods

Ref set_add(Thread& t, Value self, const Value* a) {
  (void)TRY(set_add_py(t, self.as<Set>(), a[0]));
  return Ref::none();
}
Ref set_clear(Thread& t, Value self, const Value*) {
  clear(t, self.as<Set>());
  return Ref::none();
}
Ref set_copy(Thread& t, Value self, const Value*) {
  if (is_exact_frozenset(self)) return Ref::copy(self);
  return copy_of(t, self);
}
Ref set_discard(Thread& t, Value self, const Value* a) {
  (void)TRY(set_discard_py(t, self.as<Set>(), a[0]));
  return Ref::none();
}
Ref set_remove(Thread& t, Value self, const Value* a) {
  bool found = TRY(set_discard_py(t, self.as<Set>(), a[0]));
  if (!found) return raise_key_error(t, a[0]);
  return Ref::none();
}

// hash_cache of a mutable set is the finger: where the last pop stopped looking.
Ref set_pop(Thread& t, Value self, const Value*) {
  Set* s = self.as<Set>();
  Value word = EMPTY;
  {
    ObjectLock lock(t, s);
    SetTable* table = s->table;
    if (s->used != 0) {
      u64 i = s->hash_cache & table->mask;
      while (!is_live(table->entries[i].key.peek())) i = (i + 1) & table->mask;
      word = table->entries[i].key.peek();
      put_word(table->entries[i].key, UNBOUND);
      set_used(s, s->used - 1);
      s->hash_cache = i + 1;
    }
  }
  if (word.is_empty()) return raise(t, exc::KeyError, "pop from an empty set");
  return Field::adopt_heap(word);
}

// The iterables of a *others parameter.
Tuple* others_of(const Value* a) { return a[0].as<Tuple>(); }

Ref set_union(Thread& t, Value self, const Value* a) {
  RefTo<Set> result = TRY(copy_of(t, self));
  for (u64 i = 0; i < others_of(a)->size; i++) TRY(set_update_py(t, result.get(), others_of(a)->items[i].peek()));
  return result;
}
Ref set_update(Thread& t, Value self, const Value* a) {
  for (u64 i = 0; i < others_of(a)->size; i++) TRY(set_update_py(t, self.as<Set>(), others_of(a)->items[i].peek()));
  return Ref::none();
}
RefTo<Set> intersection_of_all(Thread& t, Value self, Tuple* others) {
  if (others->size == 0) return copy_of(t, self);
  RefTo<Set> result = TRY(intersection(t, self, others->items[0].peek()));
  for (u64 i = 1; i < others->size; i++) result = TRY(intersection(t, result, others->items[i].peek()));
  return result;
}
Ref set_intersection(Thread& t, Value self, const Value* a) {
  return intersection_of_all(t, self, others_of(a));
}
Ref set_intersection_update(Thread& t, Value self, const Value* a) {
  RefTo<Set> result = TRY(intersection_of_all(t, self, others_of(a)));
  move_table(t, self.as<Set>(), result.get());
  return Ref::none();
}
Ref set_difference(Thread& t, Value self, const Value* a) {
  Tuple* others = others_of(a);
  if (others->size == 0) return set_copy(t, self, nullptr);
  RefTo<Set> result = TRY(difference(t, self, others->items[0].peek()));
  for (u64 i = 1; i < others->size; i++) TRY(set_difference_update_py(t, result.get(), others->items[i].peek()));
  return result;
}
Ref set_difference_update(Thread& t, Value self, const Value* a) {
  for (u64 i = 0; i < others_of(a)->size; i++)
    TRY(set_difference_update_py(t, self.as<Set>(), others_of(a)->items[i].peek()));
  return Ref::none();
}
Ref set_symmetric_difference(Thread& t, Value self, const Value* a) { return symmetric_difference(t, self, a[0]); }
Ref set_symmetric_difference_update(Thread& t, Value self, const Value* a) {
  TRY(set_symmetric_update_py(t, self.as<Set>(), a[0]));
  return Ref::none();
}
Ref set_isdisjoint(Thread& t, Value self, const Value* a) { return Ref::boolean(TRY(is_disjoint(t, self, a[0]))); }
Ref set_issubset(Thread& t, Value self, const Value* a) { return Ref::boolean(TRY(is_subset(t, self, a[0]))); }
Ref set_issuperset(Thread& t, Value self, const Value* a) { return Ref::boolean(TRY(is_superset(t, self, a[0]))); }

Ref set_reduce(Thread& t, Value self, const Value*) {
  bool own = type_of(self)->slots.iter != types::set->slots.iter;  // a class may show other elements
  RefTo<List> items = TRY(own ? to_list(t, self) : set_items_list(t, self.as<Set>()));
  RefTo<Tuple> arguments = TRY(tuple_of(t, items.value()));
  Ref state = TRY(call_method_with(t, self, names::__getstate__));
  return tuple_of(t, Value(type_of(self)), arguments.value(), state.get());
}

Ref set_sizeof(Thread& t, Value self, const Value*) {
  SetTable* table = table_of(self.as<Set>());
  u64 size = type_of(self)->instance_size > sizeof(Set) ? type_of(self)->instance_size : sizeof(Set);
  if (table != g_empty) size += heap::block_size(table);
  return int_from(t, i64(size));
}

// --- the iterator: the fields of a DictIterator, `dict` being the set

Ref set_iterator_next(Thread& t, Value self) {
  DictIterator* it = self.as<DictIterator>();
  Value item = EMPTY, finished = EMPTY;
  bool resized = false;
  {
    ObjectLock lock(t, it);
    Value held = it->dict.peek();
    if (held.is_empty()) return Ref();
    Set* s = held.as<Set>();
    if (it->expected_used != used_of(s)) {
      it->expected_used = ~u64(0);
      resized = true;
    } else {
      SetTable* table = table_of(s);
      u64 i = it->position;
      Value key = EMPTY;
      for (; i <= table->mask; i++) {
        key = table->entries[i].key.peek();
        if (is_live(key)) break;
        key = EMPTY;
      }
      it->position = i + 1;
      item = acquire(key);
      if (key.is_empty())
        finished = it->dict.take_word(it);
      else if (it->remaining > 0)
        it->remaining--;
    }
  }
  if (resized) return raise(t, exc::RuntimeError, "Set changed size during iteration");
  Field::release_heap(finished);
  return Ref::adopt(item);
}

void set_iterator_visit(Object* self, Visitor& visitor) { visitor.field(static_cast<DictIterator*>(self)->dict); }

Ref set_iterator_length_hint(Thread& t, Value self, const Value*) {
  DictIterator* it = self.as<DictIterator>();
  Ref held = it->dict.load();
  if (held.is_empty() || it->expected_used != used_of(held.as<Set>())) return int_from(t, 0);
  return int_from(t, i64(it->remaining));
}

Ref set_iterator_reduce(Thread& t, Value self, const Value*) {
  DictIterator* it = self.as<DictIterator>();
  RefTo<List> left = TRY(list_new(t));
  Ref held = it->dict.load();
  if (!held.is_empty()) {
    Ref copy = TRY(set_iterator_new(t, held.as<Set>()));
    DictIterator* clone = copy.as<DictIterator>();
    clone->position = it->position;
    clone->expected_used = it->expected_used;
    clone->remaining = it->remaining;
    for (;;) {
      Ref item = TRY(set_iterator_next(t, copy));
      if (item.is_empty()) break;
      TRY(list_append(t, left.get(), std::move(item)));
    }
  }
  return reduce_to_builtin(t, "iter", left.value());
}

const Method kSetIteratorMethods[] = {
    method("__length_hint__", set_iterator_length_hint, "($self, /)",
           "Private method returning an estimate of len(list(it))."),
    method("__reduce__", set_iterator_reduce, "($self, /)", "Return state information for pickling."),
    {},
};

const TypeSpec kSetIteratorSpec = {
    .name = "set_iterator",
    .layout = {.name = "set_iterator",
               .basic_size = sizeof(DictIterator),
               .item_size = 0,
               .visit = set_iterator_visit,
               .release = nullptr,
               .native_size = nullptr,
               .finalise = nullptr,
               .dispose = dispose_fields<offsetof(DictIterator, dict), 1>},
    .flags = type_flag::kImmutable | type_flag::kDisallowInstantiation,
    .slots = {.iter = iter_self, .next = set_iterator_next},
    .methods = kSetIteratorMethods,
};

// --- method tables

constexpr Method kClassGetItem = class_method("__class_getitem__", class_getitem, "($type, object, /)", "See PEP 585");
Ref set_contains_method(Thread& t, Value self, const Value* a) { return Ref::boolean(TRY(set_contains(t, self, a[0]))); }
constexpr Method kContains = method("__contains__", set_contains_method, "($self, object, /)", "x.__contains__(y) <==> y in x.");
constexpr Method kReduce = method("__reduce__", set_reduce, "($self, /)", "Return state information for pickling.");
constexpr Method kSizeof =
    method("__sizeof__", set_sizeof, "($self, /)", "S.__sizeof__() -> size of S in memory, in bytes.");
constexpr Method kCopy = method("copy", set_copy, "($self, /)", "Return a shallow copy of a set.");
constexpr Method kDifference = method("difference", set_difference, "($self, /, *others)",
                                      "Return a new set with elements in the set that are not in the others.");
constexpr Method kIntersection = method("intersection", set_intersection, "($self, /, *others)",
                                        "Return a new set with elements common to the set and all others.");
constexpr Method kIsDisjoint =
    method("isdisjoint", set_isdisjoint, "($self, other, /)", "Return True if two sets have a null intersection.");
constexpr Method kIsSubset =
    method("issubset", set_issubset, "($self, other, /)", "Report whether another set contains this set.");
constexpr Method kIsSuperset =
    method("issuperset", set_issuperset, "($self, other, /)", "Report whether this set contains another set.");
constexpr Method kSymmetricDifference =
    method("symmetric_difference", set_symmetric_difference, "($self, other, /)",
           "Return a new set with elements in either the set or other but not both.");
constexpr Method kUnion =
    method("union", set_union, "($self, /, *others)", "Return a new set with elements from the set and all others.");

const Method kFrozensetMethods[] = {kContains,     kClassGetItem, kReduce,     kSizeof,   kCopy,       kDifference,
                                    kIntersection, kIsDisjoint, kIsSubset, kIsSuperset, kSymmetricDifference,
                                    kUnion,        {}};

const Method kSetMethods[] = {
    kContains,
    kClassGetItem,
    kReduce,
    kSizeof,
    kCopy,
    kDifference,
    kIntersection,
    kIsDisjoint,
    kIsSubset,
    kIsSuperset,
    kSymmetricDifference,
    kUnion,
    method("add", set_add, "($self, object, /)",
           "Add an element to a set.\n\nThis has no effect if the element is already present."),
    method("clear", set_clear, "($self, /)", "Remove all elements from this set."),
    method("difference_update", set_difference_update, "($self, /, *others)",
           "Update the set, removing elements found in others."),
    method("discard", set_discard, "($self, object, /)",
           "Remove an element from a set if it is a member.\n\nUnlike set.remove(), the discard() method does not "
           "raise\nan "
           "exception when an element is missing from the set."),
    method("intersection_update", set_intersection_update, "($self, /, *others)",
           "Update the set, keeping only elements found in it and all others."),
    method("pop", set_pop, "($self, /)",
           "Remove and return an arbitrary set element.\n\nRaises KeyError if the set is empty."),
    method("remove", set_remove, "($self, object, /)",
           "Remove an element from a set; it must be a member.\n\nIf the element is not a member, raise a KeyError."),
    method("symmetric_difference_update", set_symmetric_difference_update, "($self, other, /)",
           "Update the set, keeping only elements found in either set, but not in both."),
    method("update", set_update, "($self, /, *others)", "Update the set, adding elements from all others."),
    {},
};

constexpr u32 kSetFlags = type_flag::kBaseType | type_flag::kMatchSelf | type_flag::kImmutable | type_flag::kHasWeakref;

}  // namespace

Ref set_iterator_new(Thread& t, Set* s) {
  DictIterator* it = allocate_native<DictIterator>(t, types::set_iterator);
  it->dict.init(it, Value(s));
  it->expected_used = it->remaining = used_of(s);
  return Ref::adopt(Value(it));
}

extern const TypeSpec spec_set, spec_frozenset;
const TypeSpec spec_set = {
    .name = "set",
    .doc = "Build an unordered collection of unique elements.",
    .layout = {.name = "set",
               .basic_size = sizeof(Set),
               .item_size = 0,
               .visit = set_visit,
               .release = set_release,
               .native_size = nullptr,
               .finalise = nullptr,
               .dispose = set_dispose},
    .flags = kSetFlags,
    .slots = {.repr = set_repr,
              .compare = set_compare,
              .iter = set_iter,
              .new_ = set_new_slot,
              .init = set_init,
              .subtract = slot_sub,
              .and_ = slot_and,
              .xor_ = slot_xor,
              .or_ = slot_or,
              .inplace_subtract = slot_isub,
              .inplace_and = slot_iand,
              .inplace_xor = slot_ixor,
              .inplace_or = slot_ior,
              .length = set_length,
              .contains = set_contains},
    .methods = kSetMethods,
};

const TypeSpec spec_frozenset = {
    .name = "frozenset",
    .doc = "Build an immutable unordered collection of unique elements.",
    .layout = {.name = "frozenset",
               .basic_size = sizeof(Set),
               .item_size = 0,
               .visit = set_visit,
               .release = set_release,
               .native_size = nullptr,
               .finalise = nullptr,
               .dispose = set_dispose},
    .flags = kSetFlags,
    .slots = {.repr = set_repr,
              .hash = frozenset_hash,
              .compare = set_compare,
              .iter = set_iter,
              .new_ = frozenset_new,
              .subtract = slot_sub,
              .and_ = slot_and,
              .xor_ = slot_xor,
              .or_ = slot_or,
              .length = set_length,
              .contains = set_contains},
    .methods = kFrozensetMethods,
};

Status initialise_set_iterator(Thread& t) { return make_static_type(t, kSetIteratorSpec, &types::set_iterator); }

}  // namespace typhon
