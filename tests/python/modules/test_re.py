"""re."""

import re
import unittest


class Matching(unittest.TestCase):
    def test_match_search_fullmatch(self):
        self.assertEqual(bool(re.match("b", "ab")), False)
        self.assertEqual(bool(re.search("b", "ab")), True)
        self.assertEqual(bool(re.fullmatch("a", "ab")), False)
        self.assertEqual(bool(re.fullmatch("ab", "ab")), True)

    def test_groups(self):
        m = re.match(r"(\w+) (\w+)(x)?", "hello world")
        self.assertEqual(m.group(), "hello world")
        self.assertEqual(m.group(1, 2), ("hello", "world"))
        self.assertEqual(m[2], "world")
        self.assertEqual(m.groups(), ("hello", "world", None))
        self.assertEqual(m.groups("-"), ("hello", "world", "-"))
        self.assertEqual(m.span(2), (6, 11))
        self.assertEqual(m.start(1), 0)
        self.assertEqual(m.end(), 11)

    def test_named_groups(self):
        m = re.match(r"(?P<a>\d)(?P<b>\d)?", "5")
        self.assertEqual(m["a"], "5")
        self.assertEqual(m.groupdict(), {"a": "5", "b": None})
        self.assertEqual(m.lastgroup, "a")
        self.assertEqual(m.re.groupindex["b"], 2)

    def test_classes(self):
        self.assertEqual([re.findall(p, "aB1_ é-\n") for p in (r"\w", r"\d", r"\s", "[a-z]", "[^a-z]", ".", r"\W")],
                         [["a", "B", "1", "_", "é"], ["1"], [" ", "\n"], ["a"], ["B", "1", "_", " ", "é", "-", "\n"],
                          ["a", "B", "1", "_", " ", "é", "-"], [" ", "-", "\n"]])

    def test_quantifiers(self):
        self.assertEqual([re.match(p, "aaaa").group() for p in ("a*", "a+?", "a{2}", "a{2,3}", "a{,1}", "a??", "a*+")],
                         ["aaaa", "a", "aa", "aaa", "a", "", "aaaa"])

    def test_alternation_and_anchors(self):
        self.assertEqual(re.findall("a|bc", "abcb"), ["a", "bc"])
        self.assertEqual(re.findall("^a", "a\na"), ["a"])
        self.assertEqual(re.findall("^a", "a\na", re.M), ["a", "a"])
        self.assertEqual(re.findall("a$", "a\na"), ["a"])
        self.assertEqual(re.findall(r"\ba", "a ba a"), ["a", "a"])

    def test_look_around(self):
        self.assertEqual([re.findall(p, "price: $5 €6") for p in (r"(?<=\$)\d", r"(?<!\$)\d", r"\w(?=:)", r"\d(?! )")],
                         [["5"], ["6"], ["e"], ["6"]])

    def test_back_references(self):
        self.assertEqual(bool(re.match(r"(.)\1", "aa")), True)
        self.assertEqual(bool(re.match(r"(?P<x>.)(?P=x)", "ab")), False)
        self.assertEqual(re.match(r"(a)?(?(1)b|c)", "c").group(), "c")

    def test_flags(self):
        self.assertEqual(re.findall("a.B", "A\nb", re.I | re.S), ["A\nb"])
        self.assertEqual(re.findall("(?i)É", "é"), ["é"])
        self.assertEqual(re.findall(r"\w", "é", re.A), [])
        self.assertEqual(re.findall("a b # c", "ab", re.X), ["ab"])
        self.assertEqual(re.findall("(?i:a)b", "AbAB"), ["Ab"])

    def test_atomic_group(self):
        self.assertIsNone(re.match("(?>a*)a", "aaa"))

    def test_bytes_patterns(self):
        self.assertEqual(re.findall(rb"\w+", b"ab \xe9"), [b"ab"])
        with self.assertRaisesRegex(TypeError, "cannot use a string pattern on a bytes-like object"):
            re.match("a", b"a")

    def test_positions(self):
        p = re.compile("a")
        self.assertEqual(p.search("bab", 2), None)
        self.assertEqual(p.match("ba", 1).span(), (1, 2))
        self.assertEqual(p.search("aab", 1, 2).start(), 1)

    def test_unicode_ranges(self):
        self.assertEqual(re.findall("[а-я]+|[漢字]", "привет 漢x字"), ["привет", "漢", "字"])

    def test_nested_repeats(self):
        self.assertEqual(re.match(r"((a|b)+c)*", "abcbac").groups(), ("bac", "a"))

    def test_empty_matches(self):
        self.assertEqual(re.findall("x*", "axb"), ["", "x", "", ""])
        self.assertEqual(re.sub("x*", "-", "axb"), "-a--b-")
        self.assertEqual([m.span() for m in re.finditer("", "ab")], [(0, 0), (1, 1), (2, 2)])


class Operations(unittest.TestCase):
    def test_findall_shapes(self):
        self.assertEqual(re.findall("a(b)", "abab"), ["b", "b"])
        self.assertEqual(re.findall("(a)(b)", "ab"), [("a", "b")])
        self.assertEqual(re.findall("a", "aa"), ["a", "a"])

    def test_sub(self):
        self.assertEqual(re.sub("a", "x", "aba"), "xbx")
        self.assertEqual(re.sub("a", "x", "aba", count=1), "xba")
        self.assertEqual(re.subn("a", "", "aba"), ("b", 2))
        self.assertEqual(re.sub(r"(\w)(\d)", r"\2\1", "a1"), "1a")
        self.assertEqual(re.sub("(?P<n>a)", r"<\g<n>\g<1>>", "a"), "<aa>")
        self.assertEqual(re.sub("a", lambda m: m.group().upper(), "ab"), "Ab")

    def test_split(self):
        self.assertEqual(re.split(",", "a,b"), ["a", "b"])
        self.assertEqual(re.split("(,)", "a,b"), ["a", ",", "b"])
        self.assertEqual(re.split(",", "a,b,c", maxsplit=1), ["a", "b,c"])
        self.assertEqual(re.split("", "ab"), ["", "a", "b", ""])
        self.assertEqual(re.split(r"\s+", " a "), ["", "a", ""])

    def test_escape(self):
        self.assertEqual(re.escape("a.b*c[d]"), r"a\.b\*c\[d\]")
        self.assertEqual(re.findall(re.escape("1+1"), "1+1=2"), ["1+1"])

    def test_finditer_and_expand(self):
        self.assertEqual([m.expand(r"<\1>") for m in re.finditer("(.)", "ab")], ["<a>", "<b>"])

    def test_compiled_attributes(self):
        p = re.compile("(a)(?P<n>b)", re.I)
        self.assertEqual(p.pattern, "(a)(?P<n>b)")
        self.assertEqual(p.groups, 2)
        self.assertEqual(dict(p.groupindex), {"n": 2})
        self.assertEqual(bool(p.flags & re.I), True)
        self.assertEqual(repr(re.compile("a", re.I)), "re.compile('a', re.IGNORECASE)")

    def test_match_repr(self):
        self.assertEqual(repr(re.match("a", "ab")), "<re.Match object; span=(0, 1), match='a'>")

    def test_compile_is_cached(self):
        self.assertIs(re.compile("cached pattern"), re.compile("cached pattern"))

    def test_scanner(self):
        scanner = re.Scanner([(r"\d+", lambda s, t: int(t)), (r"\w+", lambda s, t: t), (r"\s+", None)])
        self.assertEqual(scanner.scan("12 ab 3"), ([12, "ab", 3], ""))

    def test_errors(self):
        for pattern, message in (
                ("(", "missing ), unterminated subpattern at position 0"),
                ("[", "unterminated character set at position 0"),
                ("*", "nothing to repeat at position 0"),
                ("a**", "multiple repeat at position 2"),
                (r"\1", "invalid group reference 1 at position 1"),
                ("(?P<1>a)", "bad character in group name '1' at position 4"),
                ("(?<=a*)b", "look-behind requires fixed-width pattern"),
                (")", "unbalanced parenthesis at position 0"),
                ("[z-a]", "bad character range z-a at position 1"),
                ("a\\", "bad escape (end of pattern) at position 1"),
                (r"\q", r"bad escape \q at position 0")):
            with self.subTest(pattern=pattern), self.assertRaises(re.PatternError) as c:
                re.compile(pattern)
            self.assertEqual(str(c.exception), message)

    def test_deep_input(self):
        self.assertEqual(len(re.match("(?:a|b)*", "ab" * 20000).group()), 40000)
        self.assertEqual(re.match(".*?x", "a" * 5000), None)


if __name__ == "__main__":
    unittest.main()
