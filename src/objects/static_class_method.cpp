// classmethod and staticmethod.
#include "objects/container_util.h"
#include "objects/protocol/protocol.h"
#include "objects/type_internal.h"

namespace typhon {
namespace {

ClassMethod* self_of(Value v) { return v.as<ClassMethod>(); }

void visit_method(Object* self, Visitor& v) { v.field(static_cast<ClassMethod*>(self)->callable); }

// Copies what functools.wraps would copy.
Status copy_attributes(Thread& t, Value self, Value callable) {
  for (Str* name : {names::__module__, names::__name__, names::__qualname__, names::__doc__}) {
    Ref value = get_attribute_or_empty(t, callable, name);
    if (value.failed()) return Raised{};
    if (!value.is_empty()) TRY(set_attribute(t, self, name, value));
  }
  return ok();
}

Ref method_new_slot(Thread& t, Type* cls, Args) {
  Ref self = TRY(allocate_instance(t, cls));
  self_of(self)->callable.init(self.object(), None);
  return self;
}

template <bool kStatic>
Status init(Thread& t, Value self, Args args) {
  static const Signature& signature = parse_signature("(function, /)");
  Value a[1];
  Ref keep;
  TRY(bind_arguments(t, signature, kStatic ? "staticmethod" : "classmethod", args, a, &keep));
  self_of(self)->callable.store(self.object(), a[0]);
  return copy_attributes(t, self, a[0]);
}

Ref class_get(Thread& t, Value self, Value instance, Value owner) {
  Ref callable = self_of(self)->callable.load();
  Value cls = owner.is_empty() || owner.is_none() ? Value(type_of(instance)) : owner;
  return method_new(t, callable, cls);
}
Ref static_get(Thread&, Value self, Value, Value) { return self_of(self)->callable.load(); }
Ref static_call(Thread& t, Value self, Args args) {
  Ref callable = self_of(self)->callable.load();
  return call(t, callable, args);
}

Ref get_wrapped(Thread&, Value self) { return self_of(self)->callable.load(); }
Ref get_abstract(Thread& t, Value self) {
  TRY(enter_native(t));
  Ref callable = self_of(self)->callable.load();
  Ref flag = get_attribute_or_empty(t, callable, names::__isabstractmethod__);
  if (flag.failed()) return flag;
  return Ref::boolean(!flag.is_empty() && TRY(truth(t, flag)));
}

// Annotations are asked of the callable when first wanted, then kept in the instance.
Ref forward(Thread& t, Value self, Str* name) {
  Ref own = get_own_attribute(t, self.object(), name);
  if (!own.is_empty()) return own;
  TRY(enter_native(t));
  Ref callable = self_of(self)->callable.load();
  Ref value = TRY(get_attribute(t, callable, name));
  TRY(set_own_attribute(t, self.object(), name, value));
  return value;
}
Status keep(Thread& t, Value self, Str* name, Value value) {
  if (!value.is_empty()) return set_own_attribute(t, self.object(), name, value);
  if (!TRY(delete_own_attribute(t, self.object(), name))) return raise_attribute_error(t, self, name);
  return ok();
}
Ref get_annotations(Thread& t, Value self) { return forward(t, self, names::__annotations__); }
Status set_annotations(Thread& t, Value self, Value value) { return keep(t, self, names::__annotations__, value); }
Ref get_annotate(Thread& t, Value self) { return forward(t, self, names::__annotate__); }
Status set_annotate(Thread& t, Value self, Value value) { return keep(t, self, names::__annotate__, value); }

template <bool kStatic>
Ref repr(Thread& t, Value self) {
  Ref callable = self_of(self)->callable.load();
  return str_format(t, kStatic ? "<staticmethod(%R)>" : "<classmethod(%R)>", callable.get());
}

constexpr Method kMethods[] = {
    class_method("__class_getitem__", class_getitem, "($type, object, /)", "See PEP 585"),
    {},
};
constexpr GetSet kGetSets[] = {
    {"__func__", get_wrapped},
    {"__wrapped__", get_wrapped},
    {"__isabstractmethod__", get_abstract},
    {"__annotations__", get_annotations, set_annotations},
    {"__annotate__", get_annotate, set_annotate},
    {},
};

Ref make(Thread& t, Type* type, Value callable) {
  Ref self = TRY(allocate_instance(t, type));
  self_of(self)->callable.init(self.object(), callable);
  return self;
}

}  // namespace

Ref static_method_new(Thread& t, Value callable) { return make(t, types::staticmethod, callable); }
Ref class_method_new(Thread& t, Value callable) { return make(t, types::classmethod, callable); }

const TypeSpec spec_classmethod = {
    .name = "classmethod",
    .doc = "classmethod(function) -> method\n\nConvert a function to be a class method.",
    .layout = {"classmethod", sizeof(ClassMethod), 0, visit_method, nullptr, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kHasDict | type_flag::kHasWeakref,
    .slots = {.repr = repr<false>, .descriptor_get = class_get, .new_ = method_new_slot, .init = init<false>},
    .methods = kMethods,
    .getsets = kGetSets,
    .text_signature = "(function, /)",
};
const TypeSpec spec_staticmethod = {
    .name = "staticmethod",
    .doc = "staticmethod(function) -> method\n\nConvert a function to be a static method.",
    .layout = {"staticmethod", sizeof(ClassMethod), 0, visit_method, nullptr, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kHasDict | type_flag::kHasWeakref,
    .slots = {.repr = repr<true>,
              .call = static_call,
              .descriptor_get = static_get,
              .new_ = method_new_slot,
              .init = init<true>},
    .methods = kMethods,
    .getsets = kGetSets,
    .text_signature = "(function, /)",
};

}  // namespace typhon
