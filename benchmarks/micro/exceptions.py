"""Raising and catching."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


def check(n):
    if n % 3 == 0:
        raise ValueError(n)
    return n


def main():
    total = 0
    for i in range(200_000):
        try:
            total += check(i)
        except ValueError:
            total -= 1
        try:
            total += 1
        finally:
            total += 1
    return total


if __name__ == "__main__":
    timing.run(main)
