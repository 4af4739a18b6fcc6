// len, subscription, membership.
#include "objects/container_util.h"
#include "objects/function.h"
#include "objects/generic_alias.h"
#include "objects/protocol/protocol.h"

namespace typhon {

Result<i64> length(Thread& t, Value v) {
  LengthFn fn = type_of(v)->slots.length;
  if (fn == nullptr) return raise(t, exc::TypeError, "object of type '%T' has no len()", v);
  return fn(t, v);
}

Result<i64> length_hint(Thread& t, Value v, i64 fallback) {
  if (LengthFn fn = type_of(v)->slots.length) {
    Result<i64> n = fn(t, v);
    if (!n.failed()) return n;
    if (!clear_if(t, exc::TypeError)) return Raised{};
  }
  Ref hook = TRY(lookup_special(t, v, names::__length_hint__));
  if (hook.is_empty()) return fallback;
  Ref result = call(t, hook);
  if (result.failed()) {
    if (clear_if(t, exc::TypeError)) return fallback;
    return Raised{};
  }
  if (result.get().bits == NotImplemented.bits) return fallback;
  if (!is_int(result)) return raise(t, exc::TypeError, "__length_hint__ must be an integer, not %T", result.get());
  i64 n = TRY(to_i64(t, result, "Python int too large to convert to C ssize_t"));
  if (n < 0) return raise(t, exc::ValueError, "__length_hint__() should return >= 0");
  return n;
}

Ref get_item(Thread& t, Value v, Value key) {
  BinaryFn fn = type_of(v)->slots.get_item;
  if (fn != nullptr) return fn(t, v, key);
  if (is_type(v)) {  // C[x]: generic classes
    if (v.same_word(types::type)) return generic_alias_new(t, v, key);
    if (type_of(v) == types::type) {  // the hook of a native type or a Python class, without a bound method on the way
      Value found = type_lookup(v.as<Type>(), names::__class_getitem__);
      if (is_exact(found, kShape_classmethod_descriptor) && descriptor_fits(found, v.as<Type>())) {
        TRY(enter_native(t, " while calling a Python object"));
        return native_method_call(t, found.as<NativeDescriptor>(), v, Args{&key, 1});
      }
      if (!found.is_empty() && type_of(found) == types::classmethod) {
        Ref function = found.as<ClassMethod>()->callable.load();
        if (is_exact_function(function)) return call_with(t, function, v, key);
      }
    }
    Ref hook = get_attribute_or_empty(t, v, names::__class_getitem__);
    if (hook.failed()) return hook;
    if (!hook.is_empty() && !hook.get().is_none()) return call_with(t, hook, key);
    return raise(t, exc::TypeError, "type '%N' is not subscriptable", v.as<Type>());
  }
  return raise(t, exc::TypeError, "'%T' object is not subscriptable", v);
}

Ref get_item_index(Thread& t, Value v, i64 index) {
  Ref key = int_from(t, index);
  return get_item(t, v, key);
}

// Whether an assignment to v[key], which v cannot take, would go to a position: the value that messages depend on.
static Result<bool> check_position(Thread& t, Value v, Value key) {
  Type* type = type_of(v);
  if (!(type->flags & type_flag::kHeapType) && type->slots.length == nullptr && type->slots.contains == nullptr) return false;
  if (!is_indexable(key)) return false;
  TRY(subscript_index(t, key));
  return true;
}

Status set_item(Thread& t, Value v, Value key, Value value) {
  SetItemFn fn = type_of(v)->slots.set_item;
  if (fn != nullptr) return fn(t, v, key, value);
  TRY(check_position(t, v, key));
  return raise(t, exc::TypeError, "'%T' object does not support item assignment", v);
}

Status delete_item(Thread& t, Value v, Value key) {
  SetItemFn fn = type_of(v)->slots.set_item;
  if (fn != nullptr) return fn(t, v, key, EMPTY);
  bool by_position = TRY(check_position(t, v, key));
  return raise(t, exc::TypeError, "'%T' object %s support item deletion", v, by_position ? "doesn't" : "does not");
}

Result<bool> contains(Thread& t, Value container, Value item) {
  if (ContainsFn fn = type_of(container)->slots.contains) return fn(t, container, item);
  const Slots& slots = type_of(container)->slots;
  if (slots.iter == nullptr && slots.get_item == nullptr)
    return raise(t, exc::TypeError, "argument of type '%T' is not a container or iterable", container);
  Ref iterator = get_iter(t, container);
  if (iterator.failed()) {
    if (pending_matches(t, exc::TypeError)) {
      clear_exception(t);
      return raise(t, exc::TypeError, "argument of type '%T' is not a container or iterable", container);
    }
    return Raised{};
  }
  while (true) {
    Ref candidate = TRY(iter_next(t, iterator));
    if (candidate.is_empty()) return false;
    if (TRY(equal(t, candidate, item))) return true;
  }
}

bool is_sequence(Value v) {
  if (is_dict(v)) return false;
  Type* type = type_of(v);
  if (type->slots.get_item == nullptr) return false;
  // A native type without a length (a union, say) gives items for keys, not for positions.
  return (type->flags & type_flag::kHeapType) || type->slots.length != nullptr;
}

bool is_mapping(Value v) { return type_of(v)->slots.get_item != nullptr; }

}  // namespace typhon
