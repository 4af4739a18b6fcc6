// The buffer protocol: acquiring and releasing views of memory.
#include <string>

#include "objects/bytes_util.h"
#include "objects/type_internal.h"

namespace typhon {

// A one-dimensional view of bytes, as far as the flags ask for it.
Status fill_byte_buffer(Thread& t, Buffer* buffer, void* data, i64 n, bool readonly, int flags) {
  if (readonly && (flags & buffer_flag::kWritable)) return raise(t, exc::BufferError, "Object is not writable.");
  buffer->data = data;
  buffer->length = n;
  buffer->item_size = 1;
  buffer->readonly = readonly;
  buffer->dimensions = 1;
  buffer->format = flags & buffer_flag::kFormat ? "B" : nullptr;
  buffer->small_shape[0] = n;
  buffer->small_strides[0] = 1;
  buffer->shape = flags & buffer_flag::kNd ? buffer->small_shape : nullptr;
  buffer->strides = (flags & buffer_flag::kStrides) == buffer_flag::kStrides ? buffer->small_strides : nullptr;
  buffer->suboffsets = nullptr;
  return ok();
}

namespace {

// Stands for an object whose class has a __buffer__ of its own, as the owner of the buffer: keeps the memoryview that __buffer__ gave,
// and has it and the object told of the release.
struct BufferWrapper : Object {
  Field view;  // EMPTY once released
  Field exporter;
};
Type* g_wrapper_type;
Mutex g_wrapper_lock;

void visit_wrapper(Object* self, Visitor& v) { v.fields(&static_cast<BufferWrapper*>(self)->view, 2); }

// Calls __release_buffer__. The release cannot fail, and may be under way because of an exception.
void call_release_buffer(Thread& t, Value self, Value view) {
  ExceptionSaver saver(t);
  Ref result = call_method_with(t, self, names::__release_buffer__, view);
  if (!result.failed()) return;
  std::string where = "in __release_buffer__ of " + std::string(type_of(self)->name_utf8());
  write_unraisable(t, where.c_str(), EMPTY);
}

void wrapper_release(Thread& t, Value self, Buffer* buffer) {
  auto* wrapper = self.as<BufferWrapper>();
  Ref view = wrapper->view.take(wrapper);
  if (view.is_empty()) return;
  Ref exporter = wrapper->exporter.take(wrapper);
  type_of(view)->slots.release_buffer(t, view, buffer);
  // A view of the exporter itself tells it when it is released.
  if (type_of(exporter)->slots.release_buffer == generic_release_buffer && !is_memoryview_of(view, exporter))
    call_release_buffer(t, exporter, view);
}

Status make_wrapper_type(Thread& t) {
  if (__atomic_load_n(&g_wrapper_type, __ATOMIC_ACQUIRE) != nullptr) return ok();
  static const TypeSpec spec = {.name = "_buffer_wrapper",
                                .layout = {"_buffer_wrapper", sizeof(BufferWrapper), 0, visit_wrapper, nullptr, nullptr, nullptr},
                                .flags = type_flag::kImmutable | type_flag::kDisallowInstantiation,
                                .slots = {.release_buffer = wrapper_release}};
  MutexGuard guard(t, g_wrapper_lock);
  if (g_wrapper_type != nullptr) return ok();
  Type* made = nullptr;
  TRY(make_static_type(t, spec, &made));
  __atomic_store_n(&g_wrapper_type, made, __ATOMIC_RELEASE);
  return ok();
}

// What the native type that a class derives from does for a release; null when there is none.
ReleaseBufferFn native_release_of(Type* type) {
  auto* mro = type->mro.as<Tuple>();
  for (u64 i = 1; i < mro->size; i++) {
    ReleaseBufferFn fn = mro->items[i].as<Type>()->slots.release_buffer;
    if (fn != nullptr && fn != generic_release_buffer) return fn;
  }
  return nullptr;
}

}  // namespace

Status generic_get_buffer(Thread& t, Value self, Buffer* buffer, int flags) {
  TRY(make_wrapper_type(t));
  Ref view = TRY(call_method_with(t, self, names::__buffer__, Value::small_int(flags)));
  if (!is_memoryview(view)) return raise(t, exc::TypeError, "__buffer__ returned non-memoryview object");
  auto* wrapper = allocate_native<BufferWrapper>(t, g_wrapper_type);
  Ref owner = Ref::adopt(Value(wrapper));
  wrapper->exporter.init(wrapper, self);
  TRY(get_buffer(t, view, buffer, flags));
  wrapper->view.init(wrapper, Ref::adopt(buffer->owner));
  buffer->owner = owner.take();
  return ok();
}

// A native type's buffer, and a __release_buffer__ in Python.
void generic_release_buffer(Thread& t, Value self, Buffer* buffer) {
  ExceptionSaver saver(t);
  ReleaseBufferFn native = native_release_of(type_of(self));
  Ref view = restricted_view(t, self, *buffer, native);
  if (view.failed()) {
    write_unraisable(t, "in bf_releasebuffer", self);
    if (native != nullptr) native(t, self, buffer);
    return;
  }
  call_release_buffer(t, self, view);
  if (memoryview_release(t, view).failed()) write_unraisable(t, "in bf_releasebuffer", self);
}

bool has_buffer(Value v) { return v.is_object() && type_of(v)->slots.get_buffer != nullptr; }

Status get_buffer(Thread& t, Value v, Buffer* buffer, int flags) {
  GetBufferFn fn = v.is_object() ? type_of(v)->slots.get_buffer : nullptr;
  if (fn == nullptr) return raise(t, exc::TypeError, "a bytes-like object is required, not '%T'", v);
  TRY(fn(t, v, buffer, flags));
  if (buffer->owner.is_empty()) buffer->owner = Ref::copy(v).take();
  return ok();
}

void release_buffer(Thread& t, Buffer* buffer) {
  Value owner = buffer->owner;
  if (owner.is_empty()) return;
  ReleaseBufferFn fn = type_of(owner)->slots.release_buffer;
  if (fn != nullptr) fn(t, owner, buffer);
  buffer->owner = EMPTY;
  release(owner);
}

}  // namespace typhon
