"""What programs do all the time, one operation in each kernel: calls of functions, methods and native functions, constants,
generators, making objects, dicts and closures, locals of threads. Nothing in them is shared but what is read.

    kernels.py                     the benchmark: all kernels as one
    kernels.py --each [NAME ...]   a table: one thread, two threads, two processes in BENCH_ROUNDS (100) alternating rounds; with
                                   the counting build, the shared writes for each call
"""

import math
import os
import sys
import threading

import _scale


class Point:
    def __init__(self, x):
        self.x = x

    def method(self):
        return self


class Empty:
    pass


def function(a):
    return a


def object_cfunction(n):
    """Methods of built-in objects of the thread's own."""
    values = []
    for _ in range(n):
        values.append(None)
        values.pop()


def cmodule_function(n):
    for _ in range(n):
        math.floor(19)


def mult_constant(n):
    x = 1.5
    for _ in range(n):
        x * 10.0


def count_up(n):
    for i in range(n):
        yield i


def generator(n):
    for _ in count_up(n):
        pass


SHARED = Point(1)


def pymethod(n):
    """A method of one object for all threads."""
    point = SHARED
    for _ in range(n):
        point.method()


def pyfunction(n):
    for i in range(n):
        function(i)


def module_function(n):
    """A Python function of a module, found through it."""
    for i in range(n):
        os.fspath("a")


def load_string_const(n):
    for _ in range(n):
        if "a string" == "":
            raise AssertionError


def load_tuple_const(n):
    for _ in range(n):
        if (1, 2, "x") == ():
            raise AssertionError


def create_pyobject(n):
    for _ in range(n):
        Empty()


def create_closure(n):
    for i in range(n):
        lambda: i


def create_dict(n):
    for i in range(n):
        {"key": i}


LOCAL = threading.local()


def thread_local_read(n):
    local = LOCAL
    local.x = 1
    for _ in range(n):
        local.x


# Some 4 ms each.
KERNELS = {
    object_cfunction: 150_000, cmodule_function: 80_000, mult_constant: 600_000, generator: 240_000, pymethod: 280_000,
    pyfunction: 280_000, module_function: 200_000, load_string_const: 300_000, load_tuple_const: 800_000,
    create_pyobject: 200_000, create_closure: 50_000, create_dict: 90_000, thread_local_read: 130_000,
}


def kernel():
    for operation, count in KERNELS.items():
        operation(count)
    return len(KERNELS)


if __name__ == "__main__":
    if "--each" in sys.argv or "--serve" in sys.argv:
        _scale.table(KERNELS)
    else:
        _scale.run(kernel)
