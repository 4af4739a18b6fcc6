import keyword
import types
import functools
import operator
import collections
import abc
import contextlib
import string
import heapq
import bisect
import copy
import textwrap
import enum
import re
import dataclasses

print(keyword.iskeyword("for"), functools.reduce(operator.add, [1, 2, 3]), types.FunctionType.__name__)
print(collections.Counter("hello").most_common(1), collections.OrderedDict(a=1), collections.deque([1, 2], maxlen=1))
Pair = collections.namedtuple("Pair", "a b")
print(Pair(1, 2), Pair(1, 2)._replace(a=5).a, string.ascii_lowercase)
heap = [3, 1, 2]
heapq.heapify(heap)
print(heapq.heappop(heap), bisect.bisect([1, 2, 3], 2), copy.deepcopy([[1]]), textwrap.dedent("  a\n  b"))


class Color(enum.Enum):
    RED = 1
    BLUE = 2


print(Color.RED, Color(2).name, list(Color), re.sub(r"(\w)(\d)", r"\2\1", "a1 b2"), re.findall("[a-c]+", "xabcab"))


@dataclasses.dataclass(order=True)
class Item:
    name: str
    price: float = 1.5


print(Item("x"), Item("a") < Item("b"))


@contextlib.contextmanager
def tag(name):
    print("<" + name + ">")
    yield name
    print("</" + name + ">")


with tag("b") as t:
    print(t)


class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self): ...


try:
    Shape()
except TypeError as error:
    print(error)


@functools.lru_cache
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


print(fib(60), functools.partial(print, "partial")("called"))
