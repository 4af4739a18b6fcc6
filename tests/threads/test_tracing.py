"""settrace and setprofile of all threads, while these run."""

import sys
import threading
import unittest


class AllThreads(unittest.TestCase):
    def running(self, count, done):
        def step():
            pass

        def work():
            while not done.is_set():
                step()
        threads = [threading.Thread(target=work) for _ in range(count)]
        for thread in threads:
            thread.start()
        return threads

    def seen_in(self, install, hook):
        done, seen, both = threading.Event(), set(), threading.Event()
        threads = self.running(2, done)
        wanted = {thread.ident for thread in threads}

        def function(frame, event, argument):
            if frame.f_code.co_name == "step":
                seen.add(threading.get_ident())
                if wanted <= seen:
                    both.set()
        try:
            install(function)
            self.assertIs(hook(), function)
            self.assertTrue(both.wait(20))
        finally:
            install(None)
            done.set()
            for thread in threads:
                thread.join()
        self.assertIsNone(hook())

    def test_profile(self):
        self.seen_in(threading.setprofile_all_threads, sys.getprofile)

    def test_trace(self):
        self.seen_in(threading.settrace_all_threads, sys.gettrace)

    def test_on_and_off(self):
        """The functions that other threads had for themselves are given up while these run them."""
        done = threading.Event()

        def work():
            while not done.is_set():
                sys.setprofile(lambda *_: None)
                sys.settrace(lambda *_: None)
                len("")
        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(300):
                threading.setprofile_all_threads(lambda *_: None)
                threading.settrace_all_threads(lambda *_: None)
                threading.setprofile_all_threads(None)
                threading.settrace_all_threads(None)
        finally:
            done.set()
            for thread in threads:
                thread.join()
            threading.setprofile_all_threads(None)
            threading.settrace_all_threads(None)


if __name__ == "__main__":
    unittest.main()
