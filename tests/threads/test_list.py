"""One list used by several threads.

Race: append, extend, insert, pop, remove, slices, sort, clear, copies and iteration on one list.
Legal outcomes: append, extend with a list or tuple, pop and slice assignment happen as a whole or not at all: nothing
is lost, doubled or invented. An iteration may skip or repeat items, but yields only items that were put in.
`sort` empties the list while it runs: a reader may see it empty, and a write meanwhile may be lost or raise ValueError.
"""

import unittest
from collections import Counter

from support import THREADS, numbered, race, repeat, scaled

N = scaled(5_000)


class ListRaces(unittest.TestCase):
    def test_append_loses_nothing(self):
        shared = []

        def work(k):
            for i in range(N):
                shared.append((k, i))
        race(*numbered(work))
        self.assertEqual(len(shared), N * THREADS)
        self.assertEqual(len(set(shared)), N * THREADS)
        for k in range(THREADS):
            self.assertEqual([i for owner, i in shared if owner == k], list(range(N)))

    def test_extend_is_atomic(self):
        shared = []

        def work(k):
            for i in range(N // 10):
                shared.extend([(k, i, part) for part in range(5)])
                shared.extend(((k, i, 5), (k, i, 6)))
        race(*numbered(work))
        self.assertEqual(len(shared), N // 10 * 7 * THREADS)
        for position, (k, i, part) in enumerate(shared):
            if part not in (0, 5):
                self.assertEqual(shared[position - 1], (k, i, part - 1))

    def test_inplace_add(self):
        shared = []

        def work(k):
            mine = shared
            for _ in range(N // 10):
                mine += [k, k]
                mine += (k,)
        race(*numbered(work))
        self.assertEqual(Counter(shared), {k: N // 10 * 3 for k in range(THREADS)})

    def test_slice_assignment_at_the_front(self):
        shared = []

        def work(k):
            for _ in range(N // 50):
                shared[0:0] = [k, k + 100]
        race(*numbered(work))
        self.assertEqual(len(shared), N // 50 * 2 * THREADS)
        for first, second in zip(shared[::2], shared[1::2]):
            self.assertEqual(first + 100, second)

    def test_pop_gives_every_item_once(self):
        shared = list(range(N * 2))

        def work():
            mine = []
            while True:
                try:
                    mine.append(shared.pop())
                except IndexError:
                    return mine
        popped = [item for part in race(*repeat(work)) for item in part]
        self.assertEqual(sorted(popped), list(range(N * 2)))
        self.assertEqual(shared, [])

    def test_pop_front_and_back(self):
        shared = list(range(N))

        def work(k):
            mine = []
            while True:
                try:
                    mine.append(shared.pop(0 if k % 2 else -1))
                except IndexError:
                    return mine
        popped = [item for part in race(*numbered(work)) for item in part]
        self.assertEqual(sorted(popped), list(range(N)))

    def test_append_against_pop(self):
        shared = []

        def push(k):
            for i in range(N):
                shared.append((k, i))
            return []

        def take(_):
            mine = []
            for _ in range(N * 2):
                try:
                    mine.append(shared.pop())
                except IndexError:
                    pass
            return mine
        parts = race(lambda: push(0), lambda: push(1), lambda: take(0), lambda: take(1))
        everything = [item for part in parts for item in part] + shared
        self.assertEqual(len(everything), 2 * N)
        self.assertEqual(len(set(everything)), 2 * N)

    def test_remove_takes_each_once(self):
        shared = list(range(300))
        removed = []

        def work():
            for value in range(300):
                try:
                    shared.remove(value)
                    removed.append(value)
                except ValueError:
                    pass
        race(*repeat(work))
        self.assertEqual(shared, [])
        self.assertEqual(sorted(removed), list(range(300)))

    def test_insert_loses_nothing(self):
        shared = []

        def work(k):
            for i in range(N // 5):
                shared.insert(i // 2, (k, i))
        race(*numbered(work))
        self.assertEqual(len(set(shared)), N // 5 * THREADS)
        self.assertEqual(len(shared), N // 5 * THREADS)

    def test_set_item_keeps_length_and_values(self):
        shared = [0] * 64

        def work(k):
            for i in range(N):
                shared[i % 64] = (k, i)
                value = shared[(i * 7) % 64]
                assert value == 0 or (0 <= value[0] < THREADS and 0 <= value[1] < N)
        race(*numbered(work))
        self.assertEqual(len(shared), 64)

    def test_iterate_while_changing(self):
        shared = list(range(100))

        def change():
            for i in range(N):
                shared.append(i % 100)
                if len(shared) > 200:
                    del shared[50:150]
                shared.insert(0, i % 100)
                shared.pop()
        def look():
            for item in shared:
                assert item in range(100), item
            for item in reversed(shared):
                assert item in range(100), item
            assert all(0 <= item < 100 for item in list(shared))
            assert set(shared) <= set(range(100))
            assert 1000 not in shared and shared.count("x") == 0
            tuple(shared), shared[:10], shared[::3], shared + [], shared * 2, shared == list(range(3))
            repr(shared[:5])
        race(change, change, meanwhile=[look, look])
        self.assertTrue(set(shared) <= set(range(100)))

    def test_clear_and_refill(self):
        shared = []

        def refill():
            for i in range(N // 5):
                shared.extend(range(20))
                shared.clear()
                shared[:] = range(10)
                del shared[:]
        def look():
            copied = shared.copy()
            assert all(0 <= item < 20 for item in copied), copied
            try:
                assert 0 <= shared[5] < 20
            except IndexError:
                pass
        race(refill, refill, meanwhile=[look, look])

    def test_sort_against_readers(self):
        shared = [(i * 7919) % 1000 for i in range(1000)]
        values = set(shared)

        def sort():
            for i in range(20):
                try:
                    shared.sort(reverse=bool(i % 2))
                except ValueError:
                    pass
        def look():
            for item in shared:
                assert item in values
            assert len(shared) in (0, 1000)
        race(sort, sort, meanwhile=[look])
        if len(shared) == 1000:
            self.assertEqual(set(shared), values)

    def test_sort_against_append(self):
        shared = list(range(500, 0, -1))

        def sort():
            for _ in range(50):
                try:
                    shared.sort()
                except ValueError:
                    pass  # list modified during sort
        def append():
            for i in range(1000, 1000 + N // 5):
                shared.append(i)
        race(sort, append)
        self.assertTrue(set(range(1, 501)) <= set(shared))
        self.assertTrue(set(shared) <= set(range(1, 501)) | set(range(1000, 1000 + N // 5)))
        self.assertEqual(len(shared), len(set(shared)))

    def test_sort_with_python_key(self):
        shared = list(range(200))

        def sort():
            for _ in range(20):
                try:
                    shared.sort(key=lambda item: -item)
                    shared.sort(key=lambda item: item)
                except ValueError:
                    pass
        race(*repeat(sort, 2))
        self.assertTrue(set(shared) <= set(range(200)))

    def test_two_lists_extended_from_each_other(self):
        left, right = [1], [2]

        def work(k):
            for _ in range(N // 10):
                a, b = (left, right) if k % 2 else (right, left)
                a.extend(b[:3])
                a[0:0] = b[:2]
                del a[20:]
                a == b, a < b, a + b
        race(*numbered(work))
        self.assertTrue(set(left) | set(right) <= {1, 2})

    def test_objects_in_shared_list_stay_alive(self):
        shared = [None] * 16

        def work(k):
            for i in range(N):
                shared[i % 16] = [k, i, str(i)]
                seen = shared[(i * 5) % 16]
                if seen is not None:
                    assert seen[2] == str(seen[1]), seen
        race(*numbered(work))


if __name__ == "__main__":
    unittest.main()
