#!/usr/bin/env python3
"""Check what the compiler does not: layers, lengths of files, words that do not belong in this repository.

    tools/lint_layers.py [--quiet]

Exits with 1 when a rule is broken; advice (long files) does not count.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# What each folder in src/ may include, besides itself.
BELOW_OBJECTS = ("base", "platform", "value", "heap", "threads")
ALLOWED = {
    "base": (),
    "platform": ("base",),
    "value": ("base", "platform"),
    "heap": ("base", "platform", "value"),
    "threads": ("base", "platform", "value", "heap"),
    "objects": BELOW_OBJECTS,
    "bytecode": (*BELOW_OBJECTS, "objects"),
    "parser": ("base",),
    "compiler": (*BELOW_OBJECTS, "objects", "bytecode", "parser"),
    "interpreter": (*BELOW_OBJECTS, "objects", "bytecode", "compiler"),
    "runtime": (*BELOW_OBJECTS, "objects", "bytecode", "parser", "compiler", "interpreter"),
    "modules": (*BELOW_OBJECTS, "objects", "bytecode", "parser", "compiler", "interpreter", "runtime"),
    "cli": (*BELOW_OBJECTS, "objects", "bytecode", "parser", "compiler", "interpreter", "runtime", "modules"),
}
# Single headers that are allowed against the order: folder -> headers.
ALLOWED_HEADERS = {
    "objects": ("bytecode/code.h", "bytecode/frame.h"),
}
# Folders that only .cpp files may include: their headers go the other way.
ALLOWED_IN_SOURCES = {
    "value": ("heap", "threads"),
    "heap": ("threads",),
}
# Unit tests (*_test.cpp) may include anything: some need a running interpreter.

LONG_FILE = 1200

# Written in pieces, so that this file passes its own check.
FORBIDDEN = [
    (r"/wor" r"k/", "path of some machine"),
    (r"/hom" r"e/[a-z]", "path of some machine"),
    (r"(?<!user-)(?<!user_)\bage" r"nts?\b", "word that is no part of the project"),
    (r"\bsession " r"id\b", "word that is no part of the project"),
    (r"\b(deb\.deb" r"ian|pyp" r"i|pythonhos" r"ted|crat" r"es|npm" r"js)\.(org|io|com)\b", "host of a package registry"),
]
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def repository_files():
    """All files that are in the repository or would be added to it."""
    listing = subprocess.run(  # safe.directory: a clone may belong to another user
        ["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True)
    if listing.returncode != 0:
        sys.exit(f"lint: cannot list the repository's files: {listing.stderr.strip()}")
    return [ROOT / name for name in sorted(set(listing.stdout.splitlines())) if (ROOT / name).is_file()]


def may_include(layer, header, file):
    target = header.split("/")[0]
    if target == layer or target in ALLOWED[layer] or header in ALLOWED_HEADERS.get(layer, ()):
        return True
    if file.suffix == ".cpp":
        return file.name.endswith("_test.cpp") or target in ALLOWED_IN_SOURCES.get(layer, ())
    return False


def check_layers(file, lines):
    relative = file.relative_to(ROOT / "src")
    layer = relative.parts[0]
    if len(relative.parts) < 2 or layer not in ALLOWED:
        yield 1, f"src/{layer} is not a known layer (table in tools/lint_layers.py)"
        return
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        header = match.group(1)
        if not (ROOT / "src" / header).exists():
            yield number, f'"{header}" is no file in src/ (includes are written from src/)'
        elif not may_include(layer, header, file):
            yield number, f"{layer}/ may not include {header}"


def main():
    quiet = "--quiet" in sys.argv[1:]
    errors = 0
    sources = 0
    for file in repository_files():
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue  # data
        name = file.relative_to(ROOT)
        problems = []
        if file.suffix in (".cpp", ".h", ".def") and name.parts[0] == "src":
            sources += 1
            problems += check_layers(file, lines)
            if len(lines) > LONG_FILE and not quiet:
                print(f"{name}: advice: {len(lines)} lines (more than {LONG_FILE}: consider a folder)")
        for pattern, what in FORBIDDEN:
            for number, line in enumerate(lines, 1):
                if re.search(pattern, line, re.IGNORECASE):
                    problems.append((number, what))
        for number, problem in problems:
            errors += 1
            print(f"{name}:{number}: {problem}")
    print(f"lint: {sources} source files, {errors} errors")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
