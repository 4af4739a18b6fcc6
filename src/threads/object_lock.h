// The one-byte object lock, with waiting in the parking lot (address-keyed queues; WebKit's WTF::ParkingLot is where the
// idea is from). FIFO hand-off after a bounded spin.
//
// Rules (R2): no Python code, no release of a reference, no blocking call, no safepoint under an object lock. Publish what
// will be stored before locking. The guard remembers whether it locked: a LOCAL object, or single-threaded mode, needs
// none.
//
// Settled objects: what threads read and write element by element (a list, bytearray, array or memoryview that several threads share)
// settles after a while without a change of its size. Its elements are then read and written with no lock at all (ElementLock), so
// that threads working in different parts of it do not pass the lock's cache line to and fro. Everything else takes ObjectLock as
// ever, and finds the lock byte taken by kSettled: it stops the world once, which ends every access under way, and takes the bit
// away. (The idea is that of biased locks whose bias is for all readers; Dice and Kogan, "BRAVO", USENIX ATC 2019.)
#pragma once
#include "heap/counting.h"
#include "threads/thread.h"

namespace typhon {

void lock_slow(Thread& t, u8* lock);    // waits detached; the object must be kept alive by the caller
void unlock_slow(Thread& t, u8* lock);  // wakes the next waiter
// As lock_slow, for an access of an element: false when the object has settled meanwhile, and nothing is locked.
bool lock_element_slow(Thread& t, u8* lock);

inline constexpr u8 kLockHeld = 1;
inline constexpr u8 kLockWaiters = 2;
inline constexpr u8 kSettled = 4;  // alone: nobody holds the lock of a settled object

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

TYPHON_INLINE bool is_settled(const Object* object) { return __atomic_load_n(&object->lock, __ATOMIC_ACQUIRE) & kSettled; }
// Under the lock of `object`, when an element was read or written: whether the object should settle, because its elements were
// accessed often enough, by different threads in turn above all, for a stop of the world, which may end that, to be little. Kept in
// aux2: the last thread, the accesses, and how often it settled already.
inline constexpr u32 kNoteThreadBits = 8, kNoteAccessBits = 20;
inline constexpr u32 kAccessesToSettle = 4096, kTurnWeight = 8, kMostSettlings = 7;
TYPHON_INLINE bool note_element_access(Thread& t, Object* object) {
  u32 notes = object->aux2, thread = t.id & ((1u << kNoteThreadBits) - 1);
  u32 settlings = notes >> (kNoteThreadBits + kNoteAccessBits);
  u32 accesses = notes >> kNoteThreadBits & ((1u << kNoteAccessBits) - 1);
  accesses += (notes & ((1u << kNoteThreadBits) - 1)) == thread ? 1 : kTurnWeight;
  if (settlings >= kMostSettlings) return false;
  object->aux2 = settlings << (kNoteThreadBits + kNoteAccessBits) | accesses << kNoteThreadBits | thread;
  return accesses >= kAccessesToSettle << settlings;
}
// Takes the lock that the caller holds away, and settles the object. Who waited for an element goes on without the lock.
void settle(Thread& t, Object* object);

class [[nodiscard]] ObjectLock {
 public:
  TYPHON_INLINE ObjectLock(Thread& t, Object* object) : thread_(t), object_(object) {
    locked_ = g_multi_threaded && !object->is_local();
    if (locked_) lock_byte(t, &object->lock);
  }
  TYPHON_INLINE ~ObjectLock() {
    if (!locked_) return;
    if (settles_) [[unlikely]]
      settle(thread_, object_);
    else
      unlock_byte(thread_, &object_->lock);
  }
  ObjectLock(const ObjectLock&) = delete;
  ObjectLock& operator=(const ObjectLock&) = delete;
  bool locked() const { return locked_; }
  // Under this lock an element was replaced in place.
  TYPHON_INLINE void note_element() { settles_ = locked_ && note_element_access(thread_, object_); }

 private:
  Thread& thread_;
  Object* object_;
  bool locked_, settles_ = false;
};

// For reading or writing elements of an object in place, size and storage unchanged, each with one atomic access, and no safepoint
// meanwhile. Objects whose type uses this leave aux2 to it.
class [[nodiscard]] ElementLock {
 public:
  TYPHON_INLINE ElementLock(Thread& t, Object* object) : thread_(t), object_(object) {
    bool shared = g_multi_threaded && !object->is_local();
    settled_ = shared && is_settled(object);
    locked_ = shared && !settled_;
    if (locked_) lock_element(t, &object->lock);
  }
  TYPHON_INLINE ~ElementLock() {
    if (!locked_) return;
    if (note_element_access(thread_, object_)) [[unlikely]]
      settle(thread_, object_);
    else
      unlock_byte(thread_, &object_->lock);
  }
  ElementLock(const ElementLock&) = delete;
  ElementLock& operator=(const ElementLock&) = delete;
  // Whether other threads may be writing elements meanwhile: the object is shared, and settled.
  bool settled() const { return settled_; }

 private:
  TYPHON_INLINE void lock_element(Thread& t, u8* lock) {
    TYPHON_COUNT(kObjectLock);
    u8 expected = 0;
    if (__atomic_compare_exchange_n(lock, &expected, kLockHeld, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) [[likely]] return;
    locked_ = lock_element_slow(t, lock);
    settled_ = !locked_;
  }

  Thread& thread_;
  Object* object_;
  bool locked_, settled_;
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
