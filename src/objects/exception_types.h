// Between exception_types.cpp and exception_group.cpp.
#pragma once
#include "objects/type.h"

namespace typhon {

// Slots, methods and members of BaseExceptionGroup.
void add_exception_group_parts(TypeSpec& spec);
// The name of v's class with its module, which is left out for builtins and __main__.
RefTo<Str> full_type_name(Thread& t, Value v);
// exception.add_note(note).
Status add_exception_note(Thread& t, Value exception, Value note);
// ExceptionGroup(BaseExceptionGroup, Exception), made after the table's classes.
extern Type* g_exception_group_type;
Status make_exception_group_type(Thread& t);

}  // namespace typhon
