"""Lock, RLock, Condition, Semaphore, Event and Barrier.

Race: many threads acquire, wait, notify and release.
Legal outcomes: at most one thread (or as many as the semaphore allows) is inside; no wake-up is lost; wrong releases
raise RuntimeError; time limits end a wait.
"""

import threading
import time
import unittest

from support import THREADS, numbered, race, repeat, scaled

N = scaled(2_000)


class Locks(unittest.TestCase):
    def check_exclusion(self, lock):
        inside = 0
        total = 0

        def work():
            nonlocal inside, total
            for _ in range(N):
                with lock:
                    inside += 1
                    assert inside == 1, inside
                    total += 1
                    inside -= 1
        race(*repeat(work))
        self.assertEqual(total, N * THREADS)

    def test_lock_excludes(self):
        self.check_exclusion(threading.Lock())

    def test_rlock_excludes(self):
        self.check_exclusion(threading.RLock())

    def test_condition_excludes(self):
        self.check_exclusion(threading.Condition())

    def test_semaphore_of_one_excludes(self):
        self.check_exclusion(threading.Semaphore(1))

    def test_try_acquire(self):
        lock = threading.Lock()
        got = [0] * THREADS

        def work(k):
            for _ in range(N):
                if lock.acquire(blocking=False):
                    got[k] += 1
                    lock.release()
        race(*numbered(work))
        self.assertTrue(sum(got) >= 1)
        self.assertFalse(lock.locked())

    def test_time_limit(self):
        lock = threading.Lock()
        with lock:
            def wait():
                start = time.monotonic()
                assert not lock.acquire(timeout=0.1)
                return time.monotonic() - start
            self.assertTrue(all(took >= 0.09 for took in race(wait, wait)))
        self.assertTrue(lock.acquire(timeout=0.1))

    def test_wrong_release(self):
        with self.assertRaisesRegex(RuntimeError, "release unlocked lock"):
            threading.Lock().release()
        with self.assertRaisesRegex(RuntimeError, "cannot release un-acquired lock"):
            threading.RLock().release()
        lock = threading.RLock()
        with lock:
            def foreign():
                with self.assertRaises(RuntimeError):
                    lock.release()
                assert not lock.acquire(blocking=False)
            race(foreign)

    def test_lock_released_by_another_thread(self):
        lock = threading.Lock()
        lock.acquire()

        def release():
            time.sleep(0.02)
            lock.release()
        race(lambda: lock.acquire(timeout=30), release)
        self.assertTrue(lock.locked())

    def test_rlock_depth(self):
        lock = threading.RLock()

        def work():
            for _ in range(N // 10):
                for _ in range(5):
                    lock.acquire()
                for _ in range(5):
                    lock.release()
        race(*repeat(work))
        self.assertTrue(lock.acquire(blocking=False))

    def test_two_locks_in_order(self):
        a, b = threading.Lock(), threading.Lock()
        values = [0, 0]

        def work():
            for _ in range(N):
                with a, b:
                    values[0] += 1
                    values[1] -= 1
                with a:
                    values[0] += 0
        race(*repeat(work))
        self.assertEqual(values, [N * THREADS, -N * THREADS])


class Conditions(unittest.TestCase):
    def test_bounded_buffer(self):
        condition, buffer = threading.Condition(), []

        def produce(k):
            for i in range(N):
                with condition:
                    while len(buffer) >= 5:
                        condition.wait()
                    buffer.append((k, i))
                    condition.notify_all()
            return []

        def consume():
            mine = []
            for _ in range(N):
                with condition:
                    condition.wait_for(lambda: buffer)
                    mine.append(buffer.pop(0))
                    condition.notify_all()
            return mine
        parts = race(lambda: produce(0), lambda: produce(1), consume, consume)
        self.assertEqual(sorted(item for part in parts for item in part), [(k, i) for k in range(2) for i in range(N)])

    def test_notify_one_by_one(self):
        condition, tokens, woken = threading.Condition(), [0], []

        def wait(k):
            with condition:
                while not tokens[0]:
                    condition.wait()
                tokens[0] -= 1
                woken.append(k)

        def notify():
            for _ in range(5):
                with condition:
                    tokens[0] += 1
                    condition.notify()
                time.sleep(0.002)
        race(notify, *numbered(wait, 5))
        self.assertEqual(sorted(woken), list(range(5)))

    def test_wait_time_limit(self):
        condition = threading.Condition()
        with condition:
            self.assertFalse(condition.wait(0.01))
            self.assertFalse(condition.wait_for(lambda: False, timeout=0.02))

    def test_not_owned(self):
        condition = threading.Condition()
        for call in (condition.wait, condition.notify, condition.notify_all):
            with self.assertRaisesRegex(RuntimeError, "un-acquired lock"):
                call()


class Others(unittest.TestCase):
    def test_semaphore_limit(self):
        semaphore, lock = threading.BoundedSemaphore(2), threading.Lock()
        inside, most = 0, 0

        def work():
            nonlocal inside, most
            for _ in range(N // 4):
                with semaphore:
                    with lock:
                        inside += 1
                        most = max(most, inside)
                    with lock:
                        inside -= 1
        race(*repeat(work))
        self.assertLessEqual(most, 2)
        self.assertEqual(inside, 0)
        with self.assertRaises(ValueError):
            semaphore.release()

    def test_semaphore_counts(self):
        semaphore = threading.Semaphore(0)

        def give():
            for _ in range(N):
                semaphore.release()

        def take():
            for _ in range(N):
                assert semaphore.acquire(timeout=30)
        race(give, give, take, take)
        self.assertFalse(semaphore.acquire(blocking=False))

    def test_event_wakes_all(self):
        for _ in range(30):
            event = threading.Event()
            results = race(*repeat(lambda: event.wait(30)), event.set)
            self.assertEqual(results[:-1], [True] * THREADS)
        event.clear()
        self.assertFalse(event.wait(0.01))

    def test_event_publishes_what_was_written_before(self):
        for _ in range(100):
            event, box = threading.Event(), {}

            def write():
                box["value"] = [1, 2, 3]
                event.set()

            def read():
                assert event.wait(30)
                return box["value"]
            self.assertEqual(race(write, read)[1], [1, 2, 3])

    def test_barrier_rounds(self):
        rounds = scaled(100)
        barrier, arrived = threading.Barrier(THREADS), [0] * THREADS

        def work(k):
            for i in range(rounds):
                arrived[k] = i
                barrier.wait(30)
                assert set(arrived) == {i}, arrived
                barrier.wait(30)
        race(*numbered(work))

    def test_barrier_action_and_index(self):
        ran = []
        barrier = threading.Barrier(THREADS, action=lambda: ran.append(1))
        indices = race(*repeat(lambda: barrier.wait(30)))
        self.assertEqual(sorted(indices), list(range(THREADS)))
        self.assertEqual(ran, [1])

    def test_barrier_broken(self):
        barrier = threading.Barrier(3)

        def wait():
            with self.assertRaises(threading.BrokenBarrierError):
                barrier.wait(30)
        race(wait, wait, barrier.abort)
        self.assertTrue(barrier.broken)

    def test_timer(self):
        fired = threading.Event()
        timer = threading.Timer(0.01, fired.set)
        timer.start()
        self.assertTrue(fired.wait(30))
        timer.join()
        cancelled = threading.Timer(60, fired.clear)
        cancelled.start()
        cancelled.cancel()
        cancelled.join(30)
        self.assertTrue(fired.is_set())

    def test_lock_handed_round(self):
        """Threads must not starve each other on a lock that is released and taken again at once."""
        lock, counts = threading.Lock(), [0] * 2
        end = time.monotonic() + 1.0

        def work(k):
            while time.monotonic() < end:
                with lock:
                    counts[k] += 1
                time.sleep(0)
        race(*numbered(work, 2))
        self.assertTrue(min(counts) > 0, counts)


if __name__ == "__main__":
    unittest.main()
