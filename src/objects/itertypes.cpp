// The built-in iterator classes: enumerate, zip, map, filter, reversed.
#include "objects/itertypes.h"
#include "objects/protocol/call_words.h"
#include "objects/word_buffer.h"

namespace typhon {

namespace types {
Type *zip, *map, *filter, *reversed;
}

namespace {

template <class T>
Ref allocate_for(Thread& t, Type* cls, const Type* exact) {
  if (cls == exact) return Ref::adopt(Value(allocate_native<T>(t, cls)));
  return allocate_instance(t, cls);
}

// (type(self), arguments) or, with a state, (type(self), arguments, state).
Ref reduce_to_type(Thread& t, Value self, Value arguments, Value state = EMPTY) {
  if (state.is_empty()) return tuple_of(t, Value(type_of(self)), arguments);
  return tuple_of(t, Value(type_of(self)), arguments, state);
}

// The one keyword that zip and map take.
Result<bool> strict_keyword(Thread& t, const char* name, const Args& args) {
  if (args.keyword_count == 0) return false;
  if (args.keyword_count > 1)
    return raise(t, exc::TypeError, "%s() takes at most 1 keyword argument (%d given)", name, int(args.keyword_count));
  Value keyword = args.names->items[0].peek();
  if (!str_equal(keyword.as<Str>(), names::strict))
    return raise(t, exc::TypeError, "%s() got an unexpected keyword argument '%V'", name, keyword);
  return truth(t, args.keyword(0));
}

RefTo<Tuple> iterators_of(Thread& t, const Value* iterables, u32 n) {
  RefTo<Tuple> iterators = TRY(tuple_allocate(t, n));
  for (u32 i = 0; i < n; i++) {
    Ref iterator = TRY(get_iter(t, iterables[i]));
    iterators->items[i].init(iterators.get(), std::move(iterator));
  }
  return iterators;
}

// The next item of every iterator. `ended`: one of them had no more.
class Row {
 public:
  Row(Thread& t, u64 n) : items_(t), n_(n) {}
  Status fill(Thread& t, const char* function, Tuple* iterators, bool strict, bool* ended) {
    for (u64 i = 0; i < n_; i++) {
      Value iterator = iterators->items[i].peek();
      Ref item = TRY(iter_next(t, iterator));
      if (item.is_empty()) {
        *ended = true;
        return strict ? check_strict(t, function, iterators, i) : ok();
      }
      items_.push(std::move(item));
    }
    return ok();
  }
  const Value* words() const { return items_.data(); }

 private:

  // Iterator `at` ended, those before it did not.
  Status check_strict(Thread& t, const char* function, Tuple* iterators, u64 at) {
    if (at > 0)
      return raise(t, exc::ValueError, "%s() argument %d is shorter than argument%s%d", function, int(at + 1),
                   at == 1 ? " " : "s 1-", int(at));
    for (u64 i = 1; i < n_; i++) {
      Ref item = TRY(iter_next(t, iterators->items[i].peek()));
      if (!item.is_empty())
        return raise(t, exc::ValueError, "%s() argument %d is longer than argument%s%d", function, int(i + 1),
                     i == 1 ? " " : "s 1-", int(i));
    }
    return ok();
  }

  WordBuffer items_;
  u64 n_;
};

// --- enumerate

void enumerate_visit(Object* self, Visitor& visitor) {
  visitor.field(static_cast<Enumerate*>(self)->iterator);
  visitor.field(static_cast<Enumerate*>(self)->big_index);
}

Ref enumerate_new(Thread& t, Type* cls, Args args) {
  Value iterable = EMPTY, start = EMPTY;
  if (args.count + args.keyword_count > 2 && args.count != 0)
    return raise(t, exc::TypeError, "enumerate() takes at most 2 arguments (%d given)",
                 int(args.count + args.keyword_count));
  if (args.count > 0) iterable = args[0];
  if (args.count > 1) start = args[1];
  if (args.count + args.keyword_count > 2) return raise(t, exc::TypeError, "enumerate() missing required argument 'iterable'");
  for (u32 i = 0; i < args.keyword_count; i++) {
    Str* name = args.names->items[i].as<Str>();
    if (name->equals_ascii("iterable") && iterable.is_empty())
      iterable = args.keyword(i);
    else if (name->equals_ascii("start") && start.is_empty())
      start = args.keyword(i);
    else
      return raise(t, exc::TypeError, "'%U' is an invalid keyword argument for enumerate()", name);
  }
  if (iterable.is_empty() && args.keyword_count == 1)
    return raise(t, exc::TypeError, "'%U' is an invalid keyword argument for enumerate()", args.names->items[0].peek().as<Str>());
  if (iterable.is_empty()) return raise(t, exc::TypeError, "enumerate() missing required argument 'iterable'");
  Ref first = start.is_empty() ? Ref::adopt(Value::small_int(0)) : TRY(to_index(t, start));
  Ref iterator = TRY(get_iter(t, iterable));
  Ref self = TRY(allocate_for<Enumerate>(t, cls, types::enumerate));
  Enumerate* e = self.as<Enumerate>();
  e->iterator.init(e, std::move(iterator));
  if (first.get().is_small_int()) {
    e->index = first.get().as_small_int();
  } else {
    e->index = Value::kMaxSmallInt;
    e->big_index.init(e, std::move(first));
  }
  return self;
}

// Takes the next number. Far beyond small ints the counting goes on in `big_index`.
Ref next_number(Thread& t, Enumerate* e) {
  if (e->big_index.is_empty()) {
    if (is_contended(e)) return int_from(t, __atomic_fetch_add(&e->index, 1, __ATOMIC_RELAXED));
    return int_from(t, e->index++);
  }
  for (;;) {
    Ref number = e->big_index.load();
    Ref next = TRY(int_binary(t, IntOp::kAdd, number, Value::small_int(1)));
    publish_for(e, next);
    Value old = EMPTY;
    bool taken = false;
    {
      ObjectLock lock(t, e);
      if (e->big_index.peek().same_word(number)) {
        old = e->big_index.exchange(e, std::move(next));
        taken = true;
      }
    }
    Field::release_heap(old);
    if (taken) return number;
  }
}

Ref enumerate_next(Thread& t, Value self) {
  Enumerate* e = self.as<Enumerate>();
  Ref iterator = e->iterator.load();
  Ref item = TRY(iter_next(t, iterator));
  if (item.is_empty()) return item;
  Ref number = TRY(next_number(t, e));
  Value pair[] = {number.take(), item.take()};
  return tuple_take(t, pair, 2);
}

Ref enumerate_reduce(Thread& t, Value self, const Value*) {
  Enumerate* e = self.as<Enumerate>();
  Ref number = e->big_index.load();
  if (number.is_empty()) number = TRY(int_from(t, __atomic_load_n(&e->index, __ATOMIC_RELAXED)));
  RefTo<Tuple> arguments = TRY(tuple_of(t, e->iterator.peek(), number.get()));
  return reduce_to_type(t, self, arguments);
}

const Method kEnumerateMethods[] = {
    method("__reduce__", enumerate_reduce, "($self, /)", "Return state information for pickling."),
    class_method("__class_getitem__", class_getitem, "($type, object, /)", "See PEP 585"),
    {},
};

}  // namespace
extern const TypeSpec spec_enumerate;
const TypeSpec spec_enumerate = {
    .name = "enumerate",
    .doc =
        "Return an enumerate object.\n\n  iterable\n    an object supporting iteration\n\nThe enumerate object yields "
        "pairs containing a count (from start, which\ndefaults to zero) and a value yielded by the iterable "
        "argument.\n\nenumerate is useful for obtaining an indexed list:\n    (0, seq[0]), (1, seq[1]), (2, seq[2]), "
        "...",
    .layout = {.name = "enumerate",
               .basic_size = sizeof(Enumerate),
               .item_size = 0,
               .visit = enumerate_visit,
               .release = nullptr,
               .native_size = nullptr,
               .finalise = nullptr,
               .dispose = dispose_fields<offsetof(Enumerate, iterator), 2>},
    .flags = type_flag::kBaseType | type_flag::kImmutable,
    .slots = {.iter = iter_self, .next = enumerate_next, .new_ = enumerate_new},
    .methods = kEnumerateMethods,
    .text_signature = "(iterable, start=0)",
};
namespace {

// --- zip

struct Zip : Object {
  Field iterators;  // tuple
  Relaxed<bool> strict;
};

void zip_visit(Object* self, Visitor& visitor) { visitor.field(static_cast<Zip*>(self)->iterators); }

Ref zip_new(Thread& t, Type* cls, Args args) {
  bool strict = TRY(strict_keyword(t, "zip", args));
  RefTo<Tuple> iterators = TRY(iterators_of(t, args.values, args.count));
  Ref self = TRY(allocate_for<Zip>(t, cls, types::zip));
  Zip* z = self.as<Zip>();
  z->iterators.init(z, std::move(iterators));
  z->strict = strict;
  return self;
}

Ref zip_next(Thread& t, Value self) {
  Zip* z = self.as<Zip>();
  Ref held = z->iterators.load();
  Tuple* iterators = held.as<Tuple>();
  if (iterators->size == 0) return Ref();
  if (iterators->size == 2 && !z->strict) {
    // The usual case, without a row.
    Ref first = TRY(iter_next(t, iterators->items[0].peek()));
    if (first.is_empty()) return Ref();
    Ref second = TRY(iter_next(t, iterators->items[1].peek()));
    if (second.is_empty()) return Ref();
    Value pair[] = {first.take(), second.take()};
    return tuple_take(t, pair, 2);
  }
  Row row(t, iterators->size);
  bool ended = false;
  TRY(row.fill(t, "zip", iterators, z->strict, &ended));
  if (ended) return Ref();
  return tuple_from(t, row.words(), iterators->size);
}

Ref zip_reduce(Thread& t, Value self, const Value*) {
  Zip* z = self.as<Zip>();
  return reduce_to_type(t, self, z->iterators.peek(), z->strict ? True : EMPTY);
}

Ref zip_setstate(Thread& t, Value self, const Value* a) {
  bool strict = TRY(truth(t, a[0]));
  self.as<Zip>()->strict = strict;
  return Ref::none();
}

const Method kZipMethods[] = {
    method("__reduce__", zip_reduce, "($self, /)", "Return state information for pickling."),
    method("__setstate__", zip_setstate, "($self, object, /)", "Set state information for unpickling."),
    {},
};

const TypeSpec kZipSpec = {
    .name = "zip",
    .doc =
        "The zip object yields n-length tuples, where n is the number of iterables\npassed as positional arguments to "
        "zip().  The i-th element in every tuple\ncomes from the i-th iterable argument to zip().  This continues "
        "until the\nshortest argument is exhausted.\n\nIf strict is true and one of the arguments is exhausted before "
        "the others,\nraise a ValueError.\n\n   >>> list(zip('abcdefg', range(3), range(4)))\n   [('a', 0, 0), ('b', "
        "1, 1), ('c', 2, 2)]",
    .layout = {.name = "zip",
               .basic_size = sizeof(Zip),
               .item_size = 0,
               .visit = zip_visit,
               .release = nullptr,
               .native_size = nullptr,
               .finalise = nullptr,
               .dispose = dispose_fields<offsetof(Zip, iterators), 1>},
    .flags = type_flag::kBaseType | type_flag::kImmutable,
    .slots = {.iter = iter_self, .next = zip_next, .new_ = zip_new},
    .methods = kZipMethods,
};

// --- rows

RowOutcome end_of(const Ref& item) { return item.failed() ? RowOutcome::kRaised : RowOutcome::kEnd; }

RowOutcome enumerate_row(Thread& t, Enumerate* e, Value* out) {
  Value quick = quick_next(e->iterator.peek());
  if (!quick.is_empty() && e->big_index.is_empty() && !is_contended(e) && e->index < Value::kMaxSmallInt) [[likely]] {
    out[0] = Value::small_int(e->index++);
    out[1] = quick;
    return RowOutcome::kItems;
  }
  Ref iterator = e->iterator.load();
  Ref item = !quick.is_empty() ? Ref::adopt(quick) : iter_next(t, iterator);
  if (item.failed() || item.is_empty()) return end_of(item);
  Ref number = next_number(t, e);
  if (number.failed()) return RowOutcome::kRaised;
  out[0] = number.take();
  out[1] = item.take();
  return RowOutcome::kItems;
}

RowOutcome zip_row(Thread& t, Tuple* iterators, Value* out, u32 n) {
  u32 first = 0;
  for (; first < n; first++) {
    out[first] = quick_next(iterators->items[first].peek());
    if (out[first].is_empty()) break;
  }
  if (first == n) [[likely]] return RowOutcome::kItems;
  Ref items[kMaxRow];
  for (u32 i = 0; i < first; i++) items[i] = Ref::adopt(out[i]);
  for (u32 i = first; i < n; i++) {
    items[i] = iter_next(t, iterators->items[i].peek());
    if (items[i].failed() || items[i].is_empty()) return end_of(items[i]);
  }
  for (u32 i = 0; i < n; i++) out[i] = items[i].take();
  return RowOutcome::kItems;
}

// --- map

struct Map : Object {
  Field function, iterators;
  Relaxed<bool> strict;
};

void map_visit(Object* self, Visitor& visitor) {
  visitor.field(static_cast<Map*>(self)->function);
  visitor.field(static_cast<Map*>(self)->iterators);
}

Ref map_new(Thread& t, Type* cls, Args args) {
  bool strict = TRY(strict_keyword(t, "map", args));
  if (args.count < 2) return raise(t, exc::TypeError, "map() must have at least two arguments.");
  RefTo<Tuple> iterators = TRY(iterators_of(t, args.values + 1, args.count - 1));
  Ref self = TRY(allocate_for<Map>(t, cls, types::map));
  Map* m = self.as<Map>();
  m->function.init(m, args[0]);
  m->iterators.init(m, std::move(iterators));
  m->strict = strict;
  return self;
}

Ref map_next(Thread& t, Value self) {
  Map* m = self.as<Map>();
  Tuple* iterators = m->iterators.as<Tuple>();
  if (iterators->size == 1) {  // what a map refers to it refers to as long as it lives
    Ref item = TRY(next_of(t, iterators->items[0]));
    if (item.is_empty()) return item;
    return call_words(t, m->function.peek(), item.get());
  }
  Ref held = m->iterators.load(), function = m->function.load();
  Row row(t, iterators->size);
  bool ended = false;
  TRY(row.fill(t, "map", iterators, m->strict, &ended));
  if (ended) return Ref();
  return call(t, function, Args{row.words(), u32(iterators->size)});
}

Ref map_reduce(Thread& t, Value self, const Value*) {
  Map* m = self.as<Map>();
  Tuple* iterators = m->iterators.as<Tuple>();
  RefTo<Tuple> arguments = TRY(tuple_allocate(t, iterators->size + 1));
  arguments->items[0].init(arguments.get(), m->function.peek());
  for (u64 i = 0; i < iterators->size; i++) arguments->items[i + 1].init(arguments.get(), iterators->items[i].peek());
  return reduce_to_type(t, self, arguments, m->strict ? True : EMPTY);
}

Ref map_setstate(Thread& t, Value self, const Value* a) {
  bool strict = TRY(truth(t, a[0]));
  self.as<Map>()->strict = strict;
  return Ref::none();
}

const Method kMapMethods[] = {
    method("__reduce__", map_reduce, "($self, /)", "Return state information for pickling."),
    method("__setstate__", map_setstate, "($self, object, /)", "Set state information for unpickling."),
    {},
};

const TypeSpec kMapSpec = {
    .name = "map",
    .doc =
        "Make an iterator that computes the function using arguments from\neach of the iterables.  Stops when the "
        "shortest iterable is exhausted.\n\nIf strict is true and one of the arguments is exhausted before the "
        "others,\nraise a ValueError.",
    .layout = {.name = "map",
               .basic_size = sizeof(Map),
               .item_size = 0,
               .visit = map_visit,
               .release = nullptr,
               .native_size = nullptr,
               .finalise = nullptr,
               .dispose = dispose_fields<offsetof(Map, function), 2>},
    .flags = type_flag::kBaseType | type_flag::kImmutable,
    .slots = {.iter = iter_self, .next = map_next, .new_ = map_new},
    .methods = kMapMethods,
    .text_signature = "(function, iterable, /, *iterables, strict=False)",
};

// --- filter

struct Filter : Object {
  Field function, iterator;
};

void filter_visit(Object* self, Visitor& visitor) {
  visitor.field(static_cast<Filter*>(self)->function);
  visitor.field(static_cast<Filter*>(self)->iterator);
}

Ref filter_new(Thread& t, Type* cls, Args args) {
  if (cls == types::filter || cls->slots.init == types::filter->slots.init) TRY(check_no_keywords(t, "filter", args));
  TRY(check_arity(t, "filter", args, 2, 2));
  Ref iterator = TRY(get_iter(t, args[1]));
  Ref self = TRY(allocate_for<Filter>(t, cls, types::filter));
  Filter* f = self.as<Filter>();
  f->function.init(f, args[0]);
  f->iterator.init(f, std::move(iterator));
  return self;
}

Ref filter_next(Thread& t, Value self) {
  Filter* f = self.as<Filter>();
  Value function = f->function.peek();  // as long as the filter lives
  bool by_truth = function.is_none() || function.same_word(Value(types::bool_));
  for (;;) {
    Ref item = TRY(next_of(t, f->iterator));
    if (item.is_empty()) return item;
    bool good;
    if (by_truth) {
      good = TRY(truth(t, item));
    } else {
      Ref verdict = TRY(call_words(t, function, item.get()));
      good = TRY(truth(t, verdict));
    }
    if (good) return item;
  }
}

Ref filter_reduce(Thread& t, Value self, const Value*) {
  Filter* f = self.as<Filter>();
  RefTo<Tuple> arguments = TRY(tuple_of(t, f->function.peek(), f->iterator.peek()));
  return reduce_to_type(t, self, arguments);
}

const Method kFilterMethods[] = {
    method("__reduce__", filter_reduce, "($self, /)", "Return state information for pickling."),
    {},
};

const TypeSpec kFilterSpec = {
    .name = "filter",
    .doc =
        "Return an iterator yielding those items of iterable for which function(item) is true.\n\nIf function is None, "
        "return the items that are true.",
    .layout = {.name = "filter",
               .basic_size = sizeof(Filter),
               .item_size = 0,
               .visit = filter_visit,
               .release = nullptr,
               .native_size = nullptr,
               .finalise = nullptr,
               .dispose = dispose_fields<offsetof(Filter, function), 2>},
    .flags = type_flag::kBaseType | type_flag::kImmutable,
    .slots = {.iter = iter_self, .next = filter_next, .new_ = filter_new},
    .methods = kFilterMethods,
    .text_signature = "(function, iterable, /)",
};

// --- reversed

struct Reversed : Object {
  Field sequence;  // EMPTY when exhausted
  i64 index;       // the next position; advanced atomically when shared
};

void reversed_visit(Object* self, Visitor& visitor) { visitor.field(static_cast<Reversed*>(self)->sequence); }

Ref reversed_of(Thread& t, Type* cls, Value v) {
  Ref method = TRY(lookup_special(t, v, names::__reversed__));
  if (method.get().is_none()) return raise(t, exc::TypeError, "'%T' object is not reversible", v);
  if (!method.is_empty()) return call(t, method);
  if (!is_sequence(v)) return raise(t, exc::TypeError, "'%T' object is not reversible", v);
  i64 size = TRY(length(t, v));
  Ref self = TRY(allocate_for<Reversed>(t, cls, types::reversed));
  Reversed* r = self.as<Reversed>();
  r->sequence.init(r, v);
  r->index = size - 1;
  return self;
}

Ref reversed_new(Thread& t, Type* cls, Args args) {
  if (cls == types::reversed || cls->slots.init == types::reversed->slots.init)
    TRY(check_no_keywords(t, "reversed", args));
  TRY(check_arity(t, "reversed", args, 1, 1));
  return reversed_of(t, cls, args[0]);
}

Ref reversed_next(Thread& t, Value self) {
  Reversed* r = self.as<Reversed>();
  Ref sequence = r->sequence.load();
  if (sequence.is_empty()) return Ref();
  i64 index;
  if (is_contended(r))
    index = __atomic_fetch_sub(&r->index, 1, __ATOMIC_RELAXED);
  else
    index = r->index--;
  if (index >= 0) {
    Ref item = get_item_index(t, sequence, index);
    if (!item.failed()) {
      if (index == 0) r->sequence.clear(r);  // over: __setstate__ has nothing to go back to
      return item;
    }
    if (!clear_if(t, exc::IndexError) && !clear_if(t, exc::StopIteration)) return Raised{};
  }
  r->sequence.clear(r);
  return Ref();
}

Ref reversed_length_hint(Thread& t, Value self, const Value*) {
  Reversed* r = self.as<Reversed>();
  Ref sequence = r->sequence.load();
  if (sequence.is_empty()) return int_from(t, 0);
  i64 left = __atomic_load_n(&r->index, __ATOMIC_RELAXED) + 1;
  i64 size = TRY(length(t, sequence));
  return int_from(t, left < 0 || size < left ? 0 : left);
}

Ref reversed_reduce(Thread& t, Value self, const Value*) {
  Reversed* r = self.as<Reversed>();
  Ref sequence = r->sequence.load();
  i64 position = __atomic_load_n(&r->index, __ATOMIC_RELAXED);
  if (sequence.is_empty() || position < 0) {
    RefTo<Tuple> arguments = TRY(tuple_of(t, Value(empty_tuple())));
    return reduce_to_type(t, self, arguments);
  }
  RefTo<Tuple> arguments = TRY(tuple_of(t, sequence.get()));
  Ref index = TRY(int_from(t, position));
  return reduce_to_type(t, self, arguments, index);
}

Ref reversed_setstate(Thread& t, Value self, const Value* a) {
  Reversed* r = self.as<Reversed>();
  if (!is_int(a[0])) return raise(t, exc::TypeError, "an integer is required");
  i64 index = TRY(to_i64(t, a[0], "Python int too large to convert to C ssize_t"));
  Ref sequence = r->sequence.load();
  if (sequence.is_empty()) return Ref::none();
  i64 size = TRY(length(t, sequence));
  if (index < -1) index = -1;
  if (index > size - 1) index = size - 1;
  __atomic_store_n(&r->index, index, __ATOMIC_RELAXED);
  return Ref::none();
}

const Method kReversedMethods[] = {
    method("__length_hint__", reversed_length_hint, "($self, /)",
           "Private method returning an estimate of len(list(it))."),
    method("__reduce__", reversed_reduce, "($self, /)", "Return state information for pickling."),
    method("__setstate__", reversed_setstate, "($self, object, /)", "Set state information for unpickling."),
    {},
};

const TypeSpec kReversedSpec = {
    .name = "reversed",
    .doc = "Return a reverse iterator over the values of the given sequence.",
    .layout = {.name = "reversed",
               .basic_size = sizeof(Reversed),
               .item_size = 0,
               .visit = reversed_visit,
               .release = nullptr,
               .native_size = nullptr,
               .finalise = nullptr,
               .dispose = dispose_fields<offsetof(Reversed, sequence), 1>},
    .flags = type_flag::kBaseType | type_flag::kImmutable,
    .slots = {.iter = iter_self, .next = reversed_next, .new_ = reversed_new},
    .methods = kReversedMethods,
    .text_signature = "(object, /)",
};

}  // namespace

Ref reversed_py(Thread& t, Value v) { return reversed_of(t, types::reversed, v); }

RowOutcome next_row(Thread& t, Value iterator, Value* out, u32 n) {
  if (is_exact(iterator, kShape_dict_itemiterator))
    return n == 2 ? dict_next_row(t, iterator.as<DictIterator>(), out) : RowOutcome::kNotARow;
  NextFn next = type_of(iterator)->slots.next;
  if (next == enumerate_next) return n == 2 ? enumerate_row(t, iterator.as<Enumerate>(), out) : RowOutcome::kNotARow;
  if (next == zip_next && n <= kMaxRow && !iterator.as<Zip>()->strict) {
    Tuple* iterators = iterator.as<Zip>()->iterators.as<Tuple>();  // lives as long as the zip
    if (iterators->size == n) return zip_row(t, iterators, out, n);
  }
  return RowOutcome::kNotARow;
}

Status initialise_container_types(Thread& t) {
  TRY(make_static_type(t, kZipSpec, &types::zip));
  TRY(make_static_type(t, kMapSpec, &types::map));
  TRY(make_static_type(t, kFilterSpec, &types::filter));
  TRY(make_static_type(t, kReversedSpec, &types::reversed));
  TRY(initialise_plain_iterators(t));
  TRY(initialise_longrange(t));
  TRY(initialise_dict_types(t));
  TRY(initialise_set_iterator(t));
  return ok();
}

}  // namespace typhon
