// Shared between the files of _collections.
#pragma once
#include "objects/container_util.h"
#include "objects/module.h"

namespace typhon {

extern Type* g_deque_type;
extern Type* g_deque_iterator_type;
extern Type* g_deque_reverse_iterator_type;
extern Type* g_default_dict_type;
extern Type* g_ordered_dict_type;
extern const TypeSpec spec_deque, spec_deque_iterator, spec_deque_reverse_iterator, spec_default_dict,
    spec_ordered_dict;

Status initialise_ordered_dict(Thread& t, Module* module);

// --- a deque for native code (queues): thread-safe at both ends
Ref deque_new_empty(Thread& t);
Status deque_append(Thread& t, Value deque, Ref&& item);
Ref deque_pop_front(Thread& t, Value deque);  // EMPTY when there is nothing
u64 deque_size(Value deque);                  // runs no Python code, needs no lock

// Whether d[key] = value is plainly dict's for this subclass of dict (the slot also serves `del`, so it does not tell).
inline bool stores_like_dict(Type* type) {
  return type_lookup(type, names::__setitem__).same_word(type_lookup(types::dict, names::__setitem__));
}
// object.__getstate__ and whatever a subclass put in its place.
inline Ref pickle_state(Thread& t, Value self) { return call_method_with(t, self, names::__getstate__); }

}  // namespace typhon
