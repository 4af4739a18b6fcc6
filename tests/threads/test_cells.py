"""Closure cells and function objects shared between threads.

Race: a cell is written, deleted and read; defaults, __code__, __dict__ and annotations of a function are replaced while
it is called. Legal outcomes: a reader gets a value that was stored, or NameError if the cell was empty at some time;
a call uses one whole set of defaults and one code.
"""

import functools
import unittest

from support import THREADS, numbered, race, repeat, scaled

N = scaled(5_000)


class Cells(unittest.TestCase):
    def test_values_are_whole(self):
        value = ("start", 0, 0)

        def write(k):
            nonlocal value
            for i in range(N):
                value = ("written", k, i)

        def read():
            tag, k, i = value
            assert tag in ("start", "written") and 0 <= k < THREADS and 0 <= i < N
        race(*numbered(write), meanwhile=[read])

    def test_delete(self):
        value = [0]

        def write(k):
            nonlocal value
            for i in range(N):
                value = [i]
                try:
                    del value
                except NameError:
                    pass
            value = [0]

        def read():
            try:
                assert 0 <= value[0] < N
            except NameError:
                pass
        race(*numbered(write, 2), meanwhile=[read, read])
        self.assertEqual(value, [0])

    def test_cell_contents(self):
        def make():
            x = 0
            return lambda: x
        function = make()
        cell = function.__closure__[0]

        def write(k):
            for i in range(N):
                cell.cell_contents = (k, -k)
        def read():
            got = function()
            assert got == 0 or got[0] == -got[1]
        race(*numbered(write), meanwhile=[read])

    def test_closures_made_in_parallel(self):
        def make(n):
            def get():
                return n

            def bump():
                nonlocal n
                n += 1
                return get()
            return get, bump

        def work(k):
            for i in range(N):
                get, bump = make(i)
                assert get() == i and bump() == i + 1 and get() == i + 1
        race(*numbered(work))

    def test_globals_and_builtins(self):
        space = {"result": 0}
        exec("def get(): return len([1, 2]) + result", space)

        def write():
            for i in range(N):
                space["result"] = i
                if i % 100 == 0:
                    space["len"] = lambda _: 2
                    del space["len"]
        def read():
            assert 2 <= space["get"]() < N + 2
        race(write, meanwhile=[read, read])


class Functions(unittest.TestCase):
    def test_defaults_replaced(self):
        def function(a=0, b=0, *, c=0):
            return a, b, c

        def write():
            for i in range(1, N):
                function.__defaults__ = (i, -i)
                function.__kwdefaults__ = {"c": i}
        def call():
            a, b, c = function()
            assert a == -b and 0 <= c < N
        race(write, meanwhile=[call, call])

    def test_code_replaced(self):
        def function():
            return "first"

        def other():
            return "second"
        codes = function.__code__, other.__code__

        def write():
            for i in range(N // 4):
                function.__code__ = codes[i % 2]
        def call():
            assert function() in ("first", "second")
        race(write, meanwhile=[call, call])

    def test_attributes(self):
        def function():
            pass

        def work(k):
            for i in range(N // 4):
                setattr(function, f"own{k}", i)
                assert getattr(function, f"own{k}") == i
                function.__name__ = f"name{i}"
                function.__doc__ = f"doc{i}"
                assert function.__name__.startswith("name") and function.__doc__.startswith("doc")
        race(*numbered(work))

    def test_lru_cache(self):
        @functools.lru_cache(maxsize=32)
        def square(n):
            return n * n

        def work():
            for i in range(N):
                n = (i * 7) % 50
                assert square(n) == n * n
        race(*repeat(work), meanwhile=[square.cache_info])
        self.assertLessEqual(square.cache_info().currsize, 32)

    def test_unbounded_cache_and_clear(self):
        @functools.cache
        def name(n):
            return f"name{n}"

        def work(k):
            for i in range(N):
                assert name(i % 200) == f"name{i % 200}"
                if k == 0 and i % 500 == 0:
                    name.cache_clear()
        race(*numbered(work))

    def test_cached_property(self):
        class Thing:
            @functools.cached_property
            def value(self):
                return ["made"]

        for _ in range(50):
            thing = Thing()

            def work():
                assert thing.value == ["made"]
                return thing.value
            race(work, work)
            self.assertIs(thing.value, thing.value)

    def test_partial_shared(self):
        add = functools.partial(lambda *args, **kw: sum(args) + sum(kw.values()), 1, 2, k=3)

        def work():
            for i in range(N):
                assert add(i, z=1) == 7 + i
        race(*repeat(work))


if __name__ == "__main__":
    unittest.main()
