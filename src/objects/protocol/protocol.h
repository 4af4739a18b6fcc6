// The one body of every operation on arbitrary objects: what operators, built-in functions, native modules (and later the C API)
// call. All may run Python code unless noted. Values in are borrowed, Refs out are owned.
#pragma once
#include "objects/exceptions.h"
#include "objects/float.h"
#include "objects/function.h"
#include "objects/int.h"

namespace typhon {

// --- protocol/object.cpp
bool is_same(Value a, Value b);                                   // `is`; by value for ints and floats; no Python code
Result<bool> is_true(Thread& t, Value v);
TYPHON_INLINE Result<bool> truth(Thread& t, Value v) {
  if (v.is_bool()) return v.is_true();
  return is_true(t, v);
}
RefTo<Str> object_str(Thread& t, Value v);
RefTo<Str> object_repr(Thread& t, Value v);
RefTo<Str> object_ascii(Thread& t, Value v);
RefTo<Str> object_format(Thread& t, Value v, Value spec);         // spec: str, or EMPTY for ""
Result<i64> object_hash(Thread& t, Value v);                      // TypeError "unhashable type: 'X'"
Ref object_dir(Thread& t, Value v);
Result<bool> is_instance(Thread& t, Value v, Value class_or_tuple);   // isinstance()
Result<bool> is_subclass(Thread& t, Value c, Value class_or_tuple);
bool is_callable(Value v);
u64 object_id(Thread& t, Value v);
// Guards against endless recursion of repr: false when `v` is being repr'ed already.
Result<bool> repr_enter(Thread& t, Value v);
void repr_leave(Thread& t, Value v);

// --- protocol/attribute.cpp
Ref get_attribute(Thread& t, Value v, Str* name);                 // v.name
Ref get_attribute_or_empty(Thread& t, Value v, Str* name);        // EMPTY instead of AttributeError
Status set_attribute(Thread& t, Value v, Str* name, Value value);
Status delete_attribute(Thread& t, Value v, Str* name);
Ref get_attribute_utf8(Thread& t, Value v, const char* name);     // convenience for native modules
// The default __getattribute__/__setattr__ of object, and those of type and module.
Ref generic_get_attribute(Thread& t, Value v, Str* name);
Status generic_set_attribute(Thread& t, Value v, Str* name, Value value);
Ref type_get_attribute(Thread& t, Value type, Str* name);
Ref module_get_attribute(Thread& t, Value module, Str* name);  // with __getattr__ and the texts for modules
Status module_set_attribute(Thread& t, Value module, Str* name, Value value);
// For `v.name(...)`: the function, with *self_wanted true when v must be passed first (no bound method was made).
Ref get_method(Thread& t, Value v, Str* name, bool* self_wanted);

// --- protocol/call.cpp
Ref call(Thread& t, Value callable, const Args& args);
Ref call(Thread& t, Value callable);
template <class... V>
Ref call_with(Thread& t, Value callable, const V&... v) {
  Value words[] = {Value(v)...};
  return call(t, callable, Args{words, sizeof...(V)});
}
Ref call_tuple_dict(Thread& t, Value callable, Value tuple, Value dict);  // dict may be EMPTY
Ref call_method(Thread& t, Value self, Str* name, const Value* args, u32 n);
template <class... V>
Ref call_method_with(Thread& t, Value self, Str* name, const V&... v) {
  Value words[] = {Value(v)..., EMPTY};
  return call_method(t, self, name, words, sizeof...(V));
}
// Calls a Python function from native code: enters the interpreter (interpreter/call.cpp).
Ref call_function(Thread& t, Function* function, const Args& args);

// --- protocol/number.cpp
enum class BinaryOp : u8 { kAdd, kSub, kMul, kTrueDiv, kFloorDiv, kMod, kPow, kLshift, kRshift, kAnd, kOr, kXor, kMatmul, kDivmod };
Ref binary_op(Thread& t, BinaryOp op, Value a, Value b);
Ref inplace_op(Thread& t, BinaryOp op, Value a, Value b);
// a op b after that method, which is a Python function, said NotImplemented; the right operand's class is no subclass of the left one's.
Ref binary_op_after_left(Thread& t, BinaryOp op, Value a, Value b);
Ref power(Thread& t, Value a, Value b, Value modulus);
enum class UnaryOp : u8 { kNegative, kPositive, kInvert, kAbsolute };
Ref unary_op(Thread& t, UnaryOp op, Value v);

// --- protocol/compare.cpp
Ref compare(Thread& t, CompareOp op, Value a, Value b);
Result<bool> compare_bool(Thread& t, CompareOp op, Value a, Value b);
// Identity or ==, as containers compare.
Result<bool> equal(Thread& t, Value a, Value b);

// --- protocol/container.cpp
Result<i64> length(Thread& t, Value v);
Result<i64> length_hint(Thread& t, Value v, i64 fallback);
Ref get_item(Thread& t, Value v, Value key);
Ref get_item_index(Thread& t, Value v, i64 index);
Status set_item(Thread& t, Value v, Value key, Value value);
Status delete_item(Thread& t, Value v, Value key);
Result<bool> contains(Thread& t, Value container, Value item);
bool is_sequence(Value v);   // has __getitem__ and is no dict
bool is_mapping(Value v);

// --- protocol/iterate.cpp
Ref get_iter(Thread& t, Value v);            // TypeError "'X' object is not iterable"
Ref iter_next(Thread& t, Value iterator);    // EMPTY at the end (StopIteration is swallowed)
RefTo<List> to_list(Thread& t, Value iterable);
// What a shared set or the view of a shared dict holds, taken in one step; EMPTY for all else.
RefTo<List> shared_items(Thread& t, Value iterable);
RefTo<Tuple> to_tuple(Thread& t, Value iterable);
// sends into generators, coroutines or anything with send/__next__: the yielded value; EMPTY when finished, *result = its value.
Ref iter_send(Thread& t, Value iterator, Value value, Ref* result);

// --- convenience for native modules
// UTF-8 of a str argument: TypeError "NAME must be str, not X".
struct Utf8Argument {
  Utf8Buffer buffer;
  std::string_view text;
  Status get(Thread& t, Value v, const char* what);
};
// Paths: str (surrogateescape), bytes, or __fspath__. `out` gets the bytes, NUL-terminated.
struct PathArgument {
  Ref keep;
  const char* path = nullptr;
  size_t size = 0;
  bool was_bytes = false;
  Status get(Thread& t, Value v, const char* function, const char* argument);
};
Ref decode_fs(Thread& t, const char* bytes, size_t n);             // surrogateescape
Ref fs_path_py(Thread& t, Value v);                                // os.fspath
// seconds (int, float) or None to nanoseconds; EMPTY/None: -1.
Result<i64> to_timeout_ns(Thread& t, Value v);

}  // namespace typhon
