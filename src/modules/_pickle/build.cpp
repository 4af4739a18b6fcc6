// _pickle: opcodes that call something or store into objects; names.
#include "modules/_pickle/unpickler.h"

#include "objects/dict/table.h"
#include "objects/type_internal.h"

namespace typhon::pickle {

// Items from `start` on go into the container below them.
Status Loader::load_appends(size_t start) {
  if (start <= fence()) return underflow();
  if (start > stack_.size()) return underflow();
  Value target = stack_[start - 1];
  if (start == stack_.size()) return ok();
  if (is_exact_list(target)) {
    for (size_t i = start; i < stack_.size(); i++) TRY(list_append(thread_, target.as<List>(), stack_[i]));
    stack_.truncate(start);
    return ok();
  }
  static Str* const extend_name = str_immortal(thread_, "extend");
  Ref extend = TRY(get_attribute_or_empty(thread_, target, extend_name));
  if (!extend.is_empty()) {
    RefTo<List> items = TRY(list_from(thread_, stack_.data() + start, stack_.size() - start));
    TRY(call_with(thread_, extend, items));
  } else {
    Ref append = TRY(get_attribute_utf8(thread_, target, "append"));
    for (size_t i = start; i < stack_.size(); i++) TRY(call_with(thread_, append, stack_[i]));
  }
  stack_.truncate(start);
  return ok();
}
Status Loader::load_set_items(size_t start) {
  if (start <= fence() || start > stack_.size()) return underflow();
  if ((stack_.size() - start) % 2 != 0) return raise(thread_, g_unpickling_error, "odd number of items for SETITEMS");
  Value target = stack_[start - 1];
  bool plain = is_exact_dict(target);
  if (plain) TRY(dict_table::reserve(thread_, target.as<Dict>(), (stack_.size() - start) / 2));
  for (size_t i = start; i < stack_.size(); i += 2) {
    if (plain)
      TRY(dict_set_py(thread_, target.as<Dict>(), stack_[i], stack_[i + 1]));
    else
      TRY(set_item(thread_, target, stack_[i], stack_[i + 1]));
  }
  stack_.truncate(start);
  return ok();
}
Status Loader::load_add_items() {
  size_t start = TRY(pop_mark());
  if (start <= fence()) return underflow();
  if (start == stack_.size()) return ok();
  Value target = stack_[start - 1];
  if (is_set(target)) {
    for (size_t i = start; i < stack_.size(); i++) TRY(set_add_py(thread_, target.as<Set>(), stack_[i]));
  } else {
    Ref add = TRY(get_attribute_utf8(thread_, target, "add"));
    for (size_t i = start; i < stack_.size(); i++) TRY(call_with(thread_, add, stack_[i]));
  }
  stack_.truncate(start);
  return ok();
}

// --- names
// Waits when another thread is importing the module.
static Ref import_by_name(Thread& t, Str* name) {
  if (name->is_ascii() && name->length() != 0) return import_module(t, std::string(name->ascii()).c_str());
  Ref import = TRY(module_attribute(t, "builtins", "__import__"));
  TRY(call_with(t, import, Value(name)));
  Ref module = TRY(dict_get_py(t, sys_modules(t), name));
  if (module.is_empty()) return raise_key_error(t, name);
  return module;
}
Ref default_find_class(Thread& t, Value module, Value name, int protocol, bool fix_imports) {
  if (!is_str(module) || !is_str(name)) return raise(t, exc::TypeError, "module and name must be strings");
  Ref module_name = Ref::copy(module), global_name = Ref::copy(name);
  Ref audit = TRY(module_attribute(t, "sys", "audit"));
  RefTo<Str> event = TRY(str_from_ascii(t, "pickle.find_class"));
  TRY(call_with(t, audit, event, module, name));
  if (protocol < 3 && fix_imports) {
    Ref by_name = TRY(module_attribute(t, "_compat_pickle", "NAME_MAPPING"));
    RefTo<Tuple> key = TRY(tuple_of(t, module, name));
    Ref found = TRY(dict_get_py(t, by_name.as<Dict>(), key));
    if (!found.is_empty() && is_tuple(found) && found.as<Tuple>()->size == 2) {
      module_name = found.as<Tuple>()->items[0].load();
      global_name = found.as<Tuple>()->items[1].load();
    } else {
      Ref by_module = TRY(module_attribute(t, "_compat_pickle", "IMPORT_MAPPING"));
      found = TRY(dict_get_py(t, by_module.as<Dict>(), module));
      if (!found.is_empty()) module_name = std::move(found);
    }
  }
  Ref owner = TRY(import_by_name(t, module_name.as<Str>()));
  RefTo<Str> attribute = TRY(str_exact(t, global_name.as<Str>()));
  attribute = TRY(str_intern(t, attribute));
  RefTo<Str> dot = TRY(str_from_ascii(t, "."));
  if (protocol < 4 || str_find(attribute.get(), dot.get(), 0, attribute->length()) < 0) return get_attribute(t, owner, attribute.get());
  Ref split = TRY(get_attribute_utf8(t, attribute, "split"));
  Ref parts = TRY(call_with(t, split, dot));
  Ref found = owner.dup();
  for (size_t i = 0; i < list_size(parts.as<List>()); i++) {
    Ref part = list_get(t, parts.as<List>(), i);
    RefTo<Str> key = TRY(str_intern(t, part));
    Ref next = get_attribute(t, found, key.get());
    if (next.failed()) {
      if (!pending_matches(t, exc::AttributeError)) return Raised{};
      Ref cause = take_exception(t);
      (void)raise(t, exc::AttributeError, "Can't resolve path %R on module %R", global_name.get(), module_name.get());
      return with_context(t, std::move(cause));
    }
    found = std::move(next);
  }
  return found;
}
Ref unpickler_find_class(Thread& t, Value self, const Value* a) {
  auto* u = self.as<Unpickler>();
  return default_find_class(t, a[0], a[1], __atomic_load_n(&u->protocol, __ATOMIC_RELAXED), u->fix_imports);
}
Ref Loader::find_class(Value module, Value name) {
  if (self_.is_empty()) return default_find_class(thread_, module, name, protocol, fix_imports);
  __atomic_store_n(&self_.as<Unpickler>()->protocol, protocol, __ATOMIC_RELAXED);
  Ref method = TRY(get_attribute_utf8(thread_, self_, "find_class"));
  return call_with(thread_, method, module, name);
}
Status Loader::load_global() {
  std::string_view text = TRY(in_.full_line());
  Ref module = TRY(decode_utf8(thread_, reinterpret_cast<const u8*>(text.data()), text.size()));
  text = TRY(in_.full_line());
  Ref name = TRY(decode_utf8(thread_, reinterpret_cast<const u8*>(text.data()), text.size()));
  return push(find_class(module, name));
}
Status Loader::load_stack_global() {
  Ref name = TRY(pop()), module = TRY(pop());
  if (!is_exact_str(name) || !is_exact_str(module)) return raise(thread_, g_unpickling_error, "STACK_GLOBAL requires str");
  return push(find_class(module, name));
}
Status Loader::load_extension(size_t n) {
  u64 code = TRY(read_number(n));
  if (code == 0 || code > INT32_MAX) return raise(thread_, g_unpickling_error, "EXT specifies code <= 0");
  Ref cache = TRY(module_attribute(thread_, "copyreg", "_extension_cache"));
  Ref found = TRY(dict_get_py(thread_, cache.as<Dict>(), Value::small_int(i64(code))));
  if (!found.is_empty()) return push(std::move(found));
  Ref registry = TRY(module_attribute(thread_, "copyreg", "_inverted_registry"));
  Ref pair = TRY(dict_get_py(thread_, registry.as<Dict>(), Value::small_int(i64(code))));
  if (pair.is_empty()) return raise(thread_, exc::ValueError, "unregistered extension code %zd", i64(code));
  if (!is_tuple(pair) || pair.as<Tuple>()->size != 2 || !is_str(pair.as<Tuple>()->items[0].peek()) || !is_str(pair.as<Tuple>()->items[1].peek()))
    return raise(thread_, exc::ValueError, "_inverted_registry[%zd] isn't a 2-tuple of strings", i64(code));
  found = TRY(find_class(pair.as<Tuple>()->items[0].peek(), pair.as<Tuple>()->items[1].peek()));
  TRY(dict_set_py(thread_, cache.as<Dict>(), Value::small_int(i64(code)), found));
  return push(std::move(found));
}

// --- calls
Status Loader::load_reduce() {
  Ref args = TRY(pop()), function = TRY(pop());
  if (!is_tuple(args)) return raise(thread_, exc::TypeError, "argument list must be a tuple");
  return push(call_tuple_dict(thread_, function, args, EMPTY));
}
Status Loader::load_new_object(bool with_keywords) {
  const char* name = with_keywords ? "NEWOBJ_EX" : "NEWOBJ";
  Ref keywords = with_keywords ? TRY(pop()) : Ref();
  Ref args = TRY(pop()), cls = TRY(pop());
  if (!is_type(cls)) return raise(thread_, g_unpickling_error, "%s class argument must be a type, not %T", name, cls.get());
  if (!is_tuple(args)) return raise(thread_, g_unpickling_error, "%s args argument must be a tuple, not %T", name, args.get());
  if (with_keywords && !is_dict(keywords)) return raise(thread_, g_unpickling_error, "%s kwargs argument must be a dict, not %T", name, keywords.get());
  Type* type = cls.as<Type>();
  if (type->slots.new_ == nullptr) return raise(thread_, g_unpickling_error, "%s class argument '%N' has NULL tp_new", name, type);
  if (!with_keywords) {
    // Read in place: a tuple's items stay where they are.
    auto* tuple = args.as<Tuple>();
    return push(type->slots.new_(thread_, type, Args{reinterpret_cast<const Value*>(tuple->items[0].address()), u32(tuple->size)}));
  }
  Ref maker = TRY(get_attribute(thread_, cls, names::__new__));
  RefTo<List> all = TRY(list_new(thread_));
  TRY(list_append(thread_, all.get(), cls));
  TRY(list_extend_py(thread_, all.get(), args));
  RefTo<Tuple> tuple = TRY(list_to_tuple(thread_, all.get()));
  return push(call_tuple_dict(thread_, maker, tuple, keywords));
}
Ref Loader::instantiate(Value cls, Value args) {
  if (args.as<Tuple>()->size == 0 && is_type(cls)) {
    Ref hook = TRY(get_attribute_or_empty(thread_, cls, interned(thread_, "__getinitargs__").get()));
    if (hook.is_empty()) {
      Ref maker = TRY(get_attribute(thread_, cls, names::__new__));
      return call_with(thread_, maker, cls);
    }
  }
  return call_tuple_dict(thread_, cls, args, EMPTY);
}
Status Loader::load_inst() {
  std::string_view text = TRY(in_.full_line());
  Ref module = TRY(decode_ascii(thread_, reinterpret_cast<const u8*>(text.data()), text.size(), nullptr));
  text = TRY(in_.full_line());
  Ref name = TRY(decode_ascii(thread_, reinterpret_cast<const u8*>(text.data()), text.size(), nullptr));
  Ref cls = TRY(find_class(module, name));
  Ref args = TRY(items_from(TRY(pop_mark())));
  return push(instantiate(cls, args));
}
Status Loader::load_obj() {
  size_t start = TRY(pop_mark());
  if (stack_.size() < start + 1) return underflow();
  Ref args = TRY(items_from(start + 1));
  Ref cls = TRY(pop());
  return push(instantiate(cls, args));
}
Status Loader::load_persistent(Value id) {
  if (self_.is_empty())
    return raise(thread_, g_unpickling_error, "A load persistent id instruction was encountered, but no persistent_load function was specified.");
  Ref method = TRY(get_attribute_utf8(thread_, self_, "persistent_load"));
  return push(call_with(thread_, method, id));
}
Ref unpickler_persistent_load(Thread& t, Value, const Value*) {
  return raise(t, g_unpickling_error, "A load persistent id instruction was encountered, but no persistent_load function was specified.");
}

// --- state
Status Loader::load_build() {
  TRY(need(2));
  Ref state = TRY(pop());
  Value object = stack_[stack_.size() - 1];
  static Str* const set_state_name = str_immortal(thread_, "__setstate__");
  Ref set_state = TRY(get_attribute_or_empty(thread_, object, set_state_name));
  if (!set_state.is_empty()) {
    TRY(call_with(thread_, set_state, state));
    return ok();
  }
  Ref slots;
  if (is_tuple(state) && state.as<Tuple>()->size == 2) {
    slots = state.as<Tuple>()->items[1].load();
    state = state.as<Tuple>()->items[0].load();
  }
  size_t position = 0;
  Ref key, value;
  if (!state.get().is_none()) {
    if (!is_dict(state)) return raise(thread_, g_unpickling_error, "state is not a dictionary");
    Ref dict;
    if (!has_ordinary_dict(object)) dict = TRY(get_attribute(thread_, object, names::__dict__));
    while (dict_next(thread_, state.as<Dict>(), &position, &key, &value)) {
      bool named = is_exact_str(key);
      if (named) key = TRY(str_intern(thread_, key)).release_ref();
      if (named && dict.is_empty()) {
        TRY(set_own_attribute(thread_, object.object(), key.as<Str>(), value));
        continue;
      }
      if (dict.is_empty()) dict = TRY(get_attribute(thread_, object, names::__dict__));
      TRY(set_item(thread_, dict, key, value));
    }
  }
  if (slots.is_empty() || slots.get().is_none()) return ok();
  if (!is_dict(slots)) return raise(thread_, g_unpickling_error, "slot state is not a dictionary");
  position = 0;
  while (dict_next(thread_, slots.as<Dict>(), &position, &key, &value)) {
    if (!is_str(key)) return raise(thread_, exc::TypeError, "attribute name must be string, not '%T'", key.get());
    RefTo<Str> name = TRY(str_intern(thread_, key));
    TRY(set_attribute(thread_, object, name.get(), value));
  }
  return ok();
}

}  // namespace typhon::pickle
