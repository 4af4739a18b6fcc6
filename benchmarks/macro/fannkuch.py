"""Counts pancake flips over all permutations of a small tuple."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


def fannkuch(n):
    order, count = list(range(n)), [0] * n
    most = checksum = index = 0
    r = n
    while True:
        while r != 1:
            count[r - 1] = r
            r -= 1
        flips, work = 0, order[:]
        first = work[0]
        while first:
            work[:first + 1] = work[first::-1]
            flips += 1
            first = work[0]
        most = max(most, flips)
        checksum += flips if index % 2 == 0 else -flips
        index += 1
        while True:
            if r == n:
                return most, checksum
            order.insert(r, order.pop(0))
            count[r] -= 1
            if count[r] > 0:
                break
            r += 1


def main():
    return fannkuch(8)


if __name__ == "__main__":
    timing.run(main)
