"""The end of a process that still has threads.

Race: the main thread ends, is interrupted or calls sys.exit while daemon and other threads run.
Legal outcomes: non-daemon threads are waited for, daemon threads are not; the exit code is the main thread's;
nothing crashes or hangs, nothing but the program's own output appears.
"""

import signal
import subprocess
import sys
import textwrap
import unittest


def run(source, *options):
    done = subprocess.run([sys.executable, *options, "-c", textwrap.dedent(source)], capture_output=True, text=True,
                          timeout=60)
    return done.returncode, done.stdout, done.stderr


class Shutdown(unittest.TestCase):
    def test_non_daemon_threads_are_waited_for(self):
        self.assertEqual(run("""
            import threading, time
            def work():
                time.sleep(0.2)
                print("worker done")
            threading.Thread(target=work).start()
            print("main done")
            """), (0, "main done\nworker done\n", ""))

    def test_daemon_threads_are_not_waited_for(self):
        code, out, err = run("""
            import threading, time
            def work():
                time.sleep(600)
                print("never")
            for _ in range(5):
                threading.Thread(target=work, daemon=True).start()
            print("main done")
            """)
        self.assertEqual((code, out, err), (0, "main done\n", ""))

    def test_busy_daemon_threads(self):
        for _ in range(5):
            code, out, err = run("""
                import threading
                shared = {}
                def work(k):
                    i = 0
                    while True:
                        i += 1
                        shared[k, i % 100] = [i, str(i)]
                        shared.pop((k, (i * 7) % 100), None)
                for k in range(4):
                    threading.Thread(target=work, args=(k,), daemon=True).start()
                while len(shared) < 50:
                    pass
                print("main done")
                """)
            self.assertEqual((code, out, err), (0, "main done\n", ""))

    def test_daemon_threads_blocked_in_many_ways(self):
        code, out, err = run("""
            import queue, threading, time, os
            lock = threading.Lock(); lock.acquire()
            r, w = os.pipe()
            for target in (lambda: lock.acquire(), lambda: threading.Event().wait(), lambda: queue.Queue().get(),
                           lambda: os.read(r, 1), lambda: queue.SimpleQueue().get(), lambda: time.sleep(600),
                           lambda: threading.Barrier(2).wait()):
                threading.Thread(target=target, daemon=True).start()
            time.sleep(0.1)
            print("main done")
            """)
        self.assertEqual((code, out, err), (0, "main done\n", ""))

    def test_exit_code_with_threads(self):
        code, out, _ = run("""
            import sys, threading, time
            def work():
                time.sleep(0.1)
                print("worker done")
            threading.Thread(target=work).start()
            sys.exit(7)
            """)
        self.assertEqual((code, out), (7, "worker done\n"))

    def test_uncaught_error_in_main_with_threads(self):
        code, out, err = run("""
            import threading, time
            def work():
                time.sleep(0.1)
                print("worker done")
            threading.Thread(target=work).start()
            raise ValueError("main failed")
            """)
        self.assertEqual((code, out), (1, "worker done\n"))
        self.assertIn("ValueError: main failed", err)

    def test_sys_exit_in_a_thread_ends_only_the_thread(self):
        self.assertEqual(run("""
            import sys, threading
            thread = threading.Thread(target=lambda: sys.exit(5))
            thread.start()
            thread.join()
            print("main done")
            """), (0, "main done\n", ""))

    def test_error_in_a_thread_does_not_change_the_exit_code(self):
        code, out, err = run("""
            import threading
            def work():
                raise ValueError("in a thread")
            thread = threading.Thread(target=work, name="named")
            thread.start()
            thread.join()
            print("main done")
            """)
        self.assertEqual((code, out), (0, "main done\n"))
        self.assertTrue(err.startswith("Exception in thread named:\nTraceback (most recent call last):\n"), err)
        self.assertTrue(err.endswith("ValueError: in a thread\n"), err)

    def test_os_exit_from_a_thread(self):
        code, out, err = run("""
            import os, threading, time
            threading.Thread(target=lambda: os._exit(9)).start()
            time.sleep(600)
            """)
        self.assertEqual((code, out, err), (9, "", ""))

    def test_atexit_after_threads(self):
        self.assertEqual(run("""
            import atexit, threading, time
            atexit.register(print, "atexit")
            def work():
                time.sleep(0.1)
                print("worker done")
            threading.Thread(target=work).start()
            print("main done")
            """), (0, "main done\nworker done\natexit\n", ""))

    def test_pool_left_open(self):
        self.assertEqual(run("""
            from concurrent.futures import ThreadPoolExecutor
            pool = ThreadPoolExecutor(2)
            futures = [pool.submit(pow, 2, n) for n in range(10)]
            print(sum(f.result() for f in futures))
            """), (0, "1023\n", ""))

    def test_thread_started_by_a_thread_at_the_end(self):
        self.assertEqual(run("""
            import threading, time
            def second():
                time.sleep(0.1)
                print("second")
            def first():
                time.sleep(0.1)
                threading.Thread(target=second).start()
            threading.Thread(target=first).start()
            """), (0, "second\n", ""))

    def test_objects_with_del_at_the_end(self):
        code, out, err = run("""
            import threading
            class Loud:
                def __del__(self):
                    print("del")
            kept = Loud()
            shared = [Loud()]
            threads = [threading.Thread(target=lambda: shared.append(Loud())) for _ in range(3)]
            for t in threads: t.start()
            for t in threads: t.join()
            print("main done")
            """)
        self.assertEqual((code, out.splitlines()[0], err), (0, "main done", ""))
        self.assertTrue(set(out.splitlines()[1:]) <= {"del"})

    def test_interrupt_while_threads_run(self):
        code, out, err = run("""
            import os, signal, threading, time
            stop = threading.Event()
            def work():
                while not stop.is_set():
                    sum(range(100))
            threads = [threading.Thread(target=work) for _ in range(2)]
            for t in threads: t.start()
            threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
            try:
                time.sleep(600)
            except KeyboardInterrupt:
                print("interrupted in", threading.current_thread().name)
            stop.set()
            """)
        self.assertEqual((code, out, err), (0, "interrupted in MainThread\n", ""))

    def test_interrupt_while_main_waits_for_a_lock(self):
        for wait in ("threading.Event().wait()", "worker.join()", "queue.Queue().get()", "queue.SimpleQueue().get()",
                     "threading.Condition().__enter__() and condition.wait()"):
            code, out, err = run(f"""
                import os, queue, signal, threading, time
                condition = threading.Condition()
                condition.acquire()
                worker = threading.Thread(target=time.sleep, args=(600,), daemon=True)
                worker.start()
                threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
                try:
                    {wait}
                except KeyboardInterrupt:
                    print("interrupted")
                """)
            self.assertEqual((code, out, err), (0, "interrupted\n", ""), wait)

    def test_fork_in_a_threaded_process(self):
        code, out, err = run("""
            import os, sys, threading, time, warnings
            warnings.simplefilter("ignore")
            if not hasattr(os, "fork"):
                print("child 7"); sys.exit()
            go = threading.Event()
            threads = [threading.Thread(target=go.wait) for _ in range(3)]
            for t in threads: t.start()
            pid = os.fork()
            if pid == 0:
                box = []
                t = threading.Thread(target=box.append, args=(1,))
                t.start(); t.join()
                os._exit(7 if box == [1] and threading.active_count() == 1 else 8)
            print("child", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            go.set()
            """)
        self.assertEqual((code, out, err), (0, "child 7\n", ""))


if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # started in the background: children would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)


if __name__ == "__main__":
    unittest.main()
