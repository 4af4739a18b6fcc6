"""What was written to a file is in it, though nobody closed or flushed it: dropped, in a cycle, or open when the program ends."""

import gc
import os
import subprocess
import sys
import tempfile
import threading
import unittest
import warnings

WAYS = {
    "text": "f = open(path, 'w'); f.write('abc')",
    "binary": "f = open(path, 'wb'); f.write(b'abc')",
    "both": "f = open(path, 'w+b'); f.write(b'abc')",
    "line": "f = open(path, 'w', buffering=1); f.write('abc')",
    "wrapper": "import io; f = io.TextIOWrapper(io.BufferedWriter(io.FileIO(path, 'w'))); f.write('abc')",
    "reversed": "import io; raw = io.FileIO(path, 'w'); buffer = io.BufferedWriter(raw); f = io.TextIOWrapper(buffer); f.write('abc'); raw.me = raw",
}


# CPython finalises what dies together in the order of its age: a file before the buffer that still has to be written to it.
layers_in_order = unittest.skipUnless(sys.implementation.name == "typhon", "CPython may lose what was written here")


class UnclosedFiles(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.path = os.path.join(self.directory.name, "file")
        self.enterContext(warnings.catch_warnings())
        warnings.simplefilter("ignore", ResourceWarning)

    def check(self, way):
        with open(self.path) as file:
            self.assertEqual(file.read(), "abc", way)
        os.unlink(self.path)

    def run_program(self, source):
        result = subprocess.run([sys.executable, "-c", f"path = {self.path!r}\n{source}"], capture_output=True, text=True)
        self.assertEqual((result.stderr, result.returncode), ("", 0))

    def test_open_at_exit(self):
        for way, source in WAYS.items():
            self.run_program(source)
            self.check(way)

    @layers_in_order
    def test_in_a_cycle_at_exit(self):
        for way, source in WAYS.items():
            self.run_program(source + "; keep = [f]; keep.append(keep)")
            self.check(way)

    def test_of_an_object_at_exit(self):
        self.run_program("class Log:\n    def __init__(self):\n        self.file = open(path, 'w'); self.file.write('abc'); self.me = self\nlog = Log()")
        self.check("object")

    @layers_in_order
    def test_collected_cycle(self):
        for way, source in WAYS.items():
            def work():
                space = {"path": self.path}
                exec(source, space)
                keep = [space]
                keep.append(keep)

            work()
            gc.collect()
            self.check(way)

    @layers_in_order
    def test_collected_cycle_of_a_thread(self):
        for way, source in WAYS.items():
            def work():
                space = {"path": self.path}
                exec(source, space)
                space["self"] = space

            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
            gc.collect()
            self.check(way)

    def test_dropped(self):
        for way, source in WAYS.items():
            if way == "reversed":  # is a cycle
                continue
            space = {"path": self.path}
            exec(source, space)
            space.clear()
            self.check(way)

    @layers_in_order
    def test_socket_stream(self):
        import socket

        ours, theirs = socket.socketpair()
        with theirs:
            stream = ours.makefile("w")
            stream.write("abc")
            keep = [stream, ours]
            keep.append(keep)
            del stream, ours, keep
            gc.collect()
            theirs.settimeout(10)
            self.assertEqual(theirs.recv(10), b"abc")


class FinalisersAtExit(unittest.TestCase):
    def run_program(self, source):
        return subprocess.run([sys.executable, "-c", source], capture_output=True, text=True).stdout

    def test_each_kind_runs(self):
        self.assertEqual(self.run_program("class A:\n    def __del__(self): print('del')\na = A(); a.me = a"), "del\n")
        self.assertEqual(self.run_program("def g():\n    try: yield\n    finally: print('closed')\nx = g(); next(x)"), "closed\n")
        self.assertEqual(
            self.run_program("import weakref\nclass A: pass\na = A(); a.me = a\nkeep = a, weakref.finalize(a, print, 'finalized')\n"), "finalized\n"
        )


if __name__ == "__main__":
    unittest.main()
