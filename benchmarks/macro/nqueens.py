"""Queens on a board by permutations, with generators."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


def permutations(items):
    if len(items) <= 1:
        yield items
        return
    for i, item in enumerate(items):
        for rest in permutations(items[:i] + items[i + 1:]):
            yield (item,) + rest


def queens(n):
    columns = range(n)
    for p in permutations(tuple(columns)):
        if n == len({p[i] + i for i in columns}) == len({p[i] - i for i in columns}):
            yield p


def backtrack(n, row=0, columns=0, left=0, right=0):
    if row == n:
        return 1
    free, total = ~(columns | left | right) & (1 << n) - 1, 0
    while free:
        bit = free & -free
        free ^= bit
        total += backtrack(n, row + 1, columns | bit, (left | bit) << 1, (right | bit) >> 1)
    return total


def main():
    return len(list(queens(8))), backtrack(9)


if __name__ == "__main__":
    timing.run(main)
