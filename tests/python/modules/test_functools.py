"""functools and operator."""

import functools
import operator
import unittest


class Functools(unittest.TestCase):
    def test_reduce(self):
        self.assertEqual(functools.reduce(operator.add, [1, 2, 3]), 6)
        self.assertEqual(functools.reduce(operator.add, [], 5), 5)
        self.assertEqual(functools.reduce(max, [3, 9, 2]), 9)
        with self.assertRaises(TypeError) as caught:
            functools.reduce(operator.add, [])
        self.assertEqual(str(caught.exception), "reduce() of empty iterable with no initial value")

    def test_partial(self):
        p = functools.partial(pow, 2)
        self.assertEqual((p(3), p.func, p.args, p.keywords), (8, pow, (2,), {}))
        q = functools.partial(int, base=2)
        self.assertEqual((q("11"), q("11", base=3)), (3, 4))
        self.assertEqual(functools.partial(p, 5)(), 32)

    def test_partial_placeholder(self):
        self.assertEqual(functools.partial(pow, functools.Placeholder, 2)(5), 25)

    def test_partialmethod(self):
        class K:
            def add(self, a, b): return a + b
            add5 = functools.partialmethod(add, 5)
        self.assertEqual(K().add5(1), 6)

    def test_wraps(self):
        def f(a):
            "doc"
        @functools.wraps(f)
        def g(): pass
        self.assertEqual((g.__name__, g.__doc__, g.__wrapped__), ("f", "doc", f))

    def test_lru_cache(self):
        calls = []
        @functools.lru_cache(maxsize=2)
        def f(x):
            calls.append(x)
            return x * 2
        self.assertEqual([f(1), f(1), f(2), f(3), f(1)], [2, 2, 4, 6, 2])
        self.assertEqual((calls, f.cache_info()), ([1, 2, 3, 1], (1, 4, 2, 2)))
        f.cache_clear()
        self.assertEqual(f.cache_info().currsize, 0)

    def test_lru_cache_keywords_and_typed(self):
        @functools.lru_cache(typed=True)
        def f(x=0, y=0): return type(x)
        self.assertEqual((f(1), f(1.0), f(x=1)), (int, float, int))
        self.assertEqual(f.cache_info().misses, 3)

    def test_cache_recursion(self):
        @functools.cache
        def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
        self.assertEqual(fib(90), 2880067194370816120)

    def test_cache_unhashable(self):
        f = functools.cache(lambda x: x)
        self.assertRaises(TypeError, f, [])

    def test_cached_property(self):
        class K:
            n = 0
            @functools.cached_property
            def p(self):
                self.n += 1
                return self.n
        k = K()
        self.assertEqual((k.p, k.p), (1, 1))
        del k.p
        self.assertEqual(k.p, 2)

    def test_total_ordering(self):
        @functools.total_ordering
        class K:
            def __init__(self, n): self.n = n
            def __eq__(self, o): return self.n == o.n
            def __lt__(self, o): return self.n < o.n
        self.assertTrue(K(1) <= K(1) and K(2) > K(1) and K(2) >= K(2))

    def test_cmp_to_key(self):
        self.assertEqual(sorted([3, 1, 2], key=functools.cmp_to_key(lambda a, b: b - a)), [3, 2, 1])

    def test_singledispatch(self):
        @functools.singledispatch
        def f(x): return "object"
        @f.register
        def _(x: int): return "int"
        @f.register(list)
        def _(x): return "list"
        self.assertEqual((f("a"), f(1), f(True), f([])), ("object", "int", "int", "list"))

    def test_singledispatchmethod(self):
        class K:
            @functools.singledispatchmethod
            def f(self, x): return "object"
            @f.register
            def _(self, x: str): return "str"
        self.assertEqual((K().f(1), K().f("a")), ("object", "str"))


class Operators(unittest.TestCase):
    def test_functions(self):
        self.assertEqual(operator.add(1, 2), 3)
        self.assertEqual(operator.contains([1], 1), True)
        self.assertEqual(operator.getitem("abc", 1), "b")
        self.assertEqual(operator.truth([]), False)
        self.assertEqual(operator.not_(0), True)
        self.assertEqual(operator.index(5), 5)
        self.assertEqual(operator.concat("a", "b"), "ab")
        self.assertEqual(operator.countOf([1, 1], 1), 2)
        self.assertEqual(operator.indexOf([5, 6], 6), 1)

    def test_getters(self):
        class K:
            a = 1
            class B: c = 2
            def m(self, x): return x
        self.assertEqual(operator.itemgetter(1)("ab"), "b")
        self.assertEqual(operator.itemgetter(0, 2)("abc"), ("a", "c"))
        self.assertEqual(operator.attrgetter("a", "B.c")(K), (1, 2))
        self.assertEqual(operator.methodcaller("m", 5)(K()), 5)

    def test_set_and_delete(self):
        a = [1, 2, 3]
        operator.setitem(a, 0, 9)
        operator.delitem(a, 1)
        self.assertEqual((a, operator.iadd(a, [4])), ([9, 3, 4], [9, 3, 4]))

    def test_comparisons(self):
        self.assertEqual([operator.lt(1, 2), operator.is_(None, None), operator.is_not(1, None),
                          operator.is_none(None)], [True] * 4)


if __name__ == "__main__":
    unittest.main()
