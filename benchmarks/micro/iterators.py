"""zip, enumerate, reversed, map and itertools over short lists; list(), tuple() and set() of them."""

import itertools
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


def main():
    items = list(range(50))
    total = 0
    for _ in range(2_000):
        for i, x in enumerate(items):
            total += i
        for x, y in zip(items, items):
            total += y
        for x, y in itertools.pairwise(items):
            total += y
        for x in itertools.chain(items, items):
            total += x
        for x, y in itertools.product(items[:7], items[:7]):
            total += y
        total += len(list(zip(items, items))) + len(tuple(reversed(items))) + len(set(items))
        total += sum(map(abs, items)) + max(items) + sum(items)
    return total


if __name__ == "__main__":
    timing.run(main)
