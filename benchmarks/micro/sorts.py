"""Sorting: shuffled, sorted and reversed ints, floats, strings, tuples, with a key."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing

N = 20_000
SHUFFLED = [i * 7919 % 20_011 for i in range(N)]
SORTED = list(range(N))
FLOATS = [i * 0.37 for i in SHUFFLED]
WORDS = [f"word{i}" for i in SHUFFLED]
PAIRS = [(i % 100, i) for i in SHUFFLED]


def by(items, times, **options):
    def row():
        total = 0
        for _ in range(times):
            total += hash(sorted(items, **options)[N // 3])
        return total
    return row


def in_place():
    total = 0
    for _ in range(5):
        items = SHUFFLED[:]
        items.sort()
        items.reverse()
        items.sort()
        total += items[5]
    return total


def second(pair):
    return pair[1]


if __name__ == "__main__":
    timing.run_rows(
        random=by(SHUFFLED, 5), sorted=by(SORTED, 100), reversed=by(SORTED, 60, reverse=True), in_place=in_place,
        floats=by(FLOATS, 5), words=lambda: by(WORDS, 4)() and 1, pairs=by(PAIRS, 3),
        key_lambda=by(PAIRS, 5, key=second), key_builtin=by(SHUFFLED, 4, key=abs),
        key_str=lambda: by(WORDS, 4, key=str.upper)() and 1)
