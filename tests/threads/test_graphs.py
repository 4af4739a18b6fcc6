"""Object graphs handed from thread to thread.

Race: one thread builds a structure (trees, lists of dicts, cyclic graphs, closures, instances) and hands it over through
a shared list, dict, attribute, queue, argument or result; others read, change and drop it.
Legal outcomes: who receives a structure sees all of what was built before it was handed over.
"""

import queue
import threading
import unittest

from support import THREADS, numbered, race, repeat, scaled

N = scaled(500)


class Node:
    def __init__(self, value, left=None, right=None):
        self.value = value
        self.left = left
        self.right = right
        self.parent = None
        for child in (left, right):
            if child is not None:
                child.parent = self


def tree(depth, value=1):
    if depth == 0:
        return Node(value)
    return Node(value, tree(depth - 1, value * 2), tree(depth - 1, value * 2 + 1))


def tree_sum(node):
    if node is None:
        return 0
    for child in (node.left, node.right):
        assert child is None or child.parent is node
    return node.value + tree_sum(node.left) + tree_sum(node.right)


FULL = sum(range(1, 32))


def document(n):
    inner = {"n": n, "list": [n, str(n), float(n), (n, [n])], "set": {n, n + 1}, "bytes": bytearray([n % 256])}
    inner["self"] = inner
    return inner


def check_document(d):
    n = d["n"]
    assert d["self"] is d and d["list"] == [n, str(n), float(n), (n, [n])], d["list"]
    assert d["set"] == {n, n + 1} and d["bytes"] == bytearray([n % 256])


class Graphs(unittest.TestCase):
    def test_through_a_queue(self):
        shared = queue.SimpleQueue()

        def make():
            for i in range(N):
                shared.put((tree(4), document(i)))
            shared.put(None)

        def use():
            while (item := shared.get(timeout=30)) is not None:
                assert tree_sum(item[0]) == FULL
                check_document(item[1])
        race(make, make, use, use)

    def test_through_a_list_slot(self):
        slots = [(tree(4), document(0))] * 4

        def make(k):
            for i in range(N):
                slots[(i + k) % 4] = (tree(4), document(i))
        def use():
            for item in slots:
                assert tree_sum(item[0]) == FULL
                check_document(item[1])
        race(*numbered(make, 2), meanwhile=[use, use])

    def test_through_an_attribute(self):
        class Holder:
            pass
        holder = Holder()
        holder.tree, holder.document = tree(4), document(0)

        def make():
            for i in range(N):
                holder.tree = tree(4)
                holder.document = document(i)
        def use():
            assert tree_sum(holder.tree) == FULL
            check_document(holder.document)
        race(make, make, meanwhile=[use, use])

    def test_through_arguments_and_results(self):
        for i in range(N // 10):
            results = []
            given = tree(4)

            def work(node, data, *, extra):
                assert tree_sum(node) == FULL
                check_document(data)
                results.append((tree(4), extra))
            threads = [threading.Thread(target=work, args=(given, document(i)), kwargs={"extra": [i]})
                       for _ in range(3)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual([tree_sum(node) for node, _ in results], [FULL] * 3)
            self.assertEqual([extra for _, extra in results], [[i]] * 3)

    def test_through_a_closure(self):
        current = document(0)

        def make():
            nonlocal current
            for i in range(N * 4):
                current = document(i)

        def use():
            check_document(current)
        race(make, make, meanwhile=[use])

    def test_local_structure_grows_after_it_was_shared(self):
        root = {"children": []}

        def grow(k):
            mine = {"owner": k, "children": []}
            root["children"].append(mine)
            for i in range(N):
                child = {"owner": k, "n": i, "children": []}
                mine["children"].append(child)
                if i % 3 == 0:
                    mine = child

        def walk():
            stack, seen = [root], 0
            while stack and seen < 5000:
                node = stack.pop()
                seen += 1
                stack.extend(node["children"])
        race(*numbered(grow), meanwhile=[walk])

        def count(node):
            total, stack = 0, [node]
            while stack:
                node = stack.pop()
                total += 1
                stack.extend(node["children"])
            return total
        self.assertEqual(count(root), 1 + THREADS * (N + 1))

    def test_shared_linked_list(self):
        head, lock = [None], threading.Lock()

        def push(k):
            for i in range(N):
                with lock:
                    head[0] = ((k, i), head[0])
        race(*numbered(push))
        seen, node = [], head[0]
        while node is not None:
            value, node = node
            seen.append(value)
        self.assertEqual(sorted(seen), [(k, i) for k in range(THREADS) for i in range(N)])

    def test_long_chain_dropped_by_another_thread(self):
        for _ in range(5):
            chain = None
            for i in range(20_000):
                chain = Node(i, chain)
            box = [chain]
            del chain
            race(lambda: box.clear())

    def test_exceptions_handed_over(self):
        errors = queue.SimpleQueue()

        def fail():
            for i in range(N):
                try:
                    try:
                        raise KeyError(i)
                    except KeyError:
                        raise ValueError(i)
                except ValueError as error:
                    errors.put(error)

        def look():
            for _ in range(N):
                error = errors.get(timeout=30)
                assert error.args == error.__context__.args
                assert error.__traceback__.tb_frame.f_code.co_name == "fail"
                try:
                    raise error
                except ValueError as again:
                    assert again is error and again.__traceback__.tb_next is not None
        race(fail, look)

    def test_one_exception_raised_by_all(self):
        error = ValueError("shared")

        def work():
            for _ in range(N):
                try:
                    raise error
                except ValueError as caught:
                    assert caught is error and caught.args == ("shared",)
                    caught.with_traceback(None)
        race(*repeat(work))

    def test_bound_methods_and_partials(self):
        from functools import partial
        calls = []

        class Thing:
            def __init__(self, n):
                self.n = n

            def method(self, extra):
                return self.n + extra

        def make(k):
            for i in range(N):
                calls.append((i, Thing(i).method, partial(Thing(i).method, 1), lambda x, i=i: i + x))
        def use():
            try:
                i, a, b, c = calls[-1]
            except IndexError:
                return
            assert a(1) == b() == c(1) == i + 1
        race(*numbered(make, 2), meanwhile=[use, use])


if __name__ == "__main__":
    unittest.main()
