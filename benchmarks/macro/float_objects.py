"""Objects with float attributes: made, normalised, compared."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


class Vector:
    __slots__ = ("x", "y", "z")

    def __init__(self, i):
        self.x = x = (i % 101) / 101.0
        self.y = x * 3.0 - 1.0
        self.z = x * x / 2.0

    def normalise(self):
        length = (self.x * self.x + self.y * self.y + self.z * self.z) ** 0.5
        self.x /= length
        self.y /= length
        self.z /= length

    def maximise(self, other):
        if other.x > self.x:
            self.x = other.x
        if other.y > self.y:
            self.y = other.y
        if other.z > self.z:
            self.z = other.z
        return self


def main():
    points = [Vector(i) for i in range(60_000)]
    for p in points:
        p.normalise()
    best = points[0]
    for p in points[1:]:
        best = best.maximise(p)
    return round(best.x + best.y + best.z, 9)


if __name__ == "__main__":
    timing.run(main)
