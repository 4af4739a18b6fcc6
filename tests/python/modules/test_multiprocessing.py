"""multiprocessing and ProcessPoolExecutor with all start methods; workers that die; forks while other threads are busy."""

import concurrent.futures
import multiprocessing as mp
import os
import signal
import subprocess
import sys
import threading
import unittest
import warnings
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import shared_memory

METHODS = ("fork", "spawn", "forkserver")


def square(x):
    return x * x


def die(_):
    os.kill(os.getpid(), signal.SIGKILL)


def count_up(lock, name, rounds):
    memory = shared_memory.SharedMemory(name)
    for _ in range(rounds):
        with lock:
            memory.buf[:4] = (int.from_bytes(memory.buf[:4], "little") + 1).to_bytes(4, "little")
    memory.close()


def echo(connection):
    while (item := connection.recv()) is not None:
        connection.send(item)


def take(queue, out):
    while (item := queue.get()) is not None:
        out.put(item + 1)


class StartMethods(unittest.TestCase):
    def setUp(self):
        catcher = warnings.catch_warnings()
        catcher.__enter__()
        self.addCleanup(catcher.__exit__, None, None, None)
        warnings.simplefilter("ignore", DeprecationWarning)

    def test_pool(self):
        for method in METHODS:
            with self.subTest(method), mp.get_context(method).Pool(2) as pool:
                self.assertEqual(pool.map(square, range(20)), [x * x for x in range(20)])
                self.assertEqual(pool.starmap(pow, [(2, 3), (3, 2)]), [8, 9])
                self.assertEqual(list(pool.imap(square, range(5), 2)), [0, 1, 4, 9, 16])
                self.assertEqual(pool.apply_async(square, (7,)).get(30), 49)
                with self.assertRaises(TypeError):
                    pool.apply(square, ("x",))

    def test_queue_and_pipe(self):
        for method in METHODS:
            with self.subTest(method):
                context = mp.get_context(method)
                tasks, out = context.Queue(), context.SimpleQueue()
                here, there = context.Pipe()
                workers = [context.Process(target=take, args=(tasks, out)), context.Process(target=echo, args=(there,))]
                for w in workers: w.start()
                for i in range(10): tasks.put(i)
                self.assertEqual(sorted(out.get() for _ in range(10)), list(range(1, 11)))
                here.send({"a": [1, b"x" * 100000]})
                self.assertEqual(here.recv(), {"a": [1, b"x" * 100000]})
                tasks.put(None)
                here.send(None)
                for w in workers: w.join(30)
                self.assertEqual([w.exitcode for w in workers], [0, 0])
                tasks.close()
                tasks.join_thread()

    def test_lock_and_shared_memory(self):
        for method in METHODS:
            with self.subTest(method):
                context = mp.get_context(method)
                lock = context.Lock()
                memory = shared_memory.SharedMemory(create=True, size=4)
                self.addCleanup(memory.unlink)
                self.addCleanup(memory.close)
                workers = [context.Process(target=count_up, args=(lock, memory.name, 50)) for _ in range(3)]
                for w in workers: w.start()
                for w in workers: w.join(30)
                self.assertEqual(int.from_bytes(memory.buf[:4], "little"), 150)

    def test_worker_that_dies(self):
        for method in METHODS:
            with self.subTest(method):
                with concurrent.futures.ProcessPoolExecutor(2, mp_context=mp.get_context(method)) as executor:
                    self.assertEqual(list(executor.map(square, range(4))), [0, 1, 4, 9])
                    with self.assertRaises(BrokenProcessPool):
                        executor.submit(die, 0).result(30)
        self.assertEqual(mp.active_children(), [])

    def test_fork_while_threads_work(self):
        # The child is usable whatever the other threads were doing: allocating, holding locks, importing, writing.
        stop = threading.Event()
        lock = threading.Lock()

        def work():
            shared = {}
            while not stop.is_set():
                with lock:
                    shared[len(shared) % 50] = [str(n) for n in range(20)]
                __import__("json")

        threads = [threading.Thread(target=work) for _ in range(3)]
        for t in threads: t.start()
        try:
            for _ in range(15):
                with lock:
                    pid = os.fork()
                    if pid == 0:
                        try:
                            made = [threading.Thread(target=lambda: [dict(a=1) for _ in range(100)]) for _ in range(2)]
                            for t in made: t.start()
                            for t in made: t.join()
                            import gc
                            gc.collect()
                            os._exit(7)
                        finally:
                            os._exit(1)
                self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 7)
        finally:
            stop.set()
            for t in threads: t.join()


class Semaphores(unittest.TestCase):
    def test_recursive_lock(self):
        lock = mp.get_context("fork").RLock()
        with lock, lock:
            taken = []
            t = threading.Thread(target=lambda: taken.append(lock.acquire(timeout=0.05)))
            t.start()
            t.join()
            self.assertEqual(taken, [False])
        with self.assertRaisesRegex(AssertionError, "not owned by thread"):
            lock.release()

    def test_limits(self):
        semaphore = mp.get_context("fork").BoundedSemaphore(2)
        self.assertTrue(semaphore.acquire())
        semaphore.release()
        with self.assertRaisesRegex(ValueError, "released too many times"):
            semaphore.release()

    def test_bad_arguments(self):
        import _multiprocessing
        for arguments, error in (((9, 0, 1, "/x", True), ValueError), ((1, -1, 1, "/x", True), OSError),
                                 ((1, 1, 1, None, True), TypeError), ((), TypeError)):
            with self.assertRaises(error):
                _multiprocessing.SemLock(*arguments)
        with self.assertRaises(FileNotFoundError):
            _multiprocessing.sem_unlink("/typhon-no-such-name")
        with self.assertRaises(FileNotFoundError):
            _multiprocessing.SemLock._rebuild(0, 1, 1, "/typhon-no-such-name")

    def test_interrupted_acquire(self):
        program = """if True:
            import multiprocessing, os, signal, threading, time
            signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started this may have ignored it
            lock = multiprocessing.get_context("fork").Lock()
            lock.acquire()
            threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
            try:
                lock.acquire()
            except KeyboardInterrupt:
                print("interrupted")"""
        out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
        self.assertEqual(out.stdout.strip(), "interrupted", out.stderr)


if __name__ == "__main__":
    unittest.main()
