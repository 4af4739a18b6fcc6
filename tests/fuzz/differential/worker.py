"""Runs programs from standard input, one a line, and prints what came of each, one a line.

A program is `SETUP<tab>STEP<tab>STEP...`: SETUP is an expression whose value is called x; a step is an expression, or a
statement when it begins with `!`. Printed is the outcome of every step and, last, the state of x, separated by tabs, all
in ASCII. `worker.py probe` prints the methods of the built-in types and their signatures as JSON instead.

The file runs on every interpreter that is compared (it is passed with -c), so it may use nothing but Python 3.14.
"""

import array
import binascii
import codecs
import collections
import copy
import operator
import pickle
import re
import sys
import types
import warnings

LONGEST = 400  # characters of one outcome that are printed; of the rest, a checksum
ITEMS = 30  # items of an iterator that are looked at


# --- what the programs may use

class I(int): pass
class F(float): pass
class C(complex): pass
class S(str): pass
class B(bytes): pass
class BA(bytearray): pass
class L(list): pass
class T(tuple): pass
class D(dict): pass
class St(set): pass
class Fs(frozenset): pass


class Idx:
    def __init__(self, value=3): self.value = value
    def __index__(self): return self.value


class Int:
    def __init__(self, value=3): self.value = value
    def __int__(self): return self.value


class Flt:
    def __init__(self, value=1.5): self.value = value
    def __float__(self): return self.value


class Cpx:
    def __init__(self, value=1j): self.value = value
    def __complex__(self): return self.value


class Text:
    def __init__(self, value="text"): self.value = value
    def __str__(self): return self.value
    def __repr__(self): return self.value
    def __format__(self, spec): return self.value


class Bad:
    """Every hook of the built-in functions raises."""
    def fail(self, *args): raise ZeroDivisionError("bad")
    __index__ = __int__ = __float__ = __complex__ = __len__ = __iter__ = __getitem__ = __eq__ = __lt__ = __contains__ = fail
    __str__ = __format__ = __bool__ = __add__ = __radd__ = __mul__ = __rmul__ = __bytes__ = __round__ = __abs__ = fail
    def __hash__(self): return 1
    def __repr__(self): return "Bad()"


class BadHash:
    def __hash__(self): raise ZeroDivisionError("hash")
    def __repr__(self): return "BadHash()"


class Always:
    """Equal to everything, and in the way of everything."""
    def __eq__(self, other): return True
    def __hash__(self): return 1
    def __lt__(self, other): return True
    def __radd__(self, other): return "radd"
    def __rmul__(self, other): return "rmul"
    def __rsub__(self, other): return "rsub"
    def __ror__(self, other): return "ror"
    def __rmod__(self, other): return "rmod"
    def __repr__(self): return "Always()"


class Seq:
    """A sequence by __getitem__ alone."""
    def __init__(self, *items): self.items = items
    def __getitem__(self, index): return self.items[index]


class Sized(Seq):
    def __len__(self): return len(self.items)


class Map:
    def __init__(self, *pairs): self.pairs = dict(pairs)
    def keys(self): return self.pairs.keys()
    def __getitem__(self, key): return self.pairs[key]


class Missing(dict):
    def __missing__(self, key): return ("missing", key)


class Hint:
    """An iterator with a length hint, which may lie."""
    def __init__(self, hint, *items): self.hint, self.items = hint, iter(items)
    def __iter__(self): return self
    def __next__(self): return next(self.items)
    def __length_hint__(self):
        if isinstance(self.hint, type): raise self.hint("hint")
        return self.hint


class Buf:
    def __init__(self, data=b"buf"): self.data = data
    def __buffer__(self, flags): return memoryview(self.data)


class BytesLike:
    def __init__(self, data=b"own"): self.data = data
    def __bytes__(self): return self.data


class NotIter:
    __iter__ = None
    __contains__ = None
    __hash__ = None


class Wrong:
    """Hooks that return what they must not."""
    def __index__(self): return "1"
    def __int__(self): return 1.5
    def __float__(self): return 1
    def __complex__(self): return "j"
    def __len__(self): return -1
    def __iter__(self): return 5
    def __str__(self): return b"s"
    def __format__(self, spec): return 5
    def __bool__(self): return 5
    def __bytes__(self): return "b"
    def __hash__(self): return "h"
    def __length_hint__(self): return "l"


class Act:
    """Does something, as a rule to x, whenever it is asked for anything."""
    def __init__(self, action, value=1): self.action, self.value, self.left = action, value, 20
    def act(self):
        self.left -= 1
        if self.left >= 0: self.action()
    def __index__(self): self.act(); return self.value
    def __float__(self): self.act(); return float(self.value)
    def __eq__(self, other): self.act(); return self.value == other
    def __lt__(self, other): self.act(); return False
    def __hash__(self): self.act(); return hash(self.value)
    def __bool__(self): self.act(); return False
    def __len__(self): self.act(); return 2
    def __getitem__(self, index): self.act(); return (self.value, self.value)[index]
    def __str__(self): self.act(); return "act"
    def __repr__(self): self.act(); return "Act()"
    def __format__(self, spec): self.act(); return "act"
    def __length_hint__(self): self.act(); return 3
    def __buffer__(self, flags): self.act(); return memoryview(b"act")
    def __call__(self, *args): self.act(); return self.value


class OwnList(list):
    """The hooks that natives may get round, or not."""
    def __getitem__(self, index): return "item"
    def __iter__(self): return iter(["own"])
    def __len__(self): return 3
    def __contains__(self, item): return True
    def __eq__(self, other): return True
    __hash__ = None


class OwnDict(dict):
    def __getitem__(self, key): return "item"
    def __iter__(self): return iter(["own"])
    def keys(self): return ["a", "b"]
    def __len__(self): return 3
    def __contains__(self, key): return True


class OwnStr(str):
    def __str__(self): return "own"
    def __format__(self, spec): return "own" + spec
    def __eq__(self, other): return True
    def __hash__(self): return 5
    def __len__(self): return 1
    def __getitem__(self, index): return "item"
    def __iter__(self): return iter("own")


class OwnInt(int):
    def __int__(self): return 7
    def __index__(self): return 8
    def __str__(self): return "own"
    def __repr__(self): return "ownrepr"
    def __add__(self, other): return "add"
    def __radd__(self, other): return "radd"
    def __bool__(self): return False
    def __format__(self, spec): return "own"


class OwnFloat(float):
    def __float__(self): return 7.5
    def __str__(self): return "own"
    def __mul__(self, other): return "mul"
    def __round__(self, n=None): return "round"


class OwnBytes(bytes):
    def __bytes__(self): return b"own"
    def __buffer__(self, flags): return memoryview(b"buffer")
    def __getitem__(self, index): return 65
    def __len__(self): return 2


class OwnTuple(tuple):
    def __getitem__(self, index): return "item"
    def __iter__(self): return iter(["own"])
    def __len__(self): return 3


class OwnSet(set):
    def __iter__(self): return iter(["own"])
    def __contains__(self, item): return True
    def __len__(self): return 3


class Plain:
    def __init__(self, **attributes): self.__dict__.update(attributes)
    def method(self, *args): return args


class Slotted:
    __slots__ = ("a", "b")
    def __init__(self, a=1): self.a = a


class Described:
    def __init__(self): self.log = 1
    @property
    def value(self): return self.log
    @value.setter
    def value(self, v): self.log = v
    @classmethod
    def made(cls, *args): return cls, args
    @staticmethod
    def static(*args): return args


def gen(*items):
    yield from items
    if items and items[-1] is None:
        raise ZeroDivisionError("gen")


def first(a, *rest): return a
def fail(*args, **kwargs): raise ZeroDivisionError("fail")
def pair(a): return (a, a)


NAMES = {name: value for name, value in globals().items()
         if name in ("array", "codecs", "collections", "copy", "operator", "pickle", "types") or name[0] != "_" and getattr(value, "__module__", "") == __name__}


# --- describing a value in a way that does not depend on the interpreter

ADDRESS = re.compile(r"\bat 0x[0-9a-f]+")


def plain(text):
    return ADDRESS.sub("at ADDRESS", text)


def shortened(text):
    if len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST]}...[{len(text)} {binascii.crc32(text.encode()):08x}]"


def describe(value, depth=0):
    kind = type(value)
    name = kind.__name__
    if depth > 6:
        return f"<{name}>"
    if isinstance(value, bool) or value is None:
        return ascii(value)
    if isinstance(value, int):
        number = int(value)
        text = hex(number) if number.bit_length() > 2000 else int.__repr__(number)
        return text if kind is int else f"{name}({text})"
    if isinstance(value, float):
        return float.__repr__(value) if kind is float else f"{name}({float.__repr__(value)})"
    if isinstance(value, complex):
        return f"{name}({float.__repr__(value.real)}, {float.__repr__(value.imag)})"
    if isinstance(value, str):
        text = str.__repr__(value)
        text = text.encode("ascii", "backslashreplace").decode() if not text.isascii() else text
        return plain(text) if kind is str else f"{name}({plain(text)})"
    if isinstance(value, (bytes, bytearray)):
        text = bytes.__repr__(bytes(value))
        text = plain(text)
        return text if kind is bytes else f"{name}({text})"
    if isinstance(value, (list, tuple)):
        items = list.__iter__(value) if isinstance(value, list) else tuple.__iter__(value)
        text = ", ".join([describe(item, depth + 1) for item in items])
        if kind is list:
            return f"[{text}]"
        return f"({text})" if kind is tuple else f"{name}({text})"
    if isinstance(value, (set, frozenset)):
        items = set.__iter__(value) if isinstance(value, set) else frozenset.__iter__(value)
        return f"{name}({', '.join(sorted(describe(item, depth + 1) for item in items))})"
    if isinstance(value, dict):
        text = ", ".join([f"{describe(k, depth + 1)}: {describe(v, depth + 1)}" for k, v in dict.items(value)])
        return f"{{{text}}}" if kind is dict else f"{name}{{{text}}}"
    return describe_other(value, kind, name, depth)


def describe_other(value, kind, name, depth):
    if isinstance(value, memoryview):
        return describe_view(value)
    if isinstance(value, slice):
        return f"slice({describe(value.start, depth + 1)}, {describe(value.stop, depth + 1)}, {describe(value.step, depth + 1)})"
    if isinstance(value, range):
        return f"range({value.start}, {value.stop}, {value.step})"
    if isinstance(value, (type({}.keys()), type({}.values()), type({}.items()))):
        return f"{name}[{', '.join([describe(item, depth + 1) for item in value])}]"
    if isinstance(value, types.MappingProxyType):
        return f"mappingproxy({describe(dict(value), depth + 1)})" if len(value) < 20 else "mappingproxy(...)"
    if isinstance(value, BaseException):
        return describe_error(value)
    if isinstance(value, type):
        return f"<class {value.__qualname__}>"
    if isinstance(value, array.array):
        return plain(repr(value))
    if kind.__module__ != __name__ and hasattr(kind, "__next__"):
        return describe_iterator(value, name, depth)
    if kind.__module__ == __name__:
        inner = vars(value) if hasattr(value, "__dict__") else {}
        return f"{name}<{describe(inner, depth + 1)}>"
    return plain(ascii(value))


def describe_view(view):
    try:
        data = ascii(view.tobytes())
    except Exception as error:
        return f"memoryview<{type(error).__name__}: {error}>"
    return (f"memoryview({data}, {view.format!r}, {view.itemsize}, {view.shape}, {view.strides}, {view.suboffsets}, "
            f"{view.readonly}, {view.c_contiguous}, {view.f_contiguous})")


def describe_iterator(iterator, name, depth):
    out = []
    try:
        for item in iterator:
            out.append(describe(item, depth + 1))
            if len(out) == ITEMS:
                out.append("...")
                break
    except Exception as error:
        out.append(describe_error(error))
    if "set" in name:
        out.sort()
    return f"{name}[{', '.join(out)}]"


def describe_error(error, depth=0):
    try:
        text = str(error)
    except Exception as other:
        text = f"<str raises {type(other).__name__}>"
    out = f"{type(error).__name__}: {plain(text)!a}"
    if isinstance(error, UnicodeError) and len(error.args) == 5:
        out += f" {shortened(describe(error.args))}"
    elif type(error) not in (KeyError, StopIteration) and len(error.args) != 1:
        out += f" args={describe(error.args, 3)}"
    for attribute in ("name", "obj"):
        if isinstance(error, (AttributeError, NameError)) and hasattr(error, attribute):
            out += f" {attribute}={shortened(describe(getattr(error, attribute), 4))}"
    for notes in getattr(error, "__notes__", ()):
        out += f" note={notes!a}"
    if depth < 3 and error.__cause__ is not None:
        out += f" cause=({describe_error(error.__cause__, depth + 1)})"
    elif depth < 3 and error.__context__ is not None:
        out += f" context=({describe_error(error.__context__, depth + 1)})"
    return out


# --- running

warned = []


def outcome(function):
    warned.clear()
    try:
        text = function()
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        text = "!" + shortened(describe_error(error))
    for category, message in warned:
        text += f" warning={category}: {plain(message)!a}"
    return text.replace("\n", "\\n").replace("\t", "\\t")


def step(text, names):
    if text.startswith("!"):
        exec(text[1:], names)
        return shortened(describe(names["x"]))
    return shortened(describe(eval(text, names)))


def run(program):
    setup, *steps = program.split("\t")
    names = dict(NAMES)
    def set_up():
        names["x"] = eval(setup, names)
        return ""
    failed = outcome(set_up)
    if failed:
        return "setup " + failed
    out = [outcome(lambda: step(text, names)) for text in steps]
    out.append(outcome(lambda: shortened(describe(names["x"]))))
    return "\t".join(out)


def main():
    warnings.simplefilter("always")
    warnings.showwarning = lambda message, category, *rest: warned.append((category.__name__, str(message)))
    carefully = "carefully" in sys.argv  # each line on its way before the next program runs
    write = sys.stdout.write
    for line in sys.stdin:
        write(run(line.rstrip("\n")) + "\n")
        if carefully:
            sys.stdout.flush()


def probe():
    import builtins
    import json
    iterators = [type(iter([])), type(reversed([])), type(iter(())), type({}.keys()), type({}.values()), type({}.items()),
                 type(iter({})), type(iter({}.values())), type(iter({}.items())), type(reversed({})), type(iter(set())),
                 type(iter(range(3))), type(iter(range(2**70))), type(iter("a")), type(iter("\u1234")), type(iter(b"")),
                 type(iter(bytearray())), type(iter(memoryview(b""))), type(iter(Seq())), type(iter(len, 0)), type(type.__dict__)]
    found = {}
    more = [property, classmethod, staticmethod, super, type(None), type(...), type(NotImplemented), types.SimpleNamespace, types.GenericAlias,
            type(int | str), types.FunctionType, types.MethodType, types.BuiltinFunctionType, type(str.join), type(int.__add__), type((5).__add__),
            type(int.real), types.CellType, type(reversed({}.values())), type(reversed({}.items())), ValueError, KeyError, OSError, UnicodeDecodeError,
            UnicodeEncodeError, UnicodeTranslateError, ExceptionGroup, StopIteration, SystemExit, ImportError, AttributeError, NameError, SyntaxError]
    for kind in [*more, int, float, complex, bool, str, bytes, bytearray, memoryview, list, tuple, dict, set, frozenset, range, slice,
                 enumerate, zip, map, filter, reversed, *iterators]:
        methods = {}
        for name in dir(kind):
            value = getattr(kind, name, None)
            methods[name] = getattr(value, "__text_signature__", None) if callable(value) else False
        found[kind.__name__] = methods
    print(json.dumps(found))


probe() if "probe" in sys.argv else main()
