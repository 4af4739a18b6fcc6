"""Arithmetic on integers of a few hundred digits."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


def main():
    a, b = 0, 1
    for _ in range(60_000):
        a, b = b, a + b
    product = 1
    for i in range(1, 1500):
        product *= i
    return (a * 7 // 3 + product) % 1_000_000_007


if __name__ == "__main__":
    timing.run(main)
