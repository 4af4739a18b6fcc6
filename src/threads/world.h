// What heap/ asks of threads/ beyond thread.h: facts about stopped threads and the stop statistics.
#pragma once
#include "threads/thread.h"

namespace typhon {

// Only while the calling thread has the world stopped. True when `other` is stopped at a full safepoint (it will run the
// rest of safepoint_slow as soon as the world restarts), false when it is detached or in safepoint_scan_only.
bool stopped_at_safepoint(const Thread& other);
bool is_helper_thread(const Thread& t);

struct StopStatistics {
  u64 stops, longest_ns, total_ns;
};
StopStatistics stop_statistics();

// How long it took from the wish to stop the world until all threads had stopped, since the process began: by eighths of octaves.
struct TimesToStop {
  static constexpr u32 kSteps = 8, kOctaves = 62;
  u64 stops = 0, longest_ns = 0;
  u64 counts[kOctaves * kSteps] = {};
  void note(u64 ns);
  // That share (0.99) of the stops took no longer than this; at most an eighth too much.
  u64 quantile(double share) const;
};
TimesToStop times_to_stop(Thread& t);

// Sends a signal to the Python thread with this ident: 0, or the errno (ESRCH when there is no such thread).
int signal_thread(Thread& t, u64 ident, int number);

// Starts the helper thread of the VM (its Thread is attached to no Python code; body runs attached). False on failure.
bool start_helper_thread(void (*body)(Thread& t));

}  // namespace typhon
