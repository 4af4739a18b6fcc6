"""As timing.py, by the clock on the wall: what these programs measure goes on in several threads, and waits."""

import json
import os
import sys
import time


def run(main):
    repeats = int(os.environ.get("BENCH_REPEATS", "5"))
    clock = time.perf_counter
    times = []
    for _ in range(repeats + 1):
        start = clock()
        check = main()
        times.append(clock() - start)
    name = os.path.splitext(os.path.basename(sys.argv[0]))[0]
    print(json.dumps({"name": name, "first": times[0], "times": times[1:], "check": repr(check)}))
