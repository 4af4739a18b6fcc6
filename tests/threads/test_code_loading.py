"""Functions of a compiled file are unpacked when they are first needed, by whichever thread that is.

The race: threads call, inspect and compile away at the same functions, none of which has run yet.
Legal: every call gives its result and every attribute its value; nothing else.
"""

import importlib.util
import marshal
import os
import sys
import tempfile
import threading
import types
import unittest

FUNCTIONS = 120
THREADS = 4

SOURCE = "".join(
    f'''
def f{i}(a, b=2, *rest, c, d=4, **more):
    """doc {i}"""
    def inner(x):
        "inner {i}"
        return x + a + {i}
    return inner(b) + c + d + len(rest) + len(more)

def g{i}(n):
    for k in range(n):
        yield k, "{i}"

class C{i}:
    def method(self, value=({i}, "x")):
        return self, value
    async def coroutine(self):
        return {i}
'''
    for i in range(FUNCTIONS)
)


def in_threads(work):
    failures = []
    barrier = threading.Barrier(THREADS)

    def run(number):
        try:
            barrier.wait()
            work(number)
        except BaseException as e:
            failures.append(e)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


class Loading(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)

    def fresh_module(self):
        """The module anew, from the cache file that the first import wrote."""
        path = os.path.join(self.directory.name, "loading_race.py")
        if not os.path.exists(path):
            with open(path, "w") as file:
                file.write(SOURCE)
        spec = importlib.util.spec_from_file_location("loading_race", path)
        module = importlib.util.module_from_spec(spec)
        before, sys.dont_write_bytecode = sys.dont_write_bytecode, False
        try:
            spec.loader.exec_module(module)
        finally:
            sys.dont_write_bytecode = before
        return module

    def each_round(self, work):
        for _ in range(4):  # the first one compiles, the others read the cache
            module = self.fresh_module()
            in_threads(lambda number: work(module, number))

    def test_calls(self):
        def work(module, number):
            for i in range(FUNCTIONS):
                f = getattr(module, f"f{i}")
                self.assertEqual(f(1, c=3), 2 + 1 + i + 3 + 4)
                self.assertEqual(f(1, 5, 6, 7, c=3, d=1, z=0), 5 + 1 + i + 3 + 1 + 2 + 1)
                self.assertEqual(list(getattr(module, f"g{i}")(2)), [(0, str(i)), (1, str(i))])
                self.assertEqual(getattr(module, f"C{i}")().method()[1], (i, "x"))

        self.each_round(work)

    def test_calls_against_attributes(self):
        def work(module, number):
            for i in range(FUNCTIONS):
                f = getattr(module, f"f{i}")
                if number % 2:
                    self.assertEqual(f(1, c=3), 2 + 1 + i + 3 + 4)
                else:
                    self.assertEqual(f.__code__.co_varnames, ("a", "b", "c", "d", "rest", "more", "inner"))
                    self.assertEqual(f.__code__.co_freevars, ())
                    self.assertEqual(f.__code__.co_cellvars, ("a",))
                self.assertEqual(f.__doc__, f"doc {i}")
                self.assertIn(f"inner {i}", [c.co_consts[0] for c in f.__code__.co_consts if isinstance(c, types.CodeType)])

        self.each_round(work)

    def test_wrong_calls(self):
        def work(module, number):
            for i in range(FUNCTIONS):
                with self.assertRaisesRegex(TypeError, rf"f{i}\(\) missing 1 required positional argument: 'a'"):
                    getattr(module, f"f{i}")(c=1)
                with self.assertRaisesRegex(TypeError, "unexpected keyword argument 'm'"):
                    getattr(module, f"g{i}")(m=1)

        self.each_round(work)

    def test_round_trip(self):
        def work(module, number):
            for i in range(number, FUNCTIONS, 2):
                code = marshal.loads(marshal.dumps(getattr(module, f"f{i}").__code__))
                self.assertEqual(code, getattr(module, f"f{i}").__code__)
                f = types.FunctionType(code, {"len": len}, "f", (2,))
                self.assertEqual(f(1, c=3, d=4), 2 + 1 + i + 3 + 4)
                replaced = getattr(module, f"g{i}").__code__.replace(co_name="other")
                self.assertEqual(list(types.FunctionType(replaced, {"range": range})(1)), [(0, str(i))])

        self.each_round(work)


class Documentation(unittest.TestCase):
    def test_stays_with_the_function(self):
        def f():
            "one"

        def g():
            "two"

        f.__code__ = g.__code__
        self.assertEqual(f.__doc__, "one")
        del f.__doc__
        self.assertIsNone(f.__doc__)


if __name__ == "__main__":
    unittest.main()
