// Operations of the compiler that are rare enough to have no opcode of their own.
#pragma once
#include "bytecode/code.h"
#include "objects/protocol/protocol.h"

namespace typhon {

Ref run_intrinsic_1(Thread& t, Intrinsic1 which, Value v);
Ref run_intrinsic_2(Thread& t, Intrinsic2 which, Value a, Value b);

// Type parameters: the _typing module installs these when it is there; until then they raise NotImplementedError.
struct TypingHooks {
  Ref (*typevar)(Thread& t, Value name, Value evaluate_bound, Value evaluate_constraints);  // EMPTY: none
  Ref (*paramspec)(Thread& t, Value name);
  Ref (*typevartuple)(Thread& t, Value name);
  Ref (*subscript_generic)(Thread& t, Value parameters);  // Generic[*parameters]
  Ref (*type_alias)(Thread& t, Value name, Value type_params, Value compute_value);
  Ref (*set_default)(Thread& t, Value type_param, Value evaluate_default);
};
extern TypingHooks g_typing_hooks;

// string.templatelib's types: installed by its module.
struct TemplateHooks {
  Ref (*interpolation)(Thread& t, Value value, Value expression, Value conversion, Value format_spec);
  Ref (*template_)(Thread& t, Value strings, Value interpolations);
};
extern TemplateHooks g_template_hooks;

}  // namespace typhon
