// Type objects: bootstrap of the core types, native types from their specs, lookup along the mro, versions, subclass
// lists, mro, layout.
#include "objects/type.h"

#include <cstdlib>

#include "heap/collector.h"
#include "heap/object_model.h"
#include "objects/protocol/protocol.h"
#include "objects/metatype.h"
#include "objects/type_internal.h"

extern "C" const char __executable_start[], _end[];  // by the linker

namespace typhon {

namespace types {
#define TYPE(id, cpp, name) Type* id;
#include "objects/types.def"
#undef TYPE
}  // namespace types

Mutex g_type_mutex;

namespace {

u32 g_next_version = 1;

// Versions are unique for ever; once used up, classes become uncacheable.
u32 fresh_version() {
  u32 now = __atomic_load_n(&g_next_version, __ATOMIC_RELAXED);
  if (now == 0) return 0;
  return __atomic_fetch_add(&g_next_version, 1, __ATOMIC_RELAXED);
}

struct CoreType {
  const TypeSpec* spec;
  Type** where;
  u32 shape;
};

const CoreType kCoreTypes[] = {
#define TYPE(id, cpp, name) {&spec_##id, &types::id, kShape_##id},
#include "objects/types.def"
#undef TYPE
};

// --- method cache: global, direct-mapped, read under a sequence number per entry. Keyed by type version, so nothing
// ever needs to be flushed. An entry's word is kept alive by the class dict for as long as its version is current.
struct CacheEntry {
  u32 sequence;
  u32 version;
  const Str* name;
  u64 word;
};
constexpr u32 kCacheSize = 4096;
CacheEntry g_cache[kCacheSize];

CacheEntry& cache_entry(u32 version, const Str* name) {
  u64 hash = (reinterpret_cast<u64>(name) >> 4) ^ (u64(version) * 0x9E3779B1u);
  return g_cache[(hash ^ (hash >> 13)) & (kCacheSize - 1)];
}

bool cache_read(u32 version, const Str* name, Value* out) {
  CacheEntry& e = cache_entry(version, name);
  u32 before = __atomic_load_n(&e.sequence, __ATOMIC_ACQUIRE);
  if (before & 1) return false;
  u32 found_version = __atomic_load_n(&e.version, __ATOMIC_RELAXED);
  const Str* found_name = __atomic_load_n(&e.name, __ATOMIC_RELAXED);
  u64 word = __atomic_load_n(&e.word, __ATOMIC_RELAXED);
  __atomic_thread_fence(__ATOMIC_ACQUIRE);
  if (__atomic_load_n(&e.sequence, __ATOMIC_RELAXED) != before) return false;
  if (found_version != version || found_name != name) return false;
  *out = Value(word);
  return true;
}

void cache_write(u32 version, const Str* name, Value value) {
  CacheEntry& e = cache_entry(version, name);
  u32 before = __atomic_load_n(&e.sequence, __ATOMIC_RELAXED);
  // A writer that finds another one at work simply does not cache.
  if ((before & 1) ||
      !__atomic_compare_exchange_n(&e.sequence, &before, before + 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
    return;
  __atomic_thread_fence(__ATOMIC_RELEASE);
  __atomic_store_n(&e.version, version, __ATOMIC_RELAXED);
  __atomic_store_n(&e.name, name, __ATOMIC_RELAXED);
  __atomic_store_n(&e.word, value.untagged().bits, __ATOMIC_RELAXED);
  __atomic_store_n(&e.sequence, before + 2, __ATOMIC_RELEASE);
}

void cache_clear() {
  for (CacheEntry& e : g_cache) {
    u32 before = __atomic_load_n(&e.sequence, __ATOMIC_RELAXED);
    // Whoever writes now looks up a name that is in use.
    if ((before & 1) ||
        !__atomic_compare_exchange_n(&e.sequence, &before, before + 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
      continue;
    __atomic_store_n(&e.version, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&e.sequence, before + 2, __ATOMIC_RELEASE);
  }
}

void visit_type(Object* self, Visitor& v) { v.fields(&static_cast<Type*>(self)->name, 10); }

}  // namespace

// type's layout; its slots, methods and attributes: type_attributes.cpp.
extern const Layout kTypeLayout = {"type", sizeof(Type), 0, visit_type, nullptr, nullptr, nullptr};

// --- lookup
Value type_lookup(Type* type, Str* name) {
  // The version is read first: a class changed meanwhile has another one, so that nothing stale is found under it.
  u32 version = type_version(type);
  Value found;
  if (version != 0 && cache_read(version, name, &found)) return found;
  auto* mro = type->mro.as<Tuple>();
  found = EMPTY;
  if (mro == nullptr) {  // while the class is being made
    for (Type* base = type; base != nullptr && found.is_empty(); base = base->base.as<Type>())
      if (auto* dict = base->dict.as<Dict>()) found = dict_peek_str(dict, name);
    return found;
  }
  for (u64 i = 0; i < mro->size; i++) {
    found = dict_peek_str(mro->items[i].as<Type>()->dict.as<Dict>(), name);
    if (!found.is_empty()) break;
  }
  // Names that are counted may die, and another one get their address.
  if (version != 0 && name->is_interned() && (name->ownership() & (state::kDeferred | state::kImmortal)))
    cache_write(version, name, found);
  return found;
}

void object_model::forget_addresses() { cache_clear(); }

Ref lookup_special(Thread& t, Value self, Str* name) {
  Type* type = type_of(self);
  Value found = type_lookup(type, name);
  if (found.is_empty()) return Ref();
  Ref keep = Ref::copy(found);
  DescriptorGetFn get = type_of(found)->slots.descriptor_get;
  return get != nullptr ? get(t, keep, self, type) : std::move(keep);
}

bool is_subtype(const Type* a, const Type* b) {
  if (a == b) return true;
  auto* mro = a->mro.as<Tuple>();
  if (mro == nullptr || mro->size == 0) {
    for (const Type* base = a; base != nullptr; base = base->base.as<Type>())
      if (base == b) return true;
    return b == types::object;
  }
  for (u64 i = 0; i < mro->size; i++)
    if (mro->items[i].peek().object() == b) return true;
  return false;
}

bool is_native_instance(Value v, const Type* type) {
  for (const Type* c = type_of(v); c != nullptr; c = c->base.as<Type>())
    if (c == type) return true;
  return false;
}

Type* type_of_immediate(Value v) {
  if (v.is_small_int()) return types::int_;
  if (v.is_immediate_float()) return types::float_;
  if (v.is_bool()) return types::bool_;
  if (v.is_none()) return types::none_type;
  if (v.bits == Ellipsis.bits) return types::ellipsis_type;
  if (v.bits == NotImplemented.bits) return types::not_implemented_type;
  CHECK(!"type_of a word that is no Python value");
  __builtin_unreachable();
}

const char* Type::name_utf8() const {
  if (native_name != nullptr) return native_name;
  // ASCII names are NUL-terminated in place; others are turned into UTF-8 once per string and kept with the type.
  auto* text = name.as<Str>();
  if (text->is_ascii()) return text->data<char>();
  Utf8Buffer buffer;
  std::string_view utf8 = str_utf8(text, buffer);
  thread_local char out[256];
  size_t n = utf8.size() < sizeof out - 1 ? utf8.size() : sizeof out - 1;
  memcpy(out, utf8.data(), n);
  out[n] = 0;
  return out;
}

const char* type_name(Value v) { return type_of(v)->name_utf8(); }

// --- versions and subclasses
namespace {
template <class F>
void for_each_subclass(Thread& t, Type* type, const F& f) {  // and the class itself
  f(type);
  auto* list = type->subclasses.as<List>();
  if (list == nullptr) return;
  for (size_t i = 0; i < list_size(list); i++) {
    Ref reference = list_get(t, list, i);
    if (reference.is_empty()) continue;
    Ref subclass = weakref_get(t, reference.as<WeakRef>());
    if (!subclass.is_empty()) for_each_subclass(t, subclass.as<Type>(), f);
  }
}
// Gives the class and its subclasses versions from `next`.
void new_version_recursively(Thread& t, Type* type, u32 (*next)()) {
  for_each_subclass(t, type, [next](Type* cls) {
    u32 version = next();
    __atomic_store_n(&cls->version, version, __ATOMIC_RELEASE);
    update_shapes_of(cls, version, cls->slots.finaliser != nullptr);
  });
}
// While the class and its subclasses have no version: inline caches forget the slots of their instances, or those named `name`.
void forget_cached_slots(Thread& t, Type* type, const Str* name) {
  bool doomed = false;
  for_each_subclass(t, type, [&](Type* cls) { doomed |= doom_cached_slots(cls, name); });
  if (!doomed) return;
  g_forget_doomed_slots(t);
  for_each_subclass(t, type, end_doom);
}
// The same before the entry `name` of the class becomes `value` (EMPTY: is deleted), if what the slots mean may change by that.
void forget_hidden_slots(Thread& t, Type* type, const Str* name, Value old, Value value) {
  if (name == names::__getattribute__ || name == names::__setattr__ || is_exact(old, kShape_member_descriptor))
    return forget_cached_slots(t, type, nullptr);
  // A data descriptor goes before the slot; what is deleted may have hidden one. A class can yet be given a __set__.
  if (value.is_empty() || type_of(value)->slots.descriptor_set != nullptr || !(type_of(value)->flags & type_flag::kImmutable))
    forget_cached_slots(t, type, name);
}
}  // namespace

Value type_special_slow(Type* type, Special which) {
  constexpr u32 kWriting = ~u32(0);
  static Str** const kNames[] = {&names::__add__,    &names::__sub__,    &names::__mul__, &names::__truediv__, &names::__floordiv__, &names::__mod__,
                                 &names::__pow__,    &names::__lshift__, &names::__rshift__, &names::__and__,  &names::__or__,       &names::__xor__,
                                 &names::__matmul__, &names::__iter__,   &names::__getitem__, &names::__len__};
  static_assert(std::size(kNames) == size_t(Special::kCount));
  u32 version = type_version(type);
  Value found = type_lookup(type, *kNames[u8(which)]);
  SpecialMethod& kept = type->specials[u8(which)];
  u32 old = __atomic_load_n(&kept.version, __ATOMIC_RELAXED);
  if (version == 0 || old == kWriting) return found;
  // One thread at a time writes the word, and one of an old version does not write over a newer word.
  if (!__atomic_compare_exchange_n(&kept.version, &old, kWriting, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) return found;
  bool current = type_version(type) == version;
  if (current) __atomic_store_n(&kept.word, found.bits, __ATOMIC_RELAXED);
  __atomic_store_n(&kept.version, current ? version : 0, __ATOMIC_RELEASE);
  return found;
}

void (*g_forget_doomed_slots)(Thread& t);

void type_modified(Thread& t, Type* type) {
  MutexGuard guard(t, g_type_mutex);
  new_version_recursively(t, type, [] { return u32(0); });
  forget_cached_slots(t, type, nullptr);
  new_version_recursively(t, type, fresh_version);
}

Result<bool> replace_class_entry(Thread& t, Type* type, Str* name, Value value, void (*changed)(Thread&, Type*, Str*, Value)) {
  auto* dict = type->dict.as<Dict>();
  // Dropped after the lock is given back, when no cache knows the old value any more.
  Ref old = dict_get_str(t, dict, name);
  MutexGuard guard(t, g_type_mutex);
  // Without a version nothing can be read from a cache while the entry changes, so that no thread sees the old value after another
  // one (or it itself, at another place) has seen the new one.
  new_version_recursively(t, type, [] { return u32(0); });
  forget_hidden_slots(t, type, name, old.get(), value);
  bool there = true;
  Status stored;
  if (value.is_empty()) {
    Result<bool> deleted = dict_delete_str(t, dict, name);
    if (deleted.failed())
      stored = Raised{};
    else
      there = deleted.get();
  } else {
    stored = dict_set_str(t, dict, name, value);
  }
  if (!stored.failed() && there && changed != nullptr) changed(t, type, name, value);
  new_version_recursively(t, type, fresh_version);
  if (stored.failed()) return Raised{};
  return there;
}

namespace {
// Under g_type_mutex: a list without the classes that are gone, and without `type`, takes the place of the list. False: MemoryError.
bool prune_subclasses(Thread& t, Type* base, const Type* type) {
  auto* list = base->subclasses.as<List>();
  RefTo<List> kept = list_new(t);
  if (kept.failed()) return false;
  for (size_t i = 0; i < list_size(list); i++) {
    Ref entry = list_get(t, list, i);
    if (entry.is_empty()) break;
    Ref alive = weakref_get(t, entry.as<WeakRef>());
    if (alive.is_empty() || alive.object() == type) continue;
    if (list_append(t, kept.get(), entry).failed()) return false;
  }
  base->subclasses.store(base, kept.value());
  return true;
}
}  // namespace

Status add_subclass(Thread& t, Type* base, Type* type) {
  Ref reference = TRY(weakref_new(t, type, EMPTY));
  Ref old = base->subclasses.load();  // dropped after the lock is given back
  // Two threads must not both make the list: a class that its base does not know keeps stale versions.
  MutexGuard guard(t, g_type_mutex);
  auto* list = base->subclasses.as<List>();
  if (list == nullptr) {
    RefTo<List> made = TRY(list_new(t));
    base->subclasses.store(base, made.value());
    list = made.get();
  }
  // Classes that are gone leave whenever the list has doubled.
  size_t n = list_size(list);
  if (n >= 8 && (n & (n - 1)) == 0) {
    if (!prune_subclasses(t, base, nullptr)) return Raised{};
    list = base->subclasses.as<List>();
  }
  return list_append(t, list, reference);
}

void remove_subclass(Thread& t, Type* base, Type* type) {
  Ref old = base->subclasses.load();  // dropped after the lock is given back
  MutexGuard guard(t, g_type_mutex);
  if (base->subclasses.as<List>() == nullptr) return;
  if (!prune_subclasses(t, base, type)) clear_exception(t);
}

RefTo<List> live_subclasses(Thread& t, Type* type) {
  RefTo<List> out = TRY(list_new(t));
  Ref list = type->subclasses.load();
  if (list.is_empty()) return out;
  for (size_t i = 0; i < list_size(list.as<List>()); i++) {
    Ref entry = list_get(t, list.as<List>(), i);
    if (entry.is_empty()) break;
    Ref subclass = weakref_get(t, entry.as<WeakRef>());
    if (!subclass.is_empty()) TRY(list_append(t, out.get(), subclass));
  }
  return out;
}

// --- mro (C3)
namespace {

Raised mro_conflict(Thread& t, RootedVector* sequences, size_t* positions, size_t n) {
  StrBuilder names;
  RefTo<List> seen = list_new(t);
  if (seen.failed()) return {};
  for (size_t i = 0; i < n; i++) {
    auto* tuple = (*sequences)[i].as<Tuple>();
    if (positions[i] >= tuple->size) continue;
    Value head = tuple->items[positions[i]].peek();
    bool known = false;
    for (size_t k = 0; k < list_size(seen.get()); k++)
      known = known || list_get(t, seen.get(), k).get().same_word(head);
    if (known) continue;
    if (list_size(seen.get()) != 0) names.append_ascii(", ");
    if (list_append(t, seen.get(), head).failed()) return {};
    names.append(head.as<Type>()->name.as<Str>());
  }
  RefTo<Str> text = names.finish(t);
  if (text.failed()) return {};
  return raise(t, exc::TypeError, "Cannot create a consistent method resolution order (MRO) for bases %U", text.get());
}

}  // namespace

// The C3 linearisation from type->bases, whose own mros are known.
RefTo<Tuple> linearise(Thread& t, Type* type) {
  auto* bases = type->bases.as<Tuple>();
  for (u64 i = 0; i < bases->size; i++)
    for (u64 j = i + 1; j < bases->size; j++)
      if (bases->items[i].peek().same_word(bases->items[j].peek()))
        return raise(t, exc::TypeError, "duplicate base class %N", bases->items[i].as<Type>());
  RootedVector result(t);
  result.push_copy(type);
  if (bases->size == 1) {
    auto* rest = bases->items[0].as<Type>()->mro.as<Tuple>();
    for (u64 i = 0; i < rest->size; i++) result.push_copy(rest->items[i].peek());
    return tuple_from(t, result.data(), result.size());
  }
  RootedVector sequences(t);
  for (u64 i = 0; i < bases->size; i++) sequences.push_copy(bases->items[i].as<Type>()->mro.peek());
  sequences.push_copy(bases);
  size_t n = sequences.size();
  auto* positions = static_cast<size_t*>(std::calloc(n, sizeof(size_t)));
  while (true) {
    bool all_done = true;
    Value chosen = EMPTY;
    for (size_t i = 0; i < n && chosen.is_empty(); i++) {
      auto* tuple = sequences[i].as<Tuple>();
      if (positions[i] >= tuple->size) continue;
      all_done = false;
      Value candidate = tuple->items[positions[i]].peek();
      bool in_tail = false;
      for (size_t k = 0; k < n && !in_tail; k++) {
        auto* other = sequences[k].as<Tuple>();
        for (u64 m = positions[k] + 1; m < other->size && !in_tail; m++)
          in_tail = other->items[m].peek().same_word(candidate);
      }
      if (!in_tail) chosen = candidate;
    }
    if (all_done) break;
    if (chosen.is_empty()) {
      Raised failed = mro_conflict(t, &sequences, positions, n);
      std::free(positions);
      return failed;
    }
    result.push_copy(chosen);
    for (size_t i = 0; i < n; i++) {
      auto* tuple = sequences[i].as<Tuple>();
      if (positions[i] < tuple->size && tuple->items[positions[i]].peek().same_word(chosen)) positions[i]++;
    }
  }
  std::free(positions);
  return tuple_from(t, result.data(), result.size());
}

// --- layout
namespace {

// Whether instances of `type` have more native storage than those of its base.
bool extends_layout(const Type* type, const Type* base) {
  if (base == nullptr) return true;
  return type->layout->basic_size != base->layout->basic_size || type->layout->item_size != base->layout->item_size ||
         type->member_slots != base->member_slots;
}

const Type* solid_base(const Type* type) {
  while (true) {
    auto* base = type->base.as<Type>();
    if (base == nullptr || extends_layout(type, base)) return type;
    type = base;
  }
}

}  // namespace

Status compute_mro(Thread& t, Type* type) {
  Type* metatype = type_of_object(type);
  Value custom = metatype == types::type ? EMPTY : type_lookup(metatype, names::mro);
  if (custom.is_empty() || is_exact(custom, kShape_method_descriptor)) {
    type->mro.store(type, TRY(linearise(t, type)));
    return ok();
  }
  // While mro() runs, the class has none: nothing is found in it, and nothing can extend it.
  if (type->mro.is_empty()) type->mro.store(type, TRY(tuple_allocate(t, 0)));
  Ref result = TRY(call_method(t, type, names::mro, nullptr, 0));
  RefTo<Tuple> mro = TRY(to_tuple(t, result));
  if (mro->size == 0) return raise(t, exc::TypeError, "type MRO must not be empty");
  for (u64 i = 0; i < mro->size; i++)
    if (!is_type(mro->items[i].peek()))
      return raise(t, exc::TypeError, "mro() returned a non-class ('%T')", mro->items[i].peek());
  for (u64 i = 0; i < mro->size; i++) {
    auto* base = mro->items[i].as<Type>();
    if (!is_subtype(solid_base(type), solid_base(base)))
      return raise(t, exc::TypeError, "mro() returned base with unsuitable layout ('%N')", base);
  }
  type->mro.store(type, std::move(mro));
  return ok();
}

Result<Type*> best_base(Thread& t, Tuple* bases) {
  Type* winner = nullptr;
  const Type* winner_solid = nullptr;
  for (u64 i = 0; i < bases->size; i++) {
    Value v = bases->items[i].peek();
    if (!is_type(v)) return raise(t, exc::TypeError, "bases must be types");
    auto* candidate = v.as<Type>();
    if (!(candidate->flags & type_flag::kBaseType))
      return raise(t, exc::TypeError, "type '%N' is not an acceptable base type", candidate);
    if (!candidate->mro.is_empty() && candidate->mro.as<Tuple>()->size == 0)
      return raise(t, exc::TypeError, "Cannot extend an incomplete type '%N'", candidate);
    const Type* solid = solid_base(candidate);
    if (winner == nullptr ||
        (winner_solid != solid && is_subtype(solid, winner_solid) && !is_subtype(winner_solid, solid))) {
      winner = candidate;
      winner_solid = solid;
    } else if (!is_subtype(winner_solid, solid)) {
      return raise(t, exc::TypeError, "multiple bases have instance lay-out conflict");
    }
  }
  return winner;
}

// Sizes, root shape and version of a type whose layout, flags, base, member_slots and attribute_hint are set.
void finish_layout(Type* type, u32 fixed_shape) {
  bool attributes = type->flags & type_flag::kHasDict;
  bool variable = type->layout->item_size != 0 && type->layout->native_size != nullptr;
  u32 native = u32(align_up(type->layout->basic_size, 8)) + 8 * type->member_slots;
  u32 inline_slots = attributes ? type->attribute_hint : 0;
  // Blocks come in steps of 16 bytes: fill the last one.
  if (attributes && !variable && inline_slots != 0 && (native + 8 + 8 * inline_slots) % 16 != 0) inline_slots++;
  type->instance_size = native + (attributes ? 8 + 8 * inline_slots : 0);
  u8 flags = 0;
  if (attributes) flags |= shape_flag::kHasAttributes;
  if (variable) flags |= shape_flag::kVariable;
  if (attributes || type->member_slots != 0 || !(type->flags & type_flag::kUntracked)) flags |= shape_flag::kTracked;
  if (type->slots.finaliser != nullptr) flags |= shape_flag::kFinaliser;
  type->version = fresh_version();
  Shape* shape = new_root_shape(type, type->layout, u16(inline_slots), attributes && !variable ? u16(native) : u16(0),
                                flags, fixed_shape);
  type->root_shape = shape->id;
  type->dict_shape = 0;
}

Ref allocate_instance(Thread& t, Type* cls, size_t items) {
  // Shape before size: what the shape needs was stored before it (grow_inline_slots).
  const Shape* shape = shape_at(__atomic_load_n(&cls->root_shape, __ATOMIC_ACQUIRE));
  const size_t basic_size = __atomic_load_n(&cls->instance_size, __ATOMIC_RELAXED);
  size_t size = basic_size;
  if (items != 0) size += align_up(items * cls->layout->item_size, 8);
  if (basic_size < 0x10000 && items == 0)
    return Ref::adopt(Value(heap::allocate(t, shape->id, size, shape->flags & shape_flag::kTracked)));
  Object* object = heap::try_allocate(t, shape->id, size, shape->flags & shape_flag::kTracked);
  if (object == nullptr) return Ref::error();
  return Ref::adopt(Value(object));
}

// --- native types
RefTo<Type> allocate_type(Thread& t, Type* metatype, size_t) {
  Object* object = heap::allocate(t, metatype != nullptr ? metatype->root_shape : u32(kShape_type),
                                  metatype != nullptr ? metatype->instance_size : sizeof(Type), true);
  // Classes are DEFERRED from the start, so that all they refer to is published as it is stored.
  collector::make_deferred(object);
  return RefTo<Type>::copy(static_cast<Type*>(object));
}

namespace {

const char* short_name(const char* name) {
  const char* dot = strrchr(name, '.');
  return dot != nullptr ? dot + 1 : name;
}

Status add_descriptors(Thread& t, Type* type, const TypeSpec& spec) {
  auto* dict = type->dict.as<Dict>();
  for (const Method* m = spec.methods; m != nullptr && m->name != nullptr; m++) {
    CoreShape kind = m->kind == MethodKind::kClass ? kShape_classmethod_descriptor : kShape_method_descriptor;
    RefTo<Str> name = TRY(str_from_utf8(t, m->name));
    name = TRY(str_intern(t, name));
    if (m->kind == MethodKind::kStatic) {
      Ref function = TRY(native_function_new(t, m, type, EMPTY));
      Ref wrapped = TRY(static_method_new(t, function));
      TRY(dict_set_str(t, dict, name.get(), wrapped));
      continue;
    }
    RefTo<NativeDescriptor> d = TRY(descriptor_new(t, kind, type, m->name));
    d->method = m;
    TRY(dict_set_str(t, dict, name.get(), d));
  }
  for (const GetSet* g = spec.getsets; g != nullptr && g->name != nullptr; g++) {
    RefTo<NativeDescriptor> d = TRY(descriptor_new(t, kShape_getset_descriptor, type, g->name));
    d->getset = g;
    TRY(dict_set_str(t, dict, d->name.as<Str>(), d));
  }
  for (const Member* m = spec.members; m != nullptr && m->name != nullptr; m++) {
    RefTo<NativeDescriptor> d = TRY(descriptor_new(t, kShape_member_descriptor, type, m->name));
    d->member = m;
    TRY(dict_set_str(t, dict, d->name.as<Str>(), d));
  }
  return ok();
}

// `__dict__` of a class that comes before type or module among the bases: theirs is meant.
Ref get_dict(Thread& t, Value self) {
  if (is_type(self)) {
    Ref descriptor = dict_get_str(t, types::type->dict.as<Dict>(), names::__dict__);
    if (is_exact(descriptor, kShape_getset_descriptor)) return descriptor.as<NativeDescriptor>()->getset->get(t, self);
  }
  if (is_subtype(type_of(self), types::module)) return self.as<Module>()->dict.load();
  return instance_dict(t, self.object());
}
Status set_dict(Thread& t, Value self, Value value) {
  if (is_type(self)) return raise(t, exc::AttributeError, "attribute '__dict__' of 'type' objects is not writable");
  if (is_subtype(type_of(self), types::module)) return raise(t, exc::AttributeError, "readonly attribute");
  if (value.is_empty()) {  // the next look finds an empty one
    RefTo<Dict> fresh = TRY(dict_new(t));
    return set_instance_dict(t, self.object(), fresh);
  }
  if (!is_dict(value)) return raise(t, exc::TypeError, "__dict__ must be set to a dictionary, not a '%T'", value);
  return set_instance_dict(t, self.object(), value);
}
Ref get_weakref(Thread& t, Value self) {
  Ref first = first_weakref(t, self);
  return first.is_empty() ? Ref::none() : std::move(first);
}

// Whether it lies in the executable, and so lives as long as the process.
bool is_static(const TypeSpec* spec) {
  auto* at = reinterpret_cast<const char*>(spec);
  return at >= __executable_start && at < _end;
}

// The parts that need no other type: layout and shape.
void start_native_type(Type* type, const TypeSpec& spec, Type* base, u32 fixed_shape) {
  if (spec.layout.basic_size != 0) {
    auto* layout = new Layout(spec.layout);
    if (layout->name == nullptr) layout->name = spec.name;
    if (layout->item_size != 0 && layout->native_size == nullptr && base != nullptr)
      layout->native_size = base->layout->native_size;
    type->layout = layout;
  } else {
    CHECK(base != nullptr);
    type->layout = base->layout;
  }
  constexpr u32 kInherited =
      type_flag::kHasDict | type_flag::kHasWeakref | type_flag::kSequence | type_flag::kMapping | type_flag::kMatchSelf;
  type->flags = spec.flags | (base != nullptr ? base->flags & kInherited : 0);
  if (!(spec.flags & type_flag::kHeapType)) type->flags |= type_flag::kImmutable;
  type->member_slots = 0;
  type->attribute_hint = 0;
  type->spec = is_static(&spec) ? &spec : new TypeSpec(spec);
  type->native_name = type->spec->name;
  finish_layout(type, fixed_shape);
  if (base != nullptr) shape_at(type->root_shape)->native_kinds |= shape_at(base->root_shape)->native_kinds;
}

// About as many entries as the namespace of a native type will have: most (the exceptions) have few.
size_t namespace_size(const TypeSpec& spec) {
  size_t n = 4 + count_slot_wrappers(spec.slots);
  for (const Method* m = spec.methods; m != nullptr && m->name != nullptr; m++) n++;
  for (const GetSet* g = spec.getsets; g != nullptr && g->name != nullptr; g++) n++;
  for (const Member* m = spec.members; m != nullptr && m->name != nullptr; m++) n++;
  return n;
}

Status fill_native_type(Thread& t, Type* type, const TypeSpec& spec, Type* base) {
  RefTo<Str> name = TRY(str_from_utf8(t, short_name(spec.name)));
  name = TRY(str_intern(t, name));
  type->name.init(type, name.value());
  type->qualname.init(type, name.value());
  RefTo<Dict> dict = TRY(dict_new(t, namespace_size(spec)));
  type->dict.init(type, dict.value());
  if (const char* dot = strrchr(spec.name, '.')) {
    RefTo<Str> module = TRY(str_from_utf8(t, {spec.name, size_t(dot - spec.name)}));
    type->module.init(type, module.value());
    TRY(dict_set_str(t, dict.get(), names::__module__, module));
  }
  if (base != nullptr) {
    type->base.init(type, base);
    type->bases.init(type, TRY(tuple_of(t, Value(base))));
  } else {
    type->bases.init(type, Value(empty_tuple()));
  }
  type->mro.init(type, TRY(linearise_native(t, type, base)));
  TRY(add_descriptors(t, type, *type->spec));
  TRY(add_slot_wrappers(t, type, spec.slots));
  if ((spec.flags & type_flag::kHasDict) && dict_peek_str(dict.get(), names::__dict__).is_empty()) {
    RefTo<NativeDescriptor> d = TRY(descriptor_new(t, kShape_getset_descriptor, type, "__dict__"));
    d->getset = &kDictGetSet;
    TRY(dict_set_str(t, dict.get(), names::__dict__, d));
  }
  if (dict_peek_str(dict.get(), names::__doc__).is_empty()) {
    Ref doc = spec.doc != nullptr ? Ref(TRY(str_from_utf8(t, spec.doc))) : Ref::none();
    TRY(dict_set_str(t, dict.get(), names::__doc__, doc));
  }
  inherit_native_slots(type, spec.slots, base);
  if (type->slots.finaliser != nullptr) update_shapes_of(type, type->version, true);
  return ok();
}

}  // namespace

bool has_ordinary_dict(Value v) {
  if (!v.is_object() || !has_instance_dict(v.object())) return false;
  Type* type = type_of(v);
  if (type->slots.getattribute != generic_get_attribute) return false;
  Value found = type_lookup(type, names::__dict__);
  return is_exact(found, kShape_getset_descriptor) && found.as<NativeDescriptor>()->getset == &kDictGetSet;
}

extern const GetSet kDictGetSet = {"__dict__", get_dict, set_dict, "dictionary for instance variables"};
extern const GetSet kWeakrefGetSet = {"__weakref__", get_weakref, nullptr, "list of weak references to the object"};

RefTo<Tuple> linearise_native(Thread& t, Type* type, Type* base) {
  RootedVector mro(t);
  mro.push_copy(type);
  if (base != nullptr) {
    auto* rest = base->mro.as<Tuple>();
    for (u64 i = 0; i < rest->size; i++) mro.push_copy(rest->items[i].peek());
  }
  return tuple_from(t, mro.data(), mro.size());
}

static RefTo<Type> make_type_of(Thread& t, Type* metatype, const TypeSpec& spec, u32 fixed_shape) {
  Type* base = spec.base != nullptr ? *spec.base : types::object;
  RefTo<Type> type = TRY(allocate_type(t, metatype));
  start_native_type(type.get(), spec, base, fixed_shape);
  TRY(fill_native_type(t, type.get(), spec, base));
  if (base != nullptr) TRY(add_subclass(t, base, type.get()));
  return type;
}

RefTo<Type> make_type(Thread& t, const TypeSpec& spec, u32 fixed_shape) { return make_type_of(t, nullptr, spec, fixed_shape); }

static void keep_static_type(RefTo<Type>&& type, Type** where) {
  collector::make_immortal(type.get());
  *where = type.get();
}

Status make_static_type(Thread& t, const TypeSpec& spec, Type** where, u32 fixed_shape) {
  if (fixed_shape != 0 && *where != nullptr) return ok();  // a core type: initialise_types has made it
  keep_static_type(TRY(make_type_of(t, nullptr, spec, fixed_shape)), where);
  return ok();
}

Status make_static_type_of(Thread& t, Type* metatype, const TypeSpec& spec, Type** where) {
  keep_static_type(TRY(make_type_of(t, metatype, spec, 0)), where);
  return ok();
}

void wire_core_shapes() {
  for (const CoreType& core : kCoreTypes) {
    Shape* shape = shape_at(core.shape);
    shape->id = core.shape;
    const TypeSpec* spec = core.spec;
    while (spec->layout.basic_size == 0 && spec->base != nullptr) {
      const TypeSpec* next = nullptr;
      for (const CoreType& other : kCoreTypes)
        if (other.where == spec->base) next = other.spec;
      if (next == nullptr) break;
      spec = next;
    }
    shape->layout = &spec->layout;
  }
}

Status initialise_types(Thread& t) {
  TRY(initialise_names(t));
  // First all type objects with their shapes, so that type_of works on everything made from here on; then their
  // contents.
  for (const CoreType& core : kCoreTypes) {
    if (*core.where != nullptr) continue;
    RefTo<Type> type = TRY(allocate_type(t, nullptr));
    *core.where = type.get();
    Type* base = core.spec->base != nullptr ? *core.spec->base : core.where == &types::object ? nullptr : types::object;
    start_native_type(type.get(), *core.spec, base, core.shape);
    collector::make_immortal(type.get());
  }
  for (const CoreType& core : kCoreTypes) {
    Type* base = core.spec->base != nullptr ? *core.spec->base : core.where == &types::object ? nullptr : types::object;
    TRY(fill_native_type(t, *core.where, *core.spec, base));
  }
  for (const CoreType& core : kCoreTypes)
    if (auto* base = (*core.where)->base.as<Type>()) TRY(add_subclass(t, base, *core.where));
  return ok();
}

}  // namespace typhon
