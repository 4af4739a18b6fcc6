"""Programs for differential fuzzing: random calls of the methods and operators of the built-in types.

Programs(random, methods).make(type) returns one program in the form that worker.py runs. `methods` is what `worker.py
probe` printed: the methods of each type and their signatures, by which arguments of the right kind are chosen most of
the time.
"""

import re

from values import Values

# What a parameter takes, by its name. The kinds are methods of Values; "same" is the type that the method belongs to.
PARAMETERS = {
    "value": "any", "mod": "int", "ndigits": "digits", "bytes": "buffer", "byteorder": "byteorder", "signed": "flag", "length": "small", "typestr": "typestr",
    "number": "number", "string": "str", "key": "key", "width": "small", "fillchar": "char", "sub": "same", "start": "small", "end": "small", "stop": "small",
    "encoding": "encoding", "errors": "errors", "suffix": "same", "prefix": "same", "tabsize": "small", "mapping": "dict", "iterable": "iterable", "chars": "same",
    "x": "any", "y": "any", "z": "any", "sep": "same", "old": "same", "new": "same", "count": "small", "maxsplit": "small", "keepends": "flag", "table": "table",
    "flags": "small", "bytes_per_sep": "small", "iterable_of_bytes": "buffers", "frm": "buffer", "to": "buffer", "delete": "buffer", "buffer": "memoryview",
    "item": "byte", "iterable_of_ints": "ints", "index": "small", "size": "small", "object": "any", "format": "format_code", "shape": "shape", "order": "order",
    "reverse": "flag", "default": "any", "others": "iterable", "other": "iterable", "state": "small", "name": "name", "instance": "any", "owner": "type",
    "format_spec": "format_spec", "args": "any", "kwargs": "any",
}
# Where the name alone misleads.
METHODS = {
    "str.join": ["strs"], "str.__mod__": ["format_args"], "bytes.__mod__": ["format_args"], "bytearray.__mod__": ["format_args"], "dict.update": ["pairs"],
    "dict.fromkeys": ["iterable", "any"], "dict.__ior__": ["pairs"], "dict.__or__": ["dict"], "list.sort": [], "str.maketrans": ["maketrans"], "str.format": None,
    "str.format_map": ["dict"], "str.translate": ["table"], "float.fromhex": ["hex_float"], "bytes.fromhex": ["hex_text"], "bytearray.fromhex": ["hex_text"],
    "list.remove": ["small"], "list.index": ["small", "small", "small"], "bytearray.append": ["byte"], "bytearray.remove": ["byte"], "bytearray.insert": ["small", "byte"],
    "slice.indices": ["small"], "range.index": ["small"], "range.count": ["small"], "tuple.index": ["small", "small", "small"], "memoryview.cast": ["format_code", "shape"],
    "memoryview.tobytes": ["order"], "memoryview.hex": ["char", "small"], "bytes.hex": ["char", "small"], "bytearray.hex": ["char", "small"],
    "bytearray.extend": ["ints"], "str.__format__": ["format_spec"], "int.__format__": ["format_spec"], "float.__format__": ["format_spec"],
    "complex.__format__": ["format_spec"], "int.__round__": ["digits"], "float.__round__": ["digits"], "int.to_bytes": ["small", "byteorder"],
    "memoryview.index": ["any", "small", "small"], "bytearray.translate": ["table_bytes"], "bytes.translate": ["table_bytes"],
}
# Not called: what ends or blocks the process, shows the implementation's sizes, or only names the class.
LEFT_OUT = {"__class__", "__init_subclass__", "__subclasshook__", "__sizeof__", "__doc__", "__dir__", "__new__", "__setattr__", "__delattr__", "__dict__",
            "__reduce_ex__", "__getattribute__", "__alloc__"}
# Operands that are multiplied by such counts stay small, and those of powers and shifts too.
SMALL_OPERAND = {"__mul__", "__rmul__", "__imul__", "__pow__", "__rpow__", "__lshift__", "__rlshift__", "__rshift__", "__rrshift__"}
SEQUENCES = {"str", "bytes", "bytearray", "list", "tuple"}

MUCH_MEMORY = re.compile(r"2\*\*(29|[34]\d)([-+]1)?|\d{7,14}")

BINARY = "+ - * / // % ** @ << >> & | ^ == != < <= > >= in is".split() + ["not in", "and", "or"]
FUNCTIONS = {
    "abs": ["any"], "all": ["iterable"], "any": ["iterable"], "ascii": ["any"], "bin": ["int"], "callable": ["any"], "chr": ["int"], "divmod": ["number", "number"],
    "enumerate": ["iterable", "int"], "filter": ["callable", "iterable"], "format": ["any", "format_spec"], "getattr": ["any", "name", "any"], "hasattr": ["any", "name"],
    "hash": ["int"], "hex": ["int"], "int": ["numeral", "small"], "float": ["numeral"], "complex": ["numeral", "number"], "bool": ["any"], "isinstance": ["any", "type"],
    "issubclass": ["type", "type"], "iter": ["any"], "len": ["any"], "list": ["iterable"], "tuple": ["iterable"], "set": ["iterable"], "frozenset": ["iterable"],
    "dict": ["pairs"], "map": ["callable", "iterable", "iterable"], "max": ["iterable"], "min": ["iterable"], "next": ["iterator", "any"], "oct": ["int"], "ord": ["char"],
    "pow": ["number", "small", "int"], "range": ["small", "small", "small"], "repr": ["any"], "reversed": ["any"], "round": ["number", "digits"], "slice": ["any", "any", "any"],
    "sorted": ["iterable"], "str": ["any"], "sum": ["iterable", "any"], "type": ["any"], "zip": ["iterable", "iterable"], "bytes": ["any"], "bytearray": ["any"],
    "memoryview": ["buffer"], "object": [], "classmethod": ["callable"], "staticmethod": ["callable"], "property": ["callable"],
    "super": ["type", "any"], "operator.index": ["any"], "operator.length_hint": ["any", "small"], "operator.concat": ["any", "any"], "operator.countOf": ["iterable", "any"],
    "operator.indexOf": ["iterable", "any"], "divmod ": ["any", "any"], "pow ": ["any", "small"], "round ": ["any", "digits"], "sum ": ["ints", "int"],
}
KEYWORDS = {"sorted": ["key=len", "reverse=True", "reverse=-1", "key=None", "key=fail", "reverse='a'"], "max": ["key=str", "default=5", "key=None", "key=fail"],
            "min": ["key=repr", "default=None"], "zip": ["strict=True", "strict=0"], "int": ["base=10", "base=36", "base=0", "base=1", "x=1"], "str": ["encoding='utf-8'", "errors='strict'", "object=5"],
            "bytes": ["encoding='ascii'", "errors='replace'", "source=b'a'"], "bytearray": ["encoding='latin-1'", "source=3"], "sum": ["start=5", "start=''", "start=[]"],
            "pow": ["mod=7", "exp=2", "base=2"], "round": ["ndigits=1", "ndigits=None"], "enumerate": ["start=5", "start=2**63", "iterable=[1]"], "dict": ["a=1", "b=2", "self=3"],
            "complex": ["real=1", "imag=2", "imag='a'"], "list": ["iterable=1"], "map": ["strict=True", "strict=False"], "memoryview": ["object=b'a'"], "print": [], "float": ["x=1"],
            "slice": ["step=1"], "range": ["stop=3"], "tuple": ["iterable=()"], "bool": ["x=1"], "set": ["iterable=()"], "next": ["default=1"], "sort": ["key=len", "reverse=True"]}
# Calls of a set whose outcome does not depend on the order of its elements.
ORDERLESS = re.compile(r"x\.(add|clear|copy|difference\w*|discard|intersection\w*|is\w+|remove|symmetric_\w+|union|update)\(|"
                       r"x\.__(r?and|r?or|r?sub|r?xor|i\w+|contains|len|eq|ne|le|lt|ge|gt)__\(|len\(|hash\(|!?x (in|[-&|^]=?|==|!=|[<>]=?) ")
GROWS = re.compile(r"x\.(__i\w+__|__init__|update|add|symmetric_difference_update)\(|!x [-&|^]=")
GROUPS = ("huge_range", "functions", "format", "percent", "codecs", "numerals")
ITERATORS = {
    "list_iterator": "iter({list})", "list_reverseiterator": "reversed({list})", "tuple_iterator": "iter({tuple})", "dict_keys": "{plain_dict}.keys()", "dict_values": "{plain_dict}.values()",
    "dict_items": "{plain_dict}.items()", "dict_keyiterator": "iter({plain_dict})", "dict_valueiterator": "iter({plain_dict}.values())", "dict_itemiterator": "iter({plain_dict}.items())",
    "dict_reversekeyiterator": "reversed({plain_dict})", "set_iterator": "iter({{1}})", "range_iterator": "iter({range})", "longrange_iterator": "iter({big_range})", "str_ascii_iterator": "iter('abc')",
    "str_iterator": "iter({str})", "bytes_iterator": "iter({bytes})", "bytearray_iterator": "iter({bytearray})", "memory_iterator": "iter(memoryview({bytes}))", "iterator": "iter(Seq({small}, {small}))",
    "callable_iterator": "iter(iter([1, 2, 3]).__next__, {small})", "mappingproxy": "types.MappingProxyType({plain_dict})", "enumerate": "enumerate({iterable}, {int})", "zip": "zip({iterable}, {iterable})",
    "map": "map({callable}, {iterable})", "filter": "filter({callable}, {iterable})", "reversed": "reversed(Sized({small}, {small}))",
}


# Further types, with --wide: how their objects are made.
MORE = {
    "dict_reversevalueiterator": "reversed({plain_dict}.values())", "dict_reverseitemiterator": "reversed({plain_dict}.items())", "property": "property({callable}, {callable}, None, {any})",
    "classmethod": "classmethod({callable})", "staticmethod": "staticmethod({callable})", "super": "super(L, L([1, 2]))", "NoneType": "None", "ellipsis": "...",
    "NotImplementedType": "NotImplemented", "SimpleNamespace": "types.SimpleNamespace(a={any}, b={small})", "GenericAlias": "types.GenericAlias({type}, {any})", "Union": "int | str | list[int]",
    "function": "first", "method": "Plain(a=1).method", "builtin_function_or_method": "{builtin}", "method_descriptor": "str.join", "wrapper_descriptor": "int.__add__", "method-wrapper": "({int}).__add__",
    "getset_descriptor": "int.real", "cell": "types.CellType({any})", "ValueError": "ValueError({any}, {small})", "KeyError": "KeyError({any})",
    "OSError": "OSError({small}, {str}, {str})", "UnicodeDecodeError": "UnicodeDecodeError('ascii', {bytes}, {small}, {small}, 'why')", "UnicodeEncodeError": "UnicodeEncodeError('ascii', {str}, {small}, {small}, 'why')",
    "UnicodeTranslateError": "UnicodeTranslateError({str}, {small}, {small}, 'why')", "ExceptionGroup": "ExceptionGroup({str}, [ValueError({small}), TypeError({small})])", "StopIteration": "StopIteration({any})",
    "SystemExit": "SystemExit({any})", "ImportError": "ImportError({str}, name={any}, path={any})", "AttributeError": "AttributeError({str}, name={any}, obj={small})", "NameError": "NameError({str}, name={any})",
    "SyntaxError": "SyntaxError({str}, ('f', {small}, {small}, {str}))", "own_list": "OwnList({list})", "own_dict": "OwnDict({plain_dict})", "own_str": "OwnStr({str})", "own_int": "OwnInt({small})", "own_float": "OwnFloat({float})",
    "own_bytes": "OwnBytes({bytes})", "own_tuple": "OwnTuple({tuple})", "own_set": "OwnSet({{1}})",
}
# The types whose methods are called on the objects of another name.
METHODS_OF = {"own_list": "list", "own_dict": "dict", "own_str": "str", "own_int": "int", "own_float": "float", "own_bytes": "bytes", "own_tuple": "tuple", "own_set": "set"}
# Of types that are no containers: what else may be done to an object.
COMMON = ["copy.copy(x)", "copy.deepcopy(x)", "pickle.loads(pickle.dumps(x, {protocol}))", "pickle.dumps(x, {protocol})[:0]", "x.__reduce_ex__({protocol})", "x.__getstate__()", "x == copy.copy(x)",
          "hash(x) == hash(copy.copy(x))", "repr(x)", "str(x)", "format(x)", "[x, x]", "{{x}} == {{x}}", "x.__class__.__name__", "isinstance(x, {type})", "!x.a = {small}", "!del x.a", "x.a", "getattr(x, {name}, 5)",
          "!x.__class__ = {type}", "!x.__dict__ = {any}", "x.__doc__ is None", "type(x).__mro__", "type(x).__name__", "type(x)()", "type(x)({any})", "type(x)({any}, {any})", "type(x)({any}, {small}, {any})", "type(x)(a={small})"]


class Programs:
    def __init__(self, random, methods, wide=False):
        self.random = random
        self.methods = methods
        self.wide = wide
        self.values = Values(random, wide)

    # --- arguments
    def value(self, kind, owner=None):
        values, choice = self.values, self.random.choice
        if kind == "same":
            return values.str() if owner in (None, "str") else values.buffer() if owner in ("bytes", "bytearray") else values.any()
        if hasattr(values, kind):
            return getattr(values, kind)()
        if kind == "plain_dict":
            return "{" + ", ".join(f"{key}: {value}" for key, value in zip(values.keys(), values.items())) + "}"
        return choice({
            "protocol": ["0", "1", "2", "3", "4", "5", "-1", "6", "None"], "builtin": ["len", "abs", "[1, 2].append", "int.from_bytes", "{}.get", "dict.fromkeys"],
            "bool": ["True", "False", "True", "False", "I(0)"],
            "flag": ["True", "False", "1", "0", "None", "'x'", "Bad()"], "byteorder": ["'big'", "'little'", "'x'", "S('big')", "b'big'"], "typestr": ["'float'", "'double'", "'x'", "5"],
            "table": ["{97: 'x', 98: None, 99: 100}", "{97: '\\u20ac'}", "{97: 2**30}", "{97: -1}", "{97: 1.5}", "'b'*200", "['x', None]", "D({97: ''})", "Bad()", "None", "{}", "Missing()"],
            "table_bytes": ["bytes(range(255, -1, -1))", "None", "b'short'", "bytearray(256)", "bytes.maketrans(b'abc', b'xyz')", "'a'*256"],
            "maketrans": ["{'a': 1, 98: 'x'}", "'ab', 'cd'", "'ab', 'c'", "'ab', 'cd', 'e'", "{'ab': 1}", "{1.5: 1}", "5", "'a', 5", "'', '', 'xyz'", "{'\\u20ac': None}"],
            "format_code": ["'B'", "'b'", "'c'", "'h'", "'i'", "'l'", "'q'", "'Q'", "'f'", "'d'", "'?'", "'e'", "'n'", "'P'", "'@i'", "'<i'", "''", "'ii'", "'x'", "5"],
            "shape": ["[2, 2]", "(4,)", "[1]", "[]", "[0]", "[-1]", "[2**63]", "(2, 3, 4)", "['a']", "5", "[24]", "[1.5]", "None"], "order": ["'C'", "'F'", "'A'", "'x'", "None", "5", "'\\xe9'"],
            "hex_float": ["'0x1.8p3'", "'0x1p-1074'", "'0x1.fffffffffffff8p1023'", "'inf'", "'-nan'", "'0x.1'", "'1'", "'0x'", "' 0xap1 '", "'0x1p99999999999999999999'", "'0x1.00000000000008p0'",
                          "'0X1P+4'", "'0x1p'", "'\\u0661'", "5", "'0x0p-5'", "'-0x0.0p0'", "'0x1.8p3x'", "'1.8.1'", "'0x1.0000000000000180000000001p0'"],
            "hex_text": ["'deadbeef'", "'de ad'", "'d'", "'zz'", "'\\xe9\\xe9'", "'  0a '", "'0A\\n0b'", "''", "b'0a'", "5", "'0 a'", "'12\\u0663'", "'abc'", "bytearray(b'ff')"],
            "format_args": ["(1, 2)", "5", "'a'", "{'a': 1}", "()", "(x,)", "[1]", "1.5", "None"],
        }[kind])

    def parameters(self, owner, name):
        """(kinds of the positional parameters, how many are required, whether more may follow)"""
        own = METHODS.get(f"{owner}.{name}")
        signature = self.methods.get(owner, {}).get(name) or ""
        kinds, required, more, optional = [], 0, False, False
        for part in signature.strip("()").split(","):
            bare = part.strip()
            if not bare or bare[0] == "$" or bare in ("/", "*"):
                continue
            optional = optional or "=" in bare or "]" in bare
            word = re.sub(r"[\[\]* ]|=.*", "", bare)
            if bare.startswith("*"):
                more = True
            else:
                required += not optional
            kinds.append(PARAMETERS.get(word, "any"))
            if "[" in bare:
                optional = True
        if own is not None:
            kinds, required = own, min(required, len(own)) if signature else len(own)
        return kinds, required, more

    def arguments(self, owner, name):
        random = self.random
        kinds, required, more = self.parameters(owner, name)
        low = name in SMALL_OPERAND
        count = random.randint(required, len(kinds)) if kinds else 0
        if more:
            count += random.randint(0, 2)
        if random.random() < 0.05:
            count = random.randint(0, len(kinds) + 2)
        out = []
        for i in range(count):
            kind = kinds[min(i, len(kinds) - 1)] if kinds else "any"
            if low and kind in ("any", "int"):
                kind = random.choice(["small", "small", "float", "str", "odd"])
            elif kind in ("any", "key", "iterable") and name.startswith("__") and random.random() < 0.6:
                kind = owner if hasattr(self.values, owner) else kind
            elif random.random() < 0.08 and kind != "digits":
                kind = "any"
            elif kind == "small" and random.random() < 0.12:
                kind = "size"
            text = self.value(kind, owner)
            out.append(text)
        if random.random() < 0.05 and out:  # the last ones by name, as the signature has them or not
            names = re.findall(r"\w+(?=[,=)\[\]]| =)", re.sub(r"=[^,)]*", "", self.methods.get(owner, {}).get(name) or ""))
            names = [word for word in names if word not in ("self", "type", "module")]
            at = random.randrange(len(out))
            out[at:] = [f"{names[i]}={text}" if i < len(names) and text[:1] != "*" else text for i, text in enumerate(out[at:], at)]
        elif random.random() < 0.04:
            out.append(random.choice(["key=5", "sep=None", "x=1", "default=2", "encoding='utf-8'", "errors='x'", "**{'a b': 1}", "**{}", "*()", "start=1", "count=1", "maxsplit=1", "keepends=True"]))
        if name == "sort" and random.random() < 0.7:
            out = random.sample(["key=len", "key=str", "key=fail", "reverse=True", "reverse=False", "key=None", "key=abs", "key=type"], random.randint(0, 2))
        return ", ".join(out)

    # --- programs
    def make(self, kind):
        if kind in GROUPS:
            return getattr(self, "make_" + kind)()
        return self.make_methods(kind)

    def make_methods(self, owner):
        random = self.random
        steps = [self.step(owner) for _ in range(random.choice([1, 1, 2, 2, 3, 4]))]
        made = ITERATORS.get(owner) or MORE.get(owner)
        if made is not None:
            pieces = re.split(r"(?<!\{)\{(\w+)\}", made)
            setup = "".join(self.value(piece) if i % 2 else piece for i, piece in enumerate(pieces)).replace("{{", "{").replace("}}", "}")
        else:
            setup = self.value(self.kind_of_setup(owner, steps))
        return "\t".join([setup, *steps])

    def kind_of_setup(self, owner, steps):
        if owner == "range":
            return "big_range"
        if owner in ("set", "frozenset"):
            if all(ORDERLESS.match(step) for step in steps):
                return "mixed_" + owner
            steps[:] = [step for step in steps if not GROWS.match(step)] or ["x"]  # a set of one element must stay one
        return owner

    def common(self):
        pieces = re.split(r"(?<!\{)\{(\w+)\}(?!\})", self.random.choice(COMMON))
        return "".join(self.value(piece) if i % 2 else piece for i, piece in enumerate(pieces)).replace("{{", "{").replace("}}", "}")

    def step(self, owner):
        random = self.random
        owner = METHODS_OF.get(owner, owner)
        r = random.random()
        if self.wide and r > 0.97:
            return self.common()
        names = [name for name in self.methods[owner] if name not in LEFT_OUT]
        if r < 0.62:
            name = random.choice(names)
            if name == "__hash__" and owner not in ("int", "bool", "range"):
                return "hash(x) == hash(x)"
            if name == "pop" and owner == "set":
                return "x.copy().pop() in x"
            if self.methods[owner][name] is False:  # not callable
                return f"x.{name}"
            if name == "format":
                return self.format_call("x")
            if name in ("__rpow__", "__rlshift__") and owner == "int":
                return f"({self.values.small()}).{name}({self.arguments(owner, name)})"
            return f"x.{name}({self.arguments(owner, name)})"
        if r < 0.66:
            name = random.choice([name for name in names if name not in ("__hash__", "pop")])
            first = self.values.any()
            return f"type(x).{name}({', '.join(part for part in (first, self.arguments(owner, name)) if part)})" if random.random() < 0.5 else f"type(x).{name}({self.arguments(owner, name)})"
        if r < 0.80:
            return self.operator(owner)
        if r < 0.90:
            return self.subscript(owner)
        chosen = random.choice([
            f"type(x)({self.value(random.choice(['any', 'iterable', 'str', 'number']))})", "list(x)", "tuple(x)", "sorted(x)", "len(x)", "bool(x)", "repr(x)", "str(x)", "reversed(x)",
            "[*x]", "{**x}", "first(*x)", "dict(x)", "-x", "+x", "~x", "abs(x)", "iter(x)", "next(x)", "max(x)", "min(x, default=0)", "sum(x, x)", "x[:]", "x[::-1]", "x == x[:]", "hash((x,)) == hash((x,))",
            "set(x)", "bytes(x)", "int(x)", "float(x)", "complex(x)", "not x", "memoryview(x)", "f'{x}'", "f'{x!r:>10}'", "x.__reduce_ex__(4)[1:2]", "x.__class__", "'%s' % (x,)", "bytearray(x)", "list(zip(x, x))",
            "list(enumerate(x))", "[i for i in x]", "!a, b = x", "!a, *b = x; x = b", "list(map(repr, x))", "all(x)", "any(x)", "ascii(x)", "x is x", "(x, x) == (x, x)", "[x] < [x]", "{x: 1}", "x in [x]", "''.join(x)"])
        return "x" if owner == "int" and chosen in ("bytes(x)", "bytearray(x)") else chosen

    def operator(self, owner):
        random = self.random
        sign = random.choice(BINARY)
        other = self.value("mixed_" + owner if owner in ("set", "frozenset") else owner) if random.random() < 0.5 and (hasattr(self.values, owner) or owner == "plain_dict") else self.values.any()
        if sign in ("*", "**", "<<", ">>") or (sign == "%" and owner in ("str", "bytes")):
            if sign == "%":
                other = self.value("format_args")
            else:
                other = random.choice([self.values.small, self.values.float, self.values.complex if owner == "int" else self.values.str, self.values.odd])()
                other = "2" if "x" in other else other
            return f"x {sign} ({other})" if random.random() < 0.9 else f"!x {sign}= ({other})"
        if random.random() < 0.25 and sign in "+ - / // % @ & | ^ *".split():
            return f"!x {sign}= ({other})"
        return f"x {sign} ({other})" if random.random() < 0.7 else f"({other}) {sign} x"

    def subscript(self, owner):
        random, index = self.random, self.values.index()
        if owner in ("dict", "mappingproxy"):
            index = self.values.key()
        if random.random() < 0.3:
            parts = [random.choice(["", self.values.small(), self.values.size()]) for _ in range(random.randint(2, 3))]
            index = ":".join(parts)
        if owner in SEQUENCES or owner == "memoryview" and random.random() < 0.7:
            r = random.random()
            if r < 0.25 and owner in ("list", "bytearray", "memoryview"):
                value = self.values.byte() if owner != "list" and random.random() < 0.5 else self.values.buffer() if owner != "list" else self.values.iterable()
                return f"!x[{index}] = {value}"
            if r < 0.4:
                return f"!del x[{index}]"
        elif random.random() < 0.4:
            return random.choice([f"!x[{index}] = {self.values.any()}", f"!del x[{index}]", f"!x[{index}] += 1"])
        return f"x[{index}]"

    def make_huge_range(self):
        random, steps = self.random, []
        for _ in range(random.choice([1, 2])):
            number = f"({self.values.int()})"
            plain = number if "I" not in number else "5"  # others are looked for one by one
            index = random.choice([number, number, "::2", "-1", f"{number}:", f":{number}", f"::{number}", f"{number}:{number}:{self.values.small()}", "2**63", "-2**63", self.values.slice()])
            steps.append(random.choice([f"x[{index}]", f"x[{index}]", f"{plain} in x", f"x.index({plain})", f"x.count({plain})", "len(x)", "bool(x)", "x == x[:]", f"x == {self.values.huge_range()}",
                                        f"hash(x) == hash({self.values.huge_range()})", "repr(x)", "next(iter(x))", "next(reversed(x))", "iter(x).__reduce__()[1]", "operator.length_hint(iter(x))",
                                        "x[5:][3:10]", "x.start, x.stop, x.step", "1.5 in x[:9]", "list(x[:3])", "list(x[-3:])", "list(x[::-1][:2])"]))
        return "\t".join([self.values.huge_range(), *steps])

    def make_functions(self):
        random = self.random
        steps = []
        for _ in range(random.choice([1, 2])):
            name = random.choice(list(FUNCTIONS))
            kinds = FUNCTIONS[name]
            name = name.strip()
            count = random.randint(min(1, len(kinds)), len(kinds))
            if random.random() < 0.05:
                count = random.randint(0, len(kinds) + 2)
            parts = []
            for i in range(count):
                kind = kinds[i] if i < len(kinds) else "any"
                parts.append(self.value(kind if random.random() < 0.88 else "any"))
            if name == "pow" and len(parts) > 1:
                parts[1] = self.values.small() if len(parts) == 2 or random.random() < 0.5 else self.values.int()
            if name == "hash":
                parts = [self.values.int()]
            if name in KEYWORDS and random.random() < 0.25 and KEYWORDS[name]:
                parts.append(random.choice(KEYWORDS[name]))
            if name in ("bytes", "bytearray"):
                parts = ["3" if MUCH_MEMORY.fullmatch(part) else part for part in parts]
            if name == "round" and len(parts) > 1:
                parts[1] = self.values.digits()
            text = f"{name}({', '.join(parts)})"
            steps.append(text)
        return "\t".join([self.values.any() if random.random() < 0.5 else "[1, 2]", *steps])

    def format_call(self, template=None):
        random = self.random
        if template is None:
            out = ""
            for _ in range(random.randint(1, 3)):
                field = random.choice(["", "", "0", "1", "a", "a.real", "0[1]", "0[a]", "a[0].imag", "x!r", "!s", "0!a", "!x", "0.__class__", "-1", "0[", "a[]", " 0", "99", "0.", "\\u0661"])
                spec = random.choice(["", "", ":" + self.values.format_spec()[1:-1], ":{}", ":{1}", ":>{a}", ":{a!r}", "::", ":{"])
                out += random.choice(["", "text", "{{", "}}", "\\xe9", "\\u20ac"]) + "{" + field + spec + "}"
            if random.random() < 0.05:
                out += random.choice(["{", "}", "{0", "}}{"])
            template = f"'{out}'"
        # A field may be another one's width: no large numbers then.
        number = "small" if ":" in template and "{" in template[template.index(":"):] else "number"
        arguments = [self.value(random.choice([number, number, "str", "any", "list", "dict"] if number == "number" else ["small", "small", "str", "list", "odd"])) for _ in range(random.randint(0, 3))]
        if random.random() < 0.4:
            arguments.append(f"a={self.value(random.choice(['small', number, 'list', 'str']))}")
        return f"{template}.format({', '.join(arguments)})"

    def make_format(self):
        random = self.random
        setup = self.value(random.choice(["int", "int", "float", "float", "complex", "str", "any"]))
        steps = []
        for _ in range(random.choice([1, 2, 3])):
            spec = self.values.format_spec()
            steps.append(random.choice([f"format(x, {spec})", f"format(x, {spec})", f"x.__format__({spec})", f"'{{:{spec[1:-1]}}}'.format(x)", self.format_call(),
                                        f"f'{{x!r:{spec[1:-1]}}}'" if not set("{}\\") & set(spec) else "f'{x}'"]))
        return "\t".join([setup, *steps])

    def make_percent(self):
        random = self.random
        out = ""
        arguments = []
        named = random.random() < 0.15
        for _ in range(random.randint(1, 3)):
            flags = "".join(random.sample("#0- +", random.choice([0, 0, 1, 1, 2, 3])))
            width = random.choice(["", "", "", "3", "10", "20", "*", "0", "99999999999999999999" if random.random() < 0.05 else "12"])
            precision = random.choice(["", "", "", ".", ".0", ".2", ".5", ".10", ".20", ".*"])
            kind = random.choice("diouxXeEfFgGcrsa%b" + ("ly" if random.random() < 0.1 else "d"))
            for star in (width, precision):
                if "*" in star:
                    arguments.append(self.values.width())
            out += random.choice(["", " ", "text", "%%"]) + "%" + (random.choice(["(a)", "(b)", "()", "(a(b))"]) if named else "") + flags + width + precision + random.choice(["", "", "", "l", "h"]) + kind
            if kind != "%":
                arguments.append(self.value(random.choice({"c": ["byte", "char", "int"], "s": ["any", "str", "buffer"], "b": ["buffer", "any"]}.get(kind, ["number", "number", "any"]))))
        if random.random() < 0.06:
            out += random.choice(["%", "%(", "%5", "% %"])
        if random.random() < 0.06:
            arguments.append("1")
        right = f"({', '.join(arguments)},)" if arguments else "()"
        if named:
            right = "{'a': " + self.values.number() + ", 'b': " + self.values.any() + ", '': 1, 'a(b)': 2}" if random.random() < 0.9 else right
        elif len(arguments) == 1 and random.random() < 0.3:
            right = arguments[0]
        prefix = random.choice(["", "", "b", "bytearray"])
        left = f"b'{out}'" if prefix else f"'{out}'"
        if prefix and named:
            right = right.replace("'a'", "b'a'").replace("'b'", "b'b'").replace("''", "b''")
        if prefix == "bytearray":
            left = f"bytearray({left})"
        return "\t".join([left, f"x % {right}"])

    def make_codecs(self):
        random, values = self.random, self.values
        encoding, errors = values.encoding(), values.errors()
        text, data = values.str(), values.buffer()
        step = random.choice([
            f"{text}.encode({encoding}, {errors})", f"{values.bytes()}.decode({encoding}, {errors})", f"codecs.encode({text}, {encoding}, {errors})", f"codecs.decode({data}, {encoding}, {errors})",
            f"str({data}, {encoding}, {errors})", f"bytes({text}, {encoding}, {errors})", f"bytearray({text}, {encoding})", f"{text}.encode({encoding})", f"{values.bytes()}.decode({encoding})",
            f"codecs.getincrementaldecoder({encoding})({errors}).decode({data}, {values.value_flag() if hasattr(values, 'value_flag') else random.choice(['True', 'False'])})",
            f"{text}.encode({encoding}, {errors}).decode({encoding}, {errors})", f"codecs.utf_8_decode({data}, {errors}, False)", f"codecs.utf_16_ex_decode({data}, {errors})",
            f"codecs.escape_decode({data})", f"codecs.utf_7_decode({data}, {errors}, True)", f"codecs.charmap_decode({data}, {errors}, {random.choice(['None', chr(39) + 'abc' + chr(39), '{97: 98, 98: None}', '{97: chr(0x20ac)}'])})",
            f"codecs.charmap_encode({text}, {errors}, {random.choice(['None', '{97: 98}', '{97: b' + chr(39) + 'xyz' + chr(39) + '}', '{97: 300}'])})", f"codecs.unicode_escape_decode({data}, {errors})",
            f"codecs.raw_unicode_escape_encode({text})", f"codecs.getencoder({encoding})({text}, {errors})", f"codecs.lookup({encoding}).name", f"codecs.lookup_error({errors}).__name__",
            f"codecs.readbuffer_encode({data})", f"codecs.latin_1_encode({text}, {errors})", f"codecs.ascii_decode({data}, {errors})"])
        return "\t".join(["0", step])

    def make_numerals(self):
        random, values = self.random, self.values
        steps = []
        for _ in range(random.choice([1, 2, 3])):
            text = values.numeral()
            steps.append(random.choice([f"int({text})", f"int({text}, {random.choice(['0', '2', '8', '10', '16', '36', '1', '37', values.small()])})", f"float({text})", f"complex({text})",
                                        f"int({values.bytes()})", f"float({values.bytes()})", f"int({values.buffer()}, 16)", f"float.fromhex({text})", f"bytes.fromhex({text})",
                                        f"repr({values.float()})", f"str({values.complex()})", f"float({values.int()})", f"int({values.float()})", f"round({values.float()}, {values.small()})",
                                        f"({values.float()}).hex()", f"({values.float()}).as_integer_ratio()", f"hash({values.int()})", f"hash({values.float()}) == hash({values.float()})", f"({values.int()}) / ({values.int()})",
                                        f"divmod({values.number()}, {values.number()})", f"({values.float()}) // ({values.float()})", f"({values.float()}) % ({values.float()})",
                                        f"pow({values.int()}, {values.int()}, {values.int()})", f"({values.number()}) ** ({values.small()})", f"({values.float()}) ** ({values.float()})",
                                        f"({values.complex()}) ** ({values.number()})" if random.random() < 0.3 else f"({values.complex()}) * ({values.complex()})",
                                        f"({values.number()}) {random.choice(['==', '<', '<=', '+', '-', '*', '/', '//', '%'])} ({values.number()})", f"({values.complex()}) / ({values.complex()})"]))
        return "\t".join(["0", *steps])
