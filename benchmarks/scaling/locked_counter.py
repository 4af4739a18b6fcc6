"""Threads that contend for one lock: more threads cannot be faster, they should not be much slower."""

import threading

import _scale

lock = threading.Lock()
counter = 0


def kernel():
    global counter
    for _ in range(60_000):
        with lock:
            counter += 1
    return 60_000


if __name__ == "__main__":
    _scale.run(kernel)
