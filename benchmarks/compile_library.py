"""CPU time of parsing and compiling the standard library.

    compile_library.py FOLDER [ROUNDS]

Compiles every .py file below FOLDER (its tests left out) and prints, as JSON, the number of files and bytes and the least CPU seconds
of a round. To compare interpreters, run both by turns on the same folder.
"""

import gc
import json
import os
import sys
import time
import warnings


def sources(folder):
    found = []
    for path, folders, names in os.walk(folder):
        folders[:] = sorted(n for n in folders if n not in ("test", "tests", "idlelib", "lib2to3", "__pycache__", "site-packages"))
        for name in sorted(names):
            if name.endswith(".py"):
                with open(os.path.join(path, name), "rb") as file:
                    found.append((name, file.read()))
    return found


def main():
    warnings.simplefilter("ignore")
    files = sources(sys.argv[1])
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    best = float("inf")
    for _ in range(rounds):
        gc.collect()
        start = time.process_time()
        for name, source in files:
            compile(source, name, "exec", dont_inherit=True)
        best = min(best, time.process_time() - start)
    print(json.dumps({"files": len(files), "bytes": sum(len(s) for _, s in files), "compile": round(best, 3)}))


main()
