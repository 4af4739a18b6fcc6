// range, range_iterator (bounds that are small ints) and longrange_iterator (all others).
#include "objects/itertypes.h"

namespace typhon {

namespace types {
Type* longrange_iterator;
}

namespace {

struct LongRangeIterator : Object {  // aux2: CPython would have a range_iterator here
  Field next, step, remaining;  // ints
};

// What is left to do arithmetic on when everything is small.
struct SmallRange {
  i64 start, stop, step, length;
};
bool small_range(const Range* r, SmallRange* out) {
  Value start = r->start.peek(), stop = r->stop.peek(), step = r->step.peek(), length = r->length.peek();
  if (!(start.bits & stop.bits & step.bits & length.bits & 1)) return false;
  *out = {start.as_small_int(), stop.as_small_int(), step.as_small_int(), length.as_small_int()};
  return true;
}

Value small(i64 n) { return Value::small_int(n); }

Ref add(Thread& t, Value a, Value b) { return int_binary(t, IntOp::kAdd, a, b); }
Ref subtract(Thread& t, Value a, Value b) { return int_binary(t, IntOp::kSub, a, b); }
Ref multiply(Thread& t, Value a, Value b) { return int_binary(t, IntOp::kMul, a, b); }
// a + i * b
Ref advance(Thread& t, Value a, Value i, Value b) {
  if (a.bits & i.bits & b.bits & 1) {
    i128 n = i128(a.as_small_int()) + i128(i.as_small_int()) * b.as_small_int();
    if (n >= Value::kMinSmallInt && n <= Value::kMaxSmallInt) return Ref::adopt(small(i64(n)));
  }
  Ref product = TRY(multiply(t, i, b));
  return add(t, a, product);
}

Ref range_length(Thread& t, Value start, Value stop, Value step) {
  if (start.bits & stop.bits & step.bits & 1) {
    i64 a = start.as_small_int(), b = stop.as_small_int(), s = step.as_small_int();
    i128 n = 0;
    if (s > 0 && a < b) n = (i128(b) - a - 1) / s + 1;
    if (s < 0 && a > b) n = (i128(a) - b - 1) / -i128(s) + 1;
    if (n <= Value::kMaxSmallInt) return Ref::adopt(small(i64(n)));
    return int_from_big(t, n);
  }
  bool up = int_sign(step) > 0;
  Value low = up ? start : stop, high = up ? stop : start;
  if (int_compare(low, high) >= 0) return Ref::adopt(small(0));
  Ref distance = TRY(subtract(t, high, low));
  distance = TRY(subtract(t, distance, small(1)));
  Ref size = up ? Ref::copy(step) : TRY(int_negate(t, step));
  Ref steps = TRY(int_binary(t, IntOp::kFloorDiv, distance, size));
  return add(t, steps, small(1));
}

Ref range_from_ints(Thread& t, Value start, Value stop, Value step) {
  Ref length = TRY(range_length(t, start, stop, step));
  Range* r = heap::allocate_as<Range>(t, kShape_range, sizeof(Range), false);
  r->start.init(r, start);
  r->stop.init(r, stop);
  r->step.init(r, step);
  r->length.init(r, std::move(length));
  return Ref::adopt(Value(r));
}

void range_visit(Object* self, Visitor& visitor) {
  Range* r = static_cast<Range*>(self);
  visitor.field(r->start);
  visitor.field(r->stop);
  visitor.field(r->step);
  visitor.field(r->length);
}

Ref range_new_slot(Thread& t, Type*, Args args) {
  TRY(check_no_keywords(t, "range", args));
  TRY(check_arity(t, "range", args, 1, 3));
  if (args.count == 1) {
    Ref stop = TRY(to_index(t, args[0]));
    return range_from_ints(t, small(0), stop, small(1));
  }
  Ref start = TRY(to_index(t, args[0]));
  Ref stop = TRY(to_index(t, args[1]));
  Ref step = args.count == 3 ? TRY(to_index(t, args[2])) : Ref::adopt(small(1));
  if (int_sign(step) == 0) return raise(t, exc::ValueError, "range() arg 3 must not be zero");
  return range_from_ints(t, start, stop, step);
}

Ref range_repr(Thread& t, Value self) {
  Range* r = self.as<Range>();
  if (r->step.peek().same_word(small(1))) return str_format(t, "range(%R, %R)", r->start.peek(), r->stop.peek());
  return str_format(t, "range(%R, %R, %R)", r->start.peek(), r->stop.peek(), r->step.peek());
}

Result<i64> range_hash(Thread& t, Value self) {
  Range* r = self.as<Range>();
  Value length = r->length.peek();
  Value start = int_sign(length) == 0 ? None : r->start.peek();
  Value step = int_sign(length) == 0 || length.same_word(small(1)) ? None : r->step.peek();
  RefTo<Tuple> parts = TRY(tuple_of(t, length, start, step));
  return object_hash(t, parts);
}

Ref range_compare(Thread& t, Value self, Value other, CompareOp op) {
  if (!is_range(other) || (op != CompareOp::kEq && op != CompareOp::kNe)) return Ref::not_implemented();
  Range *a = self.as<Range>(), *b = other.as<Range>();
  bool same = int_compare(a->length.peek(), b->length.peek()) == 0;
  if (same && int_sign(a->length.peek()) != 0) {
    same = int_compare(a->start.peek(), b->start.peek()) == 0;
    if (same && !a->length.peek().same_word(small(1))) same = int_compare(a->step.peek(), b->step.peek()) == 0;
  }
  return Ref::boolean(same == (op == CompareOp::kEq));
}

Result<i64> range_length_slot(Thread& t, Value self) {
  return to_i64(t, self.as<Range>()->length.peek(), "Python int too large to convert to C ssize_t");
}

Result<bool> range_bool(Thread& t, Value self) { return int_sign(self.as<Range>()->length.peek()) != 0; }

Ref range_get_slice(Thread& t, Range* r, Slice* slice) {
  RefTo<Tuple> at = TRY(slice_indices_big(t, slice, r->length.peek()));
  Ref step = TRY(multiply(t, at->items[2].peek(), r->step.peek()));
  Ref start = TRY(advance(t, r->start.peek(), at->items[0].peek(), r->step.peek()));
  Ref stop = TRY(advance(t, r->start.peek(), at->items[1].peek(), r->step.peek()));
  return range_from_ints(t, start, stop, step);
}

Ref range_get_item(Thread& t, Value self, Value key) {
  Range* r = self.as<Range>();
  if (is_slice(key)) return range_get_slice(t, r, key.as<Slice>());
  if (!is_indexable(key)) return raise(t, exc::TypeError, "range indices must be integers or slices, not %T", key);
  Ref index = TRY(to_index(t, key));
  Value length = r->length.peek();
  if (int_sign(index) < 0) index = TRY(add(t, index, length));
  if (int_sign(index) < 0 || int_compare(index, length) >= 0)
    return raise(t, exc::IndexError, "range object index out of range");
  return advance(t, r->start.peek(), index, r->step.peek());
}

// Where an int lies in the range; EMPTY when it does not.
Ref position_of(Thread& t, Range* r, Value n) {
  Value start = r->start.peek(), stop = r->stop.peek(), step = r->step.peek();
  bool up = int_sign(step) > 0;
  if (up ? int_compare(n, start) < 0 || int_compare(n, stop) >= 0
         : int_compare(n, start) > 0 || int_compare(n, stop) <= 0)
    return Ref();
  Ref distance = TRY(subtract(t, n, start));
  Ref remainder = TRY(int_binary(t, IntOp::kMod, distance, step));
  if (int_sign(remainder) != 0) return Ref();
  return int_binary(t, IntOp::kFloorDiv, distance, step);
}

bool is_plain_int(Value v) { return is_exact_int(v) || v.is_bool(); }

Result<bool> range_contains(Thread& t, Value self, Value item) {
  Range* r = self.as<Range>();
  if (is_plain_int(item)) {
    SmallRange s;
    if (item.is_small_int() && small_range(r, &s)) {
      i64 n = item.as_small_int();
      if (s.step > 0 ? n < s.start || n >= s.stop : n > s.start || n <= s.stop) return false;
      return (i128(n) - s.start) % s.step == 0;
    }
    Ref at = TRY(position_of(t, r, item));
    return !at.is_empty();
  }
  Ref iterator = TRY(range_iterator_new(t, r, false));
  for (;;) {
    Ref candidate = TRY(iter_next(t, iterator));
    if (candidate.is_empty()) return false;
    bool same = TRY(values_equal(t, candidate, item));
    if (same) return true;
  }
}

Ref range_index(Thread& t, Value self, const Value* a) {
  Range* r = self.as<Range>();
  if (is_plain_int(a[0])) {
    Ref at = TRY(position_of(t, r, a[0]));
    if (at.is_empty()) return raise(t, exc::ValueError, "range.index(x): x not in range");
    return at;
  }
  Ref iterator = TRY(range_iterator_new(t, r, false));
  for (i64 i = 0;; i++) {
    Ref candidate = TRY(iter_next(t, iterator));
    if (candidate.is_empty()) return raise(t, exc::ValueError, "sequence.index(x): x not in sequence");
    bool same = TRY(values_equal(t, candidate, a[0]));
    if (same) return int_from(t, i);
  }
}

Ref range_count(Thread& t, Value self, const Value* a) {
  Range* r = self.as<Range>();
  if (is_plain_int(a[0])) {
    Ref at = TRY(position_of(t, r, a[0]));
    return int_from(t, at.is_empty() ? 0 : 1);
  }
  Ref iterator = TRY(range_iterator_new(t, r, false));
  for (i64 count = 0;;) {
    Ref candidate = TRY(iter_next(t, iterator));
    if (candidate.is_empty()) return int_from(t, count);
    bool same = TRY(values_equal(t, candidate, a[0]));
    if (same) count++;
  }
}

Ref range_iter(Thread& t, Value self) { return range_iterator_new(t, self.as<Range>(), false); }
Ref range_reversed(Thread& t, Value self, const Value*) { return range_iterator_new(t, self.as<Range>(), true); }

Ref range_reduce(Thread& t, Value self, const Value*) {
  Range* r = self.as<Range>();
  RefTo<Tuple> arguments = TRY(tuple_of(t, r->start.peek(), r->stop.peek(), r->step.peek()));
  return tuple_of(t, Value(types::range), arguments.value());
}

// --- range_iterator: three plain numbers. While it is shared they are changed together under its lock.

Ref range_iterator_next(Thread& t, Value self) {
  RangeIterator* it = self.as<RangeIterator>();
  i64 n;
  {
    ObjectLock lock(t, it);
    if (it->remaining <= 0) return Ref();
    n = it->next;
    it->next = n + it->step;
    it->remaining--;
  }
  return int_from(t, n);
}

Ref range_iterator_length_hint(Thread& t, Value self, const Value*) {
  return int_from(t, __atomic_load_n(&self.as<RangeIterator>()->remaining, __ATOMIC_RELAXED));
}

Ref reduce_range(Thread& t, Value start, Value stop, Value step) {
  Ref rest = TRY(range_from_ints(t, start, stop, step));
  return reduce_to_builtin(t, "iter", rest, None);
}

Ref range_iterator_reduce(Thread& t, Value self, const Value*) {
  RangeIterator* it = self.as<RangeIterator>();
  i64 next, remaining;
  {
    ObjectLock lock(t, it);
    next = it->next;
    remaining = it->remaining;
  }
  Ref start = TRY(int_from(t, next));
  Ref step = TRY(int_from(t, it->step));
  Ref stop = TRY(int_from_big(t, i128(next) + i128(remaining) * it->step));
  return reduce_range(t, start, stop, step);
}

Ref range_iterator_setstate(Thread& t, Value self, const Value* a) {
  i64 skip = TRY(to_i64(t, a[0]));
  RangeIterator* it = self.as<RangeIterator>();
  ObjectLock lock(t, it);
  if (skip < 0) skip = 0;
  if (skip > it->remaining) skip = it->remaining;
  it->next += skip * it->step;
  it->remaining -= skip;
  return Ref::none();
}

// --- longrange_iterator

void longrange_visit(Object* self, Visitor& visitor) {
  LongRangeIterator* it = static_cast<LongRangeIterator*>(self);
  visitor.field(it->next);
  visitor.field(it->step);
  visitor.field(it->remaining);
}

// Moves the iterator by `by` items if it is still where `next` says.
Result<bool> move_on(Thread& t, LongRangeIterator* it, Value next, Value remaining, Value by) {
  Ref new_next = TRY(advance(t, next, by, it->step.peek()));
  Ref new_remaining = TRY(subtract(t, remaining, by));
  publish_for(it, new_next);
  publish_for(it, new_remaining);
  Value old_next = EMPTY, old_remaining = EMPTY;
  {
    ObjectLock lock(t, it);
    if (!it->next.peek().same_word(next)) return false;
    old_next = it->next.exchange(it, std::move(new_next));
    old_remaining = it->remaining.exchange(it, std::move(new_remaining));
  }
  Field::release_heap(old_next);
  Field::release_heap(old_remaining);
  return true;
}

void read_long(Thread& t, LongRangeIterator* it, Ref* next, Ref* remaining) {
  Value a, b;
  {
    ObjectLock lock(t, it);
    a = acquire(it->next.peek());
    b = acquire(it->remaining.peek());
  }
  *next = Ref::adopt(a);
  *remaining = Ref::adopt(b);
}

Ref longrange_next(Thread& t, Value self) {
  LongRangeIterator* it = self.as<LongRangeIterator>();
  for (;;) {
    Ref next, remaining;
    read_long(t, it, &next, &remaining);
    if (int_sign(remaining) <= 0) return Ref();
    bool moved = TRY(move_on(t, it, next, remaining, small(1)));
    if (moved) return next;
  }
}

Ref longrange_length_hint(Thread& t, Value self, const Value*) {
  return self.as<LongRangeIterator>()->remaining.load();
}

Ref longrange_reduce(Thread& t, Value self, const Value*) {
  LongRangeIterator* it = self.as<LongRangeIterator>();
  Ref next, remaining;
  read_long(t, it, &next, &remaining);
  Ref step = it->step.load();
  Ref stop = TRY(advance(t, next, remaining, step));
  return reduce_range(t, next, stop, step);
}

// Whether CPython would have a range_iterator here, which has words of 64 bits. No number on the way may be greater.
bool fits_machine_words(const Range* range, bool backwards) {
  i64 start, stop, step, n;
  if (!int_fits_i64(range->start.peek(), &start) || !int_fits_i64(range->stop.peek(), &stop) ||
      !int_fits_i64(range->step.peek(), &step) || !int_fits_i64(range->length.peek(), &n))
    return false;
  i128 beyond = backwards ? i128(start) - step : i128(stop) + step + (step > 0 ? -1 : 1);
  return beyond == i64(beyond);
}

Ref longrange_setstate(Thread& t, Value self, const Value* a) {
  LongRangeIterator* it = self.as<LongRangeIterator>();
  Ref state = Ref::copy(a[0]);
  if (it->aux2 != 0) {
    i64 n = TRY(to_i64(t, a[0], "Python int too large to convert to C long"));
    state = TRY(int_from(t, n));
  } else if (!is_exact_int(state)) {
    return raise(t, exc::TypeError, "state must be an int, not %T", a[0]);
  }
  for (;;) {
    Ref next, remaining;
    read_long(t, it, &next, &remaining);
    Ref skip = int_sign(state) < 0 ? Ref::adopt(small(0)) : state.dup();
    if (int_compare(skip, remaining) > 0) skip = remaining.dup();
    bool moved = TRY(move_on(t, it, next, remaining, skip));
    if (moved) return Ref::none();
  }
}

const Method kRangeMethods[] = {
    method("__reversed__", range_reversed, "($self, /)", "Return a reverse iterator."),
    method("__reduce__", range_reduce, "($self, /)"),
    method("count", range_count, "($self, object, /)",
           "rangeobject.count(value) -> integer -- return number of occurrences of value"),
    method(
        "index", range_index, "($self, object, /)",
        "rangeobject.index(value) -> integer -- return index of value.\nRaise ValueError if the value is not present."),
    {},
};
const Member kRangeMembers[] = {
    {"start", sizeof(Object)},
    {"stop", sizeof(Object) + sizeof(Field)},
    {"step", sizeof(Object) + 2 * sizeof(Field)},
    {},
};
const Method kRangeIteratorMethods[] = {
    method("__length_hint__", range_iterator_length_hint, "($self, /)",
           "Private method returning an estimate of len(list(it))."),
    method("__reduce__", range_iterator_reduce, "($self, /)", "Return state information for pickling."),
    method("__setstate__", range_iterator_setstate, "($self, object, /)", "Set state information for unpickling."),
    {},
};
const Method kLongRangeMethods[] = {
    method("__length_hint__", longrange_length_hint, "($self, /)",
           "Private method returning an estimate of len(list(it))."),
    method("__reduce__", longrange_reduce, "($self, /)", "Return state information for pickling."),
    method("__setstate__", longrange_setstate, "($self, object, /)", "Set state information for unpickling."),
    {},
};

const TypeSpec kLongRangeSpec = {
    .name = "longrange_iterator",
    .layout = {.name = "longrange_iterator",
               .basic_size = sizeof(LongRangeIterator),
               .item_size = 0,
               .visit = longrange_visit,
               .release = nullptr,
               .native_size = nullptr,
               .finalise = nullptr},
    .flags = type_flag::kImmutable | type_flag::kDisallowInstantiation,
    .slots = {.iter = iter_self, .next = longrange_next},
    .methods = kLongRangeMethods,
};

}  // namespace

Ref range_iterator_new(Thread& t, Range* range, bool backwards) {
  SmallRange s;
  if (small_range(range, &s)) {
    RangeIterator* it = heap::allocate_as<RangeIterator>(t, kShape_range_iterator, sizeof(RangeIterator), false);
    it->next = backwards ? s.start + (s.length - 1) * s.step : s.start;
    it->step = backwards ? -s.step : s.step;
    it->remaining = s.length;
    return Ref::adopt(Value(it));
  }
  Value start = range->start.peek(), step = range->step.peek(), length = range->length.peek();
  Ref first = Ref::copy(start), stride = Ref::copy(step);
  if (backwards) {
    Ref last = TRY(subtract(t, length, small(1)));
    first = TRY(advance(t, start, last, step));
    stride = TRY(int_negate(t, step));
  }
  LongRangeIterator* it = allocate_native<LongRangeIterator>(t, types::longrange_iterator);
  it->next.init(it, std::move(first));
  it->step.init(it, std::move(stride));
  it->remaining.init(it, length);
  it->aux2 = fits_machine_words(range, backwards) ? 1 : 0;
  return Ref::adopt(Value(it));
}

extern const TypeSpec spec_range, spec_range_iterator;
const TypeSpec spec_range = {
    .name = "range",
    .doc =
        "range(stop) -> range object\nrange(start, stop[, step]) -> range object\n\nReturn an object that produces a "
        "sequence of integers from start (inclusive)\nto stop (exclusive) by step.  range(i, j) produces i, i+1, i+2, "
        "..., j-1.\nstart defaults to 0, and stop is omitted!  range(4) produces 0, 1, 2, 3.\nThese are exactly the "
        "valid indices for a list of 4 elements.\nWhen step is given, it specifies the increment (or decrement).",
    .layout = {.name = "range",
               .basic_size = sizeof(Range),
               .item_size = 0,
               .visit = range_visit,
               .release = nullptr,
               .native_size = nullptr,
               .finalise = nullptr,
               .dispose = dispose_fields<offsetof(Range, start), 4>},
    .flags = type_flag::kSequence | type_flag::kImmutable,
    .slots = {.repr = range_repr,
              .hash = range_hash,
              .compare = range_compare,
              .iter = range_iter,
              .new_ = range_new_slot,
              .bool_ = range_bool,
              .length = range_length_slot,
              .get_item = range_get_item,
              .contains = range_contains},
    .methods = kRangeMethods,
    .members = kRangeMembers,
};

const TypeSpec spec_range_iterator = {
    .name = "range_iterator",
    .layout = {.name = "range_iterator",
               .basic_size = sizeof(RangeIterator),
               .item_size = 0,
               .visit = nullptr,
               .release = nullptr,
               .native_size = nullptr,
               .finalise = nullptr},
    .flags = type_flag::kImmutable | type_flag::kDisallowInstantiation | type_flag::kUntracked,
    .slots = {.iter = iter_self, .next = range_iterator_next},
    .methods = kRangeIteratorMethods,
};

Status initialise_longrange(Thread& t) { return make_static_type(t, kLongRangeSpec, &types::longrange_iterator); }

}  // namespace typhon
