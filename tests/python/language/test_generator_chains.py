"""Generators that delegate to each other: a resumption goes straight to the innermost one, and nobody may notice."""

import gc
import sys
import threading
import types
import unittest


def leaf(n):
    total = 0
    for i in range(n):
        got = yield i
        total += got or 0
    return total


def nested(depth, n):
    if depth == 0:
        return (yield from leaf(n))
    return (yield from nested(depth - 1, n)) + 1


class Kept:
    """Delegates to generators that stay within reach."""

    def __init__(self, depth, body):
        self.generators = [body]
        for _ in range(depth):
            self.generators.append(self.over(self.generators[-1]))
        self.head, self.tail = self.generators[-1], self.generators[0]

    def over(self, inner):
        local = object()
        result = yield from inner
        return result, local is not None


class ChainTest(unittest.TestCase):
    def test_values_go_both_ways(self):
        for depth in (0, 1, 2, 9):
            g = nested(depth, 5)
            self.assertEqual(next(g), 0)
            for i in range(1, 5):
                self.assertEqual(g.send(10), i)
            with self.assertRaises(StopIteration) as stop:
                g.send(10)
            self.assertEqual(stop.exception.value, 50 + depth)

    def test_in_for_loops(self):
        for depth in (1, 2, 7):
            self.assertEqual([x for x in nested(depth, 20)], list(range(20)))
            self.assertEqual(list(nested(depth, 20)), list(range(20)))
            self.assertEqual(sum(nested(depth, 20)), 190)

    def test_head_changes_consumers(self):
        g = nested(5, 10)
        self.assertEqual(next(g), 0)
        self.assertEqual(g.send(None), 1)
        for x in g:
            if x == 4:
                break
        self.assertEqual(next(g), 5)

        def over():
            yield from g
        self.assertEqual(list(over()), [6, 7, 8, 9])

    def test_tree(self):
        def walk(tree):
            if tree:
                left, value, right = tree
                yield from walk(left)
                yield value
                yield from walk(right)

        def build(a, b):
            m = (a + b) // 2
            return (build(a, m), m, build(m + 1, b)) if a < b else None
        self.assertEqual(list(walk(build(0, 200))), list(range(200)))

    def test_state_of_the_suspended(self):
        kept = Kept(3, leaf(5))
        next(kept.head), next(kept.head)
        for g in kept.generators:
            self.assertFalse(g.gi_running)
            self.assertTrue(g.gi_suspended)
            self.assertIsNone(g.gi_frame.f_back)
        next(kept.head), next(kept.head)
        for outer, inner in zip(kept.generators[1:], kept.generators):
            self.assertIs(outer.gi_yieldfrom, inner)
        self.assertIsNone(kept.tail.gi_yieldfrom)

    def test_state_of_the_running(self):
        seen = []

        def look():
            for _ in range(4):
                yield 1
                seen.append([(g.gi_running, g.gi_suspended) for g in kept.generators])
                seen.append([type(self.raised(next, g)) for g in kept.generators])
                frame, names = sys._getframe(), []
                while frame is not None and len(names) < 5:
                    names.append(frame.f_code.co_name)
                    frame = frame.f_back
                seen.append(names)
        kept = Kept(3, look())
        for _ in range(4):
            next(kept.head)
        self.assertEqual(seen, [[(True, False)] * 4, [ValueError] * 4,
                                ["look", "over", "over", "over", "test_state_of_the_running"]] * 3)

    def raised(self, f, *args):
        try:
            f(*args)
        except Exception as e:
            return e

    def test_inner_one_is_resumed_by_others(self):
        kept = Kept(3, leaf(20))
        self.assertEqual([next(kept.head) for _ in range(3)], [0, 1, 2])
        self.assertEqual(next(kept.tail), 3)
        self.assertEqual(next(kept.head), 4)
        self.assertEqual(next(kept.head), 5)
        self.assertEqual(next(kept.generators[1]), 6)
        self.assertEqual(next(kept.generators[2]), 7)
        self.assertEqual(next(kept.generators[2]), 8)
        self.assertEqual(next(kept.head), 9)
        self.assertEqual(list(kept.generators[1]), list(range(10, 20)))
        with self.assertRaises(StopIteration) as stop:
            next(kept.head)
        self.assertEqual(stop.exception.value, ((None, True), True))

    def test_throw_and_close(self):
        log = []

        def body():
            try:
                while True:
                    try:
                        yield 1
                    except KeyError:
                        log.append("KeyError")
                        yield 2
            finally:
                log.append("closed")
        kept = Kept(4, body())
        next(kept.head), next(kept.head)
        self.assertEqual(kept.head.throw(KeyError()), 2)
        self.assertEqual(next(kept.head), 1)
        self.assertEqual(next(kept.head), 1)
        self.assertEqual(kept.generators[2].throw(KeyError()), 2)
        next(kept.head), next(kept.head)
        kept.generators[2].close()
        self.assertEqual(log, ["KeyError", "KeyError", "closed"])
        self.assertRaises(StopIteration, next, kept.head)

        kept = Kept(4, body())
        next(kept.head), next(kept.head)
        with self.assertRaises(OSError):
            kept.head.throw(OSError())
        self.assertEqual(log[3:], ["closed"])
        for g in kept.generators:
            self.assertIsNone(g.gi_frame)

    def test_errors_pass_through(self):
        def failing():
            yield 1
            yield 2
            raise LookupError("inside")

        def catching(inner):
            try:
                yield from inner
            except LookupError as e:
                yield from [str(e), "more"]
            yield "end"

        def plain(inner):
            yield from inner
        g = plain(plain(catching(plain(failing()))))
        self.assertEqual(list(g), [1, 2, "inside", "more", "end"])
        names, row = [], self.raised(list, plain(plain(failing()))).__traceback__.tb_next
        while row is not None:
            names.append(row.tb_frame.f_code.co_name)
            row = row.tb_next
        self.assertEqual(names, ["plain", "plain", "failing"])

    def test_handled_exceptions(self):
        seen = []

        def inside():
            for _ in range(4):
                seen.append(sys.exception())
                yield

        def handling():
            try:
                raise KeyError("handled")
            except KeyError:
                yield from inside()

        def over():
            yield from handling()
        g = over()
        for kind in (None, OSError, ValueError, None):
            if kind is None:
                next(g)
            else:
                try:
                    raise kind
                except kind as e:
                    next(g)
                    self.assertIs(sys.exception(), e)
            self.assertIsNone(sys.exception())
        self.assertEqual([type(e) for e in seen], [KeyError] * 4)

    def test_grows_and_shrinks(self):
        def part(name, n):
            for i in range(n):
                yield name, i

        def two(name, n):
            yield from part(name + "a", n)
            yield name
            yield from part(name + "b", n)

        def four():
            yield from two("x", 2)
            yield "middle"
            yield from two("y", 3)

        def outer():
            yield from four()
        flat = [("xa", 0), ("xa", 1), "x", ("xb", 0), ("xb", 1), "middle",
                ("ya", 0), ("ya", 1), ("ya", 2), "y", ("yb", 0), ("yb", 1), ("yb", 2)]
        for _ in range(3):
            self.assertEqual(list(outer()), flat)
            self.assertEqual([x for x in outer()], flat)

    def test_calls_below(self):
        # What a generator calls lies on the stack of whoever resumed the head.
        def deep(n):
            return 0 if n == 0 else 1 + deep(n - 1)

        def body():
            while True:
                got = yield
                yield deep(got)

        def over(inner):
            x = yield from inner
            return deep(x)
        g = over(over(over(body())))
        next(g)

        def at(level):
            if level == 0:
                value = g.send(7)
                next(g)
                return value
            return at(level - 1)
        for level in (0, 30, 3, 50, 1, 0, 0):
            self.assertEqual(at(level), 7)

        def ending():
            yield
            yield
            return 5

        def resumed(g, level):
            if level:
                return resumed(g, level - 1)
            try:
                return next(g)
            except StopIteration as e:
                return e.value
        for first, second, third in ((0, 40, 3), (40, 0, 40), (3, 3, 3), (0, 1, 60)):
            g = over(over(ending()))
            resumed(g, first), resumed(g, second)
            self.assertEqual(resumed(g, third), 5)

    def test_recursion_limit(self):
        def count(n):
            if n:
                yield from count(n - 1)
            yield n
        g = count(100)
        next(g), next(g)

        def at(n):
            if n == 0:
                return next(g)
            return at(n - 1)
        frame, depth = sys._getframe(), 0
        while frame is not None:
            frame, depth = frame.f_back, depth + 1
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(depth + 150)
        try:
            self.assertEqual([at(20), at(30), at(0)], [2, 3, 4])
        finally:
            sys.setrecursionlimit(limit)
        self.assertEqual(list(g), list(range(5, 101)))

    def test_dies_suspended(self):
        log = []

        def body(value):
            try:
                while True:
                    yield value
            finally:
                log.append("end")
        kept = Kept(5, body(1))
        next(kept.head), next(kept.head)
        del kept
        gc.collect()
        self.assertEqual(log, ["end"])

        cycle = []

        def holder(inner):
            cycle_here = cycle
            yield from inner
        cycle.append(holder(holder(holder(body(cycle)))))
        next(cycle[0]), next(cycle[0])
        del cycle
        gc.collect()
        self.assertEqual(log, ["end", "end"])

    def test_collection_while_it_runs(self):
        def body():
            for i in range(5):
                gc.collect()
                rubbish = []
                rubbish.append(rubbish)
                yield [i]
        kept = Kept(4, body())
        self.assertEqual([x for x in kept.head], [[i] for i in range(5)])

    def test_objects_in_between(self):
        def over(inner, *more):
            text = "".join(["a", "b", str(len(more))])
            for x in [1]:
                result = yield from inner
            return text + str(result) + str(x)
        for _ in range(3):
            g = over(over(over(leaf(3)), 1), 2, 3)
            while True:
                try:
                    g.send(1)
                except TypeError:
                    g.send(None)
                except StopIteration as e:
                    self.assertEqual(e.value, "ab2ab1ab03111")
                    break

    def test_frames_written_to(self):
        def body():
            mine = 1
            while True:
                yield mine

        def over(inner):
            kept = "old"
            try:
                yield from inner
            finally:
                log.append(kept)
        log = []
        inner = over(body())
        g = over(inner)
        next(g), next(g)
        frame = inner.gi_frame
        self.assertEqual(frame.f_locals["kept"], "old")
        frame.f_locals["kept"] = ["new"]
        gc.collect()
        next(g), next(g)
        frame.f_locals["kept"] = ["newer"]
        next(g)
        g.close()
        self.assertEqual(log, [["newer"], "old"])

    def test_tracing_begins_in_between(self):
        def tracer(frame, event, arg):
            return tracer
        g = nested(2, 10)
        next(g), next(g)
        sys.settrace(tracer)
        try:
            self.assertEqual(next(g), 2)
            self.assertEqual(next(g), 3)
        finally:
            sys.settrace(None)
        self.assertEqual(list(g), [4, 5, 6, 7, 8, 9])

    def test_coroutines(self):
        @types.coroutine
        def switch(value):
            return (yield value)

        async def add(depth):
            if depth == 0:
                return await switch("at")
            return await add(depth - 1) + await add(depth - 1)
        c = add(4)
        value, count = None, 0
        with self.assertRaises(StopIteration) as stop:
            while True:
                self.assertEqual(c.send(value), "at")
                value, count = 2, count + 1
        self.assertEqual((stop.exception.value, count), (32, 16))

        inner = add(2)

        async def awaiting(c):
            return await c
        c = awaiting(awaiting(inner))
        c.send(None), c.send(1)
        self.assertTrue(inner.cr_suspended)
        other = awaiting(inner)
        with self.assertRaisesRegex(RuntimeError, "coroutine is being awaited already"):
            other.send(None)
        c.send(1)
        self.assertRaises(StopIteration, lambda: [c.send(1) for _ in range(9)])

    def test_shared_with_another_thread(self):
        kept = Kept(3, leaf(1000))
        next(kept.head), next(kept.head)
        results = []

        def work(g):
            while True:
                try:
                    results.append(next(g))
                except StopIteration:
                    return
                except ValueError:  # the other thread is in it
                    pass
        threads = [threading.Thread(target=work, args=(g,)) for g in (kept.head, kept.generators[1])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(results), list(range(2, 1000)))

    def test_published_while_it_runs(self):
        box = []

        def body():
            for i in range(6):
                if i == 2:
                    thread = threading.Thread(target=box.append, args=(kept.generators[2],))
                    thread.start()
                    thread.join()
                yield i
        for _ in range(2):
            kept = Kept(4, body())
            self.assertEqual(list(kept.head), list(range(6)))
        self.assertEqual(len(box), 2)


if __name__ == "__main__":
    unittest.main()
