// What a thread has queued for reclaiming, and the steps of it that other files take part in (docs/ownership.md,
// docs/collector.md). Private to heap/ and threads/.
#pragma once
#include <cstdlib>
#include <vector>

#include "heap/collector.h"
#include "heap/heap.h"
#include "platform/os.h"

namespace typhon {

// A stack of pointers that says when there is no memory instead of aborting.
class PointerStack {
 public:
  bool push(Object* object) {
    if (size_ == capacity_) {
      size_t wanted = capacity_ == 0 ? 256 : capacity_ * 2;
      void* grown = std::realloc(items_, wanted * sizeof(Object*));
      if (grown == nullptr) return false;
      items_ = static_cast<Object**>(grown);
      capacity_ = wanted;
    }
    items_[size_++] = object;
    return true;
  }
  Object* pop() { return size_ == 0 ? nullptr : items_[--size_]; }
  bool empty() const { return size_ == 0; }
  void clear() { size_ = 0; }
  // After a big run: a thread should not sit on megabytes.
  void trim() {
    if (capacity_ <= 4096) return;
    std::free(items_);
    items_ = nullptr;
    size_ = capacity_ = 0;
  }

 private:
  Object** items_ = nullptr;
  size_t size_ = 0, capacity_ = 0;
};

// Which shared objects a thread counts over and over (a few at a time: what collides starts anew).
struct Popularity {
  struct Entry {
    Object* object;
    u32 counted;
  };
  static constexpr u32 kEntries = 64, kEnough = 512;
  Entry entries[kEntries] = {};
  // True when the object has just become popular.
  TYPHON_INLINE bool note(Object* object) {
    Entry& entry = entries[(u64(object) >> 4 ^ u64(object) >> 10) % kEntries];
    if (entry.object != object) {
      entry = {object, 1};
      return false;
    }
    return ++entry.counted == kEnough;
  }
};

// Belongs to its thread; whoever has the world stopped may touch it as well.
struct ReclaimState {
  std::vector<Object*> candidates;   // SHARED, QUEUED, count zero when they were pushed
  std::vector<heap::Body*> retired;  // replaced bodies of shared objects
  std::vector<Object*> finalise;     // unreachable, QUEUED, weakrefs cleared: __del__ runs on this thread
  std::vector<Object*> garbage;      // LOCAL cyclic garbage of this thread found by another one; one extra count each
  std::vector<Object*> popular;      // SHARED when they were pushed: to become DEFERRED at the next stop
  Popularity popularity;
  u64 bytes = 0;                     // of candidates and retired bodies
  u64 count_limit = 4096, bytes_limit = u64(1) << 20;
  u64 finalise_since_ns = 0;
  u64 published = 0, queued = 0, reclaimed = 0;  // statistics
  PointerStack publish_stack;
  bool running = false;       // reclaim_candidates is on this thread's stack
  void* scan_from = nullptr;  // where the scan of this thread's own native stack begins (ScanFrom)
  ReclaimState* next_unused = nullptr;
};

// A shared object's count fell to zero (QUEUED was set by the caller's RMW).
void queue_candidate(Object* object);
// The calling thread has counted this shared object so often that counting it costs more than keeping it until a collection.
void note_popular(Object* object);
// What threads have found popular becomes DEFERRED, so that nobody counts it any more. The world is stopped.
void defer_popular_objects();
void note_retired(Thread& t, heap::Body* body, size_t size);

// Destroys the object as far as that is possible without its header (shared with the collector).
void drop_slots(Object* object);
// Runs the finaliser with t.pending put aside.
void call_finaliser(Thread& t, Object* object);
namespace collector {
// Runs the finalisers of garbage, in the order of object_model::finaliser_rank. False: there were none. A count of each is held.
bool call_finalisers(Thread& t, std::vector<Object*>& objects);
}  // namespace collector
void call_weakref_callbacks(Thread& t, RootedVector& callbacks);

// The object whose destruction waits in a thread's destroy_list, after `object`.
Object* next_in_destroy_list(const Object* object);

// Makes every LOCAL object in the pages of a finishing thread SHARED (R17).
void publish_all_local(Thread& t);

struct GlobalRoots {
  static void for_each(void (*f)(Value word, void* context), void* context);
  static void reset_lock_after_fork();
  // Like root.set(), but a LOCAL value stays LOCAL (R4): only its thread may look at it, and has it published, inside a stop, before
  // another one does.
  static void set_confined(GlobalRoot& root, Ref&& owned);

 private:
  static void put(GlobalRoot& root, Value owned);
  friend class ::typhon::GlobalRoot;
};

// Marks the frame it stands in as the place where a scan of the calling thread's own stack begins. The frames below, of the
// collector itself, are full of addresses that mean nothing (pages, blocks it looked at); what they hold they count.
class ScanFrom {
 public:
  TYPHON_INLINE explicit ScanFrom(ReclaimState& r) : reclaim_(r), saved_(r.scan_from) {
    TYPHON_SPILL_REGISTERS(registers_, r.scan_from);
    r.scan_from = registers_;  // not the stack pointer: words below, unused ones too, are no references of anybody
  }
  ~ScanFrom() { reclaim_.scan_from = saved_; }
  ScanFrom(const ScanFrom&) = delete;
  void* outer() const { return saved_; }

 private:
  ReclaimState& reclaim_;
  void* saved_;
  u64 registers_[kSpilledRegisters];
};

// --- the conservative scan. Calls f(word, context) for every word in which a stopped thread (or the calling one) may hold a
// reference: Python stacks, native stacks, registers, RootedVectors, thread records. The world is stopped.
struct StackScanner {
  using WordFunction = void (*)(u64 word, void* context);
  static void scan_all(Thread& self, WordFunction f, void* context);
  static void scan_range(const void* begin, const void* end, WordFunction f, void* context);

 private:
  static void scan_thread(Thread& t, const void* sp, WordFunction f, void* context);
};

namespace collector {

// Whether collections start by themselves, and after how many bytes of new objects at least a young one does.
bool automatic();
u64 young_minimum();
void attach_reclaim(Thread& t);
void detach_reclaim(Thread& t);  // hands candidates over; under the thread-list lock
void start_helper();
bool reclaim_requested();
// reclaim_candidates from inside a collection, whose ScanFrom holds.
void reclaim_in_collection(Thread& t);
// Finalisers that a reclaim handed to this thread. Runs Python code.
void run_handed_over(Thread& t);
// Cyclic garbage of this thread that another thread's collection found. Runs Python code.
void run_handed_over_garbage(Thread& t);
void after_fork_child(Thread& t);
// Statistics of finished threads and all others; the latter are read racily.
void add_reclaimed(Thread& t, u64 n);
void count_collection();

}  // namespace collector
}  // namespace typhon
