// Foreign calls: conversion of arguments and results, around libffi.
#include <cerrno>
#include <cstdlib>
#include <memory>

#include "modules/_ctypes/ctypes.h"

namespace typhon::ctypes {

int& own_errno() {
  static thread_local int value = 0;
  return value;
}

// --- CArgument
namespace {

void visit_argument(Object* self, Visitor& visitor) { visitor.field(static_cast<CArgument*>(self)->object); }

template <class T>
T value_of(const CArgument* a) {
  T v;
  std::memcpy(&v, a->value, sizeof v);
  return v;
}
Ref argument_repr(Thread& t, Value self) {
  auto* a = self.as<CArgument>();
  int tag = a->tag;
  switch (a->tag) {
    case 'b':
    case 'B': return str_format(t, "<cparam '%c' (%d)>", tag, int(value_of<i8>(a)));
    case 'h':
    case 'H': return str_format(t, "<cparam '%c' (%d)>", tag, int(value_of<i16>(a)));
    case 'i':
    case 'I': return str_format(t, "<cparam '%c' (%d)>", tag, value_of<int>(a));
    case 'l':
    case 'L':
    case 'q':
    case 'Q': return str_format(t, "<cparam '%c' (%ld)>", tag, value_of<i64>(a));
    case 'f':
    case 'd': {
      Ref number = TRY(float_from(t, a->tag == 'f' ? double(value_of<float>(a)) : value_of<double>(a)));
      return str_format(t, "<cparam '%c' (%R)>", tag, number.get());
    }
    case 'c': {
      u8 c = a->value[0];
      if (c >= 32 && c < 127 && c != '\\' && c != '\'') return str_format(t, "<cparam '%c' ('%c')>", tag, int(c));
      char text[8];
      snprintf(text, sizeof text, "\\x%02x", c);
      return str_format(t, "<cparam '%c' ('%s')>", tag, text);
    }
    case 'z':
    case 'Z':
    case 'P': return str_format(t, "<cparam '%c' (0x%x)>", tag, value_of<u64>(a));
    default: return str_format(t, "<cparam '%c' at 0x%x>", tag, u64(a));
  }
}
Ref get_object(Thread&, Value self) {
  Ref object = self.as<CArgument>()->object.load();
  return object.is_empty() ? Ref::none() : std::move(object);
}
const GetSet kGetSets[] = {{"_obj", get_object, nullptr, "the wrapped object"}, {}};
const TypeSpec kSpec = {
    .name = "_ctypes.CArgObject",
    .layout = {"CArgObject", sizeof(CArgument), 0, visit_argument, nullptr, nullptr, nullptr},
    .flags = type_flag::kDisallowInstantiation | type_flag::kImmutable,
    .slots = {.repr = argument_repr},
    .getsets = kGetSets,
};

}  // namespace

RefTo<CArgument> argument_new(Thread& t, char tag, ffi_type* ffi, const void* value, size_t n, Value object) {
  auto* made = allocate_native<CArgument>(t, g_argument_type);
  if (made == nullptr) return raise_no_memory(t);
  auto owned = RefTo<CArgument>::adopt(made);
  made->tag = tag;
  made->ffi = ffi;
  made->size = i64(n);
  std::memcpy(made->value, value, n);
  made->object.init(made, object);
  return owned;
}

ffi_type* ffi_of(Value cls) {
  const Info* info = storage_of(cls);
  return info == nullptr ? nullptr : info->ffi;
}

// --- arguments
namespace {

struct Slot {
  ffi_type* ffi = nullptr;
  void* data = nullptr;  // of `bytes`, or malloc'ed
  bool owned = false;
  alignas(16) u8 bytes[32] = {};
  ~Slot() {
    if (owned) std::free(data);
  }
  template <class T>
  void set(ffi_type* type, T v) {
    ffi = type;
    std::memcpy(bytes, &v, sizeof v);
  }
};

// A structure is passed as a copy, padded so that it may be read in whole registers.
Status pass_structure(Thread& t, Slot& slot, const CData* d, const Info* info) {
  slot.ffi = info->ffi;
  size_t size = size_t(info->size);
  void* copy = slot.bytes;
  if (size > sizeof slot.bytes) {
    copy = std::calloc(1, align_up(size, 16));
    if (copy == nullptr) return raise_no_memory(t);
    slot.data = copy;
    slot.owned = true;
  }
  copy_shared_bytes(copy, data_of(d), size);
  return ok();
}
Status pass_data(Thread& t, Slot& slot, CData* d) {
  const Info* info = TRY(live_info(t, d));
  switch (info->kind) {
    case Kind::kSimple:
      slot.ffi = info->ffi;
      copy_shared_bytes(slot.bytes, data_of(d), size_t(info->size));
      return ok();
    case Kind::kArray: slot.set(&ffi_type_pointer, data_of(d)); return ok();
    case Kind::kPointer:
    case Kind::kFunction: slot.set(&ffi_type_pointer, pointer_in(d)); return ok();
    default: return pass_structure(t, slot, d, info);
  }
}

// Fills the slot from any Python object; `kept` keeps alive what it refers to.
Status pass(Thread& t, Slot& slot, Value v, i64 number, RootedVector& kept) {
  kept.push_copy(v);
  if (is_cdata(v)) return pass_data(t, slot, as_cdata(v));
  if (v.is_object() && type_of(v) == g_argument_type) {
    auto* a = v.as<CArgument>();
    slot.ffi = a->ffi;
    std::memcpy(slot.bytes, a->value, sizeof slot.bytes);
    return ok();
  }
  if (v.is_none()) {
    slot.set<void*>(&ffi_type_pointer, nullptr);
    return ok();
  }
  if (is_int(v)) {
    i64 n;
    u64 bits;
    if (int_fits_u64(v, &bits)) {
    } else if (int_fits_i64(v, &n)) {
      bits = u64(n);
    } else {
      return raise(t, exc::OverflowError, "int too long to convert");
    }
    slot.set(&ffi_type_sint, int(bits));
    return ok();
  }
  if (is_bytes(v)) {
    if (v.object()->is_local()) publish(v.object());
    slot.set<const void*>(&ffi_type_pointer, v.as<Bytes>()->data);
    return ok();
  }
  if (is_str(v)) {
    slot.ffi = &ffi_type_pointer;
    kept.push(TRY(put_simple(t, 'Z', false, slot.bytes, v)));
    return ok();
  }
  Ref replacement = TRY(get_attribute_or_empty(t, v, n::as_parameter_));
  if (replacement.is_empty()) return raise(t, exc::TypeError, "Don't know how to convert parameter %d", int(number));
  ParameterDepth depth;
  TRY(depth.check(t));
  return pass(t, slot, replacement, number, kept);
}

// The pending exception becomes an ArgumentError that says which argument it was.
Raised argument_error(Thread& t, i64 number) {
  Ref error = take_exception(t);
  RefTo<Str> text = TRY(object_str(t, error));
  return raise(t, g_argument_error, "argument %zd: %N: %U", number, type_of(error), text.get());
}

// --- results
Ref convert_result(Thread& t, Value restype, u8* result, size_t room) {
  if (restype.is_empty()) return int_from(t, *reinterpret_cast<int*>(result));
  if (restype.is_none()) return Ref::none();
  const Info* info = storage_of(restype);
  if (info == nullptr) return call_with(t, restype, TRY(int_from(t, *reinterpret_cast<int*>(result))));
  if (info->kind == Kind::kSimple && info->plain_simple) {
    if (info->code != 'O') return get_simple(t, info->code, info->swapped, result);
    // The callee hands over one count.
    Value word(*reinterpret_cast<u64*>(result));
    TRY(check_object_word(t, word));
    return Field::adopt_heap(word);
  }
  Ref made = TRY(data_new(t, restype.as<Type>(), Args{}));
  copy_shared_bytes(data_of(as_cdata(made)), result, std::min(room, size_t(size_of(as_cdata(made)))));
  return made;
}

struct CallSpace {
  // Small calls need no malloc.
  static constexpr i64 kSmall = 8;
  explicit CallSpace(i64 n) : slots(small) {
    if (n > kSmall) {
      many.reset(new Slot[size_t(n)]);
      slots = many.get();
    }
  }
  Slot small[kSmall];
  std::unique_ptr<Slot[]> many;
  Slot* slots;
};

// errno of C and the program's own copy change places, when the function wants it.
void swap_errno(u32 flags) {
  if (flags & kFlagErrno) std::swap(errno, own_errno());
}
void enter_foreign(Thread& t, u32 flags, ffi_cif* cif, void* address, void* result, void** values) {
  if (flags & kFlagPythonApi) {
    swap_errno(flags);
    ffi_call(cif, FFI_FN(address), result, values);
    swap_errno(flags);
    return;
  }
  Detached detached(t);
  swap_errno(flags);
  ffi_call(cif, FFI_FN(address), result, values);
  swap_errno(flags);
}

}  // namespace

Ref call_foreign(Thread& t, void* address, const Value* arguments, i64 n, u32 flags, Tuple* converters, Value restype, Value checker) {
  TRY(enter_native(t, " in a foreign call"));
  if (n > kMaxArguments) return raise(t, g_argument_error, "too many arguments (%zd), maximum is %d", n, int(kMaxArguments));
  if (address == nullptr) return raise(t, exc::ValueError, "call of a NULL function pointer");
  CallSpace space(n);
  RootedVector kept(t);
  ffi_type* types[kMaxArguments];
  void* values[kMaxArguments];
  i64 converter_count = converters != nullptr ? i64(converters->size) : 0;
  for (i64 i = 0; i < n; i++) {
    Slot& slot = space.slots[i];
    Ref converted = Ref::copy(arguments[i]);
    if (i < converter_count) {
      converted = call_with(t, converters->items[i].peek(), arguments[i]);
      if (converted.failed()) return argument_error(t, i + 1);
    }
    if (pass(t, slot, converted, i + 1, kept).failed()) return argument_error(t, i + 1);
    types[i] = slot.ffi;
    values[i] = slot.owned ? slot.data : slot.bytes;
  }
  ffi_type* result_type = restype.is_none() ? &ffi_type_void : restype.is_empty() ? &ffi_type_sint : ffi_of(restype);
  if (result_type == nullptr) result_type = &ffi_type_sint;
  ffi_cif cif;
  if (ffi_prep_cif(&cif, FFI_DEFAULT_ABI, unsigned(n), result_type, types) != FFI_OK)
    return raise(t, exc::RuntimeError, "ffi_prep_cif failed");
  alignas(16) u8 small_result[64] = {};
  std::unique_ptr<u8, decltype(&std::free)> big_result(nullptr, &std::free);
  u8* result = small_result;
  size_t room = sizeof small_result;
  if (result_type->size > sizeof small_result) {
    big_result.reset(static_cast<u8*>(std::calloc(1, align_up(result_type->size, 16))));
    if (big_result == nullptr) return raise_no_memory(t);
    result = big_result.get();
    room = result_type->size;
  }
  enter_foreign(t, flags, &cif, address, result, values);
  if ((flags & kFlagPythonApi) && exception_pending(t)) return Raised{};
  Ref converted = TRY(convert_result(t, restype, result, room));
  if (checker.is_empty()) return converted;
  return call_with(t, checker, converted);
}

Status initialise_arguments(Thread& t) {
  if (g_argument_type == nullptr) TRY(make_static_type(t, kSpec, &g_argument_type));
  return ok();
}

}  // namespace typhon::ctypes
