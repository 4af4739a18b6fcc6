"""Descriptors, slots and attribute lookup order."""

import concurrent.futures
import sys
import unittest


class Data:
    def __init__(self, log=None): self.log = [] if log is None else log
    def __set_name__(self, owner, name): self.name = name
    def __get__(self, obj, cls=None): return ("get", obj, cls)
    def __set__(self, obj, value): self.log.append(("set", value))
    def __delete__(self, obj): self.log.append("delete")


class NonData:
    def __get__(self, obj, cls=None): return "non-data"


class Lookup(unittest.TestCase):
    def test_data_descriptor_wins_over_instance(self):
        class K: d = Data()
        k = K()
        k.__dict__["d"] = "own"
        self.assertEqual(k.d, ("get", k, K))

    def test_non_data_loses_to_instance(self):
        class K: d = NonData()
        k = K()
        self.assertEqual(k.d, "non-data")
        k.d = "own"
        self.assertEqual(k.d, "own")

    def test_set_and_delete(self):
        d = Data()
        class K: pass
        K.d = d
        k = K()
        k.d = 5
        del k.d
        self.assertEqual((d.log, vars(k)), ([("set", 5), "delete"], {}))

    def test_through_class(self):
        class K: d = Data()
        self.assertEqual(K.d, ("get", None, K))

    def test_set_on_class_replaces(self):
        class K: d = Data()
        K.d = 1
        self.assertEqual(K.d, 1)

    def test_inherited(self):
        class A: d = Data()
        class B(A): pass
        b = B()
        self.assertEqual(b.d, ("get", b, B))

    def test_in_instance_dict_is_not_called(self):
        class K: pass
        k = K()
        k.d = NonData()
        self.assertIsInstance(k.d, NonData)

    def test_set_only_descriptor(self):
        class S:
            def __set__(self, o, v): o.__dict__["s"] = v * 2
        class K: s = S()
        k = K()
        self.assertIs(k.s, K.__dict__["s"])
        k.s = 4
        self.assertEqual(k.s, 8)

    def test_get_raising_attribute_error_triggers_getattr(self):
        class D:
            def __get__(self, o, c): raise AttributeError("d")
        class K:
            d = D()
            def __getattr__(self, n): return "fallback"
        self.assertEqual(K().d, "fallback")

    def test_set_name_gets_owner_and_name(self):
        class K: some_name = Data()
        self.assertEqual(K.__dict__["some_name"].name, "some_name")

    def test_functions_are_descriptors(self):
        def f(self): return self
        class K: pass
        k = K()
        self.assertIs(f.__get__(k, K)(), k)
        self.assertIs(f.__get__(None, K), f)

    def test_metaclass_data_descriptor_wins(self):
        class M(type):
            x = property(lambda c: "meta")
        class K(metaclass=M):
            x = "class"
        self.assertEqual((K.x, K().x), ("meta", "class"))

    def test_metaclass_attribute_not_on_instance(self):
        class M(type): y = 1
        class K(metaclass=M): pass
        self.assertEqual(K.y, 1)
        self.assertFalse(hasattr(K(), "y"))

    def test_classmethod_and_staticmethod_objects(self):
        class K:
            c = classmethod(lambda cls: cls)
            s = staticmethod(lambda: "s")
        self.assertIs(K.__dict__["c"].__get__(None, K)(), K)
        self.assertEqual(K.__dict__["s"].__get__(None, K)(), "s")
        self.assertTrue(callable(K.__dict__["s"]))

    def test_method_wrapper_equality(self):
        class K:
            def m(self): pass
        k = K()
        self.assertTrue(k.m == k.m and K().m != K().m and hash(k.m) == hash(k.m))

    def test_builtin_descriptors(self):
        self.assertEqual(str.upper("a"), "A")
        self.assertEqual(str.__dict__["upper"].__get__("b", str)(), "B")
        self.assertEqual(type(str.upper).__name__, "method_descriptor")
        with self.assertRaisesRegex(TypeError, "descriptor 'upper' for 'str' objects doesn't apply to a 'int' object"):
            str.upper(5)


class Slots(unittest.TestCase):
    def test_no_dict(self):
        class K: __slots__ = ("a",)
        k = K()
        k.a = 1
        self.assertFalse(hasattr(k, "__dict__"))
        with self.assertRaisesRegex(AttributeError,
                                    "'K' object has no attribute 'b' and no __dict__ for setting new attributes"):
            k.b = 1

    def test_unset(self):
        class K: __slots__ = ("a",)
        with self.assertRaisesRegex(AttributeError, "K' object has no attribute 'a'"):
            K().a

    def test_delete(self):
        class K: __slots__ = ("a",)
        k = K()
        k.a = 1
        del k.a
        self.assertFalse(hasattr(k, "a"))
        with self.assertRaises(AttributeError):
            del k.a

    def test_inheritance(self):
        class A: __slots__ = ("a",)
        class B(A): __slots__ = ("b",)
        b = B()
        b.a, b.b = 1, 2
        self.assertEqual((b.a, b.b, hasattr(b, "__dict__")), (1, 2, False))

    def test_subclass_without_slots_has_dict(self):
        class A: __slots__ = ("a",)
        class B(A): pass
        b = B()
        b.x = 1
        b.a = 2
        self.assertEqual(vars(b), {"x": 1})

    def test_dict_slot(self):
        class K: __slots__ = ("a", "__dict__")
        k = K()
        k.z = 1
        self.assertEqual(vars(k), {"z": 1})

    def test_weakref_slot(self):
        import weakref
        class A: __slots__ = ()
        class B: __slots__ = ("__weakref__",)
        with self.assertRaisesRegex(TypeError, "cannot create weak reference to 'A' object"):
            weakref.ref(A())
        b = B()
        self.assertIs(weakref.ref(b)(), b)

    def test_string_means_one_name(self):
        class K: __slots__ = "ab"
        K().ab = 1

    def test_slots_and_class_variable_conflict(self):
        with self.assertRaises(ValueError) as caught:
            type("K", (), {"__slots__": ("a",), "a": 1})
        self.assertEqual(str(caught.exception), "'a' in __slots__ conflicts with class variable")

    def test_private_names_are_mangled(self):
        class K:
            __slots__ = ("__x",)
            def __init__(self): self.__x = 1
        self.assertEqual(K()._K__x, 1)

    def test_member_descriptor(self):
        class K: __slots__ = ("a",)
        self.assertEqual(type(K.a).__name__, "member_descriptor")
        k = K()
        K.a.__set__(k, 5)
        self.assertEqual(K.a.__get__(k), 5)

    def test_invalid(self):
        with self.assertRaises(TypeError):
            class K: __slots__ = ("1x",)
        with self.assertRaises(TypeError):
            class L: __slots__ = (1,)

    def test_slots_dict_docs(self):
        class K: __slots__ = {"a": "doc of a"}
        K().a = 1
        self.assertEqual(K.__slots__["a"], "doc of a")


class Dict(unittest.TestCase):
    def test_assignable(self):
        class K: pass
        k = K()
        k.__dict__ = {"x": 1}
        self.assertEqual(k.x, 1)
        with self.assertRaises(TypeError) as caught:
            k.__dict__ = 5
        self.assertEqual(str(caught.exception), "__dict__ must be set to a dictionary, not a 'int'")

    def test_shared_with_vars(self):
        class K: pass
        k = K()
        d = k.__dict__
        k.a = 1
        d["b"] = 2
        self.assertEqual((d, k.b), ({"a": 1, "b": 2}, 2))

    def test_survives_its_object(self):
        class K: pass
        k = K()
        k.a = 1
        d = vars(k)
        del k
        self.assertEqual(d, {"a": 1})

    def test_order_is_assignment_order(self):
        class K: pass
        k = K()
        k.b, k.a = 1, 2
        del k.b
        k.b = 3
        self.assertEqual(list(vars(k)), ["a", "b"])

    def test_non_string_keys(self):
        class K: pass
        k = K()
        vars(k)[1] = "one"
        self.assertEqual(vars(k), {1: "one"})

    def test_class_dict_is_read_only(self):
        class K: pass
        with self.assertRaises(TypeError):
            K.__dict__["x"] = 1

    def test_many_attributes(self):
        class K: pass
        k = K()
        for i in range(500):
            setattr(k, f"a{i}", i)
        self.assertEqual(sum(vars(k).values()), 124750)
        for i in range(0, 500, 2):
            delattr(k, f"a{i}")
        self.assertEqual((len(vars(k)), k.a7, hasattr(k, "a8")), (250, 7, False))

    @unittest.skipIf(sys.implementation.name == "cpython", "CPython 3.14 crashes")
    def test_super_that_was_not_initialised(self):
        self.assertRaises(RuntimeError, super.__new__(super).__get__, 1)

    @unittest.skipIf(sys.implementation.name == "cpython", "CPython 3.14 crashes")
    @unittest.skipIf(sys.implementation.name == "cpython", "CPython 3.14 crashes")
    def test_flag_of_what_holds_itself(self):
        with concurrent.futures.ThreadPoolExecutor(1) as pool:  # whose native stack is smaller
            pool.submit(self.check_flag_of_what_holds_itself).result()

    def check_flag_of_what_holds_itself(self):
        for kind in classmethod, staticmethod, property:
            own = kind.__new__(kind)
            own.__init__(own)
            self.assertRaises(RecursionError, getattr, own, "__isabstractmethod__")
            own.__init__(None)
            self.assertIs(own.__isabstractmethod__, False)


if __name__ == "__main__":
    unittest.main()
