"""One call site that calls many kinds of things, in any order: what it called first must not matter."""
import itertools
import marshal
import sys
import unittest


class Plain:
    def __init__(self, v=None):
        self.v = v

    def method(self, v):
        return ("method", v)

    @classmethod
    def of_class(cls, v):
        return ("class", v)

    @staticmethod
    def of_none(v):
        return ("static", v)


class Calls:
    def __call__(self, v):
        return ("called", v)


class Bare:
    pass


def function(v):
    return ("function", v)


def with_default(v, w=2):
    return ("default", v, w)


def with_rest(*v):
    return ("rest", v)


def generator(v):
    yield v


def key(result):
    if isinstance(result, Plain):
        return "Plain", result.v
    if type(result).__name__ == "generator":
        return list(result)
    return result


LIST = []
CALLABLES = [
    (function, [1], ("function", [1])),
    (with_default, [1], ("default", [1], 2)),
    (with_rest, [1], ("rest", ([1],))),
    (generator, [1], [[1]]),
    (len, [1, 2], 2),
    (type, [1], list),
    (str, [1], "[1]"),
    (tuple, [1], (1,)),
    (list, [1], [1]),
    (Plain, [1], ("Plain", [1])),
    (Plain(0).method, [1], ("method", [1])),
    (Plain.of_class, [1], ("class", [1])),
    (Plain.of_none, [1], ("static", [1])),
    (Calls(), [1], ("called", [1])),
    (lambda v: v, [1], [1]),
    (LIST.append, [1], None),
    ({3: 4}.get, 3, 4),
    ({3: 4}.get, 5, None),
    (sorted, [2, 1], [1, 2]),
    (print.__class__, 1, TypeError),
    (Bare, 1, TypeError),
    (5, 1, TypeError),
    (len, 5, TypeError),
]


class Holder:
    pass


class CallVariantsTest(unittest.TestCase):
    def check(self, call):
        for f, argument, expected in call.order:
            for _ in range(2):
                if expected is TypeError:
                    with self.assertRaises(TypeError):
                        call(f, argument)
                else:
                    self.assertEqual(key(call(f, argument)), expected, f)

    def test_calls(self):
        for first in range(len(CALLABLES)):
            space = {}
            exec("def call(f, v):\n  r = f(v)\n  return r\n", space)
            call = space["call"]
            call.order = CALLABLES[first:] + CALLABLES[:first]
            self.check(call)

    def test_methods(self):
        for first in range(len(CALLABLES)):
            space = {}
            exec("def call(holder, v):\n  r = holder.f(v)\n  return r\n", space)
            inner = space["call"]

            def call(f, v):
                holder = Holder()
                holder.f = f
                return inner(holder, v)
            call.order = CALLABLES[first:] + CALLABLES[:first]
            self.check(call)

    def test_methods_of_types(self):
        cases = [([], (1,), None), ({1: 2}, (1,), AttributeError), (Plain(), (1,), AttributeError), (bytearray(), (1,), None)]
        for order in itertools.permutations(cases):
            space = {}
            exec("def call(o, v):\n  return o.append(v)\n", space)
            for target, args, expected in order * 2:
                if expected is AttributeError:
                    with self.assertRaises(AttributeError):
                        space["call"](target, *args)
                else:
                    self.assertIsNone(space["call"](target, *args))

    def test_get(self):
        class Sub(dict):
            def __missing__(self, k):
                return "missing"

        class Other:
            def get(self, k, default="other"):
                return default
        for order in itertools.permutations([{}, {"k": 1}, Sub(), Sub(k=2), Other()]):
            space = {}
            exec("def one(o, k):\n  return o.get(k)\ndef two(o, k, d):\n  return o.get(k, d)\n", space)
            for target in order * 2:
                held = dict(target).get("k") if isinstance(target, dict) else "other"
                self.assertEqual(space["one"](target, "k"), held)
                self.assertEqual(space["two"](target, "k", "d"), "d" if held in (None, "other") else held)
                if isinstance(target, dict):
                    with self.assertRaisesRegex(TypeError, "unhashable type: 'list'"):
                        space["one"](target, [])

    def test_argument_counts(self):
        def call_len(*a):
            return len(*a)
        for _ in range(3):
            self.assertEqual(len([1]), 1)
            for args in [(), ([1], [2])]:
                with self.assertRaisesRegex(TypeError, r"len\(\) takes exactly one argument \(\d given\)"):
                    call_len(*args)

        def check(f):
            return f(3, int), f("x", (int, str))
        self.assertEqual([check(isinstance) for _ in range(3)], [(True, True)] * 3)
        self.assertEqual(check(lambda a, b: a), (3, "x"))
        with self.assertRaisesRegex(TypeError, r"isinstance\(\) arg 2 must be a type"):
            check(lambda a, b: isinstance(a, 5))

    def test_code_looks_as_before(self):
        source = "def f(a, b):\n  b.append(len(a))\n  return str(a), isinstance(a, list), b.copy(), type(a), P(a)\n"
        spaces = [{"P": Plain}, {"P": Plain}]
        for space in spaces:
            exec(compile(source, "variants", "exec"), space)
        fresh, used = (space["f"] for space in spaces)
        before = used.__code__.co_code, hash(used.__code__), marshal.dumps(used.__code__)
        for _ in range(3):
            used([1], [])
        self.assertEqual(fresh.__code__, used.__code__)
        self.assertEqual(hash(fresh.__code__), hash(used.__code__))
        self.assertEqual((used.__code__.co_code, hash(used.__code__)), before[:2])
        self.assertEqual(used.__code__.replace(co_name="f"), fresh.__code__)
        self.assertEqual(used.__code__.co_code, fresh.__code__.co_code)

    def test_profiled(self):
        def f(items):
            items.append(len(items))
            return str(items)
        for _ in range(3):
            f([])
        events = []

        def profile(frame, event, arg):
            if event.startswith("c_") and frame.f_code is f.__code__:
                events.append((event, arg.__name__))
        sys.setprofile(profile)
        try:
            f([])
        finally:
            sys.setprofile(None)
        self.assertEqual(events, [("c_call", "len"), ("c_return", "len"), ("c_call", "append"), ("c_return", "append")])
        self.assertEqual(f([5]), "[5, 1]")

    def test_traced_calls(self):
        def callee(x):
            return x

        def caller(n):
            return [callee(i) for i in range(n)]
        caller(5)
        events = []

        def trace(frame, event, arg):
            events.append((event, frame.f_code.co_name))
        sys.settrace(trace)
        try:
            caller(3)
        finally:
            sys.settrace(None)
        self.assertEqual(events.count(("call", "callee")), 3)
        self.assertEqual(caller(2), [0, 1])

    def test_recursion_limit(self):
        def down(n):
            return down(n + 1)

        class Down:
            def method(self, n):
                return self.method(n + 1)
        for _ in range(2):
            with self.assertRaises(RecursionError):
                down(0)
            with self.assertRaises(RecursionError):
                Down().method(0)


if __name__ == "__main__":
    unittest.main()
