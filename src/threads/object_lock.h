// The one-byte object lock, with waiting in the parking lot (address-keyed queues; WebKit's WTF::ParkingLot is where the
// idea is from). FIFO hand-off after a bounded spin.
//
// Rules (R2): no Python code, no release of a reference, no blocking call, no safepoint under an object lock. Publish what
// will be stored before locking. The guard remembers whether it locked: a LOCAL object, or single-threaded mode, needs
// none.
#pragma once
#include "heap/counting.h"
#include "threads/thread.h"

namespace typhon {

void lock_slow(Thread& t, u8* lock);    // waits detached; the object must be kept alive by the caller
void unlock_slow(Thread& t, u8* lock);  // wakes the next waiter

inline constexpr u8 kLockHeld = 1;
inline constexpr u8 kLockWaiters = 2;

TYPHON_INLINE void lock_byte(Thread& t, u8* lock) {
  TYPHON_COUNT(kObjectLock);
  u8 expected = 0;
  if (!__atomic_compare_exchange_n(lock, &expected, kLockHeld, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) [[unlikely]]
    lock_slow(t, lock);
}
TYPHON_INLINE void unlock_byte(Thread& t, u8* lock) {
  u8 expected = kLockHeld;
  if (!__atomic_compare_exchange_n(lock, &expected, 0, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) [[unlikely]]
    unlock_slow(t, lock);
}

class [[nodiscard]] ObjectLock {
 public:
  TYPHON_INLINE ObjectLock(Thread& t, Object* object) : thread_(t), object_(object) {
    locked_ = g_multi_threaded && !object->is_local();
    if (locked_) lock_byte(t, &object->lock);
  }
  TYPHON_INLINE ~ObjectLock() {
    if (locked_) unlock_byte(thread_, &object_->lock);
  }
  ObjectLock(const ObjectLock&) = delete;
  ObjectLock& operator=(const ObjectLock&) = delete;
  bool locked() const { return locked_; }

 private:
  Thread& thread_;
  Object* object_;
  bool locked_;
};

// Locks two objects in address order (the same object twice is fine).
class [[nodiscard]] TwoObjectLock {
 public:
  TwoObjectLock(Thread& t, Object* a, Object* b)
      : first_(t, a < b ? a : b), second_(t, a < b ? b : a, a != b) {}

 private:
  class MaybeLock {
   public:
    MaybeLock(Thread& t, Object* object, bool wanted) : thread_(t), object_(object) {
      locked_ = wanted && g_multi_threaded && !object->is_local();
      if (locked_) lock_byte(t, &object->lock);
    }
    ~MaybeLock() {
      if (locked_) unlock_byte(thread_, &object_->lock);
    }

   private:
    Thread& thread_;
    Object* object_;
    bool locked_;
  };
  ObjectLock first_;
  MaybeLock second_;
};

// A mutex of the VM itself (thread list, shape table, intern table...): 4 bytes, futex-based. Waiting for it detaches,
// so its holder may stop the world only if documented at the mutex.
class Mutex {
 public:
  constexpr Mutex() = default;
  void lock(Thread& t);     // detaches while waiting
  void lock_unattached();   // from a thread without Thread state, or where waiting attached is known to be short
  bool try_lock();
  void unlock();
  void reset_after_fork();  // in at_fork_child functions: the holder may be gone

 private:
  u32 state_ = 0;  // 0 free, 1 held, 2 held with waiters
};

class [[nodiscard]] MutexGuard {
 public:
  MutexGuard(Thread& t, Mutex& m) : mutex_(m) { m.lock(t); }
  ~MutexGuard() { mutex_.unlock(); }
  MutexGuard(const MutexGuard&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace typhon
