"""Characters by name: aliases, named sequences and what \\N{...} takes of them."""
import re
import subprocess
import sys
import unicodedata
import unittest


def literal(name):
    return eval('"\\N{%s}"' % name)


def escape(name):
    return ("\\N{%s}" % name).encode().decode("unicode_escape")


class Names(unittest.TestCase):
    def test_aliases(self):
        # Control characters have no other names; a correction; abbreviations.
        for name, character in (("NULL", "\0"), ("ALERT", "\a"), ("line feed", "\n"), ("LATIN CAPITAL LETTER GHA", "\u01a2"),
                                ("NBSP", "\xa0"), ("ZWJ", "\u200d"), ("BYTE ORDER MARK", "\ufeff"), ("VS256", "\U000e01ef"),
                                ("WEIERSTRASS ELLIPTIC FUNCTION", "\u2118"), ("PADDING CHARACTER", "\x80")):
            with self.subTest(name):
                for look_up in unicodedata.lookup, literal, escape:
                    self.assertEqual(look_up(name), character)
                self.assertTrue(re.fullmatch("\\N{%s}" % name, character))
        self.assertEqual(unicodedata.lookup("BELL"), "\U0001f514")  # the name of another character
        self.assertIsNone(unicodedata.name("\a", None))

    def test_sequences(self):
        for name, text in (("KEYCAP DIGIT ONE", "1\ufe0f\u20e3"), ("LATIN SMALL LETTER I WITH MACRON AND GRAVE", "\u012b\u0300"),
                           ("latin small letter r with tilde", "r\u0303"), ("TAMIL SYLLABLE KSSAU", "\u0b95\u0bcd\u0bb7\u0bcc")):
            with self.subTest(name):
                self.assertEqual(unicodedata.lookup(name), text)
                with self.assertRaisesRegex(SyntaxError, "unknown Unicode character name"):
                    literal(name)
                with self.assertRaisesRegex(UnicodeDecodeError, "unknown Unicode character name"):
                    escape(name)

    def test_by_rule(self):
        for name, character in (("TANGUT IDEOGRAPH-17000", "\U00017000"), ("cjk unified ideograph-4e0a", "\u4e0a"),
                                ("NUSHU CHARACTER-1B170", "\U0001b170"), ("HANGUL SYLLABLE GAG", "\uac01")):
            self.assertEqual(unicodedata.lookup(name), character)
            self.assertEqual(literal(name), character)
        for name in "TANGUT IDEOGRAPH-017000", "CJK UNIFIED IDEOGRAPH-04E00", "CJK UNIFIED IDEOGRAPH-", "CJK UNIFIED IDEOGRAPH-4E0AX":
            self.assertRaises(KeyError, unicodedata.lookup, name)

    def test_without_the_module(self):
        program = r"""if True:
            import sys
            sys.modules["unicodedata"] = None
            for attempt in lambda: eval(r"'\N{SPACE}'"), lambda: rb"\N{SPACE}".decode("unicode_escape"):
                try:
                    attempt()
                except (SyntaxError, UnicodeError) as e:
                    print(type(e).__name__, e.args[0])
        """
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
        message = "\\N escapes not supported (can't load unicodedata module)"
        self.assertEqual((done.stdout, done.stderr), (f"SyntaxError (unicode error) {message}\nUnicodeError {message}\n", ""))

    def test_unknown(self):
        for name in "", "NO SUCH NAME", "SPACE\0", "NULL\0X", "\xe9", "BAMUM LETTER PHASE-B PUNGGAAM", "X" * 256:
            with self.assertRaises(KeyError) as caught:
                unicodedata.lookup(name)
            shown = name.partition("\0")[0]
            self.assertEqual(caught.exception.args, (f"undefined character name '{shown}'",))

    def test_too_long(self):
        for name in "X" * 257, "\xe9" * 129:
            with self.assertRaises(KeyError) as caught:
                unicodedata.lookup(name)
            self.assertEqual(caught.exception.args, ("name too long",))

    def test_old_database(self):
        self.assertEqual(unicodedata.ucd_3_2_0.lookup("SPACE"), " ")
        for name in "NULL", "KEYCAP DIGIT ONE":
            self.assertRaises(KeyError, unicodedata.ucd_3_2_0.lookup, name)


if __name__ == "__main__":
    unittest.main()
