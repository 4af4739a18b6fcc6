#!/usr/bin/env python3
"""Writes src/modules/unicodedata/tables.inc: the character database behind the unicodedata module.

Run it with an interpreter whose unicodedata has the wanted version (16.0.0 for Python 3.14). The facts come from that module;
the older database 3.2.0, which IDNA wants, is written as a second set of records and the few decompositions that differ.
"""
import sys
import unicodedata as new

old = new.ucd_3_2_0
CATEGORIES = sorted({new.category(chr(c)) for c in range(0x110000)} | {"Cn"})
BIDI = sorted({new.bidirectional(chr(c)) for c in range(0x110000)} | {old.bidirectional(chr(c)) for c in range(0x110000)})
WIDTHS = sorted({new.east_asian_width(chr(c)) for c in range(0x110000)} | {old.east_asian_width(chr(c)) for c in range(0x110000)})
BLOCK = 128
out = []


def numbers(kind, name, items, width=118):
    out.append(f"constexpr {kind} {name}[] = {{")
    line = "   "
    for item in items:
        text = f" {item},"
        if len(line) + len(text) > width:
            out.append(line)
            line = "   "
        line += text
    out.append(line)
    out.append("};")


def records(db, suffix):
    seen, index = {}, []
    for c in range(0x110000):
        ch = chr(c)
        row = (CATEGORIES.index(db.category(ch)), BIDI.index(db.bidirectional(ch)), db.combining(ch), db.mirrored(ch),
               WIDTHS.index(db.east_asian_width(ch)))
        index.append(seen.setdefault(row, len(seen)))
    blocks, first = {}, []
    for at in range(0, 0x110000, BLOCK):
        block = tuple(index[at:at + BLOCK])
        first.append(blocks.setdefault(block, len(blocks)))
    out.append(f"constexpr Properties kProperties{suffix}[] = {{")
    for row in seen:
        out.append("    {%s}," % ", ".join(map(str, row)))
    out.append("};")
    numbers("u16", f"kFirst{suffix}", first)
    numbers("u16", f"kSecond{suffix}", [i for block in blocks for i in block])


def decompositions(name, rows):
    out.append(f"constexpr Decomposition {name}[] = {{")
    for c, text in rows:
        out.append('    {0x%X, "%s"},' % (c, text))
    out.append("};")


out.append("// Written by tools/unicodedata_tables.py. Unicode " + new.unidata_version + " and " + old.unidata_version + ".")
for name, values in (("kCategories", CATEGORIES), ("kBidirectional", BIDI), ("kWidths", WIDTHS)):
    numbers("const char*", name, [f'"{v}"' for v in values])
records(new, "")
records(old, "Old")
hangul = range(0xAC00, 0xD7A4)
decompositions("kDecompositions", [(c, new.decomposition(chr(c))) for c in range(0x110000) if new.decomposition(chr(c)) and c not in hangul])
# Corrected since: normalisation by the old database maps these otherwise.
decompositions("kOldDecompositions", [(c, " ".join("%04X" % ord(x) for x in old.normalize("NFD", chr(c)))) for c in range(0x110000)
                                      if old.category(chr(c)) != "Cn" and old.normalize("NFD", chr(c)) != new.normalize("NFD", chr(c))])
pairs = []
for c in range(0x110000):
    parts = new.decomposition(chr(c)).split()
    if c not in hangul and len(parts) == 2 and not parts[0].startswith("<") and new.normalize("NFC", chr(c)) == chr(c):
        pairs.append((int(parts[0], 16), int(parts[1], 16), c))
out.append("constexpr Composition kCompositions[] = {")
for row in sorted(pairs):
    out.append("    {0x%X, 0x%X, 0x%X}," % row)
out.append("};")
out.append("constexpr Number kNumbers[] = {")
for c in range(0x110000):
    ch = chr(c)
    n = new.numeric(ch, None)
    if n is not None:
        out.append("    {0x%X, %d, %d, %r}," % (c, new.decimal(ch, -1), new.digit(ch, -1), n))
out.append("};")
out.append("// Numbers of 3.2.0 that differ: -1 in the last column for none.")
out.append("constexpr Number kOldNumbers[] = {")
for c in range(0x110000):
    ch = chr(c)
    was = (old.decimal(ch, -1), old.digit(ch, -1), old.numeric(ch, None))
    if was != (new.decimal(ch, -1), new.digit(ch, -1), new.numeric(ch, None)) and old.category(ch) != "Cn":
        out.append("    {0x%X, %d, %d, %r}," % (c, was[0], was[1], -1.0 if was[2] is None else was[2]))
out.append("    {0x110000, -1, -1, -1.0},")
out.append("};")
# Names made by rule: prefix and the code point in hexadecimal.
ranges, named = [], []
for c in range(0x110000):
    name = new.name(chr(c), None)
    if name is None or c in hangul:
        continue
    suffix = "-%X" % c
    if name.endswith(suffix):
        prefix = name[:-len(suffix) + 1]
        if ranges and ranges[-1][1] == c - 1 and ranges[-1][2] == prefix:
            ranges[-1][1] = c
        else:
            ranges.append([c, c, prefix])
    else:
        named.append((c, name))
out.append("constexpr NameRange kNameRanges[] = {")
for row in ranges:
    out.append('    {0x%X, 0x%X, "%s"},' % tuple(row))
out.append("};")
out.append("constexpr Name kNames[] = {")
for row in named:
    out.append('    {0x%X, "%s"},' % row)
out.append("};")
with open(sys.argv[1] if len(sys.argv) > 1 else "src/modules/unicodedata/tables.inc", "w") as f:
    f.write("\n".join(out) + "\n")
