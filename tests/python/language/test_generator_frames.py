"""Generators as frames: made by a call, called from, suspended with what they hold, resumed, ended."""

import gc
import inspect
import math
import os
import sys
import types
import unittest
import warnings
import weakref


class Dies:
    def __init__(self, log, name):
        self.log, self.name = log, name

    def __del__(self):
        self.log.append(self.name)


class Making(unittest.TestCase):
    def test_names(self):
        def plain():
            yield

        def annotated(a: int = 1) -> int:
            yield a

        def renamed():
            yield
        renamed.__name__, renamed.__qualname__ = "other", "very.other"
        shown = [(g.__name__, g.__qualname__.rpartition(".")[2]) for g in (plain(), annotated(), renamed())]
        self.assertEqual(shown, [("plain", "plain"), ("annotated", "annotated"), ("other", "other")])

        def within():
            made = [plain(), annotated(2), renamed()]
            yield [(g.__name__, g.__qualname__.rpartition(".")[2]) for g in made]
            made[0].__name__ = "set"
            yield made[0].__name__, plain().__name__
        g = within()
        self.assertEqual(next(g), shown)
        self.assertEqual(next(g), ("set", "plain"))
        renamed.__name__ = "later"
        self.assertEqual(renamed().__name__, "later")
        renamed.__code__ = plain.__code__
        self.assertEqual(renamed().__name__, "later")

    def test_many_arguments_and_registers(self):
        names = [f"a{i}" for i in range(40)]
        space = {}
        exec(f"def f({', '.join(names)}):\n  yield ({', '.join(names)})\n"
             f"def g(n):\n  x = f({', '.join(str(i) for i in range(40))})\n  yield from x\n  yield n\n", space)
        self.assertEqual(list(space["g"](7)), [tuple(range(40)), 7])

    def test_wrong_arguments_within_a_generator(self):
        def one(a):
            yield a

        def plain(a, b=5):
            return a, b

        class C:
            def method(self, a):
                return a

            @staticmethod
            def static(a, b=2):
                return a, b

            def items(self, n):
                yield from range(n)

        def g():
            c = C()
            for call in (lambda: one(), lambda: one(1, 2), lambda: plain(), lambda: plain(1, 2, 3)):
                try:
                    call()
                except TypeError as error:
                    yield str(error).rpartition(".")[2]
            for attempt in range(4):
                try:
                    if attempt == 0:
                        one()
                    elif attempt == 1:
                        plain(1, 2, 3)
                    elif attempt == 2:
                        c.method()
                    else:
                        C.static()
                except TypeError as error:
                    yield str(error).rpartition(".")[2]
            yield plain(1), plain(1, 2), plain(b=3, a=4), c.method(5), C.static(6), c.static(7, 8), list(c.items(2))
        self.assertEqual(list(g()), [
            "one() missing 1 required positional argument: 'a'",
            "one() takes 1 positional argument but 2 were given",
            "plain() missing 1 required positional argument: 'a'",
            "plain() takes from 1 to 2 positional arguments but 3 were given",
            "one() missing 1 required positional argument: 'a'",
            "plain() takes from 1 to 2 positional arguments but 3 were given",
            "method() missing 1 required positional argument: 'a'",
            "static() missing 1 required positional argument: 'a'",
            ((1, 5), (1, 2), (4, 3), 5, (6, 2), (7, 8), [0, 1])])

    def test_recursion_within_a_generator(self):
        def deep(n):
            return deep(n + 1)

        def made():
            yield

        def g():
            try:
                deep(0)
            except RecursionError:
                yield "function"
            def nest(n):
                yield from nest(n + 1)
            try:
                yield from nest(0)
            except RecursionError:
                yield "generators"
            yield list(made())
        self.assertEqual(list(g()), ["function", "generators", [None]])

    def test_unbound_method_of_an_attribute(self):
        class C:
            def __init__(self):
                self.make = lambda n: (i for i in range(n))
                self.call = lambda n: n + 1

        def g(c):
            yield from c.make(3)
            yield c.call(9)
            try:
                c.call()
            except TypeError as error:
                yield "missing 1 required positional argument: 'n'" in str(error)
        self.assertEqual(list(g(C())), [0, 1, 2, 10, True])


class Iterators(unittest.TestCase):
    def test_kinds_of_iter(self):
        class Plain:
            def __iter__(self):
                yield 1
                yield 2

        class Default:
            def __iter__(self, n=2):
                yield from range(n)

        class Static:
            @staticmethod
            def __iter__():
                yield 7

        class Returns:
            def __iter__(self):
                return iter("ab")

        class Async:
            async def __iter__(self):
                pass

        class Wide:
            def __iter__(self, *rest):
                yield rest

        def delegating(v):
            yield from v

        def fresh(cls):
            yield from cls()
        for cls, items in ((Plain, [1, 2]), (Default, [0, 1]), (Returns, ["a", "b"]), (Wide, [()])):
            kept = cls()
            self.assertEqual([x for x in kept], items)
            self.assertEqual([x for x in cls()], items)
            self.assertEqual(list(delegating(kept)), items)
            self.assertEqual(list(fresh(cls)), items)
            self.assertEqual([x for x in delegating(kept)], items)
        self.assertEqual(list(delegating(Static())), [7])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with self.assertRaisesRegex(TypeError, r"iter\(\) returned non-iterator of type 'coroutine'"):
                list(delegating(Async()))
            gc.collect()

    def test_self_lives_as_long_as_its_iterator(self):
        log = []

        class Items(Dies):
            def __iter__(self):
                yield 1
                log.append("second")
                yield 2

        def g():
            yield from Items(log, "dead")
            log.append("after")
        self.assertEqual(list(g()), [1, 2])
        self.assertEqual(log, ["second", "dead", "after"])
        log.clear()
        for i in Items(log, "dead"):
            pass
        self.assertEqual(log, ["second", "dead"])


class Sending(unittest.TestCase):
    def test_what_a_statement_drops(self):
        log = []

        def g():
            while True:
                yield len(log)
                log.append("resumed")
        it = g()
        self.assertEqual(next(it), 0)
        self.assertEqual(it.send(Dies(log, "dead")), 1)
        self.assertEqual(log, ["resumed", "dead"])
        self.assertEqual([next(it), it.send(5), next(it)], [3, 4, 5])

        def outer():
            yield from g()
        it = outer()
        next(it)
        log.clear()
        self.assertEqual(it.send(Dies(log, "dead")), 1)
        self.assertEqual(log, ["resumed", "dead"])
        log.clear()
        for n in it:
            if n == 3:
                it.send(Dies(log, "in the loop"))
                break
        self.assertIn("in the loop", log)

    def test_mixed_ways_of_resuming(self):
        def g():
            got = []
            for i in range(6):
                if i % 2:
                    got.append((yield i))
                else:
                    yield i
            yield got
        it = g()
        self.assertEqual([next(it), it.send("a"), it.send("b")], [0, 1, 2])
        self.assertEqual([x for x in it], [3, 4, 5, ["b", None, None]])

    def test_traced(self):
        def g():
            yield 1
            yield 2
            yield 3
        first = g.__code__.co_firstlineno
        it = g()
        events = []

        def trace(frame, event, argument):
            if frame.f_code is g.__code__:
                events.append((event, frame.f_lineno - first, argument))
                return trace
        before = sys.gettrace()
        sys.settrace(trace)
        try:
            next(it)
            for x in it:
                break
            next(it)
        finally:
            sys.settrace(before)
        self.assertEqual(list(it), [])
        self.assertEqual(events, [("call", 0, None), ("line", 1, None), ("return", 1, 1),
                                  ("call", 1, None), ("line", 2, None), ("return", 2, 2),
                                  ("call", 2, None), ("line", 3, None), ("return", 3, 3)])


class Holding(unittest.TestCase):
    def test_referents_of_one_that_waits(self):
        text, number = "text that nobody else has", 2.5e300
        held = [1]

        def g(a, b, module):
            c = len
            yield a
            del b
            yield c
        it = g(held, text, os)
        next(it)
        referents = gc.get_referents(it)
        for v in (held, text, os, len):
            if not isinstance(v, str):  # CPython tells of all of them
                self.assertTrue(any(v is r for r in referents), v)
        self.assertEqual(inspect.getgeneratorlocals(it), {"a": held, "b": text, "module": os, "c": len})
        self.assertIs(next(it), len)
        self.assertEqual(inspect.getgeneratorlocals(it), {"a": held, "module": os, "c": len})

    def test_cycles_through_one_that_waits(self):
        class Node:
            pass

        def g(node, function=len, module=os):
            try:
                yield function
            finally:
                log.append(module.name)
        log = []
        for _ in range(10):
            node = Node()
            node.it = g(node)
            next(node.it)
            node.inner = (x for x in node.it)
            watch = weakref.ref(node)
            del node
            gc.collect()
            self.assertIsNone(watch())
        self.assertEqual(log, [os.name] * 10)

    def test_frame_of_one_that_waits(self):
        def inner(function):
            yield function
            yield function

        def outer():
            yield from inner(len)
        it = outer()
        next(it)
        frame = it.gi_frame
        self.assertIsNone(frame.f_back)
        self.assertEqual(it.gi_yieldfrom.gi_frame.f_locals["function"], len)
        it.gi_yieldfrom.gi_frame.f_locals["function"] = 3
        self.assertEqual(list(it), [3])
        self.assertIsNone(it.gi_frame)

    def test_handled_exception_is_kept(self):
        def g():
            try:
                raise KeyError(1)
            except KeyError:
                yield sys.exception()
                yield sys.exception()
        it = g()
        first = next(it)
        self.assertIsNone(sys.exception())
        self.assertIs(next(it), first)
        self.assertEqual(list(it), [])

    def test_death_of_what_ends(self):
        log = []

        def g(a):
            b = Dies(log, "b")
            yield 1
            return Dies(log, "result")

        def outer():
            x = yield from g(Dies(log, "a"))
            log.append("got")
            del x
            log.append("end")
        self.assertEqual(list(outer()), [1])
        self.assertEqual((sorted(log[:2]), log[2:]), (["a", "b"], ["got", "result", "end"]))
        log.clear()
        for _ in g(Dies(log, "a")):
            pass
        log.append("after")
        self.assertEqual((sorted(log[:3]), log[3:]), (["a", "b", "result"], ["after"]))


class Chains(unittest.TestCase):
    """A tail that ends and begins others makes chains of every length."""

    def walk(self, depth, log):
        log.append(depth)
        yield depth
        if depth:
            yield from self.walk(depth - 1, log)
            yield -depth
            got = yield from self.walk(depth - 1, log)
            yield got
        return depth * 10

    def plain(self, depth):
        items = [depth]
        if depth:
            items += self.plain(depth - 1) + [-depth] + self.plain(depth - 1) + [(depth - 1) * 10]
        return items

    def test_every_way_of_resuming(self):
        expected = self.plain(5)
        self.assertEqual(list(self.walk(5, [])), expected)
        self.assertEqual([x for x in self.walk(5, [])], expected)
        it, got = self.walk(5, []), []
        while True:
            try:
                got.append(it.send(None) if len(got) % 2 else next(it))
            except StopIteration as stop:
                self.assertEqual(stop.value, 50)
                break
        self.assertEqual(got, expected)

    def test_looked_at_on_the_way(self):
        for step in range(1, 30, 3):
            it, got = self.walk(4, []), []
            for i, x in enumerate(it):
                got.append(x)
                if i % step == 0:
                    inner = it
                    while inner.gi_yieldfrom is not None:
                        self.assertTrue(inner.gi_suspended)
                        inner = inner.gi_yieldfrom
                        inner.gi_frame.f_lineno
                    self.assertFalse(it.gi_running)
            self.assertEqual(got, self.plain(4))

    def test_inner_resumed_by_others(self):
        it = self.walk(3, [])
        self.assertEqual([next(it), next(it), next(it)], [3, 2, 1])
        inner = it.gi_yieldfrom.gi_yieldfrom
        self.assertEqual(next(inner), 0)
        self.assertEqual(list(it), self.plain(3)[4:])

    def test_running_ones_say_so(self):
        def inner():
            yield [(g.gi_running, g.gi_suspended) for g in made]
            try:
                next(made[0])
            except ValueError as error:
                yield str(error)
            yield [(g.gi_running, g.gi_suspended) for g in made]

        def outer(n):
            yield from made[n + 1]
        made = [outer(0), outer(1), outer(2), inner()]
        running = [(True, False)] * 4
        self.assertEqual(list(made[0]), [running, "generator already executing", running])

    def test_exceptions_pass_the_chain(self):
        def inner():
            try:
                yield 1
            except KeyError:
                yield "caught"
            raise IndexError

        def middle():
            try:
                yield from inner()
            except IndexError:
                yield "index"
                yield from inner()

        def outer():
            yield from middle()
        it = outer()
        self.assertEqual([next(it), it.throw(KeyError), next(it), next(it)], [1, "caught", "index", 1])
        with self.assertRaises(IndexError):
            next(it)
        self.assertEqual(list(it), [])


class Awaiting(unittest.TestCase):
    def run_all(self, coroutine):
        yielded = []
        try:
            while True:
                yielded.append(coroutine.send(None))
        except StopIteration as stop:
            return yielded, stop.value

    def test_called_where_it_is_awaited(self):
        @types.coroutine
        def switch(v):
            return (yield v)

        async def leaf(n):
            await switch(n)
            return n

        async def ready(n):
            return n

        def plain(n):
            return leaf(n)

        async def main():
            total = await leaf(1) + await plain(2) + await ready(3)
            async def local(n=4):
                return await leaf(n) + total
            return await local() + await local(5)
        self.assertEqual(self.run_all(main()), ([1, 2, 4, 5], 21))

    def test_errors(self):
        def plain():
            return 5

        def generator():
            yield

        async def none():
            pass

        async def main(kind):
            if kind == 0:
                await plain()
            elif kind == 1:
                await generator()
            elif kind == 2:
                c = none()
                await c
                await c
            else:
                await none(1)
        for kind, error, text in ((0, TypeError, "'int' object can't be awaited"), (1, TypeError, "'generator' object can't be awaited"),
                                  (2, RuntimeError, "cannot reuse already awaited coroutine"),
                                  (3, TypeError, r"none\(\) takes 0 positional arguments but 1 was given")):
            with self.assertRaisesRegex(error, text):
                main(kind).send(None)

    def test_never_awaited_and_origin(self):
        async def inner():
            pass

        async def main():
            made = inner()
            origin = made.cr_origin
            made.close()
            await inner()
            inner()
            return origin
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            self.assertEqual(self.run_all(main()), ([], None))
            gc.collect()
            self.assertEqual([str(w.message) for w in caught],
                             ["coroutine 'Awaiting.test_never_awaited_and_origin.<locals>.inner' was never awaited"])
            sys.set_coroutine_origin_tracking_depth(1)
            try:
                coroutine = main()
            finally:
                coroutine.close()
                sys.set_coroutine_origin_tracking_depth(0)

    def test_through_async_generators(self):
        @types.coroutine
        def switch(v):
            yield v

        async def numbers(n):
            for i in range(n):
                await switch(i)
                yield i * 10

        async def consume(n):
            return [x async for x in numbers(n)]

        async def main():
            return await consume(3) + await consume(1)
        self.assertEqual(self.run_all(main()), ([0, 1, 2, 0], [0, 10, 20, 0]))


class Sums(unittest.TestCase):
    def test_kinds_that_change_on_the_way(self):
        big = 1 << 70
        rows = [
            ([], 0), ([1, 2, True], 4), ([1, big, 2], big + 3), ([2 ** 62 - 1] * 5, 5 * (2 ** 62 - 1)),
            ([1, 2.5, 3], 6.5), ([0.1] * 10, 1.0), ([1e300, 1.0, -1e300], 1.0), ([-0.0, -0.0], 0.0), ([1.5, big, 0.5], float(big)),
            ([0.0, 1e308, 5e-324], 1e308), ([1.0, 2j, 3], 4 + 2j),
        ]
        for items, total in rows:
            for source in (items, tuple(items), iter(items), (x for x in items)):
                self.assertEqual(repr(sum(source)), repr(total), items)
        self.assertEqual(repr(sum((-0.0 for _ in range(2)), -0.0)), "-0.0")
        self.assertEqual(sum(([i] for i in range(3)), []), [0, 1, 2])
        self.assertEqual(sum((x for x in [1e308, 1e308, -1e308]), 0.0), math.inf)
        self.assertTrue(math.isnan(sum(x for x in [math.inf, -math.inf, 1.0])))

    def test_errors_on_the_way(self):
        def g(items):
            yield from items
            raise KeyError("end")
        for items in ([], [1], [1, 2], [1.5, 2.5], [1, 1.5, 2], [1 << 70]):
            with self.assertRaisesRegex(KeyError, "end"):
                sum(g(items))
        for items in ([1, 2, "x"], [1.5, 2.5, "x"], [1, 1.5, None]):
            with self.assertRaisesRegex(TypeError, r"unsupported operand type\(s\) for \+"):
                sum(x for x in items)


if __name__ == "__main__":
    unittest.main()
