class Number:
    def __init__(self, v):
        self.v = v

    def __add__(self, other):
        if isinstance(other, Number):
            return Number(self.v + other.v)
        if isinstance(other, int):
            return Number(self.v + other)
        return NotImplemented

    __radd__ = __add__

    def __iadd__(self, other):
        self.v += 100
        return self

    def __neg__(self):
        return Number(-self.v)

    def __lt__(self, other):
        return self.v < other.v

    def __eq__(self, other):
        return self.v == other.v

    def __hash__(self):
        return hash(self.v)

    def __bool__(self):
        return self.v != 0

    def __int__(self):
        return self.v

    def __index__(self):
        return self.v

    def __repr__(self):
        return f"N({self.v})"

    def __format__(self, spec):
        return f"<{spec}:{self.v}>"

    def __call__(self, *args):
        return args, self.v


a, b = Number(1), Number(2)
print(a + b, a + 5, 5 + a, -a, a < b, a > b, a == Number(1), a != b, bool(Number(0)), int(b))
a += 1
print(a, sum([Number(1), Number(2)]), sorted([Number(3), Number(1)]), {Number(1): "x"}[Number(1)])
print([10, 20, 30][b], f"{b:spec}", b(1, 2), hex(b), range(b))
try:
    a + "x"
except TypeError as error:
    print(error)
try:
    "x" + a
except TypeError as error:
    print(error)
try:
    a * 2
except TypeError as error:
    print(error)
try:
    a <= b
except TypeError as error:
    print(error)


class Box:
    def __init__(self):
        self.data = {}

    def __getitem__(self, key):
        return ("get", key)

    def __setitem__(self, key, value):
        self.data[key] = value

    def __delitem__(self, key):
        del self.data[key]

    def __len__(self):
        return len(self.data)

    def __contains__(self, key):
        return key == "magic"

    def __getattr__(self, name):
        return "dynamic " + name


box = Box()
box["a"] = 1
box[1:2] = 3
print(box["a"], box[1:2:3], box[1, 2], len(box), "magic" in box, "a" in box, box.anything, bool(Box()))
del box["a"]
print(len(box))


class Matrix:
    def __matmul__(self, other):
        return "matmul"

    def __rtruediv__(self, other):
        return "rdiv"

    def __pow__(self, other, mod=None):
        return "pow", mod

    def __divmod__(self, other):
        return "divmod"


m = Matrix()
print(m @ m, 1 / m, m**2, pow(m, 2, 3), divmod(m, 1))


class OldIter:
    def __getitem__(self, i):
        if i > 2:
            raise IndexError
        return i * 10


print(list(OldIter()), 20 in OldIter())


class Sub(Number):
    def __radd__(self, other):
        return "subclass first"


print(Number(1) + Sub(2))
