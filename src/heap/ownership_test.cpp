#include <unistd.h>

#include "objects/containers.h"
#include "objects/function.h"
#include "objects/test_nodes.h"

namespace typhon {
namespace {

class OwnershipTest : public ObjectTest {
 protected:
  RefTo<TestNode> node(u32 slots, bool finaliser = false) { return TestNode::make(t, slots, finaliser); }
};

TEST_F(OwnershipTest, DiesWithTheLastReference) {
  u64 before = TestNode::count_alive();
  {
    RefTo<TestNode> a = node(1);
    a->slots[0].store(a.get(), node(0));
    EXPECT_EQ(TestNode::count_alive(), before + 2);
    Ref child = a->slots[0].load();
    a->slots[0].clear(a.get());
    EXPECT_EQ(TestNode::count_alive(), before + 2);
  }
  EXPECT_EQ(TestNode::count_alive(), before);
}

TEST_F(OwnershipTest, MillionDeepChainNeedsNoStack) {
  u64 before = TestNode::count_alive();
  Ref head = Ref::none();
  for (int i = 0; i < 1000000; i++) {
    RefTo<TestNode> next = node(1);
    next->slots[0].init(next.get(), std::move(head));
    head = std::move(next);
  }
  EXPECT_EQ(TestNode::count_alive(), before + 1000000);
  head.clear();
  EXPECT_EQ(TestNode::count_alive(), before);
}

TEST_F(OwnershipTest, FinaliserRunsOnceAndMayResurrect) {
  static Ref* saved;
  Ref keep;
  saved = &keep;
  u64 before = TestNode::count_alive(), finalised = TestNode::finalised;
  TestNode::on_finalise = [](Thread&, TestNode* self) { *saved = Ref::copy(Value(self)); };
  { RefTo<TestNode> a = node(0, true); }
  EXPECT_EQ(TestNode::finalised, finalised + 1);
  EXPECT_EQ(TestNode::count_alive(), before + 1);
  TestNode::on_finalise = nullptr;
  keep.clear();
  EXPECT_EQ(TestNode::finalised, finalised + 1);
  EXPECT_EQ(TestNode::count_alive(), before);
}

TEST_F(OwnershipTest, PublishingReachesEverything) {
  RefTo<TestNode> a = node(2), b = node(1), alone = node(0);
  a->slots[0].store(a.get(), b.value());
  b->slots[0].store(b.get(), a.value());  // a cycle
  publish(a.get());
  EXPECT_FALSE(a->is_local());
  EXPECT_FALSE(b->is_local());
  EXPECT_TRUE(alone->is_local());
  // The barrier: storage of a shared object.
  a->slots[1].store(a.get(), alone.value());
  EXPECT_FALSE(alone->is_local());
  a->slots[0].clear(a.get());
  b->slots[0].clear(b.get());
}

TEST_F(OwnershipTest, PublishingFollowsWeakEdgesBothWays) {
  RefTo<TestNode> holder = node(2);
  publish(holder.get());
  for (int direction = 0; direction < 2; direction++) {
    Ref set = set_new(t);
    Ref weak = weakref_new(t, set, None);
    ASSERT_FALSE(weak.failed());
    EXPECT_TRUE(weak.object()->is_local());
    EXPECT_TRUE(set.object()->is_local());
    holder->slots[direction].store(holder.get(), direction == 0 ? weak.get() : set.get());
    EXPECT_FALSE(set.object()->is_local());
    EXPECT_FALSE(weak.object()->is_local());
  }
}

TEST_F(OwnershipTest, DeferredIsNotCounted) {
  RefTo<TestNode> a = node(0);
  collector::make_deferred(a.get());
  EXPECT_EQ(a->ownership() & state::kOwnershipMask, state::kDeferred);
  i32 before = a->count;
  Ref copy = Ref::copy(a.value());
  EXPECT_TRUE(copy.get().is_deferred());
  EXPECT_EQ(a->count, before);
}

TEST_F(OwnershipTest, PopularObjectsSaturate) {
  RefTo<TestNode> a = node(0);
  retain_shared(a.get(), u32(count::kStickyLimit / count::kOne));
  EXPECT_EQ(a->ownership() & state::kOwnershipMask, state::kDeferred);
}

TEST_F(OwnershipTest, RootedVectorOwns) {
  u64 before = TestNode::count_alive();
  {
    RootedVector vector(t);
    for (int i = 0; i < 100; i++) vector.push(Ref(node(0)));
    EXPECT_EQ(TestNode::count_alive(), before + 100);
    Ref last = vector.pop();
    vector.truncate(50);
    EXPECT_EQ(TestNode::count_alive(), before + 51);
  }
  EXPECT_EQ(TestNode::count_alive(), before);
}

TEST_F(OwnershipTest, CollectorFindsCyclesOnly) {
  scrub_stack();
  collector::collect(t);
  u64 before = TestNode::count_alive();
  RefTo<TestNode> live = node(1);
  live->slots[0].store(live.get(), live.value());
  [this]() __attribute__((noinline)) {
    for (int i = 0; i < 100; i++) {
      RefTo<TestNode> a = node(2), b = node(1, i % 2 == 0);
      a->slots[0].store(a.get(), b.value());
      b->slots[0].store(b.get(), a.value());
      a->slots[1].store(a.get(), node(0));
    }
  }();
  scrub_stack();
  u64 finalised = TestNode::finalised;
  collector::Outcome outcome = collector::collect(t);
  scrub_stack();
  collector::collect(t);  // what a stale word kept
  EXPECT_GE(outcome.collected, 290u);
  EXPECT_GE(TestNode::finalised, finalised + 48);
  EXPECT_LE(TestNode::count_alive(), before + 1 + 3);
  EXPECT_TRUE(live->slots[0].peek().same_word(live.value()));
  live->slots[0].clear(live.get());
}

// --- several threads

u64 next_random(u64& state) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

TestNode* g_shared;
u32 g_running;

// Stores, loads, clears and drops at random in one shared object, with finalisers, local cycles and blocking.
void churn(Thread& t, void* seed) {
  u64 state = u64(seed) * 0x9E3779B97F4A7C15ull + 1;
  for (int i = 0; i < 30000; i++) {
    CHECK(!safepoint(t).failed());
    Field& slot = g_shared->slots[next_random(state) % g_shared->aux2];
    switch (next_random(state) % 8) {
      case 0:
      case 1: {
        RefTo<TestNode> fresh = TestNode::make(t, 2, next_random(state) % 16 == 0);
        fresh->slots[0].init(fresh.get(), TestNode::make(t, 0));
        fresh->slots[1].init(fresh.get(), Value::small_int(4711));
        slot.store(g_shared, std::move(fresh));
        break;
      }
      case 2: slot.clear(g_shared); break;
      case 3: {
        RefTo<TestNode> local = TestNode::make(t, 1);
        local->slots[0].store(local.get(), local.value());
        break;
      }
      case 4:
        if (next_random(state) % 64 == 0) {
          Detached detached(t);
          usleep(100);
        }
        break;
      default: {
        Ref held = slot.load();
        if (!held.get().is_object()) break;
        if (next_random(state) % 4 == 0) CHECK(!safepoint(t).failed());
        auto* node = held.as<TestNode>();
        CHECK(node->aux2 == 2);
        CHECK(node->slots[1].peek().same_word(Value::small_int(4711)));
        CHECK(node->slots[0].as<TestNode>()->shape == TestNode::shape_id(false));
      }
    }
  }
  __atomic_fetch_sub(&g_running, 1, __ATOMIC_RELEASE);
}

void wait_for_all(Thread& t) {
  while (__atomic_load_n(&g_running, __ATOMIC_ACQUIRE) != 0) {
    {
      Detached detached(t);
      usleep(500);
    }
    CHECK(!safepoint(t).failed());
  }
}

bool reclaims_under_load() {
  Thread& t = test_thread();
  u64 before = TestNode::count_alive();
  static GlobalRoot root;
  {
    RefTo<TestNode> shared = TestNode::make(t, 32);
    g_shared = shared.get();
    root.set(t, std::move(shared));
  }
  g_running = 5;
  for (u64 i = 1; i <= 5; i++) VERIFY(!start_thread(t, churn, reinterpret_cast<void*>(i), 0, false).failed());
  for (int i = 0; i < 5; i++) {
    collector::collect(t);
    Detached detached(t);
    usleep(5000);
  }
  wait_for_all(t);
  root.set(t, Ref::none());
  g_shared = nullptr;
  for (int i = 0; i < 8; i++) {
    scrub_stack();
    CHECK(!safepoint(t).failed());
    collector::collect(t);
    collector::reclaim_candidates(t);
    Detached detached(t);
    usleep(20000);
  }
  VERIFY(collector::counters().reclaimed > 0);
  VERIFY(TestNode::count_alive() <= before + 20);
  return true;
}
TEST_F(OwnershipTest, ReclaimsUnderLoad) { RUN_ISOLATED(reclaims_under_load); }

// R35: nobody polls, and what was dropped goes away all the same.
bool idle_process_reclaims() {
  Thread& t = test_thread();
  g_running = 1;
  VERIFY(!start_thread(
              t, [](Thread&, void*) { __atomic_fetch_sub(&g_running, 1, __ATOMIC_RELEASE); }, nullptr, 0, false)
              .failed());
  wait_for_all(t);
  u64 before = TestNode::count_alive();
  static GlobalRoot root;
  root.set(t, Ref(TestNode::make(t, 0)));
  root.set(t, Ref::none());
  scrub_stack();
  for (int i = 0; i < 100 && TestNode::count_alive() > before; i++) {
    Detached detached(t);
    usleep(20000);
  }
  VERIFY(TestNode::count_alive() == before);
  return true;
}
TEST_F(OwnershipTest, IdleProcessReclaims) { RUN_ISOLATED(idle_process_reclaims); }

// R7: a shared linked list goes in a few stops, not in one per link.
bool long_shared_chain() {
  Thread& t = test_thread();
  g_running = 1;
  VERIFY(!start_thread(
              t, [](Thread&, void*) { __atomic_fetch_sub(&g_running, 1, __ATOMIC_RELEASE); }, nullptr, 0, false)
              .failed());
  wait_for_all(t);
  u64 before = TestNode::count_alive();
  static GlobalRoot root;
  [&]() __attribute__((noinline)) {
    Ref head = Ref::none();
    for (int i = 0; i < 100000; i++) {
      RefTo<TestNode> next = TestNode::make(t, 1);
      next->slots[0].init(next.get(), std::move(head));
      head = std::move(next);
    }
    root.set(t, std::move(head));
  }();
  u64 stops = collector::counters().stops;
  root.set(t, Ref::none());
  for (int i = 0; i < 200 && TestNode::count_alive() > before + 10; i++) {
    scrub_stack();
    collector::reclaim_candidates(t);
  }
  VERIFY(TestNode::count_alive() <= before + 10);
  VERIFY(collector::counters().stops - stops < 100);
  return true;
}
TEST_F(OwnershipTest, LongSharedChainGoesAtOnce) { RUN_ISOLATED(long_shared_chain); }

}  // namespace
}  // namespace typhon
