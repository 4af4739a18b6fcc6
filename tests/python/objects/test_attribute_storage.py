"""Attributes of instances whose __dict__ was asked for, or that lost attributes, at sites that are used again and again."""

import collections
import functools
import unittest


class Plain:
    constant = "class"

    def __init__(self):
        self.x = 1
        self.y = 2
        self.z = 3

    def method(self):
        return "method", self.x

    @functools.lru_cache
    def cached(self):
        return "cached"


def read(o):
    return o.y


def call(o):
    return o.method()


def read_constant(o):
    return o.constant


def write(o, value):
    o.y = value


class DictionaryTest(unittest.TestCase):
    def make(self):
        o = Plain()
        o.__dict__
        return o

    def test_reading(self):
        a = self.make()
        for _ in range(10):
            self.assertEqual(read(a), 2)
        a.__dict__["y"] = "new"
        self.assertEqual(read(a), "new")
        del a.__dict__["y"]
        with self.assertRaises(AttributeError):
            read(a)
        a.y = "again"  # at another place of the dict
        for _ in range(3):
            self.assertEqual(read(a), "again")
        self.assertEqual(list(a.__dict__), ["x", "z", "y"])

    def test_dicts_of_different_order(self):
        a, b = self.make(), self.make()
        b.__dict__.clear()
        b.__dict__.update(z=1, a=2, y="b")
        for _ in range(10):
            self.assertEqual(read(a), 2)
            self.assertEqual(read(b), "b")

    def test_another_dict(self):
        a = self.make()
        for _ in range(5):
            read(a)
        a.__dict__ = {"y": "other"}
        self.assertEqual(read(a), "other")
        a.__dict__ = {}
        with self.assertRaises(AttributeError):
            read(a)
        a.__dict__ = {1: 2, "q": 1, "y": 5}
        self.assertEqual(read(a), 5)

    def test_writing(self):
        a = self.make()
        d = a.__dict__
        for i in range(10):
            write(a, i)
            self.assertEqual(d["y"], i)
        for i in range(10):
            write(a, [i])
            self.assertEqual(read(a), [i])
        del d["y"]
        write(a, "last")
        self.assertEqual(list(d.items()), [("x", 1), ("z", 3), ("y", "last")])
        a.__dict__ = {}
        write(a, 7)
        self.assertEqual(a.__dict__, {"y": 7})
        self.assertEqual(d["y"], "last")

    def test_methods(self):
        a = self.make()
        for _ in range(5):
            self.assertEqual(call(a), ("method", 1))
        a.method = lambda: "own"
        for _ in range(3):
            self.assertEqual(call(a), "own")
        del a.method
        self.assertEqual(call(a), ("method", 1))
        self.assertEqual([a.cached() for _ in range(3)], ["cached"] * 3)

    def test_class_changes(self):
        class Base:
            def method(self):
                return 1

        a = Base()
        a.__dict__["y"] = "own"
        for _ in range(5):
            self.assertEqual(call(a), 1)
            self.assertEqual(read(a), "own")
        Base.method = lambda self: 2
        self.assertEqual(call(a), 2)
        Base.y = property(lambda self: "property")
        self.assertEqual(read(a), "property")
        with self.assertRaises(AttributeError):
            write(a, 1)
        del Base.y
        self.assertEqual(read(a), "own")

    def test_class_attribute_hidden_later(self):
        a, b = self.make(), self.make()
        for _ in range(5):
            self.assertEqual(read_constant(a), "class")
        b.constant = "own"
        for _ in range(3):
            self.assertEqual(read_constant(b), "own")
            self.assertEqual(read_constant(a), "class")

    def test_cached_property(self):
        calls = []

        class A:
            @functools.cached_property
            def value(self):
                calls.append(self)
                return len(calls)

        for n in range(1, 4):
            a = A()
            self.assertEqual([a.value for _ in range(4)], [n] * 4)
            del a.value
        self.assertEqual(len(calls), 3)


class DeletionTest(unittest.TestCase):
    def test_order(self):
        for name, left in (("x", ["y", "z"]), ("y", ["x", "z"]), ("z", ["x", "y"])):
            a = Plain()
            delattr(a, name)
            values = {"x": 1, "y": 2, "z": 3}
            self.assertEqual([getattr(a, n) for n in left], [values[n] for n in left])
            self.assertFalse(hasattr(a, name))
            setattr(a, name, "back")
            self.assertEqual(list(vars(a)), left + [name])
            self.assertEqual(getattr(a, name), "back")

    def test_all_of_many(self):
        class A:
            pass

        for first in range(0, 30, 7):
            a = A()
            for i in range(30):
                setattr(a, f"a{i}", [i])
            left = list(range(30))
            while left:
                i = left.pop(first % len(left))
                delattr(a, f"a{i}")
                with self.assertRaises(AttributeError):
                    delattr(a, f"a{i}")
                self.assertEqual([getattr(a, f"a{j}") for j in left], [[j] for j in left])
            self.assertEqual(vars(a), {})

    def test_rotation(self):
        a = Plain()
        for i in range(1000):
            name = "xyz"[i % 3]
            value = getattr(a, name)
            delattr(a, name)
            setattr(a, name, value)
        self.assertEqual(vars(a), {"x": 1, "y": 2, "z": 3})
        self.assertEqual(list(vars(a)), ["y", "z", "x"])

    def test_the_deleted_value_looks(self):
        seen = []

        class Watcher:
            def __del__(self):
                seen.append((hasattr(a, "w"), a.after))

        a = Plain()
        a.w = Watcher()
        a.after = "after"
        del a.w
        self.assertEqual(seen, [(False, "after")])


class DescriptorTest(unittest.TestCase):
    def test_items_of_namedtuples(self):
        P = collections.namedtuple("P", "x y z")

        class Q(P):
            pass

        for cls in P, Q:
            self.assertEqual([read(cls(1, i, 3)) for i in range(5)], list(range(5)))
        with self.assertRaises(IndexError):
            read(tuple.__new__(P, (1,)))
        self.assertEqual(read(P(1, 2, 3)), 2)
        P.y = property(lambda self: "property")
        self.assertEqual(read(Q(1, 2, 3)), "property")

    def test_descriptors_that_change(self):
        class Descriptor:
            def __get__(self, instance, owner):
                return "got", instance, owner

            def __set__(self, instance, value):
                instance.__dict__["y"] = value

        class A:
            y = Descriptor()

        a = A()
        for _ in range(5):
            self.assertEqual(read(a), ("got", a, A))
        a.y = 1
        self.assertEqual(read(a), ("got", a, A))
        Descriptor.__get__ = lambda self, instance, owner: "changed"
        self.assertEqual(read(a), "changed")
        set_ = Descriptor.__set__
        del Descriptor.__set__
        self.assertEqual(read(a), 1)
        Descriptor.__set__ = set_
        self.assertEqual(read(a), "changed")
        del Descriptor.__get__
        self.assertEqual(read(a), 1)

    def test_descriptors_without_set(self):
        class Descriptor:
            def __get__(self, instance, owner):
                return "got"

        class A:
            y = Descriptor()

        a = A()
        for _ in range(5):
            self.assertEqual(read(a), "got")
        a.y = 1
        self.assertEqual(read(a), 1)
        self.assertEqual(read(A()), "got")
        Descriptor.__set__ = lambda self, instance, value: None
        self.assertEqual(read(a), "got")
        del Descriptor.__get__
        self.assertEqual(read(a), 1)
        self.assertIsInstance(read(A()), Descriptor)

    def test_getattr_hook(self):
        class A:
            def __init__(self):
                self.x = 1

            def __getattr__(self, name):
                return "hook", name

            def method(self):
                return self.x

            @property
            def failing(self):
                raise AttributeError

        def failing(o):
            return o.failing

        a = A()
        for _ in range(5):
            self.assertEqual(read(a), ("hook", "y"))
            self.assertEqual(call(a), 1)
            self.assertEqual(failing(a), ("hook", "failing"))
        a.y = 2
        for _ in range(5):
            self.assertEqual(read(a), 2)
        del a.y
        self.assertEqual(read(a), ("hook", "y"))
        A.__getattribute__ = lambda self, name: "all"
        self.assertEqual(read(a), "all")
        del A.__getattribute__
        self.assertEqual(read(a), ("hook", "y"))
        del A.__getattr__
        with self.assertRaises(AttributeError):
            read(a)

    def test_getters_that_are_no_functions(self):
        class A(tuple):
            y = property(lambda self: len(self))
            z = property(len)

        def read_z(o):
            return o.z

        self.assertEqual([read_z(A(range(n))) for n in range(5)], list(range(5)))
        self.assertEqual([read(A(range(n))) for n in range(5)], list(range(5)))


class NativeClassMethodTest(unittest.TestCase):
    def test_calls(self):
        class D(dict):
            pass

        class I(int):
            pass

        for cls in (dict, D, collections.OrderedDict) * 3:
            made = cls.fromkeys("ab", 1)
            self.assertIs(type(made), cls)
            self.assertEqual(made, {"a": 1, "b": 1})
        for cls in (int, I, bool) * 3:
            self.assertIs(type(cls.from_bytes(b"\1")), cls)
            self.assertEqual(cls.from_bytes(b"\1", byteorder="little"), 1)
            with self.assertRaisesRegex(TypeError, r"^from_bytes\(\) missing required argument 'bytes' \(pos 1\)$"):
                cls.from_bytes()
            with self.assertRaises(TypeError):
                cls.from_bytes(b"", "big", 1)
        D.fromkeys = lambda *args: args
        self.assertEqual(D.fromkeys(1, 2), (1, 2))
        del D.fromkeys
        self.assertEqual(D.fromkeys([1]), {1: None})

    def test_read(self):
        read = [float.fromhex for _ in range(5)]
        self.assertEqual([f("0x10") for f in read], [16.0] * 5)
        appends = []
        for _ in range(5):
            target = []
            appends.append((target, target.append))
        for target, append in appends:
            append(1)
            self.assertEqual(target, [1])


class DefaultsThroughModuleTest(unittest.TestCase):
    def test_calls(self):
        import types

        m = types.ModuleType("m")
        m.f = lambda a, b=2, c=3: (a, b, c)

        def generator():
            for _ in range(3):
                yield m.f(1)
                yield m.f(1, 5)
                yield m.f(1, 5, 6)

        self.assertEqual(list(generator()), [(1, 2, 3), (1, 5, 3), (1, 5, 6)] * 3)
        self.assertEqual([m.f(i) for i in range(3)], [(i, 2, 3) for i in range(3)])
        self.assertEqual([m.f(i, c=i) for i in range(3)], [(i, 2, i) for i in range(3)])
        with self.assertRaises(TypeError):
            m.f()
        with self.assertRaises(TypeError):
            m.f(1, 2, 3, 4)


if __name__ == "__main__":
    unittest.main()
