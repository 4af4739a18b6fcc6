"""A JSON encoder and decoder in pure Python."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


def encode(value, out):
    if value is None:
        out("null")
    elif value is True:
        out("true")
    elif value is False:
        out("false")
    elif isinstance(value, str):
        out('"' + "".join([ESCAPES.get(c, c) for c in value]) + '"')
    elif isinstance(value, (int, float)):
        out(repr(value))
    elif isinstance(value, list):
        separator = "["
        for item in value:
            out(separator)
            encode(item, out)
            separator = ","
        out("]" if value else "[]")
    else:
        separator = "{"
        for key, item in value.items():
            out(separator)
            encode(key, out)
            out(":")
            encode(item, out)
            separator = ","
        out("}" if value else "{}")


class Decoder:
    def __init__(self, text):
        self.text, self.at = text, 0

    def value(self):
        c = self.text[self.at]
        if c == '"':
            return self.string()
        if c == "[":
            return self.items("]", self.value)
        if c == "{":
            return dict(self.items("}", self.pair))
        for word, result in (("null", None), ("true", True), ("false", False)):
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return result
        start = self.at
        while self.at < len(self.text) and self.text[self.at] in "+-.eE0123456789":
            self.at += 1
        number = self.text[start:self.at]
        return float(number) if "." in number or "e" in number else int(number)

    def items(self, end, read):
        self.at += 1
        result = []
        while self.text[self.at] != end:
            result.append(read())
            if self.text[self.at] == ",":
                self.at += 1
        self.at += 1
        return result

    def pair(self):
        key = self.string()
        self.at += 1
        return key, self.value()

    def string(self):
        self.at += 1
        parts = []
        while (c := self.text[self.at]) != '"':
            if c == "\\":
                self.at += 1
                c = {"n": "\n", "t": "\t"}.get(self.text[self.at], self.text[self.at])
            parts.append(c)
            self.at += 1
        self.at += 1
        return "".join(parts)


def main():
    document = {"people": [{"name": f"person {i}", "age": i % 90, "tags": ["a", "b\n", None, i % 2 == 0],
                            "score": i / 7, "nested": {"deep": [[i], {}]}} for i in range(2000)]}
    parts = []
    encode(document, parts.append)
    text = "".join(parts)
    assert Decoder(text).value() == document
    return len(text)


if __name__ == "__main__":
    timing.run(main)
