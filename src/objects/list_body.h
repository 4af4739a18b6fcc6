// The array of a list: shared by list.cpp and list_sort.cpp.
//
// Readers load size, then body, and check the index against the body's capacity: slots past the size are EMPTY, so a
// reader that comes too late sees an EMPTY and takes it for "out of range". Writers hold the list's lock.
#pragma once
#include "objects/container_util.h"

namespace typhon::list_body {

TYPHON_INLINE u64 size_of(const List* list) { return __atomic_load_n(&list->size, __ATOMIC_ACQUIRE); }
TYPHON_INLINE ListBody* body_of(const List* list) { return __atomic_load_n(&list->body, __ATOMIC_ACQUIRE); }
TYPHON_INLINE void set_size(List* list, u64 n) { __atomic_store_n(&list->size, n, __ATOMIC_RELEASE); }
TYPHON_INLINE void set_body(List* list, ListBody* body) { __atomic_store_n(&list->body, body, __ATOMIC_RELEASE); }

// Item `index`, EMPTY when there is none.
TYPHON_INLINE Ref item_at(const List* list, u64 index) {
  u64 size = size_of(list);
  ListBody* body = body_of(list);
  if (index >= size || body == nullptr || index >= body->capacity) return Ref();
  return body->items[index].load();
}

// EMPTY-filled; null with MemoryError pending.
ListBody* allocate_body(Thread& t, List* owner, u64 capacity);

}  // namespace typhon::list_body
