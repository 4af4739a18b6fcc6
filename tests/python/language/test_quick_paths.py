"""Things with short ways of their own: loops over sequences, calls of built-in methods and classes, characters, closures."""

import unittest


class QuickPathTest(unittest.TestCase):
    def test_iterators_remember_their_end(self):
        for make in (list, tuple):
            items = make(range(3))
            it = iter(items)
            self.assertEqual([x for x in it], [0, 1, 2])
            self.assertEqual(list(it), [])
            for _ in it:
                self.fail()
        growing = [1]
        it = iter(growing)
        for _ in it:
            pass
        growing.append(2)
        self.assertEqual(list(it), [])
        seen = []
        for x in growing:
            seen.append(x)
            if x < 5:
                growing.append(x + 3)
        self.assertEqual(seen, [1, 2, 4, 5, 7])

    def test_bound_methods_of_builtins(self):
        items = []
        append, insert, pop = items.append, items.insert, items.pop
        for i in range(3):
            append(i)
        insert(0, 9)
        self.assertEqual((pop(), pop(0), items), (2, 9, [0, 1]))
        for wrong in (lambda: append(), lambda: append(1, 2), lambda: insert(1), lambda: append(object=1)):
            self.assertRaises(TypeError, wrong)
        get = {"a": 1}.get
        self.assertEqual([get("a"), get("b"), get("b", 2)], [1, None, 2])
        from_hex = bytes.fromhex
        self.assertEqual([from_hex("00ff") for _ in range(2)], [b"\0\xff"] * 2)
        self.assertEqual([min(3, i) for i in (5, 1)], [3, 1])
        self.assertRaises(TypeError, lambda: min(1))

    def test_calls_of_classes_with_new(self):
        class Number(int):
            def __new__(cls, value, factor=1):
                if value is None:
                    return "another"
                return super().__new__(cls, value * factor)

            def __init__(self, *args):
                self.args = args

        for _ in range(3):
            n = Number(5, 2)
            self.assertEqual((n, n.args, Number(None)), (10, (5, 2), "another"))
            self.assertEqual([str(1), int("2"), list("ab"), tuple([1]), dict([(1, 2)]), bool([])],
                             ["1", 2, ["a", "b"], (1,), {1: 2}, False])
        self.assertRaises(TypeError, lambda: Number())
        self.assertRaises(ValueError, lambda: int("x"))
        self.assertRaises(TypeError, lambda: tuple(1, 2))

    def test_characters(self):
        for text in ("abc", "a\xe9c", "a\u1234c", "a\U00012345c"):
            characters = []
            for i in range(-3, 3):
                characters.append(text[i])
            self.assertEqual("".join(characters), text * 2)
            for i in (3, -4, 1 << 70):
                with self.assertRaises(IndexError):
                    text[i]
        self.assertEqual(("ab" + "c")[1], "b")

    def test_closures(self):
        def make(x, y):
            def get():
                return x, y

            def put(value):
                nonlocal x
                x = value
            return get, put
        get, put = make([1], 2)
        put([3])
        self.assertEqual([get() for _ in range(2)], [([3], 2)] * 2)

        def unbound():
            def inner():
                return later
            try:
                inner()
            finally:
                later = 1
        self.assertRaises(NameError, unbound)

    def test_bound_methods_in_attributes(self):
        class Holder:
            def __init__(self):
                self.call = self.method
                self.length = "abc".__len__
                self.of_class = self.made

            def method(self, a, b=2, *, c=3):
                return a, b, c

            @classmethod
            def made(cls, *rest):
                return cls.__name__, rest

        h = Holder()
        bound = h.method
        for _ in range(3):
            self.assertEqual([h.call(1), h.call(1, 5), h.call(1, c=0), h.length()], [(1, 2, 3), (1, 5, 3), (1, 2, 0), 3])
            self.assertEqual([bound(1), bound(1, 5), bound(1, c=0)], [(1, 2, 3), (1, 5, 3), (1, 2, 0)])
            self.assertEqual((h.of_class(), h.of_class(1, 2)), (("Holder", ()), ("Holder", (1, 2))))
        for wrong in (lambda: h.call(), lambda: h.call(1, 2, 3), lambda: bound(), lambda: bound(1, 2, 3)):
            self.assertRaisesRegex(TypeError, "method", wrong)

        def values():
            yield bound(1)
            yield h.call(2)
        self.assertEqual(list(values()), [(1, 2, 3), (2, 2, 3)])

    def test_rest_arguments(self):
        def rest(a, b=2, *more):
            return a, b, more

        def named(*more, key=None):
            return more, key
        self.assertEqual([rest(1), rest(1, 3), rest(1, 3, 4, [5])], [(1, 2, ()), (1, 3, ()), (1, 3, (4, [5]))])
        self.assertEqual([named(), named(1), named(1, key=2)], [((), None), ((1,), None), ((1,), 2)])
        self.assertRaises(TypeError, lambda: rest())
        self.assertEqual(list(rest(i, *range(i)) for i in range(4)), [(0, 2, ()), (1, 0, ()), (2, 0, (1,)), (3, 0, (1, 2))])

    def test_bytes_items(self):
        data, seen = b"\0a\xff", []
        for i in range(-3, 3):
            seen.append(data[i])
        self.assertEqual(seen, [0, 97, 255] * 2)
        with self.assertRaises(IndexError):
            data[3]
        self.assertEqual(bytes([1, 2])[1], 2)

    def test_truth(self):
        class Plain:
            pass

        class Long:
            def __len__(self):
                return n

        class Told:
            def __bool__(self):
                return n > 0
        for n in (0, 1):
            self.assertEqual([1 if x else 0 for x in (Plain(), Plain, len, Long(), Told(), b"", b"x", set(), {1})],
                             [1, 1, 1, n, n, 0, 1, 0, 1])

    def test_iterating_text(self):
        for text in ("", "abc", "a\xe9", "a\u1234b", "x\U00012345"):
            self.assertEqual([c for c in text], [text[i] for i in range(len(text))])
            it = iter(text)
            for _ in it:
                pass
            self.assertEqual(list(it), [])

    def test_len(self):
        class Long(list):
            def __len__(self):
                return 7
        self.assertEqual([len(x) for x in ([1], (1, 2), "abc", {1: 2}, b"ab", {1}, range(4), Long(), [[]][0])],
                         [1, 2, 3, 1, 2, 1, 4, 7, 0])
        self.assertEqual(len([1] + [2]), 2)
        for wrong in (1, None, object()):
            self.assertRaises(TypeError, lambda: len(wrong))
        self.assertRaises(TypeError, lambda: len())

    def test_isinstance(self):
        import collections.abc

        class Base:
            pass

        class Derived(Base):
            pass

        class Pretender:
            @property
            def __class__(self):
                return Base

        class Meta(type):
            def __instancecheck__(cls, x):
                return x == 5

        class Checked(metaclass=Meta):
            pass
        for _ in range(3):
            self.assertEqual([isinstance(x, Base) for x in (Base(), Derived(), Pretender(), 1, Base)],
                             [True, True, True, False, False])
            self.assertEqual([isinstance(x, (int, (str, Base))) for x in (1, "a", Derived(), 1.0, True, None)],
                             [True, True, True, False, True, False])
            self.assertEqual([isinstance(x, Checked) for x in (5, 6)], [True, False])
            self.assertEqual([isinstance(x, (Base, Checked)) for x in (5, 6, Base())], [True, False, True])
            self.assertEqual([isinstance(x, int | str) for x in (1, "", 1.0)], [True, True, False])
            self.assertTrue(isinstance([], collections.abc.Sequence))
            self.assertFalse(isinstance(5, ()))
        for wrong in (lambda: isinstance(1, 2), lambda: isinstance(1.0, (str, 2)), lambda: isinstance(1)):
            self.assertRaises(TypeError, wrong)

    def test_append(self):
        class Noting(list):
            def append(self, x):
                super().append((x,))
        items, noting = [], Noting()
        add = items.append
        for i in range(40):
            self.assertIsNone(items.append(i))
            self.assertIsNone(add([i]))
            noting.append(i)
        items.append(items)
        self.assertIs(items[80], items)
        self.assertEqual(items[:4], [0, [0], 1, [1]])
        self.assertEqual(noting[-1], (39,))
        list.append(noting, 1)
        self.assertEqual(noting[-1], 1)
        self.assertRaises(TypeError, lambda: items.append())
        self.assertRaises(TypeError, lambda: list.append(1, 2))
        del items[80]

    def test_generating_iter(self):
        class Tree:
            def __init__(self, *parts):
                self.parts = parts

            def __iter__(self):
                for part in self.parts:
                    if isinstance(part, Tree):
                        yield from part
                    else:
                        yield part
        tree = Tree(1, Tree(2, Tree(), Tree(3)), 4)
        for _ in range(3):
            self.assertEqual([x for x in tree], [1, 2, 3, 4])
            self.assertEqual([x for x in Tree(5, tree)], [5, 1, 2, 3, 4])
            a, b, *c = tree
            self.assertEqual((a, b, c), (1, 2, [3, 4]))

        class Wrong:
            def __iter__(self):
                return 5

        def over():
            yield from Wrong()
        with self.assertRaisesRegex(TypeError, r"iter\(\) returned non-iterator of type 'int'"):
            for _ in Wrong():
                pass
        with self.assertRaisesRegex(TypeError, r"iter\(\) returned non-iterator of type 'int'"):
            list(over())

    def test_membership(self):
        class Key:
            pass
        key = Key()
        for holder in ({1, "a", int, key}, frozenset((1, "a", int, key)), {1: 0, "a": 0, int: 0, key: 0}):
            self.assertEqual([x in holder for x in (1, "a", int, key, 2, "b", str, Key())], [True] * 4 + [False] * 4)
            self.assertEqual([x not in holder for x in (1.0, "b")], [False, True])
            with self.assertRaisesRegex(TypeError, "unhashable"):
                [] in holder


class ClassAttributesOfType(unittest.TestCase):
    """`cls.__name__` and the like at one site, for classes of several kinds."""

    def name_of(self, cls):
        return cls.__name__

    def test_names_change(self):
        class A:
            pass

        class B:
            pass
        self.assertEqual([self.name_of(c) for c in (A, B, int, A)], ["A", "B", "int", "A"])
        A.__name__ = "renamed"
        self.assertEqual([self.name_of(c) for c in (A, B)], ["renamed", "B"])

    def test_metaclass_with_a_name_of_its_own(self):
        class Meta(type):
            @property
            def __name__(cls):
                return "meta's"

        class C(metaclass=Meta):
            pass
        self.assertEqual([self.name_of(c) for c in (int, C, str, C)], ["int", "meta's", "str", "meta's"])

    def test_instances_that_claim_a_class(self):
        class Claims:
            @property
            def __class__(self):
                return int

        class Plain:
            pass
        for _ in range(3):
            self.assertTrue(isinstance(Claims(), int))
            self.assertFalse(isinstance(Plain(), int))
            self.assertFalse(isinstance(Plain(), (int, str)))
            self.assertTrue(isinstance(Claims(), (str, int)))


class ItemsOneByOne(unittest.TestCase):
    def test_lists_that_change_meanwhile(self):
        items = [0, 0]

        class Grows:
            def __bool__(self):
                if len(items) < 6:
                    items.append(Grows())
                return False

            def __radd__(self, other):
                if len(items) < 9:
                    items.append(self)
                return other + 1
        items.append(Grows())
        self.assertFalse(any(items))
        self.assertEqual(len(items), 6)
        self.assertEqual(sum(items), 7)
        self.assertEqual(len(items), 9)

    def test_lists_and_tuples(self):
        class Sub(list):
            def __iter__(self):
                return iter((1, 2))
        self.assertEqual([sum(x) for x in ([1, 2.5], (1, 2), Sub(), [], ())], [3.5, 3, 3, 0, 0])
        self.assertEqual([any(x) for x in ([0, ""], (0, 1), Sub(), [], ())], [False, True, True, False, False])
        self.assertEqual([all(x) for x in ([1, ""], (1, 1), Sub(), [], ())], [False, True, True, True, True])

    def test_comprehensions_of_all_sorts_of_objects(self):
        class A:
            pass
        things = [A, len, A(), 1, 1.5, "x", 1 << 70, None, [].append, self.test_lists_and_tuples]
        for _ in range(3):
            self.assertEqual([x for x in things], things)
            self.assertEqual([(x, x)[1] for x in things], things)
        self.assertEqual([f() for f in [lambda n=n: n * 2 for n in range(50)]], list(range(0, 100, 2)))


class Reducing(unittest.TestCase):
    def test_state_of_instances(self):
        class P:
            pass
        p = P()
        p.x, p.y, p.z = 1, [2], 3
        del p.y
        self.assertEqual(p.__reduce_ex__(4)[2], {"x": 1, "z": 3})
        p.y = 4
        self.assertEqual(list(p.__reduce_ex__(4)[2].items()), [("x", 1), ("z", 3), ("y", 4)])
        self.assertEqual(p.__reduce_ex__(4)[1], (P,))

        class Q:
            __slots__ = ("a", "b")
        q = Q()
        q.a = 5
        self.assertEqual(q.__reduce_ex__(4)[2], (None, {"a": 5}))

        class R(tuple):
            def __getnewargs__(self):
                return 7, 8
        self.assertEqual(R().__reduce_ex__(4)[1], (R, 7, 8))


class KeysOutsideTheSmallRange(unittest.TestCase):
    def test_ints(self):
        numbers = [0, -1, -2, 1 << 32, -(1 << 32), (1 << 61) - 1, (1 << 61) - 2, 1 << 61, -(1 << 61), (1 << 62) - 1]
        table = {n: str(n) for n in numbers}
        for n in numbers:
            self.assertEqual(table[n], str(n))
            self.assertEqual(table.get(float(n)) if float(n) == n else str(n), str(n))
            self.assertIn(n, set(numbers))


if __name__ == "__main__":
    unittest.main()
