"""`in`, subscripts, assignment and get() with keys and members that are the same, equal or different."""

import unittest


def texts():
    made = ["", "a", "b", "ab", "é", "éa", "ĉ", "ĉa", "𝄞", "aĉ"]
    for n in (6, 7, 8, 9, 15, 16, 17, 40):
        stem = "x" * n
        made += [stem, "y" + stem[1:], stem[:-1] + "y", stem[: n // 2] + "y" + stem[n // 2 + 1:], stem[:-1] + "é"]
    return made


def copy_of(text):
    """An equal string that is another object, where there can be one."""
    return "".join([text[:1], text[1:]])


class Meta(type):
    def __hash__(cls):
        return 7

    def __eq__(cls, other):
        return isinstance(other, Meta)


class One(metaclass=Meta):
    pass


class Two(metaclass=Meta):
    pass


class Loud:
    """Equal to every int; hashes as 3."""

    def __hash__(self):
        return 3

    def __eq__(self, other):
        return isinstance(other, int)


NUMBERS = [0, 1, -1, -2, 5, 2**31, 2**32 - 1, 2**32, 2**40 + 3, 2**61 - 2, 2**61 - 1, 2**61, 2**62, -(2**61), 2**80]
KEYS = [*texts(), *NUMBERS, None, 2.5, b"ab", (1, "a"), int, str, type, object, Loud]


class KeysTest(unittest.TestCase):
    def check(self, present):
        """Membership and look-ups agree with a search by == over all keys."""
        as_dict = {key: i for i, key in enumerate(present)}
        as_set, as_frozen, as_tuple, as_list = set(present), frozenset(present), tuple(present), list(present)
        for key in KEYS:
            for asked in (key, copy_of(key)) if isinstance(key, str) else (key,):
                wanted = any(asked is k or asked == k for k in present)
                for container in (as_dict, as_set, as_frozen, as_tuple, as_list):
                    self.assertIs(asked in container, wanted, (asked, type(container)))
                    self.assertIs(asked not in container, not wanted)
                    jumped = "no"
                    if asked in container:
                        jumped = "yes"
                    self.assertEqual(jumped, "yes" if wanted else "no")
                    jumped = "no" if asked not in container else "yes"
                    self.assertEqual(jumped, "yes" if wanted else "no")
                if wanted:
                    i = as_dict[asked]
                    self.assertEqual(present[i], asked)
                    self.assertEqual(as_dict.get(asked), i)
                    self.assertEqual(as_dict.get(asked, asked), i)
                else:
                    self.assertIsNone(as_dict.get(asked))
                    self.assertIs(as_dict.get(asked, asked), asked)
                    with self.assertRaises(KeyError):
                        as_dict[asked]

    def test_all_half_and_none(self):
        self.check(KEYS)
        self.check(KEYS[::2])
        self.check(KEYS[1::2])
        self.check([])

    def test_large_tables(self):
        for n in (300, 70_000):
            table = {f"key{i}": i for i in range(n)}
            table.update((i << 20, -i) for i in range(n))
            for i in range(0, n, 97):
                self.assertEqual(table[f"key{i}"], i)
                self.assertEqual(table.get(i << 20), -i)
                self.assertNotIn(f"kez{i}", table)
                self.assertNotIn((i << 20) + 1, table)

    def test_new_keys(self):
        for start in range(len(KEYS)):
            keys = KEYS[start:] + KEYS[:start]
            table = {}
            for i, key in enumerate(keys):
                table[copy_of(key) if isinstance(key, str) else key] = [i]
                self.assertEqual(len(table), i + 1)
                if i % 5 == 4:
                    del table[keys[i - 1]]
                    table[keys[i - 1]] = [i - 1]
            self.assertEqual(sorted(table.values()), [[i] for i in range(len(keys))])
            for i, key in enumerate(keys):
                self.assertEqual(table[key], [i])

    def test_comprehensions(self):
        twice = KEYS + [copy_of(key) if isinstance(key, str) else key for key in KEYS]
        for n in range(len(twice) + 1):
            wanted = {}
            for i, key in enumerate(twice[:n]):
                wanted[key] = i
            made = {key: i for i, key in enumerate(twice[:n])}
            self.assertEqual(made, wanted)
            self.assertEqual(list(made), list(wanted))
            as_set = {key for key in twice[:n]}
            self.assertEqual(len(as_set), min(n, len(KEYS)))
            self.assertEqual(as_set, set(wanted))
        self.assertEqual({(i, i): [i] for i in range(20)}, dict(zip(zip(range(20), range(20)), [[i] for i in range(20)])))
        self.assertEqual(len({(i % 7, "a") for i in range(20)}), 7)
        same = "key" + str(1)
        self.assertEqual({same: same for _ in range(3)}, {"key1": "key1"})

    def test_subclasses_of_int(self):
        class Plain(int):
            pass

        class Odd(int):
            def __eq__(self, other):
                return False

            __hash__ = int.__hash__

        for n in NUMBERS:
            self.assertEqual({n: "x"}.get(Plain(n)), "x")
            self.assertEqual({Plain(n): "x"}.get(n), "x")
            self.assertIn(Plain(n), {n})
            self.assertIn(n, (Plain(n),))
            self.assertIn(Plain(n), [Plain(n)])
            self.assertNotIn(Odd(n), {n})
            self.assertNotIn(n, [Odd(n)])
            self.assertIsNone({n: "x"}.get(Odd(n)))
            self.assertNotIn(Plain(n + 1), {n})
        self.assertIn(True, {Plain(1)})
        self.assertIn(Plain(0), (False,))

    def test_replacing(self):
        for key in KEYS:
            table = {k: [k] for k in KEYS}
            asked = copy_of(key) if isinstance(key, str) else key
            value = [asked]
            table[asked] = value
            self.assertEqual(len(table), len(KEYS))
            self.assertIs(table[key], value)
            table[asked] = table[asked] + [1]
            self.assertEqual(table[key], [asked, 1])
            del table[key]
            self.assertNotIn(asked, table)
            table[asked] = 3
            self.assertEqual(list(table)[-1], key)

    def test_hash_and_equality_of_classes_and_instances(self):
        self.assertIn(One, {Two})
        self.assertIn(One, {Two: 1})
        self.assertEqual({Two: 1}[One], 1)
        self.assertIn(3, {Loud()})
        self.assertIn(3, (Loud(),))
        self.assertIn(3, {Loud(): 1})
        self.assertEqual({Loud(): "x"}[3], "x")
        self.assertNotIn(4, {Loud()})
        self.assertIn(1, {True: 0})
        self.assertIn(1, {1.0})
        self.assertIn(1, (True,))
        self.assertIn(2, (2.0,))
        self.assertNotIn("1", (1, None, True))
        self.assertNotIn(None, ("None", 0))

    def test_unhashable(self):
        for container in ({1: 2}, {1}, frozenset([1])):
            with self.assertRaises(TypeError):
                [] in container
        with self.assertRaises(TypeError):
            {}.get([])
        self.assertNotIn([], (1, "a"))

    def test_characters(self):
        for text in ("", "a", "+-.eE0123456789", "é", "ĉ", "x" * 63 + "a", "x" * 64 + "a", "x" * 200 + "a"):
            for c in ("", "a", "7", "é", "ĉ", "xa", "𝄞"):
                self.assertIs(c in text, text.find(c) >= 0)
                self.assertIs(c not in text, text.find(c) < 0)
        with self.assertRaises(TypeError):
            1 in "a"

    def test_comparing_texts(self):
        made = texts()
        for i, a in enumerate(made):
            for k, b in enumerate(made):
                b = copy_of(b)
                jumped = []
                if a == b:
                    jumped.append("==")
                if a != b:
                    jumped.append("!=")
                if copy_of(a) == b:
                    jumped.append("==")
                self.assertEqual(jumped, ["==", "=="] if i == k else ["!="])

    def test_temporaries(self):
        class Dying:
            count = 0

            def __del__(self):
                Dying.count += 1

        def make():
            return Dying()

        self.assertFalse(make() is make())
        self.assertIsNone({1: 2}.get(make()))
        self.assertEqual({1: 2}.get(make(), 5), 5)
        self.assertFalse(make() in {1: make()}.values())
        self.assertEqual({"a": make()}.get("b", 4), 4)
        self.assertEqual(len([make()]), 1)
        self.assertTrue(isinstance(make(), Dying))
        {"a": 1}["a"] = make()
        table = {"a": make()}
        table["a"] = make()
        self.assertIsInstance(table["a"], Dying)
        del table
        import gc
        gc.collect()
        self.assertEqual(Dying.count, 12)


class ModuleAttributesTest(unittest.TestCase):
    def test_changing(self):
        import types
        first, second = types.ModuleType("first"), types.ModuleType("second")
        first.f = lambda: 1
        second.g = second.f = lambda: 2
        seen = []
        for module in (first, second, first, first, second):
            seen.append((module.f(), module.f is module.__dict__["f"]))
        self.assertEqual(seen, [(1, True), (2, True), (1, True), (1, True), (2, True)])
        for value in (3, 4):
            first.f = lambda value=value: value
            for _ in range(3):
                self.assertEqual(first.f(), value)
        del first.f
        with self.assertRaises(AttributeError):
            first.f()
        first.__getattr__ = lambda name: lambda: name
        for _ in range(3):
            self.assertEqual(first.f(), "f")


if __name__ == "__main__":
    unittest.main()
