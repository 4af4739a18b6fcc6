it = iter([1, 2, 3])
print(next(it), list(it), list(it))
numbers = [1, 2, 3]
for n in numbers:
    if n == 1:
        numbers.append(4)
print(numbers)
a, b, *c = range(5)
print(a, b, c)
try:
    a, b = [1]
except ValueError as error:
    print(error)
try:
    a, b = 1, 2, 3
except ValueError as error:
    print(error)
try:
    a, *b, c = [1]
except ValueError as error:
    print(error)
try:
    for x in 5:
        pass
except TypeError as error:
    print(error)
try:
    a, b = None
except TypeError as error:
    print(error)
d = {"one": 1, "two": 2}
print([k for k in d], [v for v in d.values()], max(d, key=d.get), list(zip(d, d.values())))
print(sum(1 for _ in "abc"), "".join(c for c in "hello" if c != "l"))
z = zip(range(3), iter("ab"))
print(list(z))
e = enumerate(["x"], start=5)
print(next(e))
rev = reversed([1, 2, 3])
print(next(rev), list(rev))
gen = (i for i in range(3))
print(1 in gen, list(gen))
m = map(int, "123")
print(next(m), [*m])
try:
    list(zip([1], [1, 2], strict=True))
except ValueError as error:
    print(error)
for i, (x, y) in enumerate([(1, 2), (3, 4)]):
    print(i, x, y)
for i in range(2):
    for j in range(2):
        print(i, j, end=";")
print()
slots = {}
for slots["key"] in (1, 2):
    print(slots, end=" ")
print()
