"""Slices of lists: copies, assignment from lists and iterators, deletion."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


def main():
    items = list(range(20))
    total = 0
    for i in range(60_000):
        k = i % 12
        items[:k + 1] = reversed(items[:k + 1])
        items[2:6] = items[4:8]
        items[::2] = items[1::2]
        extra = items[:]
        del extra[3:9]
        total += extra[3] + len(extra)
    return total


if __name__ == "__main__":
    timing.run(main)
