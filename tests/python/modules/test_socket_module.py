"""_socket: what CPython's test_socket leaves out, and the behaviour that other modules build on."""

import errno
import gc
import os
import select
import socket
import threading
import time
import unittest
import warnings


class Arguments(unittest.TestCase):
    def check(self, kind, text, function, *arguments):
        with self.assertRaises(kind) as caught:
            function(*arguments)
        self.assertEqual(str(caught.exception), text)

    def test_addresses(self):
        with socket.socket() as s:
            self.check(TypeError, "bind(): AF_INET address must be tuple, not int", s.bind, 1)
            self.check(TypeError, "AF_INET address must be a pair (host, port)", s.bind, ("", 1, 2))
            self.check(TypeError, "str, bytes or bytearray expected, not int", s.bind, (1, 2))
            self.check(OverflowError, "bind(): port must be 0-65535.", s.bind, ("", 1 << 80))
            self.check(TypeError, "host name must not contain null character", s.connect, ("a\0b", 1))
            self.check(TypeError, "encoding of hostname failed", s.connect, ("\ud800", 1))
            self.check(TypeError, "sendto(): AF_INET address must be tuple, not NoneType", s.sendto, b"", 0, None)
        with socket.socket(socket.AF_UNIX) as s:
            self.check(OSError, "AF_UNIX path too long", s.bind, "a" * 200)
            self.assertEqual(s.getsockname(), "")

    def test_sizes(self):
        with socket.socket() as s:
            self.check(ValueError, "negative buffersize in recv", s.recv, -1)
            self.check(ValueError, "buffer too small for requested bytes", s.recv_into, bytearray(2), 5)
            self.check(TypeError, "recv_into() argument 1 must be read-write bytes-like object, not bytes", s.recv_into, b"a")
            self.check(TypeError, "recvmsg_into() argument 1 must be an iterable of single-segment read-write buffers",
                       s.recvmsg_into, [b"a"])
            self.check(TypeError, "[sendmsg() ancillary data items]() argument must be tuple of length 3, not 2",
                       s.sendmsg, [b""], [(1, 2)])
            self.check(OSError, "getsockopt buflen out of range", s.getsockopt, 1, 2, 2000)

    def test_byte_order(self):
        self.check(OverflowError, "Python int too large for C uint16_t", socket.htons, 1 << 16)
        self.check(ValueError, "Cannot convert negative int", socket.ntohl, -1)
        self.assertEqual(socket.htons(1), 256)


class Objects(unittest.TestCase):
    def test_abstract_unix_names(self):
        with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
            name = b"\0typhon-test-%d" % os.getpid()
            server.bind(name)
            self.assertEqual(server.getsockname(), name)
            server.listen()
            client.connect(name)
            connection, peer = server.accept()
            with connection:
                self.assertEqual(peer, "")

    def test_descriptors_travel(self):
        a, b = socket.socketpair()
        read, write = os.pipe()
        with a, b:
            self.assertEqual(socket.send_fds(a, [b"x", b"y"], [write]), 2)
            os.close(write)
            data, fds, flags, address = socket.recv_fds(b, 10, 3)
            self.assertEqual((data, len(fds), address), (b"xy", 1, None))
            os.write(fds[0], b"through")
            os.close(fds[0])
            self.assertEqual(os.read(read, 20), b"through")
            os.close(read)

    def test_buffers_of_a_message_are_released(self):
        a, b = socket.socketpair()
        with a, b:
            first, second = bytearray(b"ab"), bytearray(b"cd")
            self.assertEqual(a.sendmsg([first, memoryview(second)]), 4)
            first += b"!"  # no export is left
            into = [bytearray(1), bytearray(8)]
            self.assertEqual(b.recvmsg_into(into)[0], 4)
            self.assertEqual(bytes(into[1][:3]), b"bcd")
            into[0] += b"!"

    def test_timeouts(self):
        a, b = socket.socketpair()
        with a, b:
            a.settimeout(0.05)
            start = time.monotonic()
            with self.assertRaisesRegex(TimeoutError, "^timed out$"):
                a.recv(1)
            self.assertLess(0.04, time.monotonic() - start)
            with self.assertRaisesRegex(TimeoutError, "^timed out$"):
                a.sendall(b"x" * 50_000_000)
            a.setblocking(False)
            with self.assertRaises(BlockingIOError):
                a.recv(1)
            self.assertEqual(a.gettimeout(), 0.0)

    def test_unclosed(self):
        s = socket.socket()
        fd = s.fileno()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            del s
            gc.collect()
        self.assertRegex(str(caught[0].message), r"^unclosed <socket\.socket fd=%d, " % fd)
        with self.assertRaises(OSError) as closed:
            os.fstat(fd)
        self.assertEqual(closed.exception.errno, errno.EBADF)

    def test_select_reads_lists_item_by_item(self):
        items = []
        a, b = socket.socketpair()

        class Shrinks:
            def fileno(self):
                del items[-1]
                return a.fileno()
        with a, b:
            items[:] = [Shrinks() for _ in range(10)]
            self.assertEqual(select.select([], items, []), ([], items[:5], []))


class Threads(unittest.TestCase):
    def test_blocking_calls_run_side_by_side(self):
        """200 requests that take 0.1 s each end in a fraction of the 20 s that they take one after the other."""
        def answer(connection):
            with connection:
                connection.recv(10)
                time.sleep(0.1)
                connection.sendall(b"done")

        def serve():
            for _ in range(200):
                threading.Thread(target=answer, args=(server.accept()[0],), daemon=True).start()

        def ask():
            with socket.create_connection(server.getsockname()) as s:
                s.sendall(b"hello")
                answers.append(s.recv(10))
        answers = []
        with socket.create_server(("127.0.0.1", 0), backlog=256) as server:
            threads = [threading.Thread(target=serve)] + [threading.Thread(target=ask) for _ in range(200)]
            start = time.monotonic()
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            elapsed = time.monotonic() - start
        self.assertEqual(answers, [b"done"] * 200)
        self.assertLess(elapsed, 5)

    def test_close_races_with_use(self):
        """Closing under other threads' calls gives them errors, nothing worse."""
        for _ in range(20):
            a, b = socket.socketpair()
            a.settimeout(0.2)
            b.settimeout(0.2)

            def use(s):
                try:
                    while True:
                        s.send(b"x" * 100)
                        s.recv(100)
                except OSError:
                    pass
            threads = [threading.Thread(target=use, args=(s,)) for s in (a, b, a, b)]
            for thread in threads:
                thread.start()
            a.close()
            b.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()
            b.close()


if __name__ == "__main__":
    unittest.main()
