"""Encoding and decoding JSON: records, numbers, escaped and non-ASCII text."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing

RECORDS = [
    {"id": i, "name": f"user {i}", "email": f"user{i}@example.org", "active": i % 3 == 0, "score": i * 0.37, "tags": ["a", "bc", None],
     "address": {"street": f"{i} Main St", "city": "Springfield", "zip": 10000 + i}}
    for i in range(2_000)
]
TEXTS = ["plain text of some length, as one often sees it" * 3, 'with "quotes" and \n escapes', "né à Zürich ✓ 漢字"] * 400
NUMBERS = [list(range(5_000)), [x / 7 for x in range(5_000)]]


def main():
    total = 0
    for data in (RECORDS, TEXTS, NUMBERS):
        text = json.dumps(data)
        total += len(text)
        total += len(json.loads(text))
    total += len(json.dumps(TEXTS, ensure_ascii=False)) + len(json.dumps(RECORDS, indent=2, sort_keys=True))
    return total


if __name__ == "__main__":
    timing.run(main)
