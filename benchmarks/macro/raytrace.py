"""A small ray tracer with classes for vectors, spheres and planes."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


class Vector:
    def __init__(self, x, y, z):
        self.x, self.y, self.z = x, y, z

    def __add__(self, o):
        return Vector(self.x + o.x, self.y + o.y, self.z + o.z)

    def __sub__(self, o):
        return Vector(self.x - o.x, self.y - o.y, self.z - o.z)

    def __mul__(self, k):
        return Vector(self.x * k, self.y * k, self.z * k)

    def dot(self, o):
        return self.x * o.x + self.y * o.y + self.z * o.z

    def unit(self):
        return self * (1.0 / self.dot(self) ** 0.5)


class Sphere:
    def __init__(self, centre, radius, colour, mirror):
        self.centre, self.radius, self.colour, self.mirror = centre, radius, colour, mirror

    def hit(self, origin, direction):
        to = self.centre - origin
        along = to.dot(direction)
        inside = self.radius * self.radius - (to.dot(to) - along * along)
        if inside < 0:
            return None
        distance = along - inside ** 0.5
        return distance if distance > 1e-6 else None

    def normal(self, point):
        return (point - self.centre).unit()


class Floor:
    def __init__(self, y):
        self.y, self.mirror = y, 0.1

    def hit(self, origin, direction):
        if abs(direction.y) < 1e-9:
            return None
        distance = (self.y - origin.y) / direction.y
        return distance if distance > 1e-6 else None

    def normal(self, point):
        return Vector(0.0, 1.0, 0.0)

    @property
    def colour(self):
        return 0.6


class Scene:
    def __init__(self, things, light):
        self.things, self.light = things, light

    def nearest(self, origin, direction):
        best = None
        for thing in self.things:
            distance = thing.hit(origin, direction)
            if distance is not None and (best is None or distance < best[0]):
                best = distance, thing
        return best

    def trace(self, origin, direction, depth):
        found = self.nearest(origin, direction)
        if found is None:
            return 0.1 + 0.2 * max(0.0, direction.y)
        distance, thing = found
        point = origin + direction * distance
        normal = thing.normal(point)
        to_light = (self.light - point).unit()
        shade = 0.1
        if self.nearest(point, to_light) is None:
            shade += 0.9 * max(0.0, normal.dot(to_light))
        colour = thing.colour * shade
        if depth and thing.mirror:
            bounced = direction - normal * (2 * direction.dot(normal))
            colour += thing.mirror * self.trace(point, bounced, depth - 1)
        return colour


def main():
    spheres = [Sphere(Vector(i * 1.5 - 3, 0.5 * (i % 3), 6.0 + i % 2), 0.8, 0.3 + 0.1 * i, 0.4) for i in range(5)]
    scene = Scene([*spheres, Floor(-1.0)], Vector(5.0, 8.0, -3.0))
    total, size = 0.0, 44
    for row in range(size):
        for column in range(size):
            direction = Vector(column / size - 0.5, 0.5 - row / size, 1.0).unit()
            total += scene.trace(Vector(0.0, 0.5, 0.0), direction, 3)
    return round(total, 6)


if __name__ == "__main__":
    timing.run(main)
