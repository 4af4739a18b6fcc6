// Ref: an owned word on a C++ stack. Result<T>, Status, TRY: how a C++ function reports a raised Python exception.
//
// Conventions of the whole code base:
//   * A `Value` parameter is borrowed: the caller keeps it alive for the call. A returned `Ref` is owned.
//   * A function that may raise returns Ref (ERROR word), Result<T> or Status; the exception is pending in the Thread.
//   * A Ref lives on a stack (or in a RootedVector), never in malloc'ed memory and never in a heap object: those use
//     Field (heap/field.h). Whether a Ref is counted or deferred is a property of its word (R9).
//   * A Ref must be dropped on the thread that made it.
#pragma once
#include "value/object.h"

namespace typhon {

// Returned by raise(...) and converts to every failure type: `return raise(t, types::TypeError, "...")`.
struct Raised {};

template <class T>
class [[nodiscard, clang::trivial_abi]] RefTo;

class [[nodiscard, clang::trivial_abi]] Ref {
 public:
  constexpr Ref() : word_(EMPTY) {}
  Ref(Raised) : word_(ERROR) {}
  Ref(Ref&& other) : word_(other.word_) { other.word_ = EMPTY; }
  Ref(const Ref&) = delete;
  Ref& operator=(Ref&& other) {
    Value old = word_;
    word_ = other.word_;
    other.word_ = EMPTY;
    release(old);
    return *this;
  }
  Ref& operator=(const Ref&) = delete;
  TYPHON_INLINE ~Ref() { release(word_); }

  // A new owned reference to a borrowed word.
  static Ref copy(Value v) { return Ref(acquire(v), Adopt{}); }
  // Takes over an owned word (from take(), or an immediate).
  static Ref adopt(Value owned) { return Ref(owned, Adopt{}); }
  static Ref error() { return Ref(ERROR, Adopt{}); }
  static Ref none() { return Ref(None, Adopt{}); }
  static Ref boolean(bool b) { return Ref(Value::boolean(b), Adopt{}); }
  static Ref not_implemented() { return Ref(NotImplemented, Adopt{}); }

  Value get() const { return word_; }
  operator Value() const& { return word_; }
  operator Value() && = delete;  // would dangle: name the Ref first
  Object* object() const { return word_.object(); }
  template <class T>
  T* as() const {
    return word_.as<T>();
  }
  bool failed() const { return word_.is_error(); }
  bool is_empty() const { return word_.is_empty(); }
  explicit operator bool() const = delete;
  // Gives the owned word away; this Ref is EMPTY afterwards.
  [[nodiscard]] Value take() {
    Value w = word_;
    word_ = EMPTY;
    return w;
  }
  void clear() { release(take()); }
  Ref dup() const { return copy(word_); }

 private:
  struct Adopt {};
  Ref(Value w, Adopt) : word_(w) {}
  Value word_;
};

// A Ref that is known to hold a T (or ERROR, or EMPTY).
template <class T>
class [[nodiscard, clang::trivial_abi]] RefTo {
 public:
  RefTo() = default;
  RefTo(Raised r) : ref_(r) {}
  RefTo(RefTo&&) = default;
  RefTo& operator=(RefTo&&) = default;
  static RefTo copy(T* object) { return RefTo(Ref::copy(Value(object))); }
  // Takes over a fresh object with the count of one that allocation gave it.
  static RefTo adopt(T* object) { return RefTo(Ref::adopt(Value(object))); }
  static RefTo from(Ref&& ref) { return RefTo(std::move(ref)); }

  T* get() const { return ref_.template as<T>(); }
  T* operator->() const { return get(); }
  T& operator*() const { return *get(); }
  Value value() const { return ref_.get(); }
  operator Value() const& { return ref_.get(); }
  operator Value() && = delete;
  operator Ref() && { return std::move(ref_); }
  Ref release_ref() { return std::move(ref_); }
  bool failed() const { return ref_.failed(); }
  bool is_empty() const { return ref_.is_empty(); }
  [[nodiscard]] Value take() { return ref_.take(); }
  RefTo dup() const { return RefTo(ref_.dup()); }

 private:
  explicit RefTo(Ref&& ref) : ref_(std::move(ref)) {}
  Ref ref_;
};

// A plain (non-reference) result, or a pending exception.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(value), failed_(false) {}
  Result(Raised) : value_{}, failed_(true) {}
  bool failed() const { return failed_; }
  T get() const { return value_; }

 private:
  T value_;
  bool failed_;
};

// Success, or a pending exception.
class [[nodiscard]] Status {
 public:
  Status() : failed_(false) {}
  Status(Raised) : failed_(true) {}
  bool failed() const { return failed_; }

 private:
  bool failed_;
};
inline Status ok() { return {}; }

// References, so that TRY may also stand as a statement whose value nobody wants.
namespace detail {
inline Ref&& unwrap(Ref& r) { return static_cast<Ref&&>(r); }
template <class T>
RefTo<T>&& unwrap(RefTo<T>& r) {
  return static_cast<RefTo<T>&&>(r);
}
template <class T>
T unwrap(Result<T>& r) {
  return r.get();
}
inline void unwrap(Status&) {}
}  // namespace detail

// Evaluates a fallible expression; returns from the enclosing function when it raised, else yields its value.
#define TRY(expr)                                              \
  ({                                                           \
    auto try_result_ = (expr);                                 \
    if (try_result_.failed()) [[unlikely]] return ::typhon::Raised{}; \
    ::typhon::detail::unwrap(try_result_);                     \
  })

}  // namespace typhon
