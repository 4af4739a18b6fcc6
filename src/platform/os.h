// The little that Typhon asks of the operating system below the level of Python's os module: address space, futexes,
// the monotonic clock, native threads on stacks of our own. Nothing here knows about Python objects.
#pragma once
#include "base/common.h"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TYPHON_TSAN_BUILD 1
#endif
#if __has_feature(address_sanitizer)
#define TYPHON_ASAN_BUILD 1
#endif
#endif
// For the conservative scans: they read the stacks of blocked threads, redzones included.
#define TYPHON_NO_SANITIZE __attribute__((no_sanitize("address", "thread", "memory", "undefined"), noinline))

namespace typhon::platform {

// --- memory
size_t page_size();
// Address space without memory behind it (no access), aligned to `alignment` (a power of two >= page size). Null when the
// system has none left (RLIMIT_AS).
void* reserve(size_t size, size_t alignment);
// Makes part of a reserved range usable; reads as zero. False when the system refuses.
bool commit(void* address, size_t size, bool allow_huge_pages);
// Puts memory behind a usable range that will be written to soon: one call instead of a page fault for each page. Does nothing where
// the system cannot do that.
void populate(void* address, size_t size);
// Gives the memory back, the range stays usable and reads as zero again.
void discard(void* address, size_t size);
// Lets go of the pages of the program and its libraries that hold code and constants: most were touched for the start alone, and
// what is needed again comes back from the file. Breakpoints of a debugger that were set before are lost.
void forget_code_pages();
// Gives the memory back and makes the range inaccessible again.
void decommit(void* address, size_t size);
void unmap(void* address, size_t size);
// A usable range that takes memory only where it is touched, with an inaccessible page at its low end; null on failure.
void* map_stack(size_t size);

// --- clock
u64 monotonic_ns();

// --- futex. Deadlines are absolute monotonic times; kNoDeadline waits forever.
inline constexpr u64 kNoDeadline = ~u64(0);
enum class WaitResult { kWoken, kTimedOut, kInterrupted };  // kWoken includes spurious wake-ups and a changed word
WaitResult futex_wait(u32* word, u32 expected, u64 deadline_ns);
// Async-signal-safe.
void futex_wake(u32* word, int count);

TYPHON_INLINE void cpu_relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}
// How many processors this process may use, at least 1.
u32 processor_count();

// A lock for the VM's own short critical sections in code that has no Thread: 4 bytes, spins, then sleeps. Constant
// initialised; a held one can be reset in a forked child.
class RawLock {
 public:
  constexpr RawLock() = default;
  void lock() {
    u32 expected = 0;
    if (!__atomic_compare_exchange_n(&state_, &expected, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) lock_slow();
  }
  bool try_lock() {
    u32 expected = 0;
    return __atomic_compare_exchange_n(&state_, &expected, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
  }
  void unlock() {
    if (__atomic_exchange_n(&state_, 0, __ATOMIC_RELEASE) == 2) futex_wake(&state_, 1);
  }
  void reset_after_fork() { state_ = 0; }

 private:
  void lock_slow();
  u32 state_ = 0;  // 0 free, 1 held, 2 held and somebody sleeps
};
class [[nodiscard]] RawLockGuard {
 public:
  explicit RawLockGuard(RawLock& lock) : lock_(lock) { lock.lock(); }
  ~RawLockGuard() { lock_.unlock(); }
  RawLockGuard(const RawLockGuard&) = delete;

 private:
  RawLock& lock_;
};

// --- native threads
u64 native_thread_id();  // gettid
// The extent of the calling thread's stack as the system gave it.
void current_stack(char** low, char** high);
struct NativeStack {
  char* low = nullptr;  // of the mapping: the guard page
  size_t size = 0;
};
// Calls entry in a native thread of its own, on a stack of `stack_size` bytes (rounded up). Threads whose entry has returned, and
// their stacks, are used again: what a thread changes about itself (thread_local variables) it finds so the next time; the signal
// mask is the starter's. False when the system refuses. `handle` receives pthread_self() of the thread.
bool start_native_thread(void (*entry)(void* argument, NativeStack stack), void* argument, size_t stack_size,
                         u64* handle);
// In a forked child: threads other than the caller are gone.
void forget_native_threads();
// Calls entry on a fresh stack of `size` bytes in the calling thread; returns its result.
int call_on_stack(size_t size, int (*entry)(void*), void* argument, char** low, char** high);

}  // namespace typhon::platform

namespace typhon::platform {
// Sets a piece of the native stack below the caller to zeros: what earlier calls left there would lie in the frames to come, in room
// that those do not fill, and a conservative scan of the stack would find it for as long as they are there.
void empty_stack_below();

template <class F>
TYPHON_NOINLINE auto call_apart(F& f) {
  return f();
}
// Calls f(), which may wait for long, in a frame that holds nothing of what ran before.
template <class F>
TYPHON_INLINE auto on_emptied_stack(F f) {
  empty_stack_below();
  return call_apart(f);
}
}  // namespace typhon::platform

// Stores the callee-saved registers where a stack scan finds them, and the stack pointer. Must be expanded in a function
// whose frame stays alive while the scan may happen (glibc's setjmp will not do: it mangles the frame pointer). The
// caller-saved registers are declared clobbered, so that no live value sits in one of them and moves on afterwards.
#if defined(__x86_64__)
inline constexpr int kSpilledRegisters = 6;
#define TYPHON_SPILL_REGISTERS(buffer, sp)           \
  __asm__ volatile(                                  \
      "movq %%rbx, 0(%1)\n\tmovq %%rbp, 8(%1)\n\t"   \
      "movq %%r12, 16(%1)\n\tmovq %%r13, 24(%1)\n\t" \
      "movq %%r14, 32(%1)\n\tmovq %%r15, 40(%1)\n\t" \
      "movq %%rsp, %0"                               \
      : "=m"(sp)                                     \
      : "r"(buffer)                                  \
      : "memory", "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11")
#elif defined(__aarch64__)
inline constexpr int kSpilledRegisters = 20;
#define TYPHON_SPILL_REGISTERS(buffer, sp)                                                                       \
  __asm__ volatile(                                                                                              \
      "stp x19, x20, [%1, #0]\n\tstp x21, x22, [%1, #16]\n\tstp x23, x24, [%1, #32]\n\t"                         \
      "stp x25, x26, [%1, #48]\n\tstp x27, x28, [%1, #64]\n\tstp x29, x30, [%1, #80]\n\t"                        \
      "stp d8, d9, [%1, #96]\n\tstp d10, d11, [%1, #112]\n\tstp d12, d13, [%1, #128]\n\t"                        \
      "stp d14, d15, [%1, #144]\n\tmov x8, sp\n\tstr x8, %0"                                                     \
      : "=m"(sp)                                                                                                 \
      : "r"(buffer)                                                                                              \
      : "memory", "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", \
        "x15", "x16", "x17")
#else
#error "port TYPHON_SPILL_REGISTERS to this processor"
#endif
