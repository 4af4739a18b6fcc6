// tuple: immutable, so readers and writers need no protocol at all.
#include "objects/itertypes.h"

namespace typhon {

namespace {

Tuple* g_empty_tuple = nullptr;

constexpr u64 kTupleHeader = sizeof(Tuple) - sizeof(Field);

// One whose items the caller stores at once: until then they may be anything.
Tuple* allocate_unfilled(Thread& t, size_t n) {
  if (n > kMaxTuple) [[unlikely]] {
    (void)raise_no_memory(t);
    return nullptr;
  }
  auto* tuple = static_cast<Tuple*>(
      heap::try_allocate_unfilled(t, kShape_tuple, kTupleHeader + n * sizeof(Field), kTupleHeader));
  if (tuple != nullptr) tuple->size = n;
  return tuple;
}

// A tuple of untracked things cannot be part of a cycle.
TYPHON_INLINE Tuple* tracked_by(u8 states, Tuple* tuple) {
  if (states & state::kTracked) tuple->state |= state::kTracked;
  return tuple;
}
const Value* words_of(const Tuple* tuple) { return reinterpret_cast<const Value*>(tuple->items); }

}  // namespace

RefTo<Tuple> tuple_allocate(Thread& t, size_t n) {
  if (n > kMaxTuple) return raise_no_memory(t);
  size_t bytes = kTupleHeader + n * sizeof(Field);
  Object* object = n < 1024 ? heap::allocate(t, kShape_tuple, bytes, true) : heap::try_allocate(t, kShape_tuple, bytes, true);
  if (object == nullptr) return Raised{};
  static_cast<Tuple*>(object)->size = n;
  return RefTo<Tuple>::adopt(static_cast<Tuple*>(object));
}

RefTo<Tuple> tuple_from(Thread& t, const Value* items, size_t n) {
  if (n == 0) return tuple_of(t);
  Tuple* tuple = allocate_unfilled(t, n);
  if (tuple == nullptr) return Raised{};
  return RefTo<Tuple>::adopt(tracked_by(copy_words(tuple->items, items, n), tuple));
}

RefTo<Tuple> tuple_take(Thread& t, Value* owned_items, size_t n) {
  if (n == 0) return tuple_of(t);
  Tuple* tuple = allocate_unfilled(t, n);
  if (tuple == nullptr) return drop_owned(owned_items, n);
  return RefTo<Tuple>::adopt(tracked_by(move_owned(tuple->items, owned_items, n), tuple));
}

Ref tuple_extended(Thread& t, Value tuple, Value* owned_items, size_t n, bool items_first) {
  Tuple* from = tuple.as<Tuple>();
  u64 size = from->size;
  Tuple* result = allocate_unfilled(t, size + n);
  if (result == nullptr) return drop_owned(owned_items, n);
  u8 seen = copy_words(result->items + (items_first ? n : 0), words_of(from), size);
  seen |= move_owned(result->items + (items_first ? 0 : size), owned_items, n);
  return Ref::adopt(Value(tracked_by(seen, result)));
}

Ref tuple_join(Thread& t, Value* left, bool left_owned, Value* right, bool right_owned) {
  Tuple *a = left->as<Tuple>(), *b = right->as<Tuple>();
  u64 first = a->size, second = b->size;
  Tuple* result = allocate_unfilled(t, first + second);
  if (result == nullptr) return Ref::error();
  (void)tracked_by(a->ownership() | b->ownership(), result);
  // Out of an operand that dies by this the words are moved: nothing is counted.
  auto dies = [&](Value word, bool owned) {
    return owned && a != b && !word.is_deferred() && word.object()->is_local() && word.object()->count == count::kOne;
  };
  bool left_dies = dies(*left, left_owned), right_dies = dies(*right, right_owned);
  auto fill = [](Field* to, Tuple* from, u64 n, bool moved) {
    if (!moved) return (void)copy_words(to, words_of(from), n);
    for (u64 i = 0; i < n; i++) *to[i].address() = *from->items[i].address();
  };
  fill(result->items, a, first, left_dies);
  fill(result->items + first, b, second, right_dies);
  auto end = [&](Value* operand, bool moved) {
    Value word = *operand;
    *operand = EMPTY;
    if (moved) return heap::free_block(t, word.object());
    release(word);
  };
  if (left_owned) end(left, left_dies);
  if (right_owned) end(right, right_dies);
  return Ref::adopt(Value(result));
}

Tuple* empty_tuple() {
  Tuple* tuple = __atomic_load_n(&g_empty_tuple, __ATOMIC_ACQUIRE);
  if (tuple != nullptr) [[likely]]
    return tuple;
  // Start-up, one thread: the first caller makes it.
  tuple = static_cast<Tuple*>(heap::allocate(Thread::current(), kShape_tuple, kTupleHeader + sizeof(Field), false));
  tuple->state = state::kImmortal;
  g_empty_tuple = tuple;
  return tuple;
}

RefTo<Tuple> tuple_slice(Thread& t, Tuple* tuple, SliceIndices* indices) {
  SliceIndices& s = *indices;
  slice_adjust(&s, i64(tuple->size));
  if (s.count <= 0) return tuple_of(t);
  if (s.step == 1) {
    if (u64(s.count) == tuple->size && is_exact_tuple(Value(tuple))) return RefTo<Tuple>::copy(tuple);
    return tuple_from(t, words_of(tuple) + s.start, size_t(s.count));
  }
  RefTo<Tuple> result = TRY(tuple_allocate(t, size_t(s.count)));
  for (i64 k = 0; k < s.count; k++) result->items[k].init(result.get(), tuple->items[s.start + k * s.step].peek());
  return result;
}

// --- the type

namespace {

void tuple_visit(Object* self, Visitor& visitor) {
  Tuple* tuple = static_cast<Tuple*>(self);
  visitor.fields(tuple->items, tuple->size);
}
bool tuple_dispose(Thread&, Object* self) {
  Tuple* tuple = static_cast<Tuple*>(self);
  for (u64 i = 0; i < tuple->size; i++) drop_field(tuple->items[i]);
  return true;
}
size_t tuple_native_size(const Object* self) {
  return kTupleHeader + static_cast<const Tuple*>(self)->size * sizeof(Field);
}

Ref tuple_new_slot(Thread& t, Type* cls, Args args) {
  if (args.keyword_count != 0 && (cls == types::tuple || cls->slots.init == types::tuple->slots.init))
    TRY(check_no_keywords(t, "tuple", args));
  TRY(check_arity(t, "tuple", args, 0, 1));
  RefTo<Tuple> items = TRY(args.count == 0 ? tuple_of(t) : to_tuple(t, args[0]));
  if (cls == types::tuple) return items;
  Ref self = TRY(allocate_instance(t, cls, items->size));
  Tuple* tuple = self.as<Tuple>();
  tuple->size = items->size;
  for (u64 i = 0; i < items->size; i++) tuple->items[i].init(tuple, items->items[i].peek());
  return self;
}

Ref tuple_repr(Thread& t, Value self) {
  Tuple* tuple = self.as<Tuple>();
  if (tuple->size == 0) return str_from_ascii(t, "()");
  bool entered = TRY(repr_enter(t, self));
  if (!entered) return str_from_ascii(t, "(...)");
  StrBuilder out;
  out.append('(');
  bool failed = false;
  for (u64 i = 0; i < tuple->size; i++) {
    if (i != 0) out.append_ascii(", ");
    Ref item = tuple->items[i].load();
    failed = append_repr(t, out, item).failed();
    if (failed) break;
  }
  repr_leave(t, self);
  if (failed) return Raised{};
  out.append_ascii(tuple->size == 1 ? ",)" : ")");
  return out.finish(t);
}

// The xxHash-derived mixing that CPython documents; programs and its own tests see the numbers.
constexpr u64 kPrime1 = 11400714785074694791u, kPrime2 = 14029467366897019727u, kPrime5 = 2870177450012600261u;

Result<i64> tuple_hash(Thread& t, Value self) {
  TRY(enter_native(t, " while hashing a tuple"));
  Tuple* tuple = self.as<Tuple>();
  u64 acc = kPrime5;
  for (u64 i = 0; i < tuple->size; i++) {
    Value item = tuple->items[i].peek();
    u64 lane;
    if (item.is_small_int() && item.as_small_int() > -kHashModulus && item.as_small_int() < kHashModulus) {
      i64 n = item.as_small_int();
      lane = u64(n == -1 ? -2 : n);
    } else {
      lane = u64(TRY(object_hash(t, item)));
    }
    acc += lane * kPrime2;
    acc = std::rotl(acc, 31) * kPrime1;
  }
  acc += tuple->size ^ (kPrime5 ^ 3527539u);
  if (acc == ~u64(0)) return i64(1546275796);
  return i64(acc);
}

Ref tuple_compare(Thread& t, Value self, Value other, CompareOp op) {
  if (!is_tuple(other)) return Ref::not_implemented();
  Tuple *a = self.as<Tuple>(), *b = other.as<Tuple>();
  u64 n = a->size < b->size ? a->size : b->size;
  for (u64 i = 0; i < n; i++) {
    Value x = a->items[i].peek(), y = b->items[i].peek();
    bool same = TRY(values_equal(t, x, y));
    if (same) continue;
    if (op == CompareOp::kEq || op == CompareOp::kNe) return Ref::boolean(op == CompareOp::kNe);
    return compare(t, op, x, y);
  }
  return Ref::boolean(order_holds(op, i64(a->size) - i64(b->size)));
}

Result<i64> tuple_length(Thread& t, Value self) { return i64(self.as<Tuple>()->size); }

Ref tuple_iter(Thread& t, Value self) { return position_iterator_new(t, kShape_tuple_iterator, self); }

Ref tuple_get_item(Thread& t, Value self, Value key) {
  Tuple* tuple = self.as<Tuple>();
  i64 i;
  if (key.is_small_int()) [[likely]] {
    i = key.as_small_int();
  } else if (is_slice(key)) {
    SliceIndices s;
    TRY(slice_unpack_py(t, key.as<Slice>(), &s));
    return tuple_slice(t, tuple, &s);
  } else {
    if (!is_indexable(key)) return raise(t, exc::TypeError, "tuple indices must be integers or slices, not %T", key);
    i = TRY(subscript_index(t, key));
  }
  if (i < 0) i += i64(tuple->size);
  if (u64(i) >= tuple->size) return raise(t, exc::IndexError, "tuple index out of range");
  return tuple->items[i].load();
}

Result<bool> tuple_contains(Thread& t, Value self, Value item) {
  Tuple* tuple = self.as<Tuple>();
  for (u64 i = 0; i < tuple->size; i++) {
    bool same = TRY(values_equal(t, tuple->items[i].peek(), item));
    if (same) return true;
  }
  return false;
}

Ref tuple_concat(Thread& t, Value self, Value other) {
  if (!is_tuple(other)) return raise(t, exc::TypeError, "can only concatenate tuple (not \"%T\") to tuple", other);
  Tuple *a = self.as<Tuple>(), *b = other.as<Tuple>();
  if (b->size == 0 && is_exact_tuple(self)) return Ref::copy(self);
  if (a->size == 0 && is_exact_tuple(other)) return Ref::copy(other);
  RefTo<Tuple> result = TRY(tuple_allocate(t, a->size + b->size));
  Field* to = result->items;
  for (Tuple* source : {a, b})
    for (u64 i = 0; i < source->size; i++) *(to++)->address() = heap_copy(source->items[i].peek());
  return result;
}

Ref tuple_repeat(Thread& t, Value self, Value times) {
  i64 count = TRY(repeat_count(t, times));
  Tuple* tuple = self.as<Tuple>();
  u64 size = tuple->size;
  if (size == 0 || count == 1) {
    if (is_exact_tuple(self)) return Ref::copy(self);
    return tuple_from(t, words_of(tuple), size);
  }
  if (count == 0) return tuple_of(t);
  if (u64(count) > kMaxItems / size) return raise_no_memory(t);
  RefTo<Tuple> result = TRY(tuple_allocate(t, size * u64(count)));
  Field* to = result->items;
  for (i64 k = 0; k < count; k++)
    for (u64 i = 0; i < size; i++) *(to++)->address() = heap_copy(tuple->items[i].peek());
  return result;
}

Ref tuple_count(Thread& t, Value self, const Value* a) {
  Tuple* tuple = self.as<Tuple>();
  i64 count = 0;
  for (u64 i = 0; i < tuple->size; i++) {
    bool same = TRY(values_equal(t, tuple->items[i].peek(), a[0]));
    if (same) count++;
  }
  return int_from(t, count);
}

Ref tuple_index(Thread& t, Value self, const Value* a) {
  Tuple* tuple = self.as<Tuple>();
  i64 size = i64(tuple->size);
  i64 start = TRY(search_bound(t, a[1], 0));
  i64 stop = TRY(search_bound(t, a[2], INT64_MAX));
  if (start < 0) start = start + size < 0 ? 0 : start + size;
  if (stop < 0) stop = stop + size;
  if (stop > size) stop = size;
  for (i64 i = start; i < stop; i++) {
    bool same = TRY(values_equal(t, tuple->items[i].peek(), a[0]));
    if (same) return int_from(t, i);
  }
  return raise(t, exc::ValueError, "tuple.index(x): x not in tuple");
}

Ref tuple_getnewargs(Thread& t, Value self, const Value*) {
  Tuple* tuple = self.as<Tuple>();
  RefTo<Tuple> plain = TRY(tuple_from(t, words_of(tuple), tuple->size));
  return tuple_of(t, plain.value());
}

const Method kTupleMethods[] = {
    method("__getnewargs__", tuple_getnewargs, "($self, /)"),
    class_method("__class_getitem__", class_getitem, "($type, object, /)", "See PEP 585"),
    method("count", tuple_count, "($self, value, /)", "Return number of occurrences of value."),
    method("index", tuple_index, "($self, value, start=0, stop=sys.maxsize, /)",
           "Return first index of value.\n\nRaises ValueError if the value is not present."),
    {},
};

}  // namespace

extern const TypeSpec spec_tuple;
const TypeSpec spec_tuple = {
    .name = "tuple",
    .doc =
        "Built-in immutable sequence.\n\nIf no argument is given, the constructor returns an empty tuple.\nIf iterable "
        "is specified the tuple is initialized from iterable's items.\n\nIf the argument is a tuple, the return value "
        "is the same object.",
    .layout = {.name = "tuple",
               .basic_size = u32(kTupleHeader),
               .item_size = sizeof(Field),
               .visit = tuple_visit,
               .release = nullptr,
               .native_size = tuple_native_size,
               .finalise = nullptr,
               .dispose = tuple_dispose},
    .flags = type_flag::kBaseType | type_flag::kSequence | type_flag::kMatchSelf | type_flag::kImmutable,
    .slots = {.repr = tuple_repr,
              .hash = tuple_hash,
              .compare = tuple_compare,
              .iter = tuple_iter,
              .new_ = tuple_new_slot,
              .length = tuple_length,
              .get_item = tuple_get_item,
              .contains = tuple_contains,
              .concat = tuple_concat,
              .repeat = tuple_repeat},
    .methods = kTupleMethods,
    .text_signature = "(iterable=(), /)",
};

}  // namespace typhon
