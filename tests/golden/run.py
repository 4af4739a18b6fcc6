#!/usr/bin/env python3
"""Runs the golden cases on an interpreter: what it prints and how it exits when something goes wrong.

    run.py --interp build/release/typhon               all cases
    run.py --interp python3.14 uncaught syntax_error   some
    run.py --interp python3.14 --write                 make the expectations anew (reference interpreter only)

A case is a folder with

    cmd                   the arguments after the interpreter, as a shell would split them; empty lines are ignored
    script.py, ...        files that cmd names; the case runs inside its own folder
    stdin                 if there, what is fed to standard input
    env                   if there, NAME=VALUE lines for the environment
    stdout, stderr, code  what must come of it

Before the comparison, paths become placeholders: <DIR> the case's folder, <PY> the interpreter, <LIB> the standard
library. Frames inside the library keep the file and the function, but neither line number nor source line, and frozen
modules count as library files. Addresses become 0xADDR. The exit code is a shell's: 130 after an interrupt.
"""

import argparse
import concurrent.futures
import difflib
import os
import re
import shlex
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


class Normaliser:
    def __init__(self, command):
        self.replace = [(os.path.realpath(command[0]), "<PY>")]
        probe = subprocess.run([*command, "-c", "import os, sys; print(sys.executable); print(os.__file__)"],
                               capture_output=True, text=True, check=False, timeout=60)
        lines = probe.stdout.splitlines()
        self.library = os.path.dirname(lines[1]) if len(lines) == 2 else "/no/library"
        self.programs = {command[0], os.path.basename(command[0]), os.path.realpath(command[0]), *lines[:1]} - {""}

    def __call__(self, text, folder):
        text = text.replace(folder, "<DIR>").replace(self.library, "<LIB>")
        for program in sorted(self.programs, key=len, reverse=True):
            text = re.sub(rf"^(usage: |){re.escape(program)}(?=: | \[)", r"\1<PY>", text, flags=re.M)
        text = re.sub(r'File "<frozen ([\w.]+)>"', lambda m: f'File "<LIB>/{m[1].replace(".", "/")}.py"', text)
        text = re.sub(r"0x[0-9a-f]{6,}", "0xADDR", text)
        kept, in_library = [], False
        for line in text.splitlines(keepends=True):
            if re.match(r' *(\| )? *File "', line):
                in_library = '"<LIB>/' in line
                if in_library:
                    line = re.sub(r", line \d+", "", line)
            elif in_library and line.startswith("    "):
                continue
            else:
                in_library = False
            kept.append(line)
        return "".join(kept)


def read(folder, name, default=None):
    try:
        with open(os.path.join(folder, name), encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return default


def run_case(command, normalise, name, timeout):
    """Returns {'stdout': ..., 'stderr': ..., 'code': ...}, normalised."""
    folder = os.path.join(HERE, name)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    environment.update(PYTHONIOENCODING="utf-8", PYTHONDONTWRITEBYTECODE="1", NO_COLOR="1", LC_ALL="C.UTF-8")
    for line in (read(folder, "env") or "").splitlines():
        key, _, value = line.partition("=")
        environment[key] = value
    arguments = shlex.split(read(folder, "cmd"))
    given = read(folder, "stdin")
    process = subprocess.Popen(command + arguments, cwd=folder, env=environment,
                               stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        out, err = process.communicate(None if given is None else given.encode(), timeout=timeout)
        code = process.returncode
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        code = "timeout"
    if isinstance(code, int) and code < 0:
        code = 128 - code  # as a shell tells it: 130 for an interrupt
    return {"stdout": normalise(out.decode("utf-8", "replace"), folder),
            "stderr": normalise(err.decode("utf-8", "replace"), folder), "code": f"{code}\n"}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--interp", required=True, help="interpreter command, split like a shell does")
    parser.add_argument("--write", action="store_true", help="write the expectations instead of comparing")
    parser.add_argument("--timeout", type=float, default=60)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--lines", type=int, default=20, help="lines of difference to show per failure")
    parser.add_argument("names", nargs="*", help="cases (default: all)")
    options = parser.parse_args()
    command = shlex.split(options.interp)
    if os.sep in command[0]:
        command[0] = os.path.abspath(command[0])
    names = [name.rstrip("/") for name in options.names] or sorted(
        name for name in os.listdir(HERE) if os.path.exists(os.path.join(HERE, name, "cmd")))
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # started in the background: children would inherit it
        signal.signal(signal.SIGINT, signal.default_int_handler)
    normalise = Normaliser(command)
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = pool.map(lambda name: run_case(command, normalise, name, options.timeout), names)
        for name, result in zip(names, results):
            folder = os.path.join(HERE, name)
            if options.write:
                for part, text in result.items():
                    with open(os.path.join(folder, part), "w", encoding="utf-8", newline="") as file:
                        file.write(text)
            wrong = []
            for part, text in result.items():
                expected = read(folder, part, "")
                if text != expected:
                    wrong += list(difflib.unified_diff(expected.splitlines(), text.splitlines(), f"expected {part}",
                                                       f"got {part}", lineterm=""))
            if wrong:
                failed += 1
                print(f"FAIL  {name}")
                for line in wrong[:options.lines]:
                    print("    " + line)
            else:
                passed += 1
                print(f"ok    {name}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
