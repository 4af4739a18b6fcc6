"""1,000 threads, one after the other, that do nothing."""

import threading

import _wall


def nothing():
    pass


def main():
    for _ in range(1_000):
        thread = threading.Thread(target=nothing)
        thread.start()
        thread.join()
    return threading.active_count()


if __name__ == "__main__":
    _wall.run(main)
