// Functions that the library calls by their addresses (ctypes.cast, string_at ...), and access to errno and to objects by address.
#include <cwchar>

#include "modules/_ctypes/ctypes.h"
#include "objects/bytes_util.h"

namespace typhon::ctypes {
namespace {

// A Python object as a C function returns it: with one count.
u64 handed_over(Ref&& result) {
  if (result.failed()) return 0;
  return to_heap_word(result.take()).bits;
}

Status check_cast_target(Thread& t, Value cls) {
  const Info* info = storage_of(cls);
  if (info != nullptr && (info->kind == Kind::kPointer || info->kind == Kind::kFunction)) return ok();
  if (info != nullptr && info->kind == Kind::kSimple && strchr("sPzUZXO", info->code) != nullptr) return ok();
  if (is_type(cls)) return raise(t, exc::TypeError, "cast() argument 2 must be a pointer type, not %N", cls.as<Type>());
  return raise(t, exc::TypeError, "cast() argument 2 must be a pointer type");
}
// The result keeps alive what the source keeps alive, and the source.
Status keep_source(Thread& t, CData* made, CData* source) {
  Ref objects = TRY(kept_objects(t, source));
  if (objects.get().is_none()) {
    RefTo<Dict> fresh = TRY(dict_new(t));
    objects = Ref(std::move(fresh));
  }
  made->objects.store(made, objects);
  if (!is_exact_dict(objects)) {
    // Both, then.
    RefTo<Tuple> both = TRY(tuple_of(t, objects, Value(source)));
    made->objects.store(made, both.value());
    return ok();
  }
  Ref key = TRY(int_from_u64(t, object_id(t, Value(source))));
  return dict_set_py(t, objects.as<Dict>(), key, Value(source));
}
Ref cast_value(Thread& t, void* address, Value source, Value cls) {
  TRY(check_cast_target(t, cls));
  Ref made = TRY(call(t, cls));
  if (!is_cdata(made)) return raise(t, exc::TypeError, "cast() argument 2 must be a pointer type");
  if (is_cdata(source)) TRY(keep_source(t, as_cdata(made), as_cdata(source)));
  else if (source.is_object()) TRY(keep(t, as_cdata(made), 0, Ref::copy(source)));
  set_pointer(as_cdata(made), address);
  return made;
}
template <class F>
u64 attached_call(F f) {
  return while_attached([&](Thread& t) { return handed_over(f(t)); });
}
u64 cast(void* address, u64 source, u64 cls) {
  return attached_call([=](Thread& t) { return cast_value(t, address, Value(source), Value(cls)); });
}

Ref bytes_at(Thread& t, const char* text, i64 size) {
  TRY(audit(t, "ctypes.string_at", Value::small_int(i64(u64(text) & (u64(1) << 62) - 1)), Value::small_int(size)));
  if (size == 0) return Ref::copy(Value(empty_bytes()));
  if (text == nullptr) return raise(t, exc::ValueError, "string_at: NULL pointer");
  if (size < -1) return raise(t, exc::SystemError, "Negative size passed to PyBytes_FromStringAndSize");
  if (size < 0) size = i64(strlen(text));
  return bytes_from(t, text, size_t(size));
}
u64 string_at(const char* text, int size) { return attached_call([=](Thread& t) { return bytes_at(t, text, size); }); }

Ref text_at(Thread& t, const wchar_t* text, i64 size) {
  TRY(audit(t, "ctypes.wstring_at", Value::small_int(i64(u64(text) & (u64(1) << 62) - 1)), Value::small_int(size)));
  if (size == 0) return Ref::copy(Value(empty_str()));
  if (text == nullptr) return raise(t, exc::ValueError, "wstring_at: NULL pointer");
  if (size < -1) return raise(t, exc::SystemError, "Negative size passed to PyUnicode_New");
  if (size < 0) size = i64(wcslen(text));
  for (i64 i = 0; i < size; i++)
    if (u32(text[i]) > 0x10FFFF) return raise(t, exc::ValueError, "character U+%x is not in range [U+0000; U+10ffff]", u64(u32(text[i])));
  return str_from_points(t, text, 4, size_t(size));
}
u64 wide_string_at(const wchar_t* text, int size) { return attached_call([=](Thread& t) { return text_at(t, text, size); }); }

// Foreign memory, for a memoryview.
struct Region : Object {
  void* data;
  i64 size;
  bool readonly;
};
Type* g_region_type;
Status region_get_buffer(Thread& t, Value self, Buffer* buffer, int flags) {
  auto* r = self.as<Region>();
  return fill_byte_buffer(t, buffer, r->data, r->size, r->readonly, flags);
}
const TypeSpec kRegionSpec = {
    .name = "_ctypes.Region",
    .layout = {"Region", sizeof(Region), 0, nullptr, nullptr, nullptr, nullptr},
    .flags = type_flag::kDisallowInstantiation | type_flag::kUntracked,
    .slots = {.get_buffer = region_get_buffer},
};
Ref view_at(Thread& t, void* data, i64 size, bool readonly) {
  TRY(audit(t, "ctypes.memoryview_at", Value::small_int(i64(u64(data) & (u64(1) << 62) - 1)), Value::small_int(size), Value::boolean(readonly)));
  if (size < 0) return raise(t, exc::ValueError, "memoryview_at: size is negative (or overflowed): %zd", size);
  auto* region = allocate_native<Region>(t, g_region_type);
  if (region == nullptr) return raise_no_memory(t);
  Ref owner = Ref::adopt(Value(region));
  region->data = data;
  region->size = size;
  region->readonly = readonly;
  return memoryview_new(t, owner, readonly ? buffer_flag::kFullRo : buffer_flag::kFull);
}
u64 memoryview_at(void* data, i64 size, int readonly) {
  return attached_call([=](Thread& t) { return view_at(t, data, size, readonly != 0); });
}

// --- errno
Ref f_get_errno(Thread& t, Value, const Value*) {
  TRY(audit(t, "ctypes.get_errno"));
  return int_from(t, own_errno());
}
Ref f_set_errno(Thread& t, Value, const Value* a) {
  i64 value = TRY(to_i64(t, a[0], "Python int too large to convert to C int"));
  if (value != i64(int(value))) return raise(t, exc::OverflowError, "signed integer is %s", value < 0 ? "less than minimum" : "greater than maximum");
  TRY(audit(t, "ctypes.set_errno", a[0]));
  return int_from(t, std::exchange(own_errno(), int(value)));
}

// --- objects by address
Ref f_from_ptr(Thread& t, Value, const Value* a) {
  if (!is_int(a[0])) return raise(t, exc::TypeError, "an integer is required");
  TRY(audit(t, "ctypes.PyObj_FromPtr", a[0]));
  Value word(int_low_u64(a[0]));
  TRY(check_object_word(t, word));
  return Ref::copy(word);
}
Ref f_incref(Thread&, Value, const Value* a) {
  if (a[0].is_object() && a[0].object()->is_local()) publish(a[0].object());
  (void)heap_copy(a[0]);
  return Ref::copy(a[0]);
}
Ref f_decref(Thread&, Value, const Value* a) {
  Ref held = Ref::copy(a[0]);
  Field::release_heap(a[0].untagged());
  return held;
}

Ref call_by_address(Thread& t, const Value* a, u32 flags) {
  if (!is_int(a[0])) return raise(t, exc::TypeError, "an integer is required");
  if (!is_tuple(a[1])) return raise(t, exc::TypeError, "argument 2 must be tuple, not %T", a[1]);
  TRY(audit(t, "ctypes.call_function", a[0], a[1]));
  auto* arguments = a[1].as<Tuple>();
  RootedVector words(t);
  for (u64 i = 0; i < arguments->size; i++) words.push_copy(arguments->items[i].peek());
  return call_foreign(t, reinterpret_cast<void*>(int_low_u64(a[0])), words.data(), i64(words.size()), flags, nullptr, EMPTY, EMPTY);
}
Ref f_call_function(Thread& t, Value, const Value* a) { return call_by_address(t, a, 0); }
Ref f_call_cdecl_function(Thread& t, Value, const Value* a) { return call_by_address(t, a, kFlagCdecl); }

}  // namespace

extern const Method kMemoryFunctions[] = {
    method("get_errno", f_get_errno, "()"),
    method("set_errno", f_set_errno, "(value, /)"),
    method("PyObj_FromPtr", f_from_ptr, "(address, /)"),
    method("Py_INCREF", f_incref, "(object, /)"),
    method("Py_DECREF", f_decref, "(object, /)"),
    method("call_function", f_call_function, "(address, arguments, /)"),
    method("call_cdeclfunction", f_call_cdecl_function, "(address, arguments, /)"),
    {},
};

Status initialise_memory(Thread& t, Module* module) {
  if (g_region_type == nullptr) TRY(make_static_type(t, kRegionSpec, &g_region_type));
  void* (*move)(void*, const void*, size_t) = std::memmove;
  void* (*set)(void*, int, size_t) = std::memset;
  const struct {
    const char* name;
    u64 address;
  } kRows[] = {
      {"_memmove_addr", u64(move)}, {"_memset_addr", u64(set)}, {"_cast_addr", u64(cast)}, {"_string_at_addr", u64(string_at)},
      {"_wstring_at_addr", u64(wide_string_at)}, {"_memoryview_at_addr", u64(memoryview_at)},
  };
  for (const auto& row : kRows) TRY(module_add(t, module, row.name, TRY(int_from_u64(t, row.address))));
  return ok();
}

}  // namespace typhon::ctypes
