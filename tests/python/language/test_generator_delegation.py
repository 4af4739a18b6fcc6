"""yield from and generator expressions."""

import unittest


class Delegation(unittest.TestCase):
    def test_values_and_result(self):
        def inner():
            yield 1
            return "r"
        def outer():
            yield (yield from inner())
        self.assertEqual(list(outer()), [1, "r"])

    def test_any_iterable(self):
        def g(): yield from [1, 2]; yield from "a"; yield from range(2)
        self.assertEqual(list(g()), [1, 2, "a", 0, 1])

    def test_send_reaches_inner(self):
        def inner():
            x = yield 1
            yield x
        def outer(): yield from inner()
        it = outer()
        next(it)
        self.assertEqual(it.send("s"), "s")

    def test_throw_reaches_inner(self):
        def inner():
            try:
                yield
            except KeyError:
                yield "inner"
        def outer(): yield from inner()
        it = outer()
        next(it)
        self.assertEqual(it.throw(KeyError), "inner")

    def test_close_reaches_inner(self):
        log = []
        def inner():
            try:
                yield
            finally:
                log.append("inner")
        def outer():
            try:
                yield from inner()
            finally:
                log.append("outer")
        it = outer()
        next(it)
        it.close()
        self.assertEqual(log, ["inner", "outer"])

    def test_send_to_plain_iterator(self):
        def g(): yield from [1, 2]
        it = g()
        next(it)
        with self.assertRaises(AttributeError) as caught:
            it.send(1)
        self.assertEqual(str(caught.exception), "'list_iterator' object has no attribute 'send'")

    def test_not_iterable(self):
        def g(): yield from 5
        with self.assertRaises(TypeError) as caught:
            next(g())
        self.assertEqual(str(caught.exception), "'int' object is not iterable")

    def test_deep_chain(self):
        def g(n):
            if n:
                yield n
                yield from g(n - 1)
        self.assertEqual(sum(g(100)), 5050)

    def test_gi_yieldfrom(self):
        inner = iter([1, 2])
        def g(): yield from inner
        it = g()
        next(it)
        self.assertIs(it.gi_yieldfrom, inner)


class Expressions(unittest.TestCase):
    def test_first_iterable_evaluated_at_once(self):
        with self.assertRaises(TypeError) as caught:
            (x for x in 5)
        self.assertEqual(str(caught.exception), "'int' object is not iterable")

    def test_conditions_and_nesting(self):
        self.assertEqual(list((a, b) for a in range(4) if a % 2 for b in range(a)), [(1, 0), (3, 0), (3, 1), (3, 2)])

    def test_as_only_argument(self):
        self.assertEqual(sum(x for x in range(4)), 6)

    def test_closes_over_variable(self):
        n = 1
        it = (x + n for x in [1, 2])
        n = 10
        self.assertEqual(list(it), [11, 12])

    def test_infinite_with_islice(self):
        def count(n=0):
            while True:
                yield n
                n += 1
        it = count()
        self.assertEqual([next(it) for _ in range(3)], [0, 1, 2])


if __name__ == "__main__":
    unittest.main()
