"""One iterator shared by several threads.

Race: next() on one iterator over a list, tuple, range, dict, set, str, bytes, and on enumerate, zip, map, filter,
reversed, and itertools objects.
Legal outcomes: no crash, nothing invented, no item twice from a plain sequence or range iterator, the end is reached. A
race may skip items. Composed iterators (zip, enumerate) may pair items of different steps.
"""

import itertools
import threading
import unittest

from support import numbered, race, repeat, scaled

N = scaled(10_000)


def drain(iterator, limit=None):
    mine = []
    for item in iterator:
        mine.append(item)
        if limit is not None and len(mine) >= limit:
            break
    return mine


def drain_together(iterator):
    return [item for part in race(*repeat(lambda: drain(iterator))) for item in part]


class SharedIterators(unittest.TestCase):
    def check_subset(self, iterator, values):
        got = drain_together(iterator)
        self.assertTrue(set(got) <= set(values))
        self.assertEqual(list(iterator), [])

    def check_at_most_once(self, iterator, values):
        got = drain_together(iterator)
        self.assertEqual(len(got), len(set(got)))
        self.assertTrue(set(got) <= set(values))
        self.assertEqual(list(iterator), [])

    def test_range(self):
        self.check_at_most_once(iter(range(N)), range(N))

    def test_big_range(self):
        start = 2**70
        self.check_at_most_once(iter(range(start, start + N // 5)), range(start, start + N // 5))

    def test_list(self):
        self.check_at_most_once(iter(list(range(N))), range(N))

    def test_tuple(self):
        self.check_at_most_once(iter(tuple(range(N))), range(N))

    def test_reversed_list(self):
        self.check_at_most_once(reversed(list(range(N))), range(N))

    def test_dict(self):
        self.check_at_most_once(iter(dict.fromkeys(range(N))), range(N))

    def test_dict_items(self):
        self.check_subset(iter({i: i for i in range(N)}.items()), [(i, i) for i in range(N)])

    def test_set(self):
        self.check_at_most_once(iter(set(range(N))), range(N))

    def test_str_and_bytes(self):
        self.check_subset(iter("abc" * (N // 3)), "abc")
        self.check_subset(iter(b"abc" * (N // 3)), b"abc")

    def test_map_and_filter(self):
        self.check_subset(map(lambda x: x * 2, list(range(N))), range(0, N * 2, 2))
        self.check_subset(filter(lambda x: x % 2, list(range(N))), range(1, N, 2))

    def test_enumerate_and_zip(self):
        for index, item in drain_together(enumerate(range(N))):
            self.assertTrue(0 <= index <= N and 0 <= item < N)
        for a, b in drain_together(zip(range(N), range(N, N * 2))):
            self.assertTrue(0 <= a < N <= b < N * 2)

    def test_count_gives_each_number_once(self):
        counter = itertools.count()
        got = [i for part in race(*repeat(lambda: drain(counter, N))) for i in part]
        self.assertEqual(len(got), len(set(got)))
        self.assertTrue(all(type(i) is int and i >= 0 for i in got))

    def test_itertools(self):
        numbers = list(range(N))
        for make, allowed in (
                (lambda: itertools.chain(numbers, numbers), set(numbers)),
                (lambda: itertools.islice(numbers, N // 2), set(numbers)),
                (lambda: itertools.takewhile(lambda x: x < N, numbers), set(numbers)),
                (lambda: itertools.compress(numbers, numbers), set(numbers)),
                (lambda: itertools.repeat(7, N), {7}),
                (lambda: itertools.filterfalse(lambda x: False, numbers), set(numbers)),
                (lambda: itertools.chain.from_iterable([numbers]), set(numbers))):
            with self.subTest(kind=make()):
                self.assertTrue(set(drain_together(make())) <= allowed)

    def test_itertools_tuples(self):
        small = list(range(12))
        for make in (lambda: itertools.product(small, repeat=2), lambda: itertools.permutations(small, 3),
                     lambda: itertools.combinations(small, 3), lambda: itertools.combinations_with_replacement(small, 2),
                     lambda: itertools.pairwise(small * 50), lambda: itertools.batched(small * 50, 3),
                     lambda: itertools.zip_longest(small * 20, small)):
            for item in drain_together(make()):
                self.assertTrue(set(item) <= set(small) | {None}, item)

    def test_cycle(self):
        cycle = itertools.cycle("abc")
        got = [c for part in race(*repeat(lambda: drain(cycle, N))) for c in part]
        self.assertTrue(set(got) <= set("abc"))

    def test_locked_iterator_is_exact(self):
        iterator, lock = iter(range(N)), threading.Lock()

        def work():
            mine = []
            while True:
                with lock:
                    try:
                        mine.append(next(iterator))
                    except StopIteration:
                        return mine
        self.assertEqual(sorted(i for part in race(*repeat(work)) for i in part), list(range(N)))

    def test_own_iterators_are_exact(self):
        shared_list, shared_dict = list(range(N)), dict.fromkeys(range(N))

        def work(k):
            assert list(shared_list) == [i for i in shared_list] == [*shared_dict] == list(range(N))
            assert sum(1 for _ in zip(shared_list, shared_dict)) == N
        race(*numbered(work))

    def test_list_iterator_against_append(self):
        shared = [0]
        iterator = iter(shared)

        def append():
            for i in range(1, N):
                shared.append(i)
        def take():
            return drain(iterator)
        _, *parts = race(append, take, take)
        got = [item for part in parts for item in part]
        self.assertEqual(len(got), len(set(got)))
        self.assertTrue(set(got) <= set(range(N)))


if __name__ == "__main__":
    unittest.main()
