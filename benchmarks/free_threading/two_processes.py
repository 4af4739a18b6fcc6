#!/usr/bin/env python3
"""The examples: two threads of one process against two processes with a thread each that do the same work twice.

    two_processes.py --interp build/release/typhon [--rounds 9] [EXAMPLE ...]

Every round runs, one after the other, an example with one thread, with two threads, and twice at the same time with one
thread. Two processes have done their work when the later one has; per work, that is half of its time. Prints medians
and bests; the throughput is that of two threads divided by that of two processes.
"""

import argparse
import os
import re
import shlex
import statistics
import subprocess
import sys

EXAMPLES = ("heavy_calculation", "sum_of_squares", "image_filter", "shared_config")
DIRECTORY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples")


def start(command, name, threads):
    return subprocess.Popen([*command, os.path.join(DIRECTORY, name + ".py"), "--threads", str(threads)],
                            stdout=subprocess.PIPE, text=True)


def wall(child):
    output, _ = child.communicate()
    if child.returncode:
        sys.exit(f"an example ended with code {child.returncode}")
    return float(re.search(r"^time: +([\d.]+) s wall", output, re.M)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--interp", required=True, help="interpreter command, split like a shell does")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("names", nargs="*", help=f"examples to run (default: {', '.join(EXAMPLES)})")
    options = parser.parse_args()
    command = shlex.split(options.interp)
    print(f"{'':20}{'1 thread':>16}{'2 threads':>16}{'2 processes':>16}{'throughput':>16}{'speed-up':>10}   (median/best)")
    for name in options.names or EXAMPLES:
        one, two, processes = [], [], []
        for _ in range(options.rounds):
            one.append(wall(start(command, name, 1)))
            two.append(wall(start(command, name, 2)))
            children = [start(command, name, 1), start(command, name, 1)]
            processes.append(max(wall(child) for child in children) / 2)
        columns = [f"{statistics.median(times):.3f}/{min(times):.3f}" for times in (one, two, processes)]
        columns.append(f"{statistics.median(processes) / statistics.median(two):.3f}/{min(processes) / min(two):.3f}")
        print(f"{name:20}" + "".join(f"{column:>16}" for column in columns)
              + f"{statistics.median(one) / statistics.median(two):>10.2f}", flush=True)


if __name__ == "__main__":
    main()
