#include "objects/set_table.h"
#include "objects/test_support.h"

namespace typhon {

class SetTest : public ObjectTest {
 protected:
  RefTo<Set> of(std::initializer_list<i64> items, bool frozen = false) {
    RefTo<Set> s = set_new(t, frozen);
    for (i64 n : items) EXPECT_FALSE(set_add_py(t, s.get(), num(n)).failed());
    return s;
  }
};

TEST_F(SetTest, AddContainsDiscard) {
  RefTo<Set> s = set_new(t);
  for (i64 i = 0; i < 3000; i++) EXPECT_TRUE(set_add_py(t, s.get(), num(i * 3)).get());
  for (i64 i = 0; i < 3000; i++) EXPECT_FALSE(set_add_py(t, s.get(), num(i * 3)).get());
  EXPECT_EQ(set_size(s.get()), 3000u);
  for (i64 i = 0; i < 9000; i++) EXPECT_EQ(set_contains_py(t, s.get(), num(i)).get(), i % 3 == 0);
  for (i64 i = 0; i < 3000; i += 2) EXPECT_TRUE(set_discard_py(t, s.get(), num(i * 3)).get());
  EXPECT_EQ(set_size(s.get()), 1500u);
  for (i64 i = 0; i < 3000; i++) EXPECT_EQ(set_contains_py(t, s.get(), num(i * 3)).get(), i % 2 == 1);
}

TEST_F(SetTest, AddingAndDiscardingForEverEnds) {
  RefTo<Set> s = set_new(t);
  for (i64 i = 0; i < 10000; i++) {
    ASSERT_TRUE(set_add_py(t, s.get(), num(i)).get());
    ASSERT_TRUE(set_discard_py(t, s.get(), num(i)).get());
  }
  EXPECT_EQ(set_size(s.get()), 0u);
  EXPECT_LE(s->table->mask, 31u);
}

TEST_F(SetTest, Algebra) {
  RefTo<Set> a = of({1, 2, 3, 4}), b = of({3, 4, 5});
  EXPECT_EQ(repr(binary_op(t, BinaryOp::kOr, a, b)), "{1, 2, 3, 4, 5}");
  EXPECT_EQ(repr(binary_op(t, BinaryOp::kAnd, a, b)), "{3, 4}");
  EXPECT_EQ(repr(binary_op(t, BinaryOp::kSub, a, b)), "{1, 2}");
  EXPECT_EQ(repr(binary_op(t, BinaryOp::kXor, a, b)), "{1, 2, 5}");
  Ref same = inplace_op(t, BinaryOp::kAnd, a, b);
  EXPECT_TRUE(same.get().same_word(a.value()));
  EXPECT_EQ(repr(a), "{3, 4}");
  RefTo<List> list = list_new(t);
  EXPECT_TRUE(binary_op(t, BinaryOp::kOr, a, list).failed());
  EXPECT_EQ(raised(), "TypeError: unsupported operand type(s) for |: 'set' and 'list'");
}

TEST_F(SetTest, FrozenSetsHashByContents) {
  RefTo<Set> a = of({1, 2, 30}, true), b = of({30, 2, 1}, true);
  EXPECT_EQ(object_hash(t, a).get(), object_hash(t, b).get());
  EXPECT_TRUE(compare_bool(t, CompareOp::kEq, a, b).get());
  RefTo<Set> mutable_one = of({30, 1, 2});
  EXPECT_TRUE(compare_bool(t, CompareOp::kEq, a, mutable_one).get());
  EXPECT_TRUE(object_hash(t, mutable_one).failed());
  EXPECT_EQ(raised(), "TypeError: unhashable type: 'set'");
  RefTo<Set> outer = set_new(t);
  EXPECT_TRUE(set_add_py(t, outer.get(), a).get());
  EXPECT_TRUE(set_contains_py(t, outer.get(), mutable_one).get()) << "a set stands for the frozenset of its items";
  EXPECT_EQ(repr(outer), "{frozenset({1, 2, 30})}");
}

TEST_F(SetTest, Order) {
  RefTo<Set> small = of({1, 2}), large = of({1, 2, 3});
  EXPECT_TRUE(compare_bool(t, CompareOp::kLt, small, large).get());
  EXPECT_TRUE(compare_bool(t, CompareOp::kLe, small, small).get());
  EXPECT_FALSE(compare_bool(t, CompareOp::kLt, small, small).get());
  EXPECT_TRUE(compare_bool(t, CompareOp::kGe, large, small).get());
}

TEST_F(SetTest, PopEmptiesInLinearTime) {
  RefTo<Set> s = set_new(t);
  for (i64 i = 0; i < 20000; i++) ASSERT_FALSE(set_add_py(t, s.get(), num(i)).failed());
  for (i64 i = 0; i < 20000; i++) ASSERT_FALSE(call_method_with(t, s, names::pop).failed());
  EXPECT_TRUE(call_method_with(t, s, names::pop).failed());
  EXPECT_EQ(raised(), "KeyError: 'pop from an empty set'");
}

TEST_F(SetTest, IterationNoticesChanges) {
  RefTo<Set> s = of({1, 2, 3});
  Ref it = get_iter(t, s);
  EXPECT_FALSE(iter_next(t, it).failed());
  EXPECT_TRUE(set_add_py(t, s.get(), num(9)).get());
  EXPECT_TRUE(iter_next(t, it).failed());
  EXPECT_EQ(raised(), "RuntimeError: Set changed size during iteration");
}

TEST_F(SetTest, SharedSetsPublishWhatTheyGet) {
  RefTo<Set> s = set_new(t);
  share(s);
  for (i64 i = 0; i < 100; i++) {
    RefTo<Tuple> key = tuple_of(t, num(i), num(i));
    EXPECT_TRUE(set_add_py(t, s.get(), key).get());
    EXPECT_FALSE(key.get()->is_local());
  }
  RefTo<Tuple> key = tuple_of(t, num(5), num(5));
  EXPECT_TRUE(set_discard_py(t, s.get(), key).get());
  EXPECT_EQ(set_size(s.get()), 99u);
  RefTo<Set> other = of({1});
  EXPECT_FALSE(inplace_op(t, BinaryOp::kAnd, s, other).failed());
  EXPECT_EQ(repr(s), "set()");
}

}  // namespace typhon
