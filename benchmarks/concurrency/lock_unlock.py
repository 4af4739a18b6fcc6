"""acquire and release of a Lock that nobody else wants."""

import threading

import _wall


def main():
    lock = threading.Lock()
    for _ in range(200_000):
        lock.acquire()
        lock.release()
    for _ in range(200_000):
        with lock:
            pass
    return lock.locked()


if __name__ == "__main__":
    _wall.run(main)
