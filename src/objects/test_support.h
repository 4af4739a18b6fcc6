// For unit tests of the object layer: the one Thread of the test process, with all core types made.
#pragma once
#include <gtest/gtest.h>

#include "objects/itertypes.h"

namespace typhon {

inline Thread& test_thread() {
  if (Thread* t = Thread::current_or_null(); t != nullptr && types::zip != nullptr) return *t;
  Thread& t = Thread::current_or_null() != nullptr ? Thread::current() : attach_main_thread();
  if (types::list == nullptr) {
    initialise_shapes();
    CHECK(!initialise_types(t).failed());
    CHECK(!initialise_exceptions(t).failed());
  }
  CHECK(!initialise_container_types(t).failed());
  return t;
}

class ObjectTest : public testing::Test {
 protected:
  ObjectTest() : t(test_thread()) {}
  ~ObjectTest() override {
    EXPECT_FALSE(exception_pending(t));
    if (exception_pending(t)) clear_exception(t);
  }

  static Value num(i64 n) { return Value::small_int(n); }
  Ref text(const char* utf8) { return str_from_utf8(t, utf8); }
  Ref interned(const char* utf8) {
    Ref s = text(utf8);
    return str_intern(t, s);
  }
  std::string repr(const Ref& r) { return repr(r.get()); }
  template <class T>
  std::string repr(const RefTo<T>& r) {
    return repr(r.value());
  }
  std::string repr(Value v) {
    if (v.is_error() || v.is_empty()) return v.is_error() ? "<raised>" : "<empty>";
    RefTo<Str> s = object_repr(t, v);
    if (s.failed()) return "<raised>";
    Utf8Buffer buffer;
    return std::string(str_utf8(s.get(), buffer));
  }
  // The class name and text of the pending exception, which is cleared.
  std::string raised() {
    if (!exception_pending(t)) return "nothing";
    Ref e = take_exception(t);
    RefTo<Str> s = object_str(t, e);
    Utf8Buffer buffer;
    return std::string(type_name(e)) + ": " + (s.failed() ? "?" : std::string(str_utf8(s.get(), buffer)));
  }
  // What publication does to an object that another thread can reach.
  static void share(Value v) { publish(v.object()); }

  Thread& t;
};

}  // namespace typhon
