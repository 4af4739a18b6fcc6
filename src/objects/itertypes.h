// The iterator and view types that are not core types (types.def): made once at start-up by initialise_container_types.
#pragma once
#include "objects/container_util.h"
#include "objects/list_body.h"

namespace typhon {

namespace types {
extern Type *zip, *map, *filter, *reversed;
extern Type *dict_keys, *dict_values, *dict_items;
extern Type *dict_reversekeyiterator, *dict_reversevalueiterator, *dict_reverseitemiterator;
extern Type *set_iterator, *list_reverseiterator, *callable_iterator, *sequence_iterator, *longrange_iterator;
}  // namespace types

Status initialise_container_types(Thread& t);

// iter(object with __getitem__): calls object[0], object[1]... until IndexError or StopIteration.
Ref sequence_iterator_new(Thread& t, Value sequence);
// For a loop that calls __getitem__ itself: after an item, and at the end.
void sequence_iterator_advance(ListIterator* it);
void sequence_iterator_finish(ListIterator* it);
// iter(callable, sentinel); `callable` has been checked to be one.
Ref callable_iterator_new(Thread& t, Value callable, Value sentinel);
// What the view of a dict holds, taken in one step, without a call of Python code; EMPTY for all else.
RefTo<List> dict_view_items(Thread& t, Value view);
// reversed(v)
Ref reversed_py(Thread& t, Value v);
// The plain iterators: `kind` is one of the fixed shapes of list, tuple and str iterators.
Ref position_iterator_new(Thread& t, CoreShape kind, Value sequence);
Ref list_reverseiterator_new(Thread& t, List* list);
Ref set_iterator_new(Thread& t, Set* set);
// iter(range), reversed(range): range_iterator or longrange_iterator.
Ref range_iterator_new(Thread& t, Range* range, bool backwards);

// The next item of an iterator over a list, tuple or range that no other thread uses, as an owned word. EMPTY: ask iter_next.
TYPHON_INLINE Value quick_next(Value iterator) {
  if (!iterator.is_object() || is_contended(iterator.object())) return EMPTY;
  u32 shape = iterator.object()->shape_id();
  if (shape == kShape_range_iterator) {
    auto* it = iterator.as<RangeIterator>();
    if (it->remaining <= 0) return EMPTY;
    i64 n = it->next;
    it->next = n + it->step;
    it->remaining--;
    return Value::small_int(n);
  }
  if (shape != kShape_list_iterator && shape != kShape_tuple_iterator) return EMPTY;
  auto* it = iterator.as<ListIterator>();
  Value sequence = it->sequence.peek(), item = EMPTY;
  if (sequence.is_empty()) return EMPTY;
  u64 index = u64(it->index);
  if (shape == kShape_list_iterator) {
    auto* list = sequence.as<List>();
    u64 size = list_body::size_of(list);
    ListBody* body = list_body::body_of(list);
    if (index >= size || body == nullptr || index >= body->capacity) return EMPTY;
    item = body->items[index].peek();
  } else {
    auto* tuple = sequence.as<Tuple>();
    if (index >= tuple->size) return EMPTY;
    item = tuple->items[index].peek();
  }
  if (!item.is_empty()) it->index++;
  return acquire(item);
}

// iter_next of the iterator in a slot of a heap object.
Ref next_of_slot(Thread& t, const Field& iterator);
TYPHON_INLINE Ref next_of(Thread& t, const Field& iterator) {
  Value quick = quick_next(iterator.peek());
  return quick.is_empty() ? next_of_slot(t, iterator) : Ref::adopt(quick);
}

struct Enumerate : Object {
  Field iterator;
  Field big_index;  // int, once (or when started) beyond i64; else EMPTY
  i64 index;        // advanced atomically when shared; kMaxSmallInt with a big_index
};

// For `for a, b in ...` over enumerate, zip and dict.items(): the parts of the next tuple as owned words in out[0..n), without the
// tuple. kNotARow: the iterator is none of these, or gives tuples of another size; nothing was done.
enum class RowOutcome : u8 { kItems, kEnd, kRaised, kNotARow };
inline constexpr u32 kMaxRow = 4;
RowOutcome next_row(Thread& t, Value iterator, Value* out, u32 n);
RowOutcome dict_next_row(Thread& t, DictIterator* iterator, Value* out);  // of an exact dict_itemiterator

// --- the parts that other files make
Status initialise_plain_iterators(Thread& t);  // iterators.cpp
Status initialise_dict_types(Thread& t);       // dict/views.cpp
Status initialise_set_iterator(Thread& t);     // set.cpp
Status initialise_longrange(Thread& t);        // range.cpp

// --- set algebra on a set under construction or given (set.cpp); `other` any iterable
Status set_difference_update_py(Thread& t, Set* s, Value other);
Status set_symmetric_update_py(Thread& t, Set* s, Value other);

}  // namespace typhon
