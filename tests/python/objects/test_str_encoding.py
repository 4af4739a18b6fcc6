"""str: encodings, error handlers, literals, subclasses."""

import unittest


class Encoding(unittest.TestCase):
    def test_round_trips(self):
        text = "aé漢🐍"
        for codec in ("utf-8", "utf-16", "utf-32", "utf-8-sig", "utf-7", "unicode_escape", "raw_unicode_escape",
                      "utf-16-be"):
            self.assertEqual(text.encode(codec).decode(codec), text)
        self.assertEqual("é".encode("latin-1"), b"\xe9")
        self.assertEqual("€".encode("cp1252"), b"\x80")

    def test_error_handlers(self):
        self.assertEqual(["é€".encode("ascii", h) for h in ("ignore", "replace", "xmlcharrefreplace",
                "backslashreplace", "namereplace")], [b"", b"??", b"&#233;&#8364;", b"\\xe9\\u20ac",
                        b"\\N{LATIN SMALL LETTER E WITH ACUTE}\\N{EURO SIGN}"])
        self.assertEqual(b"a\xff".decode("utf-8", "surrogateescape"), "a\udcff")
        self.assertEqual("\udcff".encode("utf-8", "surrogateescape"), b"\xff")
        self.assertEqual("\ud800".encode("utf-8", "surrogatepass"), b"\xed\xa0\x80")

    def test_errors(self):
        with self.assertRaises(UnicodeEncodeError) as caught:
            "aé".encode("ascii")
        self.assertEqual(str(caught.exception),
                         "'ascii' codec can't encode character '\\xe9' in position 1: ordinal not in range(128)")
        with self.assertRaises(UnicodeEncodeError) as caught:
            "\ud800".encode()
        self.assertEqual(str(caught.exception),
                         "'utf-8' codec can't encode character '\\ud800' in position 0: surrogates not allowed")
        with self.assertRaises(LookupError) as caught:
            "a".encode("nope")
        self.assertEqual(str(caught.exception), "unknown encoding: nope")
        with self.assertRaises(LookupError) as caught:
            "é".encode("ascii", "nope")
        self.assertEqual(str(caught.exception), "unknown error handler name 'nope'")


class Literals(unittest.TestCase):
    def test_escapes(self):
        self.assertEqual("\x41", "A")
        self.assertEqual("\101", "A")
        self.assertEqual("\u0041", "A")
        self.assertEqual("\U00000041", "A")
        self.assertEqual("\N{LATIN SMALL LETTER A}", "a")
        self.assertEqual("\a\b\f\v", "\x07\x08\x0c\x0b")

    def test_raw_and_triple(self):
        self.assertEqual([r"\n", R"\'", """a"b""", '''c'd'''], ["\\n", "\\'", 'a"b', "c'd"])

    def test_surrogates_stay(self):
        self.assertEqual((len("\ud83d\udc0d"), "\ud83d\udc0d" == "🐍"), (2, False))

    def test_subclass(self):
        class S(str):
            def __repr__(self): return "S"
        s = S("ab")
        self.assertEqual((s + "c", type(s.upper()), repr(s), str(s), {s: 1}["ab"]), ("abc", str, "S", "ab", 1))

    def test_chr_ord(self):
        self.assertEqual([ord("a"), ord("🐍"), chr(0x10FFFF), chr(0)], [97, 128013, "\U0010ffff", "\0"])
        with self.assertRaises(TypeError) as caught:
            ord("ab")
        self.assertEqual(str(caught.exception), "ord() expected a character, but string of length 2 found")
        with self.assertRaises(ValueError) as caught:
            chr(0x110000)
        self.assertEqual(str(caught.exception), "chr() arg not in range(0x110000)")


if __name__ == "__main__":
    unittest.main()
