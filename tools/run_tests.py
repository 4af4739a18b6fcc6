#!/usr/bin/env python3
"""Run Typhon's tests and count them. Runs on the system's Python (3.11 or later); the Python tests run on Typhon.

Suites:
    unit     GoogleTest (src/**/*_test.cpp), through ctest
    python   tests/python/**/test_*.py: unittest files, each run as `typhon FILE` in a process of its own
    threads  tests/threads/**/test_*.py: the same, with more time
    golden   tests/**/NAME.py and examples/**/NAME.py that have a NAME.out beside them: standard output must equal it.
             Optional: NAME.err (standard error), NAME.exit (exit status), NAME.args (arguments), NAME.in (input).
             NAME.ast beside it: `typhon-ast-dump NAME.py` must print that.
             And the folders of tests/golden, through tests/golden/run.py.
    fuzz     typhon-fuzz-replay: the kept inputs of the fuzzer of tokenizer, parser and compiler (tests/fuzz/compiler), each once
    examples examples/check.py: every example with small sizes and 1, 2, 4 threads; checksums are CPython's
    lint     tools/lint_layers.py
    model    tests/model/run.py --quick: the model of the ownership scheme, explored with SPIN (release build, or when asked for)
    conformance  tests/conformance/check.py: CPython's own tests that have passed before (release build, or when asked for)

tests/known_failures.txt lists what does not work yet, a line each: `FILE::TEST reason` (TEST is Class.method, the case of
tests/golden, or * for a file that cannot run at all). Such a test may fail; one that passes must leave the list, unless
it is a race that only shows now and then: `FILE::TEST? reason`.

The last line is "N passed, N failed"; the exit status is 0 only if something passed and nothing failed. A file that
crashes, hangs, or runs no tests counts as one failure.
"""

import argparse
import concurrent.futures
import os
import re
import resource
import shlex
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import xml.etree.ElementTree
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUITES = ("lint", "unit", "golden", "fuzz", "examples", "python", "threads", "model", "conformance")
TIMEOUT = {"golden": 60, "fuzz": 120, "examples": 600, "python": 120, "threads": 240, "conformance": 240}
SLOWNESS = {"release": 1, "counting": 1, "dev": 2, "checking": 5, "asan": 6, "fuzz": 6, "tsan": 15}  # times the time limit
SHOWN = 60  # lines of a failing test's output
MAX_FILE_SIZE = 1 << 30  # a test that prints without end must not fill the disk


@dataclass
class Result:
    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    output: str = ""


@dataclass
class Process:
    status: int  # negative: the signal that ended it
    stdout: str
    stderr: str
    timed_out: bool

    def ending(self):
        """How it ended, in words; empty for an ordinary exit."""
        if self.timed_out:
            return "timed out"
        if self.status < 0:
            try:
                return f"killed by {signal.Signals(-self.status).name}"
            except ValueError:
                return f"killed by signal {-self.status}"
        return ""


def known_failures():
    """{file: set of tests} of tests/known_failures.txt."""
    known = {}
    path = ROOT / "tests/known_failures.txt"
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        if line.strip() and not line.startswith("#"):
            file, _, test = line.split(maxsplit=1)[0].partition("::")
            known.setdefault(file, set()).update({test, test.removesuffix("?")})
    return known


def limit_process():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_FILE_SIZE, MAX_FILE_SIZE))


def environment(folder):
    """A small, fixed environment, so that results do not depend on who runs the tests."""
    env = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    env.update(HOME=folder, TMPDIR=folder, LANG="C.UTF-8", LC_ALL="C.UTF-8", TZ="UTC", PYTHON_COLORS="0", NO_COLOR="1",
               TERM="dumb", COLUMNS="80")
    env["ASAN_OPTIONS"] = "detect_leaks=0:detect_stack_use_after_return=0:" + os.environ.get("ASAN_OPTIONS", "")
    env["UBSAN_OPTIONS"] = "print_stacktrace=1:" + os.environ.get("UBSAN_OPTIONS", "")
    env["TSAN_OPTIONS"] = "halt_on_error=1:second_deadlock_stack=1:allocator_may_return_null=1:" + os.environ.get("TSAN_OPTIONS", "")
    return env


def run_process(command, timeout, stdin_file=None):
    """Run a command in a scratch folder and a process group of its own, which is killed when time is up."""
    with (tempfile.TemporaryDirectory(prefix="typhon-test-", ignore_cleanup_errors=True) as folder,
          tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr,
          open(stdin_file or os.devnull, "rb") as stdin):
        process = subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=stderr, cwd=folder, env=environment(folder),
                                   start_new_session=True, preexec_fn=limit_process)
        timed_out = False
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            timed_out = True
        try:
            os.killpg(process.pid, signal.SIGKILL)  # what is left of the group, too
        except ProcessLookupError:
            pass
        process.wait()

        def text(file):
            file.seek(0)
            return file.read(8 << 20).decode("utf-8", "backslashreplace")

        return Process(process.returncode, text(stdout), text(stderr), timed_out)


def tail(text):
    lines = text.rstrip("\n").split("\n")
    if len(lines) > SHOWN:
        lines = [f"... ({len(lines) - SHOWN} lines more)", *lines[-SHOWN:]]
    return "\n".join(lines)


def unittest_result(name, process, known=frozenset()):
    """Count the tests of a unittest run from what it printed; `known` tests may fail."""
    result = Result(name)
    output = process.stdout + process.stderr
    if "*" in known:
        if process.status == 0 and not process.ending():
            return Result(name, 0, 1, output="passes now: take it off tests/known_failures.txt")
        return Result(name, 0, 0, 1)
    ran = re.findall(r"^Ran (\d+) tests? in ", process.stderr, re.MULTILINE)
    verdict = re.findall(r"^(OK|FAILED|NO TESTS RAN)(?: \((.*)\))?$", process.stderr, re.MULTILINE)
    problem = process.ending()
    if not problem and (not ran or not verdict):
        problem = f"no unittest summary (exit status {process.status})"
    if problem:
        result.failed = 1
        result.output = f"{problem}\n{tail(output)}"
        return result

    counts = {key: int(value) for key, value in re.findall(r"([a-z ]+)=(\d+)", verdict[-1][1])}
    counts = {key.strip(): value for key, value in counts.items()}
    total = int(ran[-1])
    result.skipped = min(counts.get("skipped", 0), total)
    bad = counts.get("failures", 0) + counts.get("errors", 0) + counts.get("unexpected successes", 0)
    consistent = (process.status == 0) == (verdict[-1][0] == "OK")
    if verdict[-1][0] != "OK" or not consistent:
        bad = max(bad, 1)
    if total == 0:
        bad = max(bad, 1)
    wrong = {m for m in re.findall(r"^(?:FAIL|ERROR): (?:\w+ \((?:__main__\.)?([\w.]+?)\)|.*)", process.stderr, re.MULTILINE)}
    if known and bad and "" not in wrong:
        if wrong <= known:
            result.skipped += len(wrong)
            bad = 0
        else:
            bad = len(wrong - known)
            output = f"failed: {', '.join(sorted(wrong - known))}\n{output}"
    fixed = {test for test in known - wrong if test + "?" not in known and not test.endswith("?")}
    if fixed and not problem:
        output = f"pass now: take them off tests/known_failures.txt: {', '.join(sorted(fixed))}\n{output}"
        bad += len(fixed)
    result.failed = bad
    result.passed = max(total - result.skipped - bad, 0)  # a test with several bad sub-tests counts each of them as bad
    if bad:
        result.output = tail(output) if consistent else f"exit status {process.status}\n{tail(output)}"
    return result


def difference(label, expected, actual):
    import difflib
    lines = difflib.unified_diff(expected.splitlines(), actual.splitlines(), f"expected {label}", f"actual {label}",
                                 lineterm="", n=2)
    return "\n".join(list(lines)[:SHOWN])


class Runner:
    def __init__(self, options):
        self.options = options
        self.build = ROOT / "build" / options.preset
        self.typhon = self.build / "typhon"
        self.ast_dump = self.build / "typhon-ast-dump"
        self.print_lock = threading.Lock()
        self.known = known_failures()

    def timeout(self, suite):
        return TIMEOUT[suite] * SLOWNESS[self.options.preset]

    def wanted(self, name):
        return not self.options.pattern or any(pattern in name for pattern in self.options.pattern)

    def report(self, result):
        verdict = "FAIL" if result.failed else "ok"
        skipped = f", {result.skipped} skipped" if result.skipped else ""
        with self.print_lock:
            print(f"{verdict:4} {result.name}: {result.passed} passed, {result.failed} failed{skipped}"
                  f" [{result.seconds:.1f} s]")
            if result.failed and result.output:
                print("     " + result.output.replace("\n", "\n     "))
            sys.stdout.flush()
        return result

    # Each suite yields functions that return a Result.

    def lint(self):
        def run():
            process = subprocess.run([sys.executable, ROOT / "tools/lint_layers.py", "--quiet"], capture_output=True,
                                     text=True)
            bad = process.returncode != 0
            return Result("lint", int(not bad), int(bad), output=tail(process.stdout + process.stderr))
        if self.wanted("lint"):
            yield run

    def unit(self):
        if not list((ROOT / "src").rglob("*_test.cpp")):
            return

        def run():
            report = self.build / "unit.xml"
            report.unlink(missing_ok=True)
            command = ["ctest", "--test-dir", self.build, "--output-on-failure", "--output-junit", report, "-j",
                       str(self.options.jobs), "--timeout", str(120 * SLOWNESS[self.options.preset]), "--quiet"]
            if self.options.pattern:
                command += ["-R", "|".join(re.escape(pattern) for pattern in self.options.pattern)]
            process = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **sanitizer_options()})
            result = Result("unit")
            if not report.exists():
                return Result("unit", 0, 1, output=f"ctest left no report\n{tail(process.stdout + process.stderr)}")
            failures = []
            for case in xml.etree.ElementTree.parse(report).getroot().iter("testcase"):
                status = case.get("status")
                if status == "run":
                    result.passed += 1
                elif status in ("disabled", "notrun") or case.find("skipped") is not None:
                    result.skipped += 1
                else:
                    result.failed += 1
                    failures.append(f"{case.get('name')}\n{tail(case.findtext('system-out') or '')}")
            if process.returncode != 0 and not result.failed:
                result.failed = 1
                failures.append(tail(process.stdout + process.stderr))
            if not result.passed and not result.failed and not self.options.pattern:
                result.failed = 1
                failures.append("there are unit tests, but none ran")
            result.output = "\n".join(failures)
            return result
        yield run

    def unittest_files(self, suite):
        for file in sorted((ROOT / "tests" / suite).rglob("test_*.py")):
            name = str(file.relative_to(ROOT))
            if self.wanted(name):
                yield lambda file=file, name=name: unittest_result(
                    name, run_process([self.typhon, file], self.timeout(suite)), self.known.get(name, frozenset()))

    def python(self):
        return self.unittest_files("python")

    def threads(self):
        return self.unittest_files("threads")

    def golden(self):
        for folder in ("tests", "examples"):
            for file in sorted((ROOT / folder).rglob("*.py")):
                name = str(file.relative_to(ROOT))
                if not self.wanted(name):
                    continue
                if file.with_suffix(".out").exists():
                    yield lambda file=file, name=name: self.golden_output(name, file)
                if file.with_suffix(".ast").exists():
                    yield lambda file=file, name=name: self.golden_ast(name, file)

        if self.wanted("tests/golden"):
            yield lambda: self.external("tests/golden/run.py", "golden")

    def fuzz(self):
        archive = ROOT / "tests/fuzz/compiler/corpus.tar.xz"

        def run():
            with tempfile.TemporaryDirectory(prefix="typhon-test-") as folder, tarfile.open(archive) as tar:
                tar.extractall(folder, filter="data")
                process = run_process([self.build / "typhon-fuzz-replay", Path(folder) / "corpus.inputs"], self.timeout("fuzz"))
            ran = re.search(r"^(\d+) inputs$", process.stdout, re.MULTILINE)
            good = process.status == 0 and ran is not None and int(ran[1]) > 0
            return Result("tests/fuzz/compiler", int(ran[1]) if good else 0, int(not good),
                          output=f"{process.ending()}\n{tail(process.stdout + process.stderr)}")
        if self.wanted("tests/fuzz/compiler"):
            yield run

    def examples(self):
        if self.wanted("examples/check.py"):
            yield lambda: self.external("examples/check.py", "examples")

    def conformance(self):
        if self.options.preset != "release" and not self.options.suite or not self.wanted("tests/conformance"):
            return
        library = ROOT / "build/stdlib/testsuite/usr/lib/python3.14"
        if (library / "test/support/__init__.py").exists():
            yield lambda: self.external("tests/conformance/check.py", "conformance", "--testlib", library, "--jobs",
                                        str(self.options.jobs))
        else:
            listed = (ROOT / "tests/conformance/passing.txt").read_text(encoding="utf-8").count("\n") - 1
            print(f"ATTENTION: CPython's test-suite could not be fetched: {listed} of its tests are listed, NONE OF THEM IS RUN")
            yield lambda: Result("tests/conformance/check.py", skipped=listed)

    def model(self):
        if self.options.preset != "release" and not self.options.suite or not self.wanted("tests/model"):
            return

        def run():
            process = subprocess.run([sys.executable, ROOT / "tests/model/run.py", "--quick", "--jobs", str(self.options.jobs)],
                                     capture_output=True, text=True)
            counts = re.search(r"^(\d+) passed, (\d+) failed", process.stdout, re.MULTILINE)
            if counts is None and process.returncode == 0:
                print(f"ATTENTION: {process.stdout.strip()}")
                return Result("tests/model/run.py", skipped=1)
            passed, failed = map(int, counts.groups()) if counts else (0, 1)
            return Result("tests/model/run.py", passed, failed, output=tail(process.stdout + process.stderr))
        yield run

    def external(self, script, suite, *arguments):
        """A runner of its own, whose last line is "N passed, N failed"; failures it names as "FAIL name" may be known."""
        process = subprocess.run([sys.executable, ROOT / script, "--interp", self.typhon, *arguments], capture_output=True, text=True,
                                 timeout=self.timeout(suite) * 10, env={**os.environ, **sanitizer_options()})
        output = process.stdout + process.stderr
        last = re.findall(r"^(\d+) passed, (\d+) failed", process.stdout, re.MULTILINE)
        if not last:
            return Result(script, 0, 1, output=tail(output))
        passed, failed = map(int, last[-1])
        wrong = set(re.findall(r"^FAIL:? +(\S+)", process.stdout, re.MULTILINE))
        known = self.known.get(script, set())
        fixed = {test for test in known - wrong if test + "?" not in known and not test.endswith("?")}
        if failed and len(wrong) == failed:
            unexpected = sorted(wrong - known)
        else:
            unexpected = [f"{failed} cases"] if failed else []
        text = []
        if unexpected:
            text.append("failed: " + ", ".join(unexpected) + "\n" + output)
        if fixed:
            text.append("pass now: take them off tests/known_failures.txt: " + ", ".join(sorted(fixed)))
        bad = (len(unexpected) if unexpected != [f"{failed} cases"] else failed) + len(fixed)
        return Result(script, passed - len(fixed), bad, len(wrong & known), output="\n".join(text))

    def golden_output(self, name, file):
        def beside(suffix, default=None):
            path = file.with_suffix(suffix)
            return path.read_text(encoding="utf-8") if path.exists() else default

        stdin = file.with_suffix(".in")
        process = run_process([self.typhon, file, *shlex.split(beside(".args", ""))], self.timeout("golden"),
                              stdin if stdin.exists() else None)
        status = int(beside(".exit", "0"))
        problems = []
        if process.ending():
            problems.append(process.ending())
        elif process.status != status:
            problems.append(f"exit status {process.status}, not {status}")
        if process.stdout != beside(".out"):
            problems.append(difference("output", beside(".out"), process.stdout))
        expected_errors = beside(".err")
        if expected_errors is not None and process.stderr != expected_errors:
            problems.append(difference("errors", expected_errors, process.stderr))
        elif problems and process.stderr:
            problems.append(tail(process.stderr))
        return Result(name, int(not problems), int(bool(problems)), output="\n".join(problems))

    def golden_ast(self, name, file):
        expected = file.with_suffix(".ast").read_text(encoding="utf-8")
        process = run_process([self.ast_dump, file], self.timeout("golden"))
        problems = [process.ending()] if process.ending() else []
        if process.stdout != expected:
            problems += [difference("tree", expected, process.stdout), tail(process.stderr)]
        return Result(f"{name} (ast)", int(not problems), int(bool(problems)), output="\n".join(problems))

    def run(self, suite):
        def timed(test):
            start = time.monotonic()
            try:
                result = test()
            except OSError as error:  # no such binary, for instance
                result = Result(f"{suite}", 0, 1, output=str(error))
            result.seconds = time.monotonic() - start
            return self.report(result)

        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
            return list(pool.map(timed, getattr(self, suite)()))


def sanitizer_options():
    return {name: value for name, value in environment("/tmp").items() if name.endswith("SAN_OPTIONS")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="release", choices=sorted(SLOWNESS), help="the build under test")
    parser.add_argument("--suite", action="append", choices=SUITES, help="only this suite (may be repeated)")
    parser.add_argument("--jobs", type=int, default=2, help="tests that run at the same time")
    parser.add_argument("pattern", nargs="*", help="only tests whose path or name contains this")
    options = parser.parse_args()

    runner = Runner(options)
    results = []
    for suite in options.suite or SUITES:
        print(f"--- {suite}", flush=True)
        results += runner.run(suite)

    passed = sum(result.passed for result in results)
    failed = sum(result.failed for result in results)
    skipped = sum(result.skipped for result in results)
    bad = [result.name for result in results if result.failed]
    if bad:
        print("failed: " + ", ".join(bad))
    if skipped:
        print(f"{skipped} skipped")
    if passed + failed == 0:
        print("no tests were found")
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
