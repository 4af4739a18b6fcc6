"""Shortcuts that the library's own code lives by: callables in attributes, texts and globals that are compared, attributes of modules,
loops over __getitem__, len() of classes, %-formats, and frames that were looked at."""
import gc
import sys
import types
import unittest
import weakref


class Target:
    def __init__(self):
        self.calls = []

    def method(self, *args, **keywords):
        self.calls.append((args, keywords))
        return len(self.calls)

    def one(self, v):
        return (self, v)


class CallableAttributes(unittest.TestCase):
    def call(self, o, v):
        return o.callback(v)

    def test_kinds(self):
        target = Target()
        items = []

        class Holder:
            pass

        class Slotted:
            __slots__ = ("callback",)

        for cls in (Holder, Slotted):
            o = cls()
            for _ in range(3):
                for callback, expected in ((target.one, (target, 5)), (items.append, None), (lambda v: v + 1, 6), (str, "5"),
                                           (Target.one.__get__(7), (7, 5)), (len.__class__, type(len))):
                    o.callback = callback
                    if callback is len.__class__:
                        with self.assertRaises(TypeError):
                            self.call(o, 5)
                    else:
                        self.assertEqual(self.call(o, 5), expected)
        self.assertEqual(items, [5] * 6)

    def test_replaced_by_an_argument(self):
        first, second = Target(), Target()
        o = types.SimpleNamespace(callback=first.one)

        def replace():
            o.callback = second.one
            return 1

        for _ in range(4):
            o.callback = first.one
            self.assertEqual(o.callback(replace()), (first, 1))
        held = weakref.ref(first)
        o = Target()
        o.callback = first.one

        def forget():
            nonlocal first
            first = None
            o.callback = None
            gc.collect()
            return held() is not None

        self.assertTrue(o.callback(forget())[1])
        gc.collect()
        self.assertIsNone(held())

    def test_keywords_and_errors(self):
        o = Target()
        o.callback = o.method
        for _ in range(3):
            o.callback(1, a=2)
        self.assertEqual(o.calls, [((1,), {"a": 2})] * 3)
        o.callback = o.one
        for _ in range(3):
            with self.assertRaisesRegex(TypeError, r"Target.one\(\) missing 1 required positional argument: 'v'"):
                o.callback()
            with self.assertRaisesRegex(TypeError, r"Target.one\(\) takes 2 positional arguments but 3 were given"):
                o.callback(1, 2)
        del o.callback
        with self.assertRaisesRegex(AttributeError, "'Target' object has no attribute 'callback'"):
            o.callback(1)

    def test_methods_in_variables(self):
        target = Target()
        one, method = target.one, target.method

        def default(self, a, b=3):
            return (a, b)

        bound = types.MethodType(default, target)
        for i in range(4):
            self.assertEqual(one(i), (target, i))
            self.assertEqual(method(i), i + 1)
            self.assertEqual(bound(i), (i, 3))
            self.assertEqual(bound(i, b=4), (i, 4))
            self.assertEqual((lambda m: m(i))(target.one), (target, i))  # the method object dies in the call
            self.assertEqual(getattr(target, "one")(i), (target, i))
        seen = [getattr(o, name) for o in (target,) for name in ("one", "method", "calls")]
        self.assertEqual(seen, [target.one, target.method, target.calls])


class Text(str):
    def __eq__(self, other):
        return "asked"

    def __ne__(self, other):
        return ""

    __hash__ = str.__hash__


class ComparedConstants(unittest.TestCase):
    def name(self, v):
        out = []
        if v == "x":
            out.append("x")
        elif v == "a longer text that is compared":
            out.append("long")
        if v != "x":
            out.append("not x")
        if not v == "\u20ac":
            out.append("no euro")
        while v != "":
            out.append("some")
            break
        return out

    def test_kinds(self):
        for _ in range(3):
            self.assertEqual(self.name("x"), ["x", "no euro", "some"])
            self.assertEqual(self.name("".join(["a longer text ", "that is compared"])), ["long", "not x", "no euro", "some"])
            self.assertEqual(self.name("a longer text that is compareD"), ["not x", "no euro", "some"])
            self.assertEqual(self.name(chr(0x20AC)), ["not x", "some"])
            self.assertEqual(self.name(""), ["not x", "no euro"])
            self.assertEqual(self.name(None), ["not x", "no euro", "some"])
            self.assertEqual(self.name(5), ["not x", "no euro", "some"])
            self.assertEqual(self.name(2.5), ["not x", "no euro", "some"])
            self.assertEqual(self.name(b"x"), ["not x", "no euro", "some"])
            self.assertEqual(self.name(Text("q")), ["x"])

    def test_temporaries(self):
        for _ in range(3):
            self.assertEqual([c for c in "abab" if c.upper() == "A"], ["a", "a"])
            self.assertEqual([c for c in "abab" if c.upper() + "!" != "A!"], ["b", "b"])
        class Says:
            def __eq__(self, other):
                return other == "yes"
        self.assertEqual([1 if Says() == "yes" else 0, 1 if Says() == "no" else 0], [1, 0])

    def test_values(self):
        def values(a, b):
            return a == b, a != b
        for _ in range(3):
            self.assertEqual(values("ab", "a" + "bc"[:1]), (True, False))
            self.assertEqual(values("ab" * 20, "ab" * 20), (True, False))
            self.assertEqual(values("ab", "ac"), (False, True))
            self.assertEqual(values("ab", None), (False, True))
            self.assertEqual(values(Text("ab"), "ab"), ("asked", ""))
            self.assertEqual(values("ab", Text("ab")), ("asked", ""))


SENTINEL = object()
OTHER = object()
module = types.ModuleType("module")
thing = module


class Settings:
    level = 1

    def get(self):
        return self.level

    @staticmethod
    def static():
        return "static"

    @classmethod
    def of_class(cls):
        return cls.__name__


class Globals(unittest.TestCase):
    def test_is(self):
        global OTHER

        def which(v):
            if v is SENTINEL:
                return 1
            elif v is not OTHER:
                return 2
            return 3 if (lambda: v)() is OTHER else 4

        first = OTHER
        for _ in range(3):
            self.assertEqual([which(SENTINEL), which(OTHER), which(None), which(1), which(object())], [1, 3, 2, 2, 2])
        OTHER = None
        self.assertEqual([which(None), which(first)], [3, 2])
        del OTHER
        try:
            self.assertEqual(which(SENTINEL), 1)
            with self.assertRaisesRegex(NameError, "name 'OTHER' is not defined"):
                which(2)
        finally:
            OTHER = first
        self.assertEqual(which(first), 3)
        self.assertEqual([1 if v is (SENTINEL if c else OTHER) else 0 for v in (SENTINEL, OTHER) for c in (0, 1)], [0, 1, 1, 0])
        self.assertEqual([v is int or v is not str for v in (int, str, list)], [True, False, True])
        self.assertEqual([1 if v is Ellipsis else 0 for v in (..., None)], [1, 0])

    def test_attributes(self):
        global thing

        def value():
            return thing.level

        def call():
            return thing.get()

        instance = Settings()
        instance.level = 9
        module.level, module.get = 5, lambda: "of module"
        for _ in range(3):
            for thing, level in ((module, 5), (Settings, 1), (instance, 9)):
                self.assertEqual(value(), level)
                if thing is Settings:
                    with self.assertRaises(TypeError):
                        call()
                else:
                    self.assertEqual(call(), "of module" if thing is module else 9)
        thing = module
        module.level = 6
        self.assertEqual(value(), 6)
        del module.level
        with self.assertRaisesRegex(AttributeError, "module 'module' has no attribute 'level'"):
            value()
        module.__getattr__ = lambda name: name + "?"
        self.assertEqual(value(), "level?")
        del module.__getattr__
        thing = Settings
        Settings.level = 2
        self.assertEqual(value(), 2)
        Settings.level = 1
        self.assertEqual([(Settings.static(), Settings.of_class()) for _ in range(3)], [("static", "Settings")] * 3)
        thing = module

    def test_module_methods(self):
        def call():
            return module.f(1), module.g([1, 2]), module.h()

        module.f, module.g, module.h = (lambda v: v + 1), len, dict
        for _ in range(3):
            self.assertEqual(call(), (2, 2, {}))
        module.f = Target().method
        self.assertEqual(call(), (1, 2, {}))
        module.f = lambda: 0
        with self.assertRaisesRegex(TypeError, "takes 0 positional arguments but 1 was given"):
            call()

    def test_dies_in_its_own_method(self):
        global thing

        class Dying:
            def method(self, v):
                global thing
                thing = module
                return alive() is not None, v

        for _ in range(3):
            thing = Dying()
            alive = weakref.ref(thing)
            self.assertEqual(thing.method(1), (True, 1))
            self.assertIsNone(alive())


class Pattern:
    """Iterated over by __getitem__ alone, as re._parser.SubPattern is."""

    def __init__(self, data, end=IndexError):
        self.data, self.end, self.asked = data, end, []

    def __getitem__(self, i):
        self.asked.append(i)
        if i >= len(self.data):
            raise self.end
        return self.data[i]

    def __len__(self):
        return len(self.data)


class OldIteration(unittest.TestCase):
    def test_ends(self):
        class Ends(IndexError):
            pass

        for end in (IndexError, StopIteration, IndexError("x"), Ends, StopIteration(5)):
            for _ in range(3):
                p = Pattern([(1, 2), (3, 4)], end)
                self.assertEqual([b for a, b in p], [2, 4])
                total = 0
                for pair in p:
                    total += pair[0]
                self.assertEqual((total, p.asked), (4, [0, 1, 2, 0, 1, 2]))

    def test_native_error(self):
        class Direct:
            def __getitem__(self, i):
                return [10, 20, 30][i]

        for _ in range(3):
            out = []
            for v in Direct():
                out.append(v)
            else:
                out.append("end")
            self.assertEqual(out, [10, 20, 30, "end"])

    def test_other_errors(self):
        p = Pattern([1], KeyError("k"))
        for _ in range(3):
            try:
                for _ in p:
                    pass
                self.fail()
            except KeyError as e:
                names = []
                at = e.__traceback__
                while at is not None:
                    names.append(at.tb_frame.f_code.co_name)
                    at = at.tb_next
                self.assertEqual(names, ["test_other_errors", "__getitem__"])
                e.__traceback__ = None

    def test_error_that_somebody_has(self):
        e = IndexError("kept")
        p = Pattern([1], e)
        self.assertEqual(list(p), [1])
        for _ in p:
            pass
        self.assertIsNotNone(e.__traceback__)
        self.assertEqual(e.__traceback__.tb_frame.f_locals["i"], 1)

    def test_caught_inside(self):
        class Inner:
            def __init__(self):
                self.log = []

            def __getitem__(self, i):
                try:
                    if i > 2:
                        raise IndexError
                    return [][i]
                except IndexError:
                    if i > 2:
                        raise
                    return -i
                finally:
                    self.log.append(i)

        inner = Inner()
        out = []
        for v in inner:
            out.append(v)
        self.assertEqual((out, inner.log), ([0, -1, -2], [0, 1, 2, 3]))

    def test_iterator_stays_at_its_end(self):
        p = Pattern([1, 2])
        it = iter(p)
        out = []
        for v in it:
            out.append(v)
            break
        for v in it:
            out.append(v)
        p.data.append(3)
        for v in it:
            out.append(v)
        self.assertEqual(out, [1, 2])
        with self.assertRaises(StopIteration):
            next(it)

    def test_iterator_used_inside(self):
        class Greedy:
            def __getitem__(self, i):
                if i == 1:
                    next(it)
                if i > 5:
                    raise IndexError
                return i

        it = iter(Greedy())
        with self.assertRaises(RecursionError):
            for _ in it:
                pass

        class Once(Greedy):
            def __getitem__(self, i):
                if i == 1 and not used:
                    used.append(i)
                    next(it)
                if i > 5:
                    raise IndexError
                return i

        used = []
        it = iter(Once())
        out = []
        for v in it:
            out.append(v)
        self.assertEqual((out, used), ([0, 1, 3, 4, 5], [1]))

    def test_method_changes(self):
        class Changing:
            def __getitem__(self, i):
                if i == 1:
                    Changing.__getitem__ = lambda self, i: "late" if i < 4 else [][0]
                return i

        out = []
        for v in Changing():
            out.append(v)
        self.assertEqual(out, [0, 1, "late", "late"])

    def test_odd_methods(self):
        class Makes:
            def __getitem__(self, i):
                yield i

        out = []
        for g in Makes():
            out.append(list(g))
            if len(out) == 3:
                break
        self.assertEqual(out, [[0], [1], [2]])

        class Defaults:
            def __getitem__(self, i, more=3):
                return [][0] if i > 1 else i + more

        class Any:
            def __getitem__(*args):
                return [][0] if args[1] > 1 else args[1]

        for cls, expected in ((Defaults, [3, 4]), (Any, [0, 1])):
            out = []
            for v in cls():
                out.append(v)
            self.assertEqual(out, expected)

    def test_recursion(self):
        class Deep:
            def __getitem__(self, i):
                for v in self:
                    return v

        with self.assertRaises(RecursionError):
            for _ in Deep():
                pass

    def test_in_generators_and_handlers(self):
        def walk(p):
            for v in p:
                yield v

        self.assertEqual(list(walk(Pattern([1, 2]))), [1, 2])
        try:
            raise KeyError("outer")
        except KeyError as e:
            for _ in Pattern([1]):
                pass
            self.assertIs(sys.exception(), e)
            self.assertIsNone(e.__context__)

    def test_variables_die(self):
        class Dies:
            def __del__(self):
                log.append("died")

        class Sequence:
            def __getitem__(self, i):
                d = Dies()
                if i:
                    raise IndexError
                return i

        log = []
        for _ in Sequence():
            log.append("item")
        log.append("end")
        self.assertEqual(log, ["died", "item", "died", "end"])

    def test_traced(self):
        p = Pattern([1])
        events = []

        def trace(frame, event, arg):
            if frame.f_code.co_name == "__getitem__":
                events.append(event)
            return trace

        def loop():
            for _ in p:
                pass

        loop()
        sys.settrace(trace)
        loop()
        sys.settrace(None)
        once = ["call", "line", "line", "line", "return"]
        last = ["call", "line", "line", "line", "exception", "return"]
        self.assertEqual(events, once + last)

        class Starts:
            def __getitem__(self, i):
                sys.settrace(trace)
                return [5][i]

        events.clear()
        try:
            for v in Starts():
                self.assertEqual(v, 5)
        finally:
            sys.settrace(None)
        self.assertIn("exception", events)


class Sized:
    """Its length is n, or n is raised."""

    def __init__(self, n):
        self.n = n

    def __len__(self):
        if isinstance(self.n, Exception):
            raise self.n
        return self.n


class Lengths(unittest.TestCase):
    def test_results(self):
        class Index:
            def __index__(self):
                return 7

        def size(v):
            return len(v)

        for _ in range(3):
            self.assertEqual([size(Sized(n)) for n in (0, 3, True, Index(), 2 ** 62)], [0, 3, 1, 7, 2 ** 62])
            self.assertIs(type(size(Sized(True))), int)
            for n, error, text in ((-1, ValueError, r"__len__\(\) should return >= 0"),
                                   ("x", TypeError, "'str' object cannot be interpreted as an integer"),
                                   (2.0, TypeError, "'float' object cannot be interpreted as an integer"),
                                   (2 ** 63, OverflowError, "cannot fit 'int' into an index-sized integer"),
                                   (KeyError("k"), KeyError, "k")):
                with self.assertRaisesRegex(error, text):
                    size(Sized(n))

            def generate():
                yield len(Sized(4))
                yield size(Sized(Sized(1).n))

            self.assertEqual(list(generate()), [4, 1])
        self.assertEqual(size([1]), 1)
        with self.assertRaisesRegex(TypeError, r"object of type 'int' has no len\(\)"):
            size(5)

        class Makes:
            def __len__(self):
                yield 1

        with self.assertRaisesRegex(TypeError, "'generator' object cannot be interpreted as an integer"):
            size(Makes())

        class Frame:
            def __len__(self):
                self.frame = sys._getframe()
                return 2

        f = Frame()
        self.assertEqual((size(f), f.frame.f_locals["self"]), (2, f))

        class Recurses:
            def __len__(self):
                return len(self)

        with self.assertRaises(RecursionError):
            size(Recurses())

    def test_operands_die(self):
        class Sized:
            def __len__(self):
                return 1

            def __del__(self):
                log.append("died")

        log = []
        for _ in range(2):
            log.append(len(Sized()))
        self.assertEqual(log, ["died", 1] * 2)


class Truth(unittest.TestCase):
    def test_results(self):
        class Says(Sized):
            def __bool__(self):
                if isinstance(self.n, Exception):
                    raise self.n
                return self.n

        class Late(Sized):
            def __len__(self):
                Late.__bool__ = lambda self: False
                return 1

        def ways(v):
            out = [1 if v else 0, 0 if not v else 1, (v and 1) == 1, 2 if v or None else 3]
            while v:
                out.append("while")
                break
            return out

        no, yes = [0, 0, False, 3], [1, 1, True, 2, "while"]
        for _ in range(3):
            self.assertEqual([ways(Sized(n)) for n in (0, 3, False, True, 2 ** 62)], [no, yes, no, yes, yes])
            self.assertEqual([ways(Says(n)) for n in (False, True)], [no, yes])
            self.assertEqual([ways(v) for v in (object(), [], [1], 0, "", "x", None)], [yes, no, yes, no, no, yes, no])
            for cls, n, error, text in ((Sized, -1, ValueError, r"__len__\(\) should return >= 0"),
                                        (Sized, None, TypeError, "'NoneType' object cannot be interpreted as an integer"),
                                        (Sized, 2 ** 63, OverflowError, "cannot fit 'int' into an index-sized integer"),
                                        (Sized, KeyError("k"), KeyError, "k"), (Says, IndexError("i"), IndexError, "i"),
                                        (Says, 1, TypeError, "__bool__ should return bool, returned int")):
                with self.assertRaisesRegex(error, text):
                    ways(cls(n))

            def generate():
                if Sized(0):
                    yield 1
                yield 2 if Says(True) else 3

            self.assertEqual(list(generate()), [2])
        self.assertEqual([1 if Late(0) else 0 for _ in range(2)], [1, 0])

        class Recurses:
            def __bool__(self):
                return not self

        with self.assertRaises(RecursionError):
            ways(Recurses())

    def test_attributes(self):
        class Sized:
            def __len__(self):
                return 0

        class Angry:
            def __bool__(self):
                raise KeyError("angry")

        class Holder:
            fallback = 5

            @property
            def computed(self):
                return self.v

            def __getattr__(self, name):
                return name == "made"

        class Slotted:
            __slots__ = ("v", "computed")
            fallback, made, lost = (), True, False

        def tests(o):
            out = [1 if o.v else 0, 1 if not o.v else 0, 1 if o.v is None else 0, 1 if o.v is not None else 0]
            out += [o.fallback and 2, 1 if o.computed else 0, 1 if o.computed is None else 0, 1 if o.made else 0, 1 if o.lost else 0]
            while o.v:
                out.append("while")
                break
            return out

        values = [(v, bool(v)) for v in (None, True, False, 0, 1, -1, 10 ** 30, 0.0, -0.0, 2.5, 1e300, "", "x", (), (1,), [], [1], {}, {1: 2},
                                         b"", b"x", set(), {1}, frozenset(), bytearray(), bytearray(b"x"), object(), len, tests, Holder,
                                         range(0), range(2), Sized(), 0j, 1j)]
        for _ in range(3):
            for o in (Holder(), Slotted()):
                for v, truth in values:
                    o.v = v
                    if isinstance(o, Slotted):
                        o.computed = v
                    none = v is None
                    expected = [truth, not truth, none, not none, () if isinstance(o, Slotted) else 2, truth, none, 1, 0]
                    self.assertEqual(tests(o), expected + ["while"] * truth)
                o.v = Angry()
                with self.assertRaisesRegex(KeyError, "angry"):
                    tests(o)
                del o.v
                if isinstance(o, Slotted):
                    with self.assertRaises(AttributeError):
                        tests(o)

    def test_temporaries_and_loops(self):
        class Counts:
            def __init__(self, n):
                self.n = n

            def __len__(self):
                self.n -= 1
                return self.n

            def __del__(self):
                log.append("died")

        log = []
        c = Counts(4)
        rounds = 0
        while c:
            rounds += 1
        self.assertEqual(rounds, 3)
        del c
        for _ in range(2):
            log.append("yes" if Counts(5) else "no")
        self.assertEqual(log, ["died", "died", "yes", "died", "yes"])


class Percent(unittest.TestCase):
    def test_formats(self):
        class Sub(str):
            def __str__(self):
                return "sub"

        class Number(int):
            def __str__(self):
                return "number"

        values = {"a": "x", "b(c)": 5, "": "empty", "n": -3, "s": Sub("q"), "w": "\u20ac", "t": True}
        for _ in range(2):
            self.assertEqual("%(a)s:%(b(c))d:%()s%(n)d|%(s)s|%(w)s%%" % values, "x:5:empty-3|sub|\u20ac%")
            self.assertEqual("%s%d %s" % ("a", 10 ** 30, None), "a" + str(10 ** 30) + " None")
            self.assertEqual("%d %d %d %i" % (0, True, -(2 ** 62), 2.9), "0 1 -4611686018427387904 2")
            self.assertEqual("%d|%s" % (Number(4), Number(4)), "4|number")
            self.assertEqual("\u20ac%s\u20ac%(a)s" % {"a": 1}, "\u20ac{'a': 1}\u20ac1")
            self.assertEqual("%5d|%-4s|%05.1f|%x|%c|%r|%.2s" % (7, "a", 1.25, 255, "z", "q", "abc"), "    7|a   |001.2|ff|z|'q'|ab")
            self.assertEqual("plain" % (), "plain")
            self.assertEqual("%s" % "one", "one")
            self.assertEqual("%s" % ("\xe9" * 300), "\xe9" * 300)
            self.assertEqual("%s%s" % ("a" * 180, "b" * 180), "a" * 180 + "b" * 180)
            self.assertEqual("%s" % ("\U0001f600" * 60 + "x"), "\U0001f600" * 60 + "x")
        for text, argument, error, message in (
                ("%d", "x", TypeError, "%d format: a real number is required, not str"),
                ("%(a)s", 5, TypeError, "format requires a mapping"),
                ("%(a", {}, ValueError, "incomplete format key"),
                ("%(a)", {"a": 1}, ValueError, "incomplete format"),
                ("%(z)s", {"a": 1}, KeyError, "'z'"),
                ("%s %s", (1,), TypeError, "not enough arguments for format string"),
                ("%s", (1, 2), TypeError, "not all arguments converted during string formatting"),
                ("%y", 1, ValueError, "unsupported format character 'y'"),
                ("%", 1, ValueError, "incomplete format")):
            with self.assertRaises(error) as caught:
                text % argument
            self.assertIn(message, str(caught.exception))

    def test_who_is_asked(self):
        class Right(str):
            def __rmod__(self, other):
                return "right"

        class Other:
            def __rmod__(self, other):
                return "other"

        for _ in range(2):
            self.assertEqual("%s" % Right("a"), "right")
            self.assertEqual("%s" % (Right("a"),), "a")
            self.assertNotEqual("%s" % Other(), "other")
        self.assertEqual(b"%s %d" % (b"a", 5), b"a 5")


class NamedInts(unittest.TestCase):
    def test_hashes_and_sets(self):
        class Named(int):
            pass

        class Odd(int):
            def __hash__(self):
                return 1

            def __eq__(self, other):
                return other == 5

        values = [0, 1, -1, -2, 5, 2 ** 61 - 1, 2 ** 61, -(2 ** 61), 2 ** 63 - 1, 2 ** 63, -(2 ** 63), 2 ** 64, 10 ** 30]
        for n in values:
            self.assertEqual(hash(Named(n)), hash(n))
            self.assertEqual(Named(n), n)
            self.assertFalse(Named(n) < n or Named(n) > n or Named(n) != n)
            self.assertTrue(Named(n) <= n and Named(n + 1) > n and n < Named(n + 1) and Named(n - 1) < Named(n))
            self.assertEqual({n: 1}[Named(n)], 1)
        named = [Named(n) for n in values]
        some = frozenset(named[:4])
        for _ in range(2):
            self.assertEqual([v in some for v in named], [True] * 4 + [False] * (len(named) - 4))
            self.assertEqual([Named(v) in some for v in values], [True] * 4 + [False] * (len(named) - 4))
            self.assertEqual([v not in set(values) for v in named], [False] * len(named))
            self.assertEqual([Odd(3) in {5, 1}, Odd(3) in {1}, Named(3) in {3.0}, Named(1) in {True}], [False, False, True, True])
        self.assertTrue(Odd(3) in [5])
        self.assertEqual([range(5)[Named(2)], [1, 2][Named(-1)], "ab"[Named(1)]], [2, 2, "b"])


class Bytes(unittest.TestCase):
    def test_append_and_translate(self):
        a = bytearray(b"x")
        for _ in range(3):
            a += b"yz"
            a += b""
        self.assertEqual(a, b"xyzyzyz")
        view = memoryview(a)
        with self.assertRaises(BufferError):
            a += b"q"
        view.release()
        a += b"q"
        self.assertEqual(len(a), 8)
        self.assertEqual(b"\0" * 70000, bytes(70000))
        table = bytes([255 - c for c in range(256)])
        for kind in (bytes, bytearray):
            text = kind(range(256)) * 3
            self.assertEqual(text.translate(table), table * 3)
            self.assertIs(type(text.translate(table)), kind)
            self.assertEqual(text.translate(None), text)
            self.assertEqual(text.translate(None, b"\x01\x02")[:3], b"\x00\x03\x04")
            self.assertEqual(text.translate(table, b"\x00")[:2], b"\xfe\xfd")
            self.assertEqual(kind().translate(table), b"")
            with self.assertRaisesRegex(ValueError, "translation table must be 256 characters long"):
                text.translate(b"x")


class Frames(unittest.TestCase):
    def test_returned_variables(self):
        def looks(v):
            sys._getframe().f_lineno
            return v

        def looked_at(v):
            def inner():
                return sys._getframe(1).f_code.co_name
            name = inner()
            return (name, v)

        def kept(v):
            kept.frame = sys._getframe()
            w = [v]
            return w

        for _ in range(3):
            o = object()
            self.assertIs(looks(o), o)
            self.assertEqual(looked_at(o), ("looked_at", o))
            w = kept(o)
            self.assertEqual(w, [o])
            self.assertIs(kept.frame.f_locals["w"], w)
            self.assertEqual(kept.frame.f_back.f_code.co_name, "test_returned_variables")
        held = weakref.ref(Target())
        self.assertIsNone(held())

    def test_backwards(self):
        def names():
            f = sys._getframe()
            out = []
            while f is not None:
                out.append(f.f_code.co_name)
                f = f.f_back
            return out

        def outer():
            return names()

        for _ in range(3):
            self.assertEqual(outer()[:3], ["names", "outer", "test_backwards"])

    def test_extra_locals_die(self):
        class Dies:
            def __del__(self):
                log.append(sys._getframe(1).f_code.co_name)

        def function():
            sys._getframe().f_locals["extra"] = Dies()
            return 5

        log = []
        self.assertEqual([function(), function()], [5, 5])
        self.assertEqual(len(log), 2)


if __name__ == "__main__":
    unittest.main()
