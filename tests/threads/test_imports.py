"""Imports from several threads.

Race: one module imported by all threads at once, rings of modules, modules that fail, attribute access while importing.
Legal outcomes: a module's body runs once; every thread gets the same, fully initialised module; a failed import
fails in every thread that waited or is tried again; rings neither hang nor show missing names after the import.
"""

import importlib
import os
import sys
import tempfile
import threading
import unittest

from support import THREADS, numbered, race, repeat, scaled


def forget(*names):
    for name in names:
        sys.modules.pop(name, None)
        parent, _, child = name.rpartition(".")
        if parent in sys.modules and hasattr(sys.modules[parent], child):
            delattr(sys.modules[parent], child)


class Imports(unittest.TestCase):
    def test_body_runs_once(self):
        for _ in range(3):
            forget("imported.slow")

            def work():
                import imported.slow
                assert imported.slow.function() == ("first", "second")
                assert imported.slow.runs == 1
                return imported.slow
            modules = race(*repeat(work))
            self.assertEqual(len(set(map(id, modules))), 1)

    def test_from_import_sees_whole_module(self):
        for _ in range(3):
            forget("imported.slow")

            def work():
                from imported.slow import function, other
                assert other == "second"
                return function
            self.assertEqual(len(set(race(*repeat(work)))), 1)

    def test_ring(self):
        for _ in range(5):
            forget("imported.ring_a", "imported.ring_b")

            def first():
                import imported.ring_a
                return imported.ring_a.last

            def second():
                import imported.ring_b
                return imported.ring_b.last
            race(first, second)
            self.assertEqual(sys.modules["imported.ring_a"].last, 11)
            self.assertEqual(sys.modules["imported.ring_b"].last, 2)

    def test_failing_module_fails_everywhere(self):
        def work():
            try:
                import imported.broken
            except ValueError as error:
                return str(error)
        self.assertEqual(race(*repeat(work)), ["broken on purpose"] * THREADS)
        self.assertNotIn("imported.broken", sys.modules)

    def test_missing_module(self):
        def work():
            for _ in range(scaled(20)):
                try:
                    import imported.does_not_exist
                except ModuleNotFoundError as error:
                    assert error.name == "imported.does_not_exist"
                else:
                    raise AssertionError("imported what is not there")
        race(*repeat(work))

    def test_import_from_thread_started_by_an_import(self):
        forget("imported.starts_thread", "imported.leaf")
        import imported.starts_thread
        self.assertEqual(imported.starts_thread.found, ["leaf"])

    def test_standard_modules(self):
        names = ["colorsys", "calendar", "quopri", "fnmatch", "netrc", "sched", "stringprep", "filecmp", "statistics",
                 "graphlib", "shelve", "cmd"]
        for name in names:
            sys.modules.pop(name, None)

        def work(k):
            order = names[k:] + names[:k]
            return {name: importlib.import_module(name) for name in order}
        first, *others = race(*numbered(work))
        for other in others:
            for name in names:
                self.assertIs(first[name], other[name])

    def test_distinct_modules_in_parallel(self):
        with tempfile.TemporaryDirectory() as folder:
            count = scaled(20)
            for k in range(THREADS):
                for i in range(count):
                    with open(os.path.join(folder, f"generated_{k}_{i}.py"), "w") as file:
                        file.write(f"value = {k} * 1000 + {i}\ndef get():\n    return value\n")
            sys.path.insert(0, folder)
            importlib.invalidate_caches()
            try:
                def work(k):
                    for i in range(count):
                        module = importlib.import_module(f"generated_{k}_{i}")
                        assert module.get() == k * 1000 + i
                        other = importlib.import_module(f"generated_{(k + 1) % THREADS}_{i}")
                        assert other.get() == (k + 1) % THREADS * 1000 + i
                race(*numbered(work))
            finally:
                sys.path.remove(folder)
                forget(*[name for name in sys.modules if name.startswith("generated_")])

    def test_import_statement_in_a_hot_function(self):
        def work():
            for _ in range(scaled(2000)):
                import os.path
                from collections import deque
                assert os.path.sep == "/" or os.name == "nt"
                assert deque((1,))[0] == 1
        race(*repeat(work))

    def test_module_attributes_while_reading(self):
        import imported.leaf
        leaf = imported.leaf

        def write(k):
            for i in range(scaled(2000)):
                setattr(leaf, f"own{k}", i)
                delattr(leaf, f"own{k}")
        def read():
            assert leaf.name == "leaf"
            assert sys.modules["imported.leaf"] is leaf
        race(*numbered(write, 2), meanwhile=[read, read])

    def test_reload(self):
        import imported.leaf

        def work():
            for _ in range(5):
                importlib.reload(imported.leaf)
        def read():
            assert imported.leaf.name == "leaf"
        race(work, meanwhile=[read])

    def test_import_lock_is_free_afterwards(self):
        lock_held = []

        def work():
            import imported.slow
            lock_held.append(threading.current_thread().name)
        race(*repeat(work, 2))
        self.assertEqual(len(lock_held), 2)


if __name__ == "__main__":
    unittest.main()
