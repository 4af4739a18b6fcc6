s = "Hello, World"
print(s[0], s[-1], s[7:], s[:5], s[::-1], len(s), "World" in s)
print(s.upper(), s.lower(), s.swapcase(), s.title(), "abc".capitalize())
print(s.find("o"), s.rfind("o"), s.find("zz"), s.index("W"), s.count("l"))
print(s.replace("l", "L"), s.replace("l", "", 1), s.split(", "), "a b  c".split(), "a,b,c".split(",", 1), "a,b,c".rsplit(",", 1))
print("-".join(["a", "b", "c"]), "  pad ".strip() + "|", "xxaxx".strip("x"), " l".lstrip(), "r ".rstrip() + "|")
print(s.startswith("Hell"), s.endswith(("x", "d")), "abc".isalpha(), "12".isdigit(), "".isalpha(), "a1".isalnum())
print("a" + "b", "ab" * 3, "a" < "b", "abc" == "abc", "a" "b")
print(repr("it's"), repr('q"'), repr("\n\t\\"), repr("é\x00\x7f"), ascii("é漢🐍"))
print("7".zfill(3), "a".center(5, "*"), "a".ljust(3) + "|", "a".rjust(3))
print("a\nb\r\nc".splitlines(), "k=v".partition("="), "kv".partition("="), "a=b=c".rpartition("="))
print(ord("A"), chr(97), chr(128013), len("🐍"), "🐍x"[1], "naïve"[2])
print("%s is %d and %.2f and %r and %5d|%-5d|%05d %x %%" % ("x", 3, 2.5, "q", 42, 42, 42, 255))
print("{} {1}".replace("1", "") .format(1, 2), "{1} {0} {name}".format("a", "b", name="n"), "{:>5}|{:<5}|{:^5}".format(1, 2, 3))
name, value = "pi", 3.14159
print(f"{name} is {value:.2f} {value!r:>10} {name!s} {1 + 1} {{}} {name=} {'nested'} {f'{name}'}")
print(f"{255:x} {255:#b} {1234567:,} {0.25:%} {3:+} {value:{5}.{2}f} {'x':*^7}")
print("""triple
quoted""", r"raw\n", "\x41\u0042\U00000043\101\N{BULLET}")
print(str(1), str(1.5), str(None), str([1, "a"]), str({"k": "v"}), repr("a"))
print("abc".encode(), b"abc".decode(), b"\x00\xff", b"abc"[1], "é".encode(), bytes([65, 66]), bytearray(b"xy"))
print("ß".upper(), "İ".lower() == "i̇", "ǆ".title(), "Σ".lower(), "hello"[1:100], "abc"[5:])
print(sorted("hello"), list("ab"), "".join(reversed("abc")), min("hello"), "a" in "", "" in "a")
print("%(a)s %(b)d" % {"a": 1, "b": 2}, "x".join("abc"), "tést".casefold(), "abc".translate({97: "A", 98: None}))
try:
    "a" + 1
except TypeError as error:
    print(error)
try:
    "abc"[10]
except IndexError as error:
    print(error)
parts = []
for i in range(1000):
    parts.append(str(i))
print(len("".join(parts)), hash("x") == hash("".join(["x"])))
