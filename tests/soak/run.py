#!/usr/bin/env python3
"""The soak test: pools, event loops and processes side by side, with things cancelled at random, for as long as one likes.

    run.py [--interp PATH] [--seconds N] [--seed N] [--gil]

Fails when the program crashes, when a part of it makes no progress for 60 seconds, when a result is wrong or lost, or when memory keeps
growing: the resident size at the end may be no more than a third and 32 MiB above what it was after the first fifth.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--interp", default=str(ROOT / "build/release/typhon"))
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--gil", action="store_true", help="with the GIL")
    options = parser.parse_args()
    environment = dict(os.environ, PYTHON_GIL="1") if options.gil else None
    command = [options.interp, str(HERE / "program.py"), str(options.seconds), str(options.seed)]
    try:
        ended = subprocess.run(command, env=environment, timeout=options.seconds + 180)
    except subprocess.TimeoutExpired:
        print("soak: FAILED: it hangs")
        return 1
    print("soak: passed" if ended.returncode == 0 else f"soak: FAILED: exit status {ended.returncode}")
    return ended.returncode != 0


if __name__ == "__main__":
    sys.exit(main())
