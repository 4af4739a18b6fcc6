"""faulthandler with many threads: what it writes from a signal handler or its watchdog, while the threads run."""

import ctypes
import faulthandler
import os
import signal
import tempfile
import threading
import time
import unittest


def waits(event, ready):
    ready.release()
    event.wait()


def leaf(n):
    return n + 1


def steps(n):
    for i in range(n):
        yield leaf(i)


def runs(event, ready):
    ready.release()
    while not event.is_set():
        sum(steps(10))


# ThreadSanitizer keeps signals back until the thread calls the C library, which neither a loop in Python nor a wait on a futex does.
KEEPS_SIGNALS = hasattr(ctypes.CDLL(None), "__tsan_init")


@unittest.skipIf(KEEPS_SIGNALS, "threads are asked by a signal, which ThreadSanitizer does not deliver at once")
class AllThreads(unittest.TestCase):
    def setUp(self):
        self.file = tempfile.TemporaryFile()
        self.addCleanup(self.file.close)
        event, ready = threading.Event(), threading.Semaphore(0)
        threads = [threading.Thread(target=target, args=(event, ready)) for target in (waits, runs, waits, runs)]
        for thread in threads:
            thread.start()
        self.addCleanup(lambda: [thread.join() for thread in threads])
        self.addCleanup(event.set)
        for _ in threads:
            ready.acquire()

    def written(self):
        return os.pread(self.file.fileno(), 1 << 20, 0).decode()

    def check_all_there(self, text, threads):
        self.assertEqual(text.count("hread 0x"), threads, text)
        for function, least in (("waits", 2), ("runs", 2)):
            self.assertGreaterEqual(text.count(f" in {function}\n"), least, text)

    def test_watchdog(self):
        faulthandler.dump_traceback_later(0.05, file=self.file)
        self.addCleanup(faulthandler.cancel_dump_traceback_later)
        end = time.monotonic() + 20
        while time.monotonic() < end and not self.written().endswith(" in <module>\n"):
            time.sleep(0.05)
        text = self.written()
        self.assertRegex(text, r"\ATimeout \(0:00:00\.050000\)!\nThread 0x")
        self.check_all_there(text, 5)

    def test_signal(self):
        faulthandler.register(signal.SIGUSR1, file=self.file)
        self.addCleanup(faulthandler.unregister, signal.SIGUSR1)
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
        text = self.written()
        self.assertIn("Current thread 0x", text)
        self.check_all_there(text, 5)

    def test_signals_at_any_moment(self):
        faulthandler.register(signal.SIGUSR1, file=self.file)
        self.addCleanup(faulthandler.unregister, signal.SIGUSR1)
        for _ in range(60):
            signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
            sum(steps(100))
        self.assertEqual(self.written().count("Current thread 0x"), 60)


if __name__ == "__main__":
    unittest.main()
