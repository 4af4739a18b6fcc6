"""itertools."""

import itertools
import operator
import unittest


class Itertools(unittest.TestCase):
    def test_count_cycle_repeat(self):
        self.assertEqual(list(itertools.islice(itertools.count(5, 2), 3)), [5, 7, 9])
        self.assertEqual(list(itertools.islice(itertools.cycle("ab"), 5)), list("ababa"))
        self.assertEqual(list(itertools.repeat("x", 2)), ["x", "x"])
        self.assertEqual(list(itertools.islice(itertools.count(0.5, 0.5), 2)), [0.5, 1.0])

    def test_accumulate(self):
        self.assertEqual(list(itertools.accumulate([1, 2, 3])), [1, 3, 6])
        self.assertEqual(list(itertools.accumulate([1, 2, 3], operator.mul)), [1, 2, 6])
        self.assertEqual(list(itertools.accumulate([1], initial=5)), [5, 6])
        self.assertEqual(list(itertools.accumulate([])), [])

    def test_chain(self):
        self.assertEqual(list(itertools.chain("ab", [1])), ["a", "b", 1])
        self.assertEqual(list(itertools.chain.from_iterable([[1], [2, 3]])), [1, 2, 3])
        self.assertEqual(list(itertools.chain()), [])

    def test_compress_and_filters(self):
        self.assertEqual(list(itertools.compress("abc", [1, 0, 1])), ["a", "c"])
        self.assertEqual(list(itertools.filterfalse(lambda x: x % 2, range(4))), [0, 2])
        self.assertEqual(list(itertools.dropwhile(lambda x: x < 2, [1, 3, 1])), [3, 1])
        self.assertEqual(list(itertools.takewhile(lambda x: x < 2, [1, 3, 1])), [1])

    def test_islice(self):
        self.assertEqual([list(itertools.islice("abcdef", *a)) for a in ((2,), (2, 4), (0, None, 2), (4, 100))],
                         [["a", "b"], ["c", "d"], ["a", "c", "e"], ["e", "f"]])
        with self.assertRaisesRegex(ValueError, "must be None or an integer"):
            itertools.islice([], -1)

    def test_groupby(self):
        self.assertEqual([(k, list(g)) for k, g in itertools.groupby("aabbba")],
                         [("a", ["a", "a"]), ("b", ["b"] * 3), ("a", ["a"])])
        self.assertEqual([(k, len(list(g))) for k, g in itertools.groupby([1, 3, 2], key=lambda x: x % 2)],
                         [(1, 2), (0, 1)])

    def test_groupby_advances_past_unread_groups(self):
        self.assertEqual([k for k, g in itertools.groupby("aabb")], ["a", "b"])

    def test_pairwise_batched(self):
        self.assertEqual(list(itertools.pairwise("abc")), [("a", "b"), ("b", "c")])
        self.assertEqual(list(itertools.batched("abcde", 2)), [("a", "b"), ("c", "d"), ("e",)])
        with self.assertRaises(ValueError) as caught:
            list(itertools.batched("abc", 2, strict=True))
        self.assertEqual(str(caught.exception), "batched(): incomplete batch")

    def test_starmap_zip_longest(self):
        self.assertEqual(list(itertools.starmap(pow, [(2, 3)])), [8])
        self.assertEqual(list(itertools.zip_longest("ab", [1], fillvalue="-")), [("a", 1), ("b", "-")])

    def test_tee(self):
        a, b = itertools.tee([1, 2, 3])
        self.assertEqual((next(a), next(a), list(b), list(a)), (1, 2, [1, 2, 3], [3]))
        self.assertEqual(len(itertools.tee([], 4)), 4)

    def test_product(self):
        self.assertEqual(list(itertools.product("ab", [1, 2])), [("a", 1), ("a", 2), ("b", 1), ("b", 2)])
        self.assertEqual((list(itertools.product()), len(list(itertools.product(range(3), repeat=3)))), ([()], 27))

    def test_permutations(self):
        self.assertEqual(list(itertools.permutations("abc", 2)), [("a", "b"), ("a", "c"), ("b", "a"), ("b", "c"), ("c",
                "a"), ("c", "b")])
        self.assertEqual((list(itertools.permutations([1], 2)), len(list(itertools.permutations(range(5))))), ([], 120))

    def test_combinations(self):
        self.assertEqual(list(itertools.combinations("abc", 2)), [("a", "b"), ("a", "c"), ("b", "c")])
        self.assertEqual(list(itertools.combinations_with_replacement("ab", 2)), [("a", "a"), ("a", "b"), ("b", "b")])

    def test_lazy(self):
        self.assertEqual(next(itertools.product([1], repeat=50))[0], 1)
        self.assertEqual(next(map(lambda x: x, itertools.count(10**30))), 10**30)

    def test_repr(self):
        self.assertEqual((repr(itertools.count(3)), repr(itertools.repeat(1, 2))), ("count(3)", "repeat(1, 2)"))


if __name__ == "__main__":
    unittest.main()
