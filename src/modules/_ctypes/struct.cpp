// Structure and Union, and their metaclasses. Where the fields lie is worked out by the library (ctypes/_layout.py).
#include <cstdlib>

#include "modules/_ctypes/ctypes.h"
#include "objects/metatype.h"
#include "objects/protocol/services.h"

namespace typhon::ctypes {
namespace {

bool is_struct_class(Value cls) { return is_subtype(type_of(cls), g_struct_meta); }
Type* base_with_storage(CType* cls) {
  auto* base = cls->base.as<Type>();
  return base != nullptr && storage_of(Value(base)) != nullptr ? base : nullptr;
}

// The Info of a class before it has fields of its own.
Info* starting_info(Thread& t, Value cls, Type* base) {
  Info* info = new_info(t);
  if (info == nullptr) return nullptr;
  info->kind = is_struct_class(cls) ? Kind::kStruct : Kind::kUnion;
  info->align = 1;
  const Info* from = base != nullptr ? info_of(base) : nullptr;
  if (from != nullptr) {
    info->size = from->size;
    info->align = from->align;
    info->length = from->length;
    info->flags = from->flags;
  }
  if (set_format(t, info, from != nullptr && from->format != nullptr ? from->format : "B").failed()) return nullptr;
  return info;
}

// --- the parts of a layout
struct LayoutParts {
  i64 size = 0, align = 0;
  RefTo<Tuple> fields;
  Ref format;
};
Status size_attribute(Thread& t, Value layout, const char* name, i64* out) {
  Ref v = TRY(get_attribute_utf8(t, layout, name));
  *out = TRY(to_i64(t, v, "Python int too large to convert to C ssize_t"));
  if (*out < 0) return raise(t, exc::ValueError, "%s must be a non-negative integer", name);
  return ok();
}
Status ask_layout(Thread& t, Value cls, Value fields, Type* base, LayoutParts* out) {
  Ref module = TRY(import_module(t, "ctypes._layout"));
  Ref function = TRY(get_attribute_utf8(t, module, "get_layout"));
  RefTo<Tuple> arguments = TRY(tuple_of(t, cls, fields));
  RefTo<Dict> keywords = TRY(dict_new(t));
  RefTo<Str> is_struct = TRY(str_from_ascii(t, "is_struct")), base_name = TRY(str_from_ascii(t, "base"));
  TRY(dict_set_str(t, keywords.get(), is_struct.get(), Value::boolean(is_struct_class(cls))));
  TRY(dict_set_str(t, keywords.get(), base_name.get(), base != nullptr ? Value(base) : None));
  Ref layout = TRY(call_tuple_dict(t, function, arguments, keywords));
  TRY(size_attribute(t, layout, "align", &out->align));
  TRY(size_attribute(t, layout, "size", &out->size));
  Ref list = TRY(get_attribute_utf8(t, layout, "fields"));
  out->fields = TRY(to_tuple(t, list));
  out->format = TRY(get_attribute_utf8(t, layout, "format_spec"));
  if (!is_str(out->format)) return raise(t, exc::TypeError, "format_spec must be a str, not %T", out->format.get());
  return ok();
}

// Puts the fields into the class; adds up what they say about the whole.
Status place_fields(Thread& t, Value cls, Tuple* fields, i64 first_index, Info* info) {
  for (u64 i = 0; i < fields->size; i++) {
    Ref item = fields->items[i].load();
    if (!item.get().is_object() || type_of(item) != g_field_type)
      return raise(t, exc::TypeError, "fields must be of type CField, got %T", item.get());
    auto* field = item.as<CFieldObject>();
    if (field->index != i64(i))
      return raise(t, exc::ValueError, "field %R index mismatch (expected %zd, got %zd)", field->name.peek(), i64(i), field->index);
    field->index += first_index;
    Value type = field->type.peek();
    const Info* part = storage_of(type);
    if (part == nullptr) return raise(t, exc::TypeError, "second item in _fields_ tuple (index %zd) must be a C type", i64(i));
    // What lies outside would be refused at every access; say it now.
    if (field->offset < 0 || field->size > info->size || field->offset > info->size - field->size)
      return raise(t, exc::ValueError, "field %R lies outside of the structure", field->name.peek());
    info->flags |= part->flags;
    // As in CPython, that was its only chance.
    if (type.same_word(cls)) __atomic_store_n(&as_ctype(cls)->field_state, u8(kFinal), __ATOMIC_RELEASE);
    if (type.same_word(cls) || __atomic_load_n(&as_ctype(type)->field_state, __ATOMIC_ACQUIRE) == kBeingSet)
      return raise(t, exc::AttributeError, "Structure or union cannot contain itself");
    finish_type(type.as<Type>());
    TRY(set_attribute(t, cls, field->name.as<Str>(), item));
  }
  return ok();
}

// The fields of the type of the anonymous field `field` become fields of `cls`.
Status lift_fields(Thread& t, Value cls, CFieldObject* field, i64 index, i64 offset) {
  TRY(enter_native(t));
  Ref inner = field->type.load();
  Ref pairs = TRY(get_attribute(t, inner, n::fields_));
  RefTo<Tuple> list = TRY(to_tuple(t, pairs));
  for (u64 i = 0; i < list->size; i++) {
    Ref pair = list->items[i].load();
    Ref name = TRY(get_item_index(t, pair, 0));
    if (!is_str(name)) return raise(t, exc::TypeError, "unexpected type");
    Ref part = TRY(get_attribute(t, inner, name.as<Str>()));
    if (!part.get().is_object() || type_of(part) != g_field_type) return raise(t, exc::TypeError, "unexpected type");
    auto* found = part.as<CFieldObject>();
    if (found->anonymous) {
      TRY(lift_fields(t, cls, found, index + found->index, offset + found->offset));
      continue;
    }
    RefTo<CFieldObject> moved = TRY(field_moved(t, found, index, offset));
    TRY(set_attribute(t, cls, name.as<Str>(), moved));
  }
  return ok();
}
Status lift_anonymous(Thread& t, Value cls) {
  Ref names_value = TRY(get_attribute_or_empty(t, cls, n::anonymous_));
  if (names_value.is_empty()) return ok();
  if (!is_sequence(names_value) && !is_tuple(names_value) && !is_list(names_value))
    return raise(t, exc::TypeError, "_anonymous_ must be a sequence");
  RefTo<Tuple> list = TRY(to_tuple(t, names_value));
  for (u64 i = 0; i < list->size; i++) {
    Ref name = list->items[i].load();
    if (!is_str(name)) return raise(t, exc::TypeError, "attribute name must be string, not '%T'", name.get());
    Ref found = TRY(get_attribute(t, cls, name.as<Str>()));
    if (!found.get().is_object() || type_of(found) != g_field_type)
      return raise(t, exc::AttributeError, "'%U' is specified in _anonymous_ but not in _fields_", name.as<Str>());
    auto* field = found.as<CFieldObject>();
    field->anonymous = true;
    TRY(lift_fields(t, cls, field, field->index, field->offset));
  }
  return ok();
}

Status give_fields(Thread& t, Value cls, Value fields) {
  auto* type = as_ctype(cls);
  Type* base = base_with_storage(type);
  LayoutParts layout;
  TRY(ask_layout(t, cls, fields, base, &layout));
  Info* info = new_info(t);
  if (info == nullptr) return Raised{};
  const Info* from = base != nullptr ? info_of(base) : nullptr;
  info->kind = is_struct_class(cls) ? Kind::kStruct : Kind::kUnion;
  info->size = layout.size;
  info->align = layout.align;
  if (from != nullptr) info->flags = from->flags;
  i64 first = from != nullptr ? from->length : 0;
  info->length = first + i64(layout.fields->size);
  Utf8Buffer buffer;
  TRY(set_format(t, info, str_utf8(layout.format.as<Str>(), buffer)));
  if (place_fields(t, cls, layout.fields.get(), first, info).failed()) {
    std::free(info->format);
    std::free(info);
    return Raised{};
  }
  if (base != nullptr) finish_type(base);
  type->field_list.store(type, layout.fields.value());
  make_aggregate_ffi(info, type);
  install_info(type, info);
  return lift_anonymous(t, cls);
}

}  // namespace

Status struct_set_attribute(Thread& t, Value cls, Str* name, Value value) {
  SetAttributeFn set = types::type->slots.setattribute;
  if (value.is_empty() || !name->equals_ascii("_fields_")) return set(t, cls, name, value);
  auto* type = as_ctype(cls);
  if (info_of(type) == nullptr) return raise(t, exc::TypeError, "ctypes state is not initialized");
  u8 state = kOpen;
  if (!__atomic_compare_exchange_n(&type->field_state, &state, u8(kBeingSet), false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
    return raise(t, exc::AttributeError, "_fields_ is final");
  Status done = give_fields(t, cls, value);
  u8 mine = kBeingSet;
  __atomic_compare_exchange_n(&type->field_state, &mine, u8(done.failed() ? kOpen : kFinal), false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
  if (done.failed()) return done;
  return set(t, cls, name, value);
}

Status struct_meta_init(Thread& t, Value self, Args args) {
  TRY(types::type->slots.init.load()(t, self, args));
  auto* cls = as_ctype(self);
  Ref abstract = own_entry(t, cls, n::abstract_);
  if (!abstract.is_empty()) return ok();
  if (info_of(cls) != nullptr) return raise(t, exc::SystemError, "StgInfo of '%N' is already initialized.", static_cast<Type*>(cls));
  Type* base = base_with_storage(cls);
  Info* info = starting_info(t, self, base);
  if (info == nullptr) return Raised{};
  make_aggregate_ffi(info, cls);
  install_info(cls, info);
  Ref fields = own_entry(t, cls, n::fields_);
  if (!fields.is_empty()) return set_attribute(t, self, n::fields_, fields);
  if (base != nullptr) finish_type(base);
  return ok();
}

// --- instances
namespace {

// Assigns positional arguments to the fields of the base classes first. The number of those used.
Result<i64> assign_positional(Thread& t, Value self, Type* cls, const Args& args, i64 used) {
  auto* type = static_cast<CType*>(cls);
  if (Type* base = base_with_storage(type)) used = TRY(assign_positional(t, self, base, args, used));
  Ref list = type->field_list.load();
  if (list.is_empty()) return used;
  auto* fields = list.as<Tuple>();
  for (u64 i = 0; i < fields->size && used < i64(args.count); i++, used++) {
    auto* name = fields->items[i].as<CFieldObject>()->name.as<Str>();
    for (u32 k = 0; k < args.keyword_count; k++)
      if (str_equal(args.names->items[k].as<Str>(), name)) return raise(t, exc::TypeError, "duplicate values for field %R", Value(name));
    TRY(set_attribute(t, self, name, args[u32(used)]));
  }
  return used;
}
Status struct_init(Thread& t, Value self, Args args) {
  if (args.count > 0) {
    i64 used = TRY(assign_positional(t, self, type_of(self), args, 0));
    if (used < i64(args.count)) return raise(t, exc::TypeError, "too many initializers");
  }
  for (u32 k = 0; k < args.keyword_count; k++) TRY(set_attribute(t, self, args.names->items[k].as<Str>(), args.keyword(k)));
  return ok();
}

const TypeSpec kStructSpec = {
    .name = "_ctypes.Structure",
    .doc = "Structure base class",
    .base = &g_data,
    .flags = type_flag::kBaseType | type_flag::kImmutable,
    .slots = {.new_ = data_new, .init = struct_init},
};
const TypeSpec kUnionSpec = {
    .name = "_ctypes.Union",
    .doc = "Union base class",
    .base = &g_data,
    .flags = type_flag::kBaseType | type_flag::kImmutable,
    .slots = {.new_ = data_new, .init = struct_init},
};

}  // namespace

Status initialise_structs(Thread& t, Module* module) {
  TRY(initialise_fields(t, module));
  if (g_struct == nullptr) TRY(make_static_type_of(t, g_struct_meta, kStructSpec, &g_struct));
  if (g_union == nullptr) TRY(make_static_type_of(t, g_union_meta, kUnionSpec, &g_union));
  TRY(module_add(t, module, "Structure", Value(g_struct)));
  return module_add(t, module, "Union", Value(g_union));
}

}  // namespace typhon::ctypes
