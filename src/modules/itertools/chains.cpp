// accumulate, batched, chain, pairwise, zip_longest.
#include "modules/itertools/itertools.h"
#include "objects/word_buffer.h"

namespace typhon::itertools {

Type *g_accumulate, *g_batched, *g_chain, *g_pairwise, *g_zip_longest;

namespace {

// --- accumulate
struct Accumulate : Object {
  Field iterator;
  Field function;  // or None
  Field total;     // EMPTY before the first item
  Field initial;   // EMPTY when not given or given out already
};

void accumulate_visit(Object* self, Visitor& visitor) { visitor.fields(&self_as<Accumulate>(self)->iterator, 4); }

Ref accumulate_new(Thread& t, Type* cls, Args args) {
  static const Signature& signature = parse_signature("(iterable, func=None, *, initial=None)");
  Value a[3];
  Ref keep;
  TRY(bind_arguments(t, signature, "accumulate", args, a, &keep));
  Ref iterator = TRY(get_iter(t, a[0]));
  Ref self = TRY(allocate_instance(t, cls));
  auto* s = self.as<Accumulate>();
  s->iterator.init(s, std::move(iterator));
  s->function.init(s, a[1].is_empty() ? None : a[1]);
  if (!a[2].is_empty() && !a[2].is_none()) s->initial.init(s, a[2]);
  return self;
}

Ref accumulate_next(Thread& t, Value self) {
  auto* s = self.as<Accumulate>();
  if (!s->initial.is_empty()) {
    Ref initial = s->initial.take(s);
    if (!initial.is_empty()) {
      s->total.store(s, initial.get());
      return initial;
    }
  }
  Ref item = TRY(next_of(t, s->iterator));
  if (item.is_empty()) return item;
  Ref total = s->total.load(), function = s->function.load();
  if (total.is_empty()) {
    s->total.store(s, item.get());
    return item;
  }
  Ref sum =
      TRY(function.get().is_none() ? binary_op(t, BinaryOp::kAdd, total, item) : call_with(t, function, total, item));
  s->total.store(s, sum.get());
  return sum;
}

// --- batched
struct Batched : Object {
  Field iterator;  // EMPTY when exhausted
  i64 size;
  bool strict;
};

void batched_visit(Object* self, Visitor& visitor) { visitor.field(self_as<Batched>(self)->iterator); }

Ref batched_new(Thread& t, Type* cls, Args args) {
  static const Signature& signature = parse_signature("(iterable, n, *, strict=False)");
  Value a[3];
  Ref keep;
  TRY(bind_arguments(t, signature, "batched", args, a, &keep));
  i64 size = TRY(size_argument(t, a[1]));
  bool strict = !a[2].is_empty() && TRY(truth(t, a[2]));
  if (size < 1) return raise(t, exc::ValueError, "n must be at least one");
  Ref iterator = TRY(get_iter(t, a[0]));
  Ref self = TRY(allocate_instance(t, cls));
  auto* b = self.as<Batched>();
  b->iterator.init(b, std::move(iterator));
  b->size = size;
  b->strict = strict;
  return self;
}

Ref batched_next(Thread& t, Value self) {
  auto* b = self.as<Batched>();
  Ref iterator = b->iterator.load();
  if (iterator.is_empty()) return Ref();
  WordBuffer items(t);
  while (i64(items.size()) < b->size) {
    Ref item = iter_next(t, iterator);
    if (item.failed()) {
      b->iterator.clear(b);
      return item;
    }
    if (item.is_empty()) {
      b->iterator.clear(b);
      if (items.size() == 0) return item;
      if (b->strict) return raise(t, exc::ValueError, "batched(): incomplete batch");
      break;
    }
    items.push(std::move(item));
  }
  return tuple_from(t, items.data(), items.size());
}

// --- chain
struct Chain : Object {
  Field source;   // iterator of iterables, EMPTY when exhausted
  Field active;   // iterator
  Field waiting;  // list of iterators, or EMPTY
};

void chain_visit(Object* self, Visitor& visitor) { visitor.fields(&self_as<Chain>(self)->source, 3); }

Ref chain_of(Thread& t, Type* cls, Ref&& source) {
  Ref self = TRY(allocate_instance(t, cls));
  self.as<Chain>()->source.init(self.object(), std::move(source));
  return self;
}

Ref chain_new(Thread& t, Type* cls, Args args) {
  TRY(no_keywords(t, "chain", cls, g_chain, args));
  RefTo<Tuple> iterables = TRY(tuple_from(t, args.values, args.count));
  return chain_of(t, cls, TRY(get_iter(t, iterables)));
}

Ref chain_from_iterable(Thread& t, Value cls, const Value* a) {
  return chain_of(t, cls.as<Type>(), TRY(get_iter(t, a[0])));
}

// Iterators that threads took from the source while another one was faster to set the active one.
Ref take_waiting(Thread& t, Chain* c) {
  Ref waiting = c->waiting.load();
  return waiting.is_empty() ? Ref() : list_pop(t, waiting.as<List>());
}
Status put_waiting(Thread& t, Chain* c, Value iterator) {
  if (c->waiting.is_empty()) {
    Ref fresh = TRY(list_new(t));
    replace_if(t, c, c->waiting, EMPTY, std::move(fresh));
  }
  Ref waiting = c->waiting.load();
  return list_append(t, waiting.as<List>(), iterator);
}

// The next iterator of the source; EMPTY at its end.
Ref take_from_source(Thread& t, Chain* c) {
  Ref source = c->source.load();
  if (source.is_empty()) return Ref();
  Ref iterator = iter_next(t, source);
  if (!iterator.failed() && !iterator.is_empty()) iterator = get_iter(t, iterator);
  if (iterator.failed() || iterator.is_empty()) c->source.clear(c);
  return iterator;
}

Ref chain_next(Thread& t, Value self) {
  auto* c = self.as<Chain>();
  Value quick = quick_next(c->active.peek());
  if (!quick.is_empty()) return Ref::adopt(quick);
  for (;;) {
    Ref active = c->active.load();
    if (active.is_empty()) {
      active = take_waiting(t, c);
      if (active.is_empty()) active = TRY(take_from_source(t, c));
      if (active.is_empty()) return active;
      if (!replace_if(t, c, c->active, EMPTY, active.dup())) {
        TRY(put_waiting(t, c, active));
        continue;
      }
    }
    Ref item = TRY(iter_next(t, active));
    if (!item.is_empty()) return item;
    replace_if(t, c, c->active, active, Ref());
  }
}

// --- pairwise
struct Pairwise : Object {
  Field iterator;  // EMPTY when exhausted
  Field old;
};

void pairwise_visit(Object* self, Visitor& visitor) {
  visitor.field(self_as<Pairwise>(self)->iterator);
  visitor.field(self_as<Pairwise>(self)->old);
}

Ref pairwise_new(Thread& t, Type* cls, Args args) {
  TRY(no_keywords(t, "pairwise", cls, g_pairwise, args));
  TRY(check_arity(t, "pairwise", args, 1, 1));
  Ref iterator = TRY(get_iter(t, args[0]));
  Ref self = TRY(allocate_instance(t, cls));
  self.as<Pairwise>()->iterator.init(self.object(), std::move(iterator));
  return self;
}

Ref pairwise_next(Thread& t, Value self) {
  auto* p = self.as<Pairwise>();
  Ref iterator = p->iterator.load();
  if (iterator.is_empty()) {
    p->old.clear(p);
    return Ref();
  }
  Ref old = p->old.load();
  if (old.is_empty()) {
    old = iter_next(t, iterator);
    if (old.failed() || old.is_empty()) {
      p->iterator.clear(p);
      return old;
    }
    p->old.store(p, old.get());
    // The source may have come back to this very iterator.
    iterator = p->iterator.load();
    if (iterator.is_empty()) {
      p->old.clear(p);
      return Ref();
    }
  }
  Ref fresh = iter_next(t, iterator);
  if (fresh.failed() || fresh.is_empty()) {
    p->iterator.clear(p);
    p->old.clear(p);
    return fresh;
  }
  RefTo<Tuple> pair = TRY(tuple_of(t, old, fresh));
  p->old.store(p, std::move(fresh));
  return pair;
}

// --- zip_longest
struct ZipLongest : Object {
  Field iterators;  // tuple; an exhausted one's item is emptied
  Field fill;
  i64 active;
};

void zip_longest_visit(Object* self, Visitor& visitor) {
  visitor.field(self_as<ZipLongest>(self)->iterators);
  visitor.field(self_as<ZipLongest>(self)->fill);
}

Ref zip_longest_new(Thread& t, Type* cls, Args args) {
  Value fill = None;
  if (args.keyword_count != 0) {
    if (args.keyword_count > 1 || !args.names->items[0].as<Str>()->equals_ascii("fillvalue"))
      return raise(t, exc::TypeError, "zip_longest() got an unexpected keyword argument");
    fill = args.keyword(0);
  }
  RefTo<Tuple> iterators = TRY(tuple_allocate(t, args.count));
  for (u32 i = 0; i < args.count; i++) iterators->items[i].init(iterators.get(), TRY(get_iter(t, args[i])));
  Ref self = TRY(allocate_instance(t, cls));
  auto* z = self.as<ZipLongest>();
  z->iterators.init(z, std::move(iterators));
  z->fill.init(z, fill);
  z->active = args.count;
  return self;
}

// Takes iterator i out; false when no iterator is left.
bool drop_iterator(ZipLongest* z, Tuple* iterators, u64 i) {
  Value word = iterators->items[i].take_word(iterators);
  if (word.is_empty()) return __atomic_load_n(&z->active, __ATOMIC_RELAXED) > 0;
  i64 left = __atomic_sub_fetch(&z->active, 1, __ATOMIC_RELAXED);
  Field::release_heap(word);
  return left > 0;
}

Ref zip_longest_next(Thread& t, Value self) {
  auto* z = self.as<ZipLongest>();
  Ref held = z->iterators.load(), fill = z->fill.load();
  auto* iterators = held.as<Tuple>();
  if (iterators->size == 0 || __atomic_load_n(&z->active, __ATOMIC_RELAXED) <= 0) return Ref();
  WordBuffer row(t);
  for (u64 i = 0; i < iterators->size; i++) {
    Ref iterator = iterators->items[i].load();
    Ref item;
    if (!iterator.is_empty()) {
      item = iter_next(t, iterator);
      if (item.failed()) [[unlikely]] {
        __atomic_store_n(&z->active, 0, __ATOMIC_RELAXED);
        return item;
      }
      if (item.is_empty() && !drop_iterator(z, iterators, i)) return Ref();
    }
    row.push(item.is_empty() ? fill.dup() : std::move(item));
  }
  return tuple_from(t, row.data(), row.size());
}

const Method kChainMethods[] = {
    class_method("from_iterable", chain_from_iterable, "($type, iterable, /)",
                 "Alternative chain() constructor taking a single iterable argument that evaluates lazily."),
    class_method("__class_getitem__", class_getitem, "($type, object, /)",
                 "chain is generic over the type of its contents"),
    {},
};

}  // namespace

const TypeSpec spec_accumulate = {
    .name = "itertools.accumulate",
    .doc = "Return series of accumulated sums (or other binary function results).",
    .layout = {"accumulate", sizeof(Accumulate), 0, accumulate_visit, nullptr, nullptr, nullptr,
               dispose_fields<offsetof(Accumulate, iterator), 4>},
    .flags = kIteratorFlags,
    .slots = {.iter = iter_self, .next = accumulate_next, .new_ = accumulate_new},
    .text_signature = "(iterable, func=None, *, initial=None)",
};

const TypeSpec spec_batched = {
    .name = "itertools.batched",
    .doc =
        "Batch data into tuples of length n. The last batch may be shorter than n.\n\nLoops over the input iterable "
        "and "
        "accumulates data into tuples\nup to size n.  The input is consumed lazily, just enough to\nfill a batch.  The "
        "result is yielded as soon as a batch is full\nor when the input iterable is exhausted.\n\n    >>> for batch "
        "in batched('ABCDEFG', 3):\n    ...     print(batch)\n    ...\n    ('A', 'B', 'C')\n    ('D', 'E', 'F')\n    "
        "('G',)\n\nIf \"strict\" is True, raises a ValueError if the final batch is shorter\nthan n.",
    .layout = {"batched", sizeof(Batched), 0, batched_visit, nullptr, nullptr, nullptr,
               dispose_fields<offsetof(Batched, iterator), 1>},
    .flags = kIteratorFlags,
    .slots = {.iter = iter_self, .next = batched_next, .new_ = batched_new},
    .text_signature = "(iterable, n, *, strict=False)",
};

const TypeSpec spec_chain = {
    .name = "itertools.chain",
    .doc =
        "Return a chain object whose .__next__() method returns elements from the\nfirst iterable until it is "
        "exhausted, "
        "then elements from the next\niterable, until all of the iterables are exhausted.",
    .layout = {"chain", sizeof(Chain), 0, chain_visit, nullptr, nullptr, nullptr,
               dispose_fields<offsetof(Chain, source), 3>},
    .flags = kIteratorFlags,
    .slots = {.iter = iter_self, .next = chain_next, .new_ = chain_new},
    .methods = kChainMethods,
    .text_signature = "(*iterables)",
};

const TypeSpec spec_pairwise = {
    .name = "itertools.pairwise",
    .doc =
        "Return an iterator of overlapping pairs taken from the input iterator.\n\n    s -> (s0,s1), (s1,s2), (s2, "
        "s3), "
        "...",
    .layout = {"pairwise", sizeof(Pairwise), 0, pairwise_visit, nullptr, nullptr, nullptr,
               dispose_fields<offsetof(Pairwise, iterator), 2>},
    .flags = kIteratorFlags,
    .slots = {.iter = iter_self, .next = pairwise_next, .new_ = pairwise_new},
    .text_signature = "(iterable, /)",
};

const TypeSpec spec_zip_longest = {
    .name = "itertools.zip_longest",
    .doc =
        "Return a zip_longest object whose .__next__() method returns a tuple where\nthe i-th element comes from the "
        "i-th iterable argument.  The .__next__()\nmethod continues until the longest iterable in the argument "
        "sequence\nis exhausted and then it raises StopIteration.  When the shorter iterables\nare exhausted, the "
        "fillvalue is substituted in their place.  The fillvalue\ndefaults to None or can be specified by a keyword "
        "argument.\n",
    .layout = {"zip_longest", sizeof(ZipLongest), 0, zip_longest_visit, nullptr, nullptr, nullptr,
               dispose_fields<offsetof(ZipLongest, iterators), 2>},
    .flags = kIteratorFlags,
    .slots = {.iter = iter_self, .next = zip_longest_next, .new_ = zip_longest_new},
    .text_signature = "(*iterables, fillvalue=None)",
};

}  // namespace typhon::itertools
