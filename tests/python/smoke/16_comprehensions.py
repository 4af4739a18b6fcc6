print([x for x in range(5)], [x + y for x in range(3) for y in range(2) if x != y])
print({x: x * x for x in range(4)}, sorted({c for c in "hello"}))
print([[i * j for j in range(3)] for i in range(3)])
x = "outer"
print([x for x in range(2)], x)
print([y := 5, y * 2], y, [last := i for i in range(3)], last)
functions = [lambda: i for i in range(3)]
print([f() for f in functions])
print(list((a, b) for a in range(2) for b in range(a + 1)))


class Scope:
    items = [1, 2]
    doubled = [i * 2 for i in items]


print(Scope.doubled)


def captured(n):
    return [lambda: n + i for i in range(2)], (n * k for k in range(3))


fs, gen = captured(10)
print([f() for f in fs], list(gen))
print([*range(3), *"ab"], {*[1], *[2]}, {**{"a": 1}, **{"b": 2}}, (*[1], 2))
matrix = [[1, 2, 3], [4, 5, 6]]
print([row[0] for row in matrix], list(zip(*matrix)), [v for row in matrix for v in row])
print(dict(sorted({"b": 1, "a": 2}.items())), sum(i for i in range(10) if i & 1))
