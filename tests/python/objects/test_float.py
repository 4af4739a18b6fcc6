"""float and complex: arithmetic, text, special values."""

import math
import unittest


class Floats(unittest.TestCase):
    def test_repr_is_shortest(self):
        self.assertEqual([repr(x) for x in (0.1, 1.0, 1e16, 1e22, 123456789012345680.0, 1e-5, 0.0001, 5e-324,
                1.7976931348623157e308)], ["0.1", "1.0", "1e+16", "1e+22", "1.2345678901234568e+17", "1e-05", "0.0001",
                                           "5e-324", "1.7976931348623157e+308"])

    def test_special_values(self):
        inf, nan = float("inf"), float("nan")
        self.assertEqual([repr(inf), repr(-inf), repr(nan), repr(-0.0)], ["inf", "-inf", "nan", "-0.0"])
        self.assertTrue(nan != nan and not nan < 1 and not nan > 1 and inf > 1e308 and inf == inf)
        self.assertTrue(math.isnan(inf - inf) and math.isnan(inf * 0))

    def test_signed_zero(self):
        self.assertTrue(0.0 == -0.0)
        self.assertEqual(math.copysign(1, -0.0), -1.0)
        self.assertEqual([repr(-0.0 + 0.0), repr(-0.0 - 0.0), repr(0.0 * -1)], ["0.0", "-0.0", "-0.0"])

    def test_floor_division_and_modulo(self):
        self.assertEqual([7.5 // 2, -7.5 // 2, 7.5 % 2, -7.5 % 2, 7.5 % -2], [3.0, -4.0, 1.5, 0.5, -0.5])
        self.assertEqual(divmod(-7.5, 2), (-4.0, 0.5))

    def test_power(self):
        self.assertEqual(2.0**0.5, 1.4142135623730951)
        self.assertEqual(2**0.5, 1.4142135623730951)
        self.assertEqual((-8.0)**2, 64.0)
        self.assertEqual(0.0**0, 1.0)
        self.assertEqual(1e200**0.5, 1e100)
        self.assertIsInstance((-8)**0.5, complex)

    def test_division_by_zero(self):
        with self.assertRaises(ZeroDivisionError) as caught:
            1.0 / 0
        self.assertEqual(str(caught.exception), "division by zero")
        with self.assertRaises(ZeroDivisionError) as caught:
            1.0 // 0.0
        self.assertEqual(str(caught.exception), "division by zero")
        with self.assertRaises(ZeroDivisionError) as caught:
            1.0 % 0
        self.assertEqual(str(caught.exception), "division by zero")
        with self.assertRaises(ZeroDivisionError) as caught:
            0.0 ** -1
        self.assertEqual(str(caught.exception), "zero to a negative power")

    def test_overflow(self):
        self.assertEqual(1e308 * 10, float("inf"))
        with self.assertRaises(OverflowError) as caught:
            1e200 ** 2
        self.assertEqual(str(caught.exception), "(34, 'Numerical result out of range')")

    def test_mixed_with_int(self):
        self.assertEqual([1 + 0.5, 2 * 1.5, 3 - 0.5, 1 / 4, 2**53 + 1.0], [1.5, 3.0, 2.5, 0.25, 9007199254740992.0])

    def test_parsing(self):
        self.assertEqual([float(s) for s in ("1.5", " -2e3 ", "1_000.5", ".5", "5.", "1e-400", "8", "Infinity", "+1")],
                         [1.5, -2000.0, 1000.5, 0.5, 5.0, 0.0, 8.0, float("inf"), 1.0])
        with self.assertRaises(ValueError) as caught:
            float("x")
        self.assertEqual(str(caught.exception), "could not convert string to float: 'x'")
        with self.assertRaises(ValueError) as caught:
            float("1 2")
        self.assertEqual(str(caught.exception), "could not convert string to float: '1 2'")
        with self.assertRaises(TypeError) as caught:
            float([])
        self.assertEqual(str(caught.exception), "float() argument must be a string or a real number, not 'list'")

    def test_rounding(self):
        self.assertEqual(round(2.5), 2)
        self.assertEqual(round(3.5), 4)
        self.assertEqual(round(-2.5), -2)
        self.assertEqual(round(2.675, 2), 2.67)
        self.assertEqual(round(1234.5, -2), 1200.0)
        self.assertEqual(round(1e20), 10**20)
        self.assertEqual([round(0.5, 0), round(1.25, 1), round(-0.4)], [0.0, 1.2, 0])

    def test_formatting(self):
        self.assertEqual(f"{3.14159:.2f}", "3.14")
        self.assertEqual(f"{1e10:g}", "1e+10")
        self.assertEqual(f"{1e-7:g}", "1e-07")
        self.assertEqual(f"{1234.5:,.2f}", "1,234.50")
        self.assertEqual(f"{0.25:%}", "25.000000%")
        self.assertEqual(f"{1.5:e}", "1.500000e+00")
        self.assertEqual(f"{1.0:.0f}", "1")
        self.assertEqual(f"{2.5:.0f}", "2")
        self.assertEqual(f"{1e100:.3g}", "1e+100")
        self.assertEqual(f"{1.5:010.2f}", "0000001.50")
        self.assertEqual(f"{3.0}", "3.0")
        self.assertEqual(f"{3.0:g}", "3")
        self.assertEqual(f"{1e16:f}", "10000000000000000.000000")
        self.assertEqual("%.3f %e %g %5.1f %s" % (1.5, 1.5, 1e-10, 2.25, 0.1), "1.500 1.500000e+00 1e-10   2.2 0.1")

    def test_hex(self):
        self.assertEqual((1.0).hex(), "0x1.0000000000000p+0")
        self.assertEqual((-0.1).hex(), "-0x1.999999999999ap-4")
        self.assertEqual((0.0).hex(), "0x0.0p+0")
        self.assertEqual(float.fromhex("0x1.8p1"), 3.0)

    def test_as_integer_ratio(self):
        self.assertEqual((0.5).as_integer_ratio(), (1, 2))
        self.assertEqual((-2.25).as_integer_ratio(), (-9, 4))
        self.assertEqual((1e20).as_integer_ratio(), (10**20, 1))
        with self.assertRaises(OverflowError) as caught:
            float("inf").as_integer_ratio()
        self.assertEqual(str(caught.exception), "cannot convert Infinity to integer ratio")

    def test_is_integer(self):
        self.assertEqual([(1.0).is_integer(), (1.5).is_integer(), float("inf").is_integer()], [True, False, False])

    def test_hash_agrees_with_int(self):
        self.assertEqual([hash(1.0) == hash(1), hash(0.5) == hash(0.5), hash(float("inf"))], [True, True, 314159])

    def test_truncation(self):
        self.assertEqual([math.trunc(-1.5), math.floor(-1.5), math.ceil(-1.5), int(-1.9)], [-1, -2, -1, -1])

    def test_exact_sums(self):
        self.assertEqual(0.1 + 0.2, 0.30000000000000004)
        self.assertEqual(sum([0.1] * 10), 1.0)
        self.assertEqual(math.fsum([1e100, 1.0, -1e100]), 1.0)

    def test_subnormals(self):
        tiny = 5e-324
        self.assertEqual([tiny / 2, tiny * 2, -tiny, tiny == 0], [0.0, 1e-323, -5e-324, False])

    def test_from_number(self):
        self.assertEqual(float.from_number(3), 3.0)
        self.assertRaises(TypeError, float.from_number, "3")

    def test_large_and_small_magnitudes(self):
        values = [10.0**e for e in range(-300, 301, 50)]
        self.assertEqual([float(repr(v)) for v in values], values)
        self.assertEqual([v * 2 / 2 for v in values], values)


class Complex(unittest.TestCase):
    def test_arithmetic(self):
        a, b = 1 + 2j, 3 - 1j
        self.assertEqual(a + b, 4 + 1j)
        self.assertEqual(a - b, -2 + 3j)
        self.assertEqual(a * b, 5 + 5j)
        self.assertEqual((5 + 5j) / (1 + 2j), 3 - 1j)
        self.assertEqual(-a, -1 - 2j)
        self.assertEqual(a**2, -3 + 4j)

    def test_parts(self):
        self.assertEqual([(3 + 4j).real, (3 + 4j).imag, abs(3 + 4j), (3 + 4j).conjugate()], [3.0, 4.0, 5.0, 3 - 4j])

    def test_repr(self):
        self.assertEqual(repr(1j), "1j")
        self.assertEqual(repr(1 + 2j), "(1+2j)")
        self.assertEqual(repr(-1j), "(-0-1j)")
        self.assertEqual(repr(complex(0, -0.0)), "-0j")
        self.assertEqual(str(1.5 - 2j), "(1.5-2j)")

    def test_parsing(self):
        self.assertEqual(complex("1+2j"), 1 + 2j)
        self.assertEqual(complex(" 3j "), 3j)
        self.assertEqual(complex(1, 2), 1 + 2j)
        self.assertEqual(complex("inf"), complex("inf"))
        with self.assertRaises(ValueError) as caught:
            complex("1+")
        self.assertEqual(str(caught.exception), "complex() arg is a malformed string")

    def test_comparison(self):
        self.assertTrue(1 + 0j == 1 and 1j != 1)
        self.assertEqual(hash(2 + 0j), hash(2))

    def test_formatting(self):
        self.assertEqual(f"{1 + 2j:.1f}", "1.0+2.0j")

    def test_conversion_refused(self):
        with self.assertRaises(TypeError) as caught:
            int(1j)
        self.assertEqual(str(caught.exception),
                         "int() argument must be a string, a bytes-like object or a real number, not 'complex'")

    def test_division_by_zero(self):
        with self.assertRaises(ZeroDivisionError) as caught:
            1j / 0
        self.assertEqual(str(caught.exception), "division by zero")


if __name__ == "__main__":
    unittest.main()
