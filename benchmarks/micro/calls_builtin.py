"""Calls of built-in functions and methods."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


def main():
    total, items = 0, list(range(10))
    for i in range(250_000):
        total += len(items) + abs(-i) + min(i, 5) + ord(chr(i % 100)) + isinstance(i, int)
    return total + sum(map(abs, range(-100_000, 0))) + len(list(zip(range(100_000), range(100_000))))


if __name__ == "__main__":
    timing.run(main)
