// Functions, cells and bound methods.
#include "objects/function.h"

#include "heap/collector.h"
#include "objects/global_cells.h"
#include "objects/module.h"
#include "objects/protocol/protocol.h"
#include "objects/protocol/services.h"

namespace typhon {

// --- function

namespace {
// What __module__ of a new function is. It is kept once for all functions of the code, which lie in one module but for code that runs
// with several namespaces.
Status init_module(Thread& t, Function* f, Code* code) {
  Ref module = dict_get_str(t, f->globals.as<Dict>(), names::__name__);
  if (module.is_empty()) module = Ref::none();
  bool is_plain = module.get().is_none() || is_exact_str(module.get());
  if (is_plain && code->module.is_empty()) (void)code->module.init_once(code, module.get());
  if (code->module.peek().same_word(module.get())) return ok();
  return set_function_extra(t, f, &FunctionExtra::module, module.get());
}

// Where the globals that this thread last made a function in have two names: indices of entries of the table with this id, -1: none.
struct NamespaceEntries {
  u32 table;
  i64 name, builtins;
};
thread_local NamespaceEntries tls_namespace;

// Whether a new function needs nothing of its own: __name__ is what the code has noted, __builtins__ is the module builtins or its dict.
// No safepoint.
bool is_usual_namespace(Code* code, Dict* globals) {
  DictTable* table = __atomic_load_n(&globals->table, __ATOMIC_ACQUIRE);
  NamespaceEntries& entries = tls_namespace;
  u32 id = table_id(table);
  if (id != entries.table) {
    if (id == 0) return false;
    entries = {id, dict_find_entry(table, names::__name__), dict_find_entry(table, names::__builtins__)};
  }
  if (entries.name < 0 || entries.builtins < 0) return false;
  Value name = table->entries()[entries.name].value.peek(), builtins = table->entries()[entries.builtins].value.peek();
  if (name.is_empty() || !code->module.peek().same_word(name)) return false;
  if (is_module(builtins)) builtins = builtins.as<Module>()->dict.peek();
  return builtins.same_word(Value(builtins_dict()));
}
}  // namespace

RefTo<Function> function_new(Thread& t, Code* code, Dict* globals) {
  Function* f = heap::allocate_as<Function>(t, kShape_function, types::function->instance_size);
  RefTo<Function> ref = RefTo<Function>::adopt(f);
  f->code.init(f, Value(code));
  f->globals.init(f, Value(globals));
  if (is_usual_namespace(code, globals)) {
    global_cells::note_function(code, globals, true);
    return ref;
  }
  TRY(init_module(t, f, code));
  // __builtins__ of the globals: a dict, the module, or any mapping (what is none, a look-up complains about).
  Ref builtins = dict_get_str(t, globals, names::__builtins__);
  if (is_module(builtins.get())) builtins = builtins.as<Module>()->dict.load();
  if (builtins.is_empty()) builtins = current_builtins(t);
  bool usual = builtins.get().same_word(Value(builtins_dict()));
  if (!usual) TRY(set_function_extra(t, f, &FunctionExtra::builtins, builtins.get()));
  global_cells::note_function(code, globals, usual);
  return ref;
}

Status set_function_extra(Thread& t, Function* f, Field FunctionExtra::* field, Value value) {
  FunctionExtra* extra = __atomic_load_n(&f->extra, __ATOMIC_ACQUIRE);
  if (extra == nullptr) {
    if (value.is_empty()) return ok();
    auto* fresh = static_cast<FunctionExtra*>(heap::allocate_body(t, f, sizeof(FunctionExtra)));
    if (fresh == nullptr) return Raised{};
    {
      ObjectLock lock(t, f);
      extra = f->extra;
      if (extra == nullptr) __atomic_store_n(&f->extra, fresh, __ATOMIC_RELEASE);
    }
    if (extra == nullptr)
      extra = fresh;
    else
      heap::free_block(t, fresh);  // another thread was quicker
  }
  (extra->*field).store(f, value);
  return ok();
}

Ref function_name(const Function* f) {
  Ref own = function_extra(f, &FunctionExtra::name);
  return own.is_empty() ? f->code.as<Code>()->name.load() : std::move(own);
}

Ref function_qualname(const Function* f) {
  Ref own = function_extra(f, &FunctionExtra::qualname);
  return own.is_empty() ? f->code.as<Code>()->qualname.load() : std::move(own);
}

Ref function_module(const Function* f) {
  Ref own = function_extra(f, &FunctionExtra::module);
  return own.is_empty() ? f->code.as<Code>()->module.load() : std::move(own);
}

namespace {

void function_visit(Object* self, Visitor& v) {
  Function* f = static_cast<Function*>(self);
  v.field(f->code);
  v.field(f->globals);
  v.field(f->closure);
  v.field(f->defaults);
  if (FunctionExtra* extra = __atomic_load_n(&f->extra, __ATOMIC_ACQUIRE)) v.fields(&extra->name, kFunctionExtras);
}

void function_release(Thread& t, Object* self) {
  if (FunctionExtra* extra = static_cast<Function*>(self)->extra) heap::free_block(t, extra);
}

bool function_dispose(Thread& t, Object* self) {
  if (FunctionExtra* extra = static_cast<Function*>(self)->extra) {
    for (u32 i = 0; i < kFunctionExtras; i++) drop_field((&extra->name)[i]);
    heap::free_block(t, extra);
  }
  return dispose_fields<offsetof(Function, code), 4>(t, self);
}

Function* self_function(Value self) { return self.as<Function>(); }

Ref or_none(Ref v) { return v.is_empty() ? Ref::none() : std::move(v); }
Ref extra_or_none(Value self, Field FunctionExtra::* field) { return or_none(function_extra(self_function(self), field)); }

// Until it is set, the docstring of the code.
Ref get_doc(Thread& t, Value self) {
  Function* f = self_function(self);
  Ref doc = function_extra(f, &FunctionExtra::doc);
  if (!doc.is_empty()) return doc;
  Ref code = f->code.load();
  if (!(code.as<Code>()->flags & code_flag::kHasDocstring)) return Ref::none();
  TRY(load_body(t, code.as<Code>()));
  return or_none(code.as<Code>()->docstring.load());
}
Ref get_code(Thread&, Value self) { return self_function(self)->code.load(); }
Status set_code(Thread& t, Value self, Value value) {
  Function* f = self_function(self);
  if (!is_code(value)) return raise(t, exc::TypeError, "__code__ must be set to a code object");
  u64 have;
  (void)function_cells(f, &have);
  i64 want = value.as<Code>()->free_count;
  Ref name = function_name(f), qualname = function_qualname(f), module = function_module(f);
  if (i64(have) != want)
    return raise(t, exc::ValueError, "%U() requires a code object with %zd free vars, not %zd", name.as<Str>(), i64(have), want);
  auto kind = [](Value code) { return code.as<Code>()->flags & code_flag::kAnyGenerator; };
  if (kind(f->code.peek()) != kind(value))
    TRY(warn(t, exc::DeprecationWarning, 1,
             "Assigning a code object of non-matching type is deprecated (e.g., from a generator to a plain function)"));
  Ref doc = TRY(get_doc(t, self));
  // These stay what they were.
  TRY(set_function_extra(t, f, &FunctionExtra::doc, doc.get()));
  TRY(set_function_extra(t, f, &FunctionExtra::name, name.get()));
  TRY(set_function_extra(t, f, &FunctionExtra::qualname, qualname.get()));
  TRY(set_function_extra(t, f, &FunctionExtra::module, module.get()));
  global_cells::note_function(value.as<Code>(), f->globals.as<Dict>(), function_builtins(f).same_word(Value(builtins_dict())));
  f->code.store(f, value);
  return ok();
}
Ref get_defaults(Thread&, Value self) { return or_none(self_function(self)->defaults.load()); }
Status set_defaults(Thread& t, Value self, Value value) {
  if (value.is_none()) value = EMPTY;
  if (!value.is_empty() && !is_tuple(value)) return raise(t, exc::TypeError, "__defaults__ must be set to a tuple object");
  self_function(self)->defaults.store(self.object(), value);
  return ok();
}
Ref get_kwdefaults(Thread&, Value self) { return extra_or_none(self, &FunctionExtra::keyword_defaults); }
Status set_kwdefaults(Thread& t, Value self, Value value) {
  if (value.is_none()) value = EMPTY;
  if (!value.is_empty() && !is_dict(value)) return raise(t, exc::TypeError, "__kwdefaults__ must be set to a dict object");
  return set_function_extra(t, self_function(self), &FunctionExtra::keyword_defaults, value);
}
Ref get_name(Thread&, Value self) { return function_name(self_function(self)); }
Status set_name(Thread& t, Value self, Value value) {
  if (!is_str(value)) return raise(t, exc::TypeError, "__name__ must be set to a string object");
  return set_function_extra(t, self_function(self), &FunctionExtra::name, value);
}
Ref get_qualname(Thread&, Value self) { return function_qualname(self_function(self)); }
Status set_qualname(Thread& t, Value self, Value value) {
  if (!is_str(value)) return raise(t, exc::TypeError, "__qualname__ must be set to a string object");
  return set_function_extra(t, self_function(self), &FunctionExtra::qualname, value);
}
Ref get_module(Thread&, Value self) { return function_module(self_function(self)); }
Status set_module(Thread& t, Value self, Value value) {
  return set_function_extra(t, self_function(self), &FunctionExtra::module, value.is_empty() ? None : value);
}
Ref get_builtins(Thread&, Value self) { return Ref::copy(function_builtins(self_function(self))); }
Status set_doc(Thread& t, Value self, Value value) {
  return set_function_extra(t, self_function(self), &FunctionExtra::doc, value.is_empty() ? None : value);
}

// The annotations as a dict: computed by __annotate__(1) on first use (PEP 649), or made of the pairs the compiler stored.
Ref get_annotations(Thread& t, Value self) {
  Function* f = self_function(self);
  Ref present = function_extra(f, &FunctionExtra::annotations);
  if (is_dict(present.get())) return present;
  Ref made;
  if (is_tuple(present.get())) {
    RefTo<Dict> dict = TRY(dict_new(t));
    Tuple* pairs = present.as<Tuple>();
    for (size_t i = 0; i + 1 < pairs->size; i += 2)
      TRY(dict_set_py(t, dict.get(), pairs->items[i].peek(), pairs->items[i + 1].peek()));
    made = std::move(dict).release_ref();
  } else {
    Ref annotate = function_extra(f, &FunctionExtra::annotate);
    if (!annotate.is_empty() && is_callable(annotate.get())) {
      made = TRY(call_with(t, annotate.get(), Value::small_int(1)));
      if (!is_dict(made.get())) return raise(t, exc::TypeError, "__annotate__ returned non-dict of type '%T'", made.get());
    } else {
      made = TRY(dict_new(t));
    }
  }
  TRY(set_function_extra(t, f, &FunctionExtra::annotations, made.get()));
  return made;
}
Status set_annotations(Thread& t, Value self, Value value) {
  Function* f = self_function(self);
  if (value.is_none()) value = EMPTY;
  if (!value.is_empty() && !is_dict(value)) return raise(t, exc::TypeError, "__annotations__ must be set to a dict object");
  TRY(set_function_extra(t, f, &FunctionExtra::annotations, value));
  return set_function_extra(t, f, &FunctionExtra::annotate, EMPTY);
}
Ref get_annotate(Thread&, Value self) { return extra_or_none(self, &FunctionExtra::annotate); }
Status set_annotate(Thread& t, Value self, Value value) {
  Function* f = self_function(self);
  if (value.is_empty()) return raise(t, exc::TypeError, "__annotate__ cannot be deleted");
  if (value.is_none()) return set_function_extra(t, f, &FunctionExtra::annotate, None);
  if (!is_callable(value)) return raise(t, exc::TypeError, "__annotate__ must be callable or None");
  TRY(set_function_extra(t, f, &FunctionExtra::annotate, value));
  return set_function_extra(t, f, &FunctionExtra::annotations, EMPTY);
}
Ref get_type_params(Thread& t, Value self) {
  Ref params = function_extra(self_function(self), &FunctionExtra::type_params);
  if (!params.is_empty()) return params;
  return tuple_of(t);
}
Status set_type_params(Thread& t, Value self, Value value) {
  if (!is_tuple(value)) return raise(t, exc::TypeError, "__type_params__ must be set to a tuple");
  return set_function_extra(t, self_function(self), &FunctionExtra::type_params, value);
}
Ref get_closure(Thread& t, Value self) {
  Function* f = self_function(self);
  Ref closure = f->closure.load();
  if (!is_cell(closure.get())) return or_none(std::move(closure));
  Ref made = function_extra(f, &FunctionExtra::closure);
  if (!made.is_empty()) return made;
  made = TRY(tuple_of(t, closure.get())).release_ref();
  TRY(set_function_extra(t, f, &FunctionExtra::closure, made.get()));
  return made;
}
Status set_readonly(Thread& t, Value, Value) { return raise(t, exc::AttributeError, "readonly attribute"); }
Ref get_dict(Thread& t, Value self) { return instance_dict(t, self.object()); }
Status set_dict(Thread& t, Value self, Value value) {
  if (value.is_empty()) return raise(t, exc::TypeError, "cannot delete __dict__");
  if (!is_dict(value)) return raise(t, exc::TypeError, "__dict__ must be set to a dictionary, not a '%T'", value);
  return set_instance_dict(t, self.object(), value);
}

const GetSet kFunctionGetsets[] = {
    {"__code__", get_code, set_code},
    {"__closure__", get_closure, set_readonly},
    {"__builtins__", get_builtins, set_readonly},
    {"__defaults__", get_defaults, set_defaults},
    {"__kwdefaults__", get_kwdefaults, set_kwdefaults},
    {"__annotations__", get_annotations, set_annotations, "Dict of annotations in a function object."},
    {"__annotate__", get_annotate, set_annotate, "Get the code object for a function."},
    {"__dict__", get_dict, set_dict},
    {"__name__", get_name, set_name},
    {"__qualname__", get_qualname, set_qualname},
    {"__module__", get_module, set_module},
    {"__doc__", get_doc, set_doc},
    {"__type_params__", get_type_params, set_type_params, "Get the declared type parameters for a function."},
    {},
};
constexpr Member kFunctionMembers[] = {
    {"__globals__", offsetof(Function, globals)},
    {},
};

Ref function_repr(Thread& t, Value self) {
  Ref name = function_qualname(self_function(self));
  return str_format(t, "<function %U at 0x%x>", name.as<Str>(), u64(self.object()));
}
Ref function_call(Thread& t, Value self, Args args) { return call_function(t, self_function(self), args); }
Ref function_get(Thread& t, Value self, Value instance, Value owner) {
  if (instance.is_empty() || instance.is_none()) return Ref::copy(self);
  return method_new(t, self, instance);
}

const char kFunctionSignature[] = "(code, globals, name=None, argdefs=None, closure=None, kwdefaults=None)";

Ref function_type_new(Thread& t, Type* cls, Args args) {
  static const Signature& signature = parse_signature(kFunctionSignature);
  Value a[6];
  Ref keep[2];
  TRY(bind_arguments(t, signature, "function", args, a, keep));
  if (!is_code(a[0])) return raise(t, exc::TypeError, "function() argument 'code' must be code, not %T", a[0]);
  if (!is_dict(a[1])) return raise(t, exc::TypeError, "function() argument 'globals' must be dict, not %T", a[1]);
  auto given = [&](int i) { return !a[i].is_empty() && !a[i].is_none(); };
  Code* code = a[0].as<Code>();
  if (given(2) && !is_str(a[2])) return raise(t, exc::TypeError, "arg 3 (name) must be None or string");
  if (given(3) && !is_tuple(a[3])) return raise(t, exc::TypeError, "arg 4 (defaults) must be None or tuple");
  if (given(4) && !is_tuple(a[4])) {
    if (code->free_count == 0) return raise(t, exc::TypeError, "arg 5 (closure) must be None or tuple");
    return raise(t, exc::TypeError, "arg 5 (closure) must be tuple");
  }
  if (!given(4) && code->free_count > 0) return raise(t, exc::TypeError, "arg 5 (closure) must be tuple");
  if (given(5) && !is_dict(a[5])) return raise(t, exc::TypeError, "arg 6 (kwdefaults) must be None or dict");
  i64 closed = given(4) ? i64(a[4].as<Tuple>()->size) : 0;
  if (closed != code->free_count)
    return raise(t, exc::ValueError, "%U requires closure of length %zd, not %zd", code->name.as<Str>(), i64(code->free_count),
                 closed);
  for (i64 i = 0; i < closed; i++)
    if (!is_cell(a[4].as<Tuple>()->items[i].peek()))
      return raise(t, exc::TypeError, "arg 5 (closure) expected cell, found %T", a[4].as<Tuple>()->items[i].peek());
  RefTo<Function> f = TRY(function_new(t, code, a[1].as<Dict>()));
  if (given(2)) TRY(set_function_extra(t, f.get(), &FunctionExtra::name, a[2]));
  if (given(3)) f->defaults.store(f.get(), a[3]);
  if (given(4)) f->closure.store(f.get(), a[4]);
  if (given(5)) TRY(set_function_extra(t, f.get(), &FunctionExtra::keyword_defaults, a[5]));
  return f;
}

constexpr Slots function_slots() {
  Slots s;
  s.repr = function_repr;
  s.call = function_call;
  s.descriptor_get = function_get;
  s.new_ = function_type_new;
  return s;
}

// --- cell

void cell_visit(Object* self, Visitor& v) { v.field(static_cast<Cell*>(self)->contents); }

Ref get_contents(Thread& t, Value self) {
  Ref v = self.as<Cell>()->contents.load();
  if (v.is_empty()) return raise(t, exc::ValueError, "Cell is empty");
  return v;
}
Status set_contents(Thread&, Value self, Value value) {
  self.as<Cell>()->contents.store(self.object(), value);
  return ok();
}
const GetSet kCellGetsets[] = {{"cell_contents", get_contents, set_contents}, {}};

Ref cell_repr(Thread& t, Value self) {
  Ref v = self.as<Cell>()->contents.load();
  if (v.is_empty()) return str_format(t, "<cell at 0x%x: empty>", u64(self.object()));
  return str_format(t, "<cell at 0x%x: %T object at 0x%x>", u64(self.object()), v.get(), object_id(t, v.get()));
}
Ref cell_compare(Thread& t, Value a, Value b, CompareOp op) {
  if (!is_cell(a) || !is_cell(b)) return Ref::not_implemented();
  Ref x = a.as<Cell>()->contents.load(), y = b.as<Cell>()->contents.load();
  if (!x.is_empty() && !y.is_empty()) return compare(t, op, x.get(), y.get());
  // An empty cell comes before a full one.
  return compare(t, op, Value::small_int(!x.is_empty()), Value::small_int(!y.is_empty()));
}
Ref cell_type_new(Thread& t, Type*, Args args) {
  if (args.keyword_count > 0) return raise(t, exc::TypeError, "cell() takes no keyword arguments");
  if (args.count > 1) return raise(t, exc::TypeError, "cell expected at most 1 argument, got %d", int(args.count));
  return cell_new(t, args.count ? args[0] : EMPTY);
}
constexpr Slots cell_slots() {
  Slots s;
  s.repr = cell_repr;
  s.compare = cell_compare;
  s.new_ = cell_type_new;
  return s;
}

// --- bound method

void method_visit(Object* self, Visitor& v) {
  v.field(static_cast<BoundMethod*>(self)->function);
  v.field(static_cast<BoundMethod*>(self)->self);
}
BoundMethod* self_method(Value self) { return self.as<BoundMethod>(); }

Ref get_func(Thread&, Value self) { return self_method(self)->function.load(); }
Ref get_self(Thread&, Value self) { return self_method(self)->self.load(); }
Ref method_doc(Thread& t, Value self) { return get_attribute(t, self_method(self)->function.peek(), names::__doc__); }
const GetSet kMethodGetsets[] = {
    {"__func__", get_func, nullptr, "the function (or other callable) implementing a method"},
    {"__self__", get_self, nullptr, "the instance to which a method is bound"},
    {"__doc__", method_doc},
    {},
};

// Anything that the type itself does not have comes from the function.
Ref method_getattribute(Thread& t, Value self, Str* name) {
  RefTo<Str> interned = str_intern(t, Value(name));
  Value descriptor = type_lookup(types::method, interned.get());
  if (!descriptor.is_empty()) return generic_get_attribute(t, self, name);
  Ref function = self_method(self)->function.load();
  return get_attribute(t, function.get(), name);
}

Ref method_repr(Thread& t, Value self) {
  BoundMethod* m = self_method(self);
  Ref function = m->function.load(), bound = m->self.load();
  Ref name = TRY(get_attribute_or_empty(t, function.get(), names::__qualname__));
  if (name.is_empty()) name = TRY(get_attribute_or_empty(t, function.get(), names::__name__));
  if (!is_str(name.get())) return str_format(t, "<bound method ? of %R>", bound.get());
  return str_format(t, "<bound method %U of %R>", name.as<Str>(), bound.get());
}
Ref method_compare(Thread& t, Value a, Value b, CompareOp op) {
  if ((op != CompareOp::kEq && op != CompareOp::kNe) || !is_method(a) || !is_method(b)) return Ref::not_implemented();
  BoundMethod *x = self_method(a), *y = self_method(b);
  bool same = is_same(x->self.peek(), y->self.peek());
  if (same) {
    Ref f = x->function.load(), g = y->function.load();
    same = TRY(equal(t, f.get(), g.get()));
  }
  return Ref::boolean(same == (op == CompareOp::kEq));
}
Result<i64> method_hash(Thread& t, Value self) {
  i64 h = TRY(object_hash(t, self_method(self)->function.peek()));
  // Of the instance by identity: it need not be hashable.
  u64 id = u64(self_method(self)->self.peek().bits);
  h ^= i64(id >> 4 | id << 60);
  return h == -1 ? -2 : h;
}
Ref method_call(Thread& t, Value self, Args args) {
  Ref function = self_method(self)->function.load(), bound = self_method(self)->self.load();
  u32 n = args.count + args.keyword_count;
  RootedVector words(t);
  words.push(std::move(bound));
  for (u32 i = 0; i < n; i++) words.push_copy(args.values[i]);
  return call(t, function.get(), Args{words.data(), args.count + 1, args.names, args.keyword_count});
}
Ref method_descriptor_get(Thread&, Value self, Value, Value) { return Ref::copy(self); }
Ref method_type_new(Thread& t, Type*, Args args) {
  if (args.keyword_count > 0) return raise(t, exc::TypeError, "method() takes no keyword arguments");
  if (args.count != 2) return raise(t, exc::TypeError, "method expected 2 arguments, got %d", int(args.count));
  if (!is_callable(args[0])) return raise(t, exc::TypeError, "first argument must be callable");
  if (args[1].is_none()) return raise(t, exc::TypeError, "instance must not be None");
  return method_new(t, args[0], args[1]);
}
Ref method_reduce(Thread& t, Value self, const Value*) {
  Ref function = self_method(self)->function.load();
  Ref name = TRY(get_attribute(t, function.get(), names::__name__));
  RefTo<Str> text = str_from_ascii(t, "getattr");
  Ref getattr = dict_get_str(t, builtins_dict(), text.get());
  RefTo<Tuple> arguments = TRY(tuple_of(t, self_method(self)->self.peek(), name.get()));
  return tuple_of(t, getattr.get(), arguments.value());
}
const Method kMethodMethods[] = {method("__reduce__", method_reduce, "($self, /)"), {}};

constexpr Slots method_slots() {
  Slots s;
  s.repr = method_repr;
  s.compare = method_compare;
  s.hash = method_hash;
  s.call = method_call;
  s.getattribute = method_getattribute;
  s.descriptor_get = method_descriptor_get;
  s.new_ = method_type_new;
  return s;
}

}  // namespace

RefTo<Cell> cell_new(Thread& t, Value contents) {
  Cell* cell = heap::allocate_as<Cell>(t, kShape_cell);
  if (!contents.is_empty()) cell->contents.init(cell, contents);
  return RefTo<Cell>::adopt(cell);
}

Ref method_new(Thread& t, Value function, Value self) {
  BoundMethod* m = heap::allocate_as<BoundMethod>(t, kShape_method);
  m->function.init(m, function);
  m->self.init(m, self);
  return Ref::adopt(Value(m));
}

extern const TypeSpec spec_function, spec_cell, spec_method;
const TypeSpec spec_function = {
    .name = "function",
    .doc = "Create a function object.\n\n  code\n    a code object\n  globals\n    the globals dictionary\n  name\n    a string "
           "that overrides the name from the code object\n  argdefs\n    a tuple that specifies the default argument values\n  "
           "closure\n    a tuple that supplies the bindings for free variables\n  kwdefaults\n    a dictionary that specifies "
           "the default keyword argument values",
    .layout = {.name = "function", .basic_size = sizeof(Function), .item_size = 0, .visit = function_visit,
               .release = function_release, .native_size = nullptr, .finalise = nullptr, .dispose = function_dispose},
    .flags = type_flag::kHasDict | type_flag::kHasWeakref | type_flag::kMethodDescriptor | type_flag::kImmutable,
    .slots = function_slots(),
    .getsets = kFunctionGetsets,
    .members = kFunctionMembers,
    .text_signature = kFunctionSignature,
};
const TypeSpec spec_cell = {
    .name = "cell",
    .doc = "Create a new cell object.\n\n  contents\n    the contents of the cell. If not specified, the cell will be empty,\n    and "
           "further attempts to access its cell_contents attribute will\n    raise a ValueError.",
    .layout = {.name = "cell", .basic_size = sizeof(Cell), .item_size = 0, .visit = cell_visit,
               .dispose = dispose_fields<offsetof(Cell, contents), 1>},
    .flags = type_flag::kImmutable,
    .slots = cell_slots(),
    .getsets = kCellGetsets,
};
const TypeSpec spec_method = {
    .name = "method",
    .doc = "Create a bound instance method object.",
    .layout = {.name = "method", .basic_size = sizeof(BoundMethod), .item_size = 0, .visit = method_visit,
               .dispose = dispose_fields<offsetof(BoundMethod, function), 2>},
    .flags = type_flag::kImmutable | type_flag::kHasWeakref,
    .slots = method_slots(),
    .methods = kMethodMethods,
    .getsets = kMethodGetsets,
    .text_signature = "(function, instance, /)",
};

}  // namespace typhon
