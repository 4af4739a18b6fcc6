"""Reads and writes of module globals."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


LIMIT = 800_000
counter = 0


def main():
    global counter
    counter = 0
    while counter < LIMIT:
        counter += 1
    return counter


if __name__ == "__main__":
    timing.run(main)
