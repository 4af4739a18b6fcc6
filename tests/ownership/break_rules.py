#!/usr/bin/env python3
"""Breaks the rules of docs/ownership.md on purpose, one at a time, and demands that the check named there fails.

    tools/dev break-rules [RULE ...]        R2 R12 ...; needs the checking build

The checking build does not keep rule N in one place when TYPHON_BREAK=N is set (`checking::broken` in src). A check has to pass with all
rules kept, and to fail, by whatever means (a failed assertion, a crash, no end), in one of TRIES runs with the rule broken. Rules that are
broken in the model are there: tests/model/run.py.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TRIES = 5
TIMEOUT = 120
BROKEN_TIMEOUT = 40

# rule: (what is done, what notices: a file of tests and one of them, or a unit test)
CASES = {
    "R2": ("list.extend() believes that a list which was local before a callout still is",
           "tests/threads/test_rules.py Rules.test_list_published_while_it_is_extended"),
    "R11": ("publication ends early, as if there were no memory for its worklist",
            "tests/threads/test_rules.py Rules.test_graph_is_published_whole"),
    "R12": ("stores into the storage of a dict do not ask the dict",
            "tests/threads/test_rules.py Rules.test_storage_of_another_object"),
    "R13": ("functions that other threads are to call are not published",
            "tests/threads/test_rules.py Rules.test_function_given_to_other_threads"),
    "R14": ("instances do not keep their class", "tests/threads/test_rules.py Rules.test_class_lives_while_an_instance_does"),
    "R16": ("native stacks are not scanned", "tests/threads/test_rules.py Rules.test_what_only_native_code_holds"),
    "R17": ("a thread leaves its state and its local objects behind",
            "tests/threads/test_rules.py Rules.test_garbage_that_a_thread_leaves"),
    "R18": ("a heap number is stored as if it were an immediate",
            "tests/threads/test_rules.py Rules.test_numbers_on_the_heap"),
    "R20": ("counts do not saturate", "unit OwnershipTest.PopularObjectsSaturate"),
    "R21": ("the helper thread is not woken", "unit OwnershipTest.IdleProcessReclaims"),
    "R22": ("the child of a fork keeps the lock of the thread list", "unit ThreadTest.ForkLeavesAUsableChild"),
    "R23": ("a shared generator is resumed without a compare-and-swap",
            "tests/threads/test_generators.py Generators.test_items_reach_one_thread_each"),
}


def run(check, timeout, **environment):
    """What is wrong, in a few words; empty when the check passes."""
    build = ROOT / "build/checking"
    kind, test = check.split()
    command = [build / "typhon_tests", f"--gtest_filter={test}"] if kind == "unit" else [build / "typhon", ROOT / kind, test]
    with tempfile.TemporaryDirectory(prefix="typhon-rules-") as folder, tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=folder,
                                   env=dict(os.environ, **environment), start_new_session=True)
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            status = None
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
        output.seek(0)
        text = output.read(4 << 20).decode("utf-8", "replace")
    if status is None:
        return f"no end after {timeout} s"
    if re.search(r"^(Ran 0 tests|NO TESTS RAN|\[==========\] Running 0)", text, re.MULTILINE):
        raise SystemExit(f"{check}: there is no such test")
    if status == 0:
        return ""
    said = re.findall(r"check failed: .*|^typhon: .*|^\w*(?:Error|Exception): .*|^.*Failure$", text, re.MULTILINE)
    how = said[-1] if said else "failed"
    return f"{how[:110]} ({signal.Signals(-status).name})" if status < 0 else how[:130]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rule", nargs="*", choices=[[], *CASES])
    options = parser.parse_args()
    unnoticed = 0
    for rule in options.rule or CASES:
        what, check = CASES[rule]
        problem = run(check, TIMEOUT)
        if problem:
            print(f"FAIL {rule}: {check} fails with all rules kept: {problem}", flush=True)
            unnoticed += 1
            continue
        for attempt in range(1, TRIES + 1):
            problem = run(check, BROKEN_TIMEOUT, TYPHON_BREAK=rule, TYPHON_YIELD_SEED=str(attempt))
            if problem:
                break
        if problem:
            print(f"ok   {rule} ({what}): {check}, run {attempt}: {problem}", flush=True)
        else:
            print(f"FAIL {rule} ({what}): {check} passes", flush=True)
            unnoticed += 1
    count = len(options.rule or CASES)
    print(f"{count - unnoticed} passed, {unnoticed} failed")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
