#include "platform/os.h"

#include <link.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cerrno>
#include <climits>
#include <csignal>
#include <ctime>

#ifdef TYPHON_ASAN_BUILD
// The conservative scan reads locals on the real stack; fake stacks would hide them.
extern "C" __attribute__((visibility("default"), used)) const char* __asan_default_options() {
  return "detect_stack_use_after_return=0:detect_leaks=0:allocator_may_return_null=1";
}
#endif

#ifdef TYPHON_TSAN_BUILD
// Finished threads wait to be joined by whoever reuses their stack.
extern "C" __attribute__((visibility("default"), used)) const char* __tsan_default_options() {
  return "report_thread_leaks=0:die_after_fork=0";
}
// A program may close a socket that another thread is using: the kernel sees to that, and the other call fails.
extern "C" __attribute__((visibility("default"), used)) const char* __tsan_default_suppressions() { return "race:typhon::net::close_fd\n"; }
#endif

namespace typhon::platform {

size_t page_size() {
  static const size_t size = size_t(sysconf(_SC_PAGESIZE));
  return size;
}

void* reserve(size_t size, size_t alignment) {
  size_t total = size + alignment;
  void* mapped = mmap(nullptr, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  u64 start = u64(mapped), aligned = align_up(start, alignment);
  if (aligned > start) munmap(mapped, aligned - start);
  if (aligned + size < start + total) munmap(reinterpret_cast<void*>(aligned + size), start + total - aligned - size);
  return reinterpret_cast<void*>(aligned);
}

bool commit(void* address, size_t size, bool allow_huge_pages) {
  if (mprotect(address, size, PROT_READ | PROT_WRITE) != 0) return false;
  madvise(address, size, allow_huge_pages ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
  return true;
}

void populate(void* address, size_t size) {
#ifdef MADV_POPULATE_WRITE
  madvise(address, size, MADV_POPULATE_WRITE);
#else
  (void)address, (void)size;
#endif
}

void discard(void* address, size_t size) { madvise(address, size, MADV_DONTNEED); }

namespace {
struct CodeRange {
  void* begin;
  size_t size;
};
// Of the executable and the libraries it was linked with: what is loaded later may be unloaded.
struct CodeRanges {
  CodeRange ranges[32];
  int count = 0;
  CodeRanges() {
    dl_iterate_phdr(
        [](dl_phdr_info* info, size_t, void* out) {
          auto* self = static_cast<CodeRanges*>(out);
          u64 mask = page_size() - 1;
          for (int i = 0; i < info->dlpi_phnum; i++) {
            const auto& part = info->dlpi_phdr[i];
            if (part.p_type != PT_LOAD || (part.p_flags & PF_W)) continue;
            u64 begin = (info->dlpi_addr + part.p_vaddr + mask) & ~mask;
            u64 end = (info->dlpi_addr + part.p_vaddr + part.p_filesz) & ~mask;
            if (begin < end && self->count < 32) self->ranges[self->count++] = {reinterpret_cast<void*>(begin), end - begin};
          }
          return 0;
        },
        this);
  }
};
}  // namespace

void forget_code_pages() {
  static const CodeRanges code;
  for (int i = 0; i < code.count; i++) madvise(code.ranges[i].begin, code.ranges[i].size, MADV_DONTNEED);
}

void decommit(void* address, size_t size) {
  // A new mapping, not mprotect: that would keep the pages and their accounting.
  mmap(address, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

void unmap(void* address, size_t size) { munmap(address, size); }

void* map_stack(size_t size) {
  void* mapped =
      mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  madvise(mapped, size, MADV_NOHUGEPAGE);
  mprotect(mapped, page_size(), PROT_NONE);
  return mapped;
}

u64 monotonic_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return u64(now.tv_sec) * 1'000'000'000 + u64(now.tv_nsec);
}

WaitResult futex_wait(u32* word, u32 expected, u64 deadline_ns) {
  timespec deadline, *timeout = nullptr;
  if (deadline_ns != kNoDeadline) {
    deadline.tv_sec = time_t(deadline_ns / 1'000'000'000);
    deadline.tv_nsec = long(deadline_ns % 1'000'000'000);
    timeout = &deadline;
  }
  int saved = errno;
  // WAIT_BITSET: the only form with an absolute deadline on the monotonic clock.
  long result = syscall(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected, timeout, nullptr,
                        FUTEX_BITSET_MATCH_ANY);
  WaitResult outcome = WaitResult::kWoken;
  if (result != 0 && errno == ETIMEDOUT) outcome = WaitResult::kTimedOut;
  if (result != 0 && errno == EINTR) outcome = WaitResult::kInterrupted;
  errno = saved;
  return outcome;
}

void futex_wake(u32* word, int count) {
  int saved = errno;
  syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, count, nullptr, nullptr, 0);
  errno = saved;
}

u32 processor_count() {
  static const u32 count = [] {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
      int n = CPU_COUNT(&set);
      if (n > 0) return u32(n);
    }
    return 1u;
  }();
  return count;
}

void RawLock::lock_slow() {
  u32 spins = processor_count() > 1 ? 100 : 0;
  for (u32 i = 0; i < spins; i++) {
    cpu_relax();
    if (__atomic_load_n(&state_, __ATOMIC_RELAXED) == 0 && try_lock()) return;
  }
  while (__atomic_exchange_n(&state_, 2, __ATOMIC_ACQUIRE) != 0) futex_wait(&state_, 2, kNoDeadline);
}

u64 native_thread_id() { return u64(syscall(SYS_gettid)); }

void current_stack(char** low, char** high) {
  pthread_attr_t attributes;
  void* address = nullptr;
  size_t size = 0;
  CHECK(pthread_getattr_np(pthread_self(), &attributes) == 0);
  pthread_attr_getstack(&attributes, &address, &size);
  pthread_attr_destroy(&attributes);
  *low = static_cast<char*>(address);
  *high = *low + size;
}

// --- native threads. One that has finished its work waits a moment for more, as programs that start threads start many, and a
// new one costs twice as much. In the end it cannot unmap the stack it stands on: it leaves its stack and handle in g_finished,
// and whoever starts (or finishes) a thread next joins it, which takes microseconds by then.
namespace {

struct FinishedThread {
  pthread_t handle;
  NativeStack stack;
};
inline constexpr u32 kFinishedLimit = 16;
RawLock g_finished_lock;
FinishedThread g_finished[kFinishedLimit];
u32 g_finished_count = 0;

struct StartRecord {
  void (*entry)(void*, NativeStack);
  void* argument;
  NativeStack stack;
};

// On the stack of the waiting thread.
struct IdleThread {
  u32 has_work = 0;  // atomic, futex
  pthread_t handle;
  StartRecord work;
  sigset_t signal_mask;  // of the starter: a new thread inherits it
  IdleThread* next;
};
inline constexpr u32 kIdleLimit = 8;
inline constexpr u64 kIdleNs = 100'000'000;
RawLock g_idle_lock;
IdleThread* g_idle = nullptr;
u32 g_idle_count = 0;

IdleThread* take_idle_thread(size_t stack_size) {
  RawLockGuard guard(g_idle_lock);
  for (IdleThread** link = &g_idle; *link != nullptr; link = &(*link)->next) {
    IdleThread* found = *link;
    if (found->work.stack.size != stack_size) continue;
    *link = found->next;
    g_idle_count--;
    return found;
  }
  return nullptr;
}

// True when the thread was in the list still.
bool leave_idle_list(const IdleThread* self) {
  RawLockGuard guard(g_idle_lock);
  for (IdleThread** link = &g_idle; *link != nullptr; link = &(*link)->next) {
    if (*link != self) continue;
    *link = self->next;
    g_idle_count--;
    return true;
  }
  return false;
}

// A program that starts one thread after the other has the next one soon: watching for it is quicker than being woken. For how long
// depends on how long the last wait was.
constexpr u64 kMostSpinNs = 30'000, kLeastSpinNs = 500;
u64 g_idle_spin_ns = kMostSpinNs;  // atomic

void spin_for_work(const IdleThread& self, u64 begin) {
  u64 until = begin + __atomic_load_n(&g_idle_spin_ns, __ATOMIC_RELAXED);
  if (processor_count() == 1) return;
  while (monotonic_ns() < until) {
    for (u32 i = 0; i < 8; i++) {
      if (__atomic_load_n(&self.has_work, __ATOMIC_RELAXED) != 0) return;
      cpu_relax();
    }
  }
}

bool wait_for_work(StartRecord* record) {
  IdleThread self;
  self.handle = pthread_self();
  self.work = *record;
  {
    RawLockGuard guard(g_idle_lock);
    if (g_idle_count == kIdleLimit) return false;
    g_idle_count++;
    self.next = g_idle;
    g_idle = &self;
  }
  u64 begin = monotonic_ns(), deadline = begin + kIdleNs;
  spin_for_work(self, begin);
  while (__atomic_load_n(&self.has_work, __ATOMIC_ACQUIRE) == 0) {
    if (futex_wait(&self.has_work, 0, deadline) != WaitResult::kTimedOut) continue;
    if (leave_idle_list(&self)) return false;
    deadline = kNoDeadline;  // somebody has taken it, and is about to say what for
  }
  __atomic_store_n(&g_idle_spin_ns, monotonic_ns() - begin < 2 * kMostSpinNs ? kMostSpinNs : kLeastSpinNs, __ATOMIC_RELAXED);
  pthread_sigmask(SIG_SETMASK, &self.signal_mask, nullptr);
  *record = self.work;
  empty_stack_below();
  return true;
}

void give_up_stack(NativeStack stack);

void* native_main(void* raw) {
  StartRecord record = *static_cast<StartRecord*>(raw);
  delete static_cast<StartRecord*>(raw);
  do {
    record.entry(record.argument, record.stack);
  } while (wait_for_work(&record));
  give_up_stack(record.stack);
  return nullptr;
}

// A stack of at least `size` bytes, from a finished thread if possible.
NativeStack take_stack(size_t size) {
  FinishedThread found{};
  {
    RawLockGuard guard(g_finished_lock);
    for (u32 i = 0; i < g_finished_count; i++) {
      if (g_finished[i].stack.size != size) continue;
      found = g_finished[i];
      g_finished[i] = g_finished[--g_finished_count];
      break;
    }
  }
  if (found.stack.low != nullptr) {
    pthread_join(found.handle, nullptr);
    return found.stack;
  }
  char* low = static_cast<char*>(map_stack(size));
  return low == nullptr ? NativeStack{} : NativeStack{low, size};
}

void give_up_stack(NativeStack stack) {
  // What lies well below this frame will not be used any more. Deep recursion may have left a lot there.
  char* sp = static_cast<char*>(__builtin_frame_address(0));
  char* keep = reinterpret_cast<char*>(align_up(u64(sp), page_size())) - 64 * 1024;
  char* low = stack.low + page_size();
  if (keep > low) madvise(low, size_t(keep - low), MADV_DONTNEED);
  FinishedThread reaped{};
  {
    RawLockGuard guard(g_finished_lock);
    if (g_finished_count == kFinishedLimit) reaped = g_finished[--g_finished_count];
    g_finished[g_finished_count++] = {pthread_self(), stack};
  }
  if (reaped.stack.low != nullptr) {
    pthread_join(reaped.handle, nullptr);
    munmap(reaped.stack.low, reaped.stack.size);
  }
}

}  // namespace

bool start_native_thread(void (*entry)(void*, NativeStack), void* argument, size_t stack_size, u64* handle) {
  size_t size = align_up(stack_size, page_size()) + page_size();
  if (IdleThread* idle = take_idle_thread(size)) {
    *handle = u64(idle->handle);
    idle->work = {entry, argument, idle->work.stack};
    pthread_sigmask(SIG_SETMASK, nullptr, &idle->signal_mask);
    __atomic_store_n(&idle->has_work, 1, __ATOMIC_RELEASE);
    futex_wake(&idle->has_work, 1);
    return true;
  }
  NativeStack stack = take_stack(size);
  if (stack.low == nullptr) return false;
  auto* record = new StartRecord{entry, argument, stack};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstack(&attributes, stack.low + page_size(), stack.size - page_size());
  pthread_t thread;
  int error = pthread_create(&thread, &attributes, native_main, record);
  pthread_attr_destroy(&attributes);
  if (error != 0) {
    delete record;
    munmap(stack.low, stack.size);
    return false;
  }
  *handle = u64(thread);
  return true;
}

void forget_native_threads() {
  // Another thread may have been halfway through an update of the list: its stacks are given up, not unmapped.
  g_finished_lock.reset_after_fork();
  g_finished_count = 0;
  g_idle_lock.reset_after_fork();
  g_idle = nullptr;
  g_idle_count = 0;
}

TYPHON_NOINLINE void empty_stack_below() {
  u64 words[256];
  memset(words, 0, sizeof words);
  asm volatile("" : : "r"(words) : "memory");
}

#if defined(__x86_64__)
__attribute__((naked, noinline)) static int switch_stack(void*, int (*)(void*), void*) {
  __asm__ volatile(
      "pushq %rbp\n\t"
      ".cfi_def_cfa_offset 16\n\t"
      ".cfi_offset %rbp, -16\n\t"
      "movq %rsp, %rbp\n\t"
      ".cfi_def_cfa_register %rbp\n\t"
      "movq %rdi, %rsp\n\t"
      "movq %rdx, %rdi\n\t"
      "callq *%rsi\n\t"
      "movq %rbp, %rsp\n\t"
      "popq %rbp\n\t"
      ".cfi_def_cfa %rsp, 8\n\t"
      "retq");
}
#elif defined(__aarch64__)
__attribute__((naked, noinline)) static int switch_stack(void*, int (*)(void*), void*) {
  __asm__ volatile(
      "stp x29, x30, [sp, #-16]!\n\t"
      "mov x29, sp\n\t"
      "mov sp, x0\n\t"
      "mov x0, x2\n\t"
      "blr x1\n\t"
      "mov sp, x29\n\t"
      "ldp x29, x30, [sp], #16\n\t"
      "ret");
}
#endif

int call_on_stack(size_t size, int (*entry)(void*), void* argument, char** low, char** high) {
#if !defined(TYPHON_ASAN_BUILD) && !defined(TYPHON_TSAN_BUILD)
  size = align_up(size, page_size());
  char* stack = static_cast<char*>(map_stack(size));
  if (stack != nullptr) {
    *low = stack + page_size();
    *high = stack + size;
    return switch_stack(*high - 64, entry, argument);  // never unmapped: the process ends with it
  }
#endif
  current_stack(low, high);
  return entry(argument);
}

}  // namespace typhon::platform
