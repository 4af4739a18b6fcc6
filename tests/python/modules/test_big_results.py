"""Functions whose results, or work, are huge: they can be interrupted, and what has no room is a MemoryError."""
import math
import signal
import subprocess
import sys
import unittest


class Interrupted(Exception):
    pass


class Results(unittest.TestCase):
    def test_factorials(self):
        for n in 65_535, 65_536, 80_001:
            value = math.factorial(n)
            self.assertEqual(value, math.factorial(n - 1) * n)
            self.assertEqual((value & -value).bit_length() - 1, n - n.bit_count())

    def test_combinations(self):
        for n, k in ((10**30, 12_000), (90_000, 70_001), (2**64, 17_000), (150_000, 149_990)):
            self.assertEqual(math.comb(n, k) * math.factorial(min(k, n - k)), math.perm(n, min(k, n - k)))
        self.assertEqual(math.perm(70_000, 67_000) * math.factorial(3_000), math.factorial(70_000))

    def test_powers(self):
        for base, exponent in ((-3, 2_700_001), (12, 1_200_000), (10**40, 33_001), (2**64 - 1, 66_001)):
            value = base**exponent
            for modulus in 10**9 + 7, 2**61 - 1:
                self.assertEqual(value % modulus, pow(base, exponent, modulus))
            self.assertEqual(value, base ** (exponent // 2) * base ** (exponent - exponent // 2))
        self.assertEqual((-2) ** 10_000_001, -(1 << 10_000_001))

    def test_modular_powers(self):
        for modulus in (10**2_500 + 7, 10**2_500, -(3**5_000)):
            base, exponent = 3**200 + 1, 5**1_900 + 1
            whole = pow(base, exponent, modulus)
            self.assertEqual(whole, pow(base, 5**1_900, modulus) * base % modulus)
            self.assertEqual(pow(base, 100, modulus), base**100 % modulus)


class Interruption(unittest.TestCase):
    def setUp(self):
        def raise_it(*_):
            raise Interrupted
        old = signal.signal(signal.SIGALRM, raise_it)
        self.addCleanup(signal.signal, signal.SIGALRM, old)
        self.addCleanup(signal.setitimer, signal.ITIMER_REAL, 0)

    def check(self, function, *arguments):
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with self.assertRaises(Interrupted):
            function(*arguments)

    def test_interrupted(self):
        self.check(math.factorial, 200_000_000)
        self.check(math.perm, 10**9, 300_000_000)
        self.check(math.comb, 10**9, 300_000_000)
        self.check(pow, 3, 4_000_000_000)
        self.check(pow, 3, 7**400_000, 11**20_000)


@unittest.skipUnless(sys.implementation.name == "typhon", "CPython tries for hours")
class Memory(unittest.TestCase):
    PROGRAM = """if True:
        import math, resource
        used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 30), resource.RLIM_INFINITY))
        for function, *arguments in ((math.factorial, 10**9), (math.factorial, 2**63 - 1), (math.perm, 10**12, 10**11),
                                     (math.comb, 10**12, 10**11), (math.comb, 2**63, 2**61), (pow, 3, 10**10), (pow, 10**9, 10**30)):
            try:
                function(*arguments)
            except MemoryError:
                print("MemoryError")
    """

    def test_memory_error(self):
        done = subprocess.run([sys.executable, "-c", self.PROGRAM], capture_output=True, text=True)
        self.assertEqual((done.stdout, done.stderr, done.returncode), ("MemoryError\n" * 7, "", 0))


if __name__ == "__main__":
    unittest.main()
