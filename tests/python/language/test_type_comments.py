import ast
import os
import subprocess
import sys
import tempfile
import unittest


def parse(source, **options):
    return ast.parse(source, type_comments=True, **options)


class TypeComments(unittest.TestCase):
    def test_where_they_stand(self):
        tree = parse("x = 1 # type: int\nfor a in b: # type: A\n  pass\nwith c as d: # type: D\n  pass\n"
                     "def f(a, # type: P\n      *, b=2 # type: Q\n):\n  # type: (...) -> R\n  pass # type: ignore[no]\n")
        assign, loop, with_, function = tree.body
        self.assertEqual([assign.type_comment, loop.type_comment, with_.type_comment, function.type_comment],
                         ["int", "A", "D", "(...) -> R"])
        self.assertEqual([function.args.args[0].type_comment, function.args.kwonlyargs[0].type_comment], ["P", "Q"])
        self.assertEqual([(i.lineno, i.tag) for i in tree.type_ignores], [(10, "[no]")])

    def test_misplaced(self):
        for source, message in [("f() # type: int\n", "invalid syntax"), ("# type: int\nx = 1\n", "invalid syntax"),
                                ("def f(*, # type: int\n a): pass\n", "bare * has associated type comment"),
                                ("def f(): # type: () -> A\n  # type: () -> B\n  pass\n",
                                 "Cannot have two type comments on def")]:
            ast.parse(source)
            with self.assertRaisesRegex(SyntaxError, message.replace("*", r"\*")):
                parse(source)

    def test_feature_version(self):
        for minor, source, what in [(7, "(a := 1)", "Assignment expressions are"), (9, "match a:\n case 1: pass", "Pattern matching is"),
                                    (11, "type X = int", "Type statement is"), (5, "a = 1_0", "Underscores in numeric literals are"),
                                    (4, "a @ b", "The '@' operator is"), (7, "def f(a, /): pass", "Positional-only parameters are")]:
            with self.assertRaisesRegex(SyntaxError, f"{what} only supported in Python 3.{minor + 1} and greater"):
                ast.parse(source, feature_version=(3, minor))
            ast.parse(source, feature_version=(3, minor + 1))

    def test_function_type(self):
        for source in ["() -> a", "(a, *b, **c) -> d"]:
            ast.parse(source, mode="func_type")
        for source in ["(a, *b, *c) -> d", "(**a, b) -> c", "(**a, **b) -> c"]:
            with self.assertRaises(SyntaxError):
                ast.parse(source, mode="func_type")


class Sources(unittest.TestCase):
    def test_error_of_the_compiler_in_a_latin1_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "a.py")
            with open(path, "wb") as f:
                f.write("# coding: latin-1\nreturn 'ä'\n".encode("latin-1"))
            done = subprocess.run([sys.executable, "-X", "utf8", path], capture_output=True)
        self.assertIn("    return 'ä'\n", done.stderr.decode())


if __name__ == "__main__":
    unittest.main()
