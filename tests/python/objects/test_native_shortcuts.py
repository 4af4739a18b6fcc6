"""Results where native code takes a short way: reads through classes, unbound methods, splitting, nested reprs, weak references."""
import unittest
import weakref


class ClassReads(unittest.TestCase):
    def test_metaclass_gets_a_property(self):
        class Meta(type):
            pass

        class A(metaclass=Meta):
            x = 1

            @classmethod
            def c(cls):
                return cls

        def read():
            return A.x, A.c()

        for _ in range(20):
            self.assertEqual(read(), (1, A))
        Meta.x = property(lambda cls: "meta")
        self.assertEqual(read(), ("meta", A))
        del Meta.x
        self.assertEqual(read(), (1, A))
        A.x = 7
        self.assertEqual(read(), (7, A))

    def test_methods_of_native_types(self):
        def lower(v):
            return str.lower(v)

        class S(str):
            pass

        for _ in range(20):
            self.assertEqual(lower("AB"), "ab")
        self.assertEqual(lower(S("AB")), "ab")
        with self.assertRaisesRegex(TypeError, "descriptor 'lower' for 'str' objects doesn't apply to a 'int' object"):
            lower(3)
        with self.assertRaisesRegex(TypeError, r"unbound method str.lower\(\) needs an argument"):
            str.lower()
        self.assertEqual(repr(str.lower), "<method 'lower' of 'str' objects>")

    def test_class_getitem(self):
        class G:
            def __class_getitem__(cls, key):
                return cls.__name__, key

        class H(G):
            pass

        self.assertEqual((G[1], H[2]), (("G", 1), ("H", 2)))
        self.assertEqual(repr(list[int]), "list[int]")


class Splitting(unittest.TestCase):
    def test_by_one_character(self):
        for item in ("x", "é", "\u4e00", "\U0001F600"):
            for count in (0, 1, 2, 15, 16, 17, 31, 32, 33, 64, 65, 100):
                parts = [item * (i % 5) for i in range(count + 1)]
                text = ",".join(parts)
                self.assertEqual(text.split(","), parts)
                for most in range(count + 3):
                    rest = [",".join(parts[most:])] if most < len(parts) else []
                    self.assertEqual(text.split(",", most), parts[:most] + rest)

    def test_utf8(self):
        for text in ("héllo" * 10, "a" * 7 + "é", "é", "日本語abc" * 9, "a" * 9 + "😀" + "b" * 20, "é" * 9 + "a" * 8):
            self.assertEqual(text.encode().decode(), text)


class Numbers(unittest.TestCase):
    def test_divmod(self):
        for a in (-7, 7, 0, 13, -13, 2**60, -2**60, 2**61):
            for b in (3, -3, 7, -1, 2**60):
                q, r = divmod(a, b)
                self.assertEqual((q, r), (a // b, a % b))
                self.assertEqual(q * b + r, a)
        self.assertRaises(ZeroDivisionError, divmod, 3, 0)


class Reprs(unittest.TestCase):
    def test_recursive(self):
        inner = [1, -5]
        inner.append(inner)
        self.assertEqual(repr(inner), "[1, -5, [...]]")
        for depth in (1, 7, 8, 9, 30):
            bottom = nest = [1]
            for _ in range(depth):
                nest = [nest]
            bottom[0] = nest
            self.assertEqual(repr(nest), "[" * (depth + 1) + "[...]" + "]" * (depth + 1))
            self.assertEqual(repr([nest, nest]).count("..."), 2)

    def test_raising(self):
        class Bad:
            def __repr__(self):
                raise KeyError("no")

        bad = [Bad()]
        for _ in range(20):
            self.assertRaises(KeyError, repr, [bad])
        bad[0] = 3
        self.assertEqual(repr([bad]), "[[3]]")


class WeakReferences(unittest.TestCase):
    def test_many_come_and_go(self):
        class C:
            pass

        kept = []
        for n in range(2000):
            o = C()
            kept.append((o, weakref.ref(o)))
            if n % 3:
                kept.pop(n % len(kept))
        for o, r in kept:
            self.assertIs(r(), o)
            self.assertIs(weakref.ref(o), r)
        refs = [r for _, r in kept]
        del o, r
        kept.clear()
        self.assertEqual([r() for r in refs], [None] * len(refs))


if __name__ == "__main__":
    unittest.main()
