// string.templatelib's Template and Interpolation (PEP 750): what t-strings evaluate to.
#include "objects/template.h"

#include "objects/protocol/services.h"

namespace typhon {

Type* g_template_type;
Type* g_interpolation_type;

Ref generic_alias_new(Thread& t, Value origin, Value args);

namespace {

struct Interpolation : Object {
  Field value, expression, conversion, format_spec;
};
struct Template : Object {
  Field strings, interpolations;  // tuples; one string more than interpolations
};
struct TemplateIterator : Object {
  Field strings, interpolations;
  i64 position;  // even: strings[position / 2], odd: interpolations[position / 2]; advanced atomically
};
Type* g_iterator_type;

void visit_interpolation(Object* self, Visitor& v) { v.fields(&static_cast<Interpolation*>(self)->value, 4); }
void visit_template(Object* self, Visitor& v) { v.fields(&static_cast<Template*>(self)->strings, 2); }
void visit_iterator(Object* self, Visitor& v) { v.fields(&static_cast<TemplateIterator*>(self)->strings, 2); }

Template* template_of(Value v) { return v.as<Template>(); }

// --- Interpolation
Ref make_interpolation(Thread& t, Value value, Value expression, Value conversion, Value spec) {
  Ref self = TRY(allocate_instance(t, g_interpolation_type));
  auto* i = self.as<Interpolation>();
  i->value.init(i, value);
  i->expression.init(i, expression);
  i->conversion.init(i, conversion);
  i->format_spec.init(i, spec);
  return self;
}

Ref interpolation_new(Thread& t, Type*, Args args) {
  static const Signature& signature = parse_signature("(value, expression='', conversion=None, format_spec='')");
  Value a[4];
  Ref keep[1];
  TRY(bind_arguments(t, signature, "Interpolation", args, a, keep));
  Value expression = a[1].is_empty() ? Value(empty_str()) : a[1], conversion = a[2].is_empty() ? None : a[2],
        spec = a[3].is_empty() ? Value(empty_str()) : a[3];
  if (!is_str(expression)) return raise(t, exc::TypeError, "Interpolation() argument 'expression' must be str, not %T", expression);
  if (!is_str(spec)) return raise(t, exc::TypeError, "Interpolation() argument 'format_spec' must be str, not %T", spec);
  if (!conversion.is_none()) {
    if (!is_str(conversion)) return raise(t, exc::TypeError, "Interpolation() argument 'conversion' must be str, not %T", conversion);
    Str* c = conversion.as<Str>();
    if (!c->equals_ascii("s") && !c->equals_ascii("r") && !c->equals_ascii("a"))
      return raise(t, exc::ValueError, "Interpolation() argument 'conversion' must be one of 's', 'a' or 'r'");
  }
  return make_interpolation(t, a[0], expression, conversion, spec);
}

Ref interpolation_repr(Thread& t, Value self) {
  auto* i = self.as<Interpolation>();
  Ref value = i->value.load(), expression = i->expression.load(), conversion = i->conversion.load(), spec = i->format_spec.load();
  return str_format(t, "Interpolation(%R, %R, %R, %R)", value.get(), expression.get(), conversion.get(), spec.get());
}
Ref interpolation_reduce(Thread& t, Value self, const Value*) {
  auto* i = self.as<Interpolation>();
  Ref value = i->value.load(), expression = i->expression.load(), conversion = i->conversion.load(), spec = i->format_spec.load();
  RefTo<Tuple> args = TRY(tuple_of(t, value, expression, conversion, spec));
  return tuple_of(t, Value(g_interpolation_type), args);
}
Ref class_getitem(Thread& t, Value cls, const Value* a) { return generic_alias_new(t, cls, a[0]); }

constexpr Method kInterpolationMethods[] = {method("__reduce__", interpolation_reduce, "($self, /)"),
                                            class_method("__class_getitem__", class_getitem, "($type, object, /)", "See PEP 585"),
                                            {}};
constexpr Member kInterpolationMembers[] = {{"value", offsetof(Interpolation, value), false, true, "Value"},
                                            {"expression", offsetof(Interpolation, expression), false, true, "Expression"},
                                            {"conversion", offsetof(Interpolation, conversion), false, true, "Conversion"},
                                            {"format_spec", offsetof(Interpolation, format_spec), false, true, "Format specifier"},
                                            {}};
const TypeSpec kInterpolationSpec = {
    .name = "string.templatelib.Interpolation",
    .doc = "Interpolation object",
    .layout = {"Interpolation", sizeof(Interpolation), 0, visit_interpolation, nullptr, nullptr, nullptr},
    .flags = type_flag::kImmutable,
    .slots = {.repr = interpolation_repr, .new_ = interpolation_new},
    .methods = kInterpolationMethods,
    .members = kInterpolationMembers,
};

// --- Template
Ref make_template(Thread& t, Value strings, Value interpolations) {
  Ref self = TRY(allocate_instance(t, g_template_type));
  template_of(self)->strings.init(self.object(), strings);
  template_of(self)->interpolations.init(self.object(), interpolations);
  return self;
}

Ref template_new(Thread& t, Type*, Args args) {
  if (args.keyword_count != 0) return raise(t, exc::TypeError, "Template.__new__ only accepts *args arguments");
  RootedVector strings(t), interpolations(t);
  bool last_was_string = false;
  for (u32 i = 0; i < args.count; i++) {
    if (is_str(args[i])) {
      if (last_was_string)
        strings.set(strings.size() - 1, TRY(str_concat(t, strings[strings.size() - 1].as<Str>(), args[i].as<Str>())).release_ref());
      else
        strings.push_copy(args[i]);
      last_was_string = true;
    } else if (type_of(args[i]) == g_interpolation_type) {
      if (!last_was_string) strings.push_copy(empty_str());
      interpolations.push_copy(args[i]);
      last_was_string = false;
    } else {
      return raise(t, exc::TypeError, "Template.__new__ *args need to be of type 'str' or 'Interpolation', got %T", args[i]);
    }
  }
  if (!last_was_string) strings.push_copy(empty_str());
  RefTo<Tuple> a = TRY(tuple_from(t, strings.data(), strings.size())), b = TRY(tuple_from(t, interpolations.data(), interpolations.size()));
  return make_template(t, a, b);
}

Ref template_repr(Thread& t, Value self) {
  Ref strings = template_of(self)->strings.load(), interpolations = template_of(self)->interpolations.load();
  return str_format(t, "Template(strings=%R, interpolations=%R)", strings.get(), interpolations.get());
}

Ref template_concat(Thread& t, Value a, Value b) {
  if (type_of(a) != g_template_type || type_of(b) != g_template_type)
    return raise(t, exc::TypeError, "can only concatenate string.templatelib.Template (not \"%T\") to string.templatelib.Template", b);
  auto* left = template_of(a)->strings.as<Tuple>();
  auto* right = template_of(b)->strings.as<Tuple>();
  RootedVector strings(t), interpolations(t);
  for (u64 i = 0; i + 1 < left->size; i++) strings.push(left->items[i].load());
  strings.push(TRY(str_concat(t, left->items[left->size - 1].as<Str>(), right->items[0].as<Str>())).release_ref());
  for (u64 i = 1; i < right->size; i++) strings.push(right->items[i].load());
  for (Value v : {a, b}) {
    auto* tuple = template_of(v)->interpolations.as<Tuple>();
    for (u64 i = 0; i < tuple->size; i++) interpolations.push(tuple->items[i].load());
  }
  RefTo<Tuple> x = TRY(tuple_from(t, strings.data(), strings.size())), y = TRY(tuple_from(t, interpolations.data(), interpolations.size()));
  return make_template(t, x, y);
}

Ref template_iter(Thread& t, Value self) {
  Ref made = TRY(allocate_instance(t, g_iterator_type));
  auto* it = made.as<TemplateIterator>();
  it->strings.init(it, template_of(self)->strings.peek());
  it->interpolations.init(it, template_of(self)->interpolations.peek());
  return made;
}
// Empty strings are left out.
Ref iterator_next(Thread&, Value self) {
  auto* it = self.as<TemplateIterator>();
  while (true) {
    i64 at = __atomic_fetch_add(&it->position, 1, __ATOMIC_RELAXED);
    auto* tuple = (at & 1) ? it->interpolations.as<Tuple>() : it->strings.as<Tuple>();
    if (u64(at / 2) >= tuple->size) return Ref();
    Ref item = tuple->items[at / 2].load();
    if ((at & 1) == 0 && item.as<Str>()->length() == 0) continue;
    return item;
  }
}
Ref iterator_self(Thread&, Value self) { return Ref::copy(self); }

Ref template_values(Thread& t, Value self) {
  auto* tuple = template_of(self)->interpolations.as<Tuple>();
  RootedVector values(t);
  for (u64 i = 0; i < tuple->size; i++) values.push(tuple->items[i].as<Interpolation>()->value.load());
  return tuple_from(t, values.data(), values.size());
}
Ref template_reduce(Thread& t, Value self, const Value*) {
  Ref module = TRY(import_module(t, "string.templatelib"));
  Ref function = TRY(get_attribute_utf8(t, module, "_template_unpickle"));
  Ref strings = template_of(self)->strings.load(), interpolations = template_of(self)->interpolations.load();
  RefTo<Tuple> args = TRY(tuple_of(t, strings, interpolations));
  return tuple_of(t, function, args);
}

constexpr Method kTemplateMethods[] = {method("__reduce__", template_reduce, "($self, /)"), {}};
constexpr GetSet kTemplateGetSets[] = {{"values", template_values, nullptr, "Values of interpolations"}, {}};
constexpr Member kTemplateMembers[] = {{"strings", offsetof(Template, strings), false, true, "Strings"},
                                       {"interpolations", offsetof(Template, interpolations), false, true, "Interpolations"},
                                       {}};
const TypeSpec kTemplateSpec = {
    .name = "string.templatelib.Template",
    .doc = "Template object",
    .layout = {"Template", sizeof(Template), 0, visit_template, nullptr, nullptr, nullptr},
    .flags = type_flag::kImmutable,
    .slots = {.repr = template_repr, .iter = template_iter, .new_ = template_new, .concat = template_concat},
    .methods = kTemplateMethods,
    .getsets = kTemplateGetSets,
    .members = kTemplateMembers,
};
const TypeSpec kIteratorSpec = {
    .name = "string.templatelib.TemplateIter",
    .layout = {"TemplateIter", sizeof(TemplateIterator), 0, visit_iterator, nullptr, nullptr, nullptr},
    .flags = type_flag::kDisallowInstantiation,
    .slots = {.iter = iterator_self, .next = iterator_next},
};

}  // namespace

Ref interpolation_from_string(Thread& t, Value value, Value expression, Value conversion, Value spec) {
  Ref letter = Ref::none();
  if (is_str(conversion)) {
    letter = Ref::copy(conversion);
  } else if (conversion.is_small_int() && conversion.as_small_int() != 0) {
    letter = TRY(str_from_char(t, u32("?sra"[conversion.as_small_int() & 3]))).release_ref();
  }
  return make_interpolation(t, value, expression, letter, spec.is_empty() || spec.is_none() ? Value(empty_str()) : spec);
}
Ref template_from_string(Thread& t, Value strings, Value interpolations) { return make_template(t, strings, interpolations); }

Status initialise_template(Thread& t) {
  TRY(make_static_type(t, kInterpolationSpec, &g_interpolation_type));
  TRY(make_static_type(t, kIteratorSpec, &g_iterator_type));
  TRY(make_static_type(t, kTemplateSpec, &g_template_type));
  RootedVector names_found(t);
  for (const char* name : {"value", "expression", "conversion", "format_spec"}) names_found.push(Ref::copy(str_immortal(t, name)));
  RefTo<Tuple> match_args = TRY(tuple_from(t, names_found.data(), names_found.size()));
  TRY(dict_set_str(t, g_interpolation_type->dict.as<Dict>(), names::__match_args__, match_args));
  type_modified(t, g_interpolation_type);
  return ok();
}

}  // namespace typhon
