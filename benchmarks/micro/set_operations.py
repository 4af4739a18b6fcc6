"""Single operations of set: algebra on small and large sets, membership, building, comparing."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing

A = set(range(0, 2000, 2))
B = set(range(0, 2000, 3))
NAMES = {f"name{i}" for i in range(500)}
OTHERS = {f"name{i}" for i in range(250, 750)}
SMALL, LITTLE = {1, 2, 3, 4, 5}, {4, 5, 6}


def union():
    total = 0
    for _ in range(80):
        total += len(A | B) + len(NAMES | OTHERS)
    return total


def intersection():
    total = 0
    for _ in range(120):
        total += len(A & B) + len(NAMES & OTHERS)
    return total


def difference():
    total = 0
    for _ in range(80):
        total += len(A - B) + len(NAMES ^ OTHERS)
    return total


def in_place():
    total = 0
    for _ in range(60):
        s = set(A)
        s |= B
        s -= OTHERS
        s &= B
        total += len(s)
    return total


def small():
    total = 0
    for _ in range(15_000):
        total += len(SMALL | LITTLE) + len(SMALL & LITTLE) + len(SMALL - LITTLE)
    return total


def contains():
    total = 0
    for _ in range(20):
        for i in range(2000):
            if i in A:
                total += 1
    return total


def compare():
    total = 0
    subset = set(range(0, 2000, 4))
    twin = set(A)
    for _ in range(150):
        total += (subset <= A) + (A == twin) + A.isdisjoint(OTHERS)
    return total


def add_and_discard():
    s = set()
    for i in range(30_000):
        s.add(i)
        s.discard(i - 10)
    return len(s)


def build():
    total = 0
    numbers = list(range(1000))
    words = list(NAMES)
    for _ in range(40):
        total += len(set(numbers)) + len(set(words)) + len({i & 127 for i in numbers}) + len(frozenset(words))
    return total


def iterate():
    total = 0
    for _ in range(60):
        for i in A:
            total += i
    return total


if __name__ == "__main__":
    timing.run_rows(union=union, intersection=intersection, difference=difference, in_place=in_place, small=small,
                    contains=contains, compare=compare, add_and_discard=add_and_discard, build=build, iterate=iterate)
