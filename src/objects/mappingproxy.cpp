// mappingproxy: a read-only view of a mapping (the __dict__ of classes).
#include "objects/protocol/protocol.h"
#include "objects/type_internal.h"

namespace typhon {

Ref generic_alias_new(Thread& t, Value origin, Value args);

namespace {

Ref mapping_of(Value self) { return self.as<MappingProxy>()->mapping.load(); }

void visit_proxy(Object* self, Visitor& v) { v.field(static_cast<MappingProxy*>(self)->mapping); }

Ref proxy_new(Thread& t, Type*, Args args) {
  static const Signature& signature = parse_signature("(mapping)");
  Value a[1];
  Ref keep;
  TRY(bind_arguments(t, signature, "mappingproxy", args, a, &keep));
  if (is_list(a[0]) || is_tuple(a[0]) || type_of(a[0])->slots.get_item == nullptr)
    return raise(t, exc::TypeError, "mappingproxy() argument must be a mapping, not %T", a[0]);
  return mappingproxy_new(t, a[0]);
}

Ref proxy_repr(Thread& t, Value self) {
  Ref mapping = mapping_of(self);
  return str_format(t, "mappingproxy(%R)", mapping.get());
}
Ref proxy_str(Thread& t, Value self) {
  Ref mapping = mapping_of(self);
  return object_str(t, mapping);
}
Result<i64> proxy_hash(Thread& t, Value self) {
  Ref mapping = mapping_of(self);
  return object_hash(t, mapping);
}
Ref proxy_compare(Thread& t, Value self, Value other, CompareOp op) {
  Ref mapping = mapping_of(self);
  return compare(t, op, mapping, other);
}
Ref proxy_iter(Thread& t, Value self) {
  Ref mapping = mapping_of(self);
  return get_iter(t, mapping);
}
Result<i64> proxy_length(Thread& t, Value self) {
  Ref mapping = mapping_of(self);
  return length(t, mapping);
}
Ref proxy_get_item(Thread& t, Value self, Value key) {
  Ref mapping = mapping_of(self);
  return get_item(t, mapping, key);
}
Result<bool> proxy_contains(Thread& t, Value self, Value key) {
  Ref mapping = mapping_of(self);
  if (is_exact_dict(mapping)) return dict_contains_py(t, mapping.as<Dict>(), key);
  return contains(t, mapping, key);
}

Ref unwrap(Value v) { return is_exact(v, kShape_mappingproxy) ? mapping_of(v) : Ref::copy(v); }
Ref proxy_or(Thread& t, Value a, Value b) {
  Ref left = unwrap(a), right = unwrap(b);
  return binary_op(t, BinaryOp::kOr, left, right);
}
Ref proxy_inplace_or(Thread& t, Value self, Value) {
  return raise(t, exc::TypeError, "'|=' is not supported by %T; use '|' instead", self);
}

template <Str** kName>
Ref forward(Thread& t, Value self, const Value*) {
  Ref mapping = mapping_of(self);
  return call_method(t, mapping, *kName, nullptr, 0);
}
Ref proxy_get(Thread& t, Value self, const Value* a) {
  Ref mapping = mapping_of(self);
  Value words[] = {a[0], a[1].is_empty() ? None : a[1]};
  return call_method(t, mapping, names::get, words, 2);
}

Ref class_getitem(Thread& t, Value cls, const Value* a) { return generic_alias_new(t, cls, a[0]); }

constexpr Method kMethods[] = {
    class_method("__class_getitem__", class_getitem, "($type, object, /)", "See PEP 585"),
    method("get", proxy_get, "($self, key, default=None, /)",
           "Return the value for key if key is in the mapping, else default."),
    method("keys", forward<&names::keys>, "($self, /)",
           "a set-like object providing a view on the underlying mapping's keys"),
    method("values", forward<&names::values>, "($self, /)",
           "an object providing a view on the underlying mapping's values"),
    method("items", forward<&names::items>, "($self, /)",
           "a set-like object providing a view on the underlying mapping's items"),
    method("copy", forward<&names::copy>, "($self, /)", "a shallow copy of the underlying mapping"),
    method("__reversed__", forward<&names::__reversed__>, "($self, /)"),
    {},
};

}  // namespace

RefTo<MappingProxy> mappingproxy_new(Thread& t, Value mapping) {
  auto* p = heap::allocate_as<MappingProxy>(t, kShape_mappingproxy);
  RefTo<MappingProxy> proxy = RefTo<MappingProxy>::adopt(p);
  p->mapping.init(p, mapping);
  return proxy;
}

const TypeSpec spec_mappingproxy = {
    .name = "mappingproxy",
    .doc = "Read-only proxy of a mapping.",
    .layout = {"mappingproxy", sizeof(MappingProxy), 0, visit_proxy, nullptr, nullptr, nullptr},
    .flags = type_flag::kMapping,
    .slots = {.repr = proxy_repr,
              .str = proxy_str,
              .hash = proxy_hash,
              .compare = proxy_compare,
              .iter = proxy_iter,
              .new_ = proxy_new,
              .or_ = proxy_or,
              .inplace_or = proxy_inplace_or,
              .length = proxy_length,
              .get_item = proxy_get_item,
              .contains = proxy_contains},
    .methods = kMethods,
    .text_signature = "(mapping)",
};

}  // namespace typhon
