"""C data in memory that processes share."""
import ctypes
import multiprocessing
import unittest
from multiprocessing.sharedctypes import RawArray, RawValue, copy


class Point(ctypes.Structure):
    _fields_ = [("x", ctypes.c_int), ("y", ctypes.c_double)]


def change(value, array, points):
    with value.get_lock():
        value.value += 1
    for i in range(len(array)):
        array[i] *= 2
    for point in points:
        point.x, point.y = point.x + 1, point.y / 2


class SharedTest(unittest.TestCase):
    def check(self, method):
        context = multiprocessing.get_context(method)
        value = context.Value("i", 3)
        array = context.Array("d", [1, 2, 3])
        points = context.Array(Point, [(1, 2.0), (3, 4.0)])
        for _ in range(2):
            process = context.Process(target=change, args=(value, array, points))
            process.start()
            process.join()
            self.assertEqual(process.exitcode, 0)
        self.assertEqual(value.value, 5)
        self.assertEqual(list(array), [4.0, 8.0, 12.0])
        self.assertEqual([(p.x, p.y) for p in points], [(3, 0.5), (5, 1.0)])

    def test_fork(self):
        self.check("fork")

    def test_spawn(self):
        self.check("spawn")

    def test_raw(self):
        array = RawArray("h", 4)
        array[1:3] = [5, 6]
        self.assertEqual(array[:], [0, 5, 6, 0])
        self.assertEqual(RawArray(ctypes.c_char, b"abc").value, b"abc")
        point = RawValue(Point, 1, 2.5)
        copied = copy(point)
        point.x = 9
        self.assertEqual((copied.x, copied.y, point.x), (1, 2.5, 9))

    def test_text(self):
        text = multiprocessing.Array("c", b"hello")
        text.value = b"bye"
        self.assertEqual((text.value, text.raw), (b"bye", b"bye\0o"))


if __name__ == "__main__":
    unittest.main()
