"""Traceback objects, frames, line numbers and positions."""

import io
import linecache
import sys
import traceback
import unittest


def fail(n):
    if n == 0:
        raise ValueError("bottom")
    fail(n - 1)


def caught(function, *args):
    try:
        function(*args)
    except BaseException as error:
        return error


class Tracebacks(unittest.TestCase):
    def test_chain_of_frames(self):
        names, tb = [], caught(fail, 2).__traceback__
        while tb:
            names.append(tb.tb_frame.f_code.co_name)
            tb = tb.tb_next
        self.assertEqual(names, ["caught", "fail", "fail", "fail"])

    def test_line_numbers(self):
        first = fail.__code__.co_firstlineno
        lines = [f.lineno - first for f in traceback.extract_tb(caught(fail, 1).__traceback__)][1:]
        self.assertEqual(lines, [3, 2])

    def test_line_of_multi_line_call(self):
        def f():
            return max(
                1,
                undefined_name,
            )
        tb = traceback.extract_tb(caught(f).__traceback__)
        self.assertEqual(tb[-1].lineno - f.__code__.co_firstlineno, 3)

    def test_columns(self):
        def f(d): return d["a"]["b"]
        frame = traceback.extract_tb(caught(f, {"a": {}}).__traceback__)[-1]
        line = linecache.getline(frame.filename, frame.lineno)
        self.assertEqual(line[frame.colno:frame.end_colno], 'd["a"]["b"]')

    def test_format_exception(self):
        text = "".join(traceback.format_exception(caught(fail, 0)))
        self.assertTrue(text.startswith("Traceback (most recent call last):\n  File "))
        self.assertTrue(text.endswith("ValueError: bottom\n"))
        self.assertIn('    raise ValueError("bottom")\n', text)

    def test_format_chain(self):
        def f():
            try:
                {}["k"]
            except KeyError as e:
                raise ValueError("v") from e
        text = "".join(traceback.format_exception(caught(f)))
        self.assertIn("KeyError: 'k'\n\nThe above exception was the direct cause of the following exception:\n\n", text)

    def test_format_context(self):
        def f():
            try:
                {}["k"]
            except KeyError:
                [][0]
        text = "".join(traceback.format_exception(caught(f)))
        self.assertIn("\n\nDuring handling of the above exception, another exception occurred:\n\n", text)

    def test_format_exception_only(self):
        self.assertEqual(traceback.format_exception_only(KeyError("k")), ["KeyError: 'k'\n"])
        e = ValueError("v")
        e.add_note("note")
        self.assertEqual(traceback.format_exception_only(e), ["ValueError: v\n", "note\n"])

    def test_print_exc(self):
        out = io.StringIO()
        try:
            1 / 0
        except ZeroDivisionError:
            traceback.print_exc(file=out)
        self.assertTrue(out.getvalue().endswith("ZeroDivisionError: division by zero\n"))

    def test_repeated_lines_are_collapsed(self):
        self.assertIn("  [Previous line repeated 7 more times]\n",
                      "".join(traceback.format_exception(caught(fail, 10))))

    def test_group_format(self):
        text = "".join(traceback.format_exception(ExceptionGroup("g", [ValueError(1), KeyError(2)])))
        self.assertIn("  | ExceptionGroup: g (2 sub-exceptions)\n", text)
        self.assertIn("  +-+---------------- 1 ----------------\n    | ValueError: 1\n", text)

    def test_reraise_adds_no_frame_twice(self):
        def f():
            try:
                fail(0)
            except ValueError:
                raise
        self.assertEqual([x.name for x in traceback.extract_tb(caught(f).__traceback__)], ["caught", "f", "fail"])

    def test_raise_again_elsewhere_appends(self):
        e = caught(fail, 0)
        def again(): raise e
        e2 = caught(again)
        self.assertEqual([x.name for x in traceback.extract_tb(e2.__traceback__)],
                         ["caught", "again", "caught", "fail"])

    def test_generator_frames(self):
        def g():
            yield 1
            fail(0)
        self.assertEqual([x.name for x in traceback.extract_tb(caught(list, g()).__traceback__)],
                         ["caught", "g", "fail"])

    def test_comprehension_has_no_frame(self):
        def f(): return [1 / x for x in (0,)]
        self.assertEqual([x.name for x in traceback.extract_tb(caught(f).__traceback__)], ["caught", "f"])

    def test_tb_next_can_be_cut(self):
        e = caught(fail, 1)
        e.__traceback__.tb_next = None
        self.assertEqual(len(traceback.extract_tb(e.__traceback__)), 1)

    def test_suggestions(self):
        class K: attribute = 1
        text = "".join(traceback.format_exception(caught(lambda: K.atribute)))
        self.assertIn("Did you mean: 'attribute'?", text)


class Frames(unittest.TestCase):
    def test_getframe(self):
        f = sys._getframe()
        self.assertEqual(f.f_code.co_name, "test_getframe")
        self.assertIs(f.f_globals, globals())
        self.assertIs(f.f_builtins["len"], len)

    def test_f_back(self):
        def inner(): return sys._getframe(1).f_code.co_name, sys._getframe().f_back.f_code.co_name
        self.assertEqual(inner(), ("test_f_back", "test_f_back"))

    def test_f_lineno_moves(self):
        f = sys._getframe()
        a = f.f_lineno
        b = f.f_lineno
        self.assertEqual(b - a, 1)

    def test_f_locals_reads_and_writes(self):
        x = 1
        locals_proxy = sys._getframe().f_locals
        self.assertEqual(locals_proxy["x"], 1)
        locals_proxy["x"] = 2
        self.assertEqual(x, 2)

    def test_locals_of_dead_frame(self):
        def f():
            secret = 42
            raise KeyError
        tb = caught(f).__traceback__.tb_next
        self.assertEqual(tb.tb_frame.f_locals["secret"], 42)

    def test_frame_clear(self):
        def f():
            big = [1]
            raise KeyError
        tb = caught(f).__traceback__.tb_next
        tb.tb_frame.clear()
        self.assertEqual(dict(tb.tb_frame.f_locals), {})

    def test_too_deep(self):
        with self.assertRaises(ValueError) as caught:
            sys._getframe(10**6)
        self.assertEqual(str(caught.exception), "call stack is not deep enough")

    def test_code_positions(self):
        def f(): return 1
        self.assertTrue(all(len(p) == 4 for p in f.__code__.co_positions()))
        self.assertTrue(all(len(p) == 3 for p in f.__code__.co_lines()))

    def test_settrace_sees_lines(self):
        events = []
        def f():
            a = 1
            return a
        def tracer(frame, event, arg):
            if frame.f_code is f.__code__:
                events.append((event, frame.f_lineno - f.__code__.co_firstlineno))
            return tracer
        old = sys.gettrace()
        sys.settrace(tracer)
        try:
            f()
        finally:
            sys.settrace(old)
        self.assertEqual(events, [("call", 0), ("line", 1), ("line", 2), ("return", 2)])

    def test_setprofile_sees_calls(self):
        events = []
        def f(): return len([])
        def profiler(frame, event, arg):
            events.append(event)
        sys.setprofile(profiler)
        try:
            f()
        finally:
            sys.setprofile(None)
        self.assertEqual(events[:4], ["call", "c_call", "c_return", "return"])


if __name__ == "__main__":
    unittest.main()
