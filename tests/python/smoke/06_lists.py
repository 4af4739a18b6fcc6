a = [3, 1, 2]
print(a, len(a), a[0], a[-1], a[1:], a[:-1], a[::-1], a[5:])
a.append(4)
a.insert(0, 9)
a.extend([7, 8])
print(a)
print(a.pop(), a.pop(0), a)
a.remove(1)
print(a, a.index(4), a.count(2), 2 in a, 5 not in a)
a.sort()
print(a)
a.sort(reverse=True)
print(a)
a.reverse()
print(a, sorted([3, 1, 2], key=lambda v: -v))
print([1] + [2, 3], [0] * 3, [[]] * 2, [1, 2] < [1, 3], [1] == [1])
a[1:2] = ["x", "y", "z"]
print(a)
del a[::2]
print(a)
a[:] = []
print(a, not a)
a += (1, 2)
a *= 2
print(a)
b = a.copy()
b.clear()
print(a, b)
nested = [[1, 2], [3, [4]]]
print(nested[1][1][0])
nested[1][1].append(nested[0])
print(nested)
loop = [1]
loop.append(loop)
print(loop)
print([i * i for i in range(5)], [i for i in range(10) if i % 3 == 0], [(x, y) for x in "ab" for y in (1, 2)])
print(list("abc"), list(range(3)), list())
for bad in (lambda: a[10], lambda: [].pop(), lambda: [1].remove(2), lambda: [1].index(3), lambda: a["x"]):
    try:
        bad()
    except (IndexError, ValueError, TypeError) as error:
        print(type(error).__name__, error)
print(any([0, 1]), all([1, 0]), list(reversed([1, 2])), list(enumerate("ab", 1)), list(zip([1, 2], "ab")))
print(list(map(str, [1, 2])), list(filter(None, [0, 1, 2])))
big = []
for i in range(10000):
    big.append(i)
print(len(big), sum(big), big[5000], max(big))
