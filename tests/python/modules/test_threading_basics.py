"""threading, queue and concurrent.futures as a single user sees them."""

import _thread
import concurrent.futures
import queue
import threading
import time
import unittest


class Threads(unittest.TestCase):
    def test_runs_with_arguments(self):
        got = []
        t = threading.Thread(target=lambda *a, **k: got.append((a, k)), args=(1,), kwargs={"x": 2}, name="n")
        self.assertEqual((t.name, t.daemon, t.is_alive(), t.ident), ("n", False, False, None))
        t.start()
        t.join()
        self.assertEqual((got, t.is_alive()), ([((1,), {"x": 2})], False))

    def test_repr_states(self):
        t = threading.Thread(name="r")
        self.assertEqual(repr(t), "<Thread(r, initial)>")
        t.start()
        t.join()
        self.assertRegex(repr(t), r"<Thread\(r, stopped \d+\)>")

    def test_main_thread(self):
        self.assertEqual(threading.main_thread().name, "MainThread")
        self.assertEqual(threading.current_thread() is threading.main_thread(), True)

    def test_name_in_the_system(self):
        before = _thread._get_name()
        self.addCleanup(_thread.set_name, before)
        for name, seen in (("worker", "worker"), ("x" * 20, "x" * 15), ("\u00e9" * 10, "\u00e9" * 7 + "\udcc3"),
                           ("a\0b", "a"), ("\ud800a", "?a"), ("", "")):
            _thread.set_name(name)
            self.assertEqual(_thread._get_name(), seen)
        with self.assertRaisesRegex(TypeError, r"^set_name\(\) argument 'name' must be str, not int$"):
            _thread.set_name(1)

    def test_lock_protocol(self):
        lock = threading.Lock()
        self.assertTrue(lock.acquire())
        self.assertFalse(lock.acquire(blocking=False))
        self.assertFalse(lock.acquire(timeout=0.01))
        self.assertTrue(lock.locked())
        lock.release()
        with lock:
            self.assertTrue(lock.locked())
        self.assertFalse(lock.locked())

    def test_lock_argument_errors(self):
        lock = threading.Lock()
        with self.assertRaises(ValueError) as caught:
            lock.acquire(False, 1)
        self.assertEqual(str(caught.exception), "can't specify a timeout for a non-blocking call")
        with self.assertRaises(ValueError) as caught:
            lock.acquire(timeout=-2)
        self.assertEqual(str(caught.exception), "timeout value must be a non-negative number")

    def test_rlock_reentry(self):
        lock = threading.RLock()
        with lock, lock:
            pass
        with self.assertRaises(RuntimeError) as caught:
            lock.release()
        self.assertEqual(str(caught.exception), "cannot release un-acquired lock")

    def test_event(self):
        e = threading.Event()
        self.assertEqual((e.is_set(), e.wait(0.01)), (False, False))
        e.set()
        self.assertEqual((e.is_set(), e.wait()), (True, True))

    def test_condition(self):
        c, box = threading.Condition(), []
        def work():
            with c:
                box.append(1)
                c.notify()
        with c:
            t = threading.Thread(target=work)
            t.start()
            self.assertTrue(c.wait_for(lambda: box, 10))
        t.join()

    def test_local(self):
        local = threading.local()
        local.x = 1
        seen = []
        t = threading.Thread(target=lambda: seen.append(hasattr(local, "x")))
        t.start()
        t.join()
        self.assertEqual(seen, [False])

    def test_excepthook_arguments(self):
        got = []
        old, threading.excepthook = threading.excepthook, got.append
        try:
            t = threading.Thread(target=lambda: 1 / 0)
            t.start()
            t.join()
        finally:
            threading.excepthook = old
        self.assertEqual((got[0].exc_type, got[0].thread), (ZeroDivisionError, t))


class Queues(unittest.TestCase):
    def test_fifo_lifo_priority(self):
        out = []
        for q in (queue.Queue(), queue.LifoQueue(), queue.PriorityQueue()):
            for x in (2, 1, 3):
                q.put(x)
            out.append([q.get() for _ in range(3)])
        self.assertEqual(out, [[2, 1, 3], [3, 1, 2], [1, 2, 3]])

    def test_limits(self):
        q = queue.Queue(1)
        q.put(1)
        self.assertTrue(q.full())
        self.assertRaises(queue.Full, q.put_nowait, 2)
        q.get()
        self.assertRaises(queue.Empty, q.get_nowait)
        self.assertRaises(queue.Empty, q.get, timeout=0.01)

    def test_task_done(self):
        q = queue.Queue()
        q.put(1)
        q.get()
        q.task_done()
        q.join()
        with self.assertRaises(ValueError) as caught:
            q.task_done()
        self.assertEqual(str(caught.exception), "task_done() called too many times")

    def test_simple_queue(self):
        q = queue.SimpleQueue()
        q.put(1)
        self.assertEqual((q.qsize(), q.empty(), q.get()), (1, False, 1))

    def test_shutdown(self):
        q = queue.Queue()
        q.put(1)
        q.shutdown()
        self.assertEqual(q.get(), 1)
        self.assertRaises(queue.ShutDown, q.get)
        self.assertRaises(queue.ShutDown, q.put, 1)


class Futures(unittest.TestCase):
    def test_submit_and_map(self):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            f = pool.submit(pow, 2, 5)
            self.assertEqual(f.result(), 32)
            self.assertEqual(f.done(), True)
            self.assertEqual(f.exception(), None)
            self.assertEqual(list(pool.map(abs, [-1, 2])), [1, 2])

    def test_exception(self):
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            f = pool.submit(lambda: {}["k"])
            self.assertRaises(KeyError, f.result)
            self.assertIsInstance(f.exception(), KeyError)

    def test_callbacks_and_state(self):
        f = concurrent.futures.Future()
        log = []
        f.add_done_callback(log.append)
        self.assertFalse(f.done())
        f.set_result(1)
        f.add_done_callback(log.append)
        self.assertEqual(log, [f, f])
        self.assertRaises(concurrent.futures.InvalidStateError, f.set_result, 2)

    def test_cancel(self):
        f = concurrent.futures.Future()
        self.assertTrue(f.cancel() and f.cancelled())
        self.assertRaises(concurrent.futures.CancelledError, f.result)

    def test_timeout(self):
        self.assertRaises(TimeoutError, concurrent.futures.Future().result, 0.01)

    def test_as_completed(self):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            slow, fast = pool.submit(time.sleep, 0.1), pool.submit(int)
            self.assertEqual(list(concurrent.futures.as_completed([slow, fast])), [fast, slow])


if __name__ == "__main__":
    unittest.main()
