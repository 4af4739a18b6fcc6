"""csv.reader: fields that are taken as a whole, and those that are not."""

import csv
import unittest


class Reader(unittest.TestCase):
    def read(self, *lines, **options):
        return list(csv.reader(lines, **options))

    def test_plain_fields(self):
        self.assertEqual(self.read("a,b,,d\n", "\n", "e,\n", ",\r\n", "last"),
                         [["a", "b", "", "d"], [], ["e", ""], ["", ""], ["last"]])
        self.assertEqual(self.read("\xe9;\u20ac;\U0001f600", delimiter=";"), [["\xe9", "\u20ac", "\U0001f600"]])

    def test_special_characters(self):
        self.assertEqual(self.read('a"b,"c,""d",e\n'), [['a"b', 'c,"d', "e"]])
        self.assertEqual(self.read("a, b, \n", skipinitialspace=True), [["a", "b", ""]])
        self.assertEqual(self.read("a\\,b,c\\\\\n", escapechar="\\"), [["a,b", "c\\"]])
        self.assertEqual(self.read('"a,b"\n', quoting=csv.QUOTE_NONE), [['"a', 'b"']])
        self.assertEqual(self.read("1,a\n", quoting=csv.QUOTE_NONE), [["1", "a"]])
        self.assertEqual(self.read('1,"2",\n', quoting=csv.QUOTE_STRINGS), [[1.0, "2", None]])
        with self.assertRaisesRegex(csv.Error, "new-line character seen in unquoted field"):
            self.read("a\nb")

    def test_field_limit(self):
        old = csv.field_size_limit(3)
        self.addCleanup(csv.field_size_limit, old)
        self.assertEqual(self.read("abc,de\n"), [["abc", "de"]])
        with self.assertRaisesRegex(csv.Error, r"field larger than field limit \(3\)"):
            self.read("abc,defg\n")

    def test_text_behind_an_escaped_newline(self):
        # The field goes on in the next line, even when more of this line came behind the newline.
        self.assertEqual(self.read("a\\\n", "b,c\n", escapechar="\\"), [["a\nb", "c"]])
        self.assertEqual(self.read("a\\\nx", "b,c\n", escapechar="\\"), [["a\nxb", "c"]])


if __name__ == "__main__":
    unittest.main()
