// TypeVar, ParamSpec, TypeVarTuple: one layout. Bounds, constraints and defaults given by syntax are evaluated when asked for.
#include "modules/_typing/typing.h"

namespace typhon::typing {

Type* g_typevar_type;
Type* g_paramspec_type;
Type* g_typevartuple_type;
Type* g_paramspec_args_type;
Type* g_paramspec_kwargs_type;

namespace {

struct TypeVariable : Object {
  Field name;
  Field bound, evaluate_bound;              // EMPTY: none, or not evaluated yet
  Field constraints, evaluate_constraints;  // TypeVar only
  Field default_value, evaluate_default;
  bool covariant, contravariant, infer_variance;
};
constexpr size_t kFieldCount = 7;

struct ParamSpecPart : Object {  // P.args and P.kwargs
  Field origin;
};

TypeVariable* variable(Value v) { return v.as<TypeVariable>(); }
void visit_variable(Object* self, Visitor& v) { v.fields(&static_cast<TypeVariable*>(self)->name, kFieldCount); }
void visit_part(Object* self, Visitor& v) { v.field(static_cast<ParamSpecPart*>(self)->origin); }

struct Variance {
  bool covariant = false, contravariant = false, infer = false;
};

Ref make(Thread& t, Type* cls, Value name, Variance variance) {
  Ref self = TRY(allocate_instance(t, cls));
  auto* v = variable(self);
  v->name.init(v, name);
  v->covariant = variance.covariant;
  v->contravariant = variance.contravariant;
  v->infer_variance = variance.infer;
  return self;
}

// Instances made by calling the class know their module, for pickling.
Status set_module(Thread& t, Value self) {
  Ref module = TRY(caller_module(t));
  return set_attribute(t, self, names::__module__, module.is_empty() ? None : module.get());
}

Status check_name(Thread& t, const char* function, Value name) {
  if (is_str(name)) return ok();
  return raise(t, exc::TypeError, "%s() argument 'name' must be str, not %T", function, name);
}

Status read_variance(Thread& t, const Value* a, Variance* out) {
  if (!a[0].is_empty()) out->covariant = TRY(truth(t, a[0]));
  if (!a[1].is_empty()) out->contravariant = TRY(truth(t, a[1]));
  if (!a[2].is_empty()) out->infer = TRY(truth(t, a[2]));
  if (out->covariant && out->contravariant) return raise(t, exc::ValueError, "Bivariant types are not supported.");
  if (out->infer && (out->covariant || out->contravariant))
    return raise(t, exc::ValueError, "Variance cannot be specified with infer_variance.");
  return ok();
}

void init_default(TypeVariable* v, Value given) { v->default_value.init(v, given.is_empty() ? no_default() : given); }

Ref typevar_new(Thread& t, Type* cls, Args args) {
  static const Signature& signature =
      parse_signature("(name, *constraints, bound=None, default=typing.NoDefault, covariant=False, contravariant=False, infer_variance=False)");
  Value a[7];
  Ref keep;
  TRY(bind_arguments(t, signature, "typevar", args, a, &keep));
  TRY(check_name(t, "typevar", a[0]));
  Variance variance;
  TRY(read_variance(t, a + 4, &variance));
  Ref bound;
  if (!a[2].is_empty() && !a[2].is_none()) bound = TRY(type_check(t, a[2], "Bound must be a type."));
  auto* constraints = a[1].as<Tuple>();
  if (constraints->size == 1) return raise(t, exc::TypeError, "A single constraint is not allowed");
  if (constraints->size > 0 && !bound.is_empty()) return raise(t, exc::TypeError, "Constraints cannot be combined with bound=...");
  Ref self = TRY(make(t, cls, a[0], variance));
  auto* v = variable(self);
  if (!bound.is_empty()) v->bound.init(v, std::move(bound));
  if (constraints->size > 0) v->constraints.init(v, a[1]);
  init_default(v, a[3]);
  TRY(set_module(t, self));
  return self;
}

Ref paramspec_new(Thread& t, Type* cls, Args args) {
  static const Signature& signature =
      parse_signature("(name, *, bound=None, default=typing.NoDefault, covariant=False, contravariant=False, infer_variance=False)");
  Value a[6];
  Ref keep;
  TRY(bind_arguments(t, signature, "paramspec", args, a, &keep));
  TRY(check_name(t, "paramspec", a[0]));
  Variance variance;
  TRY(read_variance(t, a + 3, &variance));
  Ref self = TRY(make(t, cls, a[0], variance));
  auto* v = variable(self);
  if (!a[1].is_empty() && !a[1].is_none()) v->bound.init(v, a[1]);
  init_default(v, a[2]);
  TRY(set_module(t, self));
  return self;
}

Ref typevartuple_new(Thread& t, Type* cls, Args args) {
  static const Signature& signature = parse_signature("(name, *, default=typing.NoDefault)");
  Value a[2];
  Ref keep;
  TRY(bind_arguments(t, signature, "typevartuple", args, a, &keep));
  TRY(check_name(t, "typevartuple", a[0]));
  Ref self = TRY(make(t, cls, a[0], {}));
  init_default(variable(self), a[1]);
  TRY(set_module(t, self));
  return self;
}

Ref variable_repr(Thread& t, Value self) {
  auto* v = variable(self);
  if (v->infer_variance) return v->name.load();
  char sign = v->covariant ? '+' : v->contravariant ? '-' : '~';
  return str_format(t, "%c%S", sign, v->name.peek());
}
Ref typevartuple_repr(Thread&, Value self) { return variable(self)->name.load(); }

// --- lazily evaluated parts
// What `cache` holds, else what the evaluator gives; EMPTY when there is neither.
Ref evaluated(Thread& t, TypeVariable* v, Field& cache, Field& evaluator) {
  Ref value = cache.load();
  if (!value.is_empty()) return value;
  Ref function = evaluator.load();
  if (function.is_empty()) return Ref();
  value = TRY(evaluate(t, function));
  cache.store(v, value.get());
  return value;
}
Ref evaluator_of(Thread& t, Field& cache, Field& evaluator) {
  Ref function = evaluator.load();
  if (!function.is_empty()) return function;
  Ref value = cache.load();
  return value.is_empty() ? Ref::none() : const_evaluator(t, value);
}

Ref get_bound(Thread& t, Value self) {
  auto* v = variable(self);
  Ref value = TRY(evaluated(t, v, v->bound, v->evaluate_bound));
  return value.is_empty() ? Ref::none() : std::move(value);
}
Ref get_constraints(Thread& t, Value self) {
  auto* v = variable(self);
  Ref value = TRY(evaluated(t, v, v->constraints, v->evaluate_constraints));
  return value.is_empty() ? Ref::copy(empty_tuple()) : std::move(value);
}
Ref get_default(Thread& t, Value self) {
  auto* v = variable(self);
  Ref value = TRY(evaluated(t, v, v->default_value, v->evaluate_default));
  return value.is_empty() ? Ref::copy(no_default()) : std::move(value);
}
Ref get_evaluate_bound(Thread& t, Value self) { return evaluator_of(t, variable(self)->bound, variable(self)->evaluate_bound); }
Ref get_evaluate_constraints(Thread& t, Value self) {
  return evaluator_of(t, variable(self)->constraints, variable(self)->evaluate_constraints);
}
Ref get_evaluate_default(Thread& t, Value self) {
  return evaluator_of(t, variable(self)->default_value, variable(self)->evaluate_default);
}
Ref get_covariant(Thread&, Value self) { return Ref::boolean(variable(self)->covariant); }
Ref get_contravariant(Thread&, Value self) { return Ref::boolean(variable(self)->contravariant); }
Ref get_infer_variance(Thread&, Value self) { return Ref::boolean(variable(self)->infer_variance); }

bool has_default(Value self) {
  auto* v = variable(self);
  Value value = v->default_value.peek();
  return !v->evaluate_default.is_empty() || (!value.is_empty() && !value.same_word(no_default()));
}
Ref m_has_default(Thread&, Value self, const Value*) { return Ref::boolean(has_default(self)); }
Ref m_reduce(Thread&, Value self, const Value*) { return variable(self)->name.load(); }

// --- substitution
Ref typevar_subst(Thread& t, Value self, const Value* a) { return call_typing_with(t, "_typevar_subst", self, a[0]); }
Ref paramspec_subst(Thread& t, Value self, const Value* a) { return call_typing_with(t, "_paramspec_subst", self, a[0]); }
Ref paramspec_prepare(Thread& t, Value self, const Value* a) { return call_typing_with(t, "_paramspec_prepare_subst", self, a[0], a[1]); }
Ref typevartuple_subst(Thread& t, Value, const Value*) {
  return raise(t, exc::TypeError, "Substitution of bare TypeVarTuple is not supported");
}
Ref typevartuple_prepare(Thread& t, Value self, const Value* a) {
  return call_typing_with(t, "_typevartuple_prepare_subst", self, a[0], a[1]);
}

// Appends the default when the arguments end where this parameter stands.
Ref typevar_prepare(Thread& t, Value self, const Value* a) {
  Ref parameters = TRY(get_attribute(t, a[0], names::__parameters__));
  RefTo<Tuple> all = TRY(to_tuple(t, parameters));
  u64 index = 0;
  while (index < all->size && !all->items[index].peek().same_word(self)) index++;
  if (index == all->size) return raise(t, exc::ValueError, "tuple.index(x): x not in tuple");
  i64 given = TRY(length(t, a[1]));
  if (i64(index) < given) return Ref::copy(a[1]);
  if (i64(index) == given) {
    Ref value = TRY(get_default(t, self));
    if (!value.get().same_word(no_default())) {
      RefTo<Tuple> more = TRY(tuple_of(t, value));
      return binary_op(t, BinaryOp::kAdd, a[1], more);
    }
  }
  i64 required = 0;
  for (u64 i = 0; i < all->size; i++) {
    Value p = all->items[i].peek();
    required += !is_type_parameter(p) || !has_default(p);
  }
  return raise(t, exc::TypeError, "Too few arguments for %S; actual %zd, expected at least %zd", a[0], given, required);
}

Ref typevar_mro(Thread& t, Value, const Value*) { return raise(t, exc::TypeError, "Cannot subclass an instance of TypeVar"); }
Ref paramspec_mro(Thread& t, Value, const Value*) { return raise(t, exc::TypeError, "Cannot subclass an instance of ParamSpec"); }
Ref typevartuple_mro(Thread& t, Value, const Value*) { return raise(t, exc::TypeError, "Cannot subclass an instance of TypeVarTuple"); }

Ref typevartuple_iter(Thread& t, Value self) {
  Ref unpacked = TRY(unpack(t, self));
  RefTo<Tuple> only = TRY(tuple_of(t, unpacked));
  return get_iter(t, only);
}

// --- ParamSpec.args and .kwargs
Ref part_of(Thread& t, Type* type, Value origin) {
  Ref self = TRY(allocate_instance(t, type));
  self.as<ParamSpecPart>()->origin.init(self.object(), origin);
  return self;
}
Ref get_args(Thread& t, Value self) { return part_of(t, g_paramspec_args_type, self); }
Ref get_kwargs(Thread& t, Value self) { return part_of(t, g_paramspec_kwargs_type, self); }

Ref args_new(Thread& t, Type* cls, Args args) {
  static const Signature& signature = parse_signature("(origin)");
  Value a[1];
  Ref keep;
  TRY(bind_arguments(t, signature, "paramspecargs", args, a, &keep));
  return part_of(t, cls, a[0]);
}
Ref kwargs_new(Thread& t, Type* cls, Args args) {
  static const Signature& signature = parse_signature("(origin)");
  Value a[1];
  Ref keep;
  TRY(bind_arguments(t, signature, "paramspeckwargs", args, a, &keep));
  return part_of(t, cls, a[0]);
}
Ref part_repr(Thread& t, Value self) {
  Ref origin = self.as<ParamSpecPart>()->origin.load();
  const char* suffix = type_of(self) == g_paramspec_args_type ? "args" : "kwargs";
  if (type_of(origin) == g_paramspec_type) return str_format(t, "%S.%s", variable(origin)->name.peek(), suffix);
  return str_format(t, "%R.%s", origin.get(), suffix);
}
Ref part_compare(Thread& t, Value a, Value b, CompareOp op) {
  if (type_of(a) != type_of(b) || (op != CompareOp::kEq && op != CompareOp::kNe)) return Ref::not_implemented();
  Ref x = a.as<ParamSpecPart>()->origin.load(), y = b.as<ParamSpecPart>()->origin.load();
  return compare(t, op, x, y);
}
Result<i64> part_hash(Thread& t, Value self) { return raise(t, exc::TypeError, "unhashable type: '%s'", type_of(self)->spec->name); }
Ref args_mro(Thread& t, Value, const Value*) { return raise(t, exc::TypeError, "Cannot subclass an instance of ParamSpecArgs"); }
Ref kwargs_mro(Thread& t, Value, const Value*) { return raise(t, exc::TypeError, "Cannot subclass an instance of ParamSpecKwargs"); }

// --- tables
constexpr Member kVariableMembers[] = {{"__name__", offsetof(TypeVariable, name)}, {}};

constexpr Method kTypeVarMethods[] = {
    method("__typing_subst__", typevar_subst, "($self, arg, /)"),
    method("__typing_prepare_subst__", typevar_prepare, "($self, alias, args, /)"),
    method("__reduce__", m_reduce, "($self, /)"),
    method("has_default", m_has_default, "($self, /)"),
    method("__mro_entries__", typevar_mro, "($self, object, /)"),
    {},
};
constexpr GetSet kTypeVarGetSets[] = {
    {"__bound__", get_bound},
    {"__constraints__", get_constraints},
    {"__default__", get_default},
    {"evaluate_bound", get_evaluate_bound},
    {"evaluate_constraints", get_evaluate_constraints},
    {"evaluate_default", get_evaluate_default},
    {"__covariant__", get_covariant},
    {"__contravariant__", get_contravariant},
    {"__infer_variance__", get_infer_variance},
    {},
};

constexpr Method kParamSpecMethods[] = {
    method("__typing_subst__", paramspec_subst, "($self, arg, /)"),
    method("__typing_prepare_subst__", paramspec_prepare, "($self, alias, args, /)"),
    method("__reduce__", m_reduce, "($self, /)"),
    method("has_default", m_has_default, "($self, /)"),
    method("__mro_entries__", paramspec_mro, "($self, object, /)"),
    {},
};
constexpr GetSet kParamSpecGetSets[] = {
    {"args", get_args, nullptr, "Represents positional arguments."},
    {"kwargs", get_kwargs, nullptr, "Represents keyword arguments."},
    {"__bound__", get_bound},
    {"__default__", get_default, nullptr, "The default value for this ParamSpec."},
    {"evaluate_default", get_evaluate_default},
    {"__covariant__", get_covariant},
    {"__contravariant__", get_contravariant},
    {"__infer_variance__", get_infer_variance},
    {},
};

constexpr Method kTypeVarTupleMethods[] = {
    method("__typing_subst__", typevartuple_subst, "($self, arg, /)"),
    method("__typing_prepare_subst__", typevartuple_prepare, "($self, alias, args, /)"),
    method("__reduce__", m_reduce, "($self, /)"),
    method("has_default", m_has_default, "($self, /)"),
    method("__mro_entries__", typevartuple_mro, "($self, object, /)"),
    {},
};
constexpr GetSet kTypeVarTupleGetSets[] = {
    {"__default__", get_default, nullptr, "The default value for this TypeVarTuple."},
    {"evaluate_default", get_evaluate_default},
    {},
};

constexpr u32 kVariableFlags = type_flag::kImmutable | type_flag::kHasDict | type_flag::kHasWeakref;
constexpr Layout kVariableLayout = {nullptr, sizeof(TypeVariable), 0, visit_variable, nullptr, nullptr, nullptr};
constexpr Layout kPartLayout = {nullptr, sizeof(ParamSpecPart), 0, visit_part, nullptr, nullptr, nullptr};

const TypeSpec kTypeVarSpec = {
    .name = "typing.TypeVar",
    .doc = "Type variable.\n\nMade by the type parameter syntax (def f[T: int = bool]) or by TypeVar('T', bound=int, default=bool).",
    .layout = kVariableLayout,
    .flags = kVariableFlags,
    .slots = {.repr = variable_repr, .new_ = typevar_new, .or_ = make_union},
    .methods = kTypeVarMethods,
    .getsets = kTypeVarGetSets,
    .members = kVariableMembers,
};
const TypeSpec kParamSpecSpec = {
    .name = "typing.ParamSpec",
    .doc = "Parameter specification variable.\n\nStands for the parameters of a callable; made by the syntax def f[**P] or by ParamSpec('P').",
    .layout = kVariableLayout,
    .flags = kVariableFlags,
    .slots = {.repr = variable_repr, .new_ = paramspec_new, .or_ = make_union},
    .methods = kParamSpecMethods,
    .getsets = kParamSpecGetSets,
    .members = kVariableMembers,
};
const TypeSpec kTypeVarTupleSpec = {
    .name = "typing.TypeVarTuple",
    .doc = "Type variable tuple. A specialized form of type variable that enables\nvariadic generics.\n\n"
           "Stands for any number of types; made by the syntax def f[*Ts] or by TypeVarTuple('Ts').",
    .layout = kVariableLayout,
    .flags = kVariableFlags,
    .slots = {.repr = typevartuple_repr, .iter = typevartuple_iter, .new_ = typevartuple_new},
    .methods = kTypeVarTupleMethods,
    .getsets = kTypeVarTupleGetSets,
    .members = kVariableMembers,
};

constexpr Member kPartMembers[] = {{"__origin__", offsetof(ParamSpecPart, origin)}, {}};
constexpr Method kArgsMethods[] = {method("__mro_entries__", args_mro, "($self, object, /)"), {}};
constexpr Method kKwargsMethods[] = {method("__mro_entries__", kwargs_mro, "($self, object, /)"), {}};
constexpr u32 kPartFlags = type_flag::kImmutable | type_flag::kHasWeakref;

const TypeSpec kArgsSpec = {
    .name = "typing.ParamSpecArgs",
    .doc = "The args for a ParamSpec object.\n\nGiven a ParamSpec object P, P.args is an instance of ParamSpecArgs.",
    .layout = kPartLayout,
    .flags = kPartFlags,
    .slots = {.repr = part_repr, .hash = part_hash, .compare = part_compare, .new_ = args_new},
    .methods = kArgsMethods,
    .members = kPartMembers,
};
const TypeSpec kKwargsSpec = {
    .name = "typing.ParamSpecKwargs",
    .doc = "The kwargs for a ParamSpec object.\n\nGiven a ParamSpec object P, P.kwargs is an instance of ParamSpecKwargs.",
    .layout = kPartLayout,
    .flags = kPartFlags,
    .slots = {.repr = part_repr, .hash = part_hash, .compare = part_compare, .new_ = kwargs_new},
    .methods = kKwargsMethods,
    .members = kPartMembers,
};

// Instances take attributes, but show no __dict__.
Status hide_dict(Thread& t, Type* type) {
  TRY(dict_delete_str(t, type->dict.as<Dict>(), names::__dict__));
  type_modified(t, type);
  return ok();
}

}  // namespace

bool is_type_parameter(Value v) {
  Type* type = type_of(v);
  return type == g_typevar_type || type == g_paramspec_type || type == g_typevartuple_type;
}

Result<bool> parameter_has_default(Thread& t, Value parameter) {
  if (!is_type_parameter(parameter)) return raise(t, exc::TypeError, "Expected a type param, got %R", parameter);
  Ref value = TRY(get_default(t, parameter));
  return !value.get().same_word(no_default());
}

Ref make_typevar(Thread& t, Value name, Value evaluate_bound, Value evaluate_constraints) {
  Ref self = TRY(make(t, g_typevar_type, name, {.infer = true}));
  auto* v = variable(self);
  if (!evaluate_bound.is_empty()) v->evaluate_bound.init(v, evaluate_bound);
  if (!evaluate_constraints.is_empty()) v->evaluate_constraints.init(v, evaluate_constraints);
  return self;
}
Ref make_paramspec(Thread& t, Value name) { return make(t, g_paramspec_type, name, {.infer = true}); }
Ref make_typevartuple(Thread& t, Value name) { return make(t, g_typevartuple_type, name, {}); }

Ref set_parameter_default(Thread&, Value parameter, Value evaluate_default) {
  auto* v = variable(parameter);
  v->evaluate_default.store(v, evaluate_default);
  return Ref::copy(parameter);
}

Status add_type_variables(Thread& t, Module* module) {
  TRY(module_add_type(t, module, kTypeVarSpec, &g_typevar_type));
  TRY(module_add_type(t, module, kParamSpecSpec, &g_paramspec_type));
  TRY(module_add_type(t, module, kTypeVarTupleSpec, &g_typevartuple_type));
  TRY(hide_dict(t, g_typevar_type));
  TRY(hide_dict(t, g_paramspec_type));
  TRY(hide_dict(t, g_typevartuple_type));
  TRY(module_add_type(t, module, kArgsSpec, &g_paramspec_args_type));
  return module_add_type(t, module, kKwargsSpec, &g_paramspec_kwargs_type);
}

}  // namespace typhon::typing
