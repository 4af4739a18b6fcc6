// product, permutations, combinations, combinations_with_replacement.
//
// All four walk an array of positions in a pool of items. The result is allocated first; then, under the lock, the
// positions advance and the items are copied: no Python code runs in between.
#include <cstdlib>

#include "modules/itertools/itertools.h"

namespace typhon::itertools {

Type *g_product, *g_permutations, *g_combinations, *g_combinations_with_replacement;

namespace {

struct Combinatoric : Object {
  Field pool;      // tuple of items; product: tuple of such tuples
  u64* positions;  // `length` of them: one per item of a result
  u64* spare;      // permutations: all positions in their present order, then `length` countdowns
  u64 length;
  bool started, stopped;
};

void visit(Object* self, Visitor& visitor) { visitor.field(self_as<Combinatoric>(self)->pool); }
void release(Thread&, Object* self) {
  std::free(self_as<Combinatoric>(self)->positions);
  std::free(self_as<Combinatoric>(self)->spare);
}

// Both arrays zero-filled.
Ref allocate(Thread& t, Type* cls, Value pool, u64 length, u64 spare) {
  constexpr u64 kLimit = u64(1) << 32;
  if (length > kLimit || spare > kLimit) return raise_no_memory(t);
  Ref self = TRY(allocate_instance(t, cls));
  auto* c = self.as<Combinatoric>();
  c->pool.init(c, pool);
  c->length = length;
  c->positions = static_cast<u64*>(std::calloc(length + 1, sizeof(u64)));
  if (c->positions == nullptr) return raise_no_memory(t);
  if (spare != 0) {
    c->spare = static_cast<u64*>(std::calloc(spare, sizeof(u64)));
    if (c->spare == nullptr) return raise_no_memory(t);
  }
  return self;
}

// --- advancing: true when there is another arrangement. The first one is what the arrays hold at the start.

bool advance_product(Combinatoric* c, Tuple* pools) {
  for (u64 i = c->length; i-- > 0;) {
    if (++c->positions[i] < pools->items[i].as<Tuple>()->size) return true;
    c->positions[i] = 0;
  }
  return false;
}

bool advance_combinations(Combinatoric* c, Tuple* pool) {
  u64 n = pool->size, r = c->length;
  for (u64 i = r; i-- > 0;) {
    if (c->positions[i] == i + n - r) continue;
    c->positions[i]++;
    for (u64 k = i + 1; k < r; k++) c->positions[k] = c->positions[k - 1] + 1;
    return true;
  }
  return false;
}

bool advance_with_replacement(Combinatoric* c, Tuple* pool) {
  u64 r = c->length;
  for (u64 i = r; i-- > 0;) {
    if (c->positions[i] == pool->size - 1) continue;
    u64 next = c->positions[i] + 1;
    for (u64 k = i; k < r; k++) c->positions[k] = next;
    return true;
  }
  return false;
}

bool advance_permutations(Combinatoric* c, Tuple* pool) {
  u64 n = pool->size, r = c->length;
  u64 *order = c->spare, *countdown = c->spare + n;
  bool found = false;
  for (u64 i = r; i-- > 0 && !found;) {
    if (--countdown[i] == 0) {
      // Every item has been at place i: back to the order that this place began with.
      u64 first = order[i];
      for (u64 k = i; k + 1 < n; k++) order[k] = order[k + 1];
      order[n - 1] = first;
      countdown[i] = n - i;
    } else {
      std::swap(order[i], order[n - countdown[i]]);
      found = true;
    }
  }
  if (found) std::memcpy(c->positions, order, r * sizeof(u64));
  return found;
}

template <bool (*kAdvance)(Combinatoric*, Tuple*), bool kManyPools>
Ref next(Thread& t, Value self) {
  auto* c = self.as<Combinatoric>();
  if (__atomic_load_n(&c->stopped, __ATOMIC_RELAXED)) return Ref();
  Ref held = c->pool.load();
  auto* pool = held.as<Tuple>();
  RefTo<Tuple> result = c->length == 0 ? tuple_of(t) : TRY(tuple_allocate(t, c->length));
  ObjectLock lock(t, c);
  if (c->stopped) return Ref();
  if (!c->started) {
    c->started = true;
  } else if (!kAdvance(c, pool)) {
    __atomic_store_n(&c->stopped, true, __ATOMIC_RELAXED);
    return Ref();
  }
  for (u64 i = 0; i < c->length; i++) {
    Tuple* from = kManyPools ? pool->items[i].as<Tuple>() : pool;
    *result->items[i].address() = heap_copy(from->items[c->positions[i]].peek());
  }
  return result;
}

// --- construction

Ref product_new(Thread& t, Type* cls, Args args) {
  i64 repeat = 1;
  for (u32 k = 0; k < args.keyword_count; k++) {
    Str* name = args.names->items[k].as<Str>();
    if (!name->equals_ascii("repeat"))
      return raise(t, exc::TypeError, "product() got an unexpected keyword argument '%U'", name);
    repeat = TRY(size_argument(t, args.keyword(k)));
  }
  if (repeat < 0) return raise(t, exc::ValueError, "repeat argument cannot be negative");
  u64 n = repeat == 0 ? 0 : args.count;
  if (n != 0 && u64(repeat) > (u64(1) << 32) / n) return raise_no_memory(t);
  u64 length = n * u64(repeat);
  RefTo<Tuple> pools = TRY(length == 0 ? tuple_of(t) : tuple_allocate(t, length));
  bool nothing = false;
  for (u64 i = 0; i < n; i++) {
    RefTo<Tuple> pool = TRY(to_tuple(t, args[u32(i)]));
    nothing = nothing || pool->size == 0;
    for (u64 k = i; k < length; k += n) pools->items[k].init(pools.get(), pool.value());
  }
  Ref self = TRY(allocate(t, cls, pools, length, 0));
  self.as<Combinatoric>()->stopped = nothing;
  return self;
}

Ref combinations_from(Thread& t, Type* cls, const char* name, const Signature& signature, Args args, bool replacing) {
  Value a[2];
  Ref keep;
  TRY(bind_arguments(t, signature, name, args, a, &keep));
  i64 r = TRY(size_argument(t, a[1]));
  RefTo<Tuple> pool = TRY(to_tuple(t, a[0]));
  if (r < 0) return raise(t, exc::ValueError, "r must be non-negative");
  bool nothing = replacing ? pool->size == 0 && r > 0 : u64(r) > pool->size;
  Ref self = TRY(allocate(t, cls, pool, nothing ? 0 : u64(r), 0));
  auto* c = self.as<Combinatoric>();
  c->stopped = nothing;
  if (!replacing)
    for (u64 i = 0; i < c->length; i++) c->positions[i] = i;
  return self;
}

Ref combinations_new(Thread& t, Type* cls, Args args) {
  static const Signature& signature = parse_signature("(iterable, r)");
  return combinations_from(t, cls, "combinations", signature, args, false);
}
Ref with_replacement_new(Thread& t, Type* cls, Args args) {
  static const Signature& signature = parse_signature("(iterable, r)");
  return combinations_from(t, cls, "combinations_with_replacement", signature, args, true);
}

Ref permutations_new(Thread& t, Type* cls, Args args) {
  static const Signature& signature = parse_signature("(iterable, r=None)");
  Value a[2];
  Ref keep;
  TRY(bind_arguments(t, signature, "permutations", args, a, &keep));
  RefTo<Tuple> pool = TRY(to_tuple(t, a[0]));
  u64 n = pool->size;
  i64 r = i64(n);
  if (!a[1].is_empty() && !a[1].is_none()) {
    if (!is_int(a[1])) return raise(t, exc::TypeError, "Expected int as r");
    r = TRY(to_i64(t, a[1], "Python int too large to convert to C ssize_t"));
  }
  if (r < 0) return raise(t, exc::ValueError, "r must be non-negative");
  bool nothing = u64(r) > n;
  u64 length = nothing ? 0 : u64(r);
  Ref self = TRY(allocate(t, cls, pool, length, n + length));
  auto* c = self.as<Combinatoric>();
  c->stopped = nothing;
  for (u64 i = 0; i < n; i++) c->spare[i] = i;
  for (u64 i = 0; i < length; i++) {
    c->positions[i] = i;
    c->spare[n + i] = n - i;
  }
  return self;
}

Ref m_sizeof(Thread& t, Value self, const Value*) {
  auto* c = self.as<Combinatoric>();
  u64 words = c->length;
  if (c->spare != nullptr) words += c->length + c->pool.as<Tuple>()->size;
  return int_from(t, i64(type_of(self)->instance_size + words * sizeof(u64)));
}

const Method kMethods[] = {method("__sizeof__", m_sizeof, "($self, /)", "Returns size in memory, in bytes."), {}};

constexpr TypeSpec combinatoric_spec(const char* name, const char* doc, NextFn next, NewFn make,
                                     const char* signature) {
  return {.name = name,
          .doc = doc,
          .layout = {nullptr, sizeof(Combinatoric), 0, visit, release, nullptr, nullptr},
          .flags = kIteratorFlags,
          .slots = {.iter = iter_self, .next = next, .new_ = make},
          .methods = kMethods,
          .text_signature = signature};
}

}  // namespace

const TypeSpec spec_product = combinatoric_spec(
    "itertools.product",
    "Cartesian product of input iterables.  Equivalent to nested for-loops.\n\nFor example, product(A, B) returns the "
    "same "
    "as:  ((x,y) for x in A for y in B).\nThe leftmost iterators are in the outermost for-loop, so the output "
    "tuples\ncycle in a manner similar to an odometer (with the rightmost element changing\non every iteration).\n\nTo "
    "compute the product of an iterable with itself, specify the number\nof repetitions with the optional repeat "
    "keyword "
    "argument. For example,\nproduct(A, repeat=4) means the same as product(A, A, A, A).\n\nproduct('ab', range(3)) "
    "--> "
    "('a',0) ('a',1) ('a',2) ('b',0) ('b',1) ('b',2)\nproduct((0,1), (0,1), (0,1)) --> (0,0,0) (0,0,1) (0,1,0) (0,1,1) "
    "(1,0,0) ...",
    next<advance_product, true>, product_new, "(*iterables, repeat=1)");

const TypeSpec spec_permutations =
    combinatoric_spec("itertools.permutations",
                      "Return successive r-length permutations of elements in the iterable.\n\npermutations(range(3), "
                      "2) --> (0,1), (0,2), "
                      "(1,0), (1,2), (2,0), (2,1)",
                      next<advance_permutations, false>, permutations_new, "(iterable, r=None)");

const TypeSpec spec_combinations =
    combinatoric_spec("itertools.combinations",
                      "Return successive r-length combinations of elements in the iterable.\n\ncombinations(range(4), "
                      "3) --> (0,1,2), (0,1,3), "
                      "(0,2,3), (1,2,3)",
                      next<advance_combinations, false>, combinations_new, "(iterable, r)");

const TypeSpec spec_combinations_with_replacement = combinatoric_spec(
    "itertools.combinations_with_replacement",
    "Return successive r-length combinations of elements in the iterable allowing individual elements to have "
    "successive "
    "repeats.\n\ncombinations_with_replacement('ABC', 2) --> ('A','A'), ('A','B'), ('A','C'), ('B','B'), ('B','C'), "
    "('C','C')",
    next<advance_with_replacement, false>, with_replacement_new, "(iterable, r)");

}  // namespace typhon::itertools
