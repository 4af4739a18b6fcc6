"""concurrent.futures.ThreadPoolExecutor and Future.

Race: submit, map, as_completed, wait, cancel, callbacks and shutdown from several threads.
Legal outcomes: every submitted call runs once or is cancelled, never both; results and exceptions, with their
tracebacks, reach whoever asks; shutdown waits.
"""

import threading
import time
import traceback
import unittest
from concurrent.futures import (ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION, CancelledError, Future,
                                ThreadPoolExecutor, TimeoutError, as_completed, wait)

from support import numbered, race, repeat, scaled

N = scaled(500)


def raises(n):
    raise LookupError(f"number {n}")


class Futures(unittest.TestCase):
    def test_map_keeps_order(self):
        with ThreadPoolExecutor(4) as pool:
            self.assertEqual(list(pool.map(lambda n: n * n, range(N))), [n * n for n in range(N)])
            self.assertEqual(list(pool.map(pow, [2, 3], [5, 2])), [32, 9])

    def test_submit_from_several_threads(self):
        with ThreadPoolExecutor(3) as pool:
            def work(k):
                futures = [pool.submit(lambda i: (k, i), i) for i in range(N)]
                assert [f.result() for f in futures] == [(k, i) for i in range(N)]
            race(*numbered(work, 3))

    def test_as_completed(self):
        with ThreadPoolExecutor(4) as pool:
            futures = {pool.submit(divmod, n, 7): n for n in range(N)}
            seen = {futures[f]: f.result() for f in as_completed(futures)}
        self.assertEqual(seen, {n: divmod(n, 7) for n in range(N)})

    def test_exception_crosses_threads(self):
        with ThreadPoolExecutor(2) as pool:
            futures = [pool.submit(raises, n) for n in range(50)]
            for n, future in enumerate(futures):
                try:
                    future.result()
                    self.fail("no exception")
                except LookupError as error:
                    self.assertEqual(str(error), f"number {n}")
                    self.assertIs(future.exception(), error)
                    names = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
                    self.assertEqual(names[-1], "raises")
                    self.assertEqual(names[0], "test_exception_crosses_threads")

    def test_result_asked_by_several_threads(self):
        for _ in range(20):
            with ThreadPoolExecutor(1) as pool:
                good, bad = pool.submit(sum, [1, 2]), pool.submit(raises, 1)

                def ask():
                    assert good.result(30) == 3
                    try:
                        bad.result(30)
                        raise AssertionError("no exception")
                    except LookupError as error:
                        return error
                first, second = race(ask, ask)
                self.assertIs(first, second)

    def test_map_raises_at_its_place(self):
        with ThreadPoolExecutor(2) as pool:
            results = pool.map(lambda n: 1 // n, [2, 1, 0, 1])
            self.assertEqual([next(results), next(results)], [0, 1])
            with self.assertRaises(ZeroDivisionError):
                next(results)

    def test_cancel_or_run_never_both(self):
        ran = []
        with ThreadPoolExecutor(1) as pool:
            futures = [pool.submit(ran.append, n) for n in range(N)]
            cancelled = race(*repeat(lambda: {n for n, f in enumerate(futures) if f.cancel()}, 2))
        cancelled = set.union(*cancelled)
        self.assertEqual(set(ran) | cancelled, set(range(N)))
        self.assertFalse(set(ran) & cancelled)
        for n in cancelled:
            with self.assertRaises(CancelledError):
                futures[n].result()

    def test_cancel_queue_on_shutdown(self):
        pool, begun, go = ThreadPoolExecutor(1), threading.Event(), threading.Event()
        first = pool.submit(lambda: begun.set() or go.wait(30))
        rest = [pool.submit(pow, 2, n) for n in range(10)]
        self.assertTrue(begun.wait(30))  # it is not in the queue any more
        threading.Timer(0.05, go.set).start()
        pool.shutdown(wait=True, cancel_futures=True)
        self.assertTrue(first.result())
        self.assertTrue(all(f.cancelled() for f in rest))
        with self.assertRaisesRegex(RuntimeError, "cannot schedule new futures after shutdown"):
            pool.submit(pow, 1, 1)

    def test_callbacks_run_once(self):
        called = []
        with ThreadPoolExecutor(3) as pool:
            futures = [pool.submit(pow, n, 2) for n in range(N)]
            race(*repeat(lambda: [f.add_done_callback(lambda f: called.append(f.result())) for f in futures], 2))
        self.assertEqual(sorted(called), sorted([n * n for n in range(N)] * 2))

    def test_wait_kinds(self):
        with ThreadPoolExecutor(3) as pool:
            go = threading.Event()
            slow, quick = pool.submit(go.wait, 30), pool.submit(pow, 2, 3)
            done, pending = wait([slow, quick], return_when=FIRST_COMPLETED)
            self.assertEqual((done, pending), ({quick}, {slow}))
            done, pending = wait([slow, pool.submit(raises, 1)], return_when=FIRST_EXCEPTION)
            self.assertEqual(pending, {slow})
            self.assertEqual(wait([slow], timeout=0.01).not_done, {slow})
            with self.assertRaises(TimeoutError):
                slow.result(timeout=0.01)
            go.set()
            self.assertEqual(len(wait([slow, quick], return_when=ALL_COMPLETED).done), 2)

    def test_future_by_hand(self):
        for _ in range(100):
            future = Future()
            got = race(lambda: future.result(30), lambda: future.set_result("value"), lambda: future.result(30))
            self.assertEqual(got, ["value", None, "value"])

    def test_initializer_and_thread_names(self):
        local = threading.local()

        def prepare(value):
            local.value = value
        with ThreadPoolExecutor(3, "named", prepare, ("ready",)) as pool:
            got = list(pool.map(lambda _: (local.value, threading.current_thread().name.split("_")[0]), range(20)))
        self.assertEqual(set(got), {("ready", "named")})

    def test_no_more_threads_than_asked_for(self):
        inside, most, lock = 0, 0, threading.Lock()

        def work(_):
            nonlocal inside, most
            with lock:
                inside += 1
                most = max(most, inside)
            time.sleep(0.001)
            with lock:
                inside -= 1
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(work, range(30)))
        self.assertLessEqual(most, 3)

    def test_pools_in_pools(self):
        def outer(n):
            with ThreadPoolExecutor(2) as pool:
                return sum(pool.map(lambda i: i * n, range(10)))
        with ThreadPoolExecutor(4) as pool:
            self.assertEqual(list(pool.map(outer, range(20))), [45 * n for n in range(20)])

    def test_many_short_pools(self):
        def work():
            for i in range(scaled(30)):
                with ThreadPoolExecutor(2) as pool:
                    assert pool.submit(abs, -i).result() == i
        race(*repeat(work, 3))


if __name__ == "__main__":
    unittest.main()
