"""3x3 filters over a batch of grey images, all in pure Python and bytearrays.

Every image is made by its own linear congruential generator, blurred, sharpened and searched for edges. Images are
independent tasks; a second pass splits one large image into bands of rows, and threads make, filter and sum up the
bands side by side in the same two bytearrays.
"""

from concurrent.futures import ThreadPoolExecutor

import _report

BLUR = ((1, 2, 1, 2, 4, 2, 1, 2, 1), 16)
SHARPEN = ((0, -1, 0, -1, 5, -1, 0, -1, 0), 1)
EDGES = ((-1, -1, -1, -1, 8, -1, -1, -1, -1), 1)
BANDS = 8  # of the large image, whatever the number of threads


def fill(pixels, first, last, seed):
    state = seed
    for i in range(first, last):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        pixels[i] = state >> 24


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


def checksum(pixels, first, last):
    low, high = 1, 0
    for i in range(first, last):
        low = (low + pixels[i]) % 65521
        high = (high + low) % 65521
    return high << 16 | low


def filter_image(task):
    width, height, seed = task
    pixels = bytearray(width * height)
    fill(pixels, 0, width * height, seed)
    for kernel in (BLUR, SHARPEN, EDGES):
        target = bytearray(pixels)
        apply(pixels, target, width, range(1, height - 1), kernel)
        pixels = target
    return checksum(pixels, 0, width * height)


def filter_in_bands(pool, width, height, seed):
    """Threads write disjoint rows of one shared bytearray, then read each other's rows of it."""
    source = bytearray(width * height)
    bounds = [height * band // BANDS for band in range(BANDS + 1)]
    bands = list(zip(bounds, bounds[1:]))
    list(pool.map(lambda band: fill(source, band[0] * width, band[1] * width, seed + band[0]), bands))
    target = bytearray(source)

    def filter_band(band):
        first, last = band
        apply(source, target, width, range(max(first, 1), min(last, height - 1)), BLUR)
        return checksum(target, first * width, last * width)

    return list(pool.map(filter_band, bands))


def main():
    parser = _report.parser(__doc__, 256, 32, "width and height of an image")
    parser.add_argument("--images", type=int, default=8, metavar="N", help="images in the batch (default 8)")
    options = _report.parse(parser)
    size = options.size
    with _report.Timer() as timer:
        with ThreadPoolExecutor(max_workers=options.threads) as pool:
            sums = list(pool.map(filter_image, [(size, size, seed) for seed in range(1, options.images + 1)]))
            sums += filter_in_bands(pool, size * 2, size * 2, 99)
    total = 0
    for value in sums:
        total = (total * 31 + value) % (1 << 61)
    print(f"images:   {options.images} of {size} x {size}, and one of {size * 2} x {size * 2} in bands")
    print(f"checksum: {total}")
    timer.report(options)


if __name__ == "__main__":
    main()
