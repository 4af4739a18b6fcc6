"""List, set, dict comprehensions and generator expressions: scopes, conditions, nesting."""

import unittest


class Comprehensions(unittest.TestCase):
    def test_list(self):
        self.assertEqual([x * x for x in range(5) if x % 2], [1, 9])

    def test_set(self):
        self.assertEqual({x % 3 for x in range(9)}, {0, 1, 2})

    def test_dict(self):
        self.assertEqual({k: v for k, v in zip("ab", (1, 2))}, {"a": 1, "b": 2})

    def test_dict_later_key_wins(self):
        self.assertEqual({x % 2: x for x in range(4)}, {0: 2, 1: 3})

    def test_dict_key_before_value(self):
        log = []
        def n(x):
            log.append(x)
            return x
        {n("k"): n("v") for _ in range(1)}
        self.assertEqual(log, ["k", "v"])

    def test_nested_loops(self):
        self.assertEqual([(a, b) for a in "xy" for b in range(2)], [("x", 0), ("x", 1), ("y", 0), ("y", 1)])

    def test_several_conditions(self):
        self.assertEqual([x for x in range(30) if x % 2 if x % 3 if x > 10], [11, 13, 17, 19, 23, 25, 29])

    def test_unpacking_target(self):
        self.assertEqual([a + sum(b) for a, *b in [(1, 2, 3), (4,)]], [6, 4])

    def test_nested_comprehension(self):
        self.assertEqual([[y * x for y in range(x)] for x in range(4)], [[], [0], [0, 2], [0, 3, 6]])

    def test_does_not_leak(self):
        [leaked for leaked in range(3)]
        with self.assertRaises(NameError):
            leaked

    def test_shadows_without_changing(self):
        x = 5
        self.assertEqual(([x for x in range(2)], x), ([0, 1], 5))

    def test_closures_share_variable(self):
        self.assertEqual([f() for f in [lambda: i for i in range(3)]], [2, 2, 2])

    def test_closures_with_default(self):
        self.assertEqual([f() for f in [lambda i=i: i for i in range(3)]], [0, 1, 2])

    def test_first_iterable_in_class_scope(self):
        class K:
            items = [1, 2]
            doubled = [i * 2 for i in items]
            pairs = [(i, j) for i in items for j in "a"]
        self.assertEqual((K.doubled, K.pairs), ([2, 4], [(1, "a"), (2, "a")]))

    def test_inner_cannot_see_class_names(self):
        with self.assertRaises(NameError):
            class K:
                n = 2
                bad = [n for _ in range(1)] if False else [i for i in range(2) if i < m_undefined]

    def test_uses_enclosing_function(self):
        n = 10
        self.assertEqual([n + i for i in range(2)], [10, 11])

    def test_nonlocal_through_comprehension(self):
        def f():
            total = 0
            def add(x):
                nonlocal total
                total += x
            [add(i) for i in range(4)]
            return total
        self.assertEqual(f(), 6)

    def test_exception_inside(self):
        with self.assertRaises(ZeroDivisionError) as caught:
            [1 // x for x in (1, 0)]
        self.assertEqual(str(caught.exception), "division by zero")

    def test_conditional_expression_inside(self):
        self.assertEqual(["even" if x % 2 == 0 else "odd" for x in range(3)], ["even", "odd", "even"])

    def test_walrus_inside(self):
        self.assertEqual([(y := x + 1) * y for x in range(3)], [1, 4, 9])
        self.assertEqual(y, 3)

    def test_lambda_in_condition(self):
        self.assertEqual([x for x in range(5) if (lambda v: v > 2)(x)], [3, 4])

    def test_large(self):
        self.assertEqual(sum([x for x in range(100000)]), 4999950000)

    def test_star_in_display(self):
        self.assertEqual([*(x for x in range(2)), *[y for y in "a"]], [0, 1, "a"])

    def test_evaluation_is_eager(self):
        it = iter([1, 2, 3])
        [x for x in it]
        self.assertEqual(list(it), [])

    def test_generator_is_lazy(self):
        it = iter([1, 2, 3])
        g = (x for x in it)
        next(g)
        self.assertEqual(list(it), [2, 3])

    def test_locals_inside(self):
        self.assertEqual([sorted(locals()) for x in [1]][0][-1], "x")


if __name__ == "__main__":
    unittest.main()
