class Descriptor:
    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, obj, owner):
        if obj is None:
            return self
        return obj.__dict__.get(self.name, "unset")

    def __set__(self, obj, value):
        obj.__dict__[self.name] = value * 2

    def __delete__(self, obj):
        del obj.__dict__[self.name]


class Holder:
    field = Descriptor()


h = Holder()
print(h.field, Holder.field.name)
h.field = 21
print(h.field, h.__dict__)
del h.field
print(h.field)


class NonData:
    def __get__(self, obj, owner):
        return "from descriptor"


class Other:
    attr = NonData()


o = Other()
print(o.attr)
o.__dict__["attr"] = "from instance"
print(o.attr)


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self):
        self.a = 1


s = Slotted()
print(s.a, hasattr(s, "b"), hasattr(s, "__dict__"))
try:
    s.c = 1
except AttributeError as error:
    print(error)


class Meta(type):
    def __new__(mcls, name, bases, namespace, **kwargs):
        namespace["made_by"] = "Meta"
        return super().__new__(mcls, name, bases, namespace)

    def __init__(cls, name, bases, namespace, **kwargs):
        super().__init__(name, bases, namespace)
        cls.options = kwargs

    def __call__(cls, *args):
        instance = super().__call__(*args)
        instance.tagged = True
        return instance

    def __len__(cls):
        return 42


class Product(metaclass=Meta, size=3):
    pass


print(Product.made_by, Product.options, Product().tagged, len(Product), type(Product).__name__)


class Registry:
    children = []

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__()
        Registry.children.append((cls.__name__, kwargs))


class One(Registry):
    pass


class Two(Registry, flag=True):
    pass


print(Registry.children)


class Lazy:
    def __getattribute__(self, name):
        if name == "hidden":
            raise AttributeError("no " + name)
        return super().__getattribute__(name)

    def __getattr__(self, name):
        return "fallback " + name


lazy = Lazy()
lazy.real = 1
print(lazy.real, lazy.hidden, lazy.other)


class ReadOnly:
    @property
    def value(self):
        return 5


try:
    ReadOnly().value = 6
except AttributeError as error:
    print(error)


class WithNew:
    def __new__(cls, v):
        obj = super().__new__(cls)
        obj.v = v
        return obj


print(WithNew(8).v)


class Gone:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("deleted", self.name)


g = Gone("first")
g = Gone("second")
del g


def scope():
    Gone("temporary")
    local = Gone("local")
    print("end of scope")


scope()
