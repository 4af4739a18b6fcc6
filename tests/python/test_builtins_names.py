"""Names of the module builtins, read through functions while that module and their globals change."""
import builtins
import unittest


def read_len():
    return len


def read_new():
    return brand_new  # noqa: F821


class BuiltinNamesTest(unittest.TestCase):
    def test_replaced(self):
        real = len
        for _ in range(3):
            self.assertIs(read_len(), real)
        builtins.len = 7
        try:
            self.assertEqual(read_len(), 7)
        finally:
            builtins.len = real
        self.assertIs(read_len(), real)

    def test_hidden_by_a_global(self):
        self.assertIs(read_len(), builtins.len)
        globals()["len"] = "mine"
        try:
            self.assertEqual(read_len(), "mine")
        finally:
            del globals()["len"]
        self.assertIs(read_len(), builtins.len)

    def test_added_and_deleted(self):
        for value in range(3):
            with self.assertRaisesRegex(NameError, "name 'brand_new' is not defined"):
                read_new()
            builtins.brand_new = value
            try:
                self.assertEqual(read_new(), value)
                self.assertEqual(read_new(), value)
            finally:
                del builtins.brand_new

    def test_table_that_grows(self):
        self.assertIs(read_len(), builtins.len)
        names = [f"grown_{i}" for i in range(2000)]
        real = len
        try:
            for i, name in enumerate(names):
                setattr(builtins, name, i)
                if i % 100 == 0:
                    self.assertIs(read_len(), real)
                    builtins.len = i
                    self.assertEqual(read_len(), i)
                    builtins.len = real
        finally:
            builtins.len = real
            for name in names:
                if hasattr(builtins, name):
                    delattr(builtins, name)
        self.assertIs(read_len(), real)

    def test_value_that_dies(self):
        class Value:
            def __del__(self):
                died.append(read_len())
        died = []
        builtins.brand_new = Value()
        try:
            read_new()
            builtins.brand_new = None
            self.assertEqual(died, [builtins.len])
            self.assertIsNone(read_new())
        finally:
            del builtins.brand_new

    def test_other_builtins(self):
        space = {"__builtins__": {"len": "other"}}
        code = "def f():\n  return len\n"
        exec(code, space)
        self.assertEqual(space["f"](), "other")
        self.assertEqual(space["f"](), "other")
        plain = {}
        exec(code, plain)
        self.assertIs(plain["f"](), len)
        # one code, two namespaces
        function = type(read_len)
        shared = function(plain["f"].__code__, {"__builtins__": {"len": 5}})
        for _ in range(3):
            self.assertEqual(shared(), 5)
            self.assertIs(plain["f"](), len)


if __name__ == "__main__":
    unittest.main()
