// Thread: the state of one Python thread, and the safepoint protocol (docs/threads.md).
//
// A thread is ATTACHED (runs Python or touches objects), DETACHED (blocked in the kernel or in long native work: it
// promises not to touch objects, its stack can be scanned on its behalf) or STOPPED (at a safepoint while another thread
// has the world stopped). In GIL mode being attached means holding the GIL.
//
// Poll: `poll` is one byte, non-zero when anything wants this thread's attention: stop requests, signals, pending
// calls, reclaiming, collection, GIL requests, asynchronous exceptions. Interpreter handlers test it at back-edges and
// function entries; long native loops call safepoint().
#pragma once
#include "heap/field.h"
#include "heap/heap.h"
#include "platform/os.h"

namespace typhon {

struct Frame;
struct ExceptionItem;
class Detached;

// The exception being handled, as sys.exc_info() sees it: generators link an item of their own while they run.
struct ExceptionItem {
  Value exception = None;  // owned register word
  ExceptionItem* previous = nullptr;
};

// Words that must stay free between the last register of a frame and the stack's limit (headers, windows in progress).
inline constexpr i64 kStackSlack = 64;

struct Thread {
  // --- touched by every handler
  u8 poll = 0;  // written by other threads: relaxed atomic accesses only
  u8 tracing = 0;
  u16 id = 0;  // index of this thread's slot; never 0; the owner stamp of checking builds
  u32 native_depth = 0;
  Value* frame = nullptr;        // register 0 of the running frame (bytecode/frame.h), null when none
  Value* stack_limit = nullptr;  // end of the Python register stack
  Value* entry_limit = nullptr;  // where frames pushed inside handlers have to end; null: not at all (renew_entry_limit). Atomic accesses only
  const void* dispatch_table = nullptr;  // the handlers this thread runs (normal or instrumented)
  char* native_limit = nullptr;  // lowest stack address C++ recursion may reach

  // --- exceptions
  Value pending = EMPTY;  // the raised exception instance (owned register word) or EMPTY
  ExceptionItem base_exception;
  ExceptionItem* exception_top = &base_exception;

  // --- recursion
  u32 recursion_depth = 0;
  u32 recursion_limit = 1000;

  // --- heap
  void* free_lists[heap::kClassCount] = {};
  u64 allocated_bytes = 0;  // since the collector last looked
  struct HeapState* heap_state = nullptr;
  struct ReclaimState* reclaim = nullptr;  // candidates, retired bodies
  RootedVector* rooted = nullptr;

  // --- stacks
  Value* stack_base = nullptr;
  char* native_base = nullptr;   // highest address of the native stack
  void* spilled_sp = nullptr;    // valid while detached or stopped: where a scan of the native stack begins
  u32 destroy_depth = 0;
  Object* destroy_list = nullptr;

  // --- identity
  u64 ident = 0;        // threading.get_ident()
  u64 native_id = 0;    // gettid
  u32 status = 0;       // thread_status bits, atomic
  bool instrumented = false;  // dispatch_table traces
  bool is_main = false;
  bool daemon = false;
  struct PlatformThread* platform = nullptr;

  // --- per-thread Python state; counted, published only as ownership requires (R4: dropped by this thread)
  Value context = EMPTY;       // contextvars.Context or EMPTY
  Value locals = EMPTY;        // dict of threading.local dictionaries, or EMPTY
  Value async_exception = EMPTY;
  Value trace_function = EMPTY, trace_argument = EMPTY;
  Value profile_function = EMPTY, profile_argument = EMPTY;
  Value asyncgen_firstiter = EMPTY, asyncgen_finalizer = EMPTY;
  u32 coroutine_origin_depth = 0;
  Value repr_stack = EMPTY;    // dict of the objects whose repr is running, by address (Py_ReprEnter)
  Value running_loop = EMPTY;  // asyncio

  Thread* next = nullptr;  // list of all threads, under the runtime's thread lock
  Thread* previous = nullptr;

  // The Thread of the calling OS thread; null when it has none.
  static Thread* current_or_null();
  static Thread& current();
};

// The one word that the safepoint protocol runs on. Attaching and detaching are one compare-and-swap each, which fails
// exactly when a stop is wanted; a thread is stopped when it is detached and kStopWanted is set.
namespace thread_status {
inline constexpr u32 kDetached = 0, kAttached = 1, kFinished = 2, kStateMask = 3;
inline constexpr u32 kStopWanted = 4;  // set by the stopping thread, for the duration of the stop
inline constexpr u32 kWaiting = 8;     // sleeps on the word until kStopWanted goes
}  // namespace thread_status

extern constinit thread_local Thread* tls_current_thread;  // constinit: who reads it asks no init function
TYPHON_INLINE Thread* Thread::current_or_null() { return tls_current_thread; }
TYPHON_INLINE Thread& Thread::current() { return *tls_current_thread; }

TYPHON_INLINE bool poll_wanted(const Thread& t) { return load_relaxed(&t.poll) != 0; }

// The taken path of a poll: stops for others, runs signal handlers, finalisers, collections, hands over the GIL. Runs
// Python code; every locality fact and borrowed shared word dies here (R2). Fails with the exception that a signal
// handler or asynchronous exception raised.
Status safepoint_slow(Thread& t);
// For long native loops that run no Python code in between.
TYPHON_INLINE Status safepoint(Thread& t) {
  if (poll_wanted(t)) [[unlikely]] return safepoint_slow(t);
  return ok();
}
// A frame that is entered has to poll, and to be traced: while either is wanted, entry_limit is null and calls go the general way, so
// that the quick one compares once. Sets this thread's limit by what is wanted now.
void renew_entry_limit(Thread& t);
// For native code that must not run Python code but may wait: only stops for others (memory scans).
void safepoint_scan_only(Thread& t);

// Around a blocking call: detaches in the constructor (registers spilled, GIL released), attaches again in the
// destructor. In between no object may be touched; what the call uses must be pinned by a Ref on this stack.
extern bool g_gil_mode;
void detach_slow(Thread& t);
void attach_slow(Thread& t);

class [[nodiscard]] Detached {
 public:
  TYPHON_INLINE explicit Detached(Thread& t) : thread_(t) {
    // Inline, so that what is spilled are the registers of the function that blocks.
    TYPHON_SPILL_REGISTERS(registers_, t.spilled_sp);
    u32 expected = thread_status::kAttached;
    if (g_gil_mode || !__atomic_compare_exchange_n(&t.status, &expected, thread_status::kDetached, false,
                                                   __ATOMIC_RELEASE, __ATOMIC_RELAXED)) [[unlikely]] {
      detach_slow(t);
    }
  }
  TYPHON_INLINE ~Detached() {
    u32 expected = thread_status::kDetached;
    if (g_gil_mode || !__atomic_compare_exchange_n(&thread_.status, &expected, thread_status::kAttached, false,
                                                   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) [[unlikely]] {
      attach_slow(thread_);
    }
  }
  Detached(const Detached&) = delete;
  Detached& operator=(const Detached&) = delete;

 private:
  Thread& thread_;
  u64 registers_[kSpilledRegisters];  // callee-saved registers, spilled where the scan finds them
};

// --- the world
// Brings every other attached thread to a safepoint; returns with the world stopped. The caller must be attached and
// hold no lock that a thread may wait for while attached.
void stop_the_world(Thread& t);
void start_the_world(Thread& t);
class [[nodiscard]] WorldStopped {
 public:
  explicit WorldStopped(Thread& t) : thread_(t) { stop_the_world(t); }
  ~WorldStopped() { start_the_world(thread_); }
  WorldStopped(const WorldStopped&) = delete;

 private:
  Thread& thread_;
};
// How often the world was stopped: what is freed only after a stop (shared objects, several threads) is there while this stays the
// same.
extern u64 g_stops;
inline u64 stops_so_far() { return __atomic_load_n(&g_stops, __ATOMIC_RELAXED); }
// All threads, only while the world is stopped.
Thread* first_thread();
// True between stop_the_world and start_the_world of this thread.
bool world_stopped_by(const Thread& t);
// Stops the other threads for good: the process is about to exit. The caller goes on attached.
void freeze_other_threads(Thread& t);
// Number of Python threads, the calling one included (a snapshot); helper threads of the VM do not count.
u32 thread_count();

// --- creation
// Makes the Thread of the calling OS thread and attaches it. The first call makes the main thread.
Thread& attach_main_thread();
// Runs `entry` on a large stack of our own (the process's main thread has a small one); returns its result. For main().
int run_main_on_own_stack(int (*entry)(void* argument), void* argument);
// The Thread of the main thread, null before attach_main_thread.
Thread* main_thread();
// Starts a Python thread: entry(t, argument) runs attached on a stack of `stack_size` bytes (0: the default, 64 MiB
// reserved). Switches to multi-threaded mode at the first call in free-threaded mode. Fails with RuntimeError("can't
// start new thread"). Everything reachable from what the new thread gets must have been published by the caller.
Result<u64> start_thread(Thread& t, void (*entry)(Thread& t, void* argument), void* argument, size_t stack_size,
                         bool daemon);

// --- fork (R22). before_fork stops the world; exactly one of the others follows, in the parent and in the child. In the child
// only the calling thread is left, and it is the main thread. Functions registered with at_fork_child reset locks and
// other state of higher layers; they run in after_fork_child, in order of registration, before the world goes on.
void before_fork(Thread& t);
void after_fork_parent(Thread& t);
void after_fork_child(Thread& t);
void at_fork_child(void (*function)(Thread& t));

// --- requests that ride on the poll
void request_poll(Thread& t);       // sets the poll byte of a thread (any thread may call)
void request_poll_main();           // async-signal-safe: a signal arrived
using PendingCall = Status (*)(Thread& t, void* argument);
bool add_pending_call(PendingCall call, void* argument);  // runs on the main thread; false when the queue is full
// Raises `exception` (a class or instance; EMPTY takes a request back) in the thread with this ident at its next safepoint.
// False when there is no such thread.
bool set_async_exception(Thread& t, u64 ident, Ref&& exception);
// Hooks that the upper layers install (signal handlers run Python; the collector): called from safepoint_slow.
extern Status (*g_signal_hook)(Thread& t);
extern void (*g_collect_hook)(Thread& t);

// --- GIL mode
bool gil_enabled();
void enable_gil();                 // before any second thread
double switch_interval();          // seconds
void set_switch_interval(double seconds);

// C++ recursion check: false (RecursionError pending) when the native stack is nearly used up. Called on every entry
// into native recursion: calls from native code into Python, repr, comparison, parser...
TYPHON_COLD Status native_stack_exhausted(Thread& t, const char* where);
TYPHON_INLINE bool native_stack_low(const Thread& t) {
  return reinterpret_cast<char*>(__builtin_frame_address(0)) < t.native_limit;
}

TYPHON_INLINE Status enter_native(Thread& t, const char* where = "") {
  if (native_stack_low(t)) [[unlikely]] return native_stack_exhausted(t, where);
  return ok();
}

}  // namespace typhon
