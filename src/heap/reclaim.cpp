// Reclaiming shared objects whose count fell to zero (multi-threaded mode): candidates, the stack scan, condemning inside
// the stop, the helper thread. docs/ownership.md has the protocol.
#include "heap/reclaim.h"

#include <cstring>
#include <ctime>

#include "heap/checking.h"
#include "heap/counting.h"
#include "heap/object_model.h"
#include "heap/pages.h"
#include "threads/hooks.h"
#include "threads/thread.h"
#include "threads/world.h"

namespace typhon {

// --- the scan

TYPHON_NO_SANITIZE void StackScanner::scan_range(const void* begin, const void* end, WordFunction f, void* context) {
  auto* at = reinterpret_cast<const u64*>(align_up(u64(begin), 8));
  auto* stop = reinterpret_cast<const u64*>(u64(end) & ~u64(7));
  for (; at < stop; at++) {
    u64 word = *at;
    if (word - heap::g_space.base < heap::g_space.size) f(word, context);
  }
}

namespace {

struct RangeContext {
  StackScanner::WordFunction f;
  void* context;
};

// Tests and early start-up run without an interpreter: then only what lies around the frame can be in use.
Value* python_stack_end(Thread& t) {
  if (g_python_stack_end != nullptr) return g_python_stack_end(t);
  Value* end = t.frame == nullptr ? t.stack_base : t.frame + 4096;
  return end < t.stack_limit ? end : t.stack_limit;
}

}  // namespace

TYPHON_NO_SANITIZE void StackScanner::scan_thread(Thread& t, const void* sp, WordFunction f, void* context) {
  scan_range(&t, &t + 1, f, context);
  for (ExceptionItem* item = t.exception_top; item != nullptr; item = item->previous) {
    scan_range(item, item + 1, f, context);
  }
  for (RootedVector* vector = t.rooted; vector != nullptr; vector = vector->previous_) {
    scan_range(vector->words_, vector->words_ + vector->size_, f, context);
  }
  scan_range(t.stack_base, python_stack_end(t), f, context);
  if (g_for_each_active_frame_range != nullptr) {
    RangeContext range{f, context};
    g_for_each_active_frame_range(
        t,
        [](Value* begin, Value* end, void* raw) {
          auto* r = static_cast<RangeContext*>(raw);
          scan_range(begin, end, r->f, r->context);
        },
        &range);
  }
  // A thread that has not begun yet has no stack to scan.
  if (t.native_base != nullptr && !checking::broken(16)) scan_range(sp, t.native_base, f, context);
}

TYPHON_NO_SANITIZE void StackScanner::scan_all(Thread& self, WordFunction f, void* context) {
  ScanFrom here(*self.reclaim);
  if (here.outer() != nullptr) self.reclaim->scan_from = here.outer();
  for (Thread* t = first_thread(); t != nullptr; t = t->next) {
    scan_thread(*t, t == &self ? self.reclaim->scan_from : t->spilled_sp, f, context);
  }
}

// --- queues

namespace {

// Candidates and retired bodies of finished threads, and statistics; under the thread-list lock or in a stop.
// Never destroyed: threads may still be running, and queueing, while a process runs its exit functions.
ReclaimState& g_orphans = *new ReclaimState;
ReclaimState* g_unused_states = nullptr;
u64 g_reclaimed = 0, g_collections = 0;

bool g_requested = false;  // atomic: a thread has queued enough
u32 g_helper_work = 0;     // atomic, futex: something is queued somewhere
bool g_helper_started = false;

inline constexpr u64 kBatchDelayNs = 5'000'000;
inline constexpr u64 kMaxDelayNs = 640'000'000;
inline constexpr u64 kPauseBudgetNs = 4'000'000;
inline constexpr u64 kObserverShare = 10;  // at most a tenth of the time for those who ask weakrefs
inline constexpr u64 kPromptShare = 50;    // at most a fiftieth of it for those who are to be told of an end
inline constexpr size_t kMaxPopularSize = size_t(64) << 10;
// In Object::aux of SHARED objects, while a reclaim has the world stopped.
inline constexpr u16 kFound = 1, kCondemned = 2;

void wake_helper() {
  if (checking::broken(21)) return;
  if (__atomic_load_n(&g_helper_work, __ATOMIC_RELAXED) == 0 &&
      __atomic_exchange_n(&g_helper_work, 1, __ATOMIC_ACQ_REL) == 0) {
    platform::futex_wake(&g_helper_work, 1);
  }
}

void request_if_full(Thread& t, const ReclaimState& r) {
  if (r.candidates.size() + r.retired.size() < r.count_limit && r.bytes < r.bytes_limit) return;
  if (__atomic_load_n(&g_requested, __ATOMIC_RELAXED)) return;
  __atomic_store_n(&g_requested, true, __ATOMIC_RELEASE);
  request_poll(t);
}

u64 g_prompt_next_ns = 0;  // atomic: when the next reclaim may be made for the sake of one object

// Whether anybody can tell when the object dies.
bool is_watched(Object* object) { return (object->ownership() & state::kHasSideTable) || object_model::has_finaliser(object); }

// The end of such an object is told at this thread's next safepoint, unless that takes too much of the time: then the helper sees to it.
void request_promptly(Thread& t) {
  if (__atomic_load_n(&g_requested, __ATOMIC_RELAXED) || platform::monotonic_ns() < __atomic_load_n(&g_prompt_next_ns, __ATOMIC_RELAXED)) return;
  __atomic_store_n(&g_requested, true, __ATOMIC_RELEASE);
  request_poll(t);
}

}  // namespace

void queue_candidate(Object* object) {
  Thread& t = Thread::current();
  TYPHON_COUNT(kCandidate);
  ReclaimState& r = *t.reclaim;
  r.candidates.push_back(object);
  r.queued++;
  r.bytes += heap::block_size(object);
  wake_helper();
  if (is_watched(object)) request_promptly(t);
  request_if_full(t, r);
}

void note_popular(Object* object) {
  // What wants to be told promptly of its end stays counted, as does what is big.
  if (is_watched(object) || heap::block_size(object) > kMaxPopularSize) return;
  Thread::current().reclaim->popular.push_back(object);
  wake_helper();
}

void defer_popular_objects() {
  for (Thread* t = first_thread(); t != nullptr; t = t->next) {
    for (Object* object : t->reclaim->popular) {
      // It may have died since, if it was garbage whose finaliser counted it. Whatever lies there now is treated the same.
      if (heap::find_block(object) != object || heap::block_shape(object) == heap::kBodyShape) continue;
      if (!(object->state & state::kShared) || (object->state & state::kHasSideTable)) continue;
      if (object->count < count::kOne || (object->count & count::kQueued)) continue;
      object->state = u8((object->state & ~state::kOwnershipMask) | state::kDeferred);
      object->count = 0;
    }
    t->reclaim->popular.clear();
  }
}

void note_retired(Thread& t, heap::Body* body, size_t size) {
  ReclaimState& r = *t.reclaim;
  r.retired.push_back(body);
  r.bytes += size;
  wake_helper();
  request_if_full(t, r);
}

// --- one reclaim

namespace {

class Reclaim {
 public:
  Reclaim(Thread& t, RootedVector& callbacks) : t_(t), callbacks_(callbacks) {}

  // With the world stopped.
  void run() {
    deadline_ns_ = platform::monotonic_ns() + kPauseBudgetNs;
    defer_popular_objects();
    StackScanner::scan_all(t_, [](u64 word, void* self) { static_cast<Reclaim*>(self)->word(word); }, this);
    while (!bodies_to_scan_.empty()) {
      heap::Body* body = bodies_to_scan_.back();
      bodies_to_scan_.pop_back();
      StackScanner::scan_range(
          body + 1, reinterpret_cast<char*>(body) + heap::block_size(body),
          [](u64 word, void* self) { static_cast<Reclaim*>(self)->word(word); }, this);
    }
    take(g_orphans, t_);
    for (Thread* other = first_thread(); other != nullptr; other = other->next) {
      take_over_finalisers(*other);
      take(*other->reclaim, *other);
    }
    drop_dead_callbacks();
    for (Object* object : found_) object->aux = 0;
    for (Object* object : condemned_) {
      // Exclusively ours from here on: its bodies need no grace period. A LOCAL object without a count is_dying().
      object->state = u8((object->state & ~state::kOwnershipMask) | state::kLocal);
      object->aux = kChecking ? t_.id : 0;
      object->count = 0;
    }
    for (heap::Body* body : found_bodies_) body->owner = heap::kRetired;
    set_limits();
  }

  // After the restart. Nobody but this thread can reach these any more.
  u64 free_all() {
    for (Object* object : condemned_) {
      object_model::release_native(t_, object);
      heap::free_block(t_, object);
    }
    for (heap::Body* body : dead_bodies_) heap::free_block(t_, body);
    return condemned_.size() + dead_bodies_.size();
  }

 private:
  void word(u64 word) {
    // A pointer one past the end counts for the next block only: taking it for both would keep the neighbour of everything
    // that is referred to.
    void* block = heap::find_block(reinterpret_cast<const void*>(word));
    if (block != nullptr) found(block);
  }
  void found(void* block) {
    if (heap::block_shape(block) == heap::kBodyShape) {
      auto* body = static_cast<heap::Body*>(block);
      if (body->owner == heap::kRetiredFound) return;
      if (heap::is_retired(body)) {
        // A reader is still in it: what it holds must stay as well (R1).
        body->owner = heap::kRetiredFound;
        found_bodies_.push_back(body);
        bodies_to_scan_.push_back(body);
      } else if (body->owner != nullptr && heap::find_block(body->owner) == body->owner) {
        found(body->owner);
      }
      return;
    }
    auto* object = static_cast<Object*>(block);
    if (!(object->state & state::kShared) || (object->aux & kFound)) return;
    object->aux |= kFound;
    found_.push_back(object);
  }

  bool over_budget() {
    if (over_budget_) return true;
    if (++steps_ % 256 == 0 && platform::monotonic_ns() > deadline_ns_) over_budget_ = true;
    return over_budget_;
  }

  // Goes through one thread's queues. What has a finaliser goes to `owner`.
  void take(ReclaimState& r, Thread& owner) {
    size_t kept_bodies = 0;
    for (heap::Body* body : r.retired) {
      if (body->owner == heap::kRetiredFound) {
        r.retired[kept_bodies++] = body;
      } else {
        dead_bodies_.push_back(body);
      }
    }
    r.retired.resize(kept_bodies);
    std::vector<Object*> queued;
    queued.swap(r.candidates);
    for (Object* object : queued) {
      if (!(object->state & state::kShared) || object->count >= count::kOne) {
        object->count &= ~(count::kQueued | count::kRevived);  // became DEFERRED, or is referred to again
      } else if ((object->aux & kFound) || over_budget()) {
        r.candidates.push_back(object);
      } else {
        condemn(object, owner);
      }
    }
    if (over_budget_) __atomic_store_n(&g_requested, true, __ATOMIC_RELAXED);
  }

  void condemn(Object* root, Thread& owner) {
    work_.push_back(root);
    while (!work_.empty()) {
      Object* object = work_.back();
      work_.pop_back();
      if (over_budget()) {
        owner.reclaim->candidates.push_back(object);
        continue;
      }
      // Before the restart: a weakref must not hand out what is condemned (R5), nor what is about to be finalised.
      if (object->state & state::kHasSideTable) object_model::clear_weakrefs(t_, object, callbacks_);
      if (!(object->state & state::kFinalized) && object_model::has_finaliser(object)) {
        if (owner.reclaim->finalise.empty()) owner.reclaim->finalise_since_ns = platform::monotonic_ns();
        owner.reclaim->finalise.push_back(object);
        request_poll(owner);
        continue;
      }
      drop_edges(object);
      object->aux |= kCondemned;
      condemned_.push_back(object);
    }
  }

  // Takes the references out of a condemned object; a child that loses its last one goes with it (R7).
  void drop_edges(Object* object) {
    struct EdgeVisitor : Visitor {
      Reclaim* reclaim;
    } visitor;
    visitor.reclaim = this;
    visitor.visit = [](Visitor& self, Field& slot) {
      Value* word = slot.address();
      Value old = *word;
      if (old.bits & 7) return;
      *word = EMPTY;
      Object* child = old.object();
      if (child != nullptr) static_cast<EdgeVisitor&>(self).reclaim->drop_edge(child);
    };
    object_model::visit(object, visitor);
  }
  void drop_edge(Object* child) {
    u8 ownership = child->state & state::kOwnershipMask;
    if (ownership != state::kShared) {
      if (kChecking) CHECK(ownership != state::kLocal);  // a shared object never refers to a local one
      return;
    }
    child->count -= count::kOne;
    if (child->count >= count::kOne || (child->count & count::kQueued)) return;
    child->count |= count::kQueued;
    if (child->aux & kFound) {
      t_.reclaim->candidates.push_back(child);
    } else {
      work_.push_back(child);
    }
  }

  // A weakref that is condemned itself calls nothing back.
  void drop_dead_callbacks() {
    size_t kept = 0;
    for (size_t i = 0; i < callbacks_.size(); i++) {
      if (callbacks_[i].object()->aux & kCondemned) continue;
      std::swap(callbacks_.words()[kept++], callbacks_.words()[i]);
    }
    callbacks_.truncate(kept);  // deferred words: nothing is counted
  }

  // Finalisers run on the thread that dropped the object; when that one sleeps, whoever reclaims takes them over (R6).
  void take_over_finalisers(Thread& other) {
    ReclaimState& r = *other.reclaim;
    if (&other == &t_ || r.finalise.empty() || stopped_at_safepoint(other)) return;
    if (platform::monotonic_ns() - r.finalise_since_ns < kBatchDelayNs) return;
    for (Object* object : r.finalise) t_.reclaim->finalise.push_back(object);
    r.finalise.clear();
  }

  // What was found stays queued. It must not trigger the next reclaim by itself.
  void set_limits() {
    for (Thread* other = first_thread(); other != nullptr; other = other->next) {
      ReclaimState& r = *other->reclaim;
      u64 bytes = 0;
      for (Object* object : r.candidates) bytes += heap::block_size(object);
      for (heap::Body* body : r.retired) bytes += heap::block_size(body);
      r.bytes = bytes;
      r.bytes_limit = bytes + (u64(1) << 20);
      r.count_limit = r.candidates.size() + r.retired.size() + 4096;
    }
  }

  Thread& t_;
  RootedVector& callbacks_;
  std::vector<Object*> found_, work_, condemned_;
  std::vector<heap::Body*> found_bodies_, bodies_to_scan_, dead_bodies_;
  u64 deadline_ns_ = 0, steps_ = 0;
  bool over_budget_ = false;
};

}  // namespace

namespace collector {

TYPHON_NOINLINE static void reclaim_now(Thread& t) {
  t.reclaim->running = true;
  u64 begin = platform::monotonic_ns();
  {
    RootedVector callbacks(t);
    Reclaim reclaim(t, callbacks);
    {
      WorldStopped stop(t);
      __atomic_store_n(&g_requested, false, __ATOMIC_RELAXED);
      reclaim.run();
    }
    add_reclaimed(t, reclaim.free_all());
    u64 end = platform::monotonic_ns();
    __atomic_store_n(&g_prompt_next_ns, end + (end - begin) * kPromptShare, __ATOMIC_RELAXED);
    t.reclaim->running = false;
    if (!callbacks.empty()) call_weakref_callbacks(t, callbacks);
  }
  run_handed_over(t);
}

void reclaim_candidates(Thread& t) {
  if (!g_multi_threaded || t.reclaim->running) return;
  ScanFrom here(*t.reclaim);
  reclaim_now(t);
}

void forget_old_words(Thread& t) {
  if (!t.reclaim->candidates.empty()) platform::empty_stack_below();
}

void reclaim_for_observer(Thread& t) {
  forget_old_words(t);
  static u64 next_ns = 0;  // atomic
  u64 begin = platform::monotonic_ns();
  if (begin < __atomic_load_n(&next_ns, __ATOMIC_RELAXED)) return;
  reclaim_candidates(t);
  u64 end = platform::monotonic_ns();
  __atomic_store_n(&next_ns, end + (end - begin) * kObserverShare, __ATOMIC_RELAXED);
}

void reclaim_in_collection(Thread& t) {
  if (g_multi_threaded && !t.reclaim->running) reclaim_now(t);
}

void run_handed_over(Thread& t) {
  ReclaimState& r = *t.reclaim;
  if (r.finalise.empty()) return;
  std::vector<Object*> objects;
  objects.swap(r.finalise);
  for (Object* object : objects) {
    // Unreachable, weakrefs cleared, QUEUED: nobody else looks at it. The finaliser may make it reachable again.
    __atomic_fetch_add(&object->count, count::kOne, __ATOMIC_RELAXED);
    call_finaliser(t, object);
    __atomic_fetch_sub(&object->count, count::kOne, __ATOMIC_ACQ_REL);
    // Whether it lives on is decided by the next scan, which also sees words that were loaded meanwhile (R6).
    t.reclaim->candidates.push_back(object);
    wake_helper();
  }
}

bool reclaim_requested() { return __atomic_load_n(&g_requested, __ATOMIC_RELAXED); }

// --- states of threads

void attach_reclaim(Thread& t) {
  ReclaimState* r = g_unused_states;
  if (r != nullptr) {
    g_unused_states = r->next_unused;
  } else {
    r = new ReclaimState;
  }
  t.reclaim = r;
}

static void move_all(std::vector<Object*>& from, std::vector<Object*>& to) {
  to.insert(to.end(), from.begin(), from.end());
  from = {};
}

void detach_reclaim(Thread& t) {
  ReclaimState& r = *t.reclaim;
  move_all(r.candidates, g_orphans.candidates);
  // Finalisers left over run like anybody's: they become candidates again.
  move_all(r.finalise, g_orphans.candidates);
  g_orphans.retired.insert(g_orphans.retired.end(), r.retired.begin(), r.retired.end());
  r.retired = {};
  if (!g_orphans.candidates.empty() || !g_orphans.retired.empty()) wake_helper();
  g_orphans.published += r.published;
  g_orphans.queued += r.queued;
  r.publish_stack.clear();
  r.popular = {};
  r.popularity = {};
  r.bytes = r.published = r.queued = 0;
  r.count_limit = 4096;
  r.bytes_limit = u64(1) << 20;
  r.running = false;
  r.next_unused = g_unused_states;
  g_unused_states = &r;
  t.reclaim = nullptr;
}

static void drop_word(Value& word) {
  Value old = word;
  word = EMPTY;
  release(old);
}

void thread_exit(Thread& t) {
  if (checking::broken(17)) return;
  run_handed_over_garbage(t);
  for (Value* word : {&t.pending, &t.context, &t.locals, &t.trace_function, &t.trace_argument, &t.profile_function,
                      &t.profile_argument, &t.asyncgen_firstiter, &t.asyncgen_finalizer, &t.repr_stack, &t.running_loop,
                      &t.base_exception.exception}) {
    drop_word(*word);
  }
  release(Value(__atomic_exchange_n(&t.async_exception.bits, EMPTY.bits, __ATOMIC_ACQ_REL)));
  run_handed_over(t);
  // What is still LOCAL now is garbage in cycles, or leaked: the next collection by anybody may deal with it.
  if (g_multi_threaded) publish_all_local(t);
}

// --- the helper thread: reclaims what nobody else does in time. It exists only in multi-threaded mode.

static bool anything_queued() {
  bool any = !g_orphans.candidates.empty() || !g_orphans.retired.empty();
  for (Thread* t = first_thread(); t != nullptr && !any; t = t->next) {
    any = !t->reclaim->candidates.empty() || !t->reclaim->retired.empty() || !t->reclaim->finalise.empty();
  }
  return any;
}

static u64 own_cpu_ns() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return u64(now.tv_sec) * 1'000'000'000 + u64(now.tv_nsec);
}

static void helper_main(Thread& t) {
  u64 delay = kBatchDelayNs;
  for (;;) {
    {
      Detached detached(t);
      while (__atomic_load_n(&g_helper_work, __ATOMIC_ACQUIRE) == 0) {
        platform::futex_wait(&g_helper_work, 0, platform::kNoDeadline);
      }
      u64 until = platform::monotonic_ns() + delay;
      u32 never = 0;
      while (platform::futex_wait(&never, 0, until) != platform::WaitResult::kTimedOut) {}
    }
    if (poll_wanted(t)) (void)safepoint_slow(t);
    __atomic_store_n(&g_helper_work, 0, __ATOMIC_RELEASE);
    u64 before = __atomic_load_n(&g_reclaimed, __ATOMIC_RELAXED), begun = own_cpu_ns();
    reclaim_candidates(t);
    u64 took = own_cpu_ns() - begun;
    bool left;
    {
      WorldStopped stop(t);
      left = anything_queued();
    }
    // What the scan keeps finding is looked at less and less often.
    bool progress = __atomic_load_n(&g_reclaimed, __ATOMIC_RELAXED) != before;
    delay = progress || !left ? kBatchDelayNs : (delay * 2 < kMaxDelayNs ? delay * 2 : kMaxDelayNs);
    // Nor more often than makes sense where a scan takes long, as with hundreds of threads.
    u64 reasonable = took * 16 < kBatchDelayNs * 10 ? took * 16 : kBatchDelayNs * 10;
    if (delay < reasonable) delay = reasonable;
    if (left) __atomic_store_n(&g_helper_work, 1, __ATOMIC_RELEASE);
  }
}

void start_helper() {
  if (g_helper_started) return;
  g_helper_started = start_helper_thread(helper_main);
}

void after_fork_child(Thread&) {
  g_helper_started = false;
  GlobalRoots::reset_lock_after_fork();
}

// --- statistics

void add_reclaimed(Thread&, u64 n) { __atomic_fetch_add(&g_reclaimed, n, __ATOMIC_RELAXED); }
void count_collection() { __atomic_fetch_add(&g_collections, 1, __ATOMIC_RELAXED); }

Counters counters() {
  Counters c{};
  StopStatistics stops = stop_statistics();
  c.publications = g_orphans.published;
  c.candidates = g_orphans.queued;
  if (Thread* t = Thread::current_or_null()) {
    WorldStopped stop(*t);
    for (Thread* other = first_thread(); other != nullptr; other = other->next) {
      c.publications += other->reclaim->published;
      c.candidates += other->reclaim->queued;
    }
  }
  c.stops = stops.stops;
  c.collections = __atomic_load_n(&g_collections, __ATOMIC_RELAXED);
  c.reclaimed = __atomic_load_n(&g_reclaimed, __ATOMIC_RELAXED);
  c.longest_stop_ns = stops.longest_ns;
  c.total_stop_ns = stops.total_ns;
  return c;
}

}  // namespace collector
}  // namespace typhon
