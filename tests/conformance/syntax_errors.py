#!/usr/bin/env python3
"""Invalid programs: does Typhon raise the SyntaxErrors that CPython 3.14 raises?

    syntax_errors.py [--typhon FILE] [--peer COMMAND] [--module NAME ...] [--show N]

The programs are those that CPython's own tests compile (test_syntax, test_exceptions, test_fstring, test_tstring and their like): the
tests run under the peer with compile(), exec() and eval() watched. Both interpreters then compile each program, and the outcomes are
compared: nothing, or the class, message, line, column, end line and end column of the exception. A program counts as invalid when the
peer refuses it. The exit status is 0 when at least 98 % of the invalid ones are equal and no valid one is refused.

The peer is `chroot $TYPHON_PEERS python3.14` (tools/dev peers makes that folder), or the command after --peer; it must have `test`.
"""

import argparse
import collections
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MODULES = ["test_syntax", "test_exceptions", "test_fstring", "test_tstring", "test_named_expressions", "test_patma", "test_positional_only_arg",
           "test_future_stmt.test_future", "test_grammar", "test_string_literals", "test_unpack_ex", "test_type_params", "test_eof",
           "test_except_star", "test_source_encoding", "test_generators", "test_scope", "test_global", "test_unparse", "test_coroutines"]
BAR = 0.98

# Runs under the peer: prints the programs that the tests of one module compile.
COLLECTOR = r'''
import builtins, io, json, sys, unittest, importlib, warnings
name = sys.argv[1]
seen = {}
real_compile, real_exec, real_eval = builtins.compile, builtins.exec, builtins.eval
def note(source, mode, flags=0):
    if isinstance(source, (bytes, bytearray)):
        source = ["bytes", bytes(source).decode("latin-1")]
    elif isinstance(source, str):
        source = ["str", source]
    else:
        return
    if len(source[1]) < 200_000:
        seen[json.dumps([*source, mode, int(flags)])] = True
def watched_compile(source, filename="", mode="exec", flags=0, *rest, **more):
    note(source, mode, flags)
    return real_compile(source, filename, mode, flags, *rest, **more)
def spaces(given, frame):
    given = list(given[:2])
    if not given or given[0] is None:
        return frame.f_globals, frame.f_locals
    return given
def watched_exec(source, *given, **more):
    note(source, "exec")
    return real_exec(source, *spaces(given, sys._getframe(1)), **more)
def watched_eval(source, *given, **more):
    note(source, "eval")
    return real_eval(source, *spaces(given, sys._getframe(1)), **more)
module = importlib.import_module("test." + name)
suite = unittest.defaultTestLoader.loadTestsFromModule(module)
builtins.compile, builtins.exec, builtins.eval = watched_compile, watched_exec, watched_eval
out, sys.stdout, sys.stderr = sys.stdout, io.StringIO(), io.StringIO()
warnings.simplefilter("ignore")
try:
    suite.run(unittest.TestResult())
finally:
    print(json.dumps([json.loads(text) for text in seen]), file=out)
'''

# Runs under both: reads programs, prints what compile() does with each.
COMPARED = r'''
import json, sys, warnings
warnings.simplefilter("ignore")
sys.stdin.reconfigure(encoding="utf-8", errors="surrogatepass")
out = []
for kind, source, mode, flags in json.load(sys.stdin):
    try:
        compile(source.encode("latin-1") if kind == "bytes" else source, "program", mode, flags, True)
        out.append(None)
    except SyntaxError as e:
        out.append([type(e).__name__, e.msg, e.lineno, e.offset, e.end_lineno, e.end_offset, e.text])
    except Exception as e:
        out.append([type(e).__name__, str(e)])
print(json.dumps(out))
'''


def run(command, text=None, stop=600):
    done = subprocess.run(command, input=text, capture_output=True, text=True, encoding="utf-8", errors="surrogatepass", timeout=stop)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command[:3])} ... ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def collect(peer, modules):
    """{program: the first module that compiles it}"""
    programs = {}
    for name in modules:
        for program in run([*peer, "-c", COLLECTOR, name]):
            programs.setdefault(json.dumps(program), name)
    return programs


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--typhon", default=str(ROOT / "build/release/typhon"))
    parser.add_argument("--peer", type=shlex.split, default=["chroot", os.environ.get("TYPHON_PEERS", str(ROOT / "build/peers")), "python3.14"])
    parser.add_argument("--module", nargs="+", default=MODULES)
    parser.add_argument("--show", type=int, default=20, help="how many differences to print")
    options = parser.parse_args()

    programs = collect(options.peer, options.module)
    text = json.dumps([json.loads(program) for program in programs])
    theirs, ours = run([*options.peer, "-c", COMPARED], text), run([options.typhon, "-c", COMPARED], text)

    counts = collections.defaultdict(collections.Counter)
    different = []
    for (program, module), expected, got in zip(programs.items(), theirs, ours, strict=True):
        count = counts[module]
        count["valid" if expected is None else "invalid"] += 1
        if expected is None and got is not None:
            count["refused"] += 1
        elif expected == got:
            count["equal"] += expected is not None
            continue
        # The columns of a SyntaxError are equal, too, when only the text of the line differs.
        elif got is not None and expected[:6] == got[:6]:
            count["equal"] += 1
            count["other text"] += 1
        different.append((module, json.loads(program), expected, got))

    for module, program, expected, got in different[:options.show]:
        print(f"{module} {program!r:.300}\n    CPython {expected}\n    Typhon  {got}")
    print(f"\n{'module':28} {'valid':>6} {'refused':>8} {'invalid':>8} {'equal':>6} {'other text':>11}")
    total = collections.Counter()
    for module, count in [*counts.items(), ("total", total)]:
        print(f"{module:28} {count['valid']:6} {count['refused']:8} {count['invalid']:8} {count['equal']:6} {count['other text']:11}")
        if count is not total:
            total.update(count)
    print(f"{total['equal']} of {total['invalid']} invalid programs equal: {100 * total['equal'] / max(1, total['invalid']):.2f} %")
    return 0 if total["invalid"] and total["equal"] >= BAR * total["invalid"] and not total["refused"] else 1


if __name__ == "__main__":
    sys.exit(main())
