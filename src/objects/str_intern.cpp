// The hash of strings, the intern table, and the names the VM uses.
//
// The table is sharded by hash. It does not keep strings alive: a dying string takes itself out (str_forget_interned,
// from its layout's release hook). What the table refers to can be reached by every thread, so a string is published
// before it goes in. A shared string that was condemned, or one whose count reached zero while its destruction waits
// for that of another object, is still in here until its memory is released: look-ups pass over it (is_dying).
#include <cstdlib>

#include "objects/exceptions.h"
#include "objects/str_search.h"
#include "threads/object_lock.h"

namespace typhon {

void str_make_singletons(Thread& t);    // str.cpp
void bytes_make_singletons(Thread& t);  // bytes.cpp

namespace names {
#define NAME(id) Str* id;
#define NAME_AS(id, text) Str* id;
#include "objects/names.def"
#undef NAME
#undef NAME_AS
}  // namespace names

namespace {

u64 g_key0 = 0x0706050403020100, g_key1 = 0x0f0e0d0c0b0a0908;

struct SipState {
  u64 v0, v1, v2, v3;
  TYPHON_INLINE void round() {
    v0 += v1;
    v2 += v3;
    v1 = std::rotl(v1, 13) ^ v0;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 = std::rotl(v0, 32);
    v2 += v1;
    v0 += v3;
    v1 = std::rotl(v1, 17) ^ v2;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 = std::rotl(v2, 32);
  }
};

u64 siphash13(const void* data, size_t n) {
  SipState s{g_key0 ^ 0x736f6d6570736575, g_key1 ^ 0x646f72616e646f6d, g_key0 ^ 0x6c7967656e657261,
             g_key1 ^ 0x7465646279746573};
  const u8* p = static_cast<const u8*>(data);
  const u8* end = p + (n & ~size_t(7));
  for (; p < end; p += 8) {
    u64 word;
    std::memcpy(&word, p, 8);
    s.v3 ^= word;
    s.round();
    s.v0 ^= word;
  }
  u64 last = u64(n) << 56;
  for (size_t i = 0; i < (n & 7); i++) last |= u64(p[i]) << (8 * i);
  s.v3 ^= last;
  s.round();
  s.v0 ^= last;
  s.v2 ^= 0xff;
  s.round();
  s.round();
  s.round();
  return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

constexpr u32 kShards = 64;

// A string's address with 16 bits of its hash above it, so that a probe looks at few strings that are others.
struct Entry {
  u64 word = 0;
  static Entry of(Str* s, u32 hash) { return {u64(s) | tag(hash)}; }
  static u64 tag(u32 hash) { return u64(hash >> 10 & 0xffff) << 48; }
  bool may_be(u32 hash) const { return ((word ^ tag(hash)) >> 48) == 0; }
  Str* str() const { return reinterpret_cast<Str*>(word << 16 >> 16); }
  bool operator==(const Entry&) const = default;
};
constexpr Entry kFree{0}, kDeleted{16};

struct Shard {
  Mutex lock;
  Entry* slots = nullptr;
  u32 mask = 0;
  u32 live = 0;
  u32 filled = 0;  // live and deleted entries
};
Shard g_shards[kShards];

// Elided while one thread runs. Waiters stay attached: a holder does nothing but probe, and never stops.
class ShardLock {
 public:
  explicit ShardLock(Shard& shard) : shard_(shard), locked_(g_multi_threaded) {
    if (locked_) shard.lock.lock_unattached();
  }
  ~ShardLock() {
    if (locked_) shard_.lock.unlock();
  }
  ShardLock(const ShardLock&) = delete;

 private:
  Shard& shard_;
  bool locked_;
};

Shard& shard_for(u32 hash) { return g_shards[hash >> 26]; }

bool is_dying(const Str* s) { return (s->ownership() & g_counted_states) && s->count < count::kOne; }

// The equal string in the table, or null.
Str* find_entry(Shard& shard, const Str* s, u32 hash) {
  if (shard.slots == nullptr) return nullptr;
  for (u32 i = hash & shard.mask;; i = (i + 1) & shard.mask) {
    Entry entry = shard.slots[i];
    if (entry == kFree) return nullptr;
    if (!entry.may_be(hash) || entry == kDeleted) continue;
    Str* found = entry.str();
    if (str_hash32(found) == hash && str_equal(found, s) && !is_dying(found)) return found;
  }
}

bool rebuild(Shard& shard) {
  u32 size = 64;
  while (size < shard.live * 3) size *= 2;
  auto* slots = static_cast<Entry*>(std::calloc(size, sizeof(Entry)));
  if (slots == nullptr) return false;
  for (u32 i = 0; shard.slots != nullptr && i <= shard.mask; i++) {
    Entry entry = shard.slots[i];
    if (entry == kFree || entry == kDeleted) continue;
    u32 at = str_hash32(entry.str()) & (size - 1);
    while (slots[at] != kFree) at = (at + 1) & (size - 1);
    slots[at] = entry;
  }
  std::free(shard.slots);
  shard.slots = slots;
  shard.mask = size - 1;
  shard.filled = shard.live;
  return true;
}

bool insert(Shard& shard, Str* s, u32 hash) {
  if (shard.slots == nullptr || (shard.filled + 1) * 3 > (shard.mask + 1) * 2) {
    if (!rebuild(shard)) return false;
  }
  u32 i = hash & shard.mask;
  while (shard.slots[i] != kFree && shard.slots[i] != kDeleted) i = (i + 1) & shard.mask;
  if (shard.slots[i] == kFree) shard.filled++;
  shard.live++;
  shard.slots[i] = Entry::of(s, hash);
  __atomic_fetch_or(&s->length_kind, Str::kInterned, __ATOMIC_RELAXED);
  return true;
}

void make_immortal(Object* object) {
  u8 old = __atomic_load_n(&object->state, __ATOMIC_RELAXED);
  __atomic_store_n(&object->state, u8((old & ~state::kOwnershipMask) | state::kImmortal), __ATOMIC_RELAXED);
}

}  // namespace

void set_hash_secret(u64 k0, u64 k1) {
  g_key0 = k0;
  g_key1 = k1;
}

i64 hash_bytes(const void* data, size_t n) {
  if (n == 0) return 0;
  i64 hash = i64(siphash13(data, n));
  return hash != -1 ? hash : -2;
}

u32 str_hash32(const Str* s) {
  u32 cached = __atomic_load_n(&s->aux2, __ATOMIC_RELAXED);
  if (cached != 0) [[likely]] return cached;
  u32 hash = key_of_hash(str_hash(s));
  __atomic_store_n(const_cast<u32*>(&s->aux2), hash, __ATOMIC_RELAXED);
  return hash;
}

i64 str_hash(const Str* s) { return hash_bytes(s->raw(), s->length() << s->kind()); }

// What this thread has looked up lately, so that it need not write to a lock that all threads share. Interned strings are freed
// after a stop of the world only: an entry counts until the next one.
struct Recent {
  Str* str;
  u64 stops;
};
static constexpr u32 kRecent = 64;
static thread_local Recent tls_recent[kRecent];

static Str* find_recent(const Str* s, u32 hash) {
  if (!g_multi_threaded) return nullptr;
  const Recent& entry = tls_recent[hash % kRecent];
  if (entry.str == nullptr || entry.stops != stops_so_far()) return nullptr;
  return str_hash32(entry.str) == hash && str_equal(entry.str, s) ? entry.str : nullptr;
}

// Object::aux of a DEFERRED string that the collector is about to free.
static constexpr u16 kWatched = 1;

// Under the lock.
static RefTo<Str> found_interned(Str* s, u32 hash) {
  if (s->aux == kWatched && (s->ownership() & state::kDeferred)) __atomic_store_n(&s->aux, 0, __ATOMIC_RELAXED);
  // Copying counts without running Python code, so it may be done under the lock.
  if (g_multi_threaded) tls_recent[hash % kRecent] = {s, stops_so_far()};
  return RefTo<Str>::copy(s);
}

RefTo<Str> str_intern(Thread& t, Value v) {
  Str* s = v.as<Str>();
  if (s->is_interned()) return RefTo<Str>::copy(s);
  RefTo<Str> exact = TRY(str_exact(t, s));
  s = exact.get();
  if (s->is_interned()) return exact;
  u32 hash = str_hash32(s);
  if (Str* recent = find_recent(s, hash)) return RefTo<Str>::copy(recent);
  Shard& shard = shard_for(hash);
  bool missing = false;
  if (s->is_local()) {
    // Mostly it is there already: then this one need not be shared.
    {
      ShardLock lock(shard);
      if (Str* found = find_entry(shard, s, hash)) return found_interned(found, hash);
    }
    publish(s);
    missing = !g_multi_threaded;  // else another thread may have been quicker
  }
  bool full = false;
  {
    ShardLock lock(shard);
    if (!missing) {
      if (Str* found = find_entry(shard, s, hash)) return found_interned(found, hash);
    }
    full = !insert(shard, s, hash);
  }
  if (full) return raise_no_memory(t);
  return exact;
}

// Called when a string dies; only for interned ones.
void str_forget_interned(Str* s) {
  u32 hash = str_hash32(s);
  Shard& shard = shard_for(hash);
  ShardLock lock(shard);
  if (shard.slots == nullptr) return;
  for (u32 i = hash & shard.mask;; i = (i + 1) & shard.mask) {
    Entry entry = shard.slots[i];
    if (entry == kFree) return;
    if (entry.str() != s) continue;
    shard.slots[i] = kDeleted;
    shard.live--;
    return;
  }
}

void object_model::watch_tables(Object* object) {
  if (is_str(Value(object)) && static_cast<Str*>(object)->is_interned()) object->aux = kWatched;
}

bool object_model::leave_tables(Object* object) {
  if (!is_str(Value(object)) || !static_cast<Str*>(object)->is_interned()) return true;
  if (object->aux != kWatched) return false;
  str_forget_interned(static_cast<Str*>(object));
  return true;
}

// sys.getunicodeinternedsize(); an estimate while other threads intern.
size_t interned_count() {
  size_t n = 0;
  for (Shard& shard : g_shards) n += __atomic_load_n(&shard.live, __ATOMIC_RELAXED);
  return n;
}

// For strings that start-up makes: immortal, and in the table.
void str_add_immortal(Str* s) {
  make_immortal(s);
  u32 hash = str_hash32(s);
  CHECK(insert(shard_for(hash), s, hash));
}

Str* str_immortal(Thread& t, std::string_view ascii) {
  RefTo<Str> s = str_from_ascii(t, ascii);
  CHECK(!s.failed());
  s = str_intern(t, s);
  CHECK(!s.failed());
  Str* str = s.get();
  make_immortal(str);
  return str;
}

Status initialise_names(Thread& t) {
  str_make_singletons(t);
  bytes_make_singletons(t);
#define NAME(id) names::id = str_immortal(t, #id);
#define NAME_AS(id, text) names::id = str_immortal(t, text);
#include "objects/names.def"
#undef NAME
#undef NAME_AS
  return ok();
}

}  // namespace typhon
