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

}  // namespace typhon
