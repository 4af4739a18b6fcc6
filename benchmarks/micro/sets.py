"""Sets: building, membership, the four operators, comprehensions."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


def main():
    items = list(range(100))
    words = [f"k{i}" for i in range(100)]
    a, b = {1, 2, 3, 4}, {3, 4, 5}
    total = 0
    for i in range(3_000):
        s = set(items)
        total += len(s) + len({x & 15 for x in items}) + len(set(words))
        s.discard(i % 100)
        s.add(-i)
        for x in items[:20]:
            if x in s:
                total += 1
        for _ in range(10):
            total += len(a | b) + len(a & b) + len(a - b) + len(a ^ b)
    return total


if __name__ == "__main__":
    timing.run(main)
