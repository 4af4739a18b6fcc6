"""Integer arithmetic over a range."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


def main():
    total = 0
    for i in range(2_000_000):
        total += i * 3 - (i >> 1)
    return total


if __name__ == "__main__":
    timing.run(main)
