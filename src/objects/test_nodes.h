// For unit tests of heap/ and threads/: objects with nothing but reference slots, on the real object model.
#pragma once
#include <cstdlib>
#include <functional>

#include "heap/collector.h"
#include "heap/pages.h"
#include "heap/reclaim.h"
#include "objects/test_support.h"
#include "threads/object_lock.h"

namespace typhon {

// `aux2` slots. Counts how many are alive, and how often one with a finaliser was finalised.
struct TestNode : Object {
  Field slots[1];
  static inline u64 alive = 0, finalised = 0;  // atomic
  static inline void (*on_finalise)(Thread& t, TestNode* node) = nullptr;

  static void visit_slots(Object* self, Visitor& v) { v.fields(static_cast<TestNode*>(self)->slots, self->aux2); }
  static void release_one(Thread&, Object*) { __atomic_fetch_sub(&alive, 1, __ATOMIC_RELAXED); }
  static void finalise_one(Thread& t, Object* self) {
    __atomic_fetch_add(&finalised, 1, __ATOMIC_RELAXED);
    if (on_finalise != nullptr) on_finalise(t, static_cast<TestNode*>(self));
  }
  static u32 shape_id(bool finaliser) {
    static const Layout plain = {"node", sizeof(Object), 8, visit_slots, release_one, nullptr, nullptr};
    static const Layout final = {"final node", sizeof(Object), 8, visit_slots, release_one, nullptr, finalise_one};
    static const u32 ids[2] = {new_root_shape(types::object, &plain, 0, 0, shape_flag::kTracked)->id,
                               new_root_shape(types::object, &final, 0, 0, shape_flag::kTracked)->id};
    return ids[finaliser];
  }
  static RefTo<TestNode> make(Thread& t, u32 slot_count, bool finaliser = false) {
    auto* node = heap::allocate_as<TestNode>(t, shape_id(finaliser), sizeof(Object) + slot_count * sizeof(Field));
    node->aux2 = slot_count;
    __atomic_fetch_add(&alive, 1, __ATOMIC_RELAXED);
    return RefTo<TestNode>::adopt(node);
  }
  static u64 count_alive() { return __atomic_load_n(&alive, __ATOMIC_RELAXED); }
};

// Overwrites the stack below the caller, where stale words would pass for references.
[[gnu::noinline]] inline void scrub_stack() {
  volatile u64 words[4096];
  for (auto& word : words) word = 0;
}

// Runs a test that changes the process for good (threads, GIL mode) in a process of its own. `body` returns whether it passed.
#define RUN_ISOLATED(body)                                                     \
  do {                                                                         \
    GTEST_FLAG_SET(death_test_style, "threadsafe");                            \
    EXPECT_EXIT(std::_Exit((body)() ? 0 : 1), testing::ExitedWithCode(0), ""); \
  } while (false)
// In such a body: says what failed.
#define VERIFY(condition)                                                            \
  do {                                                                               \
    if (!(condition)) {                                                              \
      std::fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
      return false;                                                                  \
    }                                                                                \
  } while (false)

}  // namespace typhon
