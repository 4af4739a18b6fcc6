"""Class statements, inheritance, super, properties, class and static methods, metaclasses."""

import gc
import unittest


class Basics(unittest.TestCase):
    def test_body_runs_once_in_own_namespace(self):
        log = []
        class K:
            log.append("body")
            a = 1
            b = a + 1
        self.assertEqual((log, K.b), (["body"], 2))

    def test_instance_and_class_attributes(self):
        class K: x = 1
        k = K()
        k.x = 2
        self.assertEqual((k.x, K.x, K().x), (2, 1, 1))
        del k.x
        self.assertEqual(k.x, 1)

    def test_init_must_return_none(self):
        class K:
            def __init__(self): return 1
        with self.assertRaises(TypeError) as caught:
            K()
        self.assertEqual(str(caught.exception), "__init__() should return None, not 'int'")

    def test_no_arguments_taken(self):
        class K: pass
        with self.assertRaises(TypeError) as caught:
            K(1)
        self.assertEqual(str(caught.exception), "K() takes no arguments")

    def test_attribute_error_text(self):
        class K: pass
        with self.assertRaises(AttributeError) as caught:
            K().missing
        self.assertEqual(str(caught.exception), "'K' object has no attribute 'missing'")
        with self.assertRaises(AttributeError) as caught:
            K.missing
        self.assertEqual(str(caught.exception), "type object 'K' has no attribute 'missing'")

    def test_attribute_error_fields(self):
        class K: pass
        k = K()
        with self.assertRaises(AttributeError) as caught:
            k.missing
        self.assertEqual(caught.exception.name, "missing")
        self.assertIs(caught.exception.obj, k)

    def test_names(self):
        class K:
            class Inner: pass
        self.assertEqual(K.Inner.__qualname__, "Basics.test_names.<locals>.K.Inner")
        self.assertEqual((K.__name__, K.__module__), ("K", __name__))

    def test_bound_method(self):
        class K:
            def m(self, x): return self, x
        k = K()
        m = k.m
        self.assertEqual(m(1), (k, 1))
        self.assertIs(m.__self__, k)
        self.assertIs(m.__func__, K.m)
        self.assertEqual(k.m, k.m)
        self.assertIsNot(k.m, k.m)

    def test_method_set_on_instance_is_not_bound(self):
        class K: pass
        k = K()
        k.f = lambda *a: a
        self.assertEqual(k.f(1), (1,))

    def test_name_mangling(self):
        class K:
            __secret = 1
            def get(self): return self.__secret
        self.assertEqual((K().get(), K._K__secret, hasattr(K, "__secret")), (1, 1, False))

    def test_class_with_no_body_names(self):
        class K: ...
        self.assertEqual(K().__dict__, {})

    def test_type_call_makes_class(self):
        K = type("K", (int,), {"double": lambda self: self * 2})
        self.assertEqual((K(4).double(), K.__name__, K.__bases__), (8, "K", (int,)))

    def test_repr_default(self):
        class K: pass
        self.assertRegex(repr(K()), r"^<.*K object at 0x[0-9a-f]+>$")
        self.assertTrue(repr(K).startswith("<class '"))

    def test_setattr_getattr_hasattr_delattr(self):
        class K: pass
        k = K()
        setattr(k, "a b", 1)
        self.assertEqual((getattr(k, "a b"), getattr(k, "zz", 7), hasattr(k, "zz")), (1, 7, False))
        delattr(k, "a b")
        self.assertEqual(vars(k), {})


class Inheritance(unittest.TestCase):
    def test_override_and_super(self):
        class A:
            def who(self): return "A"
        class B(A):
            def who(self): return "B" + super().who()
        self.assertEqual(B().who(), "BA")

    def test_diamond_mro(self):
        class A: pass
        class B(A): pass
        class C(A): pass
        class D(B, C): pass
        self.assertEqual(D.__mro__, (D, B, C, A, object))
        self.assertEqual(D.mro(), list(D.__mro__))

    def test_cooperative_super(self):
        class A:
            def f(self): return ["A"]
        class B(A):
            def f(self): return ["B", *super().f()]
        class C(A):
            def f(self): return ["C", *super().f()]
        class D(B, C):
            def f(self): return ["D", *super().f()]
        self.assertEqual(D().f(), ["D", "B", "C", "A"])

    def test_inconsistent_mro(self):
        class A: pass
        class B(A): pass
        with self.assertRaisesRegex(TypeError, "Cannot create a consistent method resolution order"):
            class C(A, B): pass

    def test_duplicate_base(self):
        class A: pass
        with self.assertRaises(TypeError) as caught:
            class B(A, A): pass
        self.assertEqual(str(caught.exception), "duplicate base class A")

    def test_not_a_base(self):
        with self.assertRaises(TypeError) as caught:
            class B(bool): pass
        self.assertEqual(str(caught.exception), "type 'bool' is not an acceptable base type")

    def test_subclass_of_builtins(self):
        class L(list):
            def total(self): return sum(self)
        class S(str):
            pass
        class D(dict):
            def __missing__(self, k): return k * 2
        class I(int): pass
        class T(tuple):
            def __new__(cls, *a): return super().__new__(cls, a)
        self.assertEqual(L([1, 2]).total(), 3)
        self.assertEqual(S("a").upper(), "A")
        self.assertEqual(D()["x"], "xx")
        self.assertEqual(I(3) + 1, 4)
        self.assertEqual(T(1, 2), (1, 2))
        self.assertIs(type(I(3) + 1), int)

    def test_subclasses_listed(self):
        class A: pass
        class B(A): pass
        self.assertEqual(A.__subclasses__(), [B])

    def test_subclasses_in_order_of_creation(self):
        class Base: pass
        kept = []
        for i in range(200):
            cls = type(f"C{i}", (Base,), {})
            if i % 3 == 0: kept.append(cls)
            del cls
            if i % 50 == 0: gc.collect()
        gc.collect()
        self.assertEqual(Base.__subclasses__(), kept)

    def test_isinstance_and_issubclass(self):
        class A: pass
        class B(A): pass
        self.assertTrue(isinstance(B(), A) and issubclass(B, A) and not isinstance(A(), B))
        self.assertTrue(isinstance(1, (str, (int,))) and issubclass(bool, int | str))

    def test_isinstance_bad_second(self):
        with self.assertRaises(TypeError) as caught:
            isinstance(1, 1)
        self.assertEqual(str(caught.exception), "isinstance() arg 2 must be a type, a tuple of types, or a union")

    def test_instancecheck_hooks(self):
        class M(type):
            def __instancecheck__(cls, x): return x == 5
            def __subclasscheck__(cls, c): return c is str
        class K(metaclass=M): pass
        self.assertTrue(isinstance(5, K) and not isinstance(6, K) and issubclass(str, K) and not issubclass(int, K))

    def test_base_changed(self):
        class A:
            x = "a"
        class B:
            x = "b"
        class C(A): pass
        c = C()
        C.__bases__ = (B,)
        self.assertEqual((c.x, C.__mro__), ("b", (C, B, object)))

    def test_class_changed(self):
        class A:
            def f(self): return "a"
        class B:
            def f(self): return "b"
        a = A()
        a.__class__ = B
        self.assertEqual(a.f(), "b")

    def test_class_change_layout_differs(self):
        class A: __slots__ = ("x",)
        class B: pass
        with self.assertRaisesRegex(TypeError, "object layout differs"):
            A().__class__ = B


if __name__ == "__main__":
    unittest.main()
