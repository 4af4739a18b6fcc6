// functools.lru_cache's wrapper.
//
// The cache is a dict from keys to results (unbounded) or to links (bounded). Links form a chain from the one used
// longest ago to the one used last: each owns the next. The chain changes under the object lock, and no Python code
// runs meanwhile; clearing puts a new dict and an empty chain in place, and whoever still works with the old dict
// leaves the chain alone.
//
// A hit makes its link the newest: at once while one thread alone uses the cache since the last miss. When several do, their
// hits only mark the link as used, once, so that they write nothing that others read; a miss passes over marked links (and
// makes them new) when it looks for the oldest. Hits are counted by each thread in a cache line of its own, roughly.
#include <cstdlib>
#include <cstring>

#include "modules/_functools/functools.h"
#include "objects/dict/table.h"

namespace typhon {

Type* g_lru_cache_type;

namespace {

struct Link : Object {
  Field key, result;
  Field next;
  Link* previous;
  u64 hash;  // of the key
  bool linked;
  bool used;  // atomic: hit since it was put where it is in the chain
};

// Threads share a counter by the remainder of their ids.
struct HitCounters {
  static constexpr u32 kCount = 16;
  struct alignas(64) {
    i64 hits;
  } each[kCount];
};
struct LruCache : Object {
  Field function;
  Field info_type;
  Field cache;   // dict
  Field oldest;  // Link
  Link* newest;
  i64 maxsize;  // -1: no bound; 0: nothing is kept
  i64 size;     // of the chain
  i64 hits, misses;
  HitCounters* shared_hits;  // atomic; null until a thread hits the shared cache
  u32 user;                  // atomic: id of the only thread that used it since the last miss; kSeveral
  bool typed;
};
constexpr u32 kSeveral = 0;  // no thread has this id

Type* g_link_type;

void link_visit(Object* self, Visitor& visitor) { visitor.fields(&static_cast<Link*>(self)->key, 3); }
void cache_visit(Object* self, Visitor& visitor) { visitor.fields(&static_cast<LruCache*>(self)->function, 4); }

const TypeSpec kLinkSpec = {
    .name = "functools._lru_list_elem",
    .layout = {"_lru_list_elem", sizeof(Link), 0, link_visit, nullptr, nullptr, nullptr},
    .flags = type_flag::kImmutable | type_flag::kDisallowInstantiation,
};

void count_one(LruCache* c, i64* counter) {
  if (is_contended(c))
    __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
  else
    ++*counter;
}

HitCounters* shared_hits(LruCache* c) {
  HitCounters* counters = __atomic_load_n(&c->shared_hits, __ATOMIC_ACQUIRE);
  if (counters != nullptr) return counters;
  auto* fresh = static_cast<HitCounters*>(std::aligned_alloc(alignof(HitCounters), sizeof(HitCounters)));
  if (fresh == nullptr) return nullptr;
  std::memset(static_cast<void*>(fresh), 0, sizeof(HitCounters));
  if (__atomic_compare_exchange_n(&c->shared_hits, &counters, fresh, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) return fresh;
  std::free(fresh);
  return counters;
}
void count_hit(Thread& t, LruCache* c) {
  HitCounters* counters = is_contended(c) ? shared_hits(c) : nullptr;
  if (counters == nullptr) return count_one(c, &c->hits);
  __atomic_fetch_add(&counters->each[t.id % HitCounters::kCount].hits, 1, __ATOMIC_RELAXED);
}
i64 all_hits(LruCache* c) {
  i64 sum = __atomic_load_n(&c->hits, __ATOMIC_RELAXED);
  if (HitCounters* counters = __atomic_load_n(&c->shared_hits, __ATOMIC_ACQUIRE))
    for (auto& one : counters->each) sum += __atomic_load_n(&one.hits, __ATOMIC_RELAXED);
  return sum;
}
void forget_hits(LruCache* c) {
  __atomic_store_n(&c->hits, 0, __ATOMIC_RELAXED);
  if (HitCounters* counters = __atomic_load_n(&c->shared_hits, __ATOMIC_ACQUIRE))
    for (auto& one : counters->each) __atomic_store_n(&one.hits, 0, __ATOMIC_RELAXED);
}
void cache_release(Thread&, Object* self) { std::free(static_cast<LruCache*>(self)->shared_hits); }

// --- the chain; under the lock. `newest` and `size` are also read without it.
void set_newest(LruCache* c, Link* link) { __atomic_store_n(&c->newest, link, __ATOMIC_RELAXED); }
void set_size(LruCache* c, i64 size) { __atomic_store_n(&c->size, size, __ATOMIC_RELAXED); }
Value take(Field& slot) {
  Value word = slot.peek();
  put_word(slot, EMPTY);
  return word;
}
Field& slot_of(LruCache* c, Link* link) { return link->previous != nullptr ? link->previous->next : c->oldest; }

// Takes the link out; the chain's reference to it comes back.
Value unchain(LruCache* c, Link* link) {
  Field& slot = slot_of(c, link);
  Value word = take(slot);
  Value following = take(link->next);
  if (following.is_empty())
    set_newest(c, link->previous);
  else
    following.as<Link>()->previous = link->previous;
  put_word(slot, following);
  link->previous = nullptr;
  link->linked = false;
  set_size(c, c->size - 1);
  return word;
}
void chain_newest(LruCache* c, Value word) {
  auto* link = word.as<Link>();
  link->previous = c->newest;
  link->linked = true;
  __atomic_store_n(&link->used, false, __ATOMIC_RELAXED);
  set_newest(c, link);
  put_word(slot_of(c, link), word);
  set_size(c, c->size + 1);
}
void chain_oldest(LruCache* c, Value word) {
  auto* link = word.as<Link>();
  Value following = take(c->oldest);
  if (following.is_empty())
    set_newest(c, link);
  else
    following.as<Link>()->previous = link;
  put_word(link->next, following);
  link->previous = nullptr;
  link->linked = true;
  put_word(c->oldest, word);
  set_size(c, c->size + 1);
}

// The link to go when room is needed.
Link* find_oldest(LruCache* c) {
  for (i64 n = c->size; n > 0; n--) {
    auto* link = c->oldest.as<Link>();
    if (!__atomic_load_n(&link->used, __ATOMIC_RELAXED)) break;
    chain_newest(c, unchain(c, link));
  }
  return c->oldest.as<Link>();
}

// --- keys
Ref make_key(Thread& t, LruCache* c, const Args& args) {
  if (!c->typed && args.keyword_count == 0 && args.count == 1 && (is_exact_str(args[0]) || args[0].is_small_int()))
    return Ref::copy(args[0]);
  u64 all = args.count + args.keyword_count;
  u64 n = args.count + (args.keyword_count != 0 ? 1 + 2 * u64(args.keyword_count) : 0) + (c->typed ? all : 0);
  if (n == 0) return tuple_of(t);
  RefTo<Tuple> key = TRY(tuple_allocate(t, n));
  u64 at = 0;
  auto add = [&](Value v) { key->items[at++].init(key.get(), v); };
  for (u32 i = 0; i < args.count; i++) add(args[i]);
  if (args.keyword_count != 0) add(g_keyword_mark.get());
  for (u32 k = 0; k < args.keyword_count; k++) {
    add(args.names->items[k].peek());
    add(args.keyword(k));
  }
  if (c->typed) {
    for (u32 i = 0; i < args.count; i++) add(Value(type_of(args[i])));
    for (u32 k = 0; k < args.keyword_count; k++) add(Value(type_of(args.keyword(k))));
  }
  return key;
}

// A key is hashed once per call, as its class may count that.
struct Key {
  Ref value;
  u64 hash;
};
Status find_key(Thread& t, LruCache* c, const Args& args, Key* key) {
  key->value = TRY(make_key(t, c, args));
  key->hash = u64(TRY(object_hash(t, key->value)));
  return ok();
}
Ref lookup(Thread& t, Value cache, const Key& key) {
  return dict_table::get_hashed_py(t, cache.as<Dict>(), key.value, key.hash);
}

// Puts a link in unless the key is there already; false then.
Result<bool> insert_link(Thread& t, Dict* d, Link* link) {
  bool inserted = false;
  Value key = link->key.peek();
  TRY(dict_table::with_entry_py(t, d, key, link->hash, Value(link), [&](DictTable* table, dict_table::Probe probe) {
    if (probe.index >= 0) return true;
    if (table->entry_count == table->entry_capacity) return false;
    dict_table::append_words(table, probe.slot, link->hash, heap_copy(key), heap_copy(Value(link)));
    dict_table::change_used(d, 1);
    inserted = true;
    return true;
  }));
  return inserted;
}

// Takes a link out, if it is what the key leads to.
Status delete_link(Thread& t, Dict* d, Link* link) {
  Value key_word = EMPTY, value_word = EMPTY;
  Value key = link->key.peek();
  TRY(dict_table::with_entry_py(t, d, key, link->hash, EMPTY, [&](DictTable* table, dict_table::Probe probe) {
    if (probe.index < 0) return true;
    DictEntry& entry = table->entries()[probe.index];
    if (!entry.value.peek().same_word(Value(link))) return true;
    value_word = entry.value.take_word(d);
    if (!is_exact_str(entry.key.peek())) key_word = entry.key.take_word(d);
    dict_table::mark_deleted(table, probe.slot);
    dict_table::change_used(d, -1);
    return true;
  }));
  Field::release_heap(value_word);
  Field::release_heap(key_word);
  return ok();
}

// --- the three kinds of calls
Ref call_uncached(Thread& t, LruCache* c, const Args& args) {
  count_one(c, &c->misses);
  Ref function = c->function.load();
  return call(t, function, args);
}

Ref call_unbounded(Thread& t, LruCache* c, const Args& args) {
  Key key;
  TRY(find_key(t, c, args, &key));
  Ref cache = c->cache.load();
  Ref found = TRY(lookup(t, cache, key));
  if (!found.is_empty()) {
    count_hit(t, c);
    return found;
  }
  Ref result = TRY(call_uncached(t, c, args));
  TRY(dict_table::set_hashed_py(t, cache.as<Dict>(), key.value, key.hash, result));
  return result;
}

// A hit: the link is the newest now.
void refresh(Thread& t, LruCache* c, Value cache, Link* link) {
  if (is_contended(c)) {
    u32 user = __atomic_load_n(&c->user, __ATOMIC_RELAXED);
    if (user != t.id) {
      if (user != kSeveral) __atomic_store_n(&c->user, kSeveral, __ATOMIC_RELAXED);
      if (!__atomic_load_n(&link->used, __ATOMIC_RELAXED)) __atomic_store_n(&link->used, true, __ATOMIC_RELAXED);
      return;
    }
  }
  if (__atomic_load_n(&c->newest, __ATOMIC_RELAXED) == link) return;
  ObjectLock lock(t, c);
  if (!link->linked || !c->cache.peek().same_word(cache) || c->newest == link) return;
  chain_newest(c, unchain(c, link));
}

Status keep(Thread& t, LruCache* c, Value cache, const Key& key, Value result) {
  auto* link = allocate_native<Link>(t, g_link_type);
  Ref held = Ref::adopt(Value(link));
  link->key.init(link, key.value.get());
  link->result.init(link, result);
  link->hash = key.hash;
  if (!TRY(insert_link(t, cache.as<Dict>(), link))) return ok();  // another call was faster
  publish_for(c, held.get());
  Value evicted = EMPTY;
  {
    ObjectLock lock(t, c);
    if (!c->cache.peek().same_word(cache)) return ok();
    __atomic_store_n(&c->user, t.id, __ATOMIC_RELAXED);
    if (c->size >= c->maxsize) evicted = unchain(c, find_oldest(c));
    chain_newest(c, heap_copy(held));
  }
  if (evicted.is_empty()) return ok();
  Ref old = Field::adopt_heap(evicted);
  if (!delete_link(t, cache.as<Dict>(), old.as<Link>()).failed()) return ok();
  // Its __eq__ raised, so it is in the dict still: the chain must know it.
  ObjectLock lock(t, c);
  if (c->cache.peek().same_word(cache) && !old.as<Link>()->linked) chain_oldest(c, to_heap_word(old.take()));
  return Raised{};
}

Ref call_bounded(Thread& t, LruCache* c, const Args& args) {
  Key key;
  TRY(find_key(t, c, args, &key));
  Ref cache = c->cache.load();
  Ref found = TRY(lookup(t, cache, key));
  if (!found.is_empty()) {
    count_hit(t, c);
    refresh(t, c, cache, found.as<Link>());
    return found.as<Link>()->result.load();
  }
  Ref result = TRY(call_uncached(t, c, args));
  // The call may have put the same key in, or emptied the cache.
  cache = c->cache.load();
  found = TRY(lookup(t, cache, key));
  if (found.is_empty()) TRY(keep(t, c, cache, key, result));
  return result;
}

Ref cache_call(Thread& t, Value self, Args args) {
  auto* c = self.as<LruCache>();
  if (c->maxsize < 0) return call_unbounded(t, c, args);
  if (c->maxsize == 0) return call_uncached(t, c, args);
  return call_bounded(t, c, args);
}

// --- the type
Ref cache_new(Thread& t, Type* cls, Args args) {
  static const Signature& signature = parse_signature("(user_function, maxsize, typed, cache_info_type)");
  Value a[4];
  Ref unused;
  TRY(bind_arguments(t, signature, "lru_cache", args, a, &unused));
  if (!is_callable(a[0])) return raise(t, exc::TypeError, "the first argument must be callable");
  i64 maxsize = -1;
  if (!a[1].is_none()) {
    if (!is_indexable(a[1])) return raise(t, exc::TypeError, "maxsize should be integer or None");
    Ref index = TRY(to_index(t, a[1]));
    maxsize = TRY(to_i64(t, index, "Python int too large to convert to C ssize_t"));
    if (maxsize < 0) maxsize = 0;
  }
  bool typed = TRY(truth(t, a[2]));
  Ref self = TRY(allocate_instance(t, cls));
  auto* c = self.as<LruCache>();
  c->function.init(c, a[0]);
  c->info_type.init(c, a[3]);
  c->cache.init(c, TRY(dict_new(t)));
  c->maxsize = maxsize;
  c->typed = typed;
  return self;
}

Ref cache_get(Thread& t, Value self, Value instance, Value) {
  if (instance.is_empty() || instance.is_none()) return Ref::copy(self);
  return method_new(t, self, instance);
}

Ref m_info(Thread& t, Value self, const Value*) {
  auto* c = self.as<LruCache>();
  i64 size = 0;
  if (c->maxsize < 0) {
    Ref cache = c->cache.load();
    size = i64(dict_size(cache.as<Dict>()));
  } else {
    size = __atomic_load_n(&c->size, __ATOMIC_RELAXED);
  }
  Ref hits = TRY(int_from(t, all_hits(c)));
  Ref misses = TRY(int_from(t, __atomic_load_n(&c->misses, __ATOMIC_RELAXED)));
  Ref maxsize = c->maxsize < 0 ? Ref::none() : TRY(int_from(t, c->maxsize));
  Ref present = TRY(int_from(t, size));
  Ref info_type = c->info_type.load();
  return call_with(t, info_type, hits, misses, maxsize, present);
}

Ref m_clear(Thread& t, Value self, const Value*) {
  auto* c = self.as<LruCache>();
  Ref fresh = TRY(dict_new(t));
  publish_for(c, fresh.get());
  Value old_cache, old_chain;
  {
    ObjectLock lock(t, c);
    old_cache = c->cache.exchange(c, std::move(fresh));
    old_chain = take(c->oldest);
    set_newest(c, nullptr);
    set_size(c, 0);
    forget_hits(c);
    __atomic_store_n(&c->misses, 0, __ATOMIC_RELAXED);
  }
  Field::release_heap(old_chain);
  Field::release_heap(old_cache);
  return Ref::none();
}

Ref m_reduce(Thread& t, Value self, const Value*) { return get_attribute(t, self, names::__qualname__); }
Ref m_copy(Thread&, Value self, const Value*) { return Ref::copy(self); }

const Method kMethods[] = {
    method("cache_info", m_info, "($self, /)", "Report cache statistics"),
    method("cache_clear", m_clear, "($self, /)", "Clear the cache and cache statistics"),
    method("__reduce__", m_reduce, "($self, /)"),
    method("__copy__", m_copy, "($self, /)"),
    method("__deepcopy__", m_copy, "($self, memo, /)"),
    {},
};

}  // namespace

const TypeSpec spec_lru_cache = {
    .name = "functools._lru_cache_wrapper",
    .doc =
        "Create a cached callable that wraps another function.\n\nuser_function:      the function being "
        "cached\n\nmaxsize:  0         for no caching\n          None      for unlimited cache size\n          n       "
        "  "
        "for a bounded cache\n\ntyped:    False     cache f(3) and f(3.0) as identical calls\n          True      "
        "cache "
        "f(3) and f(3.0) as distinct calls\n\ncache_info_type:    namedtuple class with the fields:\n                  "
        " "
        "     hits misses currsize maxsize\n",
    .layout = {"_lru_cache_wrapper", sizeof(LruCache), 0, cache_visit, cache_release, nullptr, nullptr},
    .flags = type_flag::kImmutable | type_flag::kHasDict | type_flag::kHasWeakref | type_flag::kMethodDescriptor,
    .slots = {.call = cache_call, .descriptor_get = cache_get, .new_ = cache_new},
    .methods = kMethods,
};

// Made with the module, before any cache.
Status initialise_lru_links(Thread& t) {
  return g_link_type != nullptr ? ok() : make_static_type(t, kLinkSpec, &g_link_type);
}

}  // namespace typhon
