// Several threads on one container: nothing is lost, invented or given twice, and no reader meets freed memory (the
// checking, asan and tsan builds would tell).
#include <atomic>
#include <thread>

#include "objects/test_support.h"

namespace typhon {

class ContainerThreadsTest : public ObjectTest {
 protected:
  static constexpr int kThreads = 4;

  struct Work {
    std::atomic<int> running{0};
    std::atomic<i64> result{0};
    std::atomic<int> number{0};
    Value shared;
    void (*body)(Thread& t, Work& work, int number);
  };

  static void entry(Thread& t, void* argument) {
    Work& work = *static_cast<Work*>(argument);
    work.body(t, work, work.number.fetch_add(1));
    EXPECT_FALSE(exception_pending(t));
    work.running.fetch_sub(1);
  }

  // Runs body(t, work, 0..kThreads-1) in threads of their own on a published object; the sum of what they add to
  // result.
  i64 race(Value shared, void (*body)(Thread& t, Work& work, int number)) {
    publish(shared.object());
    Ref keep = Ref::copy(shared);
    Work work;
    work.shared = shared;
    work.body = body;
    work.running = kThreads;
    for (int i = 0; i < kThreads; i++) EXPECT_FALSE(start_thread(t, entry, &work, 0, false).failed());
    Detached detached(t);
    while (work.running.load() > 0) std::this_thread::yield();
    return work.result.load();
  }

  static Ref key_of(Thread& t, i64 n) { return tuple_of(t, Value::small_int(n), Value::small_int(-n)); }
};

TEST_F(ContainerThreadsTest, AppendsAreNotLost) {
  RefTo<List> list = list_new(t);
  race(list, [](Thread& t, Work& work, int number) {
    for (i64 i = 0; i < 5000; i++) {
      Ref item = key_of(t, i);
      (void)list_append(t, work.shared.as<List>(), std::move(item));
      if (i % 16 == 0) (void)safepoint(t);
    }
  });
  ASSERT_EQ(list_size(list.get()), size_t(kThreads) * 5000);
  for (size_t i = 0; i < list_size(list.get()); i++) {
    Ref item = list_get(t, list.get(), i);
    EXPECT_TRUE(is_exact_tuple(item));
  }
}

TEST_F(ContainerThreadsTest, ReadersOfAListThatShrinksAndGrows) {
  RefTo<List> list = list_new(t);
  race(list, [](Thread& t, Work& work, int number) {
    List* list = work.shared.as<List>();
    for (i64 i = 0; i < 4000; i++) {
      if (number == 0) {
        for (i64 k = 0; k < 20; k++) (void)list_append(t, list, key_of(t, k));
        for (i64 k = 0; k < 15; k++) (void)list_pop(t, list).is_empty();
        if (i % 50 == 0) {
          RefTo<Slice> all = slice_new(t, None, None, None);
          (void)delete_item(t, list, all);
        }
      } else {
        for (size_t k = 0; k < 40; k++) {
          Ref item = list_get(t, list, k);
          if (item.is_empty()) break;
          Value first = item.as<Tuple>()->items[0].peek();
          EXPECT_TRUE(first.is_small_int() && first.as_small_int() < 20);
        }
      }
      (void)safepoint(t);
    }
  });
}

TEST_F(ContainerThreadsTest, EachPopGivesAnotherItem) {
  RefTo<List> list = list_new(t);
  for (i64 i = 0; i < 20000; i++) ASSERT_FALSE(list_append(t, list.get(), num(i)).failed());
  i64 sum = race(list, [](Thread& t, Work& work, int number) {
    i64 sum = 0;
    for (;;) {
      Ref item = number % 2 == 0 ? list_pop(t, work.shared.as<List>())
                                 : call_method_with(t, work.shared, names::pop, Value::small_int(0));
      if (item.failed()) clear_exception(t);
      if (item.failed() || item.is_empty()) break;
      sum += item.get().as_small_int();
      (void)safepoint(t);
    }
    work.result.fetch_add(sum);
  });
  EXPECT_EQ(sum, i64(20000) * 19999 / 2);
}

TEST_F(ContainerThreadsTest, DictWithKeysThatNeedEq) {
  RefTo<Dict> d = dict_new(t);
  race(d, [](Thread& t, Work& work, int number) {
    Dict* d = work.shared.as<Dict>();
    for (i64 round = 0; round < 4; round++) {
      for (i64 i = 0; i < 500; i++) {
        Ref key = key_of(t, i * kThreads + number), value = key_of(t, i);
        EXPECT_FALSE(dict_set_py(t, d, key, value).failed());
        Ref other = key_of(t, i);
        Ref found = dict_get_py(t, d, other);
        EXPECT_TRUE(found.is_empty() || is_exact_tuple(found));
        if (i % 8 == 0) (void)safepoint(t);
      }
      for (i64 i = 0; i < 500 && round < 3; i++) {
        Ref key = key_of(t, i * kThreads + number);
        Ref gone = dict_pop_py(t, d, key);
        EXPECT_FALSE(gone.is_empty()) << "only this thread uses the key";
        if (i % 8 == 0) (void)safepoint(t);
      }
    }
  });
  EXPECT_EQ(dict_size(d.get()), size_t(kThreads) * 500);
}

TEST_F(ContainerThreadsTest, SetdefaultGivesAllThreadsOneValue) {
  RefTo<Dict> d = dict_new(t);
  race(d, [](Thread& t, Work& work, int number) {
    for (i64 i = 0; i < 3000; i++) {
      RefTo<List> mine = list_new(t);
      Ref winner = dict_setdefault_py(t, work.shared.as<Dict>(), Value::small_int(i), mine);
      (void)list_append(t, winner.as<List>(), Value::small_int(number));
      (void)safepoint(t);
    }
  });
  ASSERT_EQ(dict_size(d.get()), 3000u);
  for (i64 i = 0; i < 3000; i++) {
    Ref list = dict_get_py(t, d.get(), num(i));
    EXPECT_EQ(list_size(list.as<List>()), size_t(kThreads));
  }
}

TEST_F(ContainerThreadsTest, DictUnderClearAndIteration) {
  RefTo<Dict> d = dict_new(t);
  race(d, [](Thread& t, Work& work, int number) {
    Dict* d = work.shared.as<Dict>();
    for (i64 round = 0; round < 300; round++) {
      if (number == 0) {
        for (i64 i = 0; i < 50; i++) {
          Ref value = key_of(t, i);
          (void)dict_set_py(t, d, Value::small_int(i), value);
        }
        dict_clear(t, d);
      } else if (number == 1) {
        RefTo<Dict> copy = dict_copy(t, d);
        RefTo<List> items = dict_items_list(t, copy.get());
        EXPECT_EQ(list_size(items.get()), dict_size(copy.get()));
      } else {
        size_t position = 0;
        Ref key, value;
        while (dict_next(t, d, &position, &key, &value)) {
          EXPECT_TRUE(is_exact_tuple(value));
          EXPECT_TRUE(value.as<Tuple>()->items[0].peek().same_word(key));
        }
      }
      (void)safepoint(t);
    }
  });
}

TEST_F(ContainerThreadsTest, SetAddsCountOnce) {
  RefTo<Set> s = set_new(t);
  i64 added = race(s, [](Thread& t, Work& work, int number) {
    Set* s = work.shared.as<Set>();
    i64 added = 0;
    for (i64 i = 0; i < 4000; i++) {
      Ref key = key_of(t, i);
      added += set_add_py(t, s, key).get();
      if (i % 3 == 0) added -= set_discard_py(t, s, key).get();
      (void)safepoint(t);
    }
    work.result.fetch_add(added);
  });
  EXPECT_EQ(i64(set_size(s.get())), added);
}

TEST_F(ContainerThreadsTest, ASharedIteratorGivesEachItemOnce) {
  RefTo<List> list = list_new(t);
  for (i64 i = 0; i < 10000; i++) ASSERT_FALSE(list_append(t, list.get(), num(i)).failed());
  RefTo<Dict> d = dict_new(t);
  for (i64 i = 0; i < 10000; i++) ASSERT_FALSE(dict_set_py(t, d.get(), num(i), None).failed());
  Value stop[] = {num(10000)};
  Ref range = type_call(t, Value(types::range), Args{stop, 1});
  for (Value iterable : {list.value(), d.value(), range.get()}) {
    Ref it = get_iter(t, iterable);
    i64 sum = race(it, [](Thread& t, Work& work, int number) {
      i64 sum = 0;
      for (;;) {
        Ref item = iter_next(t, work.shared);
        EXPECT_FALSE(item.failed());
        if (item.failed() || item.is_empty()) break;
        sum += item.get().as_small_int();
        (void)safepoint(t);
      }
      work.result.fetch_add(sum);
    });
    EXPECT_EQ(sum, i64(10000) * 9999 / 2);
  }
}

TEST_F(ContainerThreadsTest, SortWhileOthersRead) {
  RefTo<List> list = list_new(t);
  for (i64 i = 0; i < 500; i++) ASSERT_FALSE(list_append(t, list.get(), num((i * 7919) % 500)).failed());
  race(list, [](Thread& t, Work& work, int number) {
    List* list = work.shared.as<List>();
    for (i64 round = 0; round < 300; round++) {
      if (number == 0) {
        EXPECT_FALSE(list_sort_py(t, list, None, round % 2 == 0).failed());
      } else {
        for (size_t i = 0;; i++) {
          Ref item = list_get(t, list, i);
          if (item.is_empty()) break;
          EXPECT_TRUE(item.get().is_small_int());
        }
      }
      (void)safepoint(t);
    }
  });
  EXPECT_EQ(list_size(list.get()), 500u);
}

}  // namespace typhon
