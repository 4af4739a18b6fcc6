"""Foreign functions and callbacks."""
import ctypes
import ctypes.util
import errno
import gc
import os
import sys
import threading
import unittest
import weakref
from ctypes import (
    CDLL, CFUNCTYPE, POINTER, PYFUNCTYPE, ArgumentError, Structure, Union, byref, c_char, c_char_p, c_double, c_float, c_int, c_long, c_longdouble,
    c_longlong, c_short, c_size_t, c_ubyte, c_uint, c_ulong, c_void_p, c_wchar_p, cast, create_string_buffer, get_errno, pointer, py_object, set_errno, sizeof,
)

from test import support

libc = CDLL(None, use_errno=True)
libm = CDLL(ctypes.util.find_library("m"))


def fresh(name, restype, *argtypes, lib=libc):
    f = lib[name]
    f.restype, f.argtypes = restype, argtypes
    return f


class CallTest(unittest.TestCase):
    def test_simple(self):
        self.assertEqual(libc.getpid(), os.getpid())
        self.assertEqual(libc.abs(-5), 5)
        self.assertEqual(fresh("sqrt", c_double, c_double, lib=libm)(2.25), 1.5)
        self.assertEqual(fresh("sqrtf", c_float, c_float, lib=libm)(2.25), 1.5)
        self.assertEqual(fresh("sqrtl", c_longdouble, c_longdouble, lib=libm)(2.25), 1.5)
        self.assertEqual(fresh("strlen", c_size_t, c_char_p)(b"hello"), 5)
        self.assertEqual(fresh("wcslen", c_size_t, c_wchar_p)("h\u20acl\U0001f600"), 4)
        self.assertEqual(fresh("strchr", c_char_p, c_char_p, c_char)(b"abcdef", b"d"), b"def")
        self.assertEqual(fresh("labs", c_long, c_long)(-(1 << 40)), 1 << 40)

    def test_complex(self):
        csqrt = fresh("csqrt", ctypes.c_double_complex, ctypes.c_double_complex, lib=libm)
        self.assertEqual(csqrt(-4), 2j)

    def test_many_arguments(self):
        buffer = create_string_buffer(300)
        snprintf = libc["snprintf"]
        n = snprintf(buffer, c_size_t(300), b"%d %s %ld %.2f %c %d %d %d %d %d %d", 1, b"two", c_long(3), c_double(4.5), ord("x"), 5, 6, 7, 8, 9, 10)
        self.assertEqual(buffer.value, b"1 two 3 4.50 x 5 6 7 8 9 10")
        self.assertEqual(n, len(buffer.value))

    def test_errors(self):
        f = fresh("abs", c_int, c_int)
        for args, error, text in (
            (("x",), ArgumentError, "argument 1: TypeError: 'str' object cannot be interpreted as an integer"),
            ((), TypeError, "this function takes at least 1 argument (0 given)"),
        ):
            with self.assertRaises(error) as caught:
                f(*args)
            self.assertEqual(str(caught.exception), text)
        with self.assertRaisesRegex(ArgumentError, "argument 1: TypeError: Don't know how to convert parameter 1"):
            libc["abs"](1.5)
        with self.assertRaisesRegex(ArgumentError, "argument 1: OverflowError: int too long to convert"):
            libc["abs"](1 << 80)
        with self.assertRaises(AttributeError):
            libc.there_is_no_such_function
        with self.assertRaises(OSError):
            CDLL("there_is_no_such_library.so")
        with self.assertRaisesRegex(TypeError, "item 1 in _argtypes_ has no from_param method"):
            f.argtypes = [1]
        with self.assertRaisesRegex(TypeError, "the errcheck attribute must be callable"):
            f.errcheck = 1

    def test_byref_and_pointers(self):
        frexp = fresh("frexp", c_double, c_double, POINTER(c_int), lib=libm)
        exponent = c_int()
        for argument in (byref(exponent), exponent, pointer(exponent)):
            exponent.value = 0
            self.assertEqual((frexp(12.0, argument), exponent.value), (0.75, 4))
        with self.assertRaises(ArgumentError):
            frexp(1.0, byref(c_short()))
        values = (c_int * 2)()
        frexp(12.0, values)
        self.assertEqual(list(values), [4, 0])

    def test_as_parameter(self):
        class Wrapper:
            def __init__(self, value):
                self._as_parameter_ = value

        self.assertEqual(libc["abs"](Wrapper(-7)), 7)
        self.assertEqual(fresh("abs", c_int, c_int)(Wrapper(Wrapper(-7))), 7)
        endless = Wrapper(None)
        endless._as_parameter_ = endless
        with self.assertRaises((RecursionError, ArgumentError)):
            fresh("abs", c_int, c_int)(endless)

    def test_result_conversion(self):
        f = libc["getpid"]
        f.restype = lambda n: ("pid", n)
        self.assertEqual(f(), ("pid", os.getpid()))
        f.restype = c_int
        f.errcheck = lambda result, function, arguments: (result, function is f, arguments)
        self.assertEqual(f(), (os.getpid(), True, ()))
        f.restype = None
        f.errcheck = lambda result, function, arguments: arguments
        self.assertIsNone(f())

    def test_check_retval(self):
        class Checked(c_int):
            def _check_retval_(self):
                return ("checked", self.value)

        f = libc["abs"]
        f.restype = Checked
        self.assertEqual(f(-3), ("checked", 3))

    def test_errno(self):
        set_errno(0)
        self.assertEqual(libc.close(-1), -1)
        self.assertEqual(get_errno(), errno.EBADF)
        self.assertEqual(set_errno(5), errno.EBADF)
        seen = []

        def other():
            seen.append(get_errno())
            set_errno(99)

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        self.assertEqual((seen, get_errno()), ([0], 5))

    def test_paramflags(self):
        prototype = CFUNCTYPE(c_double, c_double, POINTER(c_int))
        frexp = prototype(("frexp", libm), ((1, "x"), (2, "exponent")))
        self.assertEqual(frexp(12.0), 4)
        self.assertEqual(frexp(x=12.0), 4)
        with self.assertRaisesRegex(TypeError, "required argument 'x' missing"):
            frexp()
        with self.assertRaisesRegex(TypeError, "call takes exactly 1 arguments"):
            frexp(1.0, 2)
        with_default = prototype(("frexp", libm), ((1, "x", 12.0), (2, "exponent")))
        self.assertEqual(with_default(), 4)
        with self.assertRaises(ValueError):
            prototype(("frexp", libm), ((1, "x"),))
        with self.assertRaises(TypeError):
            CFUNCTYPE(c_double, c_double)(("sqrt", libm), ((2, "x"),))

    def test_null_function(self):
        if sys.implementation.name != "typhon":
            self.skipTest("CPython jumps to address 0")
        with self.assertRaises(ValueError):
            CFUNCTYPE(c_int)(0)()

    def test_in_dll(self):
        environ = c_void_p.in_dll(libc, "environ")
        self.assertTrue(environ.value)
        with self.assertRaises(ValueError):
            c_int.in_dll(libc, "there_is_no_such_variable")

    def test_pythonapi(self):
        with self.assertRaises(AttributeError):
            ctypes.pythonapi.there_is_no_such_function
        make = ctypes.pythonapi.PyBytes_FromStringAndSize
        make.argtypes, make.restype = (c_char_p, ctypes.c_ssize_t), py_object
        self.assertEqual(make(b"abcdef", 3), b"abc")
        with self.assertRaises(SystemError):
            make(b"abcdef", -3)
        version = ctypes.pythonapi.Py_GetVersion
        version.restype = c_char_p
        self.assertEqual(version().decode(), sys.version)
        self.assertEqual(c_int.in_dll(ctypes.pythonapi, "Py_OptimizeFlag").value, sys.flags.optimize)

    def test_extras_of_code(self):
        release = ctypes.CFUNCTYPE(None, c_void_p)
        api = ctypes.pythonapi
        request, put, get = (api.PyUnstable_Eval_RequestCodeExtraIndex, api.PyUnstable_Code_SetExtra, api.PyUnstable_Code_GetExtra)
        request.argtypes, request.restype = (release,), ctypes.c_ssize_t
        put.argtypes = (py_object, ctypes.c_ssize_t, c_void_p)
        get.argtypes = (py_object, ctypes.c_ssize_t, ctypes.POINTER(c_void_p))
        released = []
        note = release(released.append)
        index, other = request(note), request(release(0))
        self.assertLess(index, other)
        code = compile("1", "", "eval")
        found = c_void_p(7)
        self.assertEqual((get(code, index, found), found.value), (0, None))
        self.assertEqual(put(code, index, 5), 0)
        self.assertEqual((get(code, index, found), found.value), (0, 5))
        self.assertEqual((get(code, other, found), found.value), (0, None))
        self.assertEqual((put(code, index, 6), released), (0, [5]))
        for wrong in ((code, -1, 1), (code, 1000, 1), (3, index, 1)):
            with self.assertRaises(SystemError):
                put(*wrong)
        with self.assertRaises(SystemError):
            get(3, index, found)
        del code
        gc.collect()
        self.assertEqual(released, [5, 6])

    def test_exception_for_another_thread(self):
        class Stop(Exception):
            pass

        caught, started = [], threading.Event()

        def run():
            try:
                while True:
                    started.set()
            except Stop as e:
                caught.append(e)

        thread = threading.Thread(target=run)
        thread.start()
        started.wait()
        set_exception = ctypes.pythonapi.PyThreadState_SetAsyncExc
        self.assertEqual(set_exception(c_ulong(thread.ident), py_object(Stop)), 1)
        thread.join()
        self.assertEqual(len(caught), 1)
        self.assertEqual(set_exception(c_ulong(1), py_object(Stop)), 0)

    def test_structure_in_registers(self):
        # Two doubles in a structure arrive where two doubles do.
        atan2 = fresh("atan2", c_double, Inherited, lib=libm)
        self.assertAlmostEqual(atan2(Inherited(0.0, -1.0)), 3.141592653589793)

    def test_objects_by_address(self):
        from _ctypes import Py_DECREF, Py_INCREF, PyObj_FromPtr

        marker = object()
        self.assertIs(PyObj_FromPtr(id(marker)), marker)
        self.assertIs(Py_DECREF(Py_INCREF(marker)), marker)
        if sys.implementation.name == "typhon":
            for address in (0, 0x14, 0x24, 8, 0x1000, id(marker) + 16 * 1000003 + 8):
                with self.assertRaises(ValueError):
                    PyObj_FromPtr(address)
            with self.assertRaises(ValueError):
                py_object.from_buffer(bytearray(b"\x14" + bytes(7))).value

    def test_library_helpers_without_attachment(self):
        # CPython's own helpers want to be called as Python functions.
        if sys.implementation.name != "typhon":
            self.skipTest("CPython dies of it")
        from _ctypes import _string_at_addr

        self.assertEqual(CFUNCTYPE(py_object, c_char_p, c_int)(_string_at_addr)(b"abc", 2), b"ab")

    def test_dllist(self):
        from ctypes.util import dllist

        self.assertTrue(any("libc.so" in name for name in dllist()))


class Pair(Structure):
    _fields_ = [("quot", c_int), ("rem", c_int)]


class LongPair(Structure):
    _fields_ = [("quot", c_long), ("rem", c_long)]


class Small(Structure):
    _fields_ = [("a", c_ubyte), ("b", c_short)]


class Floats(Structure):
    _fields_ = [("a", c_float), ("b", c_float), ("c", c_float)]


class Mixed(Structure):
    _fields_ = [("a", c_double), ("b", c_int)]


class MixedBack(Structure):
    _fields_ = [("a", c_int), ("b", c_double)]


class Big(Structure):
    _fields_ = [("items", c_long * 6)]


class Bytes(Structure):
    _fields_ = [("items", c_ubyte * 13)]


class Either(Union):
    _fields_ = [("d", c_double), ("i", c_longlong)]


class LongDouble(Structure):
    _fields_ = [("x", c_longdouble)]


class Packed(Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = [("a", c_ubyte), ("b", c_double)]


class Vector(Structure):
    _fields_ = [("y", c_double), ("x", c_double)]


class Empty(Vector):
    _fields_ = []


class Inherited(Empty):
    pass


class StructureCallTest(unittest.TestCase):
    def test_returned(self):
        div, ldiv = fresh("div", Pair, c_int, c_int), fresh("ldiv", LongPair, c_long, c_long)
        r = div(17, 5)
        self.assertEqual((r.quot, r.rem), (3, 2))
        r = ldiv(-(1 << 40), 7)
        self.assertEqual((r.quot, r.rem), (-((1 << 40) // 7), -((1 << 40) % 7)))

    def test_passed_to_callbacks_and_back(self):
        # A structure goes through a C call into a callback: what arrives is what was sent, in registers or in memory.
        for value in (Pair(1, 2), LongPair(3, 4), Small(5, 6), Floats(1.5, 2.5, 3.5), Mixed(1.5, 7), MixedBack(8, 2.5), Big((1, 2, 3, 4, 5, 6)),
                      Bytes(tuple(range(13))), LongDouble(1.25), Packed(1, 2.5),
                      Inherited(1.5, 2.5)):
            cls = type(value)
            seen = []

            @CFUNCTYPE(c_int, c_int, cls, c_double, cls)
            def callback(before, first, between, second):
                seen.append((before, bytes(first)[:sizeof(cls)], between, bytes(second)))
                return 99

            with self.subTest(cls=cls.__name__):
                function = CFUNCTYPE(c_int, c_int, cls, c_double, cls)(cast(callback, c_void_p).value)
                self.assertEqual(function(11, value, 22.5, value), 99)
                self.assertEqual(seen, [(11, bytes(value), 22.5, bytes(value))])


class CallbackTest(unittest.TestCase):
    def test_qsort(self):
        compare = CFUNCTYPE(c_int, POINTER(c_int), POINTER(c_int))
        qsort = fresh("qsort", None, c_void_p, c_size_t, c_size_t, compare)
        values = (c_int * 200)(*[(i * 7919) % 1009 for i in range(200)])
        qsort(values, len(values), sizeof(c_int), compare(lambda a, b: a[0] - b[0]))
        self.assertEqual(list(values), sorted(values))

    def test_types(self):
        for cls, value in ((c_int, -3), (c_ubyte, 200), (c_short, -5), (c_long, 1 << 40), (c_float, 1.5), (c_double, 2.5), (c_longdouble, 3.5),
                           (c_char, b"x"), (ctypes.c_bool, True), (ctypes.c_wchar, "\u20ac"), (c_void_p, 77), (ctypes.c_int8, -1), (ctypes.c_uint16, 65535),
                           (ctypes.c_double_complex, 1 + 2j)):
            with self.subTest(cls=cls):
                seen = []

                @CFUNCTYPE(cls, cls)
                def same(x):
                    seen.append(x)
                    return x

                self.assertEqual(CFUNCTYPE(cls, cls)(cast(same, c_void_p).value)(value), value)
                self.assertEqual(seen, [value])

    def test_objects(self):
        @CFUNCTYPE(py_object, py_object)
        def same(x):
            return [x]

        marker = object()
        for _ in range(1000):
            self.assertIs(same(marker)[0], marker)

    def test_errors_are_reported(self):
        @CFUNCTYPE(c_int)
        def broken():
            1 / 0

        with support.catch_unraisable_exception() as caught:
            broken()
            self.assertIs(caught.unraisable.exc_type, ZeroDivisionError)
            self.assertTrue(caught.unraisable.err_msg.startswith("Exception ignored while calling ctypes callback function <function"))

        @CFUNCTYPE(c_int)
        def wrong():
            return "x"

        with support.catch_unraisable_exception() as caught:
            wrong()
            self.assertTrue(caught.unraisable.err_msg.startswith("Exception ignored while converting result of ctypes callback function <function"))

    def test_callable_lives_as_long_as_the_pointer(self):
        class Callable:
            def __call__(self):
                return 5

        callable = Callable()
        gone = weakref.ref(callable)
        f = CFUNCTYPE(c_int)(callable)
        del callable
        gc.collect()
        self.assertEqual(f(), 5)
        del f
        gc.collect()
        self.assertIsNone(gone())

    def test_nested_calls(self):
        function_type = CFUNCTYPE(c_int, c_int)

        @function_type
        def countdown(n):
            return 0 if n == 0 else 1 + countdown(n - 1)

        self.assertEqual(countdown(100), 100)

    def test_endless_recursion(self):
        @CFUNCTYPE(c_int)
        def endless():
            return endless()

        # The report of the error may itself have no room.
        with support.captured_stderr(), support.catch_unraisable_exception():
            endless()
        self.assertEqual(CFUNCTYPE(c_int)(lambda: 5)(), 5)

    def test_pyfunctype(self):
        @PYFUNCTYPE(c_int, c_int)
        def double(n):
            return 2 * n

        self.assertEqual(double(21), 42)

    def test_invalid_result_type(self):
        with self.assertRaisesRegex(TypeError, "invalid result type for callback function"):
            CFUNCTYPE(Pair)(lambda: None)
        with self.assertRaisesRegex(TypeError, "argument must be callable or integer function address"):
            CFUNCTYPE(c_int)("x")


class ForeignThreadTest(unittest.TestCase):
    """Threads that C code starts call into Python."""

    def start(self, callback, n):
        create, join = libc["pthread_create"], libc["pthread_join"]
        threads = [c_ulong() for _ in range(n)]
        for i, thread in enumerate(threads):
            self.assertEqual(create(byref(thread), None, callback, c_void_p(i + 1)), 0)
        results = []
        for thread in threads:
            result = c_void_p()
            self.assertEqual(join(thread, byref(result)), 0)
            results.append(result.value)
        return results

    def test_calls(self):
        seen = []

        @CFUNCTYPE(c_void_p, c_void_p)
        def run(n):
            seen.append((n, threading.get_ident() != threading.main_thread().ident, isinstance(threading.current_thread(), threading._DummyThread)))
            return n * 2

        self.assertEqual(self.start(run, 5), [2, 4, 6, 8, 10])
        self.assertEqual(sorted(seen), [(n, True, True) for n in range(1, 6)])

    def test_shared_data(self):
        lock = threading.Lock()
        counts = {}
        objects = []

        @CFUNCTYPE(c_void_p, c_void_p)
        def run(n):
            for i in range(300):
                with lock:
                    counts[i] = counts.get(i, 0) + 1
                objects.append([n, i, {"n": n}])
            return n

        self.assertEqual(self.start(run, 6), list(range(1, 7)))
        self.assertEqual(set(counts.values()), {6})
        self.assertEqual(len(objects), 1800)

    def test_locals_and_exceptions(self):
        local = threading.local()

        @CFUNCTYPE(c_void_p, c_void_p)
        def run(n):
            local.value = [n]
            if n == 2:
                raise KeyError("two")
            return local.value[0]

        with support.catch_unraisable_exception() as caught:
            self.assertEqual(self.start(run, 3)[::2], [1, 3])
            self.assertIs(caught.unraisable.exc_type, KeyError)
        self.assertFalse(hasattr(local, "value"))

    def test_again_and_again(self):
        @CFUNCTYPE(c_void_p, c_void_p)
        def run(n):
            return n + sum(range(50))

        for _ in range(20):
            self.assertEqual(self.start(run, 3), [1226, 1227, 1228])

    def test_first_thread_of_the_program(self):
        # The program has one thread until a foreign one calls in.
        from test.support.script_helper import assert_python_ok

        code = """if 1:
            import ctypes, gc
            libc = ctypes.CDLL(None)
            data = {i: [i] for i in range(1000)}
            @ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)
            def run(n):
                for i in range(1000):
                    data[i] = [data[i], n]
                return n
            thread, result = ctypes.c_ulong(), ctypes.c_void_p()
            assert libc.pthread_create(ctypes.byref(thread), None, run, ctypes.c_void_p(7)) == 0
            for i in range(1000):
                data[-i] = {i: str(i)}
            assert libc.pthread_join(thread, ctypes.byref(result)) == 0
            gc.collect()
            print(result.value, data[999], len(data))
        """
        out = assert_python_ok("-c", code).out
        self.assertEqual(out.strip(), b"7 [[999], 7] 1999")


if __name__ == "__main__":
    unittest.main()
