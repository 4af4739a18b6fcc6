// Layout and C++ API of tuple, list, dict and set. Each type's operations live in its own .cpp (tuple.cpp, list.cpp, dict/*.cpp, set.cpp).
//
// Thread safety (docs/thread-safety.md): reads of shared containers are lock-free, writers take the object lock; LOCAL
// containers and single-threaded mode need neither (ObjectLock knows). A table or items pointer never crosses a
// safepoint (R1): functions marked _py call back into Python code (__eq__, __hash__) and re-read afterwards.
#pragma once
#include "objects/str.h"
#include "threads/object_lock.h"

namespace typhon {

// --- tuple. Immutable once published. aux2: the number of items.
struct Tuple : Object {
  // Kept in the header, so that a pair takes 32 bytes.
  __declspec(property(get = length, put = set_length)) u64 size;
  u64 length() const { return aux2; }
  void set_length(u64 n) { aux2 = u32(n); }
  Field items[1];  // `size` of them
};
inline constexpr u64 kMaxTuple = 0xFFFF'FFFF;
RefTo<Tuple> tuple_from(Thread& t, const Value* items, size_t n);      // copies borrowed words
RefTo<Tuple> tuple_take(Thread& t, Value* owned_items, size_t n);      // moves owned register words; leaves EMPTY behind
RefTo<Tuple> tuple_allocate(Thread& t, size_t n);                      // EMPTY items, to be init'ed by the caller
Tuple* empty_tuple();                                                  // immortal
inline RefTo<Tuple> tuple_of(Thread& t) { return RefTo<Tuple>::copy(empty_tuple()); }
template <class... V>
RefTo<Tuple> tuple_of(Thread& t, const V&... v) {
  Value words[] = {Value(v)...};
  return tuple_from(t, words, sizeof...(V));
}

// --- list. `items` points behind the Body header of the array; its capacity is in the body. EMPTY-filled past size.
struct ListBody : heap::Body {
  u64 capacity;
  Field items[1];
};
struct List : Object {
  u64 size;
  ListBody* body;  // null when nothing was ever stored
};
RefTo<List> list_new(Thread& t, size_t capacity = 0);
RefTo<List> list_from(Thread& t, const Value* items, size_t n);  // copies
RefTo<List> list_take(Thread& t, Value* owned_items, size_t n);  // moves
Status list_append(Thread& t, List* list, Value item);
Status list_append(Thread& t, List* list, Ref&& item);
Status list_insert(Thread& t, List* list, i64 index, Value item);
size_t list_size(const List* list);
Ref list_get(Thread& t, List* list, size_t index);        // EMPTY when out of range (a racing shrink)
Status list_set(Thread& t, List* list, size_t index, Value item);  // IndexError when out of range
Status list_extend_py(Thread& t, List* list, Value iterable);
Ref list_pop(Thread& t, List* list);                      // EMPTY when empty
RefTo<Tuple> list_to_tuple(Thread& t, List* list);        // a consistent snapshot
Status list_sort_py(Thread& t, List* list, Value key, bool reverse);

// --- dict: compact and ordered. The table is one body: entries are append-only within a table (R1), so (table id, entry index)
// is a sound inline cache for "the value of this key": a deleted entry's value becomes EMPTY, its key stays.
struct DictEntry {
  u64 hash;
  Field key;
  Field value;
};
struct DictTable : heap::Body {
  u32 id;             // unique among all tables ever made; 0 = none given yet (dict_find_entry does), or ids used up: do not cache
  u8 log2_size;       // of the index
  u8 index_width;     // bytes per index slot
  Relaxed<u8> all_str;  // every key is an exact str
  Relaxed<u8> has_cells;  // instructions may know where its values are, or that a name is missing (global_cells.h)
  u32 entry_count;    // entries used, deleted ones included; grows only (release store after the entry is written)
  u32 entry_capacity;
  u64 reserved2;
  u32 index_mask;     // slots of the index - 1
  u32 entries_at;     // where the entries begin, in words from the start of the table
  // indices, then entries
  DictEntry* entries();
  const DictEntry* entries() const { return const_cast<DictTable*>(this)->entries(); }
};
TYPHON_INLINE u32 table_id(const DictTable* table) { return __atomic_load_n(&table->id, __ATOMIC_RELAXED); }
TYPHON_INLINE DictEntry* DictTable::entries() {
  return reinterpret_cast<DictEntry*>(reinterpret_cast<u64*>(this) + entries_at);
}
struct Dict : Object {
  u64 used;           // live entries
  DictTable* table;   // never null (an immortal empty table)
};
RefTo<Dict> dict_new(Thread& t, size_t expected = 0);
size_t dict_size(const Dict* d);
// String keys (exact str): no Python code runs, no exceptions but MemoryError. Lookups return EMPTY when absent.
Ref dict_get_str(Thread& t, Dict* d, Str* key);
Value dict_peek_str(Dict* d, Str* key);                    // borrowed
Status dict_set_str(Thread& t, Dict* d, Str* key, Value value);
Result<bool> dict_delete_str(Thread& t, Dict* d, Str* key);  // false when absent
// Index of the entry of an interned key in the dict's present table, -1 when absent; for inline caches.
i64 dict_find_entry(const DictTable* table, Str* interned_key);
// Any key; may run __hash__ and __eq__.
Ref dict_get_py(Thread& t, Dict* d, Value key);            // EMPTY when absent
Status dict_set_py(Thread& t, Dict* d, Value key, Value value);
Result<bool> dict_delete_py(Thread& t, Dict* d, Value key);
Result<bool> dict_contains_py(Thread& t, Dict* d, Value key);
Ref dict_setdefault_py(Thread& t, Dict* d, Value key, Value value);
Ref dict_pop_py(Thread& t, Dict* d, Value key);            // EMPTY when absent
Status dict_update_py(Thread& t, Dict* d, Value other, bool override_existing = true);  // dict, mapping or pairs
RefTo<Dict> dict_copy(Thread& t, Dict* d);
void dict_clear(Thread& t, Dict* d);
// Iteration in C++: position starts at 0; false at the end. Gives owned references, so the dict may change meanwhile (a table change
// restarts nothing: raises no error, may miss or repeat nothing that was present throughout).
bool dict_next(Thread& t, Dict* d, size_t* position, Ref* key, Ref* value);
RefTo<List> dict_keys_list(Thread& t, Dict* d);
RefTo<List> dict_values_list(Thread& t, Dict* d);
RefTo<List> dict_items_list(Thread& t, Dict* d);

// --- set and frozenset. Same discipline: one table body, lock-free membership tests, locked writers.
struct SetEntry {
  u64 hash;
  Field key;
};
struct SetTable : heap::Body {
  u64 mask;
  u64 fill;   // used entries, deleted ones included
  SetEntry entries[1];
};
struct Set : Object {  // aux2: cached hash of a frozenset (0 = none)
  u64 used;
  SetTable* table;
  u64 hash_cache;
};
RefTo<Set> set_new(Thread& t, bool frozen = false);
RefTo<List> set_items_list(Thread& t, Set* s);
RefTo<Set> set_from_py(Thread& t, Value iterable, bool frozen);
size_t set_size(const Set* s);
Result<bool> set_add_py(Thread& t, Set* s, Value key);       // true when it was not there
Result<bool> set_contains_py(Thread& t, Set* s, Value key);
Result<bool> set_discard_py(Thread& t, Set* s, Value key);   // true when it was there
bool set_next(Thread& t, Set* s, size_t* position, Ref* key);
Status set_update_py(Thread& t, Set* s, Value iterable);

// --- range, slice and plain iterators
struct Range : Object {
  Field start, stop, step, length;  // ints
};
struct Slice : Object {
  Field start, stop, step;
};
RefTo<Slice> slice_new(Thread& t, Value start, Value stop, Value step);
// Resolves a slice against a length, as slice.indices does: start, stop, step, and the item count. Runs __index__.
struct SliceIndices {
  i64 start, stop, step, count;
};

struct RangeIterator : Object {  // only for ranges whose bounds fit small ints; big ones have a type of their own
  i64 next, step;
  i64 remaining;  // racing readers take an element by an atomic decrement when shared
};
struct ListIterator : Object {  // list, tuple, str iterators: sequence and position
  Field sequence;               // EMPTY when exhausted
  i64 index;                    // advanced atomically when shared
};
struct DictIterator : Object {
  Field dict;
  u64 position;
  u64 expected_used;
  u64 remaining;
};

struct MappingProxy : Object {
  Field mapping;
};
RefTo<MappingProxy> mappingproxy_new(Thread& t, Value mapping);

struct Bytes : Object {
  u64 size;
  u8 data[8];  // size bytes and a NUL
};
RefTo<Bytes> bytes_from(Thread& t, const void* data, size_t n);
RefTo<Bytes> bytes_allocate(Thread& t, size_t n);  // uninitialised; NUL set
Bytes* empty_bytes();
struct ByteArray : Object {
  u64 size;
  u8* data;            // malloc'ed (PYTHONMALLOC's allocator); null when capacity is 0
  u64 capacity, offset;
  u32 exports;         // buffers that forbid resizing; atomic
};
RefTo<ByteArray> bytearray_from(Thread& t, const void* data, size_t n);

// --- buffer protocol
struct Buffer {
  void* data = nullptr;
  Value owner = EMPTY;     // owned word of the exporter
  i64 length = 0;          // bytes
  i64 item_size = 1;
  bool readonly = true;
  i32 dimensions = 1;
  const char* format = nullptr;  // null: "B"
  i64* shape = nullptr;
  i64* strides = nullptr;
  i64* suboffsets = nullptr;
  i64 small_shape[2] = {}, small_strides[2] = {};
  void* internal = nullptr;
};
namespace buffer_flag {
inline constexpr int kSimple = 0, kWritable = 1, kFormat = 4, kNd = 8, kStrides = 0x18, kCContiguous = 0x38, kFContiguous = 0x58, kAnyContiguous = 0x98, kFullRo = 0x11C, kFull = 0x11D, kContigRo = 8;
}
Status get_buffer(Thread& t, Value v, Buffer* buffer, int flags);  // TypeError "a bytes-like object is required, not 'X'"
void release_buffer(Thread& t, Buffer* buffer);
// A contiguous read-only view of any bytes-like object, released at scope end.
class ByteView {
 public:
  explicit ByteView(Thread& t) : thread_(t) {}
  ~ByteView() { if (!buffer_.owner.is_empty()) release_buffer(thread_, &buffer_); }
  ByteView(const ByteView&) = delete;
  Status get(Value v, bool writable = false) { return get_buffer(thread_, v, &buffer_, writable ? buffer_flag::kWritable : buffer_flag::kSimple); }
  u8* data() const { return static_cast<u8*>(buffer_.data); }
  size_t size() const { return size_t(buffer_.length); }
 private:
  Thread& thread_;
  Buffer buffer_;
};
bool has_buffer(Value v);

}  // namespace typhon
