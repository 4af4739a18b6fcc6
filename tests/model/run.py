#!/usr/bin/env python3
"""Explores the model of the ownership scheme (ownership.pml) with SPIN, exhaustively: with the rules as they are no state may violate
an assertion; with one rule broken some state must.

    tools/dev model [--quick] [PATTERN]

--quick leaves out the big ones. Needs the Debian packages spin and gcc; without spin it says so and is skipped.
"""

import argparse
import concurrent.futures
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

MODEL = pathlib.Path(__file__).with_name("ownership.pml")

# name, what is defined, the rule that is broken (None: it must hold), whether it is big
CASES = [
    ("core", "REGS0=2", None, False),
    ("core, two registers each", "REGS0=2 REGS1=2 ONCE", None, True),
    ("weak references", "WITH_WEAK", None, False),
    ("finalisers", "WITH_FINALISER ONCE", None, False),
    ("finalisers and weak references", "WITH_FINALISER WITH_WEAK", None, True),
    ("table replaced under a reader", "WITH_TABLE REGS0=1 ONCE", None, False),
    ("table replaced under a reader, two registers", "WITH_TABLE", None, True),
    ("confined slot", "WITH_CONFINED REGS0=1", None, False),
    ("confined slot, two registers", "WITH_CONFINED", None, True),
    ("object with a slot", "WITH_Y ONCE", None, True),
    ("callout between test and store", "WITH_Y WITH_CALLOUT ONCE", None, True),
    ("polls while publishing", "WITH_Y WITH_POLL ONCE", None, True),
    ("retired table read", "WITH_TABLE REGS0=1 BREAK_RETIRE", "R1", False),
    ("elements of a pinned table freed", "WITH_TABLE REGS0=1 BREAK_TABLE", "R1", False),
    ("locality known before a callout", "WITH_Y WITH_CALLOUT ONCE BREAK_STALE", "R2", True),
    ("shared object reused in place", "BREAK_IN_PLACE", "R3", False),
    ("confined slot read by another thread", "WITH_CONFINED REGS0=1 BREAK_CONFINED", "R4", False),
    ("weak reference cleared after the stop", "WITH_WEAK BREAK_WEAK ONCE", "R5", False),
    ("freed when the finaliser returns", "WITH_FINALISER BREAK_FINALISER ONCE", "R6", False),
    ("children freed after the stop", "WITH_Y BREAK_CHILDREN ONCE", "R7", False),
    ("count and flag in two steps", "BREAK_QUEUED", "R8", False),
    ("born shared without a count", "BREAK_BORN", "R8", False),
    ("counted or not by the state", "BREAK_TAG", "R9", False),
    ("back to single-threaded mode", "BREAK_RETURN", "R10", False),
    ("inspected while publishing", "WITH_Y WITH_POLL ONCE BREAK_POLL", "R11", True),
]


def run(command, folder, timeout):
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=timeout)


def explore(defines, timeout):
    """(errors, states, the assertion that failed or a complaint)"""
    with tempfile.TemporaryDirectory() as folder:
        made = run(["spin", "-a", *(f"-D{d}" for d in defines.split()), str(MODEL)], folder, timeout)
        if made.returncode != 0 or "rror" in made.stdout:
            return None, 0, made.stdout + made.stderr
        built = run(["gcc", "-O1", "-w", "-DSAFETY", "-DMEMLIM=4096", "-o", "pan", "pan.c"], folder, timeout)
        if built.returncode != 0:
            return None, 0, built.stderr
        output = run(["./pan", "-m2000000", "-w22"], folder, timeout).stdout
    errors = re.search(r"errors: (\d+)", output)
    states = re.search(r"(\d+) states, stored", output)
    # What was not looked at to the end proves nothing.
    if errors is None or states is None or "Search not completed" in output and errors[1] == "0":
        return None, 0, output
    violated = re.search(r"assertion violated (.*) \(at depth", output)
    if errors[1] != "0" and violated is None:
        return None, 0, output
    return int(errors[1]), int(states[1]), violated[1].strip() if violated else ""


def judge(case, timeout):
    name, defines, broken, _ = case
    started = time.monotonic()
    try:
        errors, states, said = explore(defines, timeout)
    except subprocess.TimeoutExpired:
        errors, states, said = None, 0, f"not explored within {timeout} s"
    took = f"[{time.monotonic() - started:.1f} s]"
    if errors is None:
        return False, f"FAIL {name}: {said} {took}"
    if broken is None:
        if errors:
            return False, f"FAIL {name}: violated: {said} {took}"
        return True, f"ok   {name}: holds in {states:,} states {took}"
    if not errors:
        return False, f"FAIL {name}: {broken} is broken, and nothing is violated in {states:,} states {took}"
    return True, f"ok   {name}: {broken} is broken, found after {states:,} states: {said[:90]} {took}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pattern", nargs="?", default="", help="only cases whose name or definitions contain this")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--timeout", type=float, default=600)
    options = parser.parse_args()
    if shutil.which("spin") is None or shutil.which("gcc") is None:
        print("skipped: spin or gcc is not installed (Debian packages of these names)")
        return 0
    cases = [c for c in CASES if options.pattern in c[0] + c[1] and not (options.quick and c[3])]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for good, line in pool.map(lambda case: judge(case, options.timeout), cases):
            print(line, flush=True)
            failed += not good
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
