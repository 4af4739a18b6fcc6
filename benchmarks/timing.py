"""What every benchmark program shares: it times its own loops and prints one JSON line.

A program defines main(), which does a fixed amount of work and returns a checksum, and ends with run(main). The line is
{"name", "first", "times", "check", "peak"}: CPU seconds of the first call (warm-up included) and of each call after it,
the largest resident size in KiB. CPU time, so that other work on the machine disturbs less.
"""

import json
import os
import resource
import sys
import time


def run(main):
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
    name = os.path.splitext(os.path.basename(sys.argv[0]))[0]
    print(json.dumps({"name": name, "first": first, "times": times, "check": repr(check),
                      "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))
