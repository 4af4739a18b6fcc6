// _random: the Mersenne Twister (MT19937; Matsumoto and Nishimura, 1997), with the same sequences as CPython's.
#include <sys/random.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <vector>

#include "objects/module.h"

namespace typhon {
namespace {

constexpr u32 kStateWords = 624, kShift = 397;

struct State {
  u32 index;
  u32 words[kStateWords];

  void start(u32 seed) {
    words[0] = seed;
    for (u32 i = 1; i < kStateWords; i++) words[i] = 1812433253u * (words[i - 1] ^ (words[i - 1] >> 30)) + i;
    index = kStateWords;
  }
  void start(const u32* key, size_t n) {
    start(19650218u);
    u32 i = 1;
    size_t j = 0;
    auto wrap = [&] {
      if (++i < kStateWords) return;
      words[0] = words[kStateWords - 1];
      i = 1;
    };
    for (size_t k = n > kStateWords ? n : kStateWords; k > 0; k--) {
      words[i] = (words[i] ^ ((words[i - 1] ^ (words[i - 1] >> 30)) * 1664525u)) + key[j] + u32(j);
      wrap();
      if (++j >= n) j = 0;
    }
    for (u32 k = kStateWords - 1; k > 0; k--) {
      words[i] = (words[i] ^ ((words[i - 1] ^ (words[i - 1] >> 30)) * 1566083941u)) - i;
      wrap();
    }
    words[0] = 0x80000000u;
  }
  u32 next() {
    if (index >= kStateWords) {
      auto twist = [&](u32 k, u32 far) {
        u32 y = (words[k] & 0x80000000u) | (words[(k + 1) % kStateWords] & 0x7FFFFFFFu);
        words[k] = words[far] ^ (y >> 1) ^ (y & 1 ? 0x9908B0DFu : 0);
      };
      for (u32 k = 0; k < kStateWords; k++) twist(k, (k + kShift) % kStateWords);
      index = 0;
    }
    u32 y = words[index++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9D2C5680u;
    y ^= (y << 15) & 0xEFC60000u;
    return y ^ (y >> 18);
  }
};

// Seeding, drawing and copying the state are atomic under the object's lock.
//
// A shared generator that nobody seeded, or asked for its state, is as good as another one that nobody seeded: then each
// thread draws from its own, and threads do not wait for each other.
struct Random : Object {
  State state;
  bool unseeded;  // atomic
};

Type* g_random_type;

void start_anywhere(State& state) {
  u32 key[kStateWords];
  if (getrandom(key, sizeof key, GRND_NONBLOCK) == ssize_t(sizeof key)) return state.start(key, kStateWords);
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  u32 few[] = {u32(now.tv_sec), u32(now.tv_nsec), u32(getpid()), u32(gettid())};
  state.start(few, 4);
}

// --- generators of threads. Seeding the shared one anew (which a forked child does, too) ends all of them.
u32 g_generation = 1;  // atomic

struct OwnState {
  State state;
  u32 generation;
};
struct OwnStateHolder {
  OwnState* own = nullptr;
  ~OwnStateHolder() { std::free(own); }
};

OwnState* own_state() {
  static thread_local OwnStateHolder holder;
  OwnState* own = holder.own;
  if (own == nullptr) {
    own = holder.own = static_cast<OwnState*>(std::calloc(1, sizeof(OwnState)));
    if (own == nullptr) return nullptr;
  }
  u32 generation = __atomic_load_n(&g_generation, __ATOMIC_RELAXED);
  if (own->generation != generation) {
    start_anywhere(own->state);
    own->generation = generation;
  }
  return own;
}

// Calls f with the state to draw from.
template <class F>
void draw(Thread& t, Random* self, F f) {
  if (g_multi_threaded && !self->is_local() && __atomic_load_n(&self->unseeded, __ATOMIC_RELAXED)) {
    if (OwnState* own = own_state()) return f(own->state);
  }
  ObjectLock lock(t, self);
  f(self->state);
}

Status seed(Thread& t, Random* self, Value argument) {
  State fresh;
  bool unseeded = argument.is_empty() || argument.is_none();
  if (unseeded) {
    start_anywhere(fresh);
    __atomic_fetch_add(&g_generation, 1, __ATOMIC_RELAXED);
  } else {
    Ref number;
    if (is_int(argument)) {
      number = int_sign(argument) < 0 ? int_negate(t, argument) : Ref::copy(argument);
      if (number.failed()) return Raised{};
    } else {
      number = int_from_u64(t, u64(TRY(object_hash(t, argument))));
      if (number.failed()) return Raised{};
    }
    size_t words = size_t((int_bit_length(number) + 31) / 32);
    std::vector<u32> key(words == 0 ? 1 : words);
    TRY(int_to_bytes(t, number, reinterpret_cast<u8*>(key.data()), key.size() * 4, true, false));
    fresh.start(key.data(), key.size());
  }
  ObjectLock lock(t, self);
  self->state = fresh;
  __atomic_store_n(&self->unseeded, unseeded, __ATOMIC_RELAXED);
  return ok();
}

Ref r_seed(Thread& t, Value self, const Value* a) {
  TRY(seed(t, self.as<Random>(), a[0]));
  return Ref::none();
}
Ref r_random(Thread& t, Value self, const Value*) {
  u32 a = 0, b = 0;
  draw(t, self.as<Random>(), [&](State& state) {
    a = state.next() >> 5;
    b = state.next() >> 6;
  });
  return float_from(t, (a * 67108864.0 + b) * (1.0 / 9007199254740992.0));
}
Ref r_getrandbits(Thread& t, Value self, const Value* a) {
  auto* r = self.as<Random>();
  Ref count = TRY(to_index(t, a[0]));
  if (int_sign(count) < 0) return raise(t, exc::ValueError, "Cannot convert negative int");
  u64 bits;
  if (!int_fits_u64(count, &bits)) return raise(t, exc::OverflowError, "Python int too large to convert to C uint64_t");
  if (bits == 0) return int_from(t, 0);
  if (bits <= 32) {
    u32 word = 0;
    draw(t, r, [&](State& state) { word = state.next(); });
    return Ref::adopt(Value::small_int(word >> (32 - bits)));
  }
  u64 n = (bits - 1) / 32 + 1;
  if (n > (u64(1) << 33)) return raise_no_memory(t);
  std::vector<u32> words(n);
  draw(t, r, [&](State& state) {
    for (u64 i = 0; i < n; i++, bits -= 32) {
      words[i] = state.next();
      if (bits < 32) words[i] >>= 32 - bits;
    }
  });
  return int_from_bytes(t, reinterpret_cast<u8*>(words.data()), n * 4, true, false);
}
Ref r_getstate(Thread& t, Value self, const Value*) {
  State state;
  {
    ObjectLock lock(t, self.object());
    state = self.as<Random>()->state;
    // Whoever knows the state knows what comes next: from here on that is one sequence for all threads.
    __atomic_store_n(&self.as<Random>()->unseeded, false, __ATOMIC_RELAXED);
  }
  RefTo<Tuple> result = TRY(tuple_allocate(t, kStateWords + 1));
  for (u32 i = 0; i < kStateWords; i++) result->items[i].init(result.get(), Value::small_int(state.words[i]));
  result->items[kStateWords].init(result.get(), Value::small_int(state.index));
  return result;
}
Ref r_setstate(Thread& t, Value self, const Value* a) {
  if (!is_tuple(a[0])) return raise(t, exc::TypeError, "state vector must be a tuple");
  auto* given = a[0].as<Tuple>();
  if (given->size != kStateWords + 1) return raise(t, exc::ValueError, "state vector is the wrong size");
  State state;
  for (u32 i = 0; i <= kStateWords; i++) {
    Value item = given->items[i].peek();
    u64 word;
    if (!is_int(item)) return raise(t, exc::TypeError, "'%T' object cannot be interpreted as an integer", item);
    if (int_sign(item) < 0) return raise(t, exc::OverflowError, "can't convert negative value to unsigned int");
    if (!int_fits_u64(item, &word)) return raise(t, exc::OverflowError, "Python int too large to convert to C unsigned long");
    if (i < kStateWords)
      state.words[i] = u32(word);
    else if (word > kStateWords)
      return raise(t, exc::ValueError, "invalid state");
    else
      state.index = u32(word);
  }
  ObjectLock lock(t, self.object());
  self.as<Random>()->state = state;
  __atomic_store_n(&self.as<Random>()->unseeded, false, __ATOMIC_RELAXED);
  return Ref::none();
}

Ref random_new(Thread& t, Type* cls, Args) {
  Ref self = TRY(allocate_instance(t, cls));
  self.as<Random>()->state.index = kStateWords;
  return self;
}
Status random_init(Thread& t, Value self, Args args) {
  if (args.keyword_count != 0 && type_of(self) == g_random_type) return raise(t, exc::TypeError, "Random() takes no keyword arguments");
  if (args.count > 1) return raise(t, exc::TypeError, "Random() takes at most 1 argument (%d given)", int(args.count));
  return seed(t, self.as<Random>(), args.count == 1 ? args[0] : EMPTY);
}

const Method kMethods[] = {
    method("random", r_random, "($self, /)", "random() -> x in the interval [0, 1)."),
    method("seed", r_seed, "($self, n=None, /)", "seed([n]) -> None.\n\nDefaults to use urandom and falls back to a combination\nof the current time and the process identifier."),
    method("getstate", r_getstate, "($self, /)", "getstate() -> tuple containing the current state."),
    method("setstate", r_setstate, "($self, state, /)", "setstate(state) -> None.  Restores generator state."),
    method("getrandbits", r_getrandbits, "($self, k, /)", "getrandbits(k) -> x.  Generates an int with k random bits."),
    {},
};
const TypeSpec kSpec = {
    .name = "_random.Random",
    .doc = "Random() -> create a random number generator with its own internal state.",
    .layout = {"Random", sizeof(Random), 0, nullptr, nullptr, nullptr, nullptr},
    .flags = type_flag::kBaseType,
    .slots = {.new_ = random_new, .init = random_init},
    .methods = kMethods,
};

Status initialise(Thread& t, Module* module) { return module_add_type(t, module, kSpec, &g_random_type); }

}  // namespace

extern const ModuleDef module__random;
const ModuleDef module__random = {"_random", "Module implements the Mersenne Twister random number generator.", nullptr, initialise};

}  // namespace typhon
