"""queue.Queue, LifoQueue, PriorityQueue and SimpleQueue between producers and consumers.

Race: put and get from several threads, bounded and unbounded, with time limits and shutdown.
Legal outcomes: every item arrives exactly once; items of one producer keep their order in a FIFO queue; task_done and
join balance; nobody hangs.
"""

import queue
import threading
import unittest

from support import THREADS, numbered, race, scaled

N = scaled(2_000)


class Queues(unittest.TestCase):
    def exchange(self, shared, ordered):
        def produce(k):
            for i in range(N):
                shared.put((k, i))
            return []

        def consume():
            mine = []
            while (item := shared.get()) is not None:
                mine.append(item)
            return mine
        parts = [[], []]
        consumers = [threading.Thread(target=lambda out=out: out.extend(consume()), daemon=True) for out in parts]
        for thread in consumers:
            thread.start()
        race(*numbered(produce, 3))
        for _ in consumers:
            shared.put(None)
        for thread in consumers:
            thread.join(30)
            self.assertFalse(thread.is_alive())
        got = [item for part in parts for item in part]
        self.assertEqual(sorted(got), [(k, i) for k in range(3) for i in range(N)])
        if ordered:
            for part in parts:
                for k in range(3):
                    mine = [i for owner, i in part if owner == k]
                    self.assertEqual(mine, sorted(mine))

    def test_queue(self):
        self.exchange(queue.Queue(), ordered=True)

    def test_bounded_queue(self):
        self.exchange(queue.Queue(maxsize=3), ordered=True)

    def test_simple_queue(self):
        self.exchange(queue.SimpleQueue(), ordered=True)

    def test_lifo_queue(self):
        shared = queue.LifoQueue()

        def work(k):
            mine = []
            for i in range(N // 2):
                shared.put((k, i))
                mine.append(shared.get())
            return mine
        got = [item for part in race(*numbered(work)) for item in part]
        self.assertEqual(sorted(got), [(k, i) for k in range(THREADS) for i in range(N // 2)])
        self.assertTrue(shared.empty())

    def test_priority_queue(self):
        shared = queue.PriorityQueue()

        def put(k):
            for i in range(N // 2):
                shared.put((i * 7919 % 1009, k, i))
        race(*numbered(put))
        got = [shared.get() for _ in range(shared.qsize())]
        self.assertEqual(got, sorted(got))
        self.assertEqual(len(got), N // 2 * THREADS)

    def test_join_waits_for_all_tasks(self):
        shared, done = queue.Queue(), []

        def work():
            while (item := shared.get()) is not None:
                done.append(item)
                shared.task_done()
            shared.task_done()

        def feed():
            for i in range(N):
                shared.put(i)
            shared.put(None)
            shared.put(None)
            shared.join()
            return len(done)
        *_, at_join = race(work, work, feed)
        self.assertEqual(at_join, N)
        self.assertEqual(sorted(done), list(range(N)))

    def test_get_with_time_limit(self):
        shared = queue.Queue()

        def work():
            try:
                shared.get(timeout=0.05)
            except queue.Empty:
                return "empty"
        self.assertEqual(race(work, work), ["empty", "empty"])
        with self.assertRaises(queue.Empty):
            queue.SimpleQueue().get(timeout=0.01)
        with self.assertRaises(queue.Full):
            full = queue.Queue(1)
            full.put(1)
            full.put(2, timeout=0.01)

    def test_nowait(self):
        shared = queue.Queue(10)

        def work(k):
            put = got = 0
            for i in range(N):
                try:
                    shared.put_nowait((k, i))
                    put += 1
                except queue.Full:
                    pass
                try:
                    shared.get_nowait()
                    got += 1
                except queue.Empty:
                    pass
                assert shared.qsize() <= 10
            return put - got
        self.assertEqual(sum(race(*numbered(work))), shared.qsize())

    def test_shutdown_wakes_everyone(self):
        shared = queue.Queue()

        def wait():
            try:
                while True:
                    shared.get()
            except queue.ShutDown:
                return "woken"

        def stop():
            for i in range(10):
                shared.put(i)
            shared.shutdown()
        self.assertEqual(race(wait, wait, stop), ["woken", "woken", None])

    def test_ping_pong(self):
        there, back = queue.SimpleQueue(), queue.SimpleQueue()

        def ping():
            for i in range(N):
                there.put(i)
                assert back.get(timeout=30) == i + 1

        def pong():
            for _ in range(N):
                back.put(there.get(timeout=30) + 1)
        race(ping, pong)


if __name__ == "__main__":
    unittest.main()
