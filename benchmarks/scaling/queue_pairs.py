"""Every thread puts into and takes from one shared queue."""

import queue

import _scale

shared = queue.SimpleQueue()


def kernel():
    for i in range(60_000):
        shared.put(i)
        shared.get()
    return 60_000


if __name__ == "__main__":
    _scale.run(kernel)
