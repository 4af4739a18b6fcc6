"""List append, index, slice, sort and comprehension."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


def main():
    items = []
    for i in range(300_000):
        items.append(i * 7919 % 10007)
    total = 0
    for i in range(0, 300_000, 3):
        items[i] = items[i - 1] + 1
        total += items[i]
    doubled = [x * 2 for x in items if x & 1]
    doubled.sort()
    while items:
        total += items.pop()
    return total + sum(doubled[::5]) + doubled[len(doubled) // 2]


if __name__ == "__main__":
    timing.run(main)
