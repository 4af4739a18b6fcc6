// Parking lot: threads wait on addresses (docs/threads.md). 257 buckets; a waiting thread is detached.
#pragma once
#include "threads/thread.h"

namespace typhon::parking_lot {

enum class Woken { kUnparked, kTimedOut, kInvalid, kInterrupted };

inline constexpr i64 kForever = -1;

// Watching for something that another thread is about to do, before going to sleep over it: for how long, and whether at all.
class [[nodiscard]] Watch {
 public:
  explicit Watch(Thread& t);
  ~Watch();
  Watch(const Watch&) = delete;
  // Asked every few hundred nanoseconds.
  bool goes_on() const;
  void succeeded();

 private:
  Thread& thread_;
  u64 until_ = 0;
  bool succeeded_ = false;
};

// Waits on `address` if validate(context) holds (called with the bucket locked, must be short and lock-free).
// timeout_ns: kForever or >= 0. When `interruptible`, a signal for the main thread ends the wait (kInterrupted).
// `unparker_data` receives the word that unpark handed over.
Woken park(Thread& t, const void* address, bool (*validate)(void* context), void* context, i64 timeout_ns,
           bool interruptible, u64* unparker_data);
// Wakes the longest waiter on `address`. callback(context, woke_one, more_waiting) runs with the bucket locked and
// returns the word to hand over (direct hand-off).
bool unpark_one(const void* address, u64 (*callback)(void* context, bool woke, bool more), void* context);
// Whether a thread waits on `address` at the moment.
bool is_waited_for(const void* address);
// Wakes all; returns how many.
u32 unpark_all(const void* address);

}  // namespace typhon::parking_lot
