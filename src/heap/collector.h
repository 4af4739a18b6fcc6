// The cycle collector and the reclaiming of shared objects (docs/ownership.md, docs/collector.md).
#pragma once
#include "heap/field.h"

namespace typhon::collector {

struct Outcome {
  u64 collected, uncollectable;
};
// A full collection: stops the world, finds unreachable objects (trial deletion over counted objects; DEFERRED objects by
// marking from all roots, stacks scanned conservatively), clears weakrefs inside the stop, runs finalisers and callbacks
// after it, frees what was not resurrected. Runs Python code. With `saved`, what would be freed is put there instead, untouched.
Outcome collect(Thread& t, RootedVector* saved = nullptr);
// Whether a collection might run anything: some object but those `expected` has a finaliser that has not run, or a weakref with a
// callback. Looks at every object. No other thread may run.
bool anything_to_finalise(const RootedVector& expected);
// A young collection: LOCAL cycles among what the calling thread made since its last one. Stops nobody. Runs Python code.
Outcome collect_young(Thread& t);
bool young_collection_due(Thread& t);
// Called at safepoints when allocation suggests it (growth >= 25 % and a minimum), unless disabled.
void collect_if_due(Thread& t);
bool collection_due();
// Calls f for every tracked object that the program may get hold of: those of the calling thread and shared ones, without what is
// being destroyed or waits for reclaiming. The world is stopped.
void for_each_visible_object(Thread& t, void (*f)(Object* object, void* context), void* context);
bool enabled();
void set_enabled(bool on);
// gc.set_threshold: after how many new objects, more or less, a thread's young collection is due; 0: nothing is collected unasked.
void set_threshold(Thread& t, i64 objects);
// Reclaims queued candidates (multi-threaded mode): stop, scan all stacks, condemn, weakrefs, restart, finalise, free.
void reclaim_candidates(Thread& t);
// Whether the object is a candidate without a count: it lives only if a scan finds it.
inline bool is_candidate(const Object* object) {
  if (!(object->ownership() & state::kShared)) return false;
  i32 word = __atomic_load_n(&object->count, __ATOMIC_RELAXED);
  return word < count::kOne && (word & count::kQueued);
}
// The same for who wants to know whether a candidate lives (it asks a weakref): now, unless that takes too much of the time.
void reclaim_for_observer(Thread& t);
// Before a call that may be such a question: a scan would find what earlier calls left on the native stack, in room of the frames to
// come that they do not fill. With candidates queued by this thread it empties a piece of the stack below the caller.
void forget_old_words(Thread& t);
// Changes whenever DEFERRED objects were freed: caches that know code or names by address are void then.
inline u32 deferred_epoch();
inline void end_deferred_epoch();
// At thread exit (R17): drops thread-local state, hands candidates and pages over, publishes what is left.
void thread_exit(Thread& t);
// Makes an object DEFERRED (published first): modules, classes, top-level functions, code and its constants.
void make_deferred(Object* object);
// External pins of DEFERRED objects (R14): native statics that are not GlobalRoots, C API.
void pin(Object* object);
void unpin(Object* object);
// Turns an object made at start-up IMMORTAL. Not for anything a program can make without bound.
void make_immortal(Object* object);
// What a thread keeps for threading.local objects: f(local object, its dictionary in that thread) for each. The thread refers to the
// dictionary, and counts that, on behalf of the local object: one lives as long as the other does. World stopped. May be null.
extern void (*g_for_each_thread_local)(Thread& t, void (*f)(Object* local, Object* dict, void* context), void* context);
extern u32 g_deferred_epoch;
inline u32 deferred_epoch() { return __atomic_load_n(&g_deferred_epoch, __ATOMIC_RELAXED); }
inline void end_deferred_epoch() { __atomic_fetch_add(&g_deferred_epoch, 1, __ATOMIC_ACQ_REL); }
struct Counters {
  u64 publications, candidates, stops, collections, reclaimed;
  u64 longest_stop_ns, total_stop_ns;
};
Counters counters();

}  // namespace typhon::collector
