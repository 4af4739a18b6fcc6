d = {"a": 1, "b": 2}
print(d, d["a"], len(d), "a" in d, "z" in d, d.get("z"), d.get("z", 0))
d["c"] = 3
d["a"] = 10
print(d)
del d["b"]
print(d, list(d), list(d.values()), list(d.items()))
d["b"] = 5
print(d, d.pop("c"), d.pop("zz", None), d.setdefault("n", []), d)
d.update({"q": 1}, r=2)
print(d.popitem(), d)
for key in d:
    print(key, end=" ")
print()
for key, value in d.items():
    print(key, value, end="; ")
print()
print({1: "int", 1.0: "float", True: "bool"}, {(1, 2): 3}[1, 2])
print({k: v for k, v in zip("abc", range(3))}, dict(x=1, y=2), dict([("p", 1)]), {**{"a": 1}, "b": 2})
print({"a": 1} | {"a": 2, "c": 3}, {"a": 1} == {"a": 1}, dict.fromkeys("ab", 0))
for bad in (lambda: d["missing"], lambda: {}[1], lambda: {[]: 1}, lambda: {}.popitem()):
    try:
        bad()
    except (KeyError, TypeError) as error:
        print(type(error).__name__, error)
try:
    for key in d:
        d[key + "x"] = 1
except RuntimeError as error:
    print(error)
big = {}
for i in range(5000):
    big[i] = i * 2
    big[str(i)] = i
for i in range(0, 5000, 2):
    del big[i]
print(len(big), big[4999], big["77"], 4998 in big, sum(v for k, v in big.items() if type(k) is int))
self_ref = {}
self_ref["me"] = self_ref
print(self_ref)
print(list(reversed({"x": 1, "y": 2})), {"a": 1}.keys() & {"a", "b"})
