"""replace, join, padding, encoding, line splitting and int <-> bytes against plain definitions."""

import itertools
import unittest


def replaced(text, old, new, limit=-1):
    out, i, done = text[:0], 0, 0
    while i < len(text):
        if text[i:i + len(old)] == old and done != limit:
            out += new
            i += len(old)
            done += 1
        else:
            out += text[i:i + 1]
            i += 1
    return out


class Texts(unittest.TestCase):
    def test_replace(self):
        texts = ["", "a", "b", "aa", "ab", "abab", "aaa", "xaxaxa" * 5, "ab" * 40 + "a", "\xe9ab", "a\u20acb"]
        for text, old, new in itertools.product(texts, ["a", "ab", "aa", "ba", "\xe9", "a\u20ac"], ["", "a", "x", "xyz", "\xe9", "\u20ac"]):
            for limit in (-1, 0, 1, 2, 100):
                self.assertEqual(text.replace(old, new, limit), replaced(text, old, new, limit))
            data = [part.encode() for part in (text, old, new)]
            self.assertEqual(data[0].replace(data[1], data[2]), replaced(*data))
        self.assertEqual(("ab".replace("b", ""), "bb".replace("b", "")), ("a", ""))
        self.assertEqual(hash("xbx".replace("x", "")), hash("b"))

    def test_join(self):
        parts = ["a" * n for n in range(40)]
        for separator in ("", ",", "--", "\xe9", "\u20ac" * 3):
            expected = ""
            for i, part in enumerate(parts):
                expected += (separator if i else "") + part
            self.assertEqual(separator.join(parts), expected)
            self.assertEqual(separator.encode().join([p.encode() for p in parts]), expected.encode())
            self.assertEqual(separator.encode().join([bytearray(p.encode()) for p in parts]), expected.encode())
        self.assertEqual((b"x".join([]), b"x".join([b"a"]), b"".join([b"", b""])), (b"", b"a", b""))
        with self.assertRaisesRegex(TypeError, "sequence item 1: expected a bytes-like object, str found"):
            b"".join([b"a", "b"])

    def test_padding(self):
        for text in ("", "a", "abc", "\xe9", "\u20aca"):
            for fill in (" ", "*", "\xe9", "\u20ac"):
                for width in (-1, 0, 1, 3, 4, 50):
                    more = max(width - len(text), 0)
                    self.assertEqual(text.ljust(width, fill), text + fill * more)
                    self.assertEqual(text.rjust(width, fill), fill * more + text)
                    self.assertEqual(sorted(text.center(width, fill)), sorted(text + fill * more))

    def test_splitting_and_ends(self):
        for n in range(40):
            word = "".join([chr(97 + i % 26) for i in range(n)])
            self.assertEqual((word + "," + word + ",,").split(","), [word, word, "", ""])
            self.assertEqual((word + "\n" + word + "\n").splitlines(), [word, word])
            for m in range(n + 1):
                self.assertTrue(word.startswith(word[:m]) and word.endswith(word[m:]))
                self.assertEqual(word.removeprefix(word[:m]), word[m:])
                if m:
                    for wrong in ("?" + word[1:m], word[:m - 1] + "?", word[:m // 2] + "?" + word[m // 2 + 1:m]):
                        self.assertFalse(word.startswith(wrong))
        for c in map(chr, range(256)):
            self.assertEqual((c * 3).isalnum(), c.isalpha() or c.isdecimal() or c.isdigit() or c.isnumeric())
            self.assertEqual(("a" + c).isalpha(), (c + "\u0101").isalpha())

    def test_encode(self):
        for n in (0, 1, 15, 16, 17, 31, 32, 33, 64):
            for odd in ("", "\x7f", "\x80", "\xff", "\u07ff", "\u0800", "\u20ac", "\U0001f600"):
                for text in ("a" * n + odd, odd + "b" * n, "a" * n + odd + "b" * n):
                    data = text.encode()
                    self.assertEqual(data, b"".join([c.encode() for c in text]))
                    self.assertEqual(data.decode(), text)
        for text in ("a" * 40 + "\ud800", "\udfff" + "a" * 20):
            with self.assertRaises(UnicodeEncodeError):
                text.encode()

    def test_split_lines(self):
        for end in ("\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"):
            self.assertEqual(("ab" + end + "c" + end).splitlines(), ["ab", "c"])
            self.assertEqual(("ab" + end + "c").splitlines(True), ["ab" + end, "c"])
        for other in ("\x1f", " ", "\x84", "\x86", "\u2000", "\u2027", "\u202a"):
            self.assertEqual(("ab" + other + "c").splitlines(), ["ab" + other + "c"])

    def test_translate(self):
        table = {ord("a"): "x", ord("b"): None, ord("c"): "long", ord("d"): 0x20ac, ord("\xe9"): "e", ord("f"): "\xe9"}
        for text in ("abcd" * 100, "a" * 300, "\xe9abcdef", "fff", "zzz", ""):
            self.assertEqual(text.translate(table), "".join([{"a": "x", "b": "", "c": "long", "d": "\u20ac", "\xe9": "e",
                                                              "f": "\xe9"}.get(c, c) for c in text]))

    def test_hex(self):
        data = bytes(range(256))
        self.assertEqual(data.hex(), "".join([f"{b:02x}" for b in data]))
        self.assertEqual((b"".hex(), b"\x0f".hex(), data[:3].hex(":")), ("", "0f", "00:01:02"))
        self.assertEqual(bytes.fromhex(data.hex()), data)


class Bytes(unittest.TestCase):
    def test_to_and_from_bytes(self):
        for size in range(0, 11):
            for order in ("little", "big"):
                for value in {0, 1, 127, 128, 255, 256, 2**(8 * size) - 1, 2**(8 * size), 2**max(8 * size - 1, 0), 2**62 - 1,
                              2**62, -1, -128, -129, -2**max(8 * size - 1, 0)}:
                    for signed in (False, True):
                        low = -2**(8 * size - 1) if signed and size else 0
                        high = (2**(8 * size - 1) if signed else 2**(8 * size)) if size else 1
                        if low <= value < high:
                            data = value.to_bytes(size, order, signed=signed)
                            digits = data if order == "little" else data[::-1]
                            self.assertEqual(sum(b << 8 * i for i, b in enumerate(digits)), value % 2**(8 * size))
                            self.assertEqual(int.from_bytes(data, order, signed=signed), value)
                        elif size:
                            with self.assertRaises(OverflowError):
                                value.to_bytes(size, order, signed=signed)


class Lists(unittest.TestCase):
    def test_reflected_addition(self):
        class Right:
            def __radd__(self, other):
                return "right"

            def __iter__(self):
                return iter((7, 8))

        class Child(list):
            def __radd__(self, other):
                return "child"

        self.assertEqual([1] + Right(), "right")
        self.assertEqual([1] + Child(), "child")
        items = [1]
        items += Right()
        self.assertEqual(items, "right")
        items = keep = [1]
        items += (2, 3)
        items += [4]
        items += items
        self.assertEqual((items, items is keep), ([1, 2, 3, 4, 1, 2, 3, 4], True))
        with self.assertRaisesRegex(TypeError, 'can only concatenate list'):
            [1] + (2,)

    def test_items_of_dicts(self):
        table = {i: str(i) for i in range(100)}
        for i in range(0, 100, 3):
            del table[i]
        table["x"] = None
        self.assertEqual(list(table.items()), [(k, table[k]) for k in table])
        self.assertEqual(list(table.items()), list(zip(table, table.values())))
        self.assertEqual((list({}.items()), sorted({1: 2}.items())), ([], [(1, 2)]))

    def test_lists_of_views(self):
        for n in (0, 1, 5, 3000):
            table = {f"key{i}": [i] for i in range(n)}
            for view in (table, table.keys(), table.values(), table.items()):
                plain = [item for item in view]
                made = list(view)
                self.assertEqual(made, plain)
                made += view
                made.append(None)
                made.extend(view)
                self.assertEqual(made, plain * 2 + [None] + plain)
            keep = list(table.values())
            table.clear()
            self.assertEqual(sum(item[0] for item in keep), n * (n - 1) // 2)

        class Turned(dict):
            def __iter__(self):
                return reversed(list(super().__iter__()))

        turned = Turned(a=1, b=2)
        self.assertEqual((list(turned.keys()), list(turned.items())), (["a", "b"], [("a", 1), ("b", 2)]))

    def test_sets_of_views_notice_changes(self):
        class Key:
            def __hash__(self):
                table[len(table)] = None
                return 1

        table = {}
        table[0] = Key()
        with self.assertRaisesRegex(RuntimeError, "dictionary changed size during iteration"):
            set(table.values())

    def test_sizes_of_tuples(self):
        for n in (0, 1, 2, 3, 8, 9, 100, 70_000):
            made = tuple([i for i in range(n)])
            self.assertEqual((len(made), sum(made), made[n // 2:] + made[:n // 2]), (n, n * (n - 1) // 2, made[n // 2:] + made[:n // 2]))
            self.assertEqual(made, tuple(range(n)))

            class Named(tuple):
                pass
            other = Named(made)
            other.label = "label"
            self.assertEqual((len(other), other, other.label), (n, made, "label"))


if __name__ == "__main__":
    unittest.main()
