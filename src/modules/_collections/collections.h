// Shared between the files of _collections.
#pragma once
#include "objects/container_util.h"
#include "objects/module.h"

namespace typhon {

extern Type* g_deque_type;
extern Type* g_deque_iterator_type;
extern Type* g_deque_reverse_iterator_type;
extern Type* g_default_dict_type;
extern const TypeSpec spec_deque, spec_deque_iterator, spec_deque_reverse_iterator, spec_default_dict;

// object.__getstate__ and whatever a subclass put in its place.
inline Ref pickle_state(Thread& t, Value self) { return call_method_with(t, self, names::__getstate__); }

}  // namespace typhon
