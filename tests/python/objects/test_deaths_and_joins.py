"""Slices joined with + and the death of what they hold; instances, tuples and dicts that die with the last reference to something."""

import gc
import unittest
import weakref


class Thing:
    pass


class Holder:
    def __init__(self, a, b, c):
        self.a = a
        self.b = b
        self.c = c


class Logged:
    def __init__(self, log, name):
        self.log = log
        self.name = name

    def __del__(self):
        self.log.append(self.name)


def without(items, i):
    return items[:i] + items[i + 1:]


def rotated(items, i):
    return items[i:] + items[:i]


def before(item, items):
    return (item,) + items


def behind(items, a, b):
    return items + (a, b)


class TestSlicesAndJoins(unittest.TestCase):
    def test_without(self):
        for kind in (tuple, list, str):
            for n in (0, 1, 2, 7, 30, 70):
                items = "".join(map(chr, range(65, 65 + n))) if kind is str else kind(range(n))
                for i in range(n):
                    expected = [x for j, x in enumerate(items) if j != i]
                    self.assertEqual(list(without(items, i)), expected)
                    self.assertEqual(len(rotated(items, i)), n)
                    self.assertEqual(rotated(items, i)[0], items[i])
                    self.assertEqual(rotated(items, -1)[:1], items[-1:])

    def test_bounds(self):
        items = tuple(range(5))
        bounds = [None, 0, 1, 4, 5, 6, -1, -4, -5, -6, 10**30, -10**30, True, 2**62, -2**62]
        for a in bounds:
            for b in bounds:
                expected = tuple(items[i] for i in range(*slice(a, b).indices(5)))
                self.assertEqual(items[a:b], expected)
                self.assertEqual(list(items)[a:b], list(expected))
                self.assertEqual("01234"[a:b], "".join(map(str, expected)))
                for step in (1, 2, -1, -3, None):
                    expected = tuple(items[i] for i in range(*slice(a, b, step).indices(5)))
                    self.assertEqual(items[a:b:step], expected)
                    self.assertEqual("01234"[a:b:step], "".join(map(str, expected)))

    def test_whole_slices(self):
        t, l = (1, 2, 3), [1, 2, 3]
        self.assertIs(t[:], t)
        self.assertIs(t[0:3], t)
        self.assertIsNot(l[:], l)
        self.assertEqual(t[:][1:] + t[:0], (2, 3))

    def test_messages(self):
        nothing = None
        for wrong, message in ((lambda: (1, 2)[:"a"] + (1,), "slice indices must be integers or None or have an __index__ method"),
                               (lambda: (1, 2)[1:] + [1], 'can only concatenate tuple (not "list") to tuple'),
                               (lambda: [1, 2][1:] + (1,), 'can only concatenate list (not "tuple") to list'),
                               (lambda: (1,) + [1], 'can only concatenate tuple (not "list") to tuple'),
                               (lambda: nothing[1:] + (1,), "'NoneType' object is not subscriptable")):
            with self.assertRaises(TypeError) as caught:
                wrong()
            self.assertEqual(str(caught.exception), message)
        with self.assertRaises(ValueError):
            (1, 2)[::0] + (1,)

    def test_joined(self):
        class Sub(tuple):
            def __radd__(self, other):
                return "radd", other, tuple(self)

        for n in (0, 1, 2, 5, 11, 12, 13, 14, 15, 40):
            t = tuple(range(n))
            self.assertEqual(before("x", t), ("x", *range(n)))
            self.assertEqual(behind(t, "x", "y"), (*range(n), "x", "y"))
            self.assertEqual(behind(before(None, t), 1.5, ()), (None, *range(n), 1.5, ()))
        self.assertEqual(before(1, Sub((2, 3))), ("radd", (1,), (2, 3)))
        t = (Thing(), [])
        t = before(t, t)
        self.assertIs(t[0][0], t[1])

    def test_joined_tuples_hold(self):
        first, second = Thing(), Thing()
        dead = weakref.ref(first), weakref.ref(second)
        pair = (second, 1)
        joined = before(first, pair)
        longer = behind(joined, first, second)
        del first, second, pair
        gc.collect()
        self.assertIs(dead[0](), joined[0])
        del joined
        self.assertIs(dead[1](), longer[1])
        del longer
        gc.collect()
        self.assertEqual([r() for r in dead], [None, None])

    def test_joined_cycle(self):
        items = []
        items.append(before(items, (Thing(),)))
        dead = weakref.ref(items[0][1])
        del items
        gc.collect()
        self.assertIsNone(dead())

    def test_slices_hold(self):
        for kind in (tuple, list):
            things = kind(Thing() for _ in range(6))
            dead = [weakref.ref(x) for x in things]
            part = without(things[1:5], 1)
            del things
            gc.collect()
            self.assertEqual([r() is not None for r in dead], [False, True, False, True, True, False])
            del part
            gc.collect()
            self.assertEqual([r() for r in dead], [None] * 6)


class TestDeaths(unittest.TestCase):
    def test_attributes(self):
        log = []
        kept = Logged(log, "kept")
        for order in ((kept, 1, Logged(log, "c")), (Logged(log, "a"), kept, None), (kept, Logged(log, "b"), kept)):
            h = Holder(*order)
            del order
            del h
        gc.collect()
        self.assertEqual(sorted(log), ["a", "b", "c"])
        del kept
        gc.collect()
        self.assertEqual(log[3:], ["kept"])

    def test_all_attributes_survive(self):
        log = []
        a, b = Logged(log, "a"), "text"
        for _ in range(1000):
            Holder(a, b, (a, b))
        self.assertEqual(log, [])

    def test_added_attributes(self):
        log = []
        for n in range(0, 70, 3):
            h = Holder(1, Logged(log, n), 2)
            for i in range(n):
                setattr(h, "x%d" % i, Logged(log, (n, i)))
            del h
            gc.collect()
            self.assertEqual(sorted(log, key=str), sorted([n, *((n, i) for i in range(n))], key=str))
            log.clear()

    def test_deep(self):
        for make in (lambda x: Holder(1, x, 2), lambda x: (x, 1), lambda x: [x], lambda x: {"k": x}):
            log = []
            x = Logged(log, "end")
            for _ in range(20000):
                x = make(x)
            del x
            gc.collect()
            self.assertEqual(log, ["end"])

    def test_revived(self):
        saved = []

        class Back:
            def __del__(self):
                saved.append(self)

        h = Holder(1, Back(), 3)
        h.b.x = "x"
        del h
        gc.collect()
        self.assertEqual(saved[0].x, "x")

    def test_finaliser_added_later(self):
        log = []

        class Late:
            pass

        late = Late()
        late.x = 1
        Late.__del__ = lambda self: log.append(self.x)
        del late
        gc.collect()
        self.assertEqual(log, [1])

    def test_attribute_dicts(self):
        log = []
        for i in range(5):
            h = Holder(Logged(log, i), [i], i)
            d = vars(h)
            self.assertEqual(list(d), ["a", "b", "c"])
            self.assertEqual((d["b"], d["c"], h.b, h.c), ([i], i, [i], i))
            self.assertIs(d["a"], h.a)
            h.d = i
            self.assertEqual(d["d"], i)
            d["c"] = "changed"
            self.assertEqual(h.c, "changed")
            del h
            gc.collect()
            self.assertEqual(log, list(range(i)))
            del d
            gc.collect()
            self.assertEqual(log, list(range(i + 1)))

    def test_dicts(self):
        log = []
        for n in (1, 2, 3, 4, 5, 6, 10, 11, 21, 22, 43, 100, 300):
            d = {}
            for i in range(n):
                d[i if i % 2 else str(i)] = Logged(log, i)
            for i in range(0, n, 3):
                del d[i if i % 2 else str(i)]
            gc.collect()
            self.assertEqual(log, list(range(0, n, 3)))
            e = d.copy()
            d.clear()
            self.assertEqual(len(log), len(range(0, n, 3)))
            e["more"] = None
            self.assertEqual(list(e), [*(i if i % 2 else str(i) for i in range(n) if i % 3), "more"])
            del e
            gc.collect()
            self.assertEqual(sorted(log), list(range(n)))
            log.clear()


if __name__ == "__main__":
    unittest.main()
