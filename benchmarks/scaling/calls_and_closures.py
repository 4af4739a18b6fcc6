"""Calls of shared functions, closures, generators, exceptions."""

import _scale


def double(n):
    return n * 2


def make(n):
    return lambda k: n + k


def numbers(n):
    for i in range(n):
        yield i


def kernel():
    total = 0
    for i in range(60_000):
        total += double(i) + make(i)(1)
        try:
            if i % 10 == 0:
                raise ValueError(i)
        except ValueError as error:
            total += error.args[0]
    return total + sum(numbers(100_000))


if __name__ == "__main__":
    _scale.run(kernel)
