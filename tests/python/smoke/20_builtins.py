print(abs(-2.5), bin(5), oct(8), hex(255), chr(65), ord("a"), len("abc"), callable(len), callable(3))
print(isinstance(1, int), isinstance(True, int), issubclass(bool, int), type(1).__name__, id(print) == id(print))
print(min(1, 2), min([], default="none"), max("a", "b", key=ord), sum([0.5, 0.25]), sum([[1], [2]], []))
print(sorted([3, 1, 2]), sorted("bca", reverse=True), sorted(["bb", "a"], key=len), list(reversed(range(3))))
print(list(range(0)), list(range(2, 8, 2)), range(5)[1:3], len(range(0, 10, 3)), 4 in range(0, 10, 2), range(3) == range(0, 3))
print(list(zip("ab", [1, 2], (True, False))), list(map(lambda a, b: a + b, [1, 2], [3, 4])), list(filter(lambda v: v > 1, [1, 2])))
print(any([]), all([]), any(x > 1 for x in [1, 2]), next(iter([1])), next(iter([]), "end"), list(enumerate("ab")))
print(int("0x1f", 0), int("  12  "), int(True), float("inf"), float("-1e3"), float("nan") != float("nan"), complex(1, 2))
print(str(b"x"), bool([]), bool("0"), list((1, 2)), tuple([1]), set("a"), frozenset(), dict(a=1), bytes(3))
print(round(1.5), round(-0.5), round(1234.5678, 2), round(1234, -2), divmod(7.5, 2), pow(2, 5), pow(2, -1), pow(3, -1, 7))
print(repr(None), ascii("ü"), format(3.14159, ".2f"), hash(1) == hash(1.0) == hash(True))
print(getattr("abc", "upper")(), hasattr(1, "real"), slice(1, 2, 3), slice(5).indices(3), "abc"[slice(1, None)])
namespace = {"v": 2}
exec("w = v * 3", namespace)
print(namespace["w"], eval("v + w", namespace), eval("[i for i in range(3)]"))
code = compile("a + 1", "<string>", "eval")
print(eval(code, {"a": 4}))


class Thing:
    attr = 1


setattr(Thing, "other", 2)
print(Thing.other, sorted(name for name in vars(Thing) if not name.startswith("_")))
delattr(Thing, "other")
print(hasattr(Thing, "other"), [name for name in dir(Thing) if not name.startswith("__")])


def show():
    local_name = 1
    return locals()


print(show(), "show" in globals(), __name__)
print(list(memoryview(b"abc")), bytearray(b"ab") + b"c", object() != object(), print() is None)
