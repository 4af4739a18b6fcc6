// Vec: a growable array of trivial elements for the compiler's own data. malloc'ed; holds no references to objects.
#pragma once
#include <cstdlib>
#include <cstring>
#include <type_traits>

#include "base/common.h"

namespace typhon::compiler {

template <class T>
class Vec {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Vec() = default;
  ~Vec() { free(data_); }
  Vec(const Vec&) = delete;
  Vec& operator=(const Vec&) = delete;

  u32 size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* data() { return data_; }
  const T* data() const { return data_; }
  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }
  T& back() { return data_[size_ - 1]; }
  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }

  void push(const T& item) {
    T copy = item;  // may live in the array that moves
    if (size_ == capacity_) reserve(capacity_ ? capacity_ * 2 : 16);
    data_[size_++] = copy;
  }
  T pop() { return data_[--size_]; }
  void truncate(u32 size) { size_ = size; }
  void clear() { size_ = 0; }
  // New elements are zero-filled.
  void resize(u32 size) {
    if (size > capacity_) reserve(size > capacity_ * 2 ? size : capacity_ * 2);
    if (size > size_) memset(static_cast<void*>(data_ + size_), 0, (size - size_) * sizeof(T));
    size_ = size;
  }

 private:
  void reserve(u32 capacity) {
    void* grown = realloc(static_cast<void*>(data_), size_t(capacity) * sizeof(T));
    CHECK(grown != nullptr);
    data_ = static_cast<T*>(grown);
    capacity_ = capacity;
  }
  T* data_ = nullptr;
  u32 size_ = 0, capacity_ = 0;
};

}  // namespace typhon::compiler
