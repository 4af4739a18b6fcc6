"""What the examples share: their common options, and the report every one ends with."""

import argparse
import os
import sys
import time


def parser(description, size, quick_size, size_help):
    """An argument parser with --threads, --size and --quick."""
    result = argparse.ArgumentParser(description=description.strip().splitlines()[0])
    result.add_argument("--threads", type=int, default=2, metavar="N", help="threads to use (default 2)")
    result.add_argument("--size", type=int, default=None, metavar="N", help=f"{size_help} (default {size})")
    result.add_argument("--quick", action="store_true", help=f"a small size, for tests (--size {quick_size})")
    result.set_defaults(default_size=size, quick_size=quick_size)
    return result


def parse(argument_parser):
    options = argument_parser.parse_args()
    if options.threads < 1:
        argument_parser.error("--threads must be at least 1")
    if options.size is None:
        options.size = options.quick_size if options.quick else options.default_size
    return options


def has_gil():
    """Whether this interpreter runs one thread at a time."""
    return getattr(sys, "_is_gil_enabled", lambda: True)()


class Timer:
    """Measures wall and processor time of a with block."""

    def __enter__(self):
        self.wall = time.perf_counter()
        self.cpu = time.process_time()
        return self

    def __exit__(self, *_):
        self.wall = time.perf_counter() - self.wall
        self.cpu = time.process_time() - self.cpu

    def report(self, options):
        cores = self.cpu / self.wall if self.wall > 0 else 0.0
        print(f"time:     {self.wall:.3f} s wall, {self.cpu:.3f} s processor")
        print(f"cores:    {cores:.2f} used by {options.threads} threads on {os.cpu_count()} processors"
              f"{', GIL on' if has_gil() else ''}")
