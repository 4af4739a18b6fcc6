#include "threads/object_lock.h"

#include "heap/counting.h"
#include "threads/parking_private.h"

namespace typhon {

namespace {

inline constexpr u32 kSpins = 60;

bool still_waited_for(void* raw) {
  return __atomic_load_n(static_cast<u8*>(raw), __ATOMIC_RELAXED) == (kLockHeld | kLockWaiters);
}

// Whoever accesses an element has no safepoint on the way: when the world stands, none is under way.
void unsettle(Thread& t, u8* lock) {
  auto take_away = [&] {
    if (!(*lock & kSettled)) return;
    auto* object = reinterpret_cast<Object*>(lock - offsetof(Object, lock));
    u32 settlings = (object->aux2 >> (kNoteThreadBits + kNoteAccessBits)) + 1;
    object->aux2 = settlings << (kNoteThreadBits + kNoteAccessBits);
    __atomic_store_n(lock, u8(*lock & ~kSettled), __ATOMIC_RELEASE);
  };
  if (world_stopped_by(t)) return take_away();
  WorldStopped stopped(t);
  take_away();
}

}  // namespace

void settle(Thread&, Object* object) {
  u8 old = __atomic_exchange_n(&object->lock, kSettled, __ATOMIC_ACQ_REL);
  if (old & kLockWaiters) parking_lot::unpark_all(&object->lock);
}

// False when the object has settled, and the caller only wants an element.
static bool wait_for_lock(Thread& t, u8* lock, bool element) {
  TYPHON_COUNT(kContendedLock);
  u32 spins = platform::processor_count() > 1 ? kSpins : 0;
  for (;;) {
    u8 word = __atomic_load_n(lock, __ATOMIC_ACQUIRE);
    if (word & kSettled) {
      if (element) return false;
      unsettle(t, lock);
      continue;
    }
    if (!(word & kLockHeld)) {
      if (__atomic_compare_exchange_n(lock, &word, u8(word | kLockHeld), true, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        return true;
      }
      continue;
    }
    if (!(word & kLockWaiters)) {
      if (spins > 0) {
        spins--;
        platform::cpu_relax();
        continue;
      }
      if (!__atomic_compare_exchange_n(lock, &word, u8(word | kLockWaiters), true, __ATOMIC_RELAXED,
                                       __ATOMIC_RELAXED)) {
        continue;
      }
    }
    u64 data = parking_lot::kRetry;
    auto woken = parking_lot::park(t, lock, still_waited_for, lock, parking_lot::kForever, false, &data);
    if (woken == parking_lot::Woken::kUnparked && data == parking_lot::kHandedOver) return true;
  }
}

void lock_slow(Thread& t, u8* lock) { wait_for_lock(t, lock, false); }
bool lock_element_slow(Thread& t, u8* lock) { return wait_for_lock(t, lock, true); }

void unlock_slow(Thread&, u8* lock) {
  parking_lot::unpark_one_timed(
      lock,
      [](void* raw, bool woke, bool more, u64 waited_ns) -> u64 {
        u8 waiters = more ? kLockWaiters : 0;
        bool hand_over = woke && waited_ns >= parking_lot::kFairAfterNs;
        __atomic_store_n(static_cast<u8*>(raw), u8(waiters | (hand_over ? kLockHeld : 0)), __ATOMIC_RELEASE);
        return hand_over ? parking_lot::kHandedOver : parking_lot::kRetry;
      },
      lock);
}

// --- Mutex

void Mutex::lock(Thread& t) {
  if (try_lock()) return;
  u32 spins = platform::processor_count() > 1 ? kSpins : 0;
  for (u32 i = 0; i < spins; i++) {
    platform::cpu_relax();
    if (__atomic_load_n(&state_, __ATOMIC_RELAXED) == 0 && try_lock()) return;
  }
  // The wait is detached, the acquisition is not: a thread that came back from a stop must not hold the mutex while it was
  // stopped, or its stopper could wait for it. So: wait for a chance, attach, try.
  for (;;) {
    if (__atomic_exchange_n(&state_, 2, __ATOMIC_ACQUIRE) == 0) return;
    Detached detached(t);
    platform::futex_wait(&state_, 2, platform::kNoDeadline);
  }
}

void Mutex::lock_unattached() {
  if (try_lock()) return;
  while (__atomic_exchange_n(&state_, 2, __ATOMIC_ACQUIRE) != 0) {
    platform::futex_wait(&state_, 2, platform::kNoDeadline);
  }
}

bool Mutex::try_lock() {
  u32 expected = 0;
  return __atomic_compare_exchange_n(&state_, &expected, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

void Mutex::unlock() {
  if (__atomic_exchange_n(&state_, 0, __ATOMIC_RELEASE) == 2) platform::futex_wake(&state_, 1);
}

void Mutex::reset_after_fork() { state_ = 0; }

}  // namespace typhon
