"""Multibyte codecs: what CPython's own tests do not ask."""

import codecs
import unittest


class Iso2022(unittest.TestCase):
    def test_planes_of_jis_x_0213(self):
        for codec in "iso2022_jp_2004", "iso2022_jp_3":
            with self.subTest(codec):
                self.assertEqual("\U00020089".encode(codec), b"\x1b$(P!!\x1b(B")
                # Row 2 is JIS X 0212's.
                self.assertRaises(UnicodeEncodeError, "\u02d8".encode, "iso2022_jp")
                self.assertRaises(UnicodeDecodeError, b"\x1b$(P\"/".decode, codec)
        self.assertEqual(b"\x1b$(P};".decode("iso2022_jp_3"), "\u9b1c")
        self.assertEqual("\u9b1d".encode("iso2022_jp_3"), b"\x1b$(P};\x1b(B")

    def test_greek_and_latin(self):
        self.assertEqual(b"\x1b.F\x1bNa\x1bN\x1b".decode("iso2022_jp_2"), "\u03b1\x9b")
        self.assertEqual(b"\x1b.A\x1bNi".decode("iso2022_jp_2"), "\xe9")
        self.assertEqual(b"\x1bNa".decode("iso2022_jp_2"), "a")

    def test_states(self):
        decoder = codecs.getincrementaldecoder("iso2022_kr")()
        self.assertEqual(decoder.getstate(), (b"", 0x424242))
        self.assertEqual(decoder.decode(b"\x1b$)C\x0e0"), "")
        self.assertEqual(decoder.getstate(), (b"0", 0x100_42C342))
        self.assertEqual(decoder.decode(b"!"), "\uac00")
        decoder.reset()
        self.assertEqual(decoder.getstate(), (b"", 0x42C342))


class Fallbacks(unittest.TestCase):
    def test_gb18030(self):
        self.assertEqual("\x80\U0010ffff".encode("gb18030"), b"\x810\x810\xe32\x9a5")
        self.assertRaises(UnicodeDecodeError, b"\xe32\x9a6".decode, "gb18030")

    def test_hangul_parts(self):
        self.assertEqual("\uac02".encode("euc_kr"), b"\xa4\xd4\xa4\xa1\xa4\xbf\xa4\xa2")
        self.assertEqual(b"\xa4\xd4\xa4\xa1\xa4\xbf\xa4\xa2".decode("euc_kr"), "\uac02")


class Streams(unittest.TestCase):
    def test_wrong_streams(self):
        class Stream:
            def read(self, size=-1):
                return "text"

        self.assertRaises(TypeError, codecs.getreader("gbk")(Stream()).read)

    def test_lookup(self):
        import _codecs_cn

        self.assertRaises(LookupError, _codecs_cn.getcodec, "big5")
        self.assertRaises(TypeError, _codecs_cn.getcodec, 1)
        self.assertRaises(TypeError, type(_codecs_cn.getcodec("gbk")))


if __name__ == "__main__":
    unittest.main()
