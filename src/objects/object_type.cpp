// The class `object`: what every object can do, construction without arguments, pickling.
#include "objects/protocol/services.h"
#include "objects/protocol/protocol.h"
#include "objects/type_internal.h"

namespace typhon {

namespace {

Raised abstract_instantiation(Thread& t, Type* cls) {
  Ref methods = get_attribute(t, cls, names::__abstractmethods__);
  if (methods.failed()) return {};
  RefTo<List> sorted = to_list(t, methods);
  if (sorted.failed() || list_sort_py(t, sorted.get(), None, false).failed()) return {};
  size_t n = list_size(sorted.get());
  RefTo<Str> separator = str_from_ascii(t, "', '");
  if (separator.failed()) return {};
  RefTo<Tuple> items = list_to_tuple(t, sorted.get());
  if (items.failed()) return {};
  RootedVector words(t);
  for (u64 i = 0; i < items->size; i++) words.push_copy(items->items[i].peek());
  RefTo<Str> joined = str_join(t, separator.get(), words.data(), words.size());
  if (joined.failed()) return {};
  return raise(t, exc::TypeError,
               "Can't instantiate abstract class %N without an implementation for abstract method%s '%U'", cls,
               n == 1 ? "" : "s", joined.get());
}

// --- slots
Ref object_repr_slot(Thread& t, Value self) {
  Type* type = type_of(self);
  Ref module = get_attribute_or_empty(t, type, names::__module__);
  if (module.failed()) return module;
  Ref qualname = type->qualname.load();
  if (!is_str(module) || module.as<Str>()->equals_ascii("builtins"))
    return str_format(t, "<%N object at 0x%x>", type, object_id(t, self));
  return str_format(t, "<%U.%U object at 0x%x>", module.as<Str>(), qualname.as<Str>(), object_id(t, self));
}
Ref object_str_slot(Thread& t, Value self) {
  UnaryFn repr = type_of(self)->slots.repr;
  return repr != nullptr ? repr(t, self) : object_repr_slot(t, self);
}

// --- __class__
Ref get_class(Thread&, Value self) { return Ref::copy(type_of(self)); }

bool same_member_names(const Type* a, const Type* b) {
  if (a->member_slots != b->member_slots) return false;
  if (a->member_slots == 0) return true;
  while (a->slot_names.is_empty()) a = a->base.as<Type>();
  while (b->slot_names.is_empty()) b = b->base.as<Type>();
  if (a == b) return true;
  if (!a->base.peek().same_word(b->base.peek())) return false;
  auto* x = a->slot_names.as<Tuple>();
  auto* y = b->slot_names.as<Tuple>();
  if (x->size != y->size) return false;
  for (u64 i = 0; i < x->size; i++)
    if (!x->items[i].peek().same_word(y->items[i].peek())) return false;
  return true;
}

Status set_class(Thread& t, Value self, Value value) {
  if (value.is_empty()) return raise(t, exc::TypeError, "can't delete __class__ attribute");
  if (!is_type(value)) return raise(t, exc::TypeError, "__class__ must be set to a class, not '%T' object", value);
  auto* to = value.as<Type>();
  Type* from = type_of(self);
  bool modules = is_subtype(from, types::module) && is_subtype(to, types::module);
  if (!modules && ((from->flags | to->flags) & type_flag::kImmutable))
    return raise(t, exc::TypeError, "__class__ assignment only supported for mutable types or ModuleType subclasses");
  if (from == to) return ok();
  constexpr u32 kStorage = type_flag::kHasDict | type_flag::kHasWeakref;
  if (from->layout != to->layout || (from->flags & kStorage) != (to->flags & kStorage) || !same_member_names(from, to))
    return raise(t, exc::TypeError, "__class__ assignment: '%N' object layout differs from '%N'", to, from);
  // Inline slots may differ in number: the attributes move to a dictionary, whose storage is the same for both classes.
  Object* object = self.object();
  if (from->flags & type_flag::kHasDict) {
    Ref dict = TRY(instance_dict(t, object));
    __atomic_store_n(&object->shape, dictionary_shape(t, to)->id, __ATOMIC_RELEASE);
  } else {
    __atomic_store_n(&object->shape, to->root_shape, __ATOMIC_RELEASE);
  }
  return ok();
}

// --- pickling
// The instance attributes as a new dict, without changing how the object stores them; EMPTY when it has none.
Ref attribute_snapshot(Thread& t, Value self) {
  if (!self.is_object() || !has_instance_dict(self.object())) return Ref();
  Object* object = self.object();
  const Shape* shape = shape_of(object);
  if (shape->flags & shape_flag::kDictMode) {
    Ref dict = TRY(instance_dict(t, object));
    return dict_copy(t, dict.as<Dict>());
  }
  Str* keys[kMaxSlots];
  u32 n = shape->slot_count;
  for (const Shape* s = shape; s->key != nullptr; s = shape_at(s->parent)) keys[s->slot_count - 1] = s->key;
  RefTo<Dict> dict = TRY(dict_new(t, n));
  bool exclusive = object->is_local() || !g_multi_threaded;  // nobody changes the shape meanwhile
  for (u32 i = 0; i < n; i++) {
    Field* field = exclusive ? slot_field(object, shape, i) : nullptr;
    Ref value = field != nullptr ? field->load() : get_own_attribute(t, object, keys[i]);
    if (value.failed()) return value;
    if (!value.is_empty()) TRY(dict_set_str(t, dict.get(), keys[i], value));
  }
  return dict;
}

Ref copyreg_attribute(Thread& t, Str* name) {
  static Str* const copyreg = str_immortal(t, "copyreg");
  Ref module = dict_get_str(t, sys_modules(t), copyreg);
  if (!module.is_empty()) {
    Ref found = TRY(get_attribute_or_empty(t, module, name));
    if (!found.is_empty()) return found;  // otherwise another thread may be importing it
  }
  module = TRY(import_module(t, "copyreg"));
  return get_attribute(t, module, name);
}

Ref slot_names_for_pickling(Thread& t, Type* cls) {
  static Str* const key = str_immortal(t, "__slotnames__");
  Ref cached = dict_get_str(t, cls->dict.as<Dict>(), key);
  if (!cached.is_empty()) return cached;
  Ref function = TRY(copyreg_attribute(t, str_immortal(t, "_slotnames")));
  return call_with(t, function, Value(cls));
}

Ref default_state(Thread& t, Value self, bool required) {
  Type* type = type_of(self);
  if (required && self.is_object() && is_memoryview(self)) return raise(t, exc::TypeError, "cannot pickle memoryview objects");
  if (required && is_native_instance(self, types::mappingproxy)) return raise(t, exc::TypeError, "cannot pickle 'mappingproxy' object");
  if (required && type->layout->item_size != 0) return raise(t, exc::TypeError, "cannot pickle '%N' object", type);
  if (is_type(self)) {
    if (!(self.as<Type>()->flags & type_flag::kHeapType)) return Ref::none();
    return dict_copy(t, self.as<Type>()->dict.as<Dict>());
  }
  Ref state;
  if (self.is_object()) {
    state = TRY(attribute_snapshot(t, self));
    if (state.is_empty()) {
      state = get_attribute_or_empty(t, self, names::__dict__);
      if (state.failed()) return state;
    }
  }
  if (state.is_empty() || (is_dict(state) && dict_size(state.as<Dict>()) == 0)) state = Ref::none();
  Ref slot_names = Ref::none();
  if (type->flags & type_flag::kHeapType) slot_names = TRY(slot_names_for_pickling(t, type));
  if (required) {
    // Native state beyond what attributes and members show cannot be rebuilt.
    bool callable = is_native_instance(self, types::classmethod) || is_native_instance(self, types::staticmethod);
    if (callable || type->layout->basic_size > sizeof(Object) + 8)
      return raise(t, exc::TypeError, "cannot pickle '%N' object", type);
  }
  if (slot_names.get().is_none() || !is_list(slot_names) || list_size(slot_names.as<List>()) == 0) return state;
  RefTo<Dict> slots = TRY(dict_new(t));
  for (size_t i = 0; i < list_size(slot_names.as<List>()); i++) {
    Ref name = list_get(t, slot_names.as<List>(), i);
    if (name.is_empty() || !is_str(name)) continue;
    Ref value = get_attribute_or_empty(t, self, name.as<Str>());
    if (value.failed()) return value;
    if (!value.is_empty()) TRY(dict_set_py(t, slots.get(), name, value));
  }
  if (dict_size(slots.get()) == 0) return state;
  return tuple_of(t, state, slots);
}

Ref object_getstate(Thread& t, Value self, const Value*) { return default_state(t, self, false); }

Ref state_of(Thread& t, Value self, bool required) {
  Value found = type_lookup(type_of(self), names::__getstate__);
  if (is_exact(found, kShape_method_descriptor) && found.as<NativeDescriptor>()->method->bound == object_getstate)
    return default_state(t, self, required);
  return call_method(t, self, names::__getstate__, nullptr, 0);
}

// The arguments for __new__: *args stays EMPTY when the class says nothing.
Status new_arguments(Thread& t, Value self, Ref* args, Ref* keywords) {
  Ref extended = TRY(lookup_special(t, self, names::__getnewargs_ex__));
  if (!extended.is_empty()) {
    Ref pair = TRY(call(t, extended));
    if (!is_tuple(pair))
      return raise(t, exc::TypeError, "__getnewargs_ex__ should return a tuple, not '%T'", pair.get());
    auto* tuple = pair.as<Tuple>();
    if (tuple->size != 2)
      return raise(t, exc::ValueError, "__getnewargs_ex__ should return a tuple of length 2, not %zd",
                   i64(tuple->size));
    *args = tuple->items[0].load();
    *keywords = tuple->items[1].load();
    if (!is_tuple(*args))
      return raise(t, exc::TypeError, "first item of the tuple returned by __getnewargs_ex__ must be a tuple, not '%T'",
                   args->get());
    if (!is_dict(*keywords))
      return raise(t, exc::TypeError, "second item of the tuple returned by __getnewargs_ex__ must be a dict, not '%T'",
                   keywords->get());
    return ok();
  }
  Ref simple = TRY(lookup_special(t, self, names::__getnewargs__));
  if (simple.is_empty()) return ok();
  *args = TRY(call(t, simple));
  if (!is_tuple(*args)) return raise(t, exc::TypeError, "__getnewargs__ should return a tuple, not '%T'", args->get());
  return ok();
}

Ref reduce_new_object(Thread& t, Value self) {
  Type* cls = type_of(self);
  if (cls->slots.new_ == nullptr) return raise(t, exc::TypeError, "cannot pickle '%N' object", cls);
  Ref args, keywords;
  TRY(new_arguments(t, self, &args, &keywords));
  bool has_args = !args.is_empty();
  Ref function, new_args;
  if (keywords.is_empty() || dict_size(keywords.as<Dict>()) == 0) {
    static Str* const name = str_immortal(t, "__newobj__");
    function = TRY(copyreg_attribute(t, name));
    if (has_args) {
      RootedVector words(t);
      words.push_copy(cls);
      for (u64 i = 0; i < args.as<Tuple>()->size; i++) words.push_copy(args.as<Tuple>()->items[i].peek());
      new_args = TRY(tuple_from(t, words.data(), words.size()));
    } else {
      new_args = TRY(tuple_of(t, Value(cls)));
    }
  } else {
    function = TRY(copyreg_attribute(t, str_immortal(t, "__newobj_ex__")));
    new_args = TRY(tuple_of(t, Value(cls), args, keywords));
  }
  Ref state = TRY(state_of(t, self, !has_args && !is_list(self) && !is_dict(self)));
  Ref list_items = Ref::none(), dict_items = Ref::none();
  if (is_list(self)) list_items = TRY(get_iter(t, self));
  if (is_dict(self)) {
    Ref items = TRY(call_method(t, self, names::items, nullptr, 0));
    dict_items = TRY(get_iter(t, items));
  }
  return tuple_of(t, function, new_args, state, list_items, dict_items);
}

Ref common_reduce(Thread& t, Value self, i64 protocol) {
  if (protocol >= 2) return reduce_new_object(t, self);
  Ref function = TRY(copyreg_attribute(t, str_immortal(t, "_reduce_ex")));
  return call_with(t, function, self, Value::small_int(protocol));
}

Ref object_reduce(Thread& t, Value self, const Value*) { return common_reduce(t, self, 0); }

Ref object_reduce_ex(Thread& t, Value self, const Value* a) {
  i64 protocol = TRY(to_i64(t, a[0]));
  Value found = type_lookup(type_of(self), names::__reduce__);
  bool overridden =
      !(is_exact(found, kShape_method_descriptor) && found.as<NativeDescriptor>()->method->bound == object_reduce);
  if (overridden && !found.is_empty()) return call_method(t, self, names::__reduce__, nullptr, 0);
  return common_reduce(t, self, protocol);
}

// --- other methods
Ref object_format_method(Thread& t, Value self, const Value* a) {
  if (!is_str(a[0])) return raise(t, exc::TypeError, "__format__() argument must be str, not %Q", a[0]);
  if (a[0].as<Str>()->length() > 0)
    return raise(t, exc::TypeError, "unsupported format string passed to %T.__format__", self);
  return object_str(t, self);
}

Ref object_sizeof(Thread&, Value self, const Value*) {
  if (!self.is_object()) return Ref::adopt(Value::small_int(8));
  return Ref::adopt(Value::small_int(i64(heap::block_size(self.object()))));
}

Ref object_dir_method(Thread& t, Value self, const Value*) {
  Ref dict = get_attribute_or_empty(t, self, names::__dict__);
  if (dict.failed()) return dict;
  RefTo<Dict> all = TRY(dict_new(t));
  Ref cls = get_attribute_or_empty(t, self, names::__class__);
  if (cls.failed()) return cls;
  if (!cls.is_empty() && is_type(cls)) {
    Ref inherited = TRY(type_attributes_dir(t, cls));
    for (size_t i = 0; i < list_size(inherited.as<List>()); i++) {
      Ref key = list_get(t, inherited.as<List>(), i);
      TRY(dict_set_py(t, all.get(), key, None));
    }
  }
  if (!dict.is_empty() && is_dict(dict)) TRY(dict_update_py(t, all.get(), dict));
  return dict_keys_list(t, all.get());
}

Ref nothing(Thread&, Value, const Value*) { return Ref::none(); }
Ref object_subclasshook(Thread&, Value, Args) { return Ref::not_implemented(); }

constexpr GetSet kGetSets[] = {{"__class__", get_class, set_class, "the object's class"}, {}};

constexpr Method kMethods[] = {
    method("__reduce_ex__", object_reduce_ex, "($self, protocol, /)", "Helper for pickle."),
    method("__reduce__", object_reduce, "($self, /)", "Helper for pickle."),
    method("__getstate__", object_getstate, "($self, /)", "Helper for pickle."),
    method("__format__", object_format_method, "($self, format_spec, /)",
           "Default object formatter.\n\nReturn str(self) if format_spec is empty. Raise TypeError otherwise."),
    method("__sizeof__", object_sizeof, "($self, /)", "Size of object in memory, in bytes."),
    method("__dir__", object_dir_method, "($self, /)", "Default dir() implementation."),
    class_method("__init_subclass__", nothing, "($type, /)", "This method is called when a class is subclassed."),
    {"__subclasshook__", nullptr, object_subclasshook, "($type, object, /)",
     "Abstract classes can override this to customize issubclass().", MethodKind::kClass},
    {},
};

}  // namespace

Ref object_new(Thread& t, Type* cls, Args args) {
  if (args.count != 0 || args.keyword_count != 0) {
    if (cls->slots.new_ != object_new)
      return raise(t, exc::TypeError, "object.__new__() takes exactly one argument (the type to instantiate)");
    if (cls->slots.init == object_init) return raise(t, exc::TypeError, "%N() takes no arguments", cls);
  }
  if (cls->flags & type_flag::kAbstract) [[unlikely]]
    return abstract_instantiation(t, cls);
  return allocate_instance(t, cls);
}

Status object_init(Thread& t, Value self, Args args) {
  if (args.count == 0 && args.keyword_count == 0) return ok();
  Type* type = type_of(self);
  if (type->slots.init != object_init)
    return raise(t, exc::TypeError, "object.__init__() takes exactly one argument (the instance to initialize)");
  if (type->slots.new_ == object_new)
    return raise(t, exc::TypeError, "%N.__init__() takes exactly one argument (the instance to initialize)", type);
  return ok();
}

Ref object_compare(Thread& t, Value a, Value b, CompareOp op) {
  if (op == CompareOp::kEq) return is_same(a, b) ? Ref::boolean(true) : Ref::not_implemented();
  if (op != CompareOp::kNe) return Ref::not_implemented();
  // != is the inverse of == unless the class says otherwise.
  CompareFn compare = type_of(a)->slots.compare;
  Ref equal = TRY(compare(t, a, b, CompareOp::kEq));
  if (equal.get().bits == NotImplemented.bits) return equal;
  return Ref::boolean(!TRY(truth(t, equal)));
}

Result<i64> object_hash_identity(Thread& t, Value self) {
  u64 id = object_id(t, self);
  return i64((id >> 4) | (id << 60));
}

const TypeSpec spec_object = {
    .name = "object",
    .doc =
        "The base class of the class hierarchy.\n\nWhen called, it accepts no arguments and returns a new featureless\n"
        "instance that has no instance attributes and cannot be given any.\n",
    .layout = {"object", sizeof(Object), 0, nullptr, nullptr, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kUntracked,
    .slots = {.repr = object_repr_slot,
              .str = object_str_slot,
              .hash = object_hash_identity,
              .getattribute = generic_get_attribute,
              .setattribute = generic_set_attribute,
              .compare = object_compare,
              .new_ = object_new,
              .init = object_init},
    .methods = kMethods,
    .getsets = kGetSets,
    .text_signature = "()",
};

}  // namespace typhon
