"""3,000 times: submit an empty task, wait for its result."""

from concurrent.futures import ThreadPoolExecutor

import _wall


def main():
    with ThreadPoolExecutor(1) as pool:
        return sum(pool.submit(abs, -1).result() for _ in range(3_000))


if __name__ == "__main__":
    _wall.run(main)
