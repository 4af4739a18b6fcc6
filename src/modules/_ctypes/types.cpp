// The metaclasses of C types: what a class knows of its C type, and the class methods that all of them have.
#include <cstdlib>
#include <new>

#include "modules/_ctypes/ctypes.h"

namespace typhon::ctypes {

Type *g_meta, *g_struct_meta, *g_union_meta, *g_array_meta, *g_pointer_meta, *g_simple_meta, *g_function_meta;
Type *g_data, *g_struct, *g_union, *g_array, *g_pointer, *g_simple, *g_function;
Type *g_field_type, *g_argument_type, *g_memory_type, *g_thunk_type, *g_argument_error;

namespace n {
Str *type_, *length_, *fields_, *anonymous_, *abstract_, *flags_, *argtypes_, *restype_, *pack_, *swappedbytes_, *as_parameter_, *from_param,
    *check_retval_, *handle_, *ctype_le, *ctype_be, *from_outparam, *contents, *pointer_type;

Status initialise(Thread& t) {
  if (type_ != nullptr) return ok();
  constexpr struct {
    Str** where;
    const char* text;
  } kRows[] = {
      {&length_, "_length_"}, {&fields_, "_fields_"}, {&anonymous_, "_anonymous_"}, {&abstract_, "_abstract_"}, {&flags_, "_flags_"},
      {&argtypes_, "_argtypes_"}, {&restype_, "_restype_"}, {&pack_, "_pack_"}, {&swappedbytes_, "_swappedbytes_"},
      {&as_parameter_, "_as_parameter_"}, {&from_param, "from_param"}, {&check_retval_, "_check_retval_"}, {&handle_, "_handle"},
      {&ctype_le, "__ctype_le__"}, {&ctype_be, "__ctype_be__"}, {&from_outparam, "__ctypes_from_outparam__"}, {&contents, "contents"},
      {&pointer_type, "__pointer_type__"}, {&type_, "_type_"},
  };
  for (const auto& row : kRows) *row.where = str_immortal(t, row.text);
  return ok();
}
}  // namespace n

// --- Info
Info* new_info(Thread& t) {
  auto* info = static_cast<Info*>(std::calloc(1, sizeof(Info)));
  if (info == nullptr) {
    (void)raise_no_memory(t);
    return nullptr;
  }
  return new (info) Info;
}
Status set_format(Thread& t, Info* info, std::string_view format) {
  info->format = strndup(format.data(), format.size());
  if (info->format == nullptr) {
    std::free(info);
    return raise_no_memory(t);
  }
  return ok();
}
void install_info(CType* type, Info* info) {
  Info* old = __atomic_load_n(&type->info, __ATOMIC_ACQUIRE);
  do info->previous = old;
  while (!__atomic_compare_exchange_n(&type->info, &old, info, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
}
void finish_type(const Type* type) {
  auto* cls = const_cast<CType*>(static_cast<const CType*>(type));
  u8 open = kOpen;
  __atomic_compare_exchange_n(&cls->field_state, &open, u8(kFinal), false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

namespace {

void visit_ctype(Object* self, Visitor& visitor) {
  types::type->layout->visit(self, visitor);
  visitor.fields(&static_cast<CType*>(self)->element, 8);
}
void release_ctype(Thread&, Object* self) {
  for (Info* info = static_cast<CType*>(self)->info; info != nullptr;) {
    Info* previous = info->previous;
    std::free(info->shape);
    std::free(info->format);
    std::free(info);
    info = previous;
  }
}

// --- arrays
Result<i64> repeat_length(Thread& t, Value v) {
  i64 n = TRY(to_i64(t, v, "cannot fit 'int' into an index-sized integer"));
  if (n < 0) return raise(t, exc::ValueError, "Array length must be >= 0, not %zd", n);
  return n;
}
Ref meta_repeat(Thread& t, Value cls, Value count) {
  i64 n = TRY(repeat_length(t, count));
  return TRY(array_type_of(t, cls, n));
}

// --- memory from elsewhere
Result<const Info*> sized_info(Thread& t, Value cls) {
  const Info* info = info_of(cls.as<Type>());
  if (info == nullptr) return raise(t, exc::TypeError, "abstract class");
  return info;
}
Ref m_from_address(Thread& t, Value cls, const Value* a) {
  TRY(audit(t, "ctypes.cdata", a[0]));
  if (!is_int(a[0])) return raise(t, exc::TypeError, "integer expected");
  return TRY(data_at(t, cls.as<Type>(), reinterpret_cast<u8*>(int_low_u64(a[0]))));
}
Status check_fits(Thread& t, i64 given, i64 offset, i64 size) {
  if (offset < 0) return raise(t, exc::ValueError, "offset cannot be negative");
  if (offset > given || size > given - offset) {
    i64 wanted;
    if (__builtin_add_overflow(size, offset, &wanted)) wanted = INT64_MAX;
    return raise(t, exc::ValueError, "Buffer size too small (%zd instead of at least %zd bytes)", given, wanted);
  }
  return ok();
}
Ref m_from_buffer(Thread& t, Value cls, const Value* a) {
  const Info* info = TRY(sized_info(t, cls));
  i64 offset = a[1].is_empty() ? 0 : TRY(to_i64(t, a[1], "Python int too large to convert to C ssize_t"));
  // The program sees the first view in _objects; the second, which it does not see, keeps the memory where it is.
  Ref view = TRY(call_with(t, Value(types::memoryview), a[0]));
  Ref pin = TRY(call_with(t, Value(types::memoryview), a[0]));
  Buffer buffer;
  TRY(get_buffer(t, pin, &buffer, buffer_flag::kFullRo));
  bool readonly = buffer.readonly;
  bool contiguous = true;
  i64 step = buffer.item_size;
  for (i32 d = buffer.dimensions; d-- > 0;) {
    if (buffer.shape == nullptr || buffer.strides == nullptr) break;
    if (buffer.shape[d] != 1 && buffer.strides[d] != step) contiguous = false;
    step *= buffer.shape[d];
  }
  auto* data = static_cast<u8*>(buffer.data);
  i64 given = buffer.length;
  release_buffer(t, &buffer);
  if (readonly) return raise(t, exc::TypeError, "underlying buffer is not writable");
  if (!contiguous) return raise(t, exc::TypeError, "underlying buffer is not C contiguous");
  TRY(check_fits(t, given, offset, info->size));
  TRY(audit(t, "ctypes.cdata/buffer", Value::small_int(i64(u64(data) & (u64(1) << 62) - 1)), Value::small_int(given), Value::small_int(offset)));
  RefTo<CData> made = TRY(data_at(t, cls.as<Type>(), data + offset));
  made->source.store(made.get(), pin);
  TRY(keep(t, made.get(), -1, std::move(view)));
  return made;
}
Ref m_from_buffer_copy(Thread& t, Value cls, const Value* a) {
  const Info* info = TRY(sized_info(t, cls));
  i64 offset = a[1].is_empty() ? 0 : TRY(to_i64(t, a[1], "Python int too large to convert to C ssize_t"));
  ByteView view(t);
  TRY(view.get(a[0]));
  TRY(check_fits(t, i64(view.size()), offset, info->size));
  Ref made = TRY(data_new(t, cls.as<Type>(), Args{}));
  copy_shared_bytes(data_of(as_cdata(made)), view.data() + offset, size_t(std::min(info->size, size_of(as_cdata(made)))));
  return made;
}
Ref m_in_dll(Thread& t, Value cls, const Value* a) {
  TRY(audit(t, "ctypes.dlsym", a[0], a[1]));
  if (!is_str(a[1])) return raise(t, exc::TypeError, "in_dll() argument 2 must be str, not %T", a[1]);
  Ref handle = TRY(get_attribute(t, a[0], n::handle_));
  if (!is_int(handle)) return raise(t, exc::TypeError, "the _handle attribute of the second argument must be an integer");
  Ref error;
  void* address = find_symbol(t, a[1], int_low_u64(handle), "symbol", &error);
  if (error.failed()) return Raised{};
  if (address == nullptr) return raise(t, exc::ValueError, "%V", error.get());
  return TRY(data_at(t, cls.as<Type>(), static_cast<u8*>(address)));
}

// --- attributes
Ref get_pointer_type(Thread& t, Value cls) {
  if (info_of(cls.as<Type>()) == nullptr) return raise(t, exc::TypeError, "%R must have storage info", cls);
  Ref made = as_ctype(cls)->pointer_type.load();
  if (made.is_empty()) return raise(t, exc::AttributeError, "%R has no attribute '__pointer_type__'", cls);
  return made;
}
Status set_pointer_type(Thread& t, Value cls, Value v) {
  if (info_of(cls.as<Type>()) == nullptr) return raise(t, exc::TypeError, "%R must have storage info", cls);
  if (v.is_empty())
    as_ctype(cls)->pointer_type.clear(cls.object());
  else
    as_ctype(cls)->pointer_type.store(cls.object(), v);
  return ok();
}
Ref m_sizeof(Thread& t, Value cls, const Value*) {
  i64 size = sizeof(CType);
  for (const Info* info = info_of(cls.as<Type>()); info != nullptr; info = info->previous) size += i64(sizeof(Info));
  return int_from(t, size);
}

const Method kBaseMethods[] = {method("__sizeof__", m_sizeof, "($self, /)", "Return memory consumption of the type object."), {}};
const GetSet kBaseGetSets[] = {{"__pointer_type__", get_pointer_type, set_pointer_type, "pointer type"}, {}};
const TypeSpec kMetaSpec = {
    .name = "_ctypes.CType_Type",
    .doc = nullptr,
    .base = &types::type,
    .layout = {"CType_Type", sizeof(CType), 0, visit_ctype, release_ctype, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kImmutable,
    .slots = {.repeat = meta_repeat},
    .methods = kBaseMethods,
    .getsets = kBaseGetSets,
};

}  // namespace

Ref data_from_param(Thread& t, Value cls, const Value* a) {
  if (is_instance_of(a[0], cls.as<Type>())) return Ref::copy(a[0]);
  if (a[0].is_object() && type_of(a[0]) == g_argument_type) {
    // byref(): of what the pointer (or array) is made of.
    Ref object = a[0].as<CArgument>()->object.load(), element = as_ctype(cls)->element.load();
    if (!object.is_empty() && !element.is_empty() && is_instance_of(object, element.as<Type>())) return Ref::copy(a[0]);
    return raise(t, exc::TypeError, "expected %N instance instead of pointer to %s", cls.as<Type>(),
                 object.is_empty() ? "unknown" : type_name(object));
  }
  Ref replacement = TRY(get_attribute_or_empty(t, a[0], n::as_parameter_));
  if (replacement.is_empty()) return raise(t, exc::TypeError, "expected %N instance instead of %T", cls.as<Type>(), a[0]);
  ParameterDepth depth;
  TRY(depth.check(t));
  return call_method_with(t, cls, n::from_param, replacement);
}

static thread_local u32 t_parameter_depth = 0;
ParameterDepth::ParameterDepth() { t_parameter_depth++; }
ParameterDepth::~ParameterDepth() { t_parameter_depth--; }
Status ParameterDepth::check(Thread& t) const {
  TRY(enter_native(t, " while processing _as_parameter_"));
  if (t_parameter_depth > t.recursion_limit) return raise(t, exc::RecursionError, "maximum recursion depth exceeded while processing _as_parameter_");
  return ok();
}

Ref own_entry(Thread& t, Type* cls, Str* name) { return dict_get_str(t, cls->dict.as<Dict>(), name); }

RefTo<Type> array_type_of(Thread& t, Value item, i64 length) {
  if (storage_of(item) == nullptr) return raise(t, exc::TypeError, "_type_ must have storage info");
  auto* cls = as_ctype(item);
  if (cls->array_types.is_empty()) {
    RefTo<Dict> fresh = TRY(dict_new(t));
    cls->array_types.init_once(cls, fresh.value());
  }
  Ref cache = cls->array_types.load();
  Ref key = TRY(int_from(t, length));
  Ref known = TRY(dict_get_py(t, cache.as<Dict>(), key));
  if (!known.is_empty()) {
    Ref alive = weakref_get(t, known.as<WeakRef>());
    if (!alive.is_empty()) return RefTo<Type>::from(std::move(alive));
  }
  Ref name = TRY(str_format(t, "%U_Array_%zd", cls->name.as<Str>(), length));
  RefTo<Tuple> bases = TRY(tuple_of(t, Value(g_array)));
  RefTo<Dict> space = TRY(dict_new(t));
  TRY(dict_set_str(t, space.get(), n::length_, key));
  TRY(dict_set_str(t, space.get(), n::type_, item));
  Ref made = TRY(call_with(t, Value(g_array_meta), name, bases, space));
  Ref weak = TRY(weakref_new(t, made, None));
  TRY(dict_set_py(t, cache.as<Dict>(), key, weak));
  return RefTo<Type>::from(std::move(made));
}

// --- aggregates in calls
namespace {

#ifdef __x86_64__
// What the eight bytes of a register-sized part hold (System V ABI): libffi works it out from elements in natural positions, which unions,
// bit fields and packed structures are not; so it is given elements that say what was found here.
struct Eightbytes {
  bool integer[2] = {}, any[2] = {}, wide_float[2] = {};
  bool long_double = false, memory = false;
};
void classify(Value cls, i64 offset, Eightbytes* out, int depth);

void classify_leaf(char code, i64 offset, Eightbytes* out) {
  const Code* row = code_of(code);
  if (row == nullptr || offset % row->align != 0) {
    out->memory = true;
    return;
  }
  if (code == 'g' || code == 'G') {
    out->long_double = true;
    return;
  }
  bool floating = strchr("fdFD", code) != nullptr;
  i64 part = code == 'f' || code == 'F' ? 4 : floating ? 8 : row->size;
  for (i64 at = offset; at < offset + row->size; at += part) {
    if (at >= 16) return;
    out->any[at / 8] = true;
    if (!floating) out->integer[at / 8] = true;
    if (floating && (part == 8 || at % 8 != 0)) out->wide_float[at / 8] = true;
  }
}
void classify_fields(CType* cls, i64 offset, Eightbytes* out, int depth) {
  auto* base = cls->base.as<Type>();
  if (base != nullptr && base != g_struct && base != g_union && storage_of(base) != nullptr) classify(base, offset, out, depth + 1);
  Value list = cls->field_list.peek();
  if (list.is_empty()) return;
  auto* fields = list.as<Tuple>();
  for (u64 i = 0; i < fields->size; i++) {
    auto* field = fields->items[i].as<CFieldObject>();
    if (field->bits == 0) {
      classify(field->type.peek(), offset + field->offset, out, depth + 1);
      continue;
    }
    // A bit field may reach over an alignment boundary: its bytes are integers.
    i64 first = offset + field->offset + field->bit_offset / 8, last = offset + field->offset + (field->bit_offset + field->bits - 1) / 8;
    for (i64 at = first; at <= last && at < 16; at++) out->any[at / 8] = out->integer[at / 8] = true;
  }
}
void classify(Value type, i64 offset, Eightbytes* out, int depth) {
  const Info* info = storage_of(type);
  if (info == nullptr || depth > 16 || offset < 0) {
    out->memory = true;
    return;
  }
  if (offset >= 16) return;
  switch (info->kind) {
    case Kind::kSimple: return classify_leaf(info->code, offset, out);
    case Kind::kPointer:
    case Kind::kFunction: return classify_leaf('P', offset, out);
    case Kind::kArray: {
      const Info* item = storage_of(as_ctype(type)->element.peek());
      for (i64 i = 0; item != nullptr && i < info->length && i < 16 && offset + i * item->size < 16; i++)
        classify(as_ctype(type)->element.peek(), offset + i * item->size, out, depth + 1);
      return;
    }
    default: return classify_fields(as_ctype(type), offset, out, depth);
  }
}

// As an element, more than registers can hold: the whole goes to memory.
ffi_type* g_big_elements[] = {&ffi_type_uint64, nullptr};
ffi_type g_big = {64, 1, FFI_TYPE_STRUCT, g_big_elements};

void choose_elements(Info* info, CType* type) {
  Eightbytes found;
  if (info->size <= 16 && info->size > 0) classify_fields(type, 0, &found, 0);
  ffi_type** out = info->elements;
  if (info->size > 16 || found.memory) {
    *out = &g_big;
    return;
  }
  if (found.long_double) {
    *out = found.any[0] || found.any[1] ? &g_big : &ffi_type_longdouble;
    return;
  }
  for (int i = 0; i < 2; i++) {
    if (info->size <= 8 * i) break;
    *out++ = found.integer[i] || !found.any[i] ? &ffi_type_uint64 : found.wide_float[i] ? &ffi_type_double : &ffi_type_float;
  }
}
#else
#error "structures by value: the classification of this processor's ABI is not there yet"
#endif

}  // namespace

void make_aggregate_ffi(Info* info, CType* type) {
  choose_elements(info, type);
  info->own_ffi.size = size_t(info->size);
  info->own_ffi.alignment = u16(info->align > 0 ? std::min<i64>(info->align, 32768) : 1);
  info->own_ffi.type = FFI_TYPE_STRUCT;
  info->own_ffi.elements = info->elements;
  info->ffi = &info->own_ffi;
}

const Method kFromAddress = method("from_address", m_from_address, "($self, value, /)", "C.from_address(integer) -> C instance\n\nAccess a C instance at the specified address.");
const Method kFromBuffer = method("from_buffer", m_from_buffer, "($self, obj, offset=0, /)", "C.from_buffer(object, offset=0, /) -> C instance\n\nCreate a C instance from a writeable buffer.");
const Method kFromBufferCopy = method("from_buffer_copy", m_from_buffer_copy, "($self, buffer, offset=0, /)", "C.from_buffer_copy(object, offset=0, /) -> C instance\n\nCreate a C instance from a readable buffer.");
const Method kInDll = method("in_dll", m_in_dll, "($self, dll, name, /)", "C.in_dll(dll, name) -> C instance\n\nAccess a C instance in a dll.");
const Method kMetaMethods[] = {
    kFromAddress, kFromBuffer, kFromBufferCopy, kInDll,
    method("from_param", data_from_param, "($self, value, /)", "Convert a Python object into a function call parameter."), {}};

Status initialise_metatypes(Thread& t) {
  if (g_meta != nullptr) return ok();
  TRY(make_static_type(t, kMetaSpec, &g_meta));
  const struct {
    const char *name, *doc;
    Type** where;
    InitFn init;
    SetAttributeFn set_attribute;
    const Method* methods;
  } kRows[] = {
      {"_ctypes.PyCStructType", "metatype for the CData Objects", &g_struct_meta, struct_meta_init, struct_set_attribute, kMetaMethods},
      {"_ctypes.UnionType", "metatype for the Union Objects", &g_union_meta, struct_meta_init, struct_set_attribute, kMetaMethods},
      {"_ctypes.PyCArrayType", "metatype for the Array Objects", &g_array_meta, array_meta_init, nullptr, kMetaMethods},
      {"_ctypes.PyCPointerType", "metatype for the Pointer Objects", &g_pointer_meta, pointer_meta_init, nullptr, kPointerMetaMethods},
      {"_ctypes.PyCSimpleType", "metatype for the PyCSimpleType Objects", &g_simple_meta, simple_meta_init, nullptr, kSimpleMetaMethods},
      {"_ctypes.PyCFuncPtrType", "metatype for C function pointers", &g_function_meta, function_meta_init, nullptr, kMetaMethods},
  };
  for (const auto& row : kRows) {
    TypeSpec spec = {.name = row.name, .doc = row.doc, .base = &g_meta, .flags = type_flag::kBaseType | type_flag::kImmutable, .methods = row.methods};
    spec.slots.init = row.init;
    if (row.set_attribute != nullptr) spec.slots.setattribute = row.set_attribute;
    TRY(make_static_type(t, spec, row.where));
  }
  return ok();
}

}  // namespace typhon::ctypes
