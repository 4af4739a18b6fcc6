// _abc: registration and the checks of abstract base classes.
//
// Every ABC keeps one table of answers, a word per class that was asked about, read without a lock. A class is known by
// its root shape, whose id is never used again; a negative answer carries the number of registrations there had been
// when it was found, and counts for nothing after the next one.
#include "objects/container_util.h"
#include "objects/module.h"

namespace typhon {
namespace {

// --- the table of answers
struct AnswerTable : heap::Body {
  u64 capacity;  // a power of two
  u64 used;
  u64 entries[2];
};
struct AbcData : Object {
  AnswerTable* answers;  // or null
  Field registry;        // list of weakrefs to the registered classes, or EMPTY
};

Type* g_abc_data_type;
u64 g_registrations;  // number of registrations ever made

constexpr u64 kTableHeader = sizeof(AnswerTable) - 2 * sizeof(u64);
constexpr u64 kSmallestTable = 16, kLargestTable = 4096;
constexpr u64 kPositive = u64(1) << 31;

u64 registrations() { return __atomic_load_n(&g_registrations, __ATOMIC_ACQUIRE); }
u32 class_key(const Type* cls) { return __atomic_load_n(&cls->root_shape, __ATOMIC_RELAXED); }
u64 make_entry(const Type* cls, bool positive, u64 when) {
  return u64(class_key(cls)) << 32 | (positive ? kPositive : when & (kPositive - 1));
}
bool is_current(u64 entry) {
  return (entry & kPositive) || (entry & (kPositive - 1)) == (registrations() & (kPositive - 1));
}

enum class Answer : u8 { kNo, kYes, kUnknown };

u64* find_entry(AnswerTable* table, u32 key) {
  for (u64 i = key * 0x9E3779B1u;; i++) {
    u64* entry = &table->entries[i & (table->capacity - 1)];
    u64 word = __atomic_load_n(entry, __ATOMIC_RELAXED);
    if (word == 0 || u32(word >> 32) == key) return entry;
  }
}

Answer known_answer(const AbcData* data, const Type* cls) {
  AnswerTable* table = __atomic_load_n(&data->answers, __ATOMIC_ACQUIRE);
  if (table == nullptr) return Answer::kUnknown;
  u64 word = __atomic_load_n(find_entry(table, class_key(cls)), __ATOMIC_RELAXED);
  if (word == 0 || !is_current(word)) return Answer::kUnknown;
  return word & kPositive ? Answer::kYes : Answer::kNo;
}

AnswerTable* allocate_table(Thread& t, AbcData* data, u64 capacity) {
  auto* table = static_cast<AnswerTable*>(heap::allocate_body(t, data, kTableHeader + capacity * sizeof(u64)));
  if (table != nullptr) table->capacity = capacity;
  return table;
}

// `when`: the number of registrations before the answer was looked for.
Status remember(Thread& t, AbcData* data, const Type* cls, bool positive, u64 when) {
  u64 entry = make_entry(cls, positive, when);
  for (;;) {
    AnswerTable* full;
    {
      ObjectLock lock(t, data);
      full = data->answers;
      if (full != nullptr) {
        u64* at = find_entry(full, class_key(cls));
        bool fresh = *at == 0;
        if (!fresh || full->used * 2 < full->capacity) {
          __atomic_store_n(at, entry, __ATOMIC_RELAXED);
          full->used += fresh;
          return ok();
        }
      }
    }
    u64 capacity = full == nullptr                  ? kSmallestTable
                   : full->capacity < kLargestTable ? full->capacity * 2
                                                    : kLargestTable;
    AnswerTable* larger = allocate_table(t, data, capacity);
    if (larger == nullptr) return Raised{};
    bool installed = false;
    {
      ObjectLock lock(t, data);
      if (data->answers == full) {
        // Answers that no longer count stay behind; a table of the largest size starts afresh.
        for (u64 i = 0; full != nullptr && capacity > full->capacity && i < full->capacity; i++) {
          u64 word = full->entries[i];
          if (word == 0 || !is_current(word)) continue;
          *find_entry(larger, u32(word >> 32)) = word;
          larger->used++;
        }
        __atomic_store_n(&data->answers, larger, __ATOMIC_RELEASE);
        installed = true;
      }
    }
    if (!installed)
      heap::free_block(t, larger);
    else if (full != nullptr)
      heap::retire_body(t, data, full);
  }
}

void forget_answers(Thread& t, AbcData* data) {
  AnswerTable* old;
  {
    ObjectLock lock(t, data);
    old = data->answers;
    __atomic_store_n(&data->answers, nullptr, __ATOMIC_RELEASE);
  }
  if (old != nullptr) heap::retire_body(t, data, old);
}

// --- the data object
void visit(Object* self, Visitor& visitor) { visitor.field(static_cast<AbcData*>(self)->registry); }
void release(Thread& t, Object* self) {
  auto* table = static_cast<AbcData*>(self)->answers;
  if (table != nullptr) heap::free_block(t, table);
}

Ref data_new(Thread& t, Type* cls, Args) { return allocate_instance(t, cls); }

const TypeSpec kDataSpec = {
    .name = "_abc._abc_data",
    .doc = "Internal state held by ABC machinery.",
    .layout = {"_abc_data", sizeof(AbcData), 0, visit, release, nullptr, nullptr},
    .flags = type_flag::kImmutable,
    .slots = {.new_ = data_new},
};

Ref data_of(Thread& t, Value self) {
  Ref found = is_type(self) ? Ref::copy(type_lookup(self.as<Type>(), names::_abc_impl)) : Ref();
  if (found.is_empty()) found = TRY(get_attribute(t, self, names::_abc_impl));
  if (type_of(found) != g_abc_data_type) return raise(t, exc::TypeError, "_abc_impl is set to a wrong type");
  return found;
}

// The classes in the registry that are alive.
Status registered_classes(Thread& t, AbcData* data, RootedVector& out) {
  Ref registry = data->registry.load();
  if (registry.is_empty()) return ok();
  auto* list = registry.as<List>();
  for (size_t i = 0; i < list_size(list); i++) {
    Ref reference = list_get(t, list, i);
    if (reference.is_empty()) break;
    Ref cls = weakref_get(t, reference.as<WeakRef>());
    if (!cls.is_empty()) out.push(std::move(cls));
  }
  return ok();
}

Status add_to_registry(Thread& t, AbcData* data, Value cls) {
  Ref reference = TRY(weakref_new(t, cls, EMPTY));
  Ref registry = data->registry.load();
  if (registry.is_empty()) {
    RefTo<List> fresh = TRY(list_new(t));
    data->registry.init_once(data, fresh);
    registry = data->registry.load();
  }
  // Places of classes that are gone are used again.
  auto* list = registry.as<List>();
  for (size_t i = 0; i < list_size(list); i++) {
    Ref old = list_get(t, list, i);
    if (old.is_empty()) break;
    Ref alive = weakref_get(t, old.as<WeakRef>());
    if (alive.is_empty() && !is_contended(list)) return list_set(t, list, i, reference);
  }
  return list_append(t, list, reference);
}

// --- abstract methods
Result<bool> is_abstract(Thread& t, Value v) {
  if (!v.is_object() || is_exact_str(v)) return false;
  Ref flag = TRY(get_attribute_or_empty(t, v, names::__isabstractmethod__));
  if (flag.is_empty()) return false;
  return truth(t, flag);
}

Status compute_abstract_methods(Thread& t, Value self) {
  RefTo<Set> abstracts = TRY(set_new(t));
  Ref space = TRY(get_attribute(t, self, names::__dict__));
  Ref items = TRY(call_method_with(t, space, names::items));
  RefTo<List> pairs = TRY(to_list(t, items));
  for (size_t i = 0; i < list_size(pairs.get()); i++) {
    Ref item = list_get(t, pairs.get(), i);
    RefTo<Tuple> pair = TRY(to_tuple(t, item));
    if (pair->size != 2) return raise(t, exc::TypeError, "Iteration over dict didn't return pairs");
    if (TRY(is_abstract(t, pair->items[1].peek()))) TRY(set_add_py(t, abstracts.get(), pair->items[0].peek()));
  }
  Ref bases_value = TRY(get_attribute(t, self, names::__bases__));
  if (!is_tuple(bases_value)) return raise(t, exc::TypeError, "__bases__ is not tuple");
  auto* bases = bases_value.as<Tuple>();
  for (u64 i = 0; i < bases->size; i++) {
    Ref inherited = TRY(get_attribute_or_empty(t, bases->items[i].peek(), names::__abstractmethods__));
    if (inherited.is_empty()) continue;
    Ref iterator = TRY(get_iter(t, inherited));
    for (;;) {
      Ref name = TRY(iter_next(t, iterator));
      if (name.is_empty()) break;
      if (!is_str(name)) return raise(t, exc::TypeError, "attribute name must be string, not '%T'", name.get());
      Ref value = TRY(get_attribute_or_empty(t, self, name.as<Str>()));
      if (value.is_empty() || !TRY(is_abstract(t, value))) continue;
      TRY(set_add_py(t, abstracts.get(), name));
    }
  }
  RefTo<Set> frozen = TRY(set_from_py(t, abstracts, true));
  return set_attribute(t, self, names::__abstractmethods__, frozen);
}

// --- patterns: an ABC may say that its subclasses are sequences or mappings (CPython's flag bits)
constexpr i64 kSequenceBit = 1 << 5, kMappingBit = 1 << 6;
constexpr u32 kPatternFlags = type_flag::kSequence | type_flag::kMapping;

void set_flags(Type* cls, u32 flags) {
  u32 old = __atomic_load_n(&cls->flags, __ATOMIC_RELAXED);
  while (!__atomic_compare_exchange_n(&cls->flags, &old, (old & ~kPatternFlags) | flags, true, __ATOMIC_RELAXED,
                                      __ATOMIC_RELAXED)) {}
}

Status take_pattern_flags(Thread& t, Type* cls) {
  RefTo<Str> name = TRY(str_from_ascii(t, "__abc_tpflags__"));
  name = TRY(str_intern(t, name));
  Ref value = dict_get_str(t, cls->dict.as<Dict>(), name.get());
  if (value.is_empty() || !is_int(value)) return ok();
  i64 bits = TRY(to_i64(t, value));
  if ((bits & kSequenceBit) && (bits & kMappingBit))
    return raise(t, exc::TypeError, "__abc_tpflags__ cannot be both Py_TPFLAGS_SEQUENCE and Py_TPFLAGS_MAPPING");
  if (bits & kSequenceBit) set_flags(cls, type_flag::kSequence);
  if (bits & kMappingBit) set_flags(cls, type_flag::kMapping);
  return delete_attribute(t, Value(cls), name.get());
}

Status set_pattern_flags_of(Thread& t, Type* cls, u32 flags) {
  if ((cls->flags & type_flag::kImmutable) || (cls->flags & kPatternFlags) == flags) return ok();
  set_flags(cls, flags);
  Ref function = TRY(get_attribute_utf8(t, Value(types::type), "__subclasses__"));
  Ref subclasses = TRY(call_with(t, function, Value(cls)));
  RefTo<List> list = TRY(to_list(t, subclasses));
  for (size_t i = 0; i < list_size(list.get()); i++) {
    Ref subclass = list_get(t, list.get(), i);
    if (is_type(subclass)) TRY(set_pattern_flags_of(t, subclass.as<Type>(), flags));
  }
  return ok();
}

// --- the functions

Ref f_init(Thread& t, Value, const Value* a) {
  TRY(compute_abstract_methods(t, a[0]));
  Ref data = Ref::adopt(Value(allocate_native<AbcData>(t, g_abc_data_type)));
  TRY(set_attribute(t, a[0], names::_abc_impl, data));
  if (is_type(a[0])) TRY(take_pattern_flags(t, a[0].as<Type>()));
  return Ref::none();
}

Ref f_register(Thread& t, Value, const Value* a) {
  if (!is_type(a[1])) return raise(t, exc::TypeError, "Can only register classes");
  if (TRY(is_subclass(t, a[1], a[0]))) return Ref::copy(a[1]);
  if (TRY(is_subclass(t, a[0], a[1]))) return raise(t, exc::RuntimeError, "Refusing to create an inheritance cycle");
  Ref data = TRY(data_of(t, a[0]));
  TRY(add_to_registry(t, data.as<AbcData>(), a[1]));
  __atomic_fetch_add(&g_registrations, 1, __ATOMIC_RELEASE);
  if (is_type(a[0])) {
    u32 flags = a[0].as<Type>()->flags & kPatternFlags;
    if (flags != 0) TRY(set_pattern_flags_of(t, a[1].as<Type>(), flags));
  }
  return Ref::copy(a[1]);
}

// What the hook, the mro, the registry and the subclasses of `self` say about `cls`.
Result<bool> find_answer(Thread& t, Value self, AbcData* data, Type* cls) {
  bool self_wanted;
  Ref hook = TRY(get_method(t, self, names::__subclasshook__, &self_wanted));
  Ref verdict = TRY(self_wanted ? call_with(t, hook, self, Value(cls)) : call_with(t, hook, Value(cls)));
  if (verdict.get().is_bool()) return verdict.get().is_true();
  if (!verdict.get().same_word(NotImplemented))
    return raise(t, exc::AssertionError, "__subclasshook__ must return either False, True, or NotImplemented");
  if (is_type(self) && is_subtype(cls, self.as<Type>())) return true;
  RootedVector registered(t);
  TRY(registered_classes(t, data, registered));
  for (size_t i = 0; i < registered.size(); i++)
    if (registered[i].same_word(Value(cls))) return true;
  for (size_t i = 0; i < registered.size(); i++)
    if (TRY(is_subclass(t, Value(cls), registered[i]))) return true;
  Ref function = TRY(get_attribute_utf8(t, self, "__subclasses__"));
  Ref subclasses = TRY(call(t, function));
  if (!is_list(subclasses)) return raise(t, exc::TypeError, "__subclasses__() must return a list");
  for (size_t i = 0; i < list_size(subclasses.as<List>()); i++) {
    Ref subclass = list_get(t, subclasses.as<List>(), i);
    if (subclass.is_empty()) break;
    if (TRY(is_subclass(t, Value(cls), subclass))) return true;
  }
  return false;
}

Ref f_subclasscheck(Thread& t, Value, const Value* a) {
  if (!is_type(a[1])) return raise(t, exc::TypeError, "issubclass() arg 1 must be a class");
  Ref held = TRY(data_of(t, a[0]));
  auto* data = held.as<AbcData>();
  auto* cls = a[1].as<Type>();
  Answer known = known_answer(data, cls);
  if (known != Answer::kUnknown) return Ref::boolean(known == Answer::kYes);
  TRY(enter_native(t, " in __subclasscheck__"));
  u64 when = registrations();
  bool answer = TRY(find_answer(t, a[0], data, cls));
  TRY(remember(t, data, cls, answer, when));
  return Ref::boolean(answer);
}

// instance.__class__, without a look at the instance where its class is all there is to it.
Ref class_of(Thread& t, Value instance) {
  Type* type = type_of(instance);
  if (type->slots.getattribute == types::object->slots.getattribute &&
      type_lookup(type, names::__class__).same_word(type_lookup(types::object, names::__class__)))
    return Ref::copy(Value(type));
  Ref cls = TRY(get_attribute_or_empty(t, instance, names::__class__));
  return cls.is_empty() ? Ref::copy(Value(type)) : std::move(cls);
}

Ref f_instancecheck(Thread& t, Value, const Value* a) {
  Ref held = TRY(data_of(t, a[0]));
  auto* data = held.as<AbcData>();
  Ref cls = TRY(class_of(t, a[1]));
  Type* type = type_of(a[1]);
  Ref keep_type = Ref::copy(Value(type));
  if (is_type(cls)) {
    Answer known = known_answer(data, cls.as<Type>());
    if (known == Answer::kYes) return Ref::boolean(true);
    if (known == Answer::kNo && cls.as<Type>() == type) return Ref::boolean(false);
  }
  Ref result = TRY(call_method_with(t, a[0], names::__subclasscheck__, cls));
  if (cls.get().same_word(keep_type)) return result;
  if (TRY(truth(t, result))) return result;
  return call_method_with(t, a[0], names::__subclasscheck__, keep_type);
}

Ref f_get_dump(Thread& t, Value, const Value* a) {
  Ref held = TRY(data_of(t, a[0]));
  RefTo<Set> registry = TRY(set_new(t));
  RootedVector classes(t);
  TRY(registered_classes(t, held.as<AbcData>(), classes));
  for (size_t i = 0; i < classes.size(); i++) {
    Ref reference = TRY(weakref_new(t, classes[i], EMPTY));
    TRY(set_add_py(t, registry.get(), reference));
  }
  // The answers are kept by class number: as sets of classes they are always empty.
  RefTo<Set> positive = TRY(set_new(t))
  , negative = TRY(set_new(t));
  Ref version = TRY(int_from_u64(t, registrations()));
  return tuple_of(t, registry, positive, negative, version);
}

Ref f_reset_registry(Thread& t, Value, const Value* a) {
  Ref data = TRY(data_of(t, a[0]));
  data.as<AbcData>()->registry.clear(data.object());
  return Ref::none();
}

Ref f_reset_caches(Thread& t, Value, const Value* a) {
  Ref data = TRY(data_of(t, a[0]));
  forget_answers(t, data.as<AbcData>());
  return Ref::none();
}

Ref f_get_cache_token(Thread& t, Value, const Value*) { return int_from_u64(t, registrations()); }

const Method kFunctions[] = {
    method(
        "get_cache_token", f_get_cache_token, "($module, /)",
        "Returns the current ABC cache token.\n\nThe token is an opaque object (supporting equality testing) "
        "identifying\nthe current version of the ABC cache for virtual subclasses.  The token\nchanges with every call "
        "to register() on any ABC."),
    method("_abc_init", f_init, "($module, self, /)",
           "Internal ABC helper for class set-up. Should be never used outside abc module."),
    method("_abc_register", f_register, "($module, self, subclass, /)",
           "Internal ABC helper for subclasss registration. Should be never used outside abc module."),
    method("_abc_instancecheck", f_instancecheck, "($module, self, instance, /)",
           "Internal ABC helper for instance checks. Should be never used outside abc module."),
    method("_abc_subclasscheck", f_subclasscheck, "($module, self, subclass, /)",
           "Internal ABC helper for subclasss checks. Should be never used outside abc module."),
    method(
        "_get_dump", f_get_dump, "($module, self, /)",
        "Internal ABC helper for cache and registry debugging.\n\nReturn shallow copies of registry, of both caches, "
        "and\nnegative cache version. Don't call this function directly,\ninstead use ABC._dump_registry() for a nice "
        "repr."),
    method("_reset_registry", f_reset_registry, "($module, self, /)",
           "Internal ABC helper to reset registry of a given class.\n\nShould be only used by refleak.py"),
    method("_reset_caches", f_reset_caches, "($module, self, /)",
           "Internal ABC helper to reset both caches of a given class.\n\nShould be only used by refleak.py"),
    {},
};

Status initialise(Thread& t, Module*) {
  return g_abc_data_type != nullptr ? ok() : make_static_type(t, kDataSpec, &g_abc_data_type);
}

}  // namespace

extern const ModuleDef module__abc;
const ModuleDef module__abc = {"_abc", "Module contains faster C implementation of abc.ABCMeta", kFunctions,
                               initialise};

}  // namespace typhon
