import contextlib
import dis
import inspect
import io
import types
import unittest


def sample(items):
    try:
        for item in items:
            print(item + 1)
    except ValueError:
        return [n for n in items if n]


class Disassembler(unittest.TestCase):
    def test_text(self):
        for x in sample, sample.__code__, "a = b.c\nimport d", self.test_text, Disassembler, (n for n in ()):
            out = io.StringIO()
            dis.dis(x, file=out)
            self.assertIn("RESUME", out.getvalue())

    def test_every_function_of_a_module(self):
        out = io.StringIO()
        dis.dis(inspect, file=out, show_offsets=True)
        self.assertIn("getclosurevars", out.getvalue())

    def test_instructions(self):
        instructions = list(dis.get_instructions(sample))
        self.assertEqual({i.argval for i in instructions if i.opname == "LOAD_GLOBAL"}, {"print", "ValueError"})
        offsets = [i.offset for i in instructions]
        self.assertEqual(offsets, sorted(set(offsets)))
        targets = {i.jump_target for i in instructions if i.jump_target is not None}
        self.assertTrue(targets)
        self.assertLessEqual(targets, set(offsets))
        for i in instructions:
            if i.offset in targets:
                self.assertTrue(i.is_jump_target)
        first = sample.__code__.co_firstlineno
        self.assertEqual({i.line_number - first for i in instructions if i.line_number}, {0, 1, 2, 3, 4, 5})
        moved = [i.line_number for i in dis.get_instructions(sample, first_line=first + 10) if i.line_number]
        self.assertEqual(min(moved), first + 10)

    def test_names(self):
        code = compile("from a import b\nimport c.d\ne = 1", "", "exec")
        self.assertEqual(list(dis._find_imports(code)), [("a", 0, ("b",)), ("c.d", 0, None)])
        self.assertEqual(set(dis._find_store_names(code)), {"b", "c", "e"})
        self.assertEqual(inspect.getclosurevars(sample).builtins, {"print": print, "ValueError": ValueError})

    def test_traceback(self):
        try:
            sample(5)
        except TypeError as error:
            tb = error.__traceback__
        out = io.StringIO()
        dis.distb(tb, file=out)
        self.assertIn("-->", out.getvalue())
        self.assertIn("-->", dis.Bytecode.from_traceback(tb).dis())

    def test_other_functions(self):
        self.assertIsInstance(dis.Bytecode(sample).codeobj, types.CodeType)
        self.assertIn("Name:              sample", dis.code_info(sample))
        with self.assertRaisesRegex(TypeError, "don't know how to disassemble int objects"):
            dis.dis(5)
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            dis.show_code(sample)
        self.assertIn("Variable names:", out.getvalue())


if __name__ == "__main__":
    unittest.main()
