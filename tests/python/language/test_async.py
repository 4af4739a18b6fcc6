"""Coroutines, async generators, async with, async for: driven by hand, without an event loop."""

import sys
import unittest


class Pause:
    """Awaiting it yields `value` to whoever drives the coroutine, and evaluates to what is sent back."""

    def __init__(self, value=None):
        self.value = value

    def __await__(self):
        return (yield self.value)


def run(coroutine, *replies):
    """Drives a coroutine to its end; returns (what it yielded, its result)."""
    yielded, replies = [], list(replies)
    try:
        value = coroutine.send(None)
        while True:
            yielded.append(value)
            value = coroutine.send(replies.pop(0) if replies else None)
    except StopIteration as stop:
        return yielded, stop.value


class Coroutines(unittest.TestCase):
    def test_result(self):
        async def f(): return 5
        self.assertEqual(run(f()), ([], 5))

    def test_await_chain(self):
        async def a(): return await Pause("p")
        async def b(): return [await a(), await a()]
        self.assertEqual(run(b(), 1, 2), (["p", "p"], [1, 2]))

    def test_exception_passes_through(self):
        async def a(): raise KeyError("k")
        async def b():
            try:
                await a()
            except KeyError as e:
                return e.args
        self.assertEqual(run(b()), ([], ("k",)))

    def test_throw_at_await(self):
        async def f():
            try:
                await Pause()
            except ValueError:
                return "caught"
        c = f()
        c.send(None)
        with self.assertRaises(StopIteration) as caught:
            c.throw(ValueError())
        self.assertEqual(caught.exception.value, "caught")

    def test_close_runs_finally(self):
        log = []
        async def f():
            try:
                await Pause()
            finally:
                log.append("closed")
        c = f()
        c.send(None)
        c.close()
        self.assertEqual(log, ["closed"])

    def test_cannot_await_twice(self):
        async def f(): pass
        c = f()
        run(c)
        with self.assertRaises(RuntimeError) as caught:
            c.send(None)
        self.assertEqual(str(caught.exception), "cannot reuse already awaited coroutine")

    def test_await_needs_awaitable(self):
        async def f(): await 5
        with self.assertRaises(TypeError) as caught:
            f().send(None)
        self.assertEqual(str(caught.exception), "'int' object can't be awaited")

    def test_await_must_return_iterator(self):
        class Bad:
            def __await__(self): return 5
        async def f(): await Bad()
        with self.assertRaises(TypeError) as caught:
            f().send(None)
        self.assertEqual(str(caught.exception), "__await__() returned non-iterator of type 'int'")

    def test_not_iterable(self):
        async def f(): pass
        c = f()
        with self.assertRaises(TypeError) as caught:
            iter(c)
        self.assertEqual(str(caught.exception), "'coroutine' object is not iterable")
        c.close()

    def test_send_to_unstarted(self):
        async def f(): pass
        c = f()
        with self.assertRaises(TypeError) as caught:
            c.send(1)
        self.assertEqual(str(caught.exception), "can't send non-None value to a just-started coroutine")
        c.close()

    def test_attributes(self):
        async def f(): await Pause()
        c = f()
        self.assertEqual((c.cr_running, c.cr_suspended, c.cr_await, c.__name__), (False, False, None, "f"))
        c.send(None)
        self.assertTrue(c.cr_suspended)
        self.assertIsNotNone(c.cr_await)
        c.close()
        self.assertIsNone(c.cr_frame)

    def test_stop_iteration_inside(self):
        async def f(): raise StopIteration
        with self.assertRaises(RuntimeError) as caught:
            f().send(None)
        self.assertEqual(str(caught.exception), "coroutine raised StopIteration")

    def test_types_coroutine(self):
        import types
        @types.coroutine
        def old():
            return (yield 1)
        async def f(): return await old()
        self.assertEqual(run(f(), "x"), ([1], "x"))

    def test_never_awaited_warns(self):
        import warnings
        async def f(): pass
        with warnings.catch_warnings(record=True) as got:
            warnings.simplefilter("always")
            f()
        self.assertRegex(str(got[0].message), "coroutine '.*f' was never awaited")

    def test_comprehension_with_await(self):
        async def f(): return [await Pause(i) for i in range(3)], {await Pause("k"): 1}
        self.assertEqual(run(f(), "a", "b", "c", "d"), ([0, 1, 2, "k"], (["a", "b", "c"], {"d": 1})))


async def counter(n):
    for i in range(n):
        await Pause(("pause", i))
        yield i


class AsyncGenerators(unittest.TestCase):
    def test_async_for(self):
        async def f():
            got = []
            async for x in counter(2):
                got.append(x)
            else:
                got.append("else")
            return got
        self.assertEqual(run(f()), ([("pause", 0), ("pause", 1)], [0, 1, "else"]))

    def test_async_comprehensions(self):
        async def f():
            return [x async for x in counter(3) if x], {x async for x in counter(1)}, {x: 1 async for x in counter(1)}
        self.assertEqual(run(f())[1], ([1, 2], {0}, {0: 1}))

    def test_async_generator_expression(self):
        async def f(): return [y async for y in (x * 2 async for x in counter(3))]
        self.assertEqual(run(f())[1], [0, 2, 4])

    def test_asend_and_athrow(self):
        async def g():
            try:
                x = yield 1
                yield x
            except KeyError:
                yield "caught"
        async def f():
            it = g()
            return [await anext(it), await it.asend("sent"), await it.athrow(KeyError)]
        self.assertEqual(run(f()), ([], [1, "sent", "caught"]))

    def test_aclose_runs_finally(self):
        log = []
        async def g():
            try:
                yield
            finally:
                await Pause("closing")
                log.append("closed")
        async def f():
            it = g()
            await anext(it)
            await it.aclose()
        self.assertEqual((run(f()), log), ((["closing"], None), ["closed"]))

    def test_anext_default(self):
        async def f():
            it = counter(0)
            return await anext(it, "default")
        self.assertEqual(run(f())[1], "default")

    def test_stop_async_iteration(self):
        async def f():
            try:
                await anext(counter(0))
            except StopAsyncIteration:
                return "stopped"
        self.assertEqual(run(f())[1], "stopped")

    def test_raising_stop_async_iteration(self):
        async def g():
            raise StopAsyncIteration
            yield
        async def f(): await anext(g())
        with self.assertRaises(RuntimeError) as caught:
            run(f())
        self.assertEqual(str(caught.exception), "async generator raised StopAsyncIteration")

    def test_hooks(self):
        seen = []
        old = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(firstiter=seen.append)
        try:
            it = counter(1)
            it.__anext__().send(None)
        finally:
            sys.set_asyncgen_hooks(*old)
        self.assertEqual(seen, [it])

    def test_not_async_iterable(self):
        async def f():
            async for _ in [1]: pass
        with self.assertRaisesRegex(TypeError, "'async for' requires an object with __aiter__ method, got list"):
            run(f())

    def test_class_iterator(self):
        class It:
            n = 0
            def __aiter__(self): return self
            async def __anext__(self):
                self.n += 1
                if self.n > 2:
                    raise StopAsyncIteration
                return await Pause(self.n)
        async def f(): return [x async for x in It()]
        self.assertEqual(run(f(), "a", "b"), ([1, 2], ["a", "b"]))


class AsyncWith(unittest.TestCase):
    def test_enter_and_exit(self):
        log = []
        class CM:
            async def __aenter__(self):
                await Pause("in")
                return "r"
            async def __aexit__(self, *a):
                await Pause("out")
                log.append(a[0])
                return True
        async def f():
            async with CM() as r:
                log.append(r)
                raise KeyError
            return "after"
        self.assertEqual((run(f()), log), ((["in", "out"], "after"), ["r", KeyError]))

    def test_missing_method(self):
        async def f():
            async with 5: pass
        with self.assertRaisesRegex(TypeError, "does not support the asynchronous context manager protocol"):
            run(f())

    def test_syntax(self):
        with self.assertRaises(SyntaxError) as caught:
            compile("await x", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "'await' outside function")
        with self.assertRaises(SyntaxError) as caught:
            compile("def f(): await x", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "'await' outside async function")
        with self.assertRaises(SyntaxError) as caught:
            compile("def f():\n async for x in y: pass", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "'async for' outside async function")
        with self.assertRaises(SyntaxError) as caught:
            compile("def f():\n async with y: pass", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "'async with' outside async function")
        with self.assertRaises(SyntaxError) as caught:
            compile("async def f(): yield from x", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "'yield from' inside async function")
        with self.assertRaises(SyntaxError) as caught:
            compile("async def f():\n yield 1\n return 2", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "'return' with value in async generator")


if __name__ == "__main__":
    unittest.main()
