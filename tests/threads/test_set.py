"""One set used by several threads.

Race: add, discard, remove, pop, update, set algebra, copy and iteration on one set.
Legal outcomes: single operations are atomic: pop hands out each element once, remove succeeds once per element, added
elements are there. Iteration against a change raises RuntimeError or yields elements that were in the set.
"""

import unittest

from support import THREADS, numbered, race, repeat, scaled

N = scaled(5_000)


class SetRaces(unittest.TestCase):
    def test_add_loses_nothing(self):
        shared = set()

        def work(k):
            for i in range(N):
                shared.add((k, i))
                shared.add(i)
                assert i in shared
        race(*numbered(work))
        self.assertEqual(len(shared), N * THREADS + N)

    def test_pop_hands_out_once(self):
        shared = set(range(N * 2))

        def work():
            mine = []
            while True:
                try:
                    mine.append(shared.pop())
                except KeyError:
                    return mine
        self.assertEqual(sorted(item for part in race(*repeat(work)) for item in part), list(range(N * 2)))

    def test_remove_succeeds_once(self):
        shared = set(range(N))

        def work():
            removed = 0
            for i in range(N):
                try:
                    shared.remove(i)
                    removed += 1
                except KeyError:
                    pass
            return removed
        self.assertEqual(sum(race(*repeat(work))), N)
        self.assertEqual(shared, set())

    def test_iteration_against_changes(self):
        shared = set(range(100))

        def change():
            for i in range(N):
                shared.add(100 + i % 400)
                shared.discard(100 + (i * 7) % 400)
        def look():
            try:
                for item in shared:
                    assert 0 <= item < 500
            except RuntimeError as error:
                assert "changed size during iteration" in str(error)
            assert set(range(100)) <= shared.copy()
            assert all(i in shared for i in range(100))
            assert len(shared | {1}) >= 100
            assert len(shared & {1, 2, 3}) == 3
            assert not ({5} - shared)
            list(shared), frozenset(shared), sorted(shared), repr(shared)
        race(change, change, meanwhile=[look])
        self.assertTrue(set(range(100)) <= shared)

    def test_update_and_clear(self):
        shared = set()

        def work(k):
            for _ in range(N // 50):
                shared.update(range(100))
                shared.difference_update(range(50))
                shared.intersection_update(range(80))
                if k % 2:
                    shared.clear()
        race(*numbered(work))
        self.assertTrue(shared <= set(range(100)))

    def test_two_sets_against_each_other(self):
        left, right = set(range(10)), set(range(5, 15))

        def work(k):
            a, b = (left, right) if k % 2 else (right, left)
            for _ in range(N // 10):
                a |= b
                a & b, a - b, a ^ b, a <= b, a == b, a.isdisjoint(b)
                a.symmetric_difference_update(())
                a.update(b)
        race(*numbered(work))
        self.assertEqual(left, set(range(15)))
        self.assertEqual(right, set(range(15)))

    def test_strings(self):
        shared = set()

        def work():
            for i in range(N):
                shared.add("name" + str(i % 1000))
        race(*repeat(work))
        self.assertEqual(shared, {f"name{i}" for i in range(min(N, 1000))})


if __name__ == "__main__":
    unittest.main()
