// types.SimpleNamespace.
#include "objects/exception_types.h"
#include "objects/module.h"

namespace typhon {

Type* g_simple_namespace_type;

namespace {

Status init(Thread& t, Value self, Args args) {
  if (args.count > 1) {
    const char *name = type_of(self)->name_utf8(), *dot = std::strrchr(name, '.');
    return raise(t, exc::TypeError, "%s expected at most 1 argument, got %d", dot != nullptr ? dot + 1 : name, int(args.count));
  }
  Ref dict = TRY(instance_dict(t, self.object()));
  if (args.count == 1) {
    RefTo<Dict> given = TRY(dict_new(t));
    TRY(dict_update_py(t, given.get(), args[0]));
    size_t position = 0;
    Ref key, value;
    while (dict_next(t, given.get(), &position, &key, &value))
      if (!is_str(key)) return raise(t, exc::TypeError, "keywords must be strings");
    TRY(dict_update_py(t, dict.as<Dict>(), given));
  }
  for (u32 k = 0; k < args.keyword_count; k++) TRY(dict_set_str(t, dict.as<Dict>(), args.names->items[k].as<Str>(), args.keyword(k)));
  return ok();
}

Ref repr(Thread& t, Value self) {
  const char* name = type_of(self) == g_simple_namespace_type ? "namespace" : type_name(self);
  if (!TRY(repr_enter(t, self))) return str_format(t, "%s(...)", name);
  auto build = [&]() -> Ref {
    StrBuilder out;
    out.append_utf8(name);
    out.append('(');
    Ref dict = TRY(instance_dict(t, self.object()));
    size_t position = 0;
    bool first = true;
    Ref key, value;
    while (dict_next(t, dict.as<Dict>(), &position, &key, &value)) {
      if (!is_str(key) || key.as<Str>()->length() == 0) continue;
      if (!first) out.append_ascii(", ");
      first = false;
      out.append(key.as<Str>());
      out.append('=');
      RefTo<Str> text = TRY(object_repr(t, value));
      out.append(text.get());
    }
    out.append(')');
    return out.finish(t);
  };
  Ref text = build();
  repr_leave(t, self);
  return text;
}

Ref compare_slot(Thread& t, Value a, Value b, CompareOp op) {
  if (!is_instance_of(a, g_simple_namespace_type) || !is_instance_of(b, g_simple_namespace_type)) return Ref::not_implemented();
  Ref x = TRY(instance_dict(t, a.object())), y = TRY(instance_dict(t, b.object()));
  return compare(t, op, x, y);
}

Ref m_reduce(Thread& t, Value self, const Value*) {
  Ref dict = TRY(instance_dict(t, self.object()));
  return tuple_of(t, Value(type_of(self)), Value(empty_tuple()), dict);
}

Ref m_replace(Thread& t, Value self, const Value* a) {
  Ref copy = TRY(call(t, type_of(self)));
  if (!is_instance_of(copy, g_simple_namespace_type)) {
    RefTo<Str> type = TRY(full_type_name(t, self)), got = TRY(full_type_name(t, copy));
    return raise(t, exc::TypeError, "expect types.SimpleNamespace type, but %U() returned '%U' object", type.get(), got.get());
  }
  Ref from = TRY(instance_dict(t, self.object())), to = TRY(instance_dict(t, copy.object()));
  TRY(dict_update_py(t, to.as<Dict>(), from));
  TRY(dict_update_py(t, to.as<Dict>(), a[0]));
  return copy;
}

constexpr Method kMethods[] = {method("__reduce__", m_reduce, "($self, /)"),
                               method("__replace__", m_replace, "($self, /, **changes)"),
                               {}};

const TypeSpec kSpec = {
    .name = "types.SimpleNamespace",
    .doc = "A simple attribute-based namespace.",
    .layout = {"SimpleNamespace", sizeof(Object), 0, nullptr, nullptr, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kHasDict | type_flag::kImmutable,
    .slots = {.repr = repr,
              .compare = compare_slot,
              .new_ = [](Thread& t, Type* cls, Args) -> Ref { return allocate_instance(t, cls); },
              .init = init},
    .methods = kMethods,
};

}  // namespace

Ref simple_namespace_new(Thread& t, Dict* attributes) {
  if (g_simple_namespace_type == nullptr) TRY(make_static_type(t, kSpec, &g_simple_namespace_type));
  Ref self = TRY(allocate_instance(t, g_simple_namespace_type));
  Ref dict = TRY(instance_dict(t, self.object()));
  TRY(dict_update_py(t, dict.as<Dict>(), attributes));
  return self;
}

}  // namespace typhon
