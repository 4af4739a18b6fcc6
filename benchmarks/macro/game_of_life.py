"""Conway's game of life on sets and on lists."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


def step(cells):
    neighbours = {}
    for x, y in cells:
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                if dx or dy:
                    key = x + dx, y + dy
                    neighbours[key] = neighbours.get(key, 0) + 1
    return {cell for cell, n in neighbours.items() if n == 3 or n == 2 and cell in cells}


def step_grid(grid):
    size = len(grid)
    result = []
    for y in range(size):
        above, here, below = grid[y - 1], grid[y], grid[(y + 1) % size]
        row = []
        for x in range(size):
            left, right = x - 1, (x + 1) % size
            n = (above[left] + above[x] + above[right] + here[left] + here[right]
                 + below[left] + below[x] + below[right])
            row.append(1 if n == 3 or n == 2 and here[x] else 0)
        result.append(row)
    return result


def main():
    cells = {(1, 0), (2, 1), (0, 2), (1, 2), (2, 2), (40, 40), (41, 40), (42, 40)}
    for _ in range(300):
        cells = step(cells)
    grid = [[(x * 7 + y * 13) % 5 == 0 for x in range(48)] for y in range(48)]
    for _ in range(120):
        grid = step_grid(grid)
    return len(cells), sum(map(sum, grid))


if __name__ == "__main__":
    timing.run(main)
