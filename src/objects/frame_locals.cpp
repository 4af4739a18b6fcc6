// FrameLocalsProxy (PEP 667): frame.f_locals of a function, a write-through view of its variables.
#include "objects/frame_object.h"
#include "objects/protocol/protocol.h"

namespace typhon {

namespace types {
Type* frame_locals_proxy;
}

namespace {

struct FrameLocalsProxy : Object {
  Field frame;
};
void proxy_visit(Object* self, Visitor& v) { v.field(static_cast<FrameLocalsProxy*>(self)->frame); }
FrameObject* frame_of(Value self) { return self.as<FrameLocalsProxy>()->frame.as<FrameObject>(); }
bool is_proxy(Value v) { return v.is_object() && type_of(v) == types::frame_locals_proxy; }

bool is_hidden(const Code* code, u32 i) { return code->variable_kinds[i] & u8(VariableKind::kHiddenLocal); }
// A class or module shows the variables of its comprehensions only: the others lie in the namespace.
bool is_visible(const Code* code, u32 i) {
  return is_hidden(code, i) || !(code->flags & (code_flag::kModule | code_flag::kClassBody));
}
bool in_cell(const Code* code, u32 i) {
  return code->variable_kinds[i] & (u8(VariableKind::kCell) | u8(VariableKind::kFree));
}
Ref variable(Thread& t, FrameObject* f, u32 i) { return frame_register(t, f, i, in_cell(frame_code(f), i)); }

// The variable of that name, or -1. That of a comprehension counts while it is bound, and goes before the function's own.
// Keys of other types than str find it when they are equal to its name.
Result<i32> find_variable(Thread& t, FrameObject* f, Value key) {
  bool exact = is_exact_str(key);
  i64 hash = exact ? 0 : i64(TRY(object_hash(t, key)));
  Code* code = frame_code(f);
  if (!is_loaded(code)) return -1;  // another thread is about to run it
  Tuple* names = code->variable_names.as<Tuple>();
  i32 found = -1;
  for (u32 i = 0; i < code->local_count; i++) {
    if (!is_visible(code, i)) continue;
    if (exact) {
      if (!str_equal(names->items[i].as<Str>(), key.as<Str>())) continue;
    } else {
      Ref name = names->items[i].load();
      if (i64(TRY(object_hash(t, name))) != hash || !TRY(equal(t, name, key))) continue;
    }
    if (is_hidden(code, i) ? !variable(t, f, i).is_empty() : found < 0) found = i32(i);
  }
  return found;
}

Dict* extra_of(FrameObject* f) { return f->extra_locals.is_empty() ? nullptr : f->extra_locals.as<Dict>(); }

// A plain dict of what is bound now.
RefTo<Dict> snapshot(Thread& t, FrameObject* f) {
  RefTo<Dict> dict = TRY(dict_new(t));
  Code* code = frame_code(f);
  if (!is_loaded(code)) return dict;
  Tuple* names = code->variable_names.as<Tuple>();
  for (bool hidden : {false, true}) {
    for (u32 i = 0; i < code->local_count; i++) {
      if (is_hidden(code, i) != hidden || !is_visible(code, i)) continue;
      Ref v = variable(t, f, i);
      if (!v.is_empty()) TRY(dict_set_str(t, dict.get(), names->items[i].as<Str>(), v.get()));
    }
  }
  if (Dict* extra = extra_of(f)) TRY(dict_update_py(t, dict.get(), Value(extra)));
  return dict;
}

// EMPTY: absent.
Ref lookup(Thread& t, FrameObject* f, Value key) {
  i32 i = TRY(find_variable(t, f, key));
  if (i >= 0) {
    Ref v = variable(t, f, u32(i));
    if (!v.is_empty()) return v;
  }
  if (Dict* extra = extra_of(f)) return dict_get_py(t, extra, key);
  return Ref();
}

Ref proxy_get_item(Thread& t, Value self, Value key) {
  Ref v = TRY(lookup(t, frame_of(self), key));
  if (!v.is_empty()) return v;
  if (TRY(find_variable(t, frame_of(self), key)) >= 0) return raise(t, exc::KeyError, "local variable '%S' is not defined", key);
  return raise_key_error(t, key);
}
Status proxy_set_item(Thread& t, Value self, Value key, Value value) {
  FrameObject* f = frame_of(self);
  i32 i = TRY(find_variable(t, f, key));
  if (i >= 0) {
    if (value.is_empty()) return raise(t, exc::ValueError, "cannot remove local variables from FrameLocalsProxy");
    return set_frame_register(t, f, u32(i), value);
  }
  if (value.is_empty()) {
    Dict* extra = extra_of(f);
    if (extra == nullptr || !TRY(dict_delete_py(t, extra, key))) return raise_key_error(t, key);
    return ok();
  }
  if (extra_of(f) == nullptr) {
    RefTo<Dict> made = TRY(dict_new(t));
    f->extra_locals.store(f, made.value());
  }
  return dict_set_py(t, extra_of(f), key, value);
}
Result<bool> proxy_contains(Thread& t, Value self, Value key) {
  Ref v = TRY(lookup(t, frame_of(self), key));
  return !v.is_empty();
}
Result<i64> proxy_length(Thread& t, Value self) {
  RefTo<Dict> dict = TRY(snapshot(t, frame_of(self)));
  return i64(dict_size(dict.get()));
}
Ref proxy_keys(Thread& t, Value self, const Value*) {
  RefTo<Dict> dict = TRY(snapshot(t, frame_of(self)));
  return dict_keys_list(t, dict.get());
}
Ref proxy_values(Thread& t, Value self, const Value*) {
  RefTo<Dict> dict = TRY(snapshot(t, frame_of(self)));
  return dict_values_list(t, dict.get());
}
Ref proxy_items(Thread& t, Value self, const Value*) {
  RefTo<Dict> dict = TRY(snapshot(t, frame_of(self)));
  return dict_items_list(t, dict.get());
}
Ref proxy_iter(Thread& t, Value self) {
  Ref keys = TRY(proxy_keys(t, self, nullptr));
  return get_iter(t, keys.get());
}
Ref proxy_reversed(Thread& t, Value self, const Value*) {
  RefTo<Dict> dict = TRY(snapshot(t, frame_of(self)));
  RefTo<List> keys = TRY(dict_keys_list(t, dict.get()));
  RefTo<List> backwards = list_new(t);
  for (size_t i = list_size(keys.get()); i-- > 0;) TRY(list_append(t, backwards.get(), list_get(t, keys.get(), i)));
  return backwards;
}
Ref proxy_copy(Thread& t, Value self, const Value*) { return snapshot(t, frame_of(self)); }
Ref proxy_get(Thread& t, Value self, const Value* a) {
  Ref v = TRY(lookup(t, frame_of(self), a[0]));
  if (!v.is_empty()) return v;
  return a[1].is_empty() ? Ref::none() : Ref::copy(a[1]);
}
Ref proxy_setdefault(Thread& t, Value self, const Value* a) {
  Ref v = TRY(lookup(t, frame_of(self), a[0]));
  if (!v.is_empty()) return v;
  Value fallback = a[1].is_empty() ? None : a[1];
  TRY(proxy_set_item(t, self, a[0], fallback));
  return Ref::copy(fallback);
}
Ref proxy_pop(Thread& t, Value self, const Value* a) {
  FrameObject* f = frame_of(self);
  if (TRY(find_variable(t, f, a[0])) >= 0) return raise(t, exc::ValueError, "cannot remove local variables from FrameLocalsProxy");
  if (Dict* extra = extra_of(f)) {
    Ref v = TRY(dict_pop_py(t, extra, a[0]));
    if (!v.is_empty()) return v;
  }
  if (!a[1].is_empty()) return Ref::copy(a[1]);
  return raise_key_error(t, a[0]);
}
Status update_from(Thread& t, Value self, Value other) {
  RefTo<Dict> dict;
  if (is_proxy(other)) {
    dict = TRY(snapshot(t, frame_of(other)));
  } else {
    dict = TRY(dict_new(t));
    TRY(dict_update_py(t, dict.get(), other));
  }
  size_t position = 0;
  Ref key, value;
  while (dict_next(t, dict.get(), &position, &key, &value)) TRY(proxy_set_item(t, self, key.get(), value.get()));
  return ok();
}
Ref proxy_update(Thread& t, Value self, const Value* a) {
  TRY(update_from(t, self, a[0]));
  return Ref::none();
}
Ref proxy_or(Thread& t, Value a, Value b) {
  auto mapping = [](Value v) { return is_dict(v) || is_proxy(v); };
  if (!mapping(a) || !mapping(b)) return Ref::not_implemented();
  RefTo<Dict> merged = TRY(dict_new(t));
  for (Value v : {a, b}) {
    RefTo<Dict> copy;
    if (is_proxy(v)) {
      copy = TRY(snapshot(t, frame_of(v)));
      v = copy.value();
    }
    TRY(dict_update_py(t, merged.get(), v));
  }
  return merged;
}
Ref proxy_inplace_or(Thread& t, Value a, Value b) {
  if (!is_dict(b) && !is_proxy(b)) return Ref::not_implemented();
  TRY(update_from(t, a, b));
  return Ref::copy(a);
}
Ref proxy_compare(Thread& t, Value a, Value b, CompareOp op) {
  if ((op != CompareOp::kEq && op != CompareOp::kNe) || !is_proxy(a)) return Ref::not_implemented();
  if (is_proxy(b)) return Ref::boolean((frame_of(a) == frame_of(b)) == (op == CompareOp::kEq));
  if (!is_dict(b)) return Ref::not_implemented();
  RefTo<Dict> mine = TRY(snapshot(t, frame_of(a)));
  return compare(t, op, mine.value(), b);
}
Ref proxy_repr(Thread& t, Value self) {
  if (!TRY(repr_enter(t, self))) return str_from_ascii(t, "{...}");
  RefTo<Dict> dict = snapshot(t, frame_of(self));
  Ref text = dict.failed() ? Ref::error() : Ref(object_repr(t, dict.value()));
  repr_leave(t, self);
  return text;
}
Ref proxy_type_new(Thread& t, Type*, Args args) {
  if (args.count != 1 || args.keyword_count) return raise(t, exc::TypeError, "FrameLocalsProxy expected 1 argument, got %d", int(args.count));
  if (!is_frame(args[0])) return raise(t, exc::TypeError, "expect frame, not %T", args[0]);
  return frame_locals_proxy_new(t, args[0].as<FrameObject>());
}

const Method kMethods[] = {
    method("keys", proxy_keys, "($self, /)"),
    method("values", proxy_values, "($self, /)"),
    method("items", proxy_items, "($self, /)"),
    method("copy", proxy_copy, "($self, /)"),
    method("get", proxy_get, "($self, key, default=None, /)"),
    method("setdefault", proxy_setdefault, "($self, key, default=None, /)"),
    method("pop", proxy_pop, "($self, key, default=<unrepresentable>, /)"),
    method("update", proxy_update, "($self, other, /)"),
    method("__reversed__", proxy_reversed, "($self, /)"),
    {},
};
constexpr Slots proxy_slots() {
  Slots s;
  s.repr = proxy_repr;
  s.compare = proxy_compare;
  s.get_item = proxy_get_item;
  s.set_item = proxy_set_item;
  s.contains = proxy_contains;
  s.length = proxy_length;
  s.iter = proxy_iter;
  s.or_ = proxy_or;
  s.inplace_or = proxy_inplace_or;
  s.new_ = proxy_type_new;
  return s;
}
const TypeSpec kProxySpec = {
    .name = "FrameLocalsProxy",
    .layout = {.name = "FrameLocalsProxy", .basic_size = sizeof(FrameLocalsProxy), .item_size = 0, .visit = proxy_visit},
    .flags = type_flag::kMapping | type_flag::kImmutable,
    .slots = proxy_slots(),
    .methods = kMethods,
};

}  // namespace

Ref frame_locals_proxy_new(Thread& t, FrameObject* f) {
  Ref ref = TRY(allocate_instance(t, types::frame_locals_proxy));
  FrameLocalsProxy* p = ref.as<FrameLocalsProxy>();
  p->frame.init(p, Value(f));
  return ref;
}

Status initialise_frame_types(Thread& t) { return make_static_type(t, kProxySpec, &types::frame_locals_proxy); }

}  // namespace typhon
