"""A backtracking regular expression matcher, written with small classes."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


class Char:
    def __init__(self, c):
        self.c = c

    def match(self, text, at, then):
        return at < len(text) and text[at] == self.c and then(at + 1)


class Any:
    def match(self, text, at, then):
        return at < len(text) and then(at + 1)


class Sequence:
    def __init__(self, parts):
        self.parts = parts

    def match(self, text, at, then):
        def from_part(i):
            if i == len(self.parts):
                return then
            following = from_part(i + 1)
            return lambda position: self.parts[i].match(text, position, following)
        return from_part(0)(at)


class Choice:
    def __init__(self, options):
        self.options = options

    def match(self, text, at, then):
        return any(option.match(text, at, then) for option in self.options)


class Star:
    def __init__(self, inner):
        self.inner = inner

    def match(self, text, at, then):
        return self.inner.match(text, at, lambda p: p > at and self.match(text, p, then)) or then(at)


def parse(pattern):
    def choice(i):
        options = []
        while True:
            node, i = sequence(i)
            options.append(node)
            if i >= len(pattern) or pattern[i] != "|":
                return (options[0] if len(options) == 1 else Choice(options)), i
            i += 1

    def sequence(i):
        parts = []
        while i < len(pattern) and pattern[i] not in "|)":
            if pattern[i] == "(":
                node, i = choice(i + 1)
            else:
                node = Any() if pattern[i] == "." else Char(pattern[i])
            i += 1
            if i < len(pattern) and pattern[i] == "*":
                node, i = Star(node), i + 1
            parts.append(node)
        return Sequence(parts), i

    return choice(0)[0]


def search(node, text):
    for start in range(len(text) + 1):
        if node.match(text, start, lambda end: end == len(text) or True):
            return start
    return -1


def main():
    patterns = [parse(p) for p in ("a(b|c)*d", "(ab)*c.e", "x.*y(z|q)", "(a|b|c|d)*e", "hello|world", "(a*b)*cc")]
    texts = ["abcbcbd" * 3, "ababababcxe", "x" + "m" * 20 + "yq", "abcdabcde", "the world", "aabaabab" * 3 + "cc"]
    total = 0
    for _ in range(40):
        for node in patterns:
            for text in texts:
                total += search(node, text)
    return total


if __name__ == "__main__":
    timing.run(main)
