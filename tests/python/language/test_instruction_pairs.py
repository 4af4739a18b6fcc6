"""Expressions that the interpreter does two instructions at a time: attribute of an attribute, item of an attribute, method of
an attribute or a variable. What is unusual in one half must show as if each were done by itself."""

import dis
import sys
import unittest


class Node:
    kind = "class value"

    def __init__(self, inner=None):
        self.inner = inner
        self.items = [10, 20, 30]

    @property
    def computed(self):
        return self.inner

    def method(self, n):
        return n + 1


class WithGetattr:
    def __getattr__(self, name):
        return name


def inner_items(node):
    return node.inner.items


def second_item(node, i):
    return node.items[i]


def first_item(node):
    return node.items[0]


def last_item(node):
    return node.items[-1]


def first_kind(node):
    return node.items[0].kind


def keep_first(node):
    first = node.items[0]
    kind = first.kind
    return first, kind


def append(node, value):
    node.items.append(value)
    return len(node.items)


def call_method(node):
    return node.method(1)


def call_inner(node):
    return node.inner.method(1)


class ConstantItemTest(unittest.TestCase):
    """`x.items[0]`, and `.kind` of that."""

    def test_containers(self):
        node = Node()
        for items in ([1, 2], (3, 4), "ab", [object(), Node()], (1.5, 2 ** 70), {0: "zero", -1: "last"}, range(7, 9), [1], (1,)):
            node.items = items
            for _ in range(5):
                self.assertIs(type(first_item(node)), type(items[0]))
                self.assertEqual(first_item(node), items[0])
                self.assertEqual(last_item(node), items[-1])
        node.items = []
        for read in (first_item, last_item, first_kind):
            with self.assertRaisesRegex(IndexError, "list index out of range"):
                read(node)
        node.items = 5
        with self.assertRaisesRegex(TypeError, "'int' object is not subscriptable"):
            first_item(node)
        with self.assertRaisesRegex(AttributeError, "no attribute 'items'"):
            first_item(5)

    def test_attribute_of_item(self):
        own = Node()
        own.kind = ["own"]
        class Computed:
            kind = property(lambda self: "computed")
        node = Node()
        for value, kind in ((own, ["own"]), (Node(), "class value"), (WithGetattr(), "kind"), (Computed(), "computed"), (own, ["own"])):
            for container in ([value], (value,), {0: value}):
                node.items = container
                for _ in range(5):
                    self.assertEqual(first_kind(node), kind)
                    self.assertEqual(keep_first(node), (value, kind))
        node.items = [Node, 3]
        self.assertEqual(first_kind(node), "class value")
        node.items = [3]
        with self.assertRaisesRegex(AttributeError, "'int' object has no attribute 'kind'"):
            first_kind(node)
        del own.kind
        node.items = [own]
        self.assertEqual(first_kind(node), "class value")

    def test_references(self):
        node, value = Node(), Node()
        value.kind = object()
        node.items = [value]
        before = sys.getrefcount(value), sys.getrefcount(value.kind)
        for _ in range(100):
            first_item(node)
            first_kind(node)
            keep_first(node)
        self.assertEqual((sys.getrefcount(value), sys.getrefcount(value.kind)), before)

    def test_lines_of_errors(self):
        def read(node):
            return (node
                    .items
                    [0]
                    .kind)
        first = read.__code__.co_firstlineno
        for items, line in (([3], 4), ([], 1)):
            node = Node()
            node.items = items
            try:
                read(node)
            except (AttributeError, IndexError) as error:
                raised = error.__traceback__.tb_next
            self.assertEqual(raised.tb_lineno - first, line)


class PairTest(unittest.TestCase):
    def test_attribute_of_attribute(self):
        node = Node(Node())
        for _ in range(5):
            self.assertIs(inner_items(node), node.inner.items)
        self.assertEqual(inner_items(Node(WithGetattr())), "items")
        with self.assertRaisesRegex(AttributeError, "'NoneType' object has no attribute 'items'"):
            inner_items(Node())
        with self.assertRaisesRegex(AttributeError, "'int' object has no attribute 'inner'"):
            inner_items(5)
        node.inner = Node()
        self.assertIs(inner_items(node), node.inner.items)

    def test_item_of_attribute(self):
        node = Node()
        for i in range(-3, 3):
            self.assertEqual(second_item(node, i), [10, 20, 30][i])
        for container, key, item in [((1, 2), 1, 2), ({"a": 1}, "a", 1), ("abc", 1, "b"), ([1, 2], True, 2)]:
            node.items = container
            self.assertEqual(second_item(node, key), item)
        node.items = [1]
        for i in (1, -2, 1 << 70):
            with self.assertRaises(IndexError):
                second_item(node, i)
        with self.assertRaises(TypeError):
            second_item(Node(), None)

    def test_method(self):
        node = Node(Node())
        for i in range(4, 8):
            self.assertEqual(append(node, i), i)
        self.assertEqual([call_method(node) for _ in range(3)], [2, 2, 2])
        self.assertEqual([call_inner(node) for _ in range(3)], [2, 2, 2])
        node.method = node.inner.method = lambda n: n + 100
        self.assertEqual((call_method(node), call_inner(node)), (101, 101))

    def test_class_changes_between_calls(self):
        class Local(Node):
            pass

        node = Local(Local())
        self.assertEqual([inner_items(node), call_inner(node)], [[10, 20, 30], 2])
        Local.method = lambda self, n: "new"
        Local.items = property(lambda self: "property", lambda self, v: None)
        self.assertEqual([inner_items(node), call_inner(node), second_item(node, 1)], ["property", "new", "r"])
        del Local.items
        self.assertEqual(inner_items(node), [10, 20, 30])

    def test_first_part_dies_with_the_store(self):
        node = Node(Node(Node()))
        node = node.inner.inner
        self.assertEqual(node.items, [10, 20, 30])

    def test_tracebacks_point_at_the_part(self):
        code = inner_items.__code__
        at = None
        try:
            inner_items(Node())
        except AttributeError as error:
            at = error.__traceback__.tb_next.tb_lasti
        positions = list(code.co_positions())[at // 2]
        self.assertEqual(positions[2:], (11, 27))

    def test_traced(self):
        def loop(node):
            total = 0
            for x in node.items:
                total += node.inner.items[0]
            return total

        lines = []

        def tracer(frame, event, arg):
            if frame.f_code is loop.__code__ and event == "line":
                lines.append(frame.f_lineno - frame.f_code.co_firstlineno)
            return tracer

        before = sys.gettrace()
        sys.settrace(tracer)
        try:
            self.assertEqual(loop(Node(Node())), 30)
        finally:
            sys.settrace(before)
        self.assertEqual(lines, [1, 2, 3, 2, 3, 2, 3, 2, 4])

    def test_code_is_shown_and_copied_unchanged(self):
        names = {i.opname for i in dis.get_instructions(inner_items)}
        self.assertFalse([n for n in names if n.endswith("_TEMP") or n == "LOAD_ATTR_ATTR"])
        code = inner_items.__code__
        copy = code.replace(co_code=code.co_code)
        self.assertEqual(copy, code)
        self.assertEqual(copy.co_code, code.co_code)


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self, a):
        self.a = a


class Listing:
    def __init__(self):
        self.items = [None] * 3


class Noisy:
    def __init__(self, log):
        self.log = log

    def __del__(self):
        self.log.append(len(self.log))


def read_slots(x):
    return x.a


def truth(x):
    return 1 if x else 0


class HandlerTest(unittest.TestCase):
    def test_slots(self):
        x = Slotted([1])
        for _ in range(5):
            self.assertIs(read_slots(x), x.a)
        del x.a
        for _ in range(5):
            with self.assertRaisesRegex(AttributeError, "'Slotted' object has no attribute 'a'"):
                read_slots(x)
        x.a = 5
        self.assertEqual(read_slots(x), 5)
        Slotted.a, descriptor = property(lambda self: "property"), Slotted.a
        self.assertEqual(read_slots(x), "property")
        Slotted.a = descriptor
        self.assertEqual(read_slots(x), 5)

    def test_many_shapes_at_one_site(self):
        classes = [type(f"C{i}", (), {"value": lambda self, i=i: (i, self.number)}) for i in range(9)]
        objects = [cls() for cls in classes]
        for i, x in enumerate(objects):
            x.number = -i
        for _ in range(4):
            self.assertEqual([x.value() for x in objects], [(i, -i) for i in range(9)])
        classes[3].value = lambda self: "new"
        classes[4].number = property(lambda self: "property", lambda self, v: None)
        got = [x.value() for x in objects]
        self.assertEqual((got[2], got[3], got[4]), ((2, -2), "new", (4, "property")))

    def test_truth_of_instances(self):
        class Plain:
            pass

        x = Plain()
        self.assertEqual([truth(x) for _ in range(3)], [1, 1, 1])
        Plain.__len__ = lambda self: 0
        self.assertEqual(truth(x), 0)
        Plain.__bool__ = lambda self: True
        self.assertEqual(truth(x), 1)
        del Plain.__bool__, Plain.__len__
        self.assertEqual(truth(x), 1)

    def test_slices_change_places(self):
        log = []
        items = [Noisy(log) for _ in range(4)]
        items[1:3] = [7, 8]
        self.assertEqual((log, items[1:3]), ([0, 1], [7, 8]))
        items[:2] = items[1::-1]
        self.assertEqual(items[0], 7)
        items[:0] = [1]
        items[-1:] = [2, 3]
        self.assertEqual(items[-2:], [2, 3])
        items[:] = items[:]
        self.assertEqual(len(items), 6)
        with self.assertRaises(ValueError):
            items[::2] = [1]

    def test_items_of_an_attribute_are_stored(self):
        log = []
        x = Listing()
        for i in range(3):
            x.items[i] = Noisy(log)
        x.items[1] = x.items[0]
        self.assertEqual(log, [0])
        x.items[0] = x.items[1] = None
        self.assertEqual(log, [0, 1])
        [0, 1][1] = 5
        with self.assertRaises(IndexError):
            x.items[3] = 1

    def test_stores_of_objects(self):
        log = []
        x = Listing()
        for _ in range(4):
            x.noisy = Noisy(log)
        self.assertEqual(log, [0, 1, 2])
        x.noisy = None
        self.assertEqual(log, [0, 1, 2, 3])
        y = [x]
        for _ in range(3):
            y[0].noisy = Noisy(log)
        Listing().noisy = y[0].noisy
        self.assertEqual(len(log), 6)
        y[0].noisy = None
        self.assertEqual(len(log), 7)


if __name__ == "__main__":
    unittest.main()
