"""One small program for each of some rules of docs/ownership.md, that fails when the rule is broken (tests/ownership/break_rules.py).

Race: mostly none; other threads exist, and what the programs make is reached by them. A collection in between lets the checking build
look at the whole heap.
Legal outcomes: each object keeps its value and its class as long as somebody refers to it.
"""

import gc
import sys
import threading
import time
import unittest

from support import race


class Node:
    def __init__(self, n):
        self.n = n
        self.twice = [n, n]

    def whole(self):
        return self.twice == [self.n, self.n]


def shared(value):
    """The value, after another thread has had it."""
    return race(lambda: value)[0]


class Rules(unittest.TestCase):
    def setUp(self):
        shared([])  # several threads from here on

    def test_list_published_while_it_is_extended(self):
        """R2: what was known of a list before Python code ran is not known any more."""
        box = shared([])
        target = []

        def source():
            for i in range(200):
                if i == 5:
                    box.append(target)
                yield Node(i)

        target.extend(source())
        gc.collect()
        self.assertTrue(race(lambda: all(node.whole() and node.n == i for i, node in enumerate(box[0])))[0])

    def test_graph_is_published_whole(self):
        """R11: publication ends only when everything has been reached."""
        box = shared([])
        graph = head = [Node(0)]
        for i in range(100):
            head.append([Node(i)])
            head = head[-1]
        box.append(graph)
        gc.collect()
        self.assertTrue(race(lambda: box[0][1][0].whole())[0])

    def test_storage_of_another_object(self):
        """R12: the object whose storage is written decides, not the one that is named."""
        class Borg:
            common = shared({})

            def __init__(self):
                self.__dict__ = Borg.common

        one, other = Borg(), shared(Borg())
        one.a = Node(1)
        vars(one)["b"] = Node(2)
        setattr(one, "c", Node(3))
        gc.collect()
        self.assertEqual(race(lambda: [other.a.n, other.b.n, other.c.n])[0], [1, 2, 3])

    def test_function_given_to_other_threads(self):
        """R13: what other threads are given is published first."""
        over, begun = threading.Event(), threading.Event()

        def work():
            begun.set()
            over.wait()

        thread = threading.Thread(target=work)
        thread.start()
        begun.wait()
        seen = set()
        sys._setprofileallthreads(lambda frame, event, arg: seen.add(event))
        gc.collect()
        over.set()
        thread.join()
        sys._setprofileallthreads(None)
        self.assertIn("return", seen)

    def test_class_lives_while_an_instance_does(self):
        """R14: instances do not count their class; it lives all the same."""
        def make(n):
            class Leaf:
                __slots__ = ()

                def number(self):
                    return n
            return Leaf()

        leaves = shared([make(n) for n in range(50)])
        for _ in range(3):
            gc.collect()
            [[] for _ in range(1000)]
        self.assertEqual([leaf.number() for leaf in leaves], list(range(50)))
        self.assertEqual(type(leaves[7]).__name__, "Leaf")

    def test_garbage_that_a_thread_leaves(self):
        """R17: what only an ended thread could reach is collected."""
        gone = []

        class Mortal(Node):
            def __del__(self):
                gone.append(self.n)

        def work():
            for i in range(10):
                node = Mortal(i)
                node.me = node
        race(work)
        for _ in range(20):
            gc.collect()
            if len(gone) == 10:
                break
            time.sleep(0.02)
        self.assertEqual(sorted(gone), list(range(10)))

    def test_numbers_on_the_heap(self):
        """R18: only immediates are numbers that nobody counts."""
        nodes = shared([Node(0) for _ in range(50)])
        for i, node in enumerate(nodes):
            setattr(node, "big", 10**30 + i)
            setattr(node, "huge", -(3**100) * (i + 1))
        gc.collect()
        [10**31 + i for i in range(1000)]
        self.assertEqual(race(lambda: [(node.big - 10**30, node.huge // -(3**100)) for node in nodes])[0], [(i, i + 1) for i in range(50)])

    def test_what_only_native_code_holds(self):
        """R16: what a native function keeps in its frame is found there."""
        nodes = shared([Node(i) for i in range(60)])

        def key(node):
            if node.n > 0:
                nodes[node.n - 1] = None  # the greatest one so far: only max() has it
            if node.n % 20 == 19:
                time.sleep(0.03)
                [Node(-1) for _ in range(200)]
            return node.n if node.n != 59 else -1

        best = max(nodes, key=key)
        self.assertTrue(best.whole() and best.n == 58)


if __name__ == "__main__":
    unittest.main()
