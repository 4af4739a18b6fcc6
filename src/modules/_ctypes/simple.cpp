// Simple C types: one letter each. Conversion of values, _SimpleCData and its metaclass.
#include <cwchar>

#include "modules/_ctypes/ctypes.h"
#include "objects/metatype.h"

namespace typhon::ctypes {

extern const char kCodeLetters[] = "cbBhHiIlLdDFGfuzZqQPOv?g";

namespace {

const Code kCodes[] = {
    {'c', 1, 1, false, &ffi_type_schar},    {'b', 1, 1, false, &ffi_type_schar},   {'B', 1, 1, false, &ffi_type_uchar},
    {'h', 2, 2, false, &ffi_type_sshort},   {'H', 2, 2, false, &ffi_type_ushort},  {'i', 4, 4, false, &ffi_type_sint},
    {'I', 4, 4, false, &ffi_type_uint},     {'l', 8, 8, false, &ffi_type_slong},   {'L', 8, 8, false, &ffi_type_ulong},
    {'q', 8, 8, false, &ffi_type_sint64},   {'Q', 8, 8, false, &ffi_type_uint64},  {'f', 4, 4, false, &ffi_type_float},
    {'d', 8, 8, false, &ffi_type_double},   {'g', sizeof(long double), alignof(long double), false, &ffi_type_longdouble},
    {'F', 8, 4, false, &ffi_type_complex_float}, {'D', 16, 8, false, &ffi_type_complex_double},
    {'G', 2 * sizeof(long double), alignof(long double), false, &ffi_type_complex_longdouble},
    {'u', sizeof(wchar_t), alignof(wchar_t), false, &ffi_type_sint32}, {'z', 8, 8, true, &ffi_type_pointer},
    {'Z', 8, 8, true, &ffi_type_pointer},   {'P', 8, 8, true, &ffi_type_pointer},  {'O', 8, 8, true, &ffi_type_pointer},
    {'?', 1, 1, false, &ffi_type_uchar},    {'v', 2, 2, false, &ffi_type_sshort},
};
static_assert(sizeof(long) == 8 && sizeof(void*) == 8 && sizeof(wchar_t) == 4, "the table is for LP64");

// --- memory owned by an object
struct Memory : Object {
  void* memory;
};
void release_memory(Thread&, Object* self) { std::free(static_cast<Memory*>(self)->memory); }
const TypeSpec kMemorySpec = {
    .name = "_ctypes.Memory",
    .layout = {"Memory", sizeof(Memory), 0, nullptr, release_memory, nullptr, nullptr},
    .flags = type_flag::kDisallowInstantiation | type_flag::kUntracked,
};

template <class T>
T load_as(const u8* at) {
  T v;
  copy_shared_bytes(&v, at, sizeof v);
  return v;
}
template <class T>
void store_as(u8* at, T v) {
  copy_shared_bytes(at, &v, sizeof v);
}

bool is_aligned(const u8* at) { return u64(at) % sizeof(u64) == 0; }
// A word that says where something lies: who reads it in another thread finds that made.
void store_word(u8* at, u64 word) {
  if (is_aligned(at))
    __atomic_store_n(reinterpret_cast<u64*>(at), word, __ATOMIC_RELEASE);
  else
    store_as(at, word);
}
u64 load_word(const u8* at) { return is_aligned(at) ? __atomic_load_n(reinterpret_cast<const u64*>(at), __ATOMIC_ACQUIRE) : load_as<u64>(at); }

// --- characters
Status put_char(Thread& t, u8* at, Value v) {
  constexpr const char* kWanted = "one character bytes, bytearray, or an integer in range(256) expected, not ";
  if (is_bytes(v) || is_bytearray(v)) {
    ByteView view(t);
    TRY(view.get(v));
    if (view.size() != 1)
      return raise(t, exc::TypeError, "%s%s of length %zd", kWanted, is_bytes(v) ? "bytes" : "bytearray", i64(view.size()));
    store_as(at, view.data()[0]);
    return ok();
  }
  if (is_int(v)) {
    i64 n;
    if (!int_fits_i64(v, &n) || n < 0 || n > 255) return raise(t, exc::TypeError, "integer not in range(256)");
    store_as(at, u8(n));
    return ok();
  }
  return raise(t, exc::TypeError, "%s%T", kWanted, v);
}
Status put_wide_char(Thread& t, u8* at, Value v, bool swapped) {
  if (!is_str(v)) return raise(t, exc::TypeError, "a unicode character expected, not instance of %T", v);
  auto* s = v.as<Str>();
  if (s->length() != 1) return raise(t, exc::TypeError, "a unicode character expected, not a string of length %zd", i64(s->length()));
  store_bits(at, 4, swapped, s->at(0));
  return ok();
}
Status check_code_points(Thread& t, const u32* points, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (points[i] > 0x10FFFF) return raise(t, exc::ValueError, "character U+%x is not in range [U+0000; U+10ffff]", u64(points[i]));
  return ok();
}
Ref wide_text(Thread& t, const u32* points, size_t n) {
  TRY(check_code_points(t, points, n));
  return str_from_points(t, points, 4, n);
}

// --- numbers
float load_float(const u8* at, bool swapped) { return std::bit_cast<float>(u32(load_bits(at, 4, swapped))); }
double load_double(const u8* at, bool swapped) { return std::bit_cast<double>(load_bits(at, 8, swapped)); }
Ref get_complex(Thread& t, char code, bool swapped, const u8* at) {
  if (code == 'F') return complex_from(t, load_float(at, swapped), load_float(at + 4, swapped));
  if (code == 'D') return complex_from(t, load_double(at, swapped), load_double(at + 8, swapped));
  return complex_from(t, double(load_as<long double>(at)), double(load_as<long double>(at + sizeof(long double))));
}
Status put_complex(Thread& t, char code, bool swapped, u8* at, Value v) {
  Ref number = Ref::copy(v);
  if (!is_complex_(v)) {
    if (type_lookup(type_of(v), names::complex_dunder).is_empty())
      number = TRY(complex_from(t, TRY(to_double(t, v)), 0));
    else
      number = TRY(call_with(t, Value(types::complex_), v));
  }
  double real = number.as<Complex>()->real, imag = number.as<Complex>()->imag;
  if (code == 'F') {
    store_bits(at, 4, swapped, std::bit_cast<u32>(float(real)));
    store_bits(at + 4, 4, swapped, std::bit_cast<u32>(float(imag)));
  } else if (code == 'D') {
    store_bits(at, 8, swapped, std::bit_cast<u64>(real));
    store_bits(at + 8, 8, swapped, std::bit_cast<u64>(imag));
  } else {
    std::memset(at, 0, 2 * sizeof(long double));
    store_as(at, static_cast<long double>(real));
    store_as(at + sizeof(long double), static_cast<long double>(imag));
  }
  return ok();
}
Status put_float(Thread& t, char code, bool swapped, u8* at, Value v) {
  double d = TRY(to_double(t, v));
  if (code == 'f')
    store_bits(at, 4, swapped, std::bit_cast<u32>(float(d)));
  else if (code == 'd')
    store_bits(at, 8, swapped, std::bit_cast<u64>(d));
  else
    store_as(at, static_cast<long double>(d));
  return ok();
}

// --- pointers
Ref put_bytes_pointer(Thread& t, u8* at, Value v) {
  if (v.is_none()) {
    store_as<const void*>(at, nullptr);
    return Ref::none();
  }
  if (is_bytes(v)) {
    // The address leaves this thread's sight: others may follow it.
    publish_for(empty_tuple(), v);
    store_word(at, reinterpret_cast<u64>(v.as<Bytes>()->data));
    return Ref::copy(v);
  }
  if (is_int(v)) {
    store_as(at, int_low_u64(v));
    return Ref::none();
  }
  return raise(t, exc::TypeError, "bytes or integer address expected instead of %s instance", type_name(v));
}
Ref put_text_pointer(Thread& t, u8* at, Value v) {
  if (v.is_none()) {
    store_as<const void*>(at, nullptr);
    return Ref::none();
  }
  if (is_int(v)) {
    store_as(at, int_low_u64(v));
    return Ref::none();
  }
  if (!is_str(v)) return raise(t, exc::TypeError, "unicode string or integer address expected instead of %s instance", type_name(v));
  auto* s = v.as<Str>();
  auto* points = static_cast<u32*>(std::malloc((s->length() + 1) * sizeof(u32)));
  if (points == nullptr) return raise_no_memory(t);
  for (size_t i = 0; i < s->length(); i++) points[i] = s->at(i);
  points[s->length()] = 0;
  Ref owner = TRY(memory_new(t, points));
  store_word(at, reinterpret_cast<u64>(points));
  return owner;
}
Ref put_address(Thread& t, u8* at, Value v) {
  if (v.is_none())
    store_as<u64>(at, 0);
  else if (is_int(v))
    store_as(at, int_low_u64(v));
  else
    return raise(t, exc::TypeError, "cannot be converted to pointer");
  return Ref::none();
}
// A Python object in C memory is its heap word; `objects` of the instance holds the count, and whoever reads the word holds it in a
// register, where reclaiming finds it.
Ref put_object(Thread&, u8* at, Value v) {
  publish_for(empty_tuple(), v);
  store_word(at, v.untagged().bits);
  return Ref::copy(v);
}
Ref get_object(Thread& t, const u8* at) {
  Value word(load_word(at));
  TRY(check_object_word(t, word));
  return Ref::copy(word);
}

}  // namespace

// As far as it can be told with other threads at work; of a word that is an object it is certain.
static bool is_live_object(Object* object) {
  return heap::find_block(object) == static_cast<void*>(object) && object->shape_id() > kShapeBody;
}

Status check_object_word(Thread& t, Value word) {
  if (word.is_empty()) return raise(t, exc::ValueError, "PyObject is NULL");
  // Words for the VM's own use, and addresses where no object lies.
  bool special = (word.bits & 7) == 4 && !word.is_none() && !word.is_bool() && !word.is_float_zero() && !word.same_word(Ellipsis) && !word.same_word(NotImplemented);
  bool nowhere = word.is_object() && (word.is_deferred() || !is_live_object(word.object()));
  if (special || nowhere) return raise(t, exc::ValueError, "no object has the address 0x%x", word.bits);
  return ok();
}

Ref memory_new(Thread& t, void* memory) {
  auto* made = allocate_native<Memory>(t, g_memory_type);
  if (made == nullptr) {
    std::free(memory);
    return raise_no_memory(t);
  }
  made->memory = memory;
  return Ref::adopt(Value(made));
}

const Code* code_of(char letter) {
  for (const Code& row : kCodes)
    if (row.code == letter) return &row;
  return nullptr;
}
bool is_signed_code(char code) { return strchr("bhilqv", code) != nullptr; }

u64 load_bits(const u8* at, u32 size, bool swapped) {
  u8 bytes[8];
  copy_shared_bytes(bytes, at, size);
  u64 v = 0;
  for (u32 i = 0; i < size; i++) v |= u64(bytes[swapped ? size - 1 - i : i]) << (8 * i);
  return v;
}
void store_bits(u8* at, u32 size, bool swapped, u64 v) {
  u8 bytes[8];
  for (u32 i = 0; i < size; i++) bytes[swapped ? size - 1 - i : i] = u8(v >> (8 * i));
  copy_shared_bytes(at, bytes, size);
}

Ref get_simple(Thread& t, char code, bool swapped, const u8* at) {
  const Code* row = code_of(code);
  switch (code) {
    case 'c': return bytes_from(t, at, 1);
    case '?': return Ref::boolean(load_as<u8>(at) != 0);
    case 'v': return Ref::boolean(load_as<i16>(at) != 0);
    case 'f': return float_from(t, load_float(at, swapped));
    case 'd': return float_from(t, load_double(at, swapped));
    case 'g': return float_from(t, double(load_as<long double>(at)));
    case 'F':
    case 'D':
    case 'G': return get_complex(t, code, swapped, at);
    case 'u': {
      u32 point = u32(load_bits(at, 4, swapped));
      return wide_text(t, &point, 1);
    }
    case 'z': {
      auto* text = reinterpret_cast<const char*>(load_word(at));
      if (text == nullptr) return Ref::none();
      return bytes_from(t, text, strlen(text));
    }
    case 'Z': {
      auto* text = reinterpret_cast<const wchar_t*>(load_word(at));
      if (text == nullptr) return Ref::none();
      return wide_text(t, reinterpret_cast<const u32*>(text), wcslen(text));
    }
    case 'P': {
      u64 address = load_as<u64>(at);
      return address == 0 ? Ref::none() : int_from_u64(t, address);
    }
    case 'O': return get_object(t, at);
    default: break;
  }
  u64 bits = load_bits(at, row->size, swapped);
  if (!is_signed_code(code)) return int_from_u64(t, bits);
  u32 unused = 64 - 8u * row->size;
  return int_from(t, i64(bits << unused) >> unused);
}

Ref put_simple(Thread& t, char code, bool swapped, u8* at, Value v) {
  switch (code) {
    case 'c': TRY(put_char(t, at, v)); return Ref::none();
    case '?': {
      u8 bit = TRY(truth(t, v));
      store_as(at, bit);
      return Ref::none();
    }
    case 'v': {
      i16 bits = TRY(truth(t, v)) ? i16(-1) : i16(0);
      store_as(at, bits);
      return Ref::none();
    }
    case 'f':
    case 'd':
    case 'g': TRY(put_float(t, code, swapped, at, v)); return Ref::none();
    case 'F':
    case 'D':
    case 'G': TRY(put_complex(t, code, swapped, at, v)); return Ref::none();
    case 'u': TRY(put_wide_char(t, at, v, swapped)); return Ref::none();
    case 'z': return put_bytes_pointer(t, at, v);
    case 'Z': return put_text_pointer(t, at, v);
    case 'P': return put_address(t, at, v);
    case 'O': return put_object(t, at, v);
    default: break;
  }
  Ref number = TRY(to_index(t, v));
  store_bits(at, code_of(code)->size, swapped, int_low_u64(number));
  return Ref::none();
}

// --- text in arrays
char text_code(const Type* type) {
  const Info* info = info_of(type);
  if (info == nullptr || info->kind != Kind::kArray) return 0;
  const Info* item = storage_of_kind(static_cast<const CType*>(type)->element.peek(), Kind::kSimple);
  return item != nullptr && (item->code == 'c' || item->code == 'u') ? item->code : char(0);
}

Ref get_text(Thread& t, bool wide, const u8* at, i64 size) {
  if (!wide) return bytes_from(t, at, strnlen(reinterpret_cast<const char*>(at), size_t(size)));
  auto* points = reinterpret_cast<const u32*>(at);
  size_t n = 0, most = size_t(size) / sizeof(u32);
  while (n < most && points[n] != 0) n++;
  return wide_text(t, points, n);
}

Status put_text(Thread& t, bool wide, u8* at, i64 size, Value v, bool is_value) {
  if (!wide) {
    if (!is_bytes(v)) {
      if (is_value) return raise(t, exc::TypeError, "bytes expected instead of %s instance", type_name(v));
      return raise(t, exc::TypeError, "expected bytes, %s found", type_name(v));
    }
    // A field takes the text up to its first NUL.
    i64 n = is_value ? i64(v.as<Bytes>()->size) : i64(strlen(reinterpret_cast<const char*>(v.as<Bytes>()->data)));
    if (n > size) {
      if (is_value) return raise(t, exc::ValueError, "byte string too long");
      return raise(t, exc::ValueError, "bytes too long (%zd, maximum length %zd)", n, size);
    }
    // With the terminating NUL when there is room for it.
    copy_shared_bytes(at, v.as<Bytes>()->data, size_t(n < size ? n + 1 : n));
    return ok();
  }
  if (!is_str(v)) return raise(t, exc::TypeError, "unicode string expected instead of %s instance", type_name(v));
  auto* s = v.as<Str>();
  i64 n = i64(s->length()), most = size / i64(sizeof(u32));
  if (n > most) {
    if (is_value) return raise(t, exc::ValueError, "string too long");
    return raise(t, exc::ValueError, "string too long (%zd, maximum length %zd)", n, most);
  }
  for (i64 i = 0; i < n; i++) store_as(at + 4 * i, s->at(size_t(i)));
  if (n < most) store_as(at + 4 * n, u32(0));
  return ok();
}

// --- the metaclass
namespace {

// The class of the same values in the other byte order.
RefTo<Type> swapped_twin(Thread& t, CType* cls, const Value* words, char code) {
  Ref name = TRY(str_format(t, "%V_be", words[0]));
  RefTo<Dict> space = TRY(dict_copy(t, words[2].as<Dict>()));
  for (Str* cell : {names::__classcell__, names::__classdictcell__}) TRY(dict_delete_str(t, space.get(), cell));
  return RefTo<Type>::from(TRY(type_new(t, type_of_object(cls), name.as<Str>(), words[1].as<Tuple>(), space.get(), Args{})));
}

Status fill_simple(Thread& t, CType* cls, const Code* code, bool swapped) {
  Info* info = new_info(t);
  if (info == nullptr) return Raised{};
  info->kind = Kind::kSimple;
  info->code = code->code;
  info->swapped = swapped;
  info->plain_simple = cls->base.peek().same_word(Value(g_simple));
  info->size = code->size;
  info->align = code->align;
  info->ffi = code->ffi;
  if (code->pointer) info->flags = kHasPointer;
  char letter = code->code == 'l' ? 'q' : code->code == 'L' ? 'Q' : code->code;
  char format[] = {swapped ? '>' : '<', letter, 0};
  if (set_format(t, info, format).failed()) return Raised{};
  install_info(cls, info);
  __atomic_store_n(&cls->field_state, u8(kFinal), __ATOMIC_RELEASE);
  return ok();
}

// Which simple types have a twin in the other byte order.
bool can_swap(char code) { return strchr("hHiIlLqQfdFD", code) != nullptr; }

}  // namespace

Status simple_meta_init(Thread& t, Value self, Args args) {
  TRY(types::type->slots.init.load()(t, self, args));
  auto* cls = as_ctype(self);
  Ref letter = TRY(get_attribute_or_empty(t, self, n::type_));
  if (letter.is_empty()) return raise(t, exc::AttributeError, "class must define a '_type_' attribute");
  if (!is_str(letter)) return raise(t, exc::TypeError, "class must define a '_type_' string attribute");
  auto* text = letter.as<Str>();
  if (text->length() != 1)
    return raise(t, exc::ValueError, "class must define a '_type_' attribute which must be a string of length 1");
  const Code* code = text->is_ascii() ? code_of(char(text->at(0))) : nullptr;
  if (code == nullptr)
    return raise(t, exc::AttributeError,
                 "class must define a '_type_' attribute which must be\na single character string containing one of the\n"
                 "supported types: '%s'.",
                 kCodeLetters);
  if (info_of(cls) != nullptr) return raise(t, exc::SystemError, "StgInfo of '%N' is already initialized.", static_cast<Type*>(cls));
  TRY(fill_simple(t, cls, code, false));
  if (type_of(self) != g_simple_meta || !can_swap(code->code)) return ok();
  if (args.count != 3) return ok();
  RefTo<Type> twin = TRY(swapped_twin(t, cls, args.values, code->code));
  TRY(fill_simple(t, static_cast<CType*>(twin.get()), code, true));
  for (Value target : {self, Value(twin.get())}) {
    TRY(set_attribute(t, target, n::ctype_le, self));
    TRY(set_attribute(t, target, n::ctype_be, twin));
  }
  return ok();
}

// --- from_param
namespace {

Raised raise_not_parameter(Thread& t, Value cls, Value v) {
  return raise(t, exc::TypeError, "'%T' object cannot be interpreted as ctypes.c_%s", v,
               info_of(cls.as<Type>())->code == 'z' ? "char_p" : info_of(cls.as<Type>())->code == 'Z' ? "wchar_p" : "void_p");
}
bool is_pointer_like(Value v, char item_code) {
  if (!is_cdata(v)) return false;
  const Info* info = info_of_data(as_cdata(v));
  if (info == nullptr || (info->kind != Kind::kArray && info->kind != Kind::kPointer)) return false;
  if (item_code == 0) return true;
  const Info* item = storage_of_kind(static_cast<CType*>(type_of(v))->element.peek(), Kind::kSimple);
  return item != nullptr && item->code == item_code;
}
Ref from_value(Thread& t, const Info* info, Value v) {
  alignas(16) u8 value[32] = {};
  Ref kept = TRY(put_simple(t, info->code, info->swapped, value, v));
  return argument_new(t, info->code, info->ffi, value, size_t(info->size), kept);
}
Ref by_as_parameter(Thread& t, Value cls, Value v) {
  Ref replacement = TRY(get_attribute_or_empty(t, v, n::as_parameter_));
  if (replacement.is_empty()) return replacement;
  ParameterDepth depth;
  TRY(depth.check(t));
  return call_method_with(t, cls, n::from_param, replacement);
}

// c_char_p and c_wchar_p.
Ref text_from_param(Thread& t, Value cls, Value v, char code) {
  bool wide = code == 'Z';
  if (v.is_none()) return Ref::none();
  if (wide ? is_str(v) : is_bytes(v)) return from_value(t, info_of(cls.as<Type>()), v);
  if (is_instance_of(v, cls.as<Type>())) return Ref::copy(v);
  if (is_pointer_like(v, wide ? 'u' : 'c')) return Ref::copy(v);
  if (v.is_object() && type_of(v) == g_argument_type) {
    // byref(): the object behind must be one of these characters.
    Value object = v.as<CArgument>()->object.peek();
    const Info* info = is_cdata(object) ? info_of_data(as_cdata(object)) : nullptr;
    if (v.as<CArgument>()->tag == 'P' && info != nullptr && info->kind == Kind::kSimple && info->code == (wide ? 'u' : 'c'))
      return Ref::copy(v);
  }
  Ref replaced = TRY(by_as_parameter(t, cls, v));
  if (!replaced.is_empty()) return replaced;
  return raise_not_parameter(t, cls, v);
}
Ref void_from_param(Thread& t, Value cls, Value v) {
  static const Info kBytes = {.code = 'z', .size = 8, .ffi = &ffi_type_pointer}, kWide = {.code = 'Z', .size = 8, .ffi = &ffi_type_pointer};
  if (v.is_none()) return Ref::none();
  if (is_int(v)) return from_value(t, info_of(cls.as<Type>()), v);
  if (is_bytes(v)) return from_value(t, &kBytes, v);
  if (is_str(v)) return from_value(t, &kWide, v);
  if (is_instance_of(v, cls.as<Type>()) || is_pointer_like(v, 0)) return Ref::copy(v);
  if (v.is_object() && type_of(v) == g_argument_type && v.as<CArgument>()->tag == 'P') return Ref::copy(v);
  if (is_cdata(v)) {
    const Info* info = info_of_data(as_cdata(v));
    if (info != nullptr && (info->kind == Kind::kFunction || (info->kind == Kind::kSimple && (info->code == 'z' || info->code == 'Z')))) {
      void* address = pointer_in(as_cdata(v));
      return argument_new(t, info->kind == Kind::kFunction ? 'P' : info->code, &ffi_type_pointer, &address, sizeof address, v);
    }
  }
  Ref replaced = TRY(by_as_parameter(t, cls, v));
  if (!replaced.is_empty()) return replaced;
  return raise_not_parameter(t, cls, v);
}

Ref simple_from_param(Thread& t, Value cls, const Value* a) {
  const Info* info = info_of(cls.as<Type>());
  if (info == nullptr) return raise(t, exc::TypeError, "abstract class");
  if (info->code == 'z' || info->code == 'Z') return text_from_param(t, cls, a[0], info->code);
  if (info->code == 'P') return void_from_param(t, cls, a[0]);
  if (is_instance_of(a[0], cls.as<Type>())) return Ref::copy(a[0]);
  Ref made = from_value(t, info, a[0]);
  if (!made.failed()) return made;
  Ref first = take_exception(t);
  Ref replaced = TRY(by_as_parameter(t, cls, a[0]));
  if (!replaced.is_empty()) return replaced;
  restore_exception(t, std::move(first));
  return Ref::error();
}

// --- instances
Result<const Info*> live_simple(Thread& t, const CData* d) {
  const Info* info = TRY(live_info(t, d));
  if (info->kind != Kind::kSimple) return raise(t, exc::TypeError, "not a simple C type");
  return info;
}
Ref simple_get(Thread& t, Value self) {
  auto* d = as_cdata(self);
  const Info* info = TRY(live_simple(t, d));
  return get_simple(t, info->code, info->swapped, data_of(d));
}
Status simple_set(Thread& t, Value self, Value v) {
  if (v.is_empty()) return raise(t, exc::TypeError, "can't delete attribute");
  auto* d = as_cdata(self);
  const Info* info = TRY(live_simple(t, d));
  Ref kept = TRY(put_simple(t, info->code, info->swapped, data_of(d), v));
  return keep(t, d, 0, std::move(kept));
}
Status simple_init(Thread& t, Value self, Args args) {
  // Keywords are ignored, as CPython ignores them.
  if (args.count > 1) return raise(t, exc::TypeError, "__init__ expected at most 1 argument, got %d", int(args.count));
  return args.count == 1 ? simple_set(t, self, args[0]) : ok();
}
Result<bool> simple_bool(Thread& t, Value self) {
  auto* d = as_cdata(self);
  u8 bytes[32];
  size_t n = size_t(TRY(live_simple(t, d))->size);
  copy_shared_bytes(bytes, data_of(d), n);
  for (size_t i = 0; i < n; i++)
    if (bytes[i] != 0) return true;
  return false;
}
Ref simple_repr(Thread& t, Value self) {
  if (!TRY(live_simple(t, as_cdata(self)))->plain_simple) return str_format(t, "<%T object at 0x%x>", self, u64(self.object()));
  Ref value = TRY(simple_get(t, self));
  return str_format(t, "%N(%R)", type_of(self), value.get());
}
Ref m_from_outparam(Thread& t, Value self, const Value*) {
  if (!TRY(live_simple(t, as_cdata(self)))->plain_simple) return Ref::copy(self);
  return simple_get(t, self);
}

const Method kMethods[] = {method("__ctypes_from_outparam__", m_from_outparam, "($self, /)"), {}};
const GetSet kGetSets[] = {{"value", simple_get, simple_set, "current value"}, {}};
const TypeSpec kSimpleSpec = {
    .name = "_ctypes._SimpleCData",
    .doc = "Base class of the simple C types: one number, character or address each.",
    .base = &g_data,
    .flags = type_flag::kBaseType | type_flag::kImmutable,
    .slots = {.repr = simple_repr, .new_ = data_new, .init = simple_init, .bool_ = simple_bool},
    .methods = kMethods,
    .getsets = kGetSets,
};

}  // namespace

const Method kSimpleMetaMethods[] = {
    kFromAddress, kFromBuffer, kFromBufferCopy, kInDll,
    method("from_param", simple_from_param, "($self, value, /)", "Convert a Python object into a function call parameter."), {}};

Status initialise_simple(Thread& t, Module* module) {
  if (g_memory_type == nullptr) TRY(make_static_type(t, kMemorySpec, &g_memory_type));
  if (g_simple == nullptr) TRY(make_static_type_of(t, g_simple_meta, kSimpleSpec, &g_simple));
  return module_add(t, module, "_SimpleCData", Value(g_simple));
}

}  // namespace typhon::ctypes
