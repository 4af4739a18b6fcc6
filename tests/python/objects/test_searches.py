"""Searches in str, bytes and lists against the plain definition; sorts against insertion."""

import random
import unittest


def first(text, part):
    return next((i for i in range(len(text) - len(part) + 1) if text[i:i + len(part)] == part), -1)


def last(text, part):
    return next((i for i in range(len(text) - len(part), -1, -1) if text[i:i + len(part)] == part), -1)


class Searches(unittest.TestCase):
    def check(self, text, part):
        self.assertEqual(text.find(part), first(text, part), (text, part))
        self.assertEqual(text.rfind(part), last(text, part), (text, part))
        self.assertEqual(part in text, first(text, part) >= 0)
        start = len(text) // 3
        self.assertEqual(text.find(part, start), (lambda i: i if i < 0 else i + start)(first(text[start:], part)))

    def test_all_widths(self):
        choice = random.Random(5)
        for letters in ("ab", "abc", "a\xe9", "a\u20ac", "a\u20acb", "\U0001f600a", "\u0161a\u6161"):
            for _ in range(300):
                text = "".join(choice.choice(letters) for _ in range(choice.randrange(0, 80)))
                part = "".join(choice.choice(letters) for _ in range(choice.randrange(1, 7)))
                self.check(text, part)
                self.check(text.encode("utf-8", "surrogatepass"), part.encode("utf-8", "surrogatepass"))

    def test_places_at_block_borders(self):
        for n in range(1, 70):
            for wide in ("", "\u20ac", "\U0001f600"):
                for part in ("x", "xy", "xyz", "x" * 17):
                    text = wide + "." * n + part
                    self.check(text, part)
                    self.check(part + text, part)
                    self.check(text + "." * 40, part)

    def test_periodic_texts(self):
        for n in (100, 1000, 20_000):
            self.assertEqual(("a" * n).find("a" * (n // 2) + "b"), -1)
            self.assertEqual(("ab" * n).find("ab" * 50 + "b"), -1)
            self.assertEqual(("a" * n + "b" + "a" * 60).find("a" * 50 + "b"), n - 50)
            self.assertEqual(("ab" * n + "abb").find("ab" * 30 + "abb"), 2 * n - 60)

    def test_no_quadratic_time(self):
        # With an algorithm that compares everywhere this takes minutes.
        n = 1_000_000
        self.assertEqual(("a" * n).find("a" * (n // 2) + "ba"), -1)
        self.assertEqual((b"a" * n).find(b"a" * (n // 2) + b"ba"), -1)

    def test_large_slices_and_reuse(self):
        text = "0123456789" * 3000
        kept = []
        for i in range(200):
            piece = text[i:9000 + 37 * i]
            self.assertEqual(len(piece), 9000 + 36 * i)
            self.assertEqual(piece[-1], text[9000 + 37 * i - 1])
            if i % 7 == 0:
                kept.append((i, piece))
            zeros = bytes(9000 + 37 * i)
            self.assertEqual(zeros.count(0), len(zeros))
            self.assertEqual([None] * (1200 + i), [None for _ in range(1200 + i)])
        for i, piece in kept:
            self.assertEqual(piece, text[i:9000 + 37 * i])


class Sorts(unittest.TestCase):
    def check(self, items):
        expected = []
        for item in items:
            i = len(expected)
            while i > 0 and item < expected[i - 1]:
                i -= 1
            expected.insert(i, item)
        self.assertEqual(sorted(items), expected)
        copy = items[:]
        copy.sort(reverse=True)
        self.assertEqual(copy, sorted(items, key=lambda x: x, reverse=True))

    def test_kinds(self):
        choice = random.Random(7)
        for n in (0, 1, 2, 3, 30, 200):
            self.check([choice.randrange(-50, 50) for _ in range(n)])
            self.check([choice.random() for _ in range(n)])
            self.check([f"word{choice.randrange(100)}" for _ in range(n)])
            self.check(["\xe9" * choice.randrange(12) + choice.choice("ab\0\xff") for _ in range(n)])
            self.check([choice.choice(("", "a", "a\0", "a\0\0", "ab")) for _ in range(n)])
            self.check([choice.choice("ab\u20ac") * choice.randrange(4) for _ in range(n)])
            self.check([choice.choice((1, 2.5, True, 2**70, -1)) for _ in range(n)])
            self.check([(choice.randrange(3), choice.randrange(9)) for _ in range(n)])

    def test_stability(self):
        items = ["".join(("w", str(i % 5))) for i in range(300)]
        ordered = sorted(items)
        for value in set(items):
            self.assertEqual([id(x) for x in ordered if x == value], [id(x) for x in items if x == value])
        backwards = sorted(items, reverse=True)
        for value in set(items):
            self.assertEqual([id(x) for x in backwards if x == value], [id(x) for x in items if x == value])

    def test_extremes(self):
        for items in ([3, 1, 2], [2.5, -1.0, 7.25], [1, 2.0, True], ["b", "a"], [5], [2**80, 1]):
            for container in (items, tuple(items), iter(items)):
                container = list(container) if not isinstance(container, (list, tuple)) else container
                self.assertEqual(max(container), sorted(items)[-1])
                self.assertEqual(min(container), sorted(items)[0])
            if len(items) > 1:
                self.assertEqual((max(*items), min(*items)), (max(items), min(items)))
        nan = float("nan")
        self.assertEqual(max([1.0, nan, 2.0]), 2.0)
        self.assertNotEqual(max([nan, 1.0]), 1.0)
        self.assertEqual(max([], default=5), 5)
        with self.assertRaises(ValueError):
            max([])


class Sets(unittest.TestCase):
    def test_walk_over_a_set_that_changes(self):
        class Key:
            def __init__(self, n):
                self.n = n

            def __hash__(self):
                return self.n % 3

            def __eq__(self, other):
                if sets:
                    walked = sets.pop()
                    walked.discard(other)
                    walked.add(other)
                return isinstance(other, Key) and self.n == other.n

        for operate in (lambda a, b: a & b, lambda a, b: a - b, lambda a, b: b & a):
            sets = []
            a, b = {Key(i) for i in range(6)}, {Key(i) for i in range(3, 9)}
            sets = [a, a, b, b, a, b]
            result = list(operate(a, b))
            sets = []
            self.assertEqual(len(result), len({k.n for k in result}))

    def test_algebra(self):
        choice = random.Random(9)
        for size in (0, 1, 3, 8, 40, 600):
            xs, ys = ([choice.randrange(2 * size + 1) for _ in range(size)] for _ in range(2))
            a, b = set(xs), set(ys)
            self.assertEqual(sorted(a | b), sorted(dict.fromkeys(xs + ys)))
            self.assertEqual(sorted(a & b), sorted(x for x in dict.fromkeys(xs) if x in ys))
            self.assertEqual(sorted(a - b), sorted(x for x in dict.fromkeys(xs) if x not in ys))
            self.assertEqual(a ^ b, (a | b) - (a & b))
            c = set(a)
            c &= b
            c |= a
            c -= b
            self.assertEqual(c, a - b)
            self.assertEqual(len(c), len(list(c)))


class Unpacking(unittest.TestCase):
    def test_starred(self):
        for source in ((1, 2, 3, 4), [1, 2, 3, 4], iter([1, 2, 3, 4]), "1234", range(1, 5)):
            first, *rest, last = source
            self.assertEqual((int(first), [int(x) for x in rest], int(last)), (1, [2, 3], 4))
        a, *b = (1,)
        self.assertEqual((a, b), (1, []))
        *a, b = [[], "x"]
        self.assertEqual((a, b), ([[]], "x"))
        for source in ((1,), [1]):
            with self.assertRaisesRegex(ValueError, r"not enough values to unpack \(expected at least 2, got 1\)"):
                a, b, *c = source


if __name__ == "__main__":
    unittest.main()
