// Parts of the module builtins that live in files of their own, and what it asks of other layers.
#pragma once
#include "objects/module.h"

namespace typhon {

// aggregate.cpp
Ref builtin_all(Thread& t, Value self, const Value* a);
Ref builtin_any(Thread& t, Value self, const Value* a);
Ref builtin_max(Thread& t, Value self, Args args);
Ref builtin_min(Thread& t, Value self, Args args);
Ref builtin_sorted(Thread& t, Value self, Args args);
Ref builtin_sum(Thread& t, Value self, const Value* a);
// build_class.cpp
Ref build_class(Thread& t, Value self, Args args);

// objects/iterators.cpp
Ref callable_iterator_new(Thread& t, Value callable, Value sentinel);
// A file name argument (str, bytes, PathLike) as str.
Ref decode_filename(Thread& t, Value v);
// modules/_ast: compile() of an AST object, or to one (PyCF_ONLY_AST); EMPTY when neither is asked for.
Ref compile_ast_object(Thread& t, Value source, Value filename, const char* mode, int flags, bool dont_inherit, int optimize);

extern Type* g_exception_group_type;

}  // namespace typhon
