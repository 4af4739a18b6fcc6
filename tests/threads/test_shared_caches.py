"""What threads read together without writing to it: lru_cache's order, the module's random numbers, interned names, objects that
many threads refer to over and over."""

import functools
import gc
import random
import sys
import threading
import time
import unittest
import weakref

from support import race


class LruCaches(unittest.TestCase):
    def test_hits_of_many_threads_are_counted(self):
        @functools.lru_cache(maxsize=64)
        def double(n):
            return n * 2
        for n in range(64):
            double(n)

        def work():
            for i in range(2_000):
                self.assertEqual(double(i % 64), i % 64 * 2)
        race(work, work, work, work)
        info = double.cache_info()
        self.assertEqual((info.hits, info.misses, info.currsize), (8_000, 64, 64))
        double.cache_clear()
        self.assertEqual(double.cache_info()[:2], (0, 0))

    def test_what_another_thread_used_stays(self):
        @functools.lru_cache(maxsize=4)
        def same(n):
            return n
        for n in range(4):
            same(n)
        thread = threading.Thread(target=lambda: [same(0), same(1)])
        thread.start()
        thread.join()
        same(4)
        same(5)
        misses = same.cache_info().misses
        self.assertEqual((same(0), same(1)), (0, 1))
        self.assertEqual(same.cache_info().misses, misses)

    def test_size_is_kept(self):
        @functools.lru_cache(maxsize=8)
        def same(n):
            return n
        sizes = []

        def work(first):
            for i in range(2_000):
                same((i * first) % 24)
                sizes.append(same.cache_info().currsize)
        race(lambda: work(1), lambda: work(5), lambda: work(7))
        self.assertLessEqual(max(sizes), 8)

    def test_order_of_one_thread_is_exact(self):
        @functools.lru_cache(maxsize=3)
        def same(n):
            return n

        def work():
            for n in (1, 2, 3, 1, 4):  # 2 goes
                same(n)
            misses = same.cache_info().misses
            same(1), same(3), same(4)
            self.assertEqual(same.cache_info().misses, misses)
            same(2)
            self.assertEqual(same.cache_info().misses, misses + 1)
        race(work)


class RandomNumbers(unittest.TestCase):
    def test_threads_draw_different_numbers(self):
        generator = random.Random()
        drawn = [[] for _ in range(4)]
        race(*(lambda to=to: to.extend(generator.random() for _ in range(500)) for to in drawn))
        self.assertEqual(len({n for numbers in drawn for n in numbers}), 2_000)

    def test_a_seed_gives_one_sequence(self):
        generator = random.Random()
        generator.seed(7)
        drawn = []
        race(*([lambda: drawn.extend(generator.getrandbits(32) for _ in range(500))] * 4))
        generator.seed(7)
        self.assertEqual(sorted(drawn), sorted(generator.getrandbits(32) for _ in range(2_000)))

    def test_state_of_an_unseeded_generator(self):
        generator = random.Random()

        def work():
            generator.random()
            state = generator.getstate()
            numbers = [generator.random() for _ in range(10)]
            generator.setstate(state)
            self.assertEqual([generator.random() for _ in range(10)], numbers)
        race(work)


class Names(unittest.TestCase):
    def test_interned_by_all_threads_at_once(self):
        found = [[] for _ in range(4)]

        def work(to):
            for i in range(3_000):
                to.append(id(sys.intern(f"a name that {i % 50} threads look up")))
        kept = [sys.intern(f"a name that {i} threads look up") for i in range(50)]
        race(*(lambda to=to: work(to) for to in found))
        self.assertEqual({n for ids in found for n in ids}, {id(name) for name in kept})

    def test_names_that_come_and_go(self):
        def work(first):
            for i in range(3_000):
                name = sys.intern(f"name {i * first % 100}")
                self.assertIs(sys.intern(f"name {i * first % 100}"), name)
                if i % 500 == 0:
                    gc.collect()
        race(lambda: work(1), lambda: work(3), lambda: work(7))


class Popular(unittest.TestCase):
    """Objects that are no longer counted: they must go in the end, and no sooner."""

    def test_freed_by_a_collection(self):
        class Thing:
            pass
        things = [Thing() for _ in range(20)]

        def work():
            for _ in range(2_000):
                for thing in things:
                    [thing]
        race(work, work)
        time.sleep(0.05)
        race(work, work)
        gone = [weakref.ref(thing) for thing in things]
        thing = None
        things.clear()
        for _ in range(50):
            gc.collect()
            if sum(ref() is None for ref in gone) >= 18:  # a stale word on a stack may keep one or the other
                return
            time.sleep(0.02)
        self.fail(f"{sum(ref() is not None for ref in gone)} of 20 objects are kept")

    def test_del_is_prompt(self):
        died = threading.Event()

        class Thing:
            def __del__(self):
                died.set()
        thing = Thing()

        def work():
            for _ in range(5_000):
                [thing]
        race(work, work)
        time.sleep(0.05)
        del thing, work
        self.assertTrue(died.wait(10))

    def test_copies_of_a_list_that_changes(self):
        shared = [0, 0, 0, 0]
        done = threading.Event()

        def change():
            for i in range(20_000):
                shared[:] = [i] * 4
            done.set()

        def read():
            while not done.is_set():
                self.assertEqual(len(set(shared.copy())), 1)
        race(change, read, read)


if __name__ == "__main__":
    unittest.main()
