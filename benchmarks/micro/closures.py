"""Closures: making, calling, nonlocal."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


def make(n):
    def add(k):
        nonlocal n
        n += k
        return n

    return add


def main():
    total = 0
    for i in range(100_000):
        add = make(i)
        total += add(1) + add(2)
    step = make(0)
    for _ in range(400_000):
        total += step(1)
    return total


if __name__ == "__main__":
    timing.run(main)
