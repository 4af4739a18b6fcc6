"""What gc shows of the program's objects can be looked at, whatever the VM keeps in tuples of its own."""

import gc
import sys
import unittest


class Visibility(unittest.TestCase):
    def test_variables_of_a_finished_frame(self):
        class Thing:
            pass

        def run(thing):
            frame = sys._getframe()
            if thing is None:
                never = thing  # noqa: F841 - a variable without a value
            return frame

        thing = Thing()
        frame = run(thing)
        self.assertIs(frame.f_locals["thing"], thing)
        for found in (gc.get_referrers(thing), gc.get_referents(frame), gc.get_objects()):
            for item in found:
                if type(item) is tuple and any(part is thing for part in item):
                    self.assertIn("Thing", repr(item))


if __name__ == "__main__":
    unittest.main()
