"""str: indexing, searching, splitting, case, classification, formatting, encoding."""

import unittest


class Basics(unittest.TestCase):
    def test_indexing(self):
        s = "aé漢🐍"
        self.assertEqual((s[0], s[1], s[2], s[3], s[-1], len(s)), ("a", "é", "漢", "🐍", "🐍", 4))
        with self.assertRaises(IndexError) as caught:
            s[4]
        self.assertEqual(str(caught.exception), "string index out of range")
        with self.assertRaises(TypeError) as caught:
            s["a"]
        self.assertEqual(str(caught.exception), "string indices must be integers, not 'str'")

    def test_slicing(self):
        s = "abcdef"
        self.assertEqual(s[1:3], "bc")
        self.assertEqual(s[:-1], "abcde")
        self.assertEqual(s[::2], "ace")
        self.assertEqual(s[::-1], "fedcba")
        self.assertEqual(s[10:], "")
        self.assertEqual(s[-100:2], "ab")
        self.assertEqual(s[4:1], "")
        self.assertEqual(s[4:1:-1], "edc")

    def test_concatenation_and_repetition(self):
        self.assertEqual(["a" + "é", "ab" * 3, 0 * "x", -1 * "x", "a" "b"], ["aé", "ababab", "", "", "ab"])

    def test_kinds_mix(self):
        s = "a" + "é" + "漢" + "🐍"
        self.assertEqual((s[:2] + s[3:], s.replace("漢", "x"), s.upper()), ("aé🐍", "aéx🐍", "AÉ漢🐍"))

    def test_comparison(self):
        self.assertTrue("a" < "b" < "ba" < "é" < "漢" < "🐍" and "" < "a" and "A" < "a")
        self.assertTrue("abc" == "ab" + "c" and "abc" != "abd")

    def test_contains(self):
        self.assertTrue("bc" in "abcd" and "" in "" and "x" not in "abc" and "🐍" in "a🐍")
        with self.assertRaises(TypeError) as caught:
            1 in "a"
        self.assertEqual(str(caught.exception), "'in <string>' requires string as left operand, not int")

    def test_iteration(self):
        self.assertEqual((list("añ"), sorted("hello"), "".join(reversed("ab"))), (["a", "ñ"], list("ehllo"), "ba"))

    def test_immutable(self):
        with self.assertRaises(TypeError) as caught:
            "a"[0] = "b"
        self.assertEqual(str(caught.exception), "'str' object does not support item assignment")

    def test_hash_and_dict_key(self):
        d = {"".join(["k", "ey"]): 1}
        self.assertEqual(d["key"], 1)
        self.assertEqual(hash("abc"), hash("ab" + "c"))

    def test_repr(self):
        self.assertEqual([repr(s) for s in ("a", "it's", '"', "'\"", "\n\t\\", "\x00\x7f", "é", "\u200b", "\ud800",
                "🐍")], ["'a'", '"it\'s"', "'\"'", "'\\'\"'", "'\\n\\t\\\\'", "'\\x00\\x7f'", "'é'", "'\\u200b'",
                        "'\\ud800'", "'🐍'"])
        self.assertEqual(ascii("é漢🐍"), "'\\xe9\\u6f22\\U0001f40d'")

    def test_constructor(self):
        self.assertEqual(str(), "")
        self.assertEqual(str(5), "5")
        self.assertEqual(str(b"a"), "b'a'")
        self.assertEqual(str(b"\xc3\xa9", "utf-8"), "é")
        self.assertEqual(str(object=1), "1")
        with self.assertRaises(TypeError) as caught:
            str(1, "utf-8")
        self.assertEqual(str(caught.exception), "decoding to str: need a bytes-like object, int found")


class Searching(unittest.TestCase):
    def test_find_and_index(self):
        s = "abcabc"
        self.assertEqual(s.find("c"), 2)
        self.assertEqual(s.find("c", 3), 5)
        self.assertEqual(s.find("z"), -1)
        self.assertEqual(s.rfind("c"), 5)
        self.assertEqual(s.find(""), 0)
        self.assertEqual(s.find("", 9), -1)
        self.assertEqual(s.rfind("", 0, 3), 3)
        self.assertEqual([s.index("b"), s.rindex("b")], [1, 4])
        with self.assertRaises(ValueError) as caught:
            s.index("z")
        self.assertEqual(str(caught.exception), "substring not found")

    def test_count(self):
        self.assertEqual(["aaa".count("aa"), "abc".count(""), "abab".count("ab", 1), "".count("")], [1, 4, 1, 1])

    def test_starts_and_ends(self):
        self.assertEqual(["abc".startswith("ab"), "abc".endswith(("x", "c")), "abc".startswith("b", 1),
                          "abc".endswith("b", 0, 2), "".startswith("")], [True] * 5)
        with self.assertRaises(TypeError) as caught:
            "a".startswith(1)
        self.assertEqual(str(caught.exception), "startswith first arg must be str or a tuple of str, not int")

    def test_replace(self):
        self.assertEqual("aaa".replace("a", "b"), "bbb")
        self.assertEqual("aaa".replace("a", "b", 2), "bba")
        self.assertEqual("abc".replace("", "-"), "-a-b-c-")
        self.assertEqual("a".replace("x", "y"), "a")
        self.assertEqual("aXbX".replace("X", ""), "ab")
        self.assertEqual("abc".replace("b", "x", count=1), "axc")

    def test_long_needles(self):
        text = "ab" * 5000 + "abc" + "ab" * 10
        self.assertEqual((text.find("abc"), text.find("c" * 50), text.count("ab")), (10000, -1, 5011))

    def test_removeprefix_suffix(self):
        self.assertEqual("abc".removeprefix("ab"), "c")
        self.assertEqual("abc".removesuffix("bc"), "a")
        self.assertEqual("abc".removeprefix("x"), "abc")


class Splitting(unittest.TestCase):
    def test_whitespace(self):
        self.assertEqual("  a  b ".split(), ["a", "b"])
        self.assertEqual("".split(), [])
        self.assertEqual("a b c".split(None, 1), ["a", "b c"])
        self.assertEqual(" a b ".rsplit(None, 1), [" a", "b"])
        self.assertEqual("a\u2003b".split(), ["a", "b"])

    def test_separator(self):
        self.assertEqual("a,b,,c".split(","), ["a", "b", "", "c"])
        self.assertEqual("".split(","), [""])
        self.assertEqual("a,b,c".split(",", 1), ["a", "b,c"])
        self.assertEqual("a,b,c".rsplit(",", 1), ["a,b", "c"])
        self.assertEqual("aXXb".split("XX"), ["a", "b"])
        with self.assertRaises(ValueError) as caught:
            "a".split("")
        self.assertEqual(str(caught.exception), "empty separator")

    def test_lines(self):
        self.assertEqual("a\nb\r\nc\rd".splitlines(), ["a", "b", "c", "d"])
        self.assertEqual("a\n".splitlines(), ["a"])
        self.assertEqual("a\nb".splitlines(True), ["a\n", "b"])
        self.assertEqual("".splitlines(), [])
        self.assertEqual("a\u2028b\x0bc".splitlines(), ["a", "b", "c"])

    def test_partition(self):
        self.assertEqual("a=b=c".partition("="), ("a", "=", "b=c"))
        self.assertEqual("a=b=c".rpartition("="), ("a=b", "=", "c"))
        self.assertEqual("a".partition("="), ("a", "", ""))
        self.assertEqual("a".rpartition("="), ("", "", "a"))

    def test_join(self):
        self.assertEqual(",".join("abc"), "a,b,c")
        self.assertEqual("".join([]), "")
        self.assertEqual("-".join(["x"]), "x")
        self.assertEqual("é".join(["a", "b"]), "aéb")
        with self.assertRaises(TypeError) as caught:
            "".join(["a", 1])
        self.assertEqual(str(caught.exception), "sequence item 1: expected str instance, int found")
        with self.assertRaises(TypeError) as caught:
            "".join(5)
        self.assertEqual(str(caught.exception), "can only join an iterable")


class Case(unittest.TestCase):
    def test_simple(self):
        self.assertEqual("aB".upper(), "AB")
        self.assertEqual("aB".lower(), "ab")
        self.assertEqual("aB".swapcase(), "Ab")
        self.assertEqual("hello world".title(), "Hello World")
        self.assertEqual("hELLO".capitalize(), "Hello")

    def test_special_casing(self):
        self.assertEqual("ß".upper(), "SS")
        self.assertEqual("ß".casefold(), "ss")
        self.assertEqual("İ".lower(), "i̇")
        self.assertEqual("ΑΣ".lower(), "ας")
        self.assertEqual("ŉ".upper(), "ʼN")
        self.assertEqual("ǆ".title(), "ǅ")
        self.assertEqual("ﬁ".upper(), "FI")

    def test_title_with_apostrophe(self):
        self.assertEqual("they're bill's".title(), "They'Re Bill'S")

    def test_classification(self):
        self.assertEqual("abc".isalpha(), True)
        self.assertEqual("ab1".isalnum(), True)
        self.assertEqual("123".isdigit(), True)
        self.assertEqual("²".isdigit(), True)
        self.assertEqual("½".isnumeric(), True)
        self.assertEqual("٣".isdecimal(), True)
        self.assertEqual(" \t".isspace(), True)
        self.assertEqual("AB".isupper(), True)
        self.assertEqual("ab".islower(), True)
        self.assertEqual("Ab Cd".istitle(), True)
        self.assertEqual("a_1".isidentifier(), True)
        self.assertEqual("a\n".isprintable(), False)
        self.assertEqual("é".isascii(), False)
        self.assertEqual("漢".isalpha(), True)
        self.assertEqual("".isalpha(), False)
        self.assertEqual("".isdigit(), False)
        self.assertEqual("".isascii(), True)
        self.assertEqual("".isprintable(), True)
        self.assertEqual("1a".isidentifier(), False)

    def test_strip(self):
        self.assertEqual("  a ".strip(), "a")
        self.assertEqual("xxaxx".strip("x"), "a")
        self.assertEqual("abcba".strip("ab"), "c")
        self.assertEqual(" a ".lstrip(), "a ")
        self.assertEqual(" a ".rstrip(), " a")
        self.assertEqual("\u3000a".strip(), "a")
        self.assertEqual("".strip(), "")

    def test_padding(self):
        self.assertEqual("a".center(4, "*"), "*a**")
        self.assertEqual("a".ljust(3, "."), "a..")
        self.assertEqual("a".rjust(3), "  a")
        self.assertEqual("-5".zfill(4), "-005")
        self.assertEqual("+5".zfill(4), "+005")
        self.assertEqual("5".zfill(1), "5")
        self.assertEqual("abc".center(2), "abc")
        with self.assertRaises(TypeError) as caught:
            "a".center(5, "xx")
        self.assertEqual(str(caught.exception), "The fill character must be exactly one character long")

    def test_expandtabs(self):
        self.assertEqual(["a\tb".expandtabs(), "ab\tc".expandtabs(4), "\t".expandtabs(0)], ["a       b", "ab  c", ""])

    def test_translate(self):
        table = str.maketrans("ab", "xy", "z")
        self.assertEqual("abzc".translate(table), "xyc")
        self.assertEqual("abc".translate({97: "AA", 98: None, 99: 67}), "AAC")
        self.assertEqual(str.maketrans({"a": "b"}), {97: "b"})


if __name__ == "__main__":
    unittest.main()
