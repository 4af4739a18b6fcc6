"""Arguments that are variables of the caller: what they refer to lives as long as the callee can see it."""
import asyncio
import gc
import sys
import unittest
import weakref


class Thing:
    def __init__(self, name="thing"):
        self.name = name

    def me(self):
        return self

    def name_twice(self):
        sys._getframe(1).f_locals["x"] = None
        gc.collect()
        return self.name * 2

    def __iter__(self):
        yield self
        yield self.name


def same(x):
    return x


def forget_in_caller(x):
    sys._getframe(1).f_locals["x"] = None
    gc.collect()
    return x.name


def forget_two_frames_up(x):
    def inner(y):
        sys._getframe(2).f_locals["x"] = Thing("other")
        gc.collect()
        return y.name
    return inner(x)


def rebind(x):
    x = [x]
    return x


def delete(x):
    name = x.name
    del x
    gc.collect()
    return name


def store(x, into):
    into.append(x)
    into.append((x, {"k": x}))


def closure(x):
    return lambda: x


def generate(x):
    yield x
    yield x.name


def fail(x):
    raise ValueError(x)


def append_text(s):
    s += "-tail"
    return s


async def coroutine(x):
    await asyncio.sleep(0)
    return x


def rest(*args, **named):
    return args, named


def default(x, y=None, *, z=None):
    return x if y is None else y


class BorrowedArgumentsTest(unittest.TestCase):
    def test_returned(self):
        def f():
            x = Thing()
            y = same(x)
            ref = weakref.ref(x)
            del x
            gc.collect()
            return y, ref
        y, ref = f()
        self.assertIs(ref(), y)
        del y
        gc.collect()
        self.assertIsNone(ref())

    def test_self_returned(self):
        def f():
            x = Thing("a")
            y = x.me()
            x = None
            gc.collect()
            return y.name
        self.assertEqual([f() for _ in range(3)], ["a"] * 3)

    def test_variable_replaced_meanwhile(self):
        def f():
            x = Thing("first")
            return forget_in_caller(x), x
        for _ in range(3):
            self.assertEqual(f(), ("first", None))

        def g():
            x = Thing("second")
            return forget_two_frames_up(x), x.name
        for _ in range(3):
            self.assertEqual(g(), ("second", "other"))

        def h():
            x = Thing("third")
            return x.name_twice(), x
        for _ in range(3):
            self.assertEqual(h(), ("thirdthird", None))

    def test_replaced_value_dies_with_the_frame(self):
        died = []

        class Dying(Thing):
            def __del__(self):
                died.append(self.name)

        def f():
            x = Dying("d")
            return forget_in_caller(x)
        self.assertEqual(f(), "d")
        gc.collect()
        self.assertEqual(died, ["d"])

    def test_assigned_in_a_later_argument(self):
        def f():
            x = Thing("old")
            return rest(x, (x := Thing("new")), x)
        for _ in range(3):
            args, _named = f()
            self.assertEqual([a.name for a in args], ["old", "new", "new"])

        def g(n):
            x = Thing("kept")
            return default(x, [x for x in range(n)] and (x := None) or 5), x
        self.assertEqual(g(2), (5, None))

        def h(flag):
            x = Thing("h")
            return default(x, (x := 1) if flag else None)
        self.assertEqual(h(True), 1)
        self.assertEqual(h(False).name, "h")

    def test_rebound_and_deleted_in_the_callee(self):
        def f():
            x = Thing("r")
            return rebind(x)[0] is x, delete(x), x.name
        for _ in range(3):
            self.assertEqual(f(), (True, "r", "r"))

    def test_stored(self):
        def f(into):
            x = Thing("s")
            store(x, into)
            return weakref.ref(x)
        into = []
        ref = f(into)
        gc.collect()
        self.assertIs(into[0], ref())
        self.assertIs(into[1][1]["k"], ref())
        into.clear()
        gc.collect()
        self.assertIsNone(ref())

    def test_closures_generators_coroutines(self):
        def f():
            x = Thing("c")
            made = closure(x), generate(x), coroutine(x), iter(x)
            x = None
            gc.collect()
            return made
        for _ in range(3):
            function, generator, awaitable, iterator = f()
            self.assertEqual(function().name, "c")
            self.assertEqual(next(generator).name, "c")
            self.assertEqual(next(generator), "c")
            self.assertEqual(asyncio.run(awaitable).name, "c")
            self.assertEqual(next(iterator).name, "c")

    def test_from_generators(self):
        def numbers():
            x = Thing("g")
            got = same(x)
            sent = yield got
            y = rest(x, sent)[0][0]
            x = None
            gc.collect()
            yield y.name
            inner = generate(y)
            del y
            yield from inner
        g = numbers()
        self.assertEqual(next(g).name, "g")
        self.assertEqual(g.send(3), "g")
        self.assertEqual([getattr(v, "name", v) for v in g], ["g", "g"])

        def yields_between():
            x = Thing("y")
            return rest(x, (yield), x)
        for _ in range(3):
            g = yields_between()
            next(g)
            gc.collect()
            with self.assertRaises(StopIteration) as caught:
                g.send(1)
            (first, second, third), _named = caught.exception.value
            self.assertIs(first, third)
            self.assertEqual((first.name, second), ("y", 1))

    def test_traceback_keeps_it(self):
        def f():
            x = Thing("t")
            fail(x)
        try:
            f()
        except ValueError as error:
            kept = error
        gc.collect()
        frame = kept.__traceback__.tb_next.tb_next.tb_frame
        self.assertEqual(frame.f_locals["x"].name, "t")
        self.assertIs(frame.f_locals["x"], kept.args[0])

    def test_texts_stay_as_they_are(self):
        def f(part):
            s = "".join([part, "-", part])
            longer = append_text(s)
            return s, longer
        for _ in range(3):
            self.assertEqual(f("ab"), ("ab-ab", "ab-ab-tail"))

        def g(part):
            s = part + "x" * 40
            longer = s + append_text(s)
            return s, longer
        self.assertEqual(g("q"), ("q" + "x" * 40, "q" + "x" * 40 + "q" + "x" * 40 + "-tail"))

    def test_slices_of_arguments(self):
        def shorten(items):
            items[:] = items[1:]
            return items

        def f():
            x = [1, 2, 3]
            return shorten(x), x
        self.assertEqual(f(), ([2, 3], [2, 3]))

    def test_containers(self):
        def f():
            x = Thing("l")
            items, seen, table = [], set(), {}
            items.append(x)
            seen.add(x)
            table.setdefault(x, x)
            items.insert(0, x)
            first = max(x, x, key=lambda v: v.name)
            x = None
            gc.collect()
            return [v.name for v in items], [v.name for v in seen], [v.name for v in table.values()], first.name
        for _ in range(3):
            self.assertEqual(f(), (["l", "l"], ["l"], ["l"], "l"))

    def test_classes(self):
        class Pair:
            def __init__(self, a, b=None):
                self.a, self.b = a, b

        class Made(Thing):
            def __new__(cls, x):
                made = super().__new__(cls)
                made.x = x
                return made

            def __init__(self, x):
                super().__init__(x.name)

        def f():
            x = Thing("k")
            pair, made = Pair(x, x), Made(x)
            x = None
            gc.collect()
            return pair.a.name, pair.b.name, made.x.name, made.name
        for _ in range(3):
            self.assertEqual(f(), ("k",) * 4)

    def test_recursion(self):
        def down(x, n):
            return x if n == 0 else down(x, n - 1)

        def f():
            x = Thing("deep")
            y = down(x, 50)
            del x
            gc.collect()
            return y.name
        self.assertEqual([f(), f()], ["deep"] * 2)


if __name__ == "__main__":
    unittest.main()
