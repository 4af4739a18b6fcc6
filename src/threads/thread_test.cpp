#include "threads/thread.h"

#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include "objects/test_nodes.h"
#include "threads/hooks.h"
#include "threads/sync.h"

namespace typhon {
namespace {

u32 g_running;
bool g_stop;

void finish() { __atomic_fetch_sub(&g_running, 1, __ATOMIC_RELEASE); }
bool stopping() { return __atomic_load_n(&g_stop, __ATOMIC_RELAXED); }

void nap(Thread& t, u32 microseconds) {
  Detached detached(t);
  usleep(microseconds);
}
void wait_for_all(Thread& t) {
  while (__atomic_load_n(&g_running, __ATOMIC_ACQUIRE) != 0) {
    nap(t, 200);
    CHECK(!safepoint(t).failed());
  }
}
bool start(Thread& t, void (*entry)(Thread&, void*), void* argument = nullptr) {
  __atomic_fetch_add(&g_running, 1, __ATOMIC_RELAXED);
  return !start_thread(t, entry, argument, 0, false).failed();
}

void spin(Thread& t, void* counter) {
  while (!stopping()) {
    CHECK(!safepoint(t).failed());
    __atomic_fetch_add(static_cast<u64*>(counter), 1, __ATOMIC_RELAXED);
  }
  finish();
}

// While the world is stopped nobody moves; afterwards everybody does.
bool stops_everybody() {
  Thread& t = test_thread();
  static u64 counters[3];
  for (u64& counter : counters) VERIFY(start(t, spin, &counter));
  nap(t, 5000);
  for (int i = 0; i < 200; i++) {
    WorldStopped stopped(t);
    u64 before[3];
    for (int k = 0; k < 3; k++) before[k] = __atomic_load_n(&counters[k], __ATOMIC_RELAXED);
    for (volatile int k = 0; k < 10000; k = k + 1) {}
    for (int k = 0; k < 3; k++) VERIFY(__atomic_load_n(&counters[k], __ATOMIC_RELAXED) == before[k]);
  }
  u64 before[3];
  for (int k = 0; k < 3; k++) before[k] = __atomic_load_n(&counters[k], __ATOMIC_RELAXED);
  // On a busy machine a thread may have to wait for its turn.
  auto all_moved = [&] {
    for (int k = 0; k < 3; k++)
      if (__atomic_load_n(&counters[k], __ATOMIC_RELAXED) == before[k]) return false;
    return true;
  };
  for (int i = 0; i < 1000 && !all_moved(); i++) nap(t, 10000);
  VERIFY(all_moved());
  __atomic_store_n(&g_stop, true, __ATOMIC_RELAXED);
  wait_for_all(t);
  return true;
}
TEST(ThreadTest, StopsEverybody) { RUN_ISOLATED(stops_everybody); }

bool gil_lets_everybody_run() {
  enable_gil();
  Thread& t = test_thread();
  static u64 counters[3];
  for (u64& counter : counters) VERIFY(start(t, spin, &counter));
  u64 end = platform::monotonic_ns() + 300'000'000;
  while (platform::monotonic_ns() < end) VERIFY(!safepoint(t).failed());
  for (u64& counter : counters) VERIFY(__atomic_load_n(&counter, __ATOMIC_RELAXED) > 0);
  VERIFY(!g_multi_threaded);
  __atomic_store_n(&g_stop, true, __ATOMIC_RELAXED);
  wait_for_all(t);
  return true;
}
TEST(ThreadTest, GilLetsEverybodyRun) { RUN_ISOLATED(gil_lets_everybody_run); }

struct Contended {
  AdaptiveLock lock;
  ReentrantLock reentrant;
  u64 adaptive_count = 0, reentrant_count = 0, object_count = 0;
  Object* object = nullptr;
} g_contended;

void contend(Thread& t, void*) {
  for (int i = 0; i < 20000; i++) {
    bool interrupted;
    CHECK(g_contended.lock.acquire(t, parking_lot::kForever, false, &interrupted));
    g_contended.adaptive_count++;
    CHECK(g_contended.lock.release());
    CHECK(g_contended.reentrant.acquire(t, parking_lot::kForever, false, &interrupted));
    CHECK(g_contended.reentrant.try_acquire(t));
    g_contended.reentrant_count++;
    CHECK(g_contended.reentrant.release(t));
    CHECK(g_contended.reentrant.release(t));
    {
      ObjectLock lock(t, g_contended.object);
      g_contended.object_count++;
    }
    if (i % 16 == 0) CHECK(!safepoint(t).failed());
  }
  finish();
}

bool locks_exclude() {
  Thread& t = test_thread();
  static GlobalRoot root;
  root.set(t, Ref(TestNode::make(t, 0)));
  g_contended.object = root.get().object();
  for (int i = 0; i < 4; i++) VERIFY(start(t, contend));
  wait_for_all(t);
  VERIFY(g_contended.adaptive_count == 80000);
  VERIFY(g_contended.reentrant_count == 80000);
  VERIFY(g_contended.object_count == 80000);
  VERIFY(!g_contended.lock.locked());
  VERIFY(!g_contended.lock.release());
  VERIFY(g_contended.object->lock == 0);
  return true;
}
TEST(ThreadTest, LocksExclude) { RUN_ISOLATED(locks_exclude); }

bool waits_end() {
  Thread& t = test_thread();
  static AdaptiveLock lock;
  static OneShotEvent event;
  bool interrupted;
  VERIFY(lock.try_acquire());
  VERIFY(!lock.try_acquire());
  u64 begin = platform::monotonic_ns();
  VERIFY(!lock.acquire(t, 20'000'000, true, &interrupted));
  VERIFY(!interrupted);
  VERIFY(platform::monotonic_ns() - begin >= 20'000'000);
  VERIFY(!event.wait(t, 1'000'000, true, &interrupted));
  // A signal ends the main thread's wait, on whatever thread it arrives.
  static int handled = 0;
  g_signal_hook = [](Thread&) -> Status {
    handled++;
    return ok();
  };
  struct sigaction action{};
  action.sa_handler = [](int) { request_poll_main(); };
  sigaction(SIGUSR1, &action, nullptr);
  VERIFY(start(t, [](Thread& self, void*) {
    nap(self, 5000);
    ::raise(SIGUSR1);
    nap(self, 5000);
    event.set();
    lock.release();
    finish();
  }));
  VERIFY(!lock.acquire(t, parking_lot::kForever, true, &interrupted));
  VERIFY(interrupted);
  VERIFY(!safepoint(t).failed());
  VERIFY(handled == 1);
  VERIFY(event.wait(t, parking_lot::kForever, true, &interrupted));
  VERIFY(lock.acquire(t, parking_lot::kForever, true, &interrupted));
  wait_for_all(t);
  return true;
}
TEST(ThreadTest, WaitsEnd) { RUN_ISOLATED(waits_end); }

// R22: the child of a threaded process goes on with one thread, may collect and start threads.
bool fork_leaves_a_usable_child() {
  Thread& t = test_thread();
  static u64 counters[2];
  for (u64& counter : counters) VERIFY(start(t, spin, &counter));
  nap(t, 2000);
  for (int i = 0; i < 10; i++) {
    before_fork(t);
    pid_t pid = fork();
    if (pid == 0) {
      after_fork_child(t);
      if (thread_count() != 1) std::_Exit(1);
      collector::collect(t);
      g_running = 0;
      __atomic_store_n(&g_stop, true, __ATOMIC_RELAXED);
      if (!start(t, spin, &counters[0])) std::_Exit(2);
      wait_for_all(t);
      std::_Exit(0);
    }
    after_fork_parent(t);
    int status = -1;
    {
      Detached detached(t);
      waitpid(pid, &status, 0);
    }
    VERIFY(status == 0);
  }
  __atomic_store_n(&g_stop, true, __ATOMIC_RELAXED);
  wait_for_all(t);
  return true;
}
TEST(ThreadTest, ForkLeavesAUsableChild) { RUN_ISOLATED(fork_leaves_a_usable_child); }

bool many_threads_come_and_go() {
  Thread& t = test_thread();
  for (int round = 0; round < 40; round++) {
    for (int i = 0; i < 10; i++) {
      VERIFY(start(t, [](Thread& self, void*) {
        RefTo<TestNode> cycle = TestNode::make(self, 1);
        cycle->slots[0].store(cycle.get(), cycle.value());
        finish();
      }));
    }
    wait_for_all(t);
  }
  for (int i = 0; i < 5; i++) {
    nap(t, 20000);
    scrub_stack();
    collector::collect(t);
  }
  VERIFY(TestNode::count_alive() < 10);
  VERIFY(thread_count() == 1);
  return true;
}
TEST(ThreadTest, ManyThreadsComeAndGo) { RUN_ISOLATED(many_threads_come_and_go); }

TEST(ThreadTest, PendingCallsRunAtTheNextSafepoint) {
  Thread& t = test_thread();
  static int calls;
  calls = 0;
  EXPECT_TRUE(add_pending_call(
      [](Thread&, void* argument) -> Status {
        calls += int(reinterpret_cast<u64>(argument));
        return ok();
      },
      reinterpret_cast<void*>(3)));
  EXPECT_TRUE(poll_wanted(t));
  EXPECT_FALSE(safepoint(t).failed());
  EXPECT_EQ(calls, 3);
}

[[gnu::noinline]] u64 recurse(Thread& t, u64 depth) {
  char volatile filler[512];
  filler[0] = 1;
  if (enter_native(t).failed()) return depth;
  return recurse(t, depth + 1) + u64(filler[0] - 1);
}
TEST_F(ObjectTest, NativeRecursionEndsInRecursionError) {
  g_raise_recursion_error = [](Thread& thread, const char* where) {
    (void)raise(thread, exc::RecursionError, "maximum recursion depth exceeded%s", where);
  };
  EXPECT_GT(recurse(t, 0), 1000u);
  EXPECT_TRUE(raised().starts_with("RecursionError"));
}

}  // namespace
}  // namespace typhon
