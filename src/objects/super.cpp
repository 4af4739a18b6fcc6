// super.
#include "objects/protocol/protocol.h"
#include "objects/type_internal.h"

namespace typhon {

// interpreter/: the class (from the __class__ cell) and first argument of the running function. RuntimeError when
// there are none.
Status super_arguments_from_frame(Thread& t, Ref* cls, Ref* object);

namespace {

Super* self_of(Value v) { return v.as<Super>(); }

void visit_super(Object* self, Visitor& v) { v.fields(&static_cast<Super*>(self)->type, 3); }

// The class whose mro is walked: `object` itself when it is a subclass, else the class of it. TypeError when neither
// fits.
Result<Type*> start_type(Thread& t, Type* cls, Value object) {
  if (is_type(object) && is_subtype(object.as<Type>(), cls)) return object.as<Type>();
  Type* type = type_of(object);
  if (is_subtype(type, cls)) return type;
  // Proxies claim a class of their own.
  Ref claimed = get_attribute_or_empty(t, object, names::__class__);
  if (claimed.failed()) return Raised{};
  if (!claimed.is_empty() && is_type(claimed) && claimed.as<Type>() != type && is_subtype(claimed.as<Type>(), cls))
    return claimed.as<Type>();
  bool is_class = is_type(object);
  return raise(t, exc::TypeError, "super(type, obj): obj (%s %N) is not an instance or subtype of type (%N).",
               is_class ? "type" : "instance of", is_class ? object.as<Type>() : type, cls);
}

// The first entry behind `cls` in the mro of `start`; borrowed, EMPTY when there is none.
Value find_behind(Type* start, Type* cls, Str* name) {
  auto* mro = start->mro.as<Tuple>();
  u64 i = 0;
  while (i < mro->size && mro->items[i].as<Type>() != cls) i++;
  for (i++; i < mro->size; i++) {
    Value found = dict_peek_str(mro->items[i].as<Type>()->dict.as<Dict>(), name);
    if (!found.is_empty()) return found;
  }
  return EMPTY;
}

Ref bind_found(Thread& t, Value found, Value object, Type* start) {
  Ref keep = Ref::copy(found);
  DescriptorGetFn get = type_of(found)->slots.descriptor_get;
  if (get == nullptr) return keep;
  return get(t, keep, object.same_word(start) ? EMPTY : object, start);
}

Ref super_getattribute(Thread& t, Value self, Str* name) {
  Super* s = self_of(self);
  Ref start = s->object_type.load();
  if (!start.is_empty() && name != names::__class__) {
    Value found = find_behind(start.as<Type>(), s->type.as<Type>(), name);
    if (!found.is_empty()) {
      Ref object = s->object.load();
      return bind_found(t, found, object, start.as<Type>());
    }
  }
  return generic_get_attribute(t, self, name);
}

Ref super_get(Thread& t, Value self, Value instance, Value) {
  Super* s = self_of(self);
  if (instance.is_empty() || instance.is_none() || !s->object.is_empty()) return Ref::copy(self);
  if (s->type.is_empty()) return raise(t, exc::RuntimeError, "super(): not initialised");
  if (type_of(self) != types::super) return call_with(t, Value(type_of(self)), Value(s->type.peek()), instance);
  Type* start = TRY(start_type(t, s->type.as<Type>(), instance));
  Ref bound = TRY(allocate_instance(t, types::super));
  bound.as<Super>()->type.init(bound.object(), s->type.peek());
  bound.as<Super>()->object.init(bound.object(), instance);
  bound.as<Super>()->object_type.init(bound.object(), Value(start));
  return bound;
}

Ref super_new(Thread& t, Type* cls, Args) { return allocate_instance(t, cls); }

Status super_init(Thread& t, Value self, Args args) {
  if (args.keyword_count != 0) return raise(t, exc::TypeError, "super() takes no keyword arguments");
  if (args.count > 2) return raise(t, exc::TypeError, "super() expected at most 2 arguments, got %d", int(args.count));
  Ref cls, object;
  if (args.count == 0) {
    TRY(super_arguments_from_frame(t, &cls, &object));
  } else {
    cls = Ref::copy(args[0]);
    if (!is_type(cls)) return raise(t, exc::TypeError, "super() argument 1 must be a type, not %T", cls.get());
    if (args.count == 2 && !args[1].is_none()) object = Ref::copy(args[1]);
  }
  Super* s = self_of(self);
  Type* start = object.is_empty() ? nullptr : TRY(start_type(t, cls.as<Type>(), object));
  s->type.store(s, std::move(cls));
  s->object.store(s, std::move(object));
  s->object_type.store(s, Value(start));
  return ok();
}

Ref super_repr(Thread& t, Value self) {
  Super* s = self_of(self);
  Ref type = s->type.load(), start = s->object_type.load();
  if (type.is_empty()) return str_format(t, "<super: <class 'NULL'>, NULL>");
  if (start.is_empty()) return str_format(t, "<super: <class '%N'>, NULL>", type.as<Type>());
  return str_format(t, "<super: <class '%N'>, <%N object>>", type.as<Type>(), start.as<Type>());
}

constexpr Member kMembers[] = {
    {"__thisclass__", offsetof(Super, type), false, true, "the class invoking super()"},
    {"__self__", offsetof(Super, object), false, true, "the instance invoking super(); may be None"},
    {"__self_class__", offsetof(Super, object_type), false, true,
     "the type of the instance invoking super(); may be None"},
    {},
};

}  // namespace

Ref super_lookup(Thread& t, Value cls, Value object, Str* name, bool* is_method) {
  *is_method = false;
  if (!is_type(cls)) return raise(t, exc::TypeError, "super() argument 1 must be a type, not %T", cls);
  Type* start = TRY(start_type(t, cls.as<Type>(), object));
  Value found = name == names::__class__ ? EMPTY : find_behind(start, cls.as<Type>(), name);
  if (found.is_empty()) {
    Ref self = TRY(allocate_instance(t, types::super));
    self.as<Super>()->type.init(self.object(), cls);
    self.as<Super>()->object.init(self.object(), object);
    self.as<Super>()->object_type.init(self.object(), Value(start));
    return generic_get_attribute(t, self, name);
  }
  if ((type_of(found)->flags & type_flag::kMethodDescriptor) && !object.same_word(start) && descriptor_fits(found, start)) {
    *is_method = true;
    return Ref::copy(found);
  }
  return bind_found(t, found, object, start);
}

const TypeSpec spec_super = {
    .name = "super",
    .doc =
        "super() -> same as super(__class__, <first argument>)\nsuper(type) -> unbound super object\n"
        "super(type, obj) -> bound super object; requires isinstance(obj, type)\n"
        "super(type, type2) -> bound super object; requires issubclass(type2, type)",
    .layout = {"super", sizeof(Super), 0, visit_super, nullptr, nullptr, nullptr},
    .flags = type_flag::kBaseType,
    .slots = {.repr = super_repr,
              .getattribute = super_getattribute,
              .descriptor_get = super_get,
              .new_ = super_new,
              .init = super_init},
    .members = kMembers,
};

}  // namespace typhon
