"""Calls by which tests/fuzz/differential found that Typhon and CPython differed."""

import codecs
import operator
import types
import unittest
import warnings


class Text(str):
    pass


class Mapping:
    """A sequence by __getitem__ alone, whose items are missing."""
    def __getitem__(self, index):
        raise KeyError(index)


class Bytes(bytes):
    pass


class Hint:
    """An iterator whose length hint is of no use."""
    def __init__(self, hint): self.hint = hint
    def __iter__(self): return self
    def __next__(self): raise StopIteration
    def __length_hint__(self): return self.hint


class RightAdd:
    def __radd__(self, other): return "radd"


STRIDED = memoryview(b"abcd")[::2]
REVERSED = memoryview(bytearray(range(8)))[::-1]


class Checks(unittest.TestCase):
    def check(self, error, message, function, *arguments, **keywords):
        with self.assertRaises(error) as caught:
            function(*arguments, **keywords)
        self.assertEqual(str(caught.exception), message)


class Messages(Checks):
    def test_item_assignment(self):
        def put(target, key):
            target[key] = 1

        def delete(target, key):
            del target[key]
        for target in ("a", b"a", (1,), range(3), {1}, frozenset(), {}.keys(), {}.values(), types.MappingProxyType({})):
            name = type(target).__name__
            self.check(TypeError, f"'{name}' object doesn't support item deletion", delete, target, 0)
            self.check(TypeError, f"'{name}' object does not support item deletion", delete, target, slice(1))
            self.check(TypeError, f"'{name}' object does not support item assignment", put, target, 0)
            self.check(IndexError, "cannot fit 'int' into an index-sized integer", put, target, 2**64)
        for target in (5, None, iter([]), slice(1)):
            self.check(TypeError, f"'{type(target).__name__}' object does not support item deletion", delete, target, 0)

    def test_arguments(self):
        self.check(TypeError, "pow() missing required argument 'exp' (pos 2)", pow, 5, base=2)
        self.check(TypeError, "__setitem__ expected 2 arguments, got 1", [].__setitem__, 1)
        self.check(TypeError, "list.__getitem__() takes exactly one argument (0 given)", [].__getitem__)
        self.check(TypeError, "set.__contains__() takes exactly one argument (0 given)", set().__contains__)
        self.check(TypeError, "dict.__contains__() takes no keyword arguments", {}.__contains__, key=1)
        self.check(TypeError, "descriptor '__getitem__' for 'list' objects doesn't apply to a 'int' object", list.__getitem__, 1)
        self.check(TypeError, "pow() 3rd argument not allowed unless all arguments are integers", (1.5).__pow__, "a", 3)
        self.check(TypeError, "to_bytes() argument 'byteorder' must be str, not int", (5).to_bytes, 2, 5)
        self.check(TypeError, "an integer is required", iter(b"a").__setstate__, "x")

    def test_order_of_checks(self):
        def put(target, key, value):
            target[key] = value
        self.check(TypeError, "slice indices must be integers or None or have an __index__ method", put, bytearray(b"a"), slice(1.5), 7)
        self.check(TypeError, "'int' object is not iterable", sum, 7, "")
        self.check(TypeError, "unhashable type: 'dict'", {1}.intersection, [{}])
        self.check(TypeError, "slice indices must be integers or None or have an __index__ method", b"a".rfind, 1.5, 3, ...)

    def test_literals(self):
        self.check(ValueError, "invalid literal for int() with base 10: b'x'", int, bytearray(b"x"))
        self.check(ValueError, "could not convert string to complex: '1__0'", complex, "1__0")
        self.check(ValueError, "complex() arg is a malformed string", complex, "1x")
        self.check(ValueError, "non-hexadecimal number found in fromhex() arg at position 3", bytes.fromhex, "xyz\xe9")
        self.check(OverflowError, "complex exponentiation", pow, complex(float("inf"), 1), 2)

    def test_codecs(self):
        surrogate = "'utf-8' codec can't encode character '\\ud800' in position 0: surrogates not allowed"
        for call in (lambda: "a".encode("utf-8", "\ud800"), lambda: b"a".decode("latin-1", "\ud800"),
                     lambda: codecs.utf_8_decode(b"a", "\ud800"), lambda: codecs.encode("a", "idna", "\ud800")):
            self.check(UnicodeEncodeError, surrogate, call)
        self.check(ValueError, "embedded null character", b"a".decode, "utf-8\0", 5)
        with self.assertRaises(UnicodeDecodeError) as caught:
            b"abc".decode("utf-16-le")
        self.assertEqual(caught.exception.__notes__, ["decoding with 'utf-16-le' codec failed"])
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            codecs.escape_decode(b"\\u")
        self.assertIn('b"\\u" is an invalid escape sequence', str(warned[0].message))

    def test_encoded_surrogates(self):
        for encoding, end in (("utf-8", 2), ("utf-16", 1), ("utf-32", 1)):
            with self.assertRaises(UnicodeEncodeError) as caught:
                "\ud83d\ude00".encode(encoding)
            self.assertEqual((caught.exception.start, caught.exception.end), (0, end))

    def test_memoryview(self):
        scalar, grid = memoryview(b"x").cast("B", []), memoryview(bytes(4)).cast("B", (2, 2))
        self.check(TypeError, "invalid indexing of 0-dim memory", iter, scalar)
        self.check(NotImplementedError, "multi-dimensional sub-views are not implemented", iter, grid)
        empty = memoryview(b"abc")[3:0:-1][3:]
        self.assertFalse(empty.c_contiguous)
        view = memoryview(bytes(8)).cast("i")
        self.assertEqual(view.__buffer__(8).format, "B")
        self.check(BufferError, "memoryview: cannot cast to unsigned bytes if the format flag is present", view.__buffer__, 4)
        self.check(ValueError, "memoryview's buffer is not this object", bytearray(b"a").__release_buffer__, memoryview(b"a"))
        self.check(TypeError, "expected a memoryview object", bytearray(b"a").__release_buffer__, 5)
        self.check(TypeError, "memoryview: cannot cast view with zeros in shape or strides", memoryview(b"").cast, "B", [1])
        self.check(TypeError, "cannot pickle 'memory_iterator' object", iter(memoryview(b"a")).__reduce__)


class Zero(int):
    pass


class Values(Checks):
    def test_zero_of_a_subclass(self):
        self.assertEqual([repr(Zero(0)), str(Zero(0)), f"{Zero(0)}", "%d" % Zero(0), hex(Zero(0))], ["0", "0", "0", "0", "0x0"])

    def test_round_before_the_point(self):
        self.assertEqual([round(x, -1) for x in (15.0, 25.0, 5.0, 5.1, 4.9, -5.1, 0.0)], [20.0, 20.0, 0.0, 10.0, 0.0, -10.0, 0.0])
        self.assertEqual(round(1.7976931348623157e308, -20), 1.7976931348623157e308)
        self.assertEqual(round(123456.0, -3), 123000.0)

    def test_failed_init_empties(self):
        data = bytearray(b"abc")
        with self.assertRaises(ValueError):
            data.__init__(-1)
        self.assertEqual(data, b"")

    def test_negative_states_end_iterators(self):
        for make, left in ((lambda: iter([1, 2]), []), (lambda: iter(bytearray(b"a")), []), (lambda: iter((1, 2)), [1, 2]),
                           (lambda: iter(b"a"), [97])):
            iterator = make()
            iterator.__setstate__(-1)
            self.assertEqual(list(iterator), left)

    def test_is_with_a_literal(self):
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            compile("x is (-1, 2); x is ('a' + 'b', 1)", "test", "exec")
            self.assertEqual(warned, [])
            compile("x is (1, 2)", "test", "exec")
            self.assertEqual(len(warned), 1)

    def test_same_object(self):
        text = Text("abc")
        self.assertIs(text.partition("x")[0], text)
        self.assertIs(text.rpartition("x")[2], text)
        self.assertIs("-abc-".partition(text)[1], text)
        self.assertIsInstance(b"-a-".partition(bytearray(b"a"))[1], bytearray)
        self.assertEqual(repr(pow(complex(-0.0, 0.0), 1)), "(-0+0j)")

    def test_iterators(self):
        self.assertEqual([type(iter(s)).__name__ for s in ("a", "\u1234", Text("a"))],
                         ["str_ascii_iterator", "str_iterator", "str_iterator"])
        iterator = iter(Mapping())
        for _ in range(2):
            with self.assertRaises(KeyError) as caught:
                next(iterator)
            self.assertEqual(caught.exception.args, (0,))
        self.assertEqual(reversed([]).__reduce__(), (reversed, ([],)))

    def test_subclass_slots(self):
        # The methods that stand beside a slot are no Python code: what inherits them keeps the native slot.
        class Kept(dict):
            pass

        class Replaced(dict):
            def __contains__(self, key): return True
            def __getitem__(self, key): return key
        self.assertNotIn("a", Kept())
        self.assertIn("a", Replaced())
        self.assertEqual(Replaced()["b"], "b")
        self.assertFalse(dict.__contains__(Replaced(), "a"))
        self.assertEqual(list.__getitem__([1, 2], -1), 2)

    def test_buffers_with_gaps(self):
        self.check(TypeError, "decoding to str: need a bytes-like object, memoryview found", str, STRIDED, "utf-8")
        self.check(TypeError, "can't concat memoryview to bytes", b"a".__add__, STRIDED)
        self.check(TypeError, "can't concat memoryview to bytearray", bytearray(b"a").__iadd__, STRIDED)
        self.check(TypeError, "can't set bytearray slice from memoryview", bytearray().extend, STRIDED)
        self.check(TypeError, "sequence item 0: expected a bytes-like object, memoryview found", b"".join, [STRIDED])
        self.check(TypeError, "int() argument must be a string, a bytes-like object or a real number, not 'memoryview'", int, STRIDED)
        self.check(TypeError, "float() argument must be a string or a real number, not 'memoryview'", float, STRIDED)
        self.assertEqual(int.from_bytes(STRIDED), 0x6163)
        self.assertEqual(b"%b|%s" % (STRIDED, STRIDED), b"ac|ac")
        self.assertEqual(bytearray(b"xacx").partition(STRIDED), (b"x", b"ac", b"x"))
        self.check(BufferError, "memoryview: underlying buffer is not C-contiguous", codecs.utf_8_decode, STRIDED, 5)

    def test_buffer_flags(self):
        self.check(BufferError, "memoryview: underlying buffer is not C-contiguous", REVERSED.__buffer__, 0x38)
        self.check(BufferError, "memoryview: underlying buffer is not Fortran contiguous", REVERSED.__buffer__, 0x58)
        self.check(BufferError, "memoryview: underlying buffer is not contiguous", REVERSED.__buffer__, 0x98)
        self.check(OverflowError, "buffer flags out of range", b"".__buffer__, -2**40)
        self.assertEqual(type(bytes.__buffer__), type(int.__add__))
        view = memoryview._from_flags(memoryview(b"abcd").cast("i").obj, 0x10)
        self.assertEqual((view.format, view.shape), ("B", (4,)))

    def test_length_hints(self):
        for take in ("".join, b"".join, lambda hint: [].__setitem__(slice(None), hint)):
            self.check(ValueError, "__length_hint__() should return >= 0", take, Hint(-1))
            self.check(TypeError, "__length_hint__ must be an integer, not str", take, Hint("x"))

    def test_subclasses_come_back(self):
        text = Text("abc")
        for same in (text % (), text.format(), format(text, ".5"), text.split("\u20ac")[0], "{:3}".format(text)):
            self.assertIs(same, text)
        for plain in ("%s" % text, "{}".format(text), text.split("x")[0], Text("%%") % ()):
            self.assertIs(type(plain), str)

    def test_sets_stop_early(self):
        def items():
            yield 1
            raise ZeroDivisionError
        self.assertEqual({1}.intersection(items()), {1})
        self.assertTrue({1}.issubset(items()))
        self.assertRaises(ZeroDivisionError, {1, 2}.issubset, items())
        self.check(TypeError, "unhashable type: 'list'", {1}.issubset, [[]])

    def test_sort_asks_the_same(self):
        self.check(TypeError, "'<' not supported between instances of 'str' and 'float'", sorted, [1, 1, -5, 2.5, "a"])
        for items in ([3, 3, 2, 2, 2, 1, 1, 4, 5], [2, 2, 1], [1, 1, 1, 0, 0, 3], [5, 4, 4, 3, 3, 3, 9, 1]):
            pairs = [(n, i) for i, n in enumerate(items)]
            self.assertEqual(sorted(pairs, key=lambda pair: pair[0]), sorted(pairs))
            self.assertEqual(sorted(pairs, key=lambda pair: -pair[0]), sorted(pairs, key=lambda pair: (-pair[0], pair[1])))

    def test_limits(self):
        for call in (lambda n: bytes(n), lambda n: b"a".rjust(n), lambda n: b"a".zfill(n), lambda n: (5).to_bytes(n)):
            self.check(OverflowError, "byte string is too large", call, 2**63 - 1)
        self.assertRaises(MemoryError, bytearray(b"a").rjust, 2**63 - 1)
        self.check(OverflowError, "repeated string is too long", "ab".__mul__, 2**63 - 1)
        self.assertRaises(MemoryError, (1).__lshift__, 2**62)
        self.check(OverflowError, "too many digits in integer", (1).__lshift__, 2**63 - 1)
        self.check(OverflowError, "width too big", "%*d".__mod__, (-2**63, 1))
        self.assertEqual(memoryview(b"abcd")[6:10:-2**64].strides, (-2**63 + 1,))
        self.check(ZeroDivisionError, "zero to a negative or complex power", pow, 1 + 2j, float("inf"))

    def test_iterator_states(self):
        for data in (b"ab", bytearray(b"ab")):
            iterator = iter(data)
            iterator.__setstate__(2**62)
            self.assertEqual(iterator.__reduce__()[2], 2)
        backwards = reversed([1, 2])
        self.assertEqual(list(backwards), [2, 1])
        backwards.__setstate__(0)
        self.assertEqual(list(backwards), [1])

    def test_first_error_keeps_its_arguments(self):
        with self.assertRaises(UnicodeDecodeError) as caught:
            codecs.charmap_decode(b"\xfe\xff\0a", "surrogateescape", {97: "b"})
        self.assertEqual((caught.exception.args[2], caught.exception.start), (0, 2))

    def test_bytearray_is_filled_one_by_one(self):
        array = bytearray(b"xyz")
        self.assertRaises(TypeError, array.__init__, [1, 2, "a"])
        self.assertEqual(array, b"\1\2")
        self.assertRaises(ValueError, array.__init__, [1, 300])
        self.assertEqual(array, b"")

    def test_copies_show_what_the_class_shows(self):
        class Shown(dict):
            def __iter__(self): return iter("a")
            def keys(self): return ["a"]
            def __getitem__(self, key): return "item"
        self.assertEqual(Shown(x=1).copy(), {"a": "item"})
        self.assertEqual(Shown(x=1) | {}, {"a": "item"})
        self.assertEqual({} | Shown(x=1), {"a": "item"})

    def test_in_place_addition_of_subclasses(self):
        class Items(list):
            pass
        self.assertEqual(operator.iadd([], RightAdd()), "radd")
        self.check(TypeError, "'RightAdd' object is not iterable", operator.iadd, Items(), RightAdd())


class Wrong:
    def __index__(self): return "1"
    def __complex__(self): return "j"


class Refusing:
    def __bool__(self): raise ZeroDivisionError


class SecondRound(Checks):
    def test_messages(self):
        self.check(TypeError, "__complex__ returned non-complex (type str)", complex, Wrong())
        self.check(TypeError, "format() argument 2 must be str, not None", format, "abc", None)
        self.check(TypeError, "expected iterable of integers; got: 'str'", bytearray().extend, Text("a"))
        for value, name in ((Bytes(b"abc"), "bytes"), (bytearray(b"abc"), "bytearray")):
            self.check(TypeError, f"%c requires an integer in range(256) or a single byte, not a {name} object of length 3", operator.mod, b"%c", value)

    def test_order_of_checks(self):
        self.check(OverflowError, "Python int too large to convert to C int", b"a".hex, "\xe9", 2**31)
        self.check(OverflowError, "Python int too large to convert to C int", STRIDED.hex, 5, -2**62)
        self.assertEqual(b"a".hex(":", -2**31), "61")
        released = memoryview(b"a")
        released.release()
        self.check(OverflowError, "Python int too large to convert to C int", released.hex, "*", -2**62)
        self.assertRaises(ZeroDivisionError, int.from_bytes, b"a", "x", signed=Refusing())
        self.assertRaises(ZeroDivisionError, (5).to_bytes, 1, "x", signed=Refusing())
        self.check(TypeError, "from_bytes() argument 'byteorder' must be str, not int", int.from_bytes, b"a", 5, signed=Refusing())

    def test_items_of_views(self):
        for code in "bBhHiIlLqQnNefd":
            view = memoryview(bytearray(16)).cast(code)
            wrong = f"memoryview: invalid {{}} for format '{code}'"
            self.check(ValueError, wrong.format("value"), operator.setitem, view, 0, 2**2000)
            self.check(TypeError, wrong.format("type"), operator.setitem, view, 0, "1")
            if code not in "efd":
                self.check(TypeError, wrong.format("type"), operator.setitem, view, 0, Wrong())
        halves = memoryview(bytearray(4)).cast("e")
        self.check(ValueError, "memoryview: invalid value for format 'e'", operator.setitem, halves, 0, 65520.0)
        halves[0] = halves[1] = 65519.9
        halves[1] = float("-inf")
        self.assertEqual(halves.tolist(), [65504.0, float("-inf")])

    def test_sum_of_int_and_float(self):
        self.assertEqual(sum([9007199254740993.0, -100], start=5), 9007199254740896.0)
        self.assertEqual(sum([5.0, 9007199254740993.0, -100]), 9007199254740897.0)

    def test_surrogates_are_escaped_all_or_none(self):
        for codec, first in (("iso8859-15", 0), ("latin-1", 1), ("ascii", 1)):
            with self.assertRaises(UnicodeEncodeError) as caught:
                "\udc80\u200b".encode(codec, "surrogateescape")
            self.assertEqual((caught.exception.start, caught.exception.end), (first, 2))

    def test_order_when_a_comparison_raises(self):
        for reverse in (False, True):
            items = ["b", "a", "c", -3, -2]
            self.assertRaises(TypeError, items.sort, reverse=reverse)
            self.assertEqual(items, ["b", "a", "c", -3, -2] if reverse else ["a", "b", "c", -3, -2])
        names = [f"{i * 7919 % 1000:03}" for i in range(1000)]

        class Failing:
            left = 0
            def __init__(self, name): self.name = name
            def __lt__(self, other):
                Failing.left -= 1
                if Failing.left == 0:
                    raise ZeroDivisionError
                return self.name < other.name
        for after in range(1, 9000, 61):
            items = [Failing(name) for name in names]
            Failing.left = after
            try:
                items.sort()
            except ZeroDivisionError:
                pass
            self.assertEqual(sorted(item.name for item in items), sorted(names))

    def test_is_with_tuples(self):
        def warned(source):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                compile(source, "<test>", "eval")
            return len(caught)
        self.assertEqual([warned(source) for source in ("(1, 2) is x", "x is ()", "(1, a) is x", "(1, (2,)) is x", "(-1,) is x")], [1, 1, 0, 0, 0])

    def test_state_of_iterators_beyond_small_ints(self):
        for start in (-2**63, 2**62):
            iterator = iter(range(start, start + 4))
            self.check(TypeError, "'str' object cannot be interpreted as an integer", iterator.__setstate__, "a")
            self.check(OverflowError, "Python int too large to convert to C long", iterator.__setstate__, 2**63)
            iterator.__setstate__(3)
            self.assertEqual(list(iterator), [start + 3])
        self.check(TypeError, "state must be an int, not str", iter(range(2**64, 2**65)).__setstate__, "a")
        self.check(TypeError, "state must be an int, not bool", iter(range(2**64, 2**65)).__setstate__, True)

    def test_ends_of_iterators(self):
        class Items:
            def __getitem__(self, index): return (1, 2)[index]
            def __len__(self): return 2
        iterator = reversed(Items())
        iterator.__setstate__(-4)
        self.assertEqual(iterator.__reduce__(), (reversed, ((),)))
        iterator = iter(Items())
        iterator.__setstate__(2**63 - 1)
        self.check(OverflowError, "iter index too large", next, iterator)

    def test_real_part_is_asked_first(self):
        class Raising:
            def __complex__(self): raise ZeroDivisionError
        self.assertRaises(ZeroDivisionError, complex, Raising(), "a")
        self.assertRaises(ZeroDivisionError, complex, Raising(), [])
        self.check(TypeError, "complex() argument 'real' must be a real number, not list", complex, [], Raising())

    def test_sum_of_large_ints_and_floats(self):
        self.assertEqual(repr(sum([267685434145607530535015054, 2**100, -464450666360266661, 3, 2**32 - 1, 2**100], 3.5)), "2.53556888589014e+30")
        self.assertEqual(sum([0.5, True, False, 2**62 + 1]), 2.0**62)

    def test_what_a_bytearray_is_filled_with(self):
        for source, left in (([7, -5, slice(1)], b""), ([7, "a", 300], b"\7"), ((7, 2**70, "a"), b""), (iter([7, 300]), b"\7")):
            array = bytearray(b"ABC")
            self.assertRaises((TypeError, ValueError), array.__init__, source)
            self.assertEqual(array, left)

    def test_sums_of_truth_values(self):
        yes, no = bool(1), bool(0)
        for value, expected in ((yes + yes, 2), (yes - yes, 0), (no - yes, -1), (yes * no, 0), (yes + 1, 2), (2 * yes, 2)):
            self.assertEqual((value, type(value)), (expected, int))
        for value, expected in ((yes & yes, True), (yes ^ yes, False), (no | no, False)):
            self.assertIs(value, expected)
        self.assertEqual([type(value) for value in (yes << yes, yes // yes, yes % yes)], [int, int, int])


class Own(set):
    def __iter__(self): return iter(["own"])


class OwnDict(dict):
    def __iter__(self): return iter(["own"])
    def keys(self): return ["a"]
    def __getitem__(self, key): return "item"


class Wide(Checks):
    """Found by --wide."""
    def test_singletons(self):
        self.check(TypeError, "EllipsisType takes no arguments", type(...), 1)
        self.check(TypeError, "descriptor '__gt__' requires a 'NoneType' object but received a 'tuple'", type(None).__gt__, ())
        self.assertEqual((type(None).__eq__(None, None), type(None).__ne__(None, None)), (True, False))
        self.assertIs(type(None).__eq__(None, 1), NotImplemented)
        self.assertIs(type(None).__lt__(None, None), NotImplemented)

    def test_messages(self):
        self.check(TypeError, "SimpleNamespace expected at most 1 argument, got 2", types.SimpleNamespace, 1, 2)
        with self.assertRaises(AttributeError) as caught:
            OSError(2, "a").characters_written
        self.assertEqual((str(caught.exception), caught.exception.name), ("characters_written", "characters_written"))

    def test_generic_aliases_hand_checks_on(self):
        self.assertTrue(list[int].__instancecheck__([]))
        self.assertTrue(list[int].__subclasscheck__(list))
        self.check(AttributeError, "'int' object has no attribute '__instancecheck__'", getattr, types.GenericAlias(5, 1), "__instancecheck__")
        self.check(TypeError, "isinstance() argument 2 cannot be a parameterized generic", isinstance, 1, list[int])

    def test_what_is_copied_of_subclasses(self):
        self.assertEqual(Own([1]).__reduce__(), (Own, (["own"],), None))
        self.assertEqual((OwnDict().copy(), OwnDict() | {}, OwnDict() | {"z": 1}), ({}, {}, {"z": 1}))
        self.assertEqual((OwnDict(b=1).copy(), {"z": 1} | OwnDict()), ({"a": "item"}, {"z": 1, "a": "item"}))

    def test_descriptors_that_are_not_pickled(self):
        self.check(TypeError, "cannot pickle 'getset_descriptor' object", int.real.__reduce_ex__, 2)

    def test_order_of_a_namespace(self):
        class Made:
            x = 1
        self.assertEqual(list(vars(Made))[-3:], ["__dict__", "__weakref__", "__doc__"])

    def test_pairs_in_both_views_are_not_hashed(self):
        pairs, others, few = {1: [1], 2: 2}.items(), {1: [1], 2: 3}.items(), {1: 1}.items()
        self.assertEqual((pairs ^ pairs, pairs ^ others, few ^ few), (set(), {(2, 2), (2, 3)}, set()))
        self.check(TypeError, "cannot use 'tuple' as a set element (unhashable type: 'list')", lambda: few ^ pairs)

    def test_intersection_of_a_view_and_a_set(self):
        pairs = {1: {2}}.items()
        self.check(TypeError, "unhashable type: 'set'", lambda: pairs & {1})
        self.check(TypeError, "unhashable type: 'set'", lambda: {1} & pairs)
        self.assertEqual((pairs & set(), pairs & frozenset({1}), pairs & [1], {1: 2, 3: 4}.items() & {(3, 4)}),
                         (set(), set(), set(), {(3, 4)}))

    def test_small_complex_base(self):
        self.check(ZeroDivisionError, "zero to a negative or complex power", pow, 3e-23j, -100)
        self.assertEqual(pow(3e-23j, 100), 0)

    def test_complex_text_with_a_nul(self):
        self.check(ValueError, "could not convert string to complex: '12_12\\x00f'", complex, "12_12\0f")
        self.check(ValueError, "could not convert string to complex: '1_\\x00'", complex, "1_\0")
        for text in ("12\0f", "12\0_", "1_2f"):
            self.check(ValueError, "complex() arg is a malformed string", complex, text)

    def test_name_of_the_iterator_of_an_alias(self):
        self.assertEqual(repr(type(iter(list[int]))), "<class 'generic_alias_iterator'>")

    def test_one_byte_is_one_object(self):
        data = bytes(range(256))
        self.assertTrue(all(data[i:i + 1] is bytes([i]) for i in data))

    def test_bytearray_as_its_own_source(self):
        array = bytearray(b"ab")
        self.check(BufferError, "Existing exports of data: object cannot be re-sized", array.__iadd__, array)
        array.__init__(array)
        self.assertEqual(array, b"")
        array += array
        array[:] = b"ab"
        for arguments in (("a", "\ud800"), ("a", "ascii", "\ud800"), ("a", "a\0")):
            with self.assertRaises(ValueError):
                array.__init__(*arguments)
            self.assertEqual(array, b"ab")
        with self.assertRaises(LookupError):
            array.__init__("a", "nonesuch")
        self.assertEqual(array, b"")

    def test_too_many_arguments(self):
        self.check(TypeError, "sort() takes at most 2 arguments (3 given)", [].sort, 1, 2, key=3)
        self.check(TypeError, "sort() takes no positional arguments", [].sort, 1, key=3)
        self.check(TypeError, "sort() takes at most 2 keyword arguments (3 given)", [].sort, key=1, reverse=2, a=3)
        self.check(TypeError, "sort() takes at most 2 keyword arguments (3 given)", sorted, [], key=1, reverse=2, a=3)
        self.check(TypeError, "min() takes at most 2 keyword arguments (3 given)", min, 1, key=1, default=2, a=3)
        self.check(TypeError, "max expected at least 1 argument, got 0", max, a=3)
        self.check(TypeError, "int() takes at most 2 arguments (3 given)", int, "1", base=10, a=3)
        self.check(TypeError, "enumerate() missing required argument 'iterable'", enumerate, iterable=[], start=1, a=3)

    def test_names_as_c_strings(self):
        for call in (float.__getformat__, lambda text: open("x", text), lambda text: compile("1", "f", text)):
            self.check(ValueError, "embedded null character", call, "a\0")
            self.assertRaises(UnicodeEncodeError, call, "\ud800")
        self.check(ValueError, "embedded null character", compile, "1", "f\0", "eval")
        self.check(TypeError, "compile() argument 'mode' must be str, not None", compile, "1", "f", None)
        self.check(TypeError, "open() argument 'mode' must be str, not None", open, "f", None)

    def test_state_of_range_iterators(self):
        inside, beyond = iter(range(2**62, 2**62 + 9)), iter(range(-2**63, 2**63 - 1))
        inside.__setstate__(True)
        self.check(OverflowError, "Python int too large to convert to C long", inside.__setstate__, 2**70)
        self.check(TypeError, "state must be an int, not bool", beyond.__setstate__, True)
        beyond.__setstate__(2**70)
        self.assertEqual((next(inside), list(beyond)), (2**62 + 1, []))

    def test_formats(self):
        class Indexed:
            def __index__(self): return "a"
        Indexed.__module__ = "m"
        name = f"m.{Indexed.__qualname__}"
        self.check(TypeError, f"%c requires an int or a unicode character, not {name}", operator.mod, "%c", Indexed())
        for spec, kind in ((" ^s", str), ("", str), ("0s", str)):
            self.assertIs(type(Text("").__format__(spec)), kind)
        self.assertIs(type(Text("a").__format__("s")), Text)


if __name__ == "__main__":
    unittest.main()
