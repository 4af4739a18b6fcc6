"""Random nests of container operations on random pairs of containers, to find lock orders that deadlock.

Race: eight threads apply operations of two containers (a.extend(b), a == b, a |= b, a[:] = b ...) to pairs drawn from the same few.
Elements, keys, sort keys, iterators and finalisers call back into such operations on other pairs, up to three deep.
Legal outcomes: any content, and the exceptions of EXPECTED. No thread stays in one operation for STALL seconds. (CPython 3.14.10 crashes
in it: its OrderedDict does not stand being changed by an __eq__.)

    test_deadlocks.py [--seconds N] [--seed N]      (default: 4 seconds and a new seed, which is printed)
"""

import collections
import faulthandler
import itertools
import os
import random
import sys
import threading
import time
import unittest
from array import array

from support import SCALE


def option(name, default):
    if name not in sys.argv:
        return default
    at = sys.argv.index(name)
    value = int(sys.argv[at + 1])
    del sys.argv[at:at + 2]
    return value


SEED = option("--seed", int(os.environ.get("TYPHON_SEED", time.time_ns() % 1_000_000)))
SECONDS = option("--seconds", 4 * SCALE)
THREADS = 8
DEPTH = 3
STALL = 60
MOST = 40  # elements of a container, about
EXPECTED = (AttributeError, IndexError, KeyError, ValueError, BufferError, RuntimeError, TypeError, RecursionError)

state = threading.local()
pool = []


def nested():
    """Now and then, another operation from inside of one."""
    rng = getattr(state, "random", None)
    if rng is None or state.depth >= DEPTH or rng.random() > 0.05:
        return
    state.depth += 1
    try:
        operate(rng)
    finally:
        state.depth -= 1


class Item:
    def __init__(self, n):
        self.n = n

    def __eq__(self, other):
        nested()
        return isinstance(other, Item) and self.n == other.n

    def __lt__(self, other):
        nested()
        return self.n < getattr(other, "n", 0)

    def __hash__(self):
        nested()
        return self.n % 5

    def __repr__(self):
        nested()
        return "item"


class Mortal(Item):
    def __del__(self):
        nested()


class Box:
    """Its attributes are what it holds."""

    def __iter__(self):
        return iter(list(self.__dict__.values()))


def item(rng):
    n = rng.randrange(12)
    return Mortal(n) if rng.random() < 0.1 else Item(n)


def items_of(source):
    for x in itertools.islice(source, MOST):  # the source may be what is being extended
        nested()
        yield x


def pairs_of(source):
    for x in items_of(source):
        yield x, x


def key_of(x):
    nested()
    return getattr(x, "n", 0)


def letters(source):
    return bytes(len(source) % 7) if not isinstance(source, bytearray) else source


LIST = (
    lambda a, b, rng: a.extend(b), lambda a, b, rng: a.extend(items_of(b)), lambda a, b, rng: a.__setitem__(slice(None), b),
    lambda a, b, rng: a.__setitem__(slice(0, 3), items_of(b)), lambda a, b, rng: a == b, lambda a, b, rng: a < b,
    lambda a, b, rng: a.sort(key=key_of), lambda a, b, rng: a.sort(), lambda a, b, rng: a.append(item(rng)), lambda a, b, rng: a.pop(),
    lambda a, b, rng: a.remove(item(rng)), lambda a, b, rng: item(rng) in a, lambda a, b, rng: a.index(item(rng)), lambda a, b, rng: a + list(b),
    lambda a, b, rng: repr(a), lambda a, b, rng: a.clear(), lambda a, b, rng: a.reverse(), lambda a, b, rng: a.append(item(rng)) or a.pop(),
    lambda a, b, rng: a.__iadd__(b), lambda a, b, rng: tuple(a) == tuple(b), lambda a, b, rng: a.insert(1, item(rng)),
    lambda a, b, rng: max(a, key=key_of), lambda a, b, rng: sorted(b, key=key_of), lambda a, b, rng: list(zip(a, b)),
)
DICT = (
    lambda a, b, rng: a.update(dict.fromkeys(b)), lambda a, b, rng: a.update(b if isinstance(b, dict) else pairs_of(b)),
    lambda a, b, rng: a.__ior__(b), lambda a, b, rng: a == b, lambda a, b, rng: a | b, lambda a, b, rng: a.keys() & b,
    lambda a, b, rng: a.keys() | items_of(b), lambda a, b, rng: a.items() == b.items(), lambda a, b, rng: a.setdefault(item(rng), item(rng)),
    lambda a, b, rng: a.pop(item(rng), None), lambda a, b, rng: a.popitem(), lambda a, b, rng: a.__setitem__(item(rng), item(rng)) or a.pop(item(rng)),
    lambda a, b, rng: a.get(item(rng)), lambda a, b, rng: list(a.values()), lambda a, b, rng: a.copy(), lambda a, b, rng: repr(a),
    lambda a, b, rng: a.clear(), lambda a, b, rng: dict(a, **{}), lambda a, b, rng: type(a)(a) == b,
)
SET = (
    lambda a, b, rng: a.update(b), lambda a, b, rng: a.update(items_of(b)), lambda a, b, rng: a.__ior__(b), lambda a, b, rng: a.__iand__(b),
    lambda a, b, rng: a.__isub__(b), lambda a, b, rng: a.__ixor__(b), lambda a, b, rng: a.symmetric_difference_update(b),
    lambda a, b, rng: a.difference_update(b), lambda a, b, rng: a.intersection_update(items_of(b)), lambda a, b, rng: a <= b,
    lambda a, b, rng: a == b, lambda a, b, rng: a | b, lambda a, b, rng: a & b, lambda a, b, rng: a.isdisjoint(b), lambda a, b, rng: a.add(item(rng)),
    lambda a, b, rng: a.discard(item(rng)), lambda a, b, rng: a.pop(), lambda a, b, rng: frozenset(a) == b, lambda a, b, rng: repr(a),
)
DEQUE = (
    lambda a, b, rng: a.extend(b), lambda a, b, rng: a.extendleft(items_of(b)), lambda a, b, rng: a == b, lambda a, b, rng: a < b,
    lambda a, b, rng: a.__iadd__(b), lambda a, b, rng: a.append(item(rng)), lambda a, b, rng: a.popleft(), lambda a, b, rng: a.remove(item(rng)),
    lambda a, b, rng: a.index(item(rng)), lambda a, b, rng: a.count(item(rng)), lambda a, b, rng: a.rotate(2), lambda a, b, rng: a.copy(),
    lambda a, b, rng: a + collections.deque(b), lambda a, b, rng: a.insert(1, item(rng)), lambda a, b, rng: repr(a),
)
BYTES = (
    lambda a, b, rng: a.extend(letters(b)), lambda a, b, rng: a.__setitem__(slice(1, 4), letters(b)), lambda a, b, rng: a == b,
    lambda a, b, rng: a.join([letters(b), a]), lambda a, b, rng: a + letters(b), lambda a, b, rng: a.find(letters(b)),
    lambda a, b, rng: a.__iadd__(letters(b)), lambda a, b, rng: a.replace(b"\0", letters(b)), lambda a, b, rng: memoryview(a).tobytes(),
    lambda a, b, rng: a.extend(key_of(x) for x in b), lambda a, b, rng: a.clear(),
)
ARRAY = (
    lambda a, b, rng: a.extend(array("q", [key_of(x) for x in b])), lambda a, b, rng: a == b, lambda a, b, rng: a < b, lambda a, b, rng: a + a,
    lambda a, b, rng: a.append(rng.randrange(9)), lambda a, b, rng: a.pop(), lambda a, b, rng: a.extend(b),
    lambda a, b, rng: a.fromlist([key_of(x) for x in b]), lambda a, b, rng: a.__setitem__(slice(0, 2), a),
)
BOX = (
    lambda a, b, rng: setattr(a, f"x{rng.randrange(8)}", item(rng)), lambda a, b, rng: getattr(a, "x1", None),
    lambda a, b, rng: a.__dict__.update((f"x{i % 8}", x) for i, x in enumerate(items_of(b))), lambda a, b, rng: a.__dict__ == getattr(b, "__dict__", b),
    lambda a, b, rng: delattr(a, f"x{rng.randrange(8)}"), lambda a, b, rng: setattr(a, "__dict__", dict(a.__dict__)),
    lambda a, b, rng: list(a.__dict__.items()) == list(getattr(b, "__dict__", {}).items()),
)
OPERATIONS = {
    list: LIST, dict: DICT, collections.OrderedDict: DICT, collections.defaultdict: DICT, set: SET, collections.deque: DEQUE, bytearray: BYTES,
    array: ARRAY, Box: BOX,
}
MAKERS = (
    list, dict, set, collections.deque, list, dict, set, collections.OrderedDict, lambda: collections.defaultdict(list), bytearray,
    lambda: array("q"), Box,
)


def operate(rng):
    a, b = rng.choice(pool), rng.choice(pool)
    operation = rng.choice(OPERATIONS[type(a)])
    try:
        operation(a, b, rng)
        if not isinstance(a, Box) and len(a) > MOST:
            a.__delitem__(slice(MOST // 4, None)) if isinstance(a, (list, bytearray, array)) else a.clear()
    except EXPECTED:
        pass


class Deadlocks(unittest.TestCase):
    def test_nests_of_operations_on_pairs(self):
        print(f"--seed {SEED} --seconds {SECONDS}", file=sys.stderr)
        pool[:] = [make() for make in MAKERS]
        deadline = time.monotonic() + SECONDS
        done = [0] * THREADS
        errors = []

        def work(k):
            state.random, state.depth = random.Random(f"{SEED} {k}"), 0
            try:
                while time.monotonic() < deadline:
                    operate(state.random)
                    done[k] += 1
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=work, args=(k,), daemon=True) for k in range(THREADS)]
        for thread in threads:
            thread.start()
        before, since = list(done), [time.monotonic()] * THREADS
        while any(thread.is_alive() for thread in threads):
            time.sleep(0.05)
            for k, thread in enumerate(threads):
                if done[k] != before[k] or not thread.is_alive():
                    before[k], since[k] = done[k], time.monotonic()
                elif time.monotonic() - since[k] > STALL:
                    faulthandler.dump_traceback(file=sys.__stderr__)
                    self.fail(f"thread {k} has been in one operation for {STALL} s, --seed {SEED}")
        for error in errors:
            raise error
        self.assertTrue(all(done), done)
        print(f"{sum(done)} operations", file=sys.stderr)
        pool.clear()


if __name__ == "__main__":
    unittest.main()
