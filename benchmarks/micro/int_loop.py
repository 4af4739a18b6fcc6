"""Integer arithmetic in a while loop."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


def main():
    i = total = 0
    while i < 2_000_000:
        total += i & 7
        i += 1
    return total


if __name__ == "__main__":
    timing.run(main)
