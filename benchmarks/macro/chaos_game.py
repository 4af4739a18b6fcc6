"""The chaos game: random affine maps plotted into a grid."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


class Random:
    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state * 1103515245 + 12345) & 0x7FFFFFFF
        return self.state


class Map:
    def __init__(self, a, b, c, d, e, f):
        self.numbers = (a, b, c, d, e, f)

    def apply(self, x, y):
        a, b, c, d, e, f = self.numbers
        return a * x + b * y + e, c * x + d * y + f


MAPS = [Map(0.0, 0.0, 0.0, 0.16, 0.0, 0.0), Map(0.85, 0.04, -0.04, 0.85, 0.0, 1.6),
        Map(0.2, -0.26, 0.23, 0.22, 0.0, 1.6), Map(-0.15, 0.28, 0.26, 0.24, 0.0, 0.44)]


def main():
    random, grid = Random(42), [[0] * 100 for _ in range(100)]
    x = y = 0.0
    for _ in range(80_000):
        n = (random.next() >> 8) % 100
        x, y = MAPS[0 if n < 1 else 1 if n < 86 else 2 if n < 93 else 3].apply(x, y)
        grid[int(y * 9.9)][int((x + 3) * 16)] += 1
    return sum(1 for row in grid for cell in row if cell), max(max(row) for row in grid)


if __name__ == "__main__":
    timing.run(main)
