#!/usr/bin/env python3
"""Runs the smoke scripts on an interpreter and compares what they print.

    run.py --interp "build/release/typhon"            all scripts
    run.py --interp python3.14 03_names 10_closures   some
    run.py --interp python3.14 --write                make the .out files anew (reference interpreter only)

Every script stands alone: its standard output must equal the .out file next to it, its exit code must be 0.
The scripts go from trivial to rich, so the first failure is the one to look at.
"""

import argparse
import difflib
import os
import shlex
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))


def run_script(command, script, timeout):
    """Returns (exit code or 'timeout', stdout, stderr)."""
    environment = dict(os.environ, PYTHONHASHSEED="0", PYTHONIOENCODING="utf-8", PYTHONDONTWRITEBYTECODE="1")
    process = subprocess.Popen(command + [script], cwd=HERE, env=environment, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        return "timeout", out.decode("utf-8", "replace"), err.decode("utf-8", "replace")
    return process.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--interp", required=True, help="interpreter command, split like a shell does")
    parser.add_argument("--write", action="store_true", help="write the .out files instead of comparing")
    parser.add_argument("--timeout", type=float, default=60)
    parser.add_argument("--lines", type=int, default=20, help="lines of difference to show per failure")
    parser.add_argument("--keep-going", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("names", nargs="*", help="scripts, with or without .py")
    options = parser.parse_args()
    command = shlex.split(options.interp)
    if os.sep in command[0]:
        command[0] = os.path.abspath(command[0])
    scripts = sorted(name for name in os.listdir(HERE) if name.endswith(".py") and name != "run.py")
    if options.names:
        wanted = {os.path.basename(name).removesuffix(".py") for name in options.names}
        scripts = [name for name in scripts if name.removesuffix(".py") in wanted]
    passed = failed = 0
    for script in scripts:
        start = time.perf_counter()
        code, out, err = run_script(command, script, options.timeout)
        took = time.perf_counter() - start
        expected_path = os.path.join(HERE, script.removesuffix(".py") + ".out")
        if options.write:
            if code != 0:
                sys.exit(f"{script}: exit code {code}\n{err}")
            with open(expected_path, "w", encoding="utf-8", newline="") as file:
                file.write(out)
        with open(expected_path, encoding="utf-8", newline="") as file:
            expected = file.read()
        if code == 0 and out == expected:
            passed += 1
            print(f"ok    {script}  {took:.2f}s")
            continue
        failed += 1
        print(f"FAIL  {script}  exit {code}  {took:.2f}s")
        difference = difflib.unified_diff(expected.splitlines(), out.splitlines(), "expected", "printed", n=1, lineterm="")
        for line in list(difference)[:options.lines]:
            print("    " + line)
        for line in err.splitlines()[-options.lines:]:
            print("    stderr: " + line)
        if not options.keep_going:
            break
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
