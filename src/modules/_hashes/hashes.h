// What the modules of digests share.
#pragma once
#include "objects/module.h"

namespace typhon::hashes {

// From this size on, data is hashed detached.
inline constexpr size_t kDetachSize = 2048;
inline constexpr const char* kTwice =
    "'data' and 'string' are mutually exclusive and support for 'string' keyword parameter is slated for removal in a future version.";

// TypeError unless the object is bytes-like.
inline Status check_hashable(Thread& t, Value data) {
  if (is_str(data)) return raise(t, exc::TypeError, "Strings must be encoded before hashing");
  if (!has_buffer(data)) return raise(t, exc::TypeError, "object supporting the buffer API required");
  return ok();
}
// The first data of a constructor that takes it as `data` or, as in older days, as `string`; EMPTY: none.
inline Result<Value> first_data(Thread& t, Value data, Value string) {
  if (!data.is_empty() && !string.is_empty() && !string.is_none()) return raise(t, exc::TypeError, "%s", kTwice);
  return data.is_empty() && !string.is_none() ? string : data;
}
// The hexadecimal digits of a bytes object.
inline Ref to_hex(Thread& t, Ref&& bytes) {
  if (bytes.failed()) return Raised{};
  Ref keep = std::move(bytes);
  auto* b = keep.as<Bytes>();
  RefTo<Str> text = TRY(str_allocate(t, b->size * 2, 'f'));
  auto* out = static_cast<u8*>(text->raw_mutable());
  for (u64 i = 0; i < b->size; i++) {
    *out++ = u8("0123456789abcdef"[b->data[i] >> 4]);
    *out++ = u8("0123456789abcdef"[b->data[i] & 15]);
  }
  return text;
}
// Runs f, detached when the amount of data is worth it. f touches no objects.
template <class F>
auto run(Thread& t, size_t size, F f) {
  if (size < kDetachSize) return f();
  Detached detached(t);
  return f();
}

}  // namespace typhon::hashes
