"""Bytes of resident memory per element of a long list, the list's own slot included: each kind in a process of its own."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


class Plain:
    def __init__(self, i):
        self.a = i
        self.b = i + 1
        self.c = i + 2


class Slotted:
    __slots__ = ("a", "b", "c")

    def __init__(self, i):
        self.a = i
        self.b = i + 1
        self.c = i + 2


def closure(i):
    return lambda: i


if __name__ == "__main__":
    timing.run_memory(
        object_3_attributes=Plain,
        object_3_slots=Slotted,
        tuple_int_float=lambda i: (i, i * 0.5),
        float=lambda i: i * 0.5,
        int=lambda i: i + 1_000_000,
        dict_1_item=lambda i: {"key": i},
        list_3_items=lambda i: [i, i + 1, i + 2],
        set_2_items=lambda i: {i, i + 1},
        str_short=lambda i: f"key{i}",
        bytes_short=lambda i: b"key%d" % i,
        closure=closure,
    )
