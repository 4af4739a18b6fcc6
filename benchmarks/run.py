#!/usr/bin/env python3
"""Compares interpreters on the programs under micro/, macro/, scaling/, startup/, concurrency/ and memory/.

    run.py cpython=python3.14 typhon=build/release/typhon          micro and macro
    run.py --peers build/peers --typhon build/release/typhon       the same, with the CPython of tools/peers
    run.py --group startup --group scaling a=... b=...             other groups
    run.py --only nbody,int_loop --rounds 5 --json out.json a=...  some programs, more rounds, results as JSON
    run.py --write docs/performance.md ...                         puts the tables into that page, between its markers

Every round runs each program on each interpreter in turn (A B A B ...), a new process each time, so that a slow phase
of the machine hits all of them. A program times its own loops in CPU time; the figure of an interpreter is the least time
over all rounds (for the scaling programs: the median of wall times; for memory: bytes per element). Ratios are first interpreter / other: above 1 the
other is faster. The geometric mean is over the programs that all interpreters ran with the same checksum.
"""

import argparse
import json
import math
import os
import platform
import shlex
import shutil
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
GROUPS = ("micro", "macro", "startup", "scaling", "concurrency", "memory")


def programs(groups, only):
    found = []
    for group in groups:
        folder = os.path.join(HERE, group)
        for name in sorted(os.listdir(folder)):
            if name.endswith(".py") and not name.startswith("_") and (not only or name[:-3] in only):
                found.append((group, name[:-3], os.path.join(folder, name)))
    return found


class Interpreter:
    """How to start one; in a chroot, programs are run from a copy of this folder inside."""

    def __init__(self, command):
        self.command = command
        self.folder = HERE
        if command[0] == "chroot":
            inside = f"work/benchmarks-{os.getpid()}"
            self.copy = os.path.join(command[1], inside)
            shutil.copytree(HERE, self.copy, ignore=shutil.ignore_patterns("__pycache__"))
            self.folder = "/" + inside

    def line(self, path):
        return [*self.command, os.path.join(self.folder, os.path.relpath(path, HERE))]

    def close(self):
        if self.folder != HERE:
            shutil.rmtree(self.copy)


def run_once(interpreter, group, path, options):
    """Returns the JSON lines of a program by their rows ("" where it has one only), or {"": {'error': text}}."""
    environment = dict(os.environ, BENCH_REPEATS=str(options.repeats), BENCH_SECONDS=str(options.seconds))
    environment.setdefault("PYTHONHASHSEED", "0")
    command = interpreter.line(path)
    if group == "startup":
        # The process as a whole is what counts here: started, ended, several times.
        times = []
        for _ in range(3 * options.repeats + 1):
            start = time.perf_counter()
            done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False,
                                  timeout=options.timeout)
            times.append(time.perf_counter() - start)
            if done.returncode:
                return failed(done.stderr.strip()[-300:] or f"exit code {done.returncode}")
        return {"": {"first": times[0], "times": times[1:], "check": repr(done.stdout)}}
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False,
                              timeout=options.timeout)
    except subprocess.TimeoutExpired:
        return failed(f"no end after {options.timeout} s")
    if done.returncode:
        return failed(done.stderr.strip()[-300:] or f"exit code {done.returncode}")
    try:
        figures = [json.loads(text) for text in done.stdout.splitlines() if text.startswith("{")]
        return {figure.get("row", ""): figure for figure in figures} or failed("no JSON line")
    except ValueError:
        return failed(f"no JSON line: {done.stdout[-200:]!r}")


def failed(text):
    return {"": {"error": text}}


def interpreters(parser, options):
    commands = {}
    if options.peers:
        if os.path.exists(os.path.join(options.peers, "usr/bin/python3.14")):
            commands["cpython"] = ["chroot", options.peers, "python3.14"]
        else:
            parser.error(f"no CPython in {options.peers}: run tools/dev peers")
    if options.typhon:
        commands["typhon"] = [options.typhon]
    for item in options.interpreters:
        name, equals, command = item.partition("=")
        if not equals:
            parser.error(f"{item!r} is not NAME=COMMAND")
        commands[name] = shlex.split(command)
    if not commands:
        parser.error("no interpreter given")
    return {name: Interpreter(command) for name, command in commands.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("interpreters", nargs="*", metavar="NAME=COMMAND")
    parser.add_argument("--peers", help="folder of tools/peers: its CPython is the first interpreter")
    parser.add_argument("--typhon", help="the Typhon to measure")
    parser.add_argument("--group", action="append", choices=GROUPS, help="default: micro and macro")
    parser.add_argument("--only", default="", help="comma-separated program names")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=5, help="timed calls of main() per process")
    parser.add_argument("--seconds", type=float, default=10, help="stop repeating after this long")
    parser.add_argument("--timeout", type=float, default=300)
    parser.add_argument("--json", metavar="FILE", help="write all figures there")
    parser.add_argument("--write", metavar="FILE", help="put the tables into this page")
    options = parser.parse_args()
    commands = interpreters(parser, options)
    try:
        results = measure(commands, options)
    finally:
        for interpreter in commands.values():
            interpreter.close()
    names = list(commands)
    groups = list(dict.fromkeys(group for group, _ in results))
    totals = {group: geometric_means(results, names, group) for group in groups}
    print()
    for group, means in totals.items():
        for (name, kind), (mean, count) in means.items():
            print(f"{group}: {names[0]} / {name}, {kind}: geometric mean {mean:.3f} over {count} programs")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"interpreters": {name: i.command for name, i in commands.items()},
                       "programs": {f"{g}/{p}": {"figures": summary(rows, g), "rounds": rows}
                                    for (g, p), rows in results.items()}}, file, indent=1)
    if options.write:
        write_page(options.write, results, totals, names)
    return 0


def measure(commands, options):
    names = list(commands)
    results = {}
    for group, program, path in programs(options.group or ["micro", "macro"],
                                         {name for name in options.only.split(",") if name}):
        rounds = {name: [] for name in names}
        for number in range(options.rounds):
            # Every other round goes backwards, so that no interpreter always runs first.
            for name in names if number % 2 == 0 else names[::-1]:
                if not (rounds[name] and "error" in rounds[name][-1].get("", {})):
                    rounds[name].append(run_once(commands[name], group, path, options))
        for row in dict.fromkeys(row for name in names for figures in rounds[name] for row in figures):
            title = f"{program}/{row}" if row else program
            missing = {"error": "no such row"}
            rows = {name: [figures.get(row, figures.get("", missing)) for figures in rounds[name]] for name in names}
            results[group, title] = rows
            print(line(f"{group}/{title}", summary(rows, group), names, group), flush=True)
    return results


def geometric_means(results, names, group):
    means = {}
    for name in names[1:]:
        for kind in ("steady", "first"):
            ratios = []
            for (row_group, _), rows in results.items():
                figures = summary(rows, row_group)
                if row_group == group and all("error" not in figures[n] for n in names) and \
                        len({figures[n]["check"] for n in names}) == 1:
                    ratios.append(figures[names[0]][kind] / figures[name][kind])
            if ratios:
                means[name, kind] = math.exp(statistics.fmean(map(math.log, ratios))), len(ratios)
    return means


def summary(rows, group):
    figures = {}
    for name, rounds in rows.items():
        errors = [r["error"] for r in rounds if "error" in r]
        if errors:
            figures[name] = {"error": errors[0]}
            continue
        times = [time for r in rounds for time in r["times"]]
        steady = statistics.median(times) if group == "scaling" else min(times)
        figures[name] = {"steady": steady, "first": min(r["first"] for r in rounds), "check": rounds[0]["check"],
                         "peak": min(r.get("peak", 0) for r in rounds)}
        if "extra" in rounds[-1]:
            figures[name]["extra"] = rounds[-1]["extra"]
    return figures


def line(title, figures, names, group):
    parts = [f"{title:40}"]
    base = figures[names[0]]
    for name in names:
        figure = figures[name]
        if "error" in figure:
            parts.append(f"{name}: ERROR {figure['error'].splitlines()[-1][:60]}")
            continue
        text = f"{name} {figure['steady']:9.1f} B" if group == "memory" else f"{name} {figure['steady'] * 1000:9.2f} ms"
        if name != names[0] and "error" not in base:
            text += f" ({base['steady'] / figure['steady']:6.2f}x)"
            if base["check"] != figure["check"]:
                text += " OTHER RESULT"
        if "extra" in figure:
            text += f" [{figure['extra']}]"
        parts.append(text)
    return "  ".join(parts)


# --- the page

def write_page(path, results, totals, names):
    """Replaces what lies between the lines `<!-- GROUP -->` and `<!-- end -->`, for each group that was measured."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    for group, means in totals.items():
        begin = lines.index(f"<!-- {group} -->")
        end = lines.index("<!-- end -->", begin)
        lines[begin + 1:end] = ["", *table(results, means, names, group), ""]
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def table(results, means, names, group):
    base, others = names[0], names[1:]
    unit, scale = ("bytes", 1) if group == "memory" else ("ms", 1000)
    yield f"Measured on {platform.machine()}, {os.cpu_count()} processors, {time.strftime('%Y-%m-%d')}."
    yield ""
    yield f"| program | {base} {unit} | " + " | ".join(f"{n} {unit} | ratio | memory" for n in others) + " |"
    yield "|---|--:|" + "--:|--:|--:|" * len(others)
    for (row_group, program), rows in results.items():
        if row_group != group:
            continue
        figures = summary(rows, group)
        if any("error" in figures[n] for n in names):
            yield f"| {program} | " + " | ".join(f"{n} failed" for n in names if "error" in figures[n]) + " |"
            continue
        cells = [program, f"{figures[base]['steady'] * scale:.1f}"]
        for name in others:
            memory = figures[name]["peak"] / figures[base]["peak"] if figures[base]["peak"] else 0
            cells += [f"{figures[name]['steady'] * scale:.1f}", f"{figures[base]['steady'] / figures[name]['steady']:.2f}",
                      f"{memory:.2f}" if memory else ""]
        yield "| " + " | ".join(cells) + " |"
    for name in others:
        if (name, "steady") in means:
            yield ""
            yield (f"Geometric mean, {base} / {name}: **{means[name, 'steady'][0]:.2f}** over {means[name, 'steady'][1]} "
                   f"programs; first call: {means[name, 'first'][0]:.2f}.")


if __name__ == "__main__":
    sys.exit(main())
