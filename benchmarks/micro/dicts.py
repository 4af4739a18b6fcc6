"""Dict reads, writes, deletes and iteration with int and str keys."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


def main():
    table, words = {}, [f"word{i}" for i in range(500)]
    for i in range(200_000):
        table[i % 5000] = table.get(i % 5000, 0) + 1
    counts = {}
    for i in range(200_000):
        word = words[i * 7 % 500]
        counts[word] = counts.get(word, 0) + 1
    for i in range(0, 5000, 2):
        del table[i]
    total = 0
    for _ in range(20):
        for key, value in table.items():
            total += key * value
    return total + len(counts) + sum(counts.values())


if __name__ == "__main__":
    timing.run(main)
