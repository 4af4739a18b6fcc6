"""Threads that read one shared object, its class, a shared list, dict and module globals."""

import _scale


class Config:
    scale = 3

    def __init__(self):
        self.factor = 5
        self.table = {"a": 1, "b": 2}
        self.items = [object(), "text", (1, 2)]

    def cost(self, n):
        return n * self.factor + self.scale


shared = Config()


def kernel():
    total = 0
    for i in range(150_000):
        total += shared.cost(i) + shared.table["b"] + len(shared.items[2])
        if shared.items[0] is None:
            total += 1
    return total


if __name__ == "__main__":
    _scale.run(kernel)
