"""tuple, range, slice and other small types."""

import unittest


class Tuples(unittest.TestCase):
    def test_construction(self):
        self.assertEqual([(), (1,), tuple("ab"), tuple([1]), (1, *[2, 3])], [(), (1,), ("a", "b"), (1,), (1, 2, 3)])
        self.assertIs(tuple(t := (1, 2)), t)

    def test_indexing_and_slices(self):
        t = (1, 2, 3)
        self.assertEqual((t[-1], t[1:], t[::-1], t[:0]), (3, (2, 3), (3, 2, 1), ()))
        with self.assertRaises(IndexError) as caught:
            t[3]
        self.assertEqual(str(caught.exception), "tuple index out of range")
        with self.assertRaises(TypeError) as caught:
            t[1.0]
        self.assertEqual(str(caught.exception), "tuple indices must be integers or slices, not float")

    def test_operators(self):
        self.assertEqual((1,) + (2,), (1, 2))
        self.assertEqual((1, 2) * 2, (1, 2, 1, 2))
        self.assertEqual((1, 2) < (1, 3), True)
        self.assertEqual((1, 2) == (1.0, 2), True)
        self.assertEqual(1 in (1,), True)

    def test_hash_depends_on_items(self):
        self.assertEqual(hash((1, "a", (2.0,))), hash((1.0, "a", (2,))))
        self.assertRaises(TypeError, hash, ([],))

    def test_index_and_count(self):
        self.assertEqual(((1, 2, 1).count(1), (1, 2, 1).index(1, 1)), (2, 2))
        with self.assertRaises(ValueError) as caught:
            (1,).index(5)
        self.assertEqual(str(caught.exception), "tuple.index(x): x not in tuple")

    def test_repr(self):
        self.assertEqual([repr(()), repr((1,)), repr((1, "a"))], ["()", "(1,)", "(1, 'a')"])

    def test_immutable(self):
        with self.assertRaises(TypeError) as caught:
            del (1,)[0]
        self.assertEqual(str(caught.exception), "'tuple' object doesn't support item deletion")
        with self.assertRaises(AttributeError) as caught:
            ().append(1)
        self.assertEqual(str(caught.exception), "'tuple' object has no attribute 'append'")

    def test_subclass(self):
        class P(tuple):
            @property
            def x(self): return self[0]
        p = P((1, 2))
        self.assertEqual((p.x, p + (3,), type(p[:])), (1, (1, 2, 3), tuple))


class Ranges(unittest.TestCase):
    def test_sequence(self):
        r = range(2, 20, 3)
        self.assertEqual(list(r), [2, 5, 8, 11, 14, 17])
        self.assertEqual(len(r), 6)
        self.assertEqual(r[0], 2)
        self.assertEqual(r[-1], 17)
        self.assertEqual(r[1:3], range(5, 11, 3))
        self.assertEqual(r[::-1], range(17, -1, -3))

    def test_contains_is_arithmetic(self):
        r = range(0, 10**18, 7)
        self.assertTrue(7 * 10**16 in r and 8 not in r and 7.0 in range(10) and "a" not in range(10))

    def test_index_count(self):
        self.assertEqual((range(0, 10, 2).index(4), range(5).count(3), range(5).count(9)), (2, 1, 0))
        with self.assertRaises(ValueError) as caught:
            range(3).index(5)
        self.assertEqual(str(caught.exception), "range.index(x): x not in range")

    def test_equality_and_hash(self):
        self.assertEqual(range(0, 3, 2) == range(0, 4, 2), True)
        self.assertEqual(range(0) == range(5, 5), True)
        self.assertEqual(hash(range(3)) == hash(range(0, 3, 1)), True)

    def test_attributes_and_repr(self):
        r = range(1, 5, 2)
        self.assertEqual((r.start, r.stop, r.step, repr(r), repr(range(3))), (1, 5, 2, "range(1, 5, 2)", "range(0, 3)"))
        with self.assertRaises(AttributeError) as caught:
            r.start = 1
        self.assertEqual(str(caught.exception), "readonly attribute")

    def test_errors(self):
        with self.assertRaises(ValueError) as caught:
            range(1, 2, 0)
        self.assertEqual(str(caught.exception), "range() arg 3 must not be zero")
        with self.assertRaises(TypeError) as caught:
            range(1.5)
        self.assertEqual(str(caught.exception), "'float' object cannot be interpreted as an integer")
        with self.assertRaises(IndexError) as caught:
            range(3)[5]
        self.assertEqual(str(caught.exception), "range object index out of range")
        with self.assertRaises(TypeError) as caught:
            range()
        self.assertEqual(str(caught.exception), "range expected at least 1 argument, got 0")

    def test_big(self):
        r = range(10**30, 10**30 + 3)
        self.assertEqual((list(r)[-1], r[1], 10**30 + 2 in r, len(r)), (10**30 + 2, 10**30 + 1, True, 3))
        self.assertRaises(OverflowError, len, range(2**100))

    def test_reversed_and_negative(self):
        self.assertEqual(list(reversed(range(5))), [4, 3, 2, 1, 0])
        self.assertEqual(list(range(0, -5, -2)), [0, -2, -4])
        self.assertEqual(list(range(5, 0)), [])

    def test_falsy_when_empty(self):
        self.assertTrue(not range(0) and range(1))


class Slices(unittest.TestCase):
    def test_attributes(self):
        s = slice(1, None, 2)
        self.assertEqual((s.start, s.stop, s.step, repr(s)), (1, None, 2, "slice(1, None, 2)"))

    def test_indices(self):
        self.assertEqual(slice(None).indices(5), (0, 5, 1))
        self.assertEqual(slice(-2, None).indices(5), (3, 5, 1))
        self.assertEqual(slice(None, None, -1).indices(3), (2, -1, -1))
        self.assertEqual(slice(10, 20).indices(5), (5, 5, 1))

    def test_comparison_and_hash(self):
        self.assertEqual(slice(1, 2), slice(1, 2))
        self.assertEqual(hash(slice(1, 2)), hash(slice(1, 2)))

    def test_custom_indices(self):
        class I:
            def __index__(self): return 1
        self.assertEqual("abc"[I():], "bc")


class Singletons(unittest.TestCase):
    def test_none(self):
        self.assertIsNone(type(None)())
        self.assertEqual((repr(None), bool(None)), ("None", False))
        with self.assertRaises(AttributeError) as caught:
            None.x
        self.assertEqual(str(caught.exception), "'NoneType' object has no attribute 'x'")

    def test_ellipsis_and_not_implemented(self):
        self.assertIs(..., Ellipsis)
        self.assertEqual((repr(...), repr(NotImplemented)), ("Ellipsis", "NotImplemented"))
        with self.assertRaises(TypeError) as caught:
            bool(NotImplemented)
        self.assertEqual(str(caught.exception), "NotImplemented should not be used in a boolean context")

    def test_object(self):
        o = object()
        self.assertTrue(o == o and o != object() and hash(o) == hash(o))
        with self.assertRaises(AttributeError) as caught:
            o.x = 1
        self.assertEqual(str(caught.exception),
                         "'object' object has no attribute 'x' and no __dict__ for setting new attributes")
        with self.assertRaises(TypeError) as caught:
            object(1)
        self.assertEqual(str(caught.exception), "object() takes no arguments")

    def test_type_objects(self):
        self.assertEqual(type(5), int)
        self.assertEqual(type(int), type)
        self.assertEqual(type("a")("b"), "b")
        self.assertEqual(int.__name__, "int")
        self.assertEqual(repr(int), "<class 'int'>")
        with self.assertRaises(TypeError) as caught:
            type(1, 2)
        self.assertEqual(str(caught.exception), "type() takes 1 or 3 arguments")

    def test_builtin_types_are_immutable(self):
        with self.assertRaises(TypeError) as caught:
            int.x = 1
        self.assertEqual(str(caught.exception), "cannot set 'x' attribute of immutable type 'int'")

    def test_enumerate_zip_map_filter_objects(self):
        self.assertEqual(list(enumerate("ab", 5)), [(5, "a"), (6, "b")])
        self.assertEqual(list(zip("ab", [1])), [("a", 1)])
        self.assertEqual(list(map(max, [1, 5], [3, 2])), [3, 5])
        self.assertEqual(list(filter(None, [0, 1])), [1])

    def test_zip_strict(self):
        self.assertEqual(list(zip([1], [2], strict=True)), [(1, 2)])
        with self.assertRaises(ValueError) as caught:
            list(zip([1, 2], [1], strict=True))
        self.assertEqual(str(caught.exception), "zip() argument 2 is shorter than argument 1")
        with self.assertRaises(ValueError) as caught:
            list(zip([1], [1, 2], strict=True))
        self.assertEqual(str(caught.exception), "zip() argument 2 is longer than argument 1")

    def test_map_strict(self):
        with self.assertRaises(ValueError) as caught:
            list(map(max, [1, 2], [1], strict=True))
        self.assertEqual(str(caught.exception), "map() argument 2 is shorter than argument 1")


if __name__ == "__main__":
    unittest.main()
