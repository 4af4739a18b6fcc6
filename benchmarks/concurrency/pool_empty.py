"""20,000 empty tasks through one pool of four threads."""

from concurrent.futures import ThreadPoolExecutor

import _wall


def nothing():
    pass


def main():
    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(nothing) for _ in range(20_000)]
        return sum(future.result() is None for future in futures)


if __name__ == "__main__":
    _wall.run(main)
