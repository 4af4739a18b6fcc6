"""Context variables, warnings and other state that belongs to one thread.

Race: one ContextVar set and reset in all threads; contexts copied and run elsewhere; exception state.
Legal outcomes: what a thread sets, only this thread (and contexts copied from it) sees; sys.exception() is the
thread's own.
"""

import contextlib
import contextvars
import decimal
import random
import sys
import threading
import unittest

from support import numbered, race, repeat, scaled

N = scaled(2_000)


class Contexts(unittest.TestCase):
    def test_variable_is_per_thread(self):
        variable = contextvars.ContextVar("variable", default="default")

        def work(k):
            for i in range(N):
                token = variable.set((k, i))
                assert variable.get() == (k, i)
                variable.reset(token)
                assert variable.get() == "default"
        race(*numbered(work))

    def test_copied_context_runs_elsewhere(self):
        variable = contextvars.ContextVar("variable")
        variable.set("outer")
        context = contextvars.copy_context()
        variable.set("changed")

        def work():
            mine = context.copy()
            assert mine.run(variable.get) == "outer"
            mine.run(variable.set, "inner")
            assert mine[variable] == "inner" and context[variable] == "outer"
        race(*repeat(lambda: [work() for _ in range(N // 10)]))

    def test_one_context_entered_by_two_threads(self):
        context = contextvars.copy_context()
        inside, leave = threading.Event(), threading.Event()

        def first():
            def body():
                inside.set()
                assert leave.wait(30)
            context.run(body)

        def second():
            assert inside.wait(30)
            try:
                with self.assertRaisesRegex(RuntimeError, "already entered"):
                    context.run(int)
            finally:
                leave.set()
        race(first, second)
        self.assertEqual(context.run(int), 0)

    def test_exception_state_is_per_thread(self):
        def work(k):
            for i in range(N):
                try:
                    raise KeyError(k, i)
                except KeyError as error:
                    assert sys.exception() is error and error.args == (k, i)
                    try:
                        raise ValueError
                    except ValueError as inner:
                        assert inner.__context__ is error
                    assert sys.exception() is error
                assert sys.exception() is None
        race(*numbered(work))

    def test_decimal_precision_is_per_thread(self):
        def work(k):
            with decimal.localcontext() as context:
                context.prec = 5 + k
                for _ in range(N // 20):
                    assert len(str(decimal.Decimal(1) / 3)) == 2 + 5 + k
        race(*numbered(work))

    def test_stacks_and_managers(self):
        order = []

        @contextlib.contextmanager
        def manager(k, i):
            yield (k, i)
            order.append((k, i))

        def work(k):
            for i in range(N // 4):
                with contextlib.ExitStack() as stack:
                    assert stack.enter_context(manager(k, i)) == (k, i)
        race(*numbered(work))
        for k in range(4):
            self.assertEqual([i for owner, i in order if owner == k], list(range(N // 4)))

    def test_frames_of_other_threads(self):
        def work():
            def inner(n):
                return n if n == 0 else inner(n - 1)
            for _ in range(N // 4):
                inner(10)
        def look():
            for frame in sys._current_frames().values():
                depth = 0
                while frame is not None and depth < 100:
                    line = frame.f_lineno  # read once: the frame moves on
                    assert line is None or line >= 0
                    assert frame.f_code.co_name
                    frame = frame.f_back
                    depth += 1
        race(*repeat(work, 2), meanwhile=[look])

    def test_random_generators(self):
        shared = random.Random(1)

        def work():
            own = random.Random(5)
            mine = [own.random() for _ in range(N)]
            assert mine == [value for r in [random.Random(5)] for value in (r.random() for _ in range(N))]
            assert all(0 <= shared.random() < 1 for _ in range(N))
            assert all(1 <= shared.randint(1, 6) <= 6 for _ in range(N // 4))
        race(*repeat(work))


if __name__ == "__main__":
    unittest.main()
