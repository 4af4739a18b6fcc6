"""One counter incremented by several threads: without a lock, then with one.

`counter.value += 1` reads, adds and writes. Two threads in parallel can read the same value, and one of the two
increments is lost; Python promises no more than that the counter stays an int between 1 and the number of
increments. With a lock every increment counts: the program exits with 1 if it does not.
"""

import sys
import threading

import _report


class Counter:
    def __init__(self):
        self.value = 0


def increment_unlocked(counter, times):
    for _ in range(times):
        counter.value += 1


def increment_locked(counter, times, lock):
    for _ in range(times):
        with lock:
            counter.value += 1


def run_threads(count, target, *args):
    threads = [threading.Thread(target=target, args=args) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main():
    parser = _report.parser(__doc__, 2_000_000, 20_000, "increments in all")
    options = _report.parse(parser)
    each = options.size // options.threads
    wanted = each * options.threads
    unlocked, locked = Counter(), Counter()
    with _report.Timer() as unlocked_timer:
        run_threads(options.threads, increment_unlocked, unlocked, each)
    with _report.Timer() as locked_timer:
        run_threads(options.threads, increment_locked, locked, each, threading.Lock())
    legal = 0 < unlocked.value <= wanted
    exact = locked.value == wanted
    print(f"unlocked: {unlocked.value} of {wanted} increments counted, {wanted - unlocked.value} lost")
    unlocked_timer.report(options)
    print(f"locked:   {locked.value} of {wanted} increments counted")
    locked_timer.report(options)
    # What is left over by the division is added here, so that the checksum does not depend on the threads.
    print(f"checksum: {locked.value + options.size % options.threads}")
    if not legal:
        print("error: the unlocked counter holds a value that no interleaving explains", file=sys.stderr)
    if not exact:
        print("error: the locked counter lost increments", file=sys.stderr)
    return 0 if legal and exact else 1


if __name__ == "__main__":
    sys.exit(main())
