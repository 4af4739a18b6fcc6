"""dict: methods, order, views, errors."""

import unittest


class Basics(unittest.TestCase):
    def test_construction(self):
        self.assertEqual(dict(), {})
        self.assertEqual(dict(a=1), {"a": 1})
        self.assertEqual(dict([("a", 1)]), {"a": 1})
        self.assertEqual(dict({"a": 1}, b=2), {"a": 1, "b": 2})
        self.assertEqual({**{"a": 1}}, {"a": 1})
        self.assertEqual(dict(zip("ab", (1, 2))), {"a": 1, "b": 2})

    def test_construction_errors(self):
        with self.assertRaises(TypeError) as caught:
            dict(5)
        self.assertEqual(str(caught.exception), "'int' object is not iterable")
        with self.assertRaises(TypeError) as caught:
            dict([1])
        self.assertEqual(str(caught.exception), "object is not iterable")
        with self.assertRaises(ValueError) as caught:
            dict([(1, 2, 3)])
        self.assertEqual(str(caught.exception), "dictionary update sequence element #0 has length 3; 2 is required")
        with self.assertRaises(TypeError) as caught:
            dict(1, 2)
        self.assertEqual(str(caught.exception), "dict expected at most 1 argument, got 2")

    def test_missing_key(self):
        with self.assertRaises(KeyError) as caught:
            {}["x"]
        self.assertEqual(str(caught.exception), "'x'")
        with self.assertRaises(KeyError) as caught:
            {}[1, 2]
        self.assertEqual(str(caught.exception), "(1, 2)")
        with self.assertRaises(KeyError) as caught:
            del {}[5]
        self.assertEqual(str(caught.exception), "5")

    def test_unhashable_key(self):
        with self.assertRaises(TypeError) as caught:
            {}[{}]
        self.assertEqual(str(caught.exception), "cannot use 'dict' as a dict key (unhashable type: 'dict')")
        with self.assertRaises(TypeError) as caught:
            [] in {}
        self.assertEqual(str(caught.exception), "cannot use 'list' as a dict key (unhashable type: 'list')")

    def test_equal_keys(self):
        d = {1: "int"}
        d[1.0] = "float"
        d[True] = "bool"
        self.assertEqual((d, list(d)[0].__class__), ({1: "bool"}, int))

    def test_insertion_order(self):
        d = dict.fromkeys("cab", 0)
        d["c"] = 1
        del d["a"]
        d["a"] = 2
        self.assertEqual(list(d), ["c", "b", "a"])

    def test_many_keys(self):
        d = {i: -i for i in range(10000)}
        for i in range(0, 10000, 3):
            del d[i]
        self.assertEqual(len(d), 6666)
        self.assertEqual(d[1], -1)
        self.assertEqual(3 in d, False)
        self.assertEqual(list(d)[:3], [1, 2, 4])
        self.assertEqual(sum(d), sum(i for i in range(10000) if i % 3))

    def test_colliding_hashes(self):
        class K:
            def __init__(self, n): self.n = n
            def __hash__(self): return 1
            def __eq__(self, o): return self.n == o.n
        d = {K(i): i for i in range(50)}
        self.assertEqual((len(d), d[K(30)]), (50, 30))
        del d[K(10)]
        self.assertTrue(K(10) not in d and K(11) in d)

    def test_equality(self):
        self.assertTrue({"a": 1, "b": 2} == {"b": 2, "a": 1} and {1: 2} != {1: 3} and {} == {})

    def test_repr(self):
        d = {"a": [1], 2: None}
        self.assertEqual(repr(d), "{'a': [1], 2: None}")
        d["d"] = d
        self.assertEqual(repr(d), "{'a': [1], 2: None, 'd': {...}}")

    def test_merge_operators(self):
        a, b = {"x": 1, "y": 1}, {"y": 2, "z": 2}
        self.assertEqual((a | b, b | a), ({"x": 1, "y": 2, "z": 2}, {"y": 1, "z": 2, "x": 1}))
        a |= [("q", 3)]
        self.assertEqual(a, {"x": 1, "y": 1, "q": 3})

    def test_errors_in_hash_and_eq_propagate(self):
        class B:
            def __hash__(self): raise KeyError("hash")
        with self.assertRaises(KeyError) as caught:
            {B(): 1}
        self.assertEqual(str(caught.exception), "'hash'")
        class E:
            def __hash__(self): return 5
            def __eq__(self, o): raise ValueError("eq")
        d = {E(): 1}
        with self.assertRaises(ValueError) as caught:
            d[E()]
        self.assertEqual(str(caught.exception), "eq")

    def test_nan_key_found_by_identity(self):
        nan = float("nan")
        self.assertEqual({nan: 1}[nan], 1)
        with self.assertRaises(KeyError):
            {nan: 1}[float("nan")]


class Methods(unittest.TestCase):
    def test_get_setdefault(self):
        d = {"a": 1}
        self.assertEqual(d.get("a"), 1)
        self.assertEqual(d.get("b"), None)
        self.assertEqual(d.get("b", 5), 5)
        self.assertEqual(d.setdefault("a", 9), 1)
        self.assertEqual(d.setdefault("c"), None)
        self.assertEqual(d, {"a": 1, "c": None})

    def test_pop(self):
        d = {"a": 1, "b": 2}
        self.assertEqual((d.pop("a"), d.pop("zz", 7), d), (1, 7, {"b": 2}))
        with self.assertRaises(KeyError) as caught:
            d.pop("zz")
        self.assertEqual(str(caught.exception), "'zz'")

    def test_popitem_is_lifo(self):
        d = {"a": 1, "b": 2}
        self.assertEqual((d.popitem(), d.popitem()), (("b", 2), ("a", 1)))
        with self.assertRaises(KeyError) as caught:
            d.popitem()
        self.assertEqual(str(caught.exception), "'popitem(): dictionary is empty'")

    def test_update(self):
        d = {}
        d.update({"a": 1})
        d.update([("b", 2)], c=3)
        class M:
            def keys(self): return ["m"]
            def __getitem__(self, k): return "value"
        d.update(M())
        self.assertEqual(d, {"a": 1, "b": 2, "c": 3, "m": "value"})

    def test_fromkeys(self):
        self.assertEqual((dict.fromkeys("ab"), dict.fromkeys([1], [])), ({"a": None, "b": None}, {1: []}))

    def test_copy_clear(self):
        d = {"a": []}
        e = d.copy()
        d["a"].append(1)
        d.clear()
        self.assertEqual((d, e), ({}, {"a": [1]}))

    def test_missing_hook(self):
        class D(dict):
            def __missing__(self, k): return k
        d = D(a=1)
        self.assertEqual((d["a"], d["zz"], d.get("zz"), "zz" in d), (1, "zz", None, False))

    def test_subclass_override_not_used_by_update(self):
        class D(dict):
            def __setitem__(self, k, v): super().__setitem__(k, v * 2)
        d = D(a=1)
        d.update(b=1)
        d["c"] = 1
        self.assertEqual(d, {"a": 1, "b": 1, "c": 2})


class Views(unittest.TestCase):
    def test_views_are_live(self):
        d = {"a": 1}
        k, v, i = d.keys(), d.values(), d.items()
        d["b"] = 2
        self.assertEqual((list(k), list(v), list(i)), (["a", "b"], [1, 2], [("a", 1), ("b", 2)]))

    def test_set_operations(self):
        a, b = {"x": 1, "y": 2}, {"y": 2, "z": 3}
        self.assertEqual(a.keys() & b.keys(), {"y"})
        self.assertEqual(a.keys() | b, {"x", "y", "z"})
        self.assertEqual(a.keys() - ["x"], {"y"})
        self.assertEqual(a.items() & b.items(), {("y", 2)})
        self.assertEqual(a.keys() ^ b.keys(), {"x", "z"})
        self.assertTrue(a.keys() >= {"x"} and a.keys().isdisjoint("q") and a.keys() == {"x", "y"})

    def test_contains(self):
        d = {"a": 1}
        self.assertTrue("a" in d.keys() and 1 in d.values() and ("a", 1) in d.items() and ("a", 2) not in d.items())

    def test_reversed(self):
        d = {"a": 1, "b": 2}
        self.assertEqual(list(reversed(d)), ["b", "a"])
        self.assertEqual(list(reversed(d.values())), [2, 1])
        self.assertEqual(list(reversed(d.items())), [("b", 2), ("a", 1)])

    def test_repr(self):
        d = {"a": 1}
        self.assertEqual(repr(d.keys()), "dict_keys(['a'])")
        self.assertEqual(repr(d.values()), "dict_values([1])")
        self.assertEqual(repr(d.items()), "dict_items([('a', 1)])")

    def test_mapping_proxy(self):
        d = {"a": 1}
        m = d.keys().mapping
        self.assertEqual(m["a"], 1)
        with self.assertRaises(TypeError):
            m["b"] = 2

    def test_changed_size_during_iteration(self):
        d = {"a": 1}
        with self.assertRaises(RuntimeError) as c:
            for k in d:
                d["b"] = 2
        self.assertEqual(str(c.exception), "dictionary changed size during iteration")

    def test_value_change_during_iteration_is_fine(self):
        d = dict.fromkeys(range(5), 0)
        for k in d:
            d[k] = k
        self.assertEqual(d, {i: i for i in range(5)})

    def test_delete_while_iterating_copy(self):
        d = dict.fromkeys(range(5))
        for k in list(d):
            del d[k]
        self.assertEqual(d, {})

    def test_iterators_exhausted(self):
        it = iter({"a": 1})
        next(it)
        self.assertRaises(StopIteration, next, it)

    def test_length(self):
        d = {1: 1, 2: 2}
        self.assertEqual((len(d), len(d.keys()), len(d.items()), len(d.values())), (2, 2, 2, 2))


class DisjointViews(unittest.TestCase):
    def test_the_smaller_is_searched_for_in_a_set_of_any_class(self):
        class Own(frozenset):
            pass

        items = {1: []}.items()
        for larger in (Own({1, 2, 3}), frozenset({1, 2, 3}), {1, 2, 3}):
            with self.assertRaisesRegex(TypeError, r"cannot use 'tuple' as a set element \(unhashable type: 'list'\)"):
                items.isdisjoint(larger)
        for other in ([1, 2, 3], Own()):
            self.assertTrue(items.isdisjoint(other))


if __name__ == "__main__":
    unittest.main()
