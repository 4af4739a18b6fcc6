// list: the C++ API of containers.h and the type. Sorting is in list_sort.cpp, iterators in iterators.cpp.
#include "heap/checking.h"
#include "objects/itertypes.h"
#include "objects/list_body.h"
#include "objects/word_buffer.h"

namespace typhon {

using namespace list_body;

namespace list_body {

constexpr u64 kBodyHeader = sizeof(ListBody) - sizeof(Field);

ListBody* allocate_body(Thread& t, List* owner, u64 capacity) {
  if (capacity > kMaxItems) {
    (void)raise_no_memory(t);
    return nullptr;
  }
  size_t bytes = align_up(kBodyHeader + capacity * sizeof(Field), heap::kGranule);
  ListBody* body = static_cast<ListBody*>(heap::allocate_body(t, owner, bytes));
  if (body == nullptr) return nullptr;
  body->capacity = (bytes - kBodyHeader) / sizeof(Field);
  return body;
}

}  // namespace list_body

namespace {

u64 grown_capacity(const List* list, u64 needed) {
  // Shared arrays wait for a grace period when they are replaced, so they grow by more (R1).
  u64 grown = list->is_local() ? needed + (needed >> 1) + 2 : needed + (needed >> 1) + 4;
  return grown < 4 ? 4 : grown;
}

// Copies words (their counts move along) into a new array under the lock; the old array is left as it is.
void move_to_new(List* list, ListBody* fresh, u64 n) {
  if (n != 0)
    std::memcpy(static_cast<void*>(fresh->items), static_cast<const void*>(list->body->items), n * sizeof(Field));
}

// Makes room for `extra` items behind the present ones, unless another thread does something else meanwhile.
Status reserve(Thread& t, List* list, u64 extra, bool exact) {
  u64 size = size_of(list);
  ListBody* old = body_of(list);
  u64 needed = size + extra;
  if (old != nullptr && old->capacity >= needed) return ok();
  ListBody* fresh = allocate_body(t, list, exact ? needed : grown_capacity(list, needed));
  if (fresh == nullptr) return Raised{};
  if (old == nullptr && list->is_local()) {
    list->body = fresh;
    return ok();
  }
  bool installed = false;
  {
    ObjectLock lock(t, list);
    if (list->body == old && list->size <= fresh->capacity) {
      move_to_new(list, fresh, list->size);
      set_body(list, fresh);
      installed = true;
    }
  }
  if (!installed)
    heap::free_block(t, fresh);
  else if (old != nullptr)
    heap::retire_body(t, list, old);
  return ok();
}

// Appends a heap word maker's result; `item` must have been published.
template <class Store>
TYPHON_INLINE Status append_with(Thread& t, List* list, Store&& store) {
  for (;;) {
    {
      ObjectLock lock(t, list);
      ListBody* body = list->body;
      u64 n = list->size;
      if (body != nullptr && n < body->capacity) {
        put_word(body->items[n], store());
        set_size(list, n + 1);
        return ok();
      }
    }
    TRY(reserve(t, list, 1, false));
  }
}

// Appends copies of n words that the caller keeps alive.
Status append_all(Thread& t, List* list, const Value* items, u64 n) {
  if (n == 0) return ok();
  if (list->is_local()) {
    TRY(reserve(t, list, n, list->size == 0));
    (void)copy_words(list->body->items + list->size, items, n);
    list->size += n;
    return ok();
  }
  for (u64 i = 0; i < n; i++) publish_for(list, items[i]);
  for (;;) {
    TRY(reserve(t, list, n, size_of(list) == 0));
    ObjectLock lock(t, list);
    ListBody* body = list->body;
    u64 size = list->size;
    if (body == nullptr || body->capacity - size < n) continue;
    for (u64 i = 0; i < n; i++) put_word(body->items[size + i], heap_copy(items[i]));
    set_size(list, size + n);
    return ok();
  }
}

template <class T>
const Value* words_of(const T* tuple_or_body) {
  return reinterpret_cast<const Value*>(tuple_or_body->items);
}

// A list with room for n items, filled by the caller (who sets the size).
RefTo<List> fresh_list(Thread& t, u64 n) {
  List* list = heap::allocate_as<List>(t, kShape_list);
  RefTo<List> result = RefTo<List>::adopt(list);
  if (n != 0) {
    list->body = allocate_body(t, list, n);
    if (list->body == nullptr) return Raised{};
  }
  return result;
}

// One with n items, which the caller stores at once: until then they may be anything.
RefTo<List> unfilled_list(Thread& t, u64 n) {
  auto* list = static_cast<List*>(heap::try_allocate_unfilled(t, kShape_list, sizeof(List), sizeof(Object), true));
  if (list == nullptr) return Raised{};
  list->size = 0;
  list->body = nullptr;
  RefTo<List> result = RefTo<List>::adopt(list);
  if (n == 0) return result;
  size_t bytes = align_up(kBodyHeader + n * sizeof(Field), heap::kGranule);
  auto* body = n > kMaxItems ? nullptr : static_cast<ListBody*>(heap::allocate_body(t, list, bytes, sizeof(heap::Body)));
  if (body == nullptr) [[unlikely]] return n > kMaxItems ? raise_no_memory(t) : Raised{};
  body->capacity = (bytes - kBodyHeader) / sizeof(Field);
  if (body->capacity != n) *body->items[n].address() = EMPTY;
  list->body = body;
  list->size = n;
  return result;
}

// list[start], list[start+step], ... (count of them, fewer when the list shrank): a consistent copy.
// The items of a short shared list as they were at one moment, without writing to it: read twice, with the same words both times
// and nobody holding the lock in between, so that no change of several items was half done. False: somebody is changing it. The
// words are borrowed.
inline constexpr u64 kShort = 32;
bool read_twice(List* list, u64 n, Value* words) {
  ListBody* body = body_of(list);
  if (size_of(list) != n || body == nullptr || n > body->capacity) return false;
  for (u64 i = 0; i < n; i++) words[i] = body->items[i].peek();
  if (__atomic_load_n(&list->lock, __ATOMIC_ACQUIRE) & kLockHeld) return false;
  for (u64 i = 0; i < n; i++)
    if (!body->items[i].peek().same_word(words[i]) || words[i].is_empty()) return false;
  return size_of(list) == n && body_of(list) == body;
}

RefTo<List> copy_items(Thread& t, List* list, i64 start, i64 step, i64 count) {
  if (step == 1 && !is_contended(list)) return list_from(t, count == 0 ? nullptr : words_of(list->body) + start, u64(count));
  RefTo<List> result = TRY(fresh_list(t, u64(count)));
  if (count == 0) return result;
  List* to = result.get();
  u64 n = 0;
  if (is_contended(list) && u64(count) <= kShort && start == 0 && step == 1) {
    Value words[kShort];
    if (read_twice(list, u64(count), words)) {
      for (; n < u64(count); n++) *to->body->items[n].address() = heap_copy(words[n]);
      to->size = n;
      return result;
    }
  }
  {
    ObjectLock lock(t, list);
    ListBody* body = list->body;
    if (step == 1) {
      u64 first = u64(start), left = first < list->size ? list->size - first : 0;
      const Field* from = body == nullptr ? nullptr : body->items + first;
      n = left < u64(count) ? left : u64(count);
      for (u64 i = 0; i < n; i++) *to->body->items[i].address() = heap_copy(from[i].peek());
    }
    for (u64 i = u64(start); step != 1 && n < u64(count) && i < list->size; i += u64(step))  // unsigned: the last step may wrap
      *to->body->items[n++].address() = heap_copy(body->items[i].peek());
  }
  to->size = n;
  return result;
}

}  // namespace

RefTo<List> list_slice(Thread& t, List* list, SliceIndices* s) {
  slice_adjust(s, i64(list_size(list)));
  return copy_items(t, list, s->start, s->step, s->count);
}

namespace {

// Replaces list[start:stop] by n words that the caller keeps alive. Bounds are clamped to the size found under the
// lock.
Status splice(Thread& t, List* list, u64 start, u64 stop, const Value* items, u64 n) {
  WordBuffer dropped(t);
  for (u64 i = 0; i < n; i++) publish_for(list, items[i]);
  for (;;) {
    u64 size = size_of(list);
    u64 begin = start < size ? start : size;
    u64 end = stop < begin ? begin : stop < size ? stop : size;
    u64 new_size = size - (end - begin) + n;
    ListBody* old = body_of(list);
    ListBody* fresh = nullptr;
    if (new_size > (old == nullptr ? 0 : old->capacity)) {
      fresh = allocate_body(t, list, grown_capacity(list, new_size));
      if (fresh == nullptr) return Raised{};
    }
    bool done = false;
    {
      ObjectLock lock(t, list);
      if (list->size == size && list->body == old) {
        done = true;
        ListBody* body = old;
        for (u64 i = begin; i < end; i++)
          if (old->items[i].peek().is_object()) dropped.push(Field::adopt_heap(old->items[i].peek()));
        if (fresh != nullptr) {
          move_to_new(list, fresh, begin);
          for (u64 i = end; i < size; i++) *fresh->items[i - end + begin + n].address() = old->items[i].peek();
          body = fresh;
        } else if (end - begin != n && end < size) {
          move_words(list, body->items + begin + n, body->items + end, size - end);
        }
        for (u64 i = 0; i < n; i++) put_word(body->items[begin + i], heap_copy(items[i]));
        if (fresh != nullptr) set_body(list, fresh);
        for (u64 i = new_size; i < size && fresh == nullptr; i++) put_word(body->items[i], EMPTY);
        set_size(list, new_size);
      }
    }
    if (done) {
      if (fresh != nullptr && old != nullptr) heap::retire_body(t, list, old);
      return ok();
    }
    if (fresh != nullptr) heap::free_block(t, fresh);
  }
}

// A LOCAL list that holds far less than its array can: gives memory back.
void shrink_slow(Thread& t, List* list) {
  ListBody* old = list->body;
  ListBody* fresh = allocate_body(t, list, list->size * 2 + 4);
  if (fresh == nullptr) {
    clear_exception(t);
    return;
  }
  move_to_new(list, fresh, list->size);
  list->body = fresh;
  heap::retire_body(t, list, old);
}

TYPHON_INLINE void shrink(Thread& t, List* list) {
  if (!list->is_local()) return;
  ListBody* body = list->body;
  if (body != nullptr && list->size * 4 < body->capacity && body->capacity >= 64) [[unlikely]]
    shrink_slow(t, list);
}

// Removes one item. EMPTY when out of range, or when `expected` (if not EMPTY) is not what is there.
Ref take_item(Thread& t, List* list, u64 index, Value expected = EMPTY) {
  Value word = EMPTY;
  {
    ObjectLock lock(t, list);
    u64 size = list->size;
    if (index >= size) return Ref();
    Field* items = list->body->items;
    word = items[index].peek();
    if (!expected.is_empty() && !word.same_word(expected)) return Ref();
    if (index + 1 < size) move_words(list, items + index, items + index + 1, size - index - 1);
    put_word(items[size - 1], EMPTY);
    set_size(list, size - 1);
  }
  shrink(t, list);
  return Field::adopt_heap(word);
}

void clear_list(Thread& t, List* list) {
  ListBody* old;
  u64 size;
  {
    ObjectLock lock(t, list);
    old = list->body;
    size = list->size;
    set_size(list, 0);
    set_body(list, nullptr);
  }
  if (old == nullptr) return;
  for (u64 i = size; i-- > 0;) Field::release_heap(old->items[i].peek());
  heap::retire_body(t, list, old);
}

}  // namespace

// --- C++ API

RefTo<List> list_new(Thread& t, size_t capacity) { return fresh_list(t, capacity); }

RefTo<List> list_from(Thread& t, const Value* items, size_t n) {
  RefTo<List> result = TRY(unfilled_list(t, n));
  if (n != 0) (void)copy_words(result->body->items, items, n);
  return result;
}

RefTo<List> list_take(Thread& t, Value* owned_items, size_t n) {
  RefTo<List> result = unfilled_list(t, n);
  if (result.failed()) return drop_owned(owned_items, n);
  if (n != 0) (void)move_owned(result->body->items, owned_items, n);
  return result;
}

Status list_append(Thread& t, List* list, Value item) {
  if (!is_contended(list)) [[likely]] {
    ListBody* body = list->body;
    u64 n = list->size;
    if (body != nullptr && n < body->capacity) [[likely]] {
      body->items[n].init(list, item);
      list->size = n + 1;
      return ok();
    }
  }
  publish_for(list, item);
  return append_with(t, list, [&] { return heap_copy(item); });
}

[[gnu::always_inline]] Status list_append(Thread& t, List* list, Ref&& item) {
  if (!is_contended(list)) [[likely]] {
    ListBody* body = list->body;
    u64 n = list->size;
    if (body != nullptr && n < body->capacity) [[likely]] {
      body->items[n].init(list, std::move(item));
      list->size = n + 1;
      return ok();
    }
  }
  publish_for(list, item.get());
  return append_with(t, list, [&] { return to_heap_word(item.take()); });
}

Status list_insert(Thread& t, List* list, i64 index, Value item) {
  i64 size = i64(size_of(list));
  if (index < 0) index = index + size < 0 ? 0 : index + size;
  if (index > size) index = size;
  publish_for(list, item);
  for (;;) {
    {
      ObjectLock lock(t, list);
      ListBody* body = list->body;
      u64 n = list->size;
      if (body != nullptr && n < body->capacity) {
        u64 at = u64(index) < n ? u64(index) : n;
        if (at < n) move_words(list, body->items + at + 1, body->items + at, n - at);
        put_word(body->items[at], heap_copy(item));
        set_size(list, n + 1);
        return ok();
      }
    }
    TRY(reserve(t, list, 1, false));
  }
}

size_t list_size(const List* list) { return size_of(list); }

Ref list_get(Thread&, List* list, size_t index) { return item_at(list, index); }

Status list_set(Thread& t, List* list, size_t index, Value item) {
  publish_for(list, item);
  Value old = EMPTY;
  bool in_range = false;
  {
    ElementLock lock(t, list);
    if (index < list->size) {
      in_range = true;
      old = list->body->items[index].exchange(list, item);
    }
  }
  if (!in_range) return raise(t, exc::IndexError, "list assignment index out of range");
  Field::release_heap(old);
  return ok();
}

Ref list_pop(Thread& t, List* list) {
  Value word = EMPTY;
  {
    ObjectLock lock(t, list);
    u64 size = list->size;
    if (size == 0) return Ref();
    Field& slot = list->body->items[size - 1];
    word = slot.peek();
    put_word(slot, EMPTY);
    set_size(list, size - 1);
  }
  shrink(t, list);
  return Field::adopt_heap(word);
}

RefTo<Tuple> list_to_tuple(Thread& t, List* list) {
  for (;;) {
    u64 n = size_of(list);
    if (n == 0) return tuple_of(t);
    RefTo<Tuple> result = TRY(tuple_allocate(t, n));
    Tuple* tuple = result.get();
    ObjectLock lock(t, list);
    if (list->size != n) continue;
    for (u64 i = 0; i < n; i++) *tuple->items[i].address() = heap_copy(list->body->items[i].peek());
    return result;
  }
}

namespace {

// Appends what is in `items`, a list that nobody else has: an empty list takes its body.
Status take_items(Thread& t, List* list, List* items) {
  if (!list->is_local() || list->body != nullptr || items->body == nullptr)
    return append_all(t, list, items->body == nullptr ? nullptr : reinterpret_cast<Value*>(items->body->items), items->size);
  list->body = items->body;
  list->body->owner = list;
  list->size = items->size;
  items->body = nullptr;
  items->size = 0;
  return ok();
}

}  // namespace

Status list_extend_py(Thread& t, List* list, Value iterable) {
  if (is_exact_tuple(iterable)) {
    Tuple* tuple = iterable.as<Tuple>();
    return append_all(t, list, words_of(tuple), tuple->size);
  }
  if (is_exact_list(iterable) || iterable.same_word(Value(list))) {
    List* source = iterable.as<List>();
    if (source != list && !is_contended(source) && source->size < kMaxItems) {
      return append_all(t, list, source->body == nullptr ? nullptr : reinterpret_cast<Value*>(source->body->items),
                        source->size);
    }
    RefTo<Tuple> snapshot = TRY(list_to_tuple(t, source));
    return append_all(t, list, words_of(snapshot.get()), snapshot->size);
  }
  if (is_exact_dict(iterable)) {
    RefTo<List> keys = TRY(dict_keys_list(t, iterable.as<Dict>()));
    return take_items(t, list, keys.get());
  }
  RefTo<List> view = TRY(dict_view_items(t, iterable));
  if (!view.is_empty()) return take_items(t, list, view.get());
  RefTo<List> shared = TRY(shared_items(t, iterable));
  if (!shared.is_empty()) return take_items(t, list, shared.get());
  Ref iterator = TRY(get_iter(t, iterable));
  if (!is_generator(iterator)) {
    i64 hint = TRY(length_hint(t, iterable, 0));
    if (hint > 0 && hint < i64(1) << 24) TRY(reserve(t, list, u64(hint), size_of(list) == 0));
  }
  NextFn next = type_of(iterator)->slots.next;
  [[maybe_unused]] bool was_local = list->is_local();
  for (;;) {
    if (poll_wanted(t)) [[unlikely]] safepoint_scan_only(t);
    Ref item = next(t, iterator);
    if (item.failed()) {
      if (clear_if(t, exc::StopIteration)) return ok();
      return Raised{};
    }
    if (item.is_empty()) return ok();
    if (checking::broken(2) && was_local && list->body != nullptr && list->size < list->body->capacity) {
      put_word(list->body->items[list->size], to_heap_word(item.take()));  // another thread may have the list by now
      set_size(list, list->size + 1);
      continue;
    }
    TRY(list_append(t, list, std::move(item)));
  }
}

// --- the type

namespace {

void list_visit(Object* self, Visitor& visitor) {
  List* list = static_cast<List*>(self);
  ListBody* body = body_of(list);
  if (body == nullptr) return;
  u64 n = size_of(list);
  visitor.fields(body->items, n < body->capacity ? n : body->capacity);
}

void list_release(Thread& t, Object* self) {
  List* list = static_cast<List*>(self);
  if (list->body != nullptr) heap::free_block(t, list->body);
}

// drop_field for what is often the last reference to a str: that is freed here, without the calls in between.
TYPHON_INLINE void drop_item(Thread& t, Field& slot) {
  Value word = slot.peek();
  if (word.bits & 7) return;
  Object* object = word.object();
  if (object == nullptr || quick_shape(object) != kShape_str || object->ownership() != state::kLocal || object->count != count::kOne ||
      static_cast<Str*>(object)->is_interned())
    return drop_field(slot);
  *slot.address() = EMPTY;
  heap::free_block(t, object);
}

bool list_dispose(Thread& t, Object* self) {
  List* list = static_cast<List*>(self);
  ListBody* body = list->body;
  if (body == nullptr) return true;
  for (u64 i = 0; i < list->size; i++) drop_item(t, body->items[i]);
  heap::free_block(t, body);
  return true;
}

Ref list_new_slot(Thread& t, Type* cls, Args args) {
  if (cls == types::list) return list_new(t);
  return allocate_instance(t, cls);
}

Status list_init(Thread& t, Value self, Args args) {
  // A subclass whose __new__ takes keywords gets them here as well.
  if (args.keyword_count != 0 && type_of(self)->slots.new_ == list_new_slot) TRY(check_no_keywords(t, "list", args));
  TRY(check_arity(t, "list", args, 0, 1));
  List* list = self.as<List>();
  if (list_size(list) != 0) clear_list(t, list);
  if (args.count == 1) TRY(list_extend_py(t, list, args[0]));
  return ok();
}

Ref list_repr(Thread& t, Value self) {
  List* list = self.as<List>();
  if (list_size(list) == 0) return str_from_ascii(t, "[]");
  bool entered = TRY(repr_enter(t, self));
  if (!entered) return str_from_ascii(t, "[...]");
  StrBuilder out;
  out.append('[');
  bool failed = false;
  for (size_t i = 0;; i++) {
    Ref item = list_get(t, list, i);
    if (item.is_empty()) break;
    if (i != 0) out.append_ascii(", ");
    if (poll_wanted(t)) [[unlikely]] safepoint_scan_only(t);
    failed = append_repr(t, out, item).failed();
    if (failed) break;
  }
  repr_leave(t, self);
  if (failed) return Raised{};
  out.append(']');
  return out.finish(t);
}

// The first place where two lists that no other thread can reach are not known to be equal.
u64 common_prefix(const List* a, const List* b) {
  if (is_contended(a) || is_contended(b)) return 0;
  u64 n = a->size < b->size ? a->size : b->size, i = 0;
  while (i < n && quick_equal(a->body->items[i].peek(), b->body->items[i].peek()) == Quick::kYes) i++;
  return i;
}

// The first place from `i` on where such a list may hold something equal to `item`.
u64 skip_unequal(const List* list, u64 i, Value item) {
  if (is_contended(list)) return i;
  u64 n = list->size;
  if (item.is_small_int()) {
    for (; i < n; i++) {
      Value word = list->body->items[i].peek();
      if (word.bits == item.bits || !word.is_small_int()) {
        if (quick_equal(word, item) != Quick::kNo) break;
      }
    }
    return i;
  }
  while (i < n && quick_equal(list->body->items[i].peek(), item) == Quick::kNo) i++;
  return i;
}

Ref list_compare(Thread& t, Value self, Value other, CompareOp op) {
  if (!is_list(other)) return Ref::not_implemented();
  List *a = self.as<List>(), *b = other.as<List>();
  bool equality = op == CompareOp::kEq || op == CompareOp::kNe;
  if (equality && list_size(a) != list_size(b)) return Ref::boolean(op == CompareOp::kNe);
  for (size_t i = common_prefix(a, b);; i++) {
    Ref x = item_at(a, i), y = item_at(b, i);
    if (x.is_empty() || y.is_empty()) {
      // One is a prefix of the other: the sizes decide.
      i64 size_a = i64(list_size(a)), size_b = i64(list_size(b));
      return Ref::boolean(order_holds(op, size_a - size_b));
    }
    bool same = TRY(values_equal(t, x, y));
    if (same) continue;
    size_t size_a = list_size(a), size_b = list_size(b);
    if (i >= size_a || i >= size_b) return Ref::boolean(order_holds(op, i64(size_a) - i64(size_b)));  // the comparison emptied one
    if (equality) return Ref::boolean(op == CompareOp::kNe);
    return compare(t, op, x, y);
  }
}

Result<i64> list_length(Thread& t, Value self) { return i64(list_size(self.as<List>())); }

Ref list_iter(Thread& t, Value self) { return position_iterator_new(t, kShape_list_iterator, self); }

Raised bad_index_type(Thread& t, Value key) {
  return raise(t, exc::TypeError, "list indices must be integers or slices, not %T", key);
}

Ref list_get_item(Thread& t, Value self, Value key) {
  List* list = self.as<List>();
  if (key.is_small_int()) [[likely]] {
    i64 i = key.as_small_int();
    if (i < 0) i += i64(list_size(list));
    Ref item = list_get(t, list, size_t(i));
    if (!item.is_empty()) [[likely]]
      return item;
    return raise(t, exc::IndexError, "list index out of range");
  }
  if (is_slice(key)) {
    SliceIndices s;
    TRY(slice_unpack_py(t, key.as<Slice>(), &s));
    return list_slice(t, list, &s);
  }
  if (!is_indexable(key)) return bad_index_type(t, key);
  i64 i = TRY(subscript_index(t, key));
  return list_get_item(t, self, Value::small_int(Value::fits_small_int(i) ? i : Value::kMaxSmallInt));
}

Status delete_slice(Thread& t, List* list, SliceIndices s) {
  if (s.count <= 0) return ok();
  if (s.step < 0) {
    s.start += (s.count - 1) * s.step;
    s.step = -s.step;
  }
  if (s.step == 1) return splice(t, list, u64(s.start), u64(s.start + s.count), nullptr, 0);
  WordBuffer dropped(t);
  {
    ObjectLock lock(t, list);
    u64 size = list->size, kept = u64(s.start);
    if (kept > size) kept = size;
    i64 left = s.count;
    u64 next = u64(s.start);
    for (u64 i = kept; i < size; i++) {
      Field* items = list->body->items;
      if (left > 0 && i == next) {
        if (items[i].peek().is_object()) dropped.push(Field::adopt_heap(items[i].peek()));
        left--;
        next += u64(s.step);
      } else {
        put_word(items[kept++], items[i].peek());
      }
    }
    for (u64 i = kept; i < size; i++) put_word(list->body->items[i], EMPTY);
    set_size(list, kept);
  }
  return ok();
}

Status assign_slice(Thread& t, List* list, Slice* slice, Value value) {
  SliceIndices s;
  TRY(slice_unpack_py(t, slice, &s));
  RefTo<Tuple> kept;
  const Value* words = nullptr;
  u64 n = 0;
  if (value.is_empty()) {
  } else if (is_exact_list(value) && !value.same_word(Value(list)) && !is_contended(value.as<List>())) {
    List* source = value.as<List>();
    words = source->body == nullptr ? nullptr : reinterpret_cast<const Value*>(source->body->items);
    n = source->size;
  } else if (is_exact_tuple(value) || is_exact_list(value)) {
    kept = TRY(to_tuple(t, value));
    words = words_of(kept.get());
    n = kept->size;
  } else {
    kept = TRY(items_of(t, value, "must assign iterable to extended slice"));
    words = words_of(kept.get());
    n = kept->size;
  }
  // Making the items may have run Python code: the length counts from here on.
  slice_adjust(&s, i64(list_size(list)));
  if (value.is_empty()) return delete_slice(t, list, s);
  if (s.step == 1) return splice(t, list, u64(s.start), u64(s.start + s.count), words, n);
  if (i64(n) != s.count)
    return raise(t, exc::ValueError, "attempt to assign sequence of size %zd to extended slice of size %zd", i64(n),
                 s.count);
  for (u64 i = 0; i < n; i++) publish_for(list, words[i]);
  WordBuffer dropped(t);
  {
    ObjectLock lock(t, list);
    for (i64 i = 0; i < s.count; i++) {
      u64 at = u64(s.start + i * s.step);
      if (at >= list->size) break;
      Value old = list->body->items[at].exchange(list, words[i]);
      if (old.is_object()) dropped.push(Field::adopt_heap(old));
    }
  }
  return ok();
}

Status list_set_item(Thread& t, Value self, Value key, Value value) {
  List* list = self.as<List>();
  i64 i;
  if (key.is_small_int()) [[likely]] {
    i = key.as_small_int();
  } else if (is_slice(key)) {
    return assign_slice(t, list, key.as<Slice>(), value);
  } else {
    if (!is_indexable(key)) return bad_index_type(t, key);
    i = TRY(subscript_index(t, key));
  }
  if (i < 0) i += i64(list_size(list));
  if (!value.is_empty()) return list_set(t, list, size_t(i), value);
  Ref old = i < 0 ? Ref() : take_item(t, list, u64(i));
  if (old.is_empty()) return raise(t, exc::IndexError, "list assignment index out of range");
  return ok();
}

Result<bool> list_contains(Thread& t, Value self, Value item) {
  List* list = self.as<List>();
  for (size_t i = 0;; i++) {
    i = skip_unequal(list, i, item);
    Ref candidate = item_at(list, i);
    if (candidate.is_empty()) return false;
    bool same = TRY(values_equal(t, candidate, item));
    if (same) return true;
  }
}

Ref list_concat(Thread& t, Value self, Value other) {
  if (!is_list(other)) return raise(t, exc::TypeError, "can only concatenate list (not \"%T\") to list", other);
  List *a = self.as<List>(), *b = other.as<List>();
  RefTo<List> result = TRY(fresh_list(t, list_size(a) + list_size(b)));
  for (List* source : {a, b}) {
    RefTo<Tuple> snapshot;
    if (is_contended(source)) {
      snapshot = TRY(list_to_tuple(t, source));
      TRY(append_all(t, result.get(), words_of(snapshot.get()), snapshot->size));
    } else if (source->size != 0) {
      TRY(append_all(t, result.get(), reinterpret_cast<Value*>(source->body->items), source->size));
    }
  }
  return result;
}

Ref list_repeat(Thread& t, Value self, Value times) {
  i64 count = TRY(repeat_count(t, times));
  List* list = self.as<List>();
  RefTo<Tuple> snapshot;
  if (is_contended(list)) snapshot = TRY(list_to_tuple(t, list));
  u64 size = snapshot.is_empty() ? list->size : snapshot->size;
  if (size != 0 && u64(count) > kMaxItems / size) return raise_no_memory(t);
  u64 total = size * u64(count);
  RefTo<List> result = TRY(fresh_list(t, total));
  const Value* words = !snapshot.is_empty()    ? words_of(snapshot.get())
                       : list->body == nullptr ? nullptr
                                               : reinterpret_cast<const Value*>(list->body->items);
  Value* to = total == 0 ? nullptr : result->body->items[0].address();
  if (size == 1) {
    Value word = words[0];
    if (word.is_object())
      for (u64 i = 0; i < total; i++) to[i] = heap_copy(word);
    else
      std::fill_n(to, total, word);
  } else {
    for (u64 i = 0; i < total; i += size)
      for (u64 j = 0; j < size; j++) to[i + j] = heap_copy(words[j]);
  }
  result->size = total;
  return result;
}

Ref list_inplace_concat(Thread& t, Value self, Value other) {
  TRY(list_extend_py(t, self.as<List>(), other));
  return Ref::copy(self);
}

Ref list_inplace_repeat(Thread& t, Value self, Value times) {
  i64 count = TRY(repeat_count(t, times));
  List* list = self.as<List>();
  if (count == 0) {
    clear_list(t, list);
    return Ref::copy(self);
  }
  RefTo<Tuple> snapshot = TRY(list_to_tuple(t, list));
  u64 size = snapshot->size;
  if (size == 0 || count == 1) return Ref::copy(self);
  if (u64(count) > kMaxItems / size) return raise_no_memory(t);
  TRY(reserve(t, list, size * u64(count - 1), true));
  for (i64 i = 1; i < count; i++) TRY(append_all(t, list, words_of(snapshot.get()), size));
  return Ref::copy(self);
}

}  // namespace
// Known to the interpreter (ops_call.cpp).
Ref list_append_method(Thread& t, Value self, const Value* a) {
  TRY(list_append(t, self.as<List>(), a[0]));
  return Ref::none();
}
namespace {

Ref list_insert_method(Thread& t, Value self, const Value* a) {
  i64 index = TRY(to_i64(t, a[0], "Python int too large to convert to C ssize_t"));
  TRY(list_insert(t, self.as<List>(), index, a[1]));
  return Ref::none();
}

Ref list_extend_method(Thread& t, Value self, const Value* a) {
  TRY(list_extend_py(t, self.as<List>(), a[0]));
  return Ref::none();
}

Ref list_pop_method(Thread& t, Value self, const Value* a) {
  List* list = self.as<List>();
  i64 index = -1;
  if (!a[0].is_empty()) index = TRY(to_i64(t, a[0], "Python int too large to convert to C ssize_t"));
  if (index == -1) {
    Ref item = list_pop(t, list);
    if (item.is_empty()) return raise(t, exc::IndexError, "pop from empty list");
    return item;
  }
  i64 size = i64(list_size(list));
  if (size == 0) return raise(t, exc::IndexError, "pop from empty list");
  if (index < 0) index += size;
  Ref item = index < 0 ? Ref() : take_item(t, list, u64(index));
  if (item.is_empty()) return raise(t, exc::IndexError, "pop index out of range");
  return item;
}

Ref list_remove(Thread& t, Value self, const Value* a) {
  List* list = self.as<List>();
  for (size_t i = 0;; i++) {
    i = skip_unequal(list, i, a[0]);
    Ref candidate = item_at(list, i);
    if (candidate.is_empty()) return raise(t, exc::ValueError, "list.remove(x): x not in list");
    bool same = TRY(values_equal(t, candidate, a[0]));
    if (!same) continue;
    if (!is_contended(list)) {
      // Whatever the comparison left there.
      TRY(splice(t, list, i, i + 1, nullptr, 0));
      return Ref::none();
    }
    Ref taken = take_item(t, list, i, candidate);
    if (!taken.is_empty()) return Ref::none();
    i--;  // another thread moved it or took it away: look at this place again
  }
}

Ref list_clear_method(Thread& t, Value self, const Value*) {
  clear_list(t, self.as<List>());
  return Ref::none();
}

Ref list_copy_method(Thread& t, Value self, const Value*) {
  List* list = self.as<List>();
  return copy_items(t, list, 0, 1, i64(list_size(list)));
}

Ref list_reverse(Thread& t, Value self, const Value*) {
  List* list = self.as<List>();
  ObjectLock lock(t, list);
  u64 n = list->size;
  for (u64 i = 0; i < n / 2; i++) {
    Field &low = list->body->items[i], &high = list->body->items[n - 1 - i];
    Value word = low.peek();
    put_word(low, high.peek());
    put_word(high, word);
  }
  return Ref::none();
}

Ref list_count(Thread& t, Value self, const Value* a) {
  List* list = self.as<List>();
  i64 count = 0;
  for (size_t i = 0;; i++) {
    i = skip_unequal(list, i, a[0]);
    Ref candidate = item_at(list, i);
    if (candidate.is_empty()) return int_from(t, count);
    bool same = TRY(values_equal(t, candidate, a[0]));
    if (same) count++;
  }
}

Ref list_index(Thread& t, Value self, const Value* a) {
  List* list = self.as<List>();
  i64 start = TRY(search_bound(t, a[1], 0));
  i64 stop = TRY(search_bound(t, a[2], INT64_MAX));
  i64 size = i64(list_size(list));
  if (start < 0) start = start + size < 0 ? 0 : start + size;
  if (stop < 0) stop = stop + size < 0 ? 0 : stop + size;
  for (i64 i = start; i < stop; i++) {
    i = i64(skip_unequal(list, u64(i), a[0]));
    if (i >= stop) break;
    Ref candidate = item_at(list, u64(i));
    if (candidate.is_empty()) break;
    bool same = TRY(values_equal(t, candidate, a[0]));
    if (same) return int_from(t, i);
  }
  return raise(t, exc::ValueError, "list.index(x): x not in list");
}

Ref list_reversed(Thread& t, Value self, const Value*) { return list_reverseiterator_new(t, self.as<List>()); }

Ref list_sort_method(Thread& t, Value self, const Value* a) {
  bool reverse = false;
  if (!a[1].is_empty()) reverse = TRY(truth(t, a[1]));
  TRY(list_sort_py(t, self.as<List>(), a[0].is_empty() ? None : a[0], reverse));
  return Ref::none();
}

Ref list_sizeof(Thread& t, Value self, const Value*) {
  ListBody* body = body_of(self.as<List>());
  u64 size = type_of(self)->instance_size > sizeof(List) ? type_of(self)->instance_size : sizeof(List);
  if (body != nullptr) size += heap::block_size(body);
  return int_from(t, i64(size));
}

Ref list_get_item_method(Thread& t, Value self, const Value* a) { return list_get_item(t, self, a[0]); }

const Method kListMethods[] = {
    method("__getitem__", list_get_item_method, "($self, index, /)", "Return self[index]."),
    method("__reversed__", list_reversed, "($self, /)", "Return a reverse iterator over the list."),
    method("__sizeof__", list_sizeof, "($self, /)", "Return the size of the list in memory, in bytes."),
    class_method("__class_getitem__", class_getitem, "($type, object, /)", "See PEP 585"),
    method("append", list_append_method, "($self, object, /)", "Append object to the end of the list."),
    method("clear", list_clear_method, "($self, /)", "Remove all items from list."),
    method("copy", list_copy_method, "($self, /)", "Return a shallow copy of the list."),
    method("count", list_count, "($self, value, /)", "Return number of occurrences of value."),
    method("extend", list_extend_method, "($self, iterable, /)",
           "Extend list by appending elements from the iterable."),
    method("index", list_index, "($self, value, start=0, stop=sys.maxsize, /)",
           "Return first index of value.\n\nRaises ValueError if the value is not present."),
    method("insert", list_insert_method, "($self, index, object, /)", "Insert object before index."),
    method("pop", list_pop_method, "($self, index=-1, /)",
           "Remove and return item at index (default last).\n\nRaises IndexError if list is empty or index is out of "
           "range."),
    method("remove", list_remove, "($self, value, /)",
           "Remove first occurrence of value.\n\nRaises ValueError if the value is not present."),
    method("reverse", list_reverse, "($self, /)", "Reverse *IN PLACE*."),
    method("sort", list_sort_method, "($self, /, *, key=None, reverse=False)",
           "Sort the list in ascending order and return None.\n\nThe sort is in-place (i.e. the list itself is "
           "modified) and stable (i.e. the\norder of two equal elements is maintained).\n\nIf a key function is given, "
           "apply it once to each list item and sort them,\nascending or descending, according to their function "
           "values.\n\nThe reverse flag can be set to sort in descending order."),
    {},
};

}  // namespace

extern const TypeSpec spec_list;
const TypeSpec spec_list = {
    .name = "list",
    .doc =
        "Built-in mutable sequence.\n\nIf no argument is given, the constructor creates a new empty list.\nThe "
        "argument "
        "must be an iterable if specified.",
    .layout = {.name = "list",
               .basic_size = sizeof(List),
               .item_size = 0,
               .visit = list_visit,
               .release = list_release,
               .native_size = nullptr,
               .finalise = nullptr,
               .dispose = list_dispose},
    .flags = type_flag::kBaseType | type_flag::kSequence | type_flag::kMatchSelf | type_flag::kImmutable,
    .slots = {.repr = list_repr,
              .compare = list_compare,
              .iter = list_iter,
              .new_ = list_new_slot,
              .init = list_init,
              .length = list_length,
              .get_item = list_get_item,
              .set_item = list_set_item,
              .contains = list_contains,
              .concat = list_concat,
              .repeat = list_repeat,
              .inplace_concat = list_inplace_concat,
              .inplace_repeat = list_inplace_repeat},
    .methods = kListMethods,
    .text_signature = "(iterable=(), /)",
};

}  // namespace typhon
