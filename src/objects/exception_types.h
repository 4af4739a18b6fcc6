// Between exception_types.cpp and exception_group.cpp.
#pragma once
#include "objects/type.h"

namespace typhon {

// Slots, methods and members of BaseExceptionGroup.
void add_exception_group_parts(TypeSpec& spec);
// ExceptionGroup(BaseExceptionGroup, Exception), made after the table's classes.
extern Type* g_exception_group_type;
Status make_exception_group_type(Thread& t);
// except*: splits `exception` by class or tuple; *match and *rest become None or groups. Wraps a naked matching exception.
Status exception_group_match(Thread& t, Value exception, Value class_or_tuple, Ref* match, Ref* rest);
// What is left to raise after except* clauses: None, or an exception. `raised`: list of exceptions from the clauses (None ignored).
Ref prepare_reraise_star(Thread& t, Value original, Value raised);

}  // namespace typhon
