// property.
#include "objects/protocol/protocol.h"
#include "objects/type_internal.h"

namespace typhon {
namespace {

Property* self_of(Value v) { return v.as<Property>(); }

void visit_property(Object* self, Visitor& v) { v.fields(&static_cast<Property*>(self)->getter, 5); }

Value or_empty(Value v) { return v.is_none() ? EMPTY : v; }

// The name for messages: what __set_name__ was told, or the getter's __name__. EMPTY when there is none.
Ref name_of(Thread& t, Property* p) {
  Ref name = p->name.load();
  if (!name.is_empty()) return name;
  Ref getter = p->getter.load();
  if (getter.is_empty()) return Ref();
  return get_attribute_or_empty(t, getter, names::__name__);
}

Raised no_accessor(Thread& t, Property* p, Value instance, const char* what) {
  Ref name = name_of(t, p);
  if (name.failed()) return {};
  Ref qualname = get_attribute_or_empty(t, type_of(instance), names::__qualname__);
  if (qualname.failed()) return {};
  bool has_name = !name.is_empty(), has_qualname = !qualname.is_empty();
  if (has_name && has_qualname)
    return raise(t, exc::AttributeError, "property %R of %R object has no %s", name.get(), qualname.get(), what);
  if (has_qualname) return raise(t, exc::AttributeError, "property of %R object has no %s", qualname.get(), what);
  return raise(t, exc::AttributeError, "property has no %s", what);
}

Ref property_get(Thread& t, Value self, Value instance, Value) {
  if (instance.is_empty() || instance.is_none()) return Ref::copy(self);
  Ref getter = self_of(self)->getter.load();
  if (getter.is_empty()) return no_accessor(t, self_of(self), instance, "getter");
  return call_with(t, getter, instance);
}

Status property_set(Thread& t, Value self, Value instance, Value value) {
  Property* p = self_of(self);
  Ref function = value.is_empty() ? p->deleter.load() : p->setter.load();
  if (function.is_empty()) return no_accessor(t, p, instance, value.is_empty() ? "deleter" : "setter");
  Ref done = value.is_empty() ? call_with(t, function, instance) : call_with(t, function, instance, value);
  if (done.failed()) return Raised{};
  return ok();
}

// Takes the doc of the getter when none was given. Subclasses keep it as an instance attribute, which wins over the
// class's.
Status take_doc(Thread& t, Value self, Value given) {
  Property* p = self_of(self);
  Ref doc = given.is_empty() ? Ref() : Ref::copy(given);
  if ((doc.is_empty() || doc.get().is_none()) && !p->getter.is_empty()) {
    Ref getter = p->getter.load();
    Ref found = get_attribute_or_empty(t, getter, names::__doc__);
    if (found.failed()) return Raised{};
    if (!found.is_empty() && !found.get().is_none()) {
      doc = std::move(found);
      p->getter_doc = true;
    }
  }
  if (type_of(self) == types::property) {
    if (doc.is_empty() || doc.get().is_none())
      p->doc.clear(p);
    else
      p->doc.store(p, std::move(doc));
    return ok();
  }
  if (doc.is_empty()) doc = Ref::none();
  p->doc.store(p, doc);
  Status done = set_attribute(t, self, names::__doc__, doc);
  if (done.failed() && !p->getter_doc && clear_if(t, exc::AttributeError)) return ok();
  return done;
}

Status property_init(Thread& t, Value self, Args args) {
  static const Signature& signature = parse_signature("(fget=None, fset=None, fdel=None, doc=None)");
  Value a[4];
  Ref keep;
  TRY(bind_arguments(t, signature, "property", args, a, &keep));
  Property* p = self_of(self);
  p->getter.store(p, or_empty(a[0]));
  p->setter.store(p, or_empty(a[1]));
  p->deleter.store(p, or_empty(a[2]));
  p->getter_doc = false;
  return take_doc(t, self, a[3]);
}

Ref property_new(Thread& t, Type* cls, Args) { return allocate_instance(t, cls); }

// getter(), setter(), deleter(): a copy with one part replaced.
template <Field Property::* kPart>
Ref copy_with(Thread& t, Value self, const Value* a) {
  Property* p = self_of(self);
  auto part = [&](Field Property::* which) {
    if (which == kPart && !a[0].is_none()) return Ref::copy(a[0]);
    Ref old = (p->*which).load();
    return old.is_empty() ? Ref::none() : std::move(old);
  };
  Ref getter = part(&Property::getter), setter = part(&Property::setter), deleter = part(&Property::deleter);
  Ref doc = p->getter_doc && !getter.get().is_none() ? Ref::none() : p->doc.load();
  if (doc.is_empty()) doc = Ref::none();
  Ref copy = TRY(call_with(t, Value(type_of(self)), getter, setter, deleter, doc));
  if (is_property(copy)) {
    Ref name = p->name.load();
    if (!name.is_empty()) copy.as<Property>()->name.store(copy.object(), std::move(name));
  }
  return copy;
}

Ref set_name(Thread& t, Value self, Args args) {
  if (args.count != 2)
    return raise(t, exc::TypeError, "__set_name__() takes 2 positional arguments but %d were given", int(args.count));
  self_of(self)->name.store(self.object(), args[1]);
  return Ref::none();
}

template <Field Property::* kPart>
Ref get_part(Thread&, Value self) {
  Ref part = (self_of(self)->*kPart).load();
  return part.is_empty() ? Ref::none() : std::move(part);
}
Status set_doc(Thread&, Value self, Value value) {
  self_of(self)->doc.store(self.object(), value);
  return ok();
}
Ref get_name(Thread& t, Value self) {
  Ref name = TRY(name_of(t, self_of(self)));
  if (name.is_empty()) return raise_attribute_error(t, self, names::__name__);
  return name;
}
Status set_name_attribute(Thread&, Value self, Value value) {
  self_of(self)->name.store(self.object(), value);
  return ok();
}

Ref get_abstract(Thread& t, Value self) {
  TRY(enter_native(t));
  for (Field Property::* part : {&Property::getter, &Property::setter, &Property::deleter}) {
    Ref function = (self_of(self)->*part).load();
    if (function.is_empty()) continue;
    Ref flag = get_attribute_or_empty(t, function, names::__isabstractmethod__);
    if (flag.failed()) return flag;
    if (!flag.is_empty() && TRY(truth(t, flag))) return Ref::boolean(true);
  }
  return Ref::boolean(false);
}

constexpr Member kMembers[] = {
    {"fget", offsetof(Property, getter)},
    {"fset", offsetof(Property, setter)},
    {"fdel", offsetof(Property, deleter)},
    {},
};
constexpr GetSet kGetSets[] = {
    {"__doc__", get_part<&Property::doc>, set_doc},
    {"__name__", get_name, set_name_attribute},
    {"__isabstractmethod__", get_abstract},
    {},
};
constexpr Method kMethods[] = {
    method("getter", copy_with<&Property::getter>, "($self, object, /)",
           "Descriptor to obtain a copy of the property with a different getter."),
    method("setter", copy_with<&Property::setter>, "($self, object, /)",
           "Descriptor to obtain a copy of the property with a different setter."),
    method("deleter", copy_with<&Property::deleter>, "($self, object, /)",
           "Descriptor to obtain a copy of the property with a different deleter."),
    raw_method("__set_name__", set_name, "($self, owner, name, /)", "Method to set name of a property."),
    {},
};

}  // namespace

const TypeSpec spec_property = {
    .name = "property",
    .doc =
        "Property attribute.\n\n  fget\n    function to be used for getting an attribute value\n  fset\n"
        "    function to be used for setting an attribute value\n  fdel\n    function to be used for del'ing an "
        "attribute\n"
        "  doc\n    docstring\n\nTypical use is to define a managed attribute x.",
    .layout = {"property", sizeof(Property), 0, visit_property, nullptr, nullptr, nullptr},
    .flags = type_flag::kBaseType,
    .slots = {.descriptor_get = property_get,
              .descriptor_set = property_set,
              .new_ = property_new,
              .init = property_init},
    .methods = kMethods,
    .getsets = kGetSets,
    .members = kMembers,
    .text_signature = "(fget=None, fset=None, fdel=None, doc=None)",
};

}  // namespace typhon
