"""When the system says no: killed helpers, full disks and pipes, signals all the time, no descriptors left. Always a clear exception;
never a hang, a zombie or a lost result. Every test is bounded in time by faulthandler."""

import asyncio
import errno
import faulthandler
import multiprocessing
import os
import select
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
import unittest
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

LIMIT = 60  # seconds a test may take


def kill_this_process():
    os.kill(os.getpid(), signal.SIGKILL)


def square(n):
    return n * n


def run_script(text, timeout=LIMIT):
    return subprocess.run([sys.executable, "-c", textwrap.dedent(text)], capture_output=True, text=True, timeout=timeout)


class Bounded(unittest.TestCase):
    def setUp(self):
        faulthandler.dump_traceback_later(LIMIT, exit=True)
        self.addCleanup(faulthandler.cancel_dump_traceback_later)


class Killed(Bounded):
    def assertNoChildren(self):
        deadline = time.monotonic() + 10
        while multiprocessing.active_children() and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertEqual(multiprocessing.active_children(), [])
        for pid in self.children_of(os.getpid()):
            with open(f"/proc/{pid}/stat") as file:
                self.assertNotEqual(file.read().rpartition(")")[2].split()[0], "Z", pid)

    @staticmethod
    def children_of(pid):
        out = []
        for name in os.listdir("/proc"):
            if name.isdigit():
                try:
                    with open(f"/proc/{name}/stat") as file:
                        if int(file.read().rpartition(")")[2].split()[1]) == pid:
                            out.append(int(name))
                except OSError:
                    pass
        return out

    def test_executor_worker(self):
        context = multiprocessing.get_context("forkserver")
        with ProcessPoolExecutor(2, mp_context=context) as pool:
            before = [pool.submit(square, n) for n in range(20)]
            self.assertEqual([f.result(30) for f in before], [n * n for n in range(20)])
            doomed = [pool.submit(kill_this_process)] + [pool.submit(time.sleep, 0.2) for _ in range(5)]
            done, not_done = wait(doomed, timeout=30)
            self.assertEqual(not_done, set())
            self.assertIsInstance(doomed[0].exception(), BrokenProcessPool)
            with self.assertRaises(BrokenProcessPool):
                pool.submit(square, 1)
        self.assertNoChildren()

    def test_task_of_a_pool_that_dies(self):
        """Its result never comes: get() says so in time, and the pool can be ended."""
        with multiprocessing.get_context("forkserver").Pool(2) as pool:
            lost = pool.apply_async(kill_this_process)
            with self.assertRaises(multiprocessing.TimeoutError):
                lost.get(1)
            self.assertFalse(lost.ready())
            pool.terminate()
            pool.join()
        self.assertNoChildren()

    def test_waiting_executor_tasks(self):
        """None of the tasks that had not run is reported done."""
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("forkserver")) as pool:
            first = pool.submit(time.sleep, 0.5)
            waiting = [pool.submit(square, n) for n in range(100)]
            while not pool._processes:
                time.sleep(0.01)
            os.kill(next(iter(pool._processes)), signal.SIGKILL)
            for future in [first, *waiting]:
                self.assertIsInstance(future.exception(30), BrokenProcessPool)
        self.assertNoChildren()

    def test_manager(self):
        manager = multiprocessing.get_context("forkserver").Manager()
        shared = manager.dict()
        shared["a"] = 1
        self.assertEqual(shared.copy(), {"a": 1})
        os.kill(manager._process.pid, signal.SIGKILL)
        manager._process.join(30)
        with self.assertRaises((OSError, EOFError)):
            shared["a"] = 2
        with self.assertRaises((OSError, EOFError)):
            manager.list()
        manager.shutdown()
        self.assertNoChildren()

    def test_peer_of_a_pipe(self):
        reader, writer = multiprocessing.Pipe(duplex=False)
        child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
        child.start()
        writer.close()
        child.kill()
        child.join(30)
        self.assertEqual(child.exitcode, -signal.SIGKILL)
        with self.assertRaises(EOFError):
            reader.recv()
        reader.close()


class Full(Bounded):
    def test_disk(self):
        file = open("/dev/full", "w")
        file.write("x")
        with self.assertRaises(OSError) as caught:
            file.flush()
        self.assertEqual(caught.exception.errno, errno.ENOSPC)
        with self.assertRaises(OSError):
            file.close()
        self.assertTrue(file.closed)
        with self.assertRaises(OSError):
            with open("/dev/full", "wb", buffering=0) as raw:
                raw.write(b"x")
        with self.assertRaises(OSError):
            with open("/dev/full", "w") as file:
                print("x" * 100_000, file=file)

    def test_limit_of_a_file(self):
        """What was written before the limit is in the file, what was not is reported, by every kind of writer."""
        ended = run_script("""
            import errno, json, os, pickle, resource, shutil, sqlite3, tempfile
            folder = tempfile.mkdtemp()
            path = os.path.join(folder, "file")
            resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

            def refused(function):
                try:
                    function()
                except OSError as error:
                    assert error.errno == errno.EFBIG, repr(error)
                else:
                    raise AssertionError(function)
                size = os.path.getsize(path)
                assert size <= 50_000, size
                os.unlink(path)

            def unbuffered():
                with open(path, "wb", buffering=0) as file:
                    assert file.write(b"x" * 60_000) == 50_000
                    file.write(b"x")

            def buffered():
                with open(path, "wb") as file:
                    for _ in range(60): file.write(b"x" * 1000)

            def text():
                with open(path, "w") as file:
                    for _ in range(60): print("x" * 1000, file=file)

            def closed_only():
                file = open(path, "wb", buffering=100_000)
                file.write(b"x" * 60_000)
                try:
                    file.close()
                finally:
                    assert file.closed

            def pickled():
                with open(path, "wb") as file: pickle.dump(list(range(100_000)), file)

            def jsoned():
                with open(path, "w") as file: json.dump(list(range(100_000)), file)

            def truncated():
                with open(path, "wb") as file: file.truncate(60_000)

            def copied():
                with open("/dev/zero", "rb") as zeros:
                    with open(path, "wb") as file: shutil.copyfileobj(zeros, file)

            for function in unbuffered, buffered, text, closed_only, pickled, jsoned, truncated, copied:
                refused(function)

            database = sqlite3.connect(path)
            database.execute("create table t (a)")
            try:
                with database:
                    for _ in range(100): database.execute("insert into t values (?)", ("x" * 1000,))
            except (sqlite3.OperationalError, sqlite3.DatabaseError):
                pass
            else:
                raise AssertionError("sqlite3")
            assert database.execute("select count(*) from t").fetchone() == (0,)
            database.close()
            shutil.rmtree(folder)
            print("done")
        """)
        self.assertEqual((ended.returncode, ended.stdout), (0, "done\n"), ended.stderr)

    def test_results_of_a_pool_whose_output_fails(self):
        """A task that fails because of a full disk is reported failed, the others are done."""
        def work(n):
            with open("/dev/full" if n % 3 == 0 else "/dev/null", "w") as file:
                file.write("x" * 100_000)
            return n

        with ThreadPoolExecutor(4) as pool:
            futures = [pool.submit(work, n) for n in range(60)]
            for n, future in enumerate(futures):
                if n % 3:
                    self.assertEqual(future.result(30), n)
                else:
                    self.assertEqual(future.exception(30).errno, errno.ENOSPC)

    def test_standard_output(self):
        for statement in ("print('x')", "import sys; sys.stdout.write('x' * 100000)"):
            with open("/dev/full", "w") as full:
                ended = subprocess.run([sys.executable, "-c", statement], stdout=full, stderr=subprocess.PIPE, text=True, timeout=LIMIT)
            self.assertIn(ended.returncode, (1, 120))
            self.assertIn("No space left on device", ended.stderr)

    def test_pipe(self):
        read, write = os.pipe()
        os.set_blocking(write, False)
        written = 0
        with self.assertRaises(BlockingIOError):
            while True:
                written += os.write(write, b"x" * 1000)
        with open(write, "wb", closefd=False) as file:
            with self.assertRaises(BlockingIOError) as caught:
                file.write(b"y" * 1_000_000)
            self.assertLess(caught.exception.characters_written, 1_000_000)
            with self.assertRaises(BlockingIOError):
                file.flush()
            received = []
            while True:
                try:
                    file.flush()
                    break
                except BlockingIOError:
                    received.append(os.read(read, 65536))
        os.close(write)
        with open(read, "rb") as file:
            received.append(file.read())
        received = b"".join(received)
        self.assertEqual(received[:written], b"x" * written)
        self.assertGreater(len(received), written)
        self.assertEqual(received[written:].strip(b"y"), b"")

    def test_closed_pipe(self):
        read, write = os.pipe()
        os.close(read)
        with self.assertRaises(BrokenPipeError):
            os.write(write, b"x")
        os.close(write)
        ended = subprocess.run([sys.executable, "-c", "import sys; sys.exit(3)"], input=b"x" * 1_000_000, timeout=LIMIT)
        self.assertEqual(ended.returncode, 3)

    def test_both_ways_at_once(self):
        data = os.urandom(1000) * 5000
        command = "import sys; data = sys.stdin.buffer.read(); sys.stdout.buffer.write(data); sys.stderr.buffer.write(data)"
        ended = subprocess.run([sys.executable, "-c", command], input=data, capture_output=True, timeout=LIMIT)
        self.assertEqual((ended.returncode, ended.stdout == data, ended.stderr == data), (0, True, True))


class Storm(Bounded):
    """A signal every millisecond."""

    def setUp(self):
        super().setUp()
        self.signals = 0
        old = signal.signal(signal.SIGALRM, self.count)
        self.addCleanup(signal.signal, signal.SIGALRM, old)
        self.addCleanup(signal.setitimer, signal.ITIMER_REAL, 0)
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)

    def count(self, number, frame):
        self.signals += 1

    def tearDown(self):
        signal.setitimer(signal.ITIMER_REAL, 0)
        self.assertGreater(self.signals, 20)

    def waits(self, function, *args):
        start = time.monotonic()
        result = function(*args)
        self.assertGreaterEqual(time.monotonic() - start, 0.199)
        return result

    def test_waiting(self):
        self.waits(time.sleep, 0.2)
        lock = threading.Lock()
        lock.acquire()
        self.assertFalse(self.waits(lock.acquire, True, 0.2))
        self.assertFalse(self.waits(threading.Event().wait, 0.2))
        self.assertEqual(self.waits(select.select, [], [], [], 0.2), ([], [], []))
        self.assertEqual(self.waits(signal.sigtimedwait, [signal.SIGUSR2], 0.2), None)
        thread = threading.Thread(target=time.sleep, args=(0.3,))
        thread.start()
        self.waits(thread.join)
        self.assertFalse(thread.is_alive())

    def test_reading_and_writing(self):
        data = os.urandom(1 << 20)
        read, write = os.pipe()

        def feed():
            view = memoryview(data)
            while view:
                view = view[os.write(write, view[:20_000]):]
                time.sleep(0.002)
            os.close(write)

        thread = threading.Thread(target=feed)
        thread.start()
        with open(read, "rb") as file:
            self.assertEqual(file.read(), data)
        thread.join()

    def test_full_pipe(self):
        """A writer that waits for room writes everything, once."""
        data = os.urandom(1 << 20)
        read, write = os.pipe()
        parts = []

        def drain():
            while part := os.read(read, 10_000):
                parts.append(part)
                time.sleep(0.001)
        thread = threading.Thread(target=drain)
        thread.start()
        with open(write, "wb") as file:
            file.write(data)
        thread.join()
        os.close(read)
        self.assertEqual(b"".join(parts), data)

    def test_locks_between_threads(self):
        lock, condition, turns = threading.Lock(), threading.Condition(), []
        stop = time.monotonic() + 0.3

        def work(k):
            while time.monotonic() < stop:
                with lock:
                    turns.append(k)
                with condition:
                    condition.notify_all()
                    condition.wait(0.001)
        threads = [threading.Thread(target=work, args=(k,)) for k in range(3)]
        for thread in threads:
            thread.start()
        work(3)
        for thread in threads:
            thread.join()
        self.assertEqual(set(turns), {0, 1, 2, 3})

    def test_sockets(self):
        left, right = socket.socketpair()
        data = os.urandom(1 << 20)
        thread = threading.Thread(target=lambda: (left.sendall(data), left.close()))
        thread.start()
        parts = []
        while part := right.recv(3000):
            parts.append(part)
        thread.join()
        right.settimeout(0.2)
        right.close()
        self.assertEqual(b"".join(parts), data)
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(0.2)
            with self.assertRaises(TimeoutError):
                self.waits(server.accept)

    def test_processes(self):
        for _ in range(3):
            ended = subprocess.run([sys.executable, "-c", "import time; time.sleep(0.1); print(5)"], capture_output=True, timeout=LIMIT)
            self.assertEqual((ended.returncode, ended.stdout), (0, b"5\n"))
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("forkserver")) as pool:
            self.assertEqual(list(pool.map(square, range(50))), [n * n for n in range(50)])

    def test_loop(self):
        async def main():
            return await asyncio.gather(*[asyncio.sleep(0.1, n) for n in range(50)], asyncio.to_thread(square, 7))

        self.assertEqual(asyncio.run(main()), [*range(50), 49])


class NoDescriptors(Bounded):
    """In a process of its own, which may have 40 descriptors."""

    PRELUDE = """
        import errno, os, resource, sys
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        held = []
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (40, most))
        def exhaust(leave=0):
            try:
                while True: held.append(os.open('/dev/null', os.O_RDONLY))
            except OSError as error:
                assert error.errno == errno.EMFILE, error
            for _ in range(leave): os.close(held.pop())
        def free():
            while held: os.close(held.pop())
        def refused(function, *args, **kwargs):
            try:
                function(*args, **kwargs)
            except OSError as error:
                assert error.errno == errno.EMFILE, repr(error)
            else:
                raise AssertionError(function)
    """

    def check(self, text):
        ended = run_script(textwrap.dedent(self.PRELUDE) + textwrap.dedent(text))
        self.assertEqual((ended.returncode, ended.stdout), (0, "done\n"), ended.stderr)
        return ended.stderr

    def test_sockets_and_files(self):
        self.check("""
            import select, socket
            server = socket.create_server(("127.0.0.1", 0))
            client = socket.create_connection(server.getsockname())
            limit()
            exhaust()
            refused(socket.socket)
            refused(socket.socketpair)
            refused(open, "/dev/null")
            refused(os.pipe)
            refused(server.accept)
            refused(select.epoll)
            refused(os.listdir, "/")
            refused(os.scandir, "/")
            free()
            connection, _ = server.accept()
            connection.sendall(b"x")
            assert client.recv(1) == b"x"
            print("done")
        """)

    def test_subprocess(self):
        self.check("""
            import subprocess
            command = [sys.executable, "-c", "print(1)"]
            limit()
            for leave in range(8):  # it fails at every point where a descriptor is needed
                exhaust(leave)
                count = len(os.listdir("/proc/self/fd")) if leave else 0
                try:
                    assert subprocess.run(command, capture_output=True).stdout in (b"1\\n", b"")
                except OSError as error:
                    assert error.errno == errno.EMFILE, repr(error)
                if leave: assert len(os.listdir("/proc/self/fd")) == count
                free()
            assert subprocess.run(command, capture_output=True).stdout == b"1\\n"
            try:
                os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                print("done")
        """)

    def test_asyncio(self):
        errors = self.check("""
            import asyncio, socket
            async def answer(reader, writer):
                writer.write(await reader.read(1))
                writer.close()
            async def main():
                server = await asyncio.start_server(answer, "127.0.0.1", 0)
                address = server.sockets[0].getsockname()
                client = socket.socket()
                client.setblocking(False)
                loop = asyncio.get_running_loop()
                limit()
                exhaust()
                await loop.sock_connect(client, address)
                await loop.sock_sendall(client, b"x")
                await asyncio.sleep(0.2)
                try:
                    await asyncio.open_connection(*address)
                except OSError as error:
                    assert error.errno == errno.EMFILE
                free()
                assert await asyncio.wait_for(loop.sock_recv(client, 1), 20) == b"x"
                client.close()
                server.close()
            asyncio.run(main())
            exhaust()
            coroutine = main()
            refused(asyncio.run, coroutine)
            coroutine.close()
            free()
            print("done")
        """)
        self.assertIn("out of system resource", errors)

    def test_multiprocessing(self):
        self.check("""
            import multiprocessing
            context = multiprocessing.get_context("fork")
            limit()
            for leave in range(6):
                exhaust(leave)
                try:
                    with context.Pool(2) as pool: pass
                except OSError as error:
                    assert error.errno == errno.EMFILE, repr(error)
                free()
            with context.Pool(2) as pool:
                assert pool.map(abs, [-1, -2]) == [1, 2]
            for child in multiprocessing.active_children():
                child.join(20)
            assert multiprocessing.active_children() == []
            print("done")
        """)


class ManyThreads(Bounded):
    def test_blocking_requests(self):
        """200 threads that wait 100 ms each for a server wait at the same time. (Twenty seconds, if one after the other.)"""
        script = """
            import socket, threading, time
            server = socket.create_server(("127.0.0.1", 0), backlog=300)
            def serve(connection):
                connection.recv(1)
                time.sleep(0.1)
                connection.sendall(b"y")
                connection.close()
            def accept():
                for _ in range(200):
                    threading.Thread(target=serve, args=(server.accept()[0],)).start()
            threading.Thread(target=accept).start()
            answers = []
            def ask():
                with socket.create_connection(server.getsockname()) as client:
                    client.sendall(b"x")
                    answers.append(client.recv(1))
            threads = [threading.Thread(target=ask) for _ in range(200)]
            start = time.monotonic()
            for thread in threads: thread.start()
            for thread in threads: thread.join()
            assert answers == [b"y"] * 200
            assert time.monotonic() - start < 5
            print("done")
        """
        for mode in ("0", "1"):
            command = [sys.executable, "-c", textwrap.dedent(script)]
            ended = subprocess.run(command, env=dict(os.environ, PYTHON_GIL=mode), capture_output=True, text=True, timeout=LIMIT)
            if "Disabling the GIL is not supported" in ended.stderr:
                continue
            self.assertEqual((ended.returncode, ended.stdout), (0, "done\n"), ended.stderr)


if __name__ == "__main__":
    unittest.main()
