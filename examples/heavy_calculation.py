"""A CPU-bound loop, cut into chunks that a thread pool works off.

On an interpreter whose threads run in parallel, the time falls with the number of threads; with a GIL it does not.
The result is the same for any number of threads.
"""

from concurrent.futures import ThreadPoolExecutor

import _report


def heavy_calculation(task):
    chunk, iterations = task
    total = 0
    for i in range(iterations):
        total += i * chunk
    return total


def main():
    parser = _report.parser(__doc__, 25_000_000, 100_000, "iterations per chunk")
    parser.add_argument("--chunks", type=int, default=4, metavar="N", help="chunks of work (default 4)")
    options = _report.parse(parser)
    tasks = [(chunk, options.size) for chunk in range(1, options.chunks + 1)]
    with _report.Timer() as timer, ThreadPoolExecutor(max_workers=options.threads) as pool:
        results = list(pool.map(heavy_calculation, tasks))
    print(f"chunks:   {len(results)} of {options.size} iterations")
    print(f"checksum: {sum(results)}")
    timer.report(options)


if __name__ == "__main__":
    main()
