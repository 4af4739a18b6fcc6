"""Tuples: packing, unpacking, comparison, as keys."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


def main():
    a, b, c, total = 0, 1, 2, 0
    seen = {}
    for i in range(300_000):
        a, b, c = b, c, (a + i) % 1000
        pair = (a, b)
        seen[pair] = i
        x, y = pair
        total += x < y
    return total, len(seen) > 0


if __name__ == "__main__":
    timing.run(main)
