"""Things with short ways of their own: loops over sequences, calls of built-in methods and classes, characters, closures."""

import unittest


class QuickPathTest(unittest.TestCase):
    def test_iterators_remember_their_end(self):
        for make in (list, tuple):
            items = make(range(3))
            it = iter(items)
            self.assertEqual([x for x in it], [0, 1, 2])
            self.assertEqual(list(it), [])
            for _ in it:
                self.fail()
        growing = [1]
        it = iter(growing)
        for _ in it:
            pass
        growing.append(2)
        self.assertEqual(list(it), [])
        seen = []
        for x in growing:
            seen.append(x)
            if x < 5:
                growing.append(x + 3)
        self.assertEqual(seen, [1, 2, 4, 5, 7])

    def test_bound_methods_of_builtins(self):
        items = []
        append, insert, pop = items.append, items.insert, items.pop
        for i in range(3):
            append(i)
        insert(0, 9)
        self.assertEqual((pop(), pop(0), items), (2, 9, [0, 1]))
        for wrong in (lambda: append(), lambda: append(1, 2), lambda: insert(1), lambda: append(object=1)):
            self.assertRaises(TypeError, wrong)
        get = {"a": 1}.get
        self.assertEqual([get("a"), get("b"), get("b", 2)], [1, None, 2])
        from_hex = bytes.fromhex
        self.assertEqual([from_hex("00ff") for _ in range(2)], [b"\0\xff"] * 2)
        self.assertEqual([min(3, i) for i in (5, 1)], [3, 1])
        self.assertRaises(TypeError, lambda: min(1))

    def test_calls_of_classes_with_new(self):
        class Number(int):
            def __new__(cls, value, factor=1):
                if value is None:
                    return "another"
                return super().__new__(cls, value * factor)

            def __init__(self, *args):
                self.args = args

        for _ in range(3):
            n = Number(5, 2)
            self.assertEqual((n, n.args, Number(None)), (10, (5, 2), "another"))
            self.assertEqual([str(1), int("2"), list("ab"), tuple([1]), dict([(1, 2)]), bool([])],
                             ["1", 2, ["a", "b"], (1,), {1: 2}, False])
        self.assertRaises(TypeError, lambda: Number())
        self.assertRaises(ValueError, lambda: int("x"))
        self.assertRaises(TypeError, lambda: tuple(1, 2))

    def test_characters(self):
        for text in ("abc", "a\xe9c", "a\u1234c", "a\U00012345c"):
            characters = []
            for i in range(-3, 3):
                characters.append(text[i])
            self.assertEqual("".join(characters), text * 2)
            for i in (3, -4, 1 << 70):
                with self.assertRaises(IndexError):
                    text[i]
        self.assertEqual(("ab" + "c")[1], "b")

    def test_closures(self):
        def make(x, y):
            def get():
                return x, y

            def put(value):
                nonlocal x
                x = value
            return get, put
        get, put = make([1], 2)
        put([3])
        self.assertEqual([get() for _ in range(2)], [([3], 2)] * 2)

        def unbound():
            def inner():
                return later
            try:
                inner()
            finally:
                later = 1
        self.assertRaises(NameError, unbound)


if __name__ == "__main__":
    unittest.main()
