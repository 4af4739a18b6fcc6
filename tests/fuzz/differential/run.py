#!/usr/bin/env python3
"""Differential fuzzing of the built-in types: random programs run under Typhon and under CPython must do the same.

    run.py [--calls N] [--seed S] [--wide] [--type T ...] [--typhon FILE] [--peer COMMAND]

Each program sets up one object and calls some of its methods and operators (calls.py; values.py has the arguments);
worker.py runs a batch of programs in one process and prints what came of each call: the value, or the exception, its
message and context, the warnings, and at last the state of the object. Everything follows from the seed.

Lines that differ are taken apart: the program is shortened to the setup and the one call that differs where that is
enough. A process that crashes or does not end is traced to one program. What is left is grouped by type, method and the two
outcomes with numbers and names taken out, and matched with explained.toml, which lists differences that may be, with the
reason. The exit status is 0 when nothing is left unexplained.

The peer is `chroot $TYPHON_PEERS python3.14` (tools/dev peers makes that folder), or the command after --peer.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import random
import re
import shlex
import subprocess
import sys
import time
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent
sys.path.insert(0, str(HERE))

import calls  # noqa: E402

WORKER = (HERE / "worker.py").read_text()
BATCH = 1500  # programs in a process
SHORTENED = 3  # programs of a group that are shortened
TIMEOUT = 30  # seconds for a batch
TYPES = ("int", "float", "complex", "bool", "str", "bytes", "bytearray", "memoryview", "list", "tuple", "dict", "set", "frozenset", "range", "slice",
         *calls.ITERATORS, *calls.GROUPS)
WIDE = (*TYPES, *calls.MORE)
# The types with most behind them get more of the calls.
WEIGHTS = {"str": 6, "bytes": 4, "bytearray": 4, "int": 4, "float": 3, "memoryview": 4, "list": 5, "dict": 4, "set": 3, "own_list": 2, "own_dict": 2, "own_str": 2, "property": 2, "functions": 8, "format": 6, "percent": 4, "codecs": 6,
           "numerals": 5, "tuple": 2, "frozenset": 2, "range": 2, "slice": 2}


class Interpreter:
    def __init__(self, name, command):
        self.name = name
        self.command = command
        self.environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONUTF8": "1"}

    def worker(self, mode, text=b"", timeout=TIMEOUT):
        """(output, how it ended; empty for an ordinary end)"""
        process = subprocess.Popen([*self.command, "-c", WORKER, mode], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment)
        try:
            out, errors = process.communicate(text, timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, errors = process.communicate()
            return out.decode(), "hangs"
        if process.returncode:
            return out.decode(), f"ends with status {process.returncode}: {errors.decode(errors='replace')[-300:].strip()}"
        return out.decode(), ""

    def run(self, programs):
        """What came of each program: a line, or `CRASH ...`."""
        out, ended = self.worker("run", "".join(program + "\n" for program in programs).encode())
        lines = out.splitlines()
        if not ended and len(lines) == len(programs):
            return lines
        return self.run_carefully(programs)

    def run_carefully(self, programs):
        lines = []
        while len(lines) < len(programs):
            out, ended = self.worker("carefully", "".join(program + "\n" for program in programs[len(lines):]).encode(), TIMEOUT / 4)
            done = out.splitlines()
            if out and not out.endswith("\n"):
                done.pop()
            lines += done
            if len(lines) < len(programs):
                lines.append(self.run_alone(programs[len(lines)]) if ended == "hangs" else f"CRASH {ended or 'too few lines'}")
        return lines

    def run_alone(self, program):
        """A program that did not end: again, with more time, since the machine may have been busy."""
        out, ended = self.worker("carefully", (program + "\n").encode())
        return out.rstrip("\n") if out.endswith("\n") and not ended else f"CRASH {ended or 'too few lines'}"


# --- taking differences apart

def last_call(program):
    return program.split("\t")[-1]


def shorten(program, peer, typhon):
    """The shortest program with a difference that comes from `program`: fewer steps before the one that differs."""
    setup, *steps = program.split("\t")
    candidates = [[setup, step] for step in steps]
    candidates += [[setup, first, second] for i, first in enumerate(steps) for second in steps[i + 1:]]
    candidates = ["\t".join(parts) for parts in candidates] + [program]
    lines = [interpreter.run(candidates) for interpreter in (peer, typhon)]
    for candidate, expected, found in zip(candidates, *lines):
        if expected != found:
            return candidate, expected, found
    return program, None, None  # it does not show any more


def first_difference(program, expected, found):
    """(call, CPython's outcome, Typhon's outcome) of the first step that differs."""
    steps = program.split("\t")[1:] + ["x"]
    for step, a, b in zip(steps, expected.split("\t"), found.split("\t")):
        if a != b:
            return step, a, b
    return steps[0], expected, found


def kind_of(outcome):
    """An outcome without its particulars: the exception and the words of its message, or the type of a value."""
    if outcome.startswith(("!", "CRASH", "setup")):
        text = re.sub(r"'[^']*'|\"[^\"]*\"", "'...'", outcome)
        return re.sub(r"[0-9]+", "N", text)[:90]
    if "warning=" in outcome:
        return "value with " + re.sub(r"[0-9]+", "N", outcome[outcome.index("warning="):])[:60]
    match = re.match(r"[A-Za-z_]+(?=[\[({])", outcome)
    return match[0] if match else {"'": "str", "b": "bytes", "[": "list", "(": "tuple", "{": "dict"}.get(outcome[:1], "value")


def name_of(call):
    """The method or operator of a call."""
    text = re.sub(r"'[^']*'", "''", call)
    match = re.match(r"!?(?:type\(x\)|x)?\.?(\w*\(|\w+ |\[|[^\w ]+ ?)", text)
    return match[0] if match else text[:20]


class Explained:
    def __init__(self):
        with open(HERE / "explained.toml", "rb") as file:
            self.entries = tomllib.load(file).get("difference", [])
        self.counts = collections.Counter()

    def covers(self, call, expected, found):
        for entry in self.entries:
            if entry.get("order") and sorted(expected) != sorted(found):
                continue
            if all(re.search(entry.get(key, ""), text) for key, text in (("call", call), ("cpython", expected), ("typhon", found))):
                self.counts[entry["reason"]] += 1
                return True
        return False


# --- the run

class Run:
    def __init__(self, options):
        self.options = options
        self.typhon = Interpreter("typhon", [options.typhon])
        self.peer = Interpreter("cpython", options.peer)
        for interpreter in (self.typhon, self.peer):
            if not interpreter.worker("probe")[0]:
                sys.exit(f"{shlex.join(interpreter.command)} does not run")
        self.methods = json.loads(self.peer.worker("probe")[0])
        self.explained = Explained()
        self.groups = collections.defaultdict(list)
        self.calls = self.programs = self.differences = 0

    def batch(self, number):
        options = self.options
        source = random.Random(f"{options.seed}/{number}")
        kinds = options.type or (WIDE if options.wide else TYPES)
        weights = [WEIGHTS.get(kind, 1) for kind in kinds]
        programs = calls.Programs(source, self.methods, options.wide)
        made = [programs.make(kind) for kind in source.choices(kinds, weights, k=BATCH)]
        return [program for program in made if len(program) < 4000]

    def compare(self, number):
        programs = self.batch(number)
        found = [interpreter.run(programs) for interpreter in (self.peer, self.typhon)]
        return programs, [triple for triple in zip(programs, *found) if triple[1] != triple[2]]

    def note(self, program, expected, found):
        if expected.startswith("CRASH"):
            print(f"CPython: {expected[:60]}: {program}", file=sys.stderr)
            return  # a call that CPython does not survive, or not in time, says nothing
        step, a, b = first_difference(program, expected, found)
        if self.explained.covers(step, a, b):
            return
        self.differences += 1
        if len(self.groups[name_of(step), kind_of(a), kind_of(b)]) < SHORTENED:
            short, short_expected, short_found = shorten(program, self.peer, self.typhon)
            if short_expected is not None:
                program = short
                step, a, b = first_difference(program, short_expected, short_found)
        self.groups[name_of(step), kind_of(a), kind_of(b)].append((len(program), program, step, a, b))

    def go(self):
        number, started = 0, time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
            pending = collections.deque()
            while self.calls < self.options.calls or pending:
                while self.calls + len(pending) * BATCH * 2 < self.options.calls and len(pending) < self.options.jobs * 2:
                    pending.append(pool.submit(self.compare, number))
                    number += 1
                if not pending:
                    pending.append(pool.submit(self.compare, number))
                    number += 1
                programs, different = pending.popleft().result()
                self.programs += len(programs)
                self.calls += sum(program.count("\t") for program in programs)
                for triple in different:
                    self.note(*triple)
                if sys.stderr.isatty():
                    print(f"\r{self.calls} calls, {self.differences} differences ", end="", file=sys.stderr)
        self.report(time.monotonic() - started)

    def report(self, seconds):
        groups = [item for item in self.groups.items() if item[1]]
        for (name, _, _), found in sorted(groups, key=lambda item: -len(item[1])):
            _, program, step, expected, got = min(found)
            setup, *steps = program.split("\t")
            print(f"--- {len(found)} x {name}\n  x = {setup}")
            for text in steps:
                print(f"  {text}")
            print(f"    of {step}\n    CPython: {expected[:300]}\n    Typhon:  {got[:300]}")
        for reason, count in self.explained.counts.most_common():
            print(f"explained, {count} x: {reason}")
        print(f"seed {self.options.seed}: {self.calls} calls in {self.programs} programs, {self.differences} unexplained differences in "
              f"{len(groups)} groups, {seconds:.0f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--type", action="append", choices=WIDE, metavar="T", help="only this type or group: " + " ".join(TYPES))
    parser.add_argument("--wide", action="store_true", help="more types (exceptions, descriptors, ...), subclasses with hooks of their own, objects that change what is being worked on, copies and pickles")
    parser.add_argument("--typhon", default=str(ROOT / "build/release/typhon"))
    parser.add_argument("--peer", type=shlex.split, default=["chroot", os.environ.get("TYPHON_PEERS", str(ROOT / "build/peers")), "python3.14"])
    parser.add_argument("--jobs", type=int, default=2)
    run = Run(parser.parse_args())
    run.go()
    return 1 if run.differences else 0


if __name__ == "__main__":
    sys.exit(main())
