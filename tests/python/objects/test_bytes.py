"""bytes, bytearray and memoryview."""

import unittest


class Bytes(unittest.TestCase):
    def test_literals_and_repr(self):
        self.assertEqual(repr(b"a'\"\n\x00\xff\\"), 'b\'a\\\'"\\n\\x00\\xff\\\\\'')
        self.assertEqual(b"\x41\102", b"AB")
        self.assertEqual(rb"\n", b"\\n")

    def test_indexing(self):
        b = b"abc"
        self.assertEqual([b[0], b[-1], b[1:], b[::-1], list(b)], [97, 99, b"bc", b"cba", [97, 98, 99]])
        with self.assertRaises(IndexError) as caught:
            b[3]
        self.assertEqual(str(caught.exception), "index out of range")

    def test_constructor(self):
        self.assertEqual(bytes(), b"")
        self.assertEqual(bytes(2), b"\0\0")
        self.assertEqual(bytes([1, 2]), b"\1\2")
        self.assertEqual(bytes("é", "utf-8"), b"\xc3\xa9")
        self.assertEqual(bytes(bytearray(b"x")), b"x")
        with self.assertRaises(TypeError) as caught:
            bytes("a")
        self.assertEqual(str(caught.exception), "string argument without an encoding")
        with self.assertRaises(ValueError) as caught:
            bytes([256])
        self.assertEqual(str(caught.exception), "bytes must be in range(0, 256)")
        with self.assertRaises(ValueError) as caught:
            bytes(-1)
        self.assertEqual(str(caught.exception), "negative count")
        with self.assertRaises(TypeError) as caught:
            bytes([1.5])
        self.assertEqual(str(caught.exception), "'float' object cannot be interpreted as an integer")
        with self.assertRaises(TypeError) as caught:
            bytes(1.5)
        self.assertEqual(str(caught.exception), "cannot convert 'float' object to bytes")

    def test_contains(self):
        self.assertTrue(97 in b"abc" and b"bc" in b"abc" and b"x" not in b"abc")
        with self.assertRaises(ValueError) as caught:
            256 in b"a"
        self.assertEqual(str(caught.exception), "byte must be in range(0, 256)")

    def test_concatenation(self):
        self.assertEqual(b"a" + b"b", b"ab")
        self.assertEqual(b"ab" * 2, b"abab")
        self.assertEqual(b"a" + bytearray(b"b"), b"ab")
        self.assertEqual(bytearray(b"a") + b"b", bytearray(b"ab"))
        with self.assertRaises(TypeError) as caught:
            b"a" + "b"
        self.assertEqual(str(caught.exception), "can't concat str to bytes")

    def test_comparison(self):
        self.assertTrue(b"a" < b"b" and b"a" == bytearray(b"a") and b"a" != "a")

    def test_methods_like_str(self):
        self.assertEqual(b"aB".upper(), b"AB")
        self.assertEqual(b"a,b".split(b","), [b"a", b"b"])
        self.assertEqual(b" a ".strip(), b"a")
        self.assertEqual(b"abc".find(b"c"), 2)
        self.assertEqual(b"abc".find(99), 2)
        self.assertEqual(b"abab".replace(b"a", b"x"), b"xbxb")
        self.assertEqual(b"-".join([b"a", b"b"]), b"a-b")
        self.assertEqual(b"abc".startswith(b"a"), True)
        self.assertEqual(b"a=b".partition(b"="), (b"a", b"=", b"b"))
        self.assertEqual(b"ab".center(4), b" ab ")
        self.assertEqual(b"5".zfill(3), b"005")
        self.assertEqual(b"a1".isalnum(), True)
        self.assertEqual(b"abc".count(b"b"), 1)
        self.assertEqual(b"a\nb".splitlines(), [b"a", b"b"])

    def test_hex(self):
        self.assertEqual(b"\x01\xff".hex(), "01ff")
        self.assertEqual(b"\x01\xff\x02".hex(":"), "01:ff:02")
        self.assertEqual(bytes.fromhex("01 ff"), b"\x01\xff")
        self.assertEqual(b"abcd".hex("-", 2), "6162-6364")
        with self.assertRaisesRegex(ValueError, "non-hexadecimal number found in fromhex"):
            bytes.fromhex("zz")

    def test_percent(self):
        self.assertEqual(b"%s %d %x %a" % (b"a", 5, 255, "é"), b"a 5 ff '\\xe9'")
        self.assertEqual(b"%b" % b"x", b"x")
        self.assertEqual(b"%c" % 65, b"A")

    def test_translate(self):
        self.assertEqual(b"abc".translate(bytes.maketrans(b"ab", b"xy"), b"c"), b"xy")

    def test_decode(self):
        self.assertEqual(b"\xc3\xa9".decode(), "é")
        self.assertEqual(b"\xe9".decode("latin-1"), "é")
        self.assertEqual(b"\xff".decode("ascii", "replace"), "\ufffd")
        with self.assertRaises(UnicodeDecodeError) as caught:
            b"\xe6\xbc".decode()
        self.assertEqual(str(caught.exception),
                         "'utf-8' codec can't decode bytes in position 0-1: unexpected end of data")
        with self.assertRaises(UnicodeDecodeError) as caught:
            b"a\x80".decode()
        self.assertEqual(str(caught.exception),
                         "'utf-8' codec can't decode byte 0x80 in position 1: invalid start byte")
        with self.assertRaises(UnicodeDecodeError) as caught:
            b"\xe9".decode("ascii")
        self.assertEqual(str(caught.exception),
                         "'ascii' codec can't decode byte 0xe9 in position 0: ordinal not in range(128)")

    def test_hash(self):
        self.assertEqual(hash(b"ab"), hash(b"a" + b"b"))
        self.assertRaises(TypeError, hash, bytearray())

    def test_immutable(self):
        with self.assertRaises(TypeError) as caught:
            b"a"[0] = 1
        self.assertEqual(str(caught.exception), "'bytes' object does not support item assignment")


class ByteArrays(unittest.TestCase):
    def test_mutation(self):
        b = bytearray(b"abc")
        b[0] = 120
        b[1:2] = b"YY"
        b.append(33)
        b += b"??"
        del b[-1]
        b.insert(0, 48)
        b.extend([49, 50])
        self.assertEqual(b, bytearray(b"0xYYc!?12"))

    def test_pop_remove_reverse_clear(self):
        b = bytearray(b"abcb")
        self.assertEqual((b.pop(), b.pop(0)), (98, 97))
        b.remove(98)
        b.reverse()
        self.assertEqual(b, b"c")
        b.clear()
        self.assertEqual(b, b"")
        with self.assertRaises(IndexError) as caught:
            b.pop()
        self.assertEqual(str(caught.exception), "pop from empty bytearray")
        with self.assertRaises(ValueError) as caught:
            b.remove(5)
        self.assertEqual(str(caught.exception), "value not found in bytearray")

    def test_value_range(self):
        b = bytearray(1)
        with self.assertRaises(ValueError) as caught:
            b[0] = 256
        self.assertEqual(str(caught.exception), "byte must be in range(0, 256)")
        with self.assertRaises(TypeError) as caught:
            b[0] = "a"
        self.assertEqual(str(caught.exception), "'str' object cannot be interpreted as an integer")
        with self.assertRaises(IndexError) as caught:
            b[5] = 1
        self.assertEqual(str(caught.exception), "bytearray index out of range")

    def test_extended_slices(self):
        b = bytearray(range(6))
        b[::2] = b"xyz"
        del b[1::2]
        self.assertEqual(b, b"xyz")
        with self.assertRaises(ValueError) as caught:
            b[::2] = b"a"
        self.assertEqual(str(caught.exception), "attempt to assign bytes of size 1 to extended slice of size 2")

    def test_repr_and_copy(self):
        b = bytearray(b"a")
        c = b.copy()
        c.append(98)
        self.assertEqual((repr(b), repr(c), b == b"a"), ("bytearray(b'a')", "bytearray(b'ab')", True))

    def test_in_place_identity(self):
        a = b = bytearray(b"x")
        a += b"y"
        a *= 2
        self.assertIs(a, b)
        self.assertEqual(b, b"xyxy")

    def test_growth(self):
        b = bytearray()
        for i in range(5000):
            b.append(i % 256)
        self.assertEqual((len(b), b[4999], sum(b)), (5000, 4999 % 256, sum(i % 256 for i in range(5000))))


class MemoryViews(unittest.TestCase):
    def test_reads_and_writes(self):
        b = bytearray(b"abcdef")
        m = memoryview(b)
        m[0] = 120
        m[2:4] = b"YZ"
        self.assertEqual((b, m[1], bytes(m[::2]), m.tolist()[0], len(m)), (b"xbYZef", 98, b"xYe", 120, 6))

    def test_attributes(self):
        m = memoryview(b"abc")
        self.assertEqual(m.readonly, True)
        self.assertEqual(m.format, "B")
        self.assertEqual(m.itemsize, 1)
        self.assertEqual(m.nbytes, 3)
        self.assertEqual(m.ndim, 1)
        self.assertEqual(m.shape, (3,))
        self.assertEqual(m.strides, (1,))
        self.assertEqual(m.contiguous, True)
        self.assertEqual(m.obj, b"abc")

    def test_read_only(self):
        with self.assertRaises(TypeError) as caught:
            memoryview(b"a")[0] = 1
        self.assertEqual(str(caught.exception), "cannot modify read-only memory")

    def test_exported_blocks_resize(self):
        b = bytearray(b"abc")
        m = memoryview(b)
        with self.assertRaises(BufferError) as caught:
            b.append(1)
        self.assertEqual(str(caught.exception), "Existing exports of data: object cannot be re-sized")
        m.release()
        b.append(100)
        self.assertEqual(b, b"abcd")

    def test_released(self):
        m = memoryview(b"a")
        m.release()
        with self.assertRaises(ValueError) as caught:
            m[0]
        self.assertEqual(str(caught.exception), "operation forbidden on released memoryview object")

    def test_with_statement(self):
        with memoryview(b"ab") as m:
            self.assertEqual(m[0], 97)
        self.assertRaises(ValueError, m.tobytes)

    def test_cast(self):
        m = memoryview(bytearray(8)).cast("I")
        m[1] = 2**31
        self.assertEqual((m.tolist(), m.format, len(m)), ([0, 2**31], "I", 2))
        grid = memoryview(bytes(range(6))).cast("B", (2, 3))
        self.assertEqual((grid.tolist(), grid[1, 2], grid.shape), ([[0, 1, 2], [3, 4, 5]], 5, (2, 3)))

    def test_equality_and_hash(self):
        self.assertEqual(memoryview(b"a"), b"a")
        self.assertEqual(hash(memoryview(b"a")), hash(b"a"))

    def test_slice_shares_memory(self):
        b = bytearray(b"abcd")
        memoryview(b)[1:3][0] = 90
        self.assertEqual(b, b"aZcd")

    def test_slice_assignment_length(self):
        with self.assertRaises(ValueError) as caught:
            memoryview(bytearray(3))[:] = b"ab"
        self.assertEqual(str(caught.exception), "memoryview assignment: lvalue and rvalue have different structures")

    def test_not_a_buffer(self):
        with self.assertRaises(TypeError) as caught:
            memoryview("a")
        self.assertEqual(str(caught.exception), "memoryview: a bytes-like object is required, not 'str'")

    def test_hex_and_methods(self):
        m = memoryview(b"abca")
        self.assertEqual(m.hex(), "61626361")
        self.assertEqual(m.count(97), 2)
        self.assertEqual(m.index(98), 1)
        self.assertEqual(99 in m, True)
        self.assertEqual(list(reversed(m))[0], 97)


class Refusals(unittest.TestCase):
    def test_extend_with_what_has_a_wrong_iter(self):
        class Wrong:
            def __iter__(self):
                return 5

        class Raises:
            def __iter__(self):
                raise ValueError("mine")

        with self.assertRaisesRegex(TypeError, "^can't extend bytearray with Wrong$"):
            bytearray().extend(Wrong())
        with self.assertRaisesRegex(TypeError, "^cannot convert 'Wrong' object to bytearray$"):
            bytearray(Wrong())
        with self.assertRaisesRegex(ValueError, "mine"):
            bytearray().extend(Raises())

    def test_binascii_of_a_view_with_gaps(self):
        import binascii
        with self.assertRaisesRegex(TypeError, "^argument should be bytes, buffer or ASCII string, not 'memoryview'$"):
            binascii.unhexlify(memoryview(b"abcdef")[::2])


if __name__ == "__main__":
    unittest.main()
