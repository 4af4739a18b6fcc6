// Array and its metaclass.
#include <cstdlib>

#include "modules/_ctypes/ctypes.h"
#include "objects/metatype.h"

namespace typhon::ctypes {
namespace {

Result<i64> length_attribute(Thread& t, Value cls) {
  Ref v = TRY(get_attribute_or_empty(t, cls, n::length_));
  if (v.is_empty()) return raise(t, exc::AttributeError, "class must define a '_length_' attribute");
  if (!is_int(v)) return raise(t, exc::TypeError, "The '_length_' attribute must be an integer");
  if (int_sign(v) < 0) return raise(t, exc::ValueError, "The '_length_' attribute must not be negative");
  i64 length;
  if (!int_fits_i64(v, &length)) return raise(t, exc::OverflowError, "The '_length_' attribute is too large");
  return length;
}

Status shape_of_items(Thread& t, Info* info, const Info* item, i64 length) {
  info->dimensions = item->dimensions + 1;
  info->shape = static_cast<i64*>(std::malloc(sizeof(i64) * size_t(info->dimensions)));
  if (info->shape == nullptr) {
    std::free(info);
    return raise_no_memory(t);
  }
  info->shape[0] = length;
  for (i32 i = 0; i < item->dimensions; i++) info->shape[i + 1] = item->shape[i];
  return ok();
}

// --- characters
Ref get_raw(Thread& t, Value self) {
  auto* d = as_cdata(self);
  i64 size = size_of(d);
  return bytes_from(t, data_of(d), size_t(size));
}
Status set_raw(Thread& t, Value self, Value v) {
  if (v.is_empty()) return raise(t, exc::AttributeError, "attribute 'raw' of '%T' objects cannot be deleted", self);
  ByteView view(t);
  TRY(view.get(v));
  auto* d = as_cdata(self);
  if (i64(view.size()) > size_of(d)) return raise(t, exc::ValueError, "byte string too long");
  copy_shared_bytes(data_of(d), view.data(), view.size());
  return ok();
}
template <bool wide>
Ref get_value(Thread& t, Value self) {
  auto* d = as_cdata(self);
  i64 size = size_of(d);
  return get_text(t, wide, data_of(d), size);
}
template <bool wide>
Status set_value(Thread& t, Value self, Value v) {
  if (v.is_empty()) return raise(t, exc::TypeError, "can't delete attribute");
  auto* d = as_cdata(self);
  i64 size = size_of(d);
  return put_text(t, wide, data_of(d), size, v, true);
}
const GetSet kCharGetSets[] = {{"raw", get_raw, set_raw, "value"}, {"value", get_value<false>, set_value<false>, "string value"}, {}};
const GetSet kWideGetSets[] = {{"value", get_value<true>, set_value<true>, "string value"}, {}};

}  // namespace

Status array_meta_init(Thread& t, Value self, Args args) {
  TRY(types::type->slots.init.load()(t, self, args));
  auto* cls = as_ctype(self);
  if (info_of(cls) != nullptr) return raise(t, exc::SystemError, "StgInfo of '%N' is already initialized.", static_cast<Type*>(cls));
  i64 length = TRY(length_attribute(t, self));
  Ref item_type = TRY(get_attribute_or_empty(t, self, n::type_));
  if (item_type.is_empty()) return raise(t, exc::AttributeError, "class must define a '_type_' attribute");
  const Info* item = storage_of(item_type);
  if (item == nullptr) return raise(t, exc::TypeError, "_type_ must have storage info");
  i64 size;
  if (__builtin_mul_overflow(length, item->size, &size)) return raise(t, exc::OverflowError, "array too large");
  Info* info = new_info(t);
  if (info == nullptr) return Raised{};
  info->kind = Kind::kArray;
  info->size = size;
  info->align = item->align;
  info->length = length;
  info->flags = item->flags;
  info->ffi = &ffi_type_pointer;
  TRY(shape_of_items(t, info, item, length));
  TRY(set_format(t, info, item->format != nullptr ? item->format : "B"));
  cls->element.store(cls, item_type);
  install_info(cls, info);
  finish_type(cls);
  char code = text_code(cls);
  for (const GetSet* row = code == 'c' ? kCharGetSets : code == 'u' ? kWideGetSets : nullptr; row != nullptr && row->name != nullptr; row++)
    TRY(type_add_getset(t, cls, row));
  return ok();
}

namespace {

// --- items
struct Items {
  const Info* array;
  const Info* item;
  Value type;  // kept alive by the class
};
Result<i64> look(Thread& t, Value self, Items* out) {
  out->array = TRY(live_info(t, as_cdata(self)));
  if (out->array->kind != Kind::kArray) return raise(t, exc::TypeError, "not an array");
  out->type = static_cast<CType*>(type_of(self))->element.peek();
  out->item = storage_of(out->type);
  return out->array->length;
}
// The item's place; fails outside of the array, and outside of its memory (an item type may have grown since).
Result<u8*> item_address(Thread& t, Value self, const Items& items, i64 index) {
  i64 end;
  if (index < 0 || index >= items.array->length || __builtin_mul_overflow(index + 1, items.item->size, &end) || end > size_of(as_cdata(self)))
    return raise(t, exc::IndexError, "invalid index");
  return data_of(as_cdata(self)) + index * items.item->size;
}
Ref item_at(Thread& t, Value self, const Items& items, i64 index) {
  u8* at = TRY(item_address(t, self, items, index));
  return get_part(t, items.type, self, index, at);
}
Status put_item(Thread& t, Value self, const Items& items, i64 index, Value v) {
  u8* at = TRY(item_address(t, self, items, index));
  return set_part(t, items.type, self, index, at, v);
}

Ref slice_of(Thread& t, Value self, const Items& items, SliceIndices s) {
  char code = text_code(type_of(self));
  if (code == 'c') {
    RefTo<Bytes> out = TRY(bytes_allocate(t, size_t(s.count)));
    for (i64 i = 0; i < s.count; i++) out->data[i] = *TRY(item_address(t, self, items, s.start + i * s.step));
    return out;
  }
  RefTo<List> list = TRY(list_new(t, size_t(s.count)));
  for (i64 i = 0; i < s.count; i++) TRY(list_append(t, list.get(), TRY(item_at(t, self, items, s.start + i * s.step))));
  if (code != 'u') return list;
  RefTo<Tuple> parts = TRY(list_to_tuple(t, list.get()));
  RootedVector words(t);
  for (u64 i = 0; i < parts->size; i++) words.push_copy(parts->items[i].peek());
  return str_join(t, empty_str(), words.data(), words.size());
}
Ref array_get_item(Thread& t, Value self, Value key) {
  Items items;
  i64 length = TRY(look(t, self, &items));
  if (is_indexable(key)) {
    i64 index = TRY(subscript_index(t, key));
    return item_at(t, self, items, index < 0 ? index + length : index);
  }
  if (!is_slice(key)) return raise(t, exc::TypeError, "indices must be integers");
  SliceIndices s;
  TRY(slice_unpack_py(t, key.as<Slice>(), &s));
  slice_adjust(&s, length);
  return slice_of(t, self, items, s);
}
Status array_set_item(Thread& t, Value self, Value key, Value value) {
  if (value.is_empty()) return raise(t, exc::TypeError, "Array does not support item deletion");
  Items items;
  i64 length = TRY(look(t, self, &items));
  if (is_indexable(key)) {
    i64 index = TRY(subscript_index(t, key));
    return put_item(t, self, items, index < 0 ? index + length : index, value);
  }
  if (!is_slice(key)) return raise(t, exc::TypeError, "indices must be integer");
  SliceIndices s;
  TRY(slice_unpack_py(t, key.as<Slice>(), &s));
  slice_adjust(&s, length);
  i64 given = TRY(typhon::length(t, value));
  if (given != s.count) return raise(t, exc::ValueError, "Can only assign sequence of same size");
  for (i64 i = 0; i < s.count; i++) {
    Ref item = TRY(get_item_index(t, value, i));
    TRY(put_item(t, self, items, s.start + i * s.step, item));
  }
  return ok();
}
Result<i64> array_length(Thread& t, Value self) {
  Items items;
  return look(t, self, &items);
}
Status array_init(Thread& t, Value self, Args args) {
  // Keywords are ignored, as CPython ignores them.
  Items items;
  TRY(look(t, self, &items));
  for (u32 i = 0; i < args.count; i++) TRY(put_item(t, self, items, i, args[i]));
  return ok();
}

const Method kMethods[] = {class_method("__class_getitem__", class_getitem, "($type, object, /)", "See PEP 585"), {}};
const TypeSpec kSpec = {
    .name = "_ctypes.Array",
    .doc = "Abstract base class for arrays.\n\nThe recommended way to create concrete array types is by multiplying any\n"
           "ctypes data type with a non-negative integer. Alternatively, you can subclass\nthis type and define _length_ and _type_ "
           "class variables. Array elements can\nbe read and written using standard subscript and slice accesses for slice\n"
           "reads, the resulting object is not itself an Array.",
    .base = &g_data,
    .flags = type_flag::kBaseType | type_flag::kImmutable,
    .slots = {.new_ = data_new, .init = array_init, .length = array_length, .get_item = array_get_item, .set_item = array_set_item},
    .methods = kMethods,
};

}  // namespace

Status initialise_arrays(Thread& t, Module* module) {
  if (g_array == nullptr) TRY(make_static_type_of(t, g_array_meta, kSpec, &g_array));
  return module_add(t, module, "Array", Value(g_array));
}

}  // namespace typhon::ctypes
