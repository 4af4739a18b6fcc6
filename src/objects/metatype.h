// For native metaclasses: native classes that are their instances, and what they put into Python classes.
#pragma once
#include "objects/type.h"

namespace typhon {

// As make_static_type; the class of the new type is `metatype`, a native type whose layout begins with Type. The metaclass's
// __new__ and __init__ are not called.
Status make_static_type_of(Thread& t, Type* metatype, const TypeSpec& spec, Type** where);

// Puts a native property into a class. `getset` is static data.
Status type_add_getset(Thread& t, Type* type, const GetSet* getset);

}  // namespace typhon
