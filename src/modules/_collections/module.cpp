// _collections: what collections and its users need from native code.
#include "modules/_collections/collections.h"
#include "objects/tuple_member.h"

namespace typhon {
namespace {

// A mapping that reads and writes as dict does, whatever else its class adds.
bool counts_like_dict(Value mapping) {
  if (!is_dict(mapping)) return false;
  Type* type = type_of(mapping);
  return type->slots.set_item == types::dict->slots.set_item &&
         type_lookup(type, names::get).same_word(type_lookup(types::dict, names::get));
}

Ref f_count_elements(Thread& t, Value, const Value* a) {
  Ref iterator = TRY(get_iter(t, a[1]));
  if (counts_like_dict(a[0])) {
    auto* d = a[0].as<Dict>();
    for (;;) {
      Ref key = TRY(iter_next(t, iterator));
      if (key.is_empty()) return Ref::none();
      Ref old = TRY(dict_get_py(t, d, key));
      Ref next;
      if (old.is_empty())
        next = Ref::adopt(Value::small_int(1));
      else if (old.get().is_small_int())
        next = TRY(int_from(t, old.get().as_small_int() + 1));
      else
        next = TRY(binary_op(t, BinaryOp::kAdd, old, Value::small_int(1)));
      TRY(dict_set_py(t, d, key, next));
    }
  }
  Ref get = TRY(get_attribute(t, a[0], names::get));
  for (;;) {
    Ref key = TRY(iter_next(t, iterator));
    if (key.is_empty()) return Ref::none();
    Ref old = TRY(call_with(t, get, key, Value::small_int(0)));
    Ref next = TRY(binary_op(t, BinaryOp::kAdd, old, Value::small_int(1)));
    TRY(set_item(t, a[0], key, next));
  }
}

const Method kFunctions[] = {
    method("_count_elements", f_count_elements, "($module, mapping, iterable, /)",
           "Count elements in the iterable, updating the mapping"),
    {},
};

Status initialise(Thread& t, Module* module) {
  TRY(module_add_type(t, module, spec_deque, &g_deque_type));
  TRY(module_add_type(t, module, spec_deque_iterator, &g_deque_iterator_type));
  TRY(module_add_type(t, module, spec_deque_reverse_iterator, &g_deque_reverse_iterator_type));
  TRY(module_add_type(t, module, spec_default_dict, &g_default_dict_type));
  TRY(initialise_ordered_dict(t, module));
  return module_add_type(t, module, spec_tuple_getter, &g_tuple_getter_type);
}

}  // namespace

extern const ModuleDef module__collections;
const ModuleDef module__collections = {
    "_collections",
    "High performance data structures.\n- deque:        ordered collection accessible from endpoints only\n- "
    "defaultdict:  dict subclass with a default value factory\n",
    kFunctions, initialise};

}  // namespace typhon
