"""The collector while other threads work.

Race: gc.collect() in one or several threads while others make cycles, change containers and die.
Legal outcomes: nothing reachable is collected or changed; every garbage cycle is gone after all references are dropped
and gc.collect() was called; nobody hangs; gc.disable() and callbacks work from any thread.
"""

import gc
import threading
import time
import unittest
import weakref

from support import THREADS, numbered, race, repeat, scaled

N = scaled(2_000)


class Node:
    def __init__(self, n):
        self.n = n
        self.link = self


class Collection(unittest.TestCase):
    def test_collect_while_others_make_cycles(self):
        def work(k):
            kept = []
            for i in range(N):
                a, b = Node(i), Node(-i)
                a.link, b.link = b, a
                if i % 10 == 0:
                    kept.append(a)
            for i, a in enumerate(kept):
                assert a.n == i * 10 and a.link.n == -a.n and a.link.link is a
        race(*numbered(work, 3), meanwhile=[gc.collect])

    def test_several_collectors(self):
        def work():
            for i in range(20):
                Node(i)
                assert gc.collect() >= 0
        race(*repeat(work))

    def test_garbage_of_ended_threads(self):
        references = []

        def work():
            for i in range(N // 10):
                node = Node(i)
                references.append(weakref.ref(node))
        race(*repeat(work))
        for _ in range(100):
            gc.collect()
            if not any(r() for r in references):
                break
            time.sleep(0.02)
        self.assertFalse(any(r() for r in references))
        self.assertEqual(len(references), N // 10 * THREADS)

    def test_garbage_of_short_threads_is_collected(self):
        """Each of them allocates little, but together they must set the collector going."""
        shared, died = [None], [0]
        lock = threading.Lock()

        class Mortal(Node):
            def __del__(self):
                with lock:
                    died[0] += 1

        def work():
            for i in range(40):
                node = Mortal(i)
                node.text = [i] * 40
                shared[0] = node
            shared[0] = None

        total = scaled(600)
        for _ in range(total):
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
        self.assertGreater(died[0], total * 40 // 3)

    def test_shared_containers_survive(self):
        shared = {"list": [], "dict": {}, "set": set()}

        def work(k):
            for i in range(N):
                shared["list"].append([k, i])
                shared["dict"][k, i] = {i: k}
                shared["set"].add((k, i))
        def collect():
            gc.collect()
            assert set(shared) == {"list", "dict", "set"}
        race(*numbered(work, 2), meanwhile=[collect])
        self.assertEqual(len(shared["list"]), 2 * N)
        self.assertEqual({(k, i) for k, i in shared["list"]}, set(shared["dict"]))
        self.assertEqual(shared["set"], set(shared["dict"]))
        self.assertTrue(all(v == {i: k} for (k, i), v in shared["dict"].items()))

    def test_collect_while_frames_and_generators_live(self):
        def generator(n):
            mine = [Node(i) for i in range(n)]
            for node in mine:
                yield node.n

        def work():
            for _ in range(20):
                nodes = [Node(i) for i in range(50)]
                alive = generator(50)
                got = [next(alive) for _ in range(25)]
                assert got + list(alive) == [node.n for node in nodes]
                closure = (lambda captured: lambda: captured.link.n)(Node(7))
                assert closure() == 7
        race(*repeat(work, 2), meanwhile=[gc.collect])

    def test_enable_and_disable(self):
        def work():
            for i in range(N // 10):
                gc.disable()
                [Node(i)]
                gc.enable()
        race(*repeat(work))
        self.assertTrue(gc.isenabled())

    def test_tracked_objects_can_be_listed(self):
        def look():
            assert len(gc.get_objects()) > 10
            gc.get_count(), gc.get_threshold(), gc.is_tracked([])

        def work():
            for i in range(N):
                [Node(i)], {i: Node(i)}
        race(work, work, meanwhile=[look])

    def test_deep_structures(self):
        def work():
            for _ in range(3):
                chain = None
                for i in range(20_000):
                    chain = (chain,)
                nested = []
                for i in range(20_000):
                    nested = [nested]
                chain = nested = None
        race(*repeat(work, 2), meanwhile=[gc.collect])

    def test_weakref_callbacks_during_collection(self):
        called = []

        def work():
            for i in range(N // 20):
                node = Node(i)
                node.reference = weakref.ref(node)
                called.append(weakref.ref(node, lambda r: None))
                del node
                if i % 10 == 0:
                    gc.collect()
        race(*repeat(work, 2))
        for _ in range(100):
            gc.collect()
            if not any(r() for r in called):
                break
            time.sleep(0.02)
        self.assertFalse(any(r() for r in called))


if __name__ == "__main__":
    unittest.main()
