"""decimal: what the suite of CPython leaves out, on the implementation that `import decimal` gives."""

import asyncio
import contextvars
import copy
import decimal
import gc
import locale
import math
import numbers
import pickle
import sys
import unittest
from decimal import (Context, Decimal, DefaultContext, DivisionByZero, FloatOperation, Inexact, InvalidOperation, Overflow, ROUND_DOWN,
                     ROUND_UP, Rounded, getcontext, localcontext, setcontext)
from fractions import Fraction


class Conversion(unittest.TestCase):
    def test_ints_of_all_sizes(self):
        for bits in (0, 1, 30, 60, 62, 63, 64, 65, 127, 128, 129, 200, 1000, 20000):
            for n in (1 << bits, (1 << bits) - 1, -(1 << bits), 10**(bits // 4)):
                with self.subTest(bits=bits, n=n.bit_length()):
                    d = Decimal(n)
                    self.assertEqual(int(d), n)
                    self.assertEqual(d, n)
                    self.assertEqual(hash(d), hash(n))
                    self.assertEqual(int(d.scaleb(3, Context(prec=decimal.MAX_PREC, Emax=decimal.MAX_EMAX))), n * 1000)

    def test_floats_exactly(self):
        for f in (0.0, -0.0, 0.1, 1.5, -2.75, 1e300, 5e-324, sys.float_info.max, sys.float_info.min, 2.0**70, 3e22):
            with self.subTest(f=f):
                d = Decimal(f)
                self.assertEqual(Fraction(d), Fraction(f))
                self.assertEqual(float(d), f)
                self.assertEqual(math.copysign(1, float(d)), math.copysign(1, f))
                self.assertEqual(hash(d), hash(f))
        self.assertEqual(str(Decimal(float("-inf"))), "-Infinity")
        self.assertEqual(str(Decimal(float("nan"))), "NaN")

    def test_ratio_and_tuple(self):
        self.assertEqual(Decimal("-1.250").as_integer_ratio(), (-5, 4))
        self.assertEqual(Decimal("12E+3").as_integer_ratio(), (12000, 1))
        self.assertEqual(Decimal("0E-5").as_integer_ratio(), (0, 1))
        long = "123456789" * 20
        self.assertEqual(Decimal("-" + long + "E-7").as_tuple(), (1, tuple(map(int, long)), -7))
        self.assertEqual(Decimal(Decimal(long).as_tuple()), Decimal(long))

    def test_text(self):
        self.assertEqual(Decimal(" \u0661_\u0662.5\n"), Decimal("12.5"))
        for text in ("", " ", "1 2", "1\0", "\0", "x", "1e", "é"):
            with self.subTest(text=text), self.assertRaises(InvalidOperation):
                Decimal(text)
        with self.assertRaises(InvalidOperation):
            getcontext().create_decimal(" 1")

    def test_integers_out_of_reach(self):
        if sys.implementation.name != "cpython":  # which fills memory with zeros
            self.assertEqual(int(Decimal("0E+999999999999")), 0)
        with self.assertRaises(MemoryError):
            int(Decimal("1E+999999999999"))
        self.assertEqual(hash(Decimal("1E+999999999999")), pow(10, 999999999999, sys.hash_info.modulus))

    def test_absurd_precision(self):
        with localcontext(prec=decimal.MAX_PREC, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN):
            self.assertEqual(Decimal(2) ** 200, 2**200)
            with self.assertRaises(MemoryError):
                Decimal(1) / 3


class Comparison(unittest.TestCase):
    def test_with_other_numbers(self):
        self.assertTrue(Decimal("0.5") == 0.5 == Fraction(1, 2) == Decimal("0.5"))
        self.assertTrue(Decimal("0.3") < Fraction(1, 3) < Decimal("0.34"))
        self.assertTrue(Fraction(1, 3) > Decimal("0.3"))
        self.assertTrue(Decimal("1e999999") > Fraction(10, 3))
        self.assertTrue(Decimal(2) == 2 + 0j)
        self.assertFalse(Decimal(2) == 2 + 1j)
        self.assertFalse(Decimal(2) == "2")
        with self.assertRaises(TypeError):
            Decimal(2) < "2"
        with self.assertRaises(TypeError):
            Decimal(2) < 2j
        self.assertIsInstance(Decimal(1), numbers.Number)
        self.assertNotIsInstance(Decimal(1), numbers.Real)

    def test_nan(self):
        nan = Decimal("nan")
        self.assertFalse(nan == nan)
        self.assertTrue(nan != 1)
        with self.assertRaises(InvalidOperation):
            nan < 1
        with self.assertRaises(InvalidOperation):
            Decimal("snan") == 1
        with self.assertRaises(TypeError):
            hash(Decimal("snan"))
        self.assertEqual(len({nan, Decimal("nan")}), 2)

    def test_float_operation(self):
        with localcontext() as c:
            c.clear_flags()
            self.assertTrue(Decimal("1.5") == 1.5)
            self.assertTrue(c.flags[FloatOperation])
            c.traps[FloatOperation] = True
            self.assertTrue(Decimal("1.5") == 1.5)
            with self.assertRaises(FloatOperation):
                Decimal("1.5") < 2.5
            with self.assertRaises(FloatOperation):
                Decimal(1.5)
            self.assertEqual(Decimal.from_float(1.5), Decimal("1.5"))


class Operations(unittest.TestCase):
    def test_conditions_of_an_error(self):
        with self.assertRaises(DivisionByZero) as caught:
            Decimal(1) / 0
        self.assertEqual(caught.exception.args, ([DivisionByZero],))
        self.assertIsInstance(caught.exception, ZeroDivisionError)
        with self.assertRaises(InvalidOperation) as caught:
            Decimal(0) / 0
        self.assertEqual(caught.exception.args, ([decimal.DivisionUndefined],))
        with self.assertRaises(InvalidOperation) as caught:
            divmod(Decimal(7), 0)
        self.assertEqual(caught.exception.args, ([InvalidOperation, DivisionByZero],))

    def test_ints_as_operands(self):
        big = 10**40 + 1
        self.assertEqual(Decimal(1) + big, Decimal("1.000000000000000000000000000E+40"))
        self.assertEqual(3 - Decimal("0.5"), Decimal("2.5"))
        self.assertEqual(7 // Decimal(2), 3)
        self.assertEqual(divmod(7, Decimal(2)), (3, 1))
        self.assertEqual(pow(2, Decimal(10), 1000), 24)
        self.assertIs(type(True + Decimal(1)), Decimal)
        for other in (1.5, "1", None, Fraction(1, 2)):
            with self.subTest(other=other), self.assertRaises(TypeError):
                Decimal(1) + other

    def test_many_digits(self):
        with localcontext(prec=5000):
            third = Decimal(1) / 3
            self.assertEqual(str(third), "0." + "3" * 5000)
            self.assertEqual(third * 3, Decimal("0." + "9" * 5000))
            root = Decimal(2).sqrt()
            self.assertLess(abs(root * root - 2), Decimal("1E-4998"))
        with localcontext(prec=1200):
            self.assertLess(abs(Decimal(10).ln().exp() - 10), Decimal("1E-1190"))

    def test_results_are_of_the_base_class(self):
        class Sub(Decimal):
            extra = "extra"

        s = Sub("1.50")
        s.note = [s]
        self.assertIs(type(s + 1), Decimal)
        self.assertIs(type(Sub(s)), Sub)
        self.assertIs(type(Decimal(s)), Decimal)
        self.assertIs(type(Sub.from_float(0.5)), Sub)
        self.assertIs(type(Sub.from_number(5)), Sub)
        self.assertEqual(Sub(10**100), 10**100)
        self.assertEqual((s.extra, s.note[0] is s, hash(s)), ("extra", True, hash(1.5)))
        del s
        gc.collect()

    def test_copies(self):
        for d in (Decimal("1.50"), Decimal("-0"), Decimal("nan123"), Decimal("-inf"), Decimal("9" * 200 + "E-50")):
            self.assertIs(copy.copy(d), d)
            self.assertIs(copy.deepcopy([d])[0], d)
            for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
                self.assertEqual(str(pickle.loads(pickle.dumps(d, protocol))), str(d))

    def test_format(self):
        d = Decimal("-1234567.891")
        for spec, expected in (("", "-1234567.891"), (",.2f", "-1,234,567.89"), ("_.1f", "-1_234_567.9"), ("e", "-1.234567891e+6"),
                               ("é^15.1f", "éé-1234567.9ééé"), ("\0>12.0f", "\0\0\0\0-1234568"), ("+020,.1f", "-0,000,001,234,567.9"),
                               (".3g", "-1.23e+6"), ("%", "-123456789.1%"), (".4_f", "-1234567.891_0")):
            with self.subTest(spec=spec):
                self.assertEqual(format(d, spec), expected)
        self.assertEqual(format(Decimal("-0.001"), "z.1f"), "0.0")
        for spec in ("q", "=>x", ".f", "éé>5"):
            with self.subTest(spec=spec), self.assertRaises(ValueError):
                format(d, spec)
        self.assertEqual(locale.setlocale(locale.LC_NUMERIC), "C")
        self.assertEqual(format(d, "n"), "-1234567.891")

    def test_rounding_to_ints(self):
        d = Decimal("-2.5")
        self.assertEqual((round(d), int(d), math.floor(d), math.ceil(d), math.trunc(d)), (-2, -2, -3, -2, -2))
        self.assertEqual(str(round(Decimal("2.675"), 2)), "2.68")
        self.assertEqual(str(round(Decimal("1234"), -2)), "1.2E+3")
        self.assertEqual(complex(d), -2.5 + 0j)


class Contexts(unittest.TestCase):
    def test_settings(self):
        c = Context(prec=5, rounding=ROUND_UP, Emin=-10, Emax=10, capitals=0, clamp=1, flags=[Inexact], traps=[Overflow])
        self.assertEqual(repr(c), "Context(prec=5, rounding=ROUND_UP, Emin=-10, Emax=10, capitals=0, clamp=1, flags=[Inexact], traps=[Overflow])")
        again = pickle.loads(pickle.dumps(c))
        self.assertEqual(repr(again), repr(c))
        self.assertEqual(repr(copy.copy(c)), repr(c))
        self.assertEqual(str(c.create_decimal("1.23456E-3")), "0.0012346")
        self.assertEqual(c.to_sci_string(Decimal("1.5E-8")), "1.5e-8")
        for name, value in (("prec", 0), ("Emin", 1), ("Emax", -1), ("capitals", 2), ("clamp", -1)):
            with self.subTest(name=name):
                self.assertRaises(ValueError, setattr, c, name, value)
                self.assertRaises(TypeError, setattr, c, name, "1")
                self.assertRaises(AttributeError, delattr, c, name)
        self.assertRaises(TypeError, setattr, c, "rounding", "ROUND_NOT")
        self.assertRaises(AttributeError, setattr, c, "other", 1)

    def test_signal_dicts(self):
        c = Context(traps=[])
        self.assertIs(c.flags, c.flags)
        self.assertEqual(len(c.flags), 9)
        self.assertEqual(c.flags, dict.fromkeys(c.flags, False))
        c.traps[Inexact] = True
        with self.assertRaises(Inexact):
            c.divide(1, 3)
        self.assertEqual([s for s, on in c.flags.items() if on], [Inexact, Rounded])
        c.flags = dict.fromkeys(c.flags, True)
        self.assertTrue(all(c.flags.values()))
        c.clear_flags()
        self.assertFalse(any(c.flags.values()))
        with self.assertRaises(KeyError):
            c.flags[ValueError]
        with self.assertRaises(ValueError):
            del c.flags[Inexact]
        with self.assertRaises(TypeError):
            c.traps = [Inexact]

    def test_local_contexts_nest(self):
        outer = getcontext()
        before = outer.prec
        with localcontext(prec=5) as first:
            self.assertIs(getcontext(), first)
            with localcontext(first, prec=3, rounding=ROUND_DOWN):
                self.assertEqual(str(Decimal(2) / 3), "0.666")
            self.assertEqual(str(Decimal(2) / 3), "0.66667")
            first.prec = 2
            self.assertEqual(str(Decimal(2) / 3), "0.67")
        self.assertIs(getcontext(), outer)
        self.assertEqual(outer.prec, before)

    def test_the_current_context_follows_context_variables(self):
        here = getcontext()
        there = contextvars.copy_context()

        def change():
            setcontext(Context(prec=4))
            return str(Decimal(1) / 3)

        self.assertEqual(there.run(change), "0.3333")
        self.assertIs(getcontext(), here)
        self.assertEqual(there.run(lambda: str(Decimal(1) / 3)), "0.3333")
        self.assertEqual(contextvars.Context().run(lambda: getcontext().prec), DefaultContext.prec)
        for _ in range(3):  # contexts come and go at the same addresses
            for prec in (3, 7):
                self.assertEqual(contextvars.Context().run(lambda: (setcontext(Context(prec=prec)), getcontext().prec)[1]), prec)

    def test_tasks_have_their_own(self):
        async def work(prec):
            getcontext()
            setcontext(Context(prec=prec))
            for _ in range(5):
                await asyncio.sleep(0)
                assert len(str(Decimal(1) / 3)) == prec + 2
            return getcontext().prec

        async def main():
            return await asyncio.gather(*map(work, range(3, 9)))

        self.assertEqual(asyncio.run(main()), list(range(3, 9)))

    def test_templates_stay(self):
        with localcontext():
            setcontext(DefaultContext)
            self.assertIsNot(getcontext(), DefaultContext)
            getcontext().prec = 3
            self.assertEqual(DefaultContext.prec, 28)


if __name__ == "__main__":
    unittest.main()
