"""io, os, os.path, sys and time."""

import io
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest


class InMemory(unittest.TestCase):
    def test_string_io(self):
        f = io.StringIO("one\ntwo\n")
        self.assertEqual((f.readline(), f.read(2), f.tell(), f.read()), ("one\n", "tw", 6, "o\n"))
        f.seek(0)
        self.assertEqual(list(f), ["one\n", "two\n"])
        f.write("end")
        self.assertEqual(f.getvalue(), "one\ntwo\nend")

    def test_bytes_io(self):
        f = io.BytesIO(b"abc")
        f.seek(1)
        f.write(b"XYZ")
        self.assertEqual((f.getvalue(), f.seek(-2, 2), f.read()), (b"aXYZ", 2, b"YZ"))
        f.truncate(1)
        self.assertEqual(bytes(f.getbuffer()), b"a")

    def test_closed(self):
        f = io.StringIO()
        f.close()
        with self.assertRaises(ValueError) as caught:
            f.read()
        self.assertEqual(str(caught.exception), "I/O operation on closed file")

    def test_text_wrapper(self):
        raw = io.BytesIO()
        f = io.TextIOWrapper(raw, encoding="utf-8", newline="\r\n")
        f.write("é\nb")
        f.flush()
        self.assertEqual(raw.getvalue(), b"\xc3\xa9\r\nb")

    def test_universal_newlines(self):
        f = io.TextIOWrapper(io.BytesIO(b"a\r\nb\rc\n"), encoding="ascii")
        self.assertEqual((f.read(), f.newlines), ("a\nb\nc\n", ("\r", "\n", "\r\n")))

    def test_buffered(self):
        f = io.BufferedReader(io.BytesIO(b"abcdef"))
        self.assertEqual((f.peek(1)[:1], f.read(2), f.read1(1), f.read()), (b"a", b"ab", b"c", b"def"))

    def test_custom_raw(self):
        class Raw(io.RawIOBase):
            def readable(self): return True
            def readinto(self, b):
                b[:1] = b"x"
                self.n = getattr(self, "n", 0) + 1
                return 1 if self.n <= 3 else 0
        self.assertEqual(io.BufferedReader(Raw()).read(), b"xxx")


class FileTests(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.path = os.path.join(self.folder, "file.txt")

    def tearDown(self):
        shutil.rmtree(self.folder)

    def test_write_and_read(self):
        with open(self.path, "w", encoding="utf-8") as f:
            self.assertEqual(f.write("héllo\nworld\n"), 12)
        with open(self.path, encoding="utf-8") as f:
            self.assertEqual(f.read(), "héllo\nworld\n")
        with open(self.path, "rb") as f:
            self.assertEqual(f.read(4), b"h\xc3\xa9l")
        self.assertTrue(f.closed)

    def test_append_seek_tell(self):
        with open(self.path, "wb") as f:
            f.write(b"abc")
        with open(self.path, "ab") as f:
            f.write(b"def")
        with open(self.path, "r+b") as f:
            f.seek(2)
            f.write(b"X")
            self.assertEqual((f.tell(), f.seek(0), f.read()), (3, 0, b"abXdef"))

    def test_lines(self):
        with open(self.path, "w") as f:
            f.writelines(["a\n", "b\n", "c"])
        with open(self.path) as f:
            self.assertEqual((f.readline(), f.readlines()), ("a\n", ["b\n", "c"]))
        with open(self.path) as f:
            self.assertEqual([line.strip() for line in f], ["a", "b", "c"])

    def test_exclusive_and_errors(self):
        open(self.path, "x").close()
        self.assertRaises(FileExistsError, open, self.path, "x")
        with self.assertRaises(FileNotFoundError) as caught:
            open(self.path + "z")
        self.assertEqual((caught.exception.errno, caught.exception.filename), (2, self.path + "z"))
        self.assertRaises(IsADirectoryError, open, self.folder)
        self.assertRaises(ValueError, open, self.path, "q")
        with open(self.path) as f:
            self.assertRaises(io.UnsupportedOperation, f.write, "x")

    def test_big_file(self):
        data = bytes(range(256)) * 2000
        with open(self.path, "wb") as f:
            f.write(data)
        with open(self.path, "rb") as f:
            self.assertEqual(f.read(), data)
        self.assertEqual(os.path.getsize(self.path), len(data))

    def test_folders(self):
        sub = os.path.join(self.folder, "a", "b")
        os.makedirs(sub)
        open(os.path.join(sub, "f"), "w").close()
        self.assertEqual(os.listdir(sub), ["f"])
        self.assertEqual([(os.path.basename(r), d, f) for r, d, f in os.walk(os.path.join(self.folder, "a"))],
                         [("a", ["b"], []), ("b", [], ["f"])])
        with os.scandir(sub) as entries:
            self.assertEqual([(e.name, e.is_file(), e.is_dir()) for e in entries], [("f", True, False)])
        os.rename(os.path.join(sub, "f"), os.path.join(sub, "g"))
        os.remove(os.path.join(sub, "g"))
        os.rmdir(sub)
        self.assertFalse(os.path.exists(sub))

    def test_stat_and_descriptors(self):
        fd = os.open(self.path, os.O_CREAT | os.O_RDWR)
        self.assertEqual(os.write(fd, b"abc"), 3)
        os.lseek(fd, 1, 0)
        self.assertEqual((os.read(fd, 10), os.fstat(fd).st_size), (b"bc", 3))
        os.close(fd)
        self.assertRaises(OSError, os.read, fd, 1)
        self.assertTrue(os.stat(self.path).st_mtime > 1e9)

    def test_pathlib(self):
        from pathlib import Path
        p = Path(self.folder) / "sub" / "x.tar.gz"
        p.parent.mkdir()
        p.write_text("text", encoding="utf-8")
        self.assertEqual((p.read_text(), p.name, p.suffixes, p.stem, p.exists()),
                         ("text", "x.tar.gz", [".tar", ".gz"], "x.tar", True))
        self.assertEqual([q.name for q in Path(self.folder).rglob("*.gz")], ["x.tar.gz"])


class System(unittest.TestCase):
    def test_os_path(self):
        p = os.path
        self.assertEqual(p.join("a", "b"), "a/b")
        self.assertEqual(p.split("/a/b"), ("/a", "b"))
        self.assertEqual(p.splitext("a.b.c"), ("a.b", ".c"))
        self.assertEqual(p.basename("/x/y"), "y")
        self.assertEqual(p.dirname("/x/y"), "/x")
        self.assertEqual(p.normpath("a/../b//c"), "b/c")
        self.assertEqual(p.isabs("/a"), True)
        self.assertEqual(p.commonprefix(["ab", "ac"]), "a")

    def test_environment(self):
        os.environ["TYPHON_TEST_VARIABLE"] = "v"
        self.assertEqual((os.environ["TYPHON_TEST_VARIABLE"], os.getenv("TYPHON_TEST_VARIABLE")), ("v", "v"))
        del os.environ["TYPHON_TEST_VARIABLE"]
        self.assertRaises(KeyError, lambda: os.environ["TYPHON_TEST_VARIABLE"])

    def test_pipes(self):
        r, w = os.pipe()
        os.write(w, b"x")
        self.assertEqual(os.read(r, 5), b"x")
        os.close(r)
        os.close(w)

    def test_sys_attributes(self):
        self.assertEqual(sys.byteorder in ("little", "big"), True)
        self.assertEqual(sys.version_info[:2], (3, 14))
        self.assertEqual(sys.maxunicode, 0x10FFFF)
        self.assertEqual(sys.maxsize > 2**60, True)
        self.assertTrue(isinstance(sys.path, list) and isinstance(sys.argv, list))
        self.assertTrue("sys" in sys.modules and "sys" in sys.builtin_module_names)
        self.assertEqual(sys.getdefaultencoding(), "utf-8")

    def test_recursion_limit(self):
        old = sys.getrecursionlimit()
        sys.setrecursionlimit(old + 100)
        self.assertEqual(sys.getrecursionlimit(), old + 100)
        sys.setrecursionlimit(old)
        with self.assertRaises((ValueError, RecursionError)):
            sys.setrecursionlimit(0)

    def test_displayhook_and_getsizeof(self):
        out, old = io.StringIO(), sys.stdout
        sys.stdout = out
        try:
            sys.displayhook(5)
            sys.displayhook(None)
        finally:
            sys.stdout = old
        self.assertEqual(out.getvalue(), "5\n")
        self.assertTrue(sys.getsizeof([]) > 0)

    def test_subprocess(self):
        done = subprocess.run([sys.executable, "-c", "import sys; print(sys.stdin.read() + '!'); sys.exit(3)"],
                              input="in",
                              capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (3, "in!\n"))

    def test_time_functions(self):
        a, b = time.monotonic(), time.perf_counter()
        time.sleep(0.01)
        self.assertTrue(time.monotonic() >= a + 0.009 and time.perf_counter() > b)
        self.assertTrue(time.time() > 1.6e9 and time.process_time() >= 0)
        self.assertTrue(isinstance(time.time_ns(), int))
        self.assertEqual(time.strftime("%Y-%m-%d %H:%M", time.gmtime(0)), "1970-01-01 00:00")
        with self.assertRaises(ValueError) as caught:
            time.sleep(-1)
        self.assertEqual(str(caught.exception), "sleep length must be non-negative")


if __name__ == "__main__":
    unittest.main()
