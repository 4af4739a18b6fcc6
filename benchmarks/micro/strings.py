"""Building, splitting, searching and formatting strings."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


def main():
    parts = []
    for i in range(60_000):
        parts.append(f"{i:05d}:{i % 7}")
    text = ",".join(parts)
    total = 0
    for piece in text.split(","):
        head, _, tail = piece.partition(":")
        total += int(head) + len(tail)
        if piece.startswith("0001") or "77" in piece:
            total += 1
    built = ""
    for i in range(30_000):
        built += "ab"[i & 1]
    return total + text.count("1:") + len(built.upper().replace("A", "xy")) + len("%s-%d" % (total, 5))


if __name__ == "__main__":
    timing.run(main)
