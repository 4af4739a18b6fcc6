// The 16-byte header that every heap object begins with, and the reference counts in it (docs/ownership.md).
//
// Exactly one of LOCAL, SHARED, DEFERRED, IMMORTAL is set in `state`:
//   LOCAL     only the thread that made it can reach it; plain counts, no locks
//   SHARED    published: any thread may reach it; counts (heap references only, in multi-threaded mode) are atomic
//   DEFERRED  shared and not counted: modules, classes, top-level functions, code and its constants; the cycle
//             collector alone reclaims it. `count` holds external pins
//   IMMORTAL  made by the runtime, never freed
//
// The mode byte: while the program has one Python thread (or a GIL), references to SHARED objects are counted in
// registers too, without atomics, and die at zero (single-threaded mode). The first Thread.start in free-threaded mode
// switches, for good, to multi-threaded mode: registers then hold SHARED objects as deferred words.
#pragma once
#include "value/value.h"

namespace typhon {

struct Type;
struct Thread;

namespace state {
inline constexpr u8 kLocal = 1;
inline constexpr u8 kShared = 2;
inline constexpr u8 kDeferred = 4;
inline constexpr u8 kImmortal = 8;
inline constexpr u8 kFinalized = 16;     // __del__ has run (PEP 442)
inline constexpr u8 kTracked = 32;       // may be part of a cycle: the collector looks at it
inline constexpr u8 kHasSideTable = 64;  // weakrefs or other rare data live in the side table
inline constexpr u8 kOld = 128;          // LOCAL: survived a young collection
inline constexpr u8 kOwnershipMask = kLocal | kShared | kDeferred | kImmortal;
}  // namespace state

namespace count {
inline constexpr i32 kQueued = 1;   // on a candidate list (R8: one RMW changes count and flags)
inline constexpr i32 kRevived = 2;  // the count left zero while queued
inline constexpr i32 kOne = 4;
inline constexpr i32 kStickyLimit = i32(1) << 29;  // past this the object becomes DEFERRED (R20)
}  // namespace count

struct Object {
  u32 shape;  // index into the shape table; 0 = dead memory
  i32 count;  // reference count * count::kOne + flags
  u8 lock;    // object lock (threads/object_lock.h)
  u8 state;
  u16 aux;   // checking builds: id of the owner thread while LOCAL. Otherwise free for the collector
  u32 aux2;  // type-specific

  // The shape may change under a reader: an attribute is added, __class__ assigned.
  u32 shape_id() const { return __atomic_load_n(&shape, __ATOMIC_RELAXED); }
  u8 ownership() const { return __atomic_load_n(&state, __ATOMIC_RELAXED); }
  bool is_local() const {
#if __has_feature(thread_sanitizer)
    return ownership() & state::kLocal;
#else
    return state & state::kLocal;  // in one instruction, which an atomic load of a byte is not; never true again once it was false
#endif
  }
};
static_assert(sizeof(Object) == 16);

// A word that others write meanwhile, for one comparison: as with is_local, an atomic load is an instruction of its own.
template <class T>
TYPHON_INLINE T load_relaxed(const T* at) {
#if __has_feature(thread_sanitizer)
  return __atomic_load_n(at, __ATOMIC_RELAXED);
#else
  return *at;
#endif
}

// The shape of an object, for one comparison: folded into it, which an atomic load is not.
TYPHON_INLINE u32 quick_shape(const Object* object) {
#if __has_feature(thread_sanitizer)
  return object->shape_id();
#else
  return object->shape;
#endif
}

// LOCAL, plus SHARED in single-threaded mode: the ownership states whose register references are counted, plainly.
extern u8 g_counted_states;
// True once several Python threads run in parallel; never becomes false again (R10).
extern bool g_multi_threaded;

// True for an object that is being destroyed. Whoever finds an object through a weak edge (weakref, intern table, the side
// table's list of weakrefs, a cache) asks this before taking a reference; what dies leaves the table in its release.
// (A shared object whose count is zero in multi-threaded mode is alive until a reclaim condemns it.)
TYPHON_INLINE bool is_dying(const Object* object) {
  return (object->ownership() & g_counted_states) && __atomic_load_n(&object->count, __ATOMIC_RELAXED) < count::kOne;
}

// --- slow paths, heap/ownership.cpp
// The plain count of `object` fell to zero: finalises and frees it (may run Python code), bounded in C stack depth.
void destroy(Object* object);
// Drops one atomic count of an object that is not in g_counted_states (nothing for DEFERRED and IMMORTAL); at zero it
// becomes a candidate for reclaiming.
void release_shared(Object* object);
// Adds n counts (in units of one reference) to an object outside g_counted_states. Saturates to DEFERRED.
void retain_shared(Object* object, u32 n = 1);
// The count of an object in g_counted_states passed kStickyLimit: makes it DEFERRED (publishes it first when LOCAL).
void saturate(Object* object);

// Makes an owned register word of a borrowed word (from a register or a heap slot): counts a LOCAL object, marks a
// shared one as deferred.
TYPHON_INLINE Value acquire(Value v) {
  if (v.bits & 7) return v;
  Object* object = v.object();
  if (object == nullptr) return v;
  if (object->ownership() & g_counted_states) [[likely]] {
    object->count += count::kOne;
    if (object->count >= count::kStickyLimit) [[unlikely]] saturate(object);
    return Value(object);
  }
  return Value(u64(object) | Value::kDeferredBit);
}

// Drops an owned register word. May run Python code (finalisers) when that was the last reference.
TYPHON_INLINE void release(Value v) {
  if (v.bits & 15) return;
  Object* object = v.object();
  if (object == nullptr) return;
  if (object->ownership() & g_counted_states) [[likely]] {
    if ((object->count -= count::kOne) < count::kOne) [[unlikely]] destroy(object);
    return;
  }
  release_shared(object);
}

// Turns an owned register word into the word a heap slot holds, transferring its count (taking one when deferred).
TYPHON_INLINE Value to_heap_word(Value owned) {
  if (!owned.is_deferred()) return owned;
  Object* object = owned.object();
  retain_shared(object);
  return Value(object);
}

// The heap word for a borrowed word: takes one count.
TYPHON_INLINE Value heap_copy(Value v) {
  if (v.bits & 7) return v;
  Object* object = v.object();
  if (object == nullptr) return v;
  if (object->ownership() & g_counted_states) [[likely]] {
    object->count += count::kOne;
    if (object->count >= count::kStickyLimit) [[unlikely]] saturate(object);
  } else {
    retain_shared(object);
  }
  return Value(object);
}

}  // namespace typhon
