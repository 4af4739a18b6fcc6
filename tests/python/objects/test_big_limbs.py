"""Arithmetic of ints around the limits of a machine word, against arithmetic in small pieces."""

import unittest

EDGES = [0, 1, 2, 3, 7, 10, 2**31, 2**61, 2**62 - 1, 2**62, 2**62 + 1, 2**63 - 1, 2**63, 2**64 - 1, 2**64, 2**64 + 1,
         2**127, 2**128 - 1, 2**128, 10**18, 10**19, 10**19 - 1, 10**38, 10**100 + 7, 2**1000 - 1, 2**4096, 3**2500]
VALUES = EDGES + [-v for v in EDGES]
BASE = 10**9


def pieces(n):
    """Sign and digits in base 10**9, by way of the text, which is cut without arithmetic."""
    text = str(n).lstrip("-")
    return n < 0, [int(text[max(i - 9, 0):i]) for i in range(len(text), 0, -9)]


def whole(negative, digits):
    text = "".join(f"{d:09d}" for d in reversed(digits)).lstrip("0") or "0"
    return int("-" + text if negative and text != "0" else text)


def magnitude_sum(a, b):
    out, carry = [], 0
    for i in range(max(len(a), len(b)) + 1):
        carry += (a[i] if i < len(a) else 0) + (b[i] if i < len(b) else 0)
        out.append(carry % BASE)
        carry //= BASE
    return out


def magnitude_product(a, b):
    out = [0] * (len(a) + len(b) + 1)
    for i, x in enumerate(a):
        carry = 0
        for j, y in enumerate(b + [0]):
            carry += out[i + j] + x * y
            out[i + j] = carry % BASE
            carry //= BASE
    return out


class Limbs(unittest.TestCase):
    def test_sums_of_equal_signs(self):
        for x in VALUES:
            for y in VALUES:
                if (x < 0) == (y < 0):
                    self.assertEqual(x + y, whole(x < 0, magnitude_sum(pieces(x)[1], pieces(y)[1])))

    def test_differences_undo_sums(self):
        for x in VALUES:
            for y in VALUES:
                self.assertEqual((x + y) - y, x)
                self.assertEqual((x - y) + y, x)
                self.assertEqual(x - y, -(y - x))
                self.assertEqual(x - y == 0, x == y)

    def test_products(self):
        for x in VALUES:
            for y in VALUES:
                if abs(y) < 2**1100:
                    expected = whole((x < 0) != (y < 0), magnitude_product(pieces(x)[1], pieces(y)[1]))
                    self.assertEqual(x * y, expected)
            self.assertEqual(x * x, x ** 2)

    def test_bits(self):
        for x in VALUES:
            for y in VALUES:
                self.assertEqual((x & y) + (x | y), x + y)
                self.assertEqual((x ^ y) + 2 * (x & y), x + y)
                self.assertEqual(x & y, ~(~x | ~y))

    def test_shifts(self):
        for x in VALUES:
            for n in (0, 1, 5, 62, 63, 64, 65, 127, 128, 129, 700):
                self.assertEqual(x << n, x * 2**n)
                self.assertEqual(x >> n, x // 2**n)
                self.assertEqual((x << n) >> n, x)

    def test_small_results_are_plain_ints(self):
        for big in (2**62, 2**64, 2**200):
            self.assertIs(type(big - big), int)
            self.assertEqual({big - big: 1, big - (big - 5): 2}, {0: 1, 5: 2})
            self.assertEqual(hash((big + 7) - big), hash(7))

    def test_bools(self):
        self.assertEqual([True + 1, 1 + True, 3 - True, True * 5, True << 3, 7 & True, True ^ 3, 5 // True, 5 % True, 4 / True],
                         [2, 2, 2, 5, 8, 1, 2, 5, 0, 4.0])
        for value in (True & True, True | False, True ^ True):
            self.assertIs(type(value), bool)
        for value in (True + True, True * True, True & 1, 1 | False):
            self.assertIs(type(value), int)
        self.assertEqual(True + 2**80, 2**80 + 1)
        with self.assertRaises(ZeroDivisionError):
            1 // False
        total = 0
        total += True
        self.assertEqual(total, 1)

    def test_decimal_texts(self):
        for digits in (1, 17, 18, 19, 20, 37, 38, 39, 57, 100, 455, 456, 457, 460, 500):
            for text in ("1" + "0" * (digits - 1), "9" * digits, "12345678901234567890" * 30):
                text = text[:digits]
                n = int(text)
                self.assertEqual(str(n), text)
                self.assertEqual(str(-n), "-" + text)
                self.assertEqual(int("-" + text), -n)
                self.assertEqual(int("000" + text), n)
                self.assertEqual(int(" +" + text + "\n"), n)
                self.assertEqual(n, sum(int(c) * 10**i for i, c in enumerate(reversed(text))))
        self.assertEqual(int("0" * 50), 0)
        for bad in ("12345678901234567890x", "1__2", "_1", "1_", "", "+", "٣" + "x"):
            with self.assertRaises(ValueError):
                int(bad)


if __name__ == "__main__":
    unittest.main()
