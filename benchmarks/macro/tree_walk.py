"""Binary trees: built, walked with generators, searched, changed."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


class Node:
    def __init__(self, key):
        self.key = key
        self.left = self.right = None

    def insert(self, key):
        node = self
        while True:
            if key < node.key:
                if node.left is None:
                    node.left = Node(key)
                    return
                node = node.left
            else:
                if node.right is None:
                    node.right = Node(key)
                    return
                node = node.right

    def __iter__(self):
        if self.left:
            yield from self.left
        yield self.key
        if self.right:
            yield from self.right

    def __contains__(self, key):
        node = self
        while node:
            if key == node.key:
                return True
            node = node.left if key < node.key else node.right
        return False

    def depth(self):
        return 1 + max(self.left.depth() if self.left else 0, self.right.depth() if self.right else 0)


def main():
    root, key = Node(500_000), 1
    for _ in range(8_000):
        key = (key * 16807) % 2147483647
        root.insert(key % 1_000_000)
    total, previous = 0, -1
    for key in root:
        assert key >= previous
        previous = key
        total += key
    return total, sum(n in root for n in range(0, 20_000)), root.depth()


if __name__ == "__main__":
    timing.run(main)
