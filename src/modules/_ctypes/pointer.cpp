// _Pointer and its metaclass.
#include <cstdlib>

#include "modules/_ctypes/ctypes.h"
#include "objects/metatype.h"

namespace typhon::ctypes {
namespace {

// "&" and what the pointer points to.
Status pointer_format(Thread& t, Info* info, const Info* target) {
  std::string text = "&";
  if (target->dimensions > 0) {
    text += '(';
    for (i32 i = 0; i < target->dimensions; i++) text += (i > 0 ? "," : "") + std::to_string(target->shape[i]);
    text += ')';
  }
  text += target->format != nullptr ? target->format : "B";
  return set_format(t, info, text);
}

// Makes `target` what pointers of this type point to; None: not known yet.
Status point_to(Thread& t, CType* cls, Value target) {
  const Info* to = target.is_none() ? nullptr : storage_of(target);
  if (!target.is_none()) {
    if (!is_type(target)) return raise(t, exc::TypeError, "_type_ must be a type");
    if (to == nullptr) return raise(t, exc::TypeError, "_type_ must have storage info");
  }
  Info* info = new_info(t);
  if (info == nullptr) return Raised{};
  info->kind = Kind::kPointer;
  info->size = info->align = sizeof(void*);
  info->length = 1;
  info->flags = kHasPointer;
  info->ffi = &ffi_type_pointer;
  if (to != nullptr)
    TRY(pointer_format(t, info, to));
  else
    TRY(set_format(t, info, "X{}"));
  if (to != nullptr) {
    cls->element.store(cls, target);
    as_ctype(target)->pointer_type.init_once(target.object(), Value(cls));
  }
  install_info(cls, info);
  return ok();
}

Ref m_set_type(Thread& t, Value cls, const Value* a) {
  if (info_of(cls.as<Type>()) == nullptr) return raise(t, exc::TypeError, "abstract class");
  TRY(point_to(t, as_ctype(cls), a[0]));
  TRY(set_attribute(t, cls, n::type_, a[0]));
  return Ref::none();
}

Ref pointer_from_param(Thread& t, Value cls, const Value* a) {
  Value v = a[0];
  if (v.is_none()) return Ref::none();
  Value target = as_ctype(cls)->element.peek();
  if (target.is_empty()) return raise(t, exc::TypeError, "cannot convert argument: POINTER _type_ type is not set");
  Ref held = Ref::copy(target);
  if (is_instance_of(v, target.as<Type>())) {
    void* address = data_of(as_cdata(v));
    return TRY(argument_new(t, 'P', &ffi_type_pointer, &address, sizeof address, v));
  }
  const Info* info = is_cdata(v) ? info_of_data(as_cdata(v)) : nullptr;
  if (info != nullptr && (info->kind == Kind::kPointer || info->kind == Kind::kArray)) {
    Value item = static_cast<CType*>(type_of(v))->element.peek();
    if (!item.is_empty() && is_subtype(item.as<Type>(), held.as<Type>())) return Ref::copy(v);
  }
  return data_from_param(t, cls, a);
}

}  // namespace

const Method kPointerMetaMethods[] = {
    kFromAddress, kFromBuffer, kFromBufferCopy, kInDll,
    method("from_param", pointer_from_param, "($self, value, /)", "Convert a Python object into a function call parameter."),
    method("set_type", m_set_type, "($self, type, /)"), {}};

Status pointer_meta_init(Thread& t, Value self, Args args) {
  TRY(types::type->slots.init.load()(t, self, args));
  auto* cls = as_ctype(self);
  if (info_of(cls) != nullptr) return raise(t, exc::SystemError, "StgInfo of '%N' is already initialized.", static_cast<Type*>(cls));
  Ref target = own_entry(t, cls, n::type_);
  // A subclass does not point to what its base points to.
  return point_to(t, cls, target.is_empty() ? None : target.get());
}

namespace {

Result<u8*> pointed_at(Thread& t, Value self) {
  auto* address = static_cast<u8*>(pointer_in(as_cdata(self)));
  if (address == nullptr) return raise(t, exc::ValueError, "NULL pointer access");
  return address;
}
Ref target_type(Thread& t, Value self) {
  const Info* info = TRY(live_info(t, as_cdata(self)));
  Ref target = info->kind == Kind::kPointer ? static_cast<CType*>(type_of(self))->element.load() : Ref();
  if (target.is_empty()) return raise(t, exc::TypeError, "Cannot create instance: has no _type_");
  return target;
}

Ref get_contents(Thread& t, Value self) {
  Ref target = TRY(target_type(t, self));
  u8* address = TRY(pointed_at(t, self));
  return TRY(data_within(t, target.as<Type>(), self, 0, address));
}
Status set_contents(Thread& t, Value self, Value v) {
  if (v.is_empty()) return raise(t, exc::TypeError, "Pointer does not support item deletion");
  Ref target = TRY(target_type(t, self));
  if (!is_cdata(v)) return raise(t, exc::TypeError, "expected %N instead of %T", target.as<Type>(), v);
  auto* d = as_cdata(self);
  set_pointer(d, data_of(as_cdata(v)));
  // What it points to lives as long as the pointer, and so does what that refers to.
  TRY(keep(t, d, 1, Ref::copy(v)));
  Ref kept = TRY(kept_objects(t, as_cdata(v)));
  return keep(t, d, 0, std::move(kept));
}

u8* element_address(u8* start, const Info* item, i64 index) { return reinterpret_cast<u8*>(u64(start) + u64(index) * u64(item->size)); }

Ref item_at(Thread& t, Value self, Value target, i64 index) {
  u8* start = TRY(pointed_at(t, self));
  return get_part(t, target, self, index, element_address(start, storage_of(target), index));
}

struct Range {
  i64 start = 0, stop = 0, step = 1, count = 0;
};
Status slice_range(Thread& t, Slice* slice, Range* r) {
  Ref step = slice->step.load(), start = slice->start.load(), stop = slice->stop.load();
  auto number = [&](Value v) { return to_i64(t, v, "cannot fit 'int' into an index-sized integer"); };
  if (!step.get().is_none()) {
    r->step = TRY(number(step));
    if (r->step == 0) return raise(t, exc::ValueError, "slice step cannot be zero");
  }
  if (start.get().is_none()) {
    if (r->step < 0) return raise(t, exc::ValueError, "slice start is required for step < 0");
  } else {
    r->start = TRY(number(start));
  }
  if (stop.get().is_none()) return raise(t, exc::ValueError, "slice stop is required");
  r->stop = TRY(number(stop));
  i128 distance = r->step > 0 ? i128(r->stop) - r->start : i128(r->start) - r->stop;
  i128 width = r->step > 0 ? i128(r->step) : -i128(r->step);
  i128 count = distance > 0 ? (distance + width - 1) / width : 0;
  if (count > i128(kMaxItems)) return raise_no_memory(t);
  r->count = i64(count);
  return ok();
}
Ref slice_of(Thread& t, Value self, Value target, const Range& r) {
  const Info* item = storage_of(target);
  char code = item->kind == Kind::kSimple ? item->code : char(0);
  if (code == 'c') {
    u8* start = r.count > 0 ? TRY(pointed_at(t, self)) : nullptr;
    if (r.step == 1) return bytes_from(t, start + r.start, size_t(r.count));
    RefTo<Bytes> out = TRY(bytes_allocate(t, size_t(r.count)));
    for (i64 i = 0; i < r.count; i++) out->data[i] = *element_address(start, item, r.start + i * r.step);
    return out;
  }
  RefTo<List> list = TRY(list_new(t));
  for (i64 i = 0; i < r.count; i++) TRY(list_append(t, list.get(), TRY(item_at(t, self, target, r.start + i * r.step))));
  if (code != 'u') return list;
  RefTo<Tuple> parts = TRY(list_to_tuple(t, list.get()));
  RootedVector words(t);
  for (u64 i = 0; i < parts->size; i++) words.push_copy(parts->items[i].peek());
  return str_join(t, empty_str(), words.data(), words.size());
}

Ref pointer_get_item(Thread& t, Value self, Value key) {
  Ref target = TRY(target_type(t, self));
  if (is_indexable(key)) return item_at(t, self, target, TRY(subscript_index(t, key)));
  if (!is_slice(key)) return raise(t, exc::TypeError, "Pointer indices must be integer");
  Range range;
  TRY(slice_range(t, key.as<Slice>(), &range));
  return slice_of(t, self, target, range);
}
Status pointer_set_item(Thread& t, Value self, Value key, Value value) {
  if (value.is_empty()) return raise(t, exc::TypeError, "Pointer does not support item deletion");
  Ref target = TRY(target_type(t, self));
  i64 index = TRY(subscript_index(t, key));
  u8* start = TRY(pointed_at(t, self));
  return set_part(t, target, self, index, element_address(start, storage_of(target), index), value);
}
Result<bool> pointer_bool(Thread&, Value self) { return pointer_in(as_cdata(self)) != nullptr; }

Ref pointer_new(Thread& t, Type* cls, Args args) {
  if (info_of(cls) == nullptr || static_cast<CType*>(cls)->element.is_empty())
    return raise(t, exc::TypeError, "Cannot create instance: has no _type_");
  return data_new(t, cls, args);
}
Status pointer_init(Thread& t, Value self, Args args) {
  TRY(check_no_keywords(t, "POINTER", args));
  TRY(check_arity(t, "POINTER", args, 0, 1));
  return args.count == 1 ? set_contents(t, self, args[0]) : ok();
}

const GetSet kGetSets[] = {{"contents", get_contents, set_contents, "the object this pointer points to (read-write)"}, {}};
const TypeSpec kSpec = {
    .name = "_ctypes._Pointer",
    .doc = "Base class of pointers to a C type.",
    .base = &g_data,
    .flags = type_flag::kBaseType | type_flag::kImmutable,
    .slots = {.new_ = pointer_new, .init = pointer_init, .bool_ = pointer_bool, .get_item = pointer_get_item, .set_item = pointer_set_item},
    .getsets = kGetSets,
};

}  // namespace

Status initialise_pointers(Thread& t, Module* module) {
  if (g_pointer == nullptr) TRY(make_static_type_of(t, g_pointer_meta, kSpec, &g_pointer));
  return module_add(t, module, "_Pointer", Value(g_pointer));
}

}  // namespace typhon::ctypes
