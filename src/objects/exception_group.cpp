// BaseExceptionGroup and ExceptionGroup (PEP 654), and the two operations behind except*.
#include "objects/exception_types.h"
#include "objects/protocol/protocol.h"

namespace typhon {

Ref generic_alias_new(Thread& t, Value origin, Value args);

Type* g_exception_group_type;

namespace {

ExceptionGroupObject* group_of(Value v) { return v.as<ExceptionGroupObject>(); }
bool is_group(Value v) { return is_instance_of(v, exc::BaseExceptionGroup); }

Ref group_new(Thread& t, Type* cls, Args args) {
  if (args.keyword_count != 0) return raise(t, exc::TypeError, "BaseExceptionGroup.__new__() takes no keyword arguments");
  if (args.count != 2)
    return raise(t, exc::TypeError, "BaseExceptionGroup.__new__() takes exactly 2 arguments (%d given)", int(args.count));
  if (!is_str(args[0])) return raise(t, exc::TypeError, "argument 1 must be str, not %Q", args[0]);
  if (is_exact(args[1], kShape_str) || !(is_sequence(args[1]) || is_tuple(args[1]) || is_list(args[1])) || is_set(args[1]))
    return raise(t, exc::TypeError, "second argument (exceptions) must be a sequence");
  RefTo<Tuple> exceptions = TRY(to_tuple(t, args[1]));
  Ref shown;
  if (!is_list(args[1]) && !is_tuple(args[1])) shown = TRY(object_repr(t, args[1])).release_ref();
  if (exceptions->size == 0)
    return raise(t, exc::ValueError, "second argument (exceptions) must be a non-empty sequence");
  bool nested_base = false;
  for (u64 i = 0; i < exceptions->size; i++) {
    Value item = exceptions->items[i].peek();
    if (!is_BaseException(item))
      return raise(t, exc::ValueError, "Item %zd of second argument (exceptions) is not an exception", i64(i));
    if (!is_instance_of(item, exc::Exception)) nested_base = true;
  }
  if (cls == exc::BaseExceptionGroup && !nested_base) {
    cls = g_exception_group_type;
  } else if (nested_base && is_subtype(cls, exc::Exception)) {
    if (cls == g_exception_group_type)
      return raise(t, exc::TypeError, "Cannot nest BaseExceptions in an ExceptionGroup");
    return raise(t, exc::TypeError, "Cannot nest BaseExceptions in '%N'", cls);
  }
  Ref self = TRY(allocate_instance(t, cls));
  auto* group = self.as<ExceptionGroupObject>();
  group->args.init(group, TRY(tuple_from(t, args.values, 2)));
  group->msg.init(group, args[0]);
  group->exceptions.init(group, std::move(exceptions));
  if (!shown.is_empty()) group->shown.init(group, std::move(shown));
  return self;
}

Status group_init(Thread& t, Value self, Args args) {
  if (args.keyword_count != 0) return raise(t, exc::TypeError, "%T() takes no keyword arguments", self);
  group_of(self)->args.store(self.object(), TRY(tuple_from(t, args.values, args.count)));
  return ok();
}

Ref group_str(Thread& t, Value self) {
  Ref message = group_of(self)->msg.load(), list = group_of(self)->exceptions.load();
  i64 n = i64(list.as<Tuple>()->size);
  return str_format(t, "%S (%zd sub-exception%s)", message.get(), n, n == 1 ? "" : "s");
}

Ref group_repr(Thread& t, Value self) {
  Ref message = group_of(self)->msg.load(), exceptions = group_of(self)->exceptions.load();
  // The sequence is shown as it was given: a list stays a list.
  if (Ref shown = group_of(self)->shown.load(); is_str(shown)) return str_format(t, "%T(%R, %S)", self, message.get(), shown.get());
  Ref args = group_of(self)->args.load();
  Tuple* given = args.as<Tuple>();
  if (given->size == 2 && is_list(given->items[1].peek())) {
    RefTo<List> list = TRY(list_from(t, &exceptions.as<Tuple>()->items[0].address()[0], exceptions.as<Tuple>()->size));
    return str_format(t, "%T(%R, %R)", self, message.get(), list.value());
  }
  return str_format(t, "%T(%R, %R)", self, message.get(), exceptions.get());
}

Ref derive_same(Thread& t, Value self, Value exceptions) {
  RefTo<Str> name = TRY(str_from_ascii(t, "derive"));
  name = TRY(str_intern(t, name));
  Ref derived = TRY(call_method_with(t, self, name.get(), exceptions));
  if (!is_group(derived)) return raise(t, exc::TypeError, "derive must return an instance of BaseExceptionGroup");
  auto* from = self.as<BaseException>();
  auto* to = derived.as<BaseException>();
  Ref link = from->traceback.load();
  if (!link.is_empty()) to->traceback.store(to, std::move(link));
  link = from->context.load();
  if (!link.is_empty()) to->context.store(to, std::move(link));
  link = from->cause.load();
  if (!link.is_empty()) to->cause.store(to, std::move(link));
  to->suppress_context = from->suppress_context;
  name = TRY(str_from_ascii(t, "__notes__"));
  name = TRY(str_intern(t, name));
  Ref notes = TRY(get_attribute_or_empty(t, self, name.get()));
  if (!notes.is_empty() && is_sequence(notes)) {
    RefTo<List> copy = TRY(to_list(t, notes));
    TRY(set_attribute(t, derived, name.get(), copy));
  }
  return derived;
}

Ref group_derive(Thread& t, Value self, const Value* a) {
  Ref message = group_of(self)->msg.load();
  return call_with(t, exc::BaseExceptionGroup, message, a[0]);
}

// How a condition is given: a class, a tuple of classes, or a callable.
Result<bool> condition_holds(Thread& t, Value condition, Value exception) {
  if (is_type(condition) || is_tuple(condition)) return exception_matches(t, exception, condition);
  Ref answer = TRY(call_with(t, condition, exception));
  return truth(t, answer);
}

Status check_condition(Thread& t, Value condition) {
  bool fine = false;
  if (is_type(condition)) {
    fine = is_subtype(condition.as<Type>(), exc::BaseException);
  } else if (is_tuple(condition)) {
    fine = true;
    auto* tuple = condition.as<Tuple>();
    for (u64 i = 0; i < tuple->size; i++) {
      Value item = tuple->items[i].peek();
      fine = fine && is_type(item) && is_subtype(item.as<Type>(), exc::BaseException);
    }
  } else {
    fine = is_callable(condition);
  }
  if (!fine) return raise(t, exc::TypeError, "expected an exception type, a tuple of exception types, or a callable (other than a class)");
  return ok();
}

// Splits recursively; the parts are None where nothing matched (or everything did). `rest` may be null (subgroup).
Status split(Thread& t, Value exception, Value condition, Ref* match, Ref* rest) {
  TRY(enter_native(t, " in exceptiongroup_split_recursive"));
  *match = Ref::none();
  if (rest != nullptr) *rest = Ref::none();
  if (TRY(condition_holds(t, condition, exception))) {
    *match = Ref::copy(exception);
    return ok();
  }
  if (!is_group(exception)) {
    if (rest != nullptr) *rest = Ref::copy(exception);
    return ok();
  }
  RefTo<List> matching = TRY(list_new(t));
  RefTo<List> others = TRY(list_new(t));
  Ref items = group_of(exception)->exceptions.load();
  for (u64 i = 0; i < items.as<Tuple>()->size; i++) {
    Ref item = items.as<Tuple>()->items[i].load();
    Ref item_match, item_rest;
    TRY(split(t, item, condition, &item_match, rest != nullptr ? &item_rest : nullptr));
    if (!item_match.get().is_none()) TRY(list_append(t, matching.get(), item_match));
    if (rest != nullptr && !item_rest.get().is_none()) TRY(list_append(t, others.get(), item_rest));
  }
  if (list_size(matching.get()) != 0) *match = TRY(derive_same(t, exception, matching));
  if (rest != nullptr && list_size(others.get()) != 0) *rest = TRY(derive_same(t, exception, others));
  return ok();
}

Ref group_split(Thread& t, Value self, const Value* a) {
  TRY(check_condition(t, a[0]));
  Ref match, rest;
  TRY(split(t, self, a[0], &match, &rest));
  return tuple_of(t, match, rest);
}

Ref group_subgroup(Thread& t, Value self, const Value* a) {
  TRY(check_condition(t, a[0]));
  Ref match;
  TRY(split(t, self, a[0], &match, nullptr));
  return match;
}

Ref group_class_getitem(Thread& t, Value cls, const Value* a) {
  return generic_alias_new(t, cls, a[0]);
}

constexpr Method kMethods[] = {
    method("derive", group_derive, "($self, excs, /)"),
    method("split", group_split, "($self, matcher_value, /)"),
    method("subgroup", group_subgroup, "($self, matcher_value, /)"),
    class_method("__class_getitem__", group_class_getitem, "($type, object, /)", "See PEP 585"),
    {},
};
constexpr Member kMembers[] = {{"message", offsetof(ExceptionGroupObject, msg), false, true, "exception message"},
                               {"exceptions", offsetof(ExceptionGroupObject, exceptions), false, true, "nested exceptions"},
                               {}};

}  // namespace

void add_exception_group_parts(TypeSpec& spec) {
  spec.slots.new_ = group_new;
  spec.slots.init = group_init;
  spec.slots.str = group_str;
  spec.slots.repr = group_repr;
  spec.methods = kMethods;
  spec.members = kMembers;
}

Status make_exception_group_type(Thread& t) {
  RefTo<Str> name = TRY(str_from_ascii(t, "ExceptionGroup"));
  RefTo<Tuple> bases = TRY(tuple_of(t, Value(exc::BaseExceptionGroup), Value(exc::Exception)));
  RefTo<Dict> space = TRY(dict_new(t));
  RefTo<Str> module = TRY(str_from_ascii(t, "builtins"));
  TRY(dict_set_str(t, space.get(), names::__module__, module));
  Ref type = TRY(type_new(t, types::type, name.get(), bases.get(), space.get(), Args{}));
  g_exception_group_type = type.as<Type>();
  static GlobalRoot root;
  root.set(t, std::move(type));
  return ok();
}

}  // namespace typhon
