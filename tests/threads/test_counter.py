"""Counters incremented from several threads.

Race: `x += 1` on a global, an attribute, a list element, a dict value, a closure cell and a class attribute.
Legal outcomes: without a lock any int from 1 to the number of increments (updates may be lost, never invented);
with a lock the exact number.
"""

import itertools
import threading
import unittest

from support import THREADS, race, repeat, scaled

TIMES = scaled(10_000)
TOTAL = TIMES * THREADS
global_count = 0


class Holder:
    shared = 0

    def __init__(self):
        self.count = 0
        self.real = 0.0


class Unlocked(unittest.TestCase):
    def check(self, value):
        self.assertIs(type(value), int)
        self.assertGreaterEqual(value, 1)
        self.assertLessEqual(value, TOTAL)

    def test_global(self):
        global global_count
        global_count = 0

        def work():
            global global_count
            for _ in range(TIMES):
                global_count += 1
        race(*repeat(work))
        self.check(global_count)

    def test_attribute(self):
        holder = Holder()

        def work():
            for _ in range(TIMES):
                holder.count += 1
        race(*repeat(work))
        self.check(holder.count)

    def test_float_attribute(self):
        holder = Holder()

        def work():
            for _ in range(TIMES):
                holder.real += 0.5
        race(*repeat(work))
        self.assertIs(type(holder.real), float)
        self.assertTrue(0.5 <= holder.real <= TOTAL / 2)
        self.assertEqual(holder.real * 2, int(holder.real * 2))

    def test_class_attribute(self):
        class Local:
            count = 0

        def work():
            for _ in range(TIMES):
                Local.count += 1
        race(*repeat(work))
        self.check(Local.count)

    def test_list_element(self):
        cells = [0, 0]

        def work():
            for _ in range(TIMES):
                cells[1] += 1
        race(*repeat(work))
        self.check(cells[1])
        self.assertEqual(cells[0], 0)

    def test_dict_value(self):
        table = {"n": 0}

        def work():
            for _ in range(TIMES):
                table["n"] += 1
        race(*repeat(work))
        self.check(table["n"])

    def test_cell(self):
        count = 0

        def work():
            nonlocal count
            for _ in range(TIMES):
                count += 1
        race(*repeat(work))
        self.check(count)

    def test_big_ints_are_never_torn(self):
        holder = Holder()
        holder.count = base = 10**40

        def work():
            for _ in range(TIMES):
                holder.count += 1
        race(*repeat(work))
        self.assertTrue(base < holder.count <= base + TOTAL)


class Locked(unittest.TestCase):
    def test_lock(self):
        holder, lock = Holder(), threading.Lock()

        def work():
            for _ in range(TIMES):
                with lock:
                    holder.count += 1
        race(*repeat(work))
        self.assertEqual(holder.count, TOTAL)

    def test_rlock_taken_twice(self):
        holder, lock = Holder(), threading.RLock()

        def work():
            for _ in range(TIMES // 2):
                with lock, lock:
                    holder.count += 1
        race(*repeat(work))
        self.assertEqual(holder.count, TIMES // 2 * THREADS)

    def test_every_place_under_one_lock(self):
        holder, table, cells, lock = Holder(), {"n": 0}, [0], threading.Lock()
        cell = 0

        def work():
            nonlocal cell
            for _ in range(TIMES // 4):
                lock.acquire()
                try:
                    holder.count += 1
                    table["n"] += 1
                    cells[0] += 1
                    cell += 1
                finally:
                    lock.release()
        race(*repeat(work))
        self.assertEqual({holder.count, table["n"], cells[0], cell}, {TIMES // 4 * THREADS})

    def test_own_counter_per_thread(self):
        counts = [0] * THREADS
        numbers = itertools.count()

        def work():
            index = next(numbers)
            for _ in range(TIMES):
                counts[index] += 1
        race(*repeat(work))
        self.assertEqual(counts, [TIMES] * THREADS)


if __name__ == "__main__":
    unittest.main()
