"""One thread puts, another gets."""

import queue
import threading

import _wall


def main():
    q = queue.Queue()
    total = 0

    def consume():
        nonlocal total
        while (item := q.get()) is not None:
            total += item
    thread = threading.Thread(target=consume)
    thread.start()
    for i in range(50_000):
        q.put(i)
    q.put(None)
    thread.join()
    return total


if __name__ == "__main__":
    _wall.run(main)
