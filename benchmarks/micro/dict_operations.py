"""Single operations of dict: reading, storing, iterating, building, copying, merging."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing

KEYS = [f"key{i}" for i in range(1000)]
BY_NAME = {key: i for i, key in enumerate(KEYS)}
BY_NUMBER = {i * 3: i for i in range(1000)}
BY_PAIR = {(i, i + 1): i for i in range(1000)}


def get():
    total = 0
    for _ in range(40):
        for key in KEYS:
            total += BY_NAME[key]
    return total


def get_method():
    total = 0
    for _ in range(40):
        for key in KEYS:
            total += BY_NAME.get(key, 5)
            total += BY_NUMBER.get(7, 5)
    return total


def get_number():
    total = 0
    for _ in range(15):
        for i in range(0, 3000):
            if i in BY_NUMBER:
                total += BY_NUMBER[i]
    return total


def get_pair():
    total = 0
    for _ in range(20):
        for i in range(1000):
            total += BY_PAIR[i, i + 1]
    return total


def store():
    table = {}
    for i in range(40):
        for key in KEYS:
            table[key] = i
    return len(table)


def grow():
    total = 0
    for i in range(20):
        table = {}
        for key in KEYS:
            table[key] = i
        numbers = {}
        for number in range(1000):
            numbers[number] = i
        total += len(table) + len(numbers)
    return total


def store_and_delete():
    table = {}
    for i in range(30_000):
        table[i] = i
        if i >= 8:
            del table[i - 8]
    return len(table)


def keys():
    total = 0
    for _ in range(60):
        for key in BY_NUMBER:
            total += key
    return total


def values():
    total = 0
    for _ in range(60):
        for value in BY_NUMBER.values():
            total += value
    return total


def items():
    total = 0
    for _ in range(60):
        for key, value in BY_NUMBER.items():
            total += key + value
    return total


def list_of_views():
    total = 0
    for _ in range(150):
        total += len(list(BY_NAME)) + len(list(BY_NAME.values())) + len(list(BY_NAME.items()))
    return total


def literal():
    total = 0
    for i in range(30_000):
        total += len({"a": i, "b": 2, "c": total}) + len({})
    return total


def comprehension():
    total = 0
    for _ in range(30):
        total += len({key: 1 for key in KEYS}) + len({i: i for i in range(500)})
    return total


def copy():
    total = 0
    small = {"a": 1, "b": 2, "c": 3}
    for _ in range(10_000):
        total += len(small.copy()) + len({**small, "d": 4}) + len(dict(small))
    for _ in range(100):
        total += len(BY_NAME.copy()) + len(dict(BY_NAME)) + len(BY_NAME | BY_NUMBER)
    return total


def set_default():
    total = 0
    for _ in range(20):
        groups = {}
        for i in range(1000):
            groups.setdefault(i & 63, []).append(i)
        while groups:
            total += len(groups.popitem()[1])
    return total


if __name__ == "__main__":
    timing.run_rows(get=get, get_method=get_method, get_number=get_number, get_pair=get_pair, store=store, grow=grow,
                    store_and_delete=store_and_delete, keys=keys, values=values, items=items,
                    list_of_views=list_of_views, literal=literal, comprehension=comprehension, copy=copy,
                    set_default=set_default)
