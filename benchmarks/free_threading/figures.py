"""The figures of docs/free-threading.md, each by its name:

    INTERPRETER benchmarks/free_threading/figures.py [NAME ...]

Runs on CPython as well. CPU time where a neighbour on the machine would disturb wall time.
"""

import _thread
import gc
import json
import queue
import re
import sys
import threading
import time
import weakref

ROUNDS = 7


def milliseconds(seconds):
    return f"{seconds * 1e3:.1f} ms"


def least_cpu(work):
    def once():
        begin = time.process_time()
        work()
        return time.process_time() - begin

    return min(once() for _ in range(ROUNDS))


def become_multi_threaded():
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()


def blocked_maker():
    """A thread makes an object and blocks for ever; another one drops it. Until the weakref's callback runs."""

    class Thing:
        pass

    delays = []
    for _ in range(100):
        box, kept, died_at = [], [], []
        ready, died, over = threading.Event(), threading.Event(), threading.Event()

        def note(_):
            died_at.append(time.perf_counter())
            died.set()

        def make():
            box.append(Thing())
            kept.append(weakref.ref(box[0], note))
            ready.set()
            over.wait()

        thread = threading.Thread(target=make)
        thread.start()
        ready.wait()
        begin = time.perf_counter()
        box.clear()
        if not died.wait(5):
            raise SystemExit("the object was not freed within 5 s")
        delays.append(died_at[0] - begin)
        over.set()
        thread.join()
    delays.sort()
    return f"median {milliseconds(delays[50])}, longest {milliseconds(delays[-1])}"


def collection_pause():
    """gc.collect() with so many lists of one list each in memory."""
    become_multi_threaded()
    found = []
    for count in (1_000_000, 10_000_000):
        kept = [[[]] for _ in range(count // 2)]
        gc.collect()
        took = []
        for _ in range(3):
            begin = time.perf_counter()
            gc.collect()
            took.append(time.perf_counter() - begin)
        found.append(f"{count:,}: {milliseconds(min(took))}")
        del kept
    return ", ".join(found)


class Point:
    def __init__(self):
        self.x = 1
        self.items = []


def own_objects():
    for _ in range(400_000):
        p = Point()
        p.x += 1
        p.items.append(p.x)


def own_loop():
    n = 0
    for i in range(3_000_000):
        n += len((i, n & 1))


def own_containers():
    d, l = {}, []
    for i in range(200_000):
        d[i & 255] = [i]
        l.append(i)


def first_start():
    """CPU time of a thread's own work after the first Thread.start, as a multiple of that before."""
    before = least_cpu(own_loop), least_cpu(own_objects)
    become_multi_threaded()
    after = least_cpu(own_loop), least_cpu(own_objects)
    return f"loop x{after[0] / before[0]:.2f}, objects x{after[1] / before[1]:.2f}"


def thousand_threads():
    """CPU time of own work while 1,000 threads sleep, as a multiple of that with one other thread started before."""
    become_multi_threaded()
    before = least_cpu(own_containers)
    over = threading.Event()
    threads = [threading.Thread(target=over.wait) for _ in range(1000)]
    for thread in threads:
        thread.start()
    with_them = least_cpu(own_containers)
    over.set()
    for thread in threads:
        thread.join()
    return f"x{with_them / before:.2f}"


def producer_consumer():
    """400,000 items through a queue of at most 100: resident memory at each eighth."""
    passed, room, sizes = queue.SimpleQueue(), threading.Semaphore(100), []
    count = 400_000

    def produce():
        for i in range(count):
            room.acquire()
            passed.put([i, str(i), {"a": i}])

    thread = threading.Thread(target=produce)
    thread.start()
    for i in range(count):
        passed.get()
        room.release()
        if i % (count // 8) == 0:
            with open("/proc/self/statm") as file:
                sizes.append(int(file.read().split()[1]) * 4 / 1024)
    thread.join()
    return " ".join(f"{size:.1f}" for size in sizes) + " MiB"


def thread_start():
    """Starting a thread and waiting for its end."""

    def with_threading():
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()

    def plain():
        lock = _thread.allocate_lock()
        lock.acquire()
        _thread.start_new_thread(lock.release, ())
        lock.acquire()

    def least(start_one):
        took = []
        for _ in range(ROUNDS):
            begin = time.perf_counter()
            for _ in range(2000):
                start_one()
            took.append((time.perf_counter() - begin) / 2000)
        took.sort()
        return f"{took[0] * 1e6:.0f} us (median {took[len(took) // 2] * 1e6:.0f})"

    return f"threading {least(with_threading)}, _thread {least(plain)}"


def stops_while(threads):
    """How long the other threads take to stop when one wants to stop the world, while each does one thing after the other."""
    if not hasattr(sys, "_time_to_stop"):
        return "unknown: this interpreter does not tell"
    numbers = [(i * 7919) % 100_003 for i in range(100_000)]
    text = " ".join(map(str, numbers))
    data = [{"n": n, "text": str(n)} for n in range(20_000)]
    works = (
        own_loop,
        own_objects,
        lambda: sorted(numbers),
        lambda: json.loads(json.dumps(data)),
        lambda: re.findall(r"(\d)\1", text),
        lambda: (text.replace("1", "one"), text.split(), sum(numbers), list(map(str, numbers))),
        lambda: time.sleep(0.001),
    )
    over = False

    def repeat(first):
        while not over:
            for work in works[first:] + works[:first]:
                work()

    workers = [threading.Thread(target=repeat, args=(i % len(works),)) for i in range(threads)]
    for worker in workers:
        worker.start()
    end = time.perf_counter() + 10
    while time.perf_counter() < end:
        gc.collect()
        time.sleep(0.002)
    over = True
    for worker in workers:
        worker.join()
    times = sys._time_to_stop()
    return f"{times['stops']:,} stops, " + ", ".join(f"{name} {times[name] * 1e6:.1f} us" for name in ("median", "p99", "longest"))


def time_to_stop():
    """One other thread. For a process of its own: the times are the whole process's."""
    return stops_while(1)


def time_to_stop_of_many():
    """Eight: on fewer processors, those that wait for one have to get one before they can stop."""
    return stops_while(8)


FIGURES = (blocked_maker, collection_pause, first_start, thousand_threads, producer_consumer, thread_start, time_to_stop, time_to_stop_of_many)


def main():
    wanted = sys.argv[1:]
    for figure in FIGURES:
        if not wanted or figure.__name__ in wanted:
            print(f"{figure.__name__}: {figure()}", flush=True)


main()
