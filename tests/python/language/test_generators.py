"""Generators: yield, send, throw, close, yield from, generator expressions."""

import unittest


class Basics(unittest.TestCase):
    def test_lazy(self):
        log = []
        def g():
            log.append(1)
            yield
        it = g()
        self.assertEqual(log, [])
        next(it)
        self.assertEqual(log, [1])

    def test_return_value(self):
        def g():
            yield 1
            return "value"
        it = g()
        next(it)
        with self.assertRaises(StopIteration) as caught:
            next(it)
        self.assertEqual(caught.exception.value, "value")

    def test_exhausted_stays_exhausted(self):
        it = (x for x in [1])
        self.assertEqual((list(it), list(it), next(it, "end")), ([1], [], "end"))

    def test_iter_is_self(self):
        it = (x for x in ())
        self.assertIs(iter(it), it)

    def test_send(self):
        def g():
            got = yield "first"
            while True:
                got = yield got * 2
        it = g()
        self.assertEqual([next(it), it.send(2), it.send("a")], ["first", 4, "aa"])

    def test_send_to_unstarted(self):
        def g(): yield
        with self.assertRaises(TypeError) as caught:
            g().send(1)
        self.assertEqual(str(caught.exception), "can't send non-None value to a just-started generator")
        self.assertEqual(g().send(None), None)

    def test_yield_is_expression(self):
        def g():
            x = (yield 1) + (yield 2)
            yield x
        it = g()
        self.assertEqual([next(it), it.send(10), it.send(20)], [1, 2, 30])

    def test_reentered(self):
        def g():
            yield next(it)
        it = g()
        with self.assertRaises(ValueError) as caught:
            next(it)
        self.assertEqual(str(caught.exception), "generator already executing")

    def test_attributes(self):
        def g(): yield 1
        it = g()
        self.assertEqual((it.gi_running, it.gi_suspended, it.gi_frame is None), (False, False, False))
        next(it)
        self.assertTrue(it.gi_suspended)
        self.assertEqual((it.__name__, it.__qualname__), ("g", "Basics.test_attributes.<locals>.g"))
        list(it)
        self.assertIsNone(it.gi_frame)

    def test_names(self):
        def g(): yield
        async def c(): pass
        async def a(): yield
        for f in (g, c, a):
            first = f()
            name, qualname = f.__name__, f.__qualname__
            f.__name__, f.__qualname__ = "other", "some.other"
            second = f()
            self.assertEqual((first.__name__, first.__qualname__), (name, qualname))
            self.assertEqual((second.__name__, second.__qualname__), ("other", "some.other"))
            self.assertIn(qualname, repr(first))
            self.assertIn("some.other", repr(second))
            first.__name__, first.__qualname__ = "mine", "its.mine"
            self.assertEqual((first.__name__, first.__qualname__), ("mine", "its.mine"))
            with self.assertRaises(TypeError):
                first.__name__ = 1
            with self.assertRaises(TypeError):
                del first.__qualname__
            if f is c:
                first.close()
                second.close()

    def test_in_class_and_lambda(self):
        f = lambda: (yield 5)
        self.assertEqual(list(f()), [5])

    def test_repr(self):
        def g(): yield
        self.assertRegex(repr(g()), r"^<generator object Basics.test_repr.<locals>.g at 0x[0-9a-f]+>$")


class Exceptions(unittest.TestCase):
    def test_propagates_and_ends(self):
        def g():
            yield 1
            raise KeyError("k")
        it = g()
        next(it)
        self.assertRaises(KeyError, next, it)
        self.assertRaises(StopIteration, next, it)

    def test_throw_handled(self):
        def g():
            while True:
                try:
                    yield "ok"
                except ValueError as e:
                    yield "handled " + str(e)
        it = g()
        next(it)
        self.assertEqual(it.throw(ValueError("v")), "handled v")
        self.assertEqual(next(it), "ok")

    def test_throw_class(self):
        def g():
            try:
                yield
            except KeyError:
                yield "caught"
        it = g()
        next(it)
        self.assertEqual(it.throw(KeyError), "caught")

    def test_throw_unstarted(self):
        def g(): yield 1
        it = g()
        self.assertRaises(KeyError, it.throw, KeyError())
        self.assertEqual(list(it), [])

    def test_throw_not_exception(self):
        def g(): yield
        it = g()
        with self.assertRaises(TypeError) as caught:
            it.throw(5)
        self.assertEqual(str(caught.exception),
                         "exceptions must be classes or instances deriving from BaseException, not int")

    def test_stop_iteration_becomes_runtime_error(self):
        def g():
            raise StopIteration("x")
            yield
        with self.assertRaises(RuntimeError) as caught:
            next(g())
        self.assertEqual(str(caught.exception), "generator raised StopIteration")

    def test_close_runs_finally(self):
        log = []
        def g():
            try:
                yield
            finally:
                log.append("f")
        it = g()
        next(it)
        it.close()
        it.close()
        self.assertEqual(log, ["f"])

    def test_close_unstarted_skips_body(self):
        log = []
        def g():
            log.append(1)
            yield
        it = g()
        it.close()
        self.assertEqual((log, list(it)), ([], []))

    def test_close_returns_value(self):
        def g():
            try:
                yield
            except GeneratorExit:
                return "returned"
        it = g()
        next(it)
        self.assertEqual(it.close(), "returned")

    def test_close_ignored(self):
        def g():
            try:
                yield
            except GeneratorExit:
                yield
        it = g()
        next(it)
        with self.assertRaises(RuntimeError) as caught:
            it.close()
        self.assertEqual(str(caught.exception), "generator ignored GeneratorExit")

    def test_dropped_generator_runs_finally(self):
        log = []
        def g():
            try:
                yield
            finally:
                log.append("f")
        it = g()
        next(it)
        del it
        self.assertEqual(log, ["f"])

    def test_exception_state_restored(self):
        import sys
        def g():
            try:
                raise KeyError
            except KeyError:
                yield sys.exception()
                yield sys.exception()
        it = g()
        try:
            raise ValueError
        except ValueError as outer:
            self.assertIsInstance(next(it), KeyError)
            self.assertIs(sys.exception(), outer)
            self.assertIsInstance(next(it), KeyError)
        self.assertIsNone(sys.exception())

    def test_with_inside(self):
        class CM:
            def __enter__(self): log.append("in")
            def __exit__(self, *a): log.append(a[0])
        log = []
        def g():
            with CM():
                yield 1
        it = g()
        next(it)
        it.close()
        self.assertEqual(log, ["in", GeneratorExit])


if __name__ == "__main__":
    unittest.main()
