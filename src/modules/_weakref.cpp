// _weakref: references, proxies, and the counts. The reference type itself is in objects/weakref.cpp.
#include "objects/module.h"

namespace typhon {

// objects/weakref.cpp
Ref weakref_new_of(Thread& t, Type* cls, Value referent, Value callback);
RefTo<List> weakrefs_of(Thread& t, Value v);

namespace {

Type* g_proxy_type;
Type* g_callable_proxy_type;

// A proxy is a weakref that forwards: same layout, other slots.
Ref referent(Thread& t, Value self) {
  Ref object = weakref_get(t, self.as<WeakRef>());
  if (object.is_empty()) return raise(t, exc::ReferenceError, "weakly-referenced object no longer exists");
  return object;
}
bool is_proxy(Value v) { return type_of(v) == g_proxy_type || type_of(v) == g_callable_proxy_type; }
Ref unwrap(Thread& t, Value v) { return is_proxy(v) ? referent(t, v) : Ref::copy(v); }

template <BinaryOp op>
Ref binary(Thread& t, Value a, Value b) {
  Ref x = TRY(unwrap(t, a)), y = TRY(unwrap(t, b));
  return binary_op(t, op, x, y);
}
template <BinaryOp op>
Ref in_place(Thread& t, Value a, Value b) {
  Ref x = TRY(unwrap(t, a)), y = TRY(unwrap(t, b));
  return inplace_op(t, op, x, y);
}
Ref power_slot(Thread& t, Value a, Value b, Value m) {
  Ref x = TRY(unwrap(t, a)), y = TRY(unwrap(t, b)), z = TRY(unwrap(t, m));
  return power(t, x, y, z);
}
template <UnaryOp op>
Ref unary(Thread& t, Value v) {
  Ref x = TRY(unwrap(t, v));
  return unary_op(t, op, x);
}
Ref compare_slot(Thread& t, Value a, Value b, CompareOp op) {
  Ref x = TRY(unwrap(t, a)), y = TRY(unwrap(t, b));
  return compare(t, op, x, y);
}
Ref str_slot(Thread& t, Value v) {
  Ref x = TRY(unwrap(t, v));
  return object_str(t, x);
}
Ref repr_slot(Thread& t, Value v) {
  Ref x = weakref_get(t, v.as<WeakRef>());
  if (x.is_empty()) return str_format(t, "<weakproxy at 0x%x; dead>", u64(v.object()));
  return str_format(t, "<weakproxy at 0x%x; to '%T' at 0x%x>", u64(v.object()), x.get(), u64(x.object()));
}
Ref get_slot(Thread& t, Value self, Str* name) {
  Ref x = TRY(referent(t, self));
  return get_attribute(t, x, name);
}
Status set_slot(Thread& t, Value self, Str* name, Value value) {
  Ref x = TRY(referent(t, self));
  return value.is_empty() ? delete_attribute(t, x, name) : set_attribute(t, x, name, value);
}
Ref call_slot(Thread& t, Value self, Args args) {
  Ref x = TRY(referent(t, self));
  return call(t, x, args);
}
Ref iter_slot(Thread& t, Value self) {
  Ref x = TRY(referent(t, self));
  return get_iter(t, x);
}
Ref next_slot(Thread& t, Value self) {
  Ref x = TRY(referent(t, self));
  if (type_of(x)->slots.next == nullptr)
    return raise(t, exc::TypeError, "Weakref proxy referenced a non-iterator '%T' object", x.get());
  return iter_next(t, x);
}
Result<bool> bool_slot(Thread& t, Value self) {
  Ref x = TRY(referent(t, self));
  return truth(t, x);
}
Result<i64> length_slot(Thread& t, Value self) {
  Ref x = TRY(referent(t, self));
  return length(t, x);
}
Ref get_item_slot(Thread& t, Value self, Value key) {
  Ref x = TRY(referent(t, self));
  Ref k = TRY(unwrap(t, key));
  return get_item(t, x, k);
}
Status set_item_slot(Thread& t, Value self, Value key, Value value) {
  Ref x = TRY(referent(t, self));
  return value.is_empty() ? delete_item(t, x, key) : set_item(t, x, key, value);
}
Result<bool> contains_slot(Thread& t, Value self, Value item) {
  Ref x = TRY(referent(t, self));
  return contains(t, x, item);
}
Ref index_slot(Thread& t, Value self) {
  Ref x = TRY(referent(t, self));
  return to_index(t, x);
}
Ref int_slot(Thread& t, Value self) {
  Ref x = TRY(referent(t, self));
  return to_int(t, x);
}
Ref float_slot(Thread& t, Value self) {
  Ref x = TRY(referent(t, self));
  return float_from(t, TRY(to_double(t, x)));
}
Result<i64> hash_slot(Thread& t, Value self) { return raise(t, exc::TypeError, "unhashable type: '%T'", self); }

Slots proxy_slots(bool callable) {
  Slots s;
  s.repr = repr_slot;
  s.str = str_slot;
  s.hash = hash_slot;
  if (callable) s.call = call_slot;
  s.getattribute = get_slot;
  s.setattribute = set_slot;
  s.compare = compare_slot;
  s.iter = iter_slot;
  s.next = next_slot;
  s.add = binary<BinaryOp::kAdd>;
  s.subtract = binary<BinaryOp::kSub>;
  s.multiply = binary<BinaryOp::kMul>;
  s.remainder = binary<BinaryOp::kMod>;
  s.divmod = binary<BinaryOp::kDivmod>;
  s.lshift = binary<BinaryOp::kLshift>;
  s.rshift = binary<BinaryOp::kRshift>;
  s.and_ = binary<BinaryOp::kAnd>;
  s.xor_ = binary<BinaryOp::kXor>;
  s.or_ = binary<BinaryOp::kOr>;
  s.floor_divide = binary<BinaryOp::kFloorDiv>;
  s.true_divide = binary<BinaryOp::kTrueDiv>;
  s.matrix_multiply = binary<BinaryOp::kMatmul>;
  s.power = power_slot;
  s.inplace_add = in_place<BinaryOp::kAdd>;
  s.inplace_subtract = in_place<BinaryOp::kSub>;
  s.inplace_multiply = in_place<BinaryOp::kMul>;
  s.inplace_remainder = in_place<BinaryOp::kMod>;
  s.inplace_lshift = in_place<BinaryOp::kLshift>;
  s.inplace_rshift = in_place<BinaryOp::kRshift>;
  s.inplace_and = in_place<BinaryOp::kAnd>;
  s.inplace_xor = in_place<BinaryOp::kXor>;
  s.inplace_or = in_place<BinaryOp::kOr>;
  s.inplace_floor_divide = in_place<BinaryOp::kFloorDiv>;
  s.inplace_true_divide = in_place<BinaryOp::kTrueDiv>;
  s.inplace_matrix_multiply = in_place<BinaryOp::kMatmul>;
  s.negative = unary<UnaryOp::kNegative>;
  s.positive = unary<UnaryOp::kPositive>;
  s.absolute = unary<UnaryOp::kAbsolute>;
  s.invert = unary<UnaryOp::kInvert>;
  s.int_ = int_slot;
  s.float_ = float_slot;
  s.index = index_slot;
  s.bool_ = bool_slot;
  s.length = length_slot;
  s.get_item = get_item_slot;
  s.set_item = set_item_slot;
  s.contains = contains_slot;
  return s;
}

Ref proxy_bytes(Thread& t, Value self, const Value*) {
  Ref x = TRY(referent(t, self));
  return call_method_with(t, x, names::__bytes__);
}
Ref proxy_reversed(Thread& t, Value self, const Value*) {
  Ref x = TRY(referent(t, self));
  return call_method_with(t, x, names::__reversed__);
}
const Method kProxyMethods[] = {
    method("__bytes__", proxy_bytes, "($self, /)"),
    method("__reversed__", proxy_reversed, "($self, /)"),
    {},
};

// A proxy without a callback is shared by all who ask for one.
Ref f_proxy(Thread& t, Value, const Value* a) {
  Type* type = is_callable(a[0]) ? g_callable_proxy_type : g_proxy_type;
  if (a[1].is_empty() || a[1].is_none()) {
    RefTo<List> existing = TRY(weakrefs_of(t, a[0]));
    for (size_t i = 0; i < list_size(existing.get()); i++) {
      Ref ref = list_get(t, existing.get(), i);
      if (type_of(ref) == type && ref.as<WeakRef>()->callback.is_empty()) return ref;
    }
  }
  return weakref_new_of(t, type, a[0], a[1].is_none() ? EMPTY : a[1]);
}

Ref f_getweakrefcount(Thread& t, Value, const Value* a) {
  RefTo<List> found = TRY(weakrefs_of(t, a[0]));
  return int_from(t, i64(list_size(found.get())));
}
Ref f_getweakrefs(Thread& t, Value, const Value* a) { return weakrefs_of(t, a[0]); }
// Removes the key when its value is a dead weakref: atomic with respect to other writers of the dict.
Ref f_remove_dead(Thread& t, Value, const Value* a) {
  if (!is_dict(a[0])) return raise(t, exc::TypeError, "_remove_dead_weakref() argument 1 must be dict, not %T", a[0]);
  Ref value = TRY(dict_get_py(t, a[0].as<Dict>(), a[1]));
  if (value.is_empty() || !is_instance_of(value, types::weakref)) return Ref::none();
  Ref target = weakref_get(t, value.as<WeakRef>());
  if (!target.is_empty()) return Ref::none();
  Result<bool> removed = dict_delete_py(t, a[0].as<Dict>(), a[1]);
  if (removed.failed()) return Raised{};
  return Ref::none();
}

const Method kFunctions[] = {
    method("getweakrefcount", f_getweakrefcount, "(object, /)", "Return the number of weak references to 'object'."),
    method("getweakrefs", f_getweakrefs, "(object, /)", "Return a list of all weak reference objects pointing to 'object'."),
    method("_remove_dead_weakref", f_remove_dead, "(dct, key, /)", "Atomically remove key from dict if it points to a dead weakref."),
    method("proxy", f_proxy, "(object, callback=None, /)", "Create a proxy object that weakly references 'object'."),
    {},
};

Status initialise(Thread& t, Module* module) {
  static TypeSpec proxy, callable_proxy;
  proxy.name = "weakref.ProxyType";
  proxy.layout = *types::weakref->layout;
  proxy.flags = type_flag::kDisallowInstantiation | type_flag::kImmutable;
  proxy.slots = proxy_slots(false);
  proxy.methods = kProxyMethods;
  callable_proxy = proxy;
  callable_proxy.name = "weakref.CallableProxyType";
  callable_proxy.slots = proxy_slots(true);
  TRY(module_add_type(t, module, proxy, &g_proxy_type));
  TRY(module_add_type(t, module, callable_proxy, &g_callable_proxy_type));
  TRY(module_add(t, module, "ref", Value(types::weakref)));
  return module_add(t, module, "ReferenceType", Value(types::weakref));
}

}  // namespace

extern const ModuleDef module__weakref;
const ModuleDef module__weakref = {"_weakref", "Weak-reference support module.", kFunctions, initialise};

}  // namespace typhon
