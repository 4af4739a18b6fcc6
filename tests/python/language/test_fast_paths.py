"""What the interpreter's short cuts must not change: replaced classes, functions and defaults, odd iterators, order of deaths."""

import unittest


class Loops(unittest.TestCase):
    def test_pairs_of_enumerate_zip_and_items(self):
        self.assertEqual([(a, b) for a, b in enumerate("xy", 5)], [(5, "x"), (6, "y")])
        self.assertEqual([(a, b, c) for a, b, c in zip("ab", [1, 2], (3, 4))], [("a", 1, 3), ("b", 2, 4)])
        self.assertEqual([(k, v) for k, v in {"a": 1, 2: "b"}.items()], [("a", 1), (2, "b")])
        self.assertEqual([a + b for a, b in enumerate([1.5], 2 ** 70)], [2 ** 70 + 1.5])

    def test_rows_of_another_size(self):
        with self.assertRaisesRegex(ValueError, "too many values to unpack"):
            for a, b in zip([1], [2], [3]):
                pass
        with self.assertRaisesRegex(ValueError, "not enough values to unpack"):
            for a, b, c in {"k": "v"}.items():
                pass
        with self.assertRaisesRegex(ValueError, r"zip\(\) argument 2 is shorter"):
            for a, b in zip([1, 2], [3], strict=True):
                pass

    def test_dict_that_changes_during_iteration(self):
        d = {1: 2}
        with self.assertRaisesRegex(RuntimeError, "changed size during iteration"):
            for k, v in d.items():
                d[k + 1] = v

    def test_subclasses_of_the_iterators(self):
        class Backwards(enumerate):
            def __next__(self):
                a, b = super().__next__()
                return b, a
        self.assertEqual([(a, b) for a, b in Backwards("xy")], [("x", 0), ("y", 1)])

    def test_iterator_that_raises(self):
        def items():
            yield 1
            raise KeyError("stop")
        seen = []
        with self.assertRaises(KeyError):
            for i, item in enumerate(items()):
                seen.append((i, item))
        self.assertEqual(seen, [(0, 1)])

    def test_unpacking_into_the_variable_that_is_unpacked(self):
        pair = (1, [2])
        pair, rest = pair
        self.assertEqual((pair, rest), (1, [2]))
        items = [[1, 2], [3, 4]]
        for items, other in items:
            pass
        self.assertEqual((items, other), (3, 4))


    def test_keys_and_values_one_by_one(self):
        for n in (0, 1, 3, 4, 50):
            table = {f"k{i}": [i] for i in range(n)}
            table["gone"] = 1
            del table["gone"]
            self.assertEqual([key for key in table], [f"k{i}" for i in range(n)])
            self.assertEqual([key for key in table.keys()], list(table))
            self.assertEqual([value[0] for value in table.values()], list(range(n)))
            self.assertEqual([c for (_, c) in ["ab"] for _ in table.values()], ["b"] * n)
        for view in (iter, dict.keys, dict.values):
            table = {1: 1, 2: 2, 3: 3}
            seen = []
            with self.assertRaisesRegex(RuntimeError, "changed size"):
                for x in view(table):
                    seen.append(x)
                    table[x + 10] = 1
            self.assertEqual(seen, [1])
        iterator = iter({1: 2})
        for x in iterator:
            pass
        self.assertEqual(list(iterator), [])
        self.assertEqual([pair for pair in {(1, 2): 0}], [(1, 2)])
        self.assertEqual([a + b for a, b in {(1, 2): 0}], [3])
        self.assertEqual([a + b for a, b in {0: (1, 2)}.values()], [3])


class Tuples(unittest.TestCase):
    def test_joining(self):
        made = [(), (1,), ("a", [2]), (None, 2.5, "x" * 3), tuple(range(20))]
        for a in made:
            for b in made:
                wanted = tuple([*a, *b])
                self.assertEqual(a + b, wanted)
                self.assertEqual(a[:] + b, wanted)
                self.assertEqual(tuple(list(a)) + tuple(list(b)), wanted)
                self.assertEqual(a + tuple(list(b)), wanted)
                joined = a
                joined += b
                self.assertEqual(joined, wanted)
            self.assertEqual((a, 1) + a, tuple([a, 1, *a]))
            self.assertEqual(a + (a, 1), tuple([*a, a, 1]))
            self.assertEqual((a,) + (a,), tuple([a, a]))
            self.assertEqual(tuple(list(a)) + ([1],), tuple([*a, [1]]))
            extended = a
            extended += (1, [2])
            self.assertEqual(extended, tuple([*a, 1, [2]]))

    def test_one_tuple_twice(self):
        def double(x):
            x = (x, [x])
            x = x + x
            return x

        self.assertEqual(double(1), (1, [1], 1, [1]))
        for _ in range(3):
            t = ("a", [1])
            t += t
            self.assertEqual(t, ("a", [1], "a", [1]))

    def test_other_operands(self):
        class Other:
            def __radd__(self, left):
                return left

            def __add__(self, right):
                return right

        class Sub(tuple):
            def __add__(self, right):
                return "sub"

            def __radd__(self, left):
                return "rsub"

        self.assertEqual((1, 2) + Other(), (1, 2))
        self.assertEqual(Other() + (1, 2), (1, 2))
        self.assertEqual(Sub((1,)) + (2,), "sub")
        self.assertEqual((2,) + Sub((1,)), "rsub")
        for wrong in ([], 1, None, "a"):
            with self.assertRaisesRegex(TypeError, "can only concatenate tuple"):
                (1, 2) + wrong
            with self.assertRaises(TypeError):
                wrong + (1, 2)

    def test_what_dies(self):
        class Dying:
            count = 0

            def __del__(self):
                Dying.count += 1

        def make():
            return (Dying(), 1)

        t = make() + make()
        t = (Dying(),) + t
        t = t + (Dying(), 2)
        self.assertEqual((len(t), Dying.count), (7, 0))
        with self.assertRaises(TypeError):
            (Dying(), 1) + [1]
        del t
        import gc
        gc.collect()
        self.assertEqual(Dying.count, 5)

    def test_bytes(self):
        for a in (b"", b"a", b"ab" * 40):
            for b in (b"", b"x", b"yz" * 40):
                self.assertEqual(a + b, b"".join([a, b]))
                self.assertEqual(a + bytearray(b), b"".join([a, b]))


class Calls(unittest.TestCase):
    def test_defaults_may_be_replaced(self):
        def f(a, b=1, c=2):
            return a, b, c

        def call():
            return f(0), f(0, 5)
        self.assertEqual(call(), ((0, 1, 2), (0, 5, 2)))
        f.__defaults__ = (7, 8, 9)
        self.assertEqual((call(), f()), (((0, 8, 9), (0, 5, 9)), (7, 8, 9)))
        f.__defaults__ = None
        with self.assertRaisesRegex(TypeError, r"missing 2 required positional arguments: 'b' and 'c'"):
            call()

    def test_construction_after_changes_of_the_class(self):
        class Point:
            def __init__(self, x):
                self.x = x

        def make():
            return Point(3)
        self.assertEqual([make().x for _ in range(3)], [3, 3, 3])
        Point.__init__ = lambda self, x: setattr(self, "x", x * 2)
        self.assertEqual(make().x, 6)
        Point.__init__ = lambda self, x: x
        with self.assertRaisesRegex(TypeError, r"__init__\(\) should return None, not 'int'"):
            make()
        Point.__new__ = lambda cls, x: "made by __new__"
        self.assertEqual(make(), "made by __new__")

    def test_construction_of_abstract_classes_and_by_metaclasses(self):
        import abc

        class Base(abc.ABC):
            @abc.abstractmethod
            def f(self):
                pass

            def __init__(self):
                pass

        class Meta(type):
            def __call__(cls):
                return "called"

        class Strange(metaclass=Meta):
            def __init__(self):
                raise AssertionError
        for _ in range(3):
            self.assertRaises(TypeError, lambda: Base())
            self.assertEqual(Strange(), "called")

    def test_bound_methods_and_calls_from_generators(self):
        class Counter:
            def __init__(self):
                self.n = 0

            def add(self, k=1):
                self.n += k
                return self.n
        counter = Counter()
        add = counter.add
        self.assertEqual([add(2), add(), add(k=3)], [2, 3, 6])

        def plain(a, b):
            return a * b
        self.assertEqual(list(plain(x, 2) + counter.add(x) for x in range(3)), [6, 9, 13])
        self.assertEqual(sum(plain(x, Counter().add()) for x in range(4)), 6)

    def test_error_in_a_call_from_a_generator(self):
        def fail(x):
            return 1 // x
        generator = (fail(x) for x in (1, 0))
        self.assertEqual(next(generator), 1)
        names, row = [], None
        try:
            next(generator)
        except ZeroDivisionError as error:
            row = error.__traceback__
        while row:
            names.append(row.tb_frame.f_code.co_name)
            row = row.tb_next
        self.assertEqual(names[-2:], ["<genexpr>", "fail"])


class Attributes(unittest.TestCase):
    def test_a_site_that_sees_many_classes(self):
        classes = [type(f"C{i}", (), {f"unused{k}": k for k in range(i)}) for i in range(12)]
        objects = []
        for i, cls in enumerate(classes):
            o = cls()
            for k in range(i):
                setattr(o, f"a{k}", k)
            o.value = i
            cls.double = lambda self: self.value * 2
            objects.append(o)

        def read():
            return [o.value for o in objects], [o.double() for o in objects]
        for _ in range(3):
            self.assertEqual(read(), (list(range(12)), list(range(0, 24, 2))))
        for o in objects:
            o.value += 100
        classes[3].double = lambda self: "other"
        classes[5].value = property(lambda self: "property")
        values, doubles = read()
        self.assertEqual((values[3], values[5], doubles[3]), (103, "property", "other"))
        self.assertEqual(values[11], 111)

    def test_old_values_die_when_replaced(self):
        log = []

        class Noisy:
            def __init__(self, name):
                self.name = name

            def __del__(self):
                log.append(self.name)

        class Holder:
            pass
        holder = Holder()
        for name in "abc":
            holder.item = Noisy(name)
        items = [Noisy("d")]
        items[0] = None
        variable = Noisy("e")
        variable = Noisy("f")
        self.assertEqual(log, ["a", "b", "d", "e"])
        del variable, holder
        self.assertEqual(log, ["a", "b", "d", "e", "f", "c"])

    def test_isinstance_asks_for_the_class(self):
        class Claims:
            @property
            def __class__(self):
                return int

        class Plain:
            pass
        self.assertTrue(isinstance(Claims(), int))
        self.assertFalse(isinstance(Claims(), str))
        plain = Plain()
        plain.__dict__["__class__"] = int
        self.assertFalse(isinstance(plain, int))
        self.assertFalse(isinstance(3, str))


    def test_setting_an_attribute_of_an_item(self):
        class Holder:
            pass

        class Dying:
            def __init__(self, action):
                self.action = action

            def __del__(self):
                self.action()

        holder = Holder()

        def set_first(x, value):
            x.items[0].value = value
            return x

        died = []
        for kind in (list, tuple):
            item = Holder()
            item.value = Dying(lambda: (died.append(1), setattr(holder, "items", None)))
            holder.items = kind([item])
            del item
            set_first(holder, [5])
            import gc
            gc.collect()
            self.assertIsNone(holder.items)
        self.assertEqual(died, [1, 1])
        holder.items = [Holder(), Holder()]
        for value in (1, "a", [2], None, 2.5):
            self.assertEqual(set_first(holder, value).items[0].value, value)
        self.assertFalse(hasattr(holder.items[1], "value"))
        holder.items = []
        with self.assertRaises(IndexError):
            set_first(holder, 1)

        class Slotted:
            __slots__ = ("value",)

        class Guarded:
            @property
            def value(self):
                return 7

            @value.setter
            def value(self, x):
                died.append(x)

        for made in (Holder(), Slotted(), Guarded(), Holder()):
            holder.items = [made]
            self.assertEqual(set_first(holder, 7).items[0].value, 7)
        self.assertEqual(died[2:], [7])
        holder.items = [5]
        with self.assertRaises(AttributeError):
            set_first(holder, 1)


class Numbers(unittest.TestCase):
    def test_comparisons_of_all_kinds(self):
        import operator
        nan = float("nan")
        values = [0, 0.0, -0.0, 1, 1.0, -1.5, 1e300, -1e300, 5e-324, float("inf"), nan, 2**53, 2**53 + 1, float(2**53), 2**70, True,
                  False, None, "", "a", "text of some length", b"a", (), (1,), complex(1, 0)]
        for a in values:
            for b in values:
                for op in ("==", "!=", "<", "<=", ">", ">="):
                    function = {"==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt,
                                ">=": operator.ge}[op]
                    scope = {}
                    exec(f"def value(a, b): return a {op} b\n"
                         f"def jump(a, b):\n    if a {op} b: return True\n    return False\n"
                         f"def consumed(a, b):\n    if [a][0] {op} [b][0]: return True\n    return False\n"
                         f"def inverse(a, b):\n    if not (a {op} b): return False\n    return True\n", scope)
                    try:
                        wanted = function(a, b)
                    except TypeError:
                        for name in ("value", "jump", "consumed", "inverse"):
                            with self.assertRaises(TypeError):
                                scope[name](a, b)
                        continue
                    for name in ("value", "jump", "consumed", "inverse"):
                        self.assertIs(scope[name](a, b), wanted, (name, a, op, b))

    def test_truth(self):
        for x, wanted in [(0.0, False), (-0.0, False), (0.5, True), (-1e300, True), (5e-324, True), (float("nan"), True), (b"", False),
                          (b"a", True), (set(), False), ({1}, True), (frozenset(), False), (frozenset([1]), True), (bytearray(), False),
                          (bytearray(1), True), (range(0), False), (range(1), True), (0j, False), (2**80, True), (object(), True)]:
            self.assertIs(True if x else False, wanted)
            self.assertIs(False if not x else True, wanted)
            self.assertIs(not x, not wanted)
            self.assertIs(bool([x][0] and 1), wanted)
            while x:
                self.assertTrue(wanted)
                break
            else:
                self.assertFalse(wanted)

    def test_mixed_operands(self):
        values = [3, 2.5, 0, 0.0, -7, True, 2 ** 53 + 1, 1e300]
        for a in values:
            for b in values:
                if float in (type(a), type(b)):
                    x, y = float(a), float(b)
                    self.assertEqual((a + b, a - b, a * b), (x + y, x - y, x * y))
        self.assertEqual(repr((1 / 3, 7 / 2.0, 2.5 / 5)), "(0.3333333333333333, 3.5, 0.5)")
        self.assertEqual(repr((2.0 ** 0.5, 2 ** -1.0, 0.5 ** 3, (-8.0) ** 2)), "(1.4142135623730951, 0.5, 0.125, 64.0)")
        with self.assertRaises(ZeroDivisionError):
            1 / 0.0
        with self.assertRaises(OverflowError):
            1e300 ** 2


class EnumerateLoops(unittest.TestCase):
    """`for i, item in enumerate(...)` makes no tuples over a list."""

    def pairs(self, items, start=0):
        out = []
        for i, item in enumerate(items, start):
            out.append((i, item))
        return out

    def test_sources(self):
        for items in ([], ["a"], ["a", 2.5, None], (1, 2), "ab", range(3), {1: 2}):
            for source in (items, iter(items)):
                self.assertEqual(self.pairs(source), list(zip(range(len(items)), items)))
        self.assertEqual(self.pairs([7, 8], 2 ** 62 - 1), [(2 ** 62 - 1, 7), (2 ** 62, 8)])
        self.assertEqual(self.pairs([7, 8], 2 ** 70), [(2 ** 70, 7), (2 ** 70 + 1, 8)])

    def test_list_that_grows_and_shrinks(self):
        grows = [0]
        for i, item in enumerate(grows):
            self.assertEqual(i, item)
            if i < 5:
                grows.append(i + 1)
        self.assertEqual(grows, [0, 1, 2, 3, 4, 5])
        seen, shrinks = [], list(range(6))
        for i, item in enumerate(shrinks):
            seen.append((i, item))
            shrinks.pop()
        self.assertEqual(seen, [(0, 0), (1, 1), (2, 2)])

    def test_one_enumerate_in_two_loops(self):
        pairs, seen = enumerate([5, 6, 7]), []
        for i, item in pairs:
            seen.append(("outer", i, item))
            for i, item in pairs:
                seen.append(("inner", i, item))
                break
        self.assertEqual(seen, [("outer", 0, 5), ("inner", 1, 6), ("outer", 2, 7)])
        self.assertEqual((i, item), (2, 7))

    def test_targets(self):
        class Loud:
            def __init__(self, n):
                self.n = n

            def __del__(self):
                ended.append(self.n)

        ended = []
        for i, item in enumerate([Loud(0), Loud(1), Loud(2)]):
            i = item  # what the next step replaces
        del i, item
        self.assertEqual(sorted(ended), [0, 1, 2])
        with self.assertRaisesRegex(ValueError, r"not enough values to unpack \(expected 3, got 2\)"):
            for a, b, c in enumerate([1]):
                pass


if __name__ == "__main__":
    unittest.main()
