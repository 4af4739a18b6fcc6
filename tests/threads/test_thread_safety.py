"""The rows of docs/thread-safety.md that no other file of this folder races, and that every row has its test.

Legal outcomes: those that the page states.
"""

import re
import unittest
from collections import deque
from pathlib import Path

from support import numbered, race, repeat, scaled

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent.parent / "docs/thread-safety.md"
N = scaled(2_000)
SIZE = 40


class Page(unittest.TestCase):
    def test_every_row_has_its_test(self):
        rows = [line for line in PAGE.read_text().splitlines() if line.startswith("|") and "---" not in line and "| test |" not in line]
        self.assertGreater(len(rows), 30)
        for row in rows:
            named = re.search(r"`(test_\w+\.py)(?:::(\w+))?` \|$", row)
            self.assertIsNotNone(named, row)
            text = (HERE / named[1]).read_text()
            if named[2]:
                self.assertIn(f"def {named[2]}(", text, row)


class Rows(unittest.TestCase):
    def check_copies(self, shared, change, *copies):
        """Whatever a copy shows, it is the object's content at one moment: SIZE equal items."""
        def writer(k):
            for i in range(N):
                change(shared, k * N + i)

        def reader(copy):
            def work():
                for _ in range(N):
                    items = list(copy(shared))
                    self.assertIn(len(items), (0, SIZE))
                    self.assertLessEqual(len(set(items)), 1)
            return work
        race(lambda: writer(1), lambda: writer(2), *map(reader, copies))

    def test_list_copies_are_consistent(self):
        def change(shared, n):
            shared[:] = [n] * SIZE
        self.check_copies([0] * SIZE, change, list.copy, lambda l: l[:], tuple, lambda l: l + [], lambda l: l * 1)

    def test_dict_copies_are_consistent(self):
        # One writer: a key leaves, another one comes; at every moment there are SIZE or SIZE - 1.
        shared = dict.fromkeys(range(SIZE))

        def writer():
            for n in range(N):
                del shared[n]
                shared[n + SIZE] = None

        def reader(copy):
            def work():
                for _ in range(N):
                    keys = sorted(copy(shared))
                    self.assertIn(len(keys), (SIZE, SIZE - 1))
                    self.assertEqual(keys, list(range(keys[0], keys[0] + len(keys))))
            return work
        race(writer, *map(reader, (dict.copy, dict, list, lambda d: [k for k, _ in list(d.items())])))

    def test_set_copies_are_consistent(self):
        shared = set(range(SIZE))

        def writer():
            for n in range(N):
                shared.remove(n)
                shared.add(n + SIZE)

        def reader(copy):
            def work():
                for _ in range(N):
                    items = sorted(copy(shared))
                    self.assertIn(len(items), (SIZE, SIZE - 1))
                    self.assertEqual(items, list(range(items[0], items[0] + len(items))))
            return work
        race(writer, *map(reader, (set.copy, list, frozenset)))

    def test_set_membership(self):
        shared = {"always"}

        def writer(k):
            for n in range(N):
                shared.add((k, n))
                shared.discard((k, n))

        def reader():
            for _ in range(N):
                self.assertIn("always", shared)
                self.assertNotIn("never", shared)
        race(*numbered(writer, 2), *repeat(reader, 2))

    def test_deque_copies_are_consistent(self):
        shared = deque(range(SIZE))

        def writer():
            for n in range(N):
                shared.rotate(1)

        def reader(copy):
            def work():
                for _ in range(N):
                    items = list(copy(shared))
                    self.assertEqual(items, [(items[0] + i) % SIZE for i in range(SIZE)])
            return work
        race(writer, reader(deque.copy), reader(lambda d: d + deque()))

    def test_list_searches_step_by_step(self):
        # What stays where it is, is found; what was never there, is not.
        shared = ["always", *range(SIZE)]

        def writer(k):
            for n in range(N):
                shared.append(n)
                shared.pop()
                shared[SIZE - k] = n  # not from the end: that is elsewhere once another thread has popped

        def reader():
            for _ in range(N):
                self.assertIn("always", shared)
                self.assertEqual(shared.index("always"), 0)
                self.assertEqual(shared.count("always"), 1)
                self.assertNotIn("never", shared)
        race(*numbered(writer, 2), *repeat(reader, 2))

    def test_bytearray_methods_are_consistent(self):
        shared = bytearray(b"a" * SIZE)

        def writer(k):
            for n in range(N):
                shared[:] = bytes([97 + (k + n) % 26]) * SIZE

        def reader(method):
            def work():
                for _ in range(N):
                    data = method(shared)
                    self.assertEqual(len(data), SIZE)
                    self.assertEqual(len(set(data)), 1)
            return work
        race(*numbered(writer, 2), *map(reader, (bytes, bytearray.copy, bytearray.upper, lambda b: b[::-1], lambda b: b.ljust(5))))


if __name__ == "__main__":
    unittest.main()
