"""Annotations (lazily evaluated), type parameters and the type statement."""

import annotationlib
import typing
import unittest


class Annotations(unittest.TestCase):
    def test_function(self):
        def f(a: int, *b: str, c: "x" = 1, **d: float) -> bool: pass
        self.assertEqual(f.__annotations__, {"a": int, "b": str, "c": "x", "d": float, "return": bool})

    def test_lazy(self):
        def f(a: not_yet): pass
        with self.assertRaises(NameError):
            f.__annotations__

    def test_lazy_resolved_later(self):
        def f(a: Later): pass
        class Later: pass
        self.assertEqual(f.__annotations__, {"a": Later})

    def test_class_body(self):
        class K:
            x: int
            y: str = "d"
        self.assertEqual((K.__annotations__, hasattr(K, "x"), K.y), ({"x": int, "y": str}, False, "d"))

    def test_class_own_only(self):
        class A: x: int
        class B(A): pass
        self.assertEqual(B.__annotations__, {})

    def test_class_scope_names(self):
        class K:
            T = int
            x: T
        self.assertEqual(K.__annotations__, {"x": int})

    def test_self_reference(self):
        class Node:
            next: Node
        self.assertIs(Node.__annotations__["next"], Node)

    def test_annotate_function(self):
        def f(a: int): pass
        self.assertEqual(f.__annotate__(1), {"a": int})
        self.assertIsNone((lambda: 0).__annotate__)

    def test_formats(self):
        def f(a: int, b: missing_name): pass
        got = annotationlib.get_annotations(f, format=annotationlib.Format.STRING)
        self.assertEqual(got, {"a": "int", "b": "missing_name"})
        got = annotationlib.get_annotations(f, format=annotationlib.Format.FORWARDREF)
        self.assertIs(got["a"], int)
        self.assertIsInstance(got["b"], annotationlib.ForwardRef)

    def test_assigned(self):
        def f(a: int): pass
        f.__annotations__ = {"z": 1}
        self.assertEqual(f.__annotations__, {"z": 1})

    def test_local_annotations_not_evaluated(self):
        def f():
            x: undefined = 1
            return x
        self.assertEqual(f(), 1)

    def test_conditional_class_annotations(self):
        class K:
            if True:
                a: int
            else:
                b: int
        self.assertEqual(K.__annotations__, {"a": int})

    def test_future_import_makes_strings(self):
        space = {}
        exec("from __future__ import annotations\ndef f(a: x + y): pass\nclass K:\n    z: list[q]", space)
        self.assertEqual((space["f"].__annotations__, space["K"].__annotations__), ({"a": "x + y"}, {"z": "list[q]"}))

    def test_module_level(self):
        space = {"__name__": "m"}
        exec("x: int = 1\ny: str", space)
        self.assertEqual(space["__annotate__"](1), {"x": int, "y": str})

    def test_syntax(self):
        with self.assertRaises(SyntaxError) as caught:
            compile("a, b: int", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "only single target (not tuple) can be annotated")
        with self.assertRaises(SyntaxError) as caught:
            compile("def f():\n global x\n x: int", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "annotated name 'x' can't be global")


class TypeParameters(unittest.TestCase):
    def test_generic_function(self):
        def f[T](x: T) -> list[T]: return [x]
        self.assertEqual(f(1), [1])
        self.assertEqual([p.__name__ for p in f.__type_params__], ["T"])
        self.assertIs(f.__annotations__["x"], f.__type_params__[0])

    def test_generic_class(self):
        class K[T]:
            def m(self, x: T) -> T: return x
        self.assertEqual(K[int]().m(5), 5)
        self.assertEqual(K.__type_params__[0].__name__, "T")
        self.assertTrue(typing.Generic in K.__mro__)
        self.assertEqual(K.__parameters__, K.__type_params__)

    def test_kinds(self):
        def f[T, *Ts, **P](): pass
        self.assertEqual([type(p).__name__ for p in f.__type_params__], ["TypeVar", "TypeVarTuple", "ParamSpec"])

    def test_bounds_and_constraints(self):
        def f[T: int, U: (str, bytes)](): pass
        t, u = f.__type_params__
        self.assertEqual((t.__bound__, u.__constraints__, t.__constraints__), (int, (str, bytes), ()))

    def test_bounds_are_lazy(self):
        def f[T: undefined_bound](): pass
        with self.assertRaises(NameError):
            f.__type_params__[0].__bound__

    def test_defaults(self):
        def f[T = int, *Ts = *tuple[int, str], **P = [int]](): pass
        t, ts, p = f.__type_params__
        self.assertEqual((t.__default__, t.has_default(), p.__default__, len([*ts.__default__])), (int, True, [int], 1))

    def test_no_default(self):
        def f[T](): pass
        self.assertIs(f.__type_params__[0].__default__, typing.NoDefault)

    def test_scope(self):
        def f[T]():
            return T
        self.assertIs(f(), f.__type_params__[0])
        with self.assertRaises(NameError):
            T

    def test_inner_functions_see_outer_parameter(self):
        class K[T]:
            def m[U](self): return T, U
        self.assertEqual([p.__name__ for p in K().m()], ["T", "U"])

    def test_default_argument_evaluated_outside(self):
        x = 5
        def f[T](a=x): return a
        self.assertEqual(f(), 5)

    def test_type_alias(self):
        type A = list[int]
        self.assertEqual((A.__name__, A.__value__, repr(A)), ("A", list[int], "A"))

    def test_alias_is_lazy(self):
        type A = undefined_thing
        with self.assertRaises(NameError):
            A.__value__

    def test_recursive_alias(self):
        type Tree = int | list[Tree]
        self.assertEqual(Tree.__value__.__args__[0], int)

    def test_generic_alias(self):
        type Pair[T] = tuple[T, T]
        self.assertEqual((Pair[int].__origin__, Pair[int].__args__), (Pair, (int,)))

    def test_metaclass_and_keywords(self):
        class M(type):
            def __new__(m, n, b, ns, **kw):
                ns["kw"] = kw
                return super().__new__(m, n, b, ns)
            def __init__(c, *a, **kw): pass
        class K[T](metaclass=M, tag=1): pass
        self.assertEqual(K.kw, {"tag": 1})

    def test_generic_base(self):
        class A[T]: pass
        class B[U](A[U]): pass
        self.assertEqual(B.__orig_bases__[0].__origin__, A)
        self.assertTrue(issubclass(B, A))

    def test_builtin_generics(self):
        self.assertEqual((list[int].__args__, dict[str, int].__origin__, repr(list[int])), ((int,), dict, "list[int]"))
        self.assertEqual(list[int]([1]), [1])

    def test_unions(self):
        self.assertEqual(repr(int | None), "int | None")
        self.assertTrue(isinstance(1, int | str))
        self.assertEqual(int | str, str | int)
        self.assertEqual((int | str).__args__, (int, str))

    def test_syntax(self):
        with self.assertRaises(SyntaxError) as caught:
            compile("def f[T, T](): pass", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "duplicate type parameter 'T'")
        with self.assertRaises(SyntaxError) as caught:
            compile("def f[T=int, U](): pass", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "non-default type parameter 'U' follows default type parameter")


if __name__ == "__main__":
    unittest.main()
