"""Attribute sites that know a slot of instances, and classes that come to say something else of the name."""
import unittest


def read(o):
    return o.x


def write(o, v):
    o.x = v


def read_item(o):
    return o.items[0].x


def store_item(o, v):
    o.items[0].x = v


def warm(*objects):
    for _ in range(5):
        for o in objects:
            write(o, 1)
            assert read(o) == 1


class Base:
    pass


class DataDescriptor:
    def __get__(self, o, cls):
        return "descriptor" if o is not None else self

    def __set__(self, o, v):
        o.__dict__["stored"] = v


class SlotCaches(unittest.TestCase):
    def make(self):
        class A(Base):
            def __init__(self):
                self.x = 0

        class B(A):
            pass

        warm(A(), B())
        return A, B

    def test_property_of_the_class(self):
        A, B = self.make()
        a, b = A(), B()
        A.x = property(lambda self: "property")
        for o in (a, b):
            self.assertEqual(read(o), "property")
            with self.assertRaises(AttributeError):
                write(o, 3)
            self.assertEqual(vars(o), {"x": 0})
        del A.x
        for o in (a, b):
            self.assertEqual(read(o), 0)
            write(o, 4)
            self.assertEqual(read(o), 4)

    def test_descriptor_of_a_subclass(self):
        A, B = self.make()
        a, b = A(), B()
        B.x = DataDescriptor()
        self.assertEqual((read(a), read(b)), (0, "descriptor"))
        write(a, 7)
        write(b, 8)
        self.assertEqual((vars(a), vars(b)), ({"x": 7}, {"x": 0, "stored": 8}))

    def test_what_is_deleted_hid_a_descriptor(self):
        class Far:
            x = property(lambda self: "far")

        class Near:
            x = 5

        class C(Near, Far):
            pass

        c = C()
        warm(c)
        del Near.x
        self.assertEqual(read(c), "far")
        with self.assertRaises(AttributeError):
            write(c, 2)

    def test_other_bases(self):
        class Plain:
            pass

        class Shadow:
            x = property(lambda self: "shadow")

        class C(Plain):
            pass

        c = C()
        warm(c)
        C.__bases__ = (Shadow,)
        self.assertEqual(read(c), "shadow")
        C.__bases__ = (Plain,)
        self.assertEqual(read(c), 1)

    def test_hooks_that_come_later(self):
        A, B = self.make()
        a, b = A(), B()
        seen = []
        A.__setattr__ = lambda self, name, v: seen.append((name, v))
        write(a, 1)
        write(b, 2)
        self.assertEqual(seen, [("x", 1), ("x", 2)])
        self.assertEqual((read(a), read(b)), (0, 0))
        del A.__setattr__
        write(b, 3)
        self.assertEqual(read(b), 3)
        A.__getattribute__ = lambda self, name: "hook " + name
        self.assertEqual((read(a), read(b)), ("hook x", "hook x"))
        del A.__getattribute__
        self.assertEqual((read(a), read(b)), (0, 3))

    def test_members_of_slots(self):
        class S:
            __slots__ = ("x", "y")

        s = S()
        warm(s)
        s.x, s.y = "x", "y"
        S.x, S.y = S.y, S.x
        self.assertEqual((read(s), s.y), ("y", "x"))
        write(s, "new")
        S.x, S.y = S.y, S.x
        self.assertEqual((read(s), s.y), ("x", "new"))
        S.x = "constant"
        self.assertEqual(read(s), "constant")
        with self.assertRaises(AttributeError):
            write(s, 1)
        del S.x
        with self.assertRaises(AttributeError):
            read(s)

    def test_descriptor_class_that_changes(self):
        class D:
            def __get__(self, o, cls):
                return "got"

        A, B = self.make()
        a = A()
        A.x = D()
        self.assertEqual(read(a), 0)
        write(a, 2)
        self.assertEqual(read(a), 2)
        D.__set__ = lambda self, o, v: o.__dict__.update(set=v)
        self.assertEqual(read(a), "got")
        write(a, 3)
        self.assertEqual(vars(a), {"x": 2, "set": 3})

    def test_value_whose_class_changes_before_the_first_store(self):
        class D:
            pass

        class C:
            x = D()

        c = C()
        for i in range(5):
            write(c, i)
            self.assertEqual(read(c), i)
        D.__set__ = lambda self, o, v: o.__dict__.update(set=v)
        write(c, 9)
        self.assertEqual(vars(c), {"x": 4, "set": 9})

    def test_fused_sites(self):
        class Holder:
            def __init__(self, o):
                self.items = [o]

        A, B = self.make()
        a = A()
        holder = Holder(a)
        for i in range(5):
            store_item(holder, i)
            self.assertEqual(read_item(holder), i)
        A.x = DataDescriptor()
        self.assertEqual(read_item(holder), "descriptor")
        store_item(holder, 6)
        self.assertEqual(vars(a), {"x": 4, "stored": 6})
        Holder.items = property(lambda self: [self])
        Holder.x = "self"
        self.assertEqual(read_item(holder), "self")

    def test_many_classes_at_one_site(self):
        classes = [type(f"C{i}", (Base,), {}) for i in range(12)]
        objects = [c() for c in classes]
        warm(*objects)
        for i, c in enumerate(classes):
            c.x = property(lambda self, i=i: i * 10)
            self.assertEqual([read(o) for o in objects], [k * 10 if k <= i else 1 for k in range(12)])

    def test_plain_values_hide_nothing(self):
        A, B = self.make()
        a = A()
        for v in (1, "text", lambda self: 2, (3,), None):
            A.x = v
            self.assertEqual(read(a), 0)
            write(a, 0)
        del A.x
        self.assertEqual(read(a), 0)


if __name__ == "__main__":
    unittest.main()
