// compress, dropwhile, takewhile, filterfalse, starmap, islice.
#include "modules/itertools/itertools.h"

namespace typhon::itertools {

Type *g_compress, *g_dropwhile, *g_takewhile, *g_filterfalse, *g_starmap, *g_islice;

namespace {

// --- what function(iterable) iterators share
struct Filter : Object {
  Field function;
  Field iterator;
  u8 done;  // dropwhile: dropping is over; takewhile: nothing more comes
};

void filter_visit(Object* self, Visitor& visitor) {
  visitor.field(self_as<Filter>(self)->function);
  visitor.field(self_as<Filter>(self)->iterator);
}

Ref filter_new(Thread& t, Type* cls, const Type* base, const char* name, const Args& args) {
  TRY(no_keywords(t, name, cls, base, args));
  TRY(check_arity(t, name, args, 2, 2));
  Ref iterator = TRY(get_iter(t, args[1]));
  Ref self = TRY(allocate_instance(t, cls));
  auto* f = self.as<Filter>();
  f->function.init(f, args[0]);
  f->iterator.init(f, std::move(iterator));
  return self;
}

Result<bool> holds(Thread& t, Value predicate, Value item) {
  Ref verdict = TRY(call_with(t, predicate, item));
  return truth(t, verdict);
}

Ref dropwhile_new(Thread& t, Type* cls, Args args) { return filter_new(t, cls, g_dropwhile, "dropwhile", args); }
Ref takewhile_new(Thread& t, Type* cls, Args args) { return filter_new(t, cls, g_takewhile, "takewhile", args); }
Ref filterfalse_new(Thread& t, Type* cls, Args args) { return filter_new(t, cls, g_filterfalse, "filterfalse", args); }
Ref starmap_new(Thread& t, Type* cls, Args args) { return filter_new(t, cls, g_starmap, "starmap", args); }

Ref dropwhile_next(Thread& t, Value self) {
  auto* f = self.as<Filter>();
  Ref iterator = f->iterator.load(), predicate = f->function.load();
  for (;;) {
    Ref item = TRY(iter_next(t, iterator));
    if (item.is_empty() || __atomic_load_n(&f->done, __ATOMIC_RELAXED)) return item;
    if (TRY(holds(t, predicate, item))) continue;
    __atomic_store_n(&f->done, 1, __ATOMIC_RELAXED);
    return item;
  }
}

Ref takewhile_next(Thread& t, Value self) {
  auto* f = self.as<Filter>();
  if (__atomic_load_n(&f->done, __ATOMIC_RELAXED)) return Ref();
  Ref iterator = f->iterator.load(), predicate = f->function.load();
  Ref item = TRY(iter_next(t, iterator));
  if (item.is_empty()) return item;
  if (TRY(holds(t, predicate, item))) return item;
  __atomic_store_n(&f->done, 1, __ATOMIC_RELAXED);
  return Ref();
}

Ref filterfalse_next(Thread& t, Value self) {
  auto* f = self.as<Filter>();
  Ref iterator = f->iterator.load(), predicate = f->function.load();
  bool by_truth = predicate.get().is_none() || predicate.get().same_word(Value(types::bool_));
  for (;;) {
    Ref item = TRY(iter_next(t, iterator));
    if (item.is_empty()) return item;
    bool good = by_truth ? TRY(truth(t, item)) : TRY(holds(t, predicate, item));
    if (!good) return item;
  }
}

Ref starmap_next(Thread& t, Value self) {
  auto* f = self.as<Filter>();
  Ref iterator = f->iterator.load(), function = f->function.load();
  Ref arguments = TRY(iter_next(t, iterator));
  if (arguments.is_empty()) return arguments;
  RefTo<Tuple> words = TRY(to_tuple(t, arguments));
  return call(t, function, Args{reinterpret_cast<const Value*>(words->items), u32(words->size)});
}

// --- compress
struct Compress : Object {
  Field data, selectors;
};

void compress_visit(Object* self, Visitor& visitor) {
  visitor.field(self_as<Compress>(self)->data);
  visitor.field(self_as<Compress>(self)->selectors);
}

Ref compress_new(Thread& t, Type* cls, Args args) {
  static const Signature& signature = parse_signature("(data, selectors)");
  Value a[2];
  Ref keep;
  TRY(bind_arguments(t, signature, "compress", args, a, &keep));
  Ref data = TRY(get_iter(t, a[0]))
  , selectors = TRY(get_iter(t, a[1]));
  Ref self = TRY(allocate_instance(t, cls));
  auto* c = self.as<Compress>();
  c->data.init(c, std::move(data));
  c->selectors.init(c, std::move(selectors));
  return self;
}

Ref compress_next(Thread& t, Value self) {
  auto* c = self.as<Compress>();
  Ref data = c->data.load(), selectors = c->selectors.load();
  for (;;) {
    Ref item = TRY(iter_next(t, data));
    if (item.is_empty()) return item;
    Ref selector = TRY(iter_next(t, selectors));
    if (selector.is_empty()) return Ref();
    if (TRY(truth(t, selector))) return item;
  }
}

// --- islice
struct ISlice : Object {
  Field iterator;  // EMPTY when exhausted
  u64 next;        // position of the item to give next
  u64 stop;        // ~0: none
  u64 step;
  u64 position;  // of the source
};
constexpr u64 kNoStop = ~u64(0);

void islice_visit(Object* self, Visitor& visitor) { visitor.field(self_as<ISlice>(self)->iterator); }

// An index, or -1 when it is none (the caller says what should have been given).
i64 index_or_minus_one(Thread& t, Value v) {
  Ref index = to_index(t, v);
  i64 n = -1;
  if (index.failed())
    clear_exception(t);
  else if (!int_fits_i64(index, &n))
    n = -1;
  return n;
}

Ref islice_new(Thread& t, Type* cls, Args args) {
  TRY(no_keywords(t, "islice", cls, g_islice, args));
  TRY(check_arity(t, "islice", args, 2, 4));
  i64 start = 0, stop = -1, step = 1;
  Value stop_value = args.count == 2 ? args[1] : args[2];
  if (args.count > 2 && !args[1].is_none()) start = index_or_minus_one(t, args[1]);
  if (!stop_value.is_none()) {
    stop = index_or_minus_one(t, stop_value);
    if (stop == -1)
      return raise(t, exc::ValueError, "Stop argument for islice() must be None or an integer: 0 <= x <= sys.maxsize.");
  }
  if (start < 0 || stop < -1)
    return raise(t, exc::ValueError, "Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize.");
  if (args.count > 3 && !args[3].is_none()) step = index_or_minus_one(t, args[3]);
  if (step < 1) return raise(t, exc::ValueError, "Step for islice() must be a positive integer or None.");
  Ref iterator = TRY(get_iter(t, args[0]));
  Ref self = TRY(allocate_instance(t, cls));
  auto* s = self.as<ISlice>();
  s->iterator.init(s, std::move(iterator));
  s->next = u64(start);
  s->stop = stop < 0 ? kNoStop : u64(stop);
  s->step = u64(step);
  return self;
}

Ref islice_next(Thread& t, Value self) {
  auto* s = self.as<ISlice>();
  if (!is_contended(s) && s->next == s->position && s->next < s->stop) {
    Value quick = quick_next(s->iterator.peek());
    if (!quick.is_empty()) {
      s->position++;
      s->next = s->step > s->stop - s->next ? s->stop : s->next + s->step;
      return Ref::adopt(quick);
    }
  }
  Ref iterator = s->iterator.load();
  if (iterator.is_empty()) return Ref();
  // Claims its positions first: several threads never give more than the slice holds.
  u64 skip;
  bool wanted;
  {
    ObjectLock lock(t, s);
    u64 next = s->next;
    skip = next > s->position ? next - s->position : 0;
    wanted = next < s->stop;
    s->position += skip + wanted;
    if (wanted) {
      u64 following = next + s->step;
      s->next = following < next || following > s->stop ? s->stop : following;
    }
  }
  Ref item;
  for (u64 i = 0; i < skip + wanted; i++) {
    item = iter_next(t, iterator);
    if (item.failed() || item.is_empty()) break;
    if (i < skip) item.clear();
  }
  if (item.failed() || item.is_empty()) s->iterator.clear(s);
  return item;
}

constexpr TypeSpec filter_spec(const char* name, const char* doc, NextFn next, NewFn make, const char* signature) {
  return {.name = name,
          .doc = doc,
          .layout = {nullptr, sizeof(Filter), 0, filter_visit, nullptr, nullptr, nullptr,
               dispose_fields<offsetof(Filter, function), 2>},
          .flags = kIteratorFlags,
          .slots = {.iter = iter_self, .next = next, .new_ = make},
          .text_signature = signature};
}

}  // namespace

const TypeSpec spec_dropwhile = filter_spec("itertools.dropwhile",
                                            "Drop items from the iterable while predicate(item) is "
                                            "true.\n\nAfterwards, return every element until the iterable "
                                            "is exhausted.",
                                            dropwhile_next, dropwhile_new, "(predicate, iterable, /)");
const TypeSpec spec_takewhile =
    filter_spec("itertools.takewhile",
                "Return successive entries from an iterable as long as the predicate evaluates to true for each entry.",
                takewhile_next, takewhile_new, "(predicate, iterable, /)");
const TypeSpec spec_filterfalse = filter_spec("itertools.filterfalse",
                                              "Return those items of iterable for which function(item) is false.\n\nIf "
                                              "function is None, return the items that are "
                                              "false.",
                                              filterfalse_next, filterfalse_new, "(function, iterable, /)");
const TypeSpec spec_starmap = filter_spec("itertools.starmap",
                                          "Return an iterator whose values are returned from the function evaluated "
                                          "with an argument tuple taken from the given "
                                          "sequence.",
                                          starmap_next, starmap_new, "(function, iterable, /)");

const TypeSpec spec_compress = {
    .name = "itertools.compress",
    .doc =
        "Return data elements corresponding to true selector elements.\n\nForms a shorter iterator from selected data "
        "elements using the selectors to\nchoose the data elements.",
    .layout = {"compress", sizeof(Compress), 0, compress_visit, nullptr, nullptr, nullptr},
    .flags = kIteratorFlags,
    .slots = {.iter = iter_self, .next = compress_next, .new_ = compress_new},
    .text_signature = "(data, selectors)",
};

const TypeSpec spec_islice = {
    .name = "itertools.islice",
    .doc =
        "islice(iterable, stop) --> islice object\nislice(iterable, start, stop[, step]) --> islice object\n\nReturn "
        "an "
        "iterator whose next() method returns selected values from an\niterable.  If start is specified, will skip "
        "all preceding elements;\notherwise, start defaults to zero.  Step defaults to one.  If\nspecified as another "
        "value, step determines how many values are\nskipped between successive calls.  Works like a slice() on a "
        "list\nbut returns an iterator.",
    .layout = {"islice", sizeof(ISlice), 0, islice_visit, nullptr, nullptr, nullptr,
               dispose_fields<offsetof(ISlice, iterator), 1>},
    .flags = kIteratorFlags,
    .slots = {.iter = iter_self, .next = islice_next, .new_ = islice_new},
};

}  // namespace typhon::itertools
