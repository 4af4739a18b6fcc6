"""Sources that are very long or very deeply nested: they compile or raise, and nothing else."""

import ast
import subprocess
import sys
import textwrap
import threading
import unittest
import warnings

DEEP = 100_000
CLEAR = (SyntaxError, MemoryError, RecursionError)


def nested(left, middle, right):
    return lambda n: left * n + middle + right * n


# Each of one construct nested in itself, or chained.
CONSTRUCTS = {
    "parentheses": nested("(", "", ")"),
    "only opened": nested("(", "", ""),
    "brackets": nested("[", "", "]"),
    "dicts": nested("{1:", "1", "}"),
    "unary": nested("-", "1", ""),
    "not": nested("not ", "x", ""),
    "binary": nested("", "x", "+x"),
    "grouped": nested("x-(", "x", ")"),
    "power": nested("x**", "x", ""),
    "and": nested("", "x", " and x"),
    "comparison": nested("", "x", "<x"),
    "attributes": nested("", "x", ".a"),
    "subscripts": nested("", "x", "[0]"),
    "calls": nested("", "x", "()"),
    "call in call": nested("f(", "", ")"),
    "lambda": nested("lambda:", "0", ""),
    "lambda as default": nested("lambda x=", "0", ":0"),
    "if else": nested("x if x else ", "x", ""),
    "comprehension in comprehension": nested("[", "x", " for x in x]"),
    "comprehension clauses": lambda n: "[x " + "for x in x " * n + "]",
    "comprehension iterable": nested("[x for x in ", "x", "]"),
    "walrus": nested("(x:=", "1", ")"),
    "f-strings": nested("f\'{", "1", "}\'"),
    "format specs": lambda n: "f\'" + "{x:" * n + "}" * n + "\'",
    "f-string parentheses": lambda n: "f\'{" + "(" * n + ")" * n + "}\'",
    "elif": lambda n: "if x: pass\n" + "elif x: pass\n" * n,
    "decorators": lambda n: "@d\n" * n + "def f(): pass",
    "decorator": lambda n: "@" + "(" * n + "x" + ")" * n + "\ndef f(): pass",
    "assignments": nested("x=", "1", ""),
    "target": lambda n: "(" * n + "x" + ",)" * n + "=1",
    "with": lambda n: "with " + "x as y," * n + "x: pass",
    "dotted import": nested("import a", "", ".a"),
    "sequence patterns": lambda n: "match x:\n case " + "[" * n + "]" * n + ": pass",
    "mapping patterns": lambda n: "match x:\n case " + "{1:" * n + "_" + "}" * n + ": pass",
    "class patterns": lambda n: "match x:\n case " + "C(" * n + ")" * n + ": pass",
    "or patterns": lambda n: "match x:\n case " + "1|" * n + "1: pass",
    "value patterns": lambda n: "match x:\n case a" + ".a" * n + ": pass",
    "indentation": lambda n: "".join(" " * i + "if x:\n" for i in range(2000)) + " " * 2000 + "pass",
    "broken off": nested("1+", "", ""),
    "wrong at the end": lambda n: "x" + ".a" * n + " b",
}


class Deep(unittest.TestCase):
    def check(self, source, mode="exec"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                self.assertIsNotNone(compile(source, "<deep>", mode))
            except CLEAR:
                pass

    def test_constructs(self):
        for name, make in CONSTRUCTS.items():
            for n in 90, 1000, DEEP:
                with self.subTest(name, n=n):
                    self.check(make(n))

    def test_in_a_thread_with_a_small_stack(self):
        old = threading.stack_size(256 * 1024)
        try:
            thread = threading.Thread(target=self.test_constructs)
            thread.start()
            thread.join()
        finally:
            threading.stack_size(old)

    def test_clear_errors(self):
        for n in 100_000, 1_000_000:
            for source in "(" * n + ")" * n, "(" * n:
                with self.assertRaisesRegex(SyntaxError, "too many nested parentheses"):
                    compile(source, "<deep>", "exec")
        with self.assertRaises(MemoryError):
            compile("-" * DEEP + "1", "<deep>", "exec")

    def test_trees(self):
        tree = ast.Constant(1, lineno=1, col_offset=0)
        for _ in range(20_000):
            tree = ast.Lambda(ast.arguments([], [], None, [], [], None, []), tree, lineno=1, col_offset=0)
        try:
            compile(ast.Expression(tree), "<deep>", "eval")
        except CLEAR:
            pass
        body = [ast.Pass(lineno=1, col_offset=0)]
        for _ in range(20_000):
            body = [ast.ClassDef("C", [], [], body, [], [], lineno=1, col_offset=0)]
        try:
            compile(ast.Module(body, []), "<deep>", "exec")
        except CLEAR:
            pass

    def test_where_the_stack_is_used_up(self):
        # What is left of the stack is too little for the parser.
        program = """
            class Deeper:
                def __init__(self, source):
                    self.source = source
                def __repr__(self):
                    try:
                        return repr([self])
                    except RecursionError:
                        pass
                    for source in self.source, self.source + " 1 1":
                        try:
                            compile(source, "<deep>", "exec")
                        except (SyntaxError, MemoryError, RecursionError):
                            pass
                    return ""
            for source in "(" * 150 + ")" * 150, "-" * 900 + "x", "x" + ".a" * 2000, "[" * 20 + "x" + " for x in x]" * 20:
                Deeper(source).__repr__()
            print("done")
        """
        done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True)
        self.assertEqual((done.stdout, done.returncode), ("done\n", 0), done.stderr[-500:])


class Long(unittest.TestCase):
    def test_a_million_lines(self):
        space = {}
        exec(compile("x = 1\n" * 999_999 + "y = 2\n", "<long>", "exec"), space)
        self.assertEqual(space["y"], 2)
        with self.assertRaises(SyntaxError) as c:
            compile("x = 1\n" * 999_999 + "y = = 2\n", "<long>", "exec")
        self.assertEqual((c.exception.lineno, c.exception.offset), (1_000_000, 5))

    def test_a_line_of_a_megabyte(self):
        self.assertEqual(eval("[" + "1234567," * 125_000 + "]"), [1234567] * 125_000)
        self.assertEqual(len(eval("\'" + "a" * 1_000_000 + "\'")), 1_000_000)
        name = "n" * 1_000_000
        space = {}
        exec(f"{name} = 3  # " + "-" * 1_000_000, space)
        self.assertEqual(space[name], 3)

    def test_many_keywords(self):
        names = ", ".join(f"a{i}={i}" for i in range(20_000))
        self.assertEqual(len(eval(f"dict({names})")), 20_000)


if __name__ == "__main__":
    unittest.main()
