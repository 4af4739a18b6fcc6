"""`__del__` of objects that threads share or hand over.

Race: the last references to an object go away in several threads at once; finalisers resurrect or raise.
Legal outcomes: `__del__` runs exactly once per object (resurrected ones included), eventually: at the latest after all
references are gone and gc.collect() was called. What only one thread ever had is finalised at once.
"""

import gc
import sys
import threading
import time
import unittest
import weakref

from support import THREADS, numbered, race, repeat, scaled

N = scaled(1_000)


def settle(condition):
    for _ in range(200):
        if condition():
            return True
        gc.collect()
        time.sleep(0.01)
    return condition()


class Finalisers(unittest.TestCase):
    def setUp(self):
        self.dead = dead = []

        class Loud:
            def __init__(self, name):
                self.name = name

            def __del__(self):
                dead.append(self.name)
        self.Loud = Loud

    def check_all_dead(self, names):
        names = sorted(names)
        self.assertTrue(settle(lambda: len(self.dead) >= len(names)), (len(self.dead), len(names)))
        self.assertEqual(sorted(self.dead), names)

    def test_unshared_objects_die_at_once(self):
        def work(k):
            for i in range(N):
                before = []

                class Local:
                    def __del__(self):
                        before.append(1)
                thing = Local()
                del thing
                assert before == [1]
        race(*numbered(lambda k: work(k)))

    def test_shared_list_emptied_by_all(self):
        things = [self.Loud(i) for i in range(N)]

        def drop():
            while True:
                try:
                    things.pop()
                except IndexError:
                    return
        race(*repeat(drop))
        self.check_all_dead(range(N))

    def test_slots_overwritten_by_all(self):
        slots = [None] * 10

        def work(k):
            for i in range(N):
                slots[i % 10] = self.Loud((k, i))
        race(*numbered(work))
        slots.clear()
        self.check_all_dead((k, i) for k in range(THREADS) for i in range(N))

    def test_attribute_overwritten_by_all(self):
        class Holder:
            pass
        holder = Holder()

        def work(k):
            for i in range(N):
                holder.value = self.Loud((k, i))
                assert holder.value.name[1] < N
        race(*numbered(work))
        del holder.value
        self.check_all_dead((k, i) for k in range(THREADS) for i in range(N))

    def test_handed_over_through_a_dict(self):
        table = {}

        def make():
            for i in range(N):
                table[i] = self.Loud(i)

        def take():
            taken = 0
            for _ in range(1000 * 60):
                try:
                    table.popitem()
                    taken += 1
                except KeyError:
                    if taken and not maker.is_alive():
                        return
                    time.sleep(0)
        maker = threading.Thread(target=make)
        maker.start()
        race(take, take)
        maker.join()
        table.clear()
        self.check_all_dead(range(N))

    def test_cycles_made_in_threads(self):
        def work(k):
            for i in range(N // 10):
                a, b = self.Loud((k, i, "a")), self.Loud((k, i, "b"))
                a.other, b.other = b, a
        race(*numbered(work))
        self.check_all_dead((k, i, side) for k in range(THREADS) for i in range(N // 10) for side in "ab")

    def test_cycles_through_shared_objects(self):
        shared = []

        def work(k):
            for i in range(N // 10):
                thing = self.Loud((k, i))
                thing.me = thing
                shared.append(thing)
        race(*numbered(work))
        shared.clear()
        self.check_all_dead((k, i) for k in range(THREADS) for i in range(N // 10))

    def test_resurrection_runs_del_once(self):
        kept, runs = [], []

        class Phoenix:
            def __del__(self):
                runs.append(1)
                kept.append(self)
        shared = [Phoenix() for _ in range(N // 10)]

        def drop():
            while True:
                try:
                    shared.pop()
                except IndexError:
                    return
        race(*repeat(drop))
        self.assertTrue(settle(lambda: len(kept) == N // 10))
        kept.clear()
        gc.collect()
        time.sleep(0.05)
        gc.collect()
        self.assertEqual(len(runs), N // 10)
        self.assertEqual(kept, [])

    def test_errors_in_del_reach_unraisablehook(self):
        caught = []

        class Bad:
            def __del__(self):
                raise ValueError("in del")
        old, sys.unraisablehook = sys.unraisablehook, lambda args: caught.append(str(args.exc_value))
        try:
            shared = [Bad() for _ in range(50)]

            def drop():
                while True:
                    try:
                        shared.pop()
                    except IndexError:
                        return
            race(*repeat(drop))
            settle(lambda: len(caught) == 50)
        finally:
            sys.unraisablehook = old
        self.assertEqual(caught, ["in del"] * 50)

    def test_del_takes_a_lock(self):
        """A finaliser may take a lock that another thread holds; nobody may hang."""
        lock, count = threading.Lock(), [0]

        class Locked:
            def __del__(self):
                with lock:
                    count[0] += 1

        def work():
            for _ in range(N // 4):
                thing = Locked()
                box = [thing]
                del thing
                box.clear()
                with lock:
                    pass
        race(*repeat(work))
        self.assertTrue(settle(lambda: count[0] == N // 4 * THREADS))

    def test_del_touches_shared_containers(self):
        registry = {}

        class Registered:
            def __init__(self, key):
                self.key = key
                registry[key] = True

            def __del__(self):
                del registry[self.key]
        shared = [None] * 4

        def work(k):
            for i in range(N):
                shared[i % 4] = Registered((k, i))
        race(*numbered(work))
        shared.clear()
        self.assertTrue(settle(lambda: not registry), len(registry))

    def test_generators_dropped_in_other_threads(self):
        closed = []

        def body(n):
            try:
                yield n
                yield n
            finally:
                closed.append(n)
        generators = [body(n) for n in range(N // 4)]
        for generator in generators:
            next(generator)
        del generator

        def drop():
            while True:
                try:
                    generators.pop()
                except IndexError:
                    return
        race(*repeat(drop))
        self.assertTrue(settle(lambda: len(closed) == N // 4))
        self.assertEqual(sorted(closed), list(range(N // 4)))


class Thing:
    def __init__(self, ended):
        self.ended = ended

    def __del__(self):
        self.ended.append(1)


class Promptly(unittest.TestCase):
    def told_at_once(self, make, pause):
        """How many of 30 shared objects, dropped one at a time, have told of their end a few calls later."""
        shared = []
        thread = threading.Thread(target=len, args=(shared,))
        thread.start()
        thread.join()
        told = 0
        for _ in range(30):
            time.sleep(pause)  # not too much of the time is spent on it
            ended = []
            shared.append(make(ended))
            shared.clear()
            for _ in range(20):
                len(ended)
            told += len(ended)
        return told

    def check(self, make):
        # On a busy machine the time that may be spent on it goes elsewhere in some rounds; without looking early it is none in all.
        # In builds in which looking takes long there is to be more time of which that is a small part.
        self.assertTrue(any(self.told_at_once(make, pause) > 20 for pause in [0.01] * 15 + [0.05] * 5))

    def test_finaliser(self):
        self.check(Thing)

    def test_weakref_callback(self):
        self.references = []

        def make(ended):
            thing = Thing([])
            self.references.append(weakref.ref(thing, ended.append))
            return thing

        self.check(make)


if __name__ == "__main__":
    unittest.main()
