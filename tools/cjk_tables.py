#!/usr/bin/env python3
"""Writes src/modules/_multibytecodec/tables.inc: the mappings behind the multibyte codecs of East Asia.

Run it with a Python 3.14 that has these codecs. The facts come from asking them: what each byte sequence decodes to, and which
characters encode otherwise than the inverse of that. File: the values of bytes; they are, per codec, in the order of CODECS, a u32 length
and that many bytes of zlib data. Inside: four lists, each a u32 count and three columns of u32, every column as differences to the element before:
    decode  (byte sequence as a number, character, second character or 0; a character of 0xFFFFFFFE: an error of two bytes)
    lead    (byte that begins a sequence, 0, 0)
    encode  (character, byte sequence or 0 for none, 0) where it is not the inverse of `decode` (of its last entry for a character)
    ranges  (number of the first four-byte sequence, first character, length): GB 18030 only
"""
import struct
import sys
import zlib

CODECS = ("gb2312 gbk gb18030 big5hkscs shift_jis cp932 euc_jp shift_jis_2004 euc_jis_2004 euc_jisx0213 shift_jisx0213 "
          "euc_kr cp949 johab big5 cp950").split()


def number(data):
    return int.from_bytes(data, "big")


def column(values):
    previous, out = 0, []
    for v in values:
        out.append((v - previous) & 0xFFFFFFFF)
        previous = v
    return struct.pack(f"<{len(out)}I", *out)


def rows(items):
    items = list(items)
    return struct.pack("<I", len(items)) + b"".join(column([r[i] for r in items]) for i in range(3))


def decode_rows(name):
    decode, leads = [], []
    for a in range(256):
        try:
            decode.append((a, ord(bytes([a]).decode(name)), 0))
            continue
        except UnicodeDecodeError as e:
            if not e.reason.startswith("incomplete"):
                continue
        leads.append((a, 0, 0))
        for b in range(256):
            pair = bytes([a, b])
            try:
                text = pair.decode(name)
            except UnicodeDecodeError as e:
                if e.reason.startswith("illegal") and e.end == 2:
                    decode.append((number(pair), 0xFFFFFFFE, 0))
                continue
            decode.append((number(pair), ord(text[0]), ord(text[1]) if len(text) > 1 else 0))
    if name.startswith("euc_j"):
        for b in range(0x80, 256):
            for c in range(0x80, 256):
                three = bytes([0x8F, b, c])
                try:
                    decode.append((number(three), ord(three.decode(name)), 0))
                except UnicodeDecodeError:
                    pass
    return decode, leads


def encode_rows(name, decode):
    inverse = {c: s for s, c, second in decode if c != 0xFFFFFFFE and not second}
    out = []
    for c in range(0x30000):
        try:
            code = chr(c).encode(name)
        except UnicodeEncodeError:
            code = b""
        value = number(code) if len(code) < 4 else 0
        if inverse.get(c, -1 if not value else None) not in (value, -1):
            out.append((c, value, 0))
        elif inverse.get(c) is None and value:
            out.append((c, value, 0))
    return out


def range_rows(name):
    out = []
    if name == "gb18030":
        for n in range(39420):
            a, rest = divmod(n, 12600)
            b, rest = divmod(rest, 1260)
            c, d = divmod(rest, 10)
            try:
                char = ord(bytes([a + 0x81, b + 0x30, c + 0x81, d + 0x30]).decode(name))
            except UnicodeDecodeError:
                continue
            if out and out[-1][0] + out[-1][2] == n and out[-1][1] + out[-1][2] == char:
                out[-1][2] += 1
            else:
                out.append([n, char, 1])
    return out


data = b""
for codec in CODECS:
    decoded, lead = decode_rows(codec)
    raw = rows(decoded) + rows(lead) + rows(encode_rows(codec, decoded)) + rows(range_rows(codec))
    packed = zlib.compress(raw, 9)
    data += struct.pack("<I", len(packed)) + packed
with open(sys.argv[1], "w") as file:
    file.write("// Made by tools/cjk_tables.py.\n")
    for at in range(0, len(data), 36):
        file.write(",".join(map(str, data[at : at + 36])) + ",\n")
