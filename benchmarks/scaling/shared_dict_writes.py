"""Threads that write keys of their own into one shared dict."""

import threading

import _scale

table = {}


def kernel():
    me = threading.get_ident()
    for i in range(100_000):
        table[me, i % 1000] = i
    return 100_000


if __name__ == "__main__":
    _scale.run(kernel)
