// _contextvars: Context, ContextVar, Token.
//
// The variables of a context are a dict, which copies of the context share until one of them sets something: then that
// one goes on with a dict of its own.
#include "modules/_contextvars.h"

#include "objects/container_util.h"

namespace typhon {

Type *g_context_type, *g_context_var_type, *g_context_token_type;

namespace {

struct ContextVar : Object {
  Field name;
  Field default_value;  // or EMPTY
};
struct Context : Object {
  Field variables;  // dict from ContextVar to value, or EMPTY
  u64 version;      // a number that no other state of any context has
  bool shared;      // other contexts have the same dict
  u8 entered;       // some thread runs in it
};
struct Token : Object {
  Field context, variable;
  Field old_value;  // EMPTY: there was none
  u8 used;
};

// What iterating over a context gives: the items that were there when it began.
struct SnapshotIterator : Object {
  Field iterator;
};

Type *g_missing_type, *g_keys_type, *g_values_type, *g_items_type;
GlobalRoot g_missing;  // Token.MISSING

void var_visit(Object* self, Visitor& visitor) {
  visitor.field(static_cast<ContextVar*>(self)->name);
  visitor.field(static_cast<ContextVar*>(self)->default_value);
}
void context_visit(Object* self, Visitor& visitor) { visitor.field(static_cast<Context*>(self)->variables); }
void snapshot_visit(Object* self, Visitor& visitor) { visitor.field(static_cast<SnapshotIterator*>(self)->iterator); }
void token_visit(Object* self, Visitor& visitor) { visitor.fields(&static_cast<Token*>(self)->context, 3); }

// Handed out in blocks, so that threads do not write one counter for each change.
u64 next_version() {
  constexpr u64 kBlock = 4096;
  static u64 handed_out = 0;
  thread_local u64 last = 0, end = 0;
  if (last == end) {
    last = __atomic_fetch_add(&handed_out, kBlock, __ATOMIC_RELAXED);
    end = last + kBlock;
  }
  return ++last;
}
void new_version(Context* c) { __atomic_store_n(&c->version, next_version(), __ATOMIC_RELAXED); }

Ref context_new_empty(Thread& t) {
  Ref made = Ref::adopt(Value(allocate_native<Context>(t, g_context_type)));
  if (!made.failed()) new_version(made.as<Context>());
  return made;
}

// --- variables
Ref lookup(Thread& t, Context* c, Value variable) {
  Ref variables = c->variables.load();
  if (variables.is_empty()) return Ref();
  return dict_get_py(t, variables.as<Dict>(), variable);
}

// Sets, or with EMPTY removes.
Status change(Thread& t, Dict* variables, Value variable, Value value) {
  if (!value.is_empty()) return dict_set_py(t, variables, variable, value);
  if (!TRY(dict_delete_py(t, variables, variable))) return raise_value(t, exc::LookupError, variable);
  return ok();
}

// The caller holds the value that the variable has so far: whoever was told of it may look at it until the version changes.
Status assign(Thread& t, Context* c, Value variable, Value value) {
  for (;;) {
    Ref seen;
    bool shared;
    {
      ObjectLock lock(t, c);
      seen = c->variables.load();
      shared = c->shared;
    }
    if (!seen.is_empty() && !shared) {
      Status changed = change(t, seen.as<Dict>(), variable, value);
      new_version(c);
      return changed;
    }
    RefTo<Dict> own = TRY(seen.is_empty() ? dict_new(t) : dict_copy(t, seen.as<Dict>()));
    TRY(change(t, own.get(), variable, value));
    publish_for(c, own.value());
    Value old = EMPTY;
    bool stored = false;
    {
      ObjectLock lock(t, c);
      if (c->variables.peek().same_word(seen)) {
        old = c->variables.exchange(c, own.value());
        c->shared = false;
        stored = true;
      }
    }
    new_version(c);
    Field::release_heap(old);
    if (stored) return ok();
  }
}

Ref copy_of(Thread& t, Context* c) {
  Ref result = TRY(context_new_empty(t));
  auto* copy = result.as<Context>();
  Ref variables;
  {
    ObjectLock lock(t, c);
    variables = c->variables.load();
    c->shared = true;
  }
  if (!variables.is_empty()) copy->variables.init(copy, std::move(variables));
  copy->shared = true;
  return result;
}

// --- ContextVar

Ref var_new(Thread& t, Type* cls, Args args) {
  static const Signature& signature = parse_signature("(name, /, *, default=<unrepresentable>)");
  if (args.count == 0) return raise(t, exc::TypeError, "ContextVar() takes exactly 1 positional argument (0 given)");
  if (args.count > 1)
    return raise(t, exc::TypeError, "ContextVar() takes at most 1 positional argument (%d given)", int(args.count));
  Value a[2];
  Ref keep;
  TRY(bind_arguments(t, signature, "ContextVar", args, a, &keep));
  if (!is_str(a[0])) return raise(t, exc::TypeError, "context variable name must be a str");
  TRY(object_hash(t, a[0]));
  Ref self = TRY(allocate_instance(t, cls));
  auto* v = self.as<ContextVar>();
  v->name.init(v, a[0]);
  if (!a[1].is_empty()) v->default_value.init(v, a[1]);
  return self;
}

Ref var_repr(Thread& t, Value self) {
  auto* v = self.as<ContextVar>();
  Ref name = v->name.load(), fallback = v->default_value.load();
  u64 id = object_id(t, self);
  if (fallback.is_empty()) return str_format(t, "<ContextVar name=%R at 0x%x>", name.get(), id);
  return str_format(t, "<ContextVar name=%R default=%R at 0x%x>", name.get(), fallback.get(), id);
}

Ref m_var_get(Thread& t, Value self, const Value* a) {
  Ref value = TRY(context_var_get(t, self, a[0]));
  if (value.is_empty()) return raise_value(t, exc::LookupError, self);
  return value;
}
Ref m_var_set(Thread& t, Value self, const Value* a) { return context_var_set(t, self, a[0]); }

Status reset(Thread& t, Value variable, Value token) {
  if (type_of(token) != g_context_token_type)
    return raise(t, exc::TypeError, "expected an instance of Token, got %R", token);
  auto* k = token.as<Token>();
  if (__atomic_load_n(&k->used, __ATOMIC_RELAXED))
    return raise(t, exc::RuntimeError, "%R has already been used once", token);
  if (!k->variable.peek().same_word(variable))
    return raise(t, exc::ValueError, "%R was created by a different ContextVar", token);
  Ref context = TRY(current_context(t));
  if (!k->context.peek().same_word(context))
    return raise(t, exc::ValueError, "%R was created in a different Context", token);
  if (__atomic_exchange_n(&k->used, 1, __ATOMIC_RELAXED))
    return raise(t, exc::RuntimeError, "%R has already been used once", token);
  Ref old = k->old_value.load(), now = TRY(lookup(t, context.as<Context>(), variable));
  return assign(t, context.as<Context>(), variable, old);
}
Ref m_var_reset(Thread& t, Value self, const Value* a) {
  TRY(reset(t, self, a[0]));
  return Ref::none();
}

// --- Token
Ref token_new(Thread& t, Type*, Args) {
  return raise(t, exc::RuntimeError, "Tokens can only be created by ContextVars");
}
Ref token_repr(Thread& t, Value self) {
  auto* k = self.as<Token>();
  Ref variable = k->variable.load();
  const char* used = __atomic_load_n(&k->used, __ATOMIC_RELAXED) ? " used" : "";
  return str_format(t, "<Token%s var=%R at 0x%x>", used, variable.get(), object_id(t, self));
}
// Compares by identity; that there is a comparison makes tokens unhashable.
Ref token_compare(Thread&, Value, Value, CompareOp) { return Ref::not_implemented(); }
Ref token_var(Thread&, Value self) { return self.as<Token>()->variable.load(); }
Ref token_old_value(Thread&, Value self) {
  Ref old = self.as<Token>()->old_value.load();
  return old.is_empty() ? Ref::copy(g_missing.get()) : std::move(old);
}
Ref m_token_enter(Thread&, Value self, const Value*) { return Ref::copy(self); }
Ref m_token_exit(Thread& t, Value self, const Value*) {
  Ref variable = self.as<Token>()->variable.load();
  TRY(reset(t, variable, self));
  return Ref::none();
}
Ref missing_repr(Thread& t, Value) { return str_from_ascii(t, "<Token.MISSING>"); }

// --- Context
Context* context_of(Value v) { return v.as<Context>(); }

Ref context_new(Thread& t, Type* cls, Args args) {
  if (args.count + args.keyword_count != 0) return raise(t, exc::TypeError, "Context() does not accept any arguments");
  return context_new_empty(t);
}

Status check_key(Thread& t, Value key) {
  if (type_of(key) == g_context_var_type) return ok();
  return raise(t, exc::TypeError, "a ContextVar key was expected, got %R", key);
}

Result<i64> context_length(Thread&, Value self) {
  Ref variables = context_of(self)->variables.load();
  return variables.is_empty() ? 0 : i64(dict_size(variables.as<Dict>()));
}
Ref context_get_item(Thread& t, Value self, Value key) {
  TRY(check_key(t, key));
  Ref value = TRY(lookup(t, context_of(self), key));
  if (value.is_empty()) return raise_key_error(t, key);
  return value;
}
Result<bool> context_contains(Thread& t, Value self, Value key) {
  TRY(check_key(t, key));
  Ref value = TRY(lookup(t, context_of(self), key));
  return !value.is_empty();
}
Ref context_compare(Thread& t, Value self, Value other, CompareOp op) {
  if (type_of(other) != g_context_type || (op != CompareOp::kEq && op != CompareOp::kNe)) return Ref::not_implemented();
  Ref mine = context_of(self)->variables.load(), theirs = context_of(other)->variables.load();
  bool same;
  if (mine.is_empty() || theirs.is_empty()) {
    const Ref& given = mine.is_empty() ? theirs : mine;
    same = given.is_empty() || dict_size(given.as<Dict>()) == 0;
  } else {
    same = TRY(compare_bool(t, CompareOp::kEq, mine, theirs));
  }
  return Ref::boolean(same == (op == CompareOp::kEq));
}

// Iteration goes over what is there now.
Ref iterate(Thread& t, Value self, Type* type, RefTo<List> (*list_of)(Thread&, Dict*)) {
  Ref variables = context_of(self)->variables.load();
  RefTo<List> list = TRY(variables.is_empty() ? list_new(t) : list_of(t, variables.as<Dict>()));
  Ref iterator = TRY(get_iter(t, list));
  auto* snapshot = allocate_native<SnapshotIterator>(t, type);
  Ref result = Ref::adopt(Value(snapshot));
  snapshot->iterator.init(snapshot, std::move(iterator));
  return result;
}
Ref snapshot_next(Thread& t, Value self) {
  Ref iterator = self.as<SnapshotIterator>()->iterator.load();
  return iter_next(t, iterator);
}
Ref context_iter(Thread& t, Value self) { return iterate(t, self, g_keys_type, dict_keys_list); }
Ref m_keys(Thread& t, Value self, const Value*) { return iterate(t, self, g_keys_type, dict_keys_list); }
Ref m_values(Thread& t, Value self, const Value*) { return iterate(t, self, g_values_type, dict_values_list); }
Ref m_items(Thread& t, Value self, const Value*) { return iterate(t, self, g_items_type, dict_items_list); }

Ref m_get(Thread& t, Value self, const Value* a) {
  TRY(check_key(t, a[0]));
  Ref value = TRY(lookup(t, context_of(self), a[0]));
  if (!value.is_empty()) return value;
  return a[1].is_empty() ? Ref::none() : Ref::copy(a[1]);
}
Ref m_copy(Thread& t, Value self, const Value*) { return copy_of(t, context_of(self)); }
Ref m_run(Thread& t, Value self, Args args) {
  if (args.count < 1) return raise(t, exc::TypeError, "run() missing 1 required positional argument");
  return context_run(t, self, args[0], args.without_first());
}

const Method kVarMethods[] = {
    method(
        "get", m_var_get, "($self, default=<unrepresentable>, /)",
        "Return a value for the context variable for the current context.\n\nIf there is no value for the variable in "
        "the current context, the\nmethod will:\n * return the value of the default argument of the method, if\n   "
        "provided; or\n * return the default value for the context variable, if it was\n   created with one; or\n * "
        "raise a LookupError."),
    method("set", m_var_set, "($self, value, /)",
           "Call to set a new value for the context variable in the current context.\n\nThe required value argument is "
           "the "
           "new value for the context\nvariable.\n\nReturns a Token object that can be used to restore the variable "
           "to\nits previous value via the `ContextVar.reset()` method."),
    method(
        "reset", m_var_reset, "($self, token, /)",
        "Reset the context variable.\n\nThe variable is reset to the value it had before the\n`ContextVar.set()` that "
        "created the token was used."),
    class_method("__class_getitem__", class_getitem, "($type, object, /)",
                 "ContextVars are generic over the type of their contained values"),
    {},
};
const Member kVarMembers[] = {{"name", offsetof(ContextVar, name), false}, {}};

const Method kTokenMethods[] = {
    class_method("__class_getitem__", class_getitem, "($type, object, /)",
                 "Tokens are generic over the same type as the ContextVar which created them."),
    method("__enter__", m_token_enter, "($self, /)", "Enter into Token context manager."),
    method("__exit__", m_token_exit, "($self, type, val, tb, /)",
           "Exit from Token context manager, restore the linked ContextVar."),
    {},
};
const GetSet kTokenGetSets[] = {{"var", token_var}, {"old_value", token_old_value}, {}};

const Method kContextMethods[] = {
    method(
        "get", m_get, "($self, key, default=None, /)",
        "Return the value for `key` if `key` has the value in the context object.\n\nIf `key` does not exist, return "
        "`default`.  If `default` is not\ngiven, return None."),
    method(
        "items", m_items, "($self, /)",
        "Return all variables and their values in the context object.\n\nThe result is returned as a list of 2-tuples "
        "(variable, value)."),
    method("keys", m_keys, "($self, /)", "Return a list of all variables in the context object."),
    method("values", m_values, "($self, /)", "Return a list of all variables' values in the context object."),
    method("copy", m_copy, "($self, /)", "Return a shallow copy of the context object."),
    raw_method("run", m_run),
    {},
};

const TypeSpec kVarSpec = {
    .name = "_contextvars.ContextVar",
    .layout = {"ContextVar", sizeof(ContextVar), 0, var_visit, nullptr, nullptr, nullptr},
    .flags = type_flag::kImmutable,
    .slots = {.repr = var_repr, .new_ = var_new},
    .methods = kVarMethods,
    .members = kVarMembers,
};
const TypeSpec kTokenSpec = {
    .name = "_contextvars.Token",
    .layout = {"Token", sizeof(Token), 0, token_visit, nullptr, nullptr, nullptr},
    .flags = type_flag::kImmutable,
    .slots = {.repr = token_repr, .compare = token_compare, .new_ = token_new},
    .methods = kTokenMethods,
    .getsets = kTokenGetSets,
};
const TypeSpec kContextSpec = {
    .name = "_contextvars.Context",
    .layout = {"Context", sizeof(Context), 0, context_visit, nullptr, nullptr, nullptr},
    .flags = type_flag::kImmutable | type_flag::kHasWeakref,
    .slots = {.compare = context_compare,
              .iter = context_iter,
              .new_ = context_new,
              .length = context_length,
              .get_item = context_get_item,
              .contains = context_contains},
    .methods = kContextMethods,
};
constexpr TypeSpec snapshot_spec(const char* name) {
  return {.name = name,
          .layout = {name, sizeof(SnapshotIterator), 0, snapshot_visit, nullptr, nullptr, nullptr},
          .flags = type_flag::kImmutable | type_flag::kDisallowInstantiation,
          .slots = {.iter = iter_self, .next = snapshot_next}};
}
const TypeSpec kKeysSpec = snapshot_spec("keys");
const TypeSpec kValuesSpec = snapshot_spec("values");
const TypeSpec kItemsSpec = snapshot_spec("items");
const TypeSpec kMissingSpec = {
    .name = "Token.MISSING",
    .layout = {"MISSING", sizeof(Object), 0, nullptr, nullptr, nullptr, nullptr},
    .flags = type_flag::kImmutable | type_flag::kDisallowInstantiation | type_flag::kUntracked,
    .slots = {.repr = missing_repr},
};

Ref f_copy_context(Thread& t, Value, const Value*) { return copy_current_context(t); }

const Method kFunctions[] = {method("copy_context", f_copy_context, "($module, /)"), {}};

Status initialise(Thread& t, Module* module) {
  TRY(module_add_type(t, module, kContextSpec, &g_context_type));
  TRY(module_add_type(t, module, kVarSpec, &g_context_var_type));
  TRY(module_add_type(t, module, kTokenSpec, &g_context_token_type));
  if (!g_missing.get().is_empty()) return ok();
  TRY(make_static_type(t, kMissingSpec, &g_missing_type));
  TRY(make_static_type(t, kKeysSpec, &g_keys_type));
  TRY(make_static_type(t, kValuesSpec, &g_values_type));
  TRY(make_static_type(t, kItemsSpec, &g_items_type));
  g_missing.set(t, TRY(allocate_instance(t, g_missing_type)));
  RefTo<Str> name = TRY(str_from_ascii(t, "MISSING"));
  name = TRY(str_intern(t, name));
  TRY(dict_set_str(t, g_context_token_type->dict.as<Dict>(), name.get(), g_missing.get()));
  type_modified(t, g_context_token_type);
  return ok();
}

}  // namespace

Ref current_context(Thread& t) {
  if (t.context.is_empty()) {
    Ref fresh = TRY(context_new_empty(t));
    t.context = fresh.take();
  }
  return Ref::copy(t.context);
}

u64 contextvars_version(Thread& t) {
  return t.context.is_empty() ? 0 : __atomic_load_n(&t.context.as<Context>()->version, __ATOMIC_RELAXED);
}

Ref copy_current_context(Thread& t) {
  Ref context = TRY(current_context(t));
  return copy_of(t, context_of(context));
}

Ref context_run(Thread& t, Value context, Value callable, Args args) {
  auto* c = context_of(context);
  if (__atomic_exchange_n(&c->entered, 1, __ATOMIC_ACQUIRE))
    return raise(t, exc::RuntimeError, "cannot enter context: %R is already entered", context);
  Ref previous = Ref::adopt(t.context);
  t.context = Ref::copy(context).take();
  Ref result = call(t, callable, args);
  Ref entered = Ref::adopt(t.context);
  t.context = previous.take();
  __atomic_store_n(&c->entered, 0, __ATOMIC_RELEASE);
  return result;
}

Ref context_var_get(Thread& t, Value variable, Value fallback) {
  if (!t.context.is_empty()) {
    Ref context = Ref::copy(t.context);
    Ref value = TRY(lookup(t, context_of(context), variable));
    if (!value.is_empty()) return value;
  }
  if (!fallback.is_empty()) return Ref::copy(fallback);
  return variable.as<ContextVar>()->default_value.load();
}

Ref context_var_set(Thread& t, Value variable, Value value) {
  Ref context = TRY(current_context(t));
  auto* c = context_of(context);
  Ref old = TRY(lookup(t, c, variable));
  auto* token = allocate_native<Token>(t, g_context_token_type);
  Ref result = Ref::adopt(Value(token));
  token->context.init(token, context.get());
  token->variable.init(token, variable);
  if (!old.is_empty()) token->old_value.init(token, std::move(old));
  TRY(assign(t, c, variable, value));
  return result;
}

extern const ModuleDef module__contextvars;
const ModuleDef module__contextvars = {"_contextvars", "Context Variables", kFunctions, initialise};

}  // namespace typhon
