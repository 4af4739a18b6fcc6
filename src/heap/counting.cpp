#include "heap/counting.h"

#include "platform/os.h"

namespace typhon::counting {

#ifdef TYPHON_COUNTING
thread_local u64 tls_counters[kEvents];
#endif

static platform::RawLock g_lock;
static u64 g_finished[kEvents];

const char* event_name(Event event) {
  static const char* const names[kEvents] = {"atomic_retains",  "atomic_releases", "object_locks",
                                             "contended_locks", "published",       "candidates",
                                             "remote_frees",    "stops",           "detaches"};
  return names[int(event)];
}

void thread_counters(u64 out[kEvents]) {
#ifdef TYPHON_COUNTING
  memcpy(out, tls_counters, sizeof tls_counters);
#else
  memset(out, 0, kEvents * sizeof(u64));
#endif
}

void process_counters(u64 out[kEvents]) {
  thread_counters(out);
  platform::RawLockGuard guard(g_lock);
  for (int i = 0; i < kEvents; i++) out[i] += g_finished[i];
}

void thread_finished() {
#ifdef TYPHON_COUNTING
  platform::RawLockGuard guard(g_lock);
  for (int i = 0; i < kEvents; i++) g_finished[i] += tls_counters[i];
  memset(tls_counters, 0, sizeof tls_counters);  // the native thread may be used again
#endif
}

}  // namespace typhon::counting
