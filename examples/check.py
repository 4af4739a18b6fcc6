#!/usr/bin/env python3
"""Runs every example on an interpreter and compares its checksum with expected.json.

    check.py --interp build/release/typhon             small sizes, with 1, 2 and 4 threads
    check.py --interp python3.14 --full --threads 2    the default sizes
    check.py --interp python3.14 --write               make expected.json anew (reference interpreter only)
"""

import argparse
import json
import os
import re
import shlex
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
EXPECTED = os.path.join(HERE, "expected.json")
EXAMPLES = ("heavy_calculation", "sum_of_squares", "counter", "image_filter", "pipeline", "shared_config")


def run(command, name, arguments, timeout):
    """Returns (checksum or None, what went wrong or '', the report's time and cores lines)."""
    try:
        done = subprocess.run([*command, os.path.join(HERE, name + ".py"), *arguments], capture_output=True, text=True,
                              timeout=timeout)
    except subprocess.TimeoutExpired:
        return None, f"no end after {timeout} s", ""
    found = re.search(r"^checksum: (\S+)$", done.stdout, re.M)
    wrong = f"exit code {done.returncode}: {done.stderr.strip()[-2000:]}" if done.returncode else ""
    times = "; ".join(re.findall(r"^(?:time|cores): +(.*)$", done.stdout, re.M))
    return found and int(found[1]), wrong, times


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--interp", required=True, help="interpreter command, split like a shell does")
    parser.add_argument("--full", action="store_true", help="run the default sizes as well")
    parser.add_argument("--threads", default="1,2,4", help="thread counts, comma-separated (default 1,2,4)")
    parser.add_argument("--timeout", type=float, default=600)
    parser.add_argument("--write", action="store_true", help="write expected.json instead of comparing")
    parser.add_argument("names", nargs="*", help=f"examples to run (default: all of {', '.join(EXAMPLES)})")
    options = parser.parse_args()
    command = shlex.split(options.interp)
    if options.write:
        expected = {}
        for name in EXAMPLES:
            expected[name] = {}
            for size, arguments in (("quick", ["--quick"]), ("default", [])):
                expected[name][size], wrong, times = run(command, name, arguments, options.timeout)
                print(name, size, expected[name][size], wrong, times)
        with open(EXPECTED, "w", encoding="utf-8") as file:
            json.dump(expected, file, indent=4)
            file.write("\n")
        return 0
    with open(EXPECTED, encoding="utf-8") as file:
        expected = json.load(file)
    passed = failed = 0
    for name in options.names or EXAMPLES:
        for size in ("quick", "default") if options.full else ("quick",):
            for threads in options.threads.split(","):
                arguments = ["--threads", threads] + (["--quick"] if size == "quick" else [])
                checksum, wrong, times = run(command, name, arguments, options.timeout)
                if not wrong and checksum == expected[name][size]:
                    passed += 1
                    print(f"ok    {name} {' '.join(arguments)}: {times}")
                else:
                    failed += 1
                    print(f"FAIL  {name} {' '.join(arguments)}: {wrong or checksum}, not {expected[name][size]}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
