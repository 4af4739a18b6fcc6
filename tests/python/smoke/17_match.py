class Point:
    __match_args__ = ("x", "y")

    def __init__(self, x, y):
        self.x, self.y = x, y


LIMIT = 5


class Names:
    RED = "red"


def describe(value):
    match value:
        case 0:
            return "zero"
        case 1 | 2 | 3:
            return "small"
        case -1 | 2.5 | 1 + 2j:
            return "odd number"
        case "hi" as word:
            return word + "!"
        case Names.RED:
            return "dotted name"
        case None | True:
            return "singleton"
        case []:
            return "empty"
        case [x]:
            return f"one {x}"
        case [x, y] if x == y:
            return f"twins {x}"
        case [first, *rest]:
            return f"{first} then {rest}"
        case {"kind": "circle", "r": r}:
            return f"circle {r}"
        case {"name": str(name), **others}:
            return f"named {name} {others}"
        case Point(0, y=0):
            return "origin"
        case Point(x, y):
            return f"point {x} {y}"
        case int(n) if n > 100:
            return f"large {n}"
        case str() | bytes():
            return "text"
        case _:
            return "unknown"


for item in (0, 2, -1, 2.5, 1 + 2j, "hi", "red", None, True, [], [9], [4, 4], (1, 2, 3), {"kind": "circle", "r": 2},
             {"name": "n", "age": 3}, Point(0, 0), Point(1, 2), 500, 50, "other", b"b", {}, {1}):
    print(describe(item))
match (1, (2, [3, 4])):
    case (a, (b, [*c])):
        print(a, b, c)
