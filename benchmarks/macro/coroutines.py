"""Coroutines that await each other, driven by a small round-robin loop."""

import types
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


@types.coroutine
def switch():
    yield


async def leaf(n):
    await switch()
    return n


async def branch(depth):
    if depth == 0:
        return await leaf(1)
    return await branch(depth - 1) + await branch(depth - 1)


def main():
    ready = [(number, branch(9)) for number in range(50)]
    results = []
    while ready:
        waiting = []
        for number, task in ready:
            try:
                task.send(None)
                waiting.append((number, task))
            except StopIteration as done:
                results.append((number, done.value))
        ready = waiting
    return sum(value for _, value in results)


if __name__ == "__main__":
    timing.run(main)
