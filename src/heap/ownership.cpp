// Counts, destruction, publication: the slow paths of value/object.h and heap/field.h. docs/ownership.md states the rules.
#include "heap/checking.h"
#include "heap/counting.h"
#include "heap/object_model.h"
#include "heap/pages.h"
#include "heap/reclaim.h"
#include "threads/thread.h"
#include "threads/world.h"

namespace typhon {

// --- what the object layer may leave out
namespace object_model {
[[gnu::weak]] Object* weak_referent(Object*) { return nullptr; }
[[gnu::weak]] bool may_have_slots(u32) { return true; }
}  // namespace object_model

// --- changing the ownership state of an object that others may look at: one RMW (R8, R23)
static void set_ownership(Object* object, u8 ownership) {
  u8 old = __atomic_load_n(&object->state, __ATOMIC_RELAXED);
  while (!__atomic_compare_exchange_n(&object->state, &old, u8((old & ~state::kOwnershipMask) | ownership), true,
                                      __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {}
}

// --- destruction

namespace {

// C++ frames per level are small, but a finaliser in one of them starts the interpreter.
inline constexpr u32 kMaxDestroyDepth = 50;
// A queued object keeps its slots; the link goes where the count and aux were. The sign bit says "dying" to whoever looks
// at the count.
inline constexpr u32 kLinkSign = u32(1) << 31;

// Weak references to it are cleared now: Python code may run before its turn comes, and must not find it.
void push_destroy(Thread& t, Object* object) {
  if (object->state & state::kHasSideTable) {
    RootedVector callbacks(t);
    object_model::clear_weakrefs(t, object, callbacks);
    if (!callbacks.empty()) call_weakref_callbacks(t, callbacks);
  }
  u64 link = u64(t.destroy_list) >> 4;
  DCHECK((link >> 47) == 0);
  object->count = i32(kLinkSign | u32(link & 0x7fffffff));
  object->aux = u16(link >> 31);
  t.destroy_list = object;
}

void destroy_now(Thread& t, Object* object);

void drain(Thread& t) {
  while (Object* object = t.destroy_list) {
    t.destroy_list = next_in_destroy_list(object);
    object->count = 0;
    object->aux = kChecking ? t.id : 0;
    t.destroy_depth++;
    destroy_now(t, object);
    t.destroy_depth--;
  }
}

// Python code that runs inside a destruction starts afresh: what dies in it dies promptly.
class PythonInside {
 public:
  explicit PythonInside(Thread& t) : thread_(t), depth_(t.destroy_depth), pending_(t.pending) {
    t.destroy_depth = 0;
    t.pending = EMPTY;
  }
  ~PythonInside() {
    if (!thread_.pending.is_empty()) release(thread_.pending);  // not reported by whom it was raised: lost
    thread_.destroy_depth = depth_;
    thread_.pending = pending_;
  }
  PythonInside(const PythonInside&) = delete;

 private:
  Thread& thread_;
  u32 depth_;
  Value pending_;  // on this stack, where scans see it
};

// PEP 442: true when the object is still to be destroyed.
bool finalise_before_destroying(Thread& t, Object* object) {
  object->count = (object->count & (count::kQueued | count::kRevived)) + count::kOne;
  call_finaliser(t, object);
  u8 ownership = object->ownership();
  if (ownership & g_counted_states) {
    object->count -= count::kOne;
    return object->count < count::kOne;
  }
  release_shared(object);  // it was published meanwhile: reclaiming decides
  return false;
}

// For one that `dispose` does not do.
void destroy_thoroughly(Thread& t, Object* object) {
  if (!(object->state & state::kFinalized) && object_model::has_finaliser(object)) {
    if (!finalise_before_destroying(t, object)) return;
  }
  if (object->state & state::kHasSideTable) {
    RootedVector callbacks(t);
    object_model::clear_weakrefs(t, object, callbacks);
    if (!callbacks.empty()) call_weakref_callbacks(t, callbacks);
  }
  drop_slots(object);
  object_model::release_native(t, object);
  heap::free_block(t, object);
}

void destroy_now(Thread& t, Object* object) {
  if (object_model::dispose(t, object)) return heap::free_block(t, object);
  destroy_thoroughly(t, object);
}

struct DropVisitor : Visitor {
  DropVisitor() {
    visit = [](Visitor&, Field& slot) {
      Value* word = slot.address();
      Value old = *word;
      if (old.bits & 7) return;
      *word = EMPTY;
      Field::release_heap(old);
    };
  }
};

}  // namespace

Object* next_in_destroy_list(const Object* object) {
  u64 link = (u64(object->aux) << 31) | (u32(object->count) & 0x7fffffff);
  return reinterpret_cast<Object*>(link << 4);
}

void drop_slots(Object* object) {
  DropVisitor visitor;
  object_model::visit(object, visitor);
}

void call_finaliser(Thread& t, Object* object) {
  PythonInside inside(t);
  object_model::run_finaliser(t, object);
  __atomic_fetch_or(&object->state, state::kFinalized, __ATOMIC_RELAXED);  // whatever it did: once
}

void call_weakref_callbacks(Thread& t, RootedVector& callbacks) {
  PythonInside inside(t);
  object_model::run_weakref_callbacks(t, callbacks);
}

namespace {
// What the fast path of `destroy` does not do.
TYPHON_NOINLINE void destroy_rest(Thread& t, Object* object) {
  destroy_thoroughly(t, object);
  if (--t.destroy_depth == 0 && t.destroy_list != nullptr) drain(t);
}
}  // namespace

// Nearly everything dies by `dispose`; the rest is a tail call, so that this saves few registers.
TYPHON_NOINLINE static void destroy_whole(Thread& t, Object* object) {
  if (t.destroy_depth >= kMaxDestroyDepth) [[unlikely]] return push_destroy(t, object);
  t.destroy_depth++;
  if (!object_model::dispose(t, object)) [[unlikely]] return destroy_rest(t, object);
  heap::free_block(t, object);
  if (--t.destroy_depth == 0 && t.destroy_list != nullptr) [[unlikely]] drain(t);
}

// Out of line: inlined into handlers it would make them save registers.
TYPHON_NOINLINE void destroy(Object* object) {
  Thread& t = Thread::current();
  if (object_model::dispose_quickly(t, object)) return heap::free_block(t, object);  // nothing else died by that: no depth
  destroy_whole(t, object);
}

// --- counts of shared objects

void release_shared(Object* object) {
  if (object->ownership() & (state::kDeferred | state::kImmortal)) return;
  TYPHON_COUNT(kAtomicRelease);
  i32 old = __atomic_load_n(&object->count, __ATOMIC_ACQUIRE), now;
  do {
    // Another thread may have made it DEFERRED since: then the field counts pins, and the reference that goes is none of them.
    if (old >= count::kStickyLimit || (object->ownership() & (state::kDeferred | state::kImmortal))) return;
    DCHECK(old >= count::kOne);
    now = old - count::kOne;
    if (now < count::kOne) now |= count::kQueued;
  } while (!__atomic_compare_exchange_n(&object->count, &old, now, true, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
  if (now < count::kOne && !(old & count::kQueued)) queue_candidate(object);
}

void retain_shared(Object* object, u32 n) {
  u8 ownership = object->ownership();
  if (ownership & (state::kDeferred | state::kImmortal)) return;
  if (n >= u32(count::kStickyLimit / count::kOne)) return saturate(object);
  i32 amount = i32(n) * count::kOne;
  if (ownership & g_counted_states) {
    object->count += amount;
    if (object->count >= count::kStickyLimit) saturate(object);
    return;
  }
  TYPHON_COUNT(kAtomicRetain);
  if (Thread::current().reclaim->popularity.note(object)) [[unlikely]] note_popular(object);
  // The count cannot wrap: past the limit the object is DEFERRED, and each thread can be in here once at most.
  i32 old = __atomic_fetch_add(&object->count, amount, __ATOMIC_RELAXED);
  if (old + amount >= count::kStickyLimit) [[unlikely]]
    saturate(object);
}

void saturate(Object* object) {
  if (checking::broken(20)) return;
  u8 ownership = object->ownership();
  if (ownership & (state::kDeferred | state::kImmortal)) return;
  if (ownership & g_counted_states) {
    // Nobody else counts: the count field becomes a number of pins, none so far.
    if (ownership & state::kLocal) publish(object);
    set_ownership(object, state::kDeferred);
    object->count = 0;
    return;
  }
  // Other threads may be between their look at the state and their count: what they leave in the field reads as pins, so
  // the object is kept for good.
  set_ownership(object, state::kDeferred);
}

Value heap_copy_rest(Value v) { return heap_copy(v); }

// --- publication

namespace {

struct Publisher : Visitor {
  Thread& t;
  PointerStack& stack;
  u64 published = 0;
  bool overflow = false;

  explicit Publisher(Thread& thread) : t(thread), stack(thread.reclaim->publish_stack) {
    visit = [](Visitor& self, Field& slot) {
      Value word = *slot.address();
      if ((word.bits & 7) || word.is_empty()) return;
      static_cast<Publisher&>(self).reach(word.object());
    };
  }

  void reach(Object* object) {
    if (!object->is_local()) return;
    // A thread publishes what it owns; inside a stop, whatever it likes.
    if (kChecking) CHECK(object->aux == t.id || world_stopped_by(t));
    object->aux = 0;
    u8 old = object->state;
    // Release is not needed here: nobody else can see the object before the store that this publication prepares.
    __atomic_store_n(&object->state, u8((old & ~state::kLocal) | state::kShared), __ATOMIC_RELAXED);
    published++;
    if (checking::broken(11) && published > 4) return;  // as if there were no memory, which nobody noticed
    if (!stack.push(object)) overflow = true;
  }

  void run() {
    while (Object* object = stack.pop()) {
      object_model::visit(object, *this);
      if (object->state & state::kHasSideTable) {
        object_model::for_each_weakref(
            object, [](Object* weakref, void* context) { static_cast<Publisher*>(context)->reach(weakref); }, this);
      }
      if (Object* referent = object_model::weak_referent(object)) reach(referent);
    }
  }
};

}  // namespace

void publish(Object* object) {
  if (!object->is_local()) return;
  checking::yield_point();
  Thread& t = Thread::current();
  Publisher publisher(t);
  publisher.reach(object);
  publisher.run();
  // Without memory for the worklist: everything that is ours goes, which is a superset (R11).
  if (publisher.overflow) [[unlikely]]
    publish_all_local(t);
  publisher.stack.trim();
  t.reclaim->published += publisher.published;
  TYPHON_COUNT_N(kPublished, publisher.published);
}

void publish_all_local(Thread& t) {
  // A type may want to see that its object was published (Layout::visit).
  Visitor nothing{.visit = [](Visitor&, Field&) {}};
  heap::for_each_object_of(
      t,
      [](Object* object, void* visitor) {
        // Objects that a reclaim on another thread is freeing have no count; everything LOCAL with one is this thread's.
        if (!(heap::state_unless_freed(object) & state::kLocal) || __atomic_load_n(&object->count, __ATOMIC_RELAXED) < count::kOne) return;
        object->aux = 0;
        set_ownership(object, state::kShared);
        object_model::visit(object, *static_cast<Visitor*>(visitor));
      },
      &nothing);
}

// --- deferred, immortal, pins

namespace collector {

void make_deferred(Object* object) {
  if (object->ownership() & (state::kDeferred | state::kImmortal)) return;
  publish(object);
  set_ownership(object, state::kDeferred);
  // From here on the field counts pins. (A thread that is just counting the shared object may leave a residue: it reads as
  // a pin, and the object is kept.) Release: who reads the zero knows why.
  __atomic_store_n(&object->count, 0, __ATOMIC_RELEASE);
}

void make_immortal(Object* object) {
  if (object->ownership() & state::kImmortal) return;
  publish(object);
  set_ownership(object, state::kImmortal);
  __atomic_store_n(&object->count, count::kOne, __ATOMIC_RELEASE);
}

void pin(Object* object) {
  publish(object);
  if (object->ownership() & state::kDeferred) {
    __atomic_fetch_add(&object->count, count::kOne, __ATOMIC_RELAXED);
  } else {
    heap_copy(Value(object));
  }
}

void unpin(Object* object) {
  if (object->ownership() & state::kDeferred) {
    __atomic_fetch_sub(&object->count, count::kOne, __ATOMIC_RELAXED);
  } else {
    release(Value(object));
  }
}

}  // namespace collector

// --- fields, roots, rooted vectors

void init_fields(const Object* owner, Field* to, const Value* from, size_t n) {
  if (owner->is_local()) {
    for (size_t i = 0; i < n; i++) *to[i].address() = heap_copy(from[i]);
    return;
  }
  for (size_t i = 0; i < n; i++) to[i].init(owner, from[i]);
}

static platform::RawLock g_roots_lock;
static GlobalRoot* g_roots = nullptr;

void GlobalRoots::for_each(void (*f)(Value word, void* context), void* context) {
  for (GlobalRoot* root = __atomic_load_n(&g_roots, __ATOMIC_ACQUIRE); root != nullptr; root = root->next_) {
    f(root->get(), context);
  }
}
void GlobalRoots::reset_lock_after_fork() { g_roots_lock.reset_after_fork(); }

void GlobalRoots::put(GlobalRoot& root, Value owned) {
  Value word = to_heap_word(owned);
  if (!__atomic_load_n(&root.registered_, __ATOMIC_RELAXED)) {
    platform::RawLockGuard guard(g_roots_lock);
    if (!root.registered_) {
      root.next_ = g_roots;
      __atomic_store_n(&g_roots, &root, __ATOMIC_RELEASE);
      __atomic_store_n(&root.registered_, true, __ATOMIC_RELAXED);
    }
  }
  release(Value(__atomic_exchange_n(&root.word_.bits, word.bits, __ATOMIC_ACQ_REL)));
}
void GlobalRoots::set_confined(GlobalRoot& root, Ref&& owned) { put(root, owned.take()); }

void GlobalRoot::set(Thread&, Ref&& owned) {
  if (owned.get().is_object() && owned.object()->is_local()) publish(owned.object());
  GlobalRoots::put(*this, owned.take());
}

namespace {
constexpr size_t kFirstCapacity = 16;
// Blocks of kFirstCapacity words that vectors of this thread gave back.
struct SpareBlocks {
  static constexpr u32 kMost = 8;
  Value* blocks[kMost];
  u32 count = 0;
  ~SpareBlocks() {
    while (count > 0) std::free(blocks[--count]);
  }
};
thread_local SpareBlocks tls_spare_blocks;

void give_back(Value* words, size_t capacity) {
  SpareBlocks& spare = tls_spare_blocks;
  if (capacity == kFirstCapacity && spare.count < SpareBlocks::kMost)
    spare.blocks[spare.count++] = words;
  else
    std::free(words);
}
}  // namespace

RootedVector::RootedVector(Thread& t) : thread_(t), previous_(t.rooted) { t.rooted = this; }

RootedVector::~RootedVector() {
  clear();
  DCHECK(thread_.rooted == this);
  thread_.rooted = previous_;
  give_back(words_, capacity_);
}

void RootedVector::push(Ref&& owned) {
  if (size_ == capacity_) {
    SpareBlocks& spare = tls_spare_blocks;
    size_t wanted = capacity_ == 0 ? kFirstCapacity : capacity_ * 2;
    void* grown = capacity_ == 0 && spare.count > 0 ? spare.blocks[--spare.count] : std::realloc(words_, wanted * sizeof(Value));
    CHECK(grown != nullptr);
    words_ = static_cast<Value*>(grown);
    capacity_ = wanted;
  }
  words_[size_++] = owned.take();
}

Ref RootedVector::pop() {
  DCHECK(size_ > 0);
  return Ref::adopt(words_[--size_]);
}

void RootedVector::set(size_t i, Ref&& owned) {
  Value old = words_[i];
  words_[i] = owned.take();
  release(old);
}

void RootedVector::truncate(size_t size) {
  while (size_ > size) release(words_[--size_]);
}

}  // namespace typhon
