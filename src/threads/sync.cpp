#include "threads/sync.h"

#include "platform/os.h"
#include "threads/parking_private.h"

namespace typhon {

bool AdaptiveLock::try_acquire_slow() {
  u8 word = __atomic_load_n(&state_, __ATOMIC_RELAXED);
  while (!(word & kHeld)) {
    if (__atomic_compare_exchange_n(&state_, &word, u8(word | kHeld), true, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
      return true;
  }
  return false;
}

// Watches the lock for a while, unless others wait for it already. Only what is released by a running thread is got that way.
bool AdaptiveLock::acquire_soon(Thread& t) {
  if (__atomic_load_n(&state_, __ATOMIC_RELAXED) & kWaiters) return false;
  return spin_until(t, [this] { return !(__atomic_load_n(&state_, __ATOMIC_RELAXED) & kHeld) && try_acquire(); });
}

bool AdaptiveLock::acquire(Thread& t, i64 timeout_ns, bool interruptible, bool* interrupted) {
  if (interrupted != nullptr) *interrupted = false;
  if (try_acquire()) return true;
  if (timeout_ns == 0) return false;
  u64 deadline = 0;
  if (timeout_ns > 0) deadline = platform::monotonic_ns() + u64(timeout_ns);
  if (acquire_soon(t)) return true;
  return platform::on_emptied_stack([&] {
    for (;;) {
      u8 word = __atomic_load_n(&state_, __ATOMIC_RELAXED);
      if (!(word & kHeld)) {
        if (__atomic_compare_exchange_n(&state_, &word, u8(word | kHeld), true, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
          return true;
        }
        continue;
      }
      if (!(word & kWaiters)) {
        if (!__atomic_compare_exchange_n(&state_, &word, u8(word | kWaiters), true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
          continue;
        }
      }
      i64 left = parking_lot::kForever;
      if (timeout_ns > 0) {
        u64 now = platform::monotonic_ns();
        if (now >= deadline) return false;
        left = i64(deadline - now);
      }
      u64 data = parking_lot::kRetry;
      auto woken = parking_lot::park(
          t, &state_,
          [](void* raw) { return __atomic_load_n(static_cast<u8*>(raw), __ATOMIC_RELAXED) == (kHeld | kWaiters); },
          &state_, left, interruptible, &data);
      if (woken == parking_lot::Woken::kUnparked && data == parking_lot::kHandedOver) return true;
      if (woken == parking_lot::Woken::kTimedOut) return try_acquire();
      if (woken == parking_lot::Woken::kInterrupted) {
        if (interrupted != nullptr) *interrupted = true;
        return false;
      }
    }
  });
}

bool AdaptiveLock::release() {
  u8 word = kHeld;
  if (__atomic_compare_exchange_n(&state_, &word, 0, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) return true;
  if (!(word & kHeld)) return false;
  parking_lot::unpark_one_timed(
      &state_,
      [](void* raw, bool woke, bool more, u64 waited_ns) -> u64 {
        u8 waiters = more ? kWaiters : 0;
        bool hand_over = woke && waited_ns >= parking_lot::kFairAfterNs;
        __atomic_store_n(static_cast<u8*>(raw), u8(waiters | (hand_over ? kHeld : 0)), __ATOMIC_RELEASE);
        return hand_over ? parking_lot::kHandedOver : parking_lot::kRetry;
      },
      &state_);
  return true;
}

// --- ReentrantLock

bool ReentrantLock::try_acquire(Thread& t) {
  if (owned(t)) {
    depth_ = depth_ + 1;
    return true;
  }
  if (!lock_.try_acquire()) return false;
  __atomic_store_n(&owner_, t.ident, __ATOMIC_RELAXED);
  depth_ = 1;
  return true;
}

bool ReentrantLock::acquire(Thread& t, i64 timeout_ns, bool interruptible, bool* interrupted) {
  if (interrupted != nullptr) *interrupted = false;
  if (try_acquire(t)) return true;
  if (!lock_.acquire(t, timeout_ns, interruptible, interrupted)) return false;
  __atomic_store_n(&owner_, t.ident, __ATOMIC_RELAXED);
  depth_ = 1;
  return true;
}

bool ReentrantLock::release(Thread& t) {
  if (!owned(t)) return false;
  depth_ = depth_ - 1;
  if (depth_ > 0) return true;
  __atomic_store_n(&owner_, 0, __ATOMIC_RELAXED);
  lock_.release();
  return true;
}

u32 ReentrantLock::release_all(Thread& t) {
  if (!owned(t)) return 0;
  u32 depth = depth_;
  depth_ = 0;
  __atomic_store_n(&owner_, 0, __ATOMIC_RELAXED);
  lock_.release();
  return depth;
}

void ReentrantLock::restore(Thread& t, u32 depth) {
  while (!lock_.acquire(t, parking_lot::kForever, false, nullptr)) {}
  __atomic_store_n(&owner_, t.ident, __ATOMIC_RELAXED);
  depth_ = depth;
}

void ReentrantLock::reset_after_fork() {
  owner_ = 0;
  depth_ = 0;
  lock_.reset_after_fork();
}

// --- OneShotEvent

void OneShotEvent::set() {
  __atomic_store_n(&set_, 1, __ATOMIC_RELEASE);
  parking_lot::unpark_all(&set_);
}

bool OneShotEvent::wait(Thread& t, i64 timeout_ns, bool interruptible, bool* interrupted) {
  if (interrupted != nullptr) *interrupted = false;
  if (is_set()) return true;
  if (timeout_ns == 0) return false;
  return platform::on_emptied_stack([&] {
    if (spin_until(t, [this] { return is_set(); })) return true;
    auto woken = parking_lot::park(
        t, &set_, [](void* raw) { return !__atomic_load_n(static_cast<u8*>(raw), __ATOMIC_ACQUIRE); }, &set_, timeout_ns,
        interruptible, nullptr);
    if (woken == parking_lot::Woken::kInterrupted && interrupted != nullptr) *interrupted = true;
    return is_set();
  });
}

}  // namespace typhon
