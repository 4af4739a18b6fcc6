"""Argument expressions for differential fuzzing: interesting values of every kind, as Python source.

Values(random).KIND() returns an expression. The names in them (I, Idx, Bad, gen ...) are those of worker.py.
"""

INTS = ("0 1 -1 2 -2 3 4 5 7 8 9 10 11 13 16 20 31 32 36 37 63 64 65 97 100 127 128 255 256 257 -255 -256 -257 1000 -1000 "
        "2**15 2**15-1 -2**15 2**16 65535 2**29 2**30 2**30-1 -2**30 2**31 2**31-1 -2**31 -2**31-1 2**32 2**32-1 2**52 2**53 2**53+1 "
        "2**53-1 -2**53-1 2**59 2**59-1 2**60 2**60-1 -2**60 -2**60-1 2**61-1 2**61 -2**61 2**61-2 2**62 2**62-1 -2**62 -2**62-1 2**63 "
        "2**63-1 -2**63 -2**63-1 2**64 2**64-1 -2**64 2**64+1 2**65 10**18 10**19 -10**19 10**22 10**23 10**30 -10**40 2**100 2**127 "
        "2**128-1 3**200 -7**90 10**100 2**1023 2**1024 -2**1024 2**1024-2**970 2**1024-2**969 (1<<300)+1").split()
SMALL = "0 1 2 3 4 5 6 7 8 10 12 16 20 -1 -2 -3 -4 -5 -10 100 -100".split()
SIZES = [*SMALL, *SMALL, *SMALL, *"2**62 2**63-1 -2**63 2**63 2**64 -2**64 10**30 -2**62 I(2) Idx(2) Idx(-1) True False".split()]
FLOATS = ("0.0 -0.0 1.0 -1.0 0.5 1.5 2.5 -2.5 3.5 0.1 0.2 0.3 1/3 2/3 3.14159 100.0 1e5 123456.789 1e15 1e16 1e17 9007199254740992.0 "
          "9007199254740993.0 1e21 1e22 1e23 1.7976931348623157e308 2.2250738585072014e-308 5e-324 1e-5 1e-4 0.0001234 -1e-7 4.35 0.045 "
          "2.675 1e300 -1e300 1e-300 2.0**62 2.0**63 -2.0**63 2.0**64 0.49999999999999994 4503599627370497.5 12345678901234567890.0 "
          "float('inf') float('-inf') float('nan') 1e100 99999.5 9.5 0.95 999999.5 1234567.0").split()
STRS = r"""
'' | 'a' | 'b' | 'A' | 'z' | 'abc' | 'abcabc' | 'ABC' | 'aBc dEf' | 'hello world' | ' ' | '  ab  ' | '\t\n x \r' | 'a,b,,c' | ',' | 'ab' | 'bc' | 'aa'
'aaa' | '\xdf' | 'stra\xdfe' | '\u0130' | '\u0131' | '\u0149' | '\ufb01' | '\u01c5' | '\u03a3' | 'A\u03a3' | '\u03a3A' | 'A\u0345\u03a3' | '\U0001f600'
'\ud800' | '\udc80' | '\ud83d\ude00' | 'a\x00b' | '\x00' | '\xe9' | 'e\u0301' | '\xe9t\xe9' | '\xff' | '\u0100' | '\uffff' | '\U0010ffff' | '\u0663'
'\xb2' | '\xbd' | '\u2167' | '1' | '12' | '-1' | '+5' | '007' | '0x1f' | '0b101' | '0o17' | '1_000' | '1__0' | '_1' | '1_' | '1e5' | '1.5' | 'nan' | 'inf'
'-Infinity' | '1j' | '1+2j' | '(1-2j)' | ' 12 ' | '\u0661\u0662' | 'None' | 'self' | 'class' | 'ident_1' | '1abc' | 'caf\xe9' | 'one\ntwo\r\nthree\rfour'
'a\x0bb\x0cc\x1cd\x1de\x1ef\x85g\u2028h\u2029i' | '\u3000x\u2003' | '{}' | '{0}' | '{a}' | '{' | '}' | '%s' | '%d' | '%' | 'ab'*40 | 'x'*1000
'\u20ac'*20 | 'TITLE Case' | 'they\'re' | '\'' | '"' | '\\' | '\u1e9e' | '\u0390' | '\u1f80' | '\u1ffc' | '\xb5' | '\u212b' | '\u01c4' | '\u200b' | '\ufeff'
'\ue000' | '\u0378' | 'a\tb\tc' | 'a\tb\nc\td' | '\xaa' | '\u2160' | '\u24d0' | '\u10d0' | '\u1c90' | '\ua7ae'
""".strip().replace("\n", " | ").split(" | ")
BYTES = r"""
b'' | b'a' | b'abc' | b'abcabc' | b'ABC' | b'aBc dEf' | b' ' | b'  ab  ' | b'\t\n x' | b'a,b,,c' | b',' | b'\x00' | b'a\x00b' | b'\xff' | b'\x80\x81'
b'\xc3\xa9' | b'\xe2\x82\xac' | b'\xf0\x9f\x98\x80' | b'\xc3' | b'\xe2\x82' | b'\xed\xa0\x80' | b'\xf4\x90\x80\x80' | b'\xc0\x80' | b'\xfe\xff\x00a'
b'\xff\xfea\x00' | b'12' | b'-5' | b'0x1f' | b'1_0' | b'1.5' | b'one\ntwo\r\nthree\rfour' | b'a\x0bb\x0cc\x1cd' | b'ab'*40 | b'\x01\x02\x03\x04\x05\x06\x07\x08'
bytes(range(256)) | b'hello world' | b'%d' | b'%s %s' | b'\xa0' | b'1abc' | b'aa' | b'aaa' | b'+AGE-' | b'+' | b'\\u1234' | b'\\x4' | b'\\N{DASH}'
b'xn--bcher-kva' | b'deadbeef' | b'de ad' | b'aGVsbG8='
""".strip().replace("\n", " | ").split(" | ")
ENCODINGS = ("utf-8 UTF8 utf_8 ascii latin-1 iso-8859-1 utf-16 utf-16-le utf-16-be utf-32 utf-32-le utf-32-be utf-7 utf-8-sig cp1252 cp437 koi8-r "
             "iso8859-15 mac-roman unicode_escape raw_unicode_escape charmap idna punycode cp1140 unknown-8bit nosuch hex rot13 undefined base64 "
             "\\x00 utf-8\\x00 ' ' iso2022_jp shift_jis gbk big5 euc_kr utf\\xe9").split()
ERRORS = "strict ignore replace backslashreplace xmlcharrefreplace namereplace surrogateescape surrogatepass nosuch \\ud800".split()
SPECS_TYPES = "bcdeEfFgGnosxX%" + "rz "


class Values:
    def __init__(self, random, wide=False):
        self.wide = wide  # whether objects that act, and instances of classes with hooks of their own, are among the arguments
        self.random = random
        self.choice = random.choice
        self.depth = 0

    # --- numbers
    def int(self):
        r = self.random.random()
        if r < 0.35:
            return self.choice(SMALL)
        if r < 0.85:
            return self.choice(INTS)
        if r < 0.95:
            return str(self.random.randint(-10 ** self.random.randint(1, 40), 10 ** self.random.randint(1, 40)))
        return self.choice(["True", "False", "I(5)", "I(2**70)", "I(-1)"])

    def size(self):
        return self.choice(SIZES)

    def small(self):
        return self.choice(SMALL)

    def byte(self):
        return self.choice(["0", "97", "98", "255", "32", "44", "256", "-1", "Idx(97)", "True", "2**64", self.small()])

    def float(self):
        r = self.random.random()
        if r < 0.75:
            return self.choice(FLOATS)
        if r < 0.9:
            return repr(self.random.uniform(-1, 1) * 10 ** self.random.randint(-30, 30))
        if r < 0.95:
            return f"{self.random.randint(-99999, 99999)}/{self.choice([2, 4, 8, 10, 100, 1000])}"
        return f"F({self.choice(FLOATS)})"

    def complex(self):
        return self.choice(["0j", "1j", "1+2j", "-1.5-0j", "complex(-0.0, 0.0)", "complex(float('inf'), float('nan'))", "1e300+1e300j", "C(1, 2)",
                            f"complex({self.float()}, {self.float()})"])

    def number(self):
        return self.choice([self.int, self.int, self.float, self.complex])()

    # --- text and bytes
    def str(self):
        r = self.random.random()
        if r < 0.75:
            return self.choice(STRS)
        if r < 0.85:
            return f"{self.choice(STRS)}+{self.choice(STRS)}".join("()")
        if r < 0.93:
            return "'" + "".join(self.choice(["a", "b", " ", "\\n", "\\xe9", "\\u20ac", "\\U0001f600", "\\ud800", "Z", "0", ",", "_", "\\xdf"])
                                 for _ in range(self.random.randint(0, 8))) + "'"
        return f"S({self.choice(STRS)})"

    def numeral(self):
        """What int() and float() and complex() may have to read."""
        r = self.random.random()
        if r < 0.3:
            return self.str()
        pieces = ["0", "1", "9", "12", "_", ".", "e", "E", "+", "-", "0x", "0b", "0o", "inf", "nan", "j", " ", "\\u0665", "f", "z", "\\x00", "infinity", "("]
        if r < 0.7:
            return "'" + "".join(self.choice(pieces) for _ in range(self.random.randint(1, 5))) + "'"
        return repr(self.choice([str, repr])(self.random.uniform(-1, 1) * 10 ** self.random.randint(-320, 308)))

    def char(self):
        return self.choice(["'a'", "'*'", "' '", "'\\xe9'", "'\\u20ac'", "'\\U0001f600'", "'ab'", "''", "b'*'", "'\\ud800'"])

    def bytes(self):
        r = self.random.random()
        if r < 0.8:
            return self.choice(BYTES)
        if r < 0.9:
            return "bytes(" + repr([self.random.choice([0, 10, 32, 65, 97, 127, 128, 195, 169, 226, 255]) for _ in range(self.random.randint(0, 9))]) + ")"
        return f"B({self.choice(BYTES)})"

    def bytearray(self):
        return f"bytearray({self.choice(BYTES)})" if self.random.random() < 0.9 else f"BA({self.choice(BYTES)})"

    def buffer(self):
        return self.choice([self.bytes, self.bytes, self.bytearray, self.memoryview, lambda: "Buf()", lambda: "array.array('i', [1, 2, 97])"])()

    def memoryview(self):
        data = self.choice([self.bytes, self.bytearray])()
        return self.choice([f"memoryview({data})", f"memoryview({data})", f"memoryview({data})[::2]", f"memoryview({data})[::-1]", f"memoryview({data})[1:]",
                            "memoryview(bytearray(range(24)))", "memoryview(bytearray(range(24))).cast('B', (2, 3, 4))",
                            "memoryview(bytearray(range(24))).cast('i')", "memoryview(bytearray(range(24))).cast('h', [3, 4])", "memoryview(bytes(16)).cast('d')",
                            "memoryview(bytes(range(16))).cast('Q')", "memoryview(bytearray(b'abcd')).cast('c')", "memoryview(bytearray(4)).cast('?')",
                            "memoryview(array.array('f', [1.5, -2.0]))", "memoryview(array.array('q', [-1, 2**62]))", "memoryview(b'abc').cast('b')",
                            "memoryview(b'x').cast('B', [])", "memoryview(bytearray(range(8)))[::3]", "memoryview(b'').cast('i')",
                            "memoryview(bytearray(8)).cast('e')", "memoryview(array.array('w', 'ab'))"])

    def encoding(self):
        return f"'{self.choice(ENCODINGS)}'" if self.random.random() < 0.95 else self.any()

    def errors(self):
        return f"'{self.choice(ERRORS)}'" if self.random.random() < 0.95 else self.any()

    def format_spec(self):
        """A format specification, most of the time a legal one."""
        random, out = self.random, ""
        if random.random() < 0.4:
            out += random.choice(["", "*", " ", "\\xe9", "\\U0001f600", "0", "_", "<"]) + random.choice("<>=^")
        if random.random() < 0.3:
            out += random.choice("+- ")
        if random.random() < 0.1:
            out += "z"
        if random.random() < 0.2:
            out += "#"
        if random.random() < 0.2:
            out += "0"
        if random.random() < 0.5:
            out += str(random.choice([0, 1, 2, 3, 5, 8, 10, 12, 20, 30, 40]))
        if random.random() < 0.2:
            out += random.choice(",_")
        if random.random() < 0.4:
            out += "." + str(random.choice([0, 1, 2, 3, 5, 6, 10, 17, 20, 25, 50]))
        if random.random() < 0.05:
            out += random.choice(",_")
        if random.random() < 0.75:
            out += random.choice(SPECS_TYPES)
        if random.random() < 0.04:
            at = random.randint(0, len(out))
            out = out[:at] + random.choice(["x", ".", "99999999999999999999", "\\u0661", "\\x00", "-", ",", "_", "="]) + out[at:]
        return f"'{out}'"

    # --- containers
    def items(self, most=5):
        self.depth += 1
        low = self.depth > 2
        out = [self.choice([self.small, self.small, self.str, self.int, self.float, self.any] if not low else [self.small, self.str])()
               for _ in range(self.random.randint(0, most))]
        self.depth -= 1
        return out

    def alike(self, most=6):
        make = self.choice([self.small, self.str, self.float, self.int, self.bytes])
        return [make() for _ in range(self.random.randint(0, most))]

    def list(self):
        text = "[" + ", ".join(self.choice([self.items, self.alike])()) + "]"
        return text if self.random.random() < 0.93 else f"L({text})"

    def tuple(self):
        items = self.choice([self.items, self.alike])()
        text = "(" + ", ".join(items) + ("," if len(items) == 1 else "") + ")"
        return text if self.random.random() < 0.93 else f"T({text})"

    def key(self):
        return self.choice([self.small, self.small, self.str, self.str, self.int, self.float, lambda: "None", lambda: "True", lambda: "(1, 2)",
                            lambda: "Always()", lambda: "[]", lambda: "frozenset({1})", self.bytes, lambda: "Bad()", lambda: "BadHash()"])()

    def keys(self, most=5):
        return [self.choice([self.small, self.str, self.float, self.int, lambda: "(1, 2)", lambda: "None", lambda: "frozenset({1, 2})"])()
                for _ in range(self.random.randint(0, most))]

    def dict(self):
        text = "{" + ", ".join(f"{key}: {value}" for key, value in zip(self.keys(), self.items())) + "}"
        return self.choice([text] * 8 + [f"D({text})", f"Missing({text})", "Map(('a', 1), (2, 3))", "types.MappingProxyType({1: 2})"])

    def set(self):
        """In an order that no hash function decides: small numbers, or one element."""
        numbers = [str(self.random.randint(0, 7)) for _ in range(self.random.randint(1, 5))]
        keys = self.choice([numbers, self.keys(1)])
        return self.set_of(keys)

    def mixed_set(self):
        return self.set_of(self.keys())

    def set_of(self, keys):
        text = "{" + ", ".join(keys) + "}" if keys else "set()"
        return self.choice([text] * 8 + [f"St({text})", f"frozenset({text})", f"Fs({text})"])

    def frozenset(self):
        return self.choice(["frozenset", "frozenset", "frozenset", "Fs"]) + f"([{', '.join(self.keys(1))}])"

    def mixed_frozenset(self):
        return f"frozenset([{', '.join(self.keys())}])"

    def range(self):
        return self.choice(["range(0)", "range(5)", "range(1, 10, 3)", "range(10, 0, -2)", "range(5, 5)", "range(-3, 4)",
                            f"range({self.small()}, {self.small()})", f"range({self.small()}, {self.small()}, {self.choice(['1', '2', '-1', '-3', '7'])})"])

    def big_range(self):
        """Big numbers, few items."""
        return self.choice([self.range(), "range(2**64, 2**64+5)", "range(-2**70, 2**70, 2**67)", "range(2**63-3, 2**63+2)", "range(2**62, -2**62, -2**60)",
                            "range(-2**63, -2**63+4)", "range(2**200, 2**200)"])

    def huge_range(self):
        """Not to be iterated over."""
        return self.choice(["range(2**63)", "range(2**63-1)", "range(-2**63, 2**63)", "range(2**31, 2**40, 3)", "range(0, -2**100, -7)", "range(10**30)", "range(2**64, 0, -2**3)"])

    def slice(self):
        part = lambda: self.choice(["None", self.small(), self.small(), self.size()])
        return self.choice([f"slice({part()})", f"slice({part()}, {part()})", f"slice({part()}, {part()}, {part()})", "slice(None, None, -1)",
                            "slice(1.5)", "slice('a', 'b')", "slice(Bad())"])

    def digits(self):
        """Decimal places: not so many that it takes for ever."""
        return self.choice([self.small, self.small, self.small, self.small, lambda: self.choice(["None", "'a'", "1.5", "Idx(2)", "Bad()", "True", "-20", "22", "300", "-400"])])()

    def width(self):
        return self.choice([self.small, self.small, self.small, self.small, lambda: self.choice(["None", "'a'", "1.5", "Idx(5)", "2**64", "True", "-2**70"])])()

    def index(self):
        return self.choice([self.small, self.small, self.small, self.size, self.slice, self.slice, self.any])()

    def iterable(self):
        return self.choice([self.list, self.list, self.tuple, self.str, self.bytes, self.dict, self.set, self.range, self.iterator, self.iterator, self.bytearray])()

    def iterator(self):
        items = ", ".join(self.choice([self.items, self.alike])())
        return self.choice([f"iter([{items}])", f"gen({items})", f"gen({items}{', ' if items else ''}None)", f"Seq({items})", f"Sized({items})",
                            f"Hint(2{', ' if items else ''}{items})", "Hint(-1, 1)", "Hint(ZeroDivisionError, 1)", "Hint(TypeError, 1)", "Hint(2**70, 1)", "Hint('x', 1)",
                            f"iter({self.str()})", f"map(pair, [{items}])", "map(fail, [1])", f"enumerate([{items}])", f"reversed([{items}])",
                            f"zip([{items}], {self.str()})", f"filter(None, [{items}])", f"{{1: 2, 3: 4}}.items()", "{1: 2}.keys()", "iter({1: 2})"])

    def pairs(self):
        return self.choice([f"[({self.key()}, {self.small()}), ({self.key()}, {self.str()})]", f"zip({self.str()}, {self.str()})", "[(1,)]", "['ab', 'cd']", "['abc']", "[1]",
                            "[(1, 2, 3)]", self.dict(), self.dict(), self.iterable()])

    def strs(self):
        return self.choice(["[" + ", ".join(self.str() for _ in range(self.random.randint(0, 4))) + "]", self.str(), self.iterable()])

    def buffers(self):
        return self.choice(["[" + ", ".join(self.buffer() for _ in range(self.random.randint(0, 4))) + "]", self.iterable()])

    def ints(self):
        return self.choice(["[" + ", ".join(self.byte() for _ in range(self.random.randint(0, 5))) + "]", self.bytes(), self.iterable(), "range(5)", "7"])

    def callable(self):
        return self.choice(["len", "str", "repr", "abs", "first", "fail", "pair", "int", "None", "lambda *a: a", "lambda a: -a", "bool", "type", "operator.neg", "5"])

    def type(self):
        return self.choice(["int", "str", "list", "object", "type", "(int, str)", "int | str", "()", "(int, (float, list))", "bool", "S", "list[int]", "5", "'int'", "None"])

    def name(self):
        return self.choice(["'real'", "'x'", "'__len__'", "'__class__'", "'append'", "'value'", "'\\ud800'", "''", "5", "S('real')"])

    def odd(self):
        return self.choice(["None", "None", "...", "NotImplemented", "object", "int", "len", "Idx()", "Idx(-1)", "Int()", "Flt()", "Cpx()", "Text()", "Bad()", "BadHash()", "Always()",
                            "Wrong()", "NotIter()", "Seq(1, 2)", "Sized(1, 2)", "Map((1, 2))", "Buf()", "BytesLike()", "fail", "lambda: 1", "iter([1, 2])", "gen(1, 2)", "type", "x",
                            "Hint(3, 1)", "Idx(2**70)", "Idx('a')", "Int('a')", "Flt('a')", "float('nan')", "[x]", "(x,)", "x[:]", "type(x)", "type(x)()", "array.array('i', [1])"])

    def act(self):
        """An object that changes x, or reads it, while it is being used."""
        return "Act(lambda: " + self.choice(["x.clear()", "x.append(1)", "x.pop()", "x.update({9: 9})", "x.extend([1] * 30)", "x.release()", "x.add(99)", "x.insert(0, 5)", "x.reverse()", "x.sort()",
                                             "x.popitem()", "x.__init__()", "x.__setitem__(slice(None), [])", "x.__delitem__(0)", "x.setdefault(7, 7)", "next(x)", "list(x)", "repr(x)", "len(x)",
                                             "1 / 0", "x.__imul__(3)", "x.discard(1)", "x.__setstate__(0)"]) + f", {self.small()})"

    def own(self):
        """Instances of classes whose hooks say something else than what they hold."""
        return self.choice(["OwnList([1, 2])", "OwnDict({1: 2})", "OwnStr('abc')", "OwnInt(5)", "OwnFloat(1.5)", "OwnBytes(b'abc')", "OwnTuple((1, 2))", "OwnSet({1})", "Plain(a=1)", "Slotted()",
                            "collections.OrderedDict(a=1)", "collections.deque([1, 2])", "collections.Counter('aab')", "collections.defaultdict(int, a=1)", "types.SimpleNamespace(a=1)"])

    def any(self):
        if self.depth > 3:
            return self.small()
        if self.wide and self.random.random() < 0.06:
            return self.choice([self.act, self.own])()
        self.depth += 1
        text = self.choice([self.small, self.int, self.float, self.complex, self.str, self.str, self.bytes, self.bytearray, self.memoryview, self.list, self.tuple, self.dict, self.set,
                            self.range, self.slice, self.iterator, self.odd, self.odd, self.odd])()
        self.depth -= 1
        return text
