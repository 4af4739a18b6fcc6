def count(n):
    i = 0
    while i < n:
        yield i
        i += 1
    return "done"


print(list(count(4)), sum(count(1000)))
g = count(2)
print(next(g), next(g))
try:
    next(g)
except StopIteration as stop:
    print("stop", stop.value)
print(next(g, "default"))


def echo():
    received = None
    while True:
        try:
            received = yield received
        except ValueError as error:
            received = "handled " + str(error)


e = echo()
print(next(e), e.send(1), e.send("two"), e.throw(ValueError("v")), e.send(3))
e.close()


def cleanup():
    try:
        yield 1
        yield 2
    finally:
        print("closed")


for value in cleanup():
    print(value)
    break
c = cleanup()
next(c)
c.close()


def delegate():
    result = yield from count(3)
    print("inner returned", result)
    yield from "xy"


print(list(delegate()))


def fibonacci():
    a, b = 0, 1
    while True:
        yield a
        a, b = b, a + b


first = []
for f in fibonacci():
    if f > 100:
        break
    first.append(f)
print(first)
print(list(x * 2 for x in range(3)), max(len(w) for w in ["a", "bcd"]))


def tree(depth):
    if depth:
        yield from tree(depth - 1)
        yield depth
        yield from tree(depth - 1)


print(list(tree(4)))


class Range:
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        for i in range(self.n):
            yield i


print(list(Range(3)), [*Range(2), *Range(2)], 2 in Range(5))


class Countdown:
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return self

    def __next__(self):
        if self.n == 0:
            raise StopIteration
        self.n -= 1
        return self.n


print(list(Countdown(3)), iter([]).__next__ is not None)


def raises_stop():
    raise StopIteration("leaked")
    yield


try:
    next(raises_stop())
except RuntimeError as error:
    print(error)
print(list(iter([3, 2, 0, 1].pop, 0)))


async def coroutine(n):
    return n * 2


async def caller():
    return await coroutine(4) + await coroutine(5)


try:
    caller().send(None)
except StopIteration as stop:
    print("coroutine", stop.value)
