// ByteBuilder: bytes (or ASCII text) gathered piece by piece on a C++ stack.
#pragma once
#include "objects/containers.h"

namespace typhon {

// malloc'ed storage beyond 256 bytes, no references. Running out of memory shows in finish().
class ByteBuilder {
 public:
  ByteBuilder() = default;
  ~ByteBuilder();
  ByteBuilder(const ByteBuilder&) = delete;
  TYPHON_INLINE void append(u8 b) {
    if (length_ == capacity_) [[unlikely]] grow(1);
    if (!failed_) data_[length_++] = b;
  }
  // `first`, and the n low bytes of `rest` (at most 8), lowest first.
  TYPHON_INLINE void append_number(u8 first, u64 rest, size_t n) {
    if (capacity_ - length_ < 9) [[unlikely]] grow(9);
    if (failed_) [[unlikely]] return;
    data_[length_] = first;
    std::memcpy(data_ + length_ + 1, &rest, 8);
    length_ += n + 1;
  }
  void append(const void* bytes, size_t n);
  void append_shared(const void* bytes, size_t n);  // bytes that other threads may be writing (copy_shared_bytes)
  void append_repeated(u8 b, size_t n);
  void append(std::string_view text) { append(text.data(), text.size()); }
  void append_ascii(std::string_view text) { append(text.data(), text.size()); }
  void reserve(size_t n) {
    if (capacity_ - length_ < n) grow(n);
  }
  void remove(size_t at, size_t n) {
    std::memmove(data_ + at, data_ + at + n, length_ - at - n);
    length_ -= n;
  }
  void truncate(size_t n) { length_ = n; }
  size_t length() const { return length_; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), length_}; }
  u8* data() { return data_; }
  bool failed() const { return failed_; }
  RefTo<Bytes> finish(Thread& t);

 private:
  void grow(size_t more);
  u8* data_ = local_;
  size_t length_ = 0, capacity_ = sizeof local_;
  bool failed_ = false;
  u8 local_[256];
};

}  // namespace typhon
