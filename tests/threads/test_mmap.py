"""A mapping that is read, written, resized and closed by several threads, and a directory that is read while it is closed: wrong
order is allowed, a crash is not."""

import mmap
import os
import tempfile
import threading
import unittest


def together(*functions):
    barrier = threading.Barrier(len(functions))
    unexpected = []

    def run(function):
        barrier.wait()
        try:
            function()
        except Exception as e:
            unexpected.append(e)

    threads = [threading.Thread(target=run, args=(f,)) for f in functions]
    for t in threads: t.start()
    for t in threads: t.join()
    return unexpected


class Mappings(unittest.TestCase):
    def try_all(self, m, rounds):
        def attempt(*calls):
            def loop():
                for _ in range(rounds):
                    for call in calls:
                        try:
                            call()
                        except (ValueError, BufferError, IndexError):
                            pass
            return loop

        def view():
            with memoryview(m) as v:
                v[0] = v[-1]

        def fill(): m[:] = b"x" * len(m)
        def resize():
            m.resize(4096)
            m.resize(20000)

        self.assertEqual(together(
            attempt(lambda: m.seek(0), m.readline, lambda: m.read(100), lambda: m.write(b"abc\n")),
            attempt(view, fill, lambda: m[10:5000:3]),
            attempt(lambda: m.find(b"c\n"), lambda: m.rfind(b"zz"), lambda: m.move(0, 100, 1000), m.flush),
            attempt(resize, lambda: list(zip(range(10), m)))), [])

    def test_resize(self):
        with tempfile.TemporaryFile() as f:
            f.truncate(20000)
            with mmap.mmap(f.fileno(), 0) as m:
                self.try_all(m, 150)
                self.assertIn(len(m), (4096, 20000))

    def test_close(self):
        for _ in range(15):
            m = mmap.mmap(-1, 20000)
            def close():
                while True:
                    try:
                        return m.close()
                    except BufferError:
                        pass
            failures = together(lambda: self.try_all(m, 10), close)
            self.assertEqual(failures, [])
            self.assertTrue(m.closed)


class Views(unittest.TestCase):
    def test_items_while_released(self):
        # The pages are gone as soon as the last view is released: a read or write of an item must not come after that.
        for _ in range(150):
            m = mmap.mmap(-1, 4096)
            view = memoryview(m)
            def close():
                view.release()
                m.close()
            def read():
                try:
                    while True:
                        view[0], view[-1], view.index(0), next(iter(view))
                except ValueError as error:
                    self.assertIn("released", str(error))
            def write():
                try:
                    while True:
                        view[5] = 0
                        view[0:1] = b"\0"
                except ValueError as error:
                    self.assertIn("released", str(error))
            def release():
                while not m.closed:
                    try:
                        close()
                    except BufferError:  # a slice assignment holds the view
                        pass
            self.assertEqual(together(read, write, read, release), [])


class Directories(unittest.TestCase):
    def test_close_while_reading(self):
        with tempfile.TemporaryDirectory() as directory:
            for i in range(200): open(os.path.join(directory, str(i)), "w").close()
            for _ in range(20):
                entries = os.scandir(directory)
                def read():
                    for entry in entries: entry.name, entry.is_file()
                self.assertEqual(together(read, read, entries.close), [])


if __name__ == "__main__":
    unittest.main()
