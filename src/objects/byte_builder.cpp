#include "objects/byte_builder.h"

#include <cstdlib>

#include "objects/exceptions.h"

namespace typhon {

ByteBuilder::~ByteBuilder() {
  if (data_ != local_) std::free(data_);
}

void ByteBuilder::grow(size_t more) {
  if (failed_) return;
  size_t wanted = length_ + more;
  if (wanted <= capacity_) return;
  size_t capacity = wanted + wanted / 2;
  void* bigger = wanted < length_ || wanted > size_t(1) << 48 ? nullptr
                 : data_ == local_                            ? std::malloc(capacity)
                                                              : std::realloc(data_, capacity);
  if (bigger == nullptr) {
    failed_ = true;
    return;
  }
  if (data_ == local_) std::memcpy(bigger, local_, length_);
  data_ = static_cast<u8*>(bigger);
  capacity_ = capacity;
}

void ByteBuilder::append(const void* bytes, size_t n) {
  if (n == 0) return;
  grow(n);
  if (failed_) return;
  std::memcpy(data_ + length_, bytes, n);
  length_ += n;
}

void ByteBuilder::append_shared(const void* bytes, size_t n) {
  if (n == 0) return;
  grow(n);
  if (failed_) return;
  copy_shared_bytes(data_ + length_, bytes, n);
  length_ += n;
}

void ByteBuilder::append_repeated(u8 b, size_t n) {
  if (n == 0) return;
  grow(n);
  if (failed_) return;
  std::memset(data_ + length_, b, n);
  length_ += n;
}

RefTo<Bytes> ByteBuilder::finish(Thread& t) {
  if (failed_) return raise_no_memory(t);
  return bytes_from(t, data_, length_);
}

}  // namespace typhon
