"""super, properties, attribute hooks, class and static methods, metaclasses and the class creation protocol."""

import unittest


class Super(unittest.TestCase):
    def test_explicit_arguments(self):
        class A:
            def f(self): return "A"
        class B(A):
            def f(self): return "B"
        self.assertEqual(super(B, B()).f(), "A")

    def test_in_class_method(self):
        class A:
            @classmethod
            def make(cls): return cls.__name__
        class B(A):
            @classmethod
            def make(cls): return "B:" + super().make()
        self.assertEqual(B.make(), "B:B")

    def test_in_property(self):
        class A:
            @property
            def p(self): return 1
        class B(A):
            @property
            def p(self): return super().p + 1
        self.assertEqual(B().p, 2)

    def test_attribute_error(self):
        class A: pass
        class B(A):
            def f(self): return super().missing
        with self.assertRaises(AttributeError) as caught:
            B().f()
        self.assertEqual(str(caught.exception), "'super' object has no attribute 'missing'")

    def test_outside_class(self):
        def f(): super()
        with self.assertRaises(RuntimeError) as caught:
            f()
        self.assertEqual(str(caught.exception), "super(): no arguments")

    def test_dunder_class_cell(self):
        class A:
            def f(self): return __class__
        self.assertIs(A().f(), A)

    def test_in_nested_function(self):
        class A:
            def f(self): return 1
        class B(A):
            def f(self):
                def inner():
                    return super(B, self).f()
                return inner() + 1
        self.assertEqual(B().f(), 2)

    def test_wrong_type(self):
        class A: pass
        with self.assertRaisesRegex(TypeError, "is not an instance or subtype of type"):
            super(A, 5)


class Accessors(unittest.TestCase):
    def test_property_get_set_delete(self):
        class K:
            def __init__(self): self._x = 1
            @property
            def x(self):
                "doc"
                return self._x
            @x.setter
            def x(self, v): self._x = v
            @x.deleter
            def x(self): self._x = None
        k = K()
        k.x = 5
        self.assertEqual((k.x, K.x.__doc__), (5, "doc"))
        del k.x
        self.assertIsNone(k.x)

    def test_property_read_only(self):
        class K:
            x = property(lambda self: 1)
        with self.assertRaisesRegex(AttributeError, "property 'x' of '.*K' object has no setter"):
            K().x = 1
        with self.assertRaisesRegex(AttributeError, "property 'x' of '.*K' object has no deleter"):
            del K().x

    def test_property_without_getter(self):
        class K:
            x = property(None, lambda self, v: None)
        with self.assertRaisesRegex(AttributeError, "has no getter"):
            K().x

    def test_class_method_and_static_method(self):
        class K:
            @classmethod
            def c(cls, a): return cls, a
            @staticmethod
            def s(a): return a
        self.assertEqual((K.c(1), K().c(2), K.s(3), K().s(4)), ((K, 1), (K, 2), 3, 4))

    def test_static_method_is_callable_itself(self):
        class K:
            @staticmethod
            def s(): return 1
            value = s()
        self.assertEqual(K.value, 1)

    def test_getattr_only_when_missing(self):
        class K:
            x = 1
            def __getattr__(self, name): return "dyn " + name
        self.assertEqual((K().x, K().y), (1, "dyn y"))

    def test_getattribute_sees_all(self):
        class K:
            x = 1
            def __getattribute__(self, name): return name
        self.assertEqual((K().x, K().y), ("x", "y"))

    def test_setattr_and_delattr_hooks(self):
        log = []
        class K:
            def __setattr__(self, n, v): log.append((n, v))
            def __delattr__(self, n): log.append(n)
        k = K()
        k.a = 1
        del k.b
        self.assertEqual((log, vars(k)), ([("a", 1), "b"], {}))

    def test_dir_hook(self):
        class K:
            def __dir__(self): return ["b", "a"]
        self.assertEqual(dir(K()), ["a", "b"])


class Metaclasses(unittest.TestCase):
    def test_new_init_call(self):
        log = []
        class M(type):
            def __new__(m, name, bases, ns):
                log.append("new"); return super().__new__(m, name, bases, ns)
            def __init__(c, name, bases, ns):
                log.append("init"); super().__init__(name, bases, ns)
            def __call__(c, *a):
                log.append("call"); return super().__call__(*a)
        class K(metaclass=M): pass
        K()
        self.assertEqual(log, ["new", "init", "call"])

    def test_prepare(self):
        class M(type):
            @classmethod
            def __prepare__(m, name, bases, **kw): return {"given": kw}
            def __new__(m, name, bases, ns, **kw): return super().__new__(m, name, bases, dict(ns))
            def __init__(c, *a, **kw): pass
        class K(metaclass=M, option=1): pass
        self.assertEqual(K.given, {"option": 1})

    def test_inherited(self):
        class M(type): pass
        class A(metaclass=M): pass
        class B(A): pass
        self.assertIs(type(B), M)

    def test_conflict(self):
        class M(type): pass
        class N(type): pass
        class A(metaclass=M): pass
        class B(metaclass=N): pass
        with self.assertRaisesRegex(TypeError, "metaclass conflict"):
            class C(A, B): pass

    def test_function_as_metaclass(self):
        def meta(name, bases, ns): return (name, bases, ns["x"])
        class K(metaclass=meta): x = 1
        self.assertEqual(K, ("K", (), 1))

    def test_operators_on_class(self):
        class M(type):
            def __len__(c): return 3
            def __getitem__(c, k): return k
            def __contains__(c, x): return True
            def __iter__(c): return iter("ab")
            def __add__(c, o): return "sum"
        class K(metaclass=M): pass
        self.assertEqual((len(K), K["k"], 1 in K, list(K), K + 1), (3, "k", True, ["a", "b"], "sum"))

    def test_init_subclass(self):
        got = []
        class A:
            def __init_subclass__(cls, /, tag=None, **kw):
                super().__init_subclass__(**kw)
                got.append((cls.__name__, tag))
        class B(A, tag=1): pass
        class C(B): pass
        self.assertEqual(got, [("B", 1), ("C", None)])

    def test_init_subclass_unknown_keyword(self):
        with self.assertRaisesRegex(TypeError, "takes no keyword arguments"):
            class K(x=1): pass

    def test_class_getitem(self):
        class K:
            def __class_getitem__(cls, k): return (cls, k)
        self.assertEqual(K[int], (K, int))

    def test_not_subscriptable(self):
        class K: pass
        with self.assertRaises(TypeError) as caught:
            K[1]
        self.assertEqual(str(caught.exception), "type 'K' is not subscriptable")

    def test_set_name(self):
        class D:
            def __set_name__(self, owner, name): self.got = owner, name
        class K: d = D()
        self.assertEqual(K.__dict__["d"].got, (K, "d"))

    def test_mro_entries(self):
        class Fake:
            def __mro_entries__(self, bases): return (list,)
        class K(Fake()): pass
        self.assertEqual(K.__bases__, (list,))
        self.assertIsInstance(K.__orig_bases__[0], Fake)

    def test_class_keyword_unpacking(self):
        bases, options = (int,), {"metaclass": type}
        class K(*bases, **options): pass
        self.assertEqual(K(5), 5)

    def test_new_of_another_type(self):
        class A: __new__ = str.__subclasscheck__
        self.assertIs(A(), False)
        class B: __new__ = str.__new__
        self.assertIs(type(B()), B)
        self.assertIn("B object", repr(B()))
        class L(list): __new__ = object.__new__
        self.assertEqual(L("ab"), ["a", "b"])
        class M(list): __new__ = list.__new__
        self.assertEqual(M("ab"), ["a", "b"])
        class N(int): __new__ = bool.__new__
        self.assertEqual(N(5) + 1, 6)


if __name__ == "__main__":
    unittest.main()
