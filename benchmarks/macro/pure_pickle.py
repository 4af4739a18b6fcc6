"""Pickles and unpickles with the library's Python implementation."""

import io
import pickle
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


def main():
    data = [{"id": i, "name": f"user{i}", "scores": [i, i * 2, i / 3], "flags": (True, None, b"xyz")} for i in range(60)]
    total = 0
    for _ in range(20):
        out = io.BytesIO()
        pickle._Pickler(out, 4).dump(data)
        total += len(out.getvalue())
        total += len(pickle._Unpickler(io.BytesIO(out.getvalue())).load())
    return total


if __name__ == "__main__":
    timing.run(main)
