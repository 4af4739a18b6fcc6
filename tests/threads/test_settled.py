"""Containers whose elements several threads read and write for long enough to be accessed without a lock (settled), and then change
their size: no store is lost, none lands elsewhere, nothing is read that was never there, memory that was given up is not touched."""

import array
import gc
import threading
import time
import unittest

import support

TURNS = 600  # changes of thread after which an object settles, and some more


def settle(container, index, value):
    """Two threads write the element in turn."""
    for _ in range(TURNS):
        container[index] = value
        thread = threading.Thread(target=container.__setitem__, args=(index, value))
        thread.start()
        thread.join()


KINDS = {
    "list": lambda n: [0] * n,
    "bytearray": bytearray,
    "array": lambda n: array.array("q", bytes(8 * n)),
}


class SettledContainers(unittest.TestCase):
    def test_disjoint_parts(self):
        """Threads write disjoint parts: all stores are there."""
        for name, make in {**KINDS, "memoryview": lambda n: memoryview(bytearray(n))}.items():
            with self.subTest(name):
                n = 20_000
                container = make(4 * n)
                settle(container, 0, 0)

                def fill(first):
                    for round in range(2):
                        for i in range(first, first + n):
                            container[i] = (i + round) % 100

                support.race(*[lambda k=k: fill(k * n) for k in range(4)])
                self.assertEqual(list(container), [(i + 1) % 100 for i in range(4 * n)])

    def test_stores_while_it_grows(self):
        """One thread appends, others store at indices that exist all the time: no store is lost by the moves of the storage."""
        for name, make in KINDS.items():
            with self.subTest(name):
                container = make(64)
                for _ in range(3):
                    settle(container, 0, 0)
                    done = threading.Event()

                    def store(index):
                        value = 0
                        while not done.is_set():
                            value = value % 100 + 1
                            container[index] = value
                            self.assertEqual(container[index], value)

                    def grow():
                        try:
                            for i in range(2_000):
                                container.append(7)
                            for i in range(2_000):
                                self.assertEqual(container.pop(), 7)
                        finally:
                            done.set()

                    support.race(grow, lambda: store(1), lambda: store(2), lambda: store(63))
                    self.assertEqual(len(container), 64)

    def test_reads_while_it_shrinks(self):
        """Elements are 5, or gone: a reader sees 5 or IndexError, whatever becomes of the storage."""
        for name, make in KINDS.items():
            with self.subTest(name):
                container = make(1)
                settle(container, 0, 5)
                done = threading.Event()

                def change():
                    try:
                        for _ in range(300):
                            container.extend(container[:1] * 500)
                            del container[1:]
                    finally:
                        done.set()

                def read():
                    while not done.is_set():
                        for i in (0, 1, 100, 499):
                            try:
                                self.assertEqual(container[i], 5)
                            except IndexError:
                                self.assertNotEqual(i, 0)
                        self.assertEqual(set(container[:3]), {5})

                support.race(change, read, read)

    def test_values_of_a_dict(self):
        """Values are replaced while other threads add and delete other keys, copy the dict and clear what they added: nothing is lost."""
        for keys in ((0, 1, 2), ("a", "b", "c"), (0, "a", (1,))):
            with self.subTest(keys=keys):
                table = dict.fromkeys(keys, 0)
                for _ in range(2):
                    settle(table, keys[0], 0)
                    done = threading.Event()

                    def store(key):
                        value = 0
                        while not done.is_set():
                            value += 1
                            table[key] = value
                            self.assertEqual(table[key], value)
                            self.assertEqual(table.setdefault(key, -1), value)

                    def change():
                        try:
                            for i in range(1_000):
                                for k in range(20):
                                    table[i, k] = i
                                self.assertEqual(len(table), 23)
                                for k in range(20):
                                    self.assertEqual(table.pop((i, k)), i)
                                if i % 100 == 0:
                                    self.assertEqual(set(table.copy()), set(keys))
                        finally:
                            done.set()

                    support.race(change, *[lambda key=key: store(key) for key in keys])

    def test_globals(self):
        """Global names assigned by several threads, each its own, while others come and go."""
        names = {}
        exec("def store_a(n):\n  global a\n  for a in range(n):\n    if a != a + 0: raise AssertionError\n"
             "def store_b(n):\n  global b\n  for i in range(n):\n    b = i\n    assert b == i\n"
             "def come_and_go(n):\n  global c\n  for i in range(n):\n    c = i\n    assert c == i\n    del c\n", names)
        for _ in range(TURNS):
            thread = threading.Thread(target=names["store_b"], args=(1,))
            thread.start()
            thread.join()
            names["store_b"](1)
        support.race(lambda: names["store_a"](20_000), lambda: names["store_b"](20_000), lambda: names["come_and_go"](2_000))
        self.assertEqual((names["a"], names["b"]), (19_999, 19_999))
        self.assertNotIn("c", names)

    def test_attributes(self):
        """Threads assign attributes of one object, each its own, while another one adds, deletes and reads others, in whatever way."""
        class Plain:
            def __init__(self): self.a = self.b = self.c = 0

        class Slots:
            __slots__ = ("a", "b", "c", "d", "__dict__")
            def __init__(self): self.a = self.b = self.c = 0

        class OfSet(set):
            def __init__(self): self.a = self.b = self.c = 0

        def store_a(o, n):
            for i in range(n):
                o.a = i
                if o.a != i: raise AssertionError(o.a)

        def store_b(o, n):
            for i in range(n):
                o.b = i
                if o.b != i: raise AssertionError(o.b)

        def change(o, n):
            for i in range(n):
                o.d = i
                if i % 10 == 9: setattr(o, f"e{i}", i)
                if i % 10 == 9 and o.__dict__[f"e{i}"] != i: raise AssertionError(i)
                del o.d

        for cls in (Plain, Slots, OfSet):
            with self.subTest(cls.__name__):
                for _ in range(3):
                    o = cls()
                    first = threading.Thread(target=store_a, args=(o, 10_000))  # it settles on the way
                    first.start()
                    store_b(o, 10_000)
                    first.join()
                    support.race(lambda: store_a(o, 10_000), lambda: store_b(o, 10_000), lambda: change(o, 500))
                    self.assertEqual((o.a, o.b), (9_999, 9_999))
                    self.assertFalse(hasattr(o, "d"))

    def test_objects_in_a_list(self):
        """Objects put into settled lists by several threads die once each: as many as were made."""
        made = []
        died = []

        class Thing:
            def __init__(self): made.append(1)
            def __del__(self): died.append(1)

        container = [None] * 3
        settle(container, 0, None)

        def store():
            for i in range(3_000):
                container[i % 3] = Thing()

        support.race(store, store, store)
        container.clear()
        for _ in range(100):
            gc.collect()
            if len(died) == len(made): break
            time.sleep(0.01)
        self.assertEqual(len(made), 9_000)
        self.assertEqual(len(died), 9_000)

    def test_views_that_are_released(self):
        """The memory of a view goes when the view is released, under threads that use it: they get its bytes, or ValueError."""
        for _ in range(5):
            exporter = bytearray(b"\5" * 1000)
            view = memoryview(exporter)
            settle(view, 0, 5)

            def use():
                try:
                    while True:
                        self.assertEqual(view[999], 5)
                        view[998] = 5
                except ValueError as e:
                    self.assertIn("released", str(e))

            def release():
                view.release()
                del exporter[1:]  # nothing is exported any more
                self.assertEqual(exporter, b"\5")

            support.race(release, use, use)

    def test_exports_forbid_resizing(self):
        """While a buffer of a settled bytearray is exported its size stays."""
        exporter = bytearray(b"\5" * 100)
        settle(exporter, 0, 5)

        def view():
            for _ in range(500):
                with memoryview(exporter) as view:
                    size = len(view)
                    self.assertEqual(view[size - 1], 5)
                    self.assertEqual(len(exporter), size)

        def resize():
            for i in range(500):
                try:
                    exporter.append(5)
                    exporter.pop()
                except BufferError:
                    pass

        support.race(view, view, resize)


if __name__ == "__main__":
    unittest.main()
