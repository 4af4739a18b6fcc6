// Attached: Python for a moment in the middle of a detached region, for callbacks of foreign libraries.
#pragma once
#include "threads/thread.h"

namespace typhon {

// Attaches in the constructor and detaches again in the destructor. Between the enclosing Detached and this, the stack holds frames of
// the library only, so that the registers spilled by Detached stay what a scan has to know afterwards.
class [[nodiscard]] Attached {
 public:
  explicit Attached(Thread& t) : thread_(t), spilled_sp_(t.spilled_sp) {
    u32 expected = thread_status::kDetached;
    if (g_gil_mode || !__atomic_compare_exchange_n(&t.status, &expected, thread_status::kAttached, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
      attach_slow(t);
  }
  ~Attached() {
    thread_.spilled_sp = spilled_sp_;
    u32 expected = thread_status::kAttached;
    if (g_gil_mode || !__atomic_compare_exchange_n(&thread_.status, &expected, thread_status::kDetached, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
      detach_slow(thread_);
  }
  Attached(const Attached&) = delete;
  Attached& operator=(const Attached&) = delete;

 private:
  Thread& thread_;
  void* spilled_sp_;
};

// Makes a Python thread of the calling thread, which the VM did not start, and attaches it; null when there is no memory for its
// record. Makes the program multi-threaded. Every call is followed by one of detach_foreign_thread, which drops the thread's Python
// state.
Thread* attach_foreign_thread();
void detach_foreign_thread(Thread& t);

}  // namespace typhon
