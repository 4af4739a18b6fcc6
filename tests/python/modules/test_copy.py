"""copy.deepcopy: what it copies how, and what a program can see of that."""

import abc
import collections
import copy
import copyreg
import dataclasses
import enum
import functools
import inspect
import sys
import threading
import types
import unittest
import weakref


class Plain:
    def __init__(self, **attributes):
        self.__dict__.update(attributes)


class Slotted:
    __slots__ = ("a", "b")


class SlottedMore(Slotted):
    __slots__ = ("__dict__", "c")


class Loud:
    """Says whether it was copied."""
    def __init__(self, action=None):
        self.action = action

    def __deepcopy__(self, memo):
        if self.action is not None:
            self.action(memo)
        return self


class Function(unittest.TestCase):
    def test_what_it_is(self):
        self.assertIsInstance(copy.deepcopy, types.FunctionType)
        self.assertEqual(copy.deepcopy.__name__, "deepcopy")
        self.assertEqual(copy.deepcopy.__qualname__, "deepcopy")
        self.assertEqual(copy.deepcopy.__module__, "copy")
        self.assertTrue(copy.deepcopy.__doc__.startswith("Deep copy operation on arbitrary"))
        self.assertEqual(str(inspect.signature(copy.deepcopy)), "(x, memo=None, _nil=[])")
        self.assertEqual(copy.deepcopy.__defaults__, (None, []))
        self.assertTrue(inspect.getsource(copy.deepcopy).startswith("def deepcopy(x, memo=None, _nil=[]):"))
        self.assertTrue(copy.deepcopy.__code__.co_filename.endswith("copy.py"))

    def test_arguments(self):
        x = [[]]
        for y in (copy.deepcopy(x=x), copy.deepcopy(x, memo={}), copy.deepcopy(x, None), copy.deepcopy(x, {}, [])):
            self.assertEqual(y, x)
            self.assertIsNot(y[0], x[0])
        with self.assertRaisesRegex(TypeError, r"deepcopy\(\) missing 1 required positional argument: 'x'"):
            copy.deepcopy()
        with self.assertRaisesRegex(TypeError, r"deepcopy\(\) takes from 1 to 3 positional arguments but 4 were given"):
            copy.deepcopy(1, 2, 3, 4)

    def test_nil(self):
        x, nothing = [], object()
        self.assertEqual(copy.deepcopy(x, {id(x): nothing}, nothing), [])
        self.assertIs(copy.deepcopy(x, {id(x): nothing}), nothing)
        self.assertIs(copy.deepcopy(x, {id(x): None}), None)
        self.assertIs(copy.deepcopy([x], {id(x): nothing}, nothing)[0], nothing)

    def test_as_a_method(self):
        class Cloned(Plain):
            clone = copy.deepcopy
        x = Cloned(a=[1])
        y = x.clone()
        self.assertIsNot(y, x)
        self.assertEqual(y.a, [1])
        self.assertIsNot(y.a, x.a)


class Kinds(unittest.TestCase):
    def test_atomic(self):
        def function():
            pass
        for x in (None, ..., NotImplemented, 1, 2 ** 100, 1.5, True, 1j, b"x", "x", function.__code__, int, Plain, range(3), len,
                  function, weakref.ref(Plain), property(), abc.ABC, enum.Enum, [].append.__class__):
            self.assertIs(copy.deepcopy(x), x)
            self.assertIs(copy.deepcopy([x])[0], x)

    def test_lists(self):
        x = [1, [2, [3]], "a"]
        y = copy.deepcopy(x)
        self.assertEqual(x, y)
        self.assertIsNot(x[1], y[1])
        self.assertIsNot(x[1][1], y[1][1])
        self.assertEqual(copy.deepcopy([]), [])

    def test_tuples(self):
        for x in ((), (1, 2), (1, (2, "x")), (None, (), (len,))):
            self.assertIs(copy.deepcopy(x), x)
        x = (1, [2], 3, (4, []))
        y = copy.deepcopy(x)
        self.assertEqual(x, y)
        self.assertIs(type(y), tuple)
        self.assertIsNot(y[1], x[1])
        self.assertIsNot(y[3], x[3])

    def test_dicts(self):
        key = Loud()
        x = {"a": [1], key: {2: (3, [])}, (1, 2): None}
        y = copy.deepcopy(x)
        self.assertEqual(x, y)
        self.assertEqual(list(x), list(y))
        self.assertIsNot(x["a"], y["a"])
        self.assertIsNot(x[key], y[key])

    def test_sets_and_buffers(self):
        inner = Plain(a=1)
        for x in ({1, 2}, frozenset([1, 2]), bytearray(b"ab")):
            y = copy.deepcopy(x)
            self.assertEqual(x, y)
            self.assertIs(type(x), type(y))
        y, = copy.deepcopy({inner})
        self.assertIsNot(y, inner)
        self.assertEqual(y.a, 1)

    def test_methods(self):
        class Bound:
            def method(self):
                return self.value
        x = Bound()
        x.value = [1]
        x.itself = x.method
        y = copy.deepcopy(x)
        self.assertIs(y.itself.__self__, y)
        self.assertEqual(y.itself(), [1])
        self.assertIsNot(y.itself(), x.value)

    def test_collections(self):
        inner = [1]
        for x in (collections.OrderedDict([(1, inner), (2, inner)]), collections.defaultdict(list, {1: inner}),
                  collections.deque([inner, inner], 5), collections.Counter("aab"), collections.ChainMap({1: inner}),
                  collections.UserList([inner]), collections.UserDict({1: inner}),
                  types.SimpleNamespace(a=inner, b=[inner])):
            y = copy.deepcopy(x)
            self.assertEqual(x, y)
            self.assertIs(type(x), type(y))
            self.assertIsNot(x, y)
        y = copy.deepcopy(collections.deque([inner, inner], 5))
        self.assertEqual(y.maxlen, 5)
        self.assertIs(y[0], y[1])
        self.assertIsNot(y[0], inner)
        self.assertIs(copy.deepcopy(collections.defaultdict(list)).default_factory, list)

    def test_named_tuples(self):
        Pair = collections.namedtuple("Pair", "a b")
        x = Pair(1, [2])
        y = copy.deepcopy(x)
        self.assertEqual(x, y)
        self.assertIs(type(y), Pair)
        self.assertIsNot(x.b, y.b)

    def test_dataclasses(self):
        @dataclasses.dataclass
        class Open:
            a: int
            b: list = dataclasses.field(default_factory=list)

        @dataclasses.dataclass(frozen=True)
        class Frozen:
            a: list

        @dataclasses.dataclass(slots=True)
        class Slots:
            a: list
            b: int = 2

        @dataclasses.dataclass(frozen=True, slots=True)
        class FrozenSlots:
            a: list
        for x in (Open(1, [2]), Frozen([1]), Slots([1], 3), FrozenSlots([1])):
            for _ in range(3):
                y = copy.deepcopy(x)
                self.assertEqual(x, y)
                self.assertIs(type(y), type(x))
                self.assertIsNot(x, y)
        x = FrozenSlots([1])
        self.assertIsNot(copy.deepcopy(x).a, x.a)

    def test_enums(self):
        class Colour(enum.Enum):
            RED = [1]
        self.assertIs(copy.deepcopy([Colour.RED])[0], Colour.RED)

    def test_exceptions(self):
        x = ValueError("a", [1])
        x.note = [2]
        y = copy.deepcopy(x)
        self.assertIs(type(y), ValueError)
        self.assertEqual(y.args, ("a", [1]))
        self.assertIsNot(y.args[1], x.args[1])
        self.assertEqual(y.note, [2])
        self.assertIsNot(y.note, x.note)

    def test_subclasses_of_natives(self):
        class MyList(list):
            pass

        class MyDict(dict):
            pass

        class MyTuple(tuple):
            pass

        class MyStr(str):
            pass

        class MyInt(int):
            pass

        class MySet(set):
            pass
        inner = []
        for x in (MyList([inner]), MyDict({1: inner}), MyTuple([1, inner]), MyStr("x"), MyInt(3), MySet([1])):
            x.attribute = [x, inner]
            for _ in range(2):
                y = copy.deepcopy(x)
                self.assertIs(type(x), type(y))
                self.assertIsNot(x, y)
                self.assertEqual(x, y)
                self.assertEqual(len(y.attribute), 2)
                self.assertIsNot(y.attribute[1], inner)
                if not isinstance(x, tuple):
                    self.assertIs(y.attribute[0], y)
        x = MyList([inner])
        x.inner = inner
        y = copy.deepcopy(x)
        self.assertIs(y.inner, y[0])

    def test_partial(self):
        inner = [1]
        y = copy.deepcopy(functools.partial(print, inner, sep=inner))
        self.assertEqual(y.args, (inner,))
        self.assertIsNot(y.args[0], inner)
        self.assertIs(y.args[0], y.keywords["sep"])


class Sharing(unittest.TestCase):
    def test_shared_parts(self):
        inner, pair = [1], (1, [2])
        x = [inner, inner, {"a": inner}, pair, pair, Plain(a=inner, b=pair)]
        y = copy.deepcopy(x)
        self.assertIs(y[0], y[1])
        self.assertIs(y[2]["a"], y[0])
        self.assertIs(y[3], y[4])
        self.assertIs(y[5].a, y[0])
        self.assertIs(y[5].b, y[3])

    def test_many_shared_parts(self):
        parts = [[i] for i in range(500)]
        y = copy.deepcopy([parts, parts[::-1], [Plain(part=p) for p in parts]])
        for i in range(500):
            self.assertIs(y[0][i], y[1][499 - i])
            self.assertIs(y[0][i], y[2][i].part)
            self.assertEqual(y[0][i], [i])

    def test_cycles(self):
        x = []
        x.append(x)
        y = copy.deepcopy(x)
        self.assertIs(y[0], y)
        x = {}
        x["x"] = x
        y = copy.deepcopy(x)
        self.assertIs(y["x"], y)
        x = ([],)
        x[0].append(x)
        y = copy.deepcopy(x)
        self.assertIs(type(y), tuple)
        self.assertIs(y[0][0], y)
        x = Plain()
        x.itself = x
        for _ in range(3):
            y = copy.deepcopy(x)
            self.assertIsNot(y, x)
            self.assertIs(y.itself, y)
        x.list = [x, Plain(up=x)]
        y = copy.deepcopy(x)
        self.assertIs(y.list[0], y)
        self.assertIs(y.list[1].up, y)

    def test_memo(self):
        inner = [1]
        x, memo = [inner, (inner,), "s"], {}
        y = copy.deepcopy(x, memo)
        self.assertEqual(list(memo), [id(x), id(inner), id(memo), id(x[1])])
        self.assertIs(memo[id(x)], y)
        self.assertIs(memo[id(inner)], y[0])
        self.assertIs(memo[id(x[1])], y[1])
        self.assertEqual([id(kept) for kept in memo[id(memo)]], [id(inner), id(x[1]), id(x)])
        self.assertIs(copy.deepcopy(x, memo), y)
        self.assertEqual(copy.deepcopy([inner], memo)[0], y[0])

    def test_memo_of_a_dict(self):
        # The value is copied before its key.
        seen = []

        class Part:
            def __deepcopy__(self, memo):
                seen.append(self)
                return Part()
        key, value = Part(), Part()
        copy.deepcopy({key: value})
        self.assertEqual(seen, [value, key])

    def test_memo_of_an_instance(self):
        x, memo = Plain(a=[1]), {}
        for _ in range(2):
            copy.deepcopy(Plain(a=1))  # it knows the class now
            memo = {}
            y = copy.deepcopy(x, memo)
            keys = list(memo)
            self.assertEqual(len(memo), 4)  # the instance, its __dict__, the list, what is kept
            self.assertEqual(keys[0], id(x))
            self.assertEqual(memo[keys[1]], {"a": [1]})
            self.assertIs(memo[keys[2]], y.a)
            self.assertEqual(keys[3], id(memo))
            self.assertEqual(len(memo[id(memo)]), 3)
            self.assertIs(memo[id(memo)][0], x.a)
            self.assertIs(memo[id(memo)][2], x)

    def test_memo_that_is_seen_late(self):
        seen = []
        inner = [1]

        def look(memo):
            seen.append((list(memo), memo[id(inner)], list(memo[id(memo)]), id(memo)))
        x = [inner, Loud(look), inner, [2]]
        y = copy.deepcopy(x)
        keys, copied, kept, memo_id = seen[0]
        self.assertEqual(keys, [id(x), id(inner), memo_id])
        self.assertIs(copied, y[0])
        self.assertIs(kept[0], inner)
        self.assertIs(y[2], y[0])
        self.assertEqual(y[3], [2])

    def test_memo_that_is_changed(self):
        inner, other = [1], [2]

        def change(memo):
            memo[id(inner)] = other
        y = copy.deepcopy([Loud(change), inner])
        self.assertIs(y[1], other)
        y = copy.deepcopy([inner, Loud(dict.clear), inner])
        self.assertIsNot(y[0], y[2])

    def test_the_same_memo_for_all(self):
        memos = []
        copy.deepcopy([Loud(memos.append), {"a": Loud(memos.append)}, Plain(a=Loud(memos.append))])
        self.assertEqual(len(memos), 3)
        self.assertIs(type(memos[0]), dict)
        self.assertIs(memos[0], memos[1])
        self.assertIs(memos[0], memos[2])

    def test_other_memos(self):
        class Memo(dict):
            def get(self, key, default):
                calls.append("get")
                return super().get(key, default)

            def __setitem__(self, key, value):
                calls.append("set")
                super().__setitem__(key, value)

            def __getitem__(self, key):
                calls.append("item")
                return super().__getitem__(key)
        calls = []
        y = copy.deepcopy([[1]], Memo())
        self.assertEqual(y, [[1]])
        self.assertEqual(calls, ["get", "set", "get", "set", "set", "item", "set", "set", "item"])
        calls.clear()
        copy.deepcopy(([],), Memo())
        self.assertEqual(calls, ["get", "get", "set", "set", "item", "set", "item", "set", "item"])
        memo = collections.UserDict()
        x = [[1]]
        y = copy.deepcopy(x, memo)
        self.assertIs(memo[id(x[0])], y[0])
        self.assertEqual(memo[id(memo)], [x[0], x])
        with self.assertRaises(AttributeError):
            copy.deepcopy([], 1)
        self.assertEqual(copy.deepcopy(1, 1), 1)
        memo = weakref.WeakValueDictionary()
        with self.assertRaisesRegex(TypeError, "cannot create weak reference to 'list' object"):
            copy.deepcopy([], memo)

    def test_kept_list_of_another_kind(self):
        memo = {}
        kept = memo[id(memo)] = collections.deque()
        x = [[1]]
        copy.deepcopy(x, memo)
        self.assertEqual(kept, collections.deque([x[0], x]))
        memo = {}
        memo[id(memo)] = 1
        with self.assertRaisesRegex(AttributeError, "'int' object has no attribute 'append'"):
            copy.deepcopy([], memo)

    def test_temporaries_are_kept(self):
        class Fresh:
            def __reduce__(self):
                return list, ([object() for _ in range(3)],)
        y = copy.deepcopy([Fresh() for _ in range(200)])
        self.assertEqual(len({id(o) for part in y for o in part}), 600)


class Protocol(unittest.TestCase):
    def test_deepcopy_method(self):
        class Custom:
            def __deepcopy__(self, memo):
                y = Custom()
                memo[id(self)] = y
                y.part = copy.deepcopy(self.part, memo)
                return y
        x = Custom()
        x.part = [x]
        y = copy.deepcopy([x, x])
        self.assertIs(y[0], y[1])
        self.assertIs(y[0].part[0], y[0])

    def test_deepcopy_of_the_instance(self):
        x = Plain(a=1)
        copy.deepcopy(x)
        x.__deepcopy__ = lambda memo: "instance's"
        self.assertEqual(copy.deepcopy(x), "instance's")
        x.__deepcopy__ = None
        self.assertIsNone(copy.deepcopy(x).__deepcopy__)

    def test_classes_that_change(self):
        class Changing:
            pass
        x = Changing()
        x.a = [1]
        for _ in range(3):
            self.assertEqual(copy.deepcopy(x).a, [1])
        Changing.__deepcopy__ = lambda self, memo: 1
        self.assertEqual(copy.deepcopy(x), 1)
        del Changing.__deepcopy__
        self.assertEqual(copy.deepcopy(x).a, [1])
        Changing.__setstate__ = lambda self, state: self.__dict__.update(state, b=2)
        self.assertEqual(copy.deepcopy(x).b, 2)
        del Changing.__setstate__
        Changing.__getstate__ = lambda self: {"c": 3}
        self.assertEqual(copy.deepcopy(x).__dict__, {"c": 3})
        del Changing.__getstate__
        Changing.__reduce_ex__ = lambda self, protocol: (list, ([protocol],))
        self.assertEqual(copy.deepcopy(x), [4])
        del Changing.__reduce_ex__
        Changing.__reduce__ = lambda self: "a string"
        self.assertIs(copy.deepcopy(x), x)
        del Changing.__reduce__
        Changing.__getnewargs__ = lambda self: ([1],)
        Changing.__new__ = lambda cls, *args: args and object.__new__(cls) or None
        self.assertEqual(copy.deepcopy(x).a, [1])
        del Changing.__getnewargs__, Changing.__new__
        self.assertEqual(copy.deepcopy(x).a, [1])

    def test_new_and_init(self):
        made = []

        class Made:
            def __new__(cls, *args):
                made.append(args)
                return super().__new__(cls)

            def __init__(self, *args):
                made.append("init")
        x = Made(1)
        x.a = 1
        made.clear()
        self.assertEqual(copy.deepcopy(x).a, 1)
        self.assertEqual(made, [()])

    def test_getnewargs(self):
        class Args:
            def __new__(cls, part):
                self = super().__new__(cls)
                self.part = part
                return self

            def __getnewargs__(self):
                return self.part,

            def __getstate__(self):
                return None

        class Keywords(Args):
            def __getnewargs_ex__(self):
                return (), {"part": self.part}
        for x in (Args([1]), Keywords([1])):
            y = copy.deepcopy(x)
            self.assertIs(type(y), type(x))
            self.assertEqual(y.part, [1])
            self.assertIsNot(y.part, x.part)

    def test_abstract(self):
        class Abstract(abc.ABC):
            pass

        class Later(Abstract):
            pass
        x = Later()
        x.a = [1]
        copy.deepcopy(x)
        self.assertEqual(copy.deepcopy(x).a, [1])
        Later.__abstractmethods__ = frozenset(["method"])
        with self.assertRaisesRegex(TypeError, "Can't instantiate abstract class Later"):
            copy.deepcopy(x)

    def test_metaclass(self):
        class Meta(type):
            def __getattribute__(cls, name):
                asked.append(name)
                return super().__getattribute__(name)

        class Watched(metaclass=Meta):
            pass
        asked = []
        x = Watched()
        for _ in range(2):
            asked.clear()
            copy.deepcopy(x)
            self.assertIn("__new__", asked)

    def test_setstate(self):
        class Setting:
            def __setstate__(self, state):
                self.got = state
        x = Setting()
        x.a = [1]
        y = copy.deepcopy(x)
        self.assertEqual(y.got, {"a": [1]})
        self.assertIsNot(y.got["a"], x.a)
        self.assertEqual(copy.deepcopy(Setting()).__dict__, {})

    def test_attributes_behind_properties(self):
        class Hidden:
            @property
            def a(self):
                return self.__dict__["a"] + 1

            def __setattr__(self, name, value):
                raise AttributeError(name)
        x = Hidden()
        x.__dict__["a"] = 1
        for _ in range(3):
            self.assertEqual(copy.deepcopy(x).__dict__, {"a": 1})

    def test_dict_of_its_own(self):
        class Shown:
            stored = {"a": [1]}
            __dict__ = property(lambda self: Shown.stored)
        copy.deepcopy(Shown())
        x = Shown()
        copy.deepcopy(x)
        self.assertEqual(Shown.stored, {"a": [1]})

    def test_odd_attribute_names(self):
        x = Plain()
        x.__dict__[1] = [2]
        x.__dict__["a b"] = [3]
        y = copy.deepcopy(x)
        self.assertEqual(y.__dict__, {1: [2], "a b": [3]})
        self.assertIsNot(y.__dict__[1], x.__dict__[1])

    def test_attribute_order(self):
        x = Plain(b=1, a=2)
        x.c = 3
        del x.b
        x.b = 4
        for _ in range(3):
            self.assertEqual(list(copy.deepcopy(x).__dict__), ["a", "c", "b"])

    def test_many_attributes(self):
        for n in (0, 1, 10, 63, 64, 65, 200):
            x = Plain()
            for i in range(n):
                setattr(x, f"a{i}", [i])
            for _ in range(3):
                y = copy.deepcopy(x)
                self.assertEqual(y.__dict__, x.__dict__)
            for i in range(n):
                self.assertIsNot(getattr(y, f"a{i}"), getattr(x, f"a{i}"))
            y.more = 1
            self.assertNotIn("more", x.__dict__)

    def test_slots(self):
        x = Slotted()
        x.a = [1]
        y = copy.deepcopy(x)
        self.assertEqual(y.a, [1])
        self.assertIsNot(y.a, x.a)
        self.assertFalse(hasattr(y, "b"))
        x = SlottedMore()
        x.a = x.c = [1]
        x.d = [x.a]
        for _ in range(2):
            y = copy.deepcopy(x)
            self.assertEqual(y.a, [1])
            self.assertIs(y.a, y.c)
            self.assertIs(y.d[0], y.a)

    def test_states(self):
        class State:
            def __init__(self, state=None):
                self.state = state

            def __reduce__(self):
                return type(self), (), self.state
        self.assertEqual(copy.deepcopy(State({"a": 1})).a, 1)
        y = copy.deepcopy(State(({"a": 1}, {"b": 2})))
        self.assertEqual((y.a, y.b), (1, 2))
        y = copy.deepcopy(State((None, {"b": [2]})))
        self.assertEqual(y.b, [2])
        y = copy.deepcopy(State([("a", 1)]))
        self.assertEqual(y.a, 1)
        y = copy.deepcopy(State({1: 2}))
        self.assertEqual(y.__dict__[1], 2)
        self.assertEqual(copy.deepcopy(State({})).__dict__, {"state": None})
        y = copy.deepcopy(State(collections.OrderedDict(a=1)))
        self.assertEqual(y.a, 1)
        with self.assertRaisesRegex(ValueError, "dictionary update sequence element #0 has length 1; 2 is required"):
            copy.deepcopy(State(("a", "b", "c")))
        with self.assertRaisesRegex(TypeError, "'int' object is not iterable"):
            copy.deepcopy(State(5))
        with self.assertRaisesRegex(AttributeError, "'int' object has no attribute 'items'"):
            copy.deepcopy(State((None, 5)))
        with self.assertRaisesRegex(TypeError, "attribute name must be string, not 'int'"):
            copy.deepcopy(State((None, {1: 2})))

    def test_items(self):
        class Items:
            def __init__(self):
                self.calls = []

            def append(self, item):
                self.calls.append(item)

            def __setitem__(self, key, value):
                self.calls.append((key, value))

            def __reduce__(self):
                return type(self), (), None, self.list_items, self.dict_items
        inner = [1]
        x = Items()
        x.list_items, x.dict_items = iter([inner, 2]), iter([(inner, 3), [4, inner], "ab"])
        y = copy.deepcopy(x)
        self.assertEqual(y.calls, [[1], 2, ([1], 3), (4, [1]), ("a", "b")])
        self.assertIsNot(y.calls[0], inner)
        self.assertIs(y.calls[0], y.calls[2][0])
        for item, error, text in ((1, TypeError, "cannot unpack non-iterable int object"),
                                  ((1,), ValueError, r"not enough values to unpack \(expected 2, got 1\)"),
                                  ((1, 2, 3), ValueError, r"too many values to unpack \(expected 2, got 3\)"),
                                  ("abc", ValueError, r"too many values to unpack \(expected 2\)|got 3")):
            x.list_items, x.dict_items = None, [item]
            with self.assertRaisesRegex(error, text):
                copy.deepcopy(x)
        x.list_items, x.dict_items = 1, None
        with self.assertRaisesRegex(TypeError, "'int' object is not iterable"):
            copy.deepcopy(x)

    def test_reduce_results(self):
        class Reduced:
            def __init__(self, value):
                self.value = value

            def __reduce_ex__(self, protocol):
                return self.value
        x = Reduced("name")
        self.assertIs(copy.deepcopy(x), x)
        self.assertEqual(copy.deepcopy(Reduced((list, ([1],)))), [1])
        self.assertEqual(copy.deepcopy(Reduced([list, [[1]]])), [1])
        self.assertEqual(copy.deepcopy(Reduced((dict, [])), ), {})
        self.assertEqual(copy.deepcopy(Reduced((tuple, iter([[1, 2]])))), (1, 2))
        with self.assertRaisesRegex(TypeError, r"_reconstruct\(\) missing 1 required positional argument: 'args'"):
            copy.deepcopy(Reduced((list,)))
        with self.assertRaisesRegex(TypeError, r"_reconstruct\(\) takes from 4 to 7 positional arguments but 8 were given"):
            copy.deepcopy(Reduced((list, (), None, None, None, None)))
        with self.assertRaisesRegex(TypeError, "must be an iterable, not int"):
            copy.deepcopy(Reduced(1))
        with self.assertRaisesRegex(TypeError, "'int' object is not callable"):
            copy.deepcopy(Reduced((1, ())))

    def test_not_copyable(self):
        class Without:
            __reduce_ex__ = None
            __reduce__ = None
        with self.assertRaisesRegex(copy.Error, r"un\(deep\)copyable object of type <class .*Without'>") as caught:
            copy.deepcopy([Without()])
        self.assertIs(type(caught.exception), copy.Error)
        with self.assertRaisesRegex(TypeError, "cannot pickle 'generator' object"):
            copy.deepcopy(x for x in ())
        with self.assertRaisesRegex(TypeError, "cannot pickle 'module' object"):
            copy.deepcopy(sys)

    def test_errors_pass_through(self):
        class Failing:
            def __deepcopy__(self, memo):
                raise KeyError("x")

        class FailingAttribute:
            @property
            def __deepcopy__(self):
                raise ValueError("y")

        class WithoutAttribute:
            @property
            def __deepcopy__(self):
                raise AttributeError("z")
        for shape in (lambda x: [x], lambda x: (1, x), lambda x: {1: x}, lambda x: {x: 1}, lambda x: Plain(a=x)):
            with self.assertRaisesRegex(KeyError, "x"):
                copy.deepcopy(shape(Failing()))
            with self.assertRaisesRegex(ValueError, "y"):
                copy.deepcopy(shape(FailingAttribute()))
            copy.deepcopy(shape(WithoutAttribute()))

    def test_getattr(self):
        class Answering:
            def __getattr__(self, name):
                asked.append(name)
                raise AttributeError(name)
        asked = []
        x = Answering()
        x.a = [1]
        for _ in range(2):
            asked.clear()
            self.assertEqual(copy.deepcopy(x).a, [1])
            self.assertIn("__deepcopy__", asked)
            self.assertIn("__setstate__", asked)


class Registered(unittest.TestCase):
    def test_copiers(self):
        class Kind(Plain):
            pass
        x = Kind(a=[1])
        copy.deepcopy(x)
        copy.deepcopy(x)
        calls = []

        def copier(x, memo):
            calls.append((x, type(memo)))
            return "copied"
        copy._deepcopy_dispatch[Kind] = copier
        try:
            self.assertEqual(copy.deepcopy([x]), ["copied"])
            self.assertEqual(calls, [(x, dict)])
        finally:
            del copy._deepcopy_dispatch[Kind]
        self.assertEqual(copy.deepcopy(x).a, [1])

    def test_own_copiers_elsewhere(self):
        class MyList(list):
            def __iter__(self):
                yield [5]
        copy._deepcopy_dispatch[MyList] = copy._deepcopy_list
        try:
            self.assertEqual(copy.deepcopy(MyList([1])), [[5]])
        finally:
            del copy._deepcopy_dispatch[MyList]

    def test_replaced_copiers(self):
        for cls, x in ((list, [1]), (tuple, (1,)), (dict, {1: 1})):
            own = copy._deepcopy_dispatch[cls]
            copy._deepcopy_dispatch[cls] = lambda x, memo: "other"
            try:
                self.assertEqual(copy.deepcopy(x), "other")
            finally:
                copy._deepcopy_dispatch[cls] = own
            self.assertEqual(copy.deepcopy(x), x)
            if cls is tuple:
                continue
            del copy._deepcopy_dispatch[cls]
            try:
                self.assertEqual(copy.deepcopy(x), x)
            finally:
                copy._deepcopy_dispatch[cls] = own

    def test_replaced_tables(self):
        atomic, dispatch = copy._atomic_types, copy._deepcopy_dispatch
        x = Plain(a=[])
        copy._atomic_types = atomic | {Plain}
        try:
            self.assertIs(copy.deepcopy([x])[0], x)
        finally:
            copy._atomic_types = atomic
        self.assertIsNot(copy.deepcopy([x])[0], x)
        atomic.add(Plain)
        try:
            self.assertIs(copy.deepcopy([x])[0], x)
        finally:
            atomic.discard(Plain)
        copy._deepcopy_dispatch = collections.ChainMap({Plain: lambda x, memo: 7}, dispatch)
        try:
            self.assertEqual(copy.deepcopy([x]), [7])
        finally:
            copy._deepcopy_dispatch = dispatch
        atomic.discard(str)
        dispatch[str] = lambda x, memo: x + "!"
        try:
            self.assertEqual(copy.deepcopy({"a": "b"}), {"a!": "b!"})
            self.assertEqual(copy.deepcopy(Plain(a="b")).__dict__, {"a!": "b!"})
        finally:
            atomic.add(str)
            del dispatch[str]
        self.assertEqual(copy.deepcopy({"a": "b"}), {"a": "b"})
        del copy._atomic_types
        try:
            with self.assertRaisesRegex(NameError, "name '_atomic_types' is not defined"):
                copy.deepcopy(1)
        finally:
            copy._atomic_types = atomic

    def test_replaced_helpers(self):
        calls = []
        keep, rebuild = copy._keep_alive, copy._reconstruct

        def keep_alive(x, memo):
            calls.append(("keep", x))
            keep(x, memo)

        def reconstruct(x, memo, *args, **kwargs):
            calls.append(("reconstruct", x))
            return rebuild(x, memo, *args, **kwargs)
        x = [[]]
        copy._keep_alive = keep_alive
        try:
            copy.deepcopy(x)
        finally:
            copy._keep_alive = keep
        self.assertEqual(calls, [("keep", []), ("keep", x)])
        calls.clear()
        x = Slotted()
        copy._reconstruct = reconstruct
        try:
            copy.deepcopy(x)
        finally:
            copy._reconstruct = rebuild
        self.assertEqual(calls, [("reconstruct", x)])

    def test_reducers(self):
        class Kind(Plain):
            pass
        x = Kind(a=[1])
        copy.deepcopy(x)
        copy.deepcopy(x)
        copyreg.pickle(Kind, lambda x: (list, ([1, x.a],)))
        try:
            y = copy.deepcopy([x])
        finally:
            del copyreg.dispatch_table[Kind]
        self.assertEqual(y, [[1, [1]]])
        self.assertIsNot(y[0][1], x.a)
        self.assertEqual(copy.deepcopy(x).a, [1])

    def test_helpers_themselves(self):
        memo = {}
        x = [[1], (2, [])]
        y = copy._deepcopy_list(x, memo)
        self.assertEqual(x, y)
        self.assertIs(memo[id(x)], y)
        self.assertEqual(copy._deepcopy_dict({1: []}, memo), {1: []})
        self.assertEqual(copy._deepcopy_tuple((1, []), memo), (1, []))


class Changes(unittest.TestCase):
    def test_list_that_grows_and_shrinks(self):
        x = []
        grow = Loud(lambda memo: x.append(5) if len(x) < 4 else None)
        x += [grow, [1]]
        y = copy.deepcopy(x)
        self.assertEqual(y, [grow, [1], 5])
        x = []
        x += [Loud(lambda memo: x.clear()), [1], [2]]
        self.assertEqual(len(copy.deepcopy(x)), 1)

    def test_dict_that_changes(self):
        for change in (lambda x: x.update(new=1), lambda x: x.pop("b"), dict.clear):
            x = {}
            x.update(a=Loud(lambda memo: change(x)), b=2)
            with self.assertRaisesRegex(RuntimeError, "dictionary changed size during iteration"):
                copy.deepcopy(x)
        x = {}
        x.update(a=Loud(lambda memo: x.update(b=[3])), b=2)
        self.assertEqual(copy.deepcopy(x)["b"], [3])
        x = {}
        x["a"] = Loud(lambda memo: x.update(b=[3]))
        with self.assertRaisesRegex(RuntimeError, "dictionary changed size during iteration"):
            copy.deepcopy(x)

    def test_instances_that_change(self):
        # What becomes of an instance that changes meanwhile is not told, but it is one thing or the other.
        for change in (lambda x: setattr(x, "new", 1), lambda x: delattr(x, "b"), lambda x: x.__dict__.clear(),
                       lambda x: setattr(x, "b", [3]), lambda x: x.__dict__, lambda x: setattr(x, "__class__", Loud)):
            for _ in range(3):
                x = Plain()
                x.a, x.b, x.c = Loud(lambda memo: change(x)), [2], [4]
                try:
                    y = copy.deepcopy(x)
                except RuntimeError as error:
                    self.assertEqual(str(error), "dictionary changed size during iteration")
                else:
                    self.assertIs(type(y), Plain)
                    self.assertEqual(y.c, [4])

    def test_copy_that_changes(self):
        # A part that sees the copy before its attributes are there.
        def change(memo):
            memo[id(x)].early = 1
        x = Plain(a=Loud(change), b=[1])
        copy.deepcopy(Plain(a=1, b=2))
        y = copy.deepcopy(x)
        self.assertEqual(y.early, 1)
        self.assertEqual(y.b, [1])

        class Child:
            def __setstate__(self, state):
                self.up = state["up"]
                self.up.early = 1
        x = Plain()
        x.child, x.b = Child(), [1]
        x.child.up = x
        for _ in range(3):
            y = copy.deepcopy(x)
            self.assertEqual(list(y.__dict__), ["early", "child", "b"])
            self.assertIs(y.child.up, y)

    def test_what_dies_meanwhile(self):
        x = [[1], [2], [3]]

        class Clearing:
            def __deepcopy__(self, memo):
                x[:] = [Clearing()]
                return [9]
        x.insert(0, Clearing())
        self.assertEqual(copy.deepcopy([x, 1]), [[[9]], 1])


class Depth(unittest.TestCase):
    def nested(self, wrap):
        x = []
        for _ in range(100_000):
            x = wrap(x)
        return x

    def test_recursion(self):
        for wrap in (lambda x: [x], lambda x: (x,), lambda x: {1: x}):
            x = self.nested(wrap)
            with self.assertRaisesRegex(RecursionError, "maximum recursion depth exceeded"):
                copy.deepcopy(x)
        x = None
        for _ in range(5_000):
            x = Plain(up=x)
        with self.assertRaisesRegex(RecursionError, "maximum recursion depth exceeded"):
            copy.deepcopy(x)
        self.assertEqual(copy.deepcopy([[1]]), [[1]])

    def test_recursion_limit(self):
        limit = sys.getrecursionlimit()
        x = []
        for _ in range(1500):
            x = [x]
        with self.assertRaises(RecursionError):
            copy.deepcopy(x)
        sys.setrecursionlimit(10_000)
        try:
            y = copy.deepcopy(x)
        finally:
            sys.setrecursionlimit(limit)
        for _ in range(1500):
            y, = y
        self.assertEqual(y, [])

    def test_endless(self):
        class Endless:
            def __deepcopy__(self, memo):
                return copy.deepcopy([Endless()], memo)

        class EndlessReduce:
            def __reduce__(self):
                return list, ([EndlessReduce()],)
        for x in (Endless(), EndlessReduce()):
            with self.assertRaises(RecursionError):
                copy.deepcopy(x)

    def test_as_deep_as_calls_go(self):
        x = []
        for _ in range(400):
            x = [x]
        self.assertEqual(copy.deepcopy(x), x)

        class Nest:
            def __init__(self, inner):
                self.inner = inner

            def __deepcopy__(self, memo):
                return Nest(copy.deepcopy(self.inner, memo))
        x = None
        for _ in range(400):
            x = Nest(x)
        copy.deepcopy(x)


class Threads(unittest.TestCase):
    def test_shared_and_changing(self):
        shared = {"list": list(range(50)), "dict": {i: [i] for i in range(50)}, "plain": Plain(a=[1], b=(1, [2]))}
        stop = threading.Event()
        failures = []

        def change():
            n = 0
            while not stop.is_set():
                n += 1
                shared["list"].append([n])
                del shared["list"][0]
                shared["dict"][n % 50] = [n]
                shared["plain"].a = [n]
                setattr(shared["plain"], f"x{n % 5}", n)
                if n % 7 == 0:
                    shared["plain"].__dict__.pop(f"x{n % 5}", None)

        def copies():
            for _ in range(200):
                try:
                    y = copy.deepcopy(shared)
                    if len(y["dict"]) != 50 or len(y["plain"].a) != 1:
                        failures.append(y)
                except RuntimeError as error:
                    if str(error) not in ("dictionary changed size during iteration", "dictionary keys changed during iteration"):
                        failures.append(error)
        changer = threading.Thread(target=change)
        threads = [threading.Thread(target=copies) for _ in range(3)]
        changer.start()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        stop.set()
        changer.join()
        self.assertEqual(failures, [])

    def test_copies_belong_to_their_thread(self):
        x = {"a": [Plain(b=[1, (2, [3])])]}
        results = []

        def work():
            for _ in range(100):
                results.append(copy.deepcopy(x))
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(results), 400)
        self.assertEqual(len({id(y["a"][0].b) for y in results}), 400)
        for y in results:
            self.assertEqual(y["a"][0].b, [1, (2, [3])])


if __name__ == "__main__":
    unittest.main()
