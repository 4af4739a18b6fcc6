// Counters of the counting build: how often a program wrote atomically to shared objects, took locks, published, queued.
// Everywhere else the macro is nothing. Counters are per thread and summed on demand: counting must not itself share.
#pragma once
#include "base/common.h"

namespace typhon::counting {

enum class Event : u8 {
  kAtomicRetain,   // count of a shared object raised
  kAtomicRelease,  // count of a shared object lowered
  kObjectLock,     // object lock taken (uncontended or not)
  kContendedLock,  // ... that had to wait
  kPublished,      // objects published
  kCandidate,      // shared objects whose count fell to zero
  kRemoteFree,     // blocks freed by a thread that does not own the page
  kStop,           // stops of the world
  kDetach,         // blocking regions entered
  kEventCount
};
inline constexpr int kEvents = int(Event::kEventCount);
const char* event_name(Event event);

#ifdef TYPHON_COUNTING
extern thread_local u64 tls_counters[kEvents];
#define TYPHON_COUNT(event) (::typhon::counting::tls_counters[int(::typhon::counting::Event::event)]++)
#define TYPHON_COUNT_N(event, n) (::typhon::counting::tls_counters[int(::typhon::counting::Event::event)] += (n))
#else
#define TYPHON_COUNT(event) void(0)
#define TYPHON_COUNT_N(event, n) void(0)
#endif

// The counters of the calling thread since it started. All zero but in the counting build.
void thread_counters(u64 out[kEvents]);
// Sums over finished threads and the calling thread.
void process_counters(u64 out[kEvents]);
void thread_finished();  // adds the calling thread's counters to the process's

}  // namespace typhon::counting

// Where the counting build counts, threads meet: there the checking build lets others run.
#ifdef TYPHON_CHECKING
#include "heap/checking.h"
#undef TYPHON_COUNT
#define TYPHON_COUNT(event) ::typhon::checking::yield_point()
#endif
