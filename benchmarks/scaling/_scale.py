"""Runs one kernel in 1..N threads of this process and in N processes, and prints the JSON line that run.py reads.

The steady figure is the wall time with N threads (N from BENCH_THREADS, or the processors, at most 16), each doing the
whole kernel. `extra` tells the speed-up: N times the one-thread time over the N-thread time (N is perfect), and the
same for N processes, which share nothing and so show what the machine allows.
"""

import functools
import json
import os
import queue
import statistics
import subprocess
import sys
import threading
import time


def in_threads(kernel, count):
    errors = []

    def guarded():
        try:
            kernel()
        except BaseException as error:
            errors.append(error)
    threads = [threading.Thread(target=guarded) for _ in range(count)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - start
    if errors:
        raise errors[0]
    return took


def in_processes(count, *arguments):
    """Each process warms up, says so, waits for a line, runs the kernel, and says so."""
    command = [sys.executable, os.path.abspath(sys.argv[0]), "--child", *arguments]
    children = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
                for _ in range(count)]
    for child in children:
        child.stdout.readline()
    start = time.perf_counter()
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        child.stdout.readline()
    took = time.perf_counter() - start
    for child in children:
        child.communicate()
    return took


def timed(kernel):
    """(begin, end, CPU time)"""
    begin, used = time.perf_counter(), time.thread_time()
    kernel()
    used = time.thread_time() - used
    return begin, time.perf_counter(), used


class Workers:
    """Threads of this process that do the same work over and over, each time they are asked to."""

    def __init__(self, kernel, count):
        self.count, self.orders, self.spans = count, queue.SimpleQueue(), queue.SimpleQueue()

        def body():
            kernel()
            self.spans.put(None)
            while self.orders.get():
                self.spans.put(timed(kernel))
        self.threads = [threading.Thread(target=body, daemon=True) for _ in range(count)]
        for thread in self.threads:
            thread.start()
        self.answers()

    def answers(self):
        return [self.spans.get() for _ in range(self.count)]

    def once(self):
        for _ in range(self.count):
            self.orders.put(True)
        return self.answers()

    def close(self):
        for _ in range(self.count):
            self.orders.put(False)
        for thread in self.threads:
            thread.join()


class Children:
    """Processes that do the same work over and over, each time a line comes."""

    def __init__(self, count, *arguments):
        command = [sys.executable, os.path.abspath(sys.argv[0]), "--serve", *arguments]
        self.children = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
                         for _ in range(count)]
        self.answers()

    def answers(self):
        return [json.loads(child.stdout.readline()) for child in self.children]

    def once(self):
        for child in self.children:
            child.stdin.write("go\n")
            child.stdin.flush()
        return self.answers()

    def close(self):
        for child in self.children:
            child.communicate()


def serve(kernel):
    """The other end of Children: the work is done by a second thread, as it is in Workers."""
    worker = Workers(kernel, 1)
    print("null", flush=True)
    for _ in sys.stdin:
        print(json.dumps(worker.once()[0]), flush=True)


def in_parallel(spans, share):
    """Whether the participants of a round ran at the same time for that share of theirs."""
    together = min(end for _, end, _ in spans) - max(begin for begin, _, _ in spans)
    return all(together >= share * (end - begin) for begin, end, _ in spans)


def compare(kernel, name, rounds):
    """One thread, two threads and two processes in turn, in short rounds, so that a slow phase of the machine hits all of them.
    Returns for each the least wall time of a round in which all ran in parallel, and the median CPU time of those in which they
    did so mostly; (None, None) without such rounds. The former sees who waits, the latter bears with neighbours."""
    ways = Workers(kernel, 1), Workers(kernel, 2), Children(2, name)
    found = [], [], []
    for _ in range(rounds):
        for way, kept in zip(ways, found):
            kept.append(way.once())
    for way in ways:
        way.close()

    def figures(kept):
        wall = [statistics.fmean(end - begin for begin, end, _ in spans) for spans in kept if in_parallel(spans, 0.9)]
        cpu = [statistics.fmean(used for _, _, used in spans) for spans in kept if in_parallel(spans, 0.5)]
        return (min(wall), statistics.median(cpu)) if wall else (None, None)
    return [figures(kept) for kept in found]


def shared_writes_per_call(operation, calls):
    """In a second thread, so that everything else is shared. Two lengths, so that what happens once does not count; long enough
    that what is noticed to be shared often has been."""
    operation(calls)
    measured = {}

    def body():
        operation(calls)
        time.sleep(0.1)
        counted = []
        for n in (calls, 2 * calls):
            before = sys._shared_writes()
            operation(n)
            after = sys._shared_writes()
            counted.append({name: after[name] - before[name] for name in after})
        measured.update({name: (counted[1][name] - counted[0][name]) / calls for name in counted[0]})
    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    return {name: round(value, 3) for name, value in measured.items() if abs(value) > 0.001}


def table(operations):
    """A line for each operation, {function: count}: one thread over two threads, and two processes over two threads, which says what
    sharing a process costs. With the counting build, how often a call writes to what threads share."""
    rounds = int(os.environ.get("BENCH_ROUNDS", "100"))
    if "--serve" in sys.argv:
        name = sys.argv[-1]
        serve(next(functools.partial(f, n) for f, n in operations.items() if f.__name__ == name))
        return
    wanted = [a for a in sys.argv[1:] if not a.startswith("-")]
    for operation, count in operations.items():
        if wanted and operation.__name__ not in wanted:
            continue
        if hasattr(sys, "_shared_writes") and sys._shared_writes():
            print(f"{operation.__name__:20} {shared_writes_per_call(operation, 2_000) or 'nothing shared written'}", flush=True)
            continue
        one, two, processes = compare(functools.partial(operation, count), operation.__name__, rounds)
        if not (two[0] and processes[0]):
            print(f"{operation.__name__:20} never ran in parallel", flush=True)
            continue

        def both(a, b):
            return f"best {a[0] / b[0]:.2f} CPU median {a[1] / b[1]:.2f}"
        print(f"{operation.__name__:20} {one[0] / count * 1e9:6.1f} ns   1 thread / 2 threads: {both(one, two)}   "
              f"2 processes / 2 threads: {both(processes, two)}", flush=True)


def run(kernel):
    if "--child" in sys.argv:
        kernel()
        print("ready", flush=True)
        sys.stdin.readline()
        kernel()
        print("done", flush=True)
        return
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    most = int(os.environ.get("BENCH_THREADS", "0")) or min(processors, 16)
    repeats = int(os.environ.get("BENCH_REPEATS", "5"))
    check = kernel()
    counts = sorted({1, *(2**k for k in range(1, 5) if 2**k < most), most})
    times = {n: [in_threads(kernel, n) for _ in range(repeats)] for n in counts}
    best = {n: min(values) for n, values in times.items()}
    processes = min(in_processes(most) for _ in range(min(repeats, 3)))
    speedups = ", ".join(f"{n} threads {n * best[1] / best[n]:.2f}x" for n in counts[1:])
    print(json.dumps({"name": os.path.basename(sys.argv[0])[:-3], "first": times[1][0], "times": times[most],
                      "check": repr(check), "threads": {str(n): t for n, t in times.items()}, "processes": processes,
                      "extra": f"{speedups}, {most} processes {most * best[1] / processes:.2f}x"}))
