"""Threads that read and write elements of one list and one bytearray, each in a part of its own."""

import threading

import _scale

PART = 4096
MOST = 64  # threads at a time

numbers = [0] * (PART * MOST)
pixels = bytearray(PART * MOST)
lock = threading.Lock()
free = list(range(MOST))


def kernel():
    with lock:
        part = free.pop()
    first = part * PART
    for _ in range(30):
        for i in range(first, first + PART):
            numbers[i] += 1
            pixels[i] = numbers[i] & 255
    total = sum(numbers[first:first + PART])
    for i in range(first, first + PART):
        numbers[i] = 0
    with lock:
        free.append(part)
    return total


if __name__ == "__main__":
    _scale.run(kernel)
