def add(a, b=10):
    return a + b


def nothing():
    pass


def everything(a, /, b, c=3, *args, d, e=5, **kwargs):
    return (a, b, c, args, d, e, kwargs)


print(add(1), add(1, 2), add(b=5, a=6), nothing())
print(everything(1, 2, d=4))
print(everything(1, 2, 3, 4, 5, d=6, e=7, f=8))
print(everything(*[1, 2], **{"d": 3, "a": 4}))
print(everything(0, *(1, 2), *[3, 4], d=1, **{"x": 1}, **{"y": 2}))


def fact(n):
    return 1 if n <= 1 else n * fact(n - 1)


print(fact(5), fact(25))


def fib(n):
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)


print(fib(20))
square = lambda x: x * x
print(square(9), (lambda *a, **k: (a, k))(1, z=2))


def shared(item, bucket=[]):
    bucket.append(item)
    return bucket


print(shared(1), shared(2))
print(add.__name__, add.__defaults__, everything.__kwdefaults__)


def documented():
    """The docstring."""


print(documented.__doc__, nothing.__doc__)
counter = 0


def bump():
    global counter
    counter += 1


bump()
bump()
print(counter)


def swap(a, b):
    return b, a


x, y = swap(1, 2)
print(x, y)
for call in (lambda: add(), lambda: add(1, 2, 3), lambda: add(1, c=2), lambda: add(1, a=2), lambda: everything(1, 2)):
    try:
        call()
    except TypeError as error:
        print(error)
