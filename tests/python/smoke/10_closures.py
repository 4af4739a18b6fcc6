def make_counter():
    count = 0

    def step(by=1):
        nonlocal count
        count += by
        return count

    return step


c, d = make_counter(), make_counter()
print(c(), c(), c(5), d())


def late():
    return [lambda: i for i in range(3)]


print([f() for f in late()])


def early():
    return [lambda i=i: i for i in range(3)]


print([f() for f in early()])


def pair():
    value = None

    def set_(v):
        nonlocal value
        value = v

    def get():
        return value

    return set_, get


set_, get = pair()
print(get())
set_([1])
print(get())


def deep(a):
    def two(b):
        def three(c):
            return a + b + c

        return three

    return two


print(deep(1)(2)(3))


def decorate(prefix):
    def wrap(function):
        def inner(*args, **kwargs):
            return prefix + function(*args, **kwargs)

        return inner

    return wrap


@decorate("<")
@decorate("[")
def greet(name):
    return name


print(greet("x"))


def unbound():
    def inner():
        return late_value

    try:
        inner()
    except NameError as error:
        print(error)
    late_value = 1
    return inner()


print(unbound())


def local_unbound():
    try:
        print(x)
    except UnboundLocalError as error:
        print(error)
    x = 1


local_unbound()
print(deep(1).__closure__[0].cell_contents, deep.__closure__, deep(1).__code__.co_freevars)
