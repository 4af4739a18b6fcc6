"""math, random and statistics of small size."""

import math
import random
import unittest


class Math(unittest.TestCase):
    def test_constants(self):
        self.assertEqual(math.pi, 3.141592653589793)
        self.assertEqual(math.e, 2.718281828459045)
        self.assertEqual(math.tau, 6.283185307179586)
        self.assertEqual(math.inf, float("inf"))

    def test_roots_and_powers(self):
        self.assertEqual(math.sqrt(16), 4.0)
        self.assertEqual(math.isqrt(10**20), 10**10)
        self.assertEqual(math.pow(2, 0.5), 2**0.5)
        self.assertEqual(math.hypot(3, 4), 5.0)
        self.assertEqual(math.exp(0), 1.0)
        self.assertEqual(math.exp2(3), 8.0)
        self.assertAlmostEqual(math.cbrt(27), 3)
        with self.assertRaises(ValueError) as caught:
            math.sqrt(-1)
        self.assertEqual(str(caught.exception), "expected a nonnegative input, got -1.0")
        with self.assertRaises(ValueError) as caught:
            math.isqrt(-1)
        self.assertEqual(str(caught.exception), "isqrt() argument must be nonnegative")

    def test_logs(self):
        self.assertEqual(math.log(1), 0.0)
        self.assertEqual(math.log10(1000), 3.0)
        self.assertEqual(math.log2(8), 3.0)
        self.assertEqual(math.log(8, 2), 3.0)
        self.assertEqual(math.log(10**400) > 921, True)
        with self.assertRaises(ValueError) as caught:
            math.log(0.0)
        self.assertEqual(str(caught.exception), "expected a positive input, got 0.0")
        with self.assertRaises(ValueError) as caught:
            math.log(0)
        self.assertEqual(str(caught.exception), "expected a positive input")

    def test_trigonometry(self):
        self.assertAlmostEqual(math.sin(math.pi / 6), 0.5)
        self.assertAlmostEqual(math.cos(math.pi / 3), 0.5)
        self.assertAlmostEqual(math.tan(math.pi / 4), 1)
        self.assertEqual(math.atan2(0, -1), math.pi)
        self.assertEqual(math.degrees(math.pi), 180.0)
        self.assertEqual(math.radians(180), math.pi)
        self.assertEqual(math.asin(1), math.pi / 2)

    def test_rounding(self):
        self.assertEqual(math.floor(-1.5), -2)
        self.assertEqual(math.ceil(-1.5), -1)
        self.assertEqual(math.trunc(-1.5), -1)
        self.assertEqual(math.floor(1e20), 10**20)
        self.assertEqual(math.modf(1.25), (0.25, 1.0))
        self.assertEqual(math.frexp(8), (0.5, 4))
        self.assertEqual(math.ldexp(0.5, 4), 8.0)
        with self.assertRaises(OverflowError) as caught:
            math.floor(math.inf)
        self.assertEqual(str(caught.exception), "cannot convert float infinity to integer")
        with self.assertRaises(ValueError) as caught:
            math.ceil(math.nan)
        self.assertEqual(str(caught.exception), "cannot convert float NaN to integer")

    def test_integers(self):
        self.assertEqual(math.gcd(12, 18), 6)
        self.assertEqual(math.gcd(), 0)
        self.assertEqual(math.lcm(4, 6), 12)
        self.assertEqual(math.factorial(20), 2432902008176640000)
        self.assertEqual(math.comb(50, 25), 126410606437752)
        self.assertEqual(math.perm(5, 2), 20)
        with self.assertRaises(ValueError) as caught:
            math.factorial(-1)
        self.assertEqual(str(caught.exception), "factorial() not defined for negative values")
        self.assertEqual(math.gcd(2**200, 6**100), 2**100)

    def test_sums_and_products(self):
        self.assertEqual(math.fsum([0.1] * 10), 1.0)
        self.assertEqual(math.prod([2, 3, 4]), 24)
        self.assertEqual(math.prod([]), 1)
        self.assertEqual(math.sumprod([1, 2], [3, 4]), 11)
        self.assertEqual(math.dist([0, 0], [3, 4]), 5.0)

    def test_float_inspection(self):
        self.assertEqual(math.isnan(math.nan), True)
        self.assertEqual(math.isinf(-math.inf), True)
        self.assertEqual(math.isfinite(1), True)
        self.assertEqual(math.isclose(0.1 + 0.2, 0.3), True)
        self.assertEqual(math.copysign(3, -0.0), -3.0)
        self.assertEqual(math.nextafter(0, 1), 5e-324)
        self.assertEqual(math.ulp(1.0), 2.220446049250313e-16)
        self.assertEqual(math.remainder(5, 3), -1.0)
        self.assertEqual(math.fmod(-5, 3), -2.0)
        self.assertEqual(math.fma(2, 3, 4), 10.0)

    def test_special_functions(self):
        self.assertAlmostEqual(math.gamma(5), 24)
        self.assertAlmostEqual(math.lgamma(10), 12.801827480081469)
        self.assertAlmostEqual(math.erf(0.5), 0.5204998778130465)
        self.assertEqual(math.sinh(0), 0.0)
        self.assertEqual(math.cosh(0), 1.0)
        self.assertEqual(math.tanh(0), 0.0)
        self.assertEqual(math.expm1(0), 0.0)
        self.assertEqual(math.log1p(0), 0.0)

    def test_overflow(self):
        with self.assertRaises(OverflowError) as caught:
            math.exp(1000)
        self.assertEqual(str(caught.exception), "math range error")


class Random(unittest.TestCase):
    def test_seeded_floats(self):
        r = random.Random(42)
        self.assertEqual([r.random() for _ in range(3)],
                         [0.6394267984578837, 0.025010755222666936, 0.27502931836911926])

    def test_seeded_ints(self):
        r = random.Random(1)
        self.assertEqual([r.randint(1, 100) for _ in range(5)], [18, 73, 98, 9, 33])

    def test_seeded_choice_and_shuffle(self):
        r = random.Random(7)
        items = list(range(10))
        r.shuffle(items)
        self.assertEqual(sorted(items), list(range(10)))
        again = random.Random(7)
        other = list(range(10))
        again.shuffle(other)
        self.assertEqual(items, other)

    def test_getrandbits(self):
        r = random.Random(3)
        self.assertEqual([r.getrandbits(k).bit_length() <= k for k in (1, 31, 32, 33, 100)], [True] * 5)

    def test_sample_and_choices(self):
        r = random.Random(2)
        s = r.sample(range(100), 10)
        self.assertEqual((len(set(s)), all(0 <= x < 100 for x in s)), (10, True))
        self.assertEqual(len(r.choices("ab", weights=[1, 3], k=20)), 20)

    def test_state(self):
        r = random.Random(9)
        state = r.getstate()
        a = [r.random() for _ in range(3)]
        r.setstate(state)
        self.assertEqual([r.random() for _ in range(3)], a)

    def test_string_seed(self):
        self.assertEqual(random.Random("seed").random(), random.Random("seed").random())
        self.assertEqual(random.Random("a").random() == random.Random("b").random(), False)

    def test_distributions(self):
        r = random.Random(4)
        self.assertTrue(all(2 <= r.uniform(2, 5) <= 5 for _ in range(50)))
        self.assertTrue(abs(sum(r.gauss(0, 1) for _ in range(2000)) / 2000) < 0.2)

    def test_randbytes_and_range(self):
        self.assertEqual((len(random.Random(1).randbytes(5)), random.Random(1).randrange(5, 6)), (5, 5))
        with self.assertRaises(ValueError) as caught:
            random.randrange(0)
        self.assertEqual(str(caught.exception), "empty range for randrange()")


if __name__ == "__main__":
    unittest.main()
