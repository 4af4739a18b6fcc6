"""The built-in functions."""

import io
import sys
import unittest


class Numbers(unittest.TestCase):
    def test_min_max(self):
        self.assertEqual(min(3, 1), 1)
        self.assertEqual(max([1, 5]), 5)
        self.assertEqual(min("b", "a"), "a")
        self.assertEqual(max([], default=0), 0)
        self.assertEqual(max("ab", "c", key=len), "ab")
        self.assertEqual(min([(2, 1), (1, 2)]), (1, 2))
        with self.assertRaises(ValueError) as caught:
            max([])
        self.assertEqual(str(caught.exception), "max() iterable argument is empty")
        with self.assertRaises(TypeError) as caught:
            max()
        self.assertEqual(str(caught.exception), "max expected at least 1 argument, got 0")
        with self.assertRaises(TypeError) as caught:
            max(1, 2, default=3)
        self.assertEqual(str(caught.exception), "Cannot specify a default for max() with multiple positional arguments")

    def test_first_of_equal_wins(self):
        self.assertEqual((max([1, 1.0, True]), type(max([1, 1.0])), type(min([1.0, 1]))), (1, int, float))

    def test_sum(self):
        self.assertEqual(sum([1, 2]), 3)
        self.assertEqual(sum([]), 0)
        self.assertEqual(sum([1.5, 2]), 3.5)
        self.assertEqual(sum([[1], [2]], []), [1, 2])
        self.assertEqual(sum(range(5), start=10), 20)
        with self.assertRaises(TypeError) as caught:
            sum(["a"], "")
        self.assertEqual(str(caught.exception), "sum() can't sum strings [use ''.join(seq) instead]")
        with self.assertRaises(TypeError) as caught:
            sum(["a"])
        self.assertEqual(str(caught.exception), "unsupported operand type(s) for +: 'int' and 'str'")

    def test_abs_divmod_pow_round(self):
        self.assertEqual(abs(-3), 3)
        self.assertEqual(abs(-2.5), 2.5)
        self.assertEqual(divmod(7, 2), (3, 1))
        self.assertEqual(pow(2, 3), 8)
        self.assertEqual(pow(2, 3, 3), 2)
        self.assertEqual(round(2.5), 2)

    def test_bin_oct_hex_chr_ord(self):
        self.assertEqual([bin(5), oct(8), hex(255), chr(97), ord("a")], ["0b101", "0o10", "0xff", "a", 97])

    def test_hash_of_equal_numbers(self):
        self.assertTrue(hash(1) == hash(1.0) == hash(True) == hash(1 + 0j))


class Iteration(unittest.TestCase):
    def test_all_any(self):
        self.assertEqual(all([]), True)
        self.assertEqual(any([]), False)
        self.assertEqual(all([1, 0]), False)
        self.assertEqual(any([0, 1]), True)
        self.assertEqual(all(x for x in [1, 2]), True)

    def test_any_stops_early(self):
        it = iter([0, 1, 2])
        any(it)
        self.assertEqual(list(it), [2])

    def test_sorted_reversed_enumerate(self):
        self.assertEqual(sorted("ba"), ["a", "b"])
        self.assertEqual(list(reversed("ab")), ["b", "a"])
        self.assertEqual(list(enumerate("a", 1)), [(1, "a")])

    def test_zip_stops_at_shortest(self):
        a, b = iter([1, 2, 3]), iter([1])
        self.assertEqual((list(zip(a, b)), list(a)), ([(1, 1)], [3]))

    def test_map_filter(self):
        self.assertEqual(list(map(str, [1])), ["1"])
        self.assertEqual(list(map(pow, [2, 3], [2, 2])), [4, 9])
        self.assertEqual(list(filter(str.isalpha, "a1b")), ["a", "b"])

    def test_iter_with_sentinel(self):
        values = iter([1, 2, 0, 3])
        self.assertEqual(list(iter(lambda: next(values), 0)), [1, 2])

    def test_next_default(self):
        self.assertEqual(next(iter([]), "d"), "d")
        self.assertRaises(StopIteration, next, iter([]))
        with self.assertRaises(TypeError) as caught:
            next([])
        self.assertEqual(str(caught.exception), "'list' object is not an iterator")

    def test_len_and_range(self):
        self.assertEqual((len("abc"), len(range(5)), list(range(2))), (3, 5, [0, 1]))

    def test_slice_object(self):
        self.assertEqual("abcdef"[slice(1, 5, 2)], "bd")


class Objects(unittest.TestCase):
    def test_type_isinstance(self):
        self.assertTrue(type(1) is int and isinstance(True, int) and issubclass(bool, int))

    def test_getattr_forms(self):
        self.assertEqual((getattr("a", "upper")(), getattr(1, "zz", 5), hasattr(1, "real")), ("A", 5, True))
        with self.assertRaises(TypeError) as caught:
            getattr(1, 1)
        self.assertEqual(str(caught.exception), "attribute name must be string, not 'int'")

    def test_setattr_delattr(self):
        class K: pass
        setattr(K, "x", 1)
        delattr(K, "x")
        self.assertFalse(hasattr(K, "x"))

    def test_hasattr_only_hides_attribute_error(self):
        class K:
            @property
            def x(self): raise ValueError
        self.assertRaises(ValueError, hasattr, K(), "x")

    def test_id_and_callable(self):
        a = []
        self.assertTrue(id(a) == id(a) and callable(print) and not callable(1))

    def test_vars_dir(self):
        class K:
            a = 1
        k = K()
        k.b = 2
        self.assertEqual(vars(k), {"b": 2})
        self.assertTrue({"a", "b"} <= set(dir(k)))
        with self.assertRaises(TypeError) as caught:
            vars(1)
        self.assertEqual(str(caught.exception), "vars() argument must have __dict__ attribute")

    def test_repr_ascii_format(self):
        self.assertEqual(repr("é"), "'é'")
        self.assertEqual(ascii("é"), "'\\xe9'")
        self.assertEqual(format(1.5, ".2f"), "1.50")
        self.assertEqual(format("a", ">3"), "  a")
        self.assertEqual(format(5), "5")

    def test_hash_unhashable(self):
        with self.assertRaises(TypeError) as caught:
            hash({})
        self.assertEqual(str(caught.exception), "unhashable type: 'dict'")

    def test_bytes_conversions(self):
        self.assertEqual((bytes([65]), bytearray(2), memoryview(b"a")[0]), (b"A", bytearray(b"\0\0"), 97))


class Code(unittest.TestCase):
    def test_eval_exec(self):
        self.assertEqual((eval("1 + 1"), eval("x", {"x": 5}), eval("x + y", {"x": 1}, {"y": 2})), (2, 5, 3))
        space = {}
        self.assertIsNone(exec("a = 1\ndef f(): return a", space))
        self.assertEqual(space["f"](), 1)
        self.assertIn("__builtins__", space)

    def test_exec_separate_locals(self):
        g, l = {}, {}
        exec("x = 1\nglobal y\ny = 2", g, l)
        self.assertEqual((l, g["y"]), ({"x": 1}, 2))

    def test_exec_sees_local_names(self):
        z = 5
        self.assertEqual(eval("z + 1"), 6)

    def test_exec_closure(self):
        x = 1
        def f(): return x
        exec("pass", {}, {})
        self.assertEqual(f(), 1)

    def test_compile_modes(self):
        self.assertEqual(eval(compile("1 + 2", "", "eval")), 3)
        code = compile("x = 1", "name.py", "exec")
        self.assertEqual((code.co_filename, code.co_name), ("name.py", "<module>"))

    def test_compile_ast(self):
        import ast
        tree = ast.parse("x = 1 + 2")
        space = {}
        exec(compile(tree, "", "exec"), space)
        self.assertEqual(space["x"], 3)

    def test_globals_locals(self):
        a = 1
        self.assertEqual(locals()["a"], 1)
        self.assertIs(globals()["io"], io)

    def test_custom_globals_type_errors(self):
        with self.assertRaises(TypeError) as caught:
            eval("1", [])
        self.assertEqual(str(caught.exception), "globals must be a real dict; try eval(expr, {}, mapping)")
        with self.assertRaises(TypeError) as caught:
            eval(1)
        self.assertEqual(str(caught.exception), "eval() arg 1 must be a string, bytes or code object")
        with self.assertRaises(TypeError) as caught:
            exec("1", 1)
        self.assertEqual(str(caught.exception), "exec() globals must be a dict, not int")

    def test_custom_mapping_locals(self):
        class M(dict):
            def __missing__(self, k): return k * 2
        self.assertEqual(eval("abc", {}, M()), "abcabc")

    def test_builtins_are_found_last(self):
        space = {"len": lambda x: "mine"}
        self.assertEqual(eval("len(1)", space), "mine")

    def test_no_builtins(self):
        with self.assertRaises(NameError):
            eval("len", {"__builtins__": {}})

    def test_build_class_and_import(self):
        import builtins
        self.assertIs(builtins.len, len)
        self.assertTrue(callable(builtins.__build_class__) and callable(builtins.__import__))


class InputOutput(unittest.TestCase):
    def test_print_arguments(self):
        out = io.StringIO()
        print(1, "a", None, sep="-", end="!", file=out)
        print(file=out)
        print(*[1, 2], file=out, flush=True)
        self.assertEqual(out.getvalue(), "1-a-None!\n1 2\n")

    def test_print_errors(self):
        with self.assertRaises(TypeError) as caught:
            print(1, sep=1)
        self.assertEqual(str(caught.exception), "sep must be None or a string, not int")
        with self.assertRaises(TypeError) as caught:
            print(x=1)
        self.assertEqual(str(caught.exception), "print() got an unexpected keyword argument 'x'")

    def test_print_uses_sys_stdout(self):
        old, sys.stdout = sys.stdout, io.StringIO()
        try:
            print("x")
            text = sys.stdout.getvalue()
        finally:
            sys.stdout = old
        self.assertEqual(text, "x\n")

    def test_input(self):
        old, sys.stdin = sys.stdin, io.StringIO("line\n")
        try:
            self.assertEqual(input(), "line")
            self.assertRaises(EOFError, input)
        finally:
            sys.stdin = old

    def test_breakpoint_hook(self):
        old, sys.breakpointhook = sys.breakpointhook, lambda *a: ("hook", a)
        try:
            self.assertEqual(breakpoint(1), ("hook", (1,)))
        finally:
            sys.breakpointhook = old


class ArgumentErrors(unittest.TestCase):
    def test_counts(self):
        with self.assertRaises(TypeError) as caught:
            len()
        self.assertEqual(str(caught.exception), "len() takes exactly one argument (0 given)")
        with self.assertRaises(TypeError) as caught:
            len(1, 2)
        self.assertEqual(str(caught.exception), "len() takes exactly one argument (2 given)")
        with self.assertRaises(TypeError) as caught:
            isinstance(1)
        self.assertEqual(str(caught.exception), "isinstance expected 2 arguments, got 1")
        with self.assertRaises(TypeError) as caught:
            chr()
        self.assertEqual(str(caught.exception), "chr() takes exactly one argument (0 given)")

    def test_keywords(self):
        with self.assertRaises(TypeError) as caught:
            len(x=1)
        self.assertEqual(str(caught.exception), "len() takes no keyword arguments")
        with self.assertRaises(TypeError) as caught:
            sum([], x=1)
        self.assertEqual(str(caught.exception), "sum() got an unexpected keyword argument 'x'")
        with self.assertRaises(TypeError) as caught:
            round()
        self.assertEqual(str(caught.exception), "round() missing required argument 'number' (pos 1)")


class NamesOfASubclass(unittest.TestCase):
    def test_getattr_keeps_the_name_as_given(self):
        class Name(str):
            pass

        name = Name("missing")
        with self.assertRaises(AttributeError) as caught:
            getattr(5, name)
        self.assertIs(caught.exception.name, name)
        self.assertEqual(getattr(5, name, 7), 7)


if __name__ == "__main__":
    unittest.main()
