"""The import statement and module objects."""

import importlib
import os
import shutil
import sys
import tempfile
import types
import unittest


class Folder(unittest.TestCase):
    """Gives each test a folder on sys.path."""

    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.before = set(sys.modules)
        sys.path.insert(0, self.folder)
        importlib.invalidate_caches()

    def tearDown(self):
        sys.path.remove(self.folder)
        shutil.rmtree(self.folder)
        for name in set(sys.modules) - self.before:
            del sys.modules[name]

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def test_plain(self):
        self.write("tm_a.py", "x = 1\n")
        import tm_a
        self.assertEqual((tm_a.x, tm_a.__name__), (1, "tm_a"))
        self.assertTrue(tm_a.__file__.endswith("tm_a.py"))
        self.assertIs(sys.modules["tm_a"], tm_a)

    def test_runs_once(self):
        self.write("tm_b.py", "import builtins\nbuiltins.tm_count = getattr(builtins, 'tm_count', 0) + 1\n")
        import builtins
        import tm_b
        import tm_b
        self.assertEqual(builtins.__dict__.pop("tm_count"), 1)

    def test_as_and_from(self):
        self.write("tm_c.py", "x = 1\ny = 2\n")
        import tm_c as other
        from tm_c import x as z, y
        self.assertEqual((other.x, z, y), (1, 1, 2))

    def test_from_missing(self):
        self.write("tm_d.py", "value = 1\n")
        with self.assertRaisesRegex(ImportError, r"cannot import name 'valeu' from 'tm_d' \(.*tm_d.py\)"):
            from tm_d import valeu

    def test_package_and_submodule(self):
        self.write("tp_a/__init__.py", "name = 'package'\n")
        self.write("tp_a/sub/__init__.py", "")
        self.write("tp_a/sub/leaf.py", "leaf = __name__, __package__\n")
        import tp_a.sub.leaf
        self.assertEqual(tp_a.sub.leaf.leaf, ("tp_a.sub.leaf", "tp_a.sub"))
        import tp_a.sub.leaf as leaf
        self.assertIs(leaf, tp_a.sub.leaf)
        self.assertTrue(hasattr(tp_a, "__path__"))

    def test_relative(self):
        self.write("tp_b/__init__.py", "")
        self.write("tp_b/one.py", "from . import two\nfrom .two import value as v\nfrom .sub.three import up\n")
        self.write("tp_b/two.py", "value = 2\n")
        self.write("tp_b/sub/__init__.py", "")
        self.write("tp_b/sub/three.py", "from ..two import value as up\n")
        import tp_b.one
        self.assertEqual((tp_b.one.v, tp_b.one.two.value, tp_b.one.up), (2, 2, 2))

    def test_star(self):
        self.write("tm_e.py", "a = 1\n_b = 2\nc = 3\n")
        self.write("tm_f.py", "__all__ = ['_b']\na = 1\n_b = 2\n")
        space = {}
        exec("from tm_e import *", space)
        self.assertEqual((space["a"], space["c"], "_b" in space), (1, 3, False))
        space = {}
        exec("from tm_f import *", space)
        self.assertEqual((space["_b"], "a" in space), (2, False))

    def test_failing_module_is_not_kept(self):
        self.write("tm_g.py", "1 / 0\n")
        for _ in range(2):
            with self.assertRaises(ZeroDivisionError):
                import tm_g
            self.assertNotIn("tm_g", sys.modules)

    def test_circular(self):
        self.write("tm_h.py", "import tm_i\nx = 1\ny = tm_i.get()\n")
        self.write("tm_i.py", "import tm_h\ndef get(): return tm_h.x\n")
        import tm_h
        self.assertEqual(tm_h.y, 1)

    def test_circular_from_fails(self):
        self.write("tm_j.py", "from tm_k import y\nx = 1\n")
        self.write("tm_k.py", "from tm_j import x\ny = 1\n")
        with self.assertRaisesRegex(ImportError, "partially initialized module 'tm_j'.*circular import"):
            import tm_j

    def test_module_getattr(self):
        self.write("tm_l.py", "def __getattr__(n):\n    if n == 'z': raise AttributeError(n)\n    return n * 2\n")
        import tm_l
        self.assertEqual(tm_l.abc, "abcabc")
        self.assertFalse(hasattr(tm_l, "z"))

    def test_module_replaces_itself(self):
        self.write("tm_m.py", "import sys\nsys.modules[__name__] = 5\n")
        import tm_m
        self.assertEqual(tm_m, 5)

    def test_none_in_sys_modules_blocks(self):
        sys.modules["tm_blocked"] = None
        with self.assertRaises(ModuleNotFoundError):
            import tm_blocked

    def test_reload(self):
        self.write("tm_n.py", "x = 1\n")
        import tm_n
        tm_n.extra = "kept"
        self.write("tm_n.py", "x = 'changed'\n")
        importlib.reload(tm_n)
        self.assertEqual((tm_n.x, tm_n.extra), ("changed", "kept"))

    def test_namespace_package(self):
        self.write("tn_a/leaf.py", "x = 1\n")
        import tn_a.leaf
        self.assertEqual(tn_a.leaf.x, 1)
        self.assertIsNone(getattr(tn_a, "__file__", None))

    def test_meta_path_finder(self):
        import importlib.abc
        import importlib.machinery

        class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
            def find_spec(self, name, path, target=None):
                return importlib.machinery.ModuleSpec(name, self) if name == "tm_virtual" else None

            def exec_module(self, module):
                module.x = "virtual"
        finder = Finder()
        sys.meta_path.insert(0, finder)
        try:
            import tm_virtual
            self.assertEqual(tm_virtual.x, "virtual")
        finally:
            sys.meta_path.remove(finder)

    def test_bytecode_cache_is_written_and_used(self):
        self.write("tm_o.py", "x = 1\n")
        import tm_o
        self.assertEqual(tm_o.x, 1)
        self.assertTrue(tm_o.__spec__.cached is None or tm_o.__spec__.cached.endswith(".pyc"))


class Modules(unittest.TestCase):
    def test_missing(self):
        with self.assertRaises(ModuleNotFoundError) as caught:
            import no_such_module_x
        self.assertEqual(str(caught.exception), "No module named 'no_such_module_x'")
        with self.assertRaises(ModuleNotFoundError) as caught:
            import os.nothing
        self.assertEqual(str(caught.exception), "No module named 'os.nothing'; 'os' is not a package")

    def test_relative_without_package(self):
        with self.assertRaisesRegex(ImportError, "attempted relative import"):
            exec("from . import x", {"__name__": "__main__", "__package__": None})

    def test_dunder_import(self):
        self.assertIs(__import__("os.path"), os)
        self.assertEqual(__import__("os.path", fromlist=["join"]).__name__, os.path.__name__)

    def test_import_module(self):
        self.assertIs(importlib.import_module("os.path"), os.path)

    def test_module_type(self):
        m = types.ModuleType("name", "doc")
        m.x = 1
        self.assertEqual((m.__name__, m.__doc__, vars(m)["x"]), ("name", "doc", 1))
        self.assertEqual(repr(m), "<module 'name'>")
        with self.assertRaises(AttributeError) as caught:
            m.zz
        self.assertEqual(str(caught.exception), "module 'name' has no attribute 'zz'")

    def test_import_in_function_is_local(self):
        def f():
            import json
            return json.dumps([1])
        self.assertEqual(f(), "[1]")
        self.assertNotIn("json", globals())

    def test_spec(self):
        self.assertEqual((os.__spec__.name, os.__name__), ("os", "os"))


if __name__ == "__main__":
    unittest.main()
