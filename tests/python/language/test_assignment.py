"""Assignment, augmented assignment, unpacking, deletion and the walrus."""

import unittest


class Simple(unittest.TestCase):
    def test_chain_binds_left_to_right(self):
        a = b = [1]
        self.assertIs(a, b)

    def test_swap(self):
        a, b, c = 1, 2, 3
        a, b, c = c, a, b
        self.assertEqual((a, b, c), (3, 1, 2))

    def test_right_side_first(self):
        order = []
        def note(x):
            order.append(x)
            return x
        table = {}
        table[note("key")] = note("value")
        self.assertEqual(order, ["value", "key"])

    def test_targets_left_to_right(self):
        items, i = [0, 0, 0], 0
        i, items[i] = 2, "x"
        self.assertEqual(items, [0, 0, "x"])

    def test_attribute_target(self):
        class Thing: pass
        Thing.a = Thing.b = 5
        self.assertEqual((Thing.a, Thing.b), (5, 5))

    def test_slice_target(self):
        items = [1, 2, 3, 4]
        items[1:3] = "abc"
        self.assertEqual(items, [1, "a", "b", "c", 4])

    def test_for_target_attribute_and_item(self):
        class Thing: pass
        slots = [None]
        for Thing.x, slots[0] in [(1, 2), (3, 4)]:
            pass
        self.assertEqual((Thing.x, slots), (3, [4]))


class Unpacking(unittest.TestCase):
    def test_nested(self):
        (a, [b, (c,)]), d = (1, (2, [3])), 4
        self.assertEqual((a, b, c, d), (1, 2, 3, 4))

    def test_star_middle(self):
        a, *b, c = range(5)
        self.assertEqual((a, b, c), (0, [1, 2, 3], 4))

    def test_star_empty(self):
        a, *b = (1,)
        self.assertEqual((a, b), (1, []))

    def test_star_only(self):
        *a, = "xy"
        self.assertEqual(a, ["x", "y"])

    def test_star_nested(self):
        a, (b, *c), *d = 1, "xyz", 2, 3
        self.assertEqual((a, b, c, d), (1, "x", ["y", "z"], [2, 3]))

    def test_any_iterable(self):
        a, b = {"k": 1, "l": 2}
        self.assertEqual((a, b), ("k", "l"))

    def test_from_generator_stops_early(self):
        pulled = []
        def gen():
            for i in range(10):
                pulled.append(i)
                yield i
        with self.assertRaises(ValueError):
            a, b = gen()
        self.assertEqual(pulled, [0, 1, 2])

    def test_too_few(self):
        with self.assertRaises(ValueError) as caught:
            a, b, c = 1, 2
        self.assertEqual(str(caught.exception), "not enough values to unpack (expected 3, got 2)")

    def test_too_many(self):
        with self.assertRaises(ValueError) as caught:
            a, b = [1, 2, 3]
        self.assertEqual(str(caught.exception), "too many values to unpack (expected 2, got 3)")

    def test_too_few_for_star(self):
        with self.assertRaises(ValueError) as caught:
            a, b, *c = [1]
        self.assertEqual(str(caught.exception), "not enough values to unpack (expected at least 2, got 1)")

    def test_not_iterable(self):
        with self.assertRaises(TypeError) as caught:
            a, b = 5
        self.assertEqual(str(caught.exception), "cannot unpack non-iterable int object")

    def test_not_iterable_none(self):
        with self.assertRaises(TypeError) as caught:
            a, b = None
        self.assertEqual(str(caught.exception), "cannot unpack non-iterable NoneType object")

    def test_empty_target(self):
        () = []
        [] = ()
        with self.assertRaises(ValueError) as caught:
            () = iter([1])
        self.assertEqual(str(caught.exception), "too many values to unpack (expected 0)")

    def test_display_unpacking(self):
        self.assertEqual([*range(2), *"a"], [0, 1, "a"])
        self.assertEqual({*[1, 2], 2}, {1, 2})
        self.assertEqual({"a": 1, **{"a": 2}, "b": 3}, {"a": 2, "b": 3})
        self.assertEqual((*[], *[1]), (1,))

    def test_display_unpacking_errors(self):
        with self.assertRaises(TypeError) as caught:
            [*1]
        self.assertEqual(str(caught.exception), "Value after * must be an iterable, not int")
        with self.assertRaises(TypeError) as caught:
            {**1}
        self.assertEqual(str(caught.exception), "'int' object is not a mapping")


class Augmented(unittest.TestCase):
    def test_all_operators_on_ints(self):
        x = 7
        x += 3; x -= 1; x *= 4; x //= 5; x **= 2; x %= 30; x <<= 4; x >>= 1; x |= 5; x &= 0xF7; x ^= 2
        self.assertEqual(x, 151)

    def test_true_division_and_matmul(self):
        class M:
            def __imatmul__(self, other): return ("imatmul", other)
        x = 9; x /= 2
        m = M(); m @= 3
        self.assertEqual((x, m), (4.5, ("imatmul", 3)))

    def test_in_place_keeps_identity(self):
        a = b = [1]
        a += [2]
        self.assertIs(a, b)

    def test_target_evaluated_once(self):
        calls = []
        def index():
            calls.append(1)
            return 0
        items = [10]
        items[index()] += 5
        self.assertEqual((items, calls), ([15], [1]))

    def test_tuple_element_raises_but_mutates(self):
        t = ([],)
        with self.assertRaises(TypeError):
            t[0] += [1]
        self.assertEqual(t, ([1],))

    def test_falls_back_to_binary(self):
        class A:
            def __add__(self, other): return "add"
        a = A(); a += 1
        self.assertEqual(a, "add")

    def test_iadd_not_implemented_then_reflected(self):
        class A:
            def __iadd__(self, other): return NotImplemented
        class B:
            def __radd__(self, other): return "radd"
        a = A(); a += B()
        self.assertEqual(a, "radd")

    def test_error_message(self):
        a = {}
        with self.assertRaises(TypeError) as caught:
            a += 1
        self.assertEqual(str(caught.exception), "unsupported operand type(s) for +=: 'dict' and 'int'")


class Deletion(unittest.TestCase):
    def test_name(self):
        x = 1
        del x
        with self.assertRaises(UnboundLocalError) as caught:
            x
        self.assertEqual(str(caught.exception),
                         "cannot access local variable 'x' where it is not associated with a value")

    def test_several_targets(self):
        items = [1, 2, 3, 4]
        a = 1
        del items[0], a, items[-1]
        self.assertEqual(items, [2, 3])

    def test_nested_targets(self):
        a = b = c = 1
        del (a, [b, c])
        with self.assertRaises(UnboundLocalError):
            b

    def test_attribute(self):
        class Thing: x = 1
        del Thing.x
        self.assertFalse(hasattr(Thing, "x"))

    def test_missing_attribute(self):
        class Thing: pass
        with self.assertRaises(AttributeError) as caught:
            del Thing.x
        self.assertEqual(str(caught.exception), "type object 'Thing' has no attribute 'x'")

    def test_global_name(self):
        global temporary_name
        temporary_name = 1
        del temporary_name
        with self.assertRaises(NameError) as caught:
            temporary_name
        self.assertEqual(str(caught.exception), "name 'temporary_name' is not defined")


class Walrus(unittest.TestCase):
    def test_value_and_binding(self):
        self.assertEqual([(y := 3), y + 1], [3, 4])

    def test_in_condition(self):
        items, seen = [1, 2, 0, 3], []
        while (x := items.pop(0)):
            seen.append(x)
        self.assertEqual((seen, x, items), ([1, 2], 0, [3]))

    def test_comprehension_binds_outside(self):
        values = [last := n for n in range(4)]
        self.assertEqual((values, last), ([0, 1, 2, 3], 3))

    def test_in_comprehension_condition(self):
        self.assertEqual([y for x in range(5) if (y := x * x) > 3], [4, 9, 16])

    def test_in_call_argument(self):
        self.assertEqual(max(a := 1, b := 2) + a + b, 5)

    def test_annotated_assignment(self):
        x: int = 5
        y: "no such type"
        self.assertEqual(x, 5)
        with self.assertRaises(UnboundLocalError):
            y


if __name__ == "__main__":
    unittest.main()
