"""How calls end: statements that want no result, operators of classes, constructors, and who sees the frames."""

import gc
import sys
import unittest
import weakref


class Die:
    """Notes when it dies."""

    def __init__(self, log, name="dead"):
        self.log, self.name = log, name

    def __del__(self):
        self.log.append(self.name)


class Statements(unittest.TestCase):
    def test_results_that_nobody_wants(self):
        log = []

        class Maker:
            def none(self): pass
            def number(self): return 3
            def text(self): return "x" * 3
            def fresh(self): return Die(log)
            def same(self): return self

        def run(maker):
            maker.none()
            maker.number()
            maker.text()
            maker.fresh()
            log.append("after")
            maker.same()
            return maker.none(), maker.number()

        for _ in range(5):
            log.clear()
            self.assertEqual(run(Maker()), (None, 3))
            self.assertEqual(log, ["dead", "after"])

    def test_functions_and_arguments(self):
        def nothing(*args, **keywords): pass
        def plain(a, b=2): return None
        def run():
            plain(1)
            plain(1, 2)
            nothing(1, x=2)
            plain(*[1, 2])
            return [plain(1), nothing()]
        for _ in range(5):
            self.assertEqual(run(), [None, None])

    def test_in_loops_and_generators(self):
        class Counter:
            n = 0
            def up(self): self.n += 1
            def raises(self): raise KeyError(self.n)
        def loop(counter, n):
            for _ in range(n):
                counter.up()
        def generate(counter):
            while True:
                counter.up()
                yield counter.n
        counter = Counter()
        loop(counter, 10)
        self.assertEqual(counter.n, 10)
        made = generate(counter)
        self.assertEqual([next(made) for _ in range(3)], [11, 12, 13])
        def failing():
            counter.up()
            counter.raises()
        with self.assertRaises(KeyError):
            failing()

    def test_frames_that_are_seen(self):
        seen = []
        class Looker:
            def look(self, keep):
                value = 5
                frame = sys._getframe()
                if keep:
                    seen.append(frame)
                del frame
        def run(looker):
            looker.look(False)
            looker.look(True)
            return len(seen)
        for k in range(1, 4):
            self.assertEqual(run(Looker()), k)
        for frame in seen:
            self.assertEqual(frame.f_locals["value"], 5)
            self.assertEqual(frame.f_code.co_name, "look")

    def test_traced(self):
        events = []
        class Thing:
            def act(self): pass
        def run(thing):
            thing.act()
            thing.act()
            return 1
        def trace(frame, event, arg):
            if frame.f_code in (run.__code__, Thing.act.__code__):
                events.append((frame.f_code.co_name, event, arg))
            return trace
        run(Thing())
        sys.settrace(trace)
        try:
            run(Thing())
        finally:
            sys.settrace(None)
        act = [("act", "call", None), ("act", "line", None), ("act", "return", None)]
        line = [("run", "line", None)]
        self.assertEqual(events, [("run", "call", None), *line, *act, *line, *act, *line, ("run", "return", 1)])


class Operators(unittest.TestCase):
    def test_results(self):
        class Number:
            def __init__(self, n): self.n = n
            def __add__(self, other):
                if isinstance(other, Number): return Number(self.n + other.n)
                if isinstance(other, int): return Number(self.n + other)
                return NotImplemented
            def __radd__(self, other): return Number(other - self.n)
            def __sub__(self, other): return self
            def __mul__(self, other): return other
            def __truediv__(self, other): return None
            def __floordiv__(self, other): return 7
            def __mod__(self, other): raise LookupError(other)
            def __matmul__(self, other): return [self, other]

        def run(a, b):
            c = a + b + 1 + a
            d = (a - b) - (b * a)
            return c.n, d is a, (a * b) is b, a / b, a // b + a // b, (a @ b)[0] is a, (1.5 + b).n

        for _ in range(5):
            self.assertEqual(run(Number(1), Number(10)), (13, True, True, None, 14, True, -8.5))
        with self.assertRaises(LookupError):
            Number(1) % Number(2)
        with self.assertRaisesRegex(TypeError, r"unsupported operand type\(s\) for \+: 'Number' and 'str'"):
            Number(1) + "x"

    def test_subclass_goes_first(self):
        class Base:
            def __add__(self, other): return "base"
        class Derived(Base):
            def __radd__(self, other): return "derived"
        class Other(Base):
            pass
        def run(a, b): return a + b
        for _ in range(4):
            self.assertEqual(run(Base(), Derived()), "derived")
            self.assertEqual(run(Base(), Other()), "base")
            self.assertEqual(run(Derived(), Base()), "base")

    def test_operands_die(self):
        log = []
        class Noted(Die):
            def __add__(self, other): return Noted(self.log, self.name + other.name)
            def __sub__(self, other): return 5
        def run():
            x = Noted(log, "a") + Noted(log, "b") + Noted(log, "c")
            log.append("-")
            y = x - x
            log.append("-")
            z = Noted(log, "d") - Noted(log, "e")
            return y, z
        for _ in range(3):
            log.clear()
            self.assertEqual(run(), (5, 5))
            # The order in which two operands of one operator die is nobody's business.
            self.assertEqual(sorted(log[:4]), ["a", "ab", "b", "c"])
            self.assertEqual(log[4:6], ["-", "-"])
            self.assertEqual(sorted(log[6:8]), ["d", "e"])
            self.assertEqual(log[8:], ["abc"])

    def test_method_changes_and_dies(self):
        class Changing:
            def __add__(self, other):
                del Changing.__add__
                gc.collect()
                return other
        def run(a, b): return a + b
        self.assertEqual(run(Changing(), 3), 3)
        with self.assertRaises(TypeError):
            run(Changing(), 3)
        Changing.__add__ = lambda self, other: 8
        self.assertEqual(run(Changing(), 3), 8)
        Changing.__add__ = lambda self, other, third=0: third
        self.assertEqual(run(Changing(), 3), 0)

    def test_operands_are_rebound_meanwhile(self):
        log = []
        class Noted(Die):
            def __add__(self, other):
                frame = sys._getframe(1)
                frame.f_locals["a"] = None
                frame.f_locals["b"] = None
                gc.collect()
                return (self.name, other.name)
        def run():
            a, b = Noted(log, "a"), Noted(log, "b")
            return a + b, a, b
        for _ in range(3):
            self.assertEqual(run(), (("a", "b"), None, None))

    def test_operators_keep_operands(self):
        kept = []
        class Keeper:
            def __add__(self, other):
                kept.append((self, other))
                def inner(): return self, other
                return inner
        def run(): return Keeper() + Keeper()
        inner = run()
        gc.collect()
        self.assertEqual(inner(), kept[0])
        self.assertIsInstance(kept[0][0], Keeper)

    def test_in_place_and_generators(self):
        class Vector:
            def __init__(self, x): self.x = x
            def __iadd__(self, other):
                self.x += other.x
                return self
            def __add__(self, other): return Vector(self.x + other.x)
        def generate(a, b):
            a += b
            yield a.x
            c = a + b
            yield c.x
            c += a
            yield c.x
        for _ in range(3):
            self.assertEqual(list(generate(Vector(1), Vector(2))), [3, 5, 8])


class Constructors(unittest.TestCase):
    def test_self_is_kept_or_not(self):
        kept = []
        class Kept:
            def __init__(self, keep):
                if keep: kept.append(self)
                self.me = weakref.ref(self)
        def make(keep): return Kept(keep)
        for keep in (True, False, True):
            made = make(keep)
            self.assertIs(made.me(), made)
            if keep: self.assertIs(kept[-1], made)
            me = made.me
            del made
            self.assertEqual(me() is not None, keep)

    def test_rebinding_self(self):
        class Rebinds:
            def __init__(self, x):
                self.x = x
                self = None
                gc.collect()
        class Captures:
            def __init__(self):
                self.get = lambda: self
        class Deletes:
            def __init__(self):
                self.y = 1
                del self
        for _ in range(3):
            self.assertEqual(Rebinds(4).x, 4)
            made = Captures()
            self.assertIs(made.get(), made)
            self.assertEqual(Deletes().y, 1)

    def test_results_of_init(self):
        class Returns:
            def __init__(self, x): return x
        self.assertIsInstance(Returns(None), Returns)
        with self.assertRaisesRegex(TypeError, r"__init__\(\) should return None, not 'int'"):
            Returns(1)
        class Raises:
            def __init__(self, log):
                self.dies = Die(log)
                raise KeyError(1)
        log = []
        for _ in range(3):
            with self.assertRaises(KeyError):
                Raises(log)
        gc.collect()
        self.assertEqual(log, ["dead"] * 3)
        class Yields:
            def __init__(self): yield
        with self.assertRaisesRegex(TypeError, r"__init__\(\) should return None, not 'generator'"):
            Yields()

    def test_arguments_die(self):
        log = []
        class Takes:
            def __init__(self, a, b): self.a = a
        def run():
            made = Takes(Die(log, "kept"), Die(log, "dropped"))
            log.append("made")
            return made
        made = run()
        self.assertEqual(log, ["dropped", "made"])
        del made
        self.assertEqual(log, ["dropped", "made", "kept"])

    def test_sizes_and_signatures(self):
        class Wide:
            def __init__(self, *numbers, **named):
                for i, n in enumerate(numbers): setattr(self, f"a{i}", n)
                self.__dict__.update(named)
        class Plain: pass
        class Slots:
            __slots__ = ("a", "b")
            def __init__(self, a, b=3): self.a, self.b = a, b
        for n in range(40):
            made = Wide(*range(n), z=1)
            self.assertEqual([getattr(made, f"a{i}") for i in range(n)], list(range(n)))
            self.assertEqual(made.z, 1)
            self.assertEqual((Slots(n).a, Slots(n).b, Slots(1, b=n).b), (n, 3, n))
            self.assertEqual(Plain().__dict__, {})
        made = Slots(1)
        del made.b
        with self.assertRaises(AttributeError):
            made.b


class Quantifiers(unittest.TestCase):
    def test_results(self):
        def both(values, limit): return all(v < limit for v in values), any(v == limit for v in values)
        self.assertEqual(both([1, 2, 3], 4), (True, False))
        self.assertEqual(both([1, 2, 3], 2), (False, True))
        self.assertEqual(both([], 2), (True, False))
        self.assertIs(all(v for v in ["x", [0]]), True)
        self.assertIs(any(v for v in ["", []]), False)

    def test_stops_early(self):
        log = []
        def source():
            try:
                yield 0
                yield 1
                yield 2
            finally:
                log.append("closed")
        found = any(v for v in source())
        log.append("after")
        self.assertEqual((found, log), (True, ["closed", "after"]))

    def test_other_functions_of_that_name(self):
        def call(all): return all(v for v in (2, 3))
        self.assertEqual(call(list), [2, 3])
        self.assertEqual(call(sum), 5)
        any = lambda values: ("mine", *values)
        self.assertEqual(any(v for v in (1, 2)), ("mine", 1, 2))
        with self.assertRaisesRegex(TypeError, "'int' object is not callable"):
            call(3)

    def test_errors(self):
        with self.assertRaises(ZeroDivisionError):
            all(1 / v for v in [1, 0])
        with self.assertRaisesRegex(TypeError, "'int' object is not iterable"):
            any(v for v in 3)
        class Odd:
            def __bool__(self): raise LookupError("odd")
        with self.assertRaisesRegex(LookupError, "odd"):
            any(Odd() for _ in range(2))
        def stops(): raise StopIteration
        with self.assertRaisesRegex(RuntimeError, "generator raised StopIteration"):
            all(stops() for _ in range(2))

    def test_asynchronous(self):
        async def source():
            yield 1
        async def run():
            with self.assertRaisesRegex(TypeError, "'async_generator' object is not iterable"):
                all(v async for v in source())
            return all([v async for v in source()])
        with self.assertRaises(StopIteration) as caught:
            run().send(None)
        self.assertIs(caught.exception.value, True)

    def test_nested(self):
        def primes(n): return [i for i in range(2, n) if all(i % d for d in range(2, i))]
        self.assertEqual(primes(20), [2, 3, 5, 7, 11, 13, 17, 19])
        rows = [[1, 0], [1, 1]]
        self.assertTrue(any(all(v for v in row) for row in rows))
        self.assertFalse(all(any(v > 1 for v in row) for row in rows))

    def test_in_expressions(self):
        def pick(values):
            x = 0 if not any(values) else 1 if all(v for v in values) else 2
            return x + any(v == 2 for v in values)
        self.assertEqual([pick([0]), pick([1]), pick([0, 2]), pick([1, 2])], [0, 1, 3, 2])
        def yielding(values):
            yield any(v for v in values)
            yield (yield all(v for v in values))
        self.assertEqual(list(yielding([0, 1])), [True, False, None])


if __name__ == "__main__":
    unittest.main()
