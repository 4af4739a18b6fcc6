// operator.itemgetter, attrgetter, methodcaller.
#include "modules/_operator/operator.h"

namespace typhon {

Type *g_itemgetter_type, *g_attrgetter_type, *g_methodcaller_type;

namespace {

Ref text_signature(Thread& t, Value) { return str_from_ascii(t, "(obj, /)"); }
const GetSet kGetSets[] = {{"__text_signature__", text_signature}, {}};

Status one_argument(Thread& t, const char* name, const Args& args) {
  TRY(check_no_keywords(t, name, args));
  return check_arity(t, name, args, 1, 1);
}

// --- itemgetter
struct ItemGetter : Object {
  Field items;  // tuple of keys
};

void item_visit(Object* self, Visitor& visitor) { visitor.field(static_cast<ItemGetter*>(self)->items); }

Ref item_new(Thread& t, Type* cls, Args args) {
  TRY(check_no_keywords(t, "itemgetter", args));
  if (args.count < 1) return raise(t, exc::TypeError, "itemgetter expected 1 argument, got 0");
  RefTo<Tuple> items = TRY(tuple_from(t, args.values, args.count));
  Ref self = TRY(allocate_instance(t, cls));
  self.as<ItemGetter>()->items.init(self.object(), std::move(items));
  return self;
}

Ref item_call(Thread& t, Value self, Args args) {
  TRY(one_argument(t, "itemgetter", args));
  Ref held = self.as<ItemGetter>()->items.load();
  auto* items = held.as<Tuple>();
  if (items->size == 1) return get_item(t, args[0], items->items[0].peek());
  RefTo<Tuple> result = TRY(tuple_allocate(t, items->size));
  for (u64 i = 0; i < items->size; i++)
    result->items[i].init(result.get(), TRY(get_item(t, args[0], items->items[i].peek())));
  return result;
}

Ref item_repr(Thread& t, Value self) {
  bool entered = TRY(repr_enter(t, self));
  if (!entered) return str_format(t, "%N(...)", type_of(self));
  Ref held = self.as<ItemGetter>()->items.load();
  auto* items = held.as<Tuple>();
  RefTo<Str> text = items->size == 1 ? str_format(t, "operator.itemgetter(%R)", items->items[0].peek())
                                     : str_format(t, "operator.itemgetter%R", held.get());
  repr_leave(t, self);
  return text;
}

Ref item_reduce(Thread& t, Value self, const Value*) {
  return tuple_of(t, Value(type_of(self)), self.as<ItemGetter>()->items.peek());
}

// --- attrgetter
struct AttrGetter : Object {
  Field names;  // as given
  Field paths;  // tuple: an interned name, or a tuple of such for a dotted one
};

void attr_visit(Object* self, Visitor& visitor) {
  visitor.field(static_cast<AttrGetter*>(self)->names);
  visitor.field(static_cast<AttrGetter*>(self)->paths);
}

Ref path_of(Thread& t, Str* name) {
  size_t parts = 1, n = name->length();
  for (size_t i = 0; i < n; i++) parts += name->at(i) == '.';
  if (parts == 1) return str_intern(t, Value(name));
  RefTo<Tuple> path = TRY(tuple_allocate(t, parts));
  size_t start = 0, at = 0;
  for (size_t i = 0; i <= n; i++) {
    if (i < n && name->at(i) != '.') continue;
    RefTo<Str> part = TRY(str_substring(t, name, start, i));
    path->items[at++].init(path.get(), TRY(str_intern(t, part)));
    start = i + 1;
  }
  return path;
}

Ref attr_new(Thread& t, Type* cls, Args args) {
  TRY(check_no_keywords(t, "attrgetter", args));
  if (args.count < 1) return raise(t, exc::TypeError, "attrgetter expected 1 argument, got 0");
  RefTo<Tuple> names = TRY(tuple_from(t, args.values, args.count));
  RefTo<Tuple> paths = TRY(tuple_allocate(t, args.count));
  for (u32 i = 0; i < args.count; i++) {
    if (!is_str(args[i])) return raise(t, exc::TypeError, "attribute name must be a string");
    paths->items[i].init(paths.get(), TRY(path_of(t, args[i].as<Str>())));
  }
  Ref self = TRY(allocate_instance(t, cls));
  auto* g = self.as<AttrGetter>();
  g->names.init(g, std::move(names));
  g->paths.init(g, std::move(paths));
  return self;
}

Ref follow(Thread& t, Value object, Value path) {
  if (is_str(path)) return get_attribute(t, object, path.as<Str>());
  auto* names = path.as<Tuple>();
  Ref at = Ref::copy(object);
  for (u64 i = 0; i < names->size; i++) at = TRY(get_attribute(t, at, names->items[i].as<Str>()));
  return at;
}

Ref attr_call(Thread& t, Value self, Args args) {
  TRY(one_argument(t, "attrgetter", args));
  Ref held = self.as<AttrGetter>()->paths.load();
  auto* paths = held.as<Tuple>();
  if (paths->size == 1) return follow(t, args[0], paths->items[0].peek());
  RefTo<Tuple> result = TRY(tuple_allocate(t, paths->size));
  for (u64 i = 0; i < paths->size; i++)
    result->items[i].init(result.get(), TRY(follow(t, args[0], paths->items[i].peek())));
  return result;
}

Ref attr_repr(Thread& t, Value self) {
  Ref held = self.as<AttrGetter>()->names.load();
  auto* names = held.as<Tuple>();
  if (names->size == 1) return str_format(t, "operator.attrgetter(%R)", names->items[0].peek());
  return str_format(t, "operator.attrgetter%R", held.get());
}

Ref attr_reduce(Thread& t, Value self, const Value*) {
  return tuple_of(t, Value(type_of(self)), self.as<AttrGetter>()->names.peek());
}

// --- methodcaller
struct MethodCaller : Object {
  Field name;      // interned
  Field args;      // tuple
  Field keywords;  // dict or EMPTY
};

void caller_visit(Object* self, Visitor& visitor) { visitor.fields(&static_cast<MethodCaller*>(self)->name, 3); }

Ref caller_new(Thread& t, Type* cls, Args args) {
  if (args.count < 1) return raise(t, exc::TypeError, "methodcaller needs at least one argument, the method name");
  if (!is_str(args[0])) return raise(t, exc::TypeError, "method name must be a string");
  RefTo<Str> name = TRY(str_intern(t, args[0]));
  RefTo<Tuple> words = TRY(tuple_from(t, args.values + 1, args.count - 1));
  RefTo<Dict> keywords;
  if (args.keyword_count != 0) {
    keywords = TRY(dict_new(t, args.keyword_count));
    for (u32 k = 0; k < args.keyword_count; k++)
      TRY(dict_set_py(t, keywords.get(), args.names->items[k].peek(), args.keyword(k)));
  }
  Ref self = TRY(allocate_instance(t, cls));
  auto* c = self.as<MethodCaller>();
  c->name.init(c, std::move(name));
  c->args.init(c, std::move(words));
  if (!keywords.is_empty()) c->keywords.init(c, std::move(keywords));
  return self;
}

Ref caller_call(Thread& t, Value self, Args args) {
  TRY(one_argument(t, "methodcaller", args));
  auto* c = self.as<MethodCaller>();
  Ref name = c->name.load(), words = c->args.load(), keywords = c->keywords.load();
  auto* tuple = words.as<Tuple>();
  if (keywords.is_empty())
    return call_method(t, args[0], name.as<Str>(), reinterpret_cast<const Value*>(tuple->items), u32(tuple->size));
  Ref bound = TRY(get_attribute(t, args[0], name.as<Str>()));
  return call_tuple_dict(t, bound, words, keywords);
}

Status write_repr(Thread& t, Value self, StrBuilder& out) {
  auto* c = self.as<MethodCaller>();
  Ref name = c->name.load(), words = c->args.load(), keywords = c->keywords.load();
  out.append_ascii("operator.methodcaller(");
  RefTo<Str> text = TRY(object_repr(t, name));
  out.append(text.get());
  for (u64 i = 0; i < words.as<Tuple>()->size; i++) {
    out.append_ascii(", ");
    text = TRY(object_repr(t, words.as<Tuple>()->items[i].peek()));
    out.append(text.get());
  }
  if (!keywords.is_empty()) {
    size_t position = 0;
    Ref key, value;
    while (dict_next(t, keywords.as<Dict>(), &position, &key, &value)) {
      text = TRY(str_format(t, ", %S=%R", key.get(), value.get()));
      out.append(text.get());
    }
  }
  out.append(')');
  return ok();
}

Ref caller_repr(Thread& t, Value self) {
  bool entered = TRY(repr_enter(t, self));
  if (!entered) return str_format(t, "%N(...)", type_of(self));
  StrBuilder out;
  Status done = write_repr(t, self, out);
  repr_leave(t, self);
  if (done.failed()) return Raised{};
  return out.finish(t);
}

Ref caller_reduce(Thread& t, Value self, const Value*) {
  auto* c = self.as<MethodCaller>();
  Ref name = c->name.load(), words = c->args.load(), keywords = c->keywords.load();
  auto* tuple = words.as<Tuple>();
  if (keywords.is_empty()) {
    RefTo<Tuple> all = TRY(tuple_allocate(t, tuple->size + 1));
    all->items[0].init(all.get(), name.get());
    for (u64 i = 0; i < tuple->size; i++) all->items[i + 1].init(all.get(), tuple->items[i].peek());
    return tuple_of(t, Value(type_of(self)), all);
  }
  // partial(methodcaller, name, **keywords) takes the positional arguments when it is called.
  RefTo<Str> module_name = TRY(str_from_ascii(t, "functools"));
  Ref import = TRY(builtin_named(t, "__import__"));
  Ref module = TRY(call_with(t, import, module_name));
  Ref partial = TRY(get_attribute_utf8(t, module, "partial"));
  RefTo<Tuple> first = TRY(tuple_of(t, Value(type_of(self)), name));
  Ref constructor = TRY(call_tuple_dict(t, partial, first, keywords));
  return tuple_of(t, constructor, words);
}

const Method kItemMethods[] = {
    method("__reduce__", item_reduce, "($self, /)", "Return state information for pickling"),
    {},
};
const Method kAttrMethods[] = {
    method("__reduce__", attr_reduce, "($self, /)", "Return state information for pickling"),
    {},
};
const Method kCallerMethods[] = {
    method("__reduce__", caller_reduce, "($self, /)", "Return state information for pickling"),
    {},
};

}  // namespace

const TypeSpec spec_itemgetter = {
    .name = "operator.itemgetter",
    .doc =
        "Return a callable object that fetches the given item(s) from its operand.\nAfter f = itemgetter(2), the call "
        "f(r) returns r[2].\nAfter g = itemgetter(2, 5, 3), the call g(r) returns (r[2], r[5], r[3])",
    .layout = {"itemgetter", sizeof(ItemGetter), 0, item_visit, nullptr, nullptr, nullptr},
    .flags = type_flag::kImmutable,
    .slots = {.repr = item_repr, .call = item_call, .new_ = item_new},
    .methods = kItemMethods,
    .getsets = kGetSets,
    .text_signature = "(item, /, *items)",
};

const TypeSpec spec_attrgetter = {
    .name = "operator.attrgetter",
    .doc =
        "Return a callable object that fetches the given attribute(s) from its operand.\nAfter f = attrgetter('name'), "
        "the call f(r) returns r.name.\nAfter g = attrgetter('name', 'date'), the call g(r) returns (r.name, "
        "r.date).\nAfter h = attrgetter('name.first', 'name.last'), the call h(r) returns\n(r.name.first, "
        "r.name.last).",
    .layout = {"attrgetter", sizeof(AttrGetter), 0, attr_visit, nullptr, nullptr, nullptr},
    .flags = type_flag::kImmutable,
    .slots = {.repr = attr_repr, .call = attr_call, .new_ = attr_new},
    .methods = kAttrMethods,
    .getsets = kGetSets,
    .text_signature = "(attr, /, *attrs)",
};

const TypeSpec spec_methodcaller = {
    .name = "operator.methodcaller",
    .doc =
        "Return a callable object that calls the given method on its operand.\nAfter f = methodcaller('name'), the "
        "call "
        "f(r) returns r.name().\nAfter g = methodcaller('name', 'date', foo=1), the call g(r) returns\nr.name('date', "
        "foo=1).",
    .layout = {"methodcaller", sizeof(MethodCaller), 0, caller_visit, nullptr, nullptr, nullptr},
    .flags = type_flag::kImmutable,
    .slots = {.repr = caller_repr, .call = caller_call, .new_ = caller_new},
    .methods = kCallerMethods,
    .getsets = kGetSets,
    .text_signature = "(name, /, *args, **kwargs)",
};

}  // namespace typhon
