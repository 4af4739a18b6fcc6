#!/usr/bin/env python3
"""Keeps the list of CPython's own tests that Typhon passes: tests/conformance/passing.txt, a line each, `module:test`.

    check.py --interp build/release/typhon --testlib DIR [MODULE ...]    run what is listed (of these modules): all must pass
    check.py --add RESULTS.json [RESULTS.json ...]                       add what passed in every one of these runs
    check.py --readme                                                    write the counts into README.md

RESULTS.json is what conformance.py --out writes. The list only grows: a test leaves it by hand, with a reason in the
commit. A module in which a listed test failed is run a second time by itself, because some of CPython's tests measure time;
what needed that is named. The last line is "N passed, N failed"; the exit status is 0 only if something passed and nothing failed.
"""

import argparse
import concurrent.futures
import json
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
LIST = HERE / "passing.txt"
README = HERE.parent.parent / "README.md"
MARKS = ("<!-- conformance: tests/conformance/check.py --readme -->", "<!-- end -->")
HEADER = "# CPython 3.14's own tests that Typhon passes (tests/conformance/check.py). The list only grows.\n"
PASSED = ("pass", "expectedfail")


def read_list():
    """{module: set of tests}"""
    listed = {}
    for line in LIST.read_text(encoding="utf-8").splitlines() if LIST.exists() else []:
        if line and not line.startswith("#"):
            module, _, test = line.partition(":")
            listed.setdefault(module, set()).add(test)
    return listed


def write_list(listed):
    lines = sorted(f"{module}:{test}" for module, tests in listed.items() for test in tests)
    LIST.write_text(HEADER + "".join(line + "\n" for line in lines), encoding="utf-8")


def passing(path):
    """{module: set of tests that passed} of a results file."""
    modules = json.loads(Path(path).read_text(encoding="utf-8"))["modules"]
    return {module: {test for test, outcome in entry["tests"].items() if outcome in PASSED} for module, entry in modules.items()}


def add(paths):
    runs = [passing(path) for path in paths]
    listed = read_list()
    before = sum(map(len, listed.values()))
    for module in set.intersection(*(set(run) for run in runs)):
        listed.setdefault(module, set()).update(set.intersection(*(run[module] for run in runs)))
    write_list({module: tests for module, tests in listed.items() if tests})
    print(f"{sum(map(len, listed.values())) - before} added, {sum(map(len, listed.values()))} listed")


def write_readme():
    """Replaces the table in README.md: per group, the listed tests among those that CPython passes and does not call its own."""
    modules = json.loads((HERE / "baseline.json").read_text(encoding="utf-8"))["modules"]
    groups = json.loads((HERE / "groups.json").read_text(encoding="utf-8"))["groups"]
    listed = read_list()
    rows, counted = [], set()
    for group, names in groups.items():
        total = passed = 0
        for name in (name for name in names if name in modules and name not in counted):
            counted.add(name)
            own = set(modules[name].get("impl_only", ()))
            here = modules[name]["passed"] - len(own)
            total += here
            passed += min(len(listed.get(name, set()) - own), here)  # some run here that CPython skips
        rows.append(f"| {group} | {passed} | {total} | {100 * passed / total:.1f} % |" if total else f"| {group} | 0 | 0 | |")
    table = "\n".join(["| CPython's tests | Typhon passes | CPython passes | |", "|---|--:|--:|--:|", *rows])
    text = README.read_text(encoding="utf-8")
    before, rest = text.split(MARKS[0])
    README.write_text(f"{before}{MARKS[0]}\n{table}\n{MARKS[1]}{rest.split(MARKS[1])[1]}", encoding="utf-8")


class Checker:
    def __init__(self, options, folder):
        self.options = options
        self.folder = Path(folder)
        self.listed = read_list()

    def run_module(self, module, attempt=1):
        """The listed tests of a module that did not pass."""
        out = self.folder / f"{module}.{attempt}.json"
        process = subprocess.run(
            [sys.executable, HERE / "conformance.py", "--interp", self.options.interp, "--testlib", self.options.testlib,
             "--groups", HERE / "groups.json", "--baseline", HERE / "baseline.json", "--timeout", str(self.options.timeout), "--restarts", "3", "--out", out, module],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if not out.exists():
            return self.listed[module], process.stdout[-2000:]
        entry = json.loads(out.read_text(encoding="utf-8"))["modules"].get(module)
        if entry is None:
            return self.listed[module], process.stdout[-2000:]
        missing = {test for test in self.listed[module] if entry["tests"].get(test) not in PASSED}
        text = "" if entry["status"] == "ok" else f"{entry['status']} {entry.get('reason') or ''}\n"
        for test in sorted(missing)[:10]:
            text += f"{test}: {entry['tests'].get(test)}\n{str(entry.get('details', {}).get(test, ''))[:1500]}\n"
        return missing, text

    def run(self, modules):
        passed = failed = 0
        suspects = []
        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
            for module, (missing, text) in zip(modules, pool.map(self.run_module, modules)):
                passed += len(self.listed[module]) - len(missing)
                if missing:
                    suspects.append((module, missing))
        for module, missing in suspects:
            again, text = self.run_module(module, 2)
            again &= missing
            passed += len(missing) - len(again)
            failed += len(again)
            for test in sorted(missing - again):
                print(f"passed at the second attempt: {module}:{test}")
            if again:
                print(f"FAIL {module}: {len(again)} listed tests do not pass\n{text}")
        return passed, failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--add", nargs="+", metavar="RESULTS")
    parser.add_argument("--readme", action="store_true")
    parser.add_argument("--interp")
    parser.add_argument("--testlib")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--timeout", type=float, default=300)
    parser.add_argument("modules", nargs="*")
    options = parser.parse_args()
    if options.add:
        add(options.add)
        return 0
    if options.readme:
        write_readme()
        return 0
    with tempfile.TemporaryDirectory(prefix="typhon-conformance-") as folder:
        checker = Checker(options, folder)
        # The long ones first, so that the end is not one process alone: more tests, more time, roughly.
        modules = sorted((m for m in checker.listed if not options.modules or m in options.modules),
                         key=lambda m: -len(checker.listed[m]))
        passed, failed = checker.run(modules)
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
