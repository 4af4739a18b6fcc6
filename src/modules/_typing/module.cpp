// _typing: what typing.py and the syntax for type parameters share.
#include "interpreter/intrinsics.h"
#include "modules/_typing/typing.h"
#include "objects/generic_alias.h"

namespace typhon {
namespace typing {

Type* g_generic_type;

namespace {

// Calls typing.NAME(cls, args...).
Ref call_with_class(Thread& t, const char* name, Value cls, Args args) {
  RootedVector words(t);
  words.push_copy(cls);
  for (u32 i = 0; i < args.count + args.keyword_count; i++) words.push_copy(args.values[i]);
  return call_typing(t, name, Args{words.data(), args.count + 1, args.names, args.keyword_count});
}
Ref generic_class_getitem(Thread& t, Value cls, Args args) { return call_with_class(t, "_generic_class_getitem", cls, args); }
Ref generic_init_subclass(Thread& t, Value cls, Args args) { return call_with_class(t, "_generic_init_subclass", cls, args); }

const Method kGenericMethods[] = {
    {"__class_getitem__", nullptr, generic_class_getitem, nullptr,
     "Parameterizes a generic class.\n\nThis is also called when generic classes are defined, as in class Foo(Generic[T]).",
     MethodKind::kClass},
    {"__init_subclass__", nullptr, generic_init_subclass, nullptr, "Function to initialize subclasses.", MethodKind::kClass},
    {},
};
const TypeSpec kGenericSpec = {
    .name = "typing.Generic",
    .doc = "Abstract base class for generic types.\n\nClasses with a parameter list (class C[T]) inherit from Generic implicitly.",
    .layout = {"Generic", sizeof(Object), 0, nullptr, nullptr, nullptr, nullptr},
    .flags = type_flag::kBaseType,
    .methods = kGenericMethods,
};

Ref f_idfunc(Thread&, Value, const Value* a) { return Ref::copy(a[0]); }
const Method kFunctions[] = {method("_idfunc", f_idfunc, "($module, x, /)"), {}};

Status initialise(Thread& t, Module* module) {
  TRY(add_helper_types(t, module));
  TRY(add_type_variables(t, module));
  TRY(add_type_alias(t, module));
  TRY(module_add_type(t, module, kGenericSpec, &g_generic_type));
  // A class like those that Python code makes: attributes may be set on it, instances are made as plain objects are.
  g_generic_type->flags = (g_generic_type->flags & ~type_flag::kImmutable) | type_flag::kHeapType;
  g_generic_type->slots.new_ = types::object->slots.new_;
  g_generic_type->slots.init = types::object->slots.init;
  return module_add(t, module, "Union", Value(g_union_type));
}

// --- the syntax: makes the types by importing this module on first use
Status ensure_types(Thread& t) {
  if (g_generic_type != nullptr) [[likely]] return ok();
  Ref module = TRY(import_module(t, "_typing"));
  return ok();
}

Ref hook_typevar(Thread& t, Value name, Value evaluate_bound, Value evaluate_constraints) {
  TRY(ensure_types(t));
  return make_typevar(t, name, evaluate_bound, evaluate_constraints);
}
Ref hook_paramspec(Thread& t, Value name) {
  TRY(ensure_types(t));
  return make_paramspec(t, name);
}
Ref hook_typevartuple(Thread& t, Value name) {
  TRY(ensure_types(t));
  return make_typevartuple(t, name);
}
Ref hook_subscript_generic(Thread& t, Value parameters) {
  TRY(ensure_types(t));
  Ref unpacked = TRY(unpack_typevartuples(t, parameters));
  return call_typing_with(t, "_generic_class_getitem", Value(g_generic_type), unpacked);
}
Ref hook_type_alias(Thread& t, Value name, Value type_params, Value compute_value) {
  TRY(ensure_types(t));
  return make_type_alias(t, name, type_params, compute_value);
}

struct InstallHooks {
  InstallHooks() {
    g_typing_hooks = {hook_typevar, hook_paramspec, hook_typevartuple, hook_subscript_generic, hook_type_alias, set_parameter_default};
  }
} install_hooks;

}  // namespace

}  // namespace typing

extern const ModuleDef module__typing;
const ModuleDef module__typing = {"_typing", "Primitives and accelerators for the typing module.\n", typing::kFunctions, typing::initialise};

}  // namespace typhon
