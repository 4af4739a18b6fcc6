// _collections: what collections and its users need from native code.
#include "modules/_collections/collections.h"
#include "objects/dict/table.h"
#include "objects/tuple_member.h"

namespace typhon {
namespace {

// A mapping that reads and writes as dict does, whatever else its class adds.
bool counts_like_dict(Value mapping) {
  if (!is_dict(mapping)) return false;
  Type* type = type_of(mapping);
  return stores_like_dict(type) && type_lookup(type, names::get).same_word(type_lookup(types::dict, names::get));
}

// d[key] = d.get(key, 0) + 1. Small counts go up in one step: threads may count in one dict.
Status count_one(Thread& t, Dict* d, Value key) {
  using namespace dict_table;
  key = key.untagged();
  u64 hash = TRY(hash_of_key(t, key));
  bool counted = true;
  TRY(with_entry_py(t, d, key, hash, EMPTY, [&](DictTable* table, Probe probe) {
    if (probe.index < 0) {
      if (table->entry_count == table->entry_capacity) return false;
      append_words(table, probe.slot, hash, heap_copy(key), Value::small_int(1));
      change_used(d, 1);
      return true;
    }
    Field& slot = table->entries()[probe.index].value;
    Value old = slot.peek();
    counted = old.is_small_int() && old.as_small_int() < Value::kMaxSmallInt;
    if (counted) {
      put_word(slot, Value::small_int(old.as_small_int() + 1));
    }
    return true;
  }));
  if (counted) return ok();
  Ref old = TRY(get_hashed_py(t, d, key, hash));
  if (old.is_empty()) old = Ref::adopt(Value::small_int(0));
  Ref next = TRY(binary_op(t, BinaryOp::kAdd, old, Value::small_int(1)));
  return set_hashed_py(t, d, key, hash, next);
}

Ref f_count_elements(Thread& t, Value, const Value* a) {
  Ref iterator = TRY(get_iter(t, a[1]));
  if (counts_like_dict(a[0])) {
    for (;;) {
      Ref key = TRY(iter_next(t, iterator));
      if (key.is_empty()) return Ref::none();
      TRY(count_one(t, a[0].as<Dict>(), key));
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
