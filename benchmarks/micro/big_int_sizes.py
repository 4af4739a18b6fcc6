"""Products, quotients and decimal texts of ints of 100 to 100,000 digits."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing

def number(digits, seed):
    return pow(seed, digits * 10_000 // 4771) % 10 ** digits | 10 ** (digits - 1)


def multiply(digits, times):
    a, b = number(digits, 3), number(digits, 7)

    def row():
        total = 0
        for _ in range(times):
            total ^= (a * b) & 0xFFFF_FFFF
            total ^= (a * a) & 0xFFFF
        return total
    return row


def to_text(digits, times):
    a = number(digits, 3)

    def row():
        total = 0
        for _ in range(times):
            total += len(str(a))
        return total
    return row


def from_text(digits, times):
    text = str(number(digits, 3))

    def row():
        total = 0
        for _ in range(times):
            total ^= int(text) & 0xFFFF_FFFF
        return total
    return row


def divide(digits, times):
    a, b = number(2 * digits, 3), number(digits, 7)

    def row():
        total = 0
        for _ in range(times):
            quotient, rest = divmod(a, b)
            total ^= (quotient ^ rest ^ a % 1_000_003) & 0xFFFF_FFFF
        return total
    return row


def add_and_shift(digits, times):
    a, b = number(digits, 3), number(digits, 7)

    def row():
        total = 0
        for i in range(times):
            total ^= ((a + b) ^ (a - b) ^ (a >> 5) ^ (b << 3)) & 0xFFFF
        return total
    return row


def power():
    return sum(pow(3, 10 ** 40 + i, 10 ** 60 + 7) % 1000 for i in range(100)) + len(str(3 ** 9000))


if __name__ == "__main__":
    sys.set_int_max_str_digits(0)
    timing.run_rows(
        multiply_100=multiply(100, 20_000), multiply_1000=multiply(1000, 1000), multiply_10000=multiply(10_000, 20),
        multiply_100000=multiply(100_000, 1), to_text_100=to_text(100, 10_000), to_text_1000=to_text(1000, 500),
        to_text_10000=to_text(10_000, 10), to_text_100000=to_text(100_000, 1), from_text_100=from_text(100, 10_000),
        from_text_1000=from_text(1000, 500), from_text_10000=from_text(10_000, 10),
        from_text_100000=from_text(100_000, 1), divide_100=divide(100, 8000), divide_10000=divide(10_000, 10),
        add_and_shift_100=add_and_shift(100, 10_000), add_and_shift_10000=add_and_shift(10_000, 500), power=power)
