// collections.defaultdict: a dict with a factory for missing values.
#include "modules/_collections/collections.h"

namespace typhon {

Type* g_default_dict_type;

namespace {

struct DefaultDict : Dict {
  Field default_factory;  // callable, None or EMPTY
};

bool is_default_dict(Value v) { return v.is_object() && is_native_instance(v, g_default_dict_type); }
Ref factory_of(Value self) {
  Ref factory = self.as<DefaultDict>()->default_factory.load();
  return factory.is_empty() ? Ref::none() : std::move(factory);
}

void visit(Object* self, Visitor& visitor) {
  types::dict->layout->visit(self, visitor);
  visitor.field(static_cast<DefaultDict*>(self)->default_factory);
}
void release(Thread& t, Object* self) { types::dict->layout->release(t, self); }

Status init(Thread& t, Value self, Args args) {
  auto* d = self.as<DefaultDict>();
  if (args.count == 0) {
    d->default_factory.clear(d);
    return types::dict->slots.init(t, self, args);
  }
  if (!args[0].is_none() && !is_callable(args[0]))
    return raise(t, exc::TypeError, "first argument must be callable or None");
  d->default_factory.store(d, args[0]);
  return types::dict->slots.init(t, self, args.without_first());
}

Ref m_missing(Thread& t, Value self, const Value* a) {
  Ref factory = factory_of(self);
  if (factory.get().is_none()) return raise_key_error(t, a[0]);
  Ref value = TRY(call(t, factory));
  // Whoever misses the same key meanwhile (another thread, or the factory itself) gets the same value.
  if (stores_like_dict(type_of(self))) return dict_setdefault_py(t, self.as<DefaultDict>(), a[0], value);
  TRY(set_item(t, self, a[0], value));
  return value;
}

Ref copy_of(Thread& t, Value like, Value source) {
  Ref factory = factory_of(like), type = Ref::copy(Value(type_of(like)));
  return call_with(t, type, factory, source);
}
Ref m_copy(Thread& t, Value self, const Value*) { return copy_of(t, self, self); }

Ref m_reduce(Thread& t, Value self, const Value*) {
  Ref factory = factory_of(self);
  RefTo<Tuple> arguments = factory.get().is_none() ? tuple_of(t) : TRY(tuple_of(t, factory));
  Ref items = TRY(call_method_with(t, self, names::items));
  Ref iterator = TRY(get_iter(t, items));
  return tuple_of(t, Value(type_of(self)), arguments, None, None, iterator);
}

Ref repr(Thread& t, Value self) {
  RefTo<Str> base = RefTo<Str>::from(TRY(types::dict->slots.repr(t, self)));
  Ref factory = factory_of(self);
  RefTo<Str> shown;
  if (factory.get().is_none()) {
    shown = TRY(str_from_ascii(t, "None"));
  } else {
    bool entered = TRY(repr_enter(t, factory));
    shown = entered ? object_repr(t, factory) : str_from_ascii(t, "...");
    if (entered) repr_leave(t, factory);
    if (shown.failed()) return Raised{};
  }
  return str_format(t, "%U(%U, %U)", type_of(self)->name.as<Str>(), shown.get(), base.get());
}

Ref or_slot(Thread& t, Value a, Value b) {
  bool left = is_default_dict(a);
  if (!is_dict(left ? b : a)) return Ref::not_implemented();
  Ref result = TRY(copy_of(t, left ? a : b, a));
  if (!is_dict(result)) return raise(t, exc::TypeError, "expected a dict, not %T", result.get());
  TRY(dict_update_py(t, result.as<Dict>(), b));
  return result;
}

const Method kMethods[] = {
    method("__missing__", m_missing, "($self, object, /)",
           "__missing__(key) # Called by __getitem__ for missing key; pseudo-code:\n  if self.default_factory is None: "
           "raise KeyError((key,))\n  self[key] = value = self.default_factory()\n  return value\n"),
    method("copy", m_copy, "($self, /)", "D.copy() -> a shallow copy of D."),
    method("__copy__", m_copy, "($self, /)", "D.copy() -> a shallow copy of D."),
    method("__reduce__", m_reduce, "($self, /)", "Return state information for pickling."),
    class_method(
        "__class_getitem__", class_getitem, "($type, object, /)",
        "defaultdicts are generic over two types, signifying (respectively) the types of the dictionary's keys "
        "and values"),
    {},
};
const Member kMembers[] = {
    {"default_factory", offsetof(DefaultDict, default_factory), true, true,
     "Factory for default value called by __missing__()."},
    {},
};

}  // namespace

const TypeSpec spec_default_dict = {
    .name = "collections.defaultdict",
    .doc =
        "defaultdict(default_factory=None, /, [...]) --> dict with default factory\n\nThe default factory is called "
        "without arguments to produce\na new value when a key is not present, in __getitem__ only.\nA defaultdict "
        "compares equal to a dict with the same items.\nAll remaining arguments are treated the same as if they "
        "were\npassed to the dict constructor, including keyword arguments.\n",
    .base = &types::dict,
    .layout = {"defaultdict", sizeof(DefaultDict), 0, visit, release, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kImmutable,
    .slots = {.repr = repr, .init = init, .or_ = or_slot},
    .methods = kMethods,
    .members = kMembers,
};

}  // namespace typhon
