"""Runs one kernel in 1..N threads of this process and in N processes, and prints the JSON line that run.py reads.

The steady figure is the wall time with N threads (N from BENCH_THREADS, or the processors, at most 16), each doing the
whole kernel. `extra` tells the speed-up: N times the one-thread time over the N-thread time (N is perfect), and the
same for N processes, which share nothing and so show what the machine allows.
"""

import json
import os
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
