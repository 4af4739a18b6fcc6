"""concurrent.futures.Future, ThreadPoolExecutor, Condition and Queue where they have native parts."""

import collections
import concurrent.futures
import copy
import queue
import threading
import time
import unittest
from concurrent.futures import Future, ThreadPoolExecutor


class Futures(unittest.TestCase):
    def test_condition_made_late_still_wakes(self):
        for _ in range(50):
            future, got = Future(), []
            waiter = threading.Thread(target=lambda: got.append(future.result(10)))
            waiter.start()
            setter = threading.Thread(target=lambda: future.set_result(5))
            setter.start()
            done, _ = concurrent.futures.wait([future], timeout=10)
            self.assertEqual(done, {future})
            waiter.join()
            setter.join()
            self.assertEqual(got, [5])

    def test_completed_once_by_racing_threads(self):
        for _ in range(50):
            future, won, barrier = Future(), [], threading.Barrier(4)

            def complete(i):
                barrier.wait()
                try:
                    future.set_result(i)
                except concurrent.futures.InvalidStateError:
                    return
                won.append(i)
            threads = [threading.Thread(target=complete, args=(i,)) for i in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(won, [future.result()])

    def test_callbacks_in_order_and_errors_logged(self):
        future, seen = Future(), []
        for i in range(5):
            future.add_done_callback(lambda f, i=i: seen.append(i))
        future.add_done_callback(lambda f: 1 / 0)
        future.add_done_callback(lambda f: seen.append("last"))
        with self.assertLogs("concurrent.futures", "ERROR") as logs:
            future.set_result(None)
        self.assertEqual(seen, [0, 1, 2, 3, 4, "last"])
        self.assertIn("ZeroDivisionError", logs.output[0])

    def test_attributes_and_subclasses(self):
        class Mine(Future):
            def __init__(self):
                super().__init__()
                self.extra = 1
        future = Mine()
        future.other = 2
        self.assertEqual((future.extra, future.other, future._state), (1, 2, "PENDING"))
        self.assertRegex(repr(future), r"^<Mine at 0x[0-9a-f]+ state=pending>$")
        with self.assertRaisesRegex(TypeError, "cannot pickle '_thread.RLock' object"):
            copy.deepcopy(Future())
        with self.assertRaises(TypeError):
            Future(1)

    def test_timeout(self):
        start = time.monotonic()
        with self.assertRaises(TimeoutError):
            Future().result(0.05)
        self.assertGreaterEqual(time.monotonic() - start, 0.05)


class Pools(unittest.TestCase):
    def test_many_producers(self):
        with ThreadPoolExecutor(4) as pool:
            totals = []

            def produce():
                futures = [pool.submit(pow, i, 2) for i in range(500)]
                totals.append(sum(f.result() for f in futures))
            threads = [threading.Thread(target=produce) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(totals, [sum(i * i for i in range(500))] * 4)

    def test_keywords_exceptions_and_shutdown(self):
        pool = ThreadPoolExecutor(2)
        self.assertEqual(pool.submit(dict, [(1, 2)], a=3).result(), {1: 2, "a": 3})
        self.assertIsInstance(pool.submit(int, "x").exception(), ValueError)
        with self.assertRaises(TypeError):
            pool.submit()
        pool.shutdown()
        with self.assertRaisesRegex(RuntimeError, "cannot schedule new futures after shutdown"):
            pool.submit(int)

    def test_idle_worker_is_used_again(self):
        with ThreadPoolExecutor(8) as pool:
            for _ in range(20):
                pool.submit(int).result()
                while not pool._idle_semaphore._value:
                    time.sleep(0.001)
            self.assertEqual(len(pool._threads), 1)


class Queues(unittest.TestCase):
    def test_simple_queue_loses_no_wake_up(self):
        q, got = queue.SimpleQueue(), collections.deque()

        def consume():
            while (item := q.get()) is not None:
                got.append(item)
        consumers = [threading.Thread(target=consume) for _ in range(4)]
        for thread in consumers:
            thread.start()
        for i in range(2000):
            q.put(i)
            if i % 100 == 0:
                time.sleep(0.001)
        for _ in consumers:
            q.put(None)
        for thread in consumers:
            thread.join(30)
            self.assertFalse(thread.is_alive())
        self.assertEqual(sorted(got), list(range(2000)))

    def test_hooks_of_subclasses_and_instances(self):
        class Doubling(queue.Queue):
            def _put(self, item):
                super()._put(item * 2)
        q = Doubling()
        q.put(4)
        self.assertEqual(q.get(), 8)
        plain = queue.Queue()
        plain._put = lambda item: plain.queue.append(-item)
        plain.put(3)
        self.assertEqual(plain.get(), -3)

    def test_bounded_and_shut_down(self):
        q = queue.Queue(1)
        q.put(1)
        with self.assertRaises(queue.Full):
            q.put(2, block=False)
        with self.assertRaises(queue.Full):
            q.put(2, timeout=0.01)
        self.assertEqual((q.get(), q.unfinished_tasks), (1, 1))
        with self.assertRaises(queue.Empty):
            q.get(timeout=0.01)
        q.task_done()
        q.join()
        q.shutdown()
        with self.assertRaises(queue.ShutDown):
            q.put(1)
        with self.assertRaises(queue.ShutDown):
            q.get()

    def test_condition_not_held(self):
        for condition in threading.Condition(), threading.Condition(threading.Lock()):
            with self.assertRaisesRegex(RuntimeError, "cannot notify on un-acquired lock"):
                condition.notify()
            with self.assertRaises(RuntimeError):
                condition.notify_all()
            with condition:
                condition.notify()
                condition.notify_all()


if __name__ == "__main__":
    unittest.main()
