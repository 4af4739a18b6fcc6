// NoDefault, evaluators of known values, and calls into typing.py.
#include "bytecode/frame.h"
#include "modules/_typing/typing.h"
#include "objects/generic_alias.h"

namespace typhon::typing {

Type* g_no_default_type;

namespace {

GlobalRoot g_no_default;
Type* g_const_evaluator_type;

struct ConstEvaluator : Object {
  Field value;
};
void visit_evaluator(Object* self, Visitor& v) { v.field(static_cast<ConstEvaluator*>(self)->value); }

Ref evaluator_repr(Thread& t, Value self) {
  Ref value = self.as<ConstEvaluator>()->value.load();
  return str_format(t, "<constevaluator %R>", value.get());
}

// The text an annotation for `v` would have.
Status append_type_text(Thread& t, StrBuilder& out, Value v) {
  if (v.same_word(Ellipsis)) {
    out.append_ascii("...");
    return ok();
  }
  if (v.is_none() || v.same_word(types::none_type)) {
    out.append_ascii("None");
    return ok();
  }
  Ref origin = TRY(get_attribute_or_empty(t, v, names::__origin__)), args = TRY(get_attribute_or_empty(t, v, names::__args__));
  if (origin.is_empty() || args.is_empty()) {
    Ref module = TRY(get_attribute_or_empty(t, v, names::__module__)), qualname = TRY(get_attribute_or_empty(t, v, names::__qualname__));
    if (is_str(qualname) && is_str(module)) {
      if (!module.as<Str>()->equals_ascii("builtins")) {
        out.append(module.as<Str>());
        out.append('.');
      }
      out.append(qualname.as<Str>());
      return ok();
    }
  }
  out.append(TRY(object_repr(t, v)).get());
  return ok();
}

constexpr i64 kFormatString = 4;  // annotationlib.Format.STRING

Ref evaluator_call(Thread& t, Value self, Args args) {
  if (args.keyword_count != 0) return raise(t, exc::TypeError, "constevaluator.__call__() takes no keyword arguments");
  if (args.count != 1) return raise(t, exc::TypeError, "constevaluator.__call__() takes exactly 1 argument (%d given)", int(args.count));
  i64 format = TRY(to_i64(t, args[0]));
  Ref value = self.as<ConstEvaluator>()->value.load();
  if (format != kFormatString) return value;
  StrBuilder out;
  if (is_tuple(value)) {
    out.append('(');
    for (u64 i = 0; i < value.as<Tuple>()->size; i++) {
      if (i > 0) out.append_ascii(", ");
      TRY(append_type_text(t, out, value.as<Tuple>()->items[i].peek()));
    }
    out.append(')');
  } else {
    TRY(append_type_text(t, out, value));
  }
  return out.finish(t);
}

const TypeSpec kConstEvaluatorSpec = {
    .name = "_typing._ConstEvaluator",
    .doc = "Internal type for implementing evaluation functions.",
    .layout = {"_ConstEvaluator", sizeof(ConstEvaluator), 0, visit_evaluator, nullptr, nullptr, nullptr},
    .flags = type_flag::kDisallowInstantiation | type_flag::kImmutable,
    .slots = {.repr = evaluator_repr, .call = evaluator_call},
};

Ref no_default_new(Thread& t, Type*, Args args) {
  if (args.count + args.keyword_count != 0) return raise(t, exc::TypeError, "NoDefaultType takes no arguments");
  return Ref::copy(g_no_default.get());
}
Ref no_default_repr(Thread& t, Value) { return str_from_ascii(t, "typing.NoDefault"); }
Ref no_default_reduce(Thread& t, Value, const Value*) { return str_from_ascii(t, "NoDefault"); }

constexpr Method kNoDefaultMethods[] = {method("__reduce__", no_default_reduce, "($self, /)"), {}};
const TypeSpec kNoDefaultSpec = {
    .name = "NoDefaultType",
    .doc = "The type of the NoDefault singleton.",
    .layout = {"NoDefaultType", sizeof(Object), 0, nullptr, nullptr, nullptr, nullptr},
    .flags = type_flag::kImmutable,
    .slots = {.repr = no_default_repr, .new_ = no_default_new},
    .methods = kNoDefaultMethods,
};

}  // namespace

Value no_default() { return g_no_default.get(); }

Ref call_typing(Thread& t, const char* name, Args args) {
  Ref module = TRY(import_module(t, "typing"));
  Ref function = TRY(get_attribute_utf8(t, module, name));
  return call(t, function, args);
}

Ref type_check(Thread& t, Value v, const char* message) {
  // As typing does it, without needing typing for the common cases.
  if (v.is_none()) return Ref::copy(types::none_type);
  if (is_type(v) && type_of(v) == types::type) return Ref::copy(v);
  RefTo<Str> text = TRY(str_from_ascii(t, message));
  return call_typing_with(t, "_type_check", v, text);
}

Ref make_union(Thread& t, Value a, Value b) {
  constexpr const char* kMessage = "Union[arg, ...]: each arg must be a type.";
  Ref x = TRY(type_check(t, a, kMessage)), y = TRY(type_check(t, b, kMessage));
  RefTo<Tuple> both = TRY(tuple_of(t, x, y));
  return union_from(t, both);
}

Ref unpack(Thread& t, Value v) {
  Ref module = TRY(import_module(t, "typing"));
  Ref form = TRY(get_attribute_utf8(t, module, "Unpack"));
  return get_item(t, form, v);
}

Ref caller_module(Thread& t) {
  if (t.frame == nullptr) return Ref();
  Function* function = frame::function(t.frame);
  Ref module = function_module(function);
  if (module.get().is_none()) {
    Value globals = function->globals.peek();
    if (is_dict(globals)) module = dict_get_str(t, globals.as<Dict>(), names::__name__);
  }
  return module;
}

Ref evaluate(Thread& t, Value evaluator) { return call_with(t, evaluator, Value::small_int(1)); }

Ref const_evaluator(Thread& t, Value value) {
  Ref self = TRY(allocate_instance(t, g_const_evaluator_type));
  self.as<ConstEvaluator>()->value.init(self.object(), value);
  return self;
}

Status add_helper_types(Thread& t, Module* module) {
  if (g_const_evaluator_type == nullptr) {
    TRY(make_static_type(t, kConstEvaluatorSpec, &g_const_evaluator_type));
    TRY(make_static_type(t, kNoDefaultSpec, &g_no_default_type));
    g_no_default.set(t, TRY(allocate_instance(t, g_no_default_type)));
  }
  return module_add(t, module, "NoDefault", g_no_default.get());
}

}  // namespace typhon::typing
