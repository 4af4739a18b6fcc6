"""int: arithmetic, big values, conversions, methods."""

import unittest


BIG = 10**40


class Small(unittest.TestCase):
    def test_division_rounds_down(self):
        self.assertEqual([7 // 2, -7 // 2, 7 // -2, -7 // -2], [3, -4, -4, 3])

    def test_remainder_has_sign_of_divisor(self):
        self.assertEqual([7 % 3, -7 % 3, 7 % -3, -7 % -3], [1, 2, -2, -1])

    def test_divmod_identity(self):
        for a in (-17, -1, 0, 1, 17, BIG, -BIG):
            for b in (-5, -1, 1, 5, BIG - 1):
                q, r = divmod(a, b)
                self.assertEqual(q * b + r, a)
                self.assertTrue(0 <= r < b or b < r <= 0)

    def test_true_division(self):
        self.assertEqual([1 / 2, -7 / 2, 10**400 / 10**399], [0.5, -3.5, 10.0])

    def test_power(self):
        self.assertEqual([2**10, (-2)**3, 2**0, 0**0, 2**-1], [1024, -8, 1, 1, 0.5])

    def test_power_modulo(self):
        self.assertEqual([pow(3, 200, 13), pow(3, -1, 7), pow(-2, 3, 5), pow(5, 0, 1)], [9, 5, 2, 0])

    def test_shifts(self):
        self.assertEqual([1 << 100 >> 98, -1 >> 10, -5 >> 1, 5 << 0, 0 << 1000], [4, -1, -3, 5, 0])

    def test_bitwise_negative(self):
        self.assertEqual([-1 & 0xFF, -256 | 1, -1 ^ 5, ~5, ~-6], [255, -255, -6, -6, 5])

    def test_overflow_into_big(self):
        for edge in (2**31, 2**32, 2**61, 2**62, 2**63, 2**64):
            for n in (edge - 1, edge, edge + 1, -edge, -edge - 1, 1 - edge):
                self.assertEqual(n + 1 - 1, n)
                self.assertEqual((n * 3) // 3, n)
                self.assertEqual(n - n, 0)
                self.assertEqual(-(-n), n)
                self.assertEqual(int(str(n)), n)

    def test_multiplication_overflow(self):
        self.assertEqual(3037000500 * 3037000500, 9223372037000250000)
        self.assertEqual(-4611686018427387904 * 2, -9223372036854775808)
        self.assertEqual(4611686018427387904 * -4611686018427387904, -(2**124))

    def test_abs_of_minimum(self):
        self.assertEqual(abs(-(2**62)), 2**62)
        self.assertEqual(-(-(2**62)), 2**62)
        self.assertEqual(-(2**62) // -1, 2**62)

    def test_bool_arithmetic(self):
        self.assertEqual([True + True, True * 5, -True, ~False, True << 2], [2, 5, -1, -1, 4])

    def test_bool_logic_stays_bool(self):
        self.assertIs(True & False, False)
        self.assertIs(True | False, True)
        self.assertIs(True ^ True, False)
        self.assertEqual(type(True & 1), int)


class Errors(unittest.TestCase):
    def test_division_by_zero(self):
        with self.assertRaises(ZeroDivisionError) as caught:
            1 // 0
        self.assertEqual(str(caught.exception), "division by zero")
        with self.assertRaises(ZeroDivisionError) as caught:
            1 % 0
        self.assertEqual(str(caught.exception), "division by zero")
        with self.assertRaises(ZeroDivisionError) as caught:
            1 / 0
        self.assertEqual(str(caught.exception), "division by zero")
        with self.assertRaises(ZeroDivisionError) as caught:
            BIG // 0
        self.assertEqual(str(caught.exception), "division by zero")
        with self.assertRaises(ZeroDivisionError) as caught:
            0 ** -1
        self.assertEqual(str(caught.exception), "zero to a negative power")
        with self.assertRaises(ValueError) as caught:
            pow(2, 3, 0)
        self.assertEqual(str(caught.exception), "pow() 3rd argument cannot be 0")
        with self.assertRaises(ValueError) as caught:
            pow(2, -1, 4)
        self.assertEqual(str(caught.exception), "base is not invertible for the given modulus")

    def test_shift(self):
        with self.assertRaises(ValueError) as caught:
            1 << -1
        self.assertEqual(str(caught.exception), "negative shift count")
        with self.assertRaises(ValueError) as caught:
            1 >> -1
        self.assertEqual(str(caught.exception), "negative shift count")

    def test_float_overflow(self):
        with self.assertRaises(OverflowError) as caught:
            float(10**400)
        self.assertEqual(str(caught.exception), "int too large to convert to float")
        with self.assertRaises(OverflowError) as caught:
            10**400 / 1
        self.assertEqual(str(caught.exception), "integer division result too large for a float")

    def test_parsing(self):
        with self.assertRaises(ValueError) as caught:
            int("x")
        self.assertEqual(str(caught.exception), "invalid literal for int() with base 10: 'x'")
        with self.assertRaises(ValueError) as caught:
            int("")
        self.assertEqual(str(caught.exception), "invalid literal for int() with base 10: ''")
        with self.assertRaises(ValueError) as caught:
            int("2", 2)
        self.assertEqual(str(caught.exception), "invalid literal for int() with base 2: '2'")
        with self.assertRaises(ValueError) as caught:
            int("1", 37)
        self.assertEqual(str(caught.exception), "int() base must be >= 2 and <= 36, or 0")
        with self.assertRaises(TypeError) as caught:
            int(1, 2)
        self.assertEqual(str(caught.exception), "int() can't convert non-string with explicit base")
        with self.assertRaises(TypeError) as caught:
            int([])
        self.assertEqual(str(caught.exception),
                         "int() argument must be a string, a bytes-like object or a real number, not 'list'")
        with self.assertRaises(ValueError) as caught:
            int(float("nan"))
        self.assertEqual(str(caught.exception), "cannot convert float NaN to integer")
        with self.assertRaises(OverflowError) as caught:
            int(float("inf"))
        self.assertEqual(str(caught.exception), "cannot convert float infinity to integer")


class Big(unittest.TestCase):
    def test_add_sub_mul(self):
        a, b = 123456789012345678901234567890, 987654321098765432109876543210
        self.assertEqual(a + b, 1111111110111111111011111111100)
        self.assertEqual(b - a, 864197532086419753208641975320)
        self.assertEqual(a * b, 121932631137021795226185032733622923332237463801111263526900)

    def test_division(self):
        self.assertEqual(divmod(10**60 + 7, 10**30 + 1), (999999999999999999999999999999, 8))
        self.assertEqual(divmod(-(10**60), 7 * 10**20),
                         (-1428571428571428571428571428571428571429, 300000000000000000000))

    def test_knuth_division_cases(self):
        for n in (2**128 - 1, 2**192 + 2**64, 2**256 - 2**128, 3**200):
            for d in (2**64 - 1, 2**64, 2**65 + 1, 2**128 - 2**64 - 1, 3**50):
                q, r = divmod(n, d)
                self.assertEqual(q * d + r, n)
                self.assertTrue(0 <= r < d)

    def test_large_power_and_text(self):
        self.assertEqual(str(2**200), "1606938044258990275541962092341162602522202993782792835301376")
        self.assertEqual(len(str(7**1000)), 846)

    def test_karatsuba_sizes(self):
        a, b = 3**5000, 7**4000
        self.assertEqual(a * b // b, a)
        self.assertEqual((a + b) * (a - b), a * a - b * b)

    def test_bitwise(self):
        a, b = (1 << 200) - 1, 1 << 100
        self.assertEqual((a & b, a | b, a ^ b, a & ~b), (b, a, a - b, a - b))
        self.assertEqual(-a & a, 1)
        self.assertEqual(~a, -(1 << 200))

    def test_comparison_with_float(self):
        self.assertTrue(2**53 + 1 > 2.0**53)
        self.assertTrue(2**53 + 1 != float(2**53))
        self.assertTrue(10**400 > 1e308 and -(10**400) < -1e308)
        self.assertTrue(10**400 < float("inf"))
        self.assertEqual(2**70, 2.0**70)

    def test_float_conversion_rounds_to_even(self):
        self.assertEqual(float(2**53 + 1), 9007199254740992.0)
        self.assertEqual(float(2**53 + 3), 9007199254740996.0)

    def test_hash_agrees_with_float_and_modulus(self):
        self.assertEqual(hash(2**61 - 1), 0)
        self.assertEqual(hash(2**61), 1)
        self.assertEqual(hash(-1), -2)
        self.assertEqual(hash(2.0**70), hash(2**70))

    def test_factorial_and_fibonacci(self):
        f = 1
        for i in range(1, 31):
            f *= i
        self.assertEqual(f, 265252859812191058636308480000000)


class Text(unittest.TestCase):
    def test_bases(self):
        self.assertEqual(bin(10), "0b1010")
        self.assertEqual(oct(64), "0o100")
        self.assertEqual(hex(255), "0xff")
        self.assertEqual(bin(-2), "-0b10")
        self.assertEqual(hex(-2**70), "-0x400000000000000000")

    def test_parsing(self):
        self.assertEqual(int(" 12 "), 12)
        self.assertEqual(int("-0x1F", 16), -31)
        self.assertEqual(int("0b11", 0), 3)
        self.assertEqual(int("z", 36), 35)
        self.assertEqual(int("1_000"), 1000)
        self.assertEqual(int("٣"), 3)

    def test_bytes_input(self):
        self.assertEqual(int(b"12"), 12)

    def test_from_float_truncates(self):
        self.assertEqual([int(3.9), int(-3.9), int(1e20)], [3, -3, 100000000000000000000])

    def test_formatting(self):
        self.assertEqual(f"{1234567:,}", "1,234,567")
        self.assertEqual(f"{1234567:_}", "1_234_567")
        self.assertEqual(f"{255:08b}", "11111111")
        self.assertEqual(f"{-5:+}", "-5")
        self.assertEqual(f"{5: }", " 5")
        self.assertEqual(f"{42:<6}|", "42    |")
        self.assertEqual(f"{42:=+6}", "+   42")
        self.assertEqual(f"{255:#X}", "0XFF")
        self.assertEqual(f"{10**20:e}", "1.000000e+20")

    def test_percent_formatting(self):
        self.assertEqual("%d %5d %-5d| %05d %x %X %o %+d %c" % (1, 2, 3, 4, 255, 255, 8, 5, 65),
                         "1     2 3    | 00004 ff FF 10 +5 A")

    def test_digits_limit(self):
        with self.assertRaisesRegex(ValueError, "Exceeds the limit \\(4300 digits\\) for integer string conversion"):
            str(10**5000)
        with self.assertRaisesRegex(ValueError, "Exceeds the limit"):
            int("1" * 5000)
        self.assertEqual(len(hex(10**5000)), 4155)


class Methods(unittest.TestCase):
    def test_bit_length_and_count(self):
        self.assertEqual([n.bit_length() for n in (0, 1, -1, 255, 256, -256)], [0, 1, 1, 8, 9, 9])
        self.assertEqual([n.bit_count() for n in (0, 255, -255, 2**100)], [0, 8, 8, 1])

    def test_to_bytes(self):
        self.assertEqual((258).to_bytes(2), b"\x01\x02")
        self.assertEqual((258).to_bytes(4, "little"), b"\x02\x01\0\0")
        self.assertEqual((-2).to_bytes(2, signed=True), b"\xff\xfe")
        self.assertEqual((0).to_bytes(0), b"")
        with self.assertRaises(OverflowError) as caught:
            (256).to_bytes(1)
        self.assertEqual(str(caught.exception), "int too big to convert")
        with self.assertRaises(OverflowError) as caught:
            (-1).to_bytes(1)
        self.assertEqual(str(caught.exception), "can't convert negative int to unsigned")

    def test_from_bytes(self):
        self.assertEqual(int.from_bytes(b"\x01\x02"), 258)
        self.assertEqual(int.from_bytes(b"\x01\x02", "little"), 513)
        self.assertEqual(int.from_bytes(b"\xff", signed=True), -1)
        self.assertEqual(int.from_bytes([1, 0]), 256)

    def test_attributes(self):
        self.assertEqual([(5).real, (5).imag, (5).numerator, (5).denominator, (5).conjugate()], [5, 0, 5, 1, 5])

    def test_as_integer_ratio(self):
        self.assertEqual((5).as_integer_ratio(), (5, 1))

    def test_is_integer(self):
        self.assertTrue((5).is_integer())

    def test_round(self):
        self.assertEqual(round(15, -1), 20)
        self.assertEqual(round(25, -1), 20)
        self.assertEqual(round(1234, -2), 1200)
        self.assertEqual(round(-1250, -2), -1200)
        self.assertEqual(round(5, 2), 5)

    def test_subclass(self):
        class I(int): pass
        self.assertEqual((I(5), type(I(5) + 1), I("7"), repr(I(3))), (5, int, 7, "3"))

    def test_identity_of_bool(self):
        self.assertTrue(isinstance(True, int) and True == 1 and hash(True) == 1)
        self.assertEqual((repr(True), str(False), int(True), bool(5)), ("True", "False", 1, True))

    def test_no_attributes(self):
        with self.assertRaises(AttributeError) as caught:
            (5).x = 1
        self.assertEqual(str(caught.exception),
                         "'int' object has no attribute 'x' and no __dict__ for setting new attributes")


if __name__ == "__main__":
    unittest.main()
