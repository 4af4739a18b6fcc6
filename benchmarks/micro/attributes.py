"""Attribute reads and writes on instances, classes and slots."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


class Plain:
    shared = 1

    def __init__(self):
        self.a = self.b = self.c = 0


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self):
        self.a = self.b = 0


def main():
    plain, slotted = Plain(), Slotted()
    for i in range(500_000):
        plain.a = plain.b + 1
        plain.b = plain.c + plain.shared
        plain.c = i
        slotted.a = slotted.b + i
        slotted.b = plain.a
    return plain.a + plain.b + slotted.a + slotted.b


if __name__ == "__main__":
    timing.run(main)
