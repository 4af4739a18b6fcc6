"""Walks binary trees with recursive generators and chains of generator expressions."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


class Node:
    def __init__(self, left, value, right):
        self.left = left
        self.value = value
        self.right = right

    def __iter__(self):
        if self.left:
            yield from self.left
        yield self.value
        if self.right:
            yield from self.right


def build(low, high):
    if low >= high:
        return None
    middle = (low + high) // 2
    return Node(build(low, middle), middle, build(middle + 1, high))


def main():
    tree, total = build(0, 2000), 0
    for _ in range(25):
        for value in tree:
            total += value
        total += sum(x * 2 for x in (y + 1 for y in range(5000)) if x % 3)
    return total


if __name__ == "__main__":
    timing.run(main)
