// __build_class__: what a class statement calls. Resolves bases (PEP 560), the metaclass, prepares the namespace, runs the body.
#include "interpreter/interpreter.h"
#include "modules/builtins/builtins.h"
#include "runtime/runtime.h"

namespace typhon {

Result<Type*> calculate_metaclass(Thread& t, Type* metatype, Tuple* bases);  // objects/type_new.cpp

namespace {

// bases with __mro_entries__ applied.
RefTo<Tuple> resolve_bases(Thread& t, const Value* bases, u32 n, bool* changed) {
  RefTo<Tuple> original = TRY(tuple_from(t, bases, n));
  *changed = false;
  RootedVector out(t);
  for (u32 i = 0; i < n; i++) {
    if (is_type(bases[i])) {
      out.push_copy(bases[i]);
      continue;
    }
    Ref hook = TRY(get_attribute_or_empty(t, bases[i], names::__mro_entries__));
    if (hook.is_empty()) {
      out.push_copy(bases[i]);
      continue;
    }
    Ref entries = TRY(call_with(t, hook, original));
    if (!is_tuple(entries)) return raise(t, exc::TypeError, "__mro_entries__ must return a tuple");
    *changed = true;
    for (u64 k = 0; k < entries.as<Tuple>()->size; k++) out.push(entries.as<Tuple>()->items[k].load());
  }
  if (!*changed) return original;
  return tuple_from(t, out.data(), out.size());
}

}  // namespace

Ref build_class(Thread& t, Value, Args args) {
  if (args.count < 2) return raise(t, exc::TypeError, "__build_class__: not enough arguments");
  if (!is_function(args[0])) return raise(t, exc::TypeError, "__build_class__: func must be a function");
  if (!is_str(args[1])) return raise(t, exc::TypeError, "__build_class__: name is not a string");
  Value name = args[1];
  bool changed;
  RefTo<Tuple> bases = TRY(resolve_bases(t, args.values + 2, args.count - 2, &changed));
  // Keywords without `metaclass`.
  Ref meta;
  RootedVector keyword_words(t), keyword_names(t);
  for (u32 k = 0; k < args.keyword_count; k++) {
    Value given = args.names->items[k].peek();
    if (given.as<Str>()->equals_ascii("metaclass")) {
      meta = Ref::copy(args.keyword(k));
      continue;
    }
    keyword_names.push_copy(given);
    keyword_words.push_copy(args.keyword(k));
  }
  RefTo<Tuple> names_tuple = TRY(tuple_from(t, keyword_names.data(), keyword_names.size()));
  u32 keyword_count = u32(keyword_names.size());
  if (meta.is_empty()) meta = Ref::copy(bases->size == 0 ? Value(types::type) : Value(type_of(bases->items[0].peek())));
  bool meta_is_class = is_type(meta);
  if (meta_is_class) meta = Ref::copy(Value(TRY(calculate_metaclass(t, meta.as<Type>(), bases.get()))));
  // The namespace.
  auto keywords_after = [&](RootedVector& words, Args* out) {
    u32 positional = u32(words.size());
    for (u32 k = 0; k < keyword_count; k++) words.push_copy(keyword_words[k]);
    *out = {words.data(), positional, keyword_count != 0 ? names_tuple.get() : nullptr, keyword_count};
  };
  Ref prepare = TRY(get_attribute_or_empty(t, meta, names::__prepare__));
  Ref space;
  if (prepare.is_empty()) {
    space = TRY(dict_new(t));
  } else {
    RootedVector words(t);
    words.push_copy(name);
    words.push_copy(bases.value());
    Args call_args;
    keywords_after(words, &call_args);
    space = TRY(call(t, prepare, call_args));
  }
  if (!is_mapping(space)) {
    if (meta_is_class)
      return raise(t, exc::TypeError, "%N.__prepare__() must return a mapping, not %T", meta.as<Type>(), space.get());
    return raise(t, exc::TypeError, "<metaclass>.__prepare__() must return a mapping, not %T", space.get());
  }
  // The body takes the namespace as its register 0.
  auto* body = args[0].as<Function>();
  Ref cell = TRY(run_code(t, body->code.as<Code>(), body->globals.peek(), space, body->closure.peek()));
  if (changed) TRY(set_item(t, space, names::__orig_bases__, TRY(tuple_from(t, args.values + 2, args.count - 2)).value()));
  RootedVector words(t);
  words.push_copy(name);
  words.push_copy(bases.value());
  words.push_copy(space);
  Args call_args;
  keywords_after(words, &call_args);
  Ref cls = TRY(call(t, meta, call_args));
  if (is_type(cls) && is_cell(cell)) {
    Ref inside = cell.as<Cell>()->contents.load();
    if (inside.is_empty())
      return raise(t, exc::RuntimeError, "__class__ not set defining %R as %R. Was __classcell__ propagated to type.__new__?", name, cls.get());
    if (!inside.get().same_word(cls))
      return raise(t, exc::TypeError, "__class__ set to %R defining %R as %R", inside.get(), name, cls.get());
  }
  return cls;
}

}  // namespace typhon
