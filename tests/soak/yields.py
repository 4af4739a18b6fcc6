#!/usr/bin/env python3
"""The stress programs of tests/threads on the checking build, which lets threads run one another over at random (src/heap/checking.h).

    yields.py [--interp PATH] [--seconds N] [--seed N] [--jobs N] [PATTERN ...]     runs them in random order until time is up
    yields.py --replay SEED PROGRAM [--times N]                                     runs one again with the seed of a failure

Each run has a seed, of which what the threads do at each lock, count, publication and safepoint follows; every second run, those with odd
seeds, has one processor only, so that what it does there is nearly all that decides which thread runs. A failure is run again with its
seed at once, and it is said how often it failed then. The last line is "N runs, N failed"; the exit status is 0 only if none failed.
"""

import argparse
import concurrent.futures
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAMS = ROOT / "tests/threads"
TIMEOUT = 900


def known_races():
    """Tests that fail now and then for a known reason (tests/known_failures.txt), by program."""
    known = {}
    for line in (ROOT / "tests/known_failures.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("tests/threads/"):
            program, _, test = line.split()[0].removesuffix("?").partition("::")
            known.setdefault(Path(program).name, []).append(test.rpartition(".")[2])
    return known


def run(interp, program, seed):
    """(failed, what it printed)"""
    environment = dict(os.environ, TYPHON_YIELD_SEED=str(seed), TYPHON_SEED=str(seed), PYTHONHASHSEED=str(seed & 0xFFFF))
    processors = sorted(os.sched_getaffinity(0))
    only = {processors[seed // 2 % len(processors)]} if seed % 2 else set(processors)
    with tempfile.TemporaryDirectory(prefix="typhon-yields-") as folder, tempfile.TemporaryFile() as output:
        process = subprocess.Popen([interp, str(PROGRAMS / program)], stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=folder,
                                   env=environment, start_new_session=True, preexec_fn=lambda: os.sched_setaffinity(0, only))
        try:
            status = process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            status = None
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
        output.seek(0)
        text = output.read().decode("utf-8", "replace")
    if status is None:
        text += f"\nno end after {TIMEOUT} s"
    elif status < 0:
        text += f"\nkilled by {signal.Signals(-status).name}"
    if status == 1:  # unittest's: are all failures known ones?
        failed = [line.split()[1] for line in text.splitlines() if line.startswith(("FAIL: ", "ERROR: "))]
        if failed and all(test in known_races().get(program, ()) for test in failed):
            return False, text
    return status != 0, text


def replay(options, program, seed, times):
    again = sum(run(options.interp, program, seed)[0] for _ in range(times))
    print(f"{program} with seed {seed}: {again} of {times} replays failed", flush=True)
    return again


def soak(options):
    programs = sorted(p.name for p in PROGRAMS.glob("test_*.py") if not options.pattern or any(w in p.name for w in options.pattern))
    print(f"--seed {options.seed}: {len(programs)} programs, {options.seconds} s", flush=True)
    rng = random.Random(options.seed)
    deadline = time.monotonic() + options.seconds
    runs, failures = 0, []

    def jobs():
        while True:
            rng.shuffle(programs)
            for program in programs:
                yield program, rng.randrange(1, 1 << 31)

    source, lock = jobs(), threading.Lock()

    def work(_):
        nonlocal runs
        while time.monotonic() < deadline:
            with lock:
                program, seed = next(source)
            failed, text = run(options.interp, program, seed)
            runs += 1
            if failed:
                failures.append((program, seed))
                print(f"FAILED: {program} with seed {seed}\n" + "\n".join(text.splitlines()[-60:]), flush=True)
                replay(options, program, seed, options.times)

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(work, range(options.jobs)))
    for program, seed in failures:
        print(f"failed: yields.py --replay {seed} {program}")
    print(f"{runs} runs, {len(failures)} failed")
    return 1 if failures or not runs else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--interp", default=str(ROOT / "build/checking/typhon"))
    parser.add_argument("--seconds", type=int, default=1800)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--replay", type=int, metavar="SEED")
    parser.add_argument("--times", type=int, default=5, help="how often a failing seed is replayed")
    parser.add_argument("pattern", nargs="*")
    options = parser.parse_args()
    if options.replay is None:
        return soak(options)
    [program] = options.pattern
    return 1 if replay(options, program, options.replay, options.times) else 0


if __name__ == "__main__":
    sys.exit(main())
