// What the container types share: equality without Python code, index and argument checks, contention test.
#pragma once
#include "objects/protocol/protocol.h"

namespace typhon {

// Whether other threads may be reading or writing the object right now. The answer dies at every callout (R2).
TYPHON_INLINE bool is_contended(const Object* object) { return g_multi_threaded && !object->is_local(); }

// "Identical or equal" as far as it can be told without running Python code.
enum class Quick : u8 { kNo, kYes, kUnknown };
Quick quick_equal_slow(Value a, Value b);
TYPHON_INLINE Quick quick_equal(Value a, Value b) {
  if (a.same_word(b)) return Quick::kYes;
  if (a.bits & b.bits & 1) return Quick::kNo;
  return quick_equal_slow(a, b);
}
// The same with the generic comparison behind it. May run Python code only when quick_equal does not know.
TYPHON_INLINE Result<bool> values_equal(Thread& t, Value a, Value b) {
  Quick q = quick_equal(a, b);
  if (q != Quick::kUnknown) [[likely]]
    return q == Quick::kYes;
  return equal(t, a, b);
}

// The hash of a str as keys have it (key_of_hash), computed at most once.
TYPHON_INLINE u32 str_key_hash(const Str* s) {
  u32 h = __atomic_load_n(&s->aux2, __ATOMIC_RELAXED);
  return h != 0 ? h : str_hash32(s);
}
inline constexpr i64 kHashModulus = (i64(1) << 61) - 1;
// The key_of_hash of the hash() of a key of a dict or set; TypeError "cannot use 'X' as a ROLE (unhashable type: 'X')", without a role "unhashable type: 'X'". Exact str and small
// ints run no Python code.
Result<u64> key_hash_slow(Thread& t, Value key, const char* role);
TYPHON_INLINE Result<u64> key_hash(Thread& t, Value key, const char* role) {
  if (key.is_small_int()) {
    if (u64 n = u64(key.as_small_int()); n >> 32 == 0) [[likely]] return n;
  } else if (is_exact_str(key)) {
    return u64(str_key_hash(key.as<Str>()));
  }
  return key_hash_slow(t, key, role);
}

TYPHON_INLINE bool is_indexable(Value v) { return v.is_small_int() || type_of(v)->slots.index != nullptr; }
// A subscript: __index__, IndexError "cannot fit 'X' into an index-sized integer" when it is too large.
Result<i64> subscript_index(Thread& t, Value v);
// A repeat count, clamped below at 0: OverflowError when it does not fit.
Result<i64> repeat_count(Thread& t, Value v);

// "NAME() takes no keyword arguments"
Status check_no_keywords(Thread& t, const char* name, const Args& args);
// "NAME expected at most 1 argument, got 2" and its variants.
Status check_arity(Thread& t, const char* name, const Args& args, u32 minimum, u32 maximum);

// Appends repr(v). May run Python code.
Status append_repr(Thread& t, StrBuilder& out, Value v);

// NAME of the running frame's builtins, for __reduce__: AttributeError when it is not there; protocol/attribute.cpp.
Ref builtin_named(Thread& t, const char* name);
// (builtins.NAME, (argument,)[, state])
Ref reduce_to_builtin(Thread& t, const char* name, Value argument, Value state = EMPTY);

// The three-way outcome of a comparison operator.
inline bool order_holds(CompareOp op, i64 difference) {
  switch (op) {
    case CompareOp::kLt: return difference < 0;
    case CompareOp::kLe: return difference <= 0;
    case CompareOp::kEq: return difference == 0;
    case CompareOp::kNe: return difference != 0;
    case CompareOp::kGt: return difference > 0;
    default: return difference >= 0;
  }
}

// A plain object of a native type that is not in types.def.
template <class T>
T* allocate_native(Thread& t, const Type* type) {
  return static_cast<T*>(heap::allocate(t, type->root_shape, sizeof(T), true));
}

// A slice's bounds before the length is known: runs __index__, so read the length afterwards and then adjust.
// SliceIndices are passed by address: copies are made 16 bytes at a time, which waits for the narrower stores before (no store forwarding).
Status slice_unpack_py(Thread& t, Slice* slice, SliceIndices* out);
Status slice_resolve_py(Thread& t, Slice* slice, i64 length, SliceIndices* out);
void slice_adjust(SliceIndices* indices, i64 length);
// sequence[slice], for indices as slice_unpack_py gives them, which are adjusted.
RefTo<List> list_slice(Thread& t, List* list, SliceIndices* indices);
// tuple + items, or items + tuple, an exact one. The items are moved: EMPTY afterwards.
Ref tuple_extended(Thread& t, Value tuple, Value* owned_items, size_t n, bool items_first);
// left + right, exact tuples with items. An operand that is owned is given away, and EMPTY afterwards (unless that raises).
Ref tuple_join(Thread& t, Value* left, bool left_owned, Value* right, bool right_owned);
RefTo<Tuple> tuple_slice(Thread& t, Tuple* tuple, SliceIndices* indices);
// slice.indices(length) in ints of any size: the tuple (start, stop, step).
RefTo<Tuple> slice_indices_big(Thread& t, Slice* slice, Value length);
// The optional start and stop arguments of index(): clamped, negative ones counted from the end (of `length`) later.
Result<i64> search_bound(Thread& t, Value v, i64 fallback);

// Writes a heap word into storage that racing readers may look at.
TYPHON_INLINE void put_word(Field& field, Value word) {
  __atomic_store_n(&field.address()->bits, word.bits, __ATOMIC_RELEASE);
}
// Whether a range holds immediates only, so that it may be copied as it is.
inline bool immediates_only(const Value* words, u64 n) {
  u64 objects = 0;
  for (u64 i = 0; i < n; i++) objects |= u64((words[i].bits & 7) == 0);
  return objects == 0;
}
// Heap words for n borrowed ones, into storage that nobody looks at yet. Gives the states that occur among the objects.
TYPHON_INLINE u8 copy_words(Field* to, const Value* from, u64 n) {
  if (n > 16 && immediates_only(from, n)) {
    std::memcpy(static_cast<void*>(to), static_cast<const void*>(from), n * sizeof(Value));
    return 0;
  }
  u8 seen = 0;
  for (u64 i = 0; i < n; i++) {
    Value v = from[i];
    if (!(v.bits & 7) && !v.is_empty()) {
      Object* object = v.object();
      u8 ownership = object->ownership();
      seen |= ownership;
      v = Value(object);
      if ((ownership & g_counted_states) && object->count < count::kStickyLimit) [[likely]]
        object->count += count::kOne;
      else if (!(ownership & (state::kDeferred | state::kImmortal)))
        v = heap_copy_rest(v);
    }
    *to[i].address() = v;
  }
  return seen;
}
// The same for owned words, which are EMPTY afterwards.
TYPHON_INLINE u8 move_owned(Field* to, Value* from, u64 n) {
  u8 seen = 0;
  for (u64 i = 0; i < n; i++) {
    Value v = from[i];
    from[i] = EMPTY;
    if (!(v.bits & 7) && !v.is_empty()) {
      u8 ownership = v.object()->ownership();
      seen |= ownership;
      if (v.is_deferred()) v = ownership & (state::kDeferred | state::kImmortal) ? Value(v.object()) : heap_copy_rest(v);
    }
    *to[i].address() = v;
  }
  return seen;
}
// Ends owned words for which there is no memory.
inline Raised drop_owned(Value* owned, u64 n) {
  for (u64 i = 0; i < n; i++) release(std::exchange(owned[i], EMPTY));
  return Raised{};
}
// Moves n heap words between overlapping ranges of one array.
inline void move_words(const Object* owner, Field* to, Field* from, u64 n) {
  if (!is_contended(owner)) {
    std::memmove(static_cast<void*>(to), static_cast<const void*>(from), n * sizeof(Field));
  } else if (to < from) {
    for (u64 i = 0; i < n; i++) put_word(to[i], from[i].peek());
  } else {
    for (u64 i = n; i-- > 0;) put_word(to[i], from[i].peek());
  }
}
inline constexpr u64 kMaxItems = u64(1) << 58;

// types.GenericAlias(origin, args); provided by generic_alias.cpp.
Ref generic_alias_new(Thread& t, Value origin, Value args);
// What an iterator still gives (protocol/iterate.cpp).
RefTo<Tuple> items_left(Thread& t, Value iterator);
// The items of an iterable, asked for as PySequence_Fast does; a TypeError of iter() becomes one with `message`.
RefTo<Tuple> items_of(Thread& t, Value iterable, const char* message);
// __class_getitem__ of every container type.
Ref class_getitem(Thread& t, Value cls, const Value* a);
// __iter__ of iterators.
Ref iter_self(Thread& t, Value self);
Ref iter_self_method(Thread& t, Value self, const Value* a);

}  // namespace typhon
