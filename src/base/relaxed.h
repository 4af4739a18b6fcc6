// Relaxed<T>: a field that threads may read while another one writes it, where any of its values is a legal answer. Loads and
// stores are relaxed atomics: whole words, and a plain move in machine code. What must be ordered says so with
// __atomic builtins instead.
#pragma once
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
      __atomic_store_n(&value_, value, __ATOMIC_RELAXED);
    }
    return *this;
  }
  [[gnu::always_inline]] constexpr T load() const {
    if consteval {
      return value_;
    } else {
      return __atomic_load_n(&value_, __ATOMIC_RELAXED);
    }
  }
  [[gnu::always_inline]] constexpr operator T() const { return load(); }

 private:
  T value_;
};

}  // namespace typhon
