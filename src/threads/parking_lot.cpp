#include "threads/parking_lot.h"

#include "threads/internal.h"
#include "threads/parking_private.h"

namespace typhon::parking_lot {

namespace {

// A waiting thread; lies on its stack. Everything but the thread's park word is guarded by the bucket's lock.
struct Waiter {
  Waiter* next;
  const void* address;
  PlatformThread* thread;
  u64 data;
  u64 since_ns;
  bool queued;
};

// The lock is held for a few instructions only, by attached and detached threads alike, and nothing is waited for under it.
struct alignas(64) Bucket {
  platform::RawLock lock;
  Waiter* head = nullptr;
  Waiter* tail = nullptr;
};
inline constexpr u32 kBuckets = 257;
Bucket g_buckets[kBuckets];

Bucket& bucket_of(const void* address) {
  u64 hash = (u64(address) >> 1) * 0x9E3779B97F4A7C15ull;
  return g_buckets[(hash >> 32) % kBuckets];
}

void append(Bucket& bucket, Waiter* waiter) {
  waiter->next = nullptr;
  (bucket.tail != nullptr ? bucket.tail->next : bucket.head) = waiter;
  bucket.tail = waiter;
  waiter->queued = true;
}

void remove(Bucket& bucket, Waiter* previous, Waiter* waiter) {
  (previous != nullptr ? previous->next : bucket.head) = waiter->next;
  if (bucket.tail == waiter) bucket.tail = previous;
  waiter->queued = false;
}

bool remove_if_queued(Bucket& bucket, Waiter* waiter) {
  platform::RawLockGuard guard(bucket.lock);
  if (!waiter->queued) return false;
  Waiter* previous = nullptr;
  for (Waiter* w = bucket.head; w != waiter; w = w->next) previous = w;
  remove(bucket, previous, waiter);
  return true;
}

void wake(PlatformThread* thread) {
  // The thread may be gone from park() as soon as the bit is visible; its PlatformThread is never freed.
  u32 old = __atomic_fetch_or(&thread->park_word, park::kUnparked, __ATOMIC_ACQ_REL);
  if (old & park::kSleeping) platform::futex_wake(&thread->park_word, 1);
}

// Waking a thread takes about as long as kMostSpinNs, so who will be woken soon may as well watch for it. How long a thread does so
// follows how long its last waits were.
inline constexpr u64 kMostSpinNs = 30'000, kLeastSpinNs = 500, kShortWaitNs = 60'000;
// Waits may be short and watching in vain all the same: when this thread and the one it waits for have one processor between them,
// because others use the rest. After so many long watches in vain, most waits go without.
inline constexpr u8 kVainWatches = 3, kWatchesSkipped = 16;
alignas(64) u32 g_watching = 0;  // atomic

void note_wait(PlatformThread* self, u64 waited_ns) {
  u64 spin = waited_ns < kShortWaitNs ? self->spin_ns * 2 : self->spin_ns / 2;
  self->spin_ns = spin > kMostSpinNs ? kMostSpinNs : spin < kLeastSpinNs ? kLeastSpinNs : spin;
}

}  // namespace

Watch::Watch(Thread& t) : thread_(t) {
  // With a GIL whoever is waited for could not go on meanwhile; nor when every processor has a thread that watches.
  if (g_gil_mode || !g_multi_threaded || platform::processor_count() == 1 ||
      __atomic_load_n(&g_watching, __ATOMIC_RELAXED) >= platform::processor_count()) {
    return;
  }
  PlatformThread* self = t.platform;
  if (self->vain_watches >= kVainWatches && ++self->skipped_watches % kWatchesSkipped != 0) return;
  __atomic_fetch_add(&g_watching, 1, __ATOMIC_RELAXED);
  until_ = platform::monotonic_ns() + self->spin_ns;
}
Watch::~Watch() {
  if (until_ == 0) return;
  __atomic_fetch_sub(&g_watching, 1, __ATOMIC_RELAXED);
  PlatformThread* self = thread_.platform;
  if (succeeded_) {
    self->vain_watches = 0;
    note_wait(self, 0);
  } else if (self->spin_ns >= kMostSpinNs / 2 && self->vain_watches < kVainWatches) {
    self->vain_watches++;
  }
}
bool Watch::goes_on() const { return until_ != 0 && !poll_wanted(thread_) && platform::monotonic_ns() < until_; }
void Watch::succeeded() { succeeded_ = true; }

TYPHON_NOINLINE static Woken wait_in_line(Thread& t, const void* address, bool (*validate)(void* context), void* context,
                                          i64 timeout_ns, bool interruptible, u64* unparker_data) {
  PlatformThread* self = t.platform;
  interruptible = interruptible && t.is_main;
  Bucket& bucket = bucket_of(address);
  u64 now = platform::monotonic_ns();
  u64 deadline =
      timeout_ns < 0 || u64(timeout_ns) > platform::kNoDeadline / 4 ? platform::kNoDeadline : now + u64(timeout_ns);
  Waiter waiter{nullptr, address, self, 0, now, false};
  // Before the look at signal_arrived: a signal from now on sets kInterrupted, and the sleep ends at once.
  __atomic_store_n(&self->park_word, park::kWaiting, __ATOMIC_SEQ_CST);
  {
    platform::RawLockGuard guard(bucket.lock);
    if (!validate(context)) return Woken::kInvalid;
    append(bucket, &waiter);
  }
  Woken result = Woken::kUnparked;
  {
    Detached detached(t);
    for (;;) {
      u32 word = __atomic_fetch_or(&self->park_word, park::kSleeping, __ATOMIC_ACQ_REL) | park::kSleeping;
      if (word & park::kUnparked) break;
      if (interruptible && signal_arrived()) {
        result = Woken::kInterrupted;
      } else {
        platform::WaitResult wait = platform::futex_wait(&self->park_word, word, deadline);
        if (wait != platform::WaitResult::kTimedOut) continue;  // also after EINTR: signal_arrived() tells
        result = Woken::kTimedOut;
      }
      if (remove_if_queued(bucket, &waiter)) break;
      // Somebody is just waking this thread: that counts. The bit is about to be set.
      result = Woken::kUnparked;
      interruptible = false;
      deadline = platform::kNoDeadline;
    }
    note_wait(self, platform::monotonic_ns() - now);
  }
  if (result == Woken::kUnparked && unparker_data != nullptr) *unparker_data = waiter.data;
  return result;
}

Woken park(Thread& t, const void* address, bool (*validate)(void* context), void* context, i64 timeout_ns, bool interruptible,
           u64* unparker_data) {
  // A thread that sleeps for long must not keep what it worked on before.
  platform::empty_stack_below();
  return wait_in_line(t, address, validate, context, timeout_ns, interruptible, unparker_data);
}

bool unpark_one_timed(const void* address, u64 (*callback)(void* context, bool woke, bool more, u64 waited_ns),
                      void* context) {
  Bucket& bucket = bucket_of(address);
  PlatformThread* woken = nullptr;
  {
    platform::RawLockGuard guard(bucket.lock);
    Waiter *found = nullptr, *before = nullptr, *previous = nullptr;
    bool more = false;
    for (Waiter* w = bucket.head; w != nullptr; previous = w, w = w->next) {
      if (w->address != address) continue;
      if (found != nullptr) {
        more = true;
        break;
      }
      found = w;
      before = previous;
    }
    u64 waited = 0;
    if (found != nullptr) {
      remove(bucket, before, found);
      waited = platform::monotonic_ns() - found->since_ns;
    }
    u64 data = callback(context, found != nullptr, more, waited);
    if (found != nullptr) {
      found->data = data;
      woken = found->thread;
    }
  }
  if (woken == nullptr) return false;
  wake(woken);
  return true;
}

bool is_waited_for(const void* address) {
  Bucket& bucket = bucket_of(address);
  platform::RawLockGuard guard(bucket.lock);
  for (Waiter* w = bucket.head; w != nullptr; w = w->next)
    if (w->address == address) return true;
  return false;
}

bool unpark_one(const void* address, u64 (*callback)(void* context, bool woke, bool more), void* context) {
  struct Pack {
    u64 (*callback)(void*, bool, bool);
    void* context;
  } pack{callback, context};
  return unpark_one_timed(
      address,
      [](void* raw, bool woke, bool more, u64) {
        Pack* p = static_cast<Pack*>(raw);
        return p->callback == nullptr ? u64(0) : p->callback(p->context, woke, more);
      },
      &pack);
}

u32 unpark_all(const void* address) {
  Bucket& bucket = bucket_of(address);
  u32 total = 0;
  for (;;) {
    PlatformThread* batch[32];
    u32 count = 0;
    {
      platform::RawLockGuard guard(bucket.lock);
      Waiter* previous = nullptr;
      for (Waiter* w = bucket.head; w != nullptr && count < 32;) {
        Waiter* next = w->next;
        if (w->address == address) {
          remove(bucket, previous, w);
          w->data = 0;
          batch[count++] = w->thread;
        } else {
          previous = w;
        }
        w = next;
      }
    }
    for (u32 i = 0; i < count; i++) wake(batch[i]);
    total += count;
    if (count < 32) return total;
  }
}

}  // namespace typhon::parking_lot

namespace typhon {

void parking_lot_reset_after_fork() {
  using namespace parking_lot;
  for (Bucket& bucket : g_buckets) {
    bucket.lock.reset_after_fork();
    bucket.head = bucket.tail = nullptr;
  }
  g_watching = 0;
}

}  // namespace typhon
