#!/usr/bin/env python3
"""Syntax trees: does ast.dump(include_attributes=True) of every file print what CPython 3.14 prints?

    ast_dumps.py [--typhon FILE] [--peer COMMAND] [--show N] [--jobs N] [PATTERN ...]

The files are those of the peer's own library and of its test-suite; PATTERN: only paths that contain one. Both interpreters parse the
bytes of each file and print a hash of the dump, or of the SyntaxError with its place. The files of the library must all be equal, and
98 % of those of the test-suite: then the exit status is 0.

The peer is `chroot $TYPHON_PEERS python3.14` (tools/dev peers makes that folder), or the command after --peer; it must have `test`.
"""

import argparse
import concurrent.futures
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BAR = 0.98
SHARD = 200  # files at a time

# Prints the paths below the folder of the library; site-packages are not its own, nor are the links of a distribution.
LISTER = r'''
import json, os
top = os.path.dirname(os.__file__)
files = []
for folder, folders, names in os.walk(top):
    folders[:] = sorted(f for f in folders if f not in ("__pycache__", "site-packages", "dist-packages"))
    files += [os.path.relpath(os.path.join(folder, name), top) for name in sorted(names)
              if name.endswith(".py") and not os.path.islink(os.path.join(folder, name))]
print(json.dumps(files))
'''

# Reads [[name, source as latin-1], ...], prints a hash for each, or with "text" what is hashed.
DUMPER = r'''
import ast, hashlib, json, sys, warnings
warnings.simplefilter("ignore")
sys.setrecursionlimit(20000)
wanted, files = json.load(sys.stdin)
out = []
for name, source in files:
    try:
        text = ast.dump(ast.parse(source.encode("latin-1"), name), include_attributes=True)
    except SyntaxError as e:
        text = repr([type(e).__name__, e.msg, e.lineno, e.offset, e.end_lineno, e.end_offset, e.text])
    except (ValueError, RecursionError, MemoryError) as e:
        text = repr([type(e).__name__, str(e)])
    out.append(text if wanted == "text" else hashlib.sha1(text.encode("utf-8", "surrogatepass")).hexdigest())
print(json.dumps(out))
'''


def run(command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True, encoding="utf-8", errors="surrogatepass", timeout=1800)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command[:3])} ... ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def show(name, theirs, ours):
    at = next((i for i, (a, b) in enumerate(zip(theirs, ours)) if a != b), min(len(theirs), len(ours)))
    start = max(0, at - 60)
    print(f"{name}\n    CPython ...{theirs[start:at + 120]}\n    Typhon  ...{ours[start:at + 120]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--typhon", default=str(ROOT / "build/release/typhon"))
    parser.add_argument("--library", type=Path, default=None, help="the peer's library folder, as this process sees it")
    parser.add_argument("--peer", type=shlex.split, default=None)
    parser.add_argument("--show", type=int, default=20, help="how many differences to print")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("pattern", nargs="*")
    options = parser.parse_args()
    peers = os.environ.get("TYPHON_PEERS", str(ROOT / "build/peers"))
    peer = options.peer or ["chroot", peers, "python3.14"]
    library = options.library
    if library is None:
        top = Path(run([*peer, "-c", "import json, os; print(json.dumps(os.path.dirname(os.__file__)))"]))
        library = top if options.peer else Path(peers) / top.relative_to("/")

    names = [name for name in run([*peer, "-c", LISTER]) if not options.pattern or any(p in name for p in options.pattern)]
    typhon = [options.typhon]

    def dumps(command, shard, wanted):
        text = json.dumps([wanted, [[name, (library / name).read_bytes().decode("latin-1")] for name in shard]])
        return run([*command, "-c", DUMPER], text)

    shards = [names[i:i + SHARD] for i in range(0, len(names), SHARD)]
    different = {"library": [], "test-suite": []}
    count = {"library": 0, "test-suite": 0}
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        theirs = [pool.submit(dumps, peer, shard, "hash") for shard in shards]
        ours = [pool.submit(dumps, typhon, shard, "hash") for shard in shards]
        for shard, expected, got in zip(shards, theirs, ours):
            for name, a, b in zip(shard, expected.result(), got.result(), strict=True):
                part = "test-suite" if name.startswith("test/") or "/test/" in name or "/tests/" in name else "library"
                count[part] += 1
                if a != b:
                    different[part].append(name)

    for name in [*different["library"], *different["test-suite"]][:options.show]:
        show(name, dumps(peer, [name], "text")[0], dumps(typhon, [name], "text")[0])
    for part in count:
        equal = count[part] - len(different[part])
        print(f"{part}: {equal} of {count[part]} files equal, {len(different[part])} different")
    enough = not different["library"] and len(different["test-suite"]) <= (1 - BAR) * count["test-suite"]
    return 0 if names and enough else 1


if __name__ == "__main__":
    sys.exit(main())
