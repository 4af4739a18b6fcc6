// GIL mode (-X gil=1): one lock, held by the attached thread. Whoever has waited for a whole switch interval asks the holder
// to drop it at its next safepoint, and the holder then waits until somebody else has had it: no thread starves.
#include <pthread.h>

#include "threads/internal.h"

namespace typhon {

bool g_gil_mode = false;

namespace {

pthread_mutex_t g_mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t g_released, g_switched;
// Guarded by g_mutex:
bool g_locked = false;
Thread* g_holder = nullptr;
u64 g_switches = 0;
u32 g_waiters = 0;

bool g_drop_requested = false;  // atomic
u64 g_interval_ns = 5'000'000;  // atomic

void init_condition(pthread_cond_t* condition) {
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(condition, &attributes);
  pthread_condattr_destroy(&attributes);
}

void acquire_locked(Thread& t) {
  g_waiters++;
  while (g_locked) {
    u64 seen = g_switches;
    u64 deadline = platform::monotonic_ns() + __atomic_load_n(&g_interval_ns, __ATOMIC_RELAXED);
    timespec until{time_t(deadline / 1'000'000'000), long(deadline % 1'000'000'000)};
    int result = pthread_cond_timedwait(&g_released, &g_mutex, &until);
    if (result != 0 && g_locked && g_switches == seen) {
      __atomic_store_n(&g_drop_requested, true, __ATOMIC_RELAXED);
      request_poll(*g_holder);
    }
  }
  g_waiters--;
  g_locked = true;
  g_switches++;
  g_holder = &t;
  __atomic_store_n(&g_drop_requested, false, __ATOMIC_RELAXED);
  pthread_cond_broadcast(&g_switched);
}

void release_locked() {
  g_locked = false;
  pthread_cond_signal(&g_released);
}

}  // namespace

namespace gil {

void acquire(Thread& t) {
  pthread_mutex_lock(&g_mutex);
  acquire_locked(t);
  pthread_mutex_unlock(&g_mutex);
}

void release(Thread&) {
  pthread_mutex_lock(&g_mutex);
  release_locked();
  pthread_mutex_unlock(&g_mutex);
}

bool drop_requested() { return __atomic_load_n(&g_drop_requested, __ATOMIC_RELAXED); }

void yield(Thread& t) {
  pthread_mutex_lock(&g_mutex);
  u64 seen = g_switches;
  release_locked();
  while (g_waiters > 0 && g_switches == seen) pthread_cond_wait(&g_switched, &g_mutex);
  acquire_locked(t);
  pthread_mutex_unlock(&g_mutex);
}

void reset_after_fork(Thread& t) {
  g_mutex = PTHREAD_MUTEX_INITIALIZER;
  init_condition(&g_released);
  init_condition(&g_switched);
  g_locked = true;
  g_holder = &t;
  g_waiters = 0;
  g_drop_requested = false;
}

}  // namespace gil

bool gil_enabled() { return g_gil_mode; }

void enable_gil() {
  if (g_gil_mode) return;
  CHECK(!g_multi_threaded);
  init_condition(&g_released);
  init_condition(&g_switched);
  g_gil_mode = true;
  if (Thread* t = Thread::current_or_null()) gil::acquire(*t);
}

double switch_interval() { return double(__atomic_load_n(&g_interval_ns, __ATOMIC_RELAXED)) * 1e-9; }
void set_switch_interval(double seconds) {
  double ns = seconds * 1e9;
  u64 clamped = ns < 1000 ? 1000 : ns > 3.6e12 ? u64(3.6e12) : u64(ns);
  __atomic_store_n(&g_interval_ns, clamped, __ATOMIC_RELAXED);
}

}  // namespace typhon
