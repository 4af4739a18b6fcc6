// collections.deque: a ring buffer in one body.
//
// Writers hold the object lock. Readers of single items take none: `version` is odd while a writer is at work, and a
// reader that sees it change reads again under the lock. Vacant slots are EMPTY, so a stale look is harmless. The
// version also tells iterators that the deque changed.
#include "modules/_collections/collections.h"

namespace typhon {

Type* g_deque_type;
Type* g_deque_iterator_type;
Type* g_deque_reverse_iterator_type;

namespace {

struct DequeBody : heap::Body {
  u64 capacity;  // a power of two
  Field items[1];
};
struct Deque : Object {
  u64 head;  // slot of the first item
  u64 size;
  DequeBody* body;  // null when nothing was ever stored
  u64 version;
  i64 maxlen;  // -1: unbounded
};

constexpr u64 kBodyHeader = sizeof(DequeBody) - sizeof(Field);
constexpr u64 kSmallest = 8;

bool is_deque(Value v) { return v.is_object() && is_native_instance(v, g_deque_type); }

u64 size_of(const Deque* d) { return __atomic_load_n(&d->size, __ATOMIC_RELAXED); }
// Without the bit that says a writer is at work: what iterators compare.
u64 version_of(const Deque* d) { return __atomic_load_n(&d->version, __ATOMIC_ACQUIRE) | 1; }
Field& slot_at(const Deque* d, u64 i) { return d->body->items[(d->head + i) & (d->body->capacity - 1)]; }

// Under the lock: the deque is changing.
class Writing {
 public:
  explicit Writing(Deque* d) : deque_(d) {
    __atomic_store_n(&d->version, d->version + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
  }
  ~Writing() { __atomic_store_n(&deque_->version, deque_->version + 1, __ATOMIC_RELEASE); }
  Writing(const Writing&) = delete;

 private:
  Deque* deque_;
};
void set_bounds(Deque* d, u64 head, u64 size) {
  __atomic_store_n(&d->head, head, __ATOMIC_RELAXED);
  __atomic_store_n(&d->size, size, __ATOMIC_RELAXED);
}
Value take_slot(Field& slot) {
  Value word = slot.peek();
  put_word(slot, EMPTY);
  return word;
}

// EMPTY when out of range.
Ref item_at(Thread& t, Deque* d, u64 i) {
  if (!is_contended(d)) {
    if (i >= d->size) return Ref();
    return slot_at(d, i).load();
  }
  u64 before = __atomic_load_n(&d->version, __ATOMIC_ACQUIRE);
  if (!(before & 1)) {
    u64 size = size_of(d), head = __atomic_load_n(&d->head, __ATOMIC_RELAXED);
    DequeBody* body = __atomic_load_n(&d->body, __ATOMIC_ACQUIRE);
    Value word = EMPTY;
    if (i < size && body != nullptr) word = body->items[(head + i) & (body->capacity - 1)].peek();
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (__atomic_load_n(&d->version, __ATOMIC_RELAXED) == before) return Ref::copy(word);
  }
  ObjectLock lock(t, d);
  if (i >= d->size) return Ref();
  return slot_at(d, i).load();
}

// Replaces the body by one with room for `needed` items, unless another thread was faster.
Status grow(Thread& t, Deque* d, DequeBody* seen, u64 needed) {
  u64 capacity = kSmallest;
  while (capacity < needed) capacity *= 2;
  if (needed > kMaxItems) return raise_no_memory(t);
  auto* fresh = static_cast<DequeBody*>(
      heap::allocate_body(t, d, align_up(kBodyHeader + capacity * sizeof(Field), heap::kGranule)));
  if (fresh == nullptr) return Raised{};
  fresh->capacity = capacity;
  bool installed = false;
  {
    ObjectLock lock(t, d);
    if (d->body == seen && d->size <= capacity) {
      Writing writing(d);
      for (u64 i = 0; i < d->size; i++) *fresh->items[i].address() = slot_at(d, i).peek();
      __atomic_store_n(&d->body, fresh, __ATOMIC_RELEASE);
      set_bounds(d, 0, d->size);
      installed = true;
    }
  }
  if (!installed)
    heap::free_block(t, fresh);
  else if (seen != nullptr)
    heap::retire_body(t, d, seen);
  return ok();
}

enum class End : u8 { kLeft, kRight };

Value take_end(Deque* d, End end) {
  u64 size = d->size - 1;
  Value word = take_slot(slot_at(d, end == End::kLeft ? 0 : size));
  set_bounds(d, end == End::kLeft ? (d->head + 1) & (d->body->capacity - 1) : d->head, size);
  return word;
}
void put_end(Deque* d, End end, Value word) {
  u64 mask = d->body->capacity - 1;
  u64 head = end == End::kLeft ? (d->head - 1) & mask : d->head;
  put_word(d->body->items[end == End::kLeft ? head : (head + d->size) & mask], word);
  set_bounds(d, head, d->size + 1);
}

// At the maximum length the item at the other end goes.
Status push(Thread& t, Deque* d, End end, Ref&& item) {
  publish_for(d, item.get());
  for (;;) {
    DequeBody* seen;
    u64 size;
    Value dropped = EMPTY;
    bool done = false;
    {
      ObjectLock lock(t, d);
      seen = d->body;
      size = d->size;
      bool full = d->maxlen >= 0 && size >= u64(d->maxlen);
      if (full && size == 0) return ok();
      if (full || (seen != nullptr && size < seen->capacity)) {
        Writing writing(d);
        if (full) dropped = take_end(d, end == End::kLeft ? End::kRight : End::kLeft);
        put_end(d, end, to_heap_word(item.take()));
        done = true;
      }
    }
    if (done) {
      Field::release_heap(dropped);
      return ok();
    }
    TRY(grow(t, d, seen, size + 1));
  }
}

// EMPTY when there is nothing.
Ref pop_end(Thread& t, Deque* d, End end) {
  Value word;
  {
    ObjectLock lock(t, d);
    if (d->size == 0) return Ref();
    Writing writing(d);
    word = take_end(d, end);
  }
  return Field::adopt_heap(word);
}

// A consistent copy of the items.
RefTo<Tuple> snapshot(Thread& t, Deque* d) {
  for (;;) {
    u64 n = size_of(d);
    if (n == 0) return tuple_of(t);
    RefTo<Tuple> result = TRY(tuple_allocate(t, n));
    ObjectLock lock(t, d);
    if (d->size != n) continue;
    for (u64 i = 0; i < n; i++) *result->items[i].address() = heap_copy(slot_at(d, i).peek());
    return result;
  }
}

Status extend(Thread& t, Deque* d, Value iterable, End end) {
  if (iterable.same_word(Value(d))) {
    RefTo<Tuple> items = TRY(snapshot(t, d));
    return extend(t, d, items, end);
  }
  if (is_exact_tuple(iterable)) {
    Tuple* tuple = iterable.as<Tuple>();
    for (u64 i = 0; i < tuple->size; i++) TRY(push(t, d, end, tuple->items[i].load()));
    return ok();
  }
  Ref iterator = TRY(get_iter(t, iterable));
  for (;;) {
    Ref item = TRY(iter_next(t, iterator));
    if (item.is_empty()) return ok();
    TRY(push(t, d, end, std::move(item)));
  }
}

void clear(Thread& t, Deque* d) {
  DequeBody* old;
  u64 head, size;
  {
    ObjectLock lock(t, d);
    Writing writing(d);
    old = d->body;
    head = d->head;
    size = d->size;
    set_bounds(d, 0, 0);
    __atomic_store_n(&d->body, nullptr, __ATOMIC_RELEASE);
  }
  if (old == nullptr) return;
  for (u64 i = 0; i < size; i++) Field::release_heap(old->items[(head + i) & (old->capacity - 1)].peek());
  heap::retire_body(t, d, old);
}

// Closes (or with `open`, makes) a gap at item i by moving the shorter side. Under the lock.
Value remove_at(Deque* d, u64 i) {
  Value word = slot_at(d, i).peek();
  if (i < d->size / 2) {
    for (u64 k = i; k > 0; k--) put_word(slot_at(d, k), slot_at(d, k - 1).peek());
    put_word(slot_at(d, 0), EMPTY);
    set_bounds(d, (d->head + 1) & (d->body->capacity - 1), d->size - 1);
  } else {
    for (u64 k = i; k + 1 < d->size; k++) put_word(slot_at(d, k), slot_at(d, k + 1).peek());
    put_word(slot_at(d, d->size - 1), EMPTY);
    set_bounds(d, d->head, d->size - 1);
  }
  return word;
}
void insert_at(Deque* d, u64 i, Value word) {
  if (i < d->size / 2) {
    set_bounds(d, (d->head - 1) & (d->body->capacity - 1), d->size + 1);
    for (u64 k = 0; k < i; k++) put_word(slot_at(d, k), slot_at(d, k + 1).peek());
  } else {
    set_bounds(d, d->head, d->size + 1);
    for (u64 k = d->size - 1; k > i; k--) put_word(slot_at(d, k), slot_at(d, k - 1).peek());
  }
  put_word(slot_at(d, i), word);
}

// --- the type

void deque_visit(Object* self, Visitor& visitor) {
  auto* d = static_cast<Deque*>(self);
  if (d->body == nullptr) return;
  u64 capacity = d->body->capacity;
  u64 first = d->head + d->size <= capacity ? d->size : capacity - d->head;
  visitor.fields(d->body->items + d->head, first);
  visitor.fields(d->body->items, d->size - first);
}

void deque_release(Thread& t, Object* self) {
  auto* d = static_cast<Deque*>(self);
  if (d->body != nullptr) heap::free_block(t, d->body);
}

Ref deque_new(Thread& t, Type* cls, Args) {
  Ref self = TRY(allocate_instance(t, cls));
  self.as<Deque>()->maxlen = -1;
  return self;
}

Status deque_init(Thread& t, Value self, Args args) {
  static const Signature& signature = parse_signature("(iterable=<unrepresentable>, maxlen=None)");
  Value a[2];
  Ref keep;
  TRY(bind_arguments(t, signature, "deque", args, a, &keep));
  i64 maxlen = -1;
  if (!a[1].is_empty() && !a[1].is_none()) {
    if (!is_int(a[1])) return raise(t, exc::TypeError, "an integer is required");
    maxlen = TRY(to_i64(t, a[1], "Python int too large to convert to C ssize_t"));
    if (maxlen < 0) return raise(t, exc::ValueError, "maxlen must be non-negative");
  }
  auto* d = self.as<Deque>();
  __atomic_store_n(&d->maxlen, maxlen, __ATOMIC_RELAXED);
  if (size_of(d) != 0) clear(t, d);
  if (!a[0].is_empty()) TRY(extend(t, d, a[0], End::kRight));
  return ok();
}

i64 maxlen_of(const Deque* d) { return __atomic_load_n(&d->maxlen, __ATOMIC_RELAXED); }

Ref new_like(Thread& t, i64 maxlen) {
  Ref copy = Ref::adopt(Value(allocate_native<Deque>(t, g_deque_type)));
  copy.as<Deque>()->maxlen = maxlen;
  return copy;
}

Ref deque_copy(Thread& t, Value self) {
  auto* d = self.as<Deque>();
  i64 maxlen = maxlen_of(d);
  if (type_of(self) == g_deque_type) {
    Ref copy = new_like(t, maxlen);
    RefTo<Tuple> items = TRY(snapshot(t, d));
    TRY(extend(t, copy.as<Deque>(), items, End::kRight));
    return copy;
  }
  Ref type = Ref::copy(Value(type_of(self))), limit = TRY(int_from(t, maxlen));
  Ref copy = TRY(maxlen < 0 ? call_with(t, type, self) : call_with(t, type, self, limit));
  if (!is_deque(copy)) return raise(t, exc::TypeError, "%N() must return a deque, not %T", type.as<Type>(), copy.get());
  return copy;
}

Ref m_copy(Thread& t, Value self, const Value*) { return deque_copy(t, self); }
Ref m_append(Thread& t, Value self, const Value* a) {
  TRY(push(t, self.as<Deque>(), End::kRight, Ref::copy(a[0])));
  return Ref::none();
}
Ref m_appendleft(Thread& t, Value self, const Value* a) {
  TRY(push(t, self.as<Deque>(), End::kLeft, Ref::copy(a[0])));
  return Ref::none();
}
Ref m_pop(Thread& t, Value self, const Value*) {
  Ref item = pop_end(t, self.as<Deque>(), End::kRight);
  if (item.is_empty()) return raise(t, exc::IndexError, "pop from an empty deque");
  return item;
}
Ref m_popleft(Thread& t, Value self, const Value*) {
  Ref item = pop_end(t, self.as<Deque>(), End::kLeft);
  if (item.is_empty()) return raise(t, exc::IndexError, "pop from an empty deque");
  return item;
}
Ref m_extend(Thread& t, Value self, const Value* a) {
  TRY(extend(t, self.as<Deque>(), a[0], End::kRight));
  return Ref::none();
}
Ref m_extendleft(Thread& t, Value self, const Value* a) {
  TRY(extend(t, self.as<Deque>(), a[0], End::kLeft));
  return Ref::none();
}
Ref m_clear(Thread& t, Value self, const Value*) {
  clear(t, self.as<Deque>());
  return Ref::none();
}

Ref m_rotate(Thread& t, Value self, const Value* a) {
  i64 n = 1;
  if (!a[0].is_empty()) {
    Ref index = TRY(to_index(t, a[0]));
    n = TRY(to_i64(t, index, "Python int too large to convert to C ssize_t"));
  }
  auto* d = self.as<Deque>();
  ObjectLock lock(t, d);
  i64 size = i64(d->size);
  if (size <= 1) return Ref::none();
  n %= size;
  if (n > size / 2) n -= size;
  if (n < -(size / 2)) n += size;
  if (n == 0) return Ref::none();
  Writing writing(d);
  u64 mask = d->body->capacity - 1;
  if (d->size == d->body->capacity) {
    set_bounds(d, (d->head - u64(n)) & mask, d->size);
    return Ref::none();
  }
  for (; n > 0; n--) put_end(d, End::kLeft, take_end(d, End::kRight));
  for (; n < 0; n++) put_end(d, End::kRight, take_end(d, End::kLeft));
  return Ref::none();
}

Ref m_reverse(Thread& t, Value self, const Value*) {
  auto* d = self.as<Deque>();
  ObjectLock lock(t, d);
  if (d->size <= 1) return Ref::none();
  Writing writing(d);
  for (u64 i = 0, k = d->size - 1; i < k; i++, k--) {
    Value left = slot_at(d, i).peek(), right = slot_at(d, k).peek();
    put_word(slot_at(d, i), right);
    put_word(slot_at(d, k), left);
  }
  return Ref::none();
}

enum class Found : u8 { kNo, kYes, kMutated };

// The part of a search that needs no Python code: from item *position on, up to `stop`. Under the lock, so that no writer
// comes between. kUnknown: the item at *position must be asked.
Quick search_quickly(Deque* d, Value value, u64* position, u64 stop) {
  if (stop > d->size) stop = d->size;
  for (; *position < stop; ++*position) {
    Quick same = quick_equal(slot_at(d, *position).peek(), value);
    if (same != Quick::kNo) return same;
  }
  return Quick::kNo;
}

// The rest, item by item, in the deque of that version.
Result<Found> search_slowly(Thread& t, Deque* d, Value value, u64* position, u64 stop, u64 version) {
  for (u64 i = *position; i < stop; i++) {
    Ref item = item_at(t, d, i);
    if (item.is_empty()) return version_of(d) == version ? Found::kNo : Found::kMutated;
    bool same = TRY(values_equal(t, item, value));
    if (version_of(d) != version) return Found::kMutated;
    if (same) {
      *position = i;
      return Found::kYes;
    }
  }
  return Found::kNo;
}

// Looks for `value` from item *position on, up to `stop`.
Result<Found> search(Thread& t, Deque* d, Value value, u64* position, u64 stop) {
  u64 version;
  {
    ObjectLock lock(t, d);
    version = version_of(d);
    Quick quick = search_quickly(d, value, position, stop);
    if (quick != Quick::kUnknown) return quick == Quick::kYes ? Found::kYes : Found::kNo;
  }
  return search_slowly(t, d, value, position, stop, version);
}
Raised raise_mutated(Thread& t) { return raise(t, exc::RuntimeError, "deque mutated during iteration"); }

Result<bool> deque_contains(Thread& t, Value self, Value value) {
  u64 at = 0;
  auto* d = self.as<Deque>();
  Found found = TRY(search(t, d, value, &at, kMaxItems));
  if (found == Found::kMutated) return raise_mutated(t);
  return found == Found::kYes;
}

Ref m_count(Thread& t, Value self, const Value* a) {
  auto* d = self.as<Deque>();
  u64 version, n, i = 0;
  i64 count = 0;
  {
    ObjectLock lock(t, d);
    version = version_of(d);
    n = d->size;
    for (; i < n; i++) {
      Quick same = quick_equal(slot_at(d, i).peek(), a[0]);
      if (same == Quick::kUnknown) break;
      count += same == Quick::kYes;
    }
  }
  for (; i < n; i++) {
    Ref item = item_at(t, d, i);
    if (!item.is_empty() && TRY(values_equal(t, item, a[0]))) count++;
    if (version_of(d) != version) return raise_mutated(t);
  }
  return int_from(t, count);
}

Ref m_index(Thread& t, Value self, const Value* a) {
  auto* d = self.as<Deque>();
  i64 start = a[1].is_empty() ? 0 : TRY(search_bound(t, a[1], 0));
  i64 stop = a[2].is_empty() ? i64(kMaxItems) : TRY(search_bound(t, a[2], i64(kMaxItems)));
  i64 n = i64(size_of(d));
  if (start < 0) start = start + n < 0 ? 0 : start + n;
  if (stop < 0) stop = stop + n < 0 ? 0 : stop + n;
  u64 at = u64(start);
  Found found = TRY(search(t, d, a[0], &at, u64(stop)));
  if (found == Found::kMutated) return raise_mutated(t);
  if (found == Found::kNo) return raise(t, exc::ValueError, "deque.index(x): x not in deque");
  return int_from(t, i64(at));
}

Ref m_remove(Thread& t, Value self, const Value* a) {
  auto* d = self.as<Deque>();
  u64 at = 0, version;
  Value word = EMPTY;
  Quick quick;
  {
    ObjectLock lock(t, d);
    version = version_of(d);
    quick = search_quickly(d, a[0], &at, d->size);
    if (quick == Quick::kYes) {
      Writing writing(d);
      word = remove_at(d, at);
    }
  }
  Found found = quick == Quick::kNo ? Found::kNo : Found::kYes;
  if (quick == Quick::kUnknown) {
    found = TRY(search_slowly(t, d, a[0], &at, kMaxItems, version));
    if (found == Found::kYes) {
      ObjectLock lock(t, d);
      if (version_of(d) == version) {
        Writing writing(d);
        word = remove_at(d, at);
      }
    }
  }
  if (found == Found::kNo) return raise(t, exc::ValueError, "deque.remove(x): x not in deque");
  if (word.is_empty()) return raise(t, exc::IndexError, "deque mutated during iteration");
  Field::release_heap(word);
  return Ref::none();
}

Ref m_insert(Thread& t, Value self, const Value* a) {
  Ref index = TRY(to_index(t, a[0]));
  i64 wanted = TRY(to_i64(t, index, "Python int too large to convert to C ssize_t"));
  auto* d = self.as<Deque>();
  Ref item = Ref::copy(a[1]);
  publish_for(d, item.get());
  for (;;) {
    DequeBody* seen;
    u64 size;
    bool full = false;
    {
      ObjectLock lock(t, d);
      seen = d->body;
      size = d->size;
      full = d->maxlen >= 0 && i64(size) >= d->maxlen;
      if (!full && seen != nullptr && size < seen->capacity) {
        i64 i = wanted < 0 ? wanted + i64(size) : wanted;
        if (i < 0) i = 0;
        Writing writing(d);
        insert_at(d, u64(i) < size ? u64(i) : size, to_heap_word(item.take()));
        return Ref::none();
      }
    }
    if (full) return raise(t, exc::IndexError, "deque already at its maximum size");
    TRY(grow(t, d, seen, size + 1));
  }
}

Result<i64> deque_length(Thread&, Value self) { return i64(size_of(self.as<Deque>())); }

Result<i64> index_of_key(Thread& t, Deque* d, Value key) {
  if (!is_indexable(key)) return raise(t, exc::TypeError, "sequence index must be integer, not '%T'", key);
  i64 i = TRY(subscript_index(t, key));
  return i < 0 ? i + i64(size_of(d)) : i;
}
Raised out_of_range(Thread& t) { return raise(t, exc::IndexError, "deque index out of range"); }

Ref deque_get_item(Thread& t, Value self, Value key) {
  auto* d = self.as<Deque>();
  i64 i = TRY(index_of_key(t, d, key));
  Ref item = item_at(t, d, u64(i));
  if (item.is_empty()) return out_of_range(t);
  return item;
}

Status deque_set_item(Thread& t, Value self, Value key, Value value) {
  auto* d = self.as<Deque>();
  i64 i = TRY(index_of_key(t, d, key));
  publish_for(d, value);
  Value old = EMPTY;
  {
    ObjectLock lock(t, d);
    if (u64(i) < d->size) {
      if (value.is_empty()) {
        Writing writing(d);
        old = remove_at(d, u64(i));
      } else {
        // Not a change of structure: iterators go on.
        old = slot_at(d, u64(i)).exchange(d, value);
      }
    }
  }
  if (old.is_empty()) return out_of_range(t);
  Field::release_heap(old);
  return ok();
}

Ref deque_concat(Thread& t, Value self, Value other) {
  if (!is_deque(other)) return raise(t, exc::TypeError, "can only concatenate deque (not \"%T\") to deque", other);
  Ref result = TRY(deque_copy(t, self));
  TRY(extend(t, result.as<Deque>(), other, End::kRight));
  return result;
}
Ref deque_inplace_concat(Thread& t, Value self, Value other) {
  TRY(extend(t, self.as<Deque>(), other, End::kRight));
  return Ref::copy(self);
}

Status repeat(Thread& t, Deque* d, i64 times) {
  RefTo<Tuple> items = TRY(snapshot(t, d));
  u64 size = items->size;
  if (size == 0 || times == 1) return ok();
  if (times <= 0) {
    clear(t, d);
    return ok();
  }
  i64 maxlen = maxlen_of(d);
  if (u64(times) > kMaxItems / size && maxlen < 0) return raise_no_memory(t);
  // More copies than fill it would only push each other out.
  if (maxlen >= 0 && u64(times) > u64(maxlen) / size + 1) times = maxlen / i64(size) + 1;
  for (i64 i = 1; i < times; i++) {
    TRY(safepoint(t));
    TRY(extend(t, d, items, End::kRight));
  }
  return ok();
}
Ref deque_repeat(Thread& t, Value self, Value times) {
  i64 n = TRY(repeat_count(t, times));
  Ref result = TRY(deque_copy(t, self));
  TRY(repeat(t, result.as<Deque>(), n));
  return result;
}
Ref deque_inplace_repeat(Thread& t, Value self, Value times) {
  i64 n = TRY(repeat_count(t, times));
  TRY(repeat(t, self.as<Deque>(), n));
  return Ref::copy(self);
}

Ref deque_compare(Thread& t, Value self, Value other, CompareOp op) {
  if (!is_deque(self) || !is_deque(other)) return Ref::not_implemented();
  auto *a = self.as<Deque>(), *b = other.as<Deque>();
  bool equality = op == CompareOp::kEq || op == CompareOp::kNe;
  if (equality) {
    if (a == b) return Ref::boolean(op == CompareOp::kEq);
    if (size_of(a) != size_of(b)) return Ref::boolean(op == CompareOp::kNe);
  }
  u64 version_a = version_of(a), version_b = version_of(b);
  for (u64 i = 0;; i++) {
    Ref x = item_at(t, a, i), y = item_at(t, b, i);
    if (version_of(a) != version_a || version_of(b) != version_b) return raise_mutated(t);
    if (x.is_empty() || y.is_empty()) return Ref::boolean(order_holds(op, int(!x.is_empty()) - int(!y.is_empty())));
    if (TRY(values_equal(t, x, y))) continue;
    if (equality) return Ref::boolean(op == CompareOp::kNe);
    return compare(t, op, x, y);
  }
}

Ref deque_repr(Thread& t, Value self) {
  bool entered = TRY(repr_enter(t, self));
  if (!entered) return str_from_ascii(t, "[...]");
  RefTo<List> items = to_list(t, self);
  RefTo<Str> text;
  i64 maxlen = maxlen_of(self.as<Deque>());
  bool failed = items.failed();
  if (!failed) {
    text = maxlen >= 0 ? str_format(t, "%U(%R, maxlen=%zd)", type_of(self)->name.as<Str>(), items.value(), maxlen)
                       : str_format(t, "%U(%R)", type_of(self)->name.as<Str>(), items.value());
    failed = text.failed();
  }
  repr_leave(t, self);
  if (failed) return Raised{};
  return text;
}

Ref m_reduce(Thread& t, Value self, const Value*) {
  Ref state = TRY(pickle_state(t, self));
  Ref iterator = TRY(get_iter(t, self));
  i64 maxlen = maxlen_of(self.as<Deque>());
  RefTo<Tuple> arguments;
  if (maxlen < 0) {
    arguments = tuple_of(t);
  } else {
    Ref limit = TRY(int_from(t, maxlen));
    arguments = TRY(tuple_of(t, Value(empty_tuple()), limit));
  }
  return tuple_of(t, Value(type_of(self)), arguments, state, iterator);
}

Ref m_sizeof(Thread& t, Value self, const Value*) {
  DequeBody* body = __atomic_load_n(&self.as<Deque>()->body, __ATOMIC_ACQUIRE);
  return int_from(t, i64(type_of(self)->instance_size + (body == nullptr ? 0 : heap::block_size(body))));
}

Ref get_maxlen(Thread& t, Value self) {
  i64 maxlen = maxlen_of(self.as<Deque>());
  return maxlen < 0 ? Ref::none() : int_from(t, maxlen);
}

// --- iterators

struct DequeIterator : Object {
  Field deque;
  u64 version;  // of the deque when the iteration began
  u64 size;
  u64 index;  // items given; advanced atomically when shared
};

void iterator_visit(Object* self, Visitor& visitor) { visitor.field(static_cast<DequeIterator*>(self)->deque); }

Ref iterator_new(Thread& t, Type* type, Value deque) {
  auto* it = allocate_native<DequeIterator>(t, type);
  it->deque.init(it, deque);
  it->version = version_of(deque.as<Deque>());
  it->size = size_of(deque.as<Deque>());
  return Ref::adopt(Value(it));
}

template <bool kBackwards>
Ref iterator_next(Thread& t, Value self) {
  auto* it = self.as<DequeIterator>();
  auto* d = it->deque.as<Deque>();
  if (version_of(d) != it->version) {
    __atomic_store_n(&it->index, it->size, __ATOMIC_RELAXED);
    return raise_mutated(t);
  }
  u64 i = __atomic_load_n(&it->index, __ATOMIC_RELAXED);
  if (i >= it->size) return Ref();
  if (is_contended(it)) {
    i = __atomic_fetch_add(&it->index, 1, __ATOMIC_RELAXED);
    if (i >= it->size) return Ref();
  } else {
    it->index = i + 1;
  }
  Ref item = item_at(t, d, kBackwards ? it->size - 1 - i : i);
  if (item.is_empty() || version_of(d) != it->version) return raise_mutated(t);
  return item;
}

// _deque_iterator(deque, skip=0): for unpickling.
template <bool kBackwards>
Ref iterator_construct(Thread& t, Type* cls, Args args) {
  if (args.count < 1) return raise(t, exc::TypeError, "function takes at least 1 argument (0 given)");
  if (args.count > 2) return raise(t, exc::TypeError, "function takes at most 2 arguments (%d given)", int(args.count));
  if (!is_deque(args[0])) return raise(t, exc::TypeError, "argument 1 must be collections.deque, not %T", args[0]);
  i64 skip = 0;
  if (args.count > 1) {
    Ref index = TRY(to_index(t, args[1]));
    skip = TRY(to_i64(t, index, "Python int too large to convert to C ssize_t"));
  }
  Ref self = TRY(iterator_new(t, cls, args[0]));
  auto* it = self.as<DequeIterator>();
  if (skip > 0) it->index = u64(skip) < it->size ? u64(skip) : it->size;
  return self;
}

Ref iterator_length_hint(Thread& t, Value self, const Value*) {
  auto* it = self.as<DequeIterator>();
  u64 i = __atomic_load_n(&it->index, __ATOMIC_RELAXED);
  return int_from(t, i >= it->size ? 0 : i64(it->size - i));
}

Ref iterator_reduce(Thread& t, Value self, const Value*) {
  auto* it = self.as<DequeIterator>();
  u64 i = __atomic_load_n(&it->index, __ATOMIC_RELAXED);
  Ref index = TRY(int_from(t, i64(i < it->size ? i : it->size)));
  RefTo<Tuple> arguments = TRY(tuple_of(t, it->deque.peek(), index));
  return tuple_of(t, Value(type_of(self)), arguments);
}

Ref deque_iter(Thread& t, Value self) { return iterator_new(t, g_deque_iterator_type, self); }
Ref m_reversed(Thread& t, Value self, const Value*) { return iterator_new(t, g_deque_reverse_iterator_type, self); }

const Method kIteratorMethods[] = {
    method("__length_hint__", iterator_length_hint, "($self, /)",
           "Private method returning an estimate of len(list(it))."),
    method("__reduce__", iterator_reduce, "($self, /)", "Return state information for pickling."),
    {},
};

const Method kMethods[] = {
    method("append", m_append, "($self, item, /)", "Add an element to the right side of the deque."),
    method("appendleft", m_appendleft, "($self, item, /)", "Add an element to the left side of the deque."),
    method("clear", m_clear, "($self, /)", "Remove all elements from the deque."),
    method("__copy__", m_copy, "($self, /)", "Return a shallow copy of a deque."),
    method("copy", m_copy, "($self, /)", "Return a shallow copy of a deque."),
    method("count", m_count, "($self, value, /)", "Return number of occurrences of value."),
    method("extend", m_extend, "($self, iterable, /)",
           "Extend the right side of the deque with elements from the iterable."),
    method("extendleft", m_extendleft, "($self, iterable, /)",
           "Extend the left side of the deque with elements from the iterable."),
    method("index", m_index, "($self, value, [start, [stop]], /)",
           "Return first index of value.\n\nRaises ValueError if the value is not present."),
    method("insert", m_insert, "($self, index, value, /)", "Insert value before index."),
    method("pop", m_pop, "($self, /)", "Remove and return the rightmost element."),
    method("popleft", m_popleft, "($self, /)", "Remove and return the leftmost element."),
    method("__reduce__", m_reduce, "($self, /)", "Return state information for pickling."),
    method("remove", m_remove, "($self, value, /)", "Remove first occurrence of value."),
    method("__reversed__", m_reversed, "($self, /)", "Return a reverse iterator over the deque."),
    method("reverse", m_reverse, "($self, /)", "Reverse *IN PLACE*."),
    method("rotate", m_rotate, "($self, n=1, /)",
           "Rotate the deque n steps to the right.  If n is negative, rotates left."),
    method("__sizeof__", m_sizeof, "($self, /)", "Return the size of the deque in memory, in bytes."),
    class_method("__class_getitem__", class_getitem, "($type, object, /)",
                 "deques are generic over the type of their contents"),
    {},
};

const GetSet kGetSets[] = {{"maxlen", get_maxlen, nullptr, "maximum size of a deque or None if unbounded"}, {}};

}  // namespace

Ref deque_new_empty(Thread& t) {
  if (g_deque_type == nullptr) TRY(make_static_type(t, spec_deque, &g_deque_type));
  return new_like(t, -1);
}
Status deque_append(Thread& t, Value deque, Ref&& item) {
  return push(t, deque.as<Deque>(), End::kRight, std::move(item));
}
Ref deque_pop_front(Thread& t, Value deque) { return pop_end(t, deque.as<Deque>(), End::kLeft); }
u64 deque_size(Value deque) { return size_of(deque.as<Deque>()); }

const TypeSpec spec_deque = {
    .name = "collections.deque",
    .doc = "A list-like sequence optimized for data accesses near its endpoints.",
    .layout = {"deque", sizeof(Deque), 0, deque_visit, deque_release, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kImmutable | type_flag::kHasWeakref | type_flag::kSequence,
    .slots = {.repr = deque_repr,
              .compare = deque_compare,
              .iter = deque_iter,
              .new_ = deque_new,
              .init = deque_init,
              .length = deque_length,
              .get_item = deque_get_item,
              .set_item = deque_set_item,
              .contains = deque_contains,
              .concat = deque_concat,
              .repeat = deque_repeat,
              .inplace_concat = deque_inplace_concat,
              .inplace_repeat = deque_inplace_repeat},
    .methods = kMethods,
    .getsets = kGetSets,
    .text_signature = "([iterable[, maxlen]])",
};

const TypeSpec spec_deque_iterator = {
    .name = "collections._deque_iterator",
    .layout = {"_deque_iterator", sizeof(DequeIterator), 0, iterator_visit, nullptr, nullptr, nullptr},
    .flags = type_flag::kImmutable,
    .slots = {.iter = iter_self, .next = iterator_next<false>, .new_ = iterator_construct<false>},
    .methods = kIteratorMethods,
};

const TypeSpec spec_deque_reverse_iterator = {
    .name = "collections._deque_reverse_iterator",
    .layout = {"_deque_reverse_iterator", sizeof(DequeIterator), 0, iterator_visit, nullptr, nullptr, nullptr},
    .flags = type_flag::kImmutable,
    .slots = {.iter = iter_self, .next = iterator_next<true>, .new_ = iterator_construct<true>},
    .methods = kIteratorMethods,
};

}  // namespace typhon
