"""What compile() takes as a source, and its flags."""
import _tokenize
import ast
import symtable
import unittest


class Surrogates(unittest.TestCase):
    """UTF-8 has no bytes for them, so a text with one is no source."""

    def check(self, function):
        with self.assertRaises(UnicodeEncodeError) as caught:
            function()
        self.assertEqual(caught.exception.reason, "surrogates not allowed")

    def test_compile(self):
        for source in "'\udc80'", "x\udc80", "#\udc80\n", "\ud800", "é\n'\udfff":
            for mode in "exec", "eval", "single":
                with self.subTest(source=ascii(source), mode=mode):
                    self.check(lambda: compile(source, "text", mode))
        self.check(lambda: ast.parse("'\udc80'"))
        self.check(lambda: eval("'\udc80'"))
        self.check(lambda: exec("#\udc80"))

    def test_decoded(self):
        # A codec that makes one of bytes.
        with self.assertRaises(SyntaxError) as caught:
            compile(b"#coding:utf-7\n'+2AA-'", "text", "exec")
        self.assertEqual(caught.exception.msg, "'utf-8' codec can't encode character '\\ud800' in position 15: surrogates not allowed")
        self.assertEqual(caught.exception.lineno, 0)

    def test_tokens(self):
        lines = ["y\n", "x\udc80\n", ""]
        self.check(lambda: list(_tokenize.TokenizerIter(iter(lines).__next__, extra_tokens=True)))


class SymbolTables(unittest.TestCase):
    """They read a source as compile() does."""

    def test_names_of_characters(self):
        table = symtable.symtable("x = '\\N{DIGIT ONE}'", "text", "exec")
        self.assertEqual(list(table.get_identifiers()), ["x"])

    def test_encodings(self):
        table = symtable.symtable("# coding: cp1252\né = '€'".encode("cp1252"), "text", "exec")
        self.assertEqual(list(table.get_identifiers()), ["é"])


class Flags(unittest.TestCase):
    def test_accepted(self):
        for flag in 0x10, 0x200, 0x400, 0x1000, 0x2000, 0x4000, 0x8000, 0x20000, 0x1000000:
            compile("1", "text", "eval", flag)

    def test_refused(self):
        # 0x800 is CPython's word to itself that the source is UTF-8 already: bytes that are not must not pass for it.
        for flag in 0x20, 0x100, 0x800, 0x10000, 0x2000000:
            with self.assertRaisesRegex(ValueError, r"^compile\(\): unrecognised flags$"):
                compile(b"'\xb0'", "text", "eval", flag)


if __name__ == "__main__":
    unittest.main()
