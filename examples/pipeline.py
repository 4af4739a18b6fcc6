"""A pipeline of threads: producers, workers and a collector, with bounded queues in between.

Each stage ends when it has seen one end mark per thread of the stage before. The checksum is a sum, so that it does not
depend on the order in which items travel; no item may be lost or doubled.
"""

import queue
import sys
import threading

import _report

END = object()


def produce(numbers, outgoing):
    for n in numbers:
        outgoing.put((n, f"item-{n}"))


def transform(incoming, outgoing):
    while (item := incoming.get()) is not END:
        number, name = item
        value = number
        steps = 0
        while value != 1:
            value = value // 2 if value % 2 == 0 else 3 * value + 1
            steps += 1
        outgoing.put({"number": number, "name": name, "steps": steps})
    incoming.put(END)  # for the next worker


def collect(incoming, result):
    seen = set()
    while (record := incoming.get()) is not END:
        seen.add(record["number"])
        result["count"] += 1
        result["checksum"] += record["number"] * record["steps"] + len(record["name"])
        result["longest"] = max(result["longest"], (record["steps"], -record["number"]))
    result["distinct"] = len(seen)


def main():
    parser = _report.parser(__doc__, 60_000, 2_000, "items sent through the pipeline")
    parser.add_argument("--capacity", type=int, default=64, metavar="N", help="items a queue holds (default 64)")
    options = _report.parse(parser)
    raw, cooked = queue.Queue(options.capacity), queue.Queue(options.capacity)
    result = {"count": 0, "checksum": 0, "longest": (0, 0), "distinct": 0}
    with _report.Timer() as timer:
        producers = [threading.Thread(target=produce, args=(range(1 + k, options.size + 1, options.threads), raw))
                     for k in range(options.threads)]
        workers = [threading.Thread(target=transform, args=(raw, cooked)) for _ in range(options.threads)]
        collector = threading.Thread(target=collect, args=(cooked, result))
        for thread in [*producers, *workers, collector]:
            thread.start()
        for thread in producers:
            thread.join()
        raw.put(END)
        for thread in workers:
            thread.join()
        cooked.put(END)
        collector.join()
    print(f"items:    {result['count']}, {result['distinct']} distinct, the longest chain has {result['longest'][0]}"
          f" steps and starts at {-result['longest'][1]}")
    print(f"checksum: {result['checksum']}")
    timer.report(options)
    if not result["count"] == result["distinct"] == options.size:
        print("error: items were lost or doubled", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
