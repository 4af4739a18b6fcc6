"""Gravity among bodies in a plane by a quadtree of masses."""

import math
import random
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


class Cell:
    __slots__ = ("x", "y", "size", "mass", "center_x", "center_y", "body", "children")

    def __init__(self, x, y, size):
        self.x, self.y, self.size = x, y, size
        self.mass = self.center_x = self.center_y = 0.0
        self.body = None
        self.children = None

    def quadrant(self, body):
        half = self.size / 2
        return (2 if body[1] >= self.y + half else 0) + (1 if body[0] >= self.x + half else 0)

    def insert(self, body):
        if self.children is None and self.body is None:
            self.body = body
        else:
            if self.children is None:
                half = self.size / 2
                self.children = [Cell(self.x + dx * half, self.y + dy * half, half) for dy in (0, 1) for dx in (0, 1)]
                old, self.body = self.body, None
                self.children[self.quadrant(old)].insert(old)
            self.children[self.quadrant(body)].insert(body)
        total = self.mass + body[2]
        self.center_x = (self.center_x * self.mass + body[0] * body[2]) / total
        self.center_y = (self.center_y * self.mass + body[1] * body[2]) / total
        self.mass = total

    def force(self, body):
        dx, dy = self.center_x - body[0], self.center_y - body[1]
        square = dx * dx + dy * dy + 1e-6
        if self.children is None or self.size * self.size < 0.25 * square:
            if self.body is body or self.mass == 0.0:
                return 0.0, 0.0
            scale = self.mass / (square * math.sqrt(square))
            return dx * scale, dy * scale
        fx = fy = 0.0
        for child in self.children:
            if child.mass:
                x, y = child.force(body)
                fx += x
                fy += y
        return fx, fy


def main():
    generator = random.Random(7)
    bodies = [[generator.random(), generator.random(), 1.0 + generator.random(), 0.0, 0.0] for _ in range(250)]
    for _ in range(3):
        root = Cell(-1.0, -1.0, 3.0)
        for body in bodies:
            root.insert(body)
        for body in bodies:
            fx, fy = root.force(body)
            body[3] += fx * 1e-5
            body[4] += fy * 1e-5
        for body in bodies:
            body[0] += body[3]
            body[1] += body[4]
    return round(sum(b[0] + b[1] for b in bodies), 9)


if __name__ == "__main__":
    timing.run(main)
