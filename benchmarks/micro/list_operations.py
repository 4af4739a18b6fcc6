"""Single operations of list and tuple: literals, building, slices, packing, unpacking, scanning."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing

ITEMS = list(range(100))
TUPLE = tuple(ITEMS)
LONG = list(range(10_000))


class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y


def literals():
    total = 0
    for i in range(30_000):
        total += len([i, 2, total]) + len([]) + len((i, total)) + len((1, 2, 3))
    return total


def nested():
    total = 0
    for i in range(20_000):
        rows = [[i, i], [total, 1], (i, [2])]
        total += len(rows)
    return total


def append():
    total = 0
    for _ in range(40):
        items = []
        for i in range(1000):
            items.append(i)
        total += len(items)
    return total


def append_pop():
    stack = []
    for i in range(40_000):
        stack.append(i)
        stack.append(i)
        stack.pop()
    while stack:
        stack.pop()
    return len(stack)


def comprehension():
    total = 0
    for _ in range(400):
        total += len([x + 1 for x in ITEMS]) + len([x for x in ITEMS if x & 1])
    return total


def comprehension_objects():
    total = 0
    for _ in range(200):
        points = [Point(x, x) for x in ITEMS]
        total += len(points) + len([(x, 1) for x in ITEMS])
    return total


def slices():
    total = 0
    for i in range(30_000):
        k = i % 50
        total += len(ITEMS[k:k + 5]) + len(ITEMS[1:]) + len(ITEMS[:3]) + len(ITEMS[-2:])
    return total


def slices_of_tuples():
    total = 0
    for i in range(30_000):
        k = i % 50
        total += len(TUPLE[k:k + 5]) + len(TUPLE[1:]) + len(TUPLE[:3])
    return total


def slice_reversed():
    total = 0
    for i in range(15_000):
        k = 2 + i % 20
        items = ITEMS[:30]
        items[:k] = items[k - 1::-1]
        total += items[0]
        del items[5:]
        total += len(items[::2]) + len(items[::-1])
    return total


def pack_and_unpack():
    a, b, c = 1, 2, 3
    total = 0
    pair = (4, 5)
    for i in range(40_000):
        a, b, c = b, c, a
        x, y = pair
        t = (x, i)
        y, x = t
        total += x + a
        first, *rest = t
        total += first
    return total


def for_pairs():
    pairs = [(i, i + 1) for i in range(1000)]
    total = 0
    for _ in range(40):
        for a, b in pairs:
            total += a + b
    return total


def index_count_contains():
    total = 0
    for i in range(1500):
        total += ITEMS.index(i % 100) + ITEMS.count(5) + (i in ITEMS) + (i in TUPLE)
    return total


def insert_remove():
    total = 0
    for _ in range(50):
        items = []
        for i in range(200):
            items.insert(0, i)
        while items:
            total += items.pop(0)
    return total


def concatenate():
    total = 0
    for i in range(15_000):
        items = ITEMS[:5] + [i]
        items += (1, 2)
        items.extend(ITEMS[:4])
        total += len(items * 2) + len(TUPLE[:2] + (i,))
    return total


def compare():
    total = 0
    twin = list(range(100))
    for i in range(3000):
        total += (twin == ITEMS) + (ITEMS < twin) + ((i, 2) < (i, 3)) + ((1, i) == (1, i))
    return total


def reduce_builtins():
    total = 0
    for _ in range(50):
        total += sum(LONG) + min(LONG) + max(LONG) + len(list(reversed(LONG))) + any(LONG[:1]) + all(LONG[5:100])
    return total


def enumerate_zip():
    total = 0
    for _ in range(200):
        for i, item in enumerate(ITEMS):
            total += i
        for a, b in zip(ITEMS, TUPLE):
            total += b
        total += len(list(zip(ITEMS, TUPLE))) + len(list(map(abs, ITEMS)))
    return total


if __name__ == "__main__":
    timing.run_rows(literals=literals, nested=nested, append=append, append_pop=append_pop, comprehension=comprehension,
                    comprehension_objects=comprehension_objects, slices=slices, slices_of_tuples=slices_of_tuples,
                    slice_reversed=slice_reversed, pack_and_unpack=pack_and_unpack, for_pairs=for_pairs,
                    index_count_contains=index_count_contains, insert_remove=insert_remove, concatenate=concatenate,
                    compare=compare, reduce_builtins=reduce_builtins, enumerate_zip=enumerate_zip)
