"""C data: simple types, structures, arrays, pointers, and the memory behind them."""
import ctypes
import gc
import pickle
import sys
import unittest
import weakref
from ctypes import (
    POINTER, Array, BigEndianStructure, Structure, Union, addressof, alignment, byref, c_bool, c_byte, c_char, c_char_p, c_double, c_double_complex,
    c_float, c_int, c_long, c_longdouble, c_short, c_ubyte, c_uint16, c_uint32, c_uint64, c_ulonglong, c_void_p, c_wchar, c_wchar_p, cast, create_string_buffer,
    create_unicode_buffer, memmove, memset, pointer, py_object, resize, sizeof, string_at, wstring_at,
)


class SimpleTest(unittest.TestCase):
    def test_values(self):
        for cls, value in ((c_byte, -5), (c_ubyte, 250), (c_short, -300), (c_int, -70000), (c_long, -(1 << 62)), (c_ulonglong, (1 << 64) - 1),
                           (c_double, 2.5), (c_float, 0.5), (c_longdouble, 1.25), (c_bool, True), (c_char, b"x"), (c_wchar, "\u20ac"),
                           (c_void_p, 0x1234), (c_double_complex, 1 - 2j)):
            with self.subTest(cls=cls):
                self.assertEqual(cls(value).value, value)
                self.assertEqual(repr(cls(value)), f"{cls.__name__}({value!r})")

    def test_overflow_wraps(self):
        self.assertEqual(c_ubyte(-1).value, 255)
        self.assertEqual(c_byte(200).value, -56)
        self.assertEqual(c_int(1 << 40).value, 0)

    def test_wrong_values(self):
        for cls, value, text in (
            (c_int, "x", "'str' object cannot be interpreted as an integer"),
            (c_double, "x", "must be real number, not str"),
            (c_char, b"ab", "one character bytes, bytearray, or an integer in range(256) expected, not bytes of length 2"),
            (c_char, 256, "integer not in range(256)"),
            (c_wchar, "ab", "a unicode character expected, not a string of length 2"),
            (c_char_p, "x", "bytes or integer address expected instead of str instance"),
            (c_wchar_p, b"x", "unicode string or integer address expected instead of bytes instance"),
            (c_void_p, "x", "cannot be converted to pointer"),
        ):
            with self.subTest(cls=cls, value=value), self.assertRaises(TypeError) as caught:
                cls(value)
            self.assertEqual(str(caught.exception), text)

    def test_text_pointers_keep_their_text(self):
        p = c_char_p(b"abc" * 1000)
        q = c_wchar_p("a\u20acb" * 1000)
        gc.collect()
        self.assertEqual(p.value, b"abc" * 1000)
        self.assertEqual(q.value, "a\u20acb" * 1000)

    def test_objects(self):
        o = py_object([1, 2])
        gc.collect()
        self.assertEqual(o.value, [1, 2])
        with self.assertRaises(ValueError):
            py_object().value

    def test_other_byte_order(self):
        for cls, value in ((c_uint32, 0x01020304), (c_uint64, 1), (c_double, 1.5), (c_float, 1.5), (c_short, -2)):
            big, little = cls.__ctype_be__(value), cls.__ctype_le__(value)
            self.assertEqual(bytes(big), bytes(little)[::-1])
            self.assertEqual((big.value, little.value), (value, value))

    def test_subclasses_stay_instances(self):
        class Mine(c_int):
            pass

        class S(Structure):
            _fields_ = [("a", Mine), ("b", c_int)]

        s = S(1, 2)
        self.assertIsInstance(s.a, Mine)
        self.assertEqual(s.a.value, 1)
        self.assertEqual(s.b, 2)

    def test_bad_class_definitions(self):
        with self.assertRaises(AttributeError):
            type("X", (ctypes._SimpleCData,), {"_type_": "!"})
        with self.assertRaises(ValueError):
            type("X", (ctypes._SimpleCData,), {"_type_": "ab"})
        with self.assertRaises(TypeError):
            type("X", (ctypes._SimpleCData,), {"_type_": 3})

    def test_unhashable(self):
        with self.assertRaisesRegex(TypeError, "unhashable type"):
            hash(c_int())

    def test_extreme_pickles(self):
        self.assertEqual(pickle.loads(pickle.dumps(c_int(7))).value, 7)
        with self.assertRaisesRegex(ValueError, "ctypes objects containing pointers cannot be pickled"):
            pickle.dumps(c_void_p(1))


class StructureTest(unittest.TestCase):
    def test_layout(self):
        class S(Structure):
            _fields_ = [("a", c_byte), ("b", c_int), ("c", c_double), ("d", c_char * 3)]

        self.assertEqual(sizeof(S), 24)
        self.assertEqual(alignment(S), 8)
        self.assertEqual([getattr(S, n).offset for n in "abcd"], [0, 4, 8, 16])
        s = S(1, 2, 3.0, b"xyz")
        self.assertEqual((s.a, s.b, s.c, s.d), (1, 2, 3.0, b"xyz"))
        self.assertEqual(memoryview(s).format, "T{<b:a:3x<i:b:<d:c:(3)<c:d:5x}")

    def test_bit_fields(self):
        class S(Structure):
            _fields_ = [("a", c_int, 3), ("b", c_int, 5), ("c", c_uint32, 24), ("d", c_short, 16)]

        s = S(-1, 15, 0xABCDEF, -2)
        self.assertEqual((s.a, s.b, s.c, s.d), (-1, 15, 0xABCDEF, -2))
        s.a = 9
        self.assertEqual((s.a, s.b, s.c, s.d), (1, 15, 0xABCDEF, -2))

    def test_big_endian(self):
        class S(BigEndianStructure):
            _fields_ = [("a", c_uint16), ("b", c_uint32), ("x", c_uint16, 4), ("y", c_uint16, 12)]

        s = S(0x0102, 0x03040506, 1, 2)
        self.assertEqual(bytes(s)[:2], b"\1\2")
        self.assertEqual(bytes(s)[4:8], b"\3\4\5\6")
        self.assertEqual(bytes(s)[8:10], b"\x10\x02")
        self.assertEqual((s.a, s.b, s.x, s.y), (0x0102, 0x03040506, 1, 2))

    def test_union_and_anonymous(self):
        class U(Union):
            _fields_ = [("i", c_uint32), ("b", c_ubyte * 4)]

        class S(Structure):
            _anonymous_ = ["u"]
            _fields_ = [("head", c_int), ("u", U)]

        s = S()
        s.i = 0x04030201
        self.assertEqual(list(s.b), [1, 2, 3, 4])
        self.assertEqual(S.i.offset, 4)
        self.assertTrue(S.u.is_anonymous)

    def test_inheritance(self):
        class A(Structure):
            _fields_ = [("p", c_char_p)]

        class B(A):
            _fields_ = [("q", c_char_p)]

        b = B(b"first" * 100, b"second" * 100)
        gc.collect()
        self.assertEqual((b.p, b.q), (b"first" * 100, b"second" * 100))

    def test_fields_are_final(self):
        class S(Structure):
            pass

        S._fields_ = [("a", c_int)]
        with self.assertRaisesRegex(AttributeError, "_fields_ is final"):
            S._fields_ = []

        class T(Structure):
            pass

        T()
        with self.assertRaisesRegex(AttributeError, "_fields_ is final"):
            T._fields_ = []

        class R(Structure):
            pass

        with self.assertRaisesRegex(AttributeError, "Structure or union cannot contain itself"):
            R._fields_ = [("r", R)]

    def test_incomplete_types(self):
        class Cell(Structure):
            pass

        Cell._fields_ = [("value", c_int), ("next", POINTER(Cell))]
        a, b = Cell(1), Cell(2)
        a.next = pointer(b)
        b.next = pointer(a)
        del b
        gc.collect()
        self.assertEqual([a.value, a.next[0].value, a.next[0].next[0].value], [1, 2, 1])

    def test_alignment_and_pack(self):
        class S(Structure):
            _align_ = 16
            _fields_ = [("a", c_int)]

        self.assertEqual((sizeof(S), alignment(S)), (16, 16))

        class P(Structure):
            _pack_ = 1
            _layout_ = "ms"
            _fields_ = [("a", c_byte), ("b", c_int)]

        self.assertEqual(sizeof(P), 5)

    def test_parts_keep_the_whole(self):
        class Inner(Structure):
            _fields_ = [("x", c_int)]

        class Outer(Structure):
            _fields_ = [("pad", c_int * 50), ("inner", Inner)]

        inner = Outer().inner
        gc.collect()
        inner.x = 5
        self.assertEqual(inner._b_base_.inner.x, 5)
        self.assertEqual((inner._b_needsfree_, inner._b_base_._b_needsfree_), (0, 1))

    def test_pickle(self):
        import copy

        copied = copy.copy(Point(1, 2.5))
        self.assertEqual((copied.x, copied.y), (1, 2.5))
        read = pickle.loads(pickle.dumps(Point(3, 4)))
        self.assertEqual((read.x, read.y), (3, 4))


class Point(Structure):
    _fields_ = [("x", c_int), ("y", c_double)]


class ArrayTest(unittest.TestCase):
    def test_items(self):
        a = (c_int * 4)(1, 2, 3)
        self.assertEqual((a[0], a[-1], a[:], a[::-1], len(a)), (1, 0, [1, 2, 3, 0], [0, 3, 2, 1], 4))
        a[1:3] = [7, 8]
        self.assertEqual(list(a), [1, 7, 8, 0])
        for bad in (4, -5):
            with self.assertRaisesRegex(IndexError, "invalid index"):
                a[bad]
        with self.assertRaisesRegex(ValueError, "Can only assign sequence of same size"):
            a[:] = [1]

    def test_types_are_cached(self):
        self.assertIs(c_int * 5, c_int * 5)
        self.assertIs(5 * c_int, c_int * 5)
        self.assertEqual((c_int * 5).__name__, "c_int_Array_5")
        with self.assertRaises(ValueError):
            c_int * -1
        with self.assertRaises(OverflowError):
            c_int * (1 << 62)

    def test_text(self):
        b = create_string_buffer(b"ab", 6)
        self.assertEqual((b.value, b.raw, sizeof(b)), (b"ab", b"ab\0\0\0\0", 6))
        b.value = b"xyz"
        self.assertEqual(b.raw, b"xyz\0\0\0")
        u = create_unicode_buffer("a\U0001f600", 4)
        self.assertEqual((u.value, u[1], u[:2]), ("a\U0001f600", "\U0001f600", "a\U0001f600"))
        with self.assertRaisesRegex(ValueError, "byte string too long"):
            b.value = b"1234567"

    def test_nested(self):
        m = (c_int * 3 * 2)((1, 2, 3), (4, 5, 6))
        self.assertEqual([list(r) for r in m], [[1, 2, 3], [4, 5, 6]])
        v = memoryview(m)
        self.assertEqual((v.shape, v.strides, v.format, v.itemsize, v.nbytes), ((2, 3), (12, 4), "<i", 4, 24))

    def test_item_type_that_grows(self):
        class S(Structure):
            pass

        a = (S * 4)()
        S._fields_ = [("a", c_int * 100)]
        # The array has no room for such items: reading one must not leave its memory. (CPython does not look.)
        if sys.implementation.name == "typhon":
            with self.assertRaises(IndexError):
                a[3]


class PointerTest(unittest.TestCase):
    def test_contents(self):
        i = c_int(5)
        p = pointer(i)
        p.contents.value = 6
        p[0] += 1
        self.assertEqual(i.value, 7)
        self.assertTrue(p)
        self.assertFalse(POINTER(c_int)())
        self.assertIs(POINTER(c_int), POINTER(c_int))
        with self.assertRaisesRegex(ValueError, "NULL pointer access"):
            POINTER(c_int)().contents

    def test_keeps_what_it_points_to(self):
        p = pointer((c_int * 100)(*range(100)))
        gc.collect()
        self.assertEqual(list(p.contents), list(range(100)))

    def test_slices(self):
        p = cast((c_int * 4)(1, 2, 3, 4), POINTER(c_int))
        self.assertEqual((p[:3], p[1:4:2], p[3:0:-1]), ([1, 2, 3], [2, 4], [4, 3, 2]))
        with self.assertRaisesRegex(ValueError, "slice stop is required"):
            p[1:]

    def test_cast_keeps_the_source(self):
        class Marker(c_int * 3):
            pass

        source = Marker(1, 2, 3)
        gone = weakref.ref(source)
        p = cast(source, POINTER(c_int))
        del source
        gc.collect()
        self.assertIsNotNone(gone())
        self.assertEqual(p[:3], [1, 2, 3])

    def test_wrong_targets(self):
        with self.assertRaisesRegex(TypeError, "expected c_int instead of int"):
            POINTER(c_int)(1)
        with self.assertRaisesRegex(TypeError, "cast\\(\\) argument 2 must be a pointer type, not c_int"):
            cast(1, c_int)


class MemoryTest(unittest.TestCase):
    def test_from_buffer(self):
        b = bytearray(8)
        i = c_int.from_buffer(b, 4)
        i.value = -1
        self.assertEqual(b, b"\0\0\0\0\xff\xff\xff\xff")
        with self.assertRaises(BufferError):
            b.extend(b"x")
        del i
        gc.collect()
        b.extend(b"x")
        for args, error in (((b"1234",), TypeError), ((bytearray(3),), ValueError), ((bytearray(8), 6), ValueError), ((bytearray(8), -1), ValueError)):
            with self.assertRaises(error):
                c_int.from_buffer(*args)
        self.assertEqual(c_int.from_buffer_copy(b"\1\0\0\0\0").value, 1)

    def test_released_view_does_not_free_the_memory(self):
        if sys.implementation.name != "typhon":
            self.skipTest("CPython lets go of the memory")
        b = bytearray(64)
        i = c_int.from_buffer(b)
        i._objects.release()
        with self.assertRaises(BufferError):
            b.extend(bytes(1000))
        i.value = 5
        self.assertEqual(b[0], 5)

    def test_from_address(self):
        i = c_int(42)
        self.assertEqual(c_int.from_address(addressof(i)).value, 42)

    def test_resize(self):
        class S(Structure):
            _fields_ = [("n", c_int), ("items", c_int * 1)]

        s = S(3)
        old = s.items
        resize(s, sizeof(S) + 4000)
        self.assertEqual((sizeof(s), s.n), (sizeof(S) + 4000, 3))
        old[0] = 5  # memory of before: nobody else's
        for size in range(5000, 6000, 7):
            resize(s, size)
        self.assertEqual((s.n, sizeof(s)), (3, 5999 - (5999 - 5000) % 7))
        with self.assertRaisesRegex(ValueError, "minimum size is 8"):
            resize(s, 4)
        with self.assertRaisesRegex(ValueError, "Memory cannot be resized because this object doesn't own it"):
            resize(s.items, 400)

    def test_moves(self):
        b = create_string_buffer(10)
        memset(b, ord("x"), 9)
        memmove(b, b"abc", 3)
        self.assertEqual(b.value, b"abcxxxxxx")
        self.assertEqual((string_at(b), string_at(b, 2), wstring_at("abc", 2)), (b"abcxxxxxx", b"ab", "ab"))
        self.assertEqual(bytes(ctypes.memoryview_at(b, 4)), b"abcx")

    def test_descriptor_of_another_class(self):
        class Big(Structure):
            _fields_ = [("pad", c_int * 1000), ("x", c_int)]

        if sys.implementation.name == "typhon":
            # CPython reads whatever lies there.
            with self.assertRaises(ValueError):
                Big.x.__get__(c_int())
            with self.assertRaises(ValueError):
                Big.x.__set__(c_int(), 1)

    def test_classes_are_collected(self):
        def make():
            class S(Structure):
                _fields_ = [("a", c_int)]

            POINTER(S)
            S * 3
            return weakref.ref(S)

        gone = make()
        for _ in range(3):
            gc.collect()
        self.assertIsNone(gone())


if __name__ == "__main__":
    unittest.main()
