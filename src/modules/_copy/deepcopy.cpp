// copy.deepcopy: what is copied how. The order of steps is that of copy.py, as far as a program can tell.
#include "modules/_copy/copy.h"

#include "objects/list_body.h"
#include "objects/type_internal.h"

namespace typhon::copying {
namespace {

// object_hash_identity of a class without a metaclass of its own; false for others.
TYPHON_INLINE bool class_hash(Type* cls, u64* hash) {
  if (cls->shape_id() != kShape_type) return false;
  u64 id = reinterpret_cast<u64>(cls);
  *hash = key_of_hash(i64((id >> 4) | (id << 60)));
  return true;
}

// Stands for the calls of functions of copy.py that there would be.
class Frames {
 public:
  Frames(Thread& t, u32 n) : thread_(t), n_(n) { t.recursion_depth += n; }
  Frames(const Frames&) = delete;
  ~Frames() { thread_.recursion_depth -= n_; }
  Status check() const {
    if (thread_.recursion_depth > thread_.recursion_limit) [[unlikely]]
      return raise(thread_, exc::RecursionError, "maximum recursion depth exceeded");
    return enter_native(thread_);
  }

 private:
  Thread& thread_;
  u32 n_;
};

// --- instances whose attributes are all there is to them, and whose class leaves copying to `object`. Known by shape, as long as the
// class does not change.

constexpr u32 kKnown = 256;
u64 g_plain[kKnown];  // shape << 32 | version of the class

TYPHON_NOINLINE bool find_out_plain(const Shape* shape, Type* cls) {
  if (cls->layout != types::object->layout || cls->member_slots != 0 || !(cls->flags & type_flag::kHeapType)) return false;
  if (cls->slots.getattribute != generic_get_attribute || cls->slots.new_ != object_new) return false;
  Type* metatype = type_of_object(cls);
  if (metatype->slots.getattribute != types::type->slots.getattribute) return false;
  Value maker = type_lookup(metatype, names::__new__);
  if (!maker.is_empty() && type_of(maker)->slots.descriptor_set != nullptr) return false;
  for (Str* name : {names::__deepcopy__, names::__setstate__, names::__getnewargs__, names::__getnewargs_ex__})
    if (!type_lookup(cls, name).is_empty()) return false;
  for (Str* name : {names::__reduce_ex__, names::__reduce__, names::__getstate__})
    if (!type_lookup(cls, name).same_word(type_lookup(types::object, name))) return false;
  for (const Shape* s = shape; s->key != nullptr; s = shape_at(s->parent))
    for (Str* name : {names::__deepcopy__, names::__reduce_ex__, names::__reduce__, names::__getstate__})
      if (s->key == name) return false;
  Value dict = type_lookup(cls, names::__dict__);
  if (!is_exact(dict, kShape_getset_descriptor) || dict.as<NativeDescriptor>()->getset != &kDictGetSet) return false;
  // Made when the first instance is reduced.
  static Str* const slot_names = str_immortal(Thread::current(), "__slotnames__");
  Value slots = dict_peek_str(cls->dict.as<Dict>(), slot_names);
  return is_exact_list(slots) && list_size(slots.as<List>()) == 0;
}
TYPHON_INLINE bool is_plain(const Shape* shape, Type* cls) {
  constexpr u8 kWanted = shape_flag::kHasAttributes, kAsked = kWanted | shape_flag::kDictMode | shape_flag::kVariable;
  if ((shape->flags & kAsked) != kWanted || shape->slots_offset == 0 || (cls->flags & type_flag::kAbstract)) return false;
  u32 version = __atomic_load_n(&shape->version, __ATOMIC_ACQUIRE);
  u64* known = &g_plain[shape->id % kKnown];
  u64 word = u64(shape->id) << 32 | version;
  if (__atomic_load_n(known, __ATOMIC_RELAXED) == word) [[likely]] return version != 0;
  if (version == 0 || !find_out_plain(shape, cls)) return false;
  __atomic_store_n(known, word, __ATOMIC_RELAXED);
  return true;
}

void keys_of(const Shape* shape, Str** keys) {
  for (const Shape* s = shape; s->key != nullptr; s = shape_at(s->parent)) keys[s->slot_count - 1] = s->key;
}

Raised raise_changed(Thread& t) { return raise(t, exc::RuntimeError, "dictionary changed size during iteration"); }

TYPHON_INLINE Field* inline_slots(Object* object, const Shape* shape) {
  return reinterpret_cast<Field*>(reinterpret_cast<char*>(object) + shape->slots_offset) + 1;
}

// The entry for a class, borrowed, EMPTY when there is none; false when finding that out takes more.
TYPHON_INLINE bool peek_entry(Value mapping, Type* cls, Value* found) {
  u64 hash;
  if (!is_exact_dict(mapping) || !class_hash(cls, &hash)) [[unlikely]] return false;
  DictTable* table = dict_table::table_of(mapping.as<Dict>());
  i64 index = dict_table::probe_quick(table, Value(cls), hash).index;
  if (index == dict_table::kUnknown) [[unlikely]] return false;
  *found = index < 0 ? EMPTY : table->entries()[index].value.peek();
  return true;
}

// `key, value = item`
Status unpack_pair(Thread& t, Value item, Ref* key, Ref* value) {
  if (is_exact_tuple(item) && item.as<Tuple>()->size == 2) [[likely]] {
    *key = item.as<Tuple>()->items[0].load();
    *value = item.as<Tuple>()->items[1].load();
    return ok();
  }
  if (type_of(item)->slots.iter == nullptr && !is_sequence(item))
    return raise(t, exc::TypeError, "cannot unpack non-iterable %T object", item);
  RefTo<Tuple> parts = TRY(to_tuple(t, item));
  if (parts->size < 2) return raise(t, exc::ValueError, "not enough values to unpack (expected 2, got %zd)", i64(parts->size));
  if (parts->size > 2) {
    if (!is_exact_tuple(item) && !is_exact_list(item) && !is_exact_dict(item))
      return raise(t, exc::ValueError, "too many values to unpack (expected 2)");
    return raise(t, exc::ValueError, "too many values to unpack (expected 2, got %zd)", i64(parts->size));
  }
  *key = parts->items[0].load();
  *value = parts->items[1].load();
  return ok();
}

}  // namespace

Ref entry_of_class(Thread& t, Value mapping, Type* cls) {
  if (!is_exact_dict(mapping)) {
    Ref found = TRY(call_method_with(t, mapping, names::get, Value(cls)));
    return found.get().is_none() ? Ref() : std::move(found);
  }
  Value found;
  if (peek_entry(mapping, cls, &found)) [[likely]] return Ref::copy(found);
  return dict_get_py(t, mapping.as<Dict>(), Value(cls));
}

TYPHON_INLINE static u32 class_index(const Type* cls) {
  u64 address = reinterpret_cast<u64>(cls);
  return (address >> 7 ^ address >> 11) & 15;
}

TYPHON_INLINE bool Copier::knows_atomic(Type* cls, bool* atomic) {
  static_assert(kClasses == 16);
  Value types = peek_global(Global::kAtomicTypes);
  if (!types.same_word(atomic_set_)) [[unlikely]] return false;
  const Set* set = types.as<Set>();
  if (set_table::table_of(set) != atomic_table_ || set_table::fill_of(atomic_table_) != atomic_fill_ ||
      set_table::used_of(set) != atomic_used_ || set_table::generation_of(set) != atomic_generation_) [[unlikely]]
    return false;
  u64 known = classes_[class_index(cls)];
  *atomic = known & 1;
  return (known & ~u64(1)) == reinterpret_cast<u64>(cls);
}

TYPHON_NOINLINE Result<bool> Copier::is_atomic(Type* cls) {
  bool atomic;
  if (knows_atomic(cls, &atomic)) [[likely]] return atomic;
  Ref types = TRY(global(thread_, Global::kAtomicTypes));
  u64 hash;
  if (!is_exact_set(types) || !class_hash(cls, &hash)) return contains(thread_, types, Value(cls));
  const Set* set = types.as<Set>();
  u32 generation = set_table::generation_of(set);
  const SetTable* table = set_table::table_of(set);
  u64 fill = set_table::fill_of(table), used = set_table::used_of(set);
  i64 index = set_table::probe_quick(table, Value(cls), hash).index;
  if (index == set_table::kUnknown) return contains(thread_, types, Value(cls));
  if (!types.get().same_word(atomic_set_) || table != atomic_table_ || fill != atomic_fill_ || used != atomic_used_ ||
      generation != atomic_generation_) {
    atomic_set_ = std::move(types);
    atomic_table_ = table, atomic_fill_ = fill, atomic_used_ = used, atomic_generation_ = generation;
    std::memset(classes_, 0, sizeof(classes_));
  }
  classes_[class_index(cls)] = reinterpret_cast<u64>(cls) | u64(index >= 0);
  return index >= 0;
}

TYPHON_INLINE Status Copier::copy(Ref& x) {
  Type* cls = type_of(x);
  bool atomic = false;
  if (!knows_atomic(cls, &atomic)) [[unlikely]] atomic = TRY(is_atomic(cls));
  if (atomic) return ok();
  x = TRY(copy_other(x, cls));
  return ok();
}

Ref Copier::run(Value x) {
  Ref y = Ref::copy(x);
  TRY(copy(y));
  return y;
}

TYPHON_NOINLINE Ref Copier::copy_other(Value x, Type* cls) {
  Ref known = memo.find(x);
  if (!known.is_empty()) return known;
  return copy_new(x, cls);
}

Ref Copier::copy_new(Value x, Type* cls) {
  Frames frame(thread_, 1);
  TRY(frame.check());
  TRY(safepoint(thread_));
  bool stored = false;
  Ref y = TRY(copy_by_type(x, cls, &stored));
  if (!stored && is_same(x, y)) return y;
  if (!stored || !memo.is_private()) TRY(memo.set(x, y));
  TRY(keep_alive(x));
  return y;
}

Status Copier::keep_alive(Value x) {
  if (peek_global(Global::kKeepAlive).same_word(own(Own::kKeepAlive))) [[likely]] return memo.keep_alive(x);
  Ref function = TRY(global(thread_, Global::kKeepAlive));
  Value mapping = memo.mapping();
  if (mapping.is_error()) return Raised{};
  TRY(call_with(thread_, function, x, mapping));
  return ok();
}

// *stored: the memo has the copy already, another object.
Ref Copier::copy_by_type(Value x, Type* cls, bool* stored) {
  Value found;
  Ref copier;
  if (!peek_entry(peek_global(Global::kDispatch), cls, &found)) [[unlikely]] {
    Ref dispatch = TRY(global(thread_, Global::kDispatch));
    copier = TRY(entry_of_class(thread_, dispatch, cls));
    found = copier.get();
  }
  if (!found.is_empty() && !found.is_none()) {
    *stored = true;
    if (is_exact_list(x) && found.same_word(own(Own::kList))) return copy_list(x.as<List>());
    if (is_exact_dict(x) && found.same_word(own(Own::kDict))) return copy_dict(x.as<Dict>());
    *stored = false;
    if (is_exact_tuple(x) && found.same_word(own(Own::kTuple))) return copy_tuple(x.as<Tuple>());
    copier = Ref::copy(found);
    Value mapping = memo.mapping();
    if (mapping.is_error()) return Ref::error();
    return call_with(thread_, copier, x, mapping);
  }
  if (is_type(x)) return Ref::copy(x);
  if (x.is_object() && memo.is_private() && TRY(is_atomic(types::str))) {
    const Shape* shape = shape_of(x.object());
    if (is_plain(shape, cls) && peek_entry(peek_global(Global::kDispatchTable), cls, &found) && found.is_empty()) {
      *stored = true;
      return copy_instance(x.object(), shape);
    }
  }
  return copy_by_protocol(x, cls);
}

TYPHON_NOINLINE Ref Copier::copy_list(List* x) {
  Frames frame(thread_, 1);
  RefTo<List> y = TRY(list_new(thread_, list_size(x)));
  TRY(memo.set(Value(x), y));
  for (u64 i = 0;; i++) {
    Ref item = list_body::item_at(x, i);
    if (item.is_empty()) return y;
    TRY(copy(item));
    TRY(list_append(thread_, y.get(), std::move(item)));
  }
}

TYPHON_NOINLINE Ref Copier::copy_tuple(Tuple* x) {
  Frames frame(thread_, 1);
  size_t base = stack_.size();
  u64 n = x->size;
  bool differs = false;  // then all of them are on the stack, else they are what x has
  for (u64 i = 0; i < n; i++) {
    Ref y = x->items[i].load();
    TRY(copy(y));
    if (!differs) {
      if (is_same(x->items[i].peek(), y)) continue;
      differs = true;
      for (u64 j = 0; j < i; j++) stack_.push(x->items[j].load());
    }
    stack_.push(std::move(y));
  }
  Ref known = TRY(memo.get(Value(x)));  // of a cycle through the tuple
  if (!known.is_empty()) {
    stack_.truncate(base);
    return known;
  }
  if (!differs) return Ref::copy(Value(x));
  Ref result = tuple_take(thread_, stack_.words() + base, n);
  stack_.truncate(base);
  return result;
}

TYPHON_NOINLINE Ref Copier::copy_dict(Dict* x) {
  Frames frame(thread_, 1);
  u64 used = dict_table::used_of(x), left = used, position = 0;
  RefTo<Dict> y = TRY(dict_new(thread_, used));
  TRY(memo.set(Value(x), y));
  for (;;) {
    if (dict_table::used_of(x) != used) [[unlikely]] return raise_changed(thread_);
    DictTable* table = dict_table::table_of(x);
    u64 n = dict_table::entry_count(table);
    Value k = EMPTY, v = EMPTY;
    for (; position < n; position++) {
      const DictEntry& entry = table->entries()[position];
      v = entry.value.peek(), k = entry.key.peek();
      if (!v.is_empty() && !k.is_empty()) break;
    }
    if (position >= n) return y;
    position++;
    if (left-- == 0) [[unlikely]] return raise(thread_, exc::RuntimeError, "dictionary keys changed during iteration");
    Ref key = Ref::copy(k), value = Ref::copy(v);
    TRY(copy(value));
    TRY(copy(key));
    TRY(dict_set_py(thread_, y.get(), key, value));
  }
}

// The instance as object.__reduce_ex__, copyreg.__newobj__ and `y.__dict__.update(deepcopy(x.__dict__))` would copy it.
TYPHON_NOINLINE Ref Copier::copy_instance(Object* x, const Shape* shape) {
  Frames frames(thread_, 3);  // _reconstruct, deepcopy and _deepcopy_dict
  TRY(frames.check());
  Ref y = TRY(allocate_instance(thread_, shape->type));
  TRY(memo.set(Value(x), y));
  u32 n = shape->slot_count;
  if (n == 0) return y;
  size_t base = stack_.size();
  bool changed = false;
  for (u32 i = 0; i < n; i++) {
    Ref value;
    if (shape_of(x) == shape && (x->is_local() || !g_multi_threaded) && i < shape->inline_capacity) [[likely]]
      value = inline_slots(x, shape)[i].load();
    if (value.is_empty()) value = TRY(attribute_at(x, shape, i, &changed));
    TRY(copy(value));
    stack_.push(std::move(value));
  }
  if (shape_of(x) != shape) [[unlikely]] TRY(attribute_at(x, shape, n, &changed));
  TRY(set_attributes(y.object(), shape, base));
  stack_.truncate(base);
  return y;
}

// An attribute of an instance that had `shape` when its copying began; without a slot of that number: whether there are as many still.
TYPHON_NOINLINE Ref Copier::attribute_at(Object* x, const Shape* shape, u32 slot, bool* changed) {
  Str* keys[kMaxSlots];
  keys_of(shape, keys);
  const Shape* now = shape_of(x);
  if (now != shape && !*changed) {
    u64 count = now->slot_count;
    if (now->flags & shape_flag::kDictMode) {
      Ref dict = TRY(instance_dict(thread_, x));
      count = dict_size(dict.as<Dict>());
    }
    if (count != shape->slot_count) return raise_changed(thread_);
  }
  if (slot == shape->slot_count) return Ref::none();
  Ref value = TRY(get_own_attribute(thread_, x, keys[slot]));
  if (value.is_empty()) return raise_changed(thread_);
  return value;
}

// Takes the values from the stack.
Status Copier::set_attributes(Object* y, const Shape* shape, size_t base) {
  u32 n = shape->slot_count;
  const Shape* root = shape;
  while (root->key != nullptr) root = shape_at(root->parent);
  if (y->is_local() && shape_of(y) == root && n <= shape->inline_capacity) [[likely]] {
    Field* slots = inline_slots(y, shape);
    Value* words = stack_.words() + base;
    for (u32 i = 0; i < n; i++) {
      slots[i].init(y, Ref::adopt(words[i]));
      words[i] = EMPTY;
    }
    __atomic_store_n(&y->shape, shape->id, __ATOMIC_RELEASE);
    return ok();
  }
  Str* keys[kMaxSlots];
  keys_of(shape, keys);
  for (u32 i = 0; i < n; i++) TRY(set_own_attribute(thread_, y, keys[i], stack_[base + i]));
  return ok();
}

TYPHON_NOINLINE Ref Copier::copy_by_protocol(Value x, Type* cls) {
  Ref copier = TRY(get_attribute_or_empty(thread_, x, names::__deepcopy__));
  if (!copier.is_empty() && !copier.get().is_none()) {
    Value mapping = memo.mapping();
    if (mapping.is_error()) return Ref::error();
    return call_with(thread_, copier, mapping);
  }
  Ref table = TRY(global(thread_, Global::kDispatchTable));
  Ref reductor = TRY(entry_of_class(thread_, table, cls));
  Ref reduced;
  if (!reductor.is_empty() && TRY(truth(thread_, reductor))) {
    reduced = TRY(call_with(thread_, reductor, x));
  } else {
    bool self_wanted = false;
    // Found in the class, mostly: then without a bound method.
    if (looks_up_generically(cls) && !type_lookup(cls, names::__reduce_ex__).is_empty())
      reductor = get_method(thread_, x, names::__reduce_ex__, &self_wanted);
    else
      reductor = get_attribute_or_empty(thread_, x, names::__reduce_ex__);
    if (reductor.failed()) {
      if (!clear_if(thread_, exc::AttributeError)) return reductor;
      reductor = Ref();
    }
    if (!reductor.is_empty() && !reductor.get().is_none()) {
      reduced = self_wanted ? TRY(call_with(thread_, reductor, x, Value::small_int(4)))
                            : TRY(call_with(thread_, reductor, Value::small_int(4)));
    } else {
      reductor = TRY(get_attribute_or_empty(thread_, x, names::__reduce__));
      if (reductor.is_empty() || !TRY(truth(thread_, reductor))) {
        Ref error = TRY(global(thread_, Global::kError));
        RefTo<Str> name = TRY(object_str(thread_, Value(cls)));
        if (!is_type(error) || !is_subtype(error.as<Type>(), exc::BaseException))
          return raise(thread_, exc::TypeError, "exceptions must derive from BaseException");
        return raise(thread_, error.as<Type>(), "un(deep)copyable object of type %V", name.value());
      }
      reduced = TRY(call(thread_, reductor));
    }
  }
  if (is_str(reduced)) return Ref::copy(x);
  return reconstruct(x, reduced);
}

// _reconstruct(x, memo, *reduced)
Ref Copier::reconstruct(Value x, Value reduced) {
  Ref function = TRY(global(thread_, Global::kReconstruct));
  bool usual = function.get().same_word(own(Own::kReconstruct)) && is_exact_tuple(reduced);
  Tuple* parts = usual ? reduced.as<Tuple>() : nullptr;
  usual = usual && parts->size >= 2 && parts->size <= 5 && is_exact_tuple(parts->items[1].peek());
  if (!usual) {
    RootedVector args(thread_);
    args.push_copy(x);
    Value mapping = memo.mapping();
    if (mapping.is_error()) return Ref::error();
    args.push_copy(mapping);
    if (type_of(reduced)->slots.iter == nullptr && !is_sequence(reduced))
      return raise(thread_, exc::TypeError, "Value after * must be an iterable, not %T", reduced);
    Ref more = TRY(to_tuple(thread_, reduced));
    for (u64 i = 0; i < more.as<Tuple>()->size; i++) args.push(more.as<Tuple>()->items[i].load());
    return call(thread_, function, Args{args.data(), u32(args.size())});
  }
  Frames frame(thread_, 1);
  // reduced, which the caller holds, holds these.
  Value state = EMPTY, list_items = EMPTY, dict_items = EMPTY;
  Value* rest[] = {&state, &list_items, &dict_items};
  for (u64 i = 2; i < parts->size; i++)
    if (Value part = parts->items[i].peek(); !part.is_none()) *rest[i - 2] = part;
  Ref y = TRY(make_again(parts->items[0].peek(), parts->items[1].as<Tuple>()));
  TRY(memo.set(x, y));
  if (!state.is_empty()) {
    Ref copied = Ref::copy(state);
    TRY(copy(copied));
    TRY(set_state(y, copied));
  }
  if (!list_items.is_empty()) {
    Ref iterator = TRY(get_iter(thread_, list_items));
    for (;;) {
      Ref item = TRY(iter_next(thread_, iterator));
      if (item.is_empty()) break;
      TRY(copy(item));
      TRY(call_method_with(thread_, y, names::append, item));
    }
  }
  if (!dict_items.is_empty()) {
    Ref iterator = TRY(get_iter(thread_, dict_items)), key, value;
    for (;;) {
      Ref item = TRY(iter_next(thread_, iterator));
      if (item.is_empty()) break;
      TRY(unpack_pair(thread_, item, &key, &value));
      TRY(copy(key));
      TRY(copy(value));
      TRY(set_item(thread_, y, key, value));
    }
  }
  return y;
}

// function(*copies of args)
Ref Copier::make_again(Value function, Tuple* args) {
  size_t base = stack_.size();
  u64 n = args->size;
  for (u64 i = 0; i < n; i++) {
    Ref item = args->items[i].load();
    TRY(copy(item));
    stack_.push(std::move(item));
  }
  Ref y;
  const Value* words = stack_.data() + base;
  if (function.same_word(own(Own::kNewObject)) && n != 0) {  // copyreg.__newobj__: cls.__new__(cls, *args)
    Ref maker = TRY(get_attribute(thread_, words[0], names::__new__));
    y = call(thread_, maker, Args{words, u32(n)});
  } else {
    y = call(thread_, function, Args{words, u32(n)});
  }
  stack_.truncate(base);
  return y;
}

Status Copier::set_state(Value y, Value given) {
  Ref setter = TRY(get_attribute_or_empty(thread_, y, names::__setstate__));
  if (!setter.is_empty()) {
    TRY(call_with(thread_, setter, given));
    return ok();
  }
  Ref state = Ref::copy(given), slots = Ref::none(), key, value;
  if (is_tuple(given) && TRY(length(thread_, given)) == 2) TRY(unpack_pair(thread_, given, &state, &slots));
  if (!state.get().is_none()) {
    if (has_ordinary_dict(y) && is_exact_dict(state) && dict_table::table_of(state.as<Dict>())->all_str) {
      size_t position = 0;
      while (dict_next(thread_, state.as<Dict>(), &position, &key, &value)) {
        RefTo<Str> name = TRY(interned_name(thread_, key.as<Str>()));
        TRY(set_own_attribute(thread_, y.object(), name.get(), value));
      }
    } else {
      Ref dict = TRY(get_attribute(thread_, y, names::__dict__));
      TRY(call_method_with(thread_, dict, names::update, state));
    }
  }
  if (slots.get().is_none()) return ok();
  Ref items = TRY(call_method(thread_, slots, names::items, nullptr, 0));
  Ref iterator = TRY(get_iter(thread_, items));
  for (;;) {
    Ref item = TRY(iter_next(thread_, iterator));
    if (item.is_empty()) return ok();
    TRY(unpack_pair(thread_, item, &key, &value));
    if (!is_str(key)) return raise(thread_, exc::TypeError, "attribute name must be string, not '%T'", key.get());
    RefTo<Str> name = TRY(str_intern(thread_, key));
    TRY(set_attribute(thread_, y, name.get(), value));
  }
}

}  // namespace typhon::copying
