"""Scopes, closures, recursion, function attributes and decorators."""

import unittest


def plain():
    pass


class Scopes(unittest.TestCase):
    def test_nonlocal_writes_enclosing(self):
        x = 1
        def g():
            nonlocal x
            x += 1
        g(); g()
        self.assertEqual(x, 3)

    def test_nonlocal_two_levels(self):
        def outer():
            x = 0
            def middle():
                def inner():
                    nonlocal x
                    x = 5
                inner()
            middle()
            return x
        self.assertEqual(outer(), 5)

    def test_global_statement(self):
        def g():
            global made_by_test
            made_by_test = 3
        g()
        self.assertEqual(globals().pop("made_by_test"), 3)

    def test_class_scope_is_skipped(self):
        x = "function"
        class K:
            x = "class"
            def m(self): return x
        self.assertEqual(K().m(), "function")

    def test_closure_sees_later_value(self):
        def g(): return y
        y = 1
        self.assertEqual(g(), 1)
        y = 2
        self.assertEqual(g(), 2)

    def test_unbound_free_variable(self):
        def g(): return later
        with self.assertRaises(NameError) as caught:
            g()
        self.assertEqual(str(caught.exception),
                         "cannot access free variable 'later' where it is not associated with a value in enclosing "
                         "scope")
        later = 1

    def test_comprehension_own_scope(self):
        i = "outer"
        [i for i in range(3)]
        self.assertEqual(i, "outer")

    def test_locals_snapshot(self):
        a = 1
        first = locals()
        b = 2
        self.assertNotIn("b", first)
        first["a"] = 99
        self.assertEqual(a, 1)

    def test_recursion(self):
        def fact(n): return 1 if n < 2 else n * fact(n - 1)
        self.assertEqual(fact(20), 2432902008176640000)

    def test_mutual_recursion(self):
        def even(n): return n == 0 or odd(n - 1)
        def odd(n): return n != 0 and even(n - 1)
        self.assertTrue(even(100)); self.assertTrue(odd(101))


class Attributes(unittest.TestCase):
    def test_names(self):
        def g(): pass
        self.assertEqual(g.__name__, "g")
        self.assertEqual(g.__qualname__, "Attributes.test_names.<locals>.g")
        self.assertEqual(g.__module__, __name__)
        g.__name__ = "renamed"
        self.assertEqual(g.__name__, "renamed")

    def test_docstring(self):
        def g():
            "doc"
        def h(): pass
        self.assertEqual((g.__doc__, h.__doc__), ("doc", None))

    def test_indentation_of_docstrings(self):
        for text, doc in (("a\n    b\n      c", "a\nb\n  c"), ("  a\n\tb\n        c", "a\nb\nc"), ("\t\té\n\n\t\n", "é\n\n        \n"),
                          ("é\n  \t€\t€\n\té\t\n   \n", "é\n€       €\né       \n\n"), ("a", "a"), ("\n", "\n"), ("\n  ", "\n  ")):
            space = {}
            exec(f"def g():\n {text!r}", space)
            self.assertEqual(space["g"].__doc__, doc)

    def test_own_attributes(self):
        def g(): pass
        g.x = 1
        self.assertEqual((g.x, g.__dict__), (1, {"x": 1}))

    def test_code_attributes(self):
        def g(a, b=1, *c, d, **e):
            z = 1
        code = g.__code__
        self.assertEqual((code.co_argcount, code.co_kwonlyargcount, code.co_posonlyargcount), (2, 1, 0))
        self.assertEqual(code.co_varnames, ("a", "b", "d", "c", "e", "z"))
        self.assertEqual((code.co_name, code.co_freevars), ("g", ()))

    def test_equal_constants_are_one(self):
        values = [f"{i}.5" for i in range(40)] + [f"{i}j" for i in range(40)] + [f"'text {i}'" for i in range(40)] + ["0.0", "-0.0", "-0j"]
        code = compile("".join(f"x = {value}\n" for value in values * 3), "<test>", "exec")
        constants = [repr(c) for c in code.co_consts if isinstance(c, (float, complex, str))]
        self.assertEqual(len(constants), len(set(constants)))
        self.assertEqual(len(constants), len(values))

    def test_code_replaced(self):
        def g(): return 1
        def h(): return 2
        g.__code__ = h.__code__
        self.assertEqual(g(), 2)

    def test_closure_cells(self):
        x = 5
        def g(): return x
        self.assertEqual(g.__closure__[0].cell_contents, 5)
        g.__closure__[0].cell_contents = 6
        self.assertEqual(x, 6)

    def test_lambda_forms(self):
        self.assertEqual((lambda: 1)(), 1)
        self.assertEqual((lambda a, *b, c=1, **d: (a, b, c, d))(1, 2, x=3), (1, (2,), 1, {"x": 3}))
        self.assertEqual((lambda: 0).__name__, "<lambda>")

    def test_repr(self):
        self.assertRegex(repr(plain), r"^<function plain at 0x[0-9a-f]+>$")
        self.assertRegex(repr(len), r"^<built-in function len>$")

    def test_dunder_type_error(self):
        def g(): pass
        with self.assertRaises(TypeError) as caught:
            g.__name__ = 1
        self.assertEqual(str(caught.exception), "__name__ must be set to a string object")


class Decorators(unittest.TestCase):
    def test_order_bottom_up(self):
        def add(s): return lambda g: lambda: g() + s
        @add("outer")
        @add("inner")
        def g(): return ""
        self.assertEqual(g(), "innerouter")

    def test_any_expression(self):
        table = {"d": lambda g: "decorated"}
        @table["d"]
        def g(): pass
        self.assertEqual(g, "decorated")

    def test_on_class(self):
        def mark(cls):
            cls.marked = True
            return cls
        @mark
        class K: pass
        self.assertTrue(K.marked)

    def test_evaluated_before_function_bound(self):
        g = "old"
        def d(function):
            seen.append(g)
            return function
        seen = []
        @d
        def g(): pass
        self.assertEqual(seen, ["old"])


if __name__ == "__main__":
    unittest.main()
