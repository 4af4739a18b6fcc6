// Python callables as C functions, by libffi's closures. They may be called from any thread, attached or not, Python's or not.
#include <cerrno>
#include <cstdlib>

#include "modules/_ctypes/ctypes.h"

namespace typhon::ctypes {
namespace {

void visit_thunk(Object* self, Visitor& visitor) { visitor.fields(&static_cast<Thunk*>(self)->callable, 3); }
void release_thunk(Thread&, Object* self) {
  auto* thunk = static_cast<Thunk*>(self);
  if (thunk->closure != nullptr) ffi_closure_free(thunk->closure);
  std::free(thunk->ffi_arguments);
}
const TypeSpec kSpec = {
    .name = "_ctypes.CThunkObject",
    .doc = "CThunkObject",
    .layout = {"CThunkObject", sizeof(Thunk), 0, visit_thunk, release_thunk, nullptr, nullptr},
    .flags = type_flag::kDisallowInstantiation | type_flag::kImmutable,
};

void report(Thread& t, const char* what, Value callable) {
  Ref error = take_exception(t);
  Ref text = str_format(t, "%s%R", what, callable);
  if (text.failed()) {
    clear_exception(t);
    text = Ref::copy(Value(empty_str()));
  }
  restore_exception(t, std::move(error));
  Utf8Buffer buffer;
  std::string where(str_utf8(text.as<Str>(), buffer));
  write_unraisable(t, where.c_str(), EMPTY);
}

Ref argument_value(Thread& t, Value type, const void* at, i64 size) {
  const Info* info = storage_of(type);
  if (info == nullptr) return raise(t, exc::TypeError, "cannot build parameter of type %R", type);
  if (info->kind == Kind::kSimple && info->plain_simple) return get_simple(t, info->code, info->swapped, static_cast<const u8*>(at));
  Ref made = TRY(data_new(t, type.as<Type>(), Args{}));
  // An array is passed as the address of its first item; that address is what is copied, as far as it fits.
  copy_shared_bytes(data_of(as_cdata(made)), at, size_t(std::min(size, size_of(as_cdata(made)))));
  return made;
}

// Fills what libffi expects: integers as whole words.
void put_result(Thread& t, Thunk* thunk, void* out, Value value) {
  Value restype = thunk->restype.peek();
  if (restype.is_empty() || restype.is_none()) return;
  const Info* info = storage_of(restype);
  alignas(16) u8 bytes[32] = {};
  Ref kept = put_simple(t, info->code, info->swapped, bytes, value);
  if (kept.failed()) return report(t, "while converting result of ctypes callback function ", thunk->callable.peek());
  bool integral = info->size < i64(sizeof(ffi_arg)) && strchr("fFu", info->code) == nullptr;
  if (integral) {
    u64 word = load_bits(bytes, u32(info->size), false);
    u32 unused = 64 - 8u * u32(info->size);
    if (is_signed_code(info->code)) word = u64(i64(word << unused) >> unused);
    std::memcpy(out, &word, sizeof word);
  } else {
    std::memcpy(out, bytes, size_t(info->size));
  }
  if (info->code == 'O') {
    // The caller gets one count.
    (void)to_heap_word(kept.take());
  } else if (!kept.get().is_none()) {
    if (warn(t, exc::RuntimeWarning, 1, "memory leak in callback function.").failed())
      report(t, "while converting result of ctypes callback function ", thunk->callable.peek());
    (void)to_heap_word(kept.take());
  }
}

void run(Thread& t, Thunk* thunk, void* result, void** values) {
  // It lives at least as long as this call.
  Ref held = Ref::copy(Value(thunk));
  auto* types = thunk->argtypes.as<Tuple>();
  RootedVector arguments(t);
  for (u64 i = 0; i < types->size; i++) {
    Ref value = argument_value(t, types->items[i].peek(), values[i], i64(thunk->ffi_arguments[i]->size));
    if (value.failed()) {
      char text[96];
      snprintf(text, sizeof text, "while creating argument %d for ctypes callback function ", int(i));
      return report(t, text, thunk->callable.peek());
    }
    arguments.push(std::move(value));
  }
  if (thunk->flags & kFlagErrno) std::swap(errno, own_errno());
  Ref value = enter_native(t, " in a callback").failed() ? Ref::error()
                                                       : call(t, thunk->callable.peek(), Args{arguments.data(), u32(arguments.size())});
  if (thunk->flags & kFlagErrno) std::swap(errno, own_errno());
  if (value.failed()) return report(t, "while calling ctypes callback function ", thunk->callable.peek());
  put_result(t, thunk, result, value);
}

// What is pending in the thread belongs to the code that called out.
void run_apart(Thread& t, Thunk* thunk, void* result, void** values) {
  ExceptionSaver saver(t);
  run(t, thunk, result, values);
}

void enter(ffi_cif* cif, void* result, void** values, void* user) {
  auto* thunk = static_cast<Thunk*>(user);
  if (cif->rtype->type != FFI_TYPE_VOID) std::memset(result, 0, std::max(cif->rtype->size, sizeof(ffi_arg)));
  Thread* t = Thread::current_or_null();
  if (t == nullptr) {
    t = attach_foreign_thread();
    if (t == nullptr) return;
    run_apart(*t, thunk, result, values);
    int error = errno;
    detach_foreign_thread(*t);
    errno = error;
    return;
  }
  if (is_attached(*t)) return run_apart(*t, thunk, result, values);
  int error;
  {
    Attached attached(*t);
    run_apart(*t, thunk, result, values);
    error = errno;
  }
  errno = error;  // what the caller finds is what the callable left
}

}  // namespace

RefTo<Thunk> thunk_new(Thread& t, Value callable, Tuple* argtypes, Value restype, u32 flags) {
  ffi_type* result_type = &ffi_type_void;
  if (!restype.is_none() && !restype.is_empty()) {
    if (storage_of_kind(restype, Kind::kSimple) == nullptr) return raise(t, exc::TypeError, "invalid result type for callback function");
    result_type = ffi_of(restype);
  }
  auto* thunk = allocate_native<Thunk>(t, g_thunk_type);
  if (thunk == nullptr) return raise_no_memory(t);
  auto owned = RefTo<Thunk>::adopt(thunk);
  thunk->callable.init(thunk, callable);
  thunk->argtypes.init(thunk, Value(argtypes));
  thunk->restype.init(thunk, restype);
  thunk->flags = flags;
  thunk->ffi_arguments = static_cast<ffi_type**>(std::calloc(argtypes->size + 1, sizeof(ffi_type*)));
  if (thunk->ffi_arguments == nullptr) return raise_no_memory(t);
  for (u64 i = 0; i < argtypes->size; i++) {
    Value type = argtypes->items[i].peek();
    if (storage_of(type) != nullptr) finish_type(type.as<Type>());
    thunk->ffi_arguments[i] = ffi_of(type);
    if (thunk->ffi_arguments[i] == nullptr) thunk->ffi_arguments[i] = &ffi_type_sint;
  }
  thunk->closure = static_cast<ffi_closure*>(ffi_closure_alloc(sizeof(ffi_closure), &thunk->code));
  if (thunk->closure == nullptr) return raise_no_memory(t);
  if (ffi_prep_cif(&thunk->cif, FFI_DEFAULT_ABI, unsigned(argtypes->size), result_type, thunk->ffi_arguments) != FFI_OK)
    return raise(t, exc::RuntimeError, "ffi_prep_cif failed");
  if (ffi_prep_closure_loc(thunk->closure, &thunk->cif, enter, thunk, thunk->code) != FFI_OK)
    return raise(t, exc::RuntimeError, "ffi_prep_closure failed");
  // Its address goes where any thread may find it.
  publish(thunk);
  return owned;
}

Status initialise_callbacks(Thread& t) {
  if (g_thunk_type == nullptr) TRY(make_static_type(t, kSpec, &g_thunk_type));
  return ok();
}

}  // namespace typhon::ctypes
