"""Generator expressions summed in several threads: sum(i * i for i in range(n)) per task."""

from concurrent.futures import ThreadPoolExecutor

import _report


def sum_of_squares(n):
    return sum(i * i for i in range(n))


def main():
    parser = _report.parser(__doc__, 10**7, 50_000, "numbers per task")
    parser.add_argument("--tasks", type=int, default=4, metavar="N", help="tasks (default 4)")
    options = _report.parse(parser)
    with _report.Timer() as timer, ThreadPoolExecutor(max_workers=options.threads) as pool:
        futures = [pool.submit(sum_of_squares, options.size + task) for task in range(options.tasks)]
        results = [future.result() for future in futures]
    print(f"tasks:    {len(results)} of about {options.size} numbers")
    print(f"checksum: {sum(results)}")
    timer.report(options)


if __name__ == "__main__":
    main()
