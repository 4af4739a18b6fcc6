// Structure sequences: tuple subclasses with named fields (time.struct_time, os.stat_result, sys.flags).
#include "heap/collector.h"
#include "objects/module.h"

namespace typhon {
namespace {

struct FieldCounts {
  i64 visible, all, unnamed;
};

Result<i64> count_attribute(Thread& t, Type* type, Str* name) {
  Value v = type_lookup(type, name);
  if (!v.is_small_int()) return raise(t, exc::TypeError, "Missed attribute '%U' of type %N", name, type);
  return v.as_small_int();
}

Result<bool> load_counts(Thread& t, Type* type, FieldCounts* out) {
  out->visible = TRY(count_attribute(t, type, names::n_sequence_fields));
  out->all = TRY(count_attribute(t, type, names::n_fields));
  out->unnamed = TRY(count_attribute(t, type, names::n_unnamed_fields));
  return true;
}

Str* fields_key(Thread& t) {
  static Str* key = str_immortal(t, "__struct_fields__");
  return key;
}

// Fields past the visible ones are kept as attributes of the instance.
Status set_hidden(Thread& t, Value self, Value names_tuple, i64 index, Value value) {
  return set_own_attribute(t, self.object(), names_tuple.as<Tuple>()->items[index].as<Str>(), value);
}

Ref new_slot(Thread& t, Type* cls, Args args) {
  static const Signature& signature = parse_signature("(sequence, dict={})");
  Value a[2];
  Ref keep[1];
  TRY(bind_arguments(t, signature, cls->name_utf8(), args, a, keep));
  FieldCounts counts;
  TRY(load_counts(t, cls, &counts));
  if (!is_sequence(a[0]) && type_of(a[0])->slots.iter == nullptr) return raise(t, exc::TypeError, "constructor requires a sequence");
  RefTo<Tuple> items = TRY(to_tuple(t, a[0]));
  i64 n = i64(items->size);
  const char* name = cls->name_utf8();
  if (counts.visible == counts.all && n != counts.visible)
    return raise(t, exc::TypeError, "%s() takes a %zd-sequence (%zd-sequence given)", name, counts.visible, n);
  if (n < counts.visible)
    return raise(t, exc::TypeError, "%s() takes an at least %zd-sequence (%zd-sequence given)", name, counts.visible, n);
  if (n > counts.all)
    return raise(t, exc::TypeError, "%s() takes an at most %zd-sequence (%zd-sequence given)", name, counts.all, n);
  Ref self = TRY(allocate_instance(t, cls, size_t(counts.visible)));
  auto* tuple = self.as<Tuple>();
  tuple->size = u64(counts.visible);
  for (i64 i = 0; i < counts.visible; i++) tuple->items[i].init(tuple, items->items[i].peek());
  Ref field_names = Ref::copy(type_lookup(cls, fields_key(t)));
  for (i64 i = counts.visible; i < counts.all; i++) {
    Ref value = i < n ? items->items[i].load() : Ref::none();
    if (i >= n && !a[1].is_empty() && is_dict(a[1])) {
      Ref given = TRY(dict_get_py(t, a[1].as<Dict>(), field_names.as<Tuple>()->items[i].peek()));
      if (!given.is_empty()) value = std::move(given);
    }
    TRY(set_hidden(t, self, field_names, i, value));
  }
  return self;
}

Ref field_value(Thread& t, Value self, Value field_names, i64 index, i64 visible) {
  if (index < visible) return self.as<Tuple>()->items[index].load();
  Ref value = TRY(get_own_attribute(t, self.object(), field_names.as<Tuple>()->items[index].as<Str>()));
  return value.is_empty() ? Ref::none() : std::move(value);
}

Ref repr(Thread& t, Value self) {
  Type* type = type_of(self);
  FieldCounts counts;
  TRY(load_counts(t, type, &counts));
  Ref field_names = Ref::copy(type_lookup(type, fields_key(t)));
  StrBuilder out;
  Ref module = type->module.load();
  if (is_str(module)) {
    out.append(module.as<Str>());
    out.append('.');
  }
  out.append(type->name.as<Str>());
  out.append('(');
  for (i64 i = 0; i < counts.visible; i++) {
    if (i > 0) out.append_ascii(", ");
    out.append(field_names.as<Tuple>()->items[i].as<Str>());
    out.append('=');
    Ref item = self.as<Tuple>()->items[i].load();
    RefTo<Str> text = TRY(object_repr(t, item));
    out.append(text.get());
  }
  out.append(')');
  return out.finish(t);
}

// Nothing can be set: hidden fields are kept as attributes, but not for others to change.
Status refuse_attribute(Thread& t, Value self, Str* name, Value) {
  Ref field_names = Ref::copy(type_lookup(type_of(self), fields_key(t)));
  auto* fields = field_names.as<Tuple>();
  for (u64 i = 0; i < fields->size; i++)
    if (str_equal(fields->items[i].as<Str>(), name)) return raise(t, exc::AttributeError, "readonly attribute");
  return raise(t, exc::AttributeError, "'%T' object has no attribute '%U' and no __dict__ for setting new attributes", self, name);
}

Ref m_reduce(Thread& t, Value self, const Value*) {
  FieldCounts counts;
  TRY(load_counts(t, type_of(self), &counts));
  Ref field_names = Ref::copy(type_lookup(type_of(self), fields_key(t)));
  RefTo<Tuple> items = TRY(tuple_allocate(t, size_t(counts.visible)));
  for (i64 i = 0; i < counts.visible; i++) items->items[i].init(items.get(), self.as<Tuple>()->items[i].peek());
  RefTo<Dict> hidden = TRY(dict_new(t));
  for (i64 i = counts.visible; i < counts.all; i++) {
    Ref value = TRY(field_value(t, self, field_names, i, counts.visible));
    TRY(dict_set_str(t, hidden.get(), field_names.as<Tuple>()->items[i].as<Str>(), value));
  }
  RefTo<Tuple> args = TRY(tuple_of(t, items, hidden));
  return tuple_of(t, Value(type_of(self)), args);
}

Ref m_replace(Thread& t, Value self, const Value* a) {
  FieldCounts counts;
  TRY(load_counts(t, type_of(self), &counts));
  Ref field_names = Ref::copy(type_lookup(type_of(self), fields_key(t)));
  RefTo<Dict> changes = TRY(dict_copy(t, a[0].as<Dict>()));
  RootedVector values(t);
  for (i64 i = 0; i < counts.all; i++) {
    Ref value = TRY(dict_pop_py(t, changes.get(), field_names.as<Tuple>()->items[i].peek()));
    if (value.is_empty()) value = TRY(field_value(t, self, field_names, i, counts.visible));
    values.push(std::move(value));
  }
  if (dict_size(changes.get()) != 0) {
    RefTo<List> keys = TRY(dict_keys_list(t, changes.get()));
    return raise(t, exc::TypeError, "Got unexpected field name(s): %R", keys.value());
  }
  return struct_sequence_new(t, type_of(self), values.data(), values.size());
}

constexpr Method kMethods[] = {method("__reduce__", m_reduce, "($self, /)"),
                               method("__replace__", m_replace, "($self, /, **changes)"),
                               {}};

}  // namespace

Ref tuple_member_new(Thread& t, Type* owner, Str* name, u32 index);  // tuple_member.cpp

RefTo<Type> struct_sequence_type(Thread& t, const char* name, const char* doc, const StructSequenceField* fields, u32 visible) {
  auto* spec = new TypeSpec();  // lives as long as the type: forever
  spec->name = name;
  spec->doc = doc;
  spec->base = &types::tuple;
  spec->layout = *types::tuple->layout;
  spec->layout.name = name;
  spec->flags = type_flag::kHasDict | type_flag::kImmutable;
  spec->slots.new_ = new_slot;
  spec->slots.repr = repr;
  spec->slots.setattribute = refuse_attribute;
  spec->methods = kMethods;
  RefTo<Type> type = TRY(make_type(t, *spec));
  u32 n = 0, unnamed = 0;
  while (fields[n].name != nullptr) n++;
  RefTo<Tuple> field_names = TRY(tuple_allocate(t, n));
  Dict* dict = type->dict.as<Dict>();
  for (u32 i = 0; i < n; i++) {
    RefTo<Str> field = TRY(str_from_ascii(t, fields[i].name));
    field = TRY(str_intern(t, field));
    field_names->items[i].init(field_names.get(), field.value());
    if (strncmp(fields[i].name, "unnamed", 7) == 0) {
      unnamed++;
      continue;
    }
    if (i < visible) {
      Ref member = TRY(tuple_member_new(t, type.get(), field.get(), i));
      TRY(dict_set_str(t, dict, field.get(), member));
    }
  }
  TRY(dict_set_str(t, dict, names::n_sequence_fields, Value::small_int(visible)));
  TRY(dict_set_str(t, dict, names::n_fields, Value::small_int(n)));
  TRY(dict_set_str(t, dict, names::n_unnamed_fields, Value::small_int(unnamed)));
  TRY(dict_set_str(t, dict, fields_key(t), field_names));
  RefTo<Tuple> match_args = TRY(tuple_allocate(t, visible));
  for (u32 i = 0; i < visible; i++) match_args->items[i].init(match_args.get(), field_names->items[i].peek());
  TRY(dict_set_str(t, dict, names::__match_args__, match_args));
  type_modified(t, type.get());
  collector::pin(type.get());
  return type;
}

Ref struct_sequence_new(Thread& t, Type* type, const Value* values, size_t n) {
  FieldCounts counts;
  TRY(load_counts(t, type, &counts));
  CHECK(i64(n) >= counts.visible);
  Ref self = TRY(allocate_instance(t, type, size_t(counts.visible)));
  auto* tuple = self.as<Tuple>();
  tuple->size = u64(counts.visible);
  for (i64 i = 0; i < counts.visible; i++) tuple->items[i].init(tuple, values[i]);
  Ref field_names = Ref::copy(type_lookup(type, fields_key(t)));
  for (i64 i = counts.visible; i < i64(n); i++) TRY(set_hidden(t, self, field_names, i, values[i]));
  return self;
}

}  // namespace typhon
