#!/usr/bin/env python3
"""Compares interpreters on the programs under micro/, macro/, scaling/ and startup/.

    run.py cpython=python3.14 typhon=build/release/typhon          micro and macro
    run.py --group startup --group scaling a=... b=...             other groups
    run.py --only nbody,int_loop --rounds 5 --json out.json a=...  some programs, more rounds, results as JSON

Every round runs each program on each interpreter in turn (A B A B ...), a new process each time, so that a slow phase
of the machine hits all of them. A program times its own loops; the figure of a round is the median of its times, the
figure of an interpreter the median over the rounds. Ratios are first interpreter / other: above 1 the other is faster.
The geometric mean is over the programs that all interpreters ran with the same checksum.
"""

import argparse
import json
import math
import os
import shlex
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
GROUPS = ("micro", "macro", "startup", "scaling")


def programs(groups, only):
    found = []
    for group in groups:
        folder = os.path.join(HERE, group)
        for name in sorted(os.listdir(folder)):
            if name.endswith(".py") and not name.startswith("_") and (not only or name[:-3] in only):
                found.append((group, name[:-3], os.path.join(folder, name)))
    return found


def run_once(command, group, path, options):
    """Returns the JSON line of a program, or {'error': text}."""
    environment = dict(os.environ, BENCH_REPEATS=str(options.repeats), BENCH_SECONDS=str(options.seconds))
    environment.setdefault("PYTHONHASHSEED", "0")
    if group == "startup":
        # The process as a whole is what counts here: started, ended, several times.
        times = []
        for _ in range(options.repeats + 1):
            start = time.perf_counter()
            done = subprocess.run([*command, path], capture_output=True, text=True, env=environment, check=False,
                                  timeout=options.timeout)
            times.append(time.perf_counter() - start)
            if done.returncode:
                return {"error": done.stderr.strip()[-300:] or f"exit code {done.returncode}"}
        return {"first": times[0], "times": times[1:], "check": repr(done.stdout)}
    try:
        done = subprocess.run([*command, path], capture_output=True, text=True, env=environment, check=False,
                              timeout=options.timeout)
    except subprocess.TimeoutExpired:
        return {"error": f"no end after {options.timeout} s"}
    if done.returncode:
        return {"error": done.stderr.strip()[-300:] or f"exit code {done.returncode}"}
    try:
        return json.loads(done.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        return {"error": f"no JSON line: {done.stdout[-200:]!r}"}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("interpreters", nargs="+", metavar="NAME=COMMAND")
    parser.add_argument("--group", action="append", choices=GROUPS, help="default: micro and macro")
    parser.add_argument("--only", default="", help="comma-separated program names")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=5, help="timed calls of main() per process")
    parser.add_argument("--seconds", type=float, default=10, help="stop repeating after this long")
    parser.add_argument("--timeout", type=float, default=300)
    parser.add_argument("--json", metavar="FILE", help="write all figures there")
    options = parser.parse_args()
    commands = {}
    for item in options.interpreters:
        name, equals, command = item.partition("=")
        if not equals:
            parser.error(f"{item!r} is not NAME=COMMAND")
        commands[name] = shlex.split(command)
    names = list(commands)
    results = {}
    for group, program, path in programs(options.group or ["micro", "macro"],
                                         {name for name in options.only.split(",") if name}):
        rows = {name: [] for name in names}
        for number in range(options.rounds):
            # Every other round goes backwards, so that no interpreter always runs first.
            for name in names if number % 2 == 0 else names[::-1]:
                if rows[name] and "error" in rows[name][-1]:
                    continue
                rows[name].append(run_once(commands[name], group, path, options))
        results[group, program] = rows
        print(line(f"{group}/{program}", summary(rows), names), flush=True)
    print()
    totals = {}
    base = names[0]
    for name in names[1:]:
        for kind in ("steady", "first"):
            ratios = []
            for rows in results.values():
                figures = summary(rows)
                if all("error" not in figures[n] for n in names) and len({figures[n]["check"] for n in names}) == 1:
                    ratios.append(figures[base][kind] / figures[name][kind])
            if ratios:
                mean = math.exp(statistics.fmean(map(math.log, ratios)))
                totals.setdefault(name, {})[kind] = mean
                print(f"{base} / {name}, {kind}: geometric mean {mean:.3f} over {len(ratios)} programs")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"interpreters": commands, "geomean": totals,
                       "programs": {f"{g}/{p}": {"figures": summary(rows), "rounds": rows}
                                    for (g, p), rows in results.items()}}, file, indent=1)
    return 0


def summary(rows):
    figures = {}
    for name, rounds in rows.items():
        errors = [r["error"] for r in rounds if "error" in r]
        if errors:
            figures[name] = {"error": errors[0]}
        else:
            figures[name] = {"steady": statistics.median(statistics.median(r["times"]) for r in rounds),
                             "first": statistics.median(r["first"] for r in rounds), "check": rounds[0]["check"]}
            if "extra" in rounds[-1]:
                figures[name]["extra"] = rounds[-1]["extra"]
    return figures


def line(title, figures, names):
    parts = [f"{title:28}"]
    base = figures[names[0]]
    for name in names:
        figure = figures[name]
        if "error" in figure:
            parts.append(f"{name}: ERROR {figure['error'].splitlines()[-1][:60]}")
            continue
        text = f"{name} {figure['steady'] * 1000:9.2f} ms"
        if name != names[0] and "error" not in base:
            text += f" ({base['steady'] / figure['steady']:6.2f}x)"
            if base["check"] != figure["check"]:
                text += " OTHER RESULT"
        if "extra" in figure:
            text += f" [{figure['extra']}]"
        parts.append(text)
    return "  ".join(parts)


if __name__ == "__main__":
    sys.exit(main())
