// Bump allocation for data that dies all at once (a syntax tree, a compilation unit). Not thread-safe: one owner.
// Nothing is destroyed, so only trivially destructible types may live here; reset() and the destructor free it all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

namespace typhon {

class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena() { reset(); }

  // Never fails: aborts the process when the system has no memory left. `align` is a power of two up to 16.
  void* allocate(size_t size, size_t align = 8) {
    uintptr_t start = (cursor_ + (align - 1)) & ~uintptr_t(align - 1);
    if (start + size > limit_ || start + size < start) [[unlikely]]
      return allocate_slow(size, align);
    cursor_ = start + size;
    return reinterpret_cast<void*>(start);
  }

  template <typename T, typename... Args>
  T* make(Args&&... args) {
    static_assert(std::is_trivially_destructible_v<T>);
    return new (allocate(sizeof(T), alignof(T))) T{std::forward<Args>(args)...};
  }

  // Uninitialised storage for `count` objects of T.
  template <typename T>
  T* make_array(size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    return static_cast<T*>(allocate(count * sizeof(T), alignof(T)));
  }

  // A copy that lives as long as the arena. The result is never null, even for empty text.
  std::string_view copy(std::string_view text) {
    char* data = static_cast<char*>(allocate(text.size() + 1, 1));
    if (!text.empty()) memcpy(data, text.data(), text.size());
    data[text.size()] = '\0';
    return {data, text.size()};
  }

  // Frees every block; all pointers handed out become invalid.
  void reset();
  size_t bytes_reserved() const { return bytes_reserved_; }

 private:
  struct Block {
    Block* next;
    size_t size;
  };

  void* allocate_slow(size_t size, size_t align);

  uintptr_t cursor_ = 0;
  uintptr_t limit_ = 0;
  Block* blocks_ = nullptr;
  size_t next_block_size_ = 16 * 1024;
  size_t bytes_reserved_ = 0;
};

}  // namespace typhon
