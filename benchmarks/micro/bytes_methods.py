"""Single methods of bytes and bytearray."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing

DATA = bytes(range(97, 123)) * 400 + b"needle" + b"xyz" * 100


def find():
    total = 0
    for _ in range(300):
        total += DATA.find(b"needle") + DATA.find(b"\x00") + DATA.find(b"zab", 5000) + (b"eel" in DATA)
    return total


def rfind_and_count():
    total = 0
    for _ in range(60):
        total += DATA.rfind(b"abcx") + DATA.count(b"xyz") + DATA.count(b"a")
    return total


def split_and_join():
    total = 0
    for _ in range(40):
        pieces = DATA.split(b"m")
        total += len(b"m".join(pieces)) + len(pieces)
    return total


def replace():
    total = 0
    for _ in range(100):
        total += len(DATA.replace(b"xyz", b"-")) + len(DATA.replace(b"a", b"A"))
    return total


def index_and_slice():
    total = 0
    for i in range(30_000):
        total += DATA[i & 4095]
        total += len(DATA[5:i & 1023])
    return total


def iterate():
    total = 0
    for _ in range(5):
        for byte in DATA:
            total += byte
    return total


def append():
    total = 0
    for _ in range(5):
        buffer = bytearray()
        for i in range(5000):
            buffer.append(i & 255)
            buffer += b"ab"
        total += len(buffer) + buffer[500] + buffer.find(b"\xffab")
    return total


def convert():
    total = 0
    for _ in range(2000):
        total += len(DATA[:100].hex()) + int.from_bytes(DATA[:6], "big") + len((total & 0xFFFF).to_bytes(4, "little"))
        total += len(bytes(bytearray(DATA[:50]))) + DATA[:20].startswith(b"abc")
    return total


if __name__ == "__main__":
    timing.run_rows(find=find, rfind_and_count=rfind_and_count, split_and_join=split_and_join, replace=replace,
                    index_and_slice=index_and_slice, iterate=iterate, append=append, convert=convert)
