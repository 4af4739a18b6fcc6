"""One collections.deque used by several threads.

Race: append and pop at both ends, rotate, extend, index, iteration.
Legal outcomes: append and pop at either end are atomic: every item arrives once. Iteration against a change raises
RuntimeError or yields items that were in the deque.
"""

import unittest
from collections import deque

from support import THREADS, numbered, race, repeat, scaled

N = scaled(5_000)


class DequeRaces(unittest.TestCase):
    def test_append_both_ends(self):
        shared = deque()

        def work(k):
            for i in range(N):
                (shared.append if k % 2 else shared.appendleft)((k, i))
        race(*numbered(work))
        self.assertEqual(len(set(shared)), N * THREADS)
        self.assertEqual(len(shared), N * THREADS)

    def test_pop_both_ends(self):
        shared = deque(range(N * 2))

        def work(k):
            mine = []
            while True:
                try:
                    mine.append(shared.pop() if k % 2 else shared.popleft())
                except IndexError:
                    return mine
        self.assertEqual(sorted(item for part in race(*numbered(work)) for item in part), list(range(N * 2)))

    def test_fifo_order_per_producer(self):
        shared = deque()

        def produce(k):
            for i in range(N):
                shared.append((k, i))

        def consume():
            mine = []
            for _ in range(N * 4):
                try:
                    mine.append(shared.popleft())
                except IndexError:
                    pass
            return mine
        *_, mine = race(lambda: produce(0), lambda: produce(1), consume)
        everything = mine + list(shared)
        for k in range(2):
            self.assertEqual([i for owner, i in everything if owner == k], list(range(N)))

    def test_searches_are_atomic(self):
        # No Python code takes part in these comparisons: a search sees the deque of one moment, and a change is no error.
        shared = deque(range(100))

        def search(k):
            for _ in range(N):
                self.assertIn(shared.count(50), (0, 1))
                50 in shared
                try:
                    shared.index(50)
                    shared.remove("absent")
                except ValueError:
                    pass

        def mutate():
            for _ in range(N):
                shared.append(0)
                shared.clear()
                shared.extend(range(100))
                shared.appendleft(-1)
        race(*numbered(search, 2), mutate)

    def test_remove_takes_each_item_once(self):
        shared = deque(i % 10 for i in range(N))

        def work(k):
            for i in range(N // 2):
                shared.append(i % 10)
                shared.remove(i % 10)
        race(*numbered(work))
        self.assertEqual(len(shared), N)

    def test_bounded(self):
        shared = deque(maxlen=10)

        def work(k):
            for i in range(N):
                shared.append((k, i))
                assert len(shared) <= 10
        race(*numbered(work))
        self.assertEqual(len(shared), 10)

    def test_rotate_keeps_items(self):
        shared = deque(range(50))

        def work(k):
            for _ in range(N):
                shared.rotate(k + 1)
        race(*numbered(work))
        self.assertEqual(sorted(shared), list(range(50)))

    def test_iteration_against_changes(self):
        shared = deque(range(20))

        def change():
            for i in range(N):
                shared.append(i % 20)
                shared.popleft()
        def look():
            try:
                for item in shared:
                    assert 0 <= item < 20
                shared.count(3), 5 in shared
            except RuntimeError as error:
                assert "mutated during iteration" in str(error)
            try:
                copied = shared.copy()
                assert all(0 <= item < 20 for item in copied)
            except RuntimeError:
                pass
            try:
                assert 0 <= shared[7] < 20
            except IndexError:
                pass
        race(*repeat(change, 2), meanwhile=[look])
        self.assertEqual(len(shared), 20)


if __name__ == "__main__":
    unittest.main()
