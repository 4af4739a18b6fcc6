"""Library calls that only read shared state: what each of them costs with two threads against two processes, and how often it
writes to what threads share.

    library_reads.py                     the benchmark: all operations as one kernel
    library_reads.py --each [NAME ...]   a table: one thread, two threads, two processes in BENCH_ROUNDS (100) alternating rounds;
                                         with the counting build, the shared writes for each call
"""

import copy
import enum
import functools
import json
import logging
import random
import re
import sys
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


if __name__ == "__main__":
    if "--each" in sys.argv or "--serve" in sys.argv:
        _scale.table({operation: calls // 20 for operation, calls in OPERATIONS.items()})
    else:
        _scale.run(kernel)
