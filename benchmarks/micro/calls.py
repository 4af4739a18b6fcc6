"""Calls of Python functions: recursion, defaults, keywords, star arguments."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def defaults(a, b=2, *, c=3):
    return a + b + c


def gather(*args, **options):
    return len(args) + len(options)


def main():
    total = fib(23)
    for i in range(150_000):
        total += defaults(i) + defaults(i, 1, c=2) + gather(i, i) + gather(i, x=i)
    return total


if __name__ == "__main__":
    timing.run(main)
