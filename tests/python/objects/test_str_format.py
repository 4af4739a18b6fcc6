"""str.format and the % operator."""

import unittest


class Formatting(unittest.TestCase):
    def test_format_fields(self):
        self.assertEqual("{} {}".format(1, 2), "1 2")
        self.assertEqual("{1}{0}".format("a", "b"), "ba")
        self.assertEqual("{x}".format(x=1), "1")
        self.assertEqual("{0.real} {1[0]} {2[k]}".format(5, [6], {"k": 7}), "5 6 7")
        self.assertEqual("{{}}".format(), "{}")

    def test_format_specs(self):
        self.assertEqual("{:>5}".format("a"), "    a")
        self.assertEqual("{:*^5}".format("a"), "**a**")
        self.assertEqual("{:.2}".format("abc"), "ab")
        self.assertEqual("{!r:>5}".format("a"), "  'a'")
        self.assertEqual("{:{}}".format("a", 3), "a  ")

    def test_format_errors(self):
        with self.assertRaises(IndexError) as caught:
            "{} {}".format(1)
        self.assertEqual(str(caught.exception), "Replacement index 1 out of range for positional args tuple")
        with self.assertRaises(KeyError) as caught:
            "{x}".format()
        self.assertEqual(str(caught.exception), "'x'")
        with self.assertRaises(ValueError) as caught:
            "{} {0}".format(1)
        self.assertEqual(str(caught.exception),
                         "cannot switch from automatic field numbering to manual field specification")
        with self.assertRaises(ValueError) as caught:
            "}".format()
        self.assertEqual(str(caught.exception), "Single '}' encountered in format string")
        with self.assertRaises(ValueError) as caught:
            "{0".format(1)
        self.assertEqual(str(caught.exception), "expected '}' before end of string")

    def test_format_map(self):
        class D(dict):
            def __missing__(self, k): return "<" + k + ">"
        self.assertEqual("{a}{b}".format_map(D(a=1)), "1<b>")

    def test_percent(self):
        self.assertEqual("%s %r %a" % ("é", "é", "é"), "é 'é' '\\xe9'")
        self.assertEqual("%5s|%-5s|" % ("a", "b"), "    a|b    |")
        self.assertEqual("%.2s" % "abc", "ab")
        self.assertEqual("%%" % (), "%")
        self.assertEqual("%(k)s" % {"k": 1}, "1")
        self.assertEqual("%*d" % (5, 3), "    3")
        self.assertEqual("%c%c" % ("a", 98), "ab")

    def test_percent_errors(self):
        with self.assertRaises(TypeError) as caught:
            "%s %s" % 1
        self.assertEqual(str(caught.exception), "not enough arguments for format string")
        with self.assertRaises(TypeError) as caught:
            "%s" % (1, 2)
        self.assertEqual(str(caught.exception), "not all arguments converted during string formatting")
        with self.assertRaises(TypeError) as caught:
            "%d" % "a"
        self.assertEqual(str(caught.exception), "%d format: a real number is required, not str")
        with self.assertRaises(ValueError) as caught:
            "%y" % 1
        self.assertEqual(str(caught.exception), "unsupported format character 'y' (0x79) at index 1")
        with self.assertRaises(TypeError) as caught:
            "%(a)s" % 1
        self.assertEqual(str(caught.exception), "format requires a mapping")


if __name__ == "__main__":
    unittest.main()
