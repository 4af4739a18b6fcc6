"""What every benchmark program shares: it times its own loops and prints one JSON line.

A program defines main(), which does a fixed amount of work and returns a checksum, and ends with run(main). The line is
{"name", "first", "times", "check", "peak"}: CPU seconds of the first call (warm-up included) and of each call after it,
the largest resident size in KiB. CPU time, so that other work on the machine disturbs less. A program of many short rows
ends with run_rows(name=function, ...) instead: one line for each, with {"row"};
one of memory/ with run_memory.
"""

import json
import os
import resource
import subprocess
import sys
import time


def run(main):
    print(json.dumps({"name": program_name(), **measure(main), "peak": peak()}))


def run_rows(**rows):
    for row, main in rows.items():
        print(json.dumps({"name": program_name(), "row": row, **measure(main)}))


def run_memory(**rows):
    """The figures are bytes per element. Each row runs in a process of its own, which this program starts."""
    if len(sys.argv) > 1:
        row = sys.argv[1]
        make = rows[row]
        count = 200_000
        warm = [make(i) for i in range(1000)]
        before = resident()
        keep = [None] * count
        for i in range(count):
            keep[i] = make(i)
        per_element = (resident() - before) / count
        print(json.dumps({"name": program_name(), "row": row, "first": per_element, "times": [per_element],
                          "check": repr(len(keep) + len(warm))}))
        return
    for row in rows:
        subprocess.run([sys.executable, sys.argv[0], row], check=True)


def resident():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def program_name():
    return os.path.splitext(os.path.basename(sys.argv[0]))[0]


def measure(main):
    repeats = int(os.environ.get("BENCH_REPEATS", "5"))
    budget = float(os.environ.get("BENCH_SECONDS", "10"))
    clock = time.process_time
    begin = clock()
    check = main()
    first = clock() - begin
    times = []
    while len(times) < repeats and (not times or clock() - begin < budget):
        start = clock()
        again = main()
        times.append(clock() - start)
        if again != check:
            sys.exit(f"{sys.argv[0]}: the checksum changed from {check!r} to {again!r}")
    return {"first": first, "times": times, "check": repr(check)}


def peak():
    """The largest resident size of this program; getrusage would count what the process was before its exec, too."""
    try:
        with open("/proc/self/status", encoding="ascii") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1])
    except OSError:
        pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
