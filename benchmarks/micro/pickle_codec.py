"""Pickling and unpickling: records, instances, numbers, text."""

import os
import pickle
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


class Point:
    def __init__(self, x, y, label):
        self.x = x
        self.y = y
        self.label = label


RECORDS = [
    {"id": i, "name": f"user {i}", "active": i % 3 == 0, "score": i * 0.37, "tags": ("a", "bc", None), "address": {"street": f"{i} Main St", "zip": 10000 + i}}
    for i in range(2_000)
]
POINTS = [Point(i, i * 0.5, f"p{i % 50}") for i in range(3_000)]
NUMBERS = [list(range(20_000)), [x / 7 for x in range(20_000)], set(range(3_000)), {i: str(i) for i in range(3_000)}]


def main():
    total = 0
    for data in (RECORDS, POINTS, NUMBERS):
        for protocol in (2, 5):
            text = pickle.dumps(data, protocol)
            total += len(text) + len(pickle.loads(text))
    return total


if __name__ == "__main__":
    timing.run(main)
