// types.GenericAlias (list[int]) and typing.Union (int | str; types.UnionType is the same class since 3.14).
#include <vector>

#include "objects/container_util.h"
#include "objects/generic_alias.h"

#include "objects/protocol/protocol.h"
#include "objects/protocol/services.h"

namespace typhon {

Type* g_generic_alias_type;
Type* g_union_type;

namespace {

struct GenericAlias : Object {
  Field origin, args, parameters;  // parameters: computed on request
  bool starred;
};
struct Union : Object {
  Field args;             // tuple, duplicates removed
  Field parameters;       // computed on request
  Field unhashable;       // tuple of the members without a hash when it was made; EMPTY: none
};
struct AliasIterator : Object {
  Field alias;  // EMPTY when done
};
Type* g_alias_iterator_type;

GenericAlias* alias_of(Value v) { return v.as<GenericAlias>(); }
bool is_alias(Value v) { return is_instance_of(v, g_generic_alias_type); }
bool is_union(Value v) { return type_of(v) == g_union_type; }

void visit_alias(Object* self, Visitor& v) { v.fields(&static_cast<GenericAlias*>(self)->origin, 3); }
void visit_union(Object* self, Visitor& v) { v.fields(&static_cast<Union*>(self)->args, 3); }
void visit_iterator(Object* self, Visitor& v) { v.field(static_cast<AliasIterator*>(self)->alias); }

Str* name_of(Thread& t, const char* text) { return str_immortal(t, text); }

// --- type parameters
// A type variable for substitution: anything with __typing_subst__ that is no class.
Result<bool> is_type_variable(Thread& t, Value v) {
  if (is_type(v)) return false;
  Ref hook = TRY(get_attribute_or_empty(t, v, name_of(t, "__typing_subst__")));
  return !hook.is_empty();
}

Status append_unique(Thread& t, List* list, Value v) {
  for (size_t i = 0; i < list_size(list); i++) {
    Ref item = list_get(t, list, i);
    if (is_same(item, v)) return ok();
  }
  return list_append(t, list, v);
}

Status collect_parameters(Thread& t, Tuple* args, List* out) {
  for (u64 i = 0; i < args->size; i++) {
    Ref arg = args->items[i].load();
    if (is_type(arg)) continue;
    if (TRY(is_type_variable(t, arg))) {
      TRY(append_unique(t, out, arg));
      continue;
    }
    if (is_tuple(arg) || is_list(arg)) {
      TRY(enter_native(t));
      RefTo<Tuple> inner = TRY(to_tuple(t, arg));
      TRY(collect_parameters(t, inner.get(), out));
      continue;
    }
    Ref nested = TRY(get_attribute_or_empty(t, arg, names::__parameters__));
    if (!is_tuple(nested)) continue;
    auto* tuple = nested.as<Tuple>();
    for (u64 k = 0; k < tuple->size; k++) {
      Ref p = tuple->items[k].load();
      TRY(append_unique(t, out, p));
    }
  }
  return ok();
}

Ref parameters_of(Thread& t, Object* owner, Field& cache, Value args) {
  Ref cached = cache.load();
  if (!cached.is_empty()) return cached;
  RefTo<List> found = TRY(list_new(t));
  TRY(collect_parameters(t, args.as<Tuple>(), found.get()));
  RefTo<Tuple> tuple = TRY(list_to_tuple(t, found.get()));
  cache.store(owner, tuple.value());
  return tuple;
}

// Replaces the parameters in `args` by `values` (same length as `parameters`).
Ref substitute_one(Thread& t, Value arg, Tuple* parameters, Tuple* values, bool* unpack);

Ref substitute_all(Thread& t, Tuple* args, Tuple* parameters, Tuple* values) {
  RootedVector out(t);
  for (u64 i = 0; i < args->size; i++) {
    Ref arg = args->items[i].load();
    bool unpack = false;
    Ref made = TRY(substitute_one(t, arg, parameters, values, &unpack));
    if (unpack && !is_tuple(made)) return raise(t, exc::TypeError, "expected __typing_subst__ of %T objects to return a tuple, not %T", arg.get(), made.get());
    if (unpack) {
      for (u64 k = 0; k < made.as<Tuple>()->size; k++) out.push(made.as<Tuple>()->items[k].load());
    } else {
      out.push(std::move(made));
    }
  }
  return tuple_from(t, out.data(), out.size());
}

Ref substitute_one(Thread& t, Value arg, Tuple* parameters, Tuple* values, bool* unpack) {
  if (is_type(arg)) return Ref::copy(arg);
  TRY(enter_native(t));
  if (is_tuple(arg) || is_list(arg)) {
    RefTo<Tuple> inner = TRY(to_tuple(t, arg));
    Ref made = TRY(substitute_all(t, inner.get(), parameters, values));
    return is_list(arg) ? Ref(TRY(to_list(t, made)).release_ref()) : std::move(made);
  }
  // Unpack[Ts] becomes a tuple of values, for the caller to splice.
  Ref unpacked = TRY(get_attribute_or_empty(t, arg, name_of(t, "__typing_is_unpacked_typevartuple__")));
  *unpack = !unpacked.is_empty() && TRY(truth(t, unpacked));
  Ref hook = TRY(get_attribute_or_empty(t, arg, name_of(t, "__typing_subst__")));
  if (!hook.is_empty()) {
    for (u64 i = 0; i < parameters->size; i++)
      if (parameters->items[i].peek().same_word(arg)) {
        Ref value = values->items[i].load();
        return call_with(t, hook, value);
      }
    return raise(t, exc::TypeError, "argument %R with __typing_subst__ was not found in __parameters__", arg);
  }
  Ref nested = TRY(get_attribute_or_empty(t, arg, names::__parameters__));
  if (!is_tuple(nested) || nested.as<Tuple>()->size == 0) return Ref::copy(arg);
  RootedVector chosen(t);
  auto* own = nested.as<Tuple>();
  for (u64 i = 0; i < own->size; i++) {
    Value p = own->items[i].peek();
    Ref value = Ref::copy(p);
    for (u64 k = 0; k < parameters->size; k++)
      if (parameters->items[k].peek().same_word(p)) value = values->items[k].load();
    // The values of a TypeVarTuple (the only iterable type parameter).
    if (is_tuple(value) && type_of(p)->slots.iter != nullptr) {
      for (u64 k = 0; k < value.as<Tuple>()->size; k++) chosen.push(value.as<Tuple>()->items[k].load());
    } else {
      chosen.push(std::move(value));
    }
  }
  RefTo<Tuple> key = TRY(tuple_from(t, chosen.data(), chosen.size()));
  Ref made = TRY(get_item(t, arg, key));
  return made;
}

// Unpacked tuples of known length stand for their items.
RefTo<Tuple> splice_unpacked(Thread& t, Tuple* values) {
  RootedVector out(t);
  for (u64 i = 0; i < values->size; i++) {
    Ref value = values->items[i].load();
    Ref inner;
    if (!is_type(value)) inner = TRY(get_attribute_or_empty(t, value, names::__typing_unpacked_tuple_args__));
    auto* items = is_tuple(inner) ? inner.as<Tuple>() : nullptr;
    bool open_ended = items != nullptr && items->size > 0 && items->items[items->size - 1].peek().same_word(Ellipsis);
    if (items == nullptr || open_ended) {
      out.push(std::move(value));
      continue;
    }
    for (u64 k = 0; k < items->size; k++) out.push(items->items[k].load());
  }
  return tuple_from(t, out.data(), out.size());
}

// The values for the parameters of an alias subscripted with `item`, defaults and checks included.
Ref prepare_values(Thread& t, Value self, Tuple* parameters, Value item) {
  RefTo<Tuple> values = is_tuple(item) ? TRY(to_tuple(t, item)) : TRY(tuple_of(t, item));
  values = TRY(splice_unpacked(t, values.get()));
  for (u64 i = 0; i < parameters->size; i++) {
    Ref prepare = TRY(get_attribute_or_empty(t, parameters->items[i].peek(), name_of(t, "__typing_prepare_subst__")));
    if (prepare.is_empty() || prepare.get().is_none()) continue;
    Ref prepared = TRY(call_with(t, prepare, self, values));
    values = is_tuple(prepared) ? TRY(to_tuple(t, prepared)) : TRY(tuple_of(t, prepared));
  }
  if (values->size != parameters->size)
    return raise(t, exc::TypeError, "Too %s arguments for %R; actual %zd, expected %zd", values->size > parameters->size ? "many" : "few", self,
                 i64(values->size), i64(parameters->size));
  return values;
}

// --- GenericAlias
Ref alias_new(Thread& t, Type* cls, Value origin, Value args, bool starred) {
  Ref self = TRY(allocate_instance(t, cls));
  auto* alias = self.as<GenericAlias>();
  alias->origin.init(alias, origin);
  if (is_tuple(args))
    alias->args.init(alias, args);
  else
    alias->args.init(alias, TRY(tuple_of(t, args)));
  alias->starred = starred;
  return self;
}
Ref alias_new_slot(Thread& t, Type* cls, Args args) {
  if (args.keyword_count != 0) return raise(t, exc::TypeError, "GenericAlias() takes no keyword arguments");
  if (args.count != 2) return raise(t, exc::TypeError, "GenericAlias expected 2 arguments, got %d", int(args.count));
  return alias_new(t, cls, args[0], args[1], false);
}

Status append_type_repr(Thread& t, StrBuilder& out, Value v) {
  if (v.bits == Ellipsis.bits) {
    out.append_ascii("...");
    return ok();
  }
  if (v.same_word(types::none_type)) {
    out.append_ascii("None");
    return ok();
  }
  if (is_exact_list(v)) {
    out.append('[');
    for (u64 i = 0, n = list_size(v.as<List>()); i < n; i++) {
      if (i > 0) out.append_ascii(", ");
      TRY(enter_native(t));
      Ref item = list_get(t, v.as<List>(), i);
      if (item.is_empty()) return raise(t, exc::IndexError, "list index out of range");  // a repr() has shortened it
      TRY(append_type_repr(t, out, item));
    }
    out.append(']');
    return ok();
  }
  Ref origin = TRY(get_attribute_or_empty(t, v, names::__origin__));
  Ref args = TRY(get_attribute_or_empty(t, v, names::__args__));
  RefTo<Str> text;
  if (origin.is_empty() || args.is_empty()) {
    Ref qualname = TRY(get_attribute_or_empty(t, v, names::__qualname__)), module = TRY(get_attribute_or_empty(t, v, names::__module__));
    if (is_str(qualname) && !module.is_empty() && !module.get().is_none()) {
      if (is_str(module) && module.as<Str>()->equals_ascii("builtins"))
        text = RefTo<Str>::copy(qualname.as<Str>());
      else
        text = TRY(str_format(t, "%S.%S", module.get(), qualname.get()));
    }
  }
  if (text.is_empty()) text = TRY(object_repr(t, v));
  out.append(text.get());
  return ok();
}

Ref alias_repr(Thread& t, Value self) {
  auto* alias = alias_of(self);
  StrBuilder out;
  if (alias->starred) out.append('*');
  Ref origin = alias->origin.load(), args = alias->args.load();
  TRY(append_type_repr(t, out, origin));
  out.append('[');
  auto* tuple = args.as<Tuple>();
  for (u64 i = 0; i < tuple->size; i++) {
    if (i > 0) out.append_ascii(", ");
    TRY(append_type_repr(t, out, tuple->items[i].peek()));
  }
  if (tuple->size == 0) out.append_ascii("()");
  out.append(']');
  return out.finish(t);
}

Result<i64> alias_hash(Thread& t, Value self) {
  i64 a = TRY(object_hash(t, alias_of(self)->origin.peek())), b = TRY(object_hash(t, alias_of(self)->args.peek()));
  i64 h = a ^ b;
  return h == -1 ? -2 : h;
}

Ref alias_compare(Thread& t, Value a, Value b, CompareOp op) {
  if ((op != CompareOp::kEq && op != CompareOp::kNe) || !is_alias(a) || !is_alias(b)) return Ref::not_implemented();
  auto* x = alias_of(a);
  auto* y = alias_of(b);
  bool same = x->starred == y->starred && TRY(compare_bool(t, CompareOp::kEq, x->origin.peek(), y->origin.peek())) &&
              TRY(compare_bool(t, CompareOp::kEq, x->args.peek(), y->args.peek()));
  return Ref::boolean(same == (op == CompareOp::kEq));
}

Ref alias_call(Thread& t, Value self, Args args) {
  Ref origin = alias_of(self)->origin.load();
  Ref object = TRY(call(t, origin, args));
  Status status = set_attribute(t, object, names::__orig_class__, self);
  if (status.failed() && !clear_if(t, exc::AttributeError) && !clear_if(t, exc::TypeError)) return Raised{};
  return object;
}

// Attributes of the alias itself; all others are the origin's.
constexpr const char* kOwnAttributes[] = {"__class__",    "__origin__",     "__args__",       "__unpacked__", "__parameters__",
                                          "__reduce_ex__", "__mro_entries__", "__reduce__", "__typing_unpacked_tuple_args__"};
// Attributes that an alias does not have even when the origin has them.
constexpr const char* kBlockedAttributes[] = {"__bases__", "__copy__", "__deepcopy__"};
bool own_attribute(Str* name) {
  for (const char* text : kOwnAttributes)
    if (name->equals_ascii(text)) return true;
  for (const char* text : kBlockedAttributes)
    if (name->equals_ascii(text)) return true;
  return false;
}
Ref alias_getattribute(Thread& t, Value self, Str* name) {
  if (own_attribute(name)) return generic_get_attribute(t, self, name);
  // Subclasses (collections.abc.Callable's) may define attributes of their own.
  if (type_of(self) != g_generic_alias_type) {
    Value found = type_lookup(type_of(self), name);
    if (!found.is_empty() && !found.same_word(type_lookup(g_generic_alias_type, name))) return generic_get_attribute(t, self, name);
  }
  Ref origin = alias_of(self)->origin.load();
  return get_attribute(t, origin, name);
}

Ref get_parameters(Thread& t, Value self) {
  auto* alias = alias_of(self);
  Ref args = alias->args.load();
  return parameters_of(t, alias, alias->parameters, args);
}
Ref get_unpacked(Thread&, Value self) { return Ref::boolean(alias_of(self)->starred); }
Ref get_unpacked_args(Thread&, Value self) {
  auto* alias = alias_of(self);
  if (alias->starred && alias->origin.peek().same_word(types::tuple)) return alias->args.load();
  return Ref::none();
}

Ref alias_get_item(Thread& t, Value self, Value item) {
  auto* alias = alias_of(self);
  Ref parameters = TRY(get_parameters(t, self));
  if (parameters.as<Tuple>()->size == 0) return raise(t, exc::TypeError, "%R is not a generic class", self);
  Ref values = TRY(prepare_values(t, self, parameters.as<Tuple>(), item));
  Ref args = TRY(substitute_all(t, alias->args.as<Tuple>(), parameters.as<Tuple>(), values.as<Tuple>()));
  return alias_new(t, type_of(self), alias->origin.peek(), args, alias->starred);
}

Ref alias_or(Thread& t, Value a, Value b) { return union_or(t, a, b); }

Ref alias_iter(Thread& t, Value self) {
  Ref it = TRY(allocate_instance(t, g_alias_iterator_type));
  it.as<AliasIterator>()->alias.init(it.object(), self);
  return it;
}
// `*tuple[int]`: one starred copy.
Ref iterator_next(Thread& t, Value self) {
  Ref alias = self.as<AliasIterator>()->alias.take(self.object());
  if (alias.is_empty()) return alias;
  auto* a = alias_of(alias);
  return alias_new(t, g_generic_alias_type, a->origin.peek(), a->args.peek(), true);
}
Ref iterator_iter(Thread&, Value self) { return Ref::copy(self); }

Ref iterator_reduce(Thread& t, Value self, const Value*) {
  Ref iter = TRY(builtin_named(t, "iter"));
  Ref alias = self.as<AliasIterator>()->alias.load();
  RefTo<Tuple> only = TRY(tuple_of(t, alias.is_empty() ? Value(empty_tuple()) : alias.get()));
  return tuple_of(t, iter, only);
}
constexpr Method kIteratorMethods[] = {method("__reduce__", iterator_reduce, "($self, /)"), {}};

Ref alias_mro_entries(Thread& t, Value self, const Value*) {
  Ref origin = alias_of(self)->origin.load();
  return tuple_of(t, origin);
}
Ref alias_reduce(Thread& t, Value self, const Value*) {
  auto* alias = alias_of(self);
  Ref origin = alias->origin.load(), args = alias->args.load();
  RefTo<Tuple> pair = TRY(tuple_of(t, origin, args));
  if (alias->starred) {  // next(iter(alias))
    Ref plain = TRY(alias_new(t, g_generic_alias_type, origin, args, false));
    Ref iterator = TRY(alias_iter(t, plain));
    RefTo<Tuple> only = TRY(tuple_of(t, iterator));
    return tuple_of(t, TRY(builtin_named(t, "next")), only);
  }
  return tuple_of(t, Value(g_generic_alias_type), pair);
}
Ref alias_instancecheck(Thread& t, Value, const Value*) { return raise(t, exc::TypeError, "isinstance() argument 2 cannot be a parameterized generic"); }
Ref alias_subclasscheck(Thread& t, Value, const Value*) { return raise(t, exc::TypeError, "issubclass() argument 2 cannot be a parameterized generic"); }
Ref alias_dir(Thread& t, Value self, const Value*) {
  Ref origin = alias_of(self)->origin.load();
  Ref found = TRY(object_dir(t, origin));
  RefTo<List> all = TRY(to_list(t, found));
  for (const char* name : kOwnAttributes) {
    Str* own = str_immortal(t, name);
    if (!TRY(contains(t, all, own))) TRY(list_append(t, all.get(), own));
  }
  return all;
}

constexpr Method kAliasMethods[] = {
    method("__mro_entries__", alias_mro_entries, "($self, bases, /)"),
    method("__instancecheck__", alias_instancecheck, "($self, instance, /)"),
    method("__subclasscheck__", alias_subclasscheck, "($self, cls, /)"),
    method("__reduce__", alias_reduce, "($self, /)"),
    method("__dir__", alias_dir, "($self, /)"),
    {},
};
constexpr GetSet kAliasGetSets[] = {{"__parameters__", get_parameters, nullptr, "Type variables in the GenericAlias."},
                                    {"__unpacked__", get_unpacked},
                                    {"__typing_unpacked_tuple_args__", get_unpacked_args},
                                    {}};
constexpr Member kAliasMembers[] = {{"__origin__", offsetof(GenericAlias, origin)}, {"__args__", offsetof(GenericAlias, args)}, {}};

const TypeSpec kAliasSpec = {
    .name = "types.GenericAlias",
    .doc = "Represent a PEP 585 generic type\n\nE.g. for t = list[int], t.__origin__ is list and t.__args__ is (int,).",
    .layout = {"GenericAlias", sizeof(GenericAlias), 0, visit_alias, nullptr, nullptr, nullptr, dispose_fields<offsetof(GenericAlias, origin), 3>},
    .flags = type_flag::kBaseType | type_flag::kHasWeakref | type_flag::kImmutable,
    .slots = {.repr = alias_repr,
              .hash = alias_hash,
              .call = alias_call,
              .getattribute = alias_getattribute,
              .compare = alias_compare,
              .iter = alias_iter,
              .new_ = alias_new_slot,
              .or_ = alias_or,
              .get_item = alias_get_item},
    .methods = kAliasMethods,
    .getsets = kAliasGetSets,
    .members = kAliasMembers,
};
const TypeSpec kIteratorSpec = {
    .name = "generic_alias_iterator",
    .layout = {"generic_alias_iterator", sizeof(AliasIterator), 0, visit_iterator, nullptr, nullptr, nullptr},
    .flags = type_flag::kDisallowInstantiation,
    .slots = {.iter = iterator_iter, .next = iterator_next},
    .methods = kIteratorMethods,
};

// --- Union
Result<bool> unionable(Thread& t, Value v) {
  if (v.is_none() || is_type(v) || is_alias(v) || is_union(v)) return true;
  if (is_str(v)) return false;
  return strcmp(type_of(v)->name_utf8(), "typing.TypeAliasType") == 0;
}

// Collects the members of a union: each once, told apart by hash and equality, or by equality alone where there is no hash.
class Members {
 public:
  explicit Members(Thread& t) : t_(t) {}
  Status begin() {
    hashable_ = TRY(list_new(t_));
    unhashable_ = TRY(list_new(t_));
    all_ = TRY(list_new(t_));
    return ok();
  }
  Status add(Value v) {
    if (is_union(v)) {
      Ref args = v.as<Union>()->args.load();
      for (u64 i = 0; i < args.as<Tuple>()->size; i++) TRY(add(args.as<Tuple>()->items[i].peek()));
      return ok();
    }
    Value member = v.is_none() ? Value(types::none_type) : v;
    bool plain = is_type(member) && type_of(member) == types::type;  // nothing but itself is equal to it
    auto hash = object_hash(t_, member);
    bool has_hash = !hash.failed();
    if (!has_hash && !clear_if(t_, exc::TypeError)) return Raised{};
    List* peers = has_hash ? hashable_.get() : unhashable_.get();
    for (size_t i = 0; i < list_size(peers); i++) {
      Ref item = list_get(t_, peers, i);
      if (is_same(item, member)) return ok();
      if (plain && is_type(item) && type_of(item) == types::type) continue;
      if (has_hash && hashes_[i] != hash.get()) continue;
      if (TRY(compare_bool(t_, CompareOp::kEq, item, member))) return ok();
    }
    if (has_hash) hashes_.push_back(hash.get());
    TRY(list_append(t_, peers, member));
    return list_append(t_, all_.get(), member);
  }
  Ref finish() {
    if (list_size(all_.get()) == 1) return list_get(t_, all_.get(), 0);
    Ref self = TRY(allocate_instance(t_, g_union_type));
    self.as<Union>()->args.init(self.object(), TRY(list_to_tuple(t_, all_.get())));
    if (list_size(unhashable_.get()) != 0)
      self.as<Union>()->unhashable.init(self.object(), TRY(list_to_tuple(t_, unhashable_.get())));
    return self;
  }

 private:
  Thread& t_;
  RefTo<List> hashable_, unhashable_, all_;
  std::vector<i64> hashes_;
};

Ref union_repr(Thread& t, Value self) {
  StrBuilder out;
  Ref args = self.as<Union>()->args.load();
  for (u64 i = 0; i < args.as<Tuple>()->size; i++) {
    if (i > 0) out.append_ascii(" | ");
    Value v = args.as<Tuple>()->items[i].peek();
    TRY(append_type_repr(t, out, v));
  }
  return out.finish(t);
}
Result<i64> union_hash(Thread& t, Value self) {
  Ref args = self.as<Union>()->args.load();
  Ref unhashable = self.as<Union>()->unhashable.load();
  if (!unhashable.is_empty()) {
    u64 n = unhashable.as<Tuple>()->size;
    for (u64 i = 0; i < n; i++) TRY(object_hash(t, unhashable.as<Tuple>()->items[i].peek()));
    return raise(t, exc::TypeError, n == 1 ? "union contains %zd unhashable element" : "union contains %zd unhashable elements", i64(n));
  }
  Ref set = TRY(set_from_py(t, args, true));
  return object_hash(t, set);
}
Ref union_compare(Thread& t, Value a, Value b, CompareOp op) {
  if ((op != CompareOp::kEq && op != CompareOp::kNe) || !is_union(a) || !is_union(b)) return Ref::not_implemented();
  // The members need not be hashable, and their order does not matter.
  Ref x = a.as<Union>()->args.load(), y = b.as<Union>()->args.load();
  bool same = x.as<Tuple>()->size == y.as<Tuple>()->size;
  for (u64 i = 0; same && i < x.as<Tuple>()->size; i++) same = TRY(contains(t, y, x.as<Tuple>()->items[i].peek()));
  return Ref::boolean(same == (op == CompareOp::kEq));
}
Ref union_get_parameters(Thread& t, Value self) {
  auto* u = self.as<Union>();
  Ref args = u->args.load();
  return parameters_of(t, u, u->parameters, args);
}
Ref union_get_item(Thread& t, Value self, Value item) {
  Ref parameters = TRY(union_get_parameters(t, self));
  if (parameters.as<Tuple>()->size == 0) return raise(t, exc::TypeError, "%R is not a generic class", self);
  Ref values = TRY(prepare_values(t, self, parameters.as<Tuple>(), item));
  Ref args = TRY(substitute_all(t, self.as<Union>()->args.as<Tuple>(), parameters.as<Tuple>(), values.as<Tuple>()));
  return union_from(t, args);
}
Ref union_instancecheck(Thread& t, Value self, const Value* a) {
  Ref args = self.as<Union>()->args.load();
  for (u64 i = 0; i < args.as<Tuple>()->size; i++)
    if (TRY(is_instance(t, a[0], args.as<Tuple>()->items[i].peek()))) return Ref::boolean(true);
  return Ref::boolean(false);
}
Ref union_subclasscheck(Thread& t, Value self, const Value* a) {
  Ref args = self.as<Union>()->args.load();
  if (!is_type(a[0])) return raise(t, exc::TypeError, "issubclass() arg 1 must be a class");
  for (u64 i = 0; i < args.as<Tuple>()->size; i++)
    if (TRY(is_subclass(t, a[0], args.as<Tuple>()->items[i].peek()))) return Ref::boolean(true);
  return Ref::boolean(false);
}
// What typing takes for a type: strings become forward references, what is no type raises.
Ref checked_member(Thread& t, Value v) {
  if (v.is_none() || is_alias(v) || is_union(v) || (is_type(v) && type_of(v) == types::type)) return Ref::copy(v);
  Ref module = TRY(import_module(t, "typing"));
  Ref check = TRY(get_attribute_utf8(t, module, "_type_check"));
  RefTo<Str> message = TRY(str_from_ascii(t, "Union[arg, ...]: each arg must be a type."));
  return call_with(t, check, v, message);
}
Ref union_class_getitem(Thread& t, Value, const Value* a) {
  RefTo<Tuple> members = is_tuple(a[0]) ? TRY(to_tuple(t, a[0])) : TRY(tuple_of(t, a[0]));
  if (members->size == 0) return raise(t, exc::TypeError, "Cannot take a Union of no types.");
  RootedVector checked(t);
  for (u64 i = 0; i < members->size; i++) checked.push(TRY(checked_member(t, members->items[i].peek())));
  members = TRY(tuple_from(t, checked.data(), checked.size()));
  return union_from(t, members);
}
Ref union_mro_entries(Thread& t, Value self, const Value*) { return raise(t, exc::TypeError, "Cannot subclass %R", self); }
Ref union_origin(Thread&, Value) { return Ref::copy(g_union_type); }
Ref union_name(Thread& t, Value) { return str_from_ascii(t, "Union"); }
// With a union on one side, the other may be anything that Union[...] takes.
Ref union_or_slot(Thread& t, Value a, Value b) {
  RefTo<Tuple> both = TRY(tuple_of(t, a, b));
  Value item = both;
  return union_class_getitem(t, EMPTY, &item);
}

constexpr Method kUnionMethods[] = {
    method("__instancecheck__", union_instancecheck, "($self, instance, /)"),
    method("__subclasscheck__", union_subclasscheck, "($self, cls, /)"),
    method("__mro_entries__", union_mro_entries, "($self, bases, /)"),
    class_method("__class_getitem__", union_class_getitem, "($type, object, /)", "See PEP 585"),
    {},
};
constexpr GetSet kUnionGetSets[] = {{"__parameters__", union_get_parameters}, {"__origin__", union_origin}, {"__name__", union_name},
                                    {"__qualname__", union_name}, {}};
constexpr Member kUnionMembers[] = {{"__args__", offsetof(Union, args)}, {}};
const TypeSpec kUnionSpec = {
    .name = "typing.Union",
    .doc = "Represent a union type\n\nE.g. for int | str",
    .layout = {"Union", sizeof(Union), 0, visit_union, nullptr, nullptr, nullptr},
    .flags = type_flag::kDisallowInstantiation | type_flag::kHasWeakref | type_flag::kImmutable,
    .slots = {.repr = union_repr, .hash = union_hash, .compare = union_compare, .or_ = union_or_slot, .get_item = union_get_item},
    .methods = kUnionMethods,
    .getsets = kUnionGetSets,
    .members = kUnionMembers,
};

}  // namespace

Ref generic_alias_new(Thread& t, Value origin, Value args) { return alias_new(t, g_generic_alias_type, origin, args, false); }

Ref union_or(Thread& t, Value a, Value b) {
  if (!TRY(unionable(t, a)) || !TRY(unionable(t, b))) return Ref::not_implemented();
  Members members(t);
  TRY(members.begin());
  TRY(members.add(a));
  TRY(members.add(b));
  return members.finish();
}

Ref union_from(Thread& t, Value tuple) {
  Members members(t);
  TRY(members.begin());
  for (u64 i = 0; i < tuple.as<Tuple>()->size; i++) TRY(members.add(tuple.as<Tuple>()->items[i].peek()));
  return members.finish();
}

Status initialise_generic_alias(Thread& t) {
  g_union_hook = union_or;
  TRY(make_static_type(t, kAliasSpec, &g_generic_alias_type));
  TRY(make_static_type(t, kIteratorSpec, &g_alias_iterator_type));
  return make_static_type(t, kUnionSpec, &g_union_type);
}

}  // namespace typhon
