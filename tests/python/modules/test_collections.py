"""collections."""

import collections
import unittest
from collections import ChainMap, Counter, OrderedDict, defaultdict, deque, namedtuple


class NamedTuples(unittest.TestCase):
    def test_fields(self):
        P = namedtuple("P", "x y")
        p = P(1, y=2)
        self.assertEqual((p.x, p[1], p, repr(p), P._fields), (1, 2, (1, 2), "P(x=1, y=2)", ("x", "y")))

    def test_methods(self):
        P = namedtuple("P", ["x", "y"], defaults=[0])
        self.assertEqual(P(1), (1, 0))
        self.assertEqual(P._make([1, 2])._asdict(), {"x": 1, "y": 2})
        self.assertEqual(P(1)._replace(y=5), (1, 5))
        self.assertEqual(P._field_defaults, {"y": 0})

    def test_errors(self):
        self.assertRaises(ValueError, namedtuple, "P", "class")
        self.assertRaises(ValueError, namedtuple, "P", "a a")
        self.assertRaises(TypeError, namedtuple("P", "x"))
        self.assertEqual(namedtuple("P", "a class a", rename=True)._fields, ("a", "_1", "_2"))

    def test_unpack_and_match(self):
        P = namedtuple("P", "x y")
        match P(1, 2):
            case P(a, b): self.assertEqual((a, b), (1, 2))


class Deques(unittest.TestCase):
    def test_both_ends(self):
        d = deque([1])
        d.append(2); d.appendleft(0); d.extend([3]); d.extendleft([-1, -2])
        self.assertEqual((d, d.pop(), d.popleft()), (deque([-1, 0, 1, 2]), 3, -2))

    def test_maxlen(self):
        d = deque(range(5), maxlen=3)
        d.append(9)
        self.assertEqual((list(d), d.maxlen, repr(d)), ([3, 4, 9], 3, "deque([3, 4, 9], maxlen=3)"))

    def test_rotate_index_insert_remove(self):
        d = deque("abcd")
        d.rotate(1)
        d.insert(1, "x")
        d.remove("c")
        d[0] = "D"
        self.assertEqual((list(d), d.index("b"), d.count("a"), "x" in d), (["D", "x", "a", "b"], 3, 1, True))

    def test_errors(self):
        with self.assertRaises(IndexError) as caught:
            deque().pop()
        self.assertEqual(str(caught.exception), "pop from an empty deque")
        with self.assertRaises(IndexError) as caught:
            deque()[0]
        self.assertEqual(str(caught.exception), "deque index out of range")
        with self.assertRaises(ValueError) as caught:
            deque([], -1)
        self.assertEqual(str(caught.exception), "maxlen must be non-negative")
        d = deque([1])
        with self.assertRaisesRegex(RuntimeError, "deque mutated during iteration"):
            for _ in d:
                d.append(1)

    def test_operators(self):
        self.assertEqual(deque("a") + deque("b"), deque("ab"))
        self.assertEqual(deque("ab") * 2, deque("abab"))
        self.assertEqual(deque("a") < deque("b"), True)
        self.assertEqual(deque("a") == deque("a"), True)

    def test_long(self):
        d = deque(range(1000))
        self.assertEqual((d[500], sum(d), list(reversed(d))[0], d.copy() == d), (500, 499500, 999, True))


class Counters(unittest.TestCase):
    def test_counting(self):
        c = Counter("hello")
        self.assertEqual(c["l"], 2)
        self.assertEqual(c["z"], 0)
        self.assertEqual(c.most_common(1), [("l", 2)])
        self.assertEqual(c.total(), 5)
        self.assertEqual(sorted(c.elements()), list("ehllo"))

    def test_arithmetic(self):
        a, b = Counter(a=3, b=1), Counter(a=1, c=2)
        self.assertEqual(a + b, Counter(a=4, c=2, b=1))
        self.assertEqual(a - b, Counter(a=2, b=1))
        self.assertEqual(a & b, Counter(a=1))
        self.assertEqual(a | b, Counter(a=3, c=2, b=1))
        self.assertEqual(+Counter(x=-1), Counter())

    def test_update_subtract(self):
        c = Counter(a=1)
        c.update("ab")
        c.subtract("aaa")
        self.assertEqual(c, Counter(a=-1, b=1))
        self.assertEqual(repr(Counter(a=1)), "Counter({'a': 1})")


class Dicts(unittest.TestCase):
    def test_defaultdict(self):
        d = defaultdict(list)
        d["a"].append(1)
        self.assertEqual(d, {"a": [1]})
        self.assertEqual(d.get("b"), None)
        self.assertEqual(len(d), 1)
        self.assertEqual(repr(d), "defaultdict(<class 'list'>, {'a': [1]})")
        self.assertRaises(KeyError, lambda: defaultdict()["x"])

    def test_ordered_dict(self):
        d = OrderedDict(a=1, b=2, c=3)
        d.move_to_end("a")
        d.move_to_end("c", last=False)
        self.assertEqual((list(d), d.popitem(), d.popitem(last=False)), (["c", "b", "a"], ("a", 1), ("c", 3)))
        self.assertTrue(OrderedDict(a=1, b=2) != OrderedDict(b=2, a=1) and OrderedDict(a=1, b=2) == dict(b=2, a=1))
        self.assertEqual(repr(OrderedDict(a=1)), "OrderedDict({'a': 1})")

    def test_chain_map(self):
        c = ChainMap({"a": 1}, {"a": 2, "b": 3})
        c["z"] = 0
        self.assertEqual(c["a"], 1)
        self.assertEqual(c["b"], 3)
        self.assertEqual(dict(c), {"a": 1, "b": 3, "z": 0})
        self.assertEqual(c.maps[0], {"a": 1, "z": 0})
        self.assertEqual(c.parents["a"], 2)

    def test_user_classes(self):
        class D(collections.UserDict):
            def __setitem__(self, k, v): super().__setitem__(k, v * 2)
        class L(collections.UserList): pass
        class S(collections.UserString): pass
        self.assertEqual((D(a=1)["a"], L([1]) + [2], S("a") + "b"), (2, [1, 2], "ab"))

    def test_abcs(self):
        from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, MutableSequence, Sequence, Set
        self.assertTrue(isinstance([], MutableSequence) and isinstance((), Sequence) and isinstance({},
                Mapping) and isinstance(set(), Set))
        self.assertTrue(isinstance(iter([]), Iterator) and not isinstance([], Iterator) and isinstance(len,
                Callable) and not isinstance([], Hashable))
        class I:
            def __iter__(self): return iter([])
        self.assertTrue(isinstance(I(), Iterable))

    def test_abc_mixins(self):
        from collections.abc import Mapping
        class M(Mapping):
            def __getitem__(self, k): return {"a": 1}[k]
            def __iter__(self): return iter("a")
            def __len__(self): return 1
        m = M()
        self.assertEqual(m.get("a"), 1)
        self.assertEqual(m.get("z"), None)
        self.assertEqual(list(m.items()), [("a", 1)])
        self.assertEqual("a" in m, True)
        self.assertEqual(m == {"a": 1}, True)
        self.assertRaises(TypeError, type("N", (Mapping,), {}))


if __name__ == "__main__":
    unittest.main()
