// The module type, and making native modules.
#include "objects/module.h"

#include "heap/collector.h"

namespace typhon {

// protocol/attribute.cpp
Status module_set_attribute(Thread& t, Value v, Str* name, Value value);
// runtime/import.cpp: importlib._bootstrap._module_repr; *done false when importlib is not there yet.
Ref module_repr_by_importlib(Thread& t, Value module, bool* done);

namespace {

void visit(Object* self, Visitor& v) {
  auto* module = static_cast<Module*>(self);
  v.field(module->dict);
  v.field(module->definition_state);
}

Ref module_new_slot(Thread& t, Type* cls, Args) {
  Ref self = TRY(allocate_instance(t, cls));
  auto* module = self.as<Module>();
  module->dict.init(module, TRY(dict_new(t)));
  collector::make_deferred(module);
  return self;
}

Status set_initial(Thread& t, Module* module, Value name, Value doc) {
  Dict* dict = module->dict.as<Dict>();
  TRY(dict_set_str(t, dict, names::__name__, name));
  TRY(dict_set_str(t, dict, names::__doc__, doc));
  for (Str* key : {names::__package__, names::__loader__, names::__spec__}) {
    Value old = dict_peek_str(dict, key);
    if (old.is_empty()) TRY(dict_set_str(t, dict, key, None));
  }
  return ok();
}

Status module_init(Thread& t, Value self, Args args) {
  static const Signature& signature = parse_signature("(name, doc=None)");
  Value out[2];
  Ref keep[1];
  TRY(bind_arguments(t, signature, "module", args, out, keep));
  if (!is_str(out[0])) return raise(t, exc::TypeError, "module() argument 'name' must be str, not %Q", out[0]);
  return set_initial(t, self.as<Module>(), out[0], out[1].is_empty() ? None : out[1]);
}

Ref repr(Thread& t, Value self) {
  // importlib knows how modules with a spec are shown.
  Dict* dict = self.as<Module>()->dict.as<Dict>();
  Ref spec = dict_get_str(t, dict, names::__spec__);
  if (!spec.is_empty() && !spec.get().is_none()) {
    bool done = false;
    Ref text = module_repr_by_importlib(t, self, &done);
    if (done) return text;
  }
  Ref name = dict_get_str(t, dict, names::__name__);
  Ref file = dict_get_str(t, dict, names::__file__);
  if (!is_str(name)) name = TRY(str_from_ascii(t, "?"));
  Value shown = name.get();
  if (is_str(file)) return str_format(t, "<module %R from %R>", shown, file.get());
  Ref loader = dict_get_str(t, dict, names::__loader__);
  if (!loader.is_empty() && !loader.get().is_none()) return str_format(t, "<module %R (%R)>", shown, loader.get());
  return str_format(t, "<module %R>", shown);
}

Ref get_dict(Thread&, Value self) { return self.as<Module>()->dict.load(); }

// __annotations__ and __annotate__ live in the module's dict (PEP 649).
Ref get_annotate(Thread& t, Value self) {
  Dict* dict = self.as<Module>()->dict.as<Dict>();
  Ref annotate = dict_get_str(t, dict, names::__annotate__);
  if (!annotate.is_empty()) return annotate;
  TRY(dict_set_str(t, dict, names::__annotate__, None));
  return Ref::none();
}
Status set_annotate(Thread& t, Value self, Value value) {
  if (value.is_empty()) return raise(t, exc::TypeError, "cannot delete __annotate__ attribute");
  if (!value.is_none() && !is_callable(value)) return raise(t, exc::TypeError, "__annotate__ must be callable or None");
  Dict* dict = self.as<Module>()->dict.as<Dict>();
  TRY(dict_set_str(t, dict, names::__annotate__, value));
  if (!value.is_none()) {
    Result<bool> gone = dict_delete_str(t, dict, names::__annotations__);
    if (gone.failed()) return Raised{};
  }
  return ok();
}
Ref get_annotations(Thread& t, Value self) {
  Dict* dict = self.as<Module>()->dict.as<Dict>();
  Ref annotations = dict_get_str(t, dict, names::__annotations__);
  if (!annotations.is_empty()) return annotations;
  Ref annotate = dict_get_str(t, dict, names::__annotate__);
  if (!annotate.is_empty() && is_callable(annotate)) {
    annotations = TRY(call_with(t, annotate, Value::small_int(1)));
    if (!is_dict(annotations)) return raise(t, exc::TypeError, "__annotate__ returned non-dict of type '%T'", annotations.get());
  } else {
    annotations = TRY(dict_new(t));
  }
  // More are to come while the module's code runs.
  Ref spec = dict_get_str(t, dict, names::__spec__);
  if (!spec.is_empty() && !spec.get().is_none()) {
    Ref initialising = TRY(get_attribute_or_empty(t, spec, names::_initializing));
    if (!initialising.is_empty() && TRY(truth(t, initialising))) return annotations;
  }
  TRY(dict_set_str(t, dict, names::__annotations__, annotations));
  return annotations;
}
Status set_annotations(Thread& t, Value self, Value value) {
  Dict* dict = self.as<Module>()->dict.as<Dict>();
  if (value.is_empty()) {
    if (!TRY(dict_delete_str(t, dict, names::__annotations__))) return raise(t, exc::AttributeError, "__annotations__");
    return ok();
  }
  TRY(dict_set_str(t, dict, names::__annotations__, value));
  Result<bool> gone = dict_delete_str(t, dict, names::__annotate__);
  if (gone.failed()) return Raised{};
  return ok();
}

Ref m_dir(Thread& t, Value self, const Value*) {
  Ref dict = TRY(get_attribute(t, self, names::__dict__));
  if (!is_dict(dict)) return raise(t, exc::TypeError, "%R.__dict__ is not a dictionary", self);
  Ref hook = dict_get_str(t, dict.as<Dict>(), names::__dir__);
  if (!hook.is_empty()) return call(t, hook);
  return dict_keys_list(t, dict.as<Dict>());
}

constexpr Method kMethods[] = {method("__dir__", m_dir, "($self, /)", "__dir__() -> list\nspecialized dir() implementation"), {}};
constexpr GetSet kGetSets[] = {{"__dict__", get_dict},
                               {"__annotations__", get_annotations, set_annotations},
                               {"__annotate__", get_annotate, set_annotate},
                               {}};

}  // namespace

extern const TypeSpec spec_module;
const TypeSpec spec_module = {
    .name = "module",
    .doc = "Create a module object.\n\nThe name must be a string; the optional docstring can have any type.",
    .layout = {"module", sizeof(Module), 0, visit, nullptr, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kHasWeakref | type_flag::kImmutable,
    .slots = {.repr = repr, .getattribute = module_get_attribute, .setattribute = module_set_attribute, .new_ = module_new_slot, .init = module_init},
    .methods = kMethods,
    .getsets = kGetSets,
};

RefTo<Module> module_new(Thread& t, Str* name) {
  Ref self = TRY(module_new_slot(t, types::module, Args{}));
  TRY(set_initial(t, self.as<Module>(), Value(name), None));
  return RefTo<Module>::from(std::move(self));
}

Status module_add(Thread& t, Module* module, const char* name, Value value) {
  RefTo<Str> key = TRY(str_from_utf8(t, name));
  key = TRY(str_intern(t, key));
  return dict_set_str(t, module->dict.as<Dict>(), key.get(), value);
}
Status module_add(Thread& t, Module* module, const char* name, Ref&& value) {
  if (value.failed()) return Raised{};
  Ref keep = std::move(value);
  return module_add(t, module, name, keep.get());
}
Status module_add_int(Thread& t, Module* module, const char* name, i64 value) {
  return module_add(t, module, name, int_from(t, value));
}
Status module_add_str(Thread& t, Module* module, const char* name, const char* utf8) {
  RefTo<Str> text = TRY(str_from_utf8(t, utf8));
  return module_add(t, module, name, text.value());
}

Status module_add_type(Thread& t, Module* module, const TypeSpec& spec, Type** where) {
  if (*where == nullptr) TRY(make_static_type(t, spec, where));
  const char* dot = strrchr(spec.name, '.');
  return module_add(t, module, dot != nullptr ? dot + 1 : spec.name, Value(*where));
}

Status module_add_exception(Thread& t, Module* module, const char* qualified_name, Type* base, Type** where) {
  const char* dot = strrchr(qualified_name, '.');
  CHECK(dot != nullptr);
  RefTo<Str> name = TRY(str_from_ascii(t, dot + 1));
  RefTo<Str> module_name = TRY(str_from_ascii(t, {qualified_name, size_t(dot - qualified_name)}));
  RefTo<Tuple> bases = TRY(tuple_of(t, Value(base)));
  RefTo<Dict> space = TRY(dict_new(t));
  TRY(dict_set_str(t, space.get(), names::__module__, module_name));
  Ref type = TRY(type_new(t, types::type, name.get(), bases.get(), space.get(), Args{}));
  *where = type.as<Type>();
  collector::pin(type.object());
  return module_add(t, module, dot + 1, type.get());
}

Ref module_from_definition(Thread& t, const ModuleDef& definition) {
  RefTo<Str> name = TRY(str_from_ascii(t, definition.name));
  name = TRY(str_intern(t, name));
  RefTo<Module> module = TRY(module_new(t, name.get()));
  module->definition = &definition;
  Dict* dict = module->dict.as<Dict>();
  if (definition.doc != nullptr) {
    RefTo<Str> doc = TRY(str_from_utf8(t, definition.doc));
    TRY(dict_set_str(t, dict, names::__doc__, doc));
  }
  for (const Method* row = definition.functions; row != nullptr && row->name != nullptr; row++) {
    Ref function = TRY(native_function_new(t, row, module, name));
    // Like the module it belongs to: not counted, so that calling it touches no count.
    collector::make_deferred(function.object());
    TRY(module_add(t, module.get(), row->name, function.get()));
  }
  if (definition.initialise != nullptr) TRY(definition.initialise(t, module.get()));
  return module;
}

}  // namespace typhon
