// Building blocks for threading.Lock, RLock, Event, joins: small, futex-based, waiting is detached (docs/threads.md).
#pragma once
#include "base/relaxed.h"
#include "threads/parking_lot.h"
#include "threads/thread.h"

namespace typhon {

// Asks `done` again and again for some microseconds, for what another running thread is about to do: falling asleep and being woken
// takes longer. True when it was done. Gives up when something wants the thread's attention; does not wait at all with a GIL, or when
// other threads watch already.
template <class Done>
bool spin_until(Thread& t, Done done) {
  parking_lot::Watch watch(t);
  while (watch.goes_on()) {
    for (int i = 0; i < 8; i++) {
      if (done()) {
        watch.succeeded();
        return true;
      }
      platform::cpu_relax();
    }
  }
  return false;
}

// threading.Lock: any thread may release it. Not strictly FIFO, but whoever has waited for a millisecond gets it next.
class AdaptiveLock {
 public:
  constexpr AdaptiveLock() = default;
  // True when acquired. timeout_ns: parking_lot::kForever or >= 0 (0 never waits). When `interruptible`, the main thread
  // comes back with false and *interrupted when a signal has arrived: the caller runs safepoint() and, if no
  // handler raised, goes on waiting for what is left of its time.
  bool acquire(Thread& t, i64 timeout_ns, bool interruptible, bool* interrupted);
  bool try_acquire() {
    u8 expected = 0;
    return __atomic_compare_exchange_n(&state_, &expected, kHeld, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED) ||
           try_acquire_slow();
  }
  // False when it was not held.
  bool release();
  bool locked() const { return __atomic_load_n(&state_, __ATOMIC_RELAXED) & kHeld; }
  void reset_after_fork() { state_ = 0; }

 private:
  static constexpr u8 kHeld = 1, kWaiters = 2;
  bool try_acquire_slow();
  bool acquire_soon(Thread& t);
  u8 state_ = 0;
};
static_assert(sizeof(AdaptiveLock) <= 8);

// threading.RLock. `owner` is Thread::ident.
class ReentrantLock {
 public:
  bool acquire(Thread& t, i64 timeout_ns, bool interruptible, bool* interrupted);
  bool try_acquire(Thread& t);
  bool release(Thread& t);  // false when the calling thread does not hold it
  bool owned(const Thread& t) const { return owner() == t.ident; }
  u64 owner() const { return __atomic_load_n(&owner_, __ATOMIC_RELAXED); }
  bool locked() const { return lock_.locked(); }
  u32 depth() const { return depth_; }
  // For Condition.wait: gives it up whole, returns the depth; takes it back with that depth (waits, not interruptible).
  u32 release_all(Thread& t);
  void restore(Thread& t, u32 depth);
  void reset_after_fork();

 private:
  u64 owner_ = 0;  // written by the holder only
  Relaxed<u32> depth_ = 0;  // the same
  AdaptiveLock lock_;
};

// Set once, waited for by any number of threads (thread joins, start-up hand-shakes).
class OneShotEvent {
 public:
  constexpr OneShotEvent() = default;
  bool is_set() const { return __atomic_load_n(&set_, __ATOMIC_ACQUIRE); }
  void set();
  // True when set; else timed out or interrupted.
  bool wait(Thread& t, i64 timeout_ns, bool interruptible, bool* interrupted);
  void reset_after_fork(bool set) { set_ = set; }

 private:
  u8 set_ = 0;
};

}  // namespace typhon
