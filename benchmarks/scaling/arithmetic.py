"""Threads that share nothing: integer and float arithmetic."""

import _scale


def kernel():
    total, x = 0, 0.5
    for i in range(400_000):
        total += i & 15
        x = 3.5 * x * (1.0 - x)
    return total, x


if __name__ == "__main__":
    _scale.run(kernel)
