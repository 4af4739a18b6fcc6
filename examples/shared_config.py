"""Threads that read one shared object: its attributes, methods and dict, as a server's threads read its configuration.

Nothing is written but the thread's own results, so threads should not slow each other down. Meanwhile the main thread
replaces the whole configuration a few times (copy, change, store one reference): every reader sees the old one or
the new one, never half of it.
"""

import sys
import threading

import _report


class Limits:
    def __init__(self, factor):
        self.factor = factor
        self.weights = {"small": 1, "medium": 5, "large": 25}


class Config:
    scale = 3

    def __init__(self, generation):
        self.generation = generation
        self.twin = generation  # always equal to generation: a reader checks that it never sees half a change
        self.limits = Limits(7)
        self.routes = {f"/path/{n}": n * n for n in range(100)}
        self.names = tuple(self.routes)

    def cost(self, name, kind):
        return self.routes[name] * self.limits.weights[kind] * self.limits.factor + self.scale

    def pick(self, n):
        return self.names[n % len(self.names)]

    def whole(self):
        return self.generation == self.twin


class Holder:
    def __init__(self):
        self.current = Config(0)


KINDS = ("small", "medium", "large")


def read(holder, requests, results, index):
    total = 0
    broken = 0
    for n in requests:
        config = holder.current
        total += config.cost(config.pick(n), KINDS[n % 3])
        if not config.whole():
            broken += 1
    results[index] = (total, broken)


def main():
    parser = _report.parser(__doc__, 1_200_000, 30_000, "requests served in all")
    options = _report.parse(parser)
    holder = Holder()
    results = {}
    with _report.Timer() as timer:
        threads = [threading.Thread(target=read, args=(holder, range(k, options.size, options.threads), results, k))
                   for k in range(options.threads)]
        for thread in threads:
            thread.start()
        generation = 0
        while any(thread.is_alive() for thread in threads):
            generation += 1
            holder.current = Config(generation)
            threads[generation % len(threads)].join(0.01)
        for thread in threads:
            thread.join()
    broken = sum(b for _, b in results.values())
    print(f"requests: {options.size}, configuration replaced {generation} times, {broken} seen half-changed")
    print(f"checksum: {sum(total for total, _ in results.values())}")
    timer.report(options)
    if broken or len(results) != options.threads:
        print("error: a reader saw half a change, or ended early", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
