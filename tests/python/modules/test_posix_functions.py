"""Functions of os that CPython's own tests hardly look at: several buffers, timers, schedulers, configuration, device numbers."""

import os
import select
import tempfile
import unittest


class Descriptors(unittest.TestCase):
    def setUp(self):
        self.file = tempfile.TemporaryFile()
        self.addCleanup(self.file.close)
        self.fd = self.file.fileno()

    def test_several_buffers(self):
        self.assertEqual(os.writev(self.fd, [b"abc", bytearray(b"de"), memoryview(b"f")]), 6)
        a, b = bytearray(2), bytearray(3)
        self.assertEqual(os.preadv(self.fd, [a, b], 1), 5)
        self.assertEqual((a, b), (b"bc", b"def"))
        self.assertEqual(os.pwritev(self.fd, [b"X", b"Y"], 4), 2)
        os.lseek(self.fd, 0, os.SEEK_SET)
        self.assertEqual(os.readv(self.fd, [a]), 2)
        self.assertEqual(os.pread(self.fd, 10, 0), b"abcdXY")
        with self.assertRaises(TypeError): os.readv(self.fd, 5)
        with self.assertRaises(BufferError): os.readv(self.fd, [b"constant"])
        a.append(1)  # nothing is exported any more

    def test_splice_and_allocate(self):
        os.posix_fallocate(self.fd, 0, 10)
        self.assertEqual(os.fstat(self.fd).st_size, 10)
        os.posix_fadvise(self.fd, 0, 0, os.POSIX_FADV_SEQUENTIAL)
        r, w = os.pipe()
        try:
            self.assertEqual(os.splice(self.fd, w, 4, offset_src=2), 4)
            self.assertEqual(os.read(r, 9), b"\0" * 4)
            with self.assertRaisesRegex(ValueError, "negative value for 'count'"): os.splice(r, w, -1)
        finally:
            os.close(r)
            os.close(w)

    def test_timer(self):
        fd = os.timerfd_create(0)
        try:
            self.assertFalse(os.get_inheritable(fd))
            self.assertEqual(os.timerfd_settime_ns(fd, initial=20_000_000, interval=7_000), (0, 0))
            self.assertEqual(os.timerfd_gettime_ns(fd)[1], 7_000)
            self.assertTrue(select.select([fd], [], [], 10)[0])
            self.assertEqual(len(os.read(fd, 8)), 8)
            with self.assertRaises(OverflowError): os.timerfd_settime(fd, initial=1e30)
        finally:
            os.close(fd)


class Values(unittest.TestCase):
    def test_scheduler_parameter(self):
        parameter = os.sched_param(3)
        self.assertEqual(parameter.sched_priority, 3)
        self.assertEqual(os.sched_getscheduler(0), os.SCHED_OTHER)
        with self.assertRaisesRegex(TypeError, "must have a sched_param object"): os.sched_setparam(0, 3)
        with self.assertRaises(OverflowError): os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(1 << 40))

    def test_configuration(self):
        self.assertEqual(os.sysconf("SC_PAGESIZE"), os.sysconf(os.sysconf_names["SC_PAGESIZE"]))
        self.assertGreater(os.pathconf("/", "PC_NAME_MAX"), 0)
        self.assertIn("/bin", os.confstr("CS_PATH"))
        with self.assertRaisesRegex(ValueError, "unrecognized configuration name"): os.sysconf("SC_NOTHING")
        with self.assertRaisesRegex(TypeError, "configuration names must be strings or integers"): os.pathconf("/", 1.5)

    def test_bad_device_numbers(self):
        for function in (os.major, os.minor):
            with self.assertRaises(TypeError): function("a")
            with self.assertRaises(OverflowError): function(1 << 64)
            self.assertEqual(function(-1), -1)

    def test_results_are_read_only(self):
        status = os.stat("/")
        for name in ("st_mode", "st_mtime_ns", "parrot"):
            with self.assertRaises(AttributeError): setattr(status, name, 1)

    def test_bad_identities(self):
        with self.assertRaisesRegex(TypeError, "uid should be integer"): os.chown("/nowhere", 1.5, 0)
        with self.assertRaises(OverflowError): os.chown("/nowhere", -2, 0)


class Programs(unittest.TestCase):
    def test_environment_that_changes_while_it_is_read(self):
        class Path:
            def __fspath__(self):
                names.clear()
                return b"x"
        names = [Path()]
        class Environment:
            def __getitem__(self, key): raise RuntimeError
            def __len__(self): return 1
            def keys(self): return names
            def values(self): return names
        with self.assertRaises(OSError):
            os.execve("/nonexistent/program", ["a"], Environment())

    def test_bad_arguments(self):
        for arguments, error in ((("/x", ()), ValueError), (("/x", ("",)), ValueError), (("/x", 1), TypeError)):
            with self.assertRaises(error): os.execv(*arguments)
        with self.assertRaisesRegex(ValueError, "illegal environment variable name"): os.execve("/x", ["a"], {"a=b": "c"})
        with self.assertRaisesRegex(TypeError, "environment must be a mapping"): os.execve("/x", ["a"], 1)


if __name__ == "__main__":
    unittest.main()
