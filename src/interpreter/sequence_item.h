// Items of lists and tuples, as the handlers that index them read them.
#pragma once
#include "interpreter/blocks.h"
#include "interpreter/dispatch.h"

namespace typhon {

// The item, borrowed; EMPTY when the index, an int, is out of range.
TYPHON_INLINE Value list_item(List* list, i64 i) {
  if (list->is_local()) [[likely]] {
    if (u64(i) < list->size) [[likely]] return list->body->items[i].peek();
    i += i64(list->size);
    return u64(i) < list->size ? list->body->items[i].peek() : EMPTY;
  }
  ListBody* body = __atomic_load_n(&list->body, __ATOMIC_ACQUIRE);
  u64 size = __atomic_load_n(&list->size, __ATOMIC_RELAXED);
  if (i < 0) i += i64(size);
  // The array tells its own capacity: whatever races, the read stays inside.
  if (u64(i) >= size || body == nullptr || u64(i) >= body->capacity) [[unlikely]] return EMPTY;
  return body->items[i].peek();
}
TYPHON_INLINE Value tuple_item(Tuple* tuple, i64 i) {
  if (u64(i) < tuple->size) [[likely]] return tuple->items[i].peek();
  i += i64(tuple->size);
  return u64(i) < tuple->size ? tuple->items[i].peek() : EMPTY;
}
// The same for any container that is not EMPTY; EMPTY too when it is no list or tuple.
template <From kFrom = From::kRegister>
TYPHON_INLINE Value sequence_item(Value container, i64 i) {
  if (!points(container)) [[unlikely]] return EMPTY;
  Object* object = object_of<kFrom>(container);
  u32 shape = quick_shape(object);
  if (shape == kShape_list) [[likely]] return list_item(static_cast<List*>(object), i);
  if (shape != kShape_tuple) return EMPTY;
  Value item = tuple_item(static_cast<Tuple*>(object), i);
  asm("" : "+r"(item.bits));  // or both loads become one, of an address worked out before
  return item;
}
// ... and for any key.
template <From kFrom = From::kRegister>
TYPHON_INLINE Value sequence_item(Value container, Value key) {
  return key.is_small_int() ? sequence_item<kFrom>(container, key.as_small_int()) : EMPTY;
}

// A character of a string that is one of the strings kept for good; EMPTY otherwise. The container is none that is EMPTY.
TYPHON_INLINE Value text_item(Value container, Value key) {
  if (!points_to(container, kShape_str) || !key.is_small_int()) return EMPTY;
  const Str* s = container.as<Str>();
  u64 i = u64(key.as_small_int());
  if (i >= s->length()) return EMPTY;
  u32 c = s->kind() == 0 ? s->data<u8>()[i] : s->at(i);
  return c < 256 ? Value(g_latin1[c]) : EMPTY;
}

// The first storage of a list that nobody else looks at; null: ask the heap.
TYPHON_INLINE ListBody* quick_first_body(Thread* t, List* list) {
  constexpr u32 kSize = 64, kSizeClass = kSize / 16 - 1, kCapacity = (kSize - (sizeof(ListBody) - sizeof(Field))) / sizeof(Field);
  auto* body = reinterpret_cast<ListBody*>(free_object(t, kSizeClass));
  if (body == nullptr) return nullptr;
  body->capacity = kCapacity;
  for (u32 i = 0; i < kCapacity; i++) *body->items[i].address() = EMPTY;
  take_body(t, kSizeClass, body, list);
  list->body = body;
  return body;
}
// Puts an item, moved or counted, at the end of a list that has room and that nobody else looks at. False: not done.
TYPHON_INLINE bool quick_append(Thread* t, Value target, Value item, bool moved) {
  if (!is_exact_list(target)) return false;
  List* list = target.as<List>();
  if (!list->is_local() && g_multi_threaded) return false;
  ListBody* body = list->body;
  u64 n = list->size;
  if (body == nullptr) {
    if (!list->is_local() || (body = quick_first_body(t, list)) == nullptr) return false;
  } else if (n >= body->capacity) {
    return false;
  }
  Value stored;
  if (!quick_heap_word(item, moved, list, &stored)) return false;
  *body->items[n].address() = stored;
  list->size = n + 1;
  return true;
}

}  // namespace typhon
