// What bytes, bytearray and memoryview share.
#pragma once
#include "objects/byte_builder.h"
#include "objects/container_util.h"
#include "objects/str_util.h"

namespace typhon {

// The bytes of a method's self, while no Python code runs. A bytearray that other threads may be changing is copied.
class SelfBytes {
 public:
  SelfBytes(Thread& t, Value self);
  ~SelfBytes();
  SelfBytes(const SelfBytes&) = delete;
  bool failed() const { return data == nullptr; }
  const u8* data;
  size_t size;

 private:
  u8* heap_ = nullptr;
};
#define TYPHON_SELF_BYTES(name, t, self) \
  SelfBytes name(t, self);               \
  if (name.failed()) return raise_no_memory(t)

// While arguments of a method of a bytearray are converted by Python code, the array cannot be resized. Arguments of native types other
// than iterators run none: they leave it free for other threads.
class ReentryGuard {
 public:
  ReentryGuard(Value self, const Value* arguments, size_t n);
  ~ReentryGuard();
  ReentryGuard(const ReentryGuard&) = delete;

 private:
  ByteArray* array_ = nullptr;
};

// Above this, CPython's bytes are too large (OverflowError); below, there may be no memory for them.
inline constexpr size_t kLargestBytes = size_t(INT64_MAX) - 33;

// A bytes, or a bytearray when `like` is one.
Ref make_bytes_like(Thread& t, Value like, const void* data, size_t n);
Ref make_bytes_like(Thread& t, Value like, ByteBuilder& builder);
// self when it is immutable, else a copy.
Ref same_bytes(Thread& t, Value self, const SelfBytes& bytes);

// An int in range(256); ValueError with `message` otherwise.
Result<u8> to_byte(Thread& t, Value v, const char* message = "byte must be in range(0, 256)");
// Appends any bytes-like object or the items of an iterable of ints. `what` names the result in messages.
// `extends`: for bytearray.extend, which says so when the source is no iterable.
Status append_bytes_of(Thread& t, ByteBuilder& out, Value source, const char* what, const char* range_message, bool extends = false);
// The content that bytes(source, encoding, errors) means.
Status bytes_source(Thread& t, ByteBuilder& out, const Value* a, const char* what, const char* range_message);
void bytes_repr(ByteBuilder& out, const u8* data, size_t n);
Ref bytes_hex(Thread& t, const u8* data, size_t n, Value separator, Value group);
i64 bytes_compare(const u8* a, size_t na, const u8* b, size_t nb);
Ref byte_iterator_new(Thread& t, Value sequence);  // of bytes, bytearray and memoryview
Ref memoryview_new(Thread& t, Value object, int flags);  // memoryview.cpp
i32 memoryview_exports(Value view);
// A view of the buffer that is to be released by self's __release_buffer__, of which no other view can be made. It takes the buffer
// over: with the last use of it, `native_release` (may be null) gives it back.
Ref restricted_view(Thread& t, Value self, const Buffer& source, ReleaseBufferFn native_release);
Status memoryview_release(Thread& t, Value view);     // its method release()
bool is_memoryview_of(Value view, Value object);  // whether its attribute obj is this object

// A one-dimensional view of bytes, as far as the flags ask for it (buffer.cpp).
Status fill_byte_buffer(Thread& t, Buffer* buffer, void* data, i64 n, bool readonly, int flags);

// Rows that bytes and bytearray have in common, with the rows of one of them.
inline constexpr size_t kSharedByteMethodCount = 42;
const Method* shared_byte_methods();
Ref bytes_remainder(Thread& t, Value format, Value argument);
Result<bool> bytes_contains(Thread& t, Value self, Value item);
Ref bytes_maketrans(Thread& t, Value, const Value* a);

}  // namespace typhon
