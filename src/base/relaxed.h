// Relaxed<T>: a field that threads may read while another one writes it, where any of its values is a legal answer. Loads and
// stores are relaxed atomics: whole words, and a plain move in machine code. What must be ordered says so with
// __atomic builtins instead.
#pragma once
#include <cstddef>
#include <cstring>
#include <type_traits>

namespace typhon {

template <class T>
class Relaxed {
 public:
  constexpr Relaxed() = default;
  template <class U>
    requires std::is_convertible_v<U, T>
  constexpr Relaxed(U value) : value_(value) {}
  constexpr Relaxed(T value) : value_(value) {}
  constexpr Relaxed(const Relaxed& other) : value_(other.load()) {}
  constexpr Relaxed& operator=(const Relaxed& other) { return *this = other.load(); }
  constexpr Relaxed& operator=(T value) {
    if consteval {
      value_ = value;
    } else {
      __atomic_store(&value_, &value, __ATOMIC_RELAXED);
    }
    return *this;
  }
  [[gnu::always_inline]] constexpr T load() const {
    if consteval {
      return value_;
    } else {
      T value;
      __atomic_load(&value_, &value, __ATOMIC_RELAXED);
      return value;
    }
  }
  [[gnu::always_inline]] constexpr operator T() const { return load(); }
  // A number that a cast takes for an enumeration's.
  template <class E>
    requires(std::is_enum_v<E> && std::is_integral_v<T>)
  [[gnu::always_inline]] explicit constexpr operator E() const {
    return E(load());
  }

 private:
  T value_;
};

// Copies bytes that Python code may be changing in another thread: what arrives may be torn, as every view of memory that threads
// share may be. ThreadSanitizer need not hear of it.
#ifdef TYPHON_TSAN
[[gnu::noinline]] __attribute__((no_sanitize("thread"))) inline void copy_shared_bytes(void* to, const void* from, std::size_t n) {
  auto* out = static_cast<volatile unsigned char*>(to);
  auto* in = static_cast<const volatile unsigned char*>(from);
  bool upwards = out <= in;
  for (std::size_t i = 0; i < n; i++) {
    std::size_t at = upwards ? i : n - 1 - i;
    out[at] = in[at];
  }
}
#else
inline void copy_shared_bytes(void* to, const void* from, std::size_t n) { std::memmove(to, from, n); }
#endif

}  // namespace typhon
