"""Compiles templates with loops and conditions to closures, and renders them."""

import re
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing

TOKEN = re.compile(r"(\{\{.*?\}\}|\{%.*?%\})")


def lookup(path):
    parts = path.strip().split(".")

    def get(context):
        value = context[parts[0]]
        for part in parts[1:]:
            value = value[part] if isinstance(value, dict) else getattr(value, part)
        return value
    return get


def parse(tokens, position, end):
    parts = []
    while position < len(tokens):
        token = tokens[position]
        position += 1
        if token.startswith("{{"):
            name, *filters = token[2:-2].split("|")
            get = lookup(name)
            filters = [FILTERS[f.strip()] for f in filters]

            def show(context, out, get=get, filters=filters):
                value = get(context)
                for apply in filters:
                    value = apply(value)
                out.append(str(value))
            parts.append(show)
        elif token.startswith("{%"):
            words = token[2:-2].split()
            if words[0] == end:
                return parts, position
            body, position = parse(tokens, position, "end" + words[0])
            if words[0] == "for":
                def loop(context, out, name=words[1], get=lookup(words[3]), body=body):
                    for value in get(context):
                        context[name] = value
                        for part in body:
                            part(context, out)
                parts.append(loop)
            else:
                def choose(context, out, get=lookup(words[1]), body=body):
                    if get(context):
                        for part in body:
                            part(context, out)
                parts.append(choose)
        elif token:
            parts.append(lambda context, out, text=token: out.append(text))
    return parts, position


FILTERS = {"upper": str.upper, "title": lambda s: s.title(), "length": len}
SOURCE = """<h1>{{ title|upper }}</h1>{% for row in rows %}<tr class="{{ row.kind }}">{% if row.visible %}
<td>{{ row.name|title }}</td>{% for cell in row.cells %}<td>{{ cell }}</td>{% endfor %}{% endif %}</tr>{% endfor %}"""


def main():
    rows = [{"name": f"row {i}", "kind": "odd" if i % 2 else "even", "visible": i % 3, "cells": range(i, i + 6)}
            for i in range(100)]
    size = 0
    for _ in range(30):
        parts, _ = parse(TOKEN.split(SOURCE), 0, None)
        out = []
        for part in parts:
            part({"title": "a table", "rows": rows}, out)
        size += len("".join(out))
    return size


if __name__ == "__main__":
    timing.run(main)
