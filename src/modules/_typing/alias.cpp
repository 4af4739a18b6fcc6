// TypeAliasType: what the `type` statement makes. The value is evaluated when it is first asked for.
#include "modules/_typing/typing.h"
#include "objects/generic_alias.h"

namespace typhon::typing {

Type* g_type_alias_type;

namespace {

struct TypeAlias : Object {
  Field name;
  Field type_params;    // tuple or EMPTY
  Field value;          // EMPTY: not evaluated yet
  Field compute_value;  // EMPTY when made by a call
  Field module;         // EMPTY: that of compute_value
};
TypeAlias* alias_of(Value v) { return v.as<TypeAlias>(); }
void visit_alias(Object* self, Visitor& v) { v.fields(&static_cast<TypeAlias*>(self)->name, 5); }

Status check_type_params(Thread& t, Tuple* parameters) {
  bool default_seen = false;
  for (u64 i = 0; i < parameters->size; i++) {
    Ref parameter = parameters->items[i].load();
    if (TRY(parameter_has_default(t, parameter)))
      default_seen = true;
    else if (default_seen)
      return raise(t, exc::TypeError, "non-default type parameter '%R' follows default type parameter", parameter.get());
  }
  return ok();
}

Ref alias_new(Thread& t, Type* cls, Args args) {
  static const Signature& signature = parse_signature("(name, value, *, type_params=<unrepresentable>)");
  Value a[3];
  Ref keep;
  TRY(bind_arguments(t, signature, "typealias", args, a, &keep));
  if (!is_str(a[0])) return raise(t, exc::TypeError, "typealias() argument 'name' must be str, not %T", a[0]);
  if (!a[2].is_empty()) {
    if (!is_tuple(a[2])) return raise(t, exc::TypeError, "type_params must be a tuple");
    TRY(check_type_params(t, a[2].as<Tuple>()));
  }
  Ref module = TRY(caller_module(t));
  Ref self = TRY(allocate_instance(t, cls));
  auto* alias = alias_of(self);
  alias->name.init(alias, a[0]);
  if (!a[2].is_empty() && a[2].as<Tuple>()->size > 0) alias->type_params.init(alias, a[2]);
  alias->value.init(alias, a[1]);
  if (!module.is_empty()) alias->module.init(alias, std::move(module));
  return self;
}

Ref alias_repr(Thread&, Value self) { return alias_of(self)->name.load(); }

Ref get_value(Thread& t, Value self) {
  auto* alias = alias_of(self);
  Ref value = alias->value.load();
  if (!value.is_empty()) return value;
  Ref compute = alias->compute_value.load();
  value = TRY(evaluate(t, compute));
  alias->value.store(alias, value.get());
  return value;
}
Ref get_evaluate_value(Thread& t, Value self) {
  auto* alias = alias_of(self);
  Ref compute = alias->compute_value.load();
  if (!compute.is_empty()) return compute;
  Ref value = alias->value.load();
  return const_evaluator(t, value);
}
Ref get_type_params(Thread&, Value self) {
  Ref parameters = alias_of(self)->type_params.load();
  return parameters.is_empty() ? Ref::copy(empty_tuple()) : std::move(parameters);
}
Ref get_parameters(Thread& t, Value self) {
  Ref parameters = TRY(get_type_params(t, self));
  return unpack_typevartuples(t, parameters);
}
Ref get_module(Thread& t, Value self) {
  auto* alias = alias_of(self);
  Ref module = alias->module.load();
  if (!module.is_empty()) return module;
  Ref compute = alias->compute_value.load();
  if (is_function(compute)) return get_attribute(t, compute, names::__module__);
  return Ref::none();
}

Ref alias_get_item(Thread& t, Value self, Value item) {
  if (alias_of(self)->type_params.is_empty()) return raise(t, exc::TypeError, "Only generic type aliases are subscriptable");
  return generic_alias_new(t, self, item);
}
Ref alias_iter(Thread& t, Value self) {
  Ref unpacked = TRY(unpack(t, self));
  RefTo<Tuple> only = TRY(tuple_of(t, unpacked));
  return get_iter(t, only);
}
Ref alias_reduce(Thread&, Value self, const Value*) { return alias_of(self)->name.load(); }

constexpr Method kMethods[] = {method("__reduce__", alias_reduce, "($self, /)"), {}};
constexpr GetSet kGetSets[] = {
    {"__value__", get_value},   {"evaluate_value", get_evaluate_value}, {"__type_params__", get_type_params},
    {"__parameters__", get_parameters}, {"__module__", get_module},     {},
};
constexpr Member kMembers[] = {{"__name__", offsetof(TypeAlias, name)}, {}};

const TypeSpec kTypeAliasSpec = {
    .name = "typing.TypeAliasType",
    .doc = "Type alias.\n\nMade by the type statement; the value is evaluated when __value__ is first accessed.",
    .layout = {"TypeAliasType", sizeof(TypeAlias), 0, visit_alias, nullptr, nullptr, nullptr},
    .flags = type_flag::kImmutable,
    .slots = {.repr = alias_repr, .iter = alias_iter, .new_ = alias_new, .or_ = make_union, .get_item = alias_get_item},
    .methods = kMethods,
    .getsets = kGetSets,
    .members = kMembers,
};

}  // namespace

Ref unpack_typevartuples(Thread& t, Value parameters) {
  auto* all = parameters.as<Tuple>();
  bool found = false;
  for (u64 i = 0; i < all->size; i++) found = found || type_of(all->items[i].peek()) == g_typevartuple_type;
  if (!found) return Ref::copy(parameters);
  RootedVector out(t);
  for (u64 i = 0; i < all->size; i++) {
    Ref item = all->items[i].load();
    if (type_of(item) == g_typevartuple_type) item = TRY(unpack(t, item));
    out.push(std::move(item));
  }
  return tuple_from(t, out.data(), out.size());
}

Ref make_type_alias(Thread& t, Value name, Value type_params, Value compute_value) {
  Ref self = TRY(allocate_instance(t, g_type_alias_type));
  auto* alias = alias_of(self);
  alias->name.init(alias, name);
  if (is_tuple(type_params) && type_params.as<Tuple>()->size > 0) alias->type_params.init(alias, type_params);
  alias->compute_value.init(alias, compute_value);
  return self;
}

Status add_type_alias(Thread& t, Module* module) { return module_add_type(t, module, kTypeAliasSpec, &g_type_alias_type); }

}  // namespace typhon::typing
