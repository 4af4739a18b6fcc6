"""Every thread makes its own objects, lists, dicts and strings."""

import _scale


class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y


def kernel():
    total = 0
    for i in range(60_000):
        p = Point(i, [i, i + 1])
        d = {"p": p, i: str(i)}
        total += d["p"].y[1] + len(d[i])
    return total


if __name__ == "__main__":
    _scale.run(kernel)
