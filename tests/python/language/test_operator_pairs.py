"""Two operators in a row, the second of which takes the result of the first: numbers of all kinds, and objects with operators of
their own, in the order in which they are written."""

import itertools
import sys
import unittest

LIMIT = 2 ** 62
INTS = [0, 1, -1, 7, LIMIT - 1, LIMIT, -LIMIT, -LIMIT - 1, 2 ** 31, 3 ** 50]
FLOATS = [0.0, -0.0, 1.5, -2.25, 1e308, 5e-324, float("inf"), 1e-300]
OTHERS = [True, 2j]

PAIRS = {}
for first, second in itertools.product("+-*", repeat=2):
    namespace = {}
    exec(f"def left(a, b, c): return (a {first} b) {second} c\n"
         f"def right(a, b, c): return c {second} (a {first} b)\n"
         f"def stored(a, b, c):\n    c = (a {first} b) {second} c\n    return c\n"
         f"def assigned(a, b, c):\n    c {second}= a {first} b\n    return c\n", namespace)
    PAIRS[first, second] = [namespace[name] for name in ("left", "right", "stored", "assigned")]



class Traced:
    """Writes down what is done to it."""

    def __init__(self, name, log):
        self.name, self.log = name, log

    def operate(self, sign, other):
        name = getattr(other, "name", other)
        self.log.append((self.name, sign, name))
        return Traced(f"({self.name}{sign}{name})", self.log)

    def __add__(self, other): return self.operate("+", other)
    def __sub__(self, other): return self.operate("-", other)
    def __mul__(self, other): return self.operate("*", other)
    def __radd__(self, other): return self.operate("r+", other)
    def __rsub__(self, other): return self.operate("r-", other)
    def __rmul__(self, other): return self.operate("r*", other)


def one(sign, a, b):
    if sign == "+":
        return a + b
    return a - b if sign == "-" else a * b


class Pairs(unittest.TestCase):
    def test_numbers(self):
        for (first, second), (left, right, stored, assigned) in PAIRS.items():
            for a, b, c in itertools.product(INTS + FLOATS + OTHERS, repeat=3):
                between = one(first, a, b)
                expected, other_way = one(second, between, c), one(second, c, between)
                self.assertEqual(repr(left(a, b, c)), repr(expected), (a, first, b, second, c))
                self.assertEqual(repr(stored(a, b, c)), repr(expected))
                self.assertEqual(repr(right(a, b, c)), repr(other_way), (a, first, b, second, c))
                self.assertEqual(repr(assigned(a, b, c)), repr(other_way))

    def test_items(self):
        made = {}
        for sign in "+-*":
            namespace = {}
            exec(f"def left(s, i, x): return s[i] {sign} x\n"
                 f"def right(s, i, x): return x {sign} s[i]\n"
                 f"def stored(s, i, x):\n    s[i] {sign}= x\n    return s[i]\n", namespace)
            made[sign] = [namespace[name] for name in ("left", "right", "stored")]
        numbers = [3, 2.5, LIMIT - 1, True, 1e308, -0.0]
        for sign, (left, right, stored) in made.items():
            for i, x in itertools.product(range(-6, 6), numbers):
                for items in (numbers, tuple(numbers), dict(enumerate(numbers, -6)), dict(enumerate(numbers))):
                    if isinstance(items, dict) and i not in items:
                        with self.assertRaisesRegex(KeyError, f"^{i}$"):
                            left(items, i, x)
                        continue
                    self.assertEqual(repr(left(items, i, x)), repr(one(sign, items[i], x)))
                    self.assertEqual(repr(right(items, i, x)), repr(one(sign, x, items[i])))
                copy = list(numbers)
                self.assertEqual(repr(stored(copy, i, x)), repr(one(sign, numbers[i], x)))
            for i in (6, -7, 2 ** 70):
                with self.assertRaisesRegex(IndexError, "index"):
                    left(numbers, i, 1)
            with self.assertRaisesRegex(TypeError, "list indices must be integers or slices, not float"):
                right(numbers, 1.0, 1)
            with self.assertRaisesRegex(TypeError, "'int' object is not subscriptable"):
                right(7, 0, 1)
            with self.assertRaisesRegex(TypeError, "unsupported operand|can only concatenate|can't multiply"):
                left(["a", []], 0, 1.5)
        self.assertEqual(made["+"][0](["ab", "c"], 0, "d"), "abd")
        self.assertEqual(made["*"][1]([[1], [2]], 1, 2), [2, 2])

    def test_attributes(self):
        class Plain:
            shared = 5

            def __init__(self, x):
                self.x = x

            @property
            def double(self):
                return self.x * 2

            def __getattr__(self, name):
                if name == "missing":
                    raise AttributeError("no such thing")
                return 100

        class Slotted:
            __slots__ = ("x",)

        made = {}
        for name, sign in itertools.product(["x", "shared", "double", "other", "missing"], "+-*"):
            namespace = {}
            exec(f"def left(o, y): return o.{name} {sign} y\ndef right(o, y): return y {sign} o.{name}\n", namespace)
            made[name, sign] = namespace["left"], namespace["right"]
        for (name, sign), (left, right) in made.items():
            for x, y in itertools.product([4, 1.5, LIMIT - 1, -0.0], [3, -2.0, LIMIT]):
                o = Plain(x)
                if name == "missing":
                    with self.assertRaisesRegex(AttributeError, "no such thing"):
                        left(o, y)
                    continue
                self.assertEqual(repr(left(o, y)), repr(one(sign, getattr(o, name), y)))
                self.assertEqual(repr(right(o, y)), repr(one(sign, y, getattr(o, name))))
        left, right = made["x", "+"]
        slotted = Slotted()
        with self.assertRaisesRegex(AttributeError, "'Pairs.test_attributes.<locals>.Slotted' object has no attribute 'x'"):
            left(slotted, 1)
        slotted.x = 1.5
        self.assertEqual((left(slotted, 1.5), right(slotted, 2)), (3.0, 3.5))
        self.assertEqual(left(Plain("ab"), "c"), "abc")
        self.assertEqual(right(Plain([1]), [2]), [2, 1])

    def test_texts_and_lists(self):
        def repeated(a, n, b): return a * n + b
        def behind(a, b, n): return b + a * n
        for n in (0, 1, 3):
            self.assertEqual(repeated("ab", n, "c"), "ab" * n + "c")
            self.assertEqual(behind([1], [2], n), [2] + [1] * n)
        with self.assertRaisesRegex(TypeError, r'can only concatenate str \(not "int"\) to str'):
            repeated("ab", 2, 3)
        with self.assertRaisesRegex(TypeError, r"unsupported operand type\(s\) for \+: 'int' and 'str'"):
            repeated(3, 2, "ab")

    def test_objects_in_order(self):
        for (first, second), (left, right, *_) in PAIRS.items():
            log = []
            x, y = Traced("x", log), Traced("y", log)
            self.assertEqual(left(x, y, 3).name, f"((x{first}y){second}3)")
            self.assertEqual(right(x, 2, y).name, f"(y{second}(x{first}2))")
            self.assertEqual(right(5, 2, y).name, f"(y{second}{one(first, 5, 2)})")
            self.assertEqual(left(5, 2, y).name, f"(yr{second}{one(first, 5, 2)})")
            self.assertEqual(len(log), 6)

    def test_a_failing_second_names_its_operands(self):
        def second(a, b, c): return a * b + c
        with self.assertRaisesRegex(TypeError, r"unsupported operand type\(s\) for \+: 'int' and 'NoneType'"):
            second(2, 3, None)
        with self.assertRaisesRegex(TypeError, r"unsupported operand type\(s\) for \+: 'float' and 'list'"):
            second(2.0, 3.0, [])

    def test_what_the_result_replaces_dies(self):
        ended = []

        class Thing:
            def __del__(self):
                ended.append(sys._getframe(1).f_code.co_name)

        def replaces(a, b, c):
            x = Thing()
            x = a * b + c
            return x, list(ended)

        self.assertEqual(replaces(2, 3, 4), (10, ["replaces"]))

    def test_traced(self):
        def computed(a, b, c):
            x = a + b * c
            y = x * c + a
            return x - y

        lines = []

        def trace(frame, event, argument):
            if frame.f_code is computed.__code__:
                lines.append((event, frame.f_lineno - computed.__code__.co_firstlineno))
            return trace

        for numbers in [(1, 2, 3), (1.0, 2.0, 3.0)]:
            lines.clear()
            sys.settrace(trace)
            try:
                traced = computed(*numbers)
            finally:
                sys.settrace(None)
            self.assertEqual(lines, [("call", 0), ("line", 1), ("line", 2), ("line", 3), ("return", 3)])
            self.assertEqual(traced, computed(*numbers))


if __name__ == "__main__":
    unittest.main()
