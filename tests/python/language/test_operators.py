"""Operator protocols: binary, reflected, in-place, unary, comparison, containers, conversion and calls."""

import operator
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


if __name__ == "__main__":
    unittest.main()
