"""Native threads are used again: nothing of one Python thread may be seen in the next."""

import os
import queue
import signal
import sys
import threading
import time
import unittest


def in_thread(function):
    result = []
    thread = threading.Thread(target=lambda: result.append(function()))
    thread.start()
    thread.join()
    return result[0]


class Starting(unittest.TestCase):
    def test_signal_mask_is_the_starter_s(self):
        def block():
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
        for _ in range(5):
            in_thread(block)
        for _ in range(5):
            self.assertNotIn(signal.SIGUSR1, in_thread(lambda: signal.pthread_sigmask(signal.SIG_BLOCK, [])))
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
        try:
            self.assertIn(signal.SIGUSR2, in_thread(lambda: signal.pthread_sigmask(signal.SIG_BLOCK, [])))
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def test_thread_state_is_fresh(self):
        local = threading.local()

        def dirty():
            local.x = 1
            sys.settrace(lambda *_: None)
            sys.setprofile(lambda *_: None)
            sys.set_coroutine_origin_tracking_depth(3)

        def look():
            return hasattr(local, "x"), sys.gettrace(), sys.getprofile(), sys.get_coroutine_origin_tracking_depth()
        for _ in range(10):
            in_thread(dirty)
            self.assertEqual(in_thread(look), (False, None, None, 0))

    def test_idents_of_living_threads_differ(self):
        for _ in range(20):
            idents = queue.SimpleQueue()
            stop = threading.Event()

            def work():
                idents.put((threading.get_ident(), threading.get_native_id()))
                stop.wait()
            threads = [threading.Thread(target=work) for _ in range(12)]
            for thread in threads:
                thread.start()
            found = [idents.get() for _ in threads]
            stop.set()
            for thread in threads:
                thread.join()
            self.assertEqual(len({one for one, _ in found}), 12)
            self.assertEqual(len({native for _, native in found}), 12)
            self.assertEqual({thread.ident for thread in threads}, {one for one, _ in found})

    def test_thousand_threads_alive(self):
        stop, ready = threading.Event(), threading.Semaphore(0)

        def work():
            ready.release()
            stop.wait()
        threads = [threading.Thread(target=work) for _ in range(1_000)]
        for thread in threads:
            thread.start()
        for _ in threads:
            ready.acquire()
        self.assertGreaterEqual(threading.active_count(), 1_000)
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(in_thread(lambda: 7), 7)

    @unittest.skipUnless(hasattr(os, "fork"), "needs fork")
    def test_child_starts_its_own(self):
        for _ in range(5):
            in_thread(int)
            process = os.fork()
            if process == 0:
                os._exit(0 if [in_thread(lambda: 7) for _ in range(5)] == [7] * 5 else 1)
            self.assertEqual(os.waitpid(process, 0)[1], 0)

    def test_after_a_pause(self):
        """Threads that waited long enough have ended; the next ones are new."""
        for _ in range(3):
            in_thread(int)
            time.sleep(0.12)
            self.assertEqual(in_thread(lambda: 7), 7)


class PromptEnd(unittest.TestCase):
    def test_object_whose_maker_is_blocked(self):
        died = threading.Event()

        class Thing:
            def __del__(self):
                died.set()
        box, blocked, over = [], threading.Event(), threading.Event()

        def maker():
            box.append(Thing())
            blocked.set()
            over.wait()
        thread = threading.Thread(target=maker)
        thread.start()
        blocked.wait()
        box.clear()
        self.assertTrue(died.wait(10))
        over.set()
        thread.join()


if __name__ == "__main__":
    unittest.main()
