// The iterator and view types that are not core types (types.def): made once at start-up by initialise_container_types.
#pragma once
#include "objects/container_util.h"

namespace typhon {

namespace types {
extern Type *enumerate, *zip, *map, *filter, *reversed;
extern Type *dict_keys, *dict_values, *dict_items;
extern Type *dict_reversekeyiterator, *dict_reversevalueiterator, *dict_reverseitemiterator;
extern Type *set_iterator, *list_reverseiterator, *callable_iterator, *sequence_iterator, *longrange_iterator;
}  // namespace types

Status initialise_container_types(Thread& t);

// iter(object with __getitem__): calls object[0], object[1]... until IndexError or StopIteration.
Ref sequence_iterator_new(Thread& t, Value sequence);
// iter(callable, sentinel); `callable` has been checked to be one.
Ref callable_iterator_new(Thread& t, Value callable, Value sentinel);
// reversed(v)
Ref reversed_py(Thread& t, Value v);
// The plain iterators: `kind` is one of the fixed shapes of list, tuple and str iterators.
Ref position_iterator_new(Thread& t, CoreShape kind, Value sequence);
Ref list_reverseiterator_new(Thread& t, List* list);
Ref set_iterator_new(Thread& t, Set* set);
// iter(range), reversed(range): range_iterator or longrange_iterator.
Ref range_iterator_new(Thread& t, Range* range, bool backwards);

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
