"""Gravity between five bodies, stepped in time."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


PI = 3.141592653589793
SOLAR_MASS = 4 * PI * PI
DAYS = 365.24


def bodies():
    return [
        [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], SOLAR_MASS],
        [[4.841431442464721, -1.1603200440274284, -0.10362204447112311],
         [0.001660076642744037 * DAYS, 0.007699011184197404 * DAYS, -0.0000690460016972063 * DAYS],
         0.0009547919384243266 * SOLAR_MASS],
        [[8.34336671824458, 4.124798564124305, -0.4035234171143214],
         [-0.002767425107268624 * DAYS, 0.004998528012349172 * DAYS, 0.00002304172975737639 * DAYS],
         0.0002858859806661308 * SOLAR_MASS],
        [[12.894369562139131, -15.111151401698631, -0.22330757889265573],
         [0.002964601375647616 * DAYS, 0.0023784717395948095 * DAYS, -0.000029658956854023756 * DAYS],
         0.00004366244043351563 * SOLAR_MASS],
        [[15.379697114850917, -25.919314609987964, 0.17925877295037118],
         [0.0026806777249038932 * DAYS, 0.001628241700382423 * DAYS, -0.00009515922545197159 * DAYS],
         0.00005151389020466114 * SOLAR_MASS],
    ]


def advance(system, pairs, step, count):
    for _ in range(count):
        for (p, v, mass), (q, w, other) in pairs:
            dx, dy, dz = p[0] - q[0], p[1] - q[1], p[2] - q[2]
            force = step / (dx * dx + dy * dy + dz * dz) ** 1.5
            a, b = other * force, mass * force
            v[0] -= dx * a
            v[1] -= dy * a
            v[2] -= dz * a
            w[0] += dx * b
            w[1] += dy * b
            w[2] += dz * b
        for p, v, _ in system:
            p[0] += step * v[0]
            p[1] += step * v[1]
            p[2] += step * v[2]


def energy(system, pairs):
    total = sum(m * (v[0] ** 2 + v[1] ** 2 + v[2] ** 2) / 2 for _, v, m in system)
    for (p, _, m), (q, _, n) in pairs:
        total -= m * n / ((p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2 + (p[2] - q[2]) ** 2) ** 0.5
    return total


def main():
    system = bodies()
    pairs = [(a, b) for i, a in enumerate(system) for b in system[i + 1:]]
    advance(system, pairs, 0.01, 10_000)
    return round(energy(system, pairs), 9)


if __name__ == "__main__":
    timing.run(main)
