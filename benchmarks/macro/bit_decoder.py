"""Packs text by Huffman codes into bits, and decodes it bit by bit."""

import heapq
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


class BitReader:
    def __init__(self, data):
        self.data = data
        self.position = 0
        self.bits = 0
        self.count = 0

    def need(self, n):
        while self.count < n:
            self.bits |= self.data[self.position] << self.count
            self.position += 1
            self.count += 8

    def read(self, n):
        self.need(n)
        value = self.bits & (1 << n) - 1
        self.bits >>= n
        self.count -= n
        return value


def code_lengths(text):
    counts = {}
    for letter in text:
        counts[letter] = counts.get(letter, 0) + 1
    heap = [(n, i, letter) for i, (letter, n) in enumerate(sorted(counts.items()))]
    heapq.heapify(heap)
    serial = len(heap)
    while len(heap) > 1:
        a, b = heapq.heappop(heap), heapq.heappop(heap)
        heapq.heappush(heap, (a[0] + b[0], serial, (a[2], b[2])))
        serial += 1
    lengths, stack = {}, [(heap[0][2], 0)]
    while stack:
        tree, depth = stack.pop()
        if isinstance(tree, tuple):
            stack.extend((part, depth + 1) for part in tree)
        else:
            lengths[tree] = depth
    return lengths


def codes_of(lengths):
    code = previous = 0
    table = {}
    for letter, length in sorted(lengths.items(), key=lambda item: (item[1], item[0])):
        code <<= length - previous
        table[letter] = code, length
        previous = length
        code += 1
    return table


def main():
    text = "the quick brown fox jumps over the lazy dog and runs away from it again " * 400
    table = codes_of(code_lengths(text))
    data, bits, count = bytearray(), 0, 0
    for letter in text:
        code, length = table[letter]
        for i in range(length - 1, -1, -1):
            bits |= (code >> i & 1) << count
            count += 1
            if count == 8:
                data.append(bits)
                bits = count = 0
    data.append(bits)
    data.append(0)
    decode = {code: letter for letter, code in table.items()}
    reader, out = BitReader(data), []
    while len(out) < len(text):
        code = length = 0
        while True:
            code = code << 1 | reader.read(1)
            length += 1
            letter = decode.get((code, length))
            if letter is not None:
                out.append(letter)
                break
    return "".join(out) == text, len(data)


if __name__ == "__main__":
    timing.run(main)
