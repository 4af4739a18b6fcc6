import sys

sys.tracebacklimit = 2


def f(n):
    if n:
        return f(n - 1)
    raise ValueError


f(5)
