// string.templatelib.Template and Interpolation (PEP 750): immutable; a template has one string more than interpolations.
#include "objects/template.h"

#include "objects/generic_alias.h"
#include "objects/protocol/protocol.h"
#include "objects/protocol/services.h"

namespace typhon {

Type* g_template_type;
Type* g_interpolation_type;

namespace {

struct Template : Object {
  Field strings, interpolations;
};
struct Interpolation : Object {
  Field value, expression, conversion, format_spec;
};
struct TemplateIterator : Object {
  Field parts;  // Template
  i64 next;     // even: a string, odd: an interpolation; advanced atomically
};
Type* g_template_iterator_type;

Template* template_of(Value v) { return v.as<Template>(); }
Interpolation* interpolation_of(Value v) { return v.as<Interpolation>(); }
bool is_template(Value v) { return type_of(v) == g_template_type; }

void visit_template(Object* self, Visitor& v) { v.fields(&static_cast<Template*>(self)->strings, 2); }
void visit_interpolation(Object* self, Visitor& v) { v.fields(&static_cast<Interpolation*>(self)->value, 4); }
void visit_iterator(Object* self, Visitor& v) { v.field(static_cast<TemplateIterator*>(self)->parts); }

// --- Interpolation
Ref interpolation_construct(Thread& t, Type*, Args args) {
  static const Signature& signature = parse_signature("(value, expression='', conversion=None, format_spec='')");
  Value a[4];
  Ref keep;
  TRY(bind_arguments(t, signature, "Interpolation", args, a, &keep));
  static constexpr const char* kNames[] = {"value", "expression", "conversion", "format_spec"};
  for (int i = 1; i < 4; i++) {
    if (a[i].is_empty()) a[i] = i == 2 ? None : Value(empty_str());
    if (is_str(a[i]) || (i == 2 && a[i].is_none())) continue;
    return raise(t, exc::TypeError, "Interpolation() argument '%s' must be str, not %Q", kNames[i], a[i]);
  }
  if (is_str(a[2])) {
    auto* c = a[2].as<Str>();
    if (!c->equals_ascii("s") && !c->equals_ascii("r") && !c->equals_ascii("a"))
      return raise(t, exc::ValueError, "Interpolation() argument 'conversion' must be one of 's', 'a' or 'r'");
  }
  return interpolation_new(t, a[0], a[1], a[2], a[3]);
}

Ref interpolation_repr(Thread& t, Value self) {
  auto* i = interpolation_of(self);
  Ref value = i->value.load(), expression = i->expression.load(), conversion = i->conversion.load(), spec = i->format_spec.load();
  return str_format(t, "Interpolation(%R, %R, %R, %R)", value.get(), expression.get(), conversion.get(), spec.get());
}

Ref interpolation_reduce(Thread& t, Value self, const Value*) {
  auto* i = interpolation_of(self);
  RefTo<Tuple> state = TRY(tuple_of(t, i->value.peek(), i->expression.peek(), i->conversion.peek(), i->format_spec.peek()));
  return tuple_of(t, Value(g_interpolation_type), state);
}

Ref class_getitem(Thread& t, Value cls, const Value* a) { return generic_alias_new(t, cls, a[0]); }

constexpr Method kInterpolationMethods[] = {
    method("__reduce__", interpolation_reduce, "($self, /)", "__reduce__() -> (cls, state)"),
    class_method("__class_getitem__", class_getitem, "($type, object, /)", "Interpolations are generic over the types of their values"),
    {},
};
constexpr Member kInterpolationMembers[] = {
    {"value", offsetof(Interpolation, value), false, true, "Value"},
    {"expression", offsetof(Interpolation, expression), false, true, "Expression"},
    {"conversion", offsetof(Interpolation, conversion), false, true, "Conversion"},
    {"format_spec", offsetof(Interpolation, format_spec), false, true, "Format specifier"},
    {},
};
const TypeSpec kInterpolationSpec = {
    .name = "string.templatelib.Interpolation",
    .doc = "Interpolation object",
    .layout = {"Interpolation", sizeof(Interpolation), 0, visit_interpolation, nullptr, nullptr, nullptr},
    .flags = type_flag::kImmutable,
    .slots = {.repr = interpolation_repr, .new_ = interpolation_construct},
    .methods = kInterpolationMethods,
    .members = kInterpolationMembers,
};

// --- Template
// Strings that lie side by side are joined; an interpolation that follows another, or stands at an end, gets an empty neighbour.
Ref template_construct(Thread& t, Type*, Args args) {
  if (args.keyword_count != 0) return raise(t, exc::TypeError, "Template.__new__ only accepts *args arguments");
  RootedVector strings(t), interpolations(t);
  bool string_open = false;
  for (u32 i = 0; i < args.count; i++) {
    Value v = args[i];
    if (is_str(v)) {
      if (string_open) {
        Ref last = strings.pop();
        strings.push(TRY(str_concat(t, last.as<Str>(), v.as<Str>())));
      } else {
        strings.push_copy(v);
      }
      string_open = true;
    } else if (type_of(v) == g_interpolation_type) {
      if (!string_open) strings.push_copy(empty_str());
      interpolations.push_copy(v);
      string_open = false;
    } else {
      return raise(t, exc::TypeError, "Template.__new__ *args need to be of type 'str' or 'Interpolation', got %T", v);
    }
  }
  if (!string_open) strings.push_copy(empty_str());
  RefTo<Tuple> all_strings = TRY(tuple_from(t, strings.data(), strings.size()));
  RefTo<Tuple> all_interpolations = TRY(tuple_from(t, interpolations.data(), interpolations.size()));
  return template_new(t, all_strings, all_interpolations);
}

Ref template_repr(Thread& t, Value self) {
  Ref strings = template_of(self)->strings.load(), interpolations = template_of(self)->interpolations.load();
  return str_format(t, "Template(strings=%R, interpolations=%R)", strings.get(), interpolations.get());
}

Ref template_add(Thread& t, Value a, Value b) {
  if (!is_template(a)) return Ref::not_implemented();
  if (!is_template(b))
    return raise(t, exc::TypeError, "can only concatenate string.templatelib.Template (not \"%T\") to string.templatelib.Template", b);
  Ref left = template_of(a)->strings.load(), right = template_of(b)->strings.load();
  auto* x = left.as<Tuple>();
  auto* y = right.as<Tuple>();
  RootedVector strings(t);
  for (u64 i = 0; i + 1 < x->size; i++) strings.push(x->items[i].load());
  strings.push(TRY(str_concat(t, x->items[x->size - 1].as<Str>(), y->items[0].as<Str>())));
  for (u64 i = 1; i < y->size; i++) strings.push(y->items[i].load());
  RefTo<Tuple> all_strings = TRY(tuple_from(t, strings.data(), strings.size()));
  Ref both = TRY(binary_op(t, BinaryOp::kAdd, template_of(a)->interpolations.peek(), template_of(b)->interpolations.peek()));
  return template_new(t, all_strings, both);
}

Ref get_values(Thread& t, Value self) {
  Ref interpolations = template_of(self)->interpolations.load();
  auto* all = interpolations.as<Tuple>();
  RootedVector values(t);
  for (u64 i = 0; i < all->size; i++) values.push(all->items[i].as<Interpolation>()->value.load());
  return tuple_from(t, values.data(), values.size());
}

Ref template_reduce(Thread& t, Value self, const Value*) {
  Ref module = TRY(import_module(t, "string.templatelib"));
  Ref function = TRY(get_attribute_utf8(t, module, "_template_unpickle"));
  RefTo<Tuple> state = TRY(tuple_of(t, template_of(self)->strings.peek(), template_of(self)->interpolations.peek()));
  return tuple_of(t, function, state);
}

Ref template_iter(Thread& t, Value self) {
  Ref it = TRY(allocate_instance(t, g_template_iterator_type));
  it.as<TemplateIterator>()->parts.init(it.object(), self);
  return it;
}
// Strings and interpolations in turn, without the empty strings.
Ref iterator_next(Thread&, Value self) {
  auto* it = self.as<TemplateIterator>();
  auto* parts = it->parts.as<Template>();
  auto* strings = parts->strings.as<Tuple>();
  auto* interpolations = parts->interpolations.as<Tuple>();
  while (true) {
    i64 at = __atomic_fetch_add(&it->next, 1, __ATOMIC_RELAXED);
    u64 index = u64(at) / 2;
    if (at % 2 == 1) {
      if (index < interpolations->size) return interpolations->items[index].load();
      continue;
    }
    if (index >= strings->size) {
      __atomic_store_n(&it->next, i64(strings->size) * 2, __ATOMIC_RELAXED);
      return Ref();
    }
    if (strings->items[index].as<Str>()->length() > 0) return strings->items[index].load();
  }
}
Ref iterator_iter(Thread&, Value self) { return Ref::copy(self); }

constexpr Method kTemplateMethods[] = {
    method("__reduce__", template_reduce, "($self, /)"),
    class_method("__class_getitem__", class_getitem, "($type, object, /)", "Template supports [] for generic usage"),
    {},
};
constexpr Member kTemplateMembers[] = {
    {"strings", offsetof(Template, strings), false, true, "Strings"},
    {"interpolations", offsetof(Template, interpolations), false, true, "Interpolations"},
    {},
};
constexpr GetSet kTemplateGetSets[] = {{"values", get_values, nullptr, "Values of interpolations"}, {}};
const TypeSpec kTemplateSpec = {
    .name = "string.templatelib.Template",
    .doc = "Template object",
    .layout = {"Template", sizeof(Template), 0, visit_template, nullptr, nullptr, nullptr},
    .flags = type_flag::kImmutable,
    .slots = {.repr = template_repr, .iter = template_iter, .new_ = template_construct, .concat = template_add},
    .methods = kTemplateMethods,
    .getsets = kTemplateGetSets,
    .members = kTemplateMembers,
};
const TypeSpec kTemplateIteratorSpec = {
    .name = "string.templatelib.TemplateIter",
    .layout = {"TemplateIter", sizeof(TemplateIterator), 0, visit_iterator, nullptr, nullptr, nullptr},
    .flags = type_flag::kImmutable | type_flag::kDisallowInstantiation,
    .slots = {.iter = iterator_iter, .next = iterator_next},
};

}  // namespace

Ref template_new(Thread& t, Value strings, Value interpolations) {
  Ref self = TRY(allocate_instance(t, g_template_type));
  auto* made = template_of(self);
  made->strings.init(made, strings);
  made->interpolations.init(made, interpolations);
  return self;
}

Ref interpolation_new(Thread& t, Value value, Value expression, Value conversion, Value format_spec) {
  Ref self = TRY(allocate_instance(t, g_interpolation_type));
  auto* made = interpolation_of(self);
  made->value.init(made, value);
  made->expression.init(made, expression);
  made->conversion.init(made, conversion);
  made->format_spec.init(made, format_spec);
  return self;
}

Status initialise_template(Thread& t) {
  TRY(make_static_type(t, kInterpolationSpec, &g_interpolation_type));
  TRY(make_static_type(t, kTemplateSpec, &g_template_type));
  TRY(make_static_type(t, kTemplateIteratorSpec, &g_template_iterator_type));
  RootedVector words(t);
  for (const char* name : {"value", "expression", "conversion", "format_spec"}) words.push_copy(str_immortal(t, name));
  RefTo<Tuple> match_args = TRY(tuple_from(t, words.data(), words.size()));
  return dict_set_str(t, g_interpolation_type->dict.as<Dict>(), names::__match_args__, match_args);
}

}  // namespace typhon
