"""Container, conversion and call protocols."""

import operator
import unittest


class Containers(unittest.TestCase):
    def test_getitem_forms(self):
        class K:
            def __getitem__(self, k): return k
        k = K()
        self.assertEqual(k[1], 1)
        self.assertEqual(k[1:2], slice(1, 2))
        self.assertEqual(k[::3], slice(None, None, 3))
        self.assertEqual(k[1, 2], (1, 2))
        self.assertEqual(k[...], ...)
        self.assertEqual(k[1:2, 3], (slice(1, 2), 3))
        self.assertEqual(k["a"], "a")

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
        self.assertEqual([10, 20, 30][I()], 30)
        self.assertEqual("abc"[I()], "c")
        self.assertEqual(list(range(I())), [0, 1])
        self.assertEqual([1] * I(), [1, 1])
        self.assertEqual(hex(I()), "0x2")

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
        self.assertEqual(str(N()), "s")
        self.assertEqual(repr(N()), "r")
        self.assertEqual(bytes(N()), b"b")
        self.assertEqual("%s%r" % (N(), N()), "sr")
        self.assertEqual(f"{N()}", "s")
        self.assertEqual(str([N()]), "[r]")

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
