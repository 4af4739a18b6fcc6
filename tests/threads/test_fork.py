"""os.fork while other threads hold, wait for and hand over the locks of shared containers: the child can use all of them."""

import gc
import os
import queue
import signal
import threading
import time
import unittest
import warnings

SHARED_LIST, SHARED_DICT, SHARED_SET = [], {}, set()


def use(n):
    SHARED_LIST.append(n)
    SHARED_DICT[n % 100] = [n] * 5
    SHARED_SET.add(n % 50)
    SHARED_LIST.extend(SHARED_DICT.keys())
    SHARED_SET.update(SHARED_DICT)
    if len(SHARED_LIST) > 1000: del SHARED_LIST[:]
    setattr(use, "attribute%d" % (n % 7), n)


def child():
    def work():
        for n in range(50): use(n)
        gc.collect()
    threads = [threading.Thread(target=work) for _ in range(2)]
    for t in threads: t.start()
    for t in threads: t.join()
    warnings.warn("a warning takes a lock of the library", ResourceWarning)


class Forks(unittest.TestCase):
    def wait(self, pid):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done: return os.waitstatus_to_exitcode(status)
            time.sleep(0.002)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return "hung"

    def test_child_can_use_what_was_shared(self):
        stop = threading.Event()
        items = queue.Queue()

        def busy():
            n = 0
            while not stop.is_set():
                n += 1
                use(n)
                items.put(n)
                items.get()
                warnings.warn("ignored", ResourceWarning)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            threads = [threading.Thread(target=busy) for _ in range(4)]
            for t in threads: t.start()
            try:
                for _ in range(40):
                    pid = os.fork()
                    if pid == 0:
                        try:
                            child()
                            os._exit(7)
                        finally:
                            os._exit(1)
                    self.assertEqual(self.wait(pid), 7)
            finally:
                stop.set()
                for t in threads: t.join()


if __name__ == "__main__":
    unittest.main()
