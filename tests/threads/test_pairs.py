"""Every two methods of list, dict, set, deque and bytearray raced against each other, at least one of them changing the object.

Race: two threads call one method, two the other, again and again on one object.
Legal outcomes: IndexError, KeyError, ValueError, BufferError, or RuntimeError for an iteration that met a change. Nobody
ever sees an element that nobody put in; afterwards the object agrees with itself: its length is that of an iteration,
and every element is found in it.

The order of the pairs follows from a seed that is printed (TYPHON_SEED sets it), the time of each type is bounded
(TYPHON_STRESS makes it longer). TYPHON_PAIRS=1 prints each pair before it runs, so that a crash names its pair.
"""

import itertools
import os
import random
import sys
import threading
import time
import unittest
from collections import deque

from support import SCALE

SEED = int(os.environ.get("TYPHON_SEED", time.time_ns() % 1_000_000))
SECONDS = float(os.environ.get("TYPHON_PAIR_SECONDS", 2.5)) * SCALE  # for each type
ROUNDS = 100  # calls of one thread for a pair
EXPECTED = (IndexError, KeyError, ValueError, BufferError, RuntimeError)

WORDS = 12
UNIVERSE = {f"item {n}" for n in range(WORDS)}


def word(n):
    return f"item {n % WORDS}"  # a new object each time: what dies too early shows


def nothing(value):
    """For an operation whose result holds no elements."""


# Each operation: name, whether it changes the object, and a function (object, n) that returns what it read, an iterable
# of elements, or None.

LIST = [
    ("append", True, lambda c, n: c.append(word(n))),
    ("insert", True, lambda c, n: c.insert(n % 7 - 3, word(n))),
    ("extend(list)", True, lambda c, n: c.extend([word(n), word(n + 1)])),
    ("extend(generator)", True, lambda c, n: c.extend(word(n + i) for i in range(3))),
    ("extend(itself)", True, lambda c, n: c.extend(c[:3])),
    ("pop", True, lambda c, n: [c.pop()]),
    ("pop(0)", True, lambda c, n: [c.pop(0)]),
    ("pop(i)", True, lambda c, n: [c.pop(n % 5)]),
    ("remove", True, lambda c, n: c.remove(word(n))),
    ("clear", True, lambda c, n: c.clear() if n % 8 == 0 else None),
    ("sort", True, lambda c, n: c.sort()),
    ("sort(key)", True, lambda c, n: c.sort(key=len, reverse=True)),
    ("reverse", True, lambda c, n: c.reverse()),
    ("c[i] = x", True, lambda c, n: c.__setitem__(n % 6, word(n))),
    ("del c[i]", True, lambda c, n: c.__delitem__(-1 - n % 3)),
    ("c[i:j] = list", True, lambda c, n: c.__setitem__(slice(n % 4, n % 7), [word(n)] * (n % 5))),
    ("c[::2] = list", True, lambda c, n: c.__setitem__(slice(None, 4, 2), [word(n), word(n)])),
    ("c[:] = itself", True, lambda c, n: c.__setitem__(slice(None), c)),
    ("del c[i:j]", True, lambda c, n: c.__delitem__(slice(1, n % 5))),
    ("del c[::2]", True, lambda c, n: c.__delitem__(slice(None, None, 2)) if n % 4 == 0 else None),
    ("c += list", True, lambda c, n: c.__iadd__([word(n)])),
    ("c *= 2", True, lambda c, n: c.__imul__(2) if len(c) < 50 else c.clear()),
    ("c[i]", False, lambda c, n: [c[n % 5]]),
    ("c[-1]", False, lambda c, n: [c[-1]]),
    ("c[i:j]", False, lambda c, n: c[n % 4:n % 9]),
    ("c[::-1]", False, lambda c, n: c[::-1]),
    ("iteration", False, lambda c, n: [x for x in c]),
    ("reversed", False, lambda c, n: list(reversed(c))),
    ("copy", False, lambda c, n: c.copy()),
    ("tuple", False, lambda c, n: tuple(c)),
    ("in", False, lambda c, n: nothing(word(n) in c)),
    ("index", False, lambda c, n: nothing(c.index(word(n)))),
    ("count", False, lambda c, n: nothing(c.count(word(n)))),
    ("len", False, lambda c, n: nothing(len(c))),
    ("==", False, lambda c, n: nothing(c == [word(n)])),
    ("c < c", False, lambda c, n: nothing(c < c)),
    ("repr", False, lambda c, n: nothing(repr(c))),
    ("c + c", False, lambda c, n: c + c),
    ("c * 2", False, lambda c, n: c * 2),
    ("sorted", False, lambda c, n: sorted(c)),
    ("call(*c)", False, lambda c, n: (lambda *rest: rest)(*c)),
    ("join", False, lambda c, n: nothing("".join(c))),
]

DICT = [
    ("c[k] = v", True, lambda c, n: c.__setitem__(word(n), word(n))),
    ("c[int] = v", True, lambda c, n: c.__setitem__(n % 9, word(n))),
    ("del c[k]", True, lambda c, n: c.__delitem__(word(n))),
    ("pop", True, lambda c, n: [c.pop(word(n))]),
    ("pop(default)", True, lambda c, n: [c.pop(word(n), word(0))]),
    ("popitem", True, lambda c, n: c.popitem()),
    ("setdefault", True, lambda c, n: [c.setdefault(word(n), word(n))]),
    ("update(dict)", True, lambda c, n: c.update({word(n): word(n), n % 9: word(n)})),
    ("update(pairs)", True, lambda c, n: c.update([(word(n), word(n))])),
    ("update(keywords)", True, lambda c, n: c.update(**{word(n): word(n)})),
    ("update(itself)", True, lambda c, n: c.update(c)),
    ("|=", True, lambda c, n: c.__ior__({word(n): word(n)})),
    ("clear", True, lambda c, n: c.clear() if n % 8 == 0 else None),
    ("grow", True, lambda c, n: nothing([c.__setitem__(i, word(i)) for i in range(20)])),
    ("shrink", True, lambda c, n: nothing([c.pop(i, None) for i in range(20)])),
    ("c[k]", False, lambda c, n: [c[word(n)]]),
    ("get", False, lambda c, n: [c.get(word(n), word(0))]),
    ("in", False, lambda c, n: nothing(word(n) in c)),
    ("len", False, lambda c, n: nothing(len(c))),
    ("keys", False, lambda c, n: list(c.keys())),
    ("values", False, lambda c, n: list(c.values())),
    ("items", False, lambda c, n: [x for pair in list(c.items()) for x in pair]),
    ("iteration", False, lambda c, n: [x for x in c]),
    ("iteration over items", False, lambda c, n: [v for k, v in c.items()]),
    ("reversed", False, lambda c, n: [x for x in reversed(c)]),
    ("copy", False, lambda c, n: c.copy().values()),
    ("dict", False, lambda c, n: dict(c).values()),
    ("{**c}", False, lambda c, n: {**c}.values()),
    ("c | dict", False, lambda c, n: (c | {word(n): word(n)}).values()),
    ("== copy", False, lambda c, n: nothing(c == dict(c))),
    ("repr", False, lambda c, n: nothing(repr(c))),
    ("keys & set", False, lambda c, n: c.keys() & {word(n), word(1)}),
    ("fromkeys", False, lambda c, n: dict.fromkeys(c, word(n)).values()),
    ("call(**c)", False, lambda c, n: (lambda **k: k)(**{k: v for k, v in c.copy().items() if isinstance(k, str)}).values()),
    ("set", False, lambda c, n: set(c)),
    ("sorted", False, lambda c, n: sorted(c.values())),
]

SET = [
    ("add", True, lambda c, n: c.add(word(n))),
    ("add(int)", True, lambda c, n: c.add(n % 9)),
    ("discard", True, lambda c, n: c.discard(word(n))),
    ("remove", True, lambda c, n: c.remove(word(n))),
    ("pop", True, lambda c, n: [c.pop()]),
    ("clear", True, lambda c, n: c.clear() if n % 8 == 0 else None),
    ("update(set)", True, lambda c, n: c.update({word(n), word(n + 1), n % 9})),
    ("update(list)", True, lambda c, n: c.update([word(n), word(n + 3)])),
    ("update(generator)", True, lambda c, n: c.update(word(n + i) for i in range(3))),
    ("update(itself)", True, lambda c, n: c.update(c)),
    ("difference_update", True, lambda c, n: c.difference_update({word(n), word(n + 1)})),
    ("intersection_update", True, lambda c, n: c.intersection_update(UNIVERSE - {word(n)})),
    ("symmetric_difference_update", True, lambda c, n: c.symmetric_difference_update({word(n)})),
    ("|=", True, lambda c, n: c.__ior__({word(n)})),
    ("&=", True, lambda c, n: c.__iand__(UNIVERSE)),
    ("-=", True, lambda c, n: c.__isub__({word(n)})),
    ("^= itself", True, lambda c, n: c.__ixor__(c) if n % 8 == 0 else None),
    ("grow", True, lambda c, n: c.update(range(20))),
    ("in", False, lambda c, n: nothing(word(n) in c)),
    ("len", False, lambda c, n: nothing(len(c))),
    ("iteration", False, lambda c, n: [x for x in c]),
    ("list", False, lambda c, n: list(c)),
    ("frozenset", False, lambda c, n: frozenset(c)),
    ("copy", False, lambda c, n: c.copy()),
    ("union", False, lambda c, n: c | {word(n)}),
    ("intersection", False, lambda c, n: c & UNIVERSE),
    ("difference", False, lambda c, n: c - {word(n)}),
    ("symmetric difference", False, lambda c, n: c ^ {word(n)}),
    ("isdisjoint", False, lambda c, n: nothing(c.isdisjoint(UNIVERSE))),
    ("issubset", False, lambda c, n: nothing(c.issubset(UNIVERSE))),
    ("<= itself", False, lambda c, n: nothing(c <= c)),
    ("== copy", False, lambda c, n: nothing(c == c.copy())),
    ("repr", False, lambda c, n: nothing(repr(c))),
]

DEQUE = [
    ("append", True, lambda c, n: c.append(word(n))),
    ("appendleft", True, lambda c, n: c.appendleft(word(n))),
    ("pop", True, lambda c, n: [c.pop()]),
    ("popleft", True, lambda c, n: [c.popleft()]),
    ("extend", True, lambda c, n: c.extend([word(n), word(n + 1)])),
    ("extendleft", True, lambda c, n: c.extendleft(word(n + i) for i in range(3))),
    ("extend(itself)", True, lambda c, n: c.extend(c) if len(c) < 50 else c.clear()),
    ("insert", True, lambda c, n: c.insert(n % 5, word(n))),
    ("remove", True, lambda c, n: c.remove(word(n))),
    ("rotate", True, lambda c, n: c.rotate(n % 7 - 3)),
    ("reverse", True, lambda c, n: c.reverse()),
    ("clear", True, lambda c, n: c.clear() if n % 8 == 0 else None),
    ("c[i] = x", True, lambda c, n: c.__setitem__(n % 5, word(n))),
    ("del c[i]", True, lambda c, n: c.__delitem__(n % 5)),
    ("+=", True, lambda c, n: c.__iadd__([word(n)])),
    ("*= 2", True, lambda c, n: c.__imul__(2) if len(c) < 50 else c.clear()),
    ("c[i]", False, lambda c, n: [c[n % 5]]),
    ("c[-1]", False, lambda c, n: [c[-1]]),
    ("in", False, lambda c, n: nothing(word(n) in c)),
    ("index", False, lambda c, n: nothing(c.index(word(n)))),
    ("count", False, lambda c, n: nothing(c.count(word(n)))),
    ("len", False, lambda c, n: nothing(len(c))),
    ("iteration", False, lambda c, n: [x for x in c]),
    ("reversed", False, lambda c, n: list(reversed(c))),
    ("list", False, lambda c, n: list(c)),
    ("copy", False, lambda c, n: c.copy()),
    ("c + c", False, lambda c, n: c + c),
    ("== copy", False, lambda c, n: nothing(c == c.copy())),
    ("repr", False, lambda c, n: nothing(repr(c))),
]

LETTERS = b"ABCDEFGHIJKL"


def letters(n):
    return LETTERS[n % 5:n % 5 + 3]


BYTEARRAY = [
    ("append", True, lambda c, n: c.append(LETTERS[n % 12])),
    ("insert", True, lambda c, n: c.insert(n % 5, LETTERS[n % 12])),
    ("extend(bytes)", True, lambda c, n: c.extend(letters(n))),
    ("extend(ints)", True, lambda c, n: c.extend(LETTERS[(n + i) % 12] for i in range(4))),
    ("extend(itself)", True, lambda c, n: c.extend(c) if len(c) < 200 else c.clear()),
    ("pop", True, lambda c, n: [c.pop()]),
    ("pop(0)", True, lambda c, n: [c.pop(0)]),
    ("remove", True, lambda c, n: c.remove(LETTERS[n % 12])),
    ("reverse", True, lambda c, n: c.reverse()),
    ("clear", True, lambda c, n: c.clear() if n % 8 == 0 else None),
    ("c[i] = x", True, lambda c, n: c.__setitem__(n % 5, LETTERS[n % 12])),
    ("del c[i]", True, lambda c, n: c.__delitem__(n % 5)),
    ("c[i:j] = bytes", True, lambda c, n: c.__setitem__(slice(n % 4, n % 9), letters(n))),
    ("c[:] = itself", True, lambda c, n: c.__setitem__(slice(None), c)),
    ("del c[::2]", True, lambda c, n: c.__delitem__(slice(None, None, 2)) if n % 4 == 0 else None),
    ("+=", True, lambda c, n: c.__iadd__(letters(n))),
    ("*= 2", True, lambda c, n: c.__imul__(2) if len(c) < 200 else c.clear()),
    ("resize", True, lambda c, n: c.resize(max(0, len(c) - n % 3))),
    ("c[i]", False, lambda c, n: [c[n % 5]]),
    ("c[i:j]", False, lambda c, n: c[n % 4:n % 9]),
    ("iteration", False, lambda c, n: [x for x in c]),
    ("bytes", False, lambda c, n: bytes(c)),
    ("copy", False, lambda c, n: c.copy()),
    ("in", False, lambda c, n: nothing(letters(n) in c)),
    ("find", False, lambda c, n: nothing(c.find(letters(n)))),
    ("count", False, lambda c, n: nothing(c.count(b"A"))),
    ("replace", False, lambda c, n: c.replace(b"A", b"B")),
    ("split", False, lambda c, n: b"".join(c.split(b"C"))),
    ("upper", False, lambda c, n: c.upper()),
    ("translate", False, lambda c, n: c.translate(None, b"D")),
    ("join", False, lambda c, n: b"A".join([c, c])),
    ("decode", False, lambda c, n: c.decode().encode()),
    ("hex", False, lambda c, n: bytes.fromhex(c.hex())),
    ("%", False, lambda c, n: b"%b" % c),
    ("startswith", False, lambda c, n: nothing(c.startswith(b"A"))),
    ("== bytes", False, lambda c, n: nothing(c == b"ABC")),
    ("memoryview", False, lambda c, n: memoryview(c).tobytes()),
    ("c + c", False, lambda c, n: c + c),
    ("repr", False, lambda c, n: nothing(repr(c))),
]

KINDS = {
    "list": (LIST, lambda: [word(n) for n in range(8)], UNIVERSE),
    "dict": (DICT, lambda: {word(n): word(n) for n in range(8)}, UNIVERSE | set(range(20))),
    "set": (SET, lambda: {word(n) for n in range(8)}, UNIVERSE | set(range(20))),
    "deque": (DEQUE, lambda: deque(word(n) for n in range(8)), UNIVERSE),
    "bounded deque": (DEQUE, lambda: deque((word(n) for n in range(8)), 8), UNIVERSE),
    # 0: a resize to a length that was read before another thread shortened the array makes it longer, with null bytes.
    "bytearray": (BYTEARRAY, lambda: bytearray(LETTERS), {0, *LETTERS}),
}
THREADS = 4


class Racers:
    """Four threads that run one pair after the other."""

    def __init__(self, universe):
        self.universe = universe
        self.barrier = threading.Barrier(THREADS + 1)
        self.pair = None
        self.target = None
        self.errors = []
        self.threads = [threading.Thread(target=self.work, args=(k,), daemon=True) for k in range(THREADS)]
        for thread in self.threads:
            thread.start()

    def work(self, k):
        while True:
            self.barrier.wait(120)
            if self.pair is None:
                return
            operation, target, universe = self.pair[k % 2][2], self.target, self.universe
            try:
                for n in range(k, k + ROUNDS):
                    try:
                        seen = operation(target, n)
                    except EXPECTED:
                        continue
                    if seen is not None and seen is not target and not universe.issuperset(seen):
                        raise AssertionError(f"invented: {set(seen) - universe}")
            except BaseException as error:
                self.errors.append(error)
            self.barrier.wait(120)

    def race(self, pair, target):
        self.pair, self.target = pair, target
        self.barrier.wait(120)
        self.barrier.wait(120)
        if self.errors:
            raise self.errors[0]

    def stop(self):
        self.pair = None
        self.barrier.wait(120)
        for thread in self.threads:
            thread.join(60)


class Pairs(unittest.TestCase):
    def check(self, target, universe):
        items = list(target)
        self.assertEqual(len(target), len(items))
        self.assertLessEqual(set(items), universe)
        if isinstance(target, dict):
            self.assertEqual([(k, target[k]) for k in items], list(target.items()))
            self.assertLessEqual(set(target.values()), universe)
        if isinstance(target, (dict, set)):
            self.assertEqual(len(set(items)), len(items))
        for item in set(items):
            self.assertIn(item, target)
        if isinstance(target, deque):
            self.assertEqual(items[::-1], list(reversed(target)))
            self.assertLessEqual(len(items), len(items) if target.maxlen is None else target.maxlen)

    def race_all(self, kind):
        operations, make, universe = KINDS[kind]
        pairs = [pair for pair in itertools.combinations_with_replacement(operations, 2) if pair[0][1] or pair[1][1]]
        random.Random(SEED).shuffle(pairs)
        print(f"{kind}: {len(pairs)} pairs, TYPHON_SEED={SEED}", file=sys.stderr)
        racers, deadline, done = Racers(universe), time.monotonic() + SECONDS, 0
        try:
            for pair in pairs:
                if time.monotonic() > deadline and done:
                    break
                if os.environ.get("TYPHON_PAIRS"):
                    print(f"{kind}: {pair[0][0]}, {pair[1][0]}", file=sys.stderr, flush=True)
                target = make()
                with self.subTest(pair=(pair[0][0], pair[1][0])):
                    racers.race(pair, target)
                    self.check(target, universe)
                done += 1
                racers.errors.clear()
        finally:
            racers.stop()
        self.assertGreater(done, 0)

    def test_list(self): self.race_all("list")
    def test_dict(self): self.race_all("dict")
    def test_set(self): self.race_all("set")
    def test_deque(self): self.race_all("deque")
    def test_bounded_deque(self): self.race_all("bounded deque")
    def test_bytearray(self): self.race_all("bytearray")


if __name__ == "__main__":
    unittest.main()
