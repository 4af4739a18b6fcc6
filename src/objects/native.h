// How native functions, methods, properties and members are declared and called.
//
// A native function is one C++ function plus its signature in Python's own notation; the binding checks and orders the arguments
// and reports errors with CPython's messages, so a body never parses arguments:
//
//     Ref list_insert(Thread& t, Value self, const Value* a);   // a[0] = index, a[1] = object
//     method("insert", list_insert, "($self, index, object, /)", "Insert object before index.")
//
// a[i] is the argument for the i-th parameter in the order written; EMPTY where an optional one was not given (the default in the signature
// is documentation; `=<unrepresentable>` may be written). `*args` arrives as a tuple, `**kwargs` as a dict. Words in `a` are borrowed
// and may carry the deferred mark. `self` has been checked to be an instance of the type (methods), or is the module (functions).
#pragma once
#include "value/ref.h"

namespace typhon {

struct Thread;
struct Tuple;
struct Str;
struct Type;

// Arguments of a call as they lie in registers: `count` positional words, then one word per name in `names`.
// The copy constructor is written out so that the ABI passes the address of an Args. A trivial one would be copied to the stack for
// each call in 16-byte pieces, which wait for the narrower stores that filled it (no store forwarding: 5 ns a call).
struct Args {
  const Value* values = nullptr;
  u32 count = 0;
  Tuple* names = nullptr;  // tuple of str, or null
  u32 keyword_count = 0;
  constexpr Args() = default;
  constexpr Args(const Value* words, u32 positional, Tuple* keyword_names = nullptr, u32 keywords = 0)
      : values(words), count(positional), names(keyword_names), keyword_count(keywords) {}
  constexpr Args(const Args& other)
      : values(other.values), count(other.count), names(other.names), keyword_count(other.keyword_count) {}
  constexpr Args& operator=(const Args&) = default;
  Value operator[](u32 i) const { return values[i]; }
  Value keyword(u32 i) const { return values[count + i]; }
  Args without_first() const { return {values + 1, count - 1, names, keyword_count}; }
};

using BoundFn = Ref (*)(Thread& t, Value self, const Value* a);
using RawFn = Ref (*)(Thread& t, Value self, Args args);  // for *args-heavy functions; signature is documentation only

enum class MethodKind : u8 { kInstance, kClass, kStatic };

struct Method {
  const char* name = nullptr;
  BoundFn bound = nullptr;
  RawFn raw = nullptr;
  const char* signature = nullptr;
  const char* doc = nullptr;
  MethodKind kind = MethodKind::kInstance;
  bool scans_stacks = false;  // the interpreter empties the native stack below before it calls it
};
constexpr Method method(const char* name, BoundFn fn, const char* signature, const char* doc = nullptr) {
  return {name, fn, nullptr, signature, doc, MethodKind::kInstance};
}
constexpr Method raw_method(const char* name, RawFn fn, const char* signature = nullptr, const char* doc = nullptr) {
  return {name, nullptr, fn, signature, doc, MethodKind::kInstance};
}
// self is the class.
constexpr Method class_method(const char* name, BoundFn fn, const char* signature, const char* doc = nullptr) {
  return {name, fn, nullptr, signature, doc, MethodKind::kClass};
}
constexpr Method static_method(const char* name, BoundFn fn, const char* signature, const char* doc = nullptr) {
  return {name, fn, nullptr, signature, doc, MethodKind::kStatic};
}
// A row whose function is called to find out what is dead, or waits for long: nothing that earlier calls left may lie in the frames of
// its call.
constexpr Method scanning_stacks(Method row) {
  row.scans_stacks = true;
  return row;
}
// Module-level functions use the same rows: method("sqrt", math_sqrt, "(x, /)") or "($module, x, /)".

struct GetSet {
  const char* name = nullptr;
  Ref (*get)(Thread& t, Value self) = nullptr;
  Status (*set)(Thread& t, Value self, Value value) = nullptr;  // null: read-only; value EMPTY: delete
  const char* doc = nullptr;
  u32 double_at = 0;  // not 0: what `get` returns is the double at this offset of every instance, which the interpreter reads itself
};

// A Field of the native struct shown as an attribute.
struct Member {
  const char* name = nullptr;
  u32 offset = 0;
  bool writable = false;
  bool none_if_empty = true;  // an EMPTY field reads as None; otherwise AttributeError
  const char* doc = nullptr;
};

// Parsed form of a signature; made once per function on first use (objects/native_function.cpp).
struct Signature;

// Orders `args` after the signature into out[0..n) (borrowed; *args/**kwargs objects go to `keep`); raises TypeError with CPython's
// wording. `name` is what messages call the function ("insert", "list.append").
Status bind_arguments(Thread& t, const Signature& signature, const char* name, Args args, Value* out, Ref* keep);
const Signature& parse_signature(const char* text);
u32 signature_size(const Signature& signature);

}  // namespace typhon
