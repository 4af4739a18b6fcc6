#include "heap/heap.h"

#include <vector>

#include "heap/pages.h"
#include "objects/test_nodes.h"
#include "threads/hooks.h"

namespace typhon {
namespace {

class HeapTest : public ObjectTest {
 protected:
  static u32 leaf_shape() {
    static const Layout layout = {"leaf", sizeof(Object), 1, nullptr, nullptr, nullptr, nullptr};
    static const u32 id = new_root_shape(types::object, &layout, 0, 0, 0)->id;
    return id;
  }
  Object* leaf(size_t size) { return heap::allocate(t, leaf_shape(), size, false); }
  static bool is_zero(const Object* block, size_t size) {
    for (size_t i = sizeof(Object); i < size; i++) {
      if (reinterpret_cast<const char*>(block)[i] != 0) return false;
    }
    return true;
  }
};

TEST_F(HeapTest, SizeClassesCoverEverySize) {
  for (size_t size = 1; size <= heap::kMaxSmall; size++) {
    u32 c = heap::class_of(size);
    ASSERT_GE(heap::class_size(c), size);
    if (c > 0) {
      ASSERT_LT(heap::class_size(c - 1), size);
    }
  }
  for (u32 c = 0; c < heap::kClassCount; c++) {
    u32 size = heap::class_size(c);
    ASSERT_EQ(size % 16, 0u);
    for (u32 offset = 0; offset < heap::kPageSize; offset += 8) {
      ASSERT_EQ((offset * heap::kClasses.reciprocal[c]) >> 32, offset / size);
    }
  }
}

TEST_F(HeapTest, BlocksAreZeroFoundByInteriorPointersAndDeadOnceFreed) {
  for (int round = 0; round < 3; round++) {
    std::vector<std::pair<Object*, size_t>> blocks;
    for (size_t size : {16, 17, 32, 48, 256, 257, 512, 513, 1000, 8192, 8193, 65536, 70000, 1 << 20, 5 << 20}) {
      for (int i = 0; i < 3; i++) {
        Object* block = leaf(size);
        ASSERT_GE(heap::block_size(block), size);
        ASSERT_TRUE(is_zero(block, size));
        ASSERT_EQ(block->count, count::kOne);
        ASSERT_TRUE(block->is_local());
        memset(reinterpret_cast<char*>(block) + sizeof(Object), 0x5A, size - sizeof(Object));
        blocks.push_back({block, size});
      }
    }
    for (auto [block, size] : blocks) {
      ASSERT_EQ(heap::find_block(block), block);
      ASSERT_EQ(heap::find_block(reinterpret_cast<char*>(block) + size - 1), block);
    }
    for (auto [block, size] : blocks) heap::free_block(t, block);
    for (auto [block, size] : blocks) ASSERT_EQ(heap::find_block(block), nullptr);
  }
  EXPECT_EQ(heap::find_block(this), nullptr);
  EXPECT_EQ(heap::find_block(nullptr), nullptr);
}

TEST_F(HeapTest, MemoryOfEmptyPagesGoesBack) {
  heap::scavenge(t);
  u64 before = heap::statistics().bytes_mapped;
  std::vector<Object*> blocks;
  for (int i = 0; i < 500000; i++) blocks.push_back(leaf(64));
  u64 full = heap::statistics().bytes_mapped;
  EXPECT_GE(full - before, u64(500000) * 64 - (u64(8) << 20));
  for (Object* block : blocks) heap::free_block(t, block);
  heap::scavenge(t);
  EXPECT_LE(heap::statistics().bytes_mapped, before + (u64(8) << 20));
}

// What makes the collector run: blocks that come and go leave no trace in it, and pages that go back are no credit.
TEST_F(HeapTest, GrowthOfBlocksThatComeAndGo) {
  heap::scavenge(t);
  heap::reset_growth();
  Object* kept = leaf(u64(300) << 10);
  EXPECT_GE(heap::growth(), 300 << 10);
  i64 before = heap::growth();
  for (int i = 0; i < 100; i++) heap::free_block(t, leaf(70'000));
  EXPECT_LE(heap::growth(), before + (64 << 10));
  EXPECT_GE(heap::growth(), before - (64 << 10));
  heap::reset_growth();
  heap::free_block(t, kept);
  EXPECT_GE(heap::growth(), 0);
}

TEST_F(HeapTest, EnumerationSeesLiveObjectsOnly) {
  Object* kept = leaf(48);
  Object* freed = leaf(48);
  heap::free_block(t, freed);
  struct Seen {
    Object *kept, *freed;
    int kept_count = 0, freed_count = 0;
  } seen{kept, freed};
  heap::for_each_object(
      [](Object* object, void* raw) {
        auto* s = static_cast<Seen*>(raw);
        s->kept_count += object == s->kept;
        s->freed_count += object == s->freed;
      },
      &seen);
  EXPECT_EQ(seen.kept_count, 1);
  EXPECT_EQ(seen.freed_count, 0);
  heap::free_block(t, kept);
}

TEST_F(HeapTest, SizesThatCannotBeHadRaiseMemoryError) {
  g_raise_memory_error = [](Thread& thread) { (void)raise(thread, exc::MemoryError, ""); };
  EXPECT_EQ(heap::try_allocate(t, leaf_shape(), size_t(1) << 60, false), nullptr);
  EXPECT_TRUE(exception_pending(t));
  EXPECT_TRUE(raised().starts_with("MemoryError"));
}

TEST_F(HeapTest, BodyOfALocalOwnerIsFreedAtOnce) {
  RefTo<TestNode> owner = TestNode::make(t, 0);
  heap::Body* body = heap::allocate_body(t, owner.get(), 256);
  EXPECT_EQ(heap::find_block(reinterpret_cast<char*>(body) + 200), body);
  heap::retire_body(t, owner.get(), body);
  EXPECT_EQ(heap::find_block(body), nullptr);
}

// Walks of a thread over its own pages meet blocks that others free meanwhile: what looks like a state there is the link of a list.
TEST_F(HeapTest, LinkOfAFreedBlockIsNoState) {
  Object* object = leaf(32);
  ASSERT_TRUE(heap::state_unless_freed(object) & state::kLocal);
  heap::free_block(t, object);
  alignas(16) static char block[32];
  auto* freed = reinterpret_cast<Object*>(block);
  freed->state = state::kLocal | state::kTracked;
  ASSERT_EQ(freed->shape, 0u);
  EXPECT_EQ(heap::state_unless_freed(freed), 0);
}

}  // namespace
}  // namespace typhon
