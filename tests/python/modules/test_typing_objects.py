"""_typing, string.templatelib, _tokenize and _symtable: what typing.py, t-strings, tokenize.py and symtable.py rest on."""
import io
import pickle
import symtable
import tokenize
import types
import typing
import unittest
from string.templatelib import Interpolation, Template
from typing import Generic, NoDefault, ParamSpec, TypeVar, TypeVarTuple, Union

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
P = ParamSpec("P")
type Alias[K, V = int] = dict[K, V]


class TypeParameters(unittest.TestCase):
    def test_lazy_evaluation(self):
        def f[A: missing, B: (int, also_missing)](): pass
        a, b = f.__type_params__
        with self.assertRaises(NameError):
            a.__bound__
        with self.assertRaises(NameError):
            b.__constraints__
        self.assertIs(T.__default__, NoDefault)
        self.assertEqual(TypeVar("X", bound=int).evaluate_bound(4), "int")

    def test_substitution(self):
        self.assertEqual(tuple[*Ts][int, str], tuple[int, str])
        self.assertEqual(tuple[T, *Ts][*tuple[int, str]], tuple[int, str])
        self.assertEqual((list[T] | int)[str], list[str] | int)
        with self.assertRaisesRegex(TypeError, "Too few arguments"):
            dict[T, TypeVar("V")][int]

    def test_generic_classes(self):
        class Box(Generic[T]): pass
        class Pair[X, Y]: pass
        self.assertEqual(Box.__parameters__, (T,))
        self.assertIsInstance(object.__new__(Box), Box)
        self.assertEqual(repr(Pair[int, str]).rpartition(".")[2], "Pair[int, str]")

    def test_alias(self):
        self.assertEqual(Alias[str].__origin__, Alias)
        self.assertEqual(Alias.__value__, dict[Alias.__type_params__[0], Alias.__type_params__[1]])
        self.assertEqual(typing.TypeAliasType.__module__, "typing")

    def test_pickling(self):
        for v in (T, Ts, P, Alias, NoDefault):
            self.assertIs(pickle.loads(pickle.dumps(v)), v)
        [starred] = list[int]
        self.assertEqual(pickle.loads(pickle.dumps(starred)), starred)

    def test_union(self):
        self.assertEqual(Union["X", int].__args__[0].__forward_arg__, "X")
        self.assertEqual(int | str, str | int)
        self.assertEqual(repr(T | None), "~T | None")
        with self.assertRaises(TypeError):
            iter(int | str)
        self.assertIs(types.UnionType, Union)


class Templates(unittest.TestCase):
    def test_parts(self):
        x = 5
        t = t"a{x!r:>{x}}b"
        self.assertEqual(t.strings, ("a", "b"))
        self.assertEqual(repr(t.interpolations[0]), "Interpolation(5, 'x', 'r', '>5')")
        self.assertEqual(t.values, (5,))
        self.assertEqual((t + t"c").strings, ("a", "bc"))
        self.assertEqual(Template("a", "b", Interpolation(1)).strings, ("ab", ""))
        self.assertEqual(repr(pickle.loads(pickle.dumps(t))), repr(t))


class Tokens(unittest.TestCase):
    def test_places(self):
        source = "if x:\n  '''a\r\nb''' # c\n"
        found = [(t.type, t.string, t.start, t.end) for t in tokenize.generate_tokens(io.StringIO(source).readline)]
        self.assertIn((tokenize.STRING, "'''a\r\nb'''", (2, 2), (3, 4)), found)
        self.assertIn((tokenize.COMMENT, "# c", (3, 5), (3, 8)), found)
        self.assertEqual(found[-1], (tokenize.ENDMARKER, "", (4, 0), (4, 0)))

    def test_errors(self):
        for source in ("(", "'abc", "x\0"):
            with self.assertRaises(tokenize.TokenError):
                list(tokenize.generate_tokens(io.StringIO(source).readline))


class SymbolTables(unittest.TestCase):
    def test_scopes(self):
        top = symtable.symtable("def f(a):\n  b = 1\n  def g(): return b, c\n", "?", "exec")
        f = next(c for c in top.get_children() if c.get_name() == "f")
        g = next(c for c in f.get_children() if c.get_name() == "g")
        self.assertEqual(f.get_parameters(), ("a",))
        self.assertEqual(g.get_frees(), ("b",))
        self.assertEqual(g.get_globals(), ("c",))


if __name__ == "__main__":
    unittest.main()
