"""Attributes of one object set, read and deleted from several threads.

Race: attribute stores, deletes and reads while the object gains attributes, is turned into dictionary mode (deletes,
many attributes, odd keys through __dict__), changes its class, or uses __slots__.
Legal outcomes: a reader gets a value that was stored under that name, or AttributeError if it was deleted at some time; it
never gets another attribute's value. All stores to names of which nothing else is done are there afterwards.
"""

import unittest

from support import THREADS, numbered, race, scaled

N = scaled(4_000)


class Plain:
    default = "class value"


class Slotted:
    __slots__ = ("a", "b", "__weakref__")


class Left:
    def who(self):
        return "left"


class Right:
    def who(self):
        return "right"


class AttributeRaces(unittest.TestCase):
    def test_new_attributes_all_arrive(self):
        for _ in range(20):
            shared = Plain()

            def work(k):
                for i in range(30):
                    setattr(shared, f"attr_{k}_{i}", (k, i))
            race(*numbered(work))
            self.assertEqual(len(vars(shared)), 30 * THREADS)
            for k in range(THREADS):
                for i in range(30):
                    self.assertEqual(getattr(shared, f"attr_{k}_{i}"), (k, i))

    def test_same_new_attribute(self):
        objects = [Plain() for _ in range(N)]

        def work(k):
            for thing in objects:
                thing.value = k
                thing.other = (k,)
        race(*numbered(work))
        for thing in objects:
            self.assertTrue(0 <= thing.value < THREADS and 0 <= thing.other[0] < THREADS)
            self.assertEqual(set(vars(thing)), {"value", "other"})

    def test_set_and_delete(self):
        shared = Plain()
        shared.other = "other"

        def write(k):
            for i in range(N):
                shared.value = ("value", k, i)
                try:
                    del shared.value
                except AttributeError:
                    pass
        def read():
            try:
                value = shared.value
                assert value[0] == "value", value
            except AttributeError:
                pass
            assert shared.other == "other"
            assert shared.default == "class value"
        race(*numbered(write, 2), meanwhile=[read, read])

    def test_delete_succeeds_once(self):
        shared = Plain()
        names = [f"name{i}" for i in range(500)]
        for name in names:
            setattr(shared, name, name)

        def work():
            deleted = 0
            for name in names:
                try:
                    delattr(shared, name)
                    deleted += 1
                except AttributeError:
                    pass
            return deleted
        self.assertEqual(sum(race(work, work, work)), 500)
        self.assertEqual(vars(shared), {})

    def test_values_stay_with_their_names(self):
        shared = Plain()
        names = [f"n{i}" for i in range(100)]

        def write(k):
            for i in range(N):
                name = names[(i * (k + 1)) % 100]
                setattr(shared, name, name)
                if i % 7 == 0:
                    vars(shared).pop(names[i % 100], None)
        def read():
            for name in names:
                assert getattr(shared, name, name) == name
            for name, value in dict(vars(shared)).items():
                assert name == value
        race(*numbered(write, 2), meanwhile=[read])

    def test_dict_view_and_attribute_agree(self):
        shared = Plain()

        def work(k):
            name = f"own{k}"
            for i in range(N):
                setattr(shared, name, i)
                assert vars(shared)[name] == i
                vars(shared)[name] = -i
                assert getattr(shared, name) == -i
                if i % 50 == 0:
                    delattr(shared, name)
                    assert name not in vars(shared)
        race(*numbered(work))

    def test_replacing_dict(self):
        shared = Plain()
        shared.value = 0

        def replace():
            for i in range(N):
                shared.__dict__ = {"value": i, "extra": i}
        def write():
            for i in range(N):
                shared.value = i
        def read():
            assert type(shared.value) is int
        race(replace, write, meanwhile=[read])

    def test_ints_floats_and_objects_in_one_attribute(self):
        shared = Plain()
        shared.value = 1
        kinds = (1, 2.5, "text", None, (1, 2), 10**30, [3], float("inf"), -0.0, True)

        def write(k):
            for i in range(N):
                shared.value = kinds[(i + k) % len(kinds)]
        def read():
            value = shared.value
            assert any(value is kind or value == kind for kind in kinds), value
        race(*numbered(write, 2), meanwhile=[read, read])

    def test_slots(self):
        shared = Slotted()

        def write(k):
            for i in range(N):
                shared.a = ("a", k, i)
                shared.b = i
                try:
                    del shared.a
                except AttributeError:
                    pass
        def read():
            try:
                assert shared.a[0] == "a"
            except AttributeError:
                pass
            assert type(getattr(shared, "b", 0)) is int
        race(*numbered(write, 2), meanwhile=[read, read])

    def test_class_change(self):
        shared = Left()

        def change():
            for _ in range(N):
                shared.__class__ = Right
                shared.tag = 1
                shared.__class__ = Left
        def call():
            assert shared.who() in ("left", "right")
            assert type(shared) in (Left, Right)
        race(change, change, meanwhile=[call])

    def test_half_initialised_objects_are_not_mixed_up(self):
        shared = [None]

        class Pair:
            def __init__(self, n):
                self.a = n
                self.b = -n

        def write(k):
            for i in range(N):
                shared[0] = Pair(i * THREADS + k)
                pair = shared[0]
                assert pair.a == -pair.b
        race(*numbered(write))

    def test_methods_of_shared_object(self):
        class Service:
            def __init__(self):
                self.table = {"a": 1}

            def get(self, key):
                return self.table.get(key, 0) + self.offset()

            def offset(self):
                return 10
        service = Service()

        def work():
            assert sum(service.get("a") for _ in range(N)) == 11 * N
        race(work, work, work)


if __name__ == "__main__":
    unittest.main()
