"""C data that several threads read, write, resize and define at once: bytes may be torn, and wrong order is allowed; a crash is not."""

import ctypes
import unittest
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_size_t, c_void_p, c_wchar_p, cast, pointer, py_object, resize, sizeof

from support import race, scaled


def attempts(n, *calls, errors=(ValueError, IndexError, AttributeError, TypeError, BufferError)):
    def loop():
        for i in range(scaled(n)):
            for call in calls:
                try:
                    call(i)
                except errors:
                    pass

    return loop


class Record(Structure):
    _fields_ = [("text", c_char_p), ("wide", c_wchar_p), ("thing", py_object), ("numbers", c_int * 4)]


class RaceTest(unittest.TestCase):
    def test_one_record(self):
        record = Record(b"start", "start", None)

        def write(i):
            record.text = b"%d" % i * (1 + i % 50)
            record.wide = f"{i}" * (1 + i % 50)
            record.thing = [i]
            record.numbers[i % 4] = i

        def read(i):
            self.assertIsInstance(record.text, bytes)
            self.assertIsInstance(record.wide, str)
            self.assertIsInstance(record.thing, (list, type(None)))
            len(list(record.numbers))
            bytes(record)

        race(attempts(400, write), attempts(400, write), attempts(400, read), attempts(400, read))

    def test_object_cell(self):
        cell = py_object([0])
        race(*[attempts(2000, lambda i: setattr(cell, "value", [i])), attempts(2000, lambda i: cell.value[0]),
               attempts(2000, lambda i: cell.value.append(1)), attempts(2000, lambda i: cell._objects)])

    def test_resize(self):
        class S(Structure):
            _fields_ = [("n", c_int), ("items", c_int * 8)]

        s = S(5)

        def grow(i):
            resize(s, sizeof(S) + i % 997 * 16)

        def use(i):
            s.items[i % 8] = i
            self.assertEqual(s.n, 5)
            memoryview(s).nbytes
            bytes(s)

        race(attempts(500, grow), attempts(500, grow), attempts(500, use), attempts(500, use))
        self.assertEqual(s.n, 5)

    def test_fields_given_while_in_use(self):
        for _ in range(scaled(30)):
            class S(Structure):
                pass

            array = S * 4

            def define(i):
                S._fields_ = [("a", c_int), ("b", c_char_p), ("rest", c_int * (i + 1))]

            def use(i):
                s = S()
                s.b = b"text"
                s.b, s.rest[i], sizeof(S), bytes(s), array()[2], pointer(s)[0]

            race(attempts(5, define), attempts(5, define), attempts(20, use), attempts(20, use))

    def test_pointers(self):
        p = pointer(c_int(1))

        def set(i):
            # What it pointed to before may be read for a while: it stays.
            kept.append(c_int(i))
            p.contents = kept[-1]

        kept = []
        race(attempts(500, set), attempts(500, set), attempts(500, lambda i: p[0] + p.contents.value),
             attempts(500, lambda i: cast(p, c_void_p).value))

    def test_types(self):
        class T(c_int):
            pass

        def make(i):
            arrays.append((i, T * i))
            pointers.append(POINTER(T))
            CFUNCTYPE(c_int, T, c_int * (i % 7))

        arrays, pointers = [], []
        race(*[attempts(100, make)] * 4)
        for n, cls in arrays:
            self.assertEqual((cls._length_, cls._type_), (n, T))
        self.assertEqual(len({id(p._type_) for p in pointers}), 1)

    def test_callbacks(self):
        libc = ctypes.CDLL(None)
        compare_type = CFUNCTYPE(c_int, POINTER(c_int), POINTER(c_int))
        compare = compare_type(lambda a, b: a[0] - b[0])
        qsort = libc.qsort
        qsort.restype = None
        qsort.argtypes = [c_void_p, c_size_t, c_size_t, compare_type]

        def sort(i):
            values = (c_int * 20)(*[(k * 7919 + i) % 101 for k in range(20)])
            qsort(values, 20, sizeof(c_int), compare)
            self.assertEqual(list(values), sorted(values))

        race(*[attempts(30, sort, errors=())] * 4)

    def test_prototype_changes(self):
        f = ctypes.CDLL(None)["abs"]

        def change(i):
            f.argtypes = [[c_int], [c_int, c_int], [], None][i % 4]
            f.restype = [c_int, None, ctypes.c_short, lambda n: n][i % 4]
            f.errcheck = lambda result, function, arguments: result

        race(attempts(500, change), attempts(500, change), attempts(500, lambda i: f(-5), errors=(TypeError, ctypes.ArgumentError)),
             attempts(500, lambda i: (f.argtypes, f.restype, f.errcheck)))


if __name__ == "__main__":
    unittest.main()
