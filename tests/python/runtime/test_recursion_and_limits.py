"""Recursion limits, deep structures, large values."""

import sys
import unittest


class Recursion(unittest.TestCase):
    def test_python_functions(self):
        def f(n): return 0 if n == 0 else 1 + f(n - 1)
        self.assertEqual(f(800), 800)

    def test_error_is_catchable_and_repeats(self):
        def f(): return f()
        for _ in range(3):
            self.assertRaises(RecursionError, f)

    def test_methods_and_properties(self):
        class K:
            @property
            def p(self): return self.p
            def __repr__(self): return repr(self)
            def __getattr__(self, n): return getattr(self, n)
            def __eq__(self, o): return self == o
            def __call__(self): return self()
            def __add__(self, o): return self + o
        k = K()
        for action in (lambda: k.p, lambda: repr(k), lambda: k.zz, lambda: k == 1, lambda: k(), lambda: k + 1):
            self.assertRaises(RecursionError, action)

    def test_mutual_through_builtins(self):
        def f(x): return list(map(f, [x]))
        self.assertRaises(RecursionError, f, 1)
        def g(x): return sorted([x, x], key=g)
        self.assertRaises(RecursionError, g, 1)

    def test_limit_is_respected(self):
        depth = 0
        def f():
            nonlocal depth
            depth += 1
            f()
        old = sys.getrecursionlimit()
        sys.setrecursionlimit(300)
        try:
            self.assertRaises(RecursionError, f)
        finally:
            sys.setrecursionlimit(old)
        self.assertTrue(100 < depth < 300, depth)

    def test_higher_limit(self):
        def f(n): return 0 if n == 0 else 1 + f(n - 1)
        old = sys.getrecursionlimit()
        sys.setrecursionlimit(20000)
        try:
            self.assertEqual(f(15000), 15000)
        finally:
            sys.setrecursionlimit(old)

    def test_generators_nested_deeply(self):
        def g(n):
            if n:
                yield from g(n - 1)
            yield n
        self.assertEqual(sum(g(300)), 45150)


class Deep(unittest.TestCase):
    def test_nested_containers(self):
        a = []
        for _ in range(50000):
            a = [a]
        del a

    def test_repr_of_deep_list_does_not_crash(self):
        a = []
        for _ in range(100000):
            a = [a]
        try:
            self.assertEqual(len(repr(a)), 200002)
        except RecursionError:
            pass

    def test_comparing_deep_lists_does_not_crash(self):
        a, b = [], []
        for _ in range(100000):
            a, b = [a], [b]
        try:
            self.assertTrue(a == b)
        except RecursionError:
            pass

    def test_deep_expression(self):
        self.assertEqual(eval("(" * 150 + "1" + ")" * 150), 1)
        self.assertEqual(eval("+".join(["1"] * 3000)), 3000)
        self.assertRaises((SyntaxError, MemoryError, RecursionError), eval, "(" * 5000 + ")" * 5000)

    def test_many_locals_constants_and_names(self):
        source = "def f():\n" + "".join(f"    v{i} = {i}\n" for i in range(1000))
        source += "    return " + "+".join(f"v{i}" for i in range(1000))
        space = {}
        exec(source, space)
        self.assertEqual(space["f"](), 499500)

    def test_many_arguments(self):
        self.assertEqual(eval("max(" + ",".join(map(str, range(2000))) + ")"), 1999)
        def f(*a, **k): return len(a), len(k)
        self.assertEqual(f(*range(5000), **{f"k{i}": i for i in range(500)}), (5000, 500))

    def test_large_function(self):
        source = "def f(x):\n" + "    x = x + 1 if x else 1\n" * 3000 + "    return x\n"
        space = {}
        exec(source, space)
        self.assertEqual(space["f"](0), 3000)

    def test_long_jump_loop(self):
        source = "def f():\n    t = 0\n    for i in range(10):\n" + "        t += i\n" * 3000 + "    return t\n"
        space = {}
        exec(source, space)
        self.assertEqual(space["f"](), 135000)

    def test_large_literals(self):
        self.assertEqual(len(eval("[" + "1," * 5000 + "]")), 5000)
        self.assertEqual(len(eval("{" + ",".join(f"{i}:{i}" for i in range(5000)) + "}")), 5000)
        self.assertEqual(eval(repr("x" * 100000)), "x" * 100000)

    def test_nested_functions(self):
        source = ""
        for i in range(15):
            source += "    " * i + f"def f{i}():\n" + "    " * (i + 1) + f"v{i} = {i}\n"
        source += "    " * 15 + "return " + "+".join(f"v{i}" for i in range(15)) + "\n"
        for i in range(14, 0, -1):
            source += "    " * i + f"return f{i}()\n"
        space = {}
        exec(source, space)
        self.assertEqual(space["f0"](), 105)


if __name__ == "__main__":
    unittest.main()
