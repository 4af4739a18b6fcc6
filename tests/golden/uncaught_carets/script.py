class Thing:
    pass


def chain(a, b, c):
    return (a + b) * (c.left.right["key"](1, x=2) / b)


thing = Thing()
thing.left = Thing()
thing.left.right = {"key": lambda n, x: n}
chain(1, 0, thing)
