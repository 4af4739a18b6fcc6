"""heapq, bisect, array, weakref, types, abc, typing, contextvars, graphlib."""

import abc
import array
import bisect
import contextvars
import gc
import heapq
import types
import typing
import unittest
import weakref


class Algorithms(unittest.TestCase):
    def test_heap(self):
        h = []
        for x in (5, 1, 4, 2, 3):
            heapq.heappush(h, x)
        self.assertEqual([heapq.heappop(h) for _ in range(5)], [1, 2, 3, 4, 5])
        h = [9, 7, 8]
        heapq.heapify(h)
        self.assertEqual((heapq.heapreplace(h, 1), heapq.heappushpop(h, 0), h[0]), (7, 0, 1))
        with self.assertRaises(IndexError) as caught:
            heapq.heappop([])
        self.assertEqual(str(caught.exception), "index out of range")

    def test_heap_helpers(self):
        self.assertEqual(heapq.nlargest(2, [1, 5, 3]), [5, 3])
        self.assertEqual(heapq.nsmallest(2, "cab"), ["a", "b"])
        self.assertEqual(list(heapq.merge([1, 4], [2, 3])), [1, 2, 3, 4])
        self.assertEqual(heapq.nlargest(1, ["a", "bbb"], key=len), ["bbb"])

    def test_heap_max(self):
        h = [1, 3, 2]
        heapq.heapify_max(h)
        self.assertEqual(heapq.heappop_max(h), 3)

    def test_bisect(self):
        a = [1, 2, 2, 3]
        self.assertEqual(bisect.bisect_left(a, 2), 1)
        self.assertEqual(bisect.bisect_right(a, 2), 3)
        self.assertEqual(bisect.bisect(a, 0), 0)
        self.assertEqual(bisect.bisect_left([1, 2], 5, key=lambda x: x * 3), 1)
        bisect.insort(a, 2.5)
        self.assertEqual(a, [1, 2, 2, 2.5, 3])

    def test_array(self):
        a = array.array("i", [1, 2])
        a.append(3)
        a.extend([4])
        self.assertEqual(a.tolist(), [1, 2, 3, 4])
        self.assertEqual(a[1:3], array.array("i", [2, 3]))
        self.assertEqual(a.itemsize, 4)
        self.assertEqual(a.typecode, "i")
        self.assertEqual(a.tobytes()[:4], b"\1\0\0\0")
        self.assertEqual(repr(a), "array('i', [1, 2, 3, 4])")
        self.assertRaises(TypeError, a.append, "x")
        self.assertRaises(OverflowError, a.append, 2**40)
        self.assertEqual(array.array("d", [1.5])[0], 1.5)

    def test_graphlib(self):
        import graphlib
        self.assertEqual(list(graphlib.TopologicalSorter({"b": ["a"], "c": ["b"]}).static_order()), ["a", "b", "c"])
        self.assertRaises(graphlib.CycleError, lambda: list(graphlib.TopologicalSorter({"a": ["b"],
                "b": ["a"]}).static_order()))


class Thing:
    pass


class WeakReferences(unittest.TestCase):
    def test_ref_dies(self):
        t = Thing()
        r = weakref.ref(t)
        self.assertIs(r(), t)
        del t
        self.assertIsNone(r())

    def test_callback(self):
        log = []
        t = Thing()
        r = weakref.ref(t, lambda ref: log.append(ref() is None))
        del t
        self.assertEqual(log, [True])

    def test_callback_not_called_when_ref_is_gone(self):
        log = []
        t = Thing()
        r = weakref.ref(t, log.append)
        del r
        del t
        self.assertEqual(log, [])

    def test_same_object(self):
        t = Thing()
        r = weakref.ref(t)
        self.assertIs(weakref.ref(t), r)
        self.assertEqual(weakref.getweakrefcount(t), 1)
        self.assertEqual(hash(weakref.ref(t)), hash(t))

    def test_equality(self):
        class K(Thing):
            def __eq__(self, o): return True
            __hash__ = None
        self.assertTrue(weakref.ref(K()) != weakref.ref(K()))
        a, b = K(), K()
        self.assertTrue(weakref.ref(a) == weakref.ref(b))

    def test_proxy(self):
        t = Thing()
        t.x = 5
        p = weakref.proxy(t)
        p.y = 6
        self.assertEqual((p.x, t.y), (5, 6))
        del t
        with self.assertRaises(ReferenceError) as caught:
            p.x
        self.assertEqual(str(caught.exception), "weakly-referenced object no longer exists")

    def test_not_supported(self):
        with self.assertRaises(TypeError) as caught:
            weakref.ref(5)
        self.assertEqual(str(caught.exception), "cannot create weak reference to 'int' object")
        self.assertRaises(TypeError, weakref.ref, [])

    def test_containers(self):
        t = Thing()
        v, k, s = weakref.WeakValueDictionary(a=t), weakref.WeakKeyDictionary({t: 1}), weakref.WeakSet([t])
        self.assertEqual((len(v), len(k), len(s)), (1, 1, 1))
        del t
        self.assertEqual((len(v), len(k), len(s)), (0, 0, 0))

    def test_finalize(self):
        log = []
        t = Thing()
        f = weakref.finalize(t, log.append, "done")
        self.assertTrue(f.alive)
        del t
        self.assertEqual((log, f.alive), (["done"], False))

    def test_weak_method(self):
        class K:
            def m(self): return 5
        k = K()
        m = weakref.WeakMethod(k.m)
        self.assertEqual(m()(), 5)
        del k
        self.assertIsNone(m())

    def test_cycle_is_collected(self):
        t = Thing()
        t.me = t
        r = weakref.ref(t)
        del t
        gc.collect()
        self.assertIsNone(r())

    def test_ref_subclass(self):
        class R(weakref.ref):
            def __init__(self, o, cb=None, tag=None):
                super().__init__(o, cb)
                self.tag = tag
            def __new__(cls, o, cb=None, tag=None): return super().__new__(cls, o, cb)
        t = Thing()
        self.assertEqual((R(t, tag=1).tag, R(t)()), (1, t))


class Types(unittest.TestCase):
    def test_simple_namespace(self):
        n = types.SimpleNamespace(a=1)
        n.b = 2
        self.assertEqual(repr(n), "namespace(a=1, b=2)")
        self.assertEqual(n == types.SimpleNamespace(a=1, b=2), True)
        self.assertEqual(vars(n), {"a": 1, "b": 2})

    def test_mapping_proxy(self):
        d = {"a": 1}
        p = types.MappingProxyType(d)
        d["b"] = 2
        self.assertEqual((dict(p), p["b"]), ({"a": 1, "b": 2}, 2))
        with self.assertRaises(TypeError) as caught:
            p["c"] = 1
        self.assertEqual(str(caught.exception), "'mappingproxy' object does not support item assignment")

    def test_names(self):
        def g(): yield
        self.assertEqual([t.__name__ for t in (types.FunctionType, types.GeneratorType, types.CodeType,
                types.ModuleType,
                        types.MethodType, types.BuiltinFunctionType, types.NoneType, types.CellType)], ["function",
                                "generator",
                                        "code", "module", "method", "builtin_function_or_method", "NoneType", "cell"])

    def test_function_and_method_types(self):
        f = types.FunctionType((lambda x: x + y).__code__, {"y": 10})
        self.assertEqual((f(1), types.MethodType(lambda self, a: (self, a), 1)(2)), (11, (1, 2)))

    def test_new_class(self):
        K = types.new_class("K", (list,), {}, lambda ns: ns.update(x=1))
        self.assertEqual((K.x, K([1]), K.__name__), (1, [1], "K"))

    def test_dynamic_class_attribute_and_cell(self):
        c = types.CellType(5)
        self.assertEqual(c.cell_contents, 5)
        with self.assertRaises(ValueError) as caught:
            types.CellType().cell_contents
        self.assertEqual(str(caught.exception), "Cell is empty")

    def test_abstract_classes(self):
        class A(abc.ABC):
            @abc.abstractmethod
            def f(self): return "base"
            @property
            @abc.abstractmethod
            def p(self): ...
        class B(A):
            def f(self): return super().f()
            p = 1
        with self.assertRaises(TypeError) as caught:
            A()
        self.assertEqual(str(caught.exception),
                         "Can't instantiate abstract class A without an implementation for abstract methods 'f', "
                         "'p'")
        self.assertEqual((B().f(), sorted(A.__abstractmethods__)), ("base", ["f", "p"]))

    def test_abc_register_and_hook(self):
        class A(abc.ABC):
            @classmethod
            def __subclasshook__(cls, c): return hasattr(c, "quack") or NotImplemented
        class D:
            def quack(self): pass
        A.register(int)
        self.assertTrue(isinstance(D(), A) and isinstance(5, A) and not isinstance("a", A))

    def test_typing_basics(self):
        self.assertEqual(typing.Optional[int], int | None)
        self.assertEqual(repr(typing.List[int]), "typing.List[int]")
        self.assertEqual(typing.get_args(dict[str, int]), (str, int))
        self.assertEqual(typing.get_origin(list[int]), list)
        class P(typing.NamedTuple):
            x: int
            y: int = 2
        self.assertEqual(P(1), (1, 2))
        class TD(typing.TypedDict, total=False): a: int
        self.assertEqual((TD(a=1), TD.__total__), ({"a": 1}, False))
        def f(a: "int", b: list["str"]): pass
        self.assertEqual(typing.get_type_hints(f), {"a": int, "b": list[str]})

    def test_protocols(self):
        @typing.runtime_checkable
        class P(typing.Protocol):
            def close(self): ...
        class K:
            def close(self): pass
        self.assertTrue(isinstance(K(), P) and not isinstance(1, P))

    def test_generic_classes(self):
        T = typing.TypeVar("T")
        class G(typing.Generic[T]):
            def __init__(self, v: T): self.v = v
        self.assertEqual((G[int](5).v, G[int].__args__, repr(T)), (5, (int,), "~T"))
        self.assertEqual(typing.cast(int, "a"), "a")
        self.assertEqual(typing.NewType("N", int)(5), 5)
        self.assertEqual(typing.Literal["a"].__args__, ("a",))


class ContextVars(unittest.TestCase):
    def test_set_get_reset(self):
        v = contextvars.ContextVar("v", default=1)
        t = v.set(2)
        self.assertEqual(v.get(), 2)
        v.reset(t)
        self.assertEqual(v.get(), 1)
        with self.assertRaisesRegex(RuntimeError, "has already been used once"):
            v.reset(t)

    def test_no_value(self):
        self.assertRaises(LookupError, contextvars.ContextVar("x").get)
        self.assertEqual(contextvars.ContextVar("x").get("d"), "d")

    def test_contexts(self):
        v = contextvars.ContextVar("v")
        c = contextvars.copy_context()
        c.run(v.set, 5)
        self.assertEqual((c[v], v.get(None), v in c, len(c) >= 1), (5, None, True, True))

    def test_token_as_context_manager(self):
        v = contextvars.ContextVar("v", default=0)
        with v.set(1):
            self.assertEqual(v.get(), 1)
        self.assertEqual(v.get(), 0)


if __name__ == "__main__":
    unittest.main()
