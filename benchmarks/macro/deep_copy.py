"""Copies nested containers and objects with copy.deepcopy."""

import copy
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y
        self.tags = ["a", "b"]


def main():
    shared = [1, 2.5, "three", None]
    data = {f"key{i}": {"points": [Point(i, j) for j in range(4)], "plain": list(range(10)), "shared": shared,
                        "pair": (i, [i])} for i in range(20)}
    size = 0
    for _ in range(50):
        size += len(copy.deepcopy(data)["key3"]["points"])
    return size


if __name__ == "__main__":
    timing.run(main)
