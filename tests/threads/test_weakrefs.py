"""Weak references made, called and killed in several threads.

Race: one thread drops the last strong reference while others call a weakref, make a new one, or use weak containers.
Legal outcomes: calling a weakref gives the whole object or None; once None, always None; a callback runs at most
once; when nothing refers to an object any more it is gone, at the latest after gc.collect().
"""

import gc
import time
import unittest
import weakref

from support import THREADS, numbered, race, repeat, scaled

N = scaled(2_000)


class Thing:
    def __init__(self, n):
        self.n = n
        self.check = -n


def settle(condition):
    """Waits until the collector has had its say."""
    for _ in range(200):
        if condition():
            return True
        gc.collect()
        time.sleep(0.01)
    return condition()


class WeakReferences(unittest.TestCase):
    def test_call_against_death(self):
        slot = [Thing(0)]
        reference = [weakref.ref(slot[0])]

        def replace():
            for i in range(N):
                thing = Thing(i)
                reference[0] = weakref.ref(thing)
                slot[0] = thing
                del thing
        def call():
            thing = reference[0]()
            if thing is not None:
                assert thing.n == -thing.check
        race(replace, meanwhile=[call, call])

    def test_dead_stays_dead(self):
        def work():
            for i in range(N // 10):
                things = [Thing(k) for k in range(10)]
                references = [weakref.ref(thing) for thing in things]
                del things
                first = [r() is None for r in references]
                second = [r() is None for r in references]
                assert all(b for a, b in zip(first, second) if a)
        race(*repeat(work))

    def test_same_reference_object(self):
        thing = Thing(1)

        def work():
            references = [weakref.ref(thing) for _ in range(N)]
            assert all(r is references[0] for r in references)
            return references[0]
        first, *others = race(*repeat(work))
        self.assertTrue(all(r is first for r in others))
        self.assertEqual(weakref.getweakrefcount(thing), 1)

    def test_callbacks_run_once(self):
        called = []
        things = [Thing(i) for i in range(N)]
        references = [weakref.ref(thing, lambda r, i=i: called.append(i)) for i, thing in enumerate(things)]

        def drop(k):
            for i in range(k, N, THREADS):
                things[i] = None
        race(*numbered(drop))
        self.assertTrue(settle(lambda: len(called) == N), len(called))
        self.assertEqual(sorted(called), list(range(N)))
        self.assertTrue(all(r() is None for r in references))

    def test_dropped_in_another_thread(self):
        things = [Thing(i) for i in range(N)]
        references = [weakref.ref(thing) for thing in things]

        def drop():
            while True:
                try:
                    things.pop()
                except IndexError:
                    return
        race(*repeat(drop), meanwhile=[lambda: [r() for r in references[::50]]])
        self.assertTrue(settle(lambda: not any(r() for r in references)))

    def test_weak_value_dictionary(self):
        table = weakref.WeakValueDictionary()
        kept = [Thing(i) for i in range(50)]
        for thing in kept:
            table[thing.n] = thing

        def work(k):
            for i in range(N // 4):
                key = 1000 + k * N + i
                thing = table[key] = Thing(key)
                assert table.get(key) is thing
                del thing
                assert table[i % 50] is kept[i % 50]
        race(*numbered(work))
        self.assertTrue(settle(lambda: len(table) == 50), len(table))

    def test_weak_key_dictionary(self):
        table = weakref.WeakKeyDictionary()

        def work(k):
            for i in range(N // 4):
                thing = Thing(i)
                table[thing] = (k, i)
                assert table[thing] == (k, i)
        race(*numbered(work))
        self.assertTrue(settle(lambda: len(table) == 0), len(table))

    def test_weak_set(self):
        group = weakref.WeakSet()

        def work(k):
            mine = [Thing(i) for i in range(N // 4)]
            for thing in mine:
                group.add(thing)
            assert all(thing in group for thing in mine)
        race(*numbered(work))
        self.assertTrue(settle(lambda: len(group) == 0), len(group))

    def test_proxy(self):
        slot = [Thing(3)]
        proxies = [weakref.proxy(slot[0])]

        def replace():
            for i in range(N):
                thing = Thing(i)
                proxies[0] = weakref.proxy(thing)
                slot[0] = thing
        def use():
            try:
                assert type(proxies[0].n) is int
            except ReferenceError:
                pass
        race(replace, meanwhile=[use, use])

    def test_finalize_runs_once(self):
        ran = []
        things = [Thing(i) for i in range(N // 4)]
        for i, thing in enumerate(things):
            weakref.finalize(thing, ran.append, i)
        del thing

        def drop():
            while things:
                try:
                    things.pop()
                except IndexError:
                    pass
        race(*repeat(drop))
        self.assertTrue(settle(lambda: len(ran) == N // 4), len(ran))
        self.assertEqual(sorted(ran), list(range(N // 4)))

    def test_weak_method(self):
        class Listener:
            def heard(self):
                return self
        slot = [Listener()]
        methods = [weakref.WeakMethod(slot[0].heard)]

        def replace():
            for _ in range(N // 4):
                listener = Listener()
                methods[0] = weakref.WeakMethod(listener.heard)
                slot[0] = listener
        def call():
            method = methods[0]()
            assert method is None or type(method()) is Listener
        race(replace, meanwhile=[call])


if __name__ == "__main__":
    unittest.main()
