"""Attributes of functions: those that most functions never have, closures of one cell, and what stays when the code is replaced."""

import builtins
import types
import unittest


def outer(value):
    def inner():
        return value
    return inner


def two(a, b):
    def inner():
        return a, b
    return inner


class FunctionAttributes(unittest.TestCase):
    def test_closure_of_one_cell(self):
        f = outer(5)
        self.assertEqual(len(f.__closure__), 1)
        self.assertIs(f.__closure__, f.__closure__)
        f.__closure__[0].cell_contents = 6
        self.assertEqual(f(), 6)
        with self.assertRaises(AttributeError):
            f.__closure__ = ()
        self.assertIsNone(outer.__closure__)

    def test_closure_given(self):
        cells = types.CellType(1), types.CellType(2)
        f = types.FunctionType(two(0, 0).__code__, {}, closure=cells)
        self.assertIs(f.__closure__, cells)
        self.assertEqual(f(), (1, 2))
        one = types.CellType(3),
        g = types.FunctionType(outer(0).__code__, {}, closure=one)
        self.assertIs(g.__closure__, one)
        self.assertEqual(g(), 3)

    def test_code_is_replaced(self):
        def f():
            "The first."
            return 1

        def g():
            "The second."
            return 2
        f.__code__ = g.__code__
        self.assertEqual((f(), f.__name__, f.__qualname__[-3:], f.__doc__), (2, "f", ">.f", "The first."))
        with self.assertRaisesRegex(ValueError, "requires a code object with 0 free vars, not 1"):
            f.__code__ = outer(1).__code__
        with self.assertRaisesRegex(ValueError, "requires a code object with 1 free vars, not 2"):
            outer(1).__code__ = two(1, 2).__code__
        h = outer(7)
        h.__code__ = outer(8).__code__
        self.assertEqual(h(), 7)

    def test_attributes_are_the_functions_own(self):
        f, g = outer(1), outer(2)
        f.__name__, f.__qualname__, f.__doc__ = "name", "qual", "doc"
        f.__kwdefaults__, f.__annotations__, f.__type_params__ = {"a": 1}, {"b": 2}, (3,)
        self.assertEqual((f.__name__, f.__qualname__, f.__doc__, f.__kwdefaults__, f.__annotations__, f.__type_params__),
                         ("name", "qual", "doc", {"a": 1}, {"b": 2}, (3,)))
        self.assertEqual((g.__name__, g.__doc__, g.__kwdefaults__, g.__annotations__, g.__type_params__),
                         ("inner", None, None, {}, ()))
        self.assertIn("function qual at", repr(f))
        del f.__doc__
        self.assertIsNone(f.__doc__)
        f.__kwdefaults__ = None
        self.assertIsNone(f.__kwdefaults__)

    def test_keyword_defaults_and_annotations(self):
        def f(a: int, *, b: str = "b") -> None:
            return a, b
        self.assertEqual(f(1), (1, "b"))
        self.assertEqual(f.__kwdefaults__, {"b": "b"})
        self.assertEqual(f.__annotations__, {"a": int, "b": str, "return": None})
        f.__kwdefaults__ = {"b": 2}
        self.assertEqual(f(1), (1, 2))
        f.__annotate__ = lambda format: {"x": format}
        self.assertEqual(f.__annotations__, {"x": 1})

    def test_modules_of_functions_of_one_code(self):
        code = compile("def f(): pass", "<made>", "exec")
        made = []
        for space in ({"__name__": "first"}, {"__name__": "first"}, {"__name__": "second"}, {}, {"__name__": 5}):
            exec(code, space)
            made.append(space["f"])
        self.assertEqual([f.__module__ for f in made], ["first", "first", "second", None, 5])
        self.assertIs(made[0].__code__, made[2].__code__)
        made[0].__module__ = "third"
        del made[1].__module__
        self.assertEqual([f.__module__ for f in made], ["third", None, "second", None, 5])

        code = compile("def g(): pass", "<made>", "exec")
        for space in ({}, {"__name__": "later"}):
            exec(code, space)
            made.append(space["g"])
        self.assertEqual([f.__module__ for f in made[-2:]], [None, "later"])

    def test_module_stays_when_the_code_is_replaced(self):
        space = {"__name__": "elsewhere"}
        exec("def f(): return 1", space)
        space["f"].__code__ = outer.__code__
        self.assertEqual(space["f"].__module__, "elsewhere")
        def g(): return 2
        exec("def f(): return 1", space)
        g.__code__ = space["f"].__code__
        self.assertEqual((g(), g.__module__), (1, __name__))

    def test_builtins(self):
        self.assertIs(outer.__builtins__, vars(builtins))
        own = {"len": lambda x: "own"}
        space = {"__builtins__": own}
        exec("def f(): return len(())\ndef g():\n def h(): return len(())\n return h", space)
        self.assertIs(space["f"].__builtins__, own)
        self.assertEqual((space["f"](), space["g"]()()), ("own", "own"))
        space["__builtins__"] = builtins
        self.assertEqual((space["f"](), space["g"]()()), ("own", 0))
        self.assertIs(types.FunctionType(space["f"].__code__, space).__builtins__, vars(builtins))
        del space["__builtins__"]
        self.assertIs(space["g"]().__builtins__, own)  # of the function that runs
        self.assertIs(types.FunctionType(space["f"].__code__, space).__builtins__, vars(builtins))
        with self.assertRaises(AttributeError):
            outer.__builtins__ = {}


if __name__ == "__main__":
    unittest.main()
