// What the files of _typing share.
#pragma once
#include "objects/module.h"
#include "objects/protocol/services.h"

namespace typhon::typing {

extern Type* g_typevar_type;
extern Type* g_paramspec_type;
extern Type* g_typevartuple_type;
extern Type* g_paramspec_args_type;
extern Type* g_paramspec_kwargs_type;
extern Type* g_type_alias_type;
extern Type* g_generic_type;
extern Type* g_no_default_type;

// --- helpers.cpp
// Calls typing.NAME(args...).
Ref call_typing(Thread& t, const char* name, Args args);
template <class... V>
Ref call_typing_with(Thread& t, const char* name, const V&... v) {
  Value words[] = {Value(v)...};
  return call_typing(t, name, Args{words, sizeof...(V)});
}
// typing._type_check(v, message): what may stand for a type; None and strings are converted.
Ref type_check(Thread& t, Value v, const char* message);
// a | b by typing's rules.
Ref make_union(Thread& t, Value a, Value b);
// typing.Unpack[v]
Ref unpack(Thread& t, Value v);
// The name of the module whose code is calling; EMPTY when there is none.
Ref caller_module(Thread& t);
// Calls an evaluator for its value (annotationlib.Format.VALUE).
Ref evaluate(Thread& t, Value evaluator);
// An evaluator for a value that is known already.
Ref const_evaluator(Thread& t, Value value);
Value no_default();
Status add_helper_types(Thread& t, Module* module);

// --- type_variables.cpp
bool is_type_parameter(Value v);
Result<bool> parameter_has_default(Thread& t, Value parameter);
Ref make_typevar(Thread& t, Value name, Value evaluate_bound, Value evaluate_constraints);
Ref make_paramspec(Thread& t, Value name);
Ref make_typevartuple(Thread& t, Value name);
Ref set_parameter_default(Thread& t, Value parameter, Value evaluate_default);
Status add_type_variables(Thread& t, Module* module);

// --- alias.cpp
Ref make_type_alias(Thread& t, Value name, Value type_params, Value compute_value);
// Replaces every TypeVarTuple by Unpack of it.
Ref unpack_typevartuples(Thread& t, Value parameters);
Status add_type_alias(Thread& t, Module* module);

}  // namespace typhon::typing
