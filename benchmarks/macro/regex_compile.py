"""Compiles regular expressions with the library's own compiler, its cache left out."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing

from re import _compiler, _parser

PATTERNS = [
    r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?",
    r"^(?:[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*)@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$",
    r"(?i)\b(?:foo|bar|foobar|barfoo|quux)(?=\s|$)",
    r"\s*(?:(?P<name>[A-Za-z_]\w*)|(?P<number>\d+(?:\.\d*)?)|(?P<op>[-+*/()=]))",
    r"<(?P<tag>[a-z]+)(?:\s+[a-z-]+=(?:\"[^\"]*\"|'[^']*'))*\s*/?>.*?</(?P=tag)>",
    r"[^\x00-\x1f\u2028-\u2029]{1,80}?(?:\r\n|\r|\n|\Z)",
]


def main():
    total = 0
    for _ in range(16):
        for pattern in PATTERNS:
            total += _compiler.compile(pattern, 0).groups
            total += len(_compiler._code(_parser.parse(pattern), 0))
    return total


if __name__ == "__main__":
    timing.run(main)
