"""Sites that read, test, index, store and call attributes, and see other things than they saw first."""

import unittest


class Plain:
    def __init__(self, **attributes):
        for name, value in attributes.items():
            setattr(self, name, value)


class Negation(unittest.TestCase):
    def test_values(self):
        class Falsy:
            def __bool__(self):
                return False

        class Long:
            def __init__(self, n):
                self.n = n

            def __len__(self):
                return self.n

        class Broken:
            def __bool__(self):
                raise LookupError("no truth")

        def negate(thing):
            return not thing.x

        def both(thing):
            return not thing.x and not thing.y

        def either(thing):
            if not thing.x or not thing.y:
                return 1
            return 2
        values = [True, False, 0, 1, None, 0.0, 1.5, "", "a", [], [1], (), (0,), {}, {1: 1}, set(), {1}, b"", b"a", Falsy(), Long(0),
                  Long(3), object(), 2**70, len, int]
        for x in values:
            for y in values:
                thing = Plain(x=x, y=y)
                self.assertIs(negate(thing), not bool(x))
                self.assertIs(both(thing), not bool(x) and not bool(y))
                self.assertEqual(either(thing), 2 if bool(x) and bool(y) else 1)
        for _ in range(3):
            self.assertRaisesRegex(LookupError, "no truth", negate, Plain(x=Broken()))
            self.assertRaises(AttributeError, negate, Plain(z=1))


class ConstantIndices(unittest.TestCase):
    def test_indices(self):
        class Holder:
            def __init__(self, items):
                self.items = items

        def first(h): return h.items[0]
        def last(h): return h.items[-1]
        def far(h): return h.items[127]
        def farther(h): return h.items[128]
        def back(h): return h.items[-128]
        def farther_back(h): return h.items[-129]
        numbers = list(range(300))
        for make in (list, tuple, lambda n: bytes(k % 256 for k in n), lambda n: {k: k for k in (*n, -1, -128, -129)}):
            for _ in range(3):
                h = Holder(make(numbers))
                for function, index in ((first, 0), (last, -1), (far, 127), (farther, 128), (back, -128), (farther_back, -129)):
                    self.assertEqual(function(h), h.items[index])
        for _ in range(3):
            self.assertRaisesRegex(IndexError, "list index out of range", last, Holder([]))
            self.assertRaisesRegex(IndexError, "tuple index out of range", far, Holder((1,)))

    def test_attributes_of_items(self):
        def copy(h):
            h.items[1].value = h.items[0].value

        def swap(h):
            h.items[-1].value, h.items[0].value = h.items[0].value, h.items[-1].value
        for make in (list, tuple):
            for value in (1, "s", [2], None, 2**80):
                h = Plain(items=make([Plain(value=value), Plain(value=0)]))
                copy(h)
                self.assertIs(h.items[1].value, value)
                h.items[1].value = 5
                swap(h)
                self.assertIs(h.items[-1].value, value)
                self.assertEqual(h.items[0].value, 5)
                fresh = Plain(items=make([Plain(value=value), Plain()]))  # the attribute is added
                copy(fresh)
                self.assertIs(fresh.items[1].value, value)


class Stores(unittest.TestCase):
    def test_added_and_replaced_by_one_site(self):
        class Thing:
            pass

        class Slotted:
            __slots__ = ("x", "__dict__")

        class Guarded:
            def __setattr__(self, name, value):
                object.__setattr__(self, name, -value)

        def store(thing, value):
            thing.x = value
        for cls, sign in ((Thing, 1), (Slotted, 1), (Guarded, -1), (Thing, 1)):
            for _ in range(5):
                thing = cls()
                for value in (1, 2, 3):
                    store(thing, value)
                    self.assertEqual(thing.x, sign * value)
                del thing.x
                store(thing, 4)
                self.assertEqual(thing.x, sign * 4)
        for _ in range(3):
            with self.assertRaises(AttributeError):
                store(object(), 1)

    def test_property_comes(self):
        seen = []
        class Thing:
            def __init__(self):
                self.x = 1

        for _ in range(5):
            self.assertEqual(vars(Thing()), {"x": 1})
        Thing.x = property(lambda self: 0, lambda self, value: seen.append(value))
        self.assertEqual(vars(Thing()), {})
        self.assertEqual(seen, [1])
        del Thing.x
        self.assertEqual(vars(Thing()), {"x": 1})


class CallsWithoutArguments(unittest.TestCase):
    def test_all_kinds_of_methods(self):
        class Base:
            def plain(self): return "plain", type(self).__name__
            def defaults(self, a=1, *args, b=2, **kw): return a, args, b, kw
            def wanting(self, a): return a
            def generator(self): yield type(self).__name__
            @classmethod
            def of_class(cls): return cls.__name__
            @staticmethod
            def static(): return "static"
            @property
            def computed(self): return lambda: "computed"
            native = dict.fromkeys

        class Derived(Base):
            def plain(self): return "derived", type(self).__name__

        def call(thing, name):
            return {
                "plain": lambda thing: thing.plain(), "defaults": lambda thing: thing.defaults(), "generator": lambda thing: list(thing.generator()),
                "of_class": lambda thing: thing.of_class(), "static": lambda thing: thing.static(), "computed": lambda thing: thing.computed(),
            }[name](thing)

        def plain(thing): return thing.plain()
        def wanting(thing): return thing.wanting()
        for _ in range(4):
            for cls in (Base, Derived, Base):
                thing = cls()
                self.assertEqual(plain(thing), ("derived" if cls is Derived else "plain", cls.__name__))
                self.assertEqual(call(thing, "plain"), plain(thing))
                self.assertEqual(call(thing, "defaults"), (1, (), 2, {}))
                self.assertEqual(call(thing, "generator"), [cls.__name__])
                self.assertEqual(call(thing, "of_class"), cls.__name__)
                self.assertEqual(call(thing, "static"), "static")
                self.assertEqual(call(thing, "computed"), "computed")
                with self.assertRaisesRegex(TypeError, r"wanting\(\) missing 1 required positional argument: 'a'"):
                    wanting(thing)
                thing.plain = lambda: "own"
                self.assertEqual(plain(thing), "own")
            self.assertEqual(plain(Plain(plain=lambda: 3)), 3)
            self.assertRaises(AttributeError, plain, 1)

    def test_recursion_is_limited(self):
        class Thing:
            def again(self):
                return self.again()
        for _ in range(2):
            self.assertRaises(RecursionError, Thing().again)

    def test_inside_a_generator(self):
        class Thing:
            def one(self): return 1

        def ones(things):
            for thing in things:
                yield thing.one()
        for _ in range(3):
            self.assertEqual(sum(ones([Thing(), Thing()])), 2)


class EndOfSequence(unittest.TestCase):
    def test_loop_over_getitem(self):
        class Sequence:
            def __init__(self, items):
                self.items = items
                self.asked = 0

            def __getitem__(self, index):
                self.asked += 1
                return self.items[index]

        class Careful(Sequence):
            def __getitem__(self, index):
                try:
                    return self.items[index]
                except IndexError:
                    self.asked = -1
                    raise

        class Inner(Sequence):
            def __getitem__(self, index):
                return self.find(index)

            def find(self, index):
                return self.items[index]
        for make in (list, tuple, "".join):
            for cls in (Sequence, Careful, Inner):
                for _ in range(3):
                    thing = cls(make(["a", "b"]))
                    self.assertEqual([x for x in thing], ["a", "b"])
                    if cls is not Inner:
                        self.assertEqual(thing.asked, 3 if cls is Sequence else -1)
                    with self.assertRaises(IndexError):
                        thing[2]


if __name__ == "__main__":
    unittest.main()
