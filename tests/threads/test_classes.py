"""Classes changed while other threads use them.

Race: class attributes, methods, properties, __getattr__ and bases replaced while instances read, call and are made.
Legal outcomes: a reader sees the old or the new definition, each whole; a lookup that starts after the change
has been seen by its thread never sees the old one again.
"""

import unittest

from support import numbered, race, repeat, scaled

N = scaled(2_000)


class ClassRaces(unittest.TestCase):
    def test_class_attribute(self):
        class Base:
            value = 0

        class Derived(Base):
            pass
        thing = Derived()

        def write():
            for i in range(1, N):
                Base.value = i
        def read():
            last = 0
            for _ in range(200):
                now = thing.value
                assert now >= last
                last = now
                now = Derived.value
                assert now >= last
                last = now
        race(write, meanwhile=[read, read])
        self.assertEqual(thing.value, N - 1)

    def test_property_hides_an_attribute(self):
        # What a site knows of the attribute is forgotten by all threads before the class has the property.
        def read_one(thing):
            return thing.x

        def write_one(thing):
            try:
                thing.x = -1
            except AttributeError:
                return True  # the property has no setter
            return False

        for _ in range(scaled(40)):
            class Thing:
                def __init__(self):
                    self.x = -1
            thing = Thing()

            def hide():
                for i in range(20):
                    Thing.x = property(lambda self, i=i: i)
                    assert read_one(thing) == i

            def use():
                last, hidden = -1, False
                for _ in range(100):
                    now = read_one(thing)
                    assert now >= last
                    last = now
                    refused = write_one(thing)
                    assert refused or not (hidden or last >= 0)
                    hidden = refused
            race(hide, meanwhile=[use, use])
            self.assertEqual(vars(thing), {"x": -1})
            self.assertEqual(read_one(thing), 19)

    def test_method_replaced(self):
        class Thing:
            def method(self):
                return 0
        thing = Thing()

        def write():
            for i in range(1, N):
                Thing.method = lambda self, i=i: i
        def call():
            first = thing.method()
            assert type(first) is int and thing.method() >= first
        race(write, meanwhile=[call, call])

    def test_attribute_moves_between_class_and_instance(self):
        class Thing:
            value = "class"
        thing = Thing()

        def flip():
            for _ in range(N):
                thing.value = "instance"
                del thing.value
        def read():
            assert thing.value in ("class", "instance")
        race(flip, meanwhile=[read, read])

    def test_override_appears_and_goes(self):
        class Base:
            def name(self):
                return "base"

        class Derived(Base):
            pass
        thing = Derived()

        def flip():
            for _ in range(N):
                Derived.name = lambda self: "derived"
                del Derived.name
        def call():
            assert thing.name() in ("base", "derived")
        race(flip, meanwhile=[call, call])
        self.assertEqual(thing.name(), "base")

    def test_kind_of_attribute_changes(self):
        class Thing:
            value = 1
        thing = Thing()

        def flip():
            for _ in range(N):
                Thing.value = property(lambda self: 2)
                Thing.value = 1
        def read():
            assert thing.value in (1, 2), thing.value
        race(flip, meanwhile=[read, read])

    def test_operators_replaced(self):
        class Number:
            def __add__(self, other):
                return "old"
        number = Number()

        def flip():
            for _ in range(N):
                Number.__add__ = lambda self, other: "new"
                Number.__add__ = lambda self, other: "old"
                Number.__len__ = lambda self: 3
                del Number.__len__
        def use():
            assert number + 1 in ("old", "new")
            try:
                assert len(number) == 3
            except TypeError:
                pass
        race(flip, meanwhile=[use])

    def test_bases_replaced(self):
        class A:
            tag = "a"

        class B:
            tag = "b"

        class C(A):
            pass

        class D(C):
            pass
        thing = D()

        def flip():
            for _ in range(N // 4):
                C.__bases__ = (B,)
                C.__bases__ = (A,)
        def read():
            assert thing.tag in ("a", "b")
            isinstance(thing, A), issubclass(D, B)
        race(flip, meanwhile=[read])
        self.assertEqual(D.__mro__, (D, C, A, object))

    def test_many_attributes(self):
        class Big:
            pass

        def work(k):
            for i in range(N // 4):
                setattr(Big, f"attr_{k}_{i}", (k, i))
                assert getattr(Big, f"attr_{k}_{i}") == (k, i)
        race(*numbered(work))
        for k in range(3):
            self.assertEqual(getattr(Big, f"attr_{k}_0"), (k, 0))

    def test_classes_made_in_parallel(self):
        class Base:
            registry = []

            def __init_subclass__(cls):
                Base.registry.append(cls)

        def work(k):
            for i in range(N // 20):
                made = type(f"Made{k}_{i}", (Base,), {"value": (k, i), "get": lambda self: self.value})
                assert made().get() == (k, i)
        race(*numbered(work, 4))
        self.assertEqual(len(Base.registry), N // 20 * 4)
        self.assertEqual(len(set(Base.registry)), N // 20 * 4)
        self.assertTrue(set(Base.registry) >= set(Base.__subclasses__()))

    def test_subclasses_come_and_go(self):
        class Base:
            pass

        def work():
            for _ in range(N // 10):
                class Temporary(Base):
                    pass
                assert Temporary in Base.__subclasses__()
                del Temporary
        race(*repeat(work))

    def test_instances_made_in_parallel(self):
        class Point:
            def __init__(self, x, y):
                self.x = x
                self.y = y

        def work(k):
            points = [Point(i, k) for i in range(N)]
            assert sum(p.x for p in points) == N * (N - 1) // 2
            assert all(p.y == k for p in points)
        race(*numbered(work))

    def test_isinstance_with_abc(self):
        import abc
        from collections.abc import Sized

        class Abstract(abc.ABC):
            pass

        class Registered:
            pass

        def work(k):
            for i in range(N // 4):
                made = type("Made", (), {"__len__": lambda self: 1})
                assert isinstance(made(), Sized)
                assert not isinstance(made(), Abstract)
                Abstract.register(Registered)
                assert isinstance(Registered(), Abstract)
        race(*numbered(work))


if __name__ == "__main__":
    unittest.main()
