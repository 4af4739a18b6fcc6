"""Places tiles with counts of neighbours on a hexagonal board by constraint search."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


def neighbours_of(size):
    cells = [(q, r) for q in range(-size, size + 1) for r in range(-size, size + 1) if abs(q + r) <= size]
    index = {cell: i for i, cell in enumerate(cells)}
    around = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, -1), (-1, 1))
    return [[index[q + dq, r + dr] for dq, dr in around if (q + dq, r + dr) in index] for q, r in cells]


class Board:
    def __init__(self, size, tiles):
        self.neighbours = neighbours_of(size)
        self.tiles = list(tiles)
        self.cells = [None] * len(self.neighbours)
        self.tried = 0

    def fits(self, cell):
        for other in (cell, *self.neighbours[cell]):
            value = self.cells[other]
            if value is None or value < 0:
                continue
            filled = free = 0
            for n in self.neighbours[other]:
                content = self.cells[n]
                if content is None:
                    free += 1
                elif content >= 0:
                    filled += 1
            if filled > value or filled + free < value:
                return False
        return True

    def solve(self, cell=0):
        if cell == len(self.cells):
            return True
        for value in range(-1, 7):
            if not self.tiles[value]:
                continue
            self.tried += 1
            self.tiles[value] -= 1
            self.cells[cell] = value
            if self.fits(cell) and self.solve(cell + 1):
                return True
            self.tiles[value] += 1
            self.cells[cell] = None
        return False


def main():
    # Tiles with 0..6 neighbours, then empty cells.
    board = Board(2, [0, 0, 3, 3, 3, 2, 0, 8])
    found = board.solve()
    return found, board.tried


if __name__ == "__main__":
    timing.run(main)
