#include "objects/dict/table.h"
#include "objects/test_support.h"

namespace typhon {

class DictTest : public ObjectTest {
 protected:
  void set(Dict* d, Value key, Value value) { ASSERT_FALSE(dict_set_py(t, d, key, value).failed()); }
};

TEST_F(DictTest, KeepsInsertionOrderThroughGrowthAndDeletion) {
  RefTo<Dict> d = dict_new(t);
  for (i64 i = 0; i < 5000; i++) set(d.get(), num(i * 7), num(i));
  for (i64 i = 0; i < 5000; i += 2) EXPECT_TRUE(dict_delete_py(t, d.get(), num(i * 7)).get());
  EXPECT_EQ(dict_size(d.get()), 2500u);
  for (i64 i = 0; i < 5000; i++) {
    Ref v = dict_get_py(t, d.get(), num(i * 7));
    EXPECT_EQ(v.is_empty(), i % 2 == 0);
  }
  set(d.get(), num(0), num(-1));  // comes last now
  size_t position = 0;
  Ref key, value;
  i64 expected = 7, n = 0;
  while (dict_next(t, d.get(), &position, &key, &value)) {
    if (n < 2500)
      EXPECT_EQ(key.get().as_small_int(), expected);
    else
      EXPECT_EQ(key.get().as_small_int(), 0);
    expected += 14;
    n++;
  }
  EXPECT_EQ(n, 2501);
}

TEST_F(DictTest, NumbersThatAreEqualAreOneKey) {
  RefTo<Dict> d = dict_new(t);
  set(d.get(), num(1), num(10));
  set(d.get(), True, num(20));
  Ref one = float_from(t, 1.0);
  set(d.get(), one, num(30));
  EXPECT_EQ(repr(d), "{1: 30}");
  Ref zero = float_from(t, 0.0), minus = float_from(t, -0.0);
  set(d.get(), zero, num(1));
  set(d.get(), minus, num(2));
  set(d.get(), False, num(3));
  EXPECT_EQ(repr(d), "{1: 30, 0.0: 3}");
}

TEST_F(DictTest, OneItemFitsIn130Bytes) {
  RefTo<Dict> d = dict_new(t);
  Ref key = text("key");
  set(d.get(), key, num(1));
  EXPECT_LE(heap::block_size(d.get()) + heap::block_size(d->table), 130u);
}

TEST_F(DictTest, EqualStringsThatAreDifferentObjects) {
  RefTo<Dict> d = dict_new(t);
  Ref a = text("some key that is not interned"), b = text("some key that is not interned");
  ASSERT_FALSE(dict_set_str(t, d.get(), a.as<Str>(), num(1)).failed());
  EXPECT_EQ(repr(dict_get_py(t, d.get(), b)), "1");
  EXPECT_EQ(repr(dict_peek_str(d.get(), b.as<Str>())), "1");
  EXPECT_TRUE(dict_delete_str(t, d.get(), b.as<Str>()).get());
  EXPECT_FALSE(dict_delete_str(t, d.get(), b.as<Str>()).get());
  EXPECT_EQ(dict_size(d.get()), 0u);
}

TEST_F(DictTest, EntriesOfATableAreAppendOnly) {
  RefTo<Dict> d = dict_new(t, 8);
  Ref x = interned("x"), y = interned("y");
  set(d.get(), x, num(1));
  set(d.get(), y, num(2));
  DictTable* table = d->table;
  i64 at = dict_find_entry(table, x.as<Str>());
  u32 id = table->id;
  ASSERT_GE(at, 0);
  EXPECT_NE(id, 0u);
  EXPECT_TRUE(dict_delete_py(t, d.get(), x).get());
  EXPECT_TRUE(table->entries()[at].value.is_empty());
  EXPECT_EQ(dict_find_entry(table, x.as<Str>()), -1);
  set(d.get(), x, num(3));
  EXPECT_EQ(d->table, table);
  EXPECT_GT(dict_find_entry(table, x.as<Str>()), at);
  EXPECT_TRUE(table->entries()[at].value.is_empty()) << "the old entry stays dead";
  dict_clear(t, d.get());
  set(d.get(), x, num(4));
  dict_find_entry(d->table, x.as<Str>());
  EXPECT_NE(d->table->id, id);
}

TEST_F(DictTest, PopitemFromTheEnd) {
  RefTo<Dict> d = dict_new(t);
  for (i64 i = 0; i < 100; i++) set(d.get(), num(i), num(-i));
  RefTo<Str> popitem = RefTo<Str>::from(interned("popitem"));
  for (i64 i = 99; i >= 0; i--) {
    Ref pair = call_method_with(t, d, popitem.get());
    ASSERT_TRUE(is_exact_tuple(pair));
    EXPECT_TRUE(pair.as<Tuple>()->items[0].peek().same_word(num(i)));
  }
  EXPECT_TRUE(call_method_with(t, d, popitem.get()).failed());
  EXPECT_EQ(raised(), "KeyError: 'popitem(): dictionary is empty'");
}

TEST_F(DictTest, CopyUpdateAndUnion) {
  RefTo<Dict> a = dict_new(t), b = dict_new(t);
  set(a.get(), num(1), num(10));
  set(a.get(), num(2), num(20));
  set(b.get(), num(2), num(200));
  set(b.get(), num(3), num(300));
  EXPECT_EQ(repr(binary_op(t, BinaryOp::kOr, a, b)), "{1: 10, 2: 200, 3: 300}");
  RefTo<Dict> copy = dict_copy(t, a.get());
  ASSERT_FALSE(dict_update_py(t, copy.get(), b, false).failed());
  EXPECT_EQ(repr(copy), "{1: 10, 2: 20, 3: 300}");
  EXPECT_EQ(repr(a), "{1: 10, 2: 20}");
  EXPECT_TRUE(compare_bool(t, CompareOp::kNe, a, copy).get());
  EXPECT_TRUE(dict_update_py(t, a.get(), num(1)).failed());
  EXPECT_EQ(raised(), "TypeError: 'int' object is not iterable");
}

TEST_F(DictTest, IterationNoticesChanges) {
  RefTo<Dict> d = dict_new(t);
  for (i64 i = 0; i < 3; i++) set(d.get(), num(i), None);
  Ref it = get_iter(t, d);
  EXPECT_EQ(repr(iter_next(t, it)), "0");
  set(d.get(), num(3), None);
  EXPECT_TRUE(iter_next(t, it).failed());
  EXPECT_EQ(raised(), "RuntimeError: dictionary changed size during iteration");
}

TEST_F(DictTest, ViewsAreSets) {
  RefTo<Dict> d = dict_new(t);
  for (i64 i = 0; i < 3; i++) set(d.get(), num(i), num(i * i));
  Ref keys = dict_view_new(t, d.get(), DictPart::kKeys), items = dict_view_new(t, d.get(), DictPart::kItems);
  EXPECT_EQ(repr(keys), "dict_keys([0, 1, 2])");
  EXPECT_EQ(repr(items), "dict_items([(0, 0), (1, 1), (2, 4)])");
  RefTo<Set> s = set_new(t);
  EXPECT_TRUE(set_add_py(t, s.get(), num(1)).get());
  EXPECT_EQ(repr(binary_op(t, BinaryOp::kAnd, keys, s)), "{1}");
  EXPECT_EQ(repr(binary_op(t, BinaryOp::kSub, keys, s)), "{0, 2}");
  EXPECT_TRUE(compare_bool(t, CompareOp::kGt, keys, s).get());
}

TEST_F(DictTest, UnhashableKeys) {
  RefTo<Dict> d = dict_new(t);
  RefTo<List> list = list_new(t);
  EXPECT_TRUE(dict_set_py(t, d.get(), list, None).failed());
  EXPECT_EQ(raised(), "TypeError: cannot use 'list' as a dict key (unhashable type: 'list')");
}

TEST_F(DictTest, SharedDictsBehaveAsLocalOnes) {
  RefTo<Dict> d = dict_new(t);
  share(d);
  for (i64 i = 0; i < 300; i++) {
    RefTo<Tuple> key = tuple_of(t, num(i));
    set(d.get(), key, num(i));
    EXPECT_FALSE(key.get()->is_local());
  }
  RefTo<Tuple> key = tuple_of(t, num(77));
  EXPECT_EQ(repr(dict_get_py(t, d.get(), key)), "77");
  EXPECT_EQ(repr(dict_pop_py(t, d.get(), key)), "77");
  EXPECT_TRUE(dict_get_py(t, d.get(), key).is_empty());
  EXPECT_EQ(dict_size(d.get()), 299u);
}

}  // namespace typhon
