t = (1, "two", 3.0)
print(t, t[1], t[-1], len(t), (1,), (), t + (4,), t * 2)
print((1, 2) < (1, 3), (1, 2) == (1, 2), hash((1, 2)) == hash((1, 2)), 1 in t, t.index("two"), t.count(1))
try:
    t[0] = 5
except TypeError as error:
    print(error)
s = {3, 1, 2, 3}
print(len(s), 3 in s, sorted(s), set(), {1})
s.add(9)
s.discard(1)
s.discard(100)
s.remove(2)
print(sorted(s))
try:
    s.remove(77)
except KeyError as error:
    print("KeyError", error)
a, b = {1, 2, 3}, {2, 3, 4}
print(sorted(a | b), sorted(a & b), sorted(a - b), sorted(a ^ b))
print({1} < a, a >= {1, 2, 3}, a.isdisjoint({9}), a == {3, 2, 1})
a |= {10}
a -= {1}
print(sorted(a), sorted(a.union([5], (6,))))
f = frozenset([1, 2])
print({f: "key"}[frozenset([2, 1])], len(f))
print(sorted({x % 3 for x in range(10)}))
try:
    {[1]}
except TypeError as error:
    print(error)
