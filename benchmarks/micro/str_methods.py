"""Single methods of str, on short and long texts."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing

WORDS = [f"word{i}" for i in range(1000)]
LONG = ", ".join(WORDS)
LINES = "\n".join(WORDS)
WIDE = LONG + "\u20ac"


def join():
    total = 0
    for _ in range(200):
        total += len(", ".join(WORDS))
    for _ in range(20_000):
        total += len("-".join(("a", "bcd", "ef")))
    return total


def split():
    total = 0
    for _ in range(60):
        total += len(LONG.split(", ")) + len(LONG.split())
    for _ in range(10_000):
        total += len("a,b,c,d".split(","))
    return total


def split_lines():
    total = 0
    for _ in range(100):
        total += len(LINES.splitlines()) + len(LINES.split("\n"))
    return total


def partition():
    total = 0
    for word in WORDS * 15:
        head, _, tail = word.partition("d")
        total += len(head) + len(tail) + len(word.rpartition("o")[2])
    return total


def find():
    total = 0
    for _ in range(500):
        total += LONG.find("word999") + LONG.find("z") + WIDE.find("\u20ac")
    for word in WORDS * 15:
        total += word.find("9")
        total += "rd1" in word
    return total


def rfind():
    total = 0
    for _ in range(300):
        total += LONG.rfind("word0") + LONG.rfind("z") + LONG.count("rd9") + LONG.index("999")
    return total


def replace():
    total = 0
    for _ in range(100):
        total += len(LONG.replace("word", "w")) + len(LONG.replace(",", "--")) + len(LONG.replace("o", "0"))
    for word in WORDS * 10:
        total += len(word.replace("o", "0"))
        total += len(word.replace("x", "0"))
    return total


def format_method():
    total = 0
    for i in range(15_000):
        total += len("{}: {} of {!r}".format(i, "abc", "d")) + len("{:>8} {:06.2f}".format(i, 1.5))
    return total


def format_percent():
    total = 0
    for i in range(15_000):
        total += len("%s: %d of %r" % (i, i, "d")) + len("%8s %06.2f" % (i, 1.5))
    return total


def f_string():
    total = 0
    for i in range(20_000):
        total += len(f"{i}: {total} of {LONG[:3]}") + len(f"{i:>8} {1.5:06.2f}")
    return total


def strip_and_case():
    total = 0
    for word in WORDS * 15:
        total += len(word.strip()) + len(word.upper()) + len(word.lower()) + len(word.rstrip("0123456789"))
    return total


def starts_and_ends():
    total = 0
    for word in WORDS * 20:
        total += word.startswith("word1") + word.endswith("9") + word.startswith(("a", "w")) + word.isalnum()
    return total


def characters():
    total = 0
    for _ in range(6):
        for c in LONG:
            if c != ",":
                total += ord(c)
    return total


def index_and_slice():
    total = 0
    for _ in range(40):
        for i in range(0, 1000):
            if LONG[i] == "w":
                total += len(LONG[i:i + 5])
            total += len(LONG[i + 1:])
    return total


def concatenate():
    total = 0
    for word in WORDS * 20:
        total += len(word + ":" + word)
        word += "x"
        total += len(word)
    return total


def compare():
    total = 0
    others = ["".join(list(word)) for word in WORDS]
    for _ in range(15):
        for a, b in zip(WORDS, others):
            total += a == b
            total += a < b
            total += a != "word5"
    return total


def encode():
    total = 0
    for _ in range(300):
        total += len(LONG.encode()) + len(WIDE.encode())
        total += len(LONG.encode().decode())
    for word in WORDS * 10:
        total += len(word.encode().decode())
    return total


def translate():
    table = str.maketrans("wo", "ab", "d")
    total = 0
    for _ in range(30):
        total += len(LONG.translate(table))
    return total


def repeat_and_pad():
    total = 0
    for word in WORDS * 10:
        total += len(word * 3) + len(word.ljust(12)) + len(word.center(20, "*")) + len(word.zfill(9))
    return total


if __name__ == "__main__":
    timing.run_rows(join=join, split=split, split_lines=split_lines, partition=partition, find=find, rfind=rfind,
                    replace=replace, format_method=format_method, format_percent=format_percent, f_string=f_string,
                    strip_and_case=strip_and_case, starts_and_ends=starts_and_ends, characters=characters,
                    index_and_slice=index_and_slice, concatenate=concatenate, compare=compare, encode=encode,
                    translate=translate, repeat_and_pad=repeat_and_pad)
