"""set and frozenset."""

import unittest


class Sets(unittest.TestCase):
    def test_construction(self):
        self.assertEqual(set(), set())
        self.assertEqual({1, 1}, {1})
        self.assertEqual(set("aab"), {"a", "b"})
        self.assertEqual(set(range(3)), {0, 1, 2})
        self.assertEqual({*[1], *[2]}, {1, 2})

    def test_add_remove_discard(self):
        s = set()
        s.add(1); s.add(1); s.add(2)
        s.discard(5)
        s.remove(1)
        self.assertEqual(s, {2})
        with self.assertRaises(KeyError) as caught:
            s.remove(9)
        self.assertEqual(str(caught.exception), "9")

    def test_pop(self):
        s = {1}
        self.assertEqual(s.pop(), 1)
        with self.assertRaises(KeyError) as caught:
            s.pop()
        self.assertEqual(str(caught.exception), "'pop from an empty set'")

    def test_operators(self):
        a, b = {1, 2, 3}, {2, 3, 4}
        self.assertEqual([a | b, a & b, a - b, a ^ b], [{1, 2, 3, 4}, {2, 3}, {1}, {1, 4}])

    def test_in_place(self):
        a = b = {1, 2, 3}
        a |= {4}; a &= {2, 3, 4}; a -= {4}; a ^= {2, 9}
        self.assertEqual(a, {3, 9})
        self.assertIs(a, b)

    def test_operators_need_sets(self):
        with self.assertRaises(TypeError) as caught:
            {1} | [2]
        self.assertEqual(str(caught.exception), "unsupported operand type(s) for |: 'set' and 'list'")

    def test_methods_take_iterables(self):
        s = {1, 2}
        self.assertEqual(s.union([3], (4,)), {1, 2, 3, 4})
        self.assertEqual(s.intersection("a", [1]), set())
        self.assertEqual(s.difference([1]), {2})
        self.assertEqual(s.symmetric_difference([2, 3]), {1, 3})
        self.assertEqual(s.union(), {1, 2})
        s.update([5], [6])
        s.difference_update([1])
        s.intersection_update([2, 5])
        s.symmetric_difference_update([5, 7])
        self.assertEqual(s, {2, 7})

    def test_comparison(self):
        self.assertTrue({1} < {1, 2} <= {1, 2} and {1, 2} > {1} and {1} != {2} and not {1} < {2} and not {1} > {2})
        self.assertEqual([{1}.issubset([1, 2]), {1, 2}.issuperset([1]), {1}.isdisjoint([2])], [True, True, True])

    def test_unhashable_element(self):
        with self.assertRaises(TypeError) as caught:
            {1}.add([])
        self.assertEqual(str(caught.exception), "cannot use 'list' as a set element (unhashable type: 'list')")
        with self.assertRaises(TypeError) as caught:
            hash(set())
        self.assertEqual(str(caught.exception), "unhashable type: 'set'")

    def test_set_in_set_lookup(self):
        self.assertTrue({1} in {frozenset([1])})

    def test_equal_elements_keep_first(self):
        s = {1}
        s.add(1.0)
        self.assertEqual(repr(s), "{1}")

    def test_repr(self):
        self.assertEqual(repr(set()), "set()")
        self.assertEqual(repr({1}), "{1}")
        self.assertEqual(repr(frozenset()), "frozenset()")
        self.assertEqual(repr(frozenset([1])), "frozenset({1})")

    def test_changed_during_iteration(self):
        s = {1}
        with self.assertRaises(RuntimeError) as c:
            for x in s:
                s.add(x + 1)
        self.assertEqual(str(c.exception), "Set changed size during iteration")

    def test_many(self):
        s = set()
        for i in range(10000):
            s.add(i * 3)
        for i in range(5000):
            s.discard(i * 6)
        self.assertEqual((len(s), min(s), max(s), 6 in s), (5000, 3, 29997, False))

    def test_copy_clear(self):
        s = {1}
        t = s.copy()
        s.clear()
        self.assertEqual((s, t), (set(), {1}))

    def test_frozenset(self):
        f = frozenset([1, 2])
        self.assertEqual(f | {3}, {1, 2, 3})
        self.assertEqual(type(f | {3}), frozenset)
        self.assertEqual(type({3} | f), set)
        self.assertEqual(hash(f) == hash(frozenset([2, 1])), True)
        self.assertEqual({f: 1}[frozenset([1, 2])], 1)
        self.assertFalse(hasattr(f, "add"))
        self.assertIs(frozenset(f), f)

    def test_mixed_equality(self):
        self.assertTrue({1} == frozenset([1]) and {1} != [1])

    def test_subclass(self):
        class S(set): pass
        self.assertEqual((S([1]) | {2}, type(S([1]) | {2}), S("a")), ({1, 2}, set, {"a"}))

    def test_sorted_by_subset(self):
        self.assertTrue(not ({1, 2} <= {1, 3}) and not ({1, 2} >= {1, 3}))

    def test_algebra_laws(self):
        for a in (set(), {1}, {1, 2, 3}, set(range(50))):
            for b in (set(), {2}, {3, 4}, set(range(25, 75))):
                self.assertEqual(a ^ b, (a | b) - (a & b))
                self.assertEqual(len(a | b), len(a) + len(b) - len(a & b))
                self.assertEqual((a - b) | (a & b), a)


if __name__ == "__main__":
    unittest.main()
