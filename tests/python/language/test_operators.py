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
        self.assertEqual((divmod(N(), 1), divmod(1, N()), pow(N(), 2, 3)),
                         (("divmod", 1), ("rdivmod", 1), ("pow", 2, 3)))

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
        self.assertEqual((round(N()), round(N(), 2), math.floor(N()), math.ceil(N()), math.trunc(N())),
                         (("round", None), ("round", 2), "floor", "ceil", "trunc"))


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


class Containers(unittest.TestCase):
    def test_getitem_forms(self):
        class K:
            def __getitem__(self, k): return k
        k = K()
        self.assertEqual((k[1], k[1:2], k[::3], k[1, 2], k[...], k[1:2, 3], k["a"]),
                         (1, slice(1, 2), slice(None, None, 3), (1, 2), ..., (slice(1, 2), 3), "a"))

    def test_star_in_subscript(self):
        class K:
            def __getitem__(self, k): return k
        self.assertEqual(K()[*[1, 2], 3], (1, 2, 3))

    def test_setitem_delitem(self):
        log = []
        class K:
            def __setitem__(self, k, v): log.append((k, v))
            def __delitem__(self, k): log.append(k)
        k = K()
        k[1:2] = 3
        del k["x"], k[0]
        self.assertEqual(log, [(slice(1, 2), 3), "x", 0])

    def test_contains_falls_back_to_iter(self):
        class K:
            def __iter__(self): return iter([1, 2])
        self.assertTrue(1 in K() and 3 not in K())

    def test_contains_falls_back_to_getitem(self):
        class K:
            def __getitem__(self, i):
                if i > 2: raise IndexError
                return i * 10
        self.assertTrue(20 in K() and 25 not in K())
        self.assertEqual(list(K()), [0, 10, 20])
        self.assertEqual(list(reversed_of(K)), [20, 10, 0])

    def test_contains_result_is_bool(self):
        class K:
            def __contains__(self, x): return "yes"
        self.assertIs(1 in K(), True)

    def test_len_checks(self):
        class K:
            def __init__(self, n): self.n = n
            def __len__(self): return self.n
        self.assertEqual(len(K(3)), 3)
        with self.assertRaises(TypeError) as caught:
            len(K("a"))
        self.assertEqual(str(caught.exception), "'str' object cannot be interpreted as an integer")
        with self.assertRaises(ValueError) as caught:
            len(K(-1))
        self.assertEqual(str(caught.exception), "__len__() should return >= 0")
        with self.assertRaises(OverflowError) as caught:
            len(K(2**70))
        self.assertEqual(str(caught.exception), "cannot fit 'int' into an index-sized integer")

    def test_error_messages(self):
        with self.assertRaises(TypeError) as caught:
            5[0]
        self.assertEqual(str(caught.exception), "'int' object is not subscriptable")
        with self.assertRaises(TypeError) as caught:
            ()[0] = 1
        self.assertEqual(str(caught.exception), "'tuple' object does not support item assignment")
        with self.assertRaises(TypeError) as caught:
            del "a"[0]
        self.assertEqual(str(caught.exception), "'str' object doesn't support item deletion")
        with self.assertRaises(TypeError) as caught:
            len(5)
        self.assertEqual(str(caught.exception), "object of type 'int' has no len()")
        with self.assertRaises(TypeError) as caught:
            1 in 5
        self.assertEqual(str(caught.exception), "argument of type 'int' is not a container or iterable")
        with self.assertRaises(TypeError) as caught:
            None[0]
        self.assertEqual(str(caught.exception), "'NoneType' object is not subscriptable")

    def test_index_protocol(self):
        class I:
            def __index__(self): return 2
        self.assertEqual(([10, 20, 30][I()], "abc"[I()], list(range(I())), [1] * I(), hex(I())),
                         (30, "c", [0, 1], [1, 1], "0x2"))

    def test_reversed_protocol(self):
        class K:
            def __reversed__(self): return iter("r")
        self.assertEqual(list(reversed(K())), ["r"])
        with self.assertRaises(TypeError) as caught:
            reversed({1})
        self.assertEqual(str(caught.exception), "'set' object is not reversible")

    def test_length_hint(self):
        class It:
            def __iter__(self): return iter([1])
            def __length_hint__(self): return 5
        self.assertEqual((operator.length_hint(It()), list(It())), (5, [1]))


def reversed_of(cls):
    class Sized(cls):
        def __len__(self):
            return 3
    return reversed(Sized())


class Conversion(unittest.TestCase):
    def test_numeric(self):
        class N:
            def __int__(self): return 3
            def __float__(self): return 1.5
            def __complex__(self): return 2j
        self.assertEqual((int(N()), float(N()), complex(N())), (3, 1.5, 2j))

    def test_index_is_used_for_int_and_float(self):
        class N:
            def __index__(self): return 7
        self.assertEqual((int(N()), float(N()), complex(N())), (7, 7.0, 7 + 0j))

    def test_str_repr_bytes_format(self):
        class N:
            def __str__(self): return "s"
            def __repr__(self): return "r"
            def __bytes__(self): return b"b"
        self.assertEqual((str(N()), repr(N()), bytes(N()), "%s%r" % (N(), N()), f"{N()}", str([N()])),
                         ("s", "r", b"b", "sr", "s", "[r]"))

    def test_str_falls_back_to_repr(self):
        class N:
            def __repr__(self): return "r"
        self.assertEqual(str(N()), "r")

    def test_wrong_result_types(self):
        class N:
            def __str__(self): return 1
            def __repr__(self): return 1
            def __int__(self): return "a"
            def __hash__(self): return "a"
            def __bytes__(self): return "a"
        with self.assertRaises(TypeError) as caught:
            str(N())
        self.assertEqual(str(caught.exception), "__str__ returned non-string (type int)")
        with self.assertRaises(TypeError) as caught:
            repr(N())
        self.assertEqual(str(caught.exception), "__repr__ returned non-string (type int)")
        with self.assertRaises(TypeError) as caught:
            int(N())
        self.assertEqual(str(caught.exception), "__int__ returned non-int (type str)")
        with self.assertRaises(TypeError) as caught:
            hash(N())
        self.assertEqual(str(caught.exception), "__hash__ method should return an integer")
        with self.assertRaises(TypeError) as caught:
            bytes(N())
        self.assertEqual(str(caught.exception), "__bytes__ returned non-bytes (type str)")

    def test_hash_is_reduced(self):
        class N:
            def __hash__(self): return 2**100
        self.assertEqual(hash(N()), hash(2**100))

    def test_call(self):
        class N:
            def __call__(self, *a, **k): return a, k
        self.assertEqual(N()(1, x=2), ((1,), {"x": 2}))
        self.assertTrue(callable(N()))


if __name__ == "__main__":
    unittest.main()
