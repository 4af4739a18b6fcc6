// The descriptors that native types put into their namespaces: methods, class methods, slot wrappers, getsets,
// members; and method-wrapper, a slot wrapper bound to its instance.
#include "heap/collector.h"
#include "objects/exception_types.h"
#include "objects/protocol/protocol.h"
#include "objects/type_internal.h"

namespace typhon {
namespace {

NativeDescriptor* self_of(Value v) { return v.as<NativeDescriptor>(); }
Type* owner_of(Value v) { return self_of(v)->owner.as<Type>(); }
Str* name_of(Value v) { return self_of(v)->name.as<Str>(); }

void visit_descriptor(Object* self, Visitor& v) {
  auto* d = static_cast<NativeDescriptor*>(self);
  v.fields(&d->owner, 2);
}

void release_slot_member(Thread&, Object* self) {
  auto* d = static_cast<NativeDescriptor*>(self);
  if (d->member != nullptr && (d->member->offset & kSlotMember)) delete d->member;
}

Status check_instance(Thread& t, Value self, Value instance) {
  if (is_instance_of(instance, owner_of(self))) [[likely]]
    return ok();
  return raise(t, exc::TypeError, "descriptor '%U' for '%N' objects doesn't apply to a '%T' object", name_of(self),
               owner_of(self), instance);
}

Args shift(Args args) { return args.without_first(); }

// --- calls
Ref call_method_descriptor(Thread& t, Value self, Args args) {
  if (args.count == 0)
    return raise(t, exc::TypeError, "unbound method %N.%U() needs an argument", owner_of(self), name_of(self));
  TRY(check_instance(t, self, args[0]));
  return native_method_call(t, self_of(self), args[0], shift(args));
}

Ref bind_class_method(Thread& t, Value self, Value cls) {
  Ref bound = TRY(native_function_new(t, self_of(self)->method, cls, EMPTY));
  share_signature(self_of(self), bound.as<NativeFunction>());
  return bound;
}

Ref call_classmethod_descriptor(Thread& t, Value self, Args args) {
  if (args.count == 0)
    return raise(t, exc::TypeError, "descriptor '%U' of '%N' object needs an argument", name_of(self), owner_of(self));
  if (!is_type(args[0]))
    return raise(t, exc::TypeError, "descriptor '%U' for type '%N' needs a type, not a '%T' as arg 2", name_of(self),
                 owner_of(self), args[0]);
  if (!is_subtype(args[0].as<Type>(), owner_of(self)))
    return raise(t, exc::TypeError, "descriptor '%U' requires a subtype of '%N' but received '%N'", name_of(self),
                 owner_of(self), args[0].as<Type>());
  Ref bound = TRY(bind_class_method(t, self, args[0]));
  return native_call(t, bound.as<NativeFunction>(), shift(args));
}

Ref call_wrapper_descriptor(Thread& t, Value self, Args args) {
  if (args.count == 0)
    return raise(t, exc::TypeError, "descriptor '%U' of '%N' object needs an argument", name_of(self), owner_of(self));
  if (!is_instance_of(args[0], owner_of(self)))
    return raise(t, exc::TypeError, "descriptor '%U' requires a '%N' object but received a '%T'", name_of(self),
                 owner_of(self), args[0]);
  TRY(enter_native(t, " in __call__"));
  return call_slot_wrapper(t, self_of(self), args[0], shift(args));
}

// --- __get__ and __set__
Ref get_method_descriptor(Thread& t, Value self, Value instance, Value) {
  if (instance.is_empty()) return Ref::copy(self);
  TRY(check_instance(t, self, instance));
  return bind_class_method(t, self, instance);
}

Ref get_classmethod_descriptor(Thread& t, Value self, Value instance, Value owner) {
  Value cls = owner;
  if (cls.is_empty()) {
    if (instance.is_empty())
      return raise(t, exc::TypeError, "descriptor '%U' for type '%N' needs either an object or a type", name_of(self),
                   owner_of(self));
    cls = type_of(instance);
  }
  if (!is_type(cls))
    return raise(t, exc::TypeError, "descriptor '%U' for type '%N' needs a type, not a '%T' as arg 2", name_of(self),
                 owner_of(self), cls);
  if (!is_subtype(cls.as<Type>(), owner_of(self)))
    return raise(t, exc::TypeError, "descriptor '%U' requires a subtype of '%N' but received '%N'", name_of(self),
                 owner_of(self), cls.as<Type>());
  return bind_class_method(t, self, cls);
}

Ref get_wrapper_descriptor(Thread& t, Value self, Value instance, Value) {
  if (instance.is_empty()) return Ref::copy(self);
  TRY(check_instance(t, self, instance));
  auto* w = heap::allocate_as<MethodWrapper>(t, kShape_method_wrapper);
  RefTo<MethodWrapper> wrapper = RefTo<MethodWrapper>::adopt(w);
  w->descriptor.init(w, self);
  w->self.init(w, instance);
  return wrapper;
}

Ref get_getset(Thread& t, Value self, Value instance, Value) {
  if (instance.is_empty()) return Ref::copy(self);
  TRY(check_instance(t, self, instance));
  if (self_of(self)->getset->get == nullptr)
    return raise(t, exc::AttributeError, "attribute '%U' of '%N' objects is not readable", name_of(self),
                 owner_of(self));
  return self_of(self)->getset->get(t, instance);
}

Status set_getset(Thread& t, Value self, Value instance, Value value) {
  TRY(check_instance(t, self, instance));
  if (self_of(self)->getset->set == nullptr)
    return raise(t, exc::AttributeError, "attribute '%U' of '%N' objects is not writable", name_of(self),
                 owner_of(self));
  return self_of(self)->getset->set(t, instance, value);
}

Ref get_member(Thread& t, Value self, Value instance, Value) {
  if (instance.is_empty()) return Ref::copy(self);
  TRY(check_instance(t, self, instance));
  return member_get(t, self_of(self), instance);
}

Status set_member(Thread& t, Value self, Value instance, Value value) {
  TRY(check_instance(t, self, instance));
  return member_set(t, self_of(self), instance, value);
}

Field* member_field(NativeDescriptor* d, Value instance) {
  u32 offset = d->member->offset;
  if (offset & kSlotMember)
    return member_fields(instance.object(), shape_of(instance.object())) + (offset & ~kSlotMember);
  return reinterpret_cast<Field*>(reinterpret_cast<char*>(instance.object()) + offset);
}

// --- attributes
Ref get_objclass(Thread&, Value self) { return self_of(self)->owner.load(); }
Ref get_name(Thread&, Value self) { return self_of(self)->name.load(); }
Ref get_qualname(Thread& t, Value self) {
  Ref owner = self_of(self)->owner.load();
  Ref qualname = TRY(get_attribute(t, owner, names::__qualname__));
  return str_format(t, "%S.%U", qualname.get(), name_of(self));
}

// "($self, x, /)\n--\n\nText" holds both the signature and the text.
constexpr const char kSignatureEnd[] = ")\n--\n\n";
Ref doc_part(Thread& t, const char* doc) {
  if (doc == nullptr) return Ref::none();
  const char* split = strstr(doc, kSignatureEnd);
  return str_from_utf8(t, split != nullptr ? split + sizeof kSignatureEnd - 1 : doc);
}
Ref signature_part(Thread& t, const char* doc) {
  const char* split = doc != nullptr ? strstr(doc, kSignatureEnd) : nullptr;
  if (split == nullptr) return Ref::none();
  return str_from_utf8(t, {doc, size_t(split + 1 - doc)});
}

Ref get_doc(Thread& t, Value self) {
  NativeDescriptor* d = self_of(self);
  if (d->method != nullptr) return doc_part(t, d->method->doc);
  if (d->slot != nullptr) return doc_part(t, d->slot->doc);
  if (d->getset != nullptr) return doc_part(t, d->getset->doc);
  return doc_part(t, d->member != nullptr ? d->member->doc : nullptr);
}
Ref get_text_signature(Thread& t, Value self) {
  NativeDescriptor* d = self_of(self);
  if (d->method != nullptr)
    return shown_signature(t, d->method->signature, d->method->kind == MethodKind::kClass ? "$type" : "$self");
  return signature_part(t, d->slot != nullptr ? d->slot->doc : nullptr);
}

Ref reduce(Thread& t, Value self, const Value*) {
  Ref getter = TRY(builtin_named(t, "getattr"));
  Ref owner = self_of(self)->owner.load();
  Ref name = self_of(self)->name.load();
  RefTo<Tuple> arguments = TRY(tuple_of(t, owner, name));
  return tuple_of(t, getter, arguments);
}

template <int kForm>
Ref repr(Thread& t, Value self) {
  constexpr const char* kForms[] = {"<method '%U' of '%N' objects>", "<slot wrapper '%U' of '%N' objects>",
                                    "<attribute '%U' of '%N' objects>", "<member '%U' of '%N' objects>"};
  return str_format(t, kForms[kForm], name_of(self), owner_of(self));
}

constexpr GetSet kCallableGetSets[] = {
    {"__objclass__", get_objclass},
    {"__name__", get_name},
    {"__qualname__", get_qualname},
    {"__doc__", get_doc},
    {"__text_signature__", get_text_signature},
    {},
};
constexpr GetSet kDataGetSets[] = {
    {"__objclass__", get_objclass}, {"__name__", get_name}, {"__qualname__", get_qualname}, {"__doc__", get_doc}, {},
};
constexpr Method kMethods[] = {method("__reduce__", reduce, "($self, /)"), {}};

constexpr Layout layout(const char* name) {
  return {name, sizeof(NativeDescriptor), 0, visit_descriptor, release_slot_member, nullptr, nullptr};
}

// --- method-wrapper
MethodWrapper* wrapper_of(Value v) { return v.as<MethodWrapper>(); }
NativeDescriptor* wrapped(Value v) { return wrapper_of(v)->descriptor.as<NativeDescriptor>(); }

void visit_wrapper(Object* self, Visitor& v) { v.fields(&static_cast<MethodWrapper*>(self)->descriptor, 2); }

Ref wrapper_call(Thread& t, Value self, Args args) {
  Ref instance = wrapper_of(self)->self.load();
  return call_slot_wrapper(t, wrapped(self), instance, args);
}
Ref wrapper_repr(Thread& t, Value self) {
  Value instance = wrapper_of(self)->self.peek();
  return str_format(t, "<method-wrapper '%U' of %T object at 0x%x>", wrapped(self)->name.as<Str>(), instance,
                    object_id(t, instance));
}
Ref wrapper_compare(Thread&, Value a, Value b, CompareOp op) {
  if ((op != CompareOp::kEq && op != CompareOp::kNe) || !is_exact(b, kShape_method_wrapper))
    return Ref::not_implemented();
  bool same = wrapped(a) == wrapped(b) && is_same(wrapper_of(a)->self.peek(), wrapper_of(b)->self.peek());
  return Ref::boolean(same == (op == CompareOp::kEq));
}
Result<i64> wrapper_hash(Thread&, Value self) {
  u64 bits = wrapper_of(self)->self.peek().bits * 0x9E3779B97F4A7C15u ^ (reinterpret_cast<u64>(wrapped(self)) >> 4);
  return i64(bits >> 3);
}
Ref wrapper_self(Thread&, Value self) { return wrapper_of(self)->self.load(); }
Ref wrapper_objclass(Thread&, Value self) { return wrapped(self)->owner.load(); }
Ref wrapper_name(Thread&, Value self) { return wrapped(self)->name.load(); }
Ref wrapper_qualname(Thread& t, Value self) { return get_qualname(t, wrapper_of(self)->descriptor.peek()); }
Ref wrapper_doc(Thread& t, Value self) { return get_doc(t, wrapper_of(self)->descriptor.peek()); }
Ref wrapper_signature(Thread& t, Value self) { return get_text_signature(t, wrapper_of(self)->descriptor.peek()); }
Ref wrapper_reduce(Thread& t, Value self, const Value*) {
  Ref getter = TRY(builtin_named(t, "getattr"));
  Ref instance = wrapper_of(self)->self.load();
  Ref name = wrapped(self)->name.load();
  RefTo<Tuple> arguments = TRY(tuple_of(t, instance, name));
  return tuple_of(t, getter, arguments);
}

constexpr GetSet kWrapperGetSets[] = {
    {"__self__", wrapper_self},
    {"__objclass__", wrapper_objclass},
    {"__name__", wrapper_name},
    {"__qualname__", wrapper_qualname},
    {"__doc__", wrapper_doc},
    {"__text_signature__", wrapper_signature},
    {},
};
constexpr Method kWrapperMethods[] = {method("__reduce__", wrapper_reduce, "($self, /)"), {}};

constexpr u32 kNotMade = type_flag::kDisallowInstantiation;

}  // namespace

RefTo<NativeDescriptor> descriptor_new(Thread& t, CoreShape shape, Type* owner, const char* name) {
  auto* d = heap::allocate_as<NativeDescriptor>(t, shape);
  // Like the class it belongs to: not counted, so that calling a method touches no count.
  collector::make_deferred(d);
  RefTo<NativeDescriptor> descriptor = RefTo<NativeDescriptor>::copy(d);
  d->owner.init(d, owner);
  RefTo<Str> text = TRY(str_from_utf8(t, name));
  text = TRY(str_intern(t, text));
  d->name.init(d, std::move(text));
  return descriptor;
}

Ref member_get(Thread& t, NativeDescriptor* d, Value instance) {
  Ref value = member_field(d, instance)->load();
  if (!value.is_empty()) [[likely]]
    return value;
  if (d->member->none_if_empty) return Ref::none();
  RefTo<Str> type = TRY(full_type_name(t, instance));
  auto* name = d->name.as<Str>();
  return raise_attribute_error(t, instance, name, str_format(t, "'%U' object has no attribute '%U'", type.get(), name));
}

Status member_set(Thread& t, NativeDescriptor* d, Value instance, Value value) {
  if (!d->member->writable) return raise(t, exc::AttributeError, "readonly attribute");
  Field* field = member_field(d, instance);
  if (!value.is_empty()) {
    field->store(instance.object(), value);
    return ok();
  }
  Ref old = field->take(instance.object());
  if (old.is_empty() && !d->member->none_if_empty) return raise(t, exc::AttributeError, "%U", d->name.as<Str>());
  return ok();
}

bool descriptor_fits(Value found, Type* type) {
  if (!found.is_object()) return true;
  switch (found.object()->shape_id()) {
    case kShape_method_descriptor:
    case kShape_classmethod_descriptor:
    case kShape_getset_descriptor:
    case kShape_member_descriptor: return is_subtype(type, owner_of(found));
    default: return true;
  }
}

const TypeSpec spec_method_descriptor = {
    .name = "method_descriptor",
    .layout = layout("method_descriptor"),
    .flags = type_flag::kMethodDescriptor | kNotMade,
    .slots = {.repr = repr<0>, .call = call_method_descriptor, .descriptor_get = get_method_descriptor},
    .methods = kMethods,
    .getsets = kCallableGetSets,
};
const TypeSpec spec_classmethod_descriptor = {
    .name = "classmethod_descriptor",
    .layout = layout("classmethod_descriptor"),
    .flags = kNotMade,
    .slots = {.repr = repr<0>, .call = call_classmethod_descriptor, .descriptor_get = get_classmethod_descriptor},
    .getsets = kCallableGetSets,
};
const TypeSpec spec_wrapper_descriptor = {
    .name = "wrapper_descriptor",
    .layout = layout("wrapper_descriptor"),
    .flags = type_flag::kMethodDescriptor | kNotMade,
    .slots = {.repr = repr<1>, .call = call_wrapper_descriptor, .descriptor_get = get_wrapper_descriptor},
    .methods = kMethods,
    .getsets = kCallableGetSets,
};
const TypeSpec spec_getset_descriptor = {
    .name = "getset_descriptor",
    .layout = layout("getset_descriptor"),
    .flags = kNotMade,
    .slots = {.repr = repr<2>, .descriptor_get = get_getset, .descriptor_set = set_getset},
    .getsets = kDataGetSets,
};
const TypeSpec spec_member_descriptor = {
    .name = "member_descriptor",
    .layout = layout("member_descriptor"),
    .flags = kNotMade,
    .slots = {.repr = repr<3>, .descriptor_get = get_member, .descriptor_set = set_member},
    .methods = kMethods,
    .getsets = kDataGetSets,
};
const TypeSpec spec_method_wrapper = {
    .name = "method-wrapper",
    .layout = {"method-wrapper", sizeof(MethodWrapper), 0, visit_wrapper, nullptr, nullptr, nullptr},
    .flags = kNotMade,
    .slots = {.repr = wrapper_repr, .hash = wrapper_hash, .call = wrapper_call, .compare = wrapper_compare},
    .methods = kWrapperMethods,
    .getsets = kWrapperGetSets,
};

}  // namespace typhon
