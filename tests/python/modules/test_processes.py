"""Child processes: os.fork and its hooks, os.posix_spawn, waiting, subprocess."""

import gc
import os
import subprocess
import sys
import threading
import unittest
import warnings


class Fork(unittest.TestCase):
    def setUp(self):
        catcher = warnings.catch_warnings()
        catcher.__enter__()
        self.addCleanup(catcher.__exit__, None, None, None)
        warnings.simplefilter("ignore")

    def exit_code(self, pid):
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def test_hooks_in_order(self):
        program = """if True:
            import os
            log = []
            for i in "12":
                os.register_at_fork(before=lambda i=i: log.append("b" + i), after_in_child=lambda i=i: log.append("c" + i),
                                    after_in_parent=lambda i=i: log.append("p" + i))
            pid = os.fork()
            if pid: os.waitpid(pid, 0)
            print(*log, flush=True)"""
        out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout
        self.assertEqual(out.splitlines(), ["b2 b1 c1 c2", "b2 b1 p1 p2"])

    def test_with_threads(self):
        stop = threading.Event()
        def spin():
            while not stop.is_set(): [[]] * 10
        threads = [threading.Thread(target=spin) for _ in range(2)]
        for t in threads: t.start()
        for _ in range(5):
            pid = os.fork()
            if pid == 0:
                code = 9
                try:
                    gc.collect()
                    t = threading.Thread(target=gc.collect)
                    t.start()
                    t.join()
                    code = threading.active_count()
                finally:
                    os._exit(code)
            self.assertEqual(self.exit_code(pid), 1)
        stop.set()
        for t in threads: t.join()

    def test_thread_that_forks_becomes_the_main_thread(self):
        codes = []
        def body():
            pid = os.fork()
            if pid == 0:
                if threading.current_thread() is not threading.main_thread(): os._exit(1)
                return
            codes.append(self.exit_code(pid))
        t = threading.Thread(target=body)
        t.start()
        t.join()
        self.assertEqual(codes, [0])

    def test_bad_hooks(self):
        self.assertRaisesRegex(TypeError, "At least one argument is required.", os.register_at_fork)
        self.assertRaises(TypeError, os.register_at_fork, before=1)


class Spawn(unittest.TestCase):
    def test_posix_spawn(self):
        pid = os.posix_spawn("/bin/sh", ["sh", "-c", "exit $N"], {"N": "7"})
        waited, status, usage = os.wait4(pid, 0)
        self.assertEqual((waited, os.waitstatus_to_exitcode(status), len(usage)), (pid, 7, 16))
        self.assertRaises(FileNotFoundError, os.posix_spawn, "/nonexistent", ["x"], {})

    def test_waitid(self):
        pid = os.posix_spawnp("true", ["true"], os.environ)
        result = os.waitid(os.P_PID, pid, os.WEXITED)
        self.assertEqual((result.si_pid, result.si_status, result.si_code), (pid, 0, os.CLD_EXITED))


class Subprocess(unittest.TestCase):
    def test_output_and_input(self):
        done = subprocess.run([sys.executable, "-c", "print(input() * 2)"], input="ab\n", capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "abab\n", ""))

    def test_errors(self):
        with self.assertRaises(FileNotFoundError) as caught: subprocess.run(["/nonexistent"])
        self.assertEqual(caught.exception.filename, "/nonexistent")
        with self.assertRaises(FileNotFoundError) as caught: subprocess.run(["true"], cwd="/not-there")
        self.assertEqual(caught.exception.filename, "/not-there")
        self.assertRaises(PermissionError, subprocess.run, ["/etc/passwd"])
        with self.assertRaisesRegex(subprocess.SubprocessError, "Exception occurred in preexec_fn."):
            subprocess.run(["true"], preexec_fn=lambda: 1 / 0)

    def test_child_setup(self):
        done = subprocess.run(["sh", "-c", "umask; pwd; echo $A"], cwd="/", umask=0o77, env={"A": "b"}, start_new_session=True,
                              preexec_fn=lambda: os.write(1, b"first\n"), stdout=subprocess.PIPE)
        self.assertEqual(done.stdout, b"first\n0077\n/\nb\n")

    def test_descriptors_are_closed(self):
        r, w = os.pipe()
        os.set_inheritable(w, True)
        for keep in (), (w,):
            done = subprocess.run([sys.executable, "-c", f"import os; os.fstat({w})"], pass_fds=keep, stderr=subprocess.DEVNULL)
            self.assertEqual(done.returncode, 0 if keep else 1)
        os.close(r)
        os.close(w)

    def test_timeout_and_signals(self):
        self.assertRaises(subprocess.TimeoutExpired, subprocess.run, ["sleep", "5"], timeout=0.1)
        p = subprocess.Popen(["sleep", "5"])
        p.terminate()
        self.assertEqual(p.wait(), -15)


if __name__ == "__main__":
    unittest.main()
