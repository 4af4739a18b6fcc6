"""The collector: cycles of many kinds, and the gc module."""

import gc
import unittest
import weakref


class Collector(unittest.TestCase):
    def test_cycle_with_del(self):
        log = []
        class K:
            def __del__(self): log.append(self.name)
        a, b = K(), K()
        a.name, b.name, a.o, b.o = "a", "b", b, a
        del a, b
        gc.collect()
        self.assertEqual(sorted(log), ["a", "b"])

    def test_cycles_of_many_kinds(self):
        class K: pass
        references = []
        for make in (lambda k: [k], lambda k: {"k": k}, lambda k: {k}, lambda k: (k,), lambda k: lambda: k,
                     lambda k: (x for x in [k]), lambda k: k.__init__, lambda k: iter([k]), lambda k: map(id,
                             [k]), lambda k: zip([k]), lambda k: enumerate([k]), lambda k: frozenset([k])):
            k = K()
            k.loop = make(k)
            references.append(weakref.ref(k))
        del k
        gc.collect()
        self.assertEqual([r() for r in references], [None] * len(references))

    def test_class_cycle(self):
        class K: pass
        K.me = K
        r = weakref.ref(K)
        del K
        gc.collect()
        self.assertIsNone(r())

    def test_exception_frame_cycle(self):
        class K: pass
        def f():
            k = K()
            r.append(weakref.ref(k))
            try:
                raise ValueError
            except ValueError as e:
                kept = e
        r = []
        f()
        gc.collect()
        self.assertIsNone(r[0]())

    def test_reachable_stays(self):
        a = []
        a.append(a)
        gc.collect()
        self.assertIs(a[0], a)

    def test_functions(self):
        self.assertTrue(gc.isenabled())
        gc.disable()
        self.assertFalse(gc.isenabled())
        gc.enable()
        self.assertIsInstance(gc.collect(), int)
        self.assertTrue(gc.is_tracked([]))
        a = []
        self.assertTrue(any(x is a for x in gc.get_objects()))

    def test_referrers_and_referents(self):
        a = object()
        b = [a]
        self.assertTrue(any(x is b for x in gc.get_referrers(a)))
        self.assertTrue(any(x is a for x in gc.get_referents(b)))

    def test_callbacks(self):
        log = []
        def cb(phase, info): log.append(phase)
        gc.callbacks.append(cb)
        try:
            gc.collect()
        finally:
            gc.callbacks.remove(cb)
        self.assertEqual(log, ["start", "stop"])


if __name__ == "__main__":
    unittest.main()
