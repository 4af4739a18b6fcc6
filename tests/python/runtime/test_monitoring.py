"""sys.monitoring (PEP 669) beyond CPython's own tests: tools that come and go, and frames that are jumped in."""

import sys
import unittest

m = sys.monitoring
E = m.events
TOOL = 3


class Tool(unittest.TestCase):
    def setUp(self):
        m.use_tool_id(TOOL, "test")
        self.addCleanup(m.free_tool_id, TOOL)
        self.seen = []

    def record(self, event, answer=None):
        def callback(code, *arguments):
            self.seen.append((code.co_name, *arguments))
            return answer
        m.register_callback(TOOL, event, callback)

    def test_local_events_end_with_the_tool(self):
        def f():
            return 1
        self.record(E.PY_START)
        m.set_local_events(TOOL, f.__code__, E.PY_START)
        f()
        m.clear_tool_id(TOOL)
        self.record(E.PY_START)
        f()
        self.assertEqual([name for name, *_ in self.seen], ["f"])

    def test_disabled_until_asked_for_anew(self):
        def f():
            return 1
        self.record(E.PY_START, m.DISABLE)
        m.set_local_events(TOOL, f.__code__, E.PY_START)
        f()
        f()
        self.assertEqual(len(self.seen), 1)
        m.set_local_events(TOOL, f.__code__, 0)
        m.set_local_events(TOOL, f.__code__, E.PY_START)
        f()
        self.assertEqual(len(self.seen), 2)
        m.restart_events()
        f()
        self.assertEqual(len(self.seen), 3)

    def test_lines_of_statements_that_do_nothing(self):
        def f(n):
            while True:
                try:
                    if n:
                        pass
                    else:
                        continue
                finally:
                    n += 1
                break
        self.record(E.LINE)
        m.set_local_events(TOOL, f.__code__, E.LINE)
        f(0)
        first = f.__code__.co_firstlineno
        self.assertEqual([line - first for _, line in self.seen], [1, 2, 3, 6, 8, 1, 2, 3, 4, 8, 9])

    def test_branch_callback_disables_both_ways(self):
        def f(n):
            for i in range(n):
                pass
        self.record(E.BRANCH, m.DISABLE)
        m.set_local_events(TOOL, f.__code__, E.BRANCH)
        f(3)
        self.assertEqual(len(self.seen), 1)


class Jumps(unittest.TestCase):
    def jump(self, f, from_line, to_line):
        first = f.__code__.co_firstlineno
        done = []

        def trace(frame, event, argument):
            if event == "line" and frame.f_lineno == first + from_line and not done:
                done.append(True)
                frame.f_lineno = first + to_line
            return trace

        before = sys.gettrace()
        sys.settrace(lambda frame, event, argument: trace if frame.f_code is f.__code__ else None)
        try:
            return f()
        finally:
            sys.settrace(before)

    def test_out_of_nested_loops(self):
        def f():
            out = []
            for a in range(3):
                for b in range(3):
                    out.append((a, b))
                    out.append("skipped")
            out.append("end")
            return out
        self.assertEqual(self.jump(f, 5, 6), [(0, 0), "end"])

    def test_into_a_while_loop(self):
        # Constants of a loop may wait in registers that are filled in front of it.
        def f():
            out = []
            i = 5
            out.append("skipped")
            while i < 9:
                i = i + 2
                out.append(i * 3)
            return out
        self.assertEqual(self.jump(f, 3, 5), [21, 27])

    def test_out_of_a_handler(self):
        def f():
            try:
                1 / 0
            except ZeroDivisionError:
                raise ValueError
            return sys.exception()
        self.assertIsNone(self.jump(f, 4, 5))

    def test_not_into_a_for_loop(self):
        def f():
            x = 1
            for i in (1, 2):
                x = 2
            return x
        with self.assertRaisesRegex(ValueError, "can't jump into the body of a for loop"):
            self.jump(f, 1, 3)


class KeywordNames(unittest.TestCase):
    def test_not_mangled(self):
        class C:
            def collect(self, **given):
                return given

            def call(self):
                return self.collect(__x=1), self.collect(**{}, __y=2)
        self.assertEqual(C().call(), ({"__x": 1}, {"__y": 2}))


if __name__ == "__main__":
    unittest.main()
