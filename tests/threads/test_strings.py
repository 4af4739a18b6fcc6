"""Strings, bytes and byte arrays shared between threads.

Race: hashing and interning of equal strings, joins of lists that change, one bytearray written and resized by all.
Legal outcomes: results built from values that were there; interning gives one object; a bytearray with an exported
buffer refuses to resize (BufferError); bytes written to disjoint places are all there.
"""

import io
import re
import sys
import unittest

from support import THREADS, numbered, race, repeat, scaled

N = scaled(3_000)


class Strings(unittest.TestCase):
    def test_intern_agrees(self):
        def work():
            return [sys.intern("interned " + str(i)) for i in range(N)]
        first, *others = race(*repeat(work))
        for other in others:
            self.assertTrue(all(a is b for a, b in zip(first, other)))

    def test_hash_of_shared_strings(self):
        strings = ["shared " + str(i) for i in range(N)]

        def work():
            return [hash(s) for s in strings]
        first, *others = race(*repeat(work))
        self.assertTrue(all(other == first for other in others))
        self.assertEqual(first, [hash("shared " + str(i)) for i in range(N)])

    def test_concatenation_does_not_touch_others(self):
        base = "base" * 5

        def work(k):
            mine = base
            for i in range(N):
                mine += str(k)
            assert mine == base + str(k) * N
        race(*numbered(work))
        self.assertEqual(base, "base" * 5)

    def test_join_while_list_changes(self):
        parts = ["a", "b", "c"]

        def change():
            for i in range(N):
                parts.append("ab"[i % 2])
                parts[i % 3] = "c"
                if len(parts) > 50:
                    del parts[5:]
        def join():
            try:
                joined = "".join(parts)
            except (RuntimeError, IndexError, TypeError):
                return
            assert set(joined) <= set("abc"), joined
        race(change, change, meanwhile=[join])

    def test_methods_on_one_string(self):
        text = "The quick brown fox, ünïcödé, 漢字 and 🐍. " * 20
        upper, parts, encoded = text.upper(), text.split(), text.encode()

        def work():
            for _ in range(N // 20):
                assert text.upper() == upper and text.split() == parts and text.encode() == encoded
                assert encoded.decode() == text and text.replace("fox", "").count("fox") == 0
                assert f"{text[:3]}{len(text)}" == "The" + str(len(text))
        race(*repeat(work))

    def test_regular_expression_shared(self):
        pattern = re.compile(r"(\w+)@(\w+)\.(com|org)")

        def work(k):
            for i in range(N // 4):
                match = pattern.search(f"<user{k}_{i}@host.org>")
                assert match.groups() == (f"user{k}_{i}", "host", "org")
                assert re.sub(rf"x{i % 30}y", "-", f"ax{i % 30}yb") == "a-b"
        race(*numbered(work))

    def test_format_and_numbers(self):
        def work(k):
            for i in range(N):
                assert int(str(i * k)) == i * k and float(repr(i / 7)) == i / 7
                assert "{:>8}|{!r}".format(i, "x") == f"{i:>8}|'x'"
                assert "%05d" % i == str(i).zfill(5)
        race(*numbered(work))


class ByteArrays(unittest.TestCase):
    def test_disjoint_bytes(self):
        shared = bytearray(N * THREADS)

        def work(k):
            for i in range(k, N * THREADS, THREADS):
                shared[i] = k + 1
        race(*numbered(work))
        self.assertEqual(shared, bytearray(range(1, THREADS + 1)) * N)

    def test_append_and_pop(self):
        shared = bytearray()

        def work(k):
            popped = []
            for i in range(N):
                shared.append(k)
                if i % 2:
                    popped.append(shared.pop())
            return popped
        popped = [b for part in race(*numbered(work)) for b in part]
        self.assertEqual(len(popped) + len(shared), N * THREADS)
        for k in range(THREADS):
            self.assertEqual(popped.count(k) + shared.count(k), N)

    def test_extend_and_slices(self):
        shared = bytearray(b"start")

        def work(k):
            for i in range(N // 4):
                shared.extend(b"abcd")
                shared[0:2] = b"abc"
                del shared[10:]
        def look():
            assert set(bytes(shared)) <= set(b"startabcd")
            shared.find(b"ab"), shared.upper(), shared + b"x", shared[2:8]
        race(*numbered(work), meanwhile=[look])

    def test_exported_buffer(self):
        shared = bytearray(b"x" * 1000)

        def grow():
            refused = 0
            for i in range(N):
                try:
                    shared.append(120)
                    del shared[1000:]
                except BufferError:
                    refused += 1
        def view():
            with memoryview(shared) as v:
                assert v[500] == 120 and bytes(v[:10]) == b"x" * 10
        race(grow, grow, meanwhile=[view, view])
        self.assertEqual(set(shared), {120})

    def test_memoryview_shared(self):
        storage = bytearray(THREADS * 100)
        view = memoryview(storage)

        def work(k):
            part = view[k * 100:(k + 1) * 100]
            for i in range(N):
                part[i % 100] = k
            assert part.tobytes() == bytes([k]) * 100 or N < 100
        race(*numbered(work))


class Streams(unittest.TestCase):
    def test_bytesio(self):
        shared = io.BytesIO()

        def work(k):
            for i in range(N):
                assert shared.write(bytes([65 + k])) == 1
        race(*numbered(work))
        self.assertTrue(set(shared.getvalue()) <= set(range(65, 65 + THREADS)))

    def test_stringio_does_not_crash(self):
        shared = io.StringIO()

        def work(k):
            for i in range(N):
                shared.write("ab")
                shared.seek(0)
                shared.read(3)
                shared.getvalue()[:2]
                shared.truncate(10)
        race(*numbered(work, 2))
        self.assertTrue(set(shared.getvalue()) <= set("ab\0"))


if __name__ == "__main__":
    unittest.main()
