b = b"abc\x00\xff"
print(b, len(b), b[0], b[-1], b[1:3], b + b"z", b * 2, b"b" in b, 97 in b)
print(b.hex(), bytes.fromhex("00ff10"), b"a,b".split(b","), b"-".join([b"x", b"y"]), b"AbC".lower(), b"abc".find(b"c"))
print(b"abc".replace(b"b", b"X"), b" x ".strip(), b"abc".startswith(b"ab"), b"%d-%s" % (5, b"q"), b"a" < b"b", b"" == b"")
print("é漢🐍".encode("utf-8"), "é".encode("latin-1"), "a".encode("utf-16-le"), b"\xc3\xa9".decode(), b"\xe9".decode("latin-1"))
for action in (lambda: b"\xff".decode(), lambda: "é".encode("ascii"), lambda: bytes([256]), lambda: b"a" + "b", lambda: b[9]):
    try:
        action()
    except Exception as error:
        print(type(error).__name__, error)
print("é".encode("ascii", "replace"), b"\xffa".decode("utf-8", "replace") == "\ufffda", b"\xffa".decode("ascii", "ignore"))
ba = bytearray(b"hello")
ba[0] = 72
ba.append(33)
ba.extend(b"??")
print(ba, ba.pop(), ba[1:3], bytes(ba), ba.upper())
ba[1:3] = b"EEEE"
del ba[-1]
print(ba, len(ba), ba.find(b"E"), ba == b"HEEEElo!")
ba += b"end"
ba.insert(0, 0)
ba.reverse()
print(ba)
m = memoryview(bytearray(b"abcdef"))
m[0] = 122
print(m[0], m[1:3].tobytes(), len(m), m.readonly, bytes(m), m.format, m.nbytes)
print(list(b"abc"), bytes(range(3)), bytes((1, 2)), [x for x in b"hi"], sum(b"abc"), bytearray(2))
