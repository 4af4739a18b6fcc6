"""Calls that the interpreter enters without the general way: what they must share with it."""
import _thread
import functools
import gc
import types
import unittest


class Base:
    @classmethod
    def made(cls, x=1):
        return cls, x

    @staticmethod
    def plain(x=1):
        return x

    def __getitem__(self, i):
        return i

    @property
    def seven(self):
        return 7


class Derived(Base):
    pass


def collect(a=1, b=2, *c, **d):
    return a, b, c, d


def text_of(call):
    try:
        call()
    except TypeError as e:
        return str(e)
    return None


class Methods(unittest.TestCase):
    def test_class_methods_at_one_site(self):
        b, d = Base(), Derived()
        for _ in range(5):
            for receiver, cls in ((Base, Base), (b, Base), (Derived, Derived), (d, Derived)):
                self.assertEqual(receiver.made(), (cls, 1))
                bound = receiver.made
                self.assertEqual(bound(5), (cls, 5))
                self.assertEqual(receiver.plain(3), 3)

    def test_class_method_replaced(self):
        class C:
            @classmethod
            def m(cls):
                return 1

        c = C()
        got = []
        for i in range(8):
            if i == 4:
                C.m = classmethod(lambda cls: (cls, 2))
            got.append((c.m(), C.m()))
        self.assertEqual(got, [(1, 1)] * 4 + [((C, 2), (C, 2))] * 4)

    def test_items_and_properties(self):
        class Failing:
            def __getitem__(self, i):
                raise KeyError(i)

            @property
            def p(self):
                raise AttributeError('p')

            def __getattr__(self, name):
                return name

        def generator():
            yield b[1]
            yield b.seven

        b = Base()
        for i in range(4):
            self.assertEqual((b[i], Base()[i], b['x'], b.seven, Base().seven), (i, i, 'x', 7, 7))
            try:
                Failing()[i]
            except KeyError as e:
                name = e.__traceback__.tb_next.tb_frame.f_code.co_name
            self.assertEqual(name, '__getitem__')
            self.assertEqual(Failing().p, 'p')
        self.assertEqual(list(generator()), [1, 7])


class Classes(unittest.TestCase):
    def test_init_comes_and_goes(self):
        class C:
            pass

        def make():
            return C()

        for _ in range(3):
            self.assertEqual(vars(make()), {})
        C.__init__ = lambda self: setattr(self, 'x', 1)
        self.assertEqual(make().x, 1)
        del C.__init__
        self.assertEqual(vars(make()), {})
        for _ in range(3):
            self.assertEqual(text_of(lambda: C(1)), 'C() takes no arguments')

    def test_type_of(self):
        for _ in range(3):
            self.assertEqual([type(x) for x in (1, 'a', Base(), Base, type)], [int, str, Base, type, type])
            x = Base()
            x = type(x)
            self.assertIs(x, Base)


class Spread(unittest.TestCase):
    def test_positional(self):
        for spread in ((1, 2, 3), [1, 2, 3], iter((1, 2, 3)), range(1, 4)):
            self.assertEqual(collect(*spread), (1, 2, (3,), {}))
        self.assertEqual(text_of(lambda: collect(*5)), f'{__name__}.collect() argument after * must be an iterable, not int')

    def test_keywords_are_a_copy(self):
        def change(**kw):
            kw['n'] = 1
            return kw

        given = dict(a=5, z=6)
        for _ in range(3):
            self.assertEqual(collect(**given), (5, 2, (), {'z': 6}))
            self.assertEqual(change(**given), {'a': 5, 'z': 6, 'n': 1})
            self.assertEqual(functools.partial(change)(**given), {'a': 5, 'z': 6, 'n': 1})
            self.assertIsNot(dict(**given), given)
            self.assertEqual(given, {'a': 5, 'z': 6})
        self.assertEqual(text_of(lambda: collect(**{1: 2})), 'keywords must be strings')
        self.assertEqual(text_of(lambda: collect(1, **given)), "collect() got multiple values for argument 'a'")


class BoundByHand(unittest.TestCase):
    def test_self_of_another_type(self):
        class Holder:
            pass

        holder = Holder()
        for function, args, expected in (
                (str.upper, (), "descriptor 'upper' for 'str' objects doesn't apply to a 'int' object"),
                (list.append, (3,), "descriptor 'append' for 'list' objects doesn't apply to a 'int' object"),
                (_thread.LockType.acquire, (), "descriptor 'acquire' for '_thread.lock' objects doesn't apply to a 'int' object"),
                (_thread.LockType.acquire, (1,), "descriptor 'acquire' for '_thread.lock' objects doesn't apply to a 'int' object"),
                (dict.__dict__['fromkeys'], (1,), "descriptor 'fromkeys' for type 'dict' needs a type, not a 'int' as arg 2")):
            holder.bound = types.MethodType(function, 5)
            for _ in range(3):
                with self.subTest(function=function, args=args):
                    self.assertEqual(text_of(lambda: holder.bound(*args)), expected)
                    if len(args) == 0:
                        self.assertEqual(text_of(lambda: holder.bound()), expected)
                    else:
                        self.assertEqual(text_of(lambda: holder.bound(args[0])), expected)

    def test_self_that_fits(self):
        class Holder:
            pass

        holder, items = Holder(), []
        holder.bound = types.MethodType(list.append, items)
        for i in range(3):
            holder.bound(i)
        self.assertEqual(items, [0, 1, 2])
        holder.bound = types.MethodType(dict.__dict__['fromkeys'], dict)
        self.assertEqual(holder.bound([1]), {1: None})


class FromNativeCode(unittest.TestCase):
    def test_defaults(self):
        def add(a, b=1, /):
            return a + b

        def keyword_only(a, *, k=2):
            return a * k

        self.assertEqual(list(map(add, [1, 2])), [2, 3])
        self.assertEqual(list(map(keyword_only, [1, 2])), [2, 4])
        self.assertEqual(list(map(collect, [0]))[0], (0, 2, (), {}))
        self.assertEqual(functools.reduce(add, [1, 2, 3]), 6)
        self.assertEqual(sorted([3, 1], key=add), [1, 3])
        self.assertIn('missing 1 required positional argument', text_of(lambda: list(map(lambda a, b: a, [1]))))
        self.assertIn('takes 0 positional arguments but 1 was given', text_of(lambda: list(map(lambda: 1, [1]))))

    def test_recursion(self):
        def down(x):
            return list(map(down, [x]))

        with self.assertRaises(RecursionError):
            down(1)


class Construction(unittest.TestCase):
    def test_arguments_are_bound(self):
        class A:
            def __init__(self, a, b=2, *rest, c=3, **more):
                self.all = a, b, rest, c, more

        def make():
            return [A(1).all, A(1, 5).all, A(1, 5, 6, 7).all]
        for _ in range(3):
            self.assertEqual(make(), [(1, 2, (), 3, {}), (1, 5, (), 3, {}), (1, 5, (6, 7), 3, {})])

    def test_errors_of_binding(self):
        class A:
            def __init__(self, a, b=2):
                pass

        class B:
            def __init__(self, a, *, b):
                pass

        def call(number):
            return [lambda: A(), lambda: A(1, 2, 3), lambda: B(1)][number]()
        texts = [r"__init__\(\) missing 1 required positional argument: 'a'$",
                 r"__init__\(\) takes from 2 to 3 positional arguments but 4 were given$",
                 r"__init__\(\) missing 1 required keyword-only argument: 'b'$"]
        for _ in range(3):
            for number, text in enumerate(texts):
                with self.assertRaisesRegex(TypeError, text):
                    call(number)

    def test_result_and_errors_of_init(self):
        class A:
            def __init__(self, result=None):
                if result == 1:
                    raise ValueError(result)
                return result

        def make(number):
            return A() if number == 0 else A(1) if number == 1 else A(2)
        for _ in range(3):
            self.assertIs(type(make(0)), A)
            with self.assertRaisesRegex(ValueError, "1"):
                make(1)
            with self.assertRaisesRegex(TypeError, r"__init__\(\) should return None, not 'int'"):
                make(2)

    def test_recursion_and_generators(self):
        class A:
            def __init__(self, depth, *rest):
                self.inner = A(depth - 1) if depth else None

        class Endless:
            def __init__(self, a=None):
                Endless()

        def generator():
            yield A(2)
            yield A(1, 2, 3)
        self.assertIsNone(A(3).inner.inner.inner.inner)
        self.assertEqual([type(x) for x in generator()], [A, A])
        with self.assertRaises(RecursionError):
            Endless()

    def test_built_in_classes(self):
        class Text(str):
            pass

        class Shown:
            def __init__(self, shown):
                self.shown = shown

            def __str__(self):
                return self.shown
        for _ in range(3):
            self.assertEqual([str(), str("a"), str(1), str(None), str(Shown("b"))], ["", "a", "1", "None", "b"])
            self.assertIs(type(str(Shown(Text("c")))), Text)
            with self.assertRaisesRegex(TypeError, "__str__ returned non-string"):
                str(Shown(1))
            self.assertEqual([int(), int(3.5), int("12"), int(True), tuple(), tuple([1, 2]), float("1.5"), bool([])],
                             [0, 3, 12, 1, (), (1, 2), 1.5, False])
            with self.assertRaises(TypeError):
                int(None)

    def test_short_numbers_in_text(self):
        self.assertEqual([int(text, base) for text, base in (
            ("1" * 62, 2), ("1" * 63, 2), ("-" + "1" * 31, 2), ("7fffffffffffffff", 16), ("-0x10", 16), ("0b101", 0), ("zz", 36), ("1_0", 10),
            (" 12 ", 10), ("+5", 10), ("0", 0), ("000", 0), ("9" * 15, 10), ("9" * 16, 10))],
            [2 ** 62 - 1, 2 ** 63 - 1, 1 - 2 ** 31, 2 ** 63 - 1, -16, 5, 35 * 36 + 35, 10, 12, 5, 0, 0, 10 ** 15 - 1, 10 ** 16 - 1])
        self.assertEqual([int(b"101", 2), int(bytearray(b"-12")), int(memoryview(b"7"))], [5, -12, 7])
        for text, base in (("", 10), ("-", 10), ("2", 2), ("g", 16), ("0x", 16), ("010", 0), ("1__0", 10), ("_1", 10), ("1_", 10), (b"1x", 10)):
            with self.assertRaisesRegex(ValueError, f"^invalid literal for int\\(\\) with base {base}: "):
                int(text, base)

    def test_isinstance(self):
        class A:
            pass

        class B(A):
            pass

        class Pretends:
            __class__ = property(lambda self: A)

        class Meta(type):
            def __instancecheck__(cls, instance):
                return instance == 1

        class Asks(metaclass=Meta):
            pass

        def ask(value, cls):
            return isinstance(value, cls)
        for _ in range(3):
            self.assertEqual([ask(v, A) for v in (A(), B(), Pretends(), 1, 1.5, "a", None, A)],
                             [True, True, True, False, False, False, False, False])
            self.assertEqual([ask(v, int) for v in (1, True, 1 << 80, 1.5, None, "1", A())], [True, True, True] + [False] * 4)
            self.assertEqual([ask(v, object) for v in (1, None, A(), A)], [True] * 4)
            self.assertEqual([ask(v, type) for v in (A, 1, Meta)], [True, False, True])
            self.assertEqual([ask(v, Asks) for v in (1, 2, Asks())], [True, False, True])
            self.assertEqual([ask(v, (A, int)) for v in (1, "a", B())], [True, False, True])
            with self.assertRaisesRegex(TypeError, r"isinstance\(\) arg 2 must be a type"):
                ask(1, 1)


class Loops(unittest.TestCase):
    """Iterators of lists and tuples, which end with the loop or do not."""

    def test_iterator_that_is_held(self):
        for items in ([1, 2, 3], (1, 2, 3)):
            iterator, seen = iter(items), []
            for x in iterator:
                seen.append(x)
                if x == 2:
                    break
            for x in iterator:
                seen.append(x)
            for x in iterator:
                seen.append(x)
            self.assertEqual(seen, [1, 2, 3])

    def test_end_drops_the_sequence(self):
        dropped = []

        class A:
            def __del__(self):
                dropped.append(1)

        def loop():
            for x in [A(), A()]:
                pass
            dropped.append(2)
            del x
        loop()
        gc.collect()
        self.assertEqual(sorted(dropped), [1, 1, 2])

    def test_list_grows_and_is_replaced(self):
        items, seen = [1], []
        for x in items:
            seen.append(x)
            if x < 4:
                items.append(x + 1)
        for x in items:
            items = ()
            seen.append(x)
        self.assertEqual(seen, [1, 2, 3, 4] * 2)

    def test_generators_end(self):
        def inner(n):
            for i in range(n):
                yield i
            return "unused", [n]

        def outer(n):
            for i in inner(n):
                yield from inner(i)
            result = yield from inner(n)
            yield result
        self.assertEqual(list(outer(3)), [0, 0, 1, 0, 1, 2, ("unused", [3])])
        held = inner(2)
        self.assertEqual([x for x in held], [0, 1])
        self.assertEqual([list(held), next(held, None)], [[], None])


if __name__ == '__main__':
    unittest.main()
