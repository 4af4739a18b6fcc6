// _pickle: objects that are written as the call that makes them again, and as names.
#include "modules/_pickle/pickler.h"

namespace typhon::pickle {
namespace {

Ref reduce_of(Thread& t, Value v, int protocol) {
  static Str* const reduce_ex = str_immortal(t, "__reduce_ex__");
  Ref method = TRY(get_attribute_or_empty(t, v, reduce_ex));
  if (!method.is_empty()) return call_with(t, method, Value::small_int(protocol));
  method = TRY(get_attribute_or_empty(t, v, interned(t, "__reduce__").get()));
  if (!method.is_empty()) return call(t, method);
  return raise(t, g_pickling_error, "Can't pickle %T object", v);
}

}  // namespace

Status Saver::find_hooks(Value pickler) {
  auto hook = [&](const char* name) -> Ref { return get_attribute_or_empty(thread_, pickler, TRY(interned(thread_, name)).get()); };
  persistent_id_ = TRY(hook("persistent_id"));
  // The method that every Pickler has answers None.
  if (is_exact_builtin_function(persistent_id_)) persistent_id_ = Ref();
  reducer_override_ = TRY(hook("reducer_override"));
  dispatch_table_ = TRY(hook("dispatch_table"));
  return ok();
}

Status Saver::save_by_reduce(Value v, Type* type) {
  if (type == types::type) return save_type(v);
  if (type == types::function) return save_global(v, EMPTY);
  Ref reduce;
  if (dispatch_table_.is_empty()) {
    if (common_table_.is_empty()) {
      Ref table = TRY(module_attribute(thread_, "copyreg", "dispatch_table"));
      if (!is_dict(table)) return raise(thread_, exc::RuntimeError, "copyreg.dispatch_table should be a dict, not %T", table.get());
      common_table_ = std::move(table);
    }
    reduce = TRY(dict_get_py(thread_, common_table_.as<Dict>(), Value(type)));
  } else if (is_exact_dict(dispatch_table_)) {
    reduce = TRY(dict_get_py(thread_, dispatch_table_.as<Dict>(), Value(type)));
  } else {
    reduce = get_item(thread_, dispatch_table_, Value(type));
    if (reduce.failed()) {
      if (!clear_if(thread_, exc::KeyError)) return Raised{};
      reduce = Ref();
    }
  }
  Ref reduced;
  if (!reduce.is_empty())
    reduced = TRY(call_with(thread_, reduce, v));
  else if (is_type(v))
    return save_global(v, EMPTY);
  else
    reduced = TRY(reduce_of(thread_, v, protocol_));
  return save_reduced(v, reduced);
}

Status Saver::save_reduced(Value v, Value reduced) {
  if (is_str(reduced)) return save_global(v, reduced);
  auto save_parts = [&]() -> Status {
    if (!is_tuple(reduced)) return raise(thread_, g_pickling_error, "__reduce__ must return a string or tuple, not %T", reduced);
    auto* parts = reduced.as<Tuple>();
    if (parts->size < 2 || parts->size > 6)
      return raise(thread_, g_pickling_error, "tuple returned by __reduce__ must contain 2 through 6 elements");
    Value p[6] = {};
    for (u64 i = 0; i < parts->size; i++) p[i] = parts->items[i].peek();
    for (int i = 2; i < 6; i++)
      if (p[i].is_none()) p[i] = EMPTY;
    return save_reduce(p[0], p[1], p[2], p[3], p[4], p[5], v);
  };
  if (save_parts().failed()) return in_part(v, "object");
  return ok();
}

Status Saver::check_class(Value cls, Value object, const char* what) {
  Ref maker = TRY(get_attribute_or_empty(thread_, cls, names::__new__));
  if (maker.is_empty()) return raise(thread_, g_pickling_error, "first argument to %s() has no __new__", what);
  if (object.is_empty()) return ok();
  Ref own = TRY(get_attribute(thread_, object, names::__class__));
  if (!own.get().same_word(cls)) return raise(thread_, g_pickling_error, "first argument to %s() must be %R, not %R", what, own.get(), cls);
  return ok();
}
Status Saver::save_new_object_ex(Value args, Value object) {
  auto* parts = args.as<Tuple>();
  if (parts->size != 3) return raise(thread_, g_pickling_error, "__newobj_ex__ expected 3 arguments, got %zd", i64(parts->size));
  Value cls = parts->items[0].peek(), positional = parts->items[1].peek(), keywords = parts->items[2].peek();
  TRY(check_class(cls, object, "__newobj_ex__"));
  if (!is_tuple(positional)) return raise(thread_, g_pickling_error, "second argument to __newobj_ex__() must be a tuple, not %T", positional);
  if (!is_dict(keywords)) return raise(thread_, g_pickling_error, "third argument to __newobj_ex__() must be a dict, not %T", keywords);
  if (protocol_ >= 4) {
    if (save(cls).failed()) return in_part(object, "class");
    if (save(positional).failed() || save(keywords).failed()) return in_part(object, "__new__ arguments");
    out.put(op::kNewObjEx);
    return ok();
  }
  // partial(cls.__new__, cls, *args, **kwargs)()
  Ref partial = TRY(module_attribute(thread_, "functools", "partial"));
  Ref maker = TRY(get_attribute(thread_, cls, names::__new__));
  RefTo<List> all = TRY(list_new(thread_));
  TRY(list_append(thread_, all.get(), maker));
  TRY(list_append(thread_, all.get(), cls));
  TRY(list_extend_py(thread_, all.get(), positional));
  RefTo<Tuple> tuple = TRY(list_to_tuple(thread_, all.get()));
  Ref function = TRY(call_tuple_dict(thread_, partial, tuple, keywords));
  if (save(function).failed()) return in_part(object, "reconstructor");
  TRY(save(Value(empty_tuple())));
  out.put(op::kReduce);
  return ok();
}
Status Saver::save_new_object(Value args, Value object) {
  auto* parts = args.as<Tuple>();
  if (parts->size < 1) return raise(thread_, g_pickling_error, "__newobj__ expected at least 1 argument, got 0");
  Value cls = parts->items[0].peek();
  TRY(check_class(cls, object, "__newobj__"));
  if (save(cls).failed()) return in_part(object, "class");
  // Read in place: a tuple's items stay where they are.
  RefTo<Tuple> tuple = TRY(tuple_from(thread_, reinterpret_cast<const Value*>(parts->items[0].address()) + 1, parts->size - 1));
  if (save(tuple).failed()) return in_part(object, "__new__ arguments");
  out.put(op::kNewObj);
  return ok();
}

Status Saver::save_reduce(Value function, Value args, Value state, Value list_items, Value dict_items, Value state_setter, Value object) {
  if (!is_callable(function))
    return raise(thread_, g_pickling_error, "first item of the tuple returned by __reduce__ must be callable, not %T", function);
  if (!is_tuple(args)) return raise(thread_, g_pickling_error, "second item of the tuple returned by __reduce__ must be a tuple, not %T", args);
  if (!list_items.is_empty() && type_of(list_items)->slots.next == nullptr)
    return raise(thread_, g_pickling_error, "fourth item of the tuple returned by __reduce__ must be an iterator, not %T", list_items);
  if (!dict_items.is_empty() && type_of(dict_items)->slots.next == nullptr)
    return raise(thread_, g_pickling_error, "fifth item of the tuple returned by __reduce__ must be an iterator, not %T", dict_items);
  if (!state_setter.is_empty() && !is_callable(state_setter))
    return raise(thread_, g_pickling_error, "sixth item of the tuple returned by __reduce__ must be callable, not %T", state_setter);
  bool is_newobj = false, is_newobj_ex = false;
  if (protocol_ >= 2) {
    Ref name = TRY(get_attribute_or_empty(thread_, function, names::__name__));
    if (!name.is_empty() && is_str(name)) {
      is_newobj = name.as<Str>()->equals_ascii("__newobj__");
      is_newobj_ex = name.as<Str>()->equals_ascii("__newobj_ex__");
    }
  }
  if (is_newobj_ex) {
    TRY(save_new_object_ex(args, object));
  } else if (is_newobj) {
    TRY(save_new_object(args, object));
  } else {
    if (save(function).failed()) return in_part(object, "reconstructor");
    if (save(args).failed()) return in_part(object, "reconstructor arguments");
    out.put(op::kReduce);
  }
  // An object whose parts refer to it is in the memo by now: what was just written is dropped for that.
  i64 index = known(object);
  if (index >= 0) {
    out.put(op::kPop);
    put_get(u64(index));
  } else {
    TRY(memoize(object));
  }
  if (!list_items.is_empty()) TRY(batch_list(list_items, object));
  if (!dict_items.is_empty()) TRY(batch_dict(dict_items, object));
  if (!state.is_empty()) return save_reduce_state(state, state_setter, object);
  return ok();
}
Status Saver::save_reduce_state(Value state, Value state_setter, Value object) {
  if (state_setter.is_empty()) {
    if (save(state).failed()) return in_part(object, "state");
    out.put(op::kBuild);
    return ok();
  }
  // state_setter(object, state), whose result is dropped.
  if (save(state_setter).failed()) return in_part(object, "state setter");
  TRY(save(object));
  if (save(state).failed()) return in_part(object, "state");
  out.put(op::kTuple2);
  out.put(op::kReduce);
  out.put(op::kPop);
  return ok();
}

// --- names
Status Saver::save_type(Value v) {
  Value single = v.same_word(Value(types::none_type))              ? None
                 : v.same_word(Value(types::ellipsis_type))        ? Ellipsis
                 : v.same_word(Value(types::not_implemented_type)) ? NotImplemented
                                                                   : EMPTY;
  if (single.is_empty()) return save_global(v, EMPTY);
  RefTo<Tuple> args = TRY(tuple_of(thread_, single));
  return save_reduce(Value(types::type), args, EMPTY, EMPTY, EMPTY, EMPTY, v);
}
Status Saver::save_global(Value v, Value given) {
  Ref name = Ref::copy(given);
  if (name.is_empty()) name = TRY(get_attribute_or_empty(thread_, v, names::__qualname__));
  if (name.is_empty() || name.get().is_none()) name = TRY(get_attribute(thread_, v, names::__name__));
  Ref find = TRY(module_attribute(thread_, "pickle", "whichmodule"));
  Ref module = TRY(call_with(thread_, find, v, name));
  if (protocol_ >= 2) {
    Ref registry = TRY(module_attribute(thread_, "copyreg", "_extension_registry"));
    if (is_dict(registry) && dict_size(registry.as<Dict>()) != 0) {
      RefTo<Tuple> key = TRY(tuple_of(thread_, module, name));
      Ref code = TRY(dict_get_py(thread_, registry.as<Dict>(), key));
      if (!code.is_empty()) {
        if (!is_int(code)) return raise(thread_, g_pickling_error, "Can't pickle %R: extension code %R isn't an integer", v, code.get());
        i64 n = TRY(to_i64(thread_, code));
        if (n <= 0 || n > INT32_MAX) return raise(thread_, exc::RuntimeError, "extension code %zd is out of range", n);
        if (n <= 0xFF)
          out.put_number(op::kExt1, u64(n), 1);
        else if (n <= 0xFFFF)
          out.put_number(op::kExt2, u64(n), 2);
        else
          out.put_number(op::kExt4, u64(n), 4);
        return ok();
      }
    }
  }
  if (protocol_ >= 4) {
    TRY(save(module));
    TRY(save(name));
    out.put(op::kStackGlobal);
  } else {
    TRY(save_dotted(module, name));
  }
  return memoize(v);
}
// a.b.c before protocol 4: getattr(getattr(a, "b"), "c")
Status Saver::save_dotted(Value module, Value name) {
  RefTo<Str> dot = TRY(str_from_ascii(thread_, "."));
  Ref split = TRY(get_attribute_utf8(thread_, name, "split"));
  Ref parts = TRY(call_with(thread_, split, dot));
  size_t n = list_size(parts.as<List>());
  Ref getattr = TRY(module_attribute(thread_, "builtins", "getattr"));
  for (size_t i = 1; i < n; i++) {
    TRY(save(getattr));
    if (protocol_ < 2) out.put(op::kMark);
  }
  Ref first = list_get(thread_, parts.as<List>(), 0);
  TRY(save_toplevel(module, first));
  for (size_t i = 1; i < n; i++) {
    Ref part = list_get(thread_, parts.as<List>(), i);
    TRY(save(part));
    out.put(protocol_ < 2 ? op::kTuple : op::kTuple2);
    out.put(op::kReduce);
  }
  return ok();
}
Status Saver::save_toplevel(Value module, Value name) {
  Ref module_name = Ref::copy(module), global_name = Ref::copy(name);
  if (protocol_ < 3 && fix_imports_) {
    Ref by_name = TRY(module_attribute(thread_, "_compat_pickle", "REVERSE_NAME_MAPPING"));
    RefTo<Tuple> key = TRY(tuple_of(thread_, module, name));
    Ref found = TRY(dict_get_py(thread_, by_name.as<Dict>(), key));
    if (!found.is_empty() && is_tuple(found) && found.as<Tuple>()->size == 2) {
      module_name = found.as<Tuple>()->items[0].load();
      global_name = found.as<Tuple>()->items[1].load();
    } else {
      Ref by_module = TRY(module_attribute(thread_, "_compat_pickle", "REVERSE_IMPORT_MAPPING"));
      found = TRY(dict_get_py(thread_, by_module.as<Dict>(), module));
      if (!found.is_empty()) module_name = std::move(found);
    }
  }
  TRY(save_identifier(module_name, "module", op::kGlobal));
  return save_identifier(global_name, "global", 0);
}
Status Saver::save_identifier(Value text, const char* what, u8 opcode) {
  if (!is_str(text)) return raise(thread_, g_pickling_error, "%s identifier must be a string, not %T", what, text);
  Ref bytes = protocol_ >= 3 ? encode_utf8(thread_, text.as<Str>()) : encode_ascii(thread_, text.as<Str>(), nullptr);
  if (bytes.failed()) {
    if (!pending_matches(thread_, exc::UnicodeEncodeError)) return Raised{};
    Ref cause = take_exception(thread_);
    (void)raise(thread_, g_pickling_error, "can't pickle %s identifier %R using pickle protocol %d", what, text, protocol_);
    return with_context(thread_, std::move(cause));
  }
  if (opcode != 0) out.put(opcode);
  out.put(bytes.as<Bytes>()->data, bytes.as<Bytes>()->size);
  out.put('\n');
  return ok();
}

}  // namespace typhon::pickle
