"""__del__, promptness of finalisation, the collector."""

import pathlib
import subprocess
import sys
import tempfile
import unittest


class Loud:
    log = []

    def __init__(self, name):
        self.name = name

    def __del__(self):
        self.log.append(self.name)


class Base(unittest.TestCase):
    def setUp(self):
        Loud.log.clear()


class Prompt(Base):
    def test_del_statement(self):
        a = Loud("a")
        del a
        self.assertEqual(Loud.log, ["a"])

    def test_rebinding(self):
        a = Loud("a")
        a = None
        self.assertEqual(Loud.log, ["a"])

    def test_end_of_function(self):
        def f():
            a = Loud("a")
            Loud.log.append("body")
        f()
        self.assertEqual(Loud.log, ["body", "a"])

    def test_temporary(self):
        Loud("t").name
        self.assertEqual(Loud.log, ["t"])

    def test_second_reference_keeps_alive(self):
        a = b = Loud("a")
        del a
        self.assertEqual(Loud.log, [])
        del b
        self.assertEqual(Loud.log, ["a"])

    def test_container_items(self):
        items = [Loud("l"), Loud("m")]
        del items[0]
        self.assertEqual(Loud.log, ["l"])
        items.clear()
        self.assertEqual(Loud.log, ["l", "m"])

    def test_dict_values_and_overwrites(self):
        d = {"k": Loud(1)}
        d["k"] = Loud(2)
        self.assertEqual(Loud.log, [1])
        d.pop("k")
        self.assertEqual(Loud.log, [1, 2])

    def test_attribute_overwrite(self):
        a = Loud("a")
        a.child = Loud("c1")
        a.child = Loud("c2")
        self.assertEqual(Loud.log, ["c1"])
        del a
        self.assertEqual(Loud.log, ["c1", "a", "c2"])

    def test_parameter_deleted_inside(self):
        def f(x):
            del x
            Loud.log.append("after")
        f(Loud("p"))
        self.assertEqual(Loud.log, ["p", "after"])

    def test_closure_dropped(self):
        def make():
            x = Loud("x")
            return lambda: x
        f = make()
        self.assertEqual(Loud.log, [])
        del f
        self.assertEqual(Loud.log, ["x"])

    def test_generator_dropped(self):
        def g():
            x = Loud("x")
            yield
        it = g()
        next(it)
        del it
        self.assertEqual(Loud.log, ["x"])

    def test_generator_finished(self):
        def g():
            x = Loud("x")
            yield
        it = g()
        list(it)
        self.assertEqual(Loud.log, ["x"])

    def test_exception_handled(self):
        try:
            raise ValueError(Loud("e"))
        except ValueError:
            self.assertEqual(Loud.log, [])
        self.assertEqual(Loud.log, ["e"])

    def test_traceback_keeps_frame_locals(self):
        def f():
            x = Loud("x")
            raise KeyError
        try:
            f()
        except KeyError as e:
            self.assertEqual(Loud.log, [])
        self.assertEqual(Loud.log, ["x"])

    def test_loop_variable(self):
        for x in [Loud(1), Loud(2)]:
            pass
        self.assertEqual(Loud.log, [1])
        del x
        self.assertEqual(Loud.log, [1, 2])

    def test_swap_and_unpack(self):
        a, b = Loud("a"), Loud("b")
        a, b = b, a
        self.assertEqual(Loud.log, [])
        a = b = None
        self.assertEqual(sorted(Loud.log), ["a", "b"])

    def test_with_statement_target(self):
        class CM:
            def __enter__(self): return Loud("t")
            def __exit__(self, *a): Loud.log.append("exit")
        with CM():
            self.assertEqual(Loud.log, ["t"])
        self.assertEqual(Loud.log, ["t", "exit"])

    def test_comprehension_items(self):
        [Loud(i).name for i in range(3)]
        self.assertEqual(Loud.log, [0, 1, 2])

    def test_argument_of_expression(self):
        len([Loud("in list")])
        self.assertEqual(Loud.log, ["in list"])

    def test_bound_method_keeps_self(self):
        class K(Loud):
            def m(self): pass
        m = K("k").m
        self.assertEqual(Loud.log, [])
        del m
        self.assertEqual(Loud.log, ["k"])

    def test_slots_released(self):
        class S:
            __slots__ = ("x",)
        s = S()
        s.x = Loud("x")
        del s.x
        self.assertEqual(Loud.log, ["x"])

    def test_order_of_nested_containers(self):
        a = [Loud(1), [Loud(2), {"k": Loud(3)}]]
        del a
        self.assertEqual(sorted(Loud.log), [1, 2, 3])

    def test_deep_chain_does_not_overflow(self):
        head = None
        for _ in range(100000):
            head = [head]
        del head
        node = Loud("end")
        for _ in range(20000):
            holder = Loud.__new__(Loud)
            holder.name = None
            holder.next = node
            node = holder
        del node, holder
        self.assertEqual(Loud.log.count(None), 20000)
        self.assertEqual(Loud.log[-1], "end")


class Resurrection(unittest.TestCase):
    def test_object_survives(self):
        kept = []
        class R:
            def __del__(self): kept.append(self)
        r = R()
        r.x = 5
        del r
        self.assertEqual(kept[0].x, 5)

    def test_del_runs_once(self):
        kept, runs = [], []
        class R:
            def __del__(self):
                runs.append(1)
                kept.append(self)
        R()
        kept.clear()
        self.assertEqual(runs, [1])

    def test_error_in_del_is_unraisable(self):
        got = []
        class B:
            def __del__(self): raise ValueError("x")
        old, sys.unraisablehook = sys.unraisablehook, lambda a: got.append((a.exc_type, str(a.exc_value)))
        try:
            B()
        finally:
            sys.unraisablehook = old
        self.assertEqual(got, [(ValueError, "x")])

    def test_del_set_on_instance_is_ignored(self):
        log = []
        class K: pass
        k = K()
        k.__del__ = lambda: log.append(1)
        del k
        self.assertEqual(log, [])


class EndOfProgram(unittest.TestCase):
    MODULE = '''
import json
class C:
    def __init__(self, name): self.name = name
    def __del__(self): print(self.name, json.dumps(suffix))
suffix = ["x"]
plain = C("plain")
cycle = [C("cycle")]
cycle.append(cycle)
def keep(): return suffix
'''

    def output(self, program):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "its_module.py").write_text(self.MODULE)
            done = subprocess.run([sys.executable, "-c", f"import sys; sys.path.insert(0, {folder!r})\n{program}"], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return sorted(done.stdout.splitlines())

    def test_what_an_imported_module_holds(self):
        self.assertEqual(self.output("import its_module"), ['cycle ["x"]', 'plain ["x"]'])

    def test_with_threads(self):
        program = "import threading, its_module\nthread = threading.Thread(target=its_module.keep)\nthread.start()\nthread.join()"
        self.assertEqual(self.output(program), ['cycle ["x"]', 'plain ["x"]'])


if __name__ == "__main__":
    unittest.main()
