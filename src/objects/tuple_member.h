// A descriptor that reads item `index` of a tuple instance.
#pragma once
#include "objects/type.h"

namespace typhon {

struct TupleGetter : Object {
  u64 index;
  Field doc;
};
extern Type* g_tuple_getter_type;  // made on first use; also collections._tuplegetter
extern const TypeSpec spec_tuple_getter;
Ref tuple_member_new(Thread& t, Type* owner, Str* name, u32 index);

}  // namespace typhon
