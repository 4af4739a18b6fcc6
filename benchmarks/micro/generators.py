"""Generators: yield, yield from, generator expressions."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


def count(n):
    for i in range(n):
        yield i


def tree(depth):
    if depth:
        yield from tree(depth - 1)
        yield depth
        yield from tree(depth - 1)


def main():
    total = sum(x for x in count(400_000) if x % 3)
    for value in tree(14):
        total += value
    return total


if __name__ == "__main__":
    timing.run(main)
