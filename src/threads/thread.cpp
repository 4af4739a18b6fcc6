// Threads: records, the stop protocol, safepoints, starting and finishing. docs/threads.md has the protocol.
#include "threads/thread.h"

#include <pthread.h>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <new>

#include "heap/collector.h"
#include "heap/checking.h"
#include "heap/counting.h"
#include "heap/pages.h"
#include "heap/reclaim.h"
#include "threads/attached.h"
#include "threads/hooks.h"
#include "threads/internal.h"
#include "threads/object_lock.h"
#include "threads/world.h"

namespace typhon {

using namespace thread_status;

constinit thread_local Thread* tls_current_thread = nullptr;

u8 g_counted_states = state::kLocal | state::kShared;
bool g_multi_threaded = false;
alignas(64) u64 g_stops = 0;  // atomic; in a cache line that is written at stops only

// --- hooks

static void no_hook(const char* what, const char* detail) {
  std::fprintf(stderr, "typhon: fatal: %s%s%s (raised before exceptions exist)\n", what, *detail ? ": " : "", detail);
  std::abort();
}
void (*g_raise_recursion_error)(Thread&, const char*) = [](Thread&, const char* where) {
  no_hook("RecursionError", where);
};
void (*g_raise_memory_error)(Thread&) = [](Thread&) { no_hook("MemoryError", ""); };
void (*g_raise_runtime_error)(Thread&, const char*) = [](Thread&, const char* m) { no_hook("RuntimeError", m); };
Status (*g_raise_async_exception)(Thread&, Ref&&) = [](Thread&, Ref&& e) {
  e.clear();
  return ok();
};
Value* (*g_python_stack_end)(Thread&) = nullptr;
void (*g_for_each_active_frame_range)(Thread&, void (*)(Value*, Value*, void*), void*) = nullptr;
void (*g_thread_started)(Thread&) = nullptr;
void (*g_thread_finishing)(Thread&) = nullptr;
void (*g_multi_threaded_hook)(Thread&) = nullptr;
Status (*g_signal_hook)(Thread&) = nullptr;
void (*g_collect_hook)(Thread&) = collector::collect_if_due;

namespace {

// Guards the list of threads, their records and ids. Held for the whole of a stop: nobody starts, finishes or looks up a
// thread meanwhile. Waiting for it detaches, so its holder may stop the world.
Mutex g_list_lock;
Thread* g_first = nullptr;
Thread* g_free_records = nullptr;
Thread* g_main = nullptr;
u64 g_used_ids[1024];
u32 g_count = 0;

Thread* g_stopper = nullptr;  // atomic: written by the thread that holds g_list_lock, compared by any with itself
u32 g_stop_depth = 0;
u32 g_stop_pending = 0;  // attached threads the stopper waits for, as a signed number; futex
u64 g_stop_begin_ns = 0;
u64 g_longest_stop_ns = 0, g_total_stop_ns = 0;  // atomic
TimesToStop g_times_to_stop;                     // under g_list_lock
u64 g_thread_numbers = 0;                        // under g_list_lock

u32 g_signal_arrived = 0;  // atomic

inline constexpr size_t kMainPythonStack = size_t(512) << 20;
inline constexpr size_t kPythonStack = size_t(64) << 20;
inline constexpr size_t kMainNativeStack = size_t(1) << 30;
inline constexpr size_t kNativeStack = size_t(64) << 20;
inline constexpr size_t kMinNativeStack = size_t(256) << 10;

u16 take_id() {
  for (u32 i = 0; i < 1024; i++) {
    u64 free = ~g_used_ids[i];
    if (i == 0) free &= ~u64(1);
    if (free == 0) continue;
    u32 bit = u32(__builtin_ctzll(free));
    g_used_ids[i] |= u64(1) << bit;
    return u16(i * 64 + bit);
  }
  return 0;
}

void set_native_bounds(Thread& t, char* low, char* high) {
#ifdef TYPHON_TSAN_BUILD
  // ThreadSanitizer's own record of the call stack has room for 65,536 functions, and checks nothing either.
  constexpr size_t kMost = size_t(3) << 20;
  if (size_t(high - low) > kMost) low = high - kMost;
#endif
  size_t size = size_t(high - low);
  // What is left below the limit must do for raising the RecursionError, and for C libraries that check nothing.
  size_t margin = size / 4 < (size_t(512) << 10) ? size / 4 : size_t(512) << 10;
  t.native_base = high;
  t.native_limit = low + margin;
  t.platform->native_margin = margin;
}

void set_status_detached(Thread& t) {
  u32 word = __atomic_load_n(&t.status, __ATOMIC_RELAXED);
  DCHECK((word & kStateMask) == kAttached);
  while (!__atomic_compare_exchange_n(&t.status, &word, (word & ~kStateMask) | kDetached, true, __ATOMIC_RELEASE,
                                      __ATOMIC_RELAXED)) {}
  if (word & kStopWanted) {
    if (i32(__atomic_sub_fetch(&g_stop_pending, 1, __ATOMIC_ACQ_REL)) == 0) platform::futex_wake(&g_stop_pending, 1);
  }
}

// Waits until no stop is wanted.
void set_status_attached(Thread& t) {
  u32 word = __atomic_load_n(&t.status, __ATOMIC_RELAXED);
  for (;;) {
    if (!(word & kStopWanted)) {
      if (__atomic_compare_exchange_n(&t.status, &word, (word & ~(kStateMask | kWaiting)) | kAttached, true,
                                      __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        return;
      }
      continue;
    }
    if (!(word & kWaiting)) {
      if (!__atomic_compare_exchange_n(&t.status, &word, word | kWaiting, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
        continue;
      }
      word |= kWaiting;
    }
    platform::futex_wait(&t.status, word, platform::kNoDeadline);
    word = __atomic_load_n(&t.status, __ATOMIC_RELAXED);
  }
}

// Stops at a safepoint until the world goes on. Not inlined: the spilled registers must lie in a frame of its own.
TYPHON_NOINLINE void stop_here(Thread& t) {
  u64 registers[kSpilledRegisters];
  TYPHON_SPILL_REGISTERS(registers, t.spilled_sp);
  set_status_detached(t);
  set_status_attached(t);
}

TYPHON_NOINLINE void yield_gil(Thread& t) {
  u64 registers[kSpilledRegisters];
  TYPHON_SPILL_REGISTERS(registers, t.spilled_sp);
  set_status_detached(t);
  gil::yield(t);
  set_status_attached(t);
}

// --- pending calls

struct PendingCallEntry {
  PendingCall call;
  void* argument;
};
inline constexpr u32 kPendingCalls = 256;
platform::RawLock g_pending_lock;
PendingCallEntry g_pending[kPendingCalls];
u32 g_pending_first = 0;
u32 g_pending_count = 0;  // also read without the lock (atomic)

Status run_pending_calls(Thread& t) {
  u32 limit = __atomic_load_n(&g_pending_count, __ATOMIC_RELAXED);
  for (u32 i = 0; i < limit; i++) {
    PendingCallEntry entry;
    {
      platform::RawLockGuard guard(g_pending_lock);
      if (g_pending_count == 0) return ok();
      entry = g_pending[g_pending_first];
      g_pending_first = (g_pending_first + 1) % kPendingCalls;
      __atomic_store_n(&g_pending_count, g_pending_count - 1, __ATOMIC_RELAXED);
    }
    TRY(entry.call(t, entry.argument));
  }
  return ok();
}

Status deliver_async_exception(Thread& t) {
  Value word(__atomic_exchange_n(&t.async_exception.bits, EMPTY.bits, __ATOMIC_ACQ_REL));
  if (word.is_empty()) return ok();
  return g_raise_async_exception(t, Ref::adopt(word));
}

Status handle_requests(Thread& t) {
  if (t.is_main) {
    if (__atomic_load_n(&g_signal_arrived, __ATOMIC_RELAXED) &&
        __atomic_exchange_n(&g_signal_arrived, 0, __ATOMIC_ACQ_REL)) {
      if (g_signal_hook != nullptr) TRY(g_signal_hook(t));
    }
    if (__atomic_load_n(&g_pending_count, __ATOMIC_RELAXED) != 0) TRY(run_pending_calls(t));
  }
  if (__atomic_load_n(&t.async_exception.bits, __ATOMIC_RELAXED) != EMPTY.bits) TRY(deliver_async_exception(t));
  collector::run_handed_over(t);
  if (collector::reclaim_requested()) collector::reclaim_candidates(t);
  if (g_collect_hook != nullptr) g_collect_hook(t);
  return ok();
}

}  // namespace

// --- the protocol

void detach_slow(Thread& t) {
  TYPHON_COUNT(kDetach);
  set_status_detached(t);
  if (g_gil_mode) gil::release(t);
}

void attach_slow(Thread& t) {
  // errno is what the caller of a blocking call looks at next.
  int saved = errno;
  if (g_gil_mode) gil::acquire(t);
  set_status_attached(t);
  errno = saved;
}

Status safepoint_slow(Thread& t) {
  checking::yield_point();
  // First the flag, then the conditions: whoever makes a condition true afterwards sets the flag again.
  __atomic_exchange_n(&t.poll, 0, __ATOMIC_ACQ_REL);
  renew_entry_limit(t);
  t.platform->in_safepoint = true;
  if (__atomic_load_n(&t.status, __ATOMIC_RELAXED) & kStopWanted) {
    stop_here(t);
    platform::empty_stack_below();  // stops come with scans: the next one is to find less
  }
  if (g_gil_mode && gil::drop_requested()) yield_gil(t);
  t.platform->in_safepoint = false;
  // Garbage that a collection left to this thread: before any Python code could reach it again.
  collector::run_handed_over_garbage(t);
  Status status = handle_requests(t);
  if (status.failed()) request_poll(t);  // what was not looked at
  return status;
}

void safepoint_scan_only(Thread& t) {
  if (__atomic_load_n(&t.status, __ATOMIC_RELAXED) & kStopWanted) stop_here(t);
}

void stop_the_world(Thread& t) {
  if (world_stopped_by(t)) {
    g_stop_depth++;
    return;
  }
  g_list_lock.lock(t);
  TYPHON_COUNT(kStop);
  __atomic_store_n(&g_stopper, &t, __ATOMIC_RELAXED);
  g_stop_depth = 1;
  g_stop_begin_ns = platform::monotonic_ns();
  u32 running = 0;
  for (Thread* other = g_first; other != nullptr; other = other->next) {
    if (other == &t) continue;
    u32 old = __atomic_fetch_or(&other->status, kStopWanted, __ATOMIC_ACQ_REL);
    if ((old & kStateMask) == kAttached) {
      running++;
      request_poll(*other);
    }
  }
  u32 left = __atomic_add_fetch(&g_stop_pending, running, __ATOMIC_ACQ_REL);
  u32 spins = running > 0 && platform::processor_count() > 1 ? 2000 : 0;
  while (i32(left) > 0) {
    if (spins > 0) {
      spins--;
      platform::cpu_relax();
    } else {
      platform::futex_wait(&g_stop_pending, left, platform::kNoDeadline);
    }
    left = __atomic_load_n(&g_stop_pending, __ATOMIC_ACQUIRE);
  }
  g_times_to_stop.note(platform::monotonic_ns() - g_stop_begin_ns);
}

void start_the_world(Thread& t) {
  DCHECK(world_stopped_by(t));
  if (--g_stop_depth > 0) return;
  u64 duration = platform::monotonic_ns() - g_stop_begin_ns;
  __atomic_fetch_add(&g_stops, 1, __ATOMIC_RELAXED);
  __atomic_fetch_add(&g_total_stop_ns, duration, __ATOMIC_RELAXED);
  if (duration > g_longest_stop_ns) __atomic_store_n(&g_longest_stop_ns, duration, __ATOMIC_RELAXED);
  __atomic_store_n(&g_stopper, nullptr, __ATOMIC_RELAXED);
  for (Thread* other = g_first; other != nullptr; other = other->next) {
    if (other == &t) continue;
    u32 old = __atomic_fetch_and(&other->status, ~(kStopWanted | kWaiting), __ATOMIC_ACQ_REL);
    if (old & kWaiting) platform::futex_wake(&other->status, 1);
  }
  g_list_lock.unlock();
}

Thread* first_thread() { return g_first; }
Thread* main_thread() { return g_main; }
bool world_stopped_by(const Thread& t) { return __atomic_load_n(&g_stopper, __ATOMIC_RELAXED) == &t; }
u32 thread_count() { return __atomic_load_n(&g_count, __ATOMIC_RELAXED); }
bool stopped_at_safepoint(const Thread& other) { return other.platform->in_safepoint; }
bool is_helper_thread(const Thread& t) { return t.platform->helper; }
StopStatistics stop_statistics() {
  return {__atomic_load_n(&g_stops, __ATOMIC_RELAXED), __atomic_load_n(&g_longest_stop_ns, __ATOMIC_RELAXED),
          __atomic_load_n(&g_total_stop_ns, __ATOMIC_RELAXED)};
}

TimesToStop times_to_stop(Thread& t) {
  MutexGuard guard(t, g_list_lock);
  return g_times_to_stop;
}

void TimesToStop::note(u64 ns) {
  u32 octave = ns < kSteps ? 0 : u32(63 - __builtin_clzll(ns)) - 3 + 1;
  u32 step = ns < kSteps ? u32(ns) : u32(ns >> (octave - 1)) & (kSteps - 1);
  counts[octave * kSteps + step]++;
  stops++;
  if (ns > longest_ns) longest_ns = ns;
}

u64 TimesToStop::quantile(double share) const {
  u64 wanted = u64(double(stops) * share);
  for (u32 i = 0; i < kOctaves * kSteps; i++) {
    if (counts[i] > wanted) {
      u32 octave = i / kSteps, step = i % kSteps;
      u64 end = octave == 0 ? step + 1 : u64(step + kSteps + 1) << (octave - 1);
      return end < longest_ns ? end : longest_ns;
    }
    wanted -= counts[i];
  }
  return longest_ns;
}

void freeze_other_threads(Thread& t) { stop_the_world(t); }

// --- records

Thread* new_thread_record(size_t python_stack_size) {
  // Called with g_list_lock held, or before there is a second thread.
  Thread* t = g_free_records;
  PlatformThread* platform;
  if (t != nullptr) {
    g_free_records = t->next;
    platform = t->platform;
  } else {
    t = static_cast<Thread*>(std::aligned_alloc(64, align_up(sizeof(Thread), 64)));
    platform = new PlatformThread;
  }
  void* stack = platform->python_stack;
  size_t size = platform->python_stack_size;
  if (stack != nullptr && size != python_stack_size) {
    platform::unmap(stack, size);
    stack = nullptr;
  }
  if (stack == nullptr) {
    size = python_stack_size;
    while ((stack = platform::map_stack(size)) == nullptr && size > (size_t(1) << 20)) size /= 2;
  }
  u16 id = take_id();
  new (t) Thread;
  *platform = PlatformThread{};
  platform->python_stack = stack;
  platform->python_stack_size = stack == nullptr ? 0 : size;
  t->platform = platform;
  platform->number = ++g_thread_numbers;
  if (stack == nullptr || id == 0) {
    t->next = g_free_records;
    g_free_records = t;
    return nullptr;
  }
  t->id = id;
  // map_stack protects the lowest page, which here is simply not used.
  t->stack_base = reinterpret_cast<Value*>(static_cast<char*>(stack) + platform::page_size());
  t->stack_limit = reinterpret_cast<Value*>(static_cast<char*>(stack) + size);
  heap::attach_heap(*t);
  collector::attach_reclaim(*t);
  return t;
}

static void free_thread_record(Thread& t) {
  g_used_ids[t.id / 64] &= ~(u64(1) << (t.id % 64));
  PlatformThread* p = t.platform;
  size_t keep = size_t(64) << 10;
  if (p->python_stack_size > keep) {
    platform::discard(static_cast<char*>(p->python_stack) + keep, p->python_stack_size - keep);
  }
  t.next = g_free_records;
  g_free_records = &t;
}

static void link_thread(Thread* t) {
  t->previous = nullptr;
  t->next = g_first;
  if (g_first != nullptr) g_first->previous = t;
  g_first = t;
  if (!t->platform->helper) __atomic_fetch_add(&g_count, 1, __ATOMIC_RELAXED);
}

static void unlink_thread(Thread* t) {
  (t->previous != nullptr ? t->previous->next : g_first) = t->next;
  if (t->next != nullptr) t->next->previous = t->previous;
  if (!t->platform->helper) __atomic_fetch_sub(&g_count, 1, __ATOMIC_RELAXED);
}

// --- the main thread

static char *g_main_stack_low = nullptr, *g_main_stack_high = nullptr;

int run_main_on_own_stack(int (*entry)(void*), void* argument) {
  return platform::call_on_stack(kMainNativeStack, entry, argument, &g_main_stack_low, &g_main_stack_high);
}

Thread& attach_main_thread() {
  CHECK(g_main == nullptr);
  heap::initialise();
  Thread* t = new_thread_record(kMainPythonStack);
  CHECK(t != nullptr);
  t->is_main = true;
  t->ident = u64(pthread_self());
  t->native_id = platform::native_thread_id();
  char* here = static_cast<char*>(__builtin_frame_address(0));
  char *low = g_main_stack_low, *high = g_main_stack_high;
  if (here < low || here >= high) platform::current_stack(&low, &high);
  set_native_bounds(*t, low, high);
  tls_current_thread = t;
  g_main = t;
  link_thread(t);
  if (g_gil_mode) gil::acquire(*t);
  __atomic_store_n(&t->status, kAttached, __ATOMIC_RELEASE);
  return *t;
}

// --- starting and finishing

// The thread has no Python state any more.
static void forget_thread(Thread& t) {
  if (g_thread_finishing != nullptr) g_thread_finishing(t);
  collector::thread_exit(t);
  counting::thread_finished();
  g_list_lock.lock(t);
  collector::detach_reclaim(t);
  heap::detach_heap(t);
  unlink_thread(&t);
  __atomic_store_n(&t.status, kFinished, __ATOMIC_RELEASE);
  tls_current_thread = nullptr;
  free_thread_record(t);
  g_list_lock.unlock();
  if (g_gil_mode) gil::release(t);
}

static void thread_main(void* raw, platform::NativeStack stack) {
  Thread& t = *static_cast<Thread*>(raw);
  tls_current_thread = &t;
  t.platform->native_stack = stack;
  __atomic_store_n(&t.ident, u64(pthread_self()), __ATOMIC_RELAXED);
  t.native_id = platform::native_thread_id();
  checking::begin_thread(t.platform->number);
  attach_slow(t);
  // Only now: until here a stop found no stack to scan.
  set_native_bounds(t, stack.low + platform::page_size(), stack.low + stack.size);
  if (g_thread_started != nullptr) g_thread_started(t);
  t.platform->entry(t, t.platform->argument);
  forget_thread(t);
}

// Makes the program multi-threaded. The calling thread is the only one, and at a safepoint: its guards remember whether they
// locked, its counted words stay counted (R9), nobody else has any.
static void switch_to_multi_threaded(Thread& t) {
  __atomic_store_n(&g_counted_states, state::kLocal, __ATOMIC_RELAXED);
  __atomic_store_n(&g_multi_threaded, true, __ATOMIC_RELAXED);
  if (g_multi_threaded_hook != nullptr) g_multi_threaded_hook(t);
}
static void become_multi_threaded(Thread& t) {
  switch_to_multi_threaded(t);
  collector::start_helper();
}

// Starts the native thread of a record. The record is the thread's own from then on: it may have finished when this returns.
static bool launch(Thread& t, Thread* added, size_t native_stack, u64* ident) {
  if (platform::start_native_thread(thread_main, added, native_stack, ident)) return true;
  g_list_lock.lock(t);
  unlink_thread(added);
  collector::detach_reclaim(*added);
  heap::detach_heap(*added);
  free_thread_record(*added);
  g_list_lock.unlock();
  return false;
}

// Once linked, a stop waits for nothing: the thread is detached until it attaches itself. Its empty stack needs no scan.
static void link_new_thread(Thread* added) {
  added->native_base = nullptr;
  link_thread(added);
}

Result<u64> start_thread(Thread& t, void (*entry)(Thread& t, void* argument), void* argument, size_t stack_size,
                         bool daemon) {
  if (!g_gil_mode && !g_multi_threaded) become_multi_threaded(t);
  if (stack_size == 0) stack_size = kNativeStack;
  if (stack_size < kMinNativeStack) stack_size = kMinNativeStack;
  u64 ident = 0;
  bool started = false;
  g_list_lock.lock(t);
  Thread* added = new_thread_record(kPythonStack);
  if (added != nullptr) {
    added->daemon = daemon;
    added->recursion_limit = t.recursion_limit;
    added->dispatch_table = t.dispatch_table;
    added->instrumented = t.instrumented;
    added->platform->entry = entry;
    added->platform->argument = argument;
    link_new_thread(added);
  }
  g_list_lock.unlock();
  if (added != nullptr) started = launch(t, added, stack_size, &ident);
  if (!started) {
    g_raise_runtime_error(t, "can't start new thread");
    return Raised{};
  }
  return ident;
}

bool start_helper_thread(void (*body)(Thread& t)) {
  Thread& t = Thread::current();
  u64 ident = 0;
  bool started = false;
  g_list_lock.lock(t);
  Thread* added = new_thread_record(kPythonStack);
  if (added != nullptr) {
    added->daemon = true;
    added->dispatch_table = t.dispatch_table;
    added->instrumented = t.instrumented;
    added->platform->helper = true;
    added->platform->entry = [](Thread& self, void* raw) { reinterpret_cast<void (*)(Thread&)>(raw)(self); };
    added->platform->argument = reinterpret_cast<void*>(body);
    link_new_thread(added);
  }
  g_list_lock.unlock();
  if (added != nullptr) started = launch(t, added, kNativeStack, &ident);
  return started;
}

// --- threads that others started

Thread* attach_foreign_thread() {
  CHECK(g_main != nullptr);
  g_list_lock.lock_unattached();
  Thread* t = new_thread_record(kPythonStack);
  if (t == nullptr) {
    g_list_lock.unlock();
    return nullptr;
  }
  t->daemon = true;
  t->recursion_limit = g_main->recursion_limit;
  t->dispatch_table = g_main->dispatch_table;
  t->instrumented = g_main->instrumented;
  t->native_base = nullptr;  // detached until it attaches itself: no stack to scan yet
  __atomic_store_n(&t->ident, u64(pthread_self()), __ATOMIC_RELAXED);
  t->native_id = platform::native_thread_id();
  link_thread(t);
  g_list_lock.unlock();
  tls_current_thread = t;
  attach_slow(*t);
  char *low, *high;
  platform::current_stack(&low, &high);
  set_native_bounds(*t, low, high);
  if (!g_gil_mode && !__atomic_load_n(&g_multi_threaded, __ATOMIC_RELAXED)) {
    // The other threads are at safepoints or detached, where facts about the mode die as facts about locality do.
    bool switched = false;
    stop_the_world(*t);
    if (!g_multi_threaded) {
      switch_to_multi_threaded(*t);
      switched = true;
    }
    start_the_world(*t);
    if (switched) collector::start_helper();
  }
  if (g_thread_started != nullptr) g_thread_started(*t);
  return t;
}

void detach_foreign_thread(Thread& t) { forget_thread(t); }

// --- requests

void request_poll(Thread& t) {
  __atomic_store_n(&t.poll, 1, __ATOMIC_SEQ_CST);
  __atomic_store_n(&t.entry_limit, static_cast<Value*>(nullptr), __ATOMIC_SEQ_CST);
}

void renew_entry_limit(Thread& t) {
  __atomic_store_n(&t.entry_limit, t.instrumented ? nullptr : t.stack_limit - kStackSlack, __ATOMIC_SEQ_CST);
  // A request that this does not see yet stores its null later.
  if (__atomic_load_n(&t.poll, __ATOMIC_SEQ_CST)) __atomic_store_n(&t.entry_limit, static_cast<Value*>(nullptr), __ATOMIC_SEQ_CST);
}

bool signal_arrived() { return __atomic_load_n(&g_signal_arrived, __ATOMIC_RELAXED); }

void request_poll_main() {
  // Async-signal-safe: atomics and one system call.
  Thread* main = g_main;
  __atomic_store_n(&g_signal_arrived, 1, __ATOMIC_SEQ_CST);
  if (main == nullptr) return;
  request_poll(*main);
  __atomic_fetch_or(&main->platform->park_word, park::kInterrupted, __ATOMIC_SEQ_CST);
  platform::futex_wake(&main->platform->park_word, 1);
}

bool add_pending_call(PendingCall call, void* argument) {
  {
    platform::RawLockGuard guard(g_pending_lock);
    if (g_pending_count == kPendingCalls) return false;
    g_pending[(g_pending_first + g_pending_count) % kPendingCalls] = {call, argument};
    __atomic_store_n(&g_pending_count, g_pending_count + 1, __ATOMIC_RELAXED);
  }
  if (g_main != nullptr) request_poll(*g_main);
  return true;
}

bool set_async_exception(Thread& t, u64 ident, Ref&& exception) {
  Value word = exception.take();
  if (word.is_object() && word.object()->is_local()) publish(word.object());
  word = to_heap_word(word);
  Value old = word;  // what is to be dropped in the end
  bool found = false;
  g_list_lock.lock(t);
  for (Thread* other = g_first; other != nullptr; other = other->next) {
    if (__atomic_load_n(&other->ident, __ATOMIC_RELAXED) != ident || other->platform->helper) continue;
    old = Value(__atomic_exchange_n(&other->async_exception.bits, word.bits, __ATOMIC_ACQ_REL));
    request_poll(*other);
    found = true;
    break;
  }
  g_list_lock.unlock();
  release(old);
  return found;
}

int signal_thread(Thread& t, u64 ident, int number) {
  int error = ESRCH;
  g_list_lock.lock(t);
  for (Thread* other = g_first; other != nullptr; other = other->next) {
    if (__atomic_load_n(&other->ident, __ATOMIC_RELAXED) != ident || other->platform->helper) continue;
    error = pthread_kill(pthread_t(ident), number);
    break;
  }
  g_list_lock.unlock();
  return error;
}

Status native_stack_exhausted(Thread& t, const char* where) {
  // Making the exception calls Python-capable code, which checks as well: it gets half of what is left below the limit.
  char* limit = t.native_limit;
  t.native_limit = limit - t.platform->native_margin / 2;
  g_raise_recursion_error(t, where);
  t.native_limit = limit;
  return Raised{};
}

// --- fork (R22)

namespace {
inline constexpr u32 kForkFunctions = 64;
void (*g_fork_functions[kForkFunctions])(Thread& t);
u32 g_fork_function_count = 0;
}  // namespace

void at_fork_child(void (*function)(Thread& t)) {
  CHECK(g_fork_function_count < kForkFunctions);
  g_fork_functions[g_fork_function_count++] = function;
}

void before_fork(Thread& t) { stop_the_world(t); }

void after_fork_parent(Thread& t) { start_the_world(t); }

// No thread that ran held an object lock at the stop, but one that waits may have been given it, or hold a first one of two: those
// threads are gone, and had not begun yet what they wanted the lock for.
static void forget_object_locks() {
  heap::for_each_page([](heap::PageMeta* meta) {
    heap::for_each_block(meta, [](void* block) {
      if (heap::block_shape(block) == heap::kBodyShape) return;
      auto* object = static_cast<Object*>(block);
      if (object->lock != 0) object->lock = 0;
    });
  });
}

void after_fork_child(Thread& t) {
  bool others = thread_count() > 1;
  platform::forget_native_threads();
  parking_lot_reset_after_fork();
  heap::reset_locks_after_fork();
  g_pending_lock.reset_after_fork();
  if (g_gil_mode) gil::reset_after_fork(t);
  g_stop_pending = 0;
  for (Thread* other = g_first; other != nullptr;) {
    Thread* next = other->next;
    if (other != &t) {
      // Its stack, and the counts its registers held, are gone for good; its pages and candidates go on.
      unlink_thread(other);
      collector::detach_reclaim(*other);
      heap::detach_heap(*other);
      other->status = kFinished;
      g_used_ids[other->id / 64] &= ~(u64(1) << (other->id % 64));
    }
    other = next;
  }
  if (others) forget_object_locks();
  if (g_main != &t) {
    if (g_main != nullptr) g_main->is_main = false;
    g_main = &t;
    t.is_main = true;
  }
  t.native_id = platform::native_thread_id();
  collector::after_fork_child(t);
  for (u32 i = 0; i < g_fork_function_count; i++) g_fork_functions[i](t);
  // The stop ends by hand: nobody waits any more.
  g_stopper = nullptr;
  g_stop_depth = 0;
  if (!checking::broken(22)) g_list_lock.reset_after_fork();
  if (g_multi_threaded) collector::start_helper();
}

}  // namespace typhon
