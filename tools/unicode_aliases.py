#!/usr/bin/env python3
"""Writes src/modules/unicodedata/aliases.inc: the other names that unicodedata.lookup() and \\N{...} know.

    unicode_aliases.py NameAliases.txt NamedSequences.txt [OUT]

The two files are the Unicode Character Database's, of version 16.0.0 or of a later one (Debian's unicode-data has them): what was added
since is left out. Run it with an interpreter whose unicodedata has that version.
"""
import sys
import unicodedata

VERSION = "16.0.0"


def rows(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            fields = line.split("#")[0].strip().split(";")
            if len(fields) >= 2:
                yield fields


def known(name, text):
    try:
        return unicodedata.lookup(name) == text
    except KeyError:
        return False


def main():
    if unicodedata.unidata_version != VERSION:
        sys.exit(f"needs an interpreter with Unicode {VERSION}; this one has {unicodedata.unidata_version}")
    aliases = {name: int(code, 16) for code, name, *_ in rows(sys.argv[1])}
    sequences = {name: "".join(chr(int(code, 16)) for code in codes.split()) for name, codes in rows(sys.argv[2])}
    with open(sys.argv[3] if len(sys.argv) > 3 else "src/modules/unicodedata/aliases.inc", "w", encoding="ascii") as out:
        out.write(f"// Written by tools/unicode_aliases.py. Unicode {VERSION}. Sorted by name.\nconstexpr Name kAliases[] = {{\n")
        for name, code in sorted(aliases.items()):
            if known(name, chr(code)):
                out.write('    {0x%X, "%s"},\n' % (code, name))
        out.write("};\n// UTF-8.\nconstexpr Sequence kSequences[] = {\n")
        for name, text in sorted(sequences.items()):
            if known(name, text):
                out.write('    {"%s", "%s"},\n' % (name, "".join("\\x%02X" % byte for byte in text.encode())))
        out.write("};\n")


main()
