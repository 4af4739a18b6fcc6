// The plain iterators: over lists, tuples and strings by position, backwards over lists, over anything with
// __getitem__, and iter(callable, sentinel).
//
// A shared iterator gives each item at most once: positions are claimed by an atomic addition. One that nobody else can
// reach pays for nothing.
#include "objects/itertypes.h"

namespace typhon {

namespace types {
Type *list_reverseiterator, *callable_iterator, *sequence_iterator;
}

namespace {

struct CallableIterator : Object {
  Field callable, sentinel;  // both EMPTY when exhausted
};

TYPHON_INLINE i64 claim(ListIterator* it, i64 step) {
  if (is_contended(it)) return __atomic_fetch_add(&it->index, step, __ATOMIC_RELAXED);
  i64 index = it->index;
  it->index = index + step;
  return index;
}
i64 position(const ListIterator* it) { return __atomic_load_n(&it->index, __ATOMIC_RELAXED); }

void position_visit(Object* self, Visitor& visitor) { visitor.field(static_cast<ListIterator*>(self)->sequence); }

Ref finish(ListIterator* it) {
  it->sequence.clear(it);
  return Ref();
}

Ref list_iterator_next(Thread& t, Value self) {
  ListIterator* it = self.as<ListIterator>();
  Value sequence = it->sequence.peek();
  if (sequence.is_empty()) return Ref();
  Ref item = list_get(t, sequence.as<List>(), size_t(claim(it, 1)));
  if (item.is_empty()) [[unlikely]]
    return finish(it);
  return item;
}

Ref tuple_iterator_next(Thread& t, Value self) {
  ListIterator* it = self.as<ListIterator>();
  Value sequence = it->sequence.peek();
  if (sequence.is_empty()) return Ref();
  Tuple* tuple = sequence.as<Tuple>();
  u64 i = u64(claim(it, 1));
  if (i >= tuple->size) [[unlikely]]
    return finish(it);
  return tuple->items[i].load();
}

Ref str_iterator_next(Thread& t, Value self) {
  ListIterator* it = self.as<ListIterator>();
  Value sequence = it->sequence.peek();
  if (sequence.is_empty()) return Ref();
  Str* s = sequence.as<Str>();
  u64 i = u64(claim(it, 1));
  if (i >= s->length()) [[unlikely]]
    return finish(it);
  return str_from_char(t, s->at(i));
}

i64 sequence_size(Value sequence) {
  if (is_list(sequence)) return i64(list_size(sequence.as<List>()));
  if (is_tuple(sequence)) return i64(sequence.as<Tuple>()->size);
  return i64(sequence.as<Str>()->length());
}

Ref position_length_hint(Thread& t, Value self, const Value*) {
  ListIterator* it = self.as<ListIterator>();
  Ref sequence = it->sequence.load();
  if (sequence.is_empty()) return int_from(t, 0);
  i64 left = sequence_size(sequence) - position(it);
  return int_from(t, left < 0 ? 0 : left);
}

Result<i64> state_argument(Thread& t, Value state) {
  if (!is_int(state)) return raise(t, exc::TypeError, "an integer is required");
  return to_i64(t, state, "Python int too large to convert to C ssize_t");
}

Ref position_setstate(Thread& t, Value self, const Value* a) {
  ListIterator* it = self.as<ListIterator>();
  i64 index = TRY(state_argument(t, a[0]));
  Ref sequence = it->sequence.load();
  if (sequence.is_empty()) return Ref::none();
  if (index < 0 && type_of(self) == types::list_iterator) {
    finish(it);
    return Ref::none();
  }
  i64 size = sequence_size(sequence);
  if (index < 0) index = 0;
  if (index > size) index = size;
  __atomic_store_n(&it->index, index, __ATOMIC_RELAXED);
  return Ref::none();
}

Ref position_reduce(Thread& t, Value self, const Value*) {
  Ref function = TRY(builtin_named(t, "iter"));  // the look-up may run Python code that uses the iterator up
  ListIterator* it = self.as<ListIterator>();
  Ref sequence = it->sequence.load();
  if (!sequence.is_empty()) {
    Ref index = TRY(int_from(t, position(it)));
    return reduce_to_builtin(t, "iter", sequence, index);
  }
  if (type_of(self) == types::list_iterator) {
    RefTo<List> nothing = TRY(list_new(t));
    return reduce_to_builtin(t, "iter", nothing.value());
  }
  if (type_of(self) == types::tuple_iterator) return reduce_to_builtin(t, "iter", Value(empty_tuple()));
  return reduce_to_builtin(t, "iter", Value(empty_str()));
}

const Method kPositionMethods[] = {
    method("__length_hint__", position_length_hint, "($self, /)",
           "Private method returning an estimate of len(list(it))."),
    method("__reduce__", position_reduce, "($self, /)", "Return state information for pickling."),
    method("__setstate__", position_setstate, "($self, object, /)", "Set state information for unpickling."),
    {},
};

constexpr TypeSpec position_spec(const char* name, NextFn next, const Method* methods) {
  return {.name = name,
          .layout = {.name = name,
                     .basic_size = sizeof(ListIterator),
                     .item_size = 0,
                     .visit = position_visit,
                     .release = nullptr,
                     .native_size = nullptr,
                     .finalise = nullptr,
                     .dispose = dispose_fields<offsetof(ListIterator, sequence), 1>},
          .flags = type_flag::kImmutable | type_flag::kDisallowInstantiation,
          .slots = {.iter = iter_self, .next = next},
          .methods = methods};
}

// --- backwards over a list: `index` is the next position, -1 at the end

Ref reverse_next(Thread& t, Value self) {
  ListIterator* it = self.as<ListIterator>();
  Value sequence = it->sequence.peek();
  if (sequence.is_empty()) return Ref();
  i64 i = claim(it, -1);
  if (i < 0) [[unlikely]] {  // __setstate__ may go back; the iterator keeps its list
    __atomic_store_n(&it->index, -1, __ATOMIC_RELAXED);
    return Ref();
  }
  Ref item = list_get(t, sequence.as<List>(), size_t(i));
  if (item.is_empty()) [[unlikely]]
    return finish(it);
  return item;
}

Ref reverse_length_hint(Thread& t, Value self, const Value*) {
  ListIterator* it = self.as<ListIterator>();
  Ref sequence = it->sequence.load();
  i64 left = position(it) + 1;
  if (sequence.is_empty() || left < 0 || sequence_size(sequence) < left) left = 0;
  return int_from(t, left);
}

Ref reverse_setstate(Thread& t, Value self, const Value* a) {
  ListIterator* it = self.as<ListIterator>();
  i64 index = TRY(state_argument(t, a[0]));
  Ref sequence = it->sequence.load();
  if (sequence.is_empty()) return Ref::none();
  i64 size = sequence_size(sequence);
  if (index < -1) index = -1;
  if (index > size - 1) index = size - 1;
  __atomic_store_n(&it->index, index, __ATOMIC_RELAXED);
  return Ref::none();
}

Ref reverse_reduce(Thread& t, Value self, const Value*) {
  Ref function = TRY(builtin_named(t, "reversed"));  // the look-up may run Python code that uses the iterator up
  ListIterator* it = self.as<ListIterator>();
  Ref sequence = it->sequence.load();
  if (sequence.is_empty() || position(it) < 0) {
    RefTo<List> nothing = TRY(list_new(t));
    return reduce_to_builtin(t, "reversed", nothing.value());
  }
  Ref index = TRY(int_from(t, position(it)));
  return reduce_to_builtin(t, "reversed", sequence, index);
}

const Method kReverseMethods[] = {
    method("__length_hint__", reverse_length_hint, "($self, /)",
           "Private method returning an estimate of len(list(it))."),
    method("__reduce__", reverse_reduce, "($self, /)", "Return state information for pickling."),
    method("__setstate__", reverse_setstate, "($self, object, /)", "Set state information for unpickling."),
    {},
};

// --- iteration by __getitem__

Ref sequence_next(Thread& t, Value self) {
  ListIterator* it = self.as<ListIterator>();
  Ref sequence = it->sequence.load();
  if (sequence.is_empty()) return Ref();
  bool contended = is_contended(it);
  if (position(it) == INT64_MAX) return raise(t, exc::OverflowError, "iter index too large");
  Ref item = get_item_index(t, sequence, contended ? claim(it, 1) : it->index);
  if (!item.failed()) {
    if (!contended) claim(it, 1);
    return item;
  }
  if (!clear_if(t, exc::IndexError) && !clear_if(t, exc::StopIteration)) return Raised{};
  return finish(it);
}

Ref sequence_length_hint(Thread& t, Value self, const Value*) {
  ListIterator* it = self.as<ListIterator>();
  Ref sequence = it->sequence.load();
  if (sequence.is_empty()) return int_from(t, 0);
  if (type_of(sequence)->slots.length == nullptr) return Ref::not_implemented();
  i64 left = TRY(length(t, sequence))
  -position(it);
  return int_from(t, left < 0 ? 0 : left);
}

Ref sequence_reduce(Thread& t, Value self, const Value*) {
  Ref function = TRY(builtin_named(t, "iter"));  // the look-up may run Python code that uses the iterator up
  ListIterator* it = self.as<ListIterator>();
  Ref sequence = it->sequence.load();
  if (sequence.is_empty()) return reduce_to_builtin(t, "iter", Value(empty_tuple()));
  Ref index = TRY(int_from(t, position(it)));
  return reduce_to_builtin(t, "iter", sequence, index);
}

Ref sequence_setstate(Thread& t, Value self, const Value* a) {
  ListIterator* it = self.as<ListIterator>();
  i64 index = TRY(state_argument(t, a[0]));
  if (!it->sequence.is_empty()) __atomic_store_n(&it->index, index < 0 ? 0 : index, __ATOMIC_RELAXED);
  return Ref::none();
}

const Method kSequenceMethods[] = {
    method("__length_hint__", sequence_length_hint, "($self, /)",
           "Private method returning an estimate of len(list(it))."),
    method("__reduce__", sequence_reduce, "($self, /)", "Return state information for pickling."),
    method("__setstate__", sequence_setstate, "($self, object, /)", "Set state information for unpickling."),
    {},
};

// --- iter(callable, sentinel)

void callable_visit(Object* self, Visitor& visitor) {
  CallableIterator* it = static_cast<CallableIterator*>(self);
  visitor.field(it->callable);
  visitor.field(it->sentinel);
}

void callable_finish(CallableIterator* it) {
  it->callable.clear(it);
  it->sentinel.clear(it);
}

Ref callable_next(Thread& t, Value self) {
  CallableIterator* it = self.as<CallableIterator>();
  Ref callable = it->callable.load();
  if (callable.is_empty()) return Ref();
  Ref item = call(t, callable);
  if (item.failed()) {
    if (!clear_if(t, exc::StopIteration)) return Raised{};
    callable_finish(it);
    return Ref();
  }
  // The call may have used the iterator up.
  Ref sentinel = it->sentinel.load();
  if (sentinel.is_empty()) return Ref();
  bool last = TRY(values_equal(t, sentinel, item));
  if (!last) return item;
  callable_finish(it);
  return Ref();
}

Ref callable_reduce(Thread& t, Value self, const Value*) {
  CallableIterator* it = self.as<CallableIterator>();
  Ref function = TRY(builtin_named(t, "iter"));
  Ref callable = it->callable.load(), sentinel = it->sentinel.load();
  if (callable.is_empty() || sentinel.is_empty()) return reduce_to_builtin(t, "iter", Value(empty_tuple()));
  RefTo<Tuple> arguments = TRY(tuple_of(t, callable.get(), sentinel.get()));
  return tuple_of(t, function.get(), arguments.value());
}

const Method kCallableMethods[] = {
    method("__reduce__", callable_reduce, "($self, /)", "Return state information for pickling."),
    {},
};

const TypeSpec kReverseSpec = position_spec("list_reverseiterator", reverse_next, kReverseMethods);
const TypeSpec kSequenceSpec = position_spec("iterator", sequence_next, kSequenceMethods);
const TypeSpec kCallableSpec = {
    .name = "callable_iterator",
    .layout = {.name = "callable_iterator",
               .basic_size = sizeof(CallableIterator),
               .item_size = 0,
               .visit = callable_visit,
               .release = nullptr,
               .native_size = nullptr,
               .finalise = nullptr},
    .flags = type_flag::kImmutable | type_flag::kDisallowInstantiation,
    .slots = {.iter = iter_self, .next = callable_next},
    .methods = kCallableMethods,
};

}  // namespace

extern const TypeSpec spec_list_iterator, spec_tuple_iterator, spec_str_iterator, spec_str_ascii_iterator;
const TypeSpec spec_list_iterator = position_spec("list_iterator", list_iterator_next, kPositionMethods);
const TypeSpec spec_tuple_iterator = position_spec("tuple_iterator", tuple_iterator_next, kPositionMethods);
const TypeSpec spec_str_ascii_iterator = position_spec("str_ascii_iterator", str_iterator_next, kPositionMethods);
const TypeSpec spec_str_iterator = position_spec("str_iterator", str_iterator_next, kPositionMethods);

Ref position_iterator_new(Thread& t, CoreShape kind, Value sequence) {
  ListIterator* it = heap::allocate_as<ListIterator>(t, kind);
  it->sequence.init(it, sequence);
  return Ref::adopt(Value(it));
}

Ref str_iterator_new(Thread& t, Value s) {
  CoreShape shape = is_exact_str(s) && s.as<Str>()->is_ascii() ? kShape_str_ascii_iterator : kShape_str_iterator;
  ListIterator* it = heap::allocate_as<ListIterator>(t, shape, sizeof(ListIterator), !is_exact_str(s));
  it->sequence.init(it, s);
  return Ref::adopt(Value(it));
}

Ref list_reverseiterator_new(Thread& t, List* list) {
  ListIterator* it = allocate_native<ListIterator>(t, types::list_reverseiterator);
  it->sequence.init(it, Value(list));
  it->index = i64(list_size(list)) - 1;
  return Ref::adopt(Value(it));
}

void sequence_iterator_advance(ListIterator* it) { claim(it, 1); }
void sequence_iterator_finish(ListIterator* it) { finish(it); }

Ref sequence_iterator_new(Thread& t, Value sequence) {
  ListIterator* it = allocate_native<ListIterator>(t, types::sequence_iterator);
  it->sequence.init(it, sequence);
  return Ref::adopt(Value(it));
}

Ref callable_iterator_new(Thread& t, Value callable, Value sentinel) {
  CallableIterator* it = allocate_native<CallableIterator>(t, types::callable_iterator);
  it->callable.init(it, callable);
  it->sentinel.init(it, sentinel);
  return Ref::adopt(Value(it));
}

Status initialise_plain_iterators(Thread& t) {
  TRY(make_static_type(t, kReverseSpec, &types::list_reverseiterator));
  TRY(make_static_type(t, kSequenceSpec, &types::sequence_iterator));
  TRY(make_static_type(t, kCallableSpec, &types::callable_iterator));
  return ok();
}

}  // namespace typhon
