"""A float recurrence."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


def main():
    x, y = 0.5, 0.0
    for _ in range(1_500_000):
        x = 3.7 * x * (1.0 - x)
        y += x
    return y


if __name__ == "__main__":
    timing.run(main)
