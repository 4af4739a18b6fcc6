"""Chains of operations whose operands are results of the operations right before them."""

import sys
import unittest

VALUES = [0, 1, -1, 7, 2**61, -2**61, 2**62 - 1, -2**62, 2**63, 2**80, 0.0, -0.0, 1.5, -2.25, 1e300, 5e-324, float("inf"), True]


def one_by_one(*steps):
    """The same steps, each a call of its own."""
    def run(*values):
        values = list(values)
        for function, places in steps:
            values.append(function(*(values[i] for i in places)))
        return values[-1]
    return run


def add(a, b): return a + b
def sub(a, b): return a - b
def mul(a, b): return a * b
def div(a, b): return a / b
def floor(a): return a // 8
def mod(a): return a % 8
def next_one(a): return a + 1
def last_one(a): return a - 1


class Number:
    """Overloads everything, and tells what was done."""

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text

    def __eq__(self, other):
        return isinstance(other, Number) and self.text == other.text


for name, sign in (("add", "+"), ("sub", "-"), ("mul", "*"), ("truediv", "/"), ("floordiv", "//"), ("mod", "%")):
    setattr(Number, f"__{name}__", lambda self, other, sign=sign: Number(f"({self}{sign}{other})"))
    setattr(Number, f"__r{name}__", lambda self, other, sign=sign: Number(f"({other}{sign}{self})"))


def outcome(function, *values):
    try:
        return repr(function(*values))
    except ArithmeticError as error:
        return type(error).__name__, str(error)


class Chains(unittest.TestCase):
    def check(self, chain, *steps):
        expected = one_by_one(*steps)
        for a in VALUES + [Number("x")]:
            for b in VALUES + [Number("y")]:
                for _ in range(3):
                    self.assertEqual(outcome(chain, a, b), outcome(expected, a, b), (a, b))

    def test_left_operands(self):
        def chain(a, b):
            return ((a + b) * b - a) / b
        self.check(chain, (add, (0, 1)), (mul, (2, 1)), (sub, (3, 0)), (div, (4, 1)))

    def test_right_operands(self):
        def chain(a, b):
            return a / (b - (a * (b + a)))
        self.check(chain, (add, (1, 0)), (mul, (0, 2)), (sub, (1, 3)), (div, (0, 4)))

    def test_both_operands(self):
        def chain(a, b):
            c = a + b
            c = c * c
            c = c - c
            return c
        self.check(chain, (add, (0, 1)), (mul, (2, 2)), (sub, (3, 3)))

    def test_all_places_of_three_operands(self):
        a_b = {"+": add, "-": sub, "*": mul}
        for first in a_b:
            for second in a_b:
                for third in a_b:
                    forms = (
                        # carried, into: the first operator's left, its right, the other operand on either side
                        (f"((a {first} b) {second} a) {third} b", (first, 0, 1), (second, 2, 0), (third, 3, 1)),
                        (f"b {third} ((b {second} (a {first} b)))", (first, 0, 1), (second, 1, 2), (third, 1, 3)),
                        (f"(a {first} b) {third} (a {second} a)", (first, 0, 1), (second, 0, 0), (third, 2, 3)),
                        (f"(a {second} b) {third} (a {first} b)", (second, 0, 1), (first, 0, 1), (third, 2, 3)),
                    )
                    for text, *steps in forms:
                        chain = eval("lambda a, b: " + text)
                        self.check(chain, *((a_b[name], places) for name, *places in steps))

    def test_powers(self):
        def chain(a, b):
            return 1.5 / (a * b) ** b - (a / b) ** 1.5 * b

        def steps(a, b):
            c = mul(a, b)
            c = pow(c, b)
            c = div(1.5, c)
            d = div(a, b)
            d = pow(d, 1.5)
            return sub(c, mul(d, b))
        values = [0.0, -0.0, 1.5, -2.25, 0.5, 1e300, 5e-324, float("inf"), float("nan"), 3, -2, True]
        for a in values:
            for b in values:
                self.assertEqual(outcome(chain, a, b), outcome(steps, a, b), (a, b))

    def test_constants(self):
        def chain(a, b):
            return ((a + b + 1) // 8 - 1) % 8 + 1
        self.check(chain, (add, (0, 1)), (next_one, (2,)), (floor, (3,)), (last_one, (4,)), (mod, (5,)), (next_one, (6,)))

    def test_variables(self):
        def chain(a, b):
            c = a - b
            d = c + b
            d += 1
            d *= b
            return d
        self.check(chain, (sub, (0, 1)), (add, (2, 1)), (next_one, (3,)), (mul, (4, 1)))

    def test_results_of_calls(self):
        def half(a): return a / 2
        def twice(a): return a * 2
        def chain(a, b): return half(a) * b + twice(b)
        self.check(chain, (half, (0,)), (mul, (2, 1)), (twice, (1,)), (add, (3, 4)))

    def test_items_and_attributes(self):
        class Pair:
            def __init__(self, a, b):
                self.a, self.b = a, b

            @property
            def sum(self):
                return self.a + self.b

        def chain(a, b):
            pair, items = Pair(a, b), [a, b]
            return (pair.a * items[1] - pair.b) + pair.sum * items[0]
        self.check(chain, (mul, (0, 1)), (sub, (2, 1)), (add, (0, 1)), (mul, (4, 0)), (add, (3, 5)))


class Paths(unittest.TestCase):
    def test_operand_of_another_branch(self):
        def f(c, a, b):
            return (a if c else b) + 1

        def g(c, a, b):
            return (a * b if c else a) * (b - a if not c else b)
        for _ in range(10):
            for c in (0, 1):
                self.assertEqual(f(c, 10, 20), (11 if c else 21))
                self.assertEqual(g(c, 10, 20), (200 * 20 if c else 10 * 10))

    def test_loops(self):
        def over(sequence):
            total = 0
            for x in sequence:
                total = total + x * x + 1
            return total
        for sequence in ([1, 2, 3], (1, 2, 3), range(1, 4), [1.5, 2.5], [2**62, 2**62], ["a"][1:]):
            for _ in range(4):
                expected = 0
                for x in sequence:
                    expected = sum([expected, x ** 2, 1])
                self.assertEqual(over(sequence), expected)
                self.assertEqual(over(x for x in sequence), expected)

    def test_methods_of_items(self):
        class Counter:
            def __init__(self):
                self.n = 0

            def step(self):
                self.n += 1

            def add(self, k):
                self.n += k
                return self

        class Other(Counter):
            def step(self):
                self.n += 10

        things = [Counter(), Other(), Counter()]
        def all_step():
            for thing in things:
                thing.step()
        def all_add():
            for thing in things:
                thing.add(2).step()
        for _ in range(5):
            all_step()
            all_add()
        self.assertEqual([thing.n for thing in things], [20, 110, 20])
        things.append("no step")
        with self.assertRaisesRegex(AttributeError, "'str' object has no attribute 'step'"):
            all_step()

    def test_loop_over_other_things_than_at_first(self):
        def total(things):
            n = 0
            for thing in things:
                n += thing
            return n

        def pairs(things):
            n = 0
            for i, thing in things:
                n += i * thing
            return n
        for kinds in ([1, 2], range(3), (x for x in [5, 6]), (1, 2), {1: 2}, {7}, b"ab", [1.5, 2], range(0), []):
            kinds = list(kinds) if hasattr(kinds, "send") else kinds
            for make in (lambda: kinds, lambda: iter(kinds), lambda: (x for x in kinds)):
                self.assertEqual(total(make()), sum(kinds))
            self.assertEqual(pairs(enumerate(kinds)), sum(i * x for i, x in enumerate(kinds)))
            self.assertEqual(pairs(list(enumerate(kinds))), pairs(enumerate(tuple(kinds))))

    def test_exception_inside(self):
        def f(a, b):
            return (a + b) / (a - b) + 1
        for _ in range(5):
            self.assertEqual(f(3, 1), 3.0)
            self.assertRaises(ZeroDivisionError, f, 2, 2)
            self.assertRaises(TypeError, f, 2, "x")

    def test_traced(self):
        def f(a, b):
            c = (a + b) * b - a
            for x in [a, b]:
                c = c + x * 2
            return c // 2 + 1
        expected = f(3, 4)
        lines, opcodes = [], []

        def trace(frame, event, argument):
            frame.f_trace_opcodes = True
            (lines if event == "line" else opcodes).append(frame.f_lineno)
            return trace
        for _ in range(3):
            sys.settrace(trace)
            try:
                self.assertEqual(f(3, 4), expected)
            finally:
                sys.settrace(None)
            self.assertEqual(f(3, 4), expected)
        self.assertTrue(lines and opcodes)

    def test_locals_written_between(self):
        def f(a):
            b = a + 1
            sys._getframe().f_locals["b"] = 100
            return b + 1
        for _ in range(3):
            self.assertEqual(f(1), 101)


if __name__ == "__main__":
    unittest.main()
