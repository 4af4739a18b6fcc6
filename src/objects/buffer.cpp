// The buffer protocol: acquiring and releasing views of memory.
#include "objects/bytes_util.h"

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

// Classes whose __buffer__ is Python code: a memoryview that it returns stands in for them.
bool has_python_buffer(Value v) {
  Type* type = type_of(v);
  return (type->flags & type_flag::kHeapType) && !type_lookup(type, names::__buffer__).is_empty();
}

Status get_python_buffer(Thread& t, Value v, Buffer* buffer, int flags) {
  Ref view = TRY(call_method_with(t, v, names::__buffer__, Value::small_int(flags)));
  if (!is_memoryview(view)) return raise(t, exc::TypeError, "__buffer__ returned non-memoryview object");
  return get_buffer(t, view, buffer, flags);
}

}  // namespace

bool has_buffer(Value v) {
  if (!v.is_object()) return false;
  return type_of(v)->slots.get_buffer != nullptr || has_python_buffer(v);
}

Status get_buffer(Thread& t, Value v, Buffer* buffer, int flags) {
  GetBufferFn fn = v.is_object() ? type_of(v)->slots.get_buffer : nullptr;
  if (v.is_object() && has_python_buffer(v)) {
    Value found = type_lookup(type_of(v), names::__buffer__);
    if (fn == nullptr || is_function(found)) return get_python_buffer(t, v, buffer, flags);
  }
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
