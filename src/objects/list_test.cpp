#include "objects/list_body.h"
#include "objects/test_support.h"

namespace typhon {

class ListTest : public ObjectTest {
 protected:
  RefTo<List> numbers(std::initializer_list<i64> items) {
    RefTo<List> list = list_new(t);
    for (i64 n : items) EXPECT_FALSE(list_append(t, list.get(), num(n)).failed());
    return list;
  }
  RefTo<Slice> slice(Value start, Value stop, Value step = None) { return slice_new(t, start, stop, step); }
};

TEST_F(ListTest, AppendGrowsAndKeepsOrder) {
  RefTo<List> list = list_new(t);
  for (i64 i = 0; i < 1000; i++) ASSERT_FALSE(list_append(t, list.get(), num(i)).failed());
  ASSERT_EQ(list_size(list.get()), 1000u);
  for (i64 i = 0; i < 1000; i++) EXPECT_TRUE(list_get(t, list.get(), size_t(i)).get().same_word(num(i)));
  EXPECT_TRUE(list_get(t, list.get(), 1000).is_empty());
}

TEST_F(ListTest, SlotsPastTheSizeAreEmpty) {
  RefTo<List> list = numbers({1, 2, 3, 4, 5});
  for (int i = 0; i < 3; i++) EXPECT_FALSE(list_pop(t, list.get()).is_empty());
  ListBody* body = list->body;
  for (u64 i = list->size; i < body->capacity; i++) EXPECT_TRUE(body->items[i].is_empty());
}

TEST_F(ListTest, ThreeItemsFitIn80Bytes) {
  Value items[] = {num(1), num(2), num(3)};
  RefTo<List> list = list_from(t, items, 3);
  EXPECT_LE(heap::block_size(list.get()) + heap::block_size(list->body), 80u);
}

TEST_F(ListTest, APairTakes32Bytes) {
  Value items[] = {num(1), num(2)};
  RefTo<Tuple> pair = tuple_from(t, items, 2);
  EXPECT_EQ(pair->size, 2u);
  EXPECT_LE(heap::block_size(pair.get()), 32u);
}

TEST_F(ListTest, IndexingAndItsErrors) {
  RefTo<List> list = numbers({10, 20, 30});
  EXPECT_TRUE(get_item(t, list, num(-1)).get().same_word(num(30)));
  EXPECT_TRUE(get_item(t, list, num(3)).failed());
  EXPECT_EQ(raised(), "IndexError: list index out of range");
  EXPECT_TRUE(get_item(t, list, num(-4)).failed());
  EXPECT_EQ(raised(), "IndexError: list index out of range");
  Ref key = text("a");
  EXPECT_TRUE(get_item(t, list, key).failed());
  EXPECT_EQ(raised(), "TypeError: list indices must be integers or slices, not str");
  EXPECT_TRUE(set_item(t, list, num(5), None).failed());
  EXPECT_EQ(raised(), "IndexError: list assignment index out of range");
}

TEST_F(ListTest, Slices) {
  RefTo<List> list = numbers({0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  RefTo<Slice> every_third = slice(num(1), None, num(3));
  EXPECT_EQ(repr(get_item(t, list, every_third)), "[1, 4, 7]");
  RefTo<Slice> backwards = slice(None, None, num(-4));
  EXPECT_EQ(repr(get_item(t, list, backwards)), "[9, 5, 1]");
  RefTo<Slice> middle = slice(num(2), num(5));
  RefTo<List> replacement = numbers({100});
  ASSERT_FALSE(set_item(t, list, middle, replacement).failed());
  EXPECT_EQ(repr(list), "[0, 1, 100, 5, 6, 7, 8, 9]");
  replacement = numbers({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  RefTo<Slice> front = slice(num(0), num(1));
  ASSERT_FALSE(set_item(t, list, front, replacement).failed());
  EXPECT_EQ(list_size(list.get()), 19u);
  RefTo<Slice> even = slice(None, None, num(2));
  ASSERT_FALSE(delete_item(t, list, even).failed());
  EXPECT_EQ(repr(list), "[2, 4, 6, 8, 10, 12, 100, 6, 8]");
  EXPECT_TRUE(set_item(t, list, even, replacement).failed());
  EXPECT_EQ(raised(), "ValueError: attempt to assign sequence of size 12 to extended slice of size 5");
  RefTo<Slice> all = slice(None, None);
  ASSERT_FALSE(delete_item(t, list, all).failed());
  EXPECT_EQ(repr(list), "[]");
}

TEST_F(ListTest, AssigningAListToItsOwnSlice) {
  RefTo<List> list = numbers({1, 2, 3});
  RefTo<Slice> middle = slice(num(1), num(2));
  ASSERT_FALSE(set_item(t, list, middle, list).failed());
  EXPECT_EQ(repr(list), "[1, 1, 2, 3, 3]");
  ASSERT_FALSE(list_extend_py(t, list.get(), list).failed());
  EXPECT_EQ(list_size(list.get()), 10u);
}

TEST_F(ListTest, SharedListsBehaveAsLocalOnes) {
  RefTo<List> list = numbers({3, 1, 2});
  share(list);
  RefTo<List> inner = numbers({7});
  ASSERT_FALSE(list_append(t, list.get(), inner.value()).failed());
  EXPECT_FALSE(inner.get()->is_local());
  for (i64 i = 0; i < 40; i++) ASSERT_FALSE(list_insert(t, list.get(), 0, num(i)).failed());
  EXPECT_EQ(list_size(list.get()), 44u);
  EXPECT_EQ(repr(call_method_with(t, list, names::pop, num(0))), "39");
  RefTo<Slice> front = slice(num(0), num(39));
  ASSERT_FALSE(delete_item(t, list, front).failed());
  EXPECT_EQ(repr(list), "[3, 1, 2, [7]]");
}

TEST_F(ListTest, SortsIntsFloatsStringsAndMixtures) {
  RefTo<List> list = numbers({5, -3, 9, 0, 5, 2});
  ASSERT_FALSE(list_sort_py(t, list.get(), None, false).failed());
  EXPECT_EQ(repr(list), "[-3, 0, 2, 5, 5, 9]");
  ASSERT_FALSE(list_sort_py(t, list.get(), None, true).failed());
  EXPECT_EQ(repr(list), "[9, 5, 5, 2, 0, -3]");
  Ref half = float_from(t, 0.5);
  ASSERT_FALSE(list_append(t, list.get(), half).failed());
  ASSERT_FALSE(list_sort_py(t, list.get(), None, false).failed());
  EXPECT_EQ(repr(list), "[-3, 0, 0.5, 2, 5, 5, 9]");
  RefTo<List> words = list_new(t);
  for (const char* word : {"pear", "apple", "fig", "", "applf"})
    ASSERT_FALSE(list_append(t, words.get(), text(word)).failed());
  ASSERT_FALSE(list_sort_py(t, words.get(), None, false).failed());
  EXPECT_EQ(repr(words), "['', 'apple', 'applf', 'fig', 'pear']");
  ASSERT_FALSE(list_append(t, words.get(), num(1)).failed());
  EXPECT_TRUE(list_sort_py(t, words.get(), None, false).failed());
  EXPECT_EQ(raised(), "TypeError: '<' not supported between instances of 'int' and 'str'");
  EXPECT_EQ(list_size(words.get()), 6u);
}

TEST_F(ListTest, SortOfASharedListUsesANewArray) {
  RefTo<List> list = numbers({2, 1});
  share(list);
  ASSERT_FALSE(list_sort_py(t, list.get(), None, false).failed());
  EXPECT_EQ(repr(list), "[1, 2]");
}

TEST_F(ListTest, IteratorsGiveEachItemOnce) {
  RefTo<List> list = numbers({1, 2});
  Ref it = get_iter(t, list);
  EXPECT_EQ(repr(iter_next(t, it)), "1");
  ASSERT_FALSE(list_append(t, list.get(), num(3)).failed());
  EXPECT_EQ(repr(iter_next(t, it)), "2");
  EXPECT_EQ(repr(iter_next(t, it)), "3");
  EXPECT_TRUE(iter_next(t, it).is_empty());
  ASSERT_FALSE(list_append(t, list.get(), num(4)).failed());
  EXPECT_TRUE(iter_next(t, it).is_empty()) << "an exhausted iterator stays so";
}

TEST_F(ListTest, RecursiveRepr) {
  RefTo<List> list = numbers({1});
  ASSERT_FALSE(list_append(t, list.get(), list.value()).failed());
  EXPECT_EQ(repr(list), "[1, [...]]");
  ASSERT_FALSE(list_pop(t, list.get()).is_empty());
}

TEST_F(ListTest, TuplesAndRanges) {
  RefTo<Tuple> one = tuple_of(t, num(1));
  EXPECT_EQ(repr(one), "(1,)");
  RefTo<Tuple> pair = tuple_of(t, num(1), num(2));
  EXPECT_EQ(object_hash(t, pair).get(), -3550055125485641917) << "the same number as everywhere";
  EXPECT_EQ(object_hash(t, Value(empty_tuple())).get(), 5740354900026072187);
  Value bounds[] = {num(10), num(0), num(-3)};
  Ref range = type_call(t, Value(types::range), Args{bounds, 3});
  EXPECT_EQ(repr(to_list(t, range)), "[10, 7, 4, 1]");
  Ref big = binary_op(t, BinaryOp::kLshift, num(1), num(100));
  Value huge[] = {big.get()};
  Ref wide = type_call(t, Value(types::range), Args{huge, 1});
  Ref it = get_iter(t, wide);
  EXPECT_EQ(repr(iter_next(t, it)), "0");
  EXPECT_EQ(repr(iter_next(t, it)), "1");
  EXPECT_EQ(repr(get_item(t, wide, num(-1))), "1267650600228229401496703205375");
}

TEST_F(ListTest, ZipStopsAndStrictComplains) {
  RefTo<List> a = numbers({1, 2, 3}), b = numbers({4, 5});
  Value both[] = {a.value(), b.value()};
  Ref zipped = type_call(t, Value(types::zip), Args{both, 2});
  EXPECT_EQ(repr(to_list(t, zipped)), "[(1, 4), (2, 5)]");
  Value strict[] = {a.value(), b.value(), True};
  RefTo<Tuple> names = tuple_of(t, Value(names::strict));
  zipped = type_call(t, Value(types::zip), Args{strict, 2, names.get(), 1});
  EXPECT_TRUE(to_list(t, zipped).failed());
  EXPECT_EQ(raised(), "ValueError: zip() argument 2 is shorter than argument 1");
}

}  // namespace typhon
