// Private to threads/: unparking that knows how long the thread has waited (for fair locks).
#pragma once
#include "threads/parking_lot.h"

namespace typhon::parking_lot {

bool unpark_one_timed(const void* address, u64 (*callback)(void* context, bool woke, bool more, u64 waited_ns),
                      void* context);
// A lock that a thread has waited for that long is handed to it directly; before, whoever comes first gets it, which
// keeps a contended lock from costing a context switch per acquisition.
inline constexpr u64 kFairAfterNs = 1'000'000;
// Words handed over by unlocking.
inline constexpr u64 kRetry = 0, kHandedOver = 1;

}  // namespace typhon::parking_lot
