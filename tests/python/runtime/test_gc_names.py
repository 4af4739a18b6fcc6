"""Finalisers that make new garbage out of names that are dying themselves."""
import gc
import types
import unittest

ROUND = """
import types
def _a_name_of_its_own_{n}(): pass
del _a_name_of_its_own_{n}
class A:
    def __del__(self):
        m = types.ModuleType("new")
        exec(CODE, m.__dict__)
a = A()
"""


class DyingNames(unittest.TestCase):
    def test_function_made_by_a_finaliser(self):
        # The function that the finaliser makes is garbage at once and has the name of one that dies in this very collection.
        for n in range(20):
            code = "def _a_name_of_its_own_%d(): pass\n_a_name_of_its_own_%d.me = _a_name_of_its_own_%d\n" % (n, n, n)
            m = types.ModuleType("old")
            m.CODE = code
            exec(ROUND.format(n=n), m.__dict__)
            del m, code
            gc.collect()
            gc.collect()
        # A stale word on the native stack may keep some of it over one more collection, in builds with large frames.
        self.assertIn(0, (gc.collect() for _ in range(5)))


if __name__ == "__main__":
    unittest.main()
