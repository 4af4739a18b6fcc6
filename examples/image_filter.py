"""3x3 filters over a batch of grey images, all in pure Python and bytearrays.

Every image is made by its own linear congruential generator, blurred, sharpened and searched for edges. Images are
independent tasks; a second pass splits one large image into bands of rows that threads write side by side.
"""

import threading
from concurrent.futures import ThreadPoolExecutor

import _report

BLUR = ((1, 2, 1, 2, 4, 2, 1, 2, 1), 16)
SHARPEN = ((0, -1, 0, -1, 5, -1, 0, -1, 0), 1)
EDGES = ((-1, -1, -1, -1, 8, -1, -1, -1, -1), 1)


def make_image(width, height, seed):
    pixels = bytearray(width * height)
    state = seed
    for i in range(width * height):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        pixels[i] = state >> 24
    return pixels


def apply(source, target, width, rows, kernel):
    """Filters the given inner rows of `source` into `target`; the border keeps its pixels."""
    (a, b, c, d, e, f, g, h, i), divisor = kernel
    for y in rows:
        row = y * width
        for p in range(row + 1, row + width - 1):
            above, below = p - width, p + width
            value = (a * source[above - 1] + b * source[above] + c * source[above + 1]
                     + d * source[p - 1] + e * source[p] + f * source[p + 1]
                     + g * source[below - 1] + h * source[below] + i * source[below + 1]) // divisor
            target[p] = 0 if value < 0 else 255 if value > 255 else value


def checksum(pixels):
    low, high = 1, 0
    for byte in pixels:
        low = (low + byte) % 65521
        high = (high + low) % 65521
    return high << 16 | low


def filter_image(task):
    width, height, seed = task
    pixels = make_image(width, height, seed)
    for kernel in (BLUR, SHARPEN, EDGES):
        target = bytearray(pixels)
        apply(pixels, target, width, range(1, height - 1), kernel)
        pixels = target
    return checksum(pixels)


def filter_in_bands(width, height, seed, threads):
    """Threads write disjoint rows of one shared bytearray."""
    source = make_image(width, height, seed)
    target = bytearray(source)
    step = -(-(height - 2) // threads)
    bands = [range(y, min(y + step, height - 1)) for y in range(1, height - 1, step)]
    workers = [threading.Thread(target=apply, args=(source, target, width, band, BLUR)) for band in bands]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return checksum(target)


def main():
    parser = _report.parser(__doc__, 256, 32, "width and height of an image")
    parser.add_argument("--images", type=int, default=8, metavar="N", help="images in the batch (default 8)")
    options = _report.parse(parser)
    size = options.size
    with _report.Timer() as timer:
        with ThreadPoolExecutor(max_workers=options.threads) as pool:
            sums = list(pool.map(filter_image, [(size, size, seed) for seed in range(1, options.images + 1)]))
        sums.append(filter_in_bands(size * 2, size * 2, 99, options.threads))
    total = 0
    for value in sums:
        total = (total * 31 + value) % (1 << 61)
    print(f"images:   {options.images} of {size} x {size}, and one of {size * 2} x {size * 2} in bands")
    print(f"checksum: {total}")
    timer.report(options)


if __name__ == "__main__":
    main()
