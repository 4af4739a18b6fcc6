"""Global and built-in names that functions have read often, and what changes them."""

import builtins
import types
import unittest


def module(source):
    """A namespace with the functions of `source`."""
    space = {}
    exec(source, space)
    return space


def often(function, times=20):
    for _ in range(times):
        result = function()
    return result


class Rebinding(unittest.TestCase):
    def test_assigned(self):
        space = module("x = 1\ndef read(): return x")
        self.assertEqual(often(space["read"]), 1)
        space["x"] = 2
        self.assertEqual(space["read"](), 2)
        exec("x = 3", space)
        self.assertEqual(space["read"](), 3)
        space.update(x=4)
        self.assertEqual(space["read"](), 4)
        space |= {"x": 5}
        self.assertEqual(space["read"](), 5)

    def test_global_statement(self):
        space = module("x = 0\ndef step():\n global x\n x += 1\n return x\ndef read(): return x")
        for i in range(1, 50):
            self.assertEqual(space["step"](), i)
            self.assertEqual(space["read"](), i)

    def test_deleted(self):
        for delete in (lambda s: s.pop("x"), lambda s: s.__delitem__("x"), lambda s: exec("del x", s), lambda s: s.clear()):
            space = module("x = 1\ndef read(): return x")
            read = space["read"]
            self.assertEqual(often(read), 1)
            delete(space)
            with self.assertRaisesRegex(NameError, "name 'x' is not defined"):
                read()
            space["x"] = 7
            self.assertEqual(often(read), 7)

    def test_popitem(self):
        space = module("def read(): return x")
        read = space["read"]
        space["x"] = 1
        self.assertEqual(often(read), 1)
        self.assertEqual(space.popitem(), ("x", 1))
        self.assertRaises(NameError, read)
        space.setdefault("x", 2)
        self.assertEqual(often(read), 2)

    def test_table_grows(self):
        space = module("x = 1\ndef read(): return x, len")
        read = space["read"]
        for i in range(2000):
            self.assertEqual(read(), (i or 1, len))
            space[f"name_{i}"] = i
            space["x"] = i + 1

    def test_module_attribute(self):
        made = types.ModuleType("made")
        exec("x = 1\ndef read(): return x", made.__dict__)
        self.assertEqual(often(made.read), 1)
        made.x = 2
        self.assertEqual(made.read(), 2)
        del made.x
        self.assertRaises(NameError, made.read)


class Builtins(unittest.TestCase):
    def test_shadowed_and_back(self):
        space = module("def read(): return len")
        self.assertIs(often(space["read"]), len)
        for i in range(5):
            space["len"] = i
            self.assertEqual(often(space["read"]), i)
            del space["len"]
            self.assertIs(often(space["read"]), len)

    def test_shadowed_by_every_way(self):
        ways = [
            lambda s: s.update(len=1), lambda s: s.setdefault("len", 1), lambda s: exec("len = 1", s),
            lambda s: exec("def f():\n global len\n len = 1\nf()", s), lambda s: s.__ior__({"len": 1}),
            lambda s: s.__setitem__("".join(["l", "en"]), 1),
        ]
        for way in ways:
            space = module("def read(): return len")
            self.assertIs(often(space["read"]), len)
            way(space)
            self.assertEqual(space["read"](), 1)

    def test_new_and_deleted(self):
        space = module("def read(): return some_builtin_of_this_test")
        self.assertRaises(NameError, space["read"])
        for i in range(3):
            builtins.some_builtin_of_this_test = i
            self.assertEqual(often(space["read"]), i)
            del builtins.some_builtin_of_this_test
            self.assertRaises(NameError, space["read"])

    def test_builtins_grow(self):
        space = module("def read(): return len, some_builtin_of_this_test")
        builtins.some_builtin_of_this_test = 5
        names = [f"builtin_of_this_test_{i}" for i in range(700)]
        try:
            for name in names:
                self.assertEqual(often(space["read"], 3), (len, 5))
                setattr(builtins, name, 1)
        finally:
            for name in names:
                delattr(builtins, name)
            del builtins.some_builtin_of_this_test

    def test_replaced(self):
        space = module("def read(): return some_builtin_of_this_test")
        builtins.some_builtin_of_this_test = 1
        try:
            self.assertEqual(often(space["read"]), 1)
            builtins.some_builtin_of_this_test = 2
            self.assertEqual(space["read"](), 2)
        finally:
            del builtins.some_builtin_of_this_test

    def test_own_builtins(self):
        source = compile("def read(): return len", "made", "exec")
        spaces = [{}, {"__builtins__": {"len": "own"}}, {"__builtins__": builtins.__dict__}, {"__builtins__": {}}]
        for space in spaces:
            exec(source, space)
        for _ in range(20):
            self.assertIs(spaces[0]["read"](), len)
            self.assertEqual(spaces[1]["read"](), "own")
            self.assertIs(spaces[2]["read"](), len)
            self.assertRaises(NameError, spaces[3]["read"])


class OneCodeSeveralNamespaces(unittest.TestCase):
    def test_functions_of_one_code(self):
        space = module("x = 1\ndef read(): return x, y")
        space["y"] = 10
        self.assertEqual(often(space["read"]), (1, 10))
        other = types.FunctionType(space["read"].__code__, {"x": 2, "y": 20})
        for _ in range(20):
            self.assertEqual(other(), (2, 20))
            self.assertEqual(space["read"](), (1, 10))

    def test_executed_again(self):
        source = compile("def read(): return x\ndef inner():\n def read(): return x\n return read\n", "made", "exec")
        spaces = []
        for i in range(30):
            space = {"x": i}
            exec(source, space)
            spaces.append(space)
            self.assertEqual(often(space["read"], 5), i)
            self.assertEqual(often(space["inner"](), 5), i)
        for i, space in enumerate(spaces):
            self.assertEqual(space["read"](), i)

    def test_namespaces_come_and_go(self):
        source = compile("def read(): return x", "made", "exec")
        for i in range(300):
            space = {"x": i}
            exec(source, space)
            self.assertEqual(often(space["read"], 5), i)
            del space
        code = module("def read(): return x")["read"].__code__
        for i in range(300):
            self.assertEqual(often(types.FunctionType(code, {"x": i}), 5), i)

    def test_code_exchanged(self):
        one, two = module("x = 1\ndef read(): return x"), module("x = 2\ndef read(): return -x")
        self.assertEqual((often(one["read"]), often(two["read"])), (1, -2))
        one["read"].__code__ = two["read"].__code__
        for _ in range(20):
            self.assertEqual((one["read"](), two["read"]()), (-1, -2))

    def test_running_generator_keeps_its_globals(self):
        space = module("x = 1\ndef numbers():\n for _ in range(50): yield x")
        numbers = space["numbers"]()
        self.assertEqual([next(numbers) for _ in range(10)], [1] * 10)
        space["numbers"].__code__ = module("def numbers(): yield 0")["numbers"].__code__
        space["x"] = 3
        self.assertEqual([next(numbers) for _ in range(10)], [3] * 10)


class Spaces(unittest.TestCase):
    def test_subclass_of_dict(self):
        class Space(dict):
            pass

        space = Space(x=1)
        exec("def read(): return x", space)
        self.assertEqual(often(space["read"]), 1)
        space["x"] = 2
        self.assertEqual(space["read"](), 2)

    def test_key_that_equals_a_name(self):
        class Key:
            def __hash__(self):
                return hash("spam")

            def __eq__(self, other):
                return other == "spam"

        space = module("def read(): return spam")
        self.assertRaises(NameError, space["read"])
        space[Key()] = 1
        self.assertEqual(often(space["read"]), 1)

    def test_kinds_of_values(self):
        for value in (1, 1.5, 2**80, "text", None, True, [1], object(), len, int, types):
            space = module("def read(): return x\ndef same(v): return x is v, x is not v")
            space["x"] = value
            self.assertIs(often(space["read"]), value)
            self.assertEqual(often(lambda: space["same"](value)), (True, False))
            self.assertEqual(often(lambda: space["same"]([])), (False, True))
            space["x"] = [value]
            self.assertEqual(space["read"](), [value])
            self.assertEqual(space["same"](value), (False, True))

    def test_tests_of_identity(self):
        space = module("""
x = object()
def branch(v):
    if v is x: return 1
    return 2
def branch_not(v):
    if v is not x: return 1
    return 2
""")
        for _ in range(20):
            x = space["x"]
            self.assertEqual((space["branch"](x), space["branch"](1)), (1, 2))
            self.assertEqual((space["branch_not"](x), space["branch_not"](1)), (2, 1))
        for value in (1, None, 1.25, 2**70, "s"):
            space["x"] = value
            self.assertEqual((space["branch"](value), space["branch_not"](value)), (1, 2))
            self.assertEqual((space["branch"]([]), space["branch_not"]([])), (2, 1))


if __name__ == "__main__":
    unittest.main()
