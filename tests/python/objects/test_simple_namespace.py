import copy
import types
import unittest


class SimpleNamespaces(unittest.TestCase):
    def test_replace(self):
        self.assertEqual(copy.replace(types.SimpleNamespace(a=1, b=2), b=3), types.SimpleNamespace(a=1, b=3))

    def test_replace_of_a_subclass_that_makes_something_else(self):
        made = False

        class Odd(types.SimpleNamespace):
            def __new__(cls):
                return 12345 if made else super().__new__(cls)

        namespace = Odd()
        made = True
        with self.assertRaisesRegex(TypeError, r"^expect types\.SimpleNamespace type, but .*Odd\(\) returned 'int' object$"):
            copy.replace(namespace)


if __name__ == "__main__":
    unittest.main()
