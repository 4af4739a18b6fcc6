// What only the checking build does: it yields at random where threads meet, verifies the invariant of the whole heap in
// every collection, and breaks a rule on purpose when told to. Everywhere else all of this is nothing.
//
//   TYPHON_YIELD_SEED=N   at every lock, count of a shared object, publication, safepoint, detach and stop a thread may let others run,
//                         sleep for a moment, or poll. What it does follows from N and the order in which threads were started.
//   TYPHON_BREAK=N        rule RN of docs/ownership.md is not kept, in one place (tests/ownership/break_rules.py)
#pragma once
#include "base/common.h"

namespace typhon::checking {

#ifdef TYPHON_CHECKING
extern const u64 g_yield_seed;  // 0: none
extern const u32 g_broken_rule;  // 0: none
void yield_slow();
// The calling native thread runs the thread with this number from now on.
void begin_thread(u64 number);
TYPHON_INLINE void yield_point() {
  if (g_yield_seed != 0) [[unlikely]] yield_slow();
}
// With the world stopped: no shared object refers to a LOCAL one, no thread holds another's, and each belongs to a thread that lives.
void check_heap();
TYPHON_INLINE bool broken(u32 rule) { return g_broken_rule == rule; }
#else
TYPHON_INLINE void begin_thread(u64) {}
TYPHON_INLINE void yield_point() {}
TYPHON_INLINE void check_heap() {}
TYPHON_INLINE constexpr bool broken(u32) { return false; }
#endif

}  // namespace typhon::checking
