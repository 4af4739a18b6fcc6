"""put and get of one queue.SimpleQueue in one thread."""

import queue

import _wall


def main():
    q = queue.SimpleQueue()
    total = 0
    for i in range(200_000):
        q.put(i)
        total += q.get()
    return total


if __name__ == "__main__":
    _wall.run(main)
