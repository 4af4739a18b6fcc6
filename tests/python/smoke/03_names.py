a = 1
b = a
a = 2
print(a, b)
a, b = b, a
print(a, b)
x = y = z = 7
print(x, y, z)
first, *rest = [1, 2, 3]
print(first, rest)
*init, last = "abc"
print(init, last)
(p, q), r = (1, 2), 3
print(p, q, r)
n: int = 5
print(n)
del n
try:
    n
except NameError as error:
    print("NameError:", error)
if (m := 10) > 5:
    print("walrus", m)
print([k := 3, k + 1])
lst = [0, 0, 0]
i = 0
i, lst[i] = 1, "set"
print(i, lst)
del lst[0]
print(lst)
