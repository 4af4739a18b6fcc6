class Point:
    """A point."""

    dimensions = 2

    def __init__(self, x, y=0):
        self.x = x
        self.y = y

    def moved(self, dx, dy):
        return Point(self.x + dx, self.y + dy)

    def __repr__(self):
        return f"Point({self.x}, {self.y})"

    def __eq__(self, other):
        return isinstance(other, Point) and (self.x, self.y) == (other.x, other.y)

    def __add__(self, other):
        return Point(self.x + other.x, self.y + other.y)


p = Point(1, 2)
print(p, p.moved(1, 1), p == Point(1, 2), p != Point(0), p + p, p.dimensions, Point.dimensions)
p.z = 3
print(p.__dict__, hasattr(p, "w"), getattr(p, "w", "none"))
del p.z
Point.dimensions = 3
p.dimensions = 4
print(p.dimensions, Point.dimensions, Point.__name__, Point.__doc__, type(p) is Point)


class Animal:
    def __init__(self, name):
        self.name = name

    def speak(self):
        return f"{self.name} makes {self.sound()}"

    def sound(self):
        return "noise"

    @staticmethod
    def kingdom():
        return "animalia"

    @classmethod
    def create(cls, name):
        return cls(name)

    @property
    def loud(self):
        return self.name.upper()

    @loud.setter
    def loud(self, value):
        self.name = value.lower()


class Dog(Animal):
    def __init__(self, name, age):
        super().__init__(name)
        self.age = age

    def sound(self):
        return "woof, not " + super().sound()

    @classmethod
    def create(cls, name):
        return cls(name, 1)


d = Dog("rex", 3)
print(d.speak(), d.age, Dog.create("b").speak(), Animal.create("c").speak(), d.kingdom(), Dog.kingdom())
print(d.loud)
d.loud = "MAX"
print(d.name, isinstance(d, Animal), issubclass(Dog, Animal), isinstance(d, (int, Dog)), Dog.__mro__ == (Dog, Animal, object))
method = d.speak
print(method(), Animal.speak(d))
try:
    d.nothing
except AttributeError as error:
    print(error)
try:
    Dog()
except TypeError as error:
    print(error)


class A:
    def who(self):
        return ["A"]


class B(A):
    def who(self):
        return ["B"] + super().who()


class C(A):
    def who(self):
        return ["C"] + super().who()


class D(B, C):
    def who(self):
        return ["D"] + super().who()


print(D().who(), [k.__name__ for k in D.__mro__])
print(type("Made", (A,), {"x": 1})().x, type(3), type(type), type(None).__name__)
