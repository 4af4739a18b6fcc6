"""Threads themselves: start, join, names, thread-locals, storms of short threads, errors that leave a thread.

Race: threads that start, end and are joined at the same time; one threading.local seen by all.
Legal outcomes: every thread runs once; join returns after its end; each thread sees its own locals only; what an
ending thread wrote is seen after join; an uncaught error reaches threading.excepthook.
"""

import _thread
import gc
import io
import sys
import threading
import time
import unittest
import weakref

from support import THREADS, numbered, race, repeat, scaled


class Lifecycle(unittest.TestCase):
    def test_storm(self):
        count = scaled(1000)
        seen = [0] * count

        def work(i):
            seen[i] += 1
        threads = [threading.Thread(target=work, args=(i,)) for i in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(seen, [1] * count)
        self.assertFalse(any(thread.is_alive() for thread in threads))

    def test_many_alive_at_once(self):
        count = scaled(200)
        go, ready = threading.Event(), threading.Semaphore(0)

        def work():
            ready.release()
            go.wait(30)
        threads = [threading.Thread(target=work) for _ in range(count)]
        for thread in threads:
            thread.start()
        for _ in threads:
            self.assertTrue(ready.acquire(timeout=30))
        self.assertGreater(threading.active_count(), count)
        self.assertTrue(set(threads) <= set(threading.enumerate()))
        go.set()
        for thread in threads:
            thread.join(30)
        self.assertFalse(set(threads) & set(threading.enumerate()))

    def test_threads_start_threads(self):
        result = []

        def spawn(depth):
            if depth == 0:
                result.append(threading.get_ident())
                return
            children = [threading.Thread(target=spawn, args=(depth - 1,)) for _ in range(2)]
            for child in children:
                child.start()
            for child in children:
                child.join()
        race(lambda: spawn(5), lambda: spawn(5))
        self.assertEqual(len(result), 64)

    def test_started_from_several_threads(self):
        def work(k):
            for i in range(scaled(100)):
                box = []
                thread = threading.Thread(target=box.append, args=((k, i),))
                thread.start()
                thread.join()
                assert box == [(k, i)]
        race(*numbered(work))

    def test_joined_by_several_threads(self):
        for _ in range(scaled(50)):
            box = []
            thread = threading.Thread(target=box.append, args=(1,))
            thread.start()

            def join():
                thread.join(30)
                assert box == [1] and not thread.is_alive()
            race(*repeat(join))

    def test_start_twice(self):
        thread = threading.Thread(target=lambda: None)
        thread.start()
        for _ in range(2):
            with self.assertRaisesRegex(RuntimeError, "threads can only be started once"):
                thread.start()
            thread.join()

    def test_wrong_use(self):
        with self.assertRaisesRegex(RuntimeError, "cannot join thread before it is started"):
            threading.Thread().join()
        with self.assertRaisesRegex(RuntimeError, "cannot join current thread"):
            threading.current_thread().join()
        with self.assertRaises(RuntimeError):
            threading.Thread().__class__.start(object.__new__(threading.Thread))

    def test_join_time_limit(self):
        go = threading.Event()
        thread = threading.Thread(target=go.wait, args=(30,))
        thread.start()
        thread.join(0.02)
        self.assertTrue(thread.is_alive())
        go.set()
        thread.join(30)
        self.assertFalse(thread.is_alive())

    def test_identity(self):
        main = threading.get_ident()

        def work():
            me = threading.current_thread()
            assert me.ident == threading.get_ident() != main
            assert me.native_id == threading.get_native_id()
            assert me is not threading.main_thread() and me in threading.enumerate()
            return me.ident
        idents = race(*repeat(lambda: (work(), time.sleep(0.02))[0]))
        self.assertEqual(len(set(idents)), THREADS)

    def test_excepthook(self):
        caught = []
        old = threading.excepthook
        threading.excepthook = caught.append
        try:
            def fails(n):
                raise ValueError(n)
            threads = [threading.Thread(target=fails, args=(i,)) for i in range(20)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            threading.excepthook = old
        self.assertEqual(sorted(args.exc_value.args[0] for args in caught), list(range(20)))
        self.assertEqual({args.thread for args in caught}, set(threads))

    def test_system_exit_ends_a_thread_quietly(self):
        old, sys.stderr = sys.stderr, io.StringIO()
        try:
            for leave in (sys.exit, lambda: sys.exit(3)):
                thread = threading.Thread(target=leave)
                thread.start()
                thread.join()
            printed = sys.stderr.getvalue()
        finally:
            sys.stderr = old
        self.assertEqual(printed, "")

    def test_low_level(self):
        done, lock = [], _thread.allocate_lock()
        lock.acquire()

        def work(a, b=0):
            done.append(a + b)
            lock.release()
        _thread.start_new_thread(work, (1,), {"b": 2})
        self.assertTrue(lock.acquire(timeout=30))
        self.assertEqual(done, [3])

    def test_deep_recursion_in_threads(self):
        def depth(n):
            return 0 if n == 0 else 1 + depth(n - 1)
        self.assertEqual(race(*repeat(lambda: depth(500))), [500] * THREADS)

        def endless():
            return endless()

        def caught():
            try:
                endless()
            except RecursionError:
                return "caught"
        self.assertEqual(race(*repeat(caught)), ["caught"] * THREADS)

    def test_subclass_and_return_through_attribute(self):
        class Worker(threading.Thread):
            def __init__(self, n):
                super().__init__(name=f"worker {n}", daemon=True)
                self.n = n

            def run(self):
                self.result = self.n ** 2, threading.current_thread().name
        workers = [Worker(n) for n in range(50)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        self.assertEqual([w.result for w in workers], [(n * n, f"worker {n}") for n in range(50)])


class Locals(unittest.TestCase):
    def test_each_thread_its_own(self):
        local = threading.local()
        local.value = "main"

        def work(k):
            assert not hasattr(local, "value")
            for i in range(scaled(2000)):
                local.value = (k, i)
                assert local.value == (k, i)
                setattr(local, f"own{k}", i)
            assert set(vars(local)) == {"value", f"own{k}"}
        race(*numbered(work))
        self.assertEqual(vars(local), {"value": "main"})

    def test_subclass_init_per_thread(self):
        calls = []

        class Mine(threading.local):
            def __init__(self, start):
                calls.append(start)
                self.n = start
        local = Mine(5)

        def work():
            assert local.n == 5
            local.n += threading.get_ident()
            assert local.n == 5 + threading.get_ident()
        race(*repeat(work))
        self.assertEqual(local.n, 5)
        self.assertEqual(len(calls), THREADS + 1)

    def test_values_die_with_their_thread(self):
        local, references = threading.local(), []

        def work():
            local.value = Value()
            references.append(weakref.ref(local.value))
        for _ in range(20):
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
        self.assertEqual(collected(references), [None] * 20)

    def test_locals_come_and_go(self):
        def work():
            for i in range(scaled(300)):
                local = threading.local()
                local.value = i
                assert local.value == i
        race(*repeat(work))

    def test_many_at_once(self):
        """The thread's table grows, and loses entries in the middle."""
        def work():
            kept = []
            for i in range(scaled(400)):
                kept.append(threading.local())
                kept[-1].value = i
                if i % 3 == 0:
                    del kept[i // 7 % len(kept)]
            values = [local.value for local in kept]
            assert values == sorted(set(values)), values
        race(*repeat(work))

    def test_cycle_through_a_value(self):
        local, value = threading.local(), Value()
        local.value, value.local = value, local
        references = weakref.ref(local), weakref.ref(value)
        del local, value
        self.assertEqual(collected(references), [None, None])

    def test_cycle_through_the_value_of_a_sleeping_thread(self):
        locals_, references = [threading.local()], []
        ready, over = threading.Event(), threading.Event()

        def fill():
            value = Value()
            value.local = locals_[0]
            locals_[0].value = value
            references.append(weakref.ref(value))

        def work():
            deep_down(fill)
            ready.set()
            over.wait(30)
        thread = threading.Thread(target=work)
        thread.start()
        ready.wait(30)
        references.append(weakref.ref(locals_.pop()))
        found = collected(references)
        over.set()
        thread.join()
        self.assertEqual(found, [None, None])

    def test_chain_is_kept(self):
        """A local object reached only through the value of another one, which is alive."""
        outer = threading.local()
        outer.inner = threading.local()
        outer.inner.value = Value()
        reference = weakref.ref(outer.inner.value)
        for _ in range(3):
            gc.collect()
        self.assertIs(outer.inner.value, reference())

    def test_values_of_a_dead_local_go_when_their_thread_uses_another(self):
        dying, other, references = [threading.local()], threading.local(), []
        ready, go = threading.Event(), threading.Event()

        def work():
            dying[0].value = Value()
            references.append(weakref.ref(dying[0].value))
            ready.set()
            go.wait(30)
            for _ in range(200):  # the object itself is freed a little after its weakrefs are cleared
                other.value = 1
                if references[0]() is None:
                    break
                time.sleep(0.01)
            references.append(references[0]() is None)
        thread = threading.Thread(target=work)
        thread.start()
        ready.wait(30)
        reference = weakref.ref(dying[0])
        dying.clear()
        self.assertEqual(collected([reference]), [None])
        go.set()
        thread.join()
        self.assertEqual(references[1], True)


class Value:
    pass


def deep_down(function, levels=8):
    """Calls it further down on the native stack than what follows: a stack scan must not find what it left there."""
    return function() if levels == 0 else max([None], key=lambda _: deep_down(function, levels - 1))


def collected(references):
    for _ in range(100):
        gc.collect()
        if not any(reference() for reference in references):
            break
        time.sleep(0.02)
    return [reference() for reference in references]


if __name__ == "__main__":
    unittest.main()
