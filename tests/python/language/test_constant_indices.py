"""Items at indices that are constants of a loop, parallel assignments, sorts of a few items by a key."""

import gc
import unittest


class Indices(unittest.TestCase):
    def test_lists_and_tuples(self):
        def run(rows):
            total = 0
            for row in rows:
                total += row[0] * row[1] - row[2]
                total += row[1]
            return total
        self.assertEqual(run([[1, 2, 3], (4, 5, 6)]), 1 * 2 - 3 + 2 + 4 * 5 - 6 + 5)
        self.assertEqual(run([[1.5, 2, 3]] * 2), 4.0)
        for bad in ([[1, 2]], [()]):
            with self.assertRaises(IndexError):
                run(bad)
        with self.assertRaisesRegex(TypeError, "'int' object is not subscriptable"):
            run([3])

    def test_other_containers(self):
        class Own:
            def __getitem__(self, key): return key * 2
        def run(values):
            out = []
            for v in values:
                out.append(v[0])
                out.append(v[1])
                out.append(v[-1] if not isinstance(v, dict) else v[2])
            return out
        self.assertEqual(run(["abc", b"abc", {0: "x", 1: "y", 2: "z"}, Own(), range(5), bytearray(b"xyz")]),
                         ["a", "b", "c", 97, 98, 99, "x", "y", "z", 0, 2, -2, 0, 1, 4, 120, 121, 122])

    def test_stores(self):
        def run(rows):
            for row in rows:
                row[0] = row[1]
                row[1] += 5
                row[2] = [row[0]]
                row[0] = None
        rows = [[1, 2, 3], {0: 1, 1: 2, 2: 3}, [object(), "x" and 4, [7]]]
        run(rows)
        self.assertEqual(rows, [[None, 7, [2]], {0: None, 1: 7, 2: [2]}, [None, 9, [4]]])
        with self.assertRaisesRegex(IndexError, "list index out of range"):
            run([[1]])
        with self.assertRaisesRegex(TypeError, "'tuple' object does not support item assignment"):
            run([(1, 2, 3)])
        with self.assertRaisesRegex(IndexError, "list assignment index out of range"):
            for row in [[1, 2]]:
                row[2] = row[1]

    def test_what_is_replaced_dies(self):
        log = []
        class Noted:
            def __del__(self): log.append(len(log))
        rows = [[Noted(), Noted()] for _ in range(3)]
        for row in rows:
            row[0] = 1
            row[1] = row[0]
        self.assertEqual(log, [0, 1, 2, 3, 4, 5])
        gc.collect()

    def test_several_loops(self):
        def run(a, b):
            for _ in range(2):
                a[0] += 1
                while a[1] < 3:
                    a[1] += 1
            for _ in range(2):
                b[1] += a[0]
                b[0] = 0
            return a, b
        self.assertEqual(run([0, 0], [7, 7]), ([2, 3], [0, 11]))

    def test_in_generators(self):
        def run(row):
            while row[0] < 3:
                row[0] += 1
                yield row[1]
                row[1] = row[0]
        self.assertEqual(list(run([0, 9])), [9, 1, 2])


class Parallel(unittest.TestCase):
    def test_order(self):
        def run(x, y, z):
            a, b, c = x + y, y + z, x * z
            a, b = b, a
            x, y = y, x + y
            x, x = 1, x + 1
            [p, q] = [a, b + c]
            return a, b, c, x, y, p, q
        self.assertEqual(run(1, 2, 3), (5, 3, 3, 3, 3, 5, 6))

    def test_errors_leave_the_variables(self):
        def run(n):
            a, b = 1, 2
            try:
                a, b = 5, 1 // n
            except ZeroDivisionError:
                pass
            try:
                b, a = 1 // n, 7
            except ZeroDivisionError:
                pass
            return a, b
        self.assertEqual(run(0), (1, 2))
        self.assertEqual(run(1), (7, 1))

    def test_values_that_read_the_last_target(self):
        def run(a, b):
            a, b = b, b + 1
            b, a = a + b, a
            c, b = b, (lambda: b)()
            return a, b, c
        self.assertEqual(run(1, 5), (5, 11, 11))

    def test_other_targets(self):
        class Space: pass
        s, items, i = Space(), [0, 0, 0], 0
        def run(i):
            items[i], i = 5, 2
            i, items[i] = 1, 6
            s.x, i = i, s
            return i
        self.assertIs(run(0), s)
        self.assertEqual((items, s.x), ([5, 6, 0], 1))

    def test_walrus_and_conditions(self):
        def run(n):
            a, b = n, (n := n + 1)
            c, d = (b if n > 2 else a), (n or a) and b
            return a, b, c, d, n
        self.assertEqual(run(1), (1, 2, 1, 2, 2))
        self.assertEqual(run(5), (5, 6, 6, 6, 6))

    def test_old_values_die(self):
        log = []
        class Noted:
            def __init__(self, name): self.name = name
            def __del__(self): log.append(self.name)
        def run():
            a, b = Noted("a"), Noted("b")
            a, b = 1, 2
            return list(log)
        self.assertEqual(sorted(run()), ["a", "b"])


class FewItems(unittest.TestCase):
    def test_orders(self):
        for n in range(12):
            values = [(i * 7 + 3) % 5 for i in range(n)]
            pairs = [(v, i) for i, v in enumerate(values)]
            def first(pair): return pair[0]
            forward = sorted(pairs, key=first)
            self.assertEqual(forward, sorted(pairs))
            backward = sorted(pairs, key=first, reverse=True)
            self.assertEqual(backward, sorted(pairs, key=lambda p: (-p[0], p[1])))
            own = list(pairs)
            own.sort(key=first)
            self.assertEqual(own, forward)
            self.assertEqual(sorted(values, key=str), sorted(values))
            self.assertEqual(sorted(values, key=lambda v: [v]), sorted(values))

    def test_the_list_is_empty_meanwhile(self):
        seen = []
        values = [3, 1, 2]
        values.sort(key=lambda v: (seen.append(list(values)), v)[1])
        self.assertEqual((values, seen), ([1, 2, 3], [[], [], []]))

    def test_changed_meanwhile(self):
        values = [3, 1, 2]
        def key(v):
            values.append(v)
            return v
        with self.assertRaisesRegex(ValueError, "list modified during sort"):
            values.sort(key=key)
        self.assertEqual(values, [1, 2, 3])

    def test_errors(self):
        values = [3, 1, 2]
        def key(v): return 1 // (v - 1)
        with self.assertRaises(ZeroDivisionError):
            values.sort(key=key)
        self.assertEqual(values, [3, 1, 2])
        class Odd:
            def __init__(self, v): self.v = v
            def __lt__(self, other):
                if self.v == 2: raise LookupError("odd")
                return self.v < other.v
        with self.assertRaisesRegex(LookupError, "odd"):
            values.sort(key=Odd)
        self.assertEqual(sorted(values), [1, 2, 3])

    def test_keys_die(self):
        log = []
        class Key:
            def __init__(self, v): self.v = v
            def __lt__(self, other): return self.v < other.v
            def __del__(self): log.append(self.v)
        self.assertEqual(sorted([2, 1, 3], key=Key), [1, 2, 3])
        self.assertEqual(sorted(log), [1, 2, 3])

    def test_generators_begin(self):
        def source(n):
            for i in range(n):
                yield i
        made = source(3)
        self.assertEqual((next(made), max(made), next(made, "end")), (0, 2, "end"))
        self.assertEqual(next(source(0), None), None)
        self.assertEqual(sum(source(4)), 6)


if __name__ == "__main__":
    unittest.main()
