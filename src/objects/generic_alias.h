// types.GenericAlias and typing.Union.
#pragma once
#include "objects/type.h"

namespace typhon {

extern Type* g_generic_alias_type;
extern Type* g_union_type;

// origin[args]; args a tuple or a single argument.
Ref generic_alias_new(Thread& t, Value origin, Value args);
// a | b for types; NotImplemented when one of them is no type.
Ref union_or(Thread& t, Value a, Value b);
// Union[members]; one member gives itself.
Ref union_from(Thread& t, Value tuple);
Status initialise_generic_alias(Thread& t);

}  // namespace typhon
