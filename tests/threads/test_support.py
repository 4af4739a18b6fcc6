"""The thread tests' own helper: a failure inside a thread must not go unseen.

Race: none. Legal outcome: every error raised in a thread reaches the caller of race().
"""

import time
import unittest

from support import numbered, race, repeat


class RaceHelper(unittest.TestCase):
    def test_results_in_order(self):
        self.assertEqual(race(*numbered(lambda n: n * n, 5)), [0, 1, 4, 9, 16])

    def test_failed_assertion_in_a_thread_is_raised(self):
        def fails():
            assert 1 == 2, "broken"
        with self.assertRaisesRegex(AssertionError, "broken"):
            race(lambda: None, fails)

    def test_unittest_assertion_in_a_thread_is_raised(self):
        with self.assertRaises(AssertionError):
            race(lambda: self.assertEqual(1, 2))

    def test_failure_in_meanwhile_is_raised(self):
        def fails():
            raise KeyError("meanwhile")
        with self.assertRaises(KeyError):
            race(lambda: time.sleep(0.05), meanwhile=[fails])

    def test_several_failures_make_a_group(self):
        def fails():
            raise ValueError("each")
        with self.assertRaises(ExceptionGroup) as caught:
            race(*repeat(fails, 3))
        self.assertEqual(len(caught.exception.exceptions), 3)

    def test_system_exit_is_seen(self):
        def leaves():
            raise SystemExit(3)
        with self.assertRaises(SystemExit):
            race(leaves)

    def test_stuck_thread_is_reported(self):
        with self.assertRaisesRegex(AssertionError, "does not end"):
            race(lambda: time.sleep(1.0), timeout=0.2)


if __name__ == "__main__":
    unittest.main()
