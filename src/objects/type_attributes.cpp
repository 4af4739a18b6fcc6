// The class `type`: calling classes, their attributes and methods, changing __bases__.
#include "objects/codecs.h"
#include "objects/protocol/protocol.h"
#include "objects/type_internal.h"

namespace typhon {

extern const Layout kTypeLayout;
// protocol/object.cpp
Result<bool> type_instance_check(Thread& t, Value v, Value c);
Result<bool> type_subclass_check(Thread& t, Value derived, Value c);

// Set by modules/_typing: makes `int | str`. NotImplemented until then.
Ref (*g_union_hook)(Thread& t, Value a, Value b) = nullptr;

namespace {

Type* self_of(Value v) { return v.as<Type>(); }
Dict* dict_of(Value v) { return self_of(v)->dict.as<Dict>(); }

Status check_mutable(Thread& t, Type* type, Value value, const char* name) {
  if (type->flags & type_flag::kImmutable)
    return raise(t, exc::TypeError, "cannot set '%s' attribute of immutable type '%N'", name, type);
  if (value.is_empty())
    return raise(t, exc::TypeError, "cannot delete '%s' attribute of immutable type '%N'", name, type);
  return ok();
}

// An entry of the class's own namespace, bound as CPython binds it here: EMPTY when absent.
Ref own_entry(Thread& t, Value self, Str* name) {
  Ref value = dict_get_str(t, dict_of(self), name);
  if (value.is_empty()) return value;
  DescriptorGetFn get = type_of(value)->slots.descriptor_get;
  return get != nullptr ? get(t, value, EMPTY, self) : std::move(value);
}

Status store_own(Thread& t, Value self, Str* name, Value value) {
  TRY(replace_class_entry(t, self_of(self), name, value));
  return ok();
}

Ref get_name(Thread&, Value self) { return self_of(self)->name.load(); }
Status set_name(Thread& t, Value self, Value value) {
  TRY(check_mutable(t, self_of(self), value, "__name__"));
  if (!is_str(value))
    return raise(t, exc::TypeError, "can only assign string to %N.__name__, not '%T'", self_of(self), value);
  auto* name = value.as<Str>();
  for (size_t i = 0; i < name->length(); i++)
    if (name->at(i) == 0) return raise(t, exc::ValueError, "type name must not contain null characters");
  TRY(encode_utf8(t, name));  // no lone surrogates
  self_of(self)->name.store(self.object(), value);
  return ok();
}

Ref get_qualname(Thread&, Value self) { return self_of(self)->qualname.load(); }
Status set_qualname(Thread& t, Value self, Value value) {
  TRY(check_mutable(t, self_of(self), value, "__qualname__"));
  if (!is_str(value))
    return raise(t, exc::TypeError, "can only assign string to %N.__qualname__, not '%T'", self_of(self), value);
  self_of(self)->qualname.store(self.object(), value);
  return ok();
}

Ref get_module(Thread& t, Value self) {
  Ref module = dict_get_str(t, dict_of(self), names::__module__);
  // The namespace of a native type may hold the __module__ of its instances (functions).
  if (self_of(self)->spec != nullptr && !is_str(module)) {
    module = self_of(self)->module.load();
    return is_str(module) ? std::move(module) : Ref::copy(Value(names::builtins));
  }
  if (module.is_empty()) return raise(t, exc::AttributeError, "__module__");
  return module;
}
Status set_module(Thread& t, Value self, Value value) {
  TRY(check_mutable(t, self_of(self), value, "__module__"));
  // The line was one of the module that made the class.
  (void)TRY(dict_delete_str(t, self_of(self)->dict.as<Dict>(), str_immortal(t, "__firstlineno__")));
  return store_own(t, self, names::__module__, value);
}

Ref get_bases(Thread&, Value self) { return self_of(self)->bases.load(); }
Ref get_base(Thread&, Value self) {
  Ref base = self_of(self)->base.load();
  return base.is_empty() ? Ref::none() : std::move(base);
}
Ref get_mro(Thread&, Value self) {
  Ref mro = self_of(self)->mro.load();
  return mro.is_empty() || mro.as<Tuple>()->size == 0 ? Ref::none() : std::move(mro);
}
Ref get_dict(Thread& t, Value self) {
  Ref dict = self_of(self)->dict.load();
  return mappingproxy_new(t, dict);
}

Ref get_doc(Thread& t, Value self) {
  if (const TypeSpec* spec = self_of(self)->spec) {
    Ref own = dict_get_str(t, dict_of(self), names::__doc__);
    if (is_str(own)) return own;
    return spec->doc != nullptr ? Ref(str_from_utf8(t, spec->doc)) : Ref::none();
  }
  Ref doc = own_entry(t, self, names::__doc__);
  return doc.is_empty() ? Ref::none() : std::move(doc);
}
Status set_doc(Thread& t, Value self, Value value) {
  TRY(check_mutable(t, self_of(self), value, "__doc__"));
  return store_own(t, self, names::__doc__, value);
}

Ref get_text_signature(Thread& t, Value self) {
  const TypeSpec* spec = self_of(self)->spec;
  if (spec == nullptr || spec->text_signature == nullptr) return Ref::none();
  return str_from_utf8(t, spec->text_signature);
}

Ref get_abstract_methods(Thread& t, Value self) {
  Ref value = self.same_word(types::type) ? Ref() : dict_get_str(t, dict_of(self), names::__abstractmethods__);
  if (value.is_empty()) return raise_attribute_error(t, self, names::__abstractmethods__);
  return value;
}
Status set_abstract_methods(Thread& t, Value self, Value value) {
  bool abstract = false;
  if (value.is_empty()) {
    if (!TRY(replace_class_entry(t, self_of(self), names::__abstractmethods__, EMPTY)))
      return raise_attribute_error(t, self, names::__abstractmethods__);
  } else {
    abstract = TRY(truth(t, value));
    TRY(store_own(t, self, names::__abstractmethods__, value));
  }
  u32 flags = self_of(self)->flags;
  self_of(self)->flags = abstract ? flags | type_flag::kAbstract : flags & ~type_flag::kAbstract;
  return ok();
}

// --- annotations (PEP 649)
bool is_heap(Value self) { return !(self_of(self)->flags & type_flag::kImmutable); }

Ref get_annotate(Thread& t, Value self) {
  if (!is_heap(self)) return raise_attribute_error(t, self, names::__annotate__);
  Ref annotate = own_entry(t, self, names::__annotate__);  // the class body's own, if any
  if (annotate.is_empty()) annotate = own_entry(t, self, names::__annotate_func__);
  if (annotate.failed() || !annotate.is_empty()) return annotate;
  TRY(store_own(t, self, names::__annotate_func__, None));
  return Ref::none();
}

Status drop_own(Thread& t, Value self, Str* name) {
  TRY(replace_class_entry(t, self_of(self), name, EMPTY));
  return ok();
}

Status set_annotate(Thread& t, Value self, Value value) {
  if (value.is_empty()) return raise(t, exc::TypeError, "cannot delete __annotate__ attribute");
  TRY(check_mutable(t, self_of(self), value, "__annotate__"));
  if (!value.is_none() && !is_callable(value)) return raise(t, exc::TypeError, "__annotate__ must be callable or None");
  TRY(store_own(t, self, names::__annotate_func__, value));
  if (!value.is_none()) TRY(drop_own(t, self, names::__annotations_cache__));
  return ok();
}

Ref get_annotations(Thread& t, Value self) {
  if (!is_heap(self)) return raise_attribute_error(t, self, names::__annotations__);
  Ref found = own_entry(t, self, names::__annotations__);
  if (found.is_empty()) found = own_entry(t, self, names::__annotations_cache__);
  if (found.failed() || !found.is_empty()) return found;
  Ref annotate = TRY(get_annotate(t, self));
  Ref made;
  if (is_callable(annotate)) {
    made = TRY(call_with(t, annotate, Value::small_int(1)));
    if (!is_dict(made)) return raise(t, exc::TypeError, "__annotate__ returned non-dict of type '%T'", made.get());
  } else {
    made = TRY(dict_new(t));
  }
  TRY(store_own(t, self, names::__annotations_cache__, made));
  return made;
}

Status set_annotations(Thread& t, Value self, Value value) {
  if (!is_heap(self))
    return raise(t, exc::TypeError, "cannot set '__annotations__' attribute of immutable type '%N'", self_of(self));
  Str* where = dict_peek_str(dict_of(self), names::__annotations__).is_empty() ? names::__annotations_cache__
                                                                               : names::__annotations__;
  if (value.is_empty()) {
    if (dict_peek_str(dict_of(self), where).is_empty()) return raise_attribute_error(t, self, names::__annotations__);
    TRY(drop_own(t, self, where));
  } else {
    TRY(store_own(t, self, where, value));
  }
  TRY(drop_own(t, self, names::__annotate_func__));
  return drop_own(t, self, names::__annotate__);
}

Ref get_type_params(Thread& t, Value self) {
  if (self.same_word(types::type)) return Ref::copy(empty_tuple());
  Ref params = dict_get_str(t, dict_of(self), names::__type_params__);
  return params.is_empty() ? Ref::copy(empty_tuple()) : std::move(params);
}
Status set_type_params(Thread& t, Value self, Value value) {
  TRY(check_mutable(t, self_of(self), value, "__type_params__"));
  return store_own(t, self, names::__type_params__, value);
}

// Bits as CPython's Py_TPFLAGS_*; the standard library tests a few.
Ref get_flags(Thread&, Value self) {
  Type* type = self_of(self);
  u64 bits = (u64(1) << 12) | (u64(1) << 14);
  auto add = [&](u32 flag, int bit) { bits |= type->flags & flag ? u64(1) << bit : 0; };
  add(type_flag::kHeapType, 9);
  add(type_flag::kBaseType, 10);
  add(type_flag::kImmutable, 8);
  add(type_flag::kAbstract, 20);
  add(type_flag::kDisallowInstantiation, 7);
  add(type_flag::kSequence, 5);
  add(type_flag::kMapping, 6);
  add(type_flag::kMethodDescriptor, 17);
  add(type_flag::kHasWeakref, 3);
  add(type_flag::kHasDict, 4);
  add(type_flag::kMatchSelf, 22);
  const struct {
    Type* base;
    int bit;
  } kinds[] = {
      {types::int_, 24}, {types::list, 25}, {types::tuple, 26},         {types::bytes, 27},
      {types::str, 28},  {types::dict, 29}, {types::BaseException, 30}, {types::type, 31},
  };
  for (const auto& kind : kinds)
    if (is_subtype(type, kind.base)) bits |= u64(1) << kind.bit;
  return Ref::adopt(Value::small_int(i64(bits)));
}
Ref get_basicsize(Thread&, Value self) { return Ref::adopt(Value::small_int(self_of(self)->instance_size)); }
Ref get_itemsize(Thread&, Value self) { return Ref::adopt(Value::small_int(self_of(self)->layout->item_size)); }
Ref get_dictoffset(Thread&, Value self) {
  return Ref::adopt(Value::small_int(self_of(self)->flags & type_flag::kHasDict ? -1 : 0));
}
Ref get_weakrefoffset(Thread&, Value self) {
  return Ref::adopt(Value::small_int(self_of(self)->flags & type_flag::kHasWeakref ? 16 : 0));
}

Status set_bases(Thread& t, Value self, Value value) {
  TRY(check_mutable(t, self_of(self), value, "__bases__"));
  return type_assign_bases(t, self_of(self), value);
}

// --- methods
Ref method_mro(Thread& t, Value self, const Value*) {
  RefTo<Tuple> mro = TRY(linearise(t, self_of(self)));
  return to_list(t, mro);
}
Ref method_subclasses(Thread& t, Value self, const Value*) { return live_subclasses(t, self_of(self)); }
Ref method_prepare(Thread& t, Value, Args) { return dict_new(t); }
Ref method_instancecheck(Thread& t, Value self, const Value* a) {
  return Ref::boolean(TRY(type_instance_check(t, a[0], self)));
}
Ref method_subclasscheck(Thread& t, Value self, const Value* a) {
  return Ref::boolean(TRY(type_subclass_check(t, a[0], self)));
}
Ref method_dir(Thread& t, Value self, const Value*) { return type_attributes_dir(t, self); }
Ref method_sizeof(Thread&, Value, const Value*) { return Ref::adopt(Value::small_int(sizeof(Type))); }

// --- slots
Ref repr(Thread& t, Value self) {
  Ref module = get_module(t, self);
  if (module.failed()) clear_exception(t);
  Ref qualname = self_of(self)->qualname.load();
  if (!is_str(module) || module.as<Str>()->equals_ascii("builtins"))
    return str_format(t, "<class '%U'>", qualname.as<Str>());
  return str_format(t, "<class '%U.%U'>", module.as<Str>(), qualname.as<Str>());
}

Ref type_or(Thread& t, Value a, Value b) {
  auto fits = [](Value v) {
    return v.is_none() || is_type(v) || strcmp(type_name(v), "types.GenericAlias") == 0 ||
           strcmp(type_name(v), "typing.Union") == 0 || strcmp(type_name(v), "typing.TypeAliasType") == 0;
  };
  if (g_union_hook == nullptr || !fits(a) || !fits(b)) return Ref::not_implemented();
  return g_union_hook(t, a, b);
}

constexpr GetSet kTypeGetSets[] = {
    {"__name__", get_name, set_name},
    {"__qualname__", get_qualname, set_qualname},
    {"__bases__", get_bases, set_bases},
    {"__base__", get_base},
    {"__mro__", get_mro},
    {"__module__", get_module, set_module},
    {"__abstractmethods__", get_abstract_methods, set_abstract_methods},
    {"__dict__", get_dict},
    {"__doc__", get_doc, set_doc},
    {"__text_signature__", get_text_signature},
    {"__annotations__", get_annotations, set_annotations},
    {"__annotate__", get_annotate, set_annotate},
    {"__type_params__", get_type_params, set_type_params},
    {"__flags__", get_flags},
    {"__basicsize__", get_basicsize},
    {"__itemsize__", get_itemsize},
    {"__dictoffset__", get_dictoffset},
    {"__weakrefoffset__", get_weakrefoffset},
    {},
};

constexpr Method kTypeMethods[] = {
    method("mro", method_mro, "($self, /)", "Return a type's method resolution order."),
    method("__subclasses__", method_subclasses, "($self, /)", "Return a list of immediate subclasses."),
    {"__prepare__", nullptr, method_prepare, nullptr, "Create the namespace for the class statement",
     MethodKind::kClass},
    method("__instancecheck__", method_instancecheck, "($self, instance, /)", "Check if an object is an instance."),
    method("__subclasscheck__", method_subclasscheck, "($self, subclass, /)", "Check if a class is a subclass."),
    method("__dir__", method_dir, "($self, /)", "Specialized __dir__ implementation for types."),
    method("__sizeof__", method_sizeof, "($self, /)", "Return memory consumption of the type object."),
    {},
};

}  // namespace

Ref type_attributes_dir(Thread& t, Value type) {
  RefTo<Dict> all = TRY(dict_new(t));
  auto* mro = self_of(type)->mro.as<Tuple>();
  Ref keep = Ref::copy(mro);
  for (u64 i = mro->size; i-- > 0;) {
    Ref dict = mro->items[i].as<Type>()->dict.load();
    TRY(dict_update_py(t, all.get(), dict));
  }
  return dict_keys_list(t, all.get());
}

namespace {

// Recomputes mros of a class and all below it after a change of bases, remembering the old ones.
Status update_mros(Thread& t, Type* type, List* undo) {
  Ref old = type->mro.load();
  RefTo<Tuple> entry = TRY(tuple_of(t, Value(type), old));
  TRY(list_append(t, undo, entry));
  TRY(compute_mro(t, type));
  RefTo<List> subclasses = TRY(live_subclasses(t, type));
  for (size_t i = 0; i < list_size(subclasses.get()); i++) {
    Ref subclass = list_get(t, subclasses.get(), i);
    if (!subclass.is_empty()) TRY(update_mros(t, subclass.as<Type>(), undo));
  }
  return ok();
}

void update_slots_below(Thread& t, Type* type) {
  update_all_slots(t, type, true);
  RefTo<List> subclasses = live_subclasses(t, type);
  if (subclasses.failed()) return clear_exception(t);
  for (size_t i = 0; i < list_size(subclasses.get()); i++) {
    Ref subclass = list_get(t, subclasses.get(), i);
    if (!subclass.is_empty()) update_slots_below(t, subclass.as<Type>());
  }
}

}  // namespace

Status type_assign_bases(Thread& t, Type* type, Value value) {
  if (!is_tuple(value)) return raise(t, exc::TypeError, "can only assign tuple to %N.__bases__, not %T", type, value);
  auto* bases = value.as<Tuple>();
  if (bases->size == 0)
    return raise(t, exc::TypeError, "can only assign non-empty tuple to %N.__bases__, not ()", type);
  for (u64 i = 0; i < bases->size; i++) {
    Value base = bases->items[i].peek();
    if (!is_type(base)) return raise(t, exc::TypeError, "%N.__bases__ must be tuple of classes, not '%T'", type, base);
    // Through the chain of bases as well: the mro is not up to date while some mro() runs.
    bool cycle = is_subtype(base.as<Type>(), type);
    for (const Type* b = base.as<Type>(); b != nullptr && !cycle; b = b->base.as<Type>()) cycle = b == type;
    if (cycle)
      return raise(t, exc::TypeError, "a __bases__ item causes an inheritance cycle");
  }
  Type* base = TRY(best_base(t, bases));
  auto* old_base = type->base.as<Type>();
  constexpr u32 kStorage = type_flag::kHasDict;
  if (base->layout != old_base->layout || base->member_slots != old_base->member_slots ||
      ((base->flags & kStorage) && !(type->flags & kStorage)))
    return raise(t, exc::TypeError, "__bases__ assignment: '%N' object layout differs from '%N'", base, old_base);
  Ref old_bases = type->bases.load();
  Ref old_base_keep = type->base.load();
  RefTo<List> undo = TRY(list_new(t));
  type->bases.store(type, value);
  type->base.store(type, Value(base));
  if (update_mros(t, type, undo.get()).failed()) {
    for (size_t i = 0; i < list_size(undo.get()); i++) {
      Ref entry = list_get(t, undo.get(), i);
      auto* changed = entry.as<Tuple>()->items[0].as<Type>();
      changed->mro.store(changed, entry.as<Tuple>()->items[1].peek());
    }
    if (type->bases.peek().same_word(value)) {
      type->bases.store(type, old_bases);
      type->base.store(type, old_base_keep);
    }
    return Raised{};
  }
  if (!type->bases.peek().same_word(value)) return ok();  // some mro() has assigned others
  auto* before = old_bases.as<Tuple>();
  for (u64 i = 0; i < before->size; i++) remove_subclass(t, before->items[i].as<Type>(), type);
  for (u64 i = 0; i < bases->size; i++) TRY(add_subclass(t, bases->items[i].as<Type>(), type));
  update_slots_below(t, type);
  type_modified(t, type);
  return ok();
}

Ref type_call(Thread& t, Value type, Args args) {
  Type* cls = self_of(type);
  if (cls == types::type) [[unlikely]] {
    if (args.count == 1 && args.keyword_count == 0) return Ref::copy(type_of(args[0]));
    if (args.count != 3) return raise(t, exc::TypeError, "type() takes 1 or 3 arguments");
  }
  if (cls->slots.new_ == nullptr)
    return raise(t, exc::TypeError, "cannot create '%s' instances",
                 cls->spec != nullptr ? cls->spec->name : cls->name_utf8());
  Ref object = TRY(cls->slots.new_(t, cls, args));
  Type* made = type_of(object);
  if (made != cls && !is_subtype(made, cls)) return object;
  if (InitFn init = made->slots.init) {
    // object.__init__ looks at arguments only where __new__ is object's as well.
    if (init == object_init && (made->slots.new_ != object_new || (args.count == 0 && args.keyword_count == 0)))
      return object;
    TRY(init(t, object, args));
  }
  return object;
}

const TypeSpec spec_type = {
    .name = "type",
    .doc = "type(object) -> the object's type\ntype(name, bases, dict, **kwds) -> a new type",
    .layout = {"type", sizeof(Type), 0, kTypeLayout.visit, nullptr, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kHasWeakref,
    .slots = {.repr = repr,
              .call = type_call,
              .getattribute = type_get_attribute,
              .setattribute = type_set_attribute,
              .new_ = type_new_slot,
              .init = type_init,
              .or_ = type_or},
    .methods = kTypeMethods,
    .getsets = kTypeGetSets,
};

}  // namespace typhon
