"""decimal between threads.

Race: Decimals that all threads compute with; a context for each thread; one Context that all threads change and compute under.
Legal outcomes: Decimals never change; a thread's own context is nobody else's; under the shared one, a result has one of the precisions
and rounding modes that were set, and flags never vanish while nobody clears them.
"""

import decimal
import unittest
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow, Rounded

from support import numbered, race, repeat, scaled

N = scaled(1_000)


class Decimals(unittest.TestCase):
    def test_shared_operands(self):
        short, long, third = Decimal("1.25"), Decimal("7" * 300), Decimal(1) / 3

        def work():
            for i in range(N):
                assert short * 4 + i == 5 + i
                assert str(long)[:3] == "777" and int(long) % 10 == 7 and (long - long).is_zero()
                assert hash(short) == hash(1.25) and {short: 1}[Decimal("1.250")] == 1
                assert third.quantize(Decimal("0.01")) == Decimal("0.33")
        race(*repeat(work))

    def test_results_pass_between_threads(self):
        box = [Decimal(0)] * 8

        def work(k):
            for i in range(N):
                box[i % 8] = Decimal(10) ** (i % 90 + k) + 0
                got = box[(i + 3) % 8]
                assert got == 0 or got.normalize().as_tuple().digits == (1,)
        race(*numbered(work))


class Contexts(unittest.TestCase):
    def test_each_thread_has_its_own(self):
        def work(k):
            decimal.getcontext().prec = 3 + k
            for i in range(N):
                assert len(str(Decimal(1) / 3)) == 5 + k
                with decimal.localcontext(prec=20 + k):
                    assert len(str(Decimal(1) / 3)) == 22 + k
            assert decimal.getcontext().prec == 3 + k
        race(*numbered(work))

    def test_one_that_is_changed(self):
        c = Context(prec=4, traps=[InvalidOperation, Overflow])

        def change():
            for i in range(N):
                c.prec = 4 + i % 3 * 40
                c.rounding = (decimal.ROUND_DOWN, decimal.ROUND_UP)[i % 2]
                c.Emax, c.Emin = 1000 + i % 5, -1000 - i % 7
                c.traps[Rounded] = False
                c.capitals = i % 2
                repr(c), c.copy(), c.traps.copy()

        def compute():
            for i in range(N):
                text = str(c.divide(1, 3))
                assert len(text) in (6, 46, 86) and text.strip("0.34") == "", text
                assert len(str(c.exp(2))) in (5, 45, 85)
                assert c.flags[Inexact]
        race(change, change, compute, compute)

    def test_one_that_is_everybodys_current(self):
        c = Context(prec=30)

        def work():
            decimal.setcontext(c)
            for i in range(N):
                assert Decimal(i) * 2 == 2 * i
                assert decimal.getcontext() is c
                Decimal(1) / 7
                c.clear_flags()
                c.flags = dict.fromkeys(c.flags, bool(i % 2))
        race(*repeat(work))

    def test_long_computations_side_by_side(self):
        def work():
            with decimal.localcontext(prec=1500):
                return Decimal(2).sqrt()
        results = race(*repeat(work))
        self.assertEqual(len(set(results)), 1)


if __name__ == "__main__":
    unittest.main()
