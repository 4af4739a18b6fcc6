"""The compiled code of importlib itself is kept on disk: start-up must not compile it again."""

import importlib
import os
import subprocess
import sys
import unittest

FOLDER = os.path.join(os.path.dirname(importlib.__file__), "__pycache__")


@unittest.skipUnless(sys.implementation.name == "typhon", "CPython freezes importlib instead")
class BootCache(unittest.TestCase):
    def test_it_is_written(self):
        if os.path.isdir(FOLDER) and not os.access(FOLDER, os.W_OK):
            self.skipTest("the library cannot be written to")
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        subprocess.run([sys.executable, "-c", "pass"], env=environment, check=True)
        for name in "_bootstrap", "_bootstrap_external":
            path = os.path.join(FOLDER, f"{name}.{sys.implementation.cache_tag}.boot")
            self.assertTrue(os.path.exists(path), path)


if __name__ == "__main__":
    unittest.main()
