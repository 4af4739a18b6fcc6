"""termios, syslog and _uuid, as far as CPython's own tests need a terminal or a log that is not always there."""

import os
import syslog
import termios
import threading
import unittest
import uuid

import _uuid


class Termios(unittest.TestCase):
    def setUp(self):
        try:
            self.master, self.slave = os.openpty()
        except (OSError, AttributeError):
            self.skipTest("no pseudo-terminals here")
        self.addCleanup(os.close, self.master)
        self.addCleanup(os.close, self.slave)

    def test_attributes(self):
        mode = termios.tcgetattr(self.slave)
        self.assertEqual(len(mode), 7)
        self.assertEqual(mode[6][termios.VINTR], b"\x03")
        mode[3] &= ~termios.ICANON
        mode[6][termios.VMIN] = 3
        termios.tcsetattr(self.slave, termios.TCSANOW, mode)
        again = termios.tcgetattr(self.slave)
        self.assertEqual(again[6][termios.VMIN], 3)
        self.assertFalse(again[3] & termios.ICANON)

    def test_size(self):
        termios.tcsetwinsize(self.master, (12, 34))
        self.assertEqual(termios.tcgetwinsize(self.slave), (12, 34))
        with self.assertRaises(OverflowError):
            termios.tcsetwinsize(self.master, (1 << 16, 1))

    def test_no_terminal(self):
        read, write = os.pipe()
        with self.assertRaises(termios.error) as caught:
            termios.tcgetattr(read)
        self.assertEqual(caught.exception.args, (25, "Inappropriate ioctl for device"))
        os.close(read)
        os.close(write)

    def test_wrong_attributes(self):
        mode = termios.tcgetattr(self.slave)
        for wrong, text in ((mode[:6], "tcsetattr, arg 3: must be 7 element list"),
                            (mode[:6] + [[b"a"]], "tcsetattr: attributes[6] must be 32 element list"),
                            (mode[:6] + [[b"ab"] * 32], "tcsetattr: elements of attributes must be characters or integers")):
            with self.assertRaises(TypeError) as caught:
                termios.tcsetattr(self.slave, termios.TCSANOW, wrong)
            self.assertEqual(str(caught.exception), text)


class Syslog(unittest.TestCase):
    def test_masks(self):
        self.assertEqual(syslog.LOG_MASK(3), 8)
        self.assertEqual(syslog.LOG_UPTO(3), 15)
        old = syslog.setlogmask(syslog.LOG_UPTO(syslog.LOG_ERR))
        self.assertEqual(syslog.setlogmask(old), 15)

    def test_races(self):
        """Names come and go while messages are written."""
        def use(k):
            for i in range(50):
                syslog.openlog(f"typhon-test-{k}", 0, syslog.LOG_USER)
                syslog.syslog(syslog.LOG_DEBUG, "message")
                syslog.closelog()
        threads = [threading.Thread(target=use, args=(k,)) for k in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


class Uuid(unittest.TestCase):
    def test_unique(self):
        made = {_uuid.generate_time_safe()[0] for _ in range(100)}
        self.assertEqual(len(made), 100)
        self.assertEqual(uuid.UUID(bytes=made.pop()).version, 1)


if __name__ == "__main__":
    unittest.main()
