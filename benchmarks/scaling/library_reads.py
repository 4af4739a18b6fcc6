"""Library calls that only read shared state: what each of them costs with two threads against two processes, and how often it
writes to what threads share.

    library_reads.py            the benchmark: all operations as one kernel
    library_reads.py --each     a table, one line for each operation: one thread, two threads, two processes; with the counting
                                build also the shared writes for each call
"""

import copy
import enum
import functools
import json
import logging
import random
import re
import sys
import threading
import time
from collections.abc import Mapping

import _scale

log = logging.getLogger("scaling.library_reads")
logging.getLogger().setLevel(logging.WARNING)


class Colour(enum.Enum):
    RED = 1
    GREEN = 2


class Point:
    def __init__(self):
        self.x0 = 1
        self.x1 = 2
        self.x2 = 3


class Table(Mapping):
    def __getitem__(self, key):
        raise KeyError(key)

    def __iter__(self):
        return iter(())

    def __len__(self):
        return 0


@functools.lru_cache(maxsize=128)
def cached(n):
    return n * 2


point = Point()
table = Table()
record = {"name": "a", "values": [1, 2, 3], "flag": True}
pair = [1, 2, 3]
template = "{} and {}"


def logging_debug(n):
    for i in range(n):
        log.debug("value %d", i)


def lru_cache_hit(n):
    for i in range(n):
        cached(i & 15)


def re_match(n):
    for _ in range(n):
        re.match(r"(\w+) (\w+)", "hello world")


def isinstance_abc(n):
    for _ in range(n):
        isinstance(table, Mapping)


def random_random(n):
    for _ in range(n):
        random.random()


def copy_copy(n):
    for _ in range(n):
        copy.copy(pair)


def copy_copy_instance(n):
    for _ in range(n):
        copy.copy(point)


def json_dumps(n):
    for _ in range(n):
        json.dumps(record)


def format_method(n):
    for i in range(n):
        "{} and {}".format(i, template)


def enum_member(n):
    for _ in range(n):
        Colour.RED


def enum_value(n):
    for _ in range(n):
        Colour.GREEN.value


def getattr_computed(n):
    for i in range(n):
        getattr(point, f"x{i & 1}")


OPERATIONS = {
    logging_debug: 400_000, lru_cache_hit: 600_000, re_match: 200_000, isinstance_abc: 400_000, random_random: 1_000_000,
    copy_copy: 300_000, copy_copy_instance: 50_000, json_dumps: 100_000, format_method: 300_000, enum_member: 1_000_000, enum_value: 600_000,
    getattr_computed: 500_000,
}


def kernel():
    for operation, calls in OPERATIONS.items():
        operation(calls // 20)
    return len(OPERATIONS)


def shared_writes_per_call(operation, calls):
    """In a second thread, so that everything else is shared. Two lengths, so that what happens once does not count; long enough
    that what is noticed to be shared often has been."""
    operation(calls)
    measured = {}

    def body():
        operation(calls)
        time.sleep(0.1)
        counted = []
        for n in (calls, 2 * calls):
            before = sys._shared_writes()
            operation(n)
            after = sys._shared_writes()
            counted.append({name: after[name] - before[name] for name in after})
        measured.update({name: (counted[1][name] - counted[0][name]) / calls for name in counted[0]})
    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    return {name: round(value, 3) for name, value in measured.items() if abs(value) > 0.001}


def each():
    counts = hasattr(sys, "_shared_writes") and bool(sys._shared_writes())
    for operation, calls in OPERATIONS.items():
        if counts:
            print(f"{operation.__name__:20} {shared_writes_per_call(operation, 2_000) or 'nothing shared written'}", flush=True)
            continue
        _scale.in_threads(lambda: operation(calls), 1)
        one = min(_scale.in_threads(lambda: operation(calls), 1) for _ in range(5))
        two = min(_scale.in_threads(lambda: operation(calls), 2) for _ in range(5))
        processes = min(_scale.in_processes(2, operation.__name__) for _ in range(3))
        print(f"{operation.__name__:20} {one / calls * 1e9:7.0f} ns  2 threads {2 * one / two:.2f}x  "
              f"2 processes {2 * one / processes:.2f}x  threads/processes {processes / two:.2f}", flush=True)


if __name__ == "__main__":
    if "--each" in sys.argv:
        each()
    elif "--child" in sys.argv and sys.argv[-1] != "--child":
        name = sys.argv[-1]
        _scale.run(next(functools.partial(f, n) for f, n in OPERATIONS.items() if f.__name__ == name))
    else:
        _scale.run(kernel)
