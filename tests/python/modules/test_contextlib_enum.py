"""contextlib and enum."""

import contextlib
import enum
import io
import unittest


class Contextlib(unittest.TestCase):
    def test_contextmanager(self):
        log = []
        @contextlib.contextmanager
        def cm(x):
            log.append("in")
            try:
                yield x
            finally:
                log.append("out")
        with cm(5) as v:
            log.append(v)
        self.assertEqual(log, ["in", 5, "out"])

    def test_contextmanager_sees_exception(self):
        @contextlib.contextmanager
        def cm():
            try:
                yield
            except KeyError:
                pass
        with cm():
            raise KeyError
        with self.assertRaises(ValueError):
            with cm():
                raise ValueError

    def test_contextmanager_must_yield_once(self):
        @contextlib.contextmanager
        def none_():
            return
            yield
        @contextlib.contextmanager
        def two():
            yield
            yield
        with self.assertRaises(RuntimeError) as caught:
            none_().__enter__()
        self.assertEqual(str(caught.exception), "generator didn't yield")
        with self.assertRaisesRegex(RuntimeError, "generator didn't stop"):
            with two():
                pass

    def test_as_decorator(self):
        log = []
        @contextlib.contextmanager
        def cm():
            log.append("in")
            yield
            log.append("out")
        @cm()
        def f(): log.append("body")
        f()
        f()
        self.assertEqual(log, ["in", "body", "out"] * 2)

    def test_suppress_and_nullcontext(self):
        with contextlib.suppress(KeyError, ValueError):
            raise ValueError
        with contextlib.nullcontext(5) as x:
            self.assertEqual(x, 5)

    def test_closing_and_redirect(self):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            print("x")
        self.assertEqual(out.getvalue(), "x\n")
        with contextlib.closing(io.StringIO()) as f:
            pass
        self.assertTrue(f.closed)

    def test_exit_stack(self):
        log = []
        with contextlib.ExitStack() as stack:
            stack.callback(log.append, 1)
            stack.callback(log.append, 2)
            stack.push(lambda *a: log.append(a[0]) or True)
            raise KeyError
        self.assertEqual(log, [KeyError, 2, 1])

    def test_exit_stack_pop_all(self):
        log = []
        with contextlib.ExitStack() as stack:
            stack.callback(log.append, 1)
            kept = stack.pop_all()
        self.assertEqual(log, [])
        kept.close()
        self.assertEqual(log, [1])

    def test_async_context_manager(self):
        log = []
        @contextlib.asynccontextmanager
        async def cm():
            log.append("in")
            yield 1
            log.append("out")
        async def f():
            async with cm() as x:
                log.append(x)
        with self.assertRaises(StopIteration):
            f().send(None)
        self.assertEqual(log, ["in", 1, "out"])


class Color(enum.Enum):
    RED = 1
    GREEN = 2
    CRIMSON = 1


class EnumTests(unittest.TestCase):
    def test_members(self):
        self.assertEqual(Color.RED.name, "RED")
        self.assertEqual(Color.RED.value, 1)
        self.assertEqual(Color(2), Color.GREEN)
        self.assertEqual(Color["RED"], Color.RED)
        self.assertEqual(len(Color), 2)
        self.assertEqual(list(Color), [Color.RED, Color.GREEN])

    def test_aliases(self):
        self.assertIs(Color.CRIMSON, Color.RED)
        self.assertEqual(list(Color.__members__), ["RED", "GREEN", "CRIMSON"])

    def test_repr_and_str(self):
        self.assertEqual(repr(Color.RED), "<Color.RED: 1>")
        self.assertEqual(str(Color.RED), "Color.RED")
        self.assertEqual(f"{Color.RED}", "Color.RED")

    def test_identity_hash_contains(self):
        self.assertTrue(Color.RED in Color and {Color.RED: 1}[Color(1)] == 1 and Color.RED != 1 and 1 in Color)

    def test_errors(self):
        with self.assertRaises(ValueError) as caught:
            Color(7)
        self.assertEqual(str(caught.exception), "7 is not a valid Color")
        with self.assertRaises(KeyError) as caught:
            Color["BLUE"]
        self.assertEqual(str(caught.exception), "'BLUE'")
        with self.assertRaises(AttributeError) as caught:
            Color.BLUE
        self.assertEqual(str(caught.exception), "type object 'Color' has no attribute 'BLUE'")
        with self.assertRaises(AttributeError) as caught:
            Color.RED = 5
        self.assertEqual(str(caught.exception), "cannot reassign member 'RED'")
        with self.assertRaisesRegex(TypeError, "cannot extend"):
            class Sub(Color): pass

    def test_auto_and_functional(self):
        class A(enum.Enum):
            X = enum.auto()
            Y = enum.auto()
        B = enum.Enum("B", "P Q")
        self.assertEqual(([a.value for a in A], [b.value for b in B]), ([1, 2], [1, 2]))

    def test_int_enum(self):
        class I(enum.IntEnum):
            A = 1
            B = 2
        self.assertTrue(I.A == 1 and I.A + 1 == 2 and I.A < I.B and isinstance(I.A, int))
        self.assertEqual((f"{I.A}", str(I.A), repr(I.A)), ("1", "1", "<I.A: 1>"))

    def test_str_enum(self):
        class S(enum.StrEnum):
            A = enum.auto()
            B = "bee"
        self.assertEqual((S.A, S.B.upper(), f"{S.B}"), ("a", "BEE", "bee"))

    def test_flags(self):
        class F(enum.Flag):
            R = 4
            W = 2
            X = 1
            RW = R | W
        self.assertEqual(F.R | F.W, F.RW)
        self.assertEqual(F.RW & F.R, F.R)
        self.assertEqual(F.R in F.RW, True)
        self.assertEqual(list(F.RW), [F.R, F.W])
        self.assertEqual(F(0).value, 0)
        self.assertEqual(~F.R, F.W | F.X)
        self.assertEqual((repr(F.RW), repr(F.R | F.X)), ("<F.RW: 6>", "<F.R|X: 5>"))

    def test_int_flag(self):
        class F(enum.IntFlag):
            A = 1
            B = 2
        self.assertEqual((F.A | 2, (F.A | F.B) == 3, F(7).value), (F.A | F.B, True, 7))

    def test_methods_and_properties(self):
        class P(enum.Enum):
            EARTH = (1, 2)
            def __init__(self, a, b): self.a, self.b = a, b
            @property
            def total(self): return self.a + self.b
            @classmethod
            def default(cls): return cls.EARTH
        self.assertEqual((P.EARTH.total, P.default(), P((1, 2))), (3, P.EARTH, P.EARTH))

    def test_unique(self):
        with self.assertRaises(ValueError):
            @enum.unique
            class U(enum.Enum):
                A = 1
                B = 1

    def test_missing_hook(self):
        class M(enum.Enum):
            A = 1
            @classmethod
            def _missing_(cls, v): return cls.A
        self.assertIs(M("anything"), M.A)

    def test_iteration_order_and_reversed(self):
        self.assertEqual(list(reversed(Color)), [Color.GREEN, Color.RED])

    def test_pickle_and_copy(self):
        import copy
        import pickle
        self.assertIs(pickle.loads(pickle.dumps(Color.RED)), Color.RED)
        self.assertIs(copy.deepcopy(Color.RED), Color.RED)


if __name__ == "__main__":
    unittest.main()
