// Making classes at run time: metaclass choice, __slots__, the namespace's special entries, __set_name__,
// __init_subclass__.
#include "objects/codecs.h"
#include "heap/collector.h"
#include "objects/exception_types.h"
#include "objects/protocol/protocol.h"
#include "objects/str_util.h"
#include "objects/type_internal.h"

namespace typhon {
namespace {

constexpr u32 kDefaultInlineSlots = 2;

// What __slots__ and the bases say about the storage of instances.
struct SlotPlan {
  RefTo<List> names;  // mangled member names, sorted
  bool add_dict = false, add_weakref = false;
};

// Classes and modules keep their attributes in a dict of their own.
bool has_own_dict_kind(const Type* base) { return is_subtype(base, types::type) || is_subtype(base, types::module); }

// __x in class _C becomes _C__x.
RefTo<Str> mangle(Thread& t, Str* class_name, Str* name) {
  size_t n = name->length();
  size_t skip = 0;
  while (skip < class_name->length() && class_name->at(skip) == '_') skip++;
  bool priv = n > 2 && name->at(0) == '_' && name->at(1) == '_' && !(name->at(n - 1) == '_' && name->at(n - 2) == '_');
  if (!priv || skip == class_name->length()) return str_intern(t, Value(name));
  StrBuilder out;
  out.append('_');
  out.append(class_name, skip, class_name->length());
  out.append(name);
  RefTo<Str> text = TRY(out.finish(t));
  return str_intern(t, text);
}

Status plan_slot(Thread& t, SlotPlan& plan, Value item, Type* base, Str* class_name, Dict* dict, bool may_add_dict,
                 bool may_add_weakref) {
  if (!is_str(item)) return raise(t, exc::TypeError, "__slots__ items must be strings, not '%T'", item);
  auto* name = item.as<Str>();
  if (!str_is_identifier(name)) return raise(t, exc::TypeError, "__slots__ must be identifiers");
  if (str_equal(name, names::__dict__)) {
    if (!may_add_dict || plan.add_dict) return raise(t, exc::TypeError, "__dict__ slot disallowed: we already got one");
    plan.add_dict = true;
    return ok();
  }
  if (str_equal(name, names::__weakref__)) {
    if (!may_add_weakref || plan.add_weakref)
      return raise(t, exc::TypeError, "__weakref__ slot disallowed: we already got one");
    plan.add_weakref = true;
    return ok();
  }
  RefTo<Str> mangled = TRY(mangle(t, class_name, name));
  Str* plain = mangled.get();
  if (!dict_peek_str(dict, plain).is_empty() && plain != names::__qualname__ && plain != names::__classcell__ &&
      plain != names::__classdictcell__)
    return raise(t, exc::ValueError, "%R in __slots__ conflicts with class variable", item);
  return list_append(t, plan.names.get(), mangled);
}

Status plan_slots(Thread& t, SlotPlan& plan, Type* base, Tuple* bases, Str* class_name, Dict* dict) {
  plan.names = TRY(list_new(t));
  bool may_add_dict = !(base->flags & type_flag::kHasDict) && !has_own_dict_kind(base);
  bool may_add_weakref = !(base->flags & type_flag::kHasWeakref);
  Ref slots = dict_get_str(t, dict, names::__slots__);
  if (slots.is_empty()) {
    plan.add_dict = may_add_dict;
    plan.add_weakref = may_add_weakref;
    return ok();
  }
  RefTo<Tuple> items = is_str(slots) ? TRY(tuple_of(t, slots)) : TRY(to_tuple(t, slots));
  if (items->size > 0 && base->layout->item_size != 0 && !is_subtype(base, types::str))
    return raise(t, exc::TypeError, "nonempty __slots__ not supported for subtype of '%N'", base);
  for (u64 i = 0; i < items->size; i++)
    TRY(plan_slot(t, plan, items->items[i].peek(), base, class_name, dict, may_add_dict, may_add_weakref));
  TRY(list_sort_py(t, plan.names.get(), None, false));
  // A secondary base may bring what the best base lacks.
  for (u64 i = 0; i < bases->size; i++) {
    auto* other = bases->items[i].as<Type>();
    if (other == base) continue;
    if (may_add_dict && !plan.add_dict && (other->flags & type_flag::kHasDict)) plan.add_dict = true;
    if (may_add_weakref && !plan.add_weakref && (other->flags & type_flag::kHasWeakref)) plan.add_weakref = true;
  }
  return ok();
}

Status add_member_descriptors(Thread& t, Type* type, const SlotPlan& plan, u32 first) {
  auto* dict = type->dict.as<Dict>();
  size_t n = list_size(plan.names.get());
  for (size_t i = 0; i < n; i++) {
    Ref name = list_get(t, plan.names.get(), i);
    RefTo<NativeDescriptor> d = TRY(descriptor_new(t, kShape_member_descriptor, type, ""));
    d->name.store(d.get(), name);
    d->member = new Member{nullptr, kSlotMember | u32(first + i), true, false, nullptr};
    TRY(dict_set_str(t, dict, name.as<Str>(), d));
  }
  auto add_getset = [&](Str* name, const GetSet* getset) -> Status {
    if (!dict_peek_str(dict, name).is_empty()) return ok();
    RefTo<NativeDescriptor> d = TRY(descriptor_new(t, kShape_getset_descriptor, type, getset->name));
    d->getset = getset;
    return dict_set_str(t, dict, name, d);
  };
  if (plan.add_dict) TRY(add_getset(names::__dict__, &kDictGetSet));
  if (plan.add_weakref) TRY(add_getset(names::__weakref__, &kWeakrefGetSet));
  return ok();
}

// A plain function under this name becomes a static or class method.
Status wrap_function(Thread& t, Dict* dict, Str* name, Ref (*wrap)(Thread&, Value)) {
  Ref value = dict_get_str(t, dict, name);
  if (value.is_empty() || !is_exact_function(value)) return ok();
  Ref wrapped = TRY(wrap(t, value));
  return dict_set_str(t, dict, name, wrapped);
}

Status set_module(Thread& t, Type* type, Dict* dict) {
  if (!dict_peek_str(dict, names::__module__).is_empty()) return ok();
  Ref globals = current_globals(t);
  if (globals.failed()) return Raised{};
  if (globals.is_empty() || !is_dict(globals)) return ok();
  Ref module = dict_get_str(t, globals.as<Dict>(), names::__name__);
  if (module.is_empty()) return ok();
  return dict_set_str(t, dict, names::__module__, module);
}

Status set_qualname(Thread& t, Type* type, Dict* dict) {
  Ref qualname = dict_get_str(t, dict, names::__qualname__);
  if (qualname.is_empty()) {
    type->qualname.init(type, type->name.peek());
    return ok();
  }
  if (!is_str(qualname)) return raise(t, exc::TypeError, "type __qualname__ must be a str, not %T", qualname.get());
  type->qualname.init(type, qualname);
  TRY(dict_delete_str(t, dict, names::__qualname__));
  return ok();
}

// Takes a cell out of the namespace; the class (or its namespace) goes into it once made.
Result<bool> take_cell(Thread& t, Dict* dict, Str* name, Ref* cell) {
  *cell = dict_get_str(t, dict, name);
  if (cell->is_empty()) return false;
  if (!is_cell(*cell))
    return raise(t, exc::TypeError, "%U must be a nonlocal cell, not %R", name, Value(type_of(cell->get())));
  TRY(dict_delete_str(t, dict, name));
  return true;
}

void add_note(Thread& t, Ref&& note) {
  if (note.failed()) return clear_exception(t);
  Ref exception = take_exception(t);
  if (add_exception_note(t, exception, note).failed()) clear_exception(t);
  restore_exception(t, std::move(exception));
}

Status call_set_names(Thread& t, Type* type, Dict* dict) {
  RefTo<Dict> copy = TRY(dict_copy(t, dict));
  size_t position = 0;
  Ref key, value;
  while (dict_next(t, copy.get(), &position, &key, &value)) {
    if (is_exact_function(value) || !value.get().is_object()) continue;
    Ref hook = TRY(lookup_special(t, value, names::__set_name__));
    if (hook.is_empty()) continue;
    Ref done = call_with(t, hook, Value(type), key);
    if (done.failed()) {
      add_note(t,
               str_format(t, "Error calling __set_name__ on '%T' instance %R in '%N'", value.get(), key.get(), type));
      return Raised{};
    }
  }
  return ok();
}

Status call_init_subclass(Thread& t, Type* type, Args keywords) {
  auto* mro = type->mro.as<Tuple>();
  bool listed = false;
  for (u64 i = 0; i < mro->size; i++) listed |= mro->items[i].peek().same_word(type);
  if (!listed)  // a mro() of its own left the class out
    return raise(t, exc::TypeError, "super(type, obj): obj (type %N) is not an instance or subtype of type (%N).", type, type);
  Value found = EMPTY;
  for (u64 i = 1; i < mro->size && found.is_empty(); i++)
    found = dict_peek_str(mro->items[i].as<Type>()->dict.as<Dict>(), names::__init_subclass__);
  if (found.is_empty()) return ok();
  bool is_default = is_exact(found, kShape_classmethod_descriptor) && found.as<NativeDescriptor>()->owner.peek().same_word(types::object);
  if (is_default && keywords.keyword_count == 0) return ok();  // object's does nothing
  Ref hook = Ref::copy(found);
  if (DescriptorGetFn get = type_of(found)->slots.descriptor_get) hook = TRY(get(t, found, EMPTY, type));
  if (is_default)
    return raise(t, exc::TypeError, "%U.__init_subclass__() takes no keyword arguments", type->qualname.as<Str>());
  // Only the keywords are passed on.
  Ref done = TRY(call(t, hook, Args{keywords.values + keywords.count, 0, keywords.names, keywords.keyword_count}));
  return ok();
}

u32 pick_attribute_hint(Type* type, Dict* dict) {
  auto* base = type->base.as<Type>();
  Value own = dict_peek_str(dict, names::__init__);
  Value inherited = type_lookup(base, names::__init__);
  u32 hint = is_exact_function(inherited) ? base->attribute_hint : 0;
  hint += hint_of_init(own);
  return hint == 0 ? kDefaultInlineSlots : hint > 40 ? 40 : hint;
}

Status check_name(Thread& t, Str* name) {
  for (size_t i = 0; i < name->length(); i++)
    if (name->at(i) == 0) return raise(t, exc::ValueError, "type name must not contain null characters");
  return ok();
}

// Everything that makes `type` usable, between allocation and the hooks.
Status build(Thread& t, Type* type, Str* name, Tuple* bases, Type* base, Dict* dict, SlotPlan& plan) {
  type->name.init(type, Value(name));
  type->base.init(type, Value(base));
  type->bases.init(type, Value(bases));
  type->dict.init(type, Value(dict));
  type->layout = base->layout;
  type->flags = type_flag::kHeapType | type_flag::kBaseType |
                (base->flags & (type_flag::kHasDict | type_flag::kHasWeakref | type_flag::kMatchSelf));
  for (u64 i = 0; i < bases->size; i++) {
    u32 pattern = bases->items[i].as<Type>()->flags & (type_flag::kSequence | type_flag::kMapping);
    if (!(type->flags & (type_flag::kSequence | type_flag::kMapping))) type->flags |= pattern;
  }
  if (plan.add_dict) type->flags |= type_flag::kHasDict;
  if (plan.add_weakref) type->flags |= type_flag::kHasWeakref;
  if (base->flags & type_flag::kUntracked) type->flags |= type_flag::kUntracked;  // undone by attributes and members
  size_t members = list_size(plan.names.get());
  if (base->member_slots + members > 4000) return raise(t, exc::TypeError, "too many __slots__");
  type->member_slots = u16(base->member_slots + members);
  if (members != 0) type->slot_names.init(type, TRY(list_to_tuple(t, plan.names.get())));
  TRY(set_qualname(t, type, dict));
  TRY(set_module(t, type, dict));
  TRY(wrap_function(t, dict, names::__new__, static_method_new));
  TRY(wrap_function(t, dict, names::__init_subclass__, class_method_new));
  TRY(wrap_function(t, dict, names::__class_getitem__, class_method_new));
  if (!dict_peek_str(dict, names::__eq__).is_empty() && dict_peek_str(dict, names::__hash__).is_empty())
    TRY(dict_set_str(t, dict, names::__hash__, None));
  TRY(add_member_descriptors(t, type, plan, base->member_slots));
  if (dict_peek_str(dict, names::__doc__).is_empty()) TRY(dict_set_str(t, dict, names::__doc__, None));
  type->attribute_hint = type->flags & type_flag::kHasDict ? u16(pick_attribute_hint(type, dict)) : u16(0);
  TRY(compute_mro(t, type));
  finish_layout(type, 0);
  update_all_slots(t, type, false);
  if (type->slots.finaliser != nullptr) update_shapes_of(type, type->version, true);
  for (u64 i = 0; i < bases->size; i++) TRY(add_subclass(t, bases->items[i].as<Type>(), type));
  return ok();
}

}  // namespace

u32 hint_of_init(Value function) {
  if (!is_exact_function(function)) return 0;
  auto* code = function.as<Function>()->code.as<Code>();
  return code != nullptr ? code->self_attribute_count : 0;
}

Result<Type*> calculate_metaclass(Thread& t, Type* metatype, Tuple* bases) {
  Type* winner = metatype;
  for (u64 i = 0; i < bases->size; i++) {
    Type* candidate = type_of(bases->items[i].peek());
    if (is_subtype(winner, candidate)) continue;
    if (is_subtype(candidate, winner)) {
      winner = candidate;
      continue;
    }
    return raise(t, exc::TypeError,
                 "metaclass conflict: the metaclass of a derived class must be a (non-strict) subclass of the "
                 "metaclasses of all its bases");
  }
  return winner;
}

// Keys that no attribute look-up is made for.
Status warn_of_other_keys(Thread& t, Str* name, Dict* dict) {
  size_t position = 0;
  Ref key, value;
  while (dict_next(t, dict, &position, &key, &value))
    if (!is_str(key)) return warn(t, exc::RuntimeWarning, 1, "non-string key in the __dict__ of class %U", name);
  return ok();
}

Ref type_new(Thread& t, Type* metatype, Str* name, Tuple* given_bases, Dict* namespace_, Args keywords) {
  TRY(check_name(t, name));
  RefTo<Tuple> bases =
      given_bases->size != 0 ? RefTo<Tuple>::copy(given_bases) : TRY(tuple_of(t, Value(types::object)));
  for (u64 i = 0; i < bases->size; i++) {
    Value base = bases->items[i].peek();
    if (is_type(base)) continue;
    Ref entries = get_attribute_or_empty(t, base, names::__mro_entries__);
    if (entries.failed()) return entries;
    if (!entries.is_empty())
      return raise(t, exc::TypeError, "type() doesn't support MRO entry resolution; use types.new_class()");
  }
  Type* base = TRY(best_base(t, bases.get()));
  RefTo<Dict> dict = TRY(dict_copy(t, namespace_));
  TRY(warn_of_other_keys(t, name, dict.get()));
  // Name and doc must be encodable: no lone surrogates.
  if (!name->is_ascii()) TRY(encode_utf8(t, name));
  Value doc = dict_peek_str(dict.get(), names::__doc__);
  if (is_str(doc) && !doc.as<Str>()->is_ascii()) {
    Ref keep = Ref::copy(doc);
    TRY(encode_utf8(t, keep.as<Str>()));
  }
  SlotPlan plan;
  TRY(plan_slots(t, plan, base, bases.get(), name, dict.get()));
  Ref class_cell, dict_cell;
  bool has_class_cell = TRY(take_cell(t, dict.get(), names::__classcell__, &class_cell));
  bool has_dict_cell = TRY(take_cell(t, dict.get(), names::__classdictcell__, &dict_cell));
  RefTo<Str> own_name = is_exact_str(name) ? RefTo<Str>::copy(name) : TRY(str_intern(t, Value(name)));
  RefTo<Type> type = TRY(allocate_type(t, metatype));
  if (has_class_cell) class_cell.as<Cell>()->contents.store(class_cell.object(), type.value());  // mro() may want it
  TRY(build(t, type.get(), own_name.get(), bases.get(), base, dict.get(), plan));
  if (has_dict_cell) dict_cell.as<Cell>()->contents.store(dict_cell.object(), dict.value());
  TRY(call_set_names(t, type.get(), dict.get()));
  TRY(call_init_subclass(t, type.get(), keywords));
  return type;
}

Ref type_new_slot(Thread& t, Type* metatype, Args args) {
  if (args.count != 3)
    return raise(t, exc::TypeError, "type.__new__() takes exactly 3 arguments (%d given)", int(args.count));
  if (!is_str(args[0])) return raise(t, exc::TypeError, "type.__new__() argument 1 must be str, not %Q", args[0]);
  if (!is_tuple(args[1])) return raise(t, exc::TypeError, "type.__new__() argument 2 must be tuple, not %T", args[1]);
  if (!is_dict(args[2])) return raise(t, exc::TypeError, "type.__new__() argument 3 must be dict, not %T", args[2]);
  auto* bases = args[1].as<Tuple>();
  for (u64 i = 0; i < bases->size; i++) {
    Ref base = bases->items[i].load();
    if (is_type(base)) continue;
    Ref entries = TRY(get_attribute_or_empty(t, base, names::__mro_entries__));
    if (!entries.is_empty())
      return raise(t, exc::TypeError, "type() doesn't support MRO entry resolution; use types.new_class()");
  }
  Type* winner = TRY(calculate_metaclass(t, metatype, bases));
  if (winner != metatype && winner->slots.new_ != type_new_slot) {
    if (winner->slots.new_ == nullptr) return raise(t, exc::TypeError, "cannot create '%N' instances", winner);
    return winner->slots.new_(t, winner, args);
  }
  return type_new(t, winner, args[0].as<Str>(), bases, args[2].as<Dict>(), args);
}

Status type_init(Thread& t, Value, Args args) {
  if (args.count == 1 && args.keyword_count != 0)
    return raise(t, exc::TypeError, "type.__init__() takes no keyword arguments");
  if (args.count != 1 && args.count != 3) return raise(t, exc::TypeError, "type.__init__() takes 1 or 3 arguments");
  return ok();
}

}  // namespace typhon
