"""The with statement."""

import unittest


class Note:
    def __init__(self, log, name, swallow=False):
        self.log, self.name, self.swallow = log, name, swallow

    def __enter__(self):
        self.log.append("+" + self.name)
        return self

    def __exit__(self, kind, value, trace):
        self.log.append("-" + self.name + (":" + kind.__name__ if kind else ""))
        return self.swallow


class With(unittest.TestCase):
    def test_enter_and_exit(self):
        log = []
        with Note(log, "a") as n:
            log.append("body")
        self.assertEqual((log, n.name), (["+a", "body", "-a"], "a"))

    def test_several_left_to_right(self):
        log = []
        with Note(log, "a"), Note(log, "b") as b:
            pass
        self.assertEqual(log, ["+a", "+b", "-b", "-a"])

    def test_parenthesised(self):
        log = []
        with (
            Note(log, "a") as a,
            Note(log, "b"),
        ):
            pass
        self.assertEqual(log, ["+a", "+b", "-b", "-a"])

    def test_exception_passes_through(self):
        log = []
        with self.assertRaises(KeyError):
            with Note(log, "a"):
                raise KeyError
        self.assertEqual(log, ["+a", "-a:KeyError"])

    def test_exception_swallowed(self):
        log = []
        with Note(log, "a"), Note(log, "b", True), Note(log, "c"):
            raise KeyError
        self.assertEqual(log, ["+a", "+b", "+c", "-c:KeyError", "-b:KeyError", "-a"])

    def test_second_enter_fails(self):
        log = []
        class Bad(Note):
            def __enter__(self): raise ValueError
        with self.assertRaises(ValueError):
            with Note(log, "a"), Bad(log, "b"):
                self.fail()
        self.assertEqual(log, ["+a", "-a:ValueError"])

    def test_exit_raises(self):
        class Bad:
            def __enter__(self): pass
            def __exit__(self, *a): raise ValueError
        with self.assertRaises(ValueError) as c:
            with Bad():
                raise KeyError
        self.assertIsInstance(c.exception.__context__, KeyError)

    def test_return_runs_exit(self):
        log = []
        def f():
            with Note(log, "a"):
                return "r"
        self.assertEqual((f(), log), ("r", ["+a", "-a"]))

    def test_exit_arguments(self):
        got = []
        class CM:
            def __enter__(self): pass
            def __exit__(self, *a):
                got.extend(a)
                return True
        with CM():
            raise KeyError("k")
        self.assertEqual((got[0], got[1].args), (KeyError, ("k",)))
        self.assertEqual(got[2].tb_frame.f_code.co_name, "test_exit_arguments")

    def test_special_lookup_on_type(self):
        class CM: pass
        c = CM()
        c.__enter__ = c.__exit__ = lambda *a: None
        with self.assertRaisesRegex(TypeError, "does not support the context manager protocol"):
            with c:
                pass

    def test_missing_exit(self):
        class CM:
            def __enter__(self): pass
        with self.assertRaisesRegex(TypeError, r"missed __exit__ method"):
            with CM():
                pass

    def test_target_unpacking(self):
        class CM:
            def __enter__(self): return 1, [2, 3]
            def __exit__(self, *a): pass
        with CM() as (a, [b, *c]):
            self.assertEqual((a, b, c), (1, 2, [3]))

    def test_target_attribute(self):
        class T: pass
        with Note([], "x") as T.value:
            self.assertEqual(T.value.name, "x")

    def test_exit_result_truth_value(self):
        class CM:
            def __init__(self, r): self.r = r
            def __enter__(self): pass
            def __exit__(self, *a): return self.r
        with CM([0]):
            raise KeyError
        with self.assertRaises(KeyError):
            with CM([]):
                raise KeyError


if __name__ == "__main__":
    unittest.main()
