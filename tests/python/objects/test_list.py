"""list: methods, slices, sorting, errors."""

import unittest


class Basics(unittest.TestCase):
    def test_constructor(self):
        self.assertEqual(list(), [])
        self.assertEqual(list("ab"), ["a", "b"])
        self.assertEqual(list((1, 2)), [1, 2])
        self.assertEqual(list({3: 4}), [3])
        self.assertEqual([*range(2)], [0, 1])
        with self.assertRaises(TypeError) as caught:
            list(5)
        self.assertEqual(str(caught.exception), "'int' object is not iterable")

    def test_indexing(self):
        a = [1, 2, 3]
        self.assertEqual((a[0], a[-1], a[True]), (1, 3, 2))
        with self.assertRaises(IndexError) as caught:
            a[3]
        self.assertEqual(str(caught.exception), "list index out of range")
        with self.assertRaises(IndexError) as caught:
            a[-4]
        self.assertEqual(str(caught.exception), "list index out of range")
        with self.assertRaises(TypeError) as caught:
            a["x"]
        self.assertEqual(str(caught.exception), "list indices must be integers or slices, not str")
        with self.assertRaises(IndexError) as caught:
            a[5] = 1
        self.assertEqual(str(caught.exception), "list assignment index out of range")
        with self.assertRaises(IndexError) as caught:
            del a[5]
        self.assertEqual(str(caught.exception), "list assignment index out of range")
        with self.assertRaises(IndexError) as caught:
            a[2**100]
        self.assertEqual(str(caught.exception), "cannot fit 'int' into an index-sized integer")

    def test_slices(self):
        a = list(range(10))
        self.assertEqual(a[2:5], [2, 3, 4])
        self.assertEqual(a[::3], [0, 3, 6, 9])
        self.assertEqual(a[::-3], [9, 6, 3, 0])
        self.assertEqual(a[-3:], [7, 8, 9])
        self.assertEqual(a[5:2], [])
        self.assertEqual(a[:100], a)
        self.assertEqual(a[8:2:-2], [8, 6, 4])
        with self.assertRaises(ValueError) as caught:
            a[::0]
        self.assertEqual(str(caught.exception), "slice step cannot be zero")
        with self.assertRaises(TypeError) as caught:
            a["x":]
        self.assertEqual(str(caught.exception), "slice indices must be integers or None or have an __index__ method")

    def test_slice_assignment(self):
        a = [0, 1, 2, 3]
        a[1:3] = [9]
        a[len(a):] = (7, 8)
        a[0:0] = "x"
        self.assertEqual(a, ["x", 0, 9, 3, 7, 8])
        a[::2] = [1, 2, 3]
        self.assertEqual(a, [1, 0, 2, 3, 3, 8])
        a[:] = []
        self.assertEqual(a, [])
        with self.assertRaises(TypeError) as caught:
            a[:] = 5
        self.assertEqual(str(caught.exception), "must assign iterable to extended slice")
        with self.assertRaises(TypeError) as caught:
            a[::2] = 5
        self.assertEqual(str(caught.exception), "must assign iterable to extended slice")

    def test_extended_slice_size(self):
        a = [1, 2, 3, 4]
        with self.assertRaises(ValueError) as caught:
            a[::2] = [1]
        self.assertEqual(str(caught.exception), "attempt to assign sequence of size 1 to extended slice of size 2")

    def test_slice_assign_self(self):
        a = [1, 2, 3]
        a[1:1] = a
        self.assertEqual(a, [1, 1, 2, 3, 2, 3])

    def test_delete_slices(self):
        a = list(range(10))
        del a[::2]
        del a[1:3]
        del a[-1:]
        self.assertEqual(a, [1, 7])

    def test_comparison(self):
        self.assertTrue([1, 2] < [1, 3] < [2] and [] < [0] and [1] != [1, 1] and [1, "a"] == [1, "a"])
        with self.assertRaises(TypeError) as caught:
            [1, "a"] < [1, 2]
        self.assertEqual(str(caught.exception), "'<' not supported between instances of 'str' and 'int'")

    def test_repetition_shares_items(self):
        a = [[]] * 2
        a[0].append(1)
        self.assertEqual((a, [1, 2] * 0, 2 * [1]), ([[1], [1]], [], [1, 1]))

    def test_huge_repetition(self):
        self.assertRaises((MemoryError, OverflowError), lambda: [0] * (2**62))

    def test_repr_recursive(self):
        a = [1]
        a.append(a)
        self.assertEqual((repr(a), repr([[], "x", None])), ("[1, [...]]", "[[], 'x', None]"))

    def test_unhashable(self):
        with self.assertRaises(TypeError) as caught:
            hash([])
        self.assertEqual(str(caught.exception), "unhashable type: 'list'")
        with self.assertRaises(TypeError) as caught:
            {[]: 1}
        self.assertEqual(str(caught.exception), "cannot use 'list' as a dict key (unhashable type: 'list')")
        with self.assertRaises(TypeError) as caught:
            {[]}
        self.assertEqual(str(caught.exception), "cannot use 'list' as a set element (unhashable type: 'list')")


class Methods(unittest.TestCase):
    def test_append_extend_insert(self):
        a = []
        self.assertIsNone(a.append(1))
        a.extend("ab")
        a.insert(1, "i")
        a.insert(-1, "j")
        a.insert(100, "k")
        a.insert(-100, "h")
        self.assertEqual(a, ["h", 1, "i", "a", "j", "b", "k"])

    def test_extend_with_self_and_generator(self):
        a = [1, 2]
        a.extend(a)
        a.extend(x for x in a[:1])
        a += (3,)
        self.assertEqual(a, [1, 2, 1, 2, 1, 3])

    def test_extend_keeps_items_before_error(self):
        def gen():
            yield 1
            raise KeyError
        a = []
        self.assertRaises(KeyError, a.extend, gen())
        self.assertEqual(a, [1])

    def test_pop(self):
        a = [1, 2, 3, 4]
        self.assertEqual((a.pop(), a.pop(0), a.pop(-1), a), (4, 1, 3, [2]))
        with self.assertRaises(IndexError) as caught:
            a.pop(5)
        self.assertEqual(str(caught.exception), "pop index out of range")
        a.clear()
        with self.assertRaises(IndexError) as caught:
            a.pop()
        self.assertEqual(str(caught.exception), "pop from empty list")

    def test_remove(self):
        a = [1, 2, 1]
        a.remove(1)
        self.assertEqual(a, [2, 1])
        with self.assertRaises(ValueError) as caught:
            a.remove(9)
        self.assertEqual(str(caught.exception), "list.remove(x): x not in list")

    def test_index_and_count(self):
        a = [1, 2, 3, 1.0, True]
        self.assertEqual((a.index(1), a.index(1, 1), a.index(3, -3), a.count(1)), (0, 3, 2, 3))
        with self.assertRaises(ValueError) as caught:
            a.index(9)
        self.assertEqual(str(caught.exception), "list.index(x): x not in list")
        self.assertRaises(ValueError, a.index, 1, 1, 2)

    def test_reverse_and_copy(self):
        a = [1, [2]]
        b = a.copy()
        a.reverse()
        self.assertEqual((a, b), ([[2], 1], [1, [2]]))
        self.assertIs(a[0], b[1])

    def test_contains_uses_eq(self):
        class E:
            def __eq__(self, o): return o == 5
        self.assertTrue(5 in [E()] and E() in [5] and 6 not in [E()])

    def test_mutation_during_remove(self):
        class Evil:
            def __eq__(self, o):
                a.clear()
                return False
        a = [Evil(), Evil(), 1]
        self.assertRaises(ValueError, a.remove, 7)

    def test_iterator(self):
        it = iter([1, 2])
        self.assertEqual(next(it), 1)
        self.assertEqual(it.__length_hint__(), 1)
        self.assertEqual(next(it), 2)
        self.assertEqual(next(it, "end"), "end")
        self.assertEqual(next(it, "end"), "end")

    def test_iteration_with_deletion(self):
        a, seen = [1, 2, 3, 4], []
        for x in a:
            seen.append(x)
            a.remove(x)
        self.assertEqual(seen, [1, 3])

    def test_reversed(self):
        a = [1, 2, 3]
        it = reversed(a)
        self.assertEqual((next(it), list(it)), (3, [2, 1]))


class Sorting(unittest.TestCase):
    def test_basics(self):
        a = [3, 1, 2]
        self.assertIsNone(a.sort())
        self.assertEqual((a, sorted(a, reverse=True), sorted("bca")), ([1, 2, 3], [3, 2, 1], ["a", "b", "c"]))

    def test_key(self):
        self.assertEqual(sorted(["bb", "a", "ccc"], key=len, reverse=True), ["ccc", "bb", "a"])

    def test_stable(self):
        pairs = [(i % 3, i) for i in range(30)]
        self.assertEqual(sorted(pairs, key=lambda p: p[0]), [(k, i) for k in range(3) for i in range(k, 30, 3)])
        self.assertEqual(sorted(pairs, key=lambda p: p[0], reverse=True)[:3], [(2, 2), (2, 5), (2, 8)])

    def test_large_patterns(self):
        seed, data = 1, []
        for _ in range(3000):
            seed = seed * 1103515245 + 12345 & 0x7FFFFFFF
            data.append(seed % 1000)
        for sample in (data, sorted(data), sorted(data)[::-1], data[:1500] * 2, sorted(data) + data[:10]):
            result = sorted(sample)
            self.assertTrue(all(a <= b for a, b in zip(result, result[1:])))
            self.assertEqual(len(result), len(sample))

    def test_mixed_numbers(self):
        self.assertEqual(sorted([2, 1.5, True, -1, 10**30, 0.5]), [-1, 0.5, True, 1.5, 2, 10**30])

    def test_uses_only_lt(self):
        class L:
            def __init__(self, n): self.n = n
            def __lt__(self, o): return self.n < o.n
        self.assertEqual([x.n for x in sorted([L(3), L(1), L(2)])], [1, 2, 3])

    def test_error_keeps_items(self):
        a = [3, "x", 1, 2]
        self.assertRaises(TypeError, a.sort)
        self.assertEqual(sorted(map(str, a)), ["1", "2", "3", "x"])

    def test_key_error_propagates(self):
        a = [1, 2]
        self.assertRaises(ZeroDivisionError, a.sort, key=lambda x: 1 // 0)
        self.assertEqual(a, [1, 2])

    def test_list_looks_empty_while_sorting(self):
        a, seen = [3, 2, 1], []
        a.sort(key=lambda x: seen.append(len(a)) or x)
        self.assertEqual(seen, [0, 0, 0])

    def test_modified_while_sorting(self):
        a = [3, 2, 1]
        with self.assertRaises(ValueError) as caught:
            a.sort(key=lambda x: a.append(x) or x)
        self.assertEqual(str(caught.exception), "list modified during sort")

    def test_arguments(self):
        with self.assertRaises(TypeError) as caught:
            [].sort(1)
        self.assertEqual(str(caught.exception), "sort() takes no positional arguments")

    def test_tuples_and_strings(self):
        self.assertEqual(sorted([("b", 1), ("a", 2), ("a", 1)]), [("a", 1), ("a", 2), ("b", 1)])
        self.assertEqual(sorted(["é", "z", "漢", "a"]), ["a", "z", "é", "漢"])


class SliceAssignmentSources(unittest.TestCase):
    """What stands on the right of a slice assignment: gathered on the stack while it is short, elsewhere when it is long."""

    def test_iterators_of_many_lengths(self):
        for n in (0, 1, 15, 16, 17, 100):
            items = list(range(5))
            items[1:3] = (i * i for i in range(n))
            self.assertEqual(items, [0] + [i * i for i in range(n)] + [3, 4])
            items = [str(i) for i in range(n)]
            items[:n // 2 + 1] = reversed(items[:n // 2 + 1])
            self.assertEqual(items, [str(i) for i in range(n)][:n // 2 + 1][::-1] + [str(i) for i in range(n)][n // 2 + 1:])

    def test_the_list_itself_and_lists_that_die(self):
        items = [[i] for i in range(20)]
        items[5:5] = items
        self.assertEqual(len(items), 40)
        self.assertEqual(items[5:25], [[i] for i in range(20)])
        items[::2] = [[None] for _ in range(20)]
        self.assertEqual(items[::2], [[None]] * 20)

    def test_an_item_that_changes_the_list_when_it_dies(self):
        items = []

        class Dying:
            def __del__(self):
                items.append(0)

        items.extend(Dying() for _ in range(20))
        items[:18] = ["new"]
        self.assertEqual(items[0], "new")
        self.assertEqual(items[3:], [0] * 18)

    def test_a_generator_that_raises(self):
        def broken():
            for i in range(30):
                yield [i]
            raise KeyError("x")

        items = [1, 2, 3]
        with self.assertRaises(KeyError):
            items[1:] = broken()
        self.assertEqual(items, [1, 2, 3])
        with self.assertRaisesRegex(TypeError, "must assign iterable to extended slice"):
            items[1:] = 5
        with self.assertRaisesRegex(ValueError, "attempt to assign sequence of size 3 to extended slice of size 2"):
            items[::2] = iter("abc")

    def test_search_with_equal_and_strange_items(self):
        class Same:
            def __eq__(self, other):
                return other == 7

        items = [1, 2.0, "x", True, Same(), 7]
        self.assertEqual(items.index(7), 4)
        self.assertEqual(items.index(7.0), 4)
        self.assertEqual(items.count(1), 2)
        self.assertIn(2, items)
        self.assertEqual(items.index(7, 5), 5)
        with self.assertRaises(ValueError):
            items.index(7, 0, 4)
        self.assertTrue([1, 2.0, True] == [1.0, 2, 1])
        self.assertTrue([1, 2, 3] < [1, 2, 4] and [1, 2] < [1, 2, 0])


if __name__ == "__main__":
    unittest.main()
