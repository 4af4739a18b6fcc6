"""The Mandelbrot set, with complex numbers and with floats."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


def main():
    total, size = 0, 120
    for row in range(size):
        for column in range(size):
            c = complex(column * 3 / size - 2, row * 2 / size - 1)
            z = 0j
            for n in range(50):
                z = z * z + c
                if z.real * z.real + z.imag * z.imag > 4:
                    break
            total += n
            x = y = 0.0
            for n in range(50):
                x, y = x * x - y * y + c.real, 2 * x * y + c.imag
                if x * x + y * y > 4.0:
                    break
            total += n
    return total


if __name__ == "__main__":
    timing.run(main)
