// _functools: reduce, cmp_to_key, and the module.
#include "modules/_functools/functools.h"

namespace typhon {

Type* g_key_wrapper_type;
GlobalRoot g_keyword_mark;

namespace {

Ref f_reduce(Thread& t, Value, const Value* a) {
  Ref iterator = get_iter(t, a[1]);
  if (iterator.failed()) {
    if (!clear_if(t, exc::TypeError)) return iterator;
    return raise(t, exc::TypeError, "reduce() arg 2 must support iteration");
  }
  Ref result = Ref::copy(a[2]);
  for (;;) {
    Ref item = TRY(iter_next(t, iterator));
    if (item.is_empty()) break;
    if (result.is_empty())
      result = std::move(item);
    else
      result = TRY(call_with(t, a[0], result, item));
  }
  if (result.is_empty()) return raise(t, exc::TypeError, "reduce() of empty iterable with no initial value");
  return result;
}

// --- cmp_to_key: K makes wrappers of objects, which compare by calling the function
struct KeyWrapper : Object {
  Field compare;
  Field object;  // EMPTY in K itself
};

void key_visit(Object* self, Visitor& visitor) {
  visitor.field(static_cast<KeyWrapper*>(self)->compare);
  visitor.field(static_cast<KeyWrapper*>(self)->object);
}

Ref key_new(Thread& t, Value compare, Value object) {
  auto* key = allocate_native<KeyWrapper>(t, g_key_wrapper_type);
  Ref self = Ref::adopt(Value(key));
  key->compare.init(key, compare);
  key->object.init(key, object);
  return self;
}

Ref key_call(Thread& t, Value self, Args args) {
  static const Signature& signature = parse_signature("(obj)");
  Value a[1];
  Ref keep;
  TRY(bind_arguments(t, signature, "K", args, a, &keep));
  Ref compare = self.as<KeyWrapper>()->compare.load();
  return key_new(t, compare, a[0]);
}

Ref key_compare(Thread& t, Value self, Value other, CompareOp op) {
  if (type_of(other) != g_key_wrapper_type) return raise(t, exc::TypeError, "other argument must be K instance");
  Ref function = self.as<KeyWrapper>()->compare.load();
  Ref x = self.as<KeyWrapper>()->object.load(), y = other.as<KeyWrapper>()->object.load();
  if (x.is_empty() || y.is_empty()) return raise(t, exc::AttributeError, "object");
  Ref order = TRY(call_with(t, function, x, y));
  return compare(t, op, order, Value::small_int(0));
}

Ref f_cmp_to_key(Thread& t, Value, const Value* a) { return key_new(t, a[0], EMPTY); }

const Member kKeyMembers[] = {
    {"obj", offsetof(KeyWrapper, object), true, true, "Value wrapped by a key function."},
    {},
};
Ref key_signature(Thread& t, Value) { return str_from_ascii(t, "(obj)"); }
const GetSet kKeyGetSets[] = {{"__text_signature__", key_signature}, {}};
const TypeSpec kKeyWrapperSpec = {
    .name = "functools.KeyWrapper",
    .layout = {"KeyWrapper", sizeof(KeyWrapper), 0, key_visit, nullptr, nullptr, nullptr},
    .flags = type_flag::kImmutable | type_flag::kDisallowInstantiation,
    .slots = {.call = key_call, .compare = key_compare},
    .getsets = kKeyGetSets,
    .members = kKeyMembers,
};

const Method kFunctions[] = {
    method(
        "reduce", f_reduce, "($module, function, iterable, /, initial=<unrepresentable>)",
        "Apply a function of two arguments cumulatively to the items of an iterable, from left to right.\n\nThis "
        "effectively reduces the iterable to a single value.  If initial is\npresent, it is placed before the items of "
        "the iterable in the\ncalculation, and serves as a default when the iterable is empty.\n\nFor example, "
        "reduce(lambda x, y: x+y, [1, 2, 3, 4, 5])\ncalculates ((((1 + 2) + 3) + 4) + 5)."),
    method("cmp_to_key", f_cmp_to_key, "($module, /, mycmp)",
           "Convert a cmp= function into a key= function.\n\n  mycmp\n    Function that compares two objects."),
    {},
};

Status initialise(Thread& t, Module* module) {
  TRY(module_add_type(t, module, spec_partial, &g_partial_type));
  TRY(module_add_type(t, module, spec_placeholder, &g_placeholder_type));
  TRY(module_add_type(t, module, spec_lru_cache, &g_lru_cache_type));
  TRY(initialise_lru_links(t));
  if (g_key_wrapper_type == nullptr) TRY(make_static_type(t, kKeyWrapperSpec, &g_key_wrapper_type));
  if (g_placeholder.get().is_empty()) g_placeholder.set(t, TRY(allocate_instance(t, g_placeholder_type)));
  if (g_keyword_mark.get().is_empty()) g_keyword_mark.set(t, TRY(allocate_instance(t, types::object)));
  return module_add(t, module, "Placeholder", g_placeholder.get());
}

}  // namespace

extern const ModuleDef module__functools;
const ModuleDef module__functools = {"_functools", "Tools that operate on functions.", kFunctions, initialise};

}  // namespace typhon
