"""Calls that the interpreter enters without the general way: what they must share with it."""
import _thread
import functools
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


if __name__ == '__main__':
    unittest.main()
