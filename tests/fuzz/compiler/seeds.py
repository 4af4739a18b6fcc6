#!/usr/bin/env python3
"""First inputs for the fuzzer of tokenizer, parser and compiler, where the kept corpus is not enough (after new syntax, say).

    typhon seeds.py FOLDER [PROGRAMS.json]      write them into FOLDER, a file each
    typhon seeds.py --pack FOLDER FILE          pack the inputs in FOLDER into FILE (tests/fuzz/compiler/corpus.tar.xz)
    typhon seeds.py --unpack FILE FOLDER        and back

The first form takes the statements of tests/python/language, one by one, and the strings in them, which are the programs that the tests
compile. PROGRAMS.json: more of them, rows of [kind, source, mode, ...] as tests/conformance/syntax_errors.py collects them. It needs
a Python that reads 3.14's syntax; the others run on any. An input is two bytes of options and a source (target.cpp).
"""

import ast
import hashlib
import io
import json
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent.parent
MAX_SIZE = 4000
MODES = {"exec": 0, "eval": 1, "single": 2, "func_type": 3}


def options(source, mode):
    """Two bytes chosen by the source: the same each time, and all of them in turn."""
    digest = hashlib.sha256(source).digest()
    return bytes([digest[0] & 0xFC | MODES.get(mode, 0), digest[1]])


def own_programs():
    for file in sorted((ROOT / "tests/python/language").glob("test_*.py")):
        text = file.read_text(encoding="utf-8")
        lines = text.splitlines(keepends=True)
        tree = ast.parse(text)
        for node in ast.walk(tree):
            if isinstance(node, ast.stmt) and node.col_offset == 0:
                yield "".join(lines[node.lineno - 1:node.end_lineno]), "exec"
            elif isinstance(node, ast.FunctionDef):
                yield "".join(line[node.col_offset:] for line in lines[node.lineno - 1:node.end_lineno]), "exec"
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) > 3:
                yield node.value, "exec"


def write_seeds(folder, programs):
    folder.mkdir(parents=True, exist_ok=True)
    sources = {}
    for source, mode in own_programs():
        sources[source.encode("utf-8", "surrogatepass")] = mode
    if programs is not None:
        for kind, source, mode, *_ in json.loads(programs.read_text(encoding="utf-8", errors="surrogatepass")):
            sources[source.encode("latin-1") if kind == "bytes" else source.encode("utf-8", "surrogatepass")] = mode
    count = 0
    for source, mode in sources.items():
        if len(source) <= MAX_SIZE:
            data = options(source, mode) + source
            (folder / hashlib.sha1(data).hexdigest()).write_bytes(data)
            count += 1
    print(f"{count} inputs")


def pack(folder, archive):
    """One file of all inputs, each after a line with its length: thousands of names would take more room than what they name."""
    inputs = sorted((file.read_bytes() for file in folder.iterdir() if file.is_file()), key=lambda data: (data[2:], data[:2]))
    packed = b"".join(b"%d\n%s" % (len(data), data) for data in inputs)
    info = tarfile.TarInfo("corpus.inputs")
    info.size = len(packed)
    with tarfile.open(archive, "w:xz", preset=9) as tar:
        tar.addfile(info, io.BytesIO(packed))
    print(f"{len(inputs)} inputs, {archive.stat().st_size} bytes")


def unpack(archive, folder):
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as tar:
        packed = tar.extractfile("corpus.inputs").read()
    at = 0
    while at < len(packed):
        start = packed.index(b"\n", at) + 1
        data = packed[start:start + int(packed[at:start])]
        (folder / hashlib.sha1(data).hexdigest()).write_bytes(data)
        at = start + len(data)


def main():
    given = sys.argv[1:]
    if len(given) == 3 and given[0] == "--pack":
        pack(Path(given[1]), Path(given[2]))
    elif len(given) == 3 and given[0] == "--unpack":
        unpack(Path(given[1]), Path(given[2]))
    elif len(given) in (1, 2) and not given[0].startswith("-"):
        write_seeds(Path(given[0]), Path(given[1]) if len(given) == 2 else None)
    else:
        sys.exit(__doc__)


main()
