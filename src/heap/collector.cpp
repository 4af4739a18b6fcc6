// The cycle collector: trial deletion over counted objects, marking for DEFERRED ones, in one stop of the world; finalisers
// after it. docs/collector.md.
//
// A collection never frees an object directly (DEFERRED ones excepted): it holds one extra count of each piece of garbage,
// empties the slots, and drops its counts. What dies then dies like any other object.
#include "heap/collector.h"

#include <algorithm>
#include <cstdlib>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "heap/checking.h"
#include "heap/object_model.h"
#include "heap/pages.h"
#include "heap/reclaim.h"
#include "threads/thread.h"
#include "threads/world.h"

namespace typhon::collector {

u32 g_deferred_epoch = 0;
void (*g_for_each_thread_local)(Thread& t, void (*f)(Object* local, Object* dict, void* context), void* context) = nullptr;

namespace {

bool g_enabled = true;      // atomic
inline constexpr i64 kDefaultThreshold = 2000;
i64 g_threshold = kDefaultThreshold;  // atomic
bool g_collecting = false;  // atomic: one collection at a time; others come back empty-handed
u64 g_growth_percent = 25;  // raised while collections find little
inline constexpr i64 kMinGrowth = i64(4) << 20;

// A mark word per block: flags, and above them the references not yet accounted for.
inline constexpr u32 kReachable = 1;
inline constexpr u32 kCounted = 2;  // LOCAL or SHARED, tracked: subject to trial deletion
inline constexpr u32 kDeferredBit = 4;
inline constexpr u32 kPostponed = 8;  // garbage that is left alone this time
inline constexpr u32 kRefShift = 4;
inline constexpr i32 kOneRef = 1 << kRefShift;

u32& mark_of(void* block) {
  heap::PageMeta* meta = heap::meta_of(block);
  return meta->kind == heap::PageKind::kSmall ? meta->marks[heap::block_index(meta, block)] : meta->single_mark;
}

bool is_garbage_mark(u32 mark) { return (mark & (kCounted | kDeferredBit)) && !(mark & (kReachable | kPostponed)); }
bool is_garbage(void* block) { return is_garbage_mark(mark_of(block)); }

// Zeroed memory for one analysis. Much of it comes in huge pages where the system has them: page faults would be a third of the time.
class Scratch {
 public:
  ~Scratch() {
    if (mapped_ != 0) {
      platform::unmap(data_, mapped_);
    } else {
      std::free(data_);
    }
  }
  template <class T>
  T* allocate(size_t n) {
    constexpr size_t kHugePage = size_t(2) << 20;
    size_t bytes = n * sizeof(T);
    if (bytes < kHugePage) {
      data_ = std::calloc(bytes + 1, 1);
    } else if (void* range = platform::reserve(align_up(bytes, kHugePage), kHugePage)) {
      data_ = range;
      mapped_ = align_up(bytes, kHugePage);
      if (!platform::commit(data_, mapped_, true)) return nullptr;
    }
    return static_cast<T*>(data_);
  }

 private:
  void* data_ = nullptr;
  size_t mapped_ = 0;
};

// One analysis of the heap; the world is stopped while it lives. What the known roots reach is marked first; the rest of the heap
// is looked at in order, and subject to trial deletion (docs/collector.md).
class Analysis {
 public:
  // `held`: objects of which the caller holds one count each (garbage of the analysis before).
  Analysis(Thread& t, const std::vector<Object*>& held) : t_(t) {
    if (!allocate_marks()) return;
    ok_ = true;
    mark_known_roots();
    // Counts and references are added up in any order.
    for (Object* object : held) mark_of(object) -= kOneRef;
    look_at_the_rest();
    mark_found_roots();
    if (subjects_ != 0) mark_referred_to();
  }
  ~Analysis() {
    heap::for_each_page([](heap::PageMeta* meta) {
      meta->marks = nullptr;
      meta->single_mark = 0;
    });
  }
  Analysis(const Analysis&) = delete;

  bool ok() const { return ok_; }
  u64 tracked_bytes() const { return tracked_bytes_; }

  // Calls f(object) for all garbage. DEFERRED garbage included.
  template <class F>
  void for_each_garbage(F f) {
    if (subjects_ == 0) return;
    for_each_mark([&](void* block, u32& mark) {
      if (is_garbage_mark(mark)) f(static_cast<Object*>(block));
    });
  }

  // Garbage but that in the lists came up later: what it refers to must outlive it, since DEFERRED objects are not counted.
  void keep_for_others(std::initializer_list<const std::vector<Object*>*> known) {
    for (auto* list : known)
      for (Object* object : *list) mark_of(object) |= kPostponed;
    std::vector<Object*> others;
    for_each_garbage([&](Object* object) { others.push_back(object); });
    for (auto* list : known)
      for (Object* object : *list) mark_of(object) &= ~kPostponed;
    for (Object* object : others) mark(object);
    drain();
  }

  // Leaves garbage that is reachable from `object` alone this time: somebody else will drop `object` later.
  void postpone_from(Object* object) {
    struct Postpone : Visitor {
      std::vector<Object*> work;
    } visitor;
    visitor.visit = [](Visitor& self, Field& slot) {
      Value word = *slot.address();
      if ((word.bits & 7) || word.is_empty()) return;
      Object* child = word.object();
      if (!is_garbage(child) || child->is_local()) return;
      mark_of(child) |= kPostponed;
      static_cast<Postpone&>(self).work.push_back(child);
    };
    visitor.work.push_back(object);
    while (!visitor.work.empty()) {
      Object* next = visitor.work.back();
      visitor.work.pop_back();
      object_model::visit(next, visitor);
      if (Object* type = object_model::type_of_shape(next->shape)) {
        if (is_garbage(type)) {
          mark_of(type) |= kPostponed;
          visitor.work.push_back(type);
        }
      }
    }
  }

 private:
  bool allocate_marks() {
    u64 small = 0, others = 0;
    heap::for_each_page([&](heap::PageMeta* meta) {
      if (meta->kind == heap::PageKind::kSmall) {
        small += meta->bump;
      } else {
        others++;
      }
    });
    u32* next = mark_memory_.allocate<u32>(small);
    work_ = work_end_ = work_memory_.allocate<Object*>(small + others);
    if (next == nullptr || work_ == nullptr) return false;
    heap::for_each_page([&](heap::PageMeta* meta) {
      meta->single_mark = 0;
      if (meta->kind != heap::PageKind::kSmall) return;
      meta->marks = next;
      next += meta->bump;
    });
    return true;
  }

  // f(block, mark) for the blocks that ever were in use, free ones included: reads the marks alone.
  template <class F>
  void for_each_mark(F f) {
    heap::for_each_page([&](heap::PageMeta* meta) {
      char* start = heap::page_start(meta);
      if (meta->kind != heap::PageKind::kSmall) return f(static_cast<void*>(start), meta->single_mark);
      for (u32 i = 0, n = meta->bump; i < n; i++) f(static_cast<void*>(start + size_t(i) * meta->block_size), meta->marks[i]);
    });
  }

  // Gives every subject that is not reached yet its count, less the references from such subjects. The other ones among what is not
  // reached are roots: what cannot be garbage, and candidates and what is being destroyed, which others deal with.
  void look_at_the_rest() {
    Visitor subtract;
    subtract.visit = [](Visitor&, Field& slot) {
      Value word = *slot.address();
      // What is reached loses marks that nobody asks for any more.
      if (!(word.bits & 7) && heap::in_space(word.object())) mark_of(word.object()) -= kOneRef;
    };
    for_each_mark([&](void* block, u32& mark) {
      if (mark & kReachable) return;
      u32 shape = heap::block_shape(block);
      if (shape == 0 || shape == heap::kBodyShape) return;
      auto* object = static_cast<Object*>(block);
      Role role = role_of(object);
      if (role == kRoot || (role == kPinnable && object->count != 0)) {
        roots_.push_back(object);
      } else if (role == kUntracked) {
        note_shape(shape);  // its class must live (R14)
        if (shapes_[shape] == kMayHaveSlots) roots_.push_back(object);
      } else {
        subjects_++;
        if (role == kPinnable) {
          mark |= kDeferredBit;
        } else {
          tracked_bytes_ += heap::block_size(block);
          mark = (mark | kCounted) + (u32(object->count) / count::kOne << kRefShift);
        }
        object_model::visit(object, subtract);
      }
    });
    for_each_thread_local([](Object* local, Object* dict, void*) {
      if (!(mark_of(local) & kReachable)) mark_of(dict) -= kOneRef;
    });
  }

  enum Role : u8 { kRoot, kPinnable, kSubject, kUntracked };
  static Role role_of(const Object* object) {
    u8 flags = object->state;
    if (flags & state::kImmortal) return kRoot;
    if (flags & state::kDeferred) return kPinnable;
    if (object->count < count::kOne || (object->count & count::kQueued)) return kRoot;
    return flags & state::kTracked ? kSubject : kUntracked;
  }

  void note_shape(u32 shape) {
    if (shape >= shapes_.size()) shapes_.resize(size_t(shape) * 2 + 64);
    if (shapes_[shape] == kUnseen) shapes_[shape] = object_model::may_have_slots(shape) ? kMayHaveSlots : kLeaf;
  }

  void mark(Object* object) {
    if (object == nullptr || !heap::in_space(object)) return;
    u32& word = mark_of(object);
    if (word & kReachable) return;
    word |= kReachable;
    *work_end_++ = object;
  }

  struct Marker : Visitor {
    Analysis* analysis;
    explicit Marker(Analysis* a) : analysis(a) {
      visit = [](Visitor& self, Field& slot) {
        Value word = *slot.address();
        if (!(word.bits & 7)) static_cast<Marker&>(self).analysis->mark(word.object());
      };
    }
  };

  // Follows slots and classes from what is marked. A few objects are always on their way into the cache.
  void drain() {
    constexpr u32 kAhead = 16;
    Object* coming[kAhead] = {};
    Marker marker(this);
    for (u32 at = 0, waiting = 0; waiting != 0 || work_end_ != work_; at = (at + 1) % kAhead) {
      Object* object = nullptr;
      if (work_end_ != work_) {
        object = *--work_end_;
        __builtin_prefetch(object);
        waiting++;
      }
      std::swap(object, coming[at]);
      if (object == nullptr) continue;
      waiting--;
      reach(object, marker);
    }
  }
  void reach(Object* object, Marker& marker) {
    u32 shape = object->shape;
    Role role = role_of(object);
    if (role == kUntracked) note_shape(shape);
    if (role == kSubject) tracked_bytes_ += heap::block_size(object);
    u32& word = mark_of(object);
    if (word & (kCounted | kDeferredBit)) subjects_--;
    if (role != kUntracked || shapes_[shape] == kMayHaveSlots) object_model::visit(object, marker);
    if (shape == last_shape_) return;
    last_shape_ = shape;
    if (!checking::broken(14)) mark(object_model::type_of_shape(shape));
  }

  void mark_word(u64 word) {
    void* block = heap::find_block(reinterpret_cast<const void*>(word));
    if (block == nullptr) return;
    if (heap::block_shape(block) != heap::kBodyShape) return mark_from_stack(static_cast<Object*>(block));
    auto* body = static_cast<heap::Body*>(block);
    if (heap::is_retired(body)) {
      u32& word = mark_of(block);
      if (word & kReachable) return;
      word |= kReachable;
      StackScanner::scan_range(
          body + 1, static_cast<char*>(block) + heap::block_size(block),
          [](u64 w, void* self) { static_cast<Analysis*>(self)->mark_word(w); }, this);
    } else if (body->owner != nullptr && heap::find_block(body->owner) == body->owner) {
      mark_from_stack(body->owner);
    }
  }
  // Registers and Refs count the LOCAL objects that they hold, in single-threaded mode all: trial deletion sees that by itself, and a
  // word that is left over in a dead register keeps nothing.
  void mark_from_stack(Object* object) {
    if ((!g_multi_threaded || object->is_local()) && role_of(object) == kSubject) return;
    mark(object);
  }

  void mark_known_roots() {
    StackScanner::scan_all(t_, [](u64 word, void* self) { static_cast<Analysis*>(self)->mark_word(word); }, this);
    for (Thread* t = first_thread(); t != nullptr; t = t->next) {
      for (Object* o = t->destroy_list; o != nullptr; o = next_in_destroy_list(o)) mark(o);
      for (Object* o : t->reclaim->garbage) mark(o);
    }
    GlobalRoots::for_each(
        [](Value word, void* self) {
          if (word.is_object()) static_cast<Analysis*>(self)->mark(word.object());
        },
        this);
    Marker marker(this);
    object_model::visit_runtime_roots(marker);
    drain();
    mark_thread_locals();
  }

  // Those of local objects that are reached. What that reaches may be another one.
  void mark_thread_locals() {
    do {
      drain();
      for_each_thread_local([](Object* local, Object* dict, void* self) {
        if (mark_of(local) & kReachable) static_cast<Analysis*>(self)->mark(dict);
      });
    } while (work_end_ != work_);
  }
  void for_each_thread_local(void (*f)(Object* local, Object* dict, void* self)) {
    if (g_for_each_thread_local == nullptr) return;
    for (Thread* t = first_thread(); t != nullptr; t = t->next) g_for_each_thread_local(*t, f, this);
  }

  void mark_found_roots() {
    for (Object* object : roots_) mark(object);
    for (u32 shape = 0; shape < shapes_.size(); shape++) {
      if (shapes_[shape] != kUnseen && !checking::broken(14)) mark(object_model::type_of_shape(shape));
    }
    mark_thread_locals();
  }

  // Referred to from somewhere that is no slot of a subject: registers, native code, untracked objects.
  void mark_referred_to() {
    for_each_mark([&](void* block, u32& word) {
      if (!(word & kCounted) || (word & kReachable) || i32(word) < kOneRef) return;
      mark(static_cast<Object*>(block));
      drain();
    });
    mark_thread_locals();
  }

  Thread& t_;
  bool ok_ = false;
  Scratch mark_memory_, work_memory_;
  Object **work_ = nullptr, **work_end_ = nullptr;  // marked, not followed yet; each object gets there once at most
  u64 tracked_bytes_ = 0;
  u64 subjects_ = 0;  // not reached so far
  u32 last_shape_ = 0;
  std::vector<Object*> roots_;
  // Shapes of untracked objects. Those should have no slots at all; where that is not certain, what they refer to lives.
  enum : u8 { kUnseen, kLeaf, kMayHaveSlots };
  std::vector<u8> shapes_;
};

// The garbage that one thread disposes of.
struct Garbage {
  std::vector<Object*> counted;   // one extra count each, held here
  std::vector<Object*> deferred;  // one extra pin each
};

void hold(Object* object) { __atomic_fetch_add(&object->count, count::kOne, __ATOMIC_RELAXED); }

// Drops the extra count. The object may have been published, deferred or made immortal by a finaliser meanwhile.
void drop_hold(Object* object) { release(Value(object)); }
void drop_pin(Object* object) { unpin(object); }

bool wants_finaliser(Object* object) {
  return !(object->state & state::kFinalized) && object_model::has_finaliser(object);
}

}  // namespace

bool call_finalisers(Thread& t, std::vector<Object*>& objects) {
  std::stable_sort(objects.begin(), objects.end(),
                   [](Object* a, Object* b) { return object_model::finaliser_rank(a) < object_model::finaliser_rank(b); });
  for (Object* object : objects)
    if (wants_finaliser(object)) call_finaliser(t, object);  // one may have finalised another
  return !objects.empty();
}

namespace {

void append_garbage_callbacks_filter(RootedVector& callbacks, size_t from) {
  // Callbacks of weakrefs that are garbage themselves are not called.
  size_t kept = from;
  for (size_t i = from; i < callbacks.size(); i++) {
    if (is_garbage(callbacks[i].object())) continue;
    if (kept != i) std::swap(callbacks.words()[kept], callbacks.words()[i]);
    kept++;
  }
  callbacks.truncate(kept);
}

// Runs what may run Python code for garbage whose weakrefs are cleared; drops from the lists what came back to life.
void finalise(Thread& t, Garbage& garbage, RootedVector& callbacks) {
  bool ran = false;
  if (!callbacks.empty()) {
    call_weakref_callbacks(t, callbacks);
    callbacks.clear();
    ran = true;
  }
  std::vector<Object*> wanting;
  for (auto* list : {&garbage.counted, &garbage.deferred})
    for (Object* object : *list)
      if (wants_finaliser(object)) wanting.push_back(object);
  if (call_finalisers(t, wanting)) ran = true;
  if (!ran) return;
  std::vector<Object*> counted, deferred, alive, alive_deferred;
  {
    WorldStopped stop(t);
    for (Object* object : garbage.deferred) {
      if (object->state & state::kDeferred) object->count -= count::kOne;  // our pin must not keep it
    }
    {
      Analysis analysis(t, garbage.counted);
      if (analysis.ok() && !garbage.deferred.empty()) {
        analysis.keep_for_others({&garbage.counted, &garbage.deferred});
      }
      for (Object* object : garbage.counted) {
        (analysis.ok() && is_garbage(object) ? counted : alive).push_back(object);
      }
      for (Object* object : garbage.deferred) {
        bool dead = analysis.ok() && (object->state & state::kDeferred) && is_garbage(object);
        (dead ? deferred : alive_deferred).push_back(object);
      }
    }
    for (Object* object : deferred) object->count += count::kOne;
  }
  for (Object* object : alive) drop_hold(object);
  garbage.counted.swap(counted);
  garbage.deferred.swap(deferred);
}

// Finalisers may have made weak references to garbage, which must not lead anybody to it while it is being emptied.
void clear_late_weakrefs(Thread& t, Garbage& garbage) {
  RootedVector callbacks(t);
  for (auto* objects : {&garbage.counted, &garbage.deferred})
    for (Object* object : *objects)
      if (object->state & state::kHasSideTable) object_model::clear_weakrefs(t, object, callbacks);
  if (!callbacks.empty()) object_model::run_weakref_callbacks(t, callbacks);
}

// Empties the slots; what loses its last reference dies. May run Python code (finalisers of what is no garbage).
void clear_counted(Garbage& garbage) {
  for (Object* object : garbage.counted) drop_slots(object);
  for (Object* object : garbage.counted) drop_hold(object);
  garbage.counted.clear();
}

// Frees classes, functions, modules, code: nothing counts them, so all that refers to them must be gone first.
u64 free_deferred(Thread& t, std::vector<Object*>& objects) {
  if (objects.empty()) return 0;
  // Nothing of it can be reached any more, and no address is used again before it was freed below.
  end_deferred_epoch();
  object_model::forget_addresses();
  std::unordered_map<Object*, i32> doomed;  // -> depth: 0, or one more than that of its class, when that is doomed too
  for (Object* object : objects) doomed[object] = 0;
  {
    // A class stays while an instance of it exists (found by a stack scan, or a candidate), and with it all it refers to.
    struct Keeper : Visitor {
      std::unordered_map<Object*, i32>* doomed;
      std::vector<Object*> work;
      void keep(Object* object) {
        if (object != nullptr && doomed->erase(object) != 0) work.push_back(object);
      }
    } keeper;
    keeper.doomed = &doomed;
    keeper.visit = [](Visitor& self, Field& slot) {
      Value word = *slot.address();
      if (!(word.bits & 7) && !word.is_empty()) static_cast<Keeper&>(self).keep(word.object());
    };
    WorldStopped stop(t);
    std::unordered_set<u32> shapes;
    heap::for_each_page([&](heap::PageMeta* meta) {
      heap::for_each_block(meta, [&](void* block) {
        u32 shape = heap::block_shape(block);
        if (shape == heap::kBodyShape) return;
        auto* object = static_cast<Object*>(block);
        if ((object->state & state::kDeferred) && doomed.contains(object)) return;
        shapes.insert(shape);
      });
    });
    for (u32 shape : shapes) keeper.keep(object_model::type_of_shape(shape));
    while (!keeper.work.empty()) {
      Object* object = keeper.work.back();
      keeper.work.pop_back();
      object_model::visit(object, keeper);
      keeper.keep(object_model::type_of_shape(object->shape));
    }
    for (Object* object : objects)
      if (doomed.contains(object) && !object_model::leave_tables(object)) doomed.erase(object);
  }
  std::vector<Object*> dead;
  for (Object* object : objects) {
    if (doomed.contains(object)) {
      dead.push_back(object);
    } else {
      drop_pin(object);
    }
  }
  objects.clear();
  for (Object* object : dead) {
    i32 depth = 0;
    for (Object* type = object_model::type_of_shape(object->shape);
         type != nullptr && doomed.contains(type) && depth < 64; type = object_model::type_of_shape(type->shape)) {
      depth++;
    }
    doomed[object] = depth;
  }
  for (Object* object : dead) drop_slots(object);
  // Instances before their class: release_native may ask the shape.
  for (i32 depth = 64; depth >= 0; depth--) {
    for (Object* object : dead) {
      if (doomed[object] != depth) continue;
      object_model::release_native(t, object);
      heap::free_block(t, object);
    }
  }
  return dead.size();
}

void set_growth_limit(u64 tracked_bytes, u64 collected_bytes) {
  // A heap that grows without garbage is looked at less often, down to once per doubling.
  if (collected_bytes * 50 < tracked_bytes) {
    g_growth_percent = g_growth_percent * 2 > 100 ? 100 : g_growth_percent * 2;
  } else {
    g_growth_percent = 25;
  }
  i64 limit = i64(tracked_bytes / 100 * g_growth_percent);
  __atomic_store_n(&heap::g_growth_limit, limit < kMinGrowth ? kMinGrowth : limit, __ATOMIC_RELAXED);
}

// The stopped part of a collection: finds the garbage and shares it out.
void find_garbage(Thread& t, Garbage& mine, RootedVector& callbacks) {
  WorldStopped stop(t);
  checking::check_heap();
  defer_popular_objects();
  Analysis analysis(t, {});
  if (!analysis.ok()) return;
  u64 collected_bytes = 0;
  std::vector<Object*> sleeping;  // LOCAL garbage of threads that will not come by soon
  std::vector<std::pair<Object*, Thread*>> theirs;
  if (g_multi_threaded) {
    analysis.for_each_garbage([&](Object* object) {
      if (!object->is_local()) return;
      Thread* owner = heap::owner_thread(object);
      if (owner == &t || owner == nullptr) return;
      if (stopped_at_safepoint(*owner)) {
        theirs.push_back({object, owner});
      } else {
        sleeping.push_back(object);
      }
    });
    for (auto& [object, owner] : theirs) analysis.postpone_from(object);
    for (auto& [object, owner] : theirs) mark_of(object) |= kPostponed;
  }
  analysis.for_each_garbage([&](Object* object) {
    collected_bytes += heap::block_size(object);
    (object->state & state::kDeferred ? mine.deferred : mine.counted).push_back(object);
  });
  for (auto* list : {&mine.counted, &mine.deferred}) {
    for (Object* object : *list) {
      hold(object);
      if (object->state & state::kDeferred) object_model::watch_tables(object);
      if (!(object->state & state::kHasSideTable)) continue;
      size_t before = callbacks.size();
      object_model::clear_weakrefs(t, object, callbacks);
      append_garbage_callbacks_filter(callbacks, before);
    }
  }
  // R17: the objects of a sleeping thread become everybody's, and so this thread's to dispose of.
  for (Object* object : sleeping) publish(object);
  for (auto& [object, owner] : theirs) {
    hold(object);
    owner->reclaim->garbage.push_back(object);
    request_poll(*owner);
  }
  set_growth_limit(analysis.tracked_bytes(), collected_bytes);
}

}  // namespace

// gc.DEBUG_SAVEALL: garbage is kept. Only what the caller holds a count of may be pushed: the vector makes its own.
static void save_all(Garbage& garbage, RootedVector& saved) {
  for (auto* list : {&garbage.counted, &garbage.deferred}) {
    for (Object* object : *list) saved.push_copy(Value(object));
  }
  for (Object* object : garbage.counted) drop_hold(object);
  for (Object* object : garbage.deferred) drop_pin(object);
  garbage.counted.clear();
  garbage.deferred.clear();
}

TYPHON_NOINLINE static Outcome collect_now(Thread& t, RootedVector* saved) {
  if (__atomic_exchange_n(&g_collecting, true, __ATOMIC_ACQ_REL)) return {0, 0};
  u64 collected;
  {
    RootedVector callbacks(t);
    Garbage garbage;
    find_garbage(t, garbage, callbacks);
    finalise(t, garbage, callbacks);
    clear_late_weakrefs(t, garbage);
    collected = garbage.counted.size();
    if (saved != nullptr) save_all(garbage, *saved);
    clear_counted(garbage);
    reclaim_in_collection(t);
    collected += free_deferred(t, garbage.deferred);
  }
  heap::scavenge(t);
  heap::scavenge_abandoned();
  // Growth counts from here: pages that the garbage gave back are no credit for more garbage.
  heap::reset_growth();
  count_collection();
  __atomic_store_n(&g_collecting, false, __ATOMIC_RELEASE);
  return {collected, 0};
}

Outcome collect(Thread& t, RootedVector* saved) {
  ScanFrom here(*t.reclaim);
  return collect_now(t, saved);
}

TYPHON_NOINLINE static void dispose_of_handed_over(Thread& t) {
  RootedVector callbacks(t);
  Garbage garbage;
  garbage.counted.swap(t.reclaim->garbage);
  // Weakrefs to a LOCAL object are this thread's as well: nobody could use them since the stop.
  for (Object* object : garbage.counted) {
    if (object->state & state::kHasSideTable) object_model::clear_weakrefs(t, object, callbacks);
  }
  finalise(t, garbage, callbacks);
  clear_counted(garbage);
}

void run_handed_over_garbage(Thread& t) {
  if (t.reclaim->garbage.empty()) return;
  ScanFrom here(*t.reclaim);
  dispose_of_handed_over(t);
}

bool collection_due() { return automatic() && heap::growth() > __atomic_load_n(&heap::g_growth_limit, __ATOMIC_RELAXED); }

void collect_if_due(Thread& t) {
  if (collection_due()) {
    collect(t);
  } else if (young_collection_due(t)) {
    collect_young(t);
  }
}

void for_each_visible_object(Thread& t, void (*f)(Object* object, void* context), void* context) {
  heap::for_each_page([&](heap::PageMeta* meta) {
    heap::for_each_block(meta, [&](void* block) {
      if (heap::block_shape(block) == heap::kBodyShape) return;
      auto* object = static_cast<Object*>(block);
      if (!(object->state & state::kTracked)) return;
      if (!(object->state & (state::kImmortal | state::kDeferred)) &&
          (object->count < count::kOne || (object->count & count::kQueued)))
        return;
      if (object->is_local() && heap::owner_thread(object) != &t) return;
      f(object, context);
    });
  });
}

bool anything_to_finalise(const RootedVector& expected) {
  bool found = false;
  heap::for_each_page([&](heap::PageMeta* meta) {
    if (found) return;
    heap::for_each_block(meta, [&](void* block) {
      if (found || heap::block_shape(block) == heap::kBodyShape) return;
      auto* object = static_cast<Object*>(block);
      if (wants_finaliser(object)) {
        found = true;
        for (size_t i = 0; i < expected.size(); i++) found &= expected[i].untagged().object() != object;
      }
      if (object->state & state::kHasSideTable)
        object_model::for_each_weakref(
            object, [](Object* weakref, void* context) { *static_cast<bool*>(context) |= object_model::weakref_has_callback(weakref); }, &found);
    });
  });
  return found;
}

bool enabled() { return __atomic_load_n(&g_enabled, __ATOMIC_RELAXED); }
void set_enabled(bool on) { __atomic_store_n(&g_enabled, on, __ATOMIC_RELAXED); }
bool automatic() { return enabled() && __atomic_load_n(&g_threshold, __ATOMIC_RELAXED) != 0; }
void set_threshold(Thread& t, i64 objects) {
  __atomic_store_n(&g_threshold, objects, __ATOMIC_RELAXED);
  t.heap_state->young_limit = young_minimum();
}
u64 young_minimum() {
  constexpr i64 bytes_per_object = 128;
  i64 objects = __atomic_load_n(&g_threshold, __ATOMIC_RELAXED);
  if (objects == kDefaultThreshold || objects <= 0) return heap::kMinYoung;
  u64 wanted = objects > i64(1) << 20 ? u64(1) << 30 : u64(objects * bytes_per_object);
  return wanted < (u64(64) << 10) ? u64(64) << 10 : wanted;
}

}  // namespace typhon::collector
