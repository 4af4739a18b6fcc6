"""Many empty tasks through a thread pool of its own per thread."""

from concurrent.futures import ThreadPoolExecutor

import _scale


def kernel():
    with ThreadPoolExecutor(1) as pool:
        return sum(pool.map(abs, range(-5_000, 0)))


if __name__ == "__main__":
    _scale.run(kernel)
