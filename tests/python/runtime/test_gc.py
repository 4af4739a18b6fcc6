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


class Automatic(unittest.TestCase):
    """Collections that nobody asks for: what they find is what was made since the last one."""

    ROUNDS = 60000

    def test_cycles_die_while_the_program_runs(self):
        dead = 0
        class K:
            def __del__(self):
                nonlocal dead
                dead += 1
        for _ in range(self.ROUNDS):
            a, b = K(), K()
            a.other, b.other = b, a
        # All but the last few.
        self.assertGreater(dead, self.ROUNDS)

    def test_resurrected(self):
        saved = []
        class K:
            def __del__(self):
                if self.number % 1000 == 0:
                    saved.append(self)
        for i in range(self.ROUNDS):
            k = K()
            k.number, k.loop, k.parts = i, k, [k, (i, [i])]
        self.assertTrue(saved)
        for k in saved:
            self.assertIs(k.loop, k)
            self.assertIs(k.parts[0], k)
            self.assertEqual(k.parts[1], (k.number, [k.number]))

    def test_weakref_callbacks(self):
        class K: pass
        called, references = [], []
        for i in range(self.ROUNDS):
            k = K()
            k.loop = k
            if i % 100 == 0:
                references.append(weakref.ref(k, called.append))
        self.assertTrue(called)
        for r in called:
            self.assertIsNone(r())
            self.assertIn(r, references)

    def test_what_lives_stays(self):
        class Node: pass
        first = last = Node()
        first.number, first.next = 0, None
        suspended = []
        def generate(node):
            yield node.number
            yield node.number + 1
        for i in range(1, self.ROUNDS):
            garbage = [Node()]
            garbage[0].loop, garbage[0].last = garbage, last
            if i % 20:
                continue
            node = Node()
            node.number, node.next, node.back = i, None, last
            last.next = node
            last = node
            suspended.append(generate(node))
            next(suspended[-1])
        node, numbers = first, []
        while node is not None:
            numbers.append(node.number)
            if node.next is not None:
                self.assertIs(node.next.back, node)
            node = node.next
        self.assertEqual(numbers, list(range(0, self.ROUNDS, 20)))
        self.assertEqual([next(g) for g in suspended], [n + 1 for n in numbers[1:]])


if __name__ == "__main__":
    unittest.main()
