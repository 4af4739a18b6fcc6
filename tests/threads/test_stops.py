"""How soon threads stop for others while they are in long native loops.

Race: one thread is in a call that takes ten milliseconds or more and runs no Python code; another one asks for the frames of all
threads, which stops the world, again and again.
Legal outcomes: on an interpreter without a GIL, that is answered many times during one call.
"""

import collections
import functools
import json
import operator
import pickle
import sys
import threading
import time
import unittest

from support import parallel

N = 1_000_000
NUMBERS = list(range(N))
TEXT = " ".join(map(str, NUMBERS))

CALLS = {
    "list": lambda: list(map(abs, NUMBERS)),
    "set": lambda: set(NUMBERS),
    "dict": lambda: dict(zip(NUMBERS, NUMBERS)),
    "deque": lambda: collections.deque(map(abs, NUMBERS), 1),
    "reduce": lambda: functools.reduce(operator.add, NUMBERS),
    "sum": lambda: sum(map(abs, NUMBERS)),
    "max": lambda: max(map(abs, NUMBERS)),
    "sort": lambda: sorted(NUMBERS, key=str),
    "json.dumps": lambda: json.dumps(NUMBERS),
    "json.loads": lambda: json.loads(f"[{TEXT.replace(' ', ',')}]"),
    "pickle.dumps": lambda: pickle.dumps(NUMBERS),
    "repr": lambda: repr(NUMBERS),
    "split": lambda: TEXT.split(),
}


class Stops(unittest.TestCase):
    @unittest.skipUnless(parallel(), "with a GIL nobody else runs during such a call")
    def test_during_native_loops(self):
        for name, call in CALLS.items():
            with self.subTest(name):
                self.assertGreater(self.most_answers(call), 5)

    def most_answers(self, call):
        """How often the question was answered during one call: the most of ten, for the machine may be busy."""
        most = 0
        for _ in range(10):
            begun, over = threading.Event(), False

            def work():
                nonlocal over
                begun.set()
                call()
                over = True

            thread = threading.Thread(target=work)
            thread.start()
            begun.wait()
            answers = 0
            while not over:
                sys._current_frames()
                answers += 1
                time.sleep(0)
            thread.join()
            most = max(most, answers)
            if most > 5:
                break
        return most


if __name__ == "__main__":
    unittest.main()
