"""Function definitions and calls: arguments of every kind, defaults, scopes, recursion, attributes."""

import unittest


def f(a, b=2, *args, c, d=4, **kw):
    return a, b, args, c, d, kw


def pos(a, b=2, /, c=3):
    return a, b, c


class Calls(unittest.TestCase):
    def test_positional_and_keyword(self):
        self.assertEqual(f(1, c=3), (1, 2, (), 3, 4, {}))
        self.assertEqual(f(1, 5, 6, 7, c=3, d=8, e=9), (1, 5, (6, 7), 3, 8, {"e": 9}))

    def test_keyword_order_kept(self):
        self.assertEqual(list(f(1, c=0, z=1, y=2, x=3)[-1]), ["z", "y", "x"])

    def test_star_args(self):
        self.assertEqual(f(*[1, 2], *(3,), c=4), (1, 2, (3,), 4, 4, {}))

    def test_double_star(self):
        self.assertEqual(f(1, **{"c": 3}, **{"q": 1}), (1, 2, (), 3, 4, {"q": 1}))

    def test_star_after_keyword(self):
        self.assertEqual(f(c=1, *[7, 8]), (7, 8, (), 1, 4, {}))

    def test_evaluation_order(self):
        log = []
        def n(x):
            log.append(x)
            return x
        f(n(1), n(2), *[n(3)], c=n(4), **{"k": n(5)})
        self.assertEqual(log, [1, 2, 3, 4, 5])

    def test_positional_only(self):
        self.assertEqual((pos(1), pos(1, 9, c=8)), ((1, 2, 3), (1, 9, 8)))

    def test_positional_only_name_in_kwargs(self):
        def g(a, /, **kw): return a, kw
        self.assertEqual(g(1, a=2), (1, {"a": 2}))

    def test_kwargs_is_fresh_dict(self):
        def g(**kw):
            kw["x"] = 1
            return kw
        given = {"a": 1}
        self.assertEqual((g(**given), given), ({"a": 1, "x": 1}, {"a": 1}))

    def test_args_is_tuple(self):
        def g(*args): return args
        self.assertEqual((g(), g(*[1, 2])), ((), (1, 2)))

    def test_mapping_argument(self):
        class M:
            def keys(self): return ["c", "d"]
            def __getitem__(self, k): return k * 2
        self.assertEqual(f(0, **M()), (0, 2, (), "cc", "dd", {}))


class Errors(unittest.TestCase):
    def test_missing_one(self):
        def g(a, b): pass
        with self.assertRaises(TypeError) as caught:
            g(1)
        self.assertEqual(str(caught.exception),
                         "Errors.test_missing_one.<locals>.g() missing 1 required positional argument: 'b'")

    def test_missing_two(self):
        def g(a, b): pass
        with self.assertRaises(TypeError) as caught:
            g()
        self.assertEqual(str(caught.exception),
                         "Errors.test_missing_two.<locals>.g() missing 2 required positional arguments: 'a' and 'b'")

    def test_missing_three(self):
        def g(a, b, c): pass
        with self.assertRaises(TypeError) as caught:
            g()
        self.assertEqual(str(caught.exception),
                         "Errors.test_missing_three.<locals>.g() missing 3 required positional arguments: 'a', "
                         "'b', and 'c'")

    def test_missing_keyword_only(self):
        with self.assertRaises(TypeError) as caught:
            f(1)
        self.assertEqual(str(caught.exception), "f() missing 1 required keyword-only argument: 'c'")

    def test_too_many(self):
        with self.assertRaises(TypeError) as caught:
            pos(1, 2, 3, 4)
        self.assertEqual(str(caught.exception), "pos() takes from 1 to 3 positional arguments but 4 were given")

    def test_too_many_exact(self):
        def g(a): pass
        with self.assertRaises(TypeError) as caught:
            g(1, 2)
        self.assertEqual(str(caught.exception),
                         "Errors.test_too_many_exact.<locals>.g() takes 1 positional argument but 2 were given")

    def test_none_taken(self):
        def g(): pass
        with self.assertRaises(TypeError) as caught:
            g(1)
        self.assertEqual(str(caught.exception),
                         "Errors.test_none_taken.<locals>.g() takes 0 positional arguments but 1 was given")

    def test_too_many_with_keyword_only(self):
        def g(a, *, k=1): pass
        with self.assertRaises(TypeError) as caught:
            g(1, 2, k=3)
        self.assertEqual(str(caught.exception),
                         "Errors.test_too_many_with_keyword_only.<locals>.g() takes 1 positional argument but 2 "
                         "positional arguments (and 1 keyword-only argument) were given")

    def test_unexpected_keyword(self):
        with self.assertRaises(TypeError) as caught:
            pos(1, zz=2)
        self.assertEqual(str(caught.exception), "pos() got an unexpected keyword argument 'zz'")

    def test_keyword_suggestion(self):
        def g(timeout=1): pass
        with self.assertRaises(TypeError) as caught:
            g(timout=2)
        self.assertEqual(str(caught.exception),
                         "Errors.test_keyword_suggestion.<locals>.g() got an unexpected keyword argument 'timout'. "
                         "Did you mean 'timeout'?")

    def test_multiple_values(self):
        with self.assertRaises(TypeError) as caught:
            f(1, a=2, c=3)
        self.assertEqual(str(caught.exception), "f() got multiple values for argument 'a'")

    def test_duplicate_from_double_star(self):
        with self.assertRaisesRegex(TypeError, r"f\(\) got multiple values for keyword argument 'c'$"):
            f(1, **{"c": 1}, **{"c": 2})

    def test_positional_only_as_keyword(self):
        with self.assertRaises(TypeError) as caught:
            pos(a=1)
        self.assertEqual(str(caught.exception),
                         "pos() got some positional-only arguments passed as keyword arguments: 'a'")

    def test_star_not_iterable(self):
        with self.assertRaisesRegex(TypeError, r"f\(\) argument after \* must be an iterable, not int$"):
            f(*1)

    def test_double_star_not_mapping(self):
        with self.assertRaisesRegex(TypeError, r"f\(\) argument after \*\* must be a mapping, not int$"):
            f(**1)

    def test_keywords_must_be_strings(self):
        with self.assertRaises(TypeError) as caught:
            f(1, **{1: 2})
        self.assertEqual(str(caught.exception), "keywords must be strings")

    def test_not_callable(self):
        with self.assertRaises(TypeError) as caught:
            5()
        self.assertEqual(str(caught.exception), "'int' object is not callable")

    def test_method_counts_self(self):
        class K:
            def m(self): pass
        with self.assertRaises(TypeError) as caught:
            K().m(1)
        self.assertEqual(str(caught.exception),
                         "Errors.test_method_counts_self.<locals>.K.m() takes 1 positional argument but 2 were "
                         "given")


class Defaults(unittest.TestCase):
    def test_evaluated_once_at_definition(self):
        n = 1
        def g(a=n): return a
        n = 2
        self.assertEqual(g(), 1)

    def test_mutable_default_shared(self):
        def g(x, bag=[]):
            bag.append(x)
            return bag
        g(1)
        self.assertEqual(g(2), [1, 2])

    def test_changed_through_attribute(self):
        def g(a, b=1, *, c=2): return a, b, c
        g.__defaults__ = (5, 6)
        g.__kwdefaults__ = {"c": 7}
        self.assertEqual(g(), (5, 6, 7))

    def test_evaluation_order_of_defaults(self):
        log = []
        def n(x):
            log.append(x)
        def g(a=n(1), *, b=n(2), c=n(3)): pass
        self.assertEqual(log, [1, 2, 3])


if __name__ == "__main__":
    unittest.main()
