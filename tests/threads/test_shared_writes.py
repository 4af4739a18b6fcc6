"""What writes nothing that other threads read: reads of shared objects, and work on private ones.

Race: another thread runs all the while, and has used the shared objects.
Legal outcomes: the counting build counts no atomic change of a count and no lock in what each operation does many times (less than one
in a thousand operations, for what the VM does now and then).
"""

import enum
import sys
import threading
import unittest
from collections.abc import Mapping

N = 20_000
EVENTS = ("atomic_retains", "atomic_releases", "object_locks")


class Colour(enum.Enum):
    RED = 1


class Table(Mapping):
    def __getitem__(self, key): raise KeyError(key)
    def __iter__(self): return iter(())
    def __len__(self): return 0


class Config:
    constant = [1]

    def __init__(self):
        self.value = ["value"]
        self.x0 = self.x1 = ("x",)

    def method(self):
        return self


class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y


config, table, setting = Config(), Table(), ["global"]
mapping = {"key": ["value"], 5: object()}
items = [object(), ["text"], (1, 2)]
members = {"a", "b", ("c", 1)}


def cell_holder():
    cell = ["cell"]

    def read(n):
        for _ in range(n):
            cell
    return read


# --- reads of what is shared

def instance_attribute(n):
    for _ in range(n):
        config.value


def class_attribute(n):
    for _ in range(n):
        Config.constant
        config.constant


def module_global(n):
    for _ in range(n):
        setting


def enum_member(n):
    for _ in range(n):
        Colour.RED


def item_of_dict(n):
    for _ in range(n):
        mapping["key"]
        mapping[5]


def item_of_list(n):
    for _ in range(n):
        items[1]


def membership_in_set(n):
    for _ in range(n):
        "a" in members
        "z" in members


def isinstance_of_abc(n):
    for _ in range(n):
        isinstance(table, Mapping)


def method_call(n):
    for _ in range(n):
        config.method()


def getattr_of_name(n):
    for i in range(n):
        getattr(config, f"x{i & 1}")


# --- what is private

def objects(n):
    for i in range(n):
        p = Point(i, [i])
        p.x = p.y
        p.y.append(p.x)


def closures(n):
    for i in range(n):
        def inner():
            return i
        inner()


def dicts(n):
    for i in range(n):
        d = {"a": i, i: "b"}
        d["c"] = [i]
        d.pop(i)


def lists(n):
    for i in range(n):
        x = [i, str(i)]
        x.append([x[0]])
        x.extend((1, 2))
        x.sort(key=str)


def generators(n):
    for i in range(n):
        def count():
            yield i
            yield [i]
        list(count())


def exceptions(n):
    for i in range(n):
        try:
            raise ValueError(i)
        except ValueError as error:
            error.args


def strings(n):
    for i in range(n):
        f"{i} {i + 1}".split()


READS = {
    "instance attribute": instance_attribute, "class attribute": class_attribute, "module global": module_global, "enum member": enum_member,
    "closure cell": cell_holder(), "d[k]": item_of_dict, "l[i]": item_of_list, "k in s": membership_in_set, "isinstance on an ABC": isinstance_of_abc,
    "method call on a shared object": method_call, "getattr(o, name)": getattr_of_name,
}
PRIVATE = {f.__name__: f for f in (objects, closures, dicts, lists, generators, exceptions, strings)}


@unittest.skipUnless(getattr(sys, "_shared_writes", dict)(), "only the counting build counts")
class SharedWrites(unittest.TestCase):
    def setUp(self):
        self.over = threading.Event()
        begun = threading.Event()

        def use():
            for operation in (*READS.values(), *PRIVATE.values()):
                operation(3000)
            begun.set()
            n = 0
            while not self.over.is_set():
                objects(10)
                n += 1

        self.thread = threading.Thread(target=use)
        self.thread.start()
        begun.wait()

    def tearDown(self):
        self.over.set()
        self.thread.join()

    def check(self, operations):
        for name, operation in operations.items():
            with self.subTest(name):
                operation(3000)  # caches fill, what is counted often becomes deferred
                before = sys._shared_writes()
                operation(N)
                after = sys._shared_writes()
                for event in EVENTS:
                    self.assertLess((after[event] - before[event]) / N, 0.001, event)

    def test_reads_of_shared_objects(self):
        self.check(READS)

    def test_private_objects(self):
        self.check(PRIVATE)


if __name__ == "__main__":
    unittest.main()
