name = "World"
n = 42
pi = 3.14159265
print(f"Hello {name}!", f"{n:5d}|{n:<5}|{n:^5}|{n:>5}|{n:05}|{n:+}")
print(f"{pi:.3f} {pi:10.2f} {pi:e} {pi:.2%} {1e10:g} {1234567.891:,.2f} {1234567:_}")
print(f"{n:b} {n:o} {n:x} {n:X} {n:#x} {n:#010b}")
print(f"{name!r} {name!s} {name!a} {name:>10} {name:*<8}")
print(f"{n=} {n = } {name=!s} {pi=:.2f}")
print(f"{'a' if n else 'b'} {[i for i in range(3)]} {{'literal'}} {n + 1}")
width, precision = 10, 3
print(f"{pi:{width}.{precision}}|{'x':{'*'}^{width}}")
print(f"{f"{f"{n}"}"}" f" joined {name}")
print(f"""multi
{n}
line""")
print(rf"\d{n}", f"\x41{n}\n")
print(f"{(lambda x: x * 2)(4)} {dict(a=1)['a']} {n!r:>6}")


class F:
    def __format__(self, spec):
        return f"spec={spec!r}"


print(f"{F()} {F():abc} {F():{n}}")
print("{0.real} {1[0]} {1[1]!r:>5}".format(n, ["a", "b"]), "{:,}".format(10**9), format(255, "x"))
t = t"value {n:>5} of {name!r}"
print(type(t).__name__, t.strings, t.values)
