"""Slices, rows, joined tuples, sets and truth of attributes where the interpreter has paths of its own for them."""

import sys
import threading
import unittest
import weakref


class Thing:
    def __init__(self, name, at_death=None):
        self.name, self.at_death = name, at_death

    def __del__(self):
        if self.at_death:
            self.at_death(self)


class Sum:
    def __radd__(self, other): return other


BOUNDS = [None, 0, 1, 2, 3, 5, 100, -1, -2, -5, -100, 2**70, -2**70, True]


def expected(sequence, start, stop, step):
    picked = [sequence[i] for i in range(*slice(start, stop, step).indices(len(sequence)))]
    return type(sequence)(picked)


class Slices(unittest.TestCase):
    def sequences(self):
        for n in (0, 1, 2, 3, 4, 7, 60, 61, 62, 90):
            yield list(range(n))
            yield tuple(range(n))
        yield [1.5, "a", None, (1,), []]
        yield (1.5, "a", None, (1,), [])

    def test_all_forms(self):
        for s in self.sequences():
            self.assertEqual((s[:], s[::-1], s[::1], s[::None]), (s, expected(s, None, None, -1), s, s))
            for a in BOUNDS:
                self.assertEqual((s[a:], s[:a]), (expected(s, a, None, 1), expected(s, None, a, 1)))
                self.assertEqual((s[a::-1], s[:a:-1]), (expected(s, a, None, -1), expected(s, None, a, -1)))
                for b in BOUNDS:
                    self.assertEqual(s[a:b], expected(s, a, b, 1))
                    for c in (None, 1, -1, 2, -3):
                        self.assertEqual(s[a:b:c], expected(s, a, b, c))
                        kept = slice(a, b, c)
                        self.assertEqual(s[kept], expected(s, a, b, c))

    def test_new_and_same(self):
        l, t = [1, 2, 3], (1, 2, 3)
        self.assertIsNot(l[:], l)
        self.assertIs(t[:], t)
        self.assertIs(t[0:3], t)
        self.assertEqual(t[3:], ())
        self.assertEqual(type(l[3:]), list)
        copy = l[:]
        copy.append(4)
        copy += [5] * 50
        self.assertEqual((l, len(copy)), ([1, 2, 3], 54))
        for n in range(1, 10):
            part = list(range(20))[:n]
            part.append("end")
            self.assertEqual(part, list(range(n)) + ["end"])

    def test_temporary_containers(self):
        class Holder:
            pass
        h = Holder()
        h.items = [Thing(i) for i in range(5)]
        for _ in range(3):
            self.assertEqual([x.name for x in h.items[1:3]], [1, 2])
            self.assertEqual([x.name for x in h.items[::-1]], [4, 3, 2, 1, 0])
        make = lambda: [Thing(i) for i in range(4)]
        self.assertEqual([x.name for x in make()[2:]], [2, 3])
        self.assertEqual([x.name for x in tuple(make())[:-1]], [0, 1, 2])
        x = list(range(5))
        x = x[1:]
        x = x[::-1]
        self.assertEqual(x, [4, 3, 2, 1])

    def test_items_live_as_long_as_they_are_held(self):
        l = [Thing(i) for i in range(4)]
        refs = [weakref.ref(x) for x in l]
        part, row = l[1:3], tuple(l)[2:]
        del l
        self.assertEqual([r() is not None for r in refs], [False, True, True, True])
        del part
        self.assertIsNone(refs[1]())
        del row
        self.assertEqual([r() for r in refs], [None] * 4)

    def test_errors(self):
        for s in ([1, 2], (1, 2)):
            for bounds in (("a", None), (None, 1.5), ([], 2)):
                with self.assertRaises(TypeError) as caught:
                    s[bounds[0]:bounds[1]]
                self.assertEqual(str(caught.exception), "slice indices must be integers or None or have an __index__ method")
            with self.assertRaises(ValueError) as caught:
                s[::0]
            self.assertEqual(str(caught.exception), "slice step cannot be zero")

    def test_index_methods(self):
        class Index:
            def __index__(self):
                log.append("index")
                return 1
        log = []
        self.assertEqual(([1, 2, 3][Index():], (1, 2, 3)[:Index()]), ([2, 3], (1,)))
        self.assertEqual(log, ["index"] * 2)

    def test_what_methods_get(self):
        class Keys:
            def __getitem__(self, key): return key
            def __setitem__(self, key, value): got.append((key, value))
            def __delitem__(self, key): got.append(key)
        got, k = [], Keys()
        self.assertEqual([k[:], k[1:], k[:2], k[::3], k[1:2:3], k[None:None], k[1:2, ::4]],
                         [slice(None), slice(1, None), slice(2), slice(None, None, 3), slice(1, 2, 3), slice(None),
                          (slice(1, 2), slice(None, None, 4))])
        k[1:] = 5
        k[:] = 6
        del k[::2]
        k[2:] += Sum()
        self.assertEqual(got, [(slice(1, None), 5), (slice(None), 6), slice(None, None, 2), (slice(2, None), slice(2, None))])

    def test_assignment(self):
        for n in range(1, 8):
            for k in range(n):
                a = list(range(n))
                a[:k + 1] = a[k::-1]
                self.assertEqual(a, list(range(k, -1, -1)) + list(range(k + 1, n)))
        a = [1, 2, 3, 4]
        b = [5, 6]
        a[1:3] = b
        self.assertEqual((a, b), ([1, 5, 6, 4], [5, 6]))
        a[1:3] = a[:2]
        a[1:1] = a[2:]
        a[2:] = a[:1]
        a[-1:] = [7, 8][:1]
        self.assertEqual(a, [1, 5, 7])
        a[::-1] = a[:]
        self.assertEqual(a, [7, 5, 1])
        a[:] = a[:]
        a[0:2] = (x for x in "ab")
        self.assertEqual(a, ["a", "b", 1])
        with self.assertRaises(TypeError) as caught:
            a[:1] = 5
        self.assertIn(str(caught.exception), ("must assign iterable to extended slice", "can only assign an iterable"))
        with self.assertRaises(ValueError) as caught:
            a[::2] = a[:1]
        self.assertEqual(str(caught.exception), "attempt to assign sequence of size 1 to extended slice of size 2")

    def test_assignment_lets_old_items_die(self):
        dead = []
        a = [Thing(i, lambda thing: dead.append((thing.name, len(a)))) for i in range(4)]
        fresh = [9, 8]
        a[1:3] = fresh[:]
        self.assertEqual((sorted(dead), a[1:3]), ([(1, 4), (2, 4)], [9, 8]))
        a[0] = Thing("clears", lambda thing: a.clear())
        a[:2] = fresh[::-1]
        self.assertEqual(a, [])

    def test_lists_die_with_what_they_hold(self):
        dead = []
        for n in (0, 1, 3, 20):
            def fill():
                items = [Thing((n, i), lambda thing: dead.append(thing.name)) for i in range(n)]
                return [items[:], items[::-1]]
            fill()
            self.assertEqual(sorted(dead), [(n, i) for i in range(n)])
            dead.clear()
        shared = [object()]
        for _ in range(100):
            [shared, 1, "a"]
            [[shared[0]], [[]]][:1]
        self.assertLess(sys.getrefcount(shared[0]), 20)
        text = ["x" * 3 for _ in range(5)]
        self.assertEqual(["".join(["a", str(i)]) for i in range(3)] + text[:1], ["a0", "a1", "a2", "xxx"])


class Rows(unittest.TestCase):
    def test_kinds_of_rows(self):
        out = []
        for a, b in [(1, 2), [3, 4], "xy", {5: 0, 6: 0}, range(2), iter([7, 8])]:
            out.append((a, b))
        self.assertEqual(out, [(1, 2), (3, 4), ("x", "y"), (5, 6), (0, 1), (7, 8)])
        self.assertEqual([(a, b, c) for a, (b, c) in [(1, (2, 3)), [4, [5, 6]]]], [(1, 2, 3), (4, 5, 6)])
        self.assertEqual([c for (a,), *c in [((1,), 2, 3), ((1,),)]], [[2, 3], []])
        for () in [(), []]:
            pass

    def test_errors(self):
        for rows, message in (([(1, 2), (1,)], "not enough values to unpack (expected 2, got 1)"),
                              ([(1, 2), [1, 2, 3]], "too many values to unpack (expected 2, got 3)"),
                              ([(1, 2), 5], "cannot unpack non-iterable int object"),
                              ([(1, 2), ()], "not enough values to unpack (expected 2, got 0)")):
            seen = []
            with self.assertRaises((ValueError, TypeError)) as caught:
                for a, b in rows:
                    seen.append((a, b))
            self.assertEqual((str(caught.exception), seen), (message, [(1, 2)]))

    def test_changes_meanwhile(self):
        rows, out = [(1, 2), (3, 4), (5, 6)], []
        for a, b in rows:
            out.append(a + b)
            if a == 1: rows.append([7, 8])
            if a == 7: rows.clear()
        self.assertEqual(out, [3, 7, 11, 15])
        rows = [[i, i + 1] for i in range(4)]
        out = []
        for a, b in rows:
            rows[-1] = [a, b]
            out.append((a, b))
        self.assertEqual(out, [(0, 1), (1, 2), (2, 3), (2, 3)])

    def test_rows_die_while_they_are_unpacked(self):
        rows = [[Thing("a"), Thing("b")], [Thing("c"), Thing("d")], [Thing("e"), Thing("f")]]
        x = y = None
        names = []
        for x, y in rows:
            names.append(x.name + y.name)
            # What the next round replaces takes all rows with it.
            x = Thing("x", lambda thing: rows.clear())
        self.assertEqual(names, ["ab", "cd"])
        self.assertEqual((x.name, y.name, rows), ("x", "d", []))

    def test_targets_that_are_no_variables(self):
        class Holder:
            pass
        h, d = Holder(), {}
        for h.a, d["b"] in [(1, 2), (3, 4)]:
            pass
        self.assertEqual((h.a, d), (3, {"b": 4}))
        l = [0, 0]
        for l[0], l[1] in [(1, 2)]:
            pass
        self.assertEqual(l, [1, 2])

    def test_iterators_that_are_kept(self):
        rows = [(1, 2), (3, 4)]
        it = iter(rows)
        for a, b in it:
            break
        self.assertEqual((next(it), list(it)), ((3, 4), []))
        rows.append((5, 6))
        self.assertEqual(list(it), [])

    def test_enumerate(self):
        for items in ([], (), [4, 5], ("a", "b", "c")):
            self.assertEqual([(i, x) for i, x in enumerate(items)], list(zip(range(9), items)))
            e = enumerate(items, 7)
            for i, x in e:
                pass
            self.assertRaises(StopIteration, next, e)
        l = [1, 2]
        inner = iter(l)
        for i, x in enumerate(inner):
            pass
        l.append(3)
        self.assertEqual(list(inner), [])
        e = enumerate(l)
        for i, x in e:
            pass
        l.append(4)
        self.assertEqual(list(e), [])
        dead = []
        for i, x in enumerate([Thing(1, lambda thing: dead.append(1))]):
            del x
        self.assertEqual(dead, [1])

        class T(tuple):
            def __iter__(self): return iter("xy")
        self.assertEqual([p for i, p in enumerate(T((1, 2)))], ["x", "y"])

    def test_ranges(self):
        r = range(3)
        for _ in range(3):
            self.assertEqual([x for x in r], [0, 1, 2])
        big = range(2**70, 2**70 + 3)
        self.assertEqual([x - 2**70 for x in big], [0, 1, 2])
        self.assertEqual([x for x in range(5, -5, -4)], [5, 1, -3])
        self.assertEqual([x for x in range(2**62 - 2, 2**62 + 1)], [2**62 - 2, 2**62 - 1, 2**62])
        self.assertEqual([[x for x in range(n)] for n in (0, -1, 1)], [[], [], [0]])


class Joined(unittest.TestCase):
    def test_nothing(self):
        t, e = (1, [2]), ()
        self.assertIs(t + e, t)
        self.assertIs(e + t, t)
        self.assertEqual(e + e, ())
        for i in range(3):
            self.assertEqual(t[:i] + t[i + 1:], tuple(x for k, x in enumerate(t) if k != i))

        class T(tuple):
            pass
        self.assertEqual((type(T((1,)) + ()), type(() + T((1,)))), (tuple, tuple))
        x = (Thing(1),)
        ref = weakref.ref(x[0])
        x = x + ()
        x = () + x
        x += ()
        self.assertEqual(x[0].name, 1)
        del x
        self.assertIsNone(ref())

    def test_one_in_front_or_behind(self):
        for n in range(20):
            t = tuple(range(n))
            self.assertEqual(((n,) + t, t + (n,)), (tuple([n, *t]), tuple([*t, n])))
            self.assertEqual(((n, n) + t, t + (n, n)), (tuple([n, n, *t]), tuple([*t, n, n])))
            o = [n]
            made = (o,) + t
            self.assertIs(made[0], o)
            made = t + (Thing(n),)
            self.assertEqual(made[-1].name, n)
        with self.assertRaises(TypeError) as caught:
            (1,) + [2]
        self.assertEqual(str(caught.exception), 'can only concatenate tuple (not "list") to tuple')


class Sets(unittest.TestCase):
    def test_ints(self):
        m = 2**61 - 1
        numbers = [0, 1, -1, -2, -3, 7, -7, m, -m, m - 1, 1 - m, m + 1, -m - 1, 2**62 - 1, -2**62, 2**63, -2**63, 2**80, -2**80]
        s = {n for n in numbers}
        self.assertEqual(len(s), len(numbers))
        for n in numbers:
            self.assertEqual((n in s, float(n) in s if float(n) == n else True, n + 17 in s), (True, True, n + 17 in numbers))
            d = {n: "x"}
            d[n] = "y"
            self.assertEqual((d[n], len(d)), ("y", 1))
        for n in (-1, -2, -3, 5):
            self.assertTrue(n in {float(n)} and float(n) in {n} and {n: 1}[float(n)] and complex(n) in {n})
        self.assertEqual(len({x for x in (True, 1, 1.0, 0, False, -0.0)}), 2)
        self.assertEqual(sorted({(i * 7) % 13 - 6 for i in range(40)}), list(range(-6, 7)))
        for n in range(40):
            self.assertEqual(sorted({x - 20 for x in range(n)}), [x - 20 for x in range(n)])

    def test_first_items(self):
        class Key:
            def __init__(self, n): self.n = n
            def __hash__(self): return self.n
            def __eq__(self, other): return self.n == other.n
        self.assertEqual(len({Key(i % 3) for i in range(9)}), 3)
        dead = []
        for _ in range(3):
            s = {Thing(i, lambda thing: dead.append(thing.name)) for i in range(9)}
            self.assertEqual(len(s), 9)
            del s
            self.assertEqual(sorted(dead), list(range(9)))
            dead.clear()
        with self.assertRaises(TypeError):
            {[x] for x in range(1)}
        for _ in range(3):
            e = {x for x in ()}
            e.add("a")
            e.discard("a")
            e.add(3)
            self.assertEqual(e, {3})


class Truth(unittest.TestCase):
    class Holder:
        def __init__(self, x): self.x = x
        def branch(self):
            if self.x: return 1
            return 0
        def negated(self):
            return "no" if not self.x else "yes"
        def loop(self):
            n = 0
            while self.x and n < 3: n += 1
            return n

    def test_values(self):
        class Plain: pass
        class Sized:
            def __init__(self, n): self.n = n
            def __len__(self): return self.n
        class Boolean(Sized):
            def __bool__(self): return self.n > 1
        values = [None, True, False, 0, 1, -1, 2**70, 0.0, -0.0, 1.5, "", "a", b"", b"a", [], [0], (), (0,), {}, {1: 2}, set(), {1},
                  frozenset(), range(0), range(1), Plain(), Plain, Sized(0), Sized(1), Boolean(1), Boolean(2), len, 0j, 1j, ...]
        for v in values * 2:
            h, b = self.Holder(v), bool(v)
            self.assertEqual((h.branch(), h.negated(), h.loop()), (int(b), "yes" if b else "no", 3 * b))

    def test_errors(self):
        class Bad:
            def __bool__(self): raise KeyError("bad")
        class Odd:
            def __bool__(self): return 1
        self.assertRaises(KeyError, self.Holder(Bad()).branch)
        with self.assertRaises(TypeError) as caught:
            self.Holder(Odd()).negated()
        self.assertEqual(str(caught.exception), "__bool__ should return bool, returned int")
        h = self.Holder(1)
        del h.x
        with self.assertRaises(AttributeError) as caught:
            h.branch()
        self.assertEqual(str(caught.exception), "'Holder' object has no attribute 'x'")

    def test_kinds_of_attributes(self):
        class Slotted:
            __slots__ = ("x",)
        class Property:
            x = property(lambda self: log.append("x") or [])
        class OnClass:
            x = (1,)
        log = []
        s = Slotted()
        s.x = ""
        for o, wanted in ((s, False), (Property(), False), (OnClass(), True), (self.Holder({}), False), (self.Holder(self), True)) * 3:
            self.assertEqual(True if o.x else False, wanted)
        self.assertEqual(len(log), 3)


class LoopConstants(unittest.TestCase):
    def test_items_changed_in_place(self):
        a, d, n = [0, 0.5, 0], {0: 1, None: 2}, 0
        for i in range(4):
            a[0] += i
            a[1] -= 0.25
            a[-1] += a[0] * 2
            d[0] *= 2
            d[None] += 1
            a[1] = a[1]
            n += 1
        self.assertEqual((a, d, n), ([6, -0.5, 20], {0: 16, None: 6}, 4))

    def test_exceptions_between(self):
        a, caught = [1, 2], []
        for v in (1, "x", 2, None):
            try:
                a[0] += v
                a[5] += v
            except (TypeError, IndexError) as e:
                caught.append(type(e).__name__)
        self.assertEqual((a, caught), ([4, 2], ["IndexError", "TypeError", "IndexError", "TypeError"]))

    def test_order_of_calls(self):
        log = []
        class Items:
            def __getitem__(self, k): log.append(("get", k)); return k
            def __setitem__(self, k, v): log.append(("set", k, v))
        x = Items()
        for i in range(2):
            x[3] += log.append("value") or i
        self.assertEqual(log, [("get", 3), "value", ("set", 3, 3), ("get", 3), "value", ("set", 3, 4)])

    def test_conditions_between(self):
        a = [0, 0]
        for i in range(6):
            a[1] += 1 if i % 2 else 10
            a[0] += (yes := i) and 1 or 100
        self.assertEqual(a, [105, 33])


def threaded(cls):
    """The same once a second thread has run: words of shared objects are not counted then."""
    class Threaded(cls):
        @classmethod
        def setUpClass(cls):
            thread = threading.Thread(target=lambda: None)
            thread.start()
            thread.join()
    Threaded.__name__ = Threaded.__qualname__ = "ZThreaded" + cls.__name__
    return Threaded


for one in (Slices, Rows, Joined, Sets, Truth, LoopConstants):
    globals()["ZThreaded" + one.__name__] = threaded(one)
del one

if __name__ == "__main__":
    unittest.main()
