"""Method calls, bound methods, super, properties."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


class Base:
    def __init__(self):
        self.n = 0

    def add(self, k):
        self.n += k

    def value(self):
        return self.n

    @property
    def doubled(self):
        return self.n * 2


class Derived(Base):
    def value(self):
        return super().value() + 1


def main():
    thing = Derived()
    bound = thing.add
    total = 0
    for i in range(250_000):
        thing.add(i)
        bound(1)
        total += thing.value() + thing.doubled
    return total


if __name__ == "__main__":
    timing.run(main)
