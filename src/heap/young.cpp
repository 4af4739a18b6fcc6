// The young collection: cycles among the LOCAL objects that a thread made since its last one. docs/collector.md.
//
// Only their thread refers to LOCAL objects, and every reference to one is counted, in registers too. So trial deletion over the
// young ones needs no other thread to stop and no scan of stacks: what is referred to from anywhere but another young object has
// references left over.
#include <cstdlib>
#include <unordered_map>
#include <vector>

#include "heap/object_model.h"
#include "heap/pages.h"
#include "heap/reclaim.h"
#include "threads/thread.h"

namespace typhon::collector {
namespace {

inline constexpr u32 kReachable = 1, kSubject = 2;
inline constexpr u32 kRefShift = 2;
inline constexpr u32 kOneRef = 1 << kRefShift;

bool is_subject(const Object* object) {
  constexpr u8 kInterest = state::kLocal | state::kTracked;
  if ((heap::state_unless_freed(object) & (kInterest | state::kOld)) != kInterest) return false;
  i32 count = __atomic_load_n(&object->count, __ATOMIC_RELAXED);
  return count >= count::kOne && !(count & count::kQueued);
}

// Calls f(meta) for the pages of the thread that may hold young objects.
template <class F>
void for_each_touched_page(Thread& t, F f) {
  for (heap::PageMeta* pages : t.heap_state->pages) {
    for (heap::PageMeta* meta = pages; meta != nullptr; meta = meta->next)
      if (meta->touched) f(meta);
  }
}

// The mark word of a young object, null for anything else.
u32* mark_of(Object* object) {
  if (!object->is_local()) return nullptr;
  heap::PageMeta* meta = heap::meta_of(object);
  if (meta->kind != heap::PageKind::kSmall || meta->marks == nullptr) return nullptr;
  u32* mark = &meta->marks[heap::block_index(meta, object)];
  return *mark & kSubject ? mark : nullptr;
}

Object* object_in(Field& slot) {
  Value word = *slot.address();
  return (word.bits & 7) ? nullptr : word.object();
}

// No safepoint while one of these lives.
class Analysis {
 public:
  explicit Analysis(Thread& t) : t_(t) {
    u64 total = 0;
    for_each_touched_page(t, [&](heap::PageMeta* meta) { total += meta->bump; });
    marks_ = static_cast<u32*>(std::calloc(total + 1, sizeof(u32)));
    if (marks_ == nullptr) return;
    u32* next = marks_;
    for_each_touched_page(t, [&](heap::PageMeta* meta) {
      meta->marks = next;
      next += meta->bump;
      u32* mark = meta->marks;
      char* block = heap::page_start(meta);
      for (u32 i = 0, n = meta->bump; i < n; i++, mark++, block += meta->block_size) {
        u32 shape = heap::block_shape(block);
        if (shape == 0 || shape == heap::kBodyShape) continue;
        auto* object = reinterpret_cast<Object*>(block);
        if (!is_subject(object)) continue;
        *mark = kSubject | u32(object->count) / count::kOne << kRefShift;
        subjects_.push_back(object);
      }
    });
    subtract_internal();
    mark_reachable();
  }
  ~Analysis() {
    for_each_touched_page(t_, [](heap::PageMeta* meta) { meta->marks = nullptr; });
    std::free(marks_);
  }
  Analysis(const Analysis&) = delete;

  bool is_garbage(Object* object) const {
    u32* mark = mark_of(object);
    return mark != nullptr && !(*mark & kReachable);
  }
  // The garbage; what is none is old from now on.
  std::vector<Object*> take_garbage() {
    std::vector<Object*> garbage;
    for (Object* object : subjects_) {
      if (is_garbage(object)) {
        garbage.push_back(object);
      } else {
        object->state |= state::kOld;
      }
    }
    return garbage;
  }
  size_t subjects() const { return subjects_.size(); }

 private:
  void subtract_internal() {
    Visitor visitor;
    visitor.visit = [](Visitor&, Field& slot) {
      Object* object = object_in(slot);
      if (object == nullptr) return;
      if (u32* mark = mark_of(object)) *mark -= kOneRef;
    };
    for (Object* object : subjects_) object_model::visit(object, visitor);
  }

  void mark_reachable() {
    struct Marker : Visitor {
      std::vector<Object*> work;
      void mark(Object* object) {
        u32* mark = mark_of(object);
        if (mark == nullptr || (*mark & kReachable)) return;
        *mark |= kReachable;
        work.push_back(object);
      }
    } marker;
    marker.visit = [](Visitor& self, Field& slot) {
      if (Object* object = object_in(slot)) static_cast<Marker&>(self).mark(object);
    };
    for (Object* subject : subjects_) {
      if (*mark_of(subject) < kOneRef) continue;
      marker.mark(subject);
      while (!marker.work.empty()) {
        Object* object = marker.work.back();
        marker.work.pop_back();
        object_model::visit(object, marker);
      }
    }
  }

  Thread& t_;
  u32* marks_ = nullptr;
  std::vector<Object*> subjects_;
};

// After finalisers ran: drops from the list what is referred to from outside it, and what that reaches. One count of each is held
// here.
void keep_resurrected(std::vector<Object*>& garbage) {
  struct Finder : Visitor {
    std::unordered_map<Object*, i64> references;  // left over
    std::vector<Object*> alive;
  } finder;
  for (Object* object : garbage) finder.references[object] = object->count / count::kOne - 1;
  finder.visit = [](Visitor& self, Field& slot) {
    auto& references = static_cast<Finder&>(self).references;
    if (auto found = references.find(object_in(slot)); found != references.end()) found->second--;
  };
  for (Object* object : garbage) object_model::visit(object, finder);
  for (auto& [object, left] : finder.references)
    if (left > 0 || !object->is_local()) finder.alive.push_back(object);
  for (Object* object : finder.alive) finder.references.erase(object);
  finder.visit = [](Visitor& self, Field& slot) {
    auto& f = static_cast<Finder&>(self);
    Object* object = object_in(slot);
    if (object != nullptr && f.references.erase(object) != 0) f.alive.push_back(object);
  };
  for (size_t i = 0; i < finder.alive.size(); i++) object_model::visit(finder.alive[i], finder);
  size_t kept = 0;
  for (Object* object : garbage)
    if (finder.references.contains(object)) garbage[kept++] = object;
  garbage.resize(kept);
  for (Object* object : finder.alive) release(Value(object));
}

// Runs what may run Python code, then empties the slots: what loses its last reference dies. The list holds a count of each object.
void dispose_of(Thread& t, std::vector<Object*>& garbage, RootedVector& callbacks) {
  bool ran = !callbacks.empty();
  if (ran) call_weakref_callbacks(t, callbacks);
  std::vector<Object*> wanting;
  for (Object* object : garbage)
    if (!(object->state & state::kFinalized) && object_model::has_finaliser(object)) wanting.push_back(object);
  ran |= call_finalisers(t, wanting);
  if (ran) {
    keep_resurrected(garbage);
    // Finalisers may have made weak references to what is emptied now.
    RootedVector late(t);
    for (Object* object : garbage)
      if (object->state & state::kHasSideTable) object_model::clear_weakrefs(t, object, late);
    if (!late.empty()) object_model::run_weakref_callbacks(t, late);
  }
  for (Object* object : garbage) drop_slots(object);
  for (Object* object : garbage) release(Value(object));
}

void set_limit(HeapState& h, size_t subjects, size_t collected) {
  // A thread whose young objects all live is asked less often.
  if (collected * 16 >= subjects) {
    h.young_limit = young_minimum();
  } else if (h.young_limit < heap::kMaxYoung) {
    h.young_limit *= 2;
  }
}

}  // namespace

bool young_collection_due(Thread& t) { return automatic() && heap::young_due(*t.heap_state); }

Outcome collect_young(Thread& t) {
  ScanFrom here(*t.reclaim);
  RootedVector callbacks(t);
  std::vector<Object*> garbage;
  {
    Analysis analysis(t);
    garbage = analysis.take_garbage();
    set_limit(*t.heap_state, analysis.subjects(), garbage.size());
    for (Object* object : garbage) {
      object->count += count::kOne;
      if (!(object->state & state::kHasSideTable)) continue;
      size_t kept = callbacks.size();
      object_model::clear_weakrefs(t, object, callbacks);
      // Callbacks of weakrefs that are garbage themselves are not called.
      for (size_t i = kept; i < callbacks.size(); i++)
        if (!analysis.is_garbage(callbacks[i].object())) std::swap(callbacks.words()[kept++], callbacks.words()[i]);
      callbacks.truncate(kept);
    }
  }
  // Before anything can start another one.
  heap::scavenge(t);
  heap::reset_young(t);
  dispose_of(t, garbage, callbacks);
  return {garbage.size(), 0};
}

}  // namespace typhon::collector
