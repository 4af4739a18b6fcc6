class Loud:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("del", self.name)


def returns_none():
    a = Loud("a")
    b = a
    del a
    print("still alive")
    b = None
    print("gone")


returns_none()
container = [Loud("in list")]
container[0] = None
table = {"k": Loud("in dict")}
del table["k"]
holder = Loud("attribute")
holder.child = Loud("child")
del holder
print("after holder")


def argument(x):
    del x
    print("end of argument")


argument(Loud("passed"))
for item in [Loud("loop 1"), Loud("loop 2")]:
    pass
item = None
print("loop over")
try:
    raise ValueError(Loud("in exception"))
except ValueError:
    print("handling")
print("handled")


def generator():
    value = Loud("in generator")
    yield 1
    yield value.name


g = generator()
next(g)
del g
print("generator gone")
f = (lambda cell: lambda: cell)(Loud("in closure"))
f = None
print("closure gone")
x = "module"


def scopes():
    x = "function"

    class Inner:
        y = x
        x = "class"
        z = x

        def method(self):
            return x

    return Inner.y, Inner.z, Inner().method()


print(scopes())


def globals_and_dels():
    global made
    made = 1
    del made
    try:
        made
    except NameError as error:
        print(error)
    local = 1
    del local
    try:
        local
    except UnboundLocalError as error:
        print(error)


globals_and_dels()
