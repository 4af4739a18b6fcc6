"""Making and dropping instances."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y


def main():
    total = 0
    for i in range(400_000):
        total += Point(i, 1).x
    kept = [Point(i, i) for i in range(100_000)]
    return total + kept[-1].y


if __name__ == "__main__":
    timing.run(main)
