"""What every benchmark program shares: it times its own loops and prints one JSON line.

A program defines main(), which does a fixed amount of work and returns a checksum, and ends with run(main). The line is
{"name", "first", "times", "check", "peak"}: CPU seconds of the first call (warm-up included) and of each call after it,
the largest resident size in KiB. CPU time, so that other work on the machine disturbs less. A program of many short rows
ends with run_rows(name=function, ...) instead: one line for each, with {"row"}.
"""

import json
import os
import resource
import sys
import time


def run(main):
    print(json.dumps({"name": program_name(), **measure(main), "peak": peak()}))


def run_rows(**rows):
    for row, main in rows.items():
        print(json.dumps({"name": program_name(), "row": row, **measure(main)}))


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
