"""Operator protocols: binary, reflected, in-place, unary, comparison, containers, conversion and calls."""

import gc
import operator
import sys
import traceback
import unittest


class Binary(unittest.TestCase):
    def test_all_forward(self):
        class N:
            pass
        for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "lshift", "rshift", "and_", "or_", "xor",
                     "matmul", "pow"):
            dunder = f"__{name.rstrip('_')}__"
            setattr(N, dunder, lambda self, other, d=dunder: (d, other))
            self.assertEqual(getattr(operator, name)(N(), 5), (dunder, 5))

    def test_all_reflected(self):
        class N:
            pass
        for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "lshift", "rshift", "and_", "or_", "xor",
                     "matmul", "pow"):
            dunder = f"__r{name.rstrip('_')}__"
            setattr(N, dunder, lambda self, other, d=dunder: (d, other))
            self.assertEqual(getattr(operator, name)(5, N()), (dunder, 5))

    def test_all_in_place(self):
        class N:
            pass
        for name in ("iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "ilshift", "irshift", "iand", "ior",
                     "ixor", "imatmul", "ipow"):
            dunder = f"__{name}__"
            setattr(N, dunder, lambda self, other, d=dunder: (d, other))
            self.assertEqual(getattr(operator, name)(N(), 5), (dunder, 5))

    def test_divmod_and_pow_with_modulus(self):
        class N:
            def __divmod__(self, o): return "divmod", o
            def __rdivmod__(self, o): return "rdivmod", o
            def __pow__(self, o, m=None): return "pow", o, m
        self.assertEqual(divmod(N(), 1), ("divmod", 1))
        self.assertEqual(divmod(1, N()), ("rdivmod", 1))
        self.assertEqual(pow(N(), 2, 3), ("pow", 2, 3))

    def test_not_implemented_tries_reflected(self):
        class A:
            def __add__(self, o): return NotImplemented
        class B:
            def __radd__(self, o): return "B"
        self.assertEqual(A() + B(), "B")

    def test_same_type_does_not_try_reflected(self):
        class A:
            def __add__(self, o): return NotImplemented
            def __radd__(self, o): return "r"
        with self.assertRaises(TypeError) as caught:
            A() + A()
        self.assertEqual(str(caught.exception), "unsupported operand type(s) for +: 'A' and 'A'")

    def test_subclass_reflected_first(self):
        class A:
            def __sub__(self, o): return "A.sub"
            def __rsub__(self, o): return "A.rsub"
        class B(A):
            def __rsub__(self, o): return "B.rsub"
        class C(A): pass
        self.assertEqual((A() - B(), A() - C()), ("B.rsub", "A.sub"))

    def test_error_messages(self):
        with self.assertRaises(TypeError) as caught:
            1 + "a"
        self.assertEqual(str(caught.exception), "unsupported operand type(s) for +: 'int' and 'str'")
        with self.assertRaises(TypeError) as caught:
            "a" + 1
        self.assertEqual(str(caught.exception), "can only concatenate str (not \"int\") to str")
        with self.assertRaises(TypeError) as caught:
            [] + 1
        self.assertEqual(str(caught.exception), "can only concatenate list (not \"int\") to list")
        with self.assertRaises(TypeError) as caught:
            () + []
        self.assertEqual(str(caught.exception), "can only concatenate tuple (not \"list\") to tuple")
        with self.assertRaises(TypeError) as caught:
            [1] * 1.5
        self.assertEqual(str(caught.exception), "can't multiply sequence by non-int of type 'float'")
        with self.assertRaises(TypeError) as caught:
            "a" ** 2
        self.assertEqual(str(caught.exception), "unsupported operand type(s) for ** or pow(): 'str' and 'int'")
        with self.assertRaises(TypeError) as caught:
            1 @ 1
        self.assertEqual(str(caught.exception), "unsupported operand type(s) for @: 'int' and 'int'")
        with self.assertRaises(TypeError) as caught:
            {} | []
        self.assertEqual(str(caught.exception), "unsupported operand type(s) for |: 'dict' and 'list'")
        with self.assertRaises(TypeError) as caught:
            print >> 1
        self.assertEqual(str(caught.exception),
                         "unsupported operand type(s) for >>: 'builtin_function_or_method' and 'int'")
        with self.assertRaises(TypeError) as caught:
            {1} - [1]
        self.assertEqual(str(caught.exception), "unsupported operand type(s) for -: 'set' and 'list'")

    def test_instance_attribute_is_ignored(self):
        class A: pass
        a = A()
        a.__add__ = lambda o: 1
        with self.assertRaises(TypeError):
            a + 1

    def test_set_to_none_blocks(self):
        class A:
            def __add__(self, o): return 1
        class B(A):
            __add__ = None
        with self.assertRaises(TypeError):
            B() + 1


class Methods(unittest.TestCase):
    """Operators on instances whose classes have Python methods, written as operators."""

    class Left:
        def __init__(self, value):
            self.value = value

        def __add__(self, other):
            if isinstance(other, str):
                return NotImplemented
            return Methods.Left(self.value + (other.value if isinstance(other, Methods.Left) else other))

        def __sub__(self, other):
            yield self.value
            yield other

        def __mul__(self, other):
            raise ValueError(other)

        def __truediv__(self, other):
            return NotImplemented

        def __mod__(self, other):
            return sys._getframe().f_back.f_code.co_name

        def __or__(self, other):
            return self | other

    class Derived(Left):
        def __radd__(self, other):
            return "derived", other.value

        def __rtruediv__(self, other):
            return NotImplemented

    class Right:
        def __rtruediv__(self, other):
            return "right", other.value

        def __radd__(self, other):
            return NotImplemented

    def test_results(self):
        a = self.Left(1)
        self.assertEqual((a + a).value, 2)
        self.assertEqual((a + 3).value, 4)
        self.assertEqual(((a + 1) + (a + 2)).value, 5)
        self.assertEqual(list(a - 7), [1, 7])
        self.assertEqual(a % 1, "test_results")

    def test_not_implemented(self):
        a, derived, right = self.Left(1), self.Derived(2), self.Right()
        self.assertEqual(a + derived, ("derived", 1))
        self.assertEqual(a / right, ("right", 1))
        for other in (a, derived, 3, None):
            with self.assertRaisesRegex(TypeError, r"^unsupported operand type\(s\) for /: 'Left' and"):
                a / other
        with self.assertRaisesRegex(TypeError, r"^unsupported operand type\(s\) for \+: 'Left' and 'str'"):
            a + "x"
        with self.assertRaisesRegex(TypeError, r"^unsupported operand type\(s\) for \+: 'int' and 'Right'"):
            a + right

    def test_errors(self):
        a = self.Left(1)
        try:
            a * 5
        except ValueError as error:
            rows = traceback.extract_tb(error.__traceback__)
        self.assertEqual([row.name for row in rows], ["test_errors", "__mul__"])
        self.assertEqual(rows[0].line, "a * 5")
        with self.assertRaises(RecursionError):
            a | a

    def test_in_generators(self):
        def generator():
            received = yield self.Left(1) + 1
            yield self.Left(2) + received
            yield from self.Left(3) - 4
        g = generator()
        self.assertEqual(next(g).value, 2)
        self.assertEqual(g.send(5).value, 7)
        self.assertEqual(list(g), [3, 4])

    def test_operands_are_dropped(self):
        dropped = []

        class N:
            def __add__(self, other):
                return N()

            def __del__(self):
                dropped.append(1)
        for _ in range(5):
            N() + N()
        gc.collect()
        self.assertEqual(len(dropped), 15)

    def test_traced(self):
        events = []

        def trace(frame, event, argument):
            events.append((frame.f_code.co_name, event))
            return trace

        def run():
            return self.Left(1) % 2
        before = sys.gettrace()
        sys.settrace(trace)
        try:
            run()
        finally:
            sys.settrace(before)
        self.assertEqual([e for e in events if e[0] == "__mod__"], [("__mod__", "call"), ("__mod__", "line"), ("__mod__", "return")])


class Unary(unittest.TestCase):
    def test_all(self):
        class N:
            def __neg__(self): return "neg"
            def __pos__(self): return "pos"
            def __invert__(self): return "inv"
            def __abs__(self): return "abs"
        self.assertEqual((-N(), +N(), ~N(), abs(N())), ("neg", "pos", "inv", "abs"))

    def test_error_messages(self):
        with self.assertRaises(TypeError) as caught:
            -"a"
        self.assertEqual(str(caught.exception), "bad operand type for unary -: 'str'")
        with self.assertRaises(TypeError) as caught:
            +[]
        self.assertEqual(str(caught.exception), "bad operand type for unary +: 'list'")
        with self.assertRaises(TypeError) as caught:
            ~1.5
        self.assertEqual(str(caught.exception), "bad operand type for unary ~: 'float'")
        with self.assertRaises(TypeError) as caught:
            abs("a")
        self.assertEqual(str(caught.exception), "bad operand type for abs(): 'str'")

    def test_rounding(self):
        class N:
            def __round__(self, n=None): return "round", n
            def __floor__(self): return "floor"
            def __ceil__(self): return "ceil"
            def __trunc__(self): return "trunc"
        import math
        self.assertEqual(round(N()), ("round", None))
        self.assertEqual(round(N(), 2), ("round", 2))
        self.assertEqual(math.floor(N()), "floor")
        self.assertEqual(math.ceil(N()), "ceil")
        self.assertEqual(math.trunc(N()), "trunc")


class Comparison(unittest.TestCase):
    def test_all(self):
        class N:
            def __lt__(self, o): return "lt"
            def __le__(self, o): return "le"
            def __eq__(self, o): return "eq"
            def __ne__(self, o): return "ne"
            def __gt__(self, o): return "gt"
            def __ge__(self, o): return "ge"
        n = N()
        self.assertEqual([n < 1, n <= 1, n == 1, n != 1, n > 1, n >= 1], ["lt", "le", "eq", "ne", "gt", "ge"])
        self.assertEqual([1 < n, 1 <= n, 1 > n, 1 >= n], ["gt", "ge", "lt", "le"])

    def test_ne_defaults_to_inverse_of_eq(self):
        class N:
            def __eq__(self, o): return True
        self.assertFalse(N() != 1)

    def test_default_eq_is_identity(self):
        a, b = object(), object()
        self.assertTrue(a == a and a != b)

    def test_unorderable(self):
        with self.assertRaises(TypeError) as caught:
            1 < "a"
        self.assertEqual(str(caught.exception), "'<' not supported between instances of 'int' and 'str'")
        with self.assertRaises(TypeError) as caught:
            None >= 1
        self.assertEqual(str(caught.exception), "'>=' not supported between instances of 'NoneType' and 'int'")
        with self.assertRaises(TypeError) as caught:
            1j < 2j
        self.assertEqual(str(caught.exception), "'<' not supported between instances of 'complex' and 'complex'")
        with self.assertRaises(TypeError) as caught:
            {} < {}
        self.assertEqual(str(caught.exception), "'<' not supported between instances of 'dict' and 'dict'")

    def test_eq_without_hash_makes_unhashable(self):
        class N:
            def __eq__(self, o): return True
        with self.assertRaises(TypeError) as caught:
            hash(N())
        self.assertEqual(str(caught.exception), "unhashable type: 'N'")

    def test_containers_use_identity_first(self):
        nan = float("nan")
        self.assertTrue(nan in [nan] and [nan] == [nan] and nan != nan)

    def test_subclass_comparison_first(self):
        class A:
            def __lt__(self, o): return "A"
            def __gt__(self, o): return "A"
        class B(A):
            def __gt__(self, o): return "B"
        self.assertEqual(A() < B(), "B")

    def test_rich_results_in_chain(self):
        class N:
            def __lt__(self, o): return []
        self.assertEqual(N() < 1 < 2, [])


class FoldedTexts(unittest.TestCase):
    def test_equal_ones_are_one_object(self):
        made = [eval(compile(text, "<test>", "eval")) for text in ("'ab' * 40", "'ab' * 40", "'abab' + 'ab' * 38")]
        self.assertIs(made[0], made[1])
        self.assertIs(made[0], made[2])
        self.assertEqual(eval("('a b' + 'c', -'1'.__len__())"), ("a bc", -1))


if __name__ == "__main__":
    unittest.main()
