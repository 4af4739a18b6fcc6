"""Objects of the data modules used by many threads at once: errors are allowed, crashes and wrong bytes are not."""

import bz2
import codecs
import io
import gc
import json
import lzma
import pickle
import sqlite3
import threading
import unittest
import xml.parsers.expat
from compression import zstd
from datetime import UTC, datetime, timedelta

from support import race

THREADS = 4


def run_all(work):
    """Runs work(0), work(1)... in threads that start together."""
    race(*(lambda i=i: work(i) for i in range(THREADS)))


class DataModules(unittest.TestCase):
    def test_json_of_changing_containers(self):
        shared = {str(i): [i, {"x": i}] for i in range(50)}

        def work(i):
            for n in range(150):
                if i % 2:
                    try:
                        json.loads(json.dumps(shared))
                    except RuntimeError as error:
                        self.assertIn("changed size", str(error))
                else:
                    shared[f"{i}-{n}"] = [n]
                    shared.pop(f"{i}-{n - 5}", None)
                    shared["7"].append(n)
                    if n % 10 == 0:
                        del shared["7"][2:]

        run_all(work)

    def test_one_multibyte_coder(self):
        encoder = codecs.getincrementalencoder("iso2022_jp_2004")("replace")
        decoder = codecs.getincrementaldecoder("gb18030")("replace")

        def work(i):
            for n in range(300):
                if i % 2:
                    encoder.encode("\u304b\u309a\xe6", n % 5 == 0)
                    encoder.setstate(encoder.getstate())
                else:
                    try:
                        decoder.decode(b"\x81\x30\x81"[: n % 4])
                        decoder.setstate(decoder.getstate())
                    except UnicodeError as error:
                        self.assertIn("pending buffer", str(error))
                if n % 10 == i:
                    encoder.reset()
                    decoder.reset()
                    decoder.errors = "ignore"

        run_all(work)

    def test_one_pickler(self):
        pickler = pickle.Pickler(io.BytesIO())
        values = [(i, str(i), [i]) for i in range(20)]

        def work(_):
            for n in range(200):
                try:
                    pickler.dump(values)
                    pickler.memo.copy()
                    if n % 7 == 0:
                        pickler.clear_memo()
                except RuntimeError:
                    pass  # it is in use

        run_all(work)

    def test_pickles_of_changing_containers(self):
        shared = [{i: str(i)} for i in range(50)]

        def work(i):
            for n in range(150):
                if i % 2:
                    try:
                        self.assertGreaterEqual(len(pickle.loads(pickle.dumps(shared))), 50)
                    except RuntimeError as error:
                        self.assertIn("changed size", str(error))
                else:
                    shared.append({n: n})
                    shared[n % 50][f"{i}-{n}"] = n

        run_all(work)

    def test_hashes_of_shared_datetimes(self):
        start = datetime(2024, 1, 1, tzinfo=UTC)
        moments = [start + timedelta(minutes=i) for i in range(500)]
        seen = [None] * THREADS

        def work(i):
            seen[i] = {moment: moment.isoformat() for moment in moments}

        run_all(work)
        self.assertTrue(all(one == seen[0] for one in seen))

    def test_one_compressor(self):
        for module, make in ((bz2, bz2.BZ2Compressor), (lzma, lzma.LZMACompressor)):
            with self.subTest(module=module.__name__):
                compressor, parts, lock = make(), [], threading.Lock()

                def work(_):
                    for _ in range(30):
                        with lock:  # the order of the parts is the program's business
                            parts.append(compressor.compress(b"abc" * 1000))

                run_all(work)
                parts.append(compressor.flush())
                self.assertEqual(module.decompress(b"".join(parts)), b"abc" * 1000 * 30 * THREADS)

    def test_one_decompressor(self):
        data = lzma.compress(b"x" * 100_000)
        decompressor = lzma.LZMADecompressor()

        def work(_):
            for i in range(0, len(data), 7):
                try:
                    decompressor.decompress(data[i : i + 7], 100)
                    decompressor.unused_data
                    decompressor.check
                except (lzma.LZMAError, EOFError):
                    pass  # the parts come in any order

        run_all(work)

    def test_one_parser(self):
        parser = xml.parsers.expat.ParserCreate()
        parser.buffer_text = True
        parser.CharacterDataHandler = parser.StartElementHandler = lambda *args: None

        def work(_):
            for _ in range(300):
                try:
                    parser.Parse("<a>text")
                    parser.CurrentLineNumber
                    parser.buffer_size = 100
                except (xml.parsers.expat.ExpatError, RuntimeError):
                    pass

        run_all(work)

    def test_one_compressor_and_dictionary(self):
        dictionary = zstd.ZstdDict(b"0123456789" * 100, is_raw=True)
        shared = zstd.ZstdCompressor(zstd_dict=dictionary.as_digested_dict)
        frames = zstd.compress(b"abc" * 1000, zstd_dict=dictionary)
        decompressor = zstd.ZstdDecompressor(zstd_dict=dictionary)

        def work(i):
            for n in range(60):
                data = b"0123456789" * (n + 1)
                level = n % 5 + 1
                mine = zstd.compress(data, level, zstd_dict=dictionary.as_digested_dict)
                self.assertEqual(zstd.decompress(mine, dictionary), data)
                self.assertEqual(zstd.decompress(shared.compress(data, shared.FLUSH_FRAME), dictionary), data)
                try:
                    decompressor.decompress(frames[n:n + 1])
                except (zstd.ZstdError, EOFError):
                    pass

        run_all(work)

    def test_one_connection_and_cursor(self):
        connection = sqlite3.connect(":memory:", check_same_thread=False)
        connection.execute("create table t(a, b)")
        connection.create_function("double", 1, lambda x: x * 2)
        cursor = connection.cursor()

        def work(i):
            for n in range(150):
                try:
                    connection.execute("insert into t values(?, double(?))", (i, n))
                    cursor.execute("select * from t")
                    cursor.fetchmany(3)
                    if n == 120 and i == 0:
                        connection.close()
                except sqlite3.Error:
                    pass

        run_all(work)

    def test_cursors_die_while_a_function_runs(self):
        # A dying cursor's statement must not wait for the connection: the function below stops all threads.
        connection = sqlite3.connect(":memory:", check_same_thread=False)
        connection.execute("create table t(a)")
        connection.executemany("insert into t values(?)", [(n,) for n in range(10)])
        running, dropped = threading.Event(), threading.Event()

        def function(a):
            running.set()
            while not dropped.wait(0.001):
                gc.collect()
            return a

        connection.create_function("function", 1, function)
        cursors = [connection.cursor() for _ in range(20)]
        for cursor in cursors:
            cursor.execute("select a from t")
            self.assertEqual(cursor.fetchone(), (0,))
        del cursor
        rows = []
        thread = threading.Thread(target=lambda: rows.extend(connection.execute("select function(a) from t where a < 3")))
        thread.start()
        running.wait()
        while cursors:
            cursors.pop()
        dropped.set()
        thread.join()
        self.assertEqual(rows, [(0,), (1,), (2,)])
        connection.execute("drop table t")  # refused while statements read it


if __name__ == "__main__":
    unittest.main()
