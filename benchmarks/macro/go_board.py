"""Random games on a go-like board: groups, liberties, captures."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


SIZE = 9
EMPTY, BLACK, WHITE = 0, 1, 2


class Board:
    def __init__(self):
        self.cells = [EMPTY] * (SIZE * SIZE)
        self.captured = [0, 0, 0]

    neighbours = [[n for n in (p - SIZE if p >= SIZE else -1, p + SIZE if p < SIZE * (SIZE - 1) else -1,
                               p - 1 if p % SIZE else -1, p + 1 if p % SIZE < SIZE - 1 else -1) if n >= 0]
                  for p in range(81)]

    def group(self, start):
        colour, stones, liberties, todo = self.cells[start], {start}, set(), [start]
        while todo:
            for n in self.neighbours[todo.pop()]:
                cell = self.cells[n]
                if cell == EMPTY:
                    liberties.add(n)
                elif cell == colour and n not in stones:
                    stones.add(n)
                    todo.append(n)
        return stones, liberties

    def play(self, position, colour):
        self.cells[position] = colour
        for n in self.neighbours[position]:
            if self.cells[n] == 3 - colour:
                stones, liberties = self.group(n)
                if not liberties:
                    self.captured[colour] += len(stones)
                    for s in stones:
                        self.cells[s] = EMPTY
        if not self.group(position)[1]:
            self.cells[position] = EMPTY
            return False
        return True


def game(seed):
    board, colour, moves = Board(), BLACK, 0
    for _ in range(160):
        seed = (seed * 69069 + 1) & 0xFFFFFFFF
        position = (seed >> 16) % (SIZE * SIZE)
        if board.cells[position] == EMPTY and board.play(position, colour):
            moves += 1
        colour = 3 - colour
    return moves * 1000 + board.captured[BLACK] * 10 + board.captured[WHITE]


def main():
    return sum(game(seed) for seed in range(200))


if __name__ == "__main__":
    timing.run(main)
