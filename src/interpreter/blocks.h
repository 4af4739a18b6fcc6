// Small objects made and freed inside handlers, as heap.cpp does it in the usual case, without a call.
#pragma once
#include "heap/pages.h"
#include "objects/shape.h"
#include "threads/thread.h"

namespace typhon {

// As many size classes are 16 bytes apart.
inline constexpr u32 kQuickClasses = 32;
static_assert(heap::class_size(kQuickClasses - 1) == kQuickClasses * 16);

// A block of (size_class + 1) * 16 bytes that was freed lately and stays where it is, for what is to be tried; null: ask the heap.
TYPHON_INLINE Object* free_object(Thread* t, u32 size_class) {
  return heap::kQuickBlocks ? static_cast<Object*>(t->free_lists[size_class]) : nullptr;
}
// Makes it a LOCAL object with a count of one. Its words from the third on are set already.
TYPHON_INLINE void take_object(Thread* t, u32 size_class, Object* object, u32 shape, bool tracked, u32 aux2 = 0) {
  t->free_lists[size_class] = heap::link_of(object);
  u64* words = reinterpret_cast<u64*>(object);
  words[1] = u64(state::kLocal | (tracked ? state::kTracked : 0)) << 8 | u64(aux2) << 32;
  __atomic_store_n(&words[0], shape | u64(count::kOne) << 32, __ATOMIC_RELAXED);  // last: a block with a shape is alive
}
// The same for the storage of an object, of the words behind the header.
TYPHON_INLINE void take_body(Thread* t, u32 size_class, heap::Body* body, Object* owner) {
  t->free_lists[size_class] = heap::link_of(body);
  body->flags = 0;
  body->owner = owner;
  __atomic_store_n(&body->shape, heap::kBodyShape, __ATOMIC_RELAXED);
}

// Whether nobody else refers to the object in an owned word, directly or weakly, so that it dies with the word.
TYPHON_INLINE bool is_sole_owner(Value word) {
  Object* object = reinterpret_cast<Object*>(word.bits);
  return (word.bits & 15) == 0 && (object->ownership() & (state::kLocal | state::kHasSideTable)) == state::kLocal &&
         object->count < 2 * count::kOne;
}

}  // namespace typhon
